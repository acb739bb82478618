//! The sound of one call: microphone, peer connection, loudspeaker (W3C WebRTC 1.0, Media Capture and Streams).

use std::cell::Cell;

use js_sys::{Array, Promise, Reflect};
use leptos::prelude::{document, window};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    HtmlAudioElement, MediaStream, MediaStreamConstraints, MediaStreamTrack, RtcIceConnectionState,
    RtcIceGatheringState, RtcOfferOptions, RtcPeerConnection, RtcRtpTransceiver, RtcRtpTransceiverDirection,
    RtcSdpType, RtcSessionDescriptionInit, RtcSignalingState, RtcTrackEvent,
};

use super::devices::Devices;

/// How often it is looked whether the candidates are complete, in milliseconds.
const LOOK: i32 = 20;
/// How often at most: one second (see [`tandem_domain::phone`]).
const LOOKS: u32 = 50;
/// After so many milliseconds without a way another one is looked for: a way may come back by itself. And how long that may
/// take before it is done once more.
const PATIENCE: i64 = 2000;
const NEXT_TRY: i64 = 6000;
/// How long a hold may take before it is asked for again, and the pause after one that was refused: an exchange that is busy with
/// the call tries for up to four seconds by itself.
const HOLD_PATIENCE: i64 = 8000;
const HOLD_PAUSE: i64 = 4000;

/// Waits.
pub(super) async fn sleep(milliseconds: i32) {
    let wait = Promise::new(&mut |resolve, _| {
        // Fails only where there are no timers at all.
        let _ = window().set_timeout_with_callback_and_timeout_and_arguments_0(&resolve, milliseconds);
    });
    let _ = JsFuture::from(wait).await;
}

/// The microphone.
///
/// # Errors
/// Why it cannot be used, and what to do, in words.
pub(super) async fn microphone(devices: &Devices) -> Result<MediaStream, String> {
    let opened = match window().navigator().media_devices() {
        // Where the page is not secure there is none (W3C Secure Contexts).
        Ok(list) if list.is_undefined() => Err(JsValue::from_str("insecure")),
        Ok(list) => {
            let asked = MediaStreamConstraints::new();
            asked.set_audio(&devices.constraints());
            match list.get_user_media_with_constraints(&asked) {
                Ok(promise) => JsFuture::from(promise).await,
                Err(error) => Err(error),
            }
        }
        Err(error) => Err(error),
    };
    opened.map(JsCast::unchecked_into).map_err(|error| {
        let name = Reflect::get(&error, &"name".into()).ok().and_then(|name| name.as_string());
        match name.as_deref().unwrap_or_default() {
            "NotAllowedError" => {
                "The browser may not use the microphone. Allow it beside the page’s address, then try again."
            }
            "NotFoundError" | "OverconstrainedError" => {
                "There is no microphone. Plug one in, or choose another one below, then try again."
            }
            "NotReadableError" => {
                "The microphone cannot be opened: another program may have it. Close that, then try again."
            }
            _ if error.as_string().is_some() => {
                "Browsers give the microphone to secure pages only: open Tandem by its https address."
            }
            _ => "The microphone does not work in this browser. Try another browser, or ask your administrator.",
        }
        .to_owned()
    })
}

/// The sound of a call, until it is dropped.
pub(super) struct Peer {
    connection: RtcPeerConnection,
    microphone: MediaStream,
    audio: HtmlAudioElement,
    /// Since when nothing arrives, by this browser's clock in milliseconds.
    cut: Cell<Option<i64>>,
    /// An offer is being made.
    offers: Cell<bool>,
    /// When a hold may be asked for again, by the same clock.
    hold_again: Cell<i64>,
    /// How many packets were lost, and how many came, until it was looked last.
    counted: Cell<(i64, i64)>,
    /// Lives as long as the connection that calls it.
    _heard: Closure<dyn Fn(RtcTrackEvent)>,
}

impl Peer {
    /// Opens the microphone, and begins a connection.
    pub(super) async fn new(call: u32, devices: &Devices) -> Result<Self, String> {
        let microphone = microphone(devices).await?;
        Self::begin(call, devices, microphone).map_err(|_| {
            "This browser cannot carry calls: it has no WebRTC. Try a current Firefox, Chrome, Edge or Safari."
                .to_owned()
        })
    }

    fn begin(call: u32, devices: &Devices, microphone: MediaStream) -> Result<Self, JsValue> {
        let connection = RtcPeerConnection::new()?;
        let audio = HtmlAudioElement::new()?;
        audio.set_autoplay(true);
        audio.set_attribute("data-call", &call.to_string())?;
        devices.speak_by(&audio);
        if let Some(body) = document().body() {
            body.append_child(&audio)?;
        }
        let speaker = audio.clone();
        let heard = Closure::<dyn Fn(RtcTrackEvent)>::new(move |event: RtcTrackEvent| {
            if let Ok(stream) = MediaStream::new() {
                stream.add_track(&event.track());
                speaker.set_src_object(Some(&stream));
            }
        });
        connection.set_ontrack(Some(heard.as_ref().unchecked_ref()));
        let peer = Self {
            connection,
            microphone,
            audio,
            cut: Cell::new(None),
            offers: Cell::new(false),
            hold_again: Cell::new(0),
            counted: Cell::new((0, 0)),
            _heard: heard,
        };
        if let Some(track) = peer.track() {
            let none = Array::new();
            peer.connection.add_track(&track, &peer.microphone, &none);
        }
        Ok(peer)
    }

    fn track(&self) -> Option<MediaStreamTrack> {
        self.microphone.get_audio_tracks().get(0).dyn_into().ok()
    }

    /// The microphone, for the meter.
    pub(super) const fn stream(&self) -> &MediaStream {
        &self.microphone
    }

    /// What is heard, for the meter.
    pub(super) fn heard(&self) -> Option<MediaStream> {
        self.audio.src_object()
    }

    /// Silence instead of the microphone, or no longer.
    pub(super) fn mute(&self, on: bool) {
        if let Some(track) = self.track() {
            track.set_enabled(!on);
        }
    }

    /// Whether nothing is offered that was not answered.
    pub(super) fn is_stable(&self) -> bool {
        !self.offers.get() && self.connection.signaling_state() == RtcSignalingState::Stable
    }

    /// Whether both ends have agreed on the sound, and it has its way.
    pub(super) fn is_there(&self) -> bool {
        use RtcIceConnectionState::{Completed, Connected};
        self.is_stable() && matches!(self.connection.ice_connection_state(), Connected | Completed)
    }

    /// Whether a hold can be asked for now; then it is not again for a while.
    pub(super) fn may_hold(&self, now: i64) -> bool {
        let may = self.is_stable() && now >= self.hold_again.get();
        if may {
            self.hold_again.set(now + HOLD_PATIENCE);
        }
        may
    }

    /// What was asked for is so: another hold may be asked for at once.
    pub(super) fn hold_is_so(&self) {
        self.hold_again.set(0);
    }

    /// What was asked for was refused.
    pub(super) fn hold_refused(&self, now: i64) {
        self.hold_again.set(now + HOLD_PAUSE);
    }

    /// Speaks by this loudspeaker.
    pub(super) fn speak_by(&self, devices: &Devices) {
        devices.speak_by(&self.audio);
    }

    fn transceiver(&self) -> Option<RtcRtpTransceiver> {
        self.connection.get_transceivers().get(0).dyn_into().ok()
    }

    /// Whether the way to the server is gone for so long that another one should be looked for; not told again for a while.
    pub(super) fn is_cut(&self, now: i64) -> bool {
        use RtcIceConnectionState::{Disconnected, Failed};
        let cut = matches!(self.connection.ice_connection_state(), Disconnected | Failed);
        let since = self.cut.get().filter(|_| cut).unwrap_or(now);
        let is_long = cut && now - since >= PATIENCE && self.is_stable();
        self.cut.set(cut.then_some(if is_long { now + NEXT_TRY - PATIENCE } else { since }));
        is_long
    }

    /// An offer, with all candidates in it. `held`: the other one is not to be heard.
    pub(super) async fn offer(&self, held: bool) -> Result<String, JsValue> {
        self.offer_with(held, &RtcOfferOptions::new()).await
    }

    /// An offer by which both ends look for a way anew (ICE restart, RFC 8445 §9).
    pub(super) async fn restart(&self, held: bool) -> Result<String, JsValue> {
        let options = RtcOfferOptions::new();
        options.set_ice_restart(true);
        self.offer_with(held, &options).await
    }

    async fn offer_with(&self, held: bool, options: &RtcOfferOptions) -> Result<String, JsValue> {
        let direction = if held { RtcRtpTransceiverDirection::Sendonly } else { RtcRtpTransceiverDirection::Sendrecv };
        if let Some(transceiver) = self.transceiver() {
            transceiver.set_direction(direction);
        }
        self.offers.set(true);
        let made = self.describe_offer(options).await;
        self.offers.set(false);
        made
    }

    async fn describe_offer(&self, options: &RtcOfferOptions) -> Result<String, JsValue> {
        let offer = JsFuture::from(self.connection.create_offer_with_rtc_offer_options(options)).await?;
        self.describe(&offer).await
    }

    /// The answer to an offer.
    pub(super) async fn answer(&self, offer: &str) -> Result<String, JsValue> {
        self.take(RtcSdpType::Offer, offer).await?;
        let answer = JsFuture::from(self.connection.create_answer()).await?;
        self.describe(&answer).await
    }

    /// Takes the answer to our offer; one that comes twice is left out.
    pub(super) async fn answered(&self, answer: &str) -> Result<(), JsValue> {
        self.take(RtcSdpType::Answer, answer).await
    }

    /// Our last offer was refused: all is as before.
    pub(super) async fn roll_back(&self) {
        if self.connection.signaling_state() == RtcSignalingState::HaveLocalOffer {
            let back = RtcSessionDescriptionInit::new(RtcSdpType::Rollback);
            let _ = JsFuture::from(self.connection.set_local_description(&back)).await;
        }
    }

    async fn take(&self, kind: RtcSdpType, sdp: &str) -> Result<(), JsValue> {
        let description = RtcSessionDescriptionInit::new(kind);
        description.set_sdp(sdp);
        JsFuture::from(self.connection.set_remote_description(&description)).await.map(|_| ())
    }

    async fn describe(&self, ours: &JsValue) -> Result<String, JsValue> {
        JsFuture::from(self.connection.set_local_description(ours.unchecked_ref())).await?;
        for _ in 0..LOOKS {
            if self.connection.ice_gathering_state() == RtcIceGatheringState::Complete {
                break;
            }
            sleep(LOOK).await;
        }
        self.connection.local_description().map(|description| description.sdp()).ok_or(JsValue::NULL)
    }

    /// Goes on with another microphone.
    pub(super) async fn change_microphone(&self, devices: &Devices) -> Result<(), String> {
        let other = microphone(devices).await?;
        let track = other.get_audio_tracks().get(0).dyn_into::<MediaStreamTrack>().ok();
        if let (Some(track), Some(transceiver), Some(before)) = (track, self.transceiver(), self.track()) {
            track.set_enabled(before.enabled());
            let _ = JsFuture::from(transceiver.sender().replace_track(Some(&track))).await;
            // What the stream holds is what is muted and closed later.
            self.microphone.add_track(&track);
            self.microphone.remove_track(&before);
            before.stop();
        }
        Ok(())
    }

    /// How well the sound has arrived since it was looked last.
    pub(super) async fn quality(&self) -> Option<Quality> {
        let report = JsFuture::from(self.connection.get_stats()).await.ok()?;
        let mut quality = Quality::default();
        report.unchecked_ref::<js_sys::Map>().for_each(&mut |entry, _| {
            let text = |name: &str| Reflect::get(&entry, &name.into()).ok().and_then(|value| value.as_string());
            #[expect(clippy::cast_possible_truncation, reason = "counts and milliseconds; as casts saturate")]
            let number = |name: &str, times: f64| {
                let value = Reflect::get(&entry, &name.into()).ok().and_then(|value| value.as_f64());
                value.map(|value| (value * times) as i64)
            };
            match text("type").as_deref() {
                Some("inbound-rtp") => {
                    quality.lost = number("packetsLost", 1.0).unwrap_or_default();
                    quality.received = number("packetsReceived", 1.0).unwrap_or_default();
                    quality.jitter = number("jitter", 1000.0);
                }
                Some("candidate-pair") => quality.trip = number("currentRoundTripTime", 1000.0).or(quality.trip),
                Some(_) | None => {}
            }
        });
        let (lost, received) = self.counted.replace((quality.lost, quality.received));
        Some(Quality { lost: quality.lost - lost, received: quality.received - received, ..quality })
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.connection.set_ontrack(None);
        self.connection.close();
        close(&self.microphone);
        self.audio.set_src_object(None);
        self.audio.remove();
    }
}

/// Closes a microphone.
pub(super) fn close(microphone: &MediaStream) {
    for track in microphone.get_audio_tracks() {
        track.unchecked_into::<MediaStreamTrack>().stop();
    }
}

/// How well the sound of a call arrives.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Quality {
    /// Packets that did not arrive.
    lost: i64,
    /// Packets that did.
    received: i64,
    /// Jitter (RFC 3550 §6.4.1) in milliseconds.
    jitter: Option<i64>,
    /// To the server and back, in milliseconds.
    trip: Option<i64>,
}

impl Quality {
    /// Of a thousand packets so many were lost.
    fn permille(self) -> i64 {
        (self.lost.max(0) * 1000).checked_div(self.lost.max(0) + self.received).unwrap_or_default()
    }

    /// As a sign: its class, and its words.
    pub(super) fn sign(self) -> (&'static str, &'static str) {
        let (jitter, trip) = (self.jitter.unwrap_or_default(), self.trip.unwrap_or_default());
        match self.permille() {
            _ if self.received <= 0 => ("badge tone-bad", "No sound arrives"),
            lost if lost >= 50 || jitter >= 60 || trip >= 400 => ("badge tone-bad", "Bad sound"),
            lost if lost >= 10 || jitter >= 30 || trip >= 200 => ("badge tone-warning", "Fair sound"),
            _ => ("badge tone-good", "Good sound"),
        }
    }

    /// In numbers: "Loss 0.1 % · jitter 4 ms · round trip 20 ms".
    pub(super) fn numbers(self) -> String {
        let number = |number: i64| number.to_string();
        let (jitter, trip) = (number(self.jitter.unwrap_or_default()), number(self.trip.unwrap_or_default()));
        let (whole, tenths) = (number(self.permille() / 10), number(self.permille() % 10));
        ["Loss ", &whole, ".", &tenths, " % · jitter ", &jitter, " ms · round trip ", &trip, " ms"].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quality_is_said_in_a_word_and_in_numbers() {
        let good = Quality { lost: 1, received: 999, jitter: Some(4), trip: Some(20) };
        let word = |quality: Quality| quality.sign().1;
        assert_eq!((word(good), &*good.numbers()), ("Good sound", "Loss 0.1 % · jitter 4 ms · round trip 20 ms"));
        assert_eq!(word(Quality { lost: 10, ..good }), "Good sound");
        assert_eq!(word(Quality { lost: 11, ..good }), "Fair sound");
        assert_eq!(word(Quality { trip: Some(500), ..good }), "Bad sound");
        assert!(Quality { lost: -3, ..good }.numbers().contains("Loss 0.0 %"), "more arrived than were sent");
        assert_eq!(word(Quality::default()), "No sound arrives");
    }
}
