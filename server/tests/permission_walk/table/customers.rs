//! Customers: for the provider's staff, and what a company's own administrator sees and changes of it.

use super::{first_page, nothing, pairs, with_id};
use crate::{
    demo_ids::DemoIds,
    walk::{Fields, Row},
};

pub const CUSTOMERS: &[Row] = &[
    // A list shows a company its own line at most; accounts have no lists.
    Row::reads("customer_list", first_page, [401, 200, 200, 200, 200, 403, 403]),
    Row::reads("customer_list_classes", nothing, [401, 200, 200, 200, 200, 403, 403]),
    Row::reads("customer_draft", nothing, [401, 200, 403, 403, 403, 403, 403]),
    Row::writes(
        "customer_create",
        |_| pairs(&[("name", "Koala"), ("sip_prefix", "koala"), ("email", "office@koala.example")]),
        [401, 200, 403, 403, 403, 403, 403],
    ),
    Row::writes(
        "customer_create",
        |demo| {
            let role = demo.id("access_role", "Spare for customers");
            let typed =
                [("name", "Koala"), ("sip_prefix", "koala"), ("sign_in", "koala"), ("password", "koalas eat leaves")];
            pairs(&typed).into_iter().chain([("role", role)]).collect()
        },
        [401, 200, 403, 403, 403, 403, 403],
    ),
    // What the company may see of itself, field by field, is in the answer; what it may not is left out.
    Row::reads("customer_read", abc, [401, 200, 200, 200, 404, 404, 404]),
    Row::reads("customer_head_read", abc, [401, 200, 200, 200, 404, 404, 404]),
    Row::reads("customer_voice_read", abc, [401, 200, 200, 200, 404, 404, 404]),
    Row::reads("customer_history", abc, [401, 200, 200, 200, 404, 404, 404]),
    // Status, sign-in and role are the provider's.
    Row::reads("customer_status_read", abc, [401, 200, 200, 403, 404, 404, 404]),
    Row::reads("customer_sign_in_read", abc, [401, 200, 200, 403, 404, 404, 404]),
    // A company sees its name and changes its e-mail address.
    Row::writes("customer_save", |demo| save(demo, ("name", "ABC & Sons")), [401, 200, 403, 403, 404, 404, 404]),
    Row::writes("customer_save", |demo| save(demo, ("email", "it@abc.example")), [401, 200, 403, 200, 404, 404, 404]),
    // Not even staff may change the prefix that phones sign in with.
    Row::writes("customer_save", |demo| save(demo, ("sip_prefix", "abcd")), [401, 422, 403, 403, 404, 404, 404]),
    Row::writes("customer_save", |demo| save(demo, ("billing", "prepaid")), [401, 200, 403, 403, 404, 404, 404]),
    Row::writes(
        "customer_rule_assign",
        |demo| {
            vec![
                ("customer", demo.id("customer", "abc")),
                ("was", String::new()),
                ("rule", demo.id("dialing_rule", "Spare")),
            ]
        },
        [401, 200, 403, 403, 404, 404, 404],
    ),
    Row::writes(
        "customer_role_assign",
        |demo| {
            vec![
                ("customer", demo.id("customer", "abc")),
                ("was", demo.id("access_role", "Customer")),
                ("role", demo.id("access_role", "Spare for customers")),
            ]
        },
        [401, 200, 403, 403, 404, 404, 404],
    ),
    // The company's own pages: each customer's administrator is told of the own one only, its accounts nothing.
    Row::reads("company_read", nothing, [401, 404, 404, 200, 200, 403, 403]),
    Row::writes("company_save", |_| company(("email", "desk@example.com")), [401, 404, 404, 200, 200, 403, 403]),
    Row::writes("company_save", |_| company(("time_zone", "America/New_York")), [401, 404, 404, 200, 200, 403, 403]),
    Row::writes("company_save", |_| company(("name", "Another Name")), [401, 404, 404, 403, 403, 403, 403]),
];

fn abc(demo: &DemoIds) -> Fields {
    with_id(demo.id("customer", "abc"), &[])
}

/// One field of ABC changed.
fn save(demo: &DemoIds, field: (&'static str, &str)) -> Fields {
    with_id(demo.id("customer", "abc"), &[("version", &demo.version("customer", "abc")), field])
}

/// One field of one's own company changed; nobody changed any of them before.
fn company(field: (&'static str, &str)) -> Fields {
    pairs(&[("version", "1"), field])
}
