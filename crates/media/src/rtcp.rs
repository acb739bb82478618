//! RTCP packets (RFC 3550 §6): reading compound packets, and our own reports.

/// Sender and receiver reports, source description and BYE (RFC 3550 §12.1).
mod kind {
    pub const SENDER_REPORT: u8 = 200;
    pub const RECEIVER_REPORT: u8 = 201;
    pub const SOURCE_DESCRIPTION: u8 = 202;
    pub const BYE: u8 = 203;
    pub const LAST: u8 = 223;
}

/// The largest compound packet that [`write()`] makes, in octets.
pub const LARGEST: usize = 28 + 24 + 8 + 2 + 64 + 8;

/// What a sender says about its stream (RFC 3550 §6.4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SenderInfo {
    /// NTP time of the report: seconds since 1900 in the upper half, the fraction below.
    pub ntp: u64,
    /// The same instant on the stream's RTP clock.
    pub timestamp: u32,
    /// Packets sent.
    pub packets: u32,
    /// Octets of payload sent.
    pub octets: u32,
}

/// What a receiver says about one source (RFC 3550 §6.4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReportBlock {
    /// The source reported on.
    pub ssrc: u32,
    /// Share lost since the last report, in 1/256.
    pub fraction_lost: u8,
    /// Packets lost since the beginning, a signed 24-bit number.
    pub lost: i32,
    /// Highest sequence number received, with its cycles.
    pub highest: u32,
    /// Interarrival jitter, in units of the RTP clock.
    pub jitter: u32,
    /// The middle 32 bits of the last sender report's NTP time; 0 for none.
    pub last_report: u32,
    /// Delay since that report, in 1/65,536 s.
    pub delay: u32,
}

/// One packet of a compound packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packet<'a> {
    /// SR.
    SenderReport {
        /// Who sends.
        ssrc: u32,
        /// About its stream.
        info: SenderInfo,
        /// About what it receives.
        reports: Reports<'a>,
    },
    /// RR.
    ReceiverReport {
        /// Who sends.
        ssrc: u32,
        /// About what it receives.
        reports: Reports<'a>,
    },
    /// SDES; its items are not read.
    SourceDescription,
    /// BYE.
    Bye {
        /// The first source that leaves; `None` in a BYE of nobody.
        ssrc: Option<u32>,
    },
    /// APP, feedback and the rest.
    Other,
}

/// The report blocks of a report, at most 31.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reports<'a>(&'a [u8]);

impl Iterator for Reports<'_> {
    type Item = ReportBlock;

    fn next(&mut self) -> Option<ReportBlock> {
        let (block, rest) = self.0.split_first_chunk::<24>()?;
        self.0 = rest;
        // The sum is a signed number of 24 bits.
        let lost = i32::from_be_bytes([block[5], block[6], block[7], 0]) >> 8;
        Some(ReportBlock {
            ssrc: word(block, 0),
            fraction_lost: block[4],
            lost,
            highest: word(block, 8),
            jitter: word(block, 12),
            last_report: word(block, 16),
            delay: word(block, 20),
        })
    }
}

/// Why octets are no compound packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is no RTCP compound packet")]
pub struct RtcpError;

/// Read a compound packet. It is checked as a whole first (RFC 3550 appendix A.2), then gives its packets.
///
/// # Errors
/// [`RtcpError`] when a length, a version, the first packet's type or the padding is wrong.
pub fn parse(octets: &[u8]) -> Result<impl Iterator<Item = Packet<'_>>, RtcpError> {
    let mut rest = octets;
    let mut first = true;
    while !rest.is_empty() {
        let (head, after) = split(rest)?;
        if head[0] >> 6 != 2 || !(kind::SENDER_REPORT..=kind::LAST).contains(&head[1]) {
            return Err(RtcpError);
        }
        if first && !matches!(head[1], kind::SENDER_REPORT | kind::RECEIVER_REPORT) {
            return Err(RtcpError);
        }
        if head[0] & 0x20 != 0 && !after.is_empty() {
            return Err(RtcpError);
        }
        let count = usize::from(head[0] & 0x1F);
        let least = match head[1] {
            kind::SENDER_REPORT => 28 + 24 * count,
            kind::RECEIVER_REPORT => 8 + 24 * count,
            kind::BYE => 4 + 4 * count,
            _ => 4,
        };
        if head.len() < least {
            return Err(RtcpError);
        }
        (rest, first) = (after, false);
    }
    if first {
        return Err(RtcpError);
    }
    let mut rest = octets;
    Ok(std::iter::from_fn(move || {
        let (packet, after) = split(rest).ok()?;
        rest = after;
        Some(read(packet))
    }))
}

/// The first packet by its own length, and what follows.
fn split(octets: &[u8]) -> Result<(&[u8], &[u8]), RtcpError> {
    let length = octets.get(2..4).ok_or(RtcpError)?;
    octets.split_at_checked(4 + 4 * usize::from(u16::from_be_bytes([length[0], length[1]]))).ok_or(RtcpError)
}

/// One packet whose length [`parse`] has checked against its count.
fn read(packet: &[u8]) -> Packet<'_> {
    let count = usize::from(packet[0] & 0x1F);
    match packet[1] {
        kind::SENDER_REPORT => Packet::SenderReport {
            ssrc: word(packet, 4),
            info: SenderInfo {
                ntp: u64::from(word(packet, 8)) << 32 | u64::from(word(packet, 12)),
                timestamp: word(packet, 16),
                packets: word(packet, 20),
                octets: word(packet, 24),
            },
            reports: Reports(&packet[28..28 + 24 * count]),
        },
        kind::RECEIVER_REPORT => {
            Packet::ReceiverReport { ssrc: word(packet, 4), reports: Reports(&packet[8..8 + 24 * count]) }
        }
        kind::SOURCE_DESCRIPTION => Packet::SourceDescription,
        kind::BYE => Packet::Bye { ssrc: (count > 0).then(|| word(packet, 4)) },
        _ => Packet::Other,
    }
}

/// The 32-bit word at an octet that is known to be there.
fn word(octets: &[u8], at: usize) -> u32 {
    u32::from_be_bytes([octets[at], octets[at + 1], octets[at + 2], octets[at + 3]])
}

/// A report of ours: SR if we send, else RR, with at most one block, then SDES with the canonical name, then BYE.
#[derive(Debug, Clone, Copy)]
pub struct Report<'a> {
    /// Our source.
    pub ssrc: u32,
    /// About our stream, if we sent since the last report.
    pub info: Option<SenderInfo>,
    /// About the stream we receive.
    pub block: Option<ReportBlock>,
    /// Our canonical name (RFC 7022); at most 60 octets of it are sent.
    pub cname: &'a str,
    /// We leave.
    pub bye: bool,
}

/// Write a report; gives its octets' count.
pub fn write(report: &Report<'_>, octets: &mut [u8; LARGEST]) -> usize {
    let mut at = 0;
    let mut put = |bytes: &[u8]| {
        octets[at..at + bytes.len()].copy_from_slice(bytes);
        at += bytes.len();
    };
    let count = u8::from(report.block.is_some());
    let words = if report.info.is_some() { 6 } else { 1 } + 6 * count;
    let kind = if report.info.is_some() { kind::SENDER_REPORT } else { kind::RECEIVER_REPORT };
    put(&[0x80 | count, kind, 0, words]);
    put(&report.ssrc.to_be_bytes());
    if let Some(info) = report.info {
        put(&info.ntp.to_be_bytes());
        put(&info.timestamp.to_be_bytes());
        put(&info.packets.to_be_bytes());
        put(&info.octets.to_be_bytes());
    }
    if let Some(block) = report.block {
        put(&block.ssrc.to_be_bytes());
        let lost = block.lost.clamp(-0x80_0000, 0x7F_FFFF).to_be_bytes();
        put(&[block.fraction_lost, lost[1], lost[2], lost[3]]);
        put(&block.highest.to_be_bytes());
        put(&block.jitter.to_be_bytes());
        put(&block.last_report.to_be_bytes());
        put(&block.delay.to_be_bytes());
    }
    let name = &report.cname.as_bytes()[..report.cname.len().min(60)];
    // An item is its type (1, CNAME), its length and its text; one to four zero octets end the list on a word.
    let padding = 4 - (2 + name.len()) % 4;
    put(&[0x81, kind::SOURCE_DESCRIPTION, 0, (1 + (2 + name.len() + padding) / 4) as u8]);
    put(&report.ssrc.to_be_bytes());
    put(&[1, name.len() as u8]);
    put(name);
    put(&[0; 4][..padding]);
    if report.bye {
        put(&[0x81, kind::BYE, 0, 1]);
        put(&report.ssrc.to_be_bytes());
    }
    at
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BLOCK: ReportBlock =
        ReportBlock { ssrc: 7, fraction_lost: 3, lost: -2, highest: 70_000, jitter: 12, last_report: 9, delay: 10 };
    const INFO: SenderInfo = SenderInfo { ntp: 1 << 40, timestamp: 5, packets: 6, octets: 960 };

    #[test]
    fn our_reports_are_read_back() {
        for cname in ["", "a", "ab", "abc", "a-name-of-usual-length", &"x".repeat(99)] {
            let mut octets = [0; LARGEST];
            let report = Report { ssrc: 1, info: Some(INFO), block: Some(BLOCK), cname, bye: true };
            let length = write(&report, &mut octets);
            let packets: Vec<_> = parse(&octets[..length]).unwrap().collect();
            let Packet::SenderReport { ssrc: 1, info: INFO, mut reports } = packets[0] else { panic!("{packets:?}") };
            assert_eq!((reports.next(), reports.next()), (Some(BLOCK), None));
            assert_eq!(packets[1..], [Packet::SourceDescription, Packet::Bye { ssrc: Some(1) }]);
        }
        let mut octets = [0; LARGEST];
        let length = write(&Report { ssrc: 1, info: None, block: None, cname: "x", bye: false }, &mut octets);
        let first = parse(&octets[..length]).unwrap().next();
        assert_eq!(first, Some(Packet::ReceiverReport { ssrc: 1, reports: Reports(&[]) }));
    }

    #[test]
    fn a_compound_packet_is_refused_as_a_whole() {
        let bad: [&[u8]; 7] = [
            b"",
            &[0x80, 201, 0],
            &[0x80, 201, 0, 2, 0, 0, 0, 1],
            &[0x81, 201, 0, 1, 0, 0, 0, 1],
            &[0x80, 202, 0, 0],
            &[0xA0, 201, 0, 1, 0, 0, 0, 1, 0x80, 203, 0, 0],
            &[0x40, 201, 0, 1, 0, 0, 0, 1],
        ];
        for octets in bad {
            assert!(parse(octets).is_err(), "{octets:?}");
        }
    }

    proptest! {
        #[test]
        fn any_octets_are_read_or_refused(
            mut octets in prop::collection::vec(any::<u8>(), 0..120), kind in 200u8..205, words in 0u8..20, valid: bool
        ) {
            if valid && octets.len() > 4 {
                let first = 0x80 | (octets[0] & 0x1F);
                octets[..4].copy_from_slice(&[first, kind, 0, words]);
            }
            if let Ok(packets) = parse(&octets) {
                for packet in packets {
                    if let Packet::SenderReport { reports, .. } | Packet::ReceiverReport { reports, .. } = packet {
                        prop_assert!(reports.count() <= 31);
                    }
                }
            }
        }
    }
}
