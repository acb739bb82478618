//! Writes the state to its file, a moment after something happened.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use crate::{objects::kept, shared::Shared};

/// How long changes are gathered.
const GATHER: Duration = Duration::from_millis(250);

/// Runs until it is aborted; does nothing without a file.
pub(crate) async fn run(shared: Arc<Shared>, file: Option<PathBuf>) {
    let Some(file) = file else { return };
    let mut seen = 0;
    loop {
        tokio::time::sleep(GATHER).await;
        let changes = shared.state().changes;
        if changes == seen {
            continue;
        }
        seen = changes;
        let (shared, file) = (shared.clone(), file.clone());
        // Files are slow; the runtime has other things to do.
        let _ = tokio::task::spawn_blocking(move || keep(&shared, &file)).await;
    }
}

/// Writes the file now. A failure is told and nothing else: the stand-in goes on without.
pub(crate) fn keep(shared: &Shared, file: &Path) {
    let kept = shared.state().keep_all();
    let result = kept.map_err(std::io::Error::from).and_then(|kept| kept::save(&kept, file));
    if let Err(error) = result {
        tracing::warn!(%error, file = %file.display(), "the stand-in for Stripe cannot keep what happened");
    }
}
