//! What does an invoice come to, and is it paid?
//!
//! Rounding, said once: a line's net amount is quantity × unit price, rounded to the minor unit, halves away from zero. Tax is
//! computed per rate on the sum of the lines of that rate and rounded the same way, so that it is what a tax office computes.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};

use super::keyed;
use crate::{
    error::FieldErrors,
    field,
    ids::{CustomerId, InvoiceId, Timestamp},
    locale::Currency,
    money::{Money, TYPED_MAX},
};

/// Lines that an invoice can have.
pub const LINES_MAX: usize = 200;
/// The largest quantity, in thousandths: a million.
pub const QUANTITY_MAX: i64 = 1_000_000_000;
/// The largest tax rate, in basis points: 100 %.
pub const TAX_MAX: u32 = 10_000;

/// How far an invoice is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InvoiceState {
    /// There is something to pay.
    Open,
    /// All of it was paid.
    Paid,
    /// It was withdrawn.
    Void,
}

keyed!(InvoiceState { Open "open" "Open", Paid "paid" "Paid", Void "void" "Void" });

/// How an invoice is shown: its state, and whether its day has passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InvoiceStanding {
    /// There is something to pay, and time for it.
    Open,
    /// There is something to pay, and the due day is over where the customer is.
    Overdue,
    /// All of it was paid.
    Paid,
    /// It was withdrawn.
    Void,
}

keyed!(InvoiceStanding { Open "open" "Open", Overdue "overdue" "Overdue", Paid "paid" "Paid", Void "void" "Void" });

/// The number of an invoice: without gaps, over all customers of the provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct InvoiceNumber(pub i64);

impl fmt::Display for InvoiceNumber {
    /// "INV-000123".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "INV-{:06}", self.0)
    }
}

/// What one line of an invoice is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvoiceLine {
    /// What.
    pub text: String,
    /// How much of it, in thousandths: 1000 is one.
    pub quantity: i64,
    /// What one costs without tax, in minor units; negative for a discount.
    pub unit_price: i64,
    /// The tax on it, in basis points: 2100 is 21 %.
    pub tax_basis_points: u32,
}

impl InvoiceLine {
    /// One of something.
    #[must_use]
    pub fn one(text: &str, unit_price: i64, tax_basis_points: u32) -> Self {
        Self { text: text.into(), quantity: 1000, unit_price, tax_basis_points }
    }

    /// What the line comes to without tax, in minor units.
    #[must_use]
    pub fn net(&self) -> i128 {
        rounded(i128::from(self.quantity) * i128::from(self.unit_price), 1000)
    }
}

/// The tax of one rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaxLine {
    /// The rate, in basis points.
    pub basis_points: u32,
    /// What it is on, in minor units.
    pub net: i64,
    /// How much it is, in minor units.
    pub tax: i64,
}

/// What an invoice comes to, in minor units.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Without tax.
    pub net: i64,
    /// The tax.
    pub tax: i64,
    /// Both.
    pub total: i64,
    /// The tax per rate, the lowest rate first.
    pub rates: Vec<TaxLine>,
}

/// What these lines come to.
///
/// # Errors
/// What is wrong, at `lines`: none or more than [`LINES_MAX`]; a text, quantity, price or rate that no line can have; a total of
/// nothing, or beyond [`TYPED_MAX`].
pub fn totals(lines: &[InvoiceLine]) -> Result<Totals, FieldErrors> {
    let wrong = |text: String| FieldErrors::one("lines", text);
    if lines.is_empty() || lines.len() > LINES_MAX {
        return Err(wrong(format!("An invoice has 1 to {LINES_MAX} lines.")));
    }
    let mut nets: BTreeMap<u32, i128> = BTreeMap::new();
    for (place, line) in lines.iter().enumerate() {
        let place = place + 1;
        field::name(&line.text).map_err(|error| wrong(format!("Line {place}: {error}")))?;
        if !(1..=QUANTITY_MAX).contains(&line.quantity) {
            return Err(wrong(format!("Line {place}: the quantity is from 0.001 to 1,000,000.")));
        }
        if !(-TYPED_MAX..=TYPED_MAX).contains(&line.unit_price) {
            return Err(wrong(format!("Line {place}: the price is too large.")));
        }
        if line.tax_basis_points > TAX_MAX {
            return Err(wrong(format!("Line {place}: the tax is from 0 to 100 %.")));
        }
        *nets.entry(line.tax_basis_points).or_default() += line.net();
    }
    let too_large = || wrong("The total is too large for one invoice.".into());
    let bounded =
        |sum: i128| i64::try_from(sum).ok().filter(|sum| (-TYPED_MAX..=TYPED_MAX).contains(sum)).ok_or_else(too_large);
    let mut rates = Vec::new();
    for (basis_points, net) in nets {
        let tax = bounded(rounded(net.saturating_mul(i128::from(basis_points)), 10_000))?;
        rates.push(TaxLine { basis_points, net: bounded(net)?, tax });
    }
    let sum = |of: fn(&TaxLine) -> i64| bounded(rates.iter().map(|rate| i128::from(of(rate))).sum());
    let (net, tax) = (sum(|rate| rate.net)?, sum(|rate| rate.tax)?);
    let total = bounded(i128::from(net) + i128::from(tax))?;
    if total <= 0 {
        return Err(wrong("An invoice comes to more than nothing; give a credit as an adjustment.".into()));
    }
    Ok(Totals { net, tax, total, rates })
}

/// `amount / by`, halves away from zero.
fn rounded(amount: i128, by: i128) -> i128 {
    let half = if amount < 0 { -by / 2 } else { by / 2 };
    amount.saturating_add(half) / by
}

/// An invoice to be issued. Its currency is its customer's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewInvoice {
    /// What is billed.
    pub lines: Vec<InvoiceLine>,
    /// The day it is issued where the customer is, `YYYY-MM-DD`.
    pub issued_on: String,
    /// The last day on which it is paid in time where the customer is, `YYYY-MM-DD`; not before it is issued.
    pub due_on: String,
    /// A word to the customer; may be empty.
    pub note: String,
}

impl NewInvoice {
    /// What it comes to, if it can be issued.
    ///
    /// # Errors
    /// What is wrong, per field: `lines`, `issued_on`, `due_on`, `note`.
    pub fn check(&self) -> Result<Totals, FieldErrors> {
        let mut errors = FieldErrors::default();
        for (name, day) in [("issued_on", &self.issued_on), ("due_on", &self.due_on)] {
            match field::optional_date(day) {
                Ok(Some(_)) => {}
                Ok(None) => errors.add(name, "Enter a day."),
                Err(error) => errors.add(name, error.0),
            }
        }
        if errors.is_empty() && self.due_on < self.issued_on {
            errors.add("due_on", "The due date is not before the day of issue.");
        }
        errors.take("note", field::optional_name(&self.note));
        match totals(&self.lines) {
            Ok(totals) => errors.into_result().map(|()| totals),
            Err(of_lines) => {
                of_lines.0.into_iter().for_each(|(field, text)| errors.add(field, text));
                Err(errors)
            }
        }
    }
}

/// An invoice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invoice {
    /// What names it.
    pub id: InvoiceId,
    /// Its number.
    pub number: InvoiceNumber,
    /// Whose.
    pub customer: CustomerId,
    /// The customer's name as it was when it was issued: that does not change with the customer's.
    pub buyer: String,
    /// How far it is.
    pub state: InvoiceState,
    /// In which currency.
    pub currency: Currency,
    /// When it was issued.
    pub issued: Timestamp,
    /// On which day that was where the customer is, `YYYY-MM-DD`.
    pub issued_on: String,
    /// The last day on which it is paid in time, `YYYY-MM-DD`.
    pub due_on: String,
    /// What is billed.
    pub lines: Vec<InvoiceLine>,
    /// What it comes to.
    pub totals: Totals,
    /// How much of it was paid, in minor units.
    pub paid: i64,
    /// When all of it was paid.
    pub paid_at: Option<Timestamp>,
    /// A word to the customer; may be empty.
    pub note: String,
}

impl Invoice {
    /// The whole amount.
    #[must_use]
    pub const fn total(&self) -> Money {
        Money::new(self.totals.total, self.currency)
    }

    /// What is still to be paid.
    #[must_use]
    pub const fn open(&self) -> Money {
        let minor = match self.state {
            InvoiceState::Open => self.totals.total.saturating_sub(self.paid),
            InvoiceState::Paid | InvoiceState::Void => 0,
        };
        Money::new(minor, self.currency)
    }

    /// How it is shown on this day (`YYYY-MM-DD`, where the customer is).
    #[must_use]
    pub fn standing(&self, today: &str) -> InvoiceStanding {
        standing(self.state, &self.due_on, today)
    }
}

/// How an invoice of this state is shown on this day (`YYYY-MM-DD`, where the customer is).
#[must_use]
pub fn standing(state: InvoiceState, due_on: &str, today: &str) -> InvoiceStanding {
    match state {
        InvoiceState::Open if due_on < today => InvoiceStanding::Overdue,
        InvoiceState::Open => InvoiceStanding::Open,
        InvoiceState::Paid => InvoiceStanding::Paid,
        InvoiceState::Void => InvoiceStanding::Void,
    }
}
