//! The walk: one call of one server function by one person at a time. Whatever changed the world leaves a fresh copy of it
//! to the next call.

use std::fmt::Write as _;

use axum::http::StatusCode;

use crate::{
    demo_ids::DemoIds,
    world::{Answer, Person, Template, World, difference},
};

/// What a server function does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Only tells.
    Reads,
    /// Changes records; a call that is permitted must leave a trace in them.
    Writes,
    /// Changes nothing but sessions or calls.
    Signs,
}

/// Functions that only begin something, of which the audit log tells when it is done.
const BEGIN: [&str; 1] = ["card_begin"];

/// A form's fields.
pub type Fields = Vec<(&'static str, String)>;

/// A server function with arguments that are right, and the status that each person gets for them.
pub struct Row {
    /// Its path below `/api/`.
    pub endpoint: &'static str,
    pub kind: Kind,
    /// Arguments about records of ABC, or of the provider.
    pub fields: fn(&DemoIds) -> Fields,
    /// The statuses, in the order of [`Person::ALL`]: nobody, administrator, read-only administrator, customer ABC,
    /// customer Panda, John, Olivia.
    pub expected: [u16; 7],
}

impl Row {
    pub const fn reads(endpoint: &'static str, fields: fn(&DemoIds) -> Fields, expected: [u16; 7]) -> Self {
        Self { endpoint, kind: Kind::Reads, fields, expected }
    }

    pub const fn writes(endpoint: &'static str, fields: fn(&DemoIds) -> Fields, expected: [u16; 7]) -> Self {
        Self { endpoint, kind: Kind::Writes, fields, expected }
    }

    pub const fn signs(endpoint: &'static str, fields: fn(&DemoIds) -> Fields, expected: [u16; 7]) -> Self {
        Self { endpoint, kind: Kind::Signs, fields, expected }
    }

    pub fn path(&self) -> String {
        format!("/api/{}", self.endpoint)
    }

    /// What this person gets.
    pub fn expected(&self, person: Person) -> StatusCode {
        let column = Person::ALL.iter().position(|known| *known == person).unwrap();
        StatusCode::from_u16(self.expected[column]).unwrap()
    }

    /// Those for whom the call succeeds.
    pub fn permitted(&self) -> impl Iterator<Item = Person> {
        Person::ALL.into_iter().filter(|person| self.expected(*person).is_success())
    }
}

/// What went otherwise than it should; a test collects all of it before it fails.
#[derive(Default)]
pub struct Faults(String);

impl Faults {
    pub fn note(&mut self, row: &Row, person: Person, what: &str) {
        writeln!(self.0, "{} as {person:?}: {what}", row.endpoint).unwrap();
    }

    /// # Panics
    /// When there is any.
    pub fn none(self) {
        assert!(self.0.is_empty(), "\n{}", self.0);
    }
}

/// Calls every function of `rows` as everybody.
pub async fn as_everybody(template: &Template, rows: &[Row]) {
    let mut faults = Faults::default();
    let mut world = template.world().await;
    for row in rows {
        for person in Person::ALL {
            if call(&world, &template.demo, row, person, &mut faults).await {
                world.end().await;
                world = template.world().await;
            }
        }
    }
    world.end().await;
    faults.none();
}

/// Makes one call. Tells whether the world is another one now, so that the next call needs a fresh copy.
async fn call(world: &World, demo: &DemoIds, row: &Row, person: Person, faults: &mut Faults) -> bool {
    let fields = (row.fields)(demo);
    world.a_minute_later();
    let (before, noted) = (world.dump().await, world.audit().await.len());
    let answer = world.post(person, &row.path(), &fields).await;
    let changes = difference(&before, &world.dump().await);
    let expected = row.expected(person);
    if answer.status != expected {
        faults.note(row, person, &format!("{} instead of {expected}: {}", answer.status, answer.body));
    }
    let permitted = answer.status.is_success();
    match (permitted, row.kind) {
        (true, Kind::Writes) if changes.is_empty() => faults.note(row, person, "it succeeded and changed nothing"),
        (true, Kind::Reads | Kind::Signs) | (false, _) if !changes.is_empty() => {
            faults.note(row, person, &format!("it must change nothing, but:\n  {}", changes.join("\n  ")));
        }
        (true | false, _) => {}
    }
    for id in told_too_much(demo, person, &answer) {
        faults.note(row, person, &format!("the answer holds {id}, which is nothing for this person"));
    }
    let noted_after = world.audit().await.split_off(noted);
    if permitted {
        let has_trace = noted_after.iter().any(|line| !line.contains(" refused "));
        // Nobody has no session to end.
        let leaves_trace = (row.kind == Kind::Writes && !BEGIN.contains(&row.endpoint))
            || (row.kind == Kind::Signs && person != Person::Nobody);
        if leaves_trace && !has_trace {
            faults.note(row, person, "the audit log knows nothing of it");
        }
        return row.kind != Kind::Reads || !changes.is_empty();
    }
    let by_right = matches!(answer.status, StatusCode::FORBIDDEN | StatusCode::NOT_FOUND);
    let is_noted = |lines: &[String]| lines.iter().any(|line| line.contains(&format!(" refused {} ", row.endpoint)));
    if by_right && !is_noted(&noted_after) {
        faults.note(row, person, &format!("the refusal is not in the audit log, only {noted_after:?}"));
    }
    let noted = noted + noted_after.len();
    world.a_minute_later();
    let answer = world.post_form(person, &row.path(), &fields).await;
    let plain = difference(&before, &world.dump().await);
    if answer.status != StatusCode::SEE_OTHER || plain.len() > changes.len() {
        faults.note(row, person, &format!("without WebAssembly: {}, changed {plain:?}", answer.status));
    }
    if by_right && !is_noted(&world.audit().await.split_off(noted)) {
        faults.note(row, person, "without WebAssembly the refusal is not in the audit log");
    }
    !changes.is_empty() || !plain.is_empty()
}

/// Ids in an answer that its reader must not learn: another customer's records, and for an account any other account.
pub fn told_too_much(demo: &DemoIds, person: Person, answer: &Answer) -> Vec<String> {
    let own = |number: &str| demo.id("account", &format!("abc{number}"));
    let mut secret: Vec<String> = Vec::new();
    let all_of = |prefix: &str| demo.all_of(prefix).into_iter().map(str::to_owned).collect::<Vec<_>>();
    match person {
        Person::Nobody => secret.extend(all_of("abc").into_iter().chain(all_of("panda"))),
        Person::Administrator | Person::Reader => {}
        Person::Abc => secret.extend(all_of("panda")),
        Person::Panda => secret.extend(all_of("abc")),
        Person::John | Person::Olivia => {
            let mine = own(if person == Person::John { "744" } else { "745" });
            let colleagues = demo.accounts_of("abc").into_iter().filter(|id| **id != *mine).map(str::to_owned);
            secret.extend(all_of("panda").into_iter().chain(colleagues));
        }
    }
    secret.into_iter().filter(|id| answer.body.contains(id.as_str())).collect()
}
