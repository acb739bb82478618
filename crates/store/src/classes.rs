//! Customer classes.

use tandem_domain::{
    audit::Subject,
    class::{CustomerClass, KEPT_DAYS, Notification},
    ids::{ClassId, Stored, Version},
    list::{PAGE_ROWS, Page, Query},
};
use uuid::Uuid;

use crate::{
    Change, Store, StoreError,
    db::{Row, Sql, Tx, sql},
    diff::{Values, changes, switch, values},
    list::{List, Where},
    names,
    saving::{self, About, any_field},
    search::Words,
};

/// The built-in class: the one of customers that need no other. It can be changed, but not deleted.
pub const STANDARD: ClassId = ClassId(Uuid::from_u128(0x0000_0000_0000_7000_8000_0000_0000_0001));

/// A class in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassRow {
    /// What names it.
    pub id: ClassId,
    /// Its name.
    pub name: String,
    /// The notifications that are on.
    pub notifications: Vec<Notification>,
    /// How many customers it has.
    pub customers: i64,
    /// It cannot be deleted.
    pub built_in: bool,
}

/// The classes. See [`Store::classes`].
#[derive(Clone, Copy)]
pub struct Classes<'a>(pub(crate) &'a Store);

impl Classes<'_> {
    /// A page of classes by name. Searched: name.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn list(&self, query: &Query<()>) -> Result<Page<ClassRow>, StoreError> {
        let list = List {
            columns: "r.id, r.name, r.notifications, r.built_in, \
                      (SELECT COUNT(*) FROM customer c WHERE c.class_id = r.id) AS customers",
            table: "customer_class",
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
            Ok(ClassRow {
                id: row.parse("id")?,
                name: row.text("name")?,
                notifications: notifications(row)?,
                customers: row.int("customers")?,
                built_in: row.flag("built_in")?,
            })
        };
        list.page(&self.0.db, read).await
    }

    /// All classes by name, for a choice in a form.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn choices(&self) -> Result<Vec<(ClassId, String)>, StoreError> {
        let rows = self.0.db.all(sql("SELECT id, name FROM customer_class ORDER BY name_key, id")).await?;
        rows.iter().map(|row| Ok((row.parse("id")?, row.text("name")?))).collect()
    }

    /// A class.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn get(&self, id: ClassId) -> Result<Stored<ClassId, CustomerClass>, StoreError> {
        self.0.db.one(by_id(id)).await?.as_ref().map(stored).transpose()?.ok_or(StoreError::NotFound)
    }

    /// Adds a class.
    ///
    /// # Errors
    /// [`StoreError::Taken`] (`name`).
    pub async fn create(&self, class: &CustomerClass, change: &Change<'_>) -> Result<ClassId, StoreError> {
        let mut write = self.0.write(change).await?;
        let id = ClassId(write.new_id());
        let insert = "INSERT INTO customer_class (id, version, built_in, name, name_key, notifications, \
                      recordings_kept_days, search) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
        let insert = sql(insert)
            .bind(id)
            .bind(Version::FIRST)
            .bind(false)
            .bind(class.name.as_str())
            .bind(names::key(&class.name))
            .bind(keys(class))
            .bind(class.recordings_kept_days)
            .bind(Words::of(&[&class.name]).column());
        write.run(insert).await.map_err(|error| taken(error, class))?;
        let about = About::own(Subject::Class, id, &class.name);
        write.tell(&about, "created", Some(Version::FIRST), changes(&Values::new(), &fields(class))).await?;
        write.commit().await?;
        Ok(id)
    }

    /// Saves a class over version `expected`, and tells the new version.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::Stale`], [`StoreError::Taken`] (`name`).
    pub async fn update(
        &self,
        id: ClassId,
        expected: Version,
        class: &CustomerClass,
        change: &Change<'_>,
    ) -> Result<Version, StoreError> {
        let mut write = self.0.write(change).await?;
        let old = write.one(by_id(id)).await?.as_ref().map(stored).transpose()?.ok_or(StoreError::NotFound)?;
        if old.version != expected {
            return Err(write.stale(id, expected, old.version, any_field).await);
        }
        let changes = changes(&fields(&old.value), &fields(class));
        if changes.is_empty() {
            return Ok(expected);
        }
        let update = "UPDATE customer_class SET version = version + 1, name = $1, name_key = $2, notifications = $3, \
                      recordings_kept_days = $4, search = $5 WHERE id = $6 AND version = $7";
        let update = sql(update)
            .bind(class.name.as_str())
            .bind(names::key(&class.name))
            .bind(keys(class))
            .bind(class.recordings_kept_days)
            .bind(Words::of(&[&class.name]).column())
            .bind(id)
            .bind(expected);
        if write.run(update).await.map_err(|error| taken(error, class))? == 0 {
            return Err(write.overtaken(by_id(id), id, expected, any_field).await);
        }
        let about = About::own(Subject::Class, id, &class.name);
        write.tell(&about, "changed", Some(expected.next()), changes).await?;
        write.commit().await?;
        Ok(expected.next())
    }

    /// Deletes a class.
    ///
    /// # Errors
    /// [`StoreError::Stale`] when it has not the version `expected`, which whoever deletes it saw, if that matters;
    /// [`StoreError::NotFound`]; [`StoreError::InUse`] while customers have it, or when it is built in.
    pub async fn delete(&self, id: ClassId, expected: Option<Version>, change: &Change<'_>) -> Result<(), StoreError> {
        let mut write = self.0.write(change).await?;
        let row = write.one(by_id(id)).await?.ok_or(StoreError::NotFound)?;
        let Stored { version, value: old, .. } = stored(&row)?;
        if row.flag("built_in")? {
            return Err(StoreError::InUse("This class is built in and stays.".into()));
        }
        write.as_seen(id, expected, version).await?;
        if write.run(saving::delete("customer_class", id, expected)).await.map_err(in_use)? == 0 {
            return Err(write.overtaken(by_id(id), id, version, any_field).await);
        }
        let about = About::own(Subject::Class, id, &old.name);
        write.tell(&about, "deleted", None, changes(&fields(&old), &Values::new())).await?;
        write.commit().await
    }
}

/// Makes the built-in class when it is not there.
pub(crate) async fn keep_built_in(tx: &mut Tx) -> Result<(), StoreError> {
    let insert = "INSERT INTO customer_class (id, version, built_in, name, name_key, notifications, search) \
                  VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (id) DO NOTHING";
    let class = CustomerClass { name: "Standard".into(), ..CustomerClass::default() };
    let insert = sql(insert)
        .bind(STANDARD)
        .bind(Version::FIRST)
        .bind(true)
        .bind(class.name.as_str())
        .bind(names::key(&class.name))
        .bind(keys(&class))
        .bind(Words::of(&[&class.name]).column());
    tx.run(insert).await.map(drop)
}

fn by_id(id: ClassId) -> Sql {
    sql("SELECT id, version, built_in, name, notifications, recordings_kept_days FROM customer_class WHERE id = $1")
        .bind(id)
}

fn stored(row: &Row) -> Result<Stored<ClassId, CustomerClass>, StoreError> {
    let class = CustomerClass {
        name: row.text("name")?,
        notifications: notifications(row)?,
        recordings_kept_days: row.number_or_null("recordings_kept_days")?,
    };
    Ok(Stored { id: row.parse("id")?, version: row.version()?, value: class })
}

/// The notifications of a row: keys, separated by spaces.
pub(crate) fn notifications(row: &Row) -> Result<Vec<Notification>, StoreError> {
    row.read("notifications", |keys| keys.split_ascii_whitespace().map(Notification::from_key).collect())
}

fn keys(class: &CustomerClass) -> String {
    let on = Notification::ALL.into_iter().filter(|notification| class.notifications.contains(notification));
    on.map(Notification::key).collect::<Vec<_>>().join(" ")
}

fn fields(class: &CustomerClass) -> Values {
    let mut fields = values([("name", class.name.clone())]);
    fields.extend(
        Notification::ALL
            .into_iter()
            .map(|notification| (notification.key().to_owned(), switch(class.notifications.contains(&notification)))),
    );
    fields.push((KEPT_DAYS.to_owned(), class.recordings_kept_days.map(|days| days.to_string()).unwrap_or_default()));
    fields
}

fn taken(error: StoreError, class: &CustomerClass) -> StoreError {
    names::taken(error, "customer_class", "class", &class.name)
}

fn in_use(error: StoreError) -> StoreError {
    names::in_use(error, "Customers have this class. Give them another first.")
}
