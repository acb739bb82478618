//! `GET /phone`: the WebSocket between the phone in a browser and its line (see [`tandem_domain::phone`]).
//!
//! Each message is one JSON text. Who may open it: an account that is signed in, from a page of ours (the binary's
//! cross-origin lock covers the upgrade). It ends with the session, with the line, and with the server.

use std::{net::IpAddr, time::Duration};

use axum::{
    extract::{
        FromRequestParts as _, Request, State,
        ws::{CloseFrame, Message, Utf8Bytes, WebSocket, WebSocketUpgrade},
    },
    http::StatusCode,
    response::{IntoResponse, Response},
};
use axum_login::{
    AuthUser as _,
    tower_sessions::{SessionStore as _, session::Id},
};
use tandem_domain::{
    access::Who,
    ids::{AccountId, CustomerId, Timestamp},
    phone::{LONGEST_SDP, ToBrowser, ToServer},
};
use tandem_store::rights;
use tokio::time::{Instant, interval_at, timeout};

use super::{
    ClientAddr, Refusal, Services,
    auth::{AuthSession, SIGNED_IN_AT, SignedIn},
    phones::PhoneLine,
};
use crate::error::AppError;

/// The largest message of a browser: a session description, in JSON, with all that is around it.
const LARGEST: usize = 2 * LONGEST_SDP;
/// How often a sign of life is asked for, and looked whether the session still is.
const SIGN_OF_LIFE: Duration = Duration::from_secs(15);
/// How long is waited for the records before a session counts as one that goes on.
const RECORDS_ANSWER: Duration = Duration::from_secs(1);
/// How long a browser may take to read what it is told.
const SLOWEST: Duration = Duration::from_secs(5);
/// Messages of a browser between two signs of life. Fingers on a dial pad are slower.
const MOST_MESSAGES: u32 = 600;

/// What somebody is told who begins something when the session lasts for a call's sake alone.
const TIME_IS_OVER: &str = "Your session has ended. Sign in again to make or take another call.";

/// Close: the session has ended, sign in again (4000 and above are the application's own: RFC 6455 §7.4.2).
const SIGNED_OUT: u16 = 4001;
/// Close: something was said that no phone says.
const NOT_UNDERSTOOD: u16 = 4002;
/// Close: the line is put away; another one can be asked for.
const PUT_AWAY: u16 = 4003;
/// Close: the sign-in is another since; whoever is still signed in comes again.
const COME_AGAIN: u16 = 4004;
/// Close: the server goes down, and comes back.
const RESTARTS: u16 = 1012;

/// Answers with the stream.
pub(super) async fn phone(State(services): State<Services>, auth: AuthSession, request: Request) -> Response {
    let (mut parts, _) = request.into_parts();
    let from = parts.extensions.get::<ClientAddr>().map(|address| address.0);
    let begun = begin(&services, auth).await;
    let upgrade = match WebSocketUpgrade::from_request_parts(&mut parts, &services).await {
        Ok(upgrade) => upgrade,
        Err(rejection) => return begun.err().map_or_else(|| rejection.into_response(), refuse),
    };
    let (visit, account) = match begun {
        Ok(found) => found,
        // A page reads no status of a stream that it does not get, and would try for ever.
        Err(AppError::SignedOut) => {
            return upgrade.on_upgrade(|mut socket| async move { close(&mut socket, SIGNED_OUT).await });
        }
        Err(error) => return refuse(error),
    };
    let from = from.unwrap_or(IpAddr::from([127, 0, 0, 1]));
    let Some(line) = services.phones.open(account, from) else { return refuse(AppError::Wait { seconds: 10 }) };
    upgrade
        .max_message_size(LARGEST)
        .max_frame_size(LARGEST)
        .on_upgrade(move |socket| async move { visit.serve(socket, line).await })
}

fn refuse(error: AppError) -> Response {
    let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = (status, error.to_string()).into_response();
    response.extensions_mut().insert(Refusal(error));
    response
}

async fn begin(services: &Services, auth: AuthSession) -> Result<(Visit, AccountId), AppError> {
    let user = auth.user.ok_or(AppError::SignedOut)?;
    let session = auth.session.id().ok_or(AppError::SignedOut)?;
    let account = match user.me.who {
        Who::Account { account, .. } => account,
        Who::Administrator(_) | Who::Customer(_) => {
            return Err(AppError::Forbidden("a phone: only accounts have one".into()));
        }
    };
    let signed_in: Option<Timestamp> = auth.session.get(SIGNED_IN_AT).await.ok().flatten();
    let signed_in = signed_in.ok_or(AppError::SignedOut)?;
    let lifetime = i64::try_from(services.sessions.absolute.as_secs()).unwrap_or(i64::MAX);
    Ok((Visit { services: services.clone(), user, session, until: signed_in.plus_seconds(lifetime) }, account))
}

/// One stream.
struct Visit {
    services: Services,
    user: SignedIn,
    session: Id,
    /// When the session ends in any case.
    until: Timestamp,
}

impl Visit {
    async fn serve(self, mut socket: WebSocket, mut line: PhoneLine) {
        let mut rights = Rights::of(&self);
        let (mut ending, mut calls) = (self.services.ending.clone(), line.calls.clone());
        let mut looks = interval_at(Instant::now() + SIGN_OF_LIFE, SIGN_OF_LIFE);
        let (mut alive, mut messages, mut is_over) = (true, 0_u32, false);
        let why = loop {
            // Calls that go on are let end.
            let ended = async {
                let _ = ending.wait_for(|ends| *ends).await;
                let _ = calls.wait_for(|there| !there).await;
            };
            tokio::select! {
                biased;
                () = ended => break RESTARTS,
                _ = looks.tick() => {
                    // A browser answers each ping by itself (RFC 6455 §5.5.3): one that did not is gone.
                    if !std::mem::take(&mut alive) {
                        return;
                    }
                    messages = 0;
                    if let Some(why) = self.ends(&line, &mut is_over).await {
                        break why;
                    }
                    if !send(&mut socket, Message::Ping(Vec::new().into())).await {
                        return;
                    }
                }
                () = rights.change(&self.services) => {
                    if let Some(why) = self.ends(&line, &mut is_over).await {
                        break why;
                    }
                }
                told = line.rx.recv() => {
                    let Some(told) = told else { break if *self.services.ending.borrow() { RESTARTS } else { PUT_AWAY } };
                    let Ok(text) = serde_json::to_string(&told) else { continue };
                    if !send(&mut socket, Message::Text(text.into())).await {
                        return;
                    }
                }
                got = socket.recv() => {
                    let Some(Ok(got)) = got else { return };
                    alive = true;
                    let text = match got {
                        Message::Text(text) => text,
                        Message::Binary(_) => break NOT_UNDERSTOOD,
                        Message::Ping(_) | Message::Pong(_) => continue,
                        Message::Close(_) => return,
                    };
                    messages += 1;
                    let Ok(wish) = serde_json::from_str::<ToServer>(&text) else { break NOT_UNDERSTOOD };
                    if messages > MOST_MESSAGES {
                        break NOT_UNDERSTOOD;
                    }
                    // Nothing is begun for a session that has ended a moment ago.
                    if begins(&wish) && let Some(why) = self.ends(&line, &mut is_over).await {
                        break why;
                    }
                    let answer = match &wish {
                        ToServer::Alive => Some(ToBrowser::Alive),
                        wish if is_over && begins(wish) => Some(refused(wish)),
                        _ => None,
                    };
                    if let Some(answer) = answer {
                        let Ok(answer) = serde_json::to_string(&answer) else { continue };
                        if !send(&mut socket, Message::Text(answer.into())).await {
                            return;
                        }
                    } else if line.tx.send(wish).await.is_err() {
                        break PUT_AWAY;
                    }
                }
            }
        };
        close(&mut socket, why).await;
    }

    /// Why the stream ends, if the session has; `is_over` from then on when it lasts for a call's sake alone.
    async fn ends(&self, line: &PhoneLine, is_over: &mut bool) -> Option<u16> {
        // A phone waits for nothing: neither its call nor one for help.
        let standing = timeout(RECORDS_ANSWER, self.standing()).await;
        match standing.unwrap_or(Standing::SignedIn) {
            Standing::SignedIn => None,
            // The call is let end; no other is begun.
            Standing::TimeIsOver if *line.calls.borrow() => {
                *is_over = true;
                None
            }
            Standing::TimeIsOver | Standing::SignedOut => Some(SIGNED_OUT),
            Standing::Renewed => Some(COME_AGAIN),
        }
    }

    /// What has become of the session. Nobody's call is cut because the records cannot be asked for a moment.
    async fn standing(&self) -> Standing {
        let store = &self.services.store;
        match store.sign_ins().principal(self.user.me.who).await {
            Ok(Some((_, stamp))) if stamp == self.user.session_auth_hash() => {}
            // Who has a new password, and is still signed in, shows it by coming again.
            Ok(Some(_)) => return Standing::Renewed,
            Ok(None) => return Standing::SignedOut,
            Err(_) => return Standing::SignedIn,
        }
        // Whatever becomes of its row then.
        if self.services.clock.now() >= self.until {
            return Standing::TimeIsOver;
        }
        match store.sessions().load(&self.session).await {
            Ok(None) => Standing::SignedOut,
            Ok(Some(_)) | Err(_) => Standing::SignedIn,
        }
    }
}

/// Waits for changes of what the people of one company may: a session may have ended with them.
struct Rights {
    /// Whose, and how often they had been changed.
    of: Option<(CustomerId, u64)>,
    changes: rights::Changes,
}

impl Rights {
    fn of(visit: &Visit) -> Self {
        let rights = visit.services.store.rights();
        let changes = rights.follow();
        Self { of: visit.user.me.own_customer().map(|customer| (customer, rights.changes(customer))), changes }
    }

    async fn change(&mut self, services: &Services) {
        let Some((customer, known)) = &mut self.of else { return std::future::pending().await };
        loop {
            let changes = services.store.rights().changes(*customer);
            if std::mem::replace(known, changes) != changes {
                return;
            }
            self.changes.next().await;
        }
    }
}

/// Whether a wish begins something: a call, a way into one, or the phone itself here.
const fn begins(wish: &ToServer) -> bool {
    match wish {
        ToServer::Hello { .. } | ToServer::Dial { .. } | ToServer::Answer { .. } | ToServer::Transfer { .. } => true,
        ToServer::Decline { .. }
        | ToServer::HangUp { .. }
        | ToServer::Hold { .. }
        | ToServer::Offer { .. }
        | ToServer::Reply { .. }
        | ToServer::Digit { .. }
        | ToServer::Connect { .. }
        | ToServer::Record { .. }
        | ToServer::DoNotDisturb { .. }
        | ToServer::Alive
        | ToServer::Bye => false,
    }
}

/// The answer to what is not begun any more.
fn refused(wish: &ToServer) -> ToBrowser {
    let words = TIME_IS_OVER.to_owned();
    if let ToServer::Dial { call, .. } = wish {
        return ToBrowser::Ended { call: *call, words, retry: false };
    }
    ToBrowser::Refused { call: wish.call(), wish: Some(wish.kind()), words }
}

/// What has become of a stream's session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// It goes on.
    SignedIn,
    /// It goes on for no longer than it may.
    TimeIsOver,
    /// It has been ended.
    SignedOut,
    /// The sign-in is another since: a new password, a new role.
    Renewed,
}

async fn close(socket: &mut WebSocket, code: u16) {
    let frame = CloseFrame { code, reason: Utf8Bytes::from_static("") };
    send(socket, Message::Close(Some(frame))).await;
}

/// Sends, and tells whether somebody is there who reads.
async fn send(socket: &mut WebSocket, message: Message) -> bool {
    matches!(timeout(SLOWEST, socket.send(message)).await, Ok(Ok(())))
}
