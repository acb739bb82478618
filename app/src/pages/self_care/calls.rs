//! Calls and public numbers of the company; for an account its own calls.

use leptos::prelude::*;
use tandem_domain::access::{Audience, Field, Who};

use crate::{
    context::me,
    data::load,
    error::AppError,
    pages::errors::error_page,
    parts::{
        calls::{history::history_page, live_list::live_calls_page, record::call_page},
        public_numbers::PublicNumberList,
    },
    ui::{ListPage, list_args},
};

/// The company's calls that are going on.
#[component]
pub fn LiveCallsPage() -> impl IntoView {
    live_calls_page()
}

/// The calls that were.
#[component]
pub fn HistoryPage() -> impl IntoView {
    let description = match me().audience() {
        Audience::Account => "The calls that you made and got, the missed ones too.",
        Audience::Administrator | Audience::Customer => "The company’s calls. Days are days in your time zone.",
    };
    history_page("Call history", description)
}

/// One call.
#[component]
pub fn CallPage() -> impl IntoView {
    call_page()
}

/// The company's public numbers.
#[component]
pub fn NumbersPage() -> impl IntoView {
    let args = list_args();
    let Who::Customer(customer) = me().who else {
        return error_page(&AppError::forbidden(Field::PublicNumbers));
    };
    view! {
        <ListPage
            title="Public numbers"
            description="The numbers that the world dials, and whom each rings. Your provider gives and changes them."
            listing=load(move || Ok(PublicNumberList { customer, args: args.get() }))
            args=args
            noun=("number", "numbers")
            empty=("No public numbers yet", "Ask your provider for one; it can ring a person or a huntgroup.")
            search_in="number"
            seen_by=&[Field::PublicNumbers]
        />
    }
    .into_any()
}
