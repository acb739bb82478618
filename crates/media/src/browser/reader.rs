//! The thread that reads the sockets all browsers share, and puts each datagram into the inbox of the worker that has its leg.

use std::{
    io,
    net::{SocketAddr, UdpSocket},
    os::fd::OwnedFd,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    thread::JoinHandle,
};

use rustix::{
    event::{EventfdFlags, epoll, eventfd},
    io::Errno,
};

use super::Gateway;
use crate::{engine::Handle, rtp, types::LegId};

/// Datagrams that are read from one socket before they are handed on.
const IN_A_ROW: usize = 64;
/// A datagram that fills this is longer than any that is accepted.
const LARGEST: usize = 2_048;
const BELL: u64 = u64::MAX;

/// The reading thread; it ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Reader {
    stop: Arc<AtomicBool>,
    bell: Arc<OwnedFd>,
    thread: Option<JoinHandle<()>>,
}

impl Reader {
    /// Begin to read for these workers.
    ///
    /// # Errors
    /// When the system gives no thread or descriptor.
    pub fn start(gateway: Arc<Gateway>, workers: Vec<Handle>) -> io::Result<Self> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let bell = Arc::new(eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?);
        epoll::add(&epoll, &*bell, epoll::EventData::new_u64(BELL), epoll::EventFlags::IN)?;
        for (n, shared) in gateway.sockets.iter().enumerate() {
            epoll::add(&epoll, &shared.socket, epoll::EventData::new_u64(n as u64), epoll::EventFlags::IN)?;
        }
        let stop = Arc::new(AtomicBool::new(false));
        let reading = Reading { gateway, workers, epoll, stop: stop.clone() };
        let thread = std::thread::Builder::new().name("browsers".into()).spawn(move || reading.run())?;
        Ok(Self { stop, bell, thread: Some(thread) })
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.stop.store(true, Relaxed);
        let _ = rustix::io::write(&*self.bell, &1_u64.to_ne_bytes());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct Reading {
    gateway: Arc<Gateway>,
    workers: Vec<Handle>,
    epoll: OwnedFd,
    stop: Arc<AtomicBool>,
}

impl Reading {
    fn run(self) {
        let mut ready: Vec<epoll::Event> = Vec::with_capacity(self.gateway.sockets.len() + 1);
        let mut room = vec![0; IN_A_ROW * LARGEST];
        let mut heads: Vec<(SocketAddr, usize)> = Vec::with_capacity(IN_A_ROW);
        while !self.stop.load(Relaxed) {
            ready.clear();
            match epoll::wait(&self.epoll, rustix::buffer::spare_capacity(&mut ready), None) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(error) => {
                    // Only a closed descriptor could fail here, and ours are open.
                    tracing::error!(%error, "browsers' sockets cannot be waited for");
                    std::thread::sleep(std::time::Duration::from_millis(10));
                }
            }
            for event in &ready {
                let number = event.data.u64();
                let Some(shared) = usize::try_from(number).ok().and_then(|n| self.gateway.sockets.get(n)) else {
                    continue;
                };
                read(&shared.socket, &mut room, &mut heads);
                self.distribute(number as usize, &room, &heads);
            }
        }
    }

    fn distribute(&self, socket: usize, room: &[u8], heads: &[(SocketAddr, usize)]) {
        let (mut ignored, mut rings) = (0, 0_u64);
        // Held until all are handed on: a leg moves before or after, and finds all that came before at its old worker.
        let routes = self.gateway.routes();
        for (&(from, length), octets) in heads.iter().zip(room.chunks_exact(LARGEST)) {
            let octets = &octets[..length];
            let found = routes.find(socket, from, octets).filter(|_| length <= rtp::LARGEST);
            let put = |&(leg, n): &(LegId, usize)| {
                self.workers.get(n).is_some_and(|worker| worker.inbox().put(leg, socket, from, octets))
            };
            match found.filter(put) {
                Some((_, worker)) => rings |= 1 << (worker % 64),
                None => ignored += 1,
            }
        }
        drop(routes);
        for (n, worker) in self.workers.iter().enumerate() {
            if rings & 1 << (n % 64) != 0 {
                worker.ring();
            }
        }
        if ignored > 0 {
            self.gateway.ignored.fetch_add(ignored, Relaxed);
        }
    }
}

/// Read what a socket has.
fn read(socket: &UdpSocket, room: &mut [u8], heads: &mut Vec<(SocketAddr, usize)>) {
    heads.clear();
    for octets in room.chunks_exact_mut(LARGEST) {
        let Ok((length, from)) = socket.recv_from(octets) else { break };
        heads.push((from, length));
    }
}
