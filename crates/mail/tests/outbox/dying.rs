//! Sender and mail server die by SIGKILL at random moments: no mail is lost, and none whose acceptance was noted goes again.

use std::{
    collections::HashMap,
    env,
    path::Path,
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use tandem_domain::{
    ids::{MailId, Timestamp},
    mail::MailState,
};
use tandem_mail::{Clock, Mailer, Transport, worker::Parts};

use crate::{
    sink::{Manners, Sink, header},
    world::{SIZE_LIMIT, START, Sounds, World, open},
};

/// The variables that tell the other process what to do.
const DATABASE: &str = "TANDEM_TEST_SENDER_DATABASE";
const URL: &str = "TANDEM_TEST_SENDER_URL";
const HOURS: &str = "TANDEM_TEST_SENDER_HOURS";

/// The process that the story below starts and kills: a sender, until it dies. Its clock is some hours on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "the process that another story starts and kills"]
async fn a_sender_until_it_dies() {
    let (Ok(database), Ok(url), Ok(hours)) = (env::var(DATABASE), env::var(URL), env::var(HOURS)) else { return };
    let store = open(Path::new(&database)).await;
    let (began, hours) = (Instant::now(), hours.parse::<i64>().unwrap());
    let clock: Clock = Arc::new(move || {
        let since = i64::try_from(began.elapsed().as_millis()).unwrap();
        Timestamp(START.plus_seconds(hours * 3600).0 + since)
    });
    let running = Mailer::default().start(Parts {
        outbox: Arc::new(store),
        attachments: Arc::new(Sounds::default()),
        transport: Transport::parse(&url).unwrap().with_patience(Duration::from_secs(5)),
        from: "Tandem <tandem@pbx.example>".parse().unwrap(),
        size_limit: SIZE_LIMIT,
        clock,
    });
    tokio::time::sleep(Duration::from_secs(60)).await;
    running.stop(Duration::ZERO).await;
}

struct Sender(Child);

impl Sender {
    fn start(world: &World, sink: &Sink, hours: usize) -> Self {
        let mut command = Command::new(env::current_exe().unwrap());
        command.args(["dying::a_sender_until_it_dies", "--exact", "--ignored", "--nocapture"]);
        command.env(DATABASE, world.database()).env(HOURS, hours.to_string());
        command.env(URL, format!("smtp://127.0.0.1:{}?tls=none", sink.port));
        Self(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        // SIGKILL.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// How often each mail was taken.
fn counts(sink: &Sink) -> HashMap<String, usize> {
    let mut counts = HashMap::new();
    for message in sink.taken() {
        *counts.entry(header(&message, "Message-ID").to_owned()).or_default() += 1;
    }
    counts
}

fn message_id(mail: MailId) -> String {
    format!("<{}@pbx.example>", mail.0.simple())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_dies_whenever_no_mail_is_lost_and_none_that_was_noted_comes_again() {
    const MAILS: usize = 30;
    const ROUNDS: usize = 6;
    let world = World::new().await;
    let mut sink = Sink::start(Manners::default());
    let mut mails = Vec::new();
    for n in 0..MAILS {
        mails.push(world.told(&format!("Caller {n}"), 100).await.1);
    }
    // How often each mail that was noted as sent had been taken by then.
    let mut noted: HashMap<MailId, usize> = HashMap::new();
    for round in 0..ROUNDS {
        // A moment that no two runs have in common, somewhere in the sending of a mail.
        let moment = Duration::from_micros(u64::from(uuid::Uuid::now_v7().as_u128() as u32) % 60_000);
        if round % 2 == 0 {
            sink.order(&[
                "data slow 0.02",
                "data slow 0.02",
                "data slow 0.02",
                if round == 2 { "data die" } else { "data lose" },
            ]);
        }
        let before = sink.taken().len();
        let sender = Sender::start(&world, &sink, round * 10);
        let begun = Instant::now();
        while sink.taken().len() < before + 3 && begun.elapsed() < Duration::from_secs(1) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        tokio::time::sleep(moment).await;
        if round % 3 == 1 {
            sink.kill();
        }
        drop(sender);
        if sink.is_dead() {
            sink.restart();
        }
        let taken = counts(&sink);
        for row in world.rows().await.into_iter().filter(|row| row.state == MailState::Sent) {
            let times = taken.get(&message_id(row.id)).copied().unwrap_or_default();
            assert!(times > 0, "noted as sent and never taken");
            let before = *noted.entry(row.id).or_insert(times);
            assert_eq!(before, times, "sent again after it was noted");
        }
    }
    sink.order(&[]);
    let last = Sender::start(&world, &sink, ROUNDS * 10);
    for mail in &mails {
        world.until(*mail, MailState::Sent).await;
    }
    drop(last);
    let taken = counts(&sink);
    assert_eq!(taken.len(), MAILS, "each mail has one Message-ID, and all have come");
    let noted_count = noted.len();
    for (mail, times) in noted {
        assert_eq!(taken[&message_id(mail)], times, "sent again after it was noted");
    }
    let repetitions = taken.values().sum::<usize>() - MAILS;
    println!("{repetitions} repetitions of {MAILS} mails, {noted_count} noted before the end");
    // One for each death of the sender in the middle, and one for each lost answer.
    assert!(repetitions <= ROUNDS + 3, "{repetitions} repetitions");
}
