//! `cargo xtask bench`: what Tandem must reach, measured and printed beside its target.
//!
//! | part | what it measures | how |
//! | --- | --- | --- |
//! | [`sizes`] | what the browser loads | the release site |
//! | [`start`] | time to start, idle memory | the release server on large databases |
//! | [`browser`] | when a page is seen, when it can be used | Chromium, empty cache |
//! | [`lists`] | every list page, with few and with many records | HTTP, on SQLite and PostgreSQL |
//! | [`exchange`] | what a call costs: its sound, its set-up, its memory | calls of `tandem-load`, beside a bare loop |
//! | [`rebuild`] | from a change in a page to a server with it | `cargo xtask build` |
//!
//! A missed target does not fail the run, since other work on the machine can be the reason: people read the table, and the
//! figures measured beside each other in it. What fails the run is a figure that could not be had.
//! To measure something else, add a part: a module that makes a [`Section`](report::Section), and a variant of [`Part`].

mod browser;
mod databases;
mod exchange;
mod http;
mod list_pages;
mod lists;
mod people;
mod rebuild;
mod report;
mod server;
mod sizes;
mod start;
mod statistics;
mod wasm_crates;

use std::num::NonZero;

use self::{
    databases::Engine,
    report::{Report, Section, Unmeasured},
};
use crate::{
    error::{AtPath, Error, Result},
    shell::{Cargo, say},
    site::{self, Kind},
    workspace,
};

/// What can be measured alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    Sizes,
    Start,
    Browser,
    Lists,
    Exchange,
    Rebuild,
}

impl Part {
    /// All parts, in the order in which they are measured.
    pub const ALL: [Self; 6] = [Self::Sizes, Self::Start, Self::Browser, Self::Lists, Self::Exchange, Self::Rebuild];

    /// The part of this name on the command line.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|part| part.name() == name)
    }

    fn name(self) -> &'static str {
        match self {
            Self::Sizes => "sizes",
            Self::Start => "start",
            Self::Browser => "browser",
            Self::Lists => "lists",
            Self::Exchange => "exchange",
            Self::Rebuild => "rebuild",
        }
    }

    /// Whether it runs the release server.
    fn needs_server(self) -> bool {
        match self {
            Self::Sizes | Self::Exchange | Self::Rebuild => false,
            Self::Start | Self::Browser | Self::Lists => true,
        }
    }

    /// Whether it needs what the browser loads.
    fn needs_site(self) -> bool {
        match self {
            Self::Exchange | Self::Rebuild => false,
            Self::Sizes | Self::Start | Self::Browser | Self::Lists => true,
        }
    }
}

/// Measures these parts.
pub fn run(parts: &[Part]) -> Result<()> {
    let folder = workspace::path("target/bench");
    std::fs::create_dir_all(&folder).at(&folder)?;
    if parts.iter().any(|part| part.needs_site()) {
        site::build(Kind::Release)?;
    }
    if parts.iter().any(|part| part.needs_server()) {
        build_programs()?;
    }
    if parts.contains(&Part::Exchange) {
        say("the exchange and the generator of its calls (the first time takes minutes)");
        Cargo::new("build").args(["--release", "--package", "tandem-load"]).run()?;
    }
    println!("{}", machine());
    let mut report = Report::default();
    for part in parts {
        say(&format!("measuring: {}", part.name()));
        match part {
            Part::Sizes => report.add(&sizes::measure()),
            Part::Start => report.add(&start::measure()),
            Part::Browser => add(&mut report, "First load in Chromium", browser::measure()),
            Part::Lists => {
                for engine in Engine::ALL {
                    add(&mut report, &format!("Pages on {}", engine.name()), lists::measure(engine));
                }
            }
            Part::Exchange => {
                for (title, measured) in exchange::measure() {
                    add(&mut report, title, measured);
                }
            }
            Part::Rebuild => add(&mut report, "Rebuild after a change in one page", rebuild::measure()),
        }
    }
    println!("\n{}", machine());
    match report.close() {
        0 => Ok(()),
        unmeasured => Err(Error::Unmeasured(unmeasured)),
    }
}

fn add(report: &mut Report, title: &str, measured: std::result::Result<Section, Unmeasured>) {
    match measured {
        Ok(section) => report.add(&section),
        Err(why) => report.add_unmeasured(title, &why),
    }
}

/// The release server, and the program that fills databases. In one command, so that both agree on the features of what they
/// share and it is compiled once.
fn build_programs() -> Result<()> {
    say("release server (the first time takes a quarter of an hour)");
    let server = ["--package", "tandem", "--bin", "tandem", "--features", "tandem/embed"];
    let filler = ["--package", "tandem-store", "--example", "many_records"];
    Cargo::new("build").args(["--release"]).args(server).args(filler).run()
}

/// What the figures depend on: how many cores, and how busy they were.
fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or("unknown").to_owned();
    format!("{cores} cores, load {load} in the last minute")
}
