//! The exchange after many calls. By itself in a process, whose memory is measured.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops here")]

mod many;
#[expect(dead_code, reason = "some of it is for other stories")]
#[path = "../hostile/phone.rs"]
mod phone;
#[expect(dead_code, reason = "some of it is for other stories")]
#[path = "../hostile/wire.rs"]
mod wire;
#[expect(dead_code, reason = "some of it is for other stories")]
#[path = "../phones/world.rs"]
mod world;
