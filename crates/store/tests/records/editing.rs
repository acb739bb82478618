//! Two people edit one record: nothing is overwritten unseen, nothing is lost, and the second is told what changed.

use std::collections::BTreeMap;

use tandem_domain::{
    access::{AccessRole, Audience, Level},
    account::Account,
    administrator::Administrator,
    audit::FieldChange,
    class::CustomerClass,
    customer::Customer,
    dialing::{CustomerDialing, DialingMode, DialingRule},
    ids::{Timestamp, Version},
    status::Status,
};
use tandem_store::{StaleEdit, roles};

use crate::{
    dialing::codes,
    world::{World, account, at_once, changed, customer, huntgroup, member, stale},
};

on_both!(
    the_second_editor_is_told_what_the_first_changed,
    several_edits_are_told_as_one_and_what_was_taken_back_not_at_all,
    a_stale_version_never_overwrites_however_old_or_new,
    who_saw_another_status_changes_none,
    saving_what_is_there_changes_nothing,
    a_record_and_its_codes_are_edited_apart,
    a_group_and_its_members_are_edited_together,
    of_many_who_count_up_nobody_is_lost,
    of_many_who_join_a_group_everybody_is_there,
    of_many_who_edit_different_fields_each_edit_stays,
);

/// Saves `$first` by mary, then `$second` by peter over the version before it: peter is told of `$change`, and mary's edit
/// is what is stored.
macro_rules! overtaken {
    ($world:expr, $get:expr, $update:expr, $first:expr, $second:expr, $change:expr) => {{
        let before = $get.await.unwrap();
        let by_mary = $world.by("mary");
        let version = $update(before.version, $first, by_mary).await.unwrap();
        let late = stale($update(before.version, $second, $world.by("peter")).await);
        assert_eq!(
            late,
            StaleEdit {
                version,
                by: "mary".into(),
                by_staff: false,
                at: by_mary.at,
                subject: late.subject,
                changes: vec![$change]
            }
        );
        let after = $get.await.unwrap();
        assert_eq!((after.version, after.value), (version, $first));
        // Whoever read again can save.
        $update(version, $second, $world.by("peter")).await.unwrap();
        assert_eq!($get.await.unwrap().value, $second);
    }};
}

async fn the_second_editor_is_told_what_the_first_changed(world: World) {
    let store = &world.store;
    let abc = world.customer("ABC").await;
    let with_email = |email: &str| Customer { email: email.into(), ..customer("ABC") };
    overtaken!(
        world,
        store.customers().get(abc),
        async |version, new: Customer, change| store.customers().update(abc, version, &new, &change).await,
        with_email("a@abc.example"),
        with_email("b@abc.example"),
        changed("email", "", "a@abc.example")
    );
    let john = world.account(abc, "John", "744").await;
    overtaken!(
        world,
        store.accounts().get(abc, john),
        async |version, new: Account, change| store.accounts().update(abc, john, version, &new, &change).await,
        account(abc, "John", "745"),
        account(abc, "Jack", "744"),
        changed("extension", "744", "745")
    );
    let group = world.huntgroup(abc, "Support", "7700", &[]).await;
    overtaken!(
        world,
        store.huntgroups(abc).get(group),
        async |version, new: tandem_domain::huntgroup::Huntgroup, change| {
            store.huntgroups(abc).update(group, version, &new, &change).await
        },
        huntgroup("Help", "7700", &[]),
        huntgroup("Support", "7710", &[]),
        changed("name", "Support", "Help")
    );
    let class = |name: &str| CustomerClass { name: name.into(), ..CustomerClass::default() };
    let id = store.classes().create(&class("One"), &world.change()).await.unwrap();
    overtaken!(
        world,
        store.classes().get(id),
        async |version, new: CustomerClass, change| store.classes().update(id, version, &new, &change).await,
        class("Two"),
        class("Three"),
        changed("name", "One", "Two")
    );
    let role = |base| AccessRole { name: "R".into(), audience: Audience::Account, base, entries: BTreeMap::new() };
    let id = store.roles().create(&role(Level::View), &world.change()).await.unwrap();
    overtaken!(
        world,
        store.roles().get(id),
        async |version, new: AccessRole, change| store.roles().update(id, version, &new, &change).await,
        role(Level::Modify),
        role(Level::Forbidden),
        changed("base", "view", "modify")
    );
    let rule = |start: &str| DialingRule { name: "Rule".into(), codes: codes(start) };
    let id = store.dialing_rules().create(&rule("*46"), &world.change()).await.unwrap();
    overtaken!(
        world,
        store.dialing_rules().get(id),
        async |version, new: DialingRule, change| store.dialing_rules().update(id, version, &new, &change).await,
        rule("*47"),
        rule("*48"),
        changed("record_start", "*46", "*47")
    );
    let own = |start: &str| CustomerDialing { assigned: None, mode: DialingMode::Default, custom: codes(start) };
    overtaken!(
        world,
        store.dialing(abc).get(),
        async |version, new: CustomerDialing, change| store.dialing(abc).update(version, &new, &change).await,
        own("*47"),
        own("*48"),
        changed("record_start", "*44", "*47")
    );
    let ada = world.administrator("Ada", roles::ADMINISTRATOR).await;
    let person = |name: &str| Administrator::new(name, "", roles::ADMINISTRATOR);
    overtaken!(
        world,
        store.administrators().get(ada),
        async |version, new: Administrator, change| store.administrators().update(ada, version, &new, &change).await,
        person("Ada K."),
        person("Ada L."),
        changed("name", "Ada", "Ada K.")
    );
}

async fn several_edits_are_told_as_one_and_what_was_taken_back_not_at_all(world: World) {
    let abc = world.customer("ABC").await;
    let customers = world.store.customers();
    let edits = [("a@abc.example", "ABC"), ("b@abc.example", "ABD"), ("c@abc.example", "ABC")];
    let (mut version, mut last) = (Version::FIRST, Timestamp::default());
    for (email, name) in edits {
        let new = Customer { email: email.into(), name: name.into(), ..customer("ABC") };
        let change = world.by("mary");
        (version, last) = (customers.update(abc, version, &new, &change).await.unwrap(), change.at);
    }
    let late = stale(customers.update(abc, Version::FIRST, &customer("ABC"), &world.by("peter")).await);
    let changes = vec![changed("email", "", "c@abc.example")];
    assert_eq!(
        late,
        StaleEdit { version, by: "mary".into(), by_staff: false, at: last, subject: late.subject, changes }
    );
    let late = stale(customers.update(abc, Version(3), &customer("ABC"), &world.by("peter")).await);
    assert_eq!(late.changes, [changed("name", "ABD", "ABC"), changed("email", "b@abc.example", "c@abc.example")]);
}

async fn a_stale_version_never_overwrites_however_old_or_new(world: World) {
    let abc = world.customer("ABC").await;
    let customers = world.store.customers();
    let new = Customer { email: "a@abc.example".into(), ..customer("ABC") };
    customers.update(abc, Version::FIRST, &new, &world.change()).await.unwrap();
    let lines = world.lines().await;
    for version in [i64::MIN, -1, 0, 1, 3, i64::MAX] {
        let late = customers.update(abc, Version(version), &customer("ABC"), &world.change()).await;
        assert_eq!(stale(late).version, Version(2));
    }
    assert_eq!((customers.get(abc).await.unwrap().value, world.lines().await), (new, lines));
}

async fn who_saw_another_status_changes_none(world: World) {
    let (customers, accounts) = (world.store.customers(), world.store.accounts());
    let abc = world.customer("ABC").await;
    let john = world.account(abc, "John", "744").await;
    let saw = Some(Status::Open);
    let by_mary = world.by("mary");
    customers.set_status(abc, Status::Blocked, saw, "Fraud", &by_mary).await.unwrap();
    accounts.set_status(abc, john, Status::Blocked, saw, "Lost phone", &by_mary).await.unwrap();
    let lines = world.lines().await;
    for next in [Status::Open, Status::Blocked, Status::Closed] {
        let of_customer = customers.set_status(abc, next, saw, "Late", &world.by("peter")).await;
        let of_account = accounts.set_status(abc, john, next, saw, "Late", &world.by("peter")).await;
        for told in [stale(of_customer), stale(of_account)] {
            let changes = vec![changed("status", "open", "blocked")];
            assert_eq!(
                told,
                StaleEdit {
                    version: Version::FIRST,
                    by: "mary".into(),
                    by_staff: false,
                    at: by_mary.at,
                    subject: told.subject,
                    changes
                }
            );
        }
    }
    assert_eq!(world.lines().await, lines);
    // Whoever looked again can change it.
    customers.set_status(abc, Status::Open, Some(Status::Blocked), "Paid", &world.by("peter")).await.unwrap();
    accounts.set_status(abc, john, Status::Open, Some(Status::Blocked), "Found", &world.by("peter")).await.unwrap();
}

async fn saving_what_is_there_changes_nothing(world: World) {
    let abc = world.customer("ABC").await;
    let john = world.account(abc, "John", "744").await;
    let group = world.huntgroup(abc, "Support", "7700", &[john]).await;
    let lines = world.lines().await;
    let (store, first) = (&world.store, Version::FIRST);
    let same = [
        store.customers().update(abc, first, &customer("ABC"), &world.change()).await.unwrap(),
        store.accounts().update(abc, john, first, &account(abc, "John", "744"), &world.change()).await.unwrap(),
        store.huntgroups(abc).update(group, first, &huntgroup("Support", "7700", &[]), &world.change()).await.unwrap(),
        store.huntgroups(abc).set_members(group, first, &[member(john)], &world.change()).await.unwrap(),
    ];
    assert_eq!((same, world.lines().await), ([first; 4], lines));
}

async fn a_record_and_its_codes_are_edited_apart(world: World) {
    let abc = world.customer("ABC").await;
    let dialing = world.store.dialing(abc);
    for n in 0..3 {
        let found = dialing.get().await.unwrap();
        let chosen = CustomerDialing { custom: codes(&format!("*6{n}")), ..found.value };
        dialing.update(found.version, &chosen, &world.by("abc")).await.unwrap();
    }
    // Whoever had the customer's form open meanwhile saves it without a word.
    let new = Customer { email: "a@abc.example".into(), ..customer("ABC") };
    world.store.customers().update(abc, Version::FIRST, &new, &world.by("mary")).await.unwrap();
    // And is told of what concerns the form alone.
    let late = stale(world.store.customers().update(abc, Version::FIRST, &customer("ABC"), &world.by("peter")).await);
    assert_eq!((late.by.as_str(), late.changes), ("mary", vec![changed("email", "", "a@abc.example")]));
    let found = dialing.get().await.unwrap();
    let late = stale(dialing.update(Version(3), &found.value, &world.by("peter")).await);
    assert_eq!((late.by.as_str(), late.changes), ("abc", vec![changed("record_start", "*61", "*62")]));
}

async fn a_group_and_its_members_are_edited_together(world: World) {
    let abc = world.customer("ABC").await;
    let john = world.account(abc, "John", "744").await;
    let group = world.huntgroup(abc, "Support", "7700", &[]).await;
    let groups = world.store.huntgroups(abc);
    groups.set_members(group, Version::FIRST, &[member(john)], &world.by("mary")).await.unwrap();
    let late = groups.update(group, Version::FIRST, &huntgroup("Help", "7700", &[]), &world.by("peter")).await;
    assert_eq!(stale(late).changes, [changed("members", "", "744")]);
    groups.update(group, Version(2), &huntgroup("Help", "7700", &[]), &world.by("peter")).await.unwrap();
    let late = stale(groups.set_members(group, Version(2), &[], &world.by("mary")).await);
    assert_eq!((late.by.as_str(), late.changes), ("peter", vec![changed("name", "Support", "Help")]));
}

const PEOPLE: usize = 6;
const EDITS: usize = 4;

async fn of_many_who_count_up_nobody_is_lost(world: World) {
    let abc = world.customer("ABC").await;
    let group = world.huntgroup(abc, "Support", "7700", &[]).await;
    let lines = world.lines().await;
    at_once((0..PEOPLE).map(|_| {
        let (store, change) = (world.store.clone(), world.change());
        async move {
            let groups = store.huntgroups(abc);
            let mut saved = 0;
            while saved < EDITS {
                let mut found = groups.get(group).await.unwrap();
                found.value.ring_seconds += 1;
                match groups.update(group, found.version, &found.value, &change).await {
                    Ok(version) => {
                        assert_eq!(version, found.version.next());
                        saved += 1;
                    }
                    missed => assert!(stale(missed).version > found.version),
                }
            }
        }
    }))
    .await;
    let all = PEOPLE * EDITS;
    let found = world.store.huntgroups(abc).get(group).await.unwrap();
    assert_eq!(found.value.ring_seconds as usize, 20 + all);
    assert_eq!(found.version, Version(1 + i64::try_from(all).unwrap()));
    let told = world.told_since(lines).await;
    let mut seconds: Vec<(u32, u32)> =
        told.iter().map(|line| (line[3].parse().unwrap(), line[4].parse().unwrap())).collect();
    seconds.sort_unstable();
    assert_eq!(seconds.len(), all);
    assert!(seconds.iter().zip(20..).all(|(told, n)| *told == (n, n + 1)), "{seconds:?}");
}

async fn of_many_who_join_a_group_everybody_is_there(world: World) {
    let abc = world.customer("ABC").await;
    let group = world.huntgroup(abc, "Support", "7700", &[]).await;
    let mut people = Vec::new();
    for n in 0..12 {
        people.push(world.account(abc, &format!("Person {n}"), &format!("{}", 700 + n)).await);
    }
    at_once(people.iter().copied().map(|person| {
        let (store, change) = (world.store.clone(), world.change());
        async move {
            let groups = store.huntgroups(abc);
            loop {
                let mut found = groups.get(group).await.unwrap();
                found.value.members.push(member(person));
                match groups.set_members(group, found.version, &found.value.members, &change).await {
                    Ok(_) => return,
                    missed => drop(stale(missed)),
                }
            }
        }
    }))
    .await;
    let members = world.store.huntgroups(abc).get(group).await.unwrap().value.members;
    let mut joined: Vec<_> = members.into_iter().map(|member| member.account).collect();
    joined.sort_unstable();
    people.sort_unstable();
    assert_eq!(joined, people);
}

async fn of_many_who_edit_different_fields_each_edit_stays(world: World) {
    let abc = world.customer("ABC").await;
    let john = world.account(abc, "John", "744").await;
    let edits: [fn(&mut Account); 4] = [
        |account| account.first_name = "Jack".into(),
        |account| account.last_name = "Doe".into(),
        |account| account.email = "jack@abc.example".into(),
        |account| account.expires_on = Some("2030-12-31".into()),
    ];
    at_once(edits.map(|edit| {
        let (store, change) = (world.store.clone(), world.change());
        async move {
            loop {
                let mut found = store.accounts().get(abc, john).await.unwrap();
                edit(&mut found.value);
                match store.accounts().update(abc, john, found.version, &found.value, &change).await {
                    Ok(_) => return,
                    missed => {
                        let told: Vec<FieldChange> = stale(missed).changes;
                        assert!(!told.is_empty(), "the others' edits are told");
                    }
                }
            }
        }
    }))
    .await;
    let mut expected = account(abc, "John", "744");
    edits.into_iter().for_each(|edit| edit(&mut expected));
    let found = world.store.accounts().get(abc, john).await.unwrap();
    assert_eq!((found.version, found.value), (Version(5), expected));
}
