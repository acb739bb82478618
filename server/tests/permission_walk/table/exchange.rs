//! The exchange: calls, phones, public numbers. A customer has its own, an account its own calls; ending a call and giving
//! numbers is the provider's.

use super::{first_page, nothing, pairs, with_id};
use crate::{
    calls::{LIVE, NUMBER, OVER},
    demo_ids::DemoIds,
    walk::{Fields, Row},
};

pub const EXCHANGE: &[Row] = &[
    Row::reads("exchange_now_read", nothing, [401, 200, 200, 200, 200, 403, 403]),
    Row::reads("live_calls", first_page, [401, 200, 200, 200, 200, 403, 403]),
    Row::reads("xdr_list", first_page, [401, 200, 200, 200, 200, 200, 200]),
    Row::reads("registration_list", first_page, [401, 200, 200, 200, 200, 403, 403]),
    // A call of John's: for him, his company, and the provider.
    Row::reads("call_read", |_| with_id(OVER.into(), &[]), [401, 200, 200, 200, 404, 200, 404]),
    // What is going on is nothing that accounts look at.
    Row::reads("call_read", |_| with_id(LIVE.into(), &[]), [401, 200, 200, 200, 404, 404, 404]),
    Row::signs("call_end", |_| with_id(LIVE.into(), &[]), [401, 200, 403, 403, 403, 403, 403]),
    // The console is for managers and for the company, which joins no calls. John and Olivia are agents.
    Row::reads("console_read", nothing, [401, 403, 403, 200, 200, 403, 403]),
    Row::reads("wallboard_read", nothing, [401, 403, 403, 200, 200, 403, 403]),
    // What is in sight at a moment, in a list: who is gone by then, or was never to be seen, is passed over.
    Row::reads("console_looks", in_sight, [401, 403, 403, 200, 200, 403, 403]),
    Row::signs("console_join", join, [401, 403, 403, 403, 403, 403, 403]),
    Row::signs("console_switch", |_| own(&[("mode", "spy")]), [401, 403, 403, 403, 403, 403, 403]),
    Row::signs("console_leave", |_| own(&[]), [401, 403, 403, 403, 403, 403, 403]),
    Row::signs("console_follow", |_| own(&[("follow", "on")]), [401, 403, 403, 403, 403, 403, 403]),
    Row::signs("console_volumes", |_| own(&[("agent", "150"), ("client", "50")]), [401, 403, 403, 403, 403, 403, 403]),
    Row::signs("console_mark", |_| own(&[("text", "Listen")]), [401, 403, 403, 403, 403, 403, 403]),
    Row::signs("console_note", |_| own(&[("text", "Well done")]), [401, 403, 403, 403, 403, 403, 403]),
    // Accounts alone have a phone.
    Row::reads("phone_stays", nothing, [401, 403, 403, 403, 403, 200, 200]),
    Row::reads("phone_book_read", nothing, [401, 403, 403, 403, 403, 200, 200]),
    Row::reads("public_number_list", |demo| of_abc(demo, &[]), [401, 200, 200, 200, 404, 404, 404]),
    Row::writes(
        "public_number_add",
        |demo| of_abc(demo, &[("number", "+32 2 555 98 76"), ("extension", "7700")]),
        [401, 200, 403, 403, 404, 404, 404],
    ),
    Row::writes(
        "public_number_remove",
        |demo| of_abc(demo, &[("number", NUMBER)]),
        [401, 200, 403, 403, 404, 404, 404],
    ),
];

/// A wish to join John's call.
fn join(demo: &DemoIds) -> Fields {
    let call = [("call", LIVE.to_owned()), ("agent", demo.id("account", "abc744"))];
    call.into_iter().chain(pairs(&[("mode", "spy")])).collect()
}

/// A wish about a call of a manager's own.
fn own(more: &[(&'static str, &str)]) -> Fields {
    [("call", LIVE.to_owned())].into_iter().chain(pairs(more)).collect()
}

fn in_sight(_: &DemoIds) -> Fields {
    pairs(&[("stream", "7"), ("calls", &[LIVE, OVER].join(","))])
}

fn of_abc(demo: &DemoIds, more: &[(&'static str, &str)]) -> Fields {
    [("customer", demo.id("customer", "abc"))].into_iter().chain(pairs(more)).collect()
}
