//! What legs, media and people with the right to tell the exchange, and which call that concerns.

use tandem_domain::{calls::ReleaseCause, console::is_ticket};
use tandem_media::{Digit, DigitSource};

use super::{Command, Exchange, Media, Now, Wish, arrivals::Asked, summoning::Wanted};
use crate::{
    call,
    directory::Question,
    ids::LegId,
    leg::{Leg, LegEvent},
};

impl<M: Media> Exchange<M> {
    pub(super) fn leg_event(&mut self, now: Now, id: LegId, event: LegEvent) {
        let Some(leg) = self.legs.get(&id) else { return };
        let call = leg.call;
        match event {
            LegEvent::Ringing => self.call_event(now, call, call::Event::Ringing(id)),
            LegEvent::EarlyMedia => {
                self.describe(id);
                self.call_event(now, call, call::Event::EarlyMedia(id));
            }
            LegEvent::Answered => {
                self.describe(id);
                self.group_served(now, id);
                self.call_event(now, call, call::Event::Answered(id));
            }
            LegEvent::Refused(status) => {
                self.media.close(id);
                self.call_event(now, call, call::Event::Refused { leg: id, status });
            }
            LegEvent::Unreachable(address) => self.trunk_address_failed(now, address),
            LegEvent::MediaChanged => {
                self.describe(id);
                let on = self.legs.get(&id).is_some_and(|leg| leg.negotiation.is_held());
                self.call_event(now, call, call::Event::Hold { leg: id, on });
                self.supervisor_holds(now, id, on);
            }
            LegEvent::HungUp => self.call_event(now, call, call::Event::HungUp(id)),
            LegEvent::Lost(cause) => self.call_event(now, call, call::Event::Lost { leg: id, cause }),
            LegEvent::Refer { to, replaces } => self.refer(now, id, &to, replaces.as_ref()),
            LegEvent::Digit(digit) if self.is_supervisor(id) => self.supervisor_pressed(now, id, digit),
            LegEvent::Digit(digit) => {
                if let Some(digit) = Digit::new(digit) {
                    self.media.press(id, digit);
                }
            }
            LegEvent::Record(on) => self.wish(now, id, if on { &Wish::Start } else { &Wish::Stop }),
        }
    }

    pub(super) fn media_event(&mut self, now: Now, event: tandem_media::Event) {
        match event {
            tandem_media::Event::ClipEnded { leg } => {
                if let Some(call) = self.legs.get(&leg).map(|leg| leg.call) {
                    self.call_event(now, call, call::Event::Spoken(leg));
                }
            }
            tandem_media::Event::MediaTimeout { leg } => {
                let talks = |leg: &&Leg| leg.is_up() && !leg.negotiation.is_held();
                if let Some(call) = self.legs.get(&leg).filter(talks).map(|leg| leg.call) {
                    let cause = ReleaseCause::MediaTimeout;
                    self.call_event(now, call, call::Event::Lost { leg, cause });
                }
            }
            tandem_media::Event::Closed { leg, stats } => self.media_closed(leg, &stats),
            // What came in an INFO has been heard already.
            tandem_media::Event::Digit { source: DigitSource::Info, .. } => {}
            tandem_media::Event::Digit { leg, digit, source: DigitSource::Rfc4733 | DigitSource::InBand } => {
                self.supervisor_pressed(now, leg, digit.into());
            }
            tandem_media::Event::Code { leg, code } => {
                self.wish(now, leg, if code == 0 { &Wish::Start } else { &Wish::Stop });
            }
            tandem_media::Event::Recorded { leg, length_ms, error } => self.part_recorded(now, leg, length_ms, error),
            tandem_media::Event::Latched { .. } => {}
        }
    }

    pub(super) fn command(&mut self, now: Now, command: Command) {
        match command {
            Command::EndCall(call) => {
                self.call_event(now, call, call::Event::End(ReleaseCause::Normal));
            }
            Command::Supervise { manager, agent, mode, follow, call, ticket, desk } => {
                let ticket = ticket.filter(|ticket| is_ticket(ticket));
                let wanted = Wanted { follow, call, ticket, desk };
                self.ask(Question::Supervise { manager, agent, mode }, Asked::Supervise(wanted));
            }
            Command::Follow { call, on } => self.follow(now, call, on),
            Command::Volumes { call, volumes } => self.set_volumes_of(call, volumes),
            Command::SwitchMode { call, mode } => self.change_mode_of(now, call, mode),
            Command::Trust { connection, user, account } => {
                self.trusted.insert(connection, (user, account));
            }
            Command::Record { call, account, wish } => self.wish_of(now, call, account, &wish),
            Command::RecordLeg { tag, wish } => {
                if let Some(leg) = self.tags.get(&tag).copied() {
                    self.wish(now, leg, &wish);
                }
            }
            Command::Mark { call, text } => self.mark_moment(now, call, &text),
            Command::ForgetPhones(account) => {
                self.trusted.retain(|_, (_, owner)| *owner != account);
                let gone = self.registrar.remove(account);
                self.bindings_gone(gone);
            }
            Command::RightsChanged => self.ask_for_every_leave(now),
            Command::Restore(bindings) => {
                for binding in bindings {
                    self.show_binding(now, &binding);
                    self.registrar.restore(binding);
                }
            }
            Command::Begin => {
                self.register_at_trunk(now);
                self.keep_ways_open(now);
            }
            Command::Drain => self.draining = true,
            Command::EndAll => {
                self.draining = true;
                let calls: Vec<_> = self.calls.keys().copied().collect();
                for call in calls {
                    self.call_event(now, call, call::Event::End(ReleaseCause::Shutdown));
                }
            }
        }
    }
}
