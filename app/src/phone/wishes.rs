//! What does a press of a button do?

use std::rc::{Rc, Weak};

use leptos::{prelude::*, task::spawn_local};
use tandem_domain::phone::{CallNumber, CallState, RecordWish, ToServer, Who};

use super::{
    Link, Phone,
    call::{Asked, Call},
    devices::{self, Devices},
    facts::is_left,
    line::{LEFT_ALONE, tell},
    machine,
    peer::{Peer, sleep},
};
use crate::ui::{remember, remembered};

/// How often it is measured how well a call is heard, in milliseconds.
const MEASURED_EVERY: i32 = 2000;
/// The calls that are muted, in `localStorage`.
const MUTED: &str = "phone-muted";

/// The calls that were muted when somebody was asked last.
pub(super) fn kept_muted() -> Vec<CallNumber> {
    let kept = remembered(MUTED).unwrap_or_default();
    kept.split(' ').filter_map(|number| number.parse().ok()).map(CallNumber).collect()
}

impl Phone {
    /// Opens microphone and connection of a call. `None`: it cannot be, or the call is over meanwhile.
    pub(super) async fn open(self, number: CallNumber) -> Option<Rc<Peer>> {
        let devices = self.devices.get_untracked();
        match Peer::new(number.0, &devices).await {
            Ok(peer) => {
                let there = self.call_now(number, |call| !call.is_over()).unwrap_or_default() && !is_left(number);
                let peer = there.then(|| Rc::new(peer))?;
                machine(|machine| {
                    machine.peers.retain(|(call, _)| *call != number);
                    machine.peers.push((number, peer.clone()));
                });
                self.trouble.set(String::new());
                self.sound();
                self.measure(number, Rc::downgrade(&peer));
                // They have names from now on.
                self.find_devices();
                Some(peer)
            }
            Err(words) => {
                self.said.set(words.clone());
                self.trouble.set(words);
                None
            }
        }
    }

    /// Calls a number.
    pub(crate) fn dial(self, number: &str) {
        let number = number.trim().to_owned();
        if number.is_empty() {
            return;
        }
        self.turn_to(None);
        let call = machine(|machine| {
            let call = CallNumber(machine.next);
            machine.next += 1;
            machine.unsaid.push(call);
            call
        });
        let name = self.book.with_untracked(|book| book.name_of(&number).to_owned());
        let with = Who { number: number.clone(), name };
        self.add(Call::new(call, CallState::Dialling, with));
        spawn_local(async move {
            let offer = match self.open(call).await {
                Some(peer) => peer.offer(false).await.ok(),
                None => None,
            };
            match offer {
                // Who gave up meanwhile does not call.
                Some(_) if !say(call) => {}
                Some(sdp) => {
                    if !tell(&ToServer::Dial { call, number, sdp }) {
                        self.ended(call, "The server is not reached: nobody was called.");
                    }
                }
                None => {
                    say(call);
                    self.lose(call);
                    self.forget(call);
                }
            }
        });
    }

    /// Takes a call that rings.
    pub(super) fn answer(self, call: CallNumber) {
        // Taken, so that a second press while the microphone is asked for does not answer once more.
        let offer = machine(|machine| {
            let place = machine.offers.iter().position(|(of, _)| *of == call)?;
            Some(machine.offers.remove(place).1)
        });
        let Some(offer) = offer else { return };
        self.turn_to(Some(call));
        spawn_local(async move {
            let Some(peer) = self.open(call).await else {
                return machine(|machine| machine.offers.push((call, offer)));
            };
            match peer.answer(&offer).await {
                Ok(sdp) => {
                    // It may ring here again as soon as the server is reached.
                    if !tell(&ToServer::Answer { call, sdp }) {
                        self.lost_wish();
                    }
                }
                Err(_) => self.trouble.set("This browser and the server have no sound in common.".to_owned()),
            }
        });
    }

    pub(super) fn decline(self, call: CallNumber) {
        self.leave(call, &ToServer::Decline { call });
    }

    pub(super) fn hang_up(self, call: CallNumber) {
        // Before anything was said of it, there is nothing that the server could end.
        if say(call) {
            self.lose(call);
            return self.forget(call);
        }
        self.leave(call, &ToServer::HangUp { call });
    }

    /// Who hangs up is not heard any more, and hears nothing, from this moment on; that the call has ended is the server's to say, as
    /// soon as it is reached.
    fn leave(self, call: CallNumber, wish: &ToServer) {
        let Some(with) = self.call_now(call, |call| (!call.is_over()).then(|| call.with.clone())).flatten() else {
            return;
        };
        if !is_left(call) {
            machine(|machine| machine.left.push((call, with)));
        }
        self.lose(call);
        if self.link.get_untracked() == Link::Ready && tell(wish) {
            self.change(call, |call| call.asked = Some(Asked::End));
        } else {
            self.ended(call, LEFT_ALONE);
        }
    }

    /// A wish has not reached the server: nothing comes of it.
    pub(super) fn lost_wish(self) {
        self.said.set("The server is not reached: nothing was changed.".to_owned());
    }

    /// Asks the server something of a call, and shows that it was asked.
    fn ask(self, call: CallNumber, asked: Asked, wish: &ToServer) {
        if self.link.get_untracked() != Link::Ready || !tell(wish) {
            return self.lost_wish();
        }
        self.change(call, |call| {
            call.asked = Some(asked);
            call.words.clear();
        });
    }

    pub(super) fn mute(self, call: CallNumber) {
        let Some(on) = self.call_now(call, |call| !call.muted) else { return };
        self.change(call, |call| call.muted = on);
        self.keep_muted();
        self.said.set(if on { "Muted." } else { "Not muted." }.to_owned());
    }

    /// Looks for another way to the server where there is none any more: the network is another one.
    pub(super) fn mend_sound(self, now: i64) {
        // Without the server nobody would answer, and sound that comes back by itself would be lost for a way that nobody looks for.
        if self.link.get_untracked() != Link::Ready {
            return;
        }
        let cut: Vec<_> =
            machine(|machine| machine.peers.iter().filter(|(_, peer)| peer.is_cut(now)).cloned().collect());
        for (call, peer) in cut {
            let held = self.call_now(call, |call| call.is_talking().then_some(call.held_by_us)).flatten();
            let Some(held) = held else { continue };
            self.said.set("The sound is cut. Another way is looked for.".to_owned());
            spawn_local(async move {
                if let Ok(sdp) = peer.restart(held).await {
                    // Without the server, the way is looked for with the next stream.
                    let _ = tell(&ToServer::Offer { call, sdp });
                }
            });
        }
    }

    /// Remembers which calls are muted: they are in whichever tab they go on.
    pub(super) fn keep_muted(self) {
        let muted = self.calls.with_untracked(|calls| {
            let muted = calls.iter().filter(|call| call.muted && !call.is_over());
            muted.map(|call| call.number.0.to_string()).collect::<Vec<_>>()
        });
        remember(MUTED, &muted.join(" "));
    }

    /// The call that keys of the dial pad are for.
    pub(super) fn talks_with(self) -> Option<CallNumber> {
        self.calls.with(|calls| {
            let hears =
                |call: &&Call| matches!(call.state, CallState::Talking | CallState::Ringing) && !call.wants_hold;
            calls.iter().rev().find(hears).map(|call| call.number)
        })
    }

    pub(super) fn digit(self, call: CallNumber, digit: char) {
        if !tell(&ToServer::Digit { call, digit }) {
            self.lost_wish();
        }
    }

    pub(super) fn transfer(self, call: CallNumber, to: String) {
        self.ask(call, Asked::Transfer, &ToServer::Transfer { call, to });
    }

    /// Connects the party of this call with that of the other one.
    pub(super) fn join(self, call: CallNumber, other: CallNumber) {
        self.ask(call, Asked::Transfer, &ToServer::Connect { call, other });
    }

    /// The calls that could be connected with this one.
    pub(super) fn others(self, number: CallNumber) -> Vec<CallNumber> {
        self.calls.with(|calls| others(calls, number))
    }

    pub(super) fn record(self, call: CallNumber, wish: RecordWish) {
        self.ask(call, Asked::Record(wish), &ToServer::Record { call, wish });
    }

    pub(crate) fn do_not_disturb(self, on: bool) {
        if tell(&ToServer::DoNotDisturb { on }) {
            self.own.update(|own| own.do_not_disturb = on);
        } else {
            self.lost_wish();
        }
    }

    /// Measures how well a call is heard, for as long as its sound is the same.
    fn measure(self, number: CallNumber, peer: Weak<Peer>) {
        spawn_local(async move {
            let mut heard = false;
            loop {
                sleep(MEASURED_EVERY).await;
                let Some(peer) = peer.upgrade() else { return };
                let measured = peer.quality().await;
                let hears = self.call_now(number, Call::hears) == Some(true);
                // Of a time in which it rang or was held, no sound says nothing.
                let quality = measured.filter(|_| heard && hears);
                heard = hears;
                if self.call_now(number, |call| call.quality != quality) == Some(true) {
                    self.change(number, |call| call.quality = quality);
                }
            }
        });
    }

    /// Chooses microphone, loudspeaker or filters, for calls that go on, too.
    pub(super) fn choose(self, change: impl FnOnce(&mut Devices)) {
        let before = self.devices.get_untracked();
        self.devices.update(change);
        let devices = self.devices.get_untracked();
        devices.keep();
        let peers = machine(|machine| machine.peers.iter().map(|(_, peer)| peer.clone()).collect::<Vec<_>>());
        spawn_local(async move {
            for peer in peers {
                peer.speak_by(&devices);
                if (before.microphone != devices.microphone || before.filters != devices.filters)
                    && let Err(words) = peer.change_microphone(&devices).await
                {
                    self.trouble.set(words);
                }
            }
            machine(|machine| machine.meters = [None, None]);
            self.sound();
        });
    }

    /// Looks which devices there are.
    pub(super) fn find_devices(self) {
        spawn_local(async move { self.choices.set(devices::list().await) });
    }
}

/// The calls whose parties could be connected with that of this one: who is talked with first, who is held after that.
fn others(calls: &[Call], number: CallNumber) -> Vec<CallNumber> {
    let can = |call: &&Call| call.is_talking() && !call.is_ending() && call.number != number;
    let mut others: Vec<&Call> = calls.iter().filter(can).collect();
    others.sort_by_key(|call| call.wants_hold);
    others.into_iter().map(|call| call.number).collect()
}

/// The server is being told of a call that this browser makes, or never will be; tells whether it was not yet.
fn say(call: CallNumber) -> bool {
    machine(|machine| {
        let before = machine.unsaid.len();
        machine.unsaid.retain(|unsaid| *unsaid != call);
        machine.unsaid.len() < before
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_talked_with_can_be_connected_before_who_is_held() {
        let call = |number, state, wants_hold| {
            let call = Call::new(CallNumber(number), state, Who::default());
            Call { wants_hold, ..call }
        };
        let calls = [
            call(1, CallState::Talking, true),
            call(2, CallState::Talking, true),
            call(3, CallState::Talking, false),
            call(4, CallState::Ringing, false),
            call(5, CallState::Ended, false),
        ];
        assert_eq!(others(&calls, CallNumber(1)), [CallNumber(3), CallNumber(2)]);
        assert_eq!(others(&calls[..1], CallNumber(1)), []);
    }
}
