//! Recorded calls: the same pages for the provider's staff, for customers and for accounts; what each sees is the server's to say.

use leptos::prelude::*;

use crate::parts::recordings::{chosen::delete_page, list::recordings_page, record::recording_page};

/// The recordings.
#[component]
pub fn RecordingsPage() -> impl IntoView {
    recordings_page()
}

/// Whether the chosen ones are to be deleted.
#[component]
pub fn DeletePage() -> impl IntoView {
    delete_page()
}

/// One recording.
#[component]
pub fn RecordingPage() -> impl IntoView {
    recording_page()
}
