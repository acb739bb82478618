//! A request, a response, and what they are made of (RFC 3261 §7).
//!
//! Header values are kept as they came, as text; what the exchange must understand is read on demand into types
//! ([`NameAddr`], [`Via`], [`CSeq`] …). What is not UTF-8 in a header is replaced, a body is kept byte by byte.
//!
//! A datagram is read by [`parse()`], a stream by a [`Framer`]; both judge what they read ([`validate()`]), so that a
//! [`Message`] that came from outside has every header that a transaction needs. What cannot be understood is
//! [`Malformed`], with the status that it deserves.

mod address;
mod framer;
mod headers;
mod method;
mod name;
mod params;
mod parse;
mod status;
pub(crate) mod text;
mod typed;
mod uri;
mod validate;
mod values;
mod via;

use std::fmt::Write as _;

use bytes::Bytes;

pub use self::{
    address::{NameAddr, ValueError},
    framer::{Framed, Framer},
    headers::{Header, Headers},
    method::Method,
    name::Name,
    params::Params,
    parse::{Limits, Malformed, parse},
    status::reason_phrase,
    typed::{Contacts, HeaderError},
    uri::{Host, HostPort, Scheme, Uri, UriError},
    validate::validate,
    values::{CSeq, Parameterised, RAck, Reason, Refresher, Replaces, SessionExpires},
    via::{MAGIC_COOKIE, Via},
};

/// What travels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// Somebody asks.
    Request(Request),
    /// Somebody answers.
    Response(Response),
}

/// A request (RFC 3261 §7.1).
#[derive(Clone, PartialEq, Eq)]
pub struct Request {
    /// What is asked.
    pub method: Method,
    /// Of whom: the Request-URI.
    pub uri: Uri,
    /// The headers.
    pub headers: Headers,
    /// The body.
    pub body: Bytes,
}

/// A response (RFC 3261 §7.2).
#[derive(Clone, PartialEq, Eq)]
pub struct Response {
    /// 100 to 699.
    pub status: u16,
    /// The status in words.
    pub reason: String,
    /// The headers.
    pub headers: Headers,
    /// The body.
    pub body: Bytes,
}

impl Message {
    /// The headers of either.
    #[must_use]
    pub const fn headers(&self) -> &Headers {
        match self {
            Self::Request(request) => &request.headers,
            Self::Response(response) => &response.headers,
        }
    }

    /// The body of either.
    #[must_use]
    pub const fn body(&self) -> &Bytes {
        match self {
            Self::Request(request) => &request.body,
            Self::Response(response) => &response.body,
        }
    }

    /// As it travels.
    #[must_use]
    pub fn to_bytes(&self) -> Bytes {
        match self {
            Self::Request(request) => request.to_bytes(),
            Self::Response(response) => response.to_bytes(),
        }
    }
}

/// Bodies hold keys, and are in no `Debug` but for their length.
fn length(body: &Bytes) -> String {
    format!("{} octets", body.len())
}

impl std::fmt::Debug for Request {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { method, uri, headers, body } = self;
        let mut shown = f.debug_struct("Request");
        shown.field("method", method).field("uri", uri).field("headers", headers).field("body", &length(body)).finish()
    }
}

impl std::fmt::Debug for Response {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { status, reason, headers, body } = self;
        let mut shown = f.debug_struct("Response");
        shown
            .field("status", status)
            .field("reason", reason)
            .field("headers", headers)
            .field("body", &length(body))
            .finish()
    }
}

impl Request {
    /// A request without any header.
    #[must_use]
    pub const fn new(method: Method, uri: Uri) -> Self {
        Self { method, uri, headers: Headers::new(), body: Bytes::new() }
    }

    /// Gives it a body of this type.
    pub fn set_body(&mut self, content_type: &str, body: impl Into<Bytes>) {
        self.headers.set(Name::ContentType, content_type);
        self.body = body.into();
    }

    /// As it travels; Content-Length is written here, whatever the headers say.
    #[must_use]
    pub fn to_bytes(&self) -> Bytes {
        write(&format!("{} {} SIP/2.0", self.method, self.uri), &self.headers, &self.body)
    }
}

impl Response {
    /// An answer to this request: its Via, From, To, Call-ID and CSeq, the status in its usual words, no tag of our own
    /// (RFC 3261 §8.2.6.2). What the request lacks, the answer lacks.
    #[must_use]
    pub fn to(request: &Request, status: u16) -> Self {
        let mut headers = Headers::with_capacity(request.headers.len());
        for header in &request.headers {
            if matches!(header.name, Name::Via | Name::From | Name::To | Name::CallId | Name::CSeq) {
                headers.push(header.name.clone(), header.value.clone());
            }
        }
        Self { status, reason: reason_phrase(status).to_owned(), headers, body: Bytes::new() }
    }

    /// In these words instead of the usual ones.
    #[must_use]
    pub fn with_reason(mut self, reason: impl Into<String>) -> Self {
        self.reason = text::one_line(reason.into());
        self
    }

    /// Gives it a body of this type.
    pub fn set_body(&mut self, content_type: &str, body: impl Into<Bytes>) {
        self.headers.set(Name::ContentType, content_type);
        self.body = body.into();
    }

    /// Whether more follows: 100 to 199.
    #[must_use]
    pub const fn is_provisional(&self) -> bool {
        self.status < 200
    }

    /// Whether it is a yes: 200 to 299.
    #[must_use]
    pub const fn is_success(&self) -> bool {
        self.status >= 200 && self.status < 300
    }

    /// As it travels; Content-Length is written here, whatever the headers say.
    #[must_use]
    pub fn to_bytes(&self) -> Bytes {
        write(&format!("SIP/2.0 {:03} {}", self.status, self.reason), &self.headers, &self.body)
    }
}

impl From<Request> for Message {
    fn from(request: Request) -> Self {
        Self::Request(request)
    }
}

impl From<Response> for Message {
    fn from(response: Response) -> Self {
        Self::Response(response)
    }
}

/// Writes a message. Content-Length stands where it was, else last.
fn write(start: &str, headers: &Headers, body: &Bytes) -> Bytes {
    let lines: usize = headers.iter().map(|header| header.name.as_str().len() + header.value.len() + 4).sum();
    let mut head = String::with_capacity(start.len() + lines + 32);
    // A method or a reason that was made by hand must not begin a line of its own.
    head.extend(start.chars().map(|c| if matches!(c, '\r' | '\n') { ' ' } else { c }));
    head.push_str("\r\n");
    let mut length_is_written = false;
    for header in headers {
        if header.name == Name::ContentLength {
            if !length_is_written {
                write_length(&mut head, body);
            }
            length_is_written = true;
        } else {
            head.push_str(header.name.as_str());
            head.push_str(": ");
            head.push_str(&header.value);
            head.push_str("\r\n");
        }
    }
    if !length_is_written {
        write_length(&mut head, body);
    }
    head.push_str("\r\n");
    let mut bytes = head.into_bytes();
    bytes.extend_from_slice(body);
    bytes.into()
}

fn write_length(head: &mut String, body: &Bytes) {
    // Writing into a String cannot fail.
    let _ = write!(head, "{}: {}\r\n", Name::ContentLength, body.len());
}
