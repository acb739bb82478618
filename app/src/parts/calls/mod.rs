//! Calls, for everybody who sees some: the ones that are going on, the ones that were, and all that is known of one.
//!
//! | module | question |
//! | --- | --- |
//! | [`live_list`] | which calls are going on? |
//! | [`history`] | which calls were there? |
//! | [`record`] | what is known of this call? |
//! | [`ladder`] | which messages set it up and ended it? |
//! | `words` | how are calls told to this reader? (server side) |
//!
//! The provider's staff have them under `/admin`, a customer and its accounts in self-care. What each sees follows from the
//! role and from whose call it is.

pub mod history;
pub mod ladder;
pub mod live_list;
pub mod record;
#[cfg(feature = "ssr")]
pub(crate) mod words;

use tandem_domain::{access::Audience, ids::CallId};

/// What a call is called in an answer.
pub(super) const WHAT: &str = "call";

/// Where the page of a call is for a person of this kind.
#[must_use]
pub fn call_path(audience: Audience, id: CallId) -> String {
    match audience {
        Audience::Administrator => format!("/admin/calls/{id}"),
        Audience::Customer | Audience::Account => format!("/self-care/history/{id}"),
    }
}
