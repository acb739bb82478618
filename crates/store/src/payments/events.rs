//! Was this word of the processor's acted upon already?
//!
//! An event is written down when it comes and marked when its work is done. Should the program end in between, the processor
//! sends it again, and it is not done: so the work is done then. Two at once may both do it; that changes nothing, since all of
//! it can be repeated.

use tandem_domain::ids::{PaymentSystemId, Timestamp};

use super::Payments;
use crate::{StoreError, db::sql, outside};

/// Characters of an event's id and kind that are kept.
const EVENT_MAX: usize = 255;
/// Days after which an event is forgotten; processors send none again after that long (Stripe: three days).
const KEPT_DAYS: i64 = 40;

/// What is known of an event that came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    /// It is new.
    New,
    /// It came before, and its work may not be done: do it.
    Again,
    /// Its work is done.
    Done,
}

impl Payments<'_> {
    /// Writes down that an event came, and tells whether there is something to do.
    ///
    /// # Errors
    /// [`StoreError::Database`], also for a payment system that does not exist.
    pub async fn event_arrived(
        &self,
        now: Timestamp,
        system: PaymentSystemId,
        event: &str,
        kind: &str,
    ) -> Result<Arrival, StoreError> {
        let event = outside::line(event, EVENT_MAX);
        let mut tx = self.0.begin().await?;
        let insert = sql("INSERT INTO payment_event (system_id, event_id, kind, at) VALUES ($1, $2, $3, $4) \
                          ON CONFLICT (system_id, event_id) DO NOTHING")
        .bind(system)
        .bind(event.as_str())
        .bind(outside::line(kind, EVENT_MAX))
        .bind(now);
        if tx.run(insert).await? > 0 {
            tx.commit().await?;
            return Ok(Arrival::New);
        }
        let done = sql("SELECT event_id AS id, done_at FROM payment_event WHERE system_id = $1 AND event_id = $2");
        let row = tx.one(done.bind(system).bind(event)).await?;
        let done = row.map(|row| row.int_or_null("done_at")).transpose()?.flatten();
        Ok(if done.is_some() { Arrival::Done } else { Arrival::Again })
    }

    /// The work of an event is done.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn event_done(&self, now: Timestamp, system: PaymentSystemId, event: &str) -> Result<(), StoreError> {
        let done = sql("UPDATE payment_event SET done_at = $1 WHERE system_id = $2 AND event_id = $3");
        let mut tx = self.0.begin().await?;
        tx.run(done.bind(now).bind(system).bind(outside::line(event, EVENT_MAX))).await?;
        tx.commit().await
    }

    /// Forgets events that no processor will send again.
    pub(crate) async fn forget_events(&self, now: Timestamp) -> Result<(), StoreError> {
        let old = sql("DELETE FROM payment_event WHERE at < $1").bind(now.plus_seconds(-KEPT_DAYS * 24 * 60 * 60));
        let mut tx = self.0.begin().await?;
        tx.run(old).await?;
        tx.commit().await
    }
}
