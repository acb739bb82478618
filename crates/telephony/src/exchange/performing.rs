//! How is done what a call wants: its actions, in their order.

use std::collections::VecDeque;

use tandem_domain::{
    calls::{CallState, LiveCall, Party},
    ids::{AccountId, CallId},
};
use tandem_media::{Codec, Hears};
use tandem_sip::{
    flow::Flow,
    message::{Name, NameAddr, Uri},
};

use super::{Due, Exchange, Media, Now, Output, arrivals::RETRY_AFTER, supervising::account_of};
use crate::{
    call::{
        self, Action,
        hearing::Sound,
        hunt::{Reach, Target, TrunkNumber},
    },
    feed::Talker,
    ids::LegId,
    leg::{Invitation, Leg, Peer, Wire, encryption::Policy, name_addr, negotiation::CODECS},
    line::{SUMMONS_HEADER, TICKET_HEADER},
    registrar::Binding,
};

impl<M: Media> Exchange<M> {
    /// Tells a call what happened, and does what it wants.
    pub(super) fn call_event(&mut self, now: Now, call: CallId, event: call::Event) {
        let mut actions = Vec::new();
        if let Some(entry) = self.calls.get_mut(&call) {
            entry.call.handle(event, now.instant, &mut actions);
            self.perform(now, call, actions);
        }
    }

    /// Does what a call wants, and what it wants because of that.
    pub(super) fn perform(&mut self, now: Now, call: CallId, actions: Vec<Action>) {
        let mut actions: VecDeque<_> = actions.into();
        let mut rows = Vec::new();
        let mut connected = false;
        while let Some(action) = actions.pop_front() {
            match action {
                Action::Ring(target) => {
                    let (legs, busy) = self.ring(now, call, &target);
                    let mut more = Vec::new();
                    if let Some(entry) = self.calls.get_mut(&call) {
                        let event = call::Event::Branches { target, legs, busy };
                        entry.call.handle(event, now.instant, &mut more);
                    }
                    actions.extend(more);
                }
                Action::TellRinging(leg) => self.with(now, leg, Leg::ring),
                Action::TellProgress(leg) => {
                    let preferred = self.codecs_of_the_others(call, leg);
                    self.with(now, leg, |leg, wire| leg.progress(wire, &preferred));
                    self.describe(leg);
                }
                Action::Answer(leg) => {
                    let preferred = self.codecs_of_the_others(call, leg);
                    self.with(now, leg, |leg, wire| leg.answer(wire, &preferred));
                    self.describe(leg);
                    self.mark_answered(now, call);
                }
                Action::Reject { leg, refusal } => {
                    let retry_after = (refusal.status == 503).then_some(RETRY_AFTER);
                    self.with(now, leg, |leg, wire| {
                        leg.reject_saying(wire, refusal.status, retry_after, refusal.words);
                    });
                    self.let_go(leg);
                }
                Action::Release { leg, why } => {
                    self.party_leaves(call, leg);
                    self.leaves_outside(now, call, leg);
                    self.with(now, leg, |leg, wire| leg.release(wire, why));
                    self.let_go(leg);
                    self.supervisor_gone(now, leg);
                }
                Action::Hear(leg, sound) => rows.push((leg, self.hears(sound))),
                Action::TellTransfer { leg, status } => {
                    self.with(now, leg, |leg, wire| leg.tell_transfer(wire, status));
                }
                Action::Connected(party) => {
                    if let Some(entry) = self.calls.get_mut(&call) {
                        entry.call.about.callee = party;
                    }
                    self.mark_answered(now, call);
                    self.note_outside(call);
                    self.open_record(now, call);
                    connected = true;
                }
                Action::NextSegment(segment) => self.next_segment(now, call, *segment),
                Action::Summoned(leg) => {
                    self.mark_answered(now, call);
                    self.summoned(now, call, leg);
                }
                Action::SupervisionOver(leg) => self.supervision_over(now, leg),
                Action::Show => self.show(call),
                Action::Done(outcome) => self.done(now, call, outcome),
            }
        }
        // Two talk, or others than before.
        let has_changed = connected || !rows.is_empty();
        if !rows.is_empty() {
            let managers: Vec<_> = rows.iter().map(|(leg, _)| *leg).filter(|leg| self.is_supervisor(*leg)).collect();
            let shut_out = self.silence_protected(&mut rows);
            self.media.route(rows);
            managers.into_iter().for_each(|leg| self.balance(leg));
            shut_out.into_iter().for_each(|leg| self.shut_out(now, leg));
        }
        if has_changed {
            self.give_notices(call);
            self.tell_followers(call);
        }
        self.show_ringing(call);
        let deadline = self.calls.get(&call).and_then(|entry| entry.call.deadline());
        self.schedule(Due::Call(call), deadline);
        self.look_for_recordings(now, call);
    }

    /// Lets a leg do something that tells its call nothing new.
    pub(super) fn with(&mut self, now: Now, id: LegId, act: impl FnOnce(&mut Leg, &mut Wire<'_>)) {
        if let Some(leg) = self.legs.get_mut(&id) {
            let mut wire = Wire { transactions: &mut self.transactions, now: now.instant, random: &mut self.random };
            act(leg, &mut wire);
            self.after_leg(id);
        }
        self.drop_if_finished(id);
    }

    /// A leg is of no call any more: its media end now, its dialog when the last response is there.
    fn let_go(&mut self, leg: LegId) {
        self.media.close(leg);
        self.recording_terms.remove(&leg);
        self.drop_if_finished(leg);
    }

    fn hears(&self, sound: Sound) -> Hears {
        match sound {
            Sound::Nothing => Hears::Nothing,
            Sound::Leg(leg) => Hears::Leg(leg),
            Sound::Mix(legs) => Hears::Mix(legs),
            Sound::Stereo { left, right } => Hears::Stereo { left, right },
            Sound::EndTone => Hears::Clip { clip: self.voices.end_tone(), repeat: false },
            Sound::Echo => Hears::Echo,
            Sound::Prompt(prompt) => Hears::Clip { clip: self.voices.prompt(prompt), repeat: false },
            Sound::Tone(tone) => Hears::Clip { clip: self.voices.tone(tone), repeat: true },
            Sound::Music => Hears::Clip { clip: self.voices.music(), repeat: true },
        }
    }

    /// What the other parties of a call can talk: so that nothing has to be transcoded.
    fn codecs_of_the_others(&self, call: CallId, leg: LegId) -> Vec<Codec> {
        let Some(entry) = self.calls.get(&call) else { return Vec::new() };
        let mut others = entry.call.legs().filter(|other| *other != leg);
        let agreed = others.find_map(|other| {
            self.legs.get(&other).filter(|other| other.negotiation.is_agreed()).map(|other| other.negotiation.codecs())
        });
        agreed.unwrap_or_default()
    }

    // Ringing --------------------------------------------------------------------------------------------------------

    /// Calls the phones of a target: the legs, and whether it was left alone since it talks.
    fn ring(&mut self, now: Now, call: CallId, target: &Target) -> (Vec<LegId>, bool) {
        match &target.reach {
            Reach::Account(account) => {
                if target.skip_when_busy && self.is_busy(*account) {
                    return (Vec::new(), true);
                }
                let desk = self.summons.get(&call).is_some_and(|summons| summons.desk);
                let may = |binding: &Binding| !desk || !self.is_in_browser(binding.flow);
                let bindings = self.registrar.preferred(*account, now.instant, may);
                let legs = bindings.iter().filter_map(|binding| self.ring_phone(now, call, target, binding)).collect();
                (legs, false)
            }
            Reach::Trunk { number, from } => {
                (self.ring_trunk(now, call, target, number, from).into_iter().collect(), false)
            }
        }
    }

    /// Whether an account has a call.
    fn is_busy(&self, account: AccountId) -> bool {
        let talks = |leg: LegId| {
            let leg = self.legs.get(&leg);
            leg.is_some_and(|leg| leg.peer == Peer::Phone(account) && (leg.is_up() || leg.is_incoming()))
        };
        self.calls.values().any(|entry| entry.call.legs().any(talks))
    }

    fn ring_phone(&mut self, now: Now, call: CallId, target: &Target, binding: &Binding) -> Option<LegId> {
        let flow = binding.flow;
        let caller = self.who_calls(call)?.clone();
        let own = self.settings.address_on(flow);
        let shown = if caller.number.is_empty() { "anonymous" } else { &caller.number };
        let invitation = Invitation {
            peer: Peer::Phone(binding.account),
            target: binding.contact.clone(),
            from: name_addr(&caller.name, shown, own, None),
            to: Uri::sip(Some(&binding.user), own).into(),
            credentials: None,
            headers: self.group_headers(call).into_iter().chain(self.summons_headers(call)).collect(),
            ..self.invitation(call, target, flow)?
        };
        self.invite(now, invitation)
    }

    /// Who is said to call where a call rings.
    fn who_calls(&self, call: CallId) -> Option<&Party> {
        let this = &self.calls.get(&call)?.call;
        // A manager's own phones are rung about the agent, not by himself.
        if self.summons.contains_key(&call) {
            return Some(&this.about.callee);
        }
        // Who is handed over waits for an answer, not who hands over.
        let kept = this.kept().and_then(|kept| self.legs.get(&kept)).map(|kept| &kept.party);
        Some(kept.unwrap_or(&this.about.caller))
    }

    fn ring_trunk(
        &mut self,
        now: Now,
        call: CallId,
        target: &Target,
        number: &TrunkNumber,
        from: &str,
    ) -> Option<LegId> {
        let trunk = self.settings.trunk.clone()?;
        let mut others = self.trunk_addresses(now, &trunk);
        let address = others.remove(0);
        let flow = trunk.flow(address);
        let own = self.settings.address_on(flow);
        let user = match number {
            TrunkNumber::Public(number) => number.to_string(),
            TrunkNumber::Emergency(number) => number.clone(),
        };
        let uri = Uri::sip(Some(&user), address);
        let shown = if from.is_empty() { "anonymous" } else { from };
        let mut headers = Vec::new();
        if !from.is_empty() {
            headers.push((Name::PAssertedIdentity, format!("<{}>", Uri::sip(Some(from), own))));
        }
        let invitation = Invitation {
            peer: Peer::Trunk,
            target: uri.clone(),
            from: name_addr("", shown, own, None),
            to: uri.into(),
            credentials: trunk.credentials.map(Into::into),
            headers,
            others,
            ..self.invitation(call, target, flow)?
        };
        self.invite(now, invitation)
    }

    /// What all invitations of a call have in common; who and whom is filled in by others.
    fn invitation(&mut self, call: CallId, target: &Target, flow: Flow) -> Option<Invitation> {
        let entry = self.calls.get(&call)?;
        let codecs = match self.codecs_of_the_others(call, LegId(0)) {
            none if none.is_empty() => self
                .legs
                .get(&entry.call.caller())
                .map(|caller| caller.negotiation.codecs())
                .filter(|codecs| !codecs.is_empty())
                .unwrap_or_else(|| CODECS.to_vec()),
            some => some,
        };
        let max_forwards = entry.max_forwards.saturating_sub(1);
        let nobody = NameAddr::from(Uri::sip(None, flow.remote));
        Some(Invitation {
            id: self.new_leg_id(),
            call,
            party: target.party.clone(),
            peer: Peer::Trunk,
            flow,
            contact: self.settings.contact_on(flow),
            target: Uri::sip(None, flow.remote),
            from: nobody.clone(),
            to: nobody,
            codecs,
            credentials: None,
            max_forwards,
            headers: Vec::new(),
            others: Vec::new(),
            session_interval: crate::leg::SESSION_INTERVAL,
        })
    }

    /// Tells a phone through which huntgroup it is called (RFC 7044 would be for whole networks; phones show this one).
    fn group_headers(&self, call: CallId) -> Vec<(Name, String)> {
        let group = self.calls.get(&call).and_then(|entry| entry.call.about.huntgroup.as_ref());
        let name = group.map(|(_, name)| name.replace(['"', '\\'], ""));
        let header = |name: String| {
            let own = self.settings.media.first().map_or_else(|| "tandem".to_owned(), ToString::to_string);
            (Name::CallInfo, format!("<sip:huntgroup@{own}>;purpose=info;name=\"{name}\""))
        };
        name.map(header).into_iter().collect()
    }

    /// Lets a manager's browser know that he asked for the call himself, and which page of his did.
    fn summons_headers(&self, call: CallId) -> Vec<(Name, String)> {
        let Some(summons) = self.summons.get(&call) else { return Vec::new() };
        let ticket = summons.ticket.clone().map(|ticket| (Name::Other(TICKET_HEADER.into()), ticket));
        let asked = (Name::Other(SUMMONS_HEADER.into()), "yes".to_owned());
        [asked].into_iter().chain(ticket).collect()
    }

    fn invite(&mut self, now: Now, invitation: Invitation) -> Option<LegId> {
        let (id, call) = (invitation.id, invitation.call);
        let negotiation = self.open_media(id, invitation.flow, Policy::Preferred).ok()?;
        let mut wire = Wire { transactions: &mut self.transactions, now: now.instant, random: &mut self.random };
        let leg = Leg::invite(invitation, negotiation, &mut wire);
        self.outputs.push_back(Output::Belongs { sip_call_id: leg.call_id().to_owned(), call });
        self.tags.insert(leg.local_tag().to_owned(), id);
        self.legs.insert(id, leg);
        self.after_leg(id);
        Some(id)
    }

    // Showing --------------------------------------------------------------------------------------------------------

    fn mark_answered(&mut self, now: Now, call: CallId) {
        if let Some(entry) = self.calls.get_mut(&call) {
            entry.call.about.answered.get_or_insert(now.wall);
        }
    }

    /// The accounts whose phones ring for a call, each once.
    fn rings(&self, call: CallId) -> Vec<AccountId> {
        let Some(entry) = self.calls.get(&call) else { return Vec::new() };
        let rings = |leg: LegId| self.legs.get(&leg).filter(|leg| leg.is_outgoing()).and_then(account_of);
        let mut accounts: Vec<_> = entry.call.legs().filter_map(rings).collect();
        accounts.sort_unstable();
        accounts.dedup();
        accounts
    }

    fn is_encrypted(&self, leg: LegId) -> bool {
        self.legs.get(&leg).is_some_and(|leg| leg.negotiation.is_encrypted())
    }

    /// Shows a call that is shown anew when other phones ring than before.
    fn show_ringing(&mut self, call: CallId) {
        let rings = self.rings(call);
        if self.feed.rings_otherwise(call, &rings) {
            self.show(call);
        }
    }

    pub(super) fn show(&mut self, call: CallId) {
        let (supervisors, supervises) = (self.live_supervisors(call), self.supervised_by(call));
        let (recorded, rings) = (self.recorded(call), self.rings(call));
        let Some(entry) = self.calls.get_mut(&call) else { return };
        if let Some((caller, callee)) = entry.call.parties() {
            (entry.caller, entry.callee) = (caller, Some(callee));
        }
        // Who talks may not be who called: calls are handed over.
        let there = |leg: LegId| self.legs.get(&leg).map(|leg| leg.party.clone());
        let legs = entry.call.parties().map(|(one, other)| [one, other]);
        let talking = legs.and_then(|[one, other]| Some((there(one)?, there(other)?)));
        let about = &entry.call.about;
        let (caller, callee) = talking.unwrap_or_else(|| (about.caller.clone(), about.callee.clone()));
        let state = match (about.answered.is_some(), entry.call.is_held()) {
            (false, _) => CallState::Ringing,
            (true, false) => CallState::Answered,
            (true, true) => CallState::Held,
        };
        let shown = LiveCall {
            id: about.id,
            customer: about.customer,
            direction: about.direction,
            caller,
            callee,
            huntgroup: about.huntgroup.as_ref().map(|(_, name)| name.clone()).unwrap_or_default(),
            state,
            started: about.started,
            answered: about.answered,
            holds: legs.map_or([false; 2], |legs| legs.map(|leg| entry.call.holds(leg))),
            supervisors,
            supervises,
            rings,
            recorded,
            encrypted: legs.map_or([false; 2], |legs| legs.map(|leg| self.is_encrypted(leg))),
        };
        let talkers = legs.and_then(|[one, other]| Some([self.talker(one)?, self.talker(other)?]));
        self.feed.show_call(shown, talkers);
    }

    fn talker(&self, leg: LegId) -> Option<Talker> {
        Some(Talker { leg, tag: self.legs.get(&leg)?.local_tag().into() })
    }
}
