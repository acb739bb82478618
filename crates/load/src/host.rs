//! The exchange alone, as a process to be measured: the same state machine, actor, media engine, database and records as
//! `tandem serve` has (its wiring is `server/src/exchange.rs`), without the web application, which has no part in a call.
//! What it costs to build is a tenth.

use std::{
    net::{IpAddr, SocketAddr},
    num::NonZero,
    path::Path,
    sync::Arc,
    time::{Instant, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context as _, Result};
use tandem_domain::ids::Timestamp;
use tandem_sip::{
    digest::Algorithm,
    flow::Transport,
    transport::{Config as Sockets, Limits, Transports},
};
use tandem_store::{Options, Store, accounts::SIP_REALM, demo};
use tandem_telephony::{
    actor::{self, Handle, Parts, Running},
    directory::store::Outside,
    exchange::{Settings, Trunk},
    prompt::Voices,
};
use tokio::sync::mpsc;

use crate::process::MEDIA_PORTS;

/// More calls than any measurement makes at once.
const CALLS_MAX: usize = 50_000;

/// A running exchange.
#[derive(Debug)]
pub struct Host {
    /// Where it listens.
    pub address: SocketAddr,
    /// What is going on.
    pub handle: Handle,
    /// To end it.
    pub running: Running,
}

/// Starts the exchange with the demonstration's data in this folder and this trunk.
///
/// # Errors
/// The database or a socket cannot be used.
pub async fn start(folder: &Path, trunk: SocketAddr) -> Result<Host> {
    let url = format!("sqlite:{}", folder.join("tandem.sqlite").display());
    let store = Store::connect(&url, &Options::default()).await.context("database")?;
    store.migrate().await?;
    demo::fill(&store, wall()).await?;
    let local: IpAddr = [127, 0, 0, 1].into();
    let (events, incoming) = mpsc::channel(actor::BACKLOG);
    let sockets = Sockets { udp: vec![(local, 0).into()], tcp: Vec::new(), tls: None, limits: Limits::default() };
    let transports = Transports::open(sockets, events).await?;
    let address = transports.local(Transport::Udp).context("no address for SIP")?;
    let media = tandem_media::Config {
        workers: std::thread::available_parallelism().map_or(1, NonZero::get),
        ports: MEDIA_PORTS,
        addresses: vec![local],
        ..tandem_media::Config::default()
    };
    let (engine, media_events) = actor::engine(media)?;
    let trunk = Trunk {
        address: trunk,
        others: Vec::new(),
        transport: Transport::Udp,
        local: address,
        registers: false,
        credentials: None,
    };
    let settings = Settings {
        realm: SIP_REALM.to_owned(),
        digests: vec![Algorithm::Md5],
        media: vec![local],
        calls_max: CALLS_MAX,
        account_calls_max: CALLS_MAX,
        trunk: Some(trunk),
        spool: Some(folder.join("spool")),
        product: "Tandem".to_owned(),
    };
    let voices = Voices::shipped();
    let (outside, wall, steady) = (Outside::Trunk, Arc::new(wall), Arc::new(Instant::now));
    let keeper: actor::Keeper = Arc::new(|_| {});
    let parts =
        Parts { settings, outside, voices, store, keeper, wall, steady, transports, incoming, engine, media_events };
    let (handle, running) = actor::start(parts, Vec::new());
    Ok(Host { address, handle, running })
}

fn wall() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_millis()).unwrap_or_default())
}
