//! Session timers (RFC 4028): is the other end still there?

use std::time::{Duration, Instant};

use bytes::Bytes;
use tandem_domain::calls::ReleaseCause;
use tandem_sip::message::{Headers, Method, Name, Refresher, Response};

use super::{Leg, LegEvent, Purpose, SDP, SUPPORTED, State, Wire};
use crate::call::Why;

/// The interval that we ask for, in seconds (RFC 4028 §4 recommends half an hour).
pub const INTERVAL: u32 = 1800;
/// The smallest interval that we accept, in seconds (RFC 4028 §5).
pub const INTERVAL_MIN: u32 = 90;

/// The timer of a dialog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SessionTimer {
    interval: Duration,
    /// Whether it is we who refresh; else we only watch.
    ours: bool,
    /// When to refresh; when to give up, if it is not we who do.
    pub(super) due: Instant,
}

impl SessionTimer {
    fn new(seconds: u32, ours: bool, now: Instant) -> Self {
        let interval = Duration::from_secs(seconds.into());
        // Half of it leaves time for a second try; who only watches gives up a third of it, at most 32 s, before its end
        // (RFC 4028 §10).
        let due = if ours { interval / 2 } else { interval - (interval / 3).min(Duration::from_secs(32)) };
        Self { interval, ours, due: now + due }
    }
}

impl Leg {
    /// As the one who is called: agrees to what the INVITE or UPDATE asks, in our 2xx (RFC 4028 §9). A phone that knows no
    /// timers is not bothered.
    pub(super) fn agree_session_timer(&mut self, now: Instant, asked: &Headers, response: &mut Response) {
        if !self.peer_has_timer {
            return;
        }
        let wanted = asked.session_expires().ok().flatten();
        let seconds = wanted.map_or(INTERVAL, |wanted| wanted.seconds).max(INTERVAL_MIN);
        // They refresh unless they want us to.
        let ours = wanted.and_then(|wanted| wanted.refresher) == Some(Refresher::Uas);
        let refresher = if ours { "uas" } else { "uac" };
        response.headers.push(Name::SessionExpires, format!("{seconds};refresher={refresher}"));
        if !ours {
            response.headers.push(Name::Require, "timer");
        }
        self.session_timer = Some(SessionTimer::new(seconds, ours, now));
    }

    /// As the one who called: does as the 2xx says (RFC 4028 §7.2).
    pub(super) fn session_timer_from(&mut self, now: Instant, response: &Response) {
        self.session_timer = response.headers.session_expires().ok().flatten().map(|agreed| {
            let ours = agreed.refresher != Some(Refresher::Uas);
            SessionTimer::new(agreed.seconds.max(INTERVAL_MIN), ours, now)
        });
    }

    /// The other end has just shown that it is there.
    pub(super) fn session_timer_renewed(&mut self, now: Instant) {
        if let Some(timer) = &mut self.session_timer {
            let seconds = u32::try_from(timer.interval.as_secs()).unwrap_or(INTERVAL);
            *timer = SessionTimer::new(seconds, timer.ours, now);
        }
    }

    /// The other end wants a longer interval than ours (422, RFC 4028 §7.3): tells whether it is one.
    pub(super) fn lengthen_session(&mut self, response: &Response) -> bool {
        let least = response.headers.min_se().map(|seconds| Duration::from_secs(seconds.into()));
        match (&mut self.session_timer, least) {
            (Some(timer), Some(least)) if least > timer.interval => {
                timer.interval = least;
                true
            }
            (Some(_) | None, Some(_) | None) => false,
        }
    }

    /// Refreshes, or gives up.
    pub(super) fn session_timer_due(&mut self, wire: &mut Wire<'_>) -> Vec<LegEvent> {
        let Some(timer) = self.session_timer.clone().filter(|timer| timer.due <= wire.now) else { return Vec::new() };
        if !timer.ours {
            self.bye(wire, Why::Over);
            return vec![LegEvent::Lost(ReleaseCause::SessionExpired)];
        }
        self.session_timer_renewed(wire.now);
        self.refresh(wire);
        Vec::new()
    }

    /// Asks whether the other end is still there: by UPDATE where it knows that (RFC 4028 §7.4), by INVITE otherwise.
    pub(super) fn refresh(&mut self, wire: &mut Wire<'_>) {
        if !matches!(self.state, State::Up) || self.unacknowledged.is_some() {
            return;
        }
        let seconds = self.session_timer.as_ref().map_or(u64::from(INTERVAL), |timer| timer.interval.as_secs());
        let method = if self.peer_has_update { Method::Update } else { Method::Invite };
        let Some(dialog) = &mut self.dialog else { return };
        let mut request = dialog.request(method.clone());
        request.headers.push(Name::Supported, SUPPORTED);
        request.headers.push(Name::SessionExpires, format!("{seconds};refresher=uac"));
        if method == Method::Invite {
            request.headers.push(Name::ContentType, SDP);
            request.body = Bytes::from(self.negotiation.offer_again());
        }
        self.send(wire, request, Purpose::Refresh);
    }
}
