//! How do messages come and go by a browser's WebSocket? (RFC 7118)
//!
//! The socket is a web server's: it upgrades the request (path, `Origin`, subprotocol `sip`), and moves frames. What a
//! frame means is said here: one message in each (RFC 7118 §5), keep-alives (RFC 5626 §3.5.1), and the limits of all
//! connections.
//!
//! ```text
//! loop { select! {
//!     frame = socket.recv() => match frame { Some(frame) => if ws.receive(frame).await.is_err() { break }, None => break },
//!     frame = ws.next() => match frame { Some(frame) => socket.send(frame).await?, None => break },
//! } }
//! // Dropping `ws` ends the connection, whichever end wanted that.
//! ```

use std::{
    collections::HashSet,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use bytes::Bytes;
use tokio::sync::mpsc;

use super::{
    Incoming, Shared, Transports,
    connection::Activity,
    connections::{Admitted, Line, Outgoing},
};
use crate::{
    flow::{Flow, Transport},
    message,
};

/// The largest frame that is taken, in bytes: a message of a stream may not be larger either.
pub const LARGEST_FRAME: usize = 64 * 1024;

/// Frames that cannot be understood, nor answered, before the connection is closed.
const MOST_UNREADABLE: u32 = 16;

/// The name of the subprotocol, for `Sec-WebSocket-Protocol` (RFC 7118 §4).
pub const SUBPROTOCOL: &str = "sip";

/// The other end sends what no SIP client sends, or is not wanted any more: close the socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the WebSocket carries something else than SIP, or is to be closed")]
pub struct Closed;

/// A browser's connection, open until it is dropped.
#[derive(Debug)]
pub struct WebSocket {
    shared: Arc<Shared>,
    flow: Flow,
    line: Line,
    queue: mpsc::Receiver<Outgoing>,
    activity: Activity,
    unreadable: AtomicU32,
}

impl Transports {
    /// Enters a connection that a web server has accepted: `Ws`, or `Wss` inside TLS. `local` is our end, as `Via` and
    /// `Contact` name it, `remote` the browser's, of which its address counts against [`Limits`](super::Limits). `None`
    /// when there are too many, or the transports are closed.
    #[must_use]
    pub fn websocket(&self, transport: Transport, local: SocketAddr, remote: SocketAddr) -> Option<WebSocket> {
        let shared = self.shared.clone();
        if *shared.stop.borrow() || !transport.is_web_socket() {
            return None;
        }
        let bare = Flow { transport, local, remote, connection: None };
        let Some(Admitted { flow, line, queue }) = shared.connections.admit(bare, &shared.limits) else {
            shared.refuse();
            return None;
        };
        Some(WebSocket { shared, flow, line, queue, activity: Activity::new(), unreadable: AtomicU32::new(0) })
    }
}

impl WebSocket {
    /// The way of its messages.
    #[must_use]
    pub const fn flow(&self) -> Flow {
        self.flow
    }

    /// A frame came, of text or of bytes. Waits while the owner of the transports is behind.
    ///
    /// # Errors
    /// The connection is to be closed: the frame is too large, or is nothing that a SIP client sends.
    pub async fn receive(&self, frame: Bytes) -> Result<(), Closed> {
        if frame.len() > LARGEST_FRAME {
            return Err(Closed);
        }
        self.activity.note();
        if frame[..] == b"\r\n\r\n"[..] {
            self.pong();
            return Ok(());
        }
        // Nothing else: the answer to a keep-alive.
        let Some(start) = frame.iter().position(|byte| !matches!(byte, b'\r' | b'\n' | b'\0' | b' ' | b'\t')) else {
            return Ok(());
        };
        let raw = frame.slice(start..);
        let message = message::parse(&raw);
        let unreadable = message.as_ref().err().is_some_and(|malformed| malformed.request.is_none());
        let incoming = Incoming::Message { flow: self.flow, message, raw };
        self.shared.events.send(incoming).await.map_err(|_| Closed)?;
        if unreadable && self.unreadable.fetch_add(1, Ordering::Relaxed) >= MOST_UNREADABLE {
            return Err(Closed);
        }
        Ok(())
    }

    fn pong(&self) {
        let outgoing = Outgoing { flow: self.flow, bytes: Bytes::from_static(b"\r\n") };
        // When so much waits that there is no room, the other end sees that the way is open from that.
        let _ = self.line.queue.try_send(outgoing);
    }

    /// The next frame to write: a SIP message, which is text unless it has a body that is not UTF-8, or a keep-alive's
    /// answer. `None`: close the socket. Nothing is lost when the future is dropped before it is ready.
    pub async fn next(&mut self) -> Option<Bytes> {
        let mut stop = self.shared.stop.subscribe();
        tokio::select! {
            // In this order: what is to be closed writes nothing more.
            biased;
            _ = stop.wait_for(|stopped| *stopped) => None,
            () = self.line.close.notified() => {
                // For who asks again.
                self.line.close.notify_one();
                None
            }
            outgoing = self.queue.recv() => {
                self.activity.note();
                outgoing.map(|outgoing| outgoing.bytes)
            }
            () = self.activity.ceased(self.shared.limits.idle) => None,
        }
    }
}

impl Drop for WebSocket {
    fn drop(&mut self) {
        self.shared.connections.remove(self.line.id);
        self.queue.close();
        if *self.shared.stop.borrow() {
            return;
        }
        let mut failed = HashSet::from([self.flow]);
        while let Ok(outgoing) = self.queue.try_recv() {
            failed.insert(outgoing.flow);
        }
        for flow in failed {
            self.shared.fail(flow);
        }
    }
}

/// Gives a message to the connection of its flow. A browser cannot be connected to: when its connection is gone, the
/// message has failed.
pub(super) fn send(shared: &Shared, flow: Flow, bytes: Bytes) {
    let outgoing = Outgoing { flow, bytes };
    let failed = match shared.connections.named(flow) {
        Some(line) => super::streams::push(shared, &line, outgoing).is_some(),
        None => true,
    };
    if failed {
        shared.fail(flow);
    }
}
