//! Accounts: for the provider's staff and the company's administrator, and what an account is told about itself.
//!
//! An account has no pages of accounts, not even of its own record: whichever id it names is answered alike (403). What it
//! sees and changes of itself has functions that take no id.

use super::{first_page, nothing, pairs, with_id};
use crate::{
    demo_ids::DemoIds,
    walk::{Fields, Row},
};

/// The version of a SIP password that was set once.
const SIP_VERSION: &str = "1";

pub const ACCOUNTS: &[Row] = &[
    Row::reads("account_list", first_page, [401, 200, 200, 200, 200, 403, 403]),
    Row::reads("account_draft", of_abc, [401, 200, 403, 200, 404, 404, 404]),
    Row::writes(
        "account_create",
        |demo| create(demo, &[("first_name", "Reception"), ("extension", "790")]),
        [401, 200, 403, 200, 404, 404, 404],
    ),
    Row::writes(
        "account_create",
        |demo| {
            let sign_in = [("sign_in", "zoe"), ("password", "zebras have stripes")];
            create(demo, &[&[("first_name", "Zoe"), ("extension", "791")], &sign_in[..]].concat())
        },
        [401, 200, 403, 200, 404, 404, 404],
    ),
    // The access role is the provider's to give.
    Row::writes(
        "account_create",
        |demo| {
            let role = demo.id("access_role", "Spare");
            create(demo, &[("first_name", "Zoe"), ("extension", "792"), ("role", &role)])
        },
        [401, 200, 403, 403, 404, 404, 404],
    ),
    Row::reads("account_read", john, [401, 200, 200, 200, 404, 403, 403]),
    Row::reads("account_head_read", john, [401, 200, 200, 200, 404, 403, 403]),
    Row::reads("account_services_read", john, [401, 200, 200, 200, 404, 403, 403]),
    Row::reads("account_status_read", john, [401, 200, 200, 200, 404, 403, 403]),
    Row::reads("account_sign_in_read", john, [401, 200, 200, 200, 404, 403, 403]),
    Row::reads("account_history", john, [401, 200, 200, 200, 404, 403, 403]),
    Row::writes("account_save", |demo| save(demo, ("first_name", "Johnny")), [401, 200, 403, 200, 404, 403, 403]),
    Row::writes("account_save", |demo| save(demo, ("extension", "749")), [401, 200, 403, 200, 404, 403, 403]),
    Row::writes("account_save", |demo| save(demo, ("expires_on", "2030-01-31")), [401, 200, 403, 200, 404, 403, 403]),
    Row::writes(
        "account_save",
        |demo| save(demo, ("role", &demo.id("access_role", "Spare"))),
        [401, 200, 403, 403, 404, 403, 403],
    ),
    Row::writes(
        "account_save",
        |demo| save(demo, ("dialing_rule", &demo.id("dialing_rule", "Spare"))),
        [401, 200, 403, 403, 404, 403, 403],
    ),
    // The phone's password is not for its user to change: it would be a way to register another phone.
    Row::writes(
        "sip_password_set",
        |demo| {
            vec![
                ("customer", demo.id("customer", "abc")),
                ("account", demo.id("account", "abc744")),
                ("version", SIP_VERSION.to_owned()),
                ("sip_password", "correct horse battery".to_owned()),
            ]
        },
        [401, 200, 403, 200, 404, 403, 404],
    ),
    Row::writes(
        "sip_password_remove",
        |demo| {
            vec![
                ("customer", demo.id("customer", "abc")),
                ("account", demo.id("account", "abc744")),
                ("version", SIP_VERSION.to_owned()),
            ]
        },
        [401, 200, 403, 200, 404, 403, 404],
    ),
    // About oneself: for accounts alone.
    Row::reads("own_codes_read", nothing, [401, 404, 404, 404, 404, 200, 200]),
    Row::reads("own_recording_read", nothing, [401, 404, 404, 404, 404, 200, 200]),
];

fn of_abc(demo: &DemoIds) -> Fields {
    vec![("customer", demo.id("customer", "abc"))]
}

fn create(demo: &DemoIds, typed: &[(&'static str, &str)]) -> Fields {
    of_abc(demo).into_iter().chain(pairs(typed)).collect()
}

fn john(demo: &DemoIds) -> Fields {
    with_id(demo.id("account", "abc744"), &[])
}

/// One field of John changed.
fn save(demo: &DemoIds, field: (&'static str, &str)) -> Fields {
    with_id(demo.id("account", "abc744"), &[("version", &demo.version("account", "abc744")), field])
}
