//! What goes over the wire to Stripe, and what is made of what comes back: against a double that says what it is told
//! to.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod double;
mod talking;
mod waiting;
