//! The ways of browsers' packets: ICE, networks that change, strangers, many browsers, several workers.

use std::{
    net::{SocketAddr, UdpSocket},
    time::{Duration, Instant},
};

use tandem_media::{Browser, Codec, Config, Engine, Event, Hears, LegId, OpenError};

use crate::{
    client::PATIENCE,
    world::{A, B, C, LOCAL, World, assert_continuous},
};

fn browser(description: &mut tandem_media::Description) -> &mut Browser {
    description.browser.as_mut().expect("it is a browser's")
}

#[test]
fn a_call_survives_a_change_of_network() {
    let mut world = World::new(41_000..=41_099, |_| {});
    let local = world.browser(A, Codec::Pcmu, |_| {});
    world.phone(B, Codec::Pcmu);
    world.connect(A, B);
    world.connected(&[A]);
    world.talk(&[A, B], 10);
    let before = world.client(A).address();
    // An offer with other names comes: ours gets another one too, and then the browser is described.
    world.client(A).change_network();
    let again = world.engine.restart_ice(A).unwrap();
    assert!(again.ufrag != local.ufrag && again.pwd != local.pwd && again.fingerprint == local.fingerprint);
    assert_eq!(again.ssrc, local.ssrc);
    let description = world.client(A).description(Codec::Pcmu);
    world.engine.describe(A, description);
    world.client(A).answer(&again);
    let address = world.client(A).address();
    assert_ne!(address, before);
    world.wait(|event| (*event == Event::Latched { leg: A, address }).then_some(()));
    world.talk(&[A, B], 15);
    let heard = world.heard(B);
    assert!(heard.len() >= 25, "{}", heard.len());
    assert_continuous(&heard);
    let heard = world.heard(A);
    assert!(heard.windows(2).all(|pair| pair[0].ssrc == pair[1].ssrc));
    let last = &heard[heard.len() - 15..];
    assert_continuous(last);
    assert_eq!(world.close(A).source, Some(address));
}

#[test]
fn a_page_that_is_loaded_anew_takes_over_its_call() {
    let mut world = World::new(42_300..=42_399, |_| {});
    world.browser(A, Codec::Opus, |_| {});
    world.phone(B, Codec::Pcmu);
    world.connect(A, B);
    world.connected(&[A]);
    world.talk(&[A, B], 10);
    world.reload(A);
    // The phone goes on talking meanwhile.
    world.talk(&[B], 5);
    world.connected(&[A]);
    world.heard(A);
    world.heard(B);
    world.talk(&[A, B], 30);
    assert!(world.heard(A).len() >= 29);
    let [own, other] = world.levels(B, [B, A]);
    assert!(other > 4_000.0 && own < 100.0, "{own} {other}");
}

#[test]
fn a_restart_by_the_browser_alone_works_too() {
    let mut world = World::new(41_100..=41_199, |_| {});
    let local = world.browser(A, Codec::Pcmu, |_| {});
    world.engine.route(vec![(A, Hears::Echo)]);
    world.connected(&[A]);
    world.client(A).change_network();
    let description = world.client(A).description(Codec::Pcmu);
    world.engine.describe(A, description);
    world.client(A).answer(&local);
    let address = world.client(A).address();
    world.wait(|event| (*event == Event::Latched { leg: A, address }).then_some(()));
    world.talk(&[A], 10);
    assert_eq!(world.heard(A).len(), 10);
}

#[test]
fn who_shows_another_certificate_hears_nothing_and_is_not_heard() {
    let mut world = World::new(41_200..=41_299, |_| {});
    world.browser(A, Codec::Pcmu, |description| {
        browser(description).fingerprint = format!("sha-256 {}", ["AB"; 32].join(":"));
    });
    world.phone(B, Codec::Pcmu);
    world.connect(A, B);
    world.talk(&[A, B], 50);
    assert_eq!((world.heard(A).len(), world.heard(B).len()), (0, 0));
    let stats = world.close(A);
    assert_eq!((stats.received.packets, stats.sent_packets, stats.source), (0, 0, None));
}

#[test]
fn a_source_that_was_not_said_is_learnt_and_one_that_was_is_kept_to() {
    let mut world = World::new(41_300..=41_399, |_| {});
    world.browser(A, Codec::Pcmu, |description| browser(description).ssrc = None);
    world.browser(B, Codec::Pcmu, |description| browser(description).ssrc = Some(77));
    world.engine.route(vec![(A, Hears::Echo), (B, Hears::Echo)]);
    world.connected(&[A, B]);
    world.talk(&[A, B], 10);
    assert_eq!((world.heard(A).len(), world.heard(B).len()), (10, 0));
}

#[test]
fn a_browser_that_waits_for_us_to_begin_is_served_too() {
    let mut world = World::new(41_450..=41_499, |_| {});
    world.browser_that(A, Codec::Pcmu, true, |_| {});
    world.engine.route(vec![(A, Hears::Echo)]);
    world.connected(&[A]);
    world.talk(&[A], 10);
    assert_eq!(world.heard(A).len(), 10);
}

#[test]
fn what_is_no_name_of_an_agent_is_left_alone() {
    for lite in [true, false] {
        let mut world = World::new(42_400..=42_499, |config| config.ice_lite = lite);
        world.browser(A, Codec::Pcmu, |description| {
            browser(description).ufrag = "a".repeat(5_000);
            browser(description).candidates =
                vec!["1 1 udp 1 127.0.0.1 9 typ host".into(), "nonsense \u{1f4de}".into()];
        });
        world.engine.route(vec![(A, Hears::Echo)]);
        world.talk(&[A], 10);
        assert_eq!(world.heard(A).len(), 0);
        // Said again, as it should be.
        let description = world.client(A).description(Codec::Pcmu);
        world.engine.describe(A, description);
        world.connected(&[A]);
    }
}

#[test]
fn full_ice_finds_the_browser_too() {
    let mut world = World::new(41_400..=41_449, |config| config.ice_lite = false);
    let local = world.browser(A, Codec::Pcmu, |_| {});
    assert!(!local.lite);
    world.engine.route(vec![(A, Hears::Echo)]);
    world.connected(&[A]);
    world.talk(&[A], 10);
    assert_eq!(world.heard(A).len(), 10);
}

#[test]
fn a_hundred_browsers_share_one_port_and_each_hears_itself() {
    const MANY: u64 = 100;
    let mut world = World::new(41_500..=41_599, |_| {});
    let legs: Vec<LegId> = (1..=MANY).map(LegId).collect();
    let mut ports = Vec::new();
    for &leg in &legs {
        ports.push(world.browser(leg, Codec::Pcmu, |_| {}).address.port());
        world.engine.route(vec![(leg, Hears::Echo)]);
    }
    ports.dedup();
    assert_eq!(ports.len(), 1);
    world.connected(&legs);
    world.talk(&legs, 10);
    let mut tones = Vec::new();
    for &leg in &legs {
        let heard = world.heard(leg);
        assert_eq!(heard.len(), 10, "{leg:?}");
        tones.push(heard[0].payload.clone());
        assert!(heard.iter().all(|packet| packet.payload == heard[0].payload));
    }
    // Eight tones there are, and each got its own.
    for (n, tone) in tones.iter().enumerate() {
        assert_eq!(tone, &tones[n % 8]);
    }
    assert_eq!(world.engine.stats().legs, MANY);
    for &leg in &legs {
        world.engine.close(leg);
    }
    for &leg in &legs {
        world.wait(|event| matches!(event, Event::Closed { leg: closed, .. } if *closed == leg).then_some(()));
    }
}

#[test]
fn a_leg_that_moves_to_another_worker_while_it_speaks_loses_nothing() {
    let mut world = World::new(41_600..=41_699, |_| {});
    // Each worker has one of them, and then one a supervisor more.
    world.browser(A, Codec::Pcmu, |_| {});
    world.browser(C, Codec::Pcmu, |_| {});
    world.browser(B, Codec::Pcmu, |_| {});
    world.engine.route(vec![(A, Hears::Echo), (B, Hears::Echo), (C, Hears::Echo)]);
    world.connected(&[A, B, C]);
    world.talk(&[A, B, C], 5);
    world.connect(A, B);
    world.talk(&[A, B, C], 5);
    world.engine.route(vec![(C, Hears::Mix(vec![A, B]))]);
    world.talk(&[A, B, C], 5);
    world.engine.route(vec![(A, Hears::Leg(C)), (C, Hears::Leg(A)), (B, Hears::Echo)]);
    world.talk(&[A, B, C], 10);
    for leg in [A, B] {
        let heard = world.heard(leg);
        assert_continuous(&heard);
        // Who is heard at the moment of a change may be the one before or the one after.
        assert!((23..=27).contains(&heard.len()), "{leg:?}: {}", heard.len());
        let stats = world.close(leg);
        assert_eq!((stats.received.packets, stats.received.lost), (25, 0), "{leg:?}");
    }
    assert_eq!(world.close(C).received.packets, 25);
}

#[test]
fn what_strangers_send_reaches_nobody() {
    let mut world = World::new(41_700..=41_799, |_| {});
    let local = world.browser(A, Codec::Pcmu, |_| {});
    world.engine.route(vec![(A, Hears::Echo)]);
    world.connected(&[A]);
    let stranger = UdpSocket::bind((LOCAL, 0)).unwrap();
    let mut check = vec![0, 1, 0, 0, 0x21, 0x12, 0xA4, 0x42];
    check.extend([7; 12]);
    let name = format!("{}:abcd", local.ufrag);
    check.extend([0, 6, 0, name.len() as u8]);
    check.extend(name.as_bytes());
    check.resize(check.len().next_multiple_of(4), 0);
    check[3] = (check.len() - 20) as u8;
    for n in 0..200_u8 {
        for octets in
            [&[n; 40][..], &[128, 0, 0, n, 0, 0, 0, 0, 1, 2, 3, 4, 5][..], &[22, 254, 253, n][..], &[], &check]
        {
            stranger.send_to(octets, local.address).unwrap();
        }
        if n % 20 == 0 {
            world.work();
        }
    }
    world.talk(&[A], 10);
    let heard = world.heard(A);
    assert_eq!(heard.len(), 10);
    assert_continuous(&heard);
    assert!(world.engine.stats().ignored_packets > 500);
    assert_eq!(world.close(A).received.packets, 10);
}

#[test]
fn a_browsers_packet_that_was_changed_or_is_sent_again_is_not_heard() {
    let mut world = World::new(42_200..=42_299, |_| {});
    let local = world.browser(A, Codec::Pcmu, |_| {});
    world.phone(B, Codec::Pcmu);
    world.connect(A, B);
    world.connected(&[A]);
    world.talk(&[A], 10);
    let client = world.client(A);
    let mut forged = client.said.clone();
    for place in 0..forged.len() {
        // From its own address.
        client.socket.send_to(&client.said, local.address).unwrap();
        forged[place] ^= 1;
        client.socket.send_to(&forged, local.address).unwrap();
        forged[place] ^= 1;
    }
    let sent = 2 * forged.len() as u64;
    world.until(|world| world.engine.stats().ignored_packets >= sent);
    world.talk(&[A], 10);
    let heard = world.heard(B);
    assert_eq!(heard.len(), 20);
    assert_continuous(&heard);
    let stats = world.close(A);
    assert_eq!((stats.received.packets, stats.received.lost), (20, 0));
}

#[test]
fn what_a_browser_reports_is_in_the_legs_figures() {
    let mut world = World::new(42_300..=42_399, |_| {});
    world.browser(A, Codec::Pcmu, |_| {});
    world.engine.route(vec![(A, Hears::Echo)]);
    world.connected(&[A]);
    // It reports on what it was sent once it has our report, which it answers.
    let (mut told, end) = (None, Instant::now() + 6 * PATIENCE);
    while told.is_none_or(|before| world.client(A).reports.0 < before + 2) {
        assert!(Instant::now() < end, "nobody reports: {:?}", world.client(A).reports);
        world.talk(&[A], 10);
        let (sent, received) = world.client(A).reports;
        told = told.or((received > 0).then_some(sent));
    }
    let stats = world.close(A);
    assert_eq!(stats.remote_lost, Some(0));
    assert!(stats.remote_jitter_ms.is_some());
    assert!(stats.round_trip_ms.is_some());
}

#[test]
fn a_browser_that_is_gone_is_missed_even_on_hold() {
    let mut world = World::new(41_800..=41_899, |config| config.media_timeout = Duration::from_millis(500));
    world.browser(A, Codec::Pcmu, |_| {});
    world.connected(&[A]);
    let mut description = world.client(A).description(Codec::Pcmu);
    description.direction = tandem_media::Direction::NEITHER;
    world.engine.describe(A, description);
    world.parties.clear();
    world.wait(|event| matches!(event, Event::MediaTimeout { leg } if *leg == A).then_some(()));
}

#[test]
fn public_addresses_are_told_besides() {
    let nowhere = std::net::IpAddr::from([203, 0, 113, 7]);
    let world = World::new(41_900..=41_999, |config| config.public = vec![nowhere]);
    let local = world.engine.open_browser(A).unwrap();
    assert_eq!(local.candidates, [SocketAddr::new(nowhere, local.address.port())]);
    assert!(local.fingerprint.starts_with("sha-256 ") && local.lite);
    assert!(matches!(world.engine.open_browser(A), Err(OpenError::AlreadyOpen(_))));
    assert!(world.engine.restart_ice(B).is_none());
    let without = Engine::start(Config { ports: 42_000..=42_099, ..Config::default() }, Box::new(|_| {})).unwrap();
    assert!(matches!(without.open_browser(A), Err(OpenError::NoBrowsers)));
    let wildcard = Some(vec![SocketAddr::from(([0, 0, 0, 0], 0))]);
    let config = Config { browsers: wildcard, ports: 42_100..=42_199, ..Config::default() };
    assert!(Engine::start(config, Box::new(|_| {})).is_err());
}
