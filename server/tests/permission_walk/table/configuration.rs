//! The provider's configuration: classes, roles, dialing rules, administrators. For the provider's staff alone.

use super::{first_page, nothing, pairs, with_id};
use crate::{
    demo_ids::DemoIds,
    walk::{Fields, Row},
};

/// Whoever may see the provider's configuration.
const SEE: [u16; 7] = [401, 200, 200, 403, 403, 403, 403];
/// Whoever may change it.
const CHANGE: [u16; 7] = [401, 200, 403, 403, 403, 403, 403];

pub const CONFIGURATION: &[Row] = &[
    Row::reads("class_list", first_page, SEE),
    Row::reads("class_read", |demo| with_id(demo.id("customer_class", "Business"), &[]), SEE),
    Row::writes("class_create", |_| pairs(&[("name", "Gold"), ("new_call_recording", "on")]), CHANGE),
    Row::writes(
        "class_save",
        |demo| of(demo, ("customer_class", "Business"), &[("name", "Business"), ("new_call_recording", "off")]),
        CHANGE,
    ),
    Row::writes(
        "class_delete",
        |demo| with_id(demo.id("customer_class", "Spare"), &[("version", &demo.version("customer_class", "Spare"))]),
        CHANGE,
    ),
    Row::reads("role_list", first_page, SEE),
    Row::reads("role_read", |demo| with_id(demo.id("access_role", "Account"), &[]), SEE),
    Row::reads("role_begin", |demo| vec![("from", demo.id("access_role", "Account"))], CHANGE),
    Row::writes(
        "role_create",
        |_| {
            let whom = [("name", "Private"), ("audience", "account"), ("base", "view")];
            let entry = ("entries[account/recording/account_only]", "modify");
            pairs(&[&whom[..], &[entry]].concat())
        },
        CHANGE,
    ),
    Row::writes(
        "role_save",
        |demo| of(demo, ("access_role", "Spare"), &[("name", "Spare"), ("base", "forbidden")]),
        CHANGE,
    ),
    Row::writes(
        "role_delete",
        |demo| with_id(demo.id("access_role", "Spare"), &[("version", &demo.version("access_role", "Spare"))]),
        CHANGE,
    ),
    Row::reads("dialing_rule_list", first_page, SEE),
    Row::reads("dialing_rule_read", |demo| with_id(demo.id("dialing_rule", "Spare"), &[]), SEE),
    Row::writes("dialing_rule_create", |_| pairs(&[("name", "Old codes"), ("spy_prefix", "*21")]), CHANGE),
    Row::writes(
        "dialing_rule_save",
        |demo| of(demo, ("dialing_rule", "Spare"), &[("name", "Spare"), ("spy_prefix", "*31")]),
        CHANGE,
    ),
    Row::writes(
        "dialing_rule_delete",
        |demo| with_id(demo.id("dialing_rule", "Spare"), &[("version", &demo.version("dialing_rule", "Spare"))]),
        CHANGE,
    ),
    Row::reads("administrator_list", first_page, SEE),
    Row::reads("administrator_read", |demo| rita(demo, &[]), SEE),
    Row::reads("administrator_roles", nothing, CHANGE),
    Row::writes(
        "administrator_create",
        |demo| {
            let person = [("name", "Ada"), ("email", "ada@tandem.example"), ("sign_in", "ada")];
            let typed = pairs(&[&person[..], &[("password", "zebras have stripes")]].concat());
            typed.into_iter().chain([("role", demo.id("access_role", "Administrator"))]).collect()
        },
        CHANGE,
    ),
    Row::writes(
        "administrator_save",
        |demo| {
            let role = demo.id("access_role", "Read-only administrator");
            let typed = [("name", "Rita"), ("email", "rita@tandem.example"), ("sign_in", "rita"), ("role", &role)];
            of(demo, ("administrator", "Rita Reader"), &typed)
        },
        CHANGE,
    ),
    // Nobody makes oneself more than one is.
    Row::writes(
        "administrator_save",
        |demo| {
            let role = demo.id("access_role", "Administrator");
            let typed = [("name", "Rita Reader"), ("email", ""), ("sign_in", "reader"), ("role", &role)];
            of(demo, ("administrator", "Rita Reader"), &typed)
        },
        CHANGE,
    ),
    Row::writes(
        "administrator_password",
        |demo| rita(demo, &[("version", &demo.version("sign_in", "reader")), ("password", "zebras have stripes")]),
        CHANGE,
    ),
    Row::writes(
        "administrator_active",
        |demo| of(demo, ("administrator", "Rita Reader"), &[("active", "off")]),
        CHANGE,
    ),
];

fn rita(demo: &DemoIds, more: &[(&'static str, &str)]) -> Fields {
    with_id(demo.id("administrator", "Rita Reader"), more)
}

/// A record at the version that is stored.
fn of(demo: &DemoIds, (table, name): (&'static str, &str), typed: &[(&'static str, &str)]) -> Fields {
    let version = demo.version(table, name);
    with_id(demo.id(table, name), &[&[("version", version.as_str())], typed].concat())
}
