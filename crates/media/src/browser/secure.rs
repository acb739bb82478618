//! DTLS and SRTP of one browser: what it sends is opened, what it gets is closed.
//!
//! str0m does both, and RTCP besides. Its own ICE is not used, since it can neither start anew nor be asked for what it has
//! found: it is told once of a peer at an address that does not exist, and what it sends there goes to the browser, wherever
//! [`super::Peer`] knows it to be.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::{Duration, Instant},
};

use str0m::{
    Candidate, Event, Input, Output, Rtc,
    config::{CryptoProvider, Fingerprint},
    format::{Codec as Format, CodecConfig, CodecSpec, FormatParams, PayloadParams},
    ice::{IceCreds, StunMessage, TransId},
    media::{Frequency, MediaKind, Mid, Pt},
    net::{DatagramSend, Protocol, Receive},
    rtp::{RtpWrite, SeqNo, Ssrc},
};

use super::Gateway;
use crate::{
    rtp::{HEADER, Header, Packet, extend},
    types::{Browser, Codec, Description},
};

/// Where str0m believes itself and the browser to be (RFC 5737: addresses of nobody).
const HERE: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), 9);
const THERE: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2)), 9);
const HERE_NAME: &str = "here";
const THERE_NAME: &str = "there";
const PASSWORD: &str = "between-the-two-of-us-only";
/// How often what the browser reports is asked for.
const REPORTS: Duration = Duration::from_secs(5);
/// Nobody needs to know when a browser is silent; a stream "pauses" after this long.
const PAUSE: Duration = Duration::from_secs(3_600);

/// What comes out.
pub(super) enum Out {
    /// To the browser.
    Send(DatagramSend),
    /// Audio or an event of the browser.
    Packet(Header, Arc<[u8]>),
    /// The browser is who it says, and audio may flow.
    Connected,
    /// What the browser says of what it gets.
    Report(Report),
    /// Nothing until then.
    Wait(Instant),
    /// Over, and why.
    Over(String),
}

/// What a browser says of what it gets.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Report {
    /// Packets that it lost.
    pub lost: Option<u64>,
    /// Jitter in units of the codec's clock.
    pub jitter: Option<u32>,
    /// Round trip.
    pub round_trip: Option<Duration>,
}

/// DTLS and SRTP of one browser.
pub(super) struct Secure {
    rtc: Box<Rtc>,
    crypto: Arc<CryptoProvider>,
    mid: Mid,
    /// Our source, and the last extended sequence number sent.
    ssrc: Ssrc,
    sequence: Option<u64>,
    /// The browser's source, said or learnt.
    source: Option<u32>,
    /// We begin with DTLS, once there is a path.
    begins: bool,
    introduced: bool,
    connected: bool,
}

impl Secure {
    /// Begin with a browser. `None` if it said no usable fingerprint.
    pub fn new(
        gateway: &Gateway,
        now: Instant,
        description: &Description,
        browser: &Browser,
        ssrc: u32,
    ) -> Option<Self> {
        let fingerprint = read_fingerprint(&browser.fingerprint)?;
        let mut config = gateway
            .rtc()
            .set_ice_lite(true)
            .set_local_ice_credentials(IceCreds { ufrag: HERE_NAME.into(), pass: PASSWORD.into() })
            .set_stats_interval(Some(REPORTS))
            .set_pause_threshold(PAUSE);
        *config.codec_config() = CodecConfig::new_from_payload_params(payload_types(description));
        let mut rtc = Box::new(config.build(now));
        rtc.add_local_candidate(Candidate::host(HERE, Protocol::Udp).ok()?);
        let mid = Mid::from("audio");
        let ssrc = Ssrc::from(ssrc);
        let mut api = rtc.direct_api();
        api.set_remote_ice_credentials(IceCreds { ufrag: THERE_NAME.into(), pass: PASSWORD.into() });
        api.set_remote_fingerprint(fingerprint);
        api.declare_media(mid, MediaKind::Audio);
        api.declare_stream_tx(ssrc, None, mid, None);
        let begins = !browser.active;
        if !begins {
            api.start_dtls(false).ok()?;
        }
        let crypto = gateway.crypto.clone();
        let (introduced, connected) = (false, false);
        let mut secure = Self { rtc, crypto, mid, ssrc, sequence: None, source: None, begins, introduced, connected };
        secure.expect(browser);
        Some(secure)
    }

    /// The browser may have said another source than before.
    pub fn expect(&mut self, browser: &Browser) {
        if let Some(said) = browser.ssrc.filter(|&said| said != 0 && Some(said) != self.source) {
            let before = self.source.replace(said);
            self.listen(said, before);
        }
    }

    fn listen(&mut self, source: u32, before: Option<u32>) {
        let mid = self.mid;
        let mut api = self.rtc.direct_api();
        if let Some(before) = before {
            api.remove_stream_rx(Ssrc::from(before));
        }
        // A lost packet of audio is not worth asking for again.
        api.expect_stream_rx(Ssrc::from(source), None, mid, None).suppress_nack(true);
    }

    /// There is a path to the browser.
    pub fn path_is_ready(&mut self, now: Instant) {
        if std::mem::replace(&mut self.introduced, true) {
            return;
        }
        let user = format!("{HERE_NAME}:{THERE_NAME}");
        let message = StunMessage::binding_request(&user, TransId::new(), true, 1, 1, true);
        let mut octets = [0; 256];
        let hmac = self.crypto.sha1_hmac_provider;
        let length = message.to_bytes(Some(PASSWORD.as_bytes()), &mut octets, |key, parts| hmac.sha1_hmac(key, parts));
        if let Ok(length) = length {
            self.receive(now, &octets[..length]);
        }
        if self.begins {
            let _ = self.rtc.direct_api().start_dtls(true);
        }
    }

    /// DTLS, SRTP or SRTCP came from the browser's address. Gives whether it can have been the browser's.
    pub fn receive(&mut self, now: Instant, octets: &[u8]) -> bool {
        let Ok(received) = Receive::new(Protocol::Udp, THERE, HERE, octets) else { return false };
        self.rtc.handle_input(Input::Receive(now, received)).is_ok()
    }

    /// The source of an SRTP packet that is not the browser's known one, if it may be learnt.
    pub fn stranger(&self, octets: &[u8], browser: &Browser) -> Result<Option<u32>, ()> {
        if crate::rtp::is_rtcp(octets) || octets.first().is_none_or(|first| *first < 128) {
            return Ok(None);
        }
        let source = octets.get(8..12).and_then(|source| Some(u32::from_be_bytes(source.try_into().ok()?))).ok_or(())?;
        match (self.source, browser.ssrc) {
            (Some(known), _) if known == source => Ok(None),
            _ if !self.connected || source == 0 => Err(()),
            (_, None) => Ok(Some(source)),
            (_, Some(_)) => Err(()),
        }
    }

    /// Try whether a source is the browser's: its packet is handled next, and tells by [`Secure::learnt`].
    pub fn try_source(&mut self, source: u32) {
        self.listen(source, None);
    }

    /// A packet of the source that was tried could be opened, or not.
    pub fn learnt(&mut self, source: u32, opened: bool) {
        let gone = if opened { self.source.replace(source) } else { Some(source) };
        if let Some(gone) = gone {
            self.rtc.direct_api().remove_stream_rx(Ssrc::from(gone));
        }
    }

    /// Audio for the browser: a packet with a plain header.
    pub fn write(&mut self, now: Instant, octets: &[u8]) {
        let Ok(packet) = Packet::parse(octets) else { return };
        if !self.connected || packet.payload.start != HEADER {
            return;
        }
        let sequence = extend(self.sequence, packet.sequence);
        self.sequence = Some(self.sequence.map_or(sequence, |last| last.max(sequence)));
        let payload = &octets[packet.payload];
        let write = RtpWrite::new(Pt::from(packet.payload_type), SeqNo::from(sequence), packet.timestamp, now, payload)
            .marker(packet.marker);
        if let Some(stream) = self.rtc.direct_api().stream_tx(&self.ssrc) {
            stream.write_rtp(write);
        }
        self.handle_timeout(now);
    }

    /// The time has come, or something was written.
    pub fn handle_timeout(&mut self, now: Instant) {
        // What fails here has ended the connection, and is told by the next output.
        let _ = self.rtc.handle_input(Input::Timeout(now));
    }

    /// Say goodbye.
    pub fn close(&mut self) {
        let _ = self.rtc.close();
    }

    /// What comes out next; last of all, the time to wait for.
    pub fn poll(&mut self) -> Out {
        // Far more than one input can cause.
        for _ in 0..1_000 {
            let event = match self.rtc.poll_output() {
                Ok(Output::Timeout(at)) if self.rtc.is_alive() => return Out::Wait(at),
                Ok(Output::Timeout(_)) => return Out::Over("the connection is closed".into()),
                // What is for the peer that does not exist.
                Ok(Output::Transmit(transmit)) if transmit.contents.first().is_none_or(|first| *first < 4) => continue,
                Ok(Output::Transmit(transmit)) => return Out::Send(transmit.contents),
                Ok(Output::Event(event)) => event,
                Err(error) if self.rtc.is_alive() => {
                    tracing::debug!(%error, "a browser's connection goes on after an error");
                    continue;
                }
                Err(error) => return Out::Over(error.to_string()),
            };
            match event {
                Event::Connected => {
                    self.connected = true;
                    return Out::Connected;
                }
                Event::RtpPacket(packet) => {
                    // As it came, without extensions.
                    let header = Header {
                        marker: packet.header.marker,
                        payload_type: *packet.header.payload_type,
                        sequence: packet.header.sequence_number,
                        timestamp: packet.header.timestamp,
                        ssrc: *packet.header.ssrc,
                    };
                    return Out::Packet(header, packet.payload);
                }
                Event::MediaEgressStats(stats) => {
                    let remote = stats.remote.as_ref();
                    let (lost, jitter) = (remote.map(|r| r.packets_lost), remote.map(|r| r.jitter));
                    return Out::Report(Report { lost, jitter, round_trip: stats.rtt });
                }
                // Events of video, data and estimates, and of the ICE that is not used.
                _ => {}
            }
        }
        Out::Over("the connection does not come to rest".into())
    }
}

/// `sha-256 AB:CD:…` (RFC 8122 §5). Only SHA-256 counts, which all browsers have.
fn read_fingerprint(text: &str) -> Option<Fingerprint> {
    let (function, digits) = text.trim().split_once(char::is_whitespace)?;
    if !function.eq_ignore_ascii_case("sha-256") || digits.len() > 32 * 3 {
        return None;
    }
    let digits_only = |pair: &str| pair.len() == 2 && pair.bytes().all(|octet| octet.is_ascii_hexdigit());
    let octet = |pair: &str| u8::from_str_radix(pair, 16).ok().filter(|_| digits_only(pair));
    let bytes: Vec<u8> = digits.trim().split(':').map(octet).collect::<Option<_>>()?;
    (bytes.len() == 32).then(|| Fingerprint { hash_func: "sha-256".into(), bytes })
}

/// What str0m has to know of payload types: their clocks, for its reports. Those that are not described yet may be later.
fn payload_types(description: &Description) -> Vec<PayloadParams> {
    let mut types: Vec<(u8, Format)> = Vec::with_capacity(40);
    let described = description.codecs.iter().map(|&(codec, number)| (number, format(codec)));
    let events = description.telephone_event.map(|number| (number, Format::Tele));
    let fixed = [(0, Format::PCMU), (8, Format::PCMA), (9, Format::G722), (13, Format::CN)];
    for (number, format) in described.chain(events).chain(fixed).chain((96..=127).map(|n| (n, Format::Opus))) {
        if number < 128 && !types.iter().any(|(known, _)| *known == number) {
            types.push((number, format));
        }
    }
    types.into_iter().map(|(number, format)| PayloadParams::new(Pt::from(number), None, spec(format))).collect()
}

fn format(codec: Codec) -> Format {
    match codec {
        Codec::Pcmu => Format::PCMU,
        Codec::Pcma => Format::PCMA,
        Codec::G722 => Format::G722,
        Codec::Opus => Format::Opus,
    }
}

fn spec(codec: Format) -> CodecSpec {
    let (clock_rate, channels) = match codec {
        Format::Opus => (Frequency::FORTY_EIGHT_KHZ, Some(2)),
        // As str0m has it; in RTP its clock is 8 kHz.
        Format::G722 => (Frequency::SIXTEEN_KHZ, None),
        _ => (Frequency::EIGHT_KHZ, None),
    };
    CodecSpec { codec, clock_rate, channels, format: FormatParams::default() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn fingerprints_are_read_as_browsers_write_them() {
        let digits = ["0A"; 32].join(":");
        assert_eq!(read_fingerprint(&format!("sha-256 {digits}")).unwrap().bytes, [10; 32]);
        assert_eq!(read_fingerprint(&format!("SHA-256 {}", digits.to_lowercase())).unwrap().bytes, [10; 32]);
        for wrong in [String::new(), digits.clone(), format!("sha-1 {digits}"), format!("sha-256 {digits}:0A")] {
            assert!(read_fingerprint(&wrong).is_none(), "{wrong}");
        }
        assert!(read_fingerprint(&format!("sha-256 {}", ["A"; 32].join(":"))).is_none());
        assert!(read_fingerprint(&format!("sha-256 {}", ["+1"; 32].join(":"))).is_none());
    }

    #[test]
    fn the_described_payload_types_are_the_first_ones() {
        let mut description = Description::new(THERE, Codec::Opus);
        description.codecs = vec![(Codec::Opus, 109), (Codec::Pcmu, 0)];
        description.telephone_event = Some(101);
        let types = payload_types(&description);
        let number = |n: usize| *types[n].pt();
        assert_eq!((number(0), number(1), number(2)), (109, 0, 101));
        assert_eq!(types[2].spec().codec, Format::Tele);
        assert_eq!(types.len(), 36);
    }

    proptest! {
        #[test]
        fn any_text_is_a_fingerprint_or_none(text in ".{0,120}") {
            let _ = read_fingerprint(&text);
        }
    }
}
