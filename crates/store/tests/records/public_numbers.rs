//! Public numbers: one customer's each, with their holder wherever it goes.

use tandem_domain::{
    access::Scope,
    account::Account,
    ids::Version,
    list::Query,
    numbers::{ExtensionNumber, PhoneNumber},
    status::Status,
};
use tandem_store::public_numbers::PublicNumberRow;

use crate::world::{World, account, not_found, refusal};

on_both!(
    a_number_rings_an_extension_and_is_found_as_it_is_typed,
    a_number_is_one_customers_only,
    a_number_follows_its_holder_and_rings_nowhere_when_it_is_gone,
    what_becomes_of_numbers_is_in_the_audit_log,
);

pub fn number(text: &str) -> PhoneNumber {
    text.parse().unwrap()
}

pub fn extension(text: &str) -> ExtensionNumber {
    text.parse().unwrap()
}

/// The numbers that a list shows: "+3225550744 → 744 John".
async fn shown(world: &World, scope: Scope, search: &str) -> Vec<String> {
    let query = Query { search: search.into(), ..Query::default() };
    let page = world.store.public_numbers().list(scope, &query).await.unwrap();
    let tell = |row: PublicNumberRow| {
        let extension = row.extension.map(|number| number.to_string()).unwrap_or_default();
        format!("{} → {extension} {}", row.number, row.name).trim().to_owned()
    };
    page.rows.into_iter().map(tell).collect()
}

async fn a_number_rings_an_extension_and_is_found_as_it_is_typed(world: World) {
    let abc = world.customer("ABC").await;
    let john = world.account(abc, "John Doe", "744").await;
    world.huntgroup(abc, "Support", "7700", &[john]).await;
    let numbers = world.store.public_numbers();
    for (public, rings) in [("+3225550744", "744"), ("+3225550700", "7700"), ("+492215550744", "744")] {
        numbers.create(abc, &number(public), &extension(rings), &world.change()).await.unwrap();
    }
    let all = ["+3225550700 → 7700 Support", "+3225550744 → 744 John Doe", "+492215550744 → 744 John Doe"];
    assert_eq!(shown(&world, Scope::of(abc), "").await, all);
    assert_eq!(shown(&world, Scope::for_system(), "").await, all);
    for (search, found) in
        [("+32", &all[..2]), ("+49 221", &all[2..]), ("0032 2 555 07 44", &all[1..2]), ("3", &all[..2])]
    {
        assert_eq!(shown(&world, Scope::of(abc), search).await, found, "{search}");
    }
    let nobody = numbers.create(abc, &number("+3225550799"), &extension("799"), &world.change()).await;
    assert_eq!(refusal(nobody, "extension"), "Nobody has the extension 799; choose one that exists.");
}

async fn a_number_is_one_customers_only(world: World) {
    let (abc, panda) = (world.customer("ABC").await, world.customer("Panda").await);
    for tenant in [abc, panda] {
        world.account(tenant, "John", "744").await;
    }
    let numbers = world.store.public_numbers();
    let line = number("+3225550744");
    numbers.create(abc, &line, &extension("744"), &world.change()).await.unwrap();
    let lines = world.lines().await;
    for tenant in [abc, panda] {
        let taken = numbers.create(tenant, &line, &extension("744"), &world.change()).await;
        assert_eq!(refusal(taken, "number"), "+3225550744 is in use already; choose another number.");
    }
    not_found(numbers.delete(panda, &line, &world.change()).await);
    assert_eq!(world.lines().await, lines);
    numbers.delete(abc, &line, &world.change()).await.unwrap();
    not_found(numbers.delete(abc, &line, &world.change()).await);
    numbers.create(panda, &line, &extension("744"), &world.change()).await.unwrap();
    assert_eq!(shown(&world, Scope::of(panda), "").await, ["+3225550744 → 744 John"]);
    assert_eq!(shown(&world, Scope::of(abc), "").await, [""; 0]);
}

async fn a_number_follows_its_holder_and_rings_nowhere_when_it_is_gone(world: World) {
    let abc = world.customer("ABC").await;
    let john = world.account(abc, "John", "744").await;
    let support = world.huntgroup(abc, "Support", "7700", &[john]).await;
    let numbers = world.store.public_numbers();
    for (public, rings) in [("+3225550700", "7700"), ("+3225550744", "744")] {
        numbers.create(abc, &number(public), &extension(rings), &world.change()).await.unwrap();
    }
    let moved = Account { extension: extension("745"), ..account(abc, "John", "744") };
    world.store.accounts().update(abc, john, Version::FIRST, &moved, &world.change()).await.unwrap();
    assert_eq!(shown(&world, Scope::of(abc), "").await, ["+3225550700 → 7700 Support", "+3225550744 → 745 John"]);
    world.store.accounts().set_status(abc, john, Status::Closed, None, "", &world.change()).await.unwrap();
    world.store.huntgroups(abc).delete(support, None, &world.change()).await.unwrap();
    assert_eq!(shown(&world, Scope::of(abc), "").await, ["+3225550700 →", "+3225550744 →"]);
    // It is the customer's still, and nobody else gets it by taking the extension.
    world.account(abc, "Eve", "745").await;
    assert_eq!(shown(&world, Scope::of(abc), "").await, ["+3225550700 →", "+3225550744 →"]);
    for public in ["+3225550700", "+3225550744"] {
        numbers.delete(abc, &number(public), &world.change()).await.unwrap();
    }
}

async fn what_becomes_of_numbers_is_in_the_audit_log(world: World) {
    let abc = world.customer("ABC").await;
    let john = world.account(abc, "John", "744").await;
    let numbers = world.store.public_numbers();
    let line = number("+3225550744");
    let before = world.lines().await;
    let told = |old: &str, new: &str| ["ABC", "changed", "public_number", old, new].map(str::to_owned);
    numbers.create(abc, &line, &extension("744"), &world.change()).await.unwrap();
    numbers.delete(abc, &line, &world.change()).await.unwrap();
    let (none, rings) = ("", "+3225550744 (744)");
    assert_eq!(world.told_since(before).await, [told(none, rings), told(rings, none)]);
    numbers.create(abc, &line, &extension("744"), &world.change()).await.unwrap();
    world.store.accounts().set_status(abc, john, Status::Closed, None, "", &world.change()).await.unwrap();
    let since = world.told_since(before + 3).await;
    assert!(since.contains(&told(rings, "+3225550744")), "{since:?}");
}
