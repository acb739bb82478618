//! Access roles: their life, whom they are for, and who has them.

use std::collections::BTreeMap;

use tandem_domain::{
    access::{AccessRole, Audience, Field, Level, Who},
    account::Account,
    ids::Version,
    list::Query,
};
use tandem_store::{
    StoreError,
    roles::{self, RoleFilters},
    users::Users,
};

use crate::world::{World, account, at_once, in_use, not_found, refusal};

on_both!(
    a_role_lives_and_its_life_is_told,
    built_in_roles_stay_as_the_program_says,
    roles_of_accounts_from_before_there_was_money_see_none,
    a_role_that_somebody_has_stays,
    a_role_is_held_by_its_own_people_whoever_comes_first,
    of_two_who_want_a_name_at_once_one_gets_it,
    of_two_who_delete_a_role_at_once_one_finds_it,
);

fn role(name: &str, audience: Audience, entries: &[(Field, Level)]) -> AccessRole {
    let entries = entries.iter().map(|(field, level)| (field.info().path.to_owned(), *level)).collect();
    AccessRole { name: name.into(), audience, base: Level::View, entries }
}

async fn a_role_lives_and_its_life_is_told(world: World) {
    let all = world.store.roles();
    let private = role("Private recordings", Audience::Account, &[(Field::RecordAccountOnly, Level::Modify)]);
    let id = all.create(&private, &world.change()).await.unwrap();
    assert_eq!(all.get(id).await.unwrap().value, private);
    let mut entries = BTreeMap::from([("account/recording".to_owned(), Level::Modify)]);
    entries.insert("account/dialing".to_owned(), Level::Forbidden);
    let wider = AccessRole { name: "All recordings".into(), entries, ..private };
    let version = all.update(id, Version::FIRST, &wider, &world.by("mary")).await.unwrap();
    assert_eq!((all.get(id).await.unwrap().version, &all.get(id).await.unwrap().value), (version, &wider));
    let for_accounts = RoleFilters { audience: Some(Audience::Account) };
    let page = all.list(&Query { search: "rec".into(), ..Query::default() }, &for_accounts).await.unwrap();
    assert_eq!((page.count, page.rows[0].id, page.rows[0].built_in), (1, id, false));
    let for_customers = RoleFilters { audience: Some(Audience::Customer) };
    assert_eq!(all.list(&Query { search: "rec".into(), ..Query::default() }, &for_customers).await.unwrap().count, 0);
    let of_accounts = all.of(Audience::Account).await.unwrap();
    assert_eq!(of_accounts.iter().map(|role| role.id).collect::<Vec<_>>(), [roles::ACCOUNT, id]);
    assert_eq!(of_accounts[1].value, wider);
    all.delete(id, None, &world.change()).await.unwrap();
    not_found(all.get(id).await);
    not_found(all.update(id, version, &wider, &world.change()).await);
    let line =
        |who: &str, action: &str, field: &str, old: &str, new: &str| [who, action, field, old, new].map(str::to_owned);
    let expected = [
        line("Private recordings", "created", "name", "", "Private recordings"),
        line("Private recordings", "created", "audience", "", "account"),
        line("Private recordings", "created", "base", "", "view"),
        line("Private recordings", "created", "account/recording/account_only", "", "modify"),
        line("All recordings", "changed", "name", "Private recordings", "All recordings"),
        line("All recordings", "changed", "account/dialing", "", "forbidden"),
        line("All recordings", "changed", "account/recording", "", "modify"),
        line("All recordings", "changed", "account/recording/account_only", "modify", ""),
        line("All recordings", "deleted", "name", "All recordings", ""),
        line("All recordings", "deleted", "audience", "account", ""),
        line("All recordings", "deleted", "base", "view", ""),
        line("All recordings", "deleted", "account/dialing", "forbidden", ""),
        line("All recordings", "deleted", "account/recording", "modify", ""),
    ];
    assert_eq!(world.told_since(0).await, expected);
}

async fn built_in_roles_stay_as_the_program_says(world: World) {
    for (id, built_in) in roles::BUILT_IN.into_iter().zip(AccessRole::built_in()) {
        assert!(roles::is_built_in(id));
        let read = world.store.roles().get(id).await.unwrap();
        assert_eq!(read.value, built_in);
        let weaker = AccessRole { base: Level::Forbidden, ..built_in.clone() };
        in_use(world.store.roles().update(id, read.version, &weaker, &world.change()).await);
        in_use(world.store.roles().delete(id, None, &world.change()).await);
        let copy = AccessRole { name: format!("{} copy", built_in.name), ..built_in };
        world.store.roles().create(&copy, &world.change()).await.unwrap();
    }
    let named = role("customer", Audience::Customer, &[]);
    refusal(world.store.roles().create(&named, &world.change()).await, "name");
}

async fn roles_of_accounts_from_before_there_was_money_see_none(world: World) {
    let all = world.store.roles();
    let mut made = Vec::new();
    for (name, audience, entries) in [
        ("Plain", Audience::Account, &[][..]),
        ("Private", Audience::Account, &[(Field::RecordAccountOnly, Level::Modify)][..]),
        ("Office", Audience::Customer, &[][..]),
    ] {
        made.push(all.create(&role(name, audience, entries), &world.change()).await.unwrap());
    }
    let migration = include_str!("../../../../migrations/20261128000001_payments.sql");
    let (_, rest) = migration.split_once("UPDATE access_role").unwrap();
    let update = format!("UPDATE access_role{}", rest.split_once(';').unwrap().0);
    assert!(crate::ledger::run(&world.url, &update).await);
    let mut read = Vec::new();
    for id in made {
        read.push(all.get(id).await.unwrap().value);
    }
    for field in [Field::Invoices, Field::Payments, Field::PaymentMethods, Field::AutoPayment] {
        let levels = read.iter().map(|role| role.level(field)).collect::<Vec<_>>();
        assert_eq!(levels[..2], [Level::Forbidden; 2], "{field:?}");
        assert!(levels[2] >= Level::View, "{field:?}");
    }
    assert_eq!(read[1].level(Field::RecordAccountOnly), Level::Modify, "the rest stays");
    assert_eq!(all.get(roles::ACCOUNT).await.unwrap().value, AccessRole::built_in()[3]);
}

async fn a_role_that_somebody_has_stays(world: World) {
    let all = world.store.roles();
    let abc = world.customer("ABC").await;
    let private = role("Private", Audience::Account, &[]);
    let id = all.create(&private, &world.change()).await.unwrap();
    let john = Account { role: id, ..account(abc, "John", "744") };
    let john_id = world.store.accounts().create(abc, &john, None, &world.change()).await.unwrap();
    assert_eq!(all.holders(id).await.unwrap(), 1);
    let users = Users::of_role(&world.store, id).await.unwrap();
    let who = Who::Account { account: john_id, customer: abc.customer() };
    assert_eq!((users.count, users.named[0].who, users.named[0].name.as_str()), (1, who, "John, 744 (ABC)"));
    let lines = world.lines().await;
    assert_eq!(in_use(all.delete(id, None, &world.change()).await), "Somebody has this role. Give them another first.");
    let for_others = AccessRole { audience: Audience::Customer, ..private.clone() };
    refusal(all.update(id, Version::FIRST, &for_others, &world.change()).await, "audience");
    assert_eq!((all.get(id).await.unwrap().value, world.lines().await), (private, lines));
    world
        .store
        .accounts()
        .update(abc, john_id, Version::FIRST, &account(abc, "John", "744"), &world.change())
        .await
        .unwrap();
    all.update(id, Version::FIRST, &for_others, &world.change()).await.unwrap();
    all.delete(id, None, &world.change()).await.unwrap();
}

async fn a_role_is_held_by_its_own_people_whoever_comes_first(world: World) {
    let abc = world.customer("ABC").await;
    for round in 0..10 {
        let brief = role(&format!("Brief {round}"), Audience::Account, &[]);
        let id = world.store.roles().create(&brief, &world.change()).await.unwrap();
        let new = Account { role: id, ..account(abc, "New", &format!("{}", 700 + round)) };
        let (store, change) = (world.store.clone(), world.change());
        let give = tokio::spawn(async move { store.accounts().create(abc, &new, None, &change).await });
        let (store, change) = (world.store.clone(), world.change());
        let turn = tokio::spawn(async move {
            if round % 2 == 0 {
                return store.roles().delete(id, None, &change).await;
            }
            let turned = AccessRole { audience: Audience::Customer, ..brief };
            store.roles().update(id, Version::FIRST, &turned, &change).await.map(drop)
        });
        match (give.await.unwrap(), turn.await.unwrap()) {
            (Ok(_), Err(StoreError::InUse(_) | StoreError::Refused(_))) => {}
            (refused @ Err(_), Ok(())) => drop(refusal(refused, "role")),
            other => panic!("{other:?}"),
        }
    }
}

async fn of_two_who_want_a_name_at_once_one_gets_it(world: World) {
    for round in 0..5 {
        let both = at_once(["Wanted", "WANTED"].map(|name| {
            let (store, change) = (world.store.clone(), world.change());
            let wanted = role(&format!("{name} {round}"), Audience::Account, &[]);
            async move { store.roles().create(&wanted, &change).await }
        }));
        let (got, missed): (Vec<_>, Vec<_>) = both.await.into_iter().partition(Result::is_ok);
        assert_eq!((got.len(), missed.len()), (1, 1));
        missed.into_iter().for_each(|miss| drop(refusal(miss, "name")));
    }
}

async fn of_two_who_delete_a_role_at_once_one_finds_it(world: World) {
    for round in 0..5 {
        let doomed = role(&format!("Doomed {round}"), Audience::Account, &[]);
        let id = world.store.roles().create(&doomed, &world.change()).await.unwrap();
        let lines = world.lines().await;
        let both = at_once((0..2).map(|_| {
            let (store, change) = (world.store.clone(), world.change());
            async move { store.roles().delete(id, None, &change).await }
        }));
        let (deleted, missed): (Vec<_>, Vec<_>) = both.await.into_iter().partition(Result::is_ok);
        assert_eq!((deleted.len(), missed.len()), (1, 1), "{missed:?}");
        missed.into_iter().for_each(not_found);
        assert_eq!(world.lines().await, lines + 3);
    }
}
