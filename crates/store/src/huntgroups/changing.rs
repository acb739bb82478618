//! Adds, saves and deletes huntgroups, and keeps their members.

use std::collections::BTreeMap;

use tandem_domain::{
    access::Tenant,
    account::full_name,
    audit::{FieldChange, Subject},
    huntgroup::{Huntgroup, Member},
    ids::{AccountId, HuntgroupId, Version},
    numbers::ExtensionNumber,
    status::Status,
};

use super::{Huntgroups, MemberRow, by_id, member_row, members, settings};
use crate::{
    Change, StoreError,
    db::sql,
    diff::{Values, changes, switch, values},
    names,
    numbering::{self, Holder},
    public_numbers,
    saving::{About, Write, any_field},
    search::Words,
};

impl Huntgroups<'_> {
    /// Adds a huntgroup with its members.
    ///
    /// # Errors
    /// [`StoreError::Taken`] (`name`, `number`); [`StoreError::Refused`] (`members`) for an extension that is not the
    /// customer's or is closed, or for one that is there twice.
    pub async fn create(&self, group: &Huntgroup, change: &Change<'_>) -> Result<HuntgroupId, StoreError> {
        let mut write = self.store.write(change).await?;
        write.take_turn(self.tenant.customer()).await?;
        let id = HuntgroupId(write.new_id());
        let insert = "INSERT INTO huntgroup (id, version, customer_id, name, name_key, number, number_key, strategy, \
                      ring_seconds, search) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
        let insert = sql(insert)
            .bind(id)
            .bind(Version::FIRST)
            .bind(self.tenant.customer())
            .bind(group.name.as_str())
            .bind(names::key(&group.name))
            .bind(&group.number)
            .bind(names::number_key(group.number.as_str()))
            .bind(group.strategy.key())
            .bind(group.ring_seconds)
            .bind(words(group).column());
        write.run(insert).await.map_err(|error| taken(error, group))?;
        numbering::claim(&mut write, self.tenant, &group.number, Holder::Huntgroup(id)).await?;
        let new = self.put_members(&mut write, id, &group.members).await?;
        let mut told = changes(&Values::new(), &fields(group));
        told.extend(member_changes(&[], &new));
        write.tell(&self.about(id, group), "created", Some(Version::FIRST), told).await?;
        write.commit().await?;
        Ok(id)
    }

    /// Saves name, number, strategy and ring time over version `expected`, and tells the new version. The members in `group`
    /// are ignored.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::Stale`], [`StoreError::Taken`] (`name`, `number`).
    pub async fn update(
        &self,
        id: HuntgroupId,
        expected: Version,
        group: &Huntgroup,
        change: &Change<'_>,
    ) -> Result<Version, StoreError> {
        let mut write = self.store.write(change).await?;
        write.take_turn(self.tenant.customer()).await?;
        let by_id = || by_id(self.tenant, id);
        let old = write.one(by_id()).await?.as_ref().map(settings).transpose()?.ok_or(StoreError::NotFound)?;
        if old.version != expected {
            return Err(write.stale(id, expected, old.version, any_field).await);
        }
        let told = changes(&fields(&old.value), &fields(group));
        if told.is_empty() {
            return Ok(expected);
        }
        let update = "UPDATE huntgroup SET version = version + 1, name = $1, name_key = $2, number = $3, number_key = $4, \
                      strategy = $5, ring_seconds = $6, search = $7 WHERE id = $8 AND version = $9";
        let update = sql(update)
            .bind(group.name.as_str())
            .bind(names::key(&group.name))
            .bind(&group.number)
            .bind(names::number_key(group.number.as_str()))
            .bind(group.strategy.key())
            .bind(group.ring_seconds)
            .bind(words(group).column())
            .bind(id)
            .bind(expected);
        if write.run(update).await.map_err(|error| taken(error, group))? == 0 {
            return Err(write.overtaken(by_id(), id, expected, any_field).await);
        }
        if group.number != old.value.number {
            numbering::release(&mut write, self.tenant, Holder::Huntgroup(id)).await?;
            numbering::claim(&mut write, self.tenant, &group.number, Holder::Huntgroup(id)).await?;
        }
        write.tell(&self.about(id, group), "changed", Some(expected.next()), told).await?;
        write.commit().await?;
        Ok(expected.next())
    }

    /// Saves the members, in this order, over version `expected`, and tells the new version.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::Stale`]; [`StoreError::Refused`] (`members`) for an extension that is not the
    /// customer's or is closed, or for one that is there twice.
    pub async fn set_members(
        &self,
        id: HuntgroupId,
        expected: Version,
        new: &[Member],
        change: &Change<'_>,
    ) -> Result<Version, StoreError> {
        let mut write = self.store.write(change).await?;
        write.take_turn(self.tenant.customer()).await?;
        let by_id = || by_id(self.tenant, id);
        let group = write.one(by_id()).await?.as_ref().map(settings).transpose()?.ok_or(StoreError::NotFound)?;
        if group.version != expected {
            return Err(write.stale(id, expected, group.version, any_field).await);
        }
        let old = write.all(members(self.tenant, id)).await?;
        let old = old.iter().map(member_row).collect::<Result<Vec<_>, _>>()?;
        if old.iter().map(|row| &row.member).eq(new) {
            return Ok(expected);
        }
        let bump = sql("UPDATE huntgroup SET version = version + 1 WHERE id = $1 AND version = $2");
        if write.run(bump.bind(id).bind(expected)).await? == 0 {
            return Err(write.overtaken(by_id(), id, expected, any_field).await);
        }
        write.run(sql("DELETE FROM huntgroup_member WHERE huntgroup_id = $1").bind(id)).await?;
        let new = self.put_members(&mut write, id, new).await?;
        let told = member_changes(&old, &new);
        write.tell(&self.about(id, &group.value), "changed", Some(expected.next()), told).await?;
        write.commit().await?;
        Ok(expected.next())
    }

    /// Deletes a huntgroup; its number is free again, and public numbers that rang it ring nowhere.
    ///
    /// # Errors
    /// [`StoreError::Stale`] when it has not the version `expected`, which whoever deletes it saw, if that matters;
    /// [`StoreError::NotFound`].
    pub async fn delete(
        &self,
        id: HuntgroupId,
        expected: Option<Version>,
        change: &Change<'_>,
    ) -> Result<(), StoreError> {
        let mut write = self.store.write(change).await?;
        write.take_turn(self.tenant.customer()).await?;
        let by_id = by_id(self.tenant, id);
        let stored = write.one(by_id).await?.as_ref().map(settings).transpose()?.ok_or(StoreError::NotFound)?;
        write.as_seen(id, expected, stored.version).await?;
        let group = stored.value;
        let old = write.all(members(self.tenant, id)).await?;
        let old = old.iter().map(member_row).collect::<Result<Vec<_>, _>>()?;
        write.run(sql("DELETE FROM huntgroup_member WHERE huntgroup_id = $1").bind(id)).await?;
        numbering::release(&mut write, self.tenant, Holder::Huntgroup(id)).await?;
        public_numbers::let_go(&mut write, self.tenant, Holder::Huntgroup(id), &group.number).await?;
        write.run(sql("DELETE FROM huntgroup WHERE id = $1").bind(id)).await?;
        let mut told = changes(&fields(&group), &Values::new());
        told.extend(member_changes(&old, &[]));
        write.tell(&self.about(id, &group), "deleted", None, told).await?;
        write.commit().await
    }

    /// Writes the members of a group that has none, and gives them with their names.
    async fn put_members(
        &self,
        write: &mut Write<'_>,
        id: HuntgroupId,
        new: &[Member],
    ) -> Result<Vec<MemberRow>, StoreError> {
        Huntgroup::check_members(new).map_err(StoreError::Refused)?;
        let place = |place: usize| i64::try_from(place).unwrap_or(i64::MAX);
        let rows = new.iter().enumerate().map(|(n, member)| {
            vec![
                id.into(),
                member.account.into(),
                self.tenant.customer().into(),
                place(n).into(),
                member.supervision_allowed.into(),
                member.never_supervise.into(),
            ]
        });
        let insert = "INSERT INTO huntgroup_member (huntgroup_id, account_id, customer_id, place, supervision_allowed, \
                      never_supervise)";
        // The key refers to the account together with the customer, so another tenant's cannot become a member.
        let unknown = |error| match names::in_use(error, "") {
            StoreError::InUse(_) => not_a_member(),
            other => other,
        };
        write.insert_all(insert, rows.collect()).await.map_err(unknown)?;
        let written = write.all(members(self.tenant, id)).await?;
        let written = written.iter().map(member_row).collect::<Result<Vec<_>, _>>()?;
        if written.iter().any(|row| row.status == Status::Closed) {
            return Err(not_a_member());
        }
        Ok(written)
    }

    fn about(&self, id: HuntgroupId, group: &Huntgroup) -> About {
        About::of(self.tenant.customer(), Subject::Huntgroup, id, &group.name)
    }
}

/// Takes an account out of all huntgroups, as part of a write that has the customer's turn.
pub(crate) async fn leave_all(
    write: &mut Write<'_>,
    tenant: Tenant,
    account: AccountId,
    label: &str,
) -> Result<(), StoreError> {
    let groups = "SELECT h.id, h.name, h.version FROM huntgroup_member m JOIN huntgroup h ON h.id = m.huntgroup_id \
                  WHERE m.account_id = $1 AND m.customer_id = $2 ORDER BY h.id";
    for row in write.all(sql(groups).bind(account).bind(tenant.customer())).await? {
        let (id, version): (HuntgroupId, _) = (row.parse("id")?, row.version()?.next());
        let delete = sql("DELETE FROM huntgroup_member WHERE huntgroup_id = $1 AND account_id = $2");
        write.run(delete.bind(id).bind(account)).await?;
        write.run(sql("UPDATE huntgroup SET version = version + 1 WHERE id = $1").bind(id)).await?;
        let about = About::of(tenant.customer(), Subject::Huntgroup, id, &row.text("name")?);
        let left = FieldChange { field: label.to_owned(), old: "member".into(), new: String::new() };
        write.tell(&about, "changed", Some(version), vec![left]).await?;
    }
    Ok(())
}

/// A member as the audit log names it: "Adam (701)".
pub(crate) fn label(name: &str, extension: &ExtensionNumber) -> String {
    full_name(name, &format!("({extension})"))
}

fn not_a_member() -> StoreError {
    StoreError::refused("members", "One of these extensions does not exist any more. Reload the page and choose again.")
}

fn taken(error: StoreError, group: &Huntgroup) -> StoreError {
    names::taken(error, "huntgroup", "huntgroup", &group.name)
}

fn words(group: &Huntgroup) -> Words {
    Words::of(&[&group.name, group.number.as_str()])
}

fn fields(group: &Huntgroup) -> Values {
    values([
        ("name", group.name.clone()),
        ("number", group.number.to_string()),
        ("strategy", group.strategy.key().to_owned()),
        ("ring_seconds", group.ring_seconds.to_string()),
    ])
}

/// What became of the members: who they are in which order, and each switch that was or is on.
fn member_changes(old: &[MemberRow], new: &[MemberRow]) -> Vec<FieldChange> {
    let order = |rows: &[MemberRow]| rows.iter().map(|row| row.extension.to_string()).collect::<Vec<_>>().join(", ");
    let mut told = changes(&values([("members", order(old))]), &values([("members", order(new))]));
    let mut pairs: BTreeMap<AccountId, (Option<&MemberRow>, Option<&MemberRow>)> = BTreeMap::new();
    for row in old {
        pairs.entry(row.member.account).or_default().0 = Some(row);
    }
    for row in new {
        pairs.entry(row.member.account).or_default().1 = Some(row);
    }
    for (was, is) in pairs.values() {
        let Some(row) = was.or(*is) else { continue };
        let name = label(&row.name, &row.extension);
        told.extend(switch_change(&name, "supervision_allowed", *was, *is, |member| member.supervision_allowed));
        told.extend(switch_change(&name, "never_supervise", *was, *is, |member| member.never_supervise));
    }
    told
}

/// A switch of a membership that was turned; one that came or went with its member counts if it was on.
fn switch_change(
    name: &str,
    key: &str,
    was: Option<&MemberRow>,
    is: Option<&MemberRow>,
    on: fn(&Member) -> bool,
) -> Option<FieldChange> {
    let (was, is) = (was.map(|row| on(&row.member)), is.map(|row| on(&row.member)));
    let text = |on: Option<bool>| on.map(switch).unwrap_or_default();
    (was.unwrap_or(false) != is.unwrap_or(false)).then(|| FieldChange {
        field: format!("{name}: {key}"),
        old: text(was),
        new: text(is),
    })
}
