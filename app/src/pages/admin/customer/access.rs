//! A customer's status and sign-in: the shared panels at the customer's address.

use leptos::prelude::*;
use tandem_domain::ids::CustomerId;

use super::head::{CustomerHead, WHAT, customer_frame};
use crate::{
    data::{load, loaded},
    error::AppError,
    parts::{
        address::of_address,
        sign_in_panel::{SignInView, sign_in_panel},
        status_panel::{StatusView, status_panel},
    },
};

/// The status of a customer.
///
/// # Errors
/// No such customer; no permission.
#[server(endpoint = "customer_status_read")]
pub async fn customer_status_read(
    /// Which.
    id: CustomerId,
) -> Result<(CustomerHead, StatusView), AppError> {
    use tandem_domain::status::{Service, Status};

    use super::head::FoundCustomer;
    use crate::{
        parts::{owner::Owner, status_panel::status_view},
        server::ask::Ask,
    };

    let ask = Ask::now()?;
    let found = FoundCustomer::load(&ask, id).await?;
    let service = Service::of(found.overview.status, Status::Open, false).paid_from(found.overview.funds);
    let status = status_view(&ask, Owner::customer(id), &found.stored.value.name, service).await?;
    Ok((found.head(&ask), status))
}

/// How a customer gets into self-care.
///
/// # Errors
/// No such customer; no permission.
#[server(endpoint = "customer_sign_in_read")]
pub async fn customer_sign_in_read(
    /// Which.
    id: CustomerId,
) -> Result<(CustomerHead, SignInView), AppError> {
    use tandem_domain::access::{Audience, Field};

    use super::head::FoundCustomer;
    use crate::{
        parts::{owner::Owner, sign_in_panel::RoleChoice},
        server::ask::Ask,
    };

    let ask = Ask::now()?;
    let found = FoundCustomer::load(&ask, id).await?;
    ask.see(Field::CustomerSignIn)?;
    let role = found.stored.value.role;
    let owner = Owner::customer(id);
    let version = ask.store().sign_ins().version(owner.who()).await.map_err(|error| ask.tell(WHAT, error))?;
    let sign_in = SignInView {
        owner,
        version,
        private: String::new(),
        name: found.stored.value.name.clone(),
        sign_in: found.overview.sign_in.as_ref().map(ToString::to_string).unwrap_or_default(),
        above: ask.is_above(role).await?,
        role: Some(RoleChoice { id: role.to_string(), roles: ask.role_choices(Audience::Customer, Some(role)).await? }),
    };
    Ok((found.head(&ask), sign_in))
}

/// The status tab.
#[component]
pub fn CustomerStatusPage() -> impl IntoView {
    let data = load(of_address(WHAT, |id| CustomerStatusRead { id }));
    loaded(data, |(head, status)| {
        customer_frame(&head, view! { <div class="stack">{status_panel(status)}</div> }.into_any())
    })
}

/// The sign-in tab.
#[component]
pub fn CustomerSignInPage() -> impl IntoView {
    let data = load(of_address(WHAT, |id| CustomerSignInRead { id }));
    loaded(data, |(head, sign_in)| {
        customer_frame(&head, view! { <div class="form">{sign_in_panel(sign_in)}</div> }.into_any())
    })
}
