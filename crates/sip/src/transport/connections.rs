//! Which connection carries this message? The table of the open ones.

use std::{
    collections::HashMap,
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use tokio::sync::{Notify, mpsc};

use super::config::Limits;
use crate::flow::{ConnectionId, Flow, Transport};

/// A message to be written, with the way that its sender named.
#[derive(Debug)]
pub(super) struct Outgoing {
    pub(super) flow: Flow,
    pub(super) bytes: Bytes,
}

/// How the table reaches a connection's task.
#[derive(Debug, Clone)]
pub(super) struct Line {
    pub(super) id: ConnectionId,
    pub(super) queue: mpsc::Sender<Outgoing>,
    /// Says to close at once.
    pub(super) close: Arc<Notify>,
}

/// What a connection's task gets.
#[derive(Debug)]
pub(super) struct Admitted {
    /// Names the connection.
    pub(super) flow: Flow,
    pub(super) line: Line,
    pub(super) queue: mpsc::Receiver<Outgoing>,
}

#[derive(Debug)]
struct Entry {
    line: Line,
    flow: Flow,
}

#[derive(Debug, Default)]
struct Table {
    last: u64,
    by_id: HashMap<ConnectionId, Entry>,
    /// The newest connection to each end.
    by_end: HashMap<(Transport, SocketAddr), ConnectionId>,
    per_address: HashMap<IpAddr, usize>,
}

/// All open connections, and those being opened.
#[derive(Debug, Default)]
pub(super) struct Connections(Mutex<Table>);

impl Connections {
    fn table(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Enters a connection; `None` when there are too many. `flow` has no connection yet.
    pub(super) fn admit(&self, flow: Flow, limits: &Limits) -> Option<Admitted> {
        let mut table = self.table();
        let from_there = table.per_address.get(&flow.remote.ip()).copied().unwrap_or(0);
        if table.by_id.len() >= limits.connections || from_there >= limits.connections_per_address {
            return None;
        }
        table.last += 1;
        let id = ConnectionId(table.last);
        let flow = Flow { connection: Some(id), ..flow };
        let (sender, receiver) = mpsc::channel(limits.queue.max(1));
        let line = Line { id, queue: sender, close: Arc::new(Notify::new()) };
        table.by_id.insert(id, Entry { line: line.clone(), flow });
        table.by_end.insert((flow.transport, flow.remote), id);
        table.per_address.insert(flow.remote.ip(), from_there + 1);
        Some(Admitted { flow, line, queue: receiver })
    }

    /// The connection that a flow names, or else one to the same end.
    pub(super) fn find(&self, flow: Flow) -> Option<Line> {
        let table = self.table();
        let named = flow.connection.and_then(|id| table.by_id.get(&id));
        let entry = match named {
            Some(entry) => entry,
            None => table.by_id.get(table.by_end.get(&(flow.transport, flow.remote))?)?,
        };
        Some(entry.line.clone())
    }

    /// The connection that a flow names, and no other.
    pub(super) fn named(&self, flow: Flow) -> Option<Line> {
        let id = flow.connection?;
        self.table().by_id.get(&id).map(|entry| entry.line.clone())
    }

    /// Takes a connection out.
    pub(super) fn remove(&self, id: ConnectionId) {
        let mut table = self.table();
        let Some(Entry { flow, .. }) = table.by_id.remove(&id) else { return };
        let end = (flow.transport, flow.remote);
        if table.by_end.get(&end) == Some(&id) {
            table.by_end.remove(&end);
        }
        let address = flow.remote.ip();
        let left = table.per_address.get(&address).map_or(0, |count| count.saturating_sub(1));
        if left == 0 {
            table.per_address.remove(&address);
        } else {
            table.per_address.insert(address, left);
        }
    }

    pub(super) fn len(&self) -> usize {
        self.table().by_id.len()
    }
}
