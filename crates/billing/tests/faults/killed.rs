//! The worker is killed by SIGKILL at moments that no two runs have in common, and started again: each invoice is
//! charged once.

use std::{
    env,
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use tandem_domain::ids::Timestamp;

use crate::world::{GOOD, World, worker};

/// The variables that tell the other process what to do.
const DATABASE: &str = "TANDEM_TEST_BILLING_DATABASE";
const STRIPE: &str = "TANDEM_TEST_BILLING_STRIPE";
const NOW: &str = "TANDEM_TEST_BILLING_NOW";

/// The process that the story below starts and kills: a worker, until it dies.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "the process that another story starts and kills"]
async fn a_worker_until_it_dies() {
    let (Ok(database), Ok(stripe), Ok(now)) = (env::var(DATABASE), env::var(STRIPE), env::var(NOW)) else { return };
    let (began, now) = (Instant::now(), now.parse::<i64>().unwrap());
    let clock = Arc::new(move || Timestamp(now + i64::try_from(began.elapsed().as_millis()).unwrap()));
    let running = worker(&database, &stripe, clock).await.start();
    tokio::time::sleep(Duration::from_secs(60)).await;
    running.stop(Duration::ZERO).await;
}

struct Worker(Child);

impl Worker {
    fn start(world: &World) -> Self {
        let mut command = Command::new(env::current_exe().unwrap());
        command.args(["killed::a_worker_until_it_dies", "--exact", "--ignored", "--nocapture"]);
        command.env(DATABASE, world.database()).env(STRIPE, world.sim.base()).env(NOW, world.now().0.to_string());
        Self(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // SIGKILL.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whenever_the_worker_is_killed_each_invoice_is_charged_once() {
    const INVOICES: usize = 40;
    const ROUNDS: usize = 8;
    let world = World::new().await;
    world.saved_card(GOOD).await;
    world.automatic().await;
    for _ in 0..INVOICES {
        world.invoice(12_000).await;
    }
    let captured = || world.control().tallies().iter().filter(|(_, tally)| tally.charges > 0).count();
    for _ in 0..ROUNDS {
        let before = captured();
        let worker = Worker::start(&world);
        let begun = Instant::now();
        while captured() < before + 2 && begun.elapsed() < Duration::from_secs(2) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        // Somewhere in the making of a payment.
        let moment = Duration::from_micros(u64::from(uuid::Uuid::now_v7().as_u128() as u32) % 20_000);
        tokio::time::sleep(moment).await;
        drop(worker);
        // Longer than any lease.
        world.later(600);
    }
    let killed_at = captured();
    let last = Worker::start(&world);
    for _ in 0..2_000 {
        if world.balance().await == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    drop(last);
    println!("{killed_at} of {INVOICES} and one were captured before the last start");
    world.later(600);
    world.billing.charge_due().await.unwrap();
    world.billing.sweep().await.unwrap();
    assert_eq!(world.balance().await, 0);
    // And the one by which the card was saved.
    assert_eq!(captured(), INVOICES + 1);
    world.proves_right().await;
}
