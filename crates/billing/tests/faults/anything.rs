//! Anything, in any order, dying anywhere.

use std::time::Duration;

use proptest::prelude::*;
use serde_json::Value;
use tandem_domain::{
    access::Scope,
    billing::{payment::Payment, refund::RefundState},
    ids::InvoiceId,
    list::Query,
    mail::MailKind,
};
use tandem_processor_sim::{Fault, FaultKind, Processing};
use tandem_store::{
    ledger::NewAdjustment,
    payments::{NewRefund, PayFor, PaymentFilters},
};

use crate::{
    polls::until_killed,
    world::{ALWAYS_ASKS, DAY, GOOD, Making, NO_FUNDS, World, on_postgres_made},
};

/// What may happen. Numbers choose among what there is.
#[derive(Debug, Clone)]
enum Step {
    Issue,
    Begin { what: usize, token: usize, save: bool },
    Card { which: usize, card: &'static str },
    Bank { which: usize, yes: bool },
    Return(usize),
    Resume(usize),
    PayWith(usize),
    Cancel(usize),
    Hear(usize),
    Sweep,
    Charge,
    Refund { which: usize, amount: i64, token: usize, owed_again: bool, heard: bool },
    RefundThere { which: usize, amount: i64 },
    Fault { path: &'static str, kind: FaultKind },
    Adjust(i64),
    Hold,
    Settle { which: usize, yes: bool },
    Later(i64),
}

/// A step, and after how many awaits the program dies in it, if it does.
type Story = Vec<(Step, Option<u32>)>;

fn step() -> impl Strategy<Value = Step> {
    let which = || any::<usize>();
    let card = prop_oneof![3 => Just(GOOD), 2 => Just(ALWAYS_ASKS), 1 => Just(NO_FUNDS)];
    let kind = prop_oneof![
        Just(FaultKind::ErrorBefore),
        Just(FaultKind::ErrorAfter),
        Just(FaultKind::RateLimited),
        Just(FaultKind::DropBefore),
        Just(FaultKind::DropAfter),
        Just(FaultKind::HangAfter(Duration::from_secs(1))),
    ];
    let path = prop_oneof![Just(""), Just("/confirm"), Just("/v1/refunds"), Just("/v1/payment_intents")];
    let later = prop_oneof![Just(60), Just(3_600), Just(DAY + 60), Just(3 * DAY)];
    prop_oneof![
        2 => Just(Step::Issue),
        5 => (which(), 0..4_usize, any::<bool>()).prop_map(|(what, token, save)| Step::Begin { what, token, save }),
        5 => (which(), card).prop_map(|(which, card)| Step::Card { which, card }),
        3 => (which(), any::<bool>()).prop_map(|(which, yes)| Step::Bank { which, yes }),
        4 => which().prop_map(Step::Return),
        1 => which().prop_map(Step::Resume),
        2 => which().prop_map(Step::PayWith),
        1 => which().prop_map(Step::Cancel),
        4 => which().prop_map(Step::Hear),
        3 => Just(Step::Sweep),
        4 => Just(Step::Charge),
        3 => (which(), 1..5_000_i64, 0..3_usize, any::<(bool, bool)>()).prop_map(
            |(which, amount, token, (owed_again, heard))| Step::Refund { which, amount, token, owed_again, heard },
        ),
        1 => (which(), 1..5_000_i64).prop_map(|(which, amount)| Step::RefundThere { which, amount }),
        2 => (path, kind).prop_map(|(path, kind)| Step::Fault { path, kind }),
        1 => (1..5_000_i64).prop_map(Step::Adjust),
        1 => Just(Step::Hold),
        1 => (which(), any::<bool>()).prop_map(|(which, yes)| Step::Settle { which, yes }),
        2 => later.prop_map(Step::Later),
    ]
}

fn story() -> impl Strategy<Value = (bool, Story)> {
    let dies = prop_oneof![2 => Just(None), 3 => (1..60_u32).prop_map(Some)];
    (any::<bool>(), prop::collection::vec((step(), dies), 1..30))
}

/// So many stories, or as many as `PROPTEST_CASES` says.
fn config(usual: u32) -> ProptestConfig {
    let all = ProptestConfig::default();
    let cases = if std::env::var_os("PROPTEST_CASES").is_some() { all.cases } else { usual };
    ProptestConfig { cases, max_shrink_iters: 200, failure_persistence: None, ..all }
}

fn making() -> Making {
    Making { patience: Some(Duration::from_millis(500)), ..Making::default() }
}

fn block_on(told: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(told);
}

proptest! {
    #![proptest_config(config(24))]

    #[test]
    fn what_was_captured_is_credited_once_whatever_happens((asks, story) in story()) {
        block_on(async { play(World::made(making()).await, asks, &story).await });
    }
}

proptest! {
    // Each has a database made for it.
    #![proptest_config(config(12))]

    #[test]
    fn what_was_captured_is_credited_once_whatever_happens_on_postgresql((asks, story) in story()) {
        block_on(on_postgres_made(making(), |world| play(world, asks, &story)));
    }
}

async fn play(world: World, asks: bool, story: &Story) {
    world.saved_card(if asks { ALWAYS_ASKS } else { GOOD }).await;
    world.automatic().await;
    let mut invoices = vec![world.invoice(12_000).await];
    let mut credits = Vec::new();
    for (step, dies) in story {
        // A kill is not noticed by whoever is killed; what it was about is found again afterwards.
        let _ = until_killed(dies.unwrap_or(u32::MAX), happen(&world, &mut invoices, &mut credits, step)).await;
    }
    for (n, credit) in credits.iter().enumerate() {
        adjust(&world, n, *credit).await;
    }
    heal(&world).await;
    world.proves_right().await;
    // One whose issue was killed may be there all the same.
    let owed = 12_000 * world.store.ledger().check().await.unwrap().invoices;
    let tallies = world.control().tallies();
    let paid: i64 = tallies.iter().map(|(_, tally)| tally.captured - tally.refunded).sum();
    let given: i64 = credits.iter().sum();
    let given = given + forgiven(&world).await;
    assert_eq!(world.balance().await, owed - paid - given, "what was invoiced, less what was captured and given");
    let captured = tallies.iter().filter(|(_, tally)| tally.charges > 0).count();
    assert_eq!(world.mails(MailKind::PaymentReceipt).await.len(), captured, "one receipt for each");
    for payment in payments(&world).await.iter().filter(|payment| payment.state.is_paid()) {
        assert_eq!(world.control().tally(&payment.id.to_string()).charges, 1, "{payment:?}");
    }
}

async fn payments(world: &World) -> Vec<Payment> {
    let page = world.store.payments().list(Scope::for_system(), &Query::default(), &PaymentFilters::default()).await;
    page.unwrap().rows.into_iter().map(|row| row.payment).collect()
}

/// Does a step. That it fails is as good as anything else.
async fn happen(world: &World, invoices: &mut Vec<InvoiceId>, credits: &mut Vec<i64>, step: &Step) {
    let (billing, abc, change) = (&world.billing, world.abc, world.change());
    let payments = payments(world).await;
    let chosen = |which: usize| (!payments.is_empty()).then(|| &payments[which % payments.len()]);
    match *step {
        Step::Issue => invoices.push(world.invoice(12_000).await),
        Step::Begin { what, token, save } => {
            let pay_for = match what % (invoices.len() + 1) {
                0 => PayFor::Balance(2_500),
                n => PayFor::Invoice(invoices[n - 1]),
            };
            let request = tandem_billing::PayRequest {
                token: format!("form-{token}-{what}"),
                pay_for,
                save_method: save,
                payer: None,
            };
            let _ = billing.begin(&change, abc, &request).await;
        }
        Step::Card { which, card } => {
            let secret = chosen(which).and_then(|payment| world.control().object(payment.reference.as_deref()?));
            if let Some(secret) = secret.and_then(|intent| intent["client_secret"].as_str().map(str::to_owned)) {
                let _ = world.try_card(&secret, card).await;
            }
        }
        Step::Bank { which, yes } => {
            if let Some(reference) = chosen(which).and_then(|payment| payment.reference.as_deref()) {
                let _ = world.control().authenticate(reference, yes);
            }
        }
        Step::Return(which) => {
            if let Some(payment) = chosen(which) {
                let _ = billing.returned(abc, payment.id).await;
            }
        }
        Step::Resume(which) => {
            if let Some(payment) = chosen(which) {
                let _ = billing.resume(&change, abc, payment.id).await;
            }
        }
        Step::PayWith(which) => {
            let method = world.store.payment_methods().default_of(abc).await.unwrap();
            if let (Some(payment), Some(method)) = (chosen(which), method) {
                let _ = billing.pay_with(&change, abc, payment.id, method.id).await;
            }
        }
        Step::Cancel(which) => {
            if let Some(payment) = chosen(which) {
                let _ = billing.cancel(&change, abc, payment.id).await;
            }
        }
        Step::Hear(which) => {
            let events = world.control().events(None);
            let (headers, body) = world.signed(&events[which % events.len()], crate::world::SIGNING_SECRET);
            let _ = billing.webhook(world.system, &headers, &body).await;
        }
        Step::Sweep => drop(billing.sweep().await),
        Step::Charge => drop(billing.charge_due().await),
        Step::Refund { which, amount, token, owed_again, heard } => {
            if let Some(payment) = chosen(which) {
                let token = format!("refund-{token}");
                let new = NewRefund { token, amount, reason: "Goodwill".into(), owed_again };
                let refund = billing.refund(&change, abc, payment.id, &new);
                if heard {
                    // The answer is late, and word of it comes before.
                    let late = FaultKind::HangAfter(Duration::from_millis(100));
                    world.control().fault(Fault::next("/v1/refunds", late));
                    let hear = async {
                        tokio::time::sleep(Duration::from_millis(30)).await;
                        hear_refunds(world).await;
                    };
                    let _ = tokio::join!(refund, hear);
                } else {
                    let _ = refund.await;
                }
            }
        }
        Step::RefundThere { which, amount } => {
            if let Some(reference) = chosen(which).and_then(|payment| payment.reference.as_deref()) {
                let _ = world.refund_there(reference, amount).await;
            }
        }
        Step::Fault { path, kind } => world.control().fault(Fault::next(path, kind)),
        Step::Adjust(credit) => {
            credits.push(credit);
            adjust(world, credits.len() - 1, credit).await;
        }
        Step::Hold => world.control().hold_processing(Processing { next: 1, ..Processing::default() }),
        Step::Settle { which, yes } => {
            if let Some(reference) = chosen(which).and_then(|payment| payment.reference.as_deref()) {
                let _ = world.control().settle(reference, yes);
            }
        }
        Step::Later(seconds) => world.later(seconds),
    }
}

/// The processor sends word of each refund that it has made until now. That it cannot be worked on is as good as anything else.
async fn hear_refunds(world: &World) {
    for event in world.control().events(Some("charge.refunded")) {
        let (headers, body) = world.signed(&event, crate::world::SIGNING_SECRET);
        let _ = world.billing.webhook(world.system, &headers, &body).await;
    }
}

/// What was given back and is not owed again, and nothing of which is under way: each refund has ended as the processor has it.
async fn forgiven(world: &World) -> i64 {
    let mut forgiven = 0;
    for payment in payments(world).await {
        let refunds = world.store.payments().refunds(world.abc, payment.id).await.unwrap();
        assert!(refunds.iter().all(|refund| refund.state != RefundState::Pending), "{refunds:?}");
        let given = refunds.iter().filter(|refund| refund.state == RefundState::Succeeded);
        assert!(given.clone().map(|refund| refund.amount.minor).sum::<i64>() <= payment.refunded, "{refunds:?}");
        forgiven += given.filter(|refund| !refund.owed_again).map(|refund| refund.amount.minor).sum::<i64>();
    }
    forgiven
}

/// Gives a credit; the same one again is none.
async fn adjust(world: &World, n: usize, credit: i64) {
    let token = format!("credit-{n}");
    let new = NewAdjustment { token, credit, reason: "Goodwill".into(), invoice: None };
    world.store.ledger().adjust(&world.change(), world.abc, &new).await.unwrap();
}

/// The processor answers again, what it holds is decided, and time passes. Every word of its arrives but those of refunds, which
/// are lost for good.
async fn heal(world: &World) {
    world.control().clear_faults();
    world.control().hold_processing(Processing::default());
    // Twice longer than any lease, and once longer than what is paid is left alone.
    for seconds in [2 * DAY, 2 * DAY, 31 * DAY] {
        for payment in payments(world).await {
            if let Some(reference) = &payment.reference {
                let _ = world.control().settle(reference, true);
            }
        }
        world.later(seconds);
        let swept = world.billing.sweep().await.unwrap();
        assert_eq!(swept.failed, 0);
        world.billing.charge_due().await.unwrap();
        let is_of_refund = |event: &Value| event["type"].as_str().is_some_and(|kind| kind.contains("refund"));
        for event in world.control().events(None).iter().rev().filter(|event| !is_of_refund(event)) {
            world.hears(event).await;
        }
    }
}
