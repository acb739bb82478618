//! Which money pays which invoice.
//!
//! What a customer has paid in and is not yet allocated is its credit: what is open of its invoices, less what it owes. New
//! invoices are paid from it, and new credit pays the invoices that are due first. Whoever calls these has the customer's turn.

use tandem_domain::{
    access::Tenant,
    billing::{
        invoice::{Invoice, InvoiceState},
        payment::{Payment, PaymentState},
    },
    ids::{InvoiceId, PaymentId, Timestamp},
    locale::Currency,
    money::Money,
};

use super::{by_id, read};
use crate::{
    Store, StoreError,
    auto_payments::charges,
    db::{Tx, sql},
    ledger::balance_of,
    payments,
};

/// Pays an invoice with at most `up_to` minor units, and tells how much it took: nothing when it is not open.
///
/// # Errors
/// [`StoreError::NotFound`], also for another tenant's.
pub(crate) async fn pay(
    store: &Store,
    tx: &mut Tx,
    now: Timestamp,
    tenant: Tenant,
    invoice: InvoiceId,
    payment: Option<PaymentId>,
    up_to: i64,
) -> Result<i64, StoreError> {
    let invoice = tx.one(by_id(tenant, invoice)).await?.as_ref().map(read).transpose()?.ok_or(StoreError::NotFound)?;
    pay_this(store, tx, now, &invoice, payment, up_to).await
}

/// As [`pay`], of an invoice that was read when it was its customer's turn.
pub(crate) async fn pay_this(
    store: &Store,
    tx: &mut Tx,
    now: Timestamp,
    invoice: &Invoice,
    payment: Option<PaymentId>,
    up_to: i64,
) -> Result<i64, StoreError> {
    let amount = invoice.open().minor.min(up_to);
    if amount <= 0 {
        return Ok(0);
    }
    allocate(store, tx, now, invoice, payment, amount).await?;
    if invoice.paid + amount == invoice.totals.total {
        let paid = sql("UPDATE invoice SET state = $1, paid_at = $2 WHERE id = $3");
        tx.later(paid.bind(InvoiceState::Paid.key()).bind(now).bind(invoice.id)).await?;
        charges::invoice_paid(tx, invoice.id).await?;
    }
    Ok(amount)
}

/// Pays open invoices from what the customer has to its credit, those first that are due first. One of which a payment is with the
/// bank is left to that; when that has left the bank, this is done once more. Other payments of what is paid here are called off.
pub(crate) async fn apply_credit(
    store: &Store,
    tx: &mut Tx,
    now: Timestamp,
    tenant: Tenant,
    currency: Currency,
) -> Result<(), StoreError> {
    let mut credit = credit_of(tx, tenant, currency).await?;
    if credit <= 0 {
        return Ok(());
    }
    let open = "SELECT i.id FROM invoice i WHERE i.customer_id = $1 AND i.state = 'open' AND i.currency = $2 \
                AND NOT EXISTS (SELECT 1 FROM payment p WHERE p.invoice_id = i.id AND p.state IN ($3, $4)) \
                ORDER BY i.due_on, i.number";
    let open = sql(open).bind(tenant.customer()).bind(currency.code());
    let with_bank = PaymentState::WITH_BANK.map(PaymentState::key);
    for row in tx.all(open.bind(with_bank[0]).bind(with_bank[1])).await? {
        if credit <= 0 {
            break;
        }
        credit -= pay(store, tx, now, tenant, row.parse("id")?, None, credit).await?;
    }
    Ok(())
}

/// What a customer has to its credit beside what it owes; negative when more is allocated than it has.
pub(crate) async fn credit_of(tx: &mut Tx, tenant: Tenant, currency: Currency) -> Result<i64, StoreError> {
    let open = "SELECT CAST(COALESCE(SUM(total - paid), 0) AS BIGINT) AS minor FROM invoice \
                WHERE customer_id = $1 AND state = 'open' AND currency = $2";
    let open = sql(open).bind(tenant.customer()).bind(currency.code());
    let open = tx.one(open).await?.map_or(Ok(0), |row| row.int("minor"))?;
    Ok(open - balance_of(tx, tenant.customer(), currency).await?)
}

/// After a refund of which `owed` is owed again: as far as more is allocated than the customer has, it is taken away, first from
/// the invoice that the refunded payment paid, then from those that were paid from credit last. They are open again then, and
/// nobody is charged for them automatically. What is owed beside that, such as calls that are not billed yet, is no matter here.
pub(crate) async fn after_refund(
    store: &Store,
    tx: &mut Tx,
    now: Timestamp,
    tenant: Tenant,
    payment: PaymentId,
    owed: Money,
) -> Result<(), StoreError> {
    let mut left = owed.minor.min(-credit_of(tx, tenant, owed.currency).await?);
    let paid = "SELECT a.invoice_id AS id, a.payment_id, CAST(SUM(a.amount) AS BIGINT) AS minor FROM invoice_allocation a \
                JOIN invoice i ON i.id = a.invoice_id WHERE a.customer_id = $1 AND i.currency = $2 AND i.state <> 'void' \
                AND (a.payment_id = $3 OR a.payment_id IS NULL) GROUP BY a.invoice_id, a.payment_id \
                HAVING SUM(a.amount) > 0 ORDER BY CASE WHEN a.payment_id IS NULL THEN 1 ELSE 0 END, MAX(a.id) DESC";
    if left <= 0 {
        return Ok(());
    }
    let paid = sql(paid).bind(tenant.customer()).bind(owed.currency.code()).bind(payment);
    for row in tx.all(paid).await? {
        let amount = row.int("minor")?.min(left);
        if amount <= 0 {
            break;
        }
        let found = tx.one(by_id(tenant, row.parse("id")?)).await?.as_ref().map(read).transpose()?;
        let invoice = found.ok_or(StoreError::NotFound)?;
        take_away(store, tx, now, &invoice, row.parse_or_null("payment_id")?, amount).await?;
        let open = sql("UPDATE invoice SET state = $1, paid_at = NULL WHERE id = $2 AND state = $3");
        tx.run(open.bind(InvoiceState::Open.key()).bind(invoice.id).bind(InvoiceState::Paid.key())).await?;
        charges::call_off_invoice(tx, invoice.id).await?;
        left -= amount;
    }
    Ok(())
}

/// After a refund that was owed again has come back: the payment pays its invoice again, with as much as it did.
pub(crate) async fn pay_again(
    store: &Store,
    tx: &mut Tx,
    now: Timestamp,
    tenant: Tenant,
    payment: &Payment,
    back: i64,
) -> Result<(), StoreError> {
    let Some(invoice) = payment.invoice else { return Ok(()) };
    let by_payment = sql("SELECT CAST(COALESCE(SUM(amount), 0) AS BIGINT) AS minor FROM invoice_allocation \
                          WHERE payment_id = $1")
    .bind(payment.id);
    let allocated = tx.one(by_payment).await?.map_or(Ok(0), |row| row.int("minor"))?;
    let up_to = back.min(payment.amount.minor - allocated);
    pay(store, tx, now, tenant, invoice, Some(payment.id), up_to).await.map(drop)
}

/// Takes away what was allocated to an invoice.
pub(crate) async fn take_away(
    store: &Store,
    tx: &mut Tx,
    now: Timestamp,
    invoice: &Invoice,
    payment: Option<PaymentId>,
    amount: i64,
) -> Result<(), StoreError> {
    if amount == 0 { Ok(()) } else { allocate(store, tx, now, invoice, payment, -amount).await }
}

async fn allocate(
    store: &Store,
    tx: &mut Tx,
    now: Timestamp,
    invoice: &Invoice,
    payment: Option<PaymentId>,
    amount: i64,
) -> Result<(), StoreError> {
    let insert = sql("INSERT INTO invoice_allocation (id, invoice_id, customer_id, payment_id, amount, at) \
                      VALUES ($1, $2, $3, $4, $5, $6)")
    .bind(store.new_id(now).to_string())
    .bind(invoice.id)
    .bind(invoice.customer)
    .bind(payment)
    .bind(amount)
    .bind(now);
    tx.later(insert).await?;
    tx.later(sql("UPDATE invoice SET paid = paid + $1 WHERE id = $2").bind(amount).bind(invoice.id)).await?;
    payments::look_again(tx, now, invoice.id).await
}
