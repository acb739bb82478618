//! The sound that goes with an e-mail.

use async_trait::async_trait;
use tandem_domain::{
    ids::RecordingId,
    recordings::{Form, Recording, utc_day},
};
use tandem_mail::{Attachment, Attachments, OutboxError};

use crate::{ReadError, Shelf};

#[async_trait]
impl Attachments for Shelf {
    async fn recording(&self, id: RecordingId, at_most: u64) -> Result<Option<Attachment>, OutboxError> {
        let Some(recording) = self.records().recording(id).await? else { return Ok(None) };
        match self.whole(&recording, Form::Opus, at_most).await {
            Ok(octets) => Ok(octets.map(|octets| Attachment {
                name: file_name(&recording, Form::Opus),
                media_type: "audio/ogg".into(),
                octets,
            })),
            Err(ReadError::NotFound) => Ok(None),
            Err(error @ ReadError::Failed(_)) => Err(error.into()),
        }
    }
}

/// The name of a downloaded or attached recording: its day (in UTC) and the other party, in ASCII.
#[must_use]
pub fn file_name(recording: &Recording, form: Form) -> String {
    let (year, month, day) = utc_day(recording.started);
    let number = &recording.other().number;
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '+' { c } else { '-' };
    let other: String = number.chars().map(plain).take(40).collect();
    let other = if other.is_empty() { "unknown" } else { &other };
    format!("recording-{year:04}-{month:02}-{day:02}-{other}.{}", form.extension())
}
