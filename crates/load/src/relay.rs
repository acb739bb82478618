//! What does relaying cost, and what becomes of the sound?

use std::{
    num::NonZero,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use serde::Serialize;

use crate::{
    calls::{self, Calls, Length},
    process::Measured,
    sound::{self, Heard, TWO},
};

/// How many calls are set up a second.
const SETUPS: u32 = 200;

/// What was measured.
#[derive(Debug, Serialize)]
pub struct Relayed {
    /// Packets sent to the relay.
    pub sent: u64,
    /// Packets that did not arrive.
    pub lost: u64,
    /// Packets that arrived twice.
    pub doubled: u64,
    /// Packets a second through the relay.
    pub rate: f64,
    /// The relay's processor time for each packet, in microseconds.
    pub cpu_us: f64,
    /// How often the relay waited and was woken, for each packet.
    pub wakes: f64,
    /// From sending to receiving, in microseconds: the median.
    pub delay_p50_us: f64,
    /// What 99 of 100 do not exceed.
    pub delay_p99_us: f64,
    /// The generator's own processor time for each packet, in microseconds.
    pub generator_us: f64,
}

/// Lets this many calls talk for so many seconds through the exchange, and as many through bare loops: a second each, in turn, so
/// that whatever else goes on in the machine disturbs all alike. Tells first of the exchange, then of the bare loop on as many
/// threads as the exchange has for media, then of the bare loop on one thread.
///
/// # Errors
/// They could not be set up, or a relay is gone.
pub fn measure(count: usize, seconds: u32) -> Result<[Relayed; 3]> {
    let ends = calls::Ends::open()?;
    let exchange = Measured::exchange(ends.trunk()?)?;
    let sound = sound::Ends::open(count, TWO.len())?;
    let mut calls = Calls::through(exchange.addresses[0], ends, Length::Long, sound.ports()?)?;
    establish(&mut calls, count)?;
    let mut talks = vec![(sound.talk(calls.media.to_vec(), TWO, &exchange)?, exchange)];
    let threads = std::thread::available_parallelism().map_or(1, NonZero::get);
    for threads in [threads, 1] {
        let bare = Measured::bare(count, threads)?;
        talks.push((sound::Ends::open(count, TWO.len())?.talk(bare.by_party(TWO.len()), TWO, &bare)?, bare));
    }
    for _ in 0..seconds {
        for (talk, relay) in &mut talks {
            talk.go_on(50, relay)?;
        }
    }
    hang_up(&mut calls)?;
    let relayed: Vec<Relayed> = talks.into_iter().map(|(talk, _)| Relayed::of(talk.heard())).collect();
    relayed.try_into().ok().context("three are measured")
}

impl Relayed {
    fn of(mut heard: Heard) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
        let (arrived, wakes) = (heard.arrived.max(1) as f64, heard.relay.wakes as f64);
        Self {
            sent: heard.sent,
            lost: heard.relayed.lost,
            doubled: heard.doubled,
            rate: arrived / heard.elapsed.as_secs_f64(),
            cpu_us: heard.relay.cpu.as_secs_f64() * 1e6 / arrived,
            wakes: wakes / arrived,
            delay_p50_us: heard.delays.percentile(0.5),
            delay_p99_us: heard.delays.percentile(0.99),
            generator_us: heard.generator.cpu.as_secs_f64() * 1e6 / arrived,
        }
    }
}

/// Sets up calls, one after another.
///
/// # Errors
/// One of them fails.
pub fn establish(calls: &mut Calls, count: usize) -> Result<()> {
    let began = Instant::now();
    let pause = Duration::from_secs(1) / SETUPS;
    let mut next = began;
    while calls.sums.answered < count as u64 {
        let now = Instant::now();
        if calls.sums.begun < count as u64 && now >= next {
            calls.begin(now);
            next += pause;
        }
        calls.step(1)?;
        ensure!(calls.sums.failed == 0, "a call is refused: {:?}", calls.sums);
    }
    // Until the phone has got the last ACK, too.
    let until = Instant::now() + Duration::from_millis(300);
    while Instant::now() < until {
        calls.step(1)?;
    }
    Ok(())
}

/// Hangs up all calls, one after another.
///
/// # Errors
/// One of them does not end.
pub fn hang_up(calls: &mut Calls) -> Result<()> {
    calls.hang_up(Instant::now());
    let until = Instant::now() + Duration::from_secs(10);
    while calls.open() > 0 && Instant::now() < until {
        calls.step(1)?;
    }
    ensure!(calls.open() == 0, "calls do not end: {:?}", calls.sums);
    Ok(())
}
