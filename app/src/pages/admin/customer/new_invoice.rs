//! A new invoice of a customer.

use leptos::{prelude::*, server_fn::ServerFn};
use serde::{Deserialize, Serialize};
use tandem_domain::{access::Field, field::Rule, ids::CustomerId};

use super::head::{CustomerHead, WHAT, customer_frame};
use crate::{
    context::me,
    data::{load, loaded},
    error::AppError,
    pages::errors::error_page,
    parts::address::of_address,
    post::Done,
    ui::{Card, CollectAny as _, FieldSet, NewForm, TextField},
};

/// Lines that the form of an invoice has.
const LINES: usize = 5;

/// What the form of an invoice begins with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvoiceDraft {
    /// The currency's code.
    pub currency: String,
    /// Today where the customer is.
    pub issued_on: String,
    /// Two weeks later.
    pub due_on: String,
    /// What names the one request of the form.
    pub token: String,
}

/// A line of an invoice, as typed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TypedLine {
    text: String,
    quantity: String,
    price: String,
    tax: String,
}

/// What the form of an invoice begins with.
///
/// # Errors
/// No such customer; no permission to issue invoices.
#[server(DraftInvoice, endpoint = "invoice_draft")]
pub async fn invoice_draft(
    /// Whose.
    id: CustomerId,
) -> Result<(CustomerHead, InvoiceDraft), AppError> {
    use super::head::FoundCustomer;
    use crate::server::{ask::Ask, billing::new_token, format};

    /// How long a customer has, in seconds, unless the form says otherwise.
    const TWO_WEEKS: i64 = 14 * 24 * 60 * 60;

    let ask = Ask::now()?;
    ask.modify(Field::InvoiceIssuing)?;
    let found = FoundCustomer::load(&ask, id).await?;
    let customer = &found.stored.value;
    let draft = InvoiceDraft {
        currency: customer.currency.code().into(),
        issued_on: format::today(ask.at(), &customer.time_zone),
        due_on: format::today(ask.at().plus_seconds(TWO_WEEKS), &customer.time_zone),
        token: new_token(),
    };
    Ok((found.head(&ask), draft))
}

/// Issues an invoice.
///
/// # Errors
/// What is wrong with the fields; no such customer; no permission to issue invoices.
#[server(endpoint = "invoice_issue")]
pub async fn invoice_issue(
    /// Whose.
    customer: CustomerId,
    /// What names the one request of the form.
    token: String,
    /// The day, `YYYY-MM-DD`.
    issued_on: String,
    /// The last day on which it is paid in time.
    due_on: String,
    /// A word to the customer.
    #[server(default)]
    note: String,
    /// What is billed.
    lines: Vec<TypedLine>,
) -> Result<Done, AppError> {
    use tandem_domain::{access::Audience, billing::invoice::NewInvoice};

    use crate::{parts::billing::invoice_path, server::ask::Ask};

    let ask = Ask::now()?;
    ask.modify(Field::InvoiceIssuing)?;
    let tenant = ask.tenant(customer)?;
    let tell = |error| ask.tell(WHAT, error);
    let currency = ask.store().customers().get(tenant).await.map_err(tell)?.value.currency;
    let lines = server::lines(&lines, currency)?;
    let new = NewInvoice { lines, issued_on, due_on, note };
    let id = ask.store().invoices().issue(&ask.change(), tenant, &token, &new).await.map_err(tell)?;
    ask.services().billing.wake();
    Ok(Done::say("Invoice issued").go(invoice_path(Audience::Administrator, id)))
}

#[cfg(feature = "ssr")]
mod server {
    use tandem_domain::{
        billing::invoice::InvoiceLine,
        error::{FieldError, FieldErrors},
        locale::Currency,
        money::Money,
    };

    use super::TypedLine;

    /// The lines that were typed; those without words are left out.
    ///
    /// # Errors
    /// What is wrong, per line.
    pub(super) fn lines(typed: &[TypedLine], currency: Currency) -> Result<Vec<InvoiceLine>, FieldErrors> {
        let mut errors = FieldErrors::default();
        let mut lines = Vec::new();
        for (place, line) in typed.iter().enumerate().filter(|(_, line)| !line.text.trim().is_empty()) {
            let name = |field: &str| format!("lines[{place}][{field}]");
            let quantity =
                errors.take(&name("quantity"), decimal(&line.quantity, 3, "1", "Enter a quantity such as 5 or 1.5."));
            let price = errors.take(&name("price"), Money::parse(&line.price, currency));
            let tax = errors.take(&name("tax"), decimal(&line.tax, 2, "0", "Enter a rate in per cent, such as 21."));
            if let (Some(quantity), Some(price), Some(tax)) = (quantity, price, tax) {
                let tax_basis_points = u32::try_from(tax).unwrap_or(u32::MAX);
                lines.push(InvoiceLine {
                    text: line.text.trim().into(),
                    quantity,
                    unit_price: price.minor,
                    tax_basis_points,
                });
            }
        }
        errors.into_result().map(|()| lines)
    }

    /// A number with at most so many decimals, in units of the last; empty is `none`.
    fn decimal(typed: &str, decimals: usize, none: &str, hint: &str) -> Result<i64, FieldError> {
        let typed = typed.trim().trim_end_matches('%').trim();
        let typed = if typed.is_empty() { none } else { typed };
        let (whole, fraction) = typed.split_once(['.', ',']).unwrap_or((typed, ""));
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || whole.len() > 9 || fraction.len() > decimals || !digits(whole) || !digits(fraction) {
            return Err(FieldError::new(hint));
        }
        format!("{whole}{fraction:0<decimals$}").parse().map_err(|_| FieldError::new(hint))
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn numbers_are_read_as_people_write_them() {
            let quantity = |typed| decimal(typed, 3, "1", "");
            assert_eq!(
                ["", "5", "1.5", "0,025", " 12 "].map(|typed| quantity(typed).unwrap()),
                [1000, 5000, 1500, 25, 12_000]
            );
            for typed in ["-1", "1.2345", "a", ".5", "1.2.3", "1234567890"] {
                assert!(quantity(typed).is_err(), "{typed}");
            }
            assert_eq!(decimal("21 %", 2, "0", ""), Ok(2100));
        }

        #[test]
        fn lines_without_words_are_left_out_and_what_is_wrong_is_said_at_its_place() {
            let line =
                |text: &str, price: &str| TypedLine { text: text.into(), price: price.into(), ..TypedLine::default() };
            let lines_of = |typed: &[TypedLine]| lines(typed, Currency::Eur);
            let read = lines_of(&[line("Calls", "12.50"), line("", ""), line("Plan", "30")]).unwrap();
            assert_eq!(
                read.iter().map(|line| (line.unit_price, line.quantity)).collect::<Vec<_>>(),
                [(1250, 1000), (3000, 1000)]
            );
            assert!(
                lines_of(&[line("Calls", "12.50"), line("Plan", "x")]).unwrap_err().get("lines[1][price]").is_some()
            );
        }
    }
}

/// A new invoice.
#[component]
pub fn NewInvoicePage() -> impl IntoView {
    if !me().modifies(Field::InvoiceIssuing) {
        return error_page(&AppError::forbidden(Field::InvoiceIssuing));
    }
    let data = load(of_address(WHAT, |id| DraftInvoice { id }));
    loaded(data, |(head, draft)| {
        let InvoiceDraft { currency, issued_on, due_on, token } = draft;
        let lines = (0..LINES).map(|place| line_inputs(place, &currency)).collect_any();
        let back = format!("/admin/customers/{}/billing", head.id);
        let fields = vec![("customer", head.id.to_string()), ("token", token)];
        let form = view! {
            <NewForm to=InvoiceIssue::PATH button="Issue invoice" cancel_href=back fields=fields>
                <Card title="Invoice">
                    <FieldSet legend="Days" layout="row">
                        <TextField name="issued_on" label="Issued on" value=issued_on kind="date" rule=Rule::OptionalDate required=true />
                        <TextField name="due_on" label="Due on" value=due_on kind="date" rule=Rule::OptionalDate required=true />
                    </FieldSet>
                    <TextField name="note" label="Note" rule=Rule::OptionalName width="medium" help="The customer sees it." />
                </Card>
                <Card title="Lines" description="Lines without words are left out.">{lines}</Card>
            </NewForm>
        };
        customer_frame(&head, form.into_any())
    })
}

fn line_inputs(place: usize, currency: &str) -> AnyView {
    let name = move |field: &str| format!("lines[{place}][{field}]");
    let price = format!("Price in {currency}");
    view! {
        <FieldSet legend=format!("Line {}", place + 1) layout="row">
            <TextField name=name("text") label="What" rule=Rule::OptionalName />
            <TextField name=name("quantity") label="Quantity" value="1" />
            <TextField name=name("price") label=price />
            <TextField name=name("tax") label="Tax in %" value="21" />
        </FieldSet>
    }
    .into_any()
}
