//! About which payments, refunds and savings of cards is the processor asked again?
//!
//! Each that is not decided has a moment at which it is asked about. Whoever takes it moves that moment, so that no two ask at
//! once; what the processor says moves it further, or ends it. A payment that is paid, or was given up without the processor's
//! word, is looked at again at growing distances, for what the processor sends word of may be lost.

use tandem_domain::{
    billing::{
        failure::FailureKind,
        method::Setup,
        payment::{Payment, PaymentState, next_look_seconds},
        refund::Refund,
    },
    ids::{InvoiceId, PaymentId, PaymentSystemId, Timestamp},
};

use super::{Payments, read, refunding::read_refund};
use crate::{
    StoreError,
    db::{Row, Tx, sql},
    payment_methods::read_setup,
};

/// Something else is open of an invoice, or nothing: whoever asks about payments looks at once at the one that is under way, and
/// calls it off.
pub(crate) async fn look_again(tx: &mut Tx, now: Timestamp, invoice: InvoiceId) -> Result<(), StoreError> {
    let look = sql("UPDATE payment SET sweep_at = $1 WHERE invoice_id = $2 AND is_open");
    tx.later(look.bind(now).bind(invoice)).await
}

/// A payment that is over, and is looked at once more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    /// The payment.
    pub payment: Payment,
    /// How often it was looked at since anything happened to it.
    looks: u32,
    /// Until when it is this worker's.
    until: Timestamp,
}

/// When a payment is looked at that is over, and to which something happens at this moment.
pub(super) fn first_look(now: Timestamp) -> Option<Timestamp> {
    next_look_seconds(0).map(|seconds| now.plus_seconds(seconds))
}

/// The processor of a payment system may answer from now on: whoever looks again looks at once at what was given up there and is
/// not decided, also at what was looked at for the last time.
pub(crate) async fn look_at_given_up(tx: &mut Tx, now: Timestamp, system: PaymentSystemId) -> Result<(), StoreError> {
    let look =
        sql("UPDATE payment SET look_at = $1, looks = 0 WHERE system_id = $2 AND state = $3 AND failure_kind = $4 \
                    AND (look_at IS NOT NULL OR looks > 0)");
    let look = look.bind(now).bind(system).bind(PaymentState::Failed.key()).bind(FailureKind::GivenUp.key());
    tx.later(look).await
}

impl Payments<'_> {
    /// Payments that the processor is to be asked about, those first that have waited longest; they are this worker's for so
    /// many seconds.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn due_for_sweep(
        &self,
        now: Timestamp,
        lease_seconds: i64,
        limit: u32,
    ) -> Result<Vec<Payment>, StoreError> {
        self.due(("payment", "sweep_at", "sweep_at"), now, lease_seconds, limit).await?.iter().map(read).collect()
    }

    /// A payment that is not decided, and of which nothing can be said at the moment, is asked about later: the later, the older
    /// it is.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn waits(&self, now: Timestamp, payment: &Payment) -> Result<(), StoreError> {
        let later = sql("UPDATE payment SET sweep_at = $1 WHERE id = $2 AND is_open")
            .bind(now.plus_seconds(payment.next_sweep_seconds(now)))
            .bind(payment.id);
        let mut tx = self.0.begin().await?;
        tx.run(later).await?;
        tx.commit().await
    }

    /// As [`Payments::due_for_sweep`], of payments that are over and are looked at once more; those first that are given up, for
    /// somebody waits for what becomes of them.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn due_for_look(&self, now: Timestamp, lease_seconds: i64, limit: u32) -> Result<Vec<Look>, StoreError> {
        let order = "CASE WHEN paid_at IS NULL THEN 0 ELSE 1 END, look_at";
        let rows = self.due(("payment", "look_at", order), now, lease_seconds, limit).await?;
        let until = now.plus_seconds(lease_seconds);
        let look = |row: &Row| Ok(Look { payment: read(row)?, looks: row.number("looks")?, until });
        rows.iter().map(look).collect()
    }

    /// A payment was looked at, and is again later, or never more; unless something happened to it just now, which begins anew.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn looked(&self, now: Timestamp, look: &Look) -> Result<(), StoreError> {
        let looks = look.looks.saturating_add(1);
        let next = sql("UPDATE payment SET looks = $1, look_at = $2 WHERE id = $3 AND look_at = $4")
            .bind(looks)
            .bind(next_look_seconds(looks).map(|seconds| now.plus_seconds(seconds)))
            .bind(look.payment.id)
            .bind(look.until);
        let mut tx = self.0.begin().await?;
        tx.run(next).await?;
        tx.commit().await
    }

    /// Of a payment that is over nothing can be said at the moment: it is looked at then, and this was no look.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn look_later(&self, at: Timestamp, look: &Look) -> Result<(), StoreError> {
        let later = sql("UPDATE payment SET look_at = $1 WHERE id = $2 AND look_at = $3");
        let mut tx = self.0.begin().await?;
        tx.run(later.bind(at).bind(look.payment.id).bind(look.until)).await?;
        tx.commit().await
    }

    /// A payment that was given up is called off at the processor: it is decided, and not looked at any more.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn look_no_more(&self, look: &Look) -> Result<(), StoreError> {
        // Without a single look it is told from what was looked at for the last time and is not decided.
        let decided = sql("UPDATE payment SET look_at = NULL, looks = 0 WHERE id = $1 AND look_at = $2");
        let mut tx = self.0.begin().await?;
        tx.run(decided.bind(look.payment.id).bind(look.until)).await?;
        tx.commit().await
    }

    /// A payment that is over is looked at as soon as can be.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn look_now(&self, now: Timestamp, id: PaymentId) -> Result<(), StoreError> {
        let look = sql("UPDATE payment SET looks = 0, look_at = $1 WHERE id = $2 AND NOT is_open");
        let mut tx = self.0.begin().await?;
        tx.run(look.bind(now).bind(id)).await?;
        tx.commit().await
    }

    /// As [`Payments::due_for_sweep`], of refunds.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn due_refunds(&self, now: Timestamp, lease_seconds: i64, limit: u32) -> Result<Vec<Refund>, StoreError> {
        self.due(("refund", "sweep_at", "sweep_at"), now, lease_seconds, limit).await?.iter().map(read_refund).collect()
    }

    /// As [`Payments::due_for_sweep`], of cards that are being saved.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn due_setups(&self, now: Timestamp, lease_seconds: i64, limit: u32) -> Result<Vec<Setup>, StoreError> {
        self.due(("payment_setup", "sweep_at", "sweep_at"), now, lease_seconds, limit)
            .await?
            .iter()
            .map(read_setup)
            .collect()
    }

    async fn due(
        &self,
        (table, at, order): (&str, &str, &str),
        now: Timestamp,
        lease: i64,
        limit: u32,
    ) -> Result<Vec<Row>, StoreError> {
        // Mostly there is nothing to do, and then nobody has to wait for the lock.
        let any = format!("SELECT id FROM {table} WHERE {at} IS NOT NULL AND {at} <= $1 LIMIT 1");
        if self.0.db.one(sql(any).bind(now)).await?.is_none() {
            return Ok(Vec::new());
        }
        let mut tx = self.0.begin().await?;
        let due = format!("SELECT * FROM {table} WHERE {at} IS NOT NULL AND {at} <= $1 ORDER BY {order} LIMIT {limit}");
        let rows = tx.all(sql(due).bind(now).once().untaken()).await?;
        for row in &rows {
            let take = sql(format!("UPDATE {table} SET {at} = $1 WHERE id = $2"));
            tx.run(take.bind(now.plus_seconds(lease)).bind(row.text("id")?)).await?;
        }
        tx.commit().await?;
        Ok(rows)
    }
}
