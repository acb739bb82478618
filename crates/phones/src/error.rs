//! Why a phone did not do what it was asked, with all that it logged.

use std::{fmt, io};

/// Why a phone did not do what it was asked.
///
/// Its `Debug` is its text, so that a failed `expect` shows the log with its lines.
#[derive(thiserror::Error)]
pub enum PhoneError {
    /// A program is not installed.
    #[error("{program} is not installed: {remedy}")]
    Missing {
        /// The program.
        program: String,
        /// What to do.
        remedy: String,
    },
    /// A file, socket or process failed.
    #[error("{what}: {source}")]
    Io {
        /// What was being done.
        what: String,
        /// What failed.
        source: io::Error,
    },
    /// The phone said no to a command.
    #[error("the phone refused “{command}”: {answer}")]
    Refused {
        /// The command as it was sent.
        command: String,
        /// What the phone answered.
        answer: String,
    },
    /// The program ended by itself, or its control connection did.
    #[error("{program} is gone. It logged:\n{log}")]
    Gone {
        /// The program.
        program: String,
        /// All that it logged.
        log: String,
    },
    /// What was waited for did not come.
    #[error("{who} waited in vain for {what}. {seen}\nIt logged:\n{log}")]
    TimedOut {
        /// The phone that waited.
        who: String,
        /// What it waited for.
        what: String,
        /// What came instead.
        seen: String,
        /// All that it logged.
        log: String,
    },
    /// The event that was waited for can no longer come.
    #[error("{who} waited for {what}, but {instead}.\nIt logged:\n{log}")]
    Instead {
        /// The phone that waited.
        who: String,
        /// What it waited for.
        what: String,
        /// What came instead.
        instead: String,
        /// All that it logged.
        log: String,
    },
    /// The account cannot be written into a configuration.
    #[error("this account cannot be configured: {0}")]
    Account(String),
}

impl fmt::Debug for PhoneError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl PhoneError {
    /// Wraps an input or output error with what was being done.
    pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |source| Self::Io { what, source }
    }
}
