//! The status of a customer or an account: what it is, changing it with a reason, and its history.

use leptos::{prelude::*, server_fn::ServerFn};
use serde::{Deserialize, Serialize};
use tandem_domain::{
    access::Field,
    field::Rule,
    ids::{AccountId, CustomerId},
    status::{HELD, Service, Status, StatusChange},
};

use crate::{
    context::me,
    error::AppError,
    listing::{Cell, Column, ListRow, Listing, Tone},
    parts::owner::Owner,
    post::{Done, Typed},
    ui::{
        Badge, Button, Card, CollectAny as _, ConfirmButton, DataTable, EmptyState, Kind, Notice, PostForm, TextField,
    },
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
    /// It is an account's block, and the provider's.
    pub held: bool,
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
/// No reason; it is something else by now, or may not become this; the provider holds it; no permission.
#[server(endpoint = "status_set")]
pub async fn status_set(
    /// Whose: the customer.
    customer: CustomerId,
    /// The account; none for the customer itself.
    #[server(default)]
    account: Option<AccountId>,
    /// The value that the person saw.
    was: String,
    /// The new status.
    status: String,
    /// Why.
    #[server(default)]
    reason: Typed,
) -> Result<Done, AppError> {
    use tandem_domain::{error::FieldErrors, field};
    use tandem_store::{StaleEdit, StoreError};

    use crate::server::ask::Ask;

    let ask = Ask::now()?;
    let owner = Owner { customer, account };
    let tenant = owner.tenant(&ask)?;
    ask.modify(permission(owner))?;
    let mut errors = FieldErrors::default();
    let reason = errors.take("reason", field::optional_name(&reason.or("")));
    if reason.as_deref() == Some("") {
        errors.add("reason", "Say why; it stays in the history.");
    }
    let next = Status::from_key(&status);
    if next.is_none() {
        errors.add("status", "Choose a status.");
    }
    let (Some(reason), Some(next)) = (reason, next) else { return Err(errors.into()) };
    errors.into_result()?;
    let saw = Some(Status::from_key(&was).ok_or_else(|| AppError::Unreadable(format!("no status “{was}”")))?);
    let set = match account {
        Some(account) => ask.store().accounts().set_status(tenant, account, next, saw, &reason, &ask.change()).await,
        None => ask.store().customers().set_status(tenant, next, saw, &reason, &ask.change()).await,
    };
    match set {
        Ok(_) => {
            // A blocked account's phones stay: they may call for help.
            if let Some(account) = account.filter(|_| next == Status::Closed) {
                ask.services().exchange.forget_phones(account);
            }
            Ok(Done::say(format!("Status: {}", next.label())))
        }
        Err(StoreError::Stale(StaleEdit { by, by_staff, changes, .. })) => {
            let by = ask.name_of(by, by_staff);
            let now = changes.first().and_then(|change| Status::from_key(&change.new)).map_or("", Status::label);
            Err(AppError::Refused(format!(
                "{by} changed the status meanwhile: it is “{now}” now. Nothing was overwritten."
            )))
        }
        Err(error) => Err(ask.tell(owner.noun(), error)),
    }
}

/// The status that is stored, and whether the provider holds it.
#[cfg(feature = "ssr")]
async fn status_of(ask: &crate::server::ask::Ask, owner: Owner) -> Result<(Status, bool), AppError> {
    let tenant = owner.tenant(ask)?;
    let status = match owner.account {
        Some(account) => {
            ask.store().accounts().overview(tenant, account).await.map(|overview| (overview.status, overview.held))
        }
        None => ask.store().customers().overview(tenant).await.map(|overview| (overview.status, false)),
    };
    status.map_err(|error| ask.tell(owner.noun(), error))
}

/// What the panel shows of a customer or an account called `name`. `service` is whether there is any.
///
/// # Errors
/// Without the permission to see it; faults on our side.
#[cfg(feature = "ssr")]
pub(crate) async fn status_view(
    ask: &crate::server::ask::Ask,
    owner: Owner,
    name: &str,
    service: Service,
) -> Result<StatusView, AppError> {
    let tenant = owner.tenant(ask)?;
    ask.see(permission(owner))?;
    let (status, held) = status_of(ask, owner).await?;
    let history = match owner.account {
        Some(account) => ask.store().accounts().status_history(tenant, account).await,
        None => ask.store().customers().status_history(tenant).await,
    };
    let history = history.map_err(|error| ask.tell(owner.noun(), error))?;
    let without_service = match (status, service) {
        (Status::Open, Service::Available) => None,
        (Status::Open, Service::NoFunds) => {
            Some("There are no funds: only emergency numbers can be called.".to_owned())
        }
        (Status::Open, why) => Some(format!("There is no service at present: {}.", why.label())),
        (Status::Suspended | Status::Blocked | Status::Closed, _) => None,
    };
    let told = |change: StatusChange| {
        let at = ask.time(change.at);
        (StatusChange { by: ask.name_of(change.by, change.by_staff), ..change }, at)
    };
    let history = history.into_iter().map(told).collect();
    Ok(StatusView { owner, name: name.to_owned(), status, held, without_service, history })
}

/// The colour of a service.
#[must_use]
pub const fn service_tone(service: Service) -> Tone {
    match service {
        Service::Available => Tone::Good,
        Service::NoFunds | Service::AccountExpired | Service::CustomerSuspended => Tone::Warning,
        Service::AccountBlocked | Service::CustomerBlocked => Tone::Bad,
        Service::AccountClosed | Service::CustomerClosed => Tone::Neutral,
    }
}

/// The panel: the status, the form that changes it, the history.
pub fn status_panel(view: StatusView) -> AnyView {
    let editable = me().modifies(permission(view.owner));
    let held = editable && view.held && me().own_customer().is_some();
    let choices = if editable { choices(&view) } else { Vec::new() };
    let form = (!choices.is_empty()).then(|| change_form(view.owner, &view.name, view.status, &choices));
    let lines = history(view.history);
    view! {
        <Card title="Status">
            <p><Badge tone=status_tone(view.status) text=view.status.label() /></p>
            {view.without_service.map(|why| {
                view! { <Notice tone=Tone::Warning text=why /> }.into_any()
            })}
            {(view.status == Status::Closed).then(|| {
                view! { <Notice tone=Tone::Neutral text="Closed for good. The history stays; it cannot be opened again." /> }.into_any()
            })}
            {held.then(|| {
                view! { <Notice tone=Tone::Info text=HELD /> }.into_any()
            })}
            {form}
        </Card>
        <Card title="History" flush=true>{lines}</Card>
    }
    .into_any()
}

/// What the person who asks may set.
fn choices(view: &StatusView) -> Vec<Status> {
    let by_staff = me().own_customer().is_none();
    let of_account = |next: &Status| view.status.account_may_become(*next, view.held, by_staff);
    match view.owner.account {
        Some(_) => Status::OF_ACCOUNT.into_iter().filter(of_account).collect(),
        None => Status::ALL.into_iter().filter(|next| view.status.may_become(*next)).collect(),
    }
}

/// One reason, and a button for each status that it may become. What takes service away asks first.
fn change_form(owner: Owner, name: &str, status: Status, choices: &[Status]) -> AnyView {
    let buttons = choices.iter().map(|next| change_button(name, status, *next)).collect_any();
    let mut fields = owner.fields();
    fields.push(("was", status.key().to_owned()));
    view! {
        <PostForm to=StatusSet::PATH fields=fields class="form">
            <TextField name="reason" label="Reason for a change" required=true rule=Rule::OptionalName help="Stays in the history, for whoever asks later." />
            <div class="actions">{buttons}</div>
        </PostForm>
    }
    .into_any()
}

fn change_button(name: &str, now: Status, next: Status) -> AnyView {
    let (label, question, text) = match next {
        Status::Open => {
            return view! { <Button label="Open again" kind=Kind::Primary name="status" value=next.key() /> }
                .into_any();
        }
        Status::Suspended => {
            ("Suspend", "Suspend", "Its phones cannot call out, except emergency numbers, until it is opened again.")
        }
        Status::Blocked if now == Status::Blocked => {
            ("Block as the provider", "Block", "The company blocked it; from then on the company cannot open it again.")
        }
        Status::Blocked => {
            ("Block", "Block", "Its phones cannot call out, except emergency numbers, until it is opened again.")
        }
        Status::Closed => {
            ("Close for good", "Close", "It ends for good and cannot be opened again. Its history stays.")
        }
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
    let listing = Listing { columns, rows, count, next: None, previous: None, hint: String::new() };
    view! { <DataTable listing=listing label="History of the status" /> }.into_any()
}
