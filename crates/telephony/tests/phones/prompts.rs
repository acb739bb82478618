//! Announcements of one's own: what is in the configured folder is what callers hear.

use std::{fs, time::Duration};

use tandem_phones::{
    Account, tones,
    wav::{self, Sound},
};
use tandem_telephony::prompt::{Prompt, Voices};

use crate::{
    sounds::is_spoken,
    world::{Granted as _, Wishes, World},
};

/// What the folder says in place of "nobody has this number", and its music on hold.
const OWN: u32 = 1234;
const MUSIC: u32 = 2345;
const JOHN: u32 = 440;

/// A tone as a prompt must be.
fn tone(hz: u32) -> Vec<u8> {
    let pcm = tones::sine(8000, f64::from(hz), -6.0, Duration::from_secs(3));
    wav::write(&Sound { rate: 8000, channels: 1, pcm })
}

#[test]
fn what_is_in_the_folder_is_heard_and_what_is_no_sound_there_is_told_and_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).unwrap();
    write("unknown_number.wav", &tone(OWN));
    write("music.wav", &tone(MUSIC));
    write("not_registered.wav", b"this is no sound");
    write("account_blocked.wav", &wav::write(&Sound { rate: 44_100, channels: 2, pcm: vec![0; 1000] }));
    fs::create_dir(folder.path().join("no_funds.wav")).unwrap();
    write("somebody_elses.wav", b"nor is this, but nobody asks for it");

    let told: Vec<_> = Voices::shipped().replace_from(folder.path()).iter().map(ToString::to_string).collect();
    let names = ["account_blocked.wav", "no_funds.wav", "not_registered.wav"];
    assert_eq!(told.len(), names.len(), "{told:?}");
    for (told, name) in told.iter().zip(names) {
        let file = folder.path().join(name).display().to_string();
        assert!(told.starts_with(&file) && told.contains("8 kHz mono WAV"), "{told}");
    }

    let world = World::with(Wishes { prompts: Some(folder.path().to_owned()), ..Wishes::default() });
    let plain = |account: Account| account.codecs(&["pcmu"]);
    let john = world.phone_with("744", JOHN, plain);
    john.dial("799").granted();
    john.wait_until_hears(f64::from(OWN)).granted();
    let reason = john.wait_until_closed().granted();
    assert!(reason.contains("404"), "{reason}");

    // Nobody has registered 746: what Tandem ships is heard, whole.
    let mark = john.mark();
    john.dial("746").granted();
    let reason = john.wait_until_closed().granted();
    assert!(reason.contains("480"), "{reason}");
    assert!(is_spoken(&john.heard_since(&mark), Prompt::NotRegistered), "the shipped words are heard");

    let mary = world.phone_with("702", 1000, plain);
    world.talk(&john, "702", &mary);
    mary.wait_until_hears(f64::from(JOHN)).granted();
    john.hold().granted();
    mary.wait_until_hears(f64::from(MUSIC)).granted();
    john.hangup().granted();
    world.wait_until_quiet();
}

#[test]
fn a_folder_that_is_not_there_is_told() {
    let folder = tempfile::tempdir().unwrap().path().join("none");
    let told = Voices::shipped().replace_from(&folder);
    assert_eq!(told.iter().map(|bad| bad.file.as_str()).collect::<Vec<_>>(), [folder.display().to_string()]);
}
