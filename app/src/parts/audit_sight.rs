//! Whose eyes a line of the audit log is for: a value that a role does not show on its page is not shown in the log either.
//!
//! The line itself stays, without field and values: that something was changed by whom and when is the log's business.

use tandem_domain::{
    access::{Field, Principal},
    audit::{AuditRow, FieldChange, Subject},
    dialing::CodeField,
    settings::Setting,
};

/// What stands for a field that the reader's role does not show.
pub const HIDDEN: &str = "not shown to your role";

/// The line as this person may read it.
#[must_use]
pub fn as_seen(me: &Principal, mut row: AuditRow) -> AuditRow {
    let seen = match permission(row.subject, &row.change.field) {
        Some(field) => me.sees(field),
        // Nobody said whose it is: the provider's.
        None => me.own_customer().is_none(),
    };
    if !seen {
        row.change = FieldChange { field: HIDDEN.into(), old: String::new(), new: String::new() };
    }
    row
}

/// The permission that shows a field of the log on its page.
fn permission(subject: Subject, field: &str) -> Option<Field> {
    if field.is_empty() {
        return Some(Field::AuditLog);
    }
    match subject {
        Subject::Customer => of_customer(field),
        Subject::Account => of_account(field),
        Subject::Huntgroup => Some(of_huntgroup(field)),
        Subject::Class => Some(Field::Classes),
        Subject::Role => Some(Field::Roles),
        Subject::DialingRule => Some(Field::DialingRules),
        Subject::Administrator => Some(Field::Administrators),
        Subject::SignIn | Subject::Request => Some(Field::AuditLog),
    }
}

fn of_customer(field: &str) -> Option<Field> {
    let permission = match field {
        "name" => Field::CustomerName,
        "email" => Field::CustomerEmail,
        "locale" | "time_zone" => Field::CustomerLocale,
        "currency" | "billing" | "class" => Field::CustomerBilling,
        "sip_prefix" => Field::CustomerSipPrefix,
        "status" | "reason" => Field::CustomerStatus,
        "role" | "sign_in" | "password" => Field::CustomerSignIn,
        "dialing_rule" => Field::CustomerDialingRule,
        "dialing_mode" => Field::CustomRule,
        code if CodeField::ALL.iter().any(|known| known.key() == code) => Field::CustomRule,
        setting => return Setting::from_key(setting).map(Setting::permission),
    };
    Some(permission)
}

fn of_account(field: &str) -> Option<Field> {
    let permission = match field {
        "first_name" | "last_name" | "email" => Field::AccountProfile,
        "extension" => Field::AccountExtension,
        "status" | "reason" | "expires_on" => Field::AccountStatus,
        "sign_in" | "password" => Field::AccountSignIn,
        "role" => Field::AccountRole,
        "sip_password" => Field::SipPassword,
        "dialing_rule" => Field::AccountDialingRule,
        setting => return Setting::from_key(setting).map(Setting::permission),
    };
    Some(permission)
}

/// A member's own fields are written behind the member's name: "John (744): never_supervise".
fn of_huntgroup(field: &str) -> Field {
    match field {
        "members" => Field::HuntgroupMembers,
        member if member.contains(": ") => Field::HuntgroupSupervision,
        _ => Field::Huntgroups,
    }
}

#[cfg(test)]
mod tests {
    use tandem_domain::{
        access::{AccessRole, Who},
        class::Notification,
        ids::{AuditId, CustomerId, Timestamp},
        locale::{Locale, TimeZone},
    };

    use super::*;

    const ID: &str = "018f0000-0000-7000-8000-000000000001";

    fn row(subject: Subject, field: &str) -> AuditRow {
        AuditRow {
            id: ID.parse::<AuditId>().unwrap(),
            at: Timestamp(0),
            actor: "admin".into(),
            address: String::new(),
            customer: None,
            subject,
            subject_id: ID.into(),
            subject_name: "ABC".into(),
            action: "changed".into(),
            change: FieldChange { field: field.into(), old: "a".into(), new: "b".into() },
        }
    }

    fn someone(who: Who, role: usize) -> Principal {
        Principal {
            who,
            sign_in: "x".into(),
            name: "X".into(),
            role: AccessRole::built_in()[role].clone(),
            locale: Locale::default(),
            time_zone: TimeZone::default(),
        }
    }

    #[test]
    fn a_customer_reads_what_its_pages_show_and_not_what_they_hide() {
        let abc = someone(Who::Customer(ID.parse::<CustomerId>().unwrap()), 2);
        let reads = |subject, field| as_seen(&abc, row(subject, field)).change.new == "b";
        assert!(reads(Subject::Account, "extension"));
        assert!(reads(Subject::Customer, "call_supervision"));
        assert!(reads(Subject::Customer, "spy_prefix"));
        assert!(reads(Subject::Huntgroup, "John (744): never_supervise"));
        assert!(reads(Subject::SignIn, ""));
        // The provider's own decisions, a recording's privacy, and what nobody said whose it is.
        assert!(!reads(Subject::Customer, "class"));
        assert!(!reads(Subject::Customer, "reason"));
        assert!(!reads(Subject::Account, "record_account_only"));
        assert!(!reads(Subject::Customer, "a_field_of_tomorrow"));
    }

    #[test]
    fn an_administrator_reads_everything() {
        let admin = someone(Who::Administrator(ID.parse().unwrap()), 1);
        for subject in Subject::ALL {
            for field in ["name", "class", "record_account_only", "a_field_of_tomorrow"] {
                assert_eq!(as_seen(&admin, row(subject, field)).change.field, field);
            }
        }
    }

    #[test]
    fn every_setting_and_code_has_its_permission() {
        for setting in Setting::ALL {
            assert_eq!(permission(Subject::Customer, setting.key()), Some(setting.permission()));
        }
        for code in CodeField::ALL {
            assert_eq!(permission(Subject::Customer, code.key()), Some(Field::CustomRule));
        }
        for notification in Notification::ALL {
            assert_eq!(permission(Subject::Class, notification.key()), Some(Field::Classes));
        }
    }
}
