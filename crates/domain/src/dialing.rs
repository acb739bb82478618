//! What a dialled number means, and whether codes collide (PRODUCT §1 "Codes can be changed", §2).
//!
//! A dialing rule of type PBX holds the prefixes that join a call, the digits that switch the mode, and the codes that
//! start and stop recording. [`PbxCodes::parse`] is the only way to make one from typed text, so that two codes that could
//! be mistaken for each other never reach the exchange; [`PbxCodes::meaning`] is the exchange's and the preview's answer.

use serde::{Deserialize, Serialize};

use crate::{
    error::FieldErrors,
    numbers::{DialCode, DtmfDigit, EMERGENCY_NUMBERS, ExtensionNumber, PhoneNumber, is_emergency},
    supervision::Mode,
};

/// The echo test's number. It belongs to the exchange, not to a rule, so that a broken rule can still be tested.
pub const ECHO_TEST: &str = "*43";

/// The codes of a dialing rule of type PBX.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PbxCodes {
    /// Dialled before an extension: listen to its call.
    pub spy_prefix: DialCode,
    /// Dialled before an extension: speak to the agent alone.
    pub whisper_prefix: DialCode,
    /// Dialled before an extension: speak to both.
    pub barge_in_prefix: DialCode,
    /// Pressed during supervision: change to spy.
    pub spy_digit: DtmfDigit,
    /// Pressed during supervision: change to whisper.
    pub whisper_digit: DtmfDigit,
    /// Pressed during supervision: change to barge-in.
    pub barge_in_digit: DtmfDigit,
    /// Dialled during a call: start recording.
    pub record_start: DialCode,
    /// Dialled during a call: stop recording.
    pub record_stop: DialCode,
}

/// A dialing rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DialingRule {
    /// What people call it.
    pub name: String,
    /// Its codes. PBX is the only type of rule so far.
    pub codes: PbxCodes,
}

/// The fields of [`PbxCodes`], as forms and the audit log name them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CodeField {
    /// [`PbxCodes::spy_prefix`]
    SpyPrefix,
    /// [`PbxCodes::whisper_prefix`]
    WhisperPrefix,
    /// [`PbxCodes::barge_in_prefix`]
    BargeInPrefix,
    /// [`PbxCodes::spy_digit`]
    SpyDigit,
    /// [`PbxCodes::whisper_digit`]
    WhisperDigit,
    /// [`PbxCodes::barge_in_digit`]
    BargeInDigit,
    /// [`PbxCodes::record_start`]
    RecordStart,
    /// [`PbxCodes::record_stop`]
    RecordStop,
}

/// When a code is used; only codes of one kind can be mistaken for each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Dialled from the idle phone, before an extension.
    Prefix,
    /// Pressed while supervising.
    Digit,
    /// Dialled during a call.
    Recording,
}

impl CodeField {
    /// All fields, in the order of the form.
    pub const ALL: [Self; 8] = [
        Self::SpyPrefix,
        Self::WhisperPrefix,
        Self::BargeInPrefix,
        Self::SpyDigit,
        Self::WhisperDigit,
        Self::BargeInDigit,
        Self::RecordStart,
        Self::RecordStop,
    ];

    /// The name used in forms, in the store and in the audit log.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::SpyPrefix => "spy_prefix",
            Self::WhisperPrefix => "whisper_prefix",
            Self::BargeInPrefix => "barge_in_prefix",
            Self::SpyDigit => "spy_digit",
            Self::WhisperDigit => "whisper_digit",
            Self::BargeInDigit => "barge_in_digit",
            Self::RecordStart => "record_start",
            Self::RecordStop => "record_stop",
        }
    }

    /// The name in the interface.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::SpyPrefix => "Spy prefix",
            Self::WhisperPrefix => "Whisper prefix",
            Self::BargeInPrefix => "Barge-in prefix",
            Self::SpyDigit => "Switch to spy",
            Self::WhisperDigit => "Switch to whisper",
            Self::BargeInDigit => "Switch to barge-in",
            Self::RecordStart => "Start recording",
            Self::RecordStop => "Stop recording",
        }
    }

    /// The default code.
    #[must_use]
    pub const fn default_code(self) -> &'static str {
        match self {
            Self::SpyPrefix => "*90",
            Self::WhisperPrefix => "*91",
            Self::BargeInPrefix => "*92",
            Self::SpyDigit => "0",
            Self::WhisperDigit => "1",
            Self::BargeInDigit => "2",
            Self::RecordStart => "*44",
            Self::RecordStop => "*45",
        }
    }

    /// When the code is used.
    #[must_use]
    pub const fn kind(self) -> Kind {
        match self {
            Self::SpyPrefix | Self::WhisperPrefix | Self::BargeInPrefix => Kind::Prefix,
            Self::SpyDigit | Self::WhisperDigit | Self::BargeInDigit => Kind::Digit,
            Self::RecordStart | Self::RecordStop => Kind::Recording,
        }
    }
}

impl Default for PbxCodes {
    fn default() -> Self {
        Self::parse(|field| field.default_code().to_owned()).expect("the default codes do not collide (tested)")
    }
}

impl PbxCodes {
    /// The code in a field, as text.
    #[must_use]
    pub fn get(&self, field: CodeField) -> String {
        match field {
            CodeField::SpyPrefix => self.spy_prefix.to_string(),
            CodeField::WhisperPrefix => self.whisper_prefix.to_string(),
            CodeField::BargeInPrefix => self.barge_in_prefix.to_string(),
            CodeField::SpyDigit => self.spy_digit.to_string(),
            CodeField::WhisperDigit => self.whisper_digit.to_string(),
            CodeField::BargeInDigit => self.barge_in_digit.to_string(),
            CodeField::RecordStart => self.record_start.to_string(),
            CodeField::RecordStop => self.record_stop.to_string(),
        }
    }

    /// The prefix that joins a call in `mode`.
    #[must_use]
    pub const fn prefix(&self, mode: Mode) -> &DialCode {
        match mode {
            Mode::Spy => &self.spy_prefix,
            Mode::Whisper => &self.whisper_prefix,
            Mode::BargeIn => &self.barge_in_prefix,
        }
    }

    /// The digit that switches to `mode`.
    #[must_use]
    pub const fn digit(&self, mode: Mode) -> DtmfDigit {
        match mode {
            Mode::Spy => self.spy_digit,
            Mode::Whisper => self.whisper_digit,
            Mode::BargeIn => self.barge_in_digit,
        }
    }

    /// Makes codes from typed text and refuses what could be mistaken.
    ///
    /// # Errors
    /// Per field ([`CodeField::key`]): empty, cannot be dialled, equal to another code of its kind, the start of another or
    /// started by it, or in the way of an emergency number or of the echo test.
    pub fn parse(typed: impl Fn(CodeField) -> String) -> Result<Self, FieldErrors> {
        let mut errors = FieldErrors::default();
        let mut code = |field: CodeField| errors.take(field.key(), typed(field).parse::<DialCode>().map_err(Into::into));
        let prefixes = (code(CodeField::SpyPrefix), code(CodeField::WhisperPrefix), code(CodeField::BargeInPrefix));
        let recording = (code(CodeField::RecordStart), code(CodeField::RecordStop));
        let mut digit = |field: CodeField| errors.take(field.key(), typed(field).parse::<DtmfDigit>().map_err(Into::into));
        let digits = (digit(CodeField::SpyDigit), digit(CodeField::WhisperDigit), digit(CodeField::BargeInDigit));
        let (
            (Some(spy_prefix), Some(whisper_prefix), Some(barge_in_prefix)),
            (Some(spy_digit), Some(whisper_digit), Some(barge_in_digit)),
            (Some(record_start), Some(record_stop)),
        ) = (prefixes, digits, recording)
        else {
            // What could be read is still compared, so that one save shows all that is wrong.
            let readable = |field: CodeField| Some(typed(field).trim().to_ascii_uppercase()).filter(|text| !text.is_empty());
            find_collisions(readable, &mut errors);
            return Err(errors);
        };
        let codes = Self {
            spy_prefix,
            whisper_prefix,
            barge_in_prefix,
            spy_digit,
            whisper_digit,
            barge_in_digit,
            record_start,
            record_stop,
        };
        find_collisions(|field| Some(codes.get(field)), &mut errors);
        errors.into_result().map(|()| codes)
    }

    /// What happens when an idle phone of the customer dials `dialled`.
    #[must_use]
    pub fn meaning(&self, dialled: &str) -> Meaning {
        let dialled: String = dialled.chars().filter(|c| !c.is_whitespace()).collect();
        if dialled.is_empty() {
            return Meaning::Nothing;
        }
        if is_emergency(&dialled) {
            return Meaning::Emergency(dialled);
        }
        if dialled == ECHO_TEST {
            return Meaning::EchoTest;
        }
        for mode in Mode::ALL {
            if let Some(rest) = dialled.strip_prefix(self.prefix(mode).as_str()) {
                return match rest.parse() {
                    Ok(extension) => Meaning::Supervise(mode, extension),
                    Err(_) => Meaning::SuperviseWhom(mode),
                };
            }
        }
        if dialled == self.record_start.as_str() || dialled == self.record_stop.as_str() {
            return Meaning::OnlyDuringCall;
        }
        if let Ok(extension) = dialled.parse() {
            return Meaning::Extension(extension);
        }
        let international = dialled.strip_prefix("00").map(|rest| format!("+{rest}"));
        match international.as_deref().unwrap_or(&dialled).parse() {
            Ok(number) => Meaning::Public(number),
            Err(_) => Meaning::Unknown,
        }
    }
}

/// What a dialled number means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Meaning {
    /// Nothing was dialled.
    Nothing,
    /// A call for help; always put through.
    Emergency(String),
    /// The echo test.
    EchoTest,
    /// Join the call of an extension.
    Supervise(Mode, ExtensionNumber),
    /// A supervision prefix without an extension behind it.
    SuperviseWhom(Mode),
    /// A recording code, which means something during a call alone.
    OnlyDuringCall,
    /// Call an extension or a huntgroup.
    Extension(ExtensionNumber),
    /// Call a public number.
    Public(PhoneNumber),
    /// Nobody knows this number.
    Unknown,
}

/// Notes every pair of codes of one kind of which one starts with the other, and every prefix that hides another number.
fn find_collisions(code: impl Fn(CodeField) -> Option<String>, errors: &mut FieldErrors) {
    for (i, a) in CodeField::ALL.into_iter().enumerate() {
        let Some(code_a) = code(a) else { continue };
        if a.kind() == Kind::Prefix {
            find_hidden_numbers(a, &code_a, errors);
        }
        for b in CodeField::ALL.into_iter().skip(i + 1) {
            let Some(code_b) = code(b) else { continue };
            if let Some(text) = collision((a, &code_a), (b, &code_b)) {
                errors.add(b.key(), text);
            }
        }
    }
}

/// Why two codes cannot both be: the words for the second one's field.
fn collision((a, code_a): (CodeField, &str), (b, code_b): (CodeField, &str)) -> Option<String> {
    match (a.kind(), b.kind()) {
        (Kind::Prefix, Kind::Prefix) | (Kind::Digit, Kind::Digit) | (Kind::Recording, Kind::Recording) => {
            let other = a.label();
            if code_a == code_b {
                Some(format!("{code_b} is already “{other}”; choose another."))
            } else if code_b.starts_with(code_a) {
                Some(format!("“{other}” ({code_a}) is the start of this code and would be taken for it; choose another."))
            } else if code_a.starts_with(code_b) {
                Some(format!("This is the start of “{other}” ({code_a}) and would be taken for it; choose another."))
            } else {
                None
            }
        }
        // Both are pressed during a call: a digit that switches the mode must not begin a recording code.
        (Kind::Digit, Kind::Recording) => code_b.starts_with(code_a).then(|| {
            format!("“{}” ({code_a}) is the start of this code and would be taken for it; choose another.", a.label())
        }),
        (Kind::Recording, Kind::Digit) => collision((b, code_b), (a, code_a)),
        // Used at different times.
        (Kind::Prefix, Kind::Digit | Kind::Recording) | (Kind::Digit | Kind::Recording, Kind::Prefix) => None,
    }
}

/// Notes an emergency number or the echo test that `prefix` would swallow.
fn find_hidden_numbers(field: CodeField, prefix: &str, errors: &mut FieldErrors) {
    if let Some(number) = EMERGENCY_NUMBERS.iter().find(|number| number.starts_with(prefix)) {
        errors.add(field.key(), format!("This would take the emergency number {number}; begin the code with * or #."));
    } else if ECHO_TEST.starts_with(prefix) {
        errors.add(field.key(), format!("This would take the echo test {ECHO_TEST}; choose another."));
    }
}
