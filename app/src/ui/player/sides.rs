//! How loud each side of a sound is played: its two channels apart, each with a gain, and together again (Web Audio).
//!
//! Made with the first change of a volume: until then the sound goes its usual way.

use leptos::{html, prelude::*};
use wasm_bindgen::JsValue;
use web_sys::{AudioContext, GainNode, HtmlMediaElement};

/// The volumes of both sides.
#[derive(Clone, Copy)]
pub(super) struct Sides {
    audio: NodeRef<html::Audio>,
    /// There in the browser alone: on the server a page is made on one thread and may be dropped on another.
    gains: Option<StoredValue<Option<[GainNode; 2]>, LocalStorage>>,
}

impl Sides {
    pub(super) fn new(audio: NodeRef<html::Audio>) -> Self {
        Self { audio, gains: cfg!(feature = "hydrate").then(|| StoredValue::new_local(None)) }
    }

    /// Plays a side, 0 or 1, at this volume, in per cent.
    #[expect(clippy::cast_precision_loss, reason = "it is at most a hundred")]
    pub(super) fn set(self, side: usize, volume: i64) {
        let (Some(audio), Some(gains)) = (self.audio.get_untracked(), self.gains) else { return };
        if gains.with_value(Option::is_none) {
            gains.set_value(split(&audio).ok());
        }
        gains.with_value(|gains| {
            if let Some(gain) = gains.as_ref().and_then(|gains| gains.get(side)) {
                gain.gain().set_value(volume as f32 / 100.0);
            }
        });
    }
}

/// Leads a sound through a gain for each channel.
fn split(audio: &HtmlMediaElement) -> Result<[GainNode; 2], JsValue> {
    let context = AudioContext::new()?;
    let source = context.create_media_element_source(audio)?;
    let splitter = context.create_channel_splitter_with_number_of_outputs(2)?;
    let merger = context.create_channel_merger_with_number_of_inputs(2)?;
    source.connect_with_audio_node(&splitter)?;
    let gains = [context.create_gain()?, context.create_gain()?];
    for (channel, gain) in (0..).zip(&gains) {
        splitter.connect_with_audio_node_and_output(gain, channel)?;
        gain.connect_with_audio_node_and_output_and_input(&merger, 0, channel)?;
    }
    merger.connect_with_audio_node(&context.destination())?;
    Ok(gains)
}
