//! How much is given back, and what follows.
//!
//! A refund is written down first and its amount reserved; then the processor is asked. It is counted, as everything is, by what
//! the processor says of the payment: when that has given back more than was known, those of the refunds under way are settled
//! in their order that the processor has, by names that are known. What was given back without one, on the processor's own
//! pages, is counted too. It may turn out later to be one of ours, of which word came before its name: that one is settled with
//! what was counted already.

use tandem_domain::{
    access::Tenant,
    audit::{FieldChange, Subject},
    billing::{
        ledger::{AccountKind, Entry},
        payment::{Cause, Payment},
        refund::{Refund, RefundState},
    },
    ids::{PaymentId, RefundId, Timestamp},
    locale::Currency,
    money::Money,
};

use super::{Payments, beginning, by_id, note, read, sweeping::first_look};
use crate::{
    Change, Store, StoreError,
    db::{Row, Sql, sql},
    invoices::allocating,
    ledger::{Owner, another_request, posting, token},
    outside,
    saving::{About, Write},
};

/// Characters of an error that are kept.
const ERROR_MAX: usize = 500;
/// In how many seconds the processor is asked about a refund if nobody did meanwhile.
const SWEEP_SECONDS: i64 = 60;

/// A refund that is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRefund {
    /// Made by the page for one form: of two requests with the same one the second gives the same refund.
    pub token: String,
    /// How much, in minor units.
    pub amount: i64,
    /// Why; the customer sees it.
    pub reason: String,
    /// The customer owes it again. If not, as much is credited as an adjustment.
    pub owed_again: bool,
}

impl Payments<'_> {
    /// Begins a refund, its amount being reserved from now on: never more is given back than was paid.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], also for another tenant's payment; [`StoreError::Refused`] (`amount`) when it is nothing or
    /// more than what is left.
    pub async fn begin_refund(
        &self,
        change: &Change<'_>,
        tenant: Tenant,
        payment: PaymentId,
        new: &NewRefund,
    ) -> Result<Refund, StoreError> {
        let request = token(&new.token)?;
        let mut write = self.0.write(change).await?;
        let customer = Owner::take_turn(&mut write, tenant).await?;
        let row = write.one(by_id(payment)).await?.ok_or(StoreError::NotFound)?;
        let payment =
            Some(read(&row)?).filter(|payment| payment.customer == customer.id).ok_or(StoreError::NotFound)?;
        let before = sql("SELECT * FROM refund WHERE payment_id = $1 AND token = $2");
        if let Some(row) = write.one(before.bind(payment.id).bind(request.as_str())).await? {
            let refund = read_refund(&row)?;
            let is_same = refund.amount.minor == new.amount && refund.owed_again == new.owed_again;
            return if is_same { Ok(refund) } else { Err(another_request()) };
        }
        let left = payment.refundable(pending(&mut write, payment.id).await?);
        if !(1..=left).contains(&new.amount) {
            let left = Money::new(left, payment.amount.currency);
            let words = if left.is_zero() {
                "Nothing can be refunded of this payment.".into()
            } else {
                format!("At most {left} can be refunded.")
            };
            return Err(StoreError::refused("amount", words));
        }
        let refund = Refund {
            id: RefundId(write.new_id()),
            payment: payment.id,
            customer: customer.id,
            amount: Money::new(new.amount, payment.amount.currency),
            reason: outside::line(&new.reason, outside::SHORT),
            owed_again: new.owed_again,
            state: RefundState::Pending,
            reference: None,
            error: String::new(),
            created: change.at,
            by: change.actor.into(),
        };
        write.run(insert(&refund, &request)).await?;
        let about = About::of(customer.id, Subject::Payment, payment.id, &beginning::name(&payment, ""));
        let told = [("refund", refund.amount.to_string()), ("reason", refund.reason.clone())];
        let told = told.map(|(field, new)| FieldChange { field: field.into(), old: String::new(), new });
        write.tell(&about, "refunded", None, told.into()).await?;
        write.commit().await?;
        Ok(refund)
    }

    /// Keeps the processor's name for a refund.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Refused`] (`reference`) when it has another.
    pub async fn attach_refund(&self, id: RefundId, reference: &str) -> Result<(), StoreError> {
        let mut tx = self.0.begin().await?;
        let row = tx.one(refund_by_id(id)).await?.ok_or(StoreError::NotFound)?;
        match read_refund(&row)?.reference {
            Some(own) if own == reference => return Ok(()),
            Some(_) => {
                let words = "The processor knows this refund by another name.";
                return Err(StoreError::refused("reference", words));
            }
            None => {}
        }
        tx.run(sql("UPDATE refund SET reference = $1 WHERE id = $2").bind(reference).bind(id)).await?;
        tx.commit().await
    }

    /// The processor refused to make a refund: it has failed, unless the processor is known to have it. Then its own status counts,
    /// and nothing else takes back what was counted. Tells whether it has failed by this.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn refund_refused(
        &self,
        change: &Change<'_>,
        cause: Cause,
        id: RefundId,
        error: &str,
    ) -> Result<bool, StoreError> {
        let was_never_made = |refund: &Refund| refund.state == RefundState::Pending && refund.reference.is_none();
        self.end_refund(change, cause, id, error, was_never_made).await
    }

    /// The processor says of a refund that it has failed, or was called off. What had been counted of it is taken back: the
    /// processor has the money again. Tells whether it had not failed before.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn refund_failed(
        &self,
        change: &Change<'_>,
        cause: Cause,
        id: RefundId,
        error: &str,
    ) -> Result<bool, StoreError> {
        self.end_refund(change, cause, id, error, |refund| refund.state != RefundState::Failed).await
    }

    /// A refund has failed, if it is one that can.
    async fn end_refund(
        &self,
        change: &Change<'_>,
        cause: Cause,
        id: RefundId,
        error: &str,
        can_fail: impl FnOnce(&Refund) -> bool,
    ) -> Result<bool, StoreError> {
        let customer = self.refund(id).await?.customer;
        let tenant = Tenant::for_system(customer);
        let mut write = self.0.write(change).await?;
        write.take_turn(customer).await?;
        let row = write.one(refund_by_id(id)).await?.ok_or(StoreError::NotFound)?;
        let refund = read_refund(&row)?;
        if !can_fail(&refund) {
            return Ok(false);
        }
        let failed = sql("UPDATE refund SET state = $1, error = $2, sweep_at = NULL WHERE id = $3")
            .bind(RefundState::Failed.key())
            .bind(outside::line(error, ERROR_MAX))
            .bind(id);
        write.run(failed).await?;
        if refund.state == RefundState::Succeeded {
            self.take_back(&mut write, tenant, cause, &refund).await?;
        }
        write.commit().await?;
        Ok(true)
    }

    /// The processor has this refund and says that it was given back. If that was counted before its name was known, it is settled
    /// with it, and forgiven if it is not owed again. One that is not counted yet stays under way.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn refund_known(&self, change: &Change<'_>, id: RefundId) -> Result<(), StoreError> {
        let refund = self.refund(id).await?;
        if refund.state != RefundState::Pending {
            return Ok(());
        }
        let tenant = Tenant::for_system(refund.customer);
        let mut write = self.0.write(change).await?;
        write.take_turn(refund.customer).await?;
        let refund = write.one(refund_by_id(id)).await?.as_ref().map(read_refund).transpose()?;
        let refund = refund.ok_or(StoreError::NotFound)?;
        let payment = write.one(by_id(refund.payment)).await?.as_ref().map(read).transpose()?;
        let payment = payment.ok_or(StoreError::NotFound)?;
        if refund.state != RefundState::Pending || refund.amount.minor > nameless(&mut write, &payment).await? {
            return Ok(());
        }
        write.run(settle(id)).await?;
        if !refund.owed_again {
            let entry = forgiven("refund-forgiven", &refund, refund.amount);
            let change = write.change();
            posting::post(self.0, &mut write.tx, change, &[entry]).await?;
            // It was counted as owed again, and may have opened what the payment had paid.
            let back = refund.amount.minor;
            allocating::pay_again(self.0, &mut write.tx, change.at, tenant, &payment, back).await?;
            allocating::apply_credit(self.0, &mut write.tx, change.at, tenant, refund.amount.currency).await?;
        }
        write.commit().await
    }

    /// The processor was asked about a refund: it is decided there, or is asked about again, the later the older it is. One that is
    /// not counted yet is asked about again in any case.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn refund_asked(&self, now: Timestamp, refund: &Refund, is_decided: bool) -> Result<(), StoreError> {
        let next = match now.seconds_since(refund.created) {
            ..3600 => SWEEP_SECONDS,
            3600..86_400 => 15 * 60,
            _ => 6 * 3600,
        };
        let asked = sql("UPDATE refund SET sweep_at = CASE WHEN state <> 'pending' AND $1 THEN NULL ELSE $2 END \
                         WHERE id = $3 AND state <> 'failed'")
        .bind(is_decided)
        .bind(now.plus_seconds(next))
        .bind(refund.id);
        let mut tx = self.0.begin().await?;
        tx.run(asked).await?;
        tx.commit().await
    }

    /// The refunds of a payment, in order.
    ///
    /// # Errors
    /// [`StoreError::Database`]. Of another tenant's payment there are none.
    pub async fn refunds(&self, tenant: Tenant, payment: PaymentId) -> Result<Vec<Refund>, StoreError> {
        let of = sql("SELECT * FROM refund WHERE payment_id = $1 AND customer_id = $2 ORDER BY id");
        self.0.db.all(of.bind(payment).bind(tenant.customer())).await?.iter().map(read_refund).collect()
    }

    /// A refund, whosever it is: for the server's own work.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn refund(&self, id: RefundId) -> Result<Refund, StoreError> {
        self.0.db.one(refund_by_id(id)).await?.as_ref().map(read_refund).transpose()?.ok_or(StoreError::NotFound)
    }

    /// A refund that had been counted is undone.
    async fn take_back(
        &self,
        write: &mut Write<'_>,
        tenant: Tenant,
        cause: Cause,
        refund: &Refund,
    ) -> Result<(), StoreError> {
        let row = write.one(by_id(refund.payment)).await?.ok_or(StoreError::NotFound)?;
        let payment = read(&row)?;
        let to = payment.without_refund(refund.amount.minor);
        // What the processor said of refunds until now does not count any more.
        let update = "UPDATE payment SET refunded = refunded - $1, state = $2, refunds_from = $3, look_at = $4, looks = 0 \
                      WHERE id = $5";
        let update = sql(update)
            .bind(refund.amount.minor)
            .bind(to.key())
            .bind(write.at())
            .bind(first_look(write.at()))
            .bind(payment.id);
        write.run(update).await?;
        note(write, &payment, Some(payment.state), to, cause, None).await?;
        let back = Entry::refund_failed(refund.id, payment.id, payment.customer, payment.system, refund.amount);
        let mut entries = vec![Entry { text: refund.reason.clone(), ..back }];
        if let Some(credit) = refund.amount.negated().filter(|_| !refund.owed_again) {
            entries.push(forgiven("refund-unforgiven", refund, credit));
        }
        let change = write.change();
        posting::post(self.0, &mut write.tx, change, &entries).await?;
        if refund.owed_again {
            let back = refund.amount.minor;
            allocating::pay_again(self.0, &mut write.tx, change.at, tenant, &payment, back).await?;
        }
        allocating::apply_credit(self.0, &mut write.tx, change.at, tenant, refund.amount.currency).await
    }
}

/// Counts what the processor gave back of a payment beyond what was known; `payment` is as it is from now on. Whoever calls has
/// the customer's turn.
pub(super) async fn count(
    store: &Store,
    write: &mut Write<'_>,
    tenant: Tenant,
    payment: &Payment,
    given_back: Money,
) -> Result<(), StoreError> {
    let under_way =
        "SELECT * FROM refund WHERE payment_id = $1 AND state = 'pending' AND reference IS NOT NULL ORDER BY id";
    let mut left = given_back.minor;
    let mut settled = Vec::new();
    for row in write.all(sql(under_way).bind(payment.id)).await? {
        let refund = read_refund(&row)?;
        if refund.amount.minor <= left {
            left -= refund.amount.minor;
            settled.push(refund);
        }
    }
    let entry = Entry::refund(
        payment.id,
        payment.customer,
        payment.system,
        given_back,
        (payment.refunded, payment.refunds_from),
    );
    let text = settled.first().map(|refund| refund.reason.clone()).unwrap_or_default();
    let refund = settled.first().map(|refund| refund.id);
    let mut entries = vec![Entry { text, refund, invoice: payment.invoice, ..entry }];
    for refund in &settled {
        // Asked about once more: the bank may still have it.
        write.run(settle(refund.id)).await?;
        if !refund.owed_again {
            entries.push(forgiven("refund-forgiven", refund, refund.amount));
        }
    }
    let change = write.change();
    posting::post(store, &mut write.tx, change, &entries).await?;
    let forgiven: i64 = settled.iter().filter(|refund| !refund.owed_again).map(|refund| refund.amount.minor).sum();
    let owed = Money::new(given_back.minor - forgiven, given_back.currency);
    allocating::after_refund(store, &mut write.tx, change.at, tenant, payment.id, owed).await
}

/// The credit that follows a refund that is not owed again, or its end.
fn forgiven(key: &str, refund: &Refund, credit: Money) -> Entry {
    let key = format!("{key}:{}", refund.id);
    let entry = Entry::adjustment(key, refund.customer, credit, AccountKind::Refunds, &refund.reason);
    Entry { payment: Some(refund.payment), refund: Some(refund.id), ..entry }
}

/// What is reserved by refunds under way, in minor units.
async fn pending(write: &mut Write<'_>, payment: PaymentId) -> Result<i64, StoreError> {
    let pending = "SELECT CAST(COALESCE(SUM(amount), 0) AS BIGINT) AS minor FROM refund \
                   WHERE payment_id = $1 AND state = 'pending'";
    write.one(sql(pending).bind(payment)).await?.map_or(Ok(0), |row| row.int("minor"))
}

/// What was given back of a payment, in minor units, and is of no refund of ours that is settled.
async fn nameless(write: &mut Write<'_>, payment: &Payment) -> Result<i64, StoreError> {
    let settled = "SELECT CAST(COALESCE(SUM(amount), 0) AS BIGINT) AS minor FROM refund \
                   WHERE payment_id = $1 AND state = 'succeeded'";
    let settled = write.one(sql(settled).bind(payment.id)).await?.map_or(Ok(0), |row| row.int("minor"))?;
    Ok(payment.refunded - settled)
}

fn settle(id: RefundId) -> Sql {
    sql("UPDATE refund SET state = $1 WHERE id = $2").bind(RefundState::Succeeded.key()).bind(id)
}

fn refund_by_id(id: RefundId) -> Sql {
    sql("SELECT * FROM refund WHERE id = $1").bind(id)
}

fn insert(refund: &Refund, token: &str) -> Sql {
    sql("INSERT INTO refund (id, payment_id, customer_id, token, amount, currency, reason, owed_again, state, reference, \
         error, actor, created_at, sweep_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, NULL, $10, $11, $12, $13)")
    .bind(refund.id)
    .bind(refund.payment)
    .bind(refund.customer)
    .bind(token)
    .bind(refund.amount.minor)
    .bind(refund.amount.currency.code())
    .bind(refund.reason.as_str())
    .bind(refund.owed_again)
    .bind(refund.state.key())
    .bind(refund.error.as_str())
    .bind(refund.by.as_str())
    .bind(refund.created)
    .bind(refund.created.plus_seconds(SWEEP_SECONDS))
}

pub(super) fn read_refund(row: &Row) -> Result<Refund, StoreError> {
    Ok(Refund {
        id: row.parse("id")?,
        payment: row.parse("payment_id")?,
        customer: row.parse("customer_id")?,
        amount: Money::new(row.int("amount")?, row.read("currency", Currency::from_code)?),
        reason: row.text("reason")?,
        owed_again: row.flag("owed_again")?,
        state: row.read("state", RefundState::from_key)?,
        reference: row.text_or_null("reference")?,
        error: row.text("error")?,
        created: row.at("created_at")?,
        by: row.text("actor")?,
    })
}
