//! What becomes of a digit: it is told, it is collected for the leg's codes, and it goes on to who hears the leg.
//!
//! A digit that begins no code goes on as it came, packet by packet. One that may belong to a code is kept, all packets of
//! it; if it turns out to be none, it is made anew, before whatever is pressed later.

use std::time::Instant;

use super::{CONVERTED, Router, Slot};
use crate::{
    dtmf::{
        Digit, DigitSource,
        codes::{Collector, Decision},
    },
    types::{Digits, Event, Hears, LegId},
};

/// Events whose packets are kept from everybody: a late packet belongs to one of the last few.
const WITHHELD: usize = 4;

/// What becomes of the packets, or the tone, of a digit that was just pressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// They go on, if the leg's digits do.
    Pass,
    /// Nobody gets them: the digit is held, or was the last of a code.
    Keep,
}

impl Router {
    /// What becomes of the digits that a leg presses. Digits that are held for a code are released.
    pub fn digits(&mut self, now: Instant, id: LegId, digits: Digits) {
        let Some(&slot) = self.slots.get(&id) else { return };
        if self.legs[slot].as_deref().is_some_and(|leg| leg.digits != digits) {
            self.release_all(now, slot);
        }
        if let Some(leg) = self.leg_mut(id) {
            leg.digits = digits;
        }
    }

    /// Collect the digits of a leg for these codes from now on, while they pass ([`Digits::Pass`]); of no codes, all pass at
    /// once. Digits that are held for other codes are released. The same codes again change nothing.
    pub fn codes(&mut self, now: Instant, id: LegId, codes: &[String]) {
        let Some(&slot) = self.slots.get(&id) else { return };
        let Some(leg) = self.legs[slot].as_deref_mut() else { return };
        if leg.incoming.collector.as_ref().is_some_and(|collector| collector.listens_for(codes)) {
            return;
        }
        self.release_all(now, slot);
        if let Some(leg) = self.leg_mut(id) {
            leg.incoming.collector = (!codes.is_empty()).then(|| Box::new(Collector::new(codes)));
        }
    }

    /// A leg pressed a digit that did not come with its media. It is told and collected like any other, and goes on to all
    /// who hear the leg.
    pub fn press(&mut self, now: Instant, id: LegId, digit: Digit) {
        let Some(&slot) = self.slots.get(&id) else { return };
        let (told, fate) = self.pressed(now, slot, digit, DigitSource::Info);
        let passes = self.legs[slot].as_deref().is_some_and(|leg| leg.digits == Digits::Pass);
        if passes && told && fate == Fate::Pass {
            self.queue_to_listeners(now, slot, &[digit]);
        }
    }

    /// A leg pressed a digit: tell it, unless there are too many, and see whether it belongs to a code. What was held before
    /// and is no code goes on. Gives whether it was told, and its fate.
    pub(super) fn pressed(&mut self, now: Instant, slot: Slot, digit: Digit, source: DigitSource) -> (bool, Fate) {
        let Some(leg) = self.legs[slot].as_deref_mut() else { return (false, Fate::Pass) };
        let (id, told) = (leg.id, leg.may_tell_digit(now));
        if told {
            self.events.push_back(Event::Digit { leg: id, digit, source });
        }
        let collects = leg.digits == Digits::Pass;
        let Some(collector) = leg.incoming.collector.as_deref_mut().filter(|_| collects) else {
            return (told, Fate::Pass);
        };
        let decisions = collector.press(now, digit);
        self.next_release = self.next_release.into_iter().chain(collector.deadline()).min();
        let mut fate = Fate::Pass;
        for decision in decisions {
            match decision {
                Decision::Release(digits) => self.queue_to_listeners(now, slot, &digits),
                Decision::Code(code) => {
                    // A flood of digits is no flood of codes either.
                    if told {
                        self.events.push_back(Event::Code { leg: id, code });
                    }
                    fate = Fate::Keep;
                }
                Decision::Pass => fate = Fate::Pass,
                Decision::Hold => fate = Fate::Keep,
            }
        }
        (told, fate)
    }

    /// Nobody gets the packets of this event, late ones included.
    pub(super) fn withhold(&mut self, slot: Slot, event: u32) {
        let Some(leg) = self.legs[slot].as_deref_mut() else { return };
        let withheld = &mut leg.incoming.withheld;
        if withheld.len() == WITHHELD {
            withheld.pop_front();
        }
        withheld.push_back(event);
    }

    /// Send digits to all who hear a leg, in the form that each of them knows, after those that wait already.
    pub(super) fn queue_to_listeners(&mut self, now: Instant, slot: Slot, digits: &[Digit]) {
        for i in 0.. {
            let Some(&listener) = self.legs[slot].as_deref().and_then(|speaker| speaker.listeners.get(i)) else {
                break;
            };
            let Some(leg) = self.legs[listener].as_deref_mut() else { continue };
            let hears = match leg.hears {
                Hears::Leg(_) | Hears::Echo | Hears::Mix(_) => true,
                Hears::Nothing | Hears::Clip { .. } | Hears::Stereo { .. } => false,
            };
            // Who is on hold gets no digits later.
            if hears && leg.destination().is_some() {
                digits.iter().for_each(|&digit| leg.queue_digit(digit, CONVERTED));
            }
        }
        self.visit_listeners(now, slot);
    }

    /// Release what was held for too long.
    pub(super) fn release_digits(&mut self, now: Instant) {
        if self.next_release.is_none_or(|due| due > now) {
            return;
        }
        for slot in 0..self.legs.len() {
            let collector = self.legs[slot].as_deref_mut().and_then(|leg| leg.incoming.collector.as_deref_mut());
            if let Some(digits) = collector.and_then(|collector| collector.handle_timeout(now)) {
                self.queue_to_listeners(now, slot, &digits);
            }
        }
        let deadline = |leg: &Option<Box<crate::leg::Leg>>| leg.as_deref()?.incoming.collector.as_deref()?.deadline();
        self.next_release = self.legs.iter().filter_map(deadline).min();
    }

    /// Release what a leg's collector holds.
    fn release_all(&mut self, now: Instant, slot: Slot) {
        let collector = self.legs[slot].as_deref_mut().and_then(|leg| leg.incoming.collector.as_deref_mut());
        if let Some(digits) = collector.and_then(Collector::release) {
            self.queue_to_listeners(now, slot, &digits);
        }
    }
}
