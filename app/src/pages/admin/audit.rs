//! Who changed what, for the provider: everything.

use leptos::prelude::*;
use tandem_domain::audit::Subject;

use crate::parts::audit_list::audit_page;

/// The audit log.
#[component]
pub fn AuditPage() -> impl IntoView {
    audit_page(
        "Who changed what, when and from where. Days are days in your time zone.",
        &Subject::ALL,
        "/admin/audit.csv",
    )
}
