//! Finished call recordings: from the spool into the object store, and out of it again.
//!
//! While a call is recorded, media write its segments and the exchange says what is to be known of it; both end up in the
//! [`spool`]. When it is over, the [`Shelf`] makes one recording of it: one WAV, one Ogg Opus and a waveform, put into the
//! object store, then a row and an e-mail in one transaction, then the spool's folder goes. Each step can be repeated, so
//! that a server that dies at any point finishes after its next start, once.
//!
//! | module | the question it answers |
//! | --- | --- |
//! | [`spool`] | where is a recording while it is none yet? |
//! | [`shelf`] | which recordings are to be finished, and when is it tried again? |
//! | `finish` | what are the steps, and in which order? |
//! | `sound` | how do segments become one sound? |
//! | [`objects`] | which object store, and what are its objects called? |
//! | [`read`] | how is a recording played and downloaded? |
//! | `retention` | when does a recording go? |
//! | [`records`] | what is needed of the database? |

mod attachments;
mod finish;
pub mod objects;
pub mod read;
pub mod records;
mod retention;
pub mod shelf;
mod sound;
pub mod spool;

pub use attachments::file_name;
pub use read::ReadError;
pub use records::{Clock, Database, Finished, Records, RecordsError};
pub use shelf::{Parts, Running, Shelf};
pub use spool::Spool;
