//! How many calls are set up in a second, and how soon is each?

use std::time::{Duration, Instant};

use anyhow::Result;
use serde::Serialize;

use crate::{
    calls::{Calls, Ends, Length, NOWHERE, Who},
    process::{Consumed, Measured, own},
};

/// What is between caller and phone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Via {
    /// Nothing: what the generator itself can do.
    Nothing,
    /// The exchange; a carrier calls.
    Exchange,
    /// The exchange; phones call, which prove in each call who they are.
    Phones,
}

/// How long to wait for the last calls' ends.
const LATE: Duration = Duration::from_secs(3);

/// What was measured.
#[derive(Debug, Serialize)]
pub struct SetUp {
    /// Calls a second that were asked for.
    pub wanted: u32,
    /// Calls a second that were set up and ended.
    pub rate: f64,
    /// Calls that were refused or not answered.
    pub failed: u64,
    /// Calls that were answered, but did not end.
    pub hanging: u64,
    /// Calls that were asked for a proof of who calls.
    pub challenged: u64,
    /// Messages that the generator sent again, since nothing came.
    pub sent_again: u64,
    /// Messages that came to the generator again.
    pub came_again: u64,
    /// From the first INVITE to 200, in milliseconds: the median.
    pub p50_ms: f64,
    /// What 99 of 100 do not exceed.
    pub p99_ms: f64,
    /// What none exceeds.
    pub max_ms: f64,
    /// The exchange's processor time for each call, in milliseconds.
    pub cpu_ms: f64,
    /// The generator's own share of a processor.
    pub generator_cpu: f64,
}

/// Makes this many calls a second, each ended as soon as it is answered.
///
/// # Errors
/// The exchange does not start, or a socket is broken.
pub fn measure(rate: u32, seconds: u32, via: Via) -> Result<SetUp> {
    let ends = Ends::open()?;
    match via {
        Via::Nothing => run(&mut Calls::direct(ends, Length::Short)?, rate, seconds, None),
        Via::Exchange | Via::Phones => {
            let (who, trunk) = match via {
                Via::Phones => (Who::Phones, NOWHERE),
                Via::Exchange | Via::Nothing => (Who::Carrier, ends.trunk()?),
            };
            let exchange = Measured::exchange(trunk)?;
            let mut calls = Calls::through(exchange.addresses[0], ends, Length::Short, vec![vec![9]; 2])?;
            calls.who = who;
            // What is there once, such as the database's connections, is not the calls'.
            for _ in 0..20 {
                calls.begin(Instant::now());
                drain(&mut calls)?;
            }
            calls.sums = crate::calls::Sums::default();
            run(&mut calls, rate, seconds, Some(&exchange))
        }
    }
}

/// Makes calls at this rate.
///
/// # Errors
/// A socket is broken, or the exchange is gone.
pub fn run(calls: &mut Calls, rate: u32, seconds: u32, exchange: Option<&Measured>) -> Result<SetUp> {
    let consumed = || exchange.map(Measured::consumed).transpose();
    let (before, own_before) = (consumed()?, own()?);
    let began = Instant::now();
    let all = u64::from(rate) * u64::from(seconds);
    while calls.sums.begun < all {
        let now = Instant::now();
        #[expect(clippy::cast_possible_truncation, reason = "a number of calls")]
        let due = ((now - began).as_nanos() * u128::from(rate) / 1_000_000_000) as u64 + 1;
        // Some at once when it is behind, but never so many that nothing else is done.
        for _ in 0..(due.min(all) - calls.sums.begun.min(due)).min(8) {
            calls.begin(Instant::now());
        }
        calls.step(1)?;
    }
    let begun_for = began.elapsed();
    drain(calls)?;
    let elapsed = began.elapsed().max(begun_for);
    let sums = &mut calls.sums;
    let cpu = consumed()?.zip(before).map_or(Duration::ZERO, |(after, before): (Consumed, _)| after.since(before).cpu);
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let ended = sums.ended as f64;
    Ok(SetUp {
        wanted: rate,
        rate: ended / elapsed.as_secs_f64(),
        failed: sums.failed,
        hanging: sums.begun.saturating_sub(sums.failed + sums.ended),
        challenged: sums.challenged,
        sent_again: sums.sent_again,
        came_again: sums.came_again,
        p50_ms: sums.times.percentile(0.5) / 1000.0,
        p99_ms: sums.times.percentile(0.99) / 1000.0,
        max_ms: sums.times.percentile(1.0) / 1000.0,
        cpu_ms: cpu.as_secs_f64() * 1000.0 / ended.max(1.0),
        generator_cpu: own()?.since(own_before).cpu.as_secs_f64() / elapsed.as_secs_f64(),
    })
}

/// Goes on until no call is open.
fn drain(calls: &mut Calls) -> Result<()> {
    let until = Instant::now() + LATE;
    while calls.open() > 0 && Instant::now() < until {
        calls.step(1)?;
    }
    Ok(())
}
