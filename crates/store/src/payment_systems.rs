//! Payment systems: which processor takes which currency, with credentials that are kept sealed.
//!
//! What is sealed comes from outside this crate and goes back there unread; no list and no form ever has it.

use tandem_domain::{
    audit::{FieldChange, Subject},
    billing::system::{PayBy, PaymentSystem, PaymentSystemRow, Processor},
    ids::{PaymentSystemId, Stored, Version},
    locale::Currency,
};

use crate::{
    Change, Store, StoreError,
    db::{Row, Sql, sql},
    diff::{Values, changes, switch, values},
    names,
    payments::look_at_given_up,
    saving::{self, About, Write, any_field},
    search::Words,
};

/// Which of a system's secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Secret {
    /// What its requests are made with.
    Credentials,
    /// By what its webhooks are believed: one secret, or the old and the new one while they are exchanged.
    Webhook,
}

impl Secret {
    const fn column(self) -> &'static str {
        match self {
            Self::Credentials => "credentials",
            Self::Webhook => "webhook_secrets",
        }
    }
}

/// Why keys of another account are refused, at `secret_key`.
pub const ANOTHER_ACCOUNT: &str = "This key is of another account. The payments, customers and cards of this payment system are in \
                                   the account of the key before: enter a key of that one, or add a new payment system for \
                                   this account and turn this one off.";

/// The payment systems. See [`Store::payment_systems`].
#[derive(Clone, Copy)]
pub struct PaymentSystems<'a>(pub(crate) &'a Store);

impl PaymentSystems<'_> {
    /// All payment systems by name. There are few.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn list(&self) -> Result<Vec<PaymentSystemRow>, StoreError> {
        let list = "SELECT * FROM payment_system ORDER BY name_key, id LIMIT 500";
        let read = |row: &Row| {
            Ok(PaymentSystemRow {
                id: row.parse("id")?,
                system: read(row)?,
                credentials_set: row.text_or_null("credentials")?.is_some(),
                webhook_secret_set: row.text_or_null("webhook_secrets")?.is_some(),
            })
        };
        self.0.db.all(sql(list)).await?.iter().map(read).collect()
    }

    /// A payment system.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn get(&self, id: PaymentSystemId) -> Result<Stored<PaymentSystemId, PaymentSystem>, StoreError> {
        self.0.db.one(by_id(id)).await?.as_ref().map(stored).transpose()?.ok_or(StoreError::NotFound)
    }

    /// The active system that takes this way to pay in this currency.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn active_for(
        &self,
        pay_by: PayBy,
        currency: Currency,
    ) -> Result<Option<Stored<PaymentSystemId, PaymentSystem>>, StoreError> {
        let active = "SELECT s.* FROM payment_system s JOIN payment_route r ON r.system_id = s.id \
                      WHERE r.pay_by = $1 AND r.currency = $2";
        let active = sql(active).bind(pay_by.key()).bind(currency.code());
        self.0.db.one(active).await?.as_ref().map(stored).transpose()
    }

    /// Adds a payment system. It has no credentials yet.
    ///
    /// # Errors
    /// [`StoreError::Taken`]: `name`, or `currencies` when another active system takes one of them.
    pub async fn create(&self, change: &Change<'_>, system: &PaymentSystem) -> Result<PaymentSystemId, StoreError> {
        let mut write = self.0.write(change).await?;
        let id = PaymentSystemId(write.new_id());
        let insert = "INSERT INTO payment_system (id, version, name, name_key, processor, test_mode, currencies, active, \
                      public_key, credentials, webhook_secrets, search) \
                      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, NULL, NULL, $10)";
        let insert = sql(insert)
            .bind(id)
            .bind(Version::FIRST)
            .bind(system.name.as_str())
            .bind(names::key(&system.name))
            .bind(system.processor.key())
            .bind(system.test_mode)
            .bind(codes(system))
            .bind(system.active)
            .bind(system.public_key.as_str())
            .bind(Words::of(&[&system.name]).column());
        write.run(insert).await.map_err(|error| taken(error, system))?;
        set_routes(&mut write, id, system).await?;
        let about = About::own(Subject::PaymentSystem, id, &system.name);
        write.tell(&about, "created", Some(Version::FIRST), changes(&Values::new(), &fields(system))).await?;
        write.commit().await?;
        Ok(id)
    }

    /// Saves a payment system over version `expected`, and tells the new version.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::Stale`]; [`StoreError::Taken`]: `name`, or `currencies` when another active
    /// system takes one of them; [`StoreError::InUse`] when it has payments and another processor, or another mode, is chosen.
    pub async fn update(
        &self,
        change: &Change<'_>,
        id: PaymentSystemId,
        expected: Version,
        system: &PaymentSystem,
    ) -> Result<Version, StoreError> {
        let mut write = self.0.write(change).await?;
        let old = write.one(by_id(id)).await?.as_ref().map(stored).transpose()?.ok_or(StoreError::NotFound)?;
        if old.version != expected {
            return Err(write.stale(id, expected, old.version, any_field).await);
        }
        let told = changes(&fields(&old.value), &fields(system));
        if told.is_empty() {
            return Ok(expected);
        }
        let is_another = (old.value.processor, old.value.test_mode) != (system.processor, system.test_mode);
        if is_another && is_used(&mut write, id).await? {
            let words = "This system has payments, so its processor and its mode stay. Turn it off and make another.";
            return Err(StoreError::InUse(words.into()));
        }
        let update = "UPDATE payment_system SET version = version + 1, name = $1, name_key = $2, processor = $3, \
                      test_mode = $4, currencies = $5, active = $6, public_key = $7, search = $8 \
                      WHERE id = $9 AND version = $10";
        let update = sql(update)
            .bind(system.name.as_str())
            .bind(names::key(&system.name))
            .bind(system.processor.key())
            .bind(system.test_mode)
            .bind(codes(system))
            .bind(system.active)
            .bind(system.public_key.as_str())
            .bind(Words::of(&[&system.name]).column())
            .bind(id)
            .bind(expected);
        if write.run(update).await.map_err(|error| taken(error, system))? == 0 {
            return Err(write.overtaken(by_id(id), id, expected, any_field).await);
        }
        set_routes(&mut write, id, system).await?;
        if system.active && !old.value.active {
            look_at_given_up(&mut write.tx, change.at, id).await?;
        }
        let about = About::own(Subject::PaymentSystem, id, &system.name);
        write.tell(&about, "changed", Some(expected.next()), told).await?;
        write.commit().await?;
        Ok(expected.next())
    }

    /// Deletes a payment system that was never used.
    ///
    /// # Errors
    /// [`StoreError::Stale`] when it has not the version `expected`, which whoever deletes it saw, if that matters;
    /// [`StoreError::NotFound`]; [`StoreError::InUse`] when it has payments or cards.
    pub async fn delete(
        &self,
        change: &Change<'_>,
        id: PaymentSystemId,
        expected: Option<Version>,
    ) -> Result<(), StoreError> {
        let words = "This system has payments or cards and stays for their sake. Turn it off instead.";
        let mut write = self.0.write(change).await?;
        let found = write.one(by_id(id)).await?.as_ref().map(stored).transpose()?.ok_or(StoreError::NotFound)?;
        write.as_seen(id, expected, found.version).await?;
        let (version, system) = (found.version, found.value);
        write.run(sql("DELETE FROM payment_route WHERE system_id = $1").bind(id)).await?;
        write.run(sql("DELETE FROM payment_event WHERE system_id = $1").bind(id)).await?;
        let deleted = write.run(saving::delete("payment_system", id, expected)).await;
        if deleted.map_err(|error| names::in_use(error, words))? == 0 {
            return Err(write.overtaken(by_id(id), id, version, any_field).await);
        }
        let about = About::own(Subject::PaymentSystem, id, &system.name);
        write.tell(&about, "deleted", None, changes(&fields(&system), &Values::new())).await?;
        write.commit().await
    }

    /// Keeps a secret, sealed by whoever calls, in place of the one before. The audit log tells that it changed.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn set_secret(
        &self,
        change: &Change<'_>,
        id: PaymentSystemId,
        secret: Secret,
        sealed: &[u8],
    ) -> Result<(), StoreError> {
        self.put_secret(change, id, secret, None, sealed).await.map(drop)
    }

    /// Keeps the credentials, sealed by whoever calls, and the processor's name of the account that they are of; `None`: it is not
    /// known. What was made with those before is only known to those of the same account.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Refused`] (`secret_key`) when the system [is used](PaymentSystems::is_used) and they
    /// are of another account, or it is not known of which.
    pub async fn set_credentials(
        &self,
        change: &Change<'_>,
        id: PaymentSystemId,
        sealed: &[u8],
        account: Option<&str>,
    ) -> Result<(), StoreError> {
        let mut write = self.0.write(change).await?;
        let row = write.one(by_id(id)).await?.ok_or(StoreError::NotFound)?;
        let before = row.text_or_null("account")?;
        let is_known = account.is_some() && before.as_deref().is_none_or(|before| Some(before) == account);
        if !is_known && is_used(&mut write, id).await? {
            return Err(StoreError::refused("secret_key", ANOTHER_ACCOUNT));
        }
        let set = sql("UPDATE payment_system SET credentials = $1, account = $2 WHERE id = $3");
        write.run(set.bind(hexadecimal(sealed)).bind(account.map(str::to_owned)).bind(id)).await?;
        look_at_given_up(&mut write.tx, change.at, id).await?;
        let mut told = vec![is_changed(Secret::Credentials)];
        told.extend(account_told(before.as_deref(), account));
        write.tell(&About::own(Subject::PaymentSystem, id, &stored(&row)?.value.name), "changed", None, told).await?;
        write.commit().await
    }

    /// Keeps the processor's name of the account that the credentials are of, unless it is known.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn note_account(
        &self,
        change: &Change<'_>,
        id: PaymentSystemId,
        account: &str,
    ) -> Result<(), StoreError> {
        if self.account(id).await?.is_some() {
            return Ok(());
        }
        let mut write = self.0.write(change).await?;
        let system = write.one(by_id(id)).await?.as_ref().map(stored).transpose()?.ok_or(StoreError::NotFound)?.value;
        let note = sql("UPDATE payment_system SET account = $1 WHERE id = $2 AND account IS NULL");
        if write.run(note.bind(account).bind(id)).await? == 0 {
            return Ok(());
        }
        let about = About::own(Subject::PaymentSystem, id, &system.name);
        write.tell(&about, "changed", None, account_told(None, Some(account)).into_iter().collect()).await?;
        write.commit().await
    }

    /// The processor's name of the account that the credentials are of; `None`: it is not known.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn account(&self, id: PaymentSystemId) -> Result<Option<String>, StoreError> {
        self.0.db.one(by_id(id)).await?.ok_or(StoreError::NotFound)?.text_or_null("account")
    }

    /// What the processor calls the first payment that was made with it; `None`: there is none.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn first_payment(&self, id: PaymentSystemId) -> Result<Option<String>, StoreError> {
        let first = "SELECT reference FROM payment WHERE system_id = $1 AND reference IS NOT NULL ORDER BY id LIMIT 1";
        self.0.db.one(sql(first).bind(id)).await?.map(|row| row.text("reference")).transpose()
    }

    /// Whether there is anything at the processor that only the account of its credentials knows: payments, customers, cards, or
    /// the saving of one.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn is_used(&self, id: PaymentSystemId) -> Result<bool, StoreError> {
        Ok(self.0.db.one(used(id)).await?.is_some())
    }

    /// As [`PaymentSystems::set_secret`], in place of this very one: tells whether it was still there. Whoever seals it with another
    /// key does not undo what an administrator entered meanwhile.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn replace_secret(
        &self,
        change: &Change<'_>,
        id: PaymentSystemId,
        secret: Secret,
        before: &[u8],
        sealed: &[u8],
    ) -> Result<bool, StoreError> {
        self.put_secret(change, id, secret, Some(before), sealed).await
    }

    async fn put_secret(
        &self,
        change: &Change<'_>,
        id: PaymentSystemId,
        secret: Secret,
        before: Option<&[u8]>,
        sealed: &[u8],
    ) -> Result<bool, StoreError> {
        let mut write = self.0.write(change).await?;
        let system = write.one(by_id(id)).await?.as_ref().map(stored).transpose()?.ok_or(StoreError::NotFound)?.value;
        let column = secret.column();
        let set = format!("UPDATE payment_system SET {column} = $1 WHERE id = $2");
        let set = match before {
            None => sql(set).bind(hexadecimal(sealed)).bind(id),
            Some(before) => {
                let set = sql(format!("{set} AND {column} = $3")).bind(hexadecimal(sealed)).bind(id);
                set.bind(hexadecimal(before))
            }
        };
        if write.run(set).await? == 0 {
            return Ok(false);
        }
        if secret == Secret::Credentials && before.is_none() {
            look_at_given_up(&mut write.tx, change.at, id).await?;
        }
        let about = About::own(Subject::PaymentSystem, id, &system.name);
        write.tell(&about, "changed", None, vec![is_changed(secret)]).await?;
        write.commit().await?;
        Ok(true)
    }

    /// A secret as it was sealed; `None`: there is none.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn secret(&self, id: PaymentSystemId, secret: Secret) -> Result<Option<Vec<u8>>, StoreError> {
        let column = secret.column();
        let sealed = sql(format!("SELECT id, {column} AS sealed FROM payment_system WHERE id = $1")).bind(id);
        let row = self.0.db.one(sealed).await?.ok_or(StoreError::NotFound)?;
        let Some(digits) = row.text_or_null("sealed")? else { return Ok(None) };
        // What it holds is nobody's business, not even in an error.
        octets(&digits).map(Some).ok_or_else(|| row.corrupt(column, "(secret)".into()))
    }
}

/// Takes the currencies of a system that is active, and gives up the others.
async fn set_routes(write: &mut Write<'_>, id: PaymentSystemId, system: &PaymentSystem) -> Result<(), StoreError> {
    write.run(sql("DELETE FROM payment_route WHERE system_id = $1").bind(id)).await?;
    if !system.active {
        return Ok(());
    }
    for pay_by in system.processor.takes() {
        for currency in &system.currencies {
            let holder = "SELECT s.id, s.name FROM payment_route r JOIN payment_system s ON s.id = r.system_id \
                          WHERE r.pay_by = $1 AND r.currency = $2";
            let holder = sql(holder).bind(pay_by.key()).bind(currency.code());
            let words = |name: &str| {
                let (code, label) = (currency.code(), pay_by.label());
                format!("{label} in {code} is taken by {name}. Turn that off first, or leave {code} out.")
            };
            if let Some(row) = write.one(holder).await? {
                return Err(StoreError::taken("currencies", words(&format!("“{}”", row.text("name")?))));
            }
            let insert = sql("INSERT INTO payment_route (pay_by, currency, system_id) VALUES ($1, $2, $3)");
            let inserted = write.run(insert.bind(pay_by.key()).bind(currency.code()).bind(id)).await;
            inserted.map_err(|error| match &error {
                // Of two at the same moment one is late.
                StoreError::Database(sqlx::Error::Database(cause)) if cause.is_unique_violation() => {
                    StoreError::taken("currencies", words("another system"))
                }
                _ => error,
            })?;
        }
    }
    Ok(())
}

async fn is_used(write: &mut Write<'_>, id: PaymentSystemId) -> Result<bool, StoreError> {
    Ok(write.one(used(id)).await?.is_some())
}

/// Something that only the processor's account knows.
fn used(id: PaymentSystemId) -> Sql {
    let used = "SELECT id FROM payment WHERE system_id = $1 UNION ALL SELECT id FROM payment_method WHERE system_id = $1 \
                UNION ALL SELECT id FROM payment_setup WHERE system_id = $1 \
                UNION ALL SELECT customer_id AS id FROM payment_customer WHERE system_id = $1 LIMIT 1";
    sql(used).bind(id)
}

/// What the audit log tells of a secret.
fn is_changed(secret: Secret) -> FieldChange {
    FieldChange { field: secret.column().into(), old: String::new(), new: "(changed)".into() }
}

/// What it tells of the account.
fn account_told(old: Option<&str>, new: Option<&str>) -> Option<FieldChange> {
    let text = |account: Option<&str>| account.unwrap_or_default().to_owned();
    (old != new).then(|| FieldChange { field: "account".into(), old: text(old), new: text(new) })
}

fn by_id(id: PaymentSystemId) -> Sql {
    sql("SELECT * FROM payment_system WHERE id = $1").bind(id)
}

fn stored(row: &Row) -> Result<Stored<PaymentSystemId, PaymentSystem>, StoreError> {
    Ok(Stored { id: row.parse("id")?, version: row.version()?, value: read(row)? })
}

fn read(row: &Row) -> Result<PaymentSystem, StoreError> {
    let currencies = |text: &str| text.split(' ').map(Currency::from_code).collect::<Option<Vec<_>>>();
    Ok(PaymentSystem {
        name: row.text("name")?,
        processor: row.read("processor", Processor::from_key)?,
        test_mode: row.flag("test_mode")?,
        currencies: row.read("currencies", currencies)?,
        active: row.flag("active")?,
        public_key: row.text("public_key")?,
    })
}

fn codes(system: &PaymentSystem) -> String {
    system.currencies.iter().map(|currency| currency.code()).collect::<Vec<_>>().join(" ")
}

fn fields(system: &PaymentSystem) -> Values {
    values([
        ("name", system.name.clone()),
        ("processor", system.processor.key().to_owned()),
        ("test_mode", switch(system.test_mode)),
        ("currencies", codes(system)),
        ("active", switch(system.active)),
        ("public_key", system.public_key.clone()),
    ])
}

fn taken(error: StoreError, system: &PaymentSystem) -> StoreError {
    names::taken(error, "payment_system", "payment system", &system.name)
}

/// Octets as two digits each.
fn hexadecimal(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

/// The octets of [`hexadecimal`].
fn octets(digits: &str) -> Option<Vec<u8>> {
    let digits: Vec<u32> = digits.chars().map(|digit| digit.to_digit(16)).collect::<Option<_>>()?;
    let (pairs, rest) = digits.as_chunks::<2>();
    let octet = |[high, low]: &[u32; 2]| u8::try_from(high << 4 | low).ok();
    if rest.is_empty() { pairs.iter().map(octet).collect() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn octets_survive_as_digits() {
        let all: Vec<u8> = (0..=255).collect();
        assert_eq!(octets(&hexadecimal(&all)), Some(all));
        assert_eq!((octets(""), octets("0"), octets("zz")), (Some(vec![]), None, None));
    }
}
