//! The status of a customer or an account: what it is, changing it with a reason, and its history.

use leptos::{prelude::*, server_fn::ServerFn};
use serde::{Deserialize, Serialize};
use tandem_domain::{
    access::Field,
    field::Rule,
    ids::{AccountId, CustomerId},
    status::{Status, StatusChange},
};

use crate::{
    context::me,
    error::AppError,
    listing::{Cell, Column, ListRow, Listing, Tone},
    parts::owner::Owner,
    post::{Done, Typed},
    ui::{Badge, Button, Card, ConfirmButton, DataTable, EmptyState, Kind, Notice, PostForm, TextField},
};

/// What the panel shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusView {
    /// Whose status.
    pub owner: Owner,
    /// What it is called, for the questions before it is changed.
    pub name: String,
    /// The status that people set.
    pub status: Status,
    /// Why there is no service although the status is open: "Expired", "Customer suspended".
    pub without_service: Option<String>,
    /// All changes, the last first, each with its moment as the reader reads it.
    pub history: Vec<(StatusChange, String)>,
}

/// The colour of a status.
#[must_use]
pub const fn status_tone(status: Status) -> Tone {
    match status {
        Status::Open => Tone::Good,
        Status::Suspended => Tone::Warning,
        Status::Blocked => Tone::Bad,
        Status::Closed => Tone::Neutral,
    }
}

/// The permission for the status of a customer or an account.
const fn permission(owner: Owner) -> Field {
    if owner.account.is_some() { Field::AccountStatus } else { Field::CustomerStatus }
}

/// Sets a status, if it still is what the person saw (`was`).
///
/// # Errors
/// No reason; it is something else by now, or may not become this; no permission.
#[server(endpoint = "status_change")]
pub async fn change_status(
    customer: CustomerId,
    #[server(default)] account: Option<AccountId>,
    was: String,
    status: String,
    #[server(default)] reason: Typed,
) -> Result<Done, AppError> {
    todo!()
}

/// The panel: the status, the form that changes it, the history.
pub fn status_panel(view: StatusView) -> AnyView {
    let editable = me().modifies(permission(view.owner)) && view.status != Status::Closed;
    let lines = history(view.history);
    let form = editable.then(|| change_form(view.owner, &view.name, view.status));
    view! {
        <Card title="Status">
            <p><Badge tone=status_tone(view.status) text=view.status.label() /></p>
            {view.without_service.map(|why| {
                view! { <Notice tone=Tone::Warning text=format!("There is no service at present: {why}.") /> }
            })}
            {(view.status == Status::Closed).then(|| {
                view! { <Notice tone=Tone::Neutral text="Closed for good. The history stays; it cannot be opened again." /> }
            })}
            {form}
        </Card>
        <Card title="History" flush=true>{lines}</Card>
    }
    .into_any()
}

/// One reason, and a button for each status that it may become. What takes service away asks first.
fn change_form(owner: Owner, name: &str, status: Status) -> AnyView {
    let choices = if owner.account.is_some() { &Status::OF_ACCOUNT[..] } else { &Status::ALL[..] };
    let buttons = choices
        .iter()
        .filter(|next| status.may_become(**next))
        .map(|next| change_button(name, *next))
        .collect_view();
    let mut fields = owner.fields();
    fields.push(("was", status.key().to_owned()));
    view! {
        <PostForm to=ChangeStatus::PATH fields=fields class="form">
            <TextField name="reason" label="Reason for a change" required=true rule=Rule::Name help="Stays in the history, for whoever asks later." />
            <div class="actions">{buttons}</div>
        </PostForm>
    }
    .into_any()
}

fn change_button(name: &str, next: Status) -> AnyView {
    let (label, question, text) = match next {
        Status::Open => {
            return view! { <Button label="Open again" kind=Kind::Primary name="status" value=next.key() /> }.into_any();
        }
        Status::Suspended => ("Suspend", "Suspend", "Its phones cannot call out, except emergency numbers, until it is opened again."),
        Status::Blocked => ("Block", "Block", "Its phones cannot call out, except emergency numbers, until it is opened again."),
        Status::Closed => ("Close for good", "Close", "It ends for good and cannot be opened again. Its history stays."),
    };
    view! {
        <ConfirmButton
            label=label
            title=format!("{question} {name}?")
            text=text
            confirm=label
            danger=true
            name="status"
            value=next.key()
        />
    }
    .into_any()
}

fn history(lines: Vec<(StatusChange, String)>) -> AnyView {
    if lines.is_empty() {
        return view! { <EmptyState title="Never changed" text="Every change is kept here with its reason, who made it and when." /> }
            .into_any();
    }
    let count = u32::try_from(lines.len()).unwrap_or(u32::MAX);
    let rows = lines
        .into_iter()
        .map(|(change, at)| ListRow {
            href: None,
            cells: vec![
                Cell::Figures(at),
                Cell::Badge(status_tone(change.to), change.to.label().into()),
                Cell::Text(change.reason),
                Cell::Text(change.by),
            ],
        })
        .collect();
    let columns = ["When", "Status", "Reason", "By"].map(Column::plain).into();
    let listing = Listing { columns, rows, count, next: None, previous: None };
    view! { <DataTable listing=listing label="History of the status" /> }.into_any()
}
