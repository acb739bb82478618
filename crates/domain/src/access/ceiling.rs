//! Which role gives more than another: nobody gives, takes over or resets what is above the own role.
//!
//! Without this rule the permission to manage administrators, roles or sign-ins would be the permission to do everything:
//! by giving oneself a greater role, or by signing in as somebody who has one.

use super::{AccessRole, Field, Level};

impl AccessRole {
    /// The first field that this role permits more of than `other`; `None` when the people of `other` may do all that this
    /// role permits. Compared are the fields that exist for the people of both: what only the others have they decide
    /// among themselves.
    #[must_use]
    pub fn exceeds(&self, other: &Self) -> Option<Field> {
        let both = |field: &Field| field.info().audiences.contains(&other.audience);
        let level = |role: &Self, field: Field| role.level(field).min(field.most());
        Field::ALL.iter().copied().filter(both).find(|field| level(self, *field) > level(other, *field))
    }
}

impl Field {
    /// The greatest level that means something: some fields are only looked at.
    const fn most(self) -> Level {
        let is_looked_at = matches!(
            self,
            Self::ServiceCodes
                | Self::AuditLog
                | Self::LiveCalls
                | Self::CallHistory
                | Self::SipLadder
                | Self::Registrations
                | Self::Invoices
                | Self::Ledger
        );
        if is_looked_at { Level::View } else { Level::Modify }
    }

    /// Where it stands in the tree, in words: "Customer > General > Name".
    #[must_use]
    pub fn words(self) -> String {
        let info = self.info();
        format!("{} > {} > {}", info.entity, info.panel, info.label)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::Audience;

    fn role(audience: Audience, base: Level, entries: &[(Field, Level)]) -> AccessRole {
        let entries = entries.iter().map(|(field, level)| (field.info().path.to_owned(), *level)).collect();
        AccessRole { name: "Role".into(), audience, base, entries }
    }

    #[test]
    fn the_built_in_roles_stand_above_each_other_in_their_order() {
        let [administrator, reader, customer, account] = AccessRole::built_in();
        assert_eq!(reader.exceeds(&administrator), None);
        assert_eq!(customer.exceeds(&administrator), None);
        assert_eq!(account.exceeds(&administrator), None);
        assert_eq!(account.exceeds(&customer), None);
        assert_eq!(administrator.exceeds(&reader), Some(Field::CustomerName));
        assert_eq!(customer.exceeds(&reader), Some(Field::CustomerEmail));
        for role in AccessRole::built_in() {
            assert_eq!(role.exceeds(&role), None);
        }
    }

    #[test]
    fn whoever_manages_administrators_alone_is_below_the_full_role_and_below_other_managers() {
        let [full, ..] = AccessRole::built_in();
        let of_people = role(Audience::Administrator, Level::View, &[(Field::Administrators, Level::Modify)]);
        let of_roles = role(Audience::Administrator, Level::View, &[(Field::Roles, Level::Modify)]);
        assert_eq!(of_people.exceeds(&full), None);
        assert_eq!(full.exceeds(&of_people), Some(Field::CustomerName));
        assert_eq!(of_roles.exceeds(&of_people), Some(Field::Roles));
        assert_eq!(of_people.exceeds(&of_roles), Some(Field::Administrators));
    }

    #[test]
    fn a_customer_may_have_what_administrators_do_not_have_and_what_is_only_looked_at() {
        let [.., customer, _] = AccessRole::built_in();
        let helper = role(Audience::Administrator, Level::Modify, &[(Field::AuditLog, Level::View)]);
        assert_eq!(customer.exceeds(&helper), None, "nobody modifies the audit log");
        let without_groups = role(Audience::Administrator, Level::Modify, &[(Field::Huntgroups, Level::View)]);
        assert_eq!(customer.exceeds(&without_groups), Some(Field::Huntgroups));
    }

    #[test]
    fn an_account_that_hides_its_recordings_is_above_its_company() {
        let [.., customer, _] = AccessRole::built_in();
        let private = role(Audience::Account, Level::View, &[(Field::RecordAccountOnly, Level::Modify)]);
        assert_eq!(private.exceeds(&customer), Some(Field::RecordAccountOnly));
    }
}
