//! What every endpoint has: a SIP address, transactions with the exchange, ports for sound, and randomness.

use std::{
    collections::{HashSet, VecDeque},
    net::SocketAddr,
    ops::RangeInclusive,
    time::{Duration, Instant},
};

use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use tandem_sip::{
    flow::{Flow, Transport},
    message::{self, Name, Request, Response},
    transaction::{ClientId, Event, Output as Sip, ServerId, Timers, Transactions},
};

use crate::{
    endpoint::Output,
    sounds::Sounds,
    voices::{Aim, Order, Speech},
};

/// What an endpoint calls itself.
pub const AGENT: &str = "Tandem demonstration";
/// What it can do, for `Allow` (RFC 3261 §20.5).
pub const ALLOW: &str = "INVITE, ACK, BYE, CANCEL, OPTIONS, INFO, UPDATE";

/// A socket for the sound of one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Port {
    /// Its number among all sockets for sound.
    pub socket: usize,
    /// Where it receives.
    pub address: SocketAddr,
}

/// What every endpoint has.
#[derive(Debug)]
pub struct Station {
    flow: Flow,
    transactions: Transactions,
    random: StdRng,
    sounds: Sounds,
    free: Vec<Port>,
    /// Our BYEs that wait for their response.
    byes: HashSet<ClientId>,
    outputs: VecDeque<Output>,
}

impl Station {
    /// An endpoint at `local`, for the exchange at `exchange`, that can have as many calls at once as there are `ports`.
    #[must_use]
    pub fn new(local: SocketAddr, exchange: SocketAddr, ports: Vec<Port>, sounds: Sounds, seed: u64) -> Self {
        let flow = Flow { transport: Transport::Udp, local, remote: exchange, connection: None };
        let mut random = StdRng::seed_from_u64(seed);
        let transactions = Transactions::new(Timers::default(), random.random());
        Self { flow, transactions, random, sounds, free: ports, byes: HashSet::new(), outputs: VecDeque::new() }
    }

    /// Where we receive SIP.
    pub(crate) const fn local(&self) -> SocketAddr {
        self.flow.local
    }

    /// Where the exchange does.
    pub(crate) const fn exchange(&self) -> SocketAddr {
        self.flow.remote
    }

    pub(crate) const fn sounds(&self) -> &Sounds {
        &self.sounds
    }

    /// A token for tags, Call-IDs and nonces of ours.
    pub(crate) fn token(&mut self) -> String {
        format!("{:016x}", self.random.random::<u64>())
    }

    /// A number that names a session in its descriptions.
    pub(crate) fn session_id(&mut self) -> u64 {
        u64::from(self.random.random::<u32>())
    }

    /// Any time between these many milliseconds.
    pub(crate) fn between(&mut self, milliseconds: RangeInclusive<u64>) -> Duration {
        Duration::from_millis(self.random.random_range(milliseconds))
    }

    /// Whether something happens that happens once in so many times.
    pub(crate) fn once_in(&mut self, times: u32) -> bool {
        self.random.random_ratio(1, times.max(1))
    }

    pub(crate) const fn random(&mut self) -> &mut StdRng {
        &mut self.random
    }

    /// A port for a call; `None` when all are taken.
    pub(crate) fn take_port(&mut self) -> Option<Port> {
        self.free.pop()
    }

    /// The call is over.
    pub(crate) fn give_back(&mut self, port: Port) {
        self.outputs.push_back(Output::Sound { socket: port.socket, order: Order::Hush });
        // The one that was not used for longest comes first: what still arrives for the last call is not for the next.
        self.free.insert(0, port);
    }

    pub(crate) fn speak(&mut self, port: Port, clip: tandem_media::Clip, repeats: bool, aim: Option<Aim>) {
        let (ssrc, sequence, timestamp) = self.random.random();
        let order = Order::Speak(Speech { clip, repeats, aim, ssrc, sequence, timestamp });
        self.outputs.push_back(Output::Sound { socket: port.socket, order });
    }

    pub(crate) fn aim(&mut self, port: Port, aim: Option<Aim>) {
        self.outputs.push_back(Output::Sound { socket: port.socket, order: Order::Aim(aim) });
    }

    /// Sends a request to the exchange.
    pub(crate) fn request(&mut self, now: Instant, mut request: Request) -> ClientId {
        request.headers.push(Name::UserAgent, AGENT);
        self.transactions.request(now, self.flow, request)
    }

    /// Sends a BYE, whose response concerns nobody any more.
    pub(crate) fn bye(&mut self, now: Instant, bye: Request) {
        let client = self.request(now, bye);
        self.byes.insert(client);
    }

    pub(crate) fn cancel(&mut self, now: Instant, client: ClientId) {
        self.transactions.cancel(now, client, None);
    }

    pub(crate) fn ack(&mut self, now: Instant, client: ClientId, ack: Request) {
        self.transactions.ack(now, self.flow, client, ack);
    }

    pub(crate) fn respond(&mut self, now: Instant, server: ServerId, mut response: Response) {
        response.headers.set(Name::Server, AGENT);
        self.transactions.respond(now, server, response);
    }

    /// Answers with a status alone.
    pub(crate) fn just(&mut self, now: Instant, server: ServerId, request: &Request, status: u16) {
        let mut response = Response::to(request, status);
        if matches!(status, 200 | 405) {
            response.headers.push(Name::Allow, ALLOW);
        }
        self.respond(now, server, response);
    }

    /// A datagram came. Nobody but the exchange is listened to.
    pub(crate) fn receive(&mut self, now: Instant, from: SocketAddr, bytes: &[u8]) {
        if from != self.flow.remote {
            return;
        }
        match message::parse(bytes) {
            Ok(message) => self.transactions.receive(now, self.flow, message),
            Err(malformed) => tracing::debug!(?malformed, "the exchange sent what is no SIP message"),
        }
    }

    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        self.transactions.handle_timeout(now);
    }

    pub(crate) fn next_timeout(&self) -> Option<Instant> {
        self.transactions.next_timeout()
    }

    /// What the endpoint must know next; what is to be sent is put among the outputs on the way.
    pub(crate) fn next_event(&mut self) -> Option<Event> {
        loop {
            match self.transactions.poll()? {
                Sip::Send { flow, bytes } => self.outputs.push_back(Output::Send { to: flow.remote, bytes }),
                Sip::Event(event) => {
                    if !self.is_of_a_bye(&event) {
                        return Some(event);
                    }
                }
            }
        }
    }

    fn is_of_a_bye(&mut self, event: &Event) -> bool {
        match event {
            Event::Response { id, response } if response.is_provisional() => self.byes.contains(id),
            Event::Response { id, .. } | Event::Failed { id, .. } => self.byes.remove(id),
            Event::Request { .. } | Event::Cancelled { .. } | Event::Unacknowledged { .. } => false,
        }
    }

    pub(crate) fn next_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// Whether none of our BYEs waits.
    pub(crate) fn is_quiet(&self) -> bool {
        self.byes.is_empty()
    }
}
