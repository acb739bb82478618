//! What memory does a call need, and does it come back?

use std::{
    thread,
    time::{Duration, Instant},
};

use anyhow::Result;
use serde::Serialize;

use crate::{
    calls::{self, Calls, Length, Sums},
    process::Measured,
    relay::{establish, hang_up},
    setups,
    sound::{self, TWO},
};

/// How long the exchange may write its records before its memory is looked at.
const PAUSE: Duration = Duration::from_secs(2);

/// What was measured.
#[derive(Debug, Serialize)]
pub struct Memory {
    /// Bytes before the first call.
    pub before: u64,
    /// Bytes for each relayed call.
    pub per_call: u64,
    /// Bytes when those had ended.
    pub after_relay: u64,
    /// Short calls until `early`, and until `late`.
    pub early_calls: u64,
    /// Bytes after so many short calls.
    pub early: u64,
    /// Short calls until `late`.
    pub late_calls: u64,
    /// Bytes after so many.
    pub late: u64,
    /// Short calls that failed.
    pub failed: u64,
}

/// Has `relayed` calls talk at once, then makes `short` short ones, `rate` a second, and looks after two fifths of these and after
/// all. The first part should take longer than the 32 s for which transactions are remembered (RFC 3261 §17, 64 × T1): then all
/// that is kept of past calls, within bounds, is there.
///
/// # Errors
/// Calls fail, or the exchange is gone.
pub fn measure(relayed: usize, short: u32, rate: u32) -> Result<Memory> {
    let ends = calls::Ends::open()?;
    let exchange = Measured::exchange(ends.trunk()?)?;
    let sound = sound::Ends::open(relayed, TWO.len())?;
    let mut calls = Calls::through(exchange.addresses[0], ends, Length::Long, sound.ports()?)?;
    // One call first: what is there once is not the calls'.
    establish(&mut calls, 1)?;
    let before = exchange.resident()?;
    establish(&mut calls, relayed)?;
    let mut talk = sound.talk(calls.media.to_vec(), TWO, &exchange)?;
    talk.go_on(100, &exchange)?;
    let during = exchange.resident()?;
    hang_up(&mut calls)?;
    calls.length = Length::Short;
    rest(&mut calls)?;
    let after_relay = exchange.resident()?;
    let mut failed = 0;
    let mut part = |share: u32| -> Result<u64> {
        calls.sums = Sums::default();
        let done = setups::run(&mut calls, rate, (short * share / 10 / rate).max(1), None)?;
        failed += done.failed + done.hanging;
        rest(&mut calls)?;
        exchange.resident()
    };
    let (early, late) = (part(4)?, part(6)?);
    Ok(Memory {
        before,
        per_call: during.saturating_sub(before) / relayed.saturating_sub(1).max(1) as u64,
        after_relay,
        early_calls: u64::from(short / 5 * 2),
        early,
        late_calls: u64::from(short),
        late,
        failed,
    })
}

/// Goes on answering until the exchange has tidied up.
fn rest(calls: &mut Calls) -> Result<()> {
    let until = Instant::now() + PAUSE;
    while Instant::now() < until {
        calls.step(1)?;
        thread::yield_now();
    }
    Ok(())
}
