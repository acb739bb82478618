//! A new account.

use leptos::{prelude::*, server_fn::ServerFn};
use serde::{Deserialize, Serialize};
use tandem_domain::{access::Field, field::Rule, ids::CustomerId};

use super::{
    general::{AccountFields, account_inputs},
    tabs::list_of,
};
use crate::{
    context::{load, loaded, me},
    error::AppError,
    parts::{address::address_id, owner::Owner},
    post::{Done, Typed},
    ui::{Card, NewForm, PageHeader, PasswordField, TextField},
};

/// What the form of a new account starts with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewAccount {
    /// Whose account it will be.
    pub customer: CustomerId,
    /// The customer's name.
    pub customer_name: String,
    /// The fields, with the next free extension and the usual role.
    pub fields: AccountFields,
}

/// What the form of a new account starts with; the customer is the person's own unless one is named.
///
/// # Errors
/// No such customer; no permission to add accounts.
#[server(endpoint = "account_draft")]
pub async fn draft_account(#[server(default)] customer: Option<CustomerId>) -> Result<NewAccount, AppError> {
    todo!()
}

/// Adds an account.
///
/// # Errors
/// What is wrong with the fields; no permission to give accounts an extension.
#[server(endpoint = "account_create")]
#[expect(clippy::too_many_arguments, reason = "one per input of the form")]
pub async fn create_account(
    customer: CustomerId,
    #[server(default)] first_name: Typed,
    #[server(default)] last_name: Typed,
    #[server(default)] email: Typed,
    #[server(default)] extension: Typed,
    #[server(default)] expires_on: Typed,
    #[server(default)] role: Typed,
    #[server(default)] dialing_rule: Typed,
    #[server(default)] sign_in: Typed,
    #[server(default)] password: Typed,
) -> Result<Done, AppError> {
    todo!()
}

/// The page.
pub fn new_page() -> AnyView {
    // Self-care names no customer in its address: it is the own one.
    let data = load(address_id(), |id| async move {
        let customer = if id.is_empty() { None } else { Some(crate::parts::address::parse_id("customer", &id)?) };
        draft_account(customer).await
    });
    loaded(data, |draft| {
        let NewAccount { customer, customer_name, fields } = draft;
        let list = list_of(Owner::customer(customer));
        let inputs = account_inputs(fields);
        let sign_in = me().modifies(Field::AccountSignIn).then(|| {
            view! {
                <Card title="Self-care sign-in" description="Optional, and can be given later.">
                    <TextField name="sign_in" label="Sign-in name" width="medium" rule=Rule::Any />
                    <PasswordField name="password" label="Password" autocomplete="new-password" width="medium"
                        help="At least 10 characters; a few words are easy to remember." />
                </Card>
            }
        });
        view! {
            <PageHeader title="Add account" subtitle=customer_name back_to=list.clone() />
            <NewForm to=CreateAccount::PATH button="Add account" cancel_href=list.0 fields=vec![("customer", customer.to_string())]>
                {inputs}
                {sign_in}
            </NewForm>
        }
        .into_any()
    })
}
