//! One scripted party: a sipp that plays a scenario message by message, as caller or as called.
//!
//! The scenarios of this crate know these keys: `user` (whose call it is, by [`Sipp::user`]), `domain` (what stands
//! behind the `@`; the target, unless given by [`Sipp::key`]), `[service]` (who is called, by [`Sipp::call`]), and the
//! files `tone.ulaw`, one second of the party's tone, and `digits.ulaw`, the keys it presses by [`Sipp::digits`].

use std::{
    collections::BTreeMap,
    fs,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use tempfile::TempDir;

use crate::{Leash, PATIENCE, PhoneError, ports, tones};

/// The sound that a scenario sends with `rtp_stream="tone.ulaw,-1,0"`.
const TONE: &str = "tone.ulaw";

/// The digits that a scenario sends as tones with `rtp_stream="digits.ulaw,1,0"`.
const DIGITS: &str = "digits.ulaw";

/// The keys that every scenario may use, unless they are given.
const DEFAULTS: [(&str, &str); 3] = [("user", "sipp"), ("expires", "120"), ("rel", "Supported")];

/// A scenario and what it is played with.
#[derive(Debug, Clone)]
pub struct Sipp {
    scenario: PathBuf,
    keys: BTreeMap<String, String>,
    secrets: Option<(String, String)>,
    service: Option<String>,
    records: Option<String>,
    address: IpAddr,
    port: Option<u16>,
    tcp: bool,
    tone: u32,
    digits: String,
    calls: u32,
    rate: Option<u32>,
    talk: Duration,
    timeout: Duration,
    arguments: Vec<String>,
}

impl Sipp {
    /// Plays the scenario in this file once, over UDP from 127.0.0.1, with a tone of 1,700 Hz.
    #[must_use]
    pub fn new(scenario: impl AsRef<Path>) -> Self {
        Self {
            scenario: scenario.as_ref().into(),
            keys: DEFAULTS.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect(),
            secrets: None,
            service: None,
            records: None,
            address: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port: None,
            tcp: false,
            tone: 1700,
            digits: "1".into(),
            calls: 1,
            rate: None,
            talk: Duration::from_millis(500),
            timeout: PATIENCE,
            arguments: Vec::new(),
        }
    }

    /// Calls as this user, who answers challenges with this password.
    #[must_use]
    pub fn user(mut self, user: &str, password: &str) -> Self {
        self.secrets = Some((user.into(), password.into()));
        self.key("user", user)
    }

    /// Calls this number.
    #[must_use]
    pub fn call(mut self, number: &str) -> Self {
        self.service = Some(number.into());
        self
    }

    /// Puts this value in place of `[key]` in the scenario.
    #[must_use]
    pub fn key(mut self, key: &str, value: &str) -> Self {
        self.keys.insert(key.into(), value.into());
        self
    }

    /// Puts the columns of these lines (`;` between them) in place of `[field0]`, `[field1]` …, a line a call. The
    /// first line says `SEQUENTIAL`, `RANDOM` or `USER`.
    #[must_use]
    pub fn records(mut self, csv: &str) -> Self {
        self.records = Some(csv.into());
        self
    }

    /// Is at this address of this machine.
    #[must_use]
    pub fn address(mut self, address: impl Into<IpAddr>) -> Self {
        self.address = address.into();
        self
    }

    /// Is at this port; otherwise it takes a free one.
    #[must_use]
    pub fn port(mut self, port: u16) -> Self {
        self.port = Some(port);
        self
    }

    /// Speaks TCP.
    #[must_use]
    pub fn tcp(mut self) -> Self {
        self.tcp = true;
        self
    }

    /// Speaks with this frequency, in whole Hz, at −6 dBFS.
    #[must_use]
    pub fn tone(mut self, hz: u32) -> Self {
        self.tone = hz;
        self
    }

    /// Presses these keys, as tones, in a scenario that does: `uac-no-events.xml`.
    #[must_use]
    pub fn digits(mut self, digits: &str) -> Self {
        self.digits = digits.into();
        self
    }

    /// Plays the scenario so often; nearly all at once unless there is a [`Sipp::rate`].
    #[must_use]
    pub fn calls(mut self, calls: u32) -> Self {
        self.calls = calls;
        self
    }

    /// Starts so many calls a second.
    #[must_use]
    pub fn rate(mut self, calls_a_second: u32) -> Self {
        self.rate = Some(calls_a_second);
        self
    }

    /// Makes the pauses of the scenario so long, those with a length of their own apart.
    #[must_use]
    pub fn talk(mut self, pause: Duration) -> Self {
        self.talk = pause;
        self
    }

    /// Gives up after this time, in whole seconds.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Has this argument of sipp's as well: `-rtp_echo`, `-aa`.
    #[must_use]
    pub fn argument(mut self, argument: &str) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// Plays a scenario that sends first, to the end.
    ///
    /// # Errors
    ///
    /// When sipp is missing, cannot be started, or does not end. A scenario that fails is an [`Outcome`].
    pub fn run(&self, target: SocketAddr) -> Result<Outcome, PhoneError> {
        self.start(target)?.wait()
    }

    /// Begins to play a scenario that sends first.
    ///
    /// # Errors
    ///
    /// When sipp is missing or cannot be started.
    pub fn start(&self, target: SocketAddr) -> Result<Serving, PhoneError> {
        self.begin(Some(target))
    }

    /// Begins to play a scenario that waits for a request, and returns when its port is bound.
    ///
    /// # Errors
    ///
    /// When sipp is missing, cannot be started, or does not bind its port.
    pub fn serve(&self) -> Result<Serving, PhoneError> {
        let mut serving = self.begin(None)?;
        let deadline = Instant::now() + PATIENCE;
        let bound = if self.tcp { ports::is_listening_tcp } else { ports::is_bound_udp };
        while !bound(serving.address) {
            if serving.leash.ended().is_some() || Instant::now() >= deadline {
                return Err(PhoneError::Gone { program: "sipp".into(), log: serving.log() });
            }
            thread::sleep(Duration::from_millis(10));
        }
        Ok(serving)
    }

    fn begin(&self, target: Option<SocketAddr>) -> Result<Serving, PhoneError> {
        let folder = tempfile::Builder::new().prefix("sipp-").tempdir();
        let folder = folder.map_err(PhoneError::io("a temporary folder cannot be made"))?;
        let write = |name: &str, bytes: &[u8]| {
            fs::write(folder.path().join(name), bytes).map_err(PhoneError::io(format!("{name} cannot be written")))
        };
        let tone = tones::sine(8000, f64::from(self.tone), -6.0, Duration::from_secs(1));
        for (name, sound) in [(TONE, tone), (DIGITS, tones::dtmf(8000, &self.digits))] {
            write(name, &sound.into_iter().map(tones::ulaw).collect::<Vec<_>>())?;
        }
        if let Some(records) = &self.records {
            write("records.csv", records.as_bytes())?;
        }
        let address = SocketAddr::new(self.address, self.port.map_or_else(|| ports::free(self.address), Ok)?);
        let output = folder.path().join("output");
        let leash = Leash::start("sipp", self.arguments(address, target), folder.path(), &output, &[])?;
        Ok(Serving { leash, folder, address, tcp: self.tcp, timeout: self.timeout })
    }

    fn arguments(&self, address: SocketAddr, target: Option<SocketAddr>) -> Vec<String> {
        let host = address.ip().to_string();
        let scenario = fs::canonicalize(&self.scenario).unwrap_or_else(|_| self.scenario.clone());
        let mut arguments = Vec::new();
        let mut add = |words: &[&str]| arguments.extend(words.iter().map(|word| (*word).to_owned()));
        add(&["-sf", &scenario.display().to_string(), "-nostdin", "-bind_local"]);
        add(&["-i", &host, "-mi", &host, "-ci", &host, "-p", &address.port().to_string()]);
        add(&["-t", if self.tcp { "t1" } else { "u1" }]);
        // Sipp begins its first call only after a call's share of a second: so all are begun in a twentieth.
        let rate = self.rate.unwrap_or_else(|| self.calls.max(1).saturating_mul(20));
        add(&["-m", &self.calls.to_string(), "-l", &self.calls.to_string(), "-r", &rate.to_string()]);
        add(&["-d", &self.talk.as_millis().to_string()]);
        add(&["-timeout", &format!("{}s", self.timeout.as_secs().max(1)), "-timeout_error"]);
        add(&["-trace_err", "-error_file", "errors.log", "-trace_msg", "-message_file", "messages.log"]);
        add(&["-trace_screen", "-screen_file", "screen.log", "-trace_stat", "-stf", "counts.csv", "-fd", "1"]);
        if let Some((user, password)) = &self.secrets {
            add(&["-au", user, "-ap", password]);
        }
        let mut keys = self.keys.clone();
        if let Some(target) = target {
            keys.entry("domain".into()).or_insert_with(|| target.to_string());
        }
        if let Some(service) = &self.service {
            add(&["-s", service]);
        }
        if let Some(domain) = keys.get("domain") {
            let of_service = self.service.as_ref().map(|service| format!("{service}@{domain}"));
            // The digest is made over the Request-URI (RFC 7616 §3.4.3), which sipp does not look up by itself.
            add(&["-auth_uri", &of_service.unwrap_or_else(|| domain.clone())]);
        }
        for (key, value) in &keys {
            add(&["-key", key, value]);
        }
        if self.records.is_some() {
            add(&["-inf", "records.csv"]);
        }
        arguments.extend(self.arguments.iter().cloned());
        arguments.extend(target.map(|target| target.to_string()));
        arguments
    }
}

/// A scenario that is being played; it ends on drop.
#[derive(Debug)]
pub struct Serving {
    // In the order of their end.
    leash: Leash,
    folder: TempDir,
    address: SocketAddr,
    tcp: bool,
    timeout: Duration,
}

impl Serving {
    /// Where it is.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it can be called.
    #[must_use]
    pub fn uri(&self) -> String {
        format!("sip:sipp@{}", self.address)
    }

    /// Registers it as this user at a registrar that challenges, so that calls to the user reach it.
    ///
    /// # Errors
    ///
    /// When the registrar refuses.
    pub fn register(&self, user: &str, password: &str, registrar: SocketAddr) -> Result<(), PhoneError> {
        let contact = format!("{};transport={}", self.address, if self.tcp { "TCP" } else { "UDP" });
        let other = Sipp::new(crate::scenario("register-contact.xml")).user(user, password).key("contact", &contact);
        other.run(registrar)?.success().map(drop)
    }

    /// The messages sent and received so far, with times: `UDP message sent …`, `UDP message received …`.
    #[must_use]
    pub fn messages(&self) -> String {
        self.read("messages.log")
    }

    /// What it complained of and all messages, for the reader of a failed test.
    #[must_use]
    pub fn log(&self) -> String {
        let output = self.leash.log();
        let said = if self.read("screen.log").is_empty() { output } else { String::new() };
        format!("{said}\n{}\n{}", self.read("errors.log"), self.messages())
    }

    /// Waits until the scenario is over.
    ///
    /// # Errors
    ///
    /// When it does not end by its timeout.
    pub fn wait(mut self) -> Result<Outcome, PhoneError> {
        match self.leash.wait(self.timeout + PATIENCE) {
            Some(status) => Ok(self.outcome(status.code())),
            None => Err(PhoneError::TimedOut {
                who: "sipp".into(),
                what: "the end of its scenario".into(),
                seen: String::new(),
                log: self.log(),
            }),
        }
    }

    /// Waits until this text is in the messages.
    ///
    /// # Errors
    ///
    /// When the scenario is over before.
    pub fn wait_for(&mut self, text: &str) -> Result<(), PhoneError> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            // The end is looked at first: what was written before it is then seen.
            let ended = self.leash.ended().is_some();
            if self.messages().contains(text) {
                return Ok(());
            }
            if ended || Instant::now() >= deadline {
                return Err(PhoneError::TimedOut {
                    who: "sipp".into(),
                    what: format!("“{text}” in its messages"),
                    seen: if ended { "Its scenario is over.".into() } else { String::new() },
                    log: self.log(),
                });
            }
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Ends it now, and gives what it did so far.
    #[must_use]
    pub fn stop(mut self) -> Outcome {
        self.leash.stop();
        self.outcome(None)
    }

    fn outcome(&self, code: Option<i32>) -> Outcome {
        Outcome {
            code,
            counters: counters(&self.read("counts.csv")),
            screen: self.read("screen.log"),
            errors: self.read("errors.log"),
            messages: self.messages(),
            output: self.leash.log(),
        }
    }

    fn read(&self, name: &str) -> String {
        let bytes = fs::read(self.folder.path().join(name));
        bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
    }
}

/// How a scenario ended.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// Sipp's exit code: 0 if all calls went as written, 1 if one did not, 99 if there was none, 255 for an error;
    /// none if it was stopped.
    pub code: Option<i32>,
    /// Sipp's counters at the end: `SuccessfulCall`, `FailedCall`, `Retransmissions` …
    pub counters: BTreeMap<String, u64>,
    /// Its last screen.
    pub screen: String,
    /// What it complained of.
    pub errors: String,
    /// All messages.
    pub messages: String,
    /// What it said on its terminal.
    pub output: String,
}

impl Outcome {
    /// Itself, if all calls went as written.
    ///
    /// # Errors
    ///
    /// When one did not: with what sipp complained of and all messages.
    pub fn success(self) -> Result<Self, PhoneError> {
        if self.code == Some(0) && self.counter("SuccessfulCall") > 0 && self.counter("FailedCall") == 0 {
            return Ok(self);
        }
        let output = if self.errors.is_empty() { self.output.as_str() } else { "" };
        Err(PhoneError::Instead {
            who: "sipp".into(),
            what: "its scenario to go as written".into(),
            instead: format!("it ended with code {:?}", self.code),
            log: format!("{output}\n{}\n{}", self.errors, self.messages),
        })
    }

    /// A counter of sipp's; 0 if there is none of this name.
    #[must_use]
    pub fn counter(&self, name: &str) -> u64 {
        self.counters.get(name).copied().unwrap_or(0)
    }

    /// The statuses of the responses that it received, in order, repeated ones too.
    #[must_use]
    pub fn received(&self) -> Vec<u16> {
        self.lines_received().filter_map(|line| line.strip_prefix("SIP/2.0 ")?.get(..3)?.parse().ok()).collect()
    }

    fn lines_received(&self) -> impl Iterator<Item = &str> {
        let mut received = false;
        self.messages.lines().filter(move |line| {
            if line.contains(" message sent ") || line.contains(" message received ") {
                received = line.contains(" message received ");
            }
            received
        })
    }
}

/// The cumulative counters in the last line of sipp's statistics, without their `(C)`.
fn counters(csv: &str) -> BTreeMap<String, u64> {
    let mut lines = csv.lines();
    let names = lines.next().unwrap_or_default().split(';');
    let values = lines.next_back().unwrap_or_default().split(';');
    let cumulative = |(name, value): (&str, &str)| Some((name.strip_suffix("(C)")?.to_owned(), value.parse().ok()?));
    names.zip(values).filter_map(cumulative).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_of_the_statistics_counts() {
        let csv = "Time;SuccessfulCall(P);SuccessfulCall(C);FailedCall(C);\nx;1;1;0;\ny;0;7;2;\n";
        let counters = counters(csv);
        assert_eq!(counters, BTreeMap::from([("SuccessfulCall".into(), 7), ("FailedCall".into(), 2)]));
    }

    #[test]
    fn statuses_are_those_received() {
        let messages = "UDP message sent (12 bytes):\n\nSIP/2.0 100 Trying\n\n\
                        UDP message received [12] bytes :\n\nSIP/2.0 486 Busy Here\n";
        let outcome = Outcome { messages: messages.into(), ..Outcome::default() };
        assert_eq!(outcome.received(), [486]);
    }
}
