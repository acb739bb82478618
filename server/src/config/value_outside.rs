//! The types of the keys of what Tandem uses outside of itself: the mail server, the object store. See [`super::value`].

use std::time::Duration;

use tandem_mail::{Mailbox, Transport};

use super::value::Setting;

/// Who sends e-mails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sender(pub Mailbox);

impl Setting for Sender {
    const EXPECTED: &'static str = "an e-mail address, perhaps with a name, such as Tandem <tandem@example.com>";

    fn read(text: &str) -> Option<Self> {
        text.parse().ok().map(Self)
    }
}

/// The mail server, with user and password.
#[derive(Debug, Clone)]
pub struct MailServer(pub Transport);

impl Setting for MailServer {
    const EXPECTED: &'static str = "smtp://USER:PASSWORD@HOST:587 or smtps://USER:PASSWORD@HOST, with ?tls=required, \
                                    ?tls=opportunistic or ?tls=none, and ?ca=FILE for a certificate of your own";
    const IS_SECRET: bool = true;

    fn read(text: &str) -> Option<Self> {
        Transport::parse(text).ok().map(Self)
    }
}

/// Where recordings are kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Storage(pub String);

impl Setting for Storage {
    const EXPECTED: &'static str = "file:///FOLDER, s3://BUCKET or s3://BUCKET/PREFIX";

    fn read(text: &str) -> Option<Self> {
        let known = ["file:///", "s3://"].iter().any(|scheme| text.len() > scheme.len() && text.starts_with(scheme));
        (text.is_empty() || known).then(|| Self(text.to_owned()))
    }
}

/// The address of something that is reached by HTTP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebAddress(pub url::Url);

impl WebAddress {
    /// Scheme, host and port, as in an `Origin` header.
    pub fn origin(&self) -> String {
        self.0.origin().ascii_serialization()
    }
}

impl Setting for WebAddress {
    const EXPECTED: &'static str = "https:// and a host, perhaps with a path; http:// on this machine alone";

    fn read(text: &str) -> Option<Self> {
        let url: url::Url = text.parse().ok()?;
        let here = match url.host()? {
            url::Host::Domain(name) => name == "localhost",
            url::Host::Ipv4(address) => address.is_loopback(),
            url::Host::Ipv6(address) => address.is_loopback(),
        };
        let sound = match url.scheme() {
            "https" => true,
            "http" => here,
            _ => false,
        };
        let plain = url.username().is_empty() && url.password().is_none() && url.query().is_none();
        (sound && plain && url.fragment().is_none()).then_some(Self(url))
    }
}

/// Times that follow each other.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Durations(pub Vec<Duration>);

impl Setting for Durations {
    const EXPECTED: &'static str = "at most 10 times with s, m, h or d, such as 1d, 3d, 5d";
    const IS_LIST: bool = true;

    fn read(text: &str) -> Option<Self> {
        let words = text.split(',').map(str::trim).filter(|word| !word.is_empty());
        let times: Vec<Duration> = words.map(Duration::read).collect::<Option<_>>()?;
        (times.len() <= 10).then_some(Self(times))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sender_has_an_address_and_perhaps_a_name() {
        let read = |text| Sender::read(text).map(|sender| sender.0.to_string());
        assert_eq!(read("tandem@example.com").as_deref(), Some("tandem@example.com"));
        assert_eq!(read("Tandem <tandem@example.com>").as_deref(), Some("Tandem <tandem@example.com>"));
        assert_eq!(read("Tandem"), None);
        assert_eq!(read(""), None);
    }

    #[test]
    fn a_mail_server_and_an_object_store_have_addresses() {
        assert!(MailServer::read("smtp://tandem:secret@mail.example:587").is_some());
        assert!(MailServer::read("mail.example").is_none());
        assert!(!format!("{:?}", MailServer::read("smtp://tandem:secret@mail.example")).contains("secret"));
        for good in ["", "file:///srv/recordings", "s3://recordings/tandem"] {
            assert!(Storage::read(good).is_some(), "{good}");
        }
        for bad in ["recordings", "s3://", "https://example.com"] {
            assert!(Storage::read(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn what_money_depends_on_is_reached_by_tls_or_on_this_machine() {
        let read = |text| WebAddress::read(text).map(|address| address.origin());
        assert_eq!(read("https://api.stripe.com/").as_deref(), Some("https://api.stripe.com"));
        assert_eq!(read("http://127.0.0.1:4010/v3/").as_deref(), Some("http://127.0.0.1:4010"));
        for refused in ["http://api.stripe.com/", "ftp://127.0.0.1/", "https://me:secret@host/", "api.stripe.com", ""] {
            assert_eq!(read(refused), None, "{refused}");
        }
    }

    #[test]
    fn retries_are_times_in_a_row() {
        let days = |text| Durations::read(text).map(|times| times.0.iter().map(|t| t.as_secs() / 86_400).collect());
        assert_eq!(days("1d, 3d,5d"), Some(vec![1, 3, 5]));
        assert_eq!(days(""), Some(vec![]));
        assert_eq!(days("1d, soon"), None);
    }
}
