//! The signalling log: which message belongs to which call, and what of it may be kept.
//!
//! Credentials, digits and keys never get into it. The first message of a call comes before the call is known, and waits
//! here for that; what never becomes a call is forgotten.

use std::{
    collections::{HashMap, VecDeque},
    fmt::Write as _,
};

use tandem_domain::ids::{CallId, Timestamp};
use tandem_sip::flow::Flow;
use tandem_store::sip_log::SipLogEntry;

/// SIP `Call-ID`s that are remembered.
const DIALOGS_MAX: usize = 20_000;
/// Messages of one call that are kept.
const MESSAGES_MAX: u32 = 500;
/// Messages that wait until their call is known, for each `Call-ID`.
const WAITING_MAX: usize = 8;

/// Which way a message goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// To us.
    In,
    /// From us.
    Out,
}

#[derive(Debug)]
struct Line {
    at: Timestamp,
    from: String,
    to: String,
    transport: &'static str,
    text: String,
}

#[derive(Debug)]
enum Dialog {
    /// Its call is not known yet.
    Waiting(Vec<Line>),
    /// It is one of this call.
    Of(CallId),
}

/// Sorts messages by calls.
#[derive(Debug, Default)]
pub struct Tracer {
    dialogs: HashMap<String, Dialog>,
    order: VecDeque<String>,
    counts: HashMap<CallId, u32>,
    ready: Vec<SipLogEntry>,
}

impl Tracer {
    /// A message went by.
    pub fn message(&mut self, at: Timestamp, flow: Flow, way: Way, bytes: &[u8]) {
        let Some(call_id) = call_id(bytes) else { return };
        let (ours, theirs) = (flow.local.to_string(), flow.remote.to_string());
        let (from, to) = match way {
            Way::In => (theirs, ours),
            Way::Out => (ours, theirs),
        };
        let line = Line { at, from, to, transport: flow.transport.via_name(), text: redacted(bytes) };
        match self.dialogs.get_mut(call_id) {
            Some(Dialog::Of(call)) => {
                let call = *call;
                self.log(call, line);
            }
            Some(Dialog::Waiting(lines)) => {
                if lines.len() < WAITING_MAX {
                    lines.push(line);
                }
            }
            None => self.remember(call_id.to_owned(), Dialog::Waiting(vec![line])),
        }
    }

    /// A SIP `Call-ID` belongs to a call.
    pub fn belongs(&mut self, sip_call_id: String, call: CallId) {
        let waiting = match self.dialogs.get_mut(&sip_call_id) {
            Some(dialog) => std::mem::replace(dialog, Dialog::Of(call)),
            None => {
                self.remember(sip_call_id, Dialog::Of(call));
                return;
            }
        };
        if let Dialog::Waiting(lines) = waiting {
            for line in lines {
                self.log(call, line);
            }
        }
    }

    /// What is to be written now.
    pub fn take(&mut self) -> Vec<SipLogEntry> {
        std::mem::take(&mut self.ready)
    }

    fn remember(&mut self, call_id: String, dialog: Dialog) {
        if self.order.len() >= DIALOGS_MAX
            && let Some(oldest) = self.order.pop_front()
            && let Some(Dialog::Of(call)) = self.dialogs.remove(&oldest)
        {
            self.counts.remove(&call);
        }
        self.order.push_back(call_id.clone());
        self.dialogs.insert(call_id, dialog);
    }

    fn log(&mut self, call: CallId, line: Line) {
        let sequence = self.counts.entry(call).or_default();
        if *sequence >= MESSAGES_MAX {
            return;
        }
        *sequence += 1;
        let Line { at, from, to, transport, text } = line;
        self.ready.push(SipLogEntry { call, at, sequence: *sequence, from, to, transport: transport.into(), text });
    }
}

/// The `Call-ID` of a message that may belong to a call: registrations and pings are not logged.
fn call_id(bytes: &[u8]) -> Option<&str> {
    let head_end = bytes.windows(4).position(|window| window == b"\r\n\r\n").unwrap_or(bytes.len());
    let head = std::str::from_utf8(&bytes[..head_end]).ok()?;
    let mut found = None;
    for line in head.split("\r\n") {
        if let Some((name, value)) = line.split_once(':') {
            let name = name.trim();
            if name.eq_ignore_ascii_case("Call-ID") || name.eq_ignore_ascii_case("i") {
                found = Some(value.trim());
            } else if name.eq_ignore_ascii_case("CSeq") && value.trim_end().ends_with("REGISTER") {
                return None;
            }
        }
    }
    found
}

/// A message as it may be kept: what proves who somebody is, digits and keys are replaced.
#[must_use]
pub fn redacted(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let mut kept = String::with_capacity(text.len());
    let mut body_is_digits = false;
    for line in head.split("\r\n") {
        let name = line.split(':').next().unwrap_or_default().trim();
        let is = |known: &str| name.eq_ignore_ascii_case(known);
        if is("Authorization") || is("Proxy-Authorization") {
            let _ = writeln!(kept, "{name}: (removed)");
            continue;
        }
        body_is_digits |= (is("Content-Type") || is("c")) && line.to_ascii_lowercase().contains("dtmf");
        kept.push_str(line);
        kept.push('\n');
    }
    if !body.is_empty() {
        kept.push('\n');
    }
    for line in body.lines() {
        let is_key = line.starts_with("a=crypto:") || line.starts_with("a=ice-pwd:") || line.starts_with("k=");
        if is_key || body_is_digits {
            kept.push_str("(removed)\n");
        } else {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_keeps_no_credentials_digits_or_keys() {
        let message =
            b"INFO sip:a@b SIP/2.0\r\nCall-ID: 1\r\nauthorization: Digest username=\"abc744\", response=\"6629\"\r\n\
            Content-Type: application/dtmf-relay\r\n\r\nSignal=5\r\nDuration=160\r\n";
        let kept = redacted(message);
        assert!(kept.contains("INFO sip:a@b") && kept.contains("Call-ID: 1"), "{kept}");
        assert!(!kept.contains("6629") && !kept.contains("Signal=5"), "{kept}");
        let offer = b"INVITE sip:a@b SIP/2.0\r\nCall-ID: 1\r\nContent-Type: application/sdp\r\n\r\nv=0\r\na=crypto:1 AES_CM_128 inline:abc\r\n";
        assert!(redacted(offer).contains("v=0") && !redacted(offer).contains("inline"), "{}", redacted(offer));
    }

    #[test]
    fn messages_that_came_before_their_call_was_known_are_in_its_log() {
        let flow = Flow {
            transport: tandem_sip::flow::Transport::Udp,
            local: ([127, 0, 0, 1], 5060).into(),
            remote: ([127, 0, 0, 1], 5070).into(),
            connection: None,
        };
        let mut tracer = Tracer::default();
        let invite = b"INVITE sip:a@b SIP/2.0\r\nCall-ID: xyz\r\nCSeq: 1 INVITE\r\n\r\n";
        let call = CallId("0190163d-8694-739b-aea5-966c26f8ad91".parse::<CallId>().expect("an id").0);
        tracer.message(Timestamp(1), flow, Way::In, invite);
        assert!(tracer.take().is_empty());
        tracer.belongs("xyz".into(), call);
        tracer.message(Timestamp(2), flow, Way::Out, b"SIP/2.0 100 Trying\r\nCall-ID: xyz\r\nCSeq: 1 INVITE\r\n\r\n");
        let log = tracer.take();
        let order: Vec<_> = log.iter().map(|entry| (entry.sequence, entry.from.as_str())).collect();
        assert_eq!(order, [(1, "127.0.0.1:5070"), (2, "127.0.0.1:5060")]);
    }
}
