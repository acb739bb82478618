//! What is around a customer's pages: its name, its status, its tabs.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use tandem_domain::{access::Field, ids::CustomerId, settings::Setting, status::Status};

use crate::{
    context::me,
    data::{Data, load},
    error::AppError,
    parts::{address::of_address, status_panel::status_tone},
    ui::{Badge, PageHeader, Tabs},
};

/// What a customer is called in an answer.
pub(super) const WHAT: &str = "customer";

/// The head of a customer's pages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomerHead {
    /// Which customer.
    pub id: CustomerId,
    /// Its name.
    pub name: String,
    /// What kind it is: "Business, postpaid in EUR".
    pub subtitle: String,
    /// Its status; `None` when the reader may not see it.
    pub status: Option<Status>,
}

/// The head of a customer's pages, for those that show a list.
///
/// # Errors
/// No such customer.
#[server(endpoint = "customer_head_read")]
pub async fn customer_head_read(
    /// Which.
    id: CustomerId,
) -> Result<CustomerHead, AppError> {
    use crate::server::ask::Ask;

    let ask = Ask::now()?;
    Ok(FoundCustomer::load(&ask, id).await?.head(&ask))
}

/// A customer, as every page of it begins.
#[cfg(feature = "ssr")]
pub(super) struct FoundCustomer {
    /// The proof that the person who asks may work on it.
    pub tenant: tandem_domain::access::Tenant,
    /// The record.
    pub stored: tandem_domain::ids::Stored<CustomerId, tandem_domain::customer::Customer>,
    /// What is known beside the record.
    pub overview: tandem_store::customers::CustomerOverview,
    /// The name of its class.
    class: String,
}

#[cfg(feature = "ssr")]
impl FoundCustomer {
    /// Finds a customer that the person who asks may work on and see.
    ///
    /// # Errors
    /// [`AppError::NotFound`], [`AppError::Forbidden`].
    pub async fn load(ask: &crate::server::ask::Ask, id: CustomerId) -> Result<Self, AppError> {
        let tenant = ask.tenant(id)?;
        ask.see(Field::CustomerName)?;
        let tell = |error| ask.tell(WHAT, error);
        let customers = ask.store().customers();
        let stored = customers.get(tenant).await.map_err(tell)?;
        let overview = customers.overview(tenant).await.map_err(tell)?;
        let class = ask.store().classes().get(stored.value.class).await.map_err(tell)?.value.name;
        Ok(Self { tenant, stored, overview, class })
    }

    /// The head of its pages.
    pub fn head(&self, ask: &crate::server::ask::Ask) -> CustomerHead {
        let customer = &self.stored.value;
        let billing = format!("{} · {} in {}", self.class, customer.billing.label(), customer.currency.code());
        CustomerHead {
            id: self.stored.id,
            name: customer.name.clone(),
            subtitle: if ask.me.sees(Field::CustomerBilling) { billing } else { String::new() },
            status: ask.me.sees(Field::CustomerStatus).then_some(self.overview.status),
        }
    }
}

/// The head of the customer in the page's address.
pub(super) fn load_head() -> Data<CustomerHead> {
    load(of_address(WHAT, |id| CustomerHeadRead { id }))
}

/// A customer's page: name, tabs, and the content of one of them.
pub(super) fn customer_frame(head: &CustomerHead, content: AnyView) -> AnyView {
    let me = me();
    let id = head.id;
    let voice = Setting::ALL.iter().any(|setting| me.sees(setting.permission())) || me.sees(Field::CustomerDialingRule);
    let tabs = [
        ("", "General", true),
        ("/voice", "Services > Voice calls", voice),
        ("/accounts", "Accounts", me.sees(Field::AccountProfile) || me.sees(Field::AccountExtension)),
        ("/huntgroups", "Huntgroups", me.sees(Field::Huntgroups)),
        ("/numbers", "Public numbers", me.sees(Field::PublicNumbers)),
        ("/billing", "Billing", super::billing::BILLING.iter().any(|field| me.sees(*field))),
        ("/status", "Status", me.sees(Field::CustomerStatus)),
        ("/sign-in", "Sign-in", me.sees(Field::CustomerSignIn)),
        ("/history", "History", me.sees(Field::AuditLog)),
    ];
    let tabs = tabs.into_iter().filter(|(_, _, seen)| *seen);
    let tabs = tabs.map(|(path, label, _)| (format!("/admin/customers/{id}{path}"), label.to_owned())).collect();
    let badge = head.status;
    view! {
        <PageHeader
            title=head.name.clone()
            subtitle=head.subtitle.clone()
            back=("/admin/customers", "Customers")
            badge=move || badge.map(|status| view! { <Badge tone=status_tone(status) text=status.label() /> }.into_any())
        />
        <Tabs items=tabs label="Customer" />
        {content}
    }
    .into_any()
}
