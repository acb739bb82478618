//! What changes between a wish and its payment: nothing is taken that is not owed any more, and no credit lies idle.

use tandem_domain::{
    billing::{
        auto_payment::{AutoPaymentTerms, ChargeKind, ChargeState, OnInvoice},
        failure::{Failure, FailureKind},
        payment::{IntentStatus, Payment, PaymentState},
    },
    ids::{InvoiceId, PaymentId},
    money::Money,
};
use tandem_store::{
    auto_payments::Standing,
    ledger::NewAdjustment,
    payments::{NewPayment, NewRefund, PayFor},
};

use crate::{
    auto_payments::{ON_ISSUE, begin, claim, decline, disable, letters, one, shop, turn_on},
    money::{Shop, clean, give_back, state, take},
    world::{World, refusal},
};

on_both!(
    a_charge_is_of_what_is_open_when_the_card_is_charged,
    a_top_up_is_judged_by_the_balance_and_the_terms_of_now,
    a_charge_that_another_worker_has_is_lost,
    what_an_invoices_charge_will_bring_is_not_topped_up_too,
    a_customers_charges_are_made_one_after_the_other,
    an_invoice_that_credit_pays_is_not_charged,
    a_payment_of_what_is_not_open_any_more_is_looked_at_at_once,
    credit_pays_what_a_payment_did_not,
    credit_pays_as_soon_as_the_bank_has_said_no,
    a_payment_that_nobody_ends_keeps_no_credit_from_its_invoice,
    what_is_given_back_is_not_topped_up_again,
    each_time_that_automatic_payment_ends_one_mail_is_written,
    an_automatic_payment_is_taken_in_hand_anew,
    a_correction_needs_its_forms_token,
    a_token_is_of_one_wish,
);

async fn credit(world: &World, shop: &Shop, credit: i64, invoice: Option<InvoiceId>) {
    let token = format!("t{}", rand::random::<u64>());
    let new = NewAdjustment { token, credit, reason: "Bank transfer".into(), invoice };
    world.store.ledger().adjust(&world.change(), shop.tenant, &new).await.unwrap();
}

fn euros(minor: i64) -> Standing {
    Standing::Charge(Money::new(minor, tandem_domain::locale::Currency::Eur))
}

/// Payments that are asked about at this moment.
async fn due(world: &World) -> Vec<PaymentId> {
    let due = world.store.payments().due_for_sweep(world.now(), 300, 100).await.unwrap();
    due.into_iter().map(|payment| payment.id).collect()
}

async fn a_charge_is_of_what_is_open_when_the_card_is_charged(world: World) {
    let shop = shop(&world, ON_ISSUE).await;
    let auto = world.store.auto_payments();
    // Ten euros of credit are there from proving the card.
    let invoice = shop.invoice(&world, 12_000).await;
    let claimed = one(&world).await;
    assert_eq!(auto.charge_stands(&claimed).await.unwrap(), euros(11_000));
    credit(&world, &shop, 9_000, Some(invoice)).await;
    assert_eq!(auto.charge_stands(&claimed).await.unwrap(), euros(2_000));
    credit(&world, &shop, 2_000, Some(invoice)).await;
    assert_eq!(auto.charge_stands(&claimed).await.unwrap(), Standing::Lost, "it ended with its invoice");
    let withdrawn = shop.invoice(&world, 500).await;
    let claimed = one(&world).await;
    world.store.invoices().void(&world.change(), shop.tenant, withdrawn, "").await.unwrap();
    assert_eq!(auto.charge_stands(&claimed).await.unwrap(), Standing::Lost);
    shop.invoice(&world, 600).await;
    let claimed = one(&world).await;
    turn_on(&world, &shop, AutoPaymentTerms { on_invoice: OnInvoice::OnDueDate, ..ON_ISSUE }).await;
    assert_eq!(auto.charge_stands(&claimed).await.unwrap(), Standing::Over(ChargeState::Cancelled));
    assert_eq!(auto.next_due().await.unwrap(), None);
}

async fn a_top_up_is_judged_by_the_balance_and_the_terms_of_now(world: World) {
    let terms = AutoPaymentTerms { on_invoice: OnInvoice::Never, threshold: Some(500), top_up: Some(1000) };
    let shop = shop(&world, terms).await;
    let auto = world.store.auto_payments();
    shop.invoice(&world, 3000).await;
    let claimed = one(&world).await;
    assert_eq!(auto.charge_stands(&claimed).await.unwrap(), euros(1000));
    turn_on(&world, &shop, AutoPaymentTerms { top_up: Some(700), ..terms }).await;
    assert_eq!(auto.charge_stands(&claimed).await.unwrap(), euros(700));
    // It is tried again when the terms are others.
    assert!(auto.retry_at(&claimed, world.now(), "declined").await.unwrap());
    let again = one(&world).await;
    assert_eq!((again.charge.id, again.charge.amount.unwrap().minor), (claimed.charge.id, 700));
    // And when the balance is as it should be.
    assert!(auto.retry_at(&again, world.now(), "declined").await.unwrap());
    credit(&world, &shop, 1500, None).await;
    assert_eq!(claim(&world, world.now()).await, []);
    assert_eq!(auto.next_due().await.unwrap(), None);
}

async fn a_charge_that_another_worker_has_is_lost(world: World) {
    let shop = shop(&world, ON_ISSUE).await;
    shop.invoice(&world, 3000).await;
    let dead = one(&world).await;
    let [mine] = claim(&world, world.now().plus_seconds(60)).await.try_into().unwrap();
    let auto = world.store.auto_payments();
    assert_eq!(auto.charge_stands(&dead).await.unwrap(), Standing::Lost);
    assert_eq!(auto.charge_stands(&mine).await.unwrap(), euros(2000));
}

async fn what_an_invoices_charge_will_bring_is_not_topped_up_too(world: World) {
    let terms = AutoPaymentTerms { on_invoice: OnInvoice::OnIssue, threshold: Some(5_000), top_up: Some(10_000) };
    let shop = shop(&world, terms).await;
    // 110 are open beside the ten euros of credit.
    let invoice = shop.invoice(&world, 12_000).await;
    let claimed = one(&world).await;
    assert_eq!((claimed.charge.kind, claimed.charge.invoice), (ChargeKind::Issue, Some(invoice)));
    let payment = begin(&world, &shop, &claimed).await;
    take(&world, &payment, IntentStatus::Succeeded).await;
    assert_eq!(shop.balance(&world).await, 0);
    assert_eq!(
        (claim(&world, world.now()).await, world.store.auto_payments().next_due().await.unwrap()),
        (vec![], None)
    );
    clean(&world).await;
}

async fn a_customers_charges_are_made_one_after_the_other(world: World) {
    let shop = shop(&world, ON_ISSUE).await;
    for _ in 0..3 {
        shop.invoice(&world, 2000).await;
    }
    let auto = world.store.auto_payments();
    for left in [2, 1, 0] {
        let claimed = one(&world).await;
        assert_eq!(claim(&world, world.now()).await, []);
        // Who waits for the others does not ask again and again.
        assert!(auto.next_due().await.unwrap().is_some_and(|due| due > world.now()));
        let payment = begin(&world, &shop, &claimed).await;
        take(&world, &payment, IntentStatus::Succeeded).await;
        assert_eq!(shop.balance(&world).await, left * 2000);
    }
    assert_eq!(auto.next_due().await.unwrap(), None);
}

async fn an_invoice_that_credit_pays_is_not_charged(world: World) {
    let shop = shop(&world, ON_ISSUE).await;
    shop.invoice(&world, 1000).await;
    assert_eq!(world.store.auto_payments().next_due().await.unwrap(), None);
}

async fn a_payment_of_what_is_not_open_any_more_is_looked_at_at_once(world: World) {
    let shop = Shop::new(&world).await;
    let invoices = [shop.invoice(&world, 900).await, shop.invoice(&world, 800).await];
    let mut payments = Vec::new();
    for invoice in invoices {
        payments.push(shop.begin(&world, &invoice.to_string(), Some(invoice)).await.payment.id);
    }
    assert_eq!(due(&world).await, []);
    credit(&world, &shop, 100, Some(invoices[0])).await;
    assert_eq!(due(&world).await, [payments[0]]);
    world.store.invoices().void(&world.change(), shop.tenant, invoices[1], "").await.unwrap();
    assert_eq!(due(&world).await, [payments[1]]);
}

async fn credit_pays_what_a_payment_did_not(world: World) {
    let shop = Shop::new(&world).await;
    let with_bank = async |token: &str| -> (InvoiceId, Payment) {
        let invoice = shop.invoice(&world, 900).await;
        let payment = shop.begin(&world, token, Some(invoice)).await.payment;
        (invoice, take(&world, &payment, IntentStatus::RequiresAction).await.0)
    };
    let (invoice, payment) = with_bank("a").await;
    credit(&world, &shop, 900, None).await;
    assert_eq!(shop.open(&world, invoice).await, 900, "the bank has the payment");
    take(&world, &payment, IntentStatus::Canceled).await;
    assert_eq!(shop.open(&world, invoice).await, 0);
    // Or it is paid: then the credit is there for the next.
    let (second, payment) = with_bank("b").await;
    credit(&world, &shop, 900, None).await;
    take(&world, &payment, IntentStatus::Succeeded).await;
    assert_eq!((shop.open(&world, second).await, shop.balance(&world).await), (0, -900));
    clean(&world).await;
}

async fn credit_pays_as_soon_as_the_bank_has_said_no(world: World) {
    let shop = shop(&world, ON_ISSUE).await;
    for with_bank in [IntentStatus::Processing, IntentStatus::RequiresAction] {
        let before = shop.balance(&world).await;
        let invoice = shop.invoice(&world, 12_000 - before).await;
        let claimed = one(&world).await;
        let payment = begin(&world, &shop, &claimed).await;
        take(&world, &payment, with_bank).await;
        credit(&world, &shop, 12_000, None).await;
        assert_eq!(shop.open(&world, invoice).await, 12_000, "the bank has the payment");
        decline(&world, &payment, FailureKind::InsufficientFunds).await;
        assert_eq!((shop.open(&world, invoice).await, shop.balance(&world).await), (0, 0));
        // Nobody charges the card any more, and the payment is called off.
        assert!(!world.store.auto_payments().retry_at(&claimed, world.now(), "declined").await.unwrap());
        assert_eq!(world.store.auto_payments().next_due().await.unwrap(), None);
        assert_eq!(due(&world).await, [payment.id]);
        take(&world, &payment, IntentStatus::Canceled).await;
    }
    clean(&world).await;
}

async fn a_payment_that_nobody_ends_keeps_no_credit_from_its_invoice(world: World) {
    let shop = shop(&world, ON_ISSUE).await;
    let invoice = shop.invoice(&world, 3000).await;
    let payment = begin(&world, &shop, &one(&world).await).await;
    decline(&world, &payment, FailureKind::AuthenticationRequired).await;
    disable(&world, &shop, &payment).await;
    credit(&world, &shop, 2000, None).await;
    assert_eq!((shop.open(&world, invoice).await, shop.balance(&world).await), (0, 0));
    assert_eq!(due(&world).await, [payment.id], "it is called off");
    // One that the processor never heard of is given up, and its credit goes on.
    let next = shop.invoice(&world, 700).await;
    let unborn = shop.begin(&world, "unborn", Some(next)).await.payment;
    let failure = Failure::new(FailureKind::Abandoned, "never_created", "");
    assert!(world.store.payments().give_up(&world.change(), unborn.id, &failure).await.unwrap());
    assert_eq!(state(&world.store, unborn.id).await, PaymentState::Failed);
    clean(&world).await;
}

async fn what_is_given_back_is_not_topped_up_again(world: World) {
    let terms = AutoPaymentTerms { on_invoice: OnInvoice::Never, threshold: Some(500), top_up: Some(1000) };
    let shop = shop(&world, terms).await;
    let new = NewPayment { pay_for: PayFor::Balance(5_000), ..shop.payment("top-up", None) };
    let payment = world.store.payments().begin(&world.change(), shop.tenant, &new).await.unwrap().payment;
    take(&world, &payment, IntentStatus::Succeeded).await;
    shop.invoice(&world, 5_000).await;
    let back = NewRefund { token: "r".into(), amount: 5_000, reason: "Goodwill".into(), owed_again: true };
    world.store.payments().begin_refund(&world.change(), shop.tenant, payment.id, &back).await.unwrap();
    give_back(&world, &payment, 5_000).await;
    assert_eq!(shop.balance(&world).await, 4_000);
    assert_eq!(claim(&world, world.now()).await, []);
    credit(&world, &shop, -100, None).await;
    assert_eq!(claim(&world, world.now()).await, [], "an administrator corrected it");
    shop.invoice(&world, 100).await;
    assert_eq!(one(&world).await.charge.kind, ChargeKind::Threshold, "what is billed is another thing");
}

async fn each_time_that_automatic_payment_ends_one_mail_is_written(world: World) {
    let shop = shop(&world, ON_ISSUE).await;
    shop.invoice(&world, 3000).await;
    for mails in [1, 2] {
        // The same payment, for another charge the second time.
        let payment = begin(&world, &shop, &one(&world).await).await;
        assert!(disable(&world, &shop, &payment).await);
        assert!(!disable(&world, &shop, &payment).await);
        assert_eq!(letters(&world).await.len(), mails);
        turn_on(&world, &shop, ON_ISSUE).await;
    }
}

async fn an_automatic_payment_is_taken_in_hand_anew(world: World) {
    let shop = shop(&world, ON_ISSUE).await;
    shop.invoice(&world, 3000).await;
    let payment = begin(&world, &shop, &one(&world).await).await;
    let payments = world.store.payments();
    let first = payments.resume(world.now(), shop.tenant, payment.id).await.unwrap().resumed.unwrap();
    let later = first.plus_seconds(7 * 24 * 3600);
    assert_eq!(payments.resume(later, shop.tenant, payment.id).await.unwrap().resumed, Some(later));
}

async fn a_correction_needs_its_forms_token(world: World) {
    let shop = Shop::new(&world).await;
    let new = NewAdjustment { token: String::new(), credit: 5, reason: "x".into(), invoice: None };
    refusal(world.store.ledger().adjust(&world.change(), shop.tenant, &new).await, "token");
}

async fn a_token_is_of_one_wish(world: World) {
    let shop = Shop::new(&world).await;
    let invoice = shop.invoice(&world, 900).await;
    let (ledger, payments) = (world.store.ledger(), world.store.payments());
    let correction = NewAdjustment { token: "a".into(), credit: 5, reason: "x".into(), invoice: None };
    ledger.adjust(&world.change(), shop.tenant, &correction).await.unwrap();
    let other = NewAdjustment { credit: 6, ..correction };
    refusal(ledger.adjust(&world.change(), shop.tenant, &other).await, "token");
    shop.begin(&world, "b", None).await;
    refusal(payments.begin(&world.change(), shop.tenant, &shop.payment("b", Some(invoice))).await, "token");
    let other = NewPayment { pay_for: PayFor::Balance(2_000), ..shop.payment("b", None) };
    refusal(payments.begin(&world.change(), shop.tenant, &other).await, "token");
    let (_, payment) = shop.paid(&world, 1_000).await;
    let back = NewRefund { token: "c".into(), amount: 300, reason: "x".into(), owed_again: true };
    payments.begin_refund(&world.change(), shop.tenant, payment.id, &back).await.unwrap();
    let other = NewRefund { owed_again: false, ..back };
    refusal(payments.begin_refund(&world.change(), shop.tenant, payment.id, &other).await, "token");
}
