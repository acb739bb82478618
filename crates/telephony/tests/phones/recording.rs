//! Recordings of calls: by code, by key and by themselves, what is in them and what is not, and that nobody hears the codes.

use std::{collections::BTreeMap, time::Duration};

use tandem_domain::{
    calls::Recorded,
    ids::RecordingId,
    recordings::{MarkKind, Recording},
    settings::{Setting, Value},
};
use tandem_phones::{Baresip, Sipp, scenario, tones, wav};
use tandem_telephony::{
    exchange::{Command, RecordingNote, Wish},
    prompt::Prompt,
};

use crate::{
    sounds::{ADAM, JOHN, MARY, OLIVIA, assert_parted, is_laid_over, phone, set, set_of, talk},
    world::{Granted as _, SECOND, World},
};

/// The two sides of a part of a recording.
pub struct Part {
    rate: u32,
    left: Vec<i16>,
    right: Vec<i16>,
}

impl Part {
    fn length(&self) -> Duration {
        Duration::from_secs_f64(self.left.len() as f64 / f64::from(self.rate))
    }

    /// The sound between these two moments, in whole frames as the recorder took them: what was made up for a packet that
    /// was late is another frame of the same tone, and only across its edge a noise.
    fn between(&self, from: Duration, to: Duration) -> Self {
        let frame = self.rate as usize / 50;
        let frames = |at: Duration| (at.as_secs_f64() * 50.0) as usize;
        let range = (frames(from) + 1) * frame..(frames(to) * frame).min(self.left.len());
        assert!(range.len() > frame, "nothing is recorded from {from:?} to {to:?}");
        Self { rate: self.rate, left: self.left[range.clone()].to_vec(), right: self.right[range].to_vec() }
    }

    /// Each side holds its tones and none of the others, in every frame that is whole.
    #[track_caller]
    pub fn holds(&self, left: &[u32], right: &[u32]) {
        for (side, pcm, allowed) in [("left", &self.left, left), ("right", &self.right, right)] {
            for hertz in allowed {
                assert!(tones::hears(pcm, self.rate, (*hertz).into()), "{hertz} Hz is not on the {side}");
            }
            let all = [JOHN, MARY, ADAM, OLIVIA];
            let forbidden: Vec<u32> = all.into_iter().filter(|hertz| !allowed.contains(hertz)).collect();
            assert_parted(side, &[(pcm, self.rate)], allowed, &forbidden);
        }
    }

    #[track_caller]
    fn is_silent(&self) {
        let loudest = self.left.iter().chain(&self.right).map(|sample| sample.unsigned_abs()).max();
        assert!(loudest.is_none_or(|loudest| loudest < 50), "{loudest:?}");
    }
}

/// The last word on each recording, in the order in which they began.
fn recordings(world: &World) -> Vec<RecordingNote> {
    let mut last: BTreeMap<RecordingId, RecordingNote> = BTreeMap::new();
    for note in world.recording_notes() {
        last.insert(note.recording.id, note);
    }
    last.into_values().collect()
}

/// The recordings, as soon as there are this many and all have ended.
pub fn wait_for_recordings(world: &World, count: usize) -> Vec<Recording> {
    world.wait_for(&format!("{count} recordings"), || {
        let notes = recordings(world);
        (notes.len() >= count && notes.iter().all(|note| note.ended))
            .then(|| notes.into_iter().map(|note| note.recording).collect())
    })
}

fn wait_until_recorded(world: &World, wanted: Recorded) {
    world.wait_for(&format!("{wanted:?}"), || {
        world.handle.feed().calls(None).iter().any(|call| call.recorded == wanted).then_some(())
    });
}

pub fn part(world: &World, recording: &Recording, n: usize) -> Part {
    let file = std::fs::read(world.spool().join(recording.id.to_string()).join(format!("{n}.wav"))).unwrap();
    let sound = wav::read(&file).unwrap();
    assert_eq!(sound.channels, 2);
    let side = |n: usize| sound.pcm.iter().copied().skip(n).step_by(2).collect();
    Part { rate: sound.rate, left: side(0), right: side(1) }
}

fn kinds(recording: &Recording) -> Vec<MarkKind> {
    recording.marks.iter().map(|mark| mark.kind).collect()
}

/// John presses a code, and waits until it has worked.
pub fn press(world: &World, phone: &Baresip, code: &str, wanted: Recorded) {
    phone.send_digits(code).granted();
    wait_until_recorded(world, wanted);
}

#[test]
fn codes_start_and_stop_a_recording_and_reach_nobody() {
    let world = World::new();
    let (john, mary) = talk(&world);
    press(&world, &john, "*44", Recorded::Yes);
    std::thread::sleep(SECOND * 2);
    press(&world, &john, "*45", Recorded::No);
    // What is no code is passed on, in order: a star that could have begun one, too.
    john.send_digits("1*5*49**").granted();
    mary.wait_for_digits("1*5*49**").granted();
    press(&world, &john, "*44", Recorded::Yes);
    std::thread::sleep(SECOND);
    john.hangup().granted();
    world.wait_until_quiet();
    assert_eq!(mary.digits(), "1*5*49**", "no digit of a code");

    let [recording] = &wait_for_recordings(&world, 1)[..] else { panic!("one recording with two parts") };
    use MarkKind::{Started, Stopped};
    assert_eq!(kinds(recording), [Started, Stopped, Started]);
    assert_eq!(recording.segments.len(), 2);
    assert_eq!((recording.caller.number.as_str(), recording.callee.number.as_str()), ("702", "744"));
    assert_eq!(Some(recording.account), recording.callee.account, "it is John's");
    for (n, least) in [(0, SECOND * 2), (1, SECOND)] {
        let part = part(&world, recording, n);
        assert!(part.length() >= least && part.length() < least + SECOND * 3, "{:?}", part.length());
        assert_eq!(recording.segments[n].length_ms, Some(u64::try_from(part.length().as_millis()).unwrap()));
        part.holds(&[JOHN], &[MARY]);
        for side in [&part.left, &part.right] {
            assert_eq!(tones::digits(side, part.rate), "", "no digit is recorded");
        }
    }
}

#[test]
fn who_may_not_record_presses_ordinary_digits() {
    let world = World::new();
    let (john, mary) = talk(&world);
    mary.send_digits("*44").granted();
    john.wait_for_digits("*44").granted();
    mary.hangup().granted();
    world.wait_until_quiet();
    assert_eq!(world.recording_notes(), []);
}

#[test]
fn whispers_are_not_recorded_and_who_barges_in_is() {
    let world = World::new();
    let (john, mary) = talk(&world);
    let adam = phone(&world, "701", ADAM);
    adam.dial("*91744").granted();
    john.wait_until_hears(ADAM.into()).granted();
    press(&world, &john, "*44", Recorded::Yes);
    std::thread::sleep(SECOND * 2);
    adam.send_digits("2").granted();
    mary.wait_until_hears(ADAM.into()).granted();
    std::thread::sleep(SECOND * 3 / 2);
    adam.send_digits("1").granted();
    mary.wait_until_silent(ADAM.into()).granted();
    john.hangup().granted();
    world.wait_until_quiet();
    let recording = wait_for_recordings(&world, 1).remove(0);
    use MarkKind::{BargeIn, BargeInEnd, Started};
    assert_eq!(kinds(&recording), [Started, BargeIn, BargeInEnd]);
    assert_eq!(recording.marks[1].text, "Adam (701)");
    let whole = part(&world, &recording, 0);
    let at = |mark: usize| Duration::from_millis(recording.offset_ms(recording.marks[mark].at));
    let leeway = SECOND / 5;
    whole.between(Duration::ZERO, at(1) - leeway).holds(&[JOHN], &[MARY]);
    whole.between(at(1) + leeway, at(2) - leeway).holds(&[JOHN, ADAM], &[MARY]);
    whole.between(at(2) + leeway, whole.length()).holds(&[JOHN], &[MARY]);
}

#[test]
fn a_recording_goes_on_through_hold_and_transfer() {
    let world = World::new();
    let (john, mary) = talk(&world);
    let olivia = phone(&world, "745", OLIVIA);
    press(&world, &john, "*44", Recorded::Yes);
    std::thread::sleep(SECOND);
    john.hold().granted();
    std::thread::sleep(SECOND * 3 / 2);
    john.resume().granted();
    john.wait_until_hears(MARY.into()).granted();
    std::thread::sleep(SECOND);
    john.blind_transfer("745").granted();
    olivia.wait_for_incoming().granted();
    olivia.accept().granted();
    mary.wait_until_hears(OLIVIA.into()).granted();
    std::thread::sleep(SECOND * 3 / 2);
    mary.hangup().granted();
    world.wait_until_quiet();
    let recording = wait_for_recordings(&world, 1).remove(0);
    use MarkKind::{Hold, Started, Transferred, Unhold};
    let marks = kinds(&recording);
    assert_eq!((marks[..3].to_vec(), marks.contains(&Transferred)), (vec![Started, Hold, Unhold], true), "{marks:?}");
    let whole = part(&world, &recording, 0);
    let at = |kind| {
        let mark = recording.marks.iter().rfind(|mark| mark.kind == kind).unwrap();
        Duration::from_millis(recording.offset_ms(mark.at))
    };
    let leeway = SECOND / 5;
    whole.between(Duration::ZERO, at(Hold) - leeway).holds(&[JOHN], &[MARY]);
    whole.between(at(Hold) + leeway, at(Unhold) - leeway).is_silent();
    whole.between(at(Unhold) + SECOND / 2, at(Unhold) + SECOND).holds(&[JOHN], &[MARY]);
    whole.between(at(Transferred) + SECOND / 2, whole.length()).holds(&[OLIVIA], &[MARY]);
    let mark = recording.marks.iter().rfind(|mark| mark.kind == Transferred).unwrap();
    assert!(mark.text.contains("745"), "{}", mark.text);
}

#[test]
fn a_pause_is_kept_nowhere_and_follows_a_transfer() {
    let world = World::new();
    let (john, mary) = talk(&world);
    press(&world, &john, "*44", Recorded::Yes);
    std::thread::sleep(SECOND);
    let live = world.handle.feed().calls(None).remove(0);
    let account = live.callee.account.unwrap();
    let wish = |wish| world.handle.command(Command::Record { call: live.id, account, wish });
    wish(Wish::Pause);
    wait_until_recorded(&world, Recorded::Paused);
    // The number of a card.
    mary.send_digits("4242").granted();
    john.wait_for_digits("4242").granted();
    wish(Wish::Resume);
    wait_until_recorded(&world, Recorded::Yes);
    std::thread::sleep(SECOND);
    wish(Wish::Pause);
    wait_until_recorded(&world, Recorded::Paused);
    let olivia = phone(&world, "745", OLIVIA);
    john.blind_transfer("745").granted();
    olivia.wait_for_incoming().granted();
    olivia.accept().granted();
    mary.wait_until_hears(OLIVIA.into()).granted();
    wait_until_recorded(&world, Recorded::Paused);
    mary.hangup().granted();
    world.wait_until_quiet();
    let recording = wait_for_recordings(&world, 1).remove(0);
    assert_eq!(recording.segments.len(), 2);
    use MarkKind::{Paused, Resumed, Started};
    assert_eq!(kinds(&recording), [Started, Paused, Resumed, Paused]);
    for n in 0..2 {
        let part = part(&world, &recording, n);
        part.holds(&[JOHN], &[MARY]);
        assert_eq!(tones::digits(&part.right, part.rate), "");
    }
}

#[test]
fn calls_are_recorded_by_themselves_and_all_are_told() {
    let world = World::new();
    set_of(&world, "744", Setting::RecordIncoming, Value::Switch(true));
    set_of(&world, "744", Setting::RecordAnnouncement, Value::Switch(true));
    set_of(&world, "744", Setting::RecordManually, Value::Switch(false));
    let (john, mary) = (phone(&world, "744", JOHN), phone(&world, "702", MARY));
    let (at_john, at_mary) = (john.mark(), mary.mark());
    world.talk(&mary, "744", &john);
    wait_until_recorded(&world, Recorded::Yes);
    std::thread::sleep(SECOND * 4);
    john.send_digits("*45").granted();
    mary.wait_for_digits("*45").granted();
    mary.hangup().granted();
    world.wait_until_quiet();
    for (who, sound) in [("John", john.heard_since(&at_john)), ("Mary", mary.heard_since(&at_mary))] {
        assert!(is_laid_over(&sound, Prompt::RecordingStarted), "{who} is not told");
    }
    let recording = wait_for_recordings(&world, 1).remove(0);
    assert_eq!(kinds(&recording), [MarkKind::Started]);
    part(&world, &recording, 0).holds(&[JOHN], &[MARY]);
    // What John calls himself is not recorded, and nobody is told so.
    let mark = mary.mark();
    world.talk(&john, "702", &mary);
    john.wait_until_hears(MARY.into()).granted();
    std::thread::sleep(SECOND * 3);
    assert!(!is_laid_over(&mary.heard_since(&mark), Prompt::RecordingStarted));
    john.hangup().granted();
    world.wait_until_quiet();
    assert_eq!(recordings(&world).len(), 1);
}

#[test]
fn a_record_key_works_where_it_is_allowed() {
    let world = World::new();
    set(&world, Setting::RecordManually, Value::Switch(true));
    let mary = phone(&world, "702", MARY);
    let record = |user: &str| {
        let script = Sipp::new(scenario("uac-info-record.xml")).user(user, "tandem-demo").tone(JOHN).call("702");
        let serving = script.start(world.address).granted();
        mary.wait_for_incoming().granted();
        mary.accept().granted();
        serving
    };
    record("abc744").wait().granted().success().granted();
    world.wait_until_quiet();
    let recording = wait_for_recordings(&world, 1).remove(0);
    assert_eq!(kinds(&recording), [MarkKind::Started, MarkKind::Stopped]);
    part(&world, &recording, 0).holds(&[JOHN], &[MARY]);
    set_of(&world, "744", Setting::RecordManually, Value::Switch(false));
    let refused = record("abc744").wait().granted().success();
    assert!(refused.is_err(), "403 is not what the script waits for");
    world.wait_until_quiet();
    assert_eq!(recordings(&world).len(), 1);
}

#[test]
fn codes_by_info_and_by_tones_reach_nobody() {
    let world = World::new();
    let mary = phone(&world, "702", MARY);
    set(&world, Setting::RecordManually, Value::Switch(true));
    for (name, passed) in [("uac-info-code.xml", ""), ("uac-no-events.xml", "")] {
        let before = recordings(&world).len();
        let mark = mary.mark();
        let script = Sipp::new(scenario(name)).user("abc744", "tandem-demo").digits("*44").tone(JOHN).call("702");
        let serving = script.talk(SECOND * 4).start(world.address).granted();
        mary.wait_for_incoming().granted();
        mary.accept().granted();
        serving.wait().granted().success().granted();
        world.wait_until_quiet();
        let recording = wait_for_recordings(&world, before + 1).remove(before);
        assert_eq!(recording.marks.first().map(|mark| mark.kind), Some(MarkKind::Started), "{name}");
        assert_eq!(mary.digits(), passed, "{name}");
        let heard = mary.heard_since(&mark);
        assert!(heard.iter().all(|part| tones::digits(&part.pcm, part.rate).is_empty()), "{name}");
    }
}

#[test]
fn starting_and_stopping_disturbs_nobody() {
    let world = World::new();
    let (john, mary) = talk(&world);
    let live = world.handle.feed().calls(None).remove(0);
    let account = live.callee.account.unwrap();
    let marks = (john.mark(), mary.mark());
    for n in 0..20 {
        let wish = if n % 2 == 0 { Wish::Start } else { Wish::Stop };
        world.handle.command(Command::Record { call: live.id, account, wish });
        wait_until_recorded(&world, if n % 2 == 0 { Recorded::Yes } else { Recorded::No });
        std::thread::sleep(SECOND / 10);
    }
    for (who, sound, hertz) in [("John", john.heard_since(&marks.0), MARY), ("Mary", mary.heard_since(&marks.1), JOHN)]
    {
        for part in sound {
            let gap = tones::longest_gap(&part.pcm, part.rate, hertz.into());
            assert!(gap.is_some_and(|gap| gap <= SECOND / 25), "{who}: {gap:?}");
        }
    }
    john.hangup().granted();
    world.wait_until_quiet();
    assert_eq!(wait_for_recordings(&world, 1).remove(0).segments.len(), 10);
}

#[test]
fn who_takes_a_recorded_call_over_can_end_its_recording() {
    let world = World::new();
    set(&world, Setting::RecordManually, Value::Switch(true));
    let (john, mary) = talk(&world);
    let olivia = phone(&world, "745", OLIVIA);
    press(&world, &john, "*44", Recorded::Yes);
    john.blind_transfer("745").granted();
    olivia.wait_for_incoming().granted();
    olivia.accept().granted();
    mary.wait_until_hears(OLIVIA.into()).granted();
    world.wait_for("Olivia's leave to record", || {
        // Until the records have answered, her keys are ordinary digits.
        olivia.send_digits("*45").granted();
        std::thread::sleep(SECOND);
        world.handle.feed().calls(None).iter().any(|call| call.recorded == Recorded::No).then_some(())
    });
    assert!(!mary.digits().contains("45*45"), "at most one came too early: {}", mary.digits());
    mary.hangup().granted();
    world.wait_until_quiet();
    let recording = wait_for_recordings(&world, 1).remove(0);
    use MarkKind::{Started, Stopped, Transferred};
    assert_eq!(kinds(&recording), [Started, Transferred, Stopped]);
}

#[test]
fn what_was_recorded_by_itself_ends_when_the_call_is_handed_over_unless_that_is_recorded_too() {
    for redirected in [false, true] {
        let world = World::new();
        set_of(&world, "744", Setting::RecordIncoming, Value::Switch(true));
        set_of(&world, "744", Setting::RecordManually, Value::Switch(false));
        set_of(&world, "744", Setting::RecordRedirected, Value::Switch(redirected));
        let (john, mary) = talk(&world);
        let olivia = phone(&world, "745", OLIVIA);
        wait_until_recorded(&world, Recorded::Yes);
        john.blind_transfer("745").granted();
        olivia.wait_for_incoming().granted();
        olivia.accept().granted();
        mary.wait_until_hears(OLIVIA.into()).granted();
        wait_until_recorded(&world, if redirected { Recorded::Yes } else { Recorded::No });
        mary.hangup().granted();
        world.wait_until_quiet();
        assert_eq!(wait_for_recordings(&world, 1).len(), 1);
    }
}

#[test]
fn a_pause_is_for_everybody_who_records_the_call() {
    let world = World::new();
    set(&world, Setting::RecordManually, Value::Switch(true));
    let (john, mary) = talk(&world);
    press(&world, &john, "*44", Recorded::Yes);
    mary.send_digits("*44").granted();
    world.wait_for("both recordings", || (recordings(&world).len() == 2).then_some(()));
    let live = world.handle.feed().calls(None).remove(0);
    let (one, other) = (live.caller.account.unwrap(), live.callee.account.unwrap());
    let wish = |account, wish| world.handle.command(Command::Record { call: live.id, account, wish });
    wish(one, Wish::Pause);
    wait_until_recorded(&world, Recorded::Paused);
    wish(other, Wish::Start);
    std::thread::sleep(SECOND / 2);
    wait_until_recorded(&world, Recorded::Paused);
    wish(other, Wish::Resume);
    wait_until_recorded(&world, Recorded::Yes);
    mary.hangup().granted();
    world.wait_until_quiet();
    for recording in wait_for_recordings(&world, 2) {
        use MarkKind::{Paused, Resumed, Started};
        assert_eq!(kinds(&recording), [Started, Paused, Resumed]);
    }
}

#[test]
fn a_private_recording_that_is_paused_holds_others_back_too() {
    let world = World::new();
    set(&world, Setting::RecordManually, Value::Switch(true));
    set_of(&world, "744", Setting::RecordAccountOnly, Value::Switch(true));
    let (_john, mary) = talk(&world);
    let live = world.handle.feed().calls(None).remove(0);
    let (one, other) = (live.caller.account.unwrap(), live.callee.account.unwrap());
    let wish = |account, wish| world.handle.command(Command::Record { call: live.id, account, wish });
    let marks = |account| {
        let notes = recordings(&world);
        notes
            .iter()
            .find(|note| note.recording.account == account)
            .map(|note| kinds(&note.recording))
            .unwrap_or_default()
    };
    use MarkKind::{Paused, Resumed, Started};
    world.wait_for("John's recording", || {
        wish(other, Wish::Start);
        (marks(other) == [Started]).then_some(())
    });
    wish(other, Wish::Pause);
    world.wait_for("its pause", || (marks(other) == [Started, Paused]).then_some(()));
    wish(one, Wish::Start);
    std::thread::sleep(SECOND);
    assert_eq!(marks(one), [], "what is said now is nowhere kept");
    wish(other, Wish::Resume);
    world.wait_for("both", || (marks(other).last() == Some(&Resumed) && marks(one) == [Resumed]).then_some(()));
    mary.hangup().granted();
    world.wait_until_quiet();
    wait_for_recordings(&world, 2);
}
