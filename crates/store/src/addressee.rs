//! To whom is written about money, and what.

use tandem_domain::{
    access::Tenant,
    account::full_name,
    ids::{AccountId, CustomerId},
    locale::{Locale, TimeZone},
};

use crate::{
    StoreError,
    db::{Row, Tx, sql},
};

/// Whom a letter about money goes to, and how amounts and dates are written there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MoneyReader {
    /// The customer.
    pub customer: CustomerId,
    /// The account, if it is not the customer itself.
    pub account: Option<AccountId>,
    /// The account's name, or the customer's.
    pub name: String,
    /// The address; empty: nobody is written to.
    pub email: String,
    /// The customer's name.
    pub customer_name: String,
    /// The customer's language.
    pub locale: Locale,
    /// The customer's time zone.
    pub time_zone: TimeZone,
}

/// What is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// The subject line.
    pub subject: String,
    /// The text for programs that show text only.
    pub text: String,
    /// The same as HTML.
    pub html: String,
}

impl MoneyReader {
    /// The customer itself.
    pub(crate) async fn of_customer(tx: &mut Tx, tenant: Tenant) -> Result<Self, StoreError> {
        let customer = "SELECT id, name, email, locale, time_zone FROM customer WHERE id = $1";
        let row = tx.one(sql(customer).bind(tenant.customer())).await?.ok_or(StoreError::NotFound)?;
        Self::read(&row)
    }

    /// The account that paid, if it has an address, else the customer.
    pub(crate) async fn of_payer(tx: &mut Tx, tenant: Tenant, payer: Option<AccountId>) -> Result<Self, StoreError> {
        let reader = Self::of_customer(tx, tenant).await?;
        let Some(payer) = payer else { return Ok(reader) };
        let account = "SELECT id, first_name, last_name, email FROM account WHERE id = $1 AND customer_id = $2";
        let Some(row) = tx.one(sql(account).bind(payer).bind(tenant.customer())).await? else { return Ok(reader) };
        let email = row.text("email")?;
        if email.is_empty() {
            return Ok(reader);
        }
        let name = full_name(&row.text("first_name")?, &row.text("last_name")?);
        Ok(Self { account: Some(payer), name, email, ..reader })
    }

    fn read(row: &Row) -> Result<Self, StoreError> {
        let name = row.text("name")?;
        Ok(Self {
            customer: row.parse("id")?,
            account: None,
            name: name.clone(),
            email: row.text("email")?,
            customer_name: name,
            locale: row.read("locale", Locale::from_tag)?,
            time_zone: row.parse("time_zone")?,
        })
    }
}
