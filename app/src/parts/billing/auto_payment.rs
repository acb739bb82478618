//! Automatic payment: what is paid without being asked, whether it is on, and why not any more. The customer's page and the
//! provider's tab show the same form.

use leptos::{prelude::*, server_fn::ServerFn};
use serde::{Deserialize, Serialize};
use tandem_domain::{
    access::{Audience, Field},
    billing::auto_payment::OnInvoice,
    ids::{CustomerId, PaymentId, Version},
};

use super::{payment_path, resume_path};
use crate::{
    context::me,
    error::AppError,
    listing::Tone,
    post::{Done, Typed},
    ui::{Badge, Card, EditForm, FieldSet, Kind, LinkButton, Notice, RadioCards, Switch, TextField},
};

/// Automatic payment, in words for whoever asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AutoPaymentView {
    /// Whose.
    pub customer: CustomerId,
    /// The version that an edit starts from.
    pub version: Version,
    /// Whether it is on, with its colour.
    pub badge: (Tone, String),
    /// It is on.
    pub on: bool,
    /// Why it was turned off, when, and what to do; empty if it was not.
    pub why: String,
    /// The payment that failed.
    pub failed: Option<PaymentId>,
    /// It can be gone on with.
    pub can_resume: bool,
    /// Why it cannot be turned on; empty if it can.
    pub cannot: String,
    /// The card that is charged; empty if there is none.
    pub card: String,
    /// The key of when invoices are paid.
    pub on_invoice: String,
    /// At which balance an amount is paid; may be empty.
    pub threshold: String,
    /// Which amount; may be empty.
    pub top_up: String,
    /// The currency's code.
    pub currency: String,
    /// What the threshold is compared with.
    pub threshold_help: String,
}

/// The automatic payment of a customer.
///
/// # Errors
/// Faults on our side.
#[cfg(feature = "ssr")]
pub(crate) async fn auto_payment_view(
    ask: &crate::server::ask::Ask,
    tenant: tandem_domain::access::Tenant,
) -> Result<AutoPaymentView, AppError> {
    use tandem_domain::{
        billing::auto_payment::{AutoPaymentState, NOT_PROVEN, may_turn_on},
        customer::Billing,
        money::Money,
    };

    use super::words;

    let tell = |error| ask.tell("customer", error);
    let auto = ask.store().auto_payments().get(tenant).await.map_err(tell)?;
    let card = ask.store().payment_methods().default_of(tenant).await.map_err(tell)?;
    let customer = ask.store().customers().get(tenant).await.map_err(tell)?.value;
    let plain =
        |minor: Option<i64>| minor.map(|minor| Money::new(minor, customer.currency).plain()).unwrap_or_default();
    let why = match auto.state {
        AutoPaymentState::Off | AutoPaymentState::On => String::new(),
        AutoPaymentState::Disabled(reason) => format!("Turned off on {}. {}", ask.time(auto.since), reason.advice()),
    };
    let can_resume = match auto.failed_payment {
        None => false,
        Some(payment) => {
            ask.store().payments().one(tenant, payment).await.map_err(tell)?.payment.state.can_be_resumed()
        }
    };
    let cannot = match &card {
        None => "Save a card and pay with it once; then it can be charged automatically.".to_owned(),
        Some(card) if !may_turn_on(card.proven.is_some()) => NOT_PROVEN.to_owned(),
        Some(_) => String::new(),
    };
    Ok(AutoPaymentView {
        customer: tenant.customer(),
        version: auto.version,
        badge: words::auto_payment_badge(auto.state),
        on: auto.state == AutoPaymentState::On,
        why,
        failed: auto.failed_payment.filter(|_| ask.me.sees(Field::Payments)),
        can_resume: can_resume && ask.me.modifies(Field::Payments),
        cannot,
        card: card.map(|card| card.label()).unwrap_or_default(),
        on_invoice: auto.terms.on_invoice.key().into(),
        threshold: plain(auto.terms.threshold),
        top_up: plain(auto.terms.top_up),
        currency: customer.currency.code().into(),
        threshold_help: match customer.billing {
            Billing::Prepaid => "As soon as less than this is left.",
            Billing::Postpaid => "As soon as more than this is owed.",
        }
        .into(),
    })
}

/// The automatic payment of a customer, or of one's own.
///
/// # Errors
/// No such customer; no permission.
#[server(endpoint = "auto_payment_read")]
pub async fn auto_payment_read(
    /// Whose; one's own if it is not said.
    #[server(default)]
    customer: Option<CustomerId>,
) -> Result<AutoPaymentView, AppError> {
    use crate::server::ask::Ask;

    let ask = Ask::now()?;
    ask.see(Field::AutoPayment)?;
    let tenant = ask.money_tenant(customer)?;
    auto_payment_view(&ask, tenant).await
}

/// Saves what is paid automatically, and turns it on or off.
///
/// # Errors
/// What is wrong with the fields; there is no card that was paid with once; somebody else saved meanwhile; no permission.
#[server(endpoint = "auto_payment_save")]
pub async fn auto_payment_save(
    /// Whose.
    customer: CustomerId,
    /// The version that the edit starts from.
    version: Version,
    /// When invoices are paid.
    #[server(default)]
    on_invoice: Typed,
    /// At which balance an amount is paid.
    #[server(default)]
    threshold: Typed,
    /// Which amount.
    #[server(default)]
    top_up: Typed,
    /// On or off.
    #[server(default)]
    on: Typed,
) -> Result<Done, AppError> {
    use tandem_domain::billing::auto_payment::{AutoPaymentState, AutoPaymentTerms};

    use crate::server::ask::Ask;

    let ask = Ask::now()?;
    ask.modify(Field::AutoPayment)?;
    let tenant = ask.money_tenant(Some(customer))?;
    let tell = |error| ask.tell("customer", error);
    let stored = ask.store().auto_payments().get(tenant).await.map_err(tell)?;
    let currency = ask.store().customers().get(tenant).await.map_err(tell)?.value.currency;
    let was_on = stored.state == AutoPaymentState::On;
    let on = on.on_or_off("on")?.unwrap_or(was_on);
    let on_invoice = on_invoice.or(stored.terms.on_invoice.key());
    let terms = AutoPaymentTerms::parse(&on_invoice, &threshold.or(""), &top_up.or(""), currency)?;
    ask.store().auto_payments().save(&ask.change(), tenant, version, &terms, on).await.map_err(tell)?;
    ask.services().billing.wake();
    Ok(Done::say(match (was_on, on) {
        (false, true) => "Automatic payment is on",
        (true, false) => "Automatic payment is off",
        (true, true) | (false, false) => "Automatic payment saved",
    }))
}

/// The state with its reason, and the form.
pub fn auto_payment_cards(view: AutoPaymentView) -> AnyView {
    let AutoPaymentView {
        customer,
        version,
        badge: (tone, word),
        on,
        why,
        failed,
        can_resume,
        cannot,
        card,
        on_invoice,
        threshold,
        top_up,
        currency,
        threshold_help,
    } = view;
    let me = me();
    let audience = me.audience();
    let is_staff = audience == Audience::Administrator;
    let failed = failed.map(|payment| {
        if can_resume && !is_staff {
            view! { <LinkButton href=resume_path(payment) label="Go on with that payment" kind=Kind::Primary anew=true /> }.into_any()
        } else {
            view! { <LinkButton href=payment_path(audience, payment) label="See that payment" /> }.into_any()
        }
    });
    let why = (!why.is_empty()).then(|| view! { <Notice tone=Tone::Bad text=why>{failed}</Notice> }.into_any());
    let charged =
        if card.is_empty() { "There is no saved card yet.".to_owned() } else { format!("Charged is {card}.") };
    let blocked = !on && !cannot.is_empty();
    let help = if blocked { cannot } else { charged };
    let options =
        OnInvoice::ALL.iter().map(|one| (one.key().to_owned(), one.label().to_owned(), String::new())).collect();
    let amounts = format!(
        "In {currency}. Paid once each time that something is billed beyond the threshold, and when this is turned on beyond it. \
         Leave both empty to pay no amounts."
    );
    view! {
        {why}
        <EditForm
            to=AutoPaymentSave::PATH
            version=version
            fields=vec![("customer", customer.to_string())]
            editable=me.modifies(Field::AutoPayment)
        >
            <Card title="Automatic payment" actions=move || view! { <Badge tone=tone text=word.clone() /> }>
                <Switch name="on" label="Pay automatically" value=on disabled=blocked help=help field=Field::AutoPayment />
                <RadioCards name="on_invoice" label="Invoices" value=on_invoice options=options field=Field::AutoPayment />
                <FieldSet legend="An amount when the balance crosses a threshold" help=amounts layout="row">
                    <TextField name="threshold" label="Threshold" value=threshold help=threshold_help field=Field::AutoPayment />
                    <TextField name="top_up" label="Amount to pay" value=top_up field=Field::AutoPayment />
                </FieldSet>
            </Card>
        </EditForm>
    }
    .into_any()
}
