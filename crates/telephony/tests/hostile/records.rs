//! What the records say in the simulation: whose phones there are, what numbers mean, and who records.

use std::{collections::HashMap, time::Duration};

use tandem_domain::{
    calls::{Direction, Party},
    huntgroup::RingStrategy,
    ids::{AccountId, CustomerId, HuntgroupId},
    numbers::is_emergency,
    status::Service,
    supervision::{Mode, Notice, Refused},
};
use tandem_sip::digest::{Algorithm, ha1};
use tandem_telephony::{
    call::{
        hunt::{Reach, Target, TrunkNumber},
        outcome::Refusal,
    },
    directory::{Answer, Phone as Owner, Question, RecordingCodes, RecordingTerms, Route, RouteAction, Supervise},
    prompt::Prompt,
};
use uuid::Uuid;

/// The records of so many phones.
pub struct Records {
    pub phones: usize,
    /// Who has no service.
    pub blocked: Option<usize>,
    /// Whom no manager may hear.
    pub protected: Option<usize>,
    pub hashes: HashMap<String, (String, String)>,
}

pub const CUSTOMER: CustomerId = CustomerId(Uuid::from_u128(7));

pub fn account(place: usize) -> AccountId {
    AccountId(Uuid::from_u128(1000 + place as u128))
}

pub fn party(place: usize) -> Party {
    Party { number: (700 + place).to_string(), name: String::new(), account: Some(account(place)) }
}

/// A manager who may join any call, but those of who is protected.
fn supervise(agent: Option<AccountId>, protected: Option<AccountId>) -> RouteAction {
    let may = if agent.is_some() && agent == protected { Err(Refused::Protected) } else { Ok(()) };
    RouteAction::Supervise(Box::new(Supervise {
        agent,
        mode: Mode::Whisper,
        may,
        protected: protected.into_iter().collect(),
        keys: ['0', '1', '2'],
        notices: [Notice::Silent, Notice::ToneToBoth, Notice::SpokenToAgent],
        actor: "adam".into(),
    }))
}

/// Of every two accounts one is recorded whenever it calls, or hands a call over; of every three one may record by hand.
fn terms(account: AccountId) -> Option<RecordingTerms> {
    let n = account.0.as_u128();
    let automatic = n.is_multiple_of(2);
    let codes = n.is_multiple_of(3).then(|| RecordingCodes { start: "*44".into(), stop: "*45".into() });
    (automatic || codes.is_some()).then(|| RecordingTerms {
        manual: codes.is_some(),
        account,
        outgoing: automatic,
        incoming: n.is_multiple_of(4),
        redirected: automatic,
        codes,
        announce: n.is_multiple_of(4),
        account_only: false,
    })
}

/// 00… is a public number, all else is for help.
fn outside_number(dialled: &str) -> TrunkNumber {
    let public = dialled.strip_prefix("00").and_then(|digits| format!("+{digits}").parse().ok());
    public.map_or_else(|| TrunkNumber::Emergency(dialled.to_owned()), TrunkNumber::Public)
}

impl Records {
    pub fn answer(&mut self, question: Question) -> Answer {
        let extension = |number: &str| {
            let place = number.parse::<usize>().ok()?.checked_sub(700)?;
            (place < self.phones).then_some(place)
        };
        let (caller, number, direction) = match question {
            Question::Phone { user } => {
                let known = user.strip_prefix('u').and_then(extension);
                let hashes = &mut self.hashes;
                return Answer::Phone(known.map(|place| {
                    let (md5, sha256) = hashes.entry(user.clone()).or_insert_with(|| {
                        let hash = |algorithm| ha1(algorithm, &user, "tandem", "tandem-demo");
                        (hash(Algorithm::Md5), hash(Algorithm::Sha256))
                    });
                    Owner {
                        account: account(place),
                        customer: CUSTOMER,
                        party: party(place),
                        ha1_md5: md5.clone(),
                        ha1_sha256: sha256.clone(),
                    }
                }));
            }
            Question::Dialled { account: dials, number } => {
                let place = (0..=self.phones).find(|n| account(*n) == dials).unwrap();
                (party(place), number, Direction::Internal)
            }
            Question::PickUp { account: wants } => {
                let place = (0..=self.phones).find(|n| account(*n) == wants).unwrap();
                let action = match self.blocked == Some(place) {
                    true => RouteAction::Refuse(Refusal::of_service(Service::AccountBlocked).unwrap()),
                    false => RouteAction::PickUp,
                };
                let (caller, callee) = (party(place), Party::default());
                let direction = Direction::Internal;
                return Answer::Route(Box::new(Route { customer: Some(CUSTOMER), direction, caller, callee, action }));
            }
            Question::Supervise { manager, agent, .. } => {
                let place = |account_id| (0..=self.phones).find(|n| account(*n) == account_id).unwrap();
                (party(place(manager)), format!("*90{}", 700 + place(agent)), Direction::Internal)
            }
            Question::Recording { accounts } => {
                return match accounts.first() {
                    Some(first) if *first == account(5) => Answer::Unavailable,
                    _ => Answer::Recording(accounts.into_iter().filter_map(terms).collect()),
                };
            }
            Question::FromTrunk { number, caller } => (caller, number, Direction::Incoming),
        };
        if number == "unavailable" {
            return Answer::Unavailable;
        }
        let target = |place: usize| Target::account(account(place), party(place), false);
        let group = |strategy, members: Vec<usize>| RouteAction::Group {
            id: HuntgroupId(Uuid::from_u128(77)),
            name: "Support".into(),
            strategy,
            ring: Duration::from_secs(10),
            members: members.into_iter().map(|n| Target { skip_when_busy: true, ..target(n) }).collect(),
        };
        let phones = self.phones;
        let leads_outside = number.starts_with('0') || is_emergency(&number);
        let direction = if leads_outside { Direction::Outgoing } else { direction };
        let action = match number.as_str() {
            "7700" => group(RingStrategy::Order, (0..3.min(phones)).collect()),
            "7701" => group(RingStrategy::Simultaneous, (0..phones).collect()),
            "*43" => RouteAction::Service { prompt: Prompt::EchoTest, echo: true },
            "*90" => RouteAction::Service { prompt: Prompt::DemoAnswer, echo: false },
            prefix if prefix.starts_with("*90") => {
                supervise(extension(&prefix[3..]).map(account), self.protected.map(account))
            }
            outside if leads_outside => RouteAction::Ring(Target {
                party: Party { number: number.clone(), ..Party::default() },
                reach: Reach::Trunk { number: outside_number(outside), from: "32255507".into() },
                skip_when_busy: false,
            }),
            _ => match extension(&number) {
                Some(place) => RouteAction::Ring(target(place)),
                None => RouteAction::Refuse(Refusal::UNKNOWN_NUMBER),
            },
        };
        let callee = Party { number, ..Party::default() };
        Answer::Route(Box::new(Route { customer: Some(CUSTOMER), direction, caller, callee, action }))
    }
}
