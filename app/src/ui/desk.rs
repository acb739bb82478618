//! What the whole interface shares: the toasts, where posts lead, and questions that any page may put to the person.
//!
//! Made once by [`Toasts`](super::Toasts) around the routes; components take it with [`use_desk`].

use leptos::prelude::*;
use leptos_router::{
    NavigateOptions,
    hooks::{use_location, use_navigate},
};

use tandem_domain::access::Audience;

use super::toast::Toast;
use crate::{
    context::{Refresh, me_or_nobody, use_flash, use_refresh},
    error::AppError,
    listing::Tone,
    post::{Done, Flash, FormFlash, Undo},
    programs::Program,
};

/// Whether something goes on that another page in its place would interrupt.
type Busy = Box<dyn Fn() -> bool + Send + Sync>;

/// What the router takes people to a page with.
type Navigate = Box<dyn Fn(&str, NavigateOptions) + Send + Sync>;

/// The shared things of the interface.
#[derive(Clone, Copy)]
pub struct Desk {
    /// What is being said, the oldest first.
    pub(super) toasts: RwSignal<Vec<Toast>>,
    /// The session ended under a post: sign in, then it is posted again.
    pub(super) sign_in_again: RwSignal<Option<Callback<()>>>,
    /// Where the person wanted to go, leaving changes unsaved.
    pub(super) leaving: RwSignal<Option<String>>,
    /// The browser has taken the page over.
    pub(super) hydrated: RwSignal<bool>,
    /// What the post before this page said, and on which page.
    flash: StoredValue<(Flash, String)>,
    go: StoredValue<Navigate>,
    refresh: Refresh,
    path: Memo<String>,
    /// Whether something goes on here that another page in its place would interrupt.
    busy: StoredValue<Option<Busy>>,
    /// What takes the page over, and for whom.
    program: Option<Program>,
    who: Option<Audience>,
}

impl Desk {
    pub(super) fn new() -> Self {
        let navigate = use_navigate();
        let path = use_location().pathname;
        Self {
            toasts: RwSignal::new(Vec::new()),
            sign_in_again: RwSignal::new(None),
            leaving: RwSignal::new(None),
            hydrated: RwSignal::new(false),
            flash: StoredValue::new((use_flash(), path.get_untracked())),
            go: StoredValue::new(Box::new(navigate)),
            refresh: use_refresh(),
            path,
            busy: StoredValue::new(None),
            program: use_context(),
            who: me_or_nobody().map(|me| me.audience()),
        }
    }

    /// Goes to a page of the application.
    pub fn go(self, path: &str) {
        if self.has(path) {
            self.go.with_value(|go| go(path, NavigateOptions::default()));
        } else if self.is_busy() {
            self.open_beside(path);
        } else {
            // Fails only for an address that is none.
            let _ = window().location().set_href(path);
        }
    }

    /// While this says that something goes on which another page in its place would interrupt, pages of other programs are opened
    /// beside it. What it asks has to live as long as the application: one frame is made before another is gone.
    pub(crate) fn stay_while(self, busy: impl Fn() -> bool + Send + Sync + 'static) {
        self.busy.set_value(Some(Box::new(busy)));
    }

    /// Whether something goes on that another page in its place would interrupt.
    pub(super) fn is_busy(self) -> bool {
        self.busy.with_value(|busy| busy.as_ref().is_some_and(|busy| busy()))
    }

    /// Opens a page in another tab. Called while the browser knows that somebody pressed something: others may not.
    pub(super) fn open_beside(self, path: &str) {
        // With an opener it would get a copy of `sessionStorage` (HTML, "rules for choosing a navigable"), and take this tab's
        // calls for its own, as after a reload. Without one nobody says whether it was opened.
        let _ = window().open_with_url_and_target_and_features(path, "_blank", "noopener");
        let text = "Opened in another tab, so that your call goes on in this one. If no tab came, allow this site to open tabs.";
        self.say(Tone::Good, text, None);
    }

    /// Whether the page is one of the program that runs here.
    pub(crate) fn has(self, path: &str) -> bool {
        self.program.is_none_or(|program| program.has(path, self.who))
    }

    /// Changes the query of this page's address: no new entry in the history, the page stays where it is scrolled to.
    pub fn replace(self, path: &str) {
        let options = NavigateOptions { replace: true, scroll: false, ..NavigateOptions::default() };
        self.go.with_value(|go| go(path, options));
    }

    /// Loads the page's data anew.
    pub fn refresh(self) {
        self.refresh.now();
    }

    /// The refused post of a form with this path and these fields, if the page was made after one.
    pub(super) fn flash_for(self, to: &str, fields: &[(String, String)]) -> Option<FormFlash> {
        self.flash.with_value(|(flash, path)| {
            let form = flash.form.as_ref()?;
            let meant = form.to == to
                && *path == self.path.get_untracked()
                && fields.iter().all(|(name, value)| form.typed(name) == Some(value));
            meant.then(|| form.clone())
        })
    }

    /// Forgets what the post before this page said: it is told once.
    pub(super) fn forget_flash(self) {
        self.flash.update_value(|(flash, _)| *flash = Flash::default());
    }

    /// Forgets it if it was about this form.
    pub(super) fn forget_flash_for(self, to: &str) {
        if self.flash.with_value(|(flash, _)| flash.form.as_ref().is_some_and(|form| form.to == to)) {
            self.forget_flash();
        }
    }

    /// Says something in a toast.
    pub fn say(self, tone: Tone, text: impl Into<String>, undo: Option<Undo>) {
        Toast::show(self.toasts, tone, text.into(), undo);
    }

    /// A post outside of any form was done, or refused: says so, and goes where it leads.
    pub fn take(self, answer: Result<Done, AppError>) {
        match answer {
            Ok(done) => self.done(done),
            Err(error) => self.say(Tone::Bad, error.words(), None),
        }
    }

    pub(super) fn done(self, done: Done) {
        if !done.toast.is_empty() {
            self.say(Tone::Good, done.toast, done.undo);
        }
        match done.go {
            Some(path) => self.go(&path),
            None => self.refresh(),
        }
    }

    /// Whether the browser has taken the page over; false on the server and until then.
    #[must_use]
    pub fn hydrated(self) -> Signal<bool> {
        self.hydrated.into()
    }
}

/// The shared things of the interface.
///
/// # Panics
/// Outside of [`Toasts`](super::Toasts).
#[must_use]
pub fn use_desk() -> Desk {
    use_context().expect("the routes are inside of Toasts")
}
