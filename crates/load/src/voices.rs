//! How does the sound of browsers and phones go? As in [`crate::sound`]: streams of marked G.711, evenly spread over time. Here
//! each party has a socket of its own, for a gateway tells browsers by their addresses, and a mark alone says whose a packet is.
//!
//! A way is used for a while, again and again, in turn with others. What it does before it flows again is not measured: the
//! first [`RESUME`] packets of each turn, and all of the first turn.

use std::{
    net::{Ipv4Addr, SocketAddr, UdpSocket},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use tandem_media::rtp::HEADER;

use crate::{
    browser::{Browser, certificate},
    figures::Times,
    packet::{self, Mark, PLACES, SAMPLES},
    process::{Consumed, Measured, own},
    sealed::Seal,
    sound::{Hearing, TWO, WHISPERED},
    wait::Waiter,
};

/// Packets of each stream in a turn that are measured.
pub const TURN: u32 = 100;
/// Packets of each stream before them.
pub const RESUME: u32 = 25;
/// All of a turn.
const CYCLE: u32 = RESUME + TURN;
/// Between two packets of a stream.
const INTERVAL: Duration = Duration::from_millis(20);
/// How long to wait for the last packets.
const LATE: Duration = Duration::from_millis(150);
/// Packets that are sent, or read from one socket, before others have their turn.
const AT_ONCE: usize = 32;
/// How often to look what is due.
const BEAT: Duration = Duration::from_micros(250);
/// How often browsers are asked whether something is due.
const VISIT: Duration = Duration::from_millis(5);
/// Browsers that begin at once, and how long before the next.
const BEGIN: usize = 10;
const BEGIN_EVERY: Duration = Duration::from_millis(25);
/// Until all are connected.
const PATIENCE: Duration = Duration::from_secs(60);
/// A prime that no number of streams here is a multiple of: times this, all places are shuffled.
const SHUFFLE: usize = 7919;
/// A datagram that fills this is none of ours.
const BUFFER: usize = 2048;

/// How a party sends and is sent its sound.
enum Line {
    /// As it is.
    Plain { socket: UdpSocket, to: SocketAddr },
    /// Encrypted with keys that all know.
    Sealed { socket: UdpSocket, to: SocketAddr, close: Seal, open: Seal },
    /// By ICE, DTLS and SRTP.
    Browser(Box<Browser>),
}

impl Line {
    const fn socket(&self) -> &UdpSocket {
        match self {
            Self::Plain { socket, .. } | Self::Sealed { socket, .. } => socket,
            Self::Browser(browser) => browser.socket(),
        }
    }
}

/// What arrived, and what it took.
#[derive(Debug)]
pub struct Heard {
    /// Packets sent.
    pub sent: u64,
    /// Packets that did not arrive where they alone are heard.
    pub lost: u64,
    /// That arrived more than once there.
    pub doubled: u64,
    /// Packets' sound that reached somebody who must not hear it.
    pub misheard: u64,
    /// Packets whose sound should have been heard in a mix.
    pub mixed: u64,
    /// Those that were not in time for it.
    pub made_up: u64,
    /// From sending a packet to receiving it.
    pub delays: Times,
    /// From sending a packet to receiving it in a mix.
    pub mixed_delays: Times,
    /// The longest that the generator itself sent a packet too late.
    pub latest: Duration,
    /// What that took of the relay, if there is one.
    pub relay: Duration,
    /// And of ourselves.
    pub generator: Duration,
    /// Parties of a call.
    pub parties: usize,
}

/// The parties of calls that go one way.
pub struct Voices {
    lines: Vec<Line>,
    hearing: Hearing,
    waiter: Waiter,
    began: Instant,
    visited: Instant,
    sent: u64,
    /// Since when, and after how many packets, they are sent at their pace.
    pace: (Instant, u64),
    /// For each packet, the parties of its call where it arrived, a bit each.
    seen: Vec<u8>,
    heard: Heard,
}

fn socket() -> Result<UdpSocket> {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

impl Voices {
    /// From each end of a call straight to the other.
    ///
    /// # Errors
    /// The system gives no sockets.
    pub fn directly(calls: usize) -> Result<Self> {
        let mut lines = Vec::new();
        for _ in 0..calls {
            let (one, other) = (socket()?, socket()?);
            let (at, other_at) = (one.local_addr()?, other.local_addr()?);
            lines.extend([Line::Plain { socket: one, to: other_at }, Line::Plain { socket: other, to: at }]);
        }
        Self::of(lines, TWO)
    }

    /// Through the relay that encrypts and does nothing else.
    ///
    /// # Errors
    /// The system gives no sockets.
    pub fn sealed(relay: &Measured) -> Result<Self> {
        let mut lines = Vec::new();
        for pair in relay.addresses.as_chunks::<2>().0 {
            let [to, phone] = *pair;
            lines.push(Line::Sealed { socket: socket()?, to, close: Seal::closing(), open: Seal::opening() });
            lines.push(Line::Plain { socket: socket()?, to: phone });
        }
        Self::of(lines, TWO)
    }

    /// Between browsers and phones, through the gateway.
    ///
    /// # Errors
    /// The system gives no sockets, or a browser does not connect.
    pub fn through(gateway: &mut Measured, whispered: bool) -> Result<Self> {
        let hearing = if whispered { WHISPERED } else { TWO };
        let certificate = certificate()?;
        let mut lines = Vec::new();
        let phones = gateway.addresses.clone();
        for (call, phones) in phones.chunks(hearing.len() - 1).enumerate() {
            let ssrc = packet::source(u16::try_from(call * hearing.len())?);
            let mut browser = Browser::open(ssrc, &certificate)?;
            gateway.tell(&serde_json::to_string(&browser.said())?)?;
            lines.push(Line::Browser(Box::new(browser)));
            for &to in phones {
                lines.push(Line::Plain { socket: socket()?, to });
            }
        }
        let mut voices = Self::of(lines, hearing)?;
        voices.connect(gateway)?;
        Ok(voices)
    }

    fn of(lines: Vec<Line>, hearing: Hearing) -> Result<Self> {
        ensure!(hearing.len() <= PLACES && u16::try_from(lines.len()).is_ok(), "too many parties or calls");
        let mut waiter = Waiter::new()?;
        waiter.beat(BEAT)?;
        for (stream, line) in lines.iter().enumerate() {
            waiter.add(line.socket(), stream)?;
        }
        let began = Instant::now();
        let heard = Heard {
            sent: 0,
            lost: 0,
            doubled: 0,
            misheard: 0,
            mixed: 0,
            made_up: 0,
            delays: Times::default(),
            mixed_delays: Times::default(),
            latest: Duration::ZERO,
            relay: Duration::ZERO,
            generator: Duration::ZERO,
            parties: hearing.len(),
        };
        let (visited, pace) = (began, (began, 0));
        Ok(Self { lines, hearing, waiter, began, visited, sent: 0, pace, seen: Vec::new(), heard })
    }

    /// Lets all browsers connect, a few at once.
    fn connect(&mut self, gateway: &Measured) -> Result<()> {
        let began = Instant::now();
        let (mut said, mut begun, mut next) = (gateway.browsers.iter(), 0, began);
        loop {
            let browsers = self.lines.iter_mut().filter_map(|line| match line {
                Line::Browser(browser) => Some(browser),
                Line::Plain { .. } | Line::Sealed { .. } => None,
            });
            if next <= Instant::now() {
                next += BEGIN_EVERY;
                let mut waiting = browsers.skip(begun);
                for said in said.by_ref().take(BEGIN) {
                    waiting.next().context("more is said than there are browsers")?.meet(said)?;
                    begun += 1;
                }
            } else if browsers.into_iter().all(|browser| browser.is_connected()) {
                return Ok(());
            }
            ensure!(began.elapsed() < PATIENCE, "not all browsers connect");
            self.receive(5)?;
        }
    }

    /// Talks for a turn.
    ///
    /// # Errors
    /// A socket is broken, a browser's connection is over, or the relay is gone.
    pub fn turn(&mut self, relay: Option<&Measured>) -> Result<()> {
        // What came meanwhile is old.
        let until = Instant::now() + LATE;
        while Instant::now() < until {
            self.receive(5)?;
        }
        let consumed = || relay.map(Measured::consumed).transpose();
        self.pace = (Instant::now(), self.sent);
        self.speak(RESUME)?;
        let (own_before, before) = (own()?, consumed()?);
        self.speak(TURN)?;
        if self.is_measured(self.sent.saturating_sub(1)) {
            self.heard.generator += own()?.since(own_before).cpu;
            if let Some((after, before)) = consumed()?.zip(before) {
                self.heard.relay += Consumed::since(after, before).cpu;
            }
        }
        let until = Instant::now() + LATE;
        while Instant::now() < until {
            self.receive(5)?;
        }
        Ok(())
    }

    /// Whether a packet, by its place among all, is measured.
    fn is_measured(&self, packet: u64) -> bool {
        let number = packet / self.lines.len().max(1) as u64;
        number >= CYCLE.into() && number % u64::from(CYCLE) >= RESUME.into()
    }

    /// Sends so many packets of each stream at their pace, and reads what comes.
    fn speak(&mut self, packets: u32) -> Result<()> {
        let streams = self.lines.len() as u64;
        let all = self.sent + streams * u64::from(packets);
        self.seen.resize(usize::try_from(all)?, 0);
        while self.sent < all {
            let (since, before) = self.pace;
            #[expect(clippy::cast_possible_truncation, reason = "below the number of all packets")]
            let due = (since.elapsed().as_nanos() * u128::from(streams) / INTERVAL.as_nanos()) as u64;
            let due = (before + due).min(all);
            for _ in 0..AT_ONCE {
                if self.sent >= due {
                    break;
                }
                self.send()?;
            }
            self.receive(if self.sent < due { 0 } else { 20 })?;
        }
        Ok(())
    }

    fn send(&mut self) -> Result<()> {
        let streams = self.lines.len();
        let now = Instant::now();
        let after = INTERVAL.as_nanos() * u128::from(self.sent - self.pace.1) / streams as u128;
        let due = self.pace.0 + Duration::from_nanos(u64::try_from(after).unwrap_or(u64::MAX));
        if self.is_measured(self.sent) {
            self.heard.latest = self.heard.latest.max(now.saturating_duration_since(due));
        }
        let stream = usize::try_from(self.sent % streams as u64)? * SHUFFLE % streams;
        let number = u32::try_from(self.sent / streams as u64)?;
        self.sent += 1;
        let mark = Mark { stream: u16::try_from(stream)?, number, sent: now.saturating_duration_since(self.began) };
        let timestamp = number.wrapping_mul(SAMPLES as u32);
        #[expect(clippy::cast_possible_truncation, reason = "as sequence numbers are")]
        let octets = packet::write(mark, stream % self.hearing.len(), number as u16, timestamp);
        // What is not sent is lost, and found missing.
        match &mut self.lines[stream] {
            Line::Plain { socket, to } => drop(socket.send_to(&octets, *to)),
            Line::Sealed { socket, to, close, .. } => {
                let mut closed = [0; BUFFER];
                let length = close.close(&octets, &mut closed).context("a packet cannot be closed")?;
                let _ = socket.send_to(&closed[..length], *to);
            }
            Line::Browser(browser) => browser.say(now, number.into(), timestamp, &octets[HEADER..])?,
        }
        Ok(())
    }

    fn receive(&mut self, milliseconds: u32) -> Result<()> {
        let ready: Vec<usize> = self.waiter.wait(milliseconds)?.collect();
        let (mut buffer, mut opened) = ([0; BUFFER], [0; BUFFER]);
        let mut payloads = Vec::new();
        for stream in ready {
            match &mut self.lines[stream] {
                Line::Plain { socket, .. } => {
                    while let Ok((length, _)) = socket.recv_from(&mut buffer) {
                        payloads.push(buffer.get(HEADER..length).unwrap_or_default().to_vec());
                    }
                }
                Line::Sealed { socket, open, .. } => {
                    while let Ok((length, _)) = socket.recv_from(&mut buffer) {
                        let length = open.open(&buffer[..length], &mut opened).unwrap_or(HEADER);
                        payloads.push(opened[HEADER..length].to_vec());
                    }
                }
                Line::Browser(browser) => browser.read(AT_ONCE, &mut |payload| payloads.push(payload.to_vec()))?,
            }
            payloads.drain(..).for_each(|payload| self.take(stream, &payload));
        }
        let now = Instant::now();
        if now >= self.visited + VISIT {
            self.visited = now;
            for line in &mut self.lines {
                if let Line::Browser(browser) = line
                    && browser.deadline() <= now
                {
                    browser.wait(now)?;
                }
            }
        }
        Ok(())
    }

    /// A party is sent this.
    fn take(&mut self, listener: usize, payload: &[u8]) {
        let since = self.began.elapsed();
        let parties = self.hearing.len();
        let (call, party) = (listener / parties, listener % parties);
        let alone = self.hearing[party].len() == 1;
        for (place, mark) in packet::marks_in_payload(payload) {
            let speaker = call * parties + place;
            if usize::from(mark.stream) != speaker || !self.hearing[party].contains(&place) {
                self.heard.misheard += 1;
                continue;
            }
            let packet = mark.number as usize * self.lines.len() + speaker;
            let is_measured = self.is_measured(packet as u64);
            let Some(seen) = self.seen.get_mut(packet) else { continue };
            let delay = since.saturating_sub(mark.sent);
            match (*seen & 1 << party != 0, alone) {
                _ if !is_measured => {}
                (false, true) => self.heard.delays.add(delay),
                (false, false) => self.heard.mixed_delays.add(delay),
                (true, true) => self.heard.doubled += 1,
                // In place of one that did not come.
                (true, false) => {}
            }
            *seen |= 1 << party;
        }
    }

    /// What arrived.
    #[must_use]
    pub fn heard(self) -> Heard {
        let (streams, parties) = (self.lines.len(), self.hearing.len());
        let measured = |packet: &(usize, &u8)| self.is_measured(packet.0 as u64);
        let (mut sent, mut lost, mut mixed, mut made_up) = (0, 0, 0, 0);
        for (packet, seen) in self.seen.iter().enumerate().filter(measured) {
            sent += 1;
            let speaker = packet % streams % parties;
            for (party, heard) in self.hearing.iter().enumerate().filter(|(_, heard)| heard.contains(&speaker)) {
                let missing = u64::from(seen & 1 << party == 0);
                if heard.len() == 1 {
                    lost += missing;
                } else {
                    mixed += 1;
                    made_up += missing;
                }
            }
        }
        Heard { sent, lost, mixed, made_up, ..self.heard }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_straight_arrives_once_and_the_first_turn_does_not_count() {
        let mut voices = Voices::directly(2).unwrap();
        voices.turn(None).unwrap();
        voices.turn(None).unwrap();
        let heard = voices.heard();
        assert_eq!((heard.sent, heard.doubled, heard.misheard), (u64::from(TURN) * 4, 0, 0));
    }
}
