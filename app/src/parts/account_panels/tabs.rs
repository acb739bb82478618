//! What is around an account's pages: its name, its tabs; and the pages that are one shared panel each.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use tandem_domain::{
    access::{Audience, Field},
    ids::AccountId,
    settings::Setting,
};

use crate::{
    context::{load, loaded, me},
    error::AppError,
    listing::Tone,
    parts::{
        address::{address_id, parse_id},
        owner::Owner,
        sign_in_panel::{SignInView, SipView, sign_in_panel, sip_panel},
        status_panel::{StatusView, status_panel},
    },
    ui::{Badge, PageHeader, Tabs},
};

/// What an account is called in an answer.
pub(super) const WHAT: &str = "account";

/// The head of an account's pages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountHead {
    /// Which account.
    pub owner: Owner,
    /// The person's or the device's name.
    pub name: String,
    /// What it is: "Extension 744 of ABC".
    pub subtitle: String,
    /// Whether there is service, in a word with its colour.
    pub badge: (Tone, String),
}

/// Where this person's pages of accounts are: the list, and what it is called.
pub(super) fn list_of(owner: Owner) -> (String, String) {
    match me().audience() {
        Audience::Administrator => (format!("/admin/customers/{}/accounts", owner.customer), "Accounts".into()),
        Audience::Customer | Audience::Account => ("/self-care/extensions".into(), "Extensions".into()),
    }
}

/// Where the pages of one account are for a person of this kind.
#[must_use]
pub fn account_path(audience: Audience, id: AccountId) -> String {
    match audience {
        Audience::Administrator => format!("/admin/accounts/{id}"),
        Audience::Customer | Audience::Account => format!("/self-care/extensions/{id}"),
    }
}

/// An account's page: name, tabs, and the content of one of them.
pub fn account_frame(head: &AccountHead, content: AnyView) -> AnyView {
    let me = me();
    let base = head.owner.account.map(|id| account_path(me.audience(), id)).unwrap_or_default();
    let services = Setting::RECORDING.iter().any(|setting| me.sees(setting.permission())) || me.sees(Field::ServiceCodes);
    let history = me.audience() == Audience::Administrator && me.sees(Field::AuditLog);
    let tabs = [
        ("", "General", true),
        ("/services", "Services", services),
        ("/status", "Status", me.sees(Field::AccountStatus)),
        ("/sign-in", "Sign-in", me.sees(Field::AccountSignIn) || me.sees(Field::SipPassword)),
        ("/history", "History", history),
    ];
    let tabs = tabs.into_iter().filter(|(_, _, seen)| *seen).map(|(path, label, _)| (format!("{base}{path}"), label.to_owned()));
    let (tone, word) = head.badge.clone();
    view! {
        <PageHeader
            title=head.name.clone()
            subtitle=head.subtitle.clone()
            back_to=list_of(head.owner)
            badge=move || view! { <Badge tone=tone text=word.clone() /> }
        />
        <Tabs items=tabs.collect() label="Account" />
        {content}
    }
    .into_any()
}

/// The status of an account.
///
/// # Errors
/// No such account; no permission.
#[server(endpoint = "account_status")]
pub async fn read_account_status(id: AccountId) -> Result<(AccountHead, StatusView), AppError> {
    todo!()
}

/// How an account gets in.
///
/// # Errors
/// No such account; no permission for either kind.
#[server(endpoint = "account_sign_in")]
pub async fn read_account_sign_in(id: AccountId) -> Result<(AccountHead, Option<SignInView>, Option<SipView>), AppError> {
    todo!()
}

/// The page of the status.
pub fn status_page() -> AnyView {
    let data = load(address_id(), |id| async move { read_account_status(parse_id(WHAT, &id)?).await });
    loaded(data, |(head, status)| account_frame(&head, status_panel(status)))
}

/// The page of the sign-ins.
pub fn sign_in_page() -> AnyView {
    let data = load(address_id(), |id| async move { read_account_sign_in(parse_id(WHAT, &id)?).await });
    loaded(data, |(head, sign_in, sip)| {
        let content = view! { {sign_in.map(sign_in_panel)} {sip.map(sip_panel)} };
        account_frame(&head, content.into_any())
    })
}
