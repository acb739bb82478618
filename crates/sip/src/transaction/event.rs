//! What comes out of the transaction layer: messages to send, and events for the owner.

use bytes::Bytes;

use crate::{
    flow::Flow,
    message::{Request, Response},
};

/// Names a server transaction: a request that came to us, to be answered. Never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ServerId(pub(super) u64);

/// Names a client transaction: a request of ours, to be answered by the other end. Never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClientId(pub(super) u64);

/// What [`Transactions::poll`](super::Transactions::poll) gives.
#[derive(Debug, Clone)]
#[expect(clippy::large_enum_variant, reason = "made and taken apart at once, never stored in numbers")]
pub enum Output {
    /// To be given to the transport. What is sent again is the same memory, not a copy.
    Send {
        /// Which way.
        flow: Flow,
        /// The message as it travels.
        bytes: Bytes,
    },
    /// Something that the owner must know.
    Event(Event),
}

/// What happened.
#[derive(Debug, Clone)]
#[expect(clippy::large_enum_variant, reason = "made and taken apart at once, never stored in numbers")]
pub enum Event {
    /// A request came, for the first time: retransmissions are absorbed. Its top `Via` has `received` and `rport`.
    Request {
        /// The transaction to answer with [`respond`](super::Transactions::respond). `None` for an ACK, which is not
        /// answered.
        id: Option<ServerId>,
        /// The way it came.
        flow: Flow,
        /// The request.
        request: Request,
        /// For an ACK: the INVITE whose 2xx it acknowledges, always there. For a PRACK: the INVITE whose reliable
        /// provisional response it acknowledges, always there too: ACKs and PRACKs of nothing do not come up.
        acknowledges: Option<ServerId>,
    },
    /// A CANCEL came for an INVITE that has no final response yet. The CANCEL has been answered; the owner answers the
    /// INVITE with 487 (RFC 3261 §9.2), unless it has just answered it otherwise.
    Cancelled {
        /// The INVITE.
        id: ServerId,
    },
    /// A response to our request: every provisional one, the final one, and for an INVITE one 2xx for each `To` tag
    /// (forks).
    Response {
        /// The request.
        id: ClientId,
        /// The response. A reliable provisional one (RFC 3262) comes in its order and once; the owner sends its PRACK.
        response: Response,
    },
    /// Our request gets no final response; nothing more comes for it.
    Failed {
        /// The request.
        id: ClientId,
        /// Why.
        why: Failure,
    },
    /// The 2xx to this INVITE had no ACK, or a reliable provisional response no PRACK, for 64·T1: the owner ends the
    /// session (BYE). In the second case the layer has answered the INVITE with 504 (RFC 3262 §3), unless it had been
    /// answered.
    Unacknowledged {
        /// The INVITE.
        id: ServerId,
    },
}

/// Why a request of ours gets no final response.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Failure {
    /// None came in time (Timer B or F; after a CANCEL, 64·T1). Counts as 408 (RFC 3261 §8.1.3.1).
    Timeout,
    /// The transport could not carry it. Counts as 503.
    Transport,
}

/// How much there is, for metrics and for tests that nothing is left over.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Client transactions that are kept.
    pub client: usize,
    /// Server transactions that are kept.
    pub server: usize,
    /// Entries of all indices and of the timer queue.
    pub entries: usize,
    /// Messages sent more than once, since the start.
    pub retransmitted: u64,
    /// Messages that came more than once and were absorbed, since the start.
    pub absorbed: u64,
    /// Messages that belonged to nothing and were dropped, since the start.
    pub stray: u64,
    /// Requests refused with 503 because too many transactions were kept, since the start.
    pub refused: u64,
}
