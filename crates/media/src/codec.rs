//! Decoding and encoding of payloads, by [`Codec`].

use crate::{g711, g722, types::Codec};

/// Decodes the payloads of one stream. G.722's state is made when it is first needed.
#[derive(Debug, Default)]
pub struct Decoder {
    g722: Option<Box<g722::Decoder>>,
}

impl Decoder {
    /// Decode a payload at the codec's sample rate, as much as `out` takes; gives the samples' count. A codec that is not
    /// coded here gives none.
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
            Codec::Opus => 0,
        }
    }

    /// Forget the stream: another one begins.
    pub fn reset(&mut self) {
        self.g722 = None;
    }
}

/// Encodes the payloads of one stream. G.722's state is made when it is first needed.
#[derive(Debug, Default)]
pub struct Encoder {
    g722: Option<Box<g722::Encoder>>,
}

impl Encoder {
    /// Encode samples of the codec's sample rate, as much as `out` takes; gives the octets' count. A codec that is not
    /// coded here gives none.
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
            Codec::Opus => 0,
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
