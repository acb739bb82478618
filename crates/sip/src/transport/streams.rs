//! Who may connect, and how do we connect?

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use bytes::Bytes;
use rustls::pki_types::ServerName;
use socket2::{Domain, Protocol, SockRef, Socket, TcpKeepalive, Type};
use tokio::{
    net::{TcpListener, TcpSocket, TcpStream},
    sync::{mpsc::error::TrySendError, watch},
    time::timeout,
};
use tokio_rustls::{TlsAcceptor, TlsConnector};

use super::{
    Limits, Shared, TlsConfig,
    connection::{self, Ending},
    connections::{Admitted, Line, Outgoing},
};
use crate::flow::{Flow, Transport};

/// Connections that the kernel keeps ready while we accept others.
const BACKLOG: i32 = 1024;

/// After so long without any packet the kernel asks whether the other end is still there, and then every [`ASK_AGAIN`].
const ASK_AFTER: Duration = Duration::from_secs(60);
const ASK_AGAIN: Duration = Duration::from_secs(15);

/// A listening socket and its address.
pub(super) fn listen(address: SocketAddr) -> io::Result<(TcpListener, SocketAddr)> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    let listener = TcpListener::from_std(socket.into())?;
    let bound = listener.local_addr()?;
    Ok((listener, bound))
}

/// Accepts until the transports are closed. With an acceptor, TLS.
pub(super) async fn accept(
    shared: Arc<Shared>,
    listener: TcpListener,
    bound: SocketAddr,
    tls: Option<TlsAcceptor>,
    mut stop: watch::Receiver<bool>,
) {
    let transport = if tls.is_some() { Transport::Tls } else { Transport::Tcp };
    loop {
        let accepted = tokio::select! {
            _ = stop.wait_for(|stopped| *stopped) => return,
            accepted = listener.accept() => accepted,
        };
        let (stream, remote) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of file descriptors, most likely: the connection stays in the backlog.
                tracing::warn!(%error, address = %bound, "accepting a SIP connection failed; trying again");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let local = stream.local_addr().map_or(bound, |local| SocketAddr::new(local.ip(), bound.port()));
        let flow = Flow { transport, local, remote, connection: None };
        let Some(admitted) = shared.connections.admit(flow, &shared.limits) else {
            shared.refuse();
            continue;
        };
        tokio::spawn(accepted_one(shared.clone(), stream, tls.clone(), admitted, shared.stop.subscribe()));
    }
}

async fn accepted_one(
    shared: Arc<Shared>,
    stream: TcpStream,
    tls: Option<TlsAcceptor>,
    mut admitted: Admitted,
    mut stop: watch::Receiver<bool>,
) {
    prepare(&stream, &shared.limits);
    let ending = match tls {
        None => connection::run(&shared, &mut admitted, stream, &mut stop).await,
        Some(tls) => {
            let shaken = tokio::select! {
                _ = stop.wait_for(|stopped| *stopped) => None,
                shaken = timeout(shared.limits.connect, tls.accept(stream)) => Some(shaken),
            };
            match shaken {
                Some(Ok(Ok(stream))) => connection::run(&shared, &mut admitted, stream, &mut stop).await,
                Some(Ok(Err(error))) => {
                    tracing::debug!(%error, remote = %admitted.flow.remote, "a TLS handshake failed");
                    Ending::Unheard
                }
                Some(Err(_)) => Ending::Unheard,
                None => Ending::Closed,
            }
        }
    };
    connection::end(&shared, admitted, ending).await;
}

/// Gives a message to the connection of its flow, or to a new one.
pub(super) fn send(shared: &Arc<Shared>, flow: Flow, bytes: Bytes) {
    let mut outgoing = Outgoing { flow, bytes };
    if let Some(line) = shared.connections.find(flow) {
        outgoing = match push(shared, &line, outgoing) {
            None => return,
            // It has just ended.
            Some(outgoing) => outgoing,
        };
        shared.connections.remove(line.id);
    }
    let bare = Flow { connection: None, ..flow };
    let Some(admitted) = shared.connections.admit(bare, &shared.limits) else {
        shared.refuse();
        shared.fail(flow);
        return;
    };
    push(shared, &admitted.line, outgoing);
    shared.runtime.spawn(opened_one(shared.clone(), admitted, shared.stop.subscribe()));
}

/// Gives the message back when the connection has ended.
pub(super) fn push(shared: &Shared, line: &Line, outgoing: Outgoing) -> Option<Outgoing> {
    match line.queue.try_send(outgoing) {
        Ok(()) => None,
        Err(TrySendError::Closed(outgoing)) => Some(outgoing),
        Err(TrySendError::Full(outgoing)) => {
            // The other end does not read: all that waits has failed, and its owner will hear it.
            line.close.notify_one();
            if outgoing.flow.connection != Some(line.id) {
                shared.fail(outgoing.flow);
            }
            None
        }
    }
}

async fn opened_one(shared: Arc<Shared>, mut admitted: Admitted, mut stop: watch::Receiver<bool>) {
    let flow = admitted.flow;
    let stream = tokio::select! {
        _ = stop.wait_for(|stopped| *stopped) => None,
        stream = timeout(shared.limits.connect, connect(&shared, flow)) => Some(stream),
    };
    let ending = match stream {
        Some(Ok(Ok(Connected::Tcp(stream)))) => connection::run(&shared, &mut admitted, stream, &mut stop).await,
        Some(Ok(Ok(Connected::Tls(stream)))) => connection::run(&shared, &mut admitted, *stream, &mut stop).await,
        Some(Ok(Err(error))) => {
            tracing::debug!(%error, remote = %flow.remote, "a SIP connection did not open");
            Ending::Unheard
        }
        Some(Err(_)) => {
            tracing::debug!(remote = %flow.remote, transport = %flow.transport, "a SIP connection was not answered");
            Ending::Unheard
        }
        None => Ending::Closed,
    };
    connection::end(&shared, admitted, ending).await;
}

enum Connected {
    Tcp(TcpStream),
    Tls(Box<tokio_rustls::client::TlsStream<TcpStream>>),
}

async fn connect(shared: &Shared, flow: Flow) -> io::Result<Connected> {
    let socket = if flow.remote.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    if !flow.local.ip().is_unspecified() && flow.local.is_ipv4() == flow.remote.is_ipv4() {
        // From the address that our Via and Contact name.
        socket.bind(SocketAddr::new(flow.local.ip(), 0))?;
    }
    let stream = socket.connect(flow.remote).await?;
    prepare(&stream, &shared.limits);
    match &shared.tls {
        Some((_, tls)) if flow.transport == Transport::Tls => shake(shared, tls, flow, stream).await,
        _ if flow.transport == Transport::Tls => Err(io::Error::new(io::ErrorKind::Unsupported, "TLS is not set up")),
        _ => Ok(Connected::Tcp(stream)),
    }
}

async fn shake(shared: &Shared, tls: &TlsConfig, flow: Flow, stream: TcpStream) -> io::Result<Connected> {
    let known = shared.names.lock().unwrap_or_else(std::sync::PoisonError::into_inner).get(&flow.remote).cloned();
    let name = known.unwrap_or_else(|| ServerName::IpAddress(flow.remote.ip().into()));
    let stream = TlsConnector::from(tls.client.clone()).connect(name, stream).await?;
    Ok(Connected::Tls(Box::new(stream)))
}

/// Messages are small and answers are awaited; an end that has vanished must be noticed.
fn prepare(stream: &TcpStream, limits: &Limits) {
    let _ = stream.set_nodelay(true);
    let keepalive = TcpKeepalive::new().with_time(ASK_AFTER).with_interval(ASK_AGAIN);
    let socket = SockRef::from(stream);
    let _ = socket.set_tcp_keepalive(&keepalive);
    #[cfg(target_os = "linux")]
    let _ = socket.set_tcp_user_timeout(Some(limits.write));
}
