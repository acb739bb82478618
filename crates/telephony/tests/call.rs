//! A call under every order of events: phones that answer, refuse, hold, transfer and vanish at any instant. Whatever comes,
//! nobody hears a leg that is not of the call, no leg is left behind, and the end comes once.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use proptest::prelude::*;
use tandem_domain::{
    calls::{Direction, Party, ReleaseCause},
    huntgroup::RingStrategy,
    ids::{AccountId, CallId, CustomerId, HuntgroupId, Timestamp},
};
use tandem_media::LegId;
use tandem_telephony::call::{
    About, Action, Call, Event, Plan, Segment,
    hearing::Sound,
    hunt::{Hunt, Reach, Target},
    outcome::Refusal,
};

const CALLER: LegId = LegId(1);

fn target(n: u128) -> Target {
    let account = AccountId(uuid::Uuid::from_u128(n));
    Target::account(account, Party { number: n.to_string(), ..Party::default() }, true)
}

fn about() -> About {
    let id = uuid::Uuid::from_u128(7);
    About {
        id: CallId(id),
        customer: CustomerId(id),
        direction: Direction::Internal,
        caller: Party::default(),
        callee: Party::default(),
        dialled: "7700".into(),
        huntgroup: None,
        started: Timestamp(0),
        answered: None,
    }
}

fn segment() -> Segment {
    Segment {
        direction: Direction::Internal,
        caller: Party::default(),
        callee: Party::default(),
        dialled: "745".into(),
        huntgroup: None,
    }
}

fn group(strategy: RingStrategy, members: u128) -> Plan {
    let id = HuntgroupId(uuid::Uuid::from_u128(9));
    Plan::Ring(Hunt::group(id, strategy, Duration::from_secs(20), (1..=members).map(target).collect()))
}

/// What a leg is to the one who performs the call's actions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// It calls us, or rings.
    Open,
    /// Both ends have a dialog.
    Up,
    /// Let go, or gone by itself.
    Over,
}

/// Performs what a call wants, and checks it.
struct Stage {
    call: Call,
    now: Instant,
    legs: BTreeMap<LegId, State>,
    hears: BTreeMap<LegId, Sound>,
    next: u64,
    phones: usize,
    done: usize,
    connected: bool,
}

impl Stage {
    fn new(plan: Plan, phones: usize) -> Self {
        let now = Instant::now();
        let (call, actions) = Call::new(about(), CALLER, plan, now);
        let legs = BTreeMap::from([(CALLER, State::Open)]);
        let mut stage = Self { call, now, legs, hears: BTreeMap::new(), next: 1, phones, done: 0, connected: false };
        stage.perform(actions);
        stage
    }

    fn tell(&mut self, event: Event) {
        let mut actions = Vec::new();
        self.call.handle(event, self.now, &mut actions);
        self.perform(actions);
        self.check();
    }

    fn perform(&mut self, actions: Vec<Action>) {
        let mut actions: std::collections::VecDeque<_> = actions.into();
        while let Some(action) = actions.pop_front() {
            assert!(
                self.done == 0 || matches!(action, Action::Release { .. }),
                "after its end a call wants {action:?}"
            );
            match action {
                Action::Ring(target) => {
                    let legs: Vec<_> = (0..self.phones).map(|_| self.new_leg(State::Open)).collect();
                    let mut more = Vec::new();
                    let busy = false;
                    self.call.handle(Event::Branches { target, legs, busy }, self.now, &mut more);
                    actions.extend(more);
                }
                Action::Answer(leg) => {
                    assert_eq!(self.legs[&leg], State::Open, "a leg is answered twice, or after its end");
                    self.legs.insert(leg, State::Up);
                }
                Action::Reject { leg, .. } | Action::Release { leg, .. } => {
                    self.legs.insert(leg, State::Over);
                    self.hears.remove(&leg);
                }
                Action::Hear(leg, sound) => {
                    self.hears.insert(leg, sound);
                }
                Action::Done(_) => self.done += 1,
                Action::Connected(_) => self.connected = true,
                Action::NextSegment(_)
                | Action::Summoned(_)
                | Action::SupervisionOver(_)
                | Action::TellRinging(_)
                | Action::TellProgress(_)
                | Action::TellTransfer { .. }
                | Action::Show => {}
            }
        }
    }

    fn new_leg(&mut self, state: State) -> LegId {
        self.next += 1;
        let leg = LegId(self.next);
        self.legs.insert(leg, state);
        leg
    }

    fn open(&self) -> Vec<LegId> {
        self.legs.iter().filter(|(_, state)| **state != State::Over).map(|(leg, _)| *leg).collect()
    }

    fn check(&self) {
        let own: BTreeSet<_> = self.call.legs().collect();
        for (listener, sound) in &self.hears {
            if let Sound::Leg(speaker) = sound
                && self.legs[listener] != State::Over
                && own.contains(listener)
            {
                assert!(own.contains(speaker), "{listener:?} hears {speaker:?}, who is not of the call");
                assert_ne!(self.legs[speaker], State::Over, "{listener:?} hears a leg that is over");
            }
        }
        assert!(self.call.parties().is_none() || self.connected, "who talks is known to be connected, and so pays");
        if self.call.is_over() {
            assert_eq!(self.done, 1, "a call ends once");
            assert_eq!(self.open(), [], "legs are left behind");
            assert_eq!(own.len(), 0);
        } else {
            assert_eq!(self.done, 0);
            assert!(self.legs.values().any(|state| *state != State::Over), "a call goes on without legs");
        }
    }

    /// Does something that can happen now; `which` and `leg` choose.
    fn happen(&mut self, which: u8, leg: usize) {
        let open = self.open();
        let Some(leg) = open.get(leg % open.len().max(1)).copied() else { return };
        match which % 10 {
            0 => self.tell(Event::Ringing(leg)),
            1 => self.tell(Event::EarlyMedia(leg)),
            2 if leg != CALLER && self.legs[&leg] == State::Open => {
                self.legs.insert(leg, State::Up);
                self.tell(Event::Answered(leg));
            }
            3 if leg != CALLER && self.legs[&leg] == State::Open => {
                self.legs.insert(leg, State::Over);
                self.tell(Event::Refused { leg, status: 486 });
            }
            4 if leg == CALLER || self.legs[&leg] == State::Up => {
                self.tell(Event::HungUp(leg));
            }
            5 => self.tell(Event::Hold { leg, on: which < 128 }),
            6 => self.tell(Event::Spoken(leg)),
            7 if self.legs[&leg] == State::Up => {
                self.tell(Event::Referred(leg));
                let plan = if which < 200 { group(RingStrategy::Order, 2) } else { Plan::Refuse(Refusal::BUSY) };
                let segment = Box::new(segment());
                self.tell(Event::TransferPlan { referrer: leg, plan, segment });
            }
            8 if self.call.can_replace(leg, true) => {
                let new = self.new_leg(State::Up);
                self.tell_without_check(Event::Replaced { old: leg, new, answered: true, holds: which < 128 });
                self.perform(vec![Action::Release { leg, why: tandem_telephony::call::Why::Transferred }]);
                self.check();
            }
            9 => {
                if let Some(deadline) = self.call.deadline() {
                    self.now = deadline;
                    self.tell(Event::Timeout);
                }
            }
            _ => {}
        }
    }

    fn tell_without_check(&mut self, event: Event) {
        let mut actions = Vec::new();
        self.call.handle(event, self.now, &mut actions);
        self.perform(actions);
    }
}

fn strategies() -> impl Strategy<Value = RingStrategy> {
    prop::sample::select(RingStrategy::ALL.to_vec())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn whatever_happens_nobody_hears_a_stranger_and_no_leg_is_left_behind(
        strategy in strategies(),
        members in 0_u128..4,
        phones in 0_usize..3,
        events in prop::collection::vec((any::<u8>(), any::<usize>()), 0..40),
    ) {
        let mut stage = Stage::new(group(strategy, members), phones);
        stage.check();
        for (which, leg) in events {
            stage.happen(which, leg);
        }
        // Whatever state it is in: it can be ended, and nothing is left.
        if !stage.call.is_over() {
            stage.tell(Event::End(ReleaseCause::Shutdown));
        }
        prop_assert!(stage.call.is_over());
    }

    #[test]
    fn a_call_to_one_phone_obeys_the_same_rules(
        phones in 0_usize..3,
        events in prop::collection::vec((any::<u8>(), any::<usize>()), 0..40),
    ) {
        let mut stage = Stage::new(Plan::Ring(Hunt::alone(target(1))), phones);
        for (which, leg) in events {
            stage.happen(which, leg);
        }
        if !stage.call.is_over() {
            stage.tell(Event::End(ReleaseCause::Shutdown));
        }
        prop_assert!(stage.call.is_over());
    }
}

#[test]
fn a_group_without_a_phone_says_so_and_one_that_is_not_answered_tries_again() {
    let stage = Stage::new(group(RingStrategy::Order, 3), 0);
    assert!(!stage.call.is_over(), "the caller hears why first");
    let mut stage = Stage::new(group(RingStrategy::Order, 2), 1);
    for _ in 0..4 {
        stage.happen(0, 1);
        stage.now = stage.call.deadline().expect("a stage has an end");
        stage.tell(Event::Timeout);
        assert!(!stage.call.is_over());
        assert_eq!(stage.open().len(), 2, "the caller and the next member's phone");
    }
    assert!(matches!(target(1).reach, Reach::Account(_)));
}
