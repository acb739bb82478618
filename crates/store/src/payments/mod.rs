//! Payments: begun once per form, moved by what the processor says, swept until they are decided.
//!
//! | file | the question it answers |
//! | --- | --- |
//! | `beginning` | is this a new payment, or one that is under way? |
//! | `taking` | what becomes of it by the processor's word, in one transaction with the ledger, the invoice and the mail? |
//! | `refunding` | how much is given back, and what follows? |
//! | `sweeping` | about which payments, refunds and savings of cards is the processor asked again? |
//! | `events` | was this word of the processor's acted upon already? |
//!
//! Whatever moves money of a customer takes the customer's turn first, so that two never decide about the same balance.

mod beginning;
mod events;
mod refunding;
mod sweeping;
mod taking;

use tandem_domain::{
    access::{Scope, Tenant},
    account::full_name,
    billing::{
        failure::{Failure, FailureKind},
        invoice::InvoiceNumber,
        payment::{Cause, Payment, PaymentState, Transition},
    },
    ids::{CustomerId, InvoiceId, PaymentId, PaymentSystemId, Timestamp},
    list::{PAGE_ROWS, Page, Query},
    locale::Currency,
    money::Money,
};

pub(crate) use self::sweeping::{look_again, look_at_given_up};
pub use self::{
    beginning::{Begun, NewPayment, PayFor},
    events::Arrival,
    refunding::NewRefund,
    sweeping::Look,
    taking::{Receipt, Taken},
};
use crate::{
    Change, Store, StoreError,
    db::{Arg, Row, Sql, sql},
    ids::first_of,
    list::{List, Where, WordIndex},
    saving::Write,
};

/// Their place in the word index.
pub(crate) const WORDS: WordIndex = WordIndex { kind: "payment", rare: 8000, paired: 0 };

/// Which payments a list shows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PaymentFilters {
    /// Only this customer's.
    pub customer: Option<CustomerId>,
    /// Only those that stand so.
    pub state: Option<PaymentState>,
    /// Only those of this invoice.
    pub invoice: Option<InvoiceId>,
    /// Only those begun from this moment on.
    pub from: Option<Timestamp>,
    /// Only those begun before this moment.
    pub until: Option<Timestamp>,
}

/// A payment in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentRow {
    /// The payment.
    pub payment: Payment,
    /// The customer's name.
    pub customer_name: String,
    /// The number of the invoice that it is for.
    pub invoice_number: Option<InvoiceNumber>,
    /// What was paid with: "Visa •••• 4242"; empty while it is not known.
    pub card: String,
    /// The name of the account that began it; empty if none did.
    pub payer_name: String,
}

/// What a [`PaymentRow`] is made of.
const COLUMNS: &str = "r.*, c.name AS customer_name, i.number AS invoice_number, a.first_name, a.last_name";
/// Where that is.
const JOINS: &str = "JOIN customer c ON c.id = r.customer_id LEFT JOIN invoice i ON i.id = r.invoice_id \
                     LEFT JOIN account a ON a.id = r.payer_id";

/// The payments. See [`Store::payments`].
#[derive(Clone, Copy)]
pub struct Payments<'a>(pub(crate) &'a Store);

impl Payments<'_> {
    /// A page of payments, the newest first, whatever the query's order says. Searched: the invoice's number, the amount, the
    /// processor's name for it, the card.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn list(
        &self,
        scope: Scope,
        query: &Query<()>,
        filters: &PaymentFilters,
    ) -> Result<Page<PaymentRow>, StoreError> {
        let mut conditions = Where::within(scope);
        conditions.and_if("r.customer_id = ?", filters.customer.filter(|one| scope.customer() != Some(*one)));
        conditions.and_key("state", filters.state.map(PaymentState::key));
        conditions.and_if("r.invoice_id = ?", filters.invoice);
        conditions.and_if("r.id >= ?", filters.from.map(|from| first_of(from).to_string()));
        conditions.and_if("r.id < ?", filters.until.map(|until| first_of(until).to_string()));
        let list = List {
            columns: COLUMNS,
            table: "payment",
            joins: JOINS,
            words: Some(WORDS),
            conditions,
            search: &query.search,
            tags: Vec::new(),
            sieve: None,
            key: "id",
            descending: true,
            cursor: query.cursor.as_ref(),
            rows: PAGE_ROWS,
        };
        list.page(&self.0.db, payment_row).await
    }

    /// A payment.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], also for another tenant's.
    pub async fn one(&self, tenant: Tenant, id: PaymentId) -> Result<PaymentRow, StoreError> {
        let one = format!("SELECT {COLUMNS} FROM payment r {JOINS} WHERE r.id = $1 AND r.customer_id = $2");
        let row = self.0.db.one(sql(one).bind(id).bind(tenant.customer())).await?.ok_or(StoreError::NotFound)?;
        payment_row(&row)
    }

    /// A payment, whosever it is: for the server's own work.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn get(&self, id: PaymentId) -> Result<Payment, StoreError> {
        self.0.db.one(by_id(id)).await?.as_ref().map(read).transpose()?.ok_or(StoreError::NotFound)
    }

    /// The payment that a processor knows by this name, at one payment system.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn by_reference(&self, system: PaymentSystemId, reference: &str) -> Result<Option<Payment>, StoreError> {
        let by_reference = sql("SELECT * FROM payment WHERE system_id = $1 AND reference = $2");
        // What no reference is, the database need not be asked.
        if reference.contains('\0') {
            return Ok(None);
        }
        self.0.db.one(by_reference.bind(system).bind(reference)).await?.as_ref().map(read).transpose()
    }

    /// The payment of an invoice that is under way: the one to go on with.
    ///
    /// # Errors
    /// [`StoreError::Database`]. Of another tenant's invoice there is none.
    pub async fn open_of_invoice(&self, tenant: Tenant, invoice: InvoiceId) -> Result<Option<Payment>, StoreError> {
        self.0.db.one(open_of(tenant.customer(), invoice)).await?.as_ref().map(read).transpose()
    }

    /// How a payment came to be where it is, in order.
    ///
    /// # Errors
    /// [`StoreError::Database`]. Of another tenant's payment there is nothing.
    pub async fn transitions(&self, tenant: Tenant, id: PaymentId) -> Result<Vec<Transition>, StoreError> {
        let all = "SELECT * FROM payment_transition WHERE payment_id = $1 AND customer_id = $2 ORDER BY id";
        let read = |row: &Row| {
            let from = row.text_or_null("from_state")?;
            let from = from.map(|key| PaymentState::from_key(&key).ok_or_else(|| row.corrupt("from_state", key)));
            Ok(Transition {
                at: row.at("at")?,
                from: from.transpose()?,
                to: row.read("to_state", PaymentState::from_key)?,
                cause: row.read("cause", Cause::from_key)?,
                by: row.text("actor")?,
                by_staff: row.flag("by_staff")?,
                failure: failure(row)?,
            })
        };
        self.0.db.all(sql(all).bind(id).bind(tenant.customer())).await?.iter().map(read).collect()
    }
}

fn by_id(id: PaymentId) -> Sql {
    sql("SELECT * FROM payment WHERE id = $1").bind(id)
}

fn open_of(customer: CustomerId, invoice: InvoiceId) -> Sql {
    sql("SELECT * FROM payment WHERE customer_id = $1 AND invoice_id = $2 AND is_open").bind(customer).bind(invoice)
}

fn read(row: &Row) -> Result<Payment, StoreError> {
    let currency = row.read("currency", Currency::from_code)?;
    Ok(Payment {
        id: row.parse("id")?,
        customer: row.parse("customer_id")?,
        invoice: row.parse_or_null("invoice_id")?,
        amount: Money::new(row.int("amount")?, currency),
        refunded: row.int("refunded")?,
        state: row.read("state", PaymentState::from_key)?,
        off_session: row.flag("off_session")?,
        save_method: row.flag("save_method")?,
        system: row.parse("system_id")?,
        method: row.parse_or_null("method_id")?,
        reference: row.text_or_null("reference")?,
        failure: failure(row)?,
        attempts: row.number("attempts")?,
        payer: row.parse_or_null("payer_id")?,
        created: row.at("created_at")?,
        resumed: row.int_or_null("resumed_at")?.map(Timestamp),
        observed: row.int_or_null("observed_at")?.map(Timestamp),
        paid_at: row.int_or_null("paid_at")?.map(Timestamp),
        refunds_from: row.at("refunds_from")?,
    })
}

fn payment_row(row: &Row) -> Result<PaymentRow, StoreError> {
    let text = |column: &str| row.text_or_null(column).map(Option::unwrap_or_default);
    Ok(PaymentRow {
        payment: read(row)?,
        customer_name: row.text("customer_name")?,
        invoice_number: row.int_or_null("invoice_number")?.map(InvoiceNumber),
        card: row.text("card")?,
        payer_name: full_name(&text("first_name")?, &text("last_name")?),
    })
}

/// The failure that a row of a payment or a transition holds.
fn failure(row: &Row) -> Result<Option<Failure>, StoreError> {
    let Some(key) = row.text_or_null("failure_kind")? else { return Ok(None) };
    let kind = FailureKind::from_key(&key).ok_or_else(|| row.corrupt("failure_kind", key))?;
    Ok(Some(Failure { kind, code: row.text("failure_code")?, message: row.text("failure_message")? }))
}

/// A failure as the three columns of a row.
fn failure_args(failure: Option<&Failure>) -> [Arg; 3] {
    match failure {
        None => [Arg::Text(None), "".into(), "".into()],
        Some(Failure { kind, code, message }) => [kind.key().into(), code.as_str().into(), message.as_str().into()],
    }
}

/// Notes a step of a payment in its history.
async fn note(
    write: &mut Write<'_>,
    payment: &Payment,
    from: Option<PaymentState>,
    to: PaymentState,
    cause: Cause,
    failure: Option<&Failure>,
) -> Result<(), StoreError> {
    let Change { at, actor, by_staff, .. } = *write.change();
    let insert = "INSERT INTO payment_transition (id, payment_id, customer_id, at, from_state, to_state, cause, actor, \
                  by_staff, failure_kind, failure_code, failure_message) \
                  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    let insert = sql(insert)
        .bind(write.new_id().to_string())
        .bind(payment.id)
        .bind(payment.customer)
        .bind(at)
        .bind(from.map(|state| state.key().to_owned()))
        .bind(to.key())
        .bind(cause.key())
        .bind(actor)
        .bind(by_staff)
        .bind_all(failure_args(failure));
    write.later(insert).await
}
