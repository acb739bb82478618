//! All of them with the real exchange, over real sockets.

use std::{
    net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket},
    sync::Arc,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use tandem_callers::Callers;
use tandem_domain::{
    access::Scope,
    calls::{CallState, Direction, LiveCall, Xdr},
    ids::Timestamp,
    list::Query,
};
use tandem_phones::{Account, Baresip};
use tandem_sip::{
    flow::Transport,
    transport::{Config as Sockets, Limits, Transports},
};
use tandem_store::{Options, Store, accounts::SIP_REALM, demo, xdrs::XdrFilters};
use tandem_telephony::{
    actor::{self, Handle, Parts, Running},
    directory::store::Outside,
    exchange::{Settings, Trunk},
    prompt::Voices,
};
use tokio::sync::mpsc;

/// What waits for something that must come waits at most this long.
const PATIENCE: Duration = Duration::from_secs(30);

fn free() -> SocketAddr {
    (0..20)
        .find_map(|_| {
            let tcp = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).ok()?.local_addr().ok()?;
            UdpSocket::bind(tcp).is_ok().then_some(tcp)
        })
        .unwrap()
}

fn wall() -> Timestamp {
    Timestamp(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as i64)
}

async fn exchange(address: SocketAddr, trunk: SocketAddr) -> (Store, Handle, Running) {
    let store = Store::connect("sqlite::memory:", &Options::default()).await.unwrap();
    store.migrate().await.unwrap();
    demo::fill(&store, wall()).await.unwrap();
    let (events, incoming) = mpsc::channel(actor::BACKLOG);
    let sockets = Sockets { udp: vec![address], tcp: vec![address], tls: None, limits: Limits::default() };
    let transports = Transports::open(sockets, events).await.unwrap();
    let media = tandem_media::Config {
        workers: 1,
        ports: 30_000..=31_999,
        addresses: vec![address.ip()],
        ..tandem_media::Config::default()
    };
    let (engine, media_events) = actor::engine(media).unwrap();
    let trunk = Trunk {
        address: trunk,
        others: Vec::new(),
        transport: Transport::Udp,
        local: address,
        credentials: None,
        registers: false,
    };
    let parts = Parts {
        keeper: Arc::new(|_| {}),
        outside: Outside::Trunk,
        settings: Settings {
            realm: SIP_REALM.to_owned(),
            digests: vec![tandem_sip::digest::Algorithm::Md5],
            media: vec![address.ip()],
            calls_max: 1000,
            account_calls_max: 10,
            trunk: Some(trunk),
            spool: None,
            product: "Tandem".to_owned(),
        },
        voices: Voices::shipped(),
        store: store.clone(),
        wall: Arc::new(wall),
        steady: Arc::new(Instant::now),
        transports,
        incoming,
        engine,
        media_events,
    };
    let (handle, running) = actor::start(parts, Vec::new());
    (store, handle, running)
}

async fn wait_for<T>(what: &str, look: impl AsyncFn() -> Option<T>) -> T {
    let until = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(Instant::now() < until, "waited too long for {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn xdrs(store: &Store) -> Vec<Xdr> {
    let filters = XdrFilters::default();
    let page = store.xdrs().list(Scope::for_system(), &Query::default(), &filters).await.unwrap();
    page.rows.into_iter().map(|row| row.xdr).collect()
}

fn in_support(calls: &[LiveCall]) -> Vec<&LiveCall> {
    let live = |call: &&LiveCall| call.state == CallState::Answered && call.huntgroup == "Support";
    calls.iter().filter(live).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn within_seconds_both_agents_talk_with_a_client_and_nothing_is_left_at_the_end() {
    let address = free();
    let bound = Callers::bind(address).await.unwrap();
    let (store, handle, running) = exchange(address, bound.trunk()).await;
    let callers = bound.run(address, 1).unwrap();

    let calls = wait_for("two calls in Support", async || {
        let calls = handle.feed().calls(None);
        (in_support(&calls).len() == 2).then_some(calls)
    })
    .await;
    let live = in_support(&calls);
    let mut agents: Vec<_> = live.iter().map(|call| call.callee.number.as_str()).collect();
    agents.sort_unstable();
    assert_eq!(agents, ["744", "745"]);
    assert!(live.iter().all(|call| call.direction == Direction::Incoming && call.caller.number.starts_with('+')));
    assert!(live.iter().all(|call| !call.caller.name.is_empty()));
    assert_eq!(handle.feed().registrations(None).len(), 2);

    // Sound flows both ways for a second, and is counted when all is over.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let ending = Instant::now();
    callers.stop().await;
    assert!(ending.elapsed() < Duration::from_secs(2));
    wait_for("the end of all calls", async || handle.feed().calls(None).is_empty().then_some(())).await;
    assert!(handle.feed().registrations(None).is_empty());
    let talked = wait_for("two xDRs", async || {
        let mut all = xdrs(&store).await;
        all.retain(|xdr| xdr.answered.is_some());
        (all.len() >= 2).then_some(all)
    })
    .await;
    for xdr in talked {
        let sides = [xdr.caller_quality, xdr.callee_quality].map(|quality| quality.expect("the sums of each side"));
        assert!(sides.iter().all(|side| side.packets >= 45 && side.lost == 0), "{sides:?}");
    }
    running.stop(Duration::ZERO).await;
}

/// A real phone of ABC's extension, registered.
fn phone(extension: &str, exchange: SocketAddr) -> Baresip {
    let phone = Baresip::start(Account::registered(&format!("abc{extension}"), "tandem-demo", exchange)).unwrap();
    phone.wait_until_registered().unwrap();
    phone
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_real_phone_takes_johns_place_and_another_hears_the_outside_world() {
    let address = free();
    let bound = Callers::bind(address).await.unwrap();
    let (_store, handle, running) = exchange(address, bound.trunk()).await;
    let (john, mary) = (phone("744", address), phone("702", address));
    let callers = bound.run(address, 2).unwrap();

    let users = async || {
        let all = handle.feed().registrations(None);
        let users: Vec<_> = all.iter().map(|one| (one.sip_user.clone(), one.user_agent.contains("baresip"))).collect();
        let wanted = [("abc702", true), ("abc744", true), ("abc745", false)];
        users.iter().map(|(user, real)| (user.as_str(), *real)).eq(wanted).then_some(())
    };
    wait_for("John to step aside", users).await;
    // A client rings the real phone, and Olivia takes the call.
    john.wait_for_incoming().unwrap();

    mary.dial("00442071838750").unwrap();
    mary.wait_until_established().unwrap();
    let heard = mary.listen(Duration::from_secs(2));
    assert!(heard.iter().any(|part| part.pcm.iter().any(|sample| sample.unsigned_abs() > 1_000)));
    callers.stop().await;
    mary.wait_until_closed().unwrap();
    running.stop(Duration::ZERO).await;
}
