//! What the exchange does with those who mean it no good, and with those who do not know better: malformed messages, floods,
//! intruders into media, calls that end in every way that calls can end, and both ends of a call that ask at once.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops here")]
#![expect(clippy::duplicate_mod, reason = "each fuzz target brings the readers with it")]

// The fuzz targets are written for that crate.
extern crate self as libfuzzer_sys;

mod challenges;
mod elsewhere;
mod floods;
mod full;
mod fuzz_targets;
mod groups;
mod intruders;
mod leaks;
#[path = "../../../sip/tests/torture/messages.rs"]
mod messages;
mod mutations;
mod parsers;
mod phone;
mod records;
mod scanners;
mod sessions;
mod simulation;
mod summons;
mod tolls;
mod torture;
mod wire;
#[expect(dead_code, reason = "some of it is for phones that people use")]
#[path = "../phones/world.rs"]
mod world;
