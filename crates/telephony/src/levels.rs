//! How loud do the two sides of calls speak? For whoever looks, and at no cost when nobody does.

use std::{collections::HashMap, sync::Weak};

use tandem_domain::ids::CallId;
use tandem_media::{Engine, Level};

use crate::feed::Feed;

/// Somebody's look at how loud people speak. Media measure for as long as this is kept, and only in the calls that were asked
/// for last.
#[derive(Debug)]
pub struct Levels {
    feed: Feed,
    engine: Weak<Engine>,
    looks: HashMap<CallId, [Level; 2]>,
}

impl Levels {
    pub(crate) fn new(feed: Feed, engine: Weak<Engine>) -> Self {
        Self { feed, engine, looks: HashMap::new() }
    }

    /// How loud both sides of these calls were since the last time that they were asked for: who is in the caller's place, then
    /// the other. In decibels below overload, 0 to 127, as in RFC 6464 §3: 127 is silence, and what is told at first. Calls in
    /// which nobody talks are left out.
    pub fn take(&mut self, calls: &[CallId]) -> Vec<(CallId, [u8; 2])> {
        let Some(engine) = self.engine.upgrade() else { return Vec::new() };
        let mut before = std::mem::take(&mut self.looks);
        for call in calls {
            let Some(legs) = self.feed.talkers(*call).map(|talkers| talkers.map(|talker| talker.leg)) else { continue };
            let kept = before.remove(call).filter(|looks| looks.each_ref().map(Level::leg) == legs);
            self.looks.insert(*call, kept.unwrap_or_else(|| legs.map(|leg| engine.level(leg))));
        }
        let told = calls.iter().filter_map(|call| Some((*call, self.looks.get(call)?)));
        told.map(|(call, looks)| (call, looks.each_ref().map(Level::take))).collect()
    }
}
