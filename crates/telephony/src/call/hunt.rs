//! Who rings, in which order, and for how long.
//!
//! Every call that rings somebody is a hunt: one extension is a hunt of one stage. A huntgroup that rings one member after
//! the other begins again at the first as long as somebody's phone rang to the end, until the caller gives up.

use std::time::{Duration, Instant};

use tandem_domain::{
    calls::Party,
    huntgroup::RingStrategy,
    ids::{AccountId, HuntgroupId},
    numbers::PhoneNumber,
};

use super::outcome::Refusal;

/// How long a single extension or a number outside rings.
pub const RING_ALONE: Duration = Duration::from_secs(120);

/// Whom to call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Who that is.
    pub party: Party,
    /// How to reach them.
    pub reach: Reach,
    /// Leave them alone while they talk: members of a huntgroup, who would else miss what they hear.
    pub skip_when_busy: bool,
}

/// How a target is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    /// All phones of an account.
    Account(AccountId),
    /// A number outside, through the trunk.
    Trunk {
        /// Whom.
        number: TrunkNumber,
        /// The number that the called party sees; empty: withheld.
        from: String,
    },
}

/// What is asked of a trunk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TrunkNumber {
    /// A number in E.164.
    Public(PhoneNumber),
    /// Help.
    Emergency(String),
}

/// A part of a hunt: all of its targets ring at once.
#[derive(Debug, Clone, PartialEq)]
pub struct Stage {
    /// Whom to ring.
    pub targets: Vec<Target>,
    /// For how long.
    pub ring: Duration,
}

/// What comes next.
#[derive(Debug, Clone, PartialEq)]
pub enum Progress {
    /// These ring.
    Ring(Vec<Target>),
    /// Nobody is left.
    Exhausted(Refusal),
}

/// The hunt for somebody who answers.
#[derive(Debug, Clone, PartialEq)]
pub struct Hunt {
    stages: Vec<Stage>,
    /// The huntgroup that it is for.
    pub group: Option<HuntgroupId>,
    next: usize,
    deadline: Option<Instant>,
    /// Targets of this stage of which it is not known yet whether they ring.
    unplaced: usize,
    /// Whether some phone rang to its end since the first stage: only then is it worth to begin again. A phone that
    /// refuses at once would be called without a pause.
    rang_out: bool,
    told_ringing: bool,
    busy: usize,
    unregistered: usize,
    worst: Option<u16>,
    in_time: bool,
}

impl Hunt {
    /// The hunt for one target.
    #[must_use]
    pub fn alone(target: Target) -> Self {
        Self::new(vec![Stage { targets: vec![target], ring: RING_ALONE }], None)
    }

    /// The hunt for a member of a huntgroup. `members` are in the order in which they ring.
    #[must_use]
    pub fn group(group: HuntgroupId, strategy: RingStrategy, ring: Duration, members: Vec<Target>) -> Self {
        let stages = match strategy {
            RingStrategy::Simultaneous => vec![Stage { targets: members, ring }],
            RingStrategy::Order | RingStrategy::Random | RingStrategy::LeastUsed => {
                members.into_iter().map(|member| Stage { targets: vec![member], ring }).collect()
            }
        };
        Self::new(stages, Some(group))
    }

    fn new(stages: Vec<Stage>, group: Option<HuntgroupId>) -> Self {
        Self {
            stages,
            group,
            next: 0,
            deadline: None,
            unplaced: 0,
            rang_out: false,
            told_ringing: false,
            busy: 0,
            unregistered: 0,
            worst: None,
            in_time: true,
        }
    }

    /// When this stage has rung long enough.
    #[must_use]
    pub const fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// Begins the next stage; the first again when a huntgroup's last is over and somebody's phone rang to the end.
    pub(super) fn next(&mut self, now: Instant) -> Progress {
        if self.next >= self.stages.len() && self.group.is_some() && self.rang_out {
            (self.next, self.rang_out, self.busy, self.unregistered) = (0, false, 0, 0);
        }
        while self.stages.get(self.next).is_some_and(|stage| stage.targets.is_empty()) {
            self.next += 1;
        }
        let Some(stage) = self.stages.get(self.next) else {
            self.deadline = None;
            return Progress::Exhausted(self.verdict());
        };
        self.next += 1;
        self.unplaced = stage.targets.len();
        self.deadline = Some(now + stage.ring);
        Progress::Ring(stage.targets.clone())
    }

    /// Takes note of how many phones of a target ring, and whether it was left alone since it talks.
    pub(super) fn placed(&mut self, legs: usize, busy: bool) {
        self.unplaced = self.unplaced.saturating_sub(1);
        if busy {
            self.busy += 1;
        } else if legs == 0 {
            self.unregistered += 1;
        }
    }

    /// Whether it is known of every target of this stage how many of its phones ring.
    pub(super) const fn all_placed(&self) -> bool {
        self.unplaced == 0
    }

    /// Takes note that a phone rings; tells whether it is the first, which the caller is to be told.
    pub(super) fn rings_now(&mut self) -> bool {
        !std::mem::replace(&mut self.told_ringing, true)
    }

    /// Takes note of a refusal; tells whether it ends the hunt: a person who declines declines for all of their phones, and
    /// a 6xx is for everywhere (RFC 3261 §21.6), unless others of a group may still take the call.
    pub(super) fn refused(&mut self, target: &Target, status: u16) -> bool {
        if matches!(status, 486 | 600) {
            self.busy += 1;
        }
        // A member who refused has refused this call, and is not asked again.
        if matches!(status, 486 | 600 | 603) && self.group.is_some() {
            for stage in &mut self.stages {
                stage.targets.retain(|other| other.reach != target.reach);
            }
        }
        // Of several phones' answers the caller gets the most telling: not the one that is not there.
        let telling = |status: u16| match status {
            600..=699 => 4,
            486 | 403 | 488 => 3,
            408 | 487 => 0,
            480 | 503 => 1,
            _ => 2,
        };
        if self.worst.is_none_or(|worst| telling(status) > telling(worst)) {
            self.worst = Some(status);
        }
        self.group.is_none() && (600..=699).contains(&status)
    }

    /// Takes note that a stage rang to its end.
    pub(super) fn nobody_answered_in_time(&mut self) {
        self.rang_out = true;
        self.in_time = false;
    }

    /// What the caller is told when nobody is left.
    pub(super) fn verdict(&self) -> Refusal {
        if self.group.is_some() {
            if self.busy > 0 && self.in_time {
                return Refusal::ALL_BUSY;
            }
            return if self.in_time && self.worst.is_none() { Refusal::NOT_REGISTERED } else { Refusal::NO_ANSWER };
        }
        match self.worst {
            Some(status) => Refusal::of_status(status),
            None if !self.in_time => Refusal::NO_ANSWER,
            None if self.busy > 0 => Refusal::BUSY,
            None => Refusal::NOT_REGISTERED,
        }
    }
}
