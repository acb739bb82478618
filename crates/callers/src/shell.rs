//! The shell around the endpoints: sockets, a task for each, and the thread that sends everybody's sound.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::mpsc::{self, RecvTimeoutError},
    time::{Duration, Instant},
};

use tokio::{net::UdpSocket, sync::watch, task::JoinSet, time};

use crate::{
    agent::Agent,
    endpoint::{Endpoint, Input, Output},
    network::{ANSWERED_MAX, LINES, Network},
    people::AGENTS,
    sounds::Sounds,
    station::{Port, Station},
    voices::{Order, PACKET, Voices},
};

/// The largest datagram of SIP that is read.
const DATAGRAM: usize = 65_535;
/// Packets that are taken from a socket at once before others have their turn.
const DRAINED: usize = 32;
/// How long the callers may take to end.
const ENDING: Duration = Duration::from_millis(1_500);
/// After a socket failed.
const PAUSE: Duration = Duration::from_millis(200);
/// An agent has one call at once, and needs a port more for the next.
const AGENT_PORTS: usize = 2;

/// An order for the sound thread, and the socket that it is for.
type Ordered = (usize, Order);

/// An endpoint's sockets.
struct Place {
    sip: UdpSocket,
    address: SocketAddr,
    ports: Vec<Port>,
}

/// Callers that have their addresses, and do nothing yet: the exchange must be told its trunk before it starts.
pub struct Bound {
    sounds: Sounds,
    agents: Vec<Place>,
    network: Place,
    sockets: Vec<std::net::UdpSocket>,
}

impl Bound {
    /// Where the exchange's trunk is to lead.
    #[must_use]
    pub const fn trunk(&self) -> SocketAddr {
        self.network.address
    }

    /// Starts everybody. `exchange` is where the exchange listens for SIP over UDP; an address that stands for all of this
    /// machine's is taken for the loopback's. Names, order and pauses come from `seed`.
    ///
    /// # Errors
    /// The thread for sound cannot be started.
    pub fn run(self, exchange: SocketAddr, seed: u64) -> io::Result<Callers> {
        let exchange = match exchange.ip() {
            ip if ip.is_unspecified() => SocketAddr::new(loopback(exchange), exchange.port()),
            _ => exchange,
        };
        let (orders, received) = mpsc::channel();
        let sockets = self.sockets;
        // It ends when the last endpoint is gone, and with it the channel.
        std::thread::Builder::new().name("callers-sound".to_owned()).spawn(move || speak(&sockets, &received))?;
        let (stop, stopped) = watch::channel(false);
        let mut tasks = JoinSet::new();
        let now = Instant::now();
        for ((place, person), n) in self.agents.into_iter().zip(AGENTS).zip(1..) {
            let seed = seed.wrapping_add(n);
            let station = Station::new(place.address, exchange, place.ports, self.sounds.clone(), seed);
            let agent = Agent::new(person, station, now);
            tasks.spawn(drive(agent, place.sip, orders.clone(), stopped.clone()));
        }
        let Place { sip, address, ports } = self.network;
        let station = Station::new(address, exchange, ports, self.sounds, seed);
        tasks.spawn(drive(Network::new(station, now), sip, orders, stopped));
        Ok(Callers { stop, tasks })
    }
}

/// The running callers. Dropped, they are gone at once, without a word to the exchange.
#[derive(Debug)]
pub struct Callers {
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

impl Callers {
    /// Takes the addresses, all on the loopback: there the exchange tells its trunk from other phones by the port.
    /// `exchange` is where it will listen, for the family alone.
    ///
    /// # Errors
    /// The system gives no socket.
    pub async fn bind(exchange: SocketAddr) -> io::Result<Bound> {
        let ip = loopback(exchange);
        let sounds = Sounds::load().map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        let mut sockets = Vec::new();
        let mut agents = Vec::new();
        for _ in AGENTS {
            agents.push(place(ip, AGENT_PORTS, &mut sockets).await?);
        }
        let network = place(ip, LINES + ANSWERED_MAX, &mut sockets).await?;
        Ok(Bound { sounds, agents, network, sockets })
    }

    /// Ends everybody: calls are hung up, registrations taken back. Takes a second and a half at most.
    pub async fn stop(mut self) {
        // Nobody listens when all have ended by themselves, which they do not.
        let _ = self.stop.send(true);
        let all = async { while self.tasks.join_next().await.is_some() {} };
        if time::timeout(ENDING, all).await.is_err() {
            tracing::debug!("the exchange did not let the callers of the demonstration end in time");
        }
    }
}

const fn loopback(family: SocketAddr) -> IpAddr {
    match family {
        SocketAddr::V4(_) => IpAddr::V4(Ipv4Addr::LOCALHOST),
        SocketAddr::V6(_) => IpAddr::V6(Ipv6Addr::LOCALHOST),
    }
}

async fn place(ip: IpAddr, ports: usize, sockets: &mut Vec<std::net::UdpSocket>) -> io::Result<Place> {
    let sip = UdpSocket::bind((ip, 0)).await?;
    let address = sip.local_addr()?;
    let mut own = Vec::with_capacity(ports);
    for _ in 0..ports {
        let socket = std::net::UdpSocket::bind((ip, 0))?;
        socket.set_nonblocking(true)?;
        own.push(Port { socket: sockets.len(), address: socket.local_addr()? });
        sockets.push(socket);
    }
    Ok(Place { sip, address, ports: own })
}

/// Drives one endpoint until it is done.
async fn drive(
    mut endpoint: impl Endpoint,
    socket: UdpSocket,
    orders: mpsc::Sender<Ordered>,
    mut stop: watch::Receiver<bool>,
) {
    let mut datagram = vec![0; DATAGRAM];
    let mut stopping = false;
    endpoint.handle(Instant::now(), Input::Timeout);
    loop {
        while let Some(output) = endpoint.poll() {
            perform(output, &socket, &orders).await;
        }
        if endpoint.is_done() {
            return;
        }
        let timeout = endpoint.next_timeout();
        tokio::select! {
            received = socket.recv_from(&mut datagram) => match received {
                Ok((length, from)) => {
                    let bytes = &datagram[..length];
                    endpoint.handle(Instant::now(), Input::Datagram { from, bytes });
                }
                Err(error) => {
                    tracing::debug!(%error, "a caller's socket");
                    time::sleep(PAUSE).await;
                }
            },
            () = sleep_until(timeout) => endpoint.handle(Instant::now(), Input::Timeout),
            _ = stop.changed(), if !stopping => {
                stopping = true;
                endpoint.handle(Instant::now(), Input::Stop);
            }
        }
    }
}

async fn perform(output: Output, socket: &UdpSocket, orders: &mpsc::Sender<Ordered>) {
    match output {
        Output::Send { to, bytes } => {
            if let Err(error) = socket.send_to(&bytes, to).await {
                // It is sent again, or given up, as if it had been lost on the way.
                tracing::debug!(%error, %to, "a caller cannot send");
            }
        }
        Output::Sound { socket, order } => {
            // The thread ends after all endpoints, and not before.
            let _ = orders.send((socket, order));
        }
    }
}

async fn sleep_until(at: Option<Instant>) {
    match at {
        Some(at) => time::sleep_until(at.into()).await,
        None => std::future::pending().await,
    }
}

/// Sends everybody's sound until nobody gives orders any more. While nobody speaks it sleeps; else it wakes up once in 20 ms
/// for all of them, and takes away what has arrived meanwhile.
fn speak(sockets: &[std::net::UdpSocket], orders: &mpsc::Receiver<Ordered>) {
    let mut voices = Voices::new(sockets.len(), Instant::now());
    let mut heard = [0; PACKET * 2];
    loop {
        let order = match voices.next_due() {
            None => orders.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Some(due) => orders.recv_timeout(due.saturating_duration_since(Instant::now())),
        };
        match order {
            Ok((socket, order)) => voices.obey(Instant::now(), socket, order),
            Err(RecvTimeoutError::Timeout) => {
                voices.speak(Instant::now(), |socket, to, packet| {
                    if let Some(socket) = sockets.get(socket) {
                        // What cannot be sent is lost, as on any network.
                        let _ = socket.send_to(packet, to);
                    }
                });
                for socket in voices.in_use().filter_map(|socket| sockets.get(socket)) {
                    let arrived = |_: &usize| socket.recv_from(&mut heard).is_ok();
                    let _ = (0..DRAINED).take_while(arrived).count();
                }
            }
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}
