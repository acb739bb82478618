//! What is paid: an invoice, an amount, a payment that was begun? And what is asked if the amount is none?

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::{
    parts::billing::PAY,
    ui::{Button, Card, Kind, LinkButton},
};

/// What is paid: one of the three.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PayWhat {
    /// The invoice's id.
    pub invoice: String,
    /// An amount into the balance, as typed.
    pub amount: String,
    /// The id of the payment that is gone on with.
    pub payment: String,
    /// What names the one request of the form.
    pub token: String,
}

impl PayWhat {
    /// Whether nothing is named.
    pub(super) fn is_nothing(&self) -> bool {
        self.invoice.is_empty() && self.amount.is_empty() && self.payment.is_empty()
    }
}

/// The amount once more, with what is wrong with it beside it.
pub(super) fn amount_form(what: PayWhat, (wrong, currency): (String, String)) -> AnyView {
    view! {
        <Card title="What you pay">
            <form method="get" action=PAY class="stack">
                <input type="hidden" name="token" value=what.token />
                <div class="field" data-width="short">
                    <label for="amount">{["Amount in ", &currency].concat()}</label>
                    <input
                        class="input"
                        id="amount"
                        name="amount"
                        value=what.amount
                        required
                        autocomplete="off"
                        aria-invalid="true"
                        aria-describedby="amount-error"
                    />
                    <p class="field-error" id="amount-error" role="alert">{wrong}</p>
                </div>
                <div class="actions">
                    <Button label="Go on" kind=Kind::Primary />
                    <LinkButton href="/self-care/billing" label="Not now" />
                </div>
            </form>
        </Card>
    }
    .into_any()
}
