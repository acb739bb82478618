//! What billing does by itself: it makes the automatic payments that are due, and asks about what is pending. As many
//! of it may run as there are nodes; what each does is given to it by the records.

use std::{panic::AssertUnwindSafe, time::Duration};

use futures::FutureExt;
use tandem_domain::ids::Timestamp;
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{Instant, sleep},
};

use crate::billing::Billing;

/// How often it is looked for pending payments.
const SWEEP_EVERY: Duration = Duration::from_secs(20);
/// How often it is looked for invoices whose due day has begun.
const DUE_EVERY: Duration = Duration::from_secs(5 * 60);
/// How often it is looked for charges though nobody said that there is one: another node may have noted it.
const LOOK_AGAIN: Duration = Duration::from_secs(30);
/// How long after a failure it is tried again.
const AGAIN: Duration = Duration::from_secs(5);

/// The tasks of billing.
pub struct Running {
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

impl Running {
    /// Ends after what is in hand. What takes longer than `grace` is cut off; it goes on after the next start, or on
    /// another node, from where it was.
    pub async fn stop(mut self, grace: Duration) {
        self.stop.send_replace(true);
        let ended = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(grace, ended).await.is_err() {
            tracing::info!("a payment was under way when the server had to stop; it goes on after the next start");
        }
        self.tasks.shutdown().await;
    }
}

impl Billing {
    /// Starts what billing does by itself.
    #[must_use]
    pub fn start(&self) -> Running {
        let (stop, stopped) = watch::channel(false);
        let mut tasks = JoinSet::new();
        tasks.spawn(self.clone().charge_for_ever(stopped.clone()));
        tasks.spawn(self.clone().sweep_for_ever(stopped));
        Running { stop, tasks }
    }

    async fn charge_for_ever(self, mut stop: watch::Receiver<bool>) {
        let mut due_next = Instant::now();
        while !*stop.borrow() {
            if due_next <= Instant::now() {
                due_next = Instant::now() + DUE_EVERY;
                if let Err(error) = self.note_due().await {
                    tracing::warn!(%error, "the invoices that are due cannot be read");
                }
            }
            // A charge at which we fail must not keep the others from being made for ever.
            let wait = match AssertUnwindSafe(self.charge_while(|| !*stop.borrow())).catch_unwind().await {
                Ok(Ok(_)) => self.until_next_charge().await.min(due_next - Instant::now()),
                Ok(Err(error)) => {
                    tracing::warn!(%error, "automatic payments cannot be made at the moment");
                    AGAIN
                }
                Err(_) => {
                    tracing::error!("making automatic payments panicked; see the log");
                    AGAIN
                }
            };
            tokio::select! {
                () = sleep(wait) => {}
                () = self.wake.notified() => {}
                _ = stop.wait_for(|stop| *stop) => {}
            }
        }
    }

    async fn sweep_for_ever(self, mut stop: watch::Receiver<bool>) {
        while !*stop.borrow() {
            let wait = match AssertUnwindSafe(self.sweep_while(|| !*stop.borrow())).catch_unwind().await {
                Ok(Ok(swept)) => {
                    if swept.asked > 0 {
                        tracing::info!(asked = swept.asked, failed = swept.failed, "pending payments were asked about");
                    }
                    SWEEP_EVERY
                }
                Ok(Err(error)) => {
                    tracing::warn!(%error, "pending payments cannot be read");
                    AGAIN
                }
                Err(_) => {
                    tracing::error!("asking about pending payments panicked; see the log");
                    SWEEP_EVERY
                }
            };
            tokio::select! {
                () = sleep(wait) => {}
                _ = stop.wait_for(|stop| *stop) => {}
            }
        }
    }

    /// How long until the next charge is due, as far as is known.
    async fn until_next_charge(&self) -> Duration {
        match self.store().auto_payments().next_due().await {
            Ok(Some(Timestamp(due))) => {
                let wait = due.saturating_sub(self.now().0);
                // A little later rather than in a hurry: what is due now was taken by another a moment ago.
                Duration::from_millis(u64::try_from(wait).unwrap_or_default().max(50)).min(LOOK_AGAIN)
            }
            Ok(None) => LOOK_AGAIN,
            Err(error) => {
                tracing::warn!(%error, "automatic payments cannot be read");
                AGAIN
            }
        }
    }
}
