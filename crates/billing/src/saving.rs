//! Cards that are kept: saved without a payment, forgotten, one the default.

use tandem_domain::{
    access::Tenant,
    billing::{
        failure::Failure,
        method::{Setup, SetupState},
        system::PayBy,
    },
    ids::{PaymentMethodId, PaymentSystemId, SetupId},
};
use tandem_store::{Change, StoreError};

use crate::{
    billing::Billing,
    error::BillingError,
    hearing::Heard,
    processor::{ProcessorError, SetupSnapshot, SetupStatus},
    secret::Secret,
};

/// The saving of a card that the customer goes on with.
#[derive(Debug, Clone)]
pub struct Saving {
    /// How far it is.
    pub setup: Setup,
    /// The key with which the browser talks to the processor.
    pub public_key: String,
    /// Only test cards are taken.
    pub test_mode: bool,
    /// What the browser goes on with; `None` when there is nothing to go on with.
    pub client_secret: Option<Secret>,
    /// Why it did not work, if it did not.
    pub failure: Option<Failure>,
}

impl Billing {
    /// Begins to save a card with the active system of the customer's currency; the customer gives it in the
    /// processor's own fields. A second request with the same token is the same.
    ///
    /// # Errors
    /// [`BillingError::Store`], [`BillingError::NoSystem`], [`BillingError::Processor`].
    pub async fn setup_begin(&self, change: &Change<'_>, tenant: Tenant, token: &str) -> Result<Saving, BillingError> {
        let currency = self.store().customers().get(tenant).await?.value.currency;
        let active = self.store().payment_systems().active_for(PayBy::Card, currency).await?;
        let system = active.ok_or(BillingError::NoSystem(currency))?;
        let setup = self.store().payment_methods().begin_setup(change, tenant, system.id, token).await?;
        self.setup_go_on(change, setup).await
    }

    /// The customer came back from the bank, or looks again.
    ///
    /// # Errors
    /// [`BillingError::Store`] with `NotFound`, also for another tenant's; [`BillingError::Processor`].
    pub async fn setup_returned(&self, tenant: Tenant, id: SetupId) -> Result<Saving, BillingError> {
        let setup = self.store().payment_methods().setup_of(tenant, id).await?;
        self.setup_go_on(&Change::by_system(self.now()), setup).await
    }

    /// Makes a card the default.
    ///
    /// # Errors
    /// [`BillingError::Store`], as the store says.
    pub async fn set_default(
        &self,
        change: &Change<'_>,
        tenant: Tenant,
        id: PaymentMethodId,
    ) -> Result<(), BillingError> {
        Ok(self.store().payment_methods().set_default(change, tenant, id).await?)
    }

    /// Removes a card: here first, so that it is out of use whatever the processor says, then there.
    ///
    /// # Errors
    /// [`BillingError::Store`] with `NotFound`, also for another tenant's. That the processor cannot be told is no
    /// error for the customer: the card is out of use.
    pub async fn remove_method(
        &self,
        change: &Change<'_>,
        tenant: Tenant,
        id: PaymentMethodId,
    ) -> Result<(), BillingError> {
        let method = self.store().payment_methods().one(tenant, id).await?;
        self.store().payment_methods().remove(change, tenant, id).await?;
        let detached = async { Ok(self.processor(method.system).await?.detach_method(&method.reference).await?) };
        if let Err(error) = detached.await {
            let error: BillingError = error;
            tracing::warn!(method = %id, customer = %tenant.customer(), %error,
                "a card was removed, but stays attached at the processor; nothing uses it");
        }
        Ok(())
    }

    pub(crate) async fn setup_go_on(&self, change: &Change<'_>, setup: Setup) -> Result<Saving, BillingError> {
        let processor = self.processor(setup.system).await?;
        let tenant = Tenant::for_system(setup.customer);
        let told = match &setup.reference {
            Some(reference) => processor.fetch_setup(reference).await?,
            None => {
                let payer = self.payer(&*processor, tenant, setup.system).await?;
                let told = processor.create_setup(setup.id, setup.customer, &payer).await?;
                self.store().payment_methods().attach_setup(change.at, setup.id, &told.reference).await?;
                told
            }
        };
        self.setup_settle(change, &setup, &told).await?;
        let setup = self.store().payment_methods().setup(setup.id).await?;
        let system = self.store().payment_systems().get(setup.system).await?.value;
        let is_open = setup.state == SetupState::Open;
        Ok(Saving {
            public_key: system.public_key,
            test_mode: system.test_mode,
            client_secret: told.client_secret.filter(|_| is_open),
            failure: told.failure.filter(|_| setup.state != SetupState::Succeeded),
            setup,
        })
    }

    /// Takes what the processor said of the saving of a card. It may be told twice.
    async fn setup_settle(&self, change: &Change<'_>, setup: &Setup, told: &SetupSnapshot) -> Result<(), BillingError> {
        if told.setup != Some(setup.id) || told.customer != Some(setup.customer) {
            tracing::error!(setup = %setup.id, customer = %setup.customer, reference = told.reference,
                "the processor's word does not match the saving of a card; nothing was saved");
            return Err(ProcessorError::Unreadable("it is about another card".to_owned()).into());
        }
        match (told.status, &told.method) {
            (SetupStatus::Succeeded, Some(method)) => {
                self.store().payment_methods().setup_succeeded(change, setup.id, method).await?;
            }
            (SetupStatus::Cancelled, _) => self.store().payment_methods().setup_failed(setup.id).await?,
            (SetupStatus::Succeeded, None) | (SetupStatus::Waiting | SetupStatus::Processing, _) => {}
        }
        Ok(())
    }

    /// A webhook was about the saving of a card.
    pub(crate) async fn setup_heard(
        &self,
        change: &Change<'_>,
        system: PaymentSystemId,
        reference: &str,
    ) -> Result<Heard, BillingError> {
        const FOREIGN: Heard = Heard::Ignored("it is about a card of another program's");
        let methods = self.store().payment_methods();
        let told = match self.processor(system).await?.fetch_setup(reference).await {
            Ok(told) => told,
            Err(ProcessorError::NotFound { .. }) => return Ok(FOREIGN),
            Err(error) => return Err(error.into()),
        };
        let Some(id) = told.setup else { return Ok(FOREIGN) };
        let setup = match methods.setup(id).await {
            Ok(setup) if setup.system == system => setup,
            Ok(_) | Err(StoreError::NotFound) => return Ok(FOREIGN),
            Err(error) => return Err(error.into()),
        };
        match &setup.reference {
            Some(own) if own != reference => return Ok(FOREIGN),
            Some(_) => {}
            None => methods.attach_setup(change.at, id, reference).await?,
        }
        match self.setup_settle(change, &setup, &told).await {
            Ok(()) => Ok(Heard::Done),
            Err(BillingError::Processor(ProcessorError::Unreadable(_))) => Ok(FOREIGN),
            Err(error) => Err(error),
        }
    }
}
