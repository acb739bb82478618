//! Keeping recordings as long as their customer class says, and deleting the objects of those that were deleted.

use std::{sync::Arc, time::Duration};

use object_store::ObjectStoreExt;
use tokio::sync::watch;

use crate::{objects, records::RecordsError, shelf::Inner};

/// How often it is looked for recordings that are old enough.
const EVERY: Duration = Duration::from_secs(3600);
/// How long after a failure it is tried again.
const AGAIN: Duration = Duration::from_secs(60);
/// Rows in one transaction.
const BATCH: u32 = 500;

/// Deletes what is to be deleted, each hour and when [`crate::Shelf::tidy`] says so.
pub(crate) async fn run(inner: Arc<Inner>, mut stop: watch::Receiver<bool>) {
    loop {
        let wait = match round(&inner).await {
            Ok(()) => EVERY,
            Err(error) => {
                tracing::warn!(%error, "recordings that are to be deleted could not be deleted; trying again in a minute");
                AGAIN
            }
        };
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = inner.tidy.notified() => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
    }
}

/// One round. Whatever it did before it failed is done; all of it can be repeated, also by several servers at once.
pub(crate) async fn round(inner: &Inner) -> Result<(), RecordsError> {
    loop {
        let expired = inner.records.expire((inner.clock)(), BATCH).await?;
        if expired > 0 {
            tracing::info!(recordings = expired, "recordings were kept as long as their customer class says");
        }
        if expired < BATCH {
            break;
        }
    }
    loop {
        let names = inner.records.objects_to_delete(BATCH).await?;
        for name in &names {
            for object in objects::all(name) {
                match inner.objects.delete(&object).await {
                    Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
                    Err(error) => {
                        inner.records.object_remains(name, (inner.clock)()).await?;
                        return Err(error.into());
                    }
                }
            }
            inner.records.object_deleted(name).await?;
        }
        if names.is_empty() {
            return Ok(());
        }
    }
}
