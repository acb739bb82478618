//! The ear itself: made sounds are found again, at the level they were made with.

use proptest::prelude::*;

use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn mixed(sounds: &[Vec<i16>]) -> Vec<i16> {
    let length = sounds.iter().map(Vec::len).min().unwrap_or(0);
    (0..length).map(|at| sounds.iter().fold(0_i16, |sum, sound| sum.saturating_add(sound[at]))).collect()
}

/// Of those with whom tests of calls are told: who may be heard, and who may not.
fn two_voices() -> impl Strategy<Value = (f64, f64)> {
    let voices = [[1400.0, 1850.0, 2500.0, 3300.0], [700.0, 1100.0, 1500.0, 1900.0]];
    let pairs = voices.iter().flat_map(|all| all.iter().flat_map(|one| all.map(|other| (*one, other))));
    prop::sample::select(pairs.filter(|(one, other)| one != other).collect::<Vec<_>>())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(50))]

    #[test]
    fn a_tone_has_the_level_it_was_made_with(hz in 300.0..3400.0, level in -40.0..-1.0, fast in any::<bool>()) {
        let rate = if fast { 16_000 } else { 8000 };
        let pcm = sine(rate, hz, level, SECOND);
        prop_assert!((super::level(&pcm, rate, hz) - level).abs() < 0.5);
        prop_assert!(hears(&pcm, rate, hz));
    }

    #[test]
    fn two_tones_200_hz_apart_do_not_touch(hz in 300.0..3000.0, apart in 200.0..700.0) {
        let pcm = sine(8000, hz, -6.0, SECOND);
        prop_assert!(!hears(&pcm, 8000, hz + apart));
        let frames = levels(&pcm, 8000, &[hz, hz + apart]);
        prop_assert_eq!(frames.len(), 50);
        prop_assert!(frames.iter().all(|frame| frame[0] - frame[1] > 30.0), "{:?}", frames);
    }

    #[test]
    fn a_torn_tone_is_no_voice((own, other) in two_voices(), at in 1600..6400_usize, missing in 1..60_usize) {
        let mut pcm = sine(8000, own, -12.0, SECOND);
        pcm.drain(at..at + missing);
        let parted = parted([(&*pcm, 8000)], &[own], &[other]).expect("something is heard");
        prop_assert!(parted.holds() && parted.torn <= 1, "{parted:?}");
    }

    #[test]
    fn a_voice_that_leaks_is_found(
        (own, other) in two_voices(),
        below in 0.0..38.0_f64,
        at in 0..6000_usize,
        packets in 1..10_usize,
    ) {
        let leak = sine(8000, other, -12.0 - below, Duration::from_millis(20) * packets as u32);
        let leak = [vec![0; at], leak, vec![0; 8000]].concat();
        let pcm = mixed(&[sine(8000, own, -12.0, SECOND), leak]);
        let parted = parted([(&*pcm, 8000)], &[own], &[other]).expect("something is heard");
        prop_assert!(parted.worst < APART && !parted.holds(), "{parted:?}");
    }

    // One packet alone that lies across two frames may be taken for torn.
    #[test]
    fn a_voice_in_the_place_of_another_is_found((own, other) in two_voices(), at in 0..6000_usize, packets in 2..10_usize) {
        let mut pcm = sine(8000, own, -12.0, SECOND);
        let leak = sine(8000, other, -12.0, Duration::from_millis(20) * packets as u32);
        pcm[at..at + leak.len()].copy_from_slice(&leak);
        let parted = parted([(&*pcm, 8000)], &[own], &[other]).expect("something is heard");
        prop_assert!(parted.worst < APART && !parted.holds(), "{parted:?}");
    }

    #[test]
    fn noise_is_no_tone(pcm in prop::collection::vec(any::<i16>(), 8000), hz in 300.0..3400.0) {
        prop_assert!(!hears(&pcm, 8000, hz));
    }
}

#[test]
fn each_of_three_speakers_is_heard_in_a_mix() {
    let pcm = mixed(&[440.0, 1000.0, 1700.0].map(|hz| sine(8000, hz, -12.0, SECOND)));
    for hz in [440.0, 1000.0, 1700.0] {
        assert!(hears(&pcm, 8000, hz), "{hz}");
    }
    assert!(!hears(&pcm, 8000, 700.0));
}

#[test]
fn silence_holds_nothing() {
    let pcm = vec![0; 8000];
    assert!(!hears(&pcm, 8000, 440.0));
    assert_eq!(parted([(&*pcm, 8000)], &[440.0], &[1100.0]), None);
    assert_eq!(longest_gap(&pcm, 8000, 440.0), None);
    assert_eq!(strongest(&pcm, 8000), None);
    assert!(!hears(&[], 8000, 440.0));
    assert_eq!(digits(&[], 8000), "");
}

#[test]
fn of_ten_frames_one_may_be_torn_and_ten_at_most() {
    let parted = |frames, torn| Parted { worst: 50.0, frames, torn };
    for (frames, torn, holds) in
        [(1, 0, true), (1, 1, false), (29, 2, true), (29, 3, false), (900, 10, true), (900, 11, false)]
    {
        assert_eq!(parted(frames, torn).holds(), holds, "{torn} of {frames}");
    }
    assert!(!Parted { worst: 44.9, frames: 100, torn: 0 }.holds());
}

#[test]
fn a_gap_is_as_long_as_it_is() {
    let tone = sine(8000, 1000.0, -6.0, SECOND);
    let whole = longest_gap(&tone, 8000, 1000.0).expect("the tone is heard");
    assert_eq!(whole, Duration::ZERO);
    let pcm = [tone.clone(), vec![0; 960], tone].concat();
    let gap = longest_gap(&pcm, 8000, 1000.0).expect("the tone is heard");
    assert!((100..=130).contains(&gap.as_millis()), "{gap:?}");
}

#[test]
fn the_strongest_tone_is_named() {
    let pcm = mixed(&[sine(8000, 450.0, -12.0, SECOND), sine(8000, 1000.0, -6.0, SECOND)]);
    let (hz, level) = strongest(&pcm, 8000).expect("something is heard");
    assert!((hz - 1000.0).abs() < 1.0 && (level + 6.0).abs() < 0.5, "{hz} {level}");
}

#[test]
fn digits_as_tones_are_read_in_order() {
    let pcm = dtmf(8000, "159*0#2AD36B4C788");
    assert_eq!(digits(&pcm, 8000), "159*0#2AD36B4C788");
    assert_eq!(digits(&sine(8000, 697.0, -6.0, SECOND), 8000), "");
}

#[test]
fn mu_law_has_the_values_of_the_recommendation() {
    assert_eq!([0, -1, 32_767, -32_768, 1000].map(ulaw), [0xff, 0x7f, 0x80, 0x00, 0xce]);
}
