//! Where a worker finds datagrams for its browsers' legs that came to another worker's socket.

use std::{
    net::SocketAddr,
    sync::{Mutex, PoisonError},
};

use crate::types::LegId;

/// Octets that wait for one worker at most: 40 ms of some thousand calls. More are dropped.
const MOST: usize = 2 << 20;

/// Datagrams in the order they came.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    octets: Vec<u8>,
    heads: Vec<(Head, usize)>,
}

/// One datagram: whose it is, which address of ours it came to, by which worker's socket, and from where.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Head {
    pub leg: LegId,
    pub socket: usize,
    pub via: usize,
    pub from: SocketAddr,
}

impl Batch {
    /// Add a datagram.
    pub fn push(&mut self, head: Head, octets: &[u8]) {
        self.heads.push((head, octets.len()));
        self.octets.extend_from_slice(octets);
    }

    /// The datagrams, to be opened where they are.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (Head, &mut [u8])> {
        let mut rest = self.octets.as_mut_slice();
        self.heads.iter().filter_map(move |&(head, length)| {
            let (octets, others) = std::mem::take(&mut rest).split_at_mut_checked(length)?;
            rest = others;
            Some((head, octets))
        })
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.heads.is_empty()
    }

    /// Octets that are held.
    pub fn size(&self) -> usize {
        self.octets.len()
    }

    /// Forget them, and keep the room.
    pub fn clear(&mut self) {
        self.octets.clear();
        self.heads.clear();
    }
}

/// What waits for one worker.
#[derive(Debug, Default)]
pub(crate) struct Inbox(Mutex<Batch>);

impl Inbox {
    /// Put a datagram in. `false`: the worker is so far behind that it is dropped.
    pub fn put(&self, head: Head, octets: &[u8]) -> bool {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let fits = waiting.size() + octets.len() <= MOST;
        if fits {
            waiting.push(head, octets);
        }
        fits
    }

    /// Take all that waits, for an empty batch whose room is used next.
    pub fn take(&self, emptied: &mut Batch) {
        std::mem::swap(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner), emptied);
    }
}
