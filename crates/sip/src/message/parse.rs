//! From bytes to a message: the start line and the headers of RFC 3261 §7 and §25.1.

use std::borrow::Cow;

use bytes::Bytes;

use super::{
    Message, Request, Response,
    headers::Headers,
    method::Method,
    name::Name,
    text::{self, is_token, trim},
    typed::HeaderError,
    uri::Uri,
    validate::{judge_request, judge_response},
};

/// How large a message may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The whole message, in bytes.
    pub message: usize,
    /// Its header lines.
    pub headers: usize,
    /// The start line and each header's name and value, in bytes.
    pub line: usize,
}

impl Default for Limits {
    /// 64 KiB, 256 lines, 8 KiB.
    fn default() -> Self {
        Self { message: 64 * 1024, headers: 256, line: 8 * 1024 }
    }
}

/// A message that cannot be served, and what its sender is told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{status} {reason}")]
pub struct Malformed {
    /// The status that it deserves: 400; 414 or 513 for what is too large, 416 for an unknown scheme, 501 for an unknown method
    /// that the CSeq contradicts, 505 for another version.
    pub status: u16,
    /// What is wrong, as the words of the answer.
    pub reason: String,
    /// The request as far as it could be read, if it can be answered: it has a `Via`, and is no ACK. Its other headers may
    /// be missing or malformed, its URI of an empty scheme. `None`: the message is dropped.
    pub request: Option<Box<Request>>,
}

impl Malformed {
    /// Nothing could be read.
    pub(super) fn unreadable(fault: Fault) -> Self {
        Self { status: fault.status, reason: fault.reason.into_owned(), request: None }
    }

    /// This much of a request could be read.
    pub(super) fn of_request(fault: Fault, request: &Request) -> Self {
        let answerable = request.method != Method::Ack && request.headers.has(&Name::Via);
        Self { request: answerable.then(|| Box::new(request.clone())), ..Self::unreadable(fault) }
    }
}

/// What is wrong with a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    status: u16,
    reason: Cow<'static, str>,
}

impl Fault {
    pub(super) const fn new(status: u16, reason: &'static str) -> Self {
        Self { status, reason: Cow::Borrowed(reason) }
    }
}

impl From<HeaderError> for Fault {
    fn from(error: HeaderError) -> Self {
        Self { status: 400, reason: error.to_string().into() }
    }
}

/// Reads a whole datagram. Empty lines before the message are skipped (RFC 3261 §7.5), bytes after the body are ignored,
/// a body without Content-Length is all the rest (§18.3).
///
/// # Errors
/// For all that is no message that can be served.
pub fn parse(datagram: &[u8]) -> Result<Message, Malformed> {
    let limits = Limits::default();
    let start = datagram.iter().position(|b| !matches!(b, b'\r' | b'\n')).unwrap_or(datagram.len());
    let datagram = &datagram[start..];
    if datagram.len() > limits.message {
        return Err(Malformed::unreadable(Fault::new(513, "Message Too Large")));
    }
    let (end, fault) = match end_of_head(datagram, 0) {
        Ok(end) => (end, None),
        Err(_) => (datagram.len(), Some(Fault::new(400, "No empty line after the headers"))),
    };
    let (head, rest) = datagram.split_at(end);
    let mut head = Head::read(head, &limits);
    head.fault = head.fault.or(fault);
    let body = match head.length {
        None => rest,
        Some(length) => match rest.get(..length) {
            Some(body) => body,
            None => {
                head.fault.get_or_insert(Fault::new(400, "Content-Length larger than the message"));
                rest
            }
        },
    };
    head.finish(Bytes::copy_from_slice(body))
}

/// Where the body begins: after the first empty line. `Err`: it has not come yet, and this is where to look on when more has.
pub(super) fn end_of_head(bytes: &[u8], from: usize) -> Result<usize, usize> {
    let mut at = from;
    while let Some(found) = bytes[at..].iter().position(|b| *b == b'\n') {
        let next = at + found + 1;
        match bytes[next..] {
            [b'\n', ..] => return Ok(next + 1),
            [b'\r', b'\n', ..] => return Ok(next + 2),
            // The end may be half there: look at this line end again.
            [] | [b'\r'] => return Err(next - 1),
            _ => at = next,
        }
    }
    Err(bytes.len())
}

/// What stands before the body.
pub(super) struct Head {
    start: Start,
    headers: Headers,
    /// The first that was wrong. Reading goes on, so that the sender can be told.
    fault: Option<Fault>,
    /// The Content-Length, if there is one, and one only, and it is a number.
    pub(super) length: Option<usize>,
}

/// The first line.
enum Start {
    Request(Method, Uri),
    Response(u16, String),
    Unreadable,
}

impl Head {
    /// Reads all up to the empty line.
    pub(super) fn read(bytes: &[u8], limits: &Limits) -> Self {
        let text = std::str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed);
        let mut lines = text.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line));
        let (start, mut fault) = read_start(lines.next().unwrap_or(""), limits);
        let mut headers = Headers::with_capacity(16);
        let mut lines = lines.take_while(|line| !line.is_empty()).peekable();
        while let Some(first) = lines.next() {
            if headers.len() == limits.headers {
                fault.get_or_insert(Fault::new(400, "Too many headers"));
                break;
            }
            let mut line = Cow::Borrowed(first);
            while let Some(folded) = lines.next_if(|line| line.starts_with([' ', '\t'])) {
                let line = line.to_mut();
                line.push(' ');
                line.push_str(trim(folded));
            }
            match read_header(&line) {
                Some(_) if line.len() > limits.line => {
                    fault.get_or_insert(Fault::new(400, "A header is too long"));
                }
                Some((name, value)) => headers.push(name, value),
                None => {
                    fault.get_or_insert(Fault::new(400, "A malformed header line"));
                }
            }
        }
        let length = match headers.content_length() {
            Ok(length) if headers.all(&Name::ContentLength).count() <= 1 => length,
            Ok(_) => {
                fault.get_or_insert(Fault::new(400, "Content-Length: more than once"));
                None
            }
            Err(error) => {
                fault.get_or_insert(error.into());
                None
            }
        };
        Self { start, headers, fault, length }
    }

    /// The message, when its body has come too.
    pub(super) fn finish(self, body: Bytes) -> Result<Message, Malformed> {
        let Self { start, headers, fault, length: _ } = self;
        match start {
            Start::Request(method, uri) => {
                let request = Request { method, uri, headers, body };
                match fault.map_or_else(|| judge_request(&request), Err) {
                    Ok(()) => Ok(Message::Request(request)),
                    Err(fault) => Err(Malformed::of_request(fault, &request)),
                }
            }
            Start::Response(status, reason) => {
                let response = Response { status, reason, headers, body };
                match fault.map_or_else(|| judge_response(&response), Err) {
                    Ok(()) => Ok(Message::Response(response)),
                    Err(fault) => Err(Malformed::unreadable(fault)),
                }
            }
            Start::Unreadable => {
                Err(Malformed::unreadable(fault.unwrap_or(Fault::new(400, "No request line and no status line"))))
            }
        }
    }

    /// The message, when its body will not come because its head is not understood.
    pub(super) fn refuse(mut self, fault: Fault) -> Malformed {
        self.fault = self.fault.or_else(|| Some(fault.clone()));
        self.finish(Bytes::new()).err().unwrap_or_else(|| Malformed::unreadable(fault))
    }
}

/// A header's name and value.
fn read_header(line: &str) -> Option<(Name, &str)> {
    let (name, value) = line.split_once(':')?;
    let name = name.trim_end_matches([' ', '\t']);
    is_token(name).then(|| (Name::from(name), trim(value)))
}

/// Reads the first line. What is wrong with a request's is told, so that the rest may still be read.
fn read_start(line: &str, limits: &Limits) -> (Start, Option<Fault>) {
    if line.len() > limits.line {
        let method = line.split(' ').next().filter(|method| is_token(method) && method.len() < 64);
        let start = method.map_or(Start::Unreadable, |m| Start::Request(Method::from(m), Uri::unreadable("")));
        return (start, Some(Fault::new(414, "Request-URI Too Long")));
    }
    if let Some(rest) = version(line).and_then(|(_, rest)| rest.strip_prefix(' ')) {
        return read_status(line, rest);
    }
    let Some((method, rest)) = line.split_once(' ') else { return (Start::Unreadable, None) };
    if !is_token(method) {
        return (Start::Unreadable, None);
    }
    let method = Method::from(method);
    let (uri, after) = rest.split_once(' ').unwrap_or((rest, ""));
    let parsed = uri.parse::<Uri>();
    let fault = match version(after) {
        Some((true, "")) if parsed.is_ok() => None,
        Some((true, "")) => Some(Fault::new(400, "A malformed Request-URI")),
        Some((false, "")) => Some(Fault::new(505, "Version Not Supported")),
        Some(_) | None => Some(Fault::new(400, "A malformed request line")),
    };
    (Start::Request(method, parsed.unwrap_or_else(|_| Uri::unreadable(rest))), fault)
}

/// Reads a response's first line: all but its version.
fn read_status(line: &str, rest: &str) -> (Start, Option<Fault>) {
    let (status, reason) = rest.split_once(' ').unwrap_or((rest, ""));
    match text::number(status) {
        _ if !matches!(version(line), Some((true, _))) => (Start::Unreadable, Some(Fault::new(505, "Another version"))),
        Some(number @ 100..=699) if status.len() == 3 => {
            (Start::Response(u16::try_from(number).unwrap_or(500), reason.replace('\r', " ")), None)
        }
        Some(_) | None => (Start::Unreadable, Some(Fault::new(400, "A malformed status"))),
    }
}

/// Whether the text begins with `SIP/2.0` (true) or another version (false), and what follows. `None`: with neither.
fn version(text: &str) -> Option<(bool, &str)> {
    let (sip, rest) = text.split_at_checked(4)?;
    if !sip.eq_ignore_ascii_case("SIP/") {
        return None;
    }
    let end = rest.bytes().position(|b| !b.is_ascii_digit() && b != b'.').unwrap_or(rest.len());
    let (version, rest) = rest.split_at(end);
    let (major, minor) = version.split_once('.')?;
    (text::number(major).is_some() && text::number(minor).is_some()).then_some((version == "2.0", rest))
}
