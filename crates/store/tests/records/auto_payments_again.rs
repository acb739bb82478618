//! Automatic payment is turned off, and on again: what was to be charged is charged then, once.

use std::collections::BTreeSet;

use tandem_domain::{
    billing::{
        auto_payment::{AutoPaymentTerms, ChargeKind, OnInvoice},
        failure::FailureKind,
        invoice::NewInvoice,
        payment::IntentStatus,
    },
    ids::InvoiceId,
};

use crate::{
    auto_payments::{ON_DUE, ON_ISSUE, begin, claim, decline, disable, one, shop, turn_off, turn_on},
    money::{Shop, bill, clean, give_back, take},
    world::World,
};

on_both!(
    what_fell_due_while_it_was_off_is_charged_when_it_is_on_again,
    what_was_issued_and_not_charged_is_charged_when_it_is_on_again,
    what_was_opened_by_a_refund_is_not_charged_when_it_is_on_again,
    what_somebody_closes_is_not_charged_again_however_often_it_is_saved,
    what_staff_give_up_is_not_charged_on_its_due_date,
    what_cannot_be_closed_goes_on,
    a_top_up_that_somebody_closes_is_made_again_when_the_balance_was_as_it_should_be,
    a_top_up_is_not_made_again_while_one_that_was_given_up_is_undecided,
);

/// Automatic payment is on, and saved with other terms again.
async fn save_again(world: &World, shop: &Shop, terms: AutoPaymentTerms) {
    for threshold in [Some(100_000), Some(200_000)] {
        turn_on(world, shop, AutoPaymentTerms { threshold, top_up: Some(1000), ..terms }).await;
    }
    turn_on(world, shop, terms).await;
}

async fn what_somebody_closes_is_not_charged_again_however_often_it_is_saved(world: World) {
    let shop = shop(&world, ON_ISSUE).await;
    let auto = world.store.auto_payments();
    let invoice = shop.invoice(&world, 3000).await;
    let payment = begin(&world, &shop, &one(&world).await).await;
    decline(&world, &payment, FailureKind::AuthenticationRequired).await;
    assert!(disable(&world, &shop, &payment).await);
    // Turned on again, the invoice has another charge, which the payment knows nothing of.
    turn_on(&world, &shop, ON_ISSUE).await;
    assert!(auto.is_charged_for(&payment).await.unwrap());
    assert_eq!(auto.call_off_for(&payment).await.unwrap().len(), 2);
    take(&world, &payment, IntentStatus::Canceled).await;
    let note = async || auto.note_due(world.now().plus_seconds(9_000_000), 100, |_| "2026-12-31".into()).await.unwrap();
    save_again(&world, &shop, ON_ISSUE).await;
    save_again(&world, &shop, ON_DUE).await;
    assert_eq!((note().await, claim(&world, world.now()).await), (0, vec![]));
    turn_off(&world, &shop).await;
    turn_on(&world, &shop, ON_DUE).await;
    assert_eq!((note().await, claim(&world, world.now()).await), (0, vec![]));
    assert_eq!(shop.open(&world, invoice).await, 2000);
    // The customer pays it when it likes to.
    let own = shop.begin(&world, "own", Some(invoice)).await.payment;
    take(&world, &own, IntentStatus::Succeeded).await;
    assert_eq!(shop.balance(&world).await, 0);
    clean(&world).await;
}

async fn what_staff_give_up_is_not_charged_on_its_due_date(world: World) {
    let shop = shop(&world, ON_DUE).await;
    let (auto, payments) = (world.store.auto_payments(), world.store.payments());
    let invoice = shop.invoice(&world, 3000).await;
    let other = shop.invoice(&world, 500).await;
    let own = shop.begin(&world, "own", Some(invoice)).await.payment;
    assert!(payments.give_up_unheard(&world.change(), shop.tenant, own.id, "Closed there").await.unwrap());
    let due = world.now().plus_seconds(9_000_000);
    assert_eq!(auto.note_due(due, 100, |_| "2026-12-31".into()).await.unwrap(), 1);
    let [claimed] = claim(&world, due).await.try_into().unwrap();
    assert_eq!(claimed.charge.invoice, Some(other));
    save_again(&world, &shop, ON_DUE).await;
    assert_eq!(auto.note_due(due, 100, |_| "2026-12-31".into()).await.unwrap(), 0);
}

async fn what_cannot_be_closed_goes_on(world: World) {
    let shop = shop(&world, ON_ISSUE).await;
    let auto = world.store.auto_payments();
    shop.invoice(&world, 3000).await;
    let claimed = one(&world).await;
    let payment = begin(&world, &shop, &claimed).await;
    let called_off = auto.call_off_for(&payment).await.unwrap();
    assert_eq!(auto.charge_of(payment.id).await.unwrap(), None);
    auto.go_on(&called_off).await.unwrap();
    assert_eq!(auto.charge_of(payment.id).await.unwrap().map(|open| open.charge.id), Some(claimed.charge.id));
    assert!(auto.retry_at(&claimed, world.now(), "declined").await.unwrap(), "it is still its worker's");
    // One that is paid at that moment stays so.
    let called_off = auto.call_off_for(&payment).await.unwrap();
    take(&world, &payment, IntentStatus::Succeeded).await;
    auto.go_on(&called_off).await.unwrap();
    assert_eq!(claim(&world, world.now()).await, []);
    assert_eq!(auto.charge_of(payment.id).await.unwrap(), None);
}

const TOP_UP: AutoPaymentTerms =
    AutoPaymentTerms { on_invoice: OnInvoice::Never, threshold: Some(500), top_up: Some(1000) };

async fn a_top_up_that_somebody_closes_is_made_again_when_the_balance_was_as_it_should_be(world: World) {
    let shop = shop(&world, TOP_UP).await;
    let auto = world.store.auto_payments();
    let close = async || {
        let payment = begin(&world, &shop, &one(&world).await).await;
        assert_eq!(auto.call_off_for(&payment).await.unwrap().len(), 1);
        take(&world, &payment, IntentStatus::Canceled).await;
        assert_eq!(claim(&world, world.now()).await, []);
    };
    shop.invoice(&world, 3000).await;
    close().await;
    // What is charged next calls for no other one, nor does saving the terms.
    shop.invoice(&world, 100).await;
    turn_on(&world, &shop, AutoPaymentTerms { top_up: Some(900), ..TOP_UP }).await;
    assert_eq!(claim(&world, world.now()).await, []);
    // The customer pays all by hand; then it goes beyond the threshold at once.
    for token in ["one", "two", "three"] {
        let own = shop.begin(&world, token, None).await.payment;
        take(&world, &own, IntentStatus::Succeeded).await;
    }
    assert_eq!((shop.balance(&world).await, claim(&world, world.now()).await), (-900, vec![]));
    shop.invoice(&world, 3000).await;
    close().await;
    // Or it is turned on anew.
    turn_off(&world, &shop).await;
    turn_on(&world, &shop, TOP_UP).await;
    assert_eq!(one(&world).await.charge.kind, ChargeKind::Threshold);
}

async fn a_top_up_is_not_made_again_while_one_that_was_given_up_is_undecided(world: World) {
    let shop = shop(&world, TOP_UP).await;
    let payments = world.store.payments();
    shop.invoice(&world, 3000).await;
    let payment = begin(&world, &shop, &one(&world).await).await;
    assert!(payments.give_up_unheard(&world.change(), shop.tenant, payment.id, "Closed there").await.unwrap());
    shop.invoice(&world, 100).await;
    turn_off(&world, &shop).await;
    turn_on(&world, &shop, TOP_UP).await;
    assert_eq!(claim(&world, world.now()).await, [], "it may have been paid there");
    let later = world.now().plus_seconds(3_700);
    let [look] = payments.due_for_look(later, 60, 1).await.unwrap().try_into().unwrap();
    assert_eq!(look.payment.id, payment.id, "what was paid comes after it");
    payments.look_no_more(&look).await.unwrap();
    shop.invoice(&world, 100).await;
    assert_eq!(one(&world).await.charge.kind, ChargeKind::Threshold);
}

/// Three invoices' charges, of which the first needs the customer, so that all end; then the customer pays the first. Tells the
/// other two invoices.
async fn ended_charges(world: &World, shop: &Shop, invoices: [InvoiceId; 3]) -> [InvoiceId; 2] {
    let claimed = one(world).await;
    let payment = begin(world, shop, &claimed).await;
    decline(world, &payment, FailureKind::AuthenticationRequired).await;
    assert!(disable(world, shop, &payment).await);
    world.store.payments().resume(world.now(), shop.tenant, payment.id).await.unwrap();
    take(world, &payment, IntentStatus::Succeeded).await;
    let rest: Vec<_> = invoices.into_iter().filter(|invoice| Some(*invoice) != claimed.charge.invoice).collect();
    rest.try_into().unwrap()
}

/// Charges all that is due, one after the other, and tells of which invoices. None is charged twice.
async fn charge_all(world: &World, shop: &Shop, kind: ChargeKind) -> BTreeSet<InvoiceId> {
    let mut charged = BTreeSet::new();
    while let Some(claimed) = claim(world, world.now()).await.pop() {
        assert_eq!((claimed.charge.kind, claimed.charge.attempt), (kind, 1));
        let payment = begin(world, shop, &claimed).await;
        take(world, &payment, IntentStatus::Succeeded).await;
        assert!(charged.insert(claimed.charge.invoice.unwrap()), "twice for one invoice");
    }
    charged
}

async fn what_fell_due_while_it_was_off_is_charged_when_it_is_on_again(world: World) {
    let shop = shop(&world, ON_DUE).await;
    let auto = world.store.auto_payments();
    let note = async || auto.note_due(world.now(), 100, |_| "2026-01-15".into()).await.unwrap();
    let mut invoices = [InvoiceId(uuid::Uuid::nil()); 3];
    for invoice in &mut invoices {
        let due = NewInvoice { due_on: "2026-01-01".into(), ..bill(2000) };
        let token = format!("{}", rand::random::<u64>());
        *invoice = world.store.invoices().issue(&world.change(), shop.tenant, &token, &due).await.unwrap();
    }
    assert_eq!((note().await, note().await), (3, 0));
    let rest = ended_charges(&world, &shop, invoices).await;
    assert_eq!((note().await, claim(&world, world.now()).await), (0, vec![]), "it is off");
    // Off and on, as often as one likes.
    for _ in 0..3 {
        turn_on(&world, &shop, ON_DUE).await;
        assert_eq!(note().await, 0);
        turn_off(&world, &shop).await;
        assert_eq!(claim(&world, world.now()).await, []);
    }
    turn_on(&world, &shop, ON_DUE).await;
    turn_on(&world, &shop, AutoPaymentTerms { threshold: Some(100_000), top_up: Some(1000), ..ON_DUE }).await;
    assert_eq!(note().await, 0);
    assert_eq!(charge_all(&world, &shop, ChargeKind::Due).await, BTreeSet::from(rest));
    assert_eq!((note().await, shop.balance(&world).await), (0, 0));
    clean(&world).await;
}

async fn what_was_issued_and_not_charged_is_charged_when_it_is_on_again(world: World) {
    let shop = shop(&world, ON_ISSUE).await;
    let mut invoices = [InvoiceId(uuid::Uuid::nil()); 3];
    for invoice in &mut invoices {
        *invoice = shop.invoice(&world, 2000).await;
    }
    let rest = ended_charges(&world, &shop, invoices).await;
    assert_eq!(claim(&world, world.now()).await, []);
    // Meanwhile it was to be paid when it is due, which is not yet.
    turn_on(&world, &shop, ON_DUE).await;
    assert_eq!(claim(&world, world.now()).await, []);
    turn_on(&world, &shop, ON_ISSUE).await;
    assert_eq!(charge_all(&world, &shop, ChargeKind::Issue).await, BTreeSet::from(rest));
    assert_eq!(shop.balance(&world).await, 0);
    clean(&world).await;
}

async fn what_was_opened_by_a_refund_is_not_charged_when_it_is_on_again(world: World) {
    let shop = shop(&world, ON_ISSUE).await;
    shop.invoice(&world, 1000).await;
    let invoice = shop.invoice(&world, 3000).await;
    let payment = begin(&world, &shop, &one(&world).await).await;
    take(&world, &payment, IntentStatus::Succeeded).await;
    give_back(&world, &payment, 2000).await;
    let other = shop.invoice(&world, 700).await;
    turn_off(&world, &shop).await;
    turn_on(&world, &shop, ON_ISSUE).await;
    assert_eq!(charge_all(&world, &shop, ChargeKind::Issue).await, BTreeSet::from([other]));
    assert_eq!((shop.open(&world, invoice).await, claim(&world, world.now()).await), (2000, vec![]));
    clean(&world).await;
}
