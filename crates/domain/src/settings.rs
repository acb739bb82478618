//! Which service settings exist, and which value is in effect.
//!
//! A setting has a default, may have a value at the customer, and, where [`Setting::inheritable`], another at the account.
//! The account's wins over the customer's, the customer's over the default. Store and pages treat all settings alike; to
//! add one, add it to [`Setting`] and say its key, words, default and permission: the pages show it by themselves.

use serde::{Deserialize, Serialize};

use crate::{access::Field, error::FieldError, supervision::Notice};

/// A service setting of Services > Voice calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Setting {
    /// Managers of the customer may supervise calls at all (PRODUCT §1, "Who may", 1).
    CallSupervision,
    /// What is played when a manager joins in spy.
    NoticeSpy,
    /// What is played when a manager joins in whisper.
    NoticeWhisper,
    /// What is played when a manager joins in barge-in.
    NoticeBargeIn,
    /// The customer may write a custom dialing rule in self-care.
    DialingRulesOption,
    /// Outgoing calls are recorded from their answer.
    RecordOutgoing,
    /// Incoming calls are recorded from their answer.
    RecordIncoming,
    /// Calls that were redirected to another number are recorded too.
    RecordRedirected,
    /// The user may start and stop recording during a call.
    RecordManually,
    /// All parties hear that the call is recorded.
    RecordAnnouncement,
    /// Finished recordings go to the account's e-mail address.
    RecordByEmail,
    /// Only the account itself sees its recordings.
    RecordAccountOnly,
}

/// A setting's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Value {
    /// On or off.
    Switch(bool),
    /// A notice policy.
    Notice(Notice),
}

impl Value {
    /// The value as forms and the store write it.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Switch(true) => "on",
            Self::Switch(false) => "off",
            Self::Notice(notice) => notice.key(),
        }
    }

    /// The value in the interface.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Switch(true) => "On",
            Self::Switch(false) => "Off",
            Self::Notice(notice) => notice.label(),
        }
    }

    /// Whether this is a switch that is on.
    #[must_use]
    pub const fn is_on(self) -> bool {
        matches!(self, Self::Switch(true))
    }
}

/// Where the value in effect comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// Nobody set it.
    Default,
    /// The customer's value.
    Customer,
    /// The account's own value.
    Account,
}

impl Source {
    /// Where from, in the interface.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Default => "the default",
            Self::Customer => "the customer",
            Self::Account => "this account",
        }
    }
}

/// A setting as stored and as it is in effect, for one account or for a customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Effective {
    /// Which setting.
    pub setting: Setting,
    /// The customer's stored value.
    pub customer: Option<Value>,
    /// The account's stored value; always `None` for a customer.
    pub account: Option<Value>,
    /// The value in effect.
    pub value: Value,
    /// Where it comes from.
    pub source: Source,
}

impl Effective {
    /// Works out the value in effect from the stored ones. An account's value for a setting that cannot be overridden is
    /// ignored.
    #[must_use]
    pub fn of(setting: Setting, customer: Option<Value>, account: Option<Value>) -> Self {
        let account = account.filter(|_| setting.inheritable());
        let (value, source) = match (account, customer) {
            (Some(value), _) => (value, Source::Account),
            (None, Some(value)) => (value, Source::Customer),
            (None, None) => (setting.default_value(), Source::Default),
        };
        Self { setting, customer, account, value, source }
    }
}

impl Setting {
    /// All settings, in the order in which pages show them.
    pub const ALL: [Self; 12] = [
        Self::CallSupervision,
        Self::NoticeSpy,
        Self::NoticeWhisper,
        Self::NoticeBargeIn,
        Self::DialingRulesOption,
        Self::RecordOutgoing,
        Self::RecordIncoming,
        Self::RecordRedirected,
        Self::RecordManually,
        Self::RecordAnnouncement,
        Self::RecordByEmail,
        Self::RecordAccountOnly,
    ];

    /// The settings of call recording, which accounts inherit from their customer.
    pub const RECORDING: [Self; 7] = [
        Self::RecordOutgoing,
        Self::RecordIncoming,
        Self::RecordRedirected,
        Self::RecordManually,
        Self::RecordAnnouncement,
        Self::RecordByEmail,
        Self::RecordAccountOnly,
    ];

    /// The name used in forms, in the store and in the audit log.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::CallSupervision => "call_supervision",
            Self::NoticeSpy => "notice_spy",
            Self::NoticeWhisper => "notice_whisper",
            Self::NoticeBargeIn => "notice_barge_in",
            Self::DialingRulesOption => "dialing_rules_option",
            Self::RecordOutgoing => "record_outgoing",
            Self::RecordIncoming => "record_incoming",
            Self::RecordRedirected => "record_redirected",
            Self::RecordManually => "record_manually",
            Self::RecordAnnouncement => "record_announcement",
            Self::RecordByEmail => "record_by_email",
            Self::RecordAccountOnly => "record_account_only",
        }
    }

    /// The setting of this name.
    #[must_use]
    pub fn from_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|setting| setting.key() == key)
    }

    /// The setting's name in the interface.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::CallSupervision => "Call supervision",
            Self::NoticeSpy => "Notice in spy",
            Self::NoticeWhisper => "Notice in whisper",
            Self::NoticeBargeIn => "Notice in barge-in",
            Self::DialingRulesOption => "Dialing rules option",
            Self::RecordOutgoing => "Auto record outgoing calls",
            Self::RecordIncoming => "Auto record incoming calls",
            Self::RecordRedirected => "Auto record redirected calls",
            Self::RecordManually => "Allow to start/stop recording manually",
            Self::RecordAnnouncement => "Play the call recording announcement to all",
            Self::RecordByEmail => "Send the call recording via email",
            Self::RecordAccountOnly => "Show the call recording to account only",
        }
    }

    /// The name as the account itself reads it.
    #[must_use]
    pub const fn own_label(self) -> &'static str {
        match self {
            Self::RecordAccountOnly => "Show the call recording to myself only",
            Self::RecordByEmail => "Send my call recordings via email",
            Self::CallSupervision
            | Self::NoticeSpy
            | Self::NoticeWhisper
            | Self::NoticeBargeIn
            | Self::DialingRulesOption
            | Self::RecordOutgoing
            | Self::RecordIncoming
            | Self::RecordRedirected
            | Self::RecordManually
            | Self::RecordAnnouncement => self.label(),
        }
    }

    /// What the setting does, in one sentence.
    #[must_use]
    pub const fn help(self) -> &'static str {
        match self {
            Self::CallSupervision => "Managers may spy on, whisper into and barge into calls of their huntgroups.",
            Self::NoticeSpy => "What is played when a manager listens.",
            Self::NoticeWhisper => "What is played when a manager speaks to the agent alone.",
            Self::NoticeBargeIn => "What is played when a manager speaks to both parties.",
            Self::DialingRulesOption => {
                "The customer may replace the assigned dialing rule by a custom one in self-care."
            }
            Self::RecordOutgoing => "Calls made are recorded from the moment they are answered.",
            Self::RecordIncoming => "Calls received are recorded from the moment they are answered.",
            Self::RecordRedirected => "Calls that are forwarded or transferred elsewhere are recorded too.",
            Self::RecordManually => {
                "The service codes (*44 and *45 by default) and the Record button work during a call."
            }
            Self::RecordAnnouncement => "All parties hear that the call is being recorded.",
            Self::RecordByEmail => {
                "Needs an e-mail address and a customer class with “New call recording is available” on."
            }
            Self::RecordAccountOnly => "Colleagues and the company's administrator do not see these recordings at all.",
        }
    }

    /// Whether an account may have a value of its own.
    #[must_use]
    pub const fn inheritable(self) -> bool {
        match self {
            Self::CallSupervision
            | Self::NoticeSpy
            | Self::NoticeWhisper
            | Self::NoticeBargeIn
            | Self::DialingRulesOption => false,
            Self::RecordOutgoing
            | Self::RecordIncoming
            | Self::RecordRedirected
            | Self::RecordManually
            | Self::RecordAnnouncement
            | Self::RecordByEmail
            | Self::RecordAccountOnly => true,
        }
    }

    /// The value when nobody set one: all switches off, all notices silent.
    #[must_use]
    pub const fn default_value(self) -> Value {
        match self {
            Self::NoticeSpy | Self::NoticeWhisper | Self::NoticeBargeIn => Value::Notice(Notice::Silent),
            Self::CallSupervision
            | Self::DialingRulesOption
            | Self::RecordOutgoing
            | Self::RecordIncoming
            | Self::RecordRedirected
            | Self::RecordManually
            | Self::RecordAnnouncement
            | Self::RecordByEmail
            | Self::RecordAccountOnly => Value::Switch(false),
        }
    }

    /// The permission that lets a person see and change the setting.
    #[must_use]
    pub const fn permission(self) -> Field {
        match self {
            Self::CallSupervision => Field::CallSupervision,
            Self::NoticeSpy | Self::NoticeWhisper | Self::NoticeBargeIn => Field::NoticePolicy,
            Self::DialingRulesOption => Field::DialingRulesOption,
            Self::RecordOutgoing | Self::RecordIncoming | Self::RecordRedirected => Field::RecordAutomatically,
            Self::RecordManually => Field::RecordManually,
            Self::RecordAnnouncement => Field::RecordAnnouncement,
            Self::RecordByEmail => Field::RecordByEmail,
            Self::RecordAccountOnly => Field::RecordAccountOnly,
        }
    }

    /// Reads a value as forms and the store write it.
    ///
    /// # Errors
    /// The text is none of this setting's values.
    pub fn parse(self, text: &str) -> Result<Value, FieldError> {
        match self.default_value() {
            Value::Switch(_) => match text {
                "on" => Ok(Value::Switch(true)),
                "off" => Ok(Value::Switch(false)),
                _ => Err(FieldError::new("Choose on or off.")),
            },
            Value::Notice(_) => Notice::from_key(text)
                .map(Value::Notice)
                .ok_or_else(|| FieldError::new("Choose one of the notices in the list.")),
        }
    }
}
