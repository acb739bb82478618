//! A stack that is not ours calls us, and is called: sipp's own caller and callee, over UDP and TCP. Skipped where there is no
//! sipp.

use std::{
    process::Stdio,
    time::{Duration, Instant},
};

use tandem_sip::{
    flow::Transport,
    message::{Method, Name, Request, Response},
    transaction::{Event, Output, Timers, Transactions},
    transport::{Incoming, Transports},
};
use tokio::{net::TcpStream, process::Command, sync::mpsc, time::sleep_until};

use crate::world::config;

const SDP: &str = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 9 RTP/AVP 0\r\n";

/// Answers every call, and counts what it had to send twice.
struct Callee {
    transports: Transports,
    events: mpsc::Receiver<Incoming>,
    layer: Transactions,
    acknowledged: u32,
    ended: u32,
}

impl Callee {
    async fn run(&mut self) {
        loop {
            self.drain();
            let at = self.layer.next_timeout();
            tokio::select! {
                incoming = self.events.recv() => match incoming.expect("the transports live") {
                    Incoming::Message { flow, message, .. } => {
                        self.layer.receive(Instant::now(), flow, message.expect("sipp is well-formed"));
                    }
                    Incoming::Failed { flow } => self.layer.transport_failed(Instant::now(), flow),
                },
                () = async { sleep_until(at.unwrap_or_else(Instant::now).into()).await }, if at.is_some() => {
                    self.layer.handle_timeout(Instant::now());
                }
            }
        }
    }

    fn drain(&mut self) {
        while let Some(output) = self.layer.poll() {
            match output {
                Output::Send { flow, bytes } => self.transports.send(flow, bytes),
                Output::Event(Event::Request { id: Some(id), flow, request, .. }) => {
                    let now = Instant::now();
                    let mut yes = Response::to(&request, 200);
                    if request.method == Method::Invite {
                        let mut ringing = Response::to(&request, 180);
                        let contact = format!("<sip:callee@{};transport={}>", flow.local, flow.transport.uri_name());
                        for response in [&mut ringing, &mut yes] {
                            response.headers.push(Name::Contact, contact.clone());
                        }
                        self.layer.respond(now, id, ringing);
                        yes.set_body("application/sdp", SDP);
                    } else {
                        self.ended += 1;
                    }
                    self.layer.respond(now, id, yes);
                }
                Output::Event(Event::Request { id: None, .. }) => self.acknowledged += 1,
                Output::Event(other) => panic!("not from sipp: {other:?}"),
            }
        }
    }
}

async fn called(transport: Transport, calls: u32, rate: u32) -> Option<Callee> {
    let (sender, events) = mpsc::channel(10_000);
    let transports = Transports::open(config("127.0.0.1"), sender).await.unwrap();
    let at = transports.local(transport).unwrap().to_string();
    let mode = if transport == Transport::Tcp { "t1" } else { "u1" };
    let mut command = Command::new("sipp");
    command.args(["-sn", "uac", "-d", "0", "-t", mode, "-nostdin", "-i", "127.0.0.1", "-m"]);
    command.args([calls.to_string(), "-r".into(), rate.to_string(), at]);
    command
        .current_dir(std::env::temp_dir())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    let Ok(mut sipp) = command.spawn() else {
        eprintln!("no sipp here: skipped");
        return None;
    };
    let mut callee =
        Callee { transports, events, layer: Transactions::from_os_rng(Timers::default()), acknowledged: 0, ended: 0 };
    let status = tokio::select! {
        () = callee.run() => unreachable!("it runs for ever"),
        status = sipp.wait() => status.unwrap(),
    };
    assert!(status.success(), "sipp counted failed calls: {status}");
    Some(callee)
}

#[tokio::test]
async fn sipp_calls_over_udp_and_tcp() {
    for transport in [Transport::Udp, Transport::Tcp] {
        let Some(callee) = called(transport, 200, 400).await else { return };
        assert_eq!((callee.acknowledged, callee.ended), (200, 200));
    }
}

/// Calls sipp, which waits for one call by this transport, with an INVITE that should go by UDP and is too large for it. Gives
/// the transport by which it was answered.
async fn call_with_a_large_invite(transport: Transport) -> Option<Transport> {
    let free = std::net::UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mode = if transport == Transport::Tcp { "t1" } else { "u1" };
    let mut command = Command::new("sipp");
    command.args(["-sn", "uas", "-t", mode, "-nostdin", "-i", "127.0.0.1", "-m", "1", "-p", &free.port().to_string()]);
    command.current_dir(std::env::temp_dir()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let Ok(mut sipp) = command.kill_on_drop(true).spawn() else {
        eprintln!("no sipp here: skipped");
        return None;
    };
    // Datagrams are sent again until it listens.
    while transport == Transport::Tcp && TcpStream::connect(free).await.is_err() {
        assert!(sipp.try_wait().unwrap().is_none(), "sipp does not wait for calls");
        sleep_until((Instant::now() + Duration::from_millis(10)).into()).await;
    }
    let (sender, mut events) = mpsc::channel(100);
    let transports = Transports::open(config("127.0.0.1"), sender).await.unwrap();
    let mut layer = Transactions::from_os_rng(Timers::default());
    layer.allow_streams(true);
    let way = transports.flow_to(Transport::Udp, free).unwrap();
    let mut invite = in_dialog(Method::Invite, "", 1);
    invite.headers.push(Name::Contact, format!("<sip:caller@{}>", way.local));
    invite.set_body("application/sdp", format!("{SDP}{}", "a=filler:0123456789\r\n".repeat(70)));
    layer.request(Instant::now(), way, invite);
    let mut came = way;
    loop {
        while let Some(output) = layer.poll() {
            match output {
                Output::Send { flow, bytes } => transports.send(flow, bytes),
                Output::Event(Event::Response { response, .. }) if response.status < 200 => {}
                Output::Event(Event::Response { id, response }) => {
                    let (now, to) = (Instant::now(), response.headers.get(&Name::To).unwrap_or_default().to_owned());
                    assert_eq!(response.status, 200);
                    if response.headers.cseq().unwrap().method == Method::Invite {
                        layer.ack(now, came, id, in_dialog(Method::Ack, &to, 1));
                        layer.request(now, came, in_dialog(Method::Bye, &to, 2));
                    } else {
                        assert!(sipp.wait().await.unwrap().success(), "sipp counted a failed call");
                        return Some(came.transport);
                    }
                }
                Output::Event(other) => panic!("not from sipp: {other:?}"),
            }
        }
        let at = layer.next_timeout();
        tokio::select! {
            incoming = events.recv() => match incoming.expect("the transports live") {
                Incoming::Message { flow, message, .. } => {
                    came = flow;
                    layer.receive(Instant::now(), flow, message.expect("sipp is well-formed"));
                }
                Incoming::Failed { flow } => layer.transport_failed(Instant::now(), flow),
            },
            () = async { sleep_until(at.unwrap_or_else(Instant::now).into()).await }, if at.is_some() => {
                layer.handle_timeout(Instant::now());
            }
        }
    }
}

fn in_dialog(method: Method, to: &str, number: u32) -> Request {
    let mut request = Request::new(method.clone(), "sip:service@127.0.0.1".parse().unwrap());
    request.headers.push(Name::From, "<sip:caller@127.0.0.1>;tag=caller");
    request.headers.push(Name::To, if to.is_empty() { "<sip:service@127.0.0.1>" } else { to });
    request.headers.push(Name::CallId, "a-large-invite@127.0.0.1");
    request.headers.push(Name::CSeq, format!("{number} {method}"));
    request
}

#[tokio::test]
async fn sipp_takes_a_large_invite_by_tcp_and_as_a_datagram_where_it_has_no_tcp() {
    for transport in [Transport::Tcp, Transport::Udp] {
        let Some(carried) = call_with_a_large_invite(transport).await else { return };
        assert_eq!(carried, transport);
    }
}

#[tokio::test]
#[ignore = "a measurement"]
async fn how_many_calls_a_second() {
    for (transport, rate) in [(Transport::Udp, 1500), (Transport::Udp, 3000), (Transport::Tcp, 1500)] {
        let Some(callee) = called(transport, rate * 4, rate).await else { return };
        let (counts, carried) = (callee.layer.counts(), callee.transports.counts());
        println!("{transport} at {rate}/s: {} calls, {counts:?}, {carried:?}", callee.ended);
    }
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let ticks: Vec<&str> = stat.split(' ').skip(13).take(2).collect();
    println!("CPU, user and system, in 1/100 s: {ticks:?}");
}
