//! What server functions about money have in common: whose it is, how refusals are told, tokens, amounts and days.

use rand::RngCore as _;
use tandem_billing::error::BillingError;
use tandem_domain::{
    access::{Scope, Tenant},
    ids::CustomerId,
    money::Money,
};

use super::{ask::Ask, format};
use crate::error::AppError;

impl Ask {
    /// The customer whose invoices, payments and cards are asked for, if this person may work on them: `None` means the own.
    ///
    /// # Errors
    /// [`AppError::NotFound`] if not.
    pub fn money_tenant(&self, customer: Option<CustomerId>) -> Result<Tenant, AppError> {
        let found = match customer {
            Some(customer) => self.me.money_tenant(customer),
            None => self.me.own_money_tenant(),
        };
        found.ok_or_else(|| AppError::NotFound("customer".into()))
    }

    /// Whose invoices and payments this person's lists show.
    ///
    /// # Errors
    /// [`AppError::Forbidden`] for accounts that have nothing to do with money.
    pub fn money_scope(&self) -> Result<Scope, AppError> {
        self.me.money_scope().ok_or_else(|| AppError::Forbidden("invoices and payments".into()))
    }

    /// What billing refused, in words for this person.
    #[must_use]
    pub fn tell_billing(&self, what: &str, error: BillingError) -> AppError {
        match error {
            BillingError::Store(error) => self.tell(what, error),
            BillingError::Refused(errors) => AppError::Invalid(errors),
            other => {
                tracing::warn!(error = %other, sign_in = self.me.sign_in, "billing could not do what it was asked");
                AppError::Refused(other.advice().into())
            }
        }
    }

    /// An amount as this person reads it.
    #[must_use]
    pub fn money(&self, amount: Money) -> String {
        amount.in_locale(self.me.locale)
    }

    /// A day (`YYYY-MM-DD`) as this person reads it.
    #[must_use]
    pub fn day(&self, iso: &str) -> String {
        format::day(iso, self.me.locale)
    }

    /// The day where this person is, as `YYYY-MM-DD`.
    #[must_use]
    pub fn today(&self) -> String {
        format::today(self.at(), &self.me.time_zone)
    }
}

/// A token that names the one request of one form. Nobody can guess it, so that nobody takes another's.
#[must_use]
pub fn new_token() -> String {
    let mut bytes = [0_u8; 16];
    rand::rng().fill_bytes(&mut bytes);
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What is wrong with fields, where there are none beside which it could be said.
#[must_use]
pub fn in_words(error: AppError) -> AppError {
    match error {
        AppError::Invalid(errors) => AppError::Refused(errors.words()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use tandem_domain::error::FieldErrors;

    use super::*;

    #[test]
    fn what_is_wrong_with_fields_is_told_in_one_sentence_after_the_other() {
        let mut errors = FieldErrors::one("amount", "Enter an amount.");
        errors.add("token", "Reload the page.");
        let told = in_words(AppError::Invalid(errors));
        assert_eq!(told, AppError::Refused("Enter an amount. Reload the page.".into()));
        assert_eq!(in_words(AppError::SignedOut), AppError::SignedOut);
    }

    #[test]
    fn no_two_forms_have_the_same_token() {
        let (one, other) = (new_token(), new_token());
        assert_eq!(one.len(), 32);
        assert_ne!(one, other);
    }
}
