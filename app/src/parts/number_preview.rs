//! "What does this number do?": a number, and in words what happens when a phone dials it.
//!
//! In the browser the answer follows what is typed, here and in the codes' form beside it, saved or not. Without
//! WebAssembly it is a form that asks the page anew (`?dial=`), about the stored codes.

use leptos::{ev, prelude::*};
use leptos_router::hooks::use_query_map;
use tandem_domain::{
    dialing::{CodeField, ECHO_TEST, Meaning, PbxCodes},
    supervision::Mode,
};
use wasm_bindgen::JsCast;
use web_sys::HtmlInputElement;

use super::codes_form::CodesDraft;
use crate::{
    listing::Tone,
    ui::{Button, Card, ModeBadge, Notice, TextField},
};

/// The name of the number in the page's address.
const QUERY: &str = "dial";

/// The preview. It is a form of its own: it stands beside the form of the codes, not inside.
pub fn number_preview(draft: CodesDraft) -> AnyView {
    let asked = use_query_map().with_untracked(|query| query.get(QUERY)).unwrap_or_default();
    let dialled = RwSignal::new(asked.clone());
    let typed = move |event: ev::Event| {
        if let Some(input) = event.target().and_then(|target| target.dyn_into::<HtmlInputElement>().ok()) {
            dialled.set(input.value());
        }
    };
    view! {
        <Card title="What does this number do?" description="Type what a phone dials, for example *90744 or 744.">
            <form method="get" class="form" on:submit=|event| event.prevent_default() on:input=typed>
                <TextField name=QUERY label="Number" value=asked kind="tel" width="medium" />
                <div class="no-wasm"><Button label="Explain" /></div>
            </form>
            <div role="status">{move || answer(draft, &dialled.get())}</div>
        </Card>
    }
    .into_any()
}

/// What is said about a number.
fn answer(draft: CodesDraft, dialled: &str) -> AnyView {
    let Ok(codes) = draft.get() else {
        return view! { <Notice tone=Tone::Warning text="The codes collide or cannot be dialled; mend them to see what a number does." /> }
            .into_any();
    };
    if dialled.trim().is_empty() {
        return ().into_any();
    }
    let meaning = codes.meaning(dialled);
    let mode = match &meaning {
        Meaning::Supervise(mode, _) | Meaning::SuperviseWhom(mode) => Some(*mode),
        Meaning::Nothing
        | Meaning::Emergency(_)
        | Meaning::EchoTest
        | Meaning::OnlyDuringCall
        | Meaning::Extension(_)
        | Meaning::Public(_)
        | Meaning::Unknown => None,
    };
    view! {
        <p><strong>"From an idle phone: "</strong> {mode.map(|mode| view! { <ModeBadge mode=mode /> " " }.into_any())} {words(&codes, &meaning)}</p>
        {during_call(&codes, dialled).map(|text| view! { <p><strong>"During a call: "</strong> {text}</p> }.into_any())}
    }
    .into_any()
}

/// What happens when an idle phone dials it.
fn words(codes: &PbxCodes, meaning: &Meaning) -> String {
    match meaning {
        Meaning::Nothing => String::new(),
        Meaning::Emergency(number) => format!("calls the emergency services ({number}). It is always put through."),
        Meaning::EchoTest => {
            format!("the echo test. {ECHO_TEST} is the same in every rule; the caller hears their own voice.")
        }
        Meaning::Supervise(mode, extension) => {
            format!("joins the live call of extension {extension}. {} {}", mode.help(), keys(codes))
        }
        Meaning::SuperviseWhom(mode) => {
            format!("an extension is missing. Dial it behind the prefix, for example {}744.", codes.prefix(*mode))
        }
        Meaning::OnlyDuringCall => "nothing. This code means something during a call only.".into(),
        Meaning::Extension(extension) => format!("calls the extension or huntgroup {extension}."),
        Meaning::Public(number) => format!("calls the public number {number}."),
        Meaning::Unknown => {
            "nothing. No code, extension or public number looks like this; the caller hears that the number is unknown."
                .into()
        }
    }
}

/// Which keys change the mode.
fn keys(codes: &PbxCodes) -> String {
    let [spy, whisper, barge_in] = Mode::ALL.map(|mode| codes.digit(mode));
    format!("Then {spy} switches to spy, {whisper} to whisper and {barge_in} to barge-in.")
}

/// What it does when it is pressed during a call, if anything.
fn during_call(codes: &PbxCodes, dialled: &str) -> Option<&'static str> {
    let dialled = dialled.trim();
    let field = CodeField::ALL.into_iter().find(|field| codes.get(*field).eq_ignore_ascii_case(dialled))?;
    match field {
        CodeField::SpyPrefix | CodeField::WhisperPrefix | CodeField::BargeInPrefix => None,
        CodeField::SpyDigit => Some("switches a manager who supervises to spy."),
        CodeField::WhisperDigit => Some("switches a manager who supervises to whisper."),
        CodeField::BargeInDigit => Some("switches a manager who supervises to barge-in."),
        CodeField::RecordStart => Some("starts recording, where the account may do so manually."),
        CodeField::RecordStop => Some("stops recording, where the account may do so manually."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn says(dialled: &str) -> String {
        let codes = PbxCodes::default();
        words(&codes, &codes.meaning(dialled))
    }

    #[test]
    fn a_prefix_with_an_extension_names_whose_call_is_joined_and_how_to_switch() {
        let text = says("*91744");
        assert!(text.contains("extension 744"), "{text}");
        assert!(text.contains(Mode::Whisper.help()), "{text}");
        assert!(text.contains("0 switches to spy"), "{text}");
    }

    #[test]
    fn a_prefix_alone_asks_for_the_extension() {
        assert!(says("*92").contains("*92744"));
    }

    #[test]
    fn a_recording_code_says_that_it_needs_a_call() {
        assert!(says("*44").contains("during a call only"));
        assert_eq!(
            during_call(&PbxCodes::default(), "*44"),
            Some("starts recording, where the account may do so manually.")
        );
    }

    #[test]
    fn a_digit_of_the_rule_is_explained_for_the_call_and_for_the_idle_phone() {
        assert!(during_call(&PbxCodes::default(), "2").is_some_and(|text| text.contains("barge-in")));
        assert!(says("2").starts_with("nothing"));
    }
}
