//! Which codecs, which addresses, which way: offer and answer of one leg (RFC 3264).
//!
//! Pure. A leg has one audio stream; whatever else is offered is declined in the answer (RFC 3264 §6). It leads to a plain
//! phone, over RTP, or to a browser, over ICE and DTLS ([`super::browser`]); which of both is known before its first
//! description, and does not change. A phone's keys of SRTP are [`super::encryption`]'s.

use std::net::SocketAddr;

use rand::rngs::StdRng;
use tandem_media::{Codec, Description, Direction, Local};
use tandem_sip::sdp::{self, Kind};

use super::{
    browser::{self, Said},
    encryption::{Chosen, Keys, Manner, Policy},
};

/// What the exchange can do, in the order in which it offers when nobody else has a wish.
pub const CODECS: [Codec; 3] = [Codec::G722, Codec::Pcma, Codec::Pcmu];

/// The payload type that we propose for telephone-event: what most phones propose too.
const TELEPHONE_EVENT: u8 = 101;
/// The same for Opus: what most browsers propose too.
const OPUS: u8 = 111;

/// Why a session description cannot be agreed to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NegotiationError {
    /// It is no session description.
    #[error("the body is no session description: {0}")]
    Malformed(String),
    /// There is no audio in it that we can talk.
    #[error("no audio with a codec that both know (G722, PCMA, PCMU over RTP/AVP or RTP/SAVP; browsers also opus)")]
    NothingInCommon,
    /// It is to be encrypted, by no key and suite that we know.
    #[error("no a=crypto that can be taken (AES_CM_128_HMAC_SHA1_80, AES_CM_128_HMAC_SHA1_32, AEAD_AES_128_GCM)")]
    NoKey,
    /// A browser's description that lacks what it needs.
    #[error("no way to the browser: {0}")]
    NoWay(&'static str),
}

impl NegotiationError {
    /// The SIP status.
    #[must_use]
    pub const fn status(&self) -> u16 {
        match self {
            Self::Malformed(_) => 400,
            Self::NothingInCommon | Self::NoKey | Self::NoWay(_) => 488,
        }
    }
}

/// What the other end wants its media like, by its last description.
#[derive(Debug, Clone, PartialEq)]
struct Remote {
    rtp: SocketAddr,
    rtcp: Option<SocketAddr>,
    rtcp_mux: bool,
    ptime: Option<u8>,
    direction: sdp::Direction,
    /// What a browser says besides.
    browser: Option<Said>,
    /// What a phone offers or chooses of keys.
    chosen: Option<Chosen>,
    /// The media lines that it offered, ours among them, for the answer to line up with.
    lines: Vec<sdp::Media>,
    audio: usize,
}

impl Remote {
    /// The profile of its audio.
    fn protocol(&self) -> &str {
        &self.lines[self.audio].protocol
    }
}

/// Our end.
#[derive(Debug, Clone)]
enum Ours {
    /// A plain phone's leg: where we receive.
    Plain(SocketAddr),
    /// A browser's.
    Browser(Box<Local>),
}

/// A description of ours. It holds secrets, so it is in no `Debug`.
#[derive(Clone, PartialEq, Eq)]
struct Text(String);

impl std::fmt::Debug for Text {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("…")
    }
}

/// One leg's media as far as it is agreed.
#[derive(Debug, Clone)]
pub struct Negotiation {
    ours: Ours,
    /// A plain phone's keys; `None`: no keys are taken, nor offered.
    keys: Option<Box<Keys>>,
    id: u64,
    version: u64,
    agreed: Vec<(Codec, u8)>,
    telephone_event: Option<u8>,
    /// What we offered and the other end has not answered yet.
    offered: Option<Vec<(Codec, u8)>>,
    /// What we offered last, answered or not: of several phones that one INVITE reaches, each answers it for itself.
    made: Vec<(Codec, u8)>,
    remote: Option<Remote>,
    /// What we said last, so that it can be said again unchanged.
    said: Option<Text>,
}

impl Negotiation {
    /// A plain phone's leg. Nothing agreed yet; our media are at `local`.
    #[must_use]
    pub const fn new(local: SocketAddr, id: u64) -> Self {
        Self::with(Ours::Plain(local), id)
    }

    /// A browser's leg. Nothing agreed yet; `local` is what media opened for it.
    #[must_use]
    pub fn browser(local: Local, id: u64) -> Self {
        Self::with(Ours::Browser(Box::new(local)), id)
    }

    const fn with(ours: Ours, id: u64) -> Self {
        Self {
            ours,
            keys: None,
            id,
            version: 0,
            agreed: Vec::new(),
            telephone_event: None,
            offered: None,
            made: Vec::new(),
            remote: None,
            said: None,
        }
    }

    /// With SRTP for a plain phone: `policy` says whether we offer it of ourselves; `secrets` are what our keys are made of, and
    /// nobody else's.
    #[must_use]
    pub fn with_encryption(mut self, policy: Policy, secrets: StdRng) -> Self {
        self.keys = Some(Box::new(Keys::new(policy, secrets))).filter(|_| !self.is_browser());
        self
    }

    /// Whether media are encrypted between us and the other end, by what is agreed.
    #[must_use]
    pub fn is_encrypted(&self) -> bool {
        self.is_browser() || self.keys.as_ref().is_some_and(|keys| keys.agreed().is_some())
    }

    /// Our first offer was refused: whether there is another one, without keys, to be made by the next
    /// [`Negotiation::offer`].
    pub fn falls_back(&mut self) -> bool {
        let falls_back = self.remote.is_none() && self.keys.as_mut().is_some_and(|keys| keys.give_up());
        if falls_back {
            self.offer_refused();
        }
        falls_back
    }

    /// Whether it is a browser's.
    #[must_use]
    pub const fn is_browser(&self) -> bool {
        matches!(self.ours, Ours::Browser(_))
    }

    /// Whether a browser's offer starts ICE anew (RFC 8839 §4.4.3.1.1): its agent has another name or password than in what
    /// it said last, since it is in another network, or is another page. Before such an offer is taken our agent must get
    /// another name as well: see [`Negotiation::renew`].
    #[must_use]
    pub fn restarts_ice(&self, body: &[u8]) -> bool {
        let Some(before) = self.remote.as_ref().and_then(|remote| remote.browser.as_ref()) else { return false };
        let Ok(session) = sdp::Session::parse(body) else { return false };
        let Ok(Remote { browser: Some(now), .. }) = self.remote_of(&session, true) else { return false };
        now.is_another_agent(before)
    }

    /// Another ICE agent of ours, for a browser's leg whose ICE starts anew: it is said from the next description on.
    pub fn renew(&mut self, local: Local) {
        if self.is_browser() {
            self.ours = Ours::Browser(Box::new(local));
        }
    }

    /// The codecs that both ends have, the preferred one first.
    #[must_use]
    pub fn codecs(&self) -> Vec<Codec> {
        self.agreed.iter().map(|(codec, _)| *codec).collect()
    }

    /// Whether the other end has told where its media go, and codecs are agreed.
    #[must_use]
    pub fn is_agreed(&self) -> bool {
        self.remote.is_some() && !self.agreed.is_empty() && self.offered.is_none()
    }

    /// Whether an offer of ours waits for its answer.
    #[must_use]
    pub const fn waits_for_answer(&self) -> bool {
        self.offered.is_some()
    }

    /// Forgets an offer that the other end refused; what was agreed before still is.
    pub fn offer_refused(&mut self) {
        self.offered = None;
    }

    /// Whether the other end has put us on hold (RFC 3264 §8.4).
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.remote.as_ref().is_some_and(|remote| !remote.direction.receives())
    }

    /// An offer of `codecs`; of what is agreed, when something is.
    pub fn offer(&mut self, codecs: &[Codec]) -> String {
        let mut list = if self.agreed.is_empty() { self.with_payload_types(codecs) } else { self.agreed.clone() };
        if list.is_empty() {
            let opus = Some(Codec::Opus).filter(|_| self.is_browser());
            list = self.with_payload_types(&opus.into_iter().chain(CODECS).collect::<Vec<_>>());
        }
        let telephone_event = if self.agreed.is_empty() { Some(TELEPHONE_EVENT) } else { self.telephone_event };
        // An offer has the lines that there were before (RFC 3264 §8).
        let lines = self.remote.clone();
        let before = lines.as_ref().map(|remote| remote.protocol());
        let manner = self.keys.as_mut().map_or_else(Manner::plain, |keys| keys.offer(before));
        let text = self.describe_us(&list, telephone_event, sdp::Direction::SendRecv, lines.as_ref(), manner);
        self.telephone_event = telephone_event;
        self.made.clone_from(&list);
        self.offered = Some(list);
        text
    }

    /// Those of the codecs that this leg can have, with the payload types that we propose.
    fn with_payload_types(&self, codecs: &[Codec]) -> Vec<(Codec, u8)> {
        let payload_type = |codec: Codec| codec.static_payload_type().or((codec == Codec::Opus).then_some(OPUS));
        let can = codecs.iter().copied().filter(|codec| self.can(*codec));
        can.filter_map(|codec| Some((codec, payload_type(codec)?))).collect()
    }

    /// Whether this leg can have a codec: Opus is the browsers' alone, and only where media can decode and make it.
    fn can(&self, codec: Codec) -> bool {
        CODECS.contains(&codec) || (codec == Codec::Opus && self.is_browser() && codec.is_coded_here())
    }

    /// What we said last once more, as an offer: it changes nothing, and only asks whether somebody is there.
    pub fn offer_again(&mut self) -> String {
        match self.said.clone() {
            Some(Text(said)) if !self.agreed.is_empty() => {
                self.offered = Some(self.agreed.clone());
                said
            }
            Some(_) | None => self.offer(&[]),
        }
    }

    /// Takes an offer. What was agreed before stays, if the offer cannot be agreed to.
    ///
    /// # Errors
    /// See [`NegotiationError`].
    pub fn receive_offer(&mut self, body: &[u8]) -> Result<(), NegotiationError> {
        let session = sdp::Session::parse(body).map_err(|error| NegotiationError::Malformed(error.to_string()))?;
        let remote = self.remote_of(&session, true)?;
        let theirs = self.audio_codecs(&remote);
        if theirs.is_empty() {
            return Err(NegotiationError::NothingInCommon);
        }
        if let Some(keys) = &mut self.keys {
            keys.take_offer(remote.chosen.as_ref());
        }
        self.telephone_event = telephone_event(&remote);
        self.agreed = theirs;
        self.remote = Some(remote);
        self.offered = None;
        Ok(())
    }

    /// Our answer to the last offer: one codec, `preferred` if the other end has it, so that neither end changes it at will.
    pub fn answer(&mut self, preferred: &[Codec]) -> String {
        let has = |codec: &&Codec| self.agreed.iter().any(|(agreed, _)| agreed == *codec);
        if let Some(codec) = preferred.iter().find(has).copied() {
            self.agreed.retain(|(agreed, _)| *agreed == codec);
        }
        self.agreed.truncate(1);
        let Some(remote) = self.remote.clone() else { return String::new() };
        let direction = remote.direction.reversed();
        let agreed = self.agreed.clone();
        let manner = self.keys.as_mut().map_or_else(Manner::plain, |keys| keys.answer(remote.protocol()));
        self.describe_us(&agreed, self.telephone_event, direction, Some(&remote), manner)
    }

    /// Takes the answer to our offer.
    ///
    /// # Errors
    /// See [`NegotiationError`]; the offer then still waits.
    pub fn receive_answer(&mut self, body: &[u8]) -> Result<(), NegotiationError> {
        let session = sdp::Session::parse(body).map_err(|error| NegotiationError::Malformed(error.to_string()))?;
        let remote = self.remote_of(&session, false)?;
        let offered = self.offered.as_ref().unwrap_or(if self.made.is_empty() { &self.agreed } else { &self.made });
        let common: Vec<_> = self
            .audio_codecs(&remote)
            .into_iter()
            .filter(|(codec, _)| offered.iter().any(|(ours, _)| ours == codec))
            .collect();
        if common.is_empty() {
            return Err(NegotiationError::NothingInCommon);
        }
        if let Some(keys) = &mut self.keys {
            let secure = remote.lines[remote.audio].is_secure();
            keys.take_answer(remote.chosen.as_ref(), secure).map_err(|_| NegotiationError::NoKey)?;
        }
        self.agreed = common;
        self.telephone_event = telephone_event(&remote);
        self.remote = Some(remote);
        self.offered = None;
        Ok(())
    }

    /// What we said last.
    #[must_use]
    pub fn said(&self) -> Option<&str> {
        self.said.as_ref().map(|Text(said)| said.as_str())
    }

    /// What media need to know; `None` before anything is agreed.
    #[must_use]
    pub fn description(&self) -> Option<Description> {
        let remote = self.remote.as_ref()?;
        if self.agreed.is_empty() {
            return None;
        }
        let (receive, send) = (remote.direction.sends(), remote.direction.receives());
        Some(Description {
            rtp: remote.rtp,
            signalling: None,
            rtcp: remote.rtcp,
            rtcp_mux: remote.rtcp_mux,
            codecs: self.agreed.clone(),
            telephone_event: self.telephone_event,
            direction: Direction { send, receive },
            ptime: remote.ptime,
            browser: remote.browser.as_ref().map(|said| said.browser.clone()),
            encryption: self.keys.as_ref().and_then(|keys| keys.agreed()).cloned(),
        })
    }

    fn describe_us(
        &mut self,
        codecs: &[(Codec, u8)],
        telephone_event: Option<u8>,
        direction: sdp::Direction,
        answered: Option<&Remote>,
        manner: Manner,
    ) -> String {
        let ours = self.audio_line(codecs, telephone_event, direction, answered, manner);
        let media = match answered {
            None => vec![ours],
            Some(remote) => {
                let lines = remote.lines.iter().enumerate();
                lines.map(|(place, line)| if place == remote.audio { ours.clone() } else { line.refused() }).collect()
            }
        };
        let mut session = sdp::Session::new(self.address().ip(), self.id, self.version);
        session.media = media;
        if let Ours::Browser(local) = &self.ours {
            browser::dress_session(&mut session, local, answered.and_then(|remote| remote.browser.as_ref()));
        }
        // The version grows with every change and only then (RFC 3264 §8).
        if self.said() != Some(session.to_string().as_str()) {
            self.version += 1;
            session.origin.version = self.version;
        }
        let text = session.to_string();
        self.said = Some(Text(text.clone()));
        text
    }

    const fn address(&self) -> SocketAddr {
        match &self.ours {
            Ours::Plain(address) => *address,
            Ours::Browser(local) => local.address,
        }
    }

    fn audio_line(
        &self,
        codecs: &[(Codec, u8)],
        telephone_event: Option<u8>,
        direction: sdp::Direction,
        answered: Option<&Remote>,
        manner: Manner,
    ) -> sdp::Media {
        let mut line = sdp::Media { protocol: manner.protocol, ..sdp::Media::audio(self.address().port()) };
        for (codec, payload_type) in codecs {
            line.push_codec(&described(*codec, *payload_type));
        }
        if let Some(payload_type) = telephone_event {
            line.push_codec(&sdp::Codec::new(payload_type, "telephone-event", 8000).with_fmtp("0-15"));
        }
        let keys = manner.cryptos.iter().map(|crypto| sdp::Attribute::new("crypto", crypto.to_string()));
        line.attributes.extend(keys);
        line.attributes.push(sdp::Attribute::new("ptime", "20"));
        line.set_direction(direction);
        if let Ours::Browser(local) = &self.ours {
            browser::dress_line(&mut line, local, answered.and_then(|remote| remote.browser.as_ref()));
        }
        line
    }

    /// The first audio line of this leg's kind that is not switched off.
    fn remote_of(&self, session: &sdp::Session, is_offer: bool) -> Result<Remote, NegotiationError> {
        let is_ours = |media: &sdp::Media| match self.ours {
            Ours::Plain(_) => media.protocol == "RTP/AVP" || (media.is_secure() && self.chosen(media).is_some()),
            Ours::Browser(_) => media.is_webrtc(),
        };
        let is_on = |media: &sdp::Media| media.kind == Kind::Audio && media.port != 0;
        let audio = session.media.iter().position(|media| is_on(media) && is_ours(media)).ok_or_else(|| {
            let is_locked = !self.is_browser() && session.media.iter().any(|media| is_on(media) && media.is_secure());
            if is_locked { NegotiationError::NoKey } else { NegotiationError::NothingInCommon }
        })?;
        let line = &session.media[audio];
        let ip = session.address(line).unwrap_or(session.origin.address);
        let before = self.remote.as_ref().and_then(|remote| remote.browser.as_ref());
        let browser = match self.ours {
            Ours::Plain(_) => None,
            Ours::Browser(_) => Some(browser::read(session, line, is_offer, before).map_err(NegotiationError::NoWay)?),
        };
        Ok(Remote {
            rtp: SocketAddr::new(ip, line.port),
            rtcp: line.rtcp_port().filter(|_| browser.is_none()).map(|port| SocketAddr::new(ip, port)),
            rtcp_mux: line.has_rtcp_mux(),
            ptime: line.ptime().and_then(|ptime| u8::try_from(ptime).ok()),
            direction: session.direction(line),
            browser,
            chosen: self.chosen(line),
            lines: session.media.clone(),
            audio,
        })
    }

    /// The keys on a line that can be taken.
    fn chosen(&self, line: &sdp::Media) -> Option<Chosen> {
        self.keys.as_ref().and_then(|_| Chosen::from_line(line))
    }

    fn audio_codecs(&self, remote: &Remote) -> Vec<(Codec, u8)> {
        let offered = remote.lines[remote.audio].codecs();
        let known = offered
            .iter()
            .filter_map(|codec| Some((Codec::from_rtp_name(&codec.name, codec.clock_rate)?, codec.payload_type)));
        known.filter(|(codec, _)| self.can(*codec)).collect()
    }
}

/// A codec as it is described. Opus is always said to have two channels (RFC 7587 §7).
fn described(codec: Codec, payload_type: u8) -> sdp::Codec {
    let plain = sdp::Codec::new(payload_type, codec.rtp_name(), codec.clock_rate());
    match codec {
        Codec::Opus => sdp::Codec { channels: 2, ..plain.with_fmtp("minptime=10;useinbandfec=1") },
        Codec::Pcmu | Codec::Pcma | Codec::G722 => plain,
    }
}

fn telephone_event(remote: &Remote) -> Option<u8> {
    let offered = remote.lines[remote.audio].codecs();
    let event =
        offered.iter().find(|codec| codec.name.eq_ignore_ascii_case("telephone-event") && codec.clock_rate == 8000);
    event.map(|codec| codec.payload_type)
}
