//! Recordings for the walk, and the e-mails about them: one of John's with somebody outside, one of John's with Olivia, one of
//! Panda's. Who sees and hears them, in which parts, and what the audit log says of it.

use std::ops::Range;

use axum::{
    body::Bytes,
    http::{HeaderMap, Method, StatusCode, header},
};
use futures::{StreamExt as _, future::BoxFuture, stream};
use tandem_app::server::{
    Clock as _,
    recordings::{Pieces, Recordings, RecordingsError},
};
use tandem_domain::{
    access::{AccessRole, Audience, Level},
    calls::{Direction, Party},
    ids::CallId,
    recordings::{Form, Mark, MarkKind, Recording, Segment, Waveform},
};
use tandem_server::clock::SystemClock;
use tandem_store::{
    Store,
    recordings::{FinishedRecording, Letter},
};

use crate::{
    calls::OVER,
    demo_ids::DemoIds,
    world::{Answer, Person, Template, World},
};

/// The recording of John's with somebody outside, by its customer's prefix and whom he called.
pub const RECORDED: &str = "abc+3225551234";
/// The one with Olivia.
const WITH_OLIVIA: &str = "abc745";
/// The subject of an e-mail to John that was sent.
pub const SENT: &str = "A recording that was sent";
/// The subject of one that failed.
pub const FAILED: &str = "A recording that was not sent";
/// Octets of every sound here.
const SIZE: u64 = 1000;

/// The sound of all recordings here: each octet is its place.
pub struct Hiss;

impl Recordings for Hiss {
    fn deleted(&self) {}

    fn mail_waits(&self) {}

    fn size<'a>(&'a self, _recording: &'a Recording, _form: Form) -> BoxFuture<'a, Result<u64, RecordingsError>> {
        Box::pin(async { Ok(SIZE) })
    }

    fn read<'a>(
        &'a self,
        _recording: &'a Recording,
        _form: Form,
        range: Range<u64>,
    ) -> BoxFuture<'a, Result<Pieces, RecordingsError>> {
        let octets: Vec<u8> = range.map(|place| b'a' + (place % 26) as u8).collect();
        Box::pin(async { Ok(stream::iter([Ok(Bytes::from(octets))]).boxed()) })
    }

    fn waveform<'a>(&'a self, _recording: &'a Recording) -> BoxFuture<'a, Result<Waveform, RecordingsError>> {
        Box::pin(async { Ok(Waveform { left: vec![0, 255], right: vec![255, 0] }) })
    }
}

fn party(demo: &DemoIds, customer: &str, number: &str) -> Party {
    let account = demo.id("account", &format!("{customer}{number}")).parse().unwrap();
    let name = match number {
        "744" => "John",
        "745" => "Olivia",
        _ => "",
    };
    Party { number: number.into(), name: name.into(), account: Some(account) }
}

/// Keeps the recordings, and their e-mails in the outbox.
pub async fn keep(store: &Store, demo: &DemoIds) {
    let at = SystemClock.now();
    let outside = Party { number: "+3225551234".into(), ..Party::default() };
    let john = || party(demo, "abc", "744");
    let call: CallId = OVER.parse().unwrap();
    for (customer, caller, callee, subject) in [
        ("abc", john(), outside.clone(), SENT),
        ("abc", john(), party(demo, "abc", "745"), FAILED),
        ("panda", party(demo, "panda", "801"), outside, "None"),
    ] {
        let recording = Recording {
            id: store.recordings().new_id(at),
            call,
            customer: demo.id("customer", customer).parse().unwrap(),
            account: caller.account.unwrap(),
            account_only: false,
            direction: Direction::Outgoing,
            caller,
            callee,
            huntgroup: String::new(),
            started: at,
            ended: at.plus_seconds(10),
            segments: vec![Segment { started: at, length_ms: Some(10_000) }],
            marks: vec![Mark { at, kind: MarkKind::Started, text: String::new() }],
        };
        let finished = FinishedRecording { recording, wav_octets: SIZE, opus_octets: SIZE };
        let letter = |_: &Recording, _: &_| Letter {
            subject: subject.to_owned(),
            text: "You have a recording.".into(),
            html: "<p style=\"color: red\">You have a recording.</p>".into(),
            attached: true,
        };
        store.recordings().finish(at, &finished, letter).await.unwrap();
    }
    let outbox = store.outbox();
    for _ in 0..2 {
        let mail = outbox.claim(at.plus_seconds(1), 60).await.unwrap().unwrap();
        if mail.subject == SENT {
            outbox.sent(&mail, at).await.unwrap();
        } else {
            outbox.failed(&mail, at, "550 No such user", true).await.unwrap();
        }
    }
}

/// Everything that tells of a recording to somebody who sees it, each with a word of it.
async fn sees(world: &World, demo: &DemoIds, person: Person, name: &str) -> [bool; 4] {
    let id = demo.id("recording", name);
    let home = if person == Person::Administrator { "/admin" } else { "/self-care" };
    let list = world.page(person, &format!("{home}/recordings")).await;
    let read = world.post(person, "/api/recording_read", &[("id", id.clone())]).await;
    let file = world.page(person, &format!("/recordings/{id}.wav")).await;
    let call = world.post(person, "/api/call_read", &[("id", OVER.to_owned())]).await;
    let found = |answer: &Answer| match answer.status {
        StatusCode::OK => true,
        StatusCode::NOT_FOUND => false,
        other => panic!("{person:?} gets {other}: {}", answer.body),
    };
    [list.body.contains(&id), found(&read), found(&file), call.body.contains(&id)]
}

/// John gets a role that lets him say for whom his recordings are.
async fn may_keep_to_himself(world: &World, demo: &DemoIds) {
    let mut role = AccessRole::built_in()[3].clone();
    assert_eq!(role.audience, Audience::Account);
    role.name = "Private recordings".into();
    role.entries.insert("account/recording/account_only".into(), Level::Modify);
    let change = tandem_store::Change { at: SystemClock.now(), actor: "test", by_staff: true, address: None };
    let role = world.store.roles().create(&role, &change).await.unwrap();
    let john = [
        ("id", demo.id("account", "abc744")),
        ("version", demo.version("account", "abc744")),
        ("role", role.to_string()),
    ];
    let given = world.post(Person::Administrator, "/api/account_save", &john).await;
    assert_eq!(given.status, StatusCode::OK, "{}", given.body);
}

#[tokio::test]
async fn a_recording_is_seen_by_who_took_part_and_the_company_until_its_owner_keeps_it_to_himself() {
    let template = Template::new().await;
    let world = template.world().await;
    let demo = &template.demo;
    for (person, expected) in [
        (Person::Administrator, [true; 4]),
        (Person::Abc, [true; 4]),
        (Person::John, [true; 4]),
        // The call in the records is another.
        (Person::Olivia, [true, true, true, false]),
        (Person::Panda, [false; 4]),
    ] {
        assert_eq!(sees(&world, demo, person, WITH_OLIVIA).await, expected, "{person:?}");
    }
    may_keep_to_himself(&world, demo).await;
    let id = demo.id("recording", WITH_OLIVIA);
    let on = [("id", id.clone()), ("account_only", "on".to_owned())];
    assert_eq!(world.post(Person::Olivia, "/api/recording_privacy", &on).await.status, StatusCode::FORBIDDEN);
    assert_eq!(world.post(Person::John, "/api/recording_privacy", &on).await.status, StatusCode::OK);
    for (person, expected) in [
        (Person::Administrator, [true; 4]),
        (Person::Abc, [false; 4]),
        (Person::John, [true; 4]),
        (Person::Olivia, [false; 4]),
        (Person::Panda, [false; 4]),
    ] {
        assert_eq!(sees(&world, demo, person, WITH_OLIVIA).await, expected, "{person:?}, private");
    }
    let ids = [("ids[]", id.clone())];
    assert_eq!(world.post(Person::Abc, "/api/recordings_delete", &ids).await.status, StatusCode::NOT_FOUND);
    let list = world.page(Person::Administrator, "/admin/recordings").await;
    assert!(list.body.contains("Private"), "the staff are not told that it is private");
    assert_eq!(world.post(Person::Administrator, "/api/recordings_delete", &ids).await.status, StatusCode::OK);
    assert_eq!(sees(&world, demo, Person::John, WITH_OLIVIA).await, [false; 4]);
}

async fn sound(world: &World, demo: &DemoIds, method: Method, query: &str, headers: &[(&str, &str)]) -> Answer {
    let path = format!("/recordings/{}.wav{query}", demo.id("recording", RECORDED));
    let request = world.request(Person::Administrator, method, &path);
    let request = headers.iter().fold(request, |request, (name, value)| request.with(name, value));
    world.ask(request.empty()).await
}

#[tokio::test]
async fn a_sound_is_given_whole_or_in_the_part_that_is_asked_for() {
    let template = Template::new().await;
    let world = template.world().await;
    let of = |headers: &HeaderMap, name| headers.get(name).map_or("", |value| value.to_str().unwrap()).to_owned();
    let whole = sound(&world, &template.demo, Method::GET, "", &[]).await;
    assert_eq!((whole.status, whole.body.len()), (StatusCode::OK, 1000));
    assert_eq!(of(&whole.headers, header::CONTENT_LENGTH), "1000");
    assert_eq!(of(&whole.headers, header::ACCEPT_RANGES), "bytes");
    assert_eq!(of(&whole.headers, header::CACHE_CONTROL), "private, no-store");
    assert_eq!(of(&whole.headers, header::CONTENT_TYPE), "audio/wav");
    assert!(of(&whole.headers, header::CONTENT_DISPOSITION).starts_with("inline; filename=\"recording-2"));
    let tag = of(&whole.headers, header::ETAG);
    for (range, if_range, status, octets, content_range) in [
        ("bytes=0-", "", 206, "abcdefghij", "bytes 0-999/1000"),
        ("bytes=26-29", "", 206, "abcd", "bytes 26-29/1000"),
        ("bytes=-2", "", 206, "kl", "bytes 998-999/1000"),
        ("bytes=26-27", tag.as_str(), 206, "ab", "bytes 26-27/1000"),
        ("bytes=26-27", "\"another\"", 200, "abcdefghij", ""),
        ("bytes=1000-", "", 416, "", "bytes */1000"),
        ("bytes=0-1,5-6", "", 200, "abcdefghij", ""),
    ] {
        let mut headers = vec![("range", range)];
        headers.extend((!if_range.is_empty()).then_some(("if-range", if_range)));
        let answer = sound(&world, &template.demo, Method::GET, "", &headers).await;
        assert_eq!(answer.status, status, "{range}");
        assert!(answer.body.starts_with(octets), "{range}: {}", answer.body);
        assert_eq!(of(&answer.headers, header::CONTENT_RANGE), content_range, "{range}");
    }
    let head = sound(&world, &template.demo, Method::HEAD, "?download", &[("range", "bytes=0-9")]).await;
    assert_eq!((head.status, head.body.as_str()), (StatusCode::PARTIAL_CONTENT, ""));
    assert_eq!(of(&head.headers, header::CONTENT_LENGTH), "10");
    assert!(of(&head.headers, header::CONTENT_DISPOSITION).starts_with("attachment;"));
}

#[tokio::test]
async fn the_staff_do_not_play_or_keep_a_recording_unnoticed_in_whichever_parts() {
    let template = Template::new().await;
    let world = template.world().await;
    let demo = &template.demo;
    let plays = async || {
        let lines = world.audit().await;
        let count = |word: &str| lines.iter().filter(|line| line.contains(&format!("admin {word} "))).count();
        (count("played"), count("downloaded"))
    };
    sound(&world, demo, Method::HEAD, "", &[]).await;
    sound(&world, demo, Method::GET, "", &[("range", "bytes=1000-")]).await;
    assert_eq!(plays().await, (0, 0), "nothing was heard yet");
    for range in ["bytes=500-", "bytes=0-", "bytes=0-99"] {
        sound(&world, demo, Method::GET, "", &[("range", range)]).await;
    }
    assert_eq!(plays().await, (1, 0));
    sound(&world, demo, Method::GET, "?download", &[]).await;
    assert_eq!(plays().await, (1, 1));
    for _ in 0..11 {
        world.a_minute_later();
    }
    sound(&world, demo, Method::GET, "", &[]).await;
    assert_eq!(plays().await, (2, 1));
    let id = demo.id("recording", RECORDED);
    for person in [Person::John, Person::Abc] {
        assert_eq!(world.page(person, &format!("/recordings/{id}.opus")).await.status, StatusCode::OK);
    }
    assert_eq!(plays().await, (2, 1), "what one hears of one's own is nobody's business");
}

#[tokio::test]
async fn an_e_mail_is_shown_in_a_frame_where_it_can_do_nothing() {
    let template = Template::new().await;
    let world = template.world().await;
    let answer = world.page(Person::Administrator, &format!("/mail/{}.html", template.demo.id("mail", FAILED))).await;
    assert!(answer.body.starts_with("<p style"), "{}", answer.body);
    let policy = answer.header("content-security-policy");
    assert!(policy.contains("default-src 'none'") && policy.contains("sandbox"), "{policy}");
    assert!(policy.contains("frame-ancestors 'self'") && !policy.contains("allow-scripts"), "{policy}");
    assert_eq!(answer.header("x-frame-options"), "SAMEORIGIN");
}
