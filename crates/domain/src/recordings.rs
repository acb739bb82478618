//! A call recording: its segments on one clock, its marks, whose it is, and who may see it (PRODUCT §2).
//!
//! The exchange writes a [`Recording`] while the call goes on, whoever finishes it fills in the lengths, the store keeps it
//! and pages show it. Moments on the wall become places in the sound in one function, [`Recording::offset_ms`].

use serde::{Deserialize, Serialize};

use crate::{
    access::Who,
    calls::{Direction, Party},
    ids::{AccountId, CallId, CustomerId, RecordingId, Timestamp},
};

/// One start and stop: sound without a gap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Segment {
    /// When it began.
    pub started: Timestamp,
    /// How long its sound is, in milliseconds; `None` while it is being recorded.
    pub length_ms: Option<u64>,
}

/// What happened at a place of a recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MarkKind {
    /// Recording was started, by the user or automatically.
    Started,
    /// Recording was stopped.
    Stopped,
    /// Recording was paused: what is said until it is resumed is nowhere kept.
    Paused,
    /// Recording was resumed.
    Resumed,
    /// A party put the other on hold.
    Hold,
    /// It took the other back.
    Unhold,
    /// A party was replaced by another: [`Mark::text`] says who is there now.
    Transferred,
    /// A manager is heard from here on: [`Mark::text`] says who.
    BargeIn,
    /// A manager is heard no longer.
    BargeInEnd,
    /// Somebody marked this as a moment to review; [`Mark::text`] may say why.
    Review,
}

impl MarkKind {
    /// All kinds.
    pub const ALL: [Self; 10] = [
        Self::Started,
        Self::Stopped,
        Self::Paused,
        Self::Resumed,
        Self::Hold,
        Self::Unhold,
        Self::Transferred,
        Self::BargeIn,
        Self::BargeInEnd,
        Self::Review,
    ];

    /// The words on the time line.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Started => "Recording started",
            Self::Stopped => "Recording stopped",
            Self::Paused => "Paused",
            Self::Resumed => "Resumed",
            Self::Hold => "On hold",
            Self::Unhold => "Off hold",
            Self::Transferred => "Transferred",
            Self::BargeIn => "Manager joined",
            Self::BargeInEnd => "Manager left",
            Self::Review => "Moment to review",
        }
    }
}

/// Something that happened while it was recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// When.
    pub at: Timestamp,
    /// What.
    pub kind: MarkKind,
    /// Who or why; may be empty.
    pub text: String,
}

/// The most marks that one recording has; a phone that goes on and off hold for ever adds no more.
pub const MARKS_MAX: usize = 500;

/// A recording of a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recording {
    /// What names it.
    pub id: RecordingId,
    /// The call.
    pub call: CallId,
    /// Whose call.
    pub customer: CustomerId,
    /// Whose recording: who recorded, and is heard on the left.
    pub account: AccountId,
    /// Nobody but that account may see it.
    pub account_only: bool,
    /// Where the call came from and went to.
    pub direction: Direction,
    /// Who called.
    pub caller: Party,
    /// Who was called.
    pub callee: Party,
    /// The huntgroup through which it came; empty if there was none.
    pub huntgroup: String,
    /// When the first segment began.
    pub started: Timestamp,
    /// When the last one ended; while it goes on, when this was written.
    pub ended: Timestamp,
    /// Its starts and stops, in order. A pause ends a segment too.
    pub segments: Vec<Segment>,
    /// What happened, in order.
    pub marks: Vec<Mark>,
}

impl Recording {
    /// How long its sound is, in milliseconds: of all segments that are over.
    #[must_use]
    pub fn length_ms(&self) -> u64 {
        self.segments.iter().filter_map(|segment| segment.length_ms).sum()
    }

    /// Where in the sound a moment is, in milliseconds; what happened between two segments is where the second begins.
    #[must_use]
    pub fn offset_ms(&self, at: Timestamp) -> u64 {
        let inside = |segment: &Segment| {
            let since = u64::try_from(at.0.saturating_sub(segment.started.0)).unwrap_or_default();
            segment.length_ms.map_or(since, |length| since.min(length))
        };
        self.segments.iter().map(inside).sum()
    }

    /// The party on the right: who was recorded with the account.
    #[must_use]
    pub fn other(&self) -> &Party {
        if self.caller.account == Some(self.account) { &self.callee } else { &self.caller }
    }

    /// Adds a mark, unless there are too many already.
    pub fn mark(&mut self, at: Timestamp, kind: MarkKind, text: &str) {
        if self.marks.len() < MARKS_MAX {
            self.marks.push(Mark { at, kind, text: text.chars().take(200).collect() });
        }
    }

    /// The name of its sound in the object store, without the ending: `recordings/<customer>/<year>/<month>/<id>`, the month
    /// being that of its beginning in UTC.
    #[must_use]
    pub fn object(&self) -> String {
        let (year, month, _) = utc_day(self.started);
        format!("recordings/{}/{year:04}/{month:02}/{}", self.customer, self.id)
    }

    /// Whether `who`, whose role lets recordings be deleted, may delete this one. A colleague who took part in the call hears
    /// it, but it is not his.
    #[must_use]
    pub fn may_be_deleted_by(&self, who: Who) -> bool {
        match who {
            Who::Account { account, .. } => account == self.account,
            Who::Customer(_) | Who::Administrator(_) => self.sight(who) != Sight::Nothing,
        }
    }

    /// How much of it `who` sees, whatever the role says (PRODUCT §2, *Privacy*).
    #[must_use]
    pub fn sight(&self, who: Who) -> Sight {
        match who {
            Who::Account { account, .. } if account == self.account => Sight::All,
            Who::Account { customer, account } => {
                let took_part = [self.caller.account, self.callee.account].contains(&Some(account));
                if customer == self.customer && took_part && !self.account_only { Sight::All } else { Sight::Nothing }
            }
            Who::Customer(customer) if customer == self.customer && !self.account_only => Sight::All,
            Who::Customer(_) => Sight::Nothing,
            Who::Administrator(_) => Sight::Audited,
        }
    }
}

/// Year, month and day, both from 1, in UTC, in the Gregorian calendar.
#[must_use]
pub const fn utc_day(at: Timestamp) -> (i64, i64, i64) {
    // Years are counted from March of the year 0, so that the leap day is a year's last; 146,097 days are 400 years.
    let days = at.0.div_euclid(86_400_000) + 719_468;
    let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let from_march = (5 * day + 2) / 153;
    let year = year + era * 400;
    let day = day - (153 * from_march + 2) / 5 + 1;
    if from_march < 10 { (year, from_march + 3, day) } else { (year + 1, from_march - 9, day) }
}

/// How much of a recording somebody sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sight {
    /// Not even that it exists.
    Nothing,
    /// It exists, and playing it is written into the audit log: the provider's staff.
    Audited,
    /// All of it.
    All,
}

/// The sound in one of its two forms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// 16-bit stereo, as it was heard.
    Wav,
    /// Ogg Opus (RFC 7845): what browsers and mail programs play.
    Opus,
}

impl Form {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Wav, Self::Opus];

    /// The ending of a file's name.
    #[must_use]
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Wav => "wav",
            Self::Opus => "opus",
        }
    }

    /// The media type (RFC 5334 §5, RFC 7845 §9 for Opus; WAV's is the one that browsers know).
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Wav => "audio/wav",
            Self::Opus => "audio/ogg; codecs=opus",
        }
    }

    /// The form of this ending.
    #[must_use]
    pub fn from_extension(extension: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|form| form.extension() == extension)
    }
}

/// The loudness of a recording over time, for drawing: the highest level of each slice, 0 to 255, of both channels.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waveform {
    /// The account's side.
    pub left: Vec<u8>,
    /// The other party's.
    pub right: Vec<u8>,
}

impl Waveform {
    /// Slices of a whole recording.
    pub const SLICES: usize = 600;

    /// As octets: all of the left, then all of the right.
    #[must_use]
    pub fn octets(&self) -> Vec<u8> {
        [self.left.as_slice(), &self.right].concat()
    }

    /// What [`Waveform::octets`] made.
    #[must_use]
    pub fn from_octets(octets: &[u8]) -> Self {
        let (left, right) = octets.split_at(octets.len() / 2);
        Self { left: left.to_vec(), right: right.to_vec() }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::{
        Sight::{All, Audited, Nothing},
        *,
    };

    fn recording() -> Recording {
        let party =
            |n| Party { number: format!("74{n}"), name: String::new(), account: Some(AccountId(Uuid::from_u128(n))) };
        Recording {
            id: RecordingId(Uuid::from_u128(9)),
            call: CallId(Uuid::from_u128(8)),
            customer: CustomerId(Uuid::from_u128(7)),
            account: AccountId(Uuid::from_u128(1)),
            account_only: false,
            direction: Direction::Internal,
            caller: party(1),
            callee: party(2),
            huntgroup: String::new(),
            started: Timestamp(1_000),
            ended: Timestamp(9_000),
            segments: vec![
                Segment { started: Timestamp(1_000), length_ms: Some(2_000) },
                Segment { started: Timestamp(6_000), length_ms: Some(3_000) },
            ],
            marks: Vec::new(),
        }
    }

    #[test]
    fn a_moment_has_its_place_in_the_sound() {
        let recording = recording();
        let offset = |at| recording.offset_ms(Timestamp(at));
        assert_eq!((offset(0), offset(1_500), offset(2_999)), (0, 500, 1_999));
        assert_eq!((offset(4_000), offset(6_000)), (2_000, 2_000), "between the two");
        assert_eq!((offset(7_000), offset(99_000)), (3_000, 5_000));
        assert_eq!(recording.length_ms(), 5_000);
    }

    #[test]
    fn a_moment_has_its_day_in_the_calendar() {
        for (seconds, day) in [
            (0, (1970, 1, 1)),
            (-1, (1969, 12, 31)),
            (951_782_399, (2000, 2, 28)),
            (951_782_400, (2000, 2, 29)),
            (951_868_800, (2000, 3, 1)),
            (4_107_542_399, (2100, 2, 28)),
            (4_107_542_400, (2100, 3, 1)),
            (1_767_225_599, (2025, 12, 31)),
            (1_767_225_600, (2026, 1, 1)),
        ] {
            assert_eq!(utc_day(Timestamp(seconds * 1000)), day, "{seconds}");
        }
    }

    #[test]
    fn its_sound_lies_where_its_customer_and_its_month_are() {
        let mut recording = recording();
        recording.started = Timestamp(1_796_083_199_999);
        let object = format!("recordings/{}/2026/11/{}", recording.customer, recording.id);
        assert_eq!(recording.object(), object);
        recording.started = Timestamp(1_796_083_200_000);
        assert!(recording.object().contains("/2026/12/"), "a millisecond later it is December");
    }

    #[test]
    fn who_sees_a_recording() {
        let mut recording = recording();
        let customer = recording.customer;
        let account = |n| Who::Account { customer, account: AccountId(Uuid::from_u128(n)) };
        let staff = Who::Administrator(crate::ids::AdministratorId(Uuid::nil()));
        let stranger = Who::Customer(CustomerId(Uuid::from_u128(99)));
        let sights = |recording: &Recording| {
            [account(1), account(2), account(3), Who::Customer(customer), stranger, staff]
                .map(|who| recording.sight(who))
        };
        assert_eq!(sights(&recording), [All, All, Nothing, All, Nothing, Audited]);
        recording.account_only = true;
        assert_eq!(sights(&recording), [All, Nothing, Nothing, Nothing, Nothing, Audited]);
    }

    #[test]
    fn who_may_delete_a_recording() {
        let recording = recording();
        let customer = recording.customer;
        let account = |n| Who::Account { customer, account: AccountId(Uuid::from_u128(n)) };
        let staff = Who::Administrator(crate::ids::AdministratorId(Uuid::nil()));
        let may = [account(1), account(2), Who::Customer(customer), staff].map(|who| recording.may_be_deleted_by(who));
        assert_eq!(may, [true, false, true, true], "a colleague who took part may not");
    }
}
