//! The fuzzer's targets (`fuzz/`), compiled and run without a fuzzer: that needs a nightly compiler, and so would be found broken
//! by nobody but who needs it.
//!
//! Each is a program that gives bytes to [`fuzz_target!`](crate::fuzz_target) of the crate `libfuzzer_sys`; here this crate stands
//! for that one.

use std::{collections::BTreeSet, fs, path::Path};

use crate::parsers::{self, Reader};

/// What stands for libFuzzer's: the target as a function.
#[macro_export]
macro_rules! fuzz_target {
    (|$bytes:ident: &[u8]| $read:expr) => {
        pub fn run($bytes: &[u8]) {
            $read
        }
    };
}

#[expect(unused_attributes, reason = "it is a program of its own elsewhere")]
#[path = "../../../../fuzz/fuzz_targets/description.rs"]
mod description;
#[expect(unused_attributes, reason = "it is a program of its own elsewhere")]
#[path = "../../../../fuzz/fuzz_targets/digest.rs"]
mod digest;
#[expect(unused_attributes, reason = "it is a program of its own elsewhere")]
#[path = "../../../../fuzz/fuzz_targets/framer.rs"]
mod framer;
#[expect(unused_attributes, reason = "it is a program of its own elsewhere")]
#[path = "../../../../fuzz/fuzz_targets/message.rs"]
mod message;
#[expect(unused_attributes, reason = "it is a program of its own elsewhere")]
#[path = "../../../../fuzz/fuzz_targets/rtcp_packet.rs"]
mod rtcp_packet;
#[expect(unused_attributes, reason = "it is a program of its own elsewhere")]
#[path = "../../../../fuzz/fuzz_targets/rtp_packet.rs"]
mod rtp_packet;
#[expect(unused_attributes, reason = "it is a program of its own elsewhere")]
#[path = "../../../../fuzz/fuzz_targets/sound_file.rs"]
mod sound_file;
#[expect(unused_attributes, reason = "it is a program of its own elsewhere")]
#[path = "../../../../fuzz/fuzz_targets/telephone_event.rs"]
mod telephone_event;
#[expect(unused_attributes, reason = "it is a program of its own elsewhere")]
#[path = "../../../../fuzz/fuzz_targets/values.rs"]
mod values;

/// All targets that are compiled here.
const TARGETS: [(&str, Reader); 9] = [
    ("message", message::run),
    ("framer", framer::run),
    ("digest", digest::run),
    ("description", description::run),
    ("values", values::run),
    ("rtp_packet", rtp_packet::run),
    ("rtcp_packet", rtcp_packet::run),
    ("telephone_event", telephone_event::run),
    ("sound_file", sound_file::run),
];

#[test]
fn every_reader_has_a_target_that_is_built_and_runs() {
    let readers: BTreeSet<_> = parsers::ALL.iter().map(|(name, _)| (*name).to_owned()).collect();
    let compiled: BTreeSet<_> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(compiled, readers, "what is compiled here");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz");
    let files = fs::read_dir(folder.join("fuzz_targets")).unwrap();
    let names = files.map(|file| file.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned());
    assert_eq!(names.collect::<BTreeSet<_>>(), readers, "the files in fuzz/fuzz_targets");
    let manifest = fs::read_to_string(folder.join("Cargo.toml")).unwrap();
    for name in &readers {
        let program = format!("[[bin]]\nname = \"{name}\"\npath = \"fuzz_targets/{name}.rs\"\n");
        assert!(manifest.contains(&program), "fuzz/Cargo.toml has no program {name}");
    }
    assert_eq!(manifest.matches("[[bin]]").count(), readers.len());
    for (name, run) in TARGETS {
        for bytes in [&b""[..], b"\x80\0\0\x01", b"INVITE sip:a@b SIP/2.0\r\n\r\n", b"v=0\r\n", b"RIFF\0\0\0\0WAVE"] {
            assert!(std::panic::catch_unwind(|| run(bytes)).is_ok(), "{name} panics at {bytes:?}");
        }
    }
}
