//! Automatic payment: what each customer wants, when it is turned off, and the charges that follow from it.

pub(crate) mod charges;
mod judging;
pub(crate) mod thresholds;

use std::collections::BTreeMap;

use tandem_domain::{
    access::Tenant,
    audit::{FieldChange, Subject},
    billing::auto_payment::{
        AutoPayment, AutoPaymentState, AutoPaymentTerms, ChargeKind, DisabledReason, NOT_PROVEN, OnInvoice, may_turn_on,
    },
    ids::{ChargeId, CustomerId, PaymentId, Timestamp, Version},
    locale::Currency,
    mail::MailKind,
    money::Money,
};

pub use self::{
    charges::{CalledOff, Claimed},
    judging::Standing,
};
use crate::{
    Change, Store, StoreError,
    addressee::{Letter, MoneyReader},
    db::{Row, Sql, sql},
    diff::{Values, changes, values},
    ledger::{Owner, balance_of},
    outbox::{self, NewMail},
    saving::{About, Write, any_field},
};

/// Automatic payment. See [`Store::auto_payments`].
#[derive(Clone, Copy)]
pub struct AutoPayments<'a>(pub(crate) &'a Store);

impl AutoPayments<'_> {
    /// What a customer wants paid automatically; all off, and version 0, when nobody ever said so.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn get(&self, tenant: Tenant) -> Result<AutoPayment, StoreError> {
        let row = self.0.db.one(by_customer(tenant.customer())).await?;
        row.as_ref().map_or_else(|| Ok(nothing(tenant.customer())), read)
    }

    /// Saves what a customer wants over version `expected`, turned on or off, and tells the new version. Turned off, nothing
    /// that waits is charged any more; turned on, what had ended by that, or had failed, is charged again where it is still open. What
    /// somebody closed is not: an invoice is never charged again by itself, and a balance is topped up again when automatic payment
    /// is turned on anew.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::Stale`]; [`StoreError::Refused`]: `on` when the default method was not yet paid
    /// with in person, `on_invoice` when it would be on for nothing.
    pub async fn save(
        &self,
        change: &Change<'_>,
        tenant: Tenant,
        expected: Version,
        terms: &AutoPaymentTerms,
        on: bool,
    ) -> Result<Version, StoreError> {
        let mut write = self.0.write(change).await?;
        let customer = Owner::take_turn(&mut write, tenant).await?;
        let old = write.one(by_customer(customer.id)).await?;
        let old = old.as_ref().map_or_else(|| Ok(nothing(customer.id)), read)?;
        if old.version != expected {
            return Err(write.stale(record(customer.id), expected, old.version, any_field).await);
        }
        if on && !terms.is_anything() {
            return Err(StoreError::refused("on_invoice", "Choose what is paid automatically."));
        }
        if on && !may_turn_on(has_proven_default(&mut write, customer.id).await?) {
            return Err(StoreError::refused("on", NOT_PROVEN));
        }
        let state = match (on, old.state) {
            (true, _) => AutoPaymentState::On,
            (false, AutoPaymentState::Off | AutoPaymentState::On) => AutoPaymentState::Off,
            // Why it was turned off stays to be seen.
            (false, AutoPaymentState::Disabled(reason)) => AutoPaymentState::Disabled(reason),
        };
        let told = changes(
            &fields(&old, customer.currency),
            &fields(&AutoPayment { terms: *terms, state, ..old.clone() }, customer.currency),
        );
        if told.is_empty() {
            return Ok(expected);
        }
        let since = if state == old.state { old.since } else { change.at };
        let failed_payment = old.failed_payment.filter(|_| !on);
        let new = AutoPayment { version: expected.next(), terms: *terms, state, failed_payment, since, ..old };
        write.run(upsert(&new)).await?;
        if on {
            for kind in ChargeKind::ALL.iter().filter(|kind| !terms.want(**kind)) {
                charges::call_off_kind(&mut write.tx, customer.id, *kind).await?;
            }
            charges::renew(self.0, &mut write.tx, change.at, customer.id, terms.on_invoice).await?;
            if old.state != AutoPaymentState::On {
                charges::forget_called_off_top_ups(&mut write.tx, customer.id).await?;
            }
            let balance = balance_of(&mut write.tx, customer.id, customer.currency).await?;
            let as_it_is = thresholds::Moved { before: balance, after: balance };
            thresholds::note(self.0, &mut write.tx, change.at, &BTreeMap::from([(customer.id, as_it_is)])).await?;
        } else {
            charges::call_off_all(&mut write.tx, customer.id).await?;
        }
        write.tell(&about(&customer), "changed", Some(new.version), told).await?;
        write.commit().await?;
        Ok(new.version)
    }

    /// The automatic payment for a charge failed for good, perhaps with a payment that there is: it is turned off with its reason, its charges end, and the customer is written
    /// to, once, if it has an e-mail address; all in one transaction. Tells whether it was turned off by this: if it was off, or the
    /// charge has ended (its invoice was paid otherwise meanwhile), nobody is written to.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Database`].
    pub async fn disable(
        &self,
        change: &Change<'_>,
        tenant: Tenant,
        reason: DisabledReason,
        charge: ChargeId,
        payment: Option<PaymentId>,
        letter: impl FnOnce(&MoneyReader) -> Letter,
    ) -> Result<bool, StoreError> {
        let mut write = self.0.write(change).await?;
        let customer = Owner::take_turn(&mut write, tenant).await?;
        if !charges::is_open(&mut write.tx, charge).await? {
            write.tx.roll_back().await?;
            return Ok(false);
        }
        if let Some(payment) = payment {
            charges::payment_failed(&mut write.tx, payment).await?;
        }
        let turned_off = turn_off(&mut write, &customer, reason, payment).await?;
        if let Some(version) = turned_off {
            let reader = MoneyReader::of_customer(&mut write.tx, tenant).await?;
            if !reader.email.is_empty() {
                // A payment may turn it off again after it was turned on again.
                let cause = payment.map_or_else(|| customer.id.to_string(), |id| id.to_string());
                let Letter { subject, text, html } = letter(&reader);
                let mail = NewMail {
                    cause: format!("auto-payment:{cause}:{}", version.0),
                    kind: MailKind::AutoPaymentFailed,
                    customer: Some(customer.id),
                    account: None,
                    recipient: reader.email,
                    subject,
                    text,
                    html,
                    recording: None,
                };
                outbox::add(self.0, &mut write.tx, change.at, &mail).await?;
            }
        }
        write.commit().await?;
        Ok(turned_off.is_some())
    }
}

/// Turns automatic payment off, if it is on, for a reason, and tells its version then; `None`: it was off. Whoever calls has the
/// customer's turn.
pub(crate) async fn turn_off(
    write: &mut Write<'_>,
    customer: &Owner,
    reason: DisabledReason,
    payment: Option<PaymentId>,
) -> Result<Option<Version>, StoreError> {
    let Some(row) = write.one(by_customer(customer.id)).await? else { return Ok(None) };
    let old = read(&row)?;
    if old.state != AutoPaymentState::On {
        return Ok(None);
    }
    let state = AutoPaymentState::Disabled(reason);
    let new =
        AutoPayment { version: old.version.next(), state, failed_payment: payment, since: write.at(), ..old.clone() };
    write.run(upsert(&new)).await?;
    charges::call_off_all(&mut write.tx, customer.id).await?;
    let mut told = changes(&fields(&old, customer.currency), &fields(&new, customer.currency));
    let payment = payment.map(|id| id.to_string()).unwrap_or_default();
    told.push(FieldChange { field: "payment".into(), old: String::new(), new: payment });
    told.retain(|change| change.old != change.new);
    write.tell(&about(customer), "disabled", Some(new.version), told).await?;
    Ok(Some(new.version))
}

/// Whether automatic payment is on.
pub(crate) async fn is_on(write: &mut Write<'_>, customer: CustomerId) -> Result<bool, StoreError> {
    let row = write.one(by_customer(customer)).await?;
    Ok(row.as_ref().map(read).transpose()?.is_some_and(|auto| auto.state == AutoPaymentState::On))
}

async fn has_proven_default(write: &mut Write<'_>, customer: CustomerId) -> Result<bool, StoreError> {
    let proven = "SELECT id FROM payment_method WHERE customer_id = $1 AND is_default AND usable AND NOT removed \
                  AND proven_at IS NOT NULL";
    Ok(write.one(sql(proven).bind(customer)).await?.is_some())
}

fn by_customer(customer: CustomerId) -> Sql {
    sql("SELECT a.*, a.customer_id AS id FROM auto_payment a WHERE a.customer_id = $1").bind(customer)
}

const fn nothing(customer: CustomerId) -> AutoPayment {
    AutoPayment {
        customer,
        version: Version(0),
        terms: AutoPaymentTerms { on_invoice: OnInvoice::Never, threshold: None, top_up: None },
        state: AutoPaymentState::Off,
        failed_payment: None,
        since: Timestamp(0),
    }
}

fn read(row: &Row) -> Result<AutoPayment, StoreError> {
    let reason = row.text("reason")?;
    Ok(AutoPayment {
        customer: row.parse("customer_id")?,
        version: row.version()?,
        terms: terms(row)?,
        state: row.read("state", |state| AutoPaymentState::from_keys(state, &reason))?,
        failed_payment: row.parse_or_null("failed_payment_id")?,
        since: row.at("since")?,
    })
}

/// The terms that a row of automatic payment holds.
fn terms(row: &Row) -> Result<AutoPaymentTerms, StoreError> {
    Ok(AutoPaymentTerms {
        on_invoice: row.read("on_invoice", OnInvoice::from_key)?,
        threshold: row.int_or_null("threshold")?,
        top_up: row.int_or_null("top_up")?,
    })
}

fn upsert(auto: &AutoPayment) -> Sql {
    let (state, reason) = auto.state.keys();
    sql("INSERT INTO auto_payment (customer_id, version, on_invoice, threshold, top_up, state, reason, failed_payment_id, \
         since) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (customer_id) DO UPDATE SET \
         version = excluded.version, on_invoice = excluded.on_invoice, threshold = excluded.threshold, \
         top_up = excluded.top_up, state = excluded.state, reason = excluded.reason, \
         failed_payment_id = excluded.failed_payment_id, since = excluded.since")
    .bind(auto.customer)
    .bind(auto.version)
    .bind(auto.terms.on_invoice.key())
    .bind(auto.terms.threshold)
    .bind(auto.terms.top_up)
    .bind(state)
    .bind(reason)
    .bind(auto.failed_payment)
    .bind(auto.since)
}

fn about(customer: &Owner) -> About {
    About::of(customer.id, Subject::AutoPayment, record(customer.id), &customer.name)
}

/// What names it in the audit log: its versions are not those of its customer's record.
fn record(customer: CustomerId) -> String {
    format!("auto-payment:{customer}")
}

fn fields(auto: &AutoPayment, currency: Currency) -> Values {
    let amount = |minor: Option<i64>| minor.map(|minor| Money::new(minor, currency).to_string()).unwrap_or_default();
    let (state, reason) = auto.state.keys();
    values([
        ("auto_payment", state.to_owned()),
        ("reason", reason.to_owned()),
        ("on_invoice", auto.terms.on_invoice.key().to_owned()),
        ("threshold", amount(auto.terms.threshold)),
        ("top_up", amount(auto.terms.top_up)),
    ])
}
