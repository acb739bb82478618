//! The directory's answers, from the database.

use std::time::Duration;

use jiff::tz::TimeZone as Zone;
use tandem_domain::{
    calls::{Direction, Party},
    dialing::Meaning,
    ids::{AccountId, Timestamp},
    locale::TimeZone,
    numbers::{ExtensionNumber, PhoneNumber},
    status::Service,
    supervision::{Mode, Refused, may_join},
};
use tandem_store::{
    Store, StoreError,
    exchange::{Caller, Destination, DialledNumber, Group, Line},
};

use super::{Answer, Phone, Question, Route, RouteAction, Supervise};
use crate::{
    call::{
        hunt::{Reach, Target, TrunkNumber},
        outcome::Refusal,
    },
    prompt::Prompt,
};

/// What lies outside of the exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outside {
    /// A trunk leads to other networks.
    Trunk,
    /// For trying it out: a party of the exchange's own answers and speaks.
    Demonstration,
    /// Nothing: calls to outside fail.
    Nowhere,
}

/// Answers a question. Whatever goes wrong with the database is logged and answered [`Answer::Unavailable`].
pub async fn answer(store: &Store, outside: Outside, now: Timestamp, question: Question) -> Answer {
    let asked = Asked { store, outside, now };
    let answer = match question {
        Question::Phone { user } => asked.phone(&user).await.map(Answer::Phone),
        Question::Dialled { account, number } => asked.dialled(account, &number).await.map(Box::new).map(Answer::Route),
        Question::PickUp { account } => asked.may_pick_up(account).await.map(Box::new).map(Answer::Route),
        Question::Supervise { manager, agent, mode } => {
            asked.may_supervise(manager, agent, mode).await.map(Box::new).map(Answer::Route)
        }
        Question::Recording { accounts } => store.exchange().recording(&accounts).await.map(Answer::Recording),
        Question::FromTrunk { number, caller } => {
            asked.called_by_trunk(&number, caller).await.map(Box::new).map(Answer::Route)
        }
    };
    answer.unwrap_or_else(|error| {
        tracing::error!(%error, "the directory cannot be asked");
        Answer::Unavailable
    })
}

struct Asked<'a> {
    store: &'a Store,
    outside: Outside,
    now: Timestamp,
}

impl Asked<'_> {
    async fn phone(&self, user: &str) -> Result<Option<Phone>, StoreError> {
        let phone = self.store.exchange().phone(user).await?;
        Ok(phone.map(|phone| Phone {
            account: phone.line.account,
            customer: phone.line.customer,
            party: party(&phone.line),
            ha1_md5: phone.ha1_md5,
            ha1_sha256: phone.ha1_sha256,
        }))
    }

    async fn dialled(&self, account: AccountId, number: &str) -> Result<Route, StoreError> {
        let Some(caller) = self.store.exchange().caller(account).await? else {
            let nobody = Party::default();
            return Ok(Route::refuse(None, Direction::Outgoing, nobody.clone(), nobody, Refusal::UNKNOWN_NUMBER));
        };
        let meaning = caller.codes.meaning(number);
        if let Meaning::Emergency(number) = meaning {
            // Help is called whatever else is wrong (PRODUCT §4).
            return Ok(self.emergency(&caller, number));
        }
        if let Some(refusal) = Refusal::of_service(self.service(&caller.line).paid_from(caller.funds)) {
            return Ok(refused(&caller, number, refusal));
        }
        match meaning {
            Meaning::Extension(extension) => self.extension(&caller, &extension).await,
            Meaning::Public(number) => self.public(&caller, number).await,
            Meaning::EchoTest => {
                let action = RouteAction::Service { prompt: Prompt::EchoTest, echo: true };
                Ok(inside(&caller, named("Echo test", number), action))
            }
            Meaning::Supervise(mode, extension) => self.supervise(&caller, mode, Some(&extension), number).await,
            Meaning::SuperviseWhom(mode) => self.supervise(&caller, mode, None, number).await,
            Meaning::OnlyDuringCall => Ok(refused(&caller, number, Refusal::ONLY_DURING_CALL)),
            Meaning::Nothing => Ok(refused(&caller, number, Refusal::INCOMPLETE)),
            Meaning::Unknown => Ok(refused(&caller, number, Refusal::UNKNOWN_NUMBER)),
            Meaning::Emergency(_) => unreachable!("emergency calls have been put through above"),
        }
    }

    /// Who has no service takes no call over, as he makes none.
    async fn may_pick_up(&self, account: AccountId) -> Result<Route, StoreError> {
        let Some(caller) = self.store.exchange().caller(account).await? else {
            let nobody = Party::default();
            return Ok(Route::refuse(None, Direction::Internal, nobody.clone(), nobody, Refusal::UNKNOWN_NUMBER));
        };
        let refusal = Refusal::of_service(self.service(&caller.line).paid_from(caller.funds));
        let action = refusal.map_or(RouteAction::PickUp, RouteAction::Refuse);
        Ok(inside(&caller, Party::default(), action))
    }

    fn emergency(&self, caller: &Caller, number: String) -> Route {
        let callee = named("Emergency", &number);
        let from = shown(caller);
        let target = Target {
            party: callee.clone(),
            reach: Reach::Trunk { number: TrunkNumber::Emergency(number), from },
            skip_when_busy: false,
        };
        outgoing(caller, callee, self.to_outside(target))
    }

    /// What becomes of a call to outside.
    fn to_outside(&self, target: Target) -> RouteAction {
        match self.outside {
            Outside::Trunk => RouteAction::Ring(target),
            Outside::Demonstration => RouteAction::Service { prompt: Prompt::DemoAnswer, echo: false },
            Outside::Nowhere => RouteAction::Refuse(Refusal::NOWHERE),
        }
    }

    async fn extension(&self, caller: &Caller, extension: &ExtensionNumber) -> Result<Route, StoreError> {
        let found = self.store.exchange().extension(caller.line.tenant(), extension).await?;
        let Some(destination) = found else {
            return Ok(refused(caller, extension.as_str(), Refusal::UNKNOWN_NUMBER));
        };
        let (callee, action) = self.reach(destination, Some(caller.line.account));
        Ok(inside(caller, callee, action))
    }

    /// A manager wants to join from the console: as if he dialled the prefix and the agent's extension.
    async fn may_supervise(&self, manager: AccountId, agent: AccountId, mode: Mode) -> Result<Route, StoreError> {
        let exchange = self.store.exchange();
        let (Some(caller), Some(agent)) = (exchange.caller(manager).await?, exchange.caller(agent).await?) else {
            let nobody = Party::default();
            return Ok(Route::refuse(None, Direction::Internal, nobody.clone(), nobody, Refusal::UNKNOWN_NUMBER));
        };
        // Another customer's extension of the same number is looked for among the manager's own.
        let dialled = format!("{}{}", caller.codes.prefix(mode), agent.line.extension);
        if let Some(refusal) = Refusal::of_service(self.service(&caller.line).paid_from(caller.funds)) {
            return Ok(refused(&caller, &dialled, refusal));
        }
        if agent.line.customer != caller.line.customer {
            return Ok(refused(&caller, &dialled, Refusal::UNKNOWN_NUMBER));
        }
        self.supervise(&caller, mode, Some(&agent.line.extension), &dialled).await
    }

    /// A manager dialled a prefix, with an extension behind it or without.
    async fn supervise(
        &self,
        caller: &Caller,
        mode: Mode,
        extension: Option<&ExtensionNumber>,
        dialled: &str,
    ) -> Result<Route, StoreError> {
        let (tenant, manager) = (caller.line.tenant(), caller.line.account);
        let found = match extension {
            Some(extension) => self.store.exchange().extension(tenant, extension).await?,
            None => None,
        };
        let agent = match found {
            Some(Destination::Account(line)) => Some(line),
            // A huntgroup has no calls of its own.
            Some(Destination::Huntgroup(_)) | None => None,
        };
        let about = agent.as_ref().map_or(manager, |line| line.account);
        let terms = self.store.exchange().supervising(tenant, manager, about).await?;
        let may = match (&agent, extension) {
            _ if !terms.enabled => Err(Refused::NotEnabled),
            (_, None) => Err(Refused::Whom),
            (None, Some(_)) => Err(Refused::UnknownExtension),
            (Some(line), Some(_)) => may_join(terms.enabled, &terms.groups, manager, line.account),
        };
        let request = Supervise {
            agent: agent.as_ref().map(|line| line.account),
            mode,
            may,
            protected: terms.protected,
            keys: Mode::ALL.map(|mode| caller.codes.digit(mode).key()),
            notices: terms.notices,
            actor: terms.sign_in.unwrap_or_else(|| caller.line.extension.to_string()),
        };
        let callee = agent.as_ref().map_or_else(|| named("", dialled), party);
        Ok(inside(caller, callee, RouteAction::Supervise(Box::new(request))))
    }

    /// A public number: one of the company's own stays inside, all others leave through the trunk.
    async fn public(&self, caller: &Caller, number: PhoneNumber) -> Result<Route, StoreError> {
        let known = self.store.exchange().public_number(&number).await?;
        let own = known.filter(|known| known.tenant == caller.line.tenant()).and_then(|known| known.destination);
        if let Some(destination) = own {
            let (callee, action) = self.reach(destination, Some(caller.line.account));
            return Ok(inside(caller, callee, action));
        }
        let callee = named("", &number.to_string());
        let target = Target {
            party: callee.clone(),
            reach: Reach::Trunk { number: TrunkNumber::Public(number), from: shown(caller) },
            skip_when_busy: false,
        };
        Ok(outgoing(caller, callee, self.to_outside(target)))
    }

    async fn called_by_trunk(&self, number: &str, caller: Party) -> Result<Route, StoreError> {
        let dialled = named("", number);
        let unknown = |customer, caller| {
            Route::refuse(customer, Direction::Incoming, caller, dialled.clone(), Refusal::UNKNOWN_NUMBER)
        };
        let Some(number) = e164(number) else { return Ok(unknown(None, caller)) };
        let Some(DialledNumber { tenant, destination, .. }) = self.store.exchange().public_number(&number).await?
        else {
            return Ok(unknown(None, caller));
        };
        let customer = Some(tenant.customer());
        let Some(destination) = destination else { return Ok(unknown(customer, caller)) };
        let (callee, action) = self.reach(destination, None);
        Ok(Route { customer, direction: Direction::Incoming, caller, callee, action })
    }

    /// Who is reached at a destination, and how. Nobody rings himself.
    fn reach(&self, destination: Destination, caller: Option<AccountId>) -> (Party, RouteAction) {
        match destination {
            Destination::Account(line) => {
                let callee = party(&line);
                let action = if caller == Some(line.account) {
                    RouteAction::Refuse(Refusal::BUSY)
                } else if self.service(&line) != Service::Available {
                    RouteAction::Refuse(Refusal::CALLEE_NO_SERVICE)
                } else {
                    RouteAction::Ring(Target::account(line.account, callee.clone(), false))
                };
                (callee, action)
            }
            Destination::Huntgroup(group) => {
                let callee = named(&group.name, group.number.as_str());
                (callee, self.group(group, caller))
            }
        }
    }

    fn group(&self, group: Group, caller: Option<AccountId>) -> RouteAction {
        let can_ring = |line: &&Line| {
            caller != Some(line.account) && line.sip_user.is_some() && self.service(line) == Service::Available
        };
        let members = group.members.iter().filter(can_ring);
        RouteAction::Group {
            id: group.id,
            name: group.name,
            strategy: group.strategy,
            ring: Duration::from_secs(group.ring_seconds.into()),
            members: members.map(|line| Target::account(line.account, party(line), true)).collect(),
        }
    }

    fn service(&self, line: &Line) -> Service {
        line.standing.service(|zone| today(zone, self.now))
    }
}

fn party(line: &Line) -> Party {
    Party { number: line.extension.to_string(), name: line.name.clone(), account: Some(line.account) }
}

fn named(name: &str, number: &str) -> Party {
    Party { number: number.chars().take(64).collect(), name: name.to_owned(), account: None }
}

/// The number that the outside sees; empty if there is none.
fn shown(caller: &Caller) -> String {
    caller.shown_number.as_ref().map(ToString::to_string).unwrap_or_default()
}

fn inside(caller: &Caller, callee: Party, action: RouteAction) -> Route {
    let customer = Some(caller.line.customer);
    Route { customer, direction: Direction::Internal, caller: party(&caller.line), callee, action }
}

fn outgoing(caller: &Caller, callee: Party, action: RouteAction) -> Route {
    Route { direction: Direction::Outgoing, ..inside(caller, callee, action) }
}

/// A call of `caller` that is refused.
fn refused(caller: &Caller, dialled: &str, refusal: Refusal) -> Route {
    inside(caller, named("", dialled), RouteAction::Refuse(refusal))
}

/// A number as a trunk writes it: with a plus, with two zeros, or bare.
fn e164(number: &str) -> Option<PhoneNumber> {
    let digits = number.strip_prefix('+').or_else(|| number.strip_prefix("00")).unwrap_or(number);
    format!("+{digits}").parse().ok()
}

/// The day in a time zone, as `YYYY-MM-DD`.
fn today(zone: &TimeZone, now: Timestamp) -> String {
    let zone = Zone::get(zone.as_str()).unwrap_or(Zone::UTC);
    let moment = jiff::Timestamp::from_millisecond(now.0).unwrap_or_default();
    moment.to_zoned(zone).date().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trunk_may_write_a_number_in_three_ways() {
        let number = e164("+3225550700").expect("a number");
        assert_eq!(e164("003225550700"), Some(number.clone()));
        assert_eq!(e164("3225550700"), Some(number));
        assert_eq!(e164("anonymous"), None);
    }
}
