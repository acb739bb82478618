//! The ledger: every movement balances, balances are the sums of their postings, and nothing is written twice.

use std::collections::BTreeSet;

use rand::{Rng, SeedableRng, rngs::StdRng};
use sqlx::{Connection, Executor, PgConnection, SqliteConnection};
use tandem_domain::{
    access::{Scope, Tenant},
    billing::{
        invoice::InvoiceState,
        ledger::{Funds, TransactionKind},
    },
    customer::Customer,
    ids::{CustomerId, InvoiceId},
    list::Query,
    locale::Currency,
};
use tandem_store::{
    Store, StoreError,
    ledger::{LedgerFilters, NewAdjustment},
};
use uuid::Uuid;

use crate::{
    money::{Shop, clean, company},
    world::{World, at_once, not_found, refusal},
};

on_both!(
    a_balance_is_corrected_once_per_form,
    a_credit_pays_the_invoice_that_it_is_for_and_then_those_that_are_due_first,
    a_postpaid_customer_has_its_limit,
    writers_at_once_lose_no_posting,
    transactions_are_listed_with_the_balance_after_each,
    the_database_refuses_to_change_the_past,
    the_check_finds_what_is_wrong,
    a_currency_stays_once_money_moved,
    another_customers_money_is_not_seen,
);

fn credit(token: &str, credit: i64) -> NewAdjustment {
    NewAdjustment { token: token.into(), credit, reason: "Goodwill".into(), invoice: None }
}

async fn balance(store: &Store, tenant: Tenant) -> i64 {
    store.ledger().balance(tenant).await.unwrap().balance.minor
}

async fn a_balance_is_corrected_once_per_form(world: World) {
    let abc = company(&world, "ABC").await;
    let ledger = world.store.ledger();
    let lines = world.lines().await;
    let first = ledger.adjust(&world.change(), abc, &credit("form", 500)).await.unwrap();
    assert_eq!(ledger.adjust(&world.change(), abc, &credit("form", 500)).await.unwrap(), first, "a double click");
    ledger.adjust(&world.change(), abc, &credit("other", -200)).await.unwrap();
    assert_eq!(balance(&world.store, abc).await, -300);
    let told = |amount: &str| {
        [["ABC", "adjusted", "amount", "", amount], ["ABC", "adjusted", "reason", "", "Goodwill"]]
            .map(|line| line.map(String::from))
    };
    assert_eq!(world.told_since(lines).await, [told("EUR 5.00"), told("EUR -2.00")].concat());
    for wrong in [0, i64::MAX, i64::MIN] {
        refusal(ledger.adjust(&world.change(), abc, &credit("wrong", wrong)).await, "credit");
    }
    not_found(ledger.adjust(&world.change(), Tenant::for_system(CustomerId(Uuid::nil())), &credit("x", 1)).await);
    clean(&world).await;
}

async fn a_credit_pays_the_invoice_that_it_is_for_and_then_those_that_are_due_first(world: World) {
    let shop = Shop::new(&world).await;
    let [first, second, third] =
        [shop.invoice(&world, 100).await, shop.invoice(&world, 200).await, shop.invoice(&world, 300).await];
    let transfer = NewAdjustment { invoice: Some(third), ..credit("transfer", 350) };
    world.store.ledger().adjust(&world.change(), shop.tenant, &transfer).await.unwrap();
    assert_eq!([shop.open(&world, first).await, shop.open(&world, second).await], [50, 200]);
    assert_eq!(world.store.invoices().one(shop.tenant, third).await.unwrap().state, InvoiceState::Paid);
    let again = NewAdjustment { token: "again".into(), ..transfer };
    refusal(world.store.ledger().adjust(&world.change(), shop.tenant, &again).await, "invoice");
    let nobody = NewAdjustment { invoice: Some(InvoiceId(Uuid::nil())), ..credit("nobody", 5) };
    not_found(world.store.ledger().adjust(&world.change(), shop.tenant, &nobody).await);
    assert_eq!(shop.balance(&world).await, 250);
    // What is left over is there for the next invoice.
    world.store.ledger().adjust(&world.change(), shop.tenant, &credit("rest", 1000)).await.unwrap();
    let next = shop.invoice(&world, 400).await;
    assert_eq!((shop.balance(&world).await, shop.open(&world, next).await), (-350, 0));
    clean(&world).await;
}

async fn a_postpaid_customer_has_its_limit(world: World) {
    let shop = Shop::new(&world).await;
    let ledger = world.store.ledger();
    shop.invoice(&world, 900).await;
    let funds = async || ledger.balance(shop.tenant).await.unwrap().funds;
    assert_eq!(funds().await, Funds { available: None, exhausted: false });
    assert_eq!(ledger.set_credit_limit(&world.change(), shop.tenant, Some(1000)).await.unwrap(), None);
    assert_eq!(funds().await, Funds { available: Some(100), exhausted: false });
    shop.invoice(&world, 100).await;
    assert_eq!(funds().await, Funds { available: Some(0), exhausted: true });
    assert_eq!(ledger.set_credit_limit(&world.change(), shop.tenant, Some(1000)).await.unwrap(), Some(1000));
    assert_eq!(ledger.set_credit_limit(&world.change(), shop.tenant, None).await.unwrap(), Some(1000));
    assert!(!funds().await.exhausted);
    refusal(ledger.set_credit_limit(&world.change(), shop.tenant, Some(-1)).await, "credit_limit");
}

async fn writers_at_once_lose_no_posting(world: World) {
    let (abc, panda) = (company(&world, "ABC").await, company(&world, "Panda").await);
    // All of them also write the same thirty.
    let written = at_once((0..8_u32).map(|writer| {
        let (store, change) = (world.store.clone(), world.by("system"));
        async move {
            let mut chance = StdRng::seed_from_u64(writer.into());
            let mut ids: Vec<u32> = (0..30).chain((0..30).map(|n| 1000 + writer * 1000 + n)).collect();
            ids.sort_by_cached_key(|_| chance.random::<u32>());
            let mut written = Vec::new();
            for id in ids {
                let tenant = if id.is_multiple_of(2) { abc } else { panda };
                let one = credit(&id.to_string(), -1);
                written.push(store.ledger().adjust(&change, tenant, &one).await.unwrap());
            }
            written
        }
    }))
    .await;
    let written: BTreeSet<_> = written.into_iter().flatten().collect();
    assert_eq!(written.len(), 8 * 30 + 30);
    assert_eq!([balance(&world.store, abc).await, balance(&world.store, panda).await], [135, 135]);
    assert_eq!(clean(&world).await.transactions, 270);
}

async fn transactions_are_listed_with_the_balance_after_each(world: World) {
    let shop = Shop::new(&world).await;
    let (invoice, payment) = shop.paid(&world, 1000).await;
    world.store.ledger().adjust(&world.change(), shop.tenant, &credit("a", 250)).await.unwrap();
    let list = async |scope: Scope, search: &str, filters: LedgerFilters| {
        let query = Query { search: search.into(), ..Query::default() };
        world.store.ledger().list(scope, &query, &filters).await.unwrap().rows
    };
    let none = LedgerFilters::default();
    let all = list(Scope::of(shop.tenant), "", none).await;
    let told: Vec<_> = all.iter().map(|row| (row.kind, row.amount.minor, row.balance, row.text.as_str())).collect();
    assert_eq!(
        told,
        [
            (TransactionKind::Adjustment, -250, -250, "Goodwill"),
            (TransactionKind::Payment, -1000, 0, "INV-000001"),
            (TransactionKind::InvoiceIssued, 1000, 1000, "INV-000001"),
        ]
    );
    assert_eq!((all[1].payment, all[1].invoice, all[2].invoice), (Some(payment.id), Some(invoice), Some(invoice)));
    assert_eq!((all[0].by.as_str(), all[0].by_staff, all[1].by.as_str()), ("admin", true, "system"));
    let payments = LedgerFilters { kind: Some(TransactionKind::Payment), ..none };
    assert_eq!(list(Scope::for_system(), "", payments).await, all[1..2]);
    assert_eq!(list(Scope::for_system(), "goodw", none).await, all[..1]);
    let before = LedgerFilters { until: Some(all[1].at), customer: Some(shop.tenant.customer()), ..none };
    assert_eq!(list(Scope::of(shop.tenant), "", before).await, all[2..]);
    assert_eq!(list(Scope::of(company(&world, "Panda").await), "", none).await, []);
}

/// Runs a statement beside the store, and tells whether the database took it.
pub async fn run(url: &str, statement: &str) -> bool {
    if url.starts_with("sqlite") {
        let mut connection = SqliteConnection::connect(url).await.unwrap();
        connection.execute(statement).await.is_ok()
    } else {
        let mut connection = PgConnection::connect(url).await.unwrap();
        connection.execute(statement).await.is_ok()
    }
}

async fn the_database_refuses_to_change_the_past(world: World) {
    let shop = Shop::new(&world).await;
    shop.invoice(&world, 100).await;
    world.store.migrate().await.unwrap();
    for table in ["ledger_transaction", "ledger_posting"] {
        assert!(!run(&world.url, &format!("UPDATE {table} SET amount = 0")).await, "{table} was changed");
        assert!(!run(&world.url, &format!("DELETE FROM {table}")).await, "{table} was deleted");
    }
    clean(&world).await;
}

async fn the_check_finds_what_is_wrong(world: World) {
    let shop = Shop::new(&world).await;
    let (_, payment) = shop.paid(&world, 100).await;
    shop.invoice(&world, 100).await;
    clean(&world).await;
    for (damage, repair, problems) in [
        (
            "UPDATE ledger_account SET balance = balance + 1 WHERE kind = 'revenue'".to_owned(),
            "UPDATE ledger_account SET balance = balance - 1 WHERE kind = 'revenue'".to_owned(),
            2,
        ),
        (
            format!("UPDATE payment SET state = 'processing' WHERE id = '{}'", payment.id),
            format!("UPDATE payment SET state = 'succeeded' WHERE id = '{}'", payment.id),
            2,
        ),
        ("UPDATE payment SET refunded = 1".into(), "UPDATE payment SET refunded = 0".into(), 1),
        (
            "UPDATE invoice SET paid = paid - 1 WHERE state = 'paid'".into(),
            "UPDATE invoice SET paid = paid + 1 WHERE state = 'paid'".into(),
            2,
        ),
        (
            "UPDATE invoice SET number = 9 WHERE number = 2".into(),
            "UPDATE invoice SET number = 2 WHERE number = 9".into(),
            1,
        ),
    ] {
        assert!(run(&world.url, &damage).await);
        let report = world.store.ledger().check().await.unwrap();
        assert_eq!(report.problems.len(), problems, "{damage}: {report:#?}");
        assert!(run(&world.url, &repair).await);
        clean(&world).await;
    }
}

async fn a_currency_stays_once_money_moved(world: World) {
    let shop = Shop::new(&world).await;
    let save = async |currency: Currency| {
        let customer = world.store.customers().get(shop.tenant).await.unwrap();
        let new = Customer { currency, ..customer.value };
        world.store.customers().update(shop.tenant, customer.version, &new, &world.change()).await
    };
    save(Currency::Usd).await.unwrap();
    save(Currency::Eur).await.unwrap();
    shop.invoice(&world, 100).await;
    refusal(save(Currency::Usd).await, "currency");
}

async fn another_customers_money_is_not_seen(world: World) {
    let shop = Shop::new(&world).await;
    let panda = company(&world, "Panda").await;
    let (invoice, payment) = shop.paid(&world, 1000).await;
    let card = shop.proven_card(&world).await;
    let store = &world.store;
    not_found(store.invoices().one(panda, invoice).await);
    not_found(store.invoices().void(&world.change(), panda, invoice, "").await);
    assert_eq!(store.invoices().allocations(panda, invoice).await.unwrap(), []);
    not_found(store.payments().one(panda, payment.id).await);
    not_found(store.payments().resume(world.now(), panda, payment.id).await);
    assert_eq!(store.payments().transitions(panda, payment.id).await.unwrap(), []);
    assert_eq!(store.payments().refunds(panda, payment.id).await.unwrap(), []);
    let open = shop.invoice(&world, 500).await;
    let theirs = shop.payment("panda", Some(open));
    not_found(store.payments().begin(&world.change(), panda, &theirs).await);
    let mary = crate::money::payer(&world, &shop, "Mary", "702").await;
    let payer = tandem_store::payments::NewPayment { payer: Some(mary), ..shop.payment("panda", None) };
    not_found(store.payments().begin(&world.change(), panda, &payer).await);
    let with_card = tandem_store::payments::NewPayment { method: Some(card), ..shop.payment("panda", None) };
    refusal(store.payments().begin(&world.change(), panda, &with_card).await, "method");
    assert_eq!(store.payments().open_of_invoice(panda, open).await.unwrap(), None);
    not_found(store.payment_methods().one(panda, card).await);
    not_found(store.payment_methods().set_default(&world.change(), panda, card).await);
    not_found(store.payment_methods().remove(&world.change(), panda, card).await);
    assert_eq!(store.payment_methods().list(panda).await.unwrap(), []);
    let setup = store.payment_methods().begin_setup(&world.change(), shop.tenant, shop.system, "s").await.unwrap();
    not_found(store.payment_methods().setup_of(panda, setup.id).await);
    let refund =
        tandem_store::payments::NewRefund { token: "r".into(), amount: 1, reason: "x".into(), owed_again: true };
    not_found(store.payments().begin_refund(&world.change(), panda, payment.id, &refund).await);
    let paying = NewAdjustment { invoice: Some(open), ..credit("theirs", 500) };
    not_found(store.ledger().adjust(&world.change(), panda, &paying).await);
    assert_eq!(balance(store, panda).await, 0);
    let scope = Scope::of(panda);
    assert_eq!(store.payments().list(scope, &Query::default(), &Default::default()).await.unwrap().rows, []);
    assert_eq!(store.invoices().list(scope, &Query::default(), &Default::default()).await.unwrap().rows, []);
    // Asked for another's by a filter, too.
    let filters =
        tandem_store::invoices::InvoiceFilters { customer: Some(shop.tenant.customer()), ..Default::default() };
    assert_eq!(store.invoices().list(scope, &Query::default(), &filters).await.unwrap().rows, []);
    let nobody = Tenant::for_system(CustomerId(Uuid::nil()));
    assert!(matches!(store.ledger().balance(nobody).await, Err(StoreError::NotFound)));
    clean(&world).await;
}
