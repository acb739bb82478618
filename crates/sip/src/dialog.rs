//! A dialog: what two user agents agree on for the requests between them (RFC 3261 §12).
//!
//! Plain data. Its requests leave through [`crate::transaction::Transactions`]; which way they go is the owner's business.

use std::fmt;

use crate::message::{Contacts, HeaderError, Host, Method, Name, NameAddr, Request, Response, Uri};

/// What names a dialog at one end (RFC 3261 §12): the tags are empty for a user agent older than RFC 3261.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DialogId {
    /// `Call-ID`.
    pub call_id: String,
    /// Our tag.
    pub local_tag: String,
    /// The other end's tag.
    pub remote_tag: String,
}

impl DialogId {
    /// The dialog that a request from the other end belongs to; `None` when it has no `To` tag and so belongs to none.
    ///
    /// # Errors
    /// `From`, `To` or `Call-ID` is missing or malformed.
    pub fn of_request(request: &Request) -> Result<Option<Self>, HeaderError> {
        let to = request.headers.to()?;
        let Some(local_tag) = to.tag() else { return Ok(None) };
        Ok(Some(Self {
            call_id: request.headers.call_id()?.to_owned(),
            local_tag: local_tag.to_owned(),
            remote_tag: request.headers.from()?.tag().unwrap_or_default().to_owned(),
        }))
    }
}

impl fmt::Display for DialogId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{};{};{}", self.call_id, self.local_tag, self.remote_tag)
    }
}

/// A request came whose `CSeq` is not above the last one's: 500 (RFC 3261 §12.2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("CSeq {got} does not follow {last}")]
pub struct OutOfSequence {
    /// The number of the last request.
    pub last: u32,
    /// The number of this one.
    pub got: u32,
}

/// One end of a dialog.
#[derive(Debug, Clone, PartialEq)]
pub struct Dialog {
    call_id: String,
    local: NameAddr,
    remote: NameAddr,
    local_seq: u32,
    remote_seq: Option<u32>,
    routes: Vec<NameAddr>,
    target: Uri,
}

impl Dialog {
    /// The dialog that our answer with tag `local_tag` to `request` makes (RFC 3261 §12.1.1).
    ///
    /// # Errors
    /// A header that a dialog needs (`From`, `To`, `Call-ID`, `CSeq`, one `Contact`) is missing or malformed.
    pub fn uas(request: &Request, local_tag: &str) -> Result<Self, HeaderError> {
        let headers = &request.headers;
        Ok(Self {
            call_id: headers.call_id()?.to_owned(),
            local: headers.to()?.with_tag(local_tag),
            remote: headers.from()?,
            local_seq: 0,
            remote_seq: Some(headers.cseq()?.number),
            routes: headers.record_routes()?,
            target: contact(headers.contacts()?)?,
        })
    }

    /// The dialog that `response` to our `request` makes (RFC 3261 §12.1.2). A provisional response may lack `Contact`; the
    /// request's target stands in for it.
    ///
    /// # Errors
    /// A header that a dialog needs is missing or malformed.
    pub fn uac(request: &Request, response: &Response) -> Result<Self, HeaderError> {
        let headers = &response.headers;
        let mut routes = headers.record_routes()?;
        routes.reverse();
        let target = match headers.contacts().and_then(contact) {
            Ok(target) => target,
            Err(_) if response.status < 200 => request.uri.clone(),
            Err(error) => return Err(error),
        };
        Ok(Self {
            call_id: headers.call_id()?.to_owned(),
            local: request.headers.from()?,
            remote: headers.to()?,
            local_seq: request.headers.cseq()?.number,
            remote_seq: None,
            routes,
            target,
        })
    }

    /// What names it.
    #[must_use]
    pub fn id(&self) -> DialogId {
        DialogId {
            call_id: self.call_id.clone(),
            local_tag: self.local.tag().unwrap_or_default().to_owned(),
            remote_tag: self.remote.tag().unwrap_or_default().to_owned(),
        }
    }

    /// Where the other end wants to be reached.
    #[must_use]
    pub const fn target(&self) -> &Uri {
        &self.target
    }

    /// The number of our last request.
    #[must_use]
    pub const fn local_seq(&self) -> u32 {
        self.local_seq
    }

    /// The other end's name and address.
    #[must_use]
    pub const fn remote(&self) -> &NameAddr {
        &self.remote
    }

    /// Our name and address.
    #[must_use]
    pub const fn local(&self) -> &NameAddr {
        &self.local
    }

    /// The URI to whose address a request must be sent (RFC 3261 §8.1.2): the first route, else the target.
    #[must_use]
    pub fn next_hop(&self) -> &Uri {
        self.routes.first().map_or(&self.target, |route| &route.uri)
    }

    /// A new request inside the dialog (RFC 3261 §12.2.1.1); `Via`, and `Contact` where it is needed, are not its business.
    #[must_use]
    pub fn request(&mut self, method: Method) -> Request {
        debug_assert!(!matches!(method, Method::Ack | Method::Cancel), "ACK and CANCEL have their INVITE's number");
        self.local_seq += 1;
        self.build(method, self.local_seq)
    }

    /// Makes a request of this dialog, which was refused, a new one of it: with the next number.
    pub fn again(&mut self, request: &mut Request) {
        self.local_seq += 1;
        request.headers.set(Name::CSeq, format!("{} {}", self.local_seq, request.method));
    }

    /// The ACK of the 2xx to our INVITE with number `invite_seq` (RFC 3261 §13.2.2.4).
    #[must_use]
    pub fn ack(&self, invite_seq: u32) -> Request {
        self.build(Method::Ack, invite_seq)
    }

    fn build(&self, method: Method, seq: u32) -> Request {
        let strict = self.routes.first().filter(|route| !route.uri.params.has("lr"));
        let uri = strict.map_or(&self.target, |route| &route.uri).clone();
        let mut request = Request::new(method.clone(), uri);
        let headers = &mut request.headers;
        headers.push(Name::MaxForwards, "70");
        for route in self.routes.iter().skip(usize::from(strict.is_some())) {
            headers.push(Name::Route, route.to_string());
        }
        if strict.is_some() {
            headers.push(Name::Route, format!("<{}>", self.target));
        }
        headers.push(Name::From, self.local.to_string());
        headers.push(Name::To, self.remote.to_string());
        headers.push(Name::CallId, self.call_id.clone());
        headers.push(Name::CSeq, format!("{seq} {method}"));
        request
    }

    /// Takes note of a request from the other end: its number must be above the last one's (RFC 3261 §12.2.2).
    ///
    /// # Errors
    /// It is not; the request is to be answered 500.
    pub fn receive(&mut self, seq: u32) -> Result<(), OutOfSequence> {
        match self.remote_seq {
            Some(last) if seq <= last => Err(OutOfSequence { last, got: seq }),
            Some(_) | None => {
                self.remote_seq = Some(seq);
                Ok(())
            }
        }
    }

    /// Follows the other end to where its target-refreshing message (INVITE, UPDATE, their 2xx) says that it is.
    pub fn refresh_target(&mut self, contacts: Result<Contacts, HeaderError>) {
        if let Ok(target) = contacts.and_then(contact) {
            self.target = target;
        }
    }

    /// Takes the tag and the route of the response that confirms an early dialog: RFC 3261 §13.2.2.4 has the route set
    /// computed anew from the 2xx.
    ///
    /// # Errors
    /// `Record-Route` or `Contact` is missing or malformed.
    pub fn confirm(&mut self, response: &Response) -> Result<(), HeaderError> {
        let mut routes = response.headers.record_routes()?;
        routes.reverse();
        self.routes = routes;
        self.target = contact(response.headers.contacts()?)?;
        Ok(())
    }

    /// Whether the other end's address is an IP address, so that it can be reached without a name server.
    #[must_use]
    pub fn next_hop_address(&self) -> Option<std::net::SocketAddr> {
        let uri = self.next_hop();
        match uri.host {
            Host::Ip(ip) => Some((ip, uri.port.unwrap_or(5060)).into()),
            Host::Name(_) => None,
        }
    }
}

fn contact(contacts: Contacts) -> Result<Uri, HeaderError> {
    let missing = || HeaderError { name: Name::Contact, what: "one address is needed" };
    match contacts {
        Contacts::List(list) => list.into_iter().next().map(|contact| contact.uri).ok_or_else(missing),
        Contacts::All => Err(missing()),
    }
}
