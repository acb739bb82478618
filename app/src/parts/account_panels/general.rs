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
    context::{load, loaded, me},
    error::AppError,
    parts::address::{address_id, parse_id},
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
#[server(endpoint = "account_general")]
pub async fn read_account(id: AccountId) -> Result<AccountGeneral, AppError> {
    todo!()
}

/// Saves an account's general data. What is not sent stays.
///
/// # Errors
/// What is wrong with the fields; somebody else saved meanwhile; a change of a field that the role does not permit.
#[server(endpoint = "account_save")]
#[expect(clippy::too_many_arguments, reason = "one per input of the form")]
pub async fn save_account(
    id: AccountId,
    version: Version,
    #[server(default)] first_name: Typed,
    #[server(default)] last_name: Typed,
    #[server(default)] email: Typed,
    #[server(default)] extension: Typed,
    #[server(default)] expires_on: Typed,
    #[server(default)] role: Typed,
    #[server(default)] dialing_rule: Typed,
) -> Result<Done, AppError> {
    todo!()
}

/// The page of the general data.
pub fn general_page() -> AnyView {
    let data = load(address_id(), |id| async move { read_account(parse_id(WHAT, &id)?).await });
    loaded(data, |general| {
        let AccountGeneral { head, id, version, fields } = general;
        let editable = EDITED.iter().any(|field| me().modifies(*field));
        let content = account_inputs(fields);
        let form = view! {
            <EditForm to=SaveAccount::PATH version=version fields=vec![("id", id.to_string())] editable=editable>
                {content}
            </EditForm>
        };
        account_frame(&head, form.into_any())
    })
}

/// The permissions of the form's fields.
const EDITED: [Field; 5] =
    [Field::AccountProfile, Field::AccountExtension, Field::AccountStatus, Field::AccountRole, Field::AccountDialingRule];

/// The inputs of an account, for the form that is around them.
pub(super) fn account_inputs(fields: AccountFields) -> AnyView {
    let AccountFields { first_name, last_name, email, extension, expires_on, role, roles, dialing_rule, dialing_rules } = fields;
    let decided = me().sees(Field::AccountRole) || me().sees(Field::AccountDialingRule);
    let decided = decided.then(|| {
        view! {
            <Card title="Role and codes">
                <SelectField name="role" label="Access role" value=role options=roles field=Field::AccountRole width="medium"
                    help="What the account’s user sees and changes in self-care." />
                <SelectField name="dialing_rule" label="Dialing rule" value=dialing_rule options=dialing_rules
                    field=Field::AccountDialingRule width="medium" help="The codes that this account’s phones dial." />
            </Card>
        }
    });
    view! {
        <Card title="General">
            <TextField name="first_name" label="First name" value=first_name field=Field::AccountProfile rule=Rule::Name
                required=true width="medium" help="Or the name of the device: “Reception”." />
            <TextField name="last_name" label="Last name" value=last_name field=Field::AccountProfile rule=Rule::OptionalName width="medium" />
            <TextField name="email" label="E-mail" value=email field=Field::AccountProfile rule=Rule::OptionalEmail kind="email"
                width="medium" help="Where call recordings go when they are sent by e-mail." />
            <TextField name="extension" label="Extension" value=extension field=Field::AccountExtension rule=Rule::Extension
                required=true kind="tel" width="short" help="The number that colleagues dial." />
            <TextField name="expires_on" label="Expires on" value=expires_on field=Field::AccountStatus rule=Rule::OptionalDate
                kind="date" width="short" help="The last day with service. Empty: no end." />
        </Card>
        {decided}
    }
    .into_any()
}
