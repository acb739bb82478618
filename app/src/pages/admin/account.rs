//! One account, as the provider's staff see it: the shared panels, and its history.

use leptos::prelude::*;
use tandem_domain::ids::AccountId;

use super::customer::history_list;
use crate::{
    data::{load, loaded},
    error::AppError,
    parts::{
        account_panels::{self, AccountHead, account_frame},
        address::{address_id, of_address, parse_id},
        history::AccountHistory,
    },
    ui::list_args,
};

/// What is around an account's pages, for those that show a list.
///
/// # Errors
/// No such account.
#[server(endpoint = "account_head_read")]
pub async fn account_head_read(
    /// Which.
    id: AccountId,
) -> Result<AccountHead, AppError> {
    use crate::{parts::account_panels::FoundAccount, server::ask::Ask};

    let ask = Ask::now()?;
    Ok(FoundAccount::load(&ask, id).await?.head(&ask))
}

/// General data.
#[component]
pub fn AccountPage() -> impl IntoView {
    account_panels::general_page()
}

/// Services.
#[component]
pub fn AccountServicesPage() -> impl IntoView {
    account_panels::services_page()
}

/// Status.
#[component]
pub fn AccountStatusPage() -> impl IntoView {
    account_panels::status_page()
}

/// Sign-in and SIP phone.
#[component]
pub fn AccountSignInPage() -> impl IntoView {
    account_panels::sign_in_page()
}

/// What was changed.
#[component]
pub fn AccountHistoryPage() -> impl IntoView {
    let (args, id) = (list_args(), address_id());
    let head = load(of_address("account", |id| AccountHeadRead { id }));
    let listing = load(move || Ok(AccountHistory { id: parse_id("account", &id())?, args: args.get() }));
    loaded(head, move |head| account_frame(&head, history_list(listing, args)))
}
