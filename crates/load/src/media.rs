//! The media engine alone, as a process to be measured: calls without signalling, supervised and recorded as the exchange would
//! have it. Who hears whom is decided by the exchange's own [`matrix`]; digits reach the one who decides as they do there, by a
//! channel.
//!
//! Each call has an agent, a client, and a manager who is there already and takes part when told so: by `join` and `leave` with
//! the call's number on the process's input, and by the digits of a real manager.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    num::NonZero,
    path::Path,
    sync::{Arc, mpsc},
    thread,
};

use anyhow::{Context as _, Result, bail};
use tandem_domain::{ids::RecordingId, supervision::Mode};
use tandem_media::{Codec, Config, Description, Digits, Engine, Event, Hears, LegId};
use tandem_telephony::call::hearing::{Conversation, Recorder, Sound, Supervisor, matrix, of_two};

use crate::{packet::EVENT, process::MEDIA_PORTS};

/// The parties of a call who send: agent, client and manager.
pub const PARTIES: usize = 3;
/// Legs of a call: those, and one that records.
const LEGS: u64 = PARTIES as u64 + 1;
/// The codes by which an agent starts and stops recordings: they are collected in every call that may be recorded.
const CODES: [&str; 2] = ["*44", "*45"];
/// Any recording: its name says nothing here.
const RECORDING: &str = "00000000-0000-0000-0000-000000000000";

/// What the calls are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::Args)]
pub struct Kind {
    /// Each is recorded in stereo
    #[arg(long)]
    pub recorded: bool,
    /// A manager is ready to join each
    #[arg(long)]
    pub managed: bool,
    /// And whispers to the agent from the beginning
    #[arg(long, requires = "managed")]
    pub whispered: bool,
}

impl Kind {
    /// As it is said on the command line.
    pub fn arguments(&self) -> impl Iterator<Item = &'static str> {
        let all = [("--recorded", self.recorded), ("--managed", self.managed), ("--whispered", self.whispered)];
        all.into_iter().filter(|(_, is)| *is).map(|(argument, _)| argument)
    }

    /// Who sends and is sent something.
    #[must_use]
    pub const fn parties(&self) -> usize {
        if self.managed { PARTIES } else { PARTIES - 1 }
    }
}

/// The engine with its calls.
#[derive(Debug)]
pub struct Media {
    engine: Arc<Engine>,
    kind: Kind,
    calls: usize,
    /// Where the parties of each call send, one call after another.
    pub addresses: Vec<SocketAddr>,
}

impl Media {
    /// Begins so many calls, whose recordings go into this folder.
    ///
    /// # Errors
    /// The system gives no sockets or threads.
    pub fn start(calls: usize, kind: Kind, folder: &Path) -> Result<Self> {
        let local = IpAddr::from(Ipv4Addr::LOCALHOST);
        let config = Config {
            workers: thread::available_parallelism().map_or(1, NonZero::get),
            ports: MEDIA_PORTS,
            addresses: vec![local],
            ..Config::default()
        };
        let (events, told) = mpsc::channel();
        let engine = Arc::new(Engine::start(config, Box::new(move |event| drop(events.send(event))))?);
        let mut addresses = Vec::new();
        for call in 0..calls {
            let legs = legs(call);
            for &leg in &legs[..kind.parties()] {
                addresses.push(engine.open(leg, local)?);
                // Where the party wants its sound shows when it sends.
                let nowhere = SocketAddr::new(local, 0);
                let description = Description::new(nowhere, Codec::Pcmu);
                engine.describe(leg, Description { telephone_event: Some(EVENT), rtcp_mux: true, ..description });
            }
            let [agent, _, manager, recorder] = legs;
            engine.codes(agent, CODES.map(str::to_owned).to_vec());
            if kind.managed {
                engine.digits(manager, Digits::Consume);
            }
            if kind.recorded {
                engine.record(recorder, folder.join(call.to_string()).join("recording.wav"))?;
            }
            let mode = kind.whispered.then_some(Mode::Whisper);
            engine.route(rows(call, mode, kind.recorded)?);
        }
        let media = Self { engine, kind, calls, addresses };
        media.decide(told)?;
        Ok(media)
    }

    /// Lets managers change their modes.
    fn decide(&self, told: mpsc::Receiver<Event>) -> Result<()> {
        let (engine, recorded) = (Arc::downgrade(&self.engine), self.kind.recorded);
        let decide = move || {
            for event in told {
                let Event::Digit { leg, digit, .. } = event else { continue };
                let Some((call, mode)) = manager(leg).zip(mode(digit.as_char())) else { continue };
                if let (Some(engine), Ok(rows)) = (engine.upgrade(), rows(call, Some(mode), recorded)) {
                    engine.route(rows);
                }
            }
        };
        thread::Builder::new().name("decide".into()).spawn(decide)?;
        Ok(())
    }

    /// Does what a line says: `join` or `leave`, and a call's number.
    ///
    /// # Errors
    /// It says something else.
    pub fn obey(&self, line: &str) -> Result<()> {
        let (what, call) = line.split_once(' ').context("two words are expected")?;
        let call: usize = call.trim().parse()?;
        let mode = match what {
            "join" => Some(Mode::Spy),
            "leave" => None,
            _ => bail!("{what:?} is no command"),
        };
        if call < self.calls {
            self.engine.route(rows(call, mode, self.kind.recorded)?);
        }
        Ok(())
    }
}

/// The legs of a call: agent, client, manager, recorder.
fn legs(call: usize) -> [LegId; LEGS as usize] {
    [0, 1, 2, 3].map(|leg| LegId(call as u64 * LEGS + leg))
}

/// The call that this leg is the manager of.
fn manager(leg: LegId) -> Option<usize> {
    usize::try_from(leg.0 / LEGS).ok().filter(|call| legs(*call)[2] == leg)
}

/// The mode of a manager's digit, as PRODUCT §1 has it.
fn mode(digit: char) -> Option<Mode> {
    Mode::ALL.into_iter().zip(['0', '1', '2']).find(|(_, of)| *of == digit).map(|(mode, _)| mode)
}

/// What the legs of a call hear, with a manager in this mode, or without one.
fn rows(call: usize, mode: Option<Mode>, recorded: bool) -> Result<Vec<(LegId, Hears)>> {
    let [agent, client, manager, recorder] = legs(call);
    let alone = of_two(agent, client, |_| false);
    let supervisor = mode.map(|mode| Supervisor { leg: manager, agent, mode, holds: false });
    let recording = Recorder { id: RECORDING.parse::<RecordingId>()?, leg: Some(recorder), side: agent, other: client };
    let talk = Conversation {
        alone: &alone,
        parties: Some((agent, client)),
        holding: &[],
        supervisors: supervisor.as_slice(),
        recorders: if recorded { std::slice::from_ref(&recording) } else { &[] },
    };
    let absent = supervisor.is_none().then_some((manager, Hears::Nothing));
    Ok(matrix(&talk).into_iter().map(|(leg, sound)| (leg, hears(sound))).chain(absent).collect())
}

fn hears(sound: Sound) -> Hears {
    match sound {
        Sound::Leg(leg) => Hears::Leg(leg),
        Sound::Mix(legs) => Hears::Mix(legs),
        Sound::Stereo { left, right } => Hears::Stereo { left, right },
        Sound::Echo => Hears::Echo,
        // Nothing is played in these calls.
        Sound::Nothing | Sound::Prompt(_) | Sound::Tone(_) | Sound::Music | Sound::EndTone => Hears::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whispering_manager_is_in_the_agents_mix_alone_and_in_no_recording() {
        let [agent, client, manager, recorder] = legs(5);
        let expected = vec![
            (agent, Hears::Mix(vec![client, manager])),
            (client, Hears::Leg(agent)),
            (manager, Hears::Mix(vec![agent, client])),
            (recorder, Hears::Stereo { left: vec![agent], right: vec![client] }),
        ];
        assert_eq!(rows(5, Some(Mode::Whisper), true).unwrap(), expected);
        let alone = vec![(agent, Hears::Leg(client)), (client, Hears::Leg(agent)), (manager, Hears::Nothing)];
        assert_eq!(rows(5, None, false).unwrap(), alone);
    }

    #[test]
    fn a_managers_leg_and_digits_are_known_and_nobody_elses() {
        assert_eq!(legs(7).map(manager), [None, None, Some(7), None]);
        assert_eq!((mode('1'), mode('9')), (Some(Mode::Whisper), None));
    }

    #[test]
    fn a_kind_is_what_its_arguments_say() {
        let kind = Kind { recorded: true, managed: false, whispered: false };
        assert_eq!((kind.arguments().collect::<Vec<_>>(), kind.parties()), (vec!["--recorded"], 2));
    }
}
