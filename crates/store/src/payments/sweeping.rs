//! About which payments, refunds and savings of cards is the processor asked again?
//!
//! Each that is not decided has a moment at which it is asked about. Whoever takes it moves that moment, so that no two ask at
//! once; what the processor says moves it further, or ends it.

use tandem_domain::{
    billing::{method::Setup, payment::Payment, refund::Refund},
    ids::{InvoiceId, Timestamp},
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
        self.due("payment", now, lease_seconds, limit).await?.iter().map(read).collect()
    }

    /// As [`Payments::due_for_sweep`], of refunds.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn due_refunds(&self, now: Timestamp, lease_seconds: i64, limit: u32) -> Result<Vec<Refund>, StoreError> {
        self.due("refund", now, lease_seconds, limit).await?.iter().map(read_refund).collect()
    }

    /// As [`Payments::due_for_sweep`], of cards that are being saved.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn due_setups(&self, now: Timestamp, lease_seconds: i64, limit: u32) -> Result<Vec<Setup>, StoreError> {
        self.due("payment_setup", now, lease_seconds, limit).await?.iter().map(read_setup).collect()
    }

    async fn due(&self, table: &str, now: Timestamp, lease: i64, limit: u32) -> Result<Vec<Row>, StoreError> {
        // Mostly there is nothing to do, and then nobody has to wait for the lock.
        let any = format!("SELECT id FROM {table} WHERE sweep_at IS NOT NULL AND sweep_at <= $1 LIMIT 1");
        if self.0.db.one(sql(any).bind(now)).await?.is_none() {
            return Ok(Vec::new());
        }
        let mut tx = self.0.begin().await?;
        let due = format!(
            "SELECT * FROM {table} WHERE sweep_at IS NOT NULL AND sweep_at <= $1 ORDER BY sweep_at LIMIT {limit}"
        );
        let rows = tx.all(sql(due).bind(now).once().untaken()).await?;
        for row in &rows {
            let take = sql(format!("UPDATE {table} SET sweep_at = $1 WHERE id = $2"));
            tx.run(take.bind(now.plus_seconds(lease)).bind(row.text("id")?)).await?;
        }
        tx.commit().await?;
        Ok(rows)
    }
}
