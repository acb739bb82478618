//! Calls for the walk: one that is going on, between John and Olivia, and one that is over, of John with somebody outside.

use std::sync::Arc;

use axum::http::StatusCode;
use tandem_app::server::Clock as _;
use tandem_app::{
    live::Topic,
    server::exchange::{Exchange, Join, Levels, NoExchange},
};
use tandem_domain::{
    access::Tenant,
    audit::{FieldChange, Subject},
    calls::{CallState, Direction, EndedBy, LiveCall, Party, Quality, Recorded, Registration, ReleaseCause, Xdr},
    console::{Phones, Scene},
    ids::{AccountId, CallId, CustomerId, Timestamp},
    supervision::Mode,
};
use tandem_server::clock::SystemClock;
use tandem_store::{Change, Store, registrations::StoredBinding, sip_log::SipLogEntry};
use tokio::sync::watch;

use crate::{
    demo_ids::DemoIds,
    world::{Person, Template},
};

/// The call that is going on.
pub const LIVE: &str = "01890000-0000-7000-8000-00000000ca11";
/// The call that is over.
pub const OVER: &str = "01890000-0000-7000-8000-00000000ca12";
/// ABC's public number.
pub const NUMBER: &str = "+3225559999";

fn party(demo: &DemoIds, number: &str, name: &str) -> Party {
    let account = demo.id("account", &format!("abc{number}")).parse().unwrap();
    Party { number: number.into(), name: name.into(), account: Some(account) }
}

/// An exchange with one call.
pub struct OneCall(LiveCall);

impl OneCall {
    pub fn of(demo: &DemoIds) -> Self {
        Self(LiveCall {
            id: LIVE.parse().unwrap(),
            customer: demo.id("customer", "abc").parse().unwrap(),
            direction: Direction::Internal,
            caller: party(demo, "744", "John"),
            callee: party(demo, "745", "Olivia"),
            huntgroup: String::new(),
            state: CallState::Answered,
            started: Timestamp(1),
            answered: Some(Timestamp(1)),
            holds: [false; 2],
            supervisors: Vec::new(),
            supervises: None,
            rings: Vec::new(),
            recorded: Recorded::No,
            encrypted: [false; 2],
        })
    }

    pub fn call(&self) -> &LiveCall {
        &self.0
    }
}

impl Exchange for OneCall {
    fn calls(&self, customer: Option<CustomerId>) -> Vec<LiveCall> {
        Some(self.0.clone()).filter(|call| customer.is_none_or(|own| own == call.customer)).into_iter().collect()
    }

    fn changes(&self, _topic: Topic) -> watch::Receiver<u64> {
        watch::channel(0).1
    }

    fn end_call(&self, _call: CallId) {}

    fn forget_phones(&self, _account: AccountId) {}

    fn scene(&self, customer: CustomerId) -> Arc<Scene> {
        let accounts = [&self.0.caller, &self.0.callee].into_iter().filter_map(|party| party.account);
        let phones = Phones { registered: accounts.collect(), ..Phones::default() };
        Arc::new(Scene::new(self.calls(Some(customer)).into_iter().map(Arc::new).collect(), phones))
    }

    fn join(&self, _join: Join) {}

    fn switch_mode(&self, _own: CallId, _mode: Mode) {}

    fn follow(&self, _own: CallId, _on: bool) {}

    fn volumes(&self, _own: CallId, _volumes: [u8; 2]) {}

    fn mark(&self, _call: CallId, _text: String) {}

    fn levels(&self) -> Box<dyn Levels> {
        NoExchange.levels()
    }
}

/// Keeps the call that is over, with its signalling, a phone of John's, and a public number of ABC.
pub async fn keep(store: &Store, demo: &DemoIds) {
    let customer: CustomerId = demo.id("customer", "abc").parse().unwrap();
    let john = party(demo, "744", "John");
    let account = john.account.unwrap();
    let at = SystemClock.now();
    let call = OVER.parse().unwrap();
    let quality = Some(Quality { packets: 500, lost: 1, jitter_ms: 1.0, mos: 4.4 });
    let xdr = Xdr {
        id: store.xdrs().new_id(at),
        call,
        customer,
        direction: Direction::Outgoing,
        caller: john,
        callee: Party { number: "+3225551234".into(), ..Party::default() },
        dialled: "003225551234".into(),
        huntgroup: String::new(),
        started: at,
        answered: Some(at),
        ended: at.plus_seconds(60),
        cause: ReleaseCause::Normal,
        status: 200,
        ended_by: EndedBy::Callee,
        caller_quality: quality,
        callee_quality: quality,
    };
    store.xdrs().append(&[xdr]).await.unwrap();
    let (from, to) = ("192.0.2.7:5060".to_owned(), "192.0.2.1:5060".to_owned());
    let text = "INVITE sip:003225551234@tandem SIP/2.0\r\nCSeq: 1 INVITE\r\n\r\n".to_owned();
    let message = SipLogEntry { call, at, sequence: 1, from, to, transport: "UDP".into(), text };
    store.sip_log().append(&[message]).await.unwrap();
    let registration = Registration {
        account,
        customer,
        sip_user: "abc744".into(),
        contact: "sip:abc744@192.0.2.7:5060".into(),
        source: "UDP 192.0.2.7:5060".into(),
        user_agent: "Desk phone".into(),
        since: at,
        expires: at.plus_seconds(24 * 3600),
    };
    let (transport, source, local) = ("UDP".into(), "192.0.2.7:5060".into(), "192.0.2.1:5060".into());
    let (instance, path, call_id) = (String::new(), String::new(), "1@192.0.2.7".into());
    let binding = StoredBinding { registration, instance, path, q: 1000, transport, source, local, call_id, cseq: 1 };
    store.registrations().save(&[binding]).await.unwrap();
    let change = Change { at, actor: "test", by_staff: true, address: None };
    let (number, extension) = (NUMBER.parse().unwrap(), "744".parse().unwrap());
    store.public_numbers().create(Tenant::for_system(customer), &number, &extension, &change).await.unwrap();
}

#[tokio::test]
async fn a_customer_sees_its_own_calls_and_phones_and_nobody_elses() {
    let template = Template::new().await;
    let world = template.world().await;
    let first_page = [("args[q]", String::new())];
    for (list, word) in [("live_calls", "Olivia"), ("xdr_list", "+3225551234"), ("registration_list", "192.0.2.7")] {
        let path = format!("/api/{list}");
        assert!(world.post(Person::Abc, &path, &first_page).await.body.contains(word), "{list}");
        assert!(!world.post(Person::Panda, &path, &first_page).await.body.contains(word), "{list}");
    }
    // Somebody else's customer in the filter changes nothing.
    let abc = [("args[filters][customer]", template.demo.id("customer", "abc"))];
    for list in ["live_calls", "xdr_list", "registration_list"] {
        let answer = world.post(Person::Panda, &format!("/api/{list}"), &abc).await;
        assert!(answer.body.contains("\"rows\":[]"), "{list}: {}", answer.body);
    }
}

#[tokio::test]
async fn an_account_sees_its_own_calls_and_not_its_colleagues() {
    let template = Template::new().await;
    let world = template.world().await;
    let first_page = [("args[q]", String::new())];
    assert!(world.post(Person::John, "/api/xdr_list", &first_page).await.body.contains("+3225551234"));
    assert!(world.post(Person::Olivia, "/api/xdr_list", &first_page).await.body.contains("\"rows\":[]"));
}

#[tokio::test]
async fn the_signalling_is_the_providers_alone() {
    let template = Template::new().await;
    let world = template.world().await;
    let call = [("id", OVER.to_owned())];
    for (person, sees) in
        [(Person::Administrator, true), (Person::Reader, true), (Person::Abc, false), (Person::John, false)]
    {
        let answer = world.post(person, "/api/call_read", &call).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(answer.body.contains("INVITE"), sees, "{person:?}: {}", answer.body);
    }
}

#[tokio::test]
async fn what_managers_did_and_noted_is_on_the_calls_page_but_not_for_whom_they_listened_to() {
    let template = Template::new().await;
    let world = template.world().await;
    let by = Change { at: SystemClock.now(), actor: "adam", by_staff: false, address: None };
    let customer = template.demo.id("customer", "abc").parse().unwrap();
    for (action, field, new) in [("joined", "mode", "spy"), ("noted", "note", "Friendly from the first word")] {
        let change = FieldChange { field: field.into(), old: String::new(), new: new.into() };
        let audit = world.store.audit();
        let name = "John (744) with +3225551234";
        audit.note(&by, Some(customer), Subject::Supervision, OVER, name, action, change).await.unwrap();
    }
    for (person, reads) in
        [(Person::Administrator, true), (Person::Reader, true), (Person::Abc, true), (Person::John, false)]
    {
        let answer = world.post(person, "/api/call_read", &[("id", OVER.to_owned())]).await;
        assert_eq!(answer.status, StatusCode::OK);
        let found = ["Friendly from the first word", "adam"].map(|words| answer.body.contains(words));
        assert_eq!(found, [reads; 2], "{person:?}: {}", answer.body);
    }
    let panda = world.post(Person::Panda, "/api/call_read", &[("id", OVER.to_owned())]).await;
    assert_eq!(panda.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_stream_begins_with_the_servers_clock_and_is_nothing_to_keep() {
    let template = Template::new().await;
    let world = template.world().await;
    let answer = world.page(Person::Abc, "/live/calls,registrations,xdrs").await;
    assert_eq!((answer.status, answer.header("content-type")), (StatusCode::OK, "text/event-stream"));
    assert_eq!(answer.header("cache-control"), "no-store");
    let moment = answer.body.strip_prefix("data: ").and_then(|rest| rest.strip_suffix("\n\n")).unwrap();
    assert!(moment.parse::<i64>().unwrap() > 0, "{}", answer.body);
    for unknown in ["/live/weather", "/live/calls,", "/live/calls,xdrs,calls,xdrs"] {
        assert_eq!(world.page(Person::Abc, unknown).await.status, StatusCode::NOT_FOUND, "{unknown}");
    }
    assert_eq!(world.page(Person::John, "/live/xdrs,calls").await.status, StatusCode::FORBIDDEN);
}
