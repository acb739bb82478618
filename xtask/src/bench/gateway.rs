//! What a call between a browser and a phone costs the gateway, and how much later its sound arrives.
//!
//! Browsers are str0m clients of `tandem-load`, each with ICE and DTLS of its own; the media engine is a process without signalling.
//! Beside it, within one run, the same number of calls go through a relay that does nothing but AES-GCM and sockets, and straight
//! from end to end: what the gateway costs is told as a multiple of the first, and what it delays as more than the second.

use super::{
    Unmeasured,
    generator::{Told, run},
    report::{Section, Verdict},
};

/// Calls at once that must go without loss, on two cores.
const CALLS: u32 = 300;
/// Calls with a whispering manager, so that the browser and the manager are sent mixes.
const MIXED: u32 = 50;
/// For how many seconds each way.
const SECONDS: u32 = 20;
/// A call may take this many times the processor time of SRTP and sockets alone.
const CPU_TARGET: f64 = 2.0;
/// By how much later relayed and mixed sound may arrive than straight, in milliseconds.
const RELAYED_TARGET: f64 = 2.0;
const MIXED_TARGET: f64 = 25.0;

/// The section, as far as it could be measured.
pub fn measure() -> Vec<(&'static str, Result<Section, Unmeasured>)> {
    vec![("Browsers and phones through the gateway", section())]
}

fn section() -> Result<Section, Unmeasured> {
    let [calls, mixed, seconds] = [CALLS, MIXED, SECONDS].map(|number| number.to_string());
    let told = run(&["browsers", "--calls", &calls, "--mixed", &mixed, "--seconds", &seconds])?;
    let told: [Told; 4] = told.try_into().map_err(|_| Unmeasured("tandem-load does not tell of four ways".into()))?;
    let [direct, sealed, gateway, mixing] = &told;
    let title = format!("{CALLS} calls between browsers and phones, and {MIXED} with a whispering manager");
    let columns = ["", "straight", "SRTP and sockets alone", "gateway", "gateway, mixed", "target"];
    let mut section = Section::with_columns(&title, &columns);
    let mut row = |what: &str, cells: [String; 4], target: &str, verdict: Verdict| {
        section.row([what.to_owned()].into_iter().chain(cells).chain([target.to_owned()]).collect(), verdict);
    };
    let all = |text: &dyn Fn(&Told) -> String| told.each_ref().map(text);
    row("packets sent", all(&|told| format!("{:.0}", told.get("sent"))), "", Verdict::Free);
    let lost = |told: &Told| told.get("lost") + told.get("doubled");
    let verdict = Verdict::of([gateway, mixing].iter().all(|told| lost(told) == 0.0));
    row("lost or doubled where it is relayed", all(&|told| format!("{:.0}", lost(told))), "0", verdict);
    let verdict = Verdict::of(told.iter().all(|told| told.get("misheard") == 0.0));
    row("heard by the wrong", all(&|told| format!("{:.0}", told.get("misheard"))), "0", verdict);
    let made_up = format!("{:.0} of {:.0}", mixing.get("made_up"), mixing.get("mixed"));
    row("not in time for a mix", [String::new(), String::new(), String::new(), made_up], "", Verdict::Free);

    let cpu = |told: &Told| told.get("cpu_percent");
    let percent = |told: &Told| format!("{:.3} %", cpu(told));
    let cells = [String::new(), percent(sealed), percent(gateway), percent(mixing)];
    row("processor time a call, of a core", cells, "", Verdict::Free);
    let ratio = cpu(gateway) / cpu(sealed);
    let cells = [String::new(), "1".into(), format!("{ratio:.2} ×"), String::new()];
    row("as a multiple of SRTP and sockets", cells, "≤ 2 ×", Verdict::of(ratio <= CPU_TARGET));

    let delay = |told: &Told, name: &str| told.get(name) / 1e3;
    for (what, name) in [("median", "p50_us"), ("p99", "p99_us")] {
        let (relayed, mix) = (format!("delay_{name}"), format!("mixed_{name}"));
        let straight = delay(direct, &relayed);
        let cells = [direct, sealed, gateway, mixing].map(|told| milliseconds(delay(told, &relayed)));
        row(&format!("delay of what is relayed, {what}"), cells, "", Verdict::Free);
        let added = delay(gateway, &relayed) - straight;
        let cells =
            [String::new(), milliseconds(delay(sealed, &relayed) - straight), milliseconds(added), String::new()];
        row(&format!("added to the straight way, {what}"), cells, "≤ 2 ms", Verdict::of(added <= RELAYED_TARGET));
        let added = delay(mixing, &mix) - straight;
        let cells = [String::new(), String::new(), String::new(), milliseconds(added)];
        row(&format!("added by a mix, {what}"), cells, "≤ 25 ms", Verdict::of(added <= MIXED_TARGET));
    }
    let late = |told: &Told| format!("{:.1} ms", told.get("generator_late_ms"));
    row("the generator's own lateness, at most", all(&late), "", Verdict::Free);
    row(
        "the generator's time a call, of a core",
        all(&|told| format!("{:.3} %", told.get("generator_percent"))),
        "",
        Verdict::Free,
    );
    section.note(format!(
        "{SECONDS} s each way, two at a time in turn, G.711; a second of a call has 100 packets in and out, with a manager 150."
    ));
    section.note("A mix is made on a grid of 20 ms: half of that, on average, is what it must add.".into());
    Ok(section)
}

fn milliseconds(milliseconds: f64) -> String {
    format!("{milliseconds:.2} ms")
}
