//! The SIP messages that a phone sent and received, read from its log.

use std::net::SocketAddr;

/// A SIP message as a phone sent or received it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SipMessage {
    /// Whether this phone sent it.
    pub sent: bool,
    /// `UDP`, `TCP` or `TLS`.
    pub transport: String,
    /// The address it came from.
    pub from: SocketAddr,
    /// The address it went to.
    pub to: SocketAddr,
    /// The whole message, its lines ended by `\n` alone.
    pub text: String,
}

impl SipMessage {
    /// The request line or status line.
    #[must_use]
    pub fn start_line(&self) -> &str {
        self.text.lines().next().unwrap_or_default()
    }

    /// The status of a response; none for a request.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.start_line().strip_prefix("SIP/2.0 ")?.get(..3)?.parse().ok()
    }

    /// The method: of the request, or of the request that a response answers.
    #[must_use]
    pub fn method(&self) -> &str {
        match self.status() {
            None => self.start_line().split(' ').next().unwrap_or_default(),
            Some(_) => self.header("CSeq").and_then(|cseq| cseq.split_whitespace().nth(1)).unwrap_or_default(),
        }
    }

    /// The first value of this header field, by its long name as it was written, in whatever case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let head = self.text.split("\n\n").next().unwrap_or_default();
        head.lines().skip(1).find_map(|line| {
            let (field, value) = line.split_once(':')?;
            field.trim().eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    /// The body, or nothing.
    #[must_use]
    pub fn body(&self) -> &str {
        self.text.split_once("\n\n").map_or("", |(_, body)| body)
    }

    /// The direction of the media in its SDP (RFC 8866 §6.7): `sendrecv`, `sendonly`, `recvonly` or `inactive`.
    /// `sendrecv` if an SDP does not say; none without an SDP.
    #[must_use]
    pub fn direction(&self) -> Option<&str> {
        let body = self.body();
        let said = body.lines().filter_map(|line| line.strip_prefix("a="));
        let mut said = said.filter(|name| ["sendrecv", "sendonly", "recvonly", "inactive"].contains(name));
        body.starts_with("v=0").then(|| said.next().unwrap_or("sendrecv"))
    }

    /// The tag of the `From` or `To` header field.
    pub(super) fn tag(&self, field: &str) -> Option<&str> {
        let (_, tag) = self.header(field)?.split_once(";tag=")?;
        tag.split(';').next()
    }
}

/// The messages in the log of a phone with these addresses, in order.
pub(super) fn messages(log: &str, own: &[SocketAddr]) -> Vec<SipMessage> {
    log.split("\u{1b}[36;1m#\n").skip(1).filter_map(|part| message(part, own)).collect()
}

fn message(part: &str, own: &[SocketAddr]) -> Option<SipMessage> {
    // A message still being written has no end yet.
    let (part, _) = part.split_once("\u{1b}[;m")?;
    let (route, text) = part.split_once('\n')?;
    let (transport, route) = route.split_once(' ')?;
    let (from, to) = route.split_once(" -> ")?;
    let mut message = SipMessage {
        sent: false,
        transport: transport.into(),
        from: from.parse().ok()?,
        to: to.parse().ok()?,
        text: text.replace("\r\n", "\n"),
    };
    // The ports of connections are anybody's, but the topmost Via names who sent the request.
    let via = message.header("Via")?.split_whitespace().nth(1)?.split(';').next()?;
    let ours = via.parse().is_ok_and(|via| own.contains(&via));
    message.sent = ours == message.status().is_none();
    Some(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = "ua: ready\n\u{1b}[36;1m#\nTCP 127.0.0.1:53916 -> 127.0.0.1:46511\n\
        INVITE sip:bob@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1:39943;branch=z9;rport\r\n\
        From: <sip:a@b>;tag=one\r\nCSeq: 1 INVITE\r\n\r\nv=0\r\na=sendonly\r\n\u{1b}[;m\n\
        \u{1b}[36;1m#\nTCP 127.0.0.1:46511 -> 127.0.0.1:53916\n\
        SIP/2.0 200 OK\r\nVia: SIP/2.0/TCP 127.0.0.1:39943;branch=z9\r\nTo: <sip:b@b>;tag=two\r\nCSeq: 1 INVITE\r\n\r\n\u{1b}[;m\n";

    #[test]
    fn the_log_shows_who_sent_what() {
        let own = ["127.0.0.1:39943".parse().expect("an address")];
        let found = messages(LOG, &own);
        assert_eq!(found.len(), 2);
        assert!(found[0].sent && !found[1].sent);
        assert_eq!((found[0].method(), found[0].status(), found[0].direction()), ("INVITE", None, Some("sendonly")));
        assert_eq!((found[1].method(), found[1].status(), found[1].direction()), ("INVITE", Some(200), None));
        assert_eq!((found[0].tag("From"), found[1].tag("To")), (Some("one"), Some("two")));
        let other = messages(LOG, &["127.0.0.1:46511".parse().expect("an address")]);
        assert!(!other[0].sent && other[1].sent);
    }
}
