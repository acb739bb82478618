//! Managers in calls of their colleagues: who hears whom in which mode, by prefix and by every kind of digit, through hold,
//! resume, re-INVITE and transfer; who may not, and what is kept of it.

use std::time::Duration;

use tandem_domain::{
    calls::{CallState, ReleaseCause},
    settings::{Setting, Value},
    status::Status,
    supervision::{Mode, Notice},
};
use tandem_media::{Hears, LegId};
use tandem_phones::{
    Baresip, Recording, Sipp, scenario,
    tones::{self, APART},
};
use tandem_store::Change;
use tandem_telephony::{exchange::Command, prompt::Prompt};

use crate::{
    managers::{change_support, hear_by_the_table, join, lines, modes, told, wait_for_modes, wish},
    sounds::{ADAM, JOHN, MARY, OLIVIA, assert_isolated, hears_exactly, is_spoken, parted, phone, set, talk, tenant},
    world::{Granted as _, SECOND, World, hears},
};

#[test]
fn each_prefix_joins_in_its_mode_and_each_digit_changes_it() {
    use Mode::{BargeIn, Spy, Whisper};
    let world = World::new();
    let (john, mary) = talk(&world);
    let quiet = mary.mark();
    let adam = join(&world, "*90744", ADAM, "701");
    hear_by_the_table(Spy, &john, &mary, &adam);
    // Nothing but spy and whisper so far: the client has not heard a frame of the manager, whatever he changed.
    for (key, mode) in [("1", Whisper), ("0", Spy), ("1", Whisper), ("0", Spy)] {
        adam.send_digits(key).granted();
        wait_for_modes(&world, &[mode]);
    }
    hear_by_the_table(Spy, &john, &mary, &adam);
    assert_isolated("the client, all the time", &mary.heard_since(&quiet), &[JOHN], &[MARY, ADAM]);
    for (key, mode) in [("2", BargeIn), ("0", Spy), ("1", Whisper), ("2", BargeIn), ("1", Whisper)] {
        adam.send_digits(key).granted();
        wait_for_modes(&world, &[mode]);
        hear_by_the_table(mode, &john, &mary, &adam);
    }
    adam.send_digits("59*").granted();
    adam.send_digits("2").granted();
    wait_for_modes(&world, &[BargeIn]);
    assert_eq!((john.digits(), mary.digits()), (String::new(), String::new()), "his digits are for nobody");

    adam.hangup().granted();
    wait_for_modes(&world, &[]);
    hears_exactly("the agent", &john, &[MARY]);
    hears_exactly("the client", &mary, &[JOHN]);
    for (prefix, mode) in [("*91744", Whisper), ("*92744", BargeIn)] {
        adam.dial(prefix).granted();
        adam.wait_until_established().granted();
        hear_by_the_table(mode, &john, &mary, &adam);
        adam.hangup().granted();
        wait_for_modes(&world, &[]);
    }
    mary.hangup().granted();
    john.wait_until_closed().granted();
    world.wait_until_quiet();

    let told = told(&world);
    let modes: Vec<_> =
        told.iter().map(|(_, action, old, new)| (action.as_str(), old.as_str(), new.as_str())).collect();
    assert_eq!(modes[..3], [("joined", "", "spy"), ("changed", "spy", "whisper"), ("changed", "whisper", "spy")]);
    assert_eq!(modes[modes.len() - 2..], [("joined", "", "barge_in"), ("left", "barge_in", "")]);
    assert!(told.iter().all(|(actor, ..)| actor == "adam"), "{told:?}");
    let line = lines(&world).remove(0);
    assert!(line.subject_name.contains("(744) with") && line.subject_name.contains("(702)"), "{}", line.subject_name);
    assert_eq!(line.address, "127.0.0.1");
    let xdrs = world.wait_for_xdrs(4);
    let own = xdrs.iter().find(|xdr| xdr.dialled == "*90744").unwrap();
    assert_eq!((own.callee.number.as_str(), own.status, own.cause), ("744", 200, ReleaseCause::Normal));
}

#[test]
fn a_broken_routing_is_noticed() {
    let world = World::new();
    let (_john, mary) = talk(&world);
    let adam = join(&world, "*90744", ADAM, "701");
    let mark = mary.mark();
    // Behind the exchange's back the client (who called: the first leg) hears the spy for a moment.
    let (mary_leg, john_leg, adam_leg) = (LegId(1), LegId(2), LegId(3));
    world.engine.route(vec![(mary_leg, Hears::Mix(vec![john_leg, adam_leg]))]);
    mary.wait_until_hears(ADAM.into()).granted();
    world.engine.route(vec![(mary_leg, Hears::Leg(john_leg))]);
    let heard = mary.heard_since(&mark);
    let parts: Vec<_> = heard.iter().map(Recording::samples).collect();
    let broken = parted(&parts, &[JOHN], &[ADAM]).unwrap();
    assert!(broken.worst < APART, "{broken:?}");
    adam.hangup().granted();
}

#[test]
fn supervision_follows_hold_resume_and_re_invites_of_all_three() {
    let world = World::new();
    let (john, mary) = talk(&world);
    let adam = join(&world, "*91744", ADAM, "701");
    hear_by_the_table(Mode::Whisper, &john, &mary, &adam);
    let client = mary.mark();
    let state = |wanted: CallState| {
        let calls = world.handle.feed().calls(None);
        calls.iter().any(|call| !call.supervisors.is_empty() && call.state == wanted).then_some(())
    };

    // The agent holds: the manager hears the client alone, the client hears music and no whisper.
    john.hold().granted();
    world.wait_for("the hold", || state(CallState::Held));
    hears_exactly("the manager", &adam, &[MARY]);
    john.resume().granted();
    world.wait_for("the end of the hold", || state(CallState::Answered));
    hear_by_the_table(Mode::Whisper, &john, &mary, &adam);

    // The client holds: the agent hears the manager.
    mary.hold().granted();
    world.wait_for("the hold", || state(CallState::Held));
    hears_exactly("the manager", &adam, &[JOHN]);
    hears_exactly("the agent", &john, &[ADAM]);
    mary.resume().granted();
    world.wait_for("the end of the hold", || state(CallState::Answered));
    hear_by_the_table(Mode::Whisper, &john, &mary, &adam);

    for phone in [&john, &mary, &adam] {
        phone.reinvite().granted();
        hear_by_the_table(Mode::Whisper, &john, &mary, &adam);
    }

    // The manager holds: nobody hears him.
    adam.hold().granted();
    john.wait_until_silent(ADAM.into()).granted();
    hears_exactly("the agent", &john, &[MARY]);
    adam.resume().granted();
    hear_by_the_table(Mode::Whisper, &john, &mary, &adam);
    assert!(!hears(&mary.heard_since(&client), ADAM), "the client never heard the manager");

    // The end comes with a tone, and by the exchange.
    mary.hangup().granted();
    let mark = adam.mark();
    adam.wait_until_closed().granted();
    assert!(hears(&adam.heard_since(&mark), 620) || hears(&adam.heard_since(&mark), 440), "the tone at the end");
    world.wait_until_quiet();
}

#[test]
fn several_managers_are_in_one_call_each_in_his_mode() {
    let world = World::new();
    change_support(&world, |extension, member| member.supervision_allowed |= extension == "745");
    let (john, mary) = talk(&world);
    let adam = join(&world, "*91744", ADAM, "701");
    let olivia = join(&world, "*90744", OLIVIA, "745");
    wait_for_modes(&world, &[Mode::Whisper, Mode::Spy]);
    hear_by_the_table(Mode::Whisper, &john, &mary, &adam);
    hears_exactly("the second manager", &olivia, &[JOHN, MARY]);
    olivia.send_digits("2").granted();
    wait_for_modes(&world, &[Mode::Whisper, Mode::BargeIn]);
    hears_exactly("the agent", &john, &[MARY, ADAM, OLIVIA]);
    hears_exactly("the client", &mary, &[JOHN, OLIVIA]);
    hears_exactly("the manager", &adam, &[JOHN, MARY, OLIVIA]);
    hears_exactly("the second manager", &olivia, &[JOHN, MARY, ADAM]);
    adam.hangup().granted();
    wait_for_modes(&world, &[Mode::BargeIn]);
    hears_exactly("the agent", &john, &[MARY, OLIVIA]);
    hears_exactly("the second manager", &olivia, &[JOHN, MARY]);
    john.hangup().granted();
    olivia.wait_until_closed().granted();
    world.wait_until_quiet();
}

#[test]
fn digits_by_info_and_by_tones_change_the_mode_and_reach_nobody() {
    let world = World::new();
    let (john, mary) = talk(&world);
    for name in ["uac-info-digits.xml", "uac-no-events.xml"] {
        let (agent, client) = (john.mark(), mary.mark());
        let script = Sipp::new(scenario(name)).user("abc701", "tandem-demo").call("*90744");
        script.run(world.address).granted().success().granted();
        wait_for_modes(&world, &[]);
        assert_eq!((john.digits(), mary.digits()), (String::new(), String::new()), "{name}");
        for (who, sound) in [("the agent", john.heard_since(&agent)), ("the client", mary.heard_since(&client))] {
            assert!(sound.iter().all(|part| tones::digits(&part.pcm, part.rate).is_empty()), "{name}: {who}");
        }
        let told = told(&world);
        let changed = ("adam".to_owned(), "changed".to_owned(), "spy".to_owned(), "whisper".to_owned());
        assert!(told.contains(&changed), "{name}: {told:?}");
        hears_exactly("the client", &mary, &[JOHN]);
    }
    assert_eq!(told(&world).iter().filter(|(_, action, ..)| action == "changed").count(), 2);
}

#[test]
fn supervision_follows_the_agent_through_transfers_and_ends_when_he_leaves() {
    let world = World::new();
    let (john, mary, adam) = {
        let (john, mary) = talk(&world);
        (john, mary, join(&world, "*91744", ADAM, "701"))
    };
    let olivia = phone(&world, "745", OLIVIA);
    // The client hands the agent over to somebody else: the manager goes along.
    mary.blind_transfer("745").granted();
    olivia.wait_for_incoming().granted();
    olivia.accept().granted();
    mary.wait_until_closed().granted();
    hears_exactly("the manager", &adam, &[JOHN, OLIVIA]);
    hears_exactly("the agent", &john, &[OLIVIA, ADAM]);
    hears_exactly("the new client", &olivia, &[JOHN]);
    // The new client asks the first one, and connects the agent with her: the agent goes on in another call.
    olivia.hold().granted();
    world.talk(&olivia, "702", &mary);
    olivia.attended_transfer().granted();
    olivia.wait_until_closed().granted();
    hear_by_the_table(Mode::Whisper, &john, &mary, &adam);
    adam.send_digits("2").granted();
    wait_for_modes(&world, &[Mode::BargeIn]);
    hear_by_the_table(Mode::BargeIn, &john, &mary, &adam);
    // The agent hands the client over: there is nobody to supervise any more.
    john.blind_transfer("745").granted();
    olivia.wait_for_incoming().granted();
    olivia.accept().granted();
    adam.wait_until_closed().granted();
    hears_exactly("the client", &mary, &[OLIVIA]);
    hears_exactly("the third", &olivia, &[MARY]);
    mary.hangup().granted();
    olivia.wait_until_closed().granted();
    world.wait_until_quiet();
    let told = told(&world);
    let actions: Vec<_> = told.iter().map(|(_, action, ..)| action.as_str()).collect();
    assert_eq!(actions, ["joined", "followed", "changed", "left"]);
}

#[test]
fn a_manager_is_rung_joins_on_answer_and_follows_the_agent() {
    let world = World::new();
    let (john, mary) = talk(&world);
    let adam = phone(&world, "701", ADAM);
    let account = |user: &str| world.block_on(world.store.exchange().phone(user)).unwrap().unwrap().line.account;
    let (manager, agent) = (account("abc701"), account("abc744"));
    world.handle.command(wish(manager, agent, true));
    let caller = adam.wait_for_incoming().granted();
    assert!(caller.contains("744"), "he is rung about the agent: {caller}");
    assert_eq!(modes(&world), [], "nobody is in the call before he answers");
    adam.accept().granted();
    adam.wait_until_established().granted();
    hear_by_the_table(Mode::Spy, &john, &mary, &adam);
    let own = world.handle.feed().calls(None).into_iter().find(|call| call.supervises.is_some()).unwrap().id;
    world.handle.command(Command::SwitchMode { call: own, mode: Mode::BargeIn });
    wait_for_modes(&world, &[Mode::BargeIn]);
    hear_by_the_table(Mode::BargeIn, &john, &mary, &adam);
    let mark = adam.mark();
    mary.hangup().granted();
    john.wait_until_closed().granted();
    adam.wait_for_sound(&mark, SECOND / 4).granted();
    // The agent's next call: he is in it again, in the mode that he chose meanwhile.
    adam.send_digits("1").granted();
    let own_mode = || world.handle.feed().calls(None).into_iter().find_map(|call| call.supervises).map(|own| own.mode);
    world.wait_for("the digit", || (own_mode() == Some(Mode::Whisper)).then_some(()));
    world.talk(&john, "702", &mary);
    wait_for_modes(&world, &[Mode::Whisper]);
    hear_by_the_table(Mode::Whisper, &john, &mary, &adam);
    world.handle.command(Command::Follow { call: own, on: false });
    john.hangup().granted();
    adam.wait_until_closed().granted();
    world.wait_until_quiet();
    let told = told(&world);
    let actions: Vec<_> = told.iter().map(|(_, action, ..)| action.as_str()).collect();
    assert_eq!(actions, ["joined", "changed", "left", "joined", "left"]);
    // Who may not is not even rung; and who gives up leaves nothing behind.
    let peter = account("abc746");
    world.handle.command(wish(manager, peter, false));
    world.wait_for("the refusal", || lines(&world).iter().any(|line| line.action == "refused").then_some(()));
    mary.forget_events();
    john.forget_events();
    world.talk(&mary, "744", &john);
    adam.forget_events();
    world.handle.command(wish(manager, agent, false));
    adam.wait_for_incoming().granted();
    adam.hangup().granted();
    mary.hangup().granted();
    john.wait_until_closed().granted();
    world.wait_until_quiet();
}

#[test]
fn parties_are_told_as_the_customer_wants() {
    let world = World::new();
    set(&world, Setting::NoticeSpy, Value::Notice(Notice::ToneToBoth));
    set(&world, Setting::NoticeWhisper, Value::Notice(Notice::ToneToAgent));
    set(&world, Setting::NoticeBargeIn, Value::Notice(Notice::SpokenToBoth));
    let (john, mary) = talk(&world);
    let (agent, client) = (john.mark(), mary.mark());
    let adam = join(&world, "*90744", ADAM, "701");
    hear_by_the_table(Mode::Spy, &john, &mary, &adam);
    assert!(hears(&john.heard_since(&agent), 480) && hears(&mary.heard_since(&client), 480), "a tone for both");
    let (agent, client) = (john.mark(), mary.mark());
    adam.send_digits("1").granted();
    wait_for_modes(&world, &[Mode::Whisper]);
    hear_by_the_table(Mode::Whisper, &john, &mary, &adam);
    assert!(hears(&john.heard_since(&agent), 480) && !hears(&mary.heard_since(&client), 480), "a tone for the agent");
    // The spoken notice is as long as it is; the conversation goes on beneath.
    let client = mary.mark();
    adam.send_digits("2").granted();
    wait_for_modes(&world, &[Mode::BargeIn]);
    let sound = mary.wait_for_sound(&client, SECOND * 2).granted();
    for part in &sound {
        let gap = tones::longest_gap(&part.pcm, part.rate, JOHN.into());
        assert!(gap.is_some(), "the agent is heard beneath the notice");
    }
    john.hangup().granted();
    adam.wait_until_closed().granted();
    world.wait_until_quiet();
}

#[test]
fn who_may_not_is_told_why() {
    let world = World::new();
    let (john, mary) = talk(&world);
    // Peter is on a call of his own, and in no group of Adam's with leave to supervise.
    let (peter, olivia) = (phone(&world, "746", 2200), phone(&world, "745", OLIVIA));
    world.talk(&peter, "745", &olivia);
    let adam = phone(&world, "701", ADAM);
    let refused = |phone: &Baresip, dialled: &str, status: u16, words: &str, prompt: Prompt| {
        let (before, mark) = (phone.messages().len(), phone.mark());
        phone.dial(dialled).granted();
        let reason = phone.wait_until_closed().granted();
        assert!(reason.contains(&status.to_string()), "{dialled}: {reason}");
        let last = phone.messages().into_iter().skip(before).rfind(|message| message.status() == Some(status));
        let warning = last.and_then(|message| message.header("Warning").map(str::to_owned)).unwrap_or_default();
        assert!(warning.contains(words), "{dialled}: {warning}");
        assert!(is_spoken(&phone.heard_since(&mark), prompt), "{dialled}: {prompt:?} is not heard");
        phone.forget_events();
    };
    refused(&adam, "*90", 484, "directly after the code", Prompt::SuperviseWhom);
    refused(&adam, "*90755", 404, "Nobody has this extension", Prompt::UnknownNumber);
    refused(&adam, "*90701", 403, "yourself", Prompt::SupervisionSelf);
    refused(&adam, "*90746", 403, "not allowed", Prompt::SupervisionNotAllowed);
    peter.hangup().granted();
    olivia.wait_until_closed().granted();
    refused(&adam, "*90745", 480, "not on a call", Prompt::SupervisionNoCall);
    // A ringing call is none yet.
    peter.dial("745").granted();
    olivia.wait_for_incoming().granted();
    refused(&adam, "*90745", 480, "not on a call", Prompt::SupervisionNoCall);
    peter.hangup().granted();
    olivia.wait_until_closed().granted();
    // Olivia becomes a manager too, and supervises John: her call is none to supervise.
    change_support(&world, |extension, member| member.supervision_allowed |= extension == "745");
    olivia.dial("*90744").granted();
    olivia.wait_until_established().granted();
    refused(&adam, "*90745", 403, "is supervising a call", Prompt::SupervisionOfSupervision);
    olivia.hangup().granted();
    wait_for_modes(&world, &[]);
    change_support(&world, |extension, member| member.never_supervise |= extension == "744");
    refused(&adam, "*90744", 403, "protected", Prompt::SupervisionProtected);
    set(&world, Setting::CallSupervision, Value::Switch(false));
    refused(&adam, "*90744", 403, "not enabled", Prompt::SupervisionNotEnabled);
    john.hangup().granted();
    mary.wait_until_closed().granted();
    world.wait_until_quiet();

    let told = told(&world);
    let reasons: Vec<_> = told.iter().filter(|line| line.1 == "refused").map(|line| line.3.as_str()).collect();
    let expected = [
        "whom",
        "unknown_extension",
        "yourself",
        "not_allowed",
        // The second within a minute is only counted.
        "no_call",
        "is_supervision",
        "protected",
        "not_enabled",
    ];
    assert_eq!(reasons, expected);
    let causes: Vec<_> =
        world.xdrs().into_iter().filter(|xdr| xdr.dialled.starts_with("*90")).map(|xdr| xdr.cause).collect();
    assert!(causes.contains(&ReleaseCause::NotAllowed) && causes.contains(&ReleaseCause::NoCall), "{causes:?}");
}

#[test]
fn a_leave_that_is_withdrawn_ends_the_supervision() {
    let world = World::new();
    let (john, mary) = talk(&world);
    let adam = join(&world, "*92744", ADAM, "701");
    mary.wait_until_hears(ADAM.into()).granted();
    set(&world, Setting::CallSupervision, Value::Switch(false));
    adam.wait_until_closed().granted();
    wait_for_modes(&world, &[]);
    hears_exactly("the client", &mary, &[JOHN]);
    hears_exactly("the agent", &john, &[MARY]);
    let told = told(&world);
    let actions: Vec<_> = told.iter().map(|(_, action, _, new)| (action.as_str(), new.as_str())).collect();
    assert_eq!(actions, [("joined", "barge_in"), ("refused", "not_enabled"), ("left", "")]);
}

#[test]
fn a_manager_without_service_cannot_supervise_and_custom_codes_work() {
    let world = World::new();
    let (john, mary) = talk(&world);
    let tenant = tenant(&world);
    let by = Change::by_system(tandem_domain::ids::Timestamp(1));
    let dialing = world.store.dialing(tenant);
    let mut chosen = world.block_on(dialing.get()).unwrap();
    chosen.value.mode = tandem_domain::dialing::DialingMode::Custom;
    chosen.value.custom.spy_prefix = "*21".parse().unwrap();
    chosen.value.custom.whisper_prefix = "*22".parse().unwrap();
    chosen.value.custom.barge_in_prefix = "*23".parse().unwrap();
    chosen.value.custom.spy_digit = "7".parse().unwrap();
    chosen.value.custom.whisper_digit = "8".parse().unwrap();
    chosen.value.custom.barge_in_digit = "9".parse().unwrap();
    world.block_on(dialing.update(chosen.version, &chosen.value, &by)).unwrap();
    let adam = join(&world, "*21744", ADAM, "701");
    wait_for_modes(&world, &[Mode::Spy]);
    for (key, mode) in [("1", Mode::Spy), ("8", Mode::Whisper), ("9", Mode::BargeIn), ("7", Mode::Spy)] {
        adam.send_digits(key).granted();
        std::thread::sleep(Duration::from_millis(50));
        wait_for_modes(&world, &[mode]);
    }
    hear_by_the_table(Mode::Spy, &john, &mary, &adam);
    adam.hangup().granted();
    wait_for_modes(&world, &[]);
    let manager = world.block_on(world.store.exchange().phone("abc701")).unwrap().unwrap().line.account;
    let accounts = world.store.accounts();
    world.block_on(accounts.set_status(tenant, manager, Status::Blocked, None, "", &by)).unwrap();
    adam.forget_events();
    adam.dial("*21744").granted();
    let reason = adam.wait_until_closed().granted();
    assert!(reason.contains("403"), "{reason}");
    assert_eq!(modes(&world), []);
}
