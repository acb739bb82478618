//! Processes are killed by SIGKILL: the worker at moments that no two runs have in common, and whoever does something else at
//! each of its awaits. Another goes on.

use std::{
    env,
    future::poll_fn,
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    sync::{Arc, atomic::AtomicI64},
    time::{Duration, Instant},
};

use tandem_domain::{access::Tenant, ids::Timestamp};

use crate::{
    operations::{Begun, Operation},
    polls::at_each_await,
    world::{GOOD, World, ticking, worker},
};

/// The variables that tell the other process what to do.
const DATABASE: &str = "TANDEM_TEST_BILLING_DATABASE";
const STRIPE: &str = "TANDEM_TEST_BILLING_STRIPE";
const NOW: &str = "TANDEM_TEST_BILLING_NOW";
const OPERATION: &str = "TANDEM_TEST_BILLING_OPERATION";
const CUSTOMER: &str = "TANDEM_TEST_BILLING_CUSTOMER";
const PAYMENT: &str = "TANDEM_TEST_BILLING_PAYMENT";
const CARD: &str = "TANDEM_TEST_BILLING_CARD";
const POLLS: &str = "TANDEM_TEST_BILLING_POLLS";

/// What the other process says when it waits for its end in the middle of something, and when it is done.
const IN_THE_MIDDLE: &str = "in the middle";
const DONE: &str = "done";

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

/// The process that the stories at the end start and kill: it does something until so many of its awaits are over, and stops there
/// with all that it has in hand.
#[tokio::test]
#[ignore = "the process that another story starts and kills"]
async fn an_operation_until_it_dies() {
    let said = |name: &str| env::var(name).ok();
    let (Some(database), Some(stripe), Some(operation)) = (said(DATABASE), said(STRIPE), said(OPERATION)) else {
        return;
    };
    let number = |name: &str| said(name).unwrap().parse::<i64>().unwrap();
    let operation = Operation::ALL.into_iter().find(|one| format!("{one:?}") == operation).unwrap();
    let abc = Tenant::for_system(said(CUSTOMER).unwrap().parse().unwrap());
    let begun = Begun::of(said(PAYMENT).unwrap().parse().unwrap(), said(CARD).unwrap().parse().unwrap());
    let billing = worker(&database, &stripe, ticking(&Arc::new(AtomicI64::new(number(NOW))))).await;
    let mut left = number(POLLS);
    let mut performed = Box::pin(operation.perform(&billing, abc, Timestamp(number(NOW)), begun));
    poll_fn(move |context| {
        if left == 0 {
            println!("\n{IN_THE_MIDDLE}");
            // Nothing of this process goes on, and nothing is given back.
            loop {
                std::thread::park();
            }
        }
        left -= 1;
        performed.as_mut().poll(context)
    })
    .await;
    println!("\n{DONE}");
}

struct Worker(Child);

impl Worker {
    fn start(world: &World) -> Self {
        let mut command = another_process(world, "killed::a_worker_until_it_dies");
        Self(command.stdout(Stdio::null()).spawn().unwrap())
    }

    /// Does something until so many of its awaits are over, and is killed there. Tells whether it was done before.
    fn dies_while(world: &World, operation: Operation, begun: Begun, polls: u32) -> bool {
        let mut command = another_process(world, "killed::an_operation_until_it_dies");
        command.env(OPERATION, format!("{operation:?}")).env(CUSTOMER, world.abc.customer().to_string());
        command.env(PAYMENT, begun.payment.to_string()).env(CARD, begun.card.to_string()).env(POLLS, polls.to_string());
        let mut worker = Self(command.stdout(Stdio::piped()).spawn().unwrap());
        let said = BufReader::new(worker.0.stdout.take().unwrap()).lines().map(Result::unwrap);
        let last = said.into_iter().find(|line| [IN_THE_MIDDLE, DONE].contains(&line.as_str()));
        last.expect("it says how far it is") == DONE
    }
}

/// This program again, for one of the stories that are ignored.
fn another_process(world: &World, story: &str) -> Command {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args([story, "--exact", "--ignored", "--nocapture"]).stdin(Stdio::null()).stderr(Stdio::null());
    command.env(DATABASE, world.database()).env(STRIPE, world.sim.base()).env(NOW, world.now().0.to_string());
    command
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

/// A process does it and is killed at each of its awaits; another goes on.
async fn killed_while(operation: Operation) {
    let world = operation.world().await;
    at_each_await(async |polls| {
        let begun = operation.prepare(&world).await;
        let is_done = tokio::task::block_in_place(|| Worker::dies_while(&world, operation, begun, polls));
        operation.go_on(&world, begun).await;
        is_done
    })
    .await;
    world.proves_right().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn paying_with_a_saved_card() {
    killed_while(Operation::PayWithSaved).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn paying_with_a_saved_card_that_the_bank_asks_about() {
    killed_while(Operation::PayWithAsking).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calling_a_payment_off() {
    killed_while(Operation::CallOff).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn going_on_with_a_payment() {
    killed_while(Operation::GoOn).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sweeping() {
    killed_while(Operation::Sweep).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_automatic_payment_that_fails() {
    killed_while(Operation::FailToCharge).await;
}
