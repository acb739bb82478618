//! Who changed what, for a customer: what concerns its own data.

use leptos::prelude::*;
use tandem_domain::audit::Subject;

use crate::parts::audit_list::audit_page;

/// The kinds of record that a customer has.
const KINDS: [Subject; 7] = [
    Subject::Customer,
    Subject::Account,
    Subject::Huntgroup,
    Subject::Supervision,
    Subject::Recording,
    Subject::SignIn,
    Subject::Request,
];

/// The audit log.
#[component]
pub fn AuditPage() -> impl IntoView {
    audit_page(
        "Who changed what of your company, when and from where. Days are days in your time zone.",
        &KINDS,
        "/self-care/audit.csv",
    )
}
