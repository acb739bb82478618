//! Many calls at once, to measure with: of all accounts there are, spread evenly over the last year.

use tandem_domain::{
    account::full_name,
    calls::{Direction, EndedBy, Party, Quality, ReleaseCause, Xdr},
    ids::{AccountId, CallId, CustomerId, Timestamp},
};

use super::bulk::{YEAR, scrambled};
use crate::{
    Store, StoreError,
    db::{Row, sql},
};

/// Records that are written in one transaction.
const ROWS_PER_TRANSACTION: u32 = 10_000;
/// Accounts that call.
const CALLERS_MAX: u32 = 200_000;

/// Adds the records of many calls, for measurements: half of them from outside, a quarter to outside, a quarter between the
/// accounts of a customer; two in three answered. Does nothing where there are no accounts.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn bulk_calls(store: &Store, calls: u32, now: Timestamp) -> Result<(), StoreError> {
    let people = people(store).await?;
    let start = now.plus_seconds(-YEAR);
    let mut batch = Vec::new();
    for n in 0..calls {
        let at = start.plus_seconds(YEAR * i64::from(n) / i64::from(calls));
        let chance = scrambled(n);
        // A prime step, so that neighbours in time are of different customers.
        let place = (n as usize * 7919) % people.len().max(1);
        let Some(person) = people.get(place) else { break };
        let colleague = people.get(place + 1).filter(|other| other.customer == person.customer);
        batch.push(call(store, person, colleague, chance, at));
        if batch.len() >= ROWS_PER_TRANSACTION as usize {
            store.xdrs().append(&batch).await?;
            batch.clear();
        }
    }
    store.xdrs().append(&batch).await
}

/// An account that calls.
pub(super) struct Person {
    pub(super) customer: CustomerId,
    pub(super) party: Party,
}

/// The accounts that call, those of a customer beside each other.
pub(super) async fn people(store: &Store) -> Result<Vec<Person>, StoreError> {
    let all = format!(
        "SELECT id, customer_id, extension, first_name, last_name FROM account ORDER BY customer_id, id LIMIT {CALLERS_MAX}"
    );
    store.db.all(sql(all)).await?.iter().map(Person::read).collect()
}

impl Person {
    fn read(row: &Row) -> Result<Self, StoreError> {
        let account: AccountId = row.parse("id")?;
        let name = full_name(&row.text("first_name")?, &row.text("last_name")?);
        let party = Party { number: row.text("extension")?, name, account: Some(account) };
        Ok(Self { customer: row.parse("customer_id")?, party })
    }
}

fn call(store: &Store, person: &Person, colleague: Option<&Person>, chance: u32, at: Timestamp) -> Xdr {
    let outside = Party { number: format!("+3247{:07}", chance % 1_000_000), ..Party::default() };
    let (direction, caller, callee) = match (chance % 4, colleague) {
        (0 | 1, _) => (Direction::Incoming, outside, person.party.clone()),
        (2, Some(colleague)) => (Direction::Internal, person.party.clone(), colleague.party.clone()),
        _ => (Direction::Outgoing, person.party.clone(), outside),
    };
    let cause = match (chance >> 4) % 12 {
        0..8 => ReleaseCause::Normal,
        8 | 9 => ReleaseCause::NoAnswer,
        10 => ReleaseCause::Busy,
        _ => ReleaseCause::Cancelled,
    };
    let answered = (cause == ReleaseCause::Normal).then(|| at.plus_seconds(i64::from(chance % 20)));
    let ended = answered.unwrap_or(at).plus_seconds(i64::from(chance % 600));
    let quality = Quality { packets: u64::from(chance % 600) * 50, lost: 3, jitter_ms: 1.5, mos: 4.4 };
    Xdr {
        id: store.xdrs().new_id(at),
        call: CallId(store.new_id(at)),
        customer: person.customer,
        direction,
        dialled: callee.number.clone(),
        caller,
        callee,
        huntgroup: if chance.is_multiple_of(8) { "Support".into() } else { String::new() },
        started: at,
        answered,
        ended,
        cause,
        status: if answered.is_some() { 200 } else { 486 },
        ended_by: EndedBy::Caller,
        caller_quality: answered.map(|_| quality),
        callee_quality: answered.map(|_| quality),
    }
}
