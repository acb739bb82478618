//! Public numbers: which of a customer's accounts or huntgroups rings when the world dials one.
//!
//! A number is one customer's only, and follows its holder to another extension. What the exchange asks for every call is
//! in [`crate::exchange`].

use tandem_domain::{
    access::{Scope, Tenant},
    account::full_name,
    audit::{FieldChange, Subject},
    ids::CustomerId,
    list::{PAGE_ROWS, Page, Query},
    numbers::{ExtensionNumber, PhoneNumber},
};

use crate::{
    Change, Store, StoreError,
    db::{Row, sql},
    list::{List, Where},
    numbering::Holder,
    saving::{About, Write},
    search::{self, Words},
};

/// What the audit log calls a number, among the fields of its customer.
const FIELD: &str = "public_number";

/// A public number in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicNumberRow {
    /// The number.
    pub number: PhoneNumber,
    /// Whose it is.
    pub customer: CustomerId,
    /// The customer's name.
    pub customer_name: String,
    /// The extension that rings; `None` after its holder was closed or deleted.
    pub extension: Option<ExtensionNumber>,
    /// The name of the account or huntgroup that rings; empty if none does.
    pub name: String,
    /// It is a huntgroup that rings.
    pub is_huntgroup: bool,
}

/// The public numbers. See [`Store::public_numbers`].
#[derive(Clone, Copy)]
pub struct PublicNumbers<'a>(pub(crate) &'a Store);

impl PublicNumbers<'_> {
    /// A page of numbers, in their order. Searched: the number, also in groups of digits.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn list(&self, scope: Scope, query: &Query<()>) -> Result<Page<PublicNumberRow>, StoreError> {
        let search = search::typed_number(&query.search);
        let list = List {
            columns: "r.id, r.number, r.customer_id, c.name AS customer_name, a.first_name, a.last_name, \
                      a.extension, h.name AS huntgroup, h.number AS huntgroup_number",
            table: "public_number",
            joins: "JOIN customer c ON c.id = r.customer_id LEFT JOIN account a ON a.id = r.account_id \
                    LEFT JOIN huntgroup h ON h.id = r.huntgroup_id",
            words: None,
            conditions: Where::within(scope),
            search: &search,
            tags: Vec::new(),
            sieve: None,
            key: "number",
            descending: query.descending,
            cursor: query.cursor.as_ref(),
            rows: PAGE_ROWS,
        };
        list.page(&self.0.db, read).await
    }

    /// Gives a customer a number that rings one of its extensions.
    ///
    /// # Errors
    /// [`StoreError::Taken`] (`number`); [`StoreError::Refused`] (`extension`) when the customer has none of this number;
    /// [`StoreError::NotFound`] when there is no such customer.
    pub async fn create(
        &self,
        tenant: Tenant,
        number: &PhoneNumber,
        extension: &ExtensionNumber,
        change: &Change<'_>,
    ) -> Result<(), StoreError> {
        let mut write = self.0.write(change).await?;
        // The extension may not change its holder meanwhile.
        write.take_turn(tenant.customer()).await?;
        let holder = "SELECT account_id, huntgroup_id FROM extension WHERE customer_id = $1 AND number = $2";
        let holder = write.one(sql(holder).bind(tenant.customer()).bind(extension)).await?;
        let Some(holder) = holder else {
            let words = format!("Nobody has the extension {extension}; choose one that exists.");
            return Err(StoreError::refused("extension", words));
        };
        let insert = "INSERT INTO public_number (id, customer_id, number, account_id, huntgroup_id, search) \
                      VALUES ($1, $2, $3, $4, $5, $6)";
        let insert = sql(insert)
            .bind(write.new_id().to_string())
            .bind(tenant.customer())
            .bind(number)
            .bind(holder.text_or_null("account_id")?)
            .bind(holder.text_or_null("huntgroup_id")?)
            .bind(Words::of(&[number.as_str()]).column());
        write.run(insert).await.map_err(|error| {
            if error.is_taken("public_number", "number") {
                StoreError::taken("number", format!("{number} is in use already; choose another number."))
            } else {
                error
            }
        })?;
        tell(&mut write, tenant, String::new(), words(number, Some(extension))).await?;
        write.commit().await
    }

    /// Takes a number from a customer.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], also for another tenant's.
    pub async fn delete(&self, tenant: Tenant, number: &PhoneNumber, change: &Change<'_>) -> Result<(), StoreError> {
        let mut write = self.0.write(change).await?;
        write.take_turn(tenant.customer()).await?;
        let found = "SELECT p.id, e.number AS extension FROM public_number p LEFT JOIN extension e \
                     ON e.account_id = p.account_id OR e.huntgroup_id = p.huntgroup_id \
                     WHERE p.number = $1 AND p.customer_id = $2";
        let row = write.one(sql(found).bind(number).bind(tenant.customer())).await?.ok_or(StoreError::NotFound)?;
        let extension: Option<ExtensionNumber> = row.parse_or_null("extension")?;
        write.run(sql("DELETE FROM public_number WHERE number = $1").bind(number)).await?;
        tell(&mut write, tenant, words(number, extension.as_ref()), String::new()).await?;
        write.commit().await
    }
}

/// Lets the numbers of an account or a huntgroup that goes away ring nowhere, as part of a write that has the customer's turn.
pub(crate) async fn let_go(
    write: &mut Write<'_>,
    tenant: Tenant,
    holder: Holder,
    extension: &ExtensionNumber,
) -> Result<(), StoreError> {
    let column = holder.column();
    let numbers = format!("SELECT id, number FROM public_number WHERE {column} = $1 AND customer_id = $2 ORDER BY id");
    for row in write.all(sql(numbers).bind(holder.arg()).bind(tenant.customer())).await? {
        let number: PhoneNumber = row.parse("number")?;
        let update = format!("UPDATE public_number SET {column} = NULL WHERE number = $1");
        write.run(sql(update).bind(&number)).await?;
        tell(write, tenant, words(&number, Some(extension)), words(&number, None)).await?;
    }
    Ok(())
}

/// Tells the audit log, among what is told of the customer.
async fn tell(write: &mut Write<'_>, tenant: Tenant, old: String, new: String) -> Result<(), StoreError> {
    let id = tenant.customer();
    let customer = sql("SELECT id, name FROM customer WHERE id = $1").bind(id);
    let name = write.one(customer).await?.ok_or(StoreError::NotFound)?.text("name")?;
    let about = About::of(id, Subject::Customer, id, &name);
    write.tell(&about, "changed", None, vec![FieldChange { field: FIELD.into(), old, new }]).await
}

/// A number as the audit log names it: "+3225550700 (7700)".
fn words(number: &PhoneNumber, extension: Option<&ExtensionNumber>) -> String {
    match extension {
        Some(extension) => format!("{number} ({extension})"),
        None => number.to_string(),
    }
}

fn read(row: &Row) -> Result<PublicNumberRow, StoreError> {
    let huntgroup = row.text_or_null("huntgroup")?;
    let is_huntgroup = huntgroup.is_some();
    let (extension, name) = match huntgroup {
        Some(name) => (row.parse_or_null("huntgroup_number")?, name),
        None => match row.text_or_null("first_name")? {
            Some(first) => (row.parse_or_null("extension")?, full_name(&first, &row.text("last_name")?)),
            None => (None, String::new()),
        },
    };
    Ok(PublicNumberRow {
        number: row.parse("number")?,
        customer: row.parse("customer_id")?,
        customer_name: row.text("customer_name")?,
        extension,
        name,
        is_huntgroup,
    })
}
