//! The exchange's media: RTP in, RTP out, and what is heard in between.
//!
//! Nothing here knows SIP, billing or the database. A *leg* is one party's media path: a local RTP port (RTCP on the next
//! one, or on the same one), what the party said about itself (its [`Description`]), and what it hears ([`Hears`]). Who
//! hears whom is that one matrix, set with [`Engine::route`], and nothing else moves audio.
//!
//! Two shapes. The core is [`router::Router`]: no clock, no socket, no thread; it is given packets and the time, and says
//! what to send and what happened. The shell is [`Engine`]: worker threads that own the sockets of their legs and drive
//! one router each.
//!
//! | module | the question it answers |
//! | --- | --- |
//! | [`rtp`], [`rtcp`] | what does a packet say, and how is one written? |
//! | [`g711`], [`g722`], [`codec`] | how is audio coded? |
//! | [`speech`] | the same of Opus |
//! | [`resample`], `clock` | how do sampling rates and RTP clocks become each other? |
//! | [`dtmf`] | which digit was pressed, which code do several make, and how is one sent? |
//! | [`clip`] | what is played: prompts, tones, music? |
//! | [`quality`] | how well did the media arrive? |
//! | [`level`] | how loud is a party? |
//! | [`latch`] | whose packets are a leg's packets? |
//! | [`stream`] | how does a listener see one continuous stream, whoever speaks? |
//! | [`ear`] | how does a mix listen to a speaker: jitter buffer and concealment? |
//! | [`holdback`] | how is the beginning of a consumed digit kept from mixes? |
//! | [`record`], [`wav`] | where does that go which a recorder leg hears? |
//! | [`opus`], [`peaks`] | how is a recording made small, and drawn? |
//! | [`srtp`] | how are packets of phones sealed and opened? |
//! | `browser` | how are browsers reached: ICE, DTLS, SRTP on one port? |
//! | [`leg`], [`router`] | what does each leg hear, and what is sent to it? |
//! | [`engine`] | the threads, the sockets and the ports |
//!
//! To add a codec: a variant of [`Codec`], its two functions in [`codec`], its loss behaviour in [`quality`]. To add a
//! kind of source: a variant of [`Hears`] and its arm in `router::tick`.

mod browser;
pub mod clip;
mod clock;
pub mod codec;
pub mod dtmf;
pub mod ear;
pub mod engine;
pub mod g711;
pub mod g722;
pub mod holdback;
pub mod latch;
pub mod leg;
pub mod level;
pub mod opus;
pub mod peaks;
pub mod quality;
pub mod record;
pub mod resample;
pub mod router;
pub mod rtcp;
pub mod rtp;
pub mod speech;
pub mod srtp;
pub mod stream;
pub mod types;
pub mod wav;

pub use clip::Clip;
pub use dtmf::{Digit, DigitSource};
pub use engine::{Config, Engine, OpenError, Totals};
pub use level::Level;
pub use quality::Quality;
pub use srtp::{Encryption, MasterKey, Suite};
pub use types::{Browser, Codec, Description, Digits, Direction, Event, Hears, LegId, LegStats, Local};
