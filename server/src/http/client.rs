//! Who really asks: the client behind the reverse proxies that the configuration trusts.

use std::net::{IpAddr, SocketAddr};

use axum::{
    extract::{ConnectInfo, Request, State},
    http::HeaderMap,
    middleware::Next,
    response::Response,
};
use tandem_app::server::ClientAddr;

use crate::config::Networks;

const FORWARDED_FOR: &str = "x-forwarded-for";

/// How a request reached us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin {
    /// The client's address.
    pub client: IpAddr,
    /// No proxy was in between, as far as the request shows.
    pub direct: bool,
}

/// Adds [`ClientAddr`] for the application and [`Origin`] for the layers here.
pub async fn identify(State(trusted): State<Networks>, mut request: Request, next: Next) -> Response {
    // Without a socket (in a test) the request comes from this machine.
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let peer = peer.map_or(IpAddr::from([127, 0, 0, 1]), |ConnectInfo(address)| address.ip().to_canonical());
    let origin = origin_of(peer, request.headers(), &trusted);
    request.extensions_mut().insert(origin);
    request.extensions_mut().insert(ClientAddr(origin.client));
    next.run(request).await
}

/// Walks from the peer outwards, as long as who speaks is trusted. Each proxy appends the address that it saw, so what
/// stands left of the first untrusted address is only that client's claim.
fn origin_of(peer: IpAddr, headers: &HeaderMap, trusted: &Networks) -> Origin {
    let direct =
        !["forwarded", FORWARDED_FOR, "x-forwarded-proto", "via"].iter().any(|name| headers.contains_key(*name));
    let mut origin = Origin { client: peer, direct };
    if !trusted.contains(peer) {
        return origin;
    }
    let hops = headers.get_all(FORWARDED_FOR).iter().filter_map(|value| value.to_str().ok());
    let hops: Vec<&str> = hops.flat_map(|value| value.split(',')).collect();
    for hop in hops.into_iter().rev() {
        let Some(address) = address_in(hop.trim()) else { break };
        origin.client = address;
        if !trusted.contains(address) {
            break;
        }
    }
    origin
}

/// Some proxies write the port too: `10.0.0.1:4711`, `[::1]:4711`.
fn address_in(hop: &str) -> Option<IpAddr> {
    let address = hop.parse().ok().or_else(|| hop.parse::<SocketAddr>().ok().map(|socket| socket.ip()));
    address.map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Setting;
    use axum::http::HeaderValue;

    fn origin(peer: &str, forwarded: &[&'static str]) -> String {
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append(FORWARDED_FOR, HeaderValue::from_static(value));
        }
        let trusted = Networks::read("10.0.0.0/8").unwrap();
        origin_of(peer.parse().unwrap(), &headers, &trusted).client.to_string()
    }

    #[test]
    fn a_stranger_cannot_claim_another_address() {
        assert_eq!(origin("198.51.100.7", &["192.0.2.1"]), "198.51.100.7");
    }

    #[test]
    fn a_trusted_proxy_tells_the_client() {
        assert_eq!(origin("10.0.0.1", &["198.51.100.7"]), "198.51.100.7");
    }

    #[test]
    fn what_a_client_wrote_before_the_proxy_appended_is_ignored() {
        assert_eq!(origin("10.0.0.1", &["192.0.2.1", "192.0.2.2, 198.51.100.7, 10.0.0.2"]), "198.51.100.7");
    }

    #[test]
    fn a_hop_that_is_no_address_ends_the_walk() {
        assert_eq!(origin("10.0.0.1", &["198.51.100.7, unknown"]), "10.0.0.1");
    }

    #[test]
    fn ports_and_mapped_addresses_are_read() {
        assert_eq!(origin("10.0.0.1", &["198.51.100.7:4711"]), "198.51.100.7");
        assert_eq!(origin("10.0.0.1", &["::ffff:198.51.100.7"]), "198.51.100.7");
        assert_eq!(origin("10.0.0.1", &["[2001:db8::1]:4711"]), "2001:db8::1");
    }
}
