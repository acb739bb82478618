//! The browsers' sessions: how they end, are cleaned away, and get a new id at sign-in.

use std::{collections::HashMap, sync::Arc};

use tandem_domain::ids::Timestamp;
use tandem_store::{Options, Store};
use tower_sessions::{
    Expiry, Session, SessionStore,
    cookie::time::{Duration, OffsetDateTime},
    session::{Id, Record},
};

use crate::world::{World, at_once};

on_both!(
    a_session_is_kept_and_ends_where_it_is_told_to,
    a_session_that_ended_does_not_come_back_with_a_request_that_was_under_way,
    a_session_whose_time_is_over_is_not_loaded_and_is_cleaned_away,
    a_session_gets_a_new_id_at_sign_in_and_the_old_one_opens_nothing,
    idle_time_begins_anew_with_each_save,
    a_session_of_one_server_is_one_of_another_too,
    many_sessions_at_once_are_each_their_own,
);

fn record(expires_in: Duration) -> Record {
    let data = HashMap::from([("who".to_owned(), "john".into())]);
    Record { id: Id::default(), data, expiry_date: OffsetDateTime::now_utc() + expires_in }
}

async fn a_session_is_kept_and_ends_where_it_is_told_to(world: World) {
    let sessions = world.store.sessions();
    let mut made = record(Duration::hours(1));
    sessions.create(&mut made).await.unwrap();
    assert_eq!(sessions.load(&made.id).await.unwrap().unwrap().data, made.data);
    made.data.insert("page".into(), "/self-care".into());
    sessions.save(&made).await.unwrap();
    assert_eq!(sessions.load(&made.id).await.unwrap().unwrap().data, made.data);
    sessions.delete(&made.id).await.unwrap();
    sessions.delete(&made.id).await.unwrap();
    assert!(sessions.load(&made.id).await.unwrap().is_none());
    assert!(sessions.load(&Id::default()).await.unwrap().is_none());
    // Two browsers never share an id, whatever chance says.
    let mut first = record(Duration::hours(1));
    sessions.create(&mut first).await.unwrap();
    let mut second = Record { id: first.id, ..record(Duration::hours(1)) };
    sessions.create(&mut second).await.unwrap();
    assert_ne!(first.id, second.id);
}

/// Two requests of one browser: one signs out, the other has read the session before and is saved afterwards.
async fn a_session_that_ended_does_not_come_back_with_a_request_that_was_under_way(world: World) {
    let sessions = Arc::new(world.store.sessions());
    let mut signed_in = record(Duration::hours(1));
    sessions.create(&mut signed_in).await.unwrap();
    let (under_way, sign_out) = (
        Session::new(Some(signed_in.id), sessions.clone(), None),
        Session::new(Some(signed_in.id), sessions.clone(), None),
    );
    under_way.insert("page", "/self-care").await.unwrap();
    sign_out.flush().await.unwrap();
    under_way.save().await.unwrap();
    assert!(sessions.load(&signed_in.id).await.unwrap().is_none());
    assert_eq!(sessions_kept(&world).await, 0);
}

fn now() -> Timestamp {
    Timestamp(i64::try_from(OffsetDateTime::now_utc().unix_timestamp_nanos() / 1_000_000).unwrap())
}

async fn a_session_whose_time_is_over_is_not_loaded_and_is_cleaned_away(world: World) {
    let sessions = world.store.sessions();
    let (mut over, mut running) = (record(Duration::hours(-1)), record(Duration::minutes(5)));
    sessions.create(&mut over).await.unwrap();
    sessions.create(&mut running).await.unwrap();
    assert!(sessions.load(&over.id).await.unwrap().is_none());
    world.store.sweep(now()).await.unwrap();
    assert!(sessions.load(&running.id).await.unwrap().is_some());
    // Its time is prolonged in vain: it is gone.
    assert_eq!(sessions_kept(&world).await, 1);
}

/// How many sessions the database holds, whether their time is over or not.
async fn sessions_kept(world: &World) -> i64 {
    if world.url.starts_with("sqlite:") {
        let pool = sqlx::SqlitePool::connect(&world.url).await.unwrap();
        sqlx::query_scalar("SELECT COUNT(*) FROM session").fetch_one(&pool).await.unwrap()
    } else {
        let pool = sqlx::PgPool::connect(&world.url).await.unwrap();
        sqlx::query_scalar("SELECT COUNT(*) FROM session").fetch_one(&pool).await.unwrap()
    }
}

async fn a_session_gets_a_new_id_at_sign_in_and_the_old_one_opens_nothing(world: World) {
    let sessions = Arc::new(world.store.sessions());
    let before = Session::new(None, sessions.clone(), None);
    before.insert("language", "en").await.unwrap();
    before.save().await.unwrap();
    let old = before.id().unwrap();
    before.cycle_id().await.unwrap();
    before.insert("who", "john").await.unwrap();
    before.save().await.unwrap();
    let new = before.id().unwrap();
    assert_ne!(old, new);
    assert!(sessions.load(&old).await.unwrap().is_none());
    let later = Session::new(Some(new), sessions.clone(), None);
    assert_eq!(later.get::<String>("language").await.unwrap().as_deref(), Some("en"));
    assert_eq!(later.get::<String>("who").await.unwrap().as_deref(), Some("john"));
    later.flush().await.unwrap();
    assert!(sessions.load(&new).await.unwrap().is_none());
}

async fn idle_time_begins_anew_with_each_save(world: World) {
    let sessions = Arc::new(world.store.sessions());
    let idle = Some(Expiry::OnInactivity(Duration::hours(2)));
    let session = Session::new(None, sessions.clone(), idle);
    session.insert("who", "john").await.unwrap();
    session.save().await.unwrap();
    let id = session.id().unwrap();
    let mut kept = sessions.load(&id).await.unwrap().unwrap();
    let first = kept.expiry_date;
    assert!(first > OffsetDateTime::now_utc() + Duration::hours(1));
    // Nearly over, then used once more.
    kept.expiry_date = OffsetDateTime::now_utc() + Duration::minutes(1);
    sessions.save(&kept).await.unwrap();
    let again = Session::new(Some(id), sessions.clone(), idle);
    assert_eq!(again.get::<String>("who").await.unwrap().as_deref(), Some("john"));
    again.save().await.unwrap();
    assert!(sessions.load(&id).await.unwrap().unwrap().expiry_date >= first);
    // An end that no use moves.
    let end = OffsetDateTime::now_utc() + Duration::minutes(30);
    again.set_expiry(Some(Expiry::AtDateTime(end)));
    again.save().await.unwrap();
    again.save().await.unwrap();
    let kept = sessions.load(&id).await.unwrap().unwrap().expiry_date;
    assert!((kept - end).abs() < Duration::SECOND);
}

async fn a_session_of_one_server_is_one_of_another_too(world: World) {
    let other = Store::connect(&world.url, &Options::default()).await.unwrap();
    let mut made = record(Duration::hours(1));
    world.store.sessions().create(&mut made).await.unwrap();
    assert_eq!(other.sessions().load(&made.id).await.unwrap().unwrap().data, made.data);
    other.sessions().delete(&made.id).await.unwrap();
    assert!(world.store.sessions().load(&made.id).await.unwrap().is_none());
}

async fn many_sessions_at_once_are_each_their_own(world: World) {
    let ids = at_once((0..40).map(|n| {
        let sessions = world.store.sessions();
        async move {
            let mut made = record(Duration::hours(1));
            made.data.insert("n".into(), n.into());
            sessions.create(&mut made).await.unwrap();
            sessions.save(&made).await.unwrap();
            made.id
        }
    }));
    for (n, id) in ids.await.into_iter().enumerate() {
        let found = world.store.sessions().load(&id).await.unwrap().unwrap();
        assert_eq!(found.data.get("n").and_then(|n| n.as_u64()), Some(n as u64));
    }
}
