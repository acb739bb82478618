//! The provider's staff. There is always somebody left who can manage it.

use tandem_domain::{
    access::{Audience, Field, Level, Who},
    administrator::Administrator,
    audit::Subject,
    ids::{AdministratorId, Stored, Version},
    list::{PAGE_ROWS, Page, Query},
    locale::Locale,
    sign_in::SignInName,
};

use crate::{
    Change, Store, StoreError,
    db::{Row, Sql, sql},
    diff::{Values, changes, switch, values},
    list::{List, Where},
    names, roles,
    saving::{About, Write, any_field},
    search::Words,
    sign_ins::{self, NewSignIn},
};

/// Why the last one stays.
pub(crate) const NOBODY_LEFT: &str =
    "Nobody would be left who can manage administrators. Give somebody else that permission first.";

/// An administrator in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdministratorRow {
    /// What names the person here.
    pub id: AdministratorId,
    /// The person's name.
    pub name: String,
    /// The e-mail address.
    pub email: String,
    /// The name of the access role.
    pub role: String,
    /// Whether the person may sign in.
    pub active: bool,
    /// The sign-in name.
    pub sign_in: Option<SignInName>,
}

/// The administrators. See [`Store::administrators`].
#[derive(Clone, Copy)]
pub struct Administrators<'a>(pub(crate) &'a Store);

impl Administrators<'_> {
    /// A page of administrators by name. Searched: name, e-mail address.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn list(&self, query: &Query<()>) -> Result<Page<AdministratorRow>, StoreError> {
        let list = List {
            columns: "r.id, r.name, r.email, r.active, a.name AS role, s.name AS sign_in",
            table: "administrator",
            joins: "JOIN access_role a ON a.id = r.role_id LEFT JOIN sign_in s ON s.person_id = r.id",
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
            Ok(AdministratorRow {
                id: row.parse("id")?,
                name: row.text("name")?,
                email: row.text("email")?,
                role: row.text("role")?,
                active: row.flag("active")?,
                sign_in: row.parse_or_null("sign_in")?,
            })
        };
        list.page(&self.0.db, read).await
    }

    /// An administrator.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn get(&self, id: AdministratorId) -> Result<Stored<AdministratorId, Administrator>, StoreError> {
        self.0.db.one(by_id(id)).await?.as_ref().map(stored).transpose()?.ok_or(StoreError::NotFound)
    }

    /// Adds an administrator with a sign-in.
    ///
    /// # Errors
    /// [`StoreError::Taken`] (`sign_in`), [`StoreError::Refused`] (`role`).
    pub async fn create(
        &self,
        administrator: &Administrator,
        sign_in: &NewSignIn,
        change: &Change<'_>,
    ) -> Result<AdministratorId, StoreError> {
        let mut write = self.0.write(change).await?;
        let id = AdministratorId(write.new_id());
        let role = roles::name_of(&mut write, administrator.role, Audience::Administrator).await?;
        let insert = "INSERT INTO administrator (id, version, name, name_key, email, role_id, active, search, locale, \
                      time_zone) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
        let insert = sql(insert)
            .bind(id)
            .bind(Version::FIRST)
            .bind(administrator.name.as_str())
            .bind(names::key(&administrator.name))
            .bind(administrator.email.as_str())
            .bind(administrator.role)
            .bind(administrator.active)
            .bind(words(administrator).column())
            .bind(administrator.locale.tag())
            .bind(administrator.time_zone.as_str());
        write.run(insert).await?;
        let changes = changes(&Values::new(), &fields(administrator, &role));
        write.tell(&about(id, administrator), "created", Some(Version::FIRST), changes).await?;
        sign_ins::insert(&mut write, Who::Administrator(id), &about(id, administrator), sign_in).await?;
        write.commit().await?;
        Ok(id)
    }

    /// Saves an administrator over version `expected`, and tells the new version.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::Stale`]; [`StoreError::Refused`]: `role`; `active` or `role` when nobody would
    /// be left who can manage administrators.
    pub async fn update(
        &self,
        id: AdministratorId,
        expected: Version,
        administrator: &Administrator,
        change: &Change<'_>,
    ) -> Result<Version, StoreError> {
        let mut write = self.0.write(change).await?;
        let version = save(&mut write, id, expected, administrator).await?;
        write.commit().await?;
        Ok(version)
    }

    /// Saves an administrator as [`Administrators::update`] does, and the name to sign in with: both or neither. The
    /// name belongs to the record: with another one the version is the next, too.
    ///
    /// # Errors
    /// Those of [`Administrators::update`]; [`StoreError::Taken`] (`sign_in`).
    pub async fn update_with_sign_in(
        &self,
        id: AdministratorId,
        expected: Version,
        administrator: &Administrator,
        sign_in: &SignInName,
        change: &Change<'_>,
    ) -> Result<Version, StoreError> {
        let mut write = self.0.write(change).await?;
        let saved = save(&mut write, id, expected, administrator).await?;
        let (who, about, next) = (Who::Administrator(id), about(id, administrator), expected.next());
        let renamed = sign_ins::rename(&mut write, who, &about, sign_in, Some(next)).await?;
        if renamed && saved == expected {
            write.run(sql("UPDATE administrator SET version = version + 1 WHERE id = $1").bind(id)).await?;
        }
        write.commit().await?;
        Ok(if renamed { next } else { saved })
    }

    /// Deletes an administrator and the sign-in.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::InUse`] when nobody would be left who can manage administrators.
    pub async fn delete(&self, id: AdministratorId, change: &Change<'_>) -> Result<(), StoreError> {
        let mut write = self.0.write(change).await?;
        take_turn(&mut write).await?;
        let row = write.one(by_id(id)).await?.ok_or(StoreError::NotFound)?;
        let (old, role) = (stored(&row)?.value, row.text("role")?);
        let managed = is_managed(&mut write).await?;
        write.run(sql("DELETE FROM sign_in WHERE person_id = $1").bind(id)).await?;
        write.run(sql("DELETE FROM administrator WHERE id = $1").bind(id)).await?;
        if managed && !is_managed(&mut write).await? {
            return Err(StoreError::InUse(NOBODY_LEFT.into()));
        }
        write.tell(&about(id, &old), "deleted", None, changes(&fields(&old, &role), &Values::new())).await?;
        write.commit().await
    }
}

/// Saves an administrator over version `expected`, as part of a write, and tells the new version.
async fn save(
    write: &mut Write<'_>,
    id: AdministratorId,
    expected: Version,
    administrator: &Administrator,
) -> Result<Version, StoreError> {
    take_turn(write).await?;
    let row = write.one(by_id(id)).await?.ok_or(StoreError::NotFound)?;
    let (old, old_role) = (stored(&row)?, row.text("role")?);
    if old.version != expected {
        return Err(write.stale(id, expected, old.version, any_field).await);
    }
    let role = roles::name_of(write, administrator.role, Audience::Administrator).await?;
    let changes = changes(&fields(&old.value, &old_role), &fields(administrator, &role));
    if changes.is_empty() {
        return Ok(expected);
    }
    let managed = is_managed(write).await?;
    let update = "UPDATE administrator SET version = version + 1, name = $1, name_key = $2, email = $3, role_id = $4, \
                  active = $5, search = $6, locale = $7, time_zone = $8 WHERE id = $9 AND version = $10";
    let update = sql(update)
        .bind(administrator.name.as_str())
        .bind(names::key(&administrator.name))
        .bind(administrator.email.as_str())
        .bind(administrator.role)
        .bind(administrator.active)
        .bind(words(administrator).column())
        .bind(administrator.locale.tag())
        .bind(administrator.time_zone.as_str())
        .bind(id)
        .bind(expected);
    if write.run(update).await? == 0 {
        return Err(write.overtaken(by_id(id), id, expected, any_field).await);
    }
    if !administrator.active {
        sign_ins::end_sessions(write, Who::Administrator(id)).await?;
    }
    if managed && !is_managed(write).await? {
        let field = if administrator.active { "role" } else { "active" };
        return Err(StoreError::refused(field, NOBODY_LEFT));
    }
    write.tell(&about(id, administrator), "changed", Some(expected.next()), changes).await?;
    Ok(expected.next())
}

/// Makes transactions follow each other that could take somebody's permission away, or that make the built-in records.
pub(crate) const TURN: &str = "UPDATE turn SET taken = taken + 1 WHERE name = 'administrators'";

/// Waits until no other transaction that could take somebody's permission away is under way.
pub(crate) async fn take_turn(write: &mut Write<'_>) -> Result<(), StoreError> {
    write.run(sql(TURN)).await.map(drop)
}

/// Whether somebody can sign in and manage administrators.
pub(crate) async fn is_managed(write: &mut Write<'_>) -> Result<bool, StoreError> {
    let roles = "SELECT DISTINCT r.id, r.name, r.audience, r.base, r.entries FROM administrator a \
                 JOIN access_role r ON r.id = a.role_id JOIN sign_in s ON s.person_id = a.id WHERE a.active";
    for row in write.all(sql(roles)).await? {
        if roles::read(&row, "name")?.level(Field::Administrators) == Level::Modify {
            return Ok(true);
        }
    }
    Ok(false)
}

fn by_id(id: AdministratorId) -> Sql {
    let by_id = "SELECT r.id, r.version, r.name, r.email, r.role_id, r.active, r.locale, r.time_zone, a.name AS role \
                 FROM administrator r JOIN access_role a ON a.id = r.role_id WHERE r.id = $1";
    sql(by_id).bind(id)
}

fn stored(row: &Row) -> Result<Stored<AdministratorId, Administrator>, StoreError> {
    let administrator = Administrator {
        name: row.text("name")?,
        email: row.text("email")?,
        role: row.parse("role_id")?,
        active: row.flag("active")?,
        locale: row.read("locale", Locale::from_tag)?,
        time_zone: row.parse("time_zone")?,
    };
    Ok(Stored { id: row.parse("id")?, version: row.version()?, value: administrator })
}

fn about(id: AdministratorId, administrator: &Administrator) -> About {
    About::own(Subject::Administrator, id, &administrator.name)
}

fn words(administrator: &Administrator) -> Words {
    Words::of(&[&administrator.name, &administrator.email])
}

fn fields(administrator: &Administrator, role: &str) -> Values {
    values([
        ("name", administrator.name.clone()),
        ("email", administrator.email.clone()),
        ("role", role.to_owned()),
        ("active", switch(administrator.active)),
        ("locale", administrator.locale.tag().to_owned()),
        ("time_zone", administrator.time_zone.to_string()),
    ])
}
