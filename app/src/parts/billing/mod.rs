//! Invoices, payments and cards, for everybody who has to do with them: a customer and the accounts that pay for it see its
//! own, the provider's staff all.
//!
//! | module | question |
//! | --- | --- |
//! | [`invoices`] | which invoices are there? |
//! | [`invoice`] | what does this one come to, and is it paid? |
//! | [`payments`] | which payments are there? |
//! | [`payment`] | where does this one stand, how did it get there, what now? |
//! | [`transactions`] | how did balances come to be what they are? |
//! | [`auto_payment`] | what is paid without being asked, and why not any more? |
//! | `words` | how are they told to this reader? (server side) |

pub mod auto_payment;
pub mod invoice;
pub mod invoices;
pub mod payment;
pub mod payments;
pub mod transactions;
#[cfg(feature = "ssr")]
pub(crate) mod words;

use tandem_domain::{
    access::Audience,
    ids::{InvoiceId, PaymentId},
};

/// What an invoice is called in an answer.
pub(crate) const INVOICE: &str = "invoice";
/// What a payment is called in an answer.
pub(crate) const PAYMENT: &str = "payment";
/// What a saved card is called in an answer.
#[cfg(feature = "ssr")]
pub(crate) const CARD: &str = "saved card";

/// Where a customer pays, with what is paid in the query. It is loaded as a whole document: see `public/pay.js`.
pub const PAY: &str = "/self-care/payments/pay";

/// Where the invoices are for a person of this kind.
#[must_use]
pub const fn invoices_path(audience: Audience) -> &'static str {
    match audience {
        Audience::Administrator => "/admin/invoices",
        Audience::Customer | Audience::Account => "/self-care/invoices",
    }
}

/// Where the payments are for a person of this kind.
#[must_use]
pub const fn payments_path(audience: Audience) -> &'static str {
    match audience {
        Audience::Administrator => "/admin/payments",
        Audience::Customer | Audience::Account => "/self-care/payments",
    }
}

/// Where an invoice's page is for a person of this kind.
#[must_use]
pub fn invoice_path(audience: Audience, id: InvoiceId) -> String {
    [invoices_path(audience), "/", &id.to_string()].concat()
}

/// Where a payment's page is for a person of this kind.
#[must_use]
pub fn payment_path(audience: Audience, id: PaymentId) -> String {
    [payments_path(audience), "/", &id.to_string()].concat()
}

/// Where an invoice is paid.
#[must_use]
pub fn pay_path(invoice: InvoiceId) -> String {
    format!("{PAY}?invoice={invoice}")
}

/// Where a payment is gone on with.
#[must_use]
pub fn resume_path(payment: PaymentId) -> String {
    format!("/self-care/payments/{payment}/resume")
}

/// Where it is told how a payment ended.
#[must_use]
pub fn return_path(payment: PaymentId) -> String {
    format!("/self-care/payments/return?payment={payment}")
}
