//! Who is signed in, and whose data that lets be read.

use serde::{Deserialize, Serialize};

use super::{AccessRole, Audience, Field, Level};
use crate::{
    ids::{AccountId, AdministratorId, CustomerId},
    locale::{Locale, TimeZone},
};

/// Who somebody is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Who {
    /// A member of the provider's staff.
    Administrator(AdministratorId),
    /// A company's own administrator.
    Customer(CustomerId),
    /// An end user.
    Account {
        /// The account.
        account: AccountId,
        /// Its customer.
        customer: CustomerId,
    },
}

impl Who {
    /// Whose data the person belongs to; `None` for the provider's staff.
    #[must_use]
    pub const fn customer(self) -> Option<CustomerId> {
        match self {
            Self::Administrator(_) => None,
            Self::Customer(customer) | Self::Account { customer, .. } => Some(customer),
        }
    }
}

/// A signed-in person with the role that decides what they may do. Made by the server from the session; the browser gets
/// a copy to hide and disable by, and the server checks again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Principal {
    /// Who.
    pub who: Who,
    /// The sign-in name.
    pub sign_in: String,
    /// The person's or company's name.
    pub name: String,
    /// The role.
    pub role: AccessRole,
    /// How dates and numbers are shown to this person.
    pub locale: Locale,
    /// The time zone of the dates shown.
    pub time_zone: TimeZone,
    /// An account with *Supervision allowed* in a huntgroup.
    #[serde(default)]
    pub manages: bool,
}

impl Principal {
    /// Which kind of person this is.
    #[must_use]
    pub const fn audience(&self) -> Audience {
        match self.who {
            Who::Administrator(_) => Audience::Administrator,
            Who::Customer(_) => Audience::Customer,
            Who::Account { .. } => Audience::Account,
        }
    }

    /// What this person may do with a field. A role of another audience gives nothing.
    #[must_use]
    pub fn level(&self, field: Field) -> Level {
        if self.role.audience == self.audience() { self.role.level(field) } else { Level::Forbidden }
    }

    /// Whether this person sees a field.
    #[must_use]
    pub fn sees(&self, field: Field) -> bool {
        self.level(field) >= Level::View
    }

    /// Whether this person may change a field.
    #[must_use]
    pub fn modifies(&self, field: Field) -> bool {
        self.level(field) == Level::Modify
    }

    /// The person's own customer; `None` for the provider's staff.
    #[must_use]
    pub const fn own_customer(&self) -> Option<CustomerId> {
        self.who.customer()
    }

    /// The tenant whose data a customer's administrator or an administrator may work on: the own customer for the former,
    /// any for the latter. Accounts work on no tenant's data but their own record.
    #[must_use]
    pub fn tenant(&self, customer: CustomerId) -> Option<Tenant> {
        match self.who {
            Who::Administrator(_) => Some(Tenant(customer)),
            Who::Customer(own) => (own == customer).then_some(Tenant(own)),
            Who::Account { .. } => None,
        }
    }

    /// The tenant of a self-care user; `None` for the provider's staff. An account is to find its own record and its
    /// customer's codes with it, and nothing else: it is no answer to "may this person see that record?".
    #[must_use]
    pub fn own_tenant(&self) -> Option<Tenant> {
        self.own_customer().map(Tenant)
    }

    /// Whose rows this person's lists may show; `None` for accounts, which have no lists of records.
    #[must_use]
    pub const fn scope(&self) -> Option<Scope> {
        match self.who {
            Who::Administrator(_) => Some(Scope(None)),
            Who::Customer(own) => Some(Scope(Some(own))),
            Who::Account { .. } => None,
        }
    }

    /// The tenant whose invoices, payments and cards this person may work on, as far as each of those fields permits: as
    /// [`Principal::tenant`], and for an account that sees its company's invoices or payments, that company.
    #[must_use]
    pub fn money_tenant(&self, customer: CustomerId) -> Option<Tenant> {
        match self.who {
            Who::Administrator(_) | Who::Customer(_) => self.tenant(customer),
            Who::Account { customer: own, .. } => (own == customer && self.sees_money()).then_some(Tenant(own)),
        }
    }

    /// The tenant of [`Principal::money_tenant`] for a self-care user; `None` for the provider's staff, and for an account that
    /// has nothing to do with money.
    #[must_use]
    pub fn own_money_tenant(&self) -> Option<Tenant> {
        self.own_customer().and_then(|own| self.money_tenant(own))
    }

    /// Whose invoices and payments this person's lists may show.
    #[must_use]
    pub fn money_scope(&self) -> Option<Scope> {
        match self.who {
            Who::Administrator(_) | Who::Customer(_) => self.scope(),
            Who::Account { .. } => self.own_money_tenant().map(Scope::of),
        }
    }

    fn sees_money(&self) -> bool {
        let fields = [Field::Invoices, Field::Payments, Field::PaymentMethods, Field::AutoPayment];
        fields.into_iter().any(|field| self.sees(field))
    }

    /// Where this person starts after signing in.
    #[must_use]
    pub const fn home(&self) -> &'static str {
        match self.who {
            Who::Administrator(_) => "/admin",
            Who::Customer(_) | Who::Account { .. } => "/self-care",
        }
    }
}

/// The proof that somebody may work on one customer's data. Only [`Principal`] makes one (and [`Tenant::for_system`], for
/// work that nobody asked for), so that a query without a check of whose data it reads does not compile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Tenant(CustomerId);

impl Tenant {
    /// The tenant, for the server's own work: demo data, schedulers, the exchange.
    #[must_use]
    pub const fn for_system(customer: CustomerId) -> Self {
        Self(customer)
    }

    /// Whose data.
    #[must_use]
    pub const fn customer(self) -> CustomerId {
        self.0
    }
}

/// Whose rows a list may show: all customers' for the provider's staff, else one customer's. Made by [`Principal::scope`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Scope(Option<CustomerId>);

impl Scope {
    /// All rows, for the server's own work.
    #[must_use]
    pub const fn for_system() -> Self {
        Self(None)
    }

    /// The rows of one tenant.
    #[must_use]
    pub const fn of(tenant: Tenant) -> Self {
        Self(Some(tenant.0))
    }

    /// The one customer, or `None` for all.
    #[must_use]
    pub const fn customer(self) -> Option<CustomerId> {
        self.0
    }
}
