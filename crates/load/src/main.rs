//! `tandem-load`: what `make bench` measures of the exchange. Each command prints a line of JSON, `relay` one for each
//! relay, `supervise` one for each kind of calls.

use std::{
    io::{Read as _, Write as _},
    net::SocketAddr,
    path::PathBuf,
};

use anyhow::Result;
use clap::{Parser, Subcommand};
use serde::Serialize;
use tandem_load::{
    bare::Bare,
    host,
    media::{Kind, Media},
    memory,
    process::{Ready, raise_file_limit},
    relay,
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
    /// The bare relay, until its input ends
    Bare {
        /// Calls
        #[arg(long)]
        calls: usize,
        /// Threads
        #[arg(long)]
        threads: usize,
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
        Command::Media { calls, kind, data } => {
            let media = Media::start(calls, kind, &data)?;
            print(&Ready { addresses: media.addresses.clone() })?;
            std::io::stdin().lines().map_while(Result::ok).try_for_each(|line| media.obey(&line))
        }
        Command::Bare { calls, threads } => {
            let share = |thread: usize| calls / threads + usize::from(thread < calls % threads);
            let loops = (0..threads).map(|thread| Bare::open(share(thread))).collect::<std::io::Result<Vec<_>>>()?;
            let addresses = loops.iter().map(Bare::addresses).collect::<std::io::Result<Vec<_>>>()?;
            // Each thread's calls in turn.
            let pairs = (0..calls).map(|call| &addresses[call % threads][call / threads * 2..][..2]);
            print(&Ready { addresses: pairs.flatten().copied().collect() })?;
            for bare in loops {
                std::thread::spawn(|| bare.run());
            }
            wait_for_the_end();
            Ok(())
        }
        Command::Host { trunk, data } => {
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
            let host = runtime.block_on(host::start(&data, trunk))?;
            print(&Ready { addresses: vec![host.address] })?;
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
