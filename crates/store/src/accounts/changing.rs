//! Adds, saves and closes accounts.

use tandem_domain::{
    access::{Audience, Scope, Tenant, Who},
    account::Account,
    audit::Subject,
    ids::{AccountId, Stored, Version},
    status::{HELD, Status},
};

use super::{Accounts, WORDS, by_id, phones, stored};
use crate::{
    Change, StoreError,
    db::sql,
    dialing_rules,
    diff::{Values, changes, values},
    huntgroups, names,
    numbering::{self, Holder},
    public_numbers, roles,
    saving::{About, Write, any_field},
    search::{self, Words},
    sign_ins::{self, NewSignIn},
    statuses,
};

impl Accounts<'_> {
    /// Adds an account, open, with a sign-in of its own if one is given.
    ///
    /// # Errors
    /// [`StoreError::Taken`] (`extension`, `sign_in`); [`StoreError::Refused`]: `role`, `dialing_rule`, or `customer` when it
    /// is closed; [`StoreError::NotFound`] when the record names another customer than the tenant's.
    pub async fn create(
        &self,
        tenant: Tenant,
        account: &Account,
        sign_in: Option<&NewSignIn>,
        change: &Change<'_>,
    ) -> Result<AccountId, StoreError> {
        if account.customer != tenant.customer() {
            return Err(StoreError::NotFound);
        }
        let mut write = self.0.write(change).await?;
        write.take_turn(tenant.customer()).await?;
        let customer_key = open_customer_key(&mut write, tenant).await?;
        let id = AccountId(write.new_id());
        let (role, rule) = names_of(&mut write, account).await?;
        let words = words(account);
        let insert = "INSERT INTO account (id, version, created_at, customer_id, customer_key, status, first_name, last_name, \
                      name_key, email, extension, extension_key, expires_on, role_id, dialing_rule_id, search) \
                      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)";
        let insert = sql(insert)
            .bind(id)
            .bind(Version::FIRST)
            .bind(write.at())
            .bind(tenant.customer())
            .bind(customer_key)
            .bind(Status::Open)
            .bind(account.first_name.as_str())
            .bind(account.last_name.as_str())
            .bind(names::key(&account.name()))
            .bind(account.email.as_str())
            .bind(&account.extension)
            .bind(names::number_key(account.extension.as_str()))
            .bind(account.expires_on.clone())
            .bind(account.role)
            .bind(account.dialing_rule)
            .bind(words.column());
        write.run(insert).await?;
        numbering::claim(&mut write, tenant, &account.extension, Holder::Account(id)).await?;
        search::index(&mut write.tx, WORDS.kind, &id.to_string(), "", &words).await?;
        statuses::note(&mut write, tenant, Some(id), None, Status::Open, "").await?;
        statuses::tally(&mut write, tenant, Status::Open, 1).await?;
        let about = about(id, account);
        let told = changes(&Values::new(), &fields(account, &role, &rule));
        write.tell(&about, "created", Some(Version::FIRST), told).await?;
        if let Some(sign_in) = sign_in {
            let who = Who::Account { account: id, customer: tenant.customer() };
            sign_ins::insert(&mut write, who, &about, sign_in).await?;
        }
        write.commit().await?;
        Ok(id)
    }

    /// Saves an account over version `expected`, and tells the new version. A new extension is a new SIP user: the SIP
    /// password has to be set anew.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::Stale`]; [`StoreError::Taken`] (`extension`); [`StoreError::Refused`] (`role`,
    /// `dialing_rule`, or `extension` of a closed account).
    pub async fn update(
        &self,
        tenant: Tenant,
        id: AccountId,
        expected: Version,
        account: &Account,
        change: &Change<'_>,
    ) -> Result<Version, StoreError> {
        if account.customer != tenant.customer() {
            return Err(StoreError::NotFound);
        }
        let by_id = || by_id(Scope::of(tenant), id);
        let mut write = self.0.write(change).await?;
        write.take_turn(tenant.customer()).await?;
        let row = write.one(by_id()).await?.ok_or(StoreError::NotFound)?;
        let old = stored(&row)?;
        if old.version != expected {
            return Err(write.stale(id, expected, old.version, any_field).await);
        }
        let (role, rule) = names_of(&mut write, account).await?;
        let was = fields(&old.value, &row.text("role")?, &row.text_or_null("dialing_rule")?.unwrap_or_default());
        let told = changes(&was, &fields(account, &role, &rule));
        if told.is_empty() {
            return Ok(expected);
        }
        let words = words(account);
        let update = "UPDATE account SET version = version + 1, first_name = $1, last_name = $2, name_key = $3, email = $4, \
                      extension = $5, extension_key = $6, expires_on = $7, role_id = $8, dialing_rule_id = $9, search = $10 \
                      WHERE id = $11 AND version = $12";
        let update = sql(update)
            .bind(account.first_name.as_str())
            .bind(account.last_name.as_str())
            .bind(names::key(&account.name()))
            .bind(account.email.as_str())
            .bind(&account.extension)
            .bind(names::number_key(account.extension.as_str()))
            .bind(account.expires_on.clone())
            .bind(account.role)
            .bind(account.dialing_rule)
            .bind(words.column())
            .bind(id)
            .bind(expected);
        if write.run(update).await? == 0 {
            return Err(write.overtaken(by_id(), id, expected, any_field).await);
        }
        let about = about(id, account);
        if account.extension != old.value.extension {
            if row.read("status", Status::from_key)? == Status::Closed {
                return Err(StoreError::refused("extension", "A closed account keeps the extension that it had."));
            }
            numbering::release(&mut write, tenant, Holder::Account(id)).await?;
            numbering::claim(&mut write, tenant, &account.extension, Holder::Account(id)).await?;
            phones::forget(&mut write, tenant, id, &about).await?;
        }
        search::index(&mut write.tx, WORDS.kind, &id.to_string(), &row.text("search")?, &words).await?;
        write.tell(&about, "changed", Some(expected.next()), told).await?;
        write.commit().await?;
        Ok(expected.next())
    }

    /// Sets the status, with a reason for the history, and tells the status before. `expected` is the status that the person
    /// saw, if the change depends on it. Closing gives back what others may need: the extension, the places in huntgroups,
    /// the SIP password and the sign-in; public numbers stay the customer's and ring nowhere.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Stale`] when the status is not the expected one; [`StoreError::Refused`]
    /// (`status`) when it is closed, has that status already, or accounts cannot have it, or when the provider's staff blocked
    /// it and it is the company that wants to change that.
    pub async fn set_status(
        &self,
        tenant: Tenant,
        id: AccountId,
        status: Status,
        expected: Option<Status>,
        reason: &str,
        change: &Change<'_>,
    ) -> Result<Status, StoreError> {
        if !Status::OF_ACCOUNT.contains(&status) {
            return Err(StoreError::refused("status", "Only a customer as a whole can be suspended."));
        }
        let mut write = self.0.write(change).await?;
        write.take_turn(tenant.customer()).await?;
        let row = write.one(by_id(Scope::of(tenant), id)).await?.ok_or(StoreError::NotFound)?;
        let Stored { version, value: account, .. } = stored(&row)?;
        let about = about(id, &account);
        let now = row.read("status", Status::from_key)?;
        statuses::check_seen(&mut write, &about, version, now, expected).await?;
        let (held, by_staff) = (row.flag("held")?, change.by_staff);
        if held && !by_staff {
            return Err(StoreError::refused("status", HELD));
        }
        if !now.account_may_become(status, held, by_staff) {
            return Err(statuses::refusal(now, status));
        }
        let update = sql("UPDATE account SET status = $1, held = $2 WHERE id = $3");
        write.run(update.bind(status).bind(by_staff && status == Status::Blocked).bind(id)).await?;
        statuses::note(&mut write, tenant, Some(id), Some(now), status, reason).await?;
        statuses::tally(&mut write, tenant, now, -1).await?;
        statuses::tally(&mut write, tenant, status, 1).await?;
        write.tell(&about, "changed", None, statuses::changes(now, status, reason)).await?;
        let who = Who::Account { account: id, customer: tenant.customer() };
        if !sign_ins::lets_in(status) {
            sign_ins::end_sessions(&mut write, who).await?;
        }
        if status == Status::Closed {
            numbering::release(&mut write, tenant, Holder::Account(id)).await?;
            public_numbers::let_go(&mut write, tenant, Holder::Account(id), &account.extension).await?;
            huntgroups::leave_all(&mut write, tenant, id, &huntgroups::label(&account.name(), &account.extension))
                .await?;
            phones::forget(&mut write, tenant, id, &about).await?;
            sign_ins::delete(&mut write, who, &about).await?;
        }
        write.commit().await?;
        Ok(now)
    }
}

/// What the customer's name sorts by; a refusal if the customer is closed.
async fn open_customer_key(write: &mut Write<'_>, tenant: Tenant) -> Result<String, StoreError> {
    let customer = sql("SELECT id, name_key, status FROM customer WHERE id = $1").bind(tenant.customer());
    let row = write.one(customer).await?.ok_or(StoreError::NotFound)?;
    if row.read("status", Status::from_key)? == Status::Closed {
        return Err(StoreError::refused("customer", "This customer is closed; no accounts can be added."));
    }
    row.text("name_key")
}

/// The names of role and dialing rule; a refusal if one of them does not exist.
async fn names_of(write: &mut Write<'_>, account: &Account) -> Result<(String, String), StoreError> {
    let role = roles::name_of(write, account.role, Audience::Account).await?;
    Ok((role, dialing_rules::name_of(write, account.dialing_rule).await?))
}

pub(super) fn about(id: AccountId, account: &Account) -> About {
    About::of(account.customer, Subject::Account, id, &account.name())
}

fn words(account: &Account) -> Words {
    Words::of(&[&account.first_name, &account.last_name, account.extension.as_str(), &account.email])
}

fn fields(account: &Account, role: &str, rule: &str) -> Values {
    values([
        ("first_name", account.first_name.clone()),
        ("last_name", account.last_name.clone()),
        ("email", account.email.clone()),
        ("extension", account.extension.to_string()),
        ("expires_on", account.expires_on.clone().unwrap_or_default()),
        ("role", role.to_owned()),
        ("dialing_rule", rule.to_owned()),
    ])
}
