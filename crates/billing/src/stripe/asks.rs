//! Which request of Stripe's says what we want? Everything that is sent is made here, by async-stripe's builders, of
//! stored data alone: the same payment makes the same request each time.

use std::collections::HashMap;

use stripe_client_core::{RequestBuilder, StripeMethod, StripeRequest};
use stripe_core::{
    balance::RetrieveForMyAccountBalance,
    customer::CreateCustomer,
    payment_intent::{
        CancelPaymentIntent, CancelPaymentIntentCancellationReason, ConfirmPaymentIntent,
        ConfirmPaymentIntentOffSession, CreatePaymentIntent, CreatePaymentIntentAutomaticPaymentMethods,
        CreatePaymentIntentAutomaticPaymentMethodsAllowRedirects, CreatePaymentIntentOffSession, ListPaymentIntent,
        RetrievePaymentIntent,
    },
    refund::{CreateRefund, ListRefund, RetrieveRefund},
    setup_intent::{
        CreateSetupIntent, CreateSetupIntentAutomaticPaymentMethods,
        CreateSetupIntentAutomaticPaymentMethodsAllowRedirects, CreateSetupIntentUsage, RetrieveSetupIntent,
    },
};
use stripe_payment::payment_method::{DetachPaymentMethod, RetrievePaymentMethod};
use stripe_shared::PaymentIntentSetupFutureUsage;
use stripe_types::{RangeBoundsTs, RangeQueryTs};
use tandem_domain::{
    ids::{CustomerId, SetupId},
    locale::Currency,
};

use crate::processor::{Confirm, NewIntent, NewPayer, NewRefund, ProcessorError};

/// Our payment, in a PaymentIntent's metadata.
pub(super) const PAYMENT: &str = "payment";
/// Our setup, in a SetupIntent's metadata.
pub(super) const SETUP: &str = "setup";
/// Our customer, in a Customer's and a SetupIntent's metadata.
pub(super) const CUSTOMER: &str = "customer";
/// Our refund, in a Refund's metadata.
pub(super) const REFUND: &str = "refund";

/// Characters of a description that are sent; Stripe shows the first of them.
const DESCRIPTION_MAX: usize = 200;
/// Characters of a name or an address, as Stripe takes them.
const NAME_MAX: usize = 256;
/// Characters of one of Stripe's ids at most (its reference says 255).
const ID_MAX: usize = 255;

/// What a PaymentIntent is asked for with: its charge for what was given back, its method for what is shown.
fn expanded(prefix: &str) -> Vec<String> {
    vec![format!("{prefix}latest_charge"), format!("{prefix}payment_method")]
}

pub(super) fn balance() -> RequestBuilder {
    RetrieveForMyAccountBalance::new().build()
}

/// "Retrieve account" without an id: that of the key. Its builder would need async-stripe's part for Connect, of which we have
/// nothing else; it takes no parameter.
pub(super) fn account() -> RequestBuilder {
    RequestBuilder::new(StripeMethod::Get, "/account")
}

pub(super) fn create_customer(payer: &NewPayer) -> RequestBuilder {
    let mut customer = CreateCustomer::new()
        .name(cut(&payer.name, NAME_MAX))
        .metadata(HashMap::from([(CUSTOMER.to_owned(), payer.customer.to_string())]));
    if !payer.email.is_empty() {
        customer = customer.email(cut(&payer.email, NAME_MAX));
    }
    customer.build()
}

pub(super) fn create(new: &NewIntent) -> Result<RequestBuilder, ProcessorError> {
    let mut methods = CreatePaymentIntentAutomaticPaymentMethods::new(true);
    if new.off_session {
        // Nobody is there to be sent elsewhere. (A card's 3-D Secure is no such redirect.)
        methods.allow_redirects = Some(CreatePaymentIntentAutomaticPaymentMethodsAllowRedirects::Never);
    }
    let mut intent = CreatePaymentIntent::new(new.amount.minor, currency(new.amount.currency))
        .automatic_payment_methods(methods)
        .customer(new.payer.as_str())
        .metadata(HashMap::from([(PAYMENT.to_owned(), new.payment.to_string())]))
        .expand(expanded(""));
    if !new.description.is_empty() {
        intent = intent.description(cut(&new.description, DESCRIPTION_MAX));
    }
    if new.save_method {
        intent = intent.setup_future_usage(PaymentIntentSetupFutureUsage::OffSession);
    }
    if let Some(method) = &new.charge {
        intent =
            intent.payment_method(id(method, "")?).confirm(true).off_session(CreatePaymentIntentOffSession::Bool(true));
    }
    Ok(intent.build())
}

pub(super) fn retrieve(reference: &str) -> Result<RequestBuilder, ProcessorError> {
    Ok(RetrievePaymentIntent::new(id(reference, "pi_")?).expand(expanded("")).build())
}

pub(super) fn list(payer: Option<&str>, (from, to): (i64, i64), after: Option<&str>) -> RequestBuilder {
    let created = RangeBoundsTs { gte: Some(from), lte: Some(to), ..RangeBoundsTs::default() };
    let mut list = ListPaymentIntent::new().created(RangeQueryTs::Bounds(created)).limit(100).expand(expanded("data."));
    if let Some(payer) = payer {
        list = list.customer(payer);
    }
    if let Some(after) = after {
        list = list.starting_after(after);
    }
    list.build()
}

pub(super) fn confirm(confirm: &Confirm) -> Result<RequestBuilder, ProcessorError> {
    let request = ConfirmPaymentIntent::new(id(&confirm.reference, "pi_")?)
        .payment_method(id(&confirm.method, "")?)
        .expand(expanded(""));
    let request = match &confirm.return_url {
        Some(url) => request.return_url(url.as_str()),
        None => request.off_session(ConfirmPaymentIntentOffSession::Bool(true)),
    };
    Ok(request.build())
}

pub(super) fn cancel(reference: &str) -> Result<RequestBuilder, ProcessorError> {
    let cancel = CancelPaymentIntent::new(id(reference, "pi_")?)
        .cancellation_reason(CancelPaymentIntentCancellationReason::Abandoned)
        .expand(expanded(""));
    Ok(cancel.build())
}

pub(super) fn refund(new: &NewRefund) -> Result<RequestBuilder, ProcessorError> {
    let refund = CreateRefund::new()
        .payment_intent(id(&new.reference, "pi_")?)
        .amount(new.amount.minor)
        .metadata(HashMap::from([(REFUND.to_owned(), new.refund.to_string())]));
    Ok(refund.build())
}

pub(super) fn retrieve_refund(reference: &str) -> Result<RequestBuilder, ProcessorError> {
    Ok(RetrieveRefund::new(id(reference, "")?).build())
}

pub(super) fn list_refunds(payment: &str, after: Option<&str>) -> Result<RequestBuilder, ProcessorError> {
    let mut list = ListRefund::new().payment_intent(id(payment, "pi_")?).limit(100);
    if let Some(after) = after {
        list = list.starting_after(after);
    }
    Ok(list.build())
}

pub(super) fn create_setup(setup: SetupId, customer: CustomerId, payer: &str) -> RequestBuilder {
    let mut methods = CreateSetupIntentAutomaticPaymentMethods::new(true);
    methods.allow_redirects = Some(CreateSetupIntentAutomaticPaymentMethodsAllowRedirects::Never);
    CreateSetupIntent::new()
        .automatic_payment_methods(methods)
        .customer(payer)
        .usage(CreateSetupIntentUsage::OffSession)
        .metadata(HashMap::from([(SETUP.to_owned(), setup.to_string()), (CUSTOMER.to_owned(), customer.to_string())]))
        .expand(vec!["payment_method".to_owned()])
        .build()
}

pub(super) fn retrieve_setup(reference: &str) -> Result<RequestBuilder, ProcessorError> {
    Ok(RetrieveSetupIntent::new(id(reference, "seti_")?).expand(vec!["payment_method".to_owned()]).build())
}

pub(super) fn retrieve_method(reference: &str) -> Result<RequestBuilder, ProcessorError> {
    Ok(RetrievePaymentMethod::new(id(reference, "")?).build())
}

pub(super) fn detach(reference: &str) -> Result<RequestBuilder, ProcessorError> {
    Ok(DetachPaymentMethod::new(id(reference, "")?).build())
}

/// Something that can stand in a path: what comes back from the browser may be anything. What is none is not there.
fn id<'a>(text: &'a str, prefix: &str) -> Result<&'a str, ProcessorError> {
    let is_id = !text.is_empty()
        && text.len() <= ID_MAX
        && text.starts_with(prefix)
        && text.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'_');
    if is_id { Ok(text) } else { Err(ProcessorError::NotFound { request: "none".to_owned() }) }
}

/// A currency as Stripe writes it.
fn currency(currency: Currency) -> stripe_types::Currency {
    match currency {
        Currency::Eur => stripe_types::Currency::EUR,
        Currency::Usd => stripe_types::Currency::USD,
        Currency::Gbp => stripe_types::Currency::GBP,
        Currency::Chf => stripe_types::Currency::CHF,
        Currency::Pln => stripe_types::Currency::PLN,
        Currency::Jpy => stripe_types::Currency::JPY,
    }
}

fn cut(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}

#[cfg(test)]
mod tests {
    use tandem_domain::{ids::PaymentId, money::Money};
    use uuid::Uuid;

    use super::*;

    fn new(off_session: bool) -> NewIntent {
        NewIntent {
            payment: PaymentId(Uuid::from_u128(1)),
            amount: Money::new(12_000, Currency::Eur),
            payer: "cus_1".into(),
            save_method: !off_session,
            off_session,
            description: "Invoice INV-000001".into(),
            charge: off_session.then(|| "pm_1".to_owned()),
            anew: false,
        }
    }

    /// The pairs of a body or a query, sorted, with their names as they are meant.
    fn pairs(text: Option<&String>) -> Vec<(String, String)> {
        let mut pairs: Vec<(String, String)> =
            url::form_urlencoded::parse(text.unwrap().as_bytes()).into_owned().collect();
        pairs.sort();
        pairs
    }

    fn expect(some: &[(&str, &str)]) -> Vec<(String, String)> {
        let mut pairs: Vec<(String, String)> = some.iter().map(|&(a, b)| (a.into(), b.into())).collect();
        pairs.sort();
        pairs
    }

    #[test]
    fn a_payment_is_created_with_what_the_api_reference_has_for_it() {
        let request = create(&new(false)).unwrap();
        assert_eq!(request.path, "/payment_intents");
        let expected = [
            ("amount", "12000"),
            ("automatic_payment_methods[enabled]", "true"),
            ("currency", "eur"),
            ("customer", "cus_1"),
            ("description", "Invoice INV-000001"),
            ("expand[0]", "latest_charge"),
            ("expand[1]", "payment_method"),
            ("metadata[payment]", "00000000-0000-0000-0000-000000000001"),
            ("setup_future_usage", "off_session"),
        ];
        assert_eq!(pairs(request.body.as_ref()), expect(&expected));
    }

    #[test]
    fn a_saved_card_is_charged_without_the_customer() {
        let created = pairs(create(&new(true)).unwrap().body.as_ref());
        for (name, value) in [
            ("automatic_payment_methods[allow_redirects]", "never"),
            ("confirm", "true"),
            ("off_session", "true"),
            ("payment_method", "pm_1"),
        ] {
            assert!(created.contains(&(name.into(), value.into())), "{name}: {created:?}");
        }
        let again = |return_url: Option<&str>| Confirm {
            payment: PaymentId(Uuid::from_u128(1)),
            reference: "pi_1".into(),
            method: "pm_1".into(),
            attempt: "2".into(),
            return_url: return_url.map(|url| url.parse().unwrap()),
        };
        let request = confirm(&again(None)).unwrap();
        assert_eq!(request.path, "/payment_intents/pi_1/confirm");
        let expected = [
            ("expand[0]", "latest_charge"),
            ("expand[1]", "payment_method"),
            ("off_session", "true"),
            ("payment_method", "pm_1"),
        ];
        assert_eq!(pairs(request.body.as_ref()), expect(&expected));
        let request = confirm(&again(Some("https://tandem.example/return?payment=1"))).unwrap();
        let expected = [
            ("expand[0]", "latest_charge"),
            ("expand[1]", "payment_method"),
            ("payment_method", "pm_1"),
            ("return_url", "https://tandem.example/return?payment=1"),
        ];
        assert_eq!(pairs(request.body.as_ref()), expect(&expected));
    }

    #[test]
    fn a_lost_payment_is_looked_for_where_it_must_be() {
        let request = list(Some("cus_1"), (10, 20), Some("pi_9"));
        let expected = [
            ("created[gte]", "10"),
            ("created[lte]", "20"),
            ("customer", "cus_1"),
            ("expand[0]", "data.latest_charge"),
            ("expand[1]", "data.payment_method"),
            ("limit", "100"),
            ("starting_after", "pi_9"),
        ];
        assert_eq!(pairs(request.query.as_ref()), expect(&expected));
    }

    #[test]
    fn what_comes_from_a_browser_cannot_become_another_path() {
        for bad in
            ["", "pi_../refunds", "pi_1?x=y", "pi_1/confirm", "seti_1", "pi_ü", &format!("pi_{}", "1".repeat(300))]
        {
            assert!(retrieve(bad).is_err(), "{bad}");
        }
        assert!(retrieve("pi_3MtwBwLkdIwHu7ix28a3tqPa").is_ok());
    }
}
