//! What an e-mail says: its subject and its two bodies. Plain English for now; to say it in another language is to
//! write another function beside [`Letters::new_call_recording`].
//!
//! Names and numbers come from outside: whoever calls chooses a name to be shown. They are stripped of what could break
//! a line or turn its direction, shortened, and escaped in HTML.

use std::fmt::Write;

use jiff::{fmt::strtime, tz};
use tandem_domain::{
    calls::Party,
    ids::Timestamp,
    locale::{Locale, TimeZone},
    recordings::Recording,
};
use tandem_store::recordings::{Addressee, Letter};

use crate::message;

/// How letters are written here.
#[derive(Debug, Clone)]
pub struct Letters {
    /// Where self-care is, such as `https://tandem.example`.
    pub public_url: String,
    /// The most octets of a whole message.
    pub size_limit: u64,
}

/// What stands above the link when the recording is attached.
const ATTACHED: &str = "The recording is attached. You can also listen to it in self-care, after signing in:";
/// What stands there when it is not.
const LINKED: &str = "You can listen to the recording in self-care, after signing in:";

/// The longest name that is shown, in characters.
const NAME_MAX: usize = 80;

/// What the text around an attachment takes at most, on the wire.
const TEXT_MAX: u64 = 16 * 1024;

impl Letters {
    /// "A new call recording is available", with its sound beside it if that is small enough.
    #[must_use]
    pub fn new_call_recording(&self, recording: &Recording, opus_octets: u64, reader: &Addressee) -> Letter {
        // What is for the account alone must not reach whoever reads or sets its address: the sound stays behind the
        // sign-in, and with whom it was, too.
        let private = recording.account_only;
        let attached = !private && message::encoded(opus_octets).saturating_add(TEXT_MAX) <= self.size_limit;
        let other = if private { "private".to_owned() } else { party(recording.other()) };
        let called_by_us = recording.caller.account == Some(recording.account);
        let with = if called_by_us { "Call to" } else { "Call from" };
        let when = moment(recording.started, reader.locale, &reader.time_zone);
        let long = length(recording.length_ms());
        let link = format!("{}/self-care/recordings/{}", self.public_url.trim_end_matches('/'), recording.id);
        let sentence = if attached { ATTACHED } else { LINKED };
        let name = line(&reader.name);
        let hello = if name.is_empty() { "Hello,".to_owned() } else { format!("Hello {name},") };
        let facts = [(with, other.as_str()), ("When", &when), ("Length", &long)];
        let body = Body {
            title: "Call recording",
            hello: &hello,
            news: "A new call recording is available.",
            facts: &facts,
            sentence,
            button: "Open the recording",
            link: &link,
        };
        Letter { subject: format!("Call recording: {other}, {when}"), text: body.text(), html: body.html(), attached }
    }
}

/// What every letter is made of; both of its forms say the same. Nothing of it may be HTML: it is escaped.
#[derive(Debug, Clone, Copy)]
pub struct Body<'a> {
    /// What a mail program may show as the page's title.
    pub title: &'a str,
    /// "Hello John,"
    pub hello: &'a str,
    /// What has happened, in a sentence.
    pub news: &'a str,
    /// What and how much, when, with whom.
    pub facts: &'a [(&'a str, &'a str)],
    /// What to do now.
    pub sentence: &'a str,
    /// What stands on the button.
    pub button: &'a str,
    /// Where it leads.
    pub link: &'a str,
}

impl Body<'_> {
    /// For programs that show text only.
    #[must_use]
    pub fn text(&self) -> String {
        let Self { hello, news, sentence, link, .. } = self;
        let told: String = self.facts.iter().map(|(what, value)| format!("{what}: {value}\n")).collect();
        format!("{hello}\n\n{news}\n\n{told}\n{sentence}\n{link}\n")
    }

    /// For all others.
    #[must_use]
    pub fn html(&self) -> String {
        html(self)
    }
}

/// A body that says of the attachment what is true; what was written before may have become wrong since.
#[must_use]
pub fn truthful(body: &str, attached: bool) -> String {
    if attached { body.replacen(LINKED, ATTACHED, 1) } else { body.replacen(ATTACHED, LINKED, 1) }
}

/// Inline styles and a table, as mail programs need them; colours that programs with a dark mode may turn.
fn html(body: &Body<'_>) -> String {
    const FONT: &str =
        "font-family:-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif;font-size:15px;line-height:1.5";
    let mut rows = String::new();
    for (what, value) in body.facts {
        let (what, value) = (escape(what), escape(value));
        let _ = write!(
            rows,
            "<tr><td style=\"padding:4px 24px 4px 0;opacity:.7;white-space:nowrap;vertical-align:top\">{what}</td>\
             <td style=\"padding:4px 0;font-weight:600\">{value}</td></tr>"
        );
    }
    let [title, hello, news, sentence, button, link] =
        [body.title, body.hello, body.news, body.sentence, body.button, body.link].map(escape);
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\">\
         <meta name=\"color-scheme\" content=\"light dark\">\
         <meta name=\"supported-color-schemes\" content=\"light dark\">\
         <title>{title}</title></head>\n\
         <body style=\"margin:0;padding:24px;{FONT}\">\
         <table role=\"presentation\" cellpadding=\"0\" cellspacing=\"0\" border=\"0\" width=\"100%\" \
         style=\"max-width:560px;margin:0 auto;{FONT}\"><tr><td>\n\
         <p style=\"margin:0 0 16px\">{hello}</p>\n\
         <p style=\"margin:0 0 16px\">{news}</p>\n\
         <table role=\"presentation\" cellpadding=\"0\" cellspacing=\"0\" border=\"0\" style=\"margin:0 0 16px;{FONT}\">\
         {rows}</table>\n\
         <p style=\"margin:0 0 16px\">{sentence}</p>\n\
         <p style=\"margin:0 0 16px\"><a href=\"{link}\" style=\"display:inline-block;padding:10px 18px;border-radius:8px;\
         background-color:#4f46e5;color:#ffffff;text-decoration:none;font-weight:600\">{button}</a></p>\n\
         </td></tr></table></body></html>\n"
    )
}

/// A party in one line: name and number, as far as they are known.
fn party(party: &Party) -> String {
    match (line(&party.name), line(&party.number)) {
        (name, number) if name.is_empty() && number.is_empty() => "an unknown number".to_owned(),
        (name, number) if name.is_empty() => number,
        (name, number) if number.is_empty() => name,
        (name, number) => format!("{name} ({number})"),
    }
}

/// Text from outside as one harmless line: no control characters, none that turn the direction of what follows, no
/// more than one space at a time, not too long.
#[must_use]
pub fn line(text: &str) -> String {
    let turns = |c| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let breaks = |c: char| c.is_whitespace() || c.is_control();
    let kept: String = text.chars().filter(|&c| !turns(c)).map(|c| if breaks(c) { ' ' } else { c }).collect();
    let words: Vec<&str> = kept.split_whitespace().collect();
    words.join(" ").chars().take(NAME_MAX).collect::<String>().trim_end().to_owned()
}

/// Text within HTML.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

/// A moment as the reader writes it, with the zone's own short name: "24 Nov 2026, 16:05 CET".
#[must_use]
pub fn moment(at: Timestamp, locale: Locale, time_zone: &TimeZone) -> String {
    let pattern = match locale {
        Locale::EnGb => "%-d %b %Y, %H:%M %Z",
        Locale::EnUs => "%b %-d, %Y, %-I:%M %p %Z",
        Locale::DeDe => "%d.%m.%Y, %H:%M %Z",
        Locale::FrFr => "%d/%m/%Y %H:%M %Z",
    };
    let zone = tz::TimeZone::get(time_zone.as_str()).unwrap_or(tz::TimeZone::UTC);
    jiff::Timestamp::from_millisecond(at.0)
        .ok()
        .and_then(|moment| strtime::format(pattern, &moment.to_zoned(zone)).ok())
        .unwrap_or_default()
}

/// How long: "1:05", "1:02:03".
fn length(ms: u64) -> String {
    let seconds = (ms + 500) / 1000;
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tandem_domain::{
        calls::Direction,
        ids::{AccountId, CallId, CustomerId, RecordingId},
        recordings::Segment,
    };
    use uuid::Uuid;

    use super::*;

    fn recording(name: &str) -> Recording {
        let account = |n| Some(AccountId(Uuid::from_u128(n)));
        Recording {
            id: RecordingId(Uuid::from_u128(9)),
            call: CallId(Uuid::from_u128(8)),
            customer: CustomerId(Uuid::from_u128(7)),
            account: AccountId(Uuid::from_u128(1)),
            account_only: false,
            direction: Direction::Incoming,
            caller: Party { number: "+3225550100".into(), name: name.into(), account: None },
            callee: Party { number: "744".into(), name: "John".into(), account: account(1) },
            huntgroup: String::new(),
            // 2026-11-24T15:05:00Z
            started: Timestamp(1_795_532_700_000),
            ended: Timestamp(1_795_532_800_000),
            segments: vec![Segment { started: Timestamp(1_795_532_700_000), length_ms: Some(65_200) }],
            marks: Vec::new(),
        }
    }

    fn letter(name: &str, size_limit: u64) -> Letter {
        let reader = Addressee {
            account: AccountId(Uuid::from_u128(1)),
            customer: CustomerId(Uuid::from_u128(7)),
            name: "John".into(),
            email: "john@abc.example".into(),
            customer_name: "ABC".into(),
            locale: Locale::EnGb,
            time_zone: TimeZone::default(),
        };
        let letters = Letters { public_url: "https://tandem.example/".into(), size_limit };
        letters.new_call_recording(&recording(name), 50_000, &reader)
    }

    #[test]
    fn a_new_recording_is_told_with_who_when_and_how_long() {
        let letter = letter("Panda Ltd", 1_000_000);
        assert!(letter.attached);
        assert_eq!(letter.subject, "Call recording: Panda Ltd (+3225550100), 24 Nov 2026, 16:05 CET");
        let link = "https://tandem.example/self-care/recordings/00000000-0000-0000-0000-000000000009";
        assert_eq!(
            letter.text,
            format!(
                "Hello John,\n\nA new call recording is available.\n\nCall from: Panda Ltd (+3225550100)\n\
                 When: 24 Nov 2026, 16:05 CET\nLength: 1:05\n\n{ATTACHED}\n{link}\n"
            )
        );
        assert!(letter.html.contains(link) && letter.html.contains(ATTACHED) && letter.html.contains("1:05"));
    }

    #[test]
    fn what_is_said_of_the_attachment_is_true() {
        let (attached, linked) = (letter("a", 100_000), letter("a", 60_000));
        assert_eq!((attached.attached, linked.attached), (true, false));
        assert_eq!(truthful(&attached.text, false), linked.text);
        assert_eq!(truthful(&linked.html, true), attached.html);
        assert_eq!(truthful(&linked.text, false), linked.text);
    }

    #[test]
    fn a_name_is_shown_and_never_obeyed() {
        let letter = letter("<script>&\"'\r\nBcc: all@example.org\u{202e}x", 1_000_000);
        assert!(!letter.html.contains("<script>") && letter.html.contains("&lt;script&gt;&amp;&quot;&#39; Bcc:"));
        assert!(!letter.subject.contains(['\r', '\n', '\u{202e}']));
        assert!(!letter.text.contains("\nBcc:"));
    }

    proptest! {
        #[test]
        fn a_line_is_one_line(text in ".*") {
            let line = line(&text);
            prop_assert!(!line.chars().any(char::is_control) && line.chars().count() <= NAME_MAX);
            prop_assert_eq!(line.trim(), line.as_str());
        }
    }
}
