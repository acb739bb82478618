//! How is the server reached? One WebSocket, begun again whenever it breaks.

use std::time::Duration;

use leptos::{prelude::*, server_fn::ServerFn as _, task::spawn_local};
use tandem_domain::phone::{ToBrowser, ToServer};
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{CloseEvent, Event, MessageEvent, WebSocket};

use super::{Link, Phone, clock, devices::Devices, machine, notices::Notices};
use crate::{
    error::AppError,
    reading::from_json,
    ui::{remember, remembered, submit},
};

/// Whose phone this browser is, or (with `-` before) is not, in `localStorage`.
const IS_PHONE: &str = "phone";
/// Whose phone this tab holds, and by what it is known, in `sessionStorage`: a page that is loaded anew takes it back from itself.
const HOLDS: &str = "phone-held";
/// After so many milliseconds of silence it is asked whether somebody is there.
const SILENCE: i64 = 4000;
/// How many milliseconds that may take before the stream is taken for dead: the server keeps the calls for
/// [`RESUME_SECONDS`](tandem_domain::phone::RESUME_SECONDS).
const PATIENCE: i64 = 5000;
/// The same where the network has just changed.
const HURRY: i64 = 2000;
/// A clock that was not looked at for so many milliseconds tells nothing of the stream.
const ASLEEP: i64 = 1500;
/// How long a connection may take to be made, in milliseconds.
const SLOWEST: i64 = 6000;
/// How often the server is told that the phone is in use, in milliseconds: a stream renews no session, and no cookie.
const STAY: i64 = 2 * 60 * 1000;
/// What is said while the server is not reached, and of what was asked of it before.
const AWAY: &str = "The server is not reached.";
const UNHEARD: &str = "What was asked for last may not have been done.";
/// Of a call that was hung up meanwhile.
pub(super) const LEFT_ALONE: &str = "Ended here. The server is told as soon as it is reached.";
/// The session has ended: the server's word for it.
const SIGNED_OUT: u16 = 4001;

/// A stream to the server, until it is dropped.
pub(super) struct Line {
    socket: WebSocket,
    _opened: Closure<dyn Fn(Event)>,
    _told: Closure<dyn Fn(MessageEvent)>,
    _closed: Closure<dyn Fn(CloseEvent)>,
}

impl Drop for Line {
    fn drop(&mut self) {
        self.socket.set_onopen(None);
        self.socket.set_onmessage(None);
        self.socket.set_onclose(None);
        let _ = self.socket.close();
    }
}

/// Somebody is signed in here and uses the phone. A page that does nothing else would be signed out after a while.
///
/// # Errors
/// Nobody is signed in; no account.
#[server(endpoint = "phone_stays")]
pub async fn phone_stays() -> Result<(), AppError> {
    use tandem_domain::access::Who;

    use crate::server::ask::Ask;

    match Ask::now()?.me.who {
        Who::Account { .. } => Ok(()),
        Who::Administrator(_) | Who::Customer(_) => Err(AppError::Forbidden("a phone: only accounts have one".into())),
    }
}

/// Tells the server now and then that the phone is in use. What it answers, the stream says as well.
fn stay(now: i64) {
    let before = machine(|machine| std::mem::replace(&mut machine.stayed, now));
    if now - before < STAY {
        machine(|machine| machine.stayed = before);
    } else {
        spawn_local(async move {
            let _ = submit::ask(PhoneStays::PATH, "").await;
        });
    }
}

/// Whether a connection is being made.
fn is_connecting() -> bool {
    machine(|machine| machine.line.as_ref().is_some_and(|line| line.socket.ready_state() == WebSocket::CONNECTING))
}

/// Tells the server. `false`: it is not reached, and has heard nothing.
#[must_use = "a wish that is lost is said to be, or not needed any more"]
pub(super) fn tell(wish: &ToServer) -> bool {
    let Ok(text) = serde_json::to_string(wish) else { return false };
    machine(|machine| {
        let line = machine.line.as_ref().filter(|line| line.socket.ready_state() == WebSocket::OPEN);
        line.is_some_and(|line| line.socket.send_with_str(&text).is_ok())
    })
}

/// How long to wait before the server is tried again, in milliseconds: a call may be saved within the first seconds; where the
/// server was not there often, or has itself refused the phone, there is no hurry.
const fn pause(failures: u32, refused: bool) -> u64 {
    match failures {
        _ if refused => 10_000,
        ..=20 => 700,
        _ => 4000,
    }
}

/// How much later a tab tries again that did not hold the phone, in milliseconds: who held it comes first. When this one has
/// failed some times, that one may have begun to take its time.
const fn behind(failures: u32) -> u64 {
    if failures <= 3 { 3000 } else { 17_000 }
}

impl Phone {
    /// This person's, for what the browser keeps beyond a page: somebody else may sign in here.
    fn of_person(self, before: &str, after: &str) -> String {
        self.account.with_value(|account| [before, account, after].concat())
    }

    /// What this tab is known by as the holder of this person's phone.
    fn token(self) -> Option<String> {
        let kept = window().session_storage().ok()??.get_item(HOLDS).ok()??;
        kept.strip_prefix(&self.of_person("", " ")).map(str::to_owned)
    }

    pub(super) fn note_holding(self, token: Option<&str>) {
        if let Ok(Some(storage)) = window().session_storage() {
            let _ = match token {
                Some(token) => storage.set_item(HOLDS, &self.of_person("", &[" ", token].concat())),
                None => storage.remove_item(HOLDS),
            };
        }
    }

    /// Whether it is kept of this browser that it is this person's phone (`""`), or is none (`"-"`).
    fn is_noted(self, sign: &str) -> bool {
        remembered(IS_PHONE) == Some(self.of_person(sign, ""))
    }

    /// The server is not reached any more. What it was asked last may not have arrived, and is not waited for: that is said.
    pub(super) fn lost(self) {
        self.link.set(Link::Lost);
        let waits = self.calls.with_untracked(|calls| {
            calls
                .iter()
                .filter(|call| call.asked.is_some())
                .map(|call| (call.number, call.is_ending()))
                .collect::<Vec<_>>()
        });
        let unheard = waits.iter().any(|(_, ends)| !ends);
        for (number, ends) in waits {
            if ends {
                self.ended(number, LEFT_ALONE);
            } else {
                self.change(number, |call| {
                    call.asked = None;
                    UNHEARD.clone_into(&mut call.words);
                });
            }
        }
        self.said.set(if unheard { [AWAY, " ", UNHEARD].concat() } else { AWAY.to_owned() });
    }

    /// A page of self-care is shown in the browser: goes on as the phone that it was, if it was this person's.
    pub(crate) fn begin(self) {
        if self.link.get_untracked() == Link::Off && self.is_noted("") {
            self.turn_on();
        }
    }

    /// Its own page is shown: this browser is a phone, unless that was switched off here.
    pub(crate) fn open_page(self) {
        if !self.is_noted("-") {
            self.turn_on();
        }
    }

    /// This browser is a phone from now on.
    pub(crate) fn turn_on(self) {
        if self.link.get_untracked() != Link::Off {
            return;
        }
        remember(IS_PHONE, &self.of_person("", ""));
        self.devices.set(Devices::chosen());
        self.notices.set(Notices::now());
        self.link.set(Link::Connecting);
        self.connect(false);
        // For as long as the browser shows this page.
        if !machine(|machine| std::mem::replace(&mut machine.ticks, true)) {
            let _ = set_interval_with_handle(move || self.tick(), Duration::from_millis(100));
            let _ = window_event_listener_untyped("online", move |_| self.online());
        }
        self.find_devices();
    }

    /// The network is another one: what was said on the old one may never arrive. Where the stream still answers, nothing is lost:
    /// the sound looks for its way by itself.
    fn online(self) {
        match self.link.get_untracked() {
            Link::Lost | Link::Connecting => self.connect(false),
            Link::Ready => {
                machine(|machine| (machine.asked, machine.again) = (Some(clock() - PATIENCE + HURRY), true));
                let _ = tell(&ToServer::Alive);
            }
            Link::Off | Link::Elsewhere | Link::SignedOut => {}
        }
    }

    /// Asks whether somebody is there, and begins anew if nobody is: a network that is gone says nothing.
    pub(super) fn keep_alive(self, now: i64) {
        let (slept, silent, waited) = machine(|machine| {
            let slept = now - std::mem::replace(&mut machine.ticked, now) > ASLEEP;
            (slept, now - machine.heard, machine.asked.map(|asked| now - asked))
        });
        match self.link.get_untracked() {
            Link::Ready => {}
            Link::Connecting | Link::Lost if silent > SLOWEST && is_connecting() => return self.connect(false),
            Link::Off | Link::Connecting | Link::Elsewhere | Link::Lost | Link::SignedOut => return,
        }
        stay(now);
        let ask = |again| {
            machine(|machine| (machine.asked, machine.again) = (Some(now), again));
            // What is not sent is not answered either.
            let _ = tell(&ToServer::Alive);
        };
        match waited {
            None if silent > SILENCE => ask(false),
            // The answer may have been lost while the page slept.
            Some(waited) if waited > PATIENCE && slept && !machine(|machine| machine.again) => ask(true),
            Some(waited) if waited > PATIENCE => {
                self.lost();
                self.connect(false);
            }
            None | Some(_) => {}
        }
    }

    /// This browser is no phone any more: its calls end.
    pub(crate) fn turn_off(self) {
        remember(IS_PHONE, &self.of_person("-", ""));
        self.note_holding(None);
        // Whom it does not reach takes the phone for gone a few seconds later.
        let _ = tell(&ToServer::Bye);
        let line = machine(|machine| machine.line.take());
        drop(line);
        self.clear();
        self.trouble.set(String::new());
        self.link.set(Link::Off);
    }

    /// Takes the phone from the tab that holds it.
    pub(crate) fn take(self) {
        self.link.set(Link::Connecting);
        self.connect(true);
    }

    fn clear(self) {
        machine(|machine| {
            machine.peers.clear();
            machine.offers.clear();
            machine.left.clear();
        });
        self.calls.set(Vec::new());
        self.sound();
    }

    /// Begins a stream; `take`: a person wants the phone here, whoever holds it.
    fn connect(self, take: bool) {
        let before = machine(|machine| machine.line.take());
        drop(before);
        let Ok(host) = location().host() else { return };
        let scheme = if location().protocol().as_deref() == Ok("https:") { "wss://" } else { "ws://" };
        let Ok(socket) = WebSocket::new(&[scheme, &host, "/phone"].concat()) else { return };
        let opened = Closure::<dyn Fn(Event)>::new(move |_| {
            // A stream that has broken by now is told of by its end.
            let _ = tell(&ToServer::Hello { take, token: self.token() });
        });
        let told = Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| {
            let fact = event.data().as_string().and_then(|text| from_json::<ToBrowser>(&text).ok());
            machine(|machine| (machine.heard, machine.asked, machine.again) = (clock(), None, false));
            if let Some(fact) = fact {
                self.told(fact);
            }
        });
        let closed = Closure::<dyn Fn(CloseEvent)>::new(move |event: CloseEvent| self.closed(event.code()));
        socket.set_onopen(Some(opened.as_ref().unchecked_ref()));
        socket.set_onmessage(Some(told.as_ref().unchecked_ref()));
        socket.set_onclose(Some(closed.as_ref().unchecked_ref()));
        machine(|machine| {
            machine.line = Some(Line { socket, _opened: opened, _told: told, _closed: closed });
            (machine.heard, machine.asked, machine.refused) = (clock(), None, false);
        });
    }

    fn closed(self, code: u16) {
        let before = self.link.get_untracked();
        if code == SIGNED_OUT {
            self.clear();
            self.link.set(Link::SignedOut);
            return self.trouble.set("Your session has ended. Sign in again to go on telephoning.".to_owned());
        }
        let failures = machine(|machine| {
            machine.failures += 1;
            machine.failures
        });
        let refused = machine(|machine| machine.refused);
        if before == Link::Ready {
            self.lost();
        } else if before != Link::Elsewhere && !refused {
            self.link.set(Link::Lost);
        }
        let again = move || {
            // It may have been switched off meanwhile.
            if matches!(self.link.get_untracked(), Link::Lost | Link::Connecting | Link::Elsewhere) {
                self.connect(false);
            }
        };
        let behind = if before == Link::Elsewhere { behind(failures) } else { 0 };
        set_timeout(again, Duration::from_millis(pause(failures, refused) + behind));
    }
}

#[cfg(test)]
mod tests {
    use super::{behind, pause};

    #[test]
    fn a_call_is_saved_at_once_and_a_refusal_is_not_asked_for_again_and_again() {
        assert_eq!([pause(1, false), pause(20, false)], [700, 700]);
        assert_eq!([pause(21, false), pause(1, true)], [4000, 10_000]);
    }

    #[test]
    fn who_held_the_phone_is_there_first_however_long_the_server_was_away() {
        // When each has been waiting since for so long, and when it tries next.
        let next = |away: u64, wait: &dyn Fn(u32) -> u64| {
            let mut at = 0;
            (1..).find_map(|failures| {
                at += wait(failures);
                (at >= away).then_some(at)
            })
        };
        let earlier = (0..120).filter(|seconds| {
            let away = seconds * 1000;
            next(away, &|failures| pause(failures, false))
                < next(away, &|failures| pause(failures, false) + behind(failures))
        });
        assert!(earlier.count() >= 90, "in three of four cases at least");
    }
}
