//! Which call does an event concern?

use std::time::Instant;

use tandem_sip::{
    dialog::DialogId,
    message::{Method, Request, Response},
    transaction::{ClientId, Event, ServerId},
};

use crate::{
    call::{Call, Change},
    station::Station,
};

/// What an event means to its endpoint.
#[derive(Debug)]
pub enum Meaning {
    /// Something changed on the call at this place.
    Changed(usize, Change),
    /// Somebody calls.
    Invited(ServerId, Box<Request>),
    /// A response to a request that is of no call.
    Responded(ClientId, Box<Response>),
    /// A request that is of no call has no response.
    Failed(ClientId),
    /// Nothing that anybody must know; it has been answered if it had to be.
    Nothing,
}

/// Gives an event to the call that it concerns.
pub fn dispatch(station: &mut Station, now: Instant, event: Event, mut calls: Vec<&mut Call>) -> Meaning {
    let changed = |place: usize, change: Option<Change>| change.map(|change| Meaning::Changed(place, change));
    let meaning = match event {
        Event::Request { id, request, .. } => return requested(station, now, id, request, calls),
        Event::Cancelled { id } => find(&mut calls, |call| call.received(id))
            .and_then(|(place, call)| changed(place, call.cancelled(station, now))),
        Event::Unacknowledged { id } => find(&mut calls, |call| call.received(id))
            .and_then(|(place, call)| changed(place, call.unacknowledged(station, now))),
        Event::Response { id, response } => match find(&mut calls, |call| call.sent(id)) {
            Some((place, call)) => changed(place, call.responded(station, now, &response)),
            None => Some(Meaning::Responded(id, Box::new(response))),
        },
        Event::Failed { id, .. } => match find(&mut calls, |call| call.sent(id)) {
            Some((place, call)) => Some(Meaning::Changed(place, call.failed(station))),
            None => Some(Meaning::Failed(id)),
        },
    };
    meaning.unwrap_or(Meaning::Nothing)
}

fn requested(
    station: &mut Station,
    now: Instant,
    server: Option<ServerId>,
    request: Request,
    mut calls: Vec<&mut Call>,
) -> Meaning {
    let dialog = match (DialogId::of_request(&request), server) {
        (Ok(dialog), _) => dialog,
        (Err(_), Some(server)) => {
            station.just(now, server, &request, 400);
            return Meaning::Nothing;
        }
        (Err(_), None) => return Meaning::Nothing,
    };
    let found = dialog.as_ref().and_then(|dialog| find(&mut calls, |call| call.owns(dialog)));
    let change = match (found, server) {
        (Some((place, call)), Some(server)) => (place, call.requested(station, now, server, &request)),
        (Some((place, call)), None) => (place, call.acknowledged(station, now, &request)),
        (None, Some(server)) if dialog.is_none() && request.method == Method::Invite => {
            return Meaning::Invited(server, Box::new(request));
        }
        (None, Some(server)) => {
            let status = match (&dialog, &request.method) {
                (Some(_), _) => 481,
                (None, Method::Options) => 200,
                (None, _) => 405,
            };
            station.just(now, server, &request, status);
            return Meaning::Nothing;
        }
        (None, None) => return Meaning::Nothing,
    };
    match change {
        (place, Some(change)) => Meaning::Changed(place, change),
        (_, None) => Meaning::Nothing,
    }
}

fn find<'a, 'c>(calls: &'a mut [&'c mut Call], is_it: impl Fn(&Call) -> bool) -> Option<(usize, &'a mut &'c mut Call)> {
    calls.iter_mut().enumerate().find(|(_, call)| is_it(call))
}
