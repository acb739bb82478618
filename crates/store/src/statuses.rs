//! Status histories, and how many accounts have each status.

use tandem_domain::{
    access::Tenant,
    audit::FieldChange,
    ids::{AccountId, Version},
    status::{Status, StatusChange},
};

use crate::{
    StoreError,
    db::{Db, Row, sql},
    saving::{About, Write},
};

/// Notes a status in the history of a customer (`account` is `None`) or of one of its accounts.
pub(crate) async fn note(
    write: &mut Write<'_>,
    tenant: Tenant,
    account: Option<AccountId>,
    from: Option<Status>,
    to: Status,
    reason: &str,
) -> Result<(), StoreError> {
    let insert = "INSERT INTO status_change (id, customer_id, account_id, at, actor, by_staff, from_status, to_status, \
                  reason) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    let insert = sql(insert)
        .bind(write.new_id().to_string())
        .bind(tenant.customer())
        .bind(account)
        .bind(write.at())
        .bind(write.change().actor)
        .bind(write.change().by_staff)
        .bind(from.map(|status| status.key().to_owned()))
        .bind(to)
        .bind(reason);
    write.run(insert).await.map(drop)
}

fn change(from: Status, to: Status) -> FieldChange {
    FieldChange { field: "status".into(), old: from.key().into(), new: to.key().into() }
}

/// The status and its reason, as the audit log tells them. A block that was laid over another tells whose it is now.
pub(crate) fn changes(from: Status, to: Status, reason: &str) -> Vec<FieldChange> {
    let held = || FieldChange { field: "held".into(), old: "off".into(), new: "on".into() };
    let status = if from == to { held() } else { change(from, to) };
    let reason = FieldChange { field: "reason".into(), old: String::new(), new: reason.into() };
    if reason.new.is_empty() { vec![status] } else { vec![status, reason] }
}

/// Whether the status is the one that the editor saw, if the change depends on it.
pub(crate) async fn check_seen(
    write: &mut Write<'_>,
    about: &About,
    version: Version,
    now: Status,
    expected: Option<Status>,
) -> Result<(), StoreError> {
    match expected.filter(|saw| *saw != now) {
        Some(saw) => Err(write.stale_value(about, version, change(saw, now)).await),
        None => Ok(()),
    }
}

/// Why a status does not become `next`.
pub(crate) fn refusal(now: Status, next: Status) -> StoreError {
    let words = if now == next {
        format!("The status is {} already.", now.label())
    } else {
        "What is closed cannot be opened again.".to_owned()
    };
    StoreError::refused("status", words)
}

/// The history of a customer, or of one of its accounts, the newest first.
pub(crate) async fn history(
    db: &Db,
    tenant: Tenant,
    account: Option<AccountId>,
) -> Result<Vec<StatusChange>, StoreError> {
    let of_whom = if account.is_some() { "account_id = $2" } else { "account_id IS NULL" };
    let history = format!(
        "SELECT id, at, actor, by_staff, from_status, to_status, reason FROM status_change \
         WHERE customer_id = $1 AND {of_whom} ORDER BY id DESC"
    );
    let mut history = sql(history).bind(tenant.customer());
    if let Some(account) = account {
        history = history.bind(account);
    }
    let read = |row: &Row| {
        let from = row.text_or_null("from_status")?;
        let read = |text: String| Status::from_key(&text).ok_or_else(|| row.corrupt("from_status", text));
        Ok(StatusChange {
            at: row.at("at")?,
            by: row.text("actor")?,
            by_staff: row.flag("by_staff")?,
            from: from.map(read).transpose()?,
            to: row.read("to_status", Status::from_key)?,
            reason: row.text("reason")?,
        })
    };
    db.all(history).await?.iter().map(read).collect()
}

/// Counts an account in (`by` = 1) or out (-1) of those of a status.
pub(crate) async fn tally(write: &mut Write<'_>, tenant: Tenant, status: Status, by: i64) -> Result<(), StoreError> {
    let tally = "INSERT INTO account_tally (customer_id, status, accounts) VALUES ($1, $2, $3) \
                 ON CONFLICT (customer_id, status) DO UPDATE SET accounts = account_tally.accounts + excluded.accounts";
    write.run(sql(tally).bind(tenant.customer()).bind(status).bind(by)).await.map(drop)
}
