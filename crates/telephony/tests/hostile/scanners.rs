//! SIPVicious, the scanner that finds every exchange on the Internet within hours: it is to find nobody here.
//!
//! Each story has a part in which the scanner finds something, so that it is known to have looked.

use std::{
    net::{Ipv4Addr, SocketAddr, UdpSocket},
    process::{Command, Output, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use tandem_domain::ids::Timestamp;
use tandem_sip::message::{Message, Name, Response, parse};
use tandem_store::Change;

use crate::{wire::Wired, world::World};

/// Runs a program to its end, or for so long.
fn run(command: &mut Command, most: Duration) -> Output {
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = child.expect("SIPVicious is installed (scripts/test.sh does that)");
    let until = Instant::now() + most;
    while child.try_wait().unwrap().is_none() {
        if Instant::now() > until {
            let _ = child.kill();
            break;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    child.wait_with_output().unwrap()
}

/// What a scanner says of whoever is at this address.
fn scan(target: SocketAddr, program: &str, arguments: &[&str]) -> String {
    let port = target.port().to_string();
    let mut command = Command::new(program);
    // From another address than the phones', which share their guard otherwise.
    command.args(["-b", "127.0.0.41", "-p", &port]).args(arguments).arg(target.ip().to_string());
    let output = run(&mut command, Duration::from_secs(30));
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// An exchange that tells strangers whom it knows: 401 for `abc744`, 404 for everybody else.
struct Talkative {
    address: SocketAddr,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Talkative {
    fn start() -> Self {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        socket.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
        let (address, stop) = (socket.local_addr().unwrap(), Arc::new(AtomicBool::new(false)));
        let told = stop.clone();
        let thread = std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while !told.load(Ordering::Relaxed) {
                let Ok((length, from)) = socket.recv_from(&mut buffer) else { continue };
                let Ok(Message::Request(request)) = parse(&buffer[..length]) else { continue };
                let user = request.headers.to().ok().and_then(|to| to.uri.user);
                let known = user.as_deref() == Some("abc744");
                let mut response = Response::to(&request, if known { 401 } else { 404 });
                if known {
                    let challenge = "Digest realm=\"talkative\", nonce=\"1\", algorithm=MD5";
                    response.headers.push(Name::WwwAuthenticate, challenge);
                }
                let _ = socket.send_to(&response.to_bytes(), from);
            }
        });
        Self { address, stop, thread: Some(thread) }
    }
}

impl Drop for Talkative {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

/// Whether a scanner names users that there are, and none that there is not: what it names among others tells it nothing.
fn tells_apart(war: &str) -> bool {
    let there_is = |user: &u32| matches!(user, 701 | 702 | 744..=746);
    let (there_are, others): (Vec<u32>, Vec<u32>) =
        (700..=760).filter(|user| war.contains(&format!("abc{user}"))).partition(there_is);
    !there_are.is_empty() && others.is_empty()
}

/// John's (744) password is another one from now on.
fn change_password(world: &World, password: &str) {
    world.block_on(async {
        let line = world.store.exchange().phone("abc744").await.unwrap().unwrap().line;
        let (accounts, change) = (world.store.accounts(), Change::by_system(Timestamp(1)));
        accounts.set_sip_password(line.tenant(), line.account, None, password, &change).await.unwrap();
    });
}

#[test]
fn sipvicious_finds_an_exchange_but_none_of_its_users() {
    let world = World::new();
    let map = scan(world.address, "svmap", &[]);
    assert!(map.contains(&world.address.to_string()), "svmap finds that somebody is here: {map}");
    let (john, _mary) = (Wired::registered(&world, "744", 1), Wired::registered(&world, "702", 2));
    // Users that there are, among such as there are not.
    let enumerate = |target, method: &str| {
        let arguments = ["-m", method, "-e", "700-760", "--template", "abc%#03i", "--force"];
        scan(target, "svwar", &arguments)
    };
    let talkative = Talkative::start();
    for method in ["REGISTER", "INVITE"] {
        let war = enumerate(talkative.address, method);
        assert!(tells_apart(&war), "svwar finds who is told to it by {method}: {war}");
        let war = enumerate(world.address, method);
        assert!(!tells_apart(&war), "svwar tells users apart by {method}: {war}");
    }
    john.call_goes_through(&world, "702");
}

#[test]
fn sipvicious_has_ten_guesses_and_no_more() {
    let world = World::new();
    let crack = |most: &str| scan(world.address, "svcrack", &["-u", "abc744", "-r", most]);
    // The fourth guess is good, so it is found.
    change_password(&world, "1003");
    let found = crack("1000-1400");
    assert!(found.contains("1003"), "svcrack can guess: {found}");
    // Behind the guesses that anybody has, it is not.
    change_password(&world, "1300");
    let found = crack("1000-1400");
    assert!(!found.contains("1300"), "svcrack has guessed a password: {found}");
}
