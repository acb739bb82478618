//! A company that pays by card, at the stand-in for Stripe: what tests and measurements of payments begin with.
//!
//! The stand-in itself is `tandem-processor-sim`; here is what stands at its other sides: the [company], the
//! [payment system](add_system) that its customers pay with, and the [browser](Browser) in which they give their cards.

use tandem_billing::{
    BillingError, Systems,
    credentials::TypedCredentials,
    processor::ProcessorError,
    secret::Secret,
    stripe::{api_version, http_client},
};
use tandem_domain::{
    access::Tenant,
    billing::system::{PaymentSystem, Processor},
    customer::{Billing, Customer},
    ids::PaymentSystemId,
    locale::{Currency, Locale, TimeZone},
};
use tandem_store::{Change, Store, StoreError, classes, roles};

/// The stand-in's key of the merchant's server.
pub const SECRET_KEY: &str = "sk_test_tandem";
/// The stand-in's key of the merchant's pages.
pub const PUBLIC_KEY: &str = "pk_test_tandem";

/// A company that is billed in euros and pays afterwards. Its name is of letters, for its SIP prefix is made of it.
///
/// # Errors
/// As the records say; the name is taken.
pub async fn company(store: &Store, change: &Change<'_>, name: &str) -> Result<Tenant, StoreError> {
    let customer = Customer {
        name: name.into(),
        email: format!("office@{}.example", name.to_lowercase()),
        sip_prefix: name.to_lowercase(),
        currency: Currency::Eur,
        billing: Billing::Postpaid,
        class: classes::STANDARD,
        locale: Locale::EnGb,
        time_zone: TimeZone::default(),
        role: roles::CUSTOMER,
    };
    Ok(Tenant::for_system(store.customers().create(&customer, None, change).await?))
}

/// What an administrator types for the stand-in, with this secret of the webhooks.
#[must_use]
pub fn typed(signing_secret: &str) -> TypedCredentials {
    TypedCredentials { secret_key: Secret::new(SECRET_KEY), webhook_secret: Secret::new(signing_secret) }
}

/// Adds a payment system of the stand-in's that takes euros, with its credentials.
///
/// # Errors
/// As the records say; the name is taken, or another active system takes euros.
pub async fn add_system(
    store: &Store,
    systems: &Systems,
    change: &Change<'_>,
    (name, active): (&str, bool),
    signing_secret: &str,
) -> Result<PaymentSystemId, BillingError> {
    let system = PaymentSystem {
        name: name.into(),
        processor: Processor::Stripe,
        test_mode: true,
        currencies: vec![Currency::Eur],
        active,
        public_key: PUBLIC_KEY.into(),
    };
    let credentials = systems.check(None, &system, &typed(signing_secret)).await?;
    let id = store.payment_systems().create(change, &system).await?;
    systems.keep(change, id, &credentials).await?;
    Ok(id)
}

/// A customer's browser, as far as the processor's script in it goes.
#[derive(Debug, Clone)]
pub struct Browser {
    client: reqwest::Client,
    /// `http://HOST:PORT`.
    stripe: String,
}

impl Browser {
    /// One that talks to the stand-in there.
    ///
    /// # Errors
    /// There is no way to talk HTTP.
    pub fn new(stripe: &str) -> Result<Self, ProcessorError> {
        Ok(Self { client: http_client()?, stripe: stripe.to_owned() })
    }

    /// Gives a card for a payment, or to be saved. Tells the answer's status; `None`: the connection broke.
    pub async fn give_card(&self, client_secret: &str, number: &str) -> Option<u16> {
        let id = client_secret.split("_secret_").next().unwrap_or_default();
        let kind = if id.starts_with("seti_") { "setup_intents" } else { "payment_intents" };
        let fields = [
            ("key", PUBLIC_KEY),
            ("client_secret", client_secret),
            ("payment_method_data[type]", "card"),
            ("payment_method_data[card][number]", number),
            ("payment_method_data[card][exp_month]", "12"),
            ("payment_method_data[card][exp_year]", "2034"),
            ("payment_method_data[card][cvc]", "123"),
            ("return_url", "https://tandem.example/self-care/payments/return"),
        ];
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = self
            .client
            .post(format!("{}/v1/{kind}/{id}/confirm", self.stripe))
            .header("content-type", "application/x-www-form-urlencoded")
            .header("stripe-version", api_version());
        Some(request.body(body).send().await.ok()?.status().as_u16())
    }
}
