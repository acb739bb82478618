//! Which manager is in which call? Joining, changing the mode, following the agent, leaving, and what is kept of it.
//!
//! A manager's leg is of a call of its own; the call that he supervises decides what the leg hears ([`crate::call::hearing`]).
//! Here the two are wired together.

use std::net::IpAddr;

use tandem_domain::{
    audit::FieldChange,
    calls::{LiveSupervisor, Party, Stage, Supervises},
    console::VOLUME_MAX,
    ids::{AccountId, CallId, CustomerId, Timestamp},
    supervision::{Mode, Notice, Refused},
};
use tandem_media::Digits;

use super::{Entry, Exchange, Media, Now, Output, QuestionId, summoning::Summons};
use crate::{
    call::{self, About, hearing::Supervisor},
    directory::Supervise,
    ids::LegId,
    leg::{Leg, Peer},
    prompt::Prompt,
};

/// A manager in a call.
#[derive(Debug)]
pub(super) struct Supervision {
    /// The call that he is in.
    pub(super) call: CallId,
    /// His own.
    pub(super) own: CallId,
    /// The leg of the agent.
    pub(super) agent: LegId,
    pub(super) customer: CustomerId,
    /// Where his phone is.
    pub(super) address: IpAddr,
    /// Who talks, for the audit log.
    pub(super) name: String,
    pub(super) request: Supervise,
    pub(super) mode: Mode,
    pub(super) manager: Party,
    /// What has been played of his coming, and to whom.
    pub(super) told: Vec<(Notice, LegId)>,
    /// Whether he stays for the agent's next calls.
    pub(super) follow: bool,
    /// How loud he hears the agent and the client, in per cent.
    pub(super) volumes: [u8; 2],
    /// The newest question whether he still may.
    pub(super) leave_asked: Option<QuestionId>,
}

/// As they are.
pub(super) const AS_THEY_ARE: [u8; 2] = [100; 2];

/// Something to keep in the audit log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SupervisionNote {
    /// When.
    pub at: Timestamp,
    /// Whose call.
    pub customer: CustomerId,
    /// The manager: the name with which he signs in, or his extension.
    pub actor: String,
    /// From where.
    pub address: Option<IpAddr>,
    /// The call; the manager's own for a refusal, for there is no other.
    pub call: CallId,
    /// Who talks in it: "John (744) with Mary (702)".
    pub name: String,
    /// What was done: "joined", "changed", "followed", "left", "refused".
    pub action: &'static str,
    /// The mode before and after; the reason of a refusal.
    pub change: FieldChange,
}

impl<M: Media> Exchange<M> {
    /// The call of the agent to join, and the agent's leg in it: this one, or the one in which the agent talks.
    pub(super) fn to_supervise(
        &self,
        manager: Option<AccountId>,
        request: &Supervise,
        wanted: Option<CallId>,
    ) -> Result<(CallId, LegId), Refused> {
        request.may?;
        let agent = request.agent.ok_or(Refused::UnknownExtension)?;
        let is_of = |leg: LegId, account: AccountId| {
            self.legs.get(&leg).is_some_and(|leg| leg.peer == Peer::Phone(account) && leg.is_up())
        };
        let mut found = Vec::new();
        for (id, entry) in self.calls.iter().filter(|(id, _)| wanted.is_none_or(|wanted| wanted == **id)) {
            let Some((one, other)) = entry.call.parties() else { continue };
            for (leg, beside) in [(one, other), (other, one)] {
                if is_of(leg, agent) {
                    let refused = if manager.is_some_and(|manager| is_of(beside, manager)) {
                        Some(Refused::Yourself)
                    } else {
                        self.is_protected(request, beside).then_some(Refused::Protected)
                    };
                    found.push((refused, entry.call.holds(leg), entry.call.about.answered, *id, leg));
                }
            }
        }
        // Of several calls the one in which the agent talks; of those, the newest.
        found.sort_by_key(|(refused, holds, answered, id, _)| {
            (refused.is_some(), *holds, std::cmp::Reverse((*answered, *id)))
        });
        match found.first() {
            Some((Some(refused), ..)) => Err(*refused),
            Some((None, _, _, call, leg)) => Ok((*call, *leg)),
            None => {
                let supervises =
                    |entry: &Entry| entry.call.is_supervision() && entry.call.legs().any(|leg| is_of(leg, agent));
                Err(if self.calls.values().any(supervises) { Refused::IsSupervision } else { Refused::NoCall })
            }
        }
    }

    /// A manager's call has begun: he joins, or it is kept why he may not.
    pub(super) fn begin_supervision(
        &mut self,
        now: Now,
        leg: LegId,
        own: CallId,
        request: Supervise,
        found: Result<(CallId, LegId), Refused>,
    ) {
        match found {
            Ok((call, agent)) => self.join(now, leg, own, request, (call, agent), false),
            Err(refused) => {
                let Some(entry) = self.calls.get(&own) else { return };
                let address = self.legs.get(&leg).map(|leg| leg.flow().remote.ip());
                let note = refusal(now, &entry.call.about, request.actor, address, refused);
                self.note_refusal(now, None, note);
            }
        }
    }

    pub(super) fn join(
        &mut self,
        now: Now,
        leg: LegId,
        own: CallId,
        request: Supervise,
        (call, agent): (CallId, LegId),
        follow: bool,
    ) {
        let mode = request.mode;
        let holds = self.legs.get(&leg).is_some_and(|phone| phone.is_up() && phone.negotiation.is_held());
        let Some(supervision) = self.manager_at(leg, own, request, (call, agent), follow) else { return };
        self.forget_missed(supervision.manager.account);
        self.supervisions.insert(leg, supervision);
        self.call_event(now, call, call::Event::Supervise(Supervisor { leg, agent, mode, holds }));
        self.note_supervision(now, leg, "joined", field("mode", "", mode.key()));
        self.watch_leave(now, leg);
        self.give_notice(leg);
        self.show(own);
    }

    /// A manager with the phone of this leg; nobody when it gave up in the same moment. Before anybody can hear him his digits are
    /// for the exchange alone.
    pub(super) fn manager_at(
        &self,
        leg: LegId,
        own: CallId,
        request: Supervise,
        (call, agent): (CallId, LegId),
        follow: bool,
    ) -> Option<Supervision> {
        let (entry, phone) = (self.calls.get(&own)?, self.legs.get(&leg)?);
        self.media.digits(leg, Digits::Consume);
        Some(Supervision {
            call,
            own,
            agent,
            customer: entry.call.about.customer,
            address: phone.flow().remote.ip(),
            name: named(&entry.call.about.callee),
            mode: request.mode,
            request,
            manager: phone.party.clone(),
            told: Vec::new(),
            follow,
            volumes: AS_THEY_ARE,
            leave_asked: None,
        })
    }

    /// Whether a leg is that of a manager in a call.
    pub(super) fn is_supervisor(&self, leg: LegId) -> bool {
        self.supervisions.contains_key(&leg)
    }

    /// A manager pressed a key. Keys that mean nothing are for nobody.
    pub(super) fn supervisor_pressed(&mut self, now: Now, leg: LegId, key: char) {
        if let Some(waiting) = self.followers.get_mut(&leg) {
            let wanted = waiting.request.keys.into_iter().zip(Mode::ALL).find(|(known, _)| *known == key);
            waiting.mode = wanted.map_or(waiting.mode, |(_, mode)| mode);
            let own = waiting.own;
            self.show(own);
        }
        let keys = self.supervisions.get(&leg).map(|supervision| supervision.request.keys);
        let wanted = keys.into_iter().flatten().zip(Mode::ALL).find(|(known, _)| *known == key);
        if let Some((_, mode)) = wanted {
            self.change_mode(now, leg, mode);
        }
    }

    /// A manager's own call goes on in another mode.
    pub(super) fn change_mode_of(&mut self, now: Now, own: CallId, mode: Mode) {
        if let Some(waiting) = self.followers.values_mut().find(|waiting| waiting.own == own) {
            waiting.mode = mode;
            self.show(own);
        }
        if let Some(summons) = self.summons.get_mut(&own) {
            summons.request.mode = mode;
            self.show(own);
        }
        if let Some(leg) = self.manager_of(own) {
            self.change_mode(now, leg, mode);
        }
    }

    pub(super) fn change_mode(&mut self, now: Now, leg: LegId, mode: Mode) {
        let Some(supervision) = self.supervisions.get_mut(&leg).filter(|supervision| supervision.mode != mode) else {
            return;
        };
        let (before, call) = (std::mem::replace(&mut supervision.mode, mode), supervision.call);
        self.call_event(now, call, call::Event::SupervisorMode { leg, mode });
        self.show_own(leg);
        self.note_supervision(now, leg, "changed", field("mode", before.key(), mode.key()));
        self.give_notice(leg);
    }

    /// A manager wants to hear the two sides louder or softer.
    pub(super) fn set_volumes_of(&mut self, own: CallId, volumes: [u8; 2]) {
        if let Some(leg) = self.manager_of(own) {
            self.set_volumes(leg, volumes);
        }
        if let Some(waiting) = self.followers.values_mut().find(|waiting| waiting.own == own) {
            waiting.volumes = volumes;
        }
        self.show(own);
    }

    /// The same, of his leg.
    pub(super) fn set_volumes(&mut self, leg: LegId, volumes: [u8; 2]) {
        let Some(supervision) = self.supervisions.get_mut(&leg) else { return };
        let before = std::mem::replace(&mut supervision.volumes, volumes.map(|volume| volume.min(VOLUME_MAX)));
        // What was never changed need not be said; what was is said, also that it is as before.
        if before != supervision.volumes {
            self.tell_balance(leg);
        }
    }

    /// Who talks in the call is said anew to a manager: his volumes are theirs.
    pub(super) fn balance(&self, leg: LegId) {
        if self.supervisions.get(&leg).is_some_and(|supervision| supervision.volumes != AS_THEY_ARE) {
            self.tell_balance(leg);
        }
    }

    fn tell_balance(&self, leg: LegId) {
        let Some(Supervision { call, agent, volumes, .. }) = self.supervisions.get(&leg) else { return };
        let client = self.calls.get(call).and_then(|entry| entry.call.other(*agent));
        let sides = [Some(*agent), client].into_iter().zip(volumes);
        let gains = sides.filter_map(|(leg, volume)| Some((leg?, u16::from(*volume) * 256 / 100)));
        self.media.balance(leg, gains.collect());
    }

    /// A manager's own call is shown anew.
    fn show_own(&mut self, leg: LegId) {
        if let Some(own) = self.supervisions.get(&leg).map(|supervision| supervision.own) {
            self.show(own);
        }
    }

    /// A manager's phone holds, or does no longer.
    pub(super) fn supervisor_holds(&mut self, now: Now, leg: LegId, on: bool) {
        if let Some(call) = self.supervisions.get(&leg).map(|supervision| supervision.call) {
            self.call_event(now, call, call::Event::SupervisorHolds { leg, on });
        }
    }

    /// A leg is let go; if it was a manager's, he has left.
    pub(super) fn supervisor_gone(&mut self, now: Now, leg: LegId) {
        self.followers.remove(&leg);
        self.note_left(now, leg);
        let Some(Supervision { call, manager, .. }) = self.supervisions.remove(&leg) else { return };
        self.forget_missed(manager.account);
        self.call_event(now, call, call::Event::SupervisorLeft(leg));
    }

    /// The agent has left the call, or it is over.
    pub(super) fn supervision_over(&mut self, now: Now, leg: LegId) {
        self.note_left(now, leg);
        let Some(supervision) = self.supervisions.remove(&leg) else { return };
        self.forget_missed(supervision.manager.account);
        let own = supervision.own;
        if supervision.follow {
            self.followers.insert(leg, supervision);
            self.call_event(now, own, call::Event::SupervisionWaits);
            self.show(own);
            // The agent may be on another call already.
            self.ask_for_next(leg);
        } else {
            self.call_event(now, own, call::Event::SupervisionOver);
        }
    }

    /// Who supervises with this leg, whom, and how.
    pub(super) fn leave_of(&self, leg: LegId) -> Option<(AccountId, AccountId, Mode)> {
        let supervision = self.supervisions.get(&leg)?;
        Some((supervision.manager.account?, supervision.request.agent?, supervision.mode))
    }

    /// Keeps that a manager's leave was withdrawn, and why; gives his own call.
    pub(super) fn note_withdrawn(&mut self, now: Now, leg: LegId, refused: Refused) -> Option<CallId> {
        self.note_supervision(now, leg, "refused", field("reason", "", refused.key()));
        self.supervisions.get(&leg).map(|supervision| supervision.own)
    }

    fn manager_of(&self, own: CallId) -> Option<LegId> {
        self.supervisions.iter().find(|(_, supervision)| supervision.own == own).map(|(leg, _)| *leg)
    }

    /// An agent goes on in another call, and the managers with him.
    pub(super) fn supervisors_follow(&mut self, now: Now, managers: Vec<Supervisor>, to: CallId) {
        for manager in managers {
            let Some(supervision) = self.supervisions.get_mut(&manager.leg) else { continue };
            supervision.call = to;
            let own = supervision.own;
            self.call_event(now, to, call::Event::Supervise(manager));
            let mode = manager.mode.key();
            self.note_supervision(now, manager.leg, "followed", field("mode", mode, mode));
            self.show(own);
        }
    }

    /// Who has come into a call is told of the managers who are in it already.
    pub(super) fn give_notices(&mut self, call: CallId) {
        let managers = self.calls.get(&call).map(|entry| entry.call.supervisors()).unwrap_or_default();
        let managers: Vec<_> = managers.iter().map(|manager| manager.leg).collect();
        managers.into_iter().for_each(|leg| self.give_notice(leg));
    }

    /// Plays what the customer wants the parties to know: to each of them once for each kind of notice and manager.
    fn give_notice(&mut self, leg: LegId) {
        let Some(supervision) = self.supervisions.get(&leg) else { return };
        let place = Mode::ALL.into_iter().position(|mode| mode == supervision.mode);
        let Some(notice) = place.and_then(|place| supervision.request.notices.get(place).copied()) else { return };
        let clip = match notice {
            Notice::Silent => return,
            Notice::ToneToAgent | Notice::ToneToBoth => self.voices.notice_tone(),
            Notice::SpokenToAgent | Notice::SpokenToBoth => self.voices.prompt(Prompt::SupervisionStarted),
        };
        let (agent, call) = (supervision.agent, supervision.call);
        let client = self.calls.get(&call).and_then(|entry| entry.call.other(agent));
        for party in [Some(agent), client.filter(|_| notice.reaches_client())].into_iter().flatten() {
            let told = self.supervisions.get_mut(&leg).map(|supervision| &mut supervision.told);
            if let Some(told) = told.filter(|told| !told.contains(&(notice, party))) {
                told.push((notice, party));
                self.media.overlay(party, clip.clone());
            }
        }
    }

    // What is shown and kept -----------------------------------------------------------------------------------------

    /// The managers in a call, for who looks at it.
    pub(super) fn live_supervisors(&self, call: CallId) -> Vec<LiveSupervisor> {
        let Some(entry) = self.calls.get(&call) else { return Vec::new() };
        let live = |manager: &Supervisor| {
            let supervision = self.supervisions.get(&manager.leg)?;
            let agent = self.legs.get(&manager.agent).and_then(account_of);
            let manager = supervision.manager.clone();
            let (mode, follows) = (supervision.mode, supervision.follow);
            Some(LiveSupervisor { call: supervision.own, manager, agent, mode, follows })
        };
        entry.call.supervisors().iter().filter_map(live).collect()
    }

    /// What a manager's own call is about.
    pub(super) fn supervised_by(&self, own: CallId) -> Option<Supervises> {
        if let Some(Summons { request, follow, .. }) = self.summons.get(&own) {
            let (agent, mode, follows) = (request.agent, request.mode, *follow);
            return Some(Supervises { agent, mode, follows, stage: Stage::Rings, volumes: AS_THEY_ARE });
        }
        let is_own = |supervision: &&Supervision| supervision.own == own;
        let there = self.supervisions.values().find(is_own).map(|one| (one, Stage::In(one.call)));
        let (one, stage) = there.or_else(|| self.followers.values().find(is_own).map(|one| (one, Stage::Waits)))?;
        let (agent, volumes) = (one.request.agent, one.volumes);
        Some(Supervises { agent, mode: one.mode, follows: one.follow, stage, volumes })
    }

    fn note_left(&mut self, now: Now, leg: LegId) {
        if let Some(mode) = self.supervisions.get(&leg).map(|supervision| supervision.mode) {
            self.note_supervision(now, leg, "left", field("mode", mode.key(), ""));
        }
    }

    pub(super) fn note_supervision(&mut self, now: Now, leg: LegId, action: &'static str, change: FieldChange) {
        let Some(supervision) = self.supervisions.get(&leg) else { return };
        let name = self.talk_of(supervision.call, supervision.agent);
        let Some(supervision) = self.supervisions.get_mut(&leg) else { return };
        // At the end nobody is there any more: then it is who was there last.
        supervision.name = name.unwrap_or_else(|| std::mem::take(&mut supervision.name));
        let note = SupervisionNote {
            at: now.wall,
            customer: supervision.customer,
            actor: supervision.request.actor.clone(),
            address: Some(supervision.address),
            call: supervision.call,
            name: supervision.name.clone(),
            action,
            change,
        };
        self.outputs.push_back(Output::Note(Box::new(note)));
    }

    /// Who talks in a call, the agent first.
    fn talk_of(&self, call: CallId, agent: LegId) -> Option<String> {
        let client = self.calls.get(&call)?.call.other(agent)?;
        let (agent, client) = (self.legs.get(&agent)?, self.legs.get(&client)?);
        Some(format!("{} with {}", named(&agent.party), named(&client.party)))
    }
}

/// What is kept of a refusal.
pub(super) fn refusal(
    now: Now,
    about: &About,
    actor: String,
    address: Option<IpAddr>,
    refused: Refused,
) -> SupervisionNote {
    SupervisionNote {
        at: now.wall,
        customer: about.customer,
        actor,
        address,
        call: about.id,
        name: named(&about.callee),
        action: "refused",
        change: field("reason", "", refused.key()),
    }
}

pub(super) fn account_of(leg: &Leg) -> Option<AccountId> {
    match leg.peer {
        Peer::Phone(account) => Some(account),
        Peer::Trunk => None,
    }
}

/// "John (744)", or what of it is known.
pub(super) fn named(party: &Party) -> String {
    match (party.name.as_str(), party.number.as_str()) {
        ("", number) => number.to_owned(),
        (name, "") => name.to_owned(),
        (name, number) => format!("{name} ({number})"),
    }
}

pub(super) fn field(name: &str, old: &str, new: &str) -> FieldChange {
    FieldChange { field: name.to_owned(), old: old.to_owned(), new: new.to_owned() }
}
