//! `GET /live/calls,xdrs`: word that something changed, as server-sent events (HTML Living Standard §9.2).
//!
//! An event says that it is time to ask again, and what the server's clock says; what there is to see is asked for by the
//! pages' own server functions. The console alone is told what has changed itself (`event: console`, a [`ConsoleNews`] as JSON):
//! so much happens there that asking each time would cost more than all the rest. A stream ends with its session, with the
//! permission, and with the server.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{
    Extension,
    body::{Body, Bytes},
    extract::{Path, Request, State},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use axum_login::{
    AuthUser as _,
    tower_sessions::{SessionStore as _, session::Id},
};
use futures::{future, stream};
use tandem_domain::{calls::LiveCall, console::ConsoleChange, ids::Timestamp};
use tokio::{
    sync::watch,
    time::{Instant, sleep_until},
};

use super::{
    Refusal, Services,
    auth::{AuthSession, SIGNED_IN_AT, SignedIn},
    console::SUMS_STAND,
    watching::Watching,
};
use crate::{
    error::AppError,
    live::{ConsoleNews, Topic},
};

/// The least time between two events about calls, which people watch.
const PACE_OF_CALLS: Duration = Duration::from_millis(500);
/// The least time between two events for a console, in which a manager works.
const PACE_OF_CONSOLE: Duration = Duration::from_millis(100);
/// The least time between two events about anything else.
const PACE: Duration = Duration::from_secs(2);
/// How often a sign of life is sent, and looked whether the person may still look.
const SIGN_OF_LIFE: Duration = Duration::from_secs(15);
/// Streams of one session at one time: a browser has one for each tab that is in sight.
const STREAMS_MAX: usize = 8;

/// How many streams each session has. Clones share them.
#[derive(Debug, Clone, Default)]
pub(super) struct Streams(Arc<Mutex<HashMap<Id, usize>>>);

/// One stream's place among those of its session.
#[derive(Debug)]
struct Place {
    streams: Streams,
    session: Id,
}

impl Streams {
    fn take_place(&self, session: Id) -> Option<Place> {
        let mut streams = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = streams.entry(session).or_default();
        if *taken >= STREAMS_MAX {
            return None;
        }
        *taken += 1;
        Some(Place { streams: self.clone(), session })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut streams = self.streams.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(taken) = streams.get_mut(&self.session) {
            *taken -= 1;
            if *taken == 0 {
                streams.remove(&self.session);
            }
        }
    }
}

/// Answers with the stream of the topics that the address names.
pub(super) async fn events(
    State(services): State<Services>,
    Extension(streams): Extension<Streams>,
    Path(topics): Path<String>,
    auth: AuthSession,
    _request: Request,
) -> Response {
    match begin(services, &streams, &topics, auth).await {
        Ok(events) => {
            let body = Body::from_stream(stream::unfold(events, |mut events| async move {
                let event = events.next().await?;
                Some((Ok::<_, std::convert::Infallible>(event), events))
            }));
            let mut response = Response::new(body);
            let headers = response.headers_mut();
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
            // A proxy that collects answers would keep the news to itself (nginx).
            headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
            response
        }
        Err(error) => {
            let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            let mut response = (status, error.to_string()).into_response();
            response.extensions_mut().insert(Refusal(error));
            response
        }
    }
}

async fn begin(services: Services, streams: &Streams, topics: &str, auth: AuthSession) -> Result<Events, AppError> {
    let user = auth.user.ok_or(AppError::SignedOut)?;
    let session = auth.session.id().ok_or(AppError::SignedOut)?;
    let unknown = || AppError::NotFound("topic".into());
    let topics: Vec<Topic> =
        topics.split(',').map(|key| Topic::from_key(key).ok_or_else(unknown)).collect::<Result<_, _>>()?;
    // Each once, so that nobody asks for more than there is.
    if topics.iter().enumerate().any(|(place, topic)| topics[..place].contains(topic)) {
        return Err(unknown());
    }
    if let Some(hidden) = topics.iter().find(|topic| !topic.is_for(&user.me)) {
        return Err(AppError::forbidden(hidden.field()));
    }
    let signed_in: Option<Timestamp> = auth.session.get(SIGNED_IN_AT).await.ok().flatten();
    let signed_in = signed_in.ok_or(AppError::SignedOut)?;
    let lifetime = i64::try_from(services.sessions.absolute.as_secs()).unwrap_or(i64::MAX);
    let place = streams.take_place(session).ok_or(AppError::Wait { seconds: 60 })?;
    let console = if topics.iter().any(|topic| matches!(topic, Topic::Console | Topic::Wallboard)) {
        Some(Watching::begin(&services, &user.me, topics.contains(&Topic::Levels)).await)
    } else {
        None
    };
    let watched = topics.into_iter().map(|topic| (topic, services.exchange.changes(topic))).collect();
    let now = Instant::now();
    Ok(Events {
        until: signed_in.plus_seconds(lifetime),
        watched,
        seen: Vec::new(),
        console,
        news: Some(now),
        later: None,
        sent: None,
        looked: now,
        look: now + SIGN_OF_LIFE,
        user,
        place,
        services,
    })
}

/// One stream.
struct Events {
    services: Services,
    place: Place,
    user: SignedIn,
    /// When the session ends in any case.
    until: Timestamp,
    watched: Vec<(Topic, watch::Receiver<u64>)>,
    /// The calls that a customer saw last: what other customers do is nothing for it to hear of.
    seen: Vec<LiveCall>,
    /// For streams that follow the console or the wallboard.
    console: Option<Watching>,
    /// Something happened that was not told yet, and from when on it may be.
    news: Option<Instant>,
    /// When sums that stand for a while will have been told wrong.
    later: Option<Instant>,
    /// When the last event was sent.
    sent: Option<Instant>,
    /// When it was looked last whether there are news: of what others do there are none, and that costs as much.
    looked: Instant,
    /// When to send the next sign of life.
    look: Instant,
}

impl Events {
    /// What is sent next; `None` ends the stream.
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if self.sent.is_none() {
                // The page may have been made a while ago.
                self.news();
                let change = self.change();
                return Some(self.event(change, !self.watches(Topic::Console)));
            }
            let levels_due = self.console.as_ref().and_then(Watching::levels_due);
            let Self { services, user, watched, console, news, later, look, .. } = self;
            let mut ending = services.ending.clone();
            let ended = async {
                let _ = ending.wait_for(|ends| *ends).await;
            };
            let due = async {
                match *news {
                    Some(due) => sleep_until(due).await,
                    None => changed(watched).await,
                }
            };
            let rights = async {
                match console {
                    Some(console) => console.rights_change(services, &user.me).await,
                    None => future::pending().await,
                }
            };
            tokio::select! {
                biased;
                () = ended => return None,
                () = sleep_until(*look) => {
                    self.look = Instant::now() + SIGN_OF_LIFE;
                    return if self.may_look().await { Some(Bytes::from_static(b":\n\n")) } else { None };
                }
                // At once: who may not see something any more does not see it any more.
                () = rights => {
                    if !self.may_look().await {
                        return None;
                    }
                    continue;
                }
                () = due => {}
                () = until(*later) => {
                    self.later = None;
                    return Some(self.event(None, true));
                }
                () = until(levels_due) => match self.console.as_mut().and_then(Watching::levels) {
                    Some(event) => return Some(event),
                    None => continue,
                },
            }
            if self.news.is_none() {
                let pace = if self.watches(Topic::Levels) {
                    PACE_OF_CONSOLE
                } else if self.watches(Topic::Calls) || self.console.is_some() {
                    PACE_OF_CALLS
                } else {
                    PACE
                };
                self.news = Some(self.looked + pace);
                continue;
            }
            let (ticks, change) = (self.news(), self.change());
            if ticks || change.is_some() {
                // The wallboard is asked for anew, as a whole.
                let ticks = ticks || !self.watches(Topic::Console);
                return Some(self.event(change, ticks));
            }
            self.news = None;
        }
    }

    fn watches(&self, topic: Topic) -> bool {
        self.watched.iter().any(|(watched, _)| *watched == topic)
    }

    /// What has changed in the console or on the wallboard.
    fn change(&mut self) -> Option<ConsoleChange> {
        self.console.as_mut()?.change(&self.services, &self.user.me)
    }

    /// What is sent: the change, for who follows the console, and word that it is time to ask again.
    fn event(&mut self, change: Option<ConsoleChange>, ticks: bool) -> Bytes {
        (self.sent, self.news) = (Some(Instant::now()), None);
        let at = self.services.clock.now();
        let mut text = String::new();
        if let (Some(change), Some(console), true) = (change, &self.console, self.watches(Topic::Console)) {
            match serde_json::to_string(&ConsoleNews { at, stream: console.number(), change }) {
                Ok(json) => text = format!("event: console\ndata: {json}\n\n"),
                Err(error) => tracing::error!(%error, "a change of a console cannot be told"),
            }
        }
        if ticks {
            text.push_str(&format!("data: {}\n\n", at.0));
        }
        // A sign of life is no event.
        if text.is_empty() { Bytes::from_static(b":\n\n") } else { text.into() }
    }

    /// Whether anything is to be asked for anew of what happened. What happened until now counts as told.
    fn news(&mut self) -> bool {
        self.looked = Instant::now();
        let (mut news, mut sums) = (false, false);
        for (topic, changes) in &mut self.watched {
            let changed = changes.has_changed().unwrap_or_default();
            changes.mark_unchanged();
            sums |= changed && *topic == Topic::Xdrs;
            news |= match (topic, self.user.me.own_customer()) {
                (Topic::Calls, Some(own)) => {
                    let calls = self.services.exchange.calls(Some(own));
                    let differs = calls != self.seen;
                    self.seen = calls;
                    differs
                }
                (Topic::Calls | Topic::Registrations | Topic::Xdrs | Topic::Signalling, _) => changed,
                (Topic::Console | Topic::Wallboard | Topic::Levels, _) => false,
            };
        }
        if sums && self.watches(Topic::Wallboard) {
            // The sums that are read now may be some that were made before.
            let stand = u64::try_from(SUMS_STAND).unwrap_or_default();
            self.later = Some(self.looked + Duration::from_millis(stand));
        }
        news
    }

    /// Whether the session still is, and still shows these topics.
    async fn may_look(&mut self) -> bool {
        if self.services.clock.now() >= self.until {
            return false;
        }
        let session = self.services.store.sessions().load(&self.place.session).await;
        if !session.is_ok_and(|session| session.is_some()) {
            return false;
        }
        match self.services.store.sign_ins().principal(self.user.me.who).await {
            Ok(Some((me, stamp))) => {
                let may = self.watched.iter().all(|(topic, _)| topic.is_for(&me));
                if may && let Some(console) = &mut self.console {
                    // Huntgroups are changed meanwhile, and what this person may see of them.
                    if me != self.user.me {
                        console.forget_sight();
                    }
                    console.read(&self.services, &me).await;
                    self.news = self.news.or_else(|| Some(Instant::now()));
                }
                let is_same = stamp == self.user.session_auth_hash();
                self.user.me = me;
                may && is_same
            }
            Ok(None) | Err(_) => false,
        }
    }
}

/// Waits for a moment, if there is one.
async fn until(due: Option<Instant>) {
    match due {
        Some(due) => sleep_until(due).await,
        None => future::pending().await,
    }
}

/// Waits until any of these has changed.
async fn changed(watched: &mut [(Topic, watch::Receiver<u64>)]) {
    let each = watched.iter_mut().map(|(_, changes)| {
        Box::pin(async move {
            if wait_for_change(changes).await.is_err() {
                // Nobody is left to change it.
                future::pending::<()>().await;
            }
        })
    });
    future::select_all(each).await;
}

/// Waits for a change without taking it for seen.
async fn wait_for_change(changes: &mut watch::Receiver<u64>) -> Result<(), watch::error::RecvError> {
    changes.changed().await?;
    changes.mark_changed();
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_has_a_few_streams_and_gets_their_places_back() {
        let streams = Streams::default();
        let session = Id(1);
        let mut places: Vec<Place> = (0..STREAMS_MAX).filter_map(|_| streams.take_place(session)).collect();
        assert_eq!(places.len(), STREAMS_MAX);
        assert!(streams.take_place(session).is_none());
        assert!(streams.take_place(Id(2)).is_some(), "another session has its own");
        places.pop();
        places.extend(streams.take_place(session));
        assert_eq!(places.len(), STREAMS_MAX);
        drop(places);
        assert!(streams.0.lock().unwrap().is_empty(), "nothing is kept of sessions without streams");
    }

    #[tokio::test]
    async fn a_change_is_seen_until_it_is_told_and_a_topic_that_nobody_changes_is_waited_for() {
        let (calls, watched) = watch::channel(0);
        let mut watched = [(Topic::Xdrs, watch::channel(0).1), (Topic::Calls, watched)];
        calls.send_modify(|changes| *changes += 1);
        changed(&mut watched).await;
        assert!(watched[1].1.has_changed().unwrap());
        watched[1].1.mark_unchanged();
        let nothing = tokio::time::timeout(Duration::from_millis(20), changed(&mut watched)).await;
        assert!(nothing.is_err());
    }
}
