//! Whose is a datagram on a port that all browsers share?
//!
//! A request of STUN says it itself: its user name begins with the name that we gave to the leg (RFC 8445 §7.2.2). An answer
//! of STUN belongs to the leg that asked. Everything else (DTLS, SRTP, SRTCP) belongs to the leg to which the address it
//! comes from has been proved to belong, by a request with that leg's password.

use std::{
    collections::{HashMap, VecDeque},
    net::SocketAddr,
    time::{Duration, Instant},
};

use crate::types::LegId;

/// Names of one leg: the present one, and the one before while ICE starts anew.
const NAMES: usize = 2;
/// Addresses of one leg that are remembered; of more, the oldest is forgotten.
const ADDRESSES: usize = 16;
/// Who has proved an address to be its own keeps it for so long, whoever else claims it. Browsers prove theirs anew every
/// few seconds (RFC 7675).
const KEPT: Duration = Duration::from_secs(10);
/// Checks of ours that wait for an answer; the answer is awaited for so long.
const CHECKS: usize = 4_096;
const AWAITED: Duration = Duration::from_secs(5);

/// The magic cookie of STUN (RFC 8489 §5).
const COOKIE: [u8; 4] = [0x21, 0x12, 0xA4, 0x42];
const USERNAME: u16 = 0x0006;

/// The legs by their names and addresses.
#[derive(Debug, Default)]
pub(crate) struct Routes {
    legs: HashMap<LegId, Entry>,
    names: HashMap<Box<[u8]>, LegId>,
    addresses: HashMap<(usize, SocketAddr), Claim>,
    checks: HashMap<[u8; 12], LegId>,
    /// The checks in the order they were sent.
    asked: VecDeque<(Instant, [u8; 12])>,
}

#[derive(Debug, Default)]
struct Entry {
    worker: usize,
    /// Our source towards it.
    source: u32,
    names: VecDeque<Box<[u8]>>,
    addresses: VecDeque<(usize, SocketAddr)>,
}

#[derive(Debug)]
struct Claim {
    leg: LegId,
    proved: Instant,
}

impl Routes {
    /// Give a leg a name. `false`: it is somebody's already.
    pub fn name(&mut self, leg: LegId, worker: usize, name: &str) -> bool {
        if self.names.contains_key(name.as_bytes()) {
            return false;
        }
        let entry = self.legs.entry(leg).or_default();
        entry.worker = worker;
        entry.names.push_back(name.as_bytes().into());
        self.names.insert(name.as_bytes().into(), leg);
        if entry.names.len() > NAMES
            && let Some(old) = entry.names.pop_front()
        {
            self.names.remove(&old);
        }
        true
    }

    /// Our source towards a leg is this one.
    pub fn set_source(&mut self, leg: LegId, source: u32) {
        if let Some(entry) = self.legs.get_mut(&leg) {
            entry.source = source;
        }
    }

    /// Our source towards a leg.
    pub fn source(&self, leg: LegId) -> Option<u32> {
        Some(self.legs.get(&leg)?.source)
    }

    /// The worker of a leg.
    pub fn worker(&self, leg: LegId) -> Option<usize> {
        Some(self.legs.get(&leg)?.worker)
    }

    /// A leg is with another worker.
    pub fn moved(&mut self, leg: LegId, worker: usize) {
        if let Some(entry) = self.legs.get_mut(&leg) {
            entry.worker = worker;
        }
    }

    /// An address has proved that it is a leg's. `false`: it is another leg's, which has proved it lately too.
    pub fn claim(&mut self, now: Instant, leg: LegId, socket: usize, from: SocketAddr) -> bool {
        if !self.legs.contains_key(&leg) {
            return false;
        }
        let key = (socket, from);
        if let Some(claim) = self.addresses.get_mut(&key) {
            if claim.leg == leg {
                claim.proved = now;
                return true;
            }
            if now.saturating_duration_since(claim.proved) < KEPT {
                return false;
            }
            let before = claim.leg;
            if let Some(other) = self.legs.get_mut(&before) {
                other.addresses.retain(|&address| address != key);
            }
        }
        self.addresses.insert(key, Claim { leg, proved: now });
        if let Some(entry) = self.legs.get_mut(&leg) {
            entry.addresses.push_back(key);
            if entry.addresses.len() > ADDRESSES
                && let Some(old) = entry.addresses.pop_front()
            {
                self.addresses.remove(&old);
            }
        }
        true
    }

    /// A check with this transaction was sent for a leg.
    pub fn ask(&mut self, now: Instant, leg: LegId, transaction: [u8; 12]) {
        while let Some(&(at, old)) = self.asked.front()
            && (self.asked.len() >= CHECKS || now.saturating_duration_since(at) > AWAITED)
        {
            self.asked.pop_front();
            self.checks.remove(&old);
        }
        if self.checks.insert(transaction, leg).is_none() {
            self.asked.push_back((now, transaction));
        }
    }

    /// A leg is gone, with its names and addresses.
    pub fn forget(&mut self, leg: LegId) {
        let Some(entry) = self.legs.remove(&leg) else { return };
        for name in entry.names {
            self.names.remove(&name);
        }
        for address in entry.addresses {
            self.addresses.remove(&address);
        }
    }

    /// Whose a datagram is, and which worker has that leg.
    pub fn find(&self, socket: usize, from: SocketAddr, octets: &[u8]) -> Option<(LegId, usize)> {
        // RFC 7983 §7.
        let leg = match octets.first()? {
            0..=3 => match Stun::read(octets)? {
                Stun::Request { name } => *self.names.get(name)?,
                Stun::Answer { transaction } => *self.checks.get(&transaction)?,
            },
            20..=63 | 128..=191 => self.addresses.get(&(socket, from))?.leg,
            _ => return None,
        };
        Some((leg, self.legs.get(&leg)?.worker))
    }
}

/// What of a message of STUN says whose it is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Stun<'a> {
    /// A request for binding, for the agent of this name.
    Request { name: &'a [u8] },
    /// An answer to one of ours, good or bad.
    Answer { transaction: [u8; 12] },
}

impl<'a> Stun<'a> {
    /// Read no more than that (RFC 8489 §5, §14).
    pub fn read(octets: &'a [u8]) -> Option<Self> {
        let (head, mut rest) = octets.split_first_chunk::<20>()?;
        if head[4..8] != COOKIE {
            return None;
        }
        match (head[0], head[1]) {
            (0x00, 0x01) => {}
            (0x01, 0x01 | 0x11) => return Some(Self::Answer { transaction: *head.last_chunk()? }),
            _ => return None,
        }
        while let Some((attribute, after)) = rest.split_first_chunk::<4>() {
            let length = usize::from(u16::from_be_bytes([attribute[2], attribute[3]]));
            if u16::from_be_bytes([attribute[0], attribute[1]]) == USERNAME {
                let name = after.get(..length)?;
                return Some(Self::Request { name: &name[..name.iter().position(|&octet| octet == b':')?] });
            }
            rest = after.get(length.next_multiple_of(4)..)?;
        }
        None
    }
}

/// The transaction of a request of ours, if the octets are one.
pub(super) fn transaction(octets: &[u8]) -> Option<[u8; 12]> {
    let (head, _) = octets.split_first_chunk::<20>()?;
    (head[..2] == [0, 1] && head[4..8] == COOKIE).then(|| head.last_chunk().copied())?
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn request(name: &str) -> Vec<u8> {
        let mut octets = vec![0, 1, 0, 0];
        octets.extend(COOKIE);
        octets.extend([7; 12]);
        // Something else first.
        octets.extend([0x80, 0x22, 0, 3, b'a', b'b', b'c', 0]);
        octets.extend([0, 6, 0, name.len() as u8]);
        octets.extend(name.as_bytes());
        octets.resize(octets.len().next_multiple_of(4), 0);
        octets
    }

    fn address(port: u16) -> SocketAddr {
        SocketAddr::from(([192, 0, 2, 1], port))
    }

    const A: LegId = LegId(1);
    const B: LegId = LegId(2);
    const MEDIA: [u8; 4] = [128, 111, 0, 1];

    #[test]
    fn a_request_says_whose_it_is_and_its_address_only_counts_when_proved() {
        let (mut routes, now) = (Routes::default(), Instant::now());
        assert!(routes.name(A, 0, "aaaa") && routes.name(B, 1, "bbbb"));
        assert!(!routes.name(B, 1, "aaaa"), "a name is one leg's");
        assert_eq!(routes.find(0, address(1), &request("aaaa:xyz")), Some((A, 0)));
        assert_eq!(routes.find(0, address(1), &request("bbbb:xyz")), Some((B, 1)));
        assert_eq!(routes.find(0, address(1), &request("cccc:xyz")), None);
        assert_eq!(routes.find(0, address(1), &request("aaaa")), None);
        assert_eq!(routes.find(0, address(1), &MEDIA), None);
        assert!(routes.claim(now, A, 0, address(1)));
        assert_eq!(routes.find(0, address(1), &MEDIA), Some((A, 0)));
        assert_eq!(routes.find(1, address(1), &MEDIA), None, "another socket of ours");
        assert_eq!(routes.find(0, address(2), &MEDIA), None);
        routes.moved(A, 3);
        assert_eq!(routes.find(0, address(1), &MEDIA), Some((A, 3)));
        routes.forget(A);
        assert_eq!(routes.find(0, address(1), &MEDIA), None);
        assert_eq!(routes.find(0, address(1), &request("aaaa:xyz")), None);
    }

    #[test]
    fn an_address_that_is_in_use_is_not_taken_over() {
        let (mut routes, now) = (Routes::default(), Instant::now());
        assert!(routes.name(A, 0, "aaaa") && routes.name(B, 1, "bbbb"));
        assert!(routes.claim(now, A, 0, address(1)));
        assert!(!routes.claim(now + KEPT / 2, B, 0, address(1)));
        assert_eq!(routes.find(0, address(1), &MEDIA), Some((A, 0)));
        assert!(routes.claim(now + KEPT, B, 0, address(1)), "its owner went away without a word");
        assert_eq!(routes.find(0, address(1), &MEDIA), Some((B, 1)));
        routes.forget(A);
        assert_eq!(routes.find(0, address(1), &MEDIA), Some((B, 1)));
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let (mut routes, now) = (Routes::default(), Instant::now());
        for n in 0..100 {
            assert!(routes.name(A, 0, &format!("name{n}")));
            assert!(routes.claim(now, A, 0, address(n)));
        }
        assert_eq!((routes.names.len(), routes.addresses.len()), (NAMES, ADDRESSES));
        assert_eq!(routes.find(0, address(1), &request("name99:a")), Some((A, 0)));
        assert_eq!(routes.find(0, address(1), &request("name97:a")), None);
        for n in 0..2 * CHECKS as u64 {
            let mut transaction = [0; 12];
            transaction[..8].copy_from_slice(&n.to_be_bytes());
            routes.ask(now, A, transaction);
        }
        assert_eq!((routes.checks.len(), routes.asked.len()), (CHECKS, CHECKS));
        routes.ask(now + 2 * AWAITED, B, [9; 12]);
        assert_eq!((routes.checks.len(), routes.asked.len()), (1, 1));
        let mut answer = vec![1, 1, 0, 0];
        answer.extend(COOKIE);
        answer.extend([9; 12]);
        assert!(routes.name(B, 1, "bbbb"));
        assert_eq!(routes.find(0, address(5), &answer), Some((B, 1)));
    }

    proptest! {
        #[test]
        fn any_octets_are_somebodys_or_nobodys(octets in prop::collection::vec(any::<u8>(), 0..80), stun: bool) {
            let mut octets = octets;
            if stun && octets.len() >= 8 {
                octets[..2].copy_from_slice(&[0, 1]);
                octets[4..8].copy_from_slice(&COOKIE);
            }
            let mut routes = Routes::default();
            routes.name(A, 0, "a");
            let _ = routes.find(0, address(1), &octets);
            let _ = transaction(&octets);
        }
    }
}
