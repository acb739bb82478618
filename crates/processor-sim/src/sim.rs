//! Starting and stopping the stand-in.

use std::{io, net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use tokio::{net::TcpListener, task::JoinHandle};

use crate::{
    api,
    control::{Control, Webhook},
    keeper,
    objects::{kept, state::State},
    serve,
    shared::Shared,
    webhooks::deliver,
};

/// How the stand-in is started.
#[derive(Clone)]
pub struct Options {
    /// Where it listens. Port 0 takes any that is free.
    pub listen: SocketAddr,
    /// What browsers call it, if not by the address it listens on: `http://HOST:PORT`.
    pub public: Option<String>,
    /// The key of the merchant's server: `sk_test_…`.
    pub secret_key: String,
    /// The key of the merchant's pages: `pk_test_…`.
    pub publishable_key: String,
    /// Where events are sent; [`Control::set_webhook`] can say it later.
    pub webhook: Option<Webhook>,
    /// The merchant's account, whose keys those are: `acct_…`.
    pub account: String,
    /// The merchant's name on the bank's page.
    pub merchant: String,
    /// The account's version of the API: of requests that say none, and of webhooks.
    pub api_version: String,
    /// Most objects of each kind, and idempotency keys (of events a quarter); then the oldest are forgotten. The
    /// default takes some 150 MB when it is full.
    pub most_objects: usize,
    /// How long until a webhook that nobody took is sent again; twice as long each time, eight times in all.
    pub retry: Duration,
    /// Makes the same ids again. Random ones if `None`.
    pub seed: Option<u64>,
    /// Whether `/sim/…` answers: for browser tests.
    pub http_control: bool,
    /// Where everything is kept from one start to the next; nowhere if `None`. For a demonstration, not for load: the
    /// whole file is written again after a change.
    pub file: Option<PathBuf>,
    /// Refuses what Stripe takes and Tandem must not send: a request of a server without `Stripe-Version`, and a POST
    /// without `Idempotency-Key`. The code of the error is `sim_strict`.
    pub strict: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            public: None,
            secret_key: "sk_test_tandem".to_owned(),
            publishable_key: "pk_test_tandem".to_owned(),
            webhook: None,
            account: "acct_1TandemStandIn00".to_owned(),
            merchant: "Tandem".to_owned(),
            api_version: "2026-09-30.endive".to_owned(),
            most_objects: 20_000,
            retry: Duration::from_secs(1),
            seed: None,
            http_control: false,
            file: None,
            strict: false,
        }
    }
}

/// Why it cannot be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address cannot be listened on.
    #[error("the stand-in for Stripe cannot listen on {0}: {1}")]
    Listen(SocketAddr, io::Error),
    /// The file of [`Options::file`] cannot be read.
    #[error("the stand-in for Stripe cannot read {0}: {1}")]
    File(PathBuf, io::Error),
    /// The version is none of Stripe's that it knows.
    #[error("the stand-in for Stripe does not know the API version {0}")]
    Version(String),
}

/// A stand-in that runs. It ends when this is dropped.
#[derive(Debug)]
pub struct Sim {
    address: SocketAddr,
    base: String,
    control: Control,
    tasks: [JoinHandle<()>; 3],
    file: Option<PathBuf>,
}

impl Sim {
    /// Starts it on the current runtime.
    ///
    /// # Errors
    /// [`StartError`].
    pub async fn start(options: Options) -> Result<Self, StartError> {
        if !api::who::knows(&options.api_version) {
            return Err(StartError::Version(options.api_version));
        }
        let failed = |error| StartError::Listen(options.listen, error);
        let listener = TcpListener::bind(options.listen).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let base = options.public.unwrap_or_else(|| format!("http://{address}"));
        let mut state = State::new(options.seed.unwrap_or_else(rand::random), options.most_objects);
        state.base.clone_from(&base);
        state.api_version = options.api_version;
        state.account = options.account;
        state.merchant = options.merchant;
        state.webhook = options.webhook;
        if let Some(file) = &options.file {
            kept::load(&mut state, file).map_err(|error| StartError::File(file.clone(), error))?;
        }
        let keys = (options.secret_key, options.publishable_key);
        let shared = Arc::new(Shared::new(state, keys, options.retry, (options.http_control, options.strict)));
        let tasks = [
            tokio::spawn(serve::run(listener, shared.clone())),
            tokio::spawn(deliver::run(shared.clone())),
            tokio::spawn(keeper::run(shared.clone(), options.file.clone())),
        ];
        tracing::info!(%address, "the stand-in for Stripe listens");
        Ok(Self { address, base, control: Control { shared }, tasks, file: options.file })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// What stands for `https://api.stripe.com`: `http://HOST:PORT`, the calls below `/v1/`.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.base
    }

    /// What stands for `https://js.stripe.com/v3/`.
    #[must_use]
    pub fn script(&self) -> String {
        format!("{}/v3/", self.base)
    }

    /// The strings.
    #[must_use]
    pub fn control(&self) -> Control {
        self.control.clone()
    }
}

impl Drop for Sim {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
        if let Some(file) = &self.file {
            keeper::keep(&self.control.shared, file);
        }
    }
}
