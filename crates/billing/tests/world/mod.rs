//! ABC, who owes something; the stand-in for Stripe; a browser that gives cards; and a clock that is turned by hand.

mod yielding;

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicUsize, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use http::HeaderMap;
use serde_json::Value;
use tandem_billing::{
    Billing, Clock, Heard, Parts, PayRequest, Paying, PaymentLetters, Systems,
    credentials::TypedCredentials,
    processor::ProcessorError,
    stripe::{StripeOptions, api_version},
    vault::Vault,
};
use tandem_domain::{
    access::Tenant,
    billing::{
        auto_payment::{AutoPaymentTerms, OnInvoice, RetryPolicy},
        invoice::{InvoiceLine, InvoiceState, NewInvoice},
        payment::{Payment, PaymentState},
    },
    ids::{InvoiceId, PaymentId, PaymentMethodId, PaymentSystemId, Timestamp},
    list::Query,
    mail::MailKind,
};
use tandem_mail::Mailer;
use tandem_processor_sim::{Control, Options, Sim, webhooks::signature};
use tandem_store::{
    Change, Options as StoreOptions, Store,
    outbox::{MailFilters, MailRow},
    payments::PayFor,
};
use tandem_test_database::on_postgresql;
pub use tandem_till::SECRET_KEY;
use tandem_till::{Browser, add_system};
use tempfile::TempDir;

pub const SIGNING_SECRET: &str = "whsec_1";
pub const PUBLIC_URL: &str = "https://tandem.example";
pub const DAY: i64 = 24 * 60 * 60;

pub const GOOD: &str = "4242424242424242";
/// Its bank asks for the customer every time.
pub const ALWAYS_ASKS: &str = "4000002760003184";
/// Its bank asks once, and not again once it is saved.
pub const ASKS_UNLESS_SAVED: &str = "4000002500003155";
pub const NO_FUNDS: &str = "4000000000009995";
/// It can be saved, and every payment with it is declined.
pub const SAVED_BUT_DECLINED: &str = "4000000000000341";
/// Its refunds take their time.
pub const REFUND_PENDS: &str = "4000000000007726";
/// Its refunds are sent back by the bank.
pub const REFUND_FAILS: &str = "4000000000005126";

pub struct World {
    /// What the database is called.
    database: String,
    folder: TempDir,
    pub store: Store,
    pub sim: Sim,
    pub systems: Arc<Systems>,
    pub billing: Billing,
    pub system: PaymentSystemId,
    /// ABC.
    pub abc: Tenant,
    browser: Browser,
    http: reqwest::Client,
    clock: Arc<AtomicI64>,
    tokens: AtomicUsize,
}

/// How a world is made.
#[derive(Default)]
pub struct Making {
    /// How long Stripe is waited for; half a second unless a test says so.
    pub patience: Option<Duration>,
    /// Which database; SQLite in a folder of its own unless a test says so.
    pub database: Option<String>,
}

/// Tells a story on PostgreSQL, in a database of its own, if there is a server for it.
pub async fn on_postgres<F: Future<Output = ()>>(story: impl FnOnce(World) -> F) {
    on_postgres_made(Making::default(), story).await;
}

/// As [`on_postgres`], in a world that is made so.
pub async fn on_postgres_made<F: Future<Output = ()>>(making: Making, story: impl FnOnce(World) -> F) {
    on_postgresql(async |url| story(World::made(Making { database: Some(url), ..making }).await).await).await;
}

impl World {
    pub async fn new() -> Self {
        Self::made(Making::default()).await
    }

    pub async fn made(making: Making) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = making.database.clone().unwrap_or_else(|| url(&folder));
        let store = Store::connect(&database, &StoreOptions::default()).await.unwrap();
        store.migrate().await.unwrap();
        let sim = Sim::start(Options { api_version: api_version(), ..Options::default() }).await.unwrap();
        // What is signed and created there is of the machine's time.
        let started = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
        let clock = Arc::new(AtomicI64::new(i64::try_from(started).unwrap()));
        let systems = Arc::new(systems(&store, sim.base(), ticking(&clock), &making));
        let change = Change::by_system(Timestamp(clock.load(Ordering::Relaxed)));
        let system = add_system(&store, &systems, &change, ("Cards", true), SIGNING_SECRET).await.unwrap();
        let abc = company(&store, &change, "ABC").await;
        let billing = billing(&store, systems.clone(), ticking(&clock));
        let http = tandem_billing::stripe::http_client().unwrap();
        let browser = Browser::new(sim.base()).unwrap();
        let tokens = AtomicUsize::new(0);
        Self { database, folder, store, sim, systems, billing, system, abc, browser, http, clock, tokens }
    }

    /// Where the records are, for another process.
    pub fn database(&self) -> String {
        self.database.clone()
    }

    /// Another program over the same records.
    pub fn another(&self) -> Billing {
        billing(&self.store, self.systems.clone(), ticking(&self.clock))
    }

    pub fn control(&self) -> Control {
        self.sim.control()
    }

    pub fn now(&self) -> Timestamp {
        Timestamp(self.clock.load(Ordering::Relaxed))
    }

    /// So many seconds pass, also at the processor.
    pub fn later(&self, seconds: i64) {
        self.clock.fetch_add(seconds * 1000, Ordering::Relaxed);
        self.control().advance(Duration::from_secs(u64::try_from(seconds).unwrap()));
    }

    pub fn change(&self) -> Change<'static> {
        Change { at: self.now(), actor: "mary", by_staff: false, address: None }
    }

    pub fn token(&self) -> String {
        format!("token-{}", self.tokens.fetch_add(1, Ordering::Relaxed))
    }

    /// ABC gets an invoice of so many cents.
    pub async fn invoice(&self, minor: i64) -> InvoiceId {
        let day = |days: i64| {
            let (year, month, day) = tandem_domain::recordings::utc_day(self.now().plus_seconds(days * DAY));
            format!("{year:04}-{month:02}-{day:02}")
        };
        let bill = NewInvoice {
            lines: vec![InvoiceLine::one("Calls", minor, 0)],
            issued_on: day(0),
            due_on: day(14),
            note: String::new(),
        };
        self.store.invoices().issue(&self.change(), self.abc, &self.token(), &bill).await.unwrap()
    }

    pub fn request(&self, pay_for: PayFor, save_method: bool) -> PayRequest {
        PayRequest { token: self.token(), pay_for, save_method, payer: None }
    }

    /// Mary begins to pay an invoice.
    pub async fn begin(&self, invoice: InvoiceId) -> Paying {
        let request = self.request(PayFor::Invoice(invoice), false);
        self.billing.begin(&self.change(), self.abc, &request).await.unwrap()
    }

    /// Her browser gives a card, as the processor's script does. Tells the answer's status.
    pub async fn give_card(&self, secret: &str, number: &str) -> u16 {
        self.try_card(secret, number).await.expect("the stand-in answers a browser")
    }

    /// As [`World::give_card`], when the connection may break.
    pub async fn try_card(&self, secret: &str, number: &str) -> Option<u16> {
        self.browser.give_card(secret, number).await
    }

    /// Mary pays an invoice with a card that needs nothing.
    pub async fn paid(&self, minor: i64, number: &str) -> (InvoiceId, Payment) {
        let invoice = self.invoice(minor).await;
        let paying = self.begin(invoice).await;
        self.give_card(paying.client_secret.unwrap().expose(), number).await;
        let payment = self.returned(paying.payment.id).await;
        assert_eq!(payment.state, PaymentState::Succeeded);
        (invoice, payment)
    }

    /// Mary pays with a card, passes her bank's check if there is one, and has the card saved.
    pub async fn saved_card(&self, number: &str) -> PaymentMethodId {
        let request = self.request(PayFor::Balance(1_000), true);
        let paying = self.billing.begin(&self.change(), self.abc, &request).await.unwrap();
        self.give_card(paying.client_secret.unwrap().expose(), number).await;
        let reference = paying.payment.reference.unwrap();
        let _ = self.control().authenticate(&reference, true);
        let payment = self.returned(paying.payment.id).await;
        assert_eq!(payment.state, PaymentState::Succeeded);
        payment.method.unwrap()
    }

    /// Somebody gives money back on the processor's own pages. Tells the answer's status.
    pub async fn refund_there(&self, payment: &str, minor: i64) -> Option<u16> {
        let request = self.http.post(format!("{}/v1/refunds", self.sim.base())).bearer_auth(SECRET_KEY);
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        let request = request.body(format!("payment_intent={payment}&amount={minor}"));
        Some(request.send().await.ok()?.status().as_u16())
    }

    /// She is back from the bank, or looks again.
    pub async fn returned(&self, payment: PaymentId) -> Payment {
        let returned = self.billing.returned(self.abc, payment).await.unwrap();
        assert!(returned.is_certain);
        returned.payment
    }

    /// Each invoice is paid as soon as it is issued.
    pub async fn automatic(&self) {
        let version = self.store.auto_payments().get(self.abc).await.unwrap().version;
        let terms = AutoPaymentTerms { on_invoice: OnInvoice::OnIssue, ..AutoPaymentTerms::default() };
        self.store.auto_payments().save(&self.change(), self.abc, version, &terms, true).await.unwrap();
    }

    /// An event as the processor sends it, signed now.
    pub fn signed(&self, event: &Value, secret: &str) -> (HeaderMap, Vec<u8>) {
        let body = event.to_string();
        let header = signature::header(&[secret.to_owned()], self.now().0 / 1000, &body);
        let mut headers = HeaderMap::new();
        headers.insert("stripe-signature", header.parse().unwrap());
        (headers, body.into_bytes())
    }

    /// The processor sends word of an event.
    pub async fn hears(&self, event: &Value) -> Heard {
        let (headers, body) = self.signed(event, SIGNING_SECRET);
        self.billing.webhook(self.system, &headers, &body).await.unwrap()
    }

    /// How many payments were created at the processor.
    pub fn created(&self) -> usize {
        self.control().events(Some("payment_intent.created")).len()
    }

    pub async fn payment(&self, id: PaymentId) -> Payment {
        self.store.payments().get(id).await.unwrap()
    }

    /// What ABC owes, in cents.
    pub async fn balance(&self) -> i64 {
        self.store.ledger().balance(self.abc).await.unwrap().balance.minor
    }

    pub async fn invoice_state(&self, invoice: InvoiceId) -> InvoiceState {
        self.store.invoices().one(self.abc, invoice).await.unwrap().state
    }

    pub async fn mails(&self, kind: MailKind) -> Vec<MailRow> {
        let filters = MailFilters { kind: Some(kind), ..MailFilters::default() };
        self.store.outbox().list(&Query::default(), &filters).await.unwrap().rows
    }

    /// How many mails of a kind there are, also more than are listed on a page.
    pub async fn mail_count(&self, kind: MailKind) -> u32 {
        let filters = MailFilters { kind: Some(kind), ..MailFilters::default() };
        self.store.outbox().list(&Query::default(), &filters).await.unwrap().count
    }

    /// The books are right, and every captured payment is credited once.
    pub async fn proves_right(&self) {
        let report = self.store.ledger().check().await.unwrap();
        assert!(report.is_clean(), "{:?}", report.problems);
        for (payment, tally) in self.control().tallies() {
            assert!(tally.charges <= 1, "{payment} was charged {} times", tally.charges);
            let known = self.payment(payment.parse().unwrap()).await;
            assert_eq!(known.state.is_paid(), tally.charges == 1, "{payment}: {:?}", known.state);
            assert_eq!(known.refunded, tally.refunded, "{payment}");
        }
    }
}

pub fn typed() -> TypedCredentials {
    tandem_till::typed(SIGNING_SECRET)
}

pub fn vault() -> Vault {
    Vault::with_key("test", &[7; 32])
}

/// Billing in a process of its own.
pub async fn worker(database: &str, stripe: &str, clock: Clock) -> Billing {
    let store = Store::connect(database, &StoreOptions::default()).await.unwrap();
    let systems = Arc::new(systems(&store, stripe, clock.clone(), &Making::default()));
    billing(&store, systems, clock)
}

/// Billing over the same records with the keys of another account at Stripe, to which nothing of this one is known.
pub async fn another_account(world: &World) -> (Sim, Billing) {
    let account = "acct_1OfSomebodyElse0".to_owned();
    let sim = Sim::start(Options { api_version: api_version(), account, ..Options::default() }).await.unwrap();
    let billing = worker(&world.database(), sim.base(), ticking(&world.clock)).await;
    (sim, billing)
}

fn url(folder: &TempDir) -> String {
    format!("sqlite:{}", folder.path().join("tandem.db").display())
}

fn systems(store: &Store, stripe: &str, clock: Clock, making: &Making) -> Systems {
    let options = StripeOptions {
        patience: making.patience.unwrap_or(Duration::from_secs(5)),
        pause: Duration::from_millis(1),
        ..StripeOptions::at(stripe.parse().unwrap())
    };
    Systems::new(store.clone(), vault(), options, clock).unwrap()
}

fn billing(store: &Store, systems: Arc<Systems>, clock: Clock) -> Billing {
    Billing::new(Parts {
        store: store.clone(),
        processors: Arc::new(yielding::Yielding(systems)),
        letters: PaymentLetters { public_url: PUBLIC_URL.into() },
        mailer: Mailer::default(),
        clock,
        policy: RetryPolicy::default(),
        at_once: 8,
    })
}

/// A clock that goes on by a millisecond whenever somebody looks, so that no two moments are the same.
pub fn ticking(clock: &Arc<AtomicI64>) -> Clock {
    let clock = clock.clone();
    Arc::new(move || Timestamp(clock.fetch_add(1, Ordering::Relaxed)))
}

pub async fn company(store: &Store, change: &Change<'_>, name: &str) -> Tenant {
    tandem_till::company(store, change, name).await.unwrap()
}

/// The error of a processor that does not know what it is asked about.
pub fn is_unknown(error: &tandem_billing::BillingError) -> bool {
    matches!(error, tandem_billing::BillingError::Processor(ProcessorError::NotFound { .. }))
}

/// The error of a processor that cannot be reached.
pub fn is_unreachable(error: &tandem_billing::BillingError) -> bool {
    matches!(error, tandem_billing::BillingError::Processor(ProcessorError::Unreachable(_)))
}
