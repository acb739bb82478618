//! Sessions: who a cookie stands for.
//!
//! axum-login keeps the sign-in in a database session (tower-sessions). Its hash check ends every session of a person whose
//! password changed, and its user is loaded anew with every request, so that a closed account or a changed role takes
//! effect at once.

use std::fmt;

use axum_login::{
    AuthManagerLayer, AuthManagerLayerBuilder, AuthUser, AuthnBackend,
    tower_sessions::{Expiry, SessionManagerLayer, cookie::SameSite},
};
use serde::{Deserialize, Serialize};
use tandem_domain::access::{Principal, Who};
use tandem_store::{Store, StoreError, sessions::Sessions};

use super::Services;

/// The session's cookie.
const COOKIE: &str = "tandem_session";
/// Its name behind TLS: browsers then take it from this host alone, not from a sibling domain (RFC 6265bis §4.1.3.2).
const COOKIE_OF_HOST: &str = "__Host-tandem_session";
/// Where the session keeps the moment of sign-in.
pub const SIGNED_IN_AT: &str = "signed_in_at";
/// Where the session keeps the last request's moment, to the minute.
pub const SEEN_AT: &str = "seen_at";
/// Where the session keeps what the next page is told.
pub const FLASH: &str = "flash";
/// Where it keeps what was typed into the form under which the session before it ended.
pub const INTERRUPTED: &str = "interrupted";

/// The layer that finds the session and the person of every request.
pub type Layer = AuthManagerLayer<Backend, Sessions>;
/// The session of a request, with the person signed in.
pub type AuthSession = axum_login::AuthSession<Backend>;

/// Makes the layer.
#[must_use]
pub fn layer(services: &Services) -> Layer {
    let idle = services.sessions.idle.try_into().unwrap_or(time_hour());
    let sessions = SessionManagerLayer::new(services.store.sessions())
        .with_name(if services.secure { COOKIE_OF_HOST } else { COOKIE })
        .with_same_site(SameSite::Lax)
        .with_http_only(true)
        .with_secure(services.secure)
        .with_expiry(Expiry::OnInactivity(idle));
    AuthManagerLayerBuilder::new(Backend { store: services.store.clone() }, sessions).build()
}

/// An hour, should the configured duration not fit (it does: the configuration is bounded).
fn time_hour() -> axum_login::tower_sessions::cookie::time::Duration {
    axum_login::tower_sessions::cookie::time::Duration::HOUR
}

/// Somebody who is signed in.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// Who, and what they may do.
    pub me: Principal,
    /// Changes with the password: sessions made with another stamp have ended.
    pub stamp: Vec<u8>,
}

/// A person's id in the session.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct UserId(pub Who);

impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Who::Administrator(id) => write!(f, "administrator {id}"),
            Who::Customer(id) => write!(f, "customer {id}"),
            Who::Account { account, .. } => write!(f, "account {account}"),
        }
    }
}

impl AuthUser for SignedIn {
    type Id = UserId;

    fn id(&self) -> UserId {
        UserId(self.me.who)
    }

    fn session_auth_hash(&self) -> &[u8] {
        &self.stamp
    }
}

/// Loads the person of a session.
#[derive(Clone)]
pub struct Backend {
    store: Store,
}

impl AuthnBackend for Backend {
    type User = SignedIn;
    type Credentials = std::convert::Infallible;
    type Error = StoreError;

    /// Passwords are checked by [`super::sign_in`], which throttles; there is no second way in.
    async fn authenticate(&self, credentials: Self::Credentials) -> Result<Option<SignedIn>, StoreError> {
        match credentials {}
    }

    async fn get_user(&self, id: &UserId) -> Result<Option<SignedIn>, StoreError> {
        let found = self.store.sign_ins().principal(id.0).await?;
        Ok(found.map(|(me, stamp)| SignedIn { me, stamp }))
    }
}
