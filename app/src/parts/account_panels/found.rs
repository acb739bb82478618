//! An account as every page of it begins: the record, its customer, and whether there is service. Server side.

use tandem_domain::{
    access::{Field, Tenant},
    account::Account,
    customer::Customer,
    ids::{AccountId, Stored},
    status::Service,
};
use tandem_store::accounts::AccountOverview;

use super::tabs::{AccountHead, WHAT};
use crate::{
    error::AppError,
    parts::{owner::Owner, status_panel::service_tone},
    server::{ask::Ask, format},
};

/// An account that the person who asks may work on.
pub(crate) struct FoundAccount {
    /// The proof of it.
    pub tenant: Tenant,
    /// The record.
    pub stored: Stored<AccountId, Account>,
    /// What is known beside the record.
    pub overview: AccountOverview,
    /// Its customer.
    pub customer: Customer,
    /// Whether there is service at this moment.
    pub service: Service,
}

impl FoundAccount {
    /// Finds an account by its id.
    ///
    /// # Errors
    /// [`AppError::NotFound`], [`AppError::Forbidden`] without permission to see accounts.
    pub async fn load(ask: &Ask, id: AccountId) -> Result<Self, AppError> {
        let tell = |error| ask.tell(WHAT, error);
        let accounts = ask.store().accounts();
        let stored = accounts.find(ask.scope()?, id).await.map_err(tell)?;
        let tenant = Owner::account(stored.value.customer, id).tenant(ask)?;
        if !ask.me.sees(Field::AccountProfile) {
            ask.see(Field::AccountExtension)?;
        }
        let overview = accounts.overview(tenant, id).await.map_err(tell)?;
        let customer = ask.store().customers().get(tenant).await.map_err(tell)?.value;
        let today = format::today(ask.at(), &customer.time_zone);
        let expired = stored.value.expires_on.as_ref().is_some_and(|last| *last < today);
        let service = Service::of(overview.customer_status, overview.status, expired).paid_from(overview.funds);
        Ok(Self { tenant, stored, overview, customer, service })
    }

    /// Which account.
    pub fn owner(&self) -> Owner {
        Owner::account(self.stored.value.customer, self.stored.id)
    }

    /// What it is called, as far as the person who asks may know.
    pub fn name(&self, ask: &Ask) -> String {
        if ask.me.sees(Field::AccountProfile) {
            self.stored.value.name()
        } else {
            format!("Extension {}", self.stored.value.extension)
        }
    }

    /// The head of its pages.
    pub fn head(&self, ask: &Ask) -> AccountHead {
        let extension = self.stored.value.extension.as_str();
        let subtitle = match (ask.me.sees(Field::AccountExtension), ask.me.own_customer()) {
            (true, None) => format!("Extension {extension} of {}", self.customer.name),
            (true, Some(_)) => format!("Extension {extension}"),
            (false, None) => self.customer.name.clone(),
            (false, Some(_)) => String::new(),
        };
        let badge = (service_tone(self.service), self.service.label().to_owned());
        let badge = ask.me.sees(Field::AccountStatus).then_some(badge);
        AccountHead { owner: self.owner(), name: self.name(ask), subtitle, badge }
    }
}
