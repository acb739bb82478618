//! How does one connection live and end?

use std::{collections::HashSet, io, time::Duration};

use bytes::{Bytes, BytesMut};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadHalf, WriteHalf},
    sync::{mpsc, watch},
    time::{Instant, timeout},
};

use super::{
    Incoming, Shared,
    connections::{Admitted, Outgoing},
};
use crate::{
    flow::Flow,
    message::{Framed, Framer, Limits as MessageLimits},
};

/// Read from a stream in one go.
const READ: usize = 8 * 1024;

/// Messages that are written in one go.
const AT_ONCE: usize = 32;

/// How long after something that cannot be understood its answer may take, before the connection is closed.
const LINGER: Duration = Duration::from_secs(1);

/// How a connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// It was open, and the owner is told.
    Gone,
    /// Nothing ever came by it: the owner does not know it, but is told of what it sent.
    Unheard,
    /// The transports are closed: nobody is told.
    Closed,
}

/// When something last came or went.
#[derive(Debug)]
pub(super) struct Activity(watch::Sender<Instant>);

impl Activity {
    pub(super) fn new() -> Self {
        Self(watch::Sender::new(Instant::now()))
    }

    pub(super) fn note(&self) {
        self.0.send_replace(Instant::now());
    }

    /// Returns when nothing came or went for so long.
    pub(super) async fn ceased(&self, idle: Duration) {
        loop {
            let end = *self.0.borrow() + idle;
            if end <= Instant::now() {
                return;
            }
            tokio::time::sleep_until(end).await;
        }
    }
}

/// Reads and writes until one of both ends has enough.
pub(super) async fn run<S: AsyncRead + AsyncWrite>(
    shared: &Shared,
    admitted: &mut Admitted,
    stream: S,
    stop: &mut watch::Receiver<bool>,
) -> Ending {
    let (reader, mut writer) = tokio::io::split(stream);
    let Admitted { flow, line, queue } = admitted;
    let (pongs, pings) = mpsc::channel(1);
    let activity = Activity::new();
    let ending = tokio::select! {
        _ = stop.wait_for(|stopped| *stopped) => Ending::Closed,
        () = line.close.notified() => Ending::Gone,
        () = activity.ceased(shared.limits.idle) => Ending::Gone,
        result = read(shared, *flow, reader, &pongs, &activity) => told(*flow, result),
        result = write(shared, &mut writer, queue, pings, &activity) => told(*flow, result),
    };
    // Says goodbye (TLS: close_notify) if the other end still takes it.
    let _ = timeout(LINGER, writer.shutdown()).await;
    ending
}

fn told(flow: Flow, result: io::Result<()>) -> Ending {
    if let Err(error) = result {
        tracing::debug!(%error, remote = %flow.remote, transport = %flow.transport, "a SIP connection broke");
    }
    Ending::Gone
}

async fn read<S: AsyncRead + AsyncWrite>(
    shared: &Shared,
    flow: Flow,
    mut reader: ReadHalf<S>,
    pongs: &mpsc::Sender<()>,
    activity: &Activity,
) -> io::Result<()> {
    let mut framer = Framer::new(MessageLimits::default());
    let mut buffer = vec![0; READ];
    loop {
        let length = reader.read(&mut buffer).await?;
        if length == 0 {
            return Ok(());
        }
        activity.note();
        framer.push(&buffer[..length]);
        while let Some(framed) = framer.next() {
            let message = match framed {
                Ok(Framed::KeepAlive) => {
                    // One answer is enough for several that came together.
                    let _ = pongs.try_send(());
                    continue;
                }
                Ok(Framed::Message(message)) => Ok(message),
                Err(malformed) => Err(malformed),
            };
            let raw = match &message {
                Ok(message) => message.to_bytes(),
                Err(malformed) => malformed.request.as_ref().map_or_else(Bytes::new, |request| request.to_bytes()),
            };
            if shared.events.send(Incoming::Message { flow, message, raw }).await.is_err() {
                return Ok(());
            }
        }
        if framer.is_broken() {
            tokio::time::sleep(LINGER).await;
            return Ok(());
        }
    }
}

async fn write<S: AsyncRead + AsyncWrite>(
    shared: &Shared,
    writer: &mut WriteHalf<S>,
    queue: &mut mpsc::Receiver<Outgoing>,
    mut pings: mpsc::Receiver<()>,
    activity: &Activity,
) -> io::Result<()> {
    let mut batch = Vec::with_capacity(AT_ONCE);
    let mut together = BytesMut::new();
    loop {
        tokio::select! {
            count = queue.recv_many(&mut batch, AT_ONCE) => {
                if count == 0 {
                    return Ok(());
                }
            }
            Some(()) = pings.recv() => together.extend_from_slice(b"\r\n"),
        }
        for outgoing in batch.drain(..) {
            together.extend_from_slice(&outgoing.bytes);
        }
        let written = timeout(shared.limits.write, async {
            writer.write_all(&together).await?;
            writer.flush().await
        });
        written.await.map_err(|_| io::Error::new(io::ErrorKind::TimedOut, "the other end does not read"))??;
        together.clear();
        activity.note();
    }
}

/// Takes the connection out of the table and tells the owner what it must know.
pub(super) async fn end(shared: &Shared, admitted: Admitted, ending: Ending) {
    let Admitted { flow, line, mut queue } = admitted;
    shared.connections.remove(line.id);
    drop(line);
    queue.close();
    if ending == Ending::Closed {
        return;
    }
    let mut failed = HashSet::new();
    if ending == Ending::Gone {
        failed.insert(flow);
    }
    while let Some(outgoing) = queue.recv().await {
        failed.insert(outgoing.flow);
    }
    for flow in failed {
        shared.fail(flow);
    }
}
