//! The path of a packet: it comes, it is judged, and it goes to each leg that hears its speaker.
//!
//! Where the codecs agree, the packet that came is the packet that goes: twelve octets of header are written in front of
//! its payload, in the buffer it came in. Nothing here allocates, but for a digit that has to be told or converted.

use std::{net::SocketAddr, time::Instant};

use super::{CONVERTED, Port, Router, Scratch, Slot, Wire, codes::Fate};
use crate::{
    dtmf::{Digit, DigitSource, event},
    latch::Verdict,
    leg::{Kind, Leg, Timestamp},
    level,
    rtp::{self, HEADER, Header, Packet},
    stream::{Incoming, Source},
    types::{Codec, Digits, Event, Hears},
};

/// A packet of audio on its way.
struct Audio {
    codec: Codec,
    source: Source,
    packet: Packet,
    timestamp: Timestamp,
    /// Samples in `scratch.decoded`, once it is decoded.
    decoded: Option<usize>,
    /// It holds a digit, or may.
    suspect: bool,
    digit: Option<Digit>,
    digits: Digits,
}

/// A packet of a digit on its way.
struct Pressed {
    /// The event, by its source and the timestamp of its beginning.
    id: (Source, u32),
    /// The speaker's codec, by whose clock the events are.
    codec: Codec,
    moment: Timestamp,
    digits: Digits,
    /// The digit, with the packet that tells it first.
    digit: Option<Digit>,
}

impl Leg {
    /// Where an event's packet goes as it is, and under which payload type: to who hears the speaker alone, has events, and is
    /// being sent no digit made here.
    fn passage(&self, event: &Pressed) -> Option<(SocketAddr, u8)> {
        let is_plain = matches!(self.hears, Hears::Leg(_) | Hears::Echo)
            && !self.is_sending_digit()
            && self.outgoing.queue.is_empty()
            && self.outgoing.converted != Some(event.id);
        let to = self.destination().filter(|_| is_plain && event.digits == Digits::Pass)?;
        Some((to, self.telephone_event()?))
    }

    /// What stands before an event's payload where it is passed on: by the clock of the audio around it.
    fn header_of(&mut self, now: Instant, packet: &Packet, event: &Pressed, payload_type: u8) -> Option<Header> {
        let clock = self.clock_of(event.codec);
        let incoming = Incoming { sequence: packet.sequence, timestamp: event.moment.at(clock), marker: packet.marker };
        self.outgoing.stream.relay(now, event.id.0, incoming, payload_type, clock, packet.payload.len())
    }

    /// An event's packet is not passed on to this leg; the digit is, once, in another way, unless it is for nobody. Gives whether
    /// it waits to be sent now.
    fn leave_out(&mut self, packet: &Packet, event: &Pressed) -> bool {
        self.outgoing.stream.skip(event.id.0, packet.sequence);
        let Some(digit) = event.digit.filter(|_| event.digits == Digits::Pass && self.destination().is_some()) else {
            return false;
        };
        self.queue_digit(digit, CONVERTED);
        self.outgoing.converted = Some(event.id);
        true
    }
}

/// Send a packet that came with another header, written in front of its payload, where it came in.
fn send_in_place(slot: Slot, to: SocketAddr, header: Header, packet: &Packet, octets: &mut [u8], wire: &mut impl Wire) {
    let start = packet.payload.start - HEADER;
    octets[start..start + HEADER].copy_from_slice(&header.octets());
    wire.send(slot, Port::Rtp, to, &octets[start..packet.payload.end]);
}

impl Router {
    /// A packet came on the RTP port of a leg. It is changed in place.
    pub fn handle_rtp(&mut self, now: Instant, slot: Slot, from: SocketAddr, octets: &mut [u8], wire: &mut impl Wire) {
        if rtp::is_rtcp(octets) {
            return self.handle_rtcp(now, slot, from, Port::Rtp, octets);
        }
        let Some(Some(leg)) = self.legs.get_mut(slot) else { return };
        let judged = Packet::parse(octets).ok().and_then(|packet| {
            let kind = leg.kind(packet.payload_type)?;
            match leg.incoming.latch.judge(now, from, packet.ssrc, packet.sequence) {
                Verdict::Ignore => None,
                verdict => Some((packet, kind, verdict)),
            }
        });
        let Some((packet, kind, verdict)) = judged else {
            leg.incoming.ignored += 1;
            self.counts.ignored += 1;
            return;
        };
        match verdict {
            Verdict::Accept | Verdict::Ignore => {}
            Verdict::Restarted => leg.restart(),
            Verdict::Latched => {
                leg.restart();
                self.events.push_back(Event::Latched { leg: leg.id, address: from });
            }
        }
        self.counts.received += 1;
        leg.incoming.heard = now;
        let (clock, is_audio) = match kind {
            Kind::Audio(codec) => {
                let before = std::mem::replace(&mut leg.incoming.codec, codec);
                if before.clock_rate() != codec.clock_rate() && leg.incoming.meter.packets() > 0 {
                    // Its timestamps are not those before: for listeners another stream begins.
                    leg.restart();
                }
                (codec.clock_rate(), true)
            }
            Kind::Event => (leg.incoming.codec.clock_rate(), false),
        };
        leg.incoming.meter.packet(now, packet.sequence, packet.timestamp, clock, is_audio);
        if packet.payload.is_empty() || !leg.description.as_ref().is_some_and(|d| d.direction.receive) {
            return;
        }
        match kind {
            Kind::Audio(codec) => self.relay_audio(now, slot, codec, packet, octets, wire),
            Kind::Event => self.relay_event(now, slot, &packet, octets, wire),
        }
    }

    fn relay_audio(
        &mut self,
        now: Instant,
        slot: Slot,
        codec: Codec,
        packet: Packet,
        octets: &mut [u8],
        wire: &mut impl Wire,
    ) {
        let Self { legs, scratch, .. } = self;
        let Some(speaker) = legs[slot].as_deref_mut() else { return };
        let (digits, source) = (speaker.tones(), speaker.source());
        let timestamp = Timestamp::new(packet.timestamp, codec, &mut speaker.incoming.narrow);
        let mut audio = Audio { codec, source, packet, timestamp, decoded: None, suspect: false, digit: None, digits };
        if codec.is_coded_here() && (speaker.incoming.detector.is_some() || speaker.incoming.ear.is_some()) {
            listen(speaker, &mut audio, octets, scratch);
        }
        if !speaker.incoming.levels.is_empty() {
            measure(speaker, &mut audio, octets, scratch);
        }
        if audio.suspect && audio.digits == Digits::Consume {
            audio.suspect = !silence(codec, &mut octets[audio.packet.payload.clone()]);
        }
        if let Some(digit) = audio.digit {
            // Where tones are not passed on because of codes, what is no code is made anew.
            let made_anew = speaker.digits != audio.digits;
            let (_, fate) = self.pressed(now, slot, digit, DigitSource::InBand);
            if made_anew && fate == Fate::Pass {
                self.queue_to_listeners(now, slot, &[digit]);
            }
        }
        let Self { legs, scratch, counts, .. } = self;
        let mut queued = false;
        for i in 0.. {
            let Some(&listener) = legs[slot].as_deref().and_then(|speaker| speaker.listeners.get(i)) else { break };
            match legs[listener].as_deref().map(|l| &l.hears) {
                Some(Hears::Leg(_) | Hears::Echo) => {}
                Some(Hears::Mix(_)) => {
                    queued |= convert(legs[listener].as_deref_mut(), &audio);
                    continue;
                }
                Some(Hears::Nothing | Hears::Clip { .. } | Hears::Stereo { .. }) | None => continue,
            }
            queued |= convert(legs[listener].as_deref_mut(), &audio);
            // The codecs agree, or else the speaker's packet is decoded, once.
            let agreed = legs[listener].as_deref().and_then(|l| l.payload_type(codec));
            if agreed.is_none()
                && codec.is_coded_here()
                && let Some(speaker) = legs[slot].as_deref_mut()
            {
                decode(speaker, &mut audio, octets, scratch);
            }
            let Some(leg) = legs[listener].as_deref_mut() else { continue };
            let sent = match agreed {
                Some(payload_type) => forward(now, listener, leg, &audio, payload_type, octets, wire),
                None => transcode(now, listener, leg, &audio, scratch, wire),
            };
            counts.sent += u64::from(sent);
        }
        if queued {
            self.visit_listeners(now, slot);
        }
    }

    fn relay_event(&mut self, now: Instant, slot: Slot, packet: &Packet, octets: &mut [u8], wire: &mut impl Wire) {
        let Self { legs, counts, .. } = self;
        let Some(speaker) = legs[slot].as_deref_mut() else { return };
        let Some(payload) = event::Payload::parse(&octets[packet.payload.clone()]) else {
            speaker.incoming.ignored += 1;
            counts.ignored += 1;
            return;
        };
        let mut digit = speaker.incoming.events.handle(packet.timestamp, payload);
        // All segments of a long event share its fate.
        let event = speaker.incoming.events.begun(packet.timestamp);
        if let Some(pressed) = digit {
            let (told, fate) = self.pressed(now, slot, pressed, DigitSource::Rfc4733);
            digit = digit.filter(|_| told);
            if fate == Fate::Keep {
                self.withhold(slot, event);
            }
        }
        let Self { legs, counts, .. } = self;
        let Some(speaker) = legs[slot].as_deref_mut() else { return };
        let (source, codec) = (speaker.source(), speaker.incoming.codec);
        let moment = Timestamp::new(packet.timestamp, codec, &mut speaker.incoming.narrow);
        let digits = if speaker.incoming.withheld.contains(&event) { Digits::Consume } else { speaker.digits };
        let event = Pressed { id: (source, event), codec, moment, digits, digit };
        let mut queued = false;
        for i in 0.. {
            let Some(&listener) = legs[slot].as_deref().and_then(|speaker| speaker.listeners.get(i)) else { break };
            let Some(leg) = legs[listener].as_deref_mut() else { continue };
            if !matches!(leg.hears, Hears::Leg(_) | Hears::Echo | Hears::Mix(_)) {
                continue;
            }
            match leg.passage(&event) {
                Some((to, payload_type)) => {
                    let header = leg.header_of(now, packet, &event, payload_type);
                    counts.sent += u64::from(header.is_some());
                    header.into_iter().for_each(|header| send_in_place(listener, to, header, packet, octets, wire));
                }
                None => queued |= leg.leave_out(packet, &event),
            }
        }
        if queued {
            self.visit_listeners(now, slot);
        }
    }

    /// Let the grid visit the listeners of a speaker: digits were queued for them.
    pub(super) fn visit_listeners(&mut self, now: Instant, slot: Slot) {
        for listener in self.legs[slot].as_deref().map(|leg| leg.listeners.clone()).unwrap_or_default() {
            self.visit_one(now, listener);
        }
    }
}

/// Decode a packet, once.
fn decode(speaker: &mut Leg, audio: &mut Audio, octets: &[u8], scratch: &mut Scratch) -> usize {
    *audio.decoded.get_or_insert_with(|| {
        let payload = &octets[audio.packet.payload.clone()];
        speaker.incoming.decoder.decode(audio.codec, payload, scratch.decoded.as_mut_slice())
    })
}

/// Let those who look at how loud the speaker is hear a packet.
fn measure(speaker: &mut Leg, audio: &mut Audio, octets: &[u8], scratch: &mut Scratch) {
    speaker.incoming.levels.retain(|level| !level.is_forgotten());
    if speaker.incoming.levels.is_empty() {
        return;
    }
    let payload = &octets[audio.packet.payload.clone()];
    let coded = if audio.decoded.is_none() { level::loudness_coded(audio.codec, payload) } else { None };
    let loudness = coded.unwrap_or_else(|| {
        let count = decode(speaker, audio, octets, scratch);
        level::loudness(scratch.decoded[..count].iter().copied())
    });
    speaker.incoming.levels.iter().for_each(|level| level.hear(loudness));
}

/// Let the ear hear the packet of Opus that was lost before this one, which this one has a copy of.
fn restore(speaker: &mut Leg, audio: &Audio, octets: &[u8], scratch: &mut Scratch) {
    let incoming = &mut speaker.incoming;
    let Audio { codec, ref packet, timestamp, .. } = *audio;
    let before = incoming.listened.replace(packet.sequence);
    let one_is_missing = before.is_some_and(|before| packet.sequence.wrapping_sub(before) == 2);
    // While digits are kept from mixes, what is restored might hold one.
    if codec != Codec::Opus || !one_is_missing || incoming.detector.is_some() {
        return;
    }
    let Some(ear) = &mut incoming.ear else { return };
    let count = incoming.decoder.restore(&octets[packet.payload.clone()], scratch.decoded.as_mut_slice());
    ear.put(timestamp.narrow.wrapping_sub(count as u32 / 2), codec.sample_rate(), &scratch.decoded[..count]);
}

/// Let the detector and the ear of the speaker hear a packet.
fn listen(speaker: &mut Leg, audio: &mut Audio, octets: &[u8], scratch: &mut Scratch) {
    restore(speaker, audio, octets, scratch);
    let count = decode(speaker, audio, octets, scratch);
    let Scratch { decoded, resampled, .. } = scratch;
    let samples = &mut decoded[..count];
    let incoming = &mut speaker.incoming;
    if let Some(detector) = &mut incoming.detector {
        let narrow = match audio.codec.sample_rate() {
            16_000 => {
                let count = incoming.down.process(samples, resampled.as_mut_slice());
                &resampled[..count]
            }
            _ => &*samples,
        };
        let before = detector.suspects();
        audio.digit = detector.process(narrow);
        audio.suspect = before || detector.suspects();
    }
    let consumes = audio.digits == Digits::Consume;
    if audio.suspect && consumes {
        samples.fill(0);
        incoming.held.silence();
    }
    if let Some(ear) = &mut incoming.ear {
        let (timestamp, rate) = (audio.timestamp.narrow, audio.codec.sample_rate());
        let mut hear = |timestamp, rate, samples: &[i16]| ear.put(timestamp, rate, samples);
        if consumes && incoming.detector.is_some() {
            incoming.held.put(timestamp, rate, samples);
            incoming.held.release(hear);
        } else {
            incoming.held.release_all(&mut hear);
            hear(timestamp, rate, samples);
        }
    }
}

/// Make a payload silent, so that a consumed digit leaves no gap that a phone would fill with what came before: the
/// beginning of the digit. Gives whether the codec has a payload for silence; G.722's depends on what was before.
fn silence(codec: Codec, payload: &mut [u8]) -> bool {
    match codec {
        Codec::Pcmu => payload.fill(0xFF),
        Codec::Pcma => payload.fill(0xD5),
        Codec::G722 | Codec::Opus => return false,
    }
    true
}

/// A digit that was heard in the audio becomes an event for a listener who agreed to events.
fn convert(listener: Option<&mut Leg>, audio: &Audio) -> bool {
    let (Some(leg), Some(digit), Digits::Pass) = (listener, audio.digit, audio.digits) else { return false };
    if leg.telephone_event().is_none() || leg.destination().is_none() {
        return false;
    }
    leg.queue_digit(digit, CONVERTED);
    true
}

/// Whether the listener does not get this packet: it holds a digit that is consumed or that he gets as an event, or
/// a digit is being sent to him.
fn withheld(leg: &Leg, audio: &Audio) -> bool {
    let digit = audio.suspect
        && match audio.digits {
            Digits::Pass => leg.telephone_event().is_some() && leg.id != audio.source.leg,
            Digits::Consume => true,
        };
    digit || leg.is_sending_digit()
}

/// Send the packet that came, with another header. Gives whether it was sent.
fn forward(
    now: Instant,
    slot: Slot,
    leg: &mut Leg,
    audio: &Audio,
    payload_type: u8,
    octets: &mut [u8],
    wire: &mut impl Wire,
) -> bool {
    let Packet { marker, sequence, timestamp, ref payload, .. } = audio.packet;
    let Some(to) = leg.destination().filter(|_| !withheld(leg, audio)) else {
        leg.outgoing.stream.skip(audio.source, sequence);
        return false;
    };
    let incoming = Incoming { sequence, timestamp, marker };
    let clock = audio.codec.clock_rate();
    let Some(header) = leg.outgoing.stream.relay(now, audio.source, incoming, payload_type, clock, payload.len())
    else {
        return false;
    };
    send_in_place(slot, to, header, &audio.packet, octets, wire);
    true
}

/// Send what the packet holds, in a codec that the listener has. Gives whether it was sent.
fn transcode(
    now: Instant,
    slot: Slot,
    leg: &mut Leg,
    audio: &Audio,
    scratch: &mut Scratch,
    wire: &mut impl Wire,
) -> bool {
    let Packet { marker, sequence, .. } = audio.packet;
    let count = audio.decoded.unwrap_or(0);
    let (Some(to), Some((codec, payload_type)), true) =
        (leg.destination().filter(|_| !withheld(leg, audio)), leg.outgoing.codec, count > 0)
    else {
        leg.outgoing.stream.skip(audio.source, sequence);
        return false;
    };
    let Scratch { decoded, resampled, packet, .. } = scratch;
    let (from, to_rate) = (audio.codec.sample_rate(), codec.sample_rate());
    let samples = leg.outgoing.resampler.convert(from, to_rate, &decoded[..count], resampled.as_mut_slice());
    let length = leg.outgoing.encoder.encode(codec, samples, &mut packet[HEADER..rtp::LARGEST]);
    if length == 0 {
        leg.outgoing.stream.skip(audio.source, sequence);
        return false;
    }
    let clock = codec.clock_rate();
    let incoming = Incoming { sequence, timestamp: audio.timestamp.at(clock), marker };
    let Some(header) = leg.outgoing.stream.relay(now, audio.source, incoming, payload_type, clock, length) else {
        return false;
    };
    packet[..HEADER].copy_from_slice(&header.octets());
    wire.send(slot, Port::Rtp, to, &packet[..HEADER + length]);
    true
}
