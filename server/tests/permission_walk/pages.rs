//! Every page as everybody: it answers as the table says, and tells nobody what is not theirs.

use std::collections::BTreeSet;

use axum::http::StatusCode;

use crate::{
    calls::OVER,
    demo_ids::DemoIds,
    payments::{INVOICE, PAID, SYSTEM, UNFINISHED},
    recordings::{RECORDED, SENT},
    walk::told_too_much,
    world::{Person, Template},
};

/// The provider's pages: staff see them, others are told that these are the provider's, whatever is asked for.
const STAFF: [u16; 7] = [303, 200, 200, 403, 403, 403, 403];
/// Forms that make something new: for those alone who may make it.
const STAFF_NEW: [u16; 7] = [303, 200, 403, 403, 403, 403, 403];
/// The company's pages: for its administrator.
const COMPANY: [u16; 7] = [303, 403, 403, 200, 200, 403, 403];
/// A record of ABC on a page of self-care: Panda is not told that it exists.
const OF_ABC: [u16; 7] = [303, 403, 403, 200, 404, 403, 403];
/// Pages about oneself, for accounts; a company has no account of its own.
const ACCOUNT: [u16; 7] = [303, 403, 403, 404, 404, 200, 200];

/// Money matters of a company: for its administrator, and accounts whose role says so, which the built-in one does not.
const MONEY: [u16; 7] = [303, 403, 403, 200, 200, 403, 403];

/// Every page with the status that each person gets, in the order of [`Person::ALL`]. `:id` stands for a record of ABC, or
/// of the provider, and John's where it is an account.
const PAGES: &[(&str, [u16; 7])] = &[
    ("/sign-in", [200, 303, 303, 303, 303, 303, 303]),
    ("/profile", [303, 200, 200, 200, 200, 200, 200]),
    ("/admin", STAFF),
    ("/admin/customers", STAFF),
    ("/admin/customers/new", STAFF_NEW),
    ("/admin/customers/:id", STAFF),
    ("/admin/customers/:id/voice", STAFF),
    ("/admin/customers/:id/accounts", STAFF),
    ("/admin/customers/:id/accounts/new", STAFF_NEW),
    ("/admin/customers/:id/huntgroups", STAFF),
    ("/admin/customers/:id/numbers", STAFF),
    ("/admin/customers/:id/billing", STAFF),
    ("/admin/customers/:id/invoices/new", STAFF_NEW),
    ("/admin/customers/:id/status", STAFF),
    ("/admin/customers/:id/sign-in", STAFF),
    ("/admin/customers/:id/history", STAFF),
    ("/admin/accounts", STAFF),
    ("/admin/accounts/:id", STAFF),
    ("/admin/accounts/:id/services", STAFF),
    ("/admin/accounts/:id/status", STAFF),
    ("/admin/accounts/:id/sign-in", STAFF),
    ("/admin/accounts/:id/history", STAFF),
    ("/admin/calls", STAFF),
    ("/admin/calls/:id", STAFF),
    ("/admin/registrations", STAFF),
    ("/admin/xdrs", STAFF),
    ("/admin/recordings", STAFF),
    ("/admin/recordings/delete", STAFF_NEW),
    ("/admin/recordings/:id", STAFF),
    ("/admin/classes", STAFF),
    ("/admin/classes/new", STAFF_NEW),
    ("/admin/classes/:id", STAFF),
    ("/admin/roles", STAFF),
    ("/admin/roles/new", STAFF_NEW),
    ("/admin/roles/:id", STAFF),
    ("/admin/dialing-rules", STAFF),
    ("/admin/dialing-rules/new", STAFF_NEW),
    ("/admin/dialing-rules/:id", STAFF),
    ("/admin/administrators", STAFF),
    ("/admin/administrators/new", STAFF_NEW),
    ("/admin/administrators/:id", STAFF),
    ("/admin/invoices", STAFF),
    ("/admin/invoices/:id", STAFF),
    ("/admin/payments", STAFF),
    ("/admin/payments/:id", STAFF),
    ("/admin/transactions", STAFF),
    ("/admin/payment-systems", STAFF),
    ("/admin/payment-systems/new", STAFF_NEW),
    ("/admin/payment-systems/:id", STAFF),
    ("/admin/mail", STAFF),
    ("/admin/mail/:id", STAFF),
    ("/admin/audit", STAFF),
    ("/admin/gallery", STAFF),
    ("/self-care", [303, 403, 403, 200, 200, 200, 200]),
    ("/self-care/company", COMPANY),
    ("/self-care/extensions", COMPANY),
    ("/self-care/extensions/new", COMPANY),
    ("/self-care/extensions/:id", OF_ABC),
    ("/self-care/extensions/:id/services", OF_ABC),
    ("/self-care/extensions/:id/status", OF_ABC),
    ("/self-care/extensions/:id/sign-in", OF_ABC),
    ("/self-care/huntgroups", COMPANY),
    ("/self-care/huntgroups/new", COMPANY),
    ("/self-care/huntgroups/:id", OF_ABC),
    ("/self-care/dialing-rules", COMPANY),
    ("/self-care/numbers", COMPANY),
    ("/self-care/calls", COMPANY),
    ("/self-care/history", [303, 403, 403, 200, 200, 200, 200]),
    // A call of John's.
    ("/self-care/history/:id", [303, 403, 403, 200, 404, 200, 404]),
    ("/self-care/recordings", [303, 403, 403, 200, 200, 200, 200]),
    // Accounts may not delete unless their role says so.
    ("/self-care/recordings/delete", COMPANY),
    // A recording of John's, and an e-mail to him.
    ("/self-care/recordings/:id", [303, 403, 403, 200, 404, 200, 404]),
    ("/self-care/mailbox", [303, 403, 403, 200, 200, 200, 200]),
    ("/self-care/mailbox/:id", [303, 403, 403, 404, 404, 200, 404]),
    ("/self-care/recording", ACCOUNT),
    ("/self-care/phone", ACCOUNT),
    ("/self-care/codes", ACCOUNT),
    // For managers and the company; John and Olivia are agents.
    ("/self-care/console", COMPANY),
    ("/self-care/wallboard", COMPANY),
    ("/self-care/audit", COMPANY),
    ("/self-care/billing", MONEY),
    ("/self-care/invoices", MONEY),
    ("/self-care/invoices/:id", OF_ABC),
    ("/self-care/payments", MONEY),
    ("/self-care/payments/pay", MONEY),
    ("/self-care/payments/return", MONEY),
    ("/self-care/payments/:id", OF_ABC),
    ("/self-care/payments/:id/resume", OF_ABC),
    ("/self-care/cards", MONEY),
    ("/self-care/cards/new", MONEY),
    ("/self-care/cards/return", MONEY),
    ("/self-care/auto-payment", MONEY),
];

/// What is no page of the router's: the audit log as a file, and the way to the start.
const BESIDE: &[(&str, [u16; 7])] = &[
    ("/", [303, 303, 303, 303, 303, 303, 303]),
    ("/admin/audit.csv", STAFF),
    ("/self-care/audit.csv", COMPANY),
    // The sound of a recording of John's, and an e-mail to him as he reads it.
    ("/recordings/:id.wav", [303, 200, 200, 200, 404, 200, 404]),
    ("/recordings/:id.opus?download", [303, 200, 200, 200, 404, 200, 404]),
    ("/mail/:id.html", [303, 200, 200, 404, 404, 200, 404]),
    // An invoice of ABC as a document.
    ("/invoices/:id.pdf", [303, 200, 200, 200, 404, 403, 403]),
    // The staff's page of one huntgroup, and of a new one, are in the query.
    ("/admin/customers/:id/huntgroups?group=new", STAFF_NEW),
    ("/admin/customers/:id/numbers?number=new", STAFF_NEW),
    // What is paid, and how it ended, is in the query.
    ("/self-care/payments/pay?invoice=:id", OF_ABC),
    ("/self-care/payments/return?payment=:id", OF_ABC),
    ("/self-care/cards/return?setup=:id", OF_ABC),
    // Word of what happens: nothing that a page is sent away to sign in for.
    ("/live/calls", [401, 200, 200, 200, 200, 403, 403]),
    ("/live/registrations", [401, 200, 200, 200, 200, 403, 403]),
    ("/live/xdrs", [401, 200, 200, 200, 200, 200, 200]),
    ("/live/console,levels", [401, 403, 403, 200, 200, 403, 403]),
    // The phone's stream is an account's, and no request without an upgrade opens it.
    ("/phone", [401, 403, 403, 403, 403, 400, 400]),
];

/// The addresses of all pages, as the router has them; those in functions named `admin_…pages` are the provider's, and in
/// others named `…_pages` self-care's.
fn routes() -> BTreeSet<String> {
    let source = include_str!("../../../app/src/routes.rs");
    let mut parent = "";
    let mut addresses = BTreeSet::new();
    for line in source.lines() {
        let path = line.split_once("path!(\"").and_then(|(_, rest)| rest.split_once('"')).map(|(path, _)| path);
        match path {
            Some(path) if line.contains("<ParentRoute") => parent = path,
            Some(path) if line.contains("<Route") => {
                addresses.insert(format!("{parent}{path}"));
            }
            Some(_) | None if line.contains("</ParentRoute>") || line == "}" => parent = "",
            Some(_) | None if line.contains("_pages(") && line.starts_with("fn admin_") => parent = "/admin",
            Some(_) | None if line.contains("_pages(") && line.starts_with("fn ") => parent = "/self-care",
            Some(_) | None => {}
        }
    }
    addresses
}

fn with_id(demo: &DemoIds, address: &str) -> String {
    let kinds = [
        ("?invoice=", demo.id("invoice", INVOICE)),
        ("?payment=", demo.id("payment", PAID)),
        ("?setup=", demo.id("payment_setup", "abcopen")),
        ("/customers/", demo.id("customer", "abc")),
        ("/accounts/", demo.id("account", "abc744")),
        ("/calls/", OVER.to_owned()),
        ("/history/", OVER.to_owned()),
        ("/recordings/", demo.id("recording", RECORDED)),
        ("/mail/", demo.id("mail", SENT)),
        ("/mailbox/", demo.id("mail", SENT)),
        ("/extensions/", demo.id("account", "abc744")),
        ("/huntgroups/", demo.id("huntgroup", "abc7700")),
        ("/classes/", demo.id("customer_class", "Business")),
        ("/roles/", demo.id("access_role", "Account")),
        ("/dialing-rules/", demo.id("dialing_rule", "Spare")),
        ("/invoices/", demo.id("invoice", INVOICE)),
        ("/payments/", demo.id("payment", UNFINISHED)),
        ("/payment-systems/", demo.id("payment_system", SYSTEM)),
        ("/administrators/", demo.id("administrator", "Administrator")),
    ];
    let id = kinds.into_iter().find(|(kind, _)| address.contains(kind)).map_or_else(String::new, |(_, id)| id);
    address.replace(":id", &id)
}

#[test]
fn every_page_is_in_the_table_and_no_other() {
    let tabled: BTreeSet<String> = PAGES.iter().map(|(address, _)| (*address).to_owned()).collect();
    let routes = routes();
    let forgotten: Vec<_> = routes.difference(&tabled).collect();
    let gone: Vec<_> = tabled.difference(&routes).collect();
    assert!(forgotten.is_empty(), "say in server/tests/permission_walk/pages.rs who may see {forgotten:?}");
    assert!(gone.is_empty(), "these are in the table but not in the application: {gone:?}");
}

#[tokio::test]
async fn every_page_answers_everybody_and_tells_nobody_too_much() {
    let template = Template::new().await;
    let mut faults = Vec::new();
    for (address, expected) in PAGES.iter().chain(BESIDE) {
        // A world of its own: the audit log shows people what they asked for before.
        let world = template.world().await;
        let address = with_id(&template.demo, address);
        for (person, expected) in Person::ALL.into_iter().zip(expected) {
            let noted = world.audit().await.len();
            let answer = world.page(person, &address).await;
            if answer.status != *expected {
                faults.push(format!("{address} as {person:?}: {} instead of {expected}", answer.status));
            }
            let refused = matches!(answer.status, StatusCode::FORBIDDEN | StatusCode::NOT_FOUND);
            if refused && !world.audit().await[noted..].iter().any(|line| line.contains(" refused ")) {
                faults.push(format!("{address} as {person:?}: the refusal is not in the audit log"));
            }
            // The address itself comes back in the page, with the id that was asked for.
            let told = told_too_much(&template.demo, person, &answer);
            faults.extend(
                told.iter().filter(|id| !address.contains(*id)).map(|id| format!("{address} as {person:?} tells {id}")),
            );
        }
        world.end().await;
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[tokio::test]
async fn a_page_that_is_not_there_and_a_record_that_is_not_there_are_said_to_be_so() {
    let template = Template::new().await;
    let world = template.world().await;
    for address in [
        "/admin/nothing",
        "/nothing",
        "/admin/customers/no-id",
        "/admin/customers/01890000-0000-7000-8000-000000000000",
    ] {
        let answer = world.page(Person::Administrator, address).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{address}");
        assert!(answer.body.contains("<h1"), "{address} has no page");
    }
}

/// Parts of a page are prepared on other threads than the one that renders it. What one of them writes while the page reads it
/// is not there to be read, and the page would be a fault of ours, now and then.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn pages_with_lists_in_what_was_loaded_are_rendered_every_time() {
    let template = Template::new().await;
    let world = template.world().await;
    let addresses = ["/admin/customers", "/admin/customers/:id/accounts", "/admin/accounts/:id/history"];
    for address in addresses.map(|address| with_id(&template.demo, address)) {
        for time in 0..200 {
            let answer = world.page(Person::Administrator, &address).await;
            assert_eq!(answer.status, StatusCode::OK, "{address}, the {time}th time");
        }
    }
}
