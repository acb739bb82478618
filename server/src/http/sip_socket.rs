//! `/sip`: SIP by WebSocket (RFC 7118), for standard clients in browsers. What a frame means is `tandem_sip`'s to say; here are
//! the upgrade and the moving of frames.
//!
//! No cookie counts here: a phone proves by its SIP password who it is, as every other phone does.

use std::{net::SocketAddr, time::Duration};

use axum::{
    Extension, Router,
    extract::{
        ConnectInfo, State,
        ws::{Message, WebSocket, WebSocketUpgrade},
    },
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::any,
};
use futures::{SinkExt as _, StreamExt as _};
use tandem_app::server::ClientAddr;
use tandem_sip::{
    flow::Transport,
    transport::{LARGEST_FRAME, SUBPROTOCOL, Transports, WebSocket as SipSocket},
};
use tokio::time::timeout;

/// Where clients connect.
pub const PATH: &str = "/sip";

/// The time that a client has to take a frame.
const SLOWEST: Duration = Duration::from_secs(30);

/// What the route needs.
#[derive(Debug, Clone)]
pub struct SipSockets {
    /// The sockets of SIP.
    pub transports: Transports,
    /// People reach this server by TLS.
    pub secure: bool,
}

impl SipSockets {
    /// The route.
    pub fn routes(self) -> Router {
        Router::new().route(PATH, any(upgrade)).with_state(self)
    }
}

async fn upgrade(
    State(sockets): State<SipSockets>,
    Extension(ClientAddr(client)): Extension<ClientAddr>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    upgrade: WebSocketUpgrade,
) -> Response {
    let upgrade = upgrade.protocols([SUBPROTOCOL]).max_message_size(LARGEST_FRAME).max_frame_size(LARGEST_FRAME);
    if upgrade.selected_protocol().is_none() {
        return (StatusCode::BAD_REQUEST, "The subprotocol must be “sip” (RFC 7118).").into_response();
    }
    let SipSockets { transports, secure } = sockets;
    let transport = if secure { Transport::Wss } else { Transport::Ws };
    let Some(local) = transports.local(Transport::Udp) else {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    // Behind a proxy the port is the proxy's: it tells connections of one client apart, which is what it is for here.
    match transports.websocket(transport, local, (client, peer.port()).into()) {
        Some(sip) => upgrade.on_upgrade(|socket| carry(socket, sip)),
        None => (StatusCode::SERVICE_UNAVAILABLE, "There are too many connections.").into_response(),
    }
}

/// Moves frames until one end has enough.
async fn carry(socket: WebSocket, mut sip: SipSocket) {
    let (mut out, mut frames) = socket.split();
    loop {
        tokio::select! {
            frame = frames.next() => {
                let frame = match frame {
                    Some(Ok(Message::Text(text))) => text.into(),
                    Some(Ok(Message::Binary(bytes))) => bytes,
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => continue,
                    Some(Ok(Message::Close(_)) | Err(_)) | None => break,
                };
                if sip.receive(frame).await.is_err() {
                    break;
                }
            }
            frame = sip.next() => {
                let Some(frame) = frame else { break };
                // Text where it is text: some clients take no other (RFC 7118 §5).
                let message = match String::from_utf8(frame.to_vec()) {
                    Ok(text) => Message::Text(text.into()),
                    Err(_) => Message::Binary(frame),
                };
                // Who does not read is not waited for.
                if !matches!(timeout(SLOWEST, out.send(message)).await, Ok(Ok(()))) {
                    break;
                }
            }
        }
    }
    let _ = timeout(SLOWEST, out.close()).await;
}
