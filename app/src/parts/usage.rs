//! What uses a record: shown on its page, and the reason why it cannot be deleted.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use tandem_domain::ids::Version;

use crate::ui::{Card, CollectAny as _, ConfirmButton, PostForm};

/// The records that use another: the first ones by name, and how many there are in all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Some of them: those whose name the person may see.
    pub users: Vec<User>,
    /// All of them, counted up to a bound.
    pub count: u32,
}

/// A record that uses another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// "Customer", "Account", "Administrator".
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Its page.
    pub href: String,
}

#[cfg(feature = "ssr")]
impl Usage {
    /// The usage that this person may see: names only of records whose name they see, links only where they may go.
    #[must_use]
    pub fn of(me: &tandem_domain::access::Principal, users: tandem_store::users::Users) -> Self {
        use tandem_domain::access::{Field, Who};

        let seen = users.named.into_iter().filter_map(|tandem_store::users::User { who, name }| {
            let (kind, field, href) = match who {
                Who::Administrator(id) => {
                    ("Administrator", Field::Administrators, format!("/admin/administrators/{id}"))
                }
                Who::Customer(id) => ("Customer", Field::CustomerName, format!("/admin/customers/{id}")),
                Who::Account { account, .. } => {
                    ("Account", Field::AccountProfile, format!("/admin/accounts/{account}"))
                }
            };
            me.sees(field).then(|| User { kind: kind.into(), name, href })
        });
        Self { users: seen.collect(), count: users.count }
    }
}

/// What uses a record, with links. `nobody` is said when nothing does.
pub fn usage_card(usage: &Usage, nobody: &'static str) -> AnyView {
    let more = usage.count.saturating_sub(u32::try_from(usage.users.len()).unwrap_or(u32::MAX));
    let rows = usage
        .users
        .iter()
        .map(|user| {
            let User { kind, name, href } = user.clone();
            view! { <li><a href=href>{name}</a> " " <small>{kind}</small></li> }.into_any()
        })
        .collect_any();
    let content = if usage.count == 0 {
        view! { <p>{nobody}</p> }.into_any()
    } else {
        view! {
            <ul>{rows}</ul>
            {(more > 0).then(|| view! { <p>{format!("and {more} more")}</p> }.into_any())}
        }
        .into_any()
    };
    view! { <Card title="Used by">{content}</Card> }.into_any()
}

/// Deleting a record that nothing uses; while something does, why not. `noun`: "class".
pub fn delete_card(
    to: &'static str,
    id: String,
    version: Version,
    noun: &'static str,
    name: &str,
    in_use: bool,
) -> AnyView {
    let content = if in_use {
        view! { <p>{format!("This {noun} is in use. Give whoever uses it another one first; then it can be deleted.")}</p> }.into_any()
    } else {
        let (label, title) = (format!("Delete {noun}"), format!("Delete the {noun} “{name}”?"));
        view! {
            <PostForm to=to fields=vec![("id", id), ("version", version.0.to_string())]>
                <ConfirmButton label=label.clone() title=title text="This cannot be taken back." confirm=label danger=true />
            </PostForm>
        }
        .into_any()
    };
    view! { <Card title="Delete">{content}</Card> }.into_any()
}
