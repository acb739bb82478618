//! Ten thousand short calls with random ends, through real sockets and the real media engine, with sound: afterwards ports,
//! dialogs, transactions, tasks and memory are back where they were. (`hostile/leaks.rs` makes its calls without either, and worse ones.)
//!
//! All phones are in one thread, which has nothing to wait for: their stories are as random as the seed and the machine. The time
//! that transactions take to be forgotten is not waited for: all clocks are put forward.

use std::{
    collections::HashMap,
    net::{Ipv4Addr, SocketAddr, UdpSocket},
    time::{Duration, Instant},
};

use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use tandem_domain::{
    access::Scope,
    calls::{EndedBy, ReleaseCause},
    list::Query,
};
use tandem_sip::message::Method;
use tandem_store::xdrs::XdrFilters;
use tandem_telephony::exchange::Counts;

use crate::{
    phone::{Called, Calling, Phone},
    wire::{audio_of, memory, packet},
    world::{Wishes, World},
};

const MS: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);
const CALLS: usize = 10_000;
/// Calls after these. What is kept of calls up to a limit, such as which of the last 20,000 dialogs a message in the signalling
/// log is of, has come to it by then; so nothing more may be needed.
const MORE: usize = 5_000;
/// Calls at once.
const AT_ONCE: usize = 50;
/// Packets of sound are so far apart.
const PACKET: Duration = Duration::from_millis(20);
/// Octets of memory by which those may leave more behind: less than a kilobyte a call, which is the database's and the heap's.
const MEMORY_MAX: u64 = 4 << 20;
const EXTENSIONS: [&str; 5] = ["701", "702", "744", "745", "746"];

fn up_to(random: &mut StdRng, milliseconds: u32) -> Duration {
    MS * random.random_range(0..milliseconds)
}

/// How a phone takes a call.
fn taking(random: &mut StdRng) -> Called {
    let bye_after = Some(up_to(random, 300)).filter(|_| random.random_bool(0.5));
    match random.random_range(0..20) {
        0..11 => Called::Answers { after: up_to(random, 100), bye_after },
        11..14 => {
            let status = [480, 486, 603][random.random_range(0..3)];
            Called::Refuses { after: up_to(random, 50), status, rings: true }
        }
        14 | 15 => Called::Rings,
        16 => Called::Ignores,
        17 => Called::AnswersWhenCancelled,
        _ => Called::Early { answer_after: up_to(random, 100), bye_after },
    }
}

/// How a phone calls: it gives up, or hangs up, after a moment.
fn calling(random: &mut StdRng) -> Calling {
    let gives_up = if random.random_bool(0.2) { 20 } else { 400 };
    Calling { cancel_after: Some(up_to(random, gives_up)), bye_after: Some(up_to(random, 300)), ..Calling::default() }
}

/// Whom a phone calls, and whom the trunk does.
fn somewhere(random: &mut StdRng, trunk: bool) -> String {
    if trunk {
        return ["+3225550700", "+3225550710", "+3225550744", "+3225550702", "+3225559999"][random.random_range(0..5)]
            .into();
    }
    match random.random_range(0..20) {
        0 => "7700".into(),
        1 => "7710".into(),
        2 => "*43".into(),
        3 => "799".into(),
        4..7 => "00442071838750".into(),
        _ => EXTENSIONS[random.random_range(0..EXTENSIONS.len())].into(),
    }
}

/// A phone with its sockets, and where each of its calls wants sound.
struct Party {
    phone: Phone,
    signalling: UdpSocket,
    sound: UdpSocket,
    towards: HashMap<String, SocketAddr>,
    sequence: u16,
    heard: u64,
}

impl Party {
    fn new(signalling: UdpSocket, user: &str, exchange: SocketAddr, seed: u64) -> Self {
        let sound = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        for socket in [&signalling, &sound] {
            socket.set_nonblocking(true).unwrap();
        }
        let mut phone = Phone::new(user, signalling.local_addr().unwrap(), exchange, seed, taking);
        phone.media = sound.local_addr().unwrap();
        Self { phone, signalling, sound, towards: HashMap::new(), sequence: 0, heard: 0 }
    }

    /// Takes what has come, and does what is due.
    fn turn(&mut self, now: Instant) {
        let mut buffer = [0; 4096];
        while let Ok((length, from)) = self.signalling.recv_from(&mut buffer) {
            if from == self.phone.exchange {
                self.phone.receive(now, &buffer[..length]);
            }
        }
        self.phone.handle_timeout(now);
        while let Some(bytes) = self.phone.poll() {
            let _ = self.signalling.send_to(&bytes, self.phone.exchange);
        }
        while self.sound.recv(&mut buffer).is_ok() {
            self.heard += 1;
        }
    }

    /// A packet of sound in every call that is answered.
    fn speak(&mut self) {
        let lines = &self.phone.lines;
        self.towards.retain(|line, _| lines.contains_key(line));
        self.sequence = self.sequence.wrapping_add(1);
        for (id, line) in lines.iter().filter(|(_, line)| line.is_up && !line.remote.is_empty()) {
            let towards = *self.towards.entry(id.clone()).or_insert_with(|| audio_of(&line.remote));
            let _ = self.sound.send_to(&packet(1, self.sequence, 1), towards);
        }
    }
}

/// A phone forgets what it only keeps for tests to look at, and what is of calls that are over.
fn forget(phone: &mut Phone) {
    phone.statuses.clear();
    phone.asked.clear();
    phone.told.clear();
    phone.billed.clear();
    let lines = &phone.lines;
    phone.clients.retain(|_, (line, ..)| lines.contains_key(line));
    phone.servers.retain(|_, line| lines.contains_key(line));
}

/// All phones; the last one is the trunk.
struct Crowd {
    parties: Vec<Party>,
    random: StdRng,
    spoke: Instant,
    /// How much their clocks were put forward.
    ahead: Duration,
}

impl Crowd {
    fn now(&self) -> Instant {
        Instant::now() + self.ahead
    }

    fn turn(&mut self) {
        let now = self.now();
        self.parties.iter_mut().for_each(|party| party.turn(now));
        if self.spoke.elapsed() >= PACKET {
            self.spoke = Instant::now();
            self.parties.iter_mut().for_each(Party::speak);
        }
        std::thread::sleep(MS / 2);
    }

    /// Calls that are not over for who began them.
    fn calling(&self) -> usize {
        let lines = self.parties.iter().flat_map(|party| party.phone.lines.values());
        lines.filter(|line| line.called.is_none()).count()
    }

    fn begin(&mut self) {
        let who = self.random.random_range(0..self.parties.len());
        let number = somewhere(&mut self.random, who + 1 == self.parties.len());
        let calling = calling(&mut self.random);
        let now = self.now();
        self.parties[who].phone.dial(now, &number, calling);
    }

    fn make(&mut self, calls: usize) {
        for done in 0..calls {
            while self.calling() >= AT_ONCE {
                self.turn();
            }
            self.begin();
            self.turn();
            if done % 200 == 0 {
                self.parties.iter_mut().for_each(|party| forget(&mut party.phone));
            }
        }
    }

    /// Waits until nothing of any call is left, with all clocks put forward again and again.
    fn come_to_rest(&mut self, world: &World) {
        let quiet = |counts: Counts| {
            (counts.calls, counts.legs, counts.questions, counts.drafts, counts.transactions) == (0, 0, 0, 0, 0)
        };
        let until = Instant::now() + 60 * SECOND;
        let mut look = Instant::now();
        while self.calling() > 0 || !quiet(world.handle.counts()) {
            assert!(Instant::now() < until, "{} calls; {:?}", self.calling(), world.handle.counts());
            self.turn();
            if look.elapsed() > SECOND / 5 {
                look = Instant::now();
                world.hurry(5 * SECOND);
                self.ahead += 5 * SECOND;
            }
        }
        // What the phones themselves still remember of it is not the exchange's.
        self.ahead += 60 * SECOND;
        self.turn();
        self.parties.iter_mut().for_each(|party| forget(&mut party.phone));
    }
}

/// Tasks that have not ended.
fn tasks(world: &World) -> usize {
    world.block_on(async { tokio::runtime::Handle::current().metrics().num_alive_tasks() })
}

/// Waits until records are not being written any more: those that wait for that are no leak.
fn wait_until_written(world: &World) {
    let (mut written, mut since) = (records(world, None), Instant::now());
    while since.elapsed() < 2 * SECOND {
        std::thread::sleep(SECOND / 10);
        let now = records(world, None);
        if now != written {
            (written, since) = (now, Instant::now());
        }
    }
}

fn records(world: &World, cause: Option<ReleaseCause>) -> usize {
    let filters = XdrFilters { cause, ..XdrFilters::default() };
    let store = world.store.xdrs();
    let page = world.block_on(store.list(Scope::for_system(), &Query::default(), &filters)).unwrap();
    usize::try_from(page.count).unwrap()
}

#[test]
fn after_ten_thousand_short_calls_with_sound_everything_is_back_where_it_was() {
    let trunk = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let wishes = Wishes { trunk: Some(trunk.local_addr().unwrap()), on_disk: true, ..Wishes::default() };
    let world = World::with(wishes);
    let own = || UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let phone = |(extension, seed): (&&str, u64)| Party::new(own(), &format!("abc{extension}"), world.address, seed);
    let mut parties: Vec<_> = EXTENSIONS.iter().zip(1..).map(phone).collect();
    parties.iter_mut().for_each(|party| party.phone.register(Instant::now(), 3600));
    parties.push(Party::new(trunk, "+442071838750", world.address, 99));
    let mut crowd = Crowd { parties, random: StdRng::seed_from_u64(7), spoke: Instant::now(), ahead: Duration::ZERO };
    let registered = |party: &Party| party.phone.statuses.contains(&(Method::Register, 200));
    while crowd.parties.iter().filter(|party| registered(party)).count() < EXTENSIONS.len() {
        crowd.turn();
    }
    let tasks_before = tasks(&world);
    let began = Instant::now();

    crowd.make(CALLS);
    crowd.come_to_rest(&world);
    wait_until_written(&world);
    let before = memory();
    crowd.make(MORE);
    crowd.come_to_rest(&world);
    wait_until_written(&world);
    let more = memory().saturating_sub(before);
    println!("{} calls in {:?}; {more} octets more after the last {MORE}", CALLS + MORE, began.elapsed());

    assert!(more < MEMORY_MAX, "{more} octets are kept of {MORE} calls");
    assert_eq!((world.engine.stats().legs, world.engine.ports_in_use()), (0, 0), "ports are left open");
    world.wait_for("the end of all tasks of calls", || (tasks(&world) <= tasks_before).then_some(()));
    assert!(world.handle.feed().calls(None).is_empty());
    // It was no walk through an empty house: they heard each other, and their calls ended in every way.
    let heard: u64 = crowd.parties.iter().map(|party| party.heard).sum();
    assert!(heard > 10_000, "{heard} packets were heard");
    for (cause, least) in [
        (ReleaseCause::Normal, 1_000),
        (ReleaseCause::Cancelled, 500),
        (ReleaseCause::Busy, 50),
        (ReleaseCause::Declined, 50),
    ] {
        let found = records(&world, Some(cause));
        assert!(found >= least, "{found} calls ended by {cause:?}");
    }
    let all = world.xdrs();
    for side in [EndedBy::Caller, EndedBy::Callee] {
        assert!(all.iter().any(|xdr| xdr.ended_by == side && xdr.cause == ReleaseCause::Normal), "by {side:?}");
    }
}
