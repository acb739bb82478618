//! How does an agent spend the day? Registered, unless a real phone is; answering what rings, after a moment; saying the
//! agent's side of what the client calls about.

use std::{
    ops::RangeInclusive,
    time::{Duration, Instant},
};

use rand::Rng as _;
use tandem_sip::{
    message::{NameAddr, Request},
    transaction::{Event, ServerId},
};

use crate::{
    call::{Call, Change},
    dispatch::{Meaning, dispatch},
    endpoint::Endpoint,
    people::{Person, Side, dialogue_of},
    registration::{Registration, Standing},
    station::Station,
};

/// How long it rings before the agent answers, in milliseconds.
const RINGS: RangeInclusive<u64> = 1_000..=3_000;
/// Of this many calls the agent, not the client, ends one.
const ENDS_ONE_IN: u32 = 5;
/// How often the dialogue is spoken in a call that the agent ends.
const REPEATED: RangeInclusive<u32> = 2..=3;
/// The longest call of a client of ours, who hangs up before; unless the exchange has ended without a word.
const LONGEST: Duration = Duration::from_secs(200);
/// The longest call of anybody else: who calls an agent and falls asleep blocks nobody for ever.
const LONGEST_OF_OTHERS: Duration = Duration::from_secs(15 * 60);
/// After the last word, before hanging up.
const BREATH: Duration = Duration::from_millis(300);

/// A call, and when the agent does something about it: answers while it rings, hangs up after.
#[derive(Debug)]
struct Busy {
    call: Call,
    at: Instant,
    /// The caller's number.
    number: String,
}

/// An agent.
#[derive(Debug)]
pub struct Agent {
    station: Station,
    person: Person,
    registration: Registration,
    busy: Option<Busy>,
}

impl Agent {
    /// Registers as soon as it is driven. One port is enough.
    #[must_use]
    pub fn new(person: Person, mut station: Station, now: Instant) -> Self {
        let registration = Registration::new(person.user, &mut station, now);
        Self { station, person, registration, busy: None }
    }

    /// Whether it is registered, so that calls come to it.
    #[must_use]
    pub fn is_on_duty(&self) -> bool {
        self.registration.standing() == Standing::OnDuty
    }

    /// Whether it talks.
    #[must_use]
    pub fn talks(&self) -> bool {
        self.busy.as_ref().is_some_and(|busy| busy.call.is_up())
    }

    fn invited(&mut self, now: Instant, server: ServerId, invite: &Request) {
        let status = match (self.registration.standing(), &self.busy) {
            // Its registration has run out there when the exchange was slow: it is on duty all the same.
            (Standing::OnDuty | Standing::Absent, None) => None,
            (Standing::OnDuty | Standing::Absent, Some(_)) => Some(486),
            (Standing::Aside | Standing::Gone, _) => Some(480),
        };
        if let Some(status) = status {
            return self.station.just(now, server, invite, status);
        }
        let Some(port) = self.station.take_port() else {
            return self.station.just(now, server, invite, 486);
        };
        let contact = NameAddr::from(self.registration.contact(&self.station)).to_string();
        match Call::arriving(&mut self.station, contact, port, server, invite) {
            Ok(call) => {
                call.ring(&mut self.station, now);
                let number = invite.headers.from().ok().and_then(|from| from.uri.user).unwrap_or_default();
                let at = now + self.station.between(RINGS);
                self.busy = Some(Busy { call, at, number });
            }
            Err(status) => {
                self.station.give_back(port);
                self.station.just(now, server, invite, status);
            }
        }
    }

    /// Answers what rings, or hangs up.
    fn act_on_call(&mut self, now: Instant) {
        let Some(Busy { call, at, number }) = self.busy.as_mut().filter(|busy| busy.at <= now) else { return };
        if !call.is_arriving() {
            // What still waits for an ACK ends with it, or when the transaction gives up.
            *at = now + LONGEST;
            if let Some(change) = call.leave(&mut self.station, now, 480) {
                self.changed(change);
            }
            return;
        }
        let about = dialogue_of(number);
        let track = self.station.sounds().track(about.unwrap_or(self.person.usual), Side::Agent);
        *at = match about {
            None => now + LONGEST_OF_OTHERS,
            Some(_) if self.station.once_in(ENDS_ONE_IN) => {
                let times = self.station.random().random_range(REPEATED);
                now + Duration::from_millis(track.duration_ms()) * times + BREATH
            }
            Some(_) => now + LONGEST,
        };
        call.answer(&mut self.station, now);
        call.speak(&mut self.station, track, true);
    }

    fn changed(&mut self, change: Change) {
        match change {
            Change::Answered => {}
            Change::Over(_) => self.busy = None,
        }
    }
}

impl Endpoint for Agent {
    fn station(&self) -> &Station {
        &self.station
    }

    fn station_mut(&mut self) -> &mut Station {
        &mut self.station
    }

    fn event(&mut self, now: Instant, event: Event) {
        let calls = self.busy.iter_mut().map(|busy| &mut busy.call).collect();
        match dispatch(&mut self.station, now, event, calls) {
            Meaning::Changed(_, change) => self.changed(change),
            Meaning::Invited(server, invite) => self.invited(now, server, &invite),
            Meaning::Responded(id, response) => {
                self.registration.responded(&mut self.station, now, id, &response);
            }
            Meaning::Failed(id) => {
                self.registration.failed(now, id);
            }
            Meaning::Nothing => {}
        }
    }

    fn act(&mut self, now: Instant) {
        self.registration.act(&mut self.station, now);
        self.act_on_call(now);
    }

    fn plans(&self) -> Option<Instant> {
        let registration = self.registration.due().filter(|_| !self.registration.is_pending());
        [registration, self.busy.as_ref().map(|busy| busy.at)].into_iter().flatten().min()
    }

    fn stop(&mut self, now: Instant) {
        self.registration.leave(&mut self.station, now);
        let change = self.busy.as_mut().and_then(|busy| busy.call.leave(&mut self.station, now, 480));
        if let Some(change) = change {
            self.changed(change);
        }
    }

    fn is_done(&self) -> bool {
        self.registration.standing() == Standing::Gone && self.busy.is_none() && self.station.is_quiet()
    }
}
