//! Who hears whom: the one place where audio is routed.
//!
//! A call says what its legs hear by themselves ([`of_two`], music, announcements). Managers who supervise it come on top, in
//! [`matrix`], through which every row passes before it leaves the call. PRODUCT §1 says who hears whom in which mode.

use tandem_domain::{ids::RecordingId, supervision::Mode};

use crate::{
    ids::LegId,
    prompt::{Prompt, Tone},
};

/// What a leg hears.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sound {
    /// Nothing.
    Nothing,
    /// Another leg, packet by packet.
    Leg(LegId),
    /// Several legs, mixed; of none of them: silence.
    Mix(Vec<LegId>),
    /// What a recorder hears: these on the left, those on the right.
    Stereo {
        /// The recorded account's side.
        left: Vec<LegId>,
        /// The other party's.
        right: Vec<LegId>,
    },
    /// Itself.
    Echo,
    /// An announcement, once.
    Prompt(Prompt),
    /// A tone, again and again.
    Tone(Tone),
    /// Music on hold.
    Music,
    /// The short tone that ends a supervision, once.
    EndTone,
}

/// A manager in a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Supervisor {
    /// The manager's leg, which is of a call of its own.
    pub leg: LegId,
    /// The leg whose conversation it is about.
    pub agent: LegId,
    /// How the manager takes part.
    pub mode: Mode,
    /// Whether the manager's phone holds.
    pub holds: bool,
}

/// A recording of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recorder {
    /// Which.
    pub id: RecordingId,
    /// The leg that hears what is written down; `None` while nothing is.
    pub leg: Option<LegId>,
    /// The party on the left; who takes its place is there after it.
    pub side: LegId,
    /// The one it talks to, on the right.
    pub other: LegId,
}

/// What two parties hear. Who holds hears nothing, and who is held hears music: a phone on hold may still send sound, which
/// is for nobody.
pub fn of_two(one: LegId, other: LegId, holds: impl Fn(LegId) -> bool) -> [(LegId, Sound); 2] {
    let hears = |listener: LegId, speaker: LegId| {
        if holds(listener) {
            (listener, Sound::Nothing)
        } else if holds(speaker) {
            (listener, Sound::Music)
        } else {
            (listener, Sound::Leg(speaker))
        }
    };
    [hears(one, other), hears(other, one)]
}

/// A call at this moment, as far as hearing is concerned.
#[derive(Debug, Clone, Copy)]
pub struct Conversation<'a> {
    /// What its legs would hear without managers.
    pub alone: &'a [(LegId, Sound)],
    /// The two who talk.
    pub parties: Option<(LegId, LegId)>,
    /// Who holds.
    pub holding: &'a [LegId],
    /// The managers in it.
    pub supervisors: &'a [Supervisor],
    /// Its recordings.
    pub recorders: &'a [Recorder],
}

impl Conversation<'_> {
    fn holds(&self, leg: LegId) -> bool {
        self.holding.contains(&leg)
    }

    /// With whom an agent talks.
    fn client(&self, agent: LegId) -> Option<LegId> {
        match self.parties? {
            (one, other) if one == agent => Some(other),
            (one, other) if other == agent => Some(one),
            _ => None,
        }
    }

    /// Whom a manager hears besides the agent: the client, or who can be heard before an answer.
    fn beside(&self, agent: LegId) -> Option<LegId> {
        let heard = self.alone.iter().find(|(leg, _)| *leg == agent).map(|(_, sound)| sound);
        self.client(agent).or(match heard {
            Some(Sound::Leg(early)) => Some(*early),
            _ => None,
        })
    }

    /// Whether a manager speaks to a party.
    fn speaks_to(&self, manager: &Supervisor, party: LegId) -> bool {
        !manager.holds
            && if manager.agent == party {
                manager.mode.agent_hears_manager()
            } else {
                self.client(manager.agent) == Some(party) && manager.mode.client_hears_manager()
            }
    }

    /// Whether two managers speak to the same party.
    fn share_a_party(&self, one: &Supervisor, other: &Supervisor) -> bool {
        let parties = [Some(one.agent), self.client(one.agent)];
        parties.into_iter().flatten().any(|party| self.speaks_to(one, party) && self.speaks_to(other, party))
    }

    /// What a party hears that would hear `alone` without managers.
    fn party_hears(&self, party: LegId, alone: &Sound) -> Sound {
        let speaking = self.supervisors.iter().filter(|manager| self.speaks_to(manager, party));
        let speaking: Vec<_> = speaking.map(|manager| manager.leg).collect();
        if speaking.is_empty() || self.holds(party) {
            return alone.clone();
        }
        match alone {
            Sound::Leg(other) => Sound::Mix([*other].into_iter().chain(speaking).collect()),
            Sound::Mix(others) => Sound::Mix(others.iter().copied().chain(speaking).collect()),
            // Who waits is told something better than music.
            Sound::Nothing | Sound::Echo | Sound::Prompt(_) | Sound::Tone(_) | Sound::Music | Sound::EndTone => {
                Sound::Mix(speaking)
            }
            // Recorders are no parties.
            Sound::Stereo { .. } => alone.clone(),
        }
    }

    /// What a manager hears: those of the conversation who do not hold, and the managers who speak to the same party.
    fn manager_hears(&self, manager: &Supervisor) -> Sound {
        if manager.holds {
            return Sound::Nothing;
        }
        let talk = [Some(manager.agent), self.beside(manager.agent)];
        let talk = talk.into_iter().flatten().filter(|leg| !self.holds(*leg));
        let others = self.supervisors.iter().filter(|other| other.leg != manager.leg);
        let others = others.filter(|other| self.share_a_party(manager, other)).map(|other| other.leg);
        Sound::Mix(talk.chain(others).collect())
    }

    /// Who is recorded on the side of `party`, who talks to `other`: itself, while anybody is there to hear it, and the managers
    /// who speak to both. A phone on hold may still send sound, and one that is held does; neither is for anybody.
    fn recorded(&self, party: LegId, other: LegId) -> Vec<LegId> {
        let barging = |manager: &&Supervisor| manager.mode.client_hears_manager() && !manager.holds;
        let mut managers = self.supervisors.iter().filter(barging).peekable();
        let heard = !self.holds(party) && (!self.holds(other) || managers.peek().is_some());
        let own = managers.filter(|manager| manager.agent == party).map(|manager| manager.leg);
        heard.then_some(party).into_iter().chain(own).collect()
    }

    /// What a recorder hears: silence while the two do not talk.
    fn recorder_hears(&self, recorder: &Recorder) -> Sound {
        if self.client(recorder.side) == Some(recorder.other) {
            let Recorder { side, other, .. } = *recorder;
            Sound::Stereo { left: self.recorded(side, other), right: self.recorded(other, side) }
        } else {
            Sound::Stereo { left: Vec::new(), right: Vec::new() }
        }
    }
}

/// What every leg of a call hears, every manager in it, and what is recorded.
#[must_use]
pub fn matrix(talk: &Conversation<'_>) -> Vec<(LegId, Sound)> {
    let parties = talk.alone.iter().map(|(leg, alone)| (*leg, talk.party_hears(*leg, alone)));
    let managers = talk.supervisors.iter().map(|manager| (manager.leg, talk.manager_hears(manager)));
    let recorders = talk.recorders.iter().filter_map(|recorder| Some((recorder.leg?, talk.recorder_hears(recorder))));
    parties.chain(managers).chain(recorders).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const AGENT: LegId = LegId(1);
    const CLIENT: LegId = LegId(2);
    const MANAGER: LegId = LegId(3);
    const SECOND: LegId = LegId(4);

    fn manager(leg: LegId, mode: Mode) -> Supervisor {
        Supervisor { leg, agent: AGENT, mode, holds: false }
    }

    /// What agent, client and the managers hear.
    fn heard(holding: &[LegId], supervisors: &[Supervisor]) -> Vec<Sound> {
        let alone = of_two(AGENT, CLIENT, |leg| holding.contains(&leg));
        let talk = Conversation { alone: &alone, parties: Some((AGENT, CLIENT)), holding, supervisors, recorders: &[] };
        matrix(&talk).into_iter().map(|(_, sound)| sound).collect()
    }

    /// What is recorded left and right of the agent's call.
    fn recorded(holding: &[LegId], supervisors: &[Supervisor]) -> (Vec<LegId>, Vec<LegId>) {
        let alone = of_two(AGENT, CLIENT, |leg| holding.contains(&leg));
        let recorders =
            [Recorder { id: RecordingId(uuid::Uuid::nil()), leg: Some(LegId(9)), side: AGENT, other: CLIENT }];
        let talk =
            Conversation { alone: &alone, parties: Some((AGENT, CLIENT)), holding, supervisors, recorders: &recorders };
        match matrix(&talk).pop() {
            Some((LegId(9), Sound::Stereo { left, right })) => (left, right),
            other => panic!("a recorder's row comes last: {other:?}"),
        }
    }

    #[test]
    fn a_recording_has_each_party_on_its_side_and_who_barges_in_but_no_whisper() {
        let both = (vec![AGENT], vec![CLIENT]);
        assert_eq!(recorded(&[], &[]), both);
        assert_eq!(recorded(&[], &[manager(MANAGER, Mode::Spy), manager(SECOND, Mode::Whisper)]), both);
        assert_eq!(recorded(&[], &[manager(MANAGER, Mode::BargeIn)]), (vec![AGENT, MANAGER], vec![CLIENT]));
        let of_client = [Supervisor { agent: CLIENT, ..manager(MANAGER, Mode::BargeIn) }];
        assert_eq!(recorded(&[], &of_client), (vec![AGENT], vec![CLIENT, MANAGER]));
    }

    #[test]
    fn what_nobody_hears_is_not_recorded() {
        assert_eq!(recorded(&[AGENT], &[]), (vec![], vec![]), "the held party speaks to nobody");
        assert_eq!(recorded(&[CLIENT], &[manager(MANAGER, Mode::Whisper)]), (vec![], vec![]));
        let barging = [manager(MANAGER, Mode::BargeIn)];
        assert_eq!(recorded(&[AGENT], &barging), (vec![MANAGER], vec![CLIENT]), "the two talk while the agent is away");
        let away = [Supervisor { holds: true, ..barging[0] }];
        assert_eq!(recorded(&[AGENT], &away), (vec![], vec![]));
    }

    fn mix<const N: usize>(legs: [LegId; N]) -> Sound {
        Sound::Mix(legs.into())
    }

    #[test]
    fn each_mode_is_what_the_table_says() {
        let both = || mix([AGENT, CLIENT]);
        let alone = |mode| heard(&[], &[manager(MANAGER, mode)]);
        assert_eq!(alone(Mode::Spy), [Sound::Leg(CLIENT), Sound::Leg(AGENT), both()]);
        assert_eq!(alone(Mode::Whisper), [mix([CLIENT, MANAGER]), Sound::Leg(AGENT), both()]);
        assert_eq!(alone(Mode::BargeIn), [mix([CLIENT, MANAGER]), mix([AGENT, MANAGER]), both()]);
    }

    #[test]
    fn managers_hear_each_other_only_if_both_speak_to_the_same_party() {
        let two = |one, other| heard(&[], &[manager(MANAGER, one), manager(SECOND, other)]).split_off(2);
        let (apart, together) = (
            [mix([AGENT, CLIENT]), mix([AGENT, CLIENT])],
            [mix([AGENT, CLIENT, SECOND]), mix([AGENT, CLIENT, MANAGER])],
        );
        for other in Mode::ALL {
            assert_eq!(two(Mode::Spy, other), apart);
        }
        assert_eq!(two(Mode::Whisper, Mode::Whisper), together);
        assert_eq!(two(Mode::Whisper, Mode::BargeIn), together);
        assert_eq!(two(Mode::BargeIn, Mode::BargeIn), together);
    }

    #[test]
    fn whispers_to_either_party_of_one_call_are_kept_apart() {
        let managers =
            [manager(MANAGER, Mode::Whisper), Supervisor { agent: CLIENT, ..manager(SECOND, Mode::Whisper) }];
        let expected = [mix([CLIENT, MANAGER]), mix([AGENT, SECOND]), mix([AGENT, CLIENT]), mix([CLIENT, AGENT])];
        assert_eq!(heard(&[], &managers), expected);
    }

    #[test]
    fn who_holds_neither_hears_nor_is_heard() {
        let barging = [manager(MANAGER, Mode::BargeIn)];
        assert_eq!(heard(&[AGENT], &barging), [Sound::Nothing, mix([MANAGER]), mix([CLIENT])]);
        let whispering = [manager(MANAGER, Mode::Whisper)];
        assert_eq!(heard(&[AGENT], &whispering), [Sound::Nothing, Sound::Music, mix([CLIENT])]);
        assert_eq!(heard(&[CLIENT], &whispering), [mix([MANAGER]), Sound::Nothing, mix([AGENT])]);
        let away = [Supervisor { holds: true, ..manager(MANAGER, Mode::BargeIn) }];
        assert_eq!(heard(&[], &away), [Sound::Leg(CLIENT), Sound::Leg(AGENT), Sound::Nothing]);
    }
}
