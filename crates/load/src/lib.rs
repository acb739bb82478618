//! Load for the exchange: calls and sound by the thousand, and the limit they are compared with.
//!
//! `make bench` runs the program `tandem-load`, whose commands are made of these parts. A generator that shares two cores with
//! what it measures must be cheap, so it is one thread, a few sockets, and texts that are written rather than built.
//!
//! | module | the question it answers |
//! | --- | --- |
//! | [`bare`] | what does it cost to do nothing but receive and send? |
//! | [`host`] | the exchange alone, as a process to be measured |
//! | [`process`] | how are both started, and what do they consume? |
//! | [`text`] | what does a SIP message say, as far as a generator must know? |
//! | [`calls`] | how are calls made and taken? |
//! | [`sound`] | how does a thousand calls' sound go, and how late does it arrive? |
//! | [`relay`], [`setups`], [`memory`] | what is measured |
//! | [`figures`] | percentiles |

pub mod bare;
pub mod calls;
pub mod figures;
pub mod host;
pub mod memory;
pub mod process;
pub mod relay;
pub mod setups;
pub mod sound;
pub mod text;
pub mod wait;
