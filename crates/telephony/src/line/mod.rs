//! A line: the SIP user agent of one phone in a browser (see [`tandem_domain::phone`] for what both say to each other).
//!
//! It is pure: wishes of the browser and SIP messages of the exchange go in, with the time; [`Line::poll`] says what is
//! to be sent and told, [`Line::next_timeout`] when to come back. The shell gives it a [`Flow`] that belongs to the
//! account, so that the exchange asks for no digest, moves the browser's stream, and decides which tab holds the phone:
//! a tab that does not is told [`TakenElsewhere`](ToBrowser::TakenElsewhere) by the shell, and the line never hears of
//! it.
//!
//! The line lives longer than its browser. When the stream breaks, [`Line::lost`] begins [`RESUME_SECONDS`]; whoever
//! says `Hello` in that time finds the calls as they are. After it they end, the registration is taken back, and
//! [`Line::is_over`].
//!
//! *Do not disturb* is 486 to every call, from a phone that stays registered: who calls the extension hears that it is
//! busy, as from a desk phone, a huntgroup goes on to its next member, and the account's other phones ring on. What its person
//! asked for a moment ago (to join a call from the console) is let through.
//!
//! | module | the question it answers |
//! | --- | --- |
//! | `call` | how does a call begin and end, and what does the browser want of it? |
//! | `inside` | what does the exchange ask inside a dialog? |
//! | `recording` | is a call recorded, and what comes of a wish about that? |
//! | `responses` | what do the responses to our requests mean? |
//! | `seeing` | what does the exchange show of our calls? |
//! | `registration` | is the line reached? |
//! | `station` | what do all calls share? |
//! | `words` | why did a call end? |

mod call;
mod inside;
mod recording;
mod registration;
mod responses;
mod seeing;
mod station;
mod words;

use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use tandem_domain::{
    calls::Recorded,
    numbers::compact,
    phone::{
        CallNumber, CallState, LONGEST_NUMBER, LONGEST_SDP, MOST_CALLS, RESUME_SECONDS, ToBrowser, ToServer, WishKind,
    },
};
use tandem_sip::{
    dialog::DialogId,
    flow::Flow,
    message::{Message, Method, Name, Request},
    transaction::{Event, ServerId},
};

pub use self::station::Output;
use self::{
    call::{Call, Offering},
    registration::Registration,
    station::Station,
    words::End,
};

/// The header of an INVITE by which a browser knows the call again that it asked for.
pub(crate) const TICKET_HEADER: &str = "X-Tandem-Ticket";
/// The header of an INVITE for which its person has asked a moment ago: to join a call from the console.
pub(crate) const SUMMONS_HEADER: &str = "X-Tandem-Summons";

/// Whose phone it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// The SIP user, whose flow the line has.
    pub user: String,
    /// The extension.
    pub extension: String,
    /// The name; may be empty.
    pub name: String,
    /// Whether calls may be recorded by wish.
    pub may_record: bool,
    /// Whether *do not disturb* is on.
    pub do_not_disturb: bool,
}

/// A line.
#[derive(Debug)]
pub struct Line {
    owner: Owner,
    station: Station,
    registration: Registration,
    calls: Vec<Call>,
    /// The number of the next call that comes in.
    next: u32,
    /// The highest number that the browser chose.
    highest: Option<u32>,
    /// Whether a browser was there before.
    had_browser: bool,
    /// When the browser is given up.
    gives_up: Option<Instant>,
    leaves: bool,
}

impl Line {
    /// A line that registers at once. `flow` leads to the exchange, and its `local` end is what the exchange calls
    /// itself there.
    #[must_use]
    pub fn new(owner: Owner, flow: Flow, random: StdRng, now: Instant) -> Self {
        let mut station = Station::new(flow, &owner.user, &owner.name, random);
        let registration = Registration::new(&mut station, now);
        let mut line = Self {
            owner,
            station,
            registration,
            calls: Vec::new(),
            next: CallNumber::SERVERS.0,
            highest: None,
            had_browser: false,
            gives_up: Some(now + Duration::from_secs(RESUME_SECONDS)),
            leaves: false,
        };
        line.handle_timeout(now);
        line
    }

    /// Whose it is.
    #[must_use]
    pub const fn owner(&self) -> &Owner {
        &self.owner
    }

    /// The way to the exchange.
    #[must_use]
    pub const fn flow(&self) -> Flow {
        self.station.flow()
    }

    /// Whether calls reach it.
    #[must_use]
    pub const fn is_registered(&self) -> bool {
        self.registration.is_registered()
    }

    /// Its calls, those included whose last response has not come.
    #[must_use]
    pub fn calls(&self) -> usize {
        self.calls.len()
    }

    /// Whether it was put away, or its browser did not come back in time: who says `Hello` now needs another line.
    #[must_use]
    pub const fn is_leaving(&self) -> bool {
        self.leaves
    }

    /// Whether nothing more happens on it: it can be dropped once [`Line::poll`] has nothing more.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.leaves && self.calls.is_empty() && self.registration.is_gone()
    }

    /// The next thing to do.
    pub fn poll(&mut self) -> Option<Output> {
        self.station.poll()
    }

    /// When [`Line::handle_timeout`] is due.
    #[must_use]
    pub fn next_timeout(&self) -> Option<Instant> {
        let calls = self.calls.iter().filter_map(Call::deadline).min();
        let own = [self.station.transactions.next_timeout(), self.registration.due(), self.gives_up, calls];
        own.into_iter().flatten().min()
    }

    /// Does what is due.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.station.transactions.handle_timeout(now);
        self.registration.act(&mut self.station, now);
        for call in &mut self.calls {
            call.handle_timeout(&mut self.station, now);
        }
        if self.gives_up.take_if(|at| *at <= now).is_some() {
            self.leave(now);
        }
        self.settle(now);
    }

    // The browser
    // ------------------------------------------------------------------------------------------------------

    /// A wish of the browser that holds the phone. `Hello` is that of a new one: another tab, or one that comes back.
    pub fn browser(&mut self, wish: ToServer, now: Instant) {
        match wish {
            ToServer::Hello { .. } => self.hello(now),
            ToServer::Bye => {
                self.leave(now);
                self.station.browser = false;
            }
            // Answered on the way.
            ToServer::Alive => {}
            _ if !self.station.browser => {}
            ToServer::DoNotDisturb { on } => {
                if std::mem::replace(&mut self.owner.do_not_disturb, on) != on {
                    self.station.output(Output::DoNotDisturb(on));
                }
            }
            ToServer::Dial { call, number, sdp } => self.dial(now, call, &number, sdp),
            wish @ (ToServer::Answer { .. }
            | ToServer::Decline { .. }
            | ToServer::HangUp { .. }
            | ToServer::Hold { .. }
            | ToServer::Offer { .. }
            | ToServer::Reply { .. }
            | ToServer::Digit { .. }
            | ToServer::Transfer { .. }
            | ToServer::Connect { .. }
            | ToServer::Record { .. }) => self.of_call(now, wish),
        }
        self.settle(now);
    }

    /// The browser's stream is broken, or another tab takes the phone. Calls go on for a while.
    pub fn lost(&mut self, now: Instant) {
        if std::mem::take(&mut self.station.browser) && !self.leaves {
            self.gives_up = Some(now + Duration::from_secs(RESUME_SECONDS));
        }
    }

    /// Ends the calls and is not reached any more: signed out, or the server goes down.
    pub fn leave(&mut self, now: Instant) {
        if std::mem::replace(&mut self.leaves, true) {
            return;
        }
        self.gives_up = None;
        for call in &mut self.calls {
            call.leave(&mut self.station, now, 480, End::new("This phone was put away."));
        }
        self.registration.leave(&mut self.station, now);
        self.settle(now);
    }

    fn hello(&mut self, now: Instant) {
        if self.leaves {
            self.station.browser = true;
            self.station.refuse(None, Some(WishKind::Hello), "This phone was put away. Reload the page.");
            self.station.browser = false;
            return;
        }
        self.gives_up = None;
        if std::mem::replace(&mut self.had_browser, true) {
            for call in &mut self.calls {
                call.change_browser(&mut self.station, now);
            }
        }
        self.station.browser = true;
        let Owner { extension, name, may_record, do_not_disturb, .. } = self.owner.clone();
        let next = CallNumber(self.highest.map_or(1, |highest| highest.saturating_add(1)));
        let calls = self.calls.iter().filter_map(|call| call.resumed(now)).collect();
        self.station.say(ToBrowser::Ready { extension, name, may_record, do_not_disturb, next, calls });
        for call in self.calls.iter().filter(|call| call.recording.state != Recorded::No) {
            self.station.say(ToBrowser::Recorded { call: call.number, state: call.recording.state });
        }
    }

    fn dial(&mut self, now: Instant, call: CallNumber, number: &str, sdp: String) {
        // Each number means one call for as long as the line lives, for who comes back must know which is meant.
        let is_new = call.is_browsers() && self.highest.is_none_or(|highest| highest < call.0);
        if !is_new {
            return self.station.refuse(None, Some(WishKind::Dial), "This call's number is not new.");
        }
        self.highest = Some(call.0);
        let number = compact(number);
        let end = if self.leaves {
            Some("This phone was put away. Reload the page.")
        } else if number.is_empty() || number.len() > LONGEST_NUMBER || number.chars().any(char::is_control) {
            Some("This is no number that can be dialled.")
        } else if sdp.len() > LONGEST_SDP {
            Some("The browser describes its audio in too many words.")
        } else if self.calls.len() >= MOST_CALLS {
            Some("This phone has too many calls. End one first.")
        } else {
            None
        };
        match end {
            Some(words) => {
                self.station.say(ToBrowser::Ended { call, words: words.to_owned(), retry: false });
            }
            None => self.calls.push(Call::dial(&mut self.station, now, call, &number, sdp)),
        }
    }

    /// A wish about a call. One that there is not any more is left out: it has just ended.
    fn of_call(&mut self, now: Instant, wish: ToServer) {
        let Some(number) = wish.call() else { return };
        let Some(place) = self.calls.iter().position(|call| call.number == number) else { return };
        let stage = self.calls[place].stage();
        if stage == CallState::Ended {
            return;
        }
        let kind = wish.kind();
        let refuse = |station: &mut Station, words: &str| station.refuse(Some(number), Some(kind), words);
        if !stage.allows(&wish) {
            return refuse(&mut self.station, "This cannot be done with the call at this point.");
        }
        let (station, call) = (&mut self.station, &mut self.calls[place]);
        match wish {
            ToServer::Answer { sdp, .. }
            | ToServer::Hold { sdp, .. }
            | ToServer::Offer { sdp, .. }
            | ToServer::Reply { sdp, .. }
                if sdp.len() > LONGEST_SDP =>
            {
                refuse(station, "The browser describes its audio in too many words.");
            }
            ToServer::Answer { sdp, .. } => call.answer(station, now, sdp),
            ToServer::Decline { .. } => call.leave(station, now, 603, End::new("Declined.")),
            ToServer::HangUp { .. } => call.leave(station, now, 603, End::new("Ended.")),
            ToServer::Hold { on, sdp, .. } => call.offer(station, now, Offering { sdp, hold: Some(on) }),
            ToServer::Offer { sdp, .. } => call.offer(station, now, Offering { sdp, hold: None }),
            ToServer::Reply { sdp, .. } => call.reply(station, now, sdp),
            ToServer::Digit { digit, .. } => match digit.to_ascii_uppercase() {
                digit @ ('0'..='9' | '*' | '#' | 'A'..='D') => call.digit(station, now, digit),
                _ => refuse(station, "This is no key of a dial pad."),
            },
            ToServer::Record { wish, .. } if self.owner.may_record => {
                call.wish_recording(station, now, wish);
            }
            ToServer::Record { .. } => refuse(station, "Calls cannot be recorded from this phone."),
            ToServer::Transfer { .. } | ToServer::Connect { .. } if call.transfer.is_some() => {
                refuse(station, "A transfer of this call goes on already.");
            }
            ToServer::Transfer { to, .. } => {
                let to = compact(&to);
                if to.is_empty() || to.len() > LONGEST_NUMBER || to.chars().any(char::is_control) {
                    return refuse(station, "This is no number that can be dialled.");
                }
                call.refer(station, now, &to, None);
            }
            ToServer::Connect { other, .. } => self.connect(now, place, other),
            ToServer::Hello { .. }
            | ToServer::Dial { .. }
            | ToServer::DoNotDisturb { .. }
            | ToServer::Alive
            | ToServer::Bye => {}
        }
    }

    fn connect(&mut self, now: Instant, place: usize, other: CallNumber) {
        let number = self.calls[place].number;
        let named = self.calls.iter().find(|call| call.number == other && other != number);
        let replaces = named.and_then(|call| Some((call.with.number.clone(), call.replaces()?)));
        match replaces {
            Some((to, replaces)) => self.calls[place].refer(&mut self.station, now, &to, Some((other, replaces))),
            None => {
                let words = "The other call is not answered, or over.";
                self.station.refuse(Some(number), Some(WishKind::Connect), words);
            }
        }
    }

    // The exchange
    // -----------------------------------------------------------------------------------------------------

    /// A SIP message of the exchange.
    pub fn sip(&mut self, message: Message, now: Instant) {
        // Of a CANCEL nothing comes up but that there was one; its reason is wanted.
        let elsewhere = match &message {
            Message::Request(request) if request.method == Method::Cancel => {
                let elsewhere = request.headers.reason().is_some_and(|reason| reason.cause == Some(200));
                request.headers.call_id().ok().filter(|_| elsewhere).map(str::to_owned)
            }
            Message::Request(_) | Message::Response(_) => None,
        };
        let ringing = elsewhere.and_then(|id| self.calls.iter_mut().find(|call| call.rings_as(&id)));
        let ringing = ringing.map(|call| call.number);
        self.station.transactions.receive(now, self.station.flow(), message);
        self.settle_cancelled(now, ringing);
    }

    /// What was sent did not arrive: the exchange is gone.
    pub fn flow_failed(&mut self, now: Instant) {
        self.station.transactions.transport_failed(now, self.station.flow());
        self.settle(now);
    }

    fn settle(&mut self, now: Instant) {
        self.settle_cancelled(now, None);
    }

    /// Handles what the transaction layer has for us, until it has nothing more. A CANCEL for `elsewhere` says that
    /// somebody else took the call.
    fn settle_cancelled(&mut self, now: Instant, elsewhere: Option<CallNumber>) {
        while let Some(event) = self.station.next_event() {
            let station = &mut self.station;
            match event {
                Event::Request { id: Some(server), request, .. } => self.requested(now, server, &request),
                Event::Request { id: None, request, .. } => {
                    let dialog = DialogId::of_request(&request).ok().flatten();
                    if let Some(call) = dialog.and_then(|id| self.calls.iter_mut().find(|call| call.owns(&id))) {
                        call.acknowledged(station, now);
                    }
                }
                Event::Cancelled { id } => {
                    if let Some(call) = self.calls.iter_mut().find(|call| call.received(id)) {
                        let end = End::cancelled(elsewhere == Some(call.number));
                        call.leave(station, now, 487, end);
                    }
                }
                Event::Unacknowledged { id } => {
                    if let Some(call) = self.calls.iter_mut().find(|call| call.received(id)) {
                        call.unacknowledged = None;
                        call.leave(station, now, 480, End::to_retry("The call was lost."));
                    }
                }
                Event::Response { id, response } => {
                    if !self.registration.responded(station, now, id, &response)
                        && let Some(call) = self.calls.iter_mut().find(|call| call.sent(id))
                    {
                        call.responded(station, now, id, &response);
                    }
                }
                Event::Failed { id, .. } => {
                    if !self.registration.failed(station, now, id)
                        && let Some(call) = self.calls.iter_mut().find(|call| call.sent(id))
                    {
                        call.failed(station, now, id);
                    }
                }
            }
            self.calls.retain(|call| !call.is_over());
        }
        self.calls.retain(|call| !call.is_over());
    }

    fn requested(&mut self, now: Instant, server: ServerId, request: &Request) {
        let station = &mut self.station;
        let dialog = match DialogId::of_request(request) {
            Ok(dialog) => dialog,
            Err(_) => return station.respond(now, server, request, 400, "none", None),
        };
        let Some(dialog) = dialog else { return self.outside(now, server, request) };
        let Some(call) = self.calls.iter_mut().find(|call| call.owns(&dialog)) else {
            return station.respond(now, server, request, 481, "none", None);
        };
        if let Some(other) = call.requested(station, now, server, request) {
            let done = || End::new("Transferred.");
            call.leave(station, now, 480, done());
            if let Some(other) = other
                && let Some(other) = self.calls.iter_mut().find(|call| call.number == other)
            {
                other.leave(station, now, 480, done());
            }
        }
    }

    fn outside(&mut self, now: Instant, server: ServerId, request: &Request) {
        let tag = self.station.token();
        let status = match &request.method {
            Method::Invite if self.leaves => 480,
            Method::Invite if self.calls.len() >= MOST_CALLS => 486,
            Method::Invite if self.owner.do_not_disturb && !is_asked_for(request) => 486,
            Method::Invite => {
                let number = CallNumber(self.next);
                match Call::arriving(&mut self.station, now, number, server, request) {
                    Ok(call) => {
                        self.next = self.next.checked_add(1).unwrap_or(CallNumber::SERVERS.0);
                        self.calls.push(call);
                        return;
                    }
                    Err(status) => status,
                }
            }
            Method::Options => 200,
            Method::Bye | Method::Update | Method::Prack | Method::Info | Method::Refer | Method::Notify => 481,
            Method::Ack | Method::Cancel => return,
            Method::Register | Method::Subscribe | Method::Publish | Method::Message | Method::Other(_) => 405,
        };
        self.station.respond(now, server, request, status, &tag, None);
    }
}

/// Whether the person has asked for this call. It is the exchange that says so: it passes on no header of who calls.
fn is_asked_for(invite: &Request) -> bool {
    invite.headers.has(&Name::Other(SUMMONS_HEADER.into()))
}
