//! Who is protected from supervision is heard by no manager, with whomever he talks; and who comes into a call that is supervised
//! already is told of it.

use tandem_domain::{
    settings::{Setting, Value},
    supervision::{Mode, Notice},
};

use crate::{
    managers::{change_support, join, modes, told, wait_for_modes, wish},
    sounds::{ADAM, JOHN, MARY, OLIVIA, assert_isolated, hears_exactly, phone, set, talk},
    world::{Granted as _, SECOND, World, after, hears},
};

#[test]
fn a_manager_is_out_of_a_call_into_which_somebody_comes_who_is_protected() {
    let world = World::new();
    change_support(&world, |extension, member| member.never_supervise |= extension == "745");
    let (john, mary) = talk(&world);
    let adam = join(&world, "*92744", ADAM, "701");
    mary.wait_until_hears(ADAM.into()).granted();
    let olivia = phone(&world, "745", OLIVIA);
    let mark = adam.mark();
    mary.blind_transfer("745").granted();
    olivia.wait_for_incoming().granted();
    olivia.accept().granted();
    adam.wait_until_closed().granted();
    wait_for_modes(&world, &[]);
    hears_exactly("the agent", &john, &[OLIVIA]);
    hears_exactly("who is protected", &olivia, &[JOHN]);
    assert!(!hears(&adam.heard_since(&mark), OLIVIA), "the manager has heard who is protected");
    // Nor is he let into it again.
    adam.forget_events();
    adam.dial("*90744").granted();
    let reason = adam.wait_until_closed().granted();
    assert!(reason.contains("403"), "{reason}");
    john.hangup().granted();
    olivia.wait_until_closed().granted();
    world.wait_until_quiet();
    let told = told(&world);
    let actions: Vec<_> = told.iter().map(|(_, action, _, new)| (action.as_str(), new.as_str())).collect();
    assert_eq!(actions, [("joined", "barge_in"), ("refused", "protected"), ("left", ""), ("refused", "protected")]);
}

#[test]
fn who_is_protected_from_now_on_is_heard_no_longer_and_who_follows_the_agent_waits() {
    let world = World::new();
    let (john, olivia) = (phone(&world, "744", JOHN), phone(&world, "745", OLIVIA));
    world.talk(&olivia, "744", &john);
    let adam = phone(&world, "701", ADAM);
    let account = |user: &str| world.block_on(world.store.exchange().phone(user)).unwrap().unwrap().line.account;
    world.handle.command(wish(account("abc701"), account("abc744"), true));
    adam.wait_for_incoming().granted();
    adam.accept().granted();
    hears_exactly("the manager", &adam, &[JOHN, OLIVIA]);
    change_support(&world, |extension, member| member.never_supervise |= extension == "745");
    wait_for_modes(&world, &[]);
    let mark = adam.mark();
    hears_exactly("the agent", &john, &[OLIVIA]);
    // What was on its way is let pass.
    let heard = after(SECOND / 2, adam.heard_since(&mark));
    assert!(!hears(&heard, OLIVIA), "the manager hears who is protected");
    // He waits beside the call; as soon as he may, he is in it again.
    let mark_olivia = |on: bool| {
        change_support(&world, |extension, member| {
            if extension == "745" {
                member.never_supervise = on;
            }
        });
    };
    mark_olivia(false);
    wait_for_modes(&world, &[Mode::Spy]);
    hears_exactly("the manager", &adam, &[JOHN, OLIVIA]);
    mark_olivia(true);
    wait_for_modes(&world, &[]);
    olivia.hangup().granted();
    john.wait_until_closed().granted();
    let mary = phone(&world, "702", MARY);
    john.forget_events();
    world.talk(&john, "702", &mary);
    wait_for_modes(&world, &[Mode::Spy]);
    hears_exactly("the manager", &adam, &[JOHN, MARY]);
    john.hangup().granted();
    adam.hangup().granted();
    world.wait_until_quiet();
    assert_eq!(modes(&world), []);
}

#[test]
fn who_comes_into_a_supervised_call_is_told_of_it_too() {
    let world = World::new();
    set(&world, Setting::NoticeWhisper, Value::Notice(Notice::ToneToBoth));
    let (john, mary) = talk(&world);
    let adam = join(&world, "*91744", ADAM, "701");
    john.wait_until_hears(ADAM.into()).granted();
    let olivia = phone(&world, "745", OLIVIA);
    let (agent, client) = (john.mark(), olivia.mark());
    mary.blind_transfer("745").granted();
    olivia.wait_for_incoming().granted();
    olivia.accept().granted();
    let sound = olivia.wait_for_sound(&client, SECOND).granted();
    assert!(hears(&sound, 480), "the new client hears the tone");
    assert!(!hears(&john.heard_since(&agent), 480), "the agent has heard it before");
    hears_exactly("the new client", &olivia, &[JOHN]);
    // Once: the same two, in the same mode again.
    let client = olivia.mark();
    for (key, mode) in [("0", Mode::Spy), ("1", Mode::Whisper)] {
        adam.send_digits(key).granted();
        wait_for_modes(&world, &[mode]);
    }
    let sound = olivia.wait_for_sound(&client, SECOND / 2).granted();
    assert!(!hears(&sound, 480), "the new client is told once");
    assert_isolated("the new client", &sound, &[JOHN], &[ADAM]);
    john.hangup().granted();
    adam.wait_until_closed().granted();
    world.wait_until_quiet();
}
