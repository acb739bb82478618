//! The grid: every 20 ms on an absolute clock, mixes are summed, clips are played and digits are sent.

use std::time::Instant;

use super::{FRAME, Port, Router, Scratch, Slot, Wire};
use crate::{
    clip,
    dtmf::{event, tone},
    ear::LARGEST_FRAME,
    leg::{Awaited, CLIP_FRAME, Leg, Sending},
    rtp::{HEADER, Header},
    speech,
    types::{Event, Hears, LegId},
};

/// Frames that are made up for when the shell was late; more are left out.
const CATCH_UP: u32 = 5;
/// The gap after a digit, in frames: 60 ms.
const GAP: u8 = 3;

impl Router {
    /// Play all frames that are due.
    pub(super) fn run_grid(&mut self, now: Instant, wire: &mut impl Wire) {
        let mut played = 0;
        while let Some(tick) = self.next_tick.filter(|&tick| tick <= now) {
            if played == CATCH_UP {
                self.next_tick = Some(self.grid_after(now));
                break;
            }
            self.next_tick = Some(tick + FRAME);
            self.play_frame(tick, wire);
            played += 1;
        }
    }

    fn play_frame(&mut self, tick: Instant, wire: &mut impl Wire) {
        let slots = std::mem::take(&mut self.ticking);
        // The frame's number is the same on the grids of all workers.
        let number = (tick.saturating_duration_since(self.setup.epoch).as_nanos() / FRAME.as_nanos()) as u64;
        // First all speakers are heard, then all listeners are played to: each mix has the same instant of each speaker.
        for &slot in &slots {
            if let Some(ear) = self.legs[slot].as_deref_mut().and_then(|leg| leg.incoming.ear.as_deref_mut()) {
                ear.advance();
            }
        }
        for &slot in &slots {
            self.play_leg(tick, slot, wire);
            self.record_leg(number, slot);
        }
        // Whatever was laid over to its end: who was heard alone before is so again.
        for &slot in &slots {
            if self.legs[slot].as_deref().is_some_and(|leg| leg.outgoing.overlays.is_empty() && leg.hears != leg.routed)
            {
                self.take_effect(tick, slot, wire);
            }
        }
        let joined = std::mem::replace(&mut self.ticking, slots);
        self.ticking.extend(joined);
        let legs = &mut self.legs;
        self.ticking.retain(|&slot| {
            let Some(leg) = legs[slot].as_deref_mut() else { return false };
            leg.outgoing.ticking = leg.needs_grid();
            leg.outgoing.ticking
        });
        if self.ticking.is_empty() {
            self.next_tick = None;
        }
    }

    /// Play what a mix holds of a speaker and has not played, as far as it is whole frames.
    pub(super) fn play_rest(&mut self, now: Instant, slot: Slot, speaker: LegId, wire: &mut impl Wire) {
        let Some(&source) = self.slots.get(&speaker) else { return };
        let Self { legs, scratch, counts, .. } = self;
        let mixes =
            |leg: &Leg| matches!(leg.hears, Hears::Mix(_)) && leg.sources.contains(&source) && !leg.is_sending_digit();
        if !legs[slot].as_deref().is_some_and(mixes) {
            return;
        }
        for n in 0.. {
            let mut waiting = [0; LARGEST_FRAME];
            let ear = legs[source].as_deref().and_then(|speaker| speaker.incoming.ear.as_deref());
            let Some((ear, count)) = ear.and_then(|ear| Some((ear, ear.peek(n, &mut waiting)?))) else { return };
            let from = ear.rate();
            let Some(leg) = legs[slot].as_deref_mut() else { return };
            let to = leg.outgoing.codec.map_or(from, |(codec, _)| codec.sample_rate());
            let mut buffer = [0; LARGEST_FRAME];
            let samples = leg.outgoing.resampler.convert(from, to, &waiting[..count], &mut buffer);
            counts.sent += u64::from(send_audio(now, slot, leg, samples, scratch, wire));
        }
    }

    fn play_leg(&mut self, tick: Instant, slot: Slot, wire: &mut impl Wire) {
        let Self { legs, scratch, counts, .. } = self;
        let Some(leg) = legs[slot].as_deref_mut() else { return };
        if send_digit(tick, slot, leg, scratch, wire, &mut counts.sent) {
            return;
        }
        let frame = match leg.hears {
            Hears::Nothing | Hears::Leg(_) | Hears::Echo | Hears::Stereo { .. } => None,
            Hears::Mix(_) => self.mixed_frame(slot),
            Hears::Clip { .. } => self.clip_frame(slot),
        };
        let Self { legs, scratch, counts, .. } = self;
        if let (Some(frame), Some(leg)) = (frame, legs[slot].as_deref_mut()) {
            counts.sent += u64::from(send_audio(tick, slot, leg, &frame, scratch, wire));
        }
    }

    /// The next frame of what a leg hears mixed, at the rate of its codec; none while the mix has not begun.
    fn mixed_frame(&mut self, slot: Slot) -> Option<Frame> {
        let (codec, _) = self.legs[slot].as_deref()?.outgoing.codec?;
        if !self.mix_begins(slot) {
            return None;
        }
        let rate = codec.sample_rate();
        let leg = self.legs[slot].as_deref_mut()?;
        let over = leg.overlay_frame(rate);
        // Meanwhile the speakers are free to be listened to.
        let (sources, gains) = (std::mem::take(&mut leg.sources), std::mem::take(&mut leg.gains));
        let sum = &mut self.scratch.sum;
        let mixed = mix(&mut self.legs, sources.iter().copied(), &gains, rate, over.as_ref(), sum);
        let leg = self.legs[slot].as_deref_mut()?;
        (leg.sources, leg.gains) = (sources, gains);
        Some(mixed)
    }

    /// Whether a mix is to be played: what it begins with has come, or is not waited for any longer.
    fn mix_begins(&mut self, slot: Slot) -> bool {
        let Self { legs, slots, .. } = self;
        let awaited = legs[slot].as_deref_mut().and_then(|leg| leg.outgoing.awaited.take());
        let still = match awaited {
            None | Some(Awaited::Frames(0)) => None,
            Some(Awaited::Frames(n)) => Some(Awaited::Frames(n - 1)),
            Some(Awaited::Speaker(speaker, left)) => {
                let ear = slots.get(&speaker).and_then(|&slot| legs[slot].as_deref()?.incoming.ear.as_deref());
                let speaks = left == 0 || ear.is_none_or(|ear| ear.is_playing());
                (!speaks).then(|| Awaited::Speaker(speaker, left - 1))
            }
        };
        if let Some(leg) = legs[slot].as_deref_mut() {
            leg.outgoing.awaited = still;
        }
        still.is_none()
    }

    /// The next frame of the clip that a leg hears, at the rate of its codec; none when it is over. Its end is told.
    fn clip_frame(&mut self, slot: Slot) -> Option<Frame> {
        let leg = self.legs[slot].as_deref_mut()?;
        if leg.outgoing.clip_ended || leg.destination().is_none() {
            return None;
        }
        let frame = leg.next_of_clip();
        if leg.outgoing.clip_ended {
            self.events.push_back(Event::ClipEnded { leg: leg.id });
        }
        let mut frame = frame?;
        for (sample, over) in frame.iter_mut().zip(leg.overlay_frame(clip::RATE).into_iter().flatten()) {
            *sample = sample.saturating_add(over);
        }
        let rate = leg.outgoing.codec.map_or(clip::RATE, |(codec, _)| codec.sample_rate());
        let mut buffer = [0; LARGEST_FRAME];
        Some(Frame::of(leg.outgoing.resampler.convert(clip::RATE, rate, &frame, &mut buffer)))
    }
}

impl Router {
    /// Give a recorder what it hears in this frame of the grid.
    fn record_leg(&mut self, number: u64, slot: Slot) {
        let Self { legs, scratch, .. } = self;
        let Some(leg) = legs[slot].as_deref_mut() else { return };
        let Hears::Stereo { .. } = leg.hears else { return };
        let Some(mut recorder) = leg.recorder.take() else { return };
        // The leg's own row and sources are put back at the end; meanwhile the speakers are free to be listened to.
        let (hears, sources) = (std::mem::take(&mut leg.hears), std::mem::take(&mut leg.sources));
        if let Hears::Stereo { left, right } = &hears {
            let wideband = |slot: &Slot| legs[*slot].as_deref().is_some_and(Leg::is_wideband);
            let rate = recorder.rate(|| if sources.iter().any(wideband) { 16_000 } else { 8_000 });
            let Scratch { sum, stereo, channel: slots, .. } = scratch;
            let stereo = &mut stereo[..(rate / 25) as usize];
            for (channel, speakers) in [left, right].into_iter().enumerate() {
                slots.clear();
                let speaks = |slot: &Slot| legs[*slot].as_deref().is_some_and(|leg| speakers.contains(&leg.id));
                slots.extend(sources.iter().copied().filter(speaks));
                let mixed = mix(legs, slots.iter().copied(), &[], rate, None, sum);
                for (pair, &sample) in stereo.chunks_exact_mut(2).zip(mixed.iter()) {
                    pair[channel] = sample;
                }
            }
            recorder.frame(number, stereo);
        }
        if let Some(leg) = legs[slot].as_deref_mut() {
            (leg.hears, leg.sources, leg.recorder) = (hears, sources, Some(recorder));
        }
    }
}

/// The gain of what is heard as it is.
const ONE: i32 = 256;

/// The sum of ears and of what is laid over, saturated once: 20 ms at 8 or 16 kHz.
fn mix(
    legs: &mut [Option<Box<Leg>>],
    sources: impl Iterator<Item = Slot>,
    gains: &[(LegId, u16)],
    rate: u32,
    over: Option<&[i16; LARGEST_FRAME]>,
    sum: &mut [i32; LARGEST_FRAME],
) -> Frame {
    let count = (rate / 50) as usize;
    let sum = &mut sum[..count.min(LARGEST_FRAME)];
    sum.fill(0);
    for source in sources {
        let Some(speaker) = legs[source].as_deref_mut() else { continue };
        let gain = gains.iter().find(|(leg, _)| *leg == speaker.id).map_or(ONE, |(_, gain)| i32::from(*gain));
        let frame = speaker.incoming.ear.as_deref_mut().map_or(&[][..], |ear| ear.frame(rate));
        for (sum, &sample) in sum.iter_mut().zip(frame) {
            *sum += if gain == ONE { i32::from(sample) } else { i32::from(sample) * gain / ONE };
        }
    }
    for (sum, &sample) in sum.iter_mut().zip(over.into_iter().flatten()) {
        *sum += i32::from(sample);
    }
    let mut mixed = Frame { samples: [0; LARGEST_FRAME], count: sum.len() };
    for (sample, &sum) in mixed.samples.iter_mut().zip(sum.iter()) {
        *sample = sum.clamp(i16::MIN.into(), i16::MAX.into()) as i16;
    }
    mixed
}

/// 20 ms of what is made here.
struct Frame {
    samples: [i16; LARGEST_FRAME],
    count: usize,
}

impl Frame {
    /// These samples, as many of them as a frame has at most.
    fn of(samples: &[i16]) -> Self {
        let mut frame = Self { samples: [0; LARGEST_FRAME], count: samples.len().min(LARGEST_FRAME) };
        frame.samples[..frame.count].copy_from_slice(&samples[..frame.count]);
        frame
    }
}

impl std::ops::Deref for Frame {
    type Target = [i16];

    fn deref(&self) -> &[i16] {
        &self.samples[..self.count]
    }
}

/// Send the next packet of the digit on its way, or begin with the next digit. Gives whether the frame is taken by it.
fn send_digit(
    tick: Instant,
    slot: Slot,
    leg: &mut Leg,
    scratch: &mut Scratch,
    wire: &mut impl Wire,
    sent: &mut u64,
) -> bool {
    if leg.destination().is_none() && leg.description.is_some() {
        // On hold, or without an address: digits do not wait for better times.
        (leg.outgoing.sending, leg.outgoing.converted) = (None, None);
        leg.outgoing.queue.clear();
        return false;
    }
    if leg.outgoing.sending.is_none() && leg.description.is_some() {
        let Some((digit, ms)) = leg.outgoing.queue.pop_front() else { return false };
        leg.outgoing.sending = match (leg.telephone_event(), leg.outgoing.codec) {
            (Some(_), _) => Some(Sending::Event { sender: event::Sender::new(digit, ms), timestamp: None }),
            (None, Some(_)) => {
                Some(Sending::Tone { generator: tone::Generator::new(digit), frames: ms.clamp(40, 8_000).div_ceil(20) })
            }
            // No way to tell this party a digit.
            (None, None) => None,
        };
    }
    let Some(sending) = leg.outgoing.sending.take() else { return false };
    let (next, taken) = match sending {
        Sending::Event { mut sender, timestamp } => match (sender.poll(), leg.telephone_event()) {
            (Some(payload), Some(payload_type)) => {
                let stream = &mut leg.outgoing.stream;
                let octets = payload.octets();
                let header = match timestamp {
                    None => stream.begin_event(tick, payload_type, octets.len()),
                    Some(timestamp) => stream.go_on_event(payload_type, timestamp, octets.len()),
                };
                *sent += u64::from(send(slot, leg, header, &octets, scratch, wire));
                (Some(Sending::Event { sender, timestamp: Some(header.timestamp) }), true)
            }
            // The event is over, or events are not agreed any more.
            _ => (Some(Sending::Gap { frames: GAP - 1, silent: false }), false),
        },
        Sending::Tone { mut generator, frames } => {
            let rate = leg.outgoing.codec.map_or(8_000, |(codec, _)| codec.sample_rate());
            let mut samples = [0; LARGEST_FRAME];
            let samples = &mut samples[..(rate / 50) as usize];
            generator.fill(rate, samples);
            *sent += u64::from(send_audio(tick, slot, leg, samples, scratch, wire));
            let next = match frames - 1 {
                0 => Sending::Gap { frames: GAP, silent: true },
                frames => Sending::Tone { generator, frames },
            };
            (Some(next), true)
        }
        Sending::Gap { frames, silent } => {
            if silent {
                let count = leg.outgoing.codec.map_or(CLIP_FRAME, |(codec, _)| codec.sample_rate() as usize / 50);
                let silence = [0; LARGEST_FRAME];
                *sent += u64::from(send_audio(tick, slot, leg, &silence[..count], scratch, wire));
            }
            ((frames > 1).then_some(Sending::Gap { frames: frames.saturating_sub(1), silent }), silent)
        }
    };
    leg.outgoing.sending = next;
    taken
}

/// Encode 20 ms at the sample rate of the leg's codec and send them. Gives whether they were sent.
fn send_audio(
    tick: Instant,
    slot: Slot,
    leg: &mut Leg,
    samples: &[i16],
    scratch: &mut Scratch,
    wire: &mut impl Wire,
) -> bool {
    let Some((codec, payload_type)) = leg.outgoing.codec.filter(|_| leg.destination().is_some()) else { return false };
    let mut octets = [0; speech::LARGEST];
    let length = leg.outgoing.encoder.encode(codec, samples, &mut octets);
    if length == 0 {
        return false;
    }
    let header = leg.outgoing.stream.make(tick, payload_type, codec.clock_rate(), length);
    send(slot, leg, header, &octets[..length], scratch, wire)
}

fn send(slot: Slot, leg: &Leg, header: Header, payload: &[u8], scratch: &mut Scratch, wire: &mut impl Wire) -> bool {
    let Some(to) = leg.destination() else { return false };
    let packet = &mut scratch.packet[..HEADER + payload.len()];
    packet[..HEADER].copy_from_slice(&header.octets());
    packet[HEADER..].copy_from_slice(payload);
    wire.send(slot, Port::Rtp, to, packet);
    true
}
