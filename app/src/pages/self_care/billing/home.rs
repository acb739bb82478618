//! How the customer stands: what it owes, which invoices are open, and how to pay.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use tandem_domain::{access::Field, ids::InvoiceId};

use crate::{
    context::me,
    data::{load, loaded},
    error::AppError,
    listing::Tone,
    parts::billing::{PAY, invoice_path, pay_path},
    ui::{Badge, Button, Card, CollectAny as _, Kind, LinkButton, Notice, PageHeader, Row, Rows, Stat, TextField},
};

/// Open invoices that are shown; the list has all.
#[cfg(feature = "ssr")]
const SHOWN: u32 = 10;

/// How the customer stands, in words for whoever asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BillingHome {
    /// "You owe €120.00".
    pub balance: String,
    /// How it pays, what is left.
    pub funds: String,
    /// The open invoices, those due first at the top.
    pub open: Vec<OpenInvoice>,
    /// How many more are open.
    pub more: usize,
    /// Whether automatic payment is on, with its colour; `None`: this person does not see it.
    pub auto_payment: Option<(Tone, String)>,
    /// Why automatic payment was turned off; empty if it was not.
    pub turned_off: String,
    /// The default card; `None`: this person does not see cards.
    pub card: Option<String>,
    /// The currency's code.
    pub currency: String,
    /// What names the one request of the form that pays an amount.
    pub token: String,
}

/// An open invoice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenInvoice {
    /// Which.
    pub id: InvoiceId,
    /// Its number.
    pub number: String,
    /// What is to be paid, and until when.
    pub note: String,
    /// How it stands, with its colour.
    pub badge: (Tone, String),
    /// What the button says that leads to paying it.
    pub pay: String,
}

/// How the customer stands.
///
/// # Errors
/// Somebody who has nothing to do with the company's money.
#[server(endpoint = "billing_read")]
pub async fn billing_read() -> Result<BillingHome, AppError> {
    use tandem_domain::billing::{auto_payment::AutoPaymentState, invoice::standing};

    use crate::{
        parts::billing::words,
        server::{ask::Ask, billing::new_token},
    };

    let ask = Ask::now()?;
    if !ask.me.sees(Field::Invoices) {
        ask.see(Field::Payments)?;
    }
    let tenant = ask.money_tenant(None)?;
    let tell = |error| ask.tell("customer", error);
    let balance = ask.store().ledger().balance(tenant).await.map_err(tell)?;
    let today = ask.today();
    let (mut open, mut more) = (Vec::new(), 0);
    if ask.me.sees(Field::Invoices) {
        let invoices = ask.store().invoices();
        let first = invoices.due_first(tenant, SHOWN).await.map_err(tell)?;
        let count = invoices.open_of(tenant, &today).await.map_err(tell)?.count;
        more = usize::try_from(count).unwrap_or_default().saturating_sub(first.len());
        open = first
            .into_iter()
            .map(|row| OpenInvoice {
                id: row.id,
                number: row.number.to_string(),
                note: format!("{}, due {}", ask.money(row.open), ask.day(&row.due_on)),
                badge: words::invoice_badge(standing(row.state, &row.due_on, &today)),
                pay: format!("Pay {}", ask.money(row.open)),
            })
            .collect();
    }
    let auto = match ask.me.sees(Field::AutoPayment) {
        true => Some(ask.store().auto_payments().get(tenant).await.map_err(tell)?),
        false => None,
    };
    let turned_off = match auto.as_ref().map(|auto| auto.state) {
        Some(AutoPaymentState::Disabled(reason)) => reason.advice().to_owned(),
        Some(AutoPaymentState::Off | AutoPaymentState::On) | None => String::new(),
    };
    let card = match ask.me.sees(Field::PaymentMethods) {
        true => {
            let card = ask.store().payment_methods().default_of(tenant).await.map_err(tell)?;
            Some(card.map(|card| card.label()).unwrap_or_default())
        }
        false => None,
    };
    Ok(BillingHome {
        balance: words::balance_words(&ask, balance.balance, None),
        funds: words::funds_words(&ask, &balance),
        open,
        more,
        auto_payment: auto.map(|auto| words::auto_payment_badge(auto.state)),
        turned_off,
        card,
        currency: balance.balance.currency.code().into(),
        token: new_token(),
    })
}

/// The page.
#[component]
pub fn BillingPage() -> impl IntoView {
    loaded(load(|| Ok(BillingRead {})), |home| {
        let BillingHome { balance, funds, open, more, auto_payment, turned_off, card, currency, token } = home;
        let me = me();
        let may_pay = me.modifies(Field::Payments);
        let auto = auto_payment.map(|(_, word)| {
            view! { <Stat label="Automatic payment" value=word href="/self-care/auto-payment" /> }.into_any()
        });
        let card = card.map(|card| {
            let card = if card.is_empty() { "None".to_owned() } else { card };
            view! { <Stat label="Default card" value=card href="/self-care/cards" /> }.into_any()
        });
        let turned_off = (!turned_off.is_empty()).then(|| {
            view! {
                <Notice tone=Tone::Bad text=turned_off>
                    <LinkButton href="/self-care/auto-payment" label="Automatic payment" />
                </Notice>
            }
            .into_any()
        });
        view! {
            <PageHeader title="Billing" />
            <div class="stack">
                {turned_off}
                <div class="stats"><Stat label="Balance" value=balance note=funds /> {auto} {card}</div>
                {me.sees(Field::Invoices).then(|| open_card(open, more, may_pay))}
                {may_pay.then(|| amount_card(currency, token))}
            </div>
        }
        .into_any()
    })
}

fn open_card(open: Vec<OpenInvoice>, more: usize, may_pay: bool) -> AnyView {
    let audience = me().audience();
    let all = || view! { <LinkButton href="/self-care/invoices" label="All invoices" /> };
    let description = match (open.len(), more) {
        (0, _) => "There is nothing to pay.".to_owned(),
        (_, 0) => String::new(),
        (_, more) => format!("And {more} more in the list."),
    };
    let rows = open
        .into_iter()
        .map(|OpenInvoice { id, number, note, badge: (tone, word), pay }| {
            let badge = view! { <Badge tone=tone text=word /> }.into_any();
            let pay = may_pay
                .then(|| view! { <LinkButton href=pay_path(id) label=pay kind=Kind::Primary anew=true /> }.into_any());
            let see = view! { <LinkButton href=invoice_path(audience, id) label="See it" /> };
            view! { <Row title=number note=note badge=Some(badge) actions=Some(view! { <div class="actions">{see} {pay}</div> }.into_any()) /> }.into_any()
        })
        .collect_any();
    view! {
        <Card title="Open invoices" description=description actions=all flush=true>
            <Rows label="Open invoices">{rows}</Rows>
        </Card>
    }
    .into_any()
}

/// Pays an amount: a form of method GET that leads to the page of the payment.
fn amount_card(currency: String, token: String) -> AnyView {
    view! {
        <Card title="Pay an amount" description="Into your balance. Open invoices are paid from it, those that are due first.">
            <form method="get" action=PAY class="row-form">
                <input type="hidden" name="token" value=token />
                <TextField name="amount" label=format!("Amount in {currency}") required=true width="short" placeholder="50.00" />
                <Button label="Go on" />
            </form>
        </Card>
    }
    .into_any()
}
