//! A customer's huntgroups, to read: how each rings, its members, and who may supervise.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use tandem_domain::ids::CustomerId;

use super::head::{CustomerHead, WHAT, customer_frame};
use crate::{
    context::{load, loaded},
    error::AppError,
    listing::Listing,
    parts::address::{address_id, parse_id},
    ui::{Card, DataTable, EmptyState, Sign},
};

/// A huntgroup as the tab shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HuntgroupCard {
    /// "Support (7700)".
    pub title: String,
    /// How it rings.
    pub rings: String,
    /// The members.
    pub members: Listing,
}

/// A customer's huntgroups with their members.
///
/// # Errors
/// No such customer; no permission to see huntgroups.
#[server(endpoint = "customer_huntgroups_read")]
pub async fn customer_huntgroups_read(
    /// Which.
    id: CustomerId,
) -> Result<(CustomerHead, Vec<HuntgroupCard>), AppError> {
    todo!()
}

/// The huntgroups tab.
#[component]
pub fn CustomerHuntgroupsPage() -> impl IntoView {
    let data = load(address_id(), |id| async move { customer_huntgroups_read(parse_id(WHAT, &id)?).await });
    loaded(data, |(head, groups)| {
        if groups.is_empty() {
            let none = view! {
                <EmptyState title="No huntgroups yet" sign=Sign::People
                    text="The customer adds them in self-care, under IP Centrex > Huntgroups." />
            };
            return customer_frame(&head, none.into_any());
        }
        let cards = groups.into_iter().map(card).collect_view();
        customer_frame(&head, view! { <div class="stack">{cards}</div> }.into_any())
    })
}

fn card(group: HuntgroupCard) -> AnyView {
    let HuntgroupCard { title, rings, members } = group;
    let table = if members.rows.is_empty() {
        view! { <EmptyState title="No members yet" sign=Sign::People /> }.into_any()
    } else {
        view! { <DataTable label=format!("Members of {title}") listing=members /> }.into_any()
    };
    view! { <Card title=title description=rings flush=true>{table}</Card> }.into_any()
}
