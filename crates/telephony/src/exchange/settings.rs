//! What the exchange is told once, when it is made.

use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
};

use tandem_sip::{
    digest::Algorithm,
    flow::{Flow, Transport},
};

/// The way to other networks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trunk {
    /// Its address.
    pub address: SocketAddr,
    /// Further addresses of it, which are tried in this order when that one cannot take a call.
    pub others: Vec<SocketAddr>,
    /// How it is reached.
    pub transport: Transport,
    /// Our end.
    pub local: SocketAddr,
    /// Whether we register there, with user and password.
    pub registers: bool,
    /// User and password, where it asks for them.
    pub credentials: Option<(String, String)>,
}

impl Trunk {
    /// All its addresses, in the order in which they are tried.
    pub fn addresses(&self) -> impl Iterator<Item = SocketAddr> {
        std::iter::once(self.address).chain(self.others.iter().copied())
    }

    /// The way to one of its addresses.
    #[must_use]
    pub const fn flow(&self, address: SocketAddr) -> Flow {
        Flow { transport: self.transport, local: self.local, remote: address, connection: None }
    }
}

/// What the exchange is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The realm of all digests.
    pub realm: String,
    /// The digests that phones are asked for, the preferred first. More than MD5 only where all phones know RFC 8760: many
    /// give up at a challenge that they do not understand, though another one beside it would do.
    pub digests: Vec<Algorithm>,
    /// The addresses at which media are; per family the first counts.
    pub media: Vec<IpAddr>,
    /// Calls that may go on at once; above that, 503 with `Retry-After`.
    pub calls_max: usize,
    /// Calls to outside that one account may have at once.
    pub account_calls_max: usize,
    /// Other networks; `None`: the exchange's own answering party stands in for them.
    pub trunk: Option<Trunk>,
    /// The folder of recordings whose calls go on; `None`: nothing is recorded.
    pub spool: Option<PathBuf>,
    /// What we call ourselves, in `Server` and `User-Agent`.
    pub product: String,
}

impl Settings {
    /// The address for media towards `remote`: one of its family.
    #[must_use]
    pub fn media_towards(&self, flow: Flow) -> Option<IpAddr> {
        let wanted = flow.remote.is_ipv4();
        self.media.iter().copied().find(|ip| ip.is_ipv4() == wanted)
    }

    /// Our address on a way, as the other end sees it.
    #[must_use]
    pub fn address_on(&self, flow: Flow) -> SocketAddr {
        match self.media_towards(flow) {
            Some(ip) if flow.local.ip().is_unspecified() => SocketAddr::new(ip, flow.local.port()),
            Some(_) | None => flow.local,
        }
    }

    /// Our `Contact` value on a way.
    #[must_use]
    pub fn contact_on(&self, flow: Flow) -> String {
        let address = self.address_on(flow);
        match flow.transport {
            Transport::Udp => format!("<sip:{address}>"),
            // Not `sips:`, which many phones do not know and which would promise TLS on every hop (RFC 5630 §3.1.4).
            Transport::Tcp | Transport::Tls | Transport::Ws | Transport::Wss => {
                format!("<sip:{address};transport={}>", flow.transport.uri_name())
            }
        }
    }

    /// Whether a message came from the trunk.
    #[must_use]
    pub fn is_trunk(&self, flow: Flow) -> bool {
        // A browser is no trunk, wherever it is: behind a proxy, its address is the proxy's.
        let browser = flow.transport.is_web_socket();
        // On one machine, which is how it is tried out, the address alone would let every phone in without a password.
        let is_it = |address: SocketAddr| {
            address.ip() == flow.remote.ip()
                && (!flow.remote.ip().is_loopback() || address.port() == flow.remote.port())
        };
        !browser && self.trunk.as_ref().is_some_and(|trunk| trunk.addresses().any(is_it))
    }
}
