//! The log of signalling: in order, bounded, the provider's own, and forgotten after some days.

use tandem_domain::{
    access::{Scope, Tenant},
    ids::{CallId, CustomerId, Timestamp},
};
use tandem_store::sip_log::{KEPT_DAYS, MESSAGE_MAX, SipLogEntry};

use crate::world::{START, World};

on_both!(
    the_messages_of_a_call_are_told_in_their_order,
    a_message_is_of_bounded_length,
    old_messages_are_forgotten,
    a_customer_reads_no_signalling,
);

const EVERYBODY: Scope = Scope::for_system();

fn call(n: u128) -> CallId {
    CallId(uuid::Uuid::from_u128(n))
}

fn message(n: u128, sequence: u32, at: Timestamp, text: &str) -> SipLogEntry {
    SipLogEntry {
        call: call(n),
        at,
        sequence,
        from: "UDP 192.0.2.7:5060".into(),
        to: "exchange".into(),
        transport: "UDP".into(),
        text: text.into(),
    }
}

async fn the_messages_of_a_call_are_told_in_their_order(world: World) {
    let log = world.store.sip_log();
    let (invite, ringing, ok) = (
        message(1, 0, START, "INVITE sip:702@tandem SIP/2.0\r\n\r\n"),
        message(1, 1, START, "SIP/2.0 180 Ringing\r\n\r\n"),
        message(1, 2, START, "SIP/2.0 200 OK\r\n\r\n"),
    );
    log.append(&[]).await.unwrap();
    log.append(&[ok.clone(), message(2, 0, START, "BYE"), invite.clone()]).await.unwrap();
    // What is told once more is told once.
    let other = SipLogEntry { text: "another".into(), ..ok.clone() };
    log.append(&[ringing.clone(), other]).await.unwrap();
    assert_eq!(log.of_call(EVERYBODY, call(1)).await.unwrap(), [invite, ringing, ok]);
    assert_eq!(log.of_call(EVERYBODY, call(3)).await.unwrap(), []);
}

async fn a_message_is_of_bounded_length(world: World) {
    let log = world.store.sip_log();
    let long = format!("x{}", "é".repeat(MESSAGE_MAX));
    log.append(&[message(1, 0, START, &long), message(1, 1, START, "a\0b")]).await.unwrap();
    let kept = log.of_call(EVERYBODY, call(1)).await.unwrap();
    assert_eq!(kept[0].text.len(), MESSAGE_MAX - 1, "cut between characters");
    assert_eq!(kept[1].text, "a\u{fffd}b");
}

async fn old_messages_are_forgotten(world: World) {
    let log = world.store.sip_log();
    let day = |n: i64| START.plus_seconds(n * 24 * 60 * 60);
    // More than are deleted at once.
    let old: Vec<_> = (0..12_000).map(|n| message(1, n, START, "INVITE")).collect();
    log.append(&old).await.unwrap();
    log.append(&[message(2, 0, day(2), "INVITE")]).await.unwrap();
    world.store.sweep(day(KEPT_DAYS)).await.unwrap();
    assert_eq!(log.of_call(EVERYBODY, call(1)).await.unwrap().len(), 2000, "more are not shown");
    world.store.sweep(day(KEPT_DAYS + 1)).await.unwrap();
    assert_eq!(log.of_call(EVERYBODY, call(1)).await.unwrap(), []);
    assert_eq!(log.of_call(EVERYBODY, call(2)).await.unwrap().len(), 1);
    log.forget_before(day(3)).await.unwrap();
    assert_eq!(log.of_call(EVERYBODY, call(2)).await.unwrap(), []);
}

async fn a_customer_reads_no_signalling(world: World) {
    world.store.sip_log().append(&[message(1, 0, START, "INVITE")]).await.unwrap();
    let abc = Tenant::for_system(CustomerId(uuid::Uuid::from_u128(9)));
    assert_eq!(world.store.sip_log().of_call(Scope::of(abc), call(1)).await.unwrap(), []);
}
