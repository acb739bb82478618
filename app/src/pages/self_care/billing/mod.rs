//! Money in self-care: how the customer stands, and how it pays. Lists and records of invoices and payments are in
//! [`parts::billing`](crate::parts::billing), where the provider's staff have them too.
//!
//! | module | the page |
//! | --- | --- |
//! | [`home`] | what is owed, what is open, paying an amount |
//! | [`pay`] | paying: an invoice, an amount, or going on with a payment |
//! | [`returned`] | how a payment ended |
//! | [`cards`] | saved cards: the list, another one, how saving it ended |
//! | [`auto_payment`] | automatic payment |
//! | `card_fields` | where the processor's own fields stand |
//! | [`what`] | what is paid? |

pub mod auto_payment;
mod card_fields;
pub mod cards;
pub mod home;
pub mod pay;
pub mod returned;
pub mod what;
