//! Which processor stands behind a payment system, and how its credentials get there.
//!
//! Nothing is kept between two requests: what the database says counts at once on every node, so that a key that was
//! changed or taken away is out of use with the next request.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use rand::RngCore;
use tandem_domain::{
    billing::system::{PaymentSystem, Processor as Kind},
    error::FieldErrors,
    ids::PaymentSystemId,
};
use tandem_store::{
    Change, Store,
    payment_systems::{ANOTHER_ACCOUNT, Secret as Column},
};
use tokio::time::timeout;

use crate::{
    Clock,
    credentials::{StripeCredentials, TypedCredentials},
    error::BillingError,
    processor::{Connection, Processor, ProcessorError},
    stripe::{Stripe, StripeOptions},
    vault::{Purpose, Vault},
};

/// How long whoever saves a form waits for the processor to tell whose key it is.
const ACCOUNT_PATIENCE: Duration = Duration::from_secs(10);

/// Credentials that are good for a payment system, and whose they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    credentials: StripeCredentials,
    /// The processor's name of the account; `None`: it was not asked, for the key is the one before, or it did not tell.
    account: Option<String>,
}

/// Whoever knows the processor of a payment system; a trait, so that tests can put anything behind one.
#[async_trait]
pub trait Processors: Send + Sync + 'static {
    /// The processor of a payment system, also of one that is off: what was begun goes on.
    async fn of(&self, system: PaymentSystemId) -> Result<Arc<dyn Processor>, BillingError>;
}

/// The payment systems in the database.
pub struct Systems {
    store: Store,
    vault: Vault,
    stripe: StripeOptions,
    client: reqwest::Client,
    clock: Clock,
}

impl Systems {
    /// `stripe`: where Stripe, or what stands for it, is.
    ///
    /// # Errors
    /// [`BillingError::Processor`] when there is no way to talk HTTP.
    pub fn new(store: Store, vault: Vault, stripe: StripeOptions, clock: Clock) -> Result<Self, BillingError> {
        Ok(Self { store, vault, stripe, client: crate::stripe::http_client()?, clock })
    }

    /// What is stored after a form with these credentials was saved for `system`: to be called before the payment
    /// system itself is saved, so that either all of the form is good or none is written. `id`: `None` for a new one.
    ///
    /// The processor is asked of which account a new key is. While nothing was made with the system any account will do, also one
    /// that the processor does not tell at the moment.
    ///
    /// # Errors
    /// [`BillingError::Refused`]: `secret_key`, also when it is of another account than what was made with the system, or when that
    /// cannot be known; `public_key`, `webhook_secret`; [`BillingError::Vault`] when what was there cannot be opened and not
    /// all of it is entered anew.
    pub async fn check(
        &self,
        id: Option<PaymentSystemId>,
        system: &PaymentSystem,
        typed: &TypedCredentials,
    ) -> Result<Checked, BillingError> {
        let before = match id {
            None => None,
            Some(id) => match self.credentials(id).await {
                Ok(before) => before,
                // Lost with its key: what is entered now is all there is.
                Err(BillingError::Vault(_)) if !typed.secret_key.is_empty() => None,
                Err(error) => return Err(error),
            },
        };
        let credentials = StripeCredentials::typed(before.as_ref(), typed, &system.public_key, system.test_mode)
            .map_err(BillingError::Refused)?;
        let account = match &before {
            Some(before) if before.secret_key == credentials.secret_key => None,
            before => self.account_of_new(id, before.as_ref(), &credentials).await?,
        };
        Ok(Checked { credentials, account })
    }

    /// The account of a new key, which must be the one of the key before if anything was made with that.
    async fn account_of_new(
        &self,
        id: Option<PaymentSystemId>,
        before: Option<&StripeCredentials>,
        new: &StripeCredentials,
    ) -> Result<Option<String>, BillingError> {
        let told = self.account_of(new).await;
        let systems = self.store.payment_systems();
        let used = match id {
            Some(id) if systems.is_used(id).await? => id,
            Some(_) | None => return Ok(told.ok()),
        };
        let account = told.map_err(|error| refused_key(unknown_account(&error)))?;
        let is_same = match (systems.account(used).await?, systems.first_payment(used).await?, before) {
            (Some(known), _, _) => known == account,
            // It was never noted, so the new key must know what was made: the one before may be the wrong one.
            (None, Some(first), _) => {
                let stripe = self.stripe_with(new.clone(), true)?;
                knows(&stripe, &first).await.map_err(|error| refused_key(unknown_account(&error)))?
            }
            // A key that is out of use cannot tell any more, and then the new one counts.
            (None, None, Some(before)) => self.account_of(before).await.map_or(true, |known| known == account),
            (None, None, None) => true,
        };
        if is_same { Ok(Some(account)) } else { Err(refused_key(ANOTHER_ACCOUNT.to_owned())) }
    }

    async fn account_of(&self, credentials: &StripeCredentials) -> Result<String, ProcessorError> {
        // Of test mode and live mode it is the same.
        let stripe = self.stripe_with(credentials.clone(), true)?;
        let told = timeout(ACCOUNT_PATIENCE, stripe.account()).await;
        told.unwrap_or_else(|_| Err(ProcessorError::Unreachable("no answer in time".to_owned())))
    }

    fn stripe_with(&self, credentials: StripeCredentials, test_mode: bool) -> Result<Stripe, ProcessorError> {
        Stripe::new(&self.stripe, &self.client, credentials, test_mode, self.clock.clone())
    }

    /// Keeps credentials that [`Systems::check`] made; those that are as they were are not written.
    ///
    /// # Errors
    /// [`BillingError::Store`], also `Refused` (`secret_key`) when the first payment came between; [`BillingError::Vault`].
    pub async fn keep(&self, change: &Change<'_>, id: PaymentSystemId, checked: &Checked) -> Result<(), BillingError> {
        let Checked { credentials, account } = checked;
        let before = match self.credentials(id).await {
            Ok(before) => before,
            Err(BillingError::Vault(_)) => None,
            Err(error) => return Err(error),
        };
        if before.as_ref().map(|before| &before.secret_key) != Some(&credentials.secret_key) {
            let sealed = self.sealed(id, Column::Credentials, &credentials.keys_json())?;
            self.store.payment_systems().set_credentials(change, id, &sealed, account.as_deref()).await?;
        }
        let secrets = &credentials.signing_secrets;
        if before.map(|before| before.signing_secrets).unwrap_or_default() != *secrets {
            let sealed = self.sealed(id, Column::Webhook, &credentials.signing_secrets_json())?;
            self.store.payment_systems().set_secret(change, id, Column::Webhook, &sealed).await?;
        }
        Ok(())
    }

    /// Asks the processor whether it takes the credentials, and keeps of which account they are.
    ///
    /// # Errors
    /// [`BillingError::Processor`] with its words; [`BillingError::NoCredentials`].
    pub async fn test(&self, change: &Change<'_>, id: PaymentSystemId) -> Result<Connection, BillingError> {
        let processor = self.of(id).await?;
        let connection = processor.test_connection().await?;
        let systems = self.store.payment_systems();
        // What is noted is what keys are judged by from now on.
        if let Some(first) = systems.first_payment(id).await?
            && !knows(&*processor, &first).await?
        {
            tracing::error!(system = %id, payment = first, "the key is of another account than the payments of this system");
            return Ok(connection);
        }
        match processor.account().await {
            Ok(account) => systems.note_account(change, id, &account).await?,
            // A restricted key need not be allowed to ask.
            Err(error) => {
                tracing::info!(system = %id, %error, "the processor does not tell of which account the key is")
            }
        }
        Ok(connection)
    }

    /// Seals with the newest key what is sealed with an older one; tells how much. To be called at the start:
    /// afterwards the older keys can go.
    ///
    /// # Errors
    /// [`BillingError::Store`]. What cannot be opened is left as it is and told to the log.
    pub async fn seal_anew(&self, change: &Change<'_>) -> Result<u32, BillingError> {
        let mut sealed_anew = 0;
        for row in self.store.payment_systems().list().await? {
            for column in [Column::Credentials, Column::Webhook] {
                let Some(sealed) = self.store.payment_systems().secret(row.id, column).await? else { continue };
                if self.vault.is_current(&sealed) {
                    continue;
                }
                match self.vault.open(row.id, purpose(column), &sealed) {
                    Ok(plain) => {
                        let anew = self.sealed(row.id, column, &plain)?;
                        let systems = self.store.payment_systems();
                        // Unless other credentials were entered meanwhile.
                        sealed_anew += u32::from(systems.replace_secret(change, row.id, column, &sealed, &anew).await?);
                    }
                    Err(error) => {
                        tracing::error!(system = %row.id, %error, "the credentials of a payment system are lost");
                    }
                }
            }
        }
        Ok(sealed_anew)
    }

    async fn credentials(&self, id: PaymentSystemId) -> Result<Option<StripeCredentials>, BillingError> {
        let Some(keys) = self.open(id, Column::Credentials).await? else { return Ok(None) };
        let secrets = self.open(id, Column::Webhook).await?;
        StripeCredentials::from_json(&keys, secrets.as_ref().map(|secrets| secrets.as_slice()))
            .map(Some)
            .ok_or(BillingError::Vault(crate::vault::VaultError::Damaged))
    }

    async fn open(
        &self,
        id: PaymentSystemId,
        column: Column,
    ) -> Result<Option<zeroize::Zeroizing<Vec<u8>>>, BillingError> {
        let sealed = self.store.payment_systems().secret(id, column).await?;
        Ok(sealed.map(|sealed| self.vault.open(id, purpose(column), &sealed)).transpose()?)
    }

    fn sealed(&self, id: PaymentSystemId, column: Column, plain: &[u8]) -> Result<Vec<u8>, BillingError> {
        let mut nonce = [0; 12];
        rand::rng().fill_bytes(&mut nonce);
        Ok(self.vault.seal(nonce, id, purpose(column), plain)?)
    }
}

#[async_trait]
impl Processors for Systems {
    async fn of(&self, id: PaymentSystemId) -> Result<Arc<dyn Processor>, BillingError> {
        let system = self.store.payment_systems().get(id).await?.value;
        match system.processor {
            Kind::Stripe => {
                let credentials = self.credentials(id).await?.ok_or(BillingError::NoCredentials(id))?;
                Ok(Arc::new(self.stripe_with(credentials, system.test_mode)?))
            }
            Kind::PlugNPay => Err(BillingError::NoProcessor(system.processor.label())),
        }
    }
}

/// Whether a payment was made in the account of this processor's credentials.
async fn knows(processor: &dyn Processor, payment: &str) -> Result<bool, ProcessorError> {
    let told = timeout(ACCOUNT_PATIENCE, processor.fetch(payment)).await;
    match told.unwrap_or_else(|_| Err(ProcessorError::Unreachable("no answer in time".to_owned()))) {
        Ok(_) => Ok(true),
        Err(ProcessorError::NotFound { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

fn refused_key(words: String) -> BillingError {
    BillingError::Refused(FieldErrors::one("secret_key", words))
}

/// Why a new key is not saved of which it is not known whose it is.
fn unknown_account(error: &ProcessorError) -> String {
    const WHY: &str = "This payment system has payments, customers or cards, so a new key must be of the same account";
    match error {
        ProcessorError::Credentials { .. } => {
            format!(
                "{WHY}, and Stripe does not take this one. Copy it again; a restricted key needs the permission to read the account."
            )
        }
        _ => format!("{WHY}, and Stripe does not answer at the moment. Nothing was saved; try again in a minute."),
    }
}

const fn purpose(column: Column) -> Purpose {
    match column {
        Column::Credentials => Purpose::Credentials,
        Column::Webhook => Purpose::SigningSecrets,
    }
}
