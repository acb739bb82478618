//! Which worker has which leg. Legs that were ever routed together are a group, and a group is on one worker, so that
//! what one of them says reaches the others without leaving its thread.

use std::collections::HashMap;

use crate::types::{Hears, LegId};

/// Names a worker.
pub(super) type WorkerId = usize;

/// A leg that must move, and from where to where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Move {
    pub leg: LegId,
    pub from: WorkerId,
    pub to: WorkerId,
}

/// The legs and their groups.
#[derive(Debug)]
pub(super) struct Directory {
    legs: HashMap<LegId, u64>,
    groups: HashMap<u64, Group>,
    next: u64,
    /// Legs on each worker.
    loads: Vec<usize>,
}

#[derive(Debug)]
struct Group {
    worker: WorkerId,
    legs: Vec<LegId>,
}

impl Directory {
    pub fn new(workers: usize) -> Self {
        Self { legs: HashMap::new(), groups: HashMap::new(), next: 0, loads: vec![0; workers] }
    }

    /// Legs that are open.
    pub fn len(&self) -> usize {
        self.legs.len()
    }

    /// Add a leg, alone, on the worker with the fewest. `None` if it is there already.
    pub fn open(&mut self, leg: LegId) -> Option<WorkerId> {
        if self.legs.contains_key(&leg) {
            return None;
        }
        let (worker, load) = self.loads.iter_mut().enumerate().min_by_key(|(_, load)| **load)?;
        *load += 1;
        self.next += 1;
        self.legs.insert(leg, self.next);
        self.groups.insert(self.next, Group { worker, legs: vec![leg] });
        Some(worker)
    }

    /// The worker of a leg.
    pub fn worker(&self, leg: LegId) -> Option<WorkerId> {
        Some(self.groups.get(self.legs.get(&leg)?)?.worker)
    }

    /// Remove a leg; gives its worker.
    pub fn close(&mut self, leg: LegId) -> Option<WorkerId> {
        let name = self.legs.remove(&leg)?;
        let group = self.groups.get_mut(&name)?;
        group.legs.retain(|&l| l != leg);
        let worker = group.worker;
        if group.legs.is_empty() {
            self.groups.remove(&name);
        }
        self.loads[worker] -= 1;
        Some(worker)
    }

    /// Bring all legs of these rows into one group; gives their worker and who has to move there. Rows of unknown legs are
    /// taken out. `None` if no row is left.
    pub fn join(&mut self, rows: &mut Vec<(LegId, Hears)>) -> Option<(WorkerId, Vec<Move>)> {
        rows.retain(|(leg, _)| self.legs.contains_key(leg));
        let mut names: Vec<u64> = rows
            .iter()
            .flat_map(|(leg, hears)| hears.speakers().chain([*leg]))
            .filter_map(|leg| self.legs.get(&leg).copied())
            .collect();
        names.sort_unstable();
        names.dedup();
        // The largest stays where it is: a supervisor comes to the call, not the call to him.
        let host = *names.iter().max_by_key(|name| self.groups.get(name).map_or(0, |group| group.legs.len()))?;
        let to = self.groups.get(&host)?.worker;
        let mut moves = Vec::new();
        for name in names.into_iter().filter(|&name| name != host) {
            let Some(group) = self.groups.remove(&name) else { continue };
            for &leg in &group.legs {
                self.legs.insert(leg, host);
                if group.worker != to {
                    moves.push(Move { leg, from: group.worker, to });
                }
            }
            self.loads[group.worker] -= group.legs.len();
            self.loads[to] += group.legs.len();
            self.groups.get_mut(&host)?.legs.extend(group.legs);
        }
        Some((to, moves))
    }

    /// Bring a leg, and the one that it is alone in a group with, to a worker; gives who has to move. Larger groups stay:
    /// moving takes what mixes have heard and not played.
    pub fn come(&mut self, leg: LegId, to: WorkerId) -> Vec<Move> {
        let group = self.legs.get(&leg).and_then(|name| self.groups.get_mut(name));
        let Some(group) = group.filter(|group| group.worker != to && group.legs.len() <= 2 && to < self.loads.len())
        else {
            return Vec::new();
        };
        let from = std::mem::replace(&mut group.worker, to);
        self.loads[from] -= group.legs.len();
        self.loads[to] += group.legs.len();
        group.legs.iter().map(|&leg| Move { leg, from, to }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_spread_over_workers_and_meet_on_one_when_they_are_joined() {
        let mut directory = Directory::new(2);
        for leg in 1..=5 {
            directory.open(LegId(leg)).unwrap();
        }
        assert_eq!(directory.open(LegId(1)), None);
        assert_eq!((directory.worker(LegId(1)), directory.worker(LegId(2))), (Some(0), Some(1)));
        let mut rows = vec![(LegId(1), Hears::Leg(LegId(2))), (LegId(2), Hears::Leg(LegId(1)))];
        let (to, moves) = directory.join(&mut rows).unwrap();
        assert_eq!(moves.len(), 1);
        assert_eq!(directory.worker(LegId(1)), Some(to));
        assert_eq!(directory.worker(LegId(2)), Some(to));
        assert_eq!(directory.join(&mut rows).unwrap().1, []);
        // A third comes to the two.
        let other = (3..=5).map(LegId).find(|&leg| directory.worker(leg) != Some(to)).unwrap();
        let mut rows = vec![(other, Hears::Mix(vec![LegId(1), LegId(2), LegId(99)])), (LegId(98), Hears::Nothing)];
        assert_eq!(directory.join(&mut rows), Some((to, vec![Move { leg: other, from: 1 - to, to }])));
        assert_eq!(rows.len(), 1);
        // A large group stays where it is, a small one comes.
        assert_eq!(directory.come(LegId(1), 1 - to), []);
        assert_eq!(directory.come(other, to), []);
        let alone = (3..=5).map(LegId).find(|&leg| leg != other).unwrap();
        let from = directory.worker(alone).unwrap();
        assert_eq!(directory.come(alone, 1 - from), [Move { leg: alone, from, to: 1 - from }]);
        assert_eq!((directory.worker(alone), directory.come(LegId(77), 0)), (Some(1 - from), vec![]));
        for leg in 1..=5 {
            directory.close(LegId(leg));
        }
        assert_eq!((directory.len(), directory.groups.len(), directory.loads.as_slice()), (0, 0, &[0, 0][..]));
        assert_eq!(directory.join(&mut vec![(LegId(1), Hears::Echo)]), None);
    }
}
