//! `cargo xtask …`: the build steps that cargo alone cannot do.
//!
//! The server is ordinary cargo. What the browser loads (the *site*) takes a style sheet compiler, a WebAssembly build and
//! its JavaScript bindings, and for a release an optimiser and compression; [`site`] is the recipe, the other modules are
//! its steps. To add a command, add it to [`Task`], to [`HELP`] and to [`run`].

mod bench;
mod browser_code;
mod compression;
mod error;
mod order;
mod shell;
mod site;
mod size;
mod stamp;
mod style_sheet;
mod unused;
mod workspace;

use crate::{bench::Part, error::Result, shell::Cargo, site::Kind};

const HELP: &str = "\
cargo xtask TASK

  site [--release]    what the browser loads: style sheet, JavaScript and WebAssembly, into target/site
                      (--release: optimised and compressed, into target/site-release)
  build [--release]   the site, then the server (--release: one self-contained binary, target/release/tandem)
  bench [PART…]       measures what Tandem must reach: sizes, start, browser, lists, recordings, payments, exchange,
                      supervision, gateway, console, rebuild; without a PART all of them (make bench does the
                      set-up too)
  size                the release site's sizes; fails when the WebAssembly is over its budget
  help                this text

Steps whose inputs did not change are skipped.";

enum Task {
    Site(Kind),
    Build(Kind),
    Bench(Vec<Part>),
    Size,
    Help,
}

fn main() -> std::process::ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some(task) = parse(&arguments) else {
        eprintln!("xtask: cannot read \"{}\"\n\n{HELP}", arguments.join(" "));
        return std::process::ExitCode::from(2);
    };
    match run(task) {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error}");
            std::process::ExitCode::FAILURE
        }
    }
}

fn parse(arguments: &[String]) -> Option<Task> {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["site"] => Some(Task::Site(Kind::Development)),
        ["site", "--release"] => Some(Task::Site(Kind::Release)),
        ["build"] => Some(Task::Build(Kind::Development)),
        ["build", "--release"] => Some(Task::Build(Kind::Release)),
        ["bench"] => Some(Task::Bench(Part::ALL.to_vec())),
        ["bench", parts @ ..] => {
            parts.iter().map(|&part| Part::from_name(part)).collect::<Option<_>>().map(Task::Bench)
        }
        ["size"] => Some(Task::Size),
        [] | ["help" | "--help" | "-h"] => Some(Task::Help),
        _ => None,
    }
}

fn run(task: Task) -> Result<()> {
    match task {
        Task::Site(kind) => site::build(kind),
        Task::Build(kind) => {
            let server = Cargo::new("build").args(["--package", "tandem", "--bin", "tandem"]);
            match kind {
                Kind::Development => beside(|| server.run(), || site::build(kind)),
                // The site is inside the binary, so that a release is one file.
                Kind::Release => {
                    site::build(kind)?;
                    server.args(["--release", "--features", "embed"]).run()
                }
            }
        }
        Task::Bench(parts) => bench::run(&parts),
        Task::Size => {
            site::build(Kind::Release)?;
            size::report(&Kind::Release.folder())
        }
        Task::Help => {
            println!("{HELP}");
            Ok(())
        }
    }
}

/// Does two things at once, each of which is seldom busy on more than one core: after a change in a page that is less to wait.
/// Both come to their end, whatever goes wrong.
fn beside(one: impl FnOnce() -> Result<()> + Send, other: impl FnOnce() -> Result<()>) -> Result<()> {
    std::thread::scope(|scope| {
        let one = scope.spawn(one);
        let other = other();
        let one = one.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        other.and(one)
    })
}
