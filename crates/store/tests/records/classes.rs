//! Customer classes: their life, their names, and who has them.

use tandem_domain::{
    audit::{AuditRow, Subject},
    class::{CustomerClass, Notification},
    ids::{Stored, Version},
    list::Query,
};
use tandem_store::{StoreError, classes::STANDARD, users::Users};

use crate::world::{World, at_once, changed, customer, in_use, not_found, refusal};

on_both!(
    a_class_lives_and_its_life_is_told,
    a_name_belongs_to_one_class_whatever_its_case,
    of_two_who_want_a_name_at_once_one_gets_it,
    a_class_that_customers_have_stays,
    of_two_who_delete_a_class_at_once_one_finds_it,
    no_customer_is_left_without_its_class,
    the_built_in_class_can_be_changed_and_stays_changed,
);

fn class(name: &str) -> CustomerClass {
    CustomerClass { name: name.into(), ..CustomerClass::default() }
}

async fn a_class_lives_and_its_life_is_told(world: World) {
    let classes = world.store.classes();
    let made = world.change();
    let id = classes.create(&class("Business"), &made).await.unwrap();
    let read = classes.get(id).await.unwrap();
    assert_eq!(read, Stored { id, version: Version::FIRST, value: class("Business") });

    let better = CustomerClass {
        name: "Business Plus".into(),
        notifications: vec![Notification::NewCallRecording],
        recordings_kept_days: Some(90),
    };
    let version = classes.update(id, read.version, &better, &world.by("mary")).await.unwrap();
    assert_eq!(version, Version::FIRST.next());
    assert_eq!(classes.get(id).await.unwrap(), Stored { id, version, value: better.clone() });
    let page = classes.list(&Query { search: "plus".into(), ..Query::default() }).await.unwrap();
    let row = &page.rows[0];
    assert_eq!((page.count, row.id, row.name.as_str(), row.customers), (1, id, "Business Plus", 0));
    assert_eq!((row.notifications.as_slice(), row.built_in), (&[Notification::NewCallRecording][..], false));
    assert_eq!(classes.choices().await.unwrap(), [(id, "Business Plus".into()), (STANDARD, "Standard".into())]);

    classes.delete(id, None, &world.by("peter")).await.unwrap();
    not_found(classes.get(id).await);
    not_found(classes.update(id, version, &better, &world.change()).await);
    not_found(classes.delete(id, None, &world.change()).await);

    let told = world.audit().await;
    let first = AuditRow {
        id: told[0].id,
        at: made.at,
        actor: "admin".into(),
        by_staff: true,
        address: "192.0.2.7".into(),
        customer: None,
        subject: Subject::Class,
        subject_id: id.to_string(),
        subject_name: "Business".into(),
        action: "created".into(),
        change: changed("name", "", "Business"),
    };
    assert_eq!(told[0], first);
    let told: Vec<_> = told.iter().map(|row| (row.actor.as_str(), row.action.as_str(), row.change.clone())).collect();
    let expected = [
        ("admin", "created", changed("name", "", "Business")),
        ("admin", "created", changed("new_call_recording", "", "off")),
        ("mary", "changed", changed("name", "Business", "Business Plus")),
        ("mary", "changed", changed("new_call_recording", "off", "on")),
        ("mary", "changed", changed("recordings_kept_days", "", "90")),
        ("peter", "deleted", changed("name", "Business Plus", "")),
        ("peter", "deleted", changed("new_call_recording", "on", "")),
        ("peter", "deleted", changed("recordings_kept_days", "90", "")),
    ];
    assert_eq!(told, expected);
}

async fn a_name_belongs_to_one_class_whatever_its_case(world: World) {
    let classes = world.store.classes();
    classes.create(&class("Öffentlich"), &world.change()).await.unwrap();
    let id = classes.create(&class("Private"), &world.change()).await.unwrap();
    let lines = world.lines().await;
    let words = refusal(classes.create(&class("öffentlich"), &world.change()).await, "name");
    assert_eq!(words, "Another class is called “öffentlich”; choose another name.");
    refusal(classes.update(id, Version::FIRST, &class("ÖFFENTLICH"), &world.change()).await, "name");
    assert_eq!(classes.get(id).await.unwrap().value.name, "Private");
    assert_eq!(world.lines().await, lines, "nothing is told of what did not happen");
    classes.update(id, Version::FIRST, &class("PRIVATE"), &world.change()).await.unwrap();
}

async fn of_two_who_want_a_name_at_once_one_gets_it(world: World) {
    for round in 0..5 {
        let both = at_once((0..2).map(|_| {
            let (store, change) = (world.store.clone(), world.change());
            async move { store.classes().create(&class(&format!("Wanted {round}")), &change).await }
        }));
        let (got, missed): (Vec<_>, Vec<_>) = both.await.into_iter().partition(Result::is_ok);
        assert_eq!((got.len(), missed.len()), (1, 1));
        for miss in missed {
            refusal(miss, "name");
        }
    }
    assert_eq!(world.lines().await, 10, "two lines for each class that was made");
}

async fn a_class_that_customers_have_stays(world: World) {
    let classes = world.store.classes();
    let id = classes.create(&class("Business"), &world.change()).await.unwrap();
    let abc = tandem_domain::customer::Customer { class: id, ..customer("ABC") };
    let abc = world.store.customers().create(&abc, None, &world.change()).await.unwrap();
    let lines = world.lines().await;
    let words = in_use(classes.delete(id, None, &world.change()).await);
    assert_eq!(words, "Customers have this class. Give them another first.");
    in_use(classes.delete(STANDARD, None, &world.change()).await);
    assert_eq!((world.lines().await, classes.get(id).await.unwrap().value), (lines, class("Business")));

    let users = Users::of_class(&world.store, id).await.unwrap();
    assert_eq!((users.count, users.named.len(), users.named[0].name.as_str()), (1, 1, "ABC"));
    let tenant = tandem_domain::access::Tenant::for_system(abc);
    world.store.customers().update(tenant, Version::FIRST, &customer("ABC"), &world.change()).await.unwrap();
    assert_eq!(Users::of_class(&world.store, id).await.unwrap(), Users::default());
    classes.delete(id, None, &world.change()).await.unwrap();
}

async fn of_two_who_delete_a_class_at_once_one_finds_it(world: World) {
    for round in 0..5 {
        let name = format!("Doomed {round}");
        let id = world.store.classes().create(&class(&name), &world.change()).await.unwrap();
        let lines = world.lines().await;
        let both = at_once((0..2).map(|_| {
            let (store, change) = (world.store.clone(), world.change());
            async move { store.classes().delete(id, None, &change).await }
        }));
        let (deleted, missed): (Vec<_>, Vec<_>) = both.await.into_iter().partition(Result::is_ok);
        assert_eq!((deleted.len(), missed.len()), (1, 1), "{missed:?}");
        missed.into_iter().for_each(not_found);
        assert_eq!(world.lines().await, lines + 2, "a deletion is told once");
    }
}

async fn no_customer_is_left_without_its_class(world: World) {
    for round in 0..8 {
        let id = world.store.classes().create(&class(&format!("Brief {round}")), &world.change()).await.unwrap();
        let name = format!("Customer {}", char::from(b'a' + round));
        let mut new = tandem_domain::customer::Customer { class: id, ..customer(&name) };
        new.sip_prefix = format!("abc{}", char::from(b'a' + round));
        let (store, change) = (world.store.clone(), world.change());
        let make = tokio::spawn(async move { store.customers().create(&new, None, &change).await });
        let (store, change) = (world.store.clone(), world.change());
        let delete = tokio::spawn(async move { store.classes().delete(id, None, &change).await });
        match (make.await.unwrap(), delete.await.unwrap()) {
            (Ok(_), Err(StoreError::InUse(_))) => {}
            (made @ Err(StoreError::Refused(_)), Ok(())) => assert!(refusal(made, "class").contains("choose another")),
            other => panic!("{other:?}"),
        }
    }
}

async fn the_built_in_class_can_be_changed_and_stays_changed(world: World) {
    let classes = world.store.classes();
    let found = classes.get(STANDARD).await.unwrap();
    classes.update(STANDARD, found.version, &class("Ordinary"), &world.change()).await.unwrap();
    world.store.migrate().await.unwrap();
    assert_eq!(classes.get(STANDARD).await.unwrap().value.name, "Ordinary", "a migration leaves it as it is");
}
