//! May the agent be rung? REGISTER with a digest (RFC 3261 §10, RFC 8760), and who else is registered for the extension.

use std::time::{Duration, Instant};

use tandem_sip::{
    digest,
    message::{Contacts, Method, Name, NameAddr, Request, Response, Uri},
    transaction::ClientId,
};

use crate::{people::PASSWORD, station::Station};

/// How long a registration is to last, in seconds. Short, since nobody takes it back for a program that was killed.
const EXPIRES: u32 = 90;
/// How often it is renewed, and looked whether a real phone is there.
const RENEWED: Duration = Duration::from_secs(30);
/// How often an agent who stepped aside looks whether the real phone is still there.
const LOOKED: Duration = Duration::from_secs(20);
/// When an exchange that did not answer is asked again.
const RETRIED: Duration = Duration::from_secs(5);
/// When a password that was wrong is tried again: rarely, since the exchange counts failures per address.
const REFUSED: Duration = Duration::from_secs(60);
/// When a registration of an earlier run is taken back.
const CLEANED: Duration = Duration::from_secs(1);
/// The URI parameter by which an agent knows contacts of its own kind, those of an earlier run too.
const MARK: &str = "demo-caller";
/// Contacts of an earlier run that are taken back at once: as many as an account can have.
const STALE_MAX: usize = 10;

/// What a REGISTER is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wish {
    /// To be rung.
    Join,
    /// To know who is registered.
    Look,
    /// Not to be rung any more.
    Leave,
}

/// Where the agent stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Not registered (yet).
    Absent,
    /// Registered.
    OnDuty,
    /// A real phone is there instead.
    Aside,
    /// Gone for good.
    Gone,
}

/// A REGISTER that waits for its response.
#[derive(Debug, Clone, Copy)]
struct Pending {
    client: ClientId,
    wish: Wish,
    /// It answers a challenge of just now; another one means that the password is wrong.
    answers: bool,
}

/// One agent's registration.
#[derive(Debug)]
pub struct Registration {
    user: &'static str,
    standing: Standing,
    leaves: bool,
    call_id: String,
    tag: String,
    cseq: u32,
    /// The registrar's last challenges, which are good for many requests, and how many there were.
    challenges: Vec<String>,
    uses: u32,
    pending: Option<Pending>,
    due: Option<Instant>,
    stale: Vec<Uri>,
}

impl Registration {
    /// To begin at once.
    pub fn new(user: &'static str, station: &mut Station, now: Instant) -> Self {
        Self {
            user,
            standing: Standing::Absent,
            leaves: false,
            call_id: station.token(),
            tag: station.token(),
            cseq: 0,
            challenges: Vec::new(),
            uses: 0,
            pending: None,
            due: Some(now),
            stale: Vec::new(),
        }
    }

    /// Where the agent stands.
    pub const fn standing(&self) -> Standing {
        self.standing
    }

    /// When something is due.
    pub const fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Whether it waits for the registrar.
    pub const fn is_pending(&self) -> bool {
        self.pending.is_some()
    }

    /// Our `Contact` URI.
    pub fn contact(&self, station: &Station) -> Uri {
        Uri::sip(Some(self.user), station.local()).with_param(MARK, None)
    }

    /// Does what is due.
    pub fn act(&mut self, station: &mut Station, now: Instant) {
        if self.due.is_none_or(|due| due > now) || self.pending.is_some() {
            return;
        }
        match self.standing {
            Standing::Absent | Standing::OnDuty => self.ask(station, now, Wish::Join, false),
            Standing::Aside => self.ask(station, now, Wish::Look, false),
            Standing::Gone => self.due = None,
        }
    }

    /// Takes the registration back, for good.
    pub fn leave(&mut self, station: &mut Station, now: Instant) {
        self.leaves = true;
        if self.pending.is_some() {
            return;
        }
        match self.standing {
            Standing::OnDuty => self.ask(station, now, Wish::Leave, false),
            Standing::Absent | Standing::Aside | Standing::Gone => self.gone(),
        }
    }

    const fn gone(&mut self) {
        self.standing = Standing::Gone;
        self.due = None;
    }

    fn ask(&mut self, station: &mut Station, now: Instant, wish: Wish, answers: bool) {
        self.due = None;
        self.cseq = self.cseq.saturating_add(1);
        let registrar = Uri::sip(None, station.exchange());
        let us = NameAddr::from(Uri::sip(Some(self.user), station.exchange()));
        let mut request = Request::new(Method::Register, registrar);
        let contact = NameAddr::from(self.contact(station));
        let headers = &mut request.headers;
        headers.push(Name::MaxForwards, "70");
        headers.push(Name::From, us.clone().with_tag(&self.tag).to_string());
        headers.push(Name::To, us.to_string());
        headers.push(Name::CallId, self.call_id.clone());
        headers.push(Name::CSeq, format!("{} REGISTER", self.cseq));
        let for_now = |contact: NameAddr, seconds: u32| contact.with_param("expires", Some(&seconds.to_string()));
        match wish {
            // Of several phones those of the highest q ring: a real one, which does not say 0.1.
            Wish::Join => {
                headers.push(Name::Contact, for_now(contact.with_param("q", Some("0.1")), EXPIRES).to_string());
                for old in self.stale.drain(..) {
                    headers.push(Name::Contact, for_now(NameAddr::from(old), 0).to_string());
                }
            }
            Wish::Look => {}
            Wish::Leave => headers.push(Name::Contact, for_now(contact, 0).to_string()),
        }
        if let Some(proof) = self.proof(station, &request) {
            request.headers.push(Name::Authorization, proof);
        }
        let client = station.request(now, request);
        self.pending = Some(Pending { client, wish, answers });
    }

    /// The value of `Authorization`, once there was a challenge.
    fn proof(&mut self, station: &mut Station, request: &Request) -> Option<String> {
        self.uses = self.uses.saturating_add(1);
        let answer = digest::Answer {
            username: self.user,
            password: PASSWORD,
            method: &request.method,
            uri: &request.uri.to_string(),
            body: &request.body,
            cnonce: &station.token(),
            nc: self.uses,
        };
        digest::respond(self.challenges.iter().map(String::as_str), &answer).ok()
    }

    /// A response to one of our requests; tells whether it was.
    pub fn responded(&mut self, station: &mut Station, now: Instant, id: ClientId, response: &Response) -> bool {
        let Some(Pending { wish, answers, .. }) = self.pending.filter(|pending| pending.client == id) else {
            return false;
        };
        if response.is_provisional() {
            return true;
        }
        self.pending = None;
        match response.status {
            200..=299 => self.granted(station, now, wish, response),
            401 | 407 if !answers => {
                let asked = if response.status == 401 { Name::WwwAuthenticate } else { Name::ProxyAuthenticate };
                self.challenges = response.headers.all(&asked).map(str::to_owned).collect();
                self.uses = 0;
                self.ask(station, now, wish, true);
            }
            401 | 403 | 407 => {
                tracing::warn!(user = self.user, status = response.status, "an agent of the demonstration is refused");
                self.put_off(now, REFUSED);
            }
            _ => {
                let asked = response.headers.retry_after().unwrap_or_default().into();
                self.put_off(now, Duration::from_secs(asked).clamp(RETRIED, REFUSED));
            }
        }
        true
    }

    /// A request of ours gets no response; tells whether it was one.
    pub fn failed(&mut self, now: Instant, id: ClientId) -> bool {
        let ours = self.pending.is_some_and(|pending| pending.client == id);
        if ours {
            self.pending = None;
            self.put_off(now, RETRIED);
        }
        ours
    }

    fn put_off(&mut self, now: Instant, wait: Duration) {
        if self.leaves {
            return self.gone();
        }
        if self.standing == Standing::OnDuty {
            self.standing = Standing::Absent;
        }
        self.due = Some(now + wait);
    }

    fn granted(&mut self, station: &mut Station, now: Instant, wish: Wish, response: &Response) {
        if wish == Wish::Leave && self.leaves {
            return self.gone();
        }
        if self.leaves {
            self.standing = if wish == Wish::Join { Standing::OnDuty } else { self.standing };
            return self.leave(station, now);
        }
        if wish == Wish::Leave {
            self.due = Some(now + LOOKED);
            return;
        }
        let known = match response.headers.contacts() {
            Ok(Contacts::List(list)) => list,
            Ok(Contacts::All) | Err(_) => Vec::new(),
        };
        let own = self.contact(station);
        let (ours, foreign): (Vec<_>, Vec<_>) = known.into_iter().partition(|one| one.uri.params.has(MARK));
        match (foreign.is_empty(), wish) {
            (true, Wish::Join) => {
                self.standing = Standing::OnDuty;
                let stale = ours.into_iter().map(|one| one.uri).filter(|uri| !uri.matches(&own));
                self.stale = stale.take(STALE_MAX).collect();
                self.due = Some(now + if self.stale.is_empty() { RENEWED } else { CLEANED });
            }
            (true, Wish::Look | Wish::Leave) => self.ask(station, now, Wish::Join, false),
            (false, Wish::Join) => {
                tracing::info!(user = self.user, "a real phone is there: the agent of the demonstration steps aside");
                self.standing = Standing::Aside;
                self.ask(station, now, Wish::Leave, false);
            }
            (false, Wish::Look | Wish::Leave) => self.due = Some(now + LOOKED),
        }
    }
}
