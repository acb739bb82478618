//! What several pages share: panels, forms and lists of one kind.

pub mod account_list;
pub mod account_panels;
pub mod address;
#[cfg(feature = "ssr")]
pub mod audit_export;
pub mod audit_list;
#[cfg(feature = "ssr")]
pub mod audit_sight;
#[cfg(feature = "ssr")]
pub mod audit_words;
pub mod codes_card;
pub mod codes_form;
pub mod history;
pub mod huntgroup_form;
pub mod locale_fields;
pub mod number_preview;
pub mod owner;
pub mod permission_tree;
pub mod settings_panel;
pub mod sign_in_panel;
pub mod status_panel;
pub mod usage;
