//! The transactions of the ledger, and the proof that it is right. For the provider's staff.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use serde::{Deserialize, Serialize};
use tandem_domain::{access::Field, billing::ledger::TransactionKind};

use super::invoices::days_and_customer;
use crate::{
    context::me,
    data::{load, loaded},
    error::AppError,
    listing::{ListArgs, Listing, Tone},
    ui::{Card, CollectAny as _, Filter, ListPage, Notice, list_args},
};

/// A page of the transactions, the newest first. Filters: `kind`; the days `from` and `to`, both included; `customer`, as the
/// list of accounts has it.
///
/// # Errors
/// What is wrong with the days; without the permission to see the ledger.
#[server(endpoint = "transaction_list")]
pub async fn transaction_list(
    /// What the address asks for.
    args: ListArgs,
) -> Result<Listing, AppError> {
    use tandem_domain::{access::Audience, money::Money};
    use tandem_store::ledger::LedgerFilters;

    use super::{invoice_path, payment_path};
    use crate::{
        listing::{Cell, Column, ListRow},
        parts::{
            audit_list::filters::days,
            customer_filter::{Asked, asked_customer},
        },
        server::{ask::Ask, format},
    };

    let ask = Ask::now()?;
    ask.see(Field::Ledger)?;
    let scope = ask.money_scope()?;
    let (from, until) = days(&args, &ask.me.time_zone)?;
    let kind = TransactionKind::from_key(args.filter("kind"));
    let columns: Vec<Column> = ["When", "What", "Customer", "Amount", "Balance", "By"].map(Column::plain).into();
    let customer = match asked_customer(&ask, scope, args.filter("customer")).await? {
        Asked::All => None,
        Asked::One(customer) => Some(customer),
        Asked::Nobody => return Ok(Listing::whole(columns, Vec::new())),
    };
    let filters = LedgerFilters { customer, kind, from, until };
    let page = ask.store().ledger().list(scope, &args.query(()), &filters).await;
    let page = page.map_err(|error| ask.tell("transaction", error))?;
    let named = ask.me.sees(Field::CustomerName);
    Ok(Listing::of(columns, page, |row| {
        let (day, time) = format::day_and_time(row.at, ask.me.locale, &ask.me.time_zone);
        let of_payment = row.payment.filter(|_| ask.me.sees(Field::Payments));
        let of_invoice = row.invoice.filter(|_| ask.me.sees(Field::Invoices));
        let href = of_payment
            .map(|payment| payment_path(Audience::Administrator, payment))
            .or_else(|| of_invoice.map(|invoice| invoice_path(Audience::Administrator, invoice)));
        let cells = vec![
            Cell::Two(day, time),
            Cell::Two(row.kind.label().into(), row.text),
            Cell::Text(if named { row.customer_name } else { String::new() }),
            Cell::Figures(ask.money(row.amount)),
            Cell::Figures(ask.money(Money::new(row.balance, row.amount.currency))),
            Cell::Text(ask.name_of(row.by, row.by_staff)),
        ];
        ListRow { href, cells }
    }))
}

/// What the ledger's check found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerCheck {
    /// What was looked at.
    pub looked_at: String,
    /// What is wrong; nothing, if all is right.
    pub problems: Vec<String>,
}

/// Checks the ledger: everything sums to zero, each balance equals its postings, each payment was credited once.
///
/// # Errors
/// Without the permission to see the ledger.
#[server(CheckLedger, endpoint = "ledger_check")]
pub async fn ledger_check() -> Result<LedgerCheck, AppError> {
    use crate::server::ask::Ask;

    let ask = Ask::now()?;
    ask.see(Field::Ledger)?;
    let report = ask.store().ledger().check().await.map_err(|error| ask.tell("transaction", error))?;
    Ok(LedgerCheck {
        looked_at: format!(
            "{} transactions with {} postings to {} accounts, {} payments, {} invoices.",
            report.transactions, report.postings, report.accounts, report.payments, report.invoices
        ),
        problems: report.problems,
    })
}

/// The page.
#[component]
pub fn TransactionsPage() -> impl IntoView {
    let args = list_args();
    let options = TransactionKind::ALL.iter().map(|one| (one.key().to_owned(), one.label().to_owned())).collect();
    // It reads every posting: only when somebody wants it.
    let wanted = use_query_map().with_untracked(|query| query.get("check").is_some());
    let check = match (me().sees(Field::Ledger), wanted) {
        (true, true) => loaded(load(|| Ok(CheckLedger {})), check_card),
        (true, false) => {
            view! { <div class="actions"><a class="button" href="?check=1" rel="external">"Check the ledger"</a></div> }
                .into_any()
        }
        (false, _) => ().into_any(),
    };
    view! {
        <div class="stack">
            {check}
            <ListPage
                title="Transactions"
                description="How balances came to be what they are. What is owed is positive."
                listing=load(move || Ok(TransactionList { args: args.get() }))
                args=args
                noun=("transaction", "transactions")
                filters=vec![Filter { name: "kind", label: "Kind", options }]
                inputs=days_and_customer()
                empty=("No transactions yet", "Invoices, payments, refunds and adjustments are listed here.")
                search_in="text"
                seen_by=&[Field::Ledger]
            />
        </div>
    }
}

fn check_card(check: LedgerCheck) -> AnyView {
    let LedgerCheck { looked_at, problems } = check;
    let verdict = if problems.is_empty() {
        view! { <Notice tone=Tone::Good text="The ledger is right: everything sums to zero, and every balance equals its postings." /> }
            .into_any()
    } else {
        problems.into_iter().map(|problem| view! { <Notice tone=Tone::Bad text=problem /> }.into_any()).collect_any()
    };
    view! { <Card title="Check of the ledger" description=looked_at>{verdict}</Card> }.into_any()
}
