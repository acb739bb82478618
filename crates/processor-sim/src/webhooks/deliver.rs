//! Who does what is on the agenda: one task that waits for the next time, and a task for each webhook under way.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http::{Request, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use tokio::{sync::Semaphore, task::JoinSet};

use super::{agenda::Task, signature};
use crate::{control::Webhook, objects::event::Event, shared::Shared};

/// How many webhooks are under way at once.
const AT_ONCE: usize = 64;
/// How long an endpoint may take to answer. Our choice: Stripe does not publish its own patience.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often an event is sent that nobody takes. Stripe tries for three days in live mode, and three times within a few
/// hours in test mode; here the first repetitions come at once, so there are more of them.
const ATTEMPTS: u32 = 8;
/// The longest that is waited when nothing is known to be due.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

type HttpClient = Client<HttpConnector, Full<Bytes>>;

/// Runs until it is aborted.
pub(crate) async fn run(shared: Arc<Shared>) {
    let client: HttpClient =
        Client::builder(TokioExecutor::new()).pool_idle_timeout(Duration::from_secs(5)).build_http();
    let places = Arc::new(Semaphore::new(AT_ONCE));
    let mut under_way = JoinSet::new();
    loop {
        while under_way.try_join_next().is_some() {}
        let (task, wait) = {
            let mut state = shared.state();
            let needed = if state.conditions.one_by_one { AT_ONCE } else { 1 };
            let through = !state.conditions.hold && places.available_permits() >= needed;
            let now = state.now;
            let task = state.agenda.due(now, through);
            let wait = state.agenda.next_due(through).map_or(LOOK_AGAIN, |due| {
                Duration::from_millis(u64::try_from(due - now).unwrap_or_default()).min(LOOK_AGAIN)
            });
            (task, wait)
        };
        match task {
            Some(Task::Settle { intent, succeeds }) => {
                shared.state().settle(&intent, succeeds);
            }
            Some(Task::Refund { refund, succeeds }) => {
                shared.state().end_refund(&refund, succeeds);
            }
            Some(Task::Deliver { event, attempt }) => {
                let Ok(place) = places.clone().acquire_owned().await else { return };
                let (shared, client) = (shared.clone(), client.clone());
                under_way.spawn(async move {
                    deliver(&shared, &client, event, attempt).await;
                    drop(place);
                    shared.wake();
                });
            }
            None => {
                let _ = tokio::time::timeout(wait, shared.woken()).await;
            }
        }
    }
}

/// Sends an event once, notes what came of it, and puts the next attempt on the agenda if there has to be one.
async fn deliver(shared: &Shared, client: &HttpClient, event: Event, attempt: u32) {
    let (webhook, seconds, forged) = {
        let state = shared.state();
        let age = i64::try_from(state.conditions.age.as_secs()).unwrap_or(i64::MAX);
        (state.webhook.clone(), state.seconds().saturating_sub(age), state.conditions.forge)
    };
    let Some(webhook) = webhook else { return };
    let status = match tokio::time::timeout(PATIENCE, send(client, &webhook, &event, seconds, forged)).await {
        Ok(Ok(status)) => Some(status),
        Ok(Err(error)) => {
            tracing::debug!(event = %event.id, %error, "a webhook did not arrive");
            None
        }
        Err(_) => None,
    };
    let mut state = shared.state();
    let taken = status.is_some_and(|status| (200..300).contains(&status));
    shared.note_delivery(&event, attempt, status);
    if !taken && attempt < ATTEMPTS {
        let wait = crate::objects::state::millis(shared.retry) << (attempt - 1).min(16);
        let at = state.now.saturating_add(i64::try_from(wait).unwrap_or(i64::MAX));
        state.agenda.put(at, Task::Deliver { event, attempt: attempt + 1 });
    }
}

async fn send(
    client: &HttpClient,
    webhook: &Webhook,
    event: &Event,
    seconds: i64,
    forged: bool,
) -> Result<u16, Box<dyn std::error::Error + Send + Sync>> {
    let secrets = if forged { vec!["whsec_of_somebody_else".to_owned()] } else { webhook.secrets.clone() };
    let request = Request::post(&webhook.url)
        .header(header::CONTENT_TYPE, "application/json; charset=utf-8")
        .header(header::USER_AGENT, "Stripe/1.0 (+https://stripe.com/docs/webhooks)")
        .header(header::ACCEPT, "*/*; q=0.5, application/xml")
        .header("stripe-signature", signature::header(&secrets, seconds, &event.body))
        .body(Full::new(Bytes::copy_from_slice(event.body.as_bytes())))?;
    let response = client.request(request).await?;
    let status = response.status().as_u16();
    // Read to its end so that the connection can be used again; what it says matters to nobody.
    let _ = Limited::new(response.into_body(), 64 * 1024).collect().await;
    Ok(status)
}
