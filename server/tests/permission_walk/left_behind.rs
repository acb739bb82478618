//! What one person leaves behind for the next: a form under which a session ended, and names that stand in others' pages.

use axum::http::{Method, StatusCode};
use sqlx::Row as _;

use crate::world::{Answer, PASSWORD, Person, Template, World, with_cookie};

#[tokio::test]
async fn a_name_cannot_end_the_title_of_a_page() {
    let template = Template::new().await;
    let world = template.world().await;
    let id = template.demo.id("account", "abc744");
    let fields = [
        ("customer", template.demo.id("customer", "abc")),
        ("id", id.clone()),
        ("version", template.demo.version("account", "abc744")),
        ("first_name", "</title><meta http-equiv=refresh content=0>".to_owned()),
    ];
    assert_eq!(world.post(Person::Administrator, "/api/account_save", &fields).await.status, StatusCode::OK);
    let page = world.page(Person::Administrator, &format!("/admin/accounts/{id}")).await;
    assert!(page.body.contains("<title>&lt;/title&gt;&lt;meta http-equiv=refresh"), "the title is not in the page");
    assert!(!page.body.contains("<meta http-equiv=refresh"), "the name became an element");
}

#[tokio::test]
async fn a_form_under_which_the_session_ended_comes_back_to_whom_it_was_shown_and_to_nobody_else() {
    let template = Template::new().await;
    let world = template.world().await;
    for (posted_as, signs_in, comes_back) in
        [(Some("olivia"), "olivia", true), (Some("olivia"), "john", false), (None, "olivia", false)]
    {
        let mut fields = vec![("version", "1".to_owned()), ("email", "typed@abc.example".to_owned())];
        fields.extend(posted_as.map(|name| ("posted_as", name.to_owned())));
        let signed_out = post(&world, "", "/api/profile_save", &fields).await;
        assert!(signed_out.header("location").starts_with("/sign-in"), "{}", signed_out.header("location"));
        let before = get(&world, &cookie(&signed_out), "/sign-in").await;
        assert!(!before.body.contains("typed@abc.example"), "the sign-in page tells what was typed");
        let sign_in =
            [("name", signs_in.to_owned()), ("password", PASSWORD.to_owned()), ("next", "/profile".to_owned())];
        let signed_in = post(&world, &cookie(&signed_out), "/api/sign_in", &sign_in).await;
        assert_eq!(signed_in.header("location"), "/profile");
        let page = get(&world, &cookie(&signed_in), "/profile").await;
        assert_eq!(page.status, StatusCode::OK);
        assert_eq!(page.body.contains("typed@abc.example"), comes_back, "typed by {posted_as:?}, read by {signs_in}");
    }
}

#[tokio::test]
async fn a_page_that_is_looked_at_leaves_the_session_as_it_was() {
    let template = Template::new().await;
    let world = template.world().await;
    // The first request notes that the person is here.
    world.page(Person::John, "/profile").await;
    let before = sessions(&world).await;
    for page in ["/profile", "/self-care", "/self-care/history"] {
        let answer = world.page(Person::John, page).await;
        assert_eq!((answer.status, answer.headers.contains_key("set-cookie")), (StatusCode::OK, false), "{page}");
    }
    assert_eq!(sessions(&world).await, before);
}

/// Whatever is kept of sessions.
async fn sessions(world: &World) -> Vec<(String, String, i64)> {
    let all = sqlx::query_as("SELECT id, data, expires_at FROM session ORDER BY id").fetch_all(&world.records).await;
    all.unwrap()
}

#[tokio::test]
async fn strangers_leave_next_to_nothing_in_the_database() {
    let template = Template::new().await;
    let world = template.world().await;
    let before = kept(&world).await;
    let long = "x".repeat(500_000);
    for (path, who) in [("/api/profile_save", "john"), ("/api/class_create", "admin"), ("/api/nothing", "admin")] {
        let fields = [("posted_as", who.to_owned()), ("name", long.clone())];
        assert_eq!(post(&world, "", path, &fields).await.status, StatusCode::SEE_OTHER);
    }
    let left = kept(&world).await - before;
    assert!(left < 2000, "{left} bytes are left of what nobody signed in for");
}

/// Bytes of all sessions.
async fn kept(world: &World) -> i64 {
    let sum = sqlx::query("SELECT COALESCE(SUM(LENGTH(data)), 0) FROM session").fetch_one(&world.records).await;
    sum.unwrap().get(0)
}

async fn post(world: &World, cookie: &str, path: &str, fields: &[(&str, String)]) -> Answer {
    world.ask(with_cookie(Method::POST, path, cookie).with("referer", "https://tandem.test/profile").form(fields)).await
}

async fn get(world: &World, cookie: &str, path: &str) -> Answer {
    world.ask(with_cookie(Method::GET, path, cookie).empty()).await
}

fn cookie(answer: &Answer) -> String {
    answer.header("set-cookie").split(';').next().unwrap_or_default().to_owned()
}
