//! Whose eyes a line of the audit log is for: a value that a role does not show on its page is not shown in the log either.
//!
//! The line itself stays, without field and values: that something was changed by whom and when is the log's business. Only
//! from what a search finds it is left out: else whoever searches could try which words the hidden values have.

use tandem_domain::{
    access::{Audience, Field, Principal},
    audit::{AuditRow, FieldChange, Subject},
    dialing::CodeField,
    settings::Setting,
};
use tandem_store::audit::{AuditFilters, Fields, Hidden, OF_MEMBER};

use crate::server::ask::name_for;

/// What stands for a field that the reader's role does not show.
pub const HIDDEN: &str = "not shown to your role";

/// The line as this person may read it.
#[must_use]
pub fn as_seen(me: &Principal, mut row: AuditRow) -> AuditRow {
    if row.by_staff && me.own_customer().is_some() {
        // The provider's staff have names and places for each other alone.
        row.actor = name_for(me, row.actor, row.by_staff);
        row.address.clear();
    }
    if !shows_name(me, row.subject) {
        row.subject_name = HIDDEN.into();
    }
    if !shows(me, row.subject, &row.change.field) {
        row.change = FieldChange { field: HIDDEN.into(), old: String::new(), new: String::new() };
    }
    row
}

/// Whether this person's role shows what became of a field of such a record.
#[must_use]
pub fn shows(me: &Principal, subject: Subject, field: &str) -> bool {
    sees(me, permission(subject, field)) && (!names_people(subject, field) || shows_people(me))
}

/// Whether this person's role shows what records of this kind are called on their pages.
fn shows_name(me: &Principal, subject: Subject) -> bool {
    match subject {
        Subject::Customer | Subject::Balance | Subject::AutoPayment => me.sees(Field::CustomerName),
        Subject::Account => me.sees(Field::AccountProfile),
        // They are called by the parties of the call.
        Subject::Recording | Subject::Supervision => shows_people(me),
        Subject::Huntgroup => me.sees(Field::Huntgroups),
        Subject::Class => me.sees(Field::Classes),
        Subject::Role => me.sees(Field::Roles),
        Subject::DialingRule => me.sees(Field::DialingRules),
        Subject::Administrator => me.sees(Field::Administrators),
        Subject::Invoice => me.sees(Field::Invoices),
        Subject::Payment => me.sees(Field::Payments),
        Subject::PaymentMethod => me.sees(Field::PaymentMethods),
        Subject::PaymentSystem => me.sees(Field::PaymentSystems),
        Subject::SignIn | Subject::Request => true,
    }
}

/// Whether records of this kind belong to no customer.
const fn is_providers_own(subject: Subject) -> bool {
    matches!(
        subject,
        Subject::Class | Subject::Role | Subject::DialingRule | Subject::Administrator | Subject::PaymentSystem
    )
}

/// Whether a field, or its values, name people: "John (744): never_supervise".
fn names_people(subject: Subject, field: &str) -> bool {
    match subject {
        Subject::Huntgroup => field == "members" || field.contains(OF_MEMBER),
        // A call that was ended is told by its parties.
        Subject::Customer => field == "call",
        Subject::Account
        | Subject::Class
        | Subject::Role
        | Subject::DialingRule
        | Subject::Administrator
        | Subject::SignIn
        | Subject::Supervision
        | Subject::Recording
        | Subject::Invoice
        | Subject::Payment
        | Subject::PaymentMethod
        | Subject::AutoPayment
        | Subject::PaymentSystem
        | Subject::Balance
        | Subject::Request => false,
    }
}

/// Whether this person's role shows accounts as they are named together: "John (744)".
fn shows_people(me: &Principal) -> bool {
    me.sees(Field::AccountProfile) && (me.sees(Field::AccountExtension) || me.audience() == Audience::Account)
}

/// The filters for this person: nothing can be found by what [`as_seen`] hides.
#[must_use]
pub fn within_sight(me: &Principal, filters: AuditFilters) -> AuditFilters {
    // Of the provider's own records no line is a customer's: to sift for them would only cost time.
    let is_told = |subject: &Subject| me.own_customer().is_none() || !is_providers_own(*subject);
    let unnamed = Subject::ALL.into_iter().filter(|subject| is_told(subject) && !shows_name(me, *subject)).collect();
    AuditFilters { hidden: hidden(me), unnamed, staff_unnamed: me.own_customer().is_some(), ..filters }
}

fn hidden(me: &Principal) -> Vec<Hidden> {
    let of = |subject| {
        let Permissions { named, others } = permissions(subject);
        let sees_others = sees(me, others);
        let is_seen = |name, permission| me.sees(permission) && (!names_people(subject, name) || shows_people(me));
        let exceptions = named.into_iter().filter(|(name, permission)| is_seen(name, *permission) != sees_others);
        let names: Vec<_> = exceptions.map(|(name, _)| name).collect();
        let fields = if sees_others { Fields::Only(names) } else { Fields::AllBut(names) };
        (fields != Fields::Only(Vec::new())).then_some(Hidden { subject, fields })
    };
    Subject::ALL.into_iter().filter_map(of).collect()
}

fn sees(me: &Principal, permission: Option<Field>) -> bool {
    match permission {
        Some(field) => me.sees(field),
        // Nobody said whose it is: the provider's.
        None => me.own_customer().is_none(),
    }
}

/// The permissions that show the fields of a kind of record on its pages.
struct Permissions {
    named: Vec<(&'static str, Field)>,
    /// Of the fields that are not named.
    others: Option<Field>,
}

/// The permission that shows a field of the log on its page.
fn permission(subject: Subject, field: &str) -> Option<Field> {
    let Permissions { named, others } = permissions(subject);
    let field = if field.contains(OF_MEMBER) { OF_MEMBER } else { field };
    named.into_iter().find(|(name, _)| *name == field).map(|(_, permission)| permission).or(others)
}

fn permissions(subject: Subject) -> Permissions {
    let settings = || Setting::ALL.map(|setting| (setting.key(), setting.permission()));
    let codes = || CodeField::ALL.map(|code| (code.key(), Field::CustomRule));
    // What was done to no field in particular.
    let mut named = vec![("", Field::AuditLog)];
    let others = match subject {
        Subject::Customer => {
            named.extend(OF_CUSTOMER.into_iter().chain(settings()).chain(codes()));
            None
        }
        Subject::Account => {
            named.extend(OF_ACCOUNT.into_iter().chain(settings()));
            None
        }
        Subject::Huntgroup => {
            named.extend([("members", Field::HuntgroupMembers), (OF_MEMBER, Field::HuntgroupSupervision)]);
            Some(Field::Huntgroups)
        }
        Subject::Class => Some(Field::Classes),
        Subject::Role => Some(Field::Roles),
        Subject::DialingRule => Some(Field::DialingRules),
        Subject::Administrator => Some(Field::Administrators),
        Subject::Recording => {
            named.extend([("record_account_only", Field::RecordAccountOnly)]);
            Some(Field::Recordings)
        }
        Subject::Invoice => Some(Field::Invoices),
        Subject::Payment => Some(Field::Payments),
        Subject::PaymentMethod => Some(Field::PaymentMethods),
        Subject::AutoPayment => Some(Field::AutoPayment),
        Subject::PaymentSystem => Some(Field::PaymentSystems),
        // What a customer's balance is, its first page of billing says.
        Subject::Balance => Some(Field::Invoices),
        Subject::SignIn | Subject::Supervision | Subject::Request => Some(Field::AuditLog),
    };
    Permissions { named, others }
}

const OF_CUSTOMER: [(&str, Field); 17] = [
    ("name", Field::CustomerName),
    ("email", Field::CustomerEmail),
    ("locale", Field::CustomerLocale),
    ("time_zone", Field::CustomerLocale),
    ("currency", Field::CustomerBilling),
    ("billing", Field::CustomerBilling),
    ("class", Field::CustomerBilling),
    ("sip_prefix", Field::CustomerSipPrefix),
    ("status", Field::CustomerStatus),
    ("reason", Field::CustomerStatus),
    ("role", Field::CustomerSignIn),
    ("sign_in", Field::CustomerSignIn),
    ("password", Field::CustomerSignIn),
    ("dialing_rule", Field::CustomerDialingRule),
    ("dialing_mode", Field::CustomRule),
    ("public_number", Field::PublicNumbers),
    ("call", Field::LiveCalls),
];

const OF_ACCOUNT: [(&str, Field); 13] = [
    ("first_name", Field::AccountProfile),
    ("last_name", Field::AccountProfile),
    ("email", Field::AccountProfile),
    ("extension", Field::AccountExtension),
    ("status", Field::AccountStatus),
    ("held", Field::AccountStatus),
    ("reason", Field::AccountStatus),
    ("expires_on", Field::AccountStatus),
    ("sign_in", Field::AccountSignIn),
    ("password", Field::AccountSignIn),
    ("role", Field::AccountRole),
    ("sip_password", Field::SipPassword),
    ("dialing_rule", Field::AccountDialingRule),
];

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
            by_staff: true,
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
            manages: false,
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
    fn a_customer_does_not_read_who_of_the_provider_it_was_and_where() {
        let place = |row: AuditRow| AuditRow { address: "192.0.2.7".into(), ..row };
        let told = |who, role, by_staff| {
            let row = AuditRow { by_staff, ..place(row(Subject::Customer, "name")) };
            let row = as_seen(&someone(who, role), row);
            (row.actor, row.address)
        };
        let pair = |name: &str, address: &str| (name.to_owned(), address.to_owned());
        let abc = Who::Customer(ID.parse().unwrap());
        assert_eq!(told(abc, 2, true), pair("The provider", ""));
        assert_eq!(told(abc, 2, false), pair("admin", "192.0.2.7"));
        assert_eq!(told(Who::Administrator(ID.parse().unwrap()), 1, true), pair("admin", "192.0.2.7"));
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

    /// A search that leaves names out looks at every line that it finds.
    #[test]
    fn with_a_role_that_hides_no_name_none_is_left_out_of_a_search() {
        let unnamed = |who, role| within_sight(&someone(who, role), AuditFilters::default()).unnamed;
        assert_eq!(unnamed(Who::Customer(ID.parse().unwrap()), 2), []);
        for role in [0, 1] {
            assert_eq!(unnamed(Who::Administrator(ID.parse().unwrap()), role), []);
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
