//! What customers and accounts share: status, sign-in, settings.
//!
//! For an account that asks about itself a lack of permission is told (403); any other record is none of its business (404).

use super::pairs;
use crate::{
    demo_ids::DemoIds,
    walk::{Fields, Row},
};

pub const SHARED: &[Row] = &[
    // A company blocks its accounts; its own status is the provider's.
    Row::writes(
        "status_set",
        |demo| of_john(demo, &[("was", "open"), ("status", "blocked"), ("reason", "Lost phone")]),
        [401, 200, 403, 200, 404, 403, 404],
    ),
    Row::writes(
        "status_set",
        |demo| of_abc(demo, &[("was", "open"), ("status", "suspended"), ("reason", "Unpaid")]),
        [401, 200, 403, 403, 404, 404, 404],
    ),
    Row::writes(
        "sign_in_save",
        |demo| of_john(demo, &[("version", &demo.version("sign_in", "john")), ("sign_in", "johnny")]),
        [401, 200, 403, 200, 404, 403, 404],
    ),
    Row::writes(
        "sign_in_save",
        |demo| of_john(demo, &[("version", &demo.version("sign_in", "john")), ("password", "zebras have stripes")]),
        [401, 200, 403, 200, 404, 403, 404],
    ),
    Row::writes(
        "sign_in_save",
        |demo| of_abc(demo, &[("version", &demo.version("sign_in", "abc")), ("sign_in", "abc.office")]),
        [401, 200, 403, 403, 404, 404, 404],
    ),
    Row::writes(
        "sign_in_remove",
        |demo| of_john(demo, &[("version", &demo.version("sign_in", "john"))]),
        [401, 200, 403, 200, 404, 403, 404],
    ),
    Row::writes(
        "sign_in_remove",
        |demo| of_abc(demo, &[("version", &demo.version("sign_in", "abc"))]),
        [401, 200, 403, 403, 404, 404, 404],
    ),
    // The options that an account changes itself, those that its company changes, and those that its role hides.
    Row::writes(
        "setting_save",
        |demo| of_john(demo, &[("setting", "record_by_email"), ("was", "on"), ("value", "off")]),
        [401, 200, 403, 200, 404, 200, 404],
    ),
    Row::writes("setting_save", |demo| setting_of_john(demo, "record_incoming"), [401, 200, 403, 200, 404, 403, 404]),
    Row::writes(
        "setting_save",
        |demo| of_john(demo, &[("setting", "record_manually"), ("was", "on"), ("value", "off")]),
        [401, 200, 403, 200, 404, 403, 404],
    ),
    Row::writes(
        "setting_save",
        |demo| setting_of_john(demo, "record_announcement"),
        [401, 200, 403, 200, 404, 403, 404],
    ),
    Row::writes(
        "setting_save",
        |demo| setting_of_john(demo, "record_account_only"),
        [401, 200, 403, 403, 404, 403, 404],
    ),
    // What all accounts of the company inherit.
    Row::writes(
        "setting_save",
        |demo| of_abc(demo, &[("setting", "record_by_email"), ("was", "inherited"), ("value", "on")]),
        [401, 200, 403, 200, 404, 404, 404],
    ),
    Row::writes(
        "setting_save",
        |demo| of_abc(demo, &[("setting", "record_account_only"), ("was", "inherited"), ("value", "on")]),
        [401, 200, 403, 403, 404, 404, 404],
    ),
    // The provider decides about supervision and custom codes; the company sees what it has.
    Row::writes(
        "setting_save",
        |demo| of_abc(demo, &[("setting", "call_supervision"), ("was", "on"), ("value", "off")]),
        [401, 200, 403, 403, 404, 404, 404],
    ),
    Row::writes(
        "setting_save",
        |demo| of_abc(demo, &[("setting", "notice_spy"), ("was", "inherited"), ("value", "tone_to_agent")]),
        [401, 200, 403, 403, 404, 404, 404],
    ),
    Row::writes(
        "setting_save",
        |demo| of_abc(demo, &[("setting", "dialing_rules_option"), ("was", "on"), ("value", "off")]),
        [401, 200, 403, 403, 404, 404, 404],
    ),
];

fn of_abc(demo: &DemoIds, more: &[(&'static str, &str)]) -> Fields {
    [("customer", demo.id("customer", "abc"))].into_iter().chain(pairs(more)).collect()
}

fn of_john(demo: &DemoIds, more: &[(&'static str, &str)]) -> Fields {
    [("customer", demo.id("customer", "abc")), ("account", demo.id("account", "abc744"))]
        .into_iter()
        .chain(pairs(more))
        .collect()
}

/// A switch of John's that has no value of its own yet is turned on.
fn setting_of_john(demo: &DemoIds, setting: &str) -> Fields {
    of_john(demo, &[("setting", setting), ("was", "inherited"), ("value", "on")])
}
