#![no_main]

#[expect(dead_code, reason = "each target runs one of the readers")]
#[path = "../../crates/telephony/tests/hostile/parsers.rs"]
mod parsers;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| parsers::sound_file(bytes));
