//! One phone's side of a call: its dialog, its offers and answers, its timers (RFC 3261, 3262, 3264, 3311, 3515, 4028).
//!
//! A leg turns SIP into [`LegEvent`]s for the call, and the call's wishes into SIP. It is pure: requests and responses go
//! into the transaction layer that it is given in a [`Wire`].
//!
//! | module | the question it answers |
//! | --- | --- |
//! | [`negotiation`] | which codecs, which addresses, which way? |
//! | [`encryption`] | by which keys? |
//! | `browser` | what do we and a browser say to each other of ICE and DTLS? |
//! | `uas` | how is a call that comes in rung, answered, refused? |
//! | `uac` | how is a phone called, and what do its responses mean? |
//! | `elsewhere` | which address of another network is asked next? |
//! | `inside` | what do requests inside the dialog ask? |
//! | `challenged` | what if ours are asked for a proof? |
//! | `session_timer` | is the other end still there? (RFC 4028) |

mod browser;
mod challenged;
mod elsewhere;
pub mod encryption;
mod inside;
pub mod negotiation;
mod session_timer;
mod uac;
mod uas;

use std::{
    collections::HashMap,
    net::SocketAddr,
    time::{Duration, Instant},
};

use rand::{Rng as _, rngs::StdRng};
use tandem_domain::{
    calls::{Party, ReleaseCause},
    ids::{AccountId, CallId},
};
use tandem_sip::{
    dialog::{Dialog, DialogId},
    flow::Flow,
    message::{Name, NameAddr, Replaces, Request, Response, Uri},
    transaction::{ClientId, ServerId, Transactions},
};

use self::{challenged::Pending, negotiation::Negotiation, session_timer::SessionTimer};
pub use self::{
    inside::unknown_extensions,
    session_timer::{INTERVAL as SESSION_INTERVAL, INTERVAL_MIN as SESSION_INTERVAL_MIN},
    uac::Invitation,
    uas::{Arrival, ArrivalError},
};
use crate::{call::Why, ids::LegId, proof::Login};

/// What we can do, for `Allow` (RFC 3261 §20.5).
pub const ALLOW: &str = "INVITE, ACK, BYE, CANCEL, OPTIONS, PRACK, UPDATE, INFO, REFER, NOTIFY, REGISTER";
/// The extensions that we know, for `Supported` (RFC 3261 §20.37).
pub const SUPPORTED: &str = "100rel, timer, replaces, norefersub";
/// How long a phone whose call was handed over may take to hang up by itself; two BYEs that cross confuse some.
const LEAVES_BY_ITSELF: Duration = Duration::from_secs(2);
/// The media type of a session description.
const SDP: &str = "application/sdp";

/// What a leg needs to speak.
pub struct Wire<'a> {
    /// The transaction layer.
    pub transactions: &'a mut Transactions,
    /// The time.
    pub now: Instant,
    /// Randomness.
    pub random: &'a mut StdRng,
}

impl Wire<'_> {
    /// A token nobody can guess, for tags and Call-IDs.
    pub fn token(&mut self) -> String {
        format!("{:016x}", self.random.random::<u64>())
    }
}

/// What kind of party a leg leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Peer {
    /// A phone of an account.
    Phone(AccountId),
    /// The trunk.
    Trunk,
}

/// What happened on a leg.
#[derive(Debug, Clone, PartialEq)]
pub enum LegEvent {
    /// It rings.
    Ringing,
    /// It sends sound before it answers.
    EarlyMedia,
    /// It answered.
    Answered,
    /// It will not be a party: the SIP status.
    Refused(u16),
    /// This address of it does not take the call; another one is asked.
    Unreachable(SocketAddr),
    /// Its media were described anew; whether it holds us may have changed.
    MediaChanged,
    /// It hung up, or gave up.
    HungUp,
    /// It is not there any more.
    Lost(ReleaseCause),
    /// It asks that the other party talks to somebody else.
    Refer {
        /// To whom.
        to: Box<Uri>,
        /// Instead of whom (RFC 3891).
        replaces: Option<Replaces>,
    },
    /// It sent a digit in an INFO.
    Digit(char),
    /// It wants its call recorded, or no longer (INFO with `Record`).
    Record(bool),
}

/// Where a leg's INVITE transaction stands.
#[derive(Debug, Clone)]
enum State {
    /// Its INVITE came; no final response has been sent.
    Incoming { server: ServerId, invite: Box<Request>, described: bool },
    /// Our INVITE went; no final response has come.
    Outgoing { client: ClientId, seq: u32, invitation: Box<Invitation>, early: Vec<Dialog>, cancelled: bool, tries: u8 },
    /// Both ends have a dialog.
    Up,
    /// The dialog is over; our BYE may still wait for its response.
    Over,
}

/// What one of our requests inside the dialog was for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Purpose {
    Bye,
    Prack,
    /// An INVITE or UPDATE that keeps the session alive.
    Refresh,
    /// How a transfer goes.
    Notify,
    /// An INVITE to this address, which did not take it: its answer is not wanted any more.
    Abandoned(SocketAddr),
}

/// A transfer that this leg asked for, while it is told how that goes (RFC 3515).
#[derive(Debug, Clone)]
struct Referral {
    /// The `CSeq` of the REFER, which names the subscription.
    id: u32,
    /// Whether it wants to be told (RFC 4488).
    told: bool,
}

/// A leg.
#[derive(Debug)]
pub struct Leg {
    /// What names it, here and in media.
    pub id: LegId,
    /// Its call.
    pub call: CallId,
    /// Who is there.
    pub party: Party,
    /// What kind of party.
    pub peer: Peer,
    /// Its media.
    pub negotiation: Negotiation,
    /// Whether it may start and stop recordings.
    pub may_record: bool,
    flow: Flow,
    /// Whether we made its Call-ID: then we called (RFC 3261 §14.1).
    called_by_us: bool,
    call_id: String,
    local_tag: String,
    contact: String,
    state: State,
    dialog: Option<Dialog>,
    /// An answered INVITE of theirs that was not ACKed yet; the description that our 2xx offered waits in the negotiation.
    unacknowledged: Option<ServerId>,
    /// What to send as soon as that ACK is there (RFC 3261 §15).
    bye_later: Option<Why>,
    /// When to hang up on somebody whose call was handed over, and who should hang up by himself (RFC 5589 §6.1).
    bye_at: Option<Instant>,
    pending: HashMap<ClientId, Pending>,
    /// How we prove who we are, where that may be asked.
    login: Option<Login>,
    session_timer: Option<SessionTimer>,
    /// When our refreshing INVITE that met theirs is tried again (RFC 3261 §14.1).
    retry_at: Option<Instant>,
    /// When the next address is asked, unless this one says something.
    elsewhere_at: Option<Instant>,
    peer_has_update: bool,
    peer_has_timer: bool,
    referral: Option<Referral>,
}

impl Leg {
    /// The `Call-ID` of its dialog.
    #[must_use]
    pub fn call_id(&self) -> &str {
        &self.call_id
    }

    /// Our tag, which no other leg has.
    #[must_use]
    pub fn local_tag(&self) -> &str {
        &self.local_tag
    }

    /// The way to it.
    #[must_use]
    pub const fn flow(&self) -> Flow {
        self.flow
    }

    /// Whether both ends have a dialog and nobody has ended it.
    #[must_use]
    pub const fn is_up(&self) -> bool {
        matches!(self.state, State::Up)
    }

    /// Whether nothing more can happen on it.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        matches!(self.state, State::Over) && self.pending.is_empty() && self.unacknowledged.is_none()
    }

    /// Whether we called it.
    #[must_use]
    pub const fn is_called_by_us(&self) -> bool {
        self.called_by_us
    }

    /// Whether it called us and still waits for an answer.
    #[must_use]
    pub const fn is_incoming(&self) -> bool {
        matches!(self.state, State::Incoming { .. })
    }

    /// Whether we called it and it has not answered.
    #[must_use]
    pub const fn is_outgoing(&self) -> bool {
        matches!(self.state, State::Outgoing { .. })
    }

    /// Whether the dialog is the one that another user agent names, from its own point of view, in `Replaces` (RFC 3891 §3):
    /// its `to-tag` is our tag.
    #[must_use]
    pub fn is_named_by(&self, replaces: &Replaces) -> bool {
        let Some(id) = self.dialog.as_ref().map(Dialog::id) else { return false };
        id.call_id == replaces.call_id && id.local_tag == replaces.to_tag && id.remote_tag == replaces.from_tag
    }

    /// Whether a request belongs to this leg's dialog.
    #[must_use]
    pub fn owns(&self, id: &DialogId) -> bool {
        id.call_id == self.call_id
            && id.local_tag == self.local_tag
            && self.dialog.as_ref().is_none_or(|dialog| dialog.id().remote_tag == id.remote_tag)
    }

    /// When something is due on this leg.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        let timer = self.session_timer.as_ref().map(|timer| timer.due);
        [timer, self.retry_at, self.bye_at, self.elsewhere_at].into_iter().flatten().min()
    }

    /// Does what is due.
    pub fn handle_timeout(&mut self, wire: &mut Wire<'_>) -> Vec<LegEvent> {
        if self.bye_at.is_some_and(|at| at <= wire.now) {
            self.bye(wire, Why::Transferred);
            return Vec::new();
        }
        if self.elsewhere_at.is_some_and(|at| at <= wire.now) {
            return self.says_nothing(wire).into_iter().collect();
        }
        if self.retry_at.is_some_and(|at| at <= wire.now) {
            self.retry_at = None;
            self.refresh(wire);
        }
        self.session_timer_due(wire)
    }

    /// Lets the leg go: cancels or refuses it before its answer, hangs up after.
    pub fn release(&mut self, wire: &mut Wire<'_>, why: Why) {
        match &mut self.state {
            State::Incoming { .. } => self.reject(wire, 487, None),
            State::Outgoing { client, cancelled, .. } => {
                if !std::mem::replace(cancelled, true) {
                    let client = *client;
                    wire.transactions.cancel(wire.now, client, why.cancel_reason());
                }
            }
            State::Up if self.unacknowledged.is_some() => self.bye_later = Some(why),
            // Another network is not waited for: it counts the seconds.
            State::Up if why == Why::Transferred && self.peer != Peer::Trunk => {
                self.bye_at = Some(wire.now + LEAVES_BY_ITSELF)
            }
            State::Up => self.bye(wire, why),
            State::Over => {}
        }
    }

    fn bye(&mut self, wire: &mut Wire<'_>, why: Why) {
        self.over();
        let Some(dialog) = &mut self.dialog else { return };
        let mut bye = dialog.request(tandem_sip::message::Method::Bye);
        if let Some(reason) = why.bye_reason() {
            bye.headers.push(Name::Reason, reason);
        }
        self.send(wire, bye, Purpose::Bye);
    }

    fn over(&mut self) {
        self.state = State::Over;
        self.session_timer = None;
        self.retry_at = None;
        self.elsewhere_at = None;
        self.referral = None;
        self.unacknowledged = None;
        self.bye_later = None;
        self.bye_at = None;
    }

    /// Sends a request inside the dialog.
    fn send(&mut self, wire: &mut Wire<'_>, mut request: Request, purpose: Purpose) {
        use tandem_sip::message::Method;
        if matches!(request.method, Method::Invite | Method::Update | Method::Refer | Method::Notify) {
            request.headers.set(Name::Contact, self.contact.clone());
        }
        let flow = self.dialog_flow();
        self.dispatch(wire, flow, request, purpose);
    }

    /// The way of requests inside the dialog. A phone is reached only the way it came, through its NAT; a trunk is sent to
    /// where it says, if that is an address.
    fn dialog_flow(&self) -> Flow {
        let stays = matches!(self.peer, Peer::Phone(_)) || self.flow.transport.is_reliable();
        match self.dialog.as_ref().and_then(Dialog::next_hop_address) {
            Some(remote) if !stays && remote.is_ipv4() == self.flow.remote.is_ipv4() => Flow { remote, ..self.flow },
            Some(_) | None => self.flow,
        }
    }

    /// Our response to a request of theirs inside the dialog.
    fn response(&self, request: &Request, status: u16) -> Response {
        let mut response = Response::to(request, status);
        if let Ok(to) = request.headers.to()
            && to.tag().is_none()
        {
            response.headers.set(Name::To, to.with_tag(&self.local_tag).to_string());
        }
        response
    }

    /// The transaction layer could not bring a response of ours to them: the ACK never came.
    pub fn unacknowledged(&mut self, wire: &mut Wire<'_>, server: ServerId) -> Vec<LegEvent> {
        match &self.state {
            State::Incoming { server: invite, .. } if *invite == server => {
                self.reject(wire, 504, None);
                vec![LegEvent::Lost(ReleaseCause::NetworkFailure)]
            }
            State::Up if self.unacknowledged == Some(server) => {
                self.bye(wire, Why::Over);
                vec![LegEvent::Lost(ReleaseCause::NetworkFailure)]
            }
            State::Incoming { .. } | State::Outgoing { .. } | State::Up | State::Over => {
                self.unacknowledged = self.unacknowledged.filter(|waiting| *waiting != server);
                Vec::new()
            }
        }
    }
}

impl Why {
    /// `Reason` of a CANCEL: a phone whose call somebody else took shows none as missed (RFC 3326 §2).
    const fn cancel_reason(self) -> Option<&'static str> {
        match self {
            Self::AnsweredElsewhere => Some("SIP;cause=200;text=\"Call completed elsewhere\""),
            Self::Over | Self::NoAnswer | Self::Transferred => None,
        }
    }

    const fn bye_reason(self) -> Option<&'static str> {
        match self {
            Self::AnsweredElsewhere => Some("SIP;cause=200;text=\"Call completed elsewhere\""),
            Self::Transferred => Some("SIP;cause=200;text=\"Transferred\""),
            Self::Over | Self::NoAnswer => None,
        }
    }
}

/// Whether a message carries a session description.
fn has_description(headers: &tandem_sip::message::Headers, body: &[u8]) -> bool {
    !body.is_empty() && headers.is_content_type(SDP)
}

/// How long to wait before a refused re-INVITE is tried again. Who made the Call-ID and who did not must not choose alike
/// (RFC 3261 §14.1).
fn glare_pause(random: &mut StdRng, called_by_us: bool) -> Duration {
    let milliseconds = if called_by_us { random.random_range(2100..=4000) } else { random.random_range(0..=2000) };
    Duration::from_millis(milliseconds)
}

/// A party as a name and an address for `From` and `To`.
pub(crate) fn name_addr(party_name: &str, user: &str, host: std::net::SocketAddr, tag: Option<&str>) -> NameAddr {
    let name = NameAddr::from(Uri::sip((!user.is_empty()).then_some(user), host));
    let name = if party_name.is_empty() { name } else { name.with_display_name(party_name) };
    match tag {
        Some(tag) => name.with_tag(tag),
        None => name,
    }
}
