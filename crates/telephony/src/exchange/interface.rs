//! What goes into the exchange, what comes out of it, and what media do for it.

use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    time::Instant,
};

use bytes::Bytes;
use tandem_domain::{
    calls::Xdr,
    ids::{AccountId, CallId, Timestamp},
    supervision::Mode,
};
use tandem_media::{Clip, Description, Digit, Digits, Hears, Local, OpenError};
use tandem_sip::{
    flow::{ConnectionId, Flow},
    message::Message,
};

use super::{RecordingNote, SupervisionNote, Wish};
use crate::{
    directory::{Answer, Question},
    ids::LegId,
    registrar::{self, Binding},
};

/// The time, by both clocks: one that never jumps, and the one on the wall.
#[derive(Debug, Clone, Copy)]
pub struct Now {
    /// For time-outs.
    pub instant: Instant,
    /// For records.
    pub wall: Timestamp,
}

/// What media do for the exchange.
pub trait Media {
    /// Opens a leg's ports at a local address; answers with the RTP one.
    ///
    /// # Errors
    /// There are no ports left, or the address is not ours.
    fn open(&self, leg: LegId, local: IpAddr) -> Result<SocketAddr, OpenError>;
    /// Opens a leg for a browser; answers with what our side says of itself.
    ///
    /// # Errors
    /// There are no browsers here.
    fn open_browser(&self, leg: LegId) -> Result<Local, OpenError>;
    /// A browser starts ICE anew: our side gets new names, too. `None` if there is no such leg of a browser.
    fn restart_ice(&self, leg: LegId) -> Option<Local>;
    /// Says what a leg's other end is like.
    fn describe(&self, leg: LegId, description: Description);
    /// Says what legs hear from now on, all at the same instant.
    fn route(&self, rows: Vec<(LegId, Hears)>);
    /// Says what becomes of the digits that a leg presses.
    fn digits(&self, leg: LegId, digits: Digits);
    /// Lays a clip over what a leg hears, once.
    fn overlay(&self, leg: LegId, clip: Clip);
    /// Opens a leg that only hears; what it hears is written into a file, whose folder is made.
    ///
    /// # Errors
    /// The leg is open already.
    fn record(&self, leg: LegId, file: PathBuf) -> Result<(), OpenError>;
    /// Says how loud a leg hears others while it hears a mix: legs with their gains in 256ths.
    fn balance(&self, leg: LegId, gains: Vec<(LegId, u16)>);
    /// Says which codes a leg may press: their digits reach nobody.
    fn codes(&self, leg: LegId, codes: Vec<String>);
    /// A digit of a leg came by signalling.
    fn press(&self, leg: LegId, digit: Digit);
    /// Closes a leg; its sums come as an event.
    fn close(&self, leg: LegId);
}

/// Names a question to the directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct QuestionId(pub u64);

/// What happens to the exchange.
#[derive(Debug)]
pub enum Input {
    /// A SIP message came.
    Sip {
        /// Which way.
        flow: Flow,
        /// What.
        message: Message,
    },
    /// Something came that is no SIP message, but can be answered.
    Malformed {
        /// Which way.
        flow: Flow,
        /// What is wrong.
        malformed: tandem_sip::message::Malformed,
    },
    /// A message could not be sent, or a connection is gone.
    SipFailed {
        /// Which way.
        flow: Flow,
    },
    /// Media.
    Media(tandem_media::Event),
    /// The directory.
    Answer(QuestionId, Answer),
    /// Somebody with the right to.
    Command(Command),
}

/// What people with the right to can ask of the exchange.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// End a call.
    EndCall(CallId),
    /// A manager wants to join a call of an agent. Whether he may is asked of the records. One who is in another call by a phone
    /// of his goes over to this one with that phone; else his phones ring, and he joins when he answers.
    Supervise {
        /// Who.
        manager: AccountId,
        /// Whose call.
        agent: AccountId,
        /// How.
        mode: Mode,
        /// Whether he stays for the agent's next calls.
        follow: bool,
        /// Which of the agent's calls; `None`: the one in which the agent talks.
        call: Option<CallId>,
        /// What his browser knows the call again by that rings it: letters and digits
        /// ([`is_ticket`](tandem_domain::console::is_ticket)).
        ticket: Option<String>,
        /// Whether the phones on his desk are to ring, and not his browser.
        desk: bool,
    },
    /// A manager stays for the agent's next calls, or no longer.
    Follow {
        /// His own call.
        call: CallId,
        /// Whether he stays.
        on: bool,
    },
    /// A manager's own call goes on in another mode.
    SwitchMode {
        /// His own call.
        call: CallId,
        /// From now on.
        mode: Mode,
    },
    /// A manager wants to hear the two sides of the call louder or softer than they are.
    Volumes {
        /// His own call.
        call: CallId,
        /// The agent and the client, in per cent: 100 is as it is; at most [`VOLUME_MAX`](tandem_domain::console::VOLUME_MAX).
        volumes: [u8; 2],
    },
    /// Whoever speaks by this connection has proven to be this SIP user, and is not asked for a password.
    Trust {
        /// The connection.
        connection: ConnectionId,
        /// The SIP user.
        user: String,
        /// Whose that user was then: should it become another account's, the connection is nobody's.
        account: AccountId,
    },
    /// An account wants something of the recording of its call. Where it may not record, nothing happens.
    Record {
        /// The call.
        call: CallId,
        /// Who.
        account: AccountId,
        /// What.
        wish: Wish,
    },
    /// The phone of a leg wants something of the recording of its call. Where it may not record, nothing happens.
    RecordLeg {
        /// The tag by which we name the leg.
        tag: String,
        /// What.
        wish: Wish,
    },
    /// Somebody marks this moment in the recordings of a call.
    Mark {
        /// The call.
        call: CallId,
        /// Why; may be empty.
        text: String,
    },
    /// An account has a new password, or is closed: its phones are not its any more.
    ForgetPhones(AccountId),
    /// Rights have been changed, of whomever: who supervises is asked about anew.
    RightsChanged,
    /// The phones known before the program was started.
    Restore(Vec<Binding>),
    /// Begin: register at the trunk, keep the ways to phones open.
    Begin,
    /// Take no more calls.
    Drain,
    /// End all calls.
    EndAll,
}

/// What is to be done for the exchange.
#[derive(Debug)]
pub enum Output {
    /// Send a message.
    Send {
        /// Which way.
        flow: Flow,
        /// What.
        bytes: Bytes,
    },
    /// Ask the directory.
    Ask(QuestionId, Question),
    /// Keep a record of a call.
    Keep(Box<Xdr>),
    /// Keep what a manager did in a call.
    Note(Box<SupervisionNote>),
    /// Keep a recording's state; finish it when it has ended.
    Recording(Box<RecordingNote>),
    /// Keep, or no longer keep, where a phone is.
    Binding(Box<registrar::Change>),
    /// A call was answered: its record so far, should nobody be able to write its end.
    Open(Box<Xdr>),
    /// The SIP `Call-ID` belongs to this call, for the signalling log.
    Belongs {
        /// Of one of its legs.
        sip_call_id: String,
        /// The call.
        call: CallId,
    },
}

/// How much there is, for measurements and for tests that look for what was left behind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Calls.
    pub calls: usize,
    /// Legs, those that wait for their last response included.
    pub legs: usize,
    /// SIP transactions.
    pub transactions: usize,
    /// Questions to the directory.
    pub questions: usize,
    /// Records that wait for the sums of their media.
    pub drafts: usize,
    /// Managers in calls, who wait for one, or whose phones ring.
    pub supervisions: usize,
    /// Recordings of calls that go on, or whose last sound is being written.
    pub recordings: usize,
    /// Phones.
    pub bindings: usize,
    /// Whether we are registered at the trunk; `None` where that is not wanted.
    pub at_trunk: Option<bool>,
}
