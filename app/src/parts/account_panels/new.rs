//! A new account.

use leptos::{prelude::*, server_fn::ServerFn};
use serde::{Deserialize, Serialize};
use tandem_domain::{
    access::Field,
    field::Rule,
    ids::CustomerId,
    sign_in::{PASSWORD_ADVICE, password_help},
};

use super::{
    general::{AccountFields, TypedAccount, account_inputs},
    tabs::list_of,
};
use crate::{
    context::me,
    data::{load, loaded},
    error::AppError,
    parts::{
        address::{address_id, parse_id},
        owner::Owner,
    },
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
pub async fn account_draft(
    /// Whose: the customer.
    #[server(default)]
    customer: Option<CustomerId>,
) -> Result<NewAccount, AppError> {
    use super::general::server::fields_of;
    use crate::server::ask::Ask;

    let ask = Ask::now()?;
    let tenant = match customer {
        Some(customer) => ask.tenant(customer)?,
        None => ask.own_tenant()?,
    };
    ask.modify(Field::AccountExtension)?;
    let customer = ask.store().customers().get(tenant).await.map_err(|error| ask.tell("customer", error))?;
    let free = ask.store().accounts().next_extension(tenant).await.map_err(|error| ask.tell("account", error))?;
    let mut fields = fields_of(&ask, None).await?;
    fields.extension = free.map(|number| number.to_string()).unwrap_or_default();
    Ok(NewAccount { customer: customer.id, customer_name: customer.value.name, fields })
}

/// Adds an account.
///
/// # Errors
/// What is wrong with the fields; no permission to give accounts an extension; a role that permits more than the asker's.
#[server(endpoint = "account_create")]
pub async fn account_create(
    /// Whose: the customer.
    customer: CustomerId,
    /// The sign-in name.
    #[server(default)]
    sign_in: Typed,
    /// The password.
    #[server(default)]
    password: Typed,
    /// What was typed.
    #[server(flatten)]
    typed: TypedAccount,
) -> Result<Done, AppError> {
    use tandem_domain::error::FieldErrors;

    use super::account_path;
    use crate::{
        parts::sign_in_panel::{NewSignInForm, hears_no_private},
        server::ask::Ask,
    };

    let ask = Ask::now()?;
    let tenant = ask.tenant(customer)?;
    ask.modify(Field::AccountExtension)?;
    let account = typed.parse(&ask, customer, None);
    let (account, sign_in) = NewSignInForm { sign_in, password }.beside(&ask, Field::AccountSignIn, account).await?;
    // Without a sign-in nobody becomes more by the usual role.
    if sign_in.is_some() || account.role != tandem_store::roles::ACCOUNT {
        ask.gives_chosen(account.role).await?;
    }
    if sign_in.is_some() && hears_no_private(&ask) {
        let private = ask.store().sign_ins().keep_private_from_the_first(tenant).await;
        if private.map_err(|error| ask.tell("account", error))? {
            let why = "Call recordings of your accounts are for the account only. Whoever sets the first password could hear \
                       them: add the account without a sign-in, and ask your provider to give it one.";
            return Err(AppError::Invalid(FieldErrors::one("sign_in", why)));
        }
    }
    let accounts = ask.store().accounts();
    let id = accounts
        .create(tenant, &account, sign_in.as_ref(), &ask.change())
        .await
        .map_err(|error| ask.tell("account", error))?;
    Ok(Done::say("Account added").go(account_path(ask.me.audience(), id)))
}

/// The page.
pub fn new_page() -> AnyView {
    // Self-care names no customer in its address: it is the own one.
    let id = address_id();
    let data = load(move || {
        let customer = match id().as_str() {
            "" => None,
            id => Some(parse_id("customer", id)?),
        };
        Ok(AccountDraft { customer })
    });
    loaded(data, |draft| {
        let NewAccount { customer, customer_name, fields } = draft;
        let list = list_of(Owner::customer(customer));
        let sign_in = || {
            me().modifies(Field::AccountSignIn).then(|| {
                view! {
                    <Card title="Self-care sign-in" description="Optional, and can be given later.">
                        <TextField name="sign_in" label="Sign-in name" width="medium" rule=Rule::Any />
                        <PasswordField name="password" label="Password" autocomplete="new-password" width="medium"
                            help=password_help(PASSWORD_ADVICE) />
                    </Card>
                }
                .into_any()
            })
        };
        view! {
            <PageHeader title="Add account" subtitle=customer_name back_to=list.clone() />
            <NewForm to=AccountCreate::PATH button="Add account" cancel_href=list.0 fields=vec![("customer", customer.to_string())]>
                {account_inputs(fields)}
                {sign_in()}
            </NewForm>
        }
        .into_any()
    })
}
