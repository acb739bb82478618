//! The database from the server's side: opening it, whether it is ready, and its gauges.

use std::{sync::Arc, time::Duration};

use tandem_app::server::Clock;
use tandem_store::{Options, Store, StoreError};
use tokio::time::{MissedTickBehavior, timeout};

use crate::{config::DatabaseUrl, http::probes::Check, measurements::Gauges};

/// How often what has had its time is forgotten: expired sessions, old failures to sign in.
const SWEEP_EVERY: Duration = Duration::from_secs(10 * 60);
/// How often the books are checked. That reads all there is, so it is never done because somebody asks for the measurements.
const CHECK_EVERY: Duration = Duration::from_secs(60 * 60);
/// How long one check may take.
const CHECK_PATIENCE: Duration = Duration::from_secs(10 * 60);

/// The database cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the database {url} cannot be used: {source}")]
pub struct DatabaseError {
    url: DatabaseUrl,
    source: StoreError,
}

/// Opens the database and brings it to this version's layout.
///
/// # Errors
/// It cannot be opened or reached, or a newer version of Tandem has changed it.
pub async fn open(url: &DatabaseUrl) -> Result<Store, DatabaseError> {
    let store = open_as_it_is(url).await?;
    store.migrate().await.map_err(|source| DatabaseError { url: url.clone(), source })?;
    Ok(store)
}

/// Opens the database whatever its layout is.
///
/// # Errors
/// It cannot be opened or reached.
pub async fn open_as_it_is(url: &DatabaseUrl) -> Result<Store, DatabaseError> {
    let connected = Store::connect(url.reveal(), &Options::default()).await;
    connected.map_err(|source| DatabaseError { url: url.clone(), source })
}

/// Ready when the database answers and has the layout that this version knows.
pub fn check(store: &Store) -> Check {
    let store = store.clone();
    Arc::new(move || {
        let store = store.clone();
        Box::pin(async move {
            match store.is_current().await {
                Ok(true) => Ok(()),
                Ok(false) => Err("the database has another version's layout: run tandem migrate of this version, or start the newer version".to_owned()),
                Err(error) => {
                    tracing::error!(%error, "the database does not answer");
                    Err("the database does not answer".to_owned())
                }
            }
        })
    })
}

/// The connections, by state.
pub fn gauges(store: &Store) -> Gauges {
    let store = store.clone();
    Arc::new(move || {
        let status = store.pool_status();
        metrics::gauge!("database_connections", "state" => "used")
            .set(f64::from(status.open.saturating_sub(status.idle)));
        metrics::gauge!("database_connections", "state" => "idle").set(f64::from(status.idle));
        metrics::gauge!("database_connections_limit").set(f64::from(status.limit));
    })
}

/// Forgets what has had its time, again and again.
pub async fn sweep(store: Store, clock: Arc<dyn Clock>) {
    let mut interval = tokio::time::interval(SWEEP_EVERY);
    loop {
        interval.tick().await;
        if let Err(error) = store.sweep(clock.now()).await {
            tracing::error!(%error, "old sessions and failures could not be forgotten; trying again later");
        }
    }
}

/// Checks the books again and again, and measures how many problems there are. While it cannot be told, the last number stays.
pub async fn check_books(store: Store) {
    let mut interval = tokio::time::interval(CHECK_EVERY);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        interval.tick().await;
        match timeout(CHECK_PATIENCE, store.ledger().check()).await {
            Ok(Ok(report)) => {
                let problems = u32::try_from(report.problems.len()).unwrap_or(u32::MAX);
                metrics::gauge!("tandem_ledger_problems").set(f64::from(problems));
                for problem in &report.problems {
                    tracing::error!(problem, "the books are not right; somebody has to look at it");
                }
            }
            Ok(Err(error)) => tracing::warn!(%error, "the books cannot be checked; trying again later"),
            Err(_) => tracing::warn!("checking the books takes too long; run tandem ledger check"),
        }
    }
}
