//! The design system. Pages compose these components; they do not style.
//!
//! Everything here is rendered by the server first and works as plain HTML; the browser adds to it when it has taken the
//! page over. The look is in `style/`, by the class names used here; `/admin/gallery` shows every component in every state
//! (demonstration mode, not in releases).
//!
//! # What there is
//!
//! | component | for |
//! | --- | --- |
//! | [`EditForm`]`(to, version, fields…)` | a record's form: save bar, unsaved-changes guard, errors, stale-edit banner |
//! | [`NewForm`]`(to, button, cancel, fields…)` | the form of something new |
//! | [`PostForm`]`(to, …)` | any other post: a button, a small form |
//! | [`TextField`], [`PasswordField`], [`TextArea`], [`SelectField`], [`RadioCards`], [`Checkbox`], [`FieldSet`] | inputs |
//! | [`Switch`] | on or off, inside a form |
//! | [`InstantSwitch`], [`InstantSelect`] | saved at once, outside of forms |
//! | [`TreeBranch`], [`TreeRow`] | a tree of settings |
//! | [`Rows`], [`Row`], [`IconButton`], [`KeepFocus`] | records that are worked on where they stand |
//! | [`WhenChosen`] | fields that count only while something else is chosen |
//! | [`ListPage`] with [`list_args`]; [`DataTable`] | lists |
//! | [`PageHeader`], [`Tabs`], [`Card`], [`Stat`], [`DescriptionList`], [`EmptyState`], [`Notice`], [`Skeleton`] | a page's parts |
//! | [`Button`], [`LinkButton`], [`ConfirmButton`], [`Dialog`] | actions |
//! | [`Player`] | the sound of two people |
//! | [`Badge`], [`ModeBadge`], [`Icon`](icon()) | signs |
//! | [`Frame`] | what is around the pages |
//!
//! # Forms in short
//!
//! ```ignore
//! <EditForm to=SaveCustomer::PATH version=customer.version>
//!     <input type="hidden" name="id" value=customer.id.to_string() />
//!     <TextField name="name" label="Name" value=customer.value.name field=Field::CustomerName rule=Rule::Name />
//! </EditForm>
//! ```
//!
//! - Forms must not be nested: [`InstantSwitch`] and [`ConfirmButton`] with a form of its own stand beside an [`EditForm`].
//! - A field with `field=Field::X` is not there when the role does not see X, and disabled (so not sent: the server's
//!   argument is a [`Typed`](crate::post::Typed), which then keeps what is stored) when the role may only view it.
//! - [`Checkbox`] and [`Switch`] send `on` or `off`, never nothing, unless they are disabled.
//!
//! To add a component: a file that answers one question, its classes in `style/`, a row in the table above, and a place in
//! the gallery.

pub mod badge;
pub mod button;
pub mod card;
pub mod desk;
pub mod dialog;
mod each;
mod effect;
pub mod fields;
pub mod form;
mod form_ctx;
pub mod frame;
pub(crate) mod guard;
pub mod icon;
mod keys;
pub mod layout;
pub mod list;
mod nav;
mod palette;
pub mod player;
mod remember;
pub mod rows;
mod save_bar;
mod sign_in_again;
pub mod submit;
pub mod switch;
mod table;
#[cfg(all(test, feature = "ssr"))]
mod tests;
pub mod theme;
mod timer;
pub mod toast;
pub mod tree;
mod unsettled;
pub mod when_chosen;

pub use badge::{Badge, ModeBadge};
pub(crate) use badge::{mode_class, mode_sign};
pub use button::{Button, Kind, LinkButton};
pub use card::{Card, Stat};
pub use desk::{Desk, use_desk};
pub use dialog::{ConfirmButton, Dialog};
pub(crate) use each::{CollectAny, each};
pub(crate) use effect::effect;
pub use fields::{Checkbox, FieldSet, PasswordField, RadioCards, SelectField, TextArea, TextField};
pub use form::{EditForm, NewForm, PostForm};
pub(crate) use form_ctx::leads_to_button;
pub use form_ctx::{FormCtx, use_form};
pub use frame::Frame;
pub use icon::{Sign, icon};
pub(crate) use keys::{single_key, single_keys_switch};
pub use layout::{DescriptionList, EmptyState, Notice, PageHeader, Skeleton, Tabs};
pub use list::{Filter, FilterInput, ListPage, list_args};
pub(crate) use list::{is_typing, link_to, search_bar};
pub use player::{Player, Sound};
pub(crate) use remember::{remember, remembered};
pub use rows::{IconButton, KeepFocus, Row, Rows};
pub use submit::post;
pub use switch::{InstantSelect, InstantSwitch, Switch};
pub use table::DataTable;
pub use theme::ThemeSwitch;
pub(crate) use timer::Timer;
pub use toast::Toasts;
pub use tree::{TreeBranch, TreeRow};
pub use when_chosen::WhenChosen;
