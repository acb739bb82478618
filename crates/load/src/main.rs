//! `tandem-load`: what `make bench` measures of the exchange. Each command prints a line of JSON, `relay` one for each
//! relay, `supervise` one for each kind of calls, `browsers` one for each way.

use std::{
    io::{Read as _, Write as _},
    net::SocketAddr,
    path::PathBuf,
};

use anyhow::{Context as _, Result};
use clap::{Parser, Subcommand};
use serde::Serialize;
use tandem_load::{
    bare::Bare,
    browsers, calls,
    gateway::Gateway,
    host,
    live::{Done, Live},
    media::{Kind, Media},
    memory,
    process::{Ready, raise_file_limit},
    relay,
    sealed::Sealed,
    setups::{self, Via},
    supervised, switched,
};

/// Calls and sound by the thousand, for measuring the exchange.
#[derive(Debug, Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Calls that talk: what relaying costs, what is lost, how late it is
    Relay {
        /// Calls at once
        #[arg(long, default_value_t = 200)]
        calls: usize,
        /// For how many seconds through each relay
        #[arg(long, default_value_t = 10)]
        seconds: u32,
    },
    /// Short calls: how many a second, and how soon each is answered
    Setups {
        /// Calls a second
        #[arg(long, default_value_t = 200)]
        rate: u32,
        /// For how long
        #[arg(long, default_value_t = 10)]
        seconds: u32,
        /// What is between caller and phone
        #[arg(long, value_enum, default_value = "exchange")]
        via: Via,
    },
    /// What a call needs of memory, and whether it comes back
    Memory {
        /// Calls that talk at once
        #[arg(long, default_value_t = 1000)]
        calls: usize,
        /// Short calls after them
        #[arg(long, default_value_t = 100_000)]
        short: u32,
        /// Short calls a second
        #[arg(long, default_value_t = 1000)]
        rate: u32,
    },
    /// Calls that are recorded and whispered into, beside calls that are only relayed, in the media engine alone
    Supervise {
        /// Calls at once
        #[arg(long, default_value_t = 200)]
        calls: usize,
        /// For how many seconds of each kind
        #[arg(long, default_value_t = 10)]
        seconds: u32,
    },
    /// How soon a manager hears a call, and an agent the manager
    Switch {
        /// Calls at once
        #[arg(long, default_value_t = 50)]
        calls: usize,
        /// How often
        #[arg(long, default_value_t = 200)]
        times: u32,
    },
    /// The same through the exchange, with a manager's phone and one call
    Join {
        /// How often
        #[arg(long, default_value_t = 100)]
        times: u32,
    },
    /// Browsers that talk to phones: what it costs, what is lost, how late it is
    Browsers {
        /// Calls at once
        #[arg(long, default_value_t = 300)]
        calls: usize,
        /// Calls at once of which each has a manager who whispers
        #[arg(long, default_value_t = 50)]
        mixed: usize,
        /// For how many seconds each way
        #[arg(long, default_value_t = 10)]
        seconds: u32,
    },
    /// Calls beside a server, as its input says, until that ends
    Live,
    /// The bare relay, until its input ends
    Bare {
        /// Calls
        #[arg(long)]
        calls: usize,
        /// Threads
        #[arg(long)]
        threads: usize,
    },
    /// The bare relay that encrypts one side, until its input ends
    Sealed {
        /// Calls
        #[arg(long)]
        calls: usize,
        /// Threads
        #[arg(long)]
        threads: usize,
    },
    /// The media engine with calls of browsers, until its input ends
    Gateway {
        /// Calls
        #[arg(long)]
        calls: usize,
        /// A manager whispers into each
        #[arg(long)]
        whispered: bool,
    },
    /// The media engine with calls, until its input ends
    Media {
        /// Calls
        #[arg(long)]
        calls: usize,
        /// What they are
        #[command(flatten)]
        kind: Kind,
        /// Folder of the recordings
        #[arg(long)]
        data: PathBuf,
    },
    /// The exchange, until its input ends
    Host {
        /// Its trunk
        #[arg(long)]
        trunk: SocketAddr,
        /// Folder of its database
        #[arg(long)]
        data: PathBuf,
    },
}

fn main() -> Result<()> {
    raise_file_limit();
    match Arguments::parse().command {
        Command::Relay { calls, seconds } => relay::measure(calls, seconds)?.iter().try_for_each(print),
        Command::Setups { rate, seconds, via } => print(&setups::measure(rate, seconds, via)?),
        Command::Memory { calls, short, rate } => print(&memory::measure(calls, short, rate)?),
        Command::Supervise { calls, seconds } => supervised::measure(calls, seconds)?.iter().try_for_each(print),
        Command::Switch { calls, times } => print(&switched::measure(calls, times)?),
        Command::Join { times } => print(&switched::through_exchange(times)?),
        Command::Browsers { calls, mixed, seconds } => {
            browsers::measure(calls, mixed, seconds)?.iter().try_for_each(print)
        }
        Command::Live => {
            let ends = calls::Ends::open()?;
            print(&Ready { addresses: vec![ends.trunk()?], browsers: Vec::new() })?;
            let (sender, lines) = std::sync::mpsc::channel();
            std::thread::spawn(move || {
                std::io::stdin().lines().map_while(Result::ok).try_for_each(|line| sender.send(line))
            });
            let first = lines.recv()?;
            let exchange = first.strip_prefix("meet ").context("where is the exchange?")?;
            let mut live = Live::begin(exchange.trim().parse()?, ends)?;
            print(&Done { at: 0.0 })?;
            while let Some(line) = live.wait(&lines)? {
                print(&live.obey(&line)?)?;
            }
            Ok(())
        }
        Command::Sealed { calls, threads } => {
            let share = |thread: usize| calls / threads + usize::from(thread < calls % threads);
            let loops = (0..threads).map(|thread| Sealed::open(share(thread), thread, threads));
            let loops = loops.collect::<std::io::Result<Vec<_>>>()?;
            let addresses = loops.iter().map(Sealed::addresses).collect::<std::io::Result<Vec<_>>>()?;
            let pairs = (0..calls).flat_map(|call| addresses[call % threads][call / threads]);
            print(&Ready { addresses: pairs.collect(), browsers: Vec::new() })?;
            for sealed in loops {
                std::thread::spawn(|| sealed.run());
            }
            wait_for_the_end();
            Ok(())
        }
        Command::Gateway { calls, whispered } => {
            let gateway = Gateway::start(calls, whispered)?;
            print(&Ready { addresses: gateway.addresses.clone(), browsers: gateway.said.clone() })?;
            let mut lines = std::io::stdin().lines().map_while(Result::ok).zip(0..);
            lines.try_for_each(|(line, call)| gateway.describe(call, &line))
        }
        Command::Media { calls, kind, data } => {
            let media = Media::start(calls, kind, &data)?;
            print(&Ready { addresses: media.addresses.clone(), browsers: Vec::new() })?;
            std::io::stdin().lines().map_while(Result::ok).try_for_each(|line| media.obey(&line))
        }
        Command::Bare { calls, threads } => {
            let share = |thread: usize| calls / threads + usize::from(thread < calls % threads);
            let loops = (0..threads).map(|thread| Bare::open(share(thread))).collect::<std::io::Result<Vec<_>>>()?;
            let addresses = loops.iter().map(Bare::addresses).collect::<std::io::Result<Vec<_>>>()?;
            // Each thread's calls in turn.
            let pairs = (0..calls).map(|call| &addresses[call % threads][call / threads * 2..][..2]);
            print(&Ready { addresses: pairs.flatten().copied().collect(), browsers: Vec::new() })?;
            for bare in loops {
                std::thread::spawn(|| bare.run());
            }
            wait_for_the_end();
            Ok(())
        }
        Command::Host { trunk, data } => {
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
            let host = runtime.block_on(host::start(&data, trunk))?;
            print(&Ready { addresses: vec![host.address], browsers: Vec::new() })?;
            wait_for_the_end();
            runtime.block_on(host.running.stop(std::time::Duration::ZERO));
            Ok(())
        }
    }
}

fn print(what: &impl Serialize) -> Result<()> {
    let mut out = std::io::stdout().lock();
    serde_json::to_writer(&mut out, what)?;
    writeln!(out)?;
    Ok(out.flush()?)
}

/// Whoever started us holds our input.
fn wait_for_the_end() {
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
}
