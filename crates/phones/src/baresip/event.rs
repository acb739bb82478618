//! What a phone tells: the events of baresip's control connection, typed.

use serde_json::Value;

/// Something that happened to a phone. `call` is the Call-ID.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// It registers.
    Registering,
    /// The registrar accepted it.
    Registered,
    /// The registrar refused it, or was not there: why.
    RegistrationFailed(String),
    /// It gives its registration up.
    Unregistering,
    /// It is called by this address.
    Incoming {
        /// The Call-ID.
        call: String,
        /// The caller's URI.
        peer: String,
    },
    /// The called party rings (180).
    Ringing(String),
    /// The called party sends early media (183 with SDP).
    Progress(String),
    /// A call is connected.
    Established {
        /// The Call-ID.
        call: String,
        /// The other party's URI.
        peer: String,
        /// Whether this phone called.
        outgoing: bool,
    },
    /// A call is over, or did not come about.
    Closed {
        /// The Call-ID.
        call: String,
        /// Why: “Connection reset by peer” after a BYE, “Connection reset by user” after one's own, “486 Busy Here” …
        reason: String,
    },
    /// The other party asks for a call to this address (REFER); the phone makes it by itself.
    TransferAsked {
        /// The Call-ID of the call that is transferred.
        call: String,
        /// The address to call. Baresip garbles percent signs in it: see the REFER itself for those.
        target: String,
    },
    /// The transfer that this phone asked for failed: why.
    TransferFailed {
        /// The Call-ID of the call that was to be transferred.
        call: String,
        /// Why.
        reason: String,
    },
    /// A digit began to arrive (RFC 4733 or SIP INFO).
    DigitStarted {
        /// The Call-ID.
        call: String,
        /// The digit: 0–9, `*`, `#`, A–D.
        digit: char,
    },
    /// The digit ended.
    DigitEnded(String),
    /// The first packet of the other side's media arrived.
    MediaArrives(String),
    /// The other side's SDP arrived: an offer, or the answer to an offer of this phone. A hold by the other side, its
    /// end, and the agreement to one's own hold show as this.
    RemoteSdp {
        /// The Call-ID.
        call: String,
        /// Whether it is an offer.
        offer: bool,
    },
    /// Something else: its type in baresip's words, with its parameter.
    Other {
        /// The type.
        kind: String,
        /// The parameter, or nothing.
        parameter: String,
    },
}

impl Event {
    /// Reads one event of the control connection; none if the message is an answer to a command.
    pub(super) fn parse(message: &Value) -> Option<Self> {
        if !message.get("event")?.as_bool()? {
            return None;
        }
        let text = |name: &str| message.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let (call, peer, parameter) = (text("id"), text("peeruri"), text("param"));
        let kind = text("type");
        Some(match kind.as_str() {
            "REGISTERING" => Self::Registering,
            "REGISTER_OK" => Self::Registered,
            "REGISTER_FAIL" => Self::RegistrationFailed(parameter),
            "UNREGISTERING" => Self::Unregistering,
            "CALL_INCOMING" => Self::Incoming { call, peer },
            "CALL_RINGING" => Self::Ringing(call),
            "CALL_PROGRESS" => Self::Progress(call),
            "CALL_ESTABLISHED" => Self::Established { call, peer, outgoing: text("direction") == "outgoing" },
            "CALL_CLOSED" => Self::Closed { call, reason: parameter },
            "TRANSFER" => Self::TransferAsked { call, target: parameter },
            "TRANSFER_FAILED" => Self::TransferFailed { call, reason: parameter },
            "CALL_DTMF_START" => match parameter.chars().next() {
                Some(digit) => Self::DigitStarted { call, digit },
                None => Self::Other { kind, parameter },
            },
            "CALL_DTMF_END" => Self::DigitEnded(call),
            "CALL_RTPESTAB" => Self::MediaArrives(call),
            "CALL_REMOTE_SDP" => Self::RemoteSdp { call, offer: parameter == "offer" },
            _ => Self::Other { kind, parameter },
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn events_are_read_and_answers_are_not() {
        let closed = json!({"event": true, "type": "CALL_CLOSED", "id": "1@a", "param": "486 Busy Here"});
        assert_eq!(Event::parse(&closed), Some(Event::Closed { call: "1@a".into(), reason: "486 Busy Here".into() }));
        let answer = json!({"response": true, "ok": true, "data": "", "token": "1"});
        assert_eq!(Event::parse(&answer), None);
    }
}
