//! Pages that follow what happens, without reloading.
//!
//! The server tells that something changed (`GET /live/…`, server-sent events), and the page asks for its data again by the
//! server function that it was made with: nothing is shown that was not permitted a moment before. The stream carries the
//! server's clock, by which durations go on every second.
//!
//! While the tab is hidden there is no stream; nothing is loaded anew under a question that waits for its answer.

use std::time::Duration;

use leptos::prelude::*;
use tandem_domain::access::Field;
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{Event, EventSource, MessageEvent};

use crate::context::{Refresh, me, use_refresh};

/// What somebody looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Topic {
    /// The calls that are going on.
    Calls,
    /// The phones that are registered.
    Registrations,
    /// The records of calls that are over.
    Xdrs,
}

impl Topic {
    /// All topics.
    pub const ALL: [Self; 3] = [Self::Calls, Self::Registrations, Self::Xdrs];

    /// The name in the stream's address.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Calls => "calls",
            Self::Registrations => "registrations",
            Self::Xdrs => "xdrs",
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
        }
    }
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
    let seen: Vec<&str> = topics.iter().filter(|topic| me.sees(topic.field())).map(|topic| topic.key()).collect();
    if !seen.is_empty() {
        let address = format!("/live/{}", seen.join(","));
        Effect::new(move |_| follow(address.clone(), refresh));
    }
    refresh
}

/// What a page holds of its stream.
struct Stream {
    source: Option<EventSource>,
    /// How many milliseconds this clock is ahead of the server's; `None` until the server told its own.
    ahead: Option<f64>,
    /// Something changed while a question was open.
    waits: bool,
}

/// Begins to follow, in the browser.
fn follow(address: String, refresh: Refresh) {
    let stream = StoredValue::new_local(Stream { source: None, ahead: None, waits: false });
    let told = Closure::<dyn Fn(Event)>::new(move |event: Event| {
        let text = event.unchecked_ref::<MessageEvent>().data().as_string();
        let server = text.and_then(|text| text.parse::<f64>().ok());
        stream.try_update_value(|stream| {
            stream.ahead = server.map(|server| js_sys::Date::now() - server);
            stream.waits = true;
        });
        catch_up(stream, refresh);
    });
    let turn = move || {
        let source = (!document().hidden()).then(|| EventSource::new(&address).ok()).flatten();
        if let Some(source) = &source {
            source.set_onmessage(Some(told.as_ref().unchecked_ref()));
        }
        let _ = stream.try_update_value(|stream| std::mem::replace(&mut stream.source, source).map(|old| old.close()));
    };
    turn();
    let hidden = window_event_listener_untyped("visibilitychange", move |_| turn());
    let ticks = set_interval_with_handle(move || tick(stream, refresh), Duration::from_secs(1));
    on_cleanup(move || {
        let _ = stream.try_update_value(|stream| stream.source.take().map(|source| source.close()));
        hidden.remove();
        if let Ok(ticks) = ticks {
            ticks.clear();
        }
    });
}

/// Loads anew what has changed, unless a question is open.
fn catch_up(stream: StoredValue<Stream, LocalStorage>, refresh: Refresh) {
    let waits = stream.try_with_value(|stream| stream.waits).unwrap_or_default();
    let asks = || document().query_selector("details.confirm[open]").is_ok_and(|open| open.is_some());
    if waits && !asks() {
        stream.try_update_value(|stream| stream.waits = false);
        refresh.now();
    }
}

/// A second has gone by: durations go on.
fn tick(stream: StoredValue<Stream, LocalStorage>, refresh: Refresh) {
    catch_up(stream, refresh);
    let Some(ahead) = stream.try_with_value(|stream| stream.ahead).flatten() else { return };
    let Ok(clocks) = document().query_selector_all("[data-since]") else { return };
    for clock in (0..clocks.length()).filter_map(|i| clocks.item(i)) {
        let since = clock.unchecked_ref::<web_sys::Element>().get_attribute("data-since");
        let since = since.and_then(|since| since.parse::<f64>().ok());
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
