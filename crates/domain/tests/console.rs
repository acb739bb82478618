//! What a manager sees in the console, and what the wallboard counts.

use std::{collections::BTreeSet, sync::Arc};

use proptest::prelude::*;
use tandem_domain::{
    access::{AccessRole, Principal, Who},
    calls::{CallState, Direction, LiveCall, LiveSupervisor, Party, Recorded, Stage, Supervises},
    console::{Agent, Console, Filters, Phones, Presence, Scene, Sight, has_console, is_ticket},
    huntgroup::{Huntgroup, Member, protected},
    ids::{AccountId, CallId, CustomerId, Timestamp},
    list::search_words,
    locale::{Locale, TimeZone},
    supervision::{Mode, Refused, may_join},
    wallboard::Ended,
};
use uuid::Uuid;

const ADAM: AccountId = account(701);
const MARY: AccountId = account(702);
const JOHN: AccountId = account(744);
const OLIVIA: AccountId = account(745);
const PETER: AccountId = account(746);

const fn account(id: u128) -> AccountId {
    AccountId(Uuid::from_u128(id))
}

const fn call_id(id: u128) -> CallId {
    CallId(Uuid::from_u128(id))
}

fn group(name: &str, number: &str, members: &[(AccountId, bool, bool)]) -> Huntgroup {
    let group = Huntgroup::parse(name, number, "order", "20").expect("a sound form");
    let member =
        |&(account, supervision_allowed, never_supervise): &_| Member { account, supervision_allowed, never_supervise };
    Huntgroup { members: members.iter().map(member).collect(), ..group }
}

/// DESIGN's demonstration: Adam manages Support; Peter is in Sales alone.
fn groups() -> Vec<Huntgroup> {
    vec![
        group("Support", "7700", &[(ADAM, true, false), (JOHN, false, false), (OLIVIA, false, false)]),
        group("Sales", "7710", &[(OLIVIA, false, false), (PETER, false, false)]),
    ]
}

fn agent(account: AccountId) -> Option<Agent> {
    let known = [(ADAM, "Adam"), (MARY, "Mary"), (JOHN, "John"), (OLIVIA, "Olivia"), (PETER, "Peter")];
    let name = known.iter().find(|(id, _)| *id == account)?.1;
    Some(Agent { name: name.into(), number: account.0.as_u128().to_string() })
}

fn adam() -> Sight {
    Sight::of_manager(ADAM, true, &groups(), agent)
}

fn inside(account: AccountId) -> Party {
    let Agent { name, number } = agent(account).expect("somebody of the company");
    Party { number, name, account: Some(account) }
}

fn outside() -> Party {
    Party { number: "+12125550147".into(), name: "Grace Miller".into(), account: None }
}

/// A call that is talked since its `id`-th second.
fn talk(id: u128, caller: Party, callee: Party) -> LiveCall {
    let since = Timestamp(i64::try_from(id).expect("a small number") * 1000);
    LiveCall {
        id: call_id(id),
        customer: CustomerId(Uuid::from_u128(1)),
        direction: Direction::Incoming,
        caller,
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

fn ringing(call: LiveCall, rings: &[AccountId]) -> LiveCall {
    LiveCall { state: CallState::Ringing, answered: None, rings: rings.into(), ..call }
}

fn scene(calls: &[LiveCall], phones: &Phones) -> Scene {
    Scene::new(calls.iter().cloned().map(Arc::new).collect(), phones.clone())
}

fn seen(sight: &Sight, calls: &[LiveCall]) -> Console {
    Arc::new(sight.clone()).console(&scene(calls, &Phones::default()), false)
}

fn somebody(who: Who, role: &str, manages: bool) -> Principal {
    let role = AccessRole::built_in().into_iter().find(|known| known.name == role).expect("a built-in role");
    let (locale, time_zone) = (Locale::default(), TimeZone::default());
    Principal { who, sign_in: "somebody".into(), name: "Somebody".into(), role, locale, time_zone, manages }
}

#[test]
fn managers_and_the_companys_administrator_have_a_console() {
    let customer = CustomerId(Uuid::from_u128(1));
    let of_account = Who::Account { account: ADAM, customer };
    assert!(has_console(&somebody(of_account, "Account", true)));
    assert!(!has_console(&somebody(of_account, "Account", false)), "an agent");
    assert!(has_console(&somebody(Who::Customer(customer), "Customer", false)));
    assert!(!has_console(&somebody(of_account, "Customer", true)), "a role of others gives nothing");
}

#[test]
fn a_manager_sees_the_calls_of_his_agents_and_nobody_elses() {
    let calls = [
        talk(1, outside(), inside(JOHN)),
        talk(2, outside(), inside(PETER)),
        talk(3, inside(MARY), inside(PETER)),
        talk(4, inside(OLIVIA), inside(PETER)),
    ];
    let console = seen(&adam(), &calls);
    let rows: Vec<_> = console.calls.iter().map(|row| (row.id, row.account(), row.agent_calls, row.may)).collect();
    assert_eq!(rows, [(call_id(1), Some(JOHN), false, Ok(())), (call_id(4), Some(OLIVIA), true, Ok(()))]);
    assert_eq!(console.calls[1].client.name, "", "Peter's name belongs to Peter's record");
    let agents: Vec<_> = console.agents.iter().map(|agent| agent.agent.name.as_str()).collect();
    assert_eq!((agents, console.terms.huntgroups), (vec!["John", "Olivia"], vec!["Support".to_owned()]));
}

#[test]
fn who_is_protected_is_not_there_and_who_is_no_manager_sees_nothing() {
    let mut groups = groups();
    groups[1].members[0].never_supervise = true;
    let calls = [talk(1, outside(), inside(OLIVIA)), talk(2, outside(), inside(JOHN))];
    let protected = seen(&Sight::of_manager(ADAM, true, &groups, agent), &calls);
    assert_eq!(protected.calls.iter().map(|row| row.id).collect::<Vec<_>>(), [call_id(2)]);
    assert_eq!(protected.agents.len(), 1);
    let both = [talk(1, outside(), inside(JOHN)), talk(2, inside(OLIVIA), inside(JOHN))];
    let protected = seen(&Sight::of_manager(ADAM, true, &groups, agent), &both);
    let rows = protected.calls.iter().map(|row| row.id).collect::<Vec<_>>();
    assert_eq!(rows, [call_id(1)], "John may be supervised, but not while he talks to Olivia");
    let nothing = seen(&Sight::of_manager(JOHN, true, &groups, agent), &calls);
    assert_eq!((nothing.calls.len(), nothing.agents.len(), nothing.terms.huntgroups.len()), (0, 0, 0));
}

#[test]
fn a_call_between_two_agents_is_there_for_each() {
    let console = seen(&adam(), &[talk(1, inside(JOHN), inside(OLIVIA))]);
    let sides: Vec<_> = console.calls.iter().map(|row| (row.account(), row.client.account)).collect();
    assert_eq!(sides, [(Some(JOHN), Some(OLIVIA)), (Some(OLIVIA), Some(JOHN))]);
    assert_ne!(console.calls[0].key(), console.calls[1].key());
}

#[test]
fn what_rings_is_there_and_cannot_be_joined_yet() {
    let group = Party { number: "7700".into(), name: "Support".into(), account: None };
    let mut waiting = ringing(talk(1, outside(), group), &[JOHN, OLIVIA, PETER]);
    waiting.huntgroup = "Support".into();
    let direct = ringing(talk(2, outside(), inside(JOHN)), &[JOHN]);
    let sales = ringing(talk(3, outside(), Party { number: "7710".into(), ..Party::default() }), &[PETER]);
    let console = seen(&adam(), &[waiting, direct, sales]);
    let rows: Vec<_> = console.calls.iter().map(|row| (row.id, row.account(), row.rings.join(","), row.may)).collect();
    let refused = Err(Refused::NoCall);
    assert_eq!(
        rows,
        [(call_id(1), None, "John,Olivia".into(), refused), (call_id(2), Some(JOHN), "John".into(), refused)],
    );
}

#[test]
fn every_reason_why_a_call_cannot_be_joined_is_told() {
    let with_himself = seen(&adam(), &[talk(1, inside(ADAM), inside(JOHN))]);
    assert_eq!(with_himself.calls[0].may, Err(Refused::Yourself));
    let off = seen(&Sight::of_manager(ADAM, false, &groups(), agent), &[talk(1, outside(), inside(JOHN))]);
    assert_eq!((off.calls[0].may, off.terms.enabled), (Err(Refused::NotEnabled), false));
}

#[test]
fn his_own_way_into_a_call_is_no_call_and_says_how_he_is_in_it() {
    let mut call = talk(1, outside(), inside(JOHN));
    call.recorded = Recorded::Yes;
    let joined = |manager: AccountId, own: u128, mode| LiveSupervisor {
        call: call_id(own),
        manager: inside(manager),
        agent: Some(JOHN),
        mode,
        follows: false,
    };
    call.supervisors = vec![joined(MARY, 8, Mode::Spy), joined(ADAM, 9, Mode::Whisper)];
    let supervises =
        |stage| Some(Supervises { agent: Some(JOHN), mode: Mode::Whisper, follows: true, stage, volumes: [100; 2] });
    let own = |stage| LiveCall { supervises: supervises(stage), ..talk(9, inside(ADAM), inside(JOHN)) };
    let console = seen(&adam(), &[call.clone(), own(Stage::In(call.id))]);
    assert_eq!((console.calls.len(), console.calls[0].mine()), (1, Some(Mode::Whisper)));
    let [own_call] = &console.own[..] else { panic!("{:?}", console.own) };
    assert_eq!((own_call.call, own_call.mode, own_call.follows), (call_id(9), Mode::Whisper, true));
    assert_eq!((own_call.name.as_str(), own_call.client.as_str(), own_call.recorded), ("John", "Grace Miller", true));
    // Between two calls of the agent, and before his phone is answered.
    for stage in [Stage::Waits, Stage::Rings] {
        let console = seen(&adam(), &[own(stage)]);
        assert_eq!((console.calls.len(), console.own[0].stage, console.own[0].client.as_str()), (0, stage, ""));
    }
    // It is nothing to another manager.
    let groups = vec![group("Support", "7700", &[(MARY, true, false), (ADAM, false, false), (JOHN, false, false)])];
    let console = seen(&Sight::of_manager(MARY, true, &groups, agent), &[call.clone(), own(Stage::In(call.id))]);
    assert_eq!((console.own.len(), console.calls.len(), console.calls[0].mine()), (0, 1, Some(Mode::Spy)));
}

#[test]
fn a_manager_is_told_for_whom_his_phone_was_rung_for_nothing_and_nobody_else_is() {
    let supervises =
        Supervises { agent: Some(JOHN), mode: Mode::Spy, follows: false, stage: Stage::Rings, volumes: [100; 2] };
    let rang = LiveCall { supervises: Some(supervises), ..talk(9, inside(ADAM), inside(JOHN)) };
    let scene = Scene::default().with_missed(vec![Arc::new(rang)]);
    assert_eq!(Arc::new(adam()).console(&scene, false).missed, "John");
    let groups = vec![group("Support", "7700", &[(MARY, true, false), (JOHN, false, false)])];
    let mary = Arc::new(Sight::of_manager(MARY, true, &groups, agent));
    assert_eq!(mary.console(&scene, true).missed, "");
}

#[test]
fn an_agent_is_away_free_rung_talking_or_not_to_be_disturbed() {
    let registered = BTreeSet::from([JOHN, OLIVIA]);
    let of =
        |phones: &Phones, calls: &[LiveCall]| Arc::new(adam()).console(&scene(calls, phones), false).agents[0].presence;
    assert_eq!(of(&Phones::default(), &[]), Presence::Away);
    let phones = Phones { registered, ..Phones::default() };
    assert_eq!(of(&phones, &[]), Presence::Free);
    assert_eq!(of(&phones, &[ringing(talk(1, outside(), inside(JOHN)), &[JOHN])]), Presence::Ringing);
    assert_eq!(of(&phones, &[talk(1, outside(), inside(JOHN))]), Presence::OnACall);
    let quiet = Phones { quiet: BTreeSet::from([JOHN]), ..phones };
    assert_eq!(of(&quiet, &[]), Presence::DoNotDisturb);
    assert_eq!(of(&quiet, &[talk(1, inside(JOHN), outside())]), Presence::OnACall);
    // Whose conversation a manager listens to is on that call, not on the manager's.
    let supervises =
        Some(Supervises { agent: Some(JOHN), mode: Mode::Spy, follows: true, stage: Stage::Waits, volumes: [100; 2] });
    let own = LiveCall { supervises, ..talk(9, inside(ADAM), inside(JOHN)) };
    assert_eq!(of(&Phones { quiet: BTreeSet::new(), ..quiet }, &[own]), Presence::Free);
}

#[test]
fn the_companys_administrator_sees_every_call_once_and_joins_none() {
    let company = Sight::of_company(true, &groups(), agent);
    let waiting = ringing(talk(3, outside(), Party { number: "7710".into(), ..Party::default() }), &[PETER]);
    let calls = [talk(1, inside(JOHN), inside(MARY)), talk(2, inside(MARY), outside()), waiting];
    let company = Arc::new(company);
    let scene = scene(&calls, &Phones::default());
    let console = company.console(&scene, true);
    let rows: Vec<_> = console.calls.iter().map(|row| row.account()).collect();
    assert_eq!(rows, [Some(MARY), Some(MARY), None]);
    // Whose role hides colleagues' names is told those of the agents alone: Mary is in no huntgroup.
    let names = |console: &Console| console.calls[0].agent.clone().map(|agent| agent.name);
    assert_eq!((names(&console), names(&company.console(&scene, false))), (Some("Mary".into()), Some(String::new())));
    assert!(!console.terms.joins && console.own.is_empty() && console.calls.iter().all(|row| row.may.is_err()));
    assert_eq!(console.agents.len(), 4, "who is in a huntgroup");
}

#[test]
fn calls_are_found_by_huntgroup_state_and_words_and_sorted_by_how_long_they_last() {
    let mut john = talk(20, outside(), inside(JOHN));
    john.huntgroup = "Support".into();
    let mut olivia = talk(10, Party { name: String::new(), ..outside() }, inside(OLIVIA));
    olivia.state = CallState::Held;
    let calls = seen(&adam(), &[olivia, john]).calls;
    let name = |key| calls.iter().find(|call| call.key() == key).unwrap().agent.clone().unwrap().name;
    let of = |filters: Filters| filters.of(calls.iter()).into_iter().map(name).collect::<Vec<_>>();
    let words = |text: &str| of(Filters { words: search_words(text), ..Filters::default() });
    assert_eq!(of(Filters::default()), ["John", "Olivia"]);
    assert_eq!(of(Filters { descending: true, ..Filters::default() }), ["Olivia", "John"]);
    assert_eq!(of(Filters { by_duration: true, ..Filters::default() }), ["Olivia", "John"], "the longest first");
    assert_eq!(of(Filters { huntgroup: "Support".into(), ..Filters::default() }), ["John"]);
    assert_eq!(of(Filters { state: Some(CallState::Held), ..Filters::default() }), ["Olivia"]);
    assert_eq!(
        (words("gra mil"), words("74"), words("745 +12"), words("grace 745")),
        (vec!["John".to_owned()], vec!["John".to_owned(), "Olivia".to_owned()], vec!["Olivia".to_owned()], vec![],)
    );
}

#[test]
fn the_wallboard_counts_what_goes_on_and_what_was_today() {
    let mut talks = talk(5, outside(), inside(JOHN));
    talks.huntgroup = "Support".into();
    let group = Party { number: "7700".into(), name: "Support".into(), account: None };
    // It rings at John's second phone though he talks.
    let mut waits = ringing(talk(7, outside(), group), &[JOHN, OLIVIA]);
    waits.huntgroup = "Support".into();
    let direct = talk(3, inside(OLIVIA), outside());
    let ended = |huntgroup: &str, agent, answered, calls, longest| Ended {
        huntgroup: huntgroup.into(),
        agent,
        answered,
        calls,
        longest,
    };
    let today = [
        ended("Support", Some(JOHN), true, 4, 300),
        ended("Support", None, false, 2, 0),
        ended("", Some(JOHN), true, 1, 400),
        ended("", Some(JOHN), false, 3, 0),
        ended("Sales", Some(PETER), true, 9, 900),
    ];
    let calls = [talks, waits, direct, talk(1, outside(), inside(PETER))];
    let scene = scene(&calls, &Phones::default());
    let board = Arc::new(adam()).wallboard(&scene, &today);
    assert_eq!((board.total.live, board.total.ringing, board.total.waiting), (2, 1, 1));
    assert_eq!((board.total.talks_since, board.total.waits_since), (Some(Timestamp(3000)), Some(Timestamp(7000))));
    assert_eq!((board.total.answered, board.total.missed, board.total.longest), (5, 5, 400));
    let [(name, support)] = &board.huntgroups[..] else { panic!("{:?}", board.huntgroups) };
    assert_eq!((name.as_str(), support.live, support.answered, support.missed), ("Support", 1, 4, 2));
    assert_eq!((support.ringing, support.longest, support.talks_since), (1, 300, Some(Timestamp(5000))));
    let [(john, his), (olivia, hers)] = &board.agents[..] else { panic!("{:?}", board.agents) };
    assert_eq!((john.agent.name.as_str(), olivia.agent.name.as_str()), ("John", "Olivia"));
    assert_eq!((his.live, his.ringing, his.answered, his.missed, his.longest), (1, 1, 5, 3, 400));
    assert_eq!((hers.live, hers.ringing, hers.answered, hers.missed, hers.longest), (1, 1, 0, 0, 0));
    assert_eq!(hers.talks_since, Some(Timestamp(3000)));
    let company = Arc::new(Sight::of_company(true, &groups(), agent)).wallboard(&scene, &today);
    assert_eq!((company.total.live, company.total.answered, company.huntgroups.len()), (3, 14, 2));
}

#[test]
fn a_ticket_is_letters_and_digits() {
    assert!(is_ticket("a1B2") && is_ticket(&"x".repeat(32)));
    for bad in ["", "a b", "a\r\nVia: x", "é", &"x".repeat(33)] {
        assert!(!is_ticket(bad), "{bad:?}");
    }
}

/// Any of five people, with any marks, in up to three huntgroups.
fn any_groups() -> impl Strategy<Value = Vec<Huntgroup>> {
    let member =
        (prop::sample::select(vec![ADAM, MARY, JOHN, OLIVIA, PETER]), any::<bool>(), prop::bool::weighted(0.2));
    let members = prop::collection::btree_map(
        member.clone().prop_map(|(account, ..)| account),
        (any::<bool>(), prop::bool::weighted(0.2)),
        0..5,
    );
    prop::collection::vec(members, 0..4).prop_map(|groups| {
        let numbered = groups.into_iter().zip(["7700", "7710", "7720"]);
        let whole = numbered.map(|(members, number)| {
            let members: Vec<_> =
                members.into_iter().map(|(account, (allowed, never))| (account, allowed, never)).collect();
            group(number, number, &members)
        });
        whole.collect()
    })
}

proptest! {
    #[test]
    fn a_call_is_there_exactly_for_whom_the_rule_lets_join(
        groups in any_groups(),
        enabled in any::<bool>(),
        pairs in prop::collection::vec((0..6_usize, 0..6_usize, any::<bool>()), 0..8),
    ) {
        let everybody = [ADAM, MARY, JOHN, OLIVIA, PETER];
        let party = |place: usize| everybody.get(place).map_or_else(outside, |account| inside(*account));
        let calls: Vec<_> = (1..)
            .zip(&pairs)
            .map(|(id, (caller, callee, answered))| {
                let call = talk(id, party(*caller), party(*callee));
                if *answered { call } else { ringing(call, &[]) }
            })
            .collect();
        let sight = Sight::of_manager(ADAM, enabled, &groups, agent);
        let console = seen(&sight, &calls);
        for call in &calls {
            for (party, client) in [(&call.caller, &call.callee), (&call.callee, &call.caller)] {
                let Some(account) = party.account else { continue };
                let is_protected = client.account.is_some_and(|client| protected(&groups).contains(&client));
                let row = console.calls.iter().find(|row| row.id == call.id && row.account() == Some(account));
                let ever = may_join(true, &groups, ADAM, account).is_ok() && !is_protected;
                prop_assert_eq!(row.is_some(), ever, "{:?} for {:?}", call, account);
                if let Some(row) = row {
                    let now = may_join(enabled, &groups, ADAM, account).is_ok()
                        && call.state != CallState::Ringing
                        && row.client.account != Some(ADAM);
                    prop_assert_eq!(row.may.is_ok(), now, "{:?}", row);
                }
            }
        }
    }
}
