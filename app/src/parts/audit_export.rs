//! The audit log as CSV.

/// Stub.
pub async fn csv() -> &'static str {
    ""
}
