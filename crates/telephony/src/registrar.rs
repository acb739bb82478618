//! Which phones are where: the bindings of each account (RFC 3261 §10.3).
//!
//! Pure: digests are checked before, storing is done after, by whoever calls.

use std::{
    collections::{BTreeSet, HashMap},
    time::{Duration, Instant},
};

use tandem_domain::ids::{AccountId, CustomerId};
use tandem_sip::{
    flow::Flow,
    message::{Contacts, NameAddr, Request, Uri},
};
use uuid::Uuid;

/// How long a registration may last at least; shorter is answered 423 (RFC 3261 §10.2.8).
pub const EXPIRES_MIN: u32 = 60;
/// How long a registration lasts when the phone does not say, or says more.
pub const EXPIRES_MAX: u32 = 3600;
/// Phones that one account can have.
pub const CONTACTS_MAX: usize = 10;

/// One phone of an account.
#[derive(Debug, Clone, PartialEq)]
pub struct Binding {
    /// Whose phone.
    pub account: AccountId,
    /// Whose account.
    pub customer: CustomerId,
    /// The SIP user.
    pub user: String,
    /// The address it asks to be called at.
    pub contact: Uri,
    /// The way to it: the one on which it registered, which alone leads through its NAT.
    pub flow: Flow,
    /// What it calls itself.
    pub user_agent: String,
    /// Preference among an account's phones, in thousandths (RFC 3261 §20.10): those of the highest ring first.
    pub q: u16,
    /// `Call-ID` of its registrations.
    pub call_id: String,
    /// The number of the last one.
    pub cseq: u32,
    /// Since when it is registered.
    pub since: Instant,
    /// When the registration ends.
    pub expires: Instant,
}

/// Why a registration is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RegisterError {
    /// A header cannot be read.
    #[error("{0}")]
    Malformed(String),
    /// It would be too short.
    #[error("a registration lasts {EXPIRES_MIN} s at least")]
    TooBrief,
    /// It would be one phone too many.
    #[error("an account has {CONTACTS_MAX} phones at most")]
    TooMany,
    /// An older request arrived after a newer one.
    #[error("CSeq does not follow the one of the registration before")]
    OutOfOrder,
}

impl RegisterError {
    /// The SIP status.
    #[must_use]
    pub const fn status(&self) -> u16 {
        match self {
            Self::Malformed(_) => 400,
            Self::TooBrief => 423,
            Self::TooMany => 403,
            Self::OutOfOrder => 500,
        }
    }
}

/// What a registration changed.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// A phone is there, or still there.
    Kept(Binding),
    /// A phone is not there any more.
    Removed(Binding),
}

/// Who registers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// The account.
    pub account: AccountId,
    /// Its customer.
    pub customer: CustomerId,
    /// The SIP user.
    pub user: String,
}

/// All bindings.
#[derive(Debug, Default)]
pub struct Registrar {
    accounts: HashMap<AccountId, Vec<Binding>>,
    by_expiry: BTreeSet<(Instant, AccountId)>,
    /// Whose phones are reached by connections: when a network fails, thousands of these are gone in one moment.
    by_stream: BTreeSet<(Flow, AccountId)>,
}

impl Registrar {
    /// Takes a REGISTER whose digest was good. The changes are in effect when it returns.
    ///
    /// # Errors
    /// See [`RegisterError`]; then nothing has changed.
    pub fn register(
        &mut self,
        owner: &Owner,
        request: &Request,
        flow: Flow,
        now: Instant,
    ) -> Result<Vec<Change>, RegisterError> {
        let malformed = |error: tandem_sip::message::HeaderError| RegisterError::Malformed(error.to_string());
        let headers = &request.headers;
        let call_id = headers.call_id().map_err(malformed)?.to_owned();
        let cseq = headers.cseq().map_err(malformed)?.number;
        let asked = headers.expires();
        let contacts = match headers.get(&tandem_sip::message::Name::Contact) {
            None => return Ok(Vec::new()),
            Some(_) => headers.contacts().map_err(malformed)?,
        };
        let current = self.of(owner.account).cloned().collect::<Vec<_>>();
        let stale = |binding: &&Binding| binding.call_id == call_id && binding.cseq >= cseq;
        let mut next = current.clone();
        let mut changes = Vec::new();
        match contacts {
            Contacts::All => {
                if asked != Some(0) {
                    return Err(RegisterError::Malformed("Contact: * needs Expires: 0".into()));
                }
                if current.iter().any(|binding| stale(&binding)) {
                    return Err(RegisterError::OutOfOrder);
                }
                changes.extend(next.drain(..).map(Change::Removed));
            }
            Contacts::List(contacts) => {
                for contact in contacts {
                    let seconds = lifetime(&contact, asked)?;
                    let known = next.iter().position(|binding| binding.contact.matches(&contact.uri));
                    if known.and_then(|place| next.get(place)).is_some_and(|binding| stale(&binding)) {
                        return Err(RegisterError::OutOfOrder);
                    }
                    let before = known.map(|place| next.remove(place));
                    if seconds == 0 {
                        changes.extend(before.map(Change::Removed));
                        continue;
                    }
                    let binding = Binding {
                        account: owner.account,
                        customer: owner.customer,
                        user: owner.user.clone(),
                        flow,
                        user_agent: agent(request),
                        q: preference(&contact),
                        call_id: call_id.clone(),
                        cseq,
                        since: before.as_ref().map_or(now, |before| before.since),
                        expires: now + Duration::from_secs(seconds.into()),
                        contact: contact.uri,
                    };
                    next.push(binding.clone());
                    changes.push(Change::Kept(binding));
                }
                if next.len() > CONTACTS_MAX {
                    return Err(RegisterError::TooMany);
                }
            }
        }
        self.put(owner.account, next);
        Ok(changes)
    }

    /// Takes back what was known before the program was started.
    pub fn restore(&mut self, binding: Binding) {
        let mut all: Vec<_> = self.of(binding.account).cloned().collect();
        all.retain(|known| !known.contact.matches(&binding.contact));
        let account = binding.account;
        all.push(binding);
        self.put(account, all);
    }

    fn put(&mut self, account: AccountId, bindings: Vec<Binding>) {
        for old in self.accounts.remove(&account).into_iter().flatten() {
            self.by_expiry.remove(&(old.expires, account));
            self.by_stream.remove(&(old.flow, account));
        }
        for new in &bindings {
            self.by_expiry.insert((new.expires, account));
            if new.flow.transport.is_reliable() {
                self.by_stream.insert((new.flow, account));
            }
        }
        if !bindings.is_empty() {
            self.accounts.insert(account, bindings);
        }
    }

    /// The phones of an account.
    pub fn of(&self, account: AccountId) -> impl Iterator<Item = &Binding> {
        self.accounts.get(&account).into_iter().flatten()
    }

    /// All phones.
    pub fn all(&self) -> impl Iterator<Item = &Binding> {
        self.accounts.values().flatten()
    }

    /// The phones of an account that are to ring: of those that `may`, the ones that it prefers.
    #[must_use]
    pub fn preferred(&self, account: AccountId, now: Instant, may: impl Fn(&Binding) -> bool) -> Vec<Binding> {
        let live = || self.of(account).filter(|binding| binding.expires > now && may(binding));
        let best = live().map(|binding| binding.q).max();
        live().filter(|binding| Some(binding.q) == best).cloned().collect()
    }

    /// When the next registration ends.
    #[must_use]
    pub fn next_expiry(&self) -> Option<Instant> {
        self.by_expiry.first().map(|(at, _)| *at)
    }

    /// Drops the registrations whose time is over.
    pub fn expire(&mut self, now: Instant) -> Vec<Binding> {
        let mut gone = Vec::new();
        while let Some((at, account)) = self.by_expiry.first().copied() {
            if at > now {
                break;
            }
            let (over, live) = self.of(account).cloned().partition(|binding: &Binding| binding.expires <= now);
            gone.extend::<Vec<_>>(over);
            self.put(account, live);
        }
        gone
    }

    /// Drops all phones of an account: it is closed, or has a new password.
    pub fn remove(&mut self, account: AccountId) -> Vec<Binding> {
        let all = self.of(account).cloned().collect();
        self.put(account, Vec::new());
        all
    }

    /// Drops the phones that are reached over a connection that is gone.
    pub fn flow_failed(&mut self, flow: Flow) -> Vec<Binding> {
        let [first, last] = [Uuid::nil(), Uuid::max()].map(|bound| (flow, AccountId(bound)));
        let accounts: Vec<_> = self.by_stream.range(first..=last).map(|(_, account)| *account).collect();
        let mut gone = Vec::new();
        for account in accounts {
            let (over, live) = self.of(account).cloned().partition(|binding: &Binding| binding.flow == flow);
            gone.extend::<Vec<_>>(over);
            self.put(account, live);
        }
        gone
    }
}

fn lifetime(contact: &NameAddr, asked: Option<u32>) -> Result<u32, RegisterError> {
    let own = contact.params.get("expires").map(|text| text.parse::<u32>().unwrap_or(EXPIRES_MAX));
    match own.or(asked).unwrap_or(EXPIRES_MAX) {
        0 => Ok(0),
        brief if brief < EXPIRES_MIN => Err(RegisterError::TooBrief),
        seconds => Ok(seconds.min(EXPIRES_MAX)),
    }
}

/// The `q` parameter in thousandths; 1.0 when there is none.
fn preference(contact: &NameAddr) -> u16 {
    let q = contact.params.get("q").and_then(|text| text.parse::<f32>().ok()).unwrap_or(1.0);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 1000")]
    let thousandths = (q.clamp(0.0, 1.0) * 1000.0) as u16;
    thousandths
}

/// What a phone calls itself, as far as a page wants to show it.
fn agent(request: &Request) -> String {
    request.headers.get(&tandem_sip::message::Name::UserAgent).unwrap_or_default().chars().take(100).collect()
}
