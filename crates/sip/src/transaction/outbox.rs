//! What waits to be polled, and what was counted on the way.

use std::collections::VecDeque;

use bytes::Bytes;

use super::event::{Counts, Event, Output};
use crate::flow::Flow;

#[derive(Debug, Default)]
pub(super) struct Out {
    queue: VecDeque<Output>,
    pub(super) counts: Counts,
}

impl Out {
    pub(super) fn send(&mut self, flow: Flow, bytes: Bytes) {
        self.queue.push_back(Output::Send { flow, bytes });
    }

    pub(super) fn send_again(&mut self, flow: Flow, bytes: Bytes) {
        self.counts.retransmitted += 1;
        self.send(flow, bytes);
    }

    pub(super) fn event(&mut self, event: Event) {
        self.queue.push_back(Output::Event(event));
    }

    pub(super) fn pop(&mut self) -> Option<Output> {
        self.queue.pop_front()
    }
}
