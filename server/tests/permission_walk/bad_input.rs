//! What a hand-made request gets: a clear refusal, never a fault on our side, and nothing is changed.

use axum::http::{Method, StatusCode};

use crate::{
    demo_ids::DemoIds,
    table,
    walk::{Faults, Fields, Kind, Row},
    world::{Person, Template, difference, form},
};

/// An id that no record has.
const UNKNOWN: &str = "01890000-0000-7000-8000-000000000000";

#[tokio::test]
async fn a_foreign_or_unknown_id_in_any_argument_is_refused() {
    let template = Template::new().await;
    let mut faults = Faults::default();
    let world = template.world().await;
    let before = world.dump().await;
    for row in table::all() {
        let fields = (row.fields)(&template.demo);
        for person in row.permitted() {
            for (fields, why) in with_wrong_ids(&template.demo, person, &fields) {
                let answer = world.post(person, &row.path(), &fields).await;
                let refused = matches!(
                    answer.status,
                    StatusCode::FORBIDDEN
                        | StatusCode::NOT_FOUND
                        | StatusCode::UNPROCESSABLE_ENTITY
                        | StatusCode::BAD_REQUEST
                );
                if !refused {
                    faults.note(row, person, &format!("{why}: {}: {}", answer.status, answer.body));
                }
            }
        }
        let changes = difference(&before, &world.dump().await);
        assert!(changes.is_empty(), "{}: {}", row.endpoint, changes.join("\n"));
    }
    faults.none();
}

/// The fields, each time with one id that does not belong there.
fn with_wrong_ids(demo: &DemoIds, person: Person, fields: &Fields) -> Vec<(Fields, String)> {
    let mut wrong = Vec::new();
    let owned = fields.iter().filter(|(_, value)| demo.of_another_customer(value).is_some()).count();
    for (place, (name, value)) in fields.iter().enumerate() {
        let mut with = |other: &str, why: &str| {
            let mut fields = fields.clone();
            fields[place].1 = other.to_owned();
            wrong.push((fields, format!("{name} is {why}")));
        };
        if let Some(foreign) = demo.of_another_customer(value) {
            // Staff may work on any customer, but not mix two.
            let staff = matches!(person, Person::Administrator | Person::Reader);
            if !staff || owned > 1 {
                with(&foreign, "another customer's");
            }
        }
        if uuid::Uuid::try_parse(value).is_ok() {
            with(UNKNOWN, "an id that nothing has");
            with("no-id", "no id");
        }
    }
    wrong
}

#[tokio::test]
async fn a_request_that_cannot_be_read_is_refused_and_is_never_a_fault_of_ours() {
    let template = Template::new().await;
    let mut faults = Faults::default();
    for row in table::all() {
        let Some(person) = row.permitted().next() else { continue };
        let world = template.world().await;
        let fields = (row.fields)(&template.demo);
        for (body, why) in unreadable(&fields) {
            let answer = world.ask(world.request(person, Method::POST, &row.path()).body(body)).await;
            if answer.status.is_server_error() {
                faults.note(row, person, &format!("{why}: {}: {}", answer.status, answer.body));
            }
        }
        let json = world.request(person, Method::POST, &row.path()).with("content-type", "application/json");
        let answer = world.ask(json.body(r#"{"id": 1}"#)).await;
        if answer.status.is_server_error() {
            faults.note(row, person, &format!("JSON in place of a form: {}", answer.status));
        }
        world.end().await;
    }
    faults.none();
}

/// Bodies that no form of ours sends.
fn unreadable(fields: &Fields) -> Vec<(Vec<u8>, String)> {
    let mut bodies = vec![
        (b"%FF%FE=%80&%=%%".to_vec(), "no UTF-8".to_owned()),
        ([b"a[".repeat(500), b"=1".to_vec()].concat(), "deeply nested".to_owned()),
        (b"\0\0\0\0".to_vec(), "zero bytes".to_owned()),
        (Vec::new(), "empty".to_owned()),
        (
            b"args[q]=x&args[filters][status]=nonsense&args[sort]=nonsense&args[after]=nonsense".to_vec(),
            "odd list".to_owned(),
        ),
        (b"args[q]='%25_%22%5C&args[after]=1.2.3.4&args[before]=.&args[desc]=9".to_vec(), "odd cursor".to_owned()),
    ];
    for (place, (name, _)) in fields.iter().enumerate() {
        let mut missing = fields.clone();
        missing.remove(place);
        bodies.push((form(&missing).into_bytes(), format!("without {name}")));
        let long = "x".repeat(5000);
        for odd in ["", "\u{0}", "-1", "999999999999999999999", "' OR 1=1 --", "<script>", "𝕌\u{202e}\r\n", &long] {
            let mut fields = fields.clone();
            fields[place].1 = odd.to_owned();
            bodies.push((
                form(&fields).into_bytes(),
                format!("{name} is {:?}", odd.chars().take(20).collect::<String>()),
            ));
        }
    }
    bodies
}

#[tokio::test]
async fn what_changes_something_cannot_be_reached_by_a_link() {
    let template = Template::new().await;
    let world = template.world().await;
    let before = world.dump().await;
    let mut faults = Faults::default();
    for row in writing() {
        let query = form(&(row.fields)(&template.demo));
        for method in [Method::GET, Method::HEAD, Method::PUT, Method::DELETE, Method::OPTIONS] {
            let path = format!("{}?{query}", row.path());
            let answer = world.ask(world.request(Person::Administrator, method.clone(), &path).empty()).await;
            if !answer.status.is_client_error() {
                faults.note(row, Person::Administrator, &format!("{method}: {}", answer.status));
            }
        }
    }
    let changes = difference(&before, &world.dump().await);
    assert!(changes.is_empty(), "{}", changes.join("\n"));
    faults.none();
}

#[tokio::test]
async fn another_sites_page_posts_in_vain() {
    let template = Template::new().await;
    let world = template.world().await;
    let before = world.dump().await;
    let mut faults = Faults::default();
    for row in writing() {
        let Some(person) = row.permitted().next() else { continue };
        for (name, value) in [("sec-fetch-site", "cross-site"), ("sec-fetch-site", "same-site")] {
            let request = world.request(person, Method::POST, &row.path()).with(name, value);
            let answer = world.ask(request.form(&(row.fields)(&template.demo))).await;
            if answer.status != StatusCode::FORBIDDEN {
                faults.note(row, person, &format!("{name}: {value}: {}", answer.status));
            }
        }
    }
    let changes = difference(&before, &world.dump().await);
    assert!(changes.is_empty(), "{}", changes.join("\n"));
    faults.none();
}

#[tokio::test]
async fn a_flood_of_guesses_leaves_one_line_in_the_audit_log_for_each_wait() {
    let template = Template::new().await;
    let world = template.world().await;
    let guess = [("name", "john".to_owned()), ("password", "a wrong guess".to_owned())];
    let mut statuses = Vec::new();
    for _ in 0..12 {
        statuses.push(world.post(Person::Nobody, "/api/sign_in", &guess).await.status);
    }
    let refused = statuses.iter().filter(|status| **status == StatusCode::UNPROCESSABLE_ENTITY).count();
    let noted = world.audit().await;
    let lines = |action: &str| noted.iter().filter(|line| line.starts_with(&format!("john {action} john"))).count();
    assert_eq!(lines("refused"), refused, "{statuses:?}");
    // The first five cost nothing, each further one costs a wait; a slow machine may sit one out.
    let waits =
        statuses.windows(2).filter(|pair| pair[0] != pair[1] && pair[1] == StatusCode::TOO_MANY_REQUESTS).count();
    assert!(waits > 0 && lines("throttled") == waits, "{statuses:?} {noted:?}");
}

/// Whoever reports a fault tells the one reference by which header, log and words know the request.
#[tokio::test]
async fn a_fault_is_told_under_the_reference_of_its_request() {
    let template = Template::new().await;
    let world = template.world().await;
    let mut records = world.another_writer().await;
    for spoil in ["UPDATE customer SET time_zone = 'no zone'", "UPDATE audit SET subject = 'nothing'"] {
        sqlx::query(spoil).execute(&mut records).await.unwrap();
    }
    let id = [("id", template.demo.id("customer", "abc"))];
    let told = [
        world.post(Person::Administrator, "/api/customer_read", &id).await,
        world.page(Person::Administrator, &format!("/admin/customers/{}", id[0].1)).await,
        world.page(Person::Administrator, "/admin/audit.csv").await,
    ];
    for answer in told {
        let reference = answer.header("x-request-id");
        assert!(!reference.is_empty() && answer.body.contains(reference), "{reference}: {}", answer.body);
    }
}

#[tokio::test]
async fn a_broken_cookie_is_nobodys() {
    let template = Template::new().await;
    let world = template.world().await;
    for cookie in [
        "tandem_session=",
        "tandem_session=%00%FF",
        "tandem_session=AAAAAAAAAAAAAAAAAAAAAA",
        "tandem_session=../../etc/passwd",
        "tandem_session=\u{e4}\u{f6}",
        "=;;;==",
        "theme=\"><script>; tandem_session=x",
    ] {
        let page =
            world.request(Person::Nobody, Method::GET, "/admin").with("cookie", cookie).with("accept", "text/html");
        let answer = world.ask(page.empty()).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{cookie}: {}", answer.body);
        assert_eq!(answer.header("location"), "/sign-in?next=%2Fadmin");
        let post = world.request(Person::Nobody, Method::POST, "/api/class_list").with("cookie", cookie);
        let answer = world.ask(post.form(&[("args[q]", String::new())])).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{cookie}");
    }
}

#[tokio::test]
async fn a_body_of_ten_megabytes_is_refused() {
    let template = Template::new().await;
    let world = template.world().await;
    let post = |accept| world.request(Person::Administrator, Method::POST, "/api/class_create").with("accept", accept);
    let body = || format!("name={}", "x".repeat(10 * 1024 * 1024));
    assert_eq!(world.ask(post("application/json").body(body())).await.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(world.ask(post("text/html").body(body())).await.status, StatusCode::PAYLOAD_TOO_LARGE);
}

fn writing() -> impl Iterator<Item = &'static Row> {
    table::all().filter(|row| row.kind != Kind::Reads)
}
