//! S3, as far as it is at hand: `TANDEM_TEST_S3` is the address of a server that speaks it and takes any key, such as
//! `http://127.0.0.1:5000` of `moto_server` (pip: `moto[server]`), with a bucket `sound`. Without it this story is left out.

use std::{env, time::Duration};

use futures::StreamExt;
use object_store::ObjectStore;
use tandem_domain::recordings::Form;
use tandem_recordings::{ReadError, objects};
use tandem_store::Change;

use crate::{
    sound::{read_wav, samples, write_segment},
    world::{STAFF, World, settled, the_row, whole},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_recording_is_put_into_s3_read_in_pieces_and_deleted() {
    let Ok(endpoint) = env::var("TANDEM_TEST_S3") else { return };
    let world = World::new().await;
    let environment = [
        ("AWS_ENDPOINT", endpoint.as_str()),
        ("AWS_ALLOW_HTTP", "true"),
        ("AWS_REGION", "eu-west-1"),
        ("AWS_ACCESS_KEY_ID", "key"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
    ];
    let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let bucket = objects::by_url("s3://sound/of calls", world.folder.path(), environment).unwrap();
    let (shelf, running) = world.shelf_in(bucket.clone()).await;
    let mut recording = world.begun();
    // Six minutes: more than one part.
    write_segment(&world.next_segment(&mut recording, 0), 8_000, 400_000, 440.0, 1_000.0);
    shelf.ended(recording.clone());
    settled(&shelf).await;
    let kept = the_row(&world, recording.id).await.recording;
    let wav = whole(&shelf, &kept, Form::Wav).await;
    assert!(wav.len() > 12_000_000 && read_wav(&wav).0 == samples(8_000, 400_000, 440.0, 1_000.0));
    assert_eq!(shelf.waveform(&kept).await.unwrap().left.len(), 600);
    let piece =
        tandem_recordings::read::gather(shelf.read(&kept, Form::Wav, 1_000..5_000).await.unwrap()).await.unwrap();
    assert_eq!(piece, wav[1_000..5_000]);
    assert_eq!(bucket.list(None).count().await, 3);
    world.store.recordings().delete(&Change::by_system(world.now()), STAFF, &[kept.id]).await.unwrap();
    shelf.tidy();
    for _ in 0..500 {
        if bucket.list(None).count().await == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(matches!(shelf.size(&kept, Form::Wav).await, Err(ReadError::NotFound)));
    running.stop(Duration::from_secs(5)).await;
}
