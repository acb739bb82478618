//! The state in a file, for a demonstration that is stopped and started again: what Tandem's database remembers of its
//! Stripe must be there still. Written a moment after a change, and whole: what happened in the last moments before a
//! kill may be missing. What was due later (webhooks, ends of payments and refunds) is not kept.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::{
    charge::Charge, customer::Customer, event::Event, intent::Intent, method::Method, refund::Refund, setup::Setup,
    state::State, table::Table,
};
use crate::{api::idempotency::Entry, control::Tally, pages::bank::Challenge};

#[derive(Serialize)]
struct Written<'a> {
    charges: &'a Table<Charge>,
    customers: &'a Table<Customer>,
    events: &'a Table<Event>,
    intents: &'a Table<Intent>,
    methods: &'a Table<Method>,
    refunds: &'a Table<Refund>,
    setups: &'a Table<Setup>,
    challenges: &'a Table<Challenge>,
    keys: &'a Table<Entry>,
    tally: &'a Table<Tally>,
}

#[derive(Deserialize)]
struct Read {
    charges: Vec<(String, Charge)>,
    customers: Vec<(String, Customer)>,
    events: Vec<(String, Event)>,
    intents: Vec<(String, Intent)>,
    methods: Vec<(String, Method)>,
    refunds: Vec<(String, Refund)>,
    setups: Vec<(String, Setup)>,
    challenges: Vec<(String, Challenge)>,
    keys: Vec<(String, Entry)>,
    tally: Vec<(String, Tally)>,
}

impl State {
    /// Everything worth keeping, as it is written.
    pub(crate) fn keep_all(&self) -> serde_json::Result<Vec<u8>> {
        serde_json::to_vec(&Written {
            charges: &self.charges,
            customers: &self.customers,
            events: &self.events,
            intents: &self.intents,
            methods: &self.methods,
            refunds: &self.refunds,
            setups: &self.setups,
            challenges: &self.challenges,
            keys: self.keys.all(),
            tally: &self.tally,
        })
    }

    /// Takes back what was kept. Nothing changes if it cannot be read.
    pub(crate) fn recall(&mut self, kept: &[u8]) -> serde_json::Result<()> {
        let read: Read = serde_json::from_slice(kept)?;
        self.charges.fill(read.charges);
        self.customers.fill(read.customers);
        self.events.fill(read.events);
        self.intents.fill(read.intents);
        self.methods.fill(read.methods);
        self.refunds.fill(read.refunds);
        self.setups.fill(read.setups);
        self.challenges.fill(read.challenges);
        self.keys.fill(read.keys);
        self.tally.fill(read.tally);
        Ok(())
    }
}

/// Reads the file into the state, if there is one. One that cannot be read is put aside, not overwritten.
pub(crate) fn load(state: &mut State, file: &Path) -> io::Result<()> {
    let kept = match fs::read(file) {
        Ok(kept) => kept,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    if let Err(error) = state.recall(&kept) {
        let aside = beside(file, "unreadable");
        tracing::warn!(%error, aside = %aside.display(), "what the stand-in for Stripe had kept cannot be read");
        fs::rename(file, aside)?;
    }
    Ok(())
}

/// Writes the file whole, or leaves the old one.
pub(crate) fn save(kept: &[u8], file: &Path) -> io::Result<()> {
    let new = beside(file, "new");
    fs::write(&new, kept)?;
    fs::rename(new, file)
}

fn beside(file: &Path, what: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".");
    name.push(what);
    name.into()
}
