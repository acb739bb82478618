//! How soon does a manager hear a call after joining, and how soon does an agent hear the manager after the digit for it? In the
//! media engine alone, and through the exchange.

use std::time::Duration;

use anyhow::{Context as _, Result};
use serde::Serialize;
use tandem_media::Digit;

use crate::{
    calls::{self, Calls, Length, NOWHERE},
    figures::Times,
    manager::Manager,
    media::{Kind, PARTIES},
    process::Measured,
    relay::{establish, hang_up},
    sound::{Ends, Talk, WHISPERED},
};

/// The parties of a call.
const AGENT: usize = 0;
const CLIENT: usize = 1;
const MANAGER: usize = 2;
/// The digit for whispering.
const WHISPER: char = '1';
/// Whoever hears nothing after this long never will.
const PATIENCE: Duration = Duration::from_secs(2);
/// Between two of what is measured, at least; and within what everything happens once, so that it is begun anywhere in that.
const REST: Duration = Duration::from_millis(150);
const FRAME_US: u32 = 20_000;
/// A prime: times this, the places within a frame are shuffled.
const SHUFFLE: u32 = 7919;

/// What was measured, in milliseconds.
#[derive(Debug, Serialize)]
pub struct Switched {
    /// How often a manager joined.
    pub joins: u64,
    /// From joining to the first sound of the agent: the median.
    pub join_p50_ms: f64,
    /// What 99 of 100 do not exceed.
    pub join_p99_ms: f64,
    /// Of that, until the exchange has answered; 0 without signalling.
    pub answer_p50_ms: f64,
    /// What 99 of 100 do not exceed.
    pub answer_p99_ms: f64,
    /// How often a manager pressed the digit for whispering.
    pub digits: u64,
    /// From the digit's end to the first sound of the manager at the agent: the median. 20 ms of it pass before the manager's
    /// phone has a packet of sound.
    pub digit_p50_ms: f64,
    /// What 99 of 100 do not exceed.
    pub digit_p99_ms: f64,
    /// Of that, since the phone sent that packet: the median.
    pub voice_p50_ms: f64,
    /// What 99 of 100 do not exceed.
    pub voice_p99_ms: f64,
    /// How often nothing was heard.
    pub unheard: u64,
    /// Packets whose sound reached somebody who must not hear it.
    pub misheard: u64,
}

/// So many times, a manager joins one of the calls that talk all the time in the media engine, whispers by pressing the digit for
/// it, and leaves.
///
/// # Errors
/// The engine does not start, or is gone.
pub fn measure(calls: usize, times: u32) -> Result<Switched> {
    let mut media = Measured::media(calls, &Kind { recorded: false, managed: true, whispered: false })?;
    let mut talk = Ends::open(calls, PARTIES)?.talk(media.by_party(PARTIES), WHISPERED, &media)?;
    let mut sums = Sums::default();
    for n in 0..times {
        let call = n as usize % calls.max(1);
        shift(&mut talk, n)?;
        let asked = talk.now();
        media.tell(&format!("join {call}"))?;
        sums.joined(&mut talk, call, asked)?;
        rest(&mut talk, n)?;
        sums.whispered(&mut talk, call)?;
        media.tell(&format!("leave {call}"))?;
    }
    Ok(sums.told(talk))
}

/// So many times, a manager's phone joins a call that goes through the exchange, whispers by pressing the digit for it, and hangs
/// up.
///
/// # Errors
/// The exchange does not start or is gone, the call cannot be set up, or the manager is refused.
pub fn through_exchange(times: u32) -> Result<Switched> {
    let ends = calls::Ends::open()?;
    let exchange = Measured::exchange(ends.trunk()?)?;
    let sound = Ends::open(1, PARTIES)?;
    let mut ports = sound.ports()?;
    let manager_port = *ports[MANAGER].first().context("a port")?;
    let by_end = [CLIENT, AGENT].map(|party| std::mem::take(&mut ports[party])).to_vec();
    let mut calls = Calls::through(exchange.addresses[0], ends, Length::Long, by_end)?;
    establish(&mut calls, 1)?;
    let [client, agent] = calls.media.clone();
    let mut talk = sound.talk(vec![agent, client, vec![NOWHERE]], WHISPERED, &exchange)?;
    let mut manager = Manager::open(exchange.addresses[0], manager_port)?;
    let mut sums = Sums::default();
    for n in 0..times {
        shift(&mut talk, n)?;
        let asked = talk.now();
        manager.join()?;
        let mut answer = Ok(None);
        talk.talk_until(PATIENCE, || {
            answer = manager.poll();
            !matches!(answer, Ok(None))
        })?;
        let Some(address) = answer? else {
            sums.unheard += 1;
            continue;
        };
        sums.answers.add(talk.now().saturating_sub(asked));
        talk.redirect(0, MANAGER, address);
        sums.joined(&mut talk, 0, asked)?;
        rest(&mut talk, n)?;
        sums.whispered(&mut talk, 0)?;
        manager.leave()?;
        talk.redirect(0, MANAGER, NOWHERE);
    }
    hang_up(&mut calls)?;
    Ok(sums.told(talk))
}

/// Lets all packets be sent at other moments of a frame than before, while nobody mixes them.
fn shift(talk: &mut Talk, n: u32) -> Result<()> {
    std::thread::sleep(Duration::from_micros((n.wrapping_mul(SHUFFLE) % FRAME_US).into()));
    talk.begin();
    Ok(talk.talk_for(REST)?)
}

fn rest(talk: &mut Talk, n: u32) -> Result<()> {
    let more = Duration::from_micros((n.wrapping_mul(SHUFFLE) % FRAME_US).into());
    Ok(talk.talk_for(REST + more)?)
}

/// What was measured so far.
#[derive(Debug, Default)]
struct Sums {
    answers: Times,
    joins: Times,
    digits: Times,
    voices: Times,
    joined: u64,
    pressed: u64,
    unheard: u64,
}

impl Sums {
    /// A manager was let in, having asked for it then: now he must hear the agent.
    fn joined(&mut self, talk: &mut Talk, call: usize, asked: Duration) -> Result<()> {
        match talk.until_heard(call, MANAGER, AGENT, PATIENCE)? {
            Some(voice) => {
                self.joined += 1;
                self.joins.add(voice.heard.saturating_sub(asked));
            }
            None => self.unheard += 1,
        }
        Ok(())
    }

    /// The manager presses the digit: then the agent must hear him.
    fn whispered(&mut self, talk: &mut Talk, call: usize) -> Result<()> {
        talk.press(call, MANAGER, Digit::new(WHISPER).context("a digit")?);
        match talk.until_heard(call, AGENT, MANAGER, PATIENCE)?.zip(talk.released()) {
            Some((voice, released)) => {
                self.pressed += 1;
                self.digits.add(voice.heard.saturating_sub(released));
                self.voices.add(voice.heard.saturating_sub(voice.sent));
            }
            None => self.unheard += 1,
        }
        Ok(())
    }

    fn told(mut self, talk: Talk) -> Switched {
        let ms = |times: &mut Times, share| times.percentile(share) / 1e3;
        Switched {
            joins: self.joined,
            join_p50_ms: ms(&mut self.joins, 0.5),
            join_p99_ms: ms(&mut self.joins, 0.99),
            answer_p50_ms: ms(&mut self.answers, 0.5),
            answer_p99_ms: ms(&mut self.answers, 0.99),
            digits: self.pressed,
            digit_p50_ms: ms(&mut self.digits, 0.5),
            digit_p99_ms: ms(&mut self.digits, 0.99),
            voice_p50_ms: ms(&mut self.voices, 0.5),
            voice_p99_ms: ms(&mut self.voices, 0.99),
            unheard: self.unheard,
            misheard: talk.heard().misheard,
        }
    }
}
