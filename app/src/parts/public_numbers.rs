//! Public numbers: which of a customer's extensions rings when the world dials one. The provider gives them; the customer
//! sees what it has.

use leptos::{prelude::*, server_fn::ServerFn};
#[cfg(feature = "ssr")]
use tandem_domain::access::{Audience, Field};
use tandem_domain::{field::Rule, ids::CustomerId};

use crate::{
    error::AppError,
    listing::{ListArgs, Listing},
    post::{Done, Typed},
    ui::{Card, ConfirmButton, NewForm, PostForm, TextField},
};

/// What a public number is called in an answer.
#[cfg(feature = "ssr")]
const WHAT: &str = "public number";

/// A page of a customer's public numbers.
///
/// # Errors
/// No such customer; without the permission to see them.
#[server(endpoint = "public_number_list")]
pub async fn public_number_list(
    /// Whose.
    customer: CustomerId,
    /// What the address asks for.
    #[server(default)]
    args: ListArgs,
) -> Result<Listing, AppError> {
    use tandem_domain::access::Scope;

    use crate::{
        listing::{Cell, Column, ListRow},
        server::ask::Ask,
    };

    let ask = Ask::now()?;
    let tenant = ask.tenant(customer)?;
    ask.see(Field::PublicNumbers)?;
    let query = args.query(());
    let page = ask.store().public_numbers().list(Scope::of(tenant), &query).await;
    let page = page.map_err(|error| ask.tell(WHAT, error))?;
    if page.rows.is_empty() {
        // It has none, or there is no such customer.
        ask.store().customers().get(tenant).await.map_err(|error| ask.tell("customer", error))?;
    }
    let may_remove = ask.me.audience() == Audience::Administrator && ask.me.modifies(Field::PublicNumbers);
    let columns = ["Number", "Rings", "Extension"].map(Column::plain).into();
    Ok(Listing::of(columns, page, |row| {
        let (name, number) = match row.is_huntgroup {
            true => (Field::Huntgroups, Field::Huntgroups),
            false => (Field::AccountProfile, Field::AccountExtension),
        };
        let rings = match row.extension {
            None => "Nobody".to_owned(),
            Some(_) if ask.me.sees(name) => row.name,
            Some(_) => "Somebody".to_owned(),
        };
        let digits = row.number.as_str().trim_start_matches('+');
        let href = may_remove.then(|| format!("/admin/customers/{customer}/numbers?number={digits}"));
        let extension = row.extension.filter(|_| ask.me.sees(number)).map(|extension| extension.to_string());
        let extension = extension.unwrap_or_default();
        let cells = vec![Cell::Figures(row.number.to_string()), Cell::Text(rings), Cell::Figures(extension)];
        ListRow { href, cells }
    }))
}

/// Gives a customer a public number.
///
/// # Errors
/// What is wrong with the fields; no such customer; for others than the provider's staff.
#[server(endpoint = "public_number_add")]
pub async fn public_number_add(
    /// Whose.
    customer: CustomerId,
    /// The number, international.
    #[server(default)]
    number: Typed,
    /// The extension that it rings.
    #[server(default)]
    extension: Typed,
) -> Result<Done, AppError> {
    use tandem_domain::{
        error::FieldErrors,
        numbers::{ExtensionNumber, PhoneNumber},
    };

    use crate::server::ask::Ask;

    let ask = Ask::now()?;
    let tenant = ask.tenant(customer)?;
    gives_numbers(&ask)?;
    let mut errors = FieldErrors::default();
    let number = errors.take("number", number.or("").parse::<PhoneNumber>().map_err(Into::into));
    let extension = errors.take("extension", extension.or("").parse::<ExtensionNumber>().map_err(Into::into));
    let (Some(number), Some(extension)) = (number, extension) else { return Err(errors.into()) };
    let created = ask.store().public_numbers().create(tenant, &number, &extension, &ask.change()).await;
    created.map_err(|error| ask.tell("customer", error))?;
    Ok(Done::say(format!("{number} rings {extension} now")).go(format!("/admin/customers/{customer}/numbers")))
}

/// Takes a public number from a customer.
///
/// # Errors
/// No such number of this customer; for others than the provider's staff.
#[server(endpoint = "public_number_remove")]
pub async fn public_number_remove(
    /// Whose.
    customer: CustomerId,
    /// The number.
    number: String,
) -> Result<Done, AppError> {
    use tandem_domain::numbers::PhoneNumber;

    use crate::server::ask::Ask;

    let ask = Ask::now()?;
    let tenant = ask.tenant(customer)?;
    gives_numbers(&ask)?;
    let number: PhoneNumber = number.parse().map_err(|_| AppError::NotFound(WHAT.into()))?;
    let deleted = ask.store().public_numbers().delete(tenant, &number, &ask.change()).await;
    deleted.map_err(|error| ask.tell(WHAT, error))?;
    Ok(Done::say(format!("{number} removed")).go(format!("/admin/customers/{customer}/numbers")))
}

/// Goes on only for the provider's staff, whatever a customer's role says: who takes a number takes the calls to it.
#[cfg(feature = "ssr")]
fn gives_numbers(ask: &crate::server::ask::Ask) -> Result<(), AppError> {
    match ask.me.audience() {
        Audience::Administrator => ask.modify(Field::PublicNumbers),
        Audience::Customer | Audience::Account => Err(AppError::forbidden(Field::PublicNumbers)),
    }
}

/// The form of another number.
pub fn new_number_form(customer: CustomerId, list: String) -> AnyView {
    view! {
        <NewForm to=PublicNumberAdd::PATH button="Add number" cancel_href=list fields=vec![("customer", customer.to_string())]>
            <Card title="Public number">
                <TextField name="number" label="Number" required=true kind="tel" width="medium"
                    help="International, such as +32 2 555 07 00." />
                <TextField name="extension" label="Rings extension" rule=Rule::Extension required=true kind="tel" width="medium"
                    help="Of a person, a device or a huntgroup." />
            </Card>
        </NewForm>
    }
    .into_any()
}

/// Taking a number away.
pub fn remove_number_card(customer: CustomerId, number: String) -> AnyView {
    let fields = vec![("customer", customer.to_string()), ("number", number.clone())];
    let title = format!("Remove {number}?");
    view! {
        <Card title=number>
            <PostForm to=PublicNumberRemove::PATH fields=fields>
                <ConfirmButton
                    label="Remove number"
                    title=title
                    text="Calls to it are not answered any more. It can then be given to another customer."
                    confirm="Remove"
                    danger=true
                />
            </PostForm>
        </Card>
    }
    .into_any()
}
