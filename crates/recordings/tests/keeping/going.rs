//! Recordings go when somebody deletes them or their class says so, and their objects with them.

use std::time::Duration;

use futures::StreamExt;
use object_store::ObjectStore;
use tandem_domain::recordings::Recording;
use tandem_recordings::Shelf;
use tandem_store::Change;

use crate::{
    faults::Fault,
    sound::write_segment,
    world::{STAFF, World, settled},
};

const GRACE: Duration = Duration::from_secs(5);

async fn recorded(world: &World, shelf: &Shelf) -> Recording {
    let mut recording = world.begun();
    write_segment(&world.next_segment(&mut recording, 0), 8_000, 100, 440.0, 1_000.0);
    shelf.ended(recording.clone());
    settled(shelf).await;
    recording
}

async fn objects(world: &World) -> usize {
    world.objects.list(None).count().await
}

async fn until(what: &str, done: impl AsyncFn() -> bool) {
    for _ in 0..1000 {
        if done().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("it does not come: {what}");
}

async fn until_objects(world: &World, count: usize) {
    until("as many objects", async || objects(world).await == count).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn objects_go_with_their_recording_sooner_or_later() {
    let world = World::new().await;
    let (shelf, running) = world.shelf().await;
    let (first, _second) = (recorded(&world, &shelf).await, recorded(&world, &shelf).await);
    assert_eq!(objects(&world).await, 6);
    let change = Change::by_system(world.now());
    // The first of them is gone already, and the object store does not answer at first.
    std::fs::remove_file(world.folder.path().join("kept").join(format!("{}.wav", first.object()))).unwrap();
    world.faults.plan(&[("delete", Fault::Refuses)]);
    assert_eq!(world.store.recordings().delete(&change, STAFF, &[first.id]).await.unwrap(), 1);
    shelf.tidy();
    until("the object store was asked", async || world.faults.happened() == 1).await;
    assert_eq!(objects(&world).await, 5);
    shelf.tidy();
    until_objects(&world, 3).await;
    // The row that asks for it goes after the last object went.
    let left = async || world.store.recordings().objects_to_delete(10).await.unwrap();
    until("nothing is left to delete", async || left().await.is_empty()).await;
    running.stop(GRACE).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_class_keeps_recordings_for_its_days_and_no_longer() {
    let world = World::new().await;
    let (shelf, running) = world.shelf().await;
    let old = recorded(&world, &shelf).await;
    world.later(20 * 24 * 3600);
    let young = recorded(&world, &shelf).await;
    let stored = world.store.classes().get(world.class).await.unwrap();
    let class = tandem_domain::class::CustomerClass { recordings_kept_days: Some(30), ..stored.value };
    let change = Change::by_system(world.now());
    world.store.classes().update(world.class, stored.version, &class, &change).await.unwrap();
    shelf.tidy();
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(world.rows().await.len(), 2);
    world.later(11 * 24 * 3600);
    shelf.tidy();
    until_objects(&world, 3).await;
    let left: Vec<_> = world.rows().await.into_iter().map(|row| row.recording.id).collect();
    assert_eq!((left.as_slice(), old.id != young.id), ([young.id].as_slice(), true));
    running.stop(GRACE).await;
}
