//! What sending needs of the database, and of whoever has the attachments; traits, so that tests can let either fail.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use tandem_domain::ids::{RecordingId, Timestamp};
use tandem_store::{Store, outbox::Mail};

/// The moment, from whoever may read the machine's clock.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Why the outbox or an attachment is not at hand: words for the log.
pub type OutboxError = Box<dyn std::error::Error + Send + Sync>;

/// The outbox.
#[async_trait]
pub trait Outbox: Send + Sync + 'static {
    /// Takes the e-mail whose time has come: no other sender gets it until `lease` is over, or this one says what became of it.
    async fn claim(&self, now: Timestamp, lease: Duration) -> Result<Option<Mail>, OutboxError>;

    /// The mail server has taken it.
    async fn sent(&self, mail: &Mail, now: Timestamp) -> Result<(), OutboxError>;

    /// It was not sent: for good if `permanent`, else it is tried again later, a limited number of times.
    async fn failed(&self, mail: &Mail, now: Timestamp, error: &str, permanent: bool) -> Result<(), OutboxError>;

    /// When the next one is due.
    async fn next_due(&self) -> Result<Option<Timestamp>, OutboxError>;
}

#[async_trait]
impl Outbox for Store {
    async fn claim(&self, now: Timestamp, lease: Duration) -> Result<Option<Mail>, OutboxError> {
        Ok(self.outbox().claim(now, i64::try_from(lease.as_secs()).unwrap_or(i64::MAX)).await?)
    }

    async fn sent(&self, mail: &Mail, now: Timestamp) -> Result<(), OutboxError> {
        if !self.outbox().sent(mail, now).await? {
            tracing::warn!(mail = %mail.id, "an e-mail was sent after its claim was over");
        }
        Ok(())
    }

    async fn failed(&self, mail: &Mail, now: Timestamp, error: &str, permanent: bool) -> Result<(), OutboxError> {
        self.outbox().failed(mail, now, error, permanent).await?;
        Ok(())
    }

    async fn next_due(&self) -> Result<Option<Timestamp>, OutboxError> {
        Ok(self.outbox().next_due().await?)
    }
}

/// A file beside the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// Its name; what may not be in a name is replaced.
    pub name: String,
    /// Its media type, such as `audio/ogg`.
    pub media_type: String,
    /// What is in it.
    pub octets: Bytes,
}

/// Whoever has the sound of recordings.
#[async_trait]
pub trait Attachments: Send + Sync + 'static {
    /// The recording's sound; `None` if it is not there any more, or more than `at_most` octets.
    async fn recording(&self, id: RecordingId, at_most: u64) -> Result<Option<Attachment>, OutboxError>;
}
