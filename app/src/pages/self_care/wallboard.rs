//! The wallboard: a company's huntgroups and agents in large figures, or a manager's.

use leptos::prelude::*;
use tandem_domain::{access::Field, console::has_console};

use crate::{
    context::me,
    data::{load_live, loaded},
    error::AppError,
    live::{Topic, live},
    pages::errors::error_page,
    parts::console::{WallboardRead, wall::wall},
    ui::PageHeader,
};

/// The page.
#[component]
pub fn WallboardPage() -> impl IntoView {
    if !has_console(&me()) {
        return error_page(&AppError::forbidden(Field::SupervisorConsole)).into_any();
    }
    let refresh = live(&[Topic::Wallboard, Topic::Xdrs]);
    let data = load_live(refresh, || Ok(WallboardRead {}));
    view! {
        <PageHeader title="Wallboard" back=("/self-care/console", "Supervisor console") />
        {loaded(data, wall)}
    }
    .into_any()
}
