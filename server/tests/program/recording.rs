//! A recorded call through the whole program: phones, spool, object store, list and mailbox, and a sudden end in the middle.

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use tandem_phones::{Account, Baresip, PhoneError, ports, tones, wav};

use crate::tandem::{Serving, number_in};

const JOHN: u32 = 1850;
const MARY: u32 = 2500;
/// What must come comes within this time.
const PATIENCE: Duration = Duration::from_secs(30);

fn said<T>(result: Result<T, PhoneError>) -> T {
    result.unwrap_or_else(|error| panic!("{error}"))
}

#[track_caller]
fn wait_for(what: &str, look: impl Fn() -> bool) {
    let until = Instant::now() + PATIENCE;
    while !look() {
        assert!(Instant::now() < until, "waited too long for {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// The files below a folder whose names end so.
fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.to_string_lossy().ends_with(ending) {
                found.push(path);
            }
        }
    }
    found
}

/// How long a WAV file of 16-bit stereo at 8 kHz lasts by its size.
fn length(file: &Path) -> Duration {
    let octets = file.metadata().map_or(0, |data| data.len().saturating_sub(44));
    Duration::from_millis(octets / 32)
}

fn phone(extension: &str, tone: u32, exchange: std::net::SocketAddr) -> Baresip {
    let account = Account::registered(&format!("abc{extension}"), "tandem-demo", exchange).tone(tone).codecs(&["pcmu"]);
    let phone = said(Baresip::start(account));
    said(phone.wait_until_registered());
    phone
}

#[test]
fn a_recorded_call_that_is_cut_by_a_sudden_end_is_kept_up_to_the_last_second_and_told_once() {
    let here = tempfile::tempdir().unwrap();
    let sip = said(ports::free_on([127, 0, 0, 1]));
    let sip_option = sip.to_string();
    let arguments = ["demo", "--http", "127.0.0.1:0", "--data", "kept", "--no-callers", "--sip", sip_option.as_str()];
    let serving = Serving::start(here.path(), &arguments);
    let (john, mary) = (phone("744", JOHN, sip), phone("702", MARY, sip));
    said(mary.dial("744"));
    said(john.wait_for_incoming());
    said(john.accept());
    said(mary.wait_until_established());
    said(john.wait_until_hears(MARY.into()));
    let spool = here.path().join("kept/spool");
    said(john.send_digits("*44"));
    wait_for("the recording", || files(&spool, "0.wav").iter().any(|file| length(file) > Duration::from_secs(1)));
    let (begun, before) = (Instant::now(), length(&files(&spool, "0.wav")[0]));
    std::thread::sleep(Duration::from_secs(3));
    let spoken = before + begun.elapsed();
    serving.signal("KILL");
    serving.wait();
    drop((john, mary));

    let rows = "SELECT COUNT(*) FROM recording";
    let mails = "SELECT COUNT(*) FROM mail";
    for start in 0..2 {
        let serving = Serving::start(here.path(), &arguments);
        wait_for("the row of the recording", || number_in(here.path(), rows) == 1);
        wait_for("an empty spool", || files(&spool, "").is_empty());
        let kept = number_in(here.path(), "SELECT length_ms FROM recording");
        let kept = Duration::from_millis(u64::try_from(kept).unwrap());
        let lost = spoken.saturating_sub(kept);
        assert!(lost < Duration::from_millis(1_200), "{lost:?} of {spoken:?} are lost (start {start})");
        wait_for("the mail", || number_in(here.path(), "SELECT COUNT(*) FROM mail WHERE state = 'sent'") == 1);
        assert_eq!((number_in(here.path(), rows), number_in(here.path(), mails)), (1, 1));
        serving.signal("KILL");
        serving.wait();
    }

    let objects = here.path().join("kept/recordings");
    let sound = wav::read(&std::fs::read(&files(&objects, ".wav")[0]).unwrap()).unwrap();
    assert_eq!(sound.channels, 2);
    for (side, (own, other)) in [(JOHN, MARY), (MARY, JOHN)].into_iter().enumerate() {
        let pcm: Vec<i16> = sound.pcm.iter().copied().skip(side).step_by(2).collect();
        assert!(tones::hears(&pcm, sound.rate, own.into()), "{own} Hz is missing on its side");
        assert!(!tones::hears(&pcm, sound.rate, other.into()), "{other} Hz is on the wrong side");
    }
    for ending in [".opus", ".peaks"] {
        assert_eq!(files(&objects, ending).len(), 1, "{ending}");
    }
}
