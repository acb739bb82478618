//! What do the headers say? Each is read when it is asked for, and an error names the header and what is wrong with it.

use std::str::FromStr;

use super::{
    address::{NameAddr, ValueError},
    headers::Headers,
    name::Name,
    text,
    values::{CSeq, Parameterised, RAck, Reason, Replaces, SessionExpires},
    via::Via,
};

/// A header that is missing where it must be, or malformed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name}: {what}")]
pub struct HeaderError {
    /// Which.
    pub name: Name,
    /// What is wrong, in words.
    pub what: &'static str,
}

/// Where somebody can be reached: what the `Contact` lines hold together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Contacts {
    /// `*`: all that are registered, to be removed (RFC 3261 §10.2.2).
    All,
    /// These; none, if there is no such line.
    List(Vec<NameAddr>),
}

impl Contacts {
    /// The first address, where one is expected: in a dialog.
    #[must_use]
    pub fn first(&self) -> Option<&NameAddr> {
        match self {
            Self::All => None,
            Self::List(list) => list.first(),
        }
    }
}

/// The error of a header that is not there.
const MISSING: &str = "missing";

impl Headers {
    /// Reads the first of this name.
    ///
    /// # Errors
    /// When it is malformed; when it is not there: `Ok(None)`.
    pub fn read<T: FromStr<Err = ValueError>>(&self, name: &Name) -> Result<Option<T>, HeaderError> {
        let read = |value: &str| value.parse().map_err(|ValueError(what)| HeaderError { name: name.clone(), what });
        self.get(name).map(read).transpose()
    }

    /// Reads the first of this name, which must be there.
    fn required<T: FromStr<Err = ValueError>>(&self, name: Name) -> Result<T, HeaderError> {
        self.read(&name)?.ok_or(HeaderError { name, what: MISSING })
    }

    /// Reads all elements of this name; an empty element is an error.
    ///
    /// # Errors
    /// When one is malformed.
    pub fn read_list<T: FromStr<Err = ValueError>>(&self, name: &Name) -> Result<Vec<T>, HeaderError> {
        self.all(name)
            .flat_map(|value| text::split(value, b','))
            .map(|element| element.parse().map_err(|ValueError(what)| HeaderError { name: name.clone(), what }))
            .collect()
    }

    /// The topmost `Via`.
    ///
    /// # Errors
    /// When there is none, or it is malformed.
    pub fn via(&self) -> Result<Via, HeaderError> {
        let error = |what| HeaderError { name: Name::Via, what };
        let line = self.get(&Name::Via).ok_or_else(|| error(MISSING))?;
        let top = text::split(line, b',').next().unwrap_or(line);
        top.parse().map_err(|ValueError(what)| error(what))
    }

    /// All `Via`s, the topmost first.
    ///
    /// # Errors
    /// When one is malformed.
    pub fn vias(&self) -> Result<Vec<Via>, HeaderError> {
        self.read_list(&Name::Via)
    }

    /// Who sent the dialog's first request, or this one.
    ///
    /// # Errors
    /// When it is missing or malformed.
    pub fn from(&self) -> Result<NameAddr, HeaderError> {
        self.required(Name::From)
    }

    /// Whom it is for.
    ///
    /// # Errors
    /// When it is missing or malformed.
    pub fn to(&self) -> Result<NameAddr, HeaderError> {
        self.required(Name::To)
    }

    /// Gives `To` this tag, unless it has one (RFC 3261 §8.2.6.2).
    ///
    /// # Errors
    /// When it is missing or malformed.
    pub fn tag_to(&mut self, tag: &str) -> Result<(), HeaderError> {
        let to = self.to()?;
        if to.tag().is_none() {
            self.set(Name::To, to.with_tag(tag).to_string());
        }
        Ok(())
    }

    /// The call's name.
    ///
    /// # Errors
    /// When it is missing, or empty, or holds white space.
    pub fn call_id(&self) -> Result<&str, HeaderError> {
        match self.get(&Name::CallId) {
            None => Err(HeaderError { name: Name::CallId, what: MISSING }),
            Some(id) if id.is_empty() || id.contains([' ', '\t']) => {
                Err(HeaderError { name: Name::CallId, what: "not one word" })
            }
            Some(id) => Ok(id),
        }
    }

    /// The request's place in its dialog.
    ///
    /// # Errors
    /// When it is missing or malformed.
    pub fn cseq(&self) -> Result<CSeq, HeaderError> {
        self.required(Name::CSeq)
    }

    /// Where the sender can be reached.
    ///
    /// # Errors
    /// When one is malformed, or `*` is not alone.
    pub fn contacts(&self) -> Result<Contacts, HeaderError> {
        let mut elements = self.all(&Name::Contact).flat_map(|value| text::split(value, b','));
        if elements.next() == Some("*") {
            return match elements.next() {
                None => Ok(Contacts::All),
                Some(_) => Err(HeaderError { name: Name::Contact, what: "* with other addresses" }),
            };
        }
        self.read_list(&Name::Contact).map(Contacts::List)
    }

    /// How many hops the request may still make: 0 to 255.
    ///
    /// # Errors
    /// When it is malformed or larger.
    pub fn max_forwards(&self) -> Result<Option<u8>, HeaderError> {
        let error = HeaderError { name: Name::MaxForwards, what: "not a number of 0 to 255" };
        self.number(&Name::MaxForwards)
            .map_or(Ok(None), |n| n.and_then(|n| u8::try_from(n).ok()).map(Some).ok_or(error))
    }

    /// The length of the body, in bytes.
    ///
    /// # Errors
    /// When it is no number.
    pub fn content_length(&self) -> Result<Option<usize>, HeaderError> {
        let error = HeaderError { name: Name::ContentLength, what: "not a number" };
        self.number(&Name::ContentLength)
            .map_or(Ok(None), |n| n.and_then(|n| usize::try_from(n).ok()).map(Some).ok_or(error))
    }

    /// The first of this name as a number: `None` if it is not there, `Some(None)` if it is no number.
    fn number(&self, name: &Name) -> Option<Option<u64>> {
        self.get(name).map(text::number)
    }

    /// The hops that the request must still make, the next first.
    ///
    /// # Errors
    /// When one is malformed.
    pub fn routes(&self) -> Result<Vec<NameAddr>, HeaderError> {
        self.read_list(&Name::Route)
    }

    /// The proxies that want to stay in the dialog, the last one first.
    ///
    /// # Errors
    /// When one is malformed.
    pub fn record_routes(&self) -> Result<Vec<NameAddr>, HeaderError> {
        self.read_list(&Name::RecordRoute)
    }

    /// A number of seconds: `Expires`, `Min-Expires`, `Min-SE`, `Retry-After`. Larger than fits is the largest; what is no
    /// number is as if it were not there.
    fn seconds(&self, name: &Name) -> Option<u32> {
        let text = self.get(name)?;
        let digits = &text[..text.bytes().position(|b| !b.is_ascii_digit()).unwrap_or(text.len())];
        text::number(digits).map(|seconds| u32::try_from(seconds).unwrap_or(u32::MAX))
    }

    /// How long it is valid, in seconds (RFC 3261 §20.19).
    #[must_use]
    pub fn expires(&self) -> Option<u32> {
        self.seconds(&Name::Expires)
    }

    /// The shortest that a registrar takes, in seconds (RFC 3261 §20.23).
    #[must_use]
    pub fn min_expires(&self) -> Option<u32> {
        self.seconds(&Name::MinExpires)
    }

    /// The shortest session interval that is taken, in seconds (RFC 4028 §5).
    #[must_use]
    pub fn min_se(&self) -> Option<u32> {
        self.seconds(&Name::MinSe)
    }

    /// After how many seconds to try again (RFC 3261 §20.33).
    #[must_use]
    pub fn retry_after(&self) -> Option<u32> {
        self.seconds(&Name::RetryAfter)
    }

    /// The number of a reliable response (RFC 3262 §7.1).
    ///
    /// # Errors
    /// When it is no number from 1 to 2³²−1.
    pub fn rseq(&self) -> Result<Option<u32>, HeaderError> {
        let error = HeaderError { name: Name::RSeq, what: "not a number from 1 to 2^32-1" };
        let read = |n: Option<u64>| n.and_then(|n| u32::try_from(n).ok()).filter(|n| *n > 0).map(Some).ok_or(error);
        self.number(&Name::RSeq).map_or(Ok(None), read)
    }

    /// Which reliable response a PRACK acknowledges.
    ///
    /// # Errors
    /// When it is missing or malformed.
    pub fn rack(&self) -> Result<RAck, HeaderError> {
        self.required(Name::RAck)
    }

    /// How long the session lives without a refresh.
    ///
    /// # Errors
    /// When it is malformed.
    pub fn session_expires(&self) -> Result<Option<SessionExpires>, HeaderError> {
        self.read(&Name::SessionExpires)
    }

    /// Where a REFER points.
    ///
    /// # Errors
    /// When it is missing or malformed.
    pub fn refer_to(&self) -> Result<NameAddr, HeaderError> {
        self.required(Name::ReferTo)
    }

    /// The dialog that an INVITE takes the place of.
    ///
    /// # Errors
    /// When it is malformed.
    pub fn replaces(&self) -> Result<Option<Replaces>, HeaderError> {
        self.read(&Name::Replaces)
    }

    /// The event package, with its `id`.
    ///
    /// # Errors
    /// When it is malformed.
    pub fn event(&self) -> Result<Option<Parameterised>, HeaderError> {
        self.read(&Name::Event)
    }

    /// `active`, `pending` or `terminated`, with its reason.
    ///
    /// # Errors
    /// When it is malformed.
    pub fn subscription_state(&self) -> Result<Option<Parameterised>, HeaderError> {
        self.read(&Name::SubscriptionState)
    }

    /// The type of the body, with its parameters.
    ///
    /// # Errors
    /// When it is malformed.
    pub fn content_type(&self) -> Result<Option<Parameterised>, HeaderError> {
        self.read(&Name::ContentType)
    }

    /// Whether the body is of this type, such as `application/sdp`.
    #[must_use]
    pub fn is_content_type(&self, wanted: &str) -> bool {
        let media_type =
            |value: &str| value.split(';').next().is_some_and(|t| text::trim(t).eq_ignore_ascii_case(wanted));
        self.get(&Name::ContentType).is_some_and(media_type)
    }

    /// Why the request was sent: the first reason of several.
    #[must_use]
    pub fn reason(&self) -> Option<Reason> {
        self.elements(&Name::Reason).next()?.parse().ok()
    }

    /// Whether a list of tokens (`Supported`, `Require`, `Allow` …) names this one.
    #[must_use]
    pub fn has_option(&self, name: &Name, option: &str) -> bool {
        self.elements(name).any(|element| element.eq_ignore_ascii_case(option))
    }
}
