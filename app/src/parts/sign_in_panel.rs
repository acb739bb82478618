//! How a customer or an account gets in: the self-care sign-in with its password, which is never shown again. (An account's
//! SIP phone: [`sip_panel`](super::sip_panel).)

use leptos::{prelude::*, server_fn::ServerFn};
use serde::{Deserialize, Serialize};
use tandem_domain::{
    access::Field,
    field::Rule,
    ids::{AccountId, CustomerId, Version},
    sign_in::{PASSWORD_ADVICE, password_help},
};

use crate::{
    context::me,
    error::AppError,
    listing::Tone,
    parts::owner::Owner,
    post::{Done, Typed},
    ui::{Card, ConfirmButton, EditForm, InstantSelect, Notice, PasswordField, PostForm, TextField},
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
    /// What the sign-in is saved over.
    pub version: Version,
    /// The owner's role permits more than that of the person who asks, who may therefore not change the sign-in.
    pub above: bool,
    /// Why the person who asks may not set it, who may not hear the account's private recordings; empty: may.
    pub private: String,
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

/// The permission for the self-care sign-in of a customer or an account.
const fn permission(owner: Owner) -> Field {
    if owner.account.is_some() { Field::AccountSignIn } else { Field::CustomerSignIn }
}

/// Gives a customer or an account a sign-in, or changes it if it is still the one that the person saw. An empty password keeps
/// the present one.
///
/// # Errors
/// What is wrong with the fields; somebody else changed name or password meanwhile; the owner's role permits more than the
/// asker's; the account has private recordings, which the asker may not hear; no permission.
#[server(endpoint = "sign_in_save")]
pub async fn sign_in_save(
    /// Whose: the customer.
    customer: CustomerId,
    /// The account; none for the customer itself.
    #[server(default)]
    account: Option<AccountId>,
    /// The version that the edit starts from; 0: there was no sign-in.
    version: Version,
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

    use crate::server::{ask::Ask, sign_in::hash};

    let ask = Ask::now()?;
    let owner = Owner { customer, account };
    let terms = can_change(&ask, owner).await?;
    let sign_ins = ask.store().sign_ins();
    let tell = |error| ask.tell(owner.noun(), error);
    let present = sign_ins.of(owner.who()).await.map_err(tell)?;
    let password = password.or("");
    let mut errors = FieldErrors::default();
    let name = present.as_ref().map(|present| present.name.as_str()).unwrap_or_default();
    let name = errors.take("sign_in", sign_in.or(name).parse::<SignInName>());
    if present.is_none() || !password.is_empty() {
        errors.take("password", check_password(&password));
    }
    errors.into_result()?;
    let Some(name) = name else { return Err(AppError::NotFound("sign-in".into())) };
    // What was not typed was taken from the present one, which must not have become another meanwhile. One that is gone is
    // not made anew by who saw it.
    let version = present.map_or(version, |present| version.min(present.version));
    let password_hash = if password.is_empty() { None } else { Some(hash(ask.services(), password).await?) };
    let saved = sign_ins.save(owner.who(), version, &name, password_hash.as_deref(), Some(&terms), &ask.change()).await;
    saved.map_err(tell)?;
    Ok(Done::say("Sign-in saved"))
}

/// Takes a sign-in away; its sessions end.
///
/// # Errors
/// Somebody else changed it meanwhile; the owner's role permits more than the asker's; no permission.
#[server(endpoint = "sign_in_remove")]
pub async fn sign_in_remove(
    /// Whose: the customer.
    customer: CustomerId,
    /// The account; none for the customer itself.
    #[server(default)]
    account: Option<AccountId>,
    /// The version that the person saw.
    version: Version,
) -> Result<Done, AppError> {
    use crate::server::ask::Ask;

    let ask = Ask::now()?;
    let owner = Owner { customer, account };
    can_change(&ask, owner).await?;
    let sign_ins = ask.store().sign_ins();
    let tell = |error| ask.tell(owner.noun(), error);
    let version = version.min(sign_ins.version(owner.who()).await.map_err(tell)?);
    sign_ins.remove(owner.who(), Some(version), &ask.change()).await.map_err(tell)?;
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

/// Goes on only if the record exists, and the person who asks may change its sign-in: with it one signs in as its owner. What
/// that depends on is told, to be looked at again when it is written.
#[cfg(feature = "ssr")]
async fn can_change(ask: &crate::server::ask::Ask, owner: Owner) -> Result<tandem_store::sign_ins::Terms, AppError> {
    let tenant = owner.tenant(ask)?;
    ask.modify(permission(owner))?;
    let role = match owner.account {
        Some(account) => ask.store().accounts().get(tenant, account).await.map(|stored| stored.value.role),
        None => ask.store().customers().get(tenant).await.map(|stored| stored.value.role),
    };
    let role = role.map_err(|error| ask.tell(owner.noun(), error))?;
    ask.manages(role).await?;
    Ok(tandem_store::sign_ins::Terms { role, not_private: hears_no_private(ask) })
}

/// Whether this person may not hear what accounts keep to themselves: a company's administrator, whatever the role says.
#[cfg(feature = "ssr")]
pub(crate) fn hears_no_private(ask: &crate::server::ask::Ask) -> bool {
    ask.me.audience() == tandem_domain::access::Audience::Customer
}

/// Why this person may not set the sign-in of an account, if it is for its recordings.
#[cfg(feature = "ssr")]
pub(crate) async fn private_words(
    ask: &crate::server::ask::Ask,
    tenant: tandem_domain::access::Tenant,
    account: AccountId,
) -> Result<String, AppError> {
    if !hears_no_private(ask) {
        return Ok(String::new());
    }
    let private = ask.store().sign_ins().keeps_private(tenant, account).await;
    Ok(if private.map_err(|error| ask.tell("account", error))? {
        tandem_store::sign_ins::PRIVATE.to_owned()
    } else {
        String::new()
    })
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

/// The self-care sign-in: name, new password, role, and taking it away.
pub fn sign_in_panel(view: SignInView) -> AnyView {
    let SignInView { owner, name, sign_in, version, above, private, role } = view;
    let field = permission(owner);
    let has_sign_in = !sign_in.is_empty();
    let above = above && me().modifies(field);
    let manages = me().modifies(field) && !above;
    let editable = manages && private.is_empty();
    let private = (manages && !editable).then(|| view! { <Notice tone=Tone::Info text=private /> }.into_any());
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
    let remove = (has_sign_in && manages).then(|| remove_card(owner, version, &name));
    view! {
        {above}
        {private}
        {none}
        <EditForm to=SignInSave::PATH version=version fields=owner.fields() editable=editable>
            <Card title="Self-care sign-in">
                <TextField name="sign_in" label="Sign-in name" value=sign_in field=field rule=Rule::SignInName required=true
                    width="medium" help="Unique over all customers and accounts; upper and lower case are the same." />
                <PasswordField name="password" label=label help=help field=field autocomplete="new-password" width="medium" />
            </Card>
        </EditForm>
        {role.map(|role| role_card(owner, role, !manages))}
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

fn remove_card(owner: Owner, version: Version, name: &str) -> AnyView {
    let mut fields = owner.fields();
    fields.push(("version", version.0.to_string()));
    let title = format!("Remove the sign-in of {name}?");
    view! {
        <Card title="Remove">
            <PostForm to=SignInRemove::PATH fields=fields>
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
