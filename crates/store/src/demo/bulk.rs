//! Many records at once, to measure with: plausible names, spread evenly, written past the repositories.

use std::collections::BTreeMap;

use tandem_domain::{
    account::full_name,
    dialing::PbxCodes,
    ids::{AccountId, CustomerId, Timestamp},
    status::Status,
};

use crate::{
    Store, StoreError, accounts, audit, classes, codes, customers,
    db::Arg,
    names, roles,
    search::{self, Words},
};

/// Rows that are written in one transaction.
const ROWS_PER_TRANSACTION: usize = 50_000;
/// The audit log reaches back this far: a year of seconds.
pub(super) const YEAR: i64 = 365 * 24 * 60 * 60;

const FIRST_NAMES: [&str; 40] = [
    "Adam", "Alice", "Amir", "Anna", "Bao", "Ben", "Carla", "Carlos", "Clara", "David", "Dora", "Elif", "Emma", "Erik",
    "Eva", "Felix", "Fatima", "George", "Greta", "Hanna", "Hugo", "Ines", "Ivan", "Jan", "Jana", "John", "Julia",
    "Karim", "Lara", "Leo", "Lin", "Maria", "Mary", "Max", "Nina", "Olivia", "Paul", "Peter", "Sofia", "Tom",
];
const LAST_NAMES: [&str; 50] = [
    "Adler", "Almeida", "Andersen", "Baker", "Bauer", "Berg", "Bianchi", "Brown", "Chen", "Claes", "Costa", "Dubois",
    "Evans", "Fischer", "Fontaine", "Garcia", "Hansen", "Hoffmann", "Ibrahim", "Jansen", "Janssens", "Kaya", "Keller",
    "Kim", "Kovacs", "Kowalski", "Lambert", "Larsen", "Li", "Lopez", "Martin", "Meyer", "Moreau", "Nguyen", "Novak",
    "Olsen", "Peeters", "Petit", "Rossi", "Santos", "Schmidt", "Silva", "Smith", "Taylor", "Vogel", "Wagner", "Weber",
    "Williams", "Wouters", "Yilmaz",
];
const BRANCHES: [&str; 16] = [
    "Bakery",
    "Books",
    "Clinic",
    "Cycles",
    "Foods",
    "Freight",
    "Garden",
    "Hotel",
    "Insurance",
    "Interiors",
    "Labs",
    "Law",
    "Logistics",
    "Motors",
    "Optics",
    "Travel",
];

/// What is filled, in the order in which tables refer to each other.
const TABLES: [&str; 10] =
    [CUSTOMER, DIALING, ACCOUNT, HUNTGROUP, EXTENSION, MEMBER, STATUS, TALLY, audit::INSERT, search::INSERT];
const CUSTOMER: &str = "INSERT INTO customer (id, version, created_at, status, name, name_key, email, sip_prefix, currency, \
                        billing, class_id, locale, time_zone, role_id, search)";
const DIALING: &str = "INSERT INTO customer_dialing (customer_id, version, mode, spy_prefix, whisper_prefix, \
                       barge_in_prefix, spy_digit, whisper_digit, barge_in_digit, record_start, record_stop)";
const ACCOUNT: &str = "INSERT INTO account (id, version, created_at, customer_id, customer_key, status, first_name, last_name, \
                       name_key, email, extension, extension_key, role_id, search)";
const EXTENSION: &str = "INSERT INTO extension (customer_id, number, account_id, huntgroup_id)";
const HUNTGROUP: &str = "INSERT INTO huntgroup (id, version, customer_id, name, name_key, number, number_key, strategy, \
                         ring_seconds, search)";
const MEMBER: &str = "INSERT INTO huntgroup_member (huntgroup_id, account_id, customer_id, place, supervision_allowed, \
                      never_supervise)";
const STATUS: &str = "INSERT INTO status_change (id, customer_id, account_id, at, actor, by_staff, to_status, reason)";
const TALLY: &str = "INSERT INTO account_tally (customer_id, status, accounts)";

/// Adds many customers, accounts and audit rows, spread evenly over the last year, for measurements. One account in twenty
/// is blocked, one in fifty closed; every customer has a huntgroup of its first account.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn bulk(
    store: &Store,
    customers: u32,
    accounts: u32,
    audit_rows: u32,
    now: Timestamp,
) -> Result<(), StoreError> {
    let start = now.plus_seconds(-YEAR);
    let moment = |n: u32, of: u32| start.plus_seconds(YEAR * i64::from(n) / i64::from(of.max(1)));
    let mut batch = Batch { store, tables: BTreeMap::new(), rows: 0 };
    let mut companies = Vec::new();
    for n in 0..customers {
        companies.push(Company::add(&mut batch, n, moment(n, customers)));
        batch.write_if_full().await?;
    }
    let mut people = Vec::new();
    for n in 0..accounts {
        let Some(company) = companies.get_mut((n % customers.max(1)) as usize) else { break };
        people.push(Person::add(&mut batch, company, n, moment(n, accounts)));
        batch.write_if_full().await?;
    }
    for company in &companies {
        company.add_tally(&mut batch);
    }
    for n in 0..audit_rows {
        // A prime step, so that neighbours in the log are about different people.
        let Some(person) = people.get((n as usize * 7919) % people.len().max(1)) else { break };
        person.add_audit(&mut batch, n, moment(n, audit_rows));
        batch.write_if_full().await?;
    }
    batch.write().await
}

/// Rows that wait to be written.
struct Batch<'a> {
    store: &'a Store,
    tables: BTreeMap<&'static str, Vec<Vec<Arg>>>,
    rows: usize,
}

impl Batch<'_> {
    fn add(&mut self, table: &'static str, row: Vec<Arg>) {
        self.tables.entry(table).or_default().push(row);
        self.rows += 1;
    }

    fn add_words(&mut self, kind: &str, id: &str, words: &Words) {
        for row in words.rows(kind, id) {
            self.add(search::INSERT, row);
        }
    }

    async fn write_if_full(&mut self) -> Result<(), StoreError> {
        if self.rows >= ROWS_PER_TRANSACTION { self.write().await } else { Ok(()) }
    }

    async fn write(&mut self) -> Result<(), StoreError> {
        let mut tx = self.store.begin().await?;
        for table in TABLES {
            tx.insert_all(table, self.tables.remove(table).unwrap_or_default()).await?;
        }
        self.rows = 0;
        tx.commit().await
    }
}

/// A customer.
struct Company {
    id: CustomerId,
    name_key: String,
    sign_in: String,
    /// How many accounts have been added.
    accounts: u32,
    tally: BTreeMap<&'static str, i64>,
}

impl Company {
    fn add(batch: &mut Batch<'_>, n: u32, at: Timestamp) -> Self {
        let id = CustomerId(batch.store.new_id(at));
        let (family, branch) = (pick(&LAST_NAMES, n), pick(&BRANCHES, n / 50));
        let name = format!("{family} {branch} {}", n + 1);
        let prefix = format!("z{}", letters(n));
        let email = format!("office@{prefix}.example");
        let words = Words::of(&[&name, &prefix, &email]);
        batch.add(
            CUSTOMER,
            vec![
                id.into(),
                1.into(),
                at.into(),
                if n % 40 == 39 { Status::Suspended } else { Status::Open }.into(),
                name.as_str().into(),
                names::key(&name).into(),
                email.into(),
                prefix.as_str().into(),
                "EUR".into(),
                "postpaid".into(),
                classes::STANDARD.into(),
                "en-GB".into(),
                "Europe/Brussels".into(),
                roles::CUSTOMER.into(),
                words.column().into(),
            ],
        );
        let dialing = [id.into(), 1.into(), "default".into()];
        batch.add(DIALING, dialing.into_iter().chain(codes::args(&PbxCodes::default())).collect());
        batch.add(STATUS, status_row(batch.store, id, None, at));
        batch.add_words(customers::WORDS.kind, &id.to_string(), &words);
        Self { id, name_key: names::key(&name), sign_in: prefix, accounts: 0, tally: BTreeMap::new() }
    }

    fn add_tally(&self, batch: &mut Batch<'_>) {
        for (status, accounts) in &self.tally {
            batch.add(TALLY, vec![self.id.into(), (*status).into(), (*accounts).into()]);
        }
    }
}

/// An account.
struct Person {
    id: AccountId,
    customer: CustomerId,
    name: String,
    extension: String,
    customer_sign_in: String,
}

impl Person {
    fn add(batch: &mut Batch<'_>, company: &mut Company, n: u32, at: Timestamp) -> Self {
        let id = AccountId(batch.store.new_id(at));
        let customer = company.id;
        let chance = scrambled(n);
        let (first, last) = (pick(&FIRST_NAMES, chance), pick(&LAST_NAMES, chance / 64));
        let name = full_name(first, last);
        let extension = (2000 + company.accounts).to_string();
        let email = format!("{first}.{last}@{}.example", company.sign_in).to_lowercase();
        let status = match (chance >> 12) % 100 {
            50..55 => Status::Blocked,
            77 | 78 => Status::Closed,
            _ => Status::Open,
        };
        let words = Words::of(&[first, last, &extension, &email]);
        batch.add(
            ACCOUNT,
            vec![
                id.into(),
                1.into(),
                at.into(),
                customer.into(),
                company.name_key.as_str().into(),
                status.into(),
                first.into(),
                last.into(),
                names::key(&name).into(),
                email.into(),
                extension.as_str().into(),
                names::number_key(&extension).into(),
                roles::ACCOUNT.into(),
                words.column().into(),
            ],
        );
        if status != Status::Closed {
            batch.add(EXTENSION, vec![customer.into(), extension.as_str().into(), id.into(), Arg::Text(None)]);
        }
        batch.add(STATUS, status_row(batch.store, customer, Some(id), at));
        batch.add_words(accounts::WORDS.kind, &id.to_string(), &words);
        if company.accounts == 0 {
            add_huntgroup(batch, customer, id, at);
        }
        company.accounts += 1;
        *company.tally.entry(status.key()).or_default() += 1;
        Self { id, customer, name, extension, customer_sign_in: company.sign_in.clone() }
    }

    fn add_audit(&self, batch: &mut Batch<'_>, n: u32, at: Timestamp) {
        let id = batch.store.new_id(at).to_string();
        let chance = scrambled(n);
        let (field, old, new) = match chance % 4 {
            0 => ("last_name", pick(&LAST_NAMES, chance / 4), pick(&LAST_NAMES, chance / 256)),
            1 => ("record_manually", "off", "on"),
            2 => ("status", "open", "blocked"),
            _ => ("extension", "", self.extension.as_str()),
        };
        let by_staff = !chance.is_multiple_of(3);
        let actor = if by_staff { "admin" } else { self.customer_sign_in.as_str() };
        let words = Words::of(&[&self.name, field, old, new]);
        batch.add(
            audit::INSERT,
            vec![
                id.as_str().into(),
                at.into(),
                actor.into(),
                by_staff.into(),
                "192.0.2.1".into(),
                self.customer.into(),
                "account".into(),
                self.id.into(),
                self.name.as_str().into(),
                1.into(),
                "changed".into(),
                field.into(),
                old.into(),
                new.into(),
                words.column().into(),
            ],
        );
        batch.add_words(audit::WORDS.kind, &id, &words);
    }
}

fn add_huntgroup(batch: &mut Batch<'_>, customer: CustomerId, member: AccountId, at: Timestamp) {
    let id = batch.store.new_id(at).to_string();
    let words = Words::of(&["Support", "7700"]);
    batch.add(
        HUNTGROUP,
        vec![
            id.as_str().into(),
            1.into(),
            customer.into(),
            "Support".into(),
            "support".into(),
            "7700".into(),
            names::number_key("7700").into(),
            "order".into(),
            20.into(),
            words.column().into(),
        ],
    );
    batch.add(EXTENSION, vec![customer.into(), "7700".into(), Arg::Text(None), id.as_str().into()]);
    batch.add(MEMBER, vec![id.into(), member.into(), customer.into(), 0.into(), true.into(), false.into()]);
}

fn status_row(store: &Store, customer: CustomerId, account: Option<AccountId>, at: Timestamp) -> Vec<Arg> {
    let id = store.new_id(at).to_string();
    vec![
        id.into(),
        customer.into(),
        account.into(),
        at.into(),
        "system".into(),
        false.into(),
        Status::Open.into(),
        "".into(),
    ]
}

fn pick(list: &[&'static str], n: u32) -> &'static str {
    list.get(n as usize % list.len().max(1)).copied().unwrap_or_default()
}

/// A number as letters: 0 is `a`, 25 `z`, 26 `ba`.
fn letters(n: u32) -> String {
    let last = char::from(b'a' + u8::try_from(n % 26).unwrap_or_default());
    if n < 26 { last.to_string() } else { letters(n / 26) + &last.to_string() }
}

/// A number without pattern, the same for the same `n` (Knuth's multiplicative hash).
pub(super) const fn scrambled(n: u32) -> u32 {
    n.wrapping_mul(2_654_435_761) >> 7
}
