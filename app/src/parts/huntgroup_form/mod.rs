//! A customer's huntgroups: the list, making one, and the page where settings and members are changed.
//!
//! Every server function here is told the customer, so that a customer's own administrator and the provider's staff use the
//! same ones.
//!
//! | module | what it shows and does |
//! | --- | --- |
//! | [`list`] | the list |
//! | [`settings`] | name, number, ring strategy, ring time; adding and deleting a group |
//! | [`members`] | who is in it, in which order, and the two marks of supervision |
//! | [`add_members`] | choosing new members |
//! | [`supervision`] | who may supervise whom as a result |
//! | [`mod@view`] | what these are shown from |

pub mod add_members;
#[cfg(feature = "ssr")]
mod editing;
pub mod list;
pub mod members;
#[cfg(feature = "ssr")]
mod reading;
pub mod settings;
pub mod supervision;
pub mod view;

#[cfg(feature = "ssr")]
pub use reading::{extension_view, supervision_of_company};

use leptos::prelude::*;
use tandem_domain::ids::{CustomerId, HuntgroupId};

use self::{
    add_members::AddMembers, members::members_card, settings::settings_form, supervision::supervision_card,
    view::HuntgroupView,
};
use crate::{
    context::me,
    data::{load, loaded},
    error::AppError,
    parts::address::parse_id,
    ui::{KeepFocus, PageHeader},
};

/// What a huntgroup is called in an answer.
const WHAT: &str = "huntgroup";

/// A huntgroup, as far as the reader's role shows it.
///
/// # Errors
/// No such group; no permission to see huntgroups.
#[server(endpoint = "huntgroup_read")]
pub async fn huntgroup_read(
    /// Whose.
    customer: CustomerId,
    /// Which.
    id: HuntgroupId,
) -> Result<HuntgroupView, AppError> {
    let ask = crate::server::ask::Ask::now()?;
    reading::huntgroup(&ask, customer, id).await
}

/// A huntgroup's page; `id` is the text in its address, `list` the list to go back to.
pub fn huntgroup_page(
    customer: CustomerId,
    id: impl Fn() -> String + Copy + Send + Sync + 'static,
    list: (String, String),
) -> AnyView {
    let focus = KeepFocus::new();
    let adding = AddMembers::new(customer, id);
    let group = load(move || Ok(HuntgroupRead { customer, id: parse_id(WHAT, &id())? }));
    loaded(group, move |group| {
        let add = me().modifies(tandem_domain::access::Field::HuntgroupMembers).then(|| adding.card(group.id));
        view! {
            <PageHeader title=group.name.clone() subtitle=subtitle(&group) back_to=list.clone() />
            <div class="stack max-w-208">
                {settings_form(&group)}
                {members_card(&group, focus)}
                {add}
                {group.supervision.clone().map(|view| supervision_card(view, "in this huntgroup"))}
                {settings::delete_card(&group)}
            </div>
        }
        .into_any()
    })
}

/// "Number 7700, 3 members".
fn subtitle(group: &HuntgroupView) -> String {
    let count = group.members.as_ref().map(Vec::len);
    let members = match count {
        None => String::new(),
        Some(1) => ", 1 member".into(),
        Some(count) => [", ", &count.to_string(), " members"].concat(),
    };
    ["Number ", &group.number, &members].concat()
}
