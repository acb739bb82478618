//! Real SIP phones for tests: what a person would hold in the hand, driven by a program.
//!
//! - [`Baresip`] is a phone: it registers, calls, answers, holds, transfers and sends digits, and tells what it heard.
//! - [`Sipp`] plays one scripted party message by message, for what no well-behaved phone does. The scripts for an
//!   exchange are in the folder [`scenarios`].
//! - [`Kamailio`] is a SIP proxy: the one between phones and an exchange that the field puts there.
//! - [`tones`] says which tones a recording holds, and how well one is kept from the other. Every phone speaks with
//!   a tone of its own, so that a spectrum at every ear says who hears whom.
//!
//! Everything waits for events and conditions, never for time to pass, and blocks the thread that asks. Each program
//! runs in a temporary folder of its own, on ports that nobody else has, and ends with the value that started it, or
//! with the test's process, however that ends.
//!
//! A test of two phones reads so:
//!
//! ```no_run
//! use tandem_phones::{Account, Baresip, Event};
//!
//! # fn main() -> Result<(), tandem_phones::PhoneError> {
//! let registrar = "127.0.0.1:5060".parse().expect("an address");
//! let john = Baresip::start(Account::registered("abc744", "tandem-demo", registrar).tone(440))?;
//! let mary = Baresip::start(Account::registered("abc702", "tandem-demo", registrar).tone(1000))?;
//! john.wait_until_registered()?;
//! mary.wait_until_registered()?;
//! john.dial("702")?;
//! mary.wait_for_incoming()?;
//! mary.accept()?;
//! john.wait_until_established()?;
//! john.wait_until_hears(1000.0)?;
//! mary.wait_until_hears(440.0)?;
//! mary.hangup()?;
//! assert!(john.wait_until_closed()?.contains("reset by peer"));
//! # Ok(())
//! # }
//! ```

mod baresip;
mod error;
mod installed;
mod kamailio;
mod leash;
pub mod ports;
mod sipp;
mod soft;
pub mod tones;
pub mod wav;

pub use crate::{
    baresip::{Account, Answer, Baresip, Event, Mark, Recording, SUMMARY, SipMessage, Transport},
    error::PhoneError,
    installed::installed,
    kamailio::Kamailio,
    leash::Leash,
    sipp::{Outcome, Serving, Sipp},
    soft::Soft,
};

use std::{path::PathBuf, time::Duration};

/// How long the waits without a time of their own wait: long, for a loaded machine; a test that passes never sees it.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// The path of a scenario shipped with this crate, for [`Sipp::new`]: `scenario("uac-call.xml")`.
#[must_use]
pub fn scenario(name: &str) -> PathBuf {
    scenarios().join(name)
}

/// The folder of the scenarios shipped with this crate.
#[must_use]
pub fn scenarios() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios"))
}
