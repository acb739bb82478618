//! The list of customers, and a new one.

use leptos::{prelude::*, server_fn::ServerFn};
use serde::{Deserialize, Serialize};
use tandem_domain::{
    access::Field,
    sign_in::{PASSWORD_ADVICE, password_help},
    status::Status,
};

use super::customer::{CustomerFields, TypedCustomer, customer_inputs};
use crate::{
    context::me,
    data::{load, loaded},
    error::AppError,
    listing::{ListArgs, Listing},
    post::{Done, Typed},
    ui::{Card, Filter, ListPage, NewForm, PageHeader, PasswordField, SelectField, TextField, list_args},
};

/// A page of customers. Filters: `status`, `class`.
///
/// # Errors
/// Without permission to see customers.
#[server(endpoint = "customer_list")]
pub async fn customer_list(
    /// What the address asks for.
    args: ListArgs,
) -> Result<Listing, AppError> {
    use tandem_store::customers::{CustomerFilters, CustomerSort};

    use crate::{
        listing::{Cell, Column, ListRow},
        parts::status_panel::status_tone,
        server::ask::Ask,
    };

    let ask = Ask::now()?;
    let scope = ask.scope()?;
    ask.see(Field::CustomerName)?;
    let me = &ask.me;
    let (prefix, class) = (me.sees(Field::CustomerSipPrefix), me.sees(Field::CustomerBilling));
    let (email, status) = (me.sees(Field::CustomerEmail), me.sees(Field::CustomerStatus));
    let filters = CustomerFilters {
        status: Status::from_key(args.filter("status")).filter(|_| status),
        class: args.filter("class").parse().ok().filter(|_| class),
        email_hidden: !email,
        sip_prefix_hidden: !prefix,
    };
    let sort = match CustomerSort::from_key(&args.sort) {
        // Nor do the rows stand in the order of what is not shown.
        CustomerSort::Status if !status => CustomerSort::default(),
        sort => sort,
    };
    let query = args.query(sort);
    let page =
        ask.store().customers().list(scope, &query, &filters).await.map_err(|error| ask.tell("customer", error))?;
    let mut columns = vec![Column::sorted("Name", "name")];
    columns.extend(prefix.then(|| Column::plain("SIP prefix")));
    columns.extend(class.then(|| Column::plain("Class")));
    columns.extend(email.then(|| Column::plain("E-mail")));
    columns.extend([Column::plain("Accounts"), Column::sorted("Added", "created")]);
    columns.extend(status.then(|| Column::sorted("Status", "status")));
    Ok(Listing::of(columns, page, |row| {
        let mut cells = vec![Cell::Text(row.name)];
        cells.extend(prefix.then_some(Cell::Figures(row.sip_prefix)));
        cells.extend(class.then_some(Cell::Text(row.class)));
        cells.extend(email.then_some(Cell::Text(row.email)));
        cells.extend([Cell::Figures(row.accounts.to_string()), Cell::Figures(day(&ask, row.created_at))]);
        cells.extend(status.then(|| Cell::Badge(status_tone(row.status), row.status.label().into())));
        ListRow { href: Some(format!("/admin/customers/{}", row.id)), cells }
    }))
}

/// The day of a moment, as the person who asks reads it.
#[cfg(feature = "ssr")]
fn day(ask: &crate::server::ask::Ask, at: tandem_domain::ids::Timestamp) -> String {
    use crate::server::format;

    format::day(&format::today(at, &ask.me.time_zone), ask.me.locale)
}

/// The classes that the list can be filtered by: id and name.
///
/// # Errors
/// Faults on our side; for a role that may not see classes of customers there are none.
#[server(endpoint = "customer_list_classes")]
pub async fn customer_list_classes() -> Result<Vec<(String, String)>, AppError> {
    use crate::server::ask::Ask;

    let ask = Ask::now()?;
    ask.see(Field::CustomerName)?;
    if !ask.me.sees(Field::CustomerBilling) {
        return Ok(Vec::new());
    }
    let classes = ask.store().classes().choices().await.map_err(|error| ask.tell("customer class", error))?;
    Ok(classes.into_iter().map(|(id, name)| (id.to_string(), name)).collect())
}

/// What the form of a new customer starts with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewCustomer {
    /// The fields, with the usual values.
    pub fields: CustomerFields,
    /// The role of the customer's own sign-in.
    pub role: String,
    /// The roles to choose from: id and name.
    pub roles: Vec<(String, String)>,
}

/// What the form of a new customer starts with.
///
/// # Errors
/// No permission to add customers.
#[server(endpoint = "customer_draft")]
pub async fn customer_draft() -> Result<NewCustomer, AppError> {
    use tandem_domain::access::Audience;

    use super::customer::fields_of;
    use crate::server::ask::Ask;

    let ask = Ask::now()?;
    ask.scope()?;
    may_add(&ask)?;
    let blank = blank();
    let fields = fields_of(&ask, &blank).await?;
    let roles = ask.role_choices(Audience::Customer, Some(blank.role)).await?;
    Ok(NewCustomer { fields, role: blank.role.to_string(), roles })
}

/// Adds a customer.
///
/// # Errors
/// What is wrong with the fields; a role that permits more than the asker's; no permission to add customers.
#[server(endpoint = "customer_create")]
pub async fn customer_create(
    /// The sign-in name.
    #[server(default)]
    sign_in: Typed,
    /// The password.
    #[server(default)]
    password: Typed,
    /// The access role.
    #[server(default)]
    role: Typed,
    /// What was typed.
    #[server(flatten)]
    typed: TypedCustomer,
) -> Result<Done, AppError> {
    use crate::{
        parts::{address::parse_id, sign_in_panel::NewSignInForm},
        server::ask::Ask,
    };

    let ask = Ask::now()?;
    may_add(&ask)?;
    let mut blank = blank();
    let usual_role = blank.role;
    let chosen = ask.merge(Field::CustomerSignIn, role.0, &blank.role.to_string())?;
    blank.role = parse_id("access role", &chosen)?;
    let customer = typed.parse(&ask, &blank);
    let (customer, sign_in) = NewSignInForm { sign_in, password }.beside(&ask, Field::CustomerSignIn, customer).await?;
    if sign_in.is_some() || customer.role != usual_role {
        ask.gives_chosen(customer.role).await?;
    }
    let customers = ask.store().customers();
    let id = customers
        .create(&customer, sign_in.as_ref(), &ask.change())
        .await
        .map_err(|error| ask.tell("customer", error))?;
    Ok(Done::say("Customer added").go(format!("/admin/customers/{id}")))
}

/// Whoever adds a customer gives it a name and a SIP prefix.
#[cfg(feature = "ssr")]
fn may_add(ask: &crate::server::ask::Ask) -> Result<(), AppError> {
    ask.modify(Field::CustomerName)?;
    ask.modify(Field::CustomerSipPrefix)
}

/// What a customer is before anything is typed.
#[cfg(feature = "ssr")]
fn blank() -> tandem_domain::customer::Customer {
    use tandem_domain::{
        customer::{Billing, Customer},
        locale::{Currency, Locale, TimeZone},
    };

    Customer {
        name: String::new(),
        email: String::new(),
        sip_prefix: String::new(),
        currency: Currency::default(),
        billing: Billing::default(),
        class: tandem_store::classes::STANDARD,
        locale: Locale::default(),
        time_zone: TimeZone::default(),
        role: tandem_store::roles::CUSTOMER,
    }
}

/// The list.
#[component]
pub fn CustomersPage() -> impl IntoView {
    let args = list_args();
    let listing = load(move || Ok(CustomerList { args: args.get() }));
    let classes = load(|| Ok(CustomerListClasses {}));
    let may_add = me().modifies(Field::CustomerName) && me().modifies(Field::CustomerSipPrefix);
    loaded(classes, move |classes| {
        let statuses = Status::ALL.map(|status| (status.key().to_owned(), status.label().to_owned())).to_vec();
        let mut filters = Vec::new();
        if me().sees(Field::CustomerStatus) {
            filters.push(Filter { name: "status", label: "Status", options: statuses });
        }
        if !classes.is_empty() {
            filters.push(Filter { name: "class", label: "Class", options: classes });
        }
        view! {
            <ListPage
                title="Customers"
                description="Companies that buy telephony, each with its accounts."
                listing=listing
                args=args
                noun=("customer", "customers")
                filters=filters
                new=may_add.then(|| ("/admin/customers/new".to_owned(), "Add customer".to_owned()))
                empty=("No customers yet", "Add the first one, then give it accounts.")
                search_in="name, e-mail or SIP prefix"
            />
        }
        .into_any()
    })
}

/// A new customer.
#[component]
pub fn NewCustomerPage() -> impl IntoView {
    let draft = load(|| Ok(CustomerDraft {}));
    loaded(draft, |draft| {
        let NewCustomer { fields, role, roles } = draft;
        let sign_in = || {
            me().modifies(Field::CustomerSignIn).then(|| {
            view! {
                <Card title="Self-care sign-in" description="Optional: for the company’s own administrator. It can be given later.">
                    <TextField name="sign_in" label="Sign-in name" width="medium" />
                    <PasswordField name="password" label="Password" autocomplete="new-password" width="medium"
                        help=password_help(PASSWORD_ADVICE) />
                    <SelectField name="role" label="Access role" value=role options=roles width="medium"
                        help="What this sign-in may see and change in self-care." />
                </Card>
            }.into_any()
        })
        };
        view! {
            <PageHeader title="Add customer" back=("/admin/customers", "Customers") />
            <NewForm to=CustomerCreate::PATH button="Add customer" cancel_href="/admin/customers">
                {customer_inputs(fields)}
                {sign_in()}
            </NewForm>
        }
        .into_any()
    })
}
