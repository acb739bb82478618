//! Transactions over real sockets: a call from INVITE to BYE.

use std::time::Instant;

use tandem_sip::{
    flow::Transport,
    message::{Method, Name, Request, Response},
    transaction::{Event, Output, Timers, Transactions},
    transport::Incoming,
};
use tokio::time::{sleep_until, timeout};

use crate::world::*;

struct Phone {
    world: World,
    layer: Transactions,
}

impl Phone {
    fn new(world: World) -> Self {
        Self { world, layer: Transactions::from_os_rng(Timers::default()) }
    }

    /// Does what an owner does, until something happens.
    async fn event(&mut self) -> Event {
        let patience = async {
            loop {
                while let Some(output) = self.layer.poll() {
                    match output {
                        Output::Send { flow, bytes } => self.world.transports.send(flow, bytes),
                        Output::Event(event) => return event,
                    }
                }
                let at = self.layer.next_timeout();
                tokio::select! {
                    incoming = self.world.event() => match incoming {
                        Incoming::Message { flow, message, .. } => {
                            self.layer.receive(Instant::now(), flow, message.unwrap());
                        }
                        Incoming::Failed { flow } => self.layer.transport_failed(Instant::now(), flow),
                    },
                    () = async { sleep_until(at.unwrap().into()).await }, if at.is_some() => {
                        self.layer.handle_timeout(Instant::now());
                    }
                }
            }
        };
        timeout(std::time::Duration::from_secs(10), patience).await.expect("something happens")
    }
}

fn in_dialog(method: Method, number: u32, response: &Response) -> Request {
    let mut request = message("call");
    request.method = method.clone();
    request.headers.remove(&Name::Via);
    request.headers.set(Name::To, response.headers.get(&Name::To).unwrap());
    request.headers.set(Name::CSeq, format!("{number} {method}"));
    request
}

async fn call(transport: Transport, caller: World, callee: World) {
    let flow = caller.flow_to(transport, &callee);
    let (mut caller, mut callee) = (Phone::new(caller), Phone::new(callee));
    let mut invite = message("call");
    invite.method = Method::Invite;
    invite.headers.remove(&Name::Via);
    invite.headers.set(Name::CSeq, "1 INVITE");
    let asked = caller.layer.request(Instant::now(), flow, invite);
    let calling = async {
        let response = loop {
            match caller.event().await {
                Event::Response { response, id } if response.status >= 200 => {
                    assert_eq!(id, asked);
                    break response;
                }
                Event::Response { .. } => {}
                other => panic!("a response: {other:?}"),
            }
        };
        assert_eq!(response.status, 200);
        caller.layer.ack(Instant::now(), flow, asked, in_dialog(Method::Ack, 1, &response));
        caller.layer.request(Instant::now(), flow, in_dialog(Method::Bye, 2, &response));
        let event = caller.event().await;
        assert!(matches!(event, Event::Response { ref response, .. } if response.status == 200), "{event:?}");
    };
    let called = async {
        let Event::Request { id: Some(id), request, .. } = callee.event().await else { panic!("an INVITE") };
        for status in [180, 200] {
            let mut response = Response::to(&request, status);
            response.headers.tag_to("callee").unwrap();
            callee.layer.respond(Instant::now(), id, response);
        }
        let mut over = false;
        let mut acknowledged = false;
        // Over UDP the BYE may overtake the ACK.
        while !(over && acknowledged) {
            match callee.event().await {
                Event::Request { id: None, acknowledges, .. } => {
                    assert_eq!(acknowledges, Some(id));
                    acknowledged = true;
                }
                Event::Request { id: Some(bye), request, .. } => {
                    assert_eq!(request.method, Method::Bye);
                    callee.layer.respond(Instant::now(), bye, Response::to(&request, 200));
                    over = true;
                }
                other => panic!("ACK and BYE: {other:?}"),
            }
        }
        while let Some(output) = callee.layer.poll() {
            if let Output::Send { flow, bytes } = output {
                callee.world.transports.send(flow, bytes);
            }
        }
    };
    tokio::join!(calling, called);
}

#[tokio::test]
async fn a_call_over_udp_tcp_and_tls() {
    call(Transport::Udp, World::local().await, World::local().await).await;
    call(Transport::Udp, World::open(config("::1")).await, World::open(config("::1")).await).await;
    call(Transport::Tcp, World::local().await, World::local().await).await;
    let tls = crate::tls::config("127.0.0.1");
    call(Transport::Tls, World::open(tls.clone()).await, World::open(tls).await).await;
}
