//! How does a phone that calls prove who it is? It is asked in each call, and its INVITE goes out once more.

use std::fmt::Write as _;

use tandem_sip::{
    digest::{Answer, respond},
    message::Method,
};

use super::{CALLERS, Call, Calls, NUMBER, PHONE, State, Who};
use crate::text::Seen;

impl Calls {
    /// Whom calls are for, as who calls dials it.
    pub(super) fn number(&self) -> &'static str {
        match self.who {
            Who::Carrier => NUMBER,
            Who::Phones => PHONE.0.trim_start_matches(|letter: char| !letter.is_ascii_digit()),
        }
    }

    /// `From` of a call.
    pub(super) fn from(&self, call: usize) -> String {
        match self.who {
            Who::Carrier => format!("<sip:+442071838750@{}>;tag=f{call}", self.carrier_at),
            Who::Phones => format!("<sip:{}@{}>;tag=f{call}", caller(call), self.to),
        }
    }

    /// Whether a challenge of this call is to be answered: once.
    pub(super) fn is_to_prove(&self, call: usize) -> bool {
        self.who == Who::Phones && self.calls[call].proof.is_empty()
    }

    /// Acknowledges a challenge, and calls once more with the proof that it asks for.
    pub(super) fn prove(&mut self, call: usize, seen: &Seen<'_>) {
        let (carrier, to, from, number) = (self.carrier_at, self.to, self.from(call), self.number());
        self.out.clear();
        let _ = write!(
            self.out,
            "ACK sip:{number}@{to} SIP/2.0\r\nVia: SIP/2.0/UDP {carrier};branch=z9hG4bKi1-{call};rport\r\n\
             From: {from}\r\nTo: {}\r\nCall-ID: load-{call}\r\nCSeq: 1 ACK\r\nMax-Forwards: 70\r\n\
             Content-Length: 0\r\n\r\n",
            seen.to
        );
        self.send(to);
        let answer = Answer {
            username: caller(call),
            password: PHONE.1,
            method: &Method::Invite,
            uri: &format!("sip:{number}@{to}"),
            body: &[],
            cnonce: "load",
            nc: 1,
        };
        // A challenge that cannot be answered leaves the call unanswered, and counted.
        let Ok(proof) = respond([seen.challenge], &answer) else { return };
        let began = self.calls[call].began;
        self.calls[call] = Call {
            state: State::Calling,
            began,
            proof: format!("Authorization: {proof}\r\n"),
            sequence: 2,
            remote: None,
        };
        self.sums.challenged += 1;
        self.invite(call);
    }
}

/// Who makes a call.
fn caller(call: usize) -> &'static str {
    CALLERS[call % CALLERS.len()]
}
