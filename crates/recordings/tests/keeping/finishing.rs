//! From segments to a recording that is kept.

use std::{fs, time::Duration};

use tandem_domain::{
    ids::Timestamp,
    mail::MailState,
    recordings::{Form, Segment, Waveform},
};
use tandem_media::wav;

use crate::{
    sound::{loudness, read_opus, read_wav, samples, write_segment},
    world::{World, settled, the_row, until, whole},
};

const GRACE: Duration = Duration::from_secs(5);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn segments_become_one_sound_without_a_gap_a_row_and_an_e_mail() {
    let world = World::new().await;
    let (shelf, running) = world.shelf().await;
    let mut recording = world.begun();
    write_segment(&world.next_segment(&mut recording, 0), 8_000, 1_000, 440.0, 1_000.0);
    shelf.changed(recording.clone());
    write_segment(&world.next_segment(&mut recording, 30), 8_000, 500, 700.0, 1_500.0);
    recording.ended = recording.started.plus_seconds(40);
    shelf.ended(recording.clone());
    settled(&shelf).await;

    let row = the_row(&world, recording.id).await;
    let kept = &row.recording;
    let began = recording.started;
    assert_eq!(
        kept.segments,
        [
            Segment { started: began, length_ms: Some(1_000) },
            Segment { started: began.plus_seconds(30), length_ms: Some(500) },
        ]
    );
    assert_eq!((kept.started, kept.ended, kept.length_ms()), (began, began.plus_seconds(40), 1_500));

    let wav = whole(&shelf, kept, Form::Wav).await;
    let (heard, rate) = read_wav(&wav);
    let said = [samples(8_000, 1_000, 440.0, 1_000.0), samples(8_000, 500, 700.0, 1_500.0)].concat();
    assert_eq!((rate, heard == said), (8_000, true), "the same to the sample");
    let opus = whole(&shelf, kept, Form::Opus).await;
    let heard = read_opus(&opus, 8_000);
    assert_eq!(heard.len(), said.len(), "as long to the sample");
    for (channel, own, other, ms) in
        [(0, 440.0, 1_000.0, 200..900), (1, 1_000.0, 440.0, 200..900), (0, 700.0, 1_500.0, 1_150..1_450)]
    {
        let level = |hertz| loudness(&heard, 8_000, channel, hertz, ms.clone());
        assert!(level(own) > 6_000.0 && level(other) < 1_000.0, "{channel}: {} {}", level(own), level(other));
    }
    assert_eq!((row.wav_octets, row.opus_octets), (wav.len() as u64, opus.len() as u64));
    let waveform = shelf.waveform(kept).await.unwrap();
    assert_eq!((waveform.left.len(), waveform.right.len()), (Waveform::SLICES, Waveform::SLICES));
    assert!(waveform.left.iter().chain(&waveform.right).all(|&level| level > 80), "both speak all the time");

    let mails = world.mails().await;
    let [mail] = mails.as_slice() else { panic!("{mails:?}") };
    assert_eq!(
        (mail.state, mail.recording, mail.recipient.as_str()),
        (MailState::Waiting, Some(recording.id), "john@abc.example")
    );
    assert!(mail.subject.starts_with("Call recording: Zoë (+3225550100), 24 Nov 2026, 16:05"), "{}", mail.subject);
    assert_eq!(world.spooled(), Vec::<String>::new());
    running.stop(GRACE).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn narrowband_and_wideband_segments_have_one_rate_and_keep_their_length() {
    let world = World::new().await;
    let (shelf, running) = world.shelf().await;
    let mut recording = world.begun();
    for (seconds, rate) in [(0, 8_000), (10, 16_000), (20, 8_000)] {
        write_segment(&world.next_segment(&mut recording, seconds), rate, 500, 440.0, 1_000.0);
    }
    shelf.ended(recording.clone());
    settled(&shelf).await;
    let kept = the_row(&world, recording.id).await.recording;
    let (heard, rate) = read_wav(&whole(&shelf, &kept, Form::Wav).await);
    assert_eq!((rate, heard.len()), (16_000, 16_000 * 2 * 3 / 2));
    let said = samples(16_000, 500, 440.0, 1_000.0).repeat(3);
    // Filtered or not, it is the same sound at the same moment: the ends of a filtered segment excepted, where it rings.
    for (n, (heard, said)) in heard.iter().zip(&said).enumerate() {
        let within = n / 2 % 8_000;
        let near = (30..7_970).contains(&within);
        let differs = (i32::from(*heard) - i32::from(*said)).abs();
        assert!(!near || differs < 200, "sample {n}: {heard} for {said}");
    }
    running.stop(GRACE).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_there_of_damaged_segments_is_kept() {
    let world = World::new().await;
    let (shelf, running) = world.shelf().await;
    let mut recording = world.begun();
    // Empty; nonsense; missing; cut off in the middle of a sample by a crash, with the sizes of an earlier moment.
    fs::write(world.next_segment(&mut recording, 0), b"").unwrap();
    fs::write(world.next_segment(&mut recording, 10), [7; 500]).unwrap();
    let _ = world.next_segment(&mut recording, 20);
    let cut = world.next_segment(&mut recording, 30);
    write_segment(&cut, 8_000, 1_000, 440.0, 1_000.0);
    let mut octets = fs::read(&cut).unwrap();
    octets.truncate(wav::HEADER + 8_000 * 4 / 2 + 3);
    octets[40..44].copy_from_slice(&100_u32.to_le_bytes());
    fs::write(&cut, octets).unwrap();
    shelf.ended(recording.clone());
    settled(&shelf).await;
    let kept = the_row(&world, recording.id).await.recording;
    let began = recording.started.plus_seconds(30);
    assert_eq!(kept.segments, [Segment { started: began, length_ms: Some(500) }]);
    assert_eq!((kept.started, kept.ended), (began, Timestamp(began.0 + 500)));
    let (heard, _) = read_wav(&whole(&shelf, &kept, Form::Wav).await);
    assert!(heard == samples(8_000, 500, 440.0, 1_000.0));
    running.stop(GRACE).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_recording_without_sound_is_none() {
    let world = World::new().await;
    let (shelf, running) = world.shelf().await;
    let mut recording = world.begun();
    write_segment(&world.next_segment(&mut recording, 0), 8_000, 0, 440.0, 1_000.0);
    shelf.ended(recording);
    shelf.ended(world.begun());
    settled(&shelf).await;
    assert!(world.rows().await.is_empty() && world.mails().await.is_empty() && world.spooled().is_empty());
    running.stop(GRACE).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_nobodys_is_put_aside_and_not_lost() {
    let world = World::new().await;
    let mut recording = world.begun();
    let id = recording.id;
    write_segment(&world.next_segment(&mut recording, 0), 8_000, 100, 440.0, 1_000.0);
    let (shelf, running) = world.shelf().await;
    until(|| world.spooled() == [format!("{id}.lost")]).await;
    // Of a customer that is not there.
    let mut stranger = world.begun();
    stranger.customer = tandem_domain::ids::CustomerId(uuid::Uuid::from_u128(4));
    write_segment(&world.next_segment(&mut stranger, 0), 8_000, 100, 440.0, 1_000.0);
    shelf.ended(stranger.clone());
    until(|| world.spooled().contains(&format!("{}.lost", stranger.id))).await;
    settled(&shelf).await;
    assert!(world.rows().await.is_empty());
    assert_eq!(shelf.recover().await.unwrap(), 0, "it is not tried again");
    running.stop(GRACE).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_the_newest_word_counts_and_live_recordings_are_left_alone() {
    let world = World::new().await;
    let (shelf, running) = world.shelf().await;
    let mut recording = world.begun();
    let path = world.next_segment(&mut recording, 0);
    for n in 0..100 {
        recording.ended = recording.started.plus_seconds(n);
        shelf.changed(recording.clone());
    }
    until(|| world.spool.read(recording.id).is_ok_and(|written| written == recording)).await;
    assert_eq!(shelf.recover().await.unwrap(), 0, "it goes on");
    write_segment(&path, 8_000, 100, 440.0, 1_000.0);
    shelf.ended(recording.clone());
    settled(&shelf).await;
    the_row(&world, recording.id).await;
    running.stop(GRACE).await;
}
