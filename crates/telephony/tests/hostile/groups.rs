//! Who of a huntgroup is rung, by registered phones: at random, or whoever has been left alone for longest.

use std::{cell::RefCell, time::Instant};

use tandem_domain::{
    access::Tenant,
    calls::CallState,
    huntgroup::{Huntgroup, RingStrategy},
    ids::Timestamp,
    list::Query,
};
use tandem_store::Change;

use crate::{phone::Calling, wire::Wired, world::World};

/// The members of Support, in its order.
const MEMBERS: [&str; 3] = ["701", "744", "745"];

/// Support (7700) rings like this; its members' phones are registered and answer at once, and Mary's (702) calls.
struct Support {
    world: World,
    members: Vec<Wired>,
    mary: Wired,
    /// How often each member's phone has rung before.
    rung: RefCell<Vec<u64>>,
}

impl Support {
    fn ringing(strategy: RingStrategy) -> Self {
        let world = World::new();
        let tenant = tenant(&world);
        let groups = world.store.huntgroups(tenant);
        world.block_on(async {
            let page = groups.list(&Query::default()).await.unwrap();
            let row = page.rows.iter().find(|row| row.number.as_str() == "7700").unwrap();
            let support = groups.get(row.id).await.unwrap();
            let group = Huntgroup { strategy, ..support.value.clone() };
            groups.update(row.id, support.version, &group, &Change::by_system(Timestamp(1))).await.unwrap();
        });
        let members = MEMBERS.iter().zip(1..).map(|(extension, seed)| Wired::registered(&world, extension, seed));
        let members = members.collect::<Vec<_>>();
        let mary = Wired::registered(&world, "702", 9);
        let rung = RefCell::new(vec![0; members.len()]);
        Self { world, members, mary, rung }
    }

    /// The members who are rung by one call after the other, one by each.
    fn rung_by(&self, calls: usize) -> Vec<&'static str> {
        (0..calls).map(|_| self.rung_by_one()).collect()
    }

    fn rung_by_one(&self) -> &'static str {
        self.mary.call_goes_through(&self.world, "7700");
        // Nobody of the last call is busy when the next one comes.
        self.world.wait_for("the end of the call at the member's phone", || {
            let busy = self.world.handle.feed().calls(None).iter().any(|call| !call.huntgroup.is_empty());
            (!busy).then_some(())
        });
        let now: Vec<_> = self.members.iter().map(|member| member.phone().rung).collect();
        let before = self.rung.replace(now.clone());
        let rang: Vec<_> = (0..now.len()).filter(|place| now[*place] > before[*place]).collect();
        assert_eq!(rang.len(), 1, "one phone rings, and answers: {before:?} {now:?}");
        MEMBERS[rang[0]]
    }
}

fn tenant(world: &World) -> Tenant {
    world.block_on(world.store.exchange().phone("abc744")).unwrap().unwrap().line.tenant()
}

#[test]
fn at_random_every_member_is_reached_and_in_no_order() {
    let support = Support::ringing(RingStrategy::Random);
    let rung = support.rung_by(60);
    // That one of three is not among 60 happens once in ten thousand million times; that they go round in turn, never.
    for member in MEMBERS {
        assert!(rung.contains(&member), "{member} was never rung: {rung:?}");
    }
    let in_turn = rung.windows(4).all(|four| four[0] == four[3]);
    assert!(!in_turn, "they are rung in turn: {rung:?}");
    let firsts = rung.iter().filter(|member| **member == MEMBERS[0]).count();
    assert!(firsts < 50, "the first is rung nearly always: {rung:?}");
}

#[test]
fn the_least_used_is_who_has_had_no_call_of_the_group_for_longest() {
    let support = Support::ringing(RingStrategy::LeastUsed);
    assert_eq!(support.rung_by(6), ["701", "744", "745", "701", "744", "745"]);
    // Who talks is passed over, and is next as soon as he is free: other calls do not count.
    let peter = Wired::registered(&support.world, "746", 10);
    let (caller, john) = (&peter, &support.members[1]);
    let line = caller.phone().dial(Instant::now(), "744", Calling::default());
    support.world.wait_for("John to talk", || (!john.phone().talking().is_empty()).then_some(()));
    support.world.wait_for("the call to be shown", || {
        let calls = support.world.handle.feed().calls(None);
        calls.iter().any(|call| call.state == CallState::Answered).then_some(())
    });
    support.rung.replace(support.members.iter().map(|member| member.phone().rung).collect());
    assert_eq!(support.rung_by(3), ["701", "745", "701"]);
    caller.phone().hang_up(Instant::now(), &line);
    support.world.wait_for("John to be free", || support.world.handle.feed().calls(None).is_empty().then_some(()));
    assert_eq!(support.rung_by(4), ["744", "745", "701", "744"]);
}
