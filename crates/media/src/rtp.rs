//! RTP packets (RFC 3550 §5.1): strict reading, and the twelve octets of a header of ours.

use std::ops::Range;

/// Octets of a header without contributing sources and extension; the only kind we write.
pub const HEADER: usize = 12;

/// The largest packet that is read or written, in octets: what an Ethernet frame carries.
pub const LARGEST: usize = 1_500;

/// A packet as read: its fields, and where its payload lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packet {
    /// M: begins a talk spurt or an event.
    pub marker: bool,
    /// PT, 0 to 127.
    pub payload_type: u8,
    /// Sequence number.
    pub sequence: u16,
    /// Timestamp in units of the codec's clock.
    pub timestamp: u32,
    /// Synchronisation source.
    pub ssrc: u32,
    /// The payload's place in the packet: after contributing sources and extension, before padding. It never begins
    /// before octet 12.
    pub payload: Range<usize>,
}

/// Why octets are no RTP packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RtpError {
    /// Shorter than its header says.
    #[error("the packet is shorter than its header says")]
    Short,
    /// Longer than [`LARGEST`].
    #[error("the packet is longer than 1500 octets")]
    Long,
    /// Not version 2.
    #[error("the version is not 2")]
    Version,
    /// The padding count is zero or more than there is.
    #[error("the padding count is wrong")]
    Padding,
}

impl Packet {
    /// Read a packet.
    ///
    /// # Errors
    /// [`RtpError`] when it breaks RFC 3550 §5.1 or is longer than [`LARGEST`].
    pub fn parse(octets: &[u8]) -> Result<Self, RtpError> {
        if octets.len() > LARGEST {
            return Err(RtpError::Long);
        }
        let start = header_length(octets)?;
        let Some((head, _)) = octets.split_first_chunk::<HEADER>() else { return Err(RtpError::Short) };
        let mut end = octets.len();
        if head[0] & 0x20 != 0 {
            let padding = usize::from(octets[end - 1]);
            if padding == 0 || padding > end - start {
                return Err(RtpError::Padding);
            }
            end -= padding;
        }
        Ok(Self {
            marker: head[1] & 0x80 != 0,
            payload_type: head[1] & 0x7F,
            sequence: u16::from_be_bytes([head[2], head[3]]),
            timestamp: u32::from_be_bytes([head[4], head[5], head[6], head[7]]),
            ssrc: u32::from_be_bytes([head[8], head[9], head[10], head[11]]),
            payload: start..end,
        })
    }
}

/// How many octets of a packet are its header, contributing sources and extension included: where what may be encrypted
/// begins (RFC 3711 §3.1).
///
/// # Errors
/// [`RtpError::Version`], or [`RtpError::Short`] when there are fewer octets than that.
pub fn header_length(octets: &[u8]) -> Result<usize, RtpError> {
    let Some((head, _)) = octets.split_first_chunk::<HEADER>() else { return Err(RtpError::Short) };
    if head[0] >> 6 != 2 {
        return Err(RtpError::Version);
    }
    let mut start = HEADER + 4 * usize::from(head[0] & 0x0F);
    if head[0] & 0x10 != 0 {
        // §5.3.1: two octets for the profile, two for the length in words.
        let length = octets.get(start + 2..start + 4).ok_or(RtpError::Short)?;
        start += 4 + 4 * usize::from(u16::from_be_bytes([length[0], length[1]]));
    }
    if start > octets.len() { Err(RtpError::Short) } else { Ok(start) }
}

/// The number of which a packet carries the last 16 bits: the one nearest to the last (RFC 3711 §3.3.1).
#[must_use]
pub fn extend(last: Option<u64>, sequence: u16) -> u64 {
    let Some(last) = last else { return sequence.into() };
    let step = i64::from(sequence.wrapping_sub(last as u16) as i16);
    last.checked_add_signed(step).unwrap_or(sequence.into())
}

/// The fields of a packet to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// M.
    pub marker: bool,
    /// PT, 0 to 127.
    pub payload_type: u8,
    /// Sequence number.
    pub sequence: u16,
    /// Timestamp.
    pub timestamp: u32,
    /// Synchronisation source.
    pub ssrc: u32,
}

impl Header {
    /// The header's octets: version 2, no padding, extension or contributing sources.
    #[must_use]
    pub fn octets(&self) -> [u8; HEADER] {
        let (s, t, c) = (self.sequence.to_be_bytes(), self.timestamp.to_be_bytes(), self.ssrc.to_be_bytes());
        let second = u8::from(self.marker) << 7 | (self.payload_type & 0x7F);
        [0x80, second, s[0], s[1], t[0], t[1], t[2], t[3], c[0], c[1], c[2], c[3]]
    }
}

/// Whether octets that came on an RTP port are RTCP (RFC 5761 §4): the second octet is 192 to 223.
#[must_use]
pub fn is_rtcp(octets: &[u8]) -> bool {
    octets.get(1).is_some_and(|second| (192..=223).contains(second))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn packet(first: u8, rest: &[u8]) -> Vec<u8> {
        let mut octets = vec![first, 0x80, 0, 7, 0, 0, 0, 160, 1, 2, 3, 4];
        octets.extend(rest);
        octets
    }

    #[test]
    fn sources_extension_and_padding_are_no_payload() {
        let plain = Packet::parse(&packet(0x80, b"abc")).unwrap();
        assert_eq!((plain.marker, plain.payload_type, plain.sequence, plain.timestamp), (true, 0, 7, 160));
        assert_eq!((plain.ssrc, plain.payload), (0x0102_0304, 12..15));
        // One contributing source, an extension of one word, three octets of payload, two of padding.
        let full = packet(0xB1, &[9, 9, 9, 9, 0xBE, 0xDE, 0, 1, 5, 5, 5, 5, b'a', b'b', b'c', 0, 2]);
        assert_eq!(Packet::parse(&full).unwrap().payload, 24..27);
    }

    #[test]
    fn what_breaks_the_format_is_refused() {
        for (octets, error) in [
            (vec![0x80; 11], RtpError::Short),
            (packet(0x00, b""), RtpError::Version),
            (packet(0x40, b""), RtpError::Version),
            (packet(0x82, &[0; 7]), RtpError::Short),
            (packet(0x90, &[0, 0, 0]), RtpError::Short),
            (packet(0x90, &[0, 0, 0xFF, 0xFF]), RtpError::Short),
            (packet(0xA0, &[1, 2, 0]), RtpError::Padding),
            (packet(0xA0, &[1, 2, 4]), RtpError::Padding),
            (packet(0x80, &[0; 1489]), RtpError::Long),
        ] {
            assert_eq!(Packet::parse(&octets), Err(error), "{octets:?}");
        }
    }

    #[test]
    fn the_number_of_a_packet_is_the_nearest_one() {
        assert_eq!(extend(None, 500), 500);
        assert_eq!(extend(Some(65_535), 0), 65_536);
        assert_eq!(extend(Some(65_536), 65_535), 65_535);
        assert_eq!(extend(Some(70_000), 70_001_u32 as u16), 70_001);
        assert_eq!(extend(Some(3), 65_535), 65_535, "there is none before the first");
    }

    proptest! {
        #[test]
        fn any_octets_are_read_or_refused(octets in prop::collection::vec(any::<u8>(), 0..80)) {
            if let Ok(packet) = Packet::parse(&octets) {
                prop_assert!(packet.payload.start >= HEADER);
                prop_assert!(octets.get(packet.payload).is_some());
            }
        }

        #[test]
        fn a_written_header_is_read_back(marker: bool, payload_type in 0u8..128, sequence: u16, timestamp: u32, ssrc: u32) {
            let header = Header { marker, payload_type, sequence, timestamp, ssrc };
            let read = Packet::parse(&header.octets()).unwrap();
            prop_assert_eq!(read, Packet { marker, payload_type, sequence, timestamp, ssrc, payload: 12..12 });
        }
    }
}
