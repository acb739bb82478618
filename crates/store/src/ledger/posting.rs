//! The one way into the ledger: entries that balance are appended, and the balances of their accounts move with them.
//!
//! Accounts are locked in the order of their names, after the customer's turn, and late in every transaction that posts, so that
//! no two wait for each other and none is held for long.

use std::collections::{BTreeMap, BTreeSet};

use tandem_domain::{
    billing::ledger::{AccountKind, Entry},
    ids::{CustomerId, LedgerTransactionId},
    locale::Currency,
};

use crate::{
    Change, Store, StoreError,
    auto_payments::thresholds::{self, Moved},
    db::{Arg, Tx},
    ledger::WORDS,
    outside,
    search::{self, Words},
};

/// Characters of a text that are kept.
const TEXT_MAX: usize = 200;

const ACCOUNTS: &str = "INSERT INTO ledger_account (id, kind, customer_id, system_id, currency, balance, postings)";
/// What becomes of an account that is there already, and how it stands then.
const MOVED: &str = "ON CONFLICT (id) DO UPDATE SET balance = ledger_account.balance + excluded.balance, \
                     postings = ledger_account.postings + excluded.postings RETURNING id, balance";
const TRANSACTIONS: &str = "INSERT INTO ledger_transaction (id, key, kind, customer_id, currency, amount, balance, at, text, \
                            invoice_id, payment_id, refund_id, actor, by_staff, search)";
const POSTINGS: &str = "INSERT INTO ledger_posting (transaction_id, account_id, amount)";

/// A transaction that was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Posted {
    /// What names it.
    pub(crate) id: LedgerTransactionId,
    /// The customer's balance afterwards.
    pub(crate) balance: i64,
}

/// What happens to an account by some entries.
struct Movement {
    kind: AccountKind,
    currency: Currency,
    amount: i64,
    postings: i64,
}

/// Writes entries that were not written before, in their order. Where a balance crosses the threshold of an automatic payment
/// by them, that is noted.
///
/// # Errors
/// As [`append`].
pub(crate) async fn post(
    store: &Store,
    tx: &mut Tx,
    change: &Change<'_>,
    entries: &[Entry],
) -> Result<Vec<Posted>, StoreError> {
    let posted = append(store, tx, change, entries).await?;
    thresholds::note(store, tx, change.at, &moved(entries, &posted)).await?;
    Ok(posted)
}

/// How the balances moved of those customers whose top-up may follow from these entries.
pub(crate) fn moved(entries: &[Entry], posted: &[Posted]) -> BTreeMap<CustomerId, Moved> {
    let callers: BTreeSet<CustomerId> =
        entries.iter().filter(|entry| entry.calls_for_top_up()).map(|entry| entry.customer).collect();
    let mut moved = BTreeMap::new();
    for (entry, Posted { balance, .. }) in entries.iter().zip(posted).filter(|(one, _)| callers.contains(&one.customer))
    {
        let from_here = Moved { before: balance.saturating_sub(entry.amount()), after: *balance };
        moved.entry(entry.customer).or_insert(from_here).after = *balance;
    }
    moved
}

/// Writes entries as [`post`] does, and leaves it to the caller to note where a balance crosses a threshold.
///
/// # Errors
/// [`StoreError::Refused`] (`postings`) when one does not balance; [`StoreError::Database`] when one was written before.
pub(crate) async fn append(
    store: &Store,
    tx: &mut Tx,
    change: &Change<'_>,
    entries: &[Entry],
) -> Result<Vec<Posted>, StoreError> {
    let mut accounts: BTreeMap<String, Movement> = BTreeMap::new();
    for entry in entries {
        entry.check().map_err(|error| StoreError::refused("postings", error.to_string()))?;
        for posting in &entry.postings {
            let movement = accounts.entry(posting.account.account(entry.currency)).or_insert(Movement {
                kind: posting.account,
                currency: entry.currency,
                amount: 0,
                postings: 0,
            });
            movement.amount = movement.amount.saturating_add(posting.amount);
            movement.postings += 1;
        }
    }
    let rows = accounts.iter().map(|(id, movement)| account_row(id, movement)).collect();
    let mut balances: BTreeMap<String, i64> = BTreeMap::new();
    for row in tx.insert_all_returning(ACCOUNTS, rows, MOVED).await? {
        balances.insert(row.text("id")?, row.int("balance")?);
    }
    // What each balance was after each entry: from the last one back.
    let mut posted = Vec::with_capacity(entries.len());
    let mut after = balances.clone();
    for entry in entries.iter().rev() {
        let balance = after.entry(AccountKind::Receivable(entry.customer).account(entry.currency)).or_default();
        posted.push(Posted { id: LedgerTransactionId(store.new_id(change.at)), balance: *balance });
        *balance -= entry.amount();
    }
    // The ids were made in the other order.
    let mut ids: Vec<LedgerTransactionId> = posted.iter().map(|one| one.id).collect();
    ids.sort();
    posted.reverse();
    posted.iter_mut().zip(ids).for_each(|(one, id)| one.id = id);
    write(tx, change, entries, &posted).await?;
    Ok(posted)
}

/// Writes one entry that was not written before.
///
/// # Errors
/// As [`post`].
pub(crate) async fn post_one(
    store: &Store,
    tx: &mut Tx,
    change: &Change<'_>,
    entry: Entry,
) -> Result<Posted, StoreError> {
    let posted = post(store, tx, change, std::slice::from_ref(&entry)).await?;
    posted.first().copied().ok_or(StoreError::NotFound)
}

async fn write(tx: &mut Tx, change: &Change<'_>, entries: &[Entry], posted: &[Posted]) -> Result<(), StoreError> {
    let (mut rows, mut words) = (Vec::new(), Vec::new());
    for (entry, one) in entries.iter().zip(posted) {
        let text = outside::line(&entry.text, TEXT_MAX);
        let found_by = Words::of(&[&text]);
        words.extend(found_by.rows(WORDS.kind, &one.id.to_string()));
        rows.push(transaction_row(change, entry, one, text, &found_by));
    }
    tx.insert_all_later(TRANSACTIONS, rows).await?;
    tx.insert_all_later(search::INSERT, words).await?;
    let sides = entries.iter().zip(posted).flat_map(|(entry, one)| {
        entry
            .postings
            .iter()
            .map(|posting| vec![one.id.into(), posting.account.account(entry.currency).into(), posting.amount.into()])
    });
    tx.insert_all_later(POSTINGS, sides.collect()).await
}

fn account_row(id: &str, movement: &Movement) -> Vec<Arg> {
    let (customer, system) = match movement.kind {
        AccountKind::Receivable(customer) => (Some(customer), None),
        AccountKind::Clearing(system) => (None, Some(system)),
        AccountKind::Revenue | AccountKind::Tax | AccountKind::Adjustments | AccountKind::Refunds => (None, None),
    };
    vec![
        id.into(),
        movement.kind.key().into(),
        customer.into(),
        system.into(),
        movement.currency.code().into(),
        movement.amount.into(),
        movement.postings.into(),
    ]
}

fn transaction_row(change: &Change<'_>, entry: &Entry, posted: &Posted, text: String, words: &Words) -> Vec<Arg> {
    vec![
        posted.id.into(),
        entry.key.as_str().into(),
        entry.kind.key().into(),
        entry.customer.into(),
        entry.currency.code().into(),
        entry.amount().into(),
        posted.balance.into(),
        change.at.into(),
        text.into(),
        entry.invoice.into(),
        entry.payment.into(),
        entry.refund.into(),
        change.actor.into(),
        change.by_staff.into(),
        words.column().into(),
    ]
}
