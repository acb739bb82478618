//! Invoices, payments and cards. A company sees and pays its own; an account only if its role says so, which the built-in one
//! does not; the provider sees all, and pays nothing.

use super::{first_page, nothing, pairs, with_id};
use crate::{
    demo_ids::DemoIds,
    payments::{DEFAULT_CARD, INVOICE, OTHER_CARD, PAID, SPARE, SYSTEM, UNFINISHED},
    walk::{Fields, Row},
};

/// A record of ABC's, for all who see such.
const OF_ABC: [u16; 7] = [401, 200, 200, 200, 404, 403, 403];
/// What a company does with its own records; the provider's staff have no company.
const IN_PERSON: [u16; 7] = [401, 404, 403, 200, 404, 403, 403];
/// What a company does whatever the record.
const COMPANY: [u16; 7] = [401, 404, 403, 200, 200, 403, 403];
/// Lists, of one's own or of all.
const LISTS: [u16; 7] = [401, 200, 200, 200, 200, 403, 403];
/// What the provider's staff alone may see, and change.
const SEE: [u16; 7] = [401, 200, 200, 403, 403, 403, 403];
const CHANGE: [u16; 7] = [401, 200, 403, 403, 403, 403, 403];

pub const BILLING: &[Row] = &[
    Row::reads("billing_read", nothing, [401, 404, 404, 200, 200, 403, 403]),
    Row::reads("invoice_list", first_page, LISTS),
    Row::reads("invoice_read", |demo| with_id(demo.id("invoice", INVOICE), &[]), OF_ABC),
    Row::writes("invoice_void", |demo| with_id(demo.id("invoice", INVOICE), &[("reason", "A slip")]), CHANGE),
    Row::reads("invoice_draft", |demo| with_id(demo.id("customer", "abc"), &[]), CHANGE),
    Row::writes(
        "invoice_issue",
        |demo| {
            let invoice = [("token", "one"), ("issued_on", "2026-11-26"), ("due_on", "2026-12-10"), ("note", "")];
            let line = [("lines[0][text]", "Plan"), ("lines[0][quantity]", "2"), ("lines[0][price]", "12.50")];
            of_abc(demo, &[&invoice[..], &line[..], &[("lines[0][tax]", "21")]].concat())
        },
        CHANGE,
    ),
    Row::reads("payment_list", first_page, LISTS),
    Row::reads("payment_read", |demo| with_id(demo.id("payment", PAID), &[]), OF_ABC),
    Row::writes(
        "payment_cancel",
        |demo| with_id(demo.id("payment", UNFINISHED), &[]),
        [401, 200, 403, 200, 404, 403, 403],
    ),
    Row::writes(
        "payment_give_up",
        |demo| with_id(demo.id("payment", UNFINISHED), &[("reason", "Its system is gone")]),
        CHANGE,
    ),
    Row::writes(
        "payment_refund",
        |demo| {
            let fields = [("token", "one"), ("amount", "4.00"), ("reason", "Too much"), ("owed_again", "on")];
            with_id(demo.id("payment", PAID), &fields)
        },
        CHANGE,
    ),
    Row::reads("pay_read", |demo| pays(demo, &[]), IN_PERSON),
    Row::writes("pay_begin", |demo| pays(demo, &[("save_method", "on")]), IN_PERSON),
    // With a card of ABC's.
    Row::writes(
        "pay_saved",
        |demo| {
            let fields = pairs(&[("amount", "50.00"), ("token", "one")]);
            fields.into_iter().chain([("method", demo.id("payment_method", DEFAULT_CARD))]).collect()
        },
        IN_PERSON,
    ),
    Row::reads(
        "payment_return",
        |demo| vec![("payment", demo.id("payment", PAID))],
        [401, 404, 404, 200, 404, 403, 403],
    ),
    Row::reads("card_list", nothing, [401, 404, 404, 200, 200, 403, 403]),
    Row::reads("card_new", nothing, COMPANY),
    Row::writes("card_begin", |_| pairs(&[("token", "one")]), COMPANY),
    Row::reads("card_return", |demo| vec![("setup", demo.id("payment_setup", "abcopen"))], IN_PERSON),
    Row::writes("card_default", |demo| with_id(demo.id("payment_method", OTHER_CARD), &[]), IN_PERSON),
    Row::writes("card_remove", |demo| with_id(demo.id("payment_method", OTHER_CARD), &[]), IN_PERSON),
    Row::reads("auto_payment_read", |demo| of_abc(demo, &[]), OF_ABC),
    Row::writes(
        "auto_payment_save",
        |demo| of_abc(demo, &[("version", "0"), ("on_invoice", "on_issue"), ("on", "on")]),
        [401, 200, 403, 200, 404, 403, 403],
    ),
    Row::reads(
        "customer_billing_read",
        |demo| with_id(demo.id("customer", "abc"), &[]),
        [401, 200, 200, 200, 404, 404, 404],
    ),
    Row::writes(
        "balance_adjust",
        |demo| {
            let fields = [("token", "one"), ("direction", "credit"), ("amount", "5.00"), ("reason", "Goodwill")];
            of_abc(demo, &fields).into_iter().chain([("invoice", demo.id("invoice", INVOICE))]).collect()
        },
        CHANGE,
    ),
    Row::writes("credit_limit_save", |demo| of_abc(demo, &[("limit", "500.00")]), CHANGE),
    Row::reads("transaction_list", first_page, SEE),
    Row::reads("ledger_check", nothing, SEE),
    Row::reads("payment_system_list", first_page, SEE),
    Row::reads("payment_system_read", |demo| with_id(demo.id("payment_system", SYSTEM), &[]), SEE),
    Row::writes("payment_system_create", |_| pairs(&system("Third cards", "usd")), CHANGE),
    Row::writes(
        "payment_system_save",
        |demo| {
            let fields: Vec<_> = [("version", "1")].into_iter().chain(system("Second cards", "usd")).collect();
            with_id(demo.id("payment_system", SPARE), &fields)
        },
        CHANGE,
    ),
    // Asks the processor, and changes nothing.
    Row::reads("payment_system_test", |demo| with_id(demo.id("payment_system", SYSTEM), &[]), CHANGE),
    Row::writes(
        "payment_system_delete",
        |demo| with_id(demo.id("payment_system", SPARE), &[("version", &demo.version("payment_system", SPARE))]),
        CHANGE,
    ),
];

fn of_abc(demo: &DemoIds, more: &[(&'static str, &str)]) -> Fields {
    [("customer", demo.id("customer", "abc"))].into_iter().chain(pairs(more)).collect()
}

/// The open invoice, paid.
fn pays(demo: &DemoIds, more: &[(&'static str, &str)]) -> Fields {
    let invoice = [("invoice", demo.id("invoice", INVOICE))];
    invoice.into_iter().chain(pairs(&[("token", "two")])).chain(pairs(more)).collect()
}

/// A payment system as its form sends it.
fn system(name: &'static str, currency: &'static str) -> [(&'static str, &'static str); 8] {
    [
        ("name", name),
        ("processor", "stripe"),
        ("test_mode", "on"),
        (currency, "on"),
        ("active", "off"),
        ("public_key", "pk_test_other"),
        ("secret_key", "sk_test_other"),
        ("webhook_secret", ""),
    ]
}
