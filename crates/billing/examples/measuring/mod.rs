//! What the measurements of payments have in common: companies that pay at the stand-in for Stripe, in a database that is
//! empty before.

use std::{error::Error, sync::Arc, time::SystemTime};

use tandem_billing::{
    Billing, Clock, Parts, PaymentLetters, Systems,
    stripe::{StripeOptions, api_version},
    vault::Vault,
};
use tandem_domain::{
    access::Tenant,
    billing::auto_payment::RetryPolicy,
    ids::{PaymentSystemId, Timestamp},
};
use tandem_mail::Mailer;
use tandem_processor_sim::{Options, Sim};
use tandem_store::{Change, Options as StoreOptions, Store};
use tandem_till::{Browser, add_system, company};

/// What webhooks are signed with.
pub const SIGNING_SECRET: &str = "whsec_measured";
/// What credentials are sealed with, as the configuration takes it.
pub const VAULT: &str = "measured:0707070707070707070707070707070707070707070707070707070707070707";
/// The test card that needs nothing.
const GOOD: &str = "4242424242424242";

/// A server's payments without the server.
pub struct Bench {
    pub store: Store,
    pub sim: Sim,
    pub billing: Billing,
    pub system: PaymentSystemId,
    pub now: Clock,
    browser: Browser,
}

impl Bench {
    /// In this database. `at_once`: automatic payments that are made at the same time.
    pub async fn new(url: &str, at_once: usize) -> Result<Self, Box<dyn Error>> {
        let store = Store::connect(url, &StoreOptions::default()).await?;
        store.migrate().await?;
        let options = Options { api_version: api_version(), most_objects: 100_000, ..Options::default() };
        let sim = Sim::start(options).await?;
        let now: Clock = Arc::new(|| {
            let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
            Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
        });
        let systems =
            Systems::new(store.clone(), Vault::parse(VAULT)?, StripeOptions::at(sim.base().parse()?), now.clone())?;
        let change = Change::by_system(now());
        let system = add_system(&store, &systems, &change, ("Cards", true), SIGNING_SECRET).await?;
        let billing = Billing::new(Parts {
            store: store.clone(),
            processors: Arc::new(systems),
            letters: PaymentLetters { public_url: "https://tandem.example".into() },
            mailer: Mailer::default(),
            clock: now.clone(),
            policy: RetryPolicy::default(),
            at_once,
        });
        let browser = Browser::new(sim.base())?;
        Ok(Self { store, sim, billing, system, now, browser })
    }

    /// One company of many, whose names are of letters.
    pub async fn company(&self, n: usize) -> Result<Tenant, Box<dyn Error>> {
        let letter = |digit: u32| char::from_u32(u32::from('a') + digit);
        let name: String = format!("c{n}").chars().filter_map(|c| c.to_digit(10).map_or(Some(c), letter)).collect();
        Ok(company(&self.store, &Change::by_system((self.now)()), &name).await?)
    }

    /// What the customer's browser does.
    pub async fn give_card(&self, secret: &str) -> Result<(), Box<dyn Error>> {
        match self.browser.give_card(secret, GOOD).await {
            Some(200) => Ok(()),
            status => Err(format!("the card is answered with {status:?}").into()),
        }
    }

    /// Tells whether the books are right.
    pub async fn tell_ledger(&self) -> Result<(), Box<dyn Error>> {
        let report = self.store.ledger().check().await?;
        let words = format!("{} problems in {} postings", report.problems.len(), report.postings);
        tell("the ledger after that", &words, "0 problems", report.is_clean());
        Ok(())
    }
}

/// A figure: its name, what it is, its target and whether that is met, with tabs between them.
pub fn tell(name: &str, value: &str, target: &str, is_met: bool) {
    println!("{name}\t{value}\t{target}\t{}", if is_met { "met" } else { "missed" });
}
