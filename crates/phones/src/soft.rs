//! A phone that speaks softly: several of them at once are mixed without clipping, whose products would be heard as somebody else.

use std::{fs, ops::Deref, time::Duration};

use tempfile::TempDir;

use crate::{
    Baresip, PhoneError, tones,
    wav::{self, Sound},
};

/// The rate at which phones take what they speak, of two channels.
const RATE: u32 = 48_000;

/// A phone that speaks from a file, with the folder of that file.
#[derive(Debug)]
pub struct Soft(Baresip, #[expect(dead_code, reason = "the file is there as long as the phone")] TempDir);

impl Soft {
    /// Starts a phone that speaks with a tone of so many Hz at a level in dBFS, for so long in each call: `start` is given the
    /// line of [`Account::configured`](crate::Account::configured) by which it does.
    ///
    /// # Errors
    ///
    /// As `start`; and when the file cannot be written.
    pub fn start(
        hertz: u32,
        level: f64,
        breath: Duration,
        start: impl FnOnce(&str) -> Result<Baresip, PhoneError>,
    ) -> Result<Self, PhoneError> {
        let broken = "what a phone speaks from cannot be written";
        let folder = tempfile::tempdir().map_err(PhoneError::io(broken))?;
        let file = folder.path().join("tone.wav");
        let mono = tones::sine(RATE, hertz.into(), level, breath);
        let pcm = mono.into_iter().flat_map(|sample| [sample, sample]).collect();
        fs::write(&file, wav::write(&Sound { rate: RATE, channels: 2, pcm })).map_err(PhoneError::io(broken))?;
        let phone = start(&format!("audio_source aufile,{}", file.display()))?;
        Ok(Self(phone, folder))
    }
}

impl Deref for Soft {
    type Target = Baresip;

    fn deref(&self) -> &Baresip {
        &self.0
    }
}
