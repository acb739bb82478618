//! The types of the keys of what Tandem uses outside of itself: the mail server, the object store. See [`super::value`].

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
}
