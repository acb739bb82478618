//! The provider's dialing rules.

use tandem_domain::{
    audit::Subject,
    dialing::{CodeField, DialingRule, PbxCodes},
    ids::{DialingRuleId, Stored, Version},
    list::{PAGE_ROWS, Page, Query},
};
use uuid::Uuid;

use crate::{
    Change, Store, StoreError, codes,
    db::{Row, Sql, Tx, sql},
    diff::{Values, changes, values},
    list::{List, Where},
    names,
    saving::{self, About, Write, any_field},
    search::Words,
};

/// The built-in rule, in effect where nobody assigned another. It can be changed, but not deleted.
pub const DEFAULT: DialingRuleId = DialingRuleId(Uuid::from_u128(0x0000_0000_0000_7000_8000_0000_0000_0201));

/// A rule in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DialingRuleRow {
    /// What names it.
    pub id: DialingRuleId,
    /// The rule.
    pub rule: DialingRule,
    /// How many customers it is assigned to.
    pub customers: i64,
    /// How many accounts it is assigned to, counted up to [`COUNT_CAP`](tandem_domain::list::COUNT_CAP) + 1.
    pub accounts: i64,
    /// It cannot be deleted.
    pub built_in: bool,
}

/// The rules. See [`Store::dialing_rules`].
#[derive(Clone, Copy)]
pub struct DialingRules<'a>(pub(crate) &'a Store);

impl DialingRules<'_> {
    /// A page of rules by name. Searched: name, codes.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn list(&self, query: &Query<()>) -> Result<Page<DialingRuleRow>, StoreError> {
        let list = List {
            columns: "r.*, (SELECT COUNT(*) FROM customer_dialing c WHERE c.rule_id = r.id) AS customers, \
                      (SELECT COUNT(*) FROM (SELECT 1 FROM account a WHERE a.dialing_rule_id = r.id LIMIT 1001) counted) \
                      AS accounts",
            table: "dialing_rule",
            joins: "",
            words: None,
            conditions: Where::default(),
            search: &query.search,
            tags: Vec::new(),
            sieve: None,
            key: "name_key",
            descending: query.descending,
            cursor: query.cursor.as_ref(),
            rows: PAGE_ROWS,
        };
        let read = |row: &Row| {
            let stored = stored(row)?;
            Ok(DialingRuleRow {
                id: stored.id,
                rule: stored.value,
                customers: row.int("customers")?,
                accounts: row.int("accounts")?,
                built_in: row.flag("built_in")?,
            })
        };
        list.page(&self.0.db, read).await
    }

    /// All rules by name, for a choice in a form.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn choices(&self) -> Result<Vec<(DialingRuleId, String)>, StoreError> {
        let rows = self.0.db.all(sql("SELECT id, name FROM dialing_rule ORDER BY name_key, id")).await?;
        rows.iter().map(|row| Ok((row.parse("id")?, row.text("name")?))).collect()
    }

    /// A rule.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn get(&self, id: DialingRuleId) -> Result<Stored<DialingRuleId, DialingRule>, StoreError> {
        self.0.db.one(by_id(id)).await?.as_ref().map(stored).transpose()?.ok_or(StoreError::NotFound)
    }

    /// Adds a rule.
    ///
    /// # Errors
    /// [`StoreError::Taken`] (`name`).
    pub async fn create(&self, rule: &DialingRule, change: &Change<'_>) -> Result<DialingRuleId, StoreError> {
        let mut write = self.0.write(change).await?;
        let id = DialingRuleId(write.new_id());
        write.run(insert(id, rule, false, "")).await.map_err(|error| taken(error, rule))?;
        let about = About::own(Subject::DialingRule, id, &rule.name);
        write.tell(&about, "created", Some(Version::FIRST), changes(&Values::new(), &fields(rule))).await?;
        write.commit().await?;
        Ok(id)
    }

    /// Saves a rule over version `expected`, and tells the new version.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::Stale`], [`StoreError::Taken`] (`name`).
    pub async fn update(
        &self,
        id: DialingRuleId,
        expected: Version,
        rule: &DialingRule,
        change: &Change<'_>,
    ) -> Result<Version, StoreError> {
        let mut write = self.0.write(change).await?;
        let old = write.one(by_id(id)).await?.as_ref().map(stored).transpose()?.ok_or(StoreError::NotFound)?;
        if old.version != expected {
            return Err(write.stale(id, expected, old.version, any_field).await);
        }
        let changes = changes(&fields(&old.value), &fields(rule));
        if changes.is_empty() {
            return Ok(expected);
        }
        let update = "UPDATE dialing_rule SET version = version + 1, name = $1, name_key = $2, search = $3, \
                      spy_prefix = $4, whisper_prefix = $5, barge_in_prefix = $6, spy_digit = $7, whisper_digit = $8, \
                      barge_in_digit = $9, record_start = $10, record_stop = $11 WHERE id = $12 AND version = $13";
        let update = sql(update)
            .bind(rule.name.as_str())
            .bind(names::key(&rule.name))
            .bind(words(rule).column())
            .bind_all(codes::args(&rule.codes))
            .bind(id)
            .bind(expected);
        if write.run(update).await.map_err(|error| taken(error, rule))? == 0 {
            return Err(write.overtaken(by_id(id), id, expected, any_field).await);
        }
        let about = About::own(Subject::DialingRule, id, &rule.name);
        write.tell(&about, "changed", Some(expected.next()), changes).await?;
        write.commit().await?;
        Ok(expected.next())
    }

    /// Deletes a rule.
    ///
    /// # Errors
    /// [`StoreError::Stale`] when it has not the version `expected`, which whoever deletes it saw, if that matters;
    /// [`StoreError::NotFound`]; [`StoreError::InUse`] while a customer or an account has it, or when it is built in.
    pub async fn delete(
        &self,
        id: DialingRuleId,
        expected: Option<Version>,
        change: &Change<'_>,
    ) -> Result<(), StoreError> {
        let mut write = self.0.write(change).await?;
        let row = write.one(by_id(id)).await?.ok_or(StoreError::NotFound)?;
        let Stored { version, value: old, .. } = stored(&row)?;
        if row.flag("built_in")? {
            return Err(StoreError::InUse("This rule is built in and stays.".into()));
        }
        write.as_seen(id, expected, version).await?;
        let delete = write.run(saving::delete("dialing_rule", id, expected)).await;
        let words = "Customers or accounts have this rule. Give them another first.";
        if delete.map_err(|error| names::in_use(error, words))? == 0 {
            return Err(write.overtaken(by_id(id), id, version, any_field).await);
        }
        let about = About::own(Subject::DialingRule, id, &old.name);
        write.tell(&about, "deleted", None, changes(&fields(&old), &Values::new())).await?;
        write.commit().await
    }
}

/// Makes the built-in rule when it is not there.
pub(crate) async fn keep_built_in(tx: &mut Tx) -> Result<(), StoreError> {
    let rule = DialingRule { name: "Default PBX codes".into(), codes: PbxCodes::default() };
    tx.run(insert(DEFAULT, &rule, true, " ON CONFLICT (id) DO NOTHING")).await.map(drop)
}

/// The rule's name, if it exists; else a refusal of the form's field `dialing_rule`.
pub(crate) async fn name_of(write: &mut Write<'_>, id: Option<DialingRuleId>) -> Result<String, StoreError> {
    let Some(id) = id else { return Ok(String::new()) };
    match write.one(by_id(id).steady()).await? {
        Some(row) => row.text("name"),
        None => Err(StoreError::refused("dialing_rule", "This dialing rule does not exist any more; choose another.")),
    }
}

pub(crate) fn by_id(id: DialingRuleId) -> Sql {
    sql("SELECT * FROM dialing_rule WHERE id = $1").bind(id)
}

pub(crate) fn stored(row: &Row) -> Result<Stored<DialingRuleId, DialingRule>, StoreError> {
    let rule = DialingRule { name: row.text("name")?, codes: codes::read(row)? };
    Ok(Stored { id: row.parse("id")?, version: row.version()?, value: rule })
}

fn insert(id: DialingRuleId, rule: &DialingRule, built_in: bool, or: &str) -> Sql {
    let columns = codes::COLUMNS;
    let insert = format!(
        "INSERT INTO dialing_rule (id, version, built_in, name, name_key, search, {columns}) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14){or}"
    );
    sql(insert)
        .bind(id)
        .bind(Version::FIRST)
        .bind(built_in)
        .bind(rule.name.as_str())
        .bind(names::key(&rule.name))
        .bind(words(rule).column())
        .bind_all(codes::args(&rule.codes))
}

fn words(rule: &DialingRule) -> Words {
    let codes = CodeField::ALL.map(|field| rule.codes.get(field)).join(" ");
    Words::of(&[&rule.name, &codes])
}

fn fields(rule: &DialingRule) -> Values {
    let mut fields = values([("name", rule.name.clone())]);
    fields.extend(codes::values(&rule.codes));
    fields
}

fn taken(error: StoreError, rule: &DialingRule) -> StoreError {
    names::taken(error, "dialing_rule", "dialing rule", &rule.name)
}
