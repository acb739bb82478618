//! How do calls go on beside a server that is looked at? They come by its trunk and are taken by extension 744, they begin and
//! end when told so, in some of them both ends say tones, and what the agent of the first one is sent is listened to.
//!
//! Orders come line by line, and each is answered by a line of JSON when it is done. Times are those of the wall, in
//! milliseconds since 1970, for whoever looks at the screen has no other clock in common with us.
//!
//! | order | what is done |
//! | --- | --- |
//! | `meet ADDRESS` | the phone registers at the exchange there |
//! | `calls N` | calls begin until N go on |
//! | `begin` | a call begins: the time of its INVITE |
//! | `end` | the newest one ends: the time of its BYE |
//! | `change N SECONDS` | so long, N calls a second begin, and as many end |
//! | `hears`, `hears not` | until the agent of the first call hears the manager's tone, or does not any more: since when |

use std::{
    collections::VecDeque,
    net::{Ipv4Addr, SocketAddr, UdpSocket},
    sync::mpsc::{Receiver, TryRecvError},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context as _, Result, bail, ensure};
use serde::Serialize;
use tandem_media::{
    g711::{decode_mu_law, encode_mu_law},
    rtp::{HEADER, Header},
};

use crate::{
    calls::{Calls, Ends, Length, NOWHERE},
    packet::{SAMPLES, source},
};

/// Calls in which people talk.
const TALKING: usize = 20;
/// What the clients, the agents and the manager say, in hertz: whole periods in 20 ms.
const CLIENT: u32 = 400;
const AGENT: u32 = 700;
const MANAGER: u32 = 1500;
/// How loud a tone is said, and from where on one is heard, of 32768.
const LOUD: f64 = 6000.0;
const HEARD: f64 = 1000.0;
/// Between two packets.
const INTERVAL: Duration = Duration::from_millis(20);
/// Until something that was ordered has happened.
const PATIENCE: Duration = Duration::from_secs(20);
/// Between two calls that begin.
const BEGIN_EVERY: Duration = Duration::from_millis(15);

/// What is answered.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Done {
    /// When it happened.
    pub at: f64,
}

/// Somebody's end of a call's sound.
struct Voice {
    socket: UdpSocket,
    tone: [u8; SAMPLES],
}

/// The calls under way.
pub struct Live {
    calls: Calls,
    /// Of each talking call, its client's end and its agent's.
    voices: Vec<[Voice; 2]>,
    /// Those that go on, the oldest first.
    going: VecDeque<usize>,
    number: u32,
    next: Instant,
    /// Whether the first agent hears the manager, and since when.
    hears: (bool, f64),
}

fn wall() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64() * 1e3
}

/// 20 ms of a tone.
fn tone(hertz: u32) -> [u8; SAMPLES] {
    let mut octets = [0; SAMPLES];
    for (octet, angle) in octets.iter_mut().zip(angles(hertz)) {
        #[expect(clippy::cast_possible_truncation, reason = "below 32768")]
        let sample = (LOUD * angle.sin()) as i16;
        *octet = encode_mu_law(sample);
    }
    octets
}

/// Where a tone is at each sample of 8 kHz.
fn angles(hertz: u32) -> impl Iterator<Item = f64> {
    (0_u32..).map(move |n| std::f64::consts::TAU * f64::from(hertz) * f64::from(n) / 8_000.0)
}

/// How loud a tone is in some µ-law.
fn loudness(octets: &[u8], hertz: u32) -> f64 {
    let (mut re, mut im, mut count) = (0.0, 0.0, 0.0_f64);
    for (&octet, angle) in octets.iter().zip(angles(hertz)) {
        let sample = f64::from(decode_mu_law(octet));
        re += sample * angle.cos();
        im += sample * angle.sin();
        count += 1.0;
    }
    re.hypot(im) * 2.0 / count.max(1.0)
}

impl Live {
    /// Registers the phone at this exchange, whose trunk the ends' carrier is.
    ///
    /// # Errors
    /// It cannot register, or the system gives no sockets.
    pub fn begin(exchange: SocketAddr, ends: Ends) -> Result<Self> {
        let mut voices = Vec::new();
        for _ in 0..TALKING {
            let voice = |hertz| -> Result<Voice> {
                let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
                socket.set_nonblocking(true)?;
                Ok(Voice { socket, tone: tone(hertz) })
            };
            voices.push([voice(CLIENT)?, voice(AGENT)?]);
        }
        let port = |end: usize| {
            let ports = voices.iter().map(move |ends| Ok(ends[end].socket.local_addr()?.port()));
            ports.collect::<Result<Vec<u16>>>()
        };
        let ports = vec![port(0)?, port(1)?];
        let calls = Calls::through(exchange, ends, Length::Long, ports)?;
        Ok(Self { calls, voices, going: VecDeque::new(), number: 0, next: Instant::now(), hears: (false, wall()) })
    }

    /// Does what a line says, and lets the calls go on meanwhile.
    ///
    /// # Errors
    /// It says something else, a call fails, or it does not happen in time.
    pub fn obey(&mut self, line: &str) -> Result<Done> {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            ["calls", count] => {
                let count: usize = count.parse()?;
                while self.going.len() < count {
                    self.add();
                    self.go_on(BEGIN_EVERY)?;
                }
                let answered = self.calls.sums.begun;
                self.until(|live| live.calls.sums.answered >= answered)?;
                Ok(Done { at: wall() })
            }
            ["begin"] => Ok(Done { at: self.add() }),
            ["end"] => {
                let call = self.going.pop_back().context("no call goes on")?;
                Ok(Done { at: self.remove(call) })
            }
            ["change", rate, seconds] => {
                let (rate, seconds): (u32, u32) = (rate.parse()?, seconds.parse()?);
                for _ in 0..rate * seconds {
                    self.add();
                    self.go_on(Duration::from_secs(1) / rate / 2)?;
                    // Not one of those in which people talk.
                    if let Some(call) = self.going.remove(TALKING) {
                        self.remove(call);
                    }
                    self.go_on(Duration::from_secs(1) / rate / 2)?;
                }
                Ok(Done { at: wall() })
            }
            ["hears"] => self.until(|live| live.hears.0).map(|()| Done { at: self.hears.1 }),
            ["hears", "not"] => self.until(|live| !live.hears.0).map(|()| Done { at: self.hears.1 }),
            _ => bail!("{line:?} is no order"),
        }
    }

    /// Lets the calls go on until there is a next line; `None` at the end.
    ///
    /// # Errors
    /// A call fails, or a socket is broken.
    pub fn wait(&mut self, lines: &Receiver<String>) -> Result<Option<String>> {
        loop {
            match lines.try_recv() {
                Ok(line) => return Ok(Some(line)),
                Err(TryRecvError::Disconnected) => return Ok(None),
                Err(TryRecvError::Empty) => self.step()?,
            }
        }
    }

    fn add(&mut self) -> f64 {
        self.going.push_back(usize::try_from(self.calls.sums.begun).unwrap_or(usize::MAX));
        let at = wall();
        self.calls.begin(Instant::now());
        at
    }

    fn remove(&mut self, call: usize) -> f64 {
        let at = wall();
        self.calls.end(Instant::now(), call);
        at
    }

    fn until(&mut self, done: impl Fn(&Self) -> bool) -> Result<()> {
        let end = Instant::now() + PATIENCE;
        while !done(self) {
            ensure!(Instant::now() < end, "it does not happen: {:?}", self.calls.sums.answered);
            self.step()?;
        }
        Ok(())
    }

    fn go_on(&mut self, time: Duration) -> Result<()> {
        let end = Instant::now() + time;
        while Instant::now() < end {
            self.step()?;
        }
        Ok(())
    }

    fn step(&mut self) -> Result<()> {
        self.calls.step(1)?;
        ensure!(self.calls.sums.failed == 0, "a call fails: {:?}", self.calls.sums.answered);
        self.listen();
        if self.next <= Instant::now() {
            self.next = (self.next + INTERVAL).max(Instant::now());
            self.speak();
        }
        Ok(())
    }

    fn speak(&mut self) {
        self.number = self.number.wrapping_add(1);
        for (end, to) in self.calls.media.iter().enumerate() {
            for (call, (&to, voices)) in to.iter().zip(&self.voices).enumerate().filter(|(_, (to, _))| **to != NOWHERE)
            {
                #[expect(clippy::cast_possible_truncation, reason = "as sequence numbers are")]
                let header = Header {
                    marker: false,
                    payload_type: 0,
                    sequence: self.number as u16,
                    timestamp: self.number.wrapping_mul(SAMPLES as u32),
                    ssrc: source(u16::try_from(call * 2 + end).unwrap_or_default()),
                };
                let mut octets = [0; HEADER + SAMPLES];
                octets[..HEADER].copy_from_slice(&header.octets());
                octets[HEADER..].copy_from_slice(&voices[end].tone);
                // What is not sent is not heard.
                let _ = voices[end].socket.send_to(&octets, to);
            }
        }
    }

    fn listen(&mut self) {
        let mut buffer = [0; 2048];
        for (call, ends) in self.voices.iter().enumerate() {
            for (end, voice) in ends.iter().enumerate() {
                while let Ok((length, _)) = voice.socket.recv_from(&mut buffer) {
                    let sound = buffer.get(HEADER..length).unwrap_or_default();
                    if (call, end) == (0, 1) && sound.len() == SAMPLES {
                        let hears = loudness(sound, MANAGER) > HEARD;
                        if hears != self.hears.0 {
                            self.hears = (hears, wall());
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tone_is_heard_and_no_other() {
        let mut mix = tone(MANAGER);
        for (octet, other) in mix.iter_mut().zip(tone(CLIENT)) {
            *octet = encode_mu_law(decode_mu_law(*octet) + decode_mu_law(other));
        }
        assert!(loudness(&mix, MANAGER) > HEARD && loudness(&mix, CLIENT) > HEARD);
        assert!(loudness(&mix, AGENT) < HEARD / 4.0);
        assert!(loudness(&tone(AGENT), MANAGER) < HEARD / 4.0);
    }
}
