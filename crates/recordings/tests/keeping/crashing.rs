//! Whatever fails or dies when: one row, one e-mail, the right sound, nothing left.

use std::time::Duration;

use tandem_domain::{
    ids::Timestamp,
    recordings::{Form, Recording, Segment},
};

use crate::{
    faults::Fault,
    sound::{read_wav, samples, write_segment},
    world::{World, settled, the_row, until, whole},
};

const STEPS: [&str; 4] = ["wav", "opus", "peaks", "row"];

async fn two_segments(world: &World) -> Recording {
    let mut recording = world.begun();
    write_segment(&world.next_segment(&mut recording, 0), 8_000, 200, 440.0, 1_000.0);
    write_segment(&world.next_segment(&mut recording, 10), 8_000, 300, 700.0, 1_500.0);
    recording
}

async fn is_kept_once(world: &World, shelf: &tandem_recordings::Shelf, recording: &Recording) {
    let kept = the_row(world, recording.id).await.recording;
    assert_eq!(world.mails().await.len(), 1);
    let (heard, _) = read_wav(&whole(shelf, &kept, Form::Wav).await);
    assert!(heard == [samples(8_000, 200, 440.0, 1_000.0), samples(8_000, 300, 700.0, 1_500.0)].concat());
    assert_eq!(world.spooled(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_step_that_fails_is_tried_until_it_works() {
    for step in STEPS {
        for fault in [Fault::Refuses, Fault::AnswerLost] {
            let world = World::new().await;
            world.faults.plan(&[(step, fault), (step, fault), (step, fault)]);
            let (shelf, running) = world.shelf().await;
            let recording = two_segments(&world).await;
            shelf.ended(recording.clone());
            settled(&shelf).await;
            assert_eq!(world.faults.happened(), 3);
            is_kept_once(&world, &shelf, &recording).await;
            running.stop(Duration::from_secs(5)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_killed_at_any_step_finishes_after_its_next_start() {
    for step in STEPS {
        for fault in [Fault::Hangs, Fault::DoneThenHangs] {
            let world = World::new().await;
            world.faults.plan(&[(step, fault), (step, fault)]);
            let (shelf, mut running) = world.shelf().await;
            let recording = two_segments(&world).await;
            shelf.ended(recording.clone());
            for life in 1..=2 {
                until(|| world.faults.happened() == life).await;
                running.stop(Duration::ZERO).await;
                (_, running) = world.shelf().await;
            }
            running.stop(Duration::ZERO).await;
            let (shelf, running) = world.shelf().await;
            settled(&shelf).await;
            is_kept_once(&world, &shelf, &recording).await;
            running.stop(Duration::from_secs(5)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_was_recorded_when_the_server_died_is_kept_as_far_as_it_was_written() {
    let world = World::new().await;
    let mut recording = world.begun();
    let (shelf, running) = world.shelf().await;
    write_segment(&world.next_segment(&mut recording, 0), 8_000, 200, 440.0, 1_000.0);
    let second = world.next_segment(&mut recording, 10);
    recording.ended = recording.started.plus_seconds(10);
    shelf.changed(recording.clone());
    running.stop(Duration::ZERO).await;
    // Media wrote on, and began a third one of which nobody had said anything yet.
    write_segment(&second, 8_000, 900, 700.0, 1_500.0);
    write_segment(&world.spool.segment_path(recording.id, 2), 8_000, 100, 700.0, 1_500.0);

    let (shelf, running) = world.shelf().await;
    settled(&shelf).await;
    let kept = the_row(&world, recording.id).await.recording;
    let began = recording.started;
    let after = began.plus_seconds(10);
    assert_eq!(kept.segments[1], Segment { started: after, length_ms: Some(900) });
    assert_eq!(kept.segments[2].length_ms, Some(100));
    assert!(kept.segments[2].started >= Timestamp(after.0 + 900));
    assert_eq!(kept.ended.0, kept.segments[2].started.0 + 100);
    assert_eq!(kept.length_ms(), 1_200);
    running.stop(Duration::from_secs(5)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_cannot_be_finished_does_not_keep_the_others_waiting() {
    let world = World::new().await;
    let (shelf, running) = world.shelf().await;
    // The object store refuses one of them again and again.
    world.faults.plan(&[("opus", Fault::Refuses); 6]);
    let recordings = [two_segments(&world).await, two_segments(&world).await, two_segments(&world).await];
    for recording in &recordings {
        shelf.ended(recording.clone());
    }
    settled(&shelf).await;
    assert_eq!((world.rows().await.len(), world.mails().await.len()), (3, 3));
    assert_eq!(world.faults.happened(), 6);
    running.stop(Duration::from_secs(5)).await;
}
