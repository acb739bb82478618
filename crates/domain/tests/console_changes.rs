//! What a console is told of changes: enough to show what there is, and no more than has changed.

use std::{collections::BTreeSet, sync::Arc};

use proptest::prelude::*;
use tandem_domain::{
    calls::{CallState, Direction, LiveCall, Party, Recorded, Stage, Supervises},
    console::{Agent, Console, ConsoleChange, Phones, Presence, Scene, Sight, View},
    huntgroup::{Huntgroup, Member},
    ids::{AccountId, CallId, CustomerId, Timestamp},
    supervision::Mode,
};
use uuid::Uuid;

const MANAGER: u128 = 1;

fn account(id: u128) -> AccountId {
    AccountId(Uuid::from_u128(id))
}

/// A manager's sight of the agents from 2 on, of whom these are protected.
fn sight(agents: u128, protected: &[u128]) -> Arc<Sight> {
    let member = |id: u128| Member {
        account: account(id),
        supervision_allowed: id == MANAGER,
        never_supervise: protected.contains(&id),
    };
    let group = Huntgroup::parse("Support", "7700", "order", "20").expect("a sound form");
    let group = Huntgroup { members: (MANAGER..MANAGER + 1 + agents).map(member).collect(), ..group };
    let agent = |of: AccountId| Some(Agent { name: format!("Agent {}", of.0.as_u128()), number: String::new() });
    Arc::new(Sight::of_manager(account(MANAGER), true, &[group], agent))
}

/// The `id`-th call, of this agent with somebody outside.
fn call(id: u128, agent: u128) -> LiveCall {
    let since = Timestamp(i64::try_from(id).expect("a small number") * 1000);
    let callee = Party { number: String::new(), name: format!("Agent {agent}"), account: Some(account(agent)) };
    LiveCall {
        id: CallId(Uuid::from_u128(id)),
        customer: CustomerId(Uuid::from_u128(1)),
        direction: Direction::Incoming,
        caller: Party { number: "+12125550147".into(), ..Party::default() },
        callee,
        huntgroup: String::new(),
        state: CallState::Answered,
        started: since,
        answered: Some(since),
        holds: [false; 2],
        supervisors: Vec::new(),
        supervises: None,
        rings: Vec::new(),
        recorded: Recorded::No,
        encrypted: [false; 2],
    }
}

/// What a page does with what it is told.
fn apply(console: &mut Console, change: ConsoleChange) {
    if change.whole {
        *console = Console::default();
    }
    console.terms = change.terms.unwrap_or(std::mem::take(&mut console.terms));
    console.own = change.own.unwrap_or(std::mem::take(&mut console.own));
    console.missed = change.missed.unwrap_or(std::mem::take(&mut console.missed));
    console.calls.retain(|row| !change.gone.contains(&row.key()));
    console.calls.retain(|row| change.calls.iter().all(|new| new.key() != row.key()));
    console.calls.extend(change.calls);
    console.agents.retain(|one| !change.agents_gone.contains(&one.account));
    console.agents.retain(|one| change.agents.iter().all(|new| new.account != one.account));
    console.agents.extend(change.agents);
}

/// In an order of which nothing is told.
fn sorted(mut console: Console) -> Console {
    console.calls.sort_by_key(|row| row.key());
    console.agents.sort_by_key(|one| one.account);
    console
}

/// A company with five hundred calls, each of another agent.
fn busy() -> Vec<Arc<LiveCall>> {
    (0..500).map(|n| Arc::new(call(1000 + n, 2 + n))).collect()
}

#[test]
fn one_change_among_five_hundred_calls_is_one_row() {
    let (sight, mut calls) = (sight(500, &[]), busy());
    let mut view = View::default();
    let first = view.look(&sight, &Scene::new(calls.clone(), Phones::default()), true).expect("everything");
    assert_eq!((first.whole, first.calls.len(), first.agents.len()), (true, 500, 500));
    assert_eq!(view.look(&sight, &Scene::new(calls.clone(), Phones::default()), true), None, "nothing has changed");

    let held = LiveCall { state: CallState::Held, ..LiveCall::clone(&calls[7]) };
    calls[7] = Arc::new(held);
    let change = view.look(&sight, &Scene::new(calls.clone(), Phones::default()), true).expect("a change");
    assert_eq!((change.whole, change.calls.len(), change.agents.len(), change.gone.len()), (false, 1, 0, 0));
    assert!(change.terms.is_none() && change.own.is_none());

    let gone = calls.remove(7);
    let change = view.look(&sight, &Scene::new(calls, Phones::default()), true).expect("a change");
    assert_eq!((change.calls.len(), change.gone), (0, vec![(gone.id, false)]));
    assert_eq!(change.agents.iter().map(|one| one.presence).collect::<Vec<_>>(), [Presence::Away], "and its agent");
}

#[test]
fn many_changes_between_two_looks_are_one_message_with_each_row_once() {
    let (sight, mut calls) = (sight(500, &[]), busy());
    let mut view = View::default();
    let mut messages = u32::from(view.look(&sight, &Scene::new(calls.clone(), Phones::default()), true).is_some());
    // Somebody who looks ten times while each call changes a hundred times.
    for _ in 0..10 {
        for n in 0..10 {
            for call in &mut calls {
                let recorded = if n % 2 == 0 { Recorded::Yes } else { Recorded::Paused };
                *call =
                    Arc::new(LiveCall { recorded, started: Timestamp(call.started.0 + 1), ..LiveCall::clone(call) });
            }
        }
        let change = view.look(&sight, &Scene::new(calls.clone(), Phones::default()), true);
        messages += u32::from(change.is_some());
        assert!(change.is_none_or(|change| change.calls.len() <= 500 && change.agents.is_empty()));
    }
    // What none of the rows shows (when it began to ring) is no message.
    assert_eq!(messages, 2);
}

#[test]
fn whoever_is_protected_now_is_not_there_any_more_and_nobody_else_is_told_anew() {
    let calls = busy();
    let scene = Scene::new(calls, Phones::default());
    let mut view = View::default();
    view.look(&sight(500, &[]), &scene, true);
    let change = view.look(&sight(500, &[9]), &scene, true).expect("a change");
    assert_eq!((change.gone.len(), change.agents_gone, change.calls.len()), (1, vec![account(9)], 0));
    assert!(!change.whole && change.agents.is_empty());
}

/// Something that happens: in a company of four agents with few calls.
#[derive(Debug, Clone)]
enum Happens {
    Begins(u128, u128),
    Changes(usize, CallState),
    Ends(usize),
    Registered(u128, bool),
    Quiet(u128, bool),
    Protected(Vec<u128>),
    Supervises(Stage),
    Leaves,
    Missed(Option<u128>),
}

fn happens() -> impl Strategy<Value = Happens> {
    let agent = 2..6_u128;
    let stage = prop_oneof![
        Just(Stage::Rings),
        Just(Stage::Waits),
        (10..20_u128).prop_map(|id| { Stage::In(CallId(Uuid::from_u128(id))) })
    ];
    prop_oneof![
        3 => (10..20_u128, agent.clone()).prop_map(|(id, agent)| Happens::Begins(id, agent)),
        3 => (0..8_usize, prop::sample::select(CallState::ALL.to_vec())).prop_map(|(n, s)| Happens::Changes(n, s)),
        2 => (0..8_usize).prop_map(Happens::Ends),
        1 => (agent.clone(), any::<bool>()).prop_map(|(who, on)| Happens::Registered(who, on)),
        1 => (agent.clone(), any::<bool>()).prop_map(|(who, on)| Happens::Quiet(who, on)),
        1 => prop::collection::vec(agent, 0..3).prop_map(Happens::Protected),
        1 => stage.prop_map(Happens::Supervises),
        1 => Just(Happens::Leaves),
        1 => prop::option::of(40..43_u128).prop_map(Happens::Missed),
    ]
}

proptest! {
    #[test]
    fn whoever_follows_the_changes_shows_what_there_is(all in prop::collection::vec((happens(), any::<bool>()), 0..40)) {
        let (mut calls, mut phones) = (Vec::<Arc<LiveCall>>::new(), Phones::default());
        let mut missed = Vec::new();
        let (mut sight_now, mut view, mut page) = (sight(4, &[]), View::default(), Console::default());
        let set = |of: &mut BTreeSet<AccountId>, who, on| { if on { of.insert(account(who)); } else { of.remove(&account(who)); } };
        for (happens, looks) in all {
            match happens {
                Happens::Begins(id, agent) => {
                    calls.retain(|known| known.id != CallId(Uuid::from_u128(id)));
                    calls.push(Arc::new(call(id, agent)));
                }
                Happens::Changes(place, state) => {
                    if let Some(call) = calls.get_mut(place) {
                        *call = Arc::new(LiveCall { state, ..LiveCall::clone(call) });
                    }
                }
                Happens::Ends(place) => if place < calls.len() { calls.remove(place); },
                Happens::Registered(who, on) => set(&mut phones.registered, who, on),
                Happens::Quiet(who, on) => set(&mut phones.quiet, who, on),
                Happens::Protected(who) => sight_now = sight(4, &who),
                Happens::Supervises(stage) => {
                    calls.retain(|call| call.supervises.is_none());
                    let supervises = Supervises {
                        agent: Some(account(2)), mode: Mode::Spy, follows: false, stage, volumes: [100; 2],
                    };
                    let caller = Party { account: Some(account(MANAGER)), ..Party::default() };
                    calls.push(Arc::new(LiveCall { caller, supervises: Some(supervises), ..call(30, 2) }));
                }
                Happens::Leaves => calls.retain(|call| call.supervises.is_none()),
                Happens::Missed(id) => {
                    let caller = Party { account: Some(account(MANAGER)), ..Party::default() };
                    missed = id.map(|id| Arc::new(LiveCall { caller, ..call(id, 2) })).into_iter().collect();
                }
            }
            if looks {
                let scene = Scene::new(calls.clone(), phones.clone()).with_missed(missed.clone());
                if let Some(change) = view.look(&sight_now, &scene, true) {
                    apply(&mut page, change);
                }
                prop_assert_eq!(sorted(page.clone()), sorted(sight_now.console(&scene, true)));
            }
        }
    }
}
