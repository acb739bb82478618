//! What phones register with: two digests of a password, never the password. And whether the phone in the browser rings.

use std::fmt;

use md5::{Digest, Md5};
use sha2::Sha256;
use tandem_domain::{
    access::{Scope, Tenant},
    audit::FieldChange,
    ids::{AccountId, CustomerId, Version},
    status::Status,
};

use super::{Accounts, by_id, changing::about, stored};
use crate::{
    Change, StoreError,
    db::{Row, Sql, sql},
    registrations,
    saving::{About, Write},
};

/// The realm of all SIP passwords.
pub const SIP_REALM: &str = "tandem";

/// What the audit log says instead of a password.
const CHANGED: &str = "(changed)";

/// What a phone must prove to know when it registers.
#[derive(Clone, PartialEq, Eq)]
pub struct SipCredentials {
    /// The account.
    pub account: AccountId,
    /// Its customer.
    pub customer: CustomerId,
    /// MD5 of `user:realm:password`, in hexadecimal (RFC 2617 §3.2.2.2).
    pub ha1_md5: String,
    /// SHA-256 of the same (RFC 8760 §2.2).
    pub ha1_sha256: String,
}

/// The digests are as good as the password, so they stay out of logs.
impl fmt::Debug for SipCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SipCredentials").field("account", &self.account).finish_non_exhaustive()
    }
}

impl Accounts<'_> {
    /// Sets the SIP password. Only its digests are kept. `expected` is the version that the person saw who sets it
    /// ([`AccountOverview::sip_version`](super::AccountOverview::sip_version)), if that matters; the next is the version now.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Stale`]; [`StoreError::Refused`] (`sip_password`) when the account is closed.
    pub async fn set_sip_password(
        &self,
        tenant: Tenant,
        id: AccountId,
        expected: Option<Version>,
        password: &str,
        change: &Change<'_>,
    ) -> Result<(), StoreError> {
        let mut write = self.0.write(change).await?;
        // Neither prefix nor extension, which make the SIP user, may change meanwhile.
        write.take_turn(tenant.customer()).await?;
        let row = write.one(by_id(Scope::of(tenant), id)).await?.ok_or(StoreError::NotFound)?;
        let account = stored(&row)?.value;
        as_seen(&mut write, &row, &about(id, &account), expected).await?;
        if row.read("status", Status::from_key)? == Status::Closed {
            return Err(StoreError::refused("sip_password", "A closed account has no phones."));
        }
        let prefix = sql("SELECT id, sip_prefix FROM customer WHERE id = $1").bind(tenant.customer());
        let prefix = write.one(prefix).await?.ok_or(StoreError::NotFound)?.text("sip_prefix")?;
        let sip_user = prefix + account.extension.as_str();
        let (md5, sha256) = digests(&sip_user, password);
        let set = "INSERT INTO sip_credential (account_id, customer_id, sip_user, ha1_md5, ha1_sha256) \
                   VALUES ($1, $2, $3, $4, $5) ON CONFLICT (account_id) DO UPDATE \
                   SET sip_user = excluded.sip_user, ha1_md5 = excluded.ha1_md5, ha1_sha256 = excluded.ha1_sha256";
        let set = sql(set).bind(id).bind(tenant.customer()).bind(sip_user).bind(md5).bind(sha256);
        write.run(set).await?;
        write.run(next_version(id)).await?;
        let change = FieldChange { field: "sip_password".into(), old: String::new(), new: CHANGED.into() };
        write.tell(&about(id, &account), "changed", None, vec![change]).await?;
        write.commit().await
    }

    /// Takes the SIP password away: no phone can register. Nothing happens when there is none. `expected` as for
    /// [`Accounts::set_sip_password`].
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Stale`].
    pub async fn remove_sip_password(
        &self,
        tenant: Tenant,
        id: AccountId,
        expected: Option<Version>,
        change: &Change<'_>,
    ) -> Result<(), StoreError> {
        let mut write = self.0.write(change).await?;
        write.take_turn(tenant.customer()).await?;
        let row = write.one(by_id(Scope::of(tenant), id)).await?.ok_or(StoreError::NotFound)?;
        let about = about(id, &stored(&row)?.value);
        as_seen(&mut write, &row, &about, expected).await?;
        forget(&mut write, tenant, id, &about).await?;
        write.commit().await
    }

    /// What a phone must know that registers as `sip_user`; for the registrar, which asks before it knows whose it is.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn sip_credentials(&self, sip_user: &str) -> Result<Option<SipCredentials>, StoreError> {
        if sip_user.contains('\0') {
            // PostgreSQL knows no such character, but the network brings any.
            return Ok(None);
        }
        let found = "SELECT account_id, customer_id, ha1_md5, ha1_sha256 FROM sip_credential WHERE sip_user = $1";
        let Some(row) = self.0.db.one(sql(found).bind(sip_user)).await? else { return Ok(None) };
        Ok(Some(SipCredentials {
            account: row.parse("account_id")?,
            customer: row.parse("customer_id")?,
            ha1_md5: row.text("ha1_md5")?,
            ha1_sha256: row.text("ha1_sha256")?,
        }))
    }

    /// Whether an account's phone in the browser lets no calls through; an account that there is not lets all.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn do_not_disturb(&self, id: AccountId) -> Result<bool, StoreError> {
        let found = self.0.db.one(sql("SELECT id, do_not_disturb FROM account WHERE id = $1").bind(id)).await?;
        found.map_or(Ok(false), |row| row.flag("do_not_disturb"))
    }

    /// Keeps whether it does. That is as fleeting as a call is: no version of the account, and no line of the audit log.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn keep_do_not_disturb(&self, id: AccountId, on: bool) -> Result<(), StoreError> {
        let mut tx = self.0.begin().await?;
        tx.run(sql("UPDATE account SET do_not_disturb = $1 WHERE id = $2").bind(on).bind(id)).await?;
        tx.commit().await
    }
}

/// Goes on only if the SIP password is still the one that somebody saw.
async fn as_seen(write: &mut Write<'_>, row: &Row, about: &About, expected: Option<Version>) -> Result<(), StoreError> {
    let now = Version(row.int("sip_version")?);
    match expected {
        Some(expected) if expected != now => Err(write.stale_secret(about, now, ["sip_password"; 2]).await),
        Some(_) | None => Ok(()),
    }
}

fn next_version(id: AccountId) -> Sql {
    sql("UPDATE account SET sip_version = sip_version + 1 WHERE id = $1").bind(id)
}

/// Takes the SIP password away, and with it the phones that are registered, as part of a write.
pub(super) async fn forget(
    write: &mut Write<'_>,
    tenant: Tenant,
    id: AccountId,
    about: &About,
) -> Result<(), StoreError> {
    let delete = "DELETE FROM sip_credential WHERE account_id = $1 AND customer_id = $2";
    match write.run(sql(delete).bind(id).bind(tenant.customer())).await? {
        0 => Ok(()),
        _ => {
            write.run(next_version(id)).await?;
            registrations::forget(write, tenant, id).await?;
            let change = FieldChange { field: "sip_password".into(), old: CHANGED.into(), new: String::new() };
            write.tell(about, "changed", None, vec![change]).await
        }
    }
}

/// The digests of `user:realm:password`, in hexadecimal: MD5 and SHA-256.
fn digests(user: &str, password: &str) -> (String, String) {
    let secret = format!("{user}:{SIP_REALM}:{password}");
    (hex(&Md5::digest(&secret)), hex(&Sha256::digest(&secret)))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::digests;

    /// Computed with md5sum and sha256sum.
    #[test]
    fn digests_are_those_that_a_phone_computes() {
        let (md5, sha256) = digests("abc744", "tandem-demo");
        assert_eq!(md5, "67392cc06f509dc409e7aaba510f394c");
        assert_eq!(sha256, "9603e2dca825f5fb50612532361a0c74c61ad2452c784e5e6323eb1759cc6742");
    }
}
