//! Access roles.

use std::collections::BTreeMap;

use tandem_domain::{
    access::{AccessRole, Audience, Level},
    audit::Subject,
    ids::{RoleId, Stored, Version},
    list::{COUNT_CAP, PAGE_ROWS, Page, Query},
};
use uuid::Uuid;

use crate::{
    Change, Store, StoreError, administrators,
    db::{Row, Sql, Tx, sql},
    diff::{Values, changes, values},
    list::{List, Where},
    names,
    saving::{self, About, Write, any_field},
    search::Words,
};

/// The built-in roles, in the order of [`AccessRole::built_in`]: administrator, read-only administrator, customer, account.
pub const BUILT_IN: [RoleId; 4] = [built_in(1), built_in(2), built_in(3), built_in(4)];
/// The built-in role of administrators.
pub const ADMINISTRATOR: RoleId = BUILT_IN[0];
/// The built-in role of administrators that change nothing.
pub const READ_ONLY_ADMINISTRATOR: RoleId = BUILT_IN[1];
/// The built-in role of customers.
pub const CUSTOMER: RoleId = BUILT_IN[2];
/// The built-in role of accounts.
pub const ACCOUNT: RoleId = BUILT_IN[3];

const fn built_in(n: u128) -> RoleId {
    RoleId(Uuid::from_u128(0x0000_0000_0000_7000_8000_0000_0000_0100 + n))
}

/// Whether a role is built in: it can be copied, but neither changed nor deleted.
#[must_use]
pub fn is_built_in(id: RoleId) -> bool {
    BUILT_IN.contains(&id)
}

/// A role in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleRow {
    /// What names it.
    pub id: RoleId,
    /// Its name.
    pub name: String,
    /// Whom it is for.
    pub audience: Audience,
    /// It can neither be changed nor deleted.
    pub built_in: bool,
}

/// Which roles a list shows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RoleFilters {
    /// Only those for these people.
    pub audience: Option<Audience>,
}

/// The roles. See [`Store::roles`].
#[derive(Clone, Copy)]
pub struct Roles<'a>(pub(crate) &'a Store);

impl Roles<'_> {
    /// A page of roles by name. Searched: name.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn list(&self, query: &Query<()>, filters: &RoleFilters) -> Result<Page<RoleRow>, StoreError> {
        let mut conditions = Where::default();
        conditions.and_if("r.audience = ?", filters.audience.map(Audience::key));
        let list = List {
            columns: "r.id, r.name, r.audience, r.built_in",
            table: "access_role",
            joins: "",
            words: None,
            conditions,
            search: &query.search,
            tags: Vec::new(),
            sieve: None,
            key: "name_key",
            descending: query.descending,
            cursor: query.cursor.as_ref(),
            rows: PAGE_ROWS,
        };
        let read = |row: &Row| {
            Ok(RoleRow {
                id: row.parse("id")?,
                name: row.text("name")?,
                audience: row.read("audience", Audience::from_key)?,
                built_in: row.flag("built_in")?,
            })
        };
        list.page(&self.0.db, read).await
    }

    /// All roles for these people by name.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn of(&self, audience: Audience) -> Result<Vec<Stored<RoleId, AccessRole>>, StoreError> {
        let of = "SELECT id, version, name, audience, base, entries FROM access_role WHERE audience = $1 ORDER BY name_key, id";
        self.0.db.all(sql(of).bind(audience.key())).await?.iter().map(stored).collect()
    }

    /// A role.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn get(&self, id: RoleId) -> Result<Stored<RoleId, AccessRole>, StoreError> {
        self.0.db.one(by_id(id)).await?.as_ref().map(stored).transpose()?.ok_or(StoreError::NotFound)
    }

    /// How many administrators, customers or accounts have the role, counted up to
    /// [`COUNT_CAP`] + 1.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn holders(&self, id: RoleId) -> Result<u32, StoreError> {
        let row = self.0.db.one(holders(id)).await?;
        let n = row.map_or(Ok(0), |row| row.int("n"))?;
        Ok(u32::try_from(n).unwrap_or(u32::MAX))
    }

    /// Adds a role.
    ///
    /// # Errors
    /// [`StoreError::Taken`] (`name`).
    pub async fn create(&self, role: &AccessRole, change: &Change<'_>) -> Result<RoleId, StoreError> {
        let mut write = self.0.write(change).await?;
        let id = RoleId(write.new_id());
        write.run(insert(id, role, false, "")).await.map_err(|error| taken(error, role))?;
        let about = About::own(Subject::Role, id, &role.name);
        write.tell(&about, "created", Some(Version::FIRST), changes(&Values::new(), &fields(role))).await?;
        write.commit().await?;
        Ok(id)
    }

    /// Saves a role over version `expected`, and tells the new version.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::Stale`], [`StoreError::Taken`] (`name`); [`StoreError::InUse`] for a built-in
    /// role; [`StoreError::Refused`]: `audience` while somebody has the role, `entries` when nobody would be left who can
    /// manage administrators.
    pub async fn update(
        &self,
        id: RoleId,
        expected: Version,
        role: &AccessRole,
        change: &Change<'_>,
    ) -> Result<Version, StoreError> {
        let mut write = self.0.write(change).await?;
        administrators::take_turn(&mut write).await?;
        let old = write.one(by_id(id)).await?.as_ref().map(stored).transpose()?.ok_or(StoreError::NotFound)?;
        if is_built_in(id) {
            return Err(StoreError::InUse("This role is built in and stays as it is. Copy it to change it.".into()));
        }
        if old.version != expected {
            return Err(write.stale(id, expected, old.version, any_field).await);
        }
        let changes = changes(&fields(&old.value), &fields(role));
        if changes.is_empty() {
            return Ok(expected);
        }
        let managed = administrators::is_managed(&mut write).await?;
        let update = "UPDATE access_role SET version = version + 1, name = $1, name_key = $2, audience = $3, base = $4, \
                      entries = $5, search = $6 WHERE id = $7 AND version = $8";
        let update = sql(update)
            .bind(role.name.as_str())
            .bind(names::key(&role.name))
            .bind(role.audience.key())
            .bind(role.base.key())
            .bind(entries_text(role))
            .bind(Words::of(&[&role.name]).column())
            .bind(id)
            .bind(expected);
        if write.run(update).await.map_err(|error| taken(error, role))? == 0 {
            return Err(write.overtaken(by_id(id), id, expected, any_field).await);
        }
        // Only now, for whoever was about to give the role to somebody has done so, or waits for this change.
        if role.audience != old.value.audience {
            refuse_while_held(&mut write, id).await?;
        }
        if managed && !administrators::is_managed(&mut write).await? {
            return Err(StoreError::refused("entries", administrators::NOBODY_LEFT));
        }
        let about = About::own(Subject::Role, id, &role.name);
        write.tell(&about, "changed", Some(expected.next()), changes).await?;
        write.commit().await?;
        Ok(expected.next())
    }

    /// Deletes a role.
    ///
    /// # Errors
    /// [`StoreError::Stale`] when it has not the version `expected`, which whoever deletes it saw, if that matters;
    /// [`StoreError::NotFound`]; [`StoreError::InUse`] while somebody has it, or when it is built in.
    pub async fn delete(&self, id: RoleId, expected: Option<Version>, change: &Change<'_>) -> Result<(), StoreError> {
        let mut write = self.0.write(change).await?;
        let old = write.one(by_id(id)).await?.as_ref().map(stored).transpose()?.ok_or(StoreError::NotFound)?;
        if is_built_in(id) {
            return Err(StoreError::InUse("This role is built in and stays.".into()));
        }
        write.as_seen(id, expected, old.version).await?;
        let delete = write.run(saving::delete("access_role", id, expected)).await;
        if delete.map_err(|error| names::in_use(error, "Somebody has this role. Give them another first."))? == 0 {
            return Err(write.overtaken(by_id(id), id, old.version, any_field).await);
        }
        let about = About::own(Subject::Role, id, &old.value.name);
        write.tell(&about, "deleted", None, changes(&fields(&old.value), &Values::new())).await?;
        write.commit().await
    }
}

/// Makes the built-in roles, or makes them what this program says they are.
pub(crate) async fn keep_built_in(tx: &mut Tx) -> Result<(), StoreError> {
    // They are the program's, not the data's: a newer program may give them newer permissions.
    let update = " ON CONFLICT (id) DO UPDATE SET name = excluded.name, name_key = excluded.name_key, \
                  audience = excluded.audience, base = excluded.base, entries = excluded.entries, search = excluded.search";
    for (id, role) in BUILT_IN.into_iter().zip(AccessRole::built_in()) {
        tx.run(insert(id, &role, true, update)).await?;
    }
    Ok(())
}

/// The role's name, if it exists and is for these people; else a refusal of the form's field `role`.
pub(crate) async fn name_of(write: &mut Write<'_>, id: RoleId, audience: Audience) -> Result<String, StoreError> {
    let found = sql("SELECT id, name FROM access_role WHERE id = $1 AND audience = $2").bind(id).bind(audience.key());
    match write.one(found.steady()).await? {
        Some(row) => row.text("name"),
        None => Err(StoreError::refused("role", "This access role does not exist any more; choose another.")),
    }
}

async fn refuse_while_held(write: &mut Write<'_>, id: RoleId) -> Result<(), StoreError> {
    match write.one(holders(id)).await?.map_or(Ok(0), |row| row.int("n"))? {
        0 => Ok(()),
        _ => Err(StoreError::refused("audience", "Somebody has this role; make another one for other people.")),
    }
}

/// Counts who has the role.
fn holders(id: RoleId) -> Sql {
    let holders = "SELECT COUNT(*) AS n FROM (SELECT id FROM administrator WHERE role_id = $1 \
                   UNION ALL SELECT id FROM customer WHERE role_id = $1 \
                   UNION ALL SELECT id FROM account WHERE role_id = $1 LIMIT $2) holders";
    sql(holders).bind(id).bind(COUNT_CAP + 1)
}

fn by_id(id: RoleId) -> Sql {
    sql("SELECT id, version, name, audience, base, entries FROM access_role WHERE id = $1").bind(id)
}

fn stored(row: &Row) -> Result<Stored<RoleId, AccessRole>, StoreError> {
    Ok(Stored { id: row.parse("id")?, version: row.version()?, value: read(row, "name")? })
}

/// Reads the role of a row whose column `name` holds its name.
pub(crate) fn read(row: &Row, name: &str) -> Result<AccessRole, StoreError> {
    Ok(AccessRole {
        name: row.text(name)?,
        audience: row.read("audience", Audience::from_key)?,
        base: row.read("base", Level::from_key)?,
        entries: row.read("entries", |json| serde_json::from_str::<BTreeMap<String, Level>>(json).ok())?,
    })
}

fn insert(id: RoleId, role: &AccessRole, built_in: bool, or: &str) -> Sql {
    let insert = "INSERT INTO access_role (id, version, built_in, name, name_key, audience, base, entries, search) \
                  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    sql(format!("{insert}{or}"))
        .bind(id)
        .bind(Version::FIRST)
        .bind(built_in)
        .bind(role.name.as_str())
        .bind(names::key(&role.name))
        .bind(role.audience.key())
        .bind(role.base.key())
        .bind(entries_text(role))
        .bind(Words::of(&[&role.name]).column())
}

/// The entries as JSON: path → level.
fn entries_text(role: &AccessRole) -> String {
    let levels: BTreeMap<&str, &str> = role.entries.iter().map(|(path, level)| (path.as_str(), level.key())).collect();
    serde_json::json!(levels).to_string()
}

fn fields(role: &AccessRole) -> Values {
    let mut fields = values([
        ("name", role.name.clone()),
        ("audience", role.audience.key().to_owned()),
        ("base", role.base.key().to_owned()),
    ]);
    fields.extend(role.entries.iter().map(|(path, level)| (path.clone(), level.key().to_owned())));
    fields
}

fn taken(error: StoreError, role: &AccessRole) -> StoreError {
    names::taken(error, "access_role", "role", &role.name)
}
