//! Everything that the stand-in knows, and what happens to it. No clock and no socket: whoever has the lock has set
//! the time.

use std::collections::{BTreeMap, VecDeque};

use serde_json::{Value, json};

use super::{
    charge::Charge, customer::Customer, event::Event, ids::Ids, intent::Intent, method::Method, refund::Refund,
    setup::Setup, table::Table,
};
use crate::{
    api::idempotency::Keys,
    control::{Conditions, Fault, Processing, Tally, Webhook},
    pages::bank::Challenge,
    webhooks::agenda::{Agenda, Task},
};

/// What made an object change: the `request` of an event.
#[derive(Debug, Clone, Default)]
pub(crate) struct Cause {
    /// The `Request-Id`, if it was a request.
    pub(crate) request: Option<String>,
    /// Its idempotency key, if it had one.
    pub(crate) key: Option<String>,
}

/// The state.
#[derive(Debug)]
pub(crate) struct State {
    /// Unix time in milliseconds, set by whoever took the lock.
    pub(crate) now: i64,
    pub(crate) cause: Cause,
    pub(crate) ids: Ids,
    /// `http://HOST:PORT` of the stand-in itself.
    pub(crate) base: String,
    /// The version of who says none, and of webhooks.
    pub(crate) api_version: String,
    /// The merchant's account: `acct_…`.
    pub(crate) account: String,
    /// The merchant's name on the bank's page.
    pub(crate) merchant: String,
    pub(crate) charges: Table<Charge>,
    pub(crate) customers: Table<Customer>,
    pub(crate) events: Table<Event>,
    pub(crate) intents: Table<Intent>,
    pub(crate) methods: Table<Method>,
    pub(crate) refunds: Table<Refund>,
    pub(crate) setups: Table<Setup>,
    pub(crate) challenges: Table<Challenge>,
    pub(crate) keys: Keys,
    pub(crate) agenda: Agenda,
    pub(crate) webhook: Option<Webhook>,
    pub(crate) conditions: Conditions,
    pub(crate) faults: VecDeque<Fault>,
    pub(crate) processing: Processing,
    /// Counts what happened, so that the file is written when something did.
    pub(crate) changes: u64,
    /// What was captured and refunded, by the `payment` in the metadata.
    pub(crate) tally: Table<Tally>,
}

impl State {
    pub(crate) fn new(seed: u64, most: usize) -> Self {
        Self {
            now: 0,
            cause: Cause::default(),
            ids: Ids::new(seed),
            base: String::new(),
            api_version: String::new(),
            account: String::new(),
            merchant: String::new(),
            charges: Table::new(most),
            customers: Table::new(most),
            // Each holds the whole object as it was: fewer of them.
            events: Table::new(most.div_ceil(4)),
            intents: Table::new(most),
            methods: Table::new(most),
            refunds: Table::new(most),
            setups: Table::new(most),
            challenges: Table::new(most.div_ceil(4)),
            keys: Keys::new(most),
            agenda: Agenda::new(most.saturating_mul(2)),
            webhook: None,
            conditions: Conditions::default(),
            faults: VecDeque::new(),
            processing: Processing::default(),
            changes: 0,
            tally: Table::new(most.saturating_mul(2)),
        }
    }

    /// Unix time in seconds.
    pub(crate) const fn seconds(&self) -> i64 {
        self.now.div_euclid(1000)
    }

    /// Any object that an id can name in an expansion.
    pub(crate) fn object(&self, id: &str) -> Option<Value> {
        let (prefix, _) = id.split_once('_')?;
        match prefix {
            "ch" => self.charges.get(id).map(Charge::json),
            "cus" => self.customers.get(id).map(Customer::json),
            "pi" => self.intents.get(id).map(|intent| intent.json(self)),
            "pm" => self.methods.get(id).map(Method::json),
            "re" => self.refunds.get(id).map(Refund::json),
            "seti" => self.setups.get(id).map(|setup| setup.json(self)),
            _ => None,
        }
    }

    /// Notes an event and puts it on its way to the webhook.
    pub(crate) fn emit(&mut self, kind: &str, object: Value) {
        self.emit_for(kind, object, None);
    }

    /// The same, for another account (Connect): what our endpoint must not take for its own.
    pub(crate) fn emit_for(&mut self, kind: &str, object: Value, account: Option<&str>) -> String {
        let id = self.ids.make("evt_1");
        self.changes += 1;
        let mut body = json!({
            "id": id,
            "object": "event",
            "api_version": self.api_version,
            "created": self.seconds(),
            "data": { "object": object },
            "livemode": false,
            "pending_webhooks": i32::from(self.webhook.is_some()),
            "request": { "id": self.cause.request, "idempotency_key": self.cause.key },
            "type": kind,
        });
        if let Some(account) = account {
            body["account"] = account.into();
        }
        let event = Event::new(&id, kind, self.seconds(), &body);
        self.dispatch(&event);
        self.events.put(&id, event);
        id
    }

    /// Puts an event on its way, as the conditions are.
    fn dispatch(&mut self, event: &Event) {
        if self.webhook.is_none() {
            return;
        }
        if self.conditions.drop_next > 0 {
            self.conditions.drop_next -= 1;
            return;
        }
        for _ in 0..self.conditions.copies.clamp(1, 100) {
            let disorder = self.ids.below(millis(self.conditions.shuffle));
            let wait = millis(self.conditions.delay).saturating_add(disorder);
            self.deliver(event.clone(), wait);
        }
    }

    /// Puts one delivery of an event on the agenda, `wait` milliseconds from now.
    pub(crate) fn deliver(&mut self, event: Event, wait: u64) {
        let at = self.now.saturating_add(i64::try_from(wait).unwrap_or(i64::MAX));
        self.agenda.put(at, Task::Deliver { event, attempt: 1 });
    }

    /// What was captured or refunded for a payment of the merchant.
    pub(crate) fn count(&mut self, metadata: &BTreeMap<String, String>, change: impl FnOnce(&mut Tally)) {
        let payment = metadata.get("payment").cloned().unwrap_or_default();
        let mut tally = self.tally.get(&payment).cloned().unwrap_or_default();
        change(&mut tally);
        self.tally.put(&payment, tally);
    }
}

/// A duration in whole milliseconds.
pub(crate) fn millis(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        api::{catalogue::Call, dispatch::perform, form::Node, params},
        objects::intent::Status,
    };

    /// Something that happens to one of the payments, the cards or the refunds.
    #[derive(Debug, Clone)]
    enum Happens {
        Create { card: usize, confirm: bool, off_session: bool, saved: bool },
        Confirm { payment: usize, card: usize },
        Change { payment: usize, amount: i64 },
        Cancel(usize),
        Answer { payment: usize, right: bool },
        Settle { payment: usize, good: bool },
        GiveBack { payment: usize, amount: i64 },
        EndRefund { refund: usize, good: bool },
        Hold(u32),
    }

    const CARDS: [&str; 7] = [
        "pm_card_visa",
        "pm_card_authenticationRequired",
        "pm_card_authenticationRequiredOnSetup",
        "pm_card_threeDSecureRequiredChargeDeclined",
        "pm_card_visa_chargeDeclined",
        "pm_card_pendingRefund",
        "pm_card_refundFail",
    ];

    fn happens() -> impl Strategy<Value = Happens> {
        let payment = || 0_usize..4;
        prop_oneof![
            (0..CARDS.len(), any::<bool>(), any::<bool>(), any::<bool>()).prop_map(
                |(card, confirm, off_session, saved)| { Happens::Create { card, confirm, off_session, saved } }
            ),
            (payment(), 0..CARDS.len()).prop_map(|(payment, card)| Happens::Confirm { payment, card }),
            (payment(), 40..20_000_i64).prop_map(|(payment, amount)| Happens::Change { payment, amount }),
            payment().prop_map(Happens::Cancel),
            (payment(), any::<bool>()).prop_map(|(payment, right)| Happens::Answer { payment, right }),
            (payment(), any::<bool>()).prop_map(|(payment, good)| Happens::Settle { payment, good }),
            (payment(), 0..15_000_i64).prop_map(|(payment, amount)| Happens::GiveBack { payment, amount }),
            (payment(), any::<bool>()).prop_map(|(refund, good)| Happens::EndRefund { refund, good }),
            (0..3_u32).prop_map(Happens::Hold),
        ]
    }

    fn call(state: &mut State, call: Call, id: &str, fields: &[(&str, String)]) {
        let text = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let given = Node::read(text.as_bytes()).expect("written by us");
        params::check(call.params(), &given).expect("known to us");
        // Refused or not: only what is there afterwards is looked at.
        let _ = perform(state, call, id, "", &given, false);
    }

    fn nth<T>(table: &Table<T>, place: usize) -> String {
        table.iter().nth(place).map_or_else(|| "none".to_owned(), |(id, _)| id.to_owned())
    }

    fn step(state: &mut State, happens: &Happens) {
        let back = || ("return_url", "https://t.example/r".to_owned());
        match *happens {
            Happens::Create { card, confirm, off_session, saved } => {
                let mut fields = vec![
                    ("amount", "12000".to_owned()),
                    ("currency", "eur".to_owned()),
                    ("metadata[payment]", "p".to_owned()),
                    ("payment_method", CARDS[card].to_owned()),
                ];
                if confirm {
                    fields.extend([("confirm", "true".to_owned()), back(), ("off_session", off_session.to_string())]);
                }
                if saved {
                    fields.push(("setup_future_usage", "off_session".to_owned()));
                }
                call(state, Call::IntentCreate, "", &fields);
            }
            Happens::Confirm { payment, card } => {
                let fields = [("payment_method", CARDS[card].to_owned()), back()];
                call(state, Call::IntentConfirm, &nth(&state.intents, payment), &fields);
            }
            Happens::Change { payment, amount } => {
                call(state, Call::IntentUpdate, &nth(&state.intents, payment), &[("amount", amount.to_string())]);
            }
            Happens::Cancel(payment) => call(state, Call::IntentCancel, &nth(&state.intents, payment), &[]),
            Happens::Answer { payment, right } => {
                let token = nth(&state.challenges, payment);
                state.decide(&token, right);
            }
            Happens::Settle { payment, good } => {
                let intent = nth(&state.intents, payment);
                state.settle(&intent, good);
            }
            Happens::GiveBack { payment, amount } => {
                let fields = [("payment_intent", nth(&state.intents, payment)), ("amount", amount.to_string())];
                call(state, Call::RefundCreate, "", &fields);
            }
            Happens::EndRefund { refund, good } => {
                let refund = nth(&state.refunds, refund);
                state.end_refund(&refund, good);
            }
            Happens::Hold(next) => state.processing.next = next,
        }
    }

    proptest! {
        #[test]
        fn whatever_happens_each_payment_takes_its_money_once_and_the_sums_agree(
            story in proptest::collection::vec(happens(), 1..60)
        ) {
            let mut state = State::new(1, 1_000);
            for happens in &story {
                step(&mut state, happens);
            }
            let mut captured = 0;
            let mut refunded = 0;
            for (id, intent) in state.intents.iter() {
                let charges = state.charges.iter().filter(|(_, charge)| charge.intent == id && charge.succeeded());
                let taken: Vec<i64> = charges.map(|(_, charge)| charge.amount).collect();
                let paid = intent.status == Status::Succeeded;
                prop_assert_eq!(&taken, &if paid { vec![intent.amount] } else { vec![] });
                prop_assert_eq!(intent.received, if paid { intent.amount } else { 0 });
                prop_assert_eq!(intent.action.is_some(), intent.status == Status::RequiresAction);
                captured += intent.received;
            }
            for (_, charge) in state.charges.iter() {
                prop_assert!((0..=charge.amount).contains(&charge.refunded));
                refunded += charge.refunded;
            }
            let tally = state.tally.get("p").copied().unwrap_or_default();
            prop_assert_eq!((tally.captured, tally.refunded), (captured, refunded));
            prop_assert_eq!(state.balance()["available"][0]["amount"].as_i64(), Some(captured - refunded));
        }
    }
}
