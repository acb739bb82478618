//! A stack that is not ours calls us: sipp's own caller, over UDP and TCP. Skipped where there is no sipp.

use std::{process::Stdio, time::Instant};

use tandem_sip::{
    flow::Transport,
    message::{Method, Name, Response},
    transaction::{Event, Output, Timers, Transactions},
    transport::{Incoming, Transports},
};
use tokio::{process::Command, sync::mpsc, time::sleep_until};

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
