//! `cargo xtask bench`: what Tandem must reach, measured and printed beside its target.
//!
//! | part | what it measures | how |
//! | --- | --- | --- |
//! | [`sizes`] | what the browser loads | the release site |
//! | [`start`] | time to start, idle memory | the release server on large databases |
//! | [`browser`] | when a page is seen, when it can be used | Chromium, empty cache |
//! | [`lists`] | every list page, with few and with many records | HTTP, on SQLite and PostgreSQL |
//! | [`recordings`] | the lists of a million recordings | the database's views, on SQLite and PostgreSQL |
//! | [`payments`] | the ledger, automatic payments, webhooks | programs of `crates/store` and `crates/billing`, at the stand-in for Stripe |
//! | [`exchange`] | what a call costs: its sound, its set-up, its memory | calls of `tandem-load`, beside a bare loop |
//! | [`supervision`] | what recording and whispering cost, and how soon a manager is heard | the same, with the media engine alone |
//! | [`gateway`] | what a browser's call costs, and how much later it is heard | str0m clients of `tandem-load`, beside SRTP and sockets alone |
//! | [`console`] | how soon the supervisor's console acts and shows | Chromium, with hundreds of live calls of `tandem-load` |
//! | [`rebuild`] | from a change in a page to a server with it | `cargo xtask build` |
//!
//! A missed target does not fail the run, since other work on the machine can be the reason: people read the table, and the
//! figures measured beside each other in it. What fails the run is a figure that could not be had.
//! To measure something else, add a part: a module that makes a [`Section`](report::Section), and a variant of [`Part`].

mod browser;
mod console;
mod databases;
mod exchange;
mod gateway;
mod generator;
mod http;
mod list_pages;
mod lists;
mod payments;
mod people;
mod rebuild;
mod recordings;
mod report;
mod server;
mod sizes;
mod start;
mod statistics;
mod supervision;
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
    Recordings,
    Payments,
    Exchange,
    Supervision,
    Gateway,
    Console,
    Rebuild,
}

impl Part {
    /// All parts, in the order in which they are measured.
    pub const ALL: [Self; 11] = [
        Self::Sizes,
        Self::Start,
        Self::Browser,
        Self::Lists,
        Self::Recordings,
        Self::Payments,
        Self::Exchange,
        Self::Supervision,
        Self::Gateway,
        Self::Console,
        Self::Rebuild,
    ];

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
            Self::Recordings => "recordings",
            Self::Payments => "payments",
            Self::Exchange => "exchange",
            Self::Supervision => "supervision",
            Self::Gateway => "gateway",
            Self::Console => "console",
            Self::Rebuild => "rebuild",
        }
    }

    /// Whether it runs the release server.
    fn needs_server(self) -> bool {
        match self {
            Self::Sizes | Self::Recordings | Self::Exchange | Self::Supervision | Self::Gateway | Self::Rebuild => {
                false
            }
            Self::Start | Self::Browser | Self::Lists | Self::Payments | Self::Console => true,
        }
    }

    /// Whether what fills databases is built: always with the server.
    fn needs_records(self) -> bool {
        self == Self::Recordings || self.needs_server()
    }

    /// Whether it runs the generator of calls.
    fn needs_generator(self) -> bool {
        match self {
            Self::Exchange | Self::Supervision | Self::Gateway | Self::Console => true,
            Self::Sizes
            | Self::Start
            | Self::Browser
            | Self::Lists
            | Self::Recordings
            | Self::Payments
            | Self::Rebuild => false,
        }
    }

    /// Whether it needs what the browser loads.
    fn needs_site(self) -> bool {
        match self {
            Self::Recordings | Self::Exchange | Self::Supervision | Self::Gateway | Self::Rebuild => false,
            // The server has it inside.
            Self::Sizes | Self::Start | Self::Browser | Self::Lists | Self::Payments | Self::Console => true,
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
    if parts.iter().any(|part| part.needs_records()) {
        build_programs(parts)?;
    }
    if parts.contains(&Part::Payments) {
        say("what pays (the first time takes minutes)");
        Cargo::new("build")
            .args(["--release", "--package", "tandem-store", "--example", "measure_ledger"])
            .args(["--package", "tandem-billing", "--example", "measure_payments", "--example", "measure_webhooks"])
            .run()?;
    }
    if parts.iter().any(|part| part.needs_generator()) {
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
            Part::Recordings => {
                for engine in Engine::ALL {
                    add(&mut report, &format!("Recordings on {}", engine.name()), recordings::measure(engine));
                }
            }
            Part::Payments => {
                for engine in Engine::ALL {
                    add(&mut report, &format!("Payments on {}", engine.name()), payments::measure(engine));
                }
            }
            Part::Exchange => add_all(&mut report, exchange::measure()),
            Part::Supervision => add_all(&mut report, supervision::measure()),
            Part::Gateway => add_all(&mut report, gateway::measure()),
            Part::Console => add(&mut report, "The supervisor's console in Chromium", console::measure()),
            Part::Rebuild => add(&mut report, "Rebuild after a change in one page", rebuild::measure()),
        }
    }
    println!("\n{}", machine());
    match report.close() {
        0 => Ok(()),
        unmeasured => Err(Error::Unmeasured(unmeasured)),
    }
}

fn add_all(report: &mut Report, measured: Vec<(&str, std::result::Result<Section, Unmeasured>)>) {
    for (title, measured) in measured {
        add(report, title, measured);
    }
}

fn add(report: &mut Report, title: &str, measured: std::result::Result<Section, Unmeasured>) {
    match measured {
        Ok(section) => report.add(&section),
        Err(why) => report.add_unmeasured(title, &why),
    }
}

/// The release server, where one is measured, and the programs that fill databases and look at them. In one command, so that all
/// agree on the features of what they share and it is compiled once.
fn build_programs(parts: &[Part]) -> Result<()> {
    let mut build = Cargo::new("build").args(["--release", "--package", "tandem-store", "--example", "many_records"]);
    if parts.contains(&Part::Recordings) {
        build = build.args(["--example", "measure_recordings"]);
    }
    if parts.iter().any(|part| part.needs_server()) {
        say("release server (the first time takes a quarter of an hour)");
        build = build.args(["--package", "tandem", "--bin", "tandem", "--features", "tandem/embed"]);
    } else {
        say("what fills the databases (the first time takes minutes)");
    }
    build.run()
}

/// What the figures depend on: how many cores, and how busy they were.
fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or("unknown").to_owned();
    format!("{cores} cores, load {load} in the last minute")
}
