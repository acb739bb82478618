//! A customer's general data.

use leptos::{prelude::*, server_fn::ServerFn};
use serde::{Deserialize, Serialize};
use tandem_domain::{
    access::Field,
    customer::Billing,
    field::Rule,
    ids::{CustomerId, Version},
    locale::Currency,
};

use super::head::{CustomerHead, WHAT, customer_frame};
use crate::{
    context::me,
    data::{load, loaded},
    error::AppError,
    parts::{address::of_address, locale_fields::locale_fields},
    post::{Done, Typed},
    ui::{Card, EditForm, SelectField, TextField},
};

/// The fields of a customer, as its form shows them; empty where the reader may not see them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomerFields {
    /// The company's name.
    pub name: String,
    /// The e-mail address.
    pub email: String,
    /// The SIP prefix.
    pub sip_prefix: String,
    /// The currency's code.
    pub currency: String,
    /// Prepaid or postpaid: the key.
    pub billing: String,
    /// The class's id.
    pub class: String,
    /// The classes to choose from: id and name.
    pub classes: Vec<(String, String)>,
    /// The locale's tag.
    pub locale: String,
    /// The time zone's name.
    pub time_zone: String,
}

/// A customer as its general page shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomerGeneral {
    /// What is around it.
    pub head: CustomerHead,
    /// The version that an edit starts from.
    pub version: Version,
    /// Its fields.
    pub fields: CustomerFields,
}

/// A customer's general data.
///
/// # Errors
/// No such customer.
#[server(endpoint = "customer_read")]
pub async fn customer_read(
    /// Which.
    id: CustomerId,
) -> Result<CustomerGeneral, AppError> {
    use super::head::FoundCustomer;
    use crate::server::ask::Ask;

    let ask = Ask::now()?;
    let found = FoundCustomer::load(&ask, id).await?;
    let fields = server::fields_of(&ask, &found.stored.value).await?;
    Ok(CustomerGeneral { head: found.head(&ask), version: found.stored.version, fields })
}

/// Saves a customer's general data. What is not sent stays.
///
/// # Errors
/// What is wrong with the fields; somebody else saved meanwhile; a change of a field that the role does not permit.
#[server(endpoint = "customer_save")]
pub async fn customer_save(
    /// Which.
    id: CustomerId,
    /// The version that the edit starts from.
    version: Version,
    /// What was typed.
    #[server(flatten)]
    typed: TypedCustomer,
) -> Result<Done, AppError> {
    use super::head::FoundCustomer;
    use crate::server::ask::Ask;

    let ask = Ask::now()?;
    let found = FoundCustomer::load(&ask, id).await?;
    let customer = typed.parse(&ask, &found.stored.value)?;
    let version = found.stored.basis(version);
    let saved = ask.store().customers().update(found.tenant, version, &customer, &ask.change()).await;
    saved.map_err(|error| ask.tell(WHAT, error))?;
    Ok(Done::say("Customer saved"))
}

/// What the form of a customer sent. What is not there was shown disabled, or not at all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TypedCustomer {
    name: Typed,
    email: Typed,
    sip_prefix: Typed,
    currency: Typed,
    billing: Typed,
    class: Typed,
    locale: Typed,
    time_zone: Typed,
}

/// The permissions of the form's fields.
const EDITED: [Field; 5] = [
    Field::CustomerName,
    Field::CustomerEmail,
    Field::CustomerSipPrefix,
    Field::CustomerBilling,
    Field::CustomerLocale,
];

/// The general tab.
#[component]
pub fn CustomerPage() -> impl IntoView {
    let data = load(of_address(WHAT, |id| CustomerRead { id }));
    loaded(data, |general| {
        let CustomerGeneral { head, version, fields } = general;
        let editable = EDITED.iter().any(|field| me().modifies(*field));
        let form = view! {
            <EditForm to=CustomerSave::PATH version=version fields=vec![("id", head.id.to_string())] editable=editable>
                {customer_inputs(fields)}
            </EditForm>
        };
        customer_frame(&head, form.into_any())
    })
}

/// The inputs of a customer, for the form that is around them.
pub(in crate::pages::admin) fn customer_inputs(fields: CustomerFields) -> AnyView {
    let CustomerFields { name, email, sip_prefix, currency, billing, class, classes, locale, time_zone } = fields;
    let currencies = Currency::ALL.map(|currency| (currency.code().to_owned(), currency.code().to_owned())).to_vec();
    let billings = Billing::ALL.map(|billing| (billing.key().to_owned(), billing.label().to_owned())).to_vec();
    view! {
        <Card title="General">
            <TextField name="name" label="Name" value=name field=Field::CustomerName rule=Rule::Name required=true width="medium" />
            <TextField name="email" label="E-mail" value=email field=Field::CustomerEmail rule=Rule::OptionalEmail kind="email"
                width="medium" help="Where invoices and notices go." />
            <TextField name="sip_prefix" label="SIP prefix" value=sip_prefix field=Field::CustomerSipPrefix rule=Rule::SipPrefix
                required=true width="medium" help="Phones register as prefix and extension, such as abc744." />
        </Card>
        {me().sees(Field::CustomerBilling).then(|| view! {
            <Card title="Billing">
                <SelectField name="class" label="Customer class" value=class options=classes field=Field::CustomerBilling
                    width="medium" help="Decides which e-mails its people get." />
                <SelectField name="billing" label="Balance" value=billing options=billings field=Field::CustomerBilling width="short"
                    help="Prepaid: from a balance. Postpaid: by invoice." />
                <SelectField name="currency" label="Currency" value=currency options=currencies field=Field::CustomerBilling width="short" />
            </Card>
        }.into_any())}
        {me().sees(Field::CustomerLocale).then(|| view! {
            <Card title="Language and time zone" description="How dates and numbers are shown to its people, and when its days begin.">
                {locale_fields(locale, time_zone, Some(Field::CustomerLocale), "")}
            </Card>
        }.into_any())}
    }
    .into_any()
}

#[cfg(feature = "ssr")]
pub(in crate::pages::admin) mod server {
    use tandem_domain::{
        access::Field,
        customer::{Billing, Customer},
        error::{FieldError, FieldErrors},
        field,
        ids::ClassId,
        locale::Currency,
    };

    use super::{CustomerFields, TypedCustomer, WHAT};
    use crate::{
        error::AppError,
        server::{ask::Ask, format},
    };

    impl TypedCustomer {
        /// The customer to keep: what was typed, and what is stored where nothing was sent.
        ///
        /// # Errors
        /// What is wrong, per field; a change of a field that the role does not permit.
        pub(in crate::pages::admin) fn parse(self, ask: &Ask, stored: &Customer) -> Result<Customer, AppError> {
            let mut errors = FieldErrors::default();
            let (billed, worded) = (Field::CustomerBilling, Field::CustomerLocale);
            let name = ask.merge(Field::CustomerName, self.name.0, &stored.name)?;
            let email = ask.merge(Field::CustomerEmail, self.email.0, &stored.email)?;
            let sip_prefix = ask.merge(Field::CustomerSipPrefix, self.sip_prefix.0, &stored.sip_prefix)?;
            let currency = ask.merge(billed, self.currency.0, stored.currency.code())?;
            let billing = ask.merge(billed, self.billing.0, stored.billing.key())?;
            let class = ask.merge(billed, self.class.0, &stored.class.to_string())?;
            let locale = ask.merge(worded, self.locale.0, stored.locale.tag())?;
            let time_zone = ask.merge(worded, self.time_zone.0, stored.time_zone.as_str())?;

            let choose = |what: &str| FieldError::new(format!("Choose a {what} from the list."));
            let name = errors.take("name", field::name(&name));
            let email = errors.take("email", field::optional_email(&email));
            let sip_prefix = errors.take("sip_prefix", field::sip_prefix(&sip_prefix));
            let currency = errors.take("currency", Currency::from_code(&currency).ok_or_else(|| choose("currency")));
            let billing = errors.take("billing", Billing::from_key(&billing).ok_or_else(|| choose("way to pay")));
            let class = errors.take("class", class.parse::<ClassId>().map_err(|_| choose("customer class")));
            let locale = errors.take("locale", format::known_locale(&locale));
            let time_zone = errors.take("time_zone", format::known_zone(&time_zone));
            let (
                Some(name),
                Some(email),
                Some(sip_prefix),
                Some(currency),
                Some(billing),
                Some(class),
                Some(locale),
                Some(time_zone),
            ) = (name, email, sip_prefix, currency, billing, class, locale, time_zone)
            else {
                return Err(errors.into());
            };
            Ok(Customer { name, email, sip_prefix, currency, billing, class, locale, time_zone, role: stored.role })
        }
    }

    /// The fields as the form shows them, without what the person who asks may not see.
    pub(in crate::pages::admin) async fn fields_of(ask: &Ask, customer: &Customer) -> Result<CustomerFields, AppError> {
        let seen = |field: Field, text: &str| if ask.me.sees(field) { text.to_owned() } else { String::new() };
        let mut fields = CustomerFields {
            name: seen(Field::CustomerName, &customer.name),
            email: seen(Field::CustomerEmail, &customer.email),
            sip_prefix: seen(Field::CustomerSipPrefix, &customer.sip_prefix),
            currency: seen(Field::CustomerBilling, customer.currency.code()),
            billing: seen(Field::CustomerBilling, customer.billing.key()),
            locale: seen(Field::CustomerLocale, customer.locale.tag()),
            time_zone: seen(Field::CustomerLocale, customer.time_zone.as_str()),
            ..CustomerFields::default()
        };
        if ask.me.sees(Field::CustomerBilling) {
            let classes = ask.store().classes().choices().await.map_err(|error| ask.tell(WHAT, error))?;
            fields.class = customer.class.to_string();
            fields.classes = classes.into_iter().map(|(id, name)| (id.to_string(), name)).collect();
        }
        Ok(fields)
    }
}
