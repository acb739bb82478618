//! What a call costs the exchange: relaying its sound, setting it up, remembering it.
//!
//! `tandem-load` (`crates/load`) makes the calls and is their other end. On the same machine at the same time there is nothing
//! absolute to be measured, so each figure stands beside what the same load costs where nothing is done to it: a bare loop that
//! receives and sends, and calls that the generator makes to itself. What is measured is the exchange as a process of its own
//! (`tandem-load host`): the code of the server without its web application, with a database and all records of a call.

use super::{
    Unmeasured,
    generator::{Told, run, run_one},
    report::{Section, Verdict, kibibytes, mebibytes},
};

/// Calls at once whose relaying is measured.
const CALLS: [u32; 3] = [200, 500, 1000];
/// For how many seconds they talk through each relay.
const TALK_SECONDS: u32 = 10;
/// The exchange may take this many times the processor time of the bare loop for a packet.
const CPU_TARGET: f64 = 1.3;
/// 99 of 100 packets may take this many times as long through it.
const DELAY_TARGET: f64 = 2.0;
/// Calls a second that must be set up without a message sent again.
const RATE_TARGET: u32 = 1000;
/// Rates above it that are tried, until one of them is too much.
const RATES: [u32; 6] = [1000, 1250, 1500, 2000, 2500, 3000];
/// A rate at which set-up must be quick, and how quick it must be for 99 of 100, in milliseconds.
const CALM_RATE: u32 = 200;
const CALM_TARGET: f64 = 10.0;
/// How long calls are set up.
const SETUP_SECONDS: u32 = 8;
/// Bytes that a relayed call may need.
const MEMORY_TARGET: f64 = 64.0 * 1024.0;
/// Short calls after which memory must be what it was after two fifths of them, and how many of them a second.
const SHORT_CALLS: u32 = 100_000;
const SHORT_RATE: u32 = 600;
/// What it may differ by: an allocator's own coming and going.
const FLAT: f64 = 1.1;

/// The sections, as far as they could be measured.
pub fn measure() -> Vec<(&'static str, Result<Section, Unmeasured>)> {
    vec![
        ("Sound through the exchange", sound()),
        ("Calls set up by the exchange", setups()),
        ("Memory of the exchange", memory()),
    ]
}

fn sound() -> Result<Section, Unmeasured> {
    let mut section = Section::with_columns(
        "Sound through the exchange, beside bare loops that receive and send",
        &["", "exchange", "bare loop", "ratio", "target", "on one thread"],
    );
    for calls in CALLS {
        let told = run(&["relay", "--calls", &calls.to_string(), "--seconds", &TALK_SECONDS.to_string()])?;
        let [exchange, bare, single] = told.as_slice() else {
            return Err(Unmeasured("tandem-load does not tell of three relays".into()));
        };
        let mut row = |what: &str, name: &str, target: Option<f64>| {
            let ratio = exchange.get(name) / bare.get(name);
            let verdict = target.map_or(Verdict::Free, |target| Verdict::of(ratio <= target));
            let cells = [
                format!("{calls} calls: {what}"),
                micros(exchange.get(name)),
                micros(bare.get(name)),
                format!("{ratio:.2}"),
                target.map_or_else(String::new, |target| format!("≤ {target} ×")),
                micros(single.get(name)),
            ];
            section.row(cells.to_vec(), verdict);
        };
        row("processor time a packet", "cpu_us", (calls <= 500).then_some(CPU_TARGET));
        row("delay, half of the packets", "delay_p50_us", None);
        row("delay, 99 of 100", "delay_p99_us", (calls == 1000).then_some(DELAY_TARGET));
        // The generator does the same for all: where it takes longer, it is the machine.
        row("the generator's time a packet", "generator_us", None);
        let lost = |told: &Told| told.get("lost") + told.get("doubled");
        let cells = [
            format!("{calls} calls: lost or doubled of {:.0}", exchange.get("sent")),
            format!("{:.0}", lost(exchange)),
            format!("{:.0}", lost(bare)),
            String::new(),
            "0".into(),
            format!("{:.0}", lost(single)),
        ];
        section.row(cells.to_vec(), Verdict::of(lost(exchange) == 0.0));
    }
    section.note(format!(
        "{TALK_SECONDS} s through each, a second at a time in turn; 100 packets a second for each call. The bare loop has as many"
    ));
    section.note(
        "threads as the exchange has for media, and is what the ratio is to; beside it the same on one thread.".into(),
    );
    Ok(section)
}

fn setups() -> Result<Section, Unmeasured> {
    let mut section = Section::with_columns(
        "Calls set up by the exchange, beside calls of the generator to itself",
        &["", "exchange", "without it", "target"],
    );
    let run = |rate: u32, via: &str| {
        run_one(&["setups", "--rate", &rate.to_string(), "--seconds", &SETUP_SECONDS.to_string(), "--via", via])
    };
    let alone = run(CALM_RATE, "nothing")?;
    for (via, from) in [("exchange", "INVITE"), ("phones", "a phone's INVITE, with its password,")] {
        let calm = run(CALM_RATE, via)?;
        for (what, name, target) in [("half", "p50_ms", None), ("99 of 100", "p99_ms", Some(CALM_TARGET))] {
            let verdict = target.map_or(Verdict::Free, |target| Verdict::of(calm.get(name) <= target));
            let cells = [
                format!("{CALM_RATE} a second: {from} to 200, {what}"),
                format!("{:.2} ms", calm.get(name)),
                format!("{:.2} ms", alone.get(name)),
                target.map_or_else(String::new, |target| format!("≤ {target} ms")),
            ];
            section.row(cells.to_vec(), verdict);
        }
        if via == "phones" && calm.get("challenged") < calm.get("rate") {
            return Err(Unmeasured("the phones were not asked for their password".into()));
        }
    }
    for rate in RATES {
        let told = run(rate, "exchange")?;
        let alone = run(rate, "nothing")?;
        let again = |told: &Told| told.get("sent_again") + told.get("came_again");
        let bad = |told: &Told| told.get("failed") + told.get("hanging");
        let good = again(&told) + bad(&told) == 0.0;
        let text = |told: &Told| format!("{:.0}/s, p99 {:.1} ms", told.get("rate"), told.get("p99_ms"));
        let target = if rate == RATE_TARGET { "nothing sent again" } else { "" };
        let verdict = if rate == RATE_TARGET { Verdict::of(good) } else { Verdict::Free };
        let what = if good {
            format!("{rate} a second: reached, nothing sent again")
        } else {
            format!("{rate} a second: {:.0} messages sent again, {:.0} calls failed", again(&told), bad(&told))
        };
        section.row(vec![what, text(&told), text(&alone), target.into()], verdict);
        if !good {
            break;
        }
    }
    section.note(
        "A call: INVITE from the trunk, answered at once by a registered phone, ACK, BYE. With its records.".into(),
    );
    section.note(
        "A phone's call is asked for the password each time: INVITE, 401, ACK, INVITE with the proof, which is looked up and verified.".into(),
    );
    Ok(section)
}

fn memory() -> Result<Section, Unmeasured> {
    let mut section = Section::new("Memory of the exchange");
    let (calls, short, rate) = (CALLS[2].to_string(), SHORT_CALLS.to_string(), SHORT_RATE.to_string());
    let told = run_one(&["memory", "--calls", &calls, "--short", &short, "--rate", &rate])?;
    let per_call = told.get("per_call");
    let what = format!("a relayed call, at {calls} of them");
    section.figure(&what, kibibytes(bytes(per_call)), "≤ 64 KiB", Verdict::of(per_call <= MEMORY_TARGET));
    section.figure("before any call", mebibytes(bytes(told.get("before"))), "", Verdict::Free);
    section.figure("after those", mebibytes(bytes(told.get("after_relay"))), "", Verdict::Free);
    let (early, late) = (told.get("early"), told.get("late"));
    let what = |name: &str| format!("after {:.0} short calls", told.get(name));
    section.figure(&what("early_calls"), mebibytes(bytes(early)), "", Verdict::Free);
    let flat = late <= early * FLAT && told.get("failed") == 0.0;
    section.figure(&what("late_calls"), mebibytes(bytes(late)), "≤ 1.1 × that", Verdict::of(flat));
    Ok(section)
}

fn micros(microseconds: f64) -> String {
    format!("{microseconds:.2} µs")
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a number of bytes")]
fn bytes(number: f64) -> u64 {
    number as u64
}
