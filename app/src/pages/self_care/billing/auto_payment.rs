//! Automatic payment: the customer's own page of it.

use leptos::prelude::*;

use crate::{
    data::{load, loaded},
    parts::billing::auto_payment::{AutoPaymentRead, auto_payment_cards},
    ui::PageHeader,
};

/// The page.
#[component]
pub fn AutoPaymentPage() -> impl IntoView {
    loaded(load(|| Ok(AutoPaymentRead { customer: None })), |view| {
        view! {
            <PageHeader title="Automatic payment" subtitle="What is charged to the default card without asking you each time." />
            <div class="stack max-w-208">{auto_payment_cards(view)}</div>
        }
        .into_any()
    })
}
