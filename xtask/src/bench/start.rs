//! How soon the server serves on an existing database, and what memory it needs when nothing happens.

use std::time::Duration;

use super::{
    Unmeasured,
    databases::{self, Engine, LARGE},
    people::ADMINISTRATOR,
    report::{Section, Verdict, mebibytes, milliseconds},
    server::{Memory, Server},
    statistics::Times,
};

/// Starts of which the median is taken.
const STARTS: usize = 5;
/// A start may take this long.
const START_TARGET: Duration = Duration::from_secs(1);
/// How long nothing happens before memory is looked at.
const IDLE: Duration = Duration::from_secs(30);
/// An idle server may occupy this many bytes.
const MEMORY_TARGET: u64 = 60 * 1024 * 1024;

pub fn measure() -> Section {
    let mut section = Section::new("Start and memory of the release server, on the large databases");
    for engine in Engine::ALL {
        let name = engine.name();
        match start_times(engine) {
            Ok(times) => {
                let median = times.median();
                let verdict = Verdict::of(median <= START_TARGET);
                section.figure(
                    &format!("{name}: start to ready, median of {STARTS}"),
                    milliseconds(median),
                    "≤ 1 s",
                    verdict,
                );
            }
            Err(why) => section.unmeasured(&format!("{name}: start to ready"), why),
        }
        match memory(engine) {
            Ok((fresh, used)) => {
                section.figure(&format!("{name}: after the start"), text(fresh), "", Verdict::Free);
                let verdict = Verdict::of(used.resident <= MEMORY_TARGET);
                let what = format!("{name}: after a sign-in, a page and {} s idle", IDLE.as_secs());
                section.figure(&what, text(used), "RSS ≤ 60 MiB", verdict);
            }
            Err(why) => section.unmeasured(&format!("{name}: memory"), why),
        }
    }
    section
}

fn text(memory: Memory) -> String {
    format!("RSS {}, PSS {}", mebibytes(memory.resident), mebibytes(memory.proportional))
}

fn start_times(engine: Engine) -> Result<Times, Unmeasured> {
    let url = databases::url(engine, LARGE)?;
    (0..STARTS).map(|_| Server::start(&url).map(|server| server.start_took)).collect()
}

/// After the start, and after it was used once and left alone.
fn memory(engine: Engine) -> Result<(Memory, Memory), Unmeasured> {
    let server = Server::start(&databases::url(engine, LARGE)?)?;
    let fresh = server.memory()?;
    let mut administrator = server.signed_in(ADMINISTRATOR)?;
    administrator.read("/admin/accounts")?;
    std::thread::sleep(IDLE);
    Ok((fresh, server.memory()?))
}
