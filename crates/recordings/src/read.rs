//! Reading a finished recording: its size, pieces of it for HTTP's ranges, its waveform, and all of it for an e-mail.

use std::ops::Range;

use bytes::Bytes;
use futures::{Stream, StreamExt, TryStreamExt, stream::BoxStream};
use object_store::{GetOptions, GetRange, ObjectStoreExt};
use tandem_domain::recordings::{Form, Recording, Waveform};

use crate::{Shelf, objects};

/// Why a recording cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// Its object is not there: it was deleted, or somebody took it away.
    #[error("the sound is not there any more")]
    NotFound,
    /// The object store does not answer.
    #[error("the object store failed: {0}")]
    Failed(object_store::Error),
}

impl From<object_store::Error> for ReadError {
    fn from(error: object_store::Error) -> Self {
        match error {
            object_store::Error::NotFound { .. } => Self::NotFound,
            error => Self::Failed(error),
        }
    }
}

/// The most octets that are read of a waveform; a stored one has twice [`Waveform::SLICES`].
const WAVEFORM_MAX: u64 = 64 * 1024;

impl Shelf {
    /// The size of the sound in this form, in octets.
    ///
    /// # Errors
    /// [`ReadError`].
    pub async fn size(&self, recording: &Recording, form: Form) -> Result<u64, ReadError> {
        Ok(self.objects().head(&objects::sound(recording, form)).await?.size)
    }

    /// The octets of `range`, as they come from the object store. A range that goes over the end is cut there.
    ///
    /// # Errors
    /// [`ReadError`]; [`ReadError::Failed`] for a range that is empty or begins behind the end.
    pub async fn read(
        &self,
        recording: &Recording,
        form: Form,
        range: Range<u64>,
    ) -> Result<BoxStream<'static, Result<Bytes, ReadError>>, ReadError> {
        let options = GetOptions::new().with_range(Some(GetRange::Bounded(range)));
        let result = self.objects().get_opts(&objects::sound(recording, form), options).await?;
        Ok(result.into_stream().map_err(ReadError::from).boxed())
    }

    /// Its loudness over time.
    ///
    /// # Errors
    /// [`ReadError`].
    pub async fn waveform(&self, recording: &Recording) -> Result<Waveform, ReadError> {
        let options = GetOptions::new().with_range(Some(GetRange::Bounded(0..WAVEFORM_MAX)));
        let octets = self.objects().get_opts(&objects::peaks(recording), options).await?.bytes().await?;
        Ok(Waveform::from_octets(&octets))
    }

    /// All octets of the sound in this form; `None` if they are more than `at_most`.
    ///
    /// # Errors
    /// [`ReadError`].
    pub async fn whole(&self, recording: &Recording, form: Form, at_most: u64) -> Result<Option<Bytes>, ReadError> {
        let result = self.objects().get(&objects::sound(recording, form)).await?;
        if result.meta.size > at_most {
            return Ok(None);
        }
        Ok(Some(result.bytes().await?))
    }
}

/// All octets of a stream of pieces.
///
/// # Errors
/// The first error in it.
pub async fn gather(pieces: impl Stream<Item = Result<Bytes, ReadError>>) -> Result<Vec<u8>, ReadError> {
    pieces
        .try_fold(Vec::new(), async |mut all, piece| {
            all.extend_from_slice(&piece);
            Ok(all)
        })
        .await
}
