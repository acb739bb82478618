//! Customers: their life, what must be unique among them, their status and its history.

use tandem_domain::{
    access::Tenant,
    billing::ledger::Funds,
    customer::{Billing, Customer},
    ids::{ClassId, Version},
    locale::{Currency, Locale},
    status::{Status, StatusChange},
};
use tandem_store::{classes, customers::CustomerOverview, roles};
use uuid::Uuid;

use crate::world::{World, at_once, changed, customer, give_sign_in, not_found, refusal, sign_in};

on_both!(
    a_customer_lives_and_its_life_is_told,
    name_and_prefix_belong_to_one_customer,
    of_two_who_want_a_prefix_at_once_one_gets_it,
    class_and_role_must_exist_and_be_for_customers,
    a_status_has_a_history_with_reasons,
    what_is_closed_stays_closed,
    of_two_who_close_at_once_one_is_refused,
    a_prefix_stays_while_phones_sign_in_with_it,
    a_new_name_is_found_in_the_list_of_accounts,
);

async fn a_customer_lives_and_its_life_is_told(world: World) {
    let customers = world.store.customers();
    let made = world.change();
    let abc = Customer { email: "office@abc.example".into(), ..customer("ABC") };
    let id = customers.create(&abc, Some(&sign_in("abc")), &made).await.unwrap();
    let tenant = Tenant::for_system(id);
    let read = customers.get(tenant).await.unwrap();
    assert_eq!((read.id, read.version, &read.value), (id, Version::FIRST, &abc));
    let overview = CustomerOverview {
        status: Status::Open,
        created_at: made.at,
        sign_in: Some("abc".parse().unwrap()),
        accounts: 0,
        funds: Funds { available: None, exhausted: false },
    };
    assert_eq!(customers.overview(tenant).await.unwrap(), overview);
    let told = world.told_since(0).await;
    let line = |field: &str, new: &str| ["ABC", "created", field, "", new].map(str::to_owned);
    assert!(told.contains(&line("name", "ABC")) && told.contains(&line("class", "Standard")), "{told:?}");
    assert!(told.contains(&line("email", "office@abc.example")) && told.contains(&line("role", "Customer")));
    assert_eq!(told.last().unwrap(), &["ABC", "changed", "sign_in", "", "abc"].map(str::to_owned));
    assert!(world.audit().await.iter().all(|row| row.customer == Some(id) && row.subject_id == id.to_string()));

    let lines = world.lines().await;
    let new = Customer {
        name: "ABC & Sons".into(),
        email: String::new(),
        sip_prefix: "abcs".into(),
        currency: Currency::Usd,
        billing: Billing::Prepaid,
        locale: Locale::EnUs,
        time_zone: "America/New_York".parse().unwrap(),
        ..abc
    };
    let version = customers.update(tenant, read.version, &new, &world.by("mary")).await.unwrap();
    let read = customers.get(tenant).await.unwrap();
    assert_eq!((read.version, &read.value), (version, &new));
    let told: Vec<_> = world.audit().await.drain(lines..).map(|row| (row.actor, row.change)).collect();
    let by_mary = |field, old, new| ("mary".to_owned(), changed(field, old, new));
    let expected = [
        by_mary("name", "ABC", "ABC & Sons"),
        by_mary("email", "office@abc.example", ""),
        by_mary("sip_prefix", "abc", "abcs"),
        by_mary("currency", "EUR", "USD"),
        by_mary("billing", "postpaid", "prepaid"),
        by_mary("locale", "en-GB", "en-US"),
        by_mary("time_zone", "Europe/Brussels", "America/New_York"),
    ];
    assert_eq!(told, expected);
    let choices = customers.choices(tandem_domain::access::Scope::for_system(), "sons", 10).await.unwrap();
    assert_eq!(choices, [(id, "ABC & Sons".to_owned())]);

    let nobody = Tenant::for_system(tandem_domain::ids::CustomerId(Uuid::nil()));
    not_found(customers.get(nobody).await);
    not_found(customers.overview(nobody).await);
    not_found(customers.update(nobody, Version::FIRST, &new, &world.change()).await);
    not_found(customers.set_status(nobody, Status::Closed, None, "", &world.change()).await);
}

async fn name_and_prefix_belong_to_one_customer(world: World) {
    let customers = world.store.customers();
    world.customer("ABC").await;
    let panda = world.customer("Panda").await;
    let lines = world.lines().await;
    let same_name = Customer { sip_prefix: "another".into(), ..customer("abc") };
    let words = refusal(customers.create(&same_name, None, &world.change()).await, "name");
    assert_eq!(words, "Another customer is called “abc”; choose another name.");
    let same_prefix = Customer { sip_prefix: "abc".into(), ..customer("Other") };
    let words = refusal(customers.create(&same_prefix, None, &world.change()).await, "sip_prefix");
    assert_eq!(words, "Another customer has the prefix abc; choose another.");
    let same_sign_in = customers.create(&customer("Other"), Some(&sign_in("panda")), &world.change()).await;
    same_sign_in.unwrap();
    let words =
        refusal(customers.create(&customer("Third"), Some(&sign_in("panda")), &world.change()).await, "sign_in");
    assert_eq!(words, "Somebody else signs in with this name; choose another.");
    refusal(customers.update(panda, Version::FIRST, &same_name, &world.change()).await, "name");
    let same_prefix = Customer { name: "Panda".into(), ..same_prefix };
    refusal(customers.update(panda, Version::FIRST, &same_prefix, &world.change()).await, "sip_prefix");
    assert_eq!(customers.get(panda).await.unwrap().value, customer("Panda"));
    assert!(world.told_since(lines).await.iter().all(|line| line[0] == "Other"), "a refusal leaves no line");
    let found = customers.choices(tandem_domain::access::Scope::for_system(), "third", 10).await.unwrap();
    assert_eq!(found, [], "a refusal leaves no record and no words");
}

async fn of_two_who_want_a_prefix_at_once_one_gets_it(world: World) {
    for round in 0..5_u8 {
        let prefix = format!("want{}", char::from(b'a' + round));
        let both = at_once((0..2).map(|n| {
            let (store, change) = (world.store.clone(), world.change());
            let wanted = Customer { sip_prefix: prefix.clone(), ..customer(&format!("Customer {round} {n}")) };
            async move { store.customers().create(&wanted, None, &change).await }
        }));
        let (got, missed): (Vec<_>, Vec<_>) = both.await.into_iter().partition(Result::is_ok);
        assert_eq!((got.len(), missed.len()), (1, 1));
        for miss in missed {
            refusal(miss, "sip_prefix");
        }
    }
}

async fn class_and_role_must_exist_and_be_for_customers(world: World) {
    let customers = world.store.customers();
    let abc = world.customer("ABC").await;
    let lines = world.lines().await;
    let no_class = Customer { class: ClassId(Uuid::nil()), ..customer("ABC") };
    let no_role = Customer { role: roles::ACCOUNT, ..customer("ABC") };
    assert_ne!(no_class.class, classes::STANDARD);
    for (wrong, field) in [(no_class, "class"), (no_role, "role")] {
        refusal(customers.update(abc, Version::FIRST, &wrong, &world.change()).await, field);
        let new = Customer { name: "New".into(), sip_prefix: "new".into(), ..wrong };
        refusal(customers.create(&new, None, &world.change()).await, field);
    }
    assert_eq!(world.lines().await, lines);
}

async fn a_status_has_a_history_with_reasons(world: World) {
    let customers = world.store.customers();
    let made = world.change();
    let id = customers.create(&customer("ABC"), None, &made).await.unwrap();
    let tenant = Tenant::for_system(id);
    let john = world.account(tenant, "John", "744").await;
    let lines = world.lines().await;
    let (suspended, blocked) = (world.by("mary"), world.by("peter"));
    let before = customers.set_status(tenant, Status::Suspended, None, "Holidays", &suspended).await.unwrap();
    assert_eq!(before, Status::Open);
    assert_eq!(customers.set_status(tenant, Status::Blocked, None, "", &blocked).await.unwrap(), Status::Suspended);
    let words = refusal(customers.set_status(tenant, Status::Blocked, None, "Again", &world.change()).await, "status");
    assert_eq!(words, "The status is Blocked already.");
    let line = |at, by: &str, from, to, reason: &str| StatusChange {
        at,
        by: by.into(),
        by_staff: by == "admin",
        from,
        to,
        reason: reason.into(),
    };
    let history = [
        line(blocked.at, "peter", Some(Status::Suspended), Status::Blocked, ""),
        line(suspended.at, "mary", Some(Status::Open), Status::Suspended, "Holidays"),
        line(made.at, "admin", None, Status::Open, ""),
    ];
    assert_eq!(customers.status_history(tenant).await.unwrap(), history);
    let told: Vec<_> = world.audit().await.drain(lines..).map(|row| (row.actor, row.change)).collect();
    let expected = [
        ("mary".to_owned(), changed("status", "open", "suspended")),
        ("mary".to_owned(), changed("reason", "", "Holidays")),
        ("peter".to_owned(), changed("status", "suspended", "blocked")),
    ];
    assert_eq!(told, expected);
    // An account keeps a status of its own, and shows the customer's beside it.
    let overview = world.store.accounts().overview(tenant, john).await.unwrap();
    assert_eq!((overview.status, overview.customer_status), (Status::Open, Status::Blocked));
    assert_eq!(world.store.accounts().status_history(tenant, john).await.unwrap().len(), 1);
    // The status is no edit of the record: whoever has its form open can still save it.
    assert_eq!(customers.get(tenant).await.unwrap().version, Version::FIRST);
}

async fn what_is_closed_stays_closed(world: World) {
    let customers = world.store.customers();
    let abc = world.customer("ABC").await;
    customers.set_status(abc, Status::Closed, None, "Moved away", &world.change()).await.unwrap();
    for status in Status::ALL {
        refusal(customers.set_status(abc, status, None, "Back", &world.change()).await, "status");
    }
    assert_eq!(customers.status_history(abc).await.unwrap().len(), 2);
    let late = crate::world::account(abc, "Late", "701");
    refusal(world.store.accounts().create(abc, &late, None, &world.change()).await, "customer");
    let who = tandem_domain::access::Who::Customer(abc.customer());
    refusal(give_sign_in(&world.store, who, "abc", &world.change()).await, "sign_in");
}

async fn of_two_who_close_at_once_one_is_refused(world: World) {
    let abc = world.customer("ABC").await;
    let both = at_once((0..2).map(|_| {
        let (store, change) = (world.store.clone(), world.change());
        async move { store.customers().set_status(abc, Status::Closed, None, "Moved", &change).await }
    }));
    let closed = both.await.into_iter().filter(Result::is_ok).count();
    let history = world.store.customers().status_history(abc).await.unwrap();
    assert_eq!((closed, history.len()), (1, 2));
}

async fn a_prefix_stays_while_phones_sign_in_with_it(world: World) {
    let customers = world.store.customers();
    let abc = world.customer("ABC").await;
    let john = world.account(abc, "John", "744").await;
    world.store.accounts().set_sip_password(abc, john, None, "tandem-demo", &world.change()).await.unwrap();
    let moved = Customer { sip_prefix: "abcd".into(), ..customer("ABC") };
    let words = refusal(customers.update(abc, Version::FIRST, &moved, &world.change()).await, "sip_prefix");
    assert_eq!(words, "Phones sign in with the prefix abc. Remove the SIP passwords of the accounts first.");
    world.store.accounts().remove_sip_password(abc, john, None, &world.change()).await.unwrap();
    customers.update(abc, Version::FIRST, &moved, &world.change()).await.unwrap();
    assert_eq!(world.store.accounts().overview(abc, john).await.unwrap().sip_user, "abcd744");
}

async fn a_new_name_is_found_in_the_list_of_accounts(world: World) {
    use tandem_domain::{access::Scope, list::Query};
    use tandem_store::accounts::AccountSort;
    let (abc, panda) = (world.customer("ABC").await, world.customer("Panda").await);
    world.account(abc, "John", "744").await;
    world.account(panda, "Mei", "801").await;
    let by_customer = Query { sort: AccountSort::Customer, ..Query::default() };
    let names = async || {
        let page = world.store.accounts().list(Scope::for_system(), &by_customer, &Default::default()).await.unwrap();
        page.rows.into_iter().map(|row| row.customer_name).collect::<Vec<_>>()
    };
    assert_eq!(names().await, ["ABC", "Panda"]);
    let renamed = Customer { name: "Zebra".into(), ..customer("ABC") };
    world.store.customers().update(abc, Version::FIRST, &renamed, &world.change()).await.unwrap();
    assert_eq!(names().await, ["Panda", "Zebra"]);
}
