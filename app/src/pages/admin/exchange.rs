//! Exchange: what is going on, which phones are there, which calls there were.

use leptos::prelude::*;

use crate::parts::{
    calls::{history::history_page, live_list::live_calls_page, record::call_page},
    registrations::registrations_page,
};

/// The calls that are going on.
#[component]
pub fn LiveCallsPage() -> impl IntoView {
    live_calls_page()
}

/// One call.
#[component]
pub fn CallPage() -> impl IntoView {
    call_page()
}

/// The phones that are registered.
#[component]
pub fn RegistrationsPage() -> impl IntoView {
    registrations_page()
}

/// The records of calls.
#[component]
pub fn XdrsPage() -> impl IntoView {
    history_page("xDRs", "The detail record of every call of every customer. Days are days in your time zone.")
}
