//! When is which packet of whose sound due? RTP (RFC 3550) with G.711 in frames of 20 ms.
//!
//! Pure: one table of voices, told what time it is. All voices share one grid of 20 ms, so that who drives them wakes up
//! once for all. Sound follows the clock: what could not be sent in time is left out, not made good, and both sides of a
//! dialogue stay in step.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use tandem_media::{
    Clip, g711,
    rtp::{HEADER, Header},
};

/// How much sound a packet holds.
pub const FRAME: Duration = Duration::from_millis(20);
/// The same in samples, which are also octets and ticks of the timestamp.
pub const SAMPLES: usize = 160;
/// The length of every packet, in octets.
pub const PACKET: usize = HEADER + SAMPLES;
/// Frames that are sent late; more than that are left out.
const LATE_MAX: u64 = 5;

/// A law of G.711.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Law {
    /// PCMU.
    Mu,
    /// PCMA.
    A,
}

/// Where a voice's packets go, and in which form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Aim {
    /// Where the other end receives.
    pub to: SocketAddr,
    /// How sound is coded.
    pub law: Law,
    /// What that is called there: 0 to 127.
    pub payload_type: u8,
}

/// What an endpoint wants of its voices.
#[derive(Debug, Clone, PartialEq)]
pub enum Order {
    /// Begin to speak.
    Speak(Speech),
    /// Speak on, but there; to nobody while the other end does not want to hear anything.
    Aim(Option<Aim>),
    /// Be quiet: the call is over.
    Hush,
}

/// What is said.
#[derive(Debug, Clone, PartialEq)]
pub struct Speech {
    /// The sound.
    pub clip: Clip,
    /// Whether it begins again at its end; else silence follows.
    pub repeats: bool,
    /// Where to.
    pub aim: Option<Aim>,
    /// Synchronisation source: anything random.
    pub ssrc: u32,
    /// First sequence number: anything random.
    pub sequence: u16,
    /// First timestamp: anything random.
    pub timestamp: u32,
}

/// One voice.
#[derive(Debug)]
struct Voice {
    speech: Speech,
    began: Instant,
    /// The next frame, counted from the beginning.
    frame: u64,
    /// Frames of the clip.
    length: u64,
    /// The next packet begins a talk spurt.
    marker: bool,
}

impl Voice {
    fn due(&self) -> Instant {
        let nanoseconds = u64::try_from(FRAME.as_nanos()).unwrap_or(u64::MAX).saturating_mul(self.frame);
        self.began + Duration::from_nanos(nanoseconds)
    }

    /// The next packet, and where it goes; `None` when it goes nowhere. Either way its time has passed.
    fn packet(&mut self, now: Instant) -> Option<(SocketAddr, [u8; PACKET])> {
        let late = frames(now.saturating_duration_since(self.due()));
        if late > LATE_MAX {
            self.frame += late;
            self.marker = true;
        }
        let frame = self.frame;
        self.frame += 1;
        let Some(aim) = self.speech.aim else {
            self.marker = true;
            return None;
        };
        let header = Header {
            marker: std::mem::replace(&mut self.marker, false),
            payload_type: aim.payload_type,
            sequence: self.speech.sequence,
            #[expect(clippy::cast_possible_truncation, reason = "timestamps wrap around")]
            timestamp: self.speech.timestamp.wrapping_add((frame as u32).wrapping_mul(SAMPLES as u32)),
            ssrc: self.speech.ssrc,
        };
        self.speech.sequence = self.speech.sequence.wrapping_add(1);
        let mut octets = [0; PACKET];
        octets[..HEADER].copy_from_slice(&header.octets());
        let encode = match aim.law {
            Law::Mu => g711::encode_mu_law,
            Law::A => g711::encode_a_law,
        };
        octets[HEADER..].fill(encode(0));
        for (octet, sample) in octets[HEADER..].iter_mut().zip(self.samples(frame)) {
            *octet = encode(*sample);
        }
        Some((aim.to, octets))
    }

    /// The samples of a frame; fewer, or none, where the clip is over.
    fn samples(&self, frame: u64) -> &[i16] {
        let place = if self.speech.repeats && self.length > 0 { frame % self.length } else { frame };
        let from = usize::try_from(place).ok().and_then(|place| place.checked_mul(SAMPLES));
        let rest = from.and_then(|from| self.speech.clip.samples().get(from..)).unwrap_or_default();
        &rest[..rest.len().min(SAMPLES)]
    }
}

/// All voices, by the number of their socket.
#[derive(Debug)]
pub struct Voices {
    /// Where the grid begins.
    epoch: Instant,
    voices: Vec<Option<Voice>>,
}

impl Voices {
    /// Nobody speaks yet. `sockets` is how many can.
    #[must_use]
    pub fn new(sockets: usize, now: Instant) -> Self {
        Self { epoch: now, voices: (0..sockets).map(|_| None).collect() }
    }

    /// Takes an order for a socket; one that there is not is not heard.
    pub fn obey(&mut self, now: Instant, socket: usize, order: Order) {
        let began = self.next_of_grid(now);
        let Some(voice) = self.voices.get_mut(socket) else { return };
        match order {
            Order::Speak(speech) => {
                let length = speech.clip.samples().len().div_ceil(SAMPLES) as u64;
                *voice = Some(Voice { speech, began, frame: 0, length, marker: true });
            }
            Order::Aim(aim) => {
                if let Some(voice) = voice {
                    voice.speech.aim = aim;
                }
            }
            Order::Hush => *voice = None,
        }
    }

    fn next_of_grid(&self, now: Instant) -> Instant {
        let since = now.saturating_duration_since(self.epoch);
        let within = Duration::from_nanos(u64::try_from(since.as_nanos() % FRAME.as_nanos()).unwrap_or_default());
        if within.is_zero() { now } else { now + (FRAME - within) }
    }

    /// When the next packet is due; `None` while nobody speaks.
    #[must_use]
    pub fn next_due(&self) -> Option<Instant> {
        self.voices.iter().flatten().map(Voice::due).min()
    }

    /// Gives every packet that is due: socket, destination, octets.
    pub fn speak(&mut self, now: Instant, mut send: impl FnMut(usize, SocketAddr, &[u8; PACKET])) {
        for (socket, voice) in self.voices.iter_mut().enumerate() {
            let Some(voice) = voice else { continue };
            while voice.due() <= now {
                if let Some((to, octets)) = voice.packet(now) {
                    send(socket, to, &octets);
                }
            }
        }
    }

    /// The sockets on which somebody speaks, and so on which packets arrive.
    pub fn in_use(&self) -> impl Iterator<Item = usize> + '_ {
        self.voices.iter().enumerate().filter(|(_, voice)| voice.is_some()).map(|(socket, _)| socket)
    }
}

fn frames(time: Duration) -> u64 {
    u64::try_from(time.as_nanos() / FRAME.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tandem_media::rtp::Packet;

    use super::*;

    const TO: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 4000);

    fn aim(law: Law) -> Aim {
        Aim { to: TO, law, payload_type: if law == Law::Mu { 0 } else { 8 } }
    }

    /// A clip whose first frame is all 1000, its second all 2000 …
    fn steps(count: i16) -> Clip {
        let samples: Vec<i16> = (1..=count).flat_map(|n| [n * 1000; SAMPLES]).collect();
        Clip::new(&samples)
    }

    fn speech(clip: Clip, repeats: bool, law: Law) -> Order {
        let (ssrc, sequence, timestamp) = (7, u16::MAX, u32::MAX - 100);
        Order::Speak(Speech { clip, repeats, aim: Some(aim(law)), ssrc, sequence, timestamp })
    }

    fn at(voices: &mut Voices, now: Instant) -> Vec<(Packet, i16)> {
        let mut packets = Vec::new();
        voices.speak(now, |_, _, octets| {
            let packet = Packet::parse(octets).unwrap();
            let decode = if packet.payload_type == 0 { g711::decode_mu_law } else { g711::decode_a_law };
            let level = decode(octets[HEADER + 80]);
            packets.push((packet, level));
        });
        packets
    }

    fn near(level: i16, wanted: i16) -> bool {
        (level - wanted).abs() <= 64
    }

    #[test]
    fn a_voice_has_a_packet_every_20_ms_and_begins_again_at_its_end() {
        for law in [Law::Mu, Law::A] {
            let start = Instant::now();
            let mut voices = Voices::new(2, start);
            voices.obey(start, 1, speech(steps(3), true, law));
            let mut heard = Vec::new();
            for n in 0..7 {
                assert_eq!(voices.next_due(), Some(start + FRAME * n));
                heard.extend(at(&mut voices, start + FRAME * n));
            }
            assert_eq!(heard.len(), 7);
            assert!(heard.iter().zip([1, 2, 3, 1, 2, 3, 1]).all(|((_, level), n)| near(*level, n * 1000)));
            assert_eq!(heard.iter().filter(|(packet, _)| packet.marker).count(), 1);
            assert!(heard[0].0.marker);
            for pair in heard.windows(2) {
                assert_eq!(pair[1].0.sequence, pair[0].0.sequence.wrapping_add(1));
                assert_eq!(pair[1].0.timestamp, pair[0].0.timestamp.wrapping_add(160));
            }
        }
    }

    #[test]
    fn after_an_announcement_there_is_silence_until_it_is_hushed() {
        let start = Instant::now();
        let mut voices = Voices::new(1, start);
        voices.obey(start, 0, speech(steps(1), false, Law::Mu));
        assert!(near(at(&mut voices, start)[0].1, 1000));
        assert_eq!(at(&mut voices, start + FRAME)[0].1, 0);
        voices.obey(start, 0, Order::Hush);
        assert_eq!(voices.next_due(), None);
        assert!(at(&mut voices, start + FRAME * 2).is_empty());
    }

    #[test]
    fn who_does_not_want_to_hear_is_sent_nothing_and_misses_what_is_said_meanwhile() {
        let start = Instant::now();
        let mut voices = Voices::new(1, start);
        voices.obey(start, 0, speech(steps(4), true, Law::Mu));
        at(&mut voices, start);
        voices.obey(start, 0, Order::Aim(None));
        assert!(at(&mut voices, start + FRAME * 2).is_empty());
        voices.obey(start, 0, Order::Aim(Some(aim(Law::A))));
        let heard = at(&mut voices, start + FRAME * 3);
        assert!(near(heard[0].1, 4000) && heard[0].0.marker && heard[0].0.payload_type == 8);
    }

    #[test]
    fn what_was_slept_through_is_left_out() {
        let start = Instant::now();
        let mut voices = Voices::new(1, start);
        voices.obey(start, 0, speech(steps(30), true, Law::Mu));
        let first = at(&mut voices, start).remove(0).0;
        let heard = at(&mut voices, start + FRAME * 20);
        assert_eq!(heard.len(), 1);
        // The steps of the law are wide up there.
        assert!((20_500..21_500).contains(&heard[0].1));
        assert_eq!(heard[0].0.timestamp, first.timestamp.wrapping_add(160 * 20));
        assert_eq!(heard[0].0.sequence, first.sequence.wrapping_add(1));
    }

    proptest! {
        /// Whenever somebody begins to speak, and whenever the driver wakes: everybody is due at the same moments, and
        /// nothing is ever sent twice.
        #[test]
        fn all_share_one_grid(starts in prop::collection::vec(0_u64..500_000, 1..5), wakes in prop::collection::vec(1_u64..90_000, 1..40)) {
            let epoch = Instant::now();
            let mut voices = Voices::new(starts.len(), epoch);
            for (socket, start) in starts.iter().enumerate() {
                voices.obey(epoch + Duration::from_micros(*start), socket, speech(steps(2), true, Law::Mu));
            }
            let mut now = epoch;
            let mut last = vec![None; starts.len()];
            for wake in wakes {
                now += Duration::from_micros(wake);
                let mut seen = Vec::new();
                voices.speak(now, |socket, _, octets| seen.push((socket, Packet::parse(octets).unwrap().timestamp)));
                for (socket, timestamp) in seen {
                    prop_assert_ne!(last[socket], Some(timestamp));
                    last[socket] = Some(timestamp);
                }
                let due = voices.next_due().expect("somebody speaks");
                prop_assert!(due > now);
                prop_assert_eq!((due - epoch).as_nanos() % FRAME.as_nanos(), 0);
            }
        }
    }
}
