//! Many invoices and payments at once, to measure lists and the ledger with.

use tandem_domain::{
    billing::{
        invoice::{Invoice, InvoiceLine, InvoiceNumber, InvoiceState, totals},
        ledger::{AccountKind, Entry},
        payment::{Cause, PaymentState},
        system::{PaymentSystem, Processor},
    },
    ids::{CustomerId, InvoiceId, PaymentId, PaymentSystemId, Timestamp},
    locale::Currency,
    money::Money,
    recordings::utc_day,
};

use super::bulk::{YEAR, scrambled};
use crate::{
    Change, Store, StoreError,
    db::{Arg, Row, Tx, sql},
    invoices,
    ledger::posting,
    payments,
    search::{self, Words},
};

/// Invoices, or charges, that are written in one transaction.
const AT_ONCE: usize = 1000;
/// One in so many is not paid yet.
const OPEN: u32 = 10;

/// Adds many invoices of all customers in euros, spread evenly over the last year, for measurements: nine in ten are paid, each
/// by a payment of its own. Does nothing where there are no customers.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn bulk_money(store: &Store, invoices: u32, now: Timestamp) -> Result<(), StoreError> {
    let euros =
        sql("SELECT id, name FROM customer WHERE currency = $1 ORDER BY id LIMIT 100000").bind(Currency::Eur.code());
    let customer = |row: &Row| Ok::<_, StoreError>((row.parse("id")?, row.text("name")?));
    let customers: Vec<(CustomerId, String)> =
        store.db.all(euros).await?.iter().map(customer).collect::<Result<_, _>>()?;
    let start = now.plus_seconds(-YEAR);
    let system = PaymentSystem {
        name: format!("Measured {}", store.new_id(now)),
        processor: Processor::Stripe,
        test_mode: true,
        currencies: vec![Currency::Eur],
        active: false,
        public_key: String::new(),
    };
    let system = store.payment_systems().create(&Change::by_system(start), &system).await?;
    let mut bills = Vec::new();
    for n in 0..invoices {
        let at = start.plus_seconds(YEAR * i64::from(n) / i64::from(invoices));
        // A prime step, so that neighbours in time are of different customers.
        let Some((customer, name)) = customers.get((n as usize * 7919) % customers.len().max(1)) else { break };
        bills.push(Bill { customer: *customer, buyer: name.clone(), at, chance: scrambled(n) });
        if bills.len() >= AT_ONCE {
            write(store, system, &bills).await?;
            bills.clear();
        }
    }
    write(store, system, &bills).await
}

/// Writes many charges to one customer in euros, for measurements: its balance is the sum of so many postings. Nothing else writes
/// so many at once.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn bulk_postings(
    store: &Store,
    customer: CustomerId,
    postings: u32,
    now: Timestamp,
) -> Result<(), StoreError> {
    let change = Change::by_system(now);
    let entries: Vec<Entry> = (0..postings)
        .map(|n| {
            let charge = Money::new(-i64::from(n % 100) - 1, Currency::Eur);
            Entry::adjustment(format!("bulk:{n}"), customer, charge, AccountKind::Revenue, "Call")
        })
        .collect();
    for some in entries.chunks(AT_ONCE) {
        let mut tx = store.begin().await?;
        posting::post(store, &mut tx, &change, some).await?;
        tx.commit().await?;
    }
    Ok(())
}

struct Bill {
    customer: CustomerId,
    buyer: String,
    at: Timestamp,
    chance: u32,
}

/// The rows of a batch.
#[derive(Default)]
struct Rows {
    invoices: Vec<Vec<Arg>>,
    payments: Vec<Vec<Arg>>,
    transitions: Vec<Vec<Arg>>,
    allocations: Vec<Vec<Arg>>,
    words: Vec<Vec<Arg>>,
    entries: Vec<Entry>,
}

async fn write(store: &Store, system: PaymentSystemId, bills: &[Bill]) -> Result<(), StoreError> {
    let Some(first) = bills.first() else { return Ok(()) };
    let mut tx = store.begin().await?;
    let take = sql("UPDATE counter SET value = value + $1 WHERE name = 'invoice' RETURNING value");
    let count = i64::try_from(bills.len()).unwrap_or(i64::MAX);
    let last = tx.all(take.bind(count)).await?.first().ok_or(StoreError::NotFound)?.int("value")?;
    let mut rows = Rows::default();
    for (number, bill) in (last - count + 1..).zip(bills) {
        rows.add(store, system, InvoiceNumber(number), bill)?;
    }
    let Rows { entries, .. } = &rows;
    posting::post(store, &mut tx, &Change::by_system(first.at), entries).await?;
    rows.insert(&mut tx).await?;
    tx.commit().await
}

impl Rows {
    fn add(
        &mut self,
        store: &Store,
        system: PaymentSystemId,
        number: InvoiceNumber,
        bill: &Bill,
    ) -> Result<(), StoreError> {
        let line = InvoiceLine::one("IP Centrex", i64::from(bill.chance % 50_000) + 100, 2100);
        let totals = totals(std::slice::from_ref(&line)).map_err(StoreError::Refused)?;
        let is_open = bill.chance.is_multiple_of(OPEN);
        let (id, paid_at) = (InvoiceId(store.new_id(bill.at)), bill.at.plus_seconds(3600));
        let invoice = Invoice {
            id,
            number,
            customer: bill.customer,
            buyer: bill.buyer.clone(),
            state: if is_open { InvoiceState::Open } else { InvoiceState::Paid },
            currency: Currency::Eur,
            issued: bill.at,
            issued_on: day(bill.at),
            due_on: day(bill.at.plus_seconds(14 * 24 * 3600)),
            lines: vec![line],
            paid: if is_open { 0 } else { totals.total },
            totals,
            paid_at: (!is_open).then_some(paid_at),
            note: String::new(),
        };
        let (net, tax, text) = (invoice.totals.net, invoice.totals.tax, number.to_string());
        let issued = Entry::invoice_issued(id, bill.customer, Currency::Eur, net, tax);
        self.entries.push(Entry { text: text.clone(), ..issued });
        let words = Words::of(&[&text, &number.0.to_string(), "IP Centrex"]);
        self.words.extend(words.rows(invoices::WORDS.kind, &id.to_string()));
        self.invoices.push(invoices::row(&invoice, &format!("bulk:{number}"), &words)?);
        if !is_open {
            self.pay(store, system, &invoice, paid_at);
        }
        Ok(())
    }

    fn pay(&mut self, store: &Store, system: PaymentSystemId, invoice: &Invoice, at: Timestamp) {
        let payment = PaymentId(store.new_id(at));
        let (reference, text) = (format!("pi_{}", payment.0.simple()), invoice.number.to_string());
        let entry = Entry::payment(payment, invoice.customer, system, invoice.total());
        self.entries.push(Entry { text: text.clone(), invoice: Some(invoice.id), ..entry });
        let words = Words::of(&[&text, &invoice.total().plain(), &reference, "Visa •••• 4242"]);
        self.words.extend(words.rows(payments::WORDS.kind, &payment.to_string()));
        self.payments.push(vec![
            payment.into(),
            invoice.customer.into(),
            format!("bulk:{text}").into(),
            invoice.id.into(),
            invoice.total().minor.into(),
            invoice.currency.code().into(),
            0.into(),
            PaymentState::Succeeded.key().into(),
            false.into(),
            false.into(),
            false.into(),
            system.into(),
            "Visa •••• 4242".into(),
            reference.into(),
            "".into(),
            "".into(),
            1.into(),
            at.into(),
            at.into(),
            at.into(),
            0.into(),
            words.column().into(),
        ]);
        for (from, to) in [(None, PaymentState::Created), (Some(PaymentState::Created), PaymentState::Succeeded)] {
            self.transitions.push(vec![
                store.new_id(at).to_string().into(),
                payment.into(),
                invoice.customer.into(),
                at.into(),
                from.map(|state| state.key().to_owned()).into(),
                to.key().into(),
                Cause::Api.key().into(),
                Change::SYSTEM.into(),
                false.into(),
                "".into(),
                "".into(),
            ]);
        }
        self.allocations.push(vec![
            store.new_id(at).to_string().into(),
            invoice.id.into(),
            invoice.customer.into(),
            payment.into(),
            invoice.total().minor.into(),
            at.into(),
        ]);
    }

    async fn insert(self, tx: &mut Tx) -> Result<(), StoreError> {
        tx.insert_all(invoices::INSERT, self.invoices).await?;
        let payments = "INSERT INTO payment (id, customer_id, token, invoice_id, amount, currency, refunded, state, is_open, \
                        off_session, save_method, system_id, card, reference, failure_code, failure_message, attempts, \
                        created_at, observed_at, paid_at, refunds_from, search)";
        tx.insert_all(payments, self.payments).await?;
        let transitions = "INSERT INTO payment_transition (id, payment_id, customer_id, at, from_state, to_state, cause, \
                           actor, by_staff, failure_code, failure_message)";
        tx.insert_all(transitions, self.transitions).await?;
        let allocations = "INSERT INTO invoice_allocation (id, invoice_id, customer_id, payment_id, amount, at)";
        tx.insert_all(allocations, self.allocations).await?;
        tx.insert_all(search::INSERT, self.words).await
    }
}

fn day(at: Timestamp) -> String {
    let (year, month, day) = utc_day(at);
    format!("{year:04}-{month:02}-{day:02}")
}
