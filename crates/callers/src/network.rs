//! Who calls when, and who answers outside? The other end of the exchange's trunk: another network, with all of its people.
//!
//! Two lines keep the agents busy: each calls *Support*, talks, and calls again after some seconds as somebody else. A third
//! calls now and then, finds nobody free, and gives up. Numbers that the exchange calls are answered by an announcement.

use std::{
    ops::RangeInclusive,
    time::{Duration, Instant},
};

use rand::{Rng as _, seq::SliceRandom as _};
use tandem_sip::{
    message::{NameAddr, Request, Uri},
    transaction::{Event, ServerId},
};

use crate::{
    call::{Call, Change},
    dispatch::{Meaning, dispatch},
    endpoint::Endpoint,
    people::{CALLERS, Caller, SUPPORT, Side},
    station::Station,
    voices::Law,
};

/// The lines that call; the last is the one that calls now and then.
pub const LINES: usize = 3;
/// Calls from the exchange that are answered at once; above that, 486.
pub const ANSWERED_MAX: usize = 8;

/// When each line calls first, in milliseconds.
const FIRST: [RangeInclusive<u64>; LINES] = [500..=1_000, 2_500..=3_500, 25_000..=45_000];
/// How long it rings outside before somebody answers.
const RINGS: Duration = Duration::from_millis(1_500);
/// After the last word, before hanging up.
const BREATH: Duration = Duration::from_millis(300);
/// How often a dialogue is spoken in a call: one to three minutes.
const REPEATED: RangeInclusive<u32> = 2..=3;
/// The longest call of a client, who else waits for the other line to be busy again.
const LONGEST: Duration = Duration::from_secs(185);
/// Of this many callers one gives up while it rings.
const IMPATIENT_ONE_IN: u32 = 8;
/// How long somebody waits who has no patience, in milliseconds.
const IMPATIENT: RangeInclusive<u64> = 700..=1_500;
/// How long others wait.
const PATIENT: RangeInclusive<u64> = 20_000..=30_000;
/// How long the third line waits.
const BRIEFLY: RangeInclusive<u64> = 4_000..=8_000;

/// How a call ended, for when the line calls again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    Talked,
    GaveUp,
    /// Nobody answered for long.
    Unheard,
    /// With this status.
    Refused(u16),
}

impl Ending {
    /// The pause after it, in milliseconds.
    const fn pause(self) -> RangeInclusive<u64> {
        match self {
            Self::Talked | Self::GaveUp => 2_000..=5_000,
            // A real phone rang, at which nobody sits; it should not ring all the time.
            Self::Unheard => 20_000..=40_000,
            // All talk: with each other's clients, or with somebody real.
            Self::Refused(486 | 600) => 6_000..=12_000,
            Self::Refused(_) => 4_000..=8_000,
        }
    }
}

/// The pause of the third line.
const SELDOM: RangeInclusive<u64> = 40_000..=90_000;

/// What a call is for.
#[derive(Debug, Clone, Copy)]
enum Role {
    /// Somebody of ours calls.
    Client { line: usize, caller: &'static Caller, answered: Option<Instant>, gave_up: bool, patient: bool },
    /// Somebody of the exchange called.
    Outside,
}

/// A call, and when something is done about it: given up or answered while it rings, hung up after.
#[derive(Debug)]
struct Talk {
    call: Call,
    role: Role,
    at: Instant,
}

/// The other network.
#[derive(Debug)]
pub struct Network {
    station: Station,
    talks: Vec<Talk>,
    /// When each line calls next; `None` while it does.
    lines: [Option<Instant>; LINES],
    /// Who calls, in an order that changes from run to run.
    callers: Vec<&'static Caller>,
    next_caller: usize,
    stopped: bool,
}

impl Network {
    /// Calls as soon as it is driven. It needs [`LINES`] + [`ANSWERED_MAX`] ports.
    #[must_use]
    pub fn new(mut station: Station, now: Instant) -> Self {
        let mut callers: Vec<_> = CALLERS.iter().collect();
        callers.shuffle(station.random());
        let lines = FIRST.map(|milliseconds| Some(now + station.between(milliseconds)));
        Self { station, talks: Vec::new(), lines, callers, next_caller: 0, stopped: false }
    }

    /// How many of its people talk with somebody in *Support*.
    #[must_use]
    pub fn talking(&self) -> usize {
        let is_client = |talk: &&Talk| matches!(talk.role, Role::Client { .. }) && talk.call.is_up();
        self.talks.iter().filter(is_client).count()
    }

    fn contact(&self) -> String {
        NameAddr::from(Uri::sip(None, self.station.local())).to_string()
    }

    fn call_support(&mut self, now: Instant, line: usize) {
        let Some(port) = self.station.take_port() else {
            self.rest(now, line, Ending::Refused(503));
            return;
        };
        // As many people as there are never call at once, so nobody does twice.
        let Some(caller) = self.callers.get(self.next_caller % self.callers.len().max(1)).copied() else { return };
        self.next_caller = self.next_caller.wrapping_add(1);
        let from = Uri::sip(Some(caller.number), self.station.local());
        let from = NameAddr::from(from).with_display_name(caller.name);
        let target = Uri::sip(Some(SUPPORT), self.station.exchange());
        let law = if self.station.once_in(2) { Law::A } else { Law::Mu };
        let contact = self.contact();
        let call = Call::begin(&mut self.station, now, contact, port, from, target, law);
        let patient = !self.station.once_in(IMPATIENT_ONE_IN);
        let patience = match (line + 1 == LINES, patient) {
            (true, _) => BRIEFLY,
            (false, true) => PATIENT,
            (false, false) => IMPATIENT,
        };
        let role = Role::Client { line, caller, answered: None, gave_up: false, patient };
        let at = now + self.station.between(patience);
        self.talks.push(Talk { call, role, at });
    }

    /// A line is free again, and calls after a pause.
    fn rest(&mut self, now: Instant, line: usize, ending: Ending) {
        let pause = if line + 1 == LINES { SELDOM } else { ending.pause() };
        let pause = self.station.between(pause);
        if let Some(next) = self.lines.get_mut(line) {
            *next = (!self.stopped).then(|| now + pause);
        }
    }

    fn invited(&mut self, now: Instant, server: ServerId, invite: &Request) {
        let answered = self.talks.iter().filter(|talk| matches!(talk.role, Role::Outside)).count();
        if self.stopped || answered >= ANSWERED_MAX {
            return self.station.just(now, server, invite, 486);
        }
        let Some(port) = self.station.take_port() else {
            return self.station.just(now, server, invite, 486);
        };
        let contact = self.contact();
        match Call::arriving(&mut self.station, contact, port, server, invite) {
            Ok(call) => {
                call.ring(&mut self.station, now);
                self.talks.push(Talk { call, role: Role::Outside, at: now + RINGS });
            }
            Err(status) => {
                self.station.give_back(port);
                self.station.just(now, server, invite, status);
            }
        }
    }

    /// Does what is due on the call at `place`.
    fn act_on(&mut self, now: Instant, place: usize) {
        let others_talk = self.talking() > 1;
        let Some(talk) = self.talks.get_mut(place) else { return };
        if talk.call.is_arriving() {
            let announcement = self.station.sounds().announcement();
            talk.at = now + Duration::from_millis(announcement.duration_ms()) + BREATH;
            talk.call.answer(&mut self.station, now);
            talk.call.speak(&mut self.station, announcement, false);
            return;
        }
        if let Role::Client { caller, answered: Some(answered), .. } = talk.role
            && !others_talk
            && !self.stopped
        {
            // Somebody should talk whenever somebody looks: the dialogue is spoken once more.
            let length = self.station.sounds().track(caller.dialogue, Side::Client).duration_ms();
            let again = talk.at + Duration::from_millis(length);
            if again <= answered + LONGEST {
                talk.at = again;
                return;
            }
        }
        self.leave(now, place);
    }

    /// Ends the call at `place`, whatever its state.
    fn leave(&mut self, now: Instant, place: usize) {
        let Some(talk) = self.talks.get_mut(place) else { return };
        if let Role::Client { gave_up, .. } = &mut talk.role {
            *gave_up = true;
        }
        // What was given up ends with a response, and if none comes, by the transaction's own timer.
        talk.at = now + LONGEST;
        if let Some(change) = talk.call.leave(&mut self.station, now, 480) {
            self.changed(now, place, change);
        }
    }

    fn changed(&mut self, now: Instant, place: usize, change: Change) {
        let Some(talk) = self.talks.get_mut(place) else { return };
        match (change, &mut talk.role) {
            (Change::Answered, Role::Client { caller, answered, .. }) => {
                let track = self.station.sounds().track(caller.dialogue, Side::Client);
                let times = self.station.random().random_range(REPEATED);
                talk.at = now + Duration::from_millis(track.duration_ms()) * times + BREATH;
                *answered = Some(now);
                talk.call.speak(&mut self.station, track, true);
            }
            (Change::Answered, Role::Outside) => {}
            (Change::Over(status), _) => {
                let talk = self.talks.swap_remove(place);
                if let Role::Client { line, answered, gave_up, patient, .. } = talk.role {
                    let ending = match (answered, gave_up, status) {
                        (Some(_), _, _) => Ending::Talked,
                        (None, true, _) if patient => Ending::Unheard,
                        (None, true, _) | (None, false, None) => Ending::GaveUp,
                        (None, false, Some(status)) => Ending::Refused(status),
                    };
                    self.rest(now, line, ending);
                }
            }
        }
    }
}

impl Endpoint for Network {
    fn station(&self) -> &Station {
        &self.station
    }

    fn station_mut(&mut self) -> &mut Station {
        &mut self.station
    }

    fn event(&mut self, now: Instant, event: Event) {
        let calls = self.talks.iter_mut().map(|talk| &mut talk.call).collect();
        match dispatch(&mut self.station, now, event, calls) {
            Meaning::Changed(place, change) => self.changed(now, place, change),
            Meaning::Invited(server, invite) => self.invited(now, server, &invite),
            Meaning::Responded(..) | Meaning::Failed(_) | Meaning::Nothing => {}
        }
    }

    fn act(&mut self, now: Instant) {
        for line in 0..LINES {
            if self.lines[line].is_some_and(|at| at <= now) {
                self.lines[line] = None;
                self.call_support(now, line);
            }
        }
        // From the last: who leaves gives the place to who was behind.
        for place in (0..self.talks.len()).rev() {
            if self.talks.get(place).is_some_and(|talk| talk.at <= now) {
                self.act_on(now, place);
            }
        }
    }

    fn plans(&self) -> Option<Instant> {
        self.lines.iter().flatten().copied().chain(self.talks.iter().map(|talk| talk.at)).min()
    }

    fn stop(&mut self, now: Instant) {
        self.stopped = true;
        self.lines = [None; LINES];
        for place in (0..self.talks.len()).rev() {
            self.leave(now, place);
        }
    }

    fn is_done(&self) -> bool {
        self.stopped && self.talks.is_empty() && self.station.is_quiet()
    }
}
