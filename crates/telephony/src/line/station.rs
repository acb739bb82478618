//! What all calls of a line share: the way to the exchange, transactions, randomness, and what goes out.

use std::{collections::VecDeque, time::Instant};

use bytes::Bytes;
use rand::{Rng as _, rngs::StdRng};
use tandem_domain::phone::{CallNumber, RecordWish, ToBrowser, WishKind};
use tandem_sip::{
    flow::Flow,
    message::{HostPort, Name, NameAddr, Request, Response, Uri},
    transaction::{ClientId, Event, Output as Sip, ServerId, Timers, Transactions},
};

/// What a line calls itself, in `User-Agent` and `Server`.
pub(super) const AGENT: &str = "Tandem browser phone";
/// What it can do, for `Allow` (RFC 3261 §20.5).
const ALLOW: &str = "INVITE, ACK, BYE, CANCEL, OPTIONS, UPDATE, INFO, NOTIFY";
/// The media type of a session description.
pub(super) const SDP: &str = "application/sdp";

/// What is to be done for a line.
#[derive(Debug, Clone, PartialEq)]
pub enum Output {
    /// Send this to the exchange: one SIP message.
    Send(Bytes),
    /// Tell the browser.
    Browser(ToBrowser),
    /// The account wants something of the recording of its call.
    Record {
        /// The tag by which the exchange names its leg to this phone.
        leg: String,
        /// What.
        wish: RecordWish,
    },
    /// *Do not disturb* was switched: to be kept and shown. What it means for calls, the line does itself.
    DoNotDisturb(bool),
}

/// What all calls of a line share.
#[derive(Debug)]
pub(super) struct Station {
    flow: Flow,
    user: String,
    name: String,
    contact: Uri,
    pub(super) transactions: Transactions,
    random: StdRng,
    outputs: VecDeque<Output>,
    /// Whether there is a browser to tell anything.
    pub(super) browser: bool,
}

impl Station {
    pub(super) fn new(flow: Flow, user: &str, name: &str, mut random: StdRng) -> Self {
        // A browser has no address (RFC 7118 §5.2): only the flow leads to it.
        let host = format!("{:016x}.invalid", random.random::<u64>());
        let host: HostPort = host.parse().unwrap_or_else(|_| flow.remote.into());
        Self {
            flow,
            user: user.to_owned(),
            name: name.to_owned(),
            contact: Uri::sip(Some(user), host).with_param("transport", Some("ws")),
            transactions: Transactions::new(Timers::default(), random.random()),
            random,
            outputs: VecDeque::new(),
            browser: false,
        }
    }

    pub(super) const fn flow(&self) -> Flow {
        self.flow
    }

    /// A token nobody can guess.
    pub(super) fn token(&mut self) -> String {
        format!("{:016x}", self.random.random::<u64>())
    }

    /// Any number of milliseconds up to this.
    pub(super) fn up_to(&mut self, milliseconds: u64) -> u64 {
        self.random.random_range(0..=milliseconds)
    }

    /// The address of a user of the exchange; of the exchange itself.
    pub(super) fn address(&self, user: Option<&str>) -> Uri {
        Uri::sip(user, self.flow.local)
    }

    /// Who we are.
    pub(super) fn us(&self) -> NameAddr {
        let us = NameAddr::from(self.address(Some(&self.user)));
        if self.name.is_empty() { us } else { us.with_display_name(&self.name) }
    }

    /// Our `Contact` URI.
    pub(super) const fn contact(&self) -> &Uri {
        &self.contact
    }

    pub(super) fn request(&mut self, now: Instant, mut request: Request) -> ClientId {
        request.headers.push(Name::UserAgent, AGENT);
        if !request.headers.has(&Name::Contact) {
            request.headers.push(Name::Contact, NameAddr::from(self.contact.clone()).to_string());
        }
        self.transactions.request(now, self.flow, request)
    }

    pub(super) fn ack(&mut self, now: Instant, client: ClientId, ack: Request) {
        self.transactions.ack(now, self.flow, client, ack);
    }

    pub(super) fn cancel(&mut self, now: Instant, client: ClientId) {
        self.transactions.cancel(now, client, None);
    }

    /// Answers a request: with our tag, our `Contact` and what we can.
    pub(super) fn respond(
        &mut self,
        now: Instant,
        server: ServerId,
        request: &Request,
        status: u16,
        tag: &str,
        sdp: Option<&str>,
    ) {
        let mut response = Response::to(request, status);
        // What has no `To` that can be read gets a tag from nobody.
        let _ = response.headers.tag_to(tag);
        let headers = &mut response.headers;
        headers.push(Name::Contact, NameAddr::from(self.contact.clone()).to_string());
        headers.push(Name::Allow, ALLOW);
        headers.push(Name::Server, AGENT);
        if status == 500 {
            headers.push(Name::RetryAfter, "1");
        }
        if let Some(sdp) = sdp {
            response.set_body(SDP, sdp.to_owned());
        }
        self.transactions.respond(now, server, response);
    }

    /// Tells the browser, if there is one.
    pub(super) fn say(&mut self, message: ToBrowser) {
        if self.browser {
            self.outputs.push_back(Output::Browser(message));
        }
    }

    /// Tells the browser that a wish cannot be granted; without a `wish`, that the line does not work.
    pub(super) fn refuse(&mut self, call: Option<CallNumber>, wish: Option<WishKind>, words: &str) {
        self.say(ToBrowser::Refused { call, wish, words: words.to_owned() });
    }

    pub(super) fn output(&mut self, output: Output) {
        self.outputs.push_back(output);
    }

    pub(super) fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// What the line must know next; what is to be sent is put among the outputs on the way.
    pub(super) fn next_event(&mut self) -> Option<Event> {
        loop {
            match self.transactions.poll()? {
                Sip::Send { bytes, .. } => self.outputs.push_back(Output::Send(bytes)),
                Sip::Event(event) => return Some(event),
            }
        }
    }
}
