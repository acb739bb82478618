//! The phone in the browser: what it knows ([`Phone`], signals that pages show), and what it does.
//!
//! It lives above the router, so that calls go on while pages change. What is no plain data (sockets, connections, sound) is in
//! the one [`Machine`] of the browser; on the server there is none. What both ends say to each other is in
//! [`tandem_domain::phone`]: the phone shows what the server said, not what it wished.
//!
//! A browser becomes a phone on its page, and stays one on all pages of self-care until that is switched off there.
//!
//! | module | the question it answers |
//! | --- | --- |
//! | `call` | what is shown of a call? |
//! | `card` | how is it shown? |
//! | `panel` | what is on its own page? |
//! | `dial` | how is somebody called? |
//! | `settings` | what can be chosen? |
//! | `dock` | and on other pages? |
//! | [`book`] | whom can it call? |
//! | `wishes` | what does a press of a button do? |
//! | `keys` | and one of a key? |
//! | `pad` | how are digits pressed? |
//! | `floor` | who hears what is said here? |
//! | `facts` | what does the server say? |
//! | [`expecting`] | which call does the page answer by itself? |
//! | `line` | how is the server reached? |
//! | `peer` | how is a call heard? |
//! | `devices`, `sounds` | by which microphone and loudspeaker, and what rings? |
//! | `notices` | how does somebody learn of a call who looks at something else? |

pub mod book;
mod call;
mod card;
mod devices;
mod dial;
pub(crate) mod dock;
pub(crate) mod expecting;
mod facts;
mod floor;
mod keys;
mod line;
mod notices;
mod pad;
pub(crate) mod panel;
mod peer;
mod settings;
mod sounds;
mod wishes;

use std::{cell::RefCell, rc::Rc, time::Duration};

use leptos::prelude::*;
use tandem_domain::{
    access,
    phone::{
        CallNumber, CallState, Who,
        book::{PastCall, PhoneBook},
    },
};

use self::{
    call::Call,
    devices::{Choices, Devices},
    notices::{Notice, Noticed, Notices},
    peer::Peer,
    sounds::{Meter, Sounding, Tone},
};
use crate::context::me_or_nobody;

/// How the server is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Link {
    /// This browser is no phone.
    Off,
    /// It is about to be one.
    Connecting,
    /// Calls reach it.
    Ready,
    /// Another tab holds the phone.
    Elsewhere,
    /// The server is not reached; it is tried again.
    Lost,
    /// The session has ended.
    SignedOut,
}

/// Whose phone it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Own {
    pub(crate) extension: String,
    pub(crate) name: String,
    pub(crate) may_record: bool,
    pub(crate) do_not_disturb: bool,
}

/// The phone, as pages see it.
#[derive(Clone, Copy)]
pub struct Phone {
    /// Whose it is: the account's id; empty where nobody has a phone.
    account: StoredValue<String>,
    pub(crate) link: RwSignal<Link>,
    pub(crate) own: RwSignal<Own>,
    calls: RwSignal<Vec<Call>>,
    /// What is wrong, and what to do about it; empty: nothing.
    trouble: RwSignal<String>,
    /// What happened last, for those who do not see it.
    said: RwSignal<String>,
    /// Who calls, for the same: it cannot wait until something else has been said.
    called: RwSignal<String>,
    /// This browser's clock, in milliseconds, each second while there are calls.
    now: RwSignal<i64>,
    /// How loud the microphone is, and what is heard, from 0 to 100.
    levels: [RwSignal<u32>; 2],
    /// With whom another tab, which holds the phone, has calls; empty: with nobody.
    elsewhere: RwSignal<String>,
    devices: RwSignal<Devices>,
    /// The microphones and loudspeakers that can be chosen.
    choices: RwSignal<Choices>,
    /// How it stands with notifications.
    notices: RwSignal<Notices>,
    /// Whom it can call.
    book: RwSignal<PhoneBook>,
    /// The calls that match what was searched for last.
    found_calls: RwSignal<(String, Vec<PastCall>)>,
}

/// What is no plain data.
#[derive(Default)]
struct Machine {
    line: Option<line::Line>,
    /// Connecting failed so often since it last did not.
    failures: u32,
    /// When somebody was heard on it last, since when it is asked whether somebody is there, and whether that was asked once more,
    /// by this browser's clock.
    heard: i64,
    asked: Option<i64>,
    again: bool,
    /// When the server was told last that somebody is signed in here.
    stayed: i64,
    /// Whether the clock is looked at, and when it was last.
    ticks: bool,
    ticked: i64,
    /// The number of the next call.
    next: u32,
    /// Calls that the server has not been told of yet.
    unsaid: Vec<CallNumber>,
    peers: Vec<(CallNumber, Rc<Peer>)>,
    /// The offers of calls that ring here.
    offers: Vec<(CallNumber, String)>,
    sounding: Option<Sounding>,
    /// Of the microphone, and of what is heard.
    meters: [Option<Meter>; 2],
    /// The call of which a notification tells, or told.
    noticed: Noticed,
    notice: Option<Notice>,
    /// The calls that were hung up here, and of which the server has not said so: with whom each was.
    left: Vec<(CallNumber, Who)>,
    /// The server said why there is no phone: that is not mended by trying at once.
    refused: bool,
}

thread_local! {
    static MACHINE: RefCell<Machine> = RefCell::default();
}

/// Works on the machine. Nothing that may come back here is called inside.
fn machine<T>(work: impl FnOnce(&mut Machine) -> T) -> T {
    MACHINE.with_borrow_mut(work)
}

/// This browser's clock, in milliseconds.
#[expect(clippy::cast_possible_truncation, reason = "milliseconds since 1970")]
fn clock() -> i64 {
    js_sys::Date::now() as i64
}

/// Makes the phone. Called once, at the root.
pub fn provide_phone() {
    let account = match me_or_nobody().map(|me| me.who) {
        Some(access::Who::Account { account, .. }) => account.to_string(),
        Some(access::Who::Administrator(_) | access::Who::Customer(_)) | None => String::new(),
    };
    let phone = Phone {
        account: StoredValue::new(account),
        link: RwSignal::new(Link::Off),
        own: RwSignal::new(Own::default()),
        calls: RwSignal::new(Vec::new()),
        trouble: RwSignal::new(String::new()),
        said: RwSignal::new(String::new()),
        called: RwSignal::new(String::new()),
        now: RwSignal::new(0),
        levels: [0, 0].map(RwSignal::new),
        elsewhere: RwSignal::new(String::new()),
        devices: RwSignal::new(Devices::default()),
        choices: RwSignal::default(),
        notices: RwSignal::default(),
        book: RwSignal::default(),
        found_calls: RwSignal::default(),
    };
    provide_context(phone);
}

/// The phone.
///
/// # Panics
/// Outside of the application's root.
#[must_use]
pub fn use_phone() -> Phone {
    use_context().expect("provided at the root")
}

impl Phone {
    /// What is shown of one call.
    fn call<T>(self, number: CallNumber, read: impl FnOnce(&Call) -> T) -> Option<T> {
        self.calls.with(|calls| calls.iter().find(|call| call.number == number).map(read))
    }

    /// The same, for who need not be told of changes.
    fn call_now<T>(self, number: CallNumber, read: impl FnOnce(&Call) -> T) -> Option<T> {
        untrack(|| self.call(number, read))
    }

    fn change(self, number: CallNumber, change: impl FnOnce(&mut Call)) {
        self.calls.update(|calls| {
            if let Some(call) = calls.iter_mut().find(|call| call.number == number) {
                change(call);
            }
        });
        self.sound();
    }

    fn add(self, call: Call) {
        self.now.set(clock());
        self.calls.update(|calls| {
            // A new line of the server begins to count anew: what has ended makes way for who has its number now.
            calls.retain(|before| before.number != call.number);
            calls.push(call);
        });
        self.sound();
    }

    /// Takes the card of a call away that is over, unless its number is another's by now.
    fn forget_ended(self, number: CallNumber) {
        self.calls.update(|calls| calls.retain(|call| call.number != number || !call.is_over()));
        self.sound();
    }

    /// Takes a call away that never was.
    fn forget(self, number: CallNumber) {
        self.calls.update(|calls| calls.retain(|call| call.number != number));
        self.sound();
    }

    /// A call is over: its end is shown for a moment.
    fn ended(self, number: CallNumber, words: &str) {
        machine(|machine| {
            machine.peers.retain(|(call, _)| *call != number);
            machine.offers.retain(|(call, _)| *call != number);
        });
        let who = self.call_now(number, |call| call.name().to_owned()).unwrap_or_default();
        self.change(number, |call| {
            call.state = CallState::Ended;
            call.asked = None;
            words.clone_into(&mut call.words);
        });
        self.keep_muted();
        // With whom, for there may be other calls.
        self.said.set(if who.is_empty() { words.to_owned() } else { [&who, ": ", words].concat() });
        set_timeout(move || self.forget_ended(number), Duration::from_secs(4));
    }

    /// Rings, or is silent, as the calls are.
    fn sound(self) {
        self.give_voice();
        self.settle_holds();
        self.attract();
        let wanted = self.calls.with_untracked(|calls| {
            let is = |state: CallState| calls.iter().any(|call| call.state == state);
            // Who talks is not rung at.
            match (is(CallState::Talking), is(CallState::Incoming), is(CallState::Ringing)) {
                (false, true, _) => Some(Tone::Rings),
                (false, false, true) => Some(Tone::RingsThere),
                (true, _, _) | (false, false, false) => None,
            }
        });
        let heard = calls_heard_early(self);
        let talks = self
            .calls
            .with_untracked(|calls| calls.iter().rev().find(|call| floor::speaks(call)).map(|call| call.number));
        machine(|machine| {
            let wanted = wanted.filter(|tone| *tone != Tone::RingsThere || !heard);
            if machine.sounding.as_ref().map(|sounding| sounding.tone) != wanted {
                machine.sounding = None;
                machine.sounding = wanted.and_then(Sounding::begin);
            }
            let of = machine.peers.iter().rev().find(|(call, _)| Some(*call) == talks).or(machine.peers.last());
            let streams = of.map_or([None, None], |(_, peer)| [Some(peer.stream().clone()), peer.heard()]);
            for (meter, stream) in machine.meters.iter_mut().zip(streams) {
                // What was of a call that is over is silent.
                let is_same = match (&*meter, &stream) {
                    (Some(meter), Some(stream)) => meter.is_of(stream),
                    (None, None) => true,
                    (Some(_), None) | (None, Some(_)) => false,
                };
                if !is_same {
                    *meter = None;
                    *meter = stream.as_ref().and_then(Meter::begin);
                }
            }
        });
    }

    /// Whether somebody is talked with here, is called, or calls.
    fn has_calls(self) -> bool {
        self.calls.with(|calls| calls.iter().any(|call| !call.is_over()))
    }

    /// With whom another tab, which holds the phone, has calls; empty: with nobody.
    pub(crate) fn calls_elsewhere(self) -> String {
        if self.link.get() == Link::Elsewhere { self.elsewhere.get() } else { String::new() }
    }

    /// A tenth of a second has gone by, or more: browsers let pages that nobody sees wait.
    fn tick(self) {
        self.keep_alive(clock());
        self.mend_sound(clock());
        self.settle_holds();
        self.attract();
        let levels = machine(|machine| machine.meters.each_ref().map(|meter| meter.as_ref().map_or(0, Meter::level)));
        for (shown, level) in self.levels.into_iter().zip(levels) {
            if shown.get_untracked() != level {
                shown.set(level);
            }
        }
        if self.calls.with_untracked(|calls| calls.iter().any(|call| call.since.is_some())) {
            let now = clock();
            if now / 1000 != self.now.get_untracked() / 1000 {
                self.now.set(now);
            }
        }
    }
}

/// Whether the other end of a call is heard before it answers: then it makes its own tones.
fn calls_heard_early(phone: Phone) -> bool {
    let rings: Vec<CallNumber> = phone.calls.with_untracked(|calls| {
        calls.iter().filter(|call| call.state == CallState::Ringing).map(|call| call.number).collect()
    });
    rings.into_iter().any(|number| peer_of(number).is_some_and(|peer| peer.is_stable()))
}

/// The sound of a call.
fn peer_of(number: CallNumber) -> Option<Rc<Peer>> {
    machine(|machine| machine.peers.iter().find(|(call, _)| *call == number).map(|(_, peer)| peer.clone()))
}
