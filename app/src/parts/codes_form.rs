//! The eight codes of a dialing rule in a form: the provider's rules, and a customer's custom rule.
//!
//! The fields go into an edit or new form; [`TypedCodes`] is what its server function takes:
//!
//! ```text
//! #[server(endpoint = "dialing_rule_save")]
//! async fn save(id: DialingRuleId, version: Version, name: Typed, #[server(flatten)] codes: TypedCodes) -> … {
//!     let codes = codes.parse(&stored.value.codes);     // errors per field, all at once
//! ```
//!
//! While the form is filled in, the browser checks the codes against each other with the rule of the server, and
//! [`CodesDraft`] tells the preview beside the form which codes to explain.

use std::collections::BTreeMap;

use leptos::{ev, html, prelude::*};
use serde::{Deserialize, Serialize};
use tandem_domain::{
    access::Field,
    dialing::{CodeField, Kind, PbxCodes},
    error::FieldErrors,
    field::Rule,
};
use wasm_bindgen::JsCast;
use web_sys::HtmlInputElement;

use crate::ui::{CollectAny as _, FieldSet, FormCtx, TextField, effect, leads_to_button};

/// The codes as a form sent them, by [`CodeField::key`]. Fields that were shown disabled are not among them. Taken with
/// `#[server(flatten)]`, so it also holds whatever else was sent; only the codes are read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TypedCodes(pub BTreeMap<String, String>);

impl TypedCodes {
    /// The codes to keep: what was typed, or what is stored where nothing was sent.
    ///
    /// # Errors
    /// As [`PbxCodes::parse`].
    pub fn parse(&self, stored: &PbxCodes) -> Result<PbxCodes, FieldErrors> {
        PbxCodes::parse(|field| self.0.get(field.key()).cloned().unwrap_or_else(|| stored.get(field)))
    }
}

/// The codes as they stand in the form at this moment, or what is wrong with them.
#[derive(Clone, Copy)]
pub struct CodesDraft(RwSignal<Result<PbxCodes, FieldErrors>>);

impl CodesDraft {
    /// A draft that nobody typed into yet.
    #[must_use]
    pub fn new(stored: PbxCodes) -> Self {
        Self(RwSignal::new(Ok(stored)))
    }

    /// The codes, or what is wrong with them.
    pub fn get(self) -> Result<PbxCodes, FieldErrors> {
        self.0.get()
    }
}

/// The three groups of codes: heading and help.
const GROUPS: [(Kind, &str, &str); 3] = [
    (Kind::Prefix, "Join a call", "Dialled before the extension of the agent: *90744 spies on extension 744."),
    (Kind::Digit, "Switch during supervision", "One key, pressed by the manager; no other party hears or receives it."),
    (Kind::Recording, "Recording", "Dialled at any time in a call by whoever may start and stop recording manually."),
];

/// The fields of the codes, for a form that is already around them. `field` is the permission that shows and disables them.
pub fn codes_form(codes: &PbxCodes, field: Field, draft: CodesDraft) -> AnyView {
    let form = use_context::<FormCtx>();
    let node = NodeRef::<html::Div>::new();
    let look = move |left: bool| {
        let typed = read(node);
        if typed.is_empty() {
            return;
        }
        let parsed = TypedCodes(typed.clone()).parse(&PbxCodes::default());
        if let Some(form) = form {
            say_collisions(form, &typed, parsed.as_ref().err(), left);
        }
        draft.0.set(parsed);
    };
    // The form may show what was typed before a post that was refused; and "Discard" changes the fields without a word.
    effect(move || {
        if node.get().is_some() {
            look(false);
            let discarded = window_event_listener(ev::reset, move |_| request_animation_frame(move || look(false)));
            on_cleanup(move || discarded.remove());
        }
    });
    // After the form itself has looked at the field, which knows the rule of each code but not of all together.
    let left = move |event: ev::FocusEvent| {
        let at_last = !leads_to_button(&event);
        request_animation_frame(move || look(at_last));
    };
    let groups = GROUPS
        .into_iter()
        .map(|(kind, legend, help)| {
            let fields = group(codes, kind, field);
            view! { <FieldSet legend=legend help=help layout="row">{fields}</FieldSet> }.into_any()
        })
        .collect_any();
    view! {
        <div class="stack" node_ref=node on:input=move |_| look(false) on:focusout=left>
            {groups}
        </div>
    }
    .into_any()
}

/// The fields of one group.
fn group(codes: &PbxCodes, kind: Kind, permission: Field) -> AnyView {
    CodeField::ALL
        .into_iter()
        .filter(|field| field.kind() == kind)
        .map(|field| {
            let rule = match kind {
                Kind::Prefix | Kind::Recording => Rule::Code,
                Kind::Digit => Rule::Digit,
            };
            let standard = field.default_code();
            view! {
                <TextField
                    name=field.key()
                    label=field.label()
                    value=codes.get(field)
                    help=format!("Default: {standard}")
                    placeholder=standard
                    rule=rule
                    field=permission
                    required=true
                    width="short"
                />
            }
            .into_any()
        })
        .collect_any()
}

/// What stands in the fields now.
fn read(node: NodeRef<html::Div>) -> BTreeMap<String, String> {
    let Some(inputs) = node.get_untracked().and_then(|div| div.query_selector_all("input").ok()) else {
        return BTreeMap::new();
    };
    (0..inputs.length())
        .filter_map(|i| inputs.get(i)?.dyn_into::<HtmlInputElement>().ok())
        .map(|input| (input.name(), input.value()))
        .collect()
}

/// Puts the collisions beside the fields. An error comes when a field was left, and goes as soon as it is no more true; a
/// field that nobody filled in yet is not blamed.
fn say_collisions(form: FormCtx, typed: &BTreeMap<String, String>, errors: Option<&FieldErrors>, left: bool) {
    for field in CodeField::ALL {
        let key = field.key();
        let error = errors.and_then(|errors| errors.get(key));
        let empty = typed.get(key).is_none_or(|code| code.trim().is_empty());
        let known = untrack(|| form.error(key)).is_some();
        if known || (left && !empty && error.is_some()) {
            form.tell(key, error.map(str::to_owned));
        }
    }
}
