//! How a customer or an account gets in: the self-care sign-in with its password, and an account's SIP phone.
//!
//! Passwords are never shown again. A SIP password is suggested by the server before it is set: that is the one time it is
//! seen, so that the provisioning of a phone needs no secret in a message or a session.

use leptos::{prelude::*, server_fn::ServerFn};
use serde::{Deserialize, Serialize};
use tandem_domain::{
    access::Field,
    field::Rule,
    ids::{AccountId, CustomerId},
    sign_in::{PASSWORD_ADVICE, password_help},
};

use crate::{
    context::me,
    error::AppError,
    listing::Tone,
    parts::owner::Owner,
    post::{Done, Typed},
    ui::{
        Button, Card, ConfirmButton, DescriptionList, EditForm, InstantSelect, Kind, Notice, PasswordField, PostForm,
        TextField,
    },
};

/// What the panel of the self-care sign-in shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignInView {
    /// Whose sign-in.
    pub owner: Owner,
    /// What the customer or account is called.
    pub name: String,
    /// The sign-in name; empty: cannot sign in.
    pub sign_in: String,
    /// The owner's role permits more than that of the person who asks, who may therefore not change the sign-in.
    pub above: bool,
    /// The role of a customer's sign-in; an account's stands among its general data.
    pub role: Option<RoleChoice>,
}

/// A role, and those that could be chosen instead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleChoice {
    /// The role's id.
    pub id: String,
    /// Id and name of each.
    pub roles: Vec<(String, String)>,
}

/// What the panel of the SIP phone shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SipView {
    /// Whose phone.
    pub owner: Owner,
    /// The user that the phone registers as: the customer's prefix and the extension.
    pub user: String,
    /// Whether there is a password.
    pub has_password: bool,
    /// A password that could be set, made for this page; empty when the reader may not set one.
    pub suggestion: String,
}

/// The permission for the self-care sign-in of a customer or an account.
const fn permission(owner: Owner) -> Field {
    if owner.account.is_some() { Field::AccountSignIn } else { Field::CustomerSignIn }
}

/// Gives a customer or an account a sign-in, or changes it if it still has the name that the person saw (`was`). An empty
/// password keeps the present one.
///
/// # Errors
/// What is wrong with the fields; somebody else changed the name meanwhile; the owner's role permits more than the asker's;
/// no permission.
#[server(endpoint = "sign_in_save")]
pub async fn sign_in_save(
    /// Whose: the customer.
    customer: CustomerId,
    /// The account; none for the customer itself.
    #[server(default)]
    account: Option<AccountId>,
    /// The value that the person saw.
    #[server(default)]
    was: Typed,
    /// The sign-in name.
    #[server(default)]
    sign_in: Typed,
    /// The password.
    #[server(default)]
    password: Typed,
) -> Result<Done, AppError> {
    use tandem_domain::{
        error::FieldErrors,
        sign_in::{SignInName, check_password},
    };
    use tandem_store::{StaleEdit, StoreError};

    use crate::server::{ask::Ask, sign_in::hash};

    let ask = Ask::now()?;
    let owner = Owner { customer, account };
    can_change(&ask, owner).await?;
    let (was, password) = (was.or(""), password.or(""));
    let unreadable = |_| AppError::Unreadable(format!("no sign-in name “{was}”"));
    let saw = if was.is_empty() { None } else { Some(was.parse::<SignInName>().map_err(unreadable)?) };
    let mut errors = FieldErrors::default();
    let name = errors.take("sign_in", sign_in.or(&was).parse::<SignInName>());
    if saw.is_none() || !password.is_empty() {
        errors.take("password", check_password(&password));
    }
    errors.into_result()?;
    let Some(name) = name else { return Err(AppError::NotFound("sign-in".into())) };
    let password_hash = if password.is_empty() { None } else { Some(hash(ask.services(), password).await?) };
    let (sign_ins, change) = (ask.store().sign_ins(), ask.change());
    match sign_ins.save(owner.who(), saw.as_ref(), &name, password_hash.as_deref(), &change).await {
        Ok(()) => Ok(Done::say("Sign-in saved")),
        Err(StoreError::Stale(StaleEdit { by, by_staff, changes, .. })) => {
            let by = ask.name_of(by, by_staff);
            let now = changes.first().map(|change| change.new.as_str()).filter(|now| !now.is_empty());
            let now = now.map_or_else(|| "there is none now".to_owned(), |now| format!("the name is “{now}” now"));
            Err(AppError::Refused(format!("{by} changed the sign-in meanwhile: {now}. Nothing was overwritten.")))
        }
        Err(error) => Err(ask.tell(owner.noun(), error)),
    }
}

/// Takes a sign-in away; its sessions end.
///
/// # Errors
/// The owner's role permits more than the asker's; no permission.
#[server(endpoint = "sign_in_remove")]
pub async fn sign_in_remove(
    /// Whose: the customer.
    customer: CustomerId,
    /// The account; none for the customer itself.
    #[server(default)]
    account: Option<AccountId>,
) -> Result<Done, AppError> {
    use crate::server::ask::Ask;

    let ask = Ask::now()?;
    let owner = Owner { customer, account };
    can_change(&ask, owner).await?;
    ask.store().sign_ins().remove(owner.who(), &ask.change()).await.map_err(|error| ask.tell(owner.noun(), error))?;
    Ok(Done::say("Sign-in removed"))
}

/// Gives a customer's sign-in another access role, if it still has the one that the person saw (`was`).
///
/// # Errors
/// [`AppError::Refused`] when it has another by now; no such role for customers; the present or the new one permits more than
/// the asker's; no permission.
#[server(endpoint = "customer_role_assign")]
pub async fn customer_role_assign(
    /// Whose: the customer.
    customer: CustomerId,
    /// The value that the person saw.
    was: String,
    /// The access role.
    role: String,
) -> Result<Done, AppError> {
    use tandem_store::StoreError;

    use crate::{post::Undo, server::ask::Ask};

    let ask = Ask::now()?;
    let owner = Owner::customer(customer);
    let tenant = owner.tenant(&ask)?;
    ask.modify(Field::CustomerSignIn)?;
    let tell = |error| ask.tell(owner.noun(), error);
    let changed =
        || AppError::Refused("The access role was changed meanwhile. Nothing was overwritten; look again.".into());
    let stored = ask.store().customers().get(tenant).await.map_err(tell)?;
    if stored.value.role.to_string() != was {
        return Err(changed());
    }
    ask.manages(stored.value.role).await?;
    let mut record = stored.value;
    record.role = crate::parts::address::parse_id("access role", &role)?;
    ask.gives_chosen(record.role).await?;
    match ask.store().customers().update(tenant, stored.version, &record, &ask.change()).await {
        Ok(_) => {}
        Err(StoreError::Stale(_)) => return Err(changed()),
        Err(error) => return Err(tell(error)),
    }
    let fields = owner.undo_fields(&[("was", &role), ("role", &was)]);
    Ok(Done::say("Access role changed").undo(Undo { to: CustomerRoleAssign::PATH.into(), fields }))
}

/// Sets the password that an account's phones register with.
///
/// # Errors
/// The password is too short; no permission.
#[server(endpoint = "sip_password_set")]
pub async fn sip_password_set(
    /// Whose: the customer.
    customer: CustomerId,
    /// The account; none for the customer itself.
    account: AccountId,
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
    accounts
        .set_sip_password(tenant, account, &password, &ask.change())
        .await
        .map_err(|error| ask.tell(owner.noun(), error))?;
    ask.services().exchange.forget_phones(account);
    Ok(Done::say("SIP password set"))
}

/// Takes the SIP password of an account away: no phone can register as it.
///
/// # Errors
/// No permission.
#[server(endpoint = "sip_password_remove")]
pub async fn sip_password_remove(
    /// Whose: the customer.
    customer: CustomerId,
    /// The account.
    account: AccountId,
) -> Result<Done, AppError> {
    use crate::server::ask::Ask;

    let ask = Ask::now()?;
    let owner = Owner::account(customer, account);
    let tenant = owner.tenant(&ask)?;
    ask.modify(Field::SipPassword)?;
    let accounts = ask.store().accounts();
    accounts
        .remove_sip_password(tenant, account, &ask.change())
        .await
        .map_err(|error| ask.tell(owner.noun(), error))?;
    ask.services().exchange.forget_phones(account);
    Ok(Done::say("SIP password removed"))
}

/// Goes on only if the record exists, and the person who asks may change its sign-in: with it one signs in as its owner.
#[cfg(feature = "ssr")]
async fn can_change(ask: &crate::server::ask::Ask, owner: Owner) -> Result<(), AppError> {
    let tenant = owner.tenant(ask)?;
    ask.modify(permission(owner))?;
    let role = match owner.account {
        Some(account) => ask.store().accounts().get(tenant, account).await.map(|stored| stored.value.role),
        None => ask.store().customers().get(tenant).await.map(|stored| stored.value.role),
    };
    ask.manages(role.map_err(|error| ask.tell(owner.noun(), error))?).await
}

/// The sign-in that the form of a new customer or account offers: both fields, or neither.
#[cfg(feature = "ssr")]
pub(crate) struct NewSignInForm {
    /// The sign-in name.
    pub sign_in: Typed,
    /// The password.
    pub password: Typed,
}

#[cfg(feature = "ssr")]
impl NewSignInForm {
    /// The sign-in to make, if one was typed, beside the record that the same form makes: what is wrong with either is told
    /// at once.
    ///
    /// # Errors
    /// What is wrong with the record or with `sign_in` and `password`; a sign-in without the permission `field`.
    pub async fn beside<T>(
        self,
        ask: &crate::server::ask::Ask,
        field: Field,
        record: Result<T, AppError>,
    ) -> Result<(T, Option<tandem_store::sign_ins::NewSignIn>), AppError> {
        use tandem_domain::{
            error::FieldErrors,
            sign_in::{SignInName, check_password},
        };

        let (name, password) = (self.sign_in.or(""), self.password.or(""));
        let mut errors = FieldErrors::default();
        let wanted = !name.trim().is_empty() || !password.is_empty();
        let name = if wanted { errors.take("sign_in", name.parse::<SignInName>()) } else { None };
        if wanted {
            ask.modify(field)?;
            errors.take("password", check_password(&password));
        }
        let record = match record {
            Ok(record) => record,
            Err(AppError::Invalid(mut all)) => {
                all.0.extend(errors.0);
                return Err(all.into());
            }
            Err(other) => return Err(other),
        };
        errors.into_result()?;
        let Some(name) = name else { return Ok((record, None)) };
        let password_hash = crate::server::sign_in::hash(ask.services(), password).await?;
        Ok((record, Some(tandem_store::sign_ins::NewSignIn { name, password_hash })))
    }
}

/// A SIP password of 16 characters that cannot be mistaken for each other: 80 bits of chance.
#[cfg(feature = "ssr")]
pub(crate) fn suggested_password() -> String {
    const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    rand::random::<[u8; 16]>().map(|byte| char::from(LETTERS[usize::from(byte % 32)])).into_iter().collect()
}

/// The self-care sign-in: name, new password, role, and taking it away.
pub fn sign_in_panel(view: SignInView) -> AnyView {
    let SignInView { owner, name, sign_in, above, role } = view;
    let field = permission(owner);
    let has_sign_in = !sign_in.is_empty();
    let above = above && me().modifies(field);
    let editable = me().modifies(field) && !above;
    let mut fields = owner.fields();
    fields.push(("was", sign_in.clone()));
    let (label, help) = if has_sign_in {
        ("New password", "Leave it empty to keep the present one. A new one ends all sessions.".to_owned())
    } else {
        ("Password", password_help(PASSWORD_ADVICE))
    };
    let above = above.then(|| {
        view! {
            <Notice tone=Tone::Info text="The access role here permits more than yours. Somebody who may do as much can change the sign-in." />
        }.into_any()
    });
    let none = (!has_sign_in && editable).then(|| {
        let text = format!("{name} cannot sign in to self-care yet. Choose a name and a password.");
        view! { <Notice tone=Tone::Info text=text /> }.into_any()
    });
    let remove = (has_sign_in && editable).then(|| remove_card(owner, &name));
    view! {
        {above}
        {none}
        <EditForm to=SignInSave::PATH fields=fields editable=editable>
            <Card title="Self-care sign-in">
                <TextField name="sign_in" label="Sign-in name" value=sign_in field=field rule=Rule::SignInName required=true
                    width="medium" help="Unique over all customers and accounts; upper and lower case are the same." />
                <PasswordField name="password" label=label help=help field=field autocomplete="new-password" width="medium" />
            </Card>
        </EditForm>
        {role.map(|role| role_card(owner, role, !editable))}
        {remove}
    }
    .into_any()
}

fn role_card(owner: Owner, role: RoleChoice, locked: bool) -> AnyView {
    let RoleChoice { id, roles } = role;
    let mut fields = owner.fields();
    fields.push(("was", id.clone()));
    view! {
        <Card title="Permissions">
            <InstantSelect to=CustomerRoleAssign::PATH fields=fields name="role" value=id options=roles label="Access role"
                help="What this sign-in may see and change in self-care." field=Field::CustomerSignIn disabled=locked />
        </Card>
    }
    .into_any()
}

fn remove_card(owner: Owner, name: &str) -> AnyView {
    let title = format!("Remove the sign-in of {name}?");
    view! {
        <Card title="Remove">
            <PostForm to=SignInRemove::PATH fields=owner.fields()>
                <ConfirmButton
                    label="Remove the sign-in"
                    title=title
                    text="Whoever is signed in with it is signed out at once. It can be made anew later."
                    confirm="Remove"
                    danger=true
                />
            </PostForm>
        </Card>
    }
    .into_any()
}

/// The SIP phone: what it registers as, and setting its password.
pub fn sip_panel(view: SipView) -> AnyView {
    let SipView { owner, user, has_password, suggestion } = view;
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
    let remove = move || ((has_password || now_set.get()) && editable).then(|| sip_remove(owner, &removed));
    let forms = (!suggestion.is_empty() && editable).then(|| sip_forms(owner, user, suggestion, now_set));
    view! {
        <Card title="SIP phone" description="What a desk phone or a softphone needs to register.">
            {facts}
            {forms}
            {remove}
        </Card>
    }
    .into_any()
}

fn sip_remove(owner: Owner, user: &str) -> AnyView {
    let title = format!("Remove the SIP password of {user}?");
    view! {
        <PostForm to=SipPasswordRemove::PATH fields=owner.fields()>
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

fn sip_forms(owner: Owner, user: String, suggestion: String, now_set: RwSignal<bool>) -> AnyView {
    let offered = StoredValue::new((user, suggestion));
    let offer = move || {
        let (user, suggestion) = offered.get_value();
        if now_set.get() {
            let text = format!(
                "The password of {user} is now {suggestion}. Copy it into the phone: when you leave this page nobody can see it again."
            );
            return view! { <Notice tone=Tone::Good text=text /> }.into_any();
        }
        let mut fields = owner.fields();
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
    view! {
        {offer}
        <PostForm to=SipPasswordSet::PATH fields=owner.fields() class="form">
            <PasswordField name="sip_password" label="Or choose a SIP password" autocomplete="new-password" rule=Rule::Password
                required=true width="medium" />
            <div class="actions"><Button label="Set my choice" /></div>
        </PostForm>
    }
    .into_any()
}
