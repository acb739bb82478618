//! Every page as everybody: it answers, and tells nobody what is not theirs.

use axum::http::StatusCode;

use crate::{
    demo_ids::DemoIds,
    walk::told_too_much,
    world::{Person, Template},
};

/// The addresses of all pages, with ABC's records in them.
fn addresses(demo: &DemoIds) -> Vec<String> {
    let source = include_str!("../../../app/src/routes.rs");
    let mut parent = "";
    let mut addresses = Vec::new();
    for line in source.lines() {
        let path = line.split_once("path!(\"").and_then(|(_, rest)| rest.split_once('"')).map(|(path, _)| path);
        match path {
            Some(path) if line.contains("<ParentRoute") => parent = path,
            Some(path) if line.contains("<Route") => addresses.push(format!("{parent}{path}")),
            Some(_) | None if line.contains("</ParentRoute>") => parent = "",
            Some(_) | None => {}
        }
    }
    assert!(addresses.len() > 30, "the routes are read wrongly: {addresses:?}");
    addresses.into_iter().map(|address| with_id(demo, &address)).collect()
}

fn with_id(demo: &DemoIds, address: &str) -> String {
    let kinds = [
        ("/customers/", demo.id("customer", "abc")),
        ("/accounts/", demo.id("account", "abc744")),
        ("/extensions/", demo.id("account", "abc744")),
        ("/huntgroups/", demo.id("huntgroup", "abc7700")),
        ("/classes/", demo.id("customer_class", "Business")),
        ("/roles/", demo.id("access_role", "Account")),
        ("/dialing-rules/", demo.id("dialing_rule", "Standard")),
        ("/administrators/", demo.id("administrator", "Administrator")),
    ];
    let id = kinds.into_iter().find(|(kind, _)| address.contains(kind)).map_or_else(String::new, |(_, id)| id);
    address.replace(":id", &id)
}

#[tokio::test]
async fn every_page_answers_everybody_and_tells_nobody_too_much() {
    let template = Template::new().await;
    let world = template.world().await;
    let mut faults = Vec::new();
    for address in addresses(&template.demo) {
        for person in Person::ALL {
            let answer = world.page(person, &address).await;
            if !allowed(person, &address).contains(&answer.status) {
                faults.push(format!("{address} as {person:?}: {}", answer.status));
            }
            // The address itself comes back in the page, with the id that was asked for.
            let told = told_too_much(&template.demo, person, &answer);
            faults.extend(
                told.iter().filter(|id| !address.contains(*id)).map(|id| format!("{address} as {person:?} tells {id}")),
            );
        }
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

/// What a person may get for an address.
fn allowed(person: Person, address: &str) -> &'static [StatusCode] {
    const REFUSED: &[StatusCode] = &[StatusCode::FORBIDDEN, StatusCode::NOT_FOUND];
    let (area, _) = address.trim_start_matches('/').split_once('/').unwrap_or((address.trim_start_matches('/'), ""));
    match (person, area) {
        (_, "sign-in") => &[StatusCode::OK, StatusCode::SEE_OTHER],
        (Person::Nobody, _) => &[StatusCode::SEE_OTHER],
        (Person::Administrator, "admin") | (_, "profile") => &[StatusCode::OK],
        (Person::Reader, "admin") if address.ends_with("/new") => &[StatusCode::OK, StatusCode::FORBIDDEN],
        (Person::Reader, "admin") => &[StatusCode::OK],
        (Person::Abc, "self-care") => &[StatusCode::OK, StatusCode::FORBIDDEN, StatusCode::NOT_FOUND],
        (Person::Panda, "self-care") if address.contains('-') && address.len() > 40 => REFUSED,
        (Person::Panda | Person::John | Person::Olivia, "self-care") => {
            &[StatusCode::OK, StatusCode::FORBIDDEN, StatusCode::NOT_FOUND]
        }
        (Person::Administrator | Person::Reader | Person::Abc | Person::Panda | Person::John | Person::Olivia, _) => {
            REFUSED
        }
    }
}

#[tokio::test]
async fn a_page_that_is_not_there_and_a_record_that_is_not_there_are_said_to_be_so() {
    let template = Template::new().await;
    let world = template.world().await;
    for address in [
        "/admin/nothing",
        "/nothing",
        "/admin/customers/no-id",
        "/admin/customers/01890000-0000-7000-8000-000000000000",
    ] {
        let answer = world.page(Person::Administrator, address).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{address}");
        assert!(answer.body.contains("<h1"), "{address} has no page");
    }
}
