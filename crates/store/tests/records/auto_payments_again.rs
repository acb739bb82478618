//! Automatic payment is turned off, and on again: what was to be charged is charged then, once.

use std::collections::BTreeSet;

use tandem_domain::{
    billing::{
        auto_payment::{AutoPaymentTerms, ChargeKind},
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
);

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
