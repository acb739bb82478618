//! Is a call recorded, and what comes of a wish about that? The exchange alone knows; the browser is told, and told once
//! more when nothing came of its wish, so that it never shows what is not so.

use std::time::{Duration, Instant};

use tandem_domain::{
    calls::Recorded,
    phone::{RECORD_SECONDS, RecordWish, ToBrowser},
};

use super::{
    call::Call,
    station::{Output, Station},
};

/// How it stands with the recording of a call.
#[derive(Debug)]
pub(super) struct Recording {
    pub(super) state: Recorded,
    /// When the browser, which wished something, is told how it stands though nothing has changed.
    pub(super) answer: Option<Instant>,
}

impl Recording {
    pub(super) const fn new() -> Self {
        Self { state: Recorded::No, answer: None }
    }
}

impl Call {
    /// The browser wants something of the recording.
    pub(super) fn wish_recording(&mut self, station: &mut Station, now: Instant, wish: RecordWish) {
        if let Some(leg) = self.leg() {
            station.output(Output::Record { leg, wish });
            self.recording.answer = Some(now + Duration::from_secs(RECORD_SECONDS));
        }
    }

    /// The exchange says how it stands.
    pub(super) fn recorded(&mut self, station: &mut Station, state: Recorded) {
        if std::mem::replace(&mut self.recording.state, state) != state {
            self.say_recorded(station);
        }
    }

    /// Nothing has come of a wish: how it stands is said all the same.
    pub(super) fn answer_recording(&mut self, station: &mut Station, now: Instant) {
        if self.recording.answer.is_some_and(|at| at <= now) {
            self.say_recorded(station);
        }
    }

    fn say_recorded(&mut self, station: &mut Station) {
        self.recording.answer = None;
        station.say(ToBrowser::Recorded { call: self.number, state: self.recording.state });
    }
}
