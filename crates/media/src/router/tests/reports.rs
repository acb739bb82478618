//! RTCP, and the watch over silence.

use super::*;
use crate::{
    rtcp::{self, Report, ReportBlock, SenderInfo},
    types::Direction,
};

/// Reports sent to a party since the last look, with the port they left from.
fn reports(world: &mut World, leg: LegId) -> Vec<(Port, SocketAddr, Vec<u8>)> {
    let slot = world.parties[&leg.0].slot;
    let sent = std::mem::take(&mut world.sent.0);
    sent.into_iter()
        .filter(|(s, port, _, octets)| *s == slot && (*port == Port::Rtcp || crate::rtp::is_rtcp(octets)))
        .map(|(_, port, to, octets)| (port, to, octets))
        .collect()
}

fn write(report: &Report<'_>) -> Vec<u8> {
    let mut octets = [0; rtcp::LARGEST];
    let length = rtcp::write(report, &mut octets);
    octets[..length].to_vec()
}

#[test]
fn each_party_gets_reports_of_what_we_send_and_receive() {
    let mut world = World::call(Codec::Pcmu, Codec::Pcmu);
    world.talk(&[A, B], 20_000);
    let sent = reports(&mut world, A);
    assert!((3..=5).contains(&sent.len()), "{}", sent.len());
    let (port, to, octets) = sent.last().unwrap();
    assert_eq!((*port, *to), (Port::Rtcp, SocketAddr::from(([192, 0, 2, 1], 4001))));
    let first = rtcp::parse(octets).unwrap().next().unwrap();
    let rtcp::Packet::SenderReport { info, mut reports, .. } = first else { panic!("{first:?}") };
    assert!(info.packets > 700);
    let block = reports.next().unwrap();
    assert_eq!((block.ssrc, block.lost, block.fraction_lost), (0xAAAA_0001, 0, 0));
}

#[test]
fn who_hears_nothing_still_gets_receiver_reports() {
    let mut world = World::new();
    world.join(A, Codec::Pcmu, None);
    world.talk(&[A], 11_000);
    let sent = reports(&mut world, A);
    let first = rtcp::parse(&sent[0].2).unwrap().next().unwrap();
    assert!(matches!(first, rtcp::Packet::ReceiverReport { .. }), "{first:?}");
}

#[test]
fn the_partys_report_tells_loss_jitter_and_round_trip() {
    let mut world = World::call(Codec::Pcmu, Codec::Pcmu);
    world.talk(&[A, B], 6000);
    let sent = reports(&mut world, A);
    let first = rtcp::parse(&sent[0].2).unwrap().next().unwrap();
    let rtcp::Packet::SenderReport { ssrc, info, .. } = first else { panic!("{first:?}") };
    // Now it is answered as if the report had been received 50 ms after it was sent, and held for the rest.
    let now_middle = (world.router.ntp(world.now) >> 16) as u32;
    let last_report = (info.ntp >> 16) as u32;
    let delay = now_middle.wrapping_sub(last_report) - 65_536 / 20;
    let block = ReportBlock { ssrc, fraction_lost: 9, lost: 12, highest: 9, jitter: 80, last_report, delay };
    let mut report = Report { ssrc: 0xAAAA_0001, info: None, block: Some(block), cname: "a", bye: false };
    let slot = world.party(A).slot;
    let control = SocketAddr::from(([192, 0, 2, 1], 4001));
    let (octets, now) = (write(&report), world.now);
    world.router.handle_rtcp(now, slot, SocketAddr::from(([203, 0, 113, 5], 4001)), Port::Rtcp, &octets);
    assert_eq!(world.router.legs[slot].as_ref().unwrap().stats().remote_lost, None, "a stranger's report");
    world.router.handle_rtcp(now, slot, control, Port::Rtcp, &octets);
    let stats = world.router.legs[slot].as_ref().unwrap().stats();
    assert_eq!((stats.remote_lost, stats.remote_jitter_ms, stats.ignored_packets), (Some(12), Some(10.0), 1));
    assert!((stats.round_trip_ms.unwrap() - 50.0).abs() < 0.1);
    // On the RTP port it is understood too (rtcp-mux), and answered there; a report on another source tells nothing.
    report.block = Some(ReportBlock { ssrc: 1, lost: 99, ..block });
    report.info = Some(SenderInfo { ntp: 77 << 16, timestamp: 0, packets: 0, octets: 0 });
    let media = world.party(A).address;
    world.deliver(A, media, write(&report));
    assert_eq!(world.router.legs[slot].as_ref().unwrap().stats().remote_lost, Some(12));
    world.talk(&[A, B], 6000);
    let sent = reports(&mut world, A);
    let (port, to, octets) = &sent[0];
    assert_eq!((*port, *to), (Port::Rtp, media));
    let first = rtcp::parse(octets).unwrap().next().unwrap();
    let rtcp::Packet::SenderReport { mut reports, .. } = first else { panic!("{first:?}") };
    let block = reports.next().unwrap();
    assert_eq!(block.last_report, 77);
    assert!(block.delay > 0);
}

#[test]
fn silence_of_who_should_speak_is_told_again_and_again() {
    let mut world = World::call(Codec::Pcmu, Codec::Pcmu);
    let address = world.party(B).address;
    let held =
        Description { direction: Direction { send: true, receive: false }, ..Description::new(address, Codec::Pcmu) };
    world.router.describe(world.now, B, held);
    world.talk(&[A], 9000);
    assert!(!world.events().contains(&Event::MediaTimeout { leg: A }));
    world.pass(21_000);
    let events = world.events();
    assert_eq!(events.iter().filter(|e| **e == Event::MediaTimeout { leg: A }).count(), 2);
    assert!(!events.contains(&Event::MediaTimeout { leg: B }), "on hold it is silent rightly");
}
