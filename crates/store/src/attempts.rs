//! Attempts to sign in: where they are counted, and how long the next one waits.
//!
//! A guesser at one place soon waits; the person whose name is guessed does not, for they are somewhere else: failures count
//! per name and network. Guesses that come from everywhere at once are slowed by the name alone, after many more, and
//! somebody who tries many names by their network.

use std::net::IpAddr;

use tandem_domain::{
    ids::Timestamp,
    sign_in::{
        FORGET_SECONDS, FREE_ATTEMPTS_PER_ADDRESS, FREE_ATTEMPTS_PER_NAME, FREE_ATTEMPTS_PER_NAME_AND_NETWORK,
        Failures, SignInName,
    },
};

use crate::{
    StoreError,
    db::{Row, Tx, sql},
    saving::Write,
    sign_ins::SignIns,
};

/// Characters of a name by which attempts are counted; a sign-in name has no more.
const NAME_MAX: usize = 64;

/// An attempt at somebody's password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt(Vec<Counter>);

/// Where an attempt is counted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Counter {
    /// Its row in the table.
    key: String,
    /// Failures that cost nothing here.
    free: u32,
    /// Whether it counts guesses at one name: knowing the password clears it. A network's it does not, or knowing one
    /// password would open the way to guess others.
    of_name: bool,
}

impl Attempt {
    /// To sign in with a name, which may be any text, from an address, if it is known.
    #[must_use]
    pub fn to_sign_in(name: &str, address: Option<IpAddr>) -> Self {
        let name = counted_name(name);
        let network = address.map(network).unwrap_or_default();
        let mut counters = vec![
            Counter { key: by_name(&name), free: FREE_ATTEMPTS_PER_NAME, of_name: true },
            Counter {
                key: by_name_and_network(&name, &network),
                free: FREE_ATTEMPTS_PER_NAME_AND_NETWORK,
                of_name: true,
            },
        ];
        if address.is_some() {
            let key = format!("network:{network}");
            counters.push(Counter { key, free: FREE_ATTEMPTS_PER_ADDRESS, of_name: false });
        }
        Self::at(counters)
    }

    /// To change the password of somebody who is signed in. It has a count of its own, so that nobody is kept from signing in
    /// by it.
    #[must_use]
    pub fn to_change_password(name: &str) -> Self {
        let key = by_change(&counted_name(name));
        Self::at(vec![Counter { key, free: FREE_ATTEMPTS_PER_NAME_AND_NETWORK, of_name: true }])
    }

    /// In one order, so that two attempts never wait for each other.
    fn at(mut counters: Vec<Counter>) -> Self {
        counters.sort_unstable();
        Self(counters)
    }
}

/// How long an attempt to sign in must wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wait {
    /// Seconds from now.
    pub seconds: i64,
    /// Nobody came too early in this wait before.
    pub is_first: bool,
}

impl SignIns<'_> {
    /// Counts an attempt, unless it must wait: then nothing is counted, and the wait is told. The attempt counts as
    /// a failure until [`SignIns::succeeded`] or [`SignIns::take_back`], so that many at once cannot slip through together.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn attempt(&self, attempt: &Attempt, now: Timestamp) -> Result<Option<Wait>, StoreError> {
        let mut tx = self.0.begin().await?;
        let (mut counted, mut untold) = (Vec::new(), Vec::new());
        let mut longest = 0;
        for Counter { key, free, .. } in &attempt.0 {
            let (failures, told) = locked(&mut tx, key).await?;
            let wait = failures.map_or(0, |failures| failures.wait_seconds(*free, now));
            if wait > 0 && !told {
                untold.push(key);
            }
            longest = longest.max(wait);
            counted.push((key, Failures::after_one_more(failures, now)));
        }
        if longest > 0 {
            let is_first = !untold.is_empty();
            for key in untold {
                tx.run(sql("UPDATE sign_in_failure SET told = TRUE WHERE subject = $1").bind(key.as_str())).await?;
            }
            if is_first {
                tx.commit().await?;
            }
            return Ok(Some(Wait { seconds: longest, is_first }));
        }
        for (key, failures) in counted {
            let update = "UPDATE sign_in_failure SET failures = $1, last_at = $2, told = FALSE WHERE subject = $3";
            tx.run(sql(update).bind(failures.count).bind(failures.last).bind(key.as_str())).await?;
        }
        tx.commit().await?;
        Ok(None)
    }

    /// Takes an attempt back that turned out right. The failures of the name are forgotten; of the network's only this one is.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn succeeded(&self, attempt: &Attempt) -> Result<(), StoreError> {
        self.lower(attempt, true).await
    }

    /// Takes an attempt back at which the password was not looked at.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn take_back(&self, attempt: &Attempt) -> Result<(), StoreError> {
        self.lower(attempt, false).await
    }

    async fn lower(&self, attempt: &Attempt, forgets_name: bool) -> Result<(), StoreError> {
        let mut tx = self.0.begin().await?;
        for Counter { key, of_name, .. } in &attempt.0 {
            let by = if *of_name && forgets_name { "failures" } else { "1" };
            let update = format!("UPDATE sign_in_failure SET failures = failures - {by} WHERE subject = $1");
            tx.run(sql(update).bind(key.as_str())).await?;
            let delete = "DELETE FROM sign_in_failure WHERE subject = $1 AND failures <= 0";
            tx.run(sql(delete).bind(key.as_str())).await?;
        }
        tx.commit().await
    }

    /// How many failures each of an attempt's counters has so far.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn failures(&self, attempt: &Attempt) -> Result<Vec<u32>, StoreError> {
        let mut counts = Vec::new();
        for Counter { key, .. } in &attempt.0 {
            let found = "SELECT failures, last_at FROM sign_in_failure WHERE subject = $1";
            let found = self.0.db.one(sql(found).bind(key.as_str())).await?;
            counts.push(found.as_ref().map(failures).transpose()?.map_or(0, |failures| failures.count));
        }
        Ok(counts)
    }

    /// Forgets the failures that are too old to count.
    pub(crate) async fn forget_failures(&self, now: Timestamp) -> Result<(), StoreError> {
        let mut tx = self.0.begin().await?;
        let oldest = now.plus_seconds(-FORGET_SECONDS);
        tx.run(sql("DELETE FROM sign_in_failure WHERE last_at < $1").bind(oldest)).await?;
        tx.commit().await
    }
}

/// Forgets all failures of a name, wherever they came from: whoever gives somebody a new password lets them try it.
pub(crate) async fn forget(write: &mut Write<'_>, name: &SignInName) -> Result<(), StoreError> {
    let name = name.as_str();
    // In the order of attempts, so that this and an attempt never wait for each other.
    for key in [by_change(name), by_name(name)] {
        write.run(sql("DELETE FROM sign_in_failure WHERE subject = $1").bind(key)).await?;
    }
    // What a key of this name and a network has behind the name sorts between these two.
    let (low, high) = (by_name_and_network(name, ""), by_name_and_network(name, &char::MAX.to_string()));
    let delete = "DELETE FROM sign_in_failure WHERE subject >= $1 AND subject < $2";
    write.run(sql(delete).bind(low).bind(high)).await.map(drop)
}

/// The name as attempts are counted by it. What no sign-in name can have in it is replaced, for it could be read as the rest
/// of another key (and PostgreSQL knows no zero character).
fn counted_name(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '@') { c } else { '?' };
    name.trim().to_ascii_lowercase().chars().map(plain).take(NAME_MAX).collect()
}

fn by_name(name: &str) -> String {
    format!("name:{name}")
}

fn by_name_and_network(name: &str, network: &str) -> String {
    format!("name:{name} {network}")
}

fn by_change(name: &str) -> String {
    format!("change:{name}")
}

/// What shares one throttle: an IPv4 address, or an IPv6 network of one subscriber (/64, RFC 6177 §2).
fn network(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(v4) => v4.to_string(),
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}

/// The failures at a key, and whether the wait after them was told, whose row nobody else changes until the transaction ends.
async fn locked(tx: &mut Tx, key: &str) -> Result<(Option<Failures>, bool), StoreError> {
    let lock = "INSERT INTO sign_in_failure (subject, failures, last_at) VALUES ($1, 0, 0) \
                ON CONFLICT (subject) DO UPDATE SET failures = sign_in_failure.failures RETURNING failures, last_at, told";
    let Some(row) = tx.one(sql(lock).bind(key)).await? else { return Ok((None, false)) };
    Ok((Some(failures(&row)?).filter(|failures| failures.count > 0), row.flag("told")?))
}

fn failures(row: &Row) -> Result<Failures, StoreError> {
    let count = u32::try_from(row.int("failures")?).unwrap_or_default();
    Ok(Failures { count, last: row.at("last_at")? })
}
