//! Which transaction does a message belong to? (RFC 3261 §17.1.3, §17.2.3, §8.2.2.2, §13.3.1.4; RFC 3262 §3)
//!
//! A key is the parts that must agree, one a line: no header value holds a line break.

use std::fmt::Write as _;

use crate::message::{HeaderError, Headers, Method, Name, Request, Via};

/// A server transaction's key.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct ServerKey(Box<str>);

impl ServerKey {
    /// The key of a request by its top `Via`. An ACK and a CANCEL get the key of their INVITE.
    ///
    /// # Errors
    /// A header that RFC 2543's rules need is missing or malformed.
    pub(super) fn of_invite_or(request: &Request, via: &Via) -> Result<Self, HeaderError> {
        match request.method {
            Method::Ack | Method::Cancel => Self::new(request, via, &Method::Invite),
            _ => Self::of(request, via),
        }
    }

    /// The key of a request by its top `Via`.
    ///
    /// # Errors
    /// A header that RFC 2543's rules need is missing or malformed.
    pub(super) fn of(request: &Request, via: &Via) -> Result<Self, HeaderError> {
        Self::new(request, via, &request.method)
    }

    fn new(request: &Request, via: &Via, method: &Method) -> Result<Self, HeaderError> {
        let mut key = String::with_capacity(96);
        match via.branch() {
            Some(branch) => {
                let _ = write!(key, "{branch}\n{}\n{}\n{method}", lower(&via.host.to_string()), via.port.unwrap_or(0));
            }
            None => {
                // A client older than RFC 3261. The To tag is left out, since that of the ACK is another than the
                // INVITE's.
                let headers = &request.headers;
                let from = headers.from()?;
                let _ = write!(
                    key,
                    "2543\n{}\n{}\n{}\n{}\n{}\n{method}",
                    request.uri,
                    from.tag().unwrap_or_default(),
                    headers.call_id()?,
                    headers.cseq()?.number,
                    headers.elements(&Name::Via).next().unwrap_or_default(),
                );
            }
        }
        Ok(Self(key.into()))
    }
}

fn lower(text: &str) -> String {
    text.to_ascii_lowercase()
}

/// A client transaction's key: a response has it in its top `Via` and its `CSeq`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct ClientKey(Box<str>);

impl ClientKey {
    pub(super) fn new(branch: &str, method: &Method) -> Self {
        Self(format!("{branch}\n{method}").into())
    }
}

/// What a request has in common with another one that came by a second way (§8.2.2.2).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct MergeKey(Box<str>);

impl MergeKey {
    /// `None` for a request inside a dialog and for ACK and CANCEL, which are never refused as merged.
    ///
    /// # Errors
    /// A header that it needs is missing or malformed.
    pub(super) fn of(request: &Request) -> Result<Option<Self>, HeaderError> {
        if matches!(request.method, Method::Ack | Method::Cancel) || request.headers.to()?.tag().is_some() {
            return Ok(None);
        }
        let headers = &request.headers;
        let from = headers.from()?;
        let key = format!(
            "{}\n{}\n{}\n{}",
            headers.call_id()?,
            from.tag().unwrap_or_default(),
            headers.cseq()?.number,
            request.method
        );
        Ok(Some(Self(key.into())))
    }
}

/// What an ACK of a 2xx and a PRACK have in common with the INVITE that they belong to: `Call-ID`, both tags, and the
/// INVITE's number.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct DialogKey(Box<str>);

impl DialogKey {
    /// From the headers of an ACK, a PRACK or of our own response; `number` is that of the INVITE.
    ///
    /// # Errors
    /// A header that it needs is missing or malformed.
    pub(super) fn of(headers: &Headers, number: u32) -> Result<Self, HeaderError> {
        let (from, to) = (headers.from()?, headers.to()?);
        let (from_tag, to_tag) = (from.tag().unwrap_or_default(), to.tag().unwrap_or_default());
        Ok(Self(format!("{}\n{from_tag}\n{to_tag}\n{number}", headers.call_id()?).into()))
    }
}
