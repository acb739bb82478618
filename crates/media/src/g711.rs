//! ITU-T G.711: µ-law and A-law. Samples are 16-bit; µ-law uses 14 of the bits, A-law 13.

/// µ-law octets to samples.
static MU_LAW: [i16; 256] = table(true);
/// A-law octets to samples.
static A_LAW: [i16; 256] = table(false);

const fn table(mu: bool) -> [i16; 256] {
    let mut table = [0; 256];
    let mut octet = 0;
    while octet < 256 {
        table[octet] = if mu { expand_mu_law(octet as u8) } else { expand_a_law(octet as u8) };
        octet += 1;
    }
    table
}

/// G.711 table 2: sign, three bits of segment, four of step, all inverted; biased by 33 (132 in 16 bits).
const fn expand_mu_law(octet: u8) -> i16 {
    let octet = !octet;
    let magnitude = ((((octet & 0x0F) as i16) << 3) + 132) << ((octet >> 4) & 7);
    if octet & 0x80 != 0 { 132 - magnitude } else { magnitude - 132 }
}

/// G.711 table 1: sign, three bits of segment, four of step, even bits inverted.
const fn expand_a_law(octet: u8) -> i16 {
    let octet = octet ^ 0x55;
    let step = ((octet & 0x0F) as i16) << 4;
    let segment = (octet >> 4) & 7;
    let magnitude = if segment == 0 { step + 8 } else { (step + 0x108) << (segment - 1) };
    if octet & 0x80 != 0 { magnitude } else { -magnitude }
}

/// The sample of a µ-law octet.
#[must_use]
pub fn decode_mu_law(octet: u8) -> i16 {
    MU_LAW[octet as usize]
}

/// The sample of an A-law octet.
#[must_use]
pub fn decode_a_law(octet: u8) -> i16 {
    A_LAW[octet as usize]
}

/// The µ-law octet nearest to a sample.
#[must_use]
pub fn encode_mu_law(sample: i16) -> u8 {
    const CLIP: i32 = 32_635;
    let sign = if sample < 0 { 0x80 } else { 0 };
    let magnitude = i32::from(sample).abs().min(CLIP) + 132;
    // The highest set bit, 7 to 14, names the segment.
    let segment = (31 - magnitude.leading_zeros()) - 7;
    let step = (magnitude >> (segment + 3)) & 0x0F;
    !(sign | (segment << 4) as u8 | step as u8)
}

/// The A-law octet nearest to a sample.
#[must_use]
pub fn encode_a_law(sample: i16) -> u8 {
    // Negative values are folded so that −1 falls in the first negative step.
    let (sign, magnitude) = if sample >= 0 { (0x80, i32::from(sample)) } else { (0, !i32::from(sample)) };
    let segment = if magnitude < 256 { 0 } else { (31 - magnitude.leading_zeros()) - 7 };
    let step = if segment == 0 { magnitude >> 4 } else { magnitude >> (segment + 3) } & 0x0F;
    (sign | (segment << 4) as u8 | step as u8) ^ 0x55
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Exhaustive: the error is at most half a step of the segment, and the order of samples is kept.
    #[test]
    fn each_sample_gets_the_step_it_lies_in() {
        for (encode, decode, inverted, half) in [
            (encode_mu_law as fn(i16) -> u8, decode_mu_law as fn(u8) -> i16, 0xFF, [4, 8, 16, 32, 64, 128, 256, 512]),
            (encode_a_law, decode_a_law, 0x55, [8, 8, 16, 32, 64, 128, 256, 512]),
        ] {
            let mut last = i16::MIN;
            for sample in i16::MIN..=i16::MAX {
                let octet = encode(sample);
                let value = decode(octet);
                let error = (i32::from(value) - i32::from(sample)).abs();
                let segment = usize::from((octet ^ inverted) >> 4 & 7);
                // Beyond the last step the laws clip.
                let clipped = i32::from(sample).abs() > 32_635;
                assert!(error <= half[segment] || clipped, "{sample} becomes {value}");
                assert!(value >= last, "{sample} becomes {value} after {last}");
                last = value;
            }
        }
    }

    #[test]
    fn each_octet_survives_decoding_and_coding() {
        for octet in 0..=255 {
            assert_eq!(encode_a_law(decode_a_law(octet)), octet);
            // µ-law has two zeros; the positive one is sent.
            let expected = if octet == 0x7F { 0xFF } else { octet };
            assert_eq!(encode_mu_law(decode_mu_law(octet)), expected);
        }
    }

    #[test]
    fn the_values_of_the_recommendation_hold() {
        assert_eq!([0x00, 0x80, 0x7F, 0xFF, 0x70].map(decode_mu_law), [-32124, 32124, 0, 0, -120]);
        assert_eq!([0x2A, 0xAA, 0x55, 0xD5].map(decode_a_law), [-32256, 32256, -8, 8]);
        assert_eq!((encode_mu_law(0), encode_a_law(0)), (0xFF, 0xD5));
        assert_eq!((encode_mu_law(i16::MIN), encode_mu_law(i16::MAX)), (0x00, 0x80));
        assert_eq!((encode_a_law(i16::MIN), encode_a_law(i16::MAX)), (0x2A, 0xAA));
    }
}
