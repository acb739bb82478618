//! One account's pages, for the provider's staff and for the account's customer: the same panels at two addresses.
//!
//! | page | provider's staff | the customer |
//! | --- | --- | --- |
//! | [`general_page`] | `/admin/accounts/:id` | `/self-care/extensions/:id` |
//! | [`services_page`] | …`/services` | …`/services` |
//! | [`status_page`] | …`/status` | …`/status` |
//! | [`sign_in_page`] | …`/sign-in` | …`/sign-in` |
//! | [`new_page`] | `/admin/customers/:id/accounts/new` | `/self-care/extensions/new` |
//!
//! What each reader sees follows from the role; a page at one address differs from the other in nothing but its links.

#[cfg(feature = "ssr")]
mod found;
mod general;
mod new;
mod services;
mod tabs;

#[cfg(feature = "ssr")]
pub(crate) use found::FoundAccount;
pub use general::general_page;
pub use new::new_page;
pub use services::services_page;
pub use tabs::{AccountHead, account_frame, account_path, sign_in_page, status_page};
