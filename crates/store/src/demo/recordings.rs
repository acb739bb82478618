//! Many recordings at once, to measure lists with: rows alone, without sound.

use tandem_domain::{
    calls::{Direction, Party},
    ids::{AccountId, CallId, Timestamp},
    recordings::{Recording, Segment},
};

use super::{
    bulk::{YEAR, scrambled},
    calls::{Person, people},
};
use crate::{
    Store, StoreError,
    recordings::{self, FinishedRecording},
};

/// Recordings that are written in one transaction.
const ROWS_PER_TRANSACTION: usize = 10_000;

/// Adds many recordings, spread evenly over the last year, for measurements: half of the calls from outside, a quarter to
/// outside, a quarter between the accounts of a customer; one in ten is for its account only. Most last some minutes, one in
/// ten thousand more than two hours. They have no sound. Does nothing where there are no accounts.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn bulk_recordings(store: &Store, recordings: u32, now: Timestamp) -> Result<(), StoreError> {
    let people = people(store).await?;
    let start = now.plus_seconds(-YEAR);
    let mut batch = Vec::new();
    for n in 0..recordings {
        let at = start.plus_seconds(YEAR * i64::from(n) / i64::from(recordings));
        // A prime step, so that neighbours in time are of different customers.
        let place = (n as usize * 7919) % people.len().max(1);
        let Some(person) = people.get(place) else { break };
        let Some(account) = person.party.account else { continue };
        let colleague = people.get(place + 1).filter(|other| other.customer == person.customer);
        batch.push(recording(store, person, account, colleague, scrambled(n), at));
        if batch.len() >= ROWS_PER_TRANSACTION {
            recordings::append(store, &batch).await?;
            batch.clear();
        }
    }
    recordings::append(store, &batch).await
}

fn recording(
    store: &Store,
    person: &Person,
    account: AccountId,
    colleague: Option<&Person>,
    chance: u32,
    at: Timestamp,
) -> FinishedRecording {
    let outside = Party { number: format!("+3247{:07}", chance % 1_000_000), ..Party::default() };
    let (direction, caller, callee) = match (chance % 4, colleague) {
        (0 | 1, _) => (Direction::Incoming, outside, person.party.clone()),
        (2, Some(colleague)) => (Direction::Internal, person.party.clone(), colleague.party.clone()),
        _ => (Direction::Outgoing, person.party.clone(), outside),
    };
    let seconds = if chance.is_multiple_of(10_007) { 7_200 + chance % 3_600 } else { chance % 900 };
    let length_ms = 1_000 * u64::from(seconds) + u64::from(chance % 1_000);
    let recording = Recording {
        id: store.recordings().new_id(at),
        call: CallId(store.new_id(at)),
        customer: person.customer,
        account,
        account_only: (chance >> 5).is_multiple_of(10),
        direction,
        caller,
        callee,
        huntgroup: if chance.is_multiple_of(8) { "Support".into() } else { String::new() },
        started: at,
        ended: at.plus_seconds(i64::from(seconds)),
        segments: vec![Segment { started: at, length_ms: Some(length_ms) }],
        marks: Vec::new(),
    };
    FinishedRecording { recording, wav_octets: 32 * length_ms, opus_octets: 4 * length_ms }
}
