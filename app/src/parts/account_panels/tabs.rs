//! What is around an account's pages: its name, its tabs; and the pages that are one shared panel each.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use tandem_domain::{
    access::{Audience, Field},
    ids::AccountId,
    settings::Setting,
};

use crate::{
    context::me,
    data::{load, loaded},
    error::AppError,
    listing::{Listing, Tone},
    parts::{
        address::of_address,
        owner::Owner,
        sign_in_panel::{SignInView, sign_in_panel},
        sip_panel::{SipView, sip_panel},
        status_panel::{StatusView, status_panel},
    },
    ui::{Badge, Card, DataTable, Notice, PageHeader, Tabs},
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
    /// Whether there is service, in a word with its colour; `None` when the reader may not see it.
    pub badge: Option<(Tone, String)>,
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
    let services =
        Setting::RECORDING.iter().any(|setting| me.sees(setting.permission())) || me.sees(Field::ServiceCodes);
    let sign_in =
        [Field::AccountSignIn, Field::SipPassword, Field::Registrations].into_iter().any(|field| me.sees(field));
    let history = me.audience() == Audience::Administrator && me.sees(Field::AuditLog);
    let tabs = [
        ("", "General", true),
        ("/services", "Services", services),
        ("/status", "Status", me.sees(Field::AccountStatus)),
        ("/sign-in", "Sign-in", sign_in),
        ("/history", "History", history),
    ];
    let tabs = tabs
        .into_iter()
        .filter(|(_, _, seen)| *seen)
        .map(|(path, label, _)| (format!("{base}{path}"), label.to_owned()));
    let badge = head.badge.clone();
    view! {
        <PageHeader
            title=head.name.clone()
            subtitle=head.subtitle.clone()
            back_to=list_of(head.owner)
            badge=move || badge.clone().map(|(tone, word)| view! { <Badge tone=tone text=word /> }.into_any())
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
#[server(endpoint = "account_status_read")]
pub async fn account_status_read(
    /// Which.
    id: AccountId,
) -> Result<(AccountHead, StatusView), AppError> {
    use super::FoundAccount;
    use crate::{parts::status_panel::status_view, server::ask::Ask};

    let ask = Ask::now()?;
    let found = FoundAccount::load(&ask, id).await?;
    let status = status_view(&ask, found.owner(), &found.name(&ask), found.service).await?;
    Ok((found.head(&ask), status))
}

/// How an account gets in.
///
/// # Errors
/// No such account; no permission for either kind.
#[server(endpoint = "account_sign_in_read")]
pub async fn account_sign_in_read(
    /// Which.
    id: AccountId,
) -> Result<(AccountHead, Option<SignInView>, Option<SipView>, Option<Listing>), AppError> {
    use super::FoundAccount;
    use crate::{
        parts::{registrations::phones_of, sign_in_panel::private_words, sip_panel::suggested_password},
        server::ask::Ask,
    };

    let ask = Ask::now()?;
    let found = FoundAccount::load(&ask, id).await?;
    let owner = found.owner();
    let above = ask.me.sees(Field::AccountSignIn) && ask.is_above(found.stored.value.role).await?;
    let who = owner.who();
    let version = ask.store().sign_ins().version(who).await.map_err(|error| ask.tell(WHAT, error))?;
    let private = private_words(&ask, found.tenant, id).await?;
    let sign_in = ask.me.sees(Field::AccountSignIn).then(|| SignInView {
        owner,
        version,
        above,
        private,
        name: found.name(&ask),
        sign_in: found.overview.sign_in.as_ref().map(ToString::to_string).unwrap_or_default(),
        role: None,
    });
    let suggestion = if ask.me.modifies(Field::SipPassword) { suggested_password() } else { String::new() };
    let sip = ask.me.sees(Field::SipPassword).then(|| SipView {
        owner,
        user: found.overview.sip_user.clone(),
        has_password: found.overview.has_sip_password,
        version: found.overview.sip_version,
        suggestion,
    });
    let phones = phones_of(&ask, found.tenant, id).await?;
    if sign_in.is_none() && sip.is_none() && phones.is_none() {
        return Err(AppError::forbidden(Field::AccountSignIn));
    }
    Ok((found.head(&ask), sign_in, sip, phones))
}

/// The page of the status.
pub fn status_page() -> AnyView {
    let data = load(of_address(WHAT, |id| AccountStatusRead { id }));
    loaded(data, |(head, status)| {
        account_frame(&head, view! { <div class="stack">{status_panel(status)}</div> }.into_any())
    })
}

/// The phones that are registered for the account.
fn phones_card(phones: Listing) -> AnyView {
    let content = if phones.rows.is_empty() {
        let text = "No phone is registered: calls to this extension reach nobody.";
        view! { <Notice tone=Tone::Warning text=text /> }.into_any()
    } else {
        view! { <DataTable listing=phones label="Phones" /> }.into_any()
    };
    view! { <Card title="Phones">{content}</Card> }.into_any()
}

/// The page of the sign-ins.
pub fn sign_in_page() -> AnyView {
    let data = load(of_address(WHAT, |id| AccountSignInRead { id }));
    loaded(data, |(head, sign_in, sip, phones)| {
        let phones = phones.map(phones_card);
        let content = view! { <div class="form">{phones} {sign_in.map(sign_in_panel)} {sip.map(sip_panel)}</div> };
        account_frame(&head, content.into_any())
    })
}
