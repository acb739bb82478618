//! How soon a change in one page can be looked at, and that it compiles no crate but those of the web application.
//!
//! A word in a page is changed, changed again, and changed back, and after each change `cargo xtask build` makes a server
//! that can be started. Whatever others write into the file meanwhile stays.

use std::{
    collections::BTreeSet,
    path::PathBuf,
    time::{Duration, Instant},
};

use super::{
    Unmeasured,
    report::{Section, Verdict, seconds},
    statistics::Times,
};
use crate::{
    shell::{Cargo, say},
    workspace,
};

/// The page that is changed.
const PAGE: &str = "app/src/pages/sign_in.rs";
/// The word in it, and what it becomes.
const WORDS: [&str; 3] = ["<h1>\"Sign in\"</h1>", "<h1>\"Please sign in\"</h1>", "<h1>\"Sign in here\"</h1>"];

/// A change may take this long to build.
const TARGET: Duration = Duration::from_secs(15);
/// The crates that a page is in.
const EXPECTED: [&str; 3] = ["tandem", "tandem-app", "tandem-frontend"];

/// A build's duration, and the crates that it compiled.
struct Build {
    took: Duration,
    compiled: BTreeSet<String>,
}

pub fn measure() -> Result<Section, Unmeasured> {
    say("rebuilding after changes in one page");
    // Whatever else has changed is built before the clock runs.
    build()?;
    let mut page = ChangedPage { word: WORDS[0] };
    let mut builds = Vec::new();
    for word in [WORDS[1], WORDS[2], WORDS[0]] {
        page.become_(word)?;
        builds.push(build()?);
    }
    let unchanged = build()?;

    let mut section = Section::new("Rebuild after a change in one page (cargo xtask build)");
    let times: Times = builds.iter().map(|build| build.took).collect();
    let what = format!("until it can be served, median of {}", builds.len());
    section.figure(&what, seconds(times.median()), "≤ 15 s", Verdict::of(times.median() <= TARGET));
    section.figure("slowest", seconds(times.p95()), "", Verdict::Free);
    let compiled: BTreeSet<String> = builds.into_iter().flat_map(|build| build.compiled).collect();
    let expected = compiled.iter().all(|name| EXPECTED.contains(&name.as_str())) && !compiled.is_empty();
    let names = compiled.into_iter().collect::<Vec<_>>().join(", ");
    section.figure("crates compiled", names, "the web application's alone", Verdict::of(expected));
    section.figure("without any change", seconds(unchanged.took), "", Verdict::Free);
    Ok(section)
}

/// The page's file, changed back when this is dropped.
struct ChangedPage {
    word: &'static str,
}

impl ChangedPage {
    fn become_(&mut self, word: &'static str) -> Result<(), Unmeasured> {
        let file = file();
        let failed = |error| Unmeasured(format!("{}: {error}", file.display()));
        let text = std::fs::read_to_string(&file).map_err(failed)?;
        if !text.contains(self.word) {
            return Err(Unmeasured(format!("{PAGE} no longer says {}", self.word)));
        }
        std::fs::write(&file, text.replacen(self.word, word, 1)).map_err(failed)?;
        self.word = word;
        Ok(())
    }
}

impl Drop for ChangedPage {
    fn drop(&mut self) {
        if self.word != WORDS[0] && self.become_(WORDS[0]).is_err() {
            say(&format!("{PAGE} could not be changed back: look at it"));
        }
    }
}

fn file() -> PathBuf {
    workspace::path(PAGE)
}

fn build() -> Result<Build, Unmeasured> {
    let started = Instant::now();
    let output = Cargo::new("xtask").args(["build"]).output();
    let output = output.map_err(|error| Unmeasured(format!("cargo: {error}")))?;
    let took = started.elapsed();
    let said = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        return Err(Unmeasured(format!("cargo xtask build fails: {}", last_lines(&said))));
    }
    Ok(Build { took, compiled: compiled(&said) })
}

/// The crates in lines such as `   Compiling tandem-app v0.1.0 (/src/tandem/app)`.
fn compiled(said: &str) -> BTreeSet<String> {
    let lines = said.lines().filter_map(|line| line.trim_start().strip_prefix("Compiling "));
    lines.filter_map(|rest| rest.split(' ').next()).map(str::to_owned).collect()
}

fn last_lines(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(10)..].join("\n    ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compiled_crates_are_read_from_what_cargo_says() {
        let said = "==> browser code\n   Compiling tandem-app v0.1.0 (/src/app)\n   Compiling tandem v0.1.0 (/src/server)\n    Finished `dev`";
        assert_eq!(compiled(said), BTreeSet::from(["tandem".to_owned(), "tandem-app".to_owned()]));
    }
}
