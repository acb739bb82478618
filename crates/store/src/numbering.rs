//! The numbers inside a customer: accounts and huntgroups share one plan.
//!
//! The table `extension` has one row per number in use. Its primary key is the umpire when two people want the same number
//! at the same moment; the look beforehand is there for the words.

use tandem_domain::{
    access::Tenant,
    account::full_name,
    ids::{AccountId, HuntgroupId},
    numbers::ExtensionNumber,
};

use crate::{
    StoreError,
    db::{Arg, sql},
    saving::Write,
};

/// Who has a number.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Holder {
    Account(AccountId),
    Huntgroup(HuntgroupId),
}

impl Holder {
    pub(crate) const fn column(self) -> &'static str {
        match self {
            Self::Account(_) => "account_id",
            Self::Huntgroup(_) => "huntgroup_id",
        }
    }

    /// The field in which the number is typed.
    const fn field(self) -> &'static str {
        match self {
            Self::Account(_) => "extension",
            Self::Huntgroup(_) => "number",
        }
    }

    pub(crate) fn arg(self) -> Arg {
        match self {
            Self::Account(id) => id.into(),
            Self::Huntgroup(id) => id.into(),
        }
    }
}

/// Gives a number to a holder that has none.
pub(crate) async fn claim(
    write: &mut Write<'_>,
    tenant: Tenant,
    number: &ExtensionNumber,
    holder: Holder,
) -> Result<(), StoreError> {
    let had = "SELECT a.first_name, a.last_name, h.name AS huntgroup FROM extension e \
               LEFT JOIN account a ON a.id = e.account_id LEFT JOIN huntgroup h ON h.id = e.huntgroup_id \
               WHERE e.customer_id = $1 AND e.number = $2";
    if let Some(row) = write.one(sql(had).bind(tenant.customer()).bind(number)).await? {
        let whose = match row.text_or_null("huntgroup")? {
            Some(huntgroup) => format!("the huntgroup {huntgroup}"),
            None => full_name(&row.text("first_name")?, &row.text("last_name")?),
        };
        let words = format!("{number} belongs to {whose}; choose another number.");
        return Err(StoreError::taken(holder.field(), words));
    }
    let insert = format!("INSERT INTO extension (customer_id, number, {}) VALUES ($1, $2, $3)", holder.column());
    let insert = sql(insert).bind(tenant.customer()).bind(number).bind(holder.arg());
    write.run(insert).await.map(drop).map_err(|error| {
        if error.is_taken("extension", "number") {
            StoreError::taken(holder.field(), format!("{number} was given away this moment; choose another number."))
        } else {
            error
        }
    })
}

/// Takes a holder's number back.
pub(crate) async fn release(write: &mut Write<'_>, tenant: Tenant, holder: Holder) -> Result<(), StoreError> {
    let delete = format!("DELETE FROM extension WHERE customer_id = $1 AND {} = $2", holder.column());
    write.run(sql(delete).bind(tenant.customer()).bind(holder.arg())).await.map(drop)
}
