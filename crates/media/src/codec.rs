//! Decoding and encoding of payloads, by [`Codec`].

use crate::{g711, g722, speech, types::Codec};

/// Decodes the payloads of one stream. The state of G.722 and Opus is made when it is first needed.
#[derive(Debug, Default)]
pub struct Decoder {
    g722: Option<Box<g722::Decoder>>,
    opus: Option<speech::Decoder>,
}

impl Decoder {
    /// Decode a payload at the codec's sample rate, as much as `out` takes; gives the samples' count, none for what cannot be
    /// decoded.
    pub fn decode(&mut self, codec: Codec, payload: &[u8], out: &mut [i16]) -> usize {
        match codec {
            Codec::Pcmu => map(payload, out, g711::decode_mu_law),
            Codec::Pcma => map(payload, out, g711::decode_a_law),
            Codec::G722 => {
                let decoder = self.g722.get_or_insert_default();
                let mut written = 0;
                for (&octet, pair) in payload.iter().zip(out.chunks_exact_mut(2)) {
                    pair.copy_from_slice(&decoder.decode(octet));
                    written += 2;
                }
                written
            }
            Codec::Opus => self.opus().map_or(0, |opus| opus.decode(payload, out)),
        }
    }

    /// Make up for a packet of Opus that was lost before `next`. Gives the samples' count.
    pub fn restore(&mut self, next: &[u8], out: &mut [i16]) -> usize {
        self.opus().map_or(0, |opus| opus.restore(next, out))
    }

    fn opus(&mut self) -> Option<&mut speech::Decoder> {
        if self.opus.is_none() {
            self.opus = speech::Decoder::new();
        }
        self.opus.as_mut()
    }

    /// Forget the stream: another one begins.
    pub fn reset(&mut self) {
        (self.g722, self.opus) = (None, None);
    }
}

/// Encodes the payloads of one stream. The state of G.722 and Opus is made when it is first needed.
#[derive(Debug, Default)]
pub struct Encoder {
    g722: Option<Box<g722::Encoder>>,
    opus: Option<speech::Encoder>,
}

impl Encoder {
    /// Encode samples of the codec's sample rate, as much as `out` takes; gives the octets' count. Opus takes a packet of
    /// 10 to 120 ms at once and gives none for others.
    pub fn encode(&mut self, codec: Codec, samples: &[i16], out: &mut [u8]) -> usize {
        match codec {
            Codec::Pcmu => map(samples, out, g711::encode_mu_law),
            Codec::Pcma => map(samples, out, g711::encode_a_law),
            Codec::G722 => {
                let encoder = self.g722.get_or_insert_default();
                let mut written = 0;
                for (pair, octet) in samples.chunks_exact(2).zip(out) {
                    *octet = encoder.encode([pair[0], pair[1]]);
                    written += 1;
                }
                written
            }
            Codec::Opus => {
                if self.opus.is_none() {
                    self.opus = speech::Encoder::new();
                }
                self.opus.as_mut().map_or(0, |opus| opus.encode(samples, out))
            }
        }
    }
}

fn map<A: Copy, B>(from: &[A], to: &mut [B], coding: impl Fn(A) -> B) -> usize {
    let n = from.len().min(to.len());
    for (a, b) in from.iter().zip(to.iter_mut()) {
        *b = coding(*a);
    }
    n
}
