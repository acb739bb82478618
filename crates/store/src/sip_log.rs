//! The signalling of calls, message by message, for the provider's staff. Whoever writes it takes secrets out first.

use tandem_domain::{
    access::Scope,
    ids::{CallId, Timestamp},
};

use crate::{
    Store, StoreError,
    db::{Arg, Row, sql},
    outside::{self, SHORT},
};

/// Bytes of a message that are kept.
pub const MESSAGE_MAX: usize = 16 * 1024;
/// Days that messages are kept.
pub const KEPT_DAYS: i64 = 14;
/// Messages of one call that are shown.
const SHOWN_MAX: u32 = 2000;
/// Messages that are deleted in one transaction, so that nobody waits long for its end.
const SWEPT_AT_ONCE: u64 = 5000;

/// A message that the exchange sent or got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SipLogEntry {
    /// The call that it belongs to.
    pub call: CallId,
    /// When.
    pub at: Timestamp,
    /// Its place among the call's messages; each place is taken once.
    pub sequence: u32,
    /// Who sent it: an address, or the name of a leg.
    pub from: String,
    /// Who got it.
    pub to: String,
    /// `UDP`, `TCP`, `TLS`.
    pub transport: String,
    /// The message without secrets; what is beyond [`MESSAGE_MAX`] is cut off.
    pub text: String,
}

/// The log of signalling. See [`Store::sip_log`].
#[derive(Clone, Copy)]
pub struct SipLog<'a>(pub(crate) &'a Store);

impl SipLog<'_> {
    /// Appends messages, in one transaction. One whose place is taken already is left out.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn append(&self, entries: &[SipLogEntry]) -> Result<(), StoreError> {
        if entries.is_empty() {
            return Ok(());
        }
        let row = |entry: &SipLogEntry| -> Vec<Arg> {
            let SipLogEntry { call, at, sequence, from, to, transport, text } = entry;
            vec![
                call.into(),
                (*sequence).into(),
                (*at).into(),
                outside::line(from, SHORT).into(),
                outside::line(to, SHORT).into(),
                outside::line(transport, SHORT).into(),
                outside::lines(text, MESSAGE_MAX).into(),
            ]
        };
        let insert = "INSERT INTO sip_message (call_id, sequence, at, sender, receiver, transport, message)";
        let mut tx = self.0.begin().await?;
        tx.insert_all_or(insert, entries.iter().map(row).collect(), "ON CONFLICT DO NOTHING").await?;
        tx.commit().await
    }

    /// The messages of a call in their order, two thousand at most. The log is the provider's own: the scope of one customer
    /// shows none of it.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn of_call(&self, scope: Scope, call: CallId) -> Result<Vec<SipLogEntry>, StoreError> {
        if scope.customer().is_some() {
            return Ok(Vec::new());
        }
        let of_call = format!("SELECT * FROM sip_message WHERE call_id = $1 ORDER BY sequence LIMIT {SHOWN_MAX}");
        let read = |row: &Row| {
            Ok(SipLogEntry {
                call: row.parse("call_id")?,
                at: row.at("at")?,
                sequence: row.number("sequence")?,
                from: row.text("sender")?,
                to: row.text("receiver")?,
                transport: row.text("transport")?,
                text: row.text("message")?,
            })
        };
        self.0.db.all(sql(of_call).bind(call)).await?.iter().map(read).collect()
    }

    /// Forgets the messages of before a moment.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn forget_before(&self, moment: Timestamp) -> Result<(), StoreError> {
        let delete = format!(
            "DELETE FROM sip_message WHERE (call_id, sequence) IN \
             (SELECT call_id, sequence FROM sip_message WHERE at < $1 ORDER BY at LIMIT {SWEPT_AT_ONCE})"
        );
        loop {
            let mut tx = self.0.begin().await?;
            let deleted = tx.run(sql(delete.clone()).bind(moment)).await?;
            tx.commit().await?;
            if deleted < SWEPT_AT_ONCE {
                return Ok(());
            }
        }
    }
}
