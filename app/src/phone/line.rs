//! How is the server reached? One WebSocket, begun again whenever it breaks.

use std::time::Duration;

use leptos::prelude::*;
use tandem_domain::phone::{ToBrowser, ToServer};
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{CloseEvent, Event, MessageEvent, WebSocket};

use super::{
    Link, Phone,
    devices::{self, Devices},
    machine,
};

/// Whether this browser is a phone, in `localStorage`.
const IS_PHONE: &str = "phone";
/// Whether this tab holds the phone, in `sessionStorage`: a page that is loaded anew takes it back from itself.
const HOLDS: &str = "phone-held";
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

fn holds() -> bool {
    let storage = window().session_storage().ok().flatten();
    storage.is_some_and(|storage| storage.get_item(HOLDS).is_ok_and(|held| held.is_some()))
}

fn note_holding(on: bool) {
    if let Ok(Some(storage)) = window().session_storage() {
        let _ = if on { storage.set_item(HOLDS, "yes") } else { storage.remove_item(HOLDS) };
    }
}

/// Tells the server; nothing happens while it is not reached.
pub(super) fn tell(wish: &ToServer) {
    let Ok(text) = serde_json::to_string(wish) else { return };
    machine(|machine| {
        if let Some(line) = &machine.line {
            let _ = line.socket.send_with_str(&text);
        }
    });
}

impl Phone {
    /// A page of self-care is shown in the browser: goes on as the phone that it was.
    pub(crate) fn begin(self) {
        if self.link.get_untracked() == Link::Off && devices::remembered(IS_PHONE).as_deref() == Some("on") {
            self.turn_on();
        }
    }

    /// Its own page is shown: this browser is a phone, unless that was switched off here.
    pub(crate) fn open_page(self) {
        if devices::remembered(IS_PHONE).as_deref() != Some("off") {
            self.turn_on();
        }
    }

    /// This browser is a phone from now on.
    pub(crate) fn turn_on(self) {
        if self.link.get_untracked() != Link::Off {
            return;
        }
        devices::remember(IS_PHONE, "on");
        self.devices.set(Devices::chosen());
        self.link.set(Link::Connecting);
        self.connect(holds());
        // For as long as the browser shows this page.
        let _ = set_interval_with_handle(move || self.tick(), Duration::from_millis(100));
        self.find_devices();
    }

    /// This browser is no phone any more: its calls end.
    pub(crate) fn turn_off(self) {
        devices::remember(IS_PHONE, "off");
        note_holding(false);
        tell(&ToServer::Bye);
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
        });
        self.calls.set(Vec::new());
        self.sound();
    }

    fn connect(self, take: bool) {
        let before = machine(|machine| machine.line.take());
        drop(before);
        let Ok(host) = location().host() else { return };
        let scheme = if location().protocol().as_deref() == Ok("https:") { "wss://" } else { "ws://" };
        let Ok(socket) = WebSocket::new(&[scheme, &host, "/phone"].concat()) else { return };
        let opened = Closure::<dyn Fn(Event)>::new(move |_| tell(&ToServer::Hello { take }));
        let told = Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| {
            let fact = event.data().as_string().and_then(|text| serde_json::from_str::<ToBrowser>(&text).ok());
            if let Some(fact) = fact {
                match &fact {
                    ToBrowser::Ready { .. } => note_holding(true),
                    ToBrowser::TakenElsewhere => note_holding(false),
                    _ => {}
                }
                self.told(fact);
            }
        });
        let closed = Closure::<dyn Fn(CloseEvent)>::new(move |event: CloseEvent| self.closed(event.code()));
        socket.set_onopen(Some(opened.as_ref().unchecked_ref()));
        socket.set_onmessage(Some(told.as_ref().unchecked_ref()));
        socket.set_onclose(Some(closed.as_ref().unchecked_ref()));
        machine(|machine| machine.line = Some(Line { socket, _opened: opened, _told: told, _closed: closed }));
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
        if before == Link::Ready {
            self.said.set("The server is not reached.".to_owned());
        }
        // What was said of something else before (a microphone that is denied) keeps no phone from being connected again.
        if before == Link::Ready || (before != Link::Elsewhere && self.trouble.with_untracked(String::is_empty)) {
            self.link.set(Link::Lost);
        }
        let again = move || {
            // It may have been switched off meanwhile.
            if matches!(self.link.get_untracked(), Link::Lost | Link::Connecting | Link::Elsewhere) {
                self.connect(holds());
            }
        };
        // A call may be saved within the first seconds; later there is no hurry.
        let pause = if failures <= 20 && self.trouble.with_untracked(String::is_empty) { 700 } else { 10_000 };
        set_timeout(again, Duration::from_millis(pause));
    }
}
