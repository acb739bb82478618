//! What a SIP message says, as far as a generator must know. It reads only what the exchange writes, so it is short and quick;
//! whatever it cannot read it takes for nothing.

use std::net::{IpAddr, SocketAddr};

/// The parts of a message that the other end's next one needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen<'a> {
    /// A request's method; of a response, `None`.
    pub method: Option<&'a str>,
    /// A response's status; of a request, 0.
    pub status: u16,
    /// All `Via` lines, as they are.
    pub vias: &'a str,
    /// `From`.
    pub from: &'a str,
    /// `To`.
    pub to: &'a str,
    /// `Call-ID`.
    pub call_id: &'a str,
    /// `CSeq`.
    pub cseq: &'a str,
    /// What a 401 asks for: `WWW-Authenticate`, empty without one.
    pub challenge: &'a str,
    /// The URI in `Contact`, empty without one.
    pub contact: &'a str,
    /// After the empty line.
    pub body: &'a str,
}

impl<'a> Seen<'a> {
    /// Reads a message; `None` when it lacks what every message has.
    #[must_use]
    pub fn read(datagram: &'a [u8]) -> Option<Self> {
        let text = std::str::from_utf8(datagram).ok()?;
        let (head, body) = text.split_once("\r\n\r\n")?;
        let (start, headers) = head.split_once("\r\n")?;
        let (method, status) = match start.strip_prefix("SIP/2.0 ") {
            Some(status) => (None, status.get(..3)?.parse().ok()?),
            None => (start.split(' ').next(), 0),
        };
        let mut seen = Self {
            method,
            status,
            vias: "",
            from: "",
            to: "",
            call_id: "",
            cseq: "",
            challenge: "",
            contact: "",
            body,
        };
        let mut vias = 0..0;
        let mut at = 0;
        for line in headers.split("\r\n") {
            let (name, value) = line.split_once(':')?;
            let value = value.trim();
            let end = at + line.len();
            match name {
                // All of them stand together.
                "Via" if vias.end == 0 => vias = at..end,
                "Via" => vias.end = end,
                "From" => seen.from = value,
                "To" => seen.to = value,
                "Call-ID" => seen.call_id = value,
                "CSeq" => seen.cseq = value,
                "WWW-Authenticate" => seen.challenge = value,
                "Contact" => seen.contact = value.split_once('<')?.1.split_once('>')?.0,
                _ => {}
            }
            at = end + 2;
        }
        seen.vias = &headers[vias];
        let whole = [seen.vias, seen.from, seen.to, seen.call_id, seen.cseq].iter().all(|part| !part.is_empty());
        whole.then_some(seen)
    }

    /// Where the description in the body wants sound.
    #[must_use]
    pub fn media(&self) -> Option<SocketAddr> {
        let line = |start: &str| self.body.lines().find_map(|line| line.strip_prefix(start));
        let address: IpAddr = line("c=IN IP4 ")?.trim().parse().ok()?;
        let port: u16 = line("m=audio ")?.split(' ').next()?.parse().ok()?;
        Some(SocketAddr::new(address, port))
    }
}

/// A description that wants G.711 at this port of this machine, with events for digits.
#[must_use]
pub fn description(port: u16) -> String {
    format!(
        "v=0\r\no=load 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio {port} RTP/AVP 0 101\r\n\
         a=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\na=rtcp-mux\r\na=sendrecv\r\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_and_a_response_are_read() {
        let body = description(4000);
        let invite = format!(
            "INVITE sip:744@127.0.0.1:5062 SIP/2.0\r\nVia: SIP/2.0/UDP a;branch=z9hG4bK1\r\nVia: SIP/2.0/UDP b\r\n\
             From: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\nCall-ID: x1\r\nCSeq: 1 INVITE\r\n\
             Contact: <sip:127.0.0.1:5060>\r\nContent-Length: 1\r\n\r\n{body}"
        );
        let seen = Seen::read(invite.as_bytes()).unwrap();
        assert_eq!((seen.method, seen.status, seen.call_id), (Some("INVITE"), 0, "x1"));
        assert_eq!(seen.vias, "Via: SIP/2.0/UDP a;branch=z9hG4bK1\r\nVia: SIP/2.0/UDP b");
        assert_eq!((seen.contact, seen.media()), ("sip:127.0.0.1:5060", Some(([127, 0, 0, 1], 4000).into())));
        let busy = b"SIP/2.0 486 Busy Here\r\nVia: v\r\nFrom: f\r\nTo: t\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\n\r\n";
        let seen = Seen::read(busy).unwrap();
        assert_eq!((seen.method, seen.status, seen.contact, seen.media()), (None, 486, "", None));
        assert_eq!(Seen::read(b"SIP/2.0 486 Busy Here\r\nVia: v\r\n\r\n"), None);
    }
}
