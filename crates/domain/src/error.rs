//! What is wrong with an input, in words for the person who typed it.
//!
//! One [`FieldError`] belongs to one field of a form; [`FieldErrors`] is what a refused form gets. The page shows each
//! beside its field, the server answers with the same texts: both come from the same rule.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};

/// Why a field's value is refused, and what to do instead: one sentence or two, ready to be shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{0}")]
pub struct FieldError(pub String);

impl FieldError {
    /// An error with this text.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

/// All that is wrong with a form: field name → what to do. Never empty when it is returned as an error.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FieldErrors(pub BTreeMap<String, String>);

impl FieldErrors {
    /// Errors with one entry.
    #[must_use]
    pub fn one(field: impl Into<String>, text: impl Into<String>) -> Self {
        let mut errors = Self::default();
        errors.add(field, text);
        errors
    }

    /// Notes an error; the first one for a field stays.
    pub fn add(&mut self, field: impl Into<String>, text: impl Into<String>) {
        self.0.entry(field.into()).or_insert_with(|| text.into());
    }

    /// Takes the value out of a checked field, or notes its error and gives `None`.
    pub fn take<T>(&mut self, field: &str, checked: Result<T, FieldError>) -> Option<T> {
        checked.map_err(|error| self.add(field, error.0)).ok()
    }

    /// The text for a field.
    #[must_use]
    pub fn get(&self, field: &str) -> Option<&str> {
        self.0.get(field).map(String::as_str)
    }

    /// All texts, one after the other: for a place where the fields are not at hand.
    #[must_use]
    pub fn words(&self) -> String {
        self.0.values().map(String::as_str).collect::<Vec<_>>().join(" ")
    }

    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// `Ok` when nothing is wrong, else these errors.
    ///
    /// # Errors
    /// These errors, when there is one.
    pub fn into_result(self) -> Result<(), Self> {
        if self.is_empty() { Ok(()) } else { Err(self) }
    }
}

impl fmt::Display for FieldErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, (field, text)) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str("; ")?;
            }
            write!(f, "{field}: {text}")?;
        }
        Ok(())
    }
}

impl std::error::Error for FieldErrors {}
