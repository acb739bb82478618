//! The phone of an account, in its browser.

use leptos::prelude::*;
use tandem_domain::access::Audience;

use crate::{
    context::me,
    error::AppError,
    listing::Tone,
    pages::errors::error_page,
    phone::panel::panel,
    ui::{Notice, PageHeader},
};

/// The page.
#[component]
pub fn PhonePage() -> impl IntoView {
    if me().audience() != Audience::Account {
        return error_page(&AppError::NotFound("phone of your own".into())).into_any();
    }
    view! {
        <PageHeader title="Phone" subtitle="Telephone with this browser: calls to your extension ring here, too." />
        <div class="no-wasm">
            <Notice
                tone=Tone::Warning
                text="The phone needs WebAssembly and WebRTC. If this does not go away, allow scripts for this page, or use a current Firefox, Chrome, Edge or Safari."
            />
        </div>
        {panel()}
    }
    .into_any()
}
