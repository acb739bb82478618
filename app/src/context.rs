//! What every page knows without asking: who is signed in, what the last post said, which theme, and when to load data anew.
//!
//! The server puts these into the first page, and the browser reads them from there, so that both render the same.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use tandem_domain::access::Principal;

use crate::{post::Flash, reading::Json};

/// What the page is made for: the same for the server that renders it and the browser that takes it over.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageContext {
    /// Who is signed in.
    pub me: Option<Principal>,
    /// What the post before this page said.
    pub flash: Flash,
    /// The chosen theme.
    pub theme: Theme,
    /// The server runs with demonstration data: sign-ins are shown, the gallery is there.
    pub demo: bool,
}

/// Light, dark, or as the device says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Theme {
    /// As the device says.
    #[default]
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

impl Theme {
    /// The name in the cookie and in the `data-theme` attribute.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// The theme of this name; anything else is [`Theme::System`].
    #[must_use]
    pub fn from_key(key: &str) -> Self {
        match key {
            "light" => Self::Light,
            "dark" => Self::Dark,
            _ => Self::System,
        }
    }
}

/// Counts the times that the page's data must be loaded anew: every finished post adds one.
#[derive(Debug, Clone, Copy)]
pub struct Refresh {
    own: RwSignal<u32>,
    /// What counts for the whole page, where this one is for a part of it.
    page: Option<RwSignal<u32>>,
}

impl Refresh {
    fn new() -> Self {
        Self { own: RwSignal::new(0), page: None }
    }

    /// One for a part of the page, which is loaded anew with the whole page too.
    #[must_use]
    pub fn below(self) -> Self {
        Self { page: Some(self.own), ..Self::new() }
    }

    /// Loads the data anew, if it is shown yet.
    pub fn now(self) {
        self.own.try_update(|times| *times += 1);
    }

    /// How often that was done; whoever reads it is told of the next time.
    #[must_use]
    pub fn times(self) -> u32 {
        self.own.get() + self.page.map_or(0, |page| page.get())
    }

    /// How often that was done until now, of the whole page. It may be gone.
    #[must_use]
    pub fn times_until_now(self) -> Option<u32> {
        self.page.unwrap_or(self.own).try_get_untracked()
    }

    /// Whether it is for a part of the page, which follows what happens.
    #[must_use]
    pub fn is_part(self) -> bool {
        self.page.is_some()
    }
}

/// Makes the context of all pages. Called once, at the root.
pub fn provide_page_context() {
    let page = SharedValue::new_str(|| {
        #[cfg(feature = "ssr")]
        {
            Json(crate::server::page_context())
        }
        #[cfg(not(feature = "ssr"))]
        {
            Json(PageContext::default())
        }
    })
    .into_inner();
    provide_context(StoredValue::new(page.0));
    provide_context(Refresh::new());
}

fn page_context() -> PageContext {
    use_context::<StoredValue<PageContext>>().map(|page| page.get_value()).unwrap_or_default()
}

/// Who is signed in, or `None` on the sign-in page.
#[must_use]
pub fn me_or_nobody() -> Option<Principal> {
    page_context().me
}

/// Who is signed in. On pages behind the sign-in there is always somebody.
///
/// # Panics
/// On a page that is not behind the sign-in.
#[must_use]
pub fn me() -> Principal {
    me_or_nobody().expect("pages that call me() are behind the sign-in")
}

/// What the post before this page said.
#[must_use]
pub fn use_flash() -> Flash {
    page_context().flash
}

/// The theme that was chosen when the page was made.
#[must_use]
pub fn theme() -> Theme {
    page_context().theme
}

/// Whether the server runs with demonstration data.
#[must_use]
pub fn is_demo() -> bool {
    page_context().demo
}

/// The counter to call after a post.
///
/// # Panics
/// Outside the application's root.
#[must_use]
pub fn use_refresh() -> Refresh {
    use_context::<Refresh>().expect("provided at the root")
}
