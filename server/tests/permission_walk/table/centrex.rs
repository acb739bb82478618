//! IP Centrex: huntgroups and the company's codes. Accounts have no part in either.

use super::{nothing, pairs};
use crate::{
    demo_ids::DemoIds,
    walk::{Fields, Row},
};

pub const CENTREX: &[Row] = &[
    Row::reads("huntgroup_list", |demo| of_abc(demo, &[("args[q]", "")]), [401, 200, 200, 200, 404, 403, 403]),
    Row::reads("huntgroup_read", |demo| support(demo, &[]), [401, 200, 200, 200, 404, 403, 403]),
    Row::writes(
        "huntgroup_create",
        |demo| {
            let settings = [("name", "Billing"), ("number", "7720"), ("strategy", "order"), ("ring_seconds", "20")];
            of_abc(demo, &settings)
        },
        [401, 200, 403, 200, 404, 403, 403],
    ),
    Row::writes(
        "huntgroup_save",
        |demo| support(demo, &[("version", &demo.version("huntgroup", "abc7700")), ("ring_seconds", "30")]),
        [401, 200, 403, 200, 404, 403, 403],
    ),
    Row::writes(
        "huntgroup_delete",
        |demo| support(demo, &[("version", &demo.version("huntgroup", "abc7700"))]),
        [401, 200, 403, 200, 404, 403, 403],
    ),
    // Whom one could add is for those to know who may add.
    Row::reads("huntgroup_candidates", |demo| support(demo, &[("words", "pet")]), [401, 200, 403, 200, 404, 403, 403]),
    Row::writes("huntgroup_member_add", |demo| member(demo, "746", &[]), [401, 200, 403, 200, 404, 403, 403]),
    Row::writes(
        "huntgroup_member_move",
        |demo| member(demo, "744", &[("step", "up")]),
        [401, 200, 403, 200, 404, 403, 403],
    ),
    Row::writes(
        "huntgroup_member_mark",
        |demo| member(demo, "744", &[("supervision_allowed", "on")]),
        [401, 200, 403, 200, 404, 403, 403],
    ),
    Row::writes("huntgroup_member_remove", |demo| member(demo, "744", &[]), [401, 200, 403, 200, 404, 403, 403]),
    // The company's choice of codes: its administrator's own, and only with the dialing rules option, which Panda has not.
    Row::reads("dialing_choice_read", nothing, [401, 404, 404, 200, 200, 403, 403]),
    Row::writes(
        "dialing_choice_save",
        |_| {
            let prefixes = [("spy_prefix", "*21"), ("whisper_prefix", "*22"), ("barge_in_prefix", "*23")];
            let digits = [("spy_digit", "1"), ("whisper_digit", "2"), ("barge_in_digit", "3")];
            let recording = [("record_start", "*44"), ("record_stop", "*45")];
            let first = [("version", "1"), ("rule", "custom")];
            pairs(&[&first[..], &prefixes, &digits, &recording].concat())
        },
        [401, 404, 404, 200, 422, 403, 403],
    ),
];

fn of_abc(demo: &DemoIds, more: &[(&'static str, &str)]) -> Fields {
    [("customer", demo.id("customer", "abc"))].into_iter().chain(pairs(more)).collect()
}

fn support(demo: &DemoIds, more: &[(&'static str, &str)]) -> Fields {
    of_abc(demo, &[]).into_iter().chain([("id", demo.id("huntgroup", "abc7700"))]).chain(pairs(more)).collect()
}

/// An extension of ABC in Support.
fn member(demo: &DemoIds, extension: &str, more: &[(&'static str, &str)]) -> Fields {
    let account = demo.id("account", &format!("abc{extension}"));
    support(demo, &[("account", &account)]).into_iter().chain(pairs(more)).collect()
}
