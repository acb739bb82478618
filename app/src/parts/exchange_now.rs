//! What the exchange does at this moment, in numbers, for the dashboards.

use leptos::prelude::*;
use tandem_domain::access::Audience;

use crate::{
    context::me,
    data::{Data, load_live, loaded},
    error::AppError,
    live::{Topic, live},
    ui::Stat,
};

/// How many calls are going on, and how many phones are registered; none of what the role does not show.
///
/// # Errors
/// For accounts.
#[server(endpoint = "exchange_now_read")]
pub async fn exchange_now_read() -> Result<(Option<i64>, Option<i64>), AppError> {
    use tandem_domain::access::Field;

    use crate::server::ask::Ask;

    let ask = Ask::now()?;
    let scope = ask.scope()?;
    let calls = ask.me.sees(Field::LiveCalls).then(|| ask.services().exchange.calls(scope.customer()).len());
    let phones = if ask.me.sees(Field::Registrations) {
        let count = ask.store().registrations().count(scope, ask.at()).await;
        Some(count.map_err(|error| ask.tell("registration", error))?)
    } else {
        None
    };
    Ok((calls.map(|calls| i64::try_from(calls).unwrap_or(i64::MAX)), phones))
}

/// The numbers, on their way. Made with the page, outside of what is loaded for it.
#[must_use]
pub fn exchange_now() -> Data<(Option<i64>, Option<i64>)> {
    load_live(live(&[Topic::Calls, Topic::Registrations]), || Ok(ExchangeNowRead {}))
}

/// The numbers, which follow what happens; nothing when the role shows none.
pub fn exchange_stats(now: Data<(Option<i64>, Option<i64>)>) -> AnyView {
    if ![Topic::Calls, Topic::Registrations].into_iter().any(|topic| topic.is_for(&me())) {
        return ().into_any();
    }
    loaded(now, |(calls, phones)| {
        let (live_calls, registrations) = match me().audience() {
            Audience::Administrator => ("/admin/calls", "/admin/registrations"),
            Audience::Customer | Audience::Account => ("/self-care/calls", "/self-care/extensions"),
        };
        view! {
            {calls.map(|calls| view! { <Stat label="Calls now" value=calls.to_string() href=live_calls /> }.into_any())}
            {phones.map(|phones| view! { <Stat label="Phones registered" value=phones.to_string() href=registrations /> }.into_any())}
        }
        .into_any()
    })
}
