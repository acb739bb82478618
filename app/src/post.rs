//! What a post answers, and what is kept for the next page when the browser posted without WebAssembly.

use serde::{Deserialize, Serialize};
use tandem_domain::error::FieldErrors;

use crate::error::AppError;

/// A post was done.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {
    /// What to say, in a few words: "Customer saved".
    pub toast: String,
    /// Where to go now; `None` stays on the page, which is loaded anew.
    pub go: Option<String>,
    /// How to take it back, where that is possible.
    pub undo: Option<Undo>,
}

impl Done {
    /// Done, stay on the page.
    #[must_use]
    pub fn say(toast: impl Into<String>) -> Self {
        Self { toast: toast.into(), go: None, undo: None }
    }

    /// Go to this path next.
    #[must_use]
    pub fn go(mut self, path: impl Into<String>) -> Self {
        self.go = Some(path.into());
        self
    }

    /// Offer to take it back by this post.
    #[must_use]
    pub fn undo(mut self, undo: Undo) -> Self {
        self.undo = Some(undo);
        self
    }
}

/// A post that takes another back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Undo {
    /// The server function's path.
    pub to: String,
    /// Its fields.
    pub fields: Vec<(String, String)>,
}

/// The hidden field by which a form tells whose page it was on. What was typed there is shown again to that person alone.
pub const POSTED_AS: &str = "posted_as";

/// What the page after a post is told, once.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flash {
    /// The post was done.
    pub done: Option<Done>,
    /// The post was refused.
    pub form: Option<FormFlash>,
}

/// A refused post: what was typed, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormFlash {
    /// The server function's path, by which the form knows that it is meant.
    pub to: String,
    /// What was typed; fields that hold passwords or secrets are left out.
    pub typed: Vec<(String, String)>,
    /// Why it was refused.
    pub error: AppError,
}

impl FormFlash {
    /// What was typed into a field.
    #[must_use]
    pub fn typed(&self, name: &str) -> Option<&str> {
        self.typed.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str())
    }
}

/// What a form sent for a field that it may leave out, as a control that is shown disabled is left out.
///
/// Server functions take `#[server(default)] email: Typed`, not `Option<String>`: the decoding of forms (`serde_qs`) reads an
/// emptied field as `None`, so that clearing it would keep what is stored.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Typed(pub Option<String>);

impl<'de> Deserialize<'de> for Typed {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(Some(text)))
    }
}

impl Typed {
    /// What was typed, or what is stored when the field was not sent.
    #[must_use]
    pub fn or(self, stored: &str) -> String {
        self.0.unwrap_or_else(|| stored.to_owned())
    }

    /// Reads a switch, `on` or `off`; `None` when it was not sent.
    ///
    /// # Errors
    /// It is neither on nor off.
    pub fn on_or_off(&self, field: &str) -> Result<Option<bool>, FieldErrors> {
        match self.0.as_deref() {
            None => Ok(None),
            Some("on") => Ok(Some(true)),
            Some("off") => Ok(Some(false)),
            Some(_) => Err(FieldErrors::one(field, "Choose on or off.")),
        }
    }
}
