//! Is a message that can be read also one that can be served? The judgements of RFC 4475.

use super::{
    Headers, Method, Name, Request, Response,
    address::NameAddr,
    parse::{Fault, Malformed},
    typed::HeaderError,
    uri::Scheme,
};

/// Checks what every request must have before anything is done with it (RFC 3261 §8.1.1): Via, From, To, Call-ID and CSeq,
/// each well-formed and all but Via exactly once; the method of the CSeq; Max-Forwards of 0 to 255, if it is there;
/// well-formed Contact, Route and Record-Route, if they are there; a Request-URI without headers and of a known scheme.
/// [`super::parse()`] and [`super::Framer`] have checked this already.
///
/// # Errors
/// With 400; 416 for the scheme, 501 for an unknown method with another one in its CSeq.
pub fn validate(request: &Request) -> Result<(), Malformed> {
    judge_request(request).map_err(|fault| Malformed::of_request(fault, request))
}

pub(super) fn judge_request(request: &Request) -> Result<(), Fault> {
    let headers = &request.headers;
    judge_common(headers, &request.method)?;
    for name in [Name::MaxForwards, Name::ContentLength] {
        at_most_once(headers, &name)?;
    }
    headers.max_forwards()?;
    headers.content_length()?;
    headers.routes()?;
    match &request.uri.scheme {
        Scheme::Sip | Scheme::Sips | Scheme::Tel if request.uri.headers.is_empty() => Ok(()),
        Scheme::Sip | Scheme::Sips | Scheme::Tel => Err(Fault::new(400, "Headers in the Request-URI")),
        Scheme::Other(_) => Err(Fault::new(416, "Unsupported URI Scheme")),
    }
}

pub(super) fn judge_response(response: &Response) -> Result<(), Fault> {
    let method = response.headers.cseq()?.method;
    judge_common(&response.headers, &method)
}

/// What request and response have in common.
fn judge_common(headers: &Headers, method: &Method) -> Result<(), Fault> {
    if headers.vias()?.is_empty() {
        return Err(HeaderError { name: Name::Via, what: "missing" }.into());
    }
    for name in [Name::From, Name::To, Name::CallId, Name::CSeq] {
        at_most_once(headers, &name)?;
    }
    headers.from()?;
    headers.to()?;
    headers.call_id()?;
    if headers.cseq()?.method != *method {
        // RFC 4475 §3.1.2.18: of a method that nobody knows, that is what matters.
        let is_known = !matches!(method, Method::Other(_));
        return Err(if is_known {
            Fault::new(400, "CSeq: another method")
        } else {
            Fault::new(501, "Not Implemented")
        });
    }
    headers.contacts()?;
    headers.read_list::<NameAddr>(&Name::RecordRoute)?;
    Ok(())
}

fn at_most_once(headers: &Headers, name: &Name) -> Result<(), HeaderError> {
    headers.all(name).nth(1).map_or(Ok(()), |_| Err(HeaderError { name: name.clone(), what: "more than once" }))
}
