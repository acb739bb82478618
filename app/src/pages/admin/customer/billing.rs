//! A customer's money: how it stands, what was billed and paid, corrections, automatic payment.

use leptos::{prelude::*, server_fn::ServerFn};
use serde::{Deserialize, Serialize};
use tandem_domain::{access::Field, ids::CustomerId};

use super::head::{CustomerHead, WHAT, customer_frame};
use crate::{
    context::me,
    data::{load, loaded},
    error::AppError,
    listing::Listing,
    parts::{
        address::of_address,
        billing::auto_payment::{AutoPaymentView, auto_payment_cards},
    },
    post::{Done, Typed},
    ui::{Button, Card, DataTable, EmptyState, Kind, LinkButton, PostForm, RadioCards, SelectField, Stat, TextField},
};

/// Rows of the tab's short lists; the whole ones are a click away.
#[cfg(feature = "ssr")]
const SHOWN: usize = 5;

/// A customer's money, in words for whoever asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomerMoney {
    /// Which.
    pub id: CustomerId,
    /// The currency's code.
    pub currency: String,
    /// How it stands; `None`: this person does not see the ledger.
    pub standing: Option<Standing>,
    /// The newest invoices.
    pub invoices: Option<Listing>,
    /// The newest payments.
    pub payments: Option<Listing>,
    /// Automatic payment.
    pub auto_payment: Option<AutoPaymentView>,
}

/// How a customer stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// "ABC owes €120.00".
    pub balance: String,
    /// How it pays, what is left.
    pub funds: String,
    /// Until where it may owe, as the form takes it; empty: there is no limit.
    pub limit: String,
    /// The open invoices that an adjustment can pay: id and number.
    pub open: Vec<(String, String)>,
    /// What names the one request of the form of an adjustment.
    pub token: String,
}

/// A customer's money.
///
/// # Errors
/// No such customer; no permission to see any of it.
#[server(endpoint = "customer_billing_read")]
pub async fn customer_billing_read(
    /// Which.
    id: CustomerId,
) -> Result<(CustomerHead, CustomerMoney), AppError> {
    use super::head::FoundCustomer;
    use crate::server::ask::Ask;

    let ask = Ask::now()?;
    let found = FoundCustomer::load(&ask, id).await?;
    if !BILLING.iter().any(|field| ask.me.sees(*field)) {
        ask.see(Field::Invoices)?;
    }
    let money = server::money_of(&ask, &found).await?;
    Ok((found.head(&ask), money))
}

/// Corrects a customer's balance.
///
/// # Errors
/// What is wrong with the fields; no such customer; no permission.
#[server(endpoint = "balance_adjust")]
pub async fn balance_adjust(
    /// Whose.
    customer: CustomerId,
    /// What names the one request of the form.
    token: String,
    /// `credit` or `charge`.
    direction: String,
    /// How much, as typed.
    amount: String,
    /// Why; the customer sees it.
    reason: String,
    /// The invoice that is paid by it; may be empty.
    #[server(default)]
    invoice: String,
) -> Result<Done, AppError> {
    use tandem_domain::{
        billing::refund,
        error::{FieldError, FieldErrors},
        ids::InvoiceId,
        money::Money,
    };
    use tandem_store::ledger::NewAdjustment;

    use crate::server::ask::Ask;

    let ask = Ask::now()?;
    ask.modify(Field::Adjustments)?;
    let tenant = ask.tenant(customer)?;
    let tell = |error| ask.tell(WHAT, error);
    let currency = ask.store().customers().get(tenant).await.map_err(tell)?.value.currency;
    let mut errors = FieldErrors::default();
    let sign = errors.take(
        "direction",
        match direction.as_str() {
            "credit" => Ok(1),
            "charge" => Ok(-1),
            _ => Err(FieldError::new("Choose in whose favour it is.")),
        },
    );
    let amount = errors.take("amount", Money::parse(&amount, currency));
    let reason = errors.take("reason", refund::reason(&reason));
    let invoice: Option<Option<InvoiceId>> = match invoice.as_str() {
        "" => Some(None),
        id => errors
            .take("invoice", id.parse().map(Some).map_err(|_| FieldError::new("Choose an invoice from the list."))),
    };
    let (Some(sign), Some(amount), Some(reason), Some(invoice)) = (sign, amount, reason, invoice) else {
        return Err(errors.into());
    };
    let adjustment = NewAdjustment { token, credit: sign * amount.minor, reason, invoice };
    ask.store().ledger().adjust(&ask.change(), tenant, &adjustment).await.map_err(|error| match error {
        tandem_store::StoreError::Refused(FieldErrors(errors)) => {
            // The page calls the field by what is typed into it.
            let renamed =
                errors.into_iter().map(|(name, text)| (if name == "credit" { "amount".into() } else { name }, text));
            AppError::Invalid(FieldErrors(renamed.collect()))
        }
        error => ask.tell(WHAT, error),
    })?;
    ask.services().billing.wake();
    Ok(Done::say("Balance adjusted"))
}

/// Sets until where a customer may owe.
///
/// # Errors
/// What is wrong with the amount; no such customer; no permission.
#[server(endpoint = "credit_limit_save")]
pub async fn credit_limit_save(
    /// Whose.
    customer: CustomerId,
    /// How much, as typed; empty: no limit.
    #[server(default)]
    limit: Typed,
) -> Result<Done, AppError> {
    use tandem_domain::{error::FieldErrors, money::Money};

    use crate::server::ask::Ask;

    let ask = Ask::now()?;
    ask.modify(Field::Adjustments)?;
    let tenant = ask.tenant(customer)?;
    let tell = |error| ask.tell(WHAT, error);
    let currency = ask.store().customers().get(tenant).await.map_err(tell)?.value.currency;
    let limit = match limit.or("").trim() {
        "" => None,
        typed => Some(Money::parse(typed, currency).map_err(|error| FieldErrors::one("limit", error.0))?.minor),
    };
    ask.store().ledger().set_credit_limit(&ask.change(), tenant, limit).await.map_err(tell)?;
    Ok(Done::say(if limit.is_some() { "Credit limit saved" } else { "Credit limit removed" }))
}

#[cfg(feature = "ssr")]
mod server {
    use tandem_domain::{
        access::{Field, Scope},
        billing::invoice::InvoiceStanding,
        money::Money,
    };
    use tandem_store::{invoices::InvoiceFilters, payments::PaymentFilters};

    use super::{CustomerMoney, SHOWN, Standing, WHAT};
    use crate::{
        error::AppError,
        listing::{ListArgs, Listing},
        pages::admin::customer::head::FoundCustomer,
        parts::billing::{auto_payment::auto_payment_view, words},
        server::{ask::Ask, billing::new_token},
    };

    pub(super) async fn money_of(ask: &Ask, found: &FoundCustomer) -> Result<CustomerMoney, AppError> {
        let tell = |error| ask.tell(WHAT, error);
        let (tenant, customer) = (found.tenant, &found.stored.value);
        let scope = Scope::of(tenant);
        let query = ListArgs::default().query(());
        let invoices = match ask.me.sees(Field::Invoices) {
            false => None,
            true => {
                let mut page =
                    ask.store().invoices().list(scope, &query, &InvoiceFilters::default()).await.map_err(tell)?;
                page.rows.truncate(SHOWN);
                Some(Listing::of(words::invoice_columns(ask), page, |row| words::invoice_row(ask, row)))
            }
        };
        let payments = match ask.me.sees(Field::Payments) {
            false => None,
            true => {
                let mut page =
                    ask.store().payments().list(scope, &query, &PaymentFilters::default()).await.map_err(tell)?;
                page.rows.truncate(SHOWN);
                Some(Listing::of(words::payment_columns(ask), page, |row| words::payment_row(ask, row)))
            }
        };
        let standing = match ask.me.sees(Field::Ledger) {
            false => None,
            true => {
                let balance = ask.store().ledger().balance(tenant).await.map_err(tell)?;
                let filters = InvoiceFilters { standing: Some(InvoiceStanding::Open), ..InvoiceFilters::default() };
                let open = ask.store().invoices().list(scope, &query, &filters).await.map_err(tell)?;
                let open = open
                    .rows
                    .into_iter()
                    .map(|row| (row.id.to_string(), format!("{}, {}", row.number, ask.money(row.open))));
                Some(Standing {
                    balance: words::balance_words(ask, balance.balance, Some(&customer.name)),
                    funds: words::funds_words(ask, &balance),
                    limit: balance
                        .credit_limit
                        .map(|limit| Money::new(limit, customer.currency).plain())
                        .unwrap_or_default(),
                    open: open.collect(),
                    token: new_token(),
                })
            }
        };
        let auto_payment = match ask.me.sees(Field::AutoPayment) {
            false => None,
            true => Some(auto_payment_view(ask, tenant).await?),
        };
        let currency = customer.currency.code().into();
        Ok(CustomerMoney { id: found.stored.id, currency, standing, invoices, payments, auto_payment })
    }
}

/// The permissions of which one shows the tab.
pub(super) const BILLING: [Field; 4] = [Field::Invoices, Field::Payments, Field::Ledger, Field::AutoPayment];

/// The tab.
#[component]
pub fn CustomerBillingPage() -> impl IntoView {
    let data = load(of_address(WHAT, |id| CustomerBillingRead { id }));
    loaded(data, |(head, money)| {
        let CustomerMoney { id, currency, standing, invoices, payments, auto_payment } = money;
        let may_issue = me().modifies(Field::InvoiceIssuing);
        let invoices = invoices.map(|listing| {
            let new = may_issue.then(|| (format!("/admin/customers/{id}/invoices/new"), "New invoice"));
            short_list("Invoices", listing, format!("/admin/invoices?customer={id}"), new)
        });
        let payments =
            payments.map(|listing| short_list("Payments", listing, format!("/admin/payments?customer={id}"), None));
        let content = view! {
            <div class="stack max-w-208">
                {standing.map(|standing| standing_cards(id, standing, &currency))}
                {invoices}
                {payments}
                {auto_payment.map(auto_payment_cards)}
            </div>
        };
        customer_frame(&head, content.into_any())
    })
}

/// The newest of a list, and the way to all.
fn short_list(title: &'static str, listing: Listing, all: String, new: Option<(String, &'static str)>) -> AnyView {
    let rows = if listing.rows.is_empty() {
        view! { <EmptyState title="None yet" /> }.into_any()
    } else {
        view! { <DataTable listing=listing label=title /> }.into_any()
    };
    let actions = move || {
        let new = new
            .clone()
            .map(|(href, label)| view! { <LinkButton href=href label=label kind=Kind::Primary /> }.into_any());
        view! { <LinkButton href=all.clone() label="All" /> {new} }
    };
    view! { <Card title=title actions=actions flush=true>{rows}</Card> }.into_any()
}

fn standing_cards(customer: CustomerId, standing: Standing, currency: &str) -> AnyView {
    let Standing { balance, funds, limit, open, token } = standing;
    let fields = move || vec![("customer", customer.to_string())];
    let may = me().modifies(Field::Adjustments);
    let (limit_help, amount_help) =
        (format!("In {currency}. Empty: postpaid as much as it likes, prepaid nothing."), format!("In {currency}."));
    let limit = view! {
        <Card title="Credit limit" description="Until where the customer may owe.">
            <PostForm to=CreditLimitSave::PATH fields=fields() class="stack">
                <TextField name="limit" label="Limit" value=limit field=Field::Adjustments width="short"
                    help=limit_help />
                {may.then(|| view! { <div class="actions"><Button label="Save limit" /></div> }.into_any())}
            </PostForm>
        </Card>
    };
    let adjust = may.then(|| {
        let directions = vec![
            (
                "credit".to_owned(),
                "Credit".to_owned(),
                "In the customer’s favour: a bank transfer, a goodwill.".to_owned(),
            ),
            ("charge".to_owned(), "Charge".to_owned(), "The customer owes it.".to_owned()),
        ];
        let mut invoices = vec![(String::new(), "Those that are due first".to_owned())];
        invoices.extend(open);
        let mut fields = fields();
        fields.push(("token", token));
        view! {
            <Card title="Adjustment" description="Corrects the balance by a transaction of its own.">
                <PostForm to=BalanceAdjust::PATH fields=fields id="adjustment" class="stack">
                    <RadioCards name="direction" label="Direction" value="credit" options=directions />
                    <TextField name="amount" label="Amount" required=true width="short" help=amount_help />
                    <TextField name="reason" label="Reason" required=true width="medium" help="The customer sees it." />
                    <SelectField name="invoice" label="Invoice that it pays" options=invoices width="medium" />
                    <div class="actions"><Button label="Adjust balance" kind=Kind::Primary /></div>
                </PostForm>
            </Card>
        }
        .into_any()
    });
    let all = format!("/admin/transactions?customer={customer}");
    view! {
        <div class="stats"><Stat label="Balance" value=balance note=funds href=all /></div>
        <div class="columns">{adjust} {limit}</div>
    }
    .into_any()
}
