//! One invoice: what it comes to, whether it is paid, and by what. As a document it is `server::invoice_pdf`'s.

use leptos::{prelude::*, server_fn::ServerFn};
use serde::{Deserialize, Serialize};
use tandem_domain::{
    access::Audience,
    ids::{InvoiceId, PaymentId},
};

use super::{INVOICE, invoices_path, pay_path, payment_path, return_path};
use crate::{
    context::me,
    data::{load, loaded},
    error::AppError,
    listing::{Listing, Tone},
    parts::address::of_address,
    post::Done,
    ui::{
        Badge, Card, ConfirmButton, DataTable, DescriptionList, Kind, LinkButton, Notice, PageHeader, PostForm, Sign,
        TextField,
    },
};

/// An invoice, in words for whoever asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvoiceView {
    /// Which.
    pub id: InvoiceId,
    /// "Invoice INV-000004".
    pub title: String,
    /// How it stands, with its colour.
    pub badge: (Tone, String),
    /// Whose, when, until when.
    pub facts: Vec<(String, String)>,
    /// What is billed.
    pub lines: Listing,
    /// Net, tax per rate, total, paid, to be paid.
    pub totals: Vec<(String, String)>,
    /// What it was paid with.
    pub paid_with: Listing,
    /// A word to the customer.
    pub note: String,
    /// What the button says that leads to paying it; `None`: it cannot be paid, or not by this person.
    pub pay: Option<String>,
    /// The payment that is under way.
    pub under_way: Option<PaymentId>,
    /// It can be withdrawn by this person.
    pub may_void: bool,
}

/// An invoice.
///
/// # Errors
/// No such invoice, or not for this person; no permission to see invoices.
#[server(endpoint = "invoice_read")]
pub async fn invoice_read(
    /// Which.
    id: InvoiceId,
) -> Result<InvoiceView, AppError> {
    use tandem_domain::access::Field;

    use crate::server::ask::Ask;

    let ask = Ask::now()?;
    ask.see(Field::Invoices)?;
    let (tenant, invoice) = server::found(&ask, id).await?;
    server::view(&ask, tenant, invoice).await
}

/// Withdraws an invoice. What was paid of it becomes the customer's credit.
///
/// # Errors
/// It is withdrawn already, or a payment of it is under way; no such invoice; no permission.
#[server(endpoint = "invoice_void")]
pub async fn invoice_void(
    /// Which.
    id: InvoiceId,
    /// Why; the customer sees it.
    reason: String,
) -> Result<Done, AppError> {
    use tandem_domain::{access::Field, billing::refund, error::FieldErrors};

    use crate::server::ask::Ask;

    let ask = Ask::now()?;
    ask.modify(Field::InvoiceIssuing)?;
    let (tenant, invoice) = server::found(&ask, id).await?;
    let reason = refund::reason(&reason).map_err(|error| FieldErrors::one("reason", error.0))?;
    ask.store().invoices().void(&ask.change(), tenant, id, &reason).await.map_err(|error| ask.tell(INVOICE, error))?;
    Ok(Done::say(format!("Invoice {} withdrawn", invoice.number)))
}

#[cfg(feature = "ssr")]
pub(crate) mod server {
    use tandem_domain::{
        access::{Audience, Field, Tenant},
        billing::invoice::{Invoice, InvoiceLine, InvoiceState},
        ids::InvoiceId,
        money::Money,
    };

    use super::InvoiceView;
    use crate::{
        error::AppError,
        listing::{Cell, Column, ListRow, Listing},
        parts::billing::{INVOICE, payment_path, words},
        server::{ask::Ask, format},
    };

    /// An invoice that this person may work on, and whose it is.
    pub(crate) async fn found(ask: &Ask, id: InvoiceId) -> Result<(Tenant, Invoice), AppError> {
        let tell = |error| ask.tell(INVOICE, error);
        let none = |_| AppError::NotFound(INVOICE.into());
        let invoices = ask.store().invoices();
        match ask.me.own_customer() {
            Some(_) => {
                let tenant = ask.money_tenant(None).map_err(none)?;
                Ok((tenant, invoices.one(tenant, id).await.map_err(tell)?))
            }
            None => {
                let invoice = invoices.get(id).await.map_err(tell)?;
                Ok((ask.money_tenant(Some(invoice.customer)).map_err(none)?, invoice))
            }
        }
    }

    pub(crate) async fn view(ask: &Ask, tenant: Tenant, invoice: Invoice) -> Result<InvoiceView, AppError> {
        let tell = |error| ask.tell(INVOICE, error);
        let customer = ask.store().customers().get(tenant).await.map_err(tell)?.value;
        let today = format::today(ask.at(), &customer.time_zone);
        let allocations = ask.store().invoices().allocations(tenant, invoice.id).await.map_err(tell)?;
        let under_way = ask.store().payments().open_of_invoice(tenant, invoice.id).await.map_err(tell)?;
        let sees_payments = ask.me.sees(Field::Payments);
        let paid_with = allocations.into_iter().map(|part| {
            let (what, href) = match part.payment {
                Some(payment) => ("Payment", sees_payments.then(|| payment_path(ask.me.audience(), payment))),
                None => ("Credit", None),
            };
            let amount = ask.money(Money::new(part.amount, invoice.currency));
            let cells = vec![Cell::Figures(ask.time(part.at)), Cell::Text(what.into()), Cell::Figures(amount)];
            ListRow { href, cells }
        });
        let paid_with = Listing::whole(["When", "What", "Amount"].map(Column::plain).into(), paid_with.collect());
        let is_open = invoice.state == InvoiceState::Open;
        let in_person = ask.me.audience() != Audience::Administrator && ask.me.modifies(Field::Payments);
        let fact = |what: &str, how: String| (what.to_owned(), how);
        let facts = vec![
            fact("For", invoice.buyer.clone()),
            fact("Issued on", ask.day(&invoice.issued_on)),
            fact("Due on", ask.day(&invoice.due_on)),
            fact("Paid", invoice.paid_at.map(|at| ask.time(at)).unwrap_or_default()),
        ];
        Ok(InvoiceView {
            id: invoice.id,
            title: format!("Invoice {}", invoice.number),
            badge: words::invoice_badge(invoice.standing(&today)),
            facts,
            lines: lines(ask, &invoice),
            totals: totals(ask, &invoice),
            paid_with,
            note: invoice.note.clone(),
            pay: (is_open && in_person).then(|| format!("Pay {}", ask.money(invoice.open()))),
            under_way: under_way.filter(|_| sees_payments).map(|payment| payment.id),
            may_void: is_open && ask.me.modifies(Field::InvoiceIssuing),
        })
    }

    fn lines(ask: &Ask, invoice: &Invoice) -> Listing {
        let money = |minor: i64| ask.money(Money::new(minor, invoice.currency));
        let row = |line: &InvoiceLine| ListRow {
            href: None,
            cells: vec![
                Cell::Text(line.text.clone()),
                Cell::Figures(thousandths(line.quantity)),
                Cell::Figures(money(line.unit_price)),
                Cell::Figures(percent(line.tax_basis_points)),
                Cell::Figures(money(i64::try_from(line.net()).unwrap_or(i64::MAX))),
            ],
        };
        let columns = ["What", "Quantity", "Price", "Tax", "Net"].map(Column::plain);
        Listing::whole(columns.into(), invoice.lines.iter().map(row).collect())
    }

    fn totals(ask: &Ask, invoice: &Invoice) -> Vec<(String, String)> {
        let money = |minor: i64| ask.money(Money::new(minor, invoice.currency));
        let line = |what: String, minor: i64| (what, money(minor));
        let mut totals = vec![line("Net".into(), invoice.totals.net)];
        let rates = invoice.totals.rates.iter();
        totals.extend(rates.map(|rate| line(format!("Tax {}", percent(rate.basis_points)), rate.tax)));
        totals.push(line("Total".into(), invoice.totals.total));
        if invoice.paid != 0 {
            totals.push(line("Paid".into(), invoice.paid));
        }
        if invoice.state == InvoiceState::Open {
            totals.push(line("To pay".into(), invoice.open().minor));
        }
        totals
    }

    /// A quantity: "5", "1.5".
    fn thousandths(quantity: i64) -> String {
        let text = format!("{}.{:03}", quantity / 1000, (quantity % 1000).abs());
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    }

    /// A rate: "21 %", "5.5 %".
    fn percent(basis_points: u32) -> String {
        let text = format!("{}.{:02}", basis_points / 100, basis_points % 100);
        format!("{} %", text.trim_end_matches('0').trim_end_matches('.'))
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn quantities_and_rates_are_written_without_zeros_that_say_nothing() {
            assert_eq!([1000, 1500, 25, 1_000_000].map(thousandths), ["1", "1.5", "0.025", "1000"]);
            assert_eq!([0, 2100, 550, 10_000].map(percent), ["0 %", "21 %", "5.5 %", "100 %"]);
        }
    }
}

/// The page of the invoice in the address.
#[component]
pub fn InvoicePage() -> impl IntoView {
    let data = load(of_address(INVOICE, |id| InvoiceRead { id }));
    loaded(data, |view| {
        let InvoiceView {
            id,
            title,
            badge: (tone, word),
            facts,
            lines,
            totals,
            paid_with,
            note,
            pay,
            under_way,
            may_void,
        } = view;
        let audience = me().audience();
        let actions = move || {
            let pay = pay.clone().map(|label| {
                view! { <LinkButton href=pay_path(id) label=label kind=Kind::Primary anew=true /> }.into_any()
            });
            let pdf = format!("/invoices/{id}.pdf");
            view! { {pay} <LinkButton href=pdf label="Download PDF" sign=Sign::Download download=true /> }
        };
        let under_way = under_way.map(|payment| {
            let href = match audience {
                Audience::Administrator => payment_path(audience, payment),
                Audience::Customer | Audience::Account => return_path(payment),
            };
            view! {
                <Notice tone=Tone::Info text="A payment of this invoice is under way.">
                    <LinkButton href=href label="See the payment" />
                </Notice>
            }
            .into_any()
        });
        let paid = (!paid_with.rows.is_empty()).then(|| {
            view! { <Card title="Paid with" flush=true><DataTable listing=paid_with label="Paid with" /></Card> }
                .into_any()
        });
        view! {
            <PageHeader
                title=title
                back=(invoices_path(audience), "Invoices")
                badge=move || view! { <Badge tone=tone text=word.clone() /> }
                actions=actions
            />
            <div class="stack max-w-208">
                {under_way}
                <Card><DescriptionList items=facts /></Card>
                <Card title="Lines" flush=true><DataTable listing=lines label="Lines" /></Card>
                <Card title="Amounts">
                    <DescriptionList items=totals />
                    {(!note.is_empty()).then(|| view! { <p>{note}</p> }.into_any())}
                </Card>
                {paid}
                {may_void.then(|| void_card(id))}
            </div>
        }
        .into_any()
    })
}

fn void_card(id: InvoiceId) -> AnyView {
    view! {
        <Card title="Withdraw" description="The invoice stays in the list, and nothing is owed for it. What was paid of it becomes credit.">
            <PostForm to=InvoiceVoid::PATH fields=vec![("id", id.to_string())] class="stack">
                <TextField name="reason" label="Reason" required=true width="medium" help="The customer sees it." />
                <ConfirmButton
                    label="Withdraw invoice"
                    title="Withdraw this invoice?"
                    text="It cannot be issued again under this number."
                    confirm="Withdraw"
                    danger=true
                />
            </PostForm>
        </Card>
    }
    .into_any()
}
