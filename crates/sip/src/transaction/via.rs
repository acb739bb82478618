//! Where did a request come from, and so where does its answer go? (RFC 3261 §18.2, RFC 3581)

use std::net::SocketAddr;

use crate::{
    flow::{Flow, Transport},
    message::{Headers, Host, Via},
};

/// Notes in the top `Via` where the request came from: `received` when the sender's own address is another one or it
/// asked for `rport`, and `rport` when it asked for it.
pub(super) fn note_source(headers: &mut Headers, via: &mut Via, source: SocketAddr) {
    let asked = via.wants_rport();
    let true_address = match &via.host {
        Host::Ip(ip) => ip.to_canonical() == source.ip().to_canonical(),
        Host::Name(_) => false,
    };
    if true_address && !asked && !via.params.has("received") {
        return;
    }
    if asked {
        via.params.set("rport", Some(&source.port().to_string()));
    }
    if true_address && !asked {
        // Only the next hop says `received`; what the sender wrote itself is not believed.
        via.params.remove("received");
    } else {
        via.params.set("received", Some(&source.ip().to_canonical().to_string()));
    }
    headers.set_top_via(via);
}

/// The way of the answers to a request that came by `flow` with this top `Via`: back where it came from. Only over UDP,
/// and only when the sender did not ask for `rport` and is not behind an address translator, to the port that it wrote
/// (RFC 3261 §18.2.2).
pub(super) fn answering(flow: Flow, via: &Via) -> Flow {
    let wrote_its_address = match &via.host {
        Host::Ip(ip) => ip.to_canonical() == flow.remote.ip().to_canonical(),
        Host::Name(_) => false,
    };
    if flow.transport == Transport::Udp && !via.wants_rport() && wrote_its_address {
        return Flow { remote: SocketAddr::new(flow.remote.ip(), port(via, flow.transport)), ..flow };
    }
    flow
}

/// Where to connect to when the connection of a request has gone before its answer (RFC 3261 §18.2.2): to the sender's
/// address and the port that it wrote.
pub(super) fn anew(flow: Flow, via: &Via) -> Flow {
    Flow { remote: SocketAddr::new(flow.remote.ip(), port(via, flow.transport)), connection: None, ..flow }
}

fn port(via: &Via, transport: Transport) -> u16 {
    via.port.filter(|port| *port != 0).unwrap_or(match transport {
        Transport::Udp | Transport::Tcp => 5060,
        Transport::Tls => 5061,
        Transport::Ws => 80,
        Transport::Wss => 443,
    })
}

/// The `Via` of a request of ours.
pub(super) fn ours(flow: Flow, branch: &str) -> String {
    let port = flow.local.port();
    match flow.local.ip().to_canonical() {
        std::net::IpAddr::V4(ip) => format!("SIP/2.0/{} {ip}:{port};rport;branch={branch}", flow.transport),
        std::net::IpAddr::V6(ip) => format!("SIP/2.0/{} [{ip}]:{port};rport;branch={branch}", flow.transport),
    }
}
