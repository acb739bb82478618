//! Lists of a million recordings, as everybody sees them and by every filter: the views of
//! `crates/store/examples/measure_recordings.rs`, on databases that are filled for this alone.

use std::process::{Command, Stdio};

use super::{
    Unmeasured,
    databases::{self, Engine, RECORDED},
    report::{Section, Verdict},
};
use crate::{shell::say, workspace};

/// The median of a view's times may be this long, in milliseconds.
const TIME_TARGET: f64 = 20.0;

/// What is told of one view.
#[derive(Debug, PartialEq)]
struct View {
    name: String,
    /// In milliseconds.
    median: f64,
    worst: f64,
}

pub fn measure(engine: Engine) -> Result<Section, Unmeasured> {
    let url = databases::url(engine, RECORDED)?;
    say(&format!("lists of recordings on {}", engine.name()));
    let mut command = Command::new(workspace::path("target/release/examples/measure_recordings"));
    command.arg(&url).stdin(Stdio::null()).stderr(Stdio::piped());
    let output = command.output().map_err(|error| Unmeasured(format!("measure_recordings: {error}")))?;
    if !output.status.success() {
        return Err(Unmeasured(String::from_utf8_lossy(&output.stderr).trim().to_owned()));
    }
    let views = views(&String::from_utf8_lossy(&output.stdout))?;
    let title = format!("{} recordings on {}, a page of each view", RECORDED.recordings, engine.name());
    let mut section = Section::with_columns(&title, &["", "median", "worst", "target"]);
    for View { name, median, worst } in views {
        let cells = [name, format!("{median:.2} ms"), format!("{worst:.2} ms"), format!("≤ {TIME_TARGET} ms")];
        section.row(cells.to_vec(), Verdict::of(median <= TIME_TARGET));
    }
    section.note("Asked of the database, without a page around it; in parentheses how many there are.".into());
    Ok(section)
}

/// Reads lines of a median, the worst, and what was looked at.
fn views(told: &str) -> Result<Vec<View>, Unmeasured> {
    let read = |line: &str| {
        // What it thinks of the time itself is not ours.
        let (line, _) = line.split_once("  <--").unwrap_or((line, ""));
        let (median, rest) = line.trim().split_once(char::is_whitespace)?;
        let (worst, name) = rest.trim().split_once(char::is_whitespace)?;
        Some(View { name: name.trim().into(), median: median.parse().ok()?, worst: worst.parse().ok()? })
    };
    let views: Option<Vec<View>> = told.lines().map(read).collect();
    views.filter(|views| !views.is_empty()).ok_or_else(|| Unmeasured(format!("cannot read \"{}\"", told.trim())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_views_are_read_with_what_was_counted() {
        let told = "    1.25     2.50  staff: all (1000)\n   20.01    21.00  account: “zzz” (0)  <-- slow\n";
        let expected = [
            View { name: "staff: all (1000)".into(), median: 1.25, worst: 2.5 },
            View { name: "account: “zzz” (0)".into(), median: 20.01, worst: 21.0 },
        ];
        assert_eq!(views(told).unwrap(), expected);
        assert!(views("").is_err());
        assert!(views("filled in 10.0 s").is_err());
    }
}
