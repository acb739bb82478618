//! How many automatic payments are made each second, and how soon a webhook is answered, for `make bench`.
//!
//! ```text
//! measure_payments DATABASE_URL PAYMENTS
//! ```
//!
//! In an empty database some customers with a saved card get invoices that are paid as they are issued, at the stand-in for
//! Stripe in this same process; then words about them come a hundred times a second. Each figure is a line: its name, what it
//! is, its target and whether that is met, with tabs between them.

use std::{
    error::Error,
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use http::HeaderMap;
use serde_json::Value;
use tandem_billing::{
    Billing, Clock, Parts, PayRequest, PaymentLetters, Systems,
    credentials::TypedCredentials,
    secret::Secret,
    stripe::{StripeOptions, api_version, http_client},
    vault::Vault,
};
use tandem_domain::{
    access::Tenant,
    billing::{
        auto_payment::{AutoPaymentTerms, OnInvoice, RetryPolicy},
        invoice::{InvoiceLine, NewInvoice},
        payment::PaymentState,
        system::PaymentSystem,
    },
    customer::{Billing as Pays, Customer},
    ids::{PaymentSystemId, Timestamp},
    locale::{Currency, Locale, TimeZone},
};
use tandem_mail::Mailer;
use tandem_processor_sim::{Options, Sim, webhooks::signature};
use tandem_store::{Change, Options as StoreOptions, Store, classes, payments::PayFor, roles};

const SIGNING_SECRET: &str = "whsec_measured";
/// Who has invoices.
const CUSTOMERS: usize = 500;
/// Cents of each invoice: more than any card is charged with before.
const AMOUNT: i64 = 1_234;
/// Payments that are made at once, as a server does by default.
const AT_ONCE: usize = 16;
/// Words a second, and how many.
const WORDS_A_SECOND: u32 = 100;
const WORDS: usize = 1_000;

struct Bench {
    store: Store,
    sim: Sim,
    billing: Billing,
    system: PaymentSystemId,
    now: Clock,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, payments] = arguments.as_slice() else {
        return Err("measure_payments DATABASE_URL PAYMENTS".into());
    };
    let each = payments.parse::<usize>()?.div_ceil(CUSTOMERS);
    let bench = Bench::new(url).await?;
    for n in 0..CUSTOMERS {
        bench.customer(n, each).await?;
    }
    bench.charge(CUSTOMERS * each).await?;
    bench.hear().await?;
    bench.store.close().await;
    Ok(())
}

impl Bench {
    async fn new(url: &str) -> Result<Self, Box<dyn Error>> {
        let store = Store::connect(url, &StoreOptions::default()).await?;
        store.migrate().await?;
        let options = Options { api_version: api_version(), most_objects: 100_000, ..Options::default() };
        let (secret_key, public_key) = (options.secret_key.clone(), options.publishable_key.clone());
        let sim = Sim::start(options).await?;
        let now: Clock = Arc::new(|| {
            let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
            Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
        });
        let vault = Vault::with_key("measured", &[7; 32]);
        let systems = Systems::new(store.clone(), vault, StripeOptions::at(sim.base().parse()?), now.clone())?;
        let change = Change::by_system(now());
        let system = PaymentSystem {
            name: "Cards".into(),
            processor: Default::default(),
            test_mode: true,
            currencies: vec![Currency::Eur],
            active: true,
            public_key,
        };
        let typed =
            TypedCredentials { secret_key: Secret::new(secret_key), webhook_secret: Secret::new(SIGNING_SECRET) };
        let credentials = systems.check(None, &system, &typed).await?;
        let id = store.payment_systems().create(&change, &system).await?;
        systems.keep(&change, id, &credentials).await?;
        let billing = Billing::new(Parts {
            store: store.clone(),
            processors: Arc::new(systems),
            letters: PaymentLetters { public_url: "https://tandem.example".into() },
            mailer: Mailer::default(),
            clock: now.clone(),
            policy: RetryPolicy::default(),
            at_once: AT_ONCE,
        });
        Ok(Self { store, sim, billing, system: id, now })
    }

    /// A customer who has paid once with a card that is saved, pays by itself from now on, and has so many invoices.
    async fn customer(&self, n: usize, invoices: usize) -> Result<(), Box<dyn Error>> {
        let change = Change::by_system((self.now)());
        let prefix: String = format!("c{n}").chars().map(|c| c.to_digit(10).map_or(c, letter)).collect();
        let customer = Customer {
            name: format!("Customer {n}"),
            email: format!("office@{prefix}.example"),
            sip_prefix: prefix,
            currency: Currency::Eur,
            billing: Pays::Postpaid,
            class: classes::STANDARD,
            locale: Locale::EnGb,
            time_zone: TimeZone::default(),
            role: roles::CUSTOMER,
        };
        let tenant = Tenant::for_system(self.store.customers().create(&customer, None, &change).await?);
        let request =
            PayRequest { token: format!("first-{n}"), pay_for: PayFor::Balance(100), save_method: true, payer: None };
        let paying = self.billing.begin(&change, tenant, &request).await?;
        let secret = paying.client_secret.ok_or("a payment without a secret")?;
        self.give_card(secret.expose()).await?;
        let paid = self.billing.returned(tenant, paying.payment.id).await?.payment;
        if paid.state != PaymentState::Succeeded {
            return Err(format!("the first payment is {:?}", paid.state).into());
        }
        let terms = AutoPaymentTerms { on_invoice: OnInvoice::OnIssue, ..AutoPaymentTerms::default() };
        let version = self.store.auto_payments().get(tenant).await?.version;
        self.store.auto_payments().save(&change, tenant, version, &terms, true).await?;
        for invoice in 0..invoices {
            let bill = NewInvoice {
                lines: vec![InvoiceLine::one("Calls", AMOUNT, 0)],
                issued_on: "2026-11-26".into(),
                due_on: "2026-12-10".into(),
                note: String::new(),
            };
            self.store.invoices().issue(&change, tenant, &format!("{n}-{invoice}"), &bill).await?;
        }
        Ok(())
    }

    /// What the customer's browser does.
    async fn give_card(&self, secret: &str) -> Result<(), Box<dyn Error>> {
        let id = secret.split("_secret_").next().unwrap_or_default();
        let fields = [
            ("key", "pk_test_tandem"),
            ("client_secret", secret),
            ("payment_method_data[type]", "card"),
            ("payment_method_data[card][number]", "4242424242424242"),
            ("payment_method_data[card][exp_month]", "12"),
            ("payment_method_data[card][exp_year]", "2034"),
            ("payment_method_data[card][cvc]", "123"),
            ("return_url", "https://tandem.example/self-care/payments/return"),
        ];
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = http_client()?
            .post(format!("{}/v1/payment_intents/{id}/confirm", self.sim.base()))
            .header("content-type", "application/x-www-form-urlencoded")
            .header("stripe-version", api_version());
        let status = request.body(body).send().await?.status();
        if status.is_success() { Ok(()) } else { Err(format!("the card is answered with {status}").into()) }
    }

    async fn charge(&self, wanted: usize) -> Result<(), Box<dyn Error>> {
        let begun = Instant::now();
        let mut paid = 0;
        loop {
            let charged = self.billing.charge_due().await?;
            paid += charged.paid as usize;
            if charged.paid == 0 {
                break;
            }
        }
        #[expect(clippy::cast_precision_loss, reason = "thousands")]
        let each_second = paid as f64 / begun.elapsed().as_secs_f64().max(f64::EPSILON);
        let name = format!("automatic payments, {wanted} due, {AT_ONCE} at once");
        tell(&name, &format!("{each_second:.0}/s"), "≥ 200/s", each_second >= 200.0);
        let tallies = self.sim.control().tallies();
        let twice = tallies.iter().filter(|(_, tally)| tally.charges > 1).count();
        let taken = tallies.iter().filter(|(_, tally)| tally.charges == 1).count();
        let missing = (wanted + CUSTOMERS).abs_diff(taken) + wanted.abs_diff(paid);
        tell("charged twice, or not at all", &(twice + missing).to_string(), "0", twice + missing == 0);
        let report = self.store.ledger().check().await?;
        let words = format!("{} problems in {} postings", report.problems.len(), report.postings);
        tell("the ledger after that", &words, "0 problems", report.is_clean());
        Ok(())
    }

    /// The processor sends word of payments that succeeded, a hundred times a second.
    async fn hear(&self) -> Result<(), Box<dyn Error>> {
        let events = self.sim.control().events(Some("payment_intent.succeeded"));
        let mut tasks = Vec::new();
        let mut pace = tokio::time::interval(Duration::from_secs(1) / WORDS_A_SECOND);
        for event in events.into_iter().rev().take(WORDS) {
            pace.tick().await;
            let (headers, body) = self.signed(&event)?;
            let (billing, system) = (self.billing.clone(), self.system);
            tasks.push(tokio::spawn(async move {
                let begun = Instant::now();
                let heard = billing.webhook(system, &headers, &body).await;
                heard.map(|_| begun.elapsed())
            }));
        }
        let mut took = Vec::new();
        for task in tasks {
            took.push(task.await??);
        }
        took.sort();
        let place = |percent: usize| took.get((took.len() * percent / 100).min(took.len().saturating_sub(1)));
        let milliseconds = |percent| place(percent).map_or(0.0, |time| time.as_secs_f64() * 1000.0);
        let words = format!("{:.1} ms at half, {:.1} ms at 99 %", milliseconds(50), milliseconds(99));
        let name = format!("a webhook’s answer, {} of them, {WORDS_A_SECOND}/s", took.len());
        tell(&name, &words, "≤ 50 ms at 99 %", milliseconds(99) <= 50.0);
        Ok(())
    }

    fn signed(&self, event: &Value) -> Result<(HeaderMap, Vec<u8>), Box<dyn Error>> {
        let body = event.to_string();
        let header = signature::header(&[SIGNING_SECRET.to_owned()], (self.now)().0 / 1000, &body);
        let mut headers = HeaderMap::new();
        headers.insert("stripe-signature", header.parse()?);
        Ok((headers, body.into_bytes()))
    }
}

/// SIP prefixes are of letters alone.
fn letter(digit: u32) -> char {
    char::from_u32(u32::from('a') + digit).unwrap_or('a')
}

fn tell(name: &str, value: &str, target: &str, is_met: bool) {
    println!("{name}\t{value}\t{target}\t{}", if is_met { "met" } else { "missed" });
}
