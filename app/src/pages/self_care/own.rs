//! Whose pages these are: the company of its administrator, or the account of an end user. On the server.

use tandem_domain::{
    access::{Tenant, Who},
    ids::AccountId,
};

use crate::{error::AppError, parts::owner::Owner, server::ask::Ask};

/// The company of whoever asks, who must be its administrator.
///
/// # Errors
/// [`AppError::Forbidden`] for accounts, [`AppError::NotFound`] for the provider's staff, who have no company here.
pub(crate) fn own_company(ask: &Ask) -> Result<Tenant, AppError> {
    match ask.me.who {
        Who::Customer(customer) => ask.tenant(customer),
        Who::Account { .. } => Err(AppError::Forbidden("the company’s settings".into())),
        Who::Administrator(_) => Err(AppError::NotFound("company of your own".into())),
    }
}

/// The account of whoever asks.
///
/// # Errors
/// [`AppError::NotFound`] for people who are no accounts.
pub(crate) fn own_account(ask: &Ask) -> Result<(Tenant, AccountId, Owner), AppError> {
    match ask.me.who {
        Who::Account { account, customer } => {
            let owner = Owner::account(customer, account);
            Ok((owner.tenant(ask)?, account, owner))
        }
        Who::Customer(_) | Who::Administrator(_) => Err(AppError::NotFound("account of your own".into())),
    }
}
