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
    data::{load, loaded},
    error::AppError,
    listing::Tone,
    parts::{address::of_address, codes_card::codes_card, settings_panel::settings_panel},
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
#[server(endpoint = "account_services_read")]
pub async fn account_services_read(
    /// Which.
    id: AccountId,
) -> Result<AccountServices, AppError> {
    use tandem_domain::{access::Field, class::Notification};

    use super::FoundAccount;
    use crate::{parts::settings_panel::effective, server::ask::Ask};

    let ask = Ask::now()?;
    let found = FoundAccount::load(&ask, id).await?;
    let settings = effective(&ask, found.owner()).await?;
    let by_email =
        settings.iter().any(|effective| effective.setting == Setting::RecordByEmail && effective.value.is_on());
    let mut email_needs = Vec::new();
    if by_email {
        let class =
            ask.store().classes().get(found.customer.class).await.map_err(|error| ask.tell("customer class", error))?;
        if found.stored.value.email.is_empty() {
            email_needs.push("Recordings are not e-mailed yet: the account has no e-mail address.".to_owned());
        }
        if !class.value.notifications.contains(&Notification::NewCallRecording) {
            let notification = Notification::NewCallRecording.label();
            email_needs.push(format!("Recordings are not e-mailed: the customer class has “{notification}” off."));
        }
    }
    let codes = if ask.me.sees(Field::ServiceCodes) {
        Some(ask.store().dialing(found.tenant).effective_for(id).await.map_err(|error| ask.tell(WHAT, error))?)
    } else {
        None
    };
    Ok(AccountServices { head: found.head(&ask), settings, email_needs, codes })
}

/// The page of the services.
pub fn services_page() -> AnyView {
    let data = load(of_address(WHAT, |id| AccountServicesRead { id }));
    loaded(data, |services| {
        let AccountServices { head, settings, email_needs, codes } = services;
        let recording = settings_panel(head.owner, &settings, &Setting::RECORDING).map(|rows| {
            let needs = (!email_needs.is_empty()).then(|| email_needs.join(" "));
            view! {
                <Card title="Call recording" description="What is not set here is as the customer has it.">
                    {rows}
                    {needs.map(|text| view! { <Notice tone=Tone::Warning text=text /> }.into_any())}
                </Card>
            }
        });
        let codes = codes.map(|rule| codes_card(&rule));
        account_frame(&head, view! { <div class="stack">{recording} {codes}</div> }.into_any())
    })
}
