//! What is to happen later, in order of time: deliveries, and the ends of payments and refunds that take a while.

use std::collections::BTreeMap;

use crate::objects::event::Event;

/// Something to do.
#[derive(Debug, Clone)]
pub(crate) enum Task {
    /// Send an event to the webhook, for the `attempt`th time.
    Deliver { event: Event, attempt: u32 },
    /// End a payment that is processing.
    Settle { intent: String, succeeds: bool },
    /// End a refund.
    Refund { refund: String, succeeds: bool },
}

/// The list. What is beyond the most is the newest, and is lost: a test that floods it must look.
#[derive(Debug)]
pub(crate) struct Agenda {
    tasks: BTreeMap<(i64, u64), Task>,
    next: u64,
    most: usize,
    lost: u64,
}

impl Agenda {
    pub(crate) const fn new(most: usize) -> Self {
        Self { tasks: BTreeMap::new(), next: 0, most, lost: 0 }
    }

    /// Puts a task at a time: Unix milliseconds.
    pub(crate) fn put(&mut self, at: i64, task: Task) {
        if self.tasks.len() >= self.most {
            self.lost += 1;
            return;
        }
        self.tasks.insert((at, self.next), task);
        self.next += 1;
    }

    /// The next task that is due; deliveries only if they are let through.
    pub(crate) fn due(&mut self, now: i64, deliveries: bool) -> Option<Task> {
        let mut due = self.tasks.range(..=(now, u64::MAX));
        let key = *due.find(|(_, task)| deliveries || !matches!(task, Task::Deliver { .. }))?.0;
        self.tasks.remove(&key)
    }

    /// Makes all deliveries due at a time, in their order or the other way round.
    pub(crate) fn release(&mut self, at: i64, newest_first: bool) {
        let waiting: Vec<(i64, u64)> =
            self.tasks.iter().filter(|(_, task)| matches!(task, Task::Deliver { .. })).map(|(key, _)| *key).collect();
        let mut released: Vec<Task> = waiting.iter().filter_map(|key| self.tasks.remove(key)).collect();
        if newest_first {
            released.reverse();
        }
        for task in released {
            self.put(at, task);
        }
    }

    /// When the next task is due.
    pub(crate) fn next_due(&self, deliveries: bool) -> Option<i64> {
        self.tasks.iter().find(|(_, task)| deliveries || !matches!(task, Task::Deliver { .. })).map(|((at, _), _)| *at)
    }

    /// How many deliveries wait.
    pub(crate) fn waiting(&self) -> usize {
        self.tasks.values().filter(|task| matches!(task, Task::Deliver { .. })).count()
    }

    /// How many tasks there was no room for.
    pub(crate) const fn lost(&self) -> u64 {
        self.lost
    }
}
