//! Issuing and withdrawing invoices.

use tandem_domain::{
    access::Tenant,
    audit::{FieldChange, Subject},
    billing::{
        auto_payment::{ChargeKind, OnInvoice},
        invoice::{Invoice, InvoiceNumber, InvoiceState, NewInvoice},
        ledger::Entry,
        payment::PaymentState,
    },
    ids::InvoiceId,
    money::Money,
};

use super::{Invoices, WORDS, allocating, by_id, read};
use crate::{
    Change, StoreError,
    auto_payments::{charges, thresholds},
    db::{Arg, sql},
    ledger::{Owner, posting, token},
    payments,
    saving::{About, Write},
    search::{self, Words},
};

impl Invoices<'_> {
    /// Issues an invoice: it takes the next number, is posted, is paid from what the customer has to its credit, and paid
    /// automatically if that is wanted on issue; all in one transaction, so that no number is lost. `token` names the one
    /// request: a second one with it gives the same invoice.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Refused`]: what [`NewInvoice::check`] says.
    pub async fn issue(
        &self,
        change: &Change<'_>,
        tenant: Tenant,
        request: &str,
        new: &NewInvoice,
    ) -> Result<InvoiceId, StoreError> {
        let totals = new.check().map_err(StoreError::Refused)?;
        let request = token(request)?;
        let mut write = self.0.write(change).await?;
        let customer = Owner::take_turn(&mut write, tenant).await?;
        let before = sql("SELECT id FROM invoice WHERE customer_id = $1 AND token = $2");
        if let Some(row) = write.one(before.bind(customer.id).bind(request.as_str())).await? {
            return row.parse("id");
        }
        let next = sql("UPDATE counter SET value = value + 1 WHERE name = 'invoice' RETURNING value");
        let number = match write.all(next).await?.first() {
            Some(row) => InvoiceNumber(row.int("value")?),
            None => return Err(StoreError::NotFound),
        };
        let id = InvoiceId(write.new_id());
        let invoice = Invoice {
            id,
            number,
            customer: customer.id,
            buyer: customer.name.clone(),
            state: InvoiceState::Open,
            currency: customer.currency,
            issued: change.at,
            issued_on: new.issued_on.trim().into(),
            due_on: new.due_on.trim().into(),
            lines: new.lines.clone(),
            totals,
            paid: 0,
            paid_at: None,
            note: new.note.trim().into(),
        };
        insert(&mut write, &invoice, &request).await?;
        let totals = &invoice.totals;
        let entry = Entry::invoice_issued(id, customer.id, customer.currency, totals.net, totals.tax);
        let entry = Entry { text: number.to_string(), ..entry };
        let entries = [entry];
        let posted = posting::append(self.0, &mut write.tx, change, &entries).await?;
        allocating::apply_credit(self.0, &mut write.tx, change.at, tenant, customer.currency).await?;
        // Only for what the credit has left open; and before the balance is looked at, which this charge will mend.
        let left = write.one(by_id(tenant, id)).await?.as_ref().map(read).transpose()?;
        let is_payable = left.is_some_and(|invoice| invoice.open().payable().is_ok());
        if is_payable && auto_payment(&mut write, tenant).await? == Some(OnInvoice::OnIssue) {
            let due = charges::of_invoice(self.0, change.at, &invoice, ChargeKind::Issue);
            write.tx.insert_all_or(charges::INSERT, vec![due], charges::ONCE).await?;
        }
        thresholds::note(self.0, &mut write.tx, change.at, &posting::moved(&entries, &posted)).await?;
        let about = About::of(customer.id, Subject::Invoice, id, &number.to_string());
        let told = FieldChange { field: "total".into(), old: String::new(), new: invoice.total().to_string() };
        write.tell(&about, "issued", None, vec![told]).await?;
        write.commit().await?;
        Ok(id)
    }

    /// Withdraws an open invoice, with a reason. What was paid of it is the customer's credit again.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], also for another tenant's; [`StoreError::Refused`] (`state`) when it is not open, or a payment
    /// of it is with the bank.
    pub async fn void(
        &self,
        change: &Change<'_>,
        tenant: Tenant,
        id: InvoiceId,
        reason: &str,
    ) -> Result<(), StoreError> {
        let mut write = self.0.write(change).await?;
        let customer = Owner::take_turn(&mut write, tenant).await?;
        let invoice =
            write.one(by_id(tenant, id)).await?.as_ref().map(read).transpose()?.ok_or(StoreError::NotFound)?;
        if invoice.state != InvoiceState::Open {
            let words = match invoice.state {
                InvoiceState::Paid => "This invoice is paid. Refund the payment, or give a credit.",
                InvoiceState::Open | InvoiceState::Void => "This invoice is withdrawn already.",
            };
            return Err(StoreError::refused("state", words));
        }
        let [action, processing] = PaymentState::WITH_BANK.map(PaymentState::key);
        let with_bank = sql("SELECT id FROM payment WHERE invoice_id = $1 AND state IN ($2, $3) LIMIT 1")
            .bind(id)
            .bind(action)
            .bind(processing);
        if write.one(with_bank).await?.is_some() {
            return Err(StoreError::refused(
                "state",
                "A payment of this invoice is under way. Wait until it is decided.",
            ));
        }
        let totals = &invoice.totals;
        let entry = Entry::invoice_voided(id, customer.id, invoice.currency, totals.net, totals.tax);
        let entry = Entry { text: invoice.number.to_string(), ..entry };
        allocating::take_away(self.0, &mut write.tx, change.at, &invoice, None, invoice.paid).await?;
        write.run(sql("UPDATE invoice SET state = 'void' WHERE id = $1").bind(id)).await?;
        charges::call_off_invoice(&mut write.tx, id).await?;
        payments::look_again(&mut write.tx, change.at, id).await?;
        posting::post_one(self.0, &mut write.tx, change, entry).await?;
        allocating::apply_credit(self.0, &mut write.tx, change.at, tenant, invoice.currency).await?;
        let about = About::of(customer.id, Subject::Invoice, id, &invoice.number.to_string());
        let told = [
            ("state", InvoiceState::Open.key(), InvoiceState::Void.key()),
            ("total", &*Money::new(totals.total, invoice.currency).to_string(), ""),
            ("reason", "", reason),
        ];
        let told = told.map(|(field, old, new)| FieldChange { field: field.into(), old: old.into(), new: new.into() });
        write.tell(&about, "withdrawn", None, told.into()).await?;
        write.commit().await
    }
}

/// When the customer's invoices are paid automatically, if that is on.
async fn auto_payment(write: &mut Write<'_>, tenant: Tenant) -> Result<Option<OnInvoice>, StoreError> {
    let on = sql("SELECT customer_id AS id, on_invoice FROM auto_payment WHERE customer_id = $1 AND state = 'on'");
    let row = write.one(on.bind(tenant.customer())).await?;
    row.map(|row| row.read("on_invoice", OnInvoice::from_key)).transpose()
}

/// The head of an insert of [`row`].
pub(crate) const INSERT: &str = "INSERT INTO invoice (id, number, customer_id, buyer, token, state, currency, net, tax, total, paid, \
                                 issued_at, issued_on, due_on, paid_at, lines, rates, note, search)";

async fn insert(write: &mut Write<'_>, invoice: &Invoice, token: &str) -> Result<(), StoreError> {
    let mut found_by = vec![invoice.number.to_string(), invoice.number.0.to_string(), invoice.buyer.clone()];
    found_by.push(invoice.note.clone());
    found_by.extend(invoice.lines.iter().map(|line| line.text.clone()));
    let words = Words::of(&found_by.iter().map(String::as_str).collect::<Vec<_>>());
    write.insert_all(INSERT, vec![row(invoice, token, &words)?]).await?;
    search::index(&mut write.tx, WORDS.kind, &invoice.id.to_string(), "", &words).await
}

/// An invoice as it is kept; `words` are those by which it is found.
pub(crate) fn row(invoice: &Invoice, token: &str, words: &Words) -> Result<Vec<Arg>, StoreError> {
    let json =
        |value: serde_json::Result<String>| value.map_err(|error| StoreError::refused("lines", error.to_string()));
    Ok(vec![
        invoice.id.into(),
        invoice.number.0.into(),
        invoice.customer.into(),
        invoice.buyer.as_str().into(),
        token.into(),
        invoice.state.key().into(),
        invoice.currency.code().into(),
        invoice.totals.net.into(),
        invoice.totals.tax.into(),
        invoice.totals.total.into(),
        invoice.paid.into(),
        invoice.issued.into(),
        invoice.issued_on.as_str().into(),
        invoice.due_on.as_str().into(),
        invoice.paid_at.into(),
        json(serde_json::to_string(&invoice.lines))?.into(),
        json(serde_json::to_string(&invoice.totals.rates))?.into(),
        invoice.note.as_str().into(),
        words.column().into(),
    ])
}
