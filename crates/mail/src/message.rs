//! What an e-mail looks like on the wire (RFC 5322, MIME): the same octets each time it is tried.

use std::time::{Duration, SystemTime};

use lettre::{
    Address, Message,
    address::Envelope,
    message::{
        Attachment as Beside, Mailbox, MultiPart, SinglePart,
        header::{ContentType, HeaderName, HeaderValue},
    },
};

use tandem_store::outbox::Mail;

use crate::{letter, outbox::Attachment};

/// Why an e-mail cannot even be written.
#[derive(Debug, thiserror::Error)]
pub enum MessageError {
    /// The recipient's address is none.
    #[error("“{0}” is not an e-mail address")]
    Recipient(String),
    /// It cannot be put into MIME.
    #[error("the e-mail cannot be written: {0}")]
    Unwritable(String),
}

/// An e-mail, ready to be sent.
#[derive(Debug, Clone)]
pub struct Written {
    /// From whom to whom.
    pub envelope: Envelope,
    /// All of it, with lines that end in CR LF.
    pub octets: Vec<u8>,
    /// Whether the sound is in it.
    pub attached: bool,
}

/// How much larger than its octets an attachment is on the wire: base64 (four for three), in lines of 76 with CR LF.
#[must_use]
pub const fn encoded(octets: u64) -> u64 {
    let base64 = octets.div_ceil(3).saturating_mul(4);
    base64.saturating_add(base64.div_ceil(76).saturating_mul(2))
}

/// The most octets of an attachment that may fit into a message of `size_limit` octets; its text has to fit as well.
#[must_use]
pub const fn attachment_max(size_limit: u64) -> u64 {
    // 78 octets on the wire are 57 of the attachment.
    size_limit / 78 * 57
}

/// Writes an e-mail. The attachment is left out, and its body says so, if all of it would be more than `size_limit` octets.
///
/// # Errors
/// [`MessageError`]: it will be the same next time.
pub fn write(
    mail: &Mail,
    from: &Mailbox,
    attachment: Option<&Attachment>,
    size_limit: u64,
) -> Result<Written, MessageError> {
    let small_enough = attachment.filter(|attachment| encoded(attachment.octets.len() as u64) < size_limit);
    if let Some(attachment) = small_enough {
        let written = write_with(mail, from, Some(attachment))?;
        if written.octets.len() as u64 <= size_limit {
            return Ok(written);
        }
    }
    write_with(mail, from, None)
}

fn write_with(mail: &Mail, from: &Mailbox, attachment: Option<&Attachment>) -> Result<Written, MessageError> {
    let recipient: Address =
        mail.recipient.trim().parse().map_err(|_| MessageError::Recipient(letter::line(&mail.recipient)))?;
    let envelope = Envelope::new(Some(from.email.clone()), vec![recipient.clone()])
        .map_err(|error| MessageError::Unwritable(error.to_string()))?;
    let attached = attachment.is_some();
    // Boundaries of its own, so that a repetition is the same to the octet.
    let boundary = |part: &str| format!("{part}-{}", mail.id.0.simple());
    let bodies = MultiPart::alternative()
        .boundary(boundary("bodies"))
        .singlepart(SinglePart::plain(letter::truthful(&mail.text, attached)))
        .singlepart(SinglePart::html(letter::truthful(&mail.html, attached)));
    let body = match attachment {
        None => bodies,
        Some(attachment) => {
            let media_type = ContentType::parse(&attachment.media_type)
                .map_err(|error| MessageError::Unwritable(format!("{}: {error}", attachment.media_type)))?;
            let beside = Beside::new(file_name(&attachment.name)).body(attachment.octets.to_vec(), media_type);
            MultiPart::mixed().boundary(boundary("mail")).multipart(bodies).singlepart(beside)
        }
    };
    let message = Message::builder()
        .message_id(Some(message_id(mail, from)))
        .date(date(mail))
        .from(from.clone())
        .to(Mailbox::new(None, recipient))
        .subject(subject(&mail.subject))
        // RFC 3834 §5: no "I am on holiday" comes back.
        .raw_header(HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".into()))
        .multipart(body)
        .map_err(|error| MessageError::Unwritable(error.to_string()))?;
    Ok(Written { envelope, octets: message.formatted(), attached })
}

/// The Message-ID (RFC 5322 §3.6.4): of the e-mail, not of the attempt.
fn message_id(mail: &Mail, from: &Mailbox) -> String {
    format!("<{}@{}>", mail.id.0.simple(), from.email.domain())
}

/// When it was written. The formatter knows the years from 1970 to 9999.
fn date(mail: &Mail) -> SystemTime {
    const LAST: u64 = 253_402_300_799;
    let ms = u64::try_from(mail.created.0).unwrap_or_default();
    SystemTime::UNIX_EPOCH + Duration::from_secs((ms / 1000).min(LAST))
}

/// A subject is one line.
fn subject(text: &str) -> String {
    let words: Vec<&str> =
        text.split(|c: char| c.is_control() || c.is_whitespace()).filter(|w| !w.is_empty()).collect();
    words.join(" ").chars().take(300).collect()
}

/// A name that every system takes: ASCII letters, digits, `.`, `_`, `+` and `-`.
fn file_name(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '+') { c } else { '-' };
    let name: String = name.chars().map(plain).take(120).collect();
    let name = name.trim_start_matches('.');
    if name.is_empty() { "attachment".to_owned() } else { name.to_owned() }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use proptest::prelude::*;
    use tandem_domain::{
        ids::{MailId, Timestamp},
        mail::MailKind,
    };
    use uuid::Uuid;

    use super::*;

    fn mail() -> Mail {
        Mail {
            id: MailId(Uuid::from_u128(5)),
            kind: MailKind::NewCallRecording,
            customer: None,
            account: None,
            attempt: 1,
            created: Timestamp(1_795_532_700_000),
            recipient: "john@example.org".into(),
            subject: "Call recording".into(),
            text: "Hello".into(),
            html: "<p>Hello</p>".into(),
            recording: None,
        }
    }

    fn from() -> Mailbox {
        "Tandem <tandem@pbx.example>".parse().unwrap()
    }

    fn sound(octets: usize) -> Attachment {
        Attachment {
            name: "recording-2026-11-24-+3225550100.opus".into(),
            media_type: "audio/ogg".into(),
            octets: Bytes::from(vec![7; octets]),
        }
    }

    #[test]
    fn a_repetition_is_the_same_to_the_octet() {
        let once = write(&mail(), &from(), Some(&sound(1000)), 1_000_000).unwrap();
        let twice = write(&mail(), &from(), Some(&sound(1000)), 1_000_000).unwrap();
        assert_eq!(once.octets, twice.octets);
        let text = String::from_utf8(once.octets).unwrap();
        assert!(text.contains("Message-ID: <00000000000000000000000000000005@pbx.example>\r\n"), "{text}");
        assert!(text.contains("Date: Tue, 24 Nov 2026 15:05:00 +0000\r\n"), "{text}");
    }

    #[test]
    fn the_limit_counts_the_whole_message_as_it_is_sent() {
        let whole = write(&mail(), &from(), Some(&sound(50_000)), u64::MAX).unwrap();
        let size = whole.octets.len() as u64;
        assert!(whole.attached && size > 66_000);
        assert!(write(&mail(), &from(), Some(&sound(50_000)), size).unwrap().attached);
        let linked = write(&mail(), &from(), Some(&sound(50_000)), size - 1).unwrap();
        assert!(!linked.attached && linked.octets.len() < 5_000);
    }

    #[test]
    fn an_address_that_is_none_is_told() {
        for recipient in ["", "john", "john@example.org\r\nBcc: all@example.org", "a@b, c@d"] {
            let mail = Mail { recipient: recipient.into(), ..mail() };
            assert!(matches!(write(&mail, &from(), None, 1_000_000), Err(MessageError::Recipient(_))), "{recipient}");
        }
    }

    proptest! {
        #[test]
        fn nothing_from_outside_becomes_a_header(subject in ".*", name in ".*", text in ".*") {
            let mail = Mail { subject: format!("x{subject}\r\nBcc: all@example.org"), text, ..mail() };
            let attachment = Attachment { name: format!("{name}\r\nX-Evil: 1"), ..sound(10) };
            let written = write(&mail, &from(), Some(&attachment), 1_000_000).unwrap();
            let text = String::from_utf8(written.octets).unwrap();
            let head = text.split("\r\n\r\n").next().unwrap();
            for line in head.split("\r\n") {
                let known = ["Message-ID:", "Date:", "From:", "To:", "Subject:", "Auto-Submitted:", "MIME-Version:",
                    "Content-Type:", " "];
                prop_assert!(known.iter().any(|known| line.starts_with(known)), "{}", line);
                prop_assert!(!line.contains(['\r', '\n']));
            }
            prop_assert!(!text.contains("\r\nX-Evil"));
        }

        #[test]
        fn what_is_read_of_an_attachment_is_what_may_fit(limit in 0..100_000_000_u64) {
            let most = attachment_max(limit);
            prop_assert!(encoded(most) <= limit);
        }
    }
}
