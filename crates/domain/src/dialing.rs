//! What a dialled number means, and whether codes collide (PRODUCT §1 "Codes can be changed", §2).
//!
//! A dialing rule of type PBX holds the prefixes that join a call, the digits that switch the mode, and the codes that
//! start and stop recording. [`PbxCodes::parse`] is the only way to make one from typed text, so that two codes that could
//! be mistaken for each other never reach the exchange; [`PbxCodes::meaning`] is the exchange's and the preview's answer.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{
    error::FieldErrors,
    ids::DialingRuleId,
    numbers::{DialCode, DtmfDigit, ExtensionNumber, NumberError, PhoneNumber, compact, is_emergency},
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

/// Which codes a customer uses.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DialingMode {
    /// Those of the rule that the provider assigned.
    #[default]
    Default,
    /// Those of the customer's own.
    Custom,
}

impl DialingMode {
    /// Both modes.
    pub const ALL: [Self; 2] = [Self::Default, Self::Custom];

    /// The name used in forms and in the store.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Custom => "custom",
        }
    }

    /// The mode of this name.
    #[must_use]
    pub fn from_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.key() == key)
    }

    /// The name in the interface.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Default => "Default rule",
            Self::Custom => "Custom rule",
        }
    }
}

/// A customer's choice of codes. The custom ones are kept while the default rule is used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomerDialing {
    /// The rule that the provider assigned; `None`: the built-in one.
    pub assigned: Option<DialingRuleId>,
    /// Which codes are used.
    pub mode: DialingMode,
    /// The customer's own codes.
    pub custom: PbxCodes,
}

/// The codes that work on a phone, and where they come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EffectiveRule {
    /// The codes.
    pub codes: PbxCodes,
    /// Where they come from.
    pub source: RuleSource,
}

/// Where codes in effect come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RuleSource {
    /// A rule assigned to the account itself: its name.
    Account(String),
    /// The customer's custom rule.
    Custom,
    /// A rule that the provider assigned to the customer: its name.
    Assigned(String),
    /// The built-in rule: its name.
    BuiltIn(String),
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

/// When a code is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Dialled from the idle phone, before an extension.
    Prefix,
    /// Pressed while supervising.
    Digit,
    /// Dialled during a call.
    Recording,
}

impl Kind {
    /// Whether codes of the two kinds are waited for at the same time, so that one must not be the start of the other.
    const fn meets(self, other: Self) -> bool {
        match (self, other) {
            (Self::Prefix, Self::Prefix) => true,
            // Both are pressed during a call.
            (Self::Digit | Self::Recording, Self::Digit | Self::Recording) => true,
            (Self::Prefix, Self::Digit | Self::Recording) | (Self::Digit | Self::Recording, Self::Prefix) => false,
        }
    }
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
    /// Per field ([`CodeField::key`]): empty, cannot be dialled, equal to another code, the start of another of its kind or
    /// started by it (then both fields say so, for only the person knows which one to change), or in the way of the echo
    /// test. All that is wrong is told at once.
    pub fn parse(typed: impl Fn(CodeField) -> String) -> Result<Self, FieldErrors> {
        let mut errors = FieldErrors::default();
        let mut readable = Vec::new();
        for field in CodeField::ALL {
            let code = match field.kind() {
                Kind::Prefix | Kind::Recording => read::<DialCode>(field, &typed).map(String::from),
                Kind::Digit => read::<DtmfDigit>(field, &typed).map(String::from),
            };
            match code {
                Ok(code) => readable.push((field, code)),
                Err(wrong) => errors.0.extend(wrong.0),
            }
        }
        note_collisions(&readable, &mut errors);
        errors.into_result()?;
        Ok(Self {
            spy_prefix: read(CodeField::SpyPrefix, &typed)?,
            whisper_prefix: read(CodeField::WhisperPrefix, &typed)?,
            barge_in_prefix: read(CodeField::BargeInPrefix, &typed)?,
            spy_digit: read(CodeField::SpyDigit, &typed)?,
            whisper_digit: read(CodeField::WhisperDigit, &typed)?,
            barge_in_digit: read(CodeField::BargeInDigit, &typed)?,
            record_start: read(CodeField::RecordStart, &typed)?,
            record_stop: read(CodeField::RecordStop, &typed)?,
        })
    }

    /// What happens when an idle phone of the customer dials `dialled`. Marks between the digits do not matter, nor does a
    /// `#` at the end, which some phones send when their user presses it to say "dial now".
    #[must_use]
    pub fn meaning(&self, dialled: &str) -> Meaning {
        let dialled = compact(dialled);
        let number = dialled.trim_end_matches('#');
        if dialled.is_empty() {
            return Meaning::Nothing;
        }
        // Help first, also for a phone that writes every number in international form.
        let national = number.strip_prefix('+').unwrap_or(number);
        if is_emergency(national) {
            return Meaning::Emergency(national.into());
        }
        if number == ECHO_TEST {
            return Meaning::EchoTest;
        }
        for mode in Mode::ALL {
            if let Some(rest) = dialled.strip_prefix(self.prefix(mode).as_str()) {
                return match rest.trim_end_matches('#').parse() {
                    Ok(extension) => Meaning::Supervise(mode, extension),
                    Err(_) => Meaning::SuperviseWhom(mode),
                };
            }
        }
        let recording = [self.record_start.as_str(), self.record_stop.as_str()];
        if recording.contains(&dialled.as_str()) || recording.contains(&number) {
            return Meaning::OnlyDuringCall;
        }
        if let Ok(extension) = number.parse() {
            return Meaning::Extension(extension);
        }
        let international = number.strip_prefix("00").map(|rest| format!("+{rest}"));
        match international.as_deref().unwrap_or(number).parse() {
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

/// Reads the code typed into one field.
fn read<Code>(field: CodeField, typed: impl Fn(CodeField) -> String) -> Result<Code, FieldErrors>
where
    Code: FromStr<Err = NumberError>,
{
    typed(field).parse().map_err(|error: NumberError| FieldErrors::one(field.key(), error.to_string()))
}

/// Notes every pair of codes that could be mistaken for each other, at both, and every prefix that hides the echo test.
fn note_collisions(codes: &[(CodeField, String)], errors: &mut FieldErrors) {
    for (field, code) in codes {
        if field.kind() == Kind::Prefix && ECHO_TEST.starts_with(code.as_str()) {
            errors.add(field.key(), format!("This would hide the echo test {ECHO_TEST}; choose another."));
        }
        for (other, other_code) in codes.iter().filter(|(other, _)| other != field) {
            if let Some(words) = collision((*field, code), (*other, other_code)) {
                errors.add(field.key(), words);
            }
        }
    }
}

/// Why a code cannot stand beside another: the words for the first one's field.
fn collision((field, code): (CodeField, &str), (other, other_code): (CodeField, &str)) -> Option<String> {
    let name = other.label();
    if code == other_code {
        return Some(format!("{code} is already “{name}”; choose another."));
    }
    if !field.kind().meets(other.kind()) {
        return None;
    }
    if code.starts_with(other_code) {
        Some(format!("“{name}” ({other_code}) is the start of this code and would be taken for it; choose another."))
    } else if other_code.starts_with(code) {
        Some(format!("This is the start of “{name}” ({other_code}) and would be taken for it; choose another."))
    } else {
        None
    }
}
