//! The first page of self-care: how the company stands for its administrator, how one's own telephone is set up for everybody
//! else.

mod account;
mod company;

use leptos::prelude::*;
use tandem_domain::access::Audience;

use crate::context::me;

/// The first page of self-care.
#[component]
pub fn DashboardPage() -> impl IntoView {
    match me().audience() {
        Audience::Account => person().into_any(),
        // The provider's staff have a dashboard of their own; here they are told so.
        Audience::Customer | Audience::Administrator => company().into_any(),
    }
}

/// That of an end user.
pub fn person() -> impl IntoView {
    account::home()
}

/// That of a company's administrators.
pub fn company() -> impl IntoView {
    company::home()
}
