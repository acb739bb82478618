//! The demonstration's people: scripted SIP endpoints inside `tandem demo`, that speak with the exchange over real UDP.
//!
//! Two agents register as John and Olivia and answer what rings. Clients call *Support* through the trunk's side, and
//! client and agent talk: each plays its own track of one spoken dialogue. Whoever calls a number outside hears an
//! announcement. So something goes on whenever somebody looks, and nothing of it is pretended: every packet takes the way
//! that a phone's packet takes.
//!
//! An agent steps aside as soon as a real phone is registered for its extension, and is back when that is gone.
//!
//! Two shapes. The endpoints, [`agent::Agent`] and [`network::Network`], have no clock and no socket: see
//! [`endpoint::Endpoint`]. The shell is [`Callers`]: a task with a socket for each of them, and one thread that sends
//! everybody's sound.
//!
//! | module | the question it answers |
//! | --- | --- |
//! | [`people`] | who is it, and what do they talk about? |
//! | [`agent`] | how does an agent spend the day? |
//! | [`network`] | who calls when, and who answers outside? |
//! | `registration` | may the agent be rung? |
//! | `call` | one call, as its endpoint sees it |
//! | `dispatch` | which call does an event concern? |
//! | `description` | which law, and where to send sound? |
//! | `station` | what every endpoint has: transactions, ports, randomness |
//! | [`endpoint`] | how is an endpoint driven? |
//! | [`sounds`], [`voices`] | what is said, and when is the next packet due? |
//! | `shell` | sockets, tasks, the thread |
//!
//! To add a dialogue: a line in [`people::Dialogue`], and callers of its own in [`people::CALLERS`].

pub mod agent;
mod call;
mod description;
mod dispatch;
pub mod endpoint;
pub mod network;
pub mod people;
mod registration;
mod shell;
pub mod sounds;
mod station;
pub mod voices;

pub use self::shell::{Bound, Callers};
pub use self::station::{Port, Station};
