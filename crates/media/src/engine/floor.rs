//! Who is where: the directory of legs, the workers, and the sockets of browsers. Shared by the engine and its workers.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{
    directory::{Directory, Move, WorkerId},
    worker::{Command, Handle},
};
use crate::{browser::Gateway, types::LegId};

/// What all of an engine share.
pub(super) struct Floor {
    directory: Mutex<Directory>,
    pub workers: Vec<Handle>,
    /// There where browsers are served.
    pub gateway: Option<Arc<Gateway>>,
}

impl Floor {
    pub fn new(workers: Vec<Handle>, gateway: Option<Arc<Gateway>>) -> Self {
        Self { directory: Mutex::new(Directory::new(workers.len())), workers, gateway }
    }

    /// The directory. Whoever holds it never waits for a worker.
    pub fn directory(&self) -> MutexGuard<'_, Directory> {
        self.directory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tell the worker of a leg. Under the directory's lock, so that a move of the leg comes before or after as a whole.
    pub fn tell(&self, leg: LegId, command: Command) {
        let directory = self.directory();
        if let Some(worker) = directory.worker(leg) {
            self.workers[worker].tell(command);
        }
    }

    /// Let legs move, while the directory is held. The target is told first that a leg will come, so that it knows before
    /// the leg or anything for it is there. Since both are told under the directory's lock, any two moves are in the same
    /// order at both ends, and no two workers can wait for each other.
    pub fn carry_out(&self, _directory: &MutexGuard<'_, Directory>, moves: Vec<Move>) {
        for Move { leg, from, to } in moves {
            self.workers[to].tell(Command::Await(leg));
            if let Some(gateway) = &self.gateway {
                gateway.moved(leg, to);
            }
            self.workers[from].tell(Command::Give(leg, self.workers[to].clone()));
        }
    }

    /// What comes for a browser's leg comes to this worker's socket: the leg and its only other party may as well be there.
    pub fn come(&self, leg: LegId, to: WorkerId) {
        let mut directory = self.directory();
        let moves = directory.come(leg, to);
        self.carry_out(&directory, moves);
    }
}
