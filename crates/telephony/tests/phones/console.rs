//! What the supervisor's console asks of the exchange, with real phones: to go over from call to call, to turn one side down, and
//! to see how loud people speak, whose phones ring, and who can be rung.

use tandem_domain::{
    access::Scope,
    audit::Subject,
    calls::{CallState, LiveCall, Stage},
    ids::AccountId,
    supervision::Mode,
};
use tandem_phones::tones;
use tandem_store::audit::AuditFilters;
use tandem_telephony::exchange::Command;

use crate::{
    sounds::{ADAM, JOHN, MARY, OLIVIA, Soft, hear_exactly, phone, talk},
    world::{Granted as _, SECOND, World},
};

/// The tone of somebody who is muted.
const PETER: u32 = 700;

fn account(world: &World, user: &str) -> AccountId {
    world.block_on(world.store.exchange().phone(user)).unwrap().unwrap().line.account
}

fn wish(manager: AccountId, agent: AccountId, mode: Mode) -> Command {
    Command::Supervise { manager, agent, mode, follow: false, call: None, ticket: None, desk: false }
}

/// The manager's own call, when it is so far.
fn own(world: &World, so: impl Fn(&LiveCall) -> bool) -> LiveCall {
    let found = || world.handle.feed().calls(None).into_iter().find(|call| call.supervises.is_some() && so(call));
    world.wait_for("the manager's own call", found)
}

fn is_in(call: &LiveCall, agent: AccountId, mode: Mode) -> bool {
    let there = |one: &tandem_domain::calls::Supervises| {
        one.agent == Some(agent) && one.mode == mode && matches!(one.stage, Stage::In(_))
    };
    call.supervises.as_ref().is_some_and(there)
}

/// Adam's phone has been rung, and he is in John's call.
fn joined(world: &World, manager: AccountId, john: AccountId) -> Soft {
    let adam = phone(world, "701", ADAM);
    world.handle.command(wish(manager, john, Mode::Spy));
    adam.wait_for_incoming().granted();
    let rung = own(world, |_| true);
    assert_eq!((rung.state, rung.rings.clone()), (CallState::Ringing, vec![manager]));
    assert_eq!(rung.supervises.map(|one| one.stage), Some(Stage::Rings));
    adam.accept().granted();
    adam.wait_until_established().granted();
    own(world, |call| is_in(call, john, Mode::Spy));
    adam
}

#[test]
fn a_manager_goes_over_to_another_call_with_the_phone_that_he_has() {
    let world = World::new();
    let [manager, john_id, olivia_id, peter_id] =
        ["abc701", "abc744", "abc745", "abc746"].map(|user| account(&world, user));
    let (john, mary) = talk(&world);
    let (olivia, peter) = (phone(&world, "745", OLIVIA), phone(&world, "746", PETER));
    world.talk(&peter, "745", &olivia);
    // He has nothing to say: his tone would be in the way of the others'.
    peter.mute(true).granted();
    let adam = joined(&world, manager, john_id);
    let first = own(&world, |_| true).id;
    hear_exactly([("the manager", &adam, &[JOHN, MARY])]);

    world.handle.command(wish(manager, olivia_id, Mode::Whisper));
    let gone_over = own(&world, |call| is_in(call, olivia_id, Mode::Whisper));
    assert_eq!((gone_over.id, gone_over.callee.number.as_str()), (first, "745"), "with the same call of his own");
    hear_exactly([
        ("the manager", &adam, &[OLIVIA]),
        ("the other agent", &olivia, &[ADAM]),
        ("the first agent", &john, &[MARY]),
        ("the first client", &mary, &[JOHN]),
    ]);
    // In the call that he is in already, only the mode changes.
    world.handle.command(wish(manager, olivia_id, Mode::Spy));
    own(&world, |call| is_in(call, olivia_id, Mode::Spy));
    // Where he may not go, he stays where he is, and it is kept that he wanted to.
    world.handle.command(wish(manager, peter_id, Mode::BargeIn));
    let filters = AuditFilters { subject: Some(Subject::Supervision), ..AuditFilters::default() };
    let actions = || {
        let audit = world.store.audit();
        let page = world.block_on(audit.list(Scope::for_system(), &filters, None)).unwrap();
        page.rows.into_iter().rev().map(|row| row.action).collect::<Vec<_>>()
    };
    world.wait_for("the refusal", || actions().contains(&"refused".to_owned()).then_some(()));
    let refused = world.block_on(world.store.audit().list(Scope::for_system(), &filters, None)).unwrap();
    let refused = refused.rows.into_iter().find(|row| row.action == "refused").unwrap();
    assert!(refused.subject_name.contains("746"), "whom he wanted, not whom he hears: {}", refused.subject_name);
    own(&world, |call| is_in(call, olivia_id, Mode::Spy));
    hear_exactly([("the manager", &adam, &[OLIVIA]), ("the other agent", &olivia, &[])]);

    world.handle.command(Command::EndCall(first));
    adam.wait_until_closed().granted();
    let expected = ["joined", "left", "joined", "changed", "refused", "left"];
    world.wait_for("all that is kept", || (actions() == expected).then_some(()));
    for phone in [&*mary, &*peter] {
        phone.hangup().granted();
    }
    world.wait_until_quiet();
}

#[test]
fn a_manager_who_wants_another_call_while_his_phone_rings_joins_that_one() {
    let world = World::new();
    let [manager, john_id, olivia_id] = ["abc701", "abc744", "abc745"].map(|user| account(&world, user));
    let (john, mary) = talk(&world);
    let (olivia, peter) = (phone(&world, "745", OLIVIA), phone(&world, "746", PETER));
    world.talk(&peter, "745", &olivia);
    peter.mute(true).granted();
    let adam = phone(&world, "701", ADAM);
    world.handle.command(wish(manager, john_id, Mode::Spy));
    adam.wait_for_incoming().granted();
    world.handle.command(wish(manager, olivia_id, Mode::Whisper));
    own(&world, |call| call.supervises.is_some_and(|one| one.agent == Some(olivia_id) && one.stage == Stage::Rings));
    adam.accept().granted();
    own(&world, |call| is_in(call, olivia_id, Mode::Whisper));
    let supervised = || world.handle.feed().calls(None).iter().filter(|call| call.supervises.is_some()).count();
    assert_eq!(supervised(), 1, "one phone, one call");
    hear_exactly([
        ("the manager", &adam, &[OLIVIA]),
        ("the agent", &olivia, &[ADAM]),
        ("the first agent", &john, &[MARY]),
    ]);
    for phone in [&*adam, &*mary, &*peter] {
        phone.hangup().granted();
    }
    world.wait_until_quiet();
}

#[test]
fn who_follows_and_answers_too_late_waits_for_the_agents_next_call() {
    let world = World::new();
    let [manager, john_id] = ["abc701", "abc744"].map(|user| account(&world, user));
    let (john, mary) = talk(&world);
    let adam = phone(&world, "701", ADAM);
    let call = world.handle.feed().calls(None).remove(0).id;
    let wish = wish(manager, john_id, Mode::Spy);
    let Command::Supervise { manager, agent, mode, ticket, .. } = wish else { unreachable!("it is that wish") };
    world.handle.command(Command::Supervise {
        manager,
        agent,
        mode,
        follow: true,
        call: Some(call),
        ticket,
        desk: false,
    });
    adam.wait_for_incoming().granted();
    mary.hangup().granted();
    john.wait_until_closed().granted();
    adam.accept().granted();
    own(&world, |call| call.supervises.is_some_and(|one| one.stage == Stage::Waits && one.follows));
    // The agent's next call is joined by itself.
    world.talk(&mary, "744", &john);
    own(&world, |call| is_in(call, john_id, Mode::Spy));
    hear_exactly([("the manager", &adam, &[JOHN, MARY])]);
    for phone in [&*adam, &*mary] {
        phone.hangup().granted();
    }
    world.wait_until_quiet();
}

#[test]
fn who_clicks_twice_is_rung_once_and_joins_as_the_last_click_says() {
    let world = World::new();
    let [manager, john_id] = ["abc701", "abc744"].map(|user| account(&world, user));
    let (john, mary) = talk(&world);
    let adam = phone(&world, "701", ADAM);
    world.handle.command(wish(manager, john_id, Mode::Spy));
    adam.wait_for_incoming().granted();
    world.handle.command(wish(manager, john_id, Mode::Whisper));
    let whispers = |call: &LiveCall| call.supervises.as_ref().is_some_and(|one| one.mode == Mode::Whisper);
    let rung = own(&world, |call| whispers(call));
    assert_eq!(rung.supervises.map(|one| one.stage), Some(Stage::Rings));
    let own_calls = || world.handle.feed().calls(None).into_iter().filter(|call| call.supervises.is_some()).count();
    assert_eq!(own_calls(), 1);
    adam.accept().granted();
    own(&world, |call| is_in(call, john_id, Mode::Whisper));
    assert_eq!(own_calls(), 1);
    hear_exactly([("the agent", &john, &[MARY, ADAM]), ("the client", &mary, &[JOHN])]);
    for phone in [&*adam, &*mary] {
        phone.hangup().granted();
    }
    world.wait_until_quiet();
}

#[test]
fn a_manager_turns_one_side_down_and_the_parties_hear_each_other_as_before() {
    let world = World::new();
    let [manager, john_id] = ["abc701", "abc744"].map(|user| account(&world, user));
    let (john, mary) = talk(&world);
    let adam = joined(&world, manager, john_id);
    let level = |hertz: u32| {
        let mark = adam.mark();
        let sound = adam.wait_for_sound(&mark, SECOND).granted();
        let part = sound.iter().max_by_key(|part| part.pcm.len()).unwrap();
        let second_half = &part.pcm[part.pcm.len() / 2..];
        tones::level(second_half, part.rate, hertz.into())
    };
    let (agent, client) = (level(JOHN), level(MARY));
    let call = own(&world, |_| true).id;
    world.handle.command(Command::Volumes { call, volumes: [25, 100] });
    own(&world, |call| call.supervises.is_some_and(|one| one.volumes == [25, 100]));
    // A quarter is 12 dB less.
    world.wait_for("the agent turned down", || (level(JOHN) < agent - 9.0).then_some(()));
    // Also where a second of it was torn by a busy machine.
    world.wait_for("the client as loud as before", || ((level(MARY) - client).abs() < 2.0).then_some(()));
    hear_exactly([("the agent", &john, &[MARY]), ("the client", &mary, &[JOHN])]);
    adam.hangup().granted();
    mary.hangup().granted();
    world.wait_until_quiet();
}

#[test]
fn who_looks_sees_how_loud_both_sides_speak_and_whose_phones_ring() {
    let world = World::new();
    let (john, mary) = (phone(&world, "744", JOHN), phone(&world, "702", MARY));
    mary.dial("744").granted();
    john.wait_for_incoming().granted();
    let rings = world.wait_for("a call that rings", || {
        world.handle.feed().calls(None).into_iter().find(|call| !call.rings.is_empty())
    });
    assert_eq!(rings.rings, [account(&world, "abc744")]);
    let mut levels = world.handle.levels();
    assert_eq!(levels.take(&[rings.id]), [], "nobody talks");
    john.accept().granted();
    john.wait_until_hears(MARY.into()).granted();
    let call = world.wait_for("the call", || {
        world.handle.feed().calls(None).into_iter().find(|call| call.rings.is_empty() && call.answered.is_some())
    });
    let both = |look: &mut tandem_telephony::levels::Levels| look.take(&[call.id]).first().map(|(_, sides)| *sides);
    world.wait_for("both voices", || {
        let mut look = world.handle.levels();
        both(&mut look);
        std::thread::sleep(SECOND / 5);
        // They speak at 15 dB below overload, as a sine of that peak.
        both(&mut look).filter(|sides| sides.iter().all(|level| (10..30).contains(level)))
    });
    john.mute(true).granted();
    world.wait_for("silence of one", || {
        let mut look = world.handle.levels();
        both(&mut look);
        std::thread::sleep(SECOND / 5);
        both(&mut look).filter(|[caller, callee]| *caller < 30 && *callee > 60)
    });
    mary.hangup().granted();
    world.wait_until_quiet();
    assert_eq!(levels.take(&[call.id]), []);
}
