//! What does a call cost that is recorded, and into which a manager whispers, and what becomes of its sound?

use anyhow::{Context as _, Result};
use serde::Serialize;

use crate::{
    figures::Times,
    media::Kind,
    process::Measured,
    recording::Recorded,
    sound::{Ends, Heard, TWO, WARM_UP, WHISPERED},
};

/// The kinds of calls, in the order in which they are told.
const KINDS: [Kind; 4] = [kind(false, false), kind(true, false), kind(false, true), kind(true, true)];
/// Packets of each stream while one kind has its turn, and seconds that they take.
const TURN: u32 = 100;
const TURN_SECONDS: u32 = 2;

const fn kind(recorded: bool, whispered: bool) -> Kind {
    Kind { recorded, managed: whispered, whispered }
}

/// What was measured of one kind of calls.
#[derive(Debug, Default, Serialize)]
pub struct Supervised {
    /// Packets sent to the engine.
    pub sent: u64,
    /// Packets that did not arrive: of those that are relayed, and of mixes.
    pub lost: u64,
    /// Relayed packets that arrived twice.
    pub doubled: u64,
    /// Packets whose sound reached somebody who must not hear it, a recording included.
    pub misheard: u64,
    /// Packets whose sound should have been heard in a mix.
    pub mixed: u64,
    /// Those that were not in time for it: they were made up, or left out.
    pub made_up: u64,
    /// Packets whose sound should be in a recording.
    pub to_record: u64,
    /// Those that are not.
    pub unrecorded: u64,
    /// The longest time that anybody was sent nothing, in milliseconds.
    pub longest_gap_ms: f64,
    /// The longest that the generator itself was too late, in milliseconds: a gap may be that much longer by it.
    pub generator_late_ms: f64,
    /// The engine's processor time for each call, in hundredths of a processor.
    pub cpu_percent: f64,
    /// The generator's own, for each call.
    pub generator_percent: f64,
    /// From sending to receiving what is relayed, in microseconds: the median.
    pub delay_p50_us: f64,
    /// What 99 of 100 do not exceed.
    pub delay_p99_us: f64,
    /// From sending to receiving it in a mix, in microseconds: the median. 0 without mixes.
    pub mixed_p50_us: f64,
    /// What 99 of 100 do not exceed.
    pub mixed_p99_us: f64,
}

/// Lets this many calls of each kind talk for so many seconds: two seconds each, in turn, so that whatever else goes on in the
/// machine disturbs all alike, and each time in a new process, so that none works while another is measured. Tells of calls that
/// are only relayed, of recorded ones, of calls with a whispering manager, and of those that are recorded too.
///
/// # Errors
/// The engine does not start, or is gone.
pub fn measure(calls: usize, seconds: u32) -> Result<Vec<Supervised>> {
    let mut sums: [Sum; 4] = Default::default();
    for _ in 0..seconds.div_ceil(TURN_SECONDS).max(1) {
        for (kind, sum) in KINDS.iter().zip(&mut sums) {
            turn(calls, kind, sum)?;
        }
    }
    Ok(sums.into_iter().map(|sum| sum.told(calls)).collect())
}

/// Measures one kind for a while.
fn turn(calls: usize, kind: &Kind, sum: &mut Sum) -> Result<()> {
    let hearing = if kind.whispered { WHISPERED } else { TWO };
    let media = Measured::media(calls, kind)?;
    let mut talk = Ends::open(calls, hearing.len())?.talk(media.by_party(hearing.len()), hearing, &media)?;
    talk.go_on(TURN, &media)?;
    sum.add(talk.heard());
    let folder = media.finish()?;
    if kind.recorded {
        for call in 0..calls {
            let file = folder.path().join(call.to_string()).join("recording.wav");
            let recorded = Recorded::read(&file, call * hearing.len()).context("a recording is missing")?;
            sum.recorded = sum.recorded.and(recorded);
        }
        // Agent and client, from the beginning.
        sum.told.to_record += u64::from(WARM_UP + TURN) * 2 * calls as u64;
    }
    Ok(())
}

/// What was measured in the turns so far.
#[derive(Debug, Default)]
struct Sum {
    told: Supervised,
    recorded: Recorded,
    delays: Times,
    mixed_delays: Times,
    /// Seconds: of the engine, of the generator, and of the clock.
    cpu: f64,
    generator: f64,
    elapsed: f64,
}

impl Sum {
    fn add(&mut self, heard: Heard) {
        let told = &mut self.told;
        told.sent += heard.sent;
        told.lost += heard.relayed.lost + heard.missing;
        told.doubled += heard.doubled;
        told.misheard += heard.misheard;
        told.mixed += heard.mixed.expected;
        told.made_up += heard.mixed.lost;
        told.longest_gap_ms = told.longest_gap_ms.max(heard.longest.as_secs_f64() * 1e3);
        told.generator_late_ms = told.generator_late_ms.max(heard.latest.as_secs_f64() * 1e3);
        self.delays.extend(heard.delays);
        self.mixed_delays.extend(heard.mixed_delays);
        self.cpu += heard.relay.cpu.as_secs_f64();
        self.generator += heard.generator.cpu.as_secs_f64();
        self.elapsed += heard.elapsed.as_secs_f64();
    }

    fn told(mut self, calls: usize) -> Supervised {
        #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
        let percent = |seconds: f64| seconds * 100.0 / self.elapsed / calls.max(1) as f64;
        Supervised {
            misheard: self.told.misheard + self.recorded.wrong,
            unrecorded: self.told.to_record.saturating_sub(self.recorded.packets),
            cpu_percent: percent(self.cpu),
            generator_percent: percent(self.generator),
            delay_p50_us: self.delays.percentile(0.5),
            delay_p99_us: self.delays.percentile(0.99),
            mixed_p50_us: self.mixed_delays.percentile(0.5),
            mixed_p99_us: self.mixed_delays.percentile(0.99),
            ..self.told
        }
    }
}
