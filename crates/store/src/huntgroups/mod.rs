//! A customer's huntgroups and their members.
//!
//! Reading is here; `changing` adds and saves them.

use std::collections::HashMap;

use tandem_domain::{
    access::Tenant,
    account::full_name,
    huntgroup::{Huntgroup, Member, RingStrategy},
    ids::{AccountId, HuntgroupId, Stored},
    list::{PAGE_ROWS, Page, Query},
    numbers::ExtensionNumber,
    status::Status,
};

use crate::{
    Store, StoreError,
    db::{Row, Sql, sql},
    list::{List, Where},
};

mod changing;

pub(crate) use changing::{label, leave_all};

/// What the list of huntgroups can be sorted by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum HuntgroupSort {
    /// The name.
    #[default]
    Name,
    /// The number, 99 before 100.
    Number,
}

impl HuntgroupSort {
    /// The sort of this name in a URL; the first for any other.
    #[must_use]
    pub fn from_key(key: &str) -> Self {
        match key {
            "number" => Self::Number,
            _ => Self::Name,
        }
    }
}

/// A huntgroup in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HuntgroupRow {
    /// What names it.
    pub id: HuntgroupId,
    /// Its name.
    pub name: String,
    /// Its number.
    pub number: ExtensionNumber,
    /// How it rings.
    pub strategy: RingStrategy,
    /// Seconds that one member rings before the next.
    pub ring_seconds: u32,
    /// How many members it has.
    pub members: i64,
}

/// A member together with what a page shows of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberRow {
    /// The membership.
    pub member: Member,
    /// The account's extension.
    pub extension: ExtensionNumber,
    /// The account's name.
    pub name: String,
    /// The account's status.
    pub status: Status,
}

/// Somebody who is in a huntgroup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonRow {
    /// The account.
    pub account: AccountId,
    /// Its extension.
    pub extension: ExtensionNumber,
    /// Its name.
    pub name: String,
}

/// A huntgroup of which an account is a member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    /// The huntgroup.
    pub id: HuntgroupId,
    /// Its name.
    pub name: String,
    /// Its number.
    pub number: ExtensionNumber,
    /// The membership.
    pub member: Member,
}

/// A customer's huntgroups. See [`Store::huntgroups`].
#[derive(Clone, Copy)]
pub struct Huntgroups<'a> {
    pub(crate) store: &'a Store,
    pub(crate) tenant: Tenant,
}

impl Huntgroups<'_> {
    /// A page of huntgroups. Searched: name, number.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn list(&self, query: &Query<HuntgroupSort>) -> Result<Page<HuntgroupRow>, StoreError> {
        let mut conditions = Where::default();
        conditions.and("r.customer_id = ?", self.tenant.customer());
        let key = match query.sort {
            HuntgroupSort::Name => "name_key",
            HuntgroupSort::Number => "number_key",
        };
        let list = List {
            columns: "r.id, r.name, r.number, r.strategy, r.ring_seconds, \
                      (SELECT COUNT(*) FROM huntgroup_member m WHERE m.huntgroup_id = r.id) AS members",
            table: "huntgroup",
            joins: "",
            words: None,
            conditions,
            search: &query.search,
            tags: Vec::new(),
            sieve: None,
            key,
            descending: query.descending,
            cursor: query.cursor.as_ref(),
            rows: PAGE_ROWS,
        };
        let read = |row: &Row| {
            Ok(HuntgroupRow {
                id: row.parse("id")?,
                name: row.text("name")?,
                number: row.parse("number")?,
                strategy: row.read("strategy", RingStrategy::from_key)?,
                ring_seconds: ring_seconds(row)?,
                members: row.int("members")?,
            })
        };
        list.page(&self.store.db, read).await
    }

    /// All huntgroups with their members: what decides who may supervise whom.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn all(&self) -> Result<Vec<Stored<HuntgroupId, Huntgroup>>, StoreError> {
        let groups = sql("SELECT * FROM huntgroup WHERE customer_id = $1 ORDER BY name_key, id");
        let groups = self.store.db.all(groups.bind(self.tenant.customer())).await?;
        let members = "SELECT huntgroup_id AS id, account_id, supervision_allowed, never_supervise FROM huntgroup_member \
                       WHERE customer_id = $1 ORDER BY huntgroup_id, place";
        let mut of_group: HashMap<HuntgroupId, Vec<Member>> = HashMap::new();
        for row in self.store.db.all(sql(members).bind(self.tenant.customer())).await? {
            of_group.entry(row.parse("id")?).or_default().push(member(&row)?);
        }
        let with_members = |row: &Row| {
            let mut group = settings(row)?;
            group.value.members = of_group.remove(&group.id).unwrap_or_default();
            Ok(group)
        };
        groups.iter().map(with_members).collect()
    }

    /// A huntgroup with its members in their order.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn get(&self, id: HuntgroupId) -> Result<Stored<HuntgroupId, Huntgroup>, StoreError> {
        let mut group = self.store.db.one(by_id(self.tenant, id)).await?.as_ref().map(settings).transpose()?;
        if let Some(group) = &mut group {
            let rows = self.store.db.all(members(self.tenant, id)).await?;
            group.value.members = rows.iter().map(member).collect::<Result<_, _>>()?;
        }
        group.ok_or(StoreError::NotFound)
    }

    /// The members of a huntgroup in their order, with names and extensions.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn members(&self, id: HuntgroupId) -> Result<Vec<MemberRow>, StoreError> {
        self.store.db.one(by_id(self.tenant, id)).await?.ok_or(StoreError::NotFound)?;
        let rows = self.store.db.all(members(self.tenant, id)).await?;
        rows.iter().map(member_row).collect()
    }

    /// Everybody who is in any huntgroup, each once.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn people(&self) -> Result<Vec<PersonRow>, StoreError> {
        let people = "SELECT a.id, a.extension, a.first_name, a.last_name FROM account a WHERE a.customer_id = $1 AND \
                      a.id IN (SELECT m.account_id FROM huntgroup_member m WHERE m.customer_id = $1) ORDER BY a.id";
        let read = |row: &Row| {
            Ok(PersonRow {
                account: row.parse("id")?,
                extension: row.parse("extension")?,
                name: full_name(&row.text("first_name")?, &row.text("last_name")?),
            })
        };
        self.store.db.all(sql(people).bind(self.tenant.customer())).await?.iter().map(read).collect()
    }

    /// The huntgroups of which an account is a member, by name.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn of_account(&self, account: AccountId) -> Result<Vec<Membership>, StoreError> {
        let memberships = "SELECT h.id, h.name, h.number, m.account_id, m.supervision_allowed, m.never_supervise \
                           FROM huntgroup_member m JOIN huntgroup h ON h.id = m.huntgroup_id \
                           WHERE m.account_id = $1 AND m.customer_id = $2 ORDER BY h.name_key, h.id";
        let memberships = sql(memberships).bind(account).bind(self.tenant.customer());
        let read = |row: &Row| {
            Ok(Membership {
                id: row.parse("id")?,
                name: row.text("name")?,
                number: row.parse("number")?,
                member: member(row)?,
            })
        };
        self.store.db.all(memberships).await?.iter().map(read).collect()
    }
}

fn by_id(tenant: Tenant, id: HuntgroupId) -> Sql {
    sql("SELECT * FROM huntgroup WHERE id = $1 AND customer_id = $2").bind(id).bind(tenant.customer())
}

/// The members of a group in their order, with their accounts.
fn members(tenant: Tenant, id: HuntgroupId) -> Sql {
    let members = "SELECT a.id, m.account_id, m.supervision_allowed, m.never_supervise, a.extension, a.first_name, \
                   a.last_name, a.status FROM huntgroup_member m JOIN account a ON a.id = m.account_id \
                   WHERE m.huntgroup_id = $1 AND m.customer_id = $2 ORDER BY m.place";
    sql(members).bind(id).bind(tenant.customer())
}

/// A group without its members.
fn settings(row: &Row) -> Result<Stored<HuntgroupId, Huntgroup>, StoreError> {
    let group = Huntgroup {
        name: row.text("name")?,
        number: row.parse("number")?,
        strategy: row.read("strategy", RingStrategy::from_key)?,
        ring_seconds: ring_seconds(row)?,
        members: Vec::new(),
    };
    Ok(Stored { id: row.parse("id")?, version: row.version()?, value: group })
}

fn ring_seconds(row: &Row) -> Result<u32, StoreError> {
    let seconds = row.int("ring_seconds")?;
    u32::try_from(seconds).map_err(|_| row.corrupt("ring_seconds", seconds.to_string()))
}

fn member(row: &Row) -> Result<Member, StoreError> {
    Ok(Member {
        account: row.parse("account_id")?,
        supervision_allowed: row.flag("supervision_allowed")?,
        never_supervise: row.flag("never_supervise")?,
    })
}

fn member_row(row: &Row) -> Result<MemberRow, StoreError> {
    Ok(MemberRow {
        member: member(row)?,
        extension: row.parse("extension")?,
        name: full_name(&row.text("first_name")?, &row.text("last_name")?),
        status: row.read("status", Status::from_key)?,
    })
}
