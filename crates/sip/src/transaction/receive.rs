//! What comes: is it new, is it known, whom does it concern?

use std::time::Instant;

use rand::Rng;

use super::{
    event::{Event, ServerId},
    key::{ClientKey, DialogKey, MergeKey, ServerKey},
    layer::Transactions,
    server::{Acked, Begin, Server},
    timers::Waiter,
    via,
};
use crate::{
    flow::Flow,
    message::{HeaderError, Method, Name, Request, Response, Via},
};

impl Transactions {
    pub(super) fn receive_response(&mut self, now: Instant, response: Response) -> Result<(), HeaderError> {
        let via = response.headers.via()?;
        let method = response.headers.cseq()?.method;
        // We are an end: nobody's response but our own is for us (§8.1.3.3).
        let foreign = response.headers.elements(&Name::Via).nth(1).is_some();
        let found = via.branch().and_then(|branch| self.client_keys.get(&ClientKey::new(branch, &method)).copied());
        let (Some(id), false) = (found, foreign) else {
            self.out.counts.stray += 1;
            return Ok(());
        };
        if let Some(client) = self.clients.get_mut(&id) {
            let cancel = client.receive(id, now, &self.timers, response, &mut self.out);
            self.send_cancel(now, id, cancel);
        }
        Ok(())
    }

    pub(super) fn receive_request(&mut self, now: Instant, flow: Flow, request: Request) -> Result<(), HeaderError> {
        let via = request.headers.via()?;
        if request.method == Method::Ack {
            return self.receive_ack(now, flow, via, request);
        }
        let key = ServerKey::of(&request, &via)?;
        if let Some(id) = self.server_keys.get(&key) {
            if let Some(server) = self.servers.get_mut(id) {
                server.retransmission(&mut self.out);
            }
            return Ok(());
        }
        let ends_something = request.method == Method::Cancel || request.headers.to()?.tag().is_some();
        let most =
            if ends_something { self.most_servers.saturating_add(self.most_servers / 4) } else { self.most_servers };
        if self.servers.len() >= most {
            self.out.counts.refused += 1;
            if request.method != Method::Cancel {
                let mut busy = Response::to(&request, 503);
                busy.headers.set(Name::RetryAfter, "10");
                self.respond_statelessly(flow, busy);
            }
            return Ok(());
        }
        let merge = MergeKey::of(&request)?;
        if let Some(first) = merge.as_ref().and_then(|merge| self.merges.get(merge))
            && self.servers.get(first).is_some_and(|first| !first.was_challenged())
        {
            self.respond_statelessly(flow, Response::to(&request, 482));
            return Ok(());
        }
        if request.method == Method::Cancel {
            return self.receive_cancel(now, flow, via, key, request);
        }
        let (id, request) = self.begin(now, flow, via, key, merge, request)?;
        if request.method == Method::Prack {
            return self.receive_prack(now, id, flow, request);
        }
        if request.method == Method::Invite {
            self.untried.push_back(id);
        }
        self.out.event(Event::Request { id: Some(id), flow, request, acknowledges: None });
        Ok(())
    }

    /// An ACK belongs to a non-2xx by its branch, to a 2xx by its dialog.
    fn receive_ack(&mut self, now: Instant, flow: Flow, mut via: Via, mut request: Request) -> Result<(), HeaderError> {
        let by_branch = self.server_keys.get(&ServerKey::of_invite_or(&request, &via)?).copied();
        let found = match by_branch {
            Some(id) => Some(id),
            None => {
                let number = request.headers.cseq()?.number;
                self.dialogs.get(&DialogKey::of(&request.headers, number)?).copied()
            }
        };
        let acked = found.and_then(|id| Some((id, self.servers.get_mut(&id)?.acknowledge(now, &self.timers))));
        match acked {
            Some((id, Acked::Accepted)) => {
                via::note_source(&mut request.headers, &mut via, flow.remote);
                self.out.event(Event::Request { id: None, flow, request, acknowledges: Some(id) });
                self.settle_server(id);
            }
            Some((id, Acked::Absorbed)) => {
                self.out.counts.absorbed += 1;
                self.settle_server(id);
            }
            Some((_, Acked::Stray)) | None => self.out.counts.stray += 1,
        }
        Ok(())
    }

    fn receive_cancel(
        &mut self,
        now: Instant,
        flow: Flow,
        via: Via,
        key: ServerKey,
        request: Request,
    ) -> Result<(), HeaderError> {
        let invite = self.server_keys.get(&ServerKey::of_invite_or(&request, &via)?).copied();
        let (id, request) = self.begin(now, flow, via, key, None, request)?;
        let Some((invite, server)) = invite.and_then(|invite| Some((invite, self.servers.get(&invite)?))) else {
            self.respond(now, id, Response::to(&request, 481));
            return Ok(());
        };
        let (tag, is_open) = (server.tag.clone(), server.is_open());
        if let Some(cancel) = self.servers.get_mut(&id) {
            cancel.tag = tag;
        }
        self.respond(now, id, Response::to(&request, 200));
        if is_open {
            self.out.event(Event::Cancelled { id: invite });
        }
        Ok(())
    }

    fn receive_prack(&mut self, now: Instant, id: ServerId, flow: Flow, request: Request) -> Result<(), HeaderError> {
        let Ok(rack) = request.headers.rack() else {
            self.respond(now, id, Response::to(&request, 400));
            return Ok(());
        };
        let key = DialogKey::of(&request.headers, rack.cseq)?;
        let invite = self.dialogs.get(&key).copied().filter(|invite| {
            let server = self.servers.get_mut(invite);
            rack.method == Method::Invite && server.is_some_and(|server| server.provisionally_acknowledge(rack.rseq))
        });
        let Some(invite) = invite else {
            self.respond(now, id, Response::to(&request, 481));
            return Ok(());
        };
        self.out.event(Event::Request { id: Some(id), flow, request, acknowledges: Some(invite) });
        if let Some(server) = self.servers.get_mut(&invite) {
            server.proceed(now, &self.timers, &mut self.out);
        }
        self.settle_server(invite);
        Ok(())
    }

    /// A new server transaction; the request gets its source noted.
    fn begin(
        &mut self,
        now: Instant,
        flow: Flow,
        mut via: Via,
        key: ServerKey,
        merge: Option<MergeKey>,
        mut request: Request,
    ) -> Result<(ServerId, Request), HeaderError> {
        let number = request.headers.cseq()?.number;
        let way = via::answering(flow, &via);
        let anew = flow.connection.map(|_| via::anew(flow, &via));
        via::note_source(&mut request.headers, &mut via, flow.remote);
        let id = ServerId(self.next_id());
        let tag = format!("{:016x}", self.random.random::<u64>()).into();
        let begin = Begin { key: key.clone(), merge: merge.clone(), flow: way, anew, tag, number, request: &request };
        let server = Server::start(now, &self.timers, begin);
        self.servers.insert(id, Box::new(server));
        self.server_keys.insert(key, id);
        if let Some(merge) = merge {
            self.merges.insert(merge, id);
        }
        self.ways.insert((way.transport, way.remote, Waiter::Server(id)));
        self.settle_server(id);
        Ok((id, request))
    }
}
