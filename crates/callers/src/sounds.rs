//! What is said: the dialogues' tracks and the announcement outside, ready to be played.

use tandem_media::{Clip, clip::ClipError};

use crate::people::{Dialogue, Side};

/// All sounds. Cheap to clone: clones share the samples.
#[derive(Debug, Clone)]
pub struct Sounds {
    tracks: Vec<(Dialogue, Side, Clip)>,
    announcement: Clip,
}

impl Sounds {
    /// What the program brings with it.
    ///
    /// # Errors
    /// One of the files is no WAV: a fault of the build.
    pub fn load() -> Result<Self, ClipError> {
        let both = |dialogue| [(dialogue, Side::Client), (dialogue, Side::Agent)];
        let track = |(dialogue, side): (Dialogue, Side)| Ok((dialogue, side, Clip::from_wav(dialogue.wav(side))?));
        Ok(Self {
            tracks: Dialogue::ALL.into_iter().flat_map(both).map(track).collect::<Result<_, ClipError>>()?,
            announcement: Clip::from_wav(include_bytes!("../../media/voice/prompts/demo_answer.wav"))?,
        })
    }

    /// One side of a dialogue. Both sides are of one length and may be repeated at once.
    #[must_use]
    pub fn track(&self, dialogue: Dialogue, side: Side) -> Clip {
        let found = self.tracks.iter().find(|(of, whose, _)| (*of, *whose) == (dialogue, side));
        found.expect("both sides of every dialogue were loaded").2.clone()
    }

    /// What is heard at every number outside.
    #[must_use]
    pub fn announcement(&self) -> Clip {
        self.announcement.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sides_of_a_dialogue_are_of_one_length_and_never_loud_at_once() {
        let sounds = Sounds::load().unwrap();
        for dialogue in Dialogue::ALL {
            let [client, agent] = [Side::Client, Side::Agent].map(|side| sounds.track(dialogue, side));
            assert_eq!(client.samples().len(), agent.samples().len());
            assert!(client.duration_ms() > 20_000);
            let both = client.samples().iter().zip(agent.samples()).filter(|(a, b)| a.abs() > 500 && b.abs() > 500);
            assert_eq!(both.count(), 0);
        }
        assert!(sounds.announcement().duration_ms() > 5_000);
    }
}
