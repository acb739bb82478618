//! The supervisor's console: whom it is for, what of it a manager may ask for, and the words of each refusal.

use std::sync::{Arc, Mutex};

use axum::http::{Method, StatusCode};
use tandem_app::{
    live::Topic,
    server::{
        Clock as _,
        exchange::{Exchange, Join, Levels, NoExchange},
    },
};
use tandem_domain::{
    access::Tenant,
    account::Account,
    calls::{LiveCall, Party, Stage, Supervises},
    console::{Phones, Scene},
    huntgroup::{Huntgroup, Member},
    ids::{AccountId, CallId, CustomerId},
    settings::{Setting, Value},
    supervision::{Mode, Refused},
};
use tandem_server::clock::SystemClock;
use tandem_store::{Change, password, sign_ins::NewSignIn};
use tokio::sync::watch;
use uuid::Uuid;

use crate::{
    calls::{LIVE, OneCall},
    demo_ids::DemoIds,
    world::{Answer, Asking, PASSWORD, Person, Template, World},
};

fn tenant(demo: &DemoIds) -> Tenant {
    Tenant::for_system(demo.id("customer", "abc").parse().unwrap())
}

fn by_test() -> Change<'static> {
    Change { at: SystemClock.now(), actor: "test", by_staff: true, address: None }
}

/// Changes the memberships of Support; each member is told by the account's id.
pub async fn change_support(world: &World, demo: &DemoIds, change: impl Fn(&str, &mut Member)) {
    let groups = world.store.huntgroups(tenant(demo));
    let group = groups.get(demo.id("huntgroup", "abc7700").parse().unwrap()).await.unwrap();
    let mut members = group.value.members;
    for member in &mut members {
        change(&member.account.to_string(), member);
    }
    groups.set_members(group.id, group.version, &members, &by_test()).await.unwrap();
}

/// Olivia wants to join John's call with her; everything of the wish may be another.
async fn join(world: &World, person: Person, call: &str, agent: &str) -> Answer {
    let wish = [("call", call.to_owned()), ("agent", agent.to_owned()), ("mode", "spy".to_owned())];
    world.post(person, "/api/console_join", &wish).await
}

#[tokio::test]
async fn a_manager_sees_the_agents_and_their_calls_and_an_agent_nothing() {
    let template = Template::new().await;
    let world = template.world().await;
    let john = template.demo.id("account", "abc744");
    for path in ["/api/console_read", "/api/wallboard_read"] {
        assert_eq!(world.post(Person::Olivia, path, &[]).await.status, StatusCode::FORBIDDEN);
    }
    let home = world.page(Person::Olivia, "/self-care").await;
    assert!(!home.body.contains("/self-care/console"), "the navigation leads nowhere");

    let olivia = template.demo.id("account", "abc745");
    change_support(&world, &template.demo, |account, member| member.supervision_allowed = account == olivia).await;
    let console = world.post(Person::Olivia, "/api/console_read", &[]).await;
    assert_eq!(console.status, StatusCode::OK);
    assert!(console.body.contains(LIVE) && console.body.contains(&john), "{}", console.body);
    assert!(!console.body.contains("Peter"), "whom she may not supervise is not there: {}", console.body);
    // It is her own conversation: there, and not to be joined.
    assert!(console.body.contains(r#"{"Err":"yourself"}"#), "{}", console.body);
    let home = world.page(Person::Olivia, "/self-care").await;
    assert!(home.body.contains("/self-care/console") && home.body.contains("/self-care/wallboard"));
    assert_eq!(world.page(Person::Olivia, "/self-care/console").await.status, StatusCode::OK);
    assert_eq!(world.page(Person::Olivia, "/live/console,levels").await.status, StatusCode::OK);
}

#[tokio::test]
async fn every_wish_made_by_hand_is_refused_in_its_own_words() {
    let template = Template::new().await;
    let world = template.world().await;
    let demo = &template.demo;
    let of = |number: &str| demo.id("account", &format!("abc{number}"));
    let (olivia, john, adam, peter) = (of("745"), of("744"), of("701"), of("746"));
    change_support(&world, demo, |account, member| member.supervision_allowed = account == olivia).await;
    let refused = |answer: &Answer, why: Refused| {
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", answer.body);
        assert!(answer.body.contains(why.words()), "{} instead of {}", answer.body, why.words());
    };
    // A phone on the desk is wanted by yes or no.
    let odd = [("call", LIVE.to_owned()), ("agent", john.clone()), ("mode", "spy".into()), ("desk", "perhaps".into())];
    let odd = world.post(Person::Olivia, "/api/console_join", &odd).await;
    assert_eq!(odd.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", odd.body);
    // Nobody supervises himself: neither his own calls, nor a colleague's with himself.
    refused(&join(&world, Person::Olivia, LIVE, &olivia).await, Refused::Yourself);
    refused(&join(&world, Person::Olivia, LIVE, &john).await, Refused::Yourself);
    // Somebody who is not in this call, somebody whom nobody knows, another company's, a call that there is not.
    let unknown = "01890000-0000-7000-8000-0000000000ff".to_owned();
    let panda = demo.id("account", "panda801");
    for (call, agent) in [(LIVE, &peter), (LIVE, &adam), (LIVE, &unknown), (LIVE, &panda), (&*unknown, &john)] {
        assert_eq!(join(&world, Person::Olivia, call, agent).await.status, StatusCode::NOT_FOUND, "{call} {agent}");
    }
    // Who is no manager any more, and whose agent is protected.
    change_support(&world, demo, |account, member| member.never_supervise = account == john).await;
    refused(&join(&world, Person::Olivia, LIVE, &john).await, Refused::Protected);
    change_support(&world, demo, |account, member| {
        (member.never_supervise, member.supervision_allowed) = (false, account == adam);
    })
    .await;
    assert_eq!(join(&world, Person::Olivia, LIVE, &john).await.status, StatusCode::FORBIDDEN);
    change_support(&world, demo, |account, member| member.supervision_allowed = account == olivia).await;
    // The company has no supervision any more.
    let settings = world.store.settings(tenant(demo));
    settings.set(None, Setting::CallSupervision, Some(Value::Switch(false)), None, &by_test()).await.unwrap();
    refused(&join(&world, Person::Olivia, LIVE, &john).await, Refused::NotEnabled);
    world.end().await;
}

#[tokio::test]
async fn nobody_steers_what_is_no_supervision_of_his() {
    let template = Template::new().await;
    let world = template.world().await;
    let olivia = template.demo.id("account", "abc745");
    change_support(&world, &template.demo, |account, member| member.supervision_allowed = account == olivia).await;
    let wishes =
        ["console_switch", "console_leave", "console_follow", "console_volumes", "console_mark", "console_note"];
    for wish in wishes {
        // The call is Olivia's own, and no supervision.
        let fields = [
            ("call", LIVE),
            ("mode", "barge_in"),
            ("follow", "on"),
            ("text", "Listen"),
            ("agent", "50"),
            ("client", "50"),
        ];
        let fields = fields.map(|(name, value)| (name, value.to_owned()));
        let answer = world.post(Person::Olivia, &format!("/api/{wish}"), &fields).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{wish}: {}", answer.body);
    }
}

#[tokio::test]
async fn a_manager_of_another_company_gets_nothing_of_this_ones_calls_and_the_log_tells_that_he_tried() {
    let template = Template::new().await;
    let world = template.world().await;
    let demo = &template.demo;
    let panda = Tenant::for_system(demo.id("customer", "panda").parse().unwrap());
    let (accounts, mei) = (world.store.accounts(), demo.id("account", "panda802").parse().unwrap());
    let known = accounts.get(panda, mei).await.unwrap().value;
    let sign_in = NewSignIn { name: "zhu".parse().unwrap(), password_hash: password::hash(PASSWORD).unwrap() };
    let zhu = Account { extension: "804".parse().unwrap(), ..known };
    let zhu = accounts.create(panda, &zhu, Some(&sign_in), &by_test()).await.unwrap();
    let member = |account, supervision_allowed| Member { account, supervision_allowed, never_supervise: false };
    let group = Huntgroup::parse("Bears", "8800", "order", "20").unwrap();
    let group = Huntgroup { members: vec![member(zhu, true), member(mei, false)], ..group };
    world.store.huntgroups(panda).create(&group, &by_test()).await.unwrap();
    let on = Some(Value::Switch(true));
    world.store.settings(panda).set(None, Setting::CallSupervision, on, None, &by_test()).await.unwrap();
    let by_name = [("name", "zhu".to_owned()), ("password", PASSWORD.to_owned())];
    let signed_in = world.ask(Asking::new(Method::POST, "/api/sign_in").form(&by_name)).await;
    let cookie = signed_in.header("set-cookie").split(';').next().unwrap().to_owned();
    let post = async |wish: &str, fields: &[(&str, String)]| {
        let request = Asking::new(Method::POST, &format!("/api/{wish}")).with("cookie", &cookie);
        world.ask(request.form(fields)).await
    };
    // He has a console, of his own company.
    let console = post("console_read", &[]).await;
    assert_eq!(console.status, StatusCode::OK, "{}", console.body);
    assert!(console.body.contains("Mei") && !console.body.contains(LIVE), "{}", console.body);

    let john = demo.id("account", "abc744");
    for agent in [john, mei.to_string()] {
        let wish = [("call", LIVE.to_owned()), ("agent", agent), ("mode", "spy".into())];
        assert_eq!(post("console_join", &wish).await.status, StatusCode::NOT_FOUND);
    }
    let wishes =
        ["console_switch", "console_leave", "console_follow", "console_volumes", "console_mark", "console_note"];
    for wish in wishes {
        let fields =
            [("call", LIVE), ("mode", "spy"), ("follow", "on"), ("text", "x"), ("agent", "50"), ("client", "50")];
        let answer = post(wish, &fields.map(|(name, value)| (name, value.to_owned()))).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{wish}: {}", answer.body);
    }
    let told = world.audit().await;
    for wish in wishes.into_iter().chain(["console_join"]) {
        let expected = format!("zhu refused {wish} ");
        assert!(told.iter().any(|line| line.starts_with(&expected)), "{wish}: {told:?}");
    }
    world.end().await;
}

/// Another call of John's, which he holds.
const HELD: &str = "01890000-0000-7000-8000-00000000ca13";

/// Two calls of John's, and Olivia, who is in the first of them. She goes over when she wishes to, or the exchange does not let her.
struct GoesOver {
    calls: Mutex<Vec<LiveCall>>,
    changes: watch::Sender<u64>,
    lets: bool,
}

impl GoesOver {
    fn new(demo: &DemoIds, lets: bool) -> Self {
        let one = OneCall::of(demo).call().clone();
        let outside = Party { number: "+12125550147".into(), ..Party::default() };
        let talk = |id: &str| LiveCall { id: id.parse().unwrap(), callee: outside.clone(), ..one.clone() };
        let (stage, agent) = (Stage::In(LIVE.parse().unwrap()), one.caller.account);
        let supervises = Some(Supervises { agent, mode: Mode::Spy, follows: false, stage, volumes: [100; 2] });
        let own = LiveCall {
            id: CallId(Uuid::from_u128(7)),
            caller: one.callee.clone(),
            callee: one.caller.clone(),
            supervises,
            ..one.clone()
        };
        Self { calls: Mutex::new(vec![talk(LIVE), talk(HELD), own]), changes: watch::Sender::new(0), lets }
    }
}

impl Exchange for GoesOver {
    fn calls(&self, _customer: Option<CustomerId>) -> Vec<LiveCall> {
        self.calls.lock().unwrap().clone()
    }

    fn changes(&self, _topic: Topic) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    fn end_call(&self, _call: CallId) {}

    fn forget_phones(&self, _account: AccountId) {}

    fn scene(&self, customer: CustomerId) -> Arc<Scene> {
        Arc::new(Scene::new(self.calls(Some(customer)).into_iter().map(Arc::new).collect(), Phones::default()))
    }

    fn join(&self, join: Join) {
        if self.lets {
            for supervises in self.calls.lock().unwrap().iter_mut().filter_map(|call| call.supervises.as_mut()) {
                supervises.stage = Stage::In(join.call);
            }
            self.changes.send_modify(|changes| *changes += 1);
        }
    }

    fn switch_mode(&self, _own: CallId, _mode: Mode) {}

    fn follow(&self, _own: CallId, _on: bool) {}

    fn volumes(&self, _own: CallId, _volumes: [u8; 2]) {}

    fn mark(&self, _call: CallId, _text: String) {}

    fn levels(&self) -> Box<dyn Levels> {
        NoExchange.levels()
    }
}

#[tokio::test]
async fn who_is_in_another_call_of_the_agent_is_not_told_that_he_goes_over_before_he_does() {
    let template = Template::new().await;
    let (john, olivia) = (template.demo.id("account", "abc744"), template.demo.id("account", "abc745"));
    for (lets, status) in [(true, StatusCode::OK), (false, StatusCode::UNPROCESSABLE_ENTITY)] {
        let world = template.world().await;
        change_support(&world, &template.demo, |account, member| member.supervision_allowed = account == olivia).await;
        let (world, _, _end) = world.going_on(Arc::new(GoesOver::new(&template.demo, lets)));
        let answer = join(&world, Person::Olivia, HELD, &john).await;
        assert_eq!(answer.status, status, "{}", answer.body);
        assert_eq!(lets, answer.body.contains("You go over to this call"), "{}", answer.body);
    }
}
