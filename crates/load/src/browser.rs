//! What is a browser to the generator? str0m as a browser has it: ICE of its own, the client of DTLS, SRTP with the keys that
//! came of that.

use std::{
    net::{Ipv4Addr, SocketAddr, UdpSocket},
    time::Instant,
};

use anyhow::{Context as _, Result};
use str0m::{
    Candidate, Event, Input, Output, Rtc, RtcConfig,
    config::{DtlsCert, Fingerprint},
    format::{Codec as Format, CodecConfig, CodecSpec, FormatParams, PayloadParams},
    ice::IceCreds,
    media::{Frequency, MediaKind, Mid, Pt},
    net::{Protocol, Receive},
    rtp::{RtpWrite, SeqNo, Ssrc},
};

use crate::gateway::{LINE, Said};

/// The payload type of µ-law (RFC 3551 §6).
const MU_LAW: u8 = 0;

/// A browser.
pub struct Browser {
    rtc: Rtc,
    socket: UdpSocket,
    address: SocketAddr,
    ssrc: Ssrc,
    connected: bool,
    /// When it has something to do next.
    deadline: Instant,
}

/// A certificate that browsers may share: to make one for each takes the generator's time.
///
/// # Errors
/// It cannot be made.
pub fn certificate() -> Result<DtlsCert> {
    str0m::crypto::from_feature_flags().dtls_provider.generate_certificate().context("no certificate for browsers")
}

impl Browser {
    /// A browser with this source.
    ///
    /// # Errors
    /// The system gives no socket.
    pub fn open(ssrc: u32, certificate: &DtlsCert) -> Result<Self> {
        let now = Instant::now();
        let mut config = RtcConfig::new().set_rtp_mode(true).clear_extension_map().set_dtls_cert(certificate.clone());
        let (codec, clock_rate, format) = (Format::PCMU, Frequency::EIGHT_KHZ, FormatParams::default());
        let spec = CodecSpec { codec, clock_rate, channels: None, format };
        let types = vec![PayloadParams::new(Pt::from(MU_LAW), None, spec)];
        *config.codec_config() = CodecConfig::new_from_payload_params(types);
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        socket.set_nonblocking(true)?;
        let address = socket.local_addr()?;
        let mut rtc = config.build(now);
        rtc.add_local_candidate(Candidate::host(address, Protocol::Udp)?);
        let ssrc = Ssrc::from(ssrc);
        let mid = Mid::from(LINE);
        let mut api = rtc.direct_api();
        api.set_ice_controlling(true);
        api.declare_media(mid, MediaKind::Audio);
        api.declare_stream_tx(ssrc, None, mid, None);
        Ok(Self { rtc, socket, address, ssrc, connected: false, deadline: now })
    }

    /// Its socket, to be waited for.
    #[must_use]
    pub const fn socket(&self) -> &UdpSocket {
        &self.socket
    }

    /// Whether audio may flow.
    #[must_use]
    pub const fn is_connected(&self) -> bool {
        self.connected
    }

    /// When it has something to do next.
    #[must_use]
    pub const fn deadline(&self) -> Instant {
        self.deadline
    }

    /// What it says.
    pub fn said(&mut self) -> Said {
        let api = self.rtc.direct_api();
        let fingerprint = api.local_dtls_fingerprint().clone();
        let digest: Vec<String> = fingerprint.bytes.iter().map(|octet| format!("{octet:02X}")).collect();
        let IceCreds { ufrag, pass: pwd } = api.local_ice_credentials();
        let fingerprint = format!("{} {}", fingerprint.hash_func, digest.join(":"));
        Said { address: self.address, ufrag, pwd, fingerprint, ssrc: *self.ssrc }
    }

    /// Takes what the gateway says, and begins.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn meet(&mut self, other: &Said) -> Result<()> {
        let (function, digits) = other.fingerprint.split_once(' ').context("no fingerprint")?;
        let bytes = digits.split(':').map(|octet| u8::from_str_radix(octet, 16)).collect::<Result<_, _>>()?;
        let mut api = self.rtc.direct_api();
        api.set_remote_ice_credentials(IceCreds { ufrag: other.ufrag.clone(), pass: other.pwd.clone() });
        api.set_remote_fingerprint(Fingerprint { hash_func: function.into(), bytes });
        api.expect_stream_rx(Ssrc::from(other.ssrc), None, Mid::from(LINE), None).suppress_nack(true);
        api.start_dtls(true)?;
        self.rtc.add_remote_candidate(Candidate::host(other.address, Protocol::Udp)?);
        self.deadline = Instant::now();
        Ok(())
    }

    /// Says 20 ms of µ-law.
    ///
    /// # Errors
    /// It is over.
    pub fn say(&mut self, now: Instant, sequence: u64, timestamp: u32, payload: &[u8]) -> Result<()> {
        let write = RtpWrite::new(Pt::from(MU_LAW), SeqNo::from(sequence), timestamp, now, payload);
        self.rtc.direct_api().stream_tx(&self.ssrc).context("no stream to write to")?.write_rtp(write);
        self.wait(now)
    }

    /// Reads what came, at most so many datagrams; tells each packet's sound.
    ///
    /// # Errors
    /// It is over.
    pub fn read(&mut self, at_once: usize, heard: &mut impl FnMut(&[u8])) -> Result<()> {
        let mut room = [0; 2048];
        for _ in 0..at_once {
            let Ok((length, from)) = self.socket.recv_from(&mut room) else { break };
            if let Ok(received) = Receive::new(Protocol::Udp, from, self.address, &room[..length]) {
                self.rtc.handle_input(Input::Receive(Instant::now(), received))?;
                self.poll(heard)?;
            }
        }
        Ok(())
    }

    /// Does what is due.
    ///
    /// # Errors
    /// It is over.
    pub fn wait(&mut self, now: Instant) -> Result<()> {
        self.rtc.handle_input(Input::Timeout(now))?;
        // Only what comes brings sound.
        self.poll(&mut |_| {})
    }

    fn poll(&mut self, heard: &mut impl FnMut(&[u8])) -> Result<()> {
        loop {
            match self.rtc.poll_output()? {
                Output::Timeout(deadline) => {
                    self.deadline = deadline;
                    return Ok(());
                }
                Output::Transmit(transmit) => {
                    // What cannot be sent is lost, and found missing.
                    let _ = self.socket.send_to(&transmit.contents, transmit.destination);
                }
                Output::Event(Event::Connected) => self.connected = true,
                Output::Event(Event::RtpPacket(packet)) => heard(&packet.payload),
                Output::Event(_) => {}
            }
        }
    }
}
