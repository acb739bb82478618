//! Everything that a server function can answer instead of doing what it was asked.
//!
//! One type for all of them: it travels as JSON to the browser, [`AppError::status`] says its HTTP status, and its `Display`
//! is the sentence for the person. Server-side causes (a database error, a bug) never travel; they are logged under a
//! reference that the person can tell the provider.

use leptos::{
    prelude::FromServerFnError,
    server_fn::{Bytes, ContentType, Decodes, Encodes, Format, FormatType, error::ServerFnErrorErr},
};
use serde::{Deserialize, Serialize};
use tandem_domain::{access::Field, audit::FieldChange, error::FieldErrors, ids::Version};

use crate::reading::{self, from_json};

/// Why a server function did not do what it was asked, in words for the person who asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum AppError {
    /// Something typed breaks a rule; the texts belong beside the fields.
    #[error("Some fields need your attention.")]
    Invalid(FieldErrors),
    /// Somebody else saved the record meanwhile; nothing was overwritten.
    #[error("{} changed this meanwhile. Nothing was overwritten.", .0.by)]
    Stale(StaleEdit),
    /// No session, or one that ended.
    #[error("Your session has ended. Sign in again to continue; what you typed is kept.")]
    SignedOut,
    /// The role does not permit it. The text names what.
    #[error("Your role does not permit this: {0}.")]
    Forbidden(String),
    /// There is no such record, or not for this person.
    #[error("There is no such {0}.")]
    NotFound(String),
    /// Too many attempts.
    #[error("Too many attempts. Wait {} and try again.", wait_words(*.seconds))]
    Wait {
        /// How long to wait, in seconds.
        seconds: i64,
    },
    /// A rule of the business forbids it now; the text says which and what to do.
    #[error("{0}")]
    Refused(String),
    /// The request could not be read: made by hand, or cut off.
    #[error("The request could not be read ({0}). Reload the page and try again.")]
    Unreadable(String),
    /// A fault on our side.
    #[error(
        "Something went wrong on our side. Nothing was changed. If it happens again, tell your provider the reference {reference}."
    )]
    Internal {
        /// What the log has it under.
        reference: String,
    },
    /// The server did not answer (made in the browser only).
    #[error("The server cannot be reached. Check your connection and try again; what you typed is kept.")]
    Unreachable,
}

/// What an editor who came second has to know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StaleEdit {
    /// The version that is stored now; saving with it means "over theirs".
    pub version: Version,
    /// Who changed it.
    pub by: String,
    /// When, in the reader's own time zone and locale.
    pub at: String,
    /// What was changed since the editor began.
    pub changes: Vec<FieldChange>,
}

impl StaleEdit {
    /// In words, where there is no banner for it.
    #[must_use]
    pub fn words(&self) -> String {
        let mut words = format!("{} changed this meanwhile ({}). Nothing was done", self.by, self.at);
        for (place, FieldChange { field, old, new }) in self.changes.iter().enumerate() {
            let sign = if place == 0 { ": " } else { "; " };
            words.extend([sign, &field.replace('_', " "), ": “", old, "” → “", new, "”"]);
        }
        words.push_str(". Look again, then decide.");
        words
    }
}

impl AppError {
    /// The role does not permit what the person wants with a field; it is named.
    #[must_use]
    pub fn forbidden(field: Field) -> Self {
        Self::Forbidden(field.words())
    }

    /// The HTTP status (RFC 9110 §15.5, RFC 6585 §4).
    #[must_use]
    pub const fn status(&self) -> u16 {
        match self {
            Self::Invalid(_) | Self::Refused(_) => 422,
            Self::Stale(_) => 409,
            Self::SignedOut => 401,
            Self::Forbidden(_) => 403,
            Self::NotFound(_) => 404,
            Self::Wait { .. } => 429,
            Self::Unreadable(_) => 400,
            Self::Internal { .. } => 500,
            Self::Unreachable => 503,
        }
    }

    /// What is said of it where its fields are not at hand.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Invalid(errors) => errors.words(),
            other => other.to_string(),
        }
    }
}

impl From<FieldErrors> for AppError {
    fn from(errors: FieldErrors) -> Self {
        Self::Invalid(errors)
    }
}

/// JSON, which the browser reads as it reads all answers: [`crate::reading`].
#[derive(Debug)]
pub struct ErrorEncoding;

impl ContentType for ErrorEncoding {
    const CONTENT_TYPE: &'static str = "application/json";
}

impl FormatType for ErrorEncoding {
    const FORMAT_TYPE: Format = Format::Text;
}

impl Encodes<AppError> for ErrorEncoding {
    type Error = serde_json::Error;

    fn encode(error: &AppError) -> Result<Bytes, serde_json::Error> {
        serde_json::to_vec(error).map(Bytes::from)
    }
}

impl Decodes<AppError> for ErrorEncoding {
    type Error = reading::Error;

    fn decode(text: Bytes) -> Result<AppError, reading::Error> {
        from_json(&String::from_utf8_lossy(&text))
    }
}

impl FromServerFnError for AppError {
    type Encoder = ErrorEncoding;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        match error {
            ServerFnErrorErr::Request(_) => Self::Unreachable,
            ServerFnErrorErr::Args(text) | ServerFnErrorErr::MissingArg(text) => Self::Unreadable(text),
            ServerFnErrorErr::UnsupportedRequestMethod(text)
            | ServerFnErrorErr::Deserialization(text)
            | ServerFnErrorErr::Serialization(text) => Self::Unreadable(text),
            fault @ (ServerFnErrorErr::Registration(_)
            | ServerFnErrorErr::ServerError(_)
            | ServerFnErrorErr::MiddlewareError(_)
            | ServerFnErrorErr::Response(_)) => fault_of(&fault),
        }
    }
}

/// A fault of the framework on our side, whose text is for the log alone.
#[cfg(feature = "ssr")]
fn fault_of(fault: &ServerFnErrorErr) -> AppError {
    crate::server::ask::internal(fault)
}

/// The browser meets such a fault only as the server's answer, never as its own.
#[cfg(not(feature = "ssr"))]
fn fault_of(_fault: &ServerFnErrorErr) -> AppError {
    AppError::Unreachable
}

/// "12 seconds", "1 minute", "15 minutes": rounded up, so that the wait is never too short.
fn wait_words(seconds: i64) -> String {
    match seconds {
        ..=1 => "1 second".into(),
        2..=59 => format!("{seconds} seconds"),
        60 => "1 minute".into(),
        _ => format!("{} minutes", (seconds + 59) / 60),
    }
}
