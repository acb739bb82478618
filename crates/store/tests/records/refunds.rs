//! Refunds: never more than was paid, counted by the processor's word, and taken back when they fail.

use tandem_domain::{
    billing::{
        invoice::InvoiceState,
        payment::{Cause, IntentStatus, Payment, PaymentState, Snapshot},
        refund::{Refund, RefundState},
    },
    ids::RefundId,
};
use tandem_store::{StoreError, ledger::NewAdjustment, payments::NewRefund};
use uuid::Uuid;

use crate::{
    ledger::run,
    money::{Shop, clean, give_back, said_at, take, word},
    world::{World, at_once, not_found, refusal},
};

on_both!(
    a_payment_is_refunded_in_parts_and_never_more_than_was_paid,
    a_refund_that_is_owed_again_opens_the_invoice,
    a_refund_that_is_not_owed_again_leaves_the_invoice_paid,
    what_is_not_billed_yet_opens_no_invoice,
    a_refunded_top_up_opens_what_it_paid,
    what_is_refunded_on_the_processors_pages_is_counted_too,
    a_refund_that_the_processor_refuses_frees_its_amount,
    a_refund_that_the_processor_is_known_to_have_is_undone_by_no_refusal,
    a_refund_that_comes_back_is_undone_and_old_words_do_not_count_it_again,
    refunds_at_the_same_moment_never_exceed_the_payment,
    pending_refunds_are_swept,
    a_refund_that_was_never_sent_is_not_settled_by_another_of_its_amount,
    a_refund_that_was_counted_before_its_name_was_known_is_settled_and_forgiven,
    the_check_finds_a_refund_that_is_not_as_the_books_say,
);

async fn begin(
    world: &World,
    shop: &Shop,
    payment: &Payment,
    token: &str,
    amount: i64,
    owed_again: bool,
) -> Result<Refund, StoreError> {
    let refund = begin_unsent(world, shop, payment, token, amount, owed_again).await?;
    let payments = world.store.payments();
    payments.attach_refund(refund.id, &format!("re_{token}")).await?;
    payments.refund(refund.id).await
}

/// A refund that the processor was not asked for yet.
async fn begin_unsent(
    world: &World,
    shop: &Shop,
    payment: &Payment,
    token: &str,
    amount: i64,
    owed_again: bool,
) -> Result<Refund, StoreError> {
    let new = NewRefund { token: token.into(), amount, reason: "Goodwill".into(), owed_again };
    world.store.payments().begin_refund(&world.change(), shop.tenant, payment.id, &new).await
}

async fn refund_state(world: &World, id: RefundId) -> RefundState {
    world.store.payments().refund(id).await.unwrap().state
}

async fn a_payment_is_refunded_in_parts_and_never_more_than_was_paid(world: World) {
    let shop = Shop::new(&world).await;
    let (_, payment) = shop.paid(&world, 1000).await;
    let lines = world.lines().await;
    let first = begin(&world, &shop, &payment, "1", 400, true).await.unwrap();
    assert_eq!(begin(&world, &shop, &payment, "1", 400, true).await.unwrap(), first, "a double click");
    assert_eq!(world.told_since(lines).await.len(), 2);
    for amount in [601, 0, -1, i64::MAX] {
        let words = refusal(begin(&world, &shop, &payment, "2", amount, true).await, "amount");
        assert_eq!(words, "At most EUR 6.00 can be refunded.");
    }
    let payments = world.store.payments();
    payments.attach_refund(first.id, "re_1").await.unwrap();
    payments.attach_refund(first.id, "re_1").await.unwrap();
    refusal(payments.attach_refund(first.id, "re_2").await, "reference");
    assert_eq!(shop.balance(&world).await, 0, "nothing is counted before the processor says so");
    let (some, step) = give_back(&world, &payment, 400).await;
    assert_eq!((some.state, step.refund.map(|money| money.minor)), (PaymentState::PartlyRefunded, Some(400)));
    assert_eq!((refund_state(&world, first.id).await, shop.balance(&world).await), (RefundState::Succeeded, 400));
    let rest = begin(&world, &shop, &payment, "3", 600, true).await.unwrap();
    let words = refusal(begin(&world, &shop, &payment, "4", 1, true).await, "amount");
    assert_eq!(words, "Nothing can be refunded of this payment.");
    let (all, _) = give_back(&world, &payment, 1000).await;
    assert_eq!((all.state, all.refunded, shop.balance(&world).await), (PaymentState::Refunded, 1000, 1000));
    let refunds = payments.refunds(shop.tenant, payment.id).await.unwrap();
    assert_eq!(refunds.iter().map(|refund| refund.id).collect::<Vec<_>>(), [first.id, rest.id]);
    assert!(refunds.iter().all(|refund| refund.state == RefundState::Succeeded));
    let open = shop.begin(&world, "open", None).await.payment;
    refusal(begin(&world, &shop, &open, "5", 1, true).await, "amount");
    not_found(payments.refund(RefundId(Uuid::nil())).await);
    clean(&world).await;
}

async fn a_refund_that_is_owed_again_opens_the_invoice(world: World) {
    let shop = Shop::new(&world).await;
    let (invoice, payment) = shop.paid(&world, 1000).await;
    begin(&world, &shop, &payment, "1", 300, true).await.unwrap();
    give_back(&world, &payment, 300).await;
    let read = world.store.invoices().one(shop.tenant, invoice).await.unwrap();
    assert_eq!((read.state, read.open().minor, read.paid_at), (InvoiceState::Open, 300, None));
    let again = shop.begin(&world, "again", Some(invoice)).await;
    assert_eq!((again.fresh, again.payment.amount.minor), (true, 300));
    clean(&world).await;
}

async fn a_refund_that_is_not_owed_again_leaves_the_invoice_paid(world: World) {
    let shop = Shop::new(&world).await;
    let (invoice, payment) = shop.paid(&world, 1000).await;
    begin(&world, &shop, &payment, "1", 300, false).await.unwrap();
    give_back(&world, &payment, 300).await;
    let read = world.store.invoices().one(shop.tenant, invoice).await.unwrap();
    assert_eq!((read.state, shop.balance(&world).await), (InvoiceState::Paid, 0));
    clean(&world).await;
}

async fn a_refund_that_the_processor_is_known_to_have_is_undone_by_no_refusal(world: World) {
    let shop = Shop::new(&world).await;
    let (_, payment) = shop.paid(&world, 1000).await;
    let refuse = async |id| {
        world.store.payments().refund_refused(&world.change(), Cause::Sweep, id, "no such thing").await.unwrap()
    };
    let known = begin(&world, &shop, &payment, "1", 300, true).await.unwrap();
    assert!(!refuse(known.id).await, "it is on its way");
    give_back(&world, &payment, 300).await;
    assert!(!refuse(known.id).await, "it was made");
    assert_eq!(refund_state(&world, known.id).await, RefundState::Succeeded);
    assert_eq!(shop.balance(&world).await, 300);
    let new = begin_unsent(&world, &shop, &payment, "2", 200, true).await.unwrap();
    assert!(refuse(new.id).await);
    assert_eq!(refund_state(&world, new.id).await, RefundState::Failed);
    clean(&world).await;
}

/// Calls that are owed and on no invoice yet.
async fn owe(world: &World, shop: &Shop, minor: i64) {
    let calls = NewAdjustment { token: "calls".into(), credit: -minor, reason: "Calls".into(), invoice: None };
    world.store.ledger().adjust(&world.by("system"), shop.tenant, &calls).await.unwrap();
}

async fn what_is_not_billed_yet_opens_no_invoice(world: World) {
    let shop = Shop::new(&world).await;
    let (invoice, payment) = shop.paid(&world, 1000).await;
    owe(&world, &shop, 5000).await;
    begin(&world, &shop, &payment, "1", 300, false).await.unwrap();
    give_back(&world, &payment, 300).await;
    assert_eq!(shop.open(&world, invoice).await, 0, "it is not owed again");
    let owed = begin(&world, &shop, &payment, "2", 200, true).await.unwrap();
    give_back(&world, &payment, 500).await;
    assert_eq!((shop.open(&world, invoice).await, shop.balance(&world).await), (200, 5200));
    // The bank sends that back.
    let payments = world.store.payments();
    payments.refund_failed(&world.change(), Cause::Webhook, owed.id, "account closed").await.unwrap();
    assert_eq!((shop.open(&world, invoice).await, shop.balance(&world).await), (0, 5000));
    clean(&world).await;
}

async fn a_refunded_top_up_opens_what_it_paid(world: World) {
    let shop = Shop::new(&world).await;
    let [first, second] = [shop.invoice(&world, 400).await, shop.invoice(&world, 500).await];
    let top_up = shop.begin(&world, "top-up", None).await.payment;
    take(&world, &top_up, IntentStatus::Succeeded).await;
    assert_eq!([shop.open(&world, first).await, shop.open(&world, second).await], [0, 0]);
    // One euro of the ten is left over; the rest of what goes back was the newer invoice's.
    begin(&world, &shop, &top_up, "1", 300, true).await.unwrap();
    give_back(&world, &top_up, 300).await;
    assert_eq!([shop.open(&world, first).await, shop.open(&world, second).await], [0, 200]);
    assert_eq!(shop.balance(&world).await, 200);
    clean(&world).await;
}

async fn what_is_refunded_on_the_processors_pages_is_counted_too(world: World) {
    let shop = Shop::new(&world).await;
    let (_, payment) = shop.paid(&world, 1000).await;
    let ours = begin(&world, &shop, &payment, "1", 300, false).await.unwrap();
    // Less than ours was given back: it is another.
    give_back(&world, &payment, 200).await;
    assert_eq!((refund_state(&world, ours.id).await, shop.balance(&world).await), (RefundState::Pending, 200));
    give_back(&world, &payment, 500).await;
    assert_eq!((refund_state(&world, ours.id).await, shop.balance(&world).await), (RefundState::Succeeded, 200));
    clean(&world).await;
}

async fn a_refund_that_the_processor_refuses_frees_its_amount(world: World) {
    let shop = Shop::new(&world).await;
    let (_, payment) = shop.paid(&world, 1000).await;
    let refused = begin(&world, &shop, &payment, "1", 1000, true).await.unwrap();
    let payments = world.store.payments();
    let fail =
        async || payments.refund_failed(&world.change(), Cause::Api, refused.id, "charge_disputed").await.unwrap();
    assert_eq!((fail().await, fail().await), (true, false));
    let read = payments.refund(refused.id).await.unwrap();
    assert_eq!(
        (read.state, read.error.as_str(), shop.balance(&world).await),
        (RefundState::Failed, "charge_disputed", 0)
    );
    begin(&world, &shop, &payment, "2", 1000, true).await.unwrap();
    clean(&world).await;
}

async fn a_refund_that_comes_back_is_undone_and_old_words_do_not_count_it_again(world: World) {
    let shop = Shop::new(&world).await;
    let (invoice, payment) = shop.paid(&world, 1000).await;
    for (n, owed_again) in [(0, true), (1, false)] {
        let refund = begin(&world, &shop, &payment, &n.to_string(), 400, owed_again).await.unwrap();
        let asked = world.now();
        let old = Snapshot { amount_refunded: 400, ..said_at(asked, &payment, IntentStatus::Succeeded) };
        word(&world, &payment, &old).await;
        assert_eq!(shop.balance(&world).await, if owed_again { 400 } else { 0 });
        let payments = world.store.payments();
        assert!(payments.refund_failed(&world.change(), Cause::Webhook, refund.id, "account closed").await.unwrap());
        assert_eq!((shop.balance(&world).await, shop.open(&world, invoice).await), (0, 0));
        let back = payments.get(payment.id).await.unwrap();
        assert_eq!((back.state, back.refunded), (PaymentState::Succeeded, 0));
        word(&world, &payment, &old).await;
        assert_eq!(payments.get(payment.id).await.unwrap().refunded, 0, "asked before it came back");
        clean(&world).await;
    }
    begin(&world, &shop, &payment, "again", 400, true).await.unwrap();
    give_back(&world, &payment, 400).await;
    assert_eq!(shop.balance(&world).await, 400);
    clean(&world).await;
}

async fn refunds_at_the_same_moment_never_exceed_the_payment(world: World) {
    let shop = Shop::new(&world).await;
    let (_, payment) = shop.paid(&world, 1000).await;
    let begun = at_once((0..8).map(|n| {
        let (store, change, tenant, id) = (world.store.clone(), world.change(), shop.tenant, payment.id);
        let new = NewRefund { token: format!("{n}"), amount: 300, reason: "x".into(), owed_again: true };
        async move { store.payments().begin_refund(&change, tenant, id, &new).await.is_ok() }
    }))
    .await;
    assert_eq!(begun.into_iter().filter(|begun| *begun).count(), 3);
}

async fn pending_refunds_are_swept(world: World) {
    let shop = Shop::new(&world).await;
    let (_, payment) = shop.paid(&world, 1000).await;
    let refund = begin(&world, &shop, &payment, "1", 300, true).await.unwrap();
    let payments = world.store.payments();
    let due = async |seconds: i64| {
        let now = refund.created.plus_seconds(seconds);
        payments.due_refunds(now, 60, 10).await.unwrap().into_iter().map(|refund| refund.id).collect::<Vec<_>>()
    };
    assert_eq!(
        (due(10).await, due(60).await, due(61).await, due(120).await),
        (vec![], vec![refund.id], vec![], vec![refund.id])
    );
    // The bank has it, which may last for days, and may end in a failure.
    give_back(&world, &payment, 300).await;
    let asked = async |seconds: i64, is_decided: bool| {
        payments.refund_asked(refund.created.plus_seconds(seconds), &refund, is_decided).await.unwrap();
    };
    asked(4_000, false).await;
    assert_eq!((due(4_899).await, due(4_900).await), (vec![], vec![refund.id]));
    asked(5_000, true).await;
    assert_eq!(due(100_000).await, []);
    // One that is not counted yet is never forgotten.
    let uncounted = begin(&world, &shop, &payment, "2", 100, true).await.unwrap();
    payments.refund_asked(uncounted.created, &uncounted, true).await.unwrap();
    assert_eq!(due(100_000).await, [uncounted.id]);
}

async fn a_refund_that_was_never_sent_is_not_settled_by_another_of_its_amount(world: World) {
    let shop = Shop::new(&world).await;
    let (_, payment) = shop.paid(&world, 1000).await;
    let unsent = begin_unsent(&world, &shop, &payment, "1", 300, false).await.unwrap();
    // As much was given back on the processor's own pages.
    give_back(&world, &payment, 300).await;
    assert_eq!((refund_state(&world, unsent.id).await, shop.balance(&world).await), (RefundState::Pending, 300));
    // Now it is sent.
    world.store.payments().attach_refund(unsent.id, "re_1").await.unwrap();
    give_back(&world, &payment, 600).await;
    assert_eq!((refund_state(&world, unsent.id).await, shop.balance(&world).await), (RefundState::Succeeded, 300));
    clean(&world).await;
}

async fn a_refund_that_was_counted_before_its_name_was_known_is_settled_and_forgiven(world: World) {
    let shop = Shop::new(&world).await;
    let (invoice, payment) = shop.paid(&world, 1000).await;
    let payments = world.store.payments();
    let early = begin_unsent(&world, &shop, &payment, "1", 300, false).await.unwrap();
    give_back(&world, &payment, 300).await;
    assert_eq!((shop.open(&world, invoice).await, shop.balance(&world).await), (300, 300));
    payments.attach_refund(early.id, "re_1").await.unwrap();
    // Whoever else knows it says so as well.
    at_once((0..4).map(|_| {
        let (store, change, id) = (world.store.clone(), world.by("system"), early.id);
        async move { store.payments().refund_known(&change, id).await.unwrap() }
    }))
    .await;
    assert_eq!(refund_state(&world, early.id).await, RefundState::Succeeded);
    assert_eq!((shop.open(&world, invoice).await, shop.balance(&world).await), (0, 0));
    clean(&world).await;
    // What is not counted yet is not settled, and what is owed again stays owed.
    let owed = begin(&world, &shop, &payment, "2", 200, true).await.unwrap();
    payments.refund_known(&world.change(), owed.id).await.unwrap();
    assert_eq!((refund_state(&world, owed.id).await, shop.balance(&world).await), (RefundState::Pending, 0));
    give_back(&world, &payment, 500).await;
    assert_eq!((refund_state(&world, owed.id).await, shop.balance(&world).await), (RefundState::Succeeded, 200));
    let all = begin(&world, &shop, &payment, "3", 500, true).await.unwrap();
    assert_eq!(all.state, RefundState::Pending, "nothing is reserved twice");
    // The bank sends back the one that was forgiven.
    payments.refund_failed(&world.change(), Cause::Webhook, early.id, "account closed").await.unwrap();
    assert_eq!((payments.get(payment.id).await.unwrap().refunded, shop.balance(&world).await), (200, 200));
    clean(&world).await;
}

async fn the_check_finds_a_refund_that_is_not_as_the_books_say(world: World) {
    let shop = Shop::new(&world).await;
    let (_, payment) = shop.paid(&world, 1000).await;
    begin(&world, &shop, &payment, "1", 300, false).await.unwrap();
    give_back(&world, &payment, 300).await;
    clean(&world).await;
    for (damage, repair, problems) in [
        ("UPDATE refund SET amount = 301", "UPDATE refund SET amount = 300", 2),
        ("UPDATE refund SET state = 'pending'", "UPDATE refund SET state = 'succeeded'", 1),
        ("UPDATE refund SET owed_again = TRUE", "UPDATE refund SET owed_again = FALSE", 1),
    ] {
        assert!(run(&world.url, damage).await);
        let report = world.store.ledger().check().await.unwrap();
        assert_eq!(report.problems.len(), problems, "{damage}: {report:#?}");
        assert!(run(&world.url, repair).await);
        clean(&world).await;
    }
}
