//! What arrives, and what is noted.

use std::time::Duration;

use bytes::Bytes;
use tandem_domain::mail::MailState;

use crate::{
    sink::{Manners, Sink, header, types},
    world::World,
};

const GRACE: Duration = Duration::from_secs(5);

fn plain(sink: &Sink) -> String {
    format!("smtp://127.0.0.1:{}?tls=none", sink.port)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_recording_arrives_as_text_html_and_sound() {
    let world = World::new().await;
    let sink = Sink::start(Manners { tls: Some(false), user: Some("tandem:s3cret") });
    let ca = sink.certificate();
    let running = world.sender(&format!("smtp://tandem:s3cret@localhost:{}?ca={}", sink.port, ca.display()));
    let octets: Vec<u8> = (0..50_000_u32).map(|n| (n * n / 7) as u8).collect();
    let (recording, mail) = world.told("Zoë <Client>", octets.len() as u64).await;
    world.give(recording, Bytes::from(octets));
    let row = world.until(mail, MailState::Sent).await;
    assert_eq!((row.attempts, row.sent, row.error.as_str()), (1, Some(world.now()), ""));
    let taken = sink.taken();
    let [message] = taken.as_slice() else { panic!("{taken:?}") };
    assert_eq!((&message["tls"], &message["signed_in"]), (&true.into(), &true.into()));
    assert_eq!(
        (message["from"].as_str(), message["to"][0].as_str()),
        (Some("tandem@pbx.example"), Some("john@abc.example"))
    );
    assert_eq!(message["defects"].as_array().unwrap().len(), 0);
    assert_eq!(header(message, "From"), "Tandem <tandem@pbx.example>");
    assert_eq!(header(message, "To"), "john@abc.example");
    assert_eq!(header(message, "Subject"), "Call recording: Zoë <Client> (+3225550100), 24 Nov 2026, 16:05 CET");
    assert_eq!(header(message, "Message-ID"), format!("<{}@pbx.example>", mail.0.simple()));
    assert_eq!(header(message, "Date"), "Tue, 24 Nov 2026 15:05:00 +0000");
    assert_eq!(header(message, "Auto-Submitted"), "auto-generated");
    let expected = ["multipart/mixed", "multipart/alternative", "text/plain", "text/html", "audio/ogg"];
    assert_eq!(types(message), expected);
    let parts = &message["parts"];
    let text = parts[2]["text"].as_str().unwrap();
    assert!(
        text.contains("Call from: Zoë <Client> (+3225550100)") && text.contains("The recording is attached."),
        "{text}"
    );
    assert!(parts[3]["text"].as_str().unwrap().contains("Zoë &lt;Client&gt;"));
    assert_eq!(parts[4]["name"].as_str(), Some("recording-2026-11-24-+3225550100.opus"));
    assert_eq!((parts[4]["disposition"].as_str(), parts[4]["size"].as_u64()), (Some("attachment"), Some(50_000)));
    running.stop(GRACE).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_too_large_or_gone_is_linked() {
    let world = World::new().await;
    let sink = Sink::start(Manners::default());
    // Four octets for three: over a megabyte.
    let (large, told_large) = world.told("Large", 800_000).await;
    world.give(large, Bytes::from(vec![7; 800_000]));
    let (_, told_gone) = world.told("Gone", 1_000).await;
    let running = world.sender(&plain(&sink));
    for mail in [told_large, told_gone] {
        world.until(mail, MailState::Sent).await;
    }
    sink.order(&["data 552 5.3.4 message size exceeds fixed limit"]);
    let refused = world.mail("Refused").await;
    assert_eq!(world.until(refused, MailState::Sent).await.attempts, 1);
    let taken = sink.taken();
    assert_eq!(taken.len(), 3);
    for message in &taken {
        assert_eq!(types(message), ["multipart/alternative", "text/plain", "text/html"]);
        let text = message["parts"][1]["text"].as_str().unwrap();
        assert!(text.contains("https://tandem.example/self-care/recordings/"), "{text}");
        assert!(text.contains("You can listen to the recording in self-care") && !text.contains("attached"), "{text}");
    }
    running.stop(GRACE).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn not_now_is_tried_again_and_never_is_not() {
    let world = World::new().await;
    let sink = Sink::start(Manners::default());
    sink.order(&["rcpt 450 4.2.1 mailbox busy", "data 451 4.3.0 try later"]);
    let running = world.sender(&plain(&sink));
    let mail = world.mail("Busy").await;
    assert!(world.until_failed_for_now(mail).await.contains("mailbox busy"));
    world.later(30);
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(world.row(mail).await.attempts, 1, "a minute is not over");
    world.later(31);
    while !world.row(mail).await.error.contains("try later") {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    world.later(121);
    assert_eq!(world.until(mail, MailState::Sent).await.attempts, 3);

    sink.order(&["rcpt 550 5.1.1 no such user here"]);
    let mail = world.mail("Unknown").await;
    let row = world.until(mail, MailState::Failed).await;
    assert!(row.error.contains("no such user here") && row.attempts == 1, "{row:?}");
    assert_eq!(sink.taken().len(), 1);
    running.stop(GRACE).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_not_there_is_waited_for() {
    let world = World::new().await;
    let mut sink = Sink::start(Manners::default());
    sink.kill();
    let running = world.sender(&plain(&sink));
    let mail = world.mail("Early").await;
    assert!(world.until_failed_for_now(mail).await.contains("127.0.0.1:"));
    sink.restart();
    world.later(61);
    world.until(mail, MailState::Sent).await;
    running.stop(GRACE).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_said_to_a_server_that_is_not_trusted() {
    let world = World::new().await;
    let own = Sink::start(Manners { tls: Some(false), user: Some("tandem:s3cret") });
    let open = Sink::start(Manners::default());
    let ca = own.certificate();
    let ca = ca.display();
    for (url, why) in [
        // A certificate that nobody vouches for.
        (format!("smtp://tandem:s3cret@localhost:{}", own.port), "certificate"),
        // One for another name.
        (format!("smtp://tandem:s3cret@127.0.0.1:{}?ca={ca}", own.port), "certificate"),
        (format!("smtp://tandem:wr0ng@localhost:{}?ca={ca}", own.port), "does not let us sign in"),
        (format!("smtp://localhost:{}", open.port), "offers no STARTTLS"),
        (format!("smtp://tandem:s3cret@localhost:{}?tls=opportunistic", open.port), "not sent in the clear"),
        // It wants us to sign in, and we know no password: the settings are to be corrected.
        (format!("smtp://localhost:{}?ca={ca}", own.port), "530"),
    ] {
        let running = world.sender(&url);
        let mail = world.mail("Secret").await;
        let error = world.until_failed_for_now(mail).await;
        assert!(error.to_lowercase().contains(&why.to_lowercase()), "{url}: {error}");
        assert!(!error.contains("s3cret") && !error.contains("wr0ng"), "{error}");
        running.stop(GRACE).await;
    }
    assert!(own.taken().is_empty() && open.taken().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tls_from_the_first_octet_or_if_there_is_some() {
    let world = World::new().await;
    let wrapped = Sink::start(Manners { tls: Some(true), user: Some("tandem:s3cret") });
    let ca = wrapped.certificate();
    let running = world.sender(&format!("smtps://tandem:s3cret@localhost:{}?ca={}", wrapped.port, ca.display()));
    world.until(world.mail("Wrapped").await, MailState::Sent).await;
    assert_eq!(wrapped.taken()[0]["tls"], true);
    running.stop(GRACE).await;
    let (own, open) = (Sink::start(Manners { tls: Some(false), user: None }), Sink::start(Manners::default()));
    let ca = own.certificate();
    for (port, tls) in [(own.port, true), (open.port, false)] {
        let running = world.sender(&format!("smtp://localhost:{port}?tls=opportunistic&ca={}", ca.display()));
        world.until(world.mail("Either").await, MailState::Sent).await;
        running.stop(GRACE).await;
        let taken = if tls { own.taken() } else { open.taken() };
        assert_eq!(taken[0]["tls"], tls);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_answer_makes_the_same_mail_twice() {
    let world = World::new().await;
    let mut sink = Sink::start(Manners::default());
    sink.order(&["data lose", "data die"]);
    let running = world.sender(&plain(&sink));
    let mail = world.mail("Twice").await;
    world.until_failed_for_now(mail).await;
    world.later(61);
    while !sink.is_dead() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    sink.restart();
    while world.row(mail).await.state != MailState::Waiting {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    world.later(121);
    world.until(mail, MailState::Sent).await;
    let taken = sink.taken();
    assert_eq!(taken.len(), 3);
    assert!(taken.iter().all(|message| message["sha256"] == taken[0]["sha256"]), "the same to the octet");
    world.later(100_000);
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(sink.taken().len(), 3, "what is sent is sent");
    running.stop(GRACE).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_mail_in_hand_is_sent_before_the_server_stops() {
    let world = World::new().await;
    let sink = Sink::start(Manners::default());
    sink.order(&["data slow 0.3"]);
    let running = world.sender(&plain(&sink));
    let mail = world.mail("Slow").await;
    while sink.taken().is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let next = world.mail("Next").await;
    running.stop(GRACE).await;
    assert_eq!(world.row(mail).await.state, MailState::Sent);
    assert_eq!((world.row(next).await.state, world.row(next).await.attempts), (MailState::Waiting, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_mail_server_mails_wait_or_go_into_the_demonstrations_mailbox() {
    let world = World::new().await;
    let running = world.sender("");
    let mail = world.mail("Nobody").await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!((world.row(mail).await.state, world.row(mail).await.attempts), (MailState::Waiting, 0));
    running.stop(GRACE).await;
    let running = world.sender("mailbox:");
    world.until(mail, MailState::Sent).await;
    running.stop(GRACE).await;
}
