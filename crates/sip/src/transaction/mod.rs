//! Which message belongs to which, and when is it sent again? (RFC 3261 §17, RFC 6026, RFC 3262, RFC 3581)
//!
//! The transaction layer without I/O, clock or task: the owner tells what came and what time it is, and drains
//! [`Transactions::poll`] until it gives `None` after every call. [`Transactions::next_timeout`] says when
//! [`Transactions::handle_timeout`] wants to be called at the latest.
//!
//! What the layer does by itself, so that the owner need not: Via and branch of requests, `received` and `rport`;
//! retransmission of requests, of final responses, of 2xx to INVITE until their ACK and of reliable provisional
//! responses until their PRACK; ACK of a non-2xx; the stored ACK of a repeated 2xx; 100 to an INVITE that is not
//! answered in the same turn; answers to CANCEL, to a PRACK of nothing (481), to a request that came by two ways (482,
//! RFC 3261 §8.2.2.2); a `To` tag where the owner gave none.
//!
//! What the owner must do: answer every request that came up (a request other than INVITE is forgotten after 64·T1 + T4
//! at the latest, an INVITE is kept until it is answered), and put its own limit on how long an INVITE that has a
//! provisional response may ring (RFC 3261 §16.6, Timer C), with [`Transactions::cancel`].
//!
//! | file | the question it answers |
//! | --- | --- |
//! | `event` | what comes out? |
//! | `key` | which transaction does a message belong to? |
//! | `client` | how does our request fare? |
//! | `server` | how does our answer fare? |
//! | `reliable` | is a provisional response acknowledged? |
//! | `timers` | when is it time? |
//! | `receive` | what comes: is it new, is it known, whom does it concern? |
//! | `large` | which requests are too large for a datagram? |
//! | `layer` | all of them together |

mod client;
mod event;
mod key;
mod large;
mod layer;
mod outbox;
mod receive;
mod reliable;
mod server;
mod timers;
mod via;

pub use event::{ClientId, Counts, Event, Failure, Output, ServerId};
pub use layer::Transactions;
pub use timers::Timers;
