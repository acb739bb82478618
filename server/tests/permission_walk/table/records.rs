//! Dashboards and the audit log: each interface has its own, and nobody has another's.

use super::{first_page, nothing};
use crate::walk::Row;

pub const RECORDS: &[Row] = &[
    Row::reads("dashboard_read", nothing, [401, 200, 200, 403, 403, 403, 403]),
    Row::reads("company_home_read", nothing, [401, 404, 404, 200, 200, 403, 403]),
    Row::reads("account_home_read", nothing, [401, 404, 404, 404, 404, 200, 200]),
    // A company reads what concerns its own data.
    Row::reads("audit_list", first_page, [401, 200, 200, 200, 200, 403, 403]),
    // The list in the design system's page, for the staff of a demonstration.
    Row::reads("gallery_rows", first_page, [401, 200, 200, 404, 404, 404, 404]),
];
