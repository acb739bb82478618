//! Is this a new payment, or one that is under way?
//!
//! A page makes a token for its form; of two requests with one token, such as those of a double click, the second is given the
//! payment of the first. An invoice has one payment under way: whoever wants to pay it in a second tab goes on with that one.

use tandem_domain::{
    access::Tenant,
    audit::{FieldChange, Subject},
    billing::{
        failure::{Failure, FailureKind},
        invoice::{Invoice, InvoiceState},
        payment::{Cause, Payment, PaymentState},
    },
    ids::{AccountId, ChargeId, InvoiceId, PaymentId, PaymentMethodId, PaymentSystemId, Timestamp},
    money::Money,
};

use super::{Payments, WORDS, by_id, failure_args, note, open_of, read, sweeping::first_look};
use crate::{
    Change, StoreError,
    auto_payments::charges,
    db::sql,
    invoices::{self, allocating},
    ledger::{Owner, another_request, token},
    payment_methods,
    saving::{About, Write},
    search::{self, Words},
};

/// What is paid for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PayFor {
    /// What is open of an invoice.
    Invoice(InvoiceId),
    /// The balance, with so many minor units of the customer's currency.
    Balance(i64),
}

/// A payment that is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPayment {
    /// Made by the page for one form; for a charge, its id.
    pub token: String,
    /// What for.
    pub pay_for: PayFor,
    /// At which payment system.
    pub system: PaymentSystemId,
    /// With which saved method.
    pub method: Option<PaymentMethodId>,
    /// The card is to be saved.
    pub save_method: bool,
    /// The customer is not there.
    pub off_session: bool,
    /// The account that pays, if it is not the customer itself.
    pub payer: Option<AccountId>,
    /// The charge that it is for.
    pub charge: Option<ChargeId>,
}

/// A payment that was begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Begun {
    /// The payment.
    pub payment: Payment,
    /// It is new. If not, it is the one that the token, or the invoice, had before: as far as that is. To a charge it may be one
    /// that the customer makes itself at this moment ([`Payment::is_in_person`]): then the charge waits.
    pub fresh: bool,
}

impl Payments<'_> {
    /// Begins a payment, or gives the one that is under way.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]: the customer, the invoice, the charge or the payer is not there, or another tenant's;
    /// [`StoreError::Refused`]: `invoice` when it is not open, or a payment of another amount is under way; `amount` when no
    /// payment can be of it; `token` when something else was paid with it; `method` when it cannot be used; `system` when it does not take this currency, or is off.
    pub async fn begin(&self, change: &Change<'_>, tenant: Tenant, new: &NewPayment) -> Result<Begun, StoreError> {
        let request = token(&new.token)?;
        let mut write = self.0.write(change).await?;
        let customer = Owner::take_turn(&mut write, tenant).await?;
        let before = sql("SELECT * FROM payment WHERE customer_id = $1 AND token = $2");
        let before = write.one(before.bind(customer.id).bind(request.as_str())).await?;
        if let Some(payment) = before.as_ref().map(read).transpose()? {
            let is_same = match new.pay_for {
                PayFor::Invoice(invoice) => payment.invoice == Some(invoice),
                PayFor::Balance(minor) => payment.invoice.is_none() && payment.amount.minor == minor,
            };
            write.tx.roll_back().await?;
            return if is_same { Ok(Begun { payment, fresh: false }) } else { Err(another_request()) };
        }
        let (amount, invoice) = match new.pay_for {
            PayFor::Balance(minor) => (Money::new(minor, customer.currency), None),
            PayFor::Invoice(invoice) => {
                let open = write.one(open_of(customer.id, invoice)).await?.as_ref().map(read).transpose()?;
                let invoice = self.payable(&mut write, tenant, invoice).await?;
                match open {
                    None => (invoice.open(), Some(invoice)),
                    Some(payment) => return go_on(write, new, payment, &invoice).await,
                }
            }
        };
        let amount = amount.payable().map_err(|error| StoreError::refused("amount", error.0))?;
        check_system(&mut write, new.system, amount).await?;
        let card = check_method(&mut write, tenant, new).await?;
        check_payer(&mut write, tenant, new.payer).await?;
        let payment = Payment {
            id: PaymentId(write.new_id()),
            customer: customer.id,
            invoice: invoice.as_ref().map(|invoice| invoice.id),
            amount,
            refunded: 0,
            state: PaymentState::Created,
            off_session: new.off_session,
            save_method: new.save_method,
            system: new.system,
            method: new.method,
            reference: None,
            failure: None,
            attempts: 0,
            payer: new.payer,
            created: change.at,
            resumed: None,
            observed: None,
            paid_at: None,
            refunds_from: Timestamp::default(),
        };
        let number = invoice.map(|invoice| invoice.number.to_string()).unwrap_or_default();
        insert(&mut write, &payment, &request, &number, &card).await?;
        note(&mut write, &payment, None, payment.state, Cause::Api, None).await?;
        if let Some(charge) = new.charge {
            charges::has_payment(&mut write.tx, charge, payment.id).await?;
        }
        if !new.off_session {
            let about = About::of(customer.id, Subject::Payment, payment.id, &name(&payment, &number));
            let told = [("amount", amount.to_string()), ("invoice", number)];
            let told = told.map(|(field, new)| FieldChange { field: field.into(), old: String::new(), new });
            let told = told.into_iter().filter(|change| !change.new.is_empty()).collect();
            write.tell(&about, "begun", None, told).await?;
        }
        write.commit().await?;
        Ok(Begun { payment, fresh: true })
    }

    /// One more request to confirm a payment is about to be sent: tells its number, from 1, for the request's idempotency key.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn begin_attempt(&self, id: PaymentId) -> Result<u32, StoreError> {
        let mut tx = self.0.begin().await?;
        let next = sql("UPDATE payment SET attempts = attempts + 1 WHERE id = $1 RETURNING attempts").bind(id);
        let attempts = tx.all(next).await?.first().ok_or(StoreError::NotFound)?.number("attempts")?;
        tx.commit().await?;
        Ok(attempts)
    }

    /// The customer takes a payment in hand that was begun without it; tells the payment. One that cannot be gone on with is
    /// left as it is.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], also for another tenant's.
    pub async fn resume(&self, now: Timestamp, tenant: Tenant, id: PaymentId) -> Result<Payment, StoreError> {
        let mut tx = self.0.begin().await?;
        let own = sql("SELECT * FROM payment WHERE id = $1 AND customer_id = $2").bind(id).bind(tenant.customer());
        let payment = tx.one(own).await?.as_ref().map(read).transpose()?.ok_or(StoreError::NotFound)?;
        if !payment.off_session || !payment.state.can_be_resumed() {
            return Ok(payment);
        }
        tx.run(sql("UPDATE payment SET resumed_at = $1 WHERE id = $2").bind(now).bind(id)).await?;
        tx.commit().await?;
        Ok(Payment { resumed: Some(now), ..payment })
    }

    /// Keeps the processor's name for a payment, once.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Refused`] (`reference`) when it has another, or another payment has this one.
    pub async fn attach(&self, id: PaymentId, reference: &str) -> Result<(), StoreError> {
        let refused = || StoreError::refused("reference", "The processor knows this payment by another name.");
        let mut tx = self.0.begin().await?;
        // The row is locked before it is read, or of two at once one would leave words that it knows nothing of.
        let row = tx.all(sql("UPDATE payment SET attempts = attempts WHERE id = $1 RETURNING *").bind(id)).await?;
        let row = row.first().ok_or(StoreError::NotFound)?;
        match row.text_or_null("reference")? {
            Some(own) if own == reference => return Ok(()),
            Some(_) => return Err(refused()),
            None => {}
        }
        let old = row.text("search")?;
        let words = Words::of(&[&old, reference]);
        let attach = sql("UPDATE payment SET reference = $1, search = $2 WHERE id = $3");
        let attached = tx.run(attach.bind(reference).bind(words.column()).bind(id)).await;
        attached.map_err(|error| if error.is_taken("payment", "reference") { refused() } else { error })?;
        search::index(&mut tx, WORDS.kind, &id.to_string(), &old, &words).await?;
        tx.commit().await
    }

    /// The processor would not begin a payment, and never will: it has failed. Tells whether it was open until now.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Refused`] (`state`) when the processor knows the payment: then it is called off
    /// there, and what the processor says of it is taken.
    pub async fn give_up(&self, change: &Change<'_>, id: PaymentId, failure: &Failure) -> Result<bool, StoreError> {
        let tenant = Tenant::for_system(self.get(id).await?.customer);
        let mut write = self.0.write(change).await?;
        write.take_turn(tenant.customer()).await?;
        let payment = write.one(by_id(id)).await?.as_ref().map(read).transpose()?.ok_or(StoreError::NotFound)?;
        if payment.reference.is_some() {
            return Err(StoreError::refused("state", "The processor knows this payment; call it off there."));
        }
        if !payment.state.is_open() {
            return Ok(false);
        }
        self.fail(&mut write, tenant, &payment, failure, None).await?;
        write.commit().await?;
        Ok(true)
    }

    /// Somebody of the provider closes a payment, for a reason, of which the processor cannot be asked any more. It stands in
    /// nobody's way from now on, and is looked at again now and then: should the processor ever say that it is paid, it is
    /// credited. What it was for is not charged by itself any more. Tells whether it was open until now.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], also for another tenant's.
    pub async fn give_up_unheard(
        &self,
        change: &Change<'_>,
        tenant: Tenant,
        id: PaymentId,
        reason: &str,
    ) -> Result<bool, StoreError> {
        let mut write = self.0.write(change).await?;
        write.take_turn(tenant.customer()).await?;
        let payment = write.one(by_id(id)).await?.as_ref().map(read).transpose()?;
        let payment = payment.filter(|payment| payment.customer == tenant.customer()).ok_or(StoreError::NotFound)?;
        if !payment.state.is_open() {
            return Ok(false);
        }
        let failure = Failure::new(FailureKind::GivenUp, "given_up", reason);
        self.fail(&mut write, tenant, &payment, &failure, first_look(change.at)).await?;
        charges::call_off_for(&mut write.tx, &payment).await?;
        let about = About::of(payment.customer, Subject::Payment, id, &name(&payment, ""));
        let told = [("state", payment.state.key(), PaymentState::Failed.key()), ("reason", "", &*failure.message)];
        let told = told.map(|(field, old, new)| FieldChange { field: field.into(), old: old.into(), new: new.into() });
        write.tell(&about, "given_up", None, told.into()).await?;
        write.commit().await?;
        Ok(true)
    }

    /// A payment has failed without becoming paid. Whoever calls has the customer's turn.
    async fn fail(
        &self,
        write: &mut Write<'_>,
        tenant: Tenant,
        payment: &Payment,
        failure: &Failure,
        look_at: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        let (to, now) = (PaymentState::Failed, write.at());
        let update = sql("UPDATE payment SET state = $1, is_open = FALSE, sweep_at = NULL, failure_kind = $2, \
                          failure_code = $3, failure_message = $4, look_at = $5, looks = 0 WHERE id = $6")
        .bind(to.key())
        .bind_all(failure_args(Some(failure)))
        .bind(look_at)
        .bind(payment.id);
        write.run(update).await?;
        note(write, payment, Some(payment.state), to, Cause::Api, Some(failure)).await?;
        allocating::apply_credit(self.0, &mut write.tx, now, tenant, payment.amount.currency).await
    }

    /// The invoice, if it can be paid.
    async fn payable(&self, write: &mut Write<'_>, tenant: Tenant, id: InvoiceId) -> Result<Invoice, StoreError> {
        let row = write.one(invoices::by_id(tenant, id)).await?.ok_or(StoreError::NotFound)?;
        let invoice = invoices::read(&row)?;
        match invoice.state {
            InvoiceState::Open => Ok(invoice),
            InvoiceState::Paid => Err(StoreError::refused("invoice", "This invoice is paid already.")),
            InvoiceState::Void => {
                Err(StoreError::refused("invoice", "This invoice was withdrawn; there is nothing to pay."))
            }
        }
    }
}

/// The payment that is under way for the invoice, which is what is wanted if it is of what is open.
async fn go_on(
    mut write: Write<'_>,
    new: &NewPayment,
    payment: Payment,
    invoice: &Invoice,
) -> Result<Begun, StoreError> {
    if payment.amount != invoice.open() {
        let words = format!(
            "A payment of {} for this invoice is under way, and {} is open. Finish or cancel that payment first.",
            payment.amount,
            invoice.open()
        );
        return Err(StoreError::refused("invoice", words));
    }
    // One that the customer makes itself is not the charge's: should it fail, automatic payment has not.
    if let Some(charge) = new.charge.filter(|_| payment.off_session) {
        charges::has_payment(&mut write.tx, charge, payment.id).await?;
        write.commit().await?;
    } else {
        write.tx.roll_back().await?;
    }
    Ok(Begun { payment, fresh: false })
}

async fn check_system(write: &mut Write<'_>, system: PaymentSystemId, amount: Money) -> Result<(), StoreError> {
    let takes = "SELECT s.id FROM payment_system s JOIN payment_route r ON r.system_id = s.id \
                 WHERE s.id = $1 AND s.active AND r.currency = $2 LIMIT 1";
    let code = amount.currency.code();
    match write.one(sql(takes).bind(system).bind(code)).await? {
        Some(_) => Ok(()),
        None => Err(StoreError::refused("system", format!("Payments in {code} cannot be made at the moment."))),
    }
}

/// The method that is wanted in words, if it can be used.
async fn check_method(write: &mut Write<'_>, tenant: Tenant, new: &NewPayment) -> Result<String, StoreError> {
    let Some(method) = new.method else { return Ok(String::new()) };
    let usable = "SELECT * FROM payment_method WHERE id = $1 AND customer_id = $2 AND system_id = $3 AND usable \
                  AND NOT removed";
    match write.one(sql(usable).bind(method).bind(tenant.customer()).bind(new.system)).await? {
        Some(row) => Ok(payment_methods::read(&row)?.label()),
        None => Err(StoreError::refused("method", "This card cannot be used any more; choose another.")),
    }
}

async fn check_payer(write: &mut Write<'_>, tenant: Tenant, payer: Option<AccountId>) -> Result<(), StoreError> {
    let Some(payer) = payer else { return Ok(()) };
    let own = sql("SELECT id FROM account WHERE id = $1 AND customer_id = $2").bind(payer).bind(tenant.customer());
    write.one(own).await?.map(drop).ok_or(StoreError::NotFound)
}

async fn insert(
    write: &mut Write<'_>,
    payment: &Payment,
    token: &str,
    number: &str,
    card: &str,
) -> Result<(), StoreError> {
    let words = Words::of(&[number, &payment.amount.plain(), card]);
    let insert = "INSERT INTO payment (id, customer_id, token, invoice_id, amount, currency, refunded, state, is_open, \
                  off_session, save_method, system_id, method_id, card, reference, failure_kind, failure_code, \
                  failure_message, attempts, payer_id, created_at, observed_at, paid_at, refunds_from, sweep_at, search) \
                  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, NULL, $15, $16, $17, $18, $19, $20, \
                  NULL, NULL, $21, $22, $23)";
    let insert = sql(insert)
        .bind(payment.id)
        .bind(payment.customer)
        .bind(token)
        .bind(payment.invoice)
        .bind(payment.amount.minor)
        .bind(payment.amount.currency.code())
        .bind(payment.refunded)
        .bind(payment.state.key())
        .bind(payment.state.is_open())
        .bind(payment.off_session)
        .bind(payment.save_method)
        .bind(payment.system)
        .bind(payment.method)
        .bind(card)
        .bind_all(failure_args(None))
        .bind(payment.attempts)
        .bind(payment.payer)
        .bind(payment.created)
        .bind(payment.refunds_from)
        .bind(payment.created.plus_seconds(payment.next_sweep_seconds(payment.created)))
        .bind(words.column());
    write.later(insert).await?;
    search::index(&mut write.tx, WORDS.kind, &payment.id.to_string(), "", &words).await
}

/// What the audit log calls a payment.
pub(super) fn name(payment: &Payment, number: &str) -> String {
    if number.is_empty() { payment.amount.to_string() } else { format!("{} for {number}", payment.amount) }
}
