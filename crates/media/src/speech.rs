//! Opus as it is spoken in calls (RFC 7587): one channel at 16 kHz, a packet at a time.
//!
//! libopus codes and decodes. A browser understands packets of any length that Opus has; what is made here is as long as
//! what it is made of, which is 20 ms nearly always.

use ::opus::{Application, Bitrate, Channels};

/// Samples a second.
pub const RATE: u32 = 16_000;
/// The longest packet (120 ms), in samples.
pub const LONGEST: usize = 1_920;
/// The largest packet of one frame (RFC 6716 §3.2.1), in octets.
pub const LARGEST: usize = 1_275;
/// 10 ms.
const STEP: usize = 160;
/// Enough for wideband speech.
const BITS: i32 = 28_000;
/// Of 0 to 10. Half of it sounds the same at this rate, for half the time.
const EFFORT: i32 = 5;
/// What is made ready for loss, in percent, so that a receiver can restore a lost packet from the one after it.
const LOSS: i32 = 5;

/// Decodes one stream.
#[derive(Debug)]
pub struct Decoder(::opus::Decoder);

impl Decoder {
    /// A decoder; `None` if there is no memory.
    #[must_use]
    pub fn new() -> Option<Self> {
        ::opus::Decoder::new(RATE, Channels::Mono).ok().map(Self)
    }

    /// Decode a packet; gives the samples' count, none for what is no Opus.
    pub fn decode(&mut self, packet: &[u8], out: &mut [i16]) -> usize {
        let room = out.len().min(LONGEST);
        if packet.is_empty() { 0 } else { self.0.decode(packet, &mut out[..room], false).unwrap_or(0) }
    }

    /// Make up for the packet that was lost before this one: from what this one says of it, or else from what was heard
    /// before. To be called before [`Decoder::decode`]. Gives the samples' count.
    pub fn restore(&mut self, next: &[u8], out: &mut [i16]) -> usize {
        let Ok(samples) = self.0.get_nb_samples(next) else { return 0 };
        match out.get_mut(..samples.min(LONGEST)) {
            Some(room) => self.0.decode(next, room, true).unwrap_or(0),
            None => 0,
        }
    }
}

/// Encodes one stream.
#[derive(Debug)]
pub struct Encoder(::opus::Encoder);

impl Encoder {
    /// An encoder; `None` if there is no memory.
    #[must_use]
    pub fn new() -> Option<Self> {
        let mut encoder = ::opus::Encoder::new(RATE, Channels::Mono, Application::Voip).ok()?;
        encoder.set_bitrate(Bitrate::Bits(BITS)).ok()?;
        encoder.set_complexity(EFFORT).ok()?;
        encoder.set_inband_fec(true).ok()?;
        encoder.set_packet_loss_perc(LOSS).ok()?;
        Some(Self(encoder))
    }

    /// Encode 10 to 120 ms in steps of 10 ms, as one packet. A rest that is no step is left out. Gives the octets' count;
    /// none for what is shorter or longer.
    pub fn encode(&mut self, samples: &[i16], out: &mut [u8]) -> usize {
        let steps = samples.len() / STEP;
        let samples = &samples[..steps * STEP];
        match steps {
            1 | 2 | 4 | 6 => self.0.encode(samples, out).unwrap_or(0),
            3 | 5 | 7..=12 => self.encode_several(samples, if steps.is_multiple_of(2) { 2 * STEP } else { STEP }, out),
            _ => 0,
        }
    }

    /// Several frames in one packet (RFC 6716 §3.2.5, code 3 with frames of any size).
    fn encode_several(&mut self, samples: &[i16], frame: usize, out: &mut [u8]) -> usize {
        let count = samples.len() / frame;
        let (mut toc, mut sizes, mut bodies) = (0, Vec::with_capacity(24), Vec::with_capacity(LARGEST));
        for (n, samples) in samples.chunks_exact(frame).enumerate() {
            let mut packet = [0; LARGEST];
            let length = self.0.encode(samples, &mut packet).unwrap_or(0);
            // Frames of one packet have the same configuration; where the coder changed it, the rest is not sent.
            if length == 0 || packet[0] & 3 != 0 || (n > 0 && packet[0] & 0xFC != toc) {
                return 0;
            }
            toc = packet[0] & 0xFC;
            let body = &packet[1..length];
            if n + 1 < count {
                // §3.2.1.
                match body.len() {
                    size @ 0..252 => sizes.push(size as u8),
                    size => {
                        let first = 252 + (size - 252) % 4;
                        sizes.extend([first as u8, ((size - first) / 4) as u8]);
                    }
                }
            }
            bodies.extend_from_slice(body);
        }
        let packet = [&[toc | 3, 0x80 | count as u8], sizes.as_slice(), bodies.as_slice()].concat();
        match out.get_mut(..packet.len()) {
            Some(room) => room.copy_from_slice(&packet),
            None => return 0,
        }
        packet.len()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sine(from: usize, count: usize) -> Vec<i16> {
        (from..from + count)
            .map(|n| ((std::f64::consts::TAU * 440.0 * n as f64 / f64::from(RATE)).sin() * 10_000.0) as i16)
            .collect()
    }

    fn level(samples: &[i16]) -> f64 {
        (samples.iter().map(|&s| f64::from(s).powi(2)).sum::<f64>() / samples.len() as f64).sqrt()
    }

    #[test]
    fn packets_of_all_lengths_are_heard_as_they_were_said() {
        for steps in 1..=12 {
            let (mut encoder, mut decoder) = (Encoder::new().unwrap(), Decoder::new().unwrap());
            let mut heard = Vec::new();
            for n in 0..60 / steps {
                let mut packet = [0; LARGEST];
                let count = encoder.encode(&sine(n * steps * STEP, steps * STEP), &mut packet);
                assert!(count > 1, "{steps}: {n}");
                let mut samples = [0; LONGEST];
                assert_eq!(decoder.decode(&packet[..count], &mut samples), steps * STEP);
                heard.extend_from_slice(&samples[..steps * STEP]);
            }
            let level = level(&heard[heard.len() / 2..]);
            assert!((5_000.0..9_000.0).contains(&level), "{steps}: {level}");
        }
        let mut encoder = Encoder::new().unwrap();
        assert_eq!(encoder.encode(&[0; 159], &mut [0; LARGEST]), 0);
        assert_eq!(encoder.encode(&[0; 13 * STEP], &mut [0; LARGEST]), 0);
    }

    #[test]
    fn a_lost_packet_is_restored() {
        let (mut encoder, mut decoder) = (Encoder::new().unwrap(), Decoder::new().unwrap());
        for n in 0..50 {
            let (mut packet, mut samples) = ([0; LARGEST], [0; LONGEST]);
            let count = encoder.encode(&sine(n * 320, 320), &mut packet);
            if n == 40 {
                continue;
            }
            if n == 41 {
                assert_eq!(decoder.restore(&packet[..count], &mut samples), 320);
                assert!(level(&samples[..320]) > 3_000.0, "{}", level(&samples[..320]));
            }
            assert_eq!(decoder.decode(&packet[..count], &mut samples), 320);
        }
    }

    proptest! {
        #[test]
        fn no_octets_upset_the_decoder(octets in prop::collection::vec(any::<u8>(), 0..200), room in 0usize..2_500) {
            let mut decoder = Decoder::new().unwrap();
            let mut samples = vec![0; room];
            prop_assert!(decoder.restore(&octets, &mut samples) <= room);
            prop_assert!(decoder.decode(&octets, &mut samples) <= room.min(LONGEST));
        }
    }
}
