//! What an account's phones register with: the SIP user and its password.
//!
//! Passwords are never shown again. A SIP password is suggested by the server before it is set: that is the one time it is
//! seen, so that the provisioning of a phone needs no secret in a message or a session.

use leptos::{prelude::*, server_fn::ServerFn};
use serde::{Deserialize, Serialize};
use tandem_domain::{
    access::Field,
    field::Rule,
    ids::{AccountId, CustomerId, Version},
};

use crate::{
    context::me,
    error::AppError,
    listing::Tone,
    parts::owner::Owner,
    post::{Done, Typed},
    ui::{Button, Card, ConfirmButton, DescriptionList, Kind, Notice, PasswordField, PostForm},
};

/// What the panel of the SIP phone shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SipView {
    /// Whose phone.
    pub owner: Owner,
    /// The user that the phone registers as: the customer's prefix and the extension.
    pub user: String,
    /// Whether there is a password.
    pub has_password: bool,
    /// What it is saved over.
    pub version: Version,
    /// A password that could be set, made for this page; empty when the reader may not set one.
    pub suggestion: String,
}

/// Sets the password that an account's phones register with.
///
/// # Errors
/// The password is too short; somebody else set it or took it away meanwhile; no permission.
#[server(endpoint = "sip_password_set")]
pub async fn sip_password_set(
    /// Whose: the customer.
    customer: CustomerId,
    /// The account; none for the customer itself.
    account: AccountId,
    /// The version that the person saw; 0: it was never set.
    version: Version,
    /// The SIP password.
    #[server(default)]
    sip_password: Typed,
) -> Result<Done, AppError> {
    use tandem_domain::{error::FieldErrors, sign_in::check_password};

    use crate::server::ask::Ask;

    let ask = Ask::now()?;
    let owner = Owner::account(customer, account);
    let tenant = owner.tenant(&ask)?;
    ask.modify(Field::SipPassword)?;
    let password = sip_password.or("");
    let mut errors = FieldErrors::default();
    errors.take("sip_password", check_password(&password));
    errors.into_result()?;
    let accounts = ask.store().accounts();
    let version = sip_version(&ask, tenant, account, version).await?;
    accounts
        .set_sip_password(tenant, account, Some(version), &password, &ask.change())
        .await
        .map_err(|error| ask.tell(owner.noun(), error))?;
    ask.services().exchange.forget_phones(account);
    Ok(Done::say("SIP password set"))
}

/// Takes the SIP password of an account away: no phone can register as it.
///
/// # Errors
/// Somebody else set it or took it away meanwhile; no permission.
#[server(endpoint = "sip_password_remove")]
pub async fn sip_password_remove(
    /// Whose: the customer.
    customer: CustomerId,
    /// The account.
    account: AccountId,
    /// The version that the person saw.
    version: Version,
) -> Result<Done, AppError> {
    use crate::server::ask::Ask;

    let ask = Ask::now()?;
    let owner = Owner::account(customer, account);
    let tenant = owner.tenant(&ask)?;
    ask.modify(Field::SipPassword)?;
    let accounts = ask.store().accounts();
    let version = sip_version(&ask, tenant, account, version).await?;
    accounts
        .remove_sip_password(tenant, account, Some(version), &ask.change())
        .await
        .map_err(|error| ask.tell(owner.noun(), error))?;
    ask.services().exchange.forget_phones(account);
    Ok(Done::say("SIP password removed"))
}

/// The version to save a SIP password over, for somebody who says to have seen this one: none that is still to come.
#[cfg(feature = "ssr")]
async fn sip_version(
    ask: &crate::server::ask::Ask,
    tenant: tandem_domain::access::Tenant,
    account: AccountId,
    seen: Version,
) -> Result<Version, AppError> {
    let found = ask.store().accounts().overview(tenant, account).await.map_err(|error| ask.tell("account", error))?;
    Ok(seen.min(found.sip_version))
}

/// A SIP password of 16 characters that cannot be mistaken for each other: 80 bits of chance.
#[cfg(feature = "ssr")]
pub(crate) fn suggested_password() -> String {
    const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    rand::random::<[u8; 16]>().map(|byte| char::from(LETTERS[usize::from(byte % 32)])).into_iter().collect()
}

/// The SIP phone: what it registers as, and setting its password.
pub fn sip_panel(view: SipView) -> AnyView {
    let SipView { owner, user, has_password, version, suggestion } = view;
    let editable = me().modifies(Field::SipPassword);
    // Set while the page stays as it is, so that the password can still be read.
    let now_set = RwSignal::new(false);
    let shown = user.clone();
    let facts = move || {
        let password = if has_password || now_set.get() { "Set" } else { "Not set: no phone can register" };
        let items = [("SIP user", shown.as_str()), ("SIP password", password)];
        let items = items.map(|(what, how)| (what.to_owned(), how.to_owned())).into();
        view! { <DescriptionList items=items /> }
    };
    let removed = user.clone();
    let remove = move || {
        let version = if now_set.get() { version.next() } else { version };
        ((has_password || now_set.get()) && editable).then(|| sip_remove(owner, version, &removed))
    };
    let forms = (!suggestion.is_empty() && editable).then(|| sip_forms(owner, version, user, suggestion, now_set));
    view! {
        <Card title="SIP phone" description="What a desk phone or a softphone needs to register.">
            {facts}
            {forms}
            {remove}
        </Card>
    }
    .into_any()
}

/// The fields that name an account's SIP password and what is saved over.
fn sip_fields(owner: Owner, version: Version) -> Vec<(&'static str, String)> {
    let mut fields = owner.fields();
    fields.push(("version", version.0.to_string()));
    fields
}

fn sip_remove(owner: Owner, version: Version, user: &str) -> AnyView {
    let title = format!("Remove the SIP password of {user}?");
    view! {
        <PostForm to=SipPasswordRemove::PATH fields=sip_fields(owner, version)>
            <ConfirmButton
                label="Remove the SIP password"
                title=title
                text="No phone can register with it any more, until another password is set."
                confirm="Remove"
                danger=true
            />
        </PostForm>
    }
    .into_any()
}

fn sip_forms(owner: Owner, version: Version, user: String, suggestion: String, now_set: RwSignal<bool>) -> AnyView {
    let offered = StoredValue::new((user, suggestion));
    let offer = move || {
        let (user, suggestion) = offered.get_value();
        if now_set.get() {
            let text = format!(
                "The password of {user} is now {suggestion}. Copy it into the phone: when you leave this page nobody can see it again."
            );
            return view! { <Notice tone=Tone::Good text=text /> }.into_any();
        }
        let mut fields = sip_fields(owner, version);
        fields.push(("sip_password", suggestion.clone()));
        view! {
            <PostForm to=SipPasswordSet::PATH fields=fields class="form" quiet=true on_done=Callback::new(move |_| now_set.set(true))>
                <p>"A password made by chance: " <code>{suggestion}</code></p>
                <p>"Copy it into the phone first. Once it is set nobody can see it again, and a phone with another password is turned away."</p>
                <div class="actions"><Button label="Set this password" kind=Kind::Primary /></div>
            </PostForm>
        }
        .into_any()
    };
    let own = move || {
        let version = if now_set.get() { version.next() } else { version };
        view! {
            <PostForm to=SipPasswordSet::PATH fields=sip_fields(owner, version) class="form">
                <PasswordField name="sip_password" label="Or choose a SIP password" autocomplete="new-password" rule=Rule::Password
                    required=true width="medium" />
                <div class="actions"><Button label="Set my choice" /></div>
            </PostForm>
        }
        .into_any()
    };
    view! {
        {offer}
        {own}
    }
    .into_any()
}
