//! Why did a call end, in words for who used the phone?

use tandem_sip::message::{Headers, Name};

/// What is said of an end, and whether it may be worth trying again in a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct End {
    pub(super) words: String,
    pub(super) retry: bool,
}

impl End {
    pub(super) fn new(words: &str) -> Self {
        Self { words: words.to_owned(), retry: false }
    }

    pub(super) fn to_retry(words: &str) -> Self {
        Self { words: words.to_owned(), retry: true }
    }

    /// A call of ours was refused: in the exchange's own words where it has any (`Warning`, RFC 3261 §20.43).
    pub(super) fn refused(status: u16, headers: &Headers) -> Self {
        let usual = Self::of_status(status);
        match warning(headers) {
            Some(words) => Self { words, ..usual },
            None => usual,
        }
    }

    /// No response came at all.
    pub(super) fn unanswered() -> Self {
        Self::to_retry("The server does not answer. Try again in a moment.")
    }

    fn of_status(status: u16) -> Self {
        match status {
            401 | 407 | 403 => Self::new("This call is not allowed."),
            404 | 410 | 604 => Self::new("Nobody has this number."),
            484 => Self::new("The number is not complete."),
            486 | 600 => Self::to_retry("Busy."),
            408 | 480 => Self::to_retry("Nobody answered, or no phone is there."),
            487 => Self::new("The call was given up."),
            603 => Self::new("The call was declined."),
            400 | 415 | 488 | 606 => Self::new("The two phones have no way of talking in common."),
            481 => Self::new("The call is over already."),
            482 | 483 => Self::new("The number leads in a circle."),
            503 => Self::to_retry("All lines are busy. Try again in a moment."),
            _ => Self::to_retry("The call did not get through. Try again in a moment."),
        }
    }

    /// The other end hung up, and perhaps said why (RFC 3326).
    pub(super) fn hung_up(headers: &Headers) -> Self {
        match headers.reason().and_then(|reason| reason.text) {
            Some(text) if text.eq_ignore_ascii_case("Transferred") => Self::new("The call was transferred."),
            Some(_) | None => Self::new("The other party hung up."),
        }
    }

    /// Who called us has given up, or somebody else took the call.
    pub(super) fn cancelled(elsewhere: bool) -> Self {
        Self::new(if elsewhere { "Answered elsewhere." } else { "The caller hung up." })
    }
}

/// What a transfer's last word means.
pub(super) fn transfer_failed(status: u16) -> String {
    match status {
        481 => "The other call is over already.".to_owned(),
        _ => format!("The transfer failed: {}", End::of_status(status).words),
    }
}

/// The text of a `Warning`: `399 tandem "…"`.
fn warning(headers: &Headers) -> Option<String> {
    let value = headers.get(&Name::from("Warning"))?;
    let (_, quoted) = value.split_once('"')?;
    let text = quoted.split('"').next().unwrap_or_default().trim();
    (!text.is_empty()).then(|| text.chars().take(200).collect())
}
