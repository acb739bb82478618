//! What does a packet of the generator say?
//!
//! It is 20 ms of µ-law with a mark in it: whose it is, its number, and when it was sent, so that whoever carries it need not be
//! asked anything. A mark outlives a mix: each party of a call has a place of its own in the 20 ms, where the others are silent,
//! and is written in samples so quiet and so few that G.711 gives each back as it was. What is left is noise, as loud as speech.

use std::time::Duration;

use tandem_media::{
    dtmf::event::Payload,
    g711::encode_mu_law,
    rtp::{HEADER, Header},
};

/// Parties of a call that have a place for their mark.
pub const PLACES: usize = 3;
/// RTP's header and 20 ms of G.711.
pub const LENGTH: usize = HEADER + SAMPLES;
/// Units of the RTP clock in a packet, and samples.
pub const SAMPLES: usize = 160;
/// The payload type of the digits' events.
pub const EVENT: u8 = 101;

/// The source of the first stream.
const SOURCES: u32 = 0x1000_0000;
/// Octets of a mark.
const MARK: usize = 16;
/// Samples of a mark: each has four bits of it.
const PLACE: usize = MARK * 2;
/// Silence.
const SILENCE: u8 = 0xFF;
/// Noise is taken from somewhere in so much of it.
const NOISE: usize = 1024;

/// What a packet is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// The stream of all streams.
    pub stream: u16,
    /// Its packet, counted from 0.
    pub number: u32,
    /// When it was sent, since the generator began.
    pub sent: Duration,
}

impl Mark {
    fn octets(self) -> [u8; MARK] {
        let mut octets = [0; MARK];
        octets[..2].copy_from_slice(&self.stream.to_be_bytes());
        octets[2..6].copy_from_slice(&self.number.to_be_bytes());
        // Three days are more than a measurement takes.
        let sent = u64::try_from(self.sent.as_nanos()).unwrap_or(u64::MAX).to_be_bytes();
        octets[6..12].copy_from_slice(&sent[2..]);
        let sum = sum(&octets[..12]);
        octets[12..].copy_from_slice(&sum.to_be_bytes());
        octets
    }

    fn read(octets: [u8; MARK]) -> Option<Self> {
        let (stream, rest) = octets.split_first_chunk::<2>()?;
        let (number, rest) = rest.split_first_chunk::<4>()?;
        let (&[a, b, c, d, e, f], rest) = rest.split_first_chunk::<6>()?;
        (rest == sum(&octets[..12]).to_be_bytes()).then(|| Self {
            stream: u16::from_be_bytes(*stream),
            number: u32::from_be_bytes(*number),
            sent: Duration::from_nanos(u64::from_be_bytes([0, 0, a, b, c, d, e, f])),
        })
    }
}

/// What tells a mark from what was made up for one: of sixteen bits one in some ten thousand fading frames had the right ones
/// (FNV-1a, 32 bits).
fn sum(octets: &[u8]) -> u32 {
    octets.iter().fold(0x811C_9DC5, |sum: u32, &octet| (sum ^ u32::from(octet)).wrapping_mul(0x0100_0193))
}

/// A party's next packet of µ-law (RFC 3550 §5.1, RFC 3551), with a mark at the place of this party of the call.
#[must_use]
pub fn write(mark: Mark, place: usize, sequence: u16, timestamp: u32) -> [u8; LENGTH] {
    let mut octets = [SILENCE; LENGTH];
    octets[..HEADER].copy_from_slice(&header(mark.stream, 0, sequence, timestamp, false).octets());
    let (places, noise) = octets[HEADER..].split_at_mut(PLACES * PLACE);
    for (pair, octet) in places.chunks_exact_mut(2).skip(place * MARK).zip(mark.octets()) {
        pair.copy_from_slice(&[0xF0 | octet >> 4, 0xF0 | octet & 0x0F]);
    }
    let from = (mark.number as usize * 53 + usize::from(mark.stream) * 29) % (NOISE - SAMPLES);
    noise.iter_mut().zip(&SOUND[from..]).for_each(|(octet, sound)| *octet = *sound);
    octets
}

/// A packet of a digit's event (RFC 4733).
#[must_use]
pub fn event(stream: u16, sequence: u16, timestamp: u32, begins: bool, payload: Payload) -> [u8; HEADER + 4] {
    let mut octets = [0; HEADER + 4];
    octets[..HEADER].copy_from_slice(&header(stream, EVENT, sequence, timestamp, begins).octets());
    octets[HEADER..].copy_from_slice(&payload.octets());
    octets
}

/// The source (RFC 3550 §5.1) of a stream.
#[must_use]
pub fn source(stream: u16) -> u32 {
    SOURCES + u32::from(stream)
}

/// The stream of a source.
#[must_use]
pub fn stream(source: u32) -> Option<usize> {
    usize::try_from(source.checked_sub(SOURCES)?).ok()
}

fn header(stream: u16, payload_type: u8, sequence: u16, timestamp: u32, marker: bool) -> Header {
    Header { marker, payload_type, sequence, timestamp, ssrc: source(stream) }
}

/// The marks in a packet's sound, each with its place; none of any other packet.
pub fn marks(octets: &[u8]) -> impl Iterator<Item = (usize, Mark)> + use<'_> {
    marks_in_payload(octets.get(HEADER..).unwrap_or_default())
}

/// The marks in 20 ms of µ-law, each with its place; none of any other length.
pub fn marks_in_payload(payload: &[u8]) -> impl Iterator<Item = (usize, Mark)> + use<'_> {
    let samples = if payload.len() == SAMPLES { payload } else { &[] };
    samples.chunks_exact(PLACE).take(PLACES).map(mark).enumerate().filter_map(|(place, mark)| Some((place, mark?)))
}

/// The marks in 20 ms of decoded sound, each with its place.
pub fn marks_in_samples(samples: &[i16]) -> impl Iterator<Item = (usize, Mark)> + use<'_> {
    let places = samples.chunks_exact(PLACE).take(PLACES).enumerate();
    places.filter_map(|(place, samples)| {
        let mut octets = [0; PLACE];
        octets.iter_mut().zip(samples).for_each(|(octet, &sample)| *octet = encode_mu_law(sample));
        Some((place, mark(&octets)?))
    })
}

fn mark(samples: &[u8]) -> Option<Mark> {
    let mut octets = [0; MARK];
    for (octet, pair) in octets.iter_mut().zip(samples.as_chunks::<2>().0) {
        *octet = pair.iter().all(|sample| *sample >= 0xF0).then_some(pair[0] << 4 | pair[1] & 0x0F)?;
    }
    Mark::read(octets)
}

/// Noise of some thousands, either way.
static SOUND: [u8; NOISE] = {
    let mut sound = [0; NOISE];
    let (mut state, mut n) = (1_u32, 0);
    while n < NOISE {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let octet = state.to_be_bytes()[0];
        sound[n] = 0x30 | octet & 0x8F;
        n += 1;
    }
    sound
};

#[cfg(test)]
mod tests {
    use tandem_media::g711::decode_mu_law;

    use super::*;

    fn a_mark(stream: u16) -> Mark {
        Mark { stream, number: 70_000 + u32::from(stream), sent: Duration::from_micros(5) }
    }

    #[test]
    fn a_packet_says_what_it_is() {
        for place in 0..PLACES {
            let octets = write(a_mark(1999), place, 7, 1120);
            assert_eq!(marks(&octets).collect::<Vec<_>>(), [(place, a_mark(1999))]);
            assert_eq!(marks(&octets[..100]).count(), 0);
        }
    }

    #[test]
    fn everybodys_mark_outlives_a_mix_and_nothing_that_was_made_up_is_one() {
        let parties: Vec<[u8; LENGTH]> =
            (0..3).map(|place| write(a_mark(place), usize::from(place), 7, 1120)).collect();
        let mut sum = [0_i16; SAMPLES];
        for party in &parties {
            for (sum, &octet) in sum.iter_mut().zip(&party[HEADER..]) {
                *sum += decode_mu_law(octet);
            }
        }
        let all: Vec<_> = (0..3).map(|place| (usize::from(place), a_mark(place))).collect();
        assert_eq!(marks_in_samples(&sum).collect::<Vec<_>>(), all);
        let mut sent = parties[0];
        sent[HEADER..].iter_mut().zip(sum).for_each(|(octet, sample)| *octet = encode_mu_law(sample));
        assert_eq!(marks(&sent).collect::<Vec<_>>(), all);
        // A frame that fades, as one is made up for a packet that did not come.
        let faded = sum.map(|sample| sample / 2);
        assert_eq!(marks_in_samples(&faded).count(), 0);
        assert_eq!(marks_in_samples(&[0; SAMPLES]).count(), 0);
    }
}
