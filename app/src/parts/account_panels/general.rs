//! An account's general data: who it is, its extension, and what decides about it.

use leptos::{prelude::*, server_fn::ServerFn};
use serde::{Deserialize, Serialize};
use tandem_domain::{
    access::Field,
    field::Rule,
    ids::{AccountId, Version},
};

use super::tabs::{AccountHead, WHAT, account_frame};
use crate::{
    context::me,
    data::{load, loaded},
    error::AppError,
    parts::address::of_address,
    post::{Done, Typed},
    ui::{Card, EditForm, SelectField, TextField},
};

/// The fields of an account, as its form shows them; empty where the reader may not see them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountFields {
    /// The first name, or the device's name.
    pub first_name: String,
    /// The last name.
    pub last_name: String,
    /// The e-mail address.
    pub email: String,
    /// The number to dial.
    pub extension: String,
    /// The last day with service, `YYYY-MM-DD`.
    pub expires_on: String,
    /// The access role's id.
    pub role: String,
    /// The roles to choose from: id and name.
    pub roles: Vec<(String, String)>,
    /// The id of the account's own dialing rule.
    pub dialing_rule: String,
    /// The dialing rules to choose from: id and name; the first, without an id, is the customer's.
    pub dialing_rules: Vec<(String, String)>,
}

/// An account as its general page shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountGeneral {
    /// What is around it.
    pub head: AccountHead,
    /// Which account.
    pub id: AccountId,
    /// The version that an edit starts from.
    pub version: Version,
    /// Its fields.
    pub fields: AccountFields,
}

/// An account's general data.
///
/// # Errors
/// No such account.
#[server(endpoint = "account_read")]
pub async fn account_read(
    /// Which.
    id: AccountId,
) -> Result<AccountGeneral, AppError> {
    use super::FoundAccount;
    use crate::server::ask::Ask;

    let ask = Ask::now()?;
    let found = FoundAccount::load(&ask, id).await?;
    let fields = server::fields_of(&ask, Some(&found.stored.value)).await?;
    Ok(AccountGeneral { head: found.head(&ask), id, version: found.stored.version, fields })
}

/// Saves an account's general data. What is not sent stays.
///
/// # Errors
/// What is wrong with the fields; somebody else saved meanwhile; a change of a field that the role does not permit; a role
/// that permits more than the asker's.
#[server(endpoint = "account_save")]
pub async fn account_save(
    /// Which.
    id: AccountId,
    /// The version that the edit starts from.
    version: Version,
    /// What was typed.
    #[server(flatten)]
    typed: TypedAccount,
) -> Result<Done, AppError> {
    use super::FoundAccount;
    use crate::server::ask::Ask;

    let ask = Ask::now()?;
    let found = FoundAccount::load(&ask, id).await?;
    let account = typed.parse(&ask, found.tenant.customer(), Some(&found.stored.value))?;
    if account.role != found.stored.value.role {
        ask.manages(found.stored.value.role).await?;
        ask.gives_chosen(account.role).await?;
    }
    keep_private_mail(&ask, &found, id, &account.email).await?;
    // Its phones register as another SIP user from now on.
    let moves = account.extension != found.stored.value.extension;
    let version = found.stored.basis(version);
    let saved = ask.store().accounts().update(found.tenant, id, version, &account, &ask.change()).await;
    saved.map_err(|error| ask.tell(WHAT, error))?;
    if moves {
        ask.services().exchange.forget_phones(id);
    }
    Ok(Done::say("Account saved"))
}

/// Goes on unless this person gives an account another e-mail address that keeps recordings to itself: they are sent there.
///
/// # Errors
/// What is wrong with the field `email`; faults on our side.
#[cfg(feature = "ssr")]
async fn keep_private_mail(
    ask: &crate::server::ask::Ask,
    found: &super::FoundAccount,
    id: AccountId,
    email: &str,
) -> Result<(), AppError> {
    use tandem_domain::error::FieldErrors;

    use crate::parts::sign_in_panel::private_words;

    if email == found.stored.value.email || private_words(ask, found.tenant, id).await?.is_empty() {
        return Ok(());
    }
    let why = "Call recordings that only this account hears are sent to its address. The account itself can change it, on its \
               profile, or your provider.";
    Err(AppError::Invalid(FieldErrors::one("email", why)))
}

/// What the form of an account sent. What is not there was shown disabled, or not at all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TypedAccount {
    first_name: Typed,
    last_name: Typed,
    email: Typed,
    extension: Typed,
    expires_on: Typed,
    role: Typed,
    dialing_rule: Typed,
}

/// The page of the general data.
pub fn general_page() -> AnyView {
    let data = load(of_address(WHAT, |id| AccountRead { id }));
    loaded(data, |general| {
        let AccountGeneral { head, id, version, fields } = general;
        let editable = EDITED.iter().any(|field| me().modifies(*field));
        let form = view! {
            <EditForm to=AccountSave::PATH version=version fields=vec![("id", id.to_string())] editable=editable>
                {account_inputs(fields)}
            </EditForm>
        };
        account_frame(&head, form.into_any())
    })
}

/// The permissions of the form's fields.
const EDITED: [Field; 5] = [
    Field::AccountProfile,
    Field::AccountExtension,
    Field::AccountStatus,
    Field::AccountRole,
    Field::AccountDialingRule,
];

/// The inputs of an account, for the form that is around them.
pub(super) fn account_inputs(fields: AccountFields) -> AnyView {
    let AccountFields { first_name, last_name, email, extension, expires_on, role, roles, dialing_rule, dialing_rules } =
        fields;
    let decided = me().sees(Field::AccountRole) || me().sees(Field::AccountDialingRule);
    let decided = decided.then(|| {
        view! {
            <Card title="Role and codes">
                <SelectField name="role" label="Access role" value=role options=roles field=Field::AccountRole width="medium"
                    help="What the account’s user sees and changes in self-care." />
                <SelectField name="dialing_rule" label="Dialing rule" value=dialing_rule options=dialing_rules
                    field=Field::AccountDialingRule width="medium" help="The codes that this account’s phones dial." />
            </Card>
        }.into_any()
    });
    view! {
        <Card title="General">
            <TextField name="first_name" label="First name" value=first_name field=Field::AccountProfile rule=Rule::Name
                required=true width="medium" help="Or the name of the device: “Reception”." />
            <TextField name="last_name" label="Last name" value=last_name field=Field::AccountProfile rule=Rule::OptionalName width="medium" />
            <TextField name="email" label="E-mail" value=email field=Field::AccountProfile rule=Rule::OptionalEmail kind="email"
                width="medium" help="Where call recordings go when they are sent by e-mail." />
            <TextField name="extension" label="Extension" value=extension field=Field::AccountExtension rule=Rule::Extension
                required=true kind="tel" width="medium" help="The number that colleagues dial." />
            <TextField name="expires_on" label="Expires on" value=expires_on field=Field::AccountStatus rule=Rule::OptionalDate
                kind="date" width="medium" help="The last day with service. Empty: no end." />
        </Card>
        {decided}
    }
    .into_any()
}

#[cfg(feature = "ssr")]
pub(super) mod server {
    use tandem_domain::{
        access::{Audience, Field},
        account::Account,
        error::{FieldError, FieldErrors},
        field,
        ids::{CustomerId, DialingRuleId, RoleId},
    };
    use tandem_store::roles;

    use super::{AccountFields, TypedAccount, WHAT};
    use crate::{error::AppError, server::ask::Ask};

    impl TypedAccount {
        /// The account to keep: what was typed, and what is stored where nothing was sent. A new one (`None`) begins empty,
        /// with the usual role.
        ///
        /// # Errors
        /// What is wrong, per field; a change of a field that the role does not permit.
        pub(crate) fn parse(
            self,
            ask: &Ask,
            customer: CustomerId,
            stored: Option<&Account>,
        ) -> Result<Account, AppError> {
            let mut errors = FieldErrors::default();
            let profile = Field::AccountProfile;
            let text = |of: fn(&Account) -> &str| stored.map_or("", of);
            let first_name = ask.merge(profile, self.first_name.0, text(|stored| &stored.first_name))?;
            let last_name = ask.merge(profile, self.last_name.0, text(|stored| &stored.last_name))?;
            let email = ask.merge(profile, self.email.0, text(|stored| &stored.email))?;
            let extension = text(|stored| stored.extension.as_str());
            let extension = ask.merge(Field::AccountExtension, self.extension.0, extension)?;
            let expires_on = text(|stored| stored.expires_on.as_deref().unwrap_or_default());
            let expires_on = ask.merge(Field::AccountStatus, self.expires_on.0, expires_on)?;
            let role = ask.merge(Field::AccountRole, self.role.0, &role_of(stored).to_string())?;
            let rule = stored.and_then(|stored| stored.dialing_rule).map(|rule| rule.to_string()).unwrap_or_default();
            let rule = ask.merge(Field::AccountDialingRule, self.dialing_rule.0, &rule)?;

            let first_name = errors.take("first_name", field::name(&first_name));
            let last_name = errors.take("last_name", field::optional_name(&last_name));
            let email = errors.take("email", field::optional_email(&email));
            let extension = errors.take("extension", extension.parse().map_err(Into::into));
            let expires_on = errors.take("expires_on", field::optional_date(&expires_on));
            let unknown_role = |_| FieldError::new("Choose a role from the list.");
            let role = errors.take("role", role.parse::<RoleId>().map_err(unknown_role));
            let unknown_rule = |_| FieldError::new("Choose a dialing rule from the list.");
            let no_rule = rule.is_empty();
            let rule = if no_rule {
                None
            } else {
                errors.take("dialing_rule", rule.parse::<DialingRuleId>().map_err(unknown_rule))
            };
            let (Some(first_name), Some(last_name), Some(email), Some(extension), Some(expires_on), Some(role)) =
                (first_name, last_name, email, extension, expires_on, role)
            else {
                return Err(errors.into());
            };
            errors.into_result()?;
            Ok(Account { customer, first_name, last_name, email, extension, expires_on, role, dialing_rule: rule })
        }
    }

    fn role_of(stored: Option<&Account>) -> RoleId {
        stored.map_or(roles::ACCOUNT, |stored| stored.role)
    }

    /// The fields as the form shows them, those of a new account for `None`, without what the person who asks may not see.
    pub(crate) async fn fields_of(ask: &Ask, account: Option<&Account>) -> Result<AccountFields, AppError> {
        let seen = |field: Field, of: fn(&Account) -> &str| {
            account.filter(|_| ask.me.sees(field)).map_or_else(String::new, |account| of(account).to_owned())
        };
        let tell = |error| ask.tell(WHAT, error);
        let mut fields = AccountFields {
            first_name: seen(Field::AccountProfile, |account| &account.first_name),
            last_name: seen(Field::AccountProfile, |account| &account.last_name),
            email: seen(Field::AccountProfile, |account| &account.email),
            extension: seen(Field::AccountExtension, |account| account.extension.as_str()),
            expires_on: seen(Field::AccountStatus, |account| account.expires_on.as_deref().unwrap_or_default()),
            ..AccountFields::default()
        };
        if ask.me.sees(Field::AccountRole) {
            let role = role_of(account);
            fields.roles = ask.role_choices(Audience::Account, Some(role)).await?;
            fields.role = role.to_string();
        }
        if ask.me.sees(Field::AccountDialingRule) {
            let rules = ask.store().dialing_rules().choices().await.map_err(tell)?;
            let customers = (String::new(), "As the customer".to_owned());
            fields.dialing_rule =
                account.and_then(|account| account.dialing_rule).map(|rule| rule.to_string()).unwrap_or_default();
            fields.dialing_rules =
                std::iter::once(customers).chain(rules.into_iter().map(|(id, name)| (id.to_string(), name))).collect();
        }
        Ok(fields)
    }
}
