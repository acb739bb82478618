//! What a browser's leg costs beside a phone's: processor time of the workers, for each packet in and out.
//! `cargo test --release -p tandem-media --test browsers -- --ignored --nocapture --test-threads 1`

use std::time::{Duration, Instant};

use tandem_media::{Codec, Hears, LegId};

use crate::world::World;

/// Processor time of the workers, in seconds.
fn spent() -> f64 {
    let mut nanoseconds = 0.0;
    for task in std::fs::read_dir("/proc/self/task").unwrap() {
        let task = task.unwrap().path();
        let name = std::fs::read_to_string(task.join("comm")).unwrap_or_default();
        if name.starts_with("media-") {
            let stat = std::fs::read_to_string(task.join("schedstat")).unwrap_or_default();
            nanoseconds += stat.split(' ').next().and_then(|ns| ns.parse::<f64>().ok()).unwrap_or(0.0);
        }
    }
    nanoseconds / 1e9
}

fn measure(what: &str, world: &mut World, legs: &[LegId]) {
    const FRAMES: usize = 150;
    let before = spent();
    let begun = Instant::now();
    world.talk(legs, FRAMES);
    let packets = FRAMES * legs.len();
    let cost = (spent() - before) * 1e6 / packets as f64;
    let heard: usize = legs.iter().map(|&leg| world.heard(leg).len()).sum();
    println!("{what}: {cost:.2} µs a packet; {heard} of {packets} came back, {:?}", begun.elapsed());
}

#[test]
#[ignore = "a measurement"]
fn what_a_browser_costs() {
    let legs: Vec<LegId> = (1..=80).map(LegId).collect();
    for codec in [Codec::Pcmu, Codec::Opus] {
        let mut world = World::new(43_000..=43_999, |_| {});
        for &leg in &legs {
            world.phone(leg, codec);
            world.engine.route(vec![(leg, Hears::Echo)]);
        }
        world.talk(&legs, 5);
        let _: usize = legs.iter().map(|&leg| world.heard(leg).len()).sum();
        measure(&format!("phone {codec:?}"), &mut world, &legs);
    }
    for codec in [Codec::Pcmu, Codec::Opus] {
        let mut world = World::new(44_000..=44_999, |_| {});
        for &leg in &legs {
            world.browser(leg, codec, |_| {});
            world.engine.route(vec![(leg, Hears::Echo)]);
        }
        world.connected(&legs);
        world.talk(&legs, 5);
        let _: usize = legs.iter().map(|&leg| world.heard(leg).len()).sum();
        measure(&format!("browser {codec:?}"), &mut world, &legs);
        let before = spent();
        let end = Instant::now() + Duration::from_secs(3);
        while Instant::now() < end {
            world.work();
            std::thread::sleep(Duration::from_millis(2));
        }
        let idle = (spent() - before) / 3.0;
        println!("idle: {:.1} µs a second for each leg", idle * 1e6 / legs.len() as f64);
    }
}
