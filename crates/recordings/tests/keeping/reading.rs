//! A recording is read in pieces.

use std::time::Duration;

use tandem_domain::recordings::Form;
use tandem_mail::Attachments;
use tandem_recordings::{ReadError, file_name, read::gather};

use crate::{
    sound::write_segment,
    world::{World, settled, the_row, whole},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_range_is_that_piece_of_the_whole() {
    let world = World::new().await;
    let (shelf, running) = world.shelf().await;
    let mut recording = world.begun();
    write_segment(&world.next_segment(&mut recording, 0), 8_000, 500, 440.0, 1_000.0);
    shelf.ended(recording.clone());
    settled(&shelf).await;
    let kept = the_row(&world, recording.id).await.recording;
    for form in Form::ALL {
        let all = whole(&shelf, &kept, form).await;
        let size = all.len() as u64;
        assert_eq!(shelf.size(&kept, form).await.unwrap(), size);
        for range in [0..1, 0..size, 10..500, size - 1..size, 100..size + 1_000] {
            let (from, to) = (usize::try_from(range.start).unwrap(), usize::try_from(range.end.min(size)).unwrap());
            let piece = gather(shelf.read(&kept, form, range).await.unwrap()).await.unwrap();
            assert_eq!(piece, all[from..to]);
        }
        assert!(matches!(shelf.read(&kept, form, size..size + 1).await, Err(ReadError::Failed(_))), "behind the end");
        assert_eq!(shelf.whole(&kept, form, size).await.unwrap().unwrap(), all);
        assert_eq!(shelf.whole(&kept, form, size - 1).await.unwrap(), None);
    }
    assert_eq!(file_name(&kept, Form::Wav), "recording-2026-11-24-+3225550100.wav");
    let attachment = shelf.recording(kept.id, 1_000_000).await.unwrap().unwrap();
    assert_eq!(attachment.name, "recording-2026-11-24-+3225550100.opus");
    assert_eq!(attachment.octets, whole(&shelf, &kept, Form::Opus).await);
    assert_eq!(shelf.recording(world.begun().id, 1_000_000).await.unwrap(), None);

    let mut other = kept.clone();
    other.id = world.begun().id;
    assert!(matches!(shelf.size(&other, Form::Wav).await, Err(ReadError::NotFound)));
    assert!(matches!(shelf.read(&other, Form::Opus, 0..1).await, Err(ReadError::NotFound)));
    assert!(matches!(shelf.waveform(&other).await, Err(ReadError::NotFound)));
    running.stop(Duration::from_secs(5)).await;
}
