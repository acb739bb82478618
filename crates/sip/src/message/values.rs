//! The smaller values of headers: sequence numbers, session timers, whom a call replaces, and why it ended.

use std::{fmt, str::FromStr};

use super::{
    address::ValueError,
    method::Method,
    params::Params,
    text::{self, is_token, trim},
};

/// A request's place in its dialog (RFC 3261 §20.16).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CSeq {
    /// Below 2³¹ (RFC 3261 §8.1.1.5).
    pub number: u32,
    /// The request's method.
    pub method: Method,
}

/// Which reliable response is acknowledged (RFC 3262 §7.2).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RAck {
    /// The response's `RSeq`.
    pub rseq: u32,
    /// The number of the response's `CSeq`.
    pub cseq: u32,
    /// The method of the response's `CSeq`.
    pub method: Method,
}

/// Who refreshes a session (RFC 4028 §4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Refresher {
    /// Who sent the request.
    Uac,
    /// Who answers it.
    Uas,
}

/// How long a session lives without being refreshed (RFC 4028 §4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SessionExpires {
    /// Seconds.
    pub seconds: u32,
    /// Who refreshes, if that is settled.
    pub refresher: Option<Refresher>,
}

/// The dialog that an INVITE takes the place of (RFC 3891 §6.1); the tags are as its receiver sees them.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Replaces {
    /// The dialog's Call-ID.
    pub call_id: String,
    /// The receiver's own tag.
    pub to_tag: String,
    /// The other side's tag.
    pub from_tag: String,
    /// Only while it is not answered.
    pub early_only: bool,
}

/// A token with parameters, the form of many headers: `refer;id=4`, `active;expires=60`, `application/sdp;charset=utf-8`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Parameterised {
    /// What stands before the first semicolon.
    pub value: String,
    /// The rest.
    pub params: Params,
}

/// Why a request was sent, mostly BYE and CANCEL (RFC 3326).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Reason {
    /// `SIP`, `Q.850` …
    pub protocol: String,
    /// The status or cause.
    pub cause: Option<u16>,
    /// For people.
    pub text: Option<String>,
}

/// A number of at most 2³¹−1.
fn sequence(text: &str) -> Option<u32> {
    text::number(text).and_then(|number| u32::try_from(number).ok()).filter(|number| *number < 1 << 31)
}

/// The words between white space.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split([' ', '\t']).filter(|word| !word.is_empty())
}

fn method(text: Option<&str>) -> Result<Method, ValueError> {
    text.filter(|text| is_token(text)).map(Method::from).ok_or(ValueError("a malformed method"))
}

impl FromStr for CSeq {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let mut words = words(text);
        let number = words.next().and_then(sequence).ok_or(ValueError("not a number below 2^31"))?;
        let method = method(words.next())?;
        words.next().map_or(Ok(Self { number, method }), |_| Err(ValueError("text after the method")))
    }
}

impl FromStr for RAck {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let mut words = words(text);
        let (rseq, cseq) = (words.next().and_then(sequence), words.next().and_then(sequence));
        let (Some(rseq), Some(cseq)) = (rseq, cseq) else { return Err(ValueError("not two numbers below 2^31")) };
        let method = method(words.next())?;
        words.next().map_or(Ok(Self { rseq, cseq, method }), |_| Err(ValueError("text after the method")))
    }
}

impl FromStr for Parameterised {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let (value, params) = text.split_at(text.find(';').unwrap_or(text.len()));
        let value = trim(value);
        if value.is_empty() {
            return Err(ValueError("no value"));
        }
        Ok(Self { value: value.to_owned(), params: Params::parse(params).map_err(ValueError)? })
    }
}

impl FromStr for SessionExpires {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let Parameterised { value, params } = text.parse()?;
        let seconds = text::number(&value).ok_or(ValueError("not a number of seconds"))?;
        let refresher = match params.get("refresher") {
            Some(who) if who.eq_ignore_ascii_case("uac") => Some(Refresher::Uac),
            Some(who) if who.eq_ignore_ascii_case("uas") => Some(Refresher::Uas),
            Some(_) | None => None,
        };
        Ok(Self { seconds: u32::try_from(seconds).unwrap_or(u32::MAX), refresher })
    }
}

impl FromStr for Replaces {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let Parameterised { value, params } = text.parse()?;
        let tag = |name| params.get(name).map(str::to_owned);
        Ok(Self {
            call_id: value,
            to_tag: tag("to-tag").ok_or(ValueError("no to-tag"))?,
            from_tag: tag("from-tag").ok_or(ValueError("no from-tag"))?,
            early_only: params.has("early-only"),
        })
    }
}

impl FromStr for Reason {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let Parameterised { value, params } = text.parse()?;
        let cause = params.get("cause").and_then(|cause| cause.parse().ok());
        Ok(Self { protocol: value, cause, text: params.get("text").map(str::to_owned) })
    }
}

impl fmt::Display for CSeq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.number, self.method)
    }
}

impl fmt::Display for RAck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.rseq, self.cseq, self.method)
    }
}

impl fmt::Display for Parameterised {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.value, self.params)
    }
}

impl fmt::Display for SessionExpires {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.seconds)?;
        match self.refresher {
            Some(Refresher::Uac) => f.write_str(";refresher=uac"),
            Some(Refresher::Uas) => f.write_str(";refresher=uas"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Replaces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{};to-tag={};from-tag={}", self.call_id, self.to_tag, self.from_tag)?;
        f.write_str(if self.early_only { ";early-only" } else { "" })
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.protocol)?;
        if let Some(cause) = self.cause {
            write!(f, ";cause={cause}")?;
        }
        if let Some(text) = &self.text {
            f.write_str(";text=")?;
            text::write_quoted(f, text)?;
        }
        Ok(())
    }
}
