//! Whatever order the words of a processor come in, how often, and who hears them: one credit for each captured payment, and
//! books that balance.

use std::collections::{BTreeMap, BTreeSet};

use rand::{Rng, SeedableRng, rngs::StdRng, seq::IndexedRandom};
use tandem_domain::{
    access::Scope,
    billing::{
        failure::FailureKind,
        payment::{Cause, IntentStatus, Payment, PaymentState, Snapshot},
    },
    ids::{InvoiceId, PaymentId},
    list::Query,
    mail::MailState,
};
use tandem_store::{
    Store,
    invoices::InvoiceFilters,
    ledger::NewAdjustment,
    payments::{NewRefund, Receipt, Taken},
};

use crate::{
    money::{Shop, bill, clean, company, declined, letter, said_at, state},
    running::cut_off,
    world::{World, at_once},
};

on_both!(
    in_any_order_with_duplicates_and_losses_each_captured_payment_is_credited_once,
    workers_that_hear_everything_at_once_credit_each_payment_once,
    work_on_money_that_is_cut_off_is_done_by_the_next_word,
    all_kinds_of_movements_at_once_never_wait_for_each_other_in_a_circle,
);

/// A processor that knows the truth, and remembers all that it ever said.
#[derive(Default)]
struct Processor {
    truth: BTreeMap<PaymentId, Snapshot>,
    words: Vec<(PaymentId, Snapshot)>,
}

impl Processor {
    /// Something happens at the processor to this payment.
    fn happen(&mut self, world: &World, payment: &Payment, chance: &mut StdRng) {
        let now = world.now();
        let waiting = said_at(now, payment, IntentStatus::RequiresPaymentMethod);
        let old = self.truth.get(&payment.id).cloned().unwrap_or(waiting);
        let new = match old.status {
            IntentStatus::Canceled => return,
            IntentStatus::Succeeded => {
                let left = payment.amount.minor - old.amount_refunded;
                Snapshot { asked: now, amount_refunded: old.amount_refunded + chance.random_range(0..=left), ..old }
            }
            _ => {
                let next = [
                    IntentStatus::RequiresPaymentMethod,
                    IntentStatus::RequiresAction,
                    IntentStatus::Processing,
                    IntentStatus::Succeeded,
                    IntentStatus::Succeeded,
                    IntentStatus::Canceled,
                ];
                let status = *next.choose(chance).unwrap();
                let failed = status == IntentStatus::RequiresPaymentMethod && chance.random();
                let failure = if failed { declined(FailureKind::Declined) } else { None };
                Snapshot { failure, ..said_at(now, payment, status) }
            }
        };
        self.truth.insert(payment.id, new.clone());
        self.words.push((payment.id, new));
    }
}

async fn hear(store: &Store, world: &World, id: PaymentId, said: &Snapshot, cause: Cause) -> i64 {
    let receipt = |told: &Receipt| Some(letter(told));
    let taken = store.payments().take(&world.by("system"), cause, id, said, receipt).await.unwrap();
    match taken {
        Taken::Step { step, .. } => i64::from(step.credit.is_some()),
        Taken::Mismatch { mismatch, .. } => panic!("{mismatch}"),
    }
}

/// What is asked about within some weeks, of whomever it is.
async fn swept(world: &World) -> BTreeSet<PaymentId> {
    const WEEKS: i64 = 35 * 24 * 60 * 60;
    let (payments, later) = (world.store.payments(), world.now().plus_seconds(WEEKS));
    let pending = payments.due_for_sweep(later, 1, 10_000).await.unwrap();
    let over = payments.due_for_look(later, 1, 10_000).await.unwrap();
    pending.into_iter().chain(over.into_iter().map(|look| look.payment)).map(|payment| payment.id).collect()
}

/// What the processor says now is taken of all that a sweep would ask about some weeks later, though no further word came; then
/// everything is as it is there. So many were credited before, and so many of other shops.
async fn settle(world: &World, shop: &Shop, processor: &Processor, payments: &[Payment], credits: i64, others: i64) {
    let (mut credits, mut net) = (credits, 0);
    let asked_about = swept(world).await;
    for payment in payments {
        let Some(truth) = processor.truth.get(&payment.id) else { continue };
        if asked_about.contains(&payment.id) {
            let truth = Snapshot { asked: world.now(), ..truth.clone() };
            credits += hear(&world.store, world, payment.id, &truth, Cause::Sweep).await;
        }
        let captured = truth.status == IntentStatus::Succeeded;
        net += if captured { payment.amount.minor - truth.amount_refunded } else { 0 };
        let now = state(&world.store, payment.id).await;
        assert_eq!(now.is_paid(), captured, "{payment:?} {truth:?}");
        assert!(captured || now == PaymentState::Cancelled || now.is_open());
    }
    let captured = processor.truth.values().filter(|truth| truth.status == IntentStatus::Succeeded).count();
    assert_eq!(credits, i64::try_from(captured).unwrap());
    let report = clean(world).await;
    assert_eq!(report.payments, credits + others);
    let scope = Scope::of(shop.tenant);
    let invoices = world.store.invoices().list(scope, &Query::default(), &InvoiceFilters::default()).await.unwrap();
    let issued: i64 = invoices.rows.iter().map(|row| row.total.minor).sum();
    assert_eq!(shop.balance(world).await, issued - net);
}

async fn in_any_order_with_duplicates_and_losses_each_captured_payment_is_credited_once(world: World) {
    let first = Shop::new(&world).await;
    for (seed, name) in (0..).zip(["Alpha", "Bravo", "Charlie", "Delta", "Echo", "Foxtrot"]) {
        let world = &world;
        let shop = Shop { tenant: company(world, name).await, system: first.system };
        let mut chance = StdRng::seed_from_u64(seed);
        let mut processor = Processor::default();
        let (mut payments, mut invoices): (Vec<Payment>, Vec<InvoiceId>) = Default::default();
        let mut credits = 0;
        for step in 0..60 {
            match chance.random_range(0..10) {
                0 => invoices.push(shop.invoice(world, chance.random_range(100..3000)).await),
                1 | 2 => {
                    let invoice = invoices.choose(&mut chance).copied().filter(|_| chance.random());
                    let new = shop.payment(&format!("{step}"), invoice);
                    // A paid invoice is refused, and a crash may leave one begun: both are fine.
                    if let Ok(begun) = world.store.payments().begin(&world.change(), shop.tenant, &new).await
                        && begun.fresh
                    {
                        payments.push(begun.payment);
                    }
                }
                3..=5 => {
                    if let Some(payment) = payments.choose(&mut chance) {
                        processor.happen(world, payment, &mut chance);
                    }
                }
                6 => {
                    if let Some(payment) = payments.choose(&mut chance) {
                        let token = format!("{step}");
                        let amount = chance.random_range(1..500);
                        let new = NewRefund { token, amount, reason: "x".into(), owed_again: true };
                        let _ =
                            world.store.payments().begin_refund(&world.change(), shop.tenant, payment.id, &new).await;
                    }
                }
                _ => {
                    // Any word that was ever said comes now, perhaps again; many never come.
                    if let Some((id, said)) = processor.words.choose(&mut chance) {
                        let cause = *Cause::ALL.choose(&mut chance).unwrap();
                        credits += hear(&world.store, world, *id, said, cause).await;
                    }
                }
            }
        }
        let others = clean(world).await.payments - credits;
        settle(world, &shop, &processor, &payments, credits, others).await;
    }
}

async fn workers_that_hear_everything_at_once_credit_each_payment_once(world: World) {
    let shop = Shop::new(&world).await;
    let mut chance = StdRng::seed_from_u64(7);
    let mut processor = Processor::default();
    let mut payments = Vec::new();
    for n in 0..8 {
        let invoice = shop.invoice(&world, 500 + n).await;
        payments.push(shop.begin(&world, &n.to_string(), (n % 2 == 0).then_some(invoice)).await.payment);
    }
    for _ in 0..60 {
        let payment = payments.choose(&mut chance).unwrap();
        processor.happen(&world, payment, &mut chance);
    }
    // Four workers, two stores, each with all words in an order of its own.
    let second = Store::connect(&world.url, &Default::default()).await.unwrap();
    let heard = at_once((0..4_u64).map(|worker| {
        let store = if worker % 2 == 0 { world.store.clone() } else { second.clone() };
        let mut words = processor.words.clone();
        let change = world.by("system");
        async move {
            let mut chance = StdRng::seed_from_u64(worker);
            words.sort_by_cached_key(|_| chance.random::<u64>());
            let mut credits = 0;
            for (id, said) in &words {
                let taken = store.payments().take(&change, Cause::Webhook, *id, said, |_| None).await.unwrap();
                let Taken::Step { step, .. } = taken else { panic!("{taken:?}") };
                credits += i64::from(step.credit.is_some());
            }
            credits
        }
    }))
    .await;
    settle(&world, &shop, &processor, &payments, heard.iter().sum(), 0).await;
}

async fn work_on_money_that_is_cut_off_is_done_by_the_next_word(world: World) {
    let shop = Shop::new(&world).await;
    let payments = world.store.payments();
    let (mut round, mut times) = (0, 0);
    loop {
        let (change, token) = (world.change(), format!("{round}"));
        let invoices = world.store.invoices();
        let new = bill(1000);
        let issued = cut_off(invoices.issue(&change, shop.tenant, &token, &new), times).await;
        let invoice = invoices.issue(&change, shop.tenant, &token, &new).await.unwrap();
        let new = shop.payment(&token, Some(invoice));
        let begun = cut_off(payments.begin(&change, shop.tenant, &new), times).await;
        let payment = payments.begin(&change, shop.tenant, &new).await.unwrap().payment;
        let said = said_at(world.now(), &payment, IntentStatus::Succeeded);
        let taken =
            cut_off(payments.take(&change, Cause::Return, payment.id, &said, |told| Some(letter(told))), times).await;
        hear(&world.store, &world, payment.id, &said, Cause::Webhook).await;
        let back = NewRefund { token: token.clone(), amount: 300, reason: "x".into(), owed_again: false };
        let asked = cut_off(payments.begin_refund(&change, shop.tenant, payment.id, &back), times).await;
        let refund = payments.begin_refund(&change, shop.tenant, payment.id, &back).await.unwrap();
        payments.attach_refund(refund.id, &format!("re_{token}")).await.unwrap();
        let said = Snapshot { amount_refunded: 300, asked: world.now(), ..said };
        let counted = cut_off(payments.take(&change, Cause::Return, payment.id, &said, |_| None), times).await;
        hear(&world.store, &world, payment.id, &said, Cause::Sweep).await;
        round += 1;
        let report = clean(&world).await;
        assert_eq!((report.payments, report.invoices), (round, round), "after {times}");
        // The invoice, the payment, the refund and what is not owed again of it.
        assert_eq!((report.transactions, shop.balance(&world).await), (4 * round, 0), "after {times}");
        let mails = world.store.outbox().count(MailState::Waiting).await.unwrap();
        assert_eq!(i64::from(mails), round, "one receipt each");
        let complete = issued && begun && taken && asked && counted;
        // On a busy machine answers come in heaps, and the work waits seldom: then it is done once more.
        if complete && (times > 3 || round > 300) {
            break;
        }
        times = if complete { 0 } else { times + 1 };
    }
    assert!(times > 3, "the work was cut off in its middle, not only before and after");
}

async fn all_kinds_of_movements_at_once_never_wait_for_each_other_in_a_circle(world: World) {
    let first = Shop::new(&world).await;
    let mut tenants = vec![first.tenant];
    for name in ["Bravo", "Charlie"] {
        tenants.push(company(&world, name).await);
    }
    let second = Store::connect(&world.url, &Default::default()).await.unwrap();
    let workers = at_once((0..8_usize).map(|worker| {
        let store = if worker % 2 == 0 { world.store.clone() } else { second.clone() };
        let (tenants, system) = (tenants.clone(), first.system);
        let changes: Vec<_> = (0..12).map(|_| world.by("system")).collect();
        async move {
            for (n, change) in changes.iter().enumerate() {
                // Each worker goes through the customers in an order of its own.
                let tenant = tenants[(worker + n * (worker % 2 + 1)) % tenants.len()];
                let shop = Shop { tenant, system };
                let token = format!("{worker}:{n}");
                let invoice = store.invoices().issue(change, tenant, &token, &bill(900)).await.unwrap();
                let new = shop.payment(&token, (n % 2 == 0).then_some(invoice));
                // A top-up of another worker may have paid the invoice meanwhile.
                let Ok(begun) = store.payments().begin(change, tenant, &new).await else { continue };
                let payment = begun.payment;
                // Of an invoice that is paid in part, what is left may be little.
                let refunded = if n % 3 == 0 { 200.min(payment.amount.minor / 2) } else { 0 };
                let amount = 100.min(payment.amount.minor - refunded);
                let said = said_at(change.at, &payment, IntentStatus::Succeeded);
                let said = Snapshot { amount_refunded: refunded, ..said };
                let receipt = |told: &Receipt| Some(letter(told));
                store.payments().take(change, Cause::Webhook, payment.id, &said, receipt).await.unwrap();
                let token = format!("refund {n}");
                let back = NewRefund { token, amount, reason: "x".into(), owed_again: n % 2 == 0 };
                store.payments().begin_refund(change, tenant, payment.id, &back).await.unwrap();
                let said = Snapshot { amount_refunded: refunded + amount, ..said };
                store.payments().take(change, Cause::Webhook, payment.id, &said, |_| None).await.unwrap();
                let token = format!("{worker}:{n}");
                for tenant in tenants.iter().rev() {
                    let calls = NewAdjustment { token: token.clone(), credit: -50, reason: "x".into(), invoice: None };
                    store.ledger().adjust(change, *tenant, &calls).await.unwrap();
                }
                let token = format!("credit {token}");
                let credit = NewAdjustment { token, credit: 40, reason: "x".into(), invoice: None };
                store.ledger().adjust(change, tenant, &credit).await.unwrap();
            }
        }
    }));
    assert_eq!(workers.await.len(), 8);
    clean(&world).await;
}
