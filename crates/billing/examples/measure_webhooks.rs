//! How soon a server answers the webhooks by which it hears that payments were made, for `make bench`.
//!
//! ```text
//! measure_webhooks DATABASE_URL PROGRAM
//! ```
//!
//! In an empty database customers begin payments and give their cards at the stand-in for Stripe in this process. Then PROGRAM
//! (`tandem`) is started on it, and the words about those payments, of which it knows nothing yet, come to it over HTTP a
//! hundred times a second. Each figure is a line: its name, what it is, its target and whether that is met, with tabs between
//! them.

mod measuring;

use std::{
    error::Error,
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use futures::{StreamExt, TryStreamExt, stream};
use serde_json::Value;
use tandem_billing::{PayRequest, stripe::http_client};
use tandem_domain::{
    access::Tenant,
    billing::payment::{Cause, PaymentState},
    ids::PaymentId,
};
use tandem_processor_sim::webhooks::signature;
use tandem_store::{Change, payments::PayFor};

use measuring::{Bench, SIGNING_SECRET, VAULT, tell};

/// Words a second, and how many.
const WORDS_A_SECOND: u32 = 100;
const WORDS: usize = 1_000;
/// Who pays.
const CUSTOMERS: usize = 100;
/// Payments that are begun at once: all are heard of before a server asks by itself about those that are a minute old.
const AT_ONCE: usize = 16;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, program] = arguments.as_slice() else {
        return Err("measure_webhooks DATABASE_URL PROGRAM".into());
    };
    let bench = Bench::new(url, AT_ONCE).await?;
    let mut customers = Vec::new();
    for n in 0..CUSTOMERS {
        customers.push(bench.company(n).await?);
    }
    let pays = (0..WORDS).map(|n| pay(&bench, customers[n % CUSTOMERS], n));
    let payments: Vec<(Tenant, PaymentId)> = stream::iter(pays).buffer_unordered(AT_ONCE).try_collect().await?;
    let events = bench.sim.control().events(Some("payment_intent.succeeded"));
    let folder = tempfile::tempdir()?;
    let server = Server::start(program, folder.path(), url, bench.sim.base())?;
    hear(&bench, &server, events).await?;
    drop(server);
    heard(&bench, &payments).await?;
    bench.tell_ledger().await?;
    bench.store.close().await;
    Ok(())
}

/// A customer begins a payment and gives a card; the server is told nothing of it.
async fn pay(bench: &Bench, tenant: Tenant, n: usize) -> Result<(Tenant, PaymentId), Box<dyn Error>> {
    let change = Change::by_system((bench.now)());
    let request =
        PayRequest { token: format!("form-{n}"), pay_for: PayFor::Balance(1_000), save_method: false, payer: None };
    let paying = bench.billing.begin(&change, tenant, &request).await?;
    bench.give_card(paying.client_secret.ok_or("a payment without a secret")?.expose()).await?;
    Ok((tenant, paying.payment.id))
}

/// The processor sends word of payments that succeeded, a hundred times a second, and waits for each answer.
async fn hear(bench: &Bench, server: &Server, events: Vec<Value>) -> Result<(), Box<dyn Error>> {
    let url = format!("{}/webhooks/{}", server.address, bench.system);
    let client = http_client()?;
    let mut tasks = Vec::new();
    let mut pace = tokio::time::interval(Duration::from_secs(1) / WORDS_A_SECOND);
    for event in events {
        pace.tick().await;
        let body = event.to_string();
        let signed = signature::header(&[SIGNING_SECRET.to_owned()], (bench.now)().0 / 1000, &body);
        let word = client.post(&url).header("content-type", "application/json").header("stripe-signature", signed);
        let word = word.body(body);
        tasks.push(tokio::spawn(async move {
            let begun = Instant::now();
            let status = word.send().await.map(|answer| answer.status().as_u16());
            (status, begun.elapsed())
        }));
    }
    let mut took = Vec::new();
    let mut refused = 0;
    for task in tasks {
        let (status, time) = task.await?;
        refused += usize::from(!matches!(status, Ok(200)));
        took.push(time);
    }
    let name = format!("a webhook’s answer, {} of them, {WORDS_A_SECOND}/s", took.len());
    let (half, most) = half_and_99(took);
    tell(&name, &format!("{half:.1} ms at half, {most:.1} ms at 99 %"), "≤ 50 ms at 99 %", most <= 50.0);
    tell("webhooks that were not taken", &refused.to_string(), "0", refused == 0);
    Ok(())
}

/// Whether it was by these words that the server heard of the payments.
async fn heard(bench: &Bench, payments: &[(Tenant, PaymentId)]) -> Result<(), Box<dyn Error>> {
    let mut by_word = 0;
    for (tenant, payment) in payments {
        let steps = bench.store.payments().transitions(*tenant, *payment).await?;
        by_word +=
            usize::from(steps.iter().any(|step| step.to == PaymentState::Succeeded && step.cause == Cause::Webhook));
    }
    let all = payments.len();
    tell("payments that were heard of by them", &format!("{by_word} of {all}"), "all", by_word == all);
    Ok(())
}

/// The server under measurement, until this is dropped.
struct Server {
    child: Child,
    /// `http://HOST:PORT`
    address: String,
}

impl Server {
    fn start(program: &str, folder: &Path, database: &str, stripe: &str) -> Result<Self, Box<dyn Error>> {
        let mut command = Command::new(program);
        command.args(["serve", "--http", "127.0.0.1:0", "--sip", "127.0.0.1:0", "--data", ".", "--database", database]);
        command.env("TANDEM_PAYMENTS_STRIPE_API", stripe).env("TANDEM_PAYMENTS_KEYS", VAULT).current_dir(folder);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().map_err(|error| format!("{program}: {error}"))?;
        let mut lines = BufReader::new(child.stdout.take().ok_or("no output")?).lines();
        let told = lines.find_map(|line| Some(line.ok()?.trim().split_once("http://")?.1.to_owned()));
        // A pipe that nobody reads would end the server's next word.
        std::thread::spawn(move || lines.for_each(drop));
        let mut server = Self { child, address: String::new() };
        let address = told.ok_or_else(|| format!("{program} does not say where it serves"))?;
        server.address = format!("http://{address}");
        Ok(server)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// How long half of them took at most, and 99 of a hundred, in milliseconds.
fn half_and_99(mut took: Vec<Duration>) -> (f64, f64) {
    took.sort();
    let place = |percent: usize| took.get((took.len() * percent / 100).min(took.len().saturating_sub(1)));
    let milliseconds = |percent| place(percent).map_or(0.0, |time| time.as_secs_f64() * 1000.0);
    (milliseconds(50), milliseconds(99))
}
