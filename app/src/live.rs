//! Pages that follow what happens, without reloading.
//!
//! The server tells that something changed (`GET /live/…`, server-sent events), and the page asks for its data again by the
//! server function that it was made with: nothing is shown that was not permitted a moment before. The stream carries the
//! server's clock, by which durations go on every second.
//!
//! While the tab is hidden there is no stream; nothing is loaded anew under a question that waits for its answer.

use std::{rc::Rc, time::Duration};

use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use tandem_domain::{
    access::{Field, Principal},
    console::{ConsoleChange, has_console},
    ids::Timestamp,
};
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{Event, EventSource, MessageEvent};

use crate::{
    context::{Refresh, me, use_refresh},
    reading::from_json,
    ui::effect,
};

/// What somebody looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Topic {
    /// The calls that are going on.
    Calls,
    /// The phones that are registered.
    Registrations,
    /// The records of calls that are over.
    Xdrs,
    /// The calls' signalling.
    Signalling,
    /// What the supervisor's console shows.
    Console,
    /// What the wallboard shows.
    Wallboard,
    /// How loud people speak in the calls that the console shows.
    Levels,
}

impl Topic {
    /// All topics.
    pub const ALL: [Self; 7] =
        [Self::Calls, Self::Registrations, Self::Xdrs, Self::Signalling, Self::Console, Self::Wallboard, Self::Levels];

    /// The name in the stream's address.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Calls => "calls",
            Self::Registrations => "registrations",
            Self::Xdrs => "xdrs",
            Self::Signalling => "signalling",
            Self::Console => "console",
            Self::Wallboard => "wallboard",
            Self::Levels => "levels",
        }
    }

    /// The topic of this name.
    #[must_use]
    pub fn from_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|topic| topic.key() == key)
    }

    /// The permission to look at it.
    #[must_use]
    pub const fn field(self) -> Field {
        match self {
            Self::Calls => Field::LiveCalls,
            Self::Registrations => Field::Registrations,
            Self::Xdrs => Field::CallHistory,
            Self::Signalling => Field::SipLadder,
            Self::Console | Self::Wallboard | Self::Levels => Field::SupervisorConsole,
        }
    }

    /// Whether somebody may look at it.
    #[must_use]
    pub fn is_for(self, me: &Principal) -> bool {
        match self {
            Self::Calls | Self::Registrations | Self::Xdrs | Self::Signalling => me.sees(self.field()),
            Self::Console | Self::Wallboard | Self::Levels => has_console(me),
        }
    }
}

/// What a console is told, as it happens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsoleNews {
    /// The server's clock.
    pub at: Timestamp,
    /// What names the stream, for who says which calls the page shows.
    pub stream: u64,
    /// What has changed.
    pub change: ConsoleChange,
}

/// Seconds as a clock shows them: `0:07`, `12:34`, `1:00:00`.
#[must_use]
pub fn duration(seconds: i64) -> String {
    let (minutes, seconds) = (seconds.max(0) / 60, seconds.max(0) % 60);
    match (minutes / 60, minutes % 60) {
        (0, minutes) => format!("{minutes}:{seconds:02}"),
        (hours, minutes) => format!("{hours}:{minutes:02}:{seconds:02}"),
    }
}

/// Follows these topics, as far as the role shows them, for as long as the page is there. Data that is loaded with what it
/// gives ([`load_live`](crate::data::load_live)) is loaded anew with every change.
pub fn live(topics: &[Topic]) -> Refresh {
    let refresh = use_refresh().below();
    let me = me();
    let seen: Vec<&str> = topics.iter().filter(|topic| topic.is_for(&me)).map(|topic| topic.key()).collect();
    if !seen.is_empty() {
        let address = format!("/live/{}", seen.join(","));
        effect(move || {
            let ears = Ears {
                news: Box::new(move || refresh.now()),
                console: Box::new(|_| {}),
                levels: Box::new(|_| {}),
                link: Box::new(|_| {}),
            };
            follow(address.clone(), ears);
        });
    }
    refresh
}

/// Who follows a stream.
pub(crate) struct Ears {
    /// Something changed.
    pub(crate) news: Box<dyn Fn()>,
    /// What has changed in the console.
    pub(crate) console: Box<dyn Fn(ConsoleNews)>,
    /// How loud people speak: what [`Topic::Levels`] tells, as JSON.
    pub(crate) levels: Box<dyn Fn(&str)>,
    /// The server is reached, or no longer.
    pub(crate) link: Box<dyn Fn(bool)>,
}

/// The server's clock, as far as it is known: this browser's, less how far it is ahead.
#[cfg(not(feature = "ssr"))]
fn server_clock() -> f64 {
    js_sys::Date::now() - AHEAD.get()
}

#[cfg(not(feature = "ssr"))]
thread_local! {
    /// How many milliseconds this clock is ahead of the server's, as the last stream told.
    static AHEAD: std::cell::Cell<f64> = const { std::cell::Cell::new(0.0) };
}

/// How long something has lasted since this moment, as a clock shows it.
#[must_use]
pub fn lasts(since: Timestamp) -> String {
    #[cfg(feature = "ssr")]
    {
        let services = use_context::<crate::server::Services>();
        services.map_or_else(String::new, |services| duration(services.clock.now().seconds_since(since)))
    }
    #[cfg(not(feature = "ssr"))]
    {
        #[expect(clippy::cast_possible_truncation, reason = "milliseconds since 1970")]
        let now = Timestamp(server_clock() as i64);
        duration(now.seconds_since(since))
    }
}

/// Follows the console with the levels, in the browser, for as long as the page is there.
pub(crate) fn follow_console(ears: Ears) {
    follow("/live/console,levels".to_owned(), ears);
}

/// Seconds after which a stream that was refused is asked for again.
const AGAIN: u32 = 5;

/// What a page holds of its stream.
struct Stream {
    ears: Rc<Ears>,
    source: Option<EventSource>,
    /// Seconds that it has been shut.
    shut: u32,
    /// How many milliseconds this clock is ahead of the server's; `None` until the server told its own.
    ahead: Option<f64>,
    /// Something changed while a question was open.
    waits: bool,
}

impl Stream {
    /// The server has told its clock.
    fn sets_clock(&mut self, server: Option<f64>) {
        self.ahead = server.map(|server| js_sys::Date::now() - server);
        #[cfg(not(feature = "ssr"))]
        AHEAD.set(self.ahead.unwrap_or_default());
    }
}

/// A moment as the server writes it: whole milliseconds since 1970. Read as the integer that it is: reading fractions takes code
/// and tables that nothing else here needs.
fn moment(text: &str) -> Option<f64> {
    text.parse().ok().map(milliseconds)
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970")]
fn milliseconds(at: i64) -> f64 {
    at as f64
}

/// Begins to follow, in the browser.
fn follow(address: String, ears: Ears) {
    let ears = Rc::new(ears);
    let stream =
        StoredValue::new_local(Stream { ears: ears.clone(), source: None, shut: 0, ahead: None, waits: false });
    let told = Closure::<dyn Fn(Event)>::new(move |event: Event| {
        let text = event.unchecked_ref::<MessageEvent>().data().as_string();
        let server = text.and_then(|text| moment(&text));
        stream.try_update_value(|stream| {
            stream.sets_clock(server);
            stream.waits = true;
        });
        catch_up(stream);
    });
    let changed = Closure::<dyn Fn(Event)>::new({
        let ears = ears.clone();
        move |event: Event| {
            let text = event.unchecked_ref::<MessageEvent>().data().as_string().unwrap_or_default();
            let Ok(news) = from_json::<ConsoleNews>(&text) else { return };
            let _ = stream.try_update_value(|stream| stream.sets_clock(Some(milliseconds(news.at.0))));
            (ears.console)(news);
        }
    });
    let loud = Closure::<dyn Fn(Event)>::new({
        let ears = ears.clone();
        move |event: Event| {
            if let Some(text) = event.unchecked_ref::<MessageEvent>().data().as_string() {
                (ears.levels)(&text);
            }
        }
    });
    let lost = Closure::<dyn Fn(Event)>::new(move |_| (ears.link)(false));
    let turn = move || {
        let source = (!document().hidden()).then(|| EventSource::new(&address).ok()).flatten();
        if let Some(source) = &source {
            source.set_onmessage(Some(told.as_ref().unchecked_ref()));
            source.set_onerror(Some(lost.as_ref().unchecked_ref()));
            let _ = source.add_event_listener_with_callback("levels", loud.as_ref().unchecked_ref());
            let _ = source.add_event_listener_with_callback("console", changed.as_ref().unchecked_ref());
        }
        let _ = stream.try_update_value(|stream| std::mem::replace(&mut stream.source, source).map(|old| old.close()));
    };
    turn();
    let turn = Rc::new(turn);
    let hidden = window_event_listener_untyped("visibilitychange", {
        let turn = turn.clone();
        move |_| turn()
    });
    let ticks = set_interval_with_handle(
        move || {
            tick(stream);
            if is_shut_for_long(stream) {
                turn();
            }
        },
        Duration::from_secs(1),
    );
    on_cleanup(move || {
        let _ = stream.try_update_value(|stream| stream.source.take().map(|source| source.close()));
        hidden.remove();
        if let Ok(ticks) = ticks {
            ticks.clear();
        }
    });
}

/// Whether the browser has given the stream up, a while ago.
fn is_shut_for_long(stream: StoredValue<Stream, LocalStorage>) -> bool {
    let shut = stream.try_update_value(|stream| {
        let is_shut = stream.source.as_ref().is_some_and(|source| source.ready_state() == EventSource::CLOSED);
        stream.shut = if is_shut { stream.shut + 1 } else { 0 };
        stream.shut
    });
    shut.is_some_and(|shut| shut >= AGAIN)
}

/// Loads anew what has changed, unless a question is open.
fn catch_up(stream: StoredValue<Stream, LocalStorage>) {
    let waits = stream.try_with_value(|stream| stream.waits).unwrap_or_default();
    let asks = || document().query_selector("details.confirm[open]").is_ok_and(|open| open.is_some());
    if waits && !asks() {
        let ears = stream.try_update_value(|stream| {
            stream.waits = false;
            stream.ears.clone()
        });
        if let Some(ears) = ears {
            (ears.news)();
        }
    }
}

/// A second has gone by: durations go on.
fn tick(stream: StoredValue<Stream, LocalStorage>) {
    catch_up(stream);
    let Some(ahead) = stream.try_with_value(|stream| stream.ahead).flatten() else { return };
    let Ok(clocks) = document().query_selector_all("[data-since]") else { return };
    for clock in (0..clocks.length()).filter_map(|i| clocks.item(i)) {
        let since = clock.unchecked_ref::<web_sys::Element>().get_attribute("data-since");
        let since = since.and_then(|since| moment(&since));
        // The text itself stays where it is: it is the page's own, which writes into it too.
        if let (Some(since), Some(text)) = (since, clock.first_child()) {
            #[expect(clippy::cast_possible_truncation, reason = "seconds since somebody answered")]
            let seconds = ((js_sys::Date::now() - ahead - since) / 1000.0) as i64;
            text.set_node_value(Some(&duration(seconds)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_read_as_on_a_clock() {
        for (seconds, text) in [(0, "0:00"), (7, "0:07"), (754, "12:34"), (3600, "1:00:00"), (36_061, "10:01:01")] {
            assert_eq!(duration(seconds), text);
        }
        // Clocks differ: nobody talks for less than no time.
        assert_eq!(duration(-3), "0:00");
    }

    #[test]
    fn topics_are_found_by_their_names() {
        for topic in Topic::ALL {
            assert_eq!(Topic::from_key(topic.key()), Some(topic));
        }
        assert_eq!(Topic::from_key("weather"), None);
    }
}
