//! How the store runs: several on one database, migrations, databases that are broken or busy, and work that is cut off.

use std::{
    future::{Future, poll_fn},
    path::Path,
    pin::{Pin, pin},
    task::Poll,
    time::Duration,
};

use sqlx::{Connection, Executor, PgConnection, SqliteConnection};
use tandem_domain::{
    access::{Scope, Tenant},
    customer::Customer,
    ids::{CustomerId, Version},
    settings::Setting,
    status::Status,
};
use tandem_store::{Change, Options, Store, StoreError, classes};

use crate::world::{World, account, at_once, customer, huntgroup, member, sign_in};

on_both!(
    migrating_again_changes_nothing,
    several_servers_migrate_a_new_database_at_once,
    a_database_of_a_newer_program_is_left_alone,
    two_stores_on_one_database_see_each_other,
    two_stores_on_one_database_lose_no_edit,
    work_that_is_cut_off_leaves_all_or_nothing,
    a_store_that_is_closed_says_so,
);

async fn migrating_again_changes_nothing(world: World) {
    let abc = world.customer("ABC").await;
    let lines = world.lines().await;
    assert!(world.store.is_current().await.unwrap());
    world.store.migrate().await.unwrap();
    world.store.migrate().await.unwrap();
    assert!(world.store.is_current().await.unwrap());
    assert_eq!((world.store.customers().get(abc).await.unwrap().value, world.lines().await), (customer("ABC"), lines));
    let status = world.store.pool_status();
    assert!(status.open >= 1 && status.idle <= status.open && status.open <= status.limit, "{status:?}");
}

async fn several_servers_migrate_a_new_database_at_once(world: World) {
    let empty = Store::connect(&new_database(&world, 9).await, &Options::default()).await.unwrap();
    assert!(!empty.is_current().await.unwrap());
    for round in 0..4 {
        let url = new_database(&world, round).await;
        let stores = at_once((0..4).map(|_| {
            let url = url.clone();
            async move {
                let store = Store::connect(&url, &Options::default()).await.unwrap();
                store.migrate().await.unwrap();
                store
            }
        }));
        for store in stores.await {
            assert!(store.is_current().await.unwrap());
            assert_eq!(store.classes().choices().await.unwrap(), [(classes::STANDARD, "Standard".to_owned())]);
            store.close().await;
        }
    }
}

/// The URL of an empty database: a file beside the story's, or a schema of its own in the story's database.
async fn new_database(world: &World, n: u32) -> String {
    if world.url.starts_with("sqlite:") {
        return format!("{}.{n}", world.url);
    }
    let mut connection = PgConnection::connect(&world.url).await.unwrap();
    connection.execute(format!("CREATE SCHEMA empty_{n}").as_str()).await.unwrap();
    let join = if world.url.contains('?') { "&" } else { "?" };
    format!("{}{join}options=-c%20search_path%3Dempty_{n}", world.url)
}

async fn a_database_of_a_newer_program_is_left_alone(world: World) {
    let newer = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
                 VALUES (99990101000000, 'from the future', TRUE, ";
    if world.url.starts_with("sqlite:") {
        let mut connection = SqliteConnection::connect(&world.url).await.unwrap();
        connection.execute(format!("{newer} x'00', 0)").as_str()).await.unwrap();
    } else {
        let mut connection = PgConnection::connect(&world.url).await.unwrap();
        connection.execute(format!("{newer} '\\x00'::bytea, 0)").as_str()).await.unwrap();
    }
    assert!(!world.store.is_current().await.unwrap());
    assert!(matches!(world.store.migrate().await, Err(StoreError::Migration(_))));
}

async fn two_stores_on_one_database_see_each_other(world: World) {
    let other = Store::connect(&world.url, &Options::default()).await.unwrap();
    other.migrate().await.unwrap();
    let abc = world.customer("ABC").await;
    assert_eq!(other.customers().get(abc).await.unwrap().value, customer("ABC"));
    let new = Customer { email: "a@abc.example".into(), ..customer("ABC") };
    let version = other.customers().update(abc, Version::FIRST, &new, &world.change()).await.unwrap();
    let read = world.store.customers().get(abc).await.unwrap();
    assert_eq!((read.version, read.value), (version, new));
}

async fn two_stores_on_one_database_lose_no_edit(world: World) {
    const EACH: u32 = 12;
    let abc = world.customer("ABC").await;
    let group = world.huntgroup(abc, "Support", "7700", &[]).await;
    let other = Store::connect(&world.url, &Options::default()).await.unwrap();
    at_once([world.store.clone(), other].map(|store| {
        let change = world.change();
        async move {
            let groups = store.huntgroups(abc);
            let mut saved = 0;
            while saved < EACH {
                let mut found = groups.get(group).await.unwrap();
                found.value.ring_seconds += 1;
                match groups.update(group, found.version, &found.value, &change).await {
                    Ok(_) => saved += 1,
                    Err(StoreError::Stale(_)) => {}
                    Err(error) => panic!("{error}"),
                }
            }
        }
    }))
    .await;
    assert_eq!(world.store.huntgroups(abc).get(group).await.unwrap().value.ring_seconds, 20 + 2 * EACH);
}

/// Goes on with some work until it has waited `times` times, then drops it. Tells whether it had ended before.
pub async fn cut_off<T: std::fmt::Debug>(work: impl Future<Output = Result<T, StoreError>>, times: u32) -> bool {
    let mut work = pin!(work);
    let mut polled = 0;
    poll_fn(|context| {
        if polled > times {
            return Poll::Ready(false);
        }
        polled += 1;
        match Pin::new(&mut work).poll(context) {
            Poll::Ready(result) => {
                result.unwrap();
                Poll::Ready(true)
            }
            Poll::Pending if polled > times => Poll::Ready(false),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

async fn work_that_is_cut_off_leaves_all_or_nothing(world: World) {
    let store = &world.store;
    let abc = world.customer("ABC").await;
    let john = world.account(abc, "John", "744").await;
    let (mut round, mut times, mut made) = (0, 0, 0_i64);
    loop {
        let (name, extension) = (format!("Person {round}"), format!("{}", 1000 + round));
        let group = world.huntgroup(abc, &format!("Group {round}"), &format!("{}", 3000 + round), &[john]).await;
        let lines = world.lines().await;
        let change = world.change();
        let new = account(abc, &name, &extension);
        let login = sign_in(&format!("person{round}"));
        let ended = cut_off(store.accounts().create(abc, &new, Some(&login), &change), times).await;
        let members = [member(john)];
        let edited = cut_off(store.huntgroups(abc).set_members(group, Version::FIRST, &[], &change), times).await;

        // The database may still be busy with what was cut off: whoever takes the customer's turn waits for its end.
        let turn = store.settings(abc).set(None, Setting::CallSupervision, None, None, &change).await;
        turn.unwrap();
        // Whatever happened, the record, its words, its number, its sign-in, its history and its lines agree.
        let found = store.accounts().choices(abc, &extension, 10).await.unwrap();
        let told = world.told_since(lines).await;
        let of_person = told.iter().filter(|line| line[0] == name).count();
        let login = store.sign_ins().find(&login.name).await.unwrap();
        match &found[..] {
            [] => assert_eq!((of_person, login.is_some(), ended), (0, false, false), "after {times}: {told:?}"),
            [person] => {
                made += 1;
                assert_eq!((of_person, login.is_some()), (5, true), "after {times}: {told:?}");
                assert_eq!(store.accounts().status_history(abc, person.id).await.unwrap().len(), 1);
            }
            several => panic!("{several:?}"),
        }
        let after = store.huntgroups(abc).get(group).await.unwrap();
        let of_group = told.iter().filter(|line| line[0].starts_with("Group")).count();
        if after.version == Version::FIRST {
            assert_eq!((&after.value.members[..], of_group, edited), (&members[..], 0, false), "after {times}");
        } else {
            assert_eq!((after.version, &after.value.members[..], of_group), (Version(2), &[][..], 1), "after {times}");
        }
        assert_eq!(store.counts().accounts(Scope::of(abc)).await.unwrap().open, made + 1, "after {times}");
        round += 1;
        let complete = ended && edited;
        // On a busy machine answers come in heaps, and the work waits seldom: then it is done once more.
        if complete && (times > 3 || round > 300) {
            break;
        }
        times = if complete { 0 } else { times + 1 };
    }
    assert!(times > 3, "the work was cut off in its middle, not only before and after");
    let closing = store.accounts().set_status(abc, john, Status::Closed, None, "", &world.change()).await;
    closing.unwrap();
}

async fn a_store_that_is_closed_says_so(world: World) {
    let abc = world.customer("ABC").await;
    world.store.close().await;
    assert!(matches!(world.store.is_current().await, Err(StoreError::Database(_))));
    assert!(matches!(world.store.customers().get(abc).await, Err(StoreError::Database(_))));
    let change = world.change();
    let refused = world.store.customers().update(abc, Version::FIRST, &customer("ABD"), &change).await;
    assert!(matches!(refused, Err(StoreError::Database(_))));
}

fn impatient() -> Options {
    Options { connections: 2, patience: Duration::from_millis(200) }
}

fn url_of(path: &Path) -> String {
    format!("sqlite:{}", path.display())
}

#[tokio::test]
async fn what_is_no_address_of_a_database_is_refused() {
    for url in ["", "tandem.db", "mysql://localhost/tandem", "http://example.org", "sqlite"] {
        let refused = Store::connect(url, &impatient()).await.err();
        assert!(matches!(refused, Some(StoreError::Url)), "{url}: {refused:?}");
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_an_error_of_the_database() {
    // Port 9 (discard) is served nowhere.
    let refused = Store::connect("postgres://nobody@127.0.0.1:9/nothing", &impatient()).await.err();
    assert!(matches!(refused, Some(StoreError::Database(_))), "{refused:?}");
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("letter.txt");
    let letter = "Dear reader, this is no database at all.\n".repeat(100);
    std::fs::write(&path, &letter).unwrap();
    let refused = match Store::connect(&url_of(&path), &impatient()).await {
        Ok(store) => store.migrate().await.err(),
        Err(error) => Some(error),
    };
    assert!(matches!(refused, Some(StoreError::Database(_) | StoreError::Migration(_))), "{refused:?}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), letter);
    for path in [folder.path().to_owned(), folder.path().join("no folder/tandem.db")] {
        let refused = Store::connect(&url_of(&path), &impatient()).await.err();
        assert!(matches!(refused, Some(StoreError::Database(_))), "{refused:?}");
    }
}

#[tokio::test]
async fn while_somebody_else_writes_a_locked_database_can_be_read_and_writes_say_why_they_failed() {
    let folder = tempfile::tempdir().unwrap();
    let url = url_of(&folder.path().join("tandem.db"));
    let store = Store::connect(&url, &impatient()).await.unwrap();
    store.migrate().await.unwrap();
    let change = Change::by_system(crate::world::START);
    let id = store.customers().create(&customer("ABC"), None, &change).await.unwrap();
    let mut stranger = SqliteConnection::connect(&url).await.unwrap();
    stranger.execute("BEGIN IMMEDIATE").await.unwrap();
    assert!(store.customers().get(Tenant::for_system(id)).await.is_ok());
    let refused = store.customers().create(&customer("Panda"), None, &change).await;
    assert!(
        matches!(&refused, Err(StoreError::Database(error)) if error.to_string().contains("locked")),
        "{refused:?}"
    );
    stranger.execute("ROLLBACK").await.unwrap();
    store.customers().create(&customer("Panda"), None, &change).await.unwrap();
}

#[tokio::test]
async fn a_database_in_memory_is_one_database_for_readers_and_writers() {
    let store = Store::connect("sqlite::memory:", &impatient()).await.unwrap();
    store.migrate().await.unwrap();
    let change = Change::by_system(crate::world::START);
    let id = store.customers().create(&customer("ABC"), None, &change).await.unwrap();
    let tenant = Tenant::for_system(id);
    assert_eq!(store.customers().get(tenant).await.unwrap().value, customer("ABC"));
    store.huntgroups(tenant).create(&huntgroup("Support", "7700", &[]), &change).await.unwrap();
    let other = Store::connect("sqlite::memory:", &impatient()).await.unwrap();
    other.migrate().await.unwrap();
    assert!(other.customers().get(Tenant::for_system(CustomerId(id.0))).await.is_err());
}
