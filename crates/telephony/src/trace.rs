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

/// SIP `Call-ID`s of calls that are remembered.
const DIALOGS_MAX: usize = 20_000;
/// Messages of one call that are kept.
const MESSAGES_MAX: u32 = 500;
/// Messages that wait until their call is known, for each `Call-ID`.
const WAITING_MAX: usize = 8;
/// Octets of all messages that wait. Anybody can send what never becomes a call, so this is what a flood can cost.
const WAITING_OCTETS_MAX: usize = 8 << 20;
/// Octets that are kept of one message.
const TEXT_MAX: usize = 16 << 10;

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

/// Sorts messages by calls.
#[derive(Debug, Default)]
pub struct Tracer {
    /// The calls of the `Call-ID`s, and these in the order in which they came.
    known: HashMap<String, CallId>,
    order: VecDeque<String>,
    /// Of each call, the messages so far and the `Call-ID`s that are remembered.
    counts: HashMap<CallId, (u32, usize)>,
    /// Messages whose call is not known yet, and their `Call-ID`s in the order in which they came.
    waiting: HashMap<String, Vec<Line>>,
    queue: VecDeque<String>,
    waiting_octets: usize,
    ready: Vec<SipLogEntry>,
}

impl Tracer {
    /// A message went by.
    pub fn message(&mut self, at: Timestamp, flow: Flow, way: Way, bytes: &[u8]) {
        let Some(call_id) = call_id(bytes) else { return };
        let call = self.known.get(call_id).copied();
        if call.is_none() && self.waiting.get(call_id).is_some_and(|lines| lines.len() >= WAITING_MAX) {
            return;
        }
        let (ours, theirs) = (flow.local.to_string(), flow.remote.to_string());
        let (from, to) = match way {
            Way::In => (theirs, ours),
            Way::Out => (ours, theirs),
        };
        let line = Line { at, from, to, transport: flow.transport.via_name(), text: redacted(bytes) };
        match call {
            Some(call) => self.log(call, line),
            None => self.wait(call_id, line),
        }
    }

    /// A SIP `Call-ID` belongs to a call.
    pub fn belongs(&mut self, sip_call_id: String, call: CallId) {
        let lines = self.waiting.remove(&sip_call_id).unwrap_or_default();
        self.waiting_octets -= octets(&sip_call_id, &lines);
        match self.known.insert(sip_call_id.clone(), call) {
            Some(before) => self.forget(before),
            None => self.order.push_back(sip_call_id),
        }
        self.counts.entry(call).or_default().1 += 1;
        if self.order.len() > DIALOGS_MAX
            && let Some(oldest) = self.order.pop_front()
            && let Some(call) = self.known.remove(&oldest)
        {
            self.forget(call);
        }
        for line in lines {
            self.log(call, line);
        }
    }

    /// What is to be written now.
    pub fn take(&mut self) -> Vec<SipLogEntry> {
        std::mem::take(&mut self.ready)
    }

    /// One `Call-ID` less of this call.
    fn forget(&mut self, call: CallId) {
        if let Some((_, dialogs)) = self.counts.get_mut(&call) {
            *dialogs -= 1;
            if *dialogs == 0 {
                self.counts.remove(&call);
            }
        }
    }

    /// Keeps a message until its call is known. When there are too many, those that wait longest are given up.
    fn wait(&mut self, call_id: &str, line: Line) {
        let size = line.text.len();
        match self.waiting.get_mut(call_id) {
            Some(lines) => {
                self.waiting_octets += size;
                lines.push(line);
            }
            None => {
                let lines = vec![line];
                self.waiting_octets += octets(call_id, &lines);
                self.waiting.insert(call_id.to_owned(), lines);
                self.queue.push_back(call_id.to_owned());
            }
        }
        // What has found its call is still in the queue, and is passed over here.
        while (self.waiting_octets > WAITING_OCTETS_MAX || self.queue.len() > DIALOGS_MAX)
            && let Some(oldest) = self.queue.pop_front()
        {
            if let Some(lines) = self.waiting.remove(&oldest) {
                self.waiting_octets -= octets(&oldest, &lines);
            }
        }
    }

    fn log(&mut self, call: CallId, line: Line) {
        let (sequence, _) = self.counts.entry(call).or_default();
        if *sequence >= MESSAGES_MAX {
            return;
        }
        *sequence += 1;
        let Line { at, from, to, transport, text } = line;
        self.ready.push(SipLogEntry { call, at, sequence: *sequence, from, to, transport: transport.into(), text });
    }
}

/// What waiting lines cost, with what they are found by.
fn octets(call_id: &str, lines: &[Line]) -> usize {
    if lines.is_empty() { 0 } else { 2 * call_id.len() + lines.iter().map(|line| line.text.len()).sum::<usize>() }
}

/// The lines of a message, whether they end with CR LF or, as the parser lets pass, with LF alone.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line))
}

/// The `Call-ID` of a message that may belong to a call: registrations and pings are not logged.
fn call_id(bytes: &[u8]) -> Option<&str> {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        // The body may be anything.
        Err(error) => std::str::from_utf8(&bytes[..error.valid_up_to()]).ok()?,
    };
    let (mut found, mut empty) = (None, false);
    for line in lines(text).take_while(|line| !line.is_empty()) {
        if line.starts_with([' ', '\t']) {
            if empty {
                (found, empty) = (Some(line.trim()), false);
            }
        } else if let Some((name, value)) = line.split_once(':') {
            let (name, value) = (name.trim(), value.trim());
            empty = false;
            if name.eq_ignore_ascii_case("Call-ID") || name.eq_ignore_ascii_case("i") {
                (found, empty) = (Some(value), value.is_empty());
            } else if name.eq_ignore_ascii_case("CSeq") && (value.ends_with("REGISTER") || value.ends_with("OPTIONS")) {
                return None;
            }
        }
    }
    found.filter(|found| !found.is_empty())
}

/// A message as it may be kept: what proves who somebody is, digits and keys are replaced, and no more than 16 KiB of it.
#[must_use]
pub fn redacted(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let mut kept = String::with_capacity(text.len().min(TEXT_MAX));
    let (mut in_body, mut is_secret, mut is_type, mut is_digits) = (false, false, false, false);
    for line in lines(&text) {
        if kept.len() + line.len() > TEXT_MAX {
            kept.push_str("(and more)\n");
            break;
        }
        if in_body {
            let small = line.trim_start().to_ascii_lowercase();
            let is_key =
                ["a=crypto", "a=ice-pwd", "k="].iter().any(|key| small.starts_with(key)) || small.contains("inline:");
            if (is_key || is_digits) && !line.is_empty() {
                kept.push_str("(removed)\n");
                continue;
            }
        } else if line.is_empty() {
            in_body = true;
        } else if line.starts_with([' ', '\t']) {
            // The line before goes on (RFC 3261 §7.3.1).
            if is_secret {
                continue;
            }
            is_digits |= is_type && line.to_ascii_lowercase().contains("dtmf");
        } else {
            let name = line.split(':').next().unwrap_or_default().trim();
            let is = |known: &str| name.eq_ignore_ascii_case(known);
            is_secret = is("Authorization") || is("Proxy-Authorization");
            is_type = is("Content-Type") || is("c");
            is_digits |= is_type && line.to_ascii_lowercase().contains("dtmf");
            if is_secret {
                let _ = writeln!(kept, "{name}: (removed)");
                continue;
            }
        }
        kept.push_str(line);
        kept.push('\n');
    }
    // The last line end of the head or of the body ends no line of its own.
    while kept.ends_with("\n\n") {
        kept.pop();
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
        // However it is written that a description is read with.
        for line in [
            "a=Crypto:1 AES INLINE:abcd",
            " a=crypto :1 AES inline:abcd",
            "a=x:inline:abcd",
            "A=CRYPTO:1 AES inline:abcd",
        ] {
            let offer = format!("INVITE sip:a@b SIP/2.0\r\nCall-ID: 1\r\n\r\nv=0\r\n{line}\r\na=sendrecv\r\n");
            let kept = redacted(offer.as_bytes());
            assert!(kept.contains("a=sendrecv") && !kept.contains("abcd"), "{kept}");
        }
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

    #[test]
    fn credentials_that_are_folded_or_end_their_lines_oddly_stay_out_too() {
        let messages = [
            "INVITE sip:a@b SIP/2.0\r\nAuthorization: Digest username=\"u\",\r\n response=\"6629\"\r\nCall-ID: 1\r\n\r\n",
            "INVITE sip:a@b SIP/2.0\r\nProxy-Authorization :\r\n\tDigest response=\"6629\"\r\nCall-ID: 1\r\n\r\n",
            "INVITE sip:a@b SIP/2.0\nAuthorization: Digest response=\"6629\"\nCall-ID: 1\n\nv=0\n",
            "INVITE sip:a@b SIP/2.0\r\nCall-ID: 1\nAuthorization: Digest response=\"6629\"\r\n\r\n",
            "INFO sip:a@b SIP/2.0\r\nCall-ID: 1\r\nContent-Type:\r\n application/dtmf\r\n\r\n6629",
        ];
        for message in messages {
            let kept = redacted(message.as_bytes());
            assert!(kept.contains("Call-ID: 1") && !kept.contains("6629"), "{kept}");
            assert_eq!(call_id(message.as_bytes()), Some("1"));
        }
        assert_eq!(call_id(b"INVITE sip:a@b SIP/2.0\r\nCall-ID:\r\n 1\r\n\r\n"), Some("1"));
    }

    fn flow() -> Flow {
        Flow {
            transport: tandem_sip::flow::Transport::Udp,
            local: ([127, 0, 0, 1], 5060).into(),
            remote: ([127, 0, 0, 1], 5070).into(),
            connection: None,
        }
    }

    #[test]
    fn a_flood_of_what_never_becomes_a_call_costs_little_and_takes_nothing_from_the_log_of_calls() {
        let mut tracer = Tracer::default();
        let call: CallId = "0190163d-8694-739b-aea5-966c26f8ad91".parse().expect("an id");
        let invite = |id: &str, more: &str| format!("INVITE sip:a@b SIP/2.0\r\nCall-ID: {id}\r\n{more}\r\n\r\n");
        tracer.message(Timestamp(1), flow(), Way::In, invite("call", "X: 1").as_bytes());
        tracer.belongs("call".into(), call);
        let more = format!("X: {}", "x".repeat(8000));
        for n in 0..30_000 {
            tracer.message(Timestamp(2), flow(), Way::In, invite(&format!("flood{n}"), &more).as_bytes());
        }
        assert!(tracer.waiting_octets <= WAITING_OCTETS_MAX);
        let kept: usize = tracer.waiting.values().flatten().map(|line| line.text.len()).sum();
        assert!(kept <= WAITING_OCTETS_MAX && tracer.queue.len() <= DIALOGS_MAX, "{kept}");
        tracer.message(Timestamp(3), flow(), Way::In, invite("call", "X: 2").as_bytes());
        let sequences: Vec<_> = tracer.take().iter().map(|entry| entry.sequence).collect();
        assert_eq!(sequences, [1, 2]);
    }

    #[test]
    fn of_many_calls_the_oldest_are_forgotten_whole() {
        let mut tracer = Tracer::default();
        for n in 0..u128::try_from(DIALOGS_MAX + 100).expect("small") {
            tracer.message(
                Timestamp(1),
                flow(),
                Way::In,
                format!("BYE sip:a@b SIP/2.0\r\nCall-ID: {n}\r\n\r\n").as_bytes(),
            );
            tracer.belongs(n.to_string(), CallId(uuid::Uuid::from_u128(n)));
            let _ = tracer.take();
        }
        assert_eq!(
            (tracer.known.len(), tracer.order.len(), tracer.counts.len()),
            (DIALOGS_MAX, DIALOGS_MAX, DIALOGS_MAX)
        );
        assert_eq!((tracer.waiting.len(), tracer.waiting_octets), (0, 0));
    }
}
