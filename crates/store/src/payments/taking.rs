//! What becomes of a payment by the processor's word.
//!
//! The rule is [`Payment::take`]; here it is performed, all in one transaction: the state with a line of its history, the credit
//! or refund in the ledger, the invoice that is paid by it, the charge that it was for, the card that has proven itself, the
//! receipt. Killed at any moment, either all of it is there or none, and the same word may come again.

use tandem_domain::{
    access::Tenant,
    billing::{
        invoice::{Invoice, InvoiceNumber},
        ledger::Entry,
        payment::{Cause, Mismatch, Payment, PaymentState, Snapshot, Step},
    },
    ids::{PaymentId, Timestamp},
    mail::MailKind,
    money::Money,
};

use super::{Payments, WORDS, by_id, failure_args, note, read, refunding, sweeping::first_look};
use crate::{
    Change, Store, StoreError,
    addressee::{Letter, MoneyReader},
    auto_payments::charges,
    db::{Row, sql},
    invoices::{self, allocating},
    ledger::posting,
    outbox::{self, NewMail},
    payment_methods,
    saving::Write,
    search::{self, Words},
};

/// What became of a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Taken {
    /// The step that was taken.
    Step {
        /// The payment as it is now.
        payment: Payment,
        /// The step; when this credits, it is the first to.
        step: Step,
    },
    /// The word was not about this payment, or contradicts it: nothing was done, and somebody has to look at it.
    Mismatch {
        /// The payment, as it was and is.
        payment: Payment,
        /// What does not match.
        mismatch: Mismatch,
    },
}

impl Taken {
    /// The payment as it is now.
    #[must_use]
    pub const fn payment(&self) -> &Payment {
        match self {
            Self::Step { payment, .. } | Self::Mismatch { payment, .. } => payment,
        }
    }
}

/// What a receipt tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The payment.
    pub payment: Payment,
    /// The number of the invoice that it is for.
    pub invoice_number: Option<InvoiceNumber>,
    /// What was paid with: "Visa •••• 4242"; empty if that is not known.
    pub card: String,
    /// The customer's balance afterwards: positive is owed.
    pub balance: Money,
    /// Who reads it.
    pub reader: MoneyReader,
}

impl Payments<'_> {
    /// Takes what the processor said of a payment, asked because of `cause`. `receipt` writes what the payer is sent when the
    /// payment is paid by it; `None`: nothing.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Database`]: nothing was done.
    pub async fn take(
        &self,
        change: &Change<'_>,
        cause: Cause,
        id: PaymentId,
        snapshot: &Snapshot,
        receipt: impl FnOnce(&Receipt) -> Option<Letter>,
    ) -> Result<Taken, StoreError> {
        // A paid one mostly hears what is known already, and then nobody has to wait for anything.
        let payment = self.get(id).await?;
        match payment.take(snapshot) {
            Err(mismatch) => return Ok(Taken::Mismatch { payment, mismatch }),
            Ok(step) if payment.state.is_paid() && step.refund.is_none() => return Ok(Taken::Step { payment, step }),
            Ok(_) => {}
        }
        let tenant = Tenant::for_system(payment.customer);
        let mut write = self.0.write(change).await?;
        write.take_turn(payment.customer).await?;
        let row = write.one(by_id(id)).await?.ok_or(StoreError::NotFound)?;
        let old = read(&row)?;
        let step = match old.take(snapshot) {
            Ok(step) => step,
            Err(mismatch) => return Ok(Taken::Mismatch { payment: old, mismatch }),
        };
        let (method, card) = match &snapshot.method {
            None => (old.method, row.text("card")?),
            // It need not be the one that it was begun with.
            Some(told) => {
                let kept = payment_methods::keep(&mut write, tenant, old.system, told).await?;
                (kept, payment_methods::label(told))
            }
        };
        let new = Payment {
            refunded: old.refunded + step.refund.map_or(0, |refund| refund.minor),
            state: step.to,
            method,
            reference: Some(snapshot.reference.clone()),
            failure: step.failure.clone(),
            observed: old.observed.max(Some(snapshot.asked)),
            paid_at: old.paid_at.or(step.credit.map(|_| change.at)),
            ..old.clone()
        };
        save(&mut write, &old, &new, &card, &row).await?;
        if new.state != old.state || (new.failure != old.failure && new.failure.is_some()) {
            note(&mut write, &new, Some(old.state), new.state, cause, new.failure.as_ref()).await?;
        }
        let is_with_bank = |payment: &Payment| PaymentState::WITH_BANK.contains(&payment.state);
        let has_left_bank = is_with_bank(&old) && !is_with_bank(&new);
        if let Some(credit) = step.credit {
            let paid = Paid { store: self.0, tenant, payment: &new, credit, card };
            paid.perform(&mut write, receipt).await?;
        }
        let has_ended = old.state.is_open() && !new.state.is_open();
        if has_left_bank || (has_ended && !new.state.is_paid()) {
            // Credit was not used for the invoice while the bank had this. What it pays now is not charged for again.
            allocating::apply_credit(self.0, &mut write.tx, change.at, tenant, new.amount.currency).await?;
        }
        if let Some(refund) = step.refund {
            refunding::count(self.0, &mut write, tenant, &new, refund).await?;
        }
        write.commit().await?;
        Ok(Taken::Step { payment: new, step })
    }
}

/// A payment that is paid now.
struct Paid<'a> {
    store: &'a Store,
    tenant: Tenant,
    payment: &'a Payment,
    credit: Money,
    card: String,
}

impl Paid<'_> {
    async fn perform(
        self,
        write: &mut Write<'_>,
        receipt: impl FnOnce(&Receipt) -> Option<Letter>,
    ) -> Result<(), StoreError> {
        let Self { store, tenant, payment, credit, .. } = self;
        let (now, change) = (write.at(), write.change());
        let invoice = self.invoice(write).await?;
        let number = invoice.as_ref().map(|invoice| invoice.number);
        let reader = MoneyReader::of_payer(&mut write.tx, tenant, payment.payer).await?;
        let mut left = credit.minor;
        if let Some(invoice) = &invoice {
            left -= allocating::pay_this(store, &mut write.tx, now, invoice, Some(payment.id), left).await?;
        }
        charges::payment_paid(&mut write.tx, payment.id).await?;
        if let Some(method) = payment.method.filter(|_| payment.is_in_person()) {
            let proven = "UPDATE payment_method SET proven_at = $1 WHERE id = $2 AND proven_at IS NULL";
            write.later(sql(proven).bind(now).bind(method)).await?;
        }
        // As late as can be, for all payments at one system meet here.
        let entry = Entry::payment(payment.id, payment.customer, payment.system, credit);
        let text = number.map(|number| number.to_string()).unwrap_or_default();
        let entry = Entry { text, invoice: payment.invoice, ..entry };
        let posted = posting::post_one(store, &mut write.tx, change, entry).await?;
        if left > 0 {
            allocating::apply_credit(store, &mut write.tx, now, tenant, credit.currency).await?;
        }
        let balance = Money::new(posted.balance, credit.currency);
        let told =
            Receipt { payment: payment.clone(), invoice_number: number, card: self.card.clone(), balance, reader };
        let Some(Letter { subject, text, html }) = receipt(&told).filter(|_| !told.reader.email.is_empty()) else {
            return Ok(());
        };
        let mail = NewMail {
            cause: format!("receipt:{}", payment.id),
            kind: MailKind::PaymentReceipt,
            customer: Some(payment.customer),
            account: told.reader.account,
            recipient: told.reader.email,
            subject,
            text,
            html,
            recording: None,
        };
        outbox::add(store, &mut write.tx, now, &mail).await.map(drop)
    }

    async fn invoice(&self, write: &mut Write<'_>) -> Result<Option<Invoice>, StoreError> {
        let Some(invoice) = self.payment.invoice else { return Ok(None) };
        let row = write.one(invoices::by_id(self.tenant, invoice)).await?.ok_or(StoreError::NotFound)?;
        invoices::read(&row).map(Some)
    }
}

async fn save(write: &mut Write<'_>, old: &Payment, new: &Payment, card: &str, row: &Row) -> Result<(), StoreError> {
    let is_open = new.state.is_open();
    let sweep_at = is_open.then(|| write.at().plus_seconds(new.next_sweep_seconds(write.at())));
    // Whatever happened to a paid one, it is looked at again at growing distances from now.
    let (look_at, looks) = match new.state.is_paid() {
        true => (first_look(write.at()), 0),
        false => (row.int_or_null("look_at")?.map(Timestamp), row.int("looks")?),
    };
    // The words of its name at the processor and of its card.
    let search = row.text("search")?;
    let reference = new.reference.as_deref().filter(|_| old.reference.is_none()).unwrap_or_default();
    let words = Words::of(&[&search, reference, card]);
    let update = "UPDATE payment SET state = $1, is_open = $2, refunded = $3, method_id = $4, card = $5, reference = $6, \
                  failure_kind = $7, failure_code = $8, failure_message = $9, observed_at = $10, paid_at = $11, \
                  sweep_at = $12, look_at = $13, looks = $14, search = $15 WHERE id = $16";
    let update = sql(update)
        .bind(new.state.key())
        .bind(is_open)
        .bind(new.refunded)
        .bind(new.method)
        .bind(card)
        .bind(new.reference.clone())
        .bind_all(failure_args(new.failure.as_ref()))
        .bind(new.observed)
        .bind(new.paid_at)
        .bind(sweep_at)
        .bind(look_at)
        .bind(looks)
        .bind(words.column())
        .bind(new.id);
    write.later(update).await?;
    search::index(&mut write.tx, WORDS.kind, &new.id.to_string(), &search, &words).await
}
