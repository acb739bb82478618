//! An account's services: call recording with its inheritance, and the codes that its phones dial.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use tandem_domain::{
    dialing::EffectiveRule,
    ids::AccountId,
    settings::{Effective, Setting},
};

use super::tabs::{AccountHead, WHAT, account_frame};
use crate::{
    context::{load, loaded},
    error::AppError,
    listing::Tone,
    parts::{
        address::{address_id, parse_id},
        codes_card::codes_card,
        settings_panel::settings_panel,
    },
    ui::{Card, Notice},
};

/// An account's services.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountServices {
    /// What is around it.
    pub head: AccountHead,
    /// The settings that the reader may see.
    pub settings: Vec<Effective>,
    /// What keeps recordings from being e-mailed although the account wants it: a sentence each.
    pub email_needs: Vec<String>,
    /// The codes in effect, if the reader may see them.
    pub codes: Option<EffectiveRule>,
}

/// An account's services.
///
/// # Errors
/// No such account.
#[server(endpoint = "account_services")]
pub async fn read_account_services(id: AccountId) -> Result<AccountServices, AppError> {
    todo!()
}

/// The page of the services.
pub fn services_page() -> AnyView {
    let data = load(address_id(), |id| async move { read_account_services(parse_id(WHAT, &id)?).await });
    loaded(data, |services| {
        let AccountServices { head, settings, email_needs, codes } = services;
        let recording = (!settings.is_empty()).then(|| {
            let needs = (!email_needs.is_empty()).then(|| email_needs.join(" "));
            view! {
                <Card title="Call recording" description="What is not set here is as the customer has it.">
                    {settings_panel(head.owner, &settings, &Setting::RECORDING)}
                    {needs.map(|text| view! { <Notice tone=Tone::Warning text=text /> })}
                </Card>
            }
        });
        let codes = codes.map(|rule| codes_card(&rule));
        account_frame(&head, view! { {recording} {codes} }.into_any())
    })
}
