//! Payments: begun once per form and invoice, credited once, swept until they are decided.

use tandem_domain::{
    access::Scope,
    billing::{
        failure::{Failure, FailureKind},
        invoice::InvoiceState,
        payment::{Cause, IntentStatus, Mismatch, PaymentState, Snapshot},
        system::PaymentSystem,
    },
    ids::{InvoiceId, PaymentId},
    list::Query,
    mail::{MailKind, MailState},
};
use tandem_store::{
    outbox::MailFilters,
    payment_systems::Secret,
    payments::{Arrival, NewPayment, PayFor, PaymentFilters, Taken},
};
use uuid::Uuid;

use crate::{
    money::{Shop, card, cards, clean, declined, payer, said, state, take, word},
    world::{World, at_once, not_found, refusal},
};

on_both!(
    mary_pays_an_invoice_and_it_is_credited_once,
    one_form_begins_one_payment_however_often_it_is_sent,
    an_invoice_has_one_payment_under_way,
    two_tabs_and_a_double_click_at_the_same_moment_begin_one_payment,
    what_cannot_be_paid_is_not_begun,
    a_payment_is_known_by_one_name,
    an_answer_about_another_payment_credits_nothing,
    a_payment_is_credited_once_by_workers_at_the_same_moment,
    more_than_was_open_stays_with_the_customer,
    a_payment_that_the_processor_refuses_has_failed_and_can_be_begun_anew,
    its_history_tells_every_step_and_why,
    pending_payments_are_swept_by_one_at_a_time,
    what_was_paid_before_it_was_looked_at_again_is_looked_at_within_thirty_days,
    what_was_given_up_is_looked_at_first_and_at_once_when_its_system_may_answer_again,
    an_event_is_done_once_and_again_when_it_was_cut_off,
    payments_are_listed_and_found,
);

async fn mary_pays_an_invoice_and_it_is_credited_once(world: World) {
    let shop = Shop::new(&world).await;
    let mary = payer(&world, &shop, "Mary", "702").await;
    let invoice = shop.invoice(&world, 12_000).await;
    let new = NewPayment { payer: Some(mary), ..shop.payment("form", Some(invoice)) };
    let begun = world.store.payments().begin(&world.by("mary"), shop.tenant, &new).await.unwrap();
    assert!(begun.fresh && begun.payment.amount.minor == 12_000);
    let (waiting, _) = take(&world, &begun.payment, IntentStatus::RequiresAction).await;
    assert_eq!((waiting.state, shop.balance(&world).await), (PaymentState::RequiresAction, 12_000));
    let (paid, step) = take(&world, &waiting, IntentStatus::Succeeded).await;
    assert_eq!((paid.state, step.credit), (PaymentState::Succeeded, Some(begun.payment.amount)));
    for _ in 0..3 {
        let (_, again) = take(&world, &begun.payment, IntentStatus::Succeeded).await;
        assert_eq!(again.credit, None);
    }
    let read = world.store.invoices().one(shop.tenant, invoice).await.unwrap();
    assert_eq!((read.state, read.paid, read.paid_at.is_some()), (InvoiceState::Paid, 12_000, true));
    assert_eq!(shop.balance(&world).await, 0);
    let row = world.store.payments().one(shop.tenant, paid.id).await.unwrap();
    assert_eq!(
        (row.payer_name.as_str(), row.invoice_number, row.customer_name.as_str()),
        ("Mary", Some(read.number), "ABC")
    );
    // Mary, who paid, gets one receipt.
    let mails = world.store.outbox().list(&Query::default(), &MailFilters::default()).await.unwrap().rows;
    let [mail] = mails.as_slice() else { panic!("{mails:?}") };
    assert_eq!(
        (mail.kind, mail.recipient.as_str(), mail.account),
        (MailKind::PaymentReceipt, "mary@abc.example", Some(mary))
    );
    assert_eq!((mail.subject.as_str(), mail.state), ("Receipt for EUR 120.00 to Mary", MailState::Waiting));
    assert_eq!(clean(&world).await.payments, 1);
}

async fn one_form_begins_one_payment_however_often_it_is_sent(world: World) {
    let shop = Shop::new(&world).await;
    let lines = world.lines().await;
    let first = shop.begin(&world, "form", None).await;
    let second = shop.begin(&world, "form", None).await;
    assert!(first.fresh && !second.fresh);
    assert_eq!(first.payment, second.payment);
    assert!(shop.begin(&world, "another", None).await.fresh, "two of ten euros may be wanted");
    let told = world.told_since(lines).await;
    assert_eq!(told, vec![["EUR 10.00", "begun", "amount", "", "EUR 10.00"].map(String::from); 2]);
    take(&world, &first.payment, IntentStatus::Succeeded).await;
    let late = shop.begin(&world, "form", None).await;
    assert_eq!((late.fresh, late.payment.state), (false, PaymentState::Succeeded), "the back button");
    refusal(world.store.payments().begin(&world.change(), shop.tenant, &shop.payment("", None)).await, "token");
}

async fn an_invoice_has_one_payment_under_way(world: World) {
    let shop = Shop::new(&world).await;
    let invoice = shop.invoice(&world, 500).await;
    let first = shop.begin(&world, "tab one", Some(invoice)).await;
    let second = shop.begin(&world, "tab two", Some(invoice)).await;
    assert_eq!((second.fresh, second.payment.id), (false, first.payment.id));
    let open = world.store.payments().open_of_invoice(shop.tenant, invoice).await.unwrap();
    assert_eq!(open.map(|payment| payment.id), Some(first.payment.id));
    // A part of the invoice is paid another way meanwhile: the payment would be of too much.
    let part = tandem_store::ledger::NewAdjustment {
        token: "part".into(),
        credit: 100,
        reason: "Cash".into(),
        invoice: Some(invoice),
    };
    world.store.ledger().adjust(&world.change(), shop.tenant, &part).await.unwrap();
    let third = world.store.payments().begin(&world.change(), shop.tenant, &shop.payment("three", Some(invoice))).await;
    assert!(refusal(third, "invoice").starts_with("A payment of EUR 5.00 for this invoice is under way"));
    take(&world, &first.payment, IntentStatus::Canceled).await;
    let fourth = shop.begin(&world, "four", Some(invoice)).await;
    assert_eq!((fourth.fresh, fourth.payment.amount.minor), (true, 400));
    take(&world, &fourth.payment, IntentStatus::Succeeded).await;
    let fifth = world.store.payments().begin(&world.change(), shop.tenant, &shop.payment("five", Some(invoice))).await;
    assert_eq!(refusal(fifth, "invoice"), "This invoice is paid already.");
    clean(&world).await;
}

async fn two_tabs_and_a_double_click_at_the_same_moment_begin_one_payment(world: World) {
    let shop = Shop::new(&world).await;
    let invoice = shop.invoice(&world, 500).await;
    let begun = at_once((0..12).map(|n| {
        let (store, change, tenant) = (world.store.clone(), world.change(), shop.tenant);
        let new = shop.payment(&format!("tab {}", n % 3), (n % 2 == 0).then_some(invoice));
        let new = if n % 2 == 0 { new } else { NewPayment { token: "top-up".into(), ..new } };
        async move { (n % 2, store.payments().begin(&change, tenant, &new).await.unwrap()) }
    }))
    .await;
    for kind in [0, 1] {
        let of_kind: Vec<_> = begun.iter().filter(|(n, _)| *n == kind).map(|(_, begun)| begun).collect();
        assert_eq!(of_kind.iter().filter(|begun| begun.fresh).count(), 1);
        assert!(of_kind.iter().all(|begun| begun.payment.id == of_kind[0].payment.id));
    }
}

async fn what_cannot_be_paid_is_not_begun(world: World) {
    let shop = Shop::new(&world).await;
    let begin = async |new: NewPayment| world.store.payments().begin(&world.change(), shop.tenant, &new).await;
    let of = |minor| NewPayment { pay_for: PayFor::Balance(minor), ..shop.payment("form", None) };
    for minor in [0, -1, 49, 100_000_000, i64::MIN] {
        refusal(begin(of(minor)).await, "amount");
    }
    let small = shop.invoice(&world, 20).await;
    refusal(begin(shop.payment("small", Some(small))).await, "amount");
    not_found(begin(shop.payment("none", Some(InvoiceId(Uuid::nil())))).await);
    let dollars = world.store.payment_systems().create(&world.change(), &cards("Dollars", &["USD"])).await.unwrap();
    refusal(begin(NewPayment { system: dollars, ..of(100) }).await, "system");
    let off = tandem_domain::billing::system::PaymentSystem { active: false, ..cards("Off", &["EUR"]) };
    let off = world.store.payment_systems().create(&world.change(), &off).await.unwrap();
    refusal(begin(NewPayment { system: off, ..of(100) }).await, "system");
    assert_eq!(
        world
            .store
            .payments()
            .list(Scope::for_system(), &Query::default(), &PaymentFilters::default())
            .await
            .unwrap()
            .rows,
        []
    );
}

async fn a_payment_is_known_by_one_name(world: World) {
    let shop = Shop::new(&world).await;
    let [first, second] = [shop.begin(&world, "1", None).await.payment, shop.begin(&world, "2", None).await.payment];
    let payments = world.store.payments();
    payments.attach(first.id, "pi_a").await.unwrap();
    payments.attach(first.id, "pi_a").await.unwrap();
    refusal(payments.attach(first.id, "pi_b").await, "reference");
    refusal(payments.attach(second.id, "pi_a").await, "reference");
    not_found(payments.attach(PaymentId(Uuid::nil()), "pi_c").await);
    let found = payments.by_reference(shop.system, "pi_a").await.unwrap();
    assert_eq!(found.map(|payment| payment.id), Some(first.id));
    assert_eq!(payments.by_reference(shop.system, "pi_\0").await.unwrap(), None);
    assert_eq!(
        [payments.begin_attempt(first.id).await.unwrap(), payments.begin_attempt(first.id).await.unwrap()],
        [1, 2]
    );
    assert_eq!(
        (payments.get(first.id).await.unwrap().attempts, payments.get(second.id).await.unwrap().attempts),
        (2, 0)
    );
    // What the processor says of it names it as well, if it says whose it is.
    let (taken, _) = take(&world, &second, IntentStatus::Processing).await;
    assert_eq!(payments.by_reference(shop.system, &format!("pi_{}", second.id)).await.unwrap(), Some(taken));
}

async fn an_answer_about_another_payment_credits_nothing(world: World) {
    let shop = Shop::new(&world).await;
    let [first, second] = [shop.begin(&world, "1", None).await.payment, shop.begin(&world, "2", None).await.payment];
    let succeeded = || said(&world, &first, IntentStatus::Succeeded);
    for wrong in [
        Snapshot { metadata_payment: Some(second.id), ..succeeded() },
        Snapshot { metadata_payment: None, ..succeeded() },
        Snapshot { amount: 1, amount_received: 1, ..succeeded() },
        Snapshot { amount_received: 999, ..succeeded() },
    ] {
        let Taken::Mismatch { payment, .. } = word(&world, &first, &wrong).await else { panic!("taken: {wrong:?}") };
        assert_eq!(payment, first);
    }
    take(&world, &first, IntentStatus::Processing).await;
    let other = Snapshot { reference: "pi_other".into(), ..succeeded() };
    let taken = word(&world, &first, &other).await;
    assert!(matches!(taken, Taken::Mismatch { mismatch: Mismatch::Reference { .. }, .. }), "{taken:?}");
    assert_eq!((shop.balance(&world).await, clean(&world).await.transactions), (0, 0));
    not_found(
        world
            .store
            .payments()
            .take(&world.change(), Cause::Sweep, PaymentId(Uuid::nil()), &succeeded(), |_| None)
            .await,
    );
}

async fn a_payment_is_credited_once_by_workers_at_the_same_moment(world: World) {
    let shop = Shop::new(&world).await;
    let invoice = shop.invoice(&world, 1000).await;
    let payments = [shop.begin(&world, "1", Some(invoice)).await.payment, shop.begin(&world, "2", None).await.payment];
    let credited = at_once((0..16).map(|n| {
        let (store, change, payment) = (world.store.clone(), world.by("system"), payments[n % 2].clone());
        let refunded = if n < 4 { 0 } else { 400 };
        let said = Snapshot { amount_refunded: refunded, ..said(&world, &payment, IntentStatus::Succeeded) };
        async move {
            let taken = store.payments().take(&change, Cause::Webhook, payment.id, &said, |_| None).await.unwrap();
            let Taken::Step { step, .. } = taken else { panic!("{taken:?}") };
            (step.credit.map_or(0, |money| money.minor), step.refund.map_or(0, |money| money.minor))
        }
    }))
    .await;
    let sum = credited.iter().fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
    assert_eq!(sum, (2000, 800));
    assert_eq!(clean(&world).await.payments, 2);
    assert_eq!(shop.balance(&world).await, 1000 - 2000 + 800);
}

async fn more_than_was_open_stays_with_the_customer(world: World) {
    let shop = Shop::new(&world).await;
    let invoice = shop.invoice(&world, 1000).await;
    let gone = shop.begin(&world, "1", Some(invoice)).await.payment;
    take(&world, &gone, IntentStatus::Canceled).await;
    let payment = shop.begin(&world, "2", Some(invoice)).await.payment;
    take(&world, &payment, IntentStatus::Succeeded).await;
    // The first was captured all the same, as the processor says later.
    let (late, step) = take(&world, &gone, IntentStatus::Succeeded).await;
    assert_eq!((late.state, step.credit.is_some()), (PaymentState::Succeeded, true));
    assert_eq!((shop.balance(&world).await, shop.open(&world, invoice).await), (-1000, 0));
    let next = shop.invoice(&world, 600).await;
    assert_eq!((shop.balance(&world).await, shop.open(&world, next).await), (-400, 0));
    clean(&world).await;
}

async fn a_payment_that_the_processor_refuses_has_failed_and_can_be_begun_anew(world: World) {
    let shop = Shop::new(&world).await;
    let invoice = shop.invoice(&world, 1000).await;
    let first = shop.begin(&world, "1", Some(invoice)).await.payment;
    let failure = Failure::new(FailureKind::Other, "amount_too_small", "Amount must be at least …");
    let payments = world.store.payments();
    assert!(payments.give_up(&world.change(), first.id, &failure).await.unwrap());
    assert!(!payments.give_up(&world.change(), first.id, &failure).await.unwrap());
    let failed = payments.get(first.id).await.unwrap();
    assert_eq!((failed.state, failed.failure), (PaymentState::Failed, Some(failure.clone())));
    let second = shop.begin(&world, "2", Some(invoice)).await;
    assert!(second.fresh);
    payments.attach(second.payment.id, "pi_2").await.unwrap();
    refusal(payments.give_up(&world.change(), second.payment.id, &failure).await, "state");
    assert_eq!(payments.due_for_sweep(world.now().plus_seconds(100), 60, 10).await.unwrap().len(), 1);
}

async fn its_history_tells_every_step_and_why(world: World) {
    let shop = Shop::new(&world).await;
    let payment = shop.begin(&world, "1", None).await.payment;
    let wrong = Snapshot {
        failure: declined(FailureKind::InsufficientFunds),
        ..said(&world, &payment, IntentStatus::RequiresPaymentMethod)
    };
    word(&world, &payment, &wrong).await;
    word(&world, &payment, &Snapshot { asked: world.now(), ..wrong.clone() }).await;
    take(&world, &payment, IntentStatus::RequiresAction).await;
    word(&world, &payment, &wrong).await;
    take(&world, &payment, IntentStatus::Succeeded).await;
    let told = world.store.payments().transitions(shop.tenant, payment.id).await.unwrap();
    let steps: Vec<_> = told.iter().map(|step| (step.from, step.to, step.cause, step.failure.is_some())).collect();
    use PaymentState as State;
    assert_eq!(
        steps,
        [
            (None, State::Created, Cause::Api, false),
            (Some(State::Created), State::RequiresPaymentMethod, Cause::Webhook, true),
            (Some(State::RequiresPaymentMethod), State::RequiresAction, Cause::Webhook, false),
            (Some(State::RequiresAction), State::Succeeded, Cause::Webhook, false),
        ]
    );
    assert_eq!((told[0].by.as_str(), told[0].by_staff, told[3].by.as_str()), ("admin", true, "system"));
}

async fn what_was_paid_before_it_was_looked_at_again_is_looked_at_within_thirty_days(world: World) {
    const DAY: i64 = 24 * 60 * 60;
    let shop = Shop::new(&world).await;
    for n in 0..40 {
        let payment = shop.begin(&world, &n.to_string(), None).await.payment;
        take(&world, &payment, IntentStatus::Succeeded).await;
    }
    let last = world.now();
    let migration = include_str!("../../../../migrations/20261130000001_payments_again.sql");
    let (_, rest) = migration.split_once("UPDATE payment").unwrap();
    let update = format!("UPDATE payment{}", rest.split_once(';').unwrap().0);
    assert!(crate::ledger::run(&world.url, &update).await);
    let payments = world.store.payments();
    let mut most = 0;
    let mut looked = 0;
    for day in 1..=30 {
        let now = last.plus_seconds(day * DAY);
        let looks = payments.due_for_look(now, 60, 100).await.unwrap();
        (most, looked) = (most.max(looks.len()), looked + looks.len());
        for look in &looks {
            payments.looked(now, look).await.unwrap();
        }
    }
    assert_eq!(looked, 40, "each once, and then thirty days later");
    assert!(most < 8, "{most} on one day");
}

async fn what_was_given_up_is_looked_at_first_and_at_once_when_its_system_may_answer_again(world: World) {
    let shop = Shop::new(&world).await;
    let (payments, systems) = (world.store.payments(), world.store.payment_systems());
    let begun = |token: &'static str| shop.begin(&world, token, None);
    let (paid, given_up, decided) = (begun("1").await.payment, begun("2").await.payment, begun("3").await.payment);
    take(&world, &paid, IntentStatus::Succeeded).await;
    for payment in [&given_up, &decided] {
        payments.give_up_unheard(&world.change(), shop.tenant, payment.id, "Closed there").await.unwrap();
    }
    let looked_at = async |now| {
        let looks = payments.due_for_look(now, 60, 10).await.unwrap();
        let ids: Vec<PaymentId> = looks.iter().map(|look| look.payment.id).collect();
        (looks, ids)
    };
    let mut now = world.now().plus_seconds(4_000);
    let (looks, ids) = looked_at(now).await;
    assert_eq!(ids, [given_up.id, decided.id, paid.id]);
    payments.look_no_more(&looks[1]).await.unwrap();
    // It does not answer, is put off, and that is no look.
    payments.look_later(now.plus_seconds(3_600), &looks[0]).await.unwrap();
    payments.looked(now, &looks[2]).await.unwrap();
    assert_eq!(looked_at(now.plus_seconds(3_599)).await.1, []);
    now = now.plus_seconds(3_600);
    assert_eq!(looked_at(now).await.1, [given_up.id]);
    // Until it is looked at no more.
    for _ in 0..20 {
        now = now.plus_seconds(31 * 24 * 60 * 60);
        for look in looked_at(now).await.0 {
            payments.looked(now, &look).await.unwrap();
        }
    }
    assert_eq!(looked_at(now.plus_seconds(400 * 24 * 60 * 60)).await.1, []);
    let until_no_more = async || {
        let (looks, ids) = looked_at(world.now()).await;
        assert_eq!(ids, [given_up.id]);
        payments.look_later(now.plus_seconds(1_000_000_000), &looks[0]).await.unwrap();
    };
    systems.set_secret(&world.change(), shop.system, Secret::Credentials, b"sealed").await.unwrap();
    until_no_more().await;
    systems.set_secret(&world.change(), shop.system, Secret::Webhook, b"sealed").await.unwrap();
    systems.replace_secret(&world.change(), shop.system, Secret::Credentials, b"sealed", b"anew").await.unwrap();
    assert_eq!(looked_at(world.now()).await.1, [], "it is the same key");
    systems.set_credentials(&world.change(), shop.system, b"sealed", Some("acct_1")).await.unwrap();
    until_no_more().await;
    for (active, is_looked_at) in [(false, false), (true, true)] {
        let old = systems.get(shop.system).await.unwrap();
        let system = PaymentSystem { active, ..old.value };
        systems.update(&world.change(), shop.system, old.version, &system).await.unwrap();
        if is_looked_at {
            until_no_more().await;
        } else {
            assert_eq!(looked_at(world.now()).await.1, []);
        }
    }
}

async fn pending_payments_are_swept_by_one_at_a_time(world: World) {
    let shop = Shop::new(&world).await;
    let mut begun = Vec::new();
    for n in 0..6 {
        begun.push(shop.begin(&world, &n.to_string(), None).await.payment);
    }
    take(&world, &begun[0], IntentStatus::Succeeded).await;
    take(&world, &begun[1], IntentStatus::Canceled).await;
    let payments = world.store.payments();
    let now = world.now();
    assert_eq!(payments.due_for_sweep(now, 60, 10).await.unwrap(), [], "they have just been begun");
    let later = now.plus_seconds(120);
    let swept = at_once((0..4).map(|_| {
        let store = world.store.clone();
        async move { store.payments().due_for_sweep(later, 60, 3).await.unwrap() }
    }))
    .await;
    let mut ids: Vec<PaymentId> = swept.into_iter().flatten().map(|payment| payment.id).collect();
    // One that looks while another has some may find none.
    ids.extend(payments.due_for_sweep(later, 60, 3).await.unwrap().into_iter().map(|payment| payment.id));
    ids.sort();
    assert_eq!(ids, begun[2..].iter().map(|payment| payment.id).collect::<Vec<_>>());
    assert_eq!(
        payments.due_for_sweep(later.plus_seconds(60), 60, 10).await.unwrap().len(),
        4,
        "those who took them died"
    );
}

async fn an_event_is_done_once_and_again_when_it_was_cut_off(world: World) {
    let shop = Shop::new(&world).await;
    let payments = world.store.payments();
    let arrived = async |event: &str| payments.event_arrived(world.now(), shop.system, event, "x").await.unwrap();
    assert_eq!(arrived("evt_1").await, Arrival::New);
    assert_eq!(arrived("evt_1").await, Arrival::Again, "nobody said that it is done");
    payments.event_done(world.now(), shop.system, "evt_1").await.unwrap();
    assert_eq!((arrived("evt_1").await, arrived("evt_2").await), (Arrival::Done, Arrival::New));
    let other = world.store.payment_systems().create(&world.change(), &cards("Other", &["USD"])).await.unwrap();
    assert_eq!(payments.event_arrived(world.now(), other, "evt_1", "x").await.unwrap(), Arrival::New);
    let odd = format!("evt\0{}", "x".repeat(10_000));
    assert_eq!(arrived(&odd).await, Arrival::New);
    payments.event_done(world.now(), shop.system, &odd).await.unwrap();
    assert_eq!(arrived(&odd).await, Arrival::Done);
    world.store.sweep(world.now().plus_seconds(41 * 24 * 3600)).await.unwrap();
    assert_eq!(arrived("evt_1").await, Arrival::New, "forgotten");
}

async fn payments_are_listed_and_found(world: World) {
    let shop = Shop::new(&world).await;
    let (invoice, paid) = shop.paid(&world, 12_000).await;
    let open = shop.begin(&world, "open", None).await.payment;
    let with_card = Snapshot { method: Some(card("pm_1")), ..said(&world, &open, IntentStatus::Processing) };
    word(&world, &open, &with_card).await;
    let listed = async |search: &str, filters: PaymentFilters| {
        let query = Query { search: search.into(), ..Query::default() };
        let page = world.store.payments().list(Scope::of(shop.tenant), &query, &filters).await.unwrap();
        page.rows.into_iter().map(|row| row.payment.id).collect::<Vec<_>>()
    };
    let none = PaymentFilters::default();
    assert_eq!(listed("", none).await, [open.id, paid.id]);
    assert_eq!(listed("inv-000001", none).await, [paid.id]);
    assert_eq!(listed("visa 4242", none).await, [open.id]);
    assert_eq!(listed(&format!("pi_{}", paid.id), none).await, [paid.id]);
    assert_eq!(listed("", PaymentFilters { state: Some(PaymentState::Processing), ..none }).await, [open.id]);
    assert_eq!(listed("", PaymentFilters { invoice: Some(invoice), ..none }).await, [paid.id]);
    assert_eq!(listed("", PaymentFilters { from: Some(open.created), ..none }).await, [open.id]);
    assert_eq!(state(&world.store, paid.id).await, PaymentState::Succeeded);
    let row = world.store.payments().one(shop.tenant, open.id).await.unwrap();
    assert_eq!((row.card.as_str(), row.invoice_number), ("Visa •••• 4242", None));
}
