//! What several pages share: panels, forms and lists of one kind.

#[cfg(feature = "ssr")]
pub mod audit_export;
