//! What do the phone in the browser and the server say to each other?
//!
//! One *line* of the server stands behind the phone of a signed-in account. A browser tab opens a stream to it, says
//! [`ToServer::Hello`], and hears [`ToBrowser::Ready`]; before that, everything else is refused. From then on each
//! message of the browser is a wish, and each of the server a fact: the phone shows what the server said, not what it
//! wished.
//!
//! **Numbers.** A call is named by a [`CallNumber`] for as long as the line lives. The browser chooses those of the
//! calls that it makes, below [`CallNumber::SERVERS`], each above the one before, the first as `Ready` says; the server
//! those of the calls that come in, from there on.
//!
//! **Session descriptions** are what the browser's `RTCPeerConnection` makes and takes, unchanged, with all candidates
//! in them (wait until gathering is complete, or for one second: the exchange finds browsers without their candidates).
//! One peer connection a call. The order of a call is:
//!
//! | who calls | the browser says | the server says |
//! | --- | --- | --- |
//! | the browser | `Dial` (offer) | `Ringing`, perhaps; `Early` (answer), perhaps; `Answered` (answer), or `Ended` |
//! | somebody | `Answer` (answer) or `Decline` | first `Incoming` (offer); `Answered` after `Answer`, or `Ended` |
//! | either, later | `Offer` or `Hold` (offer) | `Reply` (answer), or `Refused`: then what was agreed before still is (roll back) |
//! | either, later | `Reply` (answer) | first `Offer` (offer), which `Reply` must answer within [`REPLY_SECONDS`] |
//! | who may, later | `Record` | `Recorded` within [`RECORD_SECONDS`], as before if nothing came of it; or `Refused` |
//! | either | `HangUp` | `Ended` |
//! | either, handed over | | `With`: somebody else is at the other end |
//!
//! When both offer at once, the browser's offer counts: it leaves the server's `Offer` out.
//!
//! An answer that came with `Early` may be said once more with `Answered`; the second is to be left out. After `Ended`
//! a call's number means nothing any more, and what is said of it is left out without a word, since both may have
//! spoken at once.
//!
//! **Resuming.** When the stream breaks, the line and its calls go on for [`RESUME_SECONDS`]. Whoever says `Hello` in
//! that time gets them in `Ready`, and says for each that it wants to keep: `Offer` with a new peer connection's offer
//! when [`Resumed::state`] is `Talking`; `Answer` to the offer in [`Resumed::sdp`] when it is `Incoming`. One that was
//! still `Dialling` or `Ringing` then goes on without sound; its `Answered` comes without an answer, and is to be
//! followed by an `Offer`. The calls that it does not want it hangs up. A page that has only lost its stream says nothing
//! of a call whose sound was agreed on and has its way: it goes on as it is. A change of network needs none of this while
//! the stream survives: it is an `Offer` with `iceRestart`.
//!
//! **Several tabs.** One tab holds the phone, and is given a token for it ([`ToBrowser::Holds`]), which it shows when it
//! comes back. `Hello` with the token of whoever holds the phone, or held it last, gets it without a question; a token that
//! is not that one any more gets nothing, for somebody may be talking at another desk. `Hello` with `take` is a person's
//! wish, and takes it in any case. Who had it hears [`ToBrowser::TakenElsewhere`], and so does who does not get it. Where
//! nobody holds it and no call goes on, whoever comes first may have it. Tabs that do not hold it are told by
//! [`ToBrowser::CallsElsewhere`] with whom the one that does has calls.

pub mod book;
mod state;
mod wish;

use serde::{Deserialize, Serialize};

pub use self::{state::CallState, wish::WishKind};
use crate::calls::Recorded;

/// How long a line waits for its browser to come back, in seconds.
pub const RESUME_SECONDS: u64 = 15;
/// How long a browser may take to answer an [`ToBrowser::Offer`], in seconds.
pub const REPLY_SECONDS: u64 = 10;
/// When [`ToBrowser::Recorded`] comes at the latest after a [`ToServer::Record`], in seconds: though nothing has changed.
pub const RECORD_SECONDS: u64 = 2;
/// The longest session description that is taken, in bytes.
pub const LONGEST_SDP: usize = 32 * 1024;
/// The longest number that is dialled, in characters.
pub const LONGEST_NUMBER: usize = 64;
/// Calls that one phone can have at once.
pub const MOST_CALLS: usize = 8;

/// Names a call of one line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CallNumber(pub u32);

impl CallNumber {
    /// The first number of the server's: those below are the browser's to choose.
    pub const SERVERS: Self = Self(1 << 31);

    /// Whether the browser chose it.
    #[must_use]
    pub const fn is_browsers(self) -> bool {
        self.0 < Self::SERVERS.0
    }
}

/// Who is at the other end, as far as it is known.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Who {
    /// Extension or E.164 number; empty or `anonymous` when it is withheld.
    pub number: String,
    /// The name; may be empty.
    pub name: String,
}

/// What somebody wants of a recording (PRODUCT §2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecordWish {
    /// Start, or go on after a stop.
    Start,
    /// Stop.
    Stop,
    /// Rest for a while: what is said now must not be kept.
    Pause,
    /// Go on after a pause.
    Resume,
}

/// What the browser wants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToServer {
    /// The first message of a stream.
    Hello {
        /// Whether a person wants the phone here, whoever holds it.
        take: bool,
        /// What [`ToBrowser::Holds`] gave to this tab last.
        #[serde(default)]
        token: Option<String>,
    },
    /// Call a number.
    Dial {
        /// A number below [`CallNumber::SERVERS`], above all that were chosen before.
        call: CallNumber,
        /// What was dialled: digits, `*`, `#`, a leading `+`.
        number: String,
        /// An offer.
        sdp: String,
    },
    /// Take a call that rings here.
    Answer {
        /// Which.
        call: CallNumber,
        /// The answer to the offer of [`ToBrowser::Incoming`].
        sdp: String,
    },
    /// Refuse a call that rings here.
    Decline {
        /// Which.
        call: CallNumber,
    },
    /// End a call, or give it up.
    HangUp {
        /// Which.
        call: CallNumber,
    },
    /// Put the other party on hold, or take it back.
    Hold {
        /// Which.
        call: CallNumber,
        /// Whether it is held from now on.
        on: bool,
        /// An offer whose direction says the same: `sendonly` or `inactive` to hold, `sendrecv` to take back.
        sdp: String,
    },
    /// Describe the media anew: another network (ICE restart), another browser (resuming), another microphone.
    Offer {
        /// Which.
        call: CallNumber,
        /// An offer.
        sdp: String,
    },
    /// The answer to an offer of the server.
    Reply {
        /// Which.
        call: CallNumber,
        /// The answer.
        sdp: String,
    },
    /// A key of the dial pad was pressed. Sent by signalling, so that it needs no event in the audio and cannot be
    /// lost.
    Digit {
        /// Which.
        call: CallNumber,
        /// `0` to `9`, `*`, `#`, `A` to `D`.
        digit: char,
    },
    /// Send the other party to somebody else without asking first.
    Transfer {
        /// Which.
        call: CallNumber,
        /// What would be dialled.
        to: String,
    },
    /// Connect the parties of two calls, and leave both.
    Connect {
        /// The call whose party is sent.
        call: CallNumber,
        /// The call whose party it then talks to; it must have been answered.
        other: CallNumber,
    },
    /// Record a call, or no longer.
    Record {
        /// Which.
        call: CallNumber,
        /// What.
        wish: RecordWish,
    },
    /// Let no calls through to this phone: who calls the extension hears that it is busy, a huntgroup goes on to the
    /// next member, and other phones of the account ring. It outlives the browser, and the server.
    DoNotDisturb {
        /// Whether it is on.
        on: bool,
    },
    /// Is somebody there? The answer is [`ToBrowser::Alive`]: a page cannot see the signs of life of its stream.
    Alive,
    /// The phone is put away: its calls end, and it is not reached any more.
    Bye,
}

/// How a transfer goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TransferState {
    /// It was asked for.
    Trying,
    /// The other one rings.
    Ringing,
    /// Both talk; our call ends by itself.
    Done,
    /// It came to nothing: the party is ours again.
    Failed,
}

/// What is so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToBrowser {
    /// The answer to [`ToServer::Hello`].
    Ready {
        /// The own extension.
        extension: String,
        /// The own name.
        name: String,
        /// Whether calls may be recorded by wish.
        may_record: bool,
        /// Whether *do not disturb* is on.
        do_not_disturb: bool,
        /// The lowest number that the browser may choose for its next call.
        next: CallNumber,
        /// The calls that go on, for resuming.
        calls: Vec<Resumed>,
    },
    /// Somebody calls.
    Incoming {
        /// The call, from [`CallNumber::SERVERS`] on.
        call: CallNumber,
        /// Who.
        from: Who,
        /// Through which huntgroup, if any.
        huntgroup: Option<String>,
        /// The ticket of the wish by which a page of the account asked for this call, if one did.
        #[serde(default)]
        ticket: Option<String>,
        /// An offer.
        sdp: String,
    },
    /// The other end rings: play the tone, unless `Early` gives another sound.
    Ringing {
        /// Which.
        call: CallNumber,
    },
    /// The other end is heard before it answers.
    Early {
        /// Which.
        call: CallNumber,
        /// The answer to the offer.
        sdp: String,
    },
    /// The parties talk.
    Answered {
        /// Which.
        call: CallNumber,
        /// The answer to the offer of `Dial`. `None` when the browser answered itself, or when the offer was of a
        /// browser that is gone: then an `Offer` of the new one follows.
        sdp: Option<String>,
        /// With whom, if that is known better than before.
        with: Option<Who>,
    },
    /// The exchange describes its media anew, and waits for `Reply`.
    Offer {
        /// Which.
        call: CallNumber,
        /// An offer.
        sdp: String,
    },
    /// The answer to the browser's last `Offer` or `Hold`.
    Reply {
        /// Which.
        call: CallNumber,
        /// The answer.
        sdp: String,
    },
    /// Who holds whom now.
    Held {
        /// Which.
        call: CallNumber,
        /// Whether we hold the other party.
        by_us: bool,
        /// Whether it holds us.
        by_other: bool,
    },
    /// How the transfer of a call goes.
    TransferState {
        /// Which.
        call: CallNumber,
        /// How.
        state: TransferState,
        /// The same in words.
        words: String,
    },
    /// Whether a call is recorded: when that changes, and after each wish about it.
    Recorded {
        /// Which.
        call: CallNumber,
        /// How.
        state: Recorded,
    },
    /// Somebody else is at the other end: the call was handed over.
    With {
        /// Which.
        call: CallNumber,
        /// Who it is now.
        with: Who,
    },
    /// A call is over.
    Ended {
        /// Which.
        call: CallNumber,
        /// Why, in words for who used the phone.
        words: String,
        /// Whether it may be worth trying again in a moment.
        retry: bool,
    },
    /// This tab holds the phone from now on.
    Holds {
        /// By which it is known when it comes back.
        token: String,
    },
    /// Another tab holds the phone.
    TakenElsewhere,
    /// To a tab that does not hold the phone: what goes on in the one that does, whenever that changes.
    CallsElsewhere {
        /// With whom it has calls, in words; empty: with nobody.
        with: String,
    },
    /// The answer to [`ToServer::Alive`].
    Alive,
    /// A wish cannot be granted; nothing has changed.
    Refused {
        /// Of which call it was.
        call: Option<CallNumber>,
        /// Which wish it was; `None`: none, the line itself does not work.
        wish: Option<WishKind>,
        /// Why, in words.
        words: String,
    },
}

/// A call that went on while the browser was away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resumed {
    /// Which.
    pub call: CallNumber,
    /// How far it is.
    pub state: CallState,
    /// Who is at the other end.
    pub with: Who,
    /// Through which huntgroup, if any.
    pub huntgroup: Option<String>,
    /// The offer of a call that rings here.
    pub sdp: Option<String>,
    /// Whether we hold the other party.
    pub held_by_us: bool,
    /// Whether it holds us.
    pub held_by_other: bool,
    /// For how long they have talked, in milliseconds; `None` before the answer.
    pub talked_ms: Option<u64>,
}

impl Who {
    /// Who it is in a word: the name, else the number.
    #[must_use]
    pub fn shown(&self) -> &str {
        match (&*self.name, &*self.number) {
            ("", "" | "anonymous") => "Number withheld",
            ("", number) => number,
            (name, _) => name,
        }
    }
}

impl ToServer {
    /// Of which call it is.
    #[must_use]
    pub const fn call(&self) -> Option<CallNumber> {
        match self {
            Self::Dial { call, .. }
            | Self::Answer { call, .. }
            | Self::Decline { call }
            | Self::HangUp { call }
            | Self::Hold { call, .. }
            | Self::Offer { call, .. }
            | Self::Reply { call, .. }
            | Self::Digit { call, .. }
            | Self::Transfer { call, .. }
            | Self::Connect { call, .. }
            | Self::Record { call, .. } => Some(*call),
            Self::Hello { .. } | Self::DoNotDisturb { .. } | Self::Alive | Self::Bye => None,
        }
    }
}

impl ToBrowser {
    /// Of which call it is.
    #[must_use]
    pub const fn call(&self) -> Option<CallNumber> {
        match self {
            Self::Incoming { call, .. }
            | Self::Ringing { call }
            | Self::Early { call, .. }
            | Self::Answered { call, .. }
            | Self::Offer { call, .. }
            | Self::Reply { call, .. }
            | Self::Held { call, .. }
            | Self::TransferState { call, .. }
            | Self::Recorded { call, .. }
            | Self::With { call, .. }
            | Self::Ended { call, .. } => Some(*call),
            Self::Refused { call, .. } => *call,
            Self::Ready { .. }
            | Self::Holds { .. }
            | Self::TakenElsewhere
            | Self::CallsElsewhere { .. }
            | Self::Alive => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: CallNumber = CallNumber(1);

    fn after(state: CallState, said: &[ToBrowser]) -> CallState {
        said.iter().fold(state, |state, said| CallState::after(Some(state), said).expect("a call that there is"))
    }

    #[test]
    fn a_call_goes_forward_and_ends_once() {
        use CallState::{Dialling, Ended, Incoming, Ringing, Talking};
        let ringing = ToBrowser::Ringing { call: ONE };
        let answered = ToBrowser::Answered { call: ONE, sdp: None, with: None };
        let ended = ToBrowser::Ended { call: ONE, words: String::new(), retry: false };
        assert_eq!(after(Dialling, &[ringing.clone(), answered.clone()]), Talking);
        assert_eq!(after(Dialling, std::slice::from_ref(&answered)), Talking);
        assert_eq!(after(Incoming, std::slice::from_ref(&answered)), Talking);
        assert_eq!(after(Talking, std::slice::from_ref(&ringing)), Talking, "never back");
        assert_eq!(after(Ringing, &[ended.clone(), answered, ringing]), Ended, "and nothing after the end");
        assert!(CallState::ALL.iter().all(|state| state.may_become(Ended) == (*state != Ended)));
        assert_eq!(CallState::after(None, &ended), None, "what began never cannot end");
    }

    #[test]
    fn what_can_be_wished_depends_on_how_far_a_call_is() {
        use CallState::{Dialling, Ended, Incoming, Ringing, Talking};
        let answer = ToServer::Answer { call: ONE, sdp: String::new() };
        let digit = ToServer::Digit { call: ONE, digit: '5' };
        let hang_up = ToServer::HangUp { call: ONE };
        let transfer = ToServer::Transfer { call: ONE, to: "702".into() };
        let allowed = |wish: &ToServer| CallState::ALL.into_iter().filter(|s| s.allows(wish)).collect::<Vec<_>>();
        assert_eq!(allowed(&answer), [Incoming]);
        assert_eq!(allowed(&digit), [Ringing, Talking]);
        assert_eq!(allowed(&hang_up), [Dialling, Ringing, Incoming, Talking]);
        assert_eq!(allowed(&transfer), [Talking]);
        assert!(!allowed(&hang_up).contains(&Ended));
    }

    #[test]
    fn the_messages_are_small_and_stay_as_they_are() {
        let text = |message: &ToServer| serde_json::to_string(message).expect("JSON");
        assert_eq!(text(&ToServer::Digit { call: ONE, digit: '#' }), r##"{"digit":{"call":1,"digit":"#"}}"##);
        assert_eq!(text(&ToServer::Bye), r#""bye""#);
        let dial = r#"{"dial":{"call":1,"number":"702","sdp":"v=0"}}"#;
        let read: ToServer = serde_json::from_str(dial).expect("a message");
        assert_eq!(read, ToServer::Dial { call: ONE, number: "702".into(), sdp: "v=0".into() });
        let held = ToBrowser::Held { call: CallNumber::SERVERS, by_us: true, by_other: false };
        let held = serde_json::to_string(&held).expect("JSON");
        assert_eq!(held, r#"{"held":{"call":2147483648,"by_us":true,"by_other":false}}"#);
        assert!(ONE.is_browsers() && !CallNumber::SERVERS.is_browsers());
    }
}
