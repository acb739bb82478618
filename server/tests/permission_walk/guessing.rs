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
        world.store.sign_ins().set_password(john.who, &hash, &change).await.unwrap();
        assert_eq!(sign_in(&world, "john", password).await, status, "{} characters", password.len());
    }
}
