//! Who hears what is said here? One call at a time: the one that is not to be held. That is decided here at once; that the others
//! are held at the exchange follows, and is asked for until it is so.

use leptos::{prelude::*, task::spawn_local};
use tandem_domain::phone::{CallNumber, ToServer};

use super::{Link, Phone, call::Call, clock, line::tell, peer_of};

/// One talks with `call` from now on, or (`None`) with one that is still to come: all others are to be held.
pub(super) fn turn_to(calls: &mut [Call], call: Option<CallNumber>) {
    for one in calls {
        one.wants_hold = Some(one.number) != call;
    }
}

/// After calls went on in another page, several may not be held: one talks with the last of them.
pub(super) fn one_of_all(calls: &mut [Call]) {
    let last = calls.iter().rev().find(|call| call.is_talking() && !call.wants_hold).map(|call| call.number);
    if last.is_some() {
        turn_to(calls, last);
    }
}

/// Whether what is said here reaches this call.
pub(super) fn speaks(call: &Call) -> bool {
    !call.wants_hold && !call.muted && !call.is_over() && !call.is_ending()
}

/// What the exchange is to be asked for: a hold (`true`), or its end; `None`: it is as wanted.
fn lacks(call: &Call) -> Option<bool> {
    (call.is_talking() && !call.is_ending() && call.wants_hold != call.held_by_us).then_some(call.wants_hold)
}

impl Phone {
    /// The microphone is heard in the one call, whatever the exchange has done so far.
    pub(super) fn give_voice(self) {
        let voices = self.calls.with_untracked(|calls| {
            calls.iter().filter(|call| !call.is_over()).map(|call| (call.number, speaks(call))).collect::<Vec<_>>()
        });
        for (number, speaks) in voices {
            if let Some(peer) = peer_of(number) {
                peer.mute(!speaks);
            }
        }
    }

    /// Asks for what lacks, once more where nothing has come of it.
    pub(super) fn settle_holds(self) {
        if self.link.get_untracked() != Link::Ready {
            return;
        }
        let now = clock();
        let lacking = self.calls.with_untracked(|calls| {
            calls.iter().filter_map(|call| Some((call.number, lacks(call)?))).collect::<Vec<_>>()
        });
        for (call, on) in lacking {
            let Some(peer) = peer_of(call).filter(|peer| peer.may_hold(now)) else { continue };
            spawn_local(async move {
                let told = peer.offer(on).await.is_ok_and(|sdp| tell(&ToServer::Hold { call, on, sdp }));
                if !told {
                    peer.roll_back().await;
                }
            });
        }
    }

    /// One talks with this call, or with one that is still to come.
    pub(super) fn turn_to(self, call: Option<CallNumber>) {
        self.calls.update(|calls| turn_to(calls, call));
        self.sound();
    }

    /// The call is to be held from now on, or is the one that one talks with.
    pub(super) fn hold(self, call: CallNumber, on: bool) {
        if on {
            self.change(call, |call| call.wants_hold = true);
        } else {
            self.turn_to(Some(call));
        }
        self.say_stage(call);
    }
}

#[cfg(test)]
mod tests {
    use tandem_domain::phone::{CallState, Who};

    use super::*;

    const A: CallNumber = CallNumber(1);
    const C: CallNumber = CallNumber::SERVERS;

    fn calls() -> Vec<Call> {
        let call = |number, state| Call::new(number, state, Who::default());
        vec![call(A, CallState::Talking), call(C, CallState::Incoming)]
    }

    fn heard(calls: &[Call]) -> Vec<bool> {
        calls.iter().map(speaks).collect()
    }

    #[test]
    fn who_answers_right_after_resuming_is_not_heard_by_the_first() {
        let mut calls = calls();
        (calls[0].held_by_us, calls[0].wants_hold) = (true, true);
        turn_to(&mut calls, Some(A));
        assert_eq!(heard(&calls), [true, false]);
        // The exchange has not said yet that the first is taken back, and the second is answered.
        turn_to(&mut calls, Some(C));
        assert_eq!(heard(&calls), [false, true]);
        assert_eq!(lacks(&calls[0]), None, "it is still held");
        calls[0].held_by_us = false;
        assert_eq!((lacks(&calls[0]), heard(&calls)), (Some(true), vec![false, true]), "and is held again");
    }

    #[test]
    fn who_calls_somebody_else_is_heard_by_nobody_before() {
        let mut calls = calls();
        turn_to(&mut calls, None);
        assert_eq!((heard(&calls), lacks(&calls[0])), (vec![false, false], Some(true)));
    }

    #[test]
    fn after_a_reload_one_talks_with_the_last_that_is_not_held() {
        let mut calls = calls();
        calls[1].state = CallState::Talking;
        one_of_all(&mut calls);
        assert_eq!(heard(&calls), [false, true]);
        calls[1].wants_hold = true;
        one_of_all(&mut calls);
        assert_eq!(heard(&calls), [false, false], "nobody is taken back unasked");
    }
}
