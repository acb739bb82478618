//! What somebody else saves in the middle of a save is not undone by it.

use std::time::Duration;

use axum::http::StatusCode;
use sqlx::{Row as _, SqliteConnection};

use crate::{
    table,
    walk::{Faults, Fields},
    world::{PASSWORD, Person, Template, World},
};

/// Time enough for a request to read the record and to come to the point where it wants to write.
const READS: Duration = Duration::from_millis(250);

/// Whoever names a version that is still to come must not write back, with the fields of others, what was there before them.
#[tokio::test]
async fn a_version_that_is_still_to_come_overwrites_nobody() {
    let template = Template::new().await;
    let mut faults = Faults::default();
    let mut saves = 0;
    for row in table::all() {
        let Some(person) = row.permitted().next() else { continue };
        let mut fields = (row.fields)(&template.demo);
        if !name_the_next_version(&mut fields) {
            continue;
        }
        saves += 1;
        let world = template.world().await;
        let status = save_while_others_save(&world, person, &row.path(), &fields).await;
        if status != StatusCode::CONFLICT {
            faults.note(row, person, &format!("{status}: what somebody else saved meanwhile is overwritten"));
        }
        world.end().await;
    }
    assert!(saves > 10, "only {saves} functions take a version");
    faults.none();
}

/// Puts the version after the present one into the form; tells whether the form has one.
fn name_the_next_version(fields: &mut Fields) -> bool {
    let Some((_, version)) = fields.iter_mut().find(|(name, _)| *name == "version") else { return false };
    *version = (version.parse::<i64>().unwrap() + 1).to_string();
    true
}

/// Posts the form while every record is saved by somebody else, after the request has read it and before it writes.
async fn save_while_others_save(world: &World, person: Person, path: &str, fields: &Fields) -> StatusCode {
    let mut others = world.another_writer().await;
    sqlx::query("BEGIN IMMEDIATE").execute(&mut others).await.unwrap();
    let save = async {
        tokio::time::sleep(READS).await;
        for table in versioned(&mut others).await {
            sqlx::query(&format!("UPDATE {table} SET version = version + 1")).execute(&mut others).await.unwrap();
        }
        sqlx::query("UPDATE account SET sip_version = sip_version + 1").execute(&mut others).await.unwrap();
        sqlx::query("COMMIT").execute(&mut others).await.unwrap();
    };
    let (answer, ()) = tokio::join!(world.post(person, path, fields), save);
    answer.status
}

/// The tables whose records have versions.
async fn versioned(records: &mut SqliteConnection) -> Vec<String> {
    let tables = "SELECT m.name FROM sqlite_master m JOIN pragma_table_info(m.name) c \
                  WHERE m.type = 'table' AND c.name = 'version' AND m.name NOT LIKE '\\_%' ESCAPE '\\'";
    sqlx::query(tables).fetch_all(records).await.unwrap().into_iter().map(|row| row.get(0)).collect()
}

/// Nobody deletes what a colleague has changed since: what they changed is told instead.
#[tokio::test]
async fn what_a_colleague_has_changed_is_not_deleted_unseen() {
    let template = Template::new().await;
    let (world, demo) = (template.world().await, &template.demo);
    let spare = |table| vec![("id", demo.id(table, "Spare")), ("version", demo.version(table, "Spare"))];
    let group = [("customer", demo.id("customer", "abc")), ("id", demo.id("huntgroup", "abc7700"))];
    let group = [group.as_slice(), &[("version", demo.version("huntgroup", "abc7700"))]].concat();
    let renamed = ("name", "Needed after all".to_owned());
    for (function, mut fields, mut change) in [
        ("class", spare("customer_class"), vec![renamed.clone()]),
        ("dialing_rule", spare("dialing_rule"), vec![renamed.clone()]),
        (
            "role",
            spare("access_role"),
            vec![renamed.clone(), ("audience", "account".to_owned()), ("base", "view".to_owned())],
        ),
        ("huntgroup", group, vec![renamed]),
    ] {
        change.extend(fields.clone());
        let saved = world.post(Person::Administrator, &format!("/api/{function}_save"), &change).await;
        assert_eq!(saved.status, StatusCode::OK, "{function}: {}", saved.body);
        let before = world.dump().await;
        let late = world.post(Person::Administrator, &format!("/api/{function}_delete"), &fields).await;
        assert_eq!(late.status, StatusCode::CONFLICT, "{function}: {}", late.body);
        assert!(late.body.contains("Needed after all"), "{function}: {}", late.body);
        assert_eq!(before, world.dump().await, "{function}");
        // Whoever has seen it may.
        let version = fields.iter_mut().find(|(name, _)| *name == "version").unwrap();
        version.1 = (version.1.parse::<i64>().unwrap() + 1).to_string();
        let deleted = world.post(Person::Administrator, &format!("/api/{function}_delete"), &fields).await;
        assert_eq!(deleted.status, StatusCode::OK, "{function}: {}", deleted.body);
    }
}

/// A sign-in that a colleague has taken away, of somebody who was let go, does not come back from an older page.
#[tokio::test]
async fn a_sign_in_that_was_taken_away_is_not_made_anew_unseen() {
    let template = Template::new().await;
    let (world, demo) = (template.world().await, &template.demo);
    let of = |more: &[(&'static str, &str)]| {
        let peter = [("customer", demo.id("customer", "abc")), ("account", demo.id("account", "abc746"))];
        peter.into_iter().chain(more.iter().map(|(name, value)| (*name, (*value).to_owned()))).collect::<Vec<_>>()
    };
    let seen = demo.version("sign_in", "peter");
    let removed = world.post(Person::Abc, "/api/sign_in_remove", &of(&[("version", &seen)])).await;
    assert_eq!(removed.status, StatusCode::OK, "{}", removed.body);
    let form = [("sign_in", "peter"), ("password", PASSWORD)];
    let late = world.post(Person::Abc, "/api/sign_in_save", &of(&[form[0], form[1], ("version", &seen)])).await;
    assert_eq!(late.status, StatusCode::CONFLICT, "{}", late.body);
    let knowing = world.post(Person::Abc, "/api/sign_in_save", &of(&[form[0], form[1], ("version", "0")])).await;
    assert_eq!(knowing.status, StatusCode::OK, "{}", knowing.body);
}
