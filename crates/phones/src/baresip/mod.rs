//! A phone: one baresip in a folder of its own, driven over its control connection.
//!
//! To teach it a new command, look at `help` ([`Baresip::command`]) and add a method in `commands.rs`; to tell of a
//! new event, add it to [`Event`].

mod account;
mod commands;
mod control;
mod ear;
mod event;
mod listening;
mod trace;

pub use self::{
    account::{Account, Answer, Transport},
    ear::{Mark, Recording},
    event::Event,
    listening::SUMMARY,
    trace::SipMessage,
};

use std::{
    fs,
    net::SocketAddr,
    sync::{Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use tempfile::TempDir;

use self::{
    control::{Control, Vain},
    ear::Ear,
};
use crate::{Leash, PATIENCE, PhoneError, ports};

/// How often a start is tried again with another control port.
const STARTS: usize = 3;

/// How often a condition that no event tells of is looked at.
const LOOK: Duration = Duration::from_millis(20);

/// A running phone; it ends on drop, without a word to anybody.
///
/// Waits look at the events behind the last one that was waited for, pass over others, and wait for
/// [`PATIENCE`] unless a time is given.
#[derive(Debug)]
pub struct Baresip {
    // In the order of their end: the process first, the folder last.
    leash: Mutex<Leash>,
    control: Control,
    ear: Ear,
    account: Account,
    addresses: Vec<(Transport, SocketAddr)>,
    folder: TempDir,
}

impl Baresip {
    /// Starts a phone with this account; it registers at once if it has a registrar.
    ///
    /// # Errors
    ///
    /// When baresip is missing, does not start, or does not take the account.
    pub fn start(account: Account) -> Result<Self, PhoneError> {
        let line = account.line()?;
        let mut tries = STARTS;
        let phone = loop {
            tries -= 1;
            match Self::try_start(account.clone()) {
                // Another program took the port in between.
                Err(PhoneError::Gone { .. } | PhoneError::TimedOut { .. }) if tries > 0 => {}
                started => break started?,
            }
        };
        // The account comes only now, for the first events of its registration would be lost before.
        phone.command("uanew", &line)?;
        let transports = phone.command("sipstat", "")?;
        let addresses = [Transport::Udp, Transport::Tcp, Transport::Tls].map(|transport| {
            let of_it = format!(" ({})", transport.name().to_uppercase());
            let address = transports.lines().find_map(|line| line.trim().strip_suffix(&of_it)?.parse().ok());
            address.map(|address| (transport, address))
        });
        Ok(Self { addresses: addresses.into_iter().flatten().collect(), ..phone })
    }

    fn try_start(account: Account) -> Result<Self, PhoneError> {
        let folder = tempfile::Builder::new().prefix("phone-").tempdir();
        let folder = folder.map_err(PhoneError::io("a temporary folder cannot be made"))?;
        let recordings = folder.path().join("heard");
        fs::create_dir(&recordings).map_err(PhoneError::io("a phone's folder cannot be made"))?;
        let ear = Ear::listen(&recordings)?;
        let control = ports::free_on(ports::own_address())?;
        let config = account.config(control, &recordings);
        fs::write(folder.path().join("config"), config).map_err(PhoneError::io("a phone cannot be configured"))?;
        let path = folder.path().display().to_string();
        let output = folder.path().join("log");
        // Times in the names of recordings are local.
        let leash = Leash::start("baresip", ["-s", "-f", &path], folder.path(), &output, &[("TZ", "UTC")])?;
        let leash = Mutex::new(leash);
        let control = connect(&leash, control)?;
        Ok(Self { leash, control, ear, account, addresses: Vec::new(), folder })
    }

    /// Its settings.
    #[must_use]
    pub fn account(&self) -> &Account {
        &self.account
    }

    /// The address it has for this transport; none if it has no such transport (IPv6 …).
    #[must_use]
    pub fn address(&self, transport: Transport) -> Option<SocketAddr> {
        self.addresses.iter().find(|(which, _)| *which == transport).map(|(_, address)| *address)
    }

    /// Where it can be called without an exchange, by a phone of the same transport.
    #[must_use]
    pub fn uri(&self) -> String {
        let host = self.address(self.account.transport).map_or_else(String::new, |address| address.to_string());
        format!("sip:{}@{host}", self.account.user)
    }

    /// All that it logged so far, with every SIP message.
    #[must_use]
    pub fn log(&self) -> String {
        let log = self.leash().log();
        // Without the colours.
        ["\u{1b}[36;1m", "\u{1b}[31m", "\u{1b}[32m", "\u{1b}[;m"].iter().fold(log, |log, code| log.replace(code, ""))
    }

    /// The SIP messages that it sent and received so far, in order.
    #[must_use]
    pub fn messages(&self) -> Vec<SipMessage> {
        let own: Vec<SocketAddr> = self.addresses.iter().map(|(_, address)| *address).collect();
        trace::messages(&self.leash().log(), &own)
    }

    /// Waits for a SIP message sent or received, also one of the past, and gives the last such.
    ///
    /// # Errors
    ///
    /// When there is none in time.
    pub fn wait_for_message(
        &self,
        what: &str,
        matches: impl Fn(&SipMessage) -> bool,
    ) -> Result<SipMessage, PhoneError> {
        let found = self.wait_until(PATIENCE, || self.messages().into_iter().rfind(&matches))?;
        found.ok_or_else(|| self.vain(Vain::Late, what))
    }

    /// All events so far.
    #[must_use]
    pub fn events(&self) -> Vec<Event> {
        self.control.events()
    }

    /// Passes over the events that were not waited for.
    pub fn forget_events(&self) {
        self.control.forget();
    }

    /// Waits for an event for which `matches` is true; `what` says which, for the error.
    ///
    /// # Errors
    ///
    /// When it does not come in time, or the phone is gone.
    pub fn wait_for(
        &self,
        what: &str,
        timeout: Duration,
        matches: impl Fn(&Event) -> bool,
    ) -> Result<Event, PhoneError> {
        let found = self.control.wait_for(timeout, |event| matches(event).then(|| event.clone()));
        found.map_err(|vain| self.vain(vain, what))
    }

    /// Waits until the registrar has accepted it.
    ///
    /// # Errors
    ///
    /// When the registrar refused it, or does not answer.
    pub fn wait_until_registered(&self) -> Result<(), PhoneError> {
        self.wait_unless("its registration", |event| match event {
            Event::Registered => Some(Ok(())),
            Event::RegistrationFailed(reason) => Some(Err(format!("the registration failed: {reason}"))),
            _ => None,
        })
    }

    /// Waits until the registrar has refused it, and gives the reason.
    ///
    /// # Errors
    ///
    /// When the registrar accepted it.
    pub fn wait_until_refused(&self) -> Result<String, PhoneError> {
        self.wait_unless("the refusal of its registration", |event| match event {
            Event::RegistrationFailed(reason) => Some(Ok(reason.clone())),
            Event::Registered => Some(Err("it was registered".into())),
            _ => None,
        })
    }

    /// Waits until it is called, and gives the caller's URI.
    ///
    /// # Errors
    ///
    /// When nobody calls.
    pub fn wait_for_incoming(&self) -> Result<String, PhoneError> {
        self.wait_unless("a call", |event| match event {
            Event::Incoming { peer, .. } => Some(Ok(peer.clone())),
            _ => None,
        })
    }

    /// Waits until the party it called rings.
    ///
    /// # Errors
    ///
    /// When the call is over before.
    pub fn wait_until_ringing(&self) -> Result<(), PhoneError> {
        self.wait_in_call("the other side to ring", |event| matches!(event, Event::Ringing(_)))
    }

    /// Waits until the party it called sends early media.
    ///
    /// # Errors
    ///
    /// When the call is over before.
    pub fn wait_until_progress(&self) -> Result<(), PhoneError> {
        self.wait_in_call("early media", |event| matches!(event, Event::Progress(_)))
    }

    /// Waits until a call is connected.
    ///
    /// # Errors
    ///
    /// When the call is over before.
    pub fn wait_until_established(&self) -> Result<(), PhoneError> {
        self.wait_in_call("the call to be connected", |event| matches!(event, Event::Established { .. }))
    }

    /// Waits until a call is over, and gives the reason: “Connection reset by peer” is the other side's hang-up,
    /// “Connection reset by user” one's own, “486 Busy Here” the other side's refusal.
    ///
    /// # Errors
    ///
    /// When it goes on.
    pub fn wait_until_closed(&self) -> Result<String, PhoneError> {
        self.wait_unless("the end of the call", |event| match event {
            Event::Closed { reason, .. } => Some(Ok(reason.clone())),
            _ => None,
        })
    }

    /// Waits for these digits, each once and in this order, with no other among them.
    ///
    /// # Errors
    ///
    /// When another digit came, or too few.
    pub fn wait_for_digits(&self, digits: &str) -> Result<(), PhoneError> {
        for expected in digits.chars() {
            self.wait_unless(&format!("the digit {expected} of {digits}"), |event| match event {
                Event::DigitStarted { digit, .. } if *digit == expected => Some(Ok(())),
                Event::DigitStarted { digit, .. } => Some(Err(format!("the digit {digit} came"))),
                _ => None,
            })?;
        }
        Ok(())
    }

    /// All digits that have arrived so far, in order.
    #[must_use]
    pub fn digits(&self) -> String {
        let digit = |event: &Event| match event {
            Event::DigitStarted { digit, .. } => Some(*digit),
            _ => None,
        };
        self.events().iter().filter_map(digit).collect()
    }

    /// Waits for an event of a call, unless the call is over before.
    fn wait_in_call(&self, what: &str, matches: impl Fn(&Event) -> bool) -> Result<(), PhoneError> {
        self.wait_unless(what, |event| match event {
            Event::Closed { reason, .. } => Some(Err(format!("the call ended: {reason}"))),
            event => matches(event).then_some(Ok(())),
        })
    }

    /// Waits for an event that `decide` takes for the one or for its opposite.
    fn wait_unless<T>(
        &self,
        what: &str,
        decide: impl Fn(&Event) -> Option<Result<T, String>>,
    ) -> Result<T, PhoneError> {
        match self.control.wait_for(PATIENCE, decide) {
            Ok(Ok(found)) => Ok(found),
            Ok(Err(instead)) => {
                Err(PhoneError::Instead { who: self.account.user.clone(), what: what.into(), instead, log: self.log() })
            }
            Err(vain) => Err(self.vain(vain, what)),
        }
    }

    /// Looks again and again until there is something, or the time is over, or the phone is gone.
    fn wait_until<T>(&self, timeout: Duration, look: impl Fn() -> Option<T>) -> Result<Option<T>, PhoneError> {
        let deadline = Instant::now() + timeout;
        loop {
            if let Some(found) = look() {
                return Ok(Some(found));
            }
            if self.leash().ended().is_some() {
                return Err(self.gone());
            }
            if Instant::now() >= deadline {
                return Ok(None);
            }
            thread::sleep(LOOK);
        }
    }

    fn vain(&self, vain: Vain, what: &str) -> PhoneError {
        match vain {
            Vain::Late => PhoneError::TimedOut {
                who: self.account.user.clone(),
                what: what.into(),
                seen: format!("Not waited for yet: {:?}.", self.control.pending()),
                log: self.log(),
            },
            Vain::Closed => self.gone(),
        }
    }

    fn gone(&self) -> PhoneError {
        PhoneError::Gone { program: format!("baresip of {}", self.account.user), log: self.log() }
    }

    fn leash(&self) -> MutexGuard<'_, Leash> {
        self.leash.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Connects to the control port as soon as it is there.
fn connect(leash: &Mutex<Leash>, address: SocketAddr) -> Result<Control, PhoneError> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let mut leash = leash.lock().unwrap_or_else(PoisonError::into_inner);
        match Control::connect(address) {
            Ok(control) => return Ok(control),
            Err(_) if leash.ended().is_some() => {
                return Err(PhoneError::Gone { program: "baresip".into(), log: leash.log() });
            }
            Err(error) if Instant::now() >= deadline => {
                return Err(PhoneError::TimedOut {
                    who: "a phone".into(),
                    what: format!("its control port {address}"),
                    seen: error.to_string(),
                    log: leash.log(),
                });
            }
            Err(_) => drop(leash),
        }
        thread::sleep(Duration::from_millis(10));
    }
}
