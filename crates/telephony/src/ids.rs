//! What names the things that live only while the exchange runs.

/// A leg: one phone's side of a call. The same name in signalling and in media.
pub use tandem_media::LegId;
