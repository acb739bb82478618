//! Which processor takes which currency?

use serde::{Deserialize, Serialize};

use super::keyed;
use crate::{error::FieldErrors, field, ids::PaymentSystemId, locale::Currency};

/// A company that takes payments.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Processor {
    /// Stripe.
    #[default]
    Stripe,
    /// Plug'n Pay.
    PlugNPay,
}

keyed!(Processor { Stripe "stripe" "Stripe", PlugNPay "plugnpay" "Plug’n Pay" });

/// How customers pay. One active payment system takes each of them in each currency.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PayBy {
    /// By card.
    #[default]
    Card,
}

keyed!(PayBy { Card "card" "Card" });

impl Processor {
    /// What can be paid by through it.
    #[must_use]
    pub const fn takes(self) -> &'static [PayBy] {
        match self {
            Self::Stripe | Self::PlugNPay => &[PayBy::Card],
        }
    }
}

/// Characters of a public key or an account's name.
pub const PUBLIC_KEY_MAX: usize = 255;

/// A payment system: an account of the provider's at a processor. Its credentials are kept apart and never shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentSystem {
    /// What the provider's staff call it; unique.
    pub name: String,
    /// At which processor.
    pub processor: Processor,
    /// Only test cards are taken, and no money moves.
    pub test_mode: bool,
    /// The currencies that it takes, each once, in the order of [`Currency::ALL`].
    pub currencies: Vec<Currency>,
    /// It takes payments; if not, only what was begun goes on.
    pub active: bool,
    /// What browsers may know: Stripe's publishable key (`pk_…`), Plug'n Pay's publisher name. May be empty.
    pub public_key: String,
}

impl PaymentSystem {
    /// Checks what was typed into the form.
    ///
    /// # Errors
    /// What is wrong, per field: `name`, `processor`, `currencies`, `public_key`.
    pub fn parse<'c>(
        name: &str,
        processor: &str,
        test_mode: bool,
        currencies: impl IntoIterator<Item = &'c str>,
        active: bool,
        public_key: &str,
    ) -> Result<Self, FieldErrors> {
        let mut errors = FieldErrors::default();
        let name = errors.take("name", field::name(name));
        let processor = Processor::from_key(processor);
        if processor.is_none() {
            errors.add("processor", "Choose a processor.");
        }
        let mut taken = Vec::new();
        for code in currencies {
            match Currency::from_code(code) {
                Some(currency) => taken.push(currency),
                None => errors.add("currencies", "One of these currencies does not exist; reload the page."),
            }
        }
        let currencies: Vec<Currency> = Currency::ALL.into_iter().filter(|currency| taken.contains(currency)).collect();
        if currencies.is_empty() {
            errors.add("currencies", "Choose at least one currency.");
        }
        let public_key = public_key.trim();
        let sound = public_key.len() <= PUBLIC_KEY_MAX && public_key.bytes().all(|byte| byte.is_ascii_graphic());
        if !sound {
            errors.add("public_key", "Copy the key from the processor’s page: letters, digits and underscores.");
        }
        if public_key.starts_with("sk_") || public_key.starts_with("rk_") {
            errors.add("public_key", "This is a secret key. Enter the publishable one here, which begins with pk_.");
        }
        let (Some(name), Some(processor)) = (name, processor) else { return Err(errors) };
        errors.into_result().map(|()| Self {
            name,
            processor,
            test_mode,
            currencies,
            active,
            public_key: public_key.into(),
        })
    }
}

/// A payment system in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentSystemRow {
    /// What names it.
    pub id: PaymentSystemId,
    /// The system.
    pub system: PaymentSystem,
    /// Whether it has credentials.
    pub credentials_set: bool,
    /// Whether it has a secret by which webhooks are believed.
    pub webhook_secret_set: bool,
}
