//! Which header is it? Names are matched without case, their compact forms are read, and the long form is written.

use std::{
    fmt,
    hash::{Hash, Hasher},
};

/// Writes the enum and the two tables that go with it from one list: variant, long form, small letters to match.
macro_rules! names {
    ($($(#[$doc:meta])* $variant:ident $long:literal $($small:literal)|+;)*) => {
        /// A header's name. Two are equal when they differ in nothing but case.
        #[derive(Debug, Clone)]
        #[expect(missing_docs, reason = "each is the header of its name")]
        pub enum Name {
            $($(#[$doc])* $variant,)*
            /// Any other, as it was written. Never holds the name of one above: make it with [`Name::from`].
            Other(Box<str>),
        }

        impl Name {
            /// The long form.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $long,)*
                    Self::Other(name) => name,
                }
            }

            /// The header of this name, long or compact, in small letters.
            fn known(small: &[u8]) -> Option<Self> {
                Some(match small {
                    $($($small)|+ => Self::$variant,)*
                    _ => return None,
                })
            }
        }
    };
}

names! {
    Accept "Accept" b"accept";
    AlertInfo "Alert-Info" b"alert-info";
    Allow "Allow" b"allow";
    AllowEvents "Allow-Events" b"allow-events" | b"u";
    Authorization "Authorization" b"authorization";
    CallId "Call-ID" b"call-id" | b"i";
    CallInfo "Call-Info" b"call-info";
    Contact "Contact" b"contact" | b"m";
    ContentDisposition "Content-Disposition" b"content-disposition";
    ContentEncoding "Content-Encoding" b"content-encoding" | b"e";
    ContentLength "Content-Length" b"content-length" | b"l";
    ContentType "Content-Type" b"content-type" | b"c";
    CSeq "CSeq" b"cseq";
    Date "Date" b"date";
    Diversion "Diversion" b"diversion";
    Event "Event" b"event" | b"o";
    Expires "Expires" b"expires";
    From "From" b"from" | b"f";
    HistoryInfo "History-Info" b"history-info";
    MaxForwards "Max-Forwards" b"max-forwards";
    MinExpires "Min-Expires" b"min-expires";
    MinSe "Min-SE" b"min-se";
    PAssertedIdentity "P-Asserted-Identity" b"p-asserted-identity";
    PPreferredIdentity "P-Preferred-Identity" b"p-preferred-identity";
    Path "Path" b"path";
    Privacy "Privacy" b"privacy";
    ProxyAuthenticate "Proxy-Authenticate" b"proxy-authenticate";
    ProxyAuthorization "Proxy-Authorization" b"proxy-authorization";
    ProxyRequire "Proxy-Require" b"proxy-require";
    RAck "RAck" b"rack";
    Reason "Reason" b"reason";
    RecordRoute "Record-Route" b"record-route";
    ReferredBy "Referred-By" b"referred-by" | b"b";
    ReferTo "Refer-To" b"refer-to" | b"r";
    RemotePartyId "Remote-Party-ID" b"remote-party-id";
    Replaces "Replaces" b"replaces";
    Require "Require" b"require";
    RetryAfter "Retry-After" b"retry-after";
    Route "Route" b"route";
    RSeq "RSeq" b"rseq";
    Server "Server" b"server";
    SessionExpires "Session-Expires" b"session-expires" | b"x";
    Subject "Subject" b"subject" | b"s";
    SubscriptionState "Subscription-State" b"subscription-state";
    Supported "Supported" b"supported" | b"k";
    To "To" b"to" | b"t";
    Unsupported "Unsupported" b"unsupported";
    UserAgent "User-Agent" b"user-agent";
    Via "Via" b"via" | b"v";
    Warning "Warning" b"warning";
    WwwAuthenticate "WWW-Authenticate" b"www-authenticate";
}

/// The compact forms of headers that are only passed on here (IANA, "SIP Parameters", Header Fields).
const OTHER_COMPACT: [(&str, &str); 5] = [
    ("a", "Accept-Contact"),
    ("d", "Request-Disposition"),
    ("j", "Reject-Contact"),
    ("n", "Identity-Info"),
    ("y", "Identity"),
];

/// Longer than any name that is known.
const LONGEST: usize = 24;

impl From<&str> for Name {
    fn from(name: &str) -> Self {
        let mut small = [0_u8; LONGEST];
        if let Some(small) = small.get_mut(..name.len()) {
            small.copy_from_slice(name.as_bytes());
            small.make_ascii_lowercase();
            if let Some(known) = Self::known(small) {
                return known;
            }
        }
        let other = OTHER_COMPACT.iter().find(|(compact, _)| compact.eq_ignore_ascii_case(name));
        Self::Other(other.map_or(name, |(_, long)| long).into())
    }
}

impl PartialEq for Name {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Other(a), Self::Other(b)) => a.eq_ignore_ascii_case(b),
            _ => std::mem::discriminant(self) == std::mem::discriminant(other),
        }
    }
}

impl Eq for Name {}

impl Hash for Name {
    fn hash<H: Hasher>(&self, state: &mut H) {
        std::mem::discriminant(self).hash(state);
        if let Self::Other(name) = self {
            name.bytes().for_each(|byte| byte.to_ascii_lowercase().hash(state));
        }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
