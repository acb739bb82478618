//! `tandem demo`: the people of the demonstration data, what happened to them before, and that it meets no other data.

mod calls;

use tandem_domain::{ids::Timestamp, sign_in::SignInName};
use tandem_store::{Store, StoreError, demo};

/// Everybody's password.
pub const PASSWORD: &str = "tandem-demo";

/// Who can sign in, and what each is there for.
pub const PEOPLE: [(&str, &str); 8] = [
    ("admin", "administrator: the provider's staff"),
    ("abc", "the customer ABC"),
    ("john", "John, extension 744: agent in Support"),
    ("adam", "Adam, extension 701: manager of Support"),
    ("mary", "Mary Smith, extension 702: pays ABC's invoices"),
    ("olivia", "Olivia, extension 745: agent in Support and Sales"),
    ("peter", "Peter, extension 746: agent in Sales"),
    ("panda", "the customer Panda, a second company"),
];

/// The database cannot be used for a demonstration.
#[derive(Debug, thiserror::Error)]
pub enum DemonstrationError {
    /// It holds something else.
    #[error("this database holds other data than the demonstration's; nothing was changed. Name an empty one")]
    OtherData,
    /// It failed.
    #[error("the demonstration data could not be written: {0}")]
    Store(#[from] StoreError),
}

/// Fills an empty database; one that was filled before is left as its users made it.
///
/// # Errors
/// [`DemonstrationError`]
pub async fn fill(store: &Store, now: Timestamp) -> Result<(), DemonstrationError> {
    if demo::fill(store, now).await? {
        calls::keep(store, now).await?;
        return Ok(());
    }
    // Only the demonstration has all of these people.
    for (name, _) in PEOPLE {
        let Ok(name) = name.parse::<SignInName>() else { continue };
        if store.sign_ins().find(&name).await?.is_none() {
            return Err(DemonstrationError::OtherData);
        }
    }
    Ok(())
}
