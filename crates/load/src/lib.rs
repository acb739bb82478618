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
//! | [`sealed`] | and nothing but to encrypt and decrypt between? |
//! | [`media`] | the media engine alone, with supervised and recorded calls |
//! | [`gateway`] | the media engine alone, with browsers |
//! | [`calls`] | how are calls made and taken? |
//! | [`live`] | how do they go on while somebody looks at them? |
//! | [`manager`] | how does a manager join one of them? |
//! | [`sound`] | how does a thousand calls' sound go, how late does it arrive, and what of it is missing? |
//! | [`browser`] | what is a browser to it? |
//! | [`voices`] | how does the sound of browsers and phones go? |
//! | [`packet`] | what does a packet of that sound say? |
//! | [`listener`] | how does a party's sound arrive? |
//! | [`recording`] | what of it is in a recording? |
//! | [`relay`], [`setups`], [`memory`], [`supervised`], [`switched`], [`browsers`] | what is measured |
//! | [`figures`] | percentiles |

pub mod bare;
pub mod browser;
pub mod browsers;
pub mod calls;
pub mod figures;
pub mod gateway;
pub mod host;
pub mod listener;
pub mod live;
pub mod manager;
pub mod media;
pub mod memory;
pub mod packet;
pub mod process;
pub mod recording;
pub mod relay;
pub mod sealed;
pub mod setups;
pub mod sound;
pub mod supervised;
pub mod switched;
pub mod text;
pub mod voices;
pub mod wait;
