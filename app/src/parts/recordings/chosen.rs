//! Deleting the recordings that were chosen in the list: a page that says which and how many, and asks.
//!
//! A page rather than a dialog, so that it is the same without WebAssembly: the list's form of method GET leads here, with the
//! chosen ids in the address.

use leptos::{prelude::*, server_fn::ServerFn};
use leptos_router::hooks::use_query_map;
use tandem_domain::{access::Field, ids::RecordingId};

use super::list_path;
use crate::{
    context::me,
    data::{load, loaded},
    error::AppError,
    listing::Listing,
    pages::errors::error_page,
    post::Done,
    ui::{Button, Card, DataTable, EmptyState, Kind, LinkButton, PageHeader, PostForm, Sign},
};

/// Recordings that can be deleted at once: as many as stand on a page of the list.
pub const CHOSEN_MAX: usize = tandem_domain::list::PAGE_ROWS as usize;

/// The recordings of these ids that this person sees, as the list has them.
///
/// # Errors
/// None of them is there for this person; without the permission to delete recordings.
#[server(endpoint = "recordings_chosen")]
pub async fn recordings_chosen(
    /// Which.
    #[server(default)]
    ids: Vec<RecordingId>,
) -> Result<Listing, AppError> {
    use tandem_store::StoreError;

    use super::{WHAT, list::server::columns};
    use crate::server::ask::Ask;

    let ask = Ask::now()?;
    ask.modify(Field::Recordings)?;
    let mut columns = columns(&ask, false);
    let (mut rows, any) = (Vec::new(), !ids.is_empty());
    for id in ids.into_iter().take(CHOSEN_MAX) {
        match ask.store().recordings().one(ask.me.who, id).await {
            Ok(row) => rows.push(row),
            // Deleted meanwhile, by this person in another window or by somebody else.
            Err(StoreError::NotFound) => {}
            Err(error) => return Err(ask.tell(WHAT, error)),
        }
    }
    if any && rows.is_empty() {
        return Err(AppError::NotFound(WHAT.into()));
    }
    columns.private &= rows.iter().any(|row| row.recording.account_only);
    Ok(Listing::whole(columns.heads(), rows.into_iter().map(|row| columns.row(&ask, row)).collect()))
}

/// Deletes recordings. Those that are gone already, or that this person may not delete, are left out.
///
/// # Errors
/// None of them is there for this person; no permission.
#[server(endpoint = "recordings_delete")]
pub async fn recordings_delete(
    /// Which.
    ids: Vec<RecordingId>,
) -> Result<Done, AppError> {
    use super::WHAT;
    use crate::server::ask::Ask;

    let ask = Ask::now()?;
    ask.modify(Field::Recordings)?;
    if ids.len() > CHOSEN_MAX {
        return Err(AppError::Refused(format!("Choose at most {CHOSEN_MAX} recordings at once.")));
    }
    let deleted = ask.store().recordings().delete(&ask.change(), ask.me.who, &ids).await;
    let deleted = deleted.map_err(|error| ask.tell(WHAT, error))?;
    ask.services().recordings.deleted();
    let toast = match deleted {
        0 => return Err(AppError::NotFound(WHAT.into())),
        1 => "Recording deleted".to_owned(),
        count => format!("{count} recordings deleted"),
    };
    Ok(Done::say(toast).go(list_path(ask.me.audience())))
}

/// The page that asks.
pub fn delete_page() -> AnyView {
    if !me().modifies(Field::Recordings) {
        return error_page(&AppError::forbidden(Field::Recordings));
    }
    let query = use_query_map();
    let ids = move || {
        let texts = query.read().get_all("id").unwrap_or_default();
        texts.iter().filter_map(|id| id.parse().ok()).take(CHOSEN_MAX).collect::<Vec<RecordingId>>()
    };
    let data = load(move || Ok(RecordingsChosen { ids: ids() }));
    loaded(data, move |listing| {
        let back = list_path(me().audience());
        let count = listing.rows.len();
        let content = if count == 0 {
            view! {
                <EmptyState title="Nothing is chosen" text="Tick the recordings in the list, then delete them." sign=Sign::Recording>
                    <LinkButton href=back label="Back to the list" />
                </EmptyState>
            }
            .into_any()
        } else {
            let what = if count == 1 { "1 recording".to_owned() } else { format!("{count} recordings") };
            let fields = untrack(ids).into_iter().map(|id| ("ids[]", id.to_string())).collect();
            view! {
                <Card
                    title=["Delete ", &what, "?"].concat()
                    description="The sound is deleted for everybody who sees it. This cannot be taken back."
                    flush=true
                >
                    <DataTable listing=listing label="Chosen recordings" />
                </Card>
                <PostForm to=RecordingsDelete::PATH fields=fields class="actions">
                    <Button label=["Delete ", &what].concat() kind=Kind::Danger sign=Sign::Bin />
                    <LinkButton href=back label="Cancel" />
                </PostForm>
            }
            .into_any()
        };
        view! {
            <PageHeader title="Delete recordings" back=(back, "Call recordings") />
            <div class="stack">{content}</div>
        }
        .into_any()
    })
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use super::*;
    use crate::server::forms::decode;

    const ID: &str = "01890000-0000-7000-8000-000000000001";

    #[tokio::test]
    async fn the_chosen_ids_of_a_form_are_all_read() {
        for list in [format!("ids[]={ID}&ids[]={ID}"), format!("ids%5B%5D={ID}&ids%5B%5D={ID}")] {
            let typed: RecordingsDelete = decode(&list).await.unwrap();
            assert_eq!(typed.ids.len(), 2, "{list}");
        }
        let none: RecordingsChosen = decode("").await.unwrap();
        assert!(none.ids.is_empty());
    }
}
