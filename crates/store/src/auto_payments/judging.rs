//! Is a charge still to be made, and of how much?
//!
//! Between the moment at which a charge is noted and the one at which a card is charged lies anything: a queue, a retry after
//! days. So it is judged twice: when somebody takes it, and just before the processor is asked.

use tandem_domain::{
    billing::{
        auto_payment::{AutoPaymentState, AutoPaymentTerms, ChargeState, Circumstances},
        invoice::InvoiceState,
    },
    customer::Billing,
    ids::ChargeId,
    locale::Currency,
    money::Money,
};

use super::{AutoPayments, Claimed, charges};
use crate::{
    StoreError,
    db::{Arg, Row, Sql, Tx, sql},
};

/// How a charge stands just before the processor is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It is to be made, of this much: a payment of another amount is not its payment any more.
    Charge(Money),
    /// There is nothing to charge any more, and it has ended.
    Over(ChargeState),
    /// It is not this worker's any more: it has ended, or its lease had, and another has it.
    Lost,
}

/// What a charge comes to: how much is charged, or how it ends.
type Judged = Result<Money, ChargeState>;

/// Charges with all by which they are judged, in one statement, so that no movement of money is half done in it. An invoice is
/// charged for what is open of it, whatever the balance; a top-up by the balance less what the customer's other open charges will
/// bring.
const CIRCUMSTANCES: &str = "SELECT a.*, c.billing, c.currency AS pays_in, p.state AS auto_state, p.reason, p.on_invoice, \
    p.threshold, p.top_up, i.state AS invoice_state, i.currency AS invoice_currency, i.total - i.paid AS invoice_open, \
    CASE WHEN a.invoice_id IS NULL THEN \
    COALESCE((SELECT l.balance FROM ledger_account l WHERE l.id = 'receivable:' || c.id || ':' || c.currency), 0) \
    - (SELECT CAST(COALESCE(SUM(COALESCE(o.amount, n.total - n.paid)), 0) AS BIGINT) FROM auto_charge o \
    LEFT JOIN invoice n ON n.id = o.invoice_id AND n.state = 'open' \
    WHERE o.customer_id = a.customer_id AND o.id <> a.id AND o.state IN ('waiting', 'charging')) \
    ELSE 0 END AS balance \
    FROM auto_charge a JOIN customer c ON c.id = a.customer_id LEFT JOIN auto_payment p ON p.customer_id = a.customer_id \
    LEFT JOIN invoice i ON i.id = a.invoice_id AND i.customer_id = a.customer_id WHERE";
/// Charges that are judged at once.
const AT_ONCE: usize = 64;

impl AutoPayments<'_> {
    /// Judges a charge: to be asked just before a payment is created at the processor, and before it is confirmed there. One for
    /// which there is nothing to do ends.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn charge_stands(&self, claimed: &Claimed) -> Result<Standing, StoreError> {
        // Mostly it is to be made, and then nobody has to wait for anything: what another has not ended yet might as well begin
        // in a moment, while the processor is asked.
        match self.0.db.one(own(claimed)).await? {
            None => return Ok(Standing::Lost),
            Some(row) => {
                if let (_, Ok(amount)) = judge(&row)? {
                    return Ok(Standing::Charge(amount));
                }
            }
        }
        let mut tx = self.0.begin().await?;
        let turn = sql("SELECT id FROM customer WHERE id = $1").bind(claimed.charge.customer).steady();
        tx.one(turn).await?;
        let Some(row) = tx.one(own(claimed)).await? else {
            tx.roll_back().await?;
            return Ok(Standing::Lost);
        };
        match judge(&row)? {
            (_, Ok(amount)) => {
                tx.roll_back().await?;
                Ok(Standing::Charge(amount))
            }
            (own, Err(end)) => {
                tx.later(charges::ended(own.charge.id, end)).await?;
                tx.commit().await?;
                Ok(Standing::Over(end))
            }
        }
    }
}

/// The charge as it is now, if it is still this worker's.
fn own(claimed: &Claimed) -> Sql {
    let own = format!("{CIRCUMSTANCES} a.id = $1 AND a.claims = $2 AND a.state = 'charging'");
    sql(own).bind(claimed.charge.id).bind(claimed.claim)
}

/// These charges, in their order, and what each comes to.
pub(super) async fn judged(tx: &mut Tx, ids: &[ChargeId]) -> Result<Vec<(Claimed, Judged)>, StoreError> {
    let mut all = Vec::with_capacity(ids.len());
    for some in ids.chunks(AT_ONCE) {
        // Two texts are all there are: for one charge, and for many, the last of them again and again.
        let places = if some.len() == 1 { 1 } else { AT_ONCE };
        let Some(last) = some.last() else { continue };
        let these = some.iter().chain(std::iter::repeat_n(last, places - some.len())).map(Arg::from);
        let list: Vec<String> = (1..=places).map(|n| format!("${n}")).collect();
        let find = format!("{CIRCUMSTANCES} a.id IN ({}) ORDER BY a.due_at, a.id", list.join(", "));
        for row in tx.all(sql(find).bind_all(these)).await? {
            all.push(judge(&row)?);
        }
    }
    Ok(all)
}

/// Judges a charge by all that is known of it now.
fn judge(row: &Row) -> Result<(Claimed, Judged), StoreError> {
    let claimed = charges::read(row)?;
    let now = Circumstances {
        terms: terms(row)?,
        invoice: invoice(row)?,
        balance: row.int("balance")?,
        billing: row.read("billing", Billing::from_key)?,
        currency: row.read("pays_in", Currency::from_code)?,
    };
    let judged = claimed.charge.judge(&now);
    Ok((claimed, judged))
}

/// What the customer wants paid automatically, if that is on.
fn terms(row: &Row) -> Result<Option<AutoPaymentTerms>, StoreError> {
    if row.text_or_null("auto_state")?.is_none() {
        return Ok(None);
    }
    let reason = row.text("reason")?;
    match row.read("auto_state", |state| AutoPaymentState::from_keys(state, &reason))? {
        AutoPaymentState::Off | AutoPaymentState::Disabled(_) => Ok(None),
        AutoPaymentState::On => super::terms(row).map(Some),
    }
}

/// How far the charge's invoice is, and what is open of it.
fn invoice(row: &Row) -> Result<Option<(InvoiceState, Money)>, StoreError> {
    let Some(open) = row.int_or_null("invoice_open")? else { return Ok(None) };
    let state = row.read("invoice_state", InvoiceState::from_key)?;
    Ok(Some((state, Money::new(open, row.read("invoice_currency", Currency::from_code)?))))
}
