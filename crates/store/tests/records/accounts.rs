//! Accounts: their life, their extensions, and what their phones sign in with.

use tandem_domain::{
    access::{Scope, Who},
    account::Account,
    ids::{AccountId, DialingRuleId, Version},
    list::Query,
    status::Status,
};
use tandem_store::{Change, Options, Store, StoreError, accounts::AccountFilters, roles};
use uuid::Uuid;

use crate::world::{
    World, account, at_once, changed, customer, give_sign_in, huntgroup, not_found, refusal, sign_in, stale,
};

on_both!(
    an_account_lives_and_its_life_is_told,
    a_number_belongs_to_one_account_or_huntgroup_of_a_customer,
    of_two_who_want_an_extension_at_once_one_gets_it,
    role_and_dialing_rule_must_exist,
    what_the_provider_blocked_the_company_does_not_open,
    closing_gives_back_what_others_may_need,
    a_new_extension_is_a_new_phone,
    phones_prove_digests_and_nothing_keeps_the_password,
    of_two_who_set_a_sip_password_the_second_is_told_of_the_first,
    the_next_extension_is_one_that_nobody_has,
    the_tally_of_statuses_is_what_the_list_says,
    no_account_is_added_while_its_customer_is_closed,
    who_is_not_to_be_disturbed_is_not_after_a_restart_either,
);

async fn an_account_lives_and_its_life_is_told(world: World) {
    let abc = world.customer("ABC").await;
    let accounts = world.store.accounts();
    let lines = world.lines().await;
    let made = world.change();
    let mary = Account {
        email: "mary@abc.example".into(),
        expires_on: Some("2027-01-31".into()),
        ..account(abc, "Mary Smith", "702")
    };
    let id = accounts.create(abc, &mary, Some(&sign_in("mary")), &made).await.unwrap();
    let read = accounts.get(abc, id).await.unwrap();
    assert_eq!((read.id, read.version, &read.value), (id, Version::FIRST, &mary));
    let told = world.told_since(lines).await;
    let created = |field: &str, new: &str| ["Mary Smith", "created", field, "", new].map(str::to_owned);
    let expected = [
        created("first_name", "Mary"),
        created("last_name", "Smith"),
        created("email", "mary@abc.example"),
        created("extension", "702"),
        created("expires_on", "2027-01-31"),
        created("role", "Account"),
        ["Mary Smith", "changed", "sign_in", "", "mary"].map(str::to_owned),
    ];
    assert_eq!(told, expected);
    let told = world.audit().await;
    assert!(told[lines..].iter().all(|row| row.at == made.at && row.customer == Some(abc.customer())));

    let overview = accounts.overview(abc, id).await.unwrap();
    assert_eq!((overview.customer_name.as_str(), overview.created_at), ("ABC", made.at));
    assert_eq!((overview.sip_user.as_str(), overview.has_sip_password), ("abc702", false));
    assert_eq!(overview.sign_in.unwrap().as_str(), "mary");

    let lines = told.len();
    let married = Account { last_name: "Jones".into(), expires_on: None, ..mary };
    let version = accounts.update(abc, id, read.version, &married, &world.by("mary")).await.unwrap();
    let changed = |field: &str, old: &str, new: &str| ["Mary Jones", "changed", field, old, new].map(str::to_owned);
    let expected = [changed("last_name", "Smith", "Jones"), changed("expires_on", "2027-01-31", "")];
    assert_eq!(world.told_since(lines).await, expected);
    let read = accounts.find(Scope::for_system(), id).await.unwrap();
    assert_eq!((read.version, read.value), (version, married));
    for (search, found) in [("jones", 1), ("smith", 0), ("MAR", 1), ("702", 1), ("02", 0), ("example mary", 1)] {
        let choices = accounts.choices(abc, search, 10).await.unwrap();
        assert_eq!(choices.len(), found, "{search}");
    }
}

async fn a_number_belongs_to_one_account_or_huntgroup_of_a_customer(world: World) {
    let (abc, panda) = (world.customer("ABC").await, world.customer("Panda").await);
    let accounts = world.store.accounts();
    let john = world.account(abc, "John", "744").await;
    let support = world.huntgroup(abc, "Support", "7700", &[john]).await;
    world.account(panda, "Mei", "744").await;
    let lines = world.lines().await;
    let words = refusal(accounts.create(abc, &account(abc, "New", "744"), None, &world.change()).await, "extension");
    assert_eq!(words, "744 belongs to John; choose another number.");
    let to_group = account(abc, "John", "7700");
    let words = refusal(accounts.update(abc, john, Version::FIRST, &to_group, &world.change()).await, "extension");
    assert_eq!(words, "7700 belongs to the huntgroup Support; choose another number.");
    let groups = world.store.huntgroups(abc);
    let words = refusal(groups.create(&huntgroup("Sales", "744", &[]), &world.change()).await, "number");
    assert_eq!(words, "744 belongs to John; choose another number.");
    let onto_john = huntgroup("Support", "744", &[]);
    refusal(groups.update(support, Version::FIRST, &onto_john, &world.change()).await, "number");
    assert_eq!(world.lines().await, lines);
    // A number that is given back can be had.
    accounts.update(abc, john, Version::FIRST, &account(abc, "John", "745"), &world.change()).await.unwrap();
    groups.update(support, Version::FIRST, &onto_john, &world.change()).await.unwrap();
    groups.delete(support, None, &world.change()).await.unwrap();
    world.account(abc, "New", "744").await;
}

async fn of_two_who_want_an_extension_at_once_one_gets_it(world: World) {
    let abc = world.customer("ABC").await;
    let moving = world.huntgroup(abc, "Moving", "7700", &[]).await;
    for round in 0..5_i64 {
        let number = format!("{}", 800 + round);
        let (store, change, new) = (world.store.clone(), world.change(), account(abc, "New", &number));
        let make = tokio::spawn(async move { store.accounts().create(abc, &new, None, &change).await.map(drop) });
        let (store, change, group) = (world.store.clone(), world.change(), huntgroup("Moving", &number, &[]));
        let version = world.store.huntgroups(abc).get(moving).await.unwrap().version;
        let take =
            tokio::spawn(async move { store.huntgroups(abc).update(moving, version, &group, &change).await.map(drop) });
        match (make.await.unwrap(), take.await.unwrap()) {
            (Ok(()), missed @ Err(_)) => drop(refusal(missed, "number")),
            (missed @ Err(_), Ok(())) => drop(refusal(missed, "extension")),
            other => panic!("{other:?}"),
        }
    }
}

async fn role_and_dialing_rule_must_exist(world: World) {
    let abc = world.customer("ABC").await;
    let accounts = world.store.accounts();
    let john = world.account(abc, "John", "744").await;
    let wrong_role = Account { role: roles::CUSTOMER, ..account(abc, "John", "745") };
    let no_rule = Account { dialing_rule: Some(DialingRuleId(Uuid::nil())), ..account(abc, "John", "745") };
    for (wrong, field) in [(wrong_role, "role"), (no_rule, "dialing_rule")] {
        refusal(accounts.create(abc, &wrong, None, &world.change()).await, field);
        refusal(accounts.update(abc, john, Version::FIRST, &wrong, &world.change()).await, field);
    }
    assert_eq!(accounts.choices(abc, "", 10).await.unwrap().len(), 1);
}

async fn what_the_provider_blocked_the_company_does_not_open(world: World) {
    let abc = world.customer("ABC").await;
    let john = world.account(abc, "John", "744").await;
    let accounts = world.store.accounts();
    let set = async |status, change: Change<'static>| accounts.set_status(abc, john, status, None, "", &change).await;
    let held = async || accounts.overview(abc, john).await.unwrap().held;
    let refused = async |status| {
        let lines = world.lines().await;
        let words = refusal(set(status, world.by("mary")).await, "status");
        assert_eq!(words, "Your provider blocked this account. Only the provider can change that.");
        assert!(world.told_since(lines).await.is_empty());
    };
    // Its own block it lifts itself, and the provider lifts either.
    set(Status::Blocked, world.by("mary")).await.unwrap();
    set(Status::Open, world.by("mary")).await.unwrap();
    set(Status::Blocked, world.by("mary")).await.unwrap();
    set(Status::Open, world.change()).await.unwrap();
    set(Status::Blocked, world.change()).await.unwrap();
    assert!(held().await);
    // Nor does it close the account, to make another with the number.
    for status in [Status::Open, Status::Blocked, Status::Closed] {
        refused(status).await;
    }
    set(Status::Open, world.change()).await.unwrap();
    assert!(!held().await);
    // The provider lays its block over the company's, once.
    set(Status::Blocked, world.by("mary")).await.unwrap();
    assert!(!held().await);
    let lines = world.lines().await;
    set(Status::Blocked, world.change()).await.unwrap();
    assert_eq!(world.told_since(lines).await, [["John", "changed", "held", "off", "on"].map(str::to_owned)]);
    refused(Status::Open).await;
    refusal(set(Status::Blocked, world.change()).await, "status");
    set(Status::Closed, world.change()).await.unwrap();
}

async fn closing_gives_back_what_others_may_need(world: World) {
    let abc = world.customer("ABC").await;
    let accounts = world.store.accounts();
    let mut ids = Vec::new();
    for (name, extension) in [("John", "744"), ("Adam", "701")] {
        let new = account(abc, name, extension);
        let login = sign_in(&name.to_lowercase());
        ids.push(accounts.create(abc, &new, Some(&login), &world.change()).await.unwrap());
    }
    let [john, adam] = ids[..] else { panic!("two") };
    accounts.set_sip_password(abc, john, None, "tandem-demo", &world.change()).await.unwrap();
    let support = world.huntgroup(abc, "Support", "7700", &[john, adam]).await;
    let words = refusal(accounts.set_status(abc, john, Status::Suspended, None, "", &world.change()).await, "status");
    assert_eq!(words, "Only a customer as a whole can be suspended.");
    accounts.set_status(abc, john, Status::Blocked, None, "Lost phone", &world.change()).await.unwrap();

    let lines = world.lines().await;
    let before = accounts.set_status(abc, john, Status::Closed, None, "Left", &world.change()).await.unwrap();
    assert_eq!(before, Status::Blocked);
    let line = |who: &str, field: &str, old: &str, new: &str| [who, "changed", field, old, new].map(str::to_owned);
    let expected = [
        line("John", "status", "blocked", "closed"),
        line("John", "reason", "", "Left"),
        line("Support", "John (744)", "member", ""),
        line("John", "sip_password", "(changed)", ""),
        line("John", "sign_in", "john", ""),
    ];
    assert_eq!(world.told_since(lines).await, expected);
    assert_eq!(accounts.sip_credentials("abc744").await.unwrap(), None);
    assert_eq!(world.store.sign_ins().find(&"john".parse().unwrap()).await.unwrap(), None);
    let group = world.store.huntgroups(abc).get(support).await.unwrap();
    assert_eq!((group.version, group.value.members.len()), (Version(2), 1));
    let history = accounts.status_history(abc, john).await.unwrap();
    let reasons: Vec<&str> = history.iter().map(|change| change.reason.as_str()).collect();
    assert_eq!(reasons, ["Left", "Lost phone", ""]);

    // Somebody else can have the number and the name; the closed account keeps its own as history.
    let heir = accounts.create(abc, &account(abc, "Joan", "744"), Some(&sign_in("john")), &world.change()).await;
    heir.unwrap();
    assert_eq!(accounts.get(abc, john).await.unwrap().value.extension.as_str(), "744");
    refusal(
        accounts.update(abc, john, Version::FIRST, &account(abc, "John", "746"), &world.change()).await,
        "extension",
    );
    refusal(accounts.set_sip_password(abc, john, None, "tandem-demo", &world.change()).await, "sip_password");
    refusal(accounts.set_status(abc, john, Status::Open, None, "Back", &world.change()).await, "status");
    let who = Who::Account { account: john, customer: abc.customer() };
    refusal(give_sign_in(&world.store, who, "john2", &world.change()).await, "sign_in");
    let groups = world.store.huntgroups(abc);
    let members = [crate::world::member(john)];
    refusal(groups.set_members(support, group.version, &members, &world.change()).await, "members");
    assert!(accounts.choices(abc, "", 10).await.unwrap().iter().all(|choice| choice.id != john));
}

async fn a_new_extension_is_a_new_phone(world: World) {
    let abc = world.customer("ABC").await;
    let accounts = world.store.accounts();
    let john = world.account(abc, "John", "744").await;
    accounts.set_sip_password(abc, john, None, "tandem-demo", &world.change()).await.unwrap();
    let lines = world.lines().await;
    accounts.update(abc, john, Version::FIRST, &account(abc, "John", "745"), &world.change()).await.unwrap();
    let line = |field: &str, old: &str, new: &str| ["John", "changed", field, old, new].map(str::to_owned);
    let expected = [line("sip_password", "(changed)", ""), line("extension", "744", "745")];
    assert_eq!(world.told_since(lines).await, expected);
    assert_eq!(accounts.sip_credentials("abc744").await.unwrap(), None);
    assert_eq!(accounts.sip_credentials("abc745").await.unwrap(), None);
    assert!(!accounts.overview(abc, john).await.unwrap().has_sip_password);
}

async fn phones_prove_digests_and_nothing_keeps_the_password(world: World) {
    let abc = world.customer("ABC").await;
    let accounts = world.store.accounts();
    let john = world.account(abc, "John", "744").await;
    accounts.set_sip_password(abc, john, None, "a first one", &world.change()).await.unwrap();
    accounts.set_sip_password(abc, john, None, "tandem-demo", &world.change()).await.unwrap();
    let found = accounts.sip_credentials("abc744").await.unwrap().unwrap();
    assert_eq!((found.account, found.customer), (john, abc.customer()));
    assert_eq!(found.ha1_md5, "67392cc06f509dc409e7aaba510f394c");
    assert_eq!(found.ha1_sha256, "9603e2dca825f5fb50612532361a0c74c61ad2452c784e5e6323eb1759cc6742");
    assert!(!format!("{found:?}").contains(&found.ha1_md5), "the digests stay out of logs");
    assert!(accounts.overview(abc, john).await.unwrap().has_sip_password);
    let told = format!("{:?}", world.audit().await);
    assert!(!told.contains("tandem-demo") && !told.contains(&found.ha1_md5) && told.contains("(changed)"));
    // What comes from the network is no text of ours.
    for stranger in ["", "abc745", "ABC744", "abc744\0", "' OR '1'='1", "%"] {
        assert_eq!(accounts.sip_credentials(stranger).await.unwrap(), None, "{stranger:?}");
    }
    accounts.remove_sip_password(abc, john, None, &world.change()).await.unwrap();
    let lines = world.lines().await;
    accounts.remove_sip_password(abc, john, None, &world.change()).await.unwrap();
    assert_eq!(world.lines().await, lines, "there was none to take away");
}

async fn of_two_who_set_a_sip_password_the_second_is_told_of_the_first(world: World) {
    let abc = world.customer("ABC").await;
    let accounts = world.store.accounts();
    let john = world.account(abc, "John", "744").await;
    let seen = async || Some(accounts.overview(abc, john).await.unwrap().sip_version);
    let never = seen().await;
    accounts.set_sip_password(abc, john, never, "a first one", &world.by("mary")).await.unwrap();
    let first = seen().await;
    assert_eq!(first, never.map(|never| never.next()));
    let late = async |saw, old: &str, new: &str| {
        let (lines, by) = (world.lines().await, world.by("peter"));
        for told in [
            stale(accounts.set_sip_password(abc, john, saw, "another", &by).await),
            stale(accounts.remove_sip_password(abc, john, saw, &by).await),
        ] {
            assert_eq!((told.by.as_str(), told.changes), ("mary", vec![changed("sip_password", old, new)]));
        }
        assert_eq!(world.lines().await, lines);
    };
    late(never, "", "(changed)").await;
    accounts.remove_sip_password(abc, john, first, &world.by("mary")).await.unwrap();
    late(first, "(changed)", "").await;
    // What is set anew is not what was seen.
    accounts.set_sip_password(abc, john, None, "a second one", &world.by("mary")).await.unwrap();
    late(first, "", "(changed)").await;
}

async fn the_next_extension_is_one_that_nobody_has(world: World) {
    let (abc, panda) = (world.customer("ABC").await, world.customer("Panda").await);
    let next = async |tenant| {
        let next = world.store.accounts().next_extension(tenant).await.unwrap();
        next.map(|number| number.to_string())
    };
    assert_eq!(next(abc).await, None);
    world.account(abc, "John", "7698").await;
    world.account(abc, "Adam", "701").await;
    assert_eq!(next(abc).await.as_deref(), Some("7699"));
    world.account(abc, "Mary", "7699").await;
    for (name, number) in [("Support", "7700"), ("Sales", "7701")] {
        world.huntgroup(abc, name, number, &[]).await;
    }
    assert_eq!(next(abc).await.as_deref(), Some("7702"));
    // Another company's numbers are nobody's here, and what calls for help is passed over.
    world.account(panda, "Peter", "111").await;
    assert_eq!(next(panda).await.as_deref(), Some("113"));
    world.account(panda, "Olivia", "99999999").await;
    assert_eq!(next(panda).await, None);
}

async fn the_tally_of_statuses_is_what_the_list_says(world: World) {
    let (abc, panda) = (world.customer("ABC").await, world.customer("Panda").await);
    let mut ids = Vec::new();
    for n in 0..12 {
        let tenant = if n % 3 == 0 { panda } else { abc };
        ids.push((tenant, world.account(tenant, &format!("Account {n}"), &format!("{}", 700 + n)).await));
    }
    // Everybody at once, some of them in vain.
    let changes = ids.iter().enumerate().flat_map(|(n, (tenant, id))| {
        let statuses = [Status::Blocked, if n % 2 == 0 { Status::Open } else { Status::Closed }];
        statuses.map(|status| (*tenant, *id, status, world.store.clone(), world.change()))
    });
    let changes = changes.collect::<Vec<_>>().into_iter().map(|(tenant, id, status, store, change)| async move {
        store.accounts().set_status(tenant, id, status, None, "", &change).await
    });
    for result in at_once(changes).await {
        assert!(matches!(result, Ok(_) | Err(StoreError::Refused(_))), "{result:?}");
    }
    for scope in [Scope::for_system(), Scope::of(abc), Scope::of(panda)] {
        let counts = world.store.counts().accounts(scope).await.unwrap();
        for status in Status::ALL {
            let filters = AccountFilters { status: Some(status), ..AccountFilters::default() };
            let listed = world.store.accounts().list(scope, &Query::default(), &filters).await.unwrap();
            assert_eq!(counts.of(status), i64::from(listed.count), "{status:?}");
        }
    }
}

async fn no_account_is_added_while_its_customer_is_closed(world: World) {
    for round in 0..5_u8 {
        let mut new = customer(&format!("Brief {round}"));
        new.sip_prefix = format!("brief{}", char::from(b'a' + round));
        let id = world.store.customers().create(&new, None, &world.change()).await.unwrap();
        let tenant = tandem_domain::access::Tenant::for_system(id);
        let (store, change) = (world.store.clone(), world.change());
        let add = tokio::spawn(async move {
            store.accounts().create(tenant, &account(tenant, "Late", "701"), None, &change).await
        });
        let (store, change) = (world.store.clone(), world.change());
        let close =
            tokio::spawn(
                async move { store.customers().set_status(tenant, Status::Closed, None, "Moved", &change).await },
            );
        let added = add.await.unwrap();
        close.await.unwrap().unwrap();
        if added.is_err() {
            refusal(added, "customer");
        }
        not_found(world.store.accounts().get(tenant, tandem_domain::ids::AccountId(Uuid::nil())).await);
    }
}

async fn who_is_not_to_be_disturbed_is_not_after_a_restart_either(world: World) {
    let abc = world.customer("ABC").await;
    let (john, mary) = (world.account(abc, "John", "744").await, world.account(abc, "Mary", "702").await);
    let accounts = world.store.accounts();
    assert!(!accounts.do_not_disturb(john).await.unwrap());
    let (version, lines) = (accounts.get(abc, john).await.unwrap().version, world.lines().await);
    accounts.keep_do_not_disturb(john, true).await.unwrap();
    let again = Store::connect(&world.url, &Options::default()).await.unwrap();
    let quiet = async |account| again.accounts().do_not_disturb(account).await.unwrap();
    assert_eq!((quiet(john).await, quiet(mary).await), (true, false));
    assert!(!quiet(AccountId(Uuid::from_u128(1))).await, "whom nobody knows disturbs nobody");
    // It is no edit of the account: whoever has its form open can still save it.
    assert_eq!((accounts.get(abc, john).await.unwrap().version, world.lines().await), (version, lines));
    accounts.keep_do_not_disturb(john, false).await.unwrap();
    assert!(!quiet(john).await);
}
