//! What supervision and recording cost, and how soon they are heard.
//!
//! The media engine is measured as a process of its own (`tandem-load media`), with the exchange's own decision of who hears whom
//! and without signalling. Calls with a whispering manager, recorded calls and both have their turns beside calls that are only
//! relayed, within one run. How soon a switch is heard is told by marks in the sound, which outlive a mix; that is measured of the
//! whole exchange too (`tandem-load host`), with a manager's phone.

use super::{
    Unmeasured,
    generator::{Told, run, run_one},
    report::{Section, Verdict},
};

/// Calls at once.
const CALLS: u32 = 200;
/// For how many seconds calls of each kind talk.
const TALK_SECONDS: u32 = 20;
/// A call that is whispered into and recorded may take this many times the processor time of one that is only relayed.
const CPU_TARGET: f64 = 3.0;
/// Nobody may be sent nothing for longer than this, in milliseconds.
const GAP_TARGET: f64 = 40.0;
/// Recording 100 calls may take this much of a processor, in hundredths.
const RECORDING_TARGET: f64 = 5.0;
/// Calls among which managers join and switch, and how often.
const SWITCHING_CALLS: u32 = 50;
const SWITCHES: u32 = 200;
/// How soon sound must have changed after a digit, and the first be heard after joining, in milliseconds.
const DIGIT_TARGET: f64 = 40.0;
const JOIN_TARGET: f64 = 100.0;

/// The sections, as far as they could be measured.
pub fn measure() -> Vec<(&'static str, Result<Section, Unmeasured>)> {
    vec![("Supervised and recorded calls", costs()), ("Joining and switching", switches())]
}

fn costs() -> Result<Section, Unmeasured> {
    let told = run(&["supervise", "--calls", &CALLS.to_string(), "--seconds", &TALK_SECONDS.to_string()])?;
    let told: [Told; 4] = told.try_into().map_err(|_| Unmeasured("tandem-load does not tell of four kinds".into()))?;
    let title =
        format!("{CALLS} calls in the media engine, relayed alone, recorded, with a whispering manager, or both");
    let mut section = Section::with_columns(&title, &["", "relayed", "recorded", "whispered", "both", "target"]);
    let [relayed, recorded, whispered, both] = &told;
    let cpu = |told: &Told| told.get("cpu_percent");

    let mut row = |what: &str, text: &dyn Fn(&Told) -> String, target: &str, verdict: Verdict| {
        let cells = [what.to_owned()].into_iter().chain(told.iter().map(text)).chain([target.to_owned()]);
        section.row(cells.collect(), verdict);
    };
    let percent = |name: &'static str| move |told: &Told| format!("{:.3} %", told.get(name));
    row("processor time a call, of a core", &percent("cpu_percent"), "", Verdict::Free);
    let ratio = |told: &Told| cpu(told) / cpu(relayed);
    let verdict = Verdict::of(ratio(both) <= CPU_TARGET);
    row("as a multiple of a relayed call's", &|told| format!("{:.2} ×", ratio(told)), "≤ 3 ×", verdict);
    let lost = |told: &Told| told.get("lost") + told.get("doubled");
    let verdict = Verdict::of(told.iter().all(|told| lost(told) == 0.0));
    row("packets lost or doubled", &|told| format!("{:.0}", lost(told)), "0", verdict);
    let gap = |told: &Told| told.get("longest_gap_ms");
    let verdict = Verdict::of(told.iter().all(|told| gap(told) <= GAP_TARGET));
    row("longest gap of any listener", &|told| milliseconds(gap(told)), "≤ 40 ms", verdict);
    let late = |told: &Told| milliseconds(told.get("generator_late_ms"));
    row("the generator's own lateness, at most", &late, "", Verdict::Free);
    let verdict = Verdict::of(told.iter().all(|told| told.get("misheard") == 0.0));
    row("packets heard by the wrong, recorders too", &|told| format!("{:.0}", told.get("misheard")), "0", verdict);
    let missing = |of: &'static str, all: &'static str| {
        move |told: &Told| match told.get(all) {
            0.0 => String::new(),
            all => format!("{:.0} of {all:.0}", told.get(of)),
        }
    };
    row("made up or left out in mixes", &missing("made_up", "mixed"), "", Verdict::Free);
    row("missing in recordings", &missing("unrecorded", "to_record"), "", Verdict::Free);
    let delay = |half: &'static str, most: &'static str| {
        move |told: &Told| match told.get(most) {
            0.0 => String::new(),
            most => format!("{:.2} / {:.2} ms", told.get(half) / 1e3, most / 1e3),
        }
    };
    row("delay of what is relayed, median / p99", &delay("delay_p50_us", "delay_p99_us"), "", Verdict::Free);
    row("delay of what is mixed, median / p99", &delay("mixed_p50_us", "mixed_p99_us"), "", Verdict::Free);
    row("the generator's time a call, of a core", &percent("generator_percent"), "", Verdict::Free);

    // What recording adds, to calls that are relayed and to calls that are mixed anyway.
    let adds = [cpu(recorded) - cpu(relayed), cpu(both) - cpu(whispered)].map(|more| more * 100.0);
    let text = |more: f64| format!("{more:.1} %");
    let verdict = Verdict::of(adds[0] <= RECORDING_TARGET);
    let what = "recording 100 calls adds, of a core".to_owned();
    section.row(vec![what, String::new(), text(adds[0]), String::new(), text(adds[1]), "≤ 5 %".into()], verdict);
    section.note(format!(
        "{TALK_SECONDS} s of each, two at a time in turn, G.711; a second of a call has 200 packets in and out, with a manager 300."
    ));
    section.note(
        "A gap is longer by what the generator reads too late; what it sends too late is taken off where it is relayed."
            .into(),
    );
    Ok(section)
}

fn switches() -> Result<Section, Unmeasured> {
    let times = SWITCHES.to_string();
    let engine = run_one(&["switch", "--calls", &SWITCHING_CALLS.to_string(), "--times", &times])?;
    let exchange = run_one(&["join", "--times", &times])?;
    let columns = ["", "engine: median", "p99", "exchange: median", "p99", "target"];
    let mut section = Section::with_columns(&format!("Joining and switching, {SWITCHES} times"), &columns);
    let mut row = |what: &str, name: &str, target: Option<f64>| {
        let both = [&engine, &exchange].map(|told| ["p50_ms", "p99_ms"].map(|of| told.get(&format!("{name}_{of}"))));
        let met = |target: f64| both.iter().all(|[_, most]| *most <= target);
        let verdict = target.map_or(Verdict::Free, |target| Verdict::of(met(target)));
        let target = target.map_or_else(String::new, |target| format!("p99 ≤ {target} ms"));
        let figures = both.into_iter().flatten().map(milliseconds);
        section.row([what.into()].into_iter().chain(figures).chain([target]).collect(), verdict);
    };
    row("digit's end to the manager's voice at the agent", "digit", Some(DIGIT_TARGET));
    row("of that, since the manager's phone sent voice", "voice", None);
    row("join to the agent's voice at the manager", "join", Some(JOIN_TARGET));
    row("of that, from INVITE to its answer", "answer", None);
    let wrong = [&engine, &exchange].map(|told| told.get("unheard") + told.get("misheard"));
    let [in_engine, in_exchange] = wrong.map(|wrong| format!("{wrong:.0}"));
    let what = "never heard, or heard by the wrong".to_owned();
    let cells = vec![what, in_engine, String::new(), in_exchange, String::new(), "0".into()];
    section.row(cells, Verdict::of(wrong == [0.0, 0.0]));
    section.note(
        "A phone has its first voice 20 ms after the digit's end (RFC 4733), since it sends none while one is pressed;"
            .into(),
    );
    section.note("the rest is the grid of 20 ms on which mixes are made.".into());
    section.note(format!(
        "Engine: {SWITCHING_CALLS} calls talk, a command lets the manager join. Exchange: one call, a phone dials *90744."
    ));
    Ok(section)
}

fn milliseconds(milliseconds: f64) -> String {
    format!("{milliseconds:.1} ms")
}
