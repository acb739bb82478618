//! Automatic payment: charged once per event, by one worker, and turned off with one e-mail.

use std::collections::BTreeSet;

use tandem_domain::{
    billing::{
        auto_payment::{AutoPaymentState, AutoPaymentTerms, ChargeKind, ChargeState, DisabledReason, OnInvoice},
        failure::FailureKind,
        invoice::NewInvoice,
        payment::{IntentStatus, Payment, PaymentState, Snapshot},
    },
    ids::{ChargeId, InvoiceId, Timestamp, Version},
    list::Query,
    locale::TimeZone,
    mail::MailKind,
};
use tandem_store::{
    Letter, MoneyReader,
    auto_payments::{Claimed, Standing},
    ledger::NewAdjustment,
    outbox::{MailFilters, MailRow},
    payments::{NewPayment, PayFor},
};
use uuid::Uuid;

use crate::{
    money::{Shop, bill, card, clean, company, declined, give_back, said, take, word},
    world::{World, at_once, refusal, stale},
};

on_both!(
    it_becomes_available_after_a_payment_in_person,
    an_issued_invoice_is_charged_once,
    a_due_invoice_is_charged_where_it_is_due,
    invoices_that_are_not_due_yet_hide_none_of_another_zone,
    an_invoice_that_is_being_charged_is_not_charged_for_its_day_too,
    a_balance_beyond_the_threshold_is_topped_up_once_for_each_thing_that_is_charged,
    charges_are_one_workers_at_a_time,
    who_has_many_charges_keeps_nobody_waiting,
    a_declined_charge_is_tried_again_and_a_lost_one_is_no_failure,
    a_charge_that_needs_verification_turns_it_off_with_one_mail,
    a_charge_whose_invoice_was_paid_meanwhile_turns_nothing_off,
    the_resumed_payment_is_the_same_and_does_not_turn_it_on_again,
    a_charge_ends_when_there_is_nothing_to_charge,
    nobody_is_charged_for_what_was_refunded,
    it_is_not_saved_over_another_version,
);

pub const ON_ISSUE: AutoPaymentTerms =
    AutoPaymentTerms { on_invoice: OnInvoice::OnIssue, threshold: None, top_up: None };
pub const ON_DUE: AutoPaymentTerms = AutoPaymentTerms { on_invoice: OnInvoice::OnDueDate, ..ON_ISSUE };

/// A shop whose customer has automatic payment on, and a proven card.
pub async fn shop(world: &World, terms: AutoPaymentTerms) -> Shop {
    let shop = Shop::new(world).await;
    shop.proven_card(world).await;
    turn_on(world, &shop, terms).await;
    shop
}

pub async fn turn_on(world: &World, shop: &Shop, terms: AutoPaymentTerms) {
    let auto = world.store.auto_payments();
    let version = auto.get(shop.tenant).await.unwrap().version;
    auto.save(&world.change(), shop.tenant, version, &terms, true).await.unwrap();
}

pub async fn claim(world: &World, now: Timestamp) -> Vec<Claimed> {
    world.store.auto_payments().claim(now, 60, 100).await.unwrap()
}

/// The one charge that is due.
pub async fn one(world: &World) -> Claimed {
    let [claimed] = claim(world, world.now()).await.try_into().unwrap();
    claimed
}

/// The payment of a charge, begun as a worker does.
pub async fn begin(world: &World, shop: &Shop, claimed: &Claimed) -> Payment {
    let charge = &claimed.charge;
    let pay_for = match (charge.invoice, charge.amount) {
        (Some(invoice), _) => PayFor::Invoice(invoice),
        (None, Some(amount)) => PayFor::Balance(amount.minor),
        (None, None) => panic!("{charge:?}"),
    };
    let method = world.store.payment_methods().default_of(shop.tenant).await.unwrap().map(|method| method.id);
    let token = charge.id.to_string();
    let new = NewPayment { pay_for, method, off_session: true, charge: Some(charge.id), ..shop.payment(&token, None) };
    world.store.payments().begin(&world.by("system"), shop.tenant, &new).await.unwrap().payment
}

pub async fn decline(world: &World, payment: &Payment, kind: FailureKind) {
    let said = Snapshot { failure: declined(kind), ..said(world, payment, IntentStatus::RequiresPaymentMethod) };
    word(world, payment, &said).await;
}

pub async fn disable(world: &World, shop: &Shop, payment: &Payment) -> bool {
    let letter = |reader: &MoneyReader| Letter {
        subject: format!("{}, your payment needs verification", reader.name),
        text: format!("/self-care/payments/{}/resume", payment.id),
        html: String::new(),
    };
    let reason = DisabledReason::AuthenticationRequired;
    let auto = world.store.auto_payments();
    let charge = charge_of(world, payment).await;
    auto.disable(&world.by("system"), shop.tenant, reason, charge, Some(payment.id), letter).await.unwrap()
}

/// The charge of a payment; one that never was when it has ended.
async fn charge_of(world: &World, payment: &Payment) -> ChargeId {
    let open = world.store.auto_payments().charge_of(payment.id).await.unwrap();
    open.map_or(ChargeId(Uuid::nil()), |claimed| claimed.charge.id)
}

pub async fn letters(world: &World) -> Vec<MailRow> {
    let filters = MailFilters { kind: Some(MailKind::AutoPaymentFailed), ..MailFilters::default() };
    world.store.outbox().list(&Query::default(), &filters).await.unwrap().rows
}

async fn auto_state(world: &World, shop: &Shop) -> AutoPaymentState {
    world.store.auto_payments().get(shop.tenant).await.unwrap().state
}

async fn it_becomes_available_after_a_payment_in_person(world: World) {
    let shop = Shop::new(&world).await;
    let auto = world.store.auto_payments();
    let save = async |on: bool, terms: AutoPaymentTerms| {
        let version = auto.get(shop.tenant).await.unwrap().version;
        auto.save(&world.change(), shop.tenant, version, &terms, on).await
    };
    assert_eq!(
        refusal(save(true, ON_ISSUE).await, "on"),
        "Pay once with your default card first; then it can be charged automatically."
    );
    let methods = world.store.payment_methods();
    let setup = methods.begin_setup(&world.change(), shop.tenant, shop.system, "s").await.unwrap();
    methods.setup_succeeded(&world.change(), setup.id, &card("pm_1")).await.unwrap();
    refusal(save(true, ON_ISSUE).await, "on");
    assert_eq!(save(false, ON_ISSUE).await.unwrap(), Version(1), "what is wanted can be said before");
    shop.proven_card(&world).await;
    assert_eq!(save(true, ON_ISSUE).await.unwrap(), Version(2));
    refusal(save(true, AutoPaymentTerms::default()).await, "on_invoice");
    let lines = world.lines().await;
    assert_eq!(save(false, ON_ISSUE).await.unwrap(), Version(3));
    assert_eq!(world.told_since(lines).await, [["ABC", "changed", "auto_payment", "on", "off"].map(String::from)]);
    assert_eq!(auto_state(&world, &shop).await, AutoPaymentState::Off);
}

async fn an_issued_invoice_is_charged_once(world: World) {
    let shop = shop(&world, ON_ISSUE).await;
    // Ten euros of credit are there from proving the card: the first invoice takes them.
    let invoice = shop.invoice(&world, 3000).await;
    let claimed = one(&world).await;
    assert_eq!(
        (claimed.charge.kind, claimed.charge.invoice, claimed.charge.attempt),
        (ChargeKind::Issue, Some(invoice), 1)
    );
    let payment = begin(&world, &shop, &claimed).await;
    assert_eq!((payment.amount.minor, payment.off_session), (2000, true));
    assert_eq!(begin(&world, &shop, &claimed).await.id, payment.id, "after a crash");
    take(&world, &payment, IntentStatus::Succeeded).await;
    assert_eq!((shop.open(&world, invoice).await, shop.balance(&world).await), (0, 0));
    assert_eq!(claim(&world, world.now().plus_seconds(10_000)).await, []);
    clean(&world).await;
}

async fn a_due_invoice_is_charged_where_it_is_due(world: World) {
    let shop = shop(&world, ON_DUE).await;
    let due = |due_on: &str| NewInvoice { due_on: due_on.into(), ..bill(2000) };
    let issue = async |token: &str, new: NewInvoice| {
        world.store.invoices().issue(&world.change(), shop.tenant, token, &new).await.unwrap()
    };
    let first: InvoiceId = issue("a", due("2026-01-01")).await;
    issue("b", due("2026-01-02")).await;
    issue("c", due("2026-02-02")).await;
    let auto = world.store.auto_payments();
    let note = async |today: &'static str| {
        let today = |zone: &TimeZone| {
            assert_eq!(zone.as_str(), "Europe/Brussels");
            today.to_owned()
        };
        auto.note_due(world.now(), 100, today).await.unwrap()
    };
    assert_eq!((note("2025-12-31").await, note("2026-01-01").await, note("2026-01-01").await), (0, 1, 0));
    let claimed = one(&world).await;
    assert_eq!((claimed.charge.kind, claimed.charge.invoice), (ChargeKind::Due, Some(first)));
    turn_off(&world, &shop).await;
    assert_eq!(note("2026-01-02").await, 0, "it is off");
}

async fn invoices_that_are_not_due_yet_hide_none_of_another_zone(world: World) {
    let shop = shop(&world, ON_DUE).await;
    let tokyo = another(&world, &shop, 0).await;
    turn_on(&world, &tokyo, ON_DUE).await;
    let mut customer = world.store.customers().get(tokyo.tenant).await.unwrap();
    customer.value.time_zone = "Asia/Tokyo".parse().unwrap();
    let customers = world.store.customers();
    customers.update(tokyo.tenant, customer.version, &customer.value, &world.change()).await.unwrap();
    let due_tomorrow = NewInvoice { due_on: "2026-01-02".into(), ..bill(2000) };
    let issue = async |shop: &Shop, token: &str| {
        world.store.invoices().issue(&world.change(), shop.tenant, token, &due_tomorrow).await.unwrap()
    };
    for n in 0..5 {
        issue(&shop, &format!("brussels {n}")).await;
    }
    let there = issue(&tokyo, "tokyo").await;
    // Where the sun rises first it is tomorrow.
    let today = |zone: &TimeZone| if zone.as_str() == "Asia/Tokyo" { "2026-01-02" } else { "2026-01-01" }.to_owned();
    let auto = world.store.auto_payments();
    let now = world.now().plus_seconds(24 * 3600);
    let note = async || auto.note_due(now, 2, today).await.unwrap();
    assert_eq!((note().await, note().await), (1, 0));
    let charged: Vec<_> = claim(&world, now).await.into_iter().map(|claimed| claimed.charge.invoice).collect();
    assert_eq!(charged, [Some(there)]);
    let everywhere = async || auto.note_due(now, 2, |_| "2026-01-02".into()).await.unwrap();
    assert_eq!([everywhere().await, everywhere().await, everywhere().await, everywhere().await], [2, 2, 1, 0]);
}

async fn an_invoice_that_is_being_charged_is_not_charged_for_its_day_too(world: World) {
    let shop = shop(&world, ON_ISSUE).await;
    let invoice = shop.invoice(&world, 3000).await;
    let claimed = one(&world).await;
    turn_on(&world, &shop, ON_DUE).await;
    let auto = world.store.auto_payments();
    let note =
        async || auto.note_due(world.now().plus_seconds(100 * 24 * 3600), 100, |_| "2026-04-30".into()).await.unwrap();
    assert_eq!(note().await, 0);
    // It was not wanted any more when its card was about to be charged.
    assert_eq!(auto.charge_stands(&claimed).await.unwrap(), Standing::Over(ChargeState::Cancelled));
    assert_eq!((note().await, note().await), (1, 0));
    let [due] = claim(&world, world.now().plus_seconds(101 * 24 * 3600)).await.try_into().unwrap();
    let due = due.charge;
    assert_eq!((due.kind, due.invoice), (ChargeKind::Due, Some(invoice)));
}

pub async fn turn_off(world: &World, shop: &Shop) {
    let auto = world.store.auto_payments();
    let old = auto.get(shop.tenant).await.unwrap();
    auto.save(&world.change(), shop.tenant, old.version, &old.terms, false).await.unwrap();
}

async fn a_balance_beyond_the_threshold_is_topped_up_once_for_each_thing_that_is_charged(world: World) {
    let terms = AutoPaymentTerms { on_invoice: OnInvoice::Never, threshold: Some(500), top_up: Some(1000) };
    let shop = shop(&world, terms).await;
    let top_up = async |left: i64| {
        let claimed = one(&world).await;
        assert_eq!((claimed.charge.kind, claimed.charge.amount.unwrap().minor), (ChargeKind::Threshold, 1000));
        let payment = begin(&world, &shop, &claimed).await;
        take(&world, &payment, IntentStatus::Succeeded).await;
        assert_eq!(shop.balance(&world).await, left);
        assert_eq!(claim(&world, world.now()).await, [], "a payment calls for no other one");
    };
    // Ten euros of credit; at most five may be owed.
    shop.invoice(&world, 1500).await;
    assert_eq!(claim(&world, world.now()).await, [], "five euros are owed");
    shop.invoice(&world, 1100).await;
    shop.invoice(&world, 1900).await;
    top_up(2500).await;
    // Neither does one that the customer makes, nor what an administrator gives.
    let by_hand = shop.begin(&world, "by hand", None).await.payment;
    take(&world, &by_hand, IntentStatus::Succeeded).await;
    let given = NewAdjustment { token: "gift".into(), credit: 100, reason: "Goodwill".into(), invoice: None };
    world.store.ledger().adjust(&world.change(), shop.tenant, &given).await.unwrap();
    assert_eq!((shop.balance(&world).await, claim(&world, world.now()).await), (1400, vec![]));
    // What is charged next does.
    shop.invoice(&world, 200).await;
    top_up(600).await;
    // Turned on when it is beyond already.
    turn_off(&world, &shop).await;
    shop.invoice(&world, 2000).await;
    assert_eq!(claim(&world, world.now()).await, []);
    turn_on(&world, &shop, terms).await;
    top_up(1600).await;
    clean(&world).await;
}

/// Another company at the same payment system, whose invoices are charged as they are issued.
async fn another(world: &World, first: &Shop, n: u8) -> Shop {
    let tenant = company(world, &format!("Firm{}", char::from(b'A' + n))).await;
    let shop = Shop { tenant, system: first.system };
    let payment = shop.begin(world, "card", None).await.payment;
    let proof = Snapshot { method: Some(card(&format!("pm_{n}"))), ..said(world, &payment, IntentStatus::Succeeded) };
    word(world, &payment, &proof).await;
    turn_on(world, &shop, ON_ISSUE).await;
    shop
}

async fn who_has_many_charges_keeps_nobody_waiting(world: World) {
    let first = Shop::new(&world).await;
    let (busy, other) = (another(&world, &first, 0).await, another(&world, &first, 1).await);
    for _ in 0..5 {
        busy.invoice(&world, 2000).await;
    }
    other.invoice(&world, 2000).await;
    let auto = world.store.auto_payments();
    let claimed = auto.claim(world.now(), 60, 2).await.unwrap();
    let of: Vec<_> = claimed.iter().map(|claimed| claimed.charge.customer).collect();
    assert_eq!(of, [busy.tenant.customer(), other.tenant.customer()], "one of each, the oldest first");
    assert_eq!(auto.claim(world.now(), 60, 2).await.unwrap(), [], "one after the other");
}

async fn charges_are_one_workers_at_a_time(world: World) {
    let first = Shop::new(&world).await;
    for n in 0..20 {
        let shop = another(&world, &first, n).await;
        shop.invoice(&world, 2000).await;
    }
    let now = world.now();
    let claimed = at_once((0..6).map(|_| {
        let store = world.store.clone();
        async move {
            let mut mine = Vec::new();
            for _ in 0..12 {
                mine.extend(store.auto_payments().claim(now, 60, 3).await.unwrap());
            }
            mine
        }
    }))
    .await;
    let ids: Vec<ChargeId> = claimed.into_iter().flatten().map(|claimed| claimed.charge.id).collect();
    assert_eq!((ids.len(), ids.iter().collect::<BTreeSet<_>>().len()), (20, 20));
    let auto = world.store.auto_payments();
    assert_eq!(auto.next_due().await.unwrap(), Some(now.plus_seconds(60)));
    assert_eq!(auto.claim(now.plus_seconds(60), 60, 100).await.unwrap().len(), 20, "those who had them died");
}

async fn a_declined_charge_is_tried_again_and_a_lost_one_is_no_failure(world: World) {
    let shop = shop(&world, ON_ISSUE).await;
    let invoice = shop.invoice(&world, 3000).await;
    let auto = world.store.auto_payments();
    let lost = one(&world).await;
    let now = world.now().plus_seconds(60);
    let [first] = claim(&world, now).await.try_into().unwrap();
    assert_eq!((first.charge.id, first.charge.attempt), (lost.charge.id, 1), "who had it died");
    let payment = begin(&world, &shop, &first).await;
    decline(&world, &payment, FailureKind::InsufficientFunds).await;
    let tomorrow = now.plus_seconds(24 * 3600);
    assert!(!auto.retry_at(&lost, tomorrow, "late").await.unwrap(), "it is another's now");
    assert!(auto.retry_at(&first, tomorrow, "insufficient_funds").await.unwrap());
    assert!(!auto.retry_at(&first, tomorrow, "twice").await.unwrap());
    assert_eq!(
        (claim(&world, tomorrow.plus_seconds(-1)).await, auto.next_due().await.unwrap()),
        (vec![], Some(tomorrow))
    );
    let [second] = claim(&world, tomorrow).await.try_into().unwrap();
    assert_eq!((second.charge.attempt, second.charge.payment), (2, Some(payment.id)));
    assert_eq!(begin(&world, &shop, &second).await.id, payment.id, "one payment, however often it is tried");
    // The bank takes its time.
    assert!(auto.wait_until(&second, tomorrow.plus_seconds(600), "processing").await.unwrap());
    let [third] = claim(&world, tomorrow.plus_seconds(600)).await.try_into().unwrap();
    assert_eq!(third.charge.attempt, 2, "to wait is no failure");
    assert_eq!(auto.charge_of(payment.id).await.unwrap(), Some(third));
    take(&world, &payment, IntentStatus::Succeeded).await;
    assert_eq!((auto.charge_of(payment.id).await.unwrap(), shop.open(&world, invoice).await), (None, 0));
    clean(&world).await;
}

async fn a_charge_that_needs_verification_turns_it_off_with_one_mail(world: World) {
    let shop = shop(&world, ON_ISSUE).await;
    shop.invoice(&world, 3000).await;
    let other = shop.invoice(&world, 2000).await;
    let claimed = one(&world).await;
    let payment = begin(&world, &shop, &claimed).await;
    decline(&world, &payment, FailureKind::AuthenticationRequired).await;
    let lines = world.lines().await;
    assert!(disable(&world, &shop, &payment).await);
    assert!(!disable(&world, &shop, &payment).await, "the webhook tells it as well");
    let again = at_once((0..4).map(|_| {
        let (store, change, tenant, id) = (world.store.clone(), world.by("system"), shop.tenant, payment.id);
        let charge = claimed.charge.id;
        let letter = |_: &MoneyReader| Letter { subject: "again".into(), text: String::new(), html: String::new() };
        async move {
            let reason = DisabledReason::Declined;
            store.auto_payments().disable(&change, tenant, reason, charge, Some(id), letter).await.unwrap()
        }
    }));
    assert_eq!(again.await, [false; 4]);
    let auto = world.store.auto_payments().get(shop.tenant).await.unwrap();
    assert_eq!(auto.state, AutoPaymentState::Disabled(DisabledReason::AuthenticationRequired));
    assert_eq!(auto.failed_payment, Some(payment.id));
    let [mail] = letters(&world).await.try_into().unwrap();
    assert_eq!((mail.recipient.as_str(), mail.account), ("office@abc.example", None));
    assert_eq!(mail.subject, "ABC, your payment needs verification");
    let told = world.told_since(lines).await;
    assert_eq!(told[0], ["ABC", "disabled", "auto_payment", "on", "disabled"].map(String::from));
    assert_eq!(told[1], ["ABC", "disabled", "reason", "", "authentication_required"].map(String::from));
    // The other charge is called off, and new invoices are not charged.
    shop.invoice(&world, 100).await;
    assert_eq!(claim(&world, world.now().plus_seconds(1_000_000)).await, []);
    assert_eq!(shop.open(&world, other).await, 2000);
    // Sent, it is in the customer's mailbox.
    let outbox = world.store.outbox();
    while let Some(mail) = outbox.claim(world.now(), 60).await.unwrap() {
        outbox.sent(&mail, world.now()).await.unwrap();
    }
    let box_of = outbox.of_customer(shop.tenant, &Query::default()).await.unwrap().rows;
    assert!(box_of.iter().any(|row| row.id == mail.id));
    let read = outbox.one_of_customer(shop.tenant, mail.id).await.unwrap();
    assert_eq!(read.text, format!("/self-care/payments/{}/resume", payment.id));
    crate::world::not_found(outbox.one_of_customer(crate::money::company(&world, "Panda").await, mail.id).await);
}

async fn a_charge_whose_invoice_was_paid_meanwhile_turns_nothing_off(world: World) {
    let shop = shop(&world, ON_ISSUE).await;
    let invoice = shop.invoice(&world, 3000).await;
    let claimed = one(&world).await;
    let payment = begin(&world, &shop, &claimed).await;
    // A bank transfer, while the card's bank says no.
    let transfer = NewAdjustment {
        token: "transfer".into(),
        credit: 2000,
        reason: "Bank transfer".into(),
        invoice: Some(invoice),
    };
    world.store.ledger().adjust(&world.change(), shop.tenant, &transfer).await.unwrap();
    decline(&world, &payment, FailureKind::AuthenticationRequired).await;
    let letter = |_: &MoneyReader| panic!("nobody is written to");
    let reason = DisabledReason::AuthenticationRequired;
    let auto = world.store.auto_payments();
    let (change, charge) = (world.by("system"), claimed.charge.id);
    assert!(!auto.disable(&change, shop.tenant, reason, charge, Some(payment.id), letter).await.unwrap());
    assert_eq!((auto_state(&world, &shop).await, letters(&world).await), (AutoPaymentState::On, vec![]));
}

async fn the_resumed_payment_is_the_same_and_does_not_turn_it_on_again(world: World) {
    let shop = shop(&world, ON_ISSUE).await;
    let invoice = shop.invoice(&world, 3000).await;
    let payment = begin(&world, &shop, &one(&world).await).await;
    decline(&world, &payment, FailureKind::AuthenticationRequired).await;
    disable(&world, &shop, &payment).await;
    let payments = world.store.payments();
    let resumed = payments.resume(world.now(), shop.tenant, payment.id).await.unwrap();
    assert!(resumed.is_in_person() && resumed.id == payment.id);
    let page = shop.begin(&world, "the invoice's page", Some(invoice)).await;
    assert_eq!((page.fresh, page.payment.id), (false, payment.id), "whichever way the customer comes");
    let (paid, _) = take(&world, &payment, IntentStatus::Succeeded).await;
    assert_eq!((paid.state, shop.open(&world, invoice).await), (PaymentState::Succeeded, 0));
    assert_eq!(auto_state(&world, &shop).await, AutoPaymentState::Disabled(DisabledReason::AuthenticationRequired));
    turn_on(&world, &shop, ON_ISSUE).await;
    let on = world.store.auto_payments().get(shop.tenant).await.unwrap();
    assert_eq!((on.state, on.failed_payment), (AutoPaymentState::On, None));
    assert_eq!(payments.resume(world.now(), shop.tenant, payment.id).await.unwrap().resumed, resumed.resumed);
    clean(&world).await;
}

async fn a_charge_ends_when_there_is_nothing_to_charge(world: World) {
    let shop = shop(&world, ON_ISSUE).await;
    // The credit of ten euros pays this one.
    shop.invoice(&world, 1000).await;
    assert_eq!(claim(&world, world.now()).await, []);
    let withdrawn = shop.invoice(&world, 500).await;
    world.store.invoices().void(&world.change(), shop.tenant, withdrawn, "").await.unwrap();
    assert_eq!(claim(&world, world.now()).await, []);
    // Paid in person before the worker came.
    let invoice = shop.invoice(&world, 700).await;
    let payment = shop.begin(&world, "form", Some(invoice)).await.payment;
    take(&world, &payment, IntentStatus::Succeeded).await;
    assert_eq!(claim(&world, world.now()).await, []);
    shop.invoice(&world, 900).await;
    turn_off(&world, &shop).await;
    assert_eq!(
        (claim(&world, world.now()).await, world.store.auto_payments().next_due().await.unwrap()),
        (vec![], None)
    );
}

async fn nobody_is_charged_for_what_was_refunded(world: World) {
    let shop = shop(&world, ON_DUE).await;
    let (invoice, payment) = shop.paid(&world, 3000).await;
    give_back(&world, &payment, 2000).await;
    assert_eq!(shop.open(&world, invoice).await, 2000);
    let auto = world.store.auto_payments();
    let later = world.now().plus_seconds(100 * 24 * 3600);
    assert_eq!(auto.note_due(later, 100, |_| "2026-04-30".into()).await.unwrap(), 0);
}

async fn it_is_not_saved_over_another_version(world: World) {
    let shop = shop(&world, ON_ISSUE).await;
    let auto = world.store.auto_payments();
    auto.save(&world.by("abc"), shop.tenant, Version(1), &ON_DUE, true).await.unwrap();
    let late = stale(auto.save(&world.change(), shop.tenant, Version(1), &ON_ISSUE, false).await);
    assert_eq!((late.version, late.by.as_str()), (Version(2), "abc"));
    assert_eq!(late.changes, [crate::world::changed("on_invoice", "on_issue", "on_due_date")]);
}
