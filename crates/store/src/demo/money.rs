//! The demonstration's invoices: of ABC one that is paid, one that is overdue and the open one of EUR 120.00, and one of Panda.

use tandem_domain::{
    access::Tenant,
    billing::invoice::{InvoiceLine, NewInvoice},
    ids::{InvoiceId, Timestamp},
    recordings::utc_day,
};

use crate::{Change, Store, StoreError, ledger::NewAdjustment};

/// Belgium's rate, in basis points.
const TAX: u32 = 2100;
const DAY: i64 = 24 * 60 * 60;

/// Issues them, in the order of their days, so that numbers and days go together.
pub(super) async fn fill(store: &Store, now: Timestamp, abc: Tenant, panda: Tenant) -> Result<(), StoreError> {
    let bill = Bill { store, now };
    let paid = bill.issue(abc, 45, &[line("IP Centrex, 5 extensions", 5, 1500), line("Calls", 1, 500)]).await?;
    let transfer = NewAdjustment {
        token: "demo".into(),
        credit: store.invoices().one(abc, paid).await?.totals.total,
        reason: "Bank transfer".into(),
        invoice: Some(paid),
    };
    store.ledger().adjust(&bill.on_day(38), abc, &transfer).await?;
    bill.issue(abc, 20, &[line("Public numbers", 5, 500), line("Installation", 1, 1300)]).await?;
    bill.issue(panda, 4, &[line("Monthly plan", 1, 2479)]).await?;
    bill.issue(abc, 3, &[line("IP Centrex, 5 extensions", 5, 1500), line("Calls", 1, 2417)]).await?;
    Ok(())
}

/// So many of something, each at so many cents.
fn line(text: &str, quantity: i64, unit_price: i64) -> InvoiceLine {
    InvoiceLine { quantity: quantity * 1000, ..InvoiceLine::one(text, unit_price, TAX) }
}

struct Bill<'a> {
    store: &'a Store,
    now: Timestamp,
}

impl Bill<'_> {
    fn on_day(&self, days_ago: i64) -> Change<'static> {
        Change::by_system(self.now.plus_seconds(-days_ago * DAY))
    }

    /// An invoice of so many days ago, due two weeks later.
    async fn issue(&self, tenant: Tenant, days_ago: i64, lines: &[InvoiceLine]) -> Result<InvoiceId, StoreError> {
        let change = self.on_day(days_ago);
        let new = NewInvoice {
            lines: lines.to_vec(),
            issued_on: day(change.at),
            due_on: day(change.at.plus_seconds(14 * DAY)),
            note: String::new(),
        };
        self.store.invoices().issue(&change, tenant, &format!("demo:{days_ago}"), &new).await
    }
}

fn day(at: Timestamp) -> String {
    let (year, month, day) = utc_day(at);
    format!("{year:04}-{month:02}-{day:02}")
}
