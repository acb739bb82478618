//! Signing in with a wrong name or password: what is kept of it, and what it costs.

use axum::http::StatusCode;
use tandem_domain::sign_in::PASSWORD_MAX;
use tandem_store::password;

use crate::world::{Person, Template, World};

async fn sign_in(world: &World, name: &str, password: &str) -> StatusCode {
    let fields = [("name", name.to_owned()), ("password", password.to_owned())];
    world.post(Person::Nobody, "/api/sign_in", &fields).await.status
}

/// Many a password is typed into the field for the name.
#[tokio::test]
async fn the_audit_log_keeps_no_name_that_nobody_has() {
    let template = Template::new().await;
    let world = template.world().await;
    for name in ["John", "my tulip password", "tulippassword"] {
        assert_eq!(sign_in(&world, name, "a guess").await, StatusCode::UNPROCESSABLE_ENTITY);
    }
    let lines = world.audit().await;
    let told = ["john refused john ", "(unknown) refused (unknown) ", "(unknown) refused (unknown) "];
    assert_eq!(lines[lines.len() - 3..], told);
    for (table, rows) in world.dump().await {
        assert!(!rows.join("\n").contains("tulip"), "{table} keeps what was typed");
    }
}

/// A hash of a password that is too long can have come from another version only; it must not be what makes us hash it.
#[tokio::test]
async fn a_password_that_is_too_long_is_wrong_without_being_looked_at() {
    let template = Template::new().await;
    let world = template.world().await;
    let long = "x".repeat(PASSWORD_MAX + 1);
    let change = tandem_store::Change::by_system(tandem_domain::ids::Timestamp(0));
    let john = world.store.sign_ins().find(&"john".parse().unwrap()).await.unwrap().unwrap();
    for (password, status) in
        [(long.as_str(), StatusCode::UNPROCESSABLE_ENTITY), (&long[..PASSWORD_MAX], StatusCode::OK)]
    {
        let hash = password::hash(password).unwrap();
        world.store.sign_ins().set_password(john.who, None, &hash, None, &change).await.unwrap();
        assert_eq!(sign_in(&world, "john", password).await, status, "{} characters", password.len());
    }
}

/// That nobody learns by a clock which names exist: one password is compared for each, whoever it belongs to. (Each test has a
/// process of its own.)
#[tokio::test]
async fn a_name_that_nobody_has_costs_as_much_as_one_that_somebody_has() {
    let template = Template::new().await;
    let world = template.world().await;
    let long = "x".repeat(PASSWORD_MAX + 1);
    for (name, password) in
        [("john", "a guess"), ("nobody", "a guess"), ("no name at all!", "a guess"), ("john", &long), ("nobody", &long)]
    {
        let before = password::verifications();
        assert_eq!(sign_in(&world, name, password).await, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(password::verifications(), before + 1, "{name}");
    }
}

#[tokio::test]
async fn a_company_reads_of_guesses_at_its_own_people_and_of_no_others() {
    let template = Template::new().await;
    let world = template.world().await;
    let name = "john";
    assert_eq!(sign_in(&world, name, "a guess").await, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(sign_in(&world, "admin", "a guess").await, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(sign_in(&world, "nobody", "a guess").await, StatusCode::UNPROCESSABLE_ENTITY);
    // Somebody finds John's session open, and tries to make it one's own.
    let guess = ["current_password", "new_password", "repeat_password"].into_iter();
    let guess: Vec<_> = guess.zip(["a guess", "zebras have stripes", "zebras have stripes"]).collect();
    let guess: Vec<_> = guess.into_iter().map(|(field, typed)| (field, typed.to_owned())).collect();
    let refused = world.post(Person::John, "/api/password_change", &guess).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.body);
    let told = async |person, home: &str| {
        let file = world.page(person, &format!("{home}/audit.csv?kind=sign_in")).await.body;
        let refused = file.lines().filter(|line| line.contains("refused"));
        refused.map(|line| line.split(',').nth(1).unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(told(Person::Abc, "/self-care").await, ["john", "john"]);
    assert_eq!(told(Person::Panda, "/self-care").await, [""; 0]);
    assert_eq!(told(Person::Administrator, "/admin").await, ["john", "(unknown)", "admin", "john"]);
    let file = world.page(Person::Abc, "/self-care/audit.csv").await.body;
    assert_eq!(file.matches("current password refused").count(), 1, "{file}");
}
