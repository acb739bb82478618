//! Which accounts does a movement of money touch, and what has a customer left?
//!
//! Double entry: each transaction has postings to two accounts or more that sum to zero; debits are positive. A customer's
//! balance is its receivable account: positive is what it owes, negative what it has to its credit.
//!
//! | what happens | receivable | clearing | revenue | tax | adjustments |
//! | --- | --- | --- | --- | --- | --- |
//! | an invoice is issued | + total | | − net | − tax | |
//! | it is withdrawn | − total | | + net | + tax | |
//! | a payment | − amount | + amount | | | |
//! | a refund | + amount | − amount | | | |
//! | a refund that failed after all | − amount | + amount | | | |
//! | an adjustment in the customer's favour | − amount | | | | + amount |
//!
//! A refund that the customer does not owe again is followed by an adjustment against *Refunds* instead of *Adjustments*, so that
//! what was given back for nothing can be told from corrections.

use serde::{Deserialize, Serialize};

use super::keyed;
use crate::{
    customer::Billing,
    ids::{CustomerId, InvoiceId, LedgerTransactionId, PaymentId, PaymentSystemId, RefundId, Timestamp},
    locale::Currency,
    money::{Money, TYPED_MAX},
};

/// What an account of the ledger is for. There is one per currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountKind {
    /// What a customer owes.
    Receivable(CustomerId),
    /// Money at a payment system.
    Clearing(PaymentSystemId),
    /// What was billed, without tax.
    Revenue,
    /// Tax that was billed.
    Tax,
    /// Corrections by administrators, and money that came another way.
    Adjustments,
    /// What was given back and is not owed again.
    Refunds,
}

impl AccountKind {
    /// The name of the kind in the store.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Receivable(_) => "receivable",
            Self::Clearing(_) => "clearing",
            Self::Revenue => "revenue",
            Self::Tax => "tax",
            Self::Adjustments => "adjustments",
            Self::Refunds => "refunds",
        }
    }

    /// The name in the interface.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Receivable(_) => "Customer’s balance",
            Self::Clearing(_) => "Payment system",
            Self::Revenue => "Revenue",
            Self::Tax => "Tax",
            Self::Adjustments => "Adjustments",
            Self::Refunds => "Refunds",
        }
    }

    /// What names the account in the store: the kind, whose it is, the currency.
    #[must_use]
    pub fn account(self, currency: Currency) -> String {
        let (kind, code) = (self.key(), currency.code());
        match self {
            Self::Receivable(customer) => format!("{kind}:{customer}:{code}"),
            Self::Clearing(system) => format!("{kind}:{system}:{code}"),
            Self::Revenue | Self::Tax | Self::Adjustments | Self::Refunds => format!("{kind}:{code}"),
        }
    }
}

/// What a transaction tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TransactionKind {
    /// An invoice was issued.
    InvoiceIssued,
    /// An invoice was withdrawn.
    InvoiceVoided,
    /// A payment was captured.
    Payment,
    /// Some of a payment was given back.
    Refund,
    /// A refund that had been counted did not reach the customer.
    RefundFailed,
    /// An administrator corrected the balance.
    Adjustment,
}

keyed!(TransactionKind {
    InvoiceIssued "invoice_issued" "Invoice",
    InvoiceVoided "invoice_voided" "Invoice withdrawn",
    Payment "payment" "Payment",
    Refund "refund" "Refund",
    RefundFailed "refund_failed" "Refund returned",
    Adjustment "adjustment" "Adjustment",
});

/// One side of a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Posting {
    /// Which account.
    pub account: AccountKind,
    /// How much, in minor units; debits are positive.
    pub amount: i64,
}

/// A transaction that is to be written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// What names the event that it tells of: no event is told twice.
    pub key: String,
    /// What it tells.
    pub kind: TransactionKind,
    /// Whose balance moves.
    pub customer: CustomerId,
    /// In which currency.
    pub currency: Currency,
    /// What is said of it; may be empty.
    pub text: String,
    /// The invoice that it is about.
    pub invoice: Option<InvoiceId>,
    /// The payment that it is about.
    pub payment: Option<PaymentId>,
    /// The refund that it is about.
    pub refund: Option<RefundId>,
    /// Its sides; to no account two.
    pub postings: Vec<Posting>,
}

/// Why a transaction is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unbalanced {
    /// The postings do not sum to zero.
    #[error("the postings of {0} do not sum to zero")]
    Sum(String),
    /// There are fewer than two postings, one of nothing, one beyond bounds, or two to one account.
    #[error("the postings of {0} are not those of a transaction")]
    Shape(String),
}

impl Entry {
    /// An invoice was issued: what it comes to without tax and the tax on it, in minor units.
    #[must_use]
    pub fn invoice_issued(invoice: InvoiceId, customer: CustomerId, currency: Currency, net: i64, tax: i64) -> Self {
        let total = net.saturating_add(tax);
        let sides = [
            (AccountKind::Receivable(customer), total),
            (AccountKind::Revenue, net.saturating_neg()),
            (AccountKind::Tax, tax.saturating_neg()),
        ];
        let entry = Self::of(format!("invoice:{invoice}"), TransactionKind::InvoiceIssued, customer, currency, &sides);
        Self { invoice: Some(invoice), ..entry }
    }

    /// An invoice was withdrawn.
    #[must_use]
    pub fn invoice_voided(invoice: InvoiceId, customer: CustomerId, currency: Currency, net: i64, tax: i64) -> Self {
        let total = net.saturating_add(tax);
        let sides = [
            (AccountKind::Receivable(customer), total.saturating_neg()),
            (AccountKind::Revenue, net),
            (AccountKind::Tax, tax),
        ];
        let key = format!("invoice-void:{invoice}");
        let entry = Self::of(key, TransactionKind::InvoiceVoided, customer, currency, &sides);
        Self { invoice: Some(invoice), ..entry }
    }

    /// A payment was captured. Its key is the payment's, so that no payment is credited twice.
    #[must_use]
    pub fn payment(payment: PaymentId, customer: CustomerId, system: PaymentSystemId, amount: Money) -> Self {
        let minor = amount.minor;
        let sides =
            [(AccountKind::Clearing(system), minor), (AccountKind::Receivable(customer), minor.saturating_neg())];
        let key = format!("payment:{payment}");
        let entry = Self::of(key, TransactionKind::Payment, customer, amount.currency, &sides);
        Self { payment: Some(payment), ..entry }
    }

    /// Some of a payment was given back; `refunded` is how much of it in all, in the counting that began at `since`.
    #[must_use]
    pub fn refund(
        payment: PaymentId,
        customer: CustomerId,
        system: PaymentSystemId,
        amount: Money,
        (refunded, since): (i64, Timestamp),
    ) -> Self {
        let minor = amount.minor;
        let sides =
            [(AccountKind::Receivable(customer), minor), (AccountKind::Clearing(system), minor.saturating_neg())];
        let key = format!("refund:{payment}:{}:{refunded}", since.0);
        let entry = Self::of(key, TransactionKind::Refund, customer, amount.currency, &sides);
        Self { payment: Some(payment), ..entry }
    }

    /// A refund that had been counted came back to the processor.
    #[must_use]
    pub fn refund_failed(
        refund: RefundId,
        payment: PaymentId,
        customer: CustomerId,
        system: PaymentSystemId,
        amount: Money,
    ) -> Self {
        let minor = amount.minor;
        let sides =
            [(AccountKind::Clearing(system), minor), (AccountKind::Receivable(customer), minor.saturating_neg())];
        let key = format!("refund-failed:{refund}");
        let entry = Self::of(key, TransactionKind::RefundFailed, customer, amount.currency, &sides);
        Self { payment: Some(payment), refund: Some(refund), ..entry }
    }

    /// A balance was corrected: by so much in the customer's favour, or against it if negative. `against` is
    /// [`AccountKind::Adjustments`] or [`AccountKind::Refunds`].
    #[must_use]
    pub fn adjustment(key: String, customer: CustomerId, credit: Money, against: AccountKind, text: &str) -> Self {
        let minor = credit.minor;
        let sides = [(AccountKind::Receivable(customer), minor.saturating_neg()), (against, minor)];
        let entry = Self::of(key, TransactionKind::Adjustment, customer, credit.currency, &sides);
        Self { text: text.into(), ..entry }
    }

    /// What the customer's balance moves by, in minor units: positive is owed.
    #[must_use]
    pub fn amount(&self) -> i64 {
        let receivable = AccountKind::Receivable(self.customer);
        self.postings.iter().find(|posting| posting.account == receivable).map_or(0, |posting| posting.amount)
    }

    /// Whether a top-up may follow from it where a balance is beyond its threshold: from what is billed or used. Never from a
    /// payment, or one that is not enough would call for the next without end. What is given back, or corrected by somebody,
    /// is not taken again at once.
    #[must_use]
    pub fn calls_for_top_up(&self) -> bool {
        match self.kind {
            TransactionKind::InvoiceIssued => true,
            TransactionKind::Adjustment => {
                let is_correction =
                    |posting: &Posting| matches!(posting.account, AccountKind::Adjustments | AccountKind::Refunds);
                !self.postings.iter().any(is_correction)
            }
            TransactionKind::Payment
            | TransactionKind::InvoiceVoided
            | TransactionKind::Refund
            | TransactionKind::RefundFailed => false,
        }
    }

    /// Whether it is a transaction: two postings or more, to different accounts, of something each, that sum to zero.
    ///
    /// # Errors
    /// [`Unbalanced`].
    pub fn check(&self) -> Result<(), Unbalanced> {
        let mut accounts: Vec<AccountKind> = self.postings.iter().map(|posting| posting.account).collect();
        accounts.sort();
        accounts.dedup();
        // Twice the largest total, for net and tax together.
        let bounds = -2 * TYPED_MAX..=2 * TYPED_MAX;
        let sound = self.postings.iter().all(|posting| posting.amount != 0 && bounds.contains(&posting.amount));
        if accounts.len() < 2 || accounts.len() != self.postings.len() || !sound {
            return Err(Unbalanced::Shape(self.key.clone()));
        }
        let sum: i128 = self.postings.iter().map(|posting| i128::from(posting.amount)).sum();
        if sum == 0 { Ok(()) } else { Err(Unbalanced::Sum(self.key.clone())) }
    }

    /// An entry with those sides that are of something.
    fn of(
        key: String,
        kind: TransactionKind,
        customer: CustomerId,
        currency: Currency,
        sides: &[(AccountKind, i64)],
    ) -> Self {
        let posting = |&(account, amount): &(AccountKind, i64)| (amount != 0).then_some(Posting { account, amount });
        Self {
            key,
            kind,
            customer,
            currency,
            text: String::new(),
            invoice: None,
            payment: None,
            refund: None,
            postings: sides.iter().filter_map(posting).collect(),
        }
    }
}

/// A transaction in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransactionRow {
    /// What names it.
    pub id: LedgerTransactionId,
    /// When it was written.
    pub at: Timestamp,
    /// What it tells.
    pub kind: TransactionKind,
    /// Whose balance moved.
    pub customer: CustomerId,
    /// That customer's name.
    pub customer_name: String,
    /// By how much: positive is owed.
    pub amount: Money,
    /// What the balance was afterwards, in minor units.
    pub balance: i64,
    /// What is said of it; may be empty.
    pub text: String,
    /// The invoice that it is about.
    pub invoice: Option<InvoiceId>,
    /// The payment that it is about.
    pub payment: Option<PaymentId>,
    /// Who made it: a sign-in name, or "system".
    pub by: String,
    /// Whether that is one of the provider's staff.
    pub by_staff: bool,
}

/// What a customer has left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Funds {
    /// What it can still use, in minor units, never less than nothing; `None`: there is no limit.
    pub available: Option<i64>,
    /// There is nothing left (PRODUCT §4, "no funds").
    pub exhausted: bool,
}

/// What a customer with this balance (positive: owes) has left: postpaid up to its credit limit, of which `None` is none;
/// prepaid what it has paid in, and a limit is what it may owe beyond that.
#[must_use]
pub const fn standing(balance: i64, billing: Billing, credit_limit: Option<i64>) -> Funds {
    let limit = match (billing, credit_limit) {
        (Billing::Postpaid, None) => return Funds { available: None, exhausted: false },
        (Billing::Prepaid, None) => 0,
        (Billing::Postpaid | Billing::Prepaid, Some(limit)) => limit,
    };
    let left = limit.saturating_sub(balance);
    Funds { available: Some(if left > 0 { left } else { 0 }), exhausted: left <= 0 }
}
