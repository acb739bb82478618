//! A browser: str0m with its own ICE, as the client of DTLS.

use std::{
    net::{Ipv4Addr, SocketAddr, UdpSocket},
    time::{Duration, Instant},
};

use str0m::{
    Candidate, Event, Input, Output, Rtc, RtcConfig,
    config::Fingerprint,
    format::{Codec as Format, CodecConfig, CodecSpec, FormatParams, PayloadParams},
    ice::IceCreds,
    media::{Frequency, MediaKind, Mid, Pt},
    net::{Protocol, Receive},
    rtp::{RtpWrite, SeqNo, Ssrc},
};
use tandem_media::{Browser, Codec, Description, Local};

/// A packet of audio or of an event, as a party received it.
#[derive(Debug, Clone)]
pub struct Heard {
    pub payload_type: u8,
    pub sequence: u16,
    pub timestamp: u32,
    pub ssrc: u32,
    pub payload: Vec<u8>,
}

pub struct Client {
    pub rtc: Rtc,
    pub socket: UdpSocket,
    address: SocketAddr,
    pub ssrc: u32,
    pub connected: bool,
    pub heard: Vec<Heard>,
    /// The last datagram of sound that it sent, as it was on the wire.
    pub said: Vec<u8>,
    /// Datagrams of reports that it sent, and that it was sent.
    pub reports: (u32, u32),
    /// It waits for the other side to begin with DTLS.
    pub passive: bool,
    answered: bool,
    pub mid: Mid,
    credentials: IceCreds,
}

/// What the browsers here call events.
pub const EVENTS: u8 = 110;

fn params(number: u8, codec: Format) -> PayloadParams {
    let (clock_rate, channels) = match codec {
        Format::Opus => (Frequency::FORTY_EIGHT_KHZ, Some(2)),
        Format::G722 => (Frequency::SIXTEEN_KHZ, None),
        _ => (Frequency::EIGHT_KHZ, None),
    };
    let spec = CodecSpec { codec, clock_rate, channels, format: FormatParams::default() };
    PayloadParams::new(Pt::from(number), None, spec)
}

fn bind() -> (UdpSocket, SocketAddr) {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    socket.set_nonblocking(true).unwrap();
    let address = socket.local_addr().unwrap();
    (socket, address)
}

impl Client {
    pub fn new(ssrc: u32) -> Self {
        let mut config = RtcConfig::new().set_rtp_mode(true).clear_extension_map();
        *config.codec_config() = CodecConfig::new_from_payload_params(vec![
            params(111, Format::Opus),
            params(9, Format::G722),
            params(0, Format::PCMU),
            params(8, Format::PCMA),
            params(EVENTS, Format::Tele),
        ]);
        let mut rtc = config.build(Instant::now());
        let (socket, address) = bind();
        rtc.add_local_candidate(Candidate::host(address, Protocol::Udp).unwrap());
        let mid = Mid::from("0");
        let mut api = rtc.direct_api();
        api.set_ice_controlling(true);
        api.declare_media(mid, MediaKind::Audio);
        api.declare_stream_tx(Ssrc::from(ssrc), None, mid, None);
        let credentials = api.local_ice_credentials();
        Self {
            rtc,
            socket,
            address,
            ssrc,
            connected: false,
            heard: Vec::new(),
            said: Vec::new(),
            reports: (0, 0),
            passive: false,
            answered: false,
            mid,
            credentials,
        }
    }

    /// What its SDP says.
    pub fn description(&mut self, codec: Codec) -> Description {
        let fingerprint = self.rtc.direct_api().local_dtls_fingerprint().clone();
        let digest: Vec<String> = fingerprint.bytes.iter().map(|octet| format!("{octet:02X}")).collect();
        let browser = Browser {
            ufrag: self.credentials.ufrag.clone(),
            pwd: self.credentials.pass.clone(),
            fingerprint: format!("sha-256 {}", digest.join(":")),
            active: !self.passive,
            // A name that only its own network can look up, as browsers have.
            candidates: vec!["1 1 udp 2113937151 6f1a1c6e-0000-4000-8000-0123456789ab.local 54400 typ host".into()],
            ssrc: Some(self.ssrc),
            mid: "0".into(),
        };
        Description {
            telephone_event: Some(EVENTS),
            rtcp_mux: true,
            browser: Some(browser),
            ..Description::new(SocketAddr::from(([0, 0, 0, 0], 9)), codec)
        }
    }

    /// Take what our SDP says.
    pub fn answer(&mut self, local: &Local) {
        let mut api = self.rtc.direct_api();
        api.set_remote_ice_credentials(IceCreds { ufrag: local.ufrag.clone(), pass: local.pwd.clone() });
        if !std::mem::replace(&mut self.answered, true) {
            let (function, digits) = local.fingerprint.split_once(' ').unwrap();
            let bytes = digits.split(':').map(|octet| u8::from_str_radix(octet, 16).unwrap()).collect();
            api.set_remote_fingerprint(Fingerprint { hash_func: function.into(), bytes });
            api.expect_stream_rx(Ssrc::from(local.ssrc), None, self.mid, None).suppress_nack(true);
            api.start_dtls(!self.passive).unwrap();
        }
        self.rtc.add_remote_candidate(Candidate::host(local.address, Protocol::Udp).unwrap());
        self.poll();
    }

    /// The network is another one: another port, and ICE anew.
    pub fn change_network(&mut self) {
        let old = Candidate::host(self.address, Protocol::Udp).unwrap();
        (self.socket, self.address) = bind();
        self.credentials = IceCreds::new();
        let mut api = self.rtc.direct_api();
        api.invalidate_candidate(&old);
        api.set_local_ice_credentials(self.credentials.clone());
        self.rtc.add_local_candidate(Candidate::host(self.address, Protocol::Udp).unwrap());
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Send a packet.
    pub fn send(&mut self, payload_type: u8, sequence: u64, timestamp: u32, payload: &[u8]) {
        let now = Instant::now();
        let write = RtpWrite::new(Pt::from(payload_type), SeqNo::from(sequence), timestamp, now, payload);
        if self.connected {
            self.rtc.direct_api().stream_tx(&Ssrc::from(self.ssrc)).unwrap().write_rtp(write);
        }
        self.rtc.handle_input(Input::Timeout(now)).unwrap();
        self.poll();
    }

    /// Read and do what is due.
    pub fn work(&mut self) {
        let mut room = [0; 2_000];
        while let Ok((length, from)) = self.socket.recv_from(&mut room) {
            self.reports.1 += u32::from(is_report(&room[..length]));
            if let Ok(received) = Receive::new(Protocol::Udp, from, self.address, &room[..length]) {
                let _ = self.rtc.handle_input(Input::Receive(Instant::now(), received));
                self.poll();
            }
        }
        let _ = self.rtc.handle_input(Input::Timeout(Instant::now()));
        self.poll();
    }

    fn poll(&mut self) {
        loop {
            match self.rtc.poll_output() {
                Ok(Output::Timeout(_)) | Err(_) => return,
                Ok(Output::Transmit(transmit)) => {
                    let octets = &transmit.contents;
                    self.reports.0 += u32::from(is_report(octets));
                    if octets.first().is_some_and(|first| *first >= 128) && !is_report(octets) {
                        self.said = octets.to_vec();
                    }
                    let _ = self.socket.send_to(&transmit.contents, transmit.destination);
                }
                Ok(Output::Event(Event::Connected)) => self.connected = true,
                Ok(Output::Event(Event::RtpPacket(packet))) => self.heard.push(Heard {
                    payload_type: *packet.header.payload_type,
                    sequence: packet.header.sequence_number,
                    timestamp: packet.header.timestamp,
                    ssrc: *packet.header.ssrc,
                    payload: packet.payload.to_vec(),
                }),
                Ok(Output::Event(_)) => {}
            }
        }
    }
}

/// RFC 5761 §4.
fn is_report(octets: &[u8]) -> bool {
    octets.first().is_some_and(|first| *first >= 128) && tandem_media::rtp::is_rtcp(octets)
}

/// Longer than anything that is waited for takes.
pub const PATIENCE: Duration = Duration::from_secs(10);
