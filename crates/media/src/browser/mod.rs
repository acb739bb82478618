//! Browsers as parties: ICE, DTLS and SRTP on one UDP port (per local address) that all of them share.
//!
//! A browser's leg is a leg like any other; only its path is another. What comes: each worker has a socket on the shared port,
//! and the kernel gives what comes from one browser to one of them, always the same. The worker looks up whose each datagram
//! is (`routes`); if another worker has the leg, that one finds it in its `inbox`. The leg's [`Peer`] checks it and opens it
//! where it is, and what was inside goes into the router as a plain packet, RTCP too. What goes: the router's packet for the
//! leg is sealed by its [`Peer`] and leaves through the shared port at once. A call of a browser moves to the worker to which its packets come,
//! before it begins, so that nothing needs to be handed over; what cannot move works all the same.
//!
//! | module | the question it answers |
//! | --- | --- |
//! | `routes` | whose is a datagram? |
//! | `inbox` | how does it come to the worker that has the leg, if not directly? |
//! | `peer` | may it be believed, and what is in it? |
//! | `secure` | DTLS and SRTP of one browser |
//!
//! What protects a leg: a datagram is looked at only if it is STUN that names this leg, or comes from an address that has
//! proved, by STUN with the leg's password, that it belongs to it; DTLS must show the certificate of the signalled
//! fingerprint; audio must be of the SRTP keys that came of that. Whatever is nobody's costs one look into a table.

mod inbox;
mod peer;
mod routes;
mod secure;

use std::{
    io,
    net::{IpAddr, SocketAddr, UdpSocket},
    sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard, atomic::AtomicU64},
    time::Instant,
};

use rand::Rng as _;
use rustix::net::sockopt;
use str0m::{
    config::{CryptoProvider, DtlsCert},
    ice::IceCreds,
};

use self::routes::Routes;
pub(crate) use self::{
    inbox::{Batch, Head, Inbox},
    peer::{Happening, Peer, Received},
};
use crate::types::{LegId, Local};

/// Room for what comes and goes in bursts, in octets: all browsers share it.
const SOCKET_BUFFER: usize = 4 << 20;
/// Letters of an ICE name and of its password (RFC 8839 §5.4: at least 4 and 22; 24 and 128 bits of chance).
const UFRAG: usize = 8;
const PASSWORD: usize = 24;
/// The letters themselves; ICE has two more.
const LETTERS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// What all browsers' legs of an engine share.
pub(crate) struct Gateway {
    sockets: Vec<Shared>,
    /// Addresses by which the sockets are reached besides their own.
    public: Vec<IpAddr>,
    lite: bool,
    crypto: CryptoProvider,
    certificate: DtlsCert,
    fingerprint: String,
    routes: RwLock<Routes>,
    /// Datagrams that were nobody's, or that no worker could take.
    pub ignored: AtomicU64,
}

/// A port that all browsers share: a socket for each worker.
#[derive(Debug)]
struct Shared {
    sockets: Vec<UdpSocket>,
    address: SocketAddr,
}

impl std::fmt::Debug for Gateway {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gateway").field("sockets", &self.sockets).field("public", &self.public).finish_non_exhaustive()
    }
}

impl Gateway {
    /// Bind the sockets, one for each worker on each address, and make the certificate, which lasts as long as this.
    ///
    /// # Errors
    /// When an address is unspecified, there is none, or the system refuses.
    pub fn new(addresses: &[SocketAddr], public: Vec<IpAddr>, lite: bool, workers: usize) -> io::Result<Self> {
        if addresses.is_empty() || addresses.iter().any(|address| address.ip().is_unspecified()) {
            let what = "browsers need to be told an address of this machine each: name them, not all of them at once";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, what));
        }
        let bind = |&address: &SocketAddr| Shared::bind(address, workers);
        let sockets = addresses.iter().map(bind).collect::<io::Result<Vec<_>>>()?;
        let crypto = str0m::crypto::from_feature_flags();
        let certificate = crypto
            .dtls_provider
            .generate_certificate()
            .ok_or_else(|| io::Error::other("no certificate could be made for browsers"))?;
        let digest = crypto.sha256_provider.sha256(&certificate.certificate);
        let digest: Vec<String> = digest.iter().map(|octet| format!("{octet:02X}")).collect();
        Ok(Self {
            sockets,
            public,
            lite,
            crypto,
            certificate,
            fingerprint: format!("sha-256 {}", digest.join(":")),
            routes: RwLock::default(),
            ignored: AtomicU64::new(0),
        })
    }

    /// Name a new leg, and let what is for it come to this worker. Gives what we say about it.
    pub fn admit(&self, leg: LegId, worker: usize) -> Local {
        let mut routes = self.routes();
        let credentials = self.credentials(&mut routes, leg, worker);
        let source = rand::rng().random_range(1..=u32::MAX);
        routes.set_source(leg, source);
        self.local(credentials, source)
    }

    /// Give a leg another name, for ICE to start anew. `None` if there is no such leg.
    pub fn rename(&self, leg: LegId) -> Option<Local> {
        let mut routes = self.routes();
        let (worker, source) = (routes.worker(leg)?, routes.source(leg)?);
        let credentials = self.credentials(&mut routes, leg, worker);
        Some(self.local(credentials, source))
    }

    fn credentials(&self, routes: &mut Routes, leg: LegId, worker: usize) -> IceCreds {
        let mut rng = rand::rng();
        let mut word = |length| -> String {
            (0..length).map(|_| char::from(LETTERS[rng.random_range(0..LETTERS.len())])).collect()
        };
        let mut ufrag = word(UFRAG);
        while !routes.name(leg, worker, &ufrag) {
            ufrag = word(UFRAG);
        }
        IceCreds { ufrag, pass: word(PASSWORD) }
    }

    fn local(&self, credentials: IceCreds, ssrc: u32) -> Local {
        let mut candidates: Vec<SocketAddr> = self.sockets.iter().map(|shared| shared.address).collect();
        let address = candidates.remove(0);
        for &ip in &self.public {
            let same = |shared: &&Shared| shared.address.is_ipv4() == ip.is_ipv4();
            if let Some(port) = self.sockets.iter().find(same).map(|shared| shared.address.port()) {
                candidates.push(SocketAddr::new(ip, port));
            }
        }
        let IceCreds { ufrag, pass: pwd } = credentials;
        Local { address, candidates, ufrag, pwd, fingerprint: self.fingerprint.clone(), ssrc, lite: self.lite }
    }

    /// A leg is with another worker from now on.
    pub fn moved(&self, leg: LegId, worker: usize) {
        self.routes().moved(leg, worker);
    }

    fn routes(&self) -> RwLockWriteGuard<'_, Routes> {
        self.routes.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// The sockets of a worker.
    pub fn sockets_of(&self, worker: usize) -> impl Iterator<Item = &UdpSocket> {
        self.sockets.iter().filter_map(move |shared| shared.sockets.get(worker))
    }

    /// The table of whose a datagram is. While it is held, no leg moves.
    pub fn reading(&self) -> RwLockReadGuard<'_, Routes> {
        self.routes.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Send from one of the sockets. Late media is no media: what the system does not take is dropped.
    fn send(&self, leg: LegId, socket: usize, to: SocketAddr, octets: &[u8]) -> bool {
        let Some(Shared { sockets, .. }) = self.sockets.get(socket) else { return false };
        // Any of them is as good; different ones are not in each other's way.
        sockets.get(leg.0 as usize % sockets.len()).is_some_and(|socket| socket.send_to(octets, to).is_ok())
    }

    /// The socket at a local address.
    fn socket_at(&self, address: SocketAddr) -> Option<usize> {
        self.sockets.iter().position(|shared| shared.address == address)
    }

    /// An address has proved that it is a leg's. Gives whether it is believed.
    fn verified(&self, now: Instant, leg: LegId, socket: usize, from: SocketAddr) -> bool {
        self.routes().claim(now, leg, socket, from)
    }

    /// A check was sent for a leg: its answer is the leg's.
    fn asked(&self, now: Instant, leg: LegId, transaction: [u8; 12]) {
        self.routes().ask(now, leg, transaction);
    }

    /// A leg is gone.
    fn forget(&self, leg: LegId) {
        self.routes().forget(leg);
    }
}

impl Shared {
    fn bind(address: SocketAddr, workers: usize) -> io::Result<Self> {
        // Sockets that share a port also share it with another process of the same user: first see that it is free.
        let address = crate::engine::bind(address, false)?.local_addr()?;
        let sockets = (0..workers).map(|_| crate::engine::bind(address, true)).collect::<io::Result<Vec<_>>>()?;
        for socket in &sockets {
            // A wish, as far as the system allows.
            let _ = sockopt::set_socket_recv_buffer_size(socket, SOCKET_BUFFER);
            let _ = sockopt::set_socket_send_buffer_size(socket, SOCKET_BUFFER);
        }
        Ok(Self { sockets, address })
    }
}
