//! All transactions together: finds the one that a message belongs to, and forgets it at its end.

use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    hash::{DefaultHasher, Hash, Hasher},
    net::SocketAddr,
    time::Instant,
};

use rand::{Rng, SeedableRng, rngs::StdRng};

use super::{
    client::{Client, Sent},
    event::{ClientId, Counts, Output, ServerId},
    key::{ClientKey, DialogKey, MergeKey, ServerKey},
    large::Streams,
    outbox::Out,
    server::{Server, ensure_tag},
    timers::{Queue, Timers, Waiter},
    via,
};
use crate::{
    flow::{Flow, Transport},
    message::{MAGIC_COOKIE, Message, Method, Name, Request, Response, Via},
};

/// How many server transactions are kept unless told otherwise.
const MOST_SERVERS: usize = 200_000;

/// The transaction layer (RFC 3261 §17). See the [module](super) for the contract.
#[derive(Debug)]
pub struct Transactions {
    pub(super) timers: Timers,
    pub(super) random: StdRng,
    /// Makes the tags of stateless answers ours.
    secret: u64,
    pub(super) most_servers: usize,
    last_id: u64,
    /// Boxed: a table in which entries come and go doubles once, long after it held all of them, as soon as its last place
    /// that was never used is gone. What it has twice then should be small.
    pub(super) clients: HashMap<ClientId, Box<Client>>,
    pub(super) servers: HashMap<ServerId, Box<Server>>,
    pub(super) client_keys: HashMap<ClientKey, ClientId>,
    pub(super) server_keys: HashMap<ServerKey, ServerId>,
    pub(super) merges: HashMap<MergeKey, ServerId>,
    pub(super) dialogs: HashMap<DialogKey, ServerId>,
    /// Who would hear of a failed transport.
    pub(super) ways: BTreeSet<(Transport, SocketAddr, Waiter)>,
    queue: Queue,
    streams: Streams,
    /// INVITEs that get their 100 at the end of the turn.
    pub(super) untried: VecDeque<ServerId>,
    pub(super) out: Out,
}

impl Transactions {
    /// An empty layer. Branches and tags come from `seed`: for tests.
    #[must_use]
    pub fn new(timers: Timers, seed: u64) -> Self {
        Self::with(timers, StdRng::seed_from_u64(seed))
    }

    /// An empty layer with branches and tags that nobody can guess.
    #[must_use]
    pub fn from_os_rng(timers: Timers) -> Self {
        Self::with(timers, StdRng::from_os_rng())
    }

    fn with(timers: Timers, mut random: StdRng) -> Self {
        Self {
            timers,
            secret: random.random(),
            random,
            most_servers: MOST_SERVERS,
            last_id: 0,
            clients: HashMap::new(),
            servers: HashMap::new(),
            client_keys: HashMap::new(),
            server_keys: HashMap::new(),
            merges: HashMap::new(),
            dialogs: HashMap::new(),
            ways: BTreeSet::new(),
            queue: Queue::default(),
            streams: Streams::default(),
            untried: VecDeque::new(),
            out: Out::default(),
        }
    }

    /// Keeps at most this many server transactions: further requests are refused with 503. There is a quarter more room
    /// for what may end something: requests inside a dialog, and CANCELs, which are dropped when that is full too.
    /// 200,000 unless set.
    pub fn limit_servers(&mut self, most: usize) {
        self.most_servers = most;
    }

    /// Whether requests that are too large for a datagram go by TCP where they can (RFC 3261 §18.1.1). Only where we are reached
    /// by TCP at the addresses of UDP. Not unless set.
    pub fn allow_streams(&mut self, allowed: bool) {
        self.streams.allow(allowed);
    }

    /// A message came. What belongs to nothing, or lacks what would tell where it belongs, is dropped and counted.
    pub fn receive(&mut self, now: Instant, flow: Flow, message: Message) {
        let understood = match message {
            Message::Request(request) => self.receive_request(now, flow, request),
            Message::Response(response) => self.receive_response(now, response),
        };
        if understood.is_err() {
            self.out.counts.stray += 1;
        }
    }

    /// Sends a request (not an ACK, not a CANCEL): its `Via` is put on top, `Max-Forwards` 70 added if it has none. Where that
    /// is allowed, one that is too large for a datagram goes by TCP instead.
    pub fn request(&mut self, now: Instant, flow: Flow, mut request: Request) -> ClientId {
        let branch = self.dress(flow, &mut request);
        let key = ClientKey::new(&branch, &request.method);
        let sent = Sent::new(flow, request);
        let sent = match self.streams.instead_of(now, flow, sent.bytes.len()) {
            Some(stream) => sent.by_stream(stream, &branch, now + 2 * self.timers.t1),
            None => sent,
        };
        self.start(now, sent, key, false)
    }

    /// Cancels an INVITE, as soon as it has a provisional response (RFC 3261 §9.1); `reason` is the value of a `Reason`
    /// header (RFC 3326). A final response comes all the same, 487 most likely, or else
    /// [`Event::Failed`](super::Event::Failed) after 64·T1. Nothing happens when there is a final response already.
    pub fn cancel(&mut self, now: Instant, id: ClientId, reason: Option<&str>) {
        let Some(client) = self.clients.get_mut(&id) else { return };
        let cancel = client.cancel(now, &self.timers, reason);
        self.send_cancel(now, id, cancel);
    }

    /// Sends the ACK of a 2xx. It is kept and sent again whenever that 2xx (with the same `To` tag) comes again.
    pub fn ack(&mut self, _now: Instant, flow: Flow, id: ClientId, mut ack: Request) {
        self.dress(flow, &mut ack);
        let bytes = ack.to_bytes();
        if let Some(client) = self.clients.get_mut(&id) {
            client.keep_ack(flow, &ack, &bytes);
        }
        self.out.send(flow, bytes);
    }

    /// Answers a request. Nothing happens after the final response. A 2xx to an INVITE waits while a session
    /// description in a reliable provisional response has no PRACK yet (RFC 3262 §3).
    pub fn respond(&mut self, now: Instant, id: ServerId, response: Response) {
        let Some(server) = self.servers.get_mut(&id) else { return };
        let dialog = server.respond(now, &self.timers, response, &mut self.out);
        self.enter(id, dialog);
        self.settle_server(id);
    }

    /// Answers an INVITE with a provisional response (101–199) that the other end must acknowledge with a PRACK (RFC
    /// 3262 §3): `RSeq` and `Require: 100rel` are added. The caller must have said `Supported: 100rel`.
    pub fn respond_reliably(&mut self, now: Instant, id: ServerId, response: Response) {
        let Some(server) = self.servers.get_mut(&id) else { return };
        let first = self.random.random_range(1..0x1000_0000);
        let dialog = server.respond_reliably(now, &self.timers, response, first, &mut self.out);
        self.enter(id, dialog);
        self.settle_server(id);
    }

    /// Answers a request that has no transaction: malformed ones, and all under overload. `flow` is the way that the
    /// request came; the same request gets the same `To` tag.
    pub fn respond_statelessly(&mut self, flow: Flow, mut response: Response) {
        let top = response.headers.via();
        let mut hasher = DefaultHasher::new();
        self.secret.hash(&mut hasher);
        top.as_ref().ok().map(Via::branch).hash(&mut hasher);
        for name in [Name::CallId, Name::From, Name::CSeq] {
            response.headers.get(&name).hash(&mut hasher);
        }
        let tag = format!("{:016x}", hasher.finish());
        let way = match top {
            Ok(mut via) => {
                let way = via::answering(flow, &via);
                via::note_source(&mut response.headers, &mut via, flow.remote);
                way
            }
            // One that cannot be read goes back as it came, and where it came from.
            Err(_) if response.headers.has(&Name::Via) => flow,
            Err(_) => {
                self.out.counts.stray += 1;
                return;
            }
        };
        if response.status > 100 {
            ensure_tag(&mut response.headers, &tag);
        }
        self.out.send(way, response.to_bytes());
    }

    /// What was sent this way did not arrive, or the connection is gone. Requests that wait for a response from there
    /// fail; answers try a connection to the port that the client wrote into its `Via`, once.
    pub fn transport_failed(&mut self, now: Instant, flow: Flow) {
        let first = (flow.transport, flow.remote, Waiter::Client(ClientId(0)));
        let last = (flow.transport, flow.remote, Waiter::Server(ServerId(u64::MAX)));
        let waiters: Vec<Waiter> = self.ways.range(first..=last).map(|(_, _, waiter)| *waiter).collect();
        for waiter in waiters {
            match waiter {
                Waiter::Client(id) => {
                    if let Some(client) = self.clients.get_mut(&id)
                        && goes(client.flow, flow)
                    {
                        let before = client.flow;
                        client.transport_failed(id, now, &self.timers, &mut self.out);
                        self.follow(now, id, before);
                        self.settle_client(id);
                    }
                }
                Waiter::Server(id) => {
                    if let Some(server) = self.servers.get_mut(&id)
                        && goes(server.flow, flow)
                        && let Some(anew) = server.transport_failed(&mut self.out)
                    {
                        self.ways.remove(&(flow.transport, flow.remote, waiter));
                        self.ways.insert((anew.transport, anew.remote, waiter));
                    }
                }
            }
        }
    }

    /// Does what is due.
    pub fn handle_timeout(&mut self, now: Instant) {
        while let Some(waiter) = self.queue.pop(now) {
            match waiter {
                Waiter::Client(id) => {
                    if let Some(client) = self.clients.get_mut(&id) {
                        client.queued = None;
                        let before = client.flow;
                        client.handle_timeout(id, now, &self.timers, &mut self.out);
                        self.follow(now, id, before);
                        self.settle_client(id);
                    }
                }
                Waiter::Server(id) => {
                    if let Some(server) = self.servers.get_mut(&id) {
                        server.queued = None;
                        server.handle_timeout(id, now, &self.timers, &mut self.out);
                        self.settle_server(id);
                    }
                }
            }
        }
    }

    /// When [`Self::handle_timeout`] has something to do; `None` when nothing waits.
    #[must_use]
    pub fn next_timeout(&self) -> Option<Instant> {
        self.queue.next()
    }

    /// The next output. `None` ends the turn: an INVITE that came in it and has no response yet gets its 100 before
    /// that.
    pub fn poll(&mut self) -> Option<Output> {
        loop {
            if let Some(output) = self.out.pop() {
                return Some(output);
            }
            let id = self.untried.pop_front()?;
            if let Some(server) = self.servers.get_mut(&id) {
                server.send_trying(&mut self.out);
            }
        }
    }

    /// How much there is.
    #[must_use]
    pub fn counts(&self) -> Counts {
        Counts {
            client: self.clients.len(),
            server: self.servers.len(),
            entries: self.client_keys.len()
                + self.server_keys.len()
                + self.merges.len()
                + self.dialogs.len()
                + self.ways.len()
                + self.queue.len()
                + self.untried.len(),
            ..self.out.counts
        }
    }

    fn start(&mut self, now: Instant, sent: Sent, key: ClientKey, silent: bool) -> ClientId {
        let id = ClientId(self.next_id());
        let flow = sent.flow;
        self.client_keys.insert(key.clone(), id);
        let client = Client::start(now, &self.timers, sent, key, silent, &mut self.out);
        self.clients.insert(id, Box::new(client));
        self.ways.insert((flow.transport, flow.remote, Waiter::Client(id)));
        self.settle_client(id);
        id
    }

    /// A client transaction may go another way than before: as a datagram, since a stream did not carry it.
    fn follow(&mut self, now: Instant, id: ClientId, before: Flow) {
        if let Some(client) = self.clients.get(&id)
            && client.flow != before
        {
            self.ways.remove(&(before.transport, before.remote, Waiter::Client(id)));
            self.ways.insert((client.flow.transport, client.flow.remote, Waiter::Client(id)));
            self.streams.failed(now, before.remote);
        }
    }

    /// Sends the CANCEL of a client transaction, if there is one to send, and settles both.
    pub(super) fn send_cancel(&mut self, now: Instant, id: ClientId, cancel: Option<Request>) {
        if let Some(cancel) = cancel
            && let Some(client) = self.clients.get(&id)
            && let Ok(via) = cancel.headers.via()
        {
            let flow = client.flow;
            let key = ClientKey::new(via.branch().unwrap_or_default(), &Method::Cancel);
            self.start(now, Sent::new(flow, cancel), key, true);
        }
        self.settle_client(id);
    }

    /// Puts a `Via` with a new branch on top; gives the branch.
    fn dress(&mut self, flow: Flow, request: &mut Request) -> String {
        let branch = format!("{MAGIC_COOKIE}{:032x}", self.random.random::<u128>());
        request.headers.push_front(Name::Via, via::ours(flow, &branch));
        if request.headers.get(&Name::MaxForwards).is_none() {
            request.headers.push(Name::MaxForwards, "70");
        }
        branch
    }

    fn enter(&mut self, id: ServerId, dialog: Option<DialogKey>) {
        if let Some(dialog) = dialog
            && let Some(server) = self.servers.get_mut(&id)
            && !server.dialogs.contains(&dialog)
        {
            server.dialogs.push(dialog.clone());
            self.dialogs.insert(dialog, id);
        }
    }

    pub(super) fn next_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    /// After every change: queued for its next time, or forgotten.
    pub(super) fn settle_client(&mut self, id: ClientId) {
        let Some(client) = self.clients.get_mut(&id) else { return };
        let at = if client.is_over() { None } else { client.next_timeout() };
        self.queue.reschedule(Waiter::Client(id), &mut client.queued, at);
        if client.is_over()
            && let Some(client) = self.clients.remove(&id)
        {
            self.client_keys.remove(&client.key);
            self.ways.remove(&(client.flow.transport, client.flow.remote, Waiter::Client(id)));
        }
    }

    pub(super) fn settle_server(&mut self, id: ServerId) {
        let Some(server) = self.servers.get_mut(&id) else { return };
        let at = if server.is_over() { None } else { server.next_timeout() };
        self.queue.reschedule(Waiter::Server(id), &mut server.queued, at);
        if server.is_over()
            && let Some(server) = self.servers.remove(&id)
        {
            self.server_keys.remove(&server.key);
            self.ways.remove(&(server.flow.transport, server.flow.remote, Waiter::Server(id)));
            if let Some(merge) = &server.merge {
                forget(&mut self.merges, merge, id);
            }
            for dialog in &server.dialogs {
                forget(&mut self.dialogs, dialog, id);
            }
        }
    }
}

/// Removes an entry, unless it has become another's.
fn forget<K: Hash + Eq>(index: &mut HashMap<K, ServerId>, key: &K, id: ServerId) {
    if index.get(key) == Some(&id) {
        index.remove(key);
    }
}

/// Whether what goes by `flow` went by the way that failed. What names no connection may have used any to the same end.
fn goes(flow: Flow, failed: Flow) -> bool {
    let same_end = flow.transport == failed.transport && flow.remote == failed.remote;
    let same_way = if flow.transport.is_reliable() {
        flow.connection == failed.connection || flow.connection.is_none()
    } else {
        flow.local == failed.local
    };
    same_end && same_way
}
