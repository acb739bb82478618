//! Registering at the trunk, where it wants that (RFC 3261 §10.2): calls from there then come to where we registered.

use std::time::{Duration, Instant};

use tandem_sip::{
    message::{Method, Name, Request, Response, Uri},
    transaction::ClientId,
};

use super::{Due, Exchange, Media, Now};
use crate::proof::prove;

/// How long a registration is asked for, in seconds.
const EXPIRES: u32 = 600;
/// How long to wait after a failure; twice as long after each further one, up to [`PAUSE_MAX`].
const PAUSE: Duration = Duration::from_secs(5);
/// The longest pause between two tries.
const PAUSE_MAX: Duration = Duration::from_secs(300);

/// What is known of our registration at the trunk.
#[derive(Debug, Default)]
pub(super) struct TrunkRegistration {
    call_id: String,
    tag: String,
    seq: u32,
    client: Option<ClientId>,
    /// Whether the request under way answers a challenge already.
    answered: bool,
    failures: u32,
    /// When the registration ends, if there is one.
    pub(super) until: Option<Instant>,
}

impl<M: Media> Exchange<M> {
    /// Registers at the trunk, if it is so configured. To be called once at the start, and whenever it is due.
    pub(super) fn register_at_trunk(&mut self, now: Now) {
        self.send_trunk_register(now, None);
    }

    /// Whether we are registered at the trunk; `None` where that is not wanted.
    #[must_use]
    pub fn is_registered_at_trunk(&self, now: Now) -> Option<bool> {
        let trunk = self.settings.trunk.as_ref().filter(|trunk| trunk.registers)?;
        trunk.credentials.as_ref()?;
        Some(self.trunk.until.is_some_and(|until| until > now.instant))
    }

    fn send_trunk_register(&mut self, now: Now, challenged: Option<&Response>) {
        let Some(trunk) = self.settings.trunk.clone().filter(|trunk| trunk.registers) else { return };
        let Some((user, password)) = trunk.credentials.clone() else { return };
        if self.trunk.call_id.is_empty() {
            (self.trunk.call_id, self.trunk.tag) = (self.token(), self.token());
        }
        self.trunk.seq += 1;
        let flow = trunk.flow();
        let mut request = Request::new(Method::Register, Uri::sip(None, trunk.address));
        let own = Uri::sip(Some(&user), trunk.address);
        let headers = &mut request.headers;
        headers.push(Name::MaxForwards, "70");
        headers.push(Name::From, format!("<{own}>;tag={}", self.trunk.tag));
        headers.push(Name::To, format!("<{own}>"));
        headers.push(Name::CallId, self.trunk.call_id.clone());
        headers.push(Name::CSeq, format!("{} REGISTER", self.trunk.seq));
        let contact = Uri::sip(Some(&user), self.settings.address_on(flow)).with_transport(flow.transport);
        headers.push(Name::Contact, format!("<{contact}>"));
        headers.push(Name::Expires, EXPIRES.to_string());
        headers.push(Name::UserAgent, self.settings.product.clone());
        if let Some(response) = challenged {
            let cnonce = self.token();
            if let Err(error) = prove(&mut request, response, (&user, &password), &cnonce) {
                tracing::warn!(%error, "the trunk asks for what cannot be answered");
                return self.trunk_failed(now, response.status);
            }
        }
        self.trunk.answered = challenged.is_some();
        self.trunk.client = Some(self.transactions.request(now.instant, flow, request));
    }

    /// Whether a transaction is that of our registration.
    pub(super) fn is_trunk_client(&self, client: ClientId) -> bool {
        self.trunk.client == Some(client)
    }

    /// The trunk has responded.
    pub(super) fn trunk_responded(&mut self, now: Now, response: &Response) {
        match response.status {
            ..=199 => {}
            200..=299 => {
                self.trunk.client = None;
                self.trunk.failures = 0;
                let granted = self.granted(response).clamp(30, EXPIRES);
                self.trunk.until = Some(now.instant + Duration::from_secs(granted.into()));
                let again = Duration::from_secs((granted - granted / 5).into());
                self.schedule(Due::Trunk, Some(now.instant + again));
            }
            401 | 407 if !self.trunk.answered => self.send_trunk_register(now, Some(response)),
            status => self.trunk_failed(now, status),
        }
    }

    /// The seconds that the trunk grants: of our Contact, else of all.
    fn granted(&self, response: &Response) -> u32 {
        let contacts = response.headers.contacts().ok();
        let own = contacts.as_ref().and_then(|contacts| contacts.first()).and_then(|contact| contact.expires());
        own.or_else(|| response.headers.expires()).unwrap_or(EXPIRES)
    }

    /// The trunk refused, or is not there: it is tried again later.
    pub(super) fn trunk_failed(&mut self, now: Now, status: u16) {
        self.trunk.client = None;
        let pause = PAUSE.saturating_mul(1 << self.trunk.failures.min(6)).min(PAUSE_MAX);
        self.trunk.failures += 1;
        tracing::warn!(status, seconds = pause.as_secs(), "the trunk does not accept our registration; trying again");
        self.schedule(Due::Trunk, Some(now.instant + pause));
    }

    fn token(&mut self) -> String {
        use rand::Rng as _;
        format!("{:016x}", self.random.random::<u64>())
    }
}
