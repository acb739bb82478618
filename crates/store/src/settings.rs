//! Service settings: stored for a customer or an account, in effect by inheritance.

use tandem_domain::{
    access::Tenant,
    account::full_name,
    audit::{FieldChange, Subject},
    ids::{AccountId, Version},
    settings::{Effective, Setting, Value},
};

use crate::{
    Change, Store, StoreError,
    db::{Row, Sql, sql},
    saving::{About, Write},
};

/// A customer's settings, and its accounts' own. See [`Store::settings`].
#[derive(Clone, Copy)]
pub struct Settings<'a> {
    pub(crate) store: &'a Store,
    pub(crate) tenant: Tenant,
}

impl Settings<'_> {
    /// All settings of the customer, in the order of [`Setting::ALL`].
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn effective(&self) -> Result<Vec<Effective>, StoreError> {
        let stored = "SELECT c.id, s.setting, s.value FROM customer c \
                      LEFT JOIN customer_setting s ON s.customer_id = c.id WHERE c.id = $1";
        let of_customer = self.store.db.all(sql(stored).bind(self.tenant.customer())).await?;
        effective(&of_customer, &[])
    }

    /// All settings as they are in effect for an account, in the order of [`Setting::ALL`].
    ///
    /// # Errors
    /// [`StoreError::NotFound`], also for another tenant's account.
    pub async fn effective_for(&self, account: AccountId) -> Result<Vec<Effective>, StoreError> {
        let of_account = "SELECT a.id, s.setting, s.value FROM account a LEFT JOIN account_setting s ON s.account_id = a.id \
                          WHERE a.id = $1 AND a.customer_id = $2";
        let of_account = self.store.db.all(sql(of_account).bind(account).bind(self.tenant.customer())).await?;
        if of_account.is_empty() {
            return Err(StoreError::NotFound);
        }
        let of_customer = "SELECT setting, value FROM customer_setting WHERE customer_id = $1";
        let of_customer = self.store.db.all(sql(of_customer).bind(self.tenant.customer())).await?;
        effective(&of_customer, &of_account)
    }

    /// Sets a value of the customer or of an account, or removes it (`None`: inherit). Tells the value before, which undoes it.
    /// `expected` is the stored value that the person saw, if the change depends on it.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Stale`] when the stored value is not the expected one;
    /// [`StoreError::Refused`] (the setting's key) for a value that the setting, or an account, cannot have.
    pub async fn set(
        &self,
        account: Option<AccountId>,
        setting: Setting,
        new: Option<Value>,
        expected: Option<Option<Value>>,
        change: &Change<'_>,
    ) -> Result<Option<Value>, StoreError> {
        check(account, setting, new)?;
        let mut write = self.store.write(change).await?;
        // One value has no version of its own: whoever changes settings of a customer does it one after the other.
        write.take_turn(self.tenant.customer()).await?;
        let (about, version) = self.owner(&mut write, account).await?;
        let old = write.one(self.stored(account, setting)).await?.as_ref().map(|row| read(row, setting)).transpose()?;
        let text = |value: Option<Value>| value.map(Value::key).unwrap_or_default().to_owned();
        let told = |old, new| FieldChange { field: setting.key().into(), old: text(old), new: text(new) };
        if let Some(saw) = expected.filter(|saw| *saw != old) {
            return Err(write.stale_value(&about, version, told(saw, old)).await);
        }
        if old == new {
            return Ok(old);
        }
        write.run(self.replacement(account, setting, new)).await?;
        write.tell(&about, "changed", None, vec![told(old, new)]).await?;
        write.commit().await?;
        Ok(old)
    }

    /// Whose setting it is, and the version of that record.
    async fn owner(&self, write: &mut Write<'_>, account: Option<AccountId>) -> Result<(About, Version), StoreError> {
        let customer = self.tenant.customer();
        let Some(account) = account else {
            let owner = sql("SELECT id, version, name FROM customer WHERE id = $1").bind(customer);
            let row = write.one(owner).await?.ok_or(StoreError::NotFound)?;
            return Ok((About::of(customer, Subject::Customer, customer, &row.text("name")?), row.version()?));
        };
        let owner = "SELECT id, version, first_name, last_name FROM account WHERE id = $1 AND customer_id = $2";
        let row = write.one(sql(owner).bind(account).bind(customer)).await?.ok_or(StoreError::NotFound)?;
        let name = full_name(&row.text("first_name")?, &row.text("last_name")?);
        Ok((About::of(customer, Subject::Account, account, &name), row.version()?))
    }

    fn stored(&self, account: Option<AccountId>, setting: Setting) -> Sql {
        match account {
            None => sql("SELECT value FROM customer_setting WHERE customer_id = $1 AND setting = $2"),
            Some(account) => {
                let stored =
                    "SELECT value FROM account_setting WHERE customer_id = $1 AND setting = $2 AND account_id = $3";
                return sql(stored).bind(self.tenant.customer()).bind(setting.key()).bind(account);
            }
        }
        .bind(self.tenant.customer())
        .bind(setting.key())
    }

    fn replacement(&self, account: Option<AccountId>, setting: Setting, new: Option<Value>) -> Sql {
        let customer = self.tenant.customer();
        match (account, new) {
            (None, Some(value)) => {
                sql("INSERT INTO customer_setting (customer_id, setting, value) VALUES ($1, $2, $3) \
                 ON CONFLICT (customer_id, setting) DO UPDATE SET value = excluded.value")
                .bind(customer)
                .bind(setting.key())
                .bind(value.key())
            }
            (None, None) => sql("DELETE FROM customer_setting WHERE customer_id = $1 AND setting = $2")
                .bind(customer)
                .bind(setting.key()),
            (Some(account), Some(value)) => {
                sql("INSERT INTO account_setting (account_id, customer_id, setting, value) VALUES ($1, $2, $3, $4) \
                 ON CONFLICT (account_id, setting) DO UPDATE SET value = excluded.value")
                .bind(account)
                .bind(customer)
                .bind(setting.key())
                .bind(value.key())
            }
            (Some(account), None) => {
                sql("DELETE FROM account_setting WHERE account_id = $1 AND customer_id = $2 AND setting = $3")
                    .bind(account)
                    .bind(customer)
                    .bind(setting.key())
            }
        }
    }
}

/// Whether the setting, and the account if it is one's own, can have the value.
fn check(account: Option<AccountId>, setting: Setting, new: Option<Value>) -> Result<(), StoreError> {
    if account.is_some() && !setting.inheritable() {
        let words = format!("“{}” is the same for all accounts of a customer.", setting.label());
        return Err(StoreError::refused(setting.key(), words));
    }
    match new.map(|value| setting.parse(value.key())) {
        None | Some(Ok(_)) => Ok(()),
        Some(Err(error)) => Err(StoreError::refused(setting.key(), error.0)),
    }
}

/// All settings, from the rows of the customer's and the account's values.
fn effective(of_customer: &[Row], of_account: &[Row]) -> Result<Vec<Effective>, StoreError> {
    if of_customer.is_empty() && of_account.is_empty() {
        return Err(StoreError::NotFound);
    }
    let value = |rows: &[Row], setting: Setting| -> Result<Option<Value>, StoreError> {
        for row in rows {
            if row.text_or_null("setting")?.as_deref() == Some(setting.key()) {
                return read(row, setting).map(Some);
            }
        }
        Ok(None)
    };
    let effective = |setting| Ok(Effective::of(setting, value(of_customer, setting)?, value(of_account, setting)?));
    Setting::ALL.into_iter().map(effective).collect()
}

fn read(row: &Row, setting: Setting) -> Result<Value, StoreError> {
    row.read("value", |text| setting.parse(text).ok())
}
