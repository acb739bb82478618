//! The server's side of the application: who is asking, sessions, and what becomes of answers.
//!
//! The `tandem` binary makes [`Services`] and mounts [`router::router`]; everything inside reaches the services through
//! [`ask::Ask`], which is made from the request and knows who is asking.

use std::{
    net::IpAddr,
    sync::{Arc, OnceLock},
    time::Duration,
};

use leptos::prelude::use_context;
use tandem_billing::{billing::Billing, systems::Systems};
use tandem_domain::{access::Principal, ids::Timestamp};
use tandem_store::Store;

use crate::{
    context::{PageContext, Theme},
    error::AppError,
    post::Flash,
    programs::Program,
};

pub mod answers;
pub mod ask;
pub mod auth;
pub(crate) mod billing;
mod ceiling;
pub mod console;
pub mod exchange;
pub mod format;
#[cfg(test)]
pub(crate) mod forms;
pub mod guard;
mod invoice_pdf;
mod live;
mod mail_body;
pub(crate) mod paging;
mod phone;
pub mod phones;
mod plays;
mod range;
pub mod recordings;
mod refusals;
pub mod router;
pub mod sign_in;
mod sound;
pub mod theme;
mod watching;

/// What the clock says. Passed in, so that tests can set it.
pub trait Clock: Send + Sync {
    /// This moment.
    fn now(&self) -> Timestamp;
}

/// The addresses of the files that a page loads, with their content hashes.
#[derive(Debug, Clone, Default)]
pub struct Assets {
    /// The style sheet.
    pub style: String,
    /// Where the programs are ([`Assets::script`], [`Assets::wasm`]).
    pub folder: String,
    /// All programs are one there ([`Program::WHOLE`]), as in development.
    pub whole: bool,
}

impl Assets {
    /// The script that loads a program.
    #[must_use]
    pub fn script(&self, program: Program) -> String {
        format!("{}/{}.js", self.folder, self.name(program))
    }

    /// The program.
    #[must_use]
    pub fn wasm(&self, program: Program) -> String {
        format!("{}/{}_bg.wasm", self.folder, self.name(program))
    }

    const fn name(&self, program: Program) -> &'static str {
        if self.whole { Program::WHOLE } else { program.name() }
    }
}

/// How long a session lasts.
#[derive(Debug, Clone, Copy)]
pub struct SessionLifetimes {
    /// Without a request.
    pub idle: Duration,
    /// From sign-in, whatever happens.
    pub absolute: Duration,
}

/// Everything that the application needs from the outside: one value, made by the binary, shared by all requests.
#[derive(Clone)]
pub struct Services {
    /// The records.
    pub store: Store,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// The pages' files.
    pub assets: Arc<Assets>,
    /// The server runs with demonstration data.
    pub demo: bool,
    /// Pages are reached over TLS: cookies are `Secure`.
    pub secure: bool,
    /// How long sessions last.
    pub sessions: SessionLifetimes,
    /// Bounds how many passwords are hashed at once: each takes 19 MiB and a core.
    pub hashing: Arc<tokio::sync::Semaphore>,
    /// The exchange that runs beside the application.
    pub exchange: Arc<dyn exchange::Exchange>,
    /// The sound of recordings.
    pub recordings: Arc<dyn recordings::Recordings>,
    /// The phones in browsers.
    pub phones: Arc<dyn phones::Phones>,
    /// What consoles know of the records.
    pub consoles: console::Consoles,
    /// Payments.
    pub billing: Billing,
    /// The payment systems, with their credentials.
    pub systems: Arc<Systems>,
    /// What the pages on which a card is given load.
    pub payment_pages: PaymentPages,
    /// Becomes true when the server ends: what would go on for ever ends then. That nobody can say so any more counts as well.
    pub ending: tokio::sync::watch::Receiver<bool>,
}

/// What the pages on which a card is given load from the payment processor. No other page loads anything from elsewhere.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PaymentPages {
    /// The address of the processor's script: <https://js.stripe.com/v3/>, or that of what stands for it.
    pub script: String,
    /// Whom the script may ask and whose frames it may show: origins, `https://js.stripe.com`.
    pub origins: Vec<String>,
    /// Where customers reach this server: webhooks are sent below it.
    pub public_url: String,
}

/// The address of the person's device: the peer's, or what a trusted proxy says it is. Put into the request by the binary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientAddr(pub IpAddr);

/// What names the request: in the header `x-request-id` of its answer, in the log, and to the person who reports a fault.
/// Put into the request by the binary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference(pub String);

impl Reference {
    /// That of a request with these extensions.
    #[must_use]
    pub fn of(request: &http::Extensions) -> Option<Self> {
        request.get::<Self>().cloned()
    }

    /// Without the binary around the application there is none.
    #[must_use]
    pub fn unknown() -> Self {
        Self("unknown".into())
    }
}

/// Who is signed in, put into the request by [`guard`].
#[derive(Debug, Clone)]
pub struct Me(pub Option<Principal>);

/// What the last post said, put into the request by [`answers`].
#[derive(Debug, Clone, Default)]
pub struct PageFlash(pub Flash);

/// Why a page or a file was not given, put into the response for [`answers`], which writes it into the audit log.
#[derive(Debug, Clone)]
pub struct Refusal(pub AppError);

/// What the page being rendered is refused for, if it is: the first reason.
#[derive(Debug, Clone, Default)]
pub struct Refused(Arc<OnceLock<AppError>>);

impl Refused {
    /// The page says so.
    pub fn note(&self, error: &AppError) {
        // Only the first is kept: the others are of the same page.
        let _ = self.0.set(error.clone());
    }

    /// The reason, when the page is rendered.
    #[must_use]
    pub fn reason(&self) -> Option<Refusal> {
        self.0.get().cloned().map(Refusal)
    }
}

/// The request being answered, from Leptos's context.
fn request() -> Option<http::request::Parts> {
    use_context::<http::request::Parts>()
}

/// What the page being rendered is made for.
#[must_use]
pub fn page_context() -> PageContext {
    let Some(request) = request() else { return PageContext::default() };
    PageContext {
        me: request.extensions.get::<Me>().and_then(|me| me.0.clone()),
        flash: request.extensions.get::<PageFlash>().map(|flash| flash.0.clone()).unwrap_or_default(),
        theme: theme_of(&request.headers),
        demo: use_context::<Services>().is_some_and(|services| services.demo),
    }
}

/// The theme that the `theme` cookie asks for.
#[must_use]
pub fn theme_of(headers: &http::HeaderMap) -> Theme {
    let cookies = headers.get_all(http::header::COOKIE).iter().filter_map(|cookie| cookie.to_str().ok());
    let chosen = cookies
        .flat_map(|cookies| cookies.split(';'))
        .filter_map(|cookie| cookie.trim().split_once('='))
        .find(|(name, _)| *name == "theme")
        .map(|(_, value)| value);
    Theme::from_key(chosen.unwrap_or_default())
}
