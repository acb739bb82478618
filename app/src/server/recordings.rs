//! What the pages want of the object store: the sound of recordings, and how loud it is. The running server gives it.

use std::ops::Range;

use axum::body::Bytes;
use futures::{future::BoxFuture, stream::BoxStream};
use tandem_domain::recordings::{Form, Recording, Waveform};

/// Why there is no sound.
#[derive(Debug, thiserror::Error)]
pub enum RecordingsError {
    /// The object store has none of this recording.
    #[error("the sound of this recording is not in the object store")]
    Gone,
    /// The object store does not answer, or not in time.
    #[error("the object store cannot be read: {0}")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// A piece of a sound after the other, in order.
pub type Pieces = BoxStream<'static, Result<Bytes, RecordingsError>>;

/// The sound of recordings.
pub trait Recordings: Send + Sync {
    /// How many octets a recording has in a form.
    fn size<'a>(&'a self, recording: &'a Recording, form: Form) -> BoxFuture<'a, Result<u64, RecordingsError>>;

    /// These octets of it. The range is not empty, and lies within the size.
    fn read<'a>(
        &'a self,
        recording: &'a Recording,
        form: Form,
        range: Range<u64>,
    ) -> BoxFuture<'a, Result<Pieces, RecordingsError>>;

    /// Recordings were deleted: their sound goes soon, and not only within the hour.
    fn deleted(&self);

    /// An e-mail is to be sent at once.
    fn mail_waits(&self);

    /// How loud both sides are over time.
    fn waveform<'a>(&'a self, recording: &'a Recording) -> BoxFuture<'a, Result<Waveform, RecordingsError>>;
}

/// Where nothing is recorded.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoRecordings;

impl Recordings for NoRecordings {
    fn deleted(&self) {}

    fn mail_waits(&self) {}

    fn size<'a>(&'a self, _recording: &'a Recording, _form: Form) -> BoxFuture<'a, Result<u64, RecordingsError>> {
        Box::pin(async { Err(RecordingsError::Gone) })
    }

    fn read<'a>(
        &'a self,
        _recording: &'a Recording,
        _form: Form,
        _range: Range<u64>,
    ) -> BoxFuture<'a, Result<Pieces, RecordingsError>> {
        Box::pin(async { Err(RecordingsError::Gone) })
    }

    fn waveform<'a>(&'a self, _recording: &'a Recording) -> BoxFuture<'a, Result<Waveform, RecordingsError>> {
        Box::pin(async { Err(RecordingsError::Gone) })
    }
}
