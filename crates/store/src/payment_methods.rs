//! Saved cards: kept as the processor tells them, one the default, and the saving of one without a payment.

use tandem_domain::{
    access::Tenant,
    audit::{FieldChange, Subject},
    billing::{
        auto_payment::{DisabledReason, NOT_PROVEN},
        method::{MethodLabel, PaymentMethod, Setup, SetupState},
        payment::{MethodSnapshot, next_sweep_seconds},
    },
    ids::{PaymentMethodId, PaymentSystemId, SetupId, Timestamp},
};

use crate::{
    Change, Store, StoreError, auto_payments,
    db::{Row, Sql, sql},
    ledger::{Owner, token},
    outside,
    saving::{About, Write},
};

/// Characters of the processor's name for something that are kept.
const REFERENCE_MAX: usize = 255;
/// Characters of a brand that are kept.
const BRAND_MAX: usize = 32;

/// The saved cards. See [`Store::payment_methods`].
#[derive(Clone, Copy)]
pub struct PaymentMethods<'a>(pub(crate) &'a Store);

impl PaymentMethods<'_> {
    /// A customer's saved cards, the default first, then the newest.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn list(&self, tenant: Tenant) -> Result<Vec<PaymentMethod>, StoreError> {
        let list = "SELECT * FROM payment_method WHERE customer_id = $1 AND NOT removed \
                    ORDER BY CASE WHEN is_default THEN 0 ELSE 1 END, id DESC";
        self.0.db.all(sql(list).bind(tenant.customer())).await?.iter().map(read).collect()
    }

    /// A saved card, also one that was removed.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], also for another tenant's.
    pub async fn one(&self, tenant: Tenant, id: PaymentMethodId) -> Result<PaymentMethod, StoreError> {
        self.0.db.one(by_id(tenant, id)).await?.as_ref().map(read).transpose()?.ok_or(StoreError::NotFound)
    }

    /// The card that automatic payments are made with.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn default_of(&self, tenant: Tenant) -> Result<Option<PaymentMethod>, StoreError> {
        let default = "SELECT * FROM payment_method WHERE customer_id = $1 AND is_default AND NOT removed";
        self.0.db.one(sql(default).bind(tenant.customer())).await?.as_ref().map(read).transpose()
    }

    /// Makes a card the default.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], also for another tenant's; [`StoreError::Refused`] (`method`) when it cannot be used, or
    /// automatic payment is on and the card was not yet paid with in person.
    pub async fn set_default(
        &self,
        change: &Change<'_>,
        tenant: Tenant,
        id: PaymentMethodId,
    ) -> Result<(), StoreError> {
        let mut write = self.0.write(change).await?;
        let customer = Owner::take_turn(&mut write, tenant).await?;
        let row = write.one(by_id(tenant, id)).await?.ok_or(StoreError::NotFound)?;
        let method = read(&row)?;
        if row.flag("removed")? || !method.usable {
            return Err(StoreError::refused("method", "This card cannot be used any more; choose another."));
        }
        if method.default {
            return Ok(());
        }
        if method.proven.is_none() && auto_payments::is_on(&mut write, customer.id).await? {
            let words = format!("Automatic payment is on. {NOT_PROVEN}").replace("your default card", "this card");
            return Err(StoreError::refused("method", words));
        }
        // One after the other: an index allows one default.
        let none = sql("UPDATE payment_method SET is_default = FALSE WHERE customer_id = $1 AND is_default");
        write.run(none.bind(customer.id)).await?;
        write.run(sql("UPDATE payment_method SET is_default = TRUE WHERE id = $1").bind(id)).await?;
        let told = FieldChange { field: "default".into(), old: "off".into(), new: "on".into() };
        write.tell(&about(tenant, &method), "changed", None, vec![told]).await?;
        write.commit().await
    }

    /// Removes a card. The processor's is detached by whoever calls, before or after: until then it is not shown and not used.
    /// Without a default, automatic payment is turned off.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], also for another tenant's.
    pub async fn remove(&self, change: &Change<'_>, tenant: Tenant, id: PaymentMethodId) -> Result<(), StoreError> {
        let mut write = self.0.write(change).await?;
        let customer = Owner::take_turn(&mut write, tenant).await?;
        let row = write.one(by_id(tenant, id)).await?.ok_or(StoreError::NotFound)?;
        if row.flag("removed")? {
            return Ok(());
        }
        let method = read(&row)?;
        let remove = "UPDATE payment_method SET removed = TRUE, usable = FALSE, is_default = FALSE WHERE id = $1";
        write.run(sql(remove).bind(id)).await?;
        if method.default {
            auto_payments::turn_off(&mut write, &customer, DisabledReason::NoMethod, None).await?;
        }
        let told = FieldChange { field: "card".into(), old: method.label(), new: String::new() };
        write.tell(&about(tenant, &method), "removed", None, vec![told]).await?;
        write.commit().await
    }

    /// What a customer is called at a payment system.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn processor_customer(
        &self,
        tenant: Tenant,
        system: PaymentSystemId,
    ) -> Result<Option<String>, StoreError> {
        let row = self.0.db.one(called(tenant, system)).await?;
        row.map(|row| row.text("reference")).transpose()
    }

    /// Keeps what a customer is called at a payment system, and tells what counts: what was kept first.
    ///
    /// # Errors
    /// [`StoreError::Database`], also for a customer or a system that is not there.
    pub async fn set_processor_customer(
        &self,
        tenant: Tenant,
        system: PaymentSystemId,
        reference: &str,
    ) -> Result<String, StoreError> {
        let mut tx = self.0.begin().await?;
        let insert = sql("INSERT INTO payment_customer (customer_id, system_id, reference) VALUES ($1, $2, $3) \
                          ON CONFLICT (customer_id, system_id) DO NOTHING")
        .bind(tenant.customer())
        .bind(system)
        .bind(outside::line(reference, REFERENCE_MAX));
        tx.run(insert).await?;
        let kept = tx.one(called(tenant, system)).await?.ok_or(StoreError::NotFound)?.text("reference")?;
        tx.commit().await?;
        Ok(kept)
    }

    /// Begins to save a card without a payment, or gives what a request with this token began before.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Refused`] (`system`) when it is not there or off.
    pub async fn begin_setup(
        &self,
        change: &Change<'_>,
        tenant: Tenant,
        system: PaymentSystemId,
        request: &str,
    ) -> Result<Setup, StoreError> {
        let request = token(request)?;
        let mut write = self.0.write(change).await?;
        let customer = Owner::take_turn(&mut write, tenant).await?;
        let before = sql("SELECT * FROM payment_setup WHERE customer_id = $1 AND token = $2");
        if let Some(row) = write.one(before.bind(customer.id).bind(request.as_str())).await? {
            return read_setup(&row);
        }
        let active = sql("SELECT id FROM payment_system WHERE id = $1 AND active").bind(system);
        if write.one(active).await?.is_none() {
            return Err(StoreError::refused("system", "Cards cannot be saved at the moment."));
        }
        let setup = Setup {
            id: SetupId(write.new_id()),
            customer: customer.id,
            system,
            reference: None,
            state: SetupState::Open,
            method: None,
            created: change.at,
        };
        let insert = sql("INSERT INTO payment_setup (id, customer_id, system_id, token, reference, state, method_id, \
                          created_at) VALUES ($1, $2, $3, $4, NULL, $5, NULL, $6)")
        .bind(setup.id)
        .bind(setup.customer)
        .bind(setup.system)
        .bind(request)
        .bind(setup.state.key())
        .bind(setup.created);
        write.run(insert).await?;
        write.commit().await?;
        Ok(setup)
    }

    /// Keeps the processor's name for the saving of a card, once. From now on the processor is asked about it now and then: before
    /// nobody could have given a card.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Refused`] (`reference`) when it has another.
    pub async fn attach_setup(&self, now: Timestamp, id: SetupId, reference: &str) -> Result<(), StoreError> {
        let mut tx = self.0.begin().await?;
        let attach = sql("UPDATE payment_setup SET reference = $1, \
                          sweep_at = CASE WHEN state = 'open' THEN $2 ELSE NULL END \
                          WHERE id = $3 AND (reference IS NULL OR reference = $1)");
        let sweep_at = now.plus_seconds(next_sweep_seconds(0));
        if tx.run(attach.bind(reference).bind(sweep_at).bind(id)).await? == 0 {
            return match tx.one(setup_by_id(id)).await? {
                None => Err(StoreError::NotFound),
                Some(_) => Err(StoreError::refused("reference", "The processor knows this by another name.")),
            };
        }
        tx.commit().await
    }

    /// The processor saved the card: keeps it, and tells it. It may be told twice.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Refused`] (`method`) when the card is another customer's.
    pub async fn setup_succeeded(
        &self,
        change: &Change<'_>,
        id: SetupId,
        told: &MethodSnapshot,
    ) -> Result<PaymentMethodId, StoreError> {
        let setup = self.setup(id).await?;
        let tenant = Tenant::for_system(setup.customer);
        let mut write = self.0.write(change).await?;
        write.take_turn(setup.customer).await?;
        let saved = MethodSnapshot { saved: true, ..told.clone() };
        let method = keep(&mut write, tenant, setup.system, &saved).await?;
        let method = method.ok_or_else(|| StoreError::refused("method", "This card cannot be saved."))?;
        let done = sql("UPDATE payment_setup SET state = $1, method_id = $2, sweep_at = NULL WHERE id = $3");
        write.run(done.bind(SetupState::Succeeded.key()).bind(method).bind(id)).await?;
        write.commit().await?;
        Ok(method)
    }

    /// The saving of a card was given up, unless it had succeeded.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn setup_failed(&self, id: SetupId) -> Result<(), StoreError> {
        let failed = sql("UPDATE payment_setup SET state = $1, sweep_at = NULL WHERE id = $2 AND state = $3")
            .bind(SetupState::Failed.key())
            .bind(id)
            .bind(SetupState::Open.key());
        let mut tx = self.0.begin().await?;
        tx.run(failed).await?;
        tx.commit().await
    }

    /// Nothing is decided about the saving of a card: the processor is asked again later.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn setup_waits(&self, now: Timestamp, setup: &Setup) -> Result<(), StoreError> {
        let next = now.plus_seconds(next_sweep_seconds(now.seconds_since(setup.created)));
        let waits = sql("UPDATE payment_setup SET sweep_at = $1 WHERE id = $2 AND state = $3");
        let mut tx = self.0.begin().await?;
        tx.run(waits.bind(next).bind(setup.id).bind(SetupState::Open.key())).await?;
        tx.commit().await
    }

    /// The saving of a card, whosever it is: for the server's own work.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn setup(&self, id: SetupId) -> Result<Setup, StoreError> {
        self.0.db.one(setup_by_id(id)).await?.as_ref().map(read_setup).transpose()?.ok_or(StoreError::NotFound)
    }

    /// The saving of a card of this tenant's.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], also for another tenant's.
    pub async fn setup_of(&self, tenant: Tenant, id: SetupId) -> Result<Setup, StoreError> {
        let setup = self.setup(id).await?;
        if setup.customer == tenant.customer() { Ok(setup) } else { Err(StoreError::NotFound) }
    }

    /// The saving that a processor knows by this name, at one payment system.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn setup_by_reference(
        &self,
        system: PaymentSystemId,
        reference: &str,
    ) -> Result<Option<Setup>, StoreError> {
        if reference.contains('\0') {
            return Ok(None);
        }
        let by_reference = sql("SELECT * FROM payment_setup WHERE system_id = $1 AND reference = $2");
        self.0.db.one(by_reference.bind(system).bind(reference)).await?.as_ref().map(read_setup).transpose()
    }
}

/// Keeps a card as the processor tells it, if it is saved there, and tells which it is. The first becomes the default. `None`:
/// it is not saved, or another customer's. Whoever calls has the customer's turn.
pub(crate) async fn keep(
    write: &mut Write<'_>,
    tenant: Tenant,
    system: PaymentSystemId,
    told: &MethodSnapshot,
) -> Result<Option<PaymentMethodId>, StoreError> {
    let reference = outside::line(&told.reference, REFERENCE_MAX);
    let (brand, last4) = (outside::line(&told.brand, BRAND_MAX), last4(told));
    let (month, year) = (told.exp_month.map(u32::from), told.exp_year.map(u32::from));
    let known = sql("SELECT * FROM payment_method WHERE system_id = $1 AND reference = $2");
    if let Some(row) = write.one(known.bind(system).bind(reference.as_str())).await? {
        let method = read(&row)?;
        if method.customer != tenant.customer() {
            return Ok(None);
        }
        let kept = (method.brand.as_str(), method.last4.as_str(), method.exp_month, method.exp_year);
        // Mostly the card is as it was.
        if kept != (&*brand, &*last4, told.exp_month, told.exp_year) {
            let update =
                "UPDATE payment_method SET brand = $1, last4 = $2, exp_month = $3, exp_year = $4 WHERE id = $5";
            write.later(sql(update).bind(brand).bind(last4).bind(month).bind(year).bind(method.id)).await?;
        }
        return Ok(Some(method.id));
    }
    if !told.saved || reference.is_empty() {
        return Ok(None);
    }
    let default = sql("SELECT id FROM payment_method WHERE customer_id = $1 AND is_default");
    let is_first = write.one(default.bind(tenant.customer())).await?.is_none();
    let id = PaymentMethodId(write.new_id());
    let insert = "INSERT INTO payment_method (id, customer_id, system_id, reference, brand, last4, exp_month, exp_year, \
                  is_default, usable, removed, proven_at, created_at) \
                  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, TRUE, FALSE, NULL, $10)";
    let insert = sql(insert)
        .bind(id)
        .bind(tenant.customer())
        .bind(system)
        .bind(reference)
        .bind(brand)
        .bind(last4)
        .bind(month)
        .bind(year)
        .bind(is_first)
        .bind(write.at());
    write.run(insert).await?;
    let card = label(told);
    let about = About::of(tenant.customer(), Subject::PaymentMethod, id, &card);
    let told = FieldChange { field: "card".into(), old: String::new(), new: card };
    write.tell(&about, "added", None, vec![told]).await?;
    Ok(Some(id))
}

/// A card in words.
pub(crate) fn label(told: &MethodSnapshot) -> String {
    MethodLabel { brand: &outside::line(&told.brand, BRAND_MAX), last4: &last4(told) }.to_string()
}

fn last4(told: &MethodSnapshot) -> String {
    told.last4.chars().filter(char::is_ascii_digit).take(4).collect()
}

fn about(tenant: Tenant, method: &PaymentMethod) -> About {
    About::of(tenant.customer(), Subject::PaymentMethod, method.id, &method.label())
}

fn by_id(tenant: Tenant, id: PaymentMethodId) -> Sql {
    sql("SELECT * FROM payment_method WHERE id = $1 AND customer_id = $2").bind(id).bind(tenant.customer())
}

fn setup_by_id(id: SetupId) -> Sql {
    sql("SELECT * FROM payment_setup WHERE id = $1").bind(id)
}

fn called(tenant: Tenant, system: PaymentSystemId) -> Sql {
    let called = "SELECT customer_id AS id, reference FROM payment_customer WHERE customer_id = $1 AND system_id = $2";
    sql(called).bind(tenant.customer()).bind(system)
}

pub(crate) fn read(row: &Row) -> Result<PaymentMethod, StoreError> {
    Ok(PaymentMethod {
        id: row.parse("id")?,
        customer: row.parse("customer_id")?,
        system: row.parse("system_id")?,
        reference: row.text("reference")?,
        brand: row.text("brand")?,
        last4: row.text("last4")?,
        exp_month: row.number_or_null("exp_month")?,
        exp_year: row.number_or_null("exp_year")?,
        default: row.flag("is_default")?,
        usable: row.flag("usable")?,
        proven: row.int_or_null("proven_at")?.map(Timestamp),
        created: row.at("created_at")?,
    })
}

pub(crate) fn read_setup(row: &Row) -> Result<Setup, StoreError> {
    Ok(Setup {
        id: row.parse("id")?,
        customer: row.parse("customer_id")?,
        system: row.parse("system_id")?,
        reference: row.text_or_null("reference")?,
        state: row.read("state", SetupState::from_key)?,
        method: row.parse_or_null("method_id")?,
        created: row.at("created_at")?,
    })
}
