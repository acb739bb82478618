//! Where the payment processor's own fields stand. Their content is the processor's: it is mounted by `public/pay.js` into an
//! element without children here, which neither rendering nor hydration looks into.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::{listing::Tone, ui::Notice};

/// What the processor's fields are made with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CardFields {
    /// The address of the processor's script.
    pub script: String,
    /// The key with which the browser talks to the processor.
    pub public_key: String,
    /// Only test cards are taken.
    pub test_mode: bool,
    /// How much, in minor units; 0 where a card is saved without a payment.
    pub minor: i64,
    /// The currency's code, in small letters.
    pub currency: String,
    /// The language of the fields, that of our own pages: a BCP 47 tag.
    pub locale: String,
}

/// What the processor was told to begin, for the browser to go on with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Started {
    /// What the browser goes on with; `None`: there is nothing to go on with. It is for this person's page alone.
    pub client_secret: Option<String>,
    /// Where it is told how it ended.
    pub go: String,
    /// Where to go on after signing in again.
    pub resume: String,
    /// The payment; empty where a card is saved without one.
    pub payment: String,
    /// The card is saved with it.
    pub save: bool,
}

#[cfg(feature = "ssr")]
impl CardFields {
    /// The fields for a payment system.
    pub(super) fn new(
        ask: &crate::server::ask::Ask,
        system: &tandem_domain::billing::system::PaymentSystem,
        amount: tandem_domain::money::Money,
    ) -> Self {
        use tandem_domain::locale::Locale;

        Self {
            script: ask.services().payment_pages.script.clone(),
            public_key: system.public_key.clone(),
            test_mode: system.test_mode,
            minor: amount.minor,
            currency: amount.currency.code().to_ascii_lowercase(),
            locale: match ask.me.locale {
                Locale::EnGb => "en-GB",
                // The pages are in English; only dates and numbers are written otherwise.
                Locale::EnUs | Locale::DeDe | Locale::FrFr => "en",
            }
            .into(),
        }
    }
}

/// The fields, inside of a form. `begin` is the server function that begins what they are for, `returned` the one that tells
/// how it stands; without it a card is saved without a payment.
pub(super) fn card_fields(fields: CardFields, begin: &'static str, returned: Option<&'static str>) -> AnyView {
    let CardFields { script, public_key, test_mode, minor, currency, locale } = fields;
    let test = test_mode.then(|| {
        view! { <Notice tone=Tone::Info text="Test mode: only test cards are taken, and no money moves." /> }.into_any()
    });
    let kind = if returned.is_some() { "payment" } else { "setup" };
    view! {
        {test}
        <tandem-card
            data-served=cfg!(feature = "ssr").then_some("")
            data-script=script
            data-key=public_key
            data-kind=kind
            data-amount=minor.to_string()
            data-currency=currency
            data-locale=locale
            data-begin=begin
            data-returned=returned
        ></tandem-card>
        <noscript>
            <p class="field-help">"A new card is given in fields of the payment service, which need JavaScript. A saved card can be paid with as it is."</p>
        </noscript>
        {pay_script()}
    }
    .into_any()
}

/// What goes wrong is said here, by `public/pay.js`.
pub(super) fn card_errors() -> AnyView {
    view! { <p class="field-error" role="alert" data-error=""></p> }.into_any()
}

/// The script of the pages on which a card is given.
pub(super) fn pay_script() -> AnyView {
    #[cfg(feature = "ssr")]
    let nonce = leptos::nonce::use_nonce();
    #[cfg(not(feature = "ssr"))]
    let nonce = None::<String>;
    view! { <script type="module" src="/pay.js" nonce=nonce></script> }.into_any()
}
