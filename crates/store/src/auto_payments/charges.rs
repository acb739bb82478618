//! The payments that are due to be made automatically: each follows from one event, is one worker's at a time, and ends.

use tandem_domain::{
    billing::{
        auto_payment::{Charge, ChargeKind, ChargeState, OnInvoice},
        invoice::Invoice,
        payment::Payment,
    },
    ids::{ChargeId, CustomerId, InvoiceId, PaymentId, Timestamp},
    locale::{Currency, TimeZone},
    money::Money,
    recordings::utc_day,
};

use super::{AutoPayments, judging::judged};
use crate::{
    Store, StoreError,
    db::{Arg, Row, Sql, Tx, sql},
    outside,
};

/// The head of an insert of [`new`].
pub(crate) const INSERT: &str = "INSERT INTO auto_charge (id, customer_id, cause, kind, invoice_id, amount, currency, state, \
                                 failures, claims, due_at, error, created_at)";
/// No event is charged for twice.
pub(crate) const ONCE: &str = "ON CONFLICT (cause) DO NOTHING";
/// Characters of an error that are kept.
const ERROR_MAX: usize = 500;

/// A charge as somebody took it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed {
    /// The charge.
    pub charge: Charge,
    /// Which taking it is: results of an earlier one do not count.
    pub(super) claim: i64,
}

/// A charge that ended because its payment is closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CalledOff {
    charge: ChargeId,
    /// How far it was.
    before: ChargeState,
}

impl AutoPayments<'_> {
    /// Notes a charge for each open invoice that is due where its customer is (`today` tells the day in a time zone) and is to
    /// be paid on its due date, of `at_once` that may be; tells how many: 0 when there are no more. To be called now and then.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn note_due(
        &self,
        now: Timestamp,
        at_once: u32,
        today: impl Fn(&TimeZone) -> String,
    ) -> Result<u32, StoreError> {
        let (mut due_on, mut id) = (String::new(), String::new());
        loop {
            let some = self.perhaps_due(now, at_once, (&due_on, &id)).await?;
            let Some(last) = some.last() else { return Ok(0) };
            (due_on, id) = (last.text("due_on")?, last.text("id")?);
            let mut rows = Vec::new();
            for row in &some {
                if row.text("due_on")? > today(&row.parse("time_zone")?) {
                    continue;
                }
                let (id, customer): (InvoiceId, CustomerId) = (row.parse("id")?, row.parse("customer_id")?);
                let currency = row.read("currency", Currency::from_code)?;
                let cause = format!("invoice:{id}:due");
                rows.push(new(self.0, now, customer, cause, ChargeKind::Due, Some(id), None, currency));
            }
            // Where it is not that day yet they stay, and must not hide those behind them.
            if rows.is_empty() {
                continue;
            }
            let noted = u32::try_from(rows.len()).unwrap_or(u32::MAX);
            let mut tx = self.0.begin().await?;
            tx.insert_all_or(INSERT, rows, ONCE).await?;
            tx.commit().await?;
            return Ok(noted);
        }
    }

    /// The invoices behind this one, by their due date, that are to be charged on it, and may be due somewhere.
    async fn perhaps_due(
        &self,
        now: Timestamp,
        at_once: u32,
        (due_on, id): (&str, &str),
    ) -> Result<Vec<Row>, StoreError> {
        // The latest day that it can be anywhere.
        let (year, month, day) = utc_day(now.plus_seconds(14 * 3600));
        let due = format!(
            "SELECT i.id, i.customer_id, i.currency, i.due_on, c.time_zone FROM auto_payment p \
             JOIN invoice i ON i.customer_id = p.customer_id AND i.state = 'open' AND i.due_on <= $1 \
             JOIN customer c ON c.id = p.customer_id WHERE p.state = 'on' AND p.on_invoice = 'on_due_date' \
             AND NOT EXISTS (SELECT 1 FROM auto_charge a WHERE a.invoice_id = i.id \
             AND (a.kind = 'due' OR a.state IN ('waiting', 'charging', 'called_off'))) \
             AND NOT EXISTS (SELECT 1 FROM payment g WHERE g.customer_id = i.customer_id AND g.invoice_id = i.id \
             AND g.failure_kind = 'given_up') \
             AND NOT EXISTS (SELECT 1 FROM invoice_allocation r WHERE r.invoice_id = i.id AND r.amount < 0) \
             AND (i.due_on, i.id) > ($2, $3) ORDER BY i.due_on, i.id LIMIT {at_once}"
        );
        self.0.db.all(sql(due).bind(format!("{year:04}-{month:02}-{day:02}")).bind(due_on).bind(id)).await
    }

    /// Takes charges whose time has come, at most `limit`, those first that have waited longest: they are this worker's for so
    /// many seconds. No two workers ever get the same one, and none gets one of a customer of whom another charge is being made,
    /// for what that brings may be enough. Those for which there is nothing to do any more are ended instead.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn claim(&self, now: Timestamp, lease_seconds: i64, limit: u32) -> Result<Vec<Claimed>, StoreError> {
        if self.next_due().await?.is_none_or(|due| due > now) {
            return Ok(Vec::new());
        }
        let mut tx = self.0.begin().await?;
        let mut claimed = Vec::new();
        for state in [ChargeState::Waiting, ChargeState::Charging] {
            let left = limit.saturating_sub(u32::try_from(claimed.len()).unwrap_or(u32::MAX));
            // One of each customer, so that who has many keeps nobody waiting. With the charge its customer is taken, so that two
            // workers do not take two of his at the same moment.
            let due = format!(
                "SELECT a.id FROM auto_charge a JOIN customer c ON c.id = a.customer_id WHERE a.state = $1 AND a.due_at <= $2 \
                 AND NOT EXISTS (SELECT 1 FROM auto_charge o WHERE o.customer_id = a.customer_id AND o.id <> a.id \
                 AND o.state = 'charging' AND o.due_at > $2) \
                 AND NOT EXISTS (SELECT 1 FROM auto_charge b WHERE b.customer_id = a.customer_id AND b.state = $1 \
                 AND (b.due_at, b.id) < (a.due_at, a.id)) ORDER BY a.due_at, a.id LIMIT {left}"
            );
            let due = tx.all(sql(due).bind(state.key()).bind(now).untaken()).await?;
            let due = due.iter().map(|row| row.parse("id")).collect::<Result<Vec<_>, _>>()?;
            for (found, judged) in judged(&mut tx, &due).await? {
                let amount = match judged {
                    Ok(amount) => amount,
                    Err(end) => {
                        tx.later(ended(found.charge.id, end)).await?;
                        continue;
                    }
                };
                let amount = Some(amount).filter(|_| found.charge.invoice.is_none());
                let claim = found.claim + 1;
                // Another may have been taken until just now, also by this very round.
                let take = "UPDATE auto_charge SET state = $1, claims = $2, due_at = $3, amount = $4 WHERE id = $5 \
                            AND NOT EXISTS (SELECT 1 FROM auto_charge o WHERE o.customer_id = $6 AND o.id <> $5 \
                            AND o.state = 'charging' AND o.due_at > $7)";
                let take = sql(take)
                    .bind(ChargeState::Charging.key())
                    .bind(claim)
                    .bind(now.plus_seconds(lease_seconds))
                    .bind(amount.map(|amount| amount.minor))
                    .bind(found.charge.id)
                    .bind(found.charge.customer)
                    .bind(now);
                if tx.run(take).await? > 0 {
                    claimed.push(Claimed { claim, charge: Charge { amount, ..found.charge } });
                }
            }
        }
        tx.commit().await?;
        Ok(claimed)
    }

    /// When the next charge is to be made, or the next worker is taken for dead; `None`: nothing waits. One of a customer of whom
    /// another is being made has to wait for that.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn next_due(&self) -> Result<Option<Timestamp>, StoreError> {
        let next = "SELECT MIN(due_at) AS due FROM (SELECT * FROM (SELECT a.due_at FROM auto_charge a WHERE a.state = 'waiting' \
                    AND NOT EXISTS (SELECT 1 FROM auto_charge o WHERE o.customer_id = a.customer_id AND o.state = 'charging') \
                    ORDER BY a.due_at LIMIT 1) waiting \
                    UNION ALL SELECT MIN(due_at) FROM auto_charge WHERE state = 'charging') dues";
        let row = self.0.db.one(sql(next)).await?;
        Ok(row.map(|row| row.int_or_null("due")).transpose()?.flatten().map(Timestamp))
    }

    /// The payment failed and is tried again then: one more failure. Tells whether it was still this worker's; if not, nothing
    /// changes.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn retry_at(&self, claimed: &Claimed, at: Timestamp, error: &str) -> Result<bool, StoreError> {
        self.put_back(claimed, at, 1, error).await
    }

    /// Nothing is decided yet: it is looked at again then, and that is no failure. Tells whether it was still this worker's.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn wait_until(&self, claimed: &Claimed, at: Timestamp, why: &str) -> Result<bool, StoreError> {
        self.put_back(claimed, at, 0, why).await
    }

    /// The charge for which a payment is made, while it is neither paid nor given up: for a payment of which the bank says only
    /// later that it failed.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn charge_of(&self, payment: PaymentId) -> Result<Option<Claimed>, StoreError> {
        let of = "SELECT * FROM auto_charge WHERE payment_id = $1 AND state IN ('waiting', 'charging')";
        self.0.db.one(sql(of).bind(payment)).await?.as_ref().map(read).transpose()
    }

    /// Whether what a payment is for is charged by itself: the charge that it was begun for, or one of its invoice, is neither paid
    /// nor given up.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn is_charged_for(&self, payment: &Payment) -> Result<bool, StoreError> {
        let of = "SELECT id FROM auto_charge WHERE (payment_id = $1 OR invoice_id = $2) AND state IN ('waiting', 'charging')";
        Ok(self.0.db.one(sql(of).bind(payment.id).bind(payment.invoice)).await?.is_some())
    }

    /// Somebody is about to close a payment: what it is for is not charged by itself any more, not by another payment either. Tells
    /// which charges ended by that, to have them go on if the payment cannot be closed.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn call_off_for(&self, payment: &Payment) -> Result<Vec<CalledOff>, StoreError> {
        let mut tx = self.0.begin().await?;
        let called_off = call_off_for(&mut tx, payment).await?;
        tx.commit().await?;
        Ok(called_off)
    }

    /// The payment could not be closed: its charges go on from where they were.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn go_on(&self, called_off: &[CalledOff]) -> Result<(), StoreError> {
        if called_off.is_empty() {
            return Ok(());
        }
        let mut tx = self.0.begin().await?;
        for CalledOff { charge, before } in called_off {
            let back = sql("UPDATE auto_charge SET state = $1 WHERE id = $2 AND state = 'called_off'");
            tx.later(back.bind(before.key()).bind(*charge)).await?;
        }
        tx.commit().await
    }

    async fn put_back(&self, claimed: &Claimed, at: Timestamp, failed: i64, error: &str) -> Result<bool, StoreError> {
        let back = "UPDATE auto_charge SET state = $1, due_at = $2, failures = failures + $3, claims = claims + 1, \
                    error = $4 WHERE id = $5 AND claims = $6 AND state IN ($1, $7)";
        let back = sql(back)
            .bind(ChargeState::Waiting.key())
            .bind(at)
            .bind(failed)
            .bind(outside::line(error, ERROR_MAX))
            .bind(claimed.charge.id)
            .bind(claimed.claim)
            .bind(ChargeState::Charging.key());
        let mut tx = self.0.begin().await?;
        let found = tx.run(back).await? > 0;
        tx.commit().await?;
        Ok(found)
    }
}

/// A row of [`INSERT`], due at once.
#[expect(clippy::too_many_arguments, reason = "a charge is made of this much")]
pub(crate) fn new(
    store: &Store,
    now: Timestamp,
    customer: CustomerId,
    cause: String,
    kind: ChargeKind,
    invoice: Option<InvoiceId>,
    amount: Option<i64>,
    currency: Currency,
) -> Vec<Arg> {
    vec![
        ChargeId(store.new_id(now)).into(),
        customer.into(),
        cause.into(),
        kind.key().into(),
        invoice.into(),
        amount.into(),
        currency.code().into(),
        ChargeState::Waiting.key().into(),
        0.into(),
        0.into(),
        now.into(),
        "".into(),
        now.into(),
    ]
}

/// A row of [`INSERT`] for an invoice.
pub(crate) fn of_invoice(store: &Store, now: Timestamp, invoice: &Invoice, kind: ChargeKind) -> Vec<Arg> {
    let cause = format!("invoice:{}:{}", invoice.id, kind.key());
    new(store, now, invoice.customer, cause, kind, Some(invoice.id), None, invoice.currency)
}

/// Automatic payment is on again: notes a charge anew for each open invoice of the customer that one was noted for before and
/// ended without a payment. Not for one that a refund has opened, nor for one of which somebody closed a payment, nor for one that
/// is not to be paid yet: what falls due is noted when it does. Whoever calls has the customer's turn.
///
/// It is another charge, of a cause of its own: an answer of the processor's to the old one's requests must not be taken for one
/// to the new one's.
pub(crate) async fn renew(
    store: &Store,
    tx: &mut Tx,
    now: Timestamp,
    customer: CustomerId,
    on_invoice: OnInvoice,
) -> Result<(), StoreError> {
    let kind = match on_invoice {
        OnInvoice::Never => return Ok(()),
        OnInvoice::OnIssue => ChargeKind::Issue,
        OnInvoice::OnDueDate => ChargeKind::Due,
    };
    // One that was only noted to be charged on issue is due when it is due.
    let ended = "SELECT i.id, i.currency, i.due_on, i.number, \
                 (SELECT COUNT(*) FROM auto_charge a WHERE a.invoice_id = i.id AND a.kind = $2) AS made FROM invoice i \
                 WHERE i.customer_id = $1 AND i.state = 'open' \
                 AND EXISTS (SELECT 1 FROM auto_charge a WHERE a.invoice_id = i.id AND a.state IN ('cancelled', 'failed') \
                 AND ($2 = 'issue' OR a.kind = $2)) \
                 AND NOT EXISTS (SELECT 1 FROM auto_charge a WHERE a.invoice_id = i.id \
                 AND a.state IN ('waiting', 'charging', 'called_off')) \
                 AND NOT EXISTS (SELECT 1 FROM payment g WHERE g.customer_id = i.customer_id AND g.invoice_id = i.id \
                 AND g.failure_kind = 'given_up') \
                 AND NOT EXISTS (SELECT 1 FROM invoice_allocation r WHERE r.invoice_id = i.id AND r.amount < 0) \
                 ORDER BY i.due_on, i.number";
    let mut rows = Vec::new();
    for row in tx.all(sql(ended).bind(customer).bind(kind.key())).await? {
        let invoice: InvoiceId = row.parse("id")?;
        let cause = match row.int("made")? {
            0 => format!("invoice:{invoice}:{}", kind.key()),
            made => format!("invoice:{invoice}:{}:{}", kind.key(), made + 1),
        };
        let currency = row.read("currency", Currency::from_code)?;
        rows.push(new(store, now, customer, cause, kind, Some(invoice), None, currency));
    }
    tx.insert_all_or(INSERT, rows, ONCE).await
}

/// An invoice is paid: nothing is charged for it any more.
pub(crate) async fn invoice_paid(tx: &mut Tx, invoice: InvoiceId) -> Result<(), StoreError> {
    end(tx, "invoice_id = $2", invoice.into(), ChargeState::Paid).await
}

/// Nothing is charged for an invoice any more.
pub(crate) async fn call_off_invoice(tx: &mut Tx, invoice: InvoiceId) -> Result<(), StoreError> {
    end(tx, "invoice_id = $2", invoice.into(), ChargeState::Cancelled).await
}

/// A payment is paid: the charge that it was for is, also when somebody wanted to close it at that moment.
pub(crate) async fn payment_paid(tx: &mut Tx, payment: PaymentId) -> Result<(), StoreError> {
    let paid = sql(
        "UPDATE auto_charge SET state = $1 WHERE payment_id = $2 AND state IN ('waiting', 'charging', 'called_off')",
    );
    tx.later(paid.bind(ChargeState::Paid.key()).bind(payment)).await
}

/// Whether a charge is neither paid nor given up. Whoever calls has the customer's turn.
pub(crate) async fn is_open(tx: &mut Tx, charge: ChargeId) -> Result<bool, StoreError> {
    let open = sql("SELECT id FROM auto_charge WHERE id = $1 AND state IN ('waiting', 'charging')");
    Ok(tx.one(open.bind(charge)).await?.is_some())
}

/// A payment was given up: the charge that it was for has failed.
pub(crate) async fn payment_failed(tx: &mut Tx, payment: PaymentId) -> Result<(), StoreError> {
    end(tx, "payment_id = $2", payment.into(), ChargeState::Failed).await
}

/// A payment is closed by somebody: so is all that would be charged for the same, also what has ended and might be renewed. For a
/// payment into the balance that is the top-up. Tells what ended by it.
pub(crate) async fn call_off_for(tx: &mut Tx, payment: &Payment) -> Result<Vec<CalledOff>, StoreError> {
    // They are held before they are told, or a worker would move them in between.
    let hold = "UPDATE auto_charge SET claims = claims WHERE \
                ((payment_id = $1 OR invoice_id = $2) AND state IN ('waiting', 'charging', 'failed', 'cancelled')) \
                OR (customer_id = $3 AND kind = $4 AND state IN ('waiting', 'charging')) RETURNING id, state";
    let top_up = if payment.invoice.is_none() { ChargeKind::Threshold.key() } else { "" };
    let hold = sql(hold).bind(payment.id).bind(payment.invoice).bind(payment.customer).bind(top_up);
    let mut called_off = Vec::new();
    for row in tx.all(hold).await? {
        let one = CalledOff { charge: row.parse("id")?, before: row.read("state", ChargeState::from_key)? };
        tx.later(ended(one.charge, ChargeState::CalledOff)).await?;
        called_off.push(one);
    }
    Ok(called_off)
}

/// The customer's balance is as it should be again, or automatic payment was turned on anew: that a top-up was called off keeps no
/// later one from being made.
pub(super) async fn forget_called_off_top_ups(tx: &mut Tx, customer: CustomerId) -> Result<(), StoreError> {
    let forget = sql("UPDATE auto_charge SET state = $1 WHERE customer_id = $2 AND kind = $3 AND state = $4");
    let forget = forget.bind(ChargeState::Cancelled.key()).bind(customer).bind(ChargeKind::Threshold.key());
    tx.later(forget.bind(ChargeState::CalledOff.key())).await
}

/// Nothing is charged to a customer any more.
pub(crate) async fn call_off_all(tx: &mut Tx, customer: CustomerId) -> Result<(), StoreError> {
    end(tx, "customer_id = $2", customer.into(), ChargeState::Cancelled).await
}

/// A payment was begun for a charge.
pub(crate) async fn has_payment(tx: &mut Tx, charge: ChargeId, payment: PaymentId) -> Result<(), StoreError> {
    tx.later(sql("UPDATE auto_charge SET payment_id = $1 WHERE id = $2").bind(payment).bind(charge)).await
}

/// Ends the open charges that are meant.
async fn end(tx: &mut Tx, which: &str, whose: Arg, state: ChargeState) -> Result<(), StoreError> {
    let end = format!("UPDATE auto_charge SET state = $1 WHERE {which} AND state IN ('waiting', 'charging')");
    tx.later(sql(end).bind(state.key()).bind_all([whose])).await
}

/// Nothing of this kind that waits is charged to a customer any more.
pub(crate) async fn call_off_kind(tx: &mut Tx, customer: CustomerId, kind: ChargeKind) -> Result<(), StoreError> {
    let end = sql("UPDATE auto_charge SET state = $1 WHERE customer_id = $2 AND kind = $3 AND state = 'waiting'");
    tx.later(end.bind(ChargeState::Cancelled.key()).bind(customer).bind(kind.key())).await
}

pub(super) fn ended(charge: ChargeId, state: ChargeState) -> Sql {
    sql("UPDATE auto_charge SET state = $1 WHERE id = $2").bind(state.key()).bind(charge)
}

pub(super) fn read(row: &Row) -> Result<Claimed, StoreError> {
    let currency = row.read("currency", Currency::from_code)?;
    let failures: u32 = row.number("failures")?;
    let charge = Charge {
        id: row.parse("id")?,
        customer: row.parse("customer_id")?,
        kind: row.read("kind", ChargeKind::from_key)?,
        invoice: row.parse_or_null("invoice_id")?,
        amount: row.int_or_null("amount")?.map(|minor| Money::new(minor, currency)),
        payment: row.parse_or_null("payment_id")?,
        attempt: failures.saturating_add(1),
        created: row.at("created_at")?,
    };
    Ok(Claimed { charge, claim: row.int("claims")? })
}
