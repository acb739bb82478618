//! The audit log: filters, words, pages and exports, and what it never keeps.

use tandem_domain::{
    access::Scope,
    audit::Subject,
    ids::{AuditId, Timestamp, Version},
};
use tandem_store::{
    Change,
    audit::{AuditFilters, Fields, Hidden, OF_MEMBER},
    demo, roles,
};

use crate::world::{START, World, changed, customer};

on_both!(
    lines_are_found_by_every_filter_and_by_several,
    a_search_finds_no_line_that_is_hidden,
    staff_without_names_are_found_together_and_not_by_name,
    a_page_of_a_record_shows_its_newest_lines,
    an_export_has_every_line_once,
    what_changed_no_record_can_be_noted,
    a_line_holds_no_character_that_a_terminal_obeys,
    addresses_are_told_as_people_write_them,
);

async fn lines_are_found_by_every_filter_and_by_several(world: World) {
    let abc = world.customer("ABC").await;
    let panda = world.customer("Panda").await;
    world.administrator("Ada", roles::ADMINISTRATOR).await;
    let john = world.account(abc, "John", "744").await;
    let noon = world.now();
    let renamed = tandem_domain::customer::Customer { name: "Panda Foods".into(), ..customer("Panda") };
    world.store.customers().update(panda, Version::FIRST, &renamed, &world.by("mary")).await.unwrap();
    let evening = world.now();
    world
        .store
        .huntgroups(abc)
        .create(&crate::world::huntgroup("Support", "7700", &[john]), &world.by("abc"))
        .await
        .unwrap();
    let all = world.audit().await;
    let everything = AuditFilters::default();
    let cases = [
        AuditFilters { subject: Some(Subject::Account), ..everything.clone() },
        AuditFilters { record: Some(john.to_string()), ..everything.clone() },
        AuditFilters { record: Some("\0no such record".into()), ..everything.clone() },
        AuditFilters { actor: " mary ".into(), ..everything.clone() },
        AuditFilters { actor: "MARY".into(), ..everything.clone() },
        AuditFilters { customer: Some(abc.customer()), ..everything.clone() },
        AuditFilters { from: Some(noon), ..everything.clone() },
        AuditFilters { until: Some(noon), ..everything.clone() },
        AuditFilters { from: Some(noon), until: Some(evening), ..everything.clone() },
        AuditFilters { from: Some(evening), until: Some(noon), ..everything.clone() },
        AuditFilters { search: "foods".into(), ..everything.clone() },
        AuditFilters { search: "panda".into(), actor: "mary".into(), ..everything.clone() },
        AuditFilters { search: "support 7700".into(), subject: Some(Subject::Huntgroup), ..everything.clone() },
        AuditFilters { search: "%".into(), ..everything.clone() },
        everything,
    ];
    for (n, filters) in cases.iter().enumerate() {
        for scope in [Scope::for_system(), Scope::of(abc), Scope::of(panda)] {
            let expected: Vec<_> = all
                .iter()
                .rev()
                .filter(|row| scope.customer().is_none_or(|customer| row.customer == Some(customer)))
                .filter(|row| filters.subject.is_none_or(|subject| row.subject == subject))
                .filter(|row| filters.record.as_ref().is_none_or(|record| row.subject_id == *record))
                .filter(|row| filters.actor.trim().is_empty() || row.actor == filters.actor.trim())
                .filter(|row| filters.customer.is_none_or(|customer| row.customer == Some(customer)))
                .filter(|row| filters.from.is_none_or(|from| row.at >= from))
                .filter(|row| filters.until.is_none_or(|until| row.at < until))
                .filter(|row| {
                    let text = [&row.subject_name, &row.change.field, &row.change.old, &row.change.new];
                    let words = tandem_domain::list::search_words(&text.map(String::as_str).join(" "));
                    let wanted = tandem_domain::list::search_words(&filters.search);
                    wanted.iter().all(|wanted| words.iter().any(|word| word.starts_with(wanted.as_str())))
                })
                .cloned()
                .collect();
            let exported = world.store.audit().export(scope, filters, None).await.unwrap();
            assert_eq!(exported, expected, "case {n}");
            let page = world.store.audit().list(scope, filters, None).await.unwrap();
            assert_eq!(page.count as usize, expected.len(), "case {n}");
            assert!(expected.starts_with(&page.rows), "case {n}");
        }
    }
}

async fn staff_without_names_are_found_together_and_not_by_name(world: World) {
    let abc = world.customer("ABC").await;
    world.account(abc, "John", "744").await;
    let members = [];
    let group = crate::world::huntgroup("Support", "7700", &members);
    world.store.huntgroups(abc).create(&group, &world.by("abc")).await.unwrap();
    let finds = async |actor: &str, staff_unnamed| {
        let filters = AuditFilters { actor: actor.into(), staff_unnamed, ..AuditFilters::default() };
        let rows = world.store.audit().list(Scope::of(abc), &filters, None).await.unwrap().rows;
        assert!(rows.iter().all(|row| row.by_staff == (row.actor == "admin")));
        rows.into_iter().map(|row| row.actor).collect::<std::collections::BTreeSet<_>>().into_iter().collect::<Vec<_>>()
    };
    assert_eq!(finds("admin", false).await, ["admin"]);
    assert_eq!(finds("admin", true).await, [""; 0]);
    assert_eq!(finds("the provider", true).await, ["admin"]);
    assert_eq!(finds("the provider", false).await, [""; 0]);
    for staff_unnamed in [false, true] {
        assert_eq!(finds("abc", staff_unnamed).await, ["abc"]);
        assert_eq!(finds("", staff_unnamed).await, ["abc", "admin"]);
    }
}

/// Else whoever searches could try the letters of a hidden value one by one.
async fn a_search_finds_no_line_that_is_hidden(world: World) {
    let abc = world.customer("ABC").await;
    let audit = world.store.audit();
    let note = async |subject, field: &str| {
        let secret = changed(field, "", "secret");
        audit.note(&world.change(), Some(abc.customer()), subject, "1", "x", "changed", secret).await.unwrap();
    };
    for field in ["", "reason", "name", "John: reason"] {
        note(Subject::Customer, field).await;
    }
    for field in ["members", "name", "John (744): never_supervise", "Mary Ann (745): supervision_allowed"] {
        note(Subject::Huntgroup, field).await;
    }
    let finds = async |search: &str, hidden: Vec<Hidden>| {
        let filters = AuditFilters { search: search.into(), hidden, ..AuditFilters::default() };
        let page = audit.list(Scope::of(abc), &filters, None).await.unwrap();
        assert_eq!(page.count as usize, page.rows.len());
        assert_eq!(audit.export(Scope::of(abc), &filters, None).await.unwrap(), page.rows);
        page.rows.into_iter().rev().map(|row| (row.subject.key(), row.change.field)).collect::<Vec<_>>()
    };
    let of = |subject: Subject, fields: &[&str]| {
        fields.iter().map(|field| (subject.key(), (*field).to_owned())).collect::<Vec<_>>()
    };
    let customer = |fields| Hidden { subject: Subject::Customer, fields };
    let group = |fields| Hidden { subject: Subject::Huntgroup, fields };
    let members = ["John (744): never_supervise", "Mary Ann (745): supervision_allowed"];
    let cases = [
        (
            vec![customer(Fields::Only(vec!["reason"]))],
            vec!["", "name", "John: reason"],
            vec!["members", "name", members[0], members[1]],
        ),
        (
            vec![customer(Fields::AllBut(vec!["", "name"]))],
            vec!["", "name"],
            vec!["members", "name", members[0], members[1]],
        ),
        (
            vec![customer(Fields::AllBut(Vec::new())), group(Fields::Only(vec![OF_MEMBER]))],
            vec![],
            vec!["members", "name"],
        ),
        (vec![group(Fields::AllBut(vec![OF_MEMBER]))], vec!["", "reason", "name", "John: reason"], members.to_vec()),
        (
            vec![group(Fields::AllBut(vec!["members"])), customer(Fields::Only(vec!["name", ""]))],
            vec!["reason", "John: reason"],
            vec!["members"],
        ),
    ];
    for (hidden, of_customer, of_group) in cases {
        let expected = [of(Subject::Customer, &of_customer), of(Subject::Huntgroup, &of_group)].concat();
        assert_eq!(finds("secr", hidden.clone()).await, expected, "{hidden:?}");
        // Without a search the lines are there; the page shows that something was changed and not what.
        assert!(finds("?", hidden).await.len() >= 8);
    }
    assert_eq!(finds("secret", Vec::new()).await.len(), 8);
}

async fn a_page_of_a_record_shows_its_newest_lines(world: World) {
    let (abc, panda) = (world.customer("ABC").await, world.customer("Panda").await);
    let mut version = Version::FIRST;
    for n in 0..5 {
        let new = tandem_domain::customer::Customer { email: format!("{n}@abc.example"), ..customer("ABC") };
        version = world.store.customers().update(abc, version, &new, &world.change()).await.unwrap();
    }
    let id = abc.customer().to_string();
    let of_record = async |scope, record: &str| {
        let filters = AuditFilters { record: Some(record.into()), ..AuditFilters::default() };
        world.store.audit().list(scope, &filters, None).await.unwrap().rows
    };
    let newest = of_record(Scope::of(abc), &id).await;
    let emails: Vec<&str> = newest.iter().take(3).map(|row| row.change.new.as_str()).collect();
    assert_eq!(emails, ["4@abc.example", "3@abc.example", "2@abc.example"]);
    assert_eq!(of_record(Scope::of(panda), &id).await, []);
    assert_eq!(of_record(Scope::for_system(), "\0").await, []);
}

async fn an_export_has_every_line_once(world: World) {
    demo::bulk(&world.store, 3, 30, 2100, START).await.unwrap();
    let audit = world.store.audit();
    let filters = AuditFilters::default();
    let (mut seen, mut sizes, mut after) = (Vec::<AuditId>::new(), Vec::new(), None);
    loop {
        let part = audit.export(Scope::for_system(), &filters, after).await.unwrap();
        sizes.push(part.len());
        let Some(last) = part.last() else { break };
        after = Some(last.id);
        seen.extend(part.iter().map(|row| row.id));
        // Lines that come meanwhile are newer, so they disturb nothing.
        world.customer(&format!("Meanwhile {}", ["one", "two", "three"][sizes.len() - 1])).await;
    }
    assert_eq!(sizes, [1000, 1000, 100, 0]);
    assert!(seen.windows(2).all(|pair| pair[0] > pair[1]), "the newest first, none twice");
    let page = audit.list(Scope::for_system(), &filters, None).await.unwrap();
    assert_eq!(page.count, tandem_domain::list::COUNT_CAP + 1);
}

async fn what_changed_no_record_can_be_noted(world: World) {
    let abc = world.customer("ABC").await;
    let lines = world.lines().await;
    let audit = world.store.audit();
    let refused = changed("password", "", "");
    let change = world.by("stranger");
    audit.note(&change, None, Subject::SignIn, "stranger", "stranger", "refused", refused.clone()).await.unwrap();
    let customer = Some(abc.customer());
    audit.note(&change, customer, Subject::Request, "x", "Huntgroups", "refused", refused.clone()).await.unwrap();
    let told = world.audit().await.split_off(lines);
    assert_eq!((told.len(), told[0].subject, told[0].customer), (2, Subject::SignIn, None));
    assert_eq!((told[0].change.clone(), told[1].customer), (refused, customer));
    let of_abc = audit.export(Scope::of(abc), &AuditFilters::default(), None).await.unwrap();
    assert!(of_abc.contains(&told[1]) && !of_abc.contains(&told[0]));
}

async fn a_line_holds_no_character_that_a_terminal_obeys(world: World) {
    let nasty = "a\0b\u{1b}[31mc\r\nd";
    let long = "x".repeat(5000);
    let change = Change { at: world.now(), actor: nasty, by_staff: false, address: None };
    let audit = world.store.audit();
    audit.note(&change, None, Subject::Request, nasty, nasty, "refused", changed(nasty, nasty, &long)).await.unwrap();
    let line = world.audit().await.pop().unwrap();
    let clean = "ab[31mcd";
    assert_eq!((line.actor.as_str(), line.subject_id.as_str(), line.subject_name.as_str()), (clean, clean, clean));
    assert_eq!((line.change.field.as_str(), line.change.old.as_str(), line.change.new.len()), (clean, clean, 1000));
    assert_eq!(line.address, "");
}

async fn addresses_are_told_as_people_write_them(world: World) {
    for (address, told) in
        [("192.0.2.7", "192.0.2.7"), ("::ffff:192.0.2.7", "192.0.2.7"), ("2001:db8::7", "2001:db8::7")]
    {
        let change =
            Change { at: Timestamp(START.0), actor: "admin", by_staff: true, address: Some(address.parse().unwrap()) };
        let note = changed("page", "", address);
        world.store.audit().note(&change, None, Subject::Request, "", "", "refused", note).await.unwrap();
        assert_eq!(world.audit().await.pop().unwrap().address, told);
    }
}
