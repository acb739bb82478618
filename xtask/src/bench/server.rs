//! The release server under measurement: started, asked for its memory, ended.

use std::{
    fs::File,
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use super::{Unmeasured, http::Connection, people::Person};
use crate::workspace;

/// Starting takes less, or something is broken.
const START_MAX: Duration = Duration::from_secs(60);
/// How often a starting server is asked whether it is ready.
const ASK_EVERY: Duration = Duration::from_millis(2);

/// The program that is measured.
pub fn program() -> PathBuf {
    workspace::path("target/release/tandem")
}

/// A server that serves until this is dropped.
pub struct Server {
    child: Child,
    pub address: SocketAddr,
    /// From the start of the process until it said that it is ready.
    pub start_took: Duration,
}

/// A process's memory, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Memory {
    /// All of its pages that are in memory.
    pub resident: u64,
    /// The same, pages shared with other processes counted in part.
    pub proportional: u64,
}

impl Server {
    /// Starts it on a database and waits until it is ready.
    pub fn start(database_url: &str) -> Result<Self, Unmeasured> {
        let folder = workspace::path("target/bench");
        let log_file = folder.join("server.log");
        let log = File::create(&log_file).map_err(|error| Unmeasured(format!("{}: {error}", log_file.display())))?;
        let mut command = Command::new(program());
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("TANDEM_") {
                command.env_remove(name);
            }
        }
        // In a folder without configuration, on whatever port is free.
        command.args([
            "serve",
            "--http",
            "127.0.0.1:0",
            "--sip",
            "127.0.0.1:0",
            "--data",
            ".",
            "--database",
            database_url,
        ]);
        command.current_dir(&folder).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log);
        let started = Instant::now();
        let mut child = command.spawn().map_err(|error| Unmeasured(format!("{}: {error}", program().display())))?;
        let told = child.stdout.take().map(BufReader::new).and_then(address_told);
        let Some(address) = told else {
            let _ = child.kill();
            let _ = child.wait();
            let log = std::fs::read_to_string(&log_file).unwrap_or_default();
            return Err(Unmeasured(format!("the server does not start: {}", log.trim())));
        };
        let mut server = Self { child, address, start_took: Duration::ZERO };
        while !server.is_ready() {
            if started.elapsed() > START_MAX {
                return Err(Unmeasured(format!("the server is not ready after {} s", START_MAX.as_secs())));
            }
            std::thread::sleep(ASK_EVERY);
        }
        server.start_took = started.elapsed();
        Ok(server)
    }

    fn is_ready(&self) -> bool {
        let answer = Connection::open(self.address).map(|mut connection| connection.get("/readyz"));
        matches!(answer, Ok(Ok(answer)) if answer.status == 200)
    }

    /// A connection of somebody who is signed in.
    pub fn signed_in(&self, who: Person) -> Result<Connection, Unmeasured> {
        let mut connection = self.connection()?;
        connection.sign_in(who.name, who.password)?;
        Ok(connection)
    }

    pub fn connection(&self) -> Result<Connection, Unmeasured> {
        Connection::open(self.address).map_err(|error| Unmeasured(format!("{}: {error}", self.address)))
    }

    /// What it occupies now.
    pub fn memory(&self) -> Result<Memory, Unmeasured> {
        let path = format!("/proc/{}/smaps_rollup", self.child.id());
        let text = std::fs::read_to_string(&path).map_err(|error| Unmeasured(format!("{path}: {error}")))?;
        memory_in(&text).ok_or_else(|| Unmeasured(format!("{path} does not tell Rss and Pss")))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads on until the server says where it serves; `None` when it ends before.
fn address_told(mut lines: impl BufRead + Send + 'static) -> Option<SocketAddr> {
    let mut line = String::new();
    while lines.read_line(&mut line).ok()? > 0 {
        if let Some((_, address)) = line.trim().split_once("http://") {
            let address = address.parse().ok()?;
            // A pipe that nobody reads would end the server's next word.
            std::thread::spawn(move || lines.read_to_string(&mut String::new()));
            return Some(address);
        }
        line.clear();
    }
    None
}

fn memory_in(rollup: &str) -> Option<Memory> {
    let bytes = |name: &str| {
        let line = rollup.lines().find_map(|line| line.strip_prefix(name))?;
        line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kilobytes| kilobytes * 1024)
    };
    Some(Memory { resident: bytes("Rss:")?, proportional: bytes("Pss:")? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_from_the_kernels_summary() {
        let rollup =
            "55d0-7ffc ---p 00000000 00:00 0    [rollup]\nRss:     42120 kB\nPss:     40022 kB\nPss_Dirty: 9 kB\n";
        assert_eq!(memory_in(rollup), Some(Memory { resident: 42120 * 1024, proportional: 40022 * 1024 }));
        assert_eq!(memory_in("Rss: 1 kB"), None);
    }

    #[test]
    fn the_address_is_the_one_that_the_server_tells() {
        let told = address_told("warming up\nTandem serves http://127.0.0.1:4711\n".as_bytes());
        assert_eq!(told, Some(SocketAddr::from(([127, 0, 0, 1], 4711))));
        assert_eq!(address_told("it ended\n".as_bytes()), None);
    }
}
