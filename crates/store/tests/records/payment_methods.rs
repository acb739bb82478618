//! Saved cards and payment systems.

use tandem_domain::{
    billing::{
        auto_payment::{AutoPaymentState, AutoPaymentTerms, DisabledReason, OnInvoice},
        method::SetupState,
        payment::{IntentStatus, MethodSnapshot, Snapshot},
        system::{PayBy, PaymentSystem, Processor},
    },
    ids::{PaymentSystemId, Version},
    locale::Currency,
};
use tandem_store::{payment_systems::Secret, payments::NewPayment};
use uuid::Uuid;

use crate::{
    money::{Shop, card, cards, company, said, word},
    world::{World, at_once, in_use, not_found, refusal, stale},
};

on_both!(
    a_card_is_saved_with_a_payment_and_proves_itself,
    a_card_is_saved_without_a_payment,
    only_the_card_that_was_paid_with_proves_itself,
    one_card_is_the_default,
    a_card_of_another_customer_is_not_taken,
    without_its_card_automatic_payment_is_turned_off,
    a_customer_is_called_by_one_name_at_a_processor,
    payment_systems_are_kept_with_their_history,
    one_system_takes_a_currency,
    secrets_are_never_shown,
    a_system_with_payments_stays,
    what_is_being_saved_is_asked_about_until_it_is_decided,
    a_system_that_is_used_stays_with_its_account,
);

async fn a_card_is_saved_with_a_payment_and_proves_itself(world: World) {
    let shop = Shop::new(&world).await;
    let methods = world.store.payment_methods();
    let payment = shop.begin(&world, "1", None).await.payment;
    // Before it is attached at the processor it is only a name for what is paid with.
    let fleeting = MethodSnapshot { saved: false, ..card("pm_1") };
    let asked = Snapshot { method: Some(fleeting), ..said(&world, &payment, IntentStatus::RequiresAction) };
    word(&world, &payment, &asked).await;
    assert_eq!(methods.list(shop.tenant).await.unwrap(), []);
    assert_eq!(world.store.payments().one(shop.tenant, payment.id).await.unwrap().card, "Visa •••• 4242");
    let lines = world.lines().await;
    let paid = Snapshot { method: Some(card("pm_1")), ..said(&world, &payment, IntentStatus::Succeeded) };
    word(&world, &payment, &paid).await;
    let [method] = methods.list(shop.tenant).await.unwrap().try_into().unwrap();
    assert_eq!((method.label().as_str(), method.default, method.usable), ("Visa •••• 4242", true, true));
    assert!(method.proven.is_some());
    assert_eq!(world.store.payments().get(payment.id).await.unwrap().method, Some(method.id));
    let told = ["Visa •••• 4242", "added", "card", "", "Visa •••• 4242"].map(String::from);
    assert_eq!(world.told_since(lines).await, [told]);
    // The same card again, renewed.
    let again = shop.begin(&world, "2", None).await.payment;
    let renewed = MethodSnapshot { exp_year: Some(2033), ..card("pm_1") };
    word(&world, &again, &Snapshot { method: Some(renewed), ..said(&world, &again, IntentStatus::Succeeded) }).await;
    let [method] = methods.list(shop.tenant).await.unwrap().try_into().unwrap();
    assert_eq!(method.exp_year, Some(2033));
    assert!(method.is_expired(2034, 1) && !method.is_expired(2033, 12));
}

async fn a_card_is_saved_without_a_payment(world: World) {
    let shop = Shop::new(&world).await;
    let methods = world.store.payment_methods();
    let begin = async |token: &str| methods.begin_setup(&world.change(), shop.tenant, shop.system, token).await;
    let setup = begin("form").await.unwrap();
    assert_eq!(begin("form").await.unwrap(), setup, "a double click");
    methods.attach_setup(world.now(), setup.id, "seti_1").await.unwrap();
    methods.attach_setup(world.now(), setup.id, "seti_1").await.unwrap();
    refusal(methods.attach_setup(world.now(), setup.id, "seti_2").await, "reference");
    let found = methods.setup_by_reference(shop.system, "seti_1").await.unwrap().unwrap();
    assert_eq!((found.id, found.state), (setup.id, SetupState::Open));
    let id = methods.setup_succeeded(&world.change(), setup.id, &card("pm_1")).await.unwrap();
    assert_eq!(methods.setup_succeeded(&world.change(), setup.id, &card("pm_1")).await.unwrap(), id);
    methods.setup_failed(setup.id).await.unwrap();
    let done = methods.setup_of(shop.tenant, setup.id).await.unwrap();
    assert_eq!((done.state, done.method), (SetupState::Succeeded, Some(id)));
    let [method] = methods.list(shop.tenant).await.unwrap().try_into().unwrap();
    assert_eq!((method.default, method.proven), (true, None), "nothing was paid with it");
    let failed = begin("other").await.unwrap();
    methods.setup_failed(failed.id).await.unwrap();
    assert_eq!(methods.setup(failed.id).await.unwrap().state, SetupState::Failed);
}

async fn only_the_card_that_was_paid_with_proves_itself(world: World) {
    let shop = Shop::new(&world).await;
    let methods = world.store.payment_methods();
    let setup = methods.begin_setup(&world.change(), shop.tenant, shop.system, "s").await.unwrap();
    let saved = methods.setup_succeeded(&world.change(), setup.id, &card("pm_1")).await.unwrap();
    let new = NewPayment { method: Some(saved), ..shop.payment("1", None) };
    let payment = world.store.payments().begin(&world.change(), shop.tenant, &new).await.unwrap().payment;
    let row = world.store.payments().one(shop.tenant, payment.id).await.unwrap();
    assert_eq!((row.payment.method, row.card.as_str()), (Some(saved), "Visa •••• 4242"));
    // It is declined, and another is used that is not saved.
    let other = MethodSnapshot { saved: false, last4: "0005".into(), brand: "amex".into(), ..card("pm_2") };
    let paid = Snapshot { method: Some(other), ..said(&world, &payment, IntentStatus::Succeeded) };
    assert_eq!(word(&world, &payment, &paid).await.payment().method, None);
    assert_eq!(world.store.payments().one(shop.tenant, payment.id).await.unwrap().card, "Amex •••• 0005");
    assert_eq!(methods.one(shop.tenant, saved).await.unwrap().proven, None);
}

async fn one_card_is_the_default(world: World) {
    let shop = Shop::new(&world).await;
    let methods = world.store.payment_methods();
    let mut ids = Vec::new();
    for name in ["pm_1", "pm_2"] {
        let setup = methods.begin_setup(&world.change(), shop.tenant, shop.system, name).await.unwrap();
        ids.push(methods.setup_succeeded(&world.change(), setup.id, &card(name)).await.unwrap());
    }
    let default = async || methods.default_of(shop.tenant).await.unwrap().map(|method| method.id);
    assert_eq!(default().await, Some(ids[0]));
    let chosen = at_once((0..8).map(|n| {
        let (store, change, tenant, id) = (world.store.clone(), world.change(), shop.tenant, ids[n % 2]);
        async move { store.payment_methods().set_default(&change, tenant, id).await.is_ok() }
    }))
    .await;
    assert!(chosen.into_iter().all(|chosen| chosen));
    methods.set_default(&world.change(), shop.tenant, ids[1]).await.unwrap();
    assert_eq!(default().await, Some(ids[1]));
    methods.remove(&world.change(), shop.tenant, ids[1]).await.unwrap();
    methods.remove(&world.change(), shop.tenant, ids[1]).await.unwrap();
    assert_eq!((default().await, methods.list(shop.tenant).await.unwrap().len()), (None, 1));
    refusal(methods.set_default(&world.change(), shop.tenant, ids[1]).await, "method");
    assert!(!methods.one(shop.tenant, ids[1]).await.unwrap().usable, "its history stays");
}

async fn a_card_of_another_customer_is_not_taken(world: World) {
    let shop = Shop::new(&world).await;
    shop.proven_card(&world).await;
    let other = Shop { tenant: company(&world, "Panda").await, ..shop };
    let payment = other.begin(&world, "1", None).await.payment;
    let paid = Snapshot { method: Some(card("pm_1")), ..said(&world, &payment, IntentStatus::Succeeded) };
    assert_eq!(word(&world, &payment, &paid).await.payment().method, None);
    let methods = world.store.payment_methods();
    assert_eq!(methods.list(other.tenant).await.unwrap(), []);
    let setup = methods.begin_setup(&world.change(), other.tenant, other.system, "s").await.unwrap();
    refusal(methods.setup_succeeded(&world.change(), setup.id, &card("pm_1")).await, "method");
}

async fn without_its_card_automatic_payment_is_turned_off(world: World) {
    let shop = Shop::new(&world).await;
    let proven = shop.proven_card(&world).await;
    let methods = world.store.payment_methods();
    let setup = methods.begin_setup(&world.change(), shop.tenant, shop.system, "s").await.unwrap();
    let new = methods.setup_succeeded(&world.change(), setup.id, &card("pm_2")).await.unwrap();
    let auto = world.store.auto_payments();
    let terms = AutoPaymentTerms { on_invoice: OnInvoice::OnIssue, ..AutoPaymentTerms::default() };
    auto.save(&world.change(), shop.tenant, Version(0), &terms, true).await.unwrap();
    refusal(methods.set_default(&world.change(), shop.tenant, new).await, "method");
    methods.remove(&world.change(), shop.tenant, new).await.unwrap();
    assert_eq!(auto.get(shop.tenant).await.unwrap().state, AutoPaymentState::On);
    methods.remove(&world.change(), shop.tenant, proven).await.unwrap();
    assert_eq!(auto.get(shop.tenant).await.unwrap().state, AutoPaymentState::Disabled(DisabledReason::NoMethod));
}

async fn a_customer_is_called_by_one_name_at_a_processor(world: World) {
    let shop = Shop::new(&world).await;
    let methods = world.store.payment_methods();
    assert_eq!(methods.processor_customer(shop.tenant, shop.system).await.unwrap(), None);
    for name in ["cus_1", "cus_2"] {
        assert_eq!(methods.set_processor_customer(shop.tenant, shop.system, name).await.unwrap(), "cus_1");
    }
    assert_eq!(methods.processor_customer(shop.tenant, shop.system).await.unwrap().as_deref(), Some("cus_1"));
}

async fn payment_systems_are_kept_with_their_history(world: World) {
    let systems = world.store.payment_systems();
    let lines = world.lines().await;
    let id = systems.create(&world.change(), &cards("Cards", &["EUR", "JPY"])).await.unwrap();
    let stored = systems.get(id).await.unwrap();
    assert_eq!((stored.version, &stored.value), (Version::FIRST, &cards("Cards", &["EUR", "JPY"])));
    let new = PaymentSystem { public_key: "pk_2".into(), ..cards("Stripe", &["EUR"]) };
    assert_eq!(systems.update(&world.change(), id, Version::FIRST, &new).await.unwrap(), Version(2));
    assert_eq!(systems.update(&world.change(), id, Version(2), &new).await.unwrap(), Version(2), "nothing changed");
    assert_eq!(
        stale(systems.update(&world.change(), id, Version::FIRST, &cards("X", &["EUR"])).await).changes.len(),
        3
    );
    refusal(systems.create(&world.change(), &cards("stripe", &["USD"])).await, "name");
    systems.delete(&world.change(), id, None).await.unwrap();
    not_found(systems.get(id).await);
    not_found(systems.delete(&world.change(), id, None).await);
    not_found(systems.update(&world.change(), PaymentSystemId(Uuid::nil()), Version::FIRST, &new).await);
    let told = world.told_since(lines).await;
    assert!(told.contains(&["Stripe", "changed", "currencies", "EUR JPY", "EUR"].map(String::from)), "{told:?}");
}

async fn one_system_takes_a_currency(world: World) {
    let systems = world.store.payment_systems();
    let first = systems.create(&world.change(), &cards("First", &["EUR", "USD"])).await.unwrap();
    let second = cards("Second", &["GBP", "USD"]);
    let words = refusal(systems.create(&world.change(), &second).await, "currencies");
    assert_eq!(words, "Card in USD is taken by “First”. Turn that off first, or leave USD out.");
    let off = PaymentSystem { active: false, ..second.clone() };
    let id = systems.create(&world.change(), &off).await.unwrap();
    refusal(systems.update(&world.change(), id, Version::FIRST, &second).await, "currencies");
    let less = cards("First", &["EUR"]);
    systems.update(&world.change(), first, Version::FIRST, &less).await.unwrap();
    systems.update(&world.change(), id, Version::FIRST, &second).await.unwrap();
    let active = async |currency| systems.active_for(PayBy::Card, currency).await.unwrap().map(|system| system.id);
    assert_eq!(active(Currency::Eur).await, Some(first));
    assert_eq!([active(Currency::Usd).await, active(Currency::Gbp).await], [Some(id), Some(id)]);
    assert_eq!(active(Currency::Chf).await, None);
    let made = at_once((0..6).map(|n| {
        let (store, change) = (world.store.clone(), world.change());
        async move { store.payment_systems().create(&change, &cards(&format!("S{n}"), &["CHF"])).await.is_ok() }
    }))
    .await;
    assert_eq!(made.into_iter().filter(|made| *made).count(), 1);
}

async fn secrets_are_never_shown(world: World) {
    let systems = world.store.payment_systems();
    let id = systems.create(&world.change(), &cards("Cards", &["EUR"])).await.unwrap();
    let flags = async || {
        systems
            .list()
            .await
            .unwrap()
            .iter()
            .map(|row| (row.credentials_set, row.webhook_secret_set))
            .collect::<Vec<_>>()
    };
    assert_eq!(flags().await, [(false, false)]);
    assert_eq!(systems.secret(id, Secret::Credentials).await.unwrap(), None);
    let lines = world.lines().await;
    let sealed: Vec<u8> = (0..=255).collect();
    systems.set_secret(&world.change(), id, Secret::Credentials, &sealed).await.unwrap();
    systems.set_secret(&world.change(), id, Secret::Webhook, b"whsec").await.unwrap();
    assert_eq!(systems.secret(id, Secret::Credentials).await.unwrap(), Some(sealed));
    assert_eq!(systems.secret(id, Secret::Webhook).await.unwrap().as_deref(), Some(&b"whsec"[..]));
    assert_eq!(flags().await, [(true, true)]);
    let told = |field: &str| ["Cards", "changed", field, "", "(changed)"].map(String::from);
    assert_eq!(world.told_since(lines).await, [told("credentials"), told("webhook_secrets")]);
    // Sealed with another key, while an administrator entered another one.
    let replace = async |before: &[u8], sealed: &[u8]| {
        systems.replace_secret(&world.change(), id, Secret::Webhook, before, sealed).await.unwrap()
    };
    assert!(replace(b"whsec", b"anew").await && !replace(b"whsec", b"late").await);
    assert_eq!(systems.secret(id, Secret::Webhook).await.unwrap(), Some(b"anew".to_vec()));
    not_found(systems.secret(PaymentSystemId(Uuid::nil()), Secret::Webhook).await);
    not_found(systems.set_secret(&world.change(), PaymentSystemId(Uuid::nil()), Secret::Webhook, b"x").await);
}

async fn a_system_with_payments_stays(world: World) {
    let shop = Shop::new(&world).await;
    shop.begin(&world, "1", None).await;
    let systems = world.store.payment_systems();
    in_use(systems.delete(&world.change(), shop.system, None).await);
    let other = PaymentSystem { processor: Processor::PlugNPay, ..cards("Cards", &["EUR"]) };
    in_use(systems.update(&world.change(), shop.system, Version::FIRST, &other).await);
    let live = PaymentSystem { test_mode: false, ..cards("Cards", &["EUR"]) };
    in_use(systems.update(&world.change(), shop.system, Version::FIRST, &live).await);
    let off = PaymentSystem { active: false, ..cards("Cards", &["EUR"]) };
    systems.update(&world.change(), shop.system, Version::FIRST, &off).await.unwrap();
}

async fn what_is_being_saved_is_asked_about_until_it_is_decided(world: World) {
    let shop = Shop::new(&world).await;
    let methods = world.store.payment_methods();
    let setup = methods.begin_setup(&world.change(), shop.tenant, shop.system, "s").await.unwrap();
    let due = async |seconds: i64| {
        let due = world.store.payments().due_setups(world.now().plus_seconds(seconds), 300, 10).await.unwrap();
        due.into_iter().map(|setup| setup.id).collect::<Vec<_>>()
    };
    assert_eq!(due(100_000).await, [], "nobody can have given a card");
    methods.attach_setup(world.now(), setup.id, "seti_1").await.unwrap();
    assert_eq!((due(50).await, due(61).await, due(62).await), (vec![], vec![setup.id], vec![]));
    assert_eq!(due(361).await, [setup.id], "who took it died");
    methods.setup_waits(world.now().plus_seconds(361), &setup).await.unwrap();
    assert_eq!((due(400).await, due(421).await), (vec![], vec![setup.id]));
    methods.setup_succeeded(&world.change(), setup.id, &card("pm_1")).await.unwrap();
    methods.setup_waits(world.now(), &setup).await.unwrap();
    assert_eq!(due(100_000).await, [], "it is saved");
    let given_up = methods.begin_setup(&world.change(), shop.tenant, shop.system, "t").await.unwrap();
    methods.attach_setup(world.now(), given_up.id, "seti_2").await.unwrap();
    methods.setup_failed(given_up.id).await.unwrap();
    assert_eq!(due(100_000).await, [], "it was given up");
}

async fn a_system_that_is_used_stays_with_its_account(world: World) {
    let systems = world.store.payment_systems();
    let id = systems.create(&world.change(), &cards("Cards", &["EUR"])).await.unwrap();
    let set = async |sealed: &'static [u8], account: Option<&'static str>| {
        systems.set_credentials(&world.change(), id, sealed, account).await
    };
    let account = async || systems.account(id).await.unwrap();
    let lines = world.lines().await;
    set(b"first", None).await.unwrap();
    systems.note_account(&world.change(), id, "acct_1").await.unwrap();
    systems.note_account(&world.change(), id, "acct_2").await.unwrap();
    assert_eq!(account().await.as_deref(), Some("acct_1"), "what was noted first");
    set(b"second", Some("acct_2")).await.unwrap();
    let told = world.told_since(lines).await;
    let noted = |old: &str, new: &str| ["Cards", "changed", "account", old, new].map(String::from);
    assert!(told.contains(&noted("", "acct_1")) && told.contains(&noted("acct_1", "acct_2")), "{told:?}");
    assert!(!systems.is_used(id).await.unwrap());
    // Each of these is known to the account alone.
    let abc = company(&world, "ABC").await;
    world.store.payment_methods().set_processor_customer(abc, id, "cus_1").await.unwrap();
    assert!(systems.is_used(id).await.unwrap());
    for other in [Some("acct_1"), None] {
        assert!(refusal(set(b"third", other).await, "secret_key").contains("add a new payment system"));
    }
    let kept = systems.secret(id, Secret::Credentials).await.unwrap();
    assert_eq!((kept.as_deref(), account().await.as_deref()), (Some(&b"second"[..]), Some("acct_2")));
    set(b"rolled", Some("acct_2")).await.unwrap();
    let live = PaymentSystem { test_mode: false, ..cards("Cards", &["EUR"]) };
    in_use(systems.update(&world.change(), id, Version::FIRST, &live).await);
    not_found(systems.set_credentials(&world.change(), PaymentSystemId(Uuid::nil()), b"x", None).await);
}
