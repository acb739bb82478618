//! The design system's page: every component in every state. In demonstration mode only.

use leptos::prelude::*;

use crate::{context::is_demo, error::AppError, pages::errors::error_page, ui::PageHeader};

/// Every component in every state.
#[component]
pub fn GalleryPage() -> impl IntoView {
    if !is_demo() {
        return error_page(&AppError::NotFound("page".into()));
    }
    view! { <PageHeader title="Design system" subtitle="Every component in every state." /> }.into_any()
}
