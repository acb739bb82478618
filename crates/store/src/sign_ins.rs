//! Who may sign in: names and password hashes. (Failures so far: [`crate::attempts`].)

use sha2::{Digest, Sha256};
use tandem_domain::{
    access::{Audience, Principal, Tenant, Who},
    account::full_name,
    audit::{FieldChange, Subject},
    ids::{AccountId, CustomerId, RoleId, Timestamp, Version},
    locale::Locale,
    settings::{Setting, Value},
    sign_in::SignInName,
    status::Status,
};

use crate::{
    Change, Store, StoreError, administrators, attempts,
    db::{Row, Sql, sql},
    roles,
    saving::{About, Write},
};

/// What the audit log says instead of a password.
const CHANGED: &str = "(changed)";

/// A sign-in to make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSignIn {
    /// The name.
    pub name: SignInName,
    /// The password's hash ([`crate::password::hash`]).
    pub password_hash: String,
}

/// A sign-in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignIn {
    /// The name.
    pub name: SignInName,
    /// Whose it is.
    pub who: Who,
    /// The password's hash.
    pub password_hash: String,
    /// When the password was set.
    pub password_changed_at: Timestamp,
    /// Changes with the name and with the password.
    pub version: Version,
}

/// The version of a sign-in, or of a SIP password, that is not there.
pub const NONE_YET: Version = Version(0);

/// What was looked at before somebody may change a sign-in, and is looked at again in the transaction that changes it: the
/// hash of a password takes long enough for it to become another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// The role of the one who signs in, which permits no more than that of whoever changes it.
    pub role: RoleId,
    /// Whoever changes it may not hear recordings that are for the account only: where there can be some, it stays.
    pub not_private: bool,
}

/// The sign-ins. See [`Store::sign_ins`].
#[derive(Clone, Copy)]
pub struct SignIns<'a>(pub(crate) &'a Store);

impl SignIns<'_> {
    /// The sign-in of this name.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn find(&self, name: &SignInName) -> Result<Option<SignIn>, StoreError> {
        self.0.db.one(by_name(name)).await?.as_ref().map(read).transpose()
    }

    /// Somebody's sign-in.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn of(&self, who: Who) -> Result<Option<SignIn>, StoreError> {
        Ok(self.0.db.one(by_person(who)).await?.as_ref().map(read).transpose()?.filter(|found| found.who == who))
    }

    /// Somebody's name, role and language, and the stamp of their sessions (it changes with the password, and when they are
    /// shut out), if they may sign in now: they have a sign-in, an administrator is active, a customer or account is neither
    /// blocked nor closed.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn principal(&self, who: Who) -> Result<Option<(Principal, Vec<u8>)>, StoreError> {
        let Some(row) = self.0.db.one(person(who)).await? else { return Ok(None) };
        if !may_sign_in(who, &row)? {
            return Ok(None);
        }
        let principal = Principal {
            who,
            sign_in: row.text("sign_in")?,
            name: full_name(&row.text("first_name")?, &row.text("last_name")?),
            role: roles::read(&row, "role_name")?,
            locale: row.read("locale", Locale::from_tag)?,
            time_zone: row.parse("time_zone")?,
            manages: row.int("manages")? > 0,
        };
        let stamp = format!("{} {}", row.int("epoch")?, row.text("password_hash")?);
        let stamp = Sha256::digest(stamp.as_bytes()).to_vec();
        Ok(Some((principal, stamp)))
    }

    /// The version of somebody's sign-in; [`NONE_YET`] without one.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn version(&self, who: Who) -> Result<Version, StoreError> {
        Ok(self.of(who).await?.map_or(NONE_YET, |found| found.version))
    }

    /// Whether an account keeps recordings to itself, or will: then nobody else may get in as it who may not hear them.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn keeps_private(&self, tenant: Tenant, account: AccountId) -> Result<bool, StoreError> {
        Ok(self.0.db.one(private(account, tenant.customer())).await?.is_some())
    }

    /// Whether accounts of a customer keep recordings to themselves from their first day.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn keep_private_from_the_first(&self, tenant: Tenant) -> Result<bool, StoreError> {
        let on = "SELECT customer_id FROM customer_setting WHERE customer_id = $1 AND setting = $2 AND value = $3";
        let on = sql(on).bind(tenant.customer()).bind(Setting::RecordAccountOnly.key()).bind(Value::Switch(true).key());
        Ok(self.0.db.one(on).await?.is_some())
    }

    /// Gives somebody a sign-in, or changes it: name and password, both or neither. `expected` is the version that the person
    /// saw who changes it ([`NONE_YET`]: there was no sign-in). Without a hash the password stays; a new one ends all sessions.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Stale`] when the version is not the expected one; [`StoreError::Taken`]
    /// (`sign_in`); [`StoreError::Refused`]: `sign_in` when they are closed, `password` for a new sign-in without one;
    /// [`StoreError::InUse`] when the terms are not so (any more).
    pub async fn save(
        &self,
        who: Who,
        expected: Version,
        name: &SignInName,
        password_hash: Option<&str>,
        terms: Option<&Terms>,
        change: &Change<'_>,
    ) -> Result<(), StoreError> {
        let mut write = self.0.write(change).await?;
        let about = about(&mut write, who).await?;
        let present = present(&mut write, who, &about, Some(expected)).await?;
        keep_terms(&mut write, who, terms).await?;
        match (present, password_hash) {
            (None, None) => return Err(StoreError::refused("password", "Choose a password.")),
            (None, Some(hash)) => {
                let sign_in = NewSignIn { name: name.clone(), password_hash: hash.to_owned() };
                insert(&mut write, who, &about, &sign_in).await?;
            }
            (Some(_), hash) => {
                rename(&mut write, who, &about, name, None).await?;
                if let Some(hash) = hash {
                    replace_password(&mut write, who, &about, hash).await?;
                }
            }
        }
        write.commit().await
    }

    /// Changes a password; all sessions of the person end, and failures to sign in with it are forgotten. `expected` is the
    /// version that the person saw who changes it, if the change depends on it.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when they have no sign-in; [`StoreError::Stale`]; [`StoreError::InUse`] when the terms are not
    /// so (any more).
    pub async fn set_password(
        &self,
        who: Who,
        expected: Option<Version>,
        password_hash: &str,
        terms: Option<&Terms>,
        change: &Change<'_>,
    ) -> Result<(), StoreError> {
        let mut write = self.0.write(change).await?;
        let about = about(&mut write, who).await?;
        present(&mut write, who, &about, expected).await?;
        keep_terms(&mut write, who, terms).await?;
        replace_password(&mut write, who, &about, password_hash).await?;
        write.commit().await
    }

    /// Takes somebody's sign-in away. Nothing happens when they have none. Administrators keep theirs: they are deactivated
    /// or deleted instead. `expected` is the version that the person saw who takes it, if that matters.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Stale`]; [`StoreError::InUse`] for an administrator.
    pub async fn remove(&self, who: Who, expected: Option<Version>, change: &Change<'_>) -> Result<(), StoreError> {
        if let Who::Administrator(_) = who {
            return Err(StoreError::InUse("An administrator keeps the sign-in; deactivate the person instead.".into()));
        }
        let mut write = self.0.write(change).await?;
        let about = about(&mut write, who).await?;
        present(&mut write, who, &about, expected).await?;
        delete(&mut write, who, &about).await?;
        write.commit().await
    }
}

/// The sign-in as it is, if it has the version that somebody saw; else what became of it.
async fn present(
    write: &mut Write<'_>,
    who: Who,
    about: &About,
    expected: Option<Version>,
) -> Result<Option<SignIn>, StoreError> {
    let present = write.one(by_person(who)).await?.as_ref().map(read).transpose()?;
    let version = present.as_ref().map_or(NONE_YET, |present| present.version);
    match expected {
        Some(expected) if expected != version => Err(write.stale_secret(about, version, ["sign_in", "password"]).await),
        Some(_) | None => Ok(present),
    }
}

/// Goes on only if all is as it was when somebody was found to be allowed to change the sign-in.
async fn keep_terms(write: &mut Write<'_>, who: Who, terms: Option<&Terms>) -> Result<(), StoreError> {
    let Some(Terms { role, not_private }) = terms else { return Ok(()) };
    let now: RoleId = write.one(record(who)).await?.ok_or(StoreError::NotFound)?.parse("role_id")?;
    if now != *role {
        return Err(StoreError::InUse("The access role was changed meanwhile. Nothing was saved; look again.".into()));
    }
    match who {
        Who::Account { account, customer } if *not_private => {
            write.one(private(account, customer)).await?.map_or(Ok(()), |_| Err(StoreError::InUse(PRIVATE.into())))
        }
        Who::Account { .. } | Who::Customer(_) | Who::Administrator(_) => Ok(()),
    }
}

/// Why a company does not give a password to an account that has recordings of its own, and who does.
pub const PRIVATE: &str = "This account keeps call recordings to itself: “Show the call recording to account only” is on, \
                           or was when some were made. Whoever sets its password could hear them, so only your provider can \
                           change this sign-in.";

/// A row, if the account keeps recordings to itself.
fn private(account: AccountId, customer: CustomerId) -> Sql {
    let private = "SELECT a.id FROM account a WHERE a.id = $1 AND a.customer_id = $2 AND (COALESCE(\
                   (SELECT s.value FROM account_setting s WHERE s.account_id = a.id AND s.setting = $3), \
                   (SELECT s.value FROM customer_setting s WHERE s.customer_id = a.customer_id AND s.setting = $3)) = $4 \
                   OR EXISTS (SELECT 1 FROM recording r WHERE r.customer_id = a.customer_id AND r.account_only = $5 \
                   AND r.account_id = a.id))";
    sql(private)
        .bind(account)
        .bind(customer)
        .bind(Setting::RecordAccountOnly.key())
        .bind(Value::Switch(true).key())
        .bind(true)
}

/// Changes the name that somebody signs in with, as part of a write, and tells whether it was another. `version` is the
/// record's from now on, where the name belongs to the record.
pub(crate) async fn rename(
    write: &mut Write<'_>,
    who: Who,
    about: &About,
    name: &SignInName,
    version: Option<Version>,
) -> Result<bool, StoreError> {
    let old = write.one(by_person(who)).await?.ok_or(StoreError::NotFound)?.text("name")?;
    if old == name.as_str() {
        return Ok(false);
    }
    let update =
        sql("UPDATE sign_in SET name = $1, version = version + 1 WHERE person_id = $2").bind(name).bind(person_id(who));
    write.run(update).await.map_err(taken)?;
    let change = FieldChange { field: "sign_in".into(), old, new: name.to_string() };
    write.tell(about, "changed", version, vec![change]).await?;
    Ok(true)
}

/// Changes a password, as part of a write.
async fn replace_password(
    write: &mut Write<'_>,
    who: Who,
    about: &About,
    password_hash: &str,
) -> Result<(), StoreError> {
    let update = "UPDATE sign_in SET password_hash = $1, password_changed_at = $2, version = version + 1 \
                  WHERE person_id = $3 RETURNING name";
    let update = sql(update).bind(password_hash).bind(write.at()).bind(person_id(who));
    let name = write.one(update).await?.ok_or(StoreError::NotFound)?.parse("name")?;
    // Whoever was kept waiting may try the new one at once.
    attempts::forget(write, &name).await?;
    let change = FieldChange { field: "password".into(), old: String::new(), new: CHANGED.into() };
    write.tell(about, "changed", None, vec![change]).await
}

/// Gives somebody a sign-in, as part of a write.
pub(crate) async fn insert(
    write: &mut Write<'_>,
    who: Who,
    about: &About,
    sign_in: &NewSignIn,
) -> Result<(), StoreError> {
    let (audience, customer) = match who {
        Who::Administrator(_) => (Audience::Administrator, None),
        Who::Customer(customer) => (Audience::Customer, Some(customer)),
        Who::Account { customer, .. } => (Audience::Account, Some(customer)),
    };
    let insert = "INSERT INTO sign_in (name, audience, person_id, customer_id, password_hash, password_changed_at, \
                  version) VALUES ($1, $2, $3, $4, $5, $6, $6)";
    let insert = sql(insert)
        .bind(&sign_in.name)
        .bind(audience.key())
        .bind(person_id(who))
        .bind(customer)
        .bind(sign_in.password_hash.as_str())
        .bind(write.at());
    write.run(insert).await.map_err(taken)?;
    let change = FieldChange { field: "sign_in".into(), old: String::new(), new: sign_in.name.to_string() };
    write.tell(about, "changed", None, vec![change]).await
}

/// Takes somebody's sign-in away, as part of a write.
pub(crate) async fn delete(write: &mut Write<'_>, who: Who, about: &About) -> Result<(), StoreError> {
    let Some(row) = write.one(by_person(who)).await? else { return Ok(()) };
    write.run(sql("DELETE FROM sign_in WHERE person_id = $1").bind(person_id(who))).await?;
    let change = FieldChange { field: "sign_in".into(), old: row.text("name")?, new: String::new() };
    write.tell(about, "changed", None, vec![change]).await
}

fn taken(error: StoreError) -> StoreError {
    if error.is_taken("sign_in", "name") {
        StoreError::taken("sign_in", "Somebody else signs in with this name; choose another.")
    } else {
        error
    }
}

/// Who a write is about, if there is such a person and the record is not closed.
async fn about(write: &mut Write<'_>, who: Who) -> Result<About, StoreError> {
    // Nobody closes or deletes the person meanwhile, nor changes the same sign-in.
    match who {
        Who::Administrator(_) => administrators::take_turn(write).await?,
        Who::Customer(customer) | Who::Account { customer, .. } => write.take_turn(customer).await?,
    }
    let row = write.one(record(who)).await?.ok_or(StoreError::NotFound)?;
    let name = full_name(&row.text("first_name")?, &row.text("last_name")?);
    let (customer, subject) = match who {
        Who::Administrator(_) => return Ok(About::own(Subject::Administrator, person_id(who), &name)),
        Who::Customer(customer) => (customer, Subject::Customer),
        Who::Account { customer, .. } => (customer, Subject::Account),
    };
    if row.read("status", Status::from_key)? == Status::Closed {
        return Err(StoreError::refused("sign_in", "This is closed for good; nobody can sign in to it."));
    }
    Ok(About::of(customer, subject, person_id(who), &name))
}

/// Ends the sessions of somebody who is not let in any more, as part of a write: of a customer and of all its accounts. They
/// do not come back when the person is let in again.
pub(crate) async fn end_sessions(write: &mut Write<'_>, who: Who) -> Result<(), StoreError> {
    let whose = match who {
        Who::Customer(_) => "customer_id",
        Who::Administrator(_) | Who::Account { .. } => "person_id",
    };
    let update = format!("UPDATE sign_in SET epoch = epoch + 1 WHERE {whose} = $1");
    write.run(sql(update).bind(person_id(who))).await.map(drop)
}

/// Whether people whose record has this status are let in.
pub(crate) const fn lets_in(status: Status) -> bool {
    match status {
        Status::Open | Status::Suspended => true,
        Status::Blocked | Status::Closed => false,
    }
}

/// Whether the record of a person lets them in.
fn may_sign_in(who: Who, row: &Row) -> Result<bool, StoreError> {
    let lets_in = |column: &str| row.read(column, Status::from_key).map(lets_in);
    match who {
        Who::Administrator(_) => row.flag("active"),
        Who::Customer(_) => lets_in("status"),
        Who::Account { .. } => Ok(lets_in("status")? && lets_in("customer_status")?),
    }
}

/// The person's record, with or without a sign-in.
fn record(who: Who) -> Sql {
    match who {
        Who::Administrator(id) => {
            sql("SELECT id, role_id, name AS first_name, '' AS last_name FROM administrator WHERE id = $1").bind(id)
        }
        Who::Customer(id) => {
            sql("SELECT id, role_id, name AS first_name, '' AS last_name, status FROM customer WHERE id = $1").bind(id)
        }
        Who::Account { account, customer } => {
            let record =
                "SELECT id, role_id, first_name, last_name, status FROM account WHERE id = $1 AND customer_id = $2";
            sql(record).bind(account).bind(customer)
        }
    }
}

/// The person's record together with sign-in and role.
fn person(who: Who) -> Sql {
    let columns = "s.name AS sign_in, s.password_hash, s.epoch, r.name AS role_name, r.audience, r.base, r.entries";
    let (tables, condition) = match who {
        Who::Administrator(_) => (
            "p.id, p.name AS first_name, '' AS last_name, p.active, p.locale, p.time_zone, CAST(0 AS BIGINT) AS manages \
             FROM administrator p",
            "",
        ),
        Who::Customer(_) => (
            "p.id, p.name AS first_name, '' AS last_name, p.status, p.locale, p.time_zone, CAST(0 AS BIGINT) AS manages FROM customer p",
            "",
        ),
        Who::Account { .. } => (
            "p.id, p.first_name, p.last_name, p.status, c.status AS customer_status, c.locale, c.time_zone, \
             (SELECT COUNT(*) FROM huntgroup_member m WHERE m.account_id = p.id AND m.supervision_allowed) AS manages \
             FROM account p JOIN customer c ON c.id = p.customer_id",
            " AND p.customer_id = $2",
        ),
    };
    let text = format!(
        "SELECT {columns}, {tables} JOIN sign_in s ON s.person_id = p.id JOIN access_role r ON r.id = p.role_id \
         WHERE p.id = $1{condition}"
    );
    let sql = sql(text).bind(person_id(who));
    match who {
        Who::Administrator(_) | Who::Customer(_) => sql,
        Who::Account { customer, .. } => sql.bind(customer),
    }
}

fn by_name(name: &SignInName) -> Sql {
    sql(format!("SELECT {COLUMNS} FROM sign_in WHERE name = $1")).bind(name)
}

fn by_person(who: Who) -> Sql {
    sql(format!("SELECT {COLUMNS} FROM sign_in WHERE person_id = $1")).bind(person_id(who))
}

const COLUMNS: &str = "name, audience, person_id, customer_id, password_hash, password_changed_at, version";

fn read(row: &Row) -> Result<SignIn, StoreError> {
    let customer = || -> Result<CustomerId, StoreError> { row.parse("customer_id") };
    let who = match row.read("audience", Audience::from_key)? {
        Audience::Administrator => Who::Administrator(row.parse("person_id")?),
        Audience::Customer => Who::Customer(customer()?),
        Audience::Account => Who::Account { account: row.parse("person_id")?, customer: customer()? },
    };
    Ok(SignIn {
        name: row.parse("name")?,
        who,
        password_hash: row.text("password_hash")?,
        password_changed_at: row.at("password_changed_at")?,
        version: Version(row.int("version")?),
    })
}

/// The id of a person's record.
fn person_id(who: Who) -> String {
    match who {
        Who::Administrator(id) => id.to_string(),
        Who::Customer(id) => id.to_string(),
        Who::Account { account, .. } => account.to_string(),
    }
}
