//! How a payment ended: what the processor says when it is asked now. Nothing that the browser brings back is believed.

use std::time::Duration;

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use serde::{Deserialize, Serialize};
use tandem_domain::{
    access::Field,
    ids::{InvoiceId, PaymentId},
};

use super::card_fields::pay_script;
use crate::{
    context::{Refresh, me, use_refresh},
    data::{load_live, loaded},
    error::AppError,
    listing::Tone,
    pages::errors::error_page,
    parts::{
        address::parse_id,
        billing::{PAYMENT, invoice_path, payment::cancel_button, payment_path, resume_path},
    },
    ui::{Badge, Card, DescriptionList, EmptyState, Kind, LinkButton, Notice, PageHeader, effect},
};

/// How often a payment is asked about that is with the bank.
const LOOK_AGAIN: Duration = Duration::from_secs(2);

/// How a payment stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentOutcome {
    /// Which.
    pub id: PaymentId,
    /// "Paid", "Not paid".
    pub title: String,
    /// Where it stands, with its colour.
    pub badge: (Tone, String),
    /// What that means, and what to do now; with its colour.
    pub now: (Tone, String),
    /// What for, how much, the balance.
    pub facts: Vec<(String, String)>,
    /// Its invoice, if this person sees it.
    pub invoice: Option<InvoiceId>,
    /// The bank's page, where the customer has to go.
    pub bank: Option<String>,
    /// What the button says that goes on with it.
    pub resume: Option<String>,
    /// It is worth looking again soon.
    pub follows: bool,
    /// Nothing is left to be done on the page of the payment.
    pub over: bool,
    /// It was begun without its customer.
    pub is_automatic: bool,
}

/// Asks the processor how a payment stands, and tells it.
///
/// # Errors
/// No such payment of this customer; no permission to see payments.
#[server(endpoint = "payment_return")]
pub async fn payment_return(
    /// Which.
    payment: PaymentId,
) -> Result<PaymentOutcome, AppError> {
    use tandem_domain::billing::payment::PaymentState;

    use crate::{
        parts::billing::{payment::server::now, words},
        server::ask::Ask,
    };

    let ask = Ask::now()?;
    ask.see(Field::Payments)?;
    let tenant = ask.money_tenant(None)?;
    let tell = |error| ask.tell(PAYMENT, error);
    let billing = &ask.services().billing;
    let returned = billing.returned(tenant, payment).await.map_err(|error| ask.tell_billing(PAYMENT, error))?;
    let may = ask.me.modifies(Field::Payments);
    let mut bank = None;
    if may && returned.payment.state == PaymentState::RequiresAction {
        let paying = billing.resume(&ask.change(), tenant, payment).await;
        bank = paying.map_err(|error| ask.tell_billing(PAYMENT, error))?.redirect.map(String::from);
    }
    let row = ask.store().payments().one(tenant, payment).await.map_err(tell)?;
    let balance = ask.store().ledger().balance(tenant).await.map_err(tell)?;
    let state = row.payment.state;
    let has_failed = row.payment.failure.is_some();
    let title = match state {
        PaymentState::Succeeded | PaymentState::PartlyRefunded | PaymentState::Refunded => "Paid",
        PaymentState::Processing => "Still processing",
        PaymentState::RequiresAction => "Your bank is waiting for you",
        PaymentState::Created | PaymentState::RequiresPaymentMethod if has_failed => "Not paid",
        PaymentState::Created | PaymentState::RequiresPaymentMethod => "Not finished",
        PaymentState::Failed => "Not paid",
        PaymentState::Cancelled => "Cancelled",
    };
    let now = if returned.is_certain {
        now(&row.payment)
    } else {
        let text = "The payment service does not answer at the moment, so this is what was known before. Nothing is paid twice.";
        (Tone::Warning, text.to_owned())
    };
    let fact = |what: &str, how: String| (what.to_owned(), how);
    let facts = vec![
        fact("For", words::paid_for(&row)),
        fact("Amount", ask.money(row.payment.amount)),
        fact("Paid with", row.card.clone()),
        fact("Balance", words::balance_words(&ask, balance.balance, None)),
    ];
    let resume = (may && state.can_be_resumed() && bank.is_none())
        .then(|| if has_failed { "Try again" } else { "Go on paying" }.to_owned());
    Ok(PaymentOutcome {
        id: payment,
        title: title.to_owned(),
        badge: words::payment_badge(state),
        now,
        facts,
        invoice: row.payment.invoice.filter(|_| ask.me.sees(Field::Invoices)),
        bank,
        resume,
        follows: state == PaymentState::Processing || !returned.is_certain,
        over: !state.can_be_resumed(),
        is_automatic: row.payment.off_session,
    })
}

/// The page.
#[component]
pub fn ReturnPage() -> impl IntoView {
    if !me().sees(Field::Payments) {
        return error_page(&AppError::forbidden(Field::Payments));
    }
    let query = use_query_map();
    let which = move || query.read().get("payment").unwrap_or_default();
    if untrack(which).is_empty() {
        return view! {
            <PageHeader title="Payment" back=("/self-care/payments", "Payments") />
            <EmptyState title="Which payment?" text="The address does not say. All payments are in the list.">
                <LinkButton href="/self-care/payments" label="Payments" kind=Kind::Primary />
            </EmptyState>
        }
        .into_any();
    }
    let refresh = use_refresh().below();
    let data = load_live(refresh, move || Ok(PaymentReturn { payment: parse_id(PAYMENT, &which())? }));
    let to_bank = query.with_untracked(|query| query.get("bank").is_some());
    loaded(data, move |outcome| {
        let PaymentOutcome {
            id,
            title,
            badge: (tone, word),
            now,
            facts,
            invoice,
            bank,
            resume,
            follows,
            over,
            is_automatic,
        } = outcome;
        let audience = me().audience();
        let may_cancel = me().modifies(Field::Payments) && !over;
        let follow = match &bank {
            Some(bank) if to_bank => view! { <tandem-follow data-go=bank.clone()></tandem-follow> }.into_any(),
            _ if follows => {
                look_again(refresh);
                view! { <tandem-follow></tandem-follow> <noscript inner_html="<meta http-equiv=\"refresh\" content=\"2\">"></noscript> }
                    .into_any()
            }
            Some(_) | None => ().into_any(),
        };
        let script = (follows || (to_bank && bank.is_some())).then(pay_script);
        let bank = bank.map(|href| {
            view! { <LinkButton href=href label="Continue at your bank" kind=Kind::Primary anew=true /> }.into_any()
        });
        let resume = resume.map(|label| {
            view! { <LinkButton href=resume_path(id) label=label kind=Kind::Primary anew=true /> }.into_any()
        });
        let invoice =
            invoice.map(|id| view! { <LinkButton href=invoice_path(audience, id) label="The invoice" /> }.into_any());
        view! {
            <PageHeader
                title=title
                back=("/self-care/billing", "Billing")
                badge=move || view! { <Badge tone=tone text=word.clone() /> }
            />
            <div class="stack max-w-160">
                <div role="status"><Notice tone=now.0 text=now.1 /></div>
                <Card title="Payment"><DescriptionList items=facts /></Card>
                <div class="actions">
                    {bank} {resume} {invoice} <LinkButton href=payment_path(audience, id) label="Details and receipt" />
                    {may_cancel.then(|| cancel_button(id, is_automatic))}
                </div>
            </div>
            {follow}
            {script}
        }
        .into_any()
    })
}

/// Asks again in a moment, in the browser, for as long as this is on the page.
fn look_again(refresh: Refresh) {
    effect(move || {
        let timer = set_timeout_with_handle(move || refresh.now(), LOOK_AGAIN);
        on_cleanup(move || {
            if let Ok(timer) = timer {
                timer.clear();
            }
        });
    });
}
