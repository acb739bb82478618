//! What customers owe, and how they pay (PRODUCT §3).
//!
//! | module | the question it answers |
//! | --- | --- |
//! | [`ledger`] | which accounts does a movement of money touch, and what has a customer left? |
//! | [`invoice`] | what does an invoice come to, and is it paid? |
//! | [`payment`] | where does a payment stand when the processor has said something? |
//! | [`failure`] | why was a payment not made, and what does the customer do now? |
//! | [`refund`] | how far is a refund? |
//! | [`method`] | what is a saved card? |
//! | [`auto_payment`] | when is money taken without being asked, and when is that turned off? |
//! | [`system`] | which processor takes which currency? |
//!
//! Money is believed on the processor's word alone: a [`payment::Snapshot`] is what it said when it was asked, and
//! [`payment::Payment::take`] the only way in which a payment moves.

pub mod auto_payment;
pub mod failure;
pub mod invoice;
pub mod ledger;
pub mod method;
pub mod payment;
pub mod refund;
pub mod system;

/// The keys, labels and way back of an enum whose values are all told in one table.
macro_rules! keyed {
    ($name:ident { $($variant:ident $key:literal $label:literal),+ $(,)? }) => {
        impl $name {
            /// All of them, in their order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The name used in URLs and in the store.
            #[must_use]
            pub const fn key(self) -> &'static str {
                match self { $(Self::$variant => $key),+ }
            }

            /// The one of this name.
            #[must_use]
            pub fn from_key(key: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.key() == key)
            }

            /// The name in the interface.
            #[must_use]
            pub const fn label(self) -> &'static str {
                match self { $(Self::$variant => $label),+ }
            }
        }
    };
}
use keyed;
