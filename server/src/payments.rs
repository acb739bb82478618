//! The wiring of payments: the key that credentials are encrypted with, the processors, what billing does by itself, and the
//! stand-in that the demonstration pays at.

use std::{
    fs,
    io::{self, Write as _},
    net::Ipv4Addr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use tandem_app::server::{Clock, PaymentPages};
use tandem_billing::{
    billing::{Billing, Parts},
    credentials::TypedCredentials,
    error::BillingError,
    letters::PaymentLetters,
    secret::Secret,
    stripe::StripeOptions,
    systems::Systems,
    vault::{Vault, VaultError},
    worker,
};
use tandem_domain::{
    billing::{
        auto_payment::RetryPolicy,
        system::{PaymentSystem, Processor},
    },
    ids::PaymentSystemId,
    locale::Currency,
};
use tandem_mail::Mailer;
use tandem_processor_sim::{Options, Sim, StartError, Webhook};
use tandem_store::{Change, Store};
use url::Url;

use crate::{config::Config, run::Purpose};

/// Where Stripe's API is.
const STRIPE: &str = "https://api.stripe.com/";
/// Where its script is, and what the script opens and asks (Stripe, "Content Security Policy").
const STRIPE_SCRIPT: &str = "https://js.stripe.com/v3/";
const STRIPE_ORIGINS: [&str; 4] =
    ["https://js.stripe.com", "https://*.js.stripe.com", "https://hooks.stripe.com", "https://api.stripe.com"];
/// The file of the key that was made for this installation.
const KEY_FILE: &str = "payments.key";
/// What the stand-in keeps.
const STAND_IN_FILE: &str = "stand-in.json";
/// What the demonstration's payment system is called, and what it and the stand-in have in common.
const DEMO_SYSTEM: &str = "Cards (stand-in for Stripe)";
const DEMO_SECRET_KEY: &str = "sk_test_tandem";
const DEMO_PUBLIC_KEY: &str = "pk_test_tandem";
const DEMO_SIGNING_SECRET: &str = "whsec_tandem";

/// Why no payments can be taken.
#[derive(Debug, thiserror::Error)]
pub enum PaymentsError {
    /// The keys of the configuration.
    #[error("{0} (payments.keys)")]
    Keys(#[from] VaultError),
    /// The key of this installation.
    #[error("the key of the payment systems' credentials cannot be read or made: {path}: {error}")]
    KeyFile {
        /// Its file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// The stand-in.
    #[error(transparent)]
    StandIn(#[from] StartError),
    /// The processors, or the records of them.
    #[error("payments cannot be prepared: {0}")]
    Billing(#[from] BillingError),
}

/// Payments, at work.
pub struct Payments {
    /// What pages and webhooks ask.
    pub billing: Billing,
    /// The payment systems, for those who set them up.
    pub systems: Arc<Systems>,
    /// What pages load from the processor.
    pub pages: PaymentPages,
    running: worker::Running,
    /// Lives as long as this.
    stand_in: Option<Sim>,
}

impl Payments {
    /// Begins to make automatic payments and to ask about pending ones. `reached_at` is where people, and the stand-in, reach
    /// this server.
    ///
    /// # Errors
    /// [`PaymentsError`]
    pub async fn start(
        config: &Config,
        purpose: Purpose,
        store: Store,
        clock: Arc<dyn Clock>,
        mailer: Mailer,
        reached_at: String,
    ) -> Result<Self, PaymentsError> {
        let settings = &config.payments;
        let vault = vault(settings.keys.reveal(), &config.data_dir)?;
        let stand_in = match purpose {
            Purpose::Demonstration { .. } if settings.stripe_api.is_none() => Some(stand_in(config).await?),
            Purpose::Demonstration { .. } | Purpose::Real => None,
        };
        let api = match (&settings.stripe_api, &stand_in) {
            (Some(api), _) => api.0.clone(),
            (None, Some(stand_in)) => address(stand_in.base()),
            (None, None) => address(STRIPE),
        };
        let pages = pages(config, stand_in.as_ref(), reached_at.clone());
        let now: tandem_billing::Clock = Arc::new(move || clock.now());
        let systems = Arc::new(Systems::new(store.clone(), vault, StripeOptions::at(api), now.clone())?);
        let change = Change::by_system(now());
        if let Some(stand_in) = &stand_in {
            let system = demo_system(&store, &systems, &change).await?;
            let url = format!("{reached_at}/webhooks/{system}");
            stand_in.control().set_webhook(Some(Webhook { url, secrets: vec![DEMO_SIGNING_SECRET.to_owned()] }));
        }
        // What was sealed with a key that is about to go is sealed with the newest.
        match systems.seal_anew(&change).await {
            Ok(0) => {}
            Ok(sealed) => tracing::info!(sealed, "credentials were encrypted anew with the newest key"),
            Err(error) => tracing::error!(%error, "some payment systems' credentials cannot be opened"),
        }
        let delays_seconds = settings.retries.0.iter().map(seconds).collect();
        let billing = Billing::new(Parts {
            store,
            processors: systems.clone(),
            letters: PaymentLetters { public_url: reached_at },
            mailer,
            clock: now,
            policy: RetryPolicy { delays_seconds },
            at_once: settings.at_once.0,
        });
        let running = billing.start();
        Ok(Self { billing, systems, pages, running, stand_in })
    }

    /// Ends with care: what is in hand is finished within `grace`.
    pub async fn stop(self, grace: Duration) {
        self.running.stop(grace).await;
        drop(self.stand_in);
    }
}

fn seconds(time: &Duration) -> i64 {
    i64::try_from(time.as_secs()).unwrap_or(i64::MAX)
}

/// An address that is known to be one.
fn address(text: &str) -> Url {
    text.parse().expect("a constant, or made of a socket’s address")
}

/// What pages may load and ask.
fn pages(config: &Config, stand_in: Option<&Sim>, public_url: String) -> PaymentPages {
    match (&config.payments.stripe_script, stand_in) {
        (Some(script), _) => {
            let api = config.payments.stripe_api.as_ref().map(|api| api.origin());
            let api = api.or_else(|| stand_in.map(|stand_in| stand_in.base().to_owned()));
            PaymentPages { script: script.0.to_string(), origins: origins(script.origin(), api), public_url }
        }
        (None, Some(stand_in)) => {
            let origins = vec![stand_in.base().to_owned()];
            PaymentPages { script: stand_in.script(), origins, public_url }
        }
        (None, None) => {
            let origins = STRIPE_ORIGINS.map(str::to_owned).to_vec();
            PaymentPages { script: STRIPE_SCRIPT.to_owned(), origins, public_url }
        }
    }
}

/// Whom a page with this script asks and shows. Stripe's own script opens and asks Stripe's own, wherever this server asks; so does
/// a script from elsewhere that is for Stripe's own API.
fn origins(script: String, api: Option<String>) -> Vec<String> {
    let is_stripes = STRIPE_ORIGINS.contains(&script.as_str()) || script.ends_with(".js.stripe.com");
    let stripes = if is_stripes || api.is_none() { STRIPE_ORIGINS.as_slice() } else { &[] };
    let mut origins = vec![script];
    for origin in stripes.iter().map(|&origin| origin.to_owned()).chain(api) {
        if !origins.contains(&origin) {
            origins.push(origin);
        }
    }
    origins
}

/// The configured keys, or the one that lies in the data folder.
fn vault(configured: &str, data_dir: &Path) -> Result<Vault, PaymentsError> {
    if !configured.is_empty() {
        return Ok(Vault::parse(configured)?);
    }
    let path = data_dir.join(KEY_FILE);
    let failed = |error| PaymentsError::KeyFile { path: path.clone(), error };
    match fs::read_to_string(&path) {
        Ok(kept) => Ok(Vault::parse(&kept)?),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let key: [u8; 32] = rand::random();
            let hex: String = key.iter().map(|octet| format!("{octet:02x}")).collect();
            // Whole or not at all: what is sealed with a key that is lost is lost.
            let kept = tempfile::Builder::new().prefix(KEY_FILE).tempfile_in(data_dir).and_then(|mut file| {
                file.write_all(format!("installation:{hex}\n").as_bytes())?;
                file.as_file().sync_all()?;
                file.persist_noclobber(&path).map_err(|error| error.error)?;
                fs::File::open(data_dir)?.sync_all()
            });
            kept.map_err(failed)?;
            Ok(Vault::with_key("installation", &key))
        }
        Err(error) => Err(failed(error)),
    }
}

/// Starts what stands for Stripe, where those who reach this server reach it, too; for every network card, on this machine.
async fn stand_in(config: &Config) -> Result<Sim, StartError> {
    let ip = Some(config.http.listen.ip()).filter(|ip| !ip.is_unspecified());
    let options = Options {
        listen: (ip.unwrap_or(Ipv4Addr::LOCALHOST.into()), 0).into(),
        secret_key: DEMO_SECRET_KEY.to_owned(),
        publishable_key: DEMO_PUBLIC_KEY.to_owned(),
        api_version: tandem_billing::stripe::api_version(),
        http_control: true,
        // The records remember its names of customers and cards.
        file: Some(config.data_dir.join(STAND_IN_FILE)),
        ..Options::default()
    };
    Sim::start(options).await
}

/// The demonstration's payment system; it is set up with the first start.
async fn demo_system(store: &Store, systems: &Systems, change: &Change<'_>) -> Result<PaymentSystemId, BillingError> {
    let known = store.payment_systems().list().await?;
    if let Some(known) = known.iter().find(|row| row.system.name == DEMO_SYSTEM) {
        return Ok(known.id);
    }
    let system = PaymentSystem {
        name: DEMO_SYSTEM.to_owned(),
        processor: Processor::Stripe,
        test_mode: true,
        currencies: Currency::ALL.to_vec(),
        active: known.iter().all(|row| !row.system.active),
        public_key: DEMO_PUBLIC_KEY.to_owned(),
    };
    let typed =
        TypedCredentials { secret_key: Secret::new(DEMO_SECRET_KEY), webhook_secret: Secret::new(DEMO_SIGNING_SECRET) };
    let credentials = systems.check(None, &system, &typed).await?;
    let id = store.payment_systems().create(change, &system).await?;
    systems.keep(change, id, &credentials).await?;
    Ok(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_may_ask_and_show_whom_its_script_needs() {
        let of = |script: &str, api: Option<&str>| origins(script.to_owned(), api.map(str::to_owned));
        let sorted = |mut some: Vec<String>| {
            some.sort();
            some
        };
        let stripes = sorted(STRIPE_ORIGINS.map(str::to_owned).to_vec());
        // Another version of Stripe's own script.
        assert_eq!(sorted(of("https://js.stripe.com", None)), stripes);
        assert_eq!(sorted(of("https://js.stripe.com", Some("https://api.stripe.com"))), stripes);
        let by_a_gateway = of("https://js.stripe.com", Some("https://gateway.example"));
        assert!(STRIPE_ORIGINS.iter().all(|origin| by_a_gateway.contains(&(*origin).to_owned())), "{by_a_gateway:?}");
        let elsewhere = of("https://scripts.example", None);
        assert!(elsewhere.contains(&"https://scripts.example".to_owned()));
        assert!(STRIPE_ORIGINS.iter().all(|origin| elsewhere.contains(&(*origin).to_owned())), "{elsewhere:?}");
        // What stands for Stripe needs nothing of Stripe's.
        assert_eq!(of("http://127.0.0.1:1", Some("http://127.0.0.1:1")), ["http://127.0.0.1:1"]);
    }

    #[test]
    fn the_key_of_an_installation_is_made_once_and_is_nobody_elses() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        vault("", folder.path()).unwrap();
        let file = folder.path().join(KEY_FILE);
        let first = fs::read_to_string(&file).unwrap();
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        vault("", folder.path()).unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), first);
        // One that cannot be read is not thrown away.
        fs::write(&file, "something else").unwrap();
        assert!(matches!(vault("", folder.path()), Err(PaymentsError::Keys(_))));
        assert!(matches!(vault("work:no", folder.path()), Err(PaymentsError::Keys(VaultError::BadKey(1)))));
    }
}
