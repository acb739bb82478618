//! Invoices: issued with numbers that have no gaps, listed, paid by what is allocated to them.

pub(crate) mod allocating;
mod issuing;

use tandem_domain::{
    access::{Scope, Tenant},
    billing::invoice::{Invoice, InvoiceNumber, InvoiceStanding, InvoiceState, Totals},
    ids::{CustomerId, InvoiceId, PaymentId, Timestamp},
    list::{PAGE_ROWS, Page, Query},
    locale::Currency,
    money::Money,
};

pub(crate) use self::issuing::{INSERT, row};
use crate::{
    Store, StoreError,
    db::{Row, Sql, sql},
    ids::first_of,
    list::{List, Where, WordIndex},
};

/// Their place in the word index.
pub(crate) const WORDS: WordIndex = WordIndex { kind: "invoice", rare: 8000, paired: 0 };

/// Which invoices a list shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InvoiceFilters {
    /// Only this customer's.
    pub customer: Option<CustomerId>,
    /// Only those that stand so on the day `today`: [`InvoiceStanding::Open`] are all that are open, overdue ones too.
    pub standing: Option<InvoiceStanding>,
    /// `YYYY-MM-DD`, where the reader is.
    pub today: String,
    /// Only those issued from this moment on.
    pub from: Option<Timestamp>,
    /// Only those issued before this moment.
    pub until: Option<Timestamp>,
}

/// An invoice in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvoiceRow {
    /// What names it.
    pub id: InvoiceId,
    /// Its number.
    pub number: InvoiceNumber,
    /// Whose.
    pub customer: CustomerId,
    /// That customer's name.
    pub customer_name: String,
    /// How far it is.
    pub state: InvoiceState,
    /// When it was issued.
    pub issued: Timestamp,
    /// On which day, `YYYY-MM-DD`.
    pub issued_on: String,
    /// The last day on which it is paid in time, `YYYY-MM-DD`.
    pub due_on: String,
    /// The whole amount.
    pub total: Money,
    /// What is still to be paid.
    pub open: Money,
}

/// What is open of a customer's invoices.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OpenInvoices {
    /// How many are open.
    pub count: i64,
    /// How much is open of them, in minor units.
    pub minor: i64,
    /// How many are overdue.
    pub overdue: i64,
}

/// One part of what an invoice was paid with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allocation {
    /// When.
    pub at: Timestamp,
    /// The payment; `None`: from the customer's credit.
    pub payment: Option<PaymentId>,
    /// How much, in minor units; negative: taken away again, by a refund.
    pub amount: i64,
}

/// The invoices. See [`Store::invoices`].
#[derive(Clone, Copy)]
pub struct Invoices<'a>(pub(crate) &'a Store);

/// What an [`InvoiceRow`] is made of.
const ROW: &str = "r.id, r.number, r.customer_id, r.state, r.issued_at, r.issued_on, r.due_on, r.total, r.paid, r.currency, \
                   c.name AS customer_name";

impl Invoices<'_> {
    /// A page of invoices, the newest first, whatever the query's order says. Searched: number, lines, note, and the
    /// customer's name as it was then.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn list(
        &self,
        scope: Scope,
        query: &Query<()>,
        filters: &InvoiceFilters,
    ) -> Result<Page<InvoiceRow>, StoreError> {
        let mut conditions = Where::within(scope);
        conditions.and_if("r.customer_id = ?", filters.customer.filter(|one| scope.customer() != Some(*one)));
        let state = filters.standing.map(|standing| match standing {
            InvoiceStanding::Open | InvoiceStanding::Overdue => InvoiceState::Open,
            InvoiceStanding::Paid => InvoiceState::Paid,
            InvoiceStanding::Void => InvoiceState::Void,
        });
        conditions.and_key("state", state.map(InvoiceState::key));
        if filters.standing == Some(InvoiceStanding::Overdue) {
            conditions.and("r.due_on < ?", filters.today.as_str());
        }
        conditions.and_if("r.id >= ?", filters.from.map(|from| first_of(from).to_string()));
        conditions.and_if("r.id < ?", filters.until.map(|until| first_of(until).to_string()));
        let list = List {
            columns: ROW,
            table: "invoice",
            joins: "JOIN customer c ON c.id = r.customer_id",
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
        list.page(&self.0.db, invoice_row).await
    }

    /// The open invoices of a customer, those that are due first first, and at most so many.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn due_first(&self, tenant: Tenant, at_most: u32) -> Result<Vec<InvoiceRow>, StoreError> {
        let open = format!(
            "SELECT {ROW} FROM invoice r JOIN customer c ON c.id = r.customer_id \
             WHERE r.customer_id = $1 AND r.state = 'open' ORDER BY r.due_on, r.number LIMIT {at_most}"
        );
        self.0.db.all(sql(open).bind(tenant.customer())).await?.iter().map(invoice_row).collect()
    }

    /// An invoice.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], also for another tenant's.
    pub async fn one(&self, tenant: Tenant, id: InvoiceId) -> Result<Invoice, StoreError> {
        self.0.db.one(by_id(tenant, id)).await?.as_ref().map(read).transpose()?.ok_or(StoreError::NotFound)
    }

    /// An invoice, whosever it is: to find out whose, for the provider's staff.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn get(&self, id: InvoiceId) -> Result<Invoice, StoreError> {
        let by_id = sql("SELECT * FROM invoice WHERE id = $1").bind(id);
        self.0.db.one(by_id).await?.as_ref().map(read).transpose()?.ok_or(StoreError::NotFound)
    }

    /// What an invoice was paid with, in order.
    ///
    /// # Errors
    /// [`StoreError::Database`]. Of another tenant's invoice there is nothing.
    pub async fn allocations(&self, tenant: Tenant, id: InvoiceId) -> Result<Vec<Allocation>, StoreError> {
        let all = "SELECT id, at, payment_id, amount FROM invoice_allocation \
                   WHERE invoice_id = $1 AND customer_id = $2 ORDER BY id";
        let read = |row: &Row| {
            Ok(Allocation { at: row.at("at")?, payment: row.parse_or_null("payment_id")?, amount: row.int("amount")? })
        };
        self.0.db.all(sql(all).bind(id).bind(tenant.customer())).await?.iter().map(read).collect()
    }

    /// What is open of a customer's invoices, `today` (`YYYY-MM-DD`) being the day where it is: for its first page.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn open_of(&self, tenant: Tenant, today: &str) -> Result<OpenInvoices, StoreError> {
        let open = "SELECT COUNT(*) AS n, CAST(COALESCE(SUM(total - paid), 0) AS BIGINT) AS minor, \
                    CAST(COALESCE(SUM(CASE WHEN due_on < $1 THEN 1 ELSE 0 END), 0) AS BIGINT) AS overdue \
                    FROM invoice WHERE customer_id = $2 AND state = 'open'";
        let row = self.0.db.one(sql(open).bind(today).bind(tenant.customer())).await?.ok_or(StoreError::NotFound)?;
        Ok(OpenInvoices { count: row.int("n")?, minor: row.int("minor")?, overdue: row.int("overdue")? })
    }
}

pub(crate) fn by_id(tenant: Tenant, id: InvoiceId) -> Sql {
    sql("SELECT * FROM invoice WHERE id = $1 AND customer_id = $2").bind(id).bind(tenant.customer())
}

pub(crate) fn read(row: &Row) -> Result<Invoice, StoreError> {
    let totals = Totals {
        net: row.int("net")?,
        tax: row.int("tax")?,
        total: row.int("total")?,
        rates: row.read("rates", |text| serde_json::from_str(text).ok())?,
    };
    Ok(Invoice {
        id: row.parse("id")?,
        number: InvoiceNumber(row.int("number")?),
        customer: row.parse("customer_id")?,
        buyer: row.text("buyer")?,
        state: row.read("state", InvoiceState::from_key)?,
        currency: row.read("currency", Currency::from_code)?,
        issued: row.at("issued_at")?,
        issued_on: row.text("issued_on")?,
        due_on: row.text("due_on")?,
        lines: row.read("lines", |text| serde_json::from_str(text).ok())?,
        totals,
        paid: row.int("paid")?,
        paid_at: row.int_or_null("paid_at")?.map(Timestamp),
        note: row.text("note")?,
    })
}

fn invoice_row(row: &Row) -> Result<InvoiceRow, StoreError> {
    let currency = row.read("currency", Currency::from_code)?;
    let state = row.read("state", InvoiceState::from_key)?;
    let total = row.int("total")?;
    let open = if state == InvoiceState::Open { total - row.int("paid")? } else { 0 };
    Ok(InvoiceRow {
        id: row.parse("id")?,
        number: InvoiceNumber(row.int("number")?),
        customer: row.parse("customer_id")?,
        customer_name: row.text("customer_name")?,
        state,
        issued: row.at("issued_at")?,
        issued_on: row.text("issued_on")?,
        due_on: row.text("due_on")?,
        total: Money::new(total, currency),
        open: Money::new(open, currency),
    })
}
