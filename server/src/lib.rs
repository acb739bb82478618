//! The Tandem server: what makes a running program of the crates.
//!
//! | module | what is there |
//! | --- | --- |
//! | [`cli`] | the command line: one file per command |
//! | [`clock`] | the time |
//! | [`config`] | configuration from file, environment and options |
//! | [`run`] | `serve` and `demo`: wiring, start and end |
//! | [`database`] | opening the database, its readiness and gauges |
//! | [`demonstration`] | data to try Tandem with |
//! | [`exchange`] | the wiring of telephony: sockets, media, the running exchange |
//! | [`keeping`] | the wiring of recordings and e-mails |
//! | [`payments`] | the wiring of payments: keys, processors, the demonstration's stand-in |
//! | [`phones`] | the phones in browsers: a task around each line |
//! | [`http`] | what stands around the application: limits, headers, log, files, probes, the socket |
//! | [`measurements`], [`telemetry`] | numbers and log |
//!
//! Nothing below this crate reads the environment or the clock by itself; it is handed both from here.

pub mod cli;
pub mod clock;
pub mod config;
pub mod database;
pub mod demonstration;
pub mod exchange;
pub mod http;
pub mod keeping;
pub mod measurements;
pub mod payments;
pub mod phones;
pub mod run;
pub mod telemetry;
