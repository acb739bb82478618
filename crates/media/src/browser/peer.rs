//! One browser's path: which of its datagrams are believed, where it is, and what it says and hears.
//!
//! No clock and no wait: a worker gives datagrams and the time, and takes what happened. What is to be sent leaves through the
//! shared sockets at once.

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use str0m::{
    Candidate,
    ice::{IceAgent, IceAgentEvent, IceCreds, StunMessage, StunPacket},
    net::Protocol,
};

use super::{
    Gateway,
    routes::transaction,
    secure::{Out, Secure},
};
use crate::{
    rtp,
    types::{Browser, Description, LegId, Local},
};

/// Candidates of a browser that count.
const CANDIDATES: usize = 32;
/// Addresses that may prove to be the browser's before ICE starts anew; those after them are not believed.
const ADDRESSES: usize = 32;
/// As good as never.
const IDLE: Duration = Duration::from_secs(60);
/// The longest time-out that means anything.
const DAY: Duration = Duration::from_secs(86_400);
/// Letters of a browser's ICE name and password (RFC 8839 §5.4).
const NAME: std::ops::RangeInclusive<usize> = 4..=256;
const PASSWORD: std::ops::RangeInclusive<usize> = 22..=256;

/// Room for a packet and what sealing adds, in octets.
const PACKET: usize = 2_048;

/// What a datagram was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Received {
    /// Of no use: forged, here before, or not expected.
    Nothing,
    /// A part of ICE or DTLS.
    Check,
    /// A packet of RTP or RTCP. It was opened where it is, and has so many octets now.
    Packet(usize),
}

/// What happened with a browser.
pub(crate) enum Happening {
    /// Audio can flow, and its address is this one from now on.
    Connected(SocketAddr),
    /// Nothing came for the whole time-out, ICE included.
    Silent,
}

/// One browser's path. Its names and addresses are free when it is dropped.
pub(crate) struct Peer {
    leg: LegId,
    gateway: Arc<Gateway>,
    local: IceCreds,
    ice: IceAgent,
    /// ICE was started anew by us, and the browser's new name is awaited.
    renamed: bool,
    browser: Option<Browser>,
    secure: Option<Secure>,
    /// Since when it is over, or cannot be.
    over: bool,
    /// The socket and the address that were nominated.
    pair: Option<(usize, SocketAddr)>,
    proved: Vec<(usize, SocketAddr)>,
    connected: bool,
    /// When something came last that was certainly the browser's.
    heard: Instant,
    silence: Duration,
    deadline: Instant,
    happened: Vec<Happening>,
}

impl std::fmt::Debug for Peer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Peer").field("leg", &self.leg).field("pair", &self.pair).finish_non_exhaustive()
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.gateway.forget(self.leg);
    }
}

impl Peer {
    /// A path to a browser that was told `local`. After `silence` without anything from it, [`Happening::Silent`].
    pub fn new(gateway: Arc<Gateway>, now: Instant, leg: LegId, local: &Local, silence: Duration) -> Self {
        let credentials = IceCreds { ufrag: local.ufrag.clone(), pass: local.pwd.clone() };
        let mut ice = IceAgent::with_hmac(credentials.clone(), gateway.crypto.sha1_hmac_provider);
        ice.set_ice_lite(gateway.lite);
        ice.set_max_candidate_pairs(CANDIDATES * gateway.sockets.len().max(1));
        for shared in &gateway.sockets {
            if let Ok(candidate) = Candidate::host(shared.address, Protocol::Udp) {
                ice.add_local_candidate(candidate);
            }
        }
        Self {
            leg,
            gateway,
            local: credentials,
            ice,
            renamed: false,
            browser: None,
            secure: None,
            over: false,
            pair: None,
            proved: Vec::new(),
            connected: false,
            heard: now,
            silence: silence.min(DAY),
            deadline: now + IDLE,
            happened: Vec::new(),
        }
    }

    /// When [`Peer::handle_timeout`] has something to do.
    pub fn deadline(&self) -> Instant {
        if self.happened.is_empty() { self.deadline } else { self.heard }
    }

    /// Where the browser is; nowhere before it is connected.
    pub fn address(&self) -> Option<SocketAddr> {
        Some(self.pair.filter(|_| self.connected)?.1)
    }

    /// What happened, in order.
    pub fn happened(&mut self, into: &mut Vec<Happening>) {
        into.append(&mut self.happened);
    }

    /// We have another name from now on: ICE starts anew with the browser's next description. Audio goes on meanwhile.
    pub fn rename(&mut self, now: Instant, local: &Local) {
        self.local = IceCreds { ufrag: local.ufrag.clone(), pass: local.pwd.clone() };
        self.restart();
        self.renamed = true;
        self.drive(now);
    }

    fn restart(&mut self) {
        self.ice.ice_restart(self.local.clone(), true);
        self.proved.clear();
    }

    /// Take what the browser said of itself.
    pub fn describe(&mut self, now: Instant, description: &Description) {
        let Some(browser) = &description.browser else { return };
        if !is_word(&browser.ufrag, &NAME) || !is_word(&browser.pwd, &PASSWORD) {
            tracing::warn!(leg = self.leg.0, "a browser said no usable name and password of its ICE agent");
            return;
        }
        let before = self.browser.replace(browser.clone());
        let another = |of: fn(&Browser) -> &String| before.as_ref().is_none_or(|before| of(before) != of(browser));
        if another(|browser| &browser.ufrag) || another(|browser| &browser.pwd) {
            if before.is_some() && !self.renamed {
                self.restart();
            }
            self.renamed = false;
            let (ufrag, pass) = (browser.ufrag.clone(), browser.pwd.clone());
            self.ice.set_remote_credentials(IceCreds { ufrag, pass });
        }
        if !self.gateway.lite {
            for candidate in browser.candidates.iter().take(CANDIDATES) {
                // Names (….local) and TCP are none of ours: the browser finds us.
                if let Ok(candidate) = Candidate::from_sdp_string(&format!("candidate:{candidate}"))
                    && candidate.proto() == Protocol::Udp
                {
                    self.ice.add_remote_candidate(candidate);
                }
            }
        }
        if self.secure.is_none() || another(|browser| &browser.fingerprint) {
            self.secure = Secure::new(&self.gateway, now, browser);
            (self.connected, self.over) = (false, self.secure.is_none());
            if self.over {
                tracing::warn!(leg = self.leg.0, "a browser said no SHA-256 fingerprint of its certificate");
            }
        }
        self.ice.handle_timeout(now);
        self.drive(now);
    }

    /// A datagram came that is this leg's by the routes. Sound is opened where it is.
    pub fn receive(&mut self, now: Instant, socket: usize, from: SocketAddr, octets: &mut [u8]) -> Received {
        // RFC 7983 §7. What is sound changes nothing here, so that there is nothing more to do.
        let useful = match octets.first() {
            Some(128..=191) => return self.open(now, octets).map_or(Received::Nothing, Received::Packet),
            Some(0..=3) => self.receive_check(now, socket, from, octets),
            Some(20..=63) => self.receive_handshake(now, octets),
            Some(_) | None => false,
        };
        self.drive(now);
        if useful { Received::Check } else { Received::Nothing }
    }

    fn open(&mut self, now: Instant, octets: &mut [u8]) -> Option<usize> {
        let (Some(secure), Some(browser), false) = (&mut self.secure, &self.browser, self.over) else { return None };
        if let Some(said) = browser.ssrc
            && !rtp::is_rtcp(octets)
            && octets.get(8..12) != Some(&said.to_be_bytes()[..])
        {
            // Another source than it said is not heard. If it said none, any is that is authentic.
            return None;
        }
        let length = secure.open(octets)?;
        self.heard = now;
        Some(length)
    }

    fn receive_check(&mut self, now: Instant, socket: usize, from: SocketAddr, octets: &[u8]) -> bool {
        let Ok(message) = StunMessage::parse(octets) else { return false };
        let Some(shared) = self.gateway.sockets.get(socket) else { return false };
        let asks = message.is_binding_request();
        let key = (socket, from);
        if asks && !self.proved.contains(&key) && self.proved.len() >= ADDRESSES {
            return false;
        }
        let packet = StunPacket { proto: Protocol::Udp, source: from, destination: shared.address, message };
        if !self.ice.handle_packet(now, packet) {
            return false;
        }
        self.heard = now;
        if asks {
            if !self.proved.contains(&key) {
                self.proved.push(key);
            }
            if !self.gateway.verified(now, self.leg, socket, from) {
                tracing::debug!(leg = self.leg.0, %from, "an address is another browser's still");
            }
        }
        self.ice.handle_timeout(now);
        true
    }

    fn receive_handshake(&mut self, now: Instant, octets: &[u8]) -> bool {
        let (Some(secure), false) = (&mut self.secure, self.over) else { return false };
        secure.receive(now, octets);
        true
    }

    /// Send a plain packet to the browser, unless it is not connected: then there is nobody to hear it. Gives whether the
    /// system took it.
    pub fn write(&mut self, octets: &[u8]) -> bool {
        let (Some(secure), Some((socket, to)), true) = (&mut self.secure, self.pair, self.connected) else {
            return true;
        };
        let (mut packet, length) = ([0; PACKET], octets.len());
        let Some(plain) = packet.get_mut(..length) else { return false };
        plain.copy_from_slice(octets);
        // What was sent already is not sent again; nothing went wrong.
        let Some(length) = secure.seal(&mut packet, length) else { return true };
        self.gateway.send(self.leg, socket, to, &packet[..length])
    }

    /// Do what is due.
    pub fn handle_timeout(&mut self, now: Instant) {
        if now < self.deadline {
            return;
        }
        self.ice.handle_timeout(now);
        if let Some(secure) = &mut self.secure {
            secure.handle_timeout(now);
        }
        if now.saturating_duration_since(self.heard) >= self.silence {
            self.heard = now;
            self.happened.push(Happening::Silent);
        }
        self.drive(now);
    }

    /// Say goodbye to the browser.
    pub fn close(&mut self, now: Instant) {
        if let Some(secure) = &mut self.secure {
            secure.close();
            self.drive(now);
        }
    }

    /// Send all that is to be sent, and see what happened.
    fn drive(&mut self, now: Instant) {
        while let Some(event) = self.ice.poll_event() {
            if let IceAgentEvent::NominatedSend { source, destination, .. } = event
                && let Some(socket) = self.gateway.socket_at(source)
                && self.pair != Some((socket, destination))
            {
                self.pair = Some((socket, destination));
                if self.connected {
                    self.happened.push(Happening::Connected(destination));
                }
            }
        }
        while let Some(transmit) = self.ice.poll_transmit() {
            if let Some(transaction) = transaction(&transmit.contents) {
                self.gateway.asked(now, self.leg, transaction);
            }
            if let Some(socket) = self.gateway.socket_at(transmit.source) {
                self.gateway.send(self.leg, socket, transmit.destination, &transmit.contents);
            }
        }
        let next_check = self.ice.poll_timeout().unwrap_or(now + IDLE);
        self.deadline = next_check.min(self.heard + self.silence);
        let Some(secure) = self.secure.as_mut().filter(|_| !self.over) else { return };
        if self.pair.is_some() {
            secure.path_is_ready(now);
        }
        loop {
            match secure.poll() {
                Out::Send(octets) => {
                    if let Some((socket, to)) = self.pair {
                        self.gateway.send(self.leg, socket, to, &octets);
                    }
                }
                Out::Connected => {
                    self.connected = true;
                    if let Some((_, address)) = self.pair {
                        self.happened.push(Happening::Connected(address));
                    }
                }
                Out::Wait(at) => {
                    self.deadline = self.deadline.min(at);
                    return;
                }
                Out::Over(reason) => {
                    if !std::mem::replace(&mut self.over, true) {
                        tracing::info!(leg = self.leg.0, reason, "a browser's connection is over");
                    }
                    self.connected = false;
                    return;
                }
            }
        }
    }
}

/// Whether these are so many of ICE's letters (RFC 8839 §5.4: `ice-char`).
fn is_word(text: &str, length: &std::ops::RangeInclusive<usize>) -> bool {
    length.contains(&text.len())
        && text.bytes().all(|octet| octet.is_ascii_alphanumeric() || matches!(octet, b'+' | b'/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_passwords_are_of_ices_letters_and_bounded() {
        assert!(is_word("aZ0+", &NAME) && is_word(&"/".repeat(256), &NAME) && is_word(&"p".repeat(22), &PASSWORD));
        for wrong in ["", "abc", "ab:cd", "äbcd", "ab cd", &"a".repeat(257)] {
            assert!(!is_word(wrong, &NAME), "{wrong}");
        }
        assert!(!is_word(&"p".repeat(21), &PASSWORD));
    }
}
