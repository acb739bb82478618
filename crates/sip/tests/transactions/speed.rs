//! How much of a core does a call take? Prints it: `cargo test --release -p tandem-sip --test transactions -- --ignored
//! --nocapture`.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use tandem_sip::{
    flow::{Flow, Transport},
    message::{Message, Method, Name, Request, Response, parse},
    transaction::{ClientId, Event, Output, Timers, Transactions},
};

use crate::world::{End, request};

const CALLS: u32 = 20_000;

const SDP: &str = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n\
    m=audio 4000 RTP/AVP 8 0 9 101\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\n";

fn invite(call_id: &str, method: Method, number: u32) -> Request {
    let mut request = request(method, call_id, number);
    request.headers.push(Name::Contact, "<sip:744@192.0.2.1:5060>");
    request.headers.push(Name::UserAgent, "Tandem");
    request.headers.push(Name::Supported, "100rel, timer, replaces");
    request.headers.push(Name::Allow, "INVITE, ACK, BYE, CANCEL, OPTIONS, PRACK, UPDATE, INFO, REFER, NOTIFY");
    if request.method == Method::Invite {
        request.set_body("application/sdp", SDP);
    }
    request
}

#[test]
#[ignore = "a measurement"]
fn calls_in_a_second() {
    let begin = Instant::now();
    let (messages, callee) = calls(CALLS, Duration::ZERO, |_| ());
    let took = begin.elapsed();
    let per_message = took / messages;
    println!("{CALLS} calls, {messages} messages: {took:?}; {per_message:?} a message written, read and handled");
    println!("{} KiB, with both ends' transactions of these calls", resident());
    println!(
        "{:.0} calls a second, both ends on one core; kept: {:?}",
        f64::from(CALLS) / took.as_secs_f64(),
        callee.counts()
    );
}

/// 600 a second, so that from 19,200 of them on as many transactions end as begin.
#[test]
#[ignore = "a measurement"]
fn memory_while_calls_come_and_go() {
    calls(130_000, Duration::from_micros(1667), |number| {
        if number % 20_000 == 0 {
            println!("after {number} calls: {} KiB", resident());
        }
    });
}

/// KiB that this process has in memory.
fn resident() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.unwrap_or_default().trim().trim_end_matches(" kB").to_owned()
}

/// Makes calls one after the other, each `pace` after the one before by the clock that the transactions are given. Gives the
/// messages that went by, and the callee's end.
fn calls(calls: u32, pace: Duration, each: impl Fn(u32)) -> (u32, Transactions) {
    let begin = Instant::now();
    let way = |from: End| Flow {
        transport: Transport::Udp,
        local: from.address(),
        remote: from.other().address(),
        connection: None,
    };
    let mut caller = Transactions::new(Timers::default(), 1);
    let mut callee = Transactions::new(Timers::default(), 2);
    let (mut messages, mut over) = (0, 0);
    let mut asked: Option<ClientId>;
    for number in 0..calls {
        let now = begin + pace * number;
        caller.handle_timeout(now);
        callee.handle_timeout(now);
        each(number);
        let call_id = format!("{number}@192.0.2.1");
        asked = Some(caller.request(now, way(End::Caller), invite(&call_id, Method::Invite, 1)));
        let mut wire: VecDeque<(End, bytes::Bytes)> = VecDeque::new();
        loop {
            let mut moved = false;
            while let Some(output) = caller.poll() {
                moved = true;
                match output {
                    Output::Send { bytes, .. } => wire.push_back((End::Callee, bytes)),
                    Output::Event(Event::Response { id, response }) if response.is_success() => {
                        if asked == Some(id) {
                            asked = None;
                            let in_dialog = |method: Method, number| {
                                let mut request = invite(&call_id, method, number);
                                request.headers.set(Name::To, response.headers.get(&Name::To).unwrap());
                                request
                            };
                            caller.ack(now, way(End::Caller), id, in_dialog(Method::Ack, 1));
                            caller.request(now, way(End::Caller), in_dialog(Method::Bye, 2));
                        } else {
                            over += 1;
                        }
                    }
                    Output::Event(_) => {}
                }
            }
            while let Some(output) = callee.poll() {
                moved = true;
                match output {
                    Output::Send { bytes, .. } => wire.push_back((End::Caller, bytes)),
                    Output::Event(Event::Request { id: Some(id), request, .. }) => {
                        if request.method == Method::Invite {
                            // As an exchange does: elsewhere first.
                            while let Some(Output::Send { bytes, .. }) = callee.poll() {
                                wire.push_back((End::Caller, bytes));
                            }
                            let mut ringing = Response::to(&request, 180);
                            ringing.headers.tag_to("callee").unwrap();
                            callee.respond(now, id, ringing);
                        }
                        let mut yes = Response::to(&request, 200);
                        let _ = yes.headers.tag_to("callee");
                        callee.respond(now, id, yes);
                    }
                    Output::Event(_) => {}
                }
            }
            while let Some((to, bytes)) = wire.pop_front() {
                moved = true;
                messages += 1;
                let message: Message = parse(&bytes).unwrap();
                match to {
                    End::Caller => caller.receive(now, way(End::Caller), message),
                    End::Callee => callee.receive(now, way(End::Callee), message),
                }
            }
            if !moved {
                break;
            }
        }
    }
    assert_eq!(over, calls);
    (messages, callee)
}
