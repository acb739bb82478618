//! What an access role hides is found by no search, sets no order, and stands in no line of the audit log: else whoever
//! searches could guess it letter by letter.

use axum::http::StatusCode;

use crate::{
    demo_ids::DemoIds,
    world::{Person, Template, World},
};

/// Gives ABC, or Rita of the staff, a role that permits everything but these nodes of the tree.
async fn hide(world: &World, demo: &DemoIds, person: Person, nodes: &[&'static str]) {
    let as_admin = async |function: &str, fields: &[(&str, String)]| {
        let answer = world.post(Person::Administrator, &format!("/api/{function}"), fields).await;
        assert_eq!(answer.status, StatusCode::OK, "{function}: {}", answer.body);
        answer.body
    };
    let audience = if person == Person::Abc { "customer" } else { "administrator" };
    let entries: Vec<String> = nodes.iter().map(|node| format!("entries[{node}]")).collect();
    let mut role =
        vec![("name", "With blind spots".to_owned()), ("audience", audience.to_owned()), ("base", "modify".to_owned())];
    role.extend(entries.iter().map(|entry| (entry.as_str(), "forbidden".to_owned())));
    let done = as_admin("role_create", &role).await;
    let role = done.split("/admin/roles/").nth(1).unwrap().split('"').next().unwrap().to_owned();
    if person == Person::Abc {
        let abc =
            [("customer", demo.id("customer", "abc")), ("was", demo.id("access_role", "Customer")), ("role", role)];
        as_admin("customer_role_assign", &abc).await;
    } else {
        let rita = [
            ("id", demo.id("administrator", "Rita Reader")),
            ("version", demo.version("administrator", "Rita Reader")),
            ("name", "Rita Reader".to_owned()),
            ("email", String::new()),
            ("sign_in", "reader".to_owned()),
            ("role", role),
        ];
        as_admin("administrator_save", &rita).await;
    }
}

/// What a list answers.
async fn listed(world: &World, person: Person, function: &str, fields: &[(&str, &str)]) -> String {
    let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    let answer = world.post(person, &format!("/api/{function}"), &fields).await;
    assert_eq!(answer.status, StatusCode::OK, "{function} {fields:?}: {}", answer.body);
    answer.body
}

/// How many rows a list has.
async fn rows(world: &World, person: Person, function: &str, fields: &[(&str, &str)]) -> usize {
    let body = listed(world, person, function, fields).await;
    body.matches(r#""cells":"#).count() + body.matches(r#""account":"#).count()
}

#[tokio::test]
async fn a_name_that_the_role_hides_finds_no_account_and_no_call() {
    let template = Template::new().await;
    let (world, demo) = (template.world().await, &template.demo);
    let (abc, support) = (demo.id("customer", "abc"), demo.id("huntgroup", "abc7700"));
    let by_name = |words: &'static str| {
        [
            ("account_list", vec![("args[q]", words)]),
            ("xdr_list", vec![("args[q]", words)]),
            ("recording_list", vec![("args[filters][caller]", words)]),
        ]
    };
    let candidates = [("customer", abc.as_str()), ("id", support.as_str())];
    let add = |words| [candidates.as_slice(), &[("words", words)]].concat();
    for (function, fields) in by_name("john") {
        assert_ne!(rows(&world, Person::Abc, function, &fields).await, 0, "{function}");
    }
    let by_name_of_all = rows(&world, Person::Abc, "account_list", &[("args[q]", "abc.example")]).await;
    assert_ne!(by_name_of_all, 0);
    let choices = listed(&world, Person::Abc, "huntgroup_candidates", &add("")).await;
    hide(&world, demo, Person::Abc, &["account/general/profile"]).await;
    for words in ["john", "j", "olivia", "abc.example"] {
        for (function, fields) in by_name(words) {
            assert_eq!(rows(&world, Person::Abc, function, &fields).await, 0, "{function} {words}");
        }
        assert_eq!(rows(&world, Person::Abc, "huntgroup_candidates", &add(words)).await, 0, "{words}");
    }
    // By what is shown, everything is found as before.
    assert_eq!(rows(&world, Person::Abc, "account_list", &[("args[q]", "744")]).await, 1);
    for (function, fields) in by_name("744") {
        assert_ne!(rows(&world, Person::Abc, function, &fields).await, 0, "{function}");
    }
    assert_eq!(
        rows(&world, Person::Abc, "huntgroup_candidates", &add("")).await,
        choices.matches(r#""account":"#).count()
    );
}

#[tokio::test]
async fn rows_do_not_stand_in_the_order_of_what_the_role_hides() {
    let template = Template::new().await;
    let (world, demo) = (template.world().await, &template.demo);
    let by = async |sort: &str| listed(&world, Person::Abc, "account_list", &[("args[sort]", sort)]).await;
    assert_ne!(by("name").await, by("extension").await, "in these orders they differ");
    hide(&world, demo, Person::Abc, &["account/general/profile", "account/general/status"]).await;
    assert_eq!(by("name").await, by("extension").await);
    assert_eq!(by("").await, by("extension").await);
    assert_eq!(by("status").await, by("extension").await);
}

#[tokio::test]
async fn an_extension_or_an_address_that_the_role_hides_finds_nothing() {
    let template = Template::new().await;
    let (world, demo) = (template.world().await, &template.demo);
    let finds = async |function: &str, words: &str| rows(&world, Person::Reader, function, &[("args[q]", words)]).await;
    assert_ne!(finds("account_list", "744").await, 0);
    assert_ne!(finds("customer_list", "office").await, 0);
    let nodes = ["account/general/extension", "customer/general/email", "customer/general/sip_prefix"];
    hide(&world, demo, Person::Reader, &nodes).await;
    assert_eq!(finds("account_list", "744").await, 0);
    assert_ne!(finds("account_list", "john").await, 0);
    assert_eq!(finds("customer_list", "office").await, 0);
    assert_eq!(finds("customer_list", "abc").await, 1);
}

#[tokio::test]
async fn a_customer_whose_name_the_role_hides_is_found_by_no_filter() {
    let template = Template::new().await;
    let (world, demo) = (template.world().await, &template.demo);
    let of = async |function: &str, customer: &str| {
        rows(&world, Person::Reader, function, &[("args[filters][customer]", customer)]).await
    };
    assert_ne!(of("account_list", "abc").await, 0);
    // It is the name that is chosen by, not what else is known of a customer.
    assert_eq!(of("account_list", "office").await, 0);
    hide(&world, demo, Person::Reader, &["customer/general/name"]).await;
    for function in ["account_list", "xdr_list", "registration_list", "live_calls"] {
        assert_eq!(of(function, "abc").await, 0, "{function}");
    }
    let all = listed(&world, Person::Reader, "account_list", &[("args[q]", "")]).await;
    assert!(all.contains("John") && !all.contains("ABC"), "{all}");
}

#[tokio::test]
async fn the_audit_log_names_nobody_whose_name_the_role_hides() {
    let template = Template::new().await;
    let (world, demo) = (template.world().await, &template.demo);
    let (abc, john, mary) = (demo.id("customer", "abc"), demo.id("account", "abc744"), demo.id("account", "abc702"));
    let block = [
        ("customer", abc.clone()),
        ("account", mary),
        ("was", "open".to_owned()),
        ("status", "blocked".to_owned()),
        ("reason", "Lost phone".to_owned()),
    ];
    assert_eq!(world.post(Person::Administrator, "/api/status_set", &block).await.status, StatusCode::OK);
    let mark = [
        ("customer", abc),
        ("id", demo.id("huntgroup", "abc7700")),
        ("account", john),
        ("never_supervise", "on".to_owned()),
    ];
    assert_eq!(world.post(Person::Abc, "/api/huntgroup_member_mark", &mark).await.status, StatusCode::OK);
    let told = async || {
        [
            listed(&world, Person::Abc, "audit_list", &[("args[q]", "")]).await,
            listed(&world, Person::Abc, "company_home_read", &[]).await,
            world.page(Person::Abc, "/self-care/audit").await.body,
            world.page(Person::Abc, "/self-care/audit.csv").await.body,
        ]
    };
    for body in told().await {
        assert!(body.contains("Smith"), "{body}");
    }
    let found = async |words: &str| {
        let csv = world.page(Person::Abc, &format!("/self-care/audit.csv?q={words}")).await.body;
        (rows(&world, Person::Abc, "audit_list", &[("args[q]", words)]).await, csv.matches("changed").count())
    };
    let (listed, exported) = found("smith").await;
    assert!(listed > 0 && exported > 0);
    hide(&world, demo, Person::Abc, &["account/general/profile"]).await;
    for (place, body) in told().await.iter().enumerate() {
        assert!(
            !body.contains("Smith") && !body.contains("John") && body.contains("not shown to your role"),
            "answer {place}: {body}"
        );
    }
    for words in ["smith", "smi", "never"] {
        assert_eq!(found(words).await, (0, 0), "{words}");
    }
    assert_eq!(found("lost").await, (1, 1));
}
