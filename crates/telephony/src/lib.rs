//! The exchange: phones register and call each other, huntgroups ring, trunks lead outside.
//!
//! One pure machine, [`exchange::Exchange`], and one shell around it, [`actor`]. Inside, a [`call::Call`] decides who talks to
//! whom and knows no SIP; a [`leg::Leg`] is one phone's side of it and knows nothing but SIP.
//!
//! | module | the question it answers |
//! | --- | --- |
//! | [`exchange`] | what does an event mean, and what is to be done? |
//! | [`call`] | who rings, who talks to whom, how does it end? |
//! | [`leg`] | what does a phone say, and what is it told? |
//! | [`mod@line`] | what does a phone in a browser say, and what is it told? |
//! | [`registrar`] | which phones are where? |
//! | [`directory`] | whose phone is it, and what does a dialled number mean? |
//! | [`prompt`] | what does the exchange say? |
//! | [`proof`] | what do we answer to a trunk that asks for our password? |
//! | [`feed`] | what is going on now? |
//! | [`levels`] | how loud do people speak? |
//! | [`records`], [`trace`] | what is kept of a call, and of its messages? |
//! | [`actor`] | who reads the sockets and the clock? |

pub mod actor;
pub mod call;
pub mod directory;
pub mod exchange;
pub mod feed;
pub mod ids;
pub mod leg;
pub mod levels;
pub mod line;
pub mod prompt;
pub mod proof;
pub mod records;
pub mod registrar;
pub mod trace;
