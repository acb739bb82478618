//! The ear itself: made sounds are found again, at the level they were made with.

use proptest::prelude::*;

use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn mixed(sounds: &[Vec<i16>]) -> Vec<i16> {
    let length = sounds.iter().map(Vec::len).min().unwrap_or(0);
    (0..length).map(|at| sounds.iter().fold(0_i16, |sum, sound| sum.saturating_add(sound[at]))).collect()
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
        let isolation = isolation(&pcm, 8000, &[hz], &[hz + apart]).expect("something is heard");
        prop_assert!(isolation.worst > 30.0, "{isolation:?}");
        prop_assert_eq!(isolation.frames, 50);
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
    assert_eq!(isolation(&pcm, 8000, &[440.0], &[1000.0]), None);
    assert_eq!(longest_gap(&pcm, 8000, 440.0), None);
    assert_eq!(strongest(&pcm, 8000), None);
    assert!(!hears(&[], 8000, 440.0));
    assert_eq!(digits(&[], 8000), "");
}

#[test]
fn a_leak_of_one_frame_shows_as_the_worst_frame() {
    let mut pcm = sine(8000, 440.0, -6.0, SECOND);
    let leak = sine(8000, 1000.0, -26.0, Duration::from_millis(40));
    for (at, sample) in leak.into_iter().enumerate() {
        pcm[3200 + at] = pcm[3200 + at].saturating_add(sample);
    }
    let isolation = isolation(&pcm, 8000, &[440.0], &[1000.0]).expect("something is heard");
    assert!((19.0..21.0).contains(&isolation.worst), "{isolation:?}");
    assert!(isolation.overall > 30.0, "{isolation:?}");
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
