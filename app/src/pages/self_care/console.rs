//! The supervisor's console.

use leptos::prelude::*;
use tandem_domain::{access::Field, console::has_console};

use crate::{
    context::me,
    data::{load, loaded},
    error::AppError,
    pages::errors::error_page,
    parts::console::{ConsoleRead, board::Board, whole},
    ui::{LinkButton, PageHeader, Sign, list_args},
};

/// The page.
#[component]
pub fn ConsolePage() -> impl IntoView {
    if !has_console(&me()) {
        return error_page(&AppError::forbidden(Field::SupervisorConsole)).into_any();
    }
    let args = list_args();
    let board = Board::new();
    board.follow();
    let data = load(|| Ok(ConsoleRead {}));
    let wall = || view! { <LinkButton href="/self-care/wallboard" label="Wallboard" sign=Sign::Device /> };
    view! {
        <PageHeader title="Supervisor console" subtitle="The calls that you may supervise, as they happen." actions=wall />
        {loaded(data, move |console| {
            board.take(console);
            whole(board, args)
        })}
    }
    .into_any()
}
