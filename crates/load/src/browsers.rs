//! What does a call between a browser and a phone cost, and what becomes of its sound?

use std::num::NonZero;

use anyhow::Result;
use serde::Serialize;

use crate::{
    process::Measured,
    voices::{Heard, TURN, Voices},
};

/// Seconds of a turn that are measured.
const TURN_SECONDS: u32 = TURN / PACKETS;

/// Packets of a stream in a second.
const PACKETS: u32 = 50;

/// What was measured of one way.
#[derive(Debug, Serialize)]
pub struct Way {
    /// Calls.
    pub calls: usize,
    /// Packets sent.
    pub sent: u64,
    /// Packets that did not arrive.
    pub lost: u64,
    /// Packets that arrived twice.
    pub doubled: u64,
    /// Packets whose sound reached somebody who must not hear it.
    pub misheard: u64,
    /// Packets whose sound should have been heard in a mix.
    pub mixed: u64,
    /// Those that were not in time for it.
    pub made_up: u64,
    /// The relay's processor time for each second of a call, in hundredths of a second.
    pub cpu_percent: f64,
    /// The generator's own.
    pub generator_percent: f64,
    /// The longest that the generator itself was too late, in milliseconds.
    pub generator_late_ms: f64,
    /// From sending to receiving what is relayed, in microseconds: the median.
    pub delay_p50_us: f64,
    /// What 99 of 100 do not exceed.
    pub delay_p99_us: f64,
    /// From sending to receiving it in a mix, in microseconds: the median. 0 without mixes.
    pub mixed_p50_us: f64,
    /// What 99 of 100 do not exceed.
    pub mixed_p99_us: f64,
}

/// Lets browsers talk to phones for so many seconds through the gateway, as many calls straight from end to end and through the
/// relay that does nothing but encrypt, and so many calls with a manager who whispers to the browser: two seconds each, in turn,
/// so that whatever else goes on in the machine disturbs all alike. Tells of the straight way, of that relay, of the gateway, and
/// of its mixed calls.
///
/// # Errors
/// Something does not start, does not connect, or is gone.
pub fn measure(calls: usize, mixed: usize, seconds: u32) -> Result<[Way; 4]> {
    let threads = std::thread::available_parallelism().map_or(1, NonZero::get);
    let sealed = Measured::sealed(calls, threads)?;
    let mut gateway = Measured::gateway(calls, false)?;
    let mut mixing = Measured::gateway(mixed, true)?;
    let mut voices = [
        Voices::directly(calls)?,
        Voices::sealed(&sealed)?,
        Voices::through(&mut gateway, false)?,
        Voices::through(&mut mixing, true)?,
    ];
    let relays = [None, Some(&sealed), Some(&gateway), Some(&mixing)];
    // And one turn that is not measured.
    for _ in 0..=seconds.div_ceil(TURN_SECONDS).max(1) {
        for (voices, relay) in voices.iter_mut().zip(relays) {
            voices.turn(relay)?;
        }
    }
    let calls = [calls, calls, calls, mixed];
    let mut calls = calls.into_iter();
    Ok(voices.map(|voices| Way::of(voices.heard(), calls.next().unwrap_or_default())))
}

impl Way {
    fn of(mut heard: Heard, calls: usize) -> Self {
        // By what was said, not by the clock: a generator that was held up says as much, only later, and would make whoever
        // carries it look cheaper.
        #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
        let said = heard.sent.max(1) as f64 / f64::from(PACKETS) / heard.parties as f64;
        let percent = |time: std::time::Duration| time.as_secs_f64() * 100.0 / said;
        Self {
            calls,
            sent: heard.sent,
            lost: heard.lost,
            doubled: heard.doubled,
            misheard: heard.misheard,
            mixed: heard.mixed,
            made_up: heard.made_up,
            cpu_percent: percent(heard.relay),
            generator_percent: percent(heard.generator),
            generator_late_ms: heard.latest.as_secs_f64() * 1e3,
            delay_p50_us: heard.delays.percentile(0.5),
            delay_p99_us: heard.delays.percentile(0.99),
            mixed_p50_us: heard.mixed_delays.percentile(0.5),
            mixed_p99_us: heard.mixed_delays.percentile(0.99),
        }
    }
}
