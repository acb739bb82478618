//! The process that is measured: started, and asked what it consumes.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use anyhow::{Context as _, Result, bail, ensure};
use serde::{Deserialize, Serialize};
use tempfile::TempDir;

use crate::{gateway::Said, media::Kind};

/// Ports for sound that a measured exchange may use: enough for calls that follow each other quickly, while those of ended calls
/// rest, and below those that the system gives to anybody (32768 and up).
pub const MEDIA_PORTS: std::ops::RangeInclusive<u16> = 10_000..=31_999;

/// Where a measured process listens: what it prints as its first line.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Ready {
    /// For SIP, one; of a bare relay, two for each call; of the engine alone, one for each party of each call who is a phone.
    pub addresses: Vec<SocketAddr>,
    /// What it says to browsers, one for each call that has one.
    #[serde(default)]
    pub browsers: Vec<Said>,
}

/// Ends the process when it is dropped.
#[derive(Debug)]
pub struct Measured {
    child: Child,
    /// Deleted when the process has ended.
    data: Option<TempDir>,
    /// Where it listens.
    pub addresses: Vec<SocketAddr>,
    /// What it says to browsers.
    pub browsers: Vec<Said>,
}

/// What a process has consumed.
#[derive(Debug, Clone, Copy)]
pub struct Consumed {
    /// On processors, in the kernel's part too.
    pub cpu: Duration,
    /// How often its threads waited for something and were woken.
    pub wakes: u64,
}

impl Consumed {
    /// What was consumed since then.
    #[must_use]
    pub fn since(self, before: Self) -> Self {
        Self { cpu: self.cpu.saturating_sub(before.cpu), wakes: self.wakes.saturating_sub(before.wakes) }
    }

    /// This and that.
    #[must_use]
    pub fn and(self, more: Self) -> Self {
        Self { cpu: self.cpu + more.cpu, wakes: self.wakes + more.wakes }
    }
}

impl Measured {
    /// The bare relay.
    ///
    /// # Errors
    /// It does not start.
    pub fn bare(calls: usize, threads: usize) -> Result<Self> {
        Self::own(&["bare", "--calls", &calls.to_string(), "--threads", &threads.to_string()], None)
    }

    /// The bare relay that encrypts.
    ///
    /// # Errors
    /// It does not start.
    pub fn sealed(calls: usize, threads: usize) -> Result<Self> {
        Self::own(&["sealed", "--calls", &calls.to_string(), "--threads", &threads.to_string()], None)
    }

    /// The media engine alone, with browsers that talk to phones, a manager's whisper in each call or not.
    ///
    /// # Errors
    /// It does not start.
    pub fn gateway(calls: usize, whispered: bool) -> Result<Self> {
        let calls = calls.to_string();
        let arguments = ["gateway", "--calls", &calls].into_iter().chain(whispered.then_some("--whispered"));
        Self::own(&arguments.collect::<Vec<_>>(), None)
    }

    /// The exchange, with this address as its trunk.
    ///
    /// # Errors
    /// It does not start.
    pub fn exchange(trunk: SocketAddr) -> Result<Self> {
        let data = tempfile::Builder::new().prefix("tandem-load-").tempdir()?;
        let folder = data.path().to_string_lossy().into_owned();
        Self::own(&["host", "--trunk", &trunk.to_string(), "--data", &folder], Some(data))
    }

    /// The media engine alone, with calls of this kind.
    ///
    /// # Errors
    /// It does not start.
    pub fn media(calls: usize, kind: &Kind) -> Result<Self> {
        let data = tempfile::Builder::new().prefix("tandem-load-").tempdir()?;
        let (calls, folder) = (calls.to_string(), data.path().to_string_lossy().into_owned());
        let mut arguments = vec!["media", "--calls", &calls, "--data", &folder];
        kind.arguments().for_each(|argument| arguments.push(argument));
        Self::own(&arguments, Some(data))
    }

    /// Starts this very program with another command.
    fn own(arguments: &[&str], data: Option<TempDir>) -> Result<Self> {
        let program = std::env::current_exe().context("where is this program?")?;
        let mut command = Command::new(program);
        command.args(arguments);
        // It ends itself when its input does, should we end without dropping it.
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().context("what is to be measured does not start")?;
        let mut line = String::new();
        if let Some(stdout) = child.stdout.take() {
            BufReader::new(stdout).read_line(&mut line)?;
        }
        let Ok(Ready { addresses, browsers }) = serde_json::from_str(&line) else {
            let _ = child.kill();
            let _ = child.wait();
            bail!("what is to be measured does not start: it says {line:?}");
        };
        Ok(Self { child, data, addresses, browsers })
    }

    /// Where the parties of calls send: for each of so many parties, the addresses of all calls.
    #[must_use]
    pub fn by_party(&self, parties: usize) -> Vec<Vec<SocketAddr>> {
        (0..parties).map(|party| self.addresses.iter().copied().skip(party).step_by(parties).collect()).collect()
    }

    /// Tells it a line.
    ///
    /// # Errors
    /// It is gone.
    pub fn tell(&mut self, line: &str) -> Result<()> {
        let mut input = self.child.stdin.as_ref().context("its input has ended")?;
        Ok(writeln!(input, "{line}")?)
    }

    /// Lets it end in order, and gives the folder that it wrote into.
    ///
    /// # Errors
    /// It fails, or has no folder.
    pub fn finish(mut self) -> Result<TempDir> {
        drop(self.child.stdin.take());
        let status = self.child.wait()?;
        ensure!(status.success(), "what was measured ends with {status}");
        self.data.take().context("it has no folder")
    }

    /// What it has consumed so far.
    ///
    /// # Errors
    /// It is gone.
    pub fn consumed(&self) -> Result<Consumed> {
        consumed(self.child.id())
    }

    /// Bytes of its memory that are in use.
    ///
    /// # Errors
    /// It is gone.
    pub fn resident(&self) -> Result<u64> {
        let path = format!("/proc/{}/status", self.child.id());
        let status = std::fs::read_to_string(&path).context(path)?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
        let kilobytes: u64 = line.trim().trim_end_matches("kB").trim().parse()?;
        Ok(kilobytes * 1024)
    }
}

impl Drop for Measured {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What this process itself has consumed so far.
///
/// # Errors
/// `/proc` is not there.
pub fn own() -> Result<Consumed> {
    consumed(std::process::id())
}

fn consumed(id: u32) -> Result<Consumed> {
    let folder = format!("/proc/{id}");
    let stat = std::fs::read_to_string(Path::new(&folder).join("stat")).with_context(|| folder.clone())?;
    let ticks = ticks(&stat).context("cannot read the processor time")?;
    let per_second = rustix::param::clock_ticks_per_second();
    let mut wakes = 0;
    for task in std::fs::read_dir(Path::new(&folder).join("task"))? {
        // A thread may have ended meanwhile.
        let status = std::fs::read_to_string(task?.path().join("status")).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
        wakes += line.and_then(|line| line.trim().parse::<u64>().ok()).unwrap_or_default();
    }
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let cpu = Duration::from_secs_f64(ticks as f64 / per_second as f64);
    Ok(Consumed { cpu, wakes })
}

/// User's and system's ticks (proc(5), fields 14 and 15). The name before them may hold anything, and ends with the last
/// parenthesis.
fn ticks(stat: &str) -> Option<u64> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some(user + system)
}

/// As many open files as the system lets us have.
pub fn raise_file_limit() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    let _ = setrlimit(Resource::Nofile, limit);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processor_time_is_read_past_any_name() {
        let stat = "4711 (a (b) c) S 1 2 3 4 5 6 7 8 9 10 30 12 0 0 20 0 1 0";
        assert_eq!(ticks(stat), Some(42));
        assert_eq!(ticks(""), None);
        assert!(own().is_ok());
    }
}
