//! How calls are told: the parties as far as the reader may know them, states and causes with their colours, quality.

use tandem_domain::{
    access::{Field, Principal},
    calls::{CallState, Direction, Grade, LiveCall, Party, Quality, Recorded, ReleaseCause, Xdr},
    ids::Timestamp,
    supervision::Mode,
};

use crate::{
    listing::{Cell, Column, Emblem, ListRow, Listing, Tone},
    live::duration,
};

/// A party's name, as far as the reader may know it: a colleague's belongs to the colleague's record.
pub(crate) fn name_of<'a>(me: &Principal, party: &'a Party) -> &'a str {
    if party.account.is_none() || me.sees(Field::AccountProfile) { &party.name } else { "" }
}

/// "John (744)", or what there is of it.
pub(crate) fn party(me: &Principal, party: &Party) -> String {
    match (name_of(me, party), party.number.as_str()) {
        ("", "") => "Unknown".to_owned(),
        ("", number) => number.to_owned(),
        (name, "") => name.to_owned(),
        (name, number) => format!("{name} ({number})"),
    }
}

/// The name above the number.
pub(crate) fn party_cell(me: &Principal, party: &Party) -> Cell {
    match (name_of(me, party), party.number.as_str()) {
        ("", "") => Cell::Text("Unknown".to_owned()),
        ("", number) => Cell::Figures(number.to_owned()),
        (name, number) => Cell::Two(name.to_owned(), number.to_owned()),
    }
}

/// The direction, and the huntgroup through which it came.
pub(crate) fn way_cell(direction: Direction, huntgroup: &str) -> Cell {
    if huntgroup.is_empty() {
        Cell::Text(direction.label().to_owned())
    } else {
        Cell::Two(direction.label().to_owned(), format!("via {huntgroup}"))
    }
}

/// The state of a live call.
pub(crate) fn state_badge(state: CallState) -> (Tone, String) {
    let tone = match state {
        CallState::Ringing => Tone::Info,
        CallState::Answered => Tone::Good,
        CallState::Held => Tone::Warning,
    };
    (tone, state.label().to_owned())
}

/// Where a live call stands: whether it is recorded, whose sound is encrypted, and which managers are in it, too.
fn state_cell(me: &Principal, call: &LiveCall) -> Cell {
    let (tone, word) = state_badge(call.state);
    let mut badges = vec![(tone, None, word)];
    badges.extend(call.supervises.map(|_| (Tone::Neutral, None, "Supervises a call".to_owned())));
    badges.extend(recorded_badge(call.recorded));
    badges.extend(encrypted_badge(call.encrypted).map(|word| (Tone::Neutral, None, word.to_owned())));
    badges.extend(call.supervisors.iter().map(|supervisor| {
        let tone = match supervisor.mode {
            Mode::Spy => Tone::Info,
            Mode::Whisper => Tone::Warning,
            Mode::BargeIn => Tone::Bad,
        };
        let name = match name_of(me, &supervisor.manager) {
            "" => supervisor.manager.number.as_str(),
            name => name,
        };
        (tone, Some(Emblem::Supervised(supervisor.mode)), format!("{name}: {}", supervisor.mode.label()))
    }));
    Cell::Badges(badges)
}

/// Whether a live call is being recorded.
fn recorded_badge(recorded: Recorded) -> Option<(Tone, Option<Emblem>, String)> {
    match recorded {
        Recorded::No => None,
        Recorded::Paused => Some((Tone::Warning, Some(Emblem::Paused), "Recording paused".to_owned())),
        Recorded::Yes => Some((Tone::Bad, Some(Emblem::Recording), "Recording".to_owned())),
    }
}

/// Whose sound is encrypted on its way, the caller's and the called party's.
fn encrypted_badge(encrypted: [bool; 2]) -> Option<&'static str> {
    match encrypted {
        [false, false] => None,
        [true, true] => Some("Encrypted"),
        [true, false] => Some("Encrypted: caller"),
        [false, true] => Some("Encrypted: called party"),
    }
}

/// How long a live call has lasted: since it was answered, or since it rings.
pub(crate) fn lasts_cell(call: &LiveCall, now: Timestamp) -> Cell {
    let since = call.answered.unwrap_or(call.started);
    Cell::Since(since, duration(now.seconds_since(since)))
}

/// A live call as a list tells it; `customer` is its name where the reader sees several.
pub(crate) fn live_row(me: &Principal, call: &LiveCall, customer: Option<String>, now: Timestamp) -> ListRow {
    let mut cells = vec![
        party_cell(me, &call.caller),
        party_cell(me, &call.callee),
        state_cell(me, call),
        way_cell(call.direction, &call.huntgroup),
    ];
    cells.extend(customer.map(Cell::Text));
    cells.push(lasts_cell(call, now));
    ListRow { href: None, cells }
}

/// The columns of [`live_row`].
pub(crate) fn live_columns(with_customer: bool) -> Vec<Column> {
    let customer = with_customer.then_some("Customer");
    let heads = ["From", "To", "State", "Direction"].into_iter().chain(customer).chain(["Duration"]);
    heads.map(Column::plain).collect()
}

/// A badge in a row.
pub(crate) fn badge_cell((tone, word): (Tone, String)) -> Cell {
    Cell::Badge(tone, word)
}

/// How a call ended.
pub(crate) fn cause_badge(cause: ReleaseCause) -> (Tone, String) {
    let tone = match cause {
        ReleaseCause::Normal | ReleaseCause::Transferred => Tone::Good,
        ReleaseCause::Cancelled
        | ReleaseCause::Busy
        | ReleaseCause::NoAnswer
        | ReleaseCause::Declined
        | ReleaseCause::UnknownNumber
        | ReleaseCause::NoCall => Tone::Neutral,
        ReleaseCause::NotRegistered
        | ReleaseCause::NotAllowed
        | ReleaseCause::NoService
        | ReleaseCause::NoFunds
        | ReleaseCause::CalleeNoService
        | ReleaseCause::SessionExpired
        | ReleaseCause::Shutdown => Tone::Warning,
        ReleaseCause::NoCommonCodec
        | ReleaseCause::Congestion
        | ReleaseCause::MediaTimeout
        | ReleaseCause::NetworkFailure => Tone::Bad,
    };
    (tone, cause.label().to_owned())
}

/// How long the parties talked; nothing when nobody answered.
pub(crate) fn talked(xdr: &Xdr) -> String {
    xdr.answered.map(|answered| duration(xdr.ended.seconds_since(answered))).unwrap_or_default()
}

/// The worse of both directions.
pub(crate) fn quality_cell(xdr: &Xdr) -> Cell {
    let both = xdr.caller_quality.into_iter().chain(xdr.callee_quality);
    match both.min_by(|a, b| a.mos.total_cmp(&b.mos)) {
        Some(quality) => grade_cell(quality),
        None => Cell::Text(String::new()),
    }
}

fn grade_cell(quality: Quality) -> Cell {
    let tone = match quality.grade() {
        Grade::Good => Tone::Good,
        Grade::Fair => Tone::Neutral,
        Grade::Poor => Tone::Warning,
        Grade::Bad => Tone::Bad,
    };
    Cell::Badge(tone, format!("{:.1} {}", quality.mos, quality.grade().label()))
}

/// How the media of a call arrived, from either side; `None` when nothing was measured.
pub(crate) fn quality_table(xdr: &Xdr) -> Option<Listing> {
    let from = |side: &str, quality: Option<Quality>| {
        quality.map(|quality| ListRow {
            href: None,
            cells: vec![
                Cell::Text(format!("From the {side}")),
                grade_cell(quality),
                Cell::Figures(quality.packets.to_string()),
                Cell::Figures(format!("{:.1} % ({})", quality.loss_percent(), quality.lost)),
                Cell::Figures(format!("{:.1} ms", quality.jitter_ms)),
            ],
        })
    };
    let sides = [from("caller", xdr.caller_quality), from("called party", xdr.callee_quality)];
    let rows: Vec<ListRow> = sides.into_iter().flatten().collect();
    let columns = ["Sound", "Quality (MOS)", "Packets", "Lost", "Jitter"].map(Column::plain).into();
    (!rows.is_empty()).then(|| Listing::whole(columns, rows))
}

/// Whether every word begins one of the call's: how live calls are searched, as the store searches those that were.
pub(crate) fn is_found(me: &Principal, call: &LiveCall, words: &[String]) -> bool {
    let parties = [&call.caller, &call.callee];
    let texts = parties.into_iter().flat_map(|party| [party.number.as_str(), name_of(me, party)]);
    let all = texts.chain([call.huntgroup.as_str()]).collect::<Vec<_>>().join(" ");
    let of_call = tandem_domain::list::search_words(&all);
    words.iter().all(|word| of_call.iter().any(|known| known.starts_with(word.as_str())))
}
