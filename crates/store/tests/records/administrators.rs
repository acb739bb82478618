//! The provider's staff: their life, and that somebody can always manage them.

use std::collections::BTreeMap;

use tandem_domain::{
    access::{AccessRole, Audience, Level, Who},
    administrator::Administrator,
    ids::Version,
    list::Query,
    locale::Locale,
};
use tandem_store::{StoreError, administrators::AdministratorRow, roles};

use crate::world::{World, at_once, in_use, not_found, refusal, sign_in};

on_both!(
    an_administrator_lives_and_the_life_is_told,
    dates_are_shown_as_the_person_chose,
    namesakes_are_two_people_but_sign_in_apart,
    the_last_who_manages_stays,
    of_two_who_manage_and_give_it_up_at_once_one_stays,
    a_role_cannot_take_the_last_permission_away,
);

fn person(name: &str, role: tandem_domain::ids::RoleId) -> Administrator {
    Administrator::new(name, "", role)
}

async fn an_administrator_lives_and_the_life_is_told(world: World) {
    let administrators = world.store.administrators();
    world.administrator("Root", roles::ADMINISTRATOR).await;
    let lines = world.lines().await;
    let ada = Administrator { email: "ada@tandem.example".into(), ..person("Ada", roles::ADMINISTRATOR) };
    let id = administrators.create(&ada, &sign_in("ada"), &world.change()).await.unwrap();
    let read = administrators.get(id).await.unwrap();
    assert_eq!((read.id, read.version, &read.value), (id, Version::FIRST, &ada));
    let reader = Administrator {
        active: false,
        email: String::new(),
        locale: Locale::EnUs,
        time_zone: "America/New_York".parse().unwrap(),
        ..person("Ada King", roles::READ_ONLY_ADMINISTRATOR)
    };
    let version = administrators.update(id, Version::FIRST, &reader, &world.by("root")).await.unwrap();
    let page = administrators.list(&Query { search: "king".into(), ..Query::default() }).await.unwrap();
    let row = AdministratorRow {
        id,
        name: "Ada King".into(),
        email: String::new(),
        role: "Read-only administrator".into(),
        active: false,
        sign_in: Some("ada".parse().unwrap()),
    };
    assert_eq!((page.count, page.rows), (1, vec![row]));
    assert_eq!(world.store.sign_ins().principal(Who::Administrator(id)).await.unwrap(), None, "not active");
    administrators.delete(id, &world.change()).await.unwrap();
    not_found(administrators.get(id).await);
    not_found(administrators.update(id, version, &reader, &world.change()).await);
    not_found(administrators.delete(id, &world.change()).await);
    assert_eq!(world.store.sign_ins().find(&"ada".parse().unwrap()).await.unwrap(), None);
    let line =
        |who: &str, action: &str, field: &str, old: &str, new: &str| [who, action, field, old, new].map(str::to_owned);
    let expected = [
        line("Ada", "created", "name", "", "Ada"),
        line("Ada", "created", "email", "", "ada@tandem.example"),
        line("Ada", "created", "role", "", "Administrator"),
        line("Ada", "created", "active", "", "on"),
        line("Ada", "created", "locale", "", "en-GB"),
        line("Ada", "created", "time_zone", "", "Europe/Brussels"),
        line("Ada", "changed", "sign_in", "", "ada"),
        line("Ada King", "changed", "name", "Ada", "Ada King"),
        line("Ada King", "changed", "email", "ada@tandem.example", ""),
        line("Ada King", "changed", "role", "Administrator", "Read-only administrator"),
        line("Ada King", "changed", "active", "on", "off"),
        line("Ada King", "changed", "locale", "en-GB", "en-US"),
        line("Ada King", "changed", "time_zone", "Europe/Brussels", "America/New_York"),
        line("Ada King", "deleted", "name", "Ada King", ""),
        line("Ada King", "deleted", "role", "Read-only administrator", ""),
        line("Ada King", "deleted", "active", "off", ""),
        line("Ada King", "deleted", "locale", "en-US", ""),
        line("Ada King", "deleted", "time_zone", "America/New_York", ""),
    ];
    assert_eq!(world.told_since(lines).await, expected);
}

async fn dates_are_shown_as_the_person_chose(world: World) {
    let id = world.administrator("Ada", roles::ADMINISTRATOR).await;
    let reads = async || {
        let (ada, _) = world.store.sign_ins().principal(Who::Administrator(id)).await.unwrap().unwrap();
        (ada.locale, ada.time_zone.to_string())
    };
    assert_eq!(reads().await, (Locale::EnGb, "Europe/Brussels".to_owned()));
    let time_zone = "Pacific/Auckland".parse().unwrap();
    let chosen = Administrator { locale: Locale::DeDe, time_zone, ..person("Ada", roles::ADMINISTRATOR) };
    world.store.administrators().update(id, Version::FIRST, &chosen, &world.change()).await.unwrap();
    assert_eq!(reads().await, (Locale::DeDe, "Pacific/Auckland".to_owned()));
}

async fn namesakes_are_two_people_but_sign_in_apart(world: World) {
    let administrators = world.store.administrators();
    world.administrator("Ada", roles::ADMINISTRATOR).await;
    let namesake = person("Ada", roles::ADMINISTRATOR);
    let lines = world.lines().await;
    let words = refusal(administrators.create(&namesake, &sign_in("ada"), &world.change()).await, "sign_in");
    assert_eq!(words, "Somebody else signs in with this name; choose another.");
    let customer = person("Eve", roles::CUSTOMER);
    refusal(administrators.create(&customer, &sign_in("eve"), &world.change()).await, "role");
    assert_eq!(world.lines().await, lines);
    administrators.create(&namesake, &sign_in("ada2"), &world.change()).await.unwrap();
    assert_eq!(administrators.list(&Query::default()).await.unwrap().count, 2);
}

async fn the_last_who_manages_stays(world: World) {
    let administrators = world.store.administrators();
    let ada = world.administrator("Ada", roles::ADMINISTRATOR).await;
    world.administrator("Reader", roles::READ_ONLY_ADMINISTRATOR).await;
    let lines = world.lines().await;
    let nobody = "Nobody would be left who can manage administrators. Give somebody else that permission first.";
    assert_eq!(in_use(administrators.delete(ada, &world.change()).await), nobody);
    let away = Administrator { active: false, ..person("Ada", roles::ADMINISTRATOR) };
    assert_eq!(refusal(administrators.update(ada, Version::FIRST, &away, &world.change()).await, "active"), nobody);
    let reader = person("Ada", roles::READ_ONLY_ADMINISTRATOR);
    assert_eq!(refusal(administrators.update(ada, Version::FIRST, &reader, &world.change()).await, "role"), nobody);
    in_use(world.store.sign_ins().remove(Who::Administrator(ada), None, &world.change()).await);
    assert_eq!(world.lines().await, lines);
    assert!(world.store.sign_ins().principal(Who::Administrator(ada)).await.unwrap().is_some());
    world.administrator("Grace", roles::ADMINISTRATOR).await;
    administrators.delete(ada, &world.change()).await.unwrap();
}

async fn of_two_who_manage_and_give_it_up_at_once_one_stays(world: World) {
    for round in 0..5 {
        let names: [&'static str; 2] =
            [["Ada", "Bea"], ["Cleo", "Dina"], ["Edda", "Fay"], ["Gina", "Hana"], ["Ida", "Jo"]][round];
        let mut ids = Vec::new();
        for name in names {
            ids.push(world.administrator(name, roles::ADMINISTRATOR).await);
        }
        let leave = at_once(ids.iter().copied().enumerate().map(|(n, id)| {
            let (store, change) = (world.store.clone(), world.change());
            let away = Administrator { active: false, ..person(names[n], roles::ADMINISTRATOR) };
            async move {
                let administrators = store.administrators();
                // One goes away, the other is deleted: two ways to the same end.
                if n == 0 {
                    administrators.update(id, Version::FIRST, &away, &change).await.map(drop)
                } else {
                    administrators.delete(id, &change).await
                }
            }
        }));
        let stayed = leave.await.into_iter().filter(Result::is_err).count();
        // From the second round on the one who stayed is still there.
        assert_eq!(stayed, usize::from(round == 0));
        if round == 0 {
            let refused = world.store.administrators().list(&Query::default()).await.unwrap();
            assert!(refused.rows.iter().any(|row| row.active && row.role == "Administrator"));
        }
    }
}

async fn a_role_cannot_take_the_last_permission_away(world: World) {
    let role =
        |base| AccessRole { name: "Chief".into(), audience: Audience::Administrator, base, entries: BTreeMap::new() };
    let id = world.store.roles().create(&role(Level::Modify), &world.change()).await.unwrap();
    world.administrator("Ada", id).await;
    let refused = world.store.roles().update(id, Version::FIRST, &role(Level::View), &world.change()).await;
    assert!(matches!(&refused, Err(StoreError::Refused(errors)) if errors.get("entries").is_some()), "{refused:?}");
    world.administrator("Grace", roles::ADMINISTRATOR).await;
    world.store.roles().update(id, Version::FIRST, &role(Level::View), &world.change()).await.unwrap();
}
