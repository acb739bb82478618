//! DTLS and SRTP of one browser: who it is, and by which keys its packets are opened and sealed.
//!
//! DTLS is str0m's, asked directly. Once it has agreed on keys it has nothing to do with packets any more: those are opened
//! and sealed where they are by this crate's own SRTP, and their RTCP is the router's, as with phones. str0m's whole session,
//! with its streams, caches, statistics, pacer, data channels and another ICE agent, took about a third of all the processor
//! time of a packet, the kernel's included.

use std::time::Instant;

use str0m::crypto::{
    Sha256Provider,
    dtls::{DtlsInstance, DtlsOutput, DtlsVersion, KeyingMaterial, SrtpProfile},
};

use super::Gateway;
use crate::{
    rtp,
    srtp::{Encryption, MasterKey, Session, Suite},
    types::Browser,
};

/// The longest datagram of DTLS that is sent, in octets: it fits any path that carries calls.
const MTU: usize = 1_200;
/// Room for what DTLS has to say at once, and the most that it gets, in octets: certificates may be long.
const ROOM: usize = 2_048;
const MOST_ROOM: usize = 64 << 10;

/// What comes of DTLS.
pub(super) enum Out {
    /// To the browser.
    Send(Vec<u8>),
    /// The browser is who it says, and audio may flow.
    Connected,
    /// Nothing until then.
    Wait(Instant),
    /// Over, and why.
    Over(String),
}

/// DTLS and SRTP of one browser.
pub(super) struct Secure {
    dtls: Box<dyn DtlsInstance>,
    sha256: &'static dyn Sha256Provider,
    /// Of the certificate that the browser has to show.
    fingerprint: [u8; 32],
    /// We are DTLS's client.
    active: bool,
    begun: bool,
    /// The certificate was shown, and the handshake is over.
    identified: bool,
    finished: bool,
    /// What was agreed on, until all that is so.
    agreed: Option<Encryption>,
    /// From then on.
    session: Option<Box<Session>>,
    /// Why it is over.
    failure: Option<String>,
}

impl Secure {
    /// Begin with a browser. `None` if it said no usable fingerprint.
    pub fn new(gateway: &Gateway, now: Instant, browser: &Browser) -> Option<Self> {
        let fingerprint = read_fingerprint(&browser.fingerprint)?;
        let crypto = &gateway.crypto;
        let dtls = crypto.dtls_provider.new_dtls(&gateway.certificate, now, DtlsVersion::Dtls12, Some(MTU)).ok()?;
        let mut secure = Self {
            dtls,
            sha256: crypto.sha256_provider,
            fingerprint,
            active: !browser.active,
            begun: false,
            identified: false,
            finished: false,
            agreed: None,
            session: None,
            failure: None,
        };
        secure.dtls.set_active(secure.active);
        secure.handle_timeout(now);
        Some(secure)
    }

    /// There is a path to the browser: say hello, if it waits for that.
    pub fn path_is_ready(&mut self, now: Instant) {
        if self.active && !std::mem::replace(&mut self.begun, true) {
            self.receive(now, &[]);
        }
    }

    /// DTLS came from the browser's address.
    pub fn receive(&mut self, now: Instant, octets: &[u8]) {
        self.handle_timeout(now);
        if let Err(error) = self.dtls.handle_packet(octets)
            // Nothing is no packet: it only lets a client begin.
            && !octets.is_empty()
        {
            self.fail(error.to_string());
        }
    }

    /// The time has come.
    pub fn handle_timeout(&mut self, now: Instant) {
        if let Err(error) = self.dtls.handle_timeout(now) {
            self.fail(error.to_string());
        }
    }

    fn fail(&mut self, why: String) {
        self.failure.get_or_insert(why);
        (self.agreed, self.session) = (None, None);
    }

    /// Open a packet of SRTP or SRTCP where it is. Gives how many octets of it are left; `None`: it is not authentic, or was
    /// here before.
    pub fn open(&mut self, octets: &mut [u8]) -> Option<usize> {
        let session = self.session.as_mut()?;
        if rtp::is_rtcp(octets) { session.open_rtcp(octets) } else { session.open_rtp(octets) }
    }

    /// Seal the first `length` octets of `packet`, RTP or RTCP. Gives how many octets it has now; `None`: it is not to be sent.
    pub fn seal(&mut self, packet: &mut [u8], length: usize) -> Option<usize> {
        let session = self.session.as_mut()?;
        if rtp::is_rtcp(packet) { session.seal_rtcp(packet, length) } else { session.seal_rtp(packet, length) }
    }

    /// Say goodbye.
    pub fn close(&mut self) {
        let _ = self.dtls.close();
    }

    /// What comes out next; last of all, the time to wait for.
    pub fn poll(&mut self) -> Out {
        if let Some(failure) = &self.failure {
            return Out::Over(failure.clone());
        }
        let mut room = vec![0; ROOM];
        // Far more than one input can cause.
        for _ in 0..1_000 {
            let needed = match self.dtls.poll_output(&mut room) {
                DtlsOutput::Packet(octets) => return Out::Send(octets.to_vec()),
                DtlsOutput::Timeout(at) => return Out::Wait(at),
                DtlsOutput::BufferTooSmall { needed } => needed,
                DtlsOutput::PeerCert(certificate) => {
                    if self.sha256.sha256(certificate) != self.fingerprint {
                        return self.over("the browser has another certificate than it said");
                    }
                    self.identified = true;
                    0
                }
                DtlsOutput::KeyingMaterial(keys, profile) => {
                    self.agreed = agreed(&keys, profile, self.active);
                    0
                }
                DtlsOutput::Connected => {
                    self.finished = true;
                    0
                }
                DtlsOutput::CloseNotify => return self.over("the browser has closed its connection"),
                // There are no data channels.
                _ => 0,
            };
            if self.identified
                && self.finished
                && let Some(agreed) = self.agreed.take()
            {
                self.session = Some(Box::new(Session::new(&agreed)));
                return Out::Connected;
            }
            if needed > MOST_ROOM {
                break;
            }
            room.resize(needed.max(room.len()), 0);
        }
        self.over("DTLS does not come to rest")
    }

    fn over(&mut self, why: &str) -> Out {
        self.fail(why.to_owned());
        Out::Over(why.to_owned())
    }
}

/// Keys and salts of client and server, one after the other (RFC 5764 §4.2).
fn agreed(keys: &KeyingMaterial, profile: SrtpProfile, active: bool) -> Option<Encryption> {
    let suite = match profile {
        SrtpProfile::AES128_CM_SHA1_80 => Suite::AesCm128HmacSha1_80,
        SrtpProfile::AEAD_AES_128_GCM => Suite::AeadAes128Gcm,
        SrtpProfile::AEAD_AES_256_GCM => Suite::AeadAes256Gcm,
        _ => return None,
    };
    let (keys, salts) = keys.split_at_checked(2 * suite.key())?;
    let (client_key, server_key) = keys.split_at(suite.key());
    let (client_salt, server_salt) = salts.split_at_checked(suite.salt())?;
    let client = MasterKey::new(suite, &[client_key, client_salt].concat())?;
    let server = MasterKey::new(suite, &[server_key, server_salt].concat())?;
    let (ours, theirs) = if active { (client, server) } else { (server, client) };
    Some(Encryption { suite, ours, theirs, mki: 0 })
}

/// `sha-256 AB:CD:…` (RFC 8122 §5). Only SHA-256 counts, which all browsers have.
fn read_fingerprint(text: &str) -> Option<[u8; 32]> {
    let (function, digits) = text.trim().split_once(char::is_whitespace)?;
    if !function.eq_ignore_ascii_case("sha-256") || digits.len() > 32 * 3 {
        return None;
    }
    let digits_only = |pair: &str| pair.len() == 2 && pair.bytes().all(|octet| octet.is_ascii_hexdigit());
    let octet = |pair: &str| u8::from_str_radix(pair, 16).ok().filter(|_| digits_only(pair));
    let bytes: Vec<u8> = digits.trim().split(':').map(octet).collect::<Option<_>>()?;
    bytes.try_into().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn fingerprints_are_read_as_browsers_write_them() {
        let digits = ["0A"; 32].join(":");
        assert_eq!(read_fingerprint(&format!("sha-256 {digits}")), Some([10; 32]));
        assert_eq!(read_fingerprint(&format!("SHA-256 {}", digits.to_lowercase())), Some([10; 32]));
        for wrong in [String::new(), digits.clone(), format!("sha-1 {digits}"), format!("sha-256 {digits}:0A")] {
            assert!(read_fingerprint(&wrong).is_none(), "{wrong}");
        }
        assert!(read_fingerprint(&format!("sha-256 {}", ["A"; 32].join(":"))).is_none());
        assert!(read_fingerprint(&format!("sha-256 {}", ["+1"; 32].join(":"))).is_none());
    }

    #[test]
    fn each_side_seals_by_its_own_key_of_the_exported_ones() {
        for (profile, key, salt) in [
            (SrtpProfile::AES128_CM_SHA1_80, 16, 14),
            (SrtpProfile::AEAD_AES_128_GCM, 16, 12),
            (SrtpProfile::AEAD_AES_256_GCM, 32, 12),
        ] {
            let part = |octet: u8, length: usize| vec![octet; length];
            let exported = [part(1, key), part(2, key), part(3, salt), part(4, salt)].concat();
            let [client, server] = [[part(1, key), part(3, salt)].concat(), [part(2, key), part(4, salt)].concat()];
            let passive = agreed(&KeyingMaterial::new(&exported), profile, false).unwrap();
            assert_eq!((passive.ours.reveal(), passive.theirs.reveal()), (&server[..], &client[..]));
            let active = agreed(&KeyingMaterial::new(&exported), profile, true).unwrap();
            assert_eq!((active.ours, active.theirs), (passive.theirs, passive.ours));
            assert!(agreed(&KeyingMaterial::new(&exported[1..]), profile, true).is_none());
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_fingerprint_or_none(text in ".{0,120}") {
            let _ = read_fingerprint(&text);
        }
    }
}
