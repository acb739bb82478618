//! How soon a person in Chromium sees a page, and can use it to the full.

use std::{collections::BTreeMap, process::Command, time::Duration};

use super::{
    Unmeasured,
    databases::{self, Engine, LARGE},
    people::ADMINISTRATOR,
    report::{Section, Verdict, milliseconds},
    server::Server,
    statistics::Times,
};
use crate::workspace;

/// Visits of which the median is taken, each with a new browser that has nothing in its cache.
const VISITS: usize = 5;
/// Before signing in and after it.
const PAGES: [&str; 2] = ["/sign-in", "/admin/customers"];

pub fn measure() -> Result<Section, Unmeasured> {
    let server = Server::start(&databases::url(Engine::Sqlite, LARGE)?)?;
    let script = workspace::path("end2end/bench/first_load.mjs");
    let mut command = Command::new("node");
    command.arg(script).arg(format!("http://{}", server.address)).arg(VISITS.to_string());
    command.args([ADMINISTRATOR.name, ADMINISTRATOR.password]).args(PAGES);
    let output = command.output().map_err(|error| Unmeasured(format!("node: {error}")))?;
    if !output.status.success() {
        return Err(Unmeasured(String::from_utf8_lossy(&output.stderr).trim().to_owned()));
    }
    let figures = figures(&String::from_utf8_lossy(&output.stdout))?;
    let title = format!("First load in Chromium from this machine, empty cache, median of {VISITS}");
    let mut section = Section::with_columns(&title, &["", "first contentful paint", "interactive", "slowest"]);
    for page in PAGES {
        let Some((paint, interactive)) = figures.get(page) else {
            section.unmeasured(page, Unmeasured("the browser told no times".into()));
            continue;
        };
        let times = [paint.median(), interactive.median(), interactive.p95()].map(milliseconds);
        section.row([page.to_owned()].into_iter().chain(times).collect(), Verdict::Free);
    }
    section.note(
        "Interactive: hydrated, so that everything on the page works. Links and forms work from the paint on.".into(),
    );
    Ok(section)
}

/// Reads lines of page, paint and interactive, in milliseconds since the navigation began.
fn figures(told: &str) -> Result<BTreeMap<String, (Times, Times)>, Unmeasured> {
    let mut figures: BTreeMap<String, (Times, Times)> = BTreeMap::new();
    for line in told.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let read = |text: &str| text.parse().ok().and_then(|ms: f64| Duration::try_from_secs_f64(ms / 1000.0).ok());
        let [page, paint, interactive] = words.as_slice() else {
            return Err(Unmeasured(format!("cannot read \"{line}\"")));
        };
        let (Some(paint), Some(interactive)) = (read(paint), read(interactive)) else {
            return Err(Unmeasured(format!("cannot read \"{line}\"")));
        };
        let times = figures.entry((*page).to_owned()).or_default();
        times.0.add(paint);
        times.1.add(interactive);
    }
    Ok(figures)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_browsers_lines_are_read_page_by_page() {
        let read = figures("/sign-in 100 300.5\n/admin/customers 90 310\n/sign-in 120 320\n").unwrap();
        let (paint, interactive) = &read["/sign-in"];
        assert_eq!(paint.p95(), Duration::from_millis(120));
        assert_eq!(interactive.median(), Duration::from_micros(300_500));
        assert!(figures("/sign-in soon later").is_err());
    }
}
