//! How soon the supervisor's console does what is clicked, and shows what happens.
//!
//! `end2end/bench/console.mjs` starts the release server, the generator of calls (`tandem-load live`) and Chromium, in which a
//! manager signs in. The calls are real: a carrier's, taken by a registered phone; tones in them tell who is heard.

use std::{
    collections::BTreeMap,
    process::{Command, Stdio},
    time::Duration,
};

use super::{
    Unmeasured, generator,
    report::{Section, Verdict, milliseconds},
    server,
    statistics::Times,
};
use crate::workspace;

/// What is measured, in milliseconds: the names of it in what is told, and how long 99 of 100 may take.
const TIMES: [(&str, &[&str], u64); 5] = [
    ("click on Whisper to the agent hearing the manager", &["whisper"], 150),
    ("click on Spy to the agent not hearing him any more", &["spy"], 150),
    ("click on a call to its first sound in the browser", &["join"], 600),
    ("INVITE of a new call to its row on the screen", &["begin"], 200),
    ("BYE to the row being gone", &["end"], 200),
];
/// Frames a second that must be drawn, less what a clock of 60 hertz may be off.
const FRAMES_TARGET: f64 = 59.5;

/// The section, as far as it could be measured.
pub fn measure() -> Result<Section, Unmeasured> {
    let script = workspace::path("end2end/bench/console.mjs");
    let mut command = Command::new("node");
    command.arg(script).args([server::program(), generator::program()]).stdin(Stdio::null());
    let output = command.output().map_err(|error| Unmeasured(format!("node: {error}")))?;
    if !output.status.success() {
        return Err(Unmeasured(String::from_utf8_lossy(&output.stderr).trim().to_owned()));
    }
    let figures = figures(&String::from_utf8_lossy(&output.stdout))?;
    let mut section = Section::with_columns(
        "The supervisor's console in Chromium, with 200 live calls in the list",
        &["", "median", "p99", "times", "target"],
    );
    for (what, names, target) in TIMES {
        let measured: Vec<f64> = names.iter().filter_map(|name| figures.get(*name)).flatten().copied().collect();
        if measured.is_empty() {
            section.unmeasured(what, Unmeasured("the browser told no times".into()));
            continue;
        }
        let times = times(&measured);
        let cells = [
            what.to_owned(),
            milliseconds(times.median()),
            milliseconds(times.p99()),
            measured.len().to_string(),
            format!("≤ {target} ms"),
        ];
        section.row(cells.to_vec(), Verdict::of(times.p99() <= Duration::from_millis(target)));
    }
    let broken = figures.get("broken").map_or(0, Vec::len);
    let cells = ["  switches told by a tone that broke before the click, not counted".to_owned(), broken.to_string()];
    section.row(cells.to_vec(), Verdict::Free);
    for (what, name, target) in [
        ("frames a second, 500 calls of which 10 a second begin and end", "console", Some(FRAMES_TARGET)),
        ("the same without calls that begin or end", "still", None),
        ("an empty page in the same browser", "empty", None),
    ] {
        let rate = figures.get(&format!("{name}_rate")).and_then(|rates| rates.first());
        let (Some(rate), Some(gaps)) = (rate, figures.get(&format!("{name}_gap"))) else {
            section.unmeasured(what, Unmeasured("the browser told no frames".into()));
            continue;
        };
        let target_text = target.map_or_else(String::new, |_| "60".to_owned());
        let verdict = target.map_or(Verdict::Free, |target| Verdict::of(*rate >= target));
        let cells = [what.to_owned(), format!("{rate:.1}"), String::new(), String::new(), target_text];
        section.row(cells.to_vec(), verdict);
        let gaps = times(gaps);
        let cells = [
            "  how long a frame lasts".to_owned(),
            milliseconds(gaps.median()),
            milliseconds(gaps.p99()),
            String::new(),
        ];
        section.row(cells.into_iter().chain([String::new()]).collect(), Verdict::Free);
    }
    section.note(
        "Server, generator and browser share this machine. Times are from the browser's own time of a click, or from"
            .into(),
    );
    section.note(
        "sending the message; a row is on the screen when the frame with it has been drawn. People talk in 20 calls."
            .into(),
    );
    Ok(section)
}

fn times(milliseconds: &[f64]) -> Times {
    milliseconds.iter().filter_map(|ms| Duration::try_from_secs_f64(ms / 1000.0).ok()).collect()
}

/// Reads lines of a name and a figure.
fn figures(told: &str) -> Result<BTreeMap<String, Vec<f64>>, Unmeasured> {
    let mut figures: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for line in told.lines() {
        let read = line.split_once(' ').and_then(|(name, figure)| Some((name, figure.parse::<f64>().ok()?)));
        // Nothing is there before its cause: such a figure would be the best of all, and is wrong.
        let read = read.filter(|(name, figure)| *figure >= 0.0 || *name == "broken");
        let (name, figure) = read.ok_or_else(|| Unmeasured(format!("cannot read \"{line}\"")))?;
        figures.entry(name.to_owned()).or_default().push(figure);
    }
    Ok(figures)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_browsers_lines_are_read_by_their_names() {
        let read = figures("join 310.5\nconsole_rate 60\njoin 290\n").unwrap();
        assert_eq!(read["join"], [310.5, 290.0]);
        assert_eq!(read["console_rate"], [60.0]);
        assert!(figures("join soon").is_err());
        assert!(figures("whisper -600").is_err() && figures("broken -600").is_ok());
    }
}
