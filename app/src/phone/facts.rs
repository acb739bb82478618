//! What does the server say?

use leptos::{prelude::*, task::spawn_local};
use tandem_domain::phone::{CallNumber, CallState, Resumed, ToBrowser, ToServer, TransferState, WishKind};

use super::{
    Link, Own, Phone,
    call::{Asked, Call},
    clock, expecting,
    floor::one_of_all,
    line::tell,
    machine, peer_of,
    wishes::kept_muted,
};

impl Phone {
    pub(super) fn told(self, fact: ToBrowser) {
        // A call goes on as all phones agree that it does.
        if let Some(number) = fact.call() {
            let state = self.call_now(number, |call| call.state);
            if let (Some(state), Some(next)) = (state, CallState::after(state, &fact))
                && state != next
                && next != CallState::Ended
            {
                self.change(number, |call| call.state = next);
            }
        }
        match fact {
            ToBrowser::Ready { extension, name, may_record, do_not_disturb, next, calls } => {
                self.own.set(Own { extension, name, may_record, do_not_disturb });
                machine(|machine| {
                    (machine.failures, machine.refused) = (0, false);
                    machine.next = next.0;
                });
                self.trouble.set(String::new());
                self.elsewhere.set(String::new());
                self.link.set(Link::Ready);
                self.resume_all(calls);
            }
            ToBrowser::Incoming { call, from, huntgroup, ticket, sdp } => {
                machine(|machine| machine.offers.push((call, sdp)));
                let incoming = Call { huntgroup, ..Call::new(call, CallState::Incoming, from) };
                // Nobody need be told of what the page answers by itself.
                let expected = ticket.is_some_and(|ticket| expecting::is_expected(&ticket));
                if !expected {
                    self.called.set(["Incoming call from ", incoming.name(), " ", &incoming.about()].concat());
                }
                self.add(incoming);
                if expected {
                    self.answer(call);
                }
            }
            ToBrowser::Ringing { .. } => self.said.set("It rings.".to_owned()),
            ToBrowser::Early { call, sdp } => self.take_answer(call, sdp),
            ToBrowser::Answered { call, sdp, with } => {
                self.change(call, |call| {
                    call.since = Some(clock());
                    if let Some(with) = with {
                        call.with = with;
                    }
                });
                self.said.set("Connected.".to_owned());
                match sdp {
                    Some(sdp) => self.take_answer(call, sdp),
                    // Another browser has called, and it is ours now.
                    None if call.is_browsers() && peer_of(call).is_none() && !is_left(call) => self.resume(call),
                    None => {}
                }
            }
            ToBrowser::Offer { call, sdp } => self.offered(call, sdp),
            ToBrowser::Reply { call, sdp } => self.take_answer(call, sdp),
            ToBrowser::Held { call, by_us, by_other } => {
                if let Some(peer) = peer_of(call) {
                    peer.hold_is_so();
                }
                self.change(call, |call| (call.held_by_us, call.held_by_other) = (by_us, by_other));
                self.say_stage(call);
            }
            ToBrowser::TransferState { call, state, words } => {
                self.said.set(words.clone());
                self.change(call, |call| {
                    call.asked = None;
                    call.words = if state == TransferState::Trying { "Transferring…".to_owned() } else { words }
                });
            }
            ToBrowser::Recorded { call, state } => {
                let said = self.call_now(call, |call| (call.recorded_words(state), call.recorded == state));
                self.change(call, |call| {
                    if let (Some(Asked::Record(_)), Some((Some(words), true))) = (call.asked, &said) {
                        words.clone_into(&mut call.words);
                    }
                    call.asked = call.asked.filter(|asked| !matches!(asked, Asked::Record(_)));
                    call.recorded = state;
                });
                if let Some((Some(words), _)) = said {
                    self.said.set(words);
                }
            }
            ToBrowser::With { call, mut with } => {
                if with.name.is_empty() {
                    with.name = self.book.with_untracked(|book| book.name_of(&with.number).to_owned());
                }
                self.said.set(["Now with ", with.shown(), "."].concat());
                self.change(call, |call| call.with = with);
            }
            ToBrowser::Ended { call, words, .. } => {
                machine(|machine| machine.left.retain(|(left, _)| *left != call));
                self.ended(call, &words);
            }
            ToBrowser::Alive => {}
            ToBrowser::Holds { token } => self.note_holding(Some(&token)),
            ToBrowser::TakenElsewhere => {
                self.note_holding(None);
                let numbers =
                    self.calls.with_untracked(|calls| calls.iter().map(|call| call.number).collect::<Vec<_>>());
                for number in numbers {
                    self.lose(number);
                    self.forget(number);
                }
                self.link.set(Link::Elsewhere);
            }
            ToBrowser::CallsElsewhere { with } => self.elsewhere.set(with),
            ToBrowser::Refused { call, wish, words } => {
                if call.is_none() && self.link.get_untracked() != Link::Ready {
                    machine(|machine| machine.refused = true);
                }
                if let (Some(call), Some(wish)) = (call, wish) {
                    self.refused(call, wish);
                }
                self.said.set(words.clone());
                self.trouble.set(words);
            }
        }
    }

    /// A wish was refused: what was shown of it, or done for it, is taken back, and nothing else.
    fn refused(self, call: CallNumber, wish: WishKind) {
        match wish {
            WishKind::Hold | WishKind::Offer => {
                let Some(peer) = peer_of(call) else { return };
                peer.hold_refused(clock());
                if self.call_now(call, Call::is_talking) == Some(true) {
                    spawn_local(async move { peer.roll_back().await });
                }
            }
            WishKind::Record | WishKind::Transfer | WishKind::Connect => {
                let about_recording = wish == WishKind::Record;
                let is_other = |asked: &Asked| match asked {
                    Asked::Record(_) => !about_recording,
                    Asked::Transfer => about_recording,
                    Asked::End => true,
                };
                self.change(call, |call| call.asked = call.asked.filter(is_other));
            }
            // Nobody is talked with: the microphone is closed.
            WishKind::Answer if self.call_now(call, Call::is_incoming) == Some(true) => self.lose(call),
            WishKind::Hello
            | WishKind::Dial
            | WishKind::Answer
            | WishKind::Decline
            | WishKind::HangUp
            | WishKind::Reply
            | WishKind::Digit
            | WishKind::DoNotDisturb
            | WishKind::Alive
            | WishKind::Bye => {}
        }
    }

    pub(super) fn say_stage(self, number: CallNumber) {
        if let Some(stage) = self.call_now(number, Call::stage) {
            self.said.set(stage.to_owned());
        }
    }

    pub(super) fn lose(self, number: CallNumber) {
        machine(|machine| {
            machine.peers.retain(|(call, _)| *call != number);
            machine.offers.retain(|(call, _)| *call != number);
        });
    }

    /// What the server says that there is, is what there is.
    fn resume_all(self, calls: Vec<Resumed>) {
        let before = self.calls.with_untracked(Clone::clone);
        let was_muted = kept_muted();
        // Who was hung up meanwhile is told so now. The number may be another's by now, where the server has begun anew.
        let left = machine(|machine| std::mem::take(&mut machine.left));
        // Names are not compared: this page may know one from its book.
        let is_left =
            |call: &Resumed| left.iter().any(|(left, with)| *left == call.call && with.number == call.with.number);
        let (gone, calls): (Vec<_>, Vec<_>) = calls.into_iter().partition(is_left);
        for Resumed { call, with, .. } in gone {
            machine(|machine| machine.left.push((call, with)));
            let _ = tell(&ToServer::HangUp { call });
        }
        for call in before.iter().filter(|call| !call.is_over()) {
            let there = calls.iter().find(|resumed| resumed.call == call.number);
            // Sound that has its way goes on: nobody else has held the phone meanwhile, or we would not hold it.
            let sounds = there.is_some_and(|there| goes_on(there.state))
                && peer_of(call.number).is_some_and(|peer| peer.is_there());
            if !sounds {
                self.lose(call.number);
            }
            if there.is_some() {
                self.forget(call.number);
            } else {
                self.ended(call.number, "The call was lost with the connection.");
            }
        }
        for mut resumed in calls {
            let (number, state) = (resumed.call, resumed.state);
            if let Some(sdp) = resumed.sdp.take() {
                machine(|machine| machine.offers.push((number, sdp)));
            }
            let known = before.iter().find(|call| call.number == number && call.with.number == resumed.with.number);
            if let Some(known) = known.filter(|_| resumed.with.name.is_empty()) {
                resumed.with.name.clone_from(&known.with.name);
            }
            // Who was silent stays silent, though the page is another.
            let muted = before.iter().any(|call| call.number == number && call.muted) || was_muted.contains(&number);
            // And who was to be held is not spoken to, though the exchange was not reached.
            let wants_hold = resumed.held_by_us
                || before.iter().any(|call| call.number == number && !call.is_over() && call.wants_hold);
            self.add(Call { muted, wants_hold, ..Call::resumed(resumed, clock()) });
            if state == CallState::Talking && peer_of(number).is_none() {
                self.resume(number);
            }
        }
        self.calls.update(|calls| one_of_all(calls));
        self.sound();
        self.keep_muted();
    }

    /// A call that was talked by another browser, or by this one before, goes on here.
    pub(super) fn resume(self, number: CallNumber) {
        spawn_local(async move {
            let peer = self.open(number).await;
            // Until somebody has allowed the microphone, or plugged one in, and tries again.
            self.change(number, |call| call.silent = peer.is_none());
            let Some(peer) = peer else { return };
            let Some(held) = self.call_now(number, |call| call.held_by_us) else { return };
            if let Ok(sdp) = peer.offer(held).await {
                // Where the stream has broken again, it is done again with the next.
                let _ = tell(&ToServer::Offer { call: number, sdp });
            }
        });
    }

    fn take_answer(self, number: CallNumber, sdp: String) {
        let Some(peer) = peer_of(number) else { return };
        spawn_local(async move {
            // One that is said twice is not expected any more.
            let _ = peer.answered(&sdp).await;
            self.sound();
        });
    }

    fn offered(self, call: CallNumber, sdp: String) {
        // When both offer at once, ours counts.
        let Some(peer) = peer_of(call).filter(|peer| peer.is_stable()) else { return };
        spawn_local(async move {
            if let Ok(sdp) = peer.answer(&sdp).await {
                let _ = tell(&ToServer::Reply { call, sdp });
            }
        });
    }
}

/// Whether the sound of a call that the server knows so is what it was before.
const fn goes_on(state: CallState) -> bool {
    match state {
        CallState::Ringing | CallState::Talking => true,
        CallState::Dialling | CallState::Incoming | CallState::Ended => false,
    }
}

/// Whether a call was hung up here, and the server has not said so yet.
pub(super) fn is_left(call: CallNumber) -> bool {
    machine(|machine| machine.left.iter().any(|(left, _)| *left == call))
}
