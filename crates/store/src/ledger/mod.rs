//! The ledger: what customers owe, by which movements, and the proof that it is right.
//!
//! Entries come in by `posting` alone, from invoices, payments, refunds and adjustments; nothing here changes or deletes one.
//! A balance is read from one row, however many postings it is the sum of.

mod check;
pub(crate) mod posting;

use tandem_domain::{
    access::{Scope, Tenant},
    audit::{FieldChange, Subject},
    billing::ledger::{self as books, AccountKind, Entry, Funds, TransactionKind, TransactionRow},
    customer::Billing,
    ids::{CustomerId, InvoiceId, LedgerTransactionId, Timestamp},
    list::{PAGE_ROWS, Page, Query},
    locale::Currency,
    money::{Money, TYPED_MAX},
};

pub use self::check::LedgerReport;
use crate::{
    Change, Store, StoreError,
    db::{Row, Sql, Tx, sql},
    ids::first_of,
    invoices::allocating,
    list::{List, Where, WordIndex},
    outside,
    saving::{About, Write},
};

/// Their place in the word index.
pub(crate) const WORDS: WordIndex = WordIndex { kind: "ledger", rare: 8000, paired: 0 };
/// Characters of a token, with which a form names its one request.
const TOKEN_MAX: usize = 100;

/// How a customer stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Balance {
    /// What it owes; negative: what it has to its credit.
    pub balance: Money,
    /// When it pays.
    pub billing: Billing,
    /// Until where it may owe, in minor units.
    pub credit_limit: Option<i64>,
    /// What it has left.
    pub funds: Funds,
}

/// A correction of a balance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAdjustment {
    /// Made by the page for one form: of two requests with the same one the second does nothing.
    pub token: String,
    /// How much in the customer's favour, in minor units of its currency; negative: against it.
    pub credit: i64,
    /// Why; the customer sees it.
    pub reason: String,
    /// The invoice that is paid by it, such as by a bank transfer.
    pub invoice: Option<InvoiceId>,
}

/// Which transactions a list shows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LedgerFilters {
    /// Only this customer's.
    pub customer: Option<CustomerId>,
    /// Only those that tell this.
    pub kind: Option<TransactionKind>,
    /// Only those from this moment on.
    pub from: Option<Timestamp>,
    /// Only those before this moment.
    pub until: Option<Timestamp>,
}

/// The ledger. See [`Store::ledger`].
#[derive(Clone, Copy)]
pub struct Ledger<'a>(pub(crate) &'a Store);

impl Ledger<'_> {
    /// How a customer stands.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn balance(&self, tenant: Tenant) -> Result<Balance, StoreError> {
        let balance = format!("SELECT c.id, c.currency, {FUNDS} FROM customer c {FUNDS_OF} WHERE c.id = $1");
        let row = self.0.db.one(sql(balance).bind(tenant.customer())).await?.ok_or(StoreError::NotFound)?;
        Ok(Balance {
            balance: Money::new(row.int_or_null("balance")?.unwrap_or(0), row.read("currency", Currency::from_code)?),
            billing: row.read("billing", Billing::from_key)?,
            credit_limit: row.int_or_null("credit_limit")?,
            funds: funds(&row)?,
        })
    }

    /// A page of transactions, the newest first, whatever the query's order says. Searched: what they tell.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn list(
        &self,
        scope: Scope,
        query: &Query<()>,
        filters: &LedgerFilters,
    ) -> Result<Page<TransactionRow>, StoreError> {
        let mut conditions = Where::within(scope);
        conditions.and_if("r.customer_id = ?", filters.customer.filter(|one| scope.customer() != Some(*one)));
        conditions.and_key("kind", filters.kind.map(TransactionKind::key));
        conditions.and_if("r.id >= ?", filters.from.map(|from| first_of(from).to_string()));
        conditions.and_if("r.id < ?", filters.until.map(|until| first_of(until).to_string()));
        let list = List {
            columns: "r.*, c.name AS customer_name",
            table: "ledger_transaction",
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
        list.page(&self.0.db, transaction).await
    }

    /// Corrects a balance, and tells the transaction. Of the credit, the invoice that it is for is paid first, then those that
    /// are due first. A second request with the same token gives the same transaction.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]: the customer or the invoice; [`StoreError::Refused`]: `credit` when it is nothing or beyond
    /// bounds, `invoice` when it is not open.
    pub async fn adjust(
        &self,
        change: &Change<'_>,
        tenant: Tenant,
        new: &NewAdjustment,
    ) -> Result<LedgerTransactionId, StoreError> {
        if new.credit == 0 || !(-TYPED_MAX..=TYPED_MAX).contains(&new.credit) {
            return Err(StoreError::refused("credit", "Enter an amount."));
        }
        let request = token(&new.token)?;
        let mut write = self.0.write(change).await?;
        let customer = Owner::take_turn(&mut write, tenant).await?;
        let key = format!("adjustment:{}:{}", customer.id, request);
        if let Some(row) = write.one(by_key(&key)).await? {
            return if row.int("amount")? == -new.credit { row.parse("id") } else { Err(another_request()) };
        }
        let credit = Money::new(new.credit, customer.currency);
        let entry = Entry::adjustment(key, customer.id, credit, AccountKind::Adjustments, &new.reason);
        let entry = Entry { invoice: new.invoice, ..entry };
        let posted = posting::post_one(self.0, &mut write.tx, change, entry).await?;
        let mut left = new.credit.max(0);
        if let Some(invoice) = new.invoice {
            let paid = allocating::pay(self.0, &mut write.tx, change.at, tenant, invoice, None, left).await?;
            if paid == 0 {
                return Err(StoreError::refused("invoice", "Only an open invoice is paid, and only by a credit."));
            }
            left -= paid;
        }
        if left > 0 {
            allocating::apply_credit(self.0, &mut write.tx, change.at, tenant, customer.currency).await?;
        }
        let about = About::of(customer.id, Subject::Balance, customer.id, &customer.name);
        let told = [("amount", credit.to_string()), ("reason", new.reason.clone())];
        let told = told.map(|(field, new)| FieldChange { field: field.into(), old: String::new(), new });
        write.tell(&about, "adjusted", None, told.into()).await?;
        write.commit().await?;
        Ok(posted.id)
    }

    /// Sets until where a customer may owe, in minor units of its currency, and tells how it was. `None`: postpaid, as much as
    /// it likes; prepaid, nothing.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Refused`] (`credit_limit`) when it is negative or beyond bounds.
    pub async fn set_credit_limit(
        &self,
        change: &Change<'_>,
        tenant: Tenant,
        limit: Option<i64>,
    ) -> Result<Option<i64>, StoreError> {
        if limit.is_some_and(|limit| !(0..=TYPED_MAX).contains(&limit)) {
            return Err(StoreError::refused("credit_limit", "Enter an amount, or leave it empty."));
        }
        let mut write = self.0.write(change).await?;
        let customer = Owner::take_turn(&mut write, tenant).await?;
        let old = sql("SELECT credit_limit FROM customer_credit WHERE customer_id = $1").bind(customer.id);
        let old = write.one(old).await?.map(|row| row.int("credit_limit")).transpose()?;
        if old == limit {
            return Ok(old);
        }
        let save = match limit {
            None => sql("DELETE FROM customer_credit WHERE customer_id = $1").bind(customer.id),
            Some(limit) => sql("INSERT INTO customer_credit (customer_id, credit_limit) VALUES ($1, $2) \
                                ON CONFLICT (customer_id) DO UPDATE SET credit_limit = excluded.credit_limit")
            .bind(customer.id)
            .bind(limit),
        };
        write.run(save).await?;
        let text = |limit: Option<i64>| limit.map(|minor| Money::new(minor, customer.currency).to_string());
        let [old_text, new_text] = [old, limit].map(|limit| text(limit).unwrap_or_default());
        let about = About::of(customer.id, Subject::Balance, customer.id, &customer.name);
        let told = FieldChange { field: "credit_limit".into(), old: old_text, new: new_text };
        write.tell(&about, "changed", None, vec![told]).await?;
        write.commit().await?;
        Ok(old)
    }

    /// Proves that the books are right, or tells what is not. It reads all there is.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn check(&self) -> Result<LedgerReport, StoreError> {
        check::check(self.0).await
    }
}

/// What money is about: a customer, whose turn it is.
pub(crate) struct Owner {
    pub(crate) id: CustomerId,
    pub(crate) name: String,
    pub(crate) currency: Currency,
}

impl Owner {
    /// Waits for the customer's turn ([`Write::take_turn`]), which everything takes that moves its money, and tells who it is.
    pub(crate) async fn take_turn(write: &mut Write<'_>, tenant: Tenant) -> Result<Self, StoreError> {
        let owner = sql("SELECT id, name, currency FROM customer WHERE id = $1").bind(tenant.customer()).taken();
        let row = write.one(owner).await?.ok_or(StoreError::NotFound)?;
        Ok(Self { id: row.parse("id")?, name: row.text("name")?, currency: row.read("currency", Currency::from_code)? })
    }
}

/// A token as it is kept.
pub(crate) fn token(token: &str) -> Result<String, StoreError> {
    let token = outside::line(token, TOKEN_MAX);
    if token.is_empty() { Err(StoreError::refused("token", "Reload the page and try again.")) } else { Ok(token) }
}

/// A form was sent with the token of another one: it would be taken for done and is not.
pub(crate) fn another_request() -> StoreError {
    StoreError::refused("token", "This form was sent before with other words. Reload the page and try again.")
}

/// What a customer owes, inside a transaction.
pub(crate) async fn balance_of(tx: &mut Tx, customer: CustomerId, currency: Currency) -> Result<i64, StoreError> {
    let account = AccountKind::Receivable(customer).account(currency);
    let balance = sql("SELECT balance FROM ledger_account WHERE id = $1").bind(account);
    tx.one(balance).await?.map_or(Ok(0), |row| row.int("balance"))
}

/// The columns that [`funds`] reads of a customer `c`.
pub(crate) const FUNDS: &str = "c.billing, credit.credit_limit, owed.balance";
/// Where they are: two rows more, each by its primary key.
pub(crate) const FUNDS_OF: &str = "LEFT JOIN customer_credit credit ON credit.customer_id = c.id \
                                   LEFT JOIN ledger_account owed ON owed.id = 'receivable:' || c.id || ':' || c.currency";

/// What a customer has left.
pub(crate) fn funds(row: &Row) -> Result<Funds, StoreError> {
    let balance = row.int_or_null("balance")?.unwrap_or(0);
    Ok(books::standing(balance, row.read("billing", Billing::from_key)?, row.int_or_null("credit_limit")?))
}

fn by_key(key: &str) -> Sql {
    sql("SELECT id, amount FROM ledger_transaction WHERE key = $1").bind(key)
}

fn transaction(row: &Row) -> Result<TransactionRow, StoreError> {
    Ok(TransactionRow {
        id: row.parse("id")?,
        at: row.at("at")?,
        kind: row.read("kind", TransactionKind::from_key)?,
        customer: row.parse("customer_id")?,
        customer_name: row.text("customer_name")?,
        amount: Money::new(row.int("amount")?, row.read("currency", Currency::from_code)?),
        balance: row.int("balance")?,
        text: row.text("text")?,
        invoice: row.parse_or_null("invoice_id")?,
        payment: row.parse_or_null("payment_id")?,
        by: row.text("actor")?,
        by_staff: row.flag("by_staff")?,
    })
}
