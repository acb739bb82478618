//! A supervised call under every order of events: managers who come, change their mode, hold and leave while the parties hold,
//! hand each other over, vanish and are replaced, and recordings begin and rest. After every step nobody hears more than PRODUCT §1
//! allows, and no recording holds a whisper or what nobody could hear.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    time::{Duration, Instant},
};

use proptest::prelude::*;
use tandem_domain::{
    calls::{Direction, Party, ReleaseCause},
    ids::{AccountId, CallId, CustomerId, RecordingId, Timestamp},
    supervision::Mode,
};
use tandem_media::LegId;
use tandem_telephony::call::{
    About, Action, Call, Event, Plan, Segment, Why,
    hearing::{Sound, Supervisor},
    hunt::{Hunt, Target},
};

const CALLER: LegId = LegId(1);
const CALLEE: LegId = LegId(2);
/// Managers' legs are above this.
const MANAGERS: u64 = 1000;
/// Recorders' legs are above this.
const RECORDERS: u64 = 2000;

fn about() -> About {
    let id = uuid::Uuid::from_u128(7);
    About {
        id: CallId(id),
        customer: CustomerId(id),
        direction: Direction::Internal,
        caller: Party::default(),
        callee: Party::default(),
        dialled: "744".into(),
        huntgroup: None,
        started: Timestamp(0),
        answered: None,
    }
}

fn ring() -> Plan {
    Plan::Ring(Hunt::alone(Target::account(AccountId(uuid::Uuid::from_u128(1)), Party::default(), false)))
}

fn segment() -> Box<Segment> {
    let About { direction, caller, callee, dialled, huntgroup, .. } = about();
    Box::new(Segment { direction, caller, callee, dialled, huntgroup })
}

/// Performs what a call wants, and checks who hears whom.
struct Stage {
    call: Call,
    now: Instant,
    open: BTreeSet<LegId>,
    hears: BTreeMap<LegId, Sound>,
    managers: BTreeMap<LegId, Supervisor>,
    /// The recordings with the legs that hear them.
    recordings: BTreeMap<RecordingId, Option<LegId>>,
    next: u64,
    done: usize,
}

impl Stage {
    /// Two who talk.
    fn talking() -> Self {
        let now = Instant::now();
        let (call, actions) = Call::new(about(), CALLER, ring(), now);
        let (hears, managers) = (BTreeMap::new(), BTreeMap::new());
        let (open, recordings) = (BTreeSet::from([CALLER]), BTreeMap::new());
        let mut stage = Self { call, now, open, hears, managers, recordings, next: CALLER.0, done: 0 };
        stage.perform(actions);
        stage.tell(Event::Answered(CALLEE));
        assert_eq!(stage.call.parties(), Some((CALLER, CALLEE)));
        stage
    }

    fn tell(&mut self, event: Event) {
        self.tell_without_check(event);
        self.check();
    }

    fn tell_without_check(&mut self, event: Event) {
        let mut actions = Vec::new();
        self.call.handle(event, self.now, &mut actions);
        self.perform(actions);
    }

    fn perform(&mut self, actions: Vec<Action>) {
        let mut actions: VecDeque<_> = actions.into();
        while let Some(action) = actions.pop_front() {
            match action {
                Action::Ring(target) => {
                    let legs = vec![self.new_leg()];
                    let mut more = Vec::new();
                    self.call.handle(Event::Branches { target, legs, busy: false }, self.now, &mut more);
                    actions.extend(more);
                }
                Action::Reject { leg, .. } | Action::Release { leg, .. } => {
                    self.open.remove(&leg);
                    self.hears.remove(&leg);
                }
                Action::Hear(leg, sound) => {
                    self.hears.insert(leg, sound);
                }
                Action::SupervisionOver(leg) => {
                    assert!(self.managers.remove(&leg).is_some(), "a manager is let go who is not there");
                    self.hears.remove(&leg);
                }
                Action::Done(_) => self.done += 1,
                Action::Answer(_)
                | Action::TellRinging(_)
                | Action::TellProgress(_)
                | Action::TellTransfer { .. }
                | Action::Connected(_)
                | Action::Summoned(_)
                | Action::NextSegment(_)
                | Action::Show => {}
            }
        }
    }

    fn new_leg(&mut self) -> LegId {
        self.next += 1;
        self.open.insert(LegId(self.next));
        LegId(self.next)
    }

    fn speakers(&self, listener: LegId) -> Vec<LegId> {
        match self.hears.get(&listener) {
            Some(Sound::Leg(speaker)) => vec![*speaker],
            Some(Sound::Mix(speakers)) => speakers.clone(),
            Some(Sound::Stereo { left, right }) => [left.as_slice(), right].concat(),
            Some(Sound::Nothing | Sound::Echo | Sound::Prompt(_) | Sound::Tone(_) | Sound::Music | Sound::EndTone)
            | None => Vec::new(),
        }
    }

    /// Whether PRODUCT's table lets `party` hear `manager`.
    fn may_hear(&self, party: LegId, manager: &Supervisor) -> bool {
        let agent = manager.agent == party;
        let client = self.call.other(manager.agent) == Some(party);
        !manager.holds
            && match manager.mode {
                Mode::Spy => false,
                Mode::Whisper => agent,
                Mode::BargeIn => agent || client,
            }
    }

    fn check(&self) {
        let own: BTreeSet<_> = self.call.legs().collect();
        let supervisors: BTreeMap<_, _> = self.call.supervisors().iter().map(|one| (one.leg, *one)).collect();
        assert_eq!(supervisors, self.managers, "the call and the world know the same managers");
        for party in self.open.iter().filter(|leg| own.contains(leg)) {
            let speakers = self.speakers(*party);
            for speaker in &speakers {
                match self.managers.get(speaker) {
                    Some(manager) => assert!(self.may_hear(*party, manager), "{party:?} hears {manager:?}"),
                    None => {
                        assert!(own.contains(speaker), "{party:?} hears {speaker:?}, who is not of the call");
                        assert!(!self.call.holds(*speaker), "{party:?} hears {speaker:?}, who holds");
                    }
                }
            }
            if self.call.holds(*party) && self.call.parties().is_some() {
                assert_eq!(self.hears[party], Sound::Nothing, "who holds hears");
            }
            let speaking = self.managers.values().filter(|manager| self.may_hear(*party, manager)).count();
            if speaking == 0 {
                assert!(!matches!(self.hears.get(party), Some(Sound::Mix(_))), "{party:?} is mixed without need");
            } else if !self.call.holds(*party) {
                let heard = speakers.iter().filter(|speaker| self.managers.contains_key(speaker)).count();
                assert_eq!(heard, speaking, "{party:?} does not hear a manager who speaks");
            }
        }
        for (leg, manager) in &self.managers {
            assert!(own.contains(&manager.agent), "the agent of {manager:?} is not there");
            let speakers = self.speakers(*leg);
            if manager.holds {
                assert_eq!(speakers, []);
            }
            for speaker in &speakers {
                match self.managers.get(speaker) {
                    Some(other) => {
                        let both = |party: &LegId| self.may_hear(*party, manager) && self.may_hear(*party, other);
                        assert!(own.iter().any(both), "{manager:?} hears {other:?}");
                    }
                    None => {
                        assert!(own.contains(speaker) && !self.call.holds(*speaker), "{manager:?} hears {speaker:?}");
                    }
                }
            }
            if let (Some(client), false) = (self.call.other(manager.agent), manager.holds) {
                for party in [manager.agent, client] {
                    assert_eq!(speakers.contains(&party), !self.call.holds(party), "{manager:?} and {party:?}");
                }
            }
        }
        self.check_recordings();
        if self.call.is_over() {
            assert_eq!(self.done, 1, "a call ends once");
            assert!(self.managers.is_empty() && self.open.is_empty());
        }
    }

    /// What is recorded is what the two say to each other, each on its side, and who speaks to both.
    fn check_recordings(&self) {
        for recorder in self.call.recorders() {
            assert_eq!(self.recordings.get(&recorder.id), Some(&recorder.leg));
            let Some(leg) = recorder.leg else { continue };
            let Some(Sound::Stereo { left, right }) = self.hears.get(&leg) else { panic!("no row for {recorder:?}") };
            let talks = self.call.other(recorder.side) == Some(recorder.other);
            assert_eq!(talks, self.call.parties().is_some(), "{recorder:?} follows the conversation");
            let barging = |manager: &Supervisor| manager.mode == Mode::BargeIn && !manager.holds;
            for (party, other, heard) in [(recorder.side, recorder.other, left), (recorder.other, recorder.side, right)]
            {
                for speaker in heard {
                    match self.managers.get(speaker) {
                        Some(manager) => assert!(barging(manager) && manager.agent == party, "{manager:?} is recorded"),
                        None => {
                            assert_eq!(*speaker, party, "{speaker:?} is on the wrong side");
                            let heard = self.open.iter().chain(self.managers.keys());
                            let mut heard =
                                heard.filter(|leg| *leg != speaker && self.speakers(**leg).contains(speaker));
                            assert!(heard.next().is_some(), "{speaker:?} is recorded and nobody hears it");
                        }
                    }
                }
                let speaks = talks && !self.call.holds(party) && !self.call.holds(other);
                assert!(!speaks || heard.contains(&party), "{party:?} is not recorded");
                let missing = self.managers.values().find(|one| barging(one) && one.agent == party && talks);
                assert!(missing.is_none_or(|one| heard.contains(&one.leg)), "{missing:?} is not recorded");
            }
        }
    }

    /// A recording begins, rests, or goes on.
    fn record(&mut self, which: u8, side: LegId) {
        let id = RecordingId(uuid::Uuid::from_u128(u128::from(which) % 2));
        self.next += 1;
        let recorder = (which < 160).then_some(LegId(RECORDERS + self.next));
        if let Some(before) = self.recordings.insert(id, recorder).flatten() {
            self.hears.remove(&before);
        }
        self.tell(Event::Record { id, side, recorder });
    }

    /// Does something that can happen now; `which` and `leg` choose.
    fn happen(&mut self, which: u8, leg: usize) {
        let own: Vec<_> = self.open.iter().copied().collect();
        let Some(leg) = own.get(leg % own.len().max(1)).copied() else { return };
        let managers: Vec<_> = self.managers.keys().copied().collect();
        let manager = managers.get(which as usize % managers.len().max(1)).copied();
        let mode = Mode::ALL[which as usize / 16 % 3];
        let is_party = self.call.parties().is_some_and(|(one, other)| leg == one || leg == other);
        match which % 16 {
            0..=2 if is_party && self.managers.len() < 4 => {
                self.next += 1;
                let supervisor = Supervisor { leg: LegId(MANAGERS + self.next), agent: leg, mode, holds: which > 200 };
                self.managers.insert(supervisor.leg, supervisor);
                self.tell(Event::Supervise(supervisor));
            }
            3..=6 => {
                if let Some(leg) = manager {
                    self.managers.entry(leg).and_modify(|manager| manager.mode = mode);
                    self.tell(Event::SupervisorMode { leg, mode });
                }
            }
            7 => {
                if let Some(leg) = manager {
                    self.managers.entry(leg).and_modify(|manager| manager.holds = which < 128);
                    self.tell(Event::SupervisorHolds { leg, on: which < 128 });
                }
            }
            8 => {
                if let Some(leg) = manager {
                    self.managers.remove(&leg);
                    self.hears.remove(&leg);
                    self.tell(Event::SupervisorLeft(leg));
                }
            }
            9 | 10 => self.tell(Event::Hold { leg, on: which < 128 }),
            11 if is_party => {
                self.tell(Event::Referred(leg));
                self.tell(Event::TransferPlan { referrer: leg, plan: ring(), segment: segment() });
            }
            12 if self.call.can_replace(leg, true) => {
                let (new, holds) = (self.new_leg(), which > 128);
                self.tell_without_check(Event::Replaced { old: leg, new, answered: true, holds });
                self.perform(vec![Action::Release { leg, why: Why::Transferred }]);
                self.check();
            }
            13 if is_party => self.record(which, leg),
            13 => self.tell(Event::EarlyMedia(leg)),
            14 => self.tell(Event::Answered(leg)),
            15 if which > 200 => {
                self.open.remove(&leg);
                self.tell(Event::HungUp(leg));
            }
            15 => {
                if let Some(deadline) = self.call.deadline() {
                    self.now = deadline;
                    self.tell(Event::Timeout);
                }
            }
            _ => {}
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn whatever_happens_nobody_hears_more_than_the_table_allows(
        events in prop::collection::vec((any::<u8>(), any::<usize>()), 0..60),
    ) {
        let mut stage = Stage::talking();
        for (which, leg) in events {
            stage.happen(which, leg);
        }
        if !stage.call.is_over() {
            stage.tell(Event::End(ReleaseCause::Shutdown));
        }
        prop_assert!(stage.call.is_over());
        prop_assert!(stage.managers.is_empty());
    }
}

/// A manager's own call: it hears what the other call lets it hear, then a tone, and is over, whatever its phone does.
/// A manager's phones ring: whatever they and the world do, his call ends and leaves no leg behind.
#[test]
fn a_manager_who_is_rung_answers_or_his_call_is_over() {
    let hunt = || match ring() {
        Plan::Ring(hunt) => hunt,
        other => panic!("{other:?}"),
    };
    let rung = || {
        let now = Instant::now();
        let (mut call, mut actions) = Call::summoning(about(), hunt(), now);
        let [Action::Show, Action::Ring(target)] = &actions[..] else { panic!("{actions:?}") };
        let (target, phone) = (target.clone(), LegId(5));
        actions.clear();
        call.handle(Event::Branches { target, legs: vec![phone], busy: false }, now, &mut actions);
        (call, phone, now)
    };
    let done = |actions: &[Action]| actions.iter().filter(|action| matches!(action, Action::Done(_))).count();
    let (mut call, phone, now) = rung();
    let mut actions = Vec::new();
    call.handle(Event::Answered(phone), now, &mut actions);
    assert_eq!(actions, [Action::Summoned(phone), Action::Show]);
    assert!(call.is_supervision() && call.caller() == phone);
    for event in [Event::End(ReleaseCause::Normal), Event::Timeout, Event::Refused { leg: phone, status: 486 }] {
        let (mut call, phone, _) = rung();
        let mut actions = Vec::new();
        let (is_refused, at) = (matches!(event, Event::Refused { .. }), call.deadline().expect("it rings for a while"));
        call.handle(event, at, &mut actions);
        assert!(call.is_over());
        assert_eq!((done(&actions), call.legs().count()), (1, 0));
        let released = actions.iter().any(|action| matches!(action, Action::Release { leg, .. } if *leg == phone));
        assert_eq!(released, !is_refused);
    }
}

#[test]
fn a_managers_own_call_ends_with_a_tone_or_without_anybody_to_hear_it() {
    let told = |call: &mut Call, event: Event, now: Instant| {
        let mut actions = Vec::new();
        call.handle(event, now, &mut actions);
        actions
    };
    let is_over = |actions: &[Action]| actions.iter().any(|action| matches!(action, Action::Done(_)));
    for heard in [true, false] {
        let now = Instant::now();
        let (mut call, actions) = Call::new(about(), CALLER, Plan::Supervise, now);
        assert_eq!(actions, [Action::Answer(CALLER), Action::Show]);
        assert!(call.is_supervision() && call.deadline().is_none());
        let actions = told(&mut call, Event::SupervisionOver, now);
        assert_eq!(actions, [Action::Hear(CALLER, Sound::EndTone)]);
        assert!(!call.is_supervision());
        let end = call.deadline().expect("it ends");
        assert!(end - now < Duration::from_secs(5));
        let actions =
            if heard { told(&mut call, Event::Spoken(CALLER), now) } else { told(&mut call, Event::Timeout, end) };
        assert!(is_over(&actions) && call.is_over());
    }
    let (mut call, _) = Call::new(about(), CALLER, Plan::Supervise, Instant::now());
    assert!(is_over(&told(&mut call, Event::HungUp(CALLER), Instant::now())));
}
