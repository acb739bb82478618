//! What does each of Stripe's test cards do? After Stripe's page *Testing* (docs.stripe.com/testing).

/// Why a bank refuses.
#[derive(Debug, PartialEq, Eq)]
pub struct Decline {
    /// `code` of the error.
    pub code: &'static str,
    /// `decline_code` of the error.
    pub decline_code: Option<&'static str>,
    /// What the customer may be told.
    pub message: &'static str,
    /// The field at fault, if it is one.
    pub param: Option<&'static str>,
    /// `advice_code`: what the merchant does next.
    pub advice: Option<&'static str>,
}

const fn declined(decline_code: &'static str, message: &'static str, advice: &'static str) -> Decline {
    Decline { code: "card_declined", decline_code: Some(decline_code), message, param: None, advice: Some(advice) }
}

const NO: &str = "Your card was declined.";
const AGAIN: &str = "try_again_later";
const NEVER_AGAIN: &str = "do_not_try_again";
const CONFIRM_DATA: &str = "confirm_card_data";

pub(crate) const GENERIC: Decline = declined("generic_decline", NO, AGAIN);
const INSUFFICIENT: Decline = declined("insufficient_funds", "Your card has insufficient funds.", AGAIN);
const LOST: Decline = declined("lost_card", NO, NEVER_AGAIN);
const STOLEN: Decline = declined("stolen_card", NO, NEVER_AGAIN);
const FRAUDULENT: Decline = declined("fraudulent", NO, NEVER_AGAIN);
const VELOCITY: Decline = declined(
    "card_velocity_exceeded",
    "Your card was declined for making repeated attempts too frequently or exceeding its amount limit.",
    AGAIN,
);
const EXPIRED: Decline = Decline {
    code: "expired_card",
    decline_code: None,
    message: "Your card has expired.",
    param: Some("exp_month"),
    advice: Some(CONFIRM_DATA),
};
const INCORRECT_CVC: Decline = Decline {
    code: "incorrect_cvc",
    decline_code: None,
    message: "Your card's security code is incorrect.",
    param: Some("cvc"),
    advice: Some(CONFIRM_DATA),
};
const PROCESSING: Decline = Decline {
    code: "processing_error",
    decline_code: None,
    message: "An error occurred while processing your card. Try again in a little bit.",
    param: None,
    advice: Some(AGAIN),
};
/// The bank wants its customer to authenticate, and nobody is there to do it ("Decline codes",
/// `authentication_required`).
pub(crate) const AUTHENTICATION_REQUIRED: Decline = Decline {
    code: "authentication_required",
    decline_code: Some("authentication_required"),
    message: "Your card was declined. This transaction requires authentication.",
    param: None,
    advice: None,
};
/// A card that is none of the test cards.
pub(crate) const NOT_A_TEST_CARD: Decline = Decline {
    code: "card_declined",
    decline_code: Some("test_mode_live_card"),
    message: "Your card was declined. Your request was in test mode, but used a non test card. For a list of valid \
              test cards, visit: https://stripe.com/docs/testing.",
    param: None,
    advice: None,
};
pub(crate) const INCORRECT_NUMBER: Decline = Decline {
    code: "incorrect_number",
    decline_code: None,
    message: "Your card number is incorrect.",
    param: Some("number"),
    advice: None,
};
pub(crate) const INVALID_MONTH: Decline = Decline {
    code: "invalid_expiry_month",
    decline_code: None,
    message: "Your card's expiration month is invalid.",
    param: Some("exp_month"),
    advice: None,
};
pub(crate) const INVALID_YEAR: Decline = Decline {
    code: "invalid_expiry_year",
    decline_code: None,
    message: "Your card's expiration year is invalid.",
    param: Some("exp_year"),
    advice: None,
};
pub(crate) const INVALID_CVC: Decline = Decline {
    code: "invalid_cvc",
    decline_code: None,
    message: "Your card's security code is invalid.",
    param: Some("cvc"),
    advice: None,
};

/// When the bank wants its customer to authenticate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Authentication {
    /// Never.
    Never,
    /// Only when the merchant asks for it (`request_three_d_secure`).
    IfAsked,
    /// On session always; off session unless the card was set up for it.
    UnlessSetUp,
    /// On session always; off session never, as if it had been set up long ago.
    SetUpAlready,
    /// Always. Off session it is therefore refused, however it was set up.
    Always,
    /// It should, but the look-up of the bank's page fails: the payment is declined.
    LookupFails,
}

/// What becomes of a refund.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefundFate {
    /// It succeeds at once.
    Succeeds,
    /// It is pending and succeeds later.
    SucceedsLater,
    /// It succeeds and fails later.
    FailsLater,
}

/// A test card.
#[derive(Debug)]
pub struct TestCard {
    /// Its number.
    pub number: &'static str,
    /// `visa`, `mastercard`, `amex`, …
    pub brand: &'static str,
    /// `credit`, `debit` or `prepaid`.
    pub funding: &'static str,
    /// The PaymentMethods that stand for it in requests of a server.
    pub methods: &'static [&'static str],
    /// When its bank wants authentication.
    pub authentication: Authentication,
    /// Why a charge is refused once authentication is out of the way; `None` if it is not.
    pub decline: Option<&'static Decline>,
    /// Whether it can be attached to a customer. Stripe: the cards that decline cannot, except …0341.
    pub attachable: bool,
    /// What becomes of its refunds.
    pub refund: RefundFate,
    /// What the card form says of it; an empty text keeps it out of the list there.
    pub says: &'static str,
}

const fn good(number: &'static str, brand: &'static str, methods: &'static [&'static str]) -> TestCard {
    TestCard {
        number,
        brand,
        funding: "credit",
        methods,
        authentication: Authentication::Never,
        decline: None,
        attachable: true,
        refund: RefundFate::Succeeds,
        says: "",
    }
}

impl TestCard {
    const fn funding(mut self, funding: &'static str) -> Self {
        self.funding = funding;
        self
    }

    const fn asks(mut self, authentication: Authentication) -> Self {
        self.authentication = authentication;
        self
    }

    /// Declined, and not attachable unless its bank asks for authentication first.
    const fn declines(mut self, decline: &'static Decline) -> Self {
        self.decline = Some(decline);
        self.attachable = !matches!(self.authentication, Authentication::Never);
        self
    }

    const fn attachable(mut self) -> Self {
        self.attachable = true;
        self
    }

    const fn refund(mut self, refund: RefundFate) -> Self {
        self.refund = refund;
        self
    }

    const fn says(mut self, says: &'static str) -> Self {
        self.says = says;
        self
    }

    /// The last four digits.
    #[must_use]
    pub fn last4(&self) -> &'static str {
        &self.number[self.number.len() - 4..]
    }
}

/// All cards there are.
pub static CARDS: &[TestCard] = &[
    good("4242424242424242", "visa", &["pm_card_visa"]).says("succeeds"),
    good("4000002500003155", "visa", &["pm_card_authenticationRequiredOnSetup"])
        .asks(Authentication::UnlessSetUp)
        .says("asks for authentication; later payments without you do not, once it is saved"),
    good("4000002760003184", "visa", &["pm_card_authenticationRequired"])
        .asks(Authentication::Always)
        .says("asks for authentication every time"),
    good("4000000000003220", "visa", &["pm_card_threeDSecure2Required"])
        .asks(Authentication::Always)
        .says("3-D Secure 2 must be completed"),
    good("4000008400001629", "visa", &["pm_card_threeDSecureRequiredChargeDeclined"])
        .asks(Authentication::Always)
        .declines(&GENERIC)
        .says("asks for authentication, then declines"),
    good(
        "4000000000009995",
        "visa",
        &["pm_card_visa_chargeDeclinedInsufficientFunds", "pm_card_chargeDeclinedInsufficientFunds"],
    )
    .declines(&INSUFFICIENT)
    .says("insufficient funds"),
    good("4000000000000002", "visa", &["pm_card_visa_chargeDeclined", "pm_card_chargeDeclined"])
        .declines(&GENERIC)
        .says("declined"),
    good("4000000000000069", "visa", &["pm_card_chargeDeclinedExpiredCard"]).declines(&EXPIRED).says("expired"),
    good("4000000000000127", "visa", &["pm_card_chargeDeclinedIncorrectCvc"])
        .declines(&INCORRECT_CVC)
        .says("wrong security code"),
    good("4000000000000119", "visa", &["pm_card_chargeDeclinedProcessingError"])
        .declines(&PROCESSING)
        .says("processing error"),
    good("4000000000000341", "visa", &["pm_card_chargeCustomerFail"])
        .declines(&GENERIC)
        .attachable()
        .says("can be saved, but every payment is declined"),
    good("4000008260003178", "visa", &["pm_card_authenticationRequiredChargeDeclinedInsufficientFunds"])
        .asks(Authentication::UnlessSetUp)
        .declines(&INSUFFICIENT)
        .says("asks for authentication, then insufficient funds"),
    good("4000003800000446", "visa", &["pm_card_authenticationRequiredSetupForOffSession"])
        .asks(Authentication::SetUpAlready),
    good("4000000000003055", "visa", &["pm_card_threeDSecureOptional"]).asks(Authentication::IfAsked),
    good("4000008400001280", "visa", &["pm_card_threeDSecureRequiredProcessingError"])
        .asks(Authentication::LookupFails),
    good("4000000000009987", "visa", &["pm_card_visa_chargeDeclinedLostCard"]).declines(&LOST),
    good("4000000000009979", "visa", &["pm_card_visa_chargeDeclinedStolenCard"]).declines(&STOLEN),
    good("4000000000006975", "visa", &["pm_card_visa_chargeDeclinedVelocityLimitExceeded"]).declines(&VELOCITY),
    good("4100000000000019", "visa", &["pm_card_radarBlock", "pm_card_chargeDeclinedFraudulent"]).declines(&FRAUDULENT),
    good("4000000000007726", "visa", &["pm_card_pendingRefund"]).refund(RefundFate::SucceedsLater),
    good("4000000000005126", "visa", &["pm_card_refundFail"]).refund(RefundFate::FailsLater),
    good("4000000000000077", "visa", &["pm_card_bypassPending"]),
    good("4000056655665556", "visa", &["pm_card_visa_debit"]).funding("debit"),
    good("5555555555554444", "mastercard", &["pm_card_mastercard"]).says("succeeds (Mastercard)"),
    good("2223003122003222", "mastercard", &[]),
    good("5200828282828210", "mastercard", &["pm_card_mastercard_debit"]).funding("debit"),
    good("5105105105105100", "mastercard", &["pm_card_mastercard_prepaid"]).funding("prepaid"),
    good("378282246310005", "amex", &["pm_card_amex"]).says("succeeds (American Express)"),
    good("371449635398431", "amex", &[]),
    good("6011111111111117", "discover", &["pm_card_discover"]),
    good("3056930009020004", "diners", &["pm_card_diners"]),
    good("3566002020360505", "jcb", &["pm_card_jcb"]),
    good("6200000000000005", "unionpay", &["pm_card_unionpay"]),
];

/// Cards in the file: by their number.
pub(crate) mod kept_card {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    use super::{TestCard, by_number};

    pub(crate) fn serialize<S: Serializer>(card: &&'static TestCard, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(card.number)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<&'static TestCard, D::Error> {
        by_number(&String::deserialize(from)?).ok_or_else(|| D::Error::custom("a card that there is not"))
    }
}

/// Refusals in the file: by their codes.
pub(crate) mod kept_decline {
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

    use super::{AUTHENTICATION_REQUIRED, CARDS, Decline, GENERIC};

    pub(crate) fn serialize<S: Serializer>(decline: &Option<&'static Decline>, to: S) -> Result<S::Ok, S::Error> {
        decline.map(|decline| (decline.code, decline.decline_code)).serialize(to)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<&'static Decline>, D::Error> {
        let Some((code, decline_code)) = Option::<(String, Option<String>)>::deserialize(from)? else {
            return Ok(None);
        };
        let of_cards = CARDS.iter().filter_map(|card| card.decline);
        let mut all = of_cards.chain([&GENERIC, &AUTHENTICATION_REQUIRED]);
        let found = all.find(|decline| decline.code == code && decline.decline_code == decline_code.as_deref());
        found.map(Some).ok_or_else(|| D::Error::custom("a refusal that there is not"))
    }
}

/// The card with this number.
#[must_use]
pub fn by_number(number: &str) -> Option<&'static TestCard> {
    CARDS.iter().find(|card| card.number == number)
}

/// The card that a PaymentMethod of Stripe's own stands for.
#[must_use]
pub fn by_method(method: &str) -> Option<&'static TestCard> {
    CARDS.iter().find(|card| card.methods.contains(&method))
}

/// Whether a card number can be one: 12 to 19 digits whose check digit fits (ISO/IEC 7812-1, Annex B).
#[must_use]
pub fn checks(number: &str) -> bool {
    let digits = number.bytes().all(|byte| byte.is_ascii_digit());
    let sum: u32 = number
        .bytes()
        .rev()
        .enumerate()
        .map(|(place, byte)| {
            let digit = u32::from(byte.wrapping_sub(b'0'));
            match place % 2 {
                0 => digit,
                _ if digit > 4 => digit * 2 - 9,
                _ => digit * 2,
            }
        })
        .sum();
    digits && (12..=19).contains(&number.len()) && sum.is_multiple_of(10)
}

/// Whether the customer is there to answer the bank.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// In front of the screen.
    OnSession,
    /// Not there: a payment that the merchant makes.
    OffSession,
}

/// What the bank says.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The money moves.
    Approved,
    /// It does not.
    Declined(&'static Decline),
    /// Not before the customer has authenticated.
    Authenticate,
}

/// What the bank says to a payment with a card. `asked`: the merchant wants authentication. `set_up`: the card was set
/// up for payments off session. `authenticated`: the customer has just authenticated.
#[must_use]
pub fn decide(card: &TestCard, presence: Presence, asked: bool, set_up: bool, authenticated: bool) -> Verdict {
    let charged = || card.decline.map_or(Verdict::Approved, Verdict::Declined);
    if authenticated {
        return charged();
    }
    match (card.authentication, presence) {
        (Authentication::LookupFails, _) => Verdict::Declined(&GENERIC),
        (Authentication::Never | Authentication::SetUpAlready, Presence::OffSession)
        | (Authentication::Never, Presence::OnSession) => charged(),
        (Authentication::IfAsked, Presence::OnSession) if asked => Verdict::Authenticate,
        (Authentication::IfAsked, _) => charged(),
        (Authentication::UnlessSetUp, Presence::OffSession) if set_up => charged(),
        (Authentication::UnlessSetUp | Authentication::Always, Presence::OffSession) => {
            Verdict::Declined(&AUTHENTICATION_REQUIRED)
        }
        (Authentication::UnlessSetUp | Authentication::Always | Authentication::SetUpAlready, Presence::OnSession) => {
            Verdict::Authenticate
        }
    }
}

/// What the bank says to setting a card up for later payments, without one now. …1629 and …3178 can be set up: only
/// their payments are declined.
#[must_use]
pub fn decide_setup(card: &TestCard, asked: bool, authenticated: bool) -> Verdict {
    let saved = || match card.decline {
        Some(decline) if !card.attachable => Verdict::Declined(decline),
        Some(_) | None => Verdict::Approved,
    };
    if authenticated {
        return saved();
    }
    match card.authentication {
        Authentication::LookupFails => Verdict::Declined(&GENERIC),
        Authentication::UnlessSetUp | Authentication::Always => Verdict::Authenticate,
        Authentication::IfAsked if asked => Verdict::Authenticate,
        Authentication::IfAsked | Authentication::Never | Authentication::SetUpAlready => saved(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_card_has_a_number_that_checks_and_no_two_share_a_name() {
        let mut names = std::collections::HashSet::new();
        for card in CARDS {
            assert!(checks(card.number), "{}", card.number);
            assert!(names.insert(card.number));
            assert!(card.methods.iter().all(|method| names.insert(method)), "{:?}", card.methods);
        }
        assert!(!checks("4242424242424241") && !checks("42") && !checks("4242x24242424242"));
    }

    #[test]
    fn a_card_that_is_set_up_needs_no_customer_unless_its_bank_always_asks() {
        let once = by_number("4000002500003155").unwrap();
        let always = by_number("4000002760003184").unwrap();
        let refused = Verdict::Declined(&AUTHENTICATION_REQUIRED);
        assert_eq!(decide(once, Presence::OffSession, false, false, false), refused);
        assert_eq!(decide(once, Presence::OffSession, false, true, false), Verdict::Approved);
        assert_eq!(decide(once, Presence::OnSession, false, true, false), Verdict::Authenticate);
        assert_eq!(decide(always, Presence::OffSession, false, true, false), refused);
        assert_eq!(decide(always, Presence::OnSession, false, true, true), Verdict::Approved);
    }
}
