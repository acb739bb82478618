//! Which refusals are kept? Each once, and a minute later how often it came again: the audit log must not be filled by who asks
//! for the same again and again.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use tandem_domain::{audit::FieldChange, ids::CallId};

use super::{Due, Exchange, Media, Now, Output, SupervisionNote};

/// How long the same refusal is only counted.
const MINUTE: Duration = Duration::from_secs(60);
/// Refusals that are counted at one time. What comes beyond is kept one by one.
const MOST: usize = 1000;

/// The refusals of the last minute.
#[derive(Debug, Default)]
pub(super) struct Refusals(HashMap<Key, Again>);

/// Who wanted into which call of whom, and why he may not.
type Key = (String, Option<CallId>, String, String);

#[derive(Debug)]
struct Again {
    until: Instant,
    times: u32,
    note: SupervisionNote,
}

impl Refusals {
    /// Whether a refusal is kept now; else it is counted. `wanted`: the call that he wanted into, if he named one.
    fn is_news(&mut self, now: Instant, wanted: Option<CallId>, note: &SupervisionNote) -> bool {
        let key = (note.actor.clone(), wanted, note.name.clone(), note.change.new.clone());
        if let Some(again) = self.0.get_mut(&key) {
            again.times = again.times.saturating_add(1);
            again.note.at = note.at;
            return false;
        }
        if self.0.len() < MOST {
            self.0.insert(key, Again { until: now + MINUTE, times: 0, note: note.clone() });
        }
        true
    }

    /// When one has been counted for long enough.
    fn due(&self) -> Option<Instant> {
        self.0.values().map(|again| again.until).min()
    }

    /// What is kept of those that have been counted for long enough: how often they came again. They are counted on; one that did
    /// not come again is forgotten.
    fn counted(&mut self, now: Instant) -> Vec<SupervisionNote> {
        let mut counted = Vec::new();
        self.0.retain(|_, again| {
            if again.until > now {
                return true;
            }
            let times = std::mem::take(&mut again.times);
            if times > 0 {
                let new = format!("{} ({times} times more)", again.note.change.new);
                let change = FieldChange { new, ..again.note.change.clone() };
                counted.push(SupervisionNote { change, ..again.note.clone() });
                again.until = now + MINUTE;
            }
            times > 0
        });
        counted
    }
}

impl<M: Media> Exchange<M> {
    /// Keeps a refusal, or counts it.
    pub(super) fn note_refusal(&mut self, now: Now, wanted: Option<CallId>, note: SupervisionNote) {
        if self.refusals.is_news(now.instant, wanted, &note) {
            self.outputs.push_back(Output::Note(Box::new(note)));
        }
        self.schedule(Due::Refusals, self.refusals.due());
    }

    /// Keeps how often refusals came again.
    pub(super) fn count_refusals(&mut self, now: Now) {
        for note in self.refusals.counted(now.instant) {
            self.outputs.push_back(Output::Note(Box::new(note)));
        }
        self.schedule(Due::Refusals, self.refusals.due());
    }
}

#[cfg(test)]
mod tests {
    use tandem_domain::ids::{CustomerId, Timestamp};
    use uuid::Uuid;

    use super::*;

    fn note(actor: &str, name: &str, reason: &str) -> SupervisionNote {
        SupervisionNote {
            at: Timestamp(0),
            customer: CustomerId(Uuid::from_u128(1)),
            actor: actor.into(),
            address: None,
            call: CallId(Uuid::from_u128(1)),
            name: name.into(),
            action: "refused",
            change: FieldChange { field: "reason".into(), old: String::new(), new: reason.into() },
        }
    }

    #[test]
    fn the_same_refusal_is_kept_once_a_minute_and_with_its_count() {
        let (mut refusals, begin) = (Refusals::default(), Instant::now());
        let call = Some(CallId(Uuid::from_u128(7)));
        let after = |seconds| begin + Duration::from_secs(seconds);
        assert!(refusals.is_news(begin, call, &note("adam", "John", "protected")));
        let again: Vec<_> =
            (0..500).map(|_| refusals.is_news(after(30), call, &note("adam", "John", "protected"))).collect();
        assert!(!again.contains(&true));
        // Another manager, call, agent or reason is another refusal.
        for (wanted, note) in [
            (call, note("eve", "John", "protected")),
            (None, note("adam", "John", "protected")),
            (call, note("adam", "Olivia", "protected")),
            (call, note("adam", "John", "not_enabled")),
        ] {
            assert!(refusals.is_news(after(30), wanted, &note));
        }
        assert_eq!(refusals.due(), Some(after(60)));
        let kept = |notes: Vec<SupervisionNote>| notes.into_iter().map(|note| note.change.new).collect::<Vec<_>>();
        assert_eq!(kept(refusals.counted(after(60))), ["protected (500 times more)"]);
        // It is counted on, and forgotten when it does not come any more.
        assert!(!refusals.is_news(after(61), call, &note("adam", "John", "protected")));
        assert_eq!(kept(refusals.counted(after(120))), ["protected (1 times more)"]);
        assert_eq!(kept(refusals.counted(after(180))), [""; 0]);
        assert_eq!(refusals.due(), None);
    }

    #[test]
    fn no_number_of_refusals_takes_more_than_a_known_amount() {
        let (mut refusals, now) = (Refusals::default(), Instant::now());
        let kept = (0..2 * MOST).filter(|n| refusals.is_news(now, None, &note("adam", &n.to_string(), "protected")));
        assert_eq!(kept.count(), 2 * MOST);
        assert_eq!(refusals.0.len(), MOST);
    }
}
