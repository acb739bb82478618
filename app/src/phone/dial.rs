//! How is somebody called? By a number or a name that is typed, with people offered meanwhile, or by an earlier call.
//!
//! The field is an editable combobox with a list (WAI-ARIA Authoring Practices Guide, "Combobox Pattern"): the focus stays in
//! it, arrows choose, Enter takes what is chosen, Escape closes the list.

use std::time::Duration;

use leptos::{ev, html, prelude::*};
use tandem_domain::phone::{
    LONGEST_NUMBER, Who,
    book::{PastCall, Way},
};

use super::{Link, Phone, call::number_beside};
use crate::{
    listing::Tone,
    ui::{Badge, Button, Card, CollectAny as _, Kind, Sign, Timer, each, icon},
};

/// How long nobody has typed when the server is asked.
const TYPING: Duration = Duration::from_millis(250);
/// Earlier calls that are shown.
const SHOWN: usize = 20;

/// A field in which somebody is named or numbered.
#[derive(Clone, Copy)]
pub(super) struct Whom {
    pub(super) typed: RwSignal<String>,
    /// Why it cannot be called; empty: nothing is wrong.
    pub(super) wrong: RwSignal<String>,
    /// Whether people are offered, and the place of the one that is chosen.
    open: RwSignal<bool>,
    chosen: RwSignal<Option<usize>>,
    field: NodeRef<html::Input>,
    /// Asks the server when nobody has typed for a while.
    asks: Timer,
}

impl Whom {
    pub(super) fn new() -> Self {
        Self {
            typed: RwSignal::new(String::new()),
            wrong: RwSignal::new(String::new()),
            open: RwSignal::new(false),
            chosen: RwSignal::new(None),
            field: NodeRef::new(),
            asks: Timer::new(),
        }
    }

    /// Shows this as typed, and offers nobody.
    pub(super) fn set(self, typed: String) {
        self.close();
        self.wrong.set(String::new());
        self.typed.set(typed);
    }

    /// What to call; where that is not clear the field says why, and has the focus.
    pub(super) fn number(self, phone: Phone) -> Option<String> {
        let typed = self.typed.get_untracked();
        let number = phone.book.with_untracked(|book| book.number_of(&typed));
        match number {
            Ok(number) => {
                self.set(String::new());
                Some(number)
            }
            Err(why) => {
                self.wrong.set(why.to_string());
                self.open.set(true);
                if let Some(field) = self.field.get_untracked() {
                    let _ = field.focus();
                }
                None
            }
        }
    }

    fn close(self) {
        self.open.set(false);
        self.chosen.set(None);
    }

    /// Somebody types.
    fn types(self, phone: Phone, typed: String) {
        self.wrong.set(String::new());
        self.chosen.set(None);
        self.open.set(!typed.trim().is_empty());
        self.typed.set(typed.clone());
        if !phone.book.with_untracked(|book| book.complete) {
            self.asks.restart(TYPING, move || phone.learn(typed));
        }
    }

    /// A key in the field, with so many people offered. Tells whether it is used up.
    fn key(self, event: &ev::KeyboardEvent, found: &[Who]) -> bool {
        if event.ctrl_key() || event.meta_key() || event.is_composing() {
            return false;
        }
        let open = self.open.get_untracked();
        let last = found.len().checked_sub(1);
        let before = self.chosen.get_untracked().filter(|_| open);
        match (event.key().as_str(), last) {
            ("ArrowDown", Some(_)) if event.alt_key() => self.open.set(true),
            ("ArrowUp", _) if event.alt_key() => self.close(),
            ("ArrowDown", Some(last)) => {
                self.open.set(true);
                self.chosen.set(Some(before.filter(|before| *before < last).map_or(0, |before| before + 1)));
            }
            ("ArrowUp", Some(last)) => {
                self.open.set(true);
                self.chosen.set(Some(before.filter(|before| *before > 0).map_or(last, |before| before - 1)));
            }
            ("Enter", _) => match before.and_then(|place| found.get(place)) {
                Some(who) => self.set(who.number.clone()),
                None => return false,
            },
            ("Escape", _) if open => self.close(),
            _ => return false,
        }
        true
    }
}

/// The field. `id` names it on the page.
pub(super) fn whom_field(phone: Phone, whom: Whom, id: &str, label: &'static str) -> AnyView {
    let Whom { typed, wrong, open, chosen, field, .. } = whom;
    let found =
        Memo::new(
            move |_| {
                if open.get() { phone.book.with(|book| typed.with(|typed| book.find(typed))) } else { Vec::new() }
            },
        );
    let (list, about) = ([id, "-list"].concat(), [id, "-wrong"].concat());
    let option_id = {
        let id = id.to_owned();
        move |place: usize| [&id, "-", &place.to_string()].concat()
    };
    let active = {
        let option_id = option_id.clone();
        move || chosen.get().filter(|place| found.with(|found| *place < found.len())).map(&option_id)
    };
    let options = move || {
        let offered = found.get().into_iter().enumerate();
        offered.map(|(place, who)| option(whom, option_id(place), place, who)).collect_any()
    };
    let shown = move || !found.with(Vec::is_empty);
    let key = move |event: ev::KeyboardEvent| {
        // Who opens the list by an arrow chooses in it at once.
        let offered = if open.get_untracked() {
            found.get_untracked()
        } else {
            phone.book.with_untracked(|book| typed.with_untracked(|typed| book.find(typed)))
        };
        if whom.key(&event, &offered) {
            event.prevent_default();
            event.stop_propagation();
        }
    };
    view! {
        <div class="combobox">
            <input
                class="input"
                type="text"
                id=id.to_owned()
                role="combobox"
                aria-label=label
                aria-autocomplete="list"
                aria-expanded=move || if shown() { "true" } else { "false" }
                aria-controls=list.clone()
                aria-activedescendant=active
                aria-invalid=move || (!wrong.with(String::is_empty)).then_some("true")
                aria-describedby=about.clone()
                placeholder=label
                autocomplete="off"
                autocapitalize="off"
                spellcheck="false"
                enterkeyhint="go"
                maxlength=LONGEST_NUMBER.to_string()
                node_ref=field
                prop:value=move || typed.get()
                on:input=move |event| whom.types(phone, event_target_value(&event))
                on:keydown=key
                on:blur=move |_| whom.close()
            />
            <ul class="combobox-list" role="listbox" id=list aria-label="People" hidden=move || !shown()>{options}</ul>
            <p class="field-error" id=about role="alert">{move || wrong.get()}</p>
        </div>
    }
    .into_any()
}

fn option(whom: Whom, id: String, place: usize, who: Who) -> AnyView {
    let Who { number, name } = who;
    let (title, note) = if name.is_empty() { (number.clone(), String::new()) } else { (name, number.clone()) };
    let chosen = move || if whom.chosen.get() == Some(place) { "true" } else { "false" };
    let take = move |event: ev::MouseEvent| {
        // The focus stays in the field.
        event.prevent_default();
        whom.set(number.clone());
    };
    view! {
        <li role="option" id=id aria-selected=chosen on:mousedown=take>
            <span>{title}</span> <small class="figures">{note}</small>
        </li>
    }
    .into_any()
}

/// The field with its button.
pub(super) fn dial(phone: Phone, whom: Whom) -> AnyView {
    let call = move |event: ev::SubmitEvent| {
        event.prevent_default();
        if phone.link.get_untracked() == Link::Ready
            && let Some(number) = whom.number(phone)
        {
            phone.dial(&number);
        }
    };
    view! {
        <form class="phone-line" on:submit=call>
            {whom_field(phone, whom, "phone-whom", "Name or number")}
            <Button label="Call" kind=Kind::Primary sign=Sign::Phone disabled=move || phone.link.get() != Link::Ready />
        </form>
    }
    .into_any()
}

/// One's earlier calls, with their search, and a button by which each is called again.
pub(super) fn recent(phone: Phone) -> AnyView {
    let typed = RwSignal::new(String::new());
    let asks = Timer::new();
    let shown = Memo::new(move |_| {
        let words = typed.get();
        // What the server found is of all calls; until it has answered, of those that are at hand.
        let found = phone.found_calls.with(|(of, calls)| (*of == words && !words.is_empty()).then(|| calls.clone()));
        let mut calls = found.unwrap_or_else(|| {
            phone.book.with(|book| book.calls.iter().filter(|call| call.matches(&words)).cloned().collect())
        });
        calls.truncate(SHOWN);
        calls
    });
    let search = move |event: ev::Event| {
        let words = event_target_value(&event);
        typed.set(words.clone());
        if words.trim().is_empty() {
            asks.stop();
        } else {
            asks.restart(TYPING, move || phone.find_calls(words));
        }
    };
    let none = move || if typed.with(String::is_empty) { "No calls yet." } else { "No calls match." };
    let all = move || {
        let args = crate::listing::ListArgs { q: typed.get(), ..Default::default() };
        ["/self-care/history", &crate::ui::link_to(&args)].concat()
    };
    view! {
        <Card title="Recent calls">
            <div class="stack">
                <input
                    class="input"
                    type="search"
                    aria-label="Search recent calls"
                    placeholder="Search by name or number"
                    autocomplete="off"
                    maxlength=LONGEST_NUMBER.to_string()
                    on:input=search
                />
                <ul class="phone-recent" aria-label="Recent calls" hidden=move || shown.with(Vec::is_empty)>
                    {each(move || shown.get(), |call| call.call.0.as_u128(), move |call| past(phone, call))}
                </ul>
                <p class="phone-words" role="status">{move || shown.with(Vec::is_empty).then(none)}</p>
                <a class="link" href=all>"All calls"</a>
            </div>
        </Card>
    }
    .into_any()
}

fn past(phone: Phone, call: PastCall) -> AnyView {
    let PastCall { call: _, with, way, when, talked } = call;
    let (name, number) = (with.shown().to_owned(), number_beside(&with).to_owned());
    let tone = match way {
        Way::Outgoing => Tone::Neutral,
        Way::Incoming => Tone::Good,
        Way::Missed => Tone::Bad,
    };
    let note = [&*number, &*when, &*talked].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ");
    // Who hides the number cannot be called.
    let can = !matches!(&*with.number, "" | "anonymous");
    let label = ["Call ", &name].concat();
    view! {
        <li>
            <span class="phone-who"><strong>{name}</strong> <small class="figures">{note}</small></span>
            <Badge tone=tone text=way.label() />
            {can.then(|| view! {
                <button
                    type="button"
                    class="icon-button"
                    aria-label=label.clone()
                    title=label
                    disabled=move || phone.link.get() != Link::Ready
                    on:click=move |_| phone.dial(&with.number)
                >
                    {icon(Sign::Phone)}
                </button>
            }.into_any())}
        </li>
    }
    .into_any()
}
