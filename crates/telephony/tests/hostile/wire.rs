//! A [`Phone`] on a real socket, in a thread of its own; and sound that can be told from any other.

use std::{
    collections::BTreeSet,
    net::{Ipv4Addr, SocketAddr, UdpSocket},
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use rand::rngs::StdRng;
use tandem_sip::{message::Method, sdp::Session};

use crate::{
    phone::{Called, Calling, Phone},
    world::World,
};

/// Where the others come from: not from a phone's address.
pub const STRANGER: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 9);

const MS: Duration = Duration::from_millis(1);

/// A phone with a socket.
pub struct Wired {
    phone: Arc<Mutex<Phone>>,
    pub sound: Sound,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// Takes every call at once, and talks until the other one hangs up.
pub fn answers(_: &mut StdRng) -> Called {
    Called::Answers { after: Duration::ZERO, bye_after: None }
}

impl Wired {
    /// ABC's extension, registered.
    pub fn registered(world: &World, extension: &str, seed: u64) -> Self {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        socket.set_read_timeout(Some(2 * MS)).unwrap();
        let address = socket.local_addr().unwrap();
        let mut phone = Phone::new(&format!("abc{extension}"), address, world.address, seed, answers);
        let sound = Sound::new(u32::try_from(seed).unwrap());
        phone.media = sound.socket.local_addr().unwrap();
        let (phone, stop) = (Arc::new(Mutex::new(phone)), Arc::new(AtomicBool::new(false)));
        let thread = std::thread::spawn({
            let (phone, stop, exchange) = (phone.clone(), stop.clone(), world.address);
            move || {
                let mut buffer = vec![0; 65_535];
                while !stop.load(Ordering::Relaxed) {
                    let came = socket.recv_from(&mut buffer);
                    let now = Instant::now();
                    let mut phone = phone.lock().unwrap();
                    // The exchange alone is listened to.
                    if let Ok((length, from)) = came
                        && from == exchange
                    {
                        phone.receive(now, &buffer[..length]);
                    }
                    phone.handle_timeout(now);
                    while let Some(bytes) = phone.poll() {
                        let _ = socket.send_to(&bytes, exchange);
                    }
                }
            }
        });
        let wired = Self { phone, sound, stop, thread: Some(thread) };
        wired.phone().register(Instant::now(), 600);
        world.wait_for("a registration", || {
            let good = wired.phone().statuses.contains(&(Method::Register, 200));
            good.then_some(())
        });
        wired
    }

    pub fn phone(&self) -> MutexGuard<'_, Phone> {
        self.phone.lock().unwrap()
    }

    /// Calls and waits until it is answered; both know then where their sound goes.
    pub fn connect(&mut self, world: &World, other: &mut Self, number: &str) {
        self.connect_as(world, other, number, Calling::default());
    }

    /// The same, calling in a way of its own.
    pub fn connect_as(&mut self, world: &World, other: &mut Self, number: &str, calling: Calling) {
        let call_id = self.phone().dial(Instant::now(), number, calling);
        world.wait_for("the answer", || self.phone().lines.get(&call_id).filter(|line| line.is_up).map(|_| ()));
        world.wait_for("the called party", || other.phone().lines.values().any(|line| line.is_up).then_some(()));
        for wired in [&mut *self, &mut *other] {
            let line = wired.phone().lines.values().next().unwrap().remote.clone();
            wired.sound.towards = Some(audio_of(&line));
        }
    }

    /// The same, and both have heard each other.
    pub fn talk(&mut self, world: &World, other: &mut Self, number: &str) {
        self.connect(world, other, number);
        until_they_hear(world, &mut self.sound, &mut other.sound);
    }

    /// Calls, talks for a moment, hangs up; and waits until that is done.
    pub fn call_goes_through(&self, world: &World, number: &str) {
        let calling = Calling { bye_after: Some(20 * MS), ..Calling::default() };
        self.phone().statuses.clear();
        let call_id = self.phone().dial(Instant::now(), number, calling);
        // Its line is free again after its BYE.
        world.wait_for("a call that goes through", || (!self.phone().lines.contains_key(&call_id)).then_some(()));
        let statuses = self.phone().statuses.clone();
        assert!(statuses.contains(&(Method::Invite, 200)), "the call was refused: {statuses:?}");
    }
}

impl Drop for Wired {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The address of a description's audio.
pub fn audio_of(description: &[u8]) -> SocketAddr {
    let session = Session::parse(description).unwrap();
    let audio = session.media.first().unwrap();
    SocketAddr::new(session.address(audio).unwrap(), audio.port)
}

/// A party's sound: every packet says who sent it, and which of all it is.
pub struct Sound {
    pub socket: UdpSocket,
    pub ssrc: u32,
    pub sequence: u16,
    /// What was said before this story.
    pub began: u16,
    pub towards: Option<SocketAddr>,
    pub heard: BTreeSet<(u32, u16)>,
    /// Packets that were heard more than once.
    pub twice: u32,
}

impl Sound {
    pub fn new(ssrc: u32) -> Self {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        socket.set_nonblocking(true).unwrap();
        Self { socket, ssrc, sequence: 1000, began: 1000, towards: None, heard: BTreeSet::new(), twice: 0 }
    }

    /// One packet of 20 ms.
    pub fn say(&mut self) {
        self.sequence = self.sequence.wrapping_add(1);
        let packet = packet(self.ssrc, self.sequence, self.ssrc);
        self.socket.send_to(&packet, self.towards.unwrap()).unwrap();
    }

    /// Takes what came. What is no sound of these stories (a prompt, RTCP) is left out.
    pub fn listen(&mut self) {
        let mut buffer = [0; 2048];
        while let Ok(length) = self.socket.recv(&mut buffer) {
            let Some((who, which)) = said(&buffer[..length]) else { continue };
            if !self.heard.insert((who, which)) {
                self.twice += 1;
            }
        }
    }

    /// Which packets of a speaker were heard.
    pub fn of(&self, ssrc: u32) -> Vec<u16> {
        self.heard.iter().filter(|(who, _)| *who == ssrc).map(|(_, which)| *which).collect()
    }
}

const MARK: &[u8] = b"tandem test sound";

/// 20 ms of PCMU from `ssrc`, which tells that `who` speaks.
pub fn packet(ssrc: u32, sequence: u16, who: u32) -> Vec<u8> {
    let mut packet = vec![0x80, 0x00];
    packet.extend(sequence.to_be_bytes());
    packet.extend((u32::from(sequence) * 160).to_be_bytes());
    packet.extend(ssrc.to_be_bytes());
    packet.extend(MARK);
    packet.extend(who.to_be_bytes());
    packet.extend(sequence.to_be_bytes());
    packet.resize(12 + 160, 0xff);
    packet
}

/// Who speaks in a packet, and which of theirs it is.
fn said(packet: &[u8]) -> Option<(u32, u16)> {
    let rest = packet.get(12..)?.strip_prefix(MARK)?;
    let (who, rest) = rest.split_first_chunk::<4>()?;
    let (which, _) = rest.split_first_chunk::<2>()?;
    Some((u32::from_be_bytes(*who), u16::from_be_bytes(*which)))
}

/// Two who talk say so much that each hears the other: media are told of an answer a moment after the phones.
pub fn until_they_hear(world: &World, one: &mut Sound, two: &mut Sound) {
    let until = Instant::now() + Duration::from_secs(10);
    while !one.heard.contains(&(two.ssrc, two.sequence)) || !two.heard.contains(&(one.ssrc, one.sequence)) {
        assert!(Instant::now() < until, "the two do not hear each other; {:?}", world.engine.stats());
        one.say();
        two.say();
        std::thread::sleep(10 * MS);
        one.listen();
        two.listen();
    }
    for sound in [one, two] {
        sound.heard.clear();
        sound.began = sound.sequence;
    }
}

/// Two who talk say a few words, and hear each other's.
pub fn a_few_words(world: &World, one: &mut Sound, other: &mut Sound) {
    for _ in 0..3 {
        one.say();
        other.say();
    }
    let (said_by_one, said_by_other) = (one.sequence, other.sequence);
    let until = Instant::now() + Duration::from_secs(5);
    loop {
        one.listen();
        other.listen();
        if one.heard.contains(&(other.ssrc, said_by_other)) && other.heard.contains(&(one.ssrc, said_by_one)) {
            break;
        }
        assert!(Instant::now() < until, "the two do not hear each other; {:?}", world.engine.stats());
        std::thread::sleep(MS);
    }
}

/// Octets of memory that this process has.
pub fn memory() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    statm.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * 4096
}
