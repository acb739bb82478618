//! SIP (RFC 3261 and what extends it), for an exchange.
//!
//! | module | the question it answers |
//! | --- | --- |
//! | [`message`] | what is a request, a response, a header? |
//! | [`digest`] | does somebody know the password? (RFC 7616, RFC 8760) |
//! | [`dialog`] | what do two ends agree on for the requests between them? (RFC 3261 §12) |
//! | [`sdp`] | which media, where, in which codecs? (RFC 8866, RFC 3264; of browsers RFC 8829) |
//! | [`transaction`] | which message belongs to which, and when is it sent again? (RFC 3261 §17, RFC 6026) |
//! | [`transport`] | how do messages travel: UDP, TCP, TLS, WebSocket? (RFC 3261 §18, RFC 7118) |
//!
//! Everything but [`transport`] is without I/O: no clock, no socket, no task.

pub mod dialog;
pub mod digest;
pub mod flow;
pub mod message;
pub mod sdp;
pub mod transaction;
pub mod transport;
