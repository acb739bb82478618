//! A leg: one party's media path, with everything that goes along when it moves to another worker.

use std::{
    collections::VecDeque,
    net::SocketAddr,
    time::{Duration, Instant},
};

use crate::{
    clip::{self, Clip},
    clock::{Narrow, widen},
    codec::{Decoder, Encoder},
    dtmf::{Digit, codes::Collector, detect::Detector, event, tone},
    ear::{Ear, LARGEST_FRAME},
    holdback::HoldBack,
    latch::Latch,
    level::Level,
    quality::Meter,
    record::Recorder,
    resample::{Down, Resampler},
    stream::{Source, Stream},
    types::{Codec, Description, Digits, Hears, LegId, LegStats},
};

/// Digits that wait to be sent towards a leg; more are dropped.
pub const MOST_DIGITS: usize = 64;
/// Digits of a leg that are told at once at most, and how many more each second: faster than any finger and any dialler,
/// slow enough that nobody drowns the exchange in digits.
const DIGIT_BURST: f64 = 40.0;
const DIGIT_RATE: f64 = 20.0;
/// Codecs of a description that count.
const MOST_CODECS: usize = 16;

/// What a payload type stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Audio of a codec.
    Audio(Codec),
    /// A telephone event.
    Event,
}

/// One party's media path.
#[derive(Debug)]
pub struct Leg {
    pub(crate) id: LegId,
    pub(crate) description: Option<Description>,
    pub(crate) digits: Digits,
    /// What it was told to hear, and what it hears: while something is laid over the one it hears, that is a mix.
    pub(crate) routed: Hears,
    pub(crate) hears: Hears,
    /// The legs this one hears and those that hear it, as slots of the router.
    pub(crate) sources: Vec<usize>,
    /// How loud it hears which legs in a mix, in 256ths; those that are not named as they are.
    pub(crate) gains: Vec<(LegId, u16)>,
    pub(crate) listeners: Vec<usize>,
    pub(crate) incoming: Incoming,
    pub(crate) outgoing: Outgoing,
    pub(crate) control: Control,
    /// Where that goes which a recorder leg hears.
    pub(crate) recorder: Option<Box<Recorder>>,
}

/// What comes from the party.
#[derive(Debug)]
pub(crate) struct Incoming {
    pub latch: Latch,
    pub meter: Meter,
    /// Counts the streams: tells the listener's [`Stream`] that the numbers begin anew.
    pub generation: u32,
    pub ignored: u64,
    /// When media came last, or when it became due.
    pub heard: Instant,
    /// The codec of the last audio.
    pub codec: Codec,
    pub events: event::Receiver,
    /// Listens for codes, if there are any.
    pub collector: Option<Box<Collector>>,
    /// The events, by the timestamps of their beginnings, that were held or are part of a code: nobody gets their packets.
    pub withheld: VecDeque<u32>,
    /// Digits that may be told at once, and when that was reckoned.
    pub allowance: (f64, Instant),
    /// Listens for tones; only where events are not agreed.
    pub detector: Option<Box<Detector>>,
    pub decoder: Decoder,
    /// The clock of what comes as Opus, at 8 kHz.
    pub narrow: Narrow,
    /// The sequence number of the last packet that an ear has heard.
    pub listened: Option<u16>,
    /// Who looks at how loud it is.
    pub levels: Vec<Level>,
    pub down: Down,
    /// What mixes hear; there while somebody mixes this leg.
    pub ear: Option<Box<Ear>>,
    /// What the ear does not hear yet, where tones are consumed.
    pub held: HoldBack,
}

/// What goes to the party.
#[derive(Debug)]
pub(crate) struct Outgoing {
    pub stream: Stream,
    pub encoder: Encoder,
    pub resampler: Resampler,
    /// What is made here has this codec and payload type; `None` when no agreed codec is coded here.
    pub codec: Option<(Codec, u8)>,
    pub queue: VecDeque<(Digit, u16)>,
    pub sending: Option<Sending>,
    /// The event of the speaker, by source and timestamp, that became a queued digit.
    pub converted: Option<(Source, u32)>,
    /// The mix has not begun yet.
    pub awaited: Option<Awaited>,
    /// Where the clip is, in samples; past its end when it was played.
    pub clip_position: usize,
    pub clip_ended: bool,
    /// What is laid over what it hears, one after the other.
    pub overlays: VecDeque<Overlay>,
    /// Is among the legs that the grid visits.
    pub ticking: bool,
}

/// A clip that is laid over what a leg hears.
#[derive(Debug)]
pub(crate) struct Overlay {
    pub clip: Clip,
    /// Where it is, in samples.
    position: usize,
    resampler: Resampler,
    /// How many frames it waits at most for a browser that is not reached yet.
    patience: u8,
}

impl Overlay {
    pub fn new(clip: Clip) -> Self {
        Self { clip, position: 0, resampler: Resampler::default(), patience: PATIENCE }
    }

    /// The next 20 ms at 8,000 or 16,000 samples a second; the rest of the last frame is silent.
    fn frame(&mut self, rate: u32) -> [i16; LARGEST_FRAME] {
        let mut narrow = [0; CLIP_FRAME];
        for (sample, &played) in narrow.iter_mut().zip(self.clip.samples().iter().skip(self.position)) {
            *sample = played;
        }
        self.position += CLIP_FRAME;
        let (mut frame, mut buffer) = ([0; LARGEST_FRAME], [0; LARGEST_FRAME]);
        let samples = self.resampler.convert(clip::RATE, rate, &narrow, &mut buffer);
        frame[..samples.len()].copy_from_slice(samples);
        frame
    }
}

/// What a mix begins with, when its listener heard one of the speakers alone before.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Awaited {
    /// That speaker's next packet, for at most so many frames.
    Speaker(LegId, u8),
    /// The end of so many frames that wait to be played to others, and that the listener has heard already.
    Frames(u8),
}

/// A digit on its way to the party.
#[derive(Debug)]
pub(crate) enum Sending {
    /// As an event; the timestamp is there after the first packet.
    Event { sender: event::Sender, timestamp: Option<u32> },
    /// As a tone, with the frames left.
    Tone { generator: tone::Generator, frames: u16 },
    /// The gap after a digit, in frames. After a tone it is silent.
    Gap { frames: u8, silent: bool },
}

/// RTCP with the party.
#[derive(Debug)]
pub(crate) struct Control {
    /// When our next report is due.
    pub due: Instant,
    /// Packets sent at the last report.
    pub reported: u64,
    /// The last sender report: the middle of its NTP time, and when it came.
    pub sender_report: Option<(u32, Instant)>,
    /// Where reports came from.
    pub source: Option<SocketAddr>,
    /// They came on the RTP port.
    pub muxed: bool,
    pub remote_lost: Option<u64>,
    pub remote_jitter_ms: Option<f64>,
    pub round_trip: Option<Duration>,
}

impl Leg {
    /// A leg that was just opened. `report_due` is when its first report is sent.
    pub(crate) fn new(id: LegId, now: Instant, report_due: Instant, rng: &mut impl rand::Rng) -> Self {
        Self {
            id,
            description: None,
            digits: Digits::Pass,
            routed: Hears::Nothing,
            hears: Hears::Nothing,
            sources: Vec::new(),
            gains: Vec::new(),
            listeners: Vec::new(),
            incoming: Incoming {
                latch: Latch::default(),
                meter: Meter::new(now),
                generation: 0,
                ignored: 0,
                heard: now,
                codec: Codec::Pcmu,
                events: event::Receiver::default(),
                collector: None,
                withheld: VecDeque::new(),
                allowance: (DIGIT_BURST, now),
                detector: None,
                decoder: Decoder::default(),
                narrow: Narrow::default(),
                listened: None,
                levels: Vec::new(),
                down: Down::default(),
                ear: None,
                held: HoldBack::default(),
            },
            outgoing: Outgoing {
                stream: Stream::new(rng),
                encoder: Encoder::default(),
                resampler: Resampler::default(),
                codec: None,
                queue: VecDeque::new(),
                sending: None,
                converted: None,
                awaited: None,
                clip_position: 0,
                clip_ended: false,
                overlays: VecDeque::new(),
                ticking: false,
            },
            control: Control {
                due: report_due,
                reported: 0,
                sender_report: None,
                source: None,
                muxed: false,
                remote_lost: None,
                remote_jitter_ms: None,
                round_trip: None,
            },
            recorder: None,
        }
    }

    /// Take a description. The very same one again changes nothing (a session refresh).
    pub(crate) fn describe(&mut self, now: Instant, mut description: Description) {
        description.codecs.truncate(MOST_CODECS);
        if self.description.as_ref() == Some(&description) {
            return;
        }
        if description.browser.is_none() {
            self.incoming.latch.describe(now, description.rtp, description.signalling);
        }
        self.incoming.heard = now;
        self.outgoing.codec = description.codecs.iter().copied().find(|(codec, _)| codec.is_coded_here());
        let by_ear = description.telephone_event.is_none() && self.outgoing.codec.is_some();
        match (by_ear, &self.incoming.detector) {
            (true, None) => self.incoming.detector = Some(Box::default()),
            (true, Some(_)) => {}
            (false, _) => self.incoming.detector = None,
        }
        let muxed = description.rtcp_mux || description.browser.is_some();
        (self.control.source, self.control.muxed) = (None, muxed);
        self.description = Some(description);
    }

    /// What a payload type stands for with this leg.
    pub(crate) fn kind(&self, payload_type: u8) -> Option<Kind> {
        let description = self.description.as_ref()?;
        if description.telephone_event == Some(payload_type) {
            return Some(Kind::Event);
        }
        description.codecs.iter().find(|(_, pt)| *pt == payload_type).map(|(codec, _)| Kind::Audio(*codec))
    }

    /// The payload type the leg has for a codec.
    pub(crate) fn payload_type(&self, codec: Codec) -> Option<u8> {
        self.description.as_ref()?.codecs.iter().find(|(c, _)| *c == codec).map(|(_, pt)| *pt)
    }

    /// The payload type the leg has for telephone events.
    pub(crate) fn telephone_event(&self) -> Option<u8> {
        self.description.as_ref()?.telephone_event
    }

    /// Where RTP is sent; `None` when nothing may be sent.
    pub(crate) fn destination(&self) -> Option<SocketAddr> {
        if self.description.as_ref()?.direction.send { self.incoming.latch.destination() } else { None }
    }

    /// Where RTCP is sent, and whether from the RTP port.
    pub(crate) fn control_destination(&self) -> Option<(SocketAddr, bool)> {
        let description = self.description.as_ref()?;
        let media = self.incoming.latch.destination()?;
        if self.control.muxed {
            return Some((media, true));
        }
        let beside = || Some(SocketAddr::new(media.ip(), media.port().checked_add(1)?));
        // The address of the SDP is no use behind a NAT: then it is the port after the one media come from.
        let described = description.rtcp.filter(|a| media.ip() == a.ip() && !a.ip().is_unspecified() && a.port() != 0);
        self.control.source.or(described).or_else(beside).map(|address| (address, false))
    }

    /// Whether a packet of RTCP may be the party's.
    pub(crate) fn knows_control_source(&self, source: SocketAddr) -> bool {
        let latch = &self.incoming.latch;
        let bound = latch.source().is_some_and(|media| media.ip() == source.ip());
        bound || self.description.as_ref().is_some_and(|d| d.rtcp == Some(source) || d.rtp.ip() == source.ip())
    }

    /// The clock of what this leg gets of a speaker's codec: passed on as it is, or made anew.
    pub(crate) fn clock_of(&self, codec: Codec) -> u32 {
        match (self.payload_type(codec), self.outgoing.codec) {
            (None, Some((made, _))) => made.clock_rate(),
            (None, None) | (Some(_), _) => codec.clock_rate(),
        }
    }

    /// The leg as a source of relayed packets.
    pub(crate) fn source(&self) -> Source {
        Source { leg: self.id, generation: self.incoming.generation }
    }

    /// Another stream of the party begins.
    pub(crate) fn restart(&mut self) {
        let incoming = &mut self.incoming;
        incoming.generation = incoming.generation.wrapping_add(1);
        incoming.meter.restart();
        incoming.events.reset();
        incoming.withheld.clear();
        incoming.decoder.reset();
        incoming.listened = None;
        if let Some(detector) = &mut incoming.detector {
            **detector = Detector::default();
        }
        incoming.held.clear();
        if let Some(ear) = &mut incoming.ear {
            ear.reset();
        }
    }

    /// Whether one more digit of this leg is told; what comes faster than people and diallers can is not.
    pub(crate) fn may_tell_digit(&mut self, now: Instant) -> bool {
        let (left, at) = self.incoming.allowance;
        let left = (left + now.saturating_duration_since(at).as_secs_f64() * DIGIT_RATE).min(DIGIT_BURST);
        let may = left >= 1.0;
        self.incoming.allowance = (if may { left - 1.0 } else { left }, now);
        may
    }

    /// Queue a digit towards the party.
    pub(crate) fn queue_digit(&mut self, digit: Digit, ms: u16) {
        if self.outgoing.queue.len() < MOST_DIGITS {
            self.outgoing.queue.push_back((digit, ms));
        }
    }

    /// What the leg hears now: who is to be heard alone is mixed while something is laid over it.
    pub(crate) fn in_effect(&self) -> Hears {
        match &self.routed {
            Hears::Leg(speaker) if !self.outgoing.overlays.is_empty() && self.outgoing.codec.is_some() => {
                Hears::Mix(vec![*speaker])
            }
            Hears::Nothing
            | Hears::Leg(_)
            | Hears::Mix(_)
            | Hears::Clip { .. }
            | Hears::Echo
            | Hears::Stereo { .. } => self.routed.clone(),
        }
    }

    /// Hear this from now on.
    pub(crate) fn hear(&mut self, hears: Hears) {
        (self.hears, self.outgoing.clip_position, self.outgoing.clip_ended) = (hears, 0, false);
        self.outgoing.stream.interrupt();
        if let Some(recorder) = self.recorder.as_mut().filter(|_| !matches!(self.hears, Hears::Stereo { .. })) {
            recorder.pause();
        }
    }

    /// What becomes of a digit that is heard as a tone: where codes are collected, nobody knows of a tone whether it goes on
    /// before it is a digit, so none does, and digits that are no codes are made anew.
    pub(crate) fn tones(&self) -> Digits {
        if self.incoming.collector.is_some() && self.incoming.detector.is_some() {
            Digits::Consume
        } else {
            self.digits
        }
    }

    /// Whether what this leg speaks is wideband.
    pub(crate) fn is_wideband(&self) -> bool {
        let spoken = self.incoming.codec.sample_rate();
        let expected = self.outgoing.codec.map_or(spoken, |(codec, _)| codec.sample_rate());
        (if self.incoming.meter.packets() == 0 { expected } else { spoken }) == 16_000
    }

    /// The next 20 ms of what is laid over, if anything is; what has been played to its end is taken away.
    pub(crate) fn overlay_frame(&mut self, rate: u32) -> Option<[i16; LARGEST_FRAME]> {
        let is_browser = self.description.as_ref().is_some_and(|description| description.browser.is_some());
        let is_reached = !is_browser || self.incoming.meter.packets() > 0;
        let overlay = self.outgoing.overlays.front_mut()?;
        // What is sent before ICE and DTLS have found the way is lost, a short tone as a whole. A browser that has them speaks.
        if !is_reached && overlay.patience > 0 {
            overlay.patience -= 1;
            return None;
        }
        let frame = overlay.frame(rate);
        if overlay.position >= overlay.clip.samples().len() {
            self.outgoing.overlays.pop_front();
        }
        Some(frame)
    }

    /// The next 20 ms of the clip that the leg hears; none of an empty one. One that is not repeated ends, and its last frame
    /// with silence.
    pub(crate) fn next_of_clip(&mut self) -> Option<[i16; CLIP_FRAME]> {
        let Hears::Clip { clip, repeat } = &self.hears else { return None };
        let (samples, position) = (clip.samples(), &mut self.outgoing.clip_position);
        let mut frame = [0; CLIP_FRAME];
        if !samples.is_empty() {
            for sample in &mut frame {
                if *position >= samples.len() && *repeat {
                    *position = 0;
                }
                *sample = samples.get(*position).copied().unwrap_or(0);
                *position += 1;
            }
        }
        self.outgoing.clip_ended = !repeat && *position >= samples.len();
        (!samples.is_empty()).then_some(frame)
    }

    /// Whether what the speaker says is not sent to this leg now, because a digit is.
    pub(crate) fn is_sending_digit(&self) -> bool {
        match self.outgoing.sending {
            None | Some(Sending::Gap { silent: false, .. }) => false,
            Some(Sending::Event { .. } | Sending::Tone { .. } | Sending::Gap { silent: true, .. }) => true,
        }
    }

    /// Whether the 20 ms grid has something to do for this leg.
    pub(crate) fn needs_grid(&self) -> bool {
        let plays = match &self.hears {
            Hears::Mix(_) => true,
            Hears::Clip { .. } => !self.outgoing.clip_ended,
            Hears::Stereo { .. } => self.recorder.is_some(),
            Hears::Nothing | Hears::Leg(_) | Hears::Echo => false,
        };
        plays || self.incoming.ear.is_some() || self.outgoing.sending.is_some() || !self.outgoing.queue.is_empty()
    }

    /// The sums so far.
    pub(crate) fn stats(&self) -> LegStats {
        let (sent_packets, sent_octets) = self.outgoing.stream.sent();
        LegStats {
            received: self.incoming.meter.quality(self.incoming.codec, self.control.round_trip),
            reordered: self.incoming.meter.reordered(),
            sent_packets,
            sent_octets,
            ignored_packets: self.incoming.ignored,
            remote_lost: self.control.remote_lost,
            remote_jitter_ms: self.control.remote_jitter_ms,
            round_trip_ms: self.control.round_trip.map(|rtt| rtt.as_secs_f64() * 1000.0),
            source: self.incoming.latch.source(),
        }
    }
}

/// The timestamp of a packet by the 8 kHz clock that ears have, and by its own.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Timestamp {
    pub own: u32,
    pub clock: u32,
    pub narrow: u32,
}

impl Timestamp {
    /// Read it, in a stream of a codec.
    pub fn new(own: u32, codec: Codec, clock: &mut Narrow) -> Self {
        let narrow = if codec == Codec::Opus { clock.of(own) } else { own };
        Self { own, clock: codec.clock_rate(), narrow }
    }

    /// The same moment by another clock.
    pub fn at(self, clock: u32) -> u32 {
        if clock == self.clock {
            self.own
        } else if clock == 8_000 {
            self.narrow
        } else {
            widen(self.narrow)
        }
    }
}

/// Frames that what is laid over a browser's sound waits for its first packet: two seconds.
const PATIENCE: u8 = 100;

/// 20 ms of a clip at 8 kHz.
pub(crate) const CLIP_FRAME: usize = clip::RATE as usize / 50;
