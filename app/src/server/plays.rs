//! Which plays and downloads of recordings by the staff the audit log has been told of: a browser asks for a sound in many
//! pieces, and whoever plays it once has played it once.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use tandem_domain::ids::{RecordingId, Timestamp};

/// Seconds for which a play that was told is the same play.
const ONE_PLAY: i64 = 600;
/// Plays that are remembered. Beyond, all are forgotten: the log is rather told twice than not at all.
const PLAYS_MAX: usize = 10_000;

/// What was done with the sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Play {
    /// It was played.
    Played,
    /// It was saved as a file.
    Downloaded,
}

impl Play {
    /// As the audit log has it.
    pub(super) const fn action(self) -> &'static str {
        match self {
            Self::Played => "played",
            Self::Downloaded => "downloaded",
        }
    }
}

/// When each play was told, by who played what.
type Told = HashMap<(String, RecordingId, Play), Timestamp>;

/// The plays that were told. Clones share them.
#[derive(Debug, Clone, Default)]
pub(super) struct Plays(Arc<Mutex<Told>>);

impl Plays {
    /// Whether the log has to be told.
    pub(super) fn is_news(&self, sign_in: &str, recording: RecordingId, play: Play, now: Timestamp) -> bool {
        let plays = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let told = plays.get(&(sign_in.to_owned(), recording, play));
        told.is_none_or(|told| now.seconds_since(*told) >= ONE_PLAY)
    }

    /// The log was told.
    pub(super) fn told(&self, sign_in: &str, recording: RecordingId, play: Play, now: Timestamp) {
        let mut plays = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if plays.len() >= PLAYS_MAX {
            plays.clear();
        }
        plays.insert((sign_in.to_owned(), recording, play), now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_play_in_many_pieces_is_told_once_and_a_later_one_again() {
        let (plays, recording) = (Plays::default(), "01890000-0000-7000-8000-000000000001".parse().unwrap());
        let news = |play, second: i64| {
            let now = Timestamp(second * 1000);
            let news = plays.is_news("admin", recording, play, now);
            if news {
                plays.told("admin", recording, play, now);
            }
            news
        };
        assert!(news(Play::Played, 0));
        assert!(!news(Play::Played, 599));
        assert!(news(Play::Downloaded, 599));
        assert!(news(Play::Played, 600));
        assert!(plays.is_news("other", recording, Play::Played, Timestamp(0)));
    }
}
