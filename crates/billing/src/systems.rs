//! Which processor stands behind a payment system, and how its credentials get there.
//!
//! Nothing is kept between two requests: what the database says counts at once on every node, so that a key that was
//! changed or taken away is out of use with the next request.

use std::sync::Arc;

use async_trait::async_trait;
use rand::RngCore;
use tandem_domain::{
    billing::system::{PaymentSystem, Processor as Kind},
    ids::PaymentSystemId,
};
use tandem_store::{Change, Store, payment_systems::Secret as Column};

use crate::{
    Clock,
    credentials::{StripeCredentials, TypedCredentials},
    error::BillingError,
    processor::{Connection, Processor, ProcessorError},
    stripe::{Stripe, StripeOptions},
    vault::{Purpose, Vault},
};

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
    /// # Errors
    /// [`BillingError::Refused`]: `secret_key`, `public_key`, `webhook_secret`; [`BillingError::Vault`] when what was
    /// there cannot be opened and not all of it is entered anew.
    pub async fn check(
        &self,
        id: Option<PaymentSystemId>,
        system: &PaymentSystem,
        typed: &TypedCredentials,
    ) -> Result<StripeCredentials, BillingError> {
        let before = match id {
            None => None,
            Some(id) => match self.credentials(id).await {
                Ok(before) => before,
                // Lost with its key: what is entered now is all there is.
                Err(BillingError::Vault(_)) if !typed.secret_key.is_empty() => None,
                Err(error) => return Err(error),
            },
        };
        StripeCredentials::typed(before.as_ref(), typed, &system.public_key, system.test_mode)
            .map_err(BillingError::Refused)
    }

    /// Keeps credentials that [`Systems::check`] made; those that are as they were are not written.
    ///
    /// # Errors
    /// [`BillingError::Store`], [`BillingError::Vault`].
    pub async fn keep(
        &self,
        change: &Change<'_>,
        id: PaymentSystemId,
        credentials: &StripeCredentials,
    ) -> Result<(), BillingError> {
        let before = match self.credentials(id).await {
            Ok(before) => before,
            Err(BillingError::Vault(_)) => None,
            Err(error) => return Err(error),
        };
        if before.as_ref().map(|before| &before.secret_key) != Some(&credentials.secret_key) {
            self.seal(change, id, Column::Credentials, &credentials.keys_json()).await?;
        }
        let secrets = &credentials.signing_secrets;
        if before.map(|before| before.signing_secrets).unwrap_or_default() != *secrets {
            self.seal(change, id, Column::Webhook, &credentials.signing_secrets_json()).await?;
        }
        Ok(())
    }

    /// Asks the processor whether it takes the credentials.
    ///
    /// # Errors
    /// [`BillingError::Processor`] with its words; [`BillingError::NoCredentials`].
    pub async fn test(&self, id: PaymentSystemId) -> Result<Connection, BillingError> {
        Ok(self.of(id).await?.test_connection().await?)
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

    async fn seal(
        &self,
        change: &Change<'_>,
        id: PaymentSystemId,
        column: Column,
        plain: &[u8],
    ) -> Result<(), BillingError> {
        let sealed = self.sealed(id, column, plain)?;
        Ok(self.store.payment_systems().set_secret(change, id, column, &sealed).await?)
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
                let stripe: Result<Stripe, ProcessorError> =
                    Stripe::new(&self.stripe, &self.client, credentials, system.test_mode, self.clock.clone());
                Ok(Arc::new(stripe?))
            }
            Kind::PlugNPay => Err(BillingError::NoProcessor(system.processor.label())),
        }
    }
}

const fn purpose(column: Column) -> Purpose {
    match column {
        Column::Credentials => Purpose::Credentials,
        Column::Webhook => Purpose::SigningSecrets,
    }
}
