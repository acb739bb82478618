//! Which microphone and loudspeaker? Chosen once for a browser, kept in its `localStorage`.

use js_sys::{Array, Function, Object, Reflect};
use leptos::prelude::window;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{HtmlAudioElement, MediaDeviceInfo, MediaDeviceKind};

use crate::ui::{remember, remembered};

/// A device that can be chosen: its id and its name.
pub(super) type Choice = (String, String);

/// What there is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Choices {
    pub(super) microphones: Vec<Choice>,
    pub(super) speakers: Vec<Choice>,
}

/// What is chosen. An empty id is the system's own choice.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Devices {
    pub(super) microphone: String,
    pub(super) speaker: String,
    /// Echo and noise are filtered out, and the level is kept even.
    pub(super) filters: bool,
}

const MICROPHONE: &str = "phone-microphone";
const SPEAKER: &str = "phone-speaker";
const FILTERS: &str = "phone-filters";

impl Devices {
    /// What was chosen before.
    pub(super) fn chosen() -> Self {
        Self {
            microphone: remembered(MICROPHONE).unwrap_or_default(),
            speaker: remembered(SPEAKER).unwrap_or_default(),
            filters: remembered(FILTERS).as_deref() != Some("off"),
        }
    }

    /// Keeps it for the next time.
    pub(super) fn keep(&self) {
        remember(MICROPHONE, &self.microphone);
        remember(SPEAKER, &self.speaker);
        remember(FILTERS, if self.filters { "on" } else { "off" });
    }

    /// What is asked of `getUserMedia`. A device that is not there any more is no reason to have none.
    pub(super) fn constraints(&self) -> JsValue {
        let asked = Object::new();
        let set = |name: &str, value: &JsValue| {
            // Cannot fail: it is a plain object.
            let _ = Reflect::set(&asked, &name.into(), value);
        };
        for filter in ["echoCancellation", "noiseSuppression", "autoGainControl"] {
            set(filter, &self.filters.into());
        }
        if !self.microphone.is_empty() {
            set("deviceId", &self.microphone.as_str().into());
        }
        asked.into()
    }

    /// Sends sound to the chosen loudspeaker, where browsers can (`setSinkId`).
    pub(super) fn speak_by(&self, audio: &HtmlAudioElement) {
        if self.speaker.is_empty() && !Self::can_choose_speaker() {
            return;
        }
        let set = Reflect::get(audio, &"setSinkId".into()).ok().and_then(|set| set.dyn_into::<Function>().ok());
        if let Some(set) = set {
            let _ = set.call1(audio, &self.speaker.as_str().into());
        }
    }

    /// Whether this browser lets a page choose the loudspeaker.
    pub(super) fn can_choose_speaker() -> bool {
        HtmlAudioElement::new().is_ok_and(|audio| Reflect::has(&audio, &"setSinkId".into()).unwrap_or_default())
    }
}

/// The microphones and loudspeakers that there are. They have names once the microphone was allowed.
pub(super) async fn list() -> Choices {
    let mut choices = Choices::default();
    let Ok(devices) = window().navigator().media_devices() else { return choices };
    if devices.is_undefined() {
        return choices;
    }
    let Ok(asked) = devices.enumerate_devices() else { return choices };
    let Ok(found) = JsFuture::from(asked).await else { return choices };
    for device in found.unchecked_into::<Array>() {
        let device: MediaDeviceInfo = device.unchecked_into();
        let (id, label) = (device.device_id(), device.label());
        // "default" is the system's own choice, which is there in any case.
        if id.is_empty() || label.is_empty() || id == "default" {
            continue;
        }
        match device.kind() {
            MediaDeviceKind::Audioinput => choices.microphones.push((id, label)),
            MediaDeviceKind::Audiooutput => choices.speakers.push((id, label)),
            _ => {}
        }
    }
    choices
}
