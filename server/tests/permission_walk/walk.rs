//! The walk: one call of one server function by one person at a time, each in a fresh copy of the world.

use std::fmt::Write as _;

use axum::http::StatusCode;

use crate::{
    demo_ids::DemoIds,
    world::{Answer, Person, Template, difference},
};

/// What a server function does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Only tells.
    Reads,
    /// Changes records; a call that is permitted must leave a trace in them.
    Writes,
    /// Changes nothing but sessions.
    Signs,
}

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
    for row in rows {
        for person in Person::ALL {
            call(template, row, person, &mut faults).await;
        }
    }
    faults.none();
}

async fn call(template: &Template, row: &Row, person: Person, faults: &mut Faults) {
    let world = template.world().await;
    let fields = (row.fields)(&template.demo);
    let (before, noted) = (world.dump().await, world.audit().await.len());
    let answer = world.post(person, &row.path(), &fields).await;
    let changes = difference(&before, &world.dump().await);
    if answer.status != row.expected(person) {
        let expected = row.expected(person);
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
    let refused = matches!(answer.status, StatusCode::FORBIDDEN | StatusCode::NOT_FOUND) && person != Person::Nobody;
    let audit = world.audit().await;
    if refused && !audit[noted..].iter().any(|line| line.contains(" refused ") && line.contains(row.endpoint)) {
        faults.note(row, person, &format!("the refusal is not in the audit log, only {:?}", &audit[noted..]));
    }
    for id in told_too_much(&template.demo, person, &answer) {
        faults.note(row, person, &format!("the answer holds {id}, which is nothing for this person"));
    }
    if !permitted {
        let answer = world.post_form(person, &row.path(), &fields).await;
        let changes = difference(&before, &world.dump().await);
        if answer.status != StatusCode::SEE_OTHER || !changes.is_empty() {
            faults.note(row, person, &format!("without WebAssembly: {}, changed {changes:?}", answer.status));
        }
    }
    world.end().await;
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
