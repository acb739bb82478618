//! Registering at the trunk, where it wants that (RFC 3261 §10.2): calls from there then come to where we registered. And which
//! of its addresses are asked.

use std::{
    collections::HashMap,
    net::SocketAddr,
    time::{Duration, Instant},
};

use tandem_sip::{
    message::{Contacts, Method, Name, NameAddr, Request, Response, Uri},
    transaction::ClientId,
};

use super::{Due, Exchange, Media, Now, Trunk};
use crate::proof::prove;

/// How long a registration is asked for, in seconds …
const EXPIRES: u32 = 600;
/// … unless the trunk wants it longer: up to so long.
const EXPIRES_MAX: u32 = 86_400;
/// What a trunk grants is taken to be no less.
const GRANTED_MIN: u32 = 10;
/// How long to wait after a failure; twice as long after each further one, up to [`PAUSE_MAX`].
const PAUSE: Duration = Duration::from_secs(5);
/// The longest pause between two tries.
const PAUSE_MAX: Duration = Duration::from_secs(300);

/// How long an address of the trunk that did not take a call is tried last.
const DOWN_FOR: Duration = Duration::from_secs(60);

/// What is known of our registration at the trunk, and of its addresses.
#[derive(Debug, Default)]
pub(super) struct TrunkRegistration {
    call_id: String,
    tag: String,
    seq: u32,
    client: Option<ClientId>,
    /// Where we want to be called, as it was said last.
    contact: Option<Uri>,
    /// Whether the request under way answers a challenge already.
    answered: bool,
    failures: u32,
    /// The shortest registration that the trunk takes, in seconds; 0 while it has not said.
    shortest: u32,
    /// Which of its addresses is asked: the next one after each failure.
    place: usize,
    /// Addresses that did not take a call, and until when they are the last to be tried.
    down: HashMap<SocketAddr, Instant>,
    /// When the registration ends, if there is one.
    pub(super) until: Option<Instant>,
}

impl TrunkRegistration {
    /// How long a registration is asked for, in seconds.
    fn asked(&self) -> u32 {
        EXPIRES.max(self.shortest)
    }

    /// A registration was too brief: whether there is a longer one to ask for (RFC 3261 §10.2.8).
    fn takes_longer(&mut self, response: &Response) -> bool {
        let asked = self.asked();
        self.shortest = response.headers.min_expires().unwrap_or_default().min(EXPIRES_MAX);
        self.asked() > asked
    }

    /// The seconds that the trunk grants: those of our contact, of which there may be others (RFC 3261 §10.3, step 8), else of
    /// all.
    fn granted(&self, response: &Response) -> u32 {
        let contacts = match response.headers.contacts() {
            Ok(Contacts::List(contacts)) => contacts,
            Ok(Contacts::All) | Err(_) => Vec::new(),
        };
        let is_ours = |contact: &&NameAddr| self.contact.as_ref().is_some_and(|ours| contact.uri.matches(ours));
        let own = contacts.iter().find(is_ours).or(contacts.first()).and_then(NameAddr::expires);
        let granted = own.or_else(|| response.headers.expires()).unwrap_or_else(|| self.asked());
        granted.clamp(GRANTED_MIN, self.asked())
    }
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
        let addresses: Vec<_> = trunk.addresses().collect();
        let address = addresses[self.trunk.place % addresses.len()];
        let flow = trunk.flow(address);
        let mut request = Request::new(Method::Register, Uri::sip(None, address));
        let own = Uri::sip(Some(&user), address);
        let headers = &mut request.headers;
        headers.push(Name::MaxForwards, "70");
        headers.push(Name::From, format!("<{own}>;tag={}", self.trunk.tag));
        headers.push(Name::To, format!("<{own}>"));
        headers.push(Name::CallId, self.trunk.call_id.clone());
        headers.push(Name::CSeq, format!("{} REGISTER", self.trunk.seq));
        let contact = Uri::sip(Some(&user), self.settings.address_on(flow)).with_transport(flow.transport);
        headers.push(Name::Contact, format!("<{contact}>"));
        headers.push(Name::Expires, self.trunk.asked().to_string());
        headers.push(Name::UserAgent, self.settings.product.clone());
        if let Some(response) = challenged {
            let cnonce = self.token();
            if let Err(error) = prove(&mut request, response, (&user, &password), &cnonce) {
                tracing::warn!(%error, "the trunk asks for what cannot be answered");
                return self.trunk_failed(now, response.status);
            }
        }
        self.trunk.answered = challenged.is_some();
        self.trunk.contact = Some(contact);
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
                let granted = self.trunk.granted(response);
                self.trunk.until = Some(now.instant + Duration::from_secs(granted.into()));
                let again = Duration::from_secs((granted - granted / 5).into());
                self.schedule(Due::Trunk, Some(now.instant + again));
            }
            401 | 407 if !self.trunk.answered => self.send_trunk_register(now, Some(response)),
            423 if self.trunk.takes_longer(response) => self.send_trunk_register(now, None),
            status => self.trunk_failed(now, status),
        }
    }

    /// The trunk refused, or is not there: it is tried again later.
    pub(super) fn trunk_failed(&mut self, now: Now, status: u16) {
        self.trunk.client = None;
        self.trunk.place = self.trunk.place.wrapping_add(1);
        let pause = PAUSE.saturating_mul(1 << self.trunk.failures.min(6)).min(PAUSE_MAX);
        self.trunk.failures += 1;
        tracing::warn!(status, seconds = pause.as_secs(), "the trunk does not accept our registration; trying again");
        self.schedule(Due::Trunk, Some(now.instant + pause));
    }

    /// The addresses of the trunk as a call is to try them: those that failed a moment ago come last.
    pub(super) fn trunk_addresses(&mut self, now: Now, trunk: &Trunk) -> Vec<SocketAddr> {
        self.trunk.down.retain(|_, until| *until > now.instant);
        let mut addresses: Vec<_> = trunk.addresses().collect();
        // Where we are registered comes first: a carrier may take calls only of those whom it knows.
        if trunk.registers && !addresses.is_empty() {
            let place = self.trunk.place % addresses.len();
            addresses.rotate_left(place);
        }
        addresses.sort_by_key(|address| self.trunk.down.contains_key(address));
        addresses
    }

    /// An address of the trunk did not take a call that another one is asked to take now (RFC 3263 §4.3).
    pub(super) fn trunk_address_failed(&mut self, now: Now, address: SocketAddr) {
        tracing::warn!(%address, "this address of the trunk takes no calls; the next one is tried");
        self.trunk.down.insert(address, now.instant + DOWN_FOR);
    }

    fn token(&mut self) -> String {
        use rand::Rng as _;
        format!("{:016x}", self.random.random::<u64>())
    }
}
