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
//! | [`media`] | the media engine alone, with supervised and recorded calls |
//! | [`calls`] | how are calls made and taken? |
//! | [`manager`] | how does a manager join one of them? |
//! | [`sound`] | how does a thousand calls' sound go, how late does it arrive, and what of it is missing? |
//! | [`packet`] | what does a packet of that sound say? |
//! | [`listener`] | how does a party's sound arrive? |
//! | [`recording`] | what of it is in a recording? |
//! | [`relay`], [`setups`], [`memory`], [`supervised`], [`switched`] | what is measured |
//! | [`figures`] | percentiles |

pub mod bare;
pub mod calls;
pub mod figures;
pub mod host;
pub mod listener;
pub mod manager;
pub mod media;
pub mod memory;
pub mod packet;
pub mod process;
pub mod recording;
pub mod relay;
pub mod setups;
pub mod sound;
pub mod supervised;
pub mod switched;
pub mod text;
pub mod wait;
