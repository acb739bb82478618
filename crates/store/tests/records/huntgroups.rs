//! Huntgroups: their life, their numbers, and their members' order.

use tandem_domain::{
    access::Scope,
    huntgroup::{MEMBERS_MAX, Member, RingStrategy},
    ids::{AccountId, Version},
    list::Query,
    status::Status,
};
use tandem_store::huntgroups::HuntgroupSort;
use uuid::Uuid;

use crate::world::{World, at_once, huntgroup, member, not_found, refusal};

on_both!(
    a_huntgroup_lives_and_its_life_is_told,
    members_keep_their_order_and_marks,
    a_member_is_an_open_account_once,
    a_name_belongs_to_one_huntgroup_of_a_customer,
    two_groups_do_not_swap_their_numbers_by_waiting_for_each_other,
    of_two_who_delete_a_group_at_once_one_finds_it,
    a_group_that_is_deleted_while_its_members_change_leaves_nothing,
    an_account_that_closes_leaves_while_the_group_is_edited,
);

async fn a_huntgroup_lives_and_its_life_is_told(world: World) {
    let abc = world.customer("ABC").await;
    let groups = world.store.huntgroups(abc);
    let john = world.account(abc, "John", "744").await;
    let lines = world.lines().await;
    let id = world.huntgroup(abc, "Support", "7700", &[john]).await;
    let read = groups.get(id).await.unwrap();
    assert_eq!((read.version, &read.value), (Version::FIRST, &huntgroup("Support", "7700", &[john])));
    let mut new = huntgroup("Help desk", "7701", &[]);
    (new.strategy, new.ring_seconds) = (RingStrategy::LeastUsed, 15);
    let version = groups.update(id, read.version, &new, &world.by("abc")).await.unwrap();
    let read = groups.get(id).await.unwrap();
    assert_eq!((read.version, read.value.members.len()), (version, 1), "members are edited apart");
    let by_number = Query { sort: HuntgroupSort::Number, search: "7701".into(), ..Query::default() };
    let page = groups.list(&by_number).await.unwrap();
    let row = &page.rows[0];
    assert_eq!((row.name.as_str(), row.strategy, row.ring_seconds), ("Help desk", RingStrategy::LeastUsed, 15));
    assert_eq!((page.count, row.members), (1, 1));
    assert_eq!(world.store.counts().huntgroups(Scope::of(abc)).await.unwrap(), 1);
    let of_john = groups.of_account(john).await.unwrap();
    assert_eq!((of_john.len(), of_john[0].name.as_str(), of_john[0].number.as_str()), (1, "Help desk", "7701"));
    groups.delete(id, None, &world.change()).await.unwrap();
    not_found(groups.get(id).await);
    not_found(groups.members(id).await);
    not_found(groups.update(id, version, &new, &world.change()).await);
    not_found(groups.set_members(id, version, &[], &world.change()).await);
    assert_eq!(groups.of_account(john).await.unwrap(), []);
    let line =
        |who: &str, action: &str, field: &str, old: &str, new: &str| [who, action, field, old, new].map(str::to_owned);
    let expected = [
        line("Support", "created", "name", "", "Support"),
        line("Support", "created", "number", "", "7700"),
        line("Support", "created", "strategy", "", "order"),
        line("Support", "created", "ring_seconds", "", "20"),
        line("Support", "created", "members", "", "744"),
        line("Help desk", "changed", "name", "Support", "Help desk"),
        line("Help desk", "changed", "number", "7700", "7701"),
        line("Help desk", "changed", "strategy", "order", "least_used"),
        line("Help desk", "changed", "ring_seconds", "20", "15"),
        line("Help desk", "deleted", "name", "Help desk", ""),
        line("Help desk", "deleted", "number", "7701", ""),
        line("Help desk", "deleted", "strategy", "least_used", ""),
        line("Help desk", "deleted", "ring_seconds", "15", ""),
        line("Help desk", "deleted", "members", "744", ""),
    ];
    assert_eq!(world.told_since(lines).await, expected);
}

async fn members_keep_their_order_and_marks(world: World) {
    let abc = world.customer("ABC").await;
    let groups = world.store.huntgroups(abc);
    let mut people = Vec::new();
    for (name, extension) in [("Adam", "701"), ("John", "744"), ("Olivia", "745")] {
        people.push(world.account(abc, name, extension).await);
    }
    let [adam, john, olivia] = people[..] else { panic!("three") };
    let id = world.huntgroup(abc, "Support", "7700", &[olivia, adam, john]).await;
    let order = async || {
        let members = groups.members(id).await.unwrap();
        members.into_iter().map(|row| row.extension.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(order().await, ["745", "701", "744"]);
    let lines = world.lines().await;
    let manager = Member { supervision_allowed: true, ..member(adam) };
    let owner = Member { never_supervise: true, ..member(john) };
    let version =
        groups.set_members(id, Version::FIRST, &[manager.clone(), owner.clone()], &world.by("abc")).await.unwrap();
    assert_eq!(order().await, ["701", "744"]);
    assert_eq!(groups.get(id).await.unwrap().value.members, [manager.clone(), owner.clone()]);
    assert_eq!(groups.all().await.unwrap()[0].value.members, [manager.clone(), owner.clone()]);
    let line = |field: &str, old: &str, new: &str| ["Support", "changed", field, old, new].map(str::to_owned);
    let mut told = world.told_since(lines).await;
    told.sort();
    let expected = [
        line("Adam (701): supervision_allowed", "off", "on"),
        line("John (744): never_supervise", "off", "on"),
        line("members", "745, 701, 744", "701, 744"),
    ];
    assert_eq!(told, expected);
    assert_eq!(
        groups.set_members(id, version, &[manager.clone(), owner.clone()], &world.change()).await.unwrap(),
        version
    );
    let version = groups.set_members(id, version, &[owner, manager], &world.change()).await.unwrap();
    assert_eq!(world.told_since(lines + 3).await, [line("members", "701, 744", "744, 701")]);
    groups.set_members(id, version, &[], &world.change()).await.unwrap();
    assert_eq!(order().await, [""; 0]);
    assert_eq!(world.told_since(lines + 4).await.len(), 3, "the list and the two marks that went with their members");
}

async fn a_member_is_an_open_account_once(world: World) {
    let abc = world.customer("ABC").await;
    let groups = world.store.huntgroups(abc);
    let john = world.account(abc, "John", "744").await;
    let gone = world.account(abc, "Gone", "745").await;
    world.store.accounts().set_status(abc, gone, Status::Closed, None, "", &world.change()).await.unwrap();
    let id = world.huntgroup(abc, "Support", "7700", &[john]).await;
    let lines = world.lines().await;
    let unknown = AccountId(Uuid::nil());
    let too_many: Vec<AccountId> = (0..=MEMBERS_MAX as u128).map(|n| AccountId(Uuid::from_u128(n))).collect();
    for wrong in [vec![john, john], vec![john, gone], vec![john, unknown], too_many] {
        let members: Vec<Member> = wrong.iter().copied().map(member).collect();
        refusal(groups.set_members(id, Version::FIRST, &members, &world.change()).await, "members");
        refusal(groups.create(&huntgroup("Sales", "7710", &wrong), &world.change()).await, "members");
    }
    assert_eq!(groups.get(id).await.unwrap().value, huntgroup("Support", "7700", &[john]));
    assert_eq!((groups.all().await.unwrap().len(), world.lines().await), (1, lines));
    // The numbers of the groups that were refused are free.
    world.huntgroup(abc, "Sales", "7710", &[john]).await;
}

async fn a_name_belongs_to_one_huntgroup_of_a_customer(world: World) {
    let (abc, panda) = (world.customer("ABC").await, world.customer("Panda").await);
    world.huntgroup(abc, "Support", "7700", &[]).await;
    world.huntgroup(panda, "Support", "7700", &[]).await;
    let sales = world.huntgroup(abc, "Sales", "7710", &[]).await;
    let groups = world.store.huntgroups(abc);
    let words = refusal(groups.create(&huntgroup("SUPPORT", "7720", &[]), &world.change()).await, "name");
    assert_eq!(words, "Another huntgroup is called “SUPPORT”; choose another name.");
    refusal(groups.update(sales, Version::FIRST, &huntgroup("support", "7710", &[]), &world.change()).await, "name");
    let both = at_once(["7730", "7731"].map(|number| {
        let (store, change) = (world.store.clone(), world.change());
        async move { store.huntgroups(abc).create(&huntgroup("Wanted", number, &[]), &change).await }
    }));
    let (got, missed): (Vec<_>, Vec<_>) = both.await.into_iter().partition(Result::is_ok);
    assert_eq!((got.len(), missed.len()), (1, 1));
    missed.into_iter().for_each(|miss| drop(refusal(miss, "name")));
}

async fn two_groups_do_not_swap_their_numbers_by_waiting_for_each_other(world: World) {
    let abc = world.customer("ABC").await;
    let one = world.huntgroup(abc, "One", "7700", &[]).await;
    let two = world.huntgroup(abc, "Two", "7710", &[]).await;
    for _ in 0..10 {
        let both =
            at_once(
                [(one, "One", "7710"), (two, "Two", "7700")].map(|(id, name, number)| {
                    let (store, change) = (world.store.clone(), world.change());
                    async move {
                        store.huntgroups(abc).update(id, Version::FIRST, &huntgroup(name, number, &[]), &change).await
                    }
                }),
            );
        for result in both.await {
            let words = refusal(result, "number");
            assert!(words.contains("belongs to the huntgroup"), "{words}");
        }
    }
}

async fn of_two_who_delete_a_group_at_once_one_finds_it(world: World) {
    let abc = world.customer("ABC").await;
    for _ in 0..5 {
        let id = world.huntgroup(abc, "Doomed", "7700", &[]).await;
        let lines = world.lines().await;
        let both = at_once((0..2).map(|_| {
            let (store, change) = (world.store.clone(), world.change());
            async move { store.huntgroups(abc).delete(id, None, &change).await }
        }));
        let (deleted, missed): (Vec<_>, Vec<_>) = both.await.into_iter().partition(Result::is_ok);
        assert_eq!((deleted.len(), missed.len()), (1, 1), "{missed:?}");
        missed.into_iter().for_each(not_found);
        assert_eq!(world.lines().await, lines + 4);
    }
}

async fn a_group_that_is_deleted_while_its_members_change_leaves_nothing(world: World) {
    let abc = world.customer("ABC").await;
    let john = world.account(abc, "John", "744").await;
    for _ in 0..8 {
        let id = world.huntgroup(abc, "Doomed", "7700", &[]).await;
        let (store, change) = (world.store.clone(), world.change());
        let set = tokio::spawn(async move {
            store.huntgroups(abc).set_members(id, Version::FIRST, &[member(john)], &change).await
        });
        let (store, change) = (world.store.clone(), world.change());
        let delete = tokio::spawn(async move { store.huntgroups(abc).delete(id, None, &change).await });
        if let missed @ Err(_) = set.await.unwrap() {
            not_found(missed);
        }
        delete.await.unwrap().unwrap();
        assert_eq!(world.store.huntgroups(abc).of_account(john).await.unwrap(), []);
    }
}

async fn an_account_that_closes_leaves_while_the_group_is_edited(world: World) {
    let abc = world.customer("ABC").await;
    for round in 0..8 {
        let leaver = world.account(abc, "Leaver", &format!("{}", 800 + round)).await;
        let id = world.huntgroup(abc, &format!("Group {round}"), &format!("{}", 7700 + round), &[leaver]).await;
        let (store, change) = (world.store.clone(), world.change());
        let close = tokio::spawn(async move {
            store.accounts().set_status(abc, leaver, Status::Closed, None, "Left", &change).await
        });
        let (store, change) = (world.store.clone(), world.change());
        // The group takes the number that the account gives back.
        let group = huntgroup(&format!("Group {round}"), &format!("{}", 800 + round), &[]);
        let edit = tokio::spawn(async move { store.huntgroups(abc).update(id, Version::FIRST, &group, &change).await });
        close.await.unwrap().unwrap();
        match edit.await.unwrap() {
            Ok(_) | Err(tandem_store::StoreError::Stale(_)) => {}
            refused => drop(refusal(refused, "number")),
        }
        assert_eq!(world.store.huntgroups(abc).get(id).await.unwrap().value.members, []);
    }
}
