//! What several pages share: panels, forms and lists of one kind.

#[cfg(feature = "ssr")]
pub mod audit_export;
pub mod audit_list;
pub mod codes_form;
pub mod number_preview;
pub mod permission_tree;
