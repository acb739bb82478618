//! By which keys are a phone's media encrypted? Offer and answer of `a=crypto` (RFC 4568).
//!
//! Pure. An answer follows its offer: what is offered with keys is answered with keys, in the same profile. Where we offer
//! first it is the [`Policy`] that says whether with keys. Our key stays for as long as the suite does, whatever else is
//! agreed anew, so that what we send goes on without a break; whenever encryption begins anew it is another one.

use rand::rngs::StdRng;
use tandem_media::{Encryption, MasterKey, Suite};
use tandem_sip::sdp::{Crypto, Media, SECURE};

/// Whether we offer keys of ourselves. They are secrets: never on a way that others can read, unless the other end wrote its
/// own there first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policy {
    /// No: they are taken where they are offered.
    WhereOffered,
    /// Yes, to be ignored by who has no use for them: `RTP/AVP` with keys. For a phone that calls without an offer, of which
    /// nothing is known and which cannot be asked again.
    BestEffort,
    /// Yes: `RTP/SAVP`; and plain RTP when that is refused.
    Preferred,
}

/// What the other end offers or chooses.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Chosen {
    tag: u32,
    suite: Suite,
    theirs: MasterKey,
    mki: u8,
}

impl Chosen {
    /// The first that we can have of those on a line.
    pub fn from_line(line: &Media) -> Option<Self> {
        line.cryptos().find_map(|crypto| {
            let suite = Suite::from_name(&crypto.suite)?;
            let theirs = MasterKey::new(suite, &crypto.key)?;
            Some(Self { tag: crypto.tag, suite, theirs, mki: crypto.mki })
        })
    }
}

/// How one of our audio lines is, as far as keys go.
#[derive(Debug)]
pub(super) struct Manner {
    /// Its profile.
    pub protocol: String,
    /// Its keys.
    pub cryptos: Vec<Crypto>,
}

impl Manner {
    /// Without keys.
    pub fn plain() -> Self {
        Self { protocol: Media::audio(0).protocol, cryptos: Vec::new() }
    }
}

/// The other end answered with a key that it was not offered, or with none where one was needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NoKey;

/// The keys of a leg.
#[derive(Clone)]
pub(super) struct Keys {
    policy: Policy,
    /// Of which keys are made.
    secrets: StdRng,
    /// What we said last, by its tag.
    said: Vec<(u32, Suite, MasterKey)>,
    /// Whether we said that it is encrypted or not at all.
    insists: bool,
    /// What is agreed, and by which tag.
    agreed: Option<(u32, Encryption)>,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let suite = self.agreed.as_ref().map(|(_, agreed)| agreed.suite);
        f.debug_struct("Keys").field("policy", &self.policy).field("suite", &suite).finish_non_exhaustive()
    }
}

impl Keys {
    /// Nothing is agreed yet. `secrets` is fit for making keys of, and nobody else's.
    pub fn new(policy: Policy, secrets: StdRng) -> Self {
        Self { policy, secrets, said: Vec::new(), insists: false, agreed: None }
    }

    /// What is agreed.
    pub fn agreed(&self) -> Option<&Encryption> {
        self.agreed.as_ref().map(|(_, agreed)| agreed)
    }

    /// How we offer; `before` is the profile that was agreed before, if there was an agreement.
    pub fn offer(&mut self, before: Option<&str>) -> Manner {
        match (before, &self.agreed, self.policy) {
            (Some(protocol), Some((tag, agreed)), _) => {
                self.said = vec![(*tag, agreed.suite, agreed.ours.clone())];
                self.insists = true;
                self.manner(protocol)
            }
            (Some(_), None, _) | (None, _, Policy::WhereOffered) => {
                (self.said, self.insists) = (Vec::new(), false);
                Manner::plain()
            }
            (None, _, policy @ (Policy::BestEffort | Policy::Preferred)) => {
                if self.said.is_empty() {
                    let secrets = &mut self.secrets;
                    let keys = (1..).zip(Suite::OFFERED);
                    self.said = keys.map(|(tag, suite)| (tag, suite, MasterKey::random(suite, secrets))).collect();
                }
                self.insists = policy == Policy::Preferred;
                let plain = Manner::plain().protocol;
                self.manner(if self.insists { SECURE } else { &plain })
            }
        }
    }

    /// Takes what is offered.
    pub fn take_offer(&mut self, offered: Option<&Chosen>) {
        let before = self.agreed.take();
        self.agreed = offered.map(|Chosen { tag, suite, theirs, mki }| {
            let kept = before.filter(|(_, agreed)| agreed.suite == *suite).map(|(_, agreed)| agreed.ours);
            let ours = kept.unwrap_or_else(|| MasterKey::random(*suite, &mut self.secrets));
            (*tag, Encryption { suite: *suite, ours, theirs: theirs.clone(), mki: *mki })
        });
    }

    /// How we answer an offer of this profile that was taken.
    pub fn answer(&mut self, protocol: &str) -> Manner {
        let agreed = self.agreed.iter();
        self.said = agreed.map(|(tag, agreed)| (*tag, agreed.suite, agreed.ours.clone())).collect();
        self.insists = !self.said.is_empty();
        self.manner(protocol)
    }

    /// Takes what was chosen of our offer, on a line that is `secure` or not.
    ///
    /// # Errors
    /// [`NoKey`]; what was agreed before still is.
    pub fn take_answer(&mut self, chosen: Option<&Chosen>, secure: bool) -> Result<(), NoKey> {
        self.agreed = match chosen {
            Some(chosen) if !self.said.is_empty() => {
                let ours = self.said.iter().find(|(tag, suite, _)| (*tag, *suite) == (chosen.tag, chosen.suite));
                let (tag, suite, ours) = ours.cloned().ok_or(NoKey)?;
                Some((tag, Encryption { suite, ours, theirs: chosen.theirs.clone(), mki: chosen.mki }))
            }
            None if self.insists => return Err(NoKey),
            // Nobody asked for keys, or nobody has a use for them.
            Some(_) | None if secure => return Err(NoKey),
            Some(_) | None => None,
        };
        Ok(())
    }

    /// Our first offer was refused: whether there is another one to make, without keys.
    pub fn give_up(&mut self) -> bool {
        let gives_up = self.policy == Policy::Preferred && self.agreed.is_none();
        if gives_up {
            (self.policy, self.insists) = (Policy::WhereOffered, false);
            self.said.clear();
        }
        gives_up
    }

    fn manner(&self, protocol: &str) -> Manner {
        let said = self.said.iter();
        let cryptos = said.map(|(tag, suite, key)| Crypto::new(*tag, suite.name(), key.reveal())).collect();
        Manner { protocol: protocol.to_owned(), cryptos }
    }
}
