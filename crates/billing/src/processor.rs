//! What a payment processor does for Tandem; Stripe implements it, and Plug'n Pay will.
//!
//! Three rules hold for every implementation:
//!
//! - **A decline is an answer.** Whatever the bank said is in the [`Intent`] that comes back; a [`ProcessorError`] means
//!   that we do not know, or that the request was none.
//! - **Every write can be repeated.** What is created or confirmed carries an idempotency key made of our own ids, so
//!   that whoever does not know whether it was done asks for it again and gets the same answer.
//! - **Only what is asked for now counts.** A webhook says where to look; the [`Intent`] that is fetched says what is
//!   there.

use async_trait::async_trait;
use http::HeaderMap;
use tandem_domain::{
    billing::{
        failure::Failure,
        payment::{MethodSnapshot, Snapshot},
    },
    ids::{CustomerId, PaymentId, RefundId, SetupId, Timestamp},
    money::Money,
};
use url::Url;

use crate::{secret::Secret, signature::SignatureError};

/// Who pays, as the processor is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPayer {
    /// The customer.
    pub customer: CustomerId,
    /// Its name.
    pub name: String,
    /// Its e-mail address; may be empty.
    pub email: String,
}

/// A payment to be created at the processor. It must be the same each time for one payment: it is sent again under the
/// same idempotency key after a crash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewIntent {
    /// Our payment, by which it is found again.
    pub payment: PaymentId,
    /// How much.
    pub amount: Money,
    /// The processor's name of the customer.
    pub payer: String,
    /// Whether the method is kept for later payments without the customer.
    pub save_method: bool,
    /// Whether it is charged without the customer.
    pub off_session: bool,
    /// What the statement and the dashboard show, such as an invoice's number; may be empty.
    pub description: String,
    /// The processor's name of the method that is charged at once, without the customer. `None`: it waits for the
    /// customer.
    pub charge: Option<String>,
    /// An earlier request to create it, with other words, came to nothing: it is a new one, under a key of its own.
    pub anew: bool,
}

/// A payment as the processor has it at this moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intent {
    /// What moves our payment.
    pub snapshot: Snapshot,
    /// What the browser needs to go on with it. It is for the customer's browser alone: neither stored nor logged.
    pub client_secret: Option<Secret>,
    /// The bank's page, where the customer has to go now, if that is all there is to do.
    pub redirect: Option<Url>,
}

/// A payment to be made with a saved method.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confirm {
    /// Our payment.
    pub payment: PaymentId,
    /// The processor's name of the payment.
    pub reference: String,
    /// The processor's name of the method.
    pub method: String,
    /// What names this attempt among those of the payment: a repetition of the same attempt is no second charge.
    pub attempt: String,
    /// Where the bank's page leads back to. `None`: the customer is not there, and the bank cannot ask him anything.
    pub return_url: Option<Url>,
}

/// A refund to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRefund {
    /// Our refund.
    pub refund: RefundId,
    /// The processor's name of the payment.
    pub reference: String,
    /// How much of it.
    pub amount: Money,
    /// An earlier request for it came to nothing: it is a new one, under a key of its own.
    pub anew: bool,
}

/// How far a refund is at the processor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefundStatus {
    /// On its way.
    Pending,
    /// Done.
    Succeeded,
    /// It could not be done; the money is still ours.
    Failed,
    /// It was called off; the money is still ours.
    Cancelled,
}

/// A refund as the processor has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundSnapshot {
    /// The processor's name of it.
    pub reference: String,
    /// Which of ours it is.
    pub refund: Option<RefundId>,
    /// How far it is.
    pub status: RefundStatus,
    /// Why it failed, in the processor's words.
    pub failure: Option<String>,
}

/// How far the saving of a method is at the processor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SetupStatus {
    /// The customer has to do something.
    Waiting,
    /// The processor is at it.
    Processing,
    /// The method can be used.
    Succeeded,
    /// It was called off.
    Cancelled,
}

/// The saving of a method without a payment, as the processor has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetupSnapshot {
    /// The processor's name of it.
    pub reference: String,
    /// Which of ours it is.
    pub setup: Option<SetupId>,
    /// For which customer it was begun; `None`: it is none of ours.
    pub customer: Option<CustomerId>,
    /// How far it is.
    pub status: SetupStatus,
    /// The method, once there is one.
    pub method: Option<MethodSnapshot>,
    /// Why it did not work.
    pub failure: Option<Failure>,
    /// What the browser needs to go on with it.
    pub client_secret: Option<Secret>,
}

/// What a webhook is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum About {
    /// A payment.
    Payment {
        /// The processor's name of it.
        reference: String,
    },
    /// A refund.
    Refund {
        /// The processor's name of it, if it says.
        reference: Option<String>,
        /// The processor's name of its payment.
        payment: String,
    },
    /// The saving of a method.
    Setup {
        /// The processor's name of it.
        reference: String,
    },
    /// A method that can no longer be used.
    MethodGone {
        /// The processor's name of it.
        reference: String,
    },
    /// Nothing that matters here: why, for the log.
    Nothing(&'static str),
}

/// A webhook that is believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// What names the event, to know it when it comes again.
    pub event: String,
    /// Its type, such as `payment_intent.succeeded`.
    pub kind: String,
    /// Where to look.
    pub about: About,
}

/// Why a webhook is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoticeError {
    /// It is not the processor's.
    #[error(transparent)]
    Signature(#[from] SignatureError),
    /// It is signed, and not an event.
    #[error("the webhook is signed but is not an event")]
    NoEvent,
}

/// The processor answered the connection test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection {
    /// Whether real money moves there.
    pub live: bool,
}

/// Why the processor's word is not known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProcessorError {
    /// It cannot be reached, or did not answer in time. Whether it did what it was asked is not known.
    #[error("the payment processor cannot be reached: {0}")]
    Unreachable(String),
    /// It answered that it cannot now.
    #[error("the payment processor is busy or has a fault (HTTP {status}, request {request})")]
    Busy {
        /// The status of its answer.
        status: u16,
        /// What its support asks for.
        request: String,
    },
    /// It does not take our key.
    #[error("the payment processor refuses the key of this payment system (request {request}): {message}")]
    Credentials {
        /// Its words.
        message: String,
        /// What its support asks for.
        request: String,
    },
    /// There is nothing of this name there.
    #[error("the payment processor knows nothing of this name (request {request})")]
    NotFound {
        /// What its support asks for.
        request: String,
    },
    /// It is in a state in which this cannot be done: whoever wanted it should look at what is there.
    #[error("the payment processor cannot do this in the present state: {message} (request {request})")]
    OutOfState {
        /// Its words.
        message: String,
        /// What its support asks for.
        request: String,
    },
    /// Under this idempotency key it only repeats that it once had a fault. Whether it did what it was asked then is to be looked
    /// for; the request is over in any case.
    #[error("the payment processor repeats an old fault for this key (request {request})")]
    KeySpent {
        /// What its support asks for.
        request: String,
    },
    /// The same idempotency key was used with another request: something that was made of stored data has changed.
    #[error("the payment processor was asked for something else under this key before (request {request})")]
    KeyUsed {
        /// What its support asks for.
        request: String,
    },
    /// It refuses the request: a fault of ours, or of the configuration there.
    #[error("the payment processor refuses the request ({code}, parameter {param}, request {request}): {message}")]
    Refused {
        /// Its code.
        code: String,
        /// The parameter that it is about.
        param: String,
        /// Its words.
        message: String,
        /// What its support asks for.
        request: String,
    },
    /// Its answer cannot be understood.
    #[error("the payment processor's answer cannot be understood: {0}")]
    Unreadable(String),
}

impl ProcessorError {
    /// Whether the same request may work later, without anybody doing something about it.
    #[must_use]
    pub const fn is_temporary(&self) -> bool {
        match self {
            Self::Unreachable(_) | Self::Busy { .. } | Self::Unreadable(_) => true,
            Self::Credentials { .. }
            | Self::NotFound { .. }
            | Self::OutOfState { .. }
            | Self::KeySpent { .. }
            | Self::KeyUsed { .. }
            | Self::Refused { .. } => false,
        }
    }
}

/// A payment processor, with the credentials of one payment system.
#[async_trait]
pub trait Processor: Send + Sync + 'static {
    /// Asks for something that needs the key and changes nothing.
    async fn test_connection(&self) -> Result<Connection, ProcessorError>;

    /// The processor's name of the account that the key is of. Keys come and go; what was made with one is known to another only
    /// within the same account.
    async fn account(&self) -> Result<String, ProcessorError>;

    /// Makes the customer known there, and gives its name for it. The same customer gets the same name for a day at
    /// least; whoever calls keeps it.
    async fn create_payer(&self, payer: &NewPayer) -> Result<String, ProcessorError>;

    /// Creates a payment, and charges it at once if so wanted. Repeated, it is the same one.
    async fn create(&self, new: &NewIntent) -> Result<Intent, ProcessorError>;

    /// A payment as it is now.
    async fn fetch(&self, reference: &str) -> Result<Intent, ProcessorError>;

    /// Finds a payment by our own id, when its name there was lost and its key may be forgotten. `since`: when it was
    /// begun.
    async fn find(
        &self,
        payment: PaymentId,
        payer: Option<&str>,
        since: Timestamp,
    ) -> Result<Option<Intent>, ProcessorError>;

    /// Pays with a saved method.
    async fn confirm(&self, confirm: &Confirm) -> Result<Intent, ProcessorError>;

    /// Calls a payment off that is not paid.
    async fn cancel(&self, payment: PaymentId, reference: &str) -> Result<Intent, ProcessorError>;

    /// Gives back a part of a payment, or all of it. Repeated, it is the same refund.
    async fn refund(&self, new: &NewRefund) -> Result<RefundSnapshot, ProcessorError>;

    /// A refund as it is now.
    async fn fetch_refund(&self, reference: &str) -> Result<RefundSnapshot, ProcessorError>;

    /// Finds a refund by our own id, when its name there was lost and its key may be forgotten. `payment`: the
    /// processor's name of the payment.
    async fn find_refund(&self, refund: RefundId, payment: &str) -> Result<Option<RefundSnapshot>, ProcessorError>;

    /// Begins to save a method.
    async fn create_setup(
        &self,
        setup: SetupId,
        customer: CustomerId,
        payer: &str,
    ) -> Result<SetupSnapshot, ProcessorError>;

    /// The saving of a method, as it is now.
    async fn fetch_setup(&self, reference: &str) -> Result<SetupSnapshot, ProcessorError>;

    /// Forgets a method for good. It is no error if it was forgotten before.
    async fn detach_method(&self, reference: &str) -> Result<(), ProcessorError>;

    /// Believes a webhook, or does not. `now` is when it came.
    fn read_webhook(&self, headers: &HeaderMap, body: &[u8], now: Timestamp) -> Result<Notice, NoticeError>;
}
