//! What is known of a customer, beside its status (see [`crate::status`]) and its settings (see [`crate::settings`]).

use serde::{Deserialize, Serialize};

use crate::{
    ids::{ClassId, RoleId},
    locale::{Currency, Locale, TimeZone},
};

/// When a customer pays.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Billing {
    /// Before use, from a balance.
    Prepaid,
    /// After use, by invoice.
    #[default]
    Postpaid,
}

impl Billing {
    /// Both ways.
    pub const ALL: [Self; 2] = [Self::Prepaid, Self::Postpaid];

    /// The name used in forms and in the store.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Prepaid => "prepaid",
            Self::Postpaid => "postpaid",
        }
    }

    /// The way of this name.
    #[must_use]
    pub fn from_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|billing| billing.key() == key)
    }

    /// The name in the interface.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Prepaid => "Prepaid",
            Self::Postpaid => "Postpaid",
        }
    }
}

/// A customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Customer {
    /// The company's name; unique.
    pub name: String,
    /// Where invoices and notices go; may be empty.
    pub email: String,
    /// What its phones put before the extension when they register; unique ([`crate::field::sip_prefix`]).
    pub sip_prefix: String,
    /// The currency it is billed in.
    pub currency: Currency,
    /// When it pays.
    pub billing: Billing,
    /// Its customer class.
    pub class: ClassId,
    /// How dates and numbers are shown to its people.
    pub locale: Locale,
    /// In which time zone its days begin.
    pub time_zone: TimeZone,
    /// The access role of the customer's own sign-in.
    pub role: RoleId,
}
