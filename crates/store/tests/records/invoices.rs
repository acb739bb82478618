//! Invoices: numbers without gaps, withdrawn, paid by what is allocated to them.

use tandem_domain::{
    access::{Scope, Tenant},
    billing::{
        invoice::{InvoiceNumber, InvoiceStanding, InvoiceState, NewInvoice},
        payment::{IntentStatus, PaymentState},
    },
    customer::Customer,
    ids::InvoiceId,
    list::Query,
};
use tandem_store::{StoreError, invoices::InvoiceFilters};

use crate::{
    money::{Shop, bill, clean, company, state, take},
    world::{World, at_once, refusal},
};

on_both!(
    an_invoice_is_issued_once_per_request,
    numbers_have_no_gaps_whoever_issues_and_whatever_fails,
    an_open_invoice_is_withdrawn,
    an_invoice_with_the_bank_is_not_withdrawn,
    what_was_paid_of_a_withdrawn_invoice_pays_the_next,
    invoices_are_listed_and_found,
    those_that_are_due_first_are_first_however_many_there_are,
    an_invoice_keeps_the_name_that_its_customer_had,
);

async fn an_invoice_is_issued_once_per_request(world: World) {
    let shop = Shop::new(&world).await;
    let lines = world.lines().await;
    let issue = async |token: &str, new: &NewInvoice| {
        world.store.invoices().issue(&world.change(), shop.tenant, token, new).await
    };
    let id = issue("form", &bill(12_000)).await.unwrap();
    assert_eq!(issue("form", &bill(12_000)).await.unwrap(), id, "a double click");
    let invoice = world.store.invoices().one(shop.tenant, id).await.unwrap();
    assert_eq!((invoice.number, invoice.state, invoice.open().minor), (InvoiceNumber(1), InvoiceState::Open, 12_000));
    assert_eq!((invoice.lines, invoice.due_on.as_str()), (bill(12_000).lines, "2026-01-15"));
    assert_eq!(shop.balance(&world).await, 12_000);
    assert_eq!(world.told_since(lines).await, [["INV-000001", "issued", "total", "", "EUR 120.00"].map(String::from)]);
    refusal(issue("other", &NewInvoice { lines: vec![], ..bill(1) }).await, "lines");
    refusal(issue("", &bill(1)).await, "token");
    clean(&world).await;
}

async fn numbers_have_no_gaps_whoever_issues_and_whatever_fails(world: World) {
    let tenants: Vec<Tenant> = vec![company(&world, "ABC").await, company(&world, "Panda").await];
    let issued = at_once((0..6_usize).map(|issuer| {
        let (store, change, tenant) = (world.store.clone(), world.change(), tenants[issuer % 2]);
        async move {
            let mut issued = 0;
            for n in 0..10 {
                // Some are cut off before they are done, some ask twice.
                let token = format!("{issuer}:{n}");
                let new = bill(100);
                let issue = store.invoices();
                let issue = issue.issue(&change, tenant, &token, &new);
                if n % 3 == 0 {
                    let _ = tokio::time::timeout(std::time::Duration::from_micros(200 * n), issue).await;
                } else {
                    issue.await.unwrap();
                }
                store.invoices().issue(&change, tenant, &token, &new).await.unwrap();
                issued += 1;
            }
            issued
        }
    }))
    .await;
    assert_eq!(issued.iter().sum::<i64>(), 60);
    assert_eq!(clean(&world).await.invoices, 60, "and their numbers have no gaps, says the check");
}

async fn an_open_invoice_is_withdrawn(world: World) {
    let shop = Shop::new(&world).await;
    let id = shop.invoice(&world, 500).await;
    let open = shop.begin(&world, "form", Some(id)).await.payment;
    let lines = world.lines().await;
    let void = async |id: InvoiceId| world.store.invoices().void(&world.change(), shop.tenant, id, "Wrong price").await;
    void(id).await.unwrap();
    let told = world.told_since(lines).await;
    assert_eq!(told[0], ["INV-000001", "withdrawn", "state", "open", "void"].map(String::from));
    assert_eq!(told[2], ["INV-000001", "withdrawn", "reason", "", "Wrong price"].map(String::from));
    assert_eq!(shop.balance(&world).await, 0);
    assert_eq!(refusal(void(id).await, "state"), "This invoice is withdrawn already.");
    let again = shop.payment("again", Some(id));
    let again = world.store.payments().begin(&world.change(), shop.tenant, &again).await;
    assert_eq!(refusal(again, "invoice"), "This invoice was withdrawn; there is nothing to pay.");
    // Should somebody have paid it all the same, the money is the customer's.
    take(&world, &open, IntentStatus::Succeeded).await;
    assert_eq!((state(&world.store, open.id).await, shop.balance(&world).await), (PaymentState::Succeeded, -500));
    let (paid, _) = shop.paid(&world, 700).await;
    assert!(refusal(void(paid).await, "state").starts_with("This invoice is paid."));
    clean(&world).await;
}

async fn an_invoice_with_the_bank_is_not_withdrawn(world: World) {
    let shop = Shop::new(&world).await;
    let id = shop.invoice(&world, 500).await;
    let payment = shop.begin(&world, "form", Some(id)).await.payment;
    for status in [IntentStatus::RequiresAction, IntentStatus::Processing] {
        take(&world, &payment, status).await;
        refusal(world.store.invoices().void(&world.change(), shop.tenant, id, "").await, "state");
    }
    take(&world, &payment, IntentStatus::Canceled).await;
    world.store.invoices().void(&world.change(), shop.tenant, id, "").await.unwrap();
    clean(&world).await;
}

async fn what_was_paid_of_a_withdrawn_invoice_pays_the_next(world: World) {
    let shop = Shop::new(&world).await;
    // Ten euros come in and pay a part of the first.
    let first = shop.invoice(&world, 1500).await;
    let payment = shop.begin(&world, "top-up", None).await.payment;
    take(&world, &payment, IntentStatus::Succeeded).await;
    let second = shop.invoice(&world, 700).await;
    assert_eq!([shop.open(&world, first).await, shop.open(&world, second).await], [500, 700]);
    world.store.invoices().void(&world.change(), shop.tenant, first, "").await.unwrap();
    assert_eq!((shop.open(&world, second).await, shop.balance(&world).await), (0, -300));
    let allocations = world.store.invoices().allocations(shop.tenant, first).await.unwrap();
    assert_eq!(allocations.iter().map(|one| one.amount).collect::<Vec<_>>(), [1000, -1000]);
    clean(&world).await;
}

async fn invoices_are_listed_and_found(world: World) {
    let shop = Shop::new(&world).await;
    let panda = company(&world, "Panda").await;
    let (paid, _) = shop.paid(&world, 100).await;
    let open = shop.invoice(&world, 200).await;
    let late = NewInvoice { issued_on: "2025-01-01".into(), due_on: "2025-01-15".into(), ..bill(300) };
    let late = world.store.invoices().issue(&world.change(), shop.tenant, "late", &late).await.unwrap();
    let theirs = world.store.invoices().issue(&world.change(), panda, "theirs", &bill(400)).await.unwrap();
    let listed = async |scope: Scope, search: &str, standing: Option<InvoiceStanding>| {
        let query = Query { search: search.into(), ..Query::default() };
        let filters = InvoiceFilters { standing, today: "2026-01-10".into(), ..InvoiceFilters::default() };
        let page = world.store.invoices().list(scope, &query, &filters).await.unwrap();
        assert_eq!(page.count as usize, page.rows.len());
        page.rows.into_iter().map(|row| row.id).collect::<Vec<_>>()
    };
    let (all, abc) = (Scope::for_system(), Scope::of(shop.tenant));
    assert_eq!(listed(all, "", None).await, [theirs, late, open, paid]);
    assert_eq!(listed(abc, "", None).await, [late, open, paid]);
    assert_eq!(listed(abc, "", Some(InvoiceStanding::Open)).await, [late, open]);
    assert_eq!(listed(abc, "", Some(InvoiceStanding::Overdue)).await, [late]);
    assert_eq!(listed(all, "", Some(InvoiceStanding::Paid)).await, [paid]);
    assert_eq!(listed(all, "", Some(InvoiceStanding::Void)).await, []);
    assert_eq!(listed(all, "inv-000002", None).await, [open]);
    assert_eq!(listed(all, "panda", None).await, [theirs]);
    let counts = world.store.invoices().open_of(shop.tenant, "2026-01-10").await.unwrap();
    assert_eq!((counts.count, counts.minor, counts.overdue), (2, 500, 1));
    let missing = world.store.invoices().one(panda, open).await;
    assert!(matches!(missing, Err(StoreError::NotFound)));
}

async fn those_that_are_due_first_are_first_however_many_there_are(world: World) {
    let shop = Shop::new(&world).await;
    let invoices = world.store.invoices();
    let old = NewInvoice { issued_on: "2025-01-01".into(), due_on: "2025-01-15".into(), ..bill(300) };
    let oldest = invoices.issue(&world.change(), shop.tenant, "old", &old).await.unwrap();
    // More than stand on a page of a list, of which the newest are the first.
    let mut others = Vec::new();
    for _ in 0..60 {
        others.push(shop.invoice(&world, 100).await);
    }
    let first = invoices.due_first(shop.tenant, 3).await.unwrap();
    assert_eq!(first.iter().map(|row| row.id).collect::<Vec<_>>(), [oldest, others[0], others[1]]);
    assert_eq!(first[0].open.minor, 300);
    let panda = company(&world, "Panda").await;
    assert_eq!(invoices.due_first(panda, 3).await.unwrap(), []);
    invoices.void(&world.change(), shop.tenant, oldest, "").await.unwrap();
    assert_eq!(invoices.due_first(shop.tenant, 1).await.unwrap()[0].id, others[0]);
}

async fn an_invoice_keeps_the_name_that_its_customer_had(world: World) {
    let abc = company(&world, "ABC").await;
    let invoices = world.store.invoices();
    let before = invoices.issue(&world.change(), abc, "before", &bill(100)).await.unwrap();
    let stored = world.store.customers().get(abc).await.unwrap();
    let renamed = Customer { name: "ABC and Sons".into(), ..stored.value };
    world.store.customers().update(abc, stored.version, &renamed, &world.change()).await.unwrap();
    let after = invoices.issue(&world.change(), abc, "after", &bill(100)).await.unwrap();
    let buyer = async |id| invoices.one(abc, id).await.unwrap().buyer;
    assert_eq!([buyer(before).await, buyer(after).await], ["ABC", "ABC and Sons"]);
}
