//! What the phone makes itself heard by, and how loud the microphone is, and what is heard (W3C Web Audio).

use web_sys::{AnalyserNode, AudioContext, MediaStream};

/// A tone that comes and goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    /// Somebody calls.
    Rings,
    /// It rings at the other end (ITU-T E.180).
    RingsThere,
}

/// A tone that sounds until it is dropped, for a quarter of an hour at most.
pub(super) struct Sounding {
    pub(super) tone: Tone,
    context: AudioContext,
}

impl Sounding {
    /// Begins. `None` where there is no sound.
    pub(super) fn begin(tone: Tone) -> Option<Self> {
        let context = AudioContext::new().ok()?;
        let volume = context.create_gain().ok()?;
        volume.connect_with_audio_node(&context.destination()).ok()?;
        let (frequencies, on, every, loud): (&[f32], f64, f64, f32) = match tone {
            Tone::Rings => (&[587.0, 880.0], 1.2, 3.0, 0.12),
            Tone::RingsThere => (&[425.0], 1.0, 5.0, 0.05),
        };
        for frequency in frequencies {
            let source = context.create_oscillator().ok()?;
            source.frequency().set_value(*frequency);
            source.connect_with_audio_node(&volume).ok()?;
            source.start().ok()?;
        }
        let gain = volume.gain();
        gain.set_value(0.0);
        let mut at = context.current_time();
        for _ in 0..300 {
            // Without a step, so that it does not click.
            let _ = gain.set_target_at_time(loud, at, 0.02);
            let _ = gain.set_target_at_time(0.0, at + on, 0.02);
            at += every;
        }
        Some(Self { tone, context })
    }
}

impl Drop for Sounding {
    fn drop(&mut self) {
        let _ = self.context.close();
    }
}

/// How loud a microphone is, or what is heard, until it is dropped.
pub(super) struct Meter {
    /// What names the sound: another one needs another meter.
    stream: String,
    context: AudioContext,
    analyser: AnalyserNode,
}

impl Meter {
    /// Begins.
    pub(super) fn begin(stream: &MediaStream) -> Option<Self> {
        let context = AudioContext::new().ok()?;
        let analyser = context.create_analyser().ok()?;
        analyser.set_fft_size(1024);
        context.create_media_stream_source(stream).ok()?.connect_with_audio_node(&analyser).ok()?;
        Some(Self { stream: stream.id(), context, analyser })
    }

    /// Whether it is of this sound.
    pub(super) fn is_of(&self, stream: &MediaStream) -> bool {
        self.stream == stream.id()
    }

    /// From 0 to 100. The loudest sample of the last 20 ms or so, as ears hear it: half as far from the top each 20 dB.
    pub(super) fn level(&self) -> u32 {
        let mut samples = [128; 1024];
        self.analyser.get_byte_time_domain_data(&mut samples);
        let loudest = samples.into_iter().map(|sample| sample.abs_diff(128)).max();
        level(loudest.unwrap_or_default())
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        let _ = self.context.close();
    }
}

/// The level of an amplitude from 0 to 128: a sixth of the scale for each doubling.
fn level(amplitude: u8) -> u32 {
    let doublings = u32::from(amplitude).checked_ilog2().map_or(0, |doublings| doublings + 1);
    (doublings * 100 / 7).min(100)
}

#[cfg(test)]
mod tests {
    use super::level;

    #[test]
    fn a_louder_voice_is_more() {
        assert_eq!([0, 1, 8, 64, 128].map(level), [0, 14, 57, 100, 100]);
    }
}
