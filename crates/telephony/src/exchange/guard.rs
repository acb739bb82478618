//! Who guesses passwords? Failures are counted for each user at each address, and for each address; who has too many is not
//! listened to for a while.
//!
//! An office with many phones behind one address goes on while one of them has a wrong password: its limit is far above a
//! user's. Of IPv6 the network of 64 bits counts as one address: a single host may use all of it.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    time::{Duration, Instant},
};

/// Failures that a user may have at once, from one address.
pub const FAILURES_MAX: u32 = 10;
/// Failures that an address may have at once, with all users: those there are and those there are not.
pub const ADDRESS_FAILURES_MAX: u32 = 100;
/// The time after which one failure is forgiven.
pub const FORGIVEN_AFTER: Duration = Duration::from_secs(6);
/// Attempts of an innocent user that may be undecided at once.
const OPEN_MAX: u32 = 64;
/// Suspects that are remembered; more than that and the least guilty tenth is forgotten.
const SUSPECTS_MAX: usize = 10_000;

/// Letters of a user that are remembered.
const USER_MAX: usize = 64;

/// Whose failures are counted: a user's at an address, or all of an address.
type Suspect = (IpAddr, Option<Box<str>>);

/// The failures of each suspect: a bucket that leaks.
#[derive(Debug, Default)]
pub struct Guard {
    failures: HashMap<Suspect, (f64, Instant)>,
    /// Attempts that were admitted and are not decided yet.
    open: HashMap<Suspect, u32>,
}

impl Guard {
    /// Whether a user may try from an address; else how many seconds that has to wait.
    ///
    /// # Errors
    /// The seconds to wait.
    pub fn admit(&mut self, address: IpAddr, user: &str, now: Instant) -> Result<(), u32> {
        let suspect = at(address, user);
        self.below(&suspect, FAILURES_MAX, now)?;
        self.below(&(network(address), None), ADDRESS_FAILURES_MAX, now)?;
        // Who does not wait for the answer gets no more guesses than who does, but for a first handful: a phone that begins
        // many calls at once is no guesser.
        let open = self.open.entry(suspect.clone()).or_default();
        let level = self.failures.get(&suspect).map_or(0.0, |noted| left(noted, now));
        let most = if level < 1.0 { OPEN_MAX } else { FAILURES_MAX };
        if level + f64::from(*open) >= f64::from(most) {
            return Err(1);
        }
        *open += 1;
        Ok(())
    }

    /// What was admitted has been decided.
    pub fn decided(&mut self, address: IpAddr, user: &str) {
        let suspect = at(address, user);
        if let Some(open) = self.open.get_mut(&suspect) {
            *open = open.saturating_sub(1);
            if *open == 0 {
                self.open.remove(&suspect);
            }
        }
    }

    fn below(&self, suspect: &Suspect, most: u32, now: Instant) -> Result<(), u32> {
        let too_many = self.level(suspect, now) - f64::from(most);
        if too_many < 0.0 {
            return Ok(());
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small number above zero")]
        let seconds = ((too_many + 1.0) * FORGIVEN_AFTER.as_secs_f64()).ceil() as u32;
        Err(seconds)
    }

    /// Takes note of a wrong password or an unknown user.
    pub fn failed(&mut self, address: IpAddr, user: &str, now: Instant) {
        self.note(at(address, user), FAILURES_MAX, now);
        self.note((network(address), None), ADDRESS_FAILURES_MAX, now);
    }

    fn note(&mut self, suspect: Suspect, most: u32, now: Instant) {
        if self.failures.len() >= SUSPECTS_MAX && !self.failures.contains_key(&suspect) {
            self.forget(now);
        }
        // Counted a little beyond the limit, so that who goes on waits longer, but not for ever.
        let level = (self.level(&suspect, now) + 1.0).min(f64::from(most) * 2.0);
        self.failures.insert(suspect, (level, now));
    }

    fn level(&self, suspect: &Suspect, now: Instant) -> f64 {
        self.failures.get(suspect).map_or(0.0, |noted| left(noted, now))
    }

    /// Makes room: the least guilty go, the forgiven first. Who keeps guessing is not forgotten, however many addresses he has
    /// besides.
    fn forget(&mut self, now: Instant) {
        let mut levels: Vec<f64> = self.failures.values().map(|noted| left(noted, now)).collect();
        let tenth = levels.len() / 10;
        let (_, most, _) = levels.select_nth_unstable_by(tenth, f64::total_cmp);
        let most = *most;
        let mut room = tenth + 1;
        self.failures.retain(|_, noted| {
            let goes = room > 0 && left(noted, now) <= most;
            room -= usize::from(goes);
            !goes
        });
    }
}

/// What of a failure is not forgiven yet.
fn left((level, at): &(f64, Instant), now: Instant) -> f64 {
    let forgiven = now.saturating_duration_since(*at).as_secs_f64() / FORGIVEN_AFTER.as_secs_f64();
    (level - forgiven).max(0.0)
}

/// A user at an address. Of a user that nobody can have, the beginning is enough.
fn at(address: IpAddr, user: &str) -> Suspect {
    let end = user.char_indices().nth(USER_MAX).map_or(user.len(), |(end, _)| end);
    (network(address), Some(user[..end].into()))
}

/// What failures of an address are counted by.
const fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(ip) => IpAddr::V4(ip),
        IpAddr::V6(ip) => {
            let [a, b, c, d, ..] = ip.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_guesses_waits_and_is_forgiven_and_others_of_the_office_go_on() {
        let mut guard = Guard::default();
        let (address, other) = (IpAddr::from([192, 0, 2, 1]), IpAddr::from([192, 0, 2, 2]));
        let start = Instant::now();
        for _ in 0..FAILURES_MAX {
            assert_eq!(guard.admit(address, "abc744", start), Ok(()));
            guard.decided(address, "abc744");
            guard.failed(address, "abc744", start);
        }
        assert!(guard.admit(address, "abc744", start).is_err());
        assert_eq!(guard.admit(address, "abc702", start), Ok(()));
        assert_eq!(guard.admit(other, "abc744", start), Ok(()));
        assert_eq!(guard.admit(address, "abc744", start + FORGIVEN_AFTER * 2), Ok(()));
    }

    #[test]
    fn who_tries_many_users_is_not_listened_to_either() {
        let mut guard = Guard::default();
        let (address, start) = (IpAddr::from([192, 0, 2, 1]), Instant::now());
        for n in 0..ADDRESS_FAILURES_MAX {
            guard.failed(address, &format!("abc{n}"), start);
        }
        assert!(guard.admit(address, "abc744", start).is_err());
    }

    #[test]
    fn a_flood_of_addresses_is_bounded() {
        let mut guard = Guard::default();
        let start = Instant::now();
        for n in 0..u32::try_from(SUSPECTS_MAX).expect("small") + 50 {
            guard.failed(IpAddr::from(n.to_be_bytes()), "abc744", start);
        }
        assert!(guard.failures.len() <= SUSPECTS_MAX + 1);
    }

    #[test]
    fn a_network_of_ipv6_is_one_address() {
        let mut guard = Guard::default();
        let address = |text: &str| text.parse::<IpAddr>().expect("an address");
        let start = Instant::now();
        for n in 0..FAILURES_MAX {
            guard.failed(address(&format!("2001:db8::{n:x}")), "abc744", start);
        }
        assert!(guard.admit(address("2001:db8::ffff"), "abc744", start).is_err());
        assert_eq!(guard.admit(address("2001:db8:0:1::1"), "abc744", start), Ok(()));
        assert_eq!(at(address("::ffff:192.0.2.1"), "abc744"), at(address("192.0.2.1"), "abc744"));
    }

    #[test]
    fn who_has_many_addresses_does_not_make_the_guard_forget_the_worst() {
        let mut guard = Guard::default();
        let (worst, start) = (IpAddr::from([192, 0, 2, 1]), Instant::now());
        for _ in 0..FAILURES_MAX {
            guard.failed(worst, "abc744", start);
        }
        for n in 0..2 * u32::try_from(SUSPECTS_MAX).expect("small") {
            guard.failed(IpAddr::from(n.to_be_bytes()), &"x".repeat(1000), start);
        }
        assert!(guard.admit(worst, "abc744", start).is_err());
        assert!(guard.failures.len() <= SUSPECTS_MAX);
        assert!(guard.failures.keys().all(|(_, user)| user.as_ref().is_none_or(|user| user.len() <= USER_MAX)));
    }
}
