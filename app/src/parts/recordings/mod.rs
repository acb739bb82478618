//! Call recordings, for everybody who sees some: an account its own and those of calls that it took part in, a customer the
//! company's, the provider's staff all. What is recorded for one account alone its owner sees, and the staff.
//!
//! | module | question |
//! | --- | --- |
//! | [`list`] | which recordings are there? |
//! | [`record`] | what is this one, and how does it sound? |
//! | [`chosen`] | are these to be deleted? |
//! | [`codes`] | how does one record? |
//! | `words` | how are they told to this reader? (server side) |

pub mod chosen;
pub mod codes;
pub mod list;
pub mod record;
#[cfg(feature = "ssr")]
pub(crate) mod words;

use tandem_domain::{
    access::Audience,
    ids::{CallId, RecordingId},
};

/// What a recording is called in an answer.
pub(crate) const WHAT: &str = "recording";

/// Where the list is for a person of this kind.
#[must_use]
pub const fn list_path(audience: Audience) -> &'static str {
    match audience {
        Audience::Administrator => "/admin/recordings",
        Audience::Customer | Audience::Account => "/self-care/recordings",
    }
}

/// Where a recording's page is for a person of this kind.
#[must_use]
pub fn recording_path(audience: Audience, id: RecordingId) -> String {
    [list_path(audience), "/", &id.to_string()].concat()
}

/// Where a recording's sound is, without the ending.
#[must_use]
pub fn sound_path(id: RecordingId) -> String {
    format!("/recordings/{id}")
}

/// Where the call of a recording is.
#[must_use]
pub fn call_of(audience: Audience, call: CallId) -> String {
    super::calls::call_path(audience, call)
}
