//! Stripe as a payment processor.
//!
//! Requests are those of async-stripe's generated builders: each parameter is one that Stripe's API reference has, of
//! the API version that async-stripe pins ([`api_version`]). What stands between them and Stripe is ours (`wire`), and
//! so is the reading of answers (`answers`), since async-stripe's own client
//!
//! - keeps no connection (`pool_max_idle_per_host(0)`): each request would begin with a TLS handshake;
//! - reads an answer of any length into memory;
//! - does not tell `Idempotent-Replayed`, without which an old answer looks like a new one, nor `Request-Id`, which
//!   Stripe's support asks for;
//! - repeats nothing that has an idempotency key of ours;
//! - loses a decline if anything in the embedded PaymentIntent is not as its types have it, and the status of an answer
//!   that is no JSON.
//!
//! | module | the question it answers |
//! | --- | --- |
//! | `asks` | which request says that? |
//! | `wire` | how does it get there, and how often is it tried? |
//! | `answers` | what does Stripe say? |
//! | `failures` | what does a code of Stripe's mean for a customer, and for us? |
//! | `events` | what is a webhook about? |

mod answers;
mod asks;
mod events;
mod failures;
mod wire;

use std::{fmt, time::Duration};

use async_trait::async_trait;
use http::HeaderMap;
use stripe_client_core::RequestBuilder;
use tandem_domain::ids::{CustomerId, PaymentId, RefundId, SetupId, Timestamp};
use url::Url;

use crate::{
    Clock,
    credentials::StripeCredentials,
    processor::{
        Confirm, Connection, Intent, NewIntent, NewPayer, NewRefund, Notice, NoticeError, Processor, ProcessorError,
        RefundSnapshot, SetupSnapshot,
    },
    signature,
};
use answers::{
    AccountAnswer, BalanceAnswer, IntentAnswer, IntentList, MethodAnswer, Named, RefundAnswer, RefundList, SetupAnswer,
};
use wire::{Answer, Wire};

/// The version of Stripe's API that we speak, as it stands in the `Stripe-Version` header.
#[must_use]
pub fn api_version() -> String {
    stripe_shared::version::VERSION.to_string()
}

/// Pages of a hundred payments that are looked through for a lost one.
const PAGES_MAX: usize = 20;
/// How much earlier or later than here something may be created there, in seconds.
const CLOCKS_DIFFER: i64 = 3600;
/// The header with a webhook's signature.
const SIGNATURE: &str = "stripe-signature";

/// Where Stripe is, and how patient we are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StripeOptions {
    /// The API, such as `https://api.stripe.com/`.
    pub api: Url,
    /// How long one attempt may take.
    pub patience: Duration,
    /// How often a request is tried at most.
    pub tries: u32,
    /// How long after a first failure it is tried again; doubled each time.
    pub pause: Duration,
}

impl StripeOptions {
    /// Stripe itself, or what stands for it at another address, with the usual patience.
    #[must_use]
    pub fn at(api: Url) -> Self {
        Self { api, patience: Duration::from_secs(12), tries: 3, pause: Duration::from_millis(400) }
    }
}

/// An account at Stripe.
pub struct Stripe {
    wire: Wire,
    credentials: StripeCredentials,
    test_mode: bool,
    clock: Clock,
}

impl fmt::Debug for Stripe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stripe").field("test_mode", &self.test_mode).finish_non_exhaustive()
    }
}

impl Stripe {
    /// The account of these credentials.
    ///
    /// # Errors
    /// [`ProcessorError::Refused`] when the key cannot stand in a header.
    pub fn new(
        options: &StripeOptions,
        client: &reqwest::Client,
        credentials: StripeCredentials,
        test_mode: bool,
        clock: Clock,
    ) -> Result<Self, ProcessorError> {
        let wire = Wire::new(options, client, &credentials.secret_key)?;
        Ok(Self { wire, credentials, test_mode, clock })
    }

    /// Sends a request that gives a payment, and tells it as it is at this moment: an answer that Stripe only repeats
    /// for its key is an old one, so it is asked for anew.
    async fn intent(&self, request: RequestBuilder, key: Option<&str>) -> Result<Intent, ProcessorError> {
        let asked = (self.clock)();
        let answer = self.wire.send(request, key).await?;
        let is_replayed = answer.is_replayed;
        let intent = match failures::failed(&answer) {
            // A decline is an answer.
            Some(failed) => match failures::embedded_intent(&answer) {
                Some(intent) => intent,
                None => return Err(failed),
            },
            None => answer.read::<IntentAnswer>()?,
        };
        if is_replayed {
            return self.fetch(&intent.id).await;
        }
        intent.read(asked)
    }

    async fn answer(&self, request: RequestBuilder, key: Option<&str>) -> Result<Answer, ProcessorError> {
        let answer = self.wire.send(request, key).await?;
        match failures::failed(&answer) {
            Some(error) => Err(error),
            None => Ok(answer),
        }
    }

    /// Makes a customer known, and gives its name.
    async fn create_customer(&self, payer: &NewPayer, key: &str) -> Result<String, ProcessorError> {
        let answer = match self.answer(asks::create_customer(payer), Some(key)).await {
            // The name or the address has changed since, and the key is of the old ones; or Stripe had a fault then, which it
            // repeats for a day. Another key, then; what is lost at most is a customer there that has nothing.
            Err(ProcessorError::KeyUsed { .. } | ProcessorError::KeySpent { .. }) => {
                let key = format!("{key}-{}", (self.clock)().0);
                self.answer(asks::create_customer(payer), Some(&key)).await
            }
            answer => answer,
        };
        Ok(answer?.read::<Named>()?.id)
    }

    /// One page of payments, and the last one's name if there are more.
    async fn page(
        &self,
        payer: Option<&str>,
        from_to: (i64, i64),
        after: Option<&str>,
    ) -> Result<IntentList, ProcessorError> {
        self.answer(asks::list(payer, from_to, after), None).await?.read()
    }
}

#[async_trait]
impl Processor for Stripe {
    async fn test_connection(&self) -> Result<Connection, ProcessorError> {
        let balance: BalanceAnswer = self.answer(asks::balance(), None).await?.read()?;
        Ok(Connection { live: balance.livemode })
    }

    async fn account(&self) -> Result<String, ProcessorError> {
        self.answer(asks::account(), None).await?.read::<AccountAnswer>()?.read()
    }

    async fn create_payer(&self, payer: &NewPayer) -> Result<String, ProcessorError> {
        let key = format!("customer-{}", payer.customer);
        match self.create_customer(payer, &key).await {
            // An address that Stripe takes for none must not keep a company from paying.
            Err(ProcessorError::Refused { param, .. }) if param == "email" => {
                let payer = NewPayer { email: String::new(), ..payer.clone() };
                self.create_customer(&payer, &format!("{key}-without-address")).await
            }
            created => created,
        }
    }

    async fn create(&self, new: &NewIntent) -> Result<Intent, ProcessorError> {
        let key = format!("payment-{}-create{}", new.payment, if new.anew { "-anew" } else { "" });
        self.intent(asks::create(new)?, Some(&key)).await
    }

    async fn fetch(&self, reference: &str) -> Result<Intent, ProcessorError> {
        let asked = (self.clock)();
        let intent: IntentAnswer = self.answer(asks::retrieve(reference)?, None).await?.read()?;
        intent.read(asked)
    }

    async fn find(
        &self,
        payment: PaymentId,
        payer: Option<&str>,
        since: Timestamp,
    ) -> Result<Option<Intent>, ProcessorError> {
        let began = since.0.div_euclid(1000);
        let now = (self.clock)().0.div_euclid(1000);
        let from_to = (began.saturating_sub(CLOCKS_DIFFER), now.saturating_add(CLOCKS_DIFFER));
        let mut after: Option<String> = None;
        for _ in 0..PAGES_MAX {
            let asked = (self.clock)();
            let mut page = self.page(payer, from_to, after.as_deref()).await?;
            if let Some(found) = page.data.iter().position(|intent| intent.payment() == Some(payment)) {
                return page.data.swap_remove(found).read(asked).map(Some);
            }
            match page.data.pop() {
                Some(last) if page.has_more => after = Some(last.id),
                Some(_) | None => return Ok(None),
            }
        }
        Err(ProcessorError::Unreadable(format!("more than {PAGES_MAX} pages of payments were made at that time")))
    }

    async fn confirm(&self, confirm: &Confirm) -> Result<Intent, ProcessorError> {
        let key = format!("payment-{}-confirm-{}", confirm.payment, confirm.attempt);
        let answer = match self.intent(asks::confirm(confirm)?, Some(&key)).await {
            // What came of it then is in the payment, which is captured once however often it is confirmed.
            Err(ProcessorError::KeySpent { .. }) => {
                self.intent(asks::confirm(confirm)?, Some(&format!("{key}-anew"))).await
            }
            answer => answer,
        };
        match answer {
            // It was paid, or called off, or is with the bank: what there is says so.
            Err(ProcessorError::OutOfState { .. }) => self.fetch(&confirm.reference).await,
            answer => answer,
        }
    }

    async fn cancel(&self, payment: PaymentId, reference: &str) -> Result<Intent, ProcessorError> {
        // A key for each request: one that was refused while the bank had the payment must not be repeated for ever.
        let key = format!("payment-{payment}-cancel-{}", (self.clock)().0);
        match self.intent(asks::cancel(reference)?, Some(&key)).await {
            Err(ProcessorError::OutOfState { .. }) => self.fetch(reference).await,
            answer => answer,
        }
    }

    async fn refund(&self, new: &NewRefund) -> Result<RefundSnapshot, ProcessorError> {
        let key = format!("refund-{}{}", new.refund, if new.anew { "-anew" } else { "" });
        self.answer(asks::refund(new)?, Some(&key)).await?.read::<RefundAnswer>()?.read()
    }

    async fn fetch_refund(&self, reference: &str) -> Result<RefundSnapshot, ProcessorError> {
        self.answer(asks::retrieve_refund(reference)?, None).await?.read::<RefundAnswer>()?.read()
    }

    async fn find_refund(&self, refund: RefundId, payment: &str) -> Result<Option<RefundSnapshot>, ProcessorError> {
        let mut after: Option<String> = None;
        for _ in 0..PAGES_MAX {
            let request = asks::list_refunds(payment, after.as_deref())?;
            let mut page: RefundList = self.answer(request, None).await?.read()?;
            if let Some(found) = page.data.iter().position(|answer| answer.refund() == Some(refund)) {
                return page.data.swap_remove(found).read().map(Some);
            }
            match page.data.pop() {
                Some(last) if page.has_more => after = Some(last.id),
                Some(_) | None => return Ok(None),
            }
        }
        Err(ProcessorError::Unreadable(format!("more than {PAGES_MAX} pages of refunds")))
    }

    async fn create_setup(
        &self,
        setup: SetupId,
        customer: CustomerId,
        payer: &str,
    ) -> Result<SetupSnapshot, ProcessorError> {
        let answer = self.answer(asks::create_setup(setup, customer, payer), Some(&format!("setup-{setup}"))).await?;
        let is_replayed = answer.is_replayed;
        let setup = answer.read::<SetupAnswer>()?;
        if is_replayed { self.fetch_setup(&setup.id).await } else { setup.read() }
    }

    async fn fetch_setup(&self, reference: &str) -> Result<SetupSnapshot, ProcessorError> {
        self.answer(asks::retrieve_setup(reference)?, None).await?.read::<SetupAnswer>()?.read()
    }

    async fn detach_method(&self, reference: &str) -> Result<(), ProcessorError> {
        match self.answer(asks::detach(reference)?, Some(&format!("detach-{reference}"))).await {
            Ok(_) | Err(ProcessorError::NotFound { .. }) => Ok(()),
            // Stripe refuses to detach what is attached to nobody. Whether that is so is asked, not read from its
            // words.
            Err(refused @ (ProcessorError::Refused { .. } | ProcessorError::OutOfState { .. })) => {
                let method: MethodAnswer = self.answer(asks::retrieve_method(reference)?, None).await?.read()?;
                if method.is_attached() { Err(refused) } else { Ok(()) }
            }
            Err(error) => Err(error),
        }
    }

    fn read_webhook(&self, headers: &HeaderMap, body: &[u8], now: Timestamp) -> Result<Notice, NoticeError> {
        let header = headers.get(SIGNATURE).and_then(|header| header.to_str().ok()).unwrap_or_default();
        signature::verify(header, body, &self.credentials.signing_secrets, now)?;
        events::read(body, self.test_mode)
    }
}

/// The HTTP client for all payment systems: it keeps connections, follows no redirects, and takes no proxy from the
/// environment.
///
/// # Errors
/// [`ProcessorError::Unreachable`] when the system's root certificates cannot be read.
pub fn http_client() -> Result<reqwest::Client, ProcessorError> {
    // The client takes the process's TLS provider; without one it would panic. The program installs ring first thing; a
    // test may not have.
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // Lost only against another thread that installed one at this moment, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
    }
    reqwest::Client::builder()
        .connect_timeout(Duration::from_secs(5))
        .pool_idle_timeout(Duration::from_secs(60))
        .pool_max_idle_per_host(64)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .user_agent(concat!("Tandem/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|error| ProcessorError::Unreachable(error.to_string()))
}
