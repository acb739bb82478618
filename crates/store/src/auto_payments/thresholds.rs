//! Where a balance crosses the threshold of an automatic payment: noted in the transaction that moves the balance, when that is
//! of what is billed or used ([`tandem_domain::billing::ledger::Entry::calls_for_top_up`]).

use std::collections::BTreeMap;

use tandem_domain::{
    billing::auto_payment::ChargeKind,
    customer::Billing,
    ids::{CustomerId, Timestamp},
    locale::Currency,
};

use super::charges;
use crate::{
    Store, StoreError,
    db::{Arg, Row, Tx, sql},
};

/// How a balance moved.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Moved {
    /// What it was.
    pub(crate) before: i64,
    /// What it is now.
    pub(crate) after: i64,
}

/// Customers that are asked for at once.
const AT_ONCE: usize = 100;

/// Customers with a threshold, how many charges they had for it, of which the open ones and those that somebody closed are counted
/// apart, what the charges of their invoices will bring, and how many payments into the balance were given up in the last week or so
/// that the processor may still tell to be paid: what it tells later is credit.
const WATCHED: &str = "SELECT a.customer_id AS id, a.on_invoice, a.threshold, a.top_up, c.billing, c.currency, \
    (SELECT COUNT(*) FROM auto_charge n WHERE n.customer_id = a.customer_id AND n.kind = 'threshold') AS made, \
    (SELECT COUNT(*) FROM auto_charge n WHERE n.customer_id = a.customer_id AND n.kind = 'threshold' \
    AND n.state IN ('waiting', 'charging')) AS under_way, \
    (SELECT COUNT(*) FROM auto_charge n WHERE n.customer_id = a.customer_id AND n.kind = 'threshold' \
    AND n.state = 'called_off') AS called_off, \
    (SELECT COUNT(*) FROM payment g WHERE g.customer_id = a.customer_id AND g.failure_kind = 'given_up' \
    AND g.invoice_id IS NULL AND g.look_at IS NOT NULL AND g.looks < 3) AS given_up, \
    (SELECT CAST(COALESCE(SUM(i.total - i.paid), 0) AS BIGINT) FROM auto_charge n \
    JOIN invoice i ON i.id = n.invoice_id AND i.state = 'open' \
    WHERE n.customer_id = a.customer_id AND n.state IN ('waiting', 'charging')) AS expected \
    FROM auto_payment a JOIN customer c ON c.id = a.customer_id \
    WHERE a.state = 'on' AND a.threshold IS NOT NULL AND a.customer_id IN";

/// Notes a charge for each of these customers whose balance is beyond its threshold, also when all invoices are paid that are
/// charged for already; unless one is under way. One that somebody called off is not made again before the balance was as it should
/// be; and none is made while one that was given up may turn out to be paid.
pub(crate) async fn note(
    store: &Store,
    tx: &mut Tx,
    now: Timestamp,
    balances: &BTreeMap<CustomerId, Moved>,
) -> Result<(), StoreError> {
    let customers: Vec<CustomerId> = balances.keys().copied().collect();
    let mut due = Vec::new();
    for some in customers.chunks(AT_ONCE) {
        // Two texts are all there are: for one customer, and for many, the last of them again and again.
        let places = if some.len() == 1 { 1 } else { AT_ONCE };
        let Some(last) = some.last() else { continue };
        let ids = some.iter().chain(std::iter::repeat_n(last, places - some.len())).map(Arg::from);
        let list: Vec<String> = (1..=places).map(|n| format!("${n}")).collect();
        for row in tx.all(sql(format!("{WATCHED} ({})", list.join(", "))).bind_all(ids)).await? {
            let customer: CustomerId = row.parse("id")?;
            let Moved { before, after } = balances.get(&customer).copied().unwrap_or_default();
            if row.int("called_off")? > 0 {
                if top_up_at(before, &row)?.is_some() && top_up_at(after, &row)?.is_some() {
                    continue;
                }
                charges::forget_called_off_top_ups(tx, customer).await?;
            }
            due.extend(charge(store, now, customer, after, &row)?);
        }
    }
    tx.insert_all_or(charges::INSERT, due, charges::ONCE).await
}

/// What is paid into the balance when it is this.
fn top_up_at(balance: i64, row: &Row) -> Result<Option<i64>, StoreError> {
    Ok(super::terms(row)?.top_up_at(balance, row.read("billing", Billing::from_key)?))
}

fn charge(
    store: &Store,
    now: Timestamp,
    customer: CustomerId,
    balance: i64,
    row: &Row,
) -> Result<Option<Vec<Arg>>, StoreError> {
    if row.int("under_way")? > 0 || row.int("given_up")? > 0 {
        return Ok(None);
    }
    let Some(amount) = top_up_at(balance.saturating_sub(row.int("expected")?), row)? else { return Ok(None) };
    let cause = format!("threshold:{customer}:{}", row.int("made")? + 1);
    let currency = row.read("currency", Currency::from_code)?;
    Ok(Some(charges::new(store, now, customer, cause, ChargeKind::Threshold, None, Some(amount), currency)))
}
