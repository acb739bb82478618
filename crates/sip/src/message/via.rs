//! Which way did a request come, and which way does its answer go? (RFC 3261 §20.42, RFC 3581)

use std::{fmt, net::IpAddr, str::FromStr};

use super::{
    address::ValueError,
    params::Params,
    text::{self, is_token, trim},
    uri::{Host, HostPort},
};
use crate::flow::Transport;

/// What every branch begins with that was made by RFC 3261 (§8.1.1.7).
pub const MAGIC_COOKIE: &str = "z9hG4bK";

/// One hop of a request's way.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Via {
    /// The transport, if it is one that we know.
    pub transport: Option<Transport>,
    /// Its name as it was written.
    pub transport_name: String,
    /// The sender's host, by its own word.
    pub host: Host,
    /// The sender's port, by its own word; `None`: the transport's own.
    pub port: Option<u16>,
    /// Branch, received, rport …
    pub params: Params,
}

impl Via {
    /// A hop of ours.
    #[must_use]
    pub fn new(transport: Transport, sent_by: impl Into<HostPort>) -> Self {
        let HostPort { host, port } = sent_by.into();
        let (transport, transport_name) = (Some(transport), transport.via_name().to_owned());
        Self { transport, transport_name, host, port, params: Params::new() }
    }

    /// With this parameter.
    #[must_use]
    pub fn with_param(mut self, name: &str, value: Option<&str>) -> Self {
        self.params.set(name, value);
        self
    }

    /// The transaction's name, if it is made by RFC 3261: the magic cookie with something after it. Others, of RFC 2543 or
    /// of the cookie alone, name nothing.
    #[must_use]
    pub fn branch(&self) -> Option<&str> {
        self.params.get("branch").filter(|branch| {
            branch.len() > MAGIC_COOKIE.len()
                && branch.as_bytes()[..MAGIC_COOKIE.len()].eq_ignore_ascii_case(MAGIC_COOKIE.as_bytes())
        })
    }

    /// Where the request came from, as who received it has written.
    #[must_use]
    pub fn received(&self) -> Option<IpAddr> {
        let text = self.params.get("received")?;
        text.trim_start_matches('[').trim_end_matches(']').parse().ok()
    }

    /// The port that the request came from, as who received it has written (RFC 3581).
    #[must_use]
    pub fn rport(&self) -> Option<u16> {
        self.params.get("rport")?.parse().ok()
    }

    /// Whether the sender wants its answer at the port that it sends from (RFC 3581 §3).
    #[must_use]
    pub fn wants_rport(&self) -> bool {
        self.params.has("rport")
    }

    /// Host and port, by the sender's own word.
    #[must_use]
    pub fn sent_by(&self) -> HostPort {
        HostPort { host: self.host.clone(), port: self.port }
    }
}

impl FromStr for Via {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        const FORM: ValueError = ValueError("not SIP/2.0/transport host");
        let (hop, params) = text.split_at(text.find(';').unwrap_or(text.len()));
        let (name, rest) = hop.split_once('/').ok_or(FORM)?;
        let (version, rest) = rest.split_once('/').ok_or(FORM)?;
        if !trim(name).eq_ignore_ascii_case("SIP") || trim(version) != "2.0" {
            return Err(FORM);
        }
        let (transport, sent_by) = trim(rest).split_once([' ', '\t']).ok_or(FORM)?;
        if !is_token(transport) {
            return Err(ValueError("a malformed transport"));
        }
        const HOST: ValueError = ValueError("a malformed host");
        let sent_by = trim(sent_by);
        let HostPort { host, port } = if sent_by.contains([' ', '\t']) {
            // White space may stand around the colon before the port, and nowhere else.
            let (host, port) = sent_by.rsplit_once(':').ok_or(HOST)?;
            let port = text::number(trim(port)).and_then(|port| u16::try_from(port).ok()).ok_or(HOST)?;
            HostPort { host: trim(host).parse().map_err(|_| HOST)?, port: Some(port) }
        } else {
            sent_by.parse().map_err(|_| HOST)?
        };
        Ok(Self {
            transport: Transport::from_name(transport),
            transport_name: transport.to_owned(),
            host,
            port,
            params: Params::parse(params).map_err(ValueError)?,
        })
    }
}

impl fmt::Display for Via {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SIP/2.0/{} {}", self.transport_name, self.host)?;
        if let Some(port) = self.port {
            write!(f, ":{port}")?;
        }
        self.params.fmt(f)
    }
}
