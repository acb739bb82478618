//! The strings from within the same process.

use std::{sync::Arc, time::Duration};

use serde_json::Value;

use super::{Asked, Conditions, Delivery, Fault, Processing, Tally, Webhook};
use crate::shared::Shared;

/// Moves the stand-in. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Control {
    pub(crate) shared: Arc<Shared>,
}

impl Control {
    /// Sends events there from now on, or nowhere.
    pub fn set_webhook(&self, webhook: Option<Webhook>) {
        self.shared.state().webhook = webhook;
        self.shared.wake();
    }

    /// How events travel from now on. Those that wait already keep their time.
    pub fn set_conditions(&self, conditions: Conditions) {
        self.shared.state().conditions = conditions;
        self.shared.wake();
    }

    /// How events travel now.
    #[must_use]
    pub fn conditions(&self) -> Conditions {
        self.shared.state().conditions.clone()
    }

    /// Sends all that waits now, one by one from here on: in the order it happened, or the newest first.
    pub fn release(&self, newest_first: bool) {
        {
            let mut state = self.shared.state();
            let now = state.now;
            state.agenda.release(now, newest_first);
            (state.conditions.hold, state.conditions.one_by_one) = (false, true);
        }
        self.shared.wake();
    }

    /// Adds a fault behind those that wait. At most a thousand wait.
    pub fn fault(&self, fault: Fault) {
        let mut state = self.shared.state();
        if state.faults.len() < 1_000 {
            state.faults.push_back(fault);
        }
    }

    /// Takes back all faults that wait; how many there were.
    pub fn clear_faults(&self) -> usize {
        std::mem::take(&mut self.shared.state().faults).len()
    }

    /// Which payments stay processing from now on.
    pub fn hold_processing(&self, processing: Processing) {
        self.shared.state().processing = processing;
    }

    /// Ends a payment that is processing. `false` if it is not.
    #[must_use]
    pub fn settle(&self, intent: &str, succeeds: bool) -> bool {
        let done = self.shared.state().settle(intent, succeeds);
        self.shared.wake();
        done
    }

    /// Answers the bank for the customer, as its page does. `id`: of a PaymentIntent or SetupIntent. `false` if
    /// nothing waits.
    #[must_use]
    pub fn authenticate(&self, id: &str, succeeds: bool) -> bool {
        let done = {
            let mut state = self.shared.state();
            let token = state.action_of(id).map(|action| action.token.clone());
            token.is_some_and(|token| state.decide(&token, succeeds))
        };
        self.shared.wake();
        done
    }

    /// Detaches a customer's card, as the bank or the merchant's staff at Stripe might.
    #[must_use]
    pub fn detach(&self, method: &str) -> bool {
        let done = self.shared.state().detach(method).is_ok();
        self.shared.wake();
        done
    }

    /// Sends an event once more, `copies` times, now. `false` if it is not known (any more).
    #[must_use]
    pub fn send_again(&self, event: &str, copies: u32) -> bool {
        let found = {
            let mut state = self.shared.state();
            let found = state.events.get(event).cloned();
            for _ in 0..copies.min(100) {
                if let Some(event) = &found {
                    state.deliver(event.clone(), 0);
                }
            }
            found.is_some()
        };
        self.shared.wake();
        found
    }

    /// Makes up an event, of any type about any object, of this account or another. Its id.
    pub fn send_event(&self, kind: &str, object: Value, account: Option<&str>) -> String {
        let id = self.shared.state().emit_for(kind, object, account);
        self.shared.wake();
        id
    }

    /// The events there are of a type, or of all, the oldest first: whole Event objects.
    #[must_use]
    pub fn events(&self, kind: Option<&str>) -> Vec<Value> {
        let state = self.shared.state();
        let wanted = state.events.iter().filter(|(_, event)| kind.is_none_or(|kind| event.kind == kind));
        wanted.map(|(_, event)| event.json()).collect()
    }

    /// The attempts to deliver, the oldest first; the newest ten thousand are kept.
    #[must_use]
    pub fn deliveries(&self) -> Vec<Delivery> {
        self.shared.deliveries()
    }

    /// How many deliveries wait for their time.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.shared.state().agenda.waiting()
    }

    /// What was captured for a payment of the merchant: the `payment` of its metadata, empty for those without.
    #[must_use]
    pub fn tally(&self, payment: &str) -> Tally {
        self.shared.state().tally.get(payment).copied().unwrap_or_default()
    }

    /// The same for all payments, in the order of their first capture.
    #[must_use]
    pub fn tallies(&self) -> Vec<(String, Tally)> {
        self.shared.state().tally.iter().map(|(payment, tally)| (payment.to_owned(), *tally)).collect()
    }

    /// Any object as the API shows it, by its id.
    #[must_use]
    pub fn object(&self, id: &str) -> Option<Value> {
        self.shared.state().object(id)
    }

    /// The requests of the API that came, the oldest first, of this method (any if empty) and with this in their path;
    /// the newest ten thousand are kept.
    #[must_use]
    pub fn requests(&self, method: &str, path: &str) -> Vec<Asked> {
        self.shared.requests(method, path)
    }

    /// Moves the stand-in's clock forward: idempotency keys grow old, what is due later happens now.
    pub fn advance(&self, by: Duration) {
        self.shared.advance(by);
        self.shared.wake();
    }
}
