//! Calls of browsers: audio both ways, digits, supervision, recordings.

use tandem_media::{Codec, Digit, DigitSource, Event, Hears, LegId, wav};

use crate::{
    client::EVENTS,
    world::{A, B, C, World, assert_continuous, frequency, loudness},
};

#[test]
fn a_browser_and_a_phone_with_one_codec_hear_each_others_packets() {
    let mut world = World::new(40_000..=40_099, |_| {});
    world.browser(A, Codec::Pcmu, |_| {});
    world.phone(B, Codec::Pcmu);
    world.connect(A, B);
    world.connected(&[A]);
    world.talk(&[A, B], 25);
    for (listener, speaker) in [(A, B), (B, A)] {
        let heard = world.heard(listener);
        assert_eq!(heard.len(), 25, "{listener:?}");
        assert_continuous(&heard);
        // Relayed, not made anew: the coded tone is the same in each packet.
        assert!(heard.iter().all(|packet| packet.payload == heard[0].payload && packet.payload.len() == 160));
        assert_ne!(heard[0].ssrc, 0xAAAA_0000 + speaker.0 as u32, "the source is ours");
    }
    let stats = world.close(A);
    assert_eq!((stats.received.packets, stats.received.lost, stats.sent_packets), (25, 0, 25));
    assert_eq!(stats.source, Some(world.client(A).address()));
}

#[test]
fn opus_is_understood_by_a_phone_that_has_none() {
    let mut world = World::new(40_100..=40_199, |_| {});
    world.browser(A, Codec::Opus, |_| {});
    world.phone(B, Codec::Pcma);
    world.connect(A, B);
    world.connected(&[A]);
    world.talk(&[A, B], 40);
    let heard = world.client(A).heard.clone();
    assert_continuous(&heard);
    assert!(heard.windows(2).all(|pair| pair[1].timestamp.wrapping_sub(pair[0].timestamp) == 960));
    let [own, other] = world.levels(A, [A, B]);
    assert!(other > 4_000.0 && own < 100.0, "{own} {other}");
    let [other, own] = world.levels(B, [A, B]);
    assert!(other > 4_000.0 && own < 100.0, "{own} {other}");
}

#[test]
fn two_browsers_talk_opus_untouched() {
    let mut world = World::new(40_200..=40_299, |_| {});
    world.browser(A, Codec::Opus, |_| {});
    world.browser(B, Codec::Opus, |_| {});
    world.connect(A, B);
    world.connected(&[A, B]);
    world.talk(&[A, B], 30);
    for (listener, speaker, own) in [(A, B, A), (B, A, B)] {
        assert_continuous(&world.client(listener).heard.clone());
        let [other, own] = world.levels(listener, [speaker, own]);
        assert!(other > 4_000.0 && own < 100.0, "{own} {other}");
    }
}

#[test]
fn digits_go_both_ways() {
    let mut world = World::new(40_300..=40_399, |_| {});
    world.browser(A, Codec::Opus, |_| {});
    world.phone(B, Codec::Pcmu);
    world.connect(A, B);
    world.connected(&[A]);
    world.talk(&[A, B], 5);
    world.press(A, '5');
    world.press(B, '#');
    world.talk(&[A, B], 5);
    for (leg, key) in [(A, '5'), (B, '#')] {
        let digit = Digit::new(key).unwrap();
        assert!(world.has_seen(&Event::Digit { leg, digit, source: DigitSource::Rfc4733 }));
    }
    for (listener, events, code) in [(B, 101, 5), (A, EVENTS, 11)] {
        let heard = world.heard(listener);
        assert_continuous(&heard);
        let pressed: Vec<_> = heard.iter().filter(|packet| packet.payload_type == events).collect();
        assert!(pressed.len() >= 5 && pressed.iter().all(|packet| packet.payload[0] == code), "{listener:?}");
        assert!(pressed.iter().all(|packet| packet.timestamp == pressed[0].timestamp));
        assert!(pressed.iter().any(|packet| packet.payload[1] & 0x80 != 0), "it ends");
    }
    // Digits that are sent from here, as for a code of SIP INFO.
    world.engine.send_digit(A, Digit::new('9').unwrap(), 100);
    world.until(|world| world.client(A).heard.iter().any(|packet| packet.payload_type == EVENTS));
}

#[test]
fn a_spying_browser_hears_both_and_is_heard_by_nobody() {
    let mut world = World::new(40_400..=40_499, |_| {});
    world.browser(A, Codec::Opus, |_| {});
    world.phone(B, Codec::Pcmu);
    world.browser(C, Codec::Opus, |_| {});
    world.connect(A, B);
    world.engine.route(vec![(C, Hears::Mix(vec![A, B]))]);
    world.connected(&[A, C]);
    world.talk(&[A, B, C], 50);
    let [a, b, c] = world.levels(C, [A, B, C]);
    assert!(a > 4_000.0 && b > 4_000.0 && c < 100.0, "{a} {b} {c}");
    for (listener, other) in [(A, B), (B, A)] {
        let [other, spy] = world.levels(listener, [other, C]);
        assert!(other > 4_000.0 && spy < other / 177.0, "{other} {spy}");
    }
    // He whispers to the browser, and the phone does not hear it.
    world.engine.route(vec![(A, Hears::Mix(vec![B, C]))]);
    world.talk(&[A, B, C], 50);
    let [b, c] = world.levels(A, [B, C]);
    assert!(b > 4_000.0 && c > 4_000.0, "{b} {c}");
    let [a, c] = world.levels(B, [A, C]);
    assert!(a > 4_000.0 && c < a / 177.0, "{a} {c}");
}

#[test]
fn how_loud_each_party_is_can_be_looked_at() {
    let mut world = World::new(40_600..=40_699, |_| {});
    world.browser(A, Codec::Opus, |_| {});
    world.phone(B, Codec::Pcmu);
    world.connect(A, B);
    let looks = [world.engine.level(A), world.engine.level(B), world.engine.level(C)];
    world.connected(&[A]);
    world.talk(&[A], 20);
    let levels: Vec<u8> = looks.iter().map(tandem_media::Level::take).collect();
    assert!((15..=21).contains(&levels[0]), "{levels:?}");
    assert_eq!(levels[1..], [127, 127]);
    world.talk(&[B], 20);
    assert_eq!(looks[0].take(), 127);
    assert!((15..=21).contains(&looks[1].take()));
}

#[test]
fn a_recording_has_the_sound_of_a_browser_that_speaks_opus() {
    let mut world = World::new(40_500..=40_599, |_| {});
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("call.wav");
    world.browser(A, Codec::Opus, |_| {});
    world.phone(B, Codec::Pcmu);
    world.connect(A, B);
    world.connected(&[A]);
    let recorder = LegId(9);
    world.engine.record(recorder, file.clone()).unwrap();
    world.engine.route(vec![(recorder, Hears::Stereo { left: vec![A], right: vec![B] })]);
    world.talk(&[A, B], 60);
    world.engine.close(recorder);
    world.wait(|event| matches!(event, Event::Recorded { leg, error: None, .. } if *leg == recorder).then_some(()));
    let mut reader = wav::Reader::new(std::fs::File::open(file).unwrap()).unwrap();
    let mut samples = vec![0; 100_000];
    let count = reader.read(&mut samples).unwrap();
    let rate = reader.info().rate;
    assert_eq!(rate, 16_000, "it is wideband");
    let middle = &samples[count / 2..count - 4_000];
    for (channel, own, other) in [(0, A, B), (1, B, A)] {
        let side: Vec<i16> = middle.iter().copied().skip(channel).step_by(2).collect();
        let (own, other) = (loudness(&side, frequency(own), rate), loudness(&side, frequency(other), rate));
        assert!(own > 4_000.0 && other < own / 177.0, "{channel}: {own} {other}");
    }
}
