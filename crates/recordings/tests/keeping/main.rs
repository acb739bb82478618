//! What the shelf promises, told as stories: from WAV segments in the spool to objects, a row and an e-mail, once, whatever
//! dies when.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod crashing;
mod faults;
mod finishing;
mod going;
mod reading;
mod s3;
mod sound;
mod world;
