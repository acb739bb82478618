//! What a console is told as it happens: what has changed and nothing else, by one look at the records for all who look; and
//! at once, when somebody may not be seen any more.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::body::Body;
use futures::StreamExt as _;
use tandem_app::{
    live::{ConsoleNews, Topic},
    server::exchange::{Exchange, Join, Levels, NoExchange},
};
use tandem_domain::{
    calls::{CallState, LiveCall, Party},
    console::{ConsoleChange, Phones, Scene},
    ids::{AccountId, CallId, CustomerId},
    supervision::Mode,
};
use tokio::sync::watch;
use uuid::Uuid;

use crate::{
    calls::OneCall,
    console::change_support,
    world::{Person, Template, World},
};

/// Calls that go on.
const CALLS: usize = 500;
/// Pages that look: as many as a session may have.
const VIEWERS: usize = 8;

/// An exchange whose calls the test changes.
struct Busy {
    calls: Mutex<Vec<Arc<LiveCall>>>,
    scene: Mutex<Arc<Scene>>,
    changes: watch::Sender<u64>,
}

impl Busy {
    /// Many calls of John's with somebody outside.
    fn with(call: &LiveCall) -> Self {
        let outside = Party { number: "+12125550147".into(), ..Party::default() };
        let calls = (0..CALLS).map(|n| {
            let id = CallId(Uuid::from_u128(0x1890_0000_0000_7000_8000_0000_0000_0000 + n as u128));
            Arc::new(LiveCall { id, callee: outside.clone(), ..call.clone() })
        });
        let busy = Self { calls: Mutex::new(calls.collect()), scene: Mutex::default(), changes: watch::Sender::new(0) };
        busy.changed();
        busy
    }

    /// The first calls are held, or no longer, one after the other.
    fn hold(&self, calls: usize, on: bool) {
        for n in 0..calls {
            let mut all = self.calls.lock().unwrap();
            let state = if on { CallState::Held } else { CallState::Answered };
            all[n] = Arc::new(LiveCall { state, ..LiveCall::clone(&all[n]) });
            drop(all);
            self.changed();
        }
    }

    fn changed(&self) {
        *self.scene.lock().unwrap() = Arc::new(Scene::new(self.calls.lock().unwrap().clone(), Phones::default()));
        self.changes.send_modify(|changes| *changes += 1);
    }
}

impl Exchange for Busy {
    fn calls(&self, _customer: Option<CustomerId>) -> Vec<LiveCall> {
        self.calls.lock().unwrap().iter().map(|call| LiveCall::clone(call)).collect()
    }

    fn changes(&self, _topic: Topic) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    fn end_call(&self, _call: CallId) {}

    fn forget_phones(&self, _account: AccountId) {}

    fn scene(&self, _customer: CustomerId) -> Arc<Scene> {
        self.scene.lock().unwrap().clone()
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

/// What one manager's page is told.
struct Viewer(std::pin::Pin<Box<dyn futures::Stream<Item = String> + Send>>);

impl Viewer {
    async fn of(world: &World) -> Self {
        let body: Body = world.stream(Person::Olivia, "/live/console").await;
        let texts = body.into_data_stream().map(|piece| String::from_utf8(piece.unwrap().to_vec()).unwrap());
        Self(Box::pin(texts))
    }

    /// The next change.
    async fn next(&mut self) -> ConsoleChange {
        let next = async {
            loop {
                let text = self.0.next().await.expect("the stream goes on");
                if let Some(json) = text.strip_prefix("event: console\ndata: ") {
                    return serde_json::from_str::<ConsoleNews>(json.trim()).unwrap().change;
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(60), next).await.expect("a change is told")
    }
}

#[tokio::test]
async fn many_changes_of_many_calls_are_one_message_for_each_who_looks_and_no_question_to_the_records() {
    let template = Template::new().await;
    let world = template.world().await;
    let olivia = template.demo.id("account", "abc745");
    change_support(&world, &template.demo, |account, member| member.supervision_allowed = account == olivia).await;
    let busy = Arc::new(Busy::with(OneCall::of(&template.demo).call()));
    let begun = std::time::Instant::now();
    let (world, consoles, _end) = world.going_on(busy.clone());
    let mut viewers = Vec::new();
    for _ in 0..VIEWERS {
        viewers.push(Viewer::of(&world).await);
    }
    for viewer in &mut viewers {
        let first = viewer.next().await;
        assert_eq!((first.whole, first.calls.len()), (true, CALLS));
    }
    for on in [true, false, true] {
        busy.hold(100, on);
        for viewer in &mut viewers {
            let change = viewer.next().await;
            assert!(!change.whole && change.gone.is_empty() && change.agents.is_empty() && change.own.is_none());
            assert_eq!(change.calls.len(), 100, "all that has changed, in one message");
        }
    }
    // Every quarter of a minute they are read again, for what another program may have changed.
    let most = 2 + begun.elapsed().as_secs() / 15;
    assert!(consoles.reads() < most, "the records were read once, for everybody and for all changes");
}

#[tokio::test]
async fn whoever_may_not_be_supervised_any_more_is_gone_at_once() {
    let template = Template::new().await;
    let world = template.world().await;
    let (john, olivia) = (template.demo.id("account", "abc744"), template.demo.id("account", "abc745"));
    change_support(&world, &template.demo, |account, member| member.supervision_allowed = account == olivia).await;
    let busy = Arc::new(Busy::with(OneCall::of(&template.demo).call()));
    let begun = std::time::Instant::now();
    let (world, consoles, _end) = world.going_on(busy);
    let mut viewer = Viewer::of(&world).await;
    assert_eq!(viewer.next().await.calls.len(), CALLS);
    // Nothing happens in the exchange: it is the change of rights alone that is told.
    change_support(&world, &template.demo, |account, member| member.never_supervise = account == john).await;
    let change = viewer.next().await;
    assert_eq!((change.gone.len(), change.agents_gone.len(), change.calls.len()), (CALLS, 1, 0));
    let most = 3 + begun.elapsed().as_secs() / 15;
    assert!(consoles.reads() < most, "once more, for the change");
}
