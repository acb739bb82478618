//! How are calls made and taken? Both ends of each call are here: a carrier, from whom the calls come by the trunk, or phones that
//! prove in each call who they are; and the phone of extension 744, which takes them at once. Between them is the exchange, or nothing at all for comparison.
//!
//! Whoever gets no answer sends again after T1 (RFC 3261 §17.1.1.2, §17.1.2.2, §13.3.1.4) and is counted; so is what the
//! exchange sends again, which is what comes a second time.

mod proving;
mod registering;

use std::{
    collections::{BTreeMap, HashMap},
    fmt::Write as _,
    io,
    net::{Ipv4Addr, SocketAddr, UdpSocket},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use rustix::net::sockopt::set_socket_recv_buffer_size;

use crate::{
    figures::Times,
    text::{Seen, description},
    wait::Waiter,
};

/// The time after which an unanswered message is sent again.
const T1: Duration = Duration::from_millis(500);
/// The longest time between two of the same message.
const T2: Duration = Duration::from_secs(4);
/// The time after which a call without an answer has failed.
const PATIENCE: Duration = Duration::from_secs(10);
/// The number that the demonstration gives to extension 744.
const NUMBER: &str = "+3225550744";
/// The phone's user, and the password of everybody in the demonstration.
const PHONE: (&str, &str) = ("abc744", "tandem-demo");
/// The phones' users that call, in turn.
const CALLERS: [&str; 4] = ["abc701", "abc702", "abc745", "abc746"];
/// Where no sound goes.
pub const NOWHERE: SocketAddr = SocketAddr::V4(std::net::SocketAddrV4::new(Ipv4Addr::LOCALHOST, 9));
/// Messages that are read before others have their turn.
const AT_ONCE: usize = 64;

/// Who calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// A carrier, which is the exchange's trunk.
    Carrier,
    /// Phones, which are asked for their password in each call.
    Phones,
}

/// How a call goes on once it is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Length {
    /// The carrier hangs up at once.
    Short,
    /// It goes on until [`Calls::hang_up`].
    Long,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Calling,
    /// The other end has told that it is busy with it: no need to send again.
    Proceeding,
    Talking,
    HangingUp,
    Done,
}

/// A call, seen by who calls.
#[derive(Debug)]
struct Call {
    state: State,
    began: Instant,
    /// The `Authorization` line, once it is asked for, and the number of the INVITE.
    proof: String,
    sequence: u32,
    /// `To` with its tag, and where requests go within the dialog.
    remote: Option<Box<(String, String)>>,
}

/// A call, seen by the phone: its answer until that is acknowledged.
#[derive(Debug)]
struct Taken {
    answer: Option<String>,
    to: SocketAddr,
}

/// What is sent again unless it is answered.
#[derive(Debug)]
enum Waiting {
    Invite(usize),
    Bye(usize),
    /// The phone's answer in the dialog of this `Call-ID`.
    Answer(String),
}

/// What became of the calls so far.
#[derive(Debug, Clone, Default)]
pub struct Sums {
    /// Calls begun.
    pub begun: u64,
    /// Answered.
    pub answered: u64,
    /// Answered, and hung up in order.
    pub ended: u64,
    /// Refused, or not answered in time.
    pub failed: u64,
    /// Messages that we sent again.
    pub sent_again: u64,
    /// Messages that came again.
    pub came_again: u64,
    /// Calls that were asked for a proof.
    pub challenged: u64,
    /// From the first INVITE to its 200.
    pub times: Times,
}

/// The ends of all calls.
pub struct Calls {
    carrier: UdpSocket,
    phone: UdpSocket,
    carrier_at: SocketAddr,
    phone_at: SocketAddr,
    /// Where the carrier's calls go.
    to: SocketAddr,
    /// Who calls from now on.
    pub who: Who,
    /// How calls that are answered from now on go on.
    pub length: Length,
    /// Ports for sound: of the carrier's ends, of the phone's, each used for several calls in turn.
    ports: Vec<Vec<u16>>,
    calls: Vec<Call>,
    taken: HashMap<String, Taken>,
    taken_count: usize,
    /// When, in what order, after what pause, what.
    again: BTreeMap<(Instant, u64), (Duration, Waiting)>,
    again_count: u64,
    waiter: Waiter,
    out: String,
    /// Where the exchange wants sound: of the carrier's ends by number, and of the phone's in the order in which they came. For
    /// long calls alone.
    pub media: [Vec<SocketAddr>; 2],
    /// What became of them.
    pub sums: Sums,
}

/// The sockets, before it is known where calls go.
#[derive(Debug)]
pub struct Ends {
    carrier: UdpSocket,
    phone: UdpSocket,
}

impl Ends {
    /// Opens them.
    ///
    /// # Errors
    /// The system gives none.
    pub fn open() -> io::Result<Self> {
        let open = || {
            let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
            socket.set_nonblocking(true)?;
            // As much as the system allows; less is no fault.
            let _ = set_socket_recv_buffer_size(&socket, 4 << 20);
            io::Result::Ok(socket)
        };
        Ok(Self { carrier: open()?, phone: open()? })
    }

    /// The carrier's address, which is the exchange's trunk.
    ///
    /// # Errors
    /// What the system says.
    pub fn trunk(&self) -> io::Result<SocketAddr> {
        self.carrier.local_addr()
    }
}

impl Calls {
    /// Calls through the exchange at this address, where the phone registers first. `ports` are those for sound: of the carrier's
    /// ends, and of the phone's.
    ///
    /// # Errors
    /// The phone cannot register.
    pub fn through(exchange: SocketAddr, ends: Ends, length: Length, ports: Vec<Vec<u16>>) -> Result<Self> {
        let mut calls = Self::new(ends, length, ports)?;
        calls.to = exchange;
        calls.register().context("the phone cannot register")?;
        Ok(calls)
    }

    /// Calls from the carrier straight to the phone.
    ///
    /// # Errors
    /// What the system says.
    pub fn direct(ends: Ends, length: Length) -> Result<Self> {
        Self::new(ends, length, vec![vec![9]; 2])
    }

    fn new(ends: Ends, length: Length, ports: Vec<Vec<u16>>) -> Result<Self> {
        let Ends { carrier, phone } = ends;
        let mut waiter = Waiter::new()?;
        waiter.add(&carrier, 0)?;
        waiter.add(&phone, 1)?;
        waiter.beat(Duration::from_micros(500))?;
        let (carrier_at, phone_at) = (carrier.local_addr()?, phone.local_addr()?);
        Ok(Self {
            carrier,
            phone,
            carrier_at,
            phone_at,
            to: phone_at,
            who: Who::Carrier,
            length,
            ports,
            calls: Vec::new(),
            taken: HashMap::new(),
            taken_count: 0,
            again: BTreeMap::new(),
            again_count: 0,
            waiter,
            out: String::with_capacity(2048),
            media: [Vec::new(), Vec::new()],
            sums: Sums::default(),
        })
    }

    /// Calls that are neither done nor failed.
    #[must_use]
    pub const fn open(&self) -> u64 {
        self.sums.begun.saturating_sub(self.sums.ended + self.sums.failed)
    }

    /// Begins a call.
    pub fn begin(&mut self, now: Instant) {
        let call = self.calls.len();
        self.calls.push(Call { state: State::Calling, began: now, proof: String::new(), sequence: 1, remote: None });
        if self.length == Length::Long {
            self.media[0].push(NOWHERE);
        }
        self.sums.begun += 1;
        self.invite(call);
        self.wait_for(now, T1, Waiting::Invite(call));
    }

    /// Hangs up a call, by its place among those begun, if it goes on.
    pub fn end(&mut self, now: Instant, call: usize) {
        if self.calls.get(call).is_some_and(|call| call.state == State::Talking) {
            self.bye(now, call);
        }
    }

    /// Hangs up all calls that go on.
    pub fn hang_up(&mut self, now: Instant) {
        for call in 0..self.calls.len() {
            if self.calls[call].state == State::Talking {
                self.bye(now, call);
            }
        }
    }

    /// Waits for messages, at most this many milliseconds or until the next half millisecond; does what they and the time ask for.
    ///
    /// # Errors
    /// A socket is broken.
    pub fn step(&mut self, milliseconds: u32) -> io::Result<()> {
        let ready: [bool; 2] = self.waiter.wait(milliseconds)?.fold([false; 2], |mut ready, key| {
            ready[key & 1] = true;
            ready
        });
        let mut buffer = [0; 4096];
        for _ in 0..AT_ONCE {
            let Some((length, _)) = ready[0].then(|| self.carrier.recv_from(&mut buffer).ok()).flatten() else { break };
            if let Some(seen) = Seen::read(&buffer[..length]) {
                self.carrier_got(&seen);
            }
        }
        for _ in 0..AT_ONCE {
            let Some((length, from)) = ready[1].then(|| self.phone.recv_from(&mut buffer).ok()).flatten() else {
                break;
            };
            if let Some(seen) = Seen::read(&buffer[..length]) {
                self.phone_got(&seen, from);
            }
        }
        self.send_again(Instant::now());
        Ok(())
    }

    fn port(&self, end: usize, number: usize) -> u16 {
        let ports = &self.ports[end];
        ports[number % ports.len()]
    }

    /// Sends what was written, from the carrier.
    fn send(&self, to: SocketAddr) {
        // What is not sent is sent again, and counted.
        let _ = self.carrier.send_to(self.out.as_bytes(), to);
    }

    fn invite(&mut self, call: usize) {
        let body = description(self.port(0, call));
        let (carrier, to, from) = (self.carrier_at, self.to, self.from(call));
        let (number, Call { proof, sequence, .. }) = (self.number(), &self.calls[call]);
        self.out.clear();
        let _ = write!(
            self.out,
            "INVITE sip:{number}@{to} SIP/2.0\r\nVia: SIP/2.0/UDP {carrier};branch=z9hG4bKi{sequence}-{call};rport\r\n\
             From: {from}\r\nTo: <sip:{number}@{to}>\r\nCall-ID: load-{call}\r\n\
             CSeq: {sequence} INVITE\r\nContact: <sip:load@{carrier}>\r\nMax-Forwards: 70\r\n{proof}\
             Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        self.send(to);
    }

    /// ACK or BYE within the dialog.
    fn inside(&mut self, call: usize, method: &str) {
        let (carrier, to, from) = (self.carrier_at, self.to, self.from(call));
        let Call { remote, sequence, .. } = &self.calls[call];
        let Some((remote, target)) = remote.as_deref() else { return };
        let sequence = sequence + u32::from(method == "BYE");
        self.out.clear();
        let _ = write!(
            self.out,
            "{method} {target} SIP/2.0\r\nVia: SIP/2.0/UDP {carrier};branch=z9hG4bK{method}{call};rport\r\n\
             From: {from}\r\nTo: {remote}\r\nCall-ID: load-{call}\r\n\
             CSeq: {sequence} {method}\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
        );
        self.send(to);
    }

    fn bye(&mut self, now: Instant, call: usize) {
        self.calls[call].state = State::HangingUp;
        self.inside(call, "BYE");
        self.wait_for(now, T1, Waiting::Bye(call));
    }

    fn carrier_got(&mut self, seen: &Seen<'_>) {
        let now = Instant::now();
        let number = seen.call_id.strip_prefix("load-").and_then(|number| number.parse::<usize>().ok());
        let Some(number) = number.filter(|number| *number < self.calls.len()) else { return };
        let is_invite = seen.cseq.ends_with("INVITE");
        let is_to_prove = self.is_to_prove(number);
        let call = &mut self.calls[number];
        match (call.state, seen.status) {
            // The exchange has hung up: its BYE.
            (_, 0) => {
                let answer = response(seen, 200, "OK", "", "", "");
                let _ = self.carrier.send_to(answer.as_bytes(), self.to);
                if std::mem::replace(&mut call.state, State::Done) != State::Done {
                    self.sums.failed += 1;
                }
            }
            (State::Calling | State::Proceeding, 401) if is_to_prove => self.prove(number, seen),
            (State::Calling, 100..=199) => call.state = State::Proceeding,
            (State::Calling | State::Proceeding, 200..=299) => {
                call.state = State::Talking;
                call.remote = Some(Box::new((seen.to.to_owned(), seen.contact.to_owned())));
                self.sums.answered += 1;
                self.sums.times.add(now - call.began);
                if self.length == Length::Long {
                    self.media[0][number] = seen.media().unwrap_or(NOWHERE);
                }
                self.inside(number, "ACK");
                if self.length == Length::Short {
                    self.bye(now, number);
                }
            }
            (State::Calling | State::Proceeding, 300..) => {
                call.state = State::Done;
                call.remote = Some(Box::new((seen.to.to_owned(), format!("sip:{NUMBER}@{}", self.to))));
                self.sums.failed += 1;
                self.inside(number, "ACK");
            }
            (State::HangingUp, 200..) if !is_invite => {
                call.state = State::Done;
                call.remote = None;
                self.sums.ended += 1;
            }
            (State::Talking | State::HangingUp | State::Done, 200..) => {
                self.sums.came_again += 1;
                if is_invite {
                    self.inside(number, "ACK");
                }
            }
            (State::Proceeding | State::Talking | State::HangingUp | State::Done, _) | (State::Calling, 1..=99) => {}
        }
    }

    fn phone_got(&mut self, seen: &Seen<'_>, from: SocketAddr) {
        match seen.method {
            Some("INVITE") => {
                if let Some(taken) = self.taken.get(seen.call_id) {
                    self.sums.came_again += 1;
                    let answer = taken.answer.as_deref().unwrap_or_default();
                    let _ = self.phone.send_to(answer.as_bytes(), from);
                    return;
                }
                if self.length == Length::Long {
                    self.media[1].push(seen.media().unwrap_or(NOWHERE));
                }
                let number = self.taken_count;
                self.taken_count += 1;
                let body = description(self.port(1, number));
                let contact = format!("Contact: <sip:{}@{}>\r\n", PHONE.0, self.phone_at);
                let answer = response(seen, 200, "OK", &format!(";tag=p{number}"), &contact, &body);
                let _ = self.phone.send_to(answer.as_bytes(), from);
                self.taken.insert(seen.call_id.to_owned(), Taken { answer: Some(answer), to: from });
                self.wait_for(Instant::now(), T1, Waiting::Answer(seen.call_id.to_owned()));
            }
            Some("ACK") => {
                if let Some(taken) = self.taken.get_mut(seen.call_id) {
                    taken.answer = None;
                }
            }
            Some("BYE") => {
                if self.taken.remove(seen.call_id).is_none() {
                    self.sums.came_again += 1;
                }
                let answer = response(seen, 200, "OK", "", "", "");
                let _ = self.phone.send_to(answer.as_bytes(), from);
            }
            Some(_) | None => {}
        }
    }

    fn wait_for(&mut self, now: Instant, pause: Duration, what: Waiting) {
        self.again_count += 1;
        self.again.insert((now + pause, self.again_count), (pause, what));
    }

    /// Sends again what has waited too long.
    fn send_again(&mut self, now: Instant) {
        while let Some(entry) = self.again.first_entry().filter(|entry| entry.key().0 <= now) {
            let (pause, what) = entry.remove();
            let waits = match &what {
                Waiting::Invite(call) => self.invite_again(now, *call),
                Waiting::Bye(call) => {
                    let waits = self.calls[*call].state == State::HangingUp;
                    if waits {
                        self.sums.sent_again += 1;
                        self.inside(*call, "BYE");
                    }
                    waits
                }
                Waiting::Answer(call_id) => {
                    let taken = self.taken.get(call_id);
                    let answer = taken.and_then(|taken| Some((taken.answer.as_deref()?, taken.to)));
                    if let Some((answer, to)) = answer {
                        self.sums.sent_again += 1;
                        let _ = self.phone.send_to(answer.as_bytes(), to);
                    }
                    answer.is_some()
                }
            };
            if waits {
                self.wait_for(now, (pause * 2).min(T2), what);
            }
        }
    }

    fn invite_again(&mut self, now: Instant, number: usize) -> bool {
        let call = &mut self.calls[number];
        let waits = matches!(call.state, State::Calling | State::Proceeding);
        if waits && now - call.began > PATIENCE {
            call.state = State::Done;
            self.sums.failed += 1;
            return false;
        }
        if call.state == State::Calling {
            self.sums.sent_again += 1;
            self.invite(number);
        }
        waits
    }
}

/// A response: `tag` is added to `To`, `more` are further header lines.
fn response(seen: &Seen<'_>, status: u16, reason: &str, tag: &str, more: &str, body: &str) -> String {
    let Seen { vias, from, to, call_id, cseq, .. } = seen;
    let content = if body.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
    format!(
        "SIP/2.0 {status} {reason}\r\n{vias}\r\nFrom: {from}\r\nTo: {to}{tag}\r\nCall-ID: {call_id}\r\nCSeq: {cseq}\r\n\
         {more}{content}Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}
