//! What the outside says to media and hears from it: legs, descriptions, the matrix, events.

use std::net::{IpAddr, SocketAddr};

use crate::{
    clip::Clip,
    dtmf::{Digit, DigitSource},
    quality::Quality,
    srtp::Encryption,
};

/// Names a leg, for ever: a number is not given twice in the life of an engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LegId(pub u64);

/// How audio is coded (RFC 3551 §4.5, RFC 7587).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Codec {
    /// ITU-T G.711 µ-law, 64 kbit/s; static payload type 0.
    Pcmu,
    /// ITU-T G.711 A-law, 64 kbit/s; static payload type 8.
    Pcma,
    /// ITU-T G.722 at 64 kbit/s, 16 kHz audio on an 8 kHz RTP clock (RFC 3551 §4.5.2); static payload type 9.
    G722,
    /// Opus (RFC 7587), as browsers have it. Decoded and made here at 16 kHz, one channel.
    Opus,
}

impl Codec {
    /// All codecs.
    pub const ALL: [Self; 4] = [Self::Pcmu, Self::Pcma, Self::G722, Self::Opus];

    /// The encoding name in SDP's `a=rtpmap`; names compare without case.
    #[must_use]
    pub const fn rtp_name(self) -> &'static str {
        match self {
            Self::Pcmu => "PCMU",
            Self::Pcma => "PCMA",
            Self::G722 => "G722",
            Self::Opus => "opus",
        }
    }

    /// The codec of an `a=rtpmap` encoding name and clock rate.
    #[must_use]
    pub fn from_rtp_name(name: &str, clock_rate: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|c| c.rtp_name().eq_ignore_ascii_case(name) && c.clock_rate() == clock_rate)
    }

    /// The RTP clock in Hz. G.722's is 8,000 although it carries 16,000 samples a second.
    #[must_use]
    pub const fn clock_rate(self) -> u32 {
        match self {
            Self::Pcmu | Self::Pcma | Self::G722 => 8_000,
            Self::Opus => 48_000,
        }
    }

    /// Samples a second of the audio as it is decoded and made here, in Hz. Opus has up to 48,000; speech needs 16,000.
    #[must_use]
    pub const fn sample_rate(self) -> u32 {
        match self {
            Self::Pcmu | Self::Pcma => 8_000,
            Self::G722 | Self::Opus => 16_000,
        }
    }

    /// The static payload type (RFC 3551 §6), where there is one.
    #[must_use]
    pub const fn static_payload_type(self) -> Option<u8> {
        match self {
            Self::Pcmu => Some(0),
            Self::Pcma => Some(8),
            Self::G722 => Some(9),
            Self::Opus => None,
        }
    }

    /// Whether audio of this codec can be decoded and made here, and so be mixed, transcoded and played to.
    #[must_use]
    pub const fn is_coded_here(self) -> bool {
        match self {
            Self::Pcmu | Self::Pcma | Self::G722 | Self::Opus => true,
        }
    }
}

/// Which ways media flow, seen from the exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Direction {
    /// We may send to the party: its own direction is `sendrecv` or `recvonly`.
    pub send: bool,
    /// The party sends to us: its own direction is `sendrecv` or `sendonly`.
    pub receive: bool,
}

impl Direction {
    /// Both ways (`sendrecv`).
    pub const BOTH: Self = Self { send: true, receive: true };
    /// Neither way (`inactive`).
    pub const NEITHER: Self = Self { send: false, receive: false };
}

/// What a party said about its media, as agreed by offer and answer (RFC 3264).
///
/// Describing a leg again (a re-INVITE, an UPDATE, a changed early answer) lets its source be found anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description {
    /// Where the party wants RTP. An unspecified address or port 0 is never sent to.
    pub rtp: SocketAddr,
    /// The host that said it; `None` if that says nothing about where media come from.
    pub signalling: Option<IpAddr>,
    /// Where it wants RTCP (`a=rtcp`, RFC 3605); `None` is the port after RTP's.
    pub rtcp: Option<SocketAddr>,
    /// RTP and RTCP share the port (`a=rtcp-mux`, RFC 5761). RTCP on the RTP port is understood in any case.
    pub rtcp_mux: bool,
    /// The agreed codecs with their payload types, the preferred one first. At most 16 count.
    pub codecs: Vec<(Codec, u8)>,
    /// The payload type of `telephone-event/8000` (RFC 4733), if agreed.
    pub telephone_event: Option<u8>,
    /// Which ways media flow.
    pub direction: Direction,
    /// `a=ptime` in milliseconds, if said. What we make ourselves has 20 ms; what we relay keeps the length it came with.
    pub ptime: Option<u8>,
    /// What a browser says besides; `None` is plain RTP. A browser's `rtp` is only its default candidate.
    pub browser: Option<Browser>,
    /// The keys of SRTP, if that was agreed; `None` is plain RTP. Not of a browser, whose keys are made by DTLS.
    pub encryption: Option<Encryption>,
}

/// Our side of a browser's leg: what we say to it about ICE and DTLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Local {
    /// The first host candidate.
    pub address: SocketAddr,
    /// The others.
    pub candidates: Vec<SocketAddr>,
    /// The name of our ICE agent (RFC 8839 §5.4).
    pub ufrag: String,
    /// Its password.
    pub pwd: String,
    /// Of our certificate: `sha-256 AB:CD…` (RFC 8122 §5).
    pub fingerprint: String,
    /// The source of what we send.
    pub ssrc: u32,
    /// Whether we only answer checks (RFC 8445 §2.5).
    pub lite: bool,
}

/// A browser's side of its leg, by its last description.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Browser {
    /// The name of its ICE agent (RFC 8839 §5.4); another one than before: ICE starts anew.
    pub ufrag: String,
    /// Its password.
    pub pwd: String,
    /// Of its certificate: `sha-256 AB:CD…` (RFC 8122 §5); another one than before: another browser, DTLS starts anew.
    pub fingerprint: String,
    /// Whether it is the client of DTLS (`setup:active`), so that we are the server.
    pub active: bool,
    /// Its candidates, each as it stands after `a=candidate:`; not all are addresses (`….local`).
    pub candidates: Vec<String>,
    /// The source of what it sends, if it says so.
    pub ssrc: Option<u32>,
    /// The name of its audio line (RFC 5888), which its packets may carry.
    pub mid: String,
}

impl Description {
    /// A party at `rtp` with one codec at its static payload type (Opus at 111), both ways, without telephone-event.
    #[must_use]
    pub fn new(rtp: SocketAddr, codec: Codec) -> Self {
        Self {
            rtp,
            signalling: None,
            rtcp: None,
            rtcp_mux: false,
            codecs: vec![(codec, codec.static_payload_type().unwrap_or(111))],
            telephone_event: None,
            direction: Direction::BOTH,
            ptime: None,
            browser: None,
            encryption: None,
        }
    }
}

/// What a leg hears: one row of the matrix.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Hears {
    /// Nothing is sent to the leg; RTCP goes on.
    #[default]
    Nothing,
    /// One other leg: relayed packet by packet, transcoded only where the codecs differ.
    Leg(LegId),
    /// Several legs, mixed.
    Mix(Vec<LegId>),
    /// A clip, once or for ever. When it was played once, [`Event::ClipEnded`] is told and the leg hears silence.
    /// Setting the very same clip (same samples in memory) again changes nothing, playing or played: to play it a second
    /// time, set [`Hears::Nothing`] first.
    Clip {
        /// What is played.
        clip: Clip,
        /// For ever.
        repeat: bool,
    },
    /// Itself: the echo test.
    Echo,
    /// Two channels for a recorder leg ([`Engine::record`](crate::Engine::record)): each is the mix of these legs, silence
    /// if there are none. A leg that is no recorder hears nothing of it. While a recorder leg has any other row, its time
    /// stands still.
    Stereo {
        /// Who is in the left channel.
        left: Vec<LegId>,
        /// Who is in the right channel.
        right: Vec<LegId>,
    },
}

impl Hears {
    /// The legs that are heard, as the row names them; of the echo the leg itself, which is not named.
    pub(crate) fn speakers(&self) -> impl Iterator<Item = LegId> {
        let (some, others): (&[LegId], &[LegId]) = match self {
            Self::Nothing | Self::Clip { .. } | Self::Echo => (&[], &[]),
            Self::Leg(speaker) => (std::slice::from_ref(speaker), &[]),
            Self::Mix(speakers) => (speakers, &[]),
            Self::Stereo { left, right } => (left, right),
        };
        some.iter().chain(others).copied()
    }

    /// Whether it is summed here, from what ears hear.
    pub(crate) fn is_mixed(&self) -> bool {
        match self {
            Self::Mix(_) | Self::Stereo { .. } => true,
            Self::Nothing | Self::Leg(_) | Self::Clip { .. } | Self::Echo => false,
        }
    }
}

/// What becomes of the digits that a leg presses. They are reported in either case.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Digits {
    /// Its listeners get them, in the form that each of them negotiated.
    #[default]
    Pass,
    /// Nobody gets them.
    Consume,
}

/// What happened to a leg.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A digit was pressed; told once, when it begins.
    Digit {
        /// Who pressed it.
        leg: LegId,
        /// Which one.
        digit: Digit,
        /// How it came.
        source: DigitSource,
    },
    /// All digits of a code were pressed, and reached nobody.
    Code {
        /// Who pressed them.
        leg: LegId,
        /// Which of the leg's codes, counted from 0.
        code: usize,
    },
    /// A clip that does not repeat has been played to its end.
    ClipEnded {
        /// Who heard it.
        leg: LegId,
    },
    /// The leg's media come from this address, and go there from now on.
    Latched {
        /// Whose media.
        leg: LegId,
        /// From where.
        address: SocketAddr,
    },
    /// No RTP came for [`Config::media_timeout`](crate::Config), though the leg should be sending. Told again after each
    /// further time-out of silence.
    MediaTimeout {
        /// Who is silent.
        leg: LegId,
    },
    /// The leg is closed, its ports are free. The last event of a leg, told exactly once; of a recorder leg, one follows.
    Closed {
        /// Which leg.
        leg: LegId,
        /// Its sums.
        stats: LegStats,
    },
    /// The file of a recorder leg is complete, on the disk and closed. Told exactly once, after [`Event::Closed`].
    Recorded {
        /// Which leg.
        leg: LegId,
        /// How long the file plays, in milliseconds.
        length_ms: u64,
        /// What went wrong, if something did: the file may be missing, end early, or have silence where the disk was too
        /// slow.
        error: Option<String>,
    },
}

/// The sums of a leg's life.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct LegStats {
    /// How its media arrived here.
    pub received: Quality,
    /// RTP packets that arrived out of order.
    pub reordered: u64,
    /// RTP packets sent to it.
    pub sent_packets: u64,
    /// Their payload in octets.
    pub sent_octets: u64,
    /// Packets that were no valid media of this leg: wrong source, unknown payload type, malformed, or
    /// (of SRTP) not authentic or repeated.
    pub ignored_packets: u64,
    /// Packets it says it has lost of what we sent, from its last RTCP report; `None` without one.
    pub remote_lost: Option<u64>,
    /// Jitter it reports for what we sent, in milliseconds; `None` without a report.
    pub remote_jitter_ms: Option<f64>,
    /// Round trip by RTCP, in milliseconds; `None` without a report of ours answered.
    pub round_trip_ms: Option<f64>,
    /// The source it was bound to in the end.
    pub source: Option<SocketAddr>,
}
