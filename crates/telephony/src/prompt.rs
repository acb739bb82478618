//! What the exchange says, and the tones that it makes.
//!
//! The spoken prompts are in the program; a folder of one's own replaces any of them by a file of the same name (8 kHz mono
//! WAV).

use std::{collections::HashMap, io::ErrorKind, path::Path};

use tandem_media::Clip;

macro_rules! prompts {
    ($($(#[doc = $doc:literal])* $name:ident = $file:literal,)+) => {
        /// A spoken announcement.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Prompt {
            $($(#[doc = $doc])* $name,)+
        }

        impl Prompt {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// The name of its file, without the ending.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$name => $file,)+
                }
            }

            const fn shipped(self) -> &'static [u8] {
                match self {
                    $(Self::$name => include_bytes!(concat!("../../media/voice/prompts/", $file, ".wav")),)+
                }
            }
        }
    };
}

prompts! {
    /// Nobody has the dialled number.
    UnknownNumber = "unknown_number",
    /// The person's phone cannot be reached.
    NotRegistered = "not_registered",
    /// The caller's account is blocked.
    AccountBlocked = "account_blocked",
    /// The caller's account has expired.
    AccountExpired = "account_expired",
    /// The caller's account is closed.
    AccountClosed = "account_closed",
    /// The caller's company is suspended.
    CustomerSuspended = "customer_suspended",
    /// The caller's company is blocked.
    CustomerBlocked = "customer_blocked",
    /// The caller's company is closed.
    CustomerClosed = "customer_closed",
    /// The caller's company has no funds.
    NoFunds = "no_funds",
    /// The caller may not call there.
    CallNotAllowed = "call_not_allowed",
    /// The other network could not put the call through.
    CallFailed = "call_failed",
    /// There are as many calls as there may be.
    AllLinesBusy = "all_lines_busy",
    /// All members of a huntgroup talk.
    HuntgroupAllBusy = "huntgroup_all_busy",
    /// The echo test begins.
    EchoTest = "echo_test",
    /// A code was dialled that means something during a call alone.
    CodeOnlyDuringCall = "code_only_during_call",
    /// A supervision prefix was dialled without an extension.
    SuperviseWhom = "supervise_whom",
    /// The company has no call supervision.
    SupervisionNotEnabled = "supervision_not_enabled",
    /// The caller may not supervise this extension.
    SupervisionNotAllowed = "supervision_not_allowed",
    /// The extension has no call to supervise.
    SupervisionNoCall = "supervision_no_call",
    /// Nobody may supervise this extension.
    SupervisionProtected = "supervision_protected",
    /// Nobody supervises himself.
    SupervisionSelf = "supervision_self",
    /// The extension supervises somebody else.
    SupervisionOfSupervision = "supervision_of_supervision",
    /// To the parties of a call: a manager has joined.
    SupervisionStarted = "supervision_started_notice",
    /// To the parties of a call: it is being recorded.
    RecordingStarted = "recording_announcement",
    /// To the parties of a call: it is recorded no longer.
    RecordingStopped = "recording_stopped",
    /// The exchange's own answering party, where no trunk leads outside.
    DemoAnswer = "demo_answer",
}

/// A tone that goes on until something else is heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Tone {
    /// It rings at the other end.
    RingBack,
}

/// Everything that can be played, ready to be.
#[derive(Debug, Clone)]
pub struct Voices {
    prompts: HashMap<Prompt, Clip>,
    music: Clip,
    ring_back: Clip,
    end_tone: Clip,
    notice_tone: Clip,
}

/// A file of a prompt, or the folder of them, that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{file} cannot be played: {why} (8 kHz mono WAV is needed, 16-bit or G.711)")]
pub struct BadVoice {
    /// Which.
    pub file: String,
    /// Why.
    pub why: String,
}

/// The name of the file of the music on hold, without the ending.
const MUSIC: &str = "music";

impl Voices {
    /// What Tandem ships.
    #[must_use]
    pub fn shipped() -> Self {
        let clip = |bytes| Clip::from_wav(bytes).expect("what is in the program can be played");
        Self {
            prompts: Prompt::ALL.iter().map(|prompt| (*prompt, clip(prompt.shipped()))).collect(),
            music: clip(include_bytes!("../../media/voice/music.wav")),
            ring_back: Clip::ring_back(),
            end_tone: Clip::end_beep(),
            notice_tone: Clip::notice(),
        }
    }

    /// Takes the prompts, and the music, of which there is a file in `folder`. Tells of each that cannot be used; what was
    /// there before is heard in its place.
    pub fn replace_from(&mut self, folder: &Path) -> Vec<BadVoice> {
        if let Err(error) = std::fs::read_dir(folder) {
            return vec![BadVoice { file: folder.display().to_string(), why: error.to_string() }];
        }
        let prompts = self.prompts.iter_mut().map(|(prompt, clip)| (prompt.name(), clip));
        let all = prompts.chain([(MUSIC, &mut self.music)]);
        let mut bad: Vec<_> = all.filter_map(|(name, clip)| replace(clip, folder, name).err()).collect();
        bad.sort_by(|one, other| one.file.cmp(&other.file));
        bad
    }

    /// The words of a prompt.
    #[must_use]
    pub fn prompt(&self, prompt: Prompt) -> Clip {
        self.prompts.get(&prompt).expect("every prompt was loaded").clone()
    }

    /// A tone, one period of it.
    #[must_use]
    pub fn tone(&self, tone: Tone) -> Clip {
        match tone {
            Tone::RingBack => self.ring_back.clone(),
        }
    }

    /// The short tone at the end of a supervision.
    #[must_use]
    pub fn end_tone(&self) -> Clip {
        self.end_tone.clone()
    }

    /// The short tone that tells parties that somebody listens.
    #[must_use]
    pub fn notice_tone(&self) -> Clip {
        self.notice_tone.clone()
    }

    /// Music on hold.
    #[must_use]
    pub fn music(&self) -> Clip {
        self.music.clone()
    }
}

/// Puts the file of this name, if there is one, in a clip's place.
fn replace(clip: &mut Clip, folder: &Path, name: &str) -> Result<(), BadVoice> {
    let file = folder.join(name).with_extension("wav");
    let bad = |why: String| BadVoice { file: file.display().to_string(), why };
    match std::fs::read(&file) {
        Ok(bytes) => {
            *clip = Clip::from_wav(&bytes).map_err(|error| bad(error.to_string()))?;
            Ok(())
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(bad(error.to_string())),
    }
}
