//! How money matters are told: states with their colours, balances, rows of lists.

use tandem_domain::{
    access::{Audience, Field},
    billing::{
        auto_payment::AutoPaymentState,
        invoice::{InvoiceStanding, standing},
        payment::PaymentState,
    },
    customer::Billing,
    money::Money,
};
use tandem_store::{invoices::InvoiceRow, ledger::Balance, payments::PaymentRow};

use super::{invoice_path, payment_path};
use crate::{
    listing::{Cell, Column, ListRow, Tone},
    server::{ask::Ask, format},
};

/// How an invoice stands, with its colour.
pub(crate) fn invoice_badge(standing: InvoiceStanding) -> (Tone, String) {
    let tone = match standing {
        InvoiceStanding::Open => Tone::Info,
        InvoiceStanding::Overdue => Tone::Bad,
        InvoiceStanding::Paid => Tone::Good,
        InvoiceStanding::Void => Tone::Neutral,
    };
    (tone, standing.label().to_owned())
}

/// Where a payment stands, with its colour.
pub(crate) fn payment_badge(state: PaymentState) -> (Tone, String) {
    let tone = match state {
        PaymentState::Created | PaymentState::Processing => Tone::Info,
        PaymentState::RequiresPaymentMethod | PaymentState::RequiresAction => Tone::Warning,
        PaymentState::Succeeded => Tone::Good,
        PaymentState::Failed => Tone::Bad,
        PaymentState::Cancelled | PaymentState::PartlyRefunded | PaymentState::Refunded => Tone::Neutral,
    };
    (tone, state.label().to_owned())
}

/// Whether automatic payment is on, with its colour.
pub(crate) fn auto_payment_badge(state: AutoPaymentState) -> (Tone, String) {
    let tone = match state {
        AutoPaymentState::Off => Tone::Neutral,
        AutoPaymentState::On => Tone::Good,
        AutoPaymentState::Disabled(_) => Tone::Bad,
    };
    (tone, state.label().to_owned())
}

/// "You owe €120.00", "€20.00 in credit": `who` says whose it is, `None` the reader's own.
pub(crate) fn balance_words(ask: &Ask, balance: Money, who: Option<&str>) -> String {
    let amount = ask.money(Money::new(balance.minor.saturating_abs(), balance.currency));
    match (balance.minor, who) {
        (0, None) => "You owe nothing".to_owned(),
        (0, Some(who)) => format!("{who} owes nothing"),
        (1.., None) => format!("You owe {amount}"),
        (1.., Some(who)) => format!("{who} owes {amount}"),
        (..0, _) => format!("{amount} in credit"),
    }
}

/// What is left, and until where it may be owed.
pub(crate) fn funds_words(ask: &Ask, balance: &Balance) -> String {
    let currency = balance.balance.currency;
    let amount = |minor| ask.money(Money::new(minor, currency));
    match (balance.billing, balance.credit_limit, balance.funds.available) {
        (Billing::Postpaid, None, _) => "Paid by invoice".to_owned(),
        (Billing::Postpaid, Some(limit), left) => {
            format!("Paid by invoice, up to {}; {} are left", amount(limit), amount(left.unwrap_or_default()))
        }
        (Billing::Prepaid, _, left) => format!("Prepaid; {} are left", amount(left.unwrap_or_default())),
    }
}

/// The heads of a list of invoices.
pub(crate) fn invoice_columns(ask: &Ask) -> Vec<Column> {
    let customer = names_customer(ask).then_some("Customer");
    ["Number"]
        .into_iter()
        .chain(customer)
        .chain(["Issued", "Due", "Total", "To pay", "State"])
        .map(Column::plain)
        .collect()
}

/// An invoice in a list.
pub(crate) fn invoice_row(ask: &Ask, row: InvoiceRow) -> ListRow {
    let (tone, word) = invoice_badge(standing(row.state, &row.due_on, &ask.today()));
    let open = if row.open.is_zero() { String::new() } else { ask.money(row.open) };
    let mut cells = vec![Cell::Figures(row.number.to_string())];
    cells.extend(names_customer(ask).then_some(Cell::Text(row.customer_name)));
    cells.extend([
        Cell::Figures(ask.day(&row.issued_on)),
        Cell::Figures(ask.day(&row.due_on)),
        Cell::Figures(ask.money(row.total)),
        Cell::Figures(open),
        Cell::Badge(tone, word),
    ]);
    ListRow { href: Some(invoice_path(ask.me.audience(), row.id)), cells }
}

/// The heads of a list of payments.
pub(crate) fn payment_columns(ask: &Ask) -> Vec<Column> {
    let customer = names_customer(ask).then_some("Customer");
    ["When"].into_iter().chain(customer).chain(["For", "Paid with", "Amount", "State"]).map(Column::plain).collect()
}

/// A payment in a list.
pub(crate) fn payment_row(ask: &Ask, row: PaymentRow) -> ListRow {
    let (tone, word) = payment_badge(row.payment.state);
    let (day, time) = format::day_and_time(row.payment.created, ask.me.locale, &ask.me.time_zone);
    let by = if row.payment.off_session { "automatic".to_owned() } else { row.payer_name.clone() };
    let mut cells = vec![Cell::Two(day, time)];
    cells.extend(names_customer(ask).then(|| Cell::Text(row.customer_name.clone())));
    cells.extend([
        Cell::Two(paid_for(&row), by),
        Cell::Text(row.card),
        Cell::Figures(ask.money(row.payment.amount)),
        Cell::Badge(tone, word),
    ]);
    ListRow { href: Some(payment_path(ask.me.audience(), row.payment.id)), cells }
}

/// What a payment is for.
pub(crate) fn paid_for(row: &PaymentRow) -> String {
    row.invoice_number.map_or_else(|| "Balance".to_owned(), |number| format!("Invoice {number}"))
}

/// Whether lists say whose a row is.
pub(crate) fn names_customer(ask: &Ask) -> bool {
    ask.me.audience() == Audience::Administrator && ask.me.sees(Field::CustomerName)
}
