//! Processors before and after each of whose answers the program may die: without it, whoever polls finds most awaits
//! over before they began.

use std::sync::Arc;

use async_trait::async_trait;
use http::HeaderMap;
use tandem_billing::{
    BillingError, Processors, Systems,
    processor::{
        Confirm, Connection, Intent, NewIntent, NewPayer, NewRefund, Notice, NoticeError, Processor, ProcessorError,
        RefundSnapshot, SetupSnapshot,
    },
};
use tandem_domain::ids::{CustomerId, PaymentId, PaymentSystemId, RefundId, SetupId, Timestamp};
use tokio::task::yield_now;

pub struct Yielding(pub Arc<Systems>);

#[async_trait]
impl Processors for Yielding {
    async fn of(&self, system: PaymentSystemId) -> Result<Arc<dyn Processor>, BillingError> {
        yield_now().await;
        Ok(Arc::new(Yields(self.0.of(system).await?)))
    }
}

struct Yields(Arc<dyn Processor>);

async fn between<T>(answer: impl Future<Output = T>) -> T {
    yield_now().await;
    let answer = answer.await;
    yield_now().await;
    answer
}

#[async_trait]
impl Processor for Yields {
    async fn test_connection(&self) -> Result<Connection, ProcessorError> {
        between(self.0.test_connection()).await
    }

    async fn account(&self) -> Result<String, ProcessorError> {
        between(self.0.account()).await
    }

    async fn create_payer(&self, payer: &NewPayer) -> Result<String, ProcessorError> {
        between(self.0.create_payer(payer)).await
    }

    async fn create(&self, new: &NewIntent) -> Result<Intent, ProcessorError> {
        between(self.0.create(new)).await
    }

    async fn fetch(&self, reference: &str) -> Result<Intent, ProcessorError> {
        between(self.0.fetch(reference)).await
    }

    async fn find(
        &self,
        payment: PaymentId,
        payer: Option<&str>,
        since: Timestamp,
    ) -> Result<Option<Intent>, ProcessorError> {
        between(self.0.find(payment, payer, since)).await
    }

    async fn confirm(&self, confirm: &Confirm) -> Result<Intent, ProcessorError> {
        between(self.0.confirm(confirm)).await
    }

    async fn cancel(&self, payment: PaymentId, reference: &str) -> Result<Intent, ProcessorError> {
        between(self.0.cancel(payment, reference)).await
    }

    async fn refund(&self, new: &NewRefund) -> Result<RefundSnapshot, ProcessorError> {
        between(self.0.refund(new)).await
    }

    async fn fetch_refund(&self, reference: &str) -> Result<RefundSnapshot, ProcessorError> {
        between(self.0.fetch_refund(reference)).await
    }

    async fn find_refund(&self, refund: RefundId, payment: &str) -> Result<Option<RefundSnapshot>, ProcessorError> {
        between(self.0.find_refund(refund, payment)).await
    }

    async fn create_setup(
        &self,
        setup: SetupId,
        customer: CustomerId,
        payer: &str,
    ) -> Result<SetupSnapshot, ProcessorError> {
        between(self.0.create_setup(setup, customer, payer)).await
    }

    async fn fetch_setup(&self, reference: &str) -> Result<SetupSnapshot, ProcessorError> {
        between(self.0.fetch_setup(reference)).await
    }

    async fn detach_method(&self, reference: &str) -> Result<(), ProcessorError> {
        between(self.0.detach_method(reference)).await
    }

    fn read_webhook(&self, headers: &HeaderMap, body: &[u8], now: Timestamp) -> Result<Notice, NoticeError> {
        self.0.read_webhook(headers, body, now)
    }
}
