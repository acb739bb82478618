//! Which calls are whose, and who talks in which?

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use tandem_domain::{
    calls::LiveCall,
    ids::{CallId, CustomerId},
};

use crate::ids::LegId;

/// A leg of somebody who talks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Talker {
    /// Which.
    pub leg: LegId,
    /// The tag by which we name it to its phone.
    pub tag: Arc<str>,
}

/// A conversation, as one of the two who talk sees it.
#[derive(Debug, Clone)]
pub struct Talk {
    /// The call.
    pub call: Arc<LiveCall>,
    /// Whether the other one is in the caller's place.
    pub other_calls: bool,
    /// The tag by which we name the other one's leg.
    pub other: Arc<str>,
}

/// A call, with the two who talk: the one in the caller's place, and the other.
pub(super) type Shown = (Arc<LiveCall>, Option<[Talker; 2]>);

/// The calls, which of them are whose, and in which the legs talk that have these tags.
#[derive(Debug, Default)]
pub(super) struct Calls {
    pub(super) all: HashMap<CallId, Shown>,
    pub(super) of: HashMap<CustomerId, BTreeSet<CallId>>,
    talks: HashMap<Arc<str>, CallId>,
}

impl Calls {
    /// The conversation of the leg with this tag.
    pub(super) fn talk_of(&self, tag: &str) -> Option<Talk> {
        let (call, talkers) = self.all.get(self.talks.get(tag)?)?;
        let [caller, callee] = talkers.as_ref()?;
        let other_calls = &*callee.tag == tag;
        let other = if other_calls { caller } else { callee };
        Some(Talk { call: call.clone(), other_calls, other: other.tag.clone() })
    }

    /// These two talk in a call from now on, or (`None`) nobody. A leg may talk in another one by then.
    pub(super) fn talk_now(&mut self, call: CallId, talkers: Option<&[Talker; 2]>) {
        let before = self.all.get(&call).and_then(|(_, before)| before.as_ref());
        if before == talkers {
            return;
        }
        for Talker { tag, .. } in before.into_iter().flatten() {
            if self.talks.get(tag) == Some(&call) {
                self.talks.remove(tag);
            }
        }
        self.talks.extend(talkers.into_iter().flatten().map(|talker| (talker.tag.clone(), call)));
    }

    /// A customer's, the newest first.
    pub(super) fn of_customer(&self, customer: CustomerId) -> Vec<Arc<LiveCall>> {
        let ids = self.of.get(&customer).into_iter().flatten();
        newest_first(ids.filter_map(|id| self.all.get(id)).map(|(call, _)| call.clone()).collect())
    }
}

/// Sorted, the newest first.
pub(super) fn newest_first(mut calls: Vec<Arc<LiveCall>>) -> Vec<Arc<LiveCall>> {
    calls.sort_by_key(|call| std::cmp::Reverse((call.started, call.id)));
    calls
}
