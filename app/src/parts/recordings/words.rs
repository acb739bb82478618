//! How recordings are told: who talked with whom, how long, how large, and what happened when.

use tandem_domain::{
    access::{Principal, Who},
    recordings::{MarkKind, Recording, Waveform},
};
use tandem_store::recordings::RecordingRow;

use super::{recording_path, sound_path};
use crate::{
    listing::{Cell, Column, ListRow, Tone},
    live::duration,
    parts::calls::words,
    server::{ask::Ask, format},
    ui::player::{FIELD, Side, Sound, SoundMark},
};

/// Octets as people say them: "812 kB", "1.4 MB".
pub(crate) fn octets(octets: u64) -> String {
    const KILO: u64 = 1000;
    match octets {
        0..KILO => format!("{octets} B"),
        KILO..1_000_000 => format!("{} kB", octets / KILO),
        _ => format!("{}.{} MB", octets / 1_000_000, octets / 100_000 % 10),
    }
}

/// A length, to the second.
pub(crate) fn length(ms: u64) -> String {
    duration(i64::try_from(ms.saturating_add(500) / 1000).unwrap_or(i64::MAX))
}

/// "John → Mary Smith".
pub(crate) fn title(me: &Principal, recording: &Recording) -> String {
    let short = |party| match words::name_of(me, party) {
        "" => words::party(me, party),
        name => name.to_owned(),
    };
    format!("{} → {}", short(&recording.caller), short(&recording.callee))
}

/// Which columns a reader's list has beside those that everybody's has.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Columns {
    /// Rows can be chosen.
    pub(crate) choose: bool,
    /// Who recorded.
    pub(crate) owner: bool,
    /// Of which customer that is.
    pub(crate) customer: bool,
    /// Which are for one account alone.
    pub(crate) private: bool,
}

impl Columns {
    /// The heads.
    pub(crate) fn heads(self) -> Vec<Column> {
        let heads = self.choose.then_some("").into_iter().chain(["When", "From", "To", "Direction"]);
        let owner = (self.owner || self.customer).then_some("Recorded by");
        let heads = heads.chain(owner).chain(["Length", "Size"]).chain(self.private.then_some("Privacy"));
        heads.map(Column::plain).collect()
    }

    /// A recording in the list.
    pub(crate) fn row(self, ask: &Ask, row: RecordingRow) -> ListRow {
        let (me, recording) = (&ask.me, &row.recording);
        let (day, time) = format::day_and_time(recording.started, me.locale, &me.time_zone);
        let of = format!("{}, {day}, {time}", title(me, recording));
        let mut cells = Vec::new();
        let chosen = || {
            if recording.may_be_deleted_by(me.who) {
                Cell::Choose(recording.id.to_string(), of)
            } else {
                Cell::Text(String::new())
            }
        };
        cells.extend(self.choose.then(chosen));
        cells.extend([
            Cell::Two(day, time),
            words::party_cell(me, &recording.caller),
            words::party_cell(me, &recording.callee),
            words::way_cell(recording.direction, &recording.huntgroup),
        ]);
        cells.extend(match (self.owner, self.customer) {
            (true, true) => Some(Cell::Two(owner(&row), row.customer_name.clone())),
            (true, false) => Some(Cell::Text(owner(&row))),
            (false, true) => Some(Cell::Text(row.customer_name.clone())),
            (false, false) => None,
        });
        cells.push(Cell::Figures(length(recording.length_ms())));
        cells.push(Cell::Figures(octets(row.wav_octets.saturating_add(row.opus_octets))));
        cells.extend(self.private.then(|| {
            if recording.account_only { Cell::Badge(Tone::Info, PRIVATE.into()) } else { Cell::Text(String::new()) }
        }));
        ListRow { href: Some(recording_path(me.audience(), recording.id)), cells }
    }
}

/// The word for a recording that is for its account alone.
pub(crate) const PRIVATE: &str = "Private";

/// "John (744)": who recorded.
pub(crate) fn owner(row: &RecordingRow) -> String {
    match (row.account_name.as_str(), row.extension.as_str()) {
        (name, "") => name.to_owned(),
        ("", extension) => extension.to_owned(),
        (name, extension) => format!("{name} ({extension})"),
    }
}

/// What is played, with its drawing and what happened.
pub(crate) fn sound(me: &Principal, recording: &Recording, waveform: &Waveform) -> Sound {
    let account =
        if recording.caller.account == Some(recording.account) { &recording.caller } else { &recording.callee };
    let left = if is_own(me, recording) { "You".to_owned() } else { words::party(me, account) };
    Sound {
        at: sound_path(recording.id),
        length_ms: recording.length_ms(),
        sides: [
            Side { name: left, drawing: drawing(&waveform.left) },
            Side { name: words::party(me, recording.other()), drawing: drawing(&waveform.right) },
        ],
        marks: marks(recording),
    }
}

/// Whether it is a recording of the account that asks.
pub(crate) fn is_own(me: &Principal, recording: &Recording) -> bool {
    matches!(me.who, Who::Account { account, .. } if account == recording.account)
}

/// What happened, in order, and what is left out between the segments.
fn marks(recording: &Recording) -> Vec<SoundMark> {
    let mut marks: Vec<(i64, SoundMark)> = Vec::new();
    for mark in &recording.marks {
        // Where sound is left out is said once, with how long it was.
        let is_end = matches!(mark.kind, MarkKind::Paused | MarkKind::Resumed | MarkKind::Stopped);
        let again = mark.kind == MarkKind::Started && mark.at > recording.started;
        if is_end || again {
            continue;
        }
        let at_ms = recording.offset_ms(mark.at);
        let (label, text) = (mark.kind.label().to_owned(), mark.text.clone());
        marks.push((mark.at.0, SoundMark { at_ms, label, text, gap: false }));
    }
    for pair in recording.segments.windows(2) {
        let [before, after] = pair else { continue };
        let Some(length) = before.length_ms.and_then(|length| i64::try_from(length).ok()) else { continue };
        let end = before.started.0.saturating_add(length);
        let gone = after.started.0.saturating_sub(end).max(0) / 1000;
        // What the user pressed is noted a moment before or after the sound's own end.
        let paused = recording
            .marks
            .iter()
            .any(|mark| mark.kind == MarkKind::Paused && (end - 2000..after.started.0).contains(&mark.at.0));
        let word = if paused { "Paused" } else { "Stopped" };
        let label = format!("{word} for {}", duration(gone));
        let at_ms = recording.offset_ms(after.started);
        marks.push((after.started.0, SoundMark { at_ms, label, text: String::new(), gap: true }));
    }
    marks.sort_by_key(|(at, _)| *at);
    marks.into_iter().map(|(_, mark)| mark).collect()
}

/// The levels as the path of an area around the middle of the field. Quiet is drawn larger than it is, as it is heard.
fn drawing(levels: &[u8]) -> String {
    use std::fmt::Write as _;

    let (width, height) = FIELD;
    let middle = f64::from(height) / 2.0;
    let Some(step) = u32::try_from(levels.len()).ok().filter(|&count| count > 0) else { return String::new() };
    let step = f64::from(width) / f64::from(step);
    let rise = |level: u8| (f64::from(level) / 255.0).powf(0.6) * (middle - 1.0) + 0.5;
    let mut path = String::with_capacity(levels.len() * 12);
    let place = |n: usize| f64::from(u32::try_from(n).unwrap_or(u32::MAX)) * step;
    for (n, level) in levels.iter().enumerate() {
        let letter = if n == 0 { 'M' } else { 'L' };
        // Writing to a string cannot fail.
        let _ = write!(path, "{letter}{:.1} {:.1}", place(n), middle - rise(*level));
    }
    for (n, level) in levels.iter().enumerate().rev() {
        let _ = write!(path, "L{:.1} {:.1}", place(n), middle + rise(*level));
    }
    path.push('z');
    path
}

#[cfg(test)]
mod tests {
    use tandem_domain::{
        calls::{Direction, Party},
        ids::Timestamp,
        recordings::{Mark, Segment},
    };

    use super::*;

    const ID: &str = "01890000-0000-7000-8000-000000000001";

    fn recording() -> Recording {
        let segment = |started, length| Segment { started: Timestamp(started), length_ms: Some(length) };
        let party = |number: &str| Party { number: number.into(), ..Party::default() };
        Recording {
            id: ID.parse().unwrap(),
            call: ID.parse().unwrap(),
            customer: ID.parse().unwrap(),
            account: ID.parse().unwrap(),
            account_only: false,
            direction: Direction::Internal,
            caller: party("744"),
            callee: party("702"),
            huntgroup: String::new(),
            started: Timestamp(10_000),
            ended: Timestamp(100_000),
            segments: vec![segment(10_000, 10_000), segment(32_000, 20_000), segment(115_000, 5_000)],
            marks: Vec::new(),
        }
    }

    #[test]
    fn what_is_left_out_is_said_with_its_length_and_why() {
        let mut recording = recording();
        recording.marks = [
            (10_000, MarkKind::Started),
            (20_000, MarkKind::Paused),
            (32_000, MarkKind::Resumed),
            (40_000, MarkKind::BargeIn),
            (52_000, MarkKind::Stopped),
            (115_000, MarkKind::Started),
        ]
        .map(|(at, kind)| Mark { at: Timestamp(at), kind, text: "Adam".into() })
        .into();
        let told: Vec<_> = marks(&recording).into_iter().map(|mark| (mark.at_ms, mark.label, mark.gap)).collect();
        let line = |at, label: &str, gap| (at, label.to_owned(), gap);
        assert_eq!(
            told,
            [
                line(0, "Recording started", false),
                line(10_000, "Paused for 0:12", true),
                line(18_000, "Manager joined", false),
                line(30_000, "Stopped for 1:03", true),
            ]
        );
    }

    #[test]
    fn a_drawing_stays_in_its_field_and_of_nothing_is_none() {
        assert_eq!(drawing(&[]), "");
        let path = drawing(&[0, 255]);
        assert_eq!(path, "M0.0 23.5L300.0 0.5L300.0 47.5L0.0 24.5z");
    }

    #[test]
    fn sizes_and_lengths_are_told_shortly() {
        assert_eq!(
            [0, 999, 1000, 812_345, 1_449_999, 25_000_000].map(octets),
            ["0 B", "999 B", "1 kB", "812 kB", "1.4 MB", "25.0 MB"]
        );
        assert_eq!([0, 499, 500, 61_499].map(length), ["0:00", "0:00", "0:01", "1:01"]);
    }
}
