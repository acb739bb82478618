//! A player for the sound of two people: what each said over time, what happened when, and the controls.
//!
//! The server draws it whole. Without WebAssembly the browser's own controls play it, and a line of the list opens the sound
//! at its moment; when the browser has taken the page over, the drawing itself is what one seeks in. The place in the sound
//! is an ordinary range input over the drawing, so that click, drag, keys and screen readers work as everywhere.
//!
//! Places are whole milliseconds: text of fractions is code that the browser would have to load.

mod sides;

use leptos::{ev, html, prelude::*};
use serde::{Deserialize, Serialize};
use wasm_bindgen::JsCast;
use web_sys::HtmlInputElement;

use self::sides::Sides;
use super::{
    CollectAny as _,
    desk::use_desk,
    icon::{Sign, icon},
};
use crate::live::duration;

/// Milliseconds that an arrow key goes.
const STEP: i64 = 5000;
/// How fast it can be played: the choice, its label, and the speed.
const SPEEDS: [(&str, &str, f64); 5] =
    [("0.75", "0.75 ×", 0.75), ("1", "1 ×", 1.0), ("1.25", "1.25 ×", 1.25), ("1.5", "1.5 ×", 1.5), ("2", "2 ×", 2.0)];

/// A sound, as its page has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sound {
    /// Where it is, without the ending: `/recordings/…`.
    pub at: String,
    /// How long it is, in milliseconds.
    pub length_ms: u64,
    /// Who is on the left, and on the right.
    pub sides: [Side; 2],
    /// What happened, in order.
    pub marks: Vec<SoundMark>,
}

/// One side of a sound.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Side {
    /// Who is heard.
    pub name: String,
    /// How loud over time: the path of an area in a field of [`FIELD`], around the middle of its height.
    pub drawing: String,
}

/// Width and height of the field that a side is drawn in.
pub const FIELD: (u32, u32) = (600, 48);

/// What happened at a place of a sound.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SoundMark {
    /// Where, in milliseconds.
    pub at_ms: u64,
    /// What: "Paused for 0:12".
    pub label: String,
    /// Who or why; may be empty.
    pub text: String,
    /// Something is left out here.
    pub gap: bool,
}

/// What the controls share.
#[derive(Clone, Copy)]
struct Playing {
    audio: NodeRef<html::Audio>,
    /// How long it is, in milliseconds.
    length: i64,
    /// The place, in milliseconds.
    at: RwSignal<i64>,
    plays: RwSignal<bool>,
}

impl Playing {
    #[expect(clippy::cast_precision_loss, reason = "milliseconds of a call")]
    fn seek(self, to: i64) {
        let to = to.clamp(0, self.length);
        self.at.set(to);
        if let Some(audio) = self.audio.get_untracked() {
            audio.set_current_time(to as f64 / 1000.0);
        }
    }

    fn step(self, by: i64) {
        self.seek(self.at.get_untracked() + by);
    }

    fn toggle(self) {
        let Some(audio) = self.audio.get_untracked() else { return };
        if audio.paused() {
            // Fails where there is nothing to play; then it says so by staying silent, as the browser's own controls do.
            let _ = audio.play();
        } else {
            // Cannot fail.
            let _ = audio.pause();
        }
    }

    /// The share of the whole, in per cent.
    fn percent(self) -> String {
        percent(self.at.get(), self.length)
    }

    /// "0:07 of 2:15".
    fn words(self) -> String {
        [&clock(self.at.get()), " of ", &clock(self.length)].concat()
    }
}

/// Milliseconds as a clock shows them.
fn clock(ms: i64) -> String {
    duration(ms / 1000)
}

/// The share of the whole: "12.5%".
fn percent(part: i64, whole: i64) -> String {
    let thousandths = part.saturating_mul(1000).checked_div(whole).unwrap_or_default().clamp(0, 1000);
    format!("{}.{}%", thousandths / 10, thousandths % 10)
}

/// Milliseconds within what can be played.
fn place(ms: u64) -> i64 {
    i64::try_from(ms).unwrap_or(i64::MAX)
}

/// The player.
#[component]
pub fn Player(
    /// What is played.
    sound: Sound,
) -> impl IntoView {
    let Sound { at, length_ms, sides, marks } = sound;
    let hydrated = use_desk().hydrated();
    let length = place(length_ms);
    let playing = Playing { audio: NodeRef::new(), length, at: RwSignal::new(0), plays: RwSignal::new(false) };
    let [left, right] = sides;
    let names = [left.name.clone(), right.name.clone()];
    let (wav, opus) = (format!("{at}.wav"), format!("{at}.opus"));
    let told = move |_| {
        if let Some(audio) = playing.audio.get_untracked() {
            #[expect(clippy::cast_possible_truncation, reason = "milliseconds of a call")]
            playing.at.set((audio.current_time() * 1000.0) as i64);
            playing.plays.set(!audio.paused());
        }
    };
    let places = places(&marks, length);
    let list = marks.into_iter().map(|mark| mark_view(mark, &opus, playing)).collect_any();
    view! {
        <div class="player">
            <div class="player-field">
                <svg class="player-lines" aria-hidden="true">
                    <rect class="player-played" height="100%" width=move || playing.percent() />
                </svg>
                {side_view(left, "player-left")}
                {side_view(right, "player-right")}
                <svg class="player-lines" aria-hidden="true">
                    {places}
                    <line class="player-head needs-wasm" y1="0" y2="100%" x1=move || playing.percent() x2=move || playing.percent() />
                </svg>
                <input
                    type="range"
                    class="player-seek needs-wasm"
                    min="0"
                    max=length.to_string()
                    step="100"
                    value="0"
                    aria-label="Place in the recording"
                    aria-valuetext=move || playing.words()
                    prop:value=move || playing.at.get().to_string()
                    on:input=move |event| playing.seek(whole(&event))
                    on:keydown=move |event| key(playing, &event)
                />
            </div>
            <audio
                preload="none"
                controls=move || !hydrated.get()
                node_ref=playing.audio
                on:timeupdate=told
                on:play=told
                on:pause=told
                on:ended=told
                on:seeked=told
            >
                <source src=opus type="audio/ogg; codecs=opus" />
                <source src=wav type="audio/wav" />
            </audio>
            {controls(playing, names)}
            <ol class="player-marks">{list}</ol>
        </div>
    }
}

/// The number of a range input.
#[expect(clippy::cast_possible_truncation, reason = "our ranges are of whole numbers")]
fn whole(event: &web_sys::Event) -> i64 {
    let input = event.target().and_then(|target| target.dyn_into::<HtmlInputElement>().ok());
    input.map_or(0, |input| input.value_as_number() as i64)
}

/// The keys that work on the place in the sound.
fn key(playing: Playing, event: &ev::KeyboardEvent) {
    match event.key().as_str() {
        "ArrowLeft" | "ArrowDown" => playing.step(-STEP),
        "ArrowRight" | "ArrowUp" => playing.step(STEP),
        " " => playing.toggle(),
        _ => return,
    }
    event.prevent_default();
}

fn side_view(side: Side, class: &'static str) -> AnyView {
    let (width, height) = FIELD;
    view! {
        <div class=["player-side ", class].concat()>
            <span class="player-name">{side.name}</span>
            <svg viewBox=format!("0 0 {width} {height}") preserveAspectRatio="none" aria-hidden="true">
                <path d=side.drawing />
            </svg>
        </div>
    }
    .into_any()
}

/// Where something happened, as lines over the drawing.
fn places(marks: &[SoundMark], length: i64) -> AnyView {
    marks
        .iter()
        .map(|mark| {
            let x = percent(place(mark.at_ms), length);
            let class = if mark.gap { "player-gap" } else { "player-mark" };
            view! { <line class=class y1="0" y2="100%" x1=x.clone() x2=x /> }.into_any()
        })
        .collect_any()
}

/// A line of the list: a press goes there; without WebAssembly it opens the sound there.
fn mark_view(mark: SoundMark, file: &str, playing: Playing) -> AnyView {
    let SoundMark { at_ms, label, text, gap } = mark;
    let at = place(at_ms);
    let class = if gap { "player-at player-at-gap" } else { "player-at" };
    let go = move |event: ev::MouseEvent| {
        event.prevent_default();
        playing.seek(at);
    };
    view! {
        <li>
            <a
                class=class
                href=format!("{file}#t={}.{:03}", at_ms / 1000, at_ms % 1000)
                rel="external"
                data-stays
                on:click=go
            >
                <span class="figures">{clock(at)}</span>
                <span>{label}</span>
                <small>{text}</small>
            </a>
        </li>
    }
    .into_any()
}

fn controls(playing: Playing, names: [String; 2]) -> AnyView {
    let sides = Sides::new(playing.audio);
    let speeds = SPEEDS
        .into_iter()
        .map(|(value, label, _)| view! { <option value=value selected=value == "1">{label}</option> }.into_any())
        .collect_any();
    let faster = move |event: ev::Event| {
        let chosen = event_target_value(&event);
        let speed = SPEEDS.into_iter().find(|(value, ..)| *value == chosen).map_or(1.0, |(.., speed)| speed);
        if let Some(audio) = playing.audio.get_untracked() {
            audio.set_playback_rate(speed);
        }
    };
    let volumes = names
        .into_iter()
        .enumerate()
        .map(|(side, name)| {
            let class = if side == 0 { "player-volume player-left" } else { "player-volume player-right" };
            view! {
                <label class=class>
                    <span>{name.clone()}</span>
                    <input
                        type="range"
                        min="0"
                        max="100"
                        value="100"
                        aria-label=["Volume of ", &name].concat()
                        on:input=move |event| sides.set(side, whole(&event))
                    />
                </label>
            }
            .into_any()
        })
        .collect_any();
    let press = move || if playing.plays.get() { "Pause" } else { "Play" };
    view! {
        <div class="player-controls needs-wasm">
            <button type="button" class="button button-primary player-play" aria-label=press on:click=move |_| playing.toggle()>
                {move || icon(if playing.plays.get() { Sign::Pause } else { Sign::Play })}
            </button>
            <span class="figures" aria-hidden="true">{move || clock(playing.at.get())} " / " {clock(playing.length)}</span>
            <select class="input player-speed" aria-label="Speed" on:change=faster>{speeds}</select>
            <div class="player-volumes" role="group" aria-label="Volume of each side">{volumes}</div>
        </div>
    }
    .into_any()
}
