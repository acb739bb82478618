//! Is a charge still to be made, and of how much?
//!
//! Between the moment at which a charge is noted and the one at which a card is charged lies anything: a queue, a retry after
//! days. So it is judged twice: when somebody takes it, and just before the processor is asked.

use tandem_domain::{
    access::Tenant,
    billing::auto_payment::{Charge, ChargeState, Circumstances},
    customer::Billing,
    locale::Currency,
    money::Money,
};

use super::{AutoPayments, Claimed, by_customer, charges, read};
use crate::{
    StoreError,
    db::{Tx, sql},
    invoices,
    ledger::balance_of,
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

impl AutoPayments<'_> {
    /// Judges a charge when it is its customer's turn, so that no movement of money is half done: to be asked just before a
    /// payment is created at the processor, and before it is confirmed there. One for which there is nothing to do ends.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn charge_stands(&self, claimed: &Claimed) -> Result<Standing, StoreError> {
        let mut tx = self.0.begin().await?;
        let turn = sql("SELECT id FROM customer WHERE id = $1").bind(claimed.charge.customer).steady();
        tx.one(turn).await?;
        let Some(own) = charges::own(&mut tx, claimed).await? else {
            tx.roll_back().await?;
            return Ok(Standing::Lost);
        };
        match judge(&mut tx, &own.charge).await? {
            Ok(amount) => {
                tx.roll_back().await?;
                Ok(Standing::Charge(amount))
            }
            Err(end) => {
                tx.run(charges::ended(own.charge.id, end)).await?;
                tx.commit().await?;
                Ok(Standing::Over(end))
            }
        }
    }
}

/// Judges a charge by all that is known of it now.
pub(super) async fn judge(tx: &mut Tx, charge: &Charge) -> Result<Result<Money, ChargeState>, StoreError> {
    let auto = tx.one(by_customer(charge.customer)).await?.as_ref().map(read).transpose()?;
    let invoice = match charge.invoice {
        None => None,
        Some(id) => tx.one(invoices::by_id(Tenant::for_system(charge.customer), id)).await?,
    };
    let invoice = invoice.as_ref().map(invoices::read).transpose()?;
    let customer = sql("SELECT id, billing, currency FROM customer WHERE id = $1").bind(charge.customer);
    let customer = tx.one(customer).await?.ok_or(StoreError::NotFound)?;
    let currency = customer.read("currency", Currency::from_code)?;
    // An invoice is charged for what is open of it, whatever the balance.
    let balance = match charge.invoice {
        Some(_) => 0,
        None => balance_of(tx, charge.customer, currency).await?.saturating_sub(expected(tx, charge).await?),
    };
    let now = Circumstances {
        auto: auto.as_ref(),
        invoice: invoice.as_ref(),
        balance,
        billing: customer.read("billing", Billing::from_key)?,
        currency,
    };
    Ok(charge.judge(&now))
}

/// What the customer's other open charges will bring, in minor units.
async fn expected(tx: &mut Tx, charge: &Charge) -> Result<i64, StoreError> {
    let expected = "SELECT CAST(COALESCE(SUM(COALESCE(a.amount, i.total - i.paid)), 0) AS BIGINT) AS minor \
                    FROM auto_charge a LEFT JOIN invoice i ON i.id = a.invoice_id AND i.state = 'open' \
                    WHERE a.customer_id = $1 AND a.id <> $2 AND a.state IN ('waiting', 'charging')";
    tx.one(sql(expected).bind(charge.customer).bind(charge.id)).await?.map_or(Ok(0), |row| row.int("minor"))
}
