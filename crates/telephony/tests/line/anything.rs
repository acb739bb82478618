//! Whatever browsers wish, whenever they go and come back: no call is left behind, and each is told its end once.

use std::time::Duration;

use proptest::prelude::*;
use tandem_domain::phone::{CallNumber, CallState, RecordWish, ToServer};

use crate::world::World;

#[derive(Debug, Clone)]
enum Step {
    Dial(&'static str),
    Answer,
    Decline,
    HangUp(u8),
    Hold(u8, bool),
    Offer(u8, bool),
    Reply(u8),
    Digit(u8),
    Transfer(u8, &'static str),
    Connect(u8, u8),
    Record(u8),
    DoNotDisturb(bool),
    Lose,
    Hello,
    Cut(bool),
    Pass(u16),
}

fn step() -> impl Strategy<Value = Step> {
    let number = || prop::sample::select(vec!["700", "701", "702", "7700", "7701", "799", "*43", "", "unavailable"]);
    prop_oneof![
        5 => number().prop_map(Step::Dial),
        6 => Just(Step::Answer),
        1 => Just(Step::Decline),
        3 => any::<u8>().prop_map(Step::HangUp),
        2 => any::<(u8, bool)>().prop_map(|(call, on)| Step::Hold(call, on)),
        2 => any::<(u8, bool)>().prop_map(|(call, good)| Step::Offer(call, good)),
        1 => any::<u8>().prop_map(Step::Reply),
        1 => any::<u8>().prop_map(Step::Digit),
        2 => (any::<u8>(), number()).prop_map(|(call, to)| Step::Transfer(call, to)),
        2 => any::<(u8, u8)>().prop_map(|(call, other)| Step::Connect(call, other)),
        1 => any::<u8>().prop_map(Step::Record),
        1 => any::<bool>().prop_map(Step::DoNotDisturb),
        1 => Just(Step::Lose),
        1 => Just(Step::Hello),
        1 => any::<bool>().prop_map(Step::Cut),
        3 => (0_u16..20_000).prop_map(Step::Pass),
    ]
}

/// One of the calls that a browser knows.
fn any_call(world: &World, place: usize, which: u8) -> CallNumber {
    let mut known: Vec<_> = world.browsers[place].states.keys().copied().collect();
    known.sort_unstable();
    known.get(usize::from(which) % known.len().max(1)).copied().unwrap_or(CallNumber(99))
}

fn act(world: &mut World, place: usize, step: Step, dialled: &mut u32) {
    let rings = world.browsers[place].states.iter().find(|(_, state)| **state == CallState::Incoming);
    let rings = rings.map_or(CallNumber(98), |(call, _)| *call);
    let call = |which| any_call(world, place, which);
    let wish = match step {
        Step::Dial(number) => {
            *dialled += 1;
            return world.dial(place, *dialled, number);
        }
        Step::Answer => return world.answer(place, rings),
        Step::Decline => ToServer::Decline { call: rings },
        Step::HangUp(which) => ToServer::HangUp { call: call(which) },
        Step::Hold(which, on) => {
            let call = call(which);
            ToServer::Hold { call, on, sdp: world.offer(place, if on { "sendonly" } else { "sendrecv" }) }
        }
        Step::Offer(which, good) => {
            let call = call(which);
            ToServer::Offer { call, sdp: if good { world.offer(place, "sendrecv") } else { "v=1".into() } }
        }
        Step::Reply(which) => {
            let call = call(which);
            ToServer::Reply { call, sdp: world.offer(place, "sendrecv") }
        }
        Step::Digit(which) => ToServer::Digit { call: call(which), digit: '5' },
        Step::Transfer(which, to) => ToServer::Transfer { call: call(which), to: to.into() },
        Step::Connect(which, other) => ToServer::Connect { call: call(which), other: call(other) },
        Step::Record(which) => ToServer::Record { call: call(which), wish: RecordWish::Start },
        Step::DoNotDisturb(on) => ToServer::DoNotDisturb { on },
        Step::Lose => return world.lose(place),
        Step::Hello => {
            // What ended while nobody was there is not told: the list in `Ready` says it.
            let browser = &mut world.browsers[place];
            if browser.line.is_over() {
                return;
            }
            ToServer::Hello { take: true, token: None }
        }
        Step::Cut(on) => {
            world.cut(on.then_some(place));
            return;
        }
        Step::Pass(milliseconds) => return world.pass(Duration::from_millis(milliseconds.into())),
    };
    world.wish(place, wish);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    #[test]
    fn no_call_is_left_behind(seed in any::<u16>(), steps in prop::collection::vec((0_usize..3, step()), 0..60)) {
        let mut world = World::new(3, seed.into());
        let mut dialled = [0; 3];
        for (place, step) in steps {
            act(&mut world, place, step, &mut dialled[place]);
        }
        world.cut(None);
        world.pass(Duration::from_secs(1));
        world.must_be_empty();
    }
}
