//! What is written to customers about their payments.
//!
//! Names, cards and reasons come from outside: each is one harmless line here, and escaped in HTML by [`Body`].

use tandem_domain::{
    billing::{auto_payment::DisabledReason, payment::Payment},
    ids::Timestamp,
};
use tandem_mail::letter::{Body, line, moment};
use tandem_store::{Letter, MoneyReader, payments::Receipt};

/// How letters about payments are written here.
#[derive(Debug, Clone)]
pub struct PaymentLetters {
    /// Where self-care is, such as `https://tandem.example`.
    pub public_url: String,
}

/// The automatic payment that a letter is about.
#[derive(Debug, Clone, Copy)]
pub struct Failed<'a> {
    /// The payment.
    pub payment: &'a Payment,
    /// The number of the invoice that it is for; empty if it is for none.
    pub invoice: &'a str,
    /// The card, such as "Visa •••• 4242"; empty if it is not known.
    pub card: &'a str,
}

impl PaymentLetters {
    /// "Your payment needs verification" and its like: an automatic payment failed, and no other is tried. The link
    /// goes on with that very payment.
    #[must_use]
    pub fn auto_payment_failed(
        &self,
        reason: DisabledReason,
        failed: Option<Failed<'_>>,
        at: Timestamp,
        reader: &MoneyReader,
    ) -> Letter {
        let amount = failed.map(|failed| failed.payment.amount.in_locale(reader.locale)).unwrap_or_default();
        let of = if amount.is_empty() { String::new() } else { format!(" of {amount}") };
        let (subject, news) = match reason {
            DisabledReason::AuthenticationRequired => (
                format!("Your payment{of} needs verification"),
                format!(
                    "Your automatic payment{of} failed because it needs an additional verification step: your bank wants \
                     you to confirm it. Nothing was charged, and automatic payment is turned off."
                ),
            ),
            DisabledReason::Declined => (
                format!("Your payment{of} was declined"),
                format!(
                    "Your automatic payment{of} was declined, also when it was tried again. Nothing was charged, and \
                     automatic payment is turned off."
                ),
            ),
            DisabledReason::NoMethod => (
                format!("Your payment{of} could not be made"),
                format!(
                    "Your automatic payment{of} could not be made, for there is no saved card to pay with. Automatic \
                     payment is turned off."
                ),
            ),
        };
        let sentence = match reason {
            DisabledReason::AuthenticationRequired => {
                "Continue the payment, after signing in, and follow your bank’s instructions. Afterwards you can turn \
                 automatic payment on again:"
            }
            DisabledReason::Declined | DisabledReason::NoMethod => {
                "Pay with this or another card, after signing in. Afterwards you can turn automatic payment on again:"
            }
        };
        let link = match failed {
            Some(failed) => self.link(&format!("payments/{}/resume", failed.payment.id)),
            None => self.link("payments"),
        };
        let when = moment(at, reader.locale, &reader.time_zone);
        let (invoice, card) = failed.map(|failed| (line(failed.invoice), line(failed.card))).unwrap_or_default();
        let facts = told([("Amount", &amount), ("Invoice", &invoice), ("Card", &card), ("When", &when)]);
        let body = Body {
            title: "Payment",
            hello: &hello(reader),
            news: &news,
            facts: &facts,
            sentence,
            button: if failed.is_some() { "Continue the payment" } else { "Open payments" },
            link: &link,
        };
        Letter { subject, text: body.text(), html: body.html() }
    }

    /// A payment was made.
    #[must_use]
    pub fn receipt(&self, receipt: &Receipt) -> Letter {
        let Receipt { payment, invoice_number, card, balance, reader } = receipt;
        let amount = payment.amount.in_locale(reader.locale);
        let number = invoice_number.map(|number| number.to_string()).unwrap_or_default();
        let purpose = if number.is_empty() { String::new() } else { format!(" for invoice {number}") };
        let when = payment.paid_at.map(|at| moment(at, reader.locale, &reader.time_zone)).unwrap_or_default();
        let left = balance.minor;
        let owed = tandem_domain::money::Money::new(left.saturating_abs(), balance.currency).in_locale(reader.locale);
        let standing = match left {
            ..0 => format!("{owed} to your credit"),
            0 => "Nothing is owed".to_owned(),
            1.. => format!("{owed} owed"),
        };
        let (card, id) = (line(card), payment.id.to_string());
        let facts = told([
            ("Amount", &amount),
            ("Invoice", &number),
            ("Paid with", &card),
            ("When", &when),
            ("Balance", &standing),
            ("Payment", &id),
        ]);
        let link = self.link(&format!("payments/{id}"));
        let body = Body {
            title: "Receipt",
            hello: &hello(reader),
            news: &format!("Thank you: your payment of {amount}{purpose} was received."),
            facts: &facts,
            sentence: "You can see it in self-care, after signing in:",
            button: "Open the payment",
            link: &link,
        };
        Letter { subject: format!("Receipt: {amount}{purpose}"), text: body.text(), html: body.html() }
    }

    fn link(&self, page: &str) -> String {
        format!("{}/self-care/{page}", self.public_url.trim_end_matches('/'))
    }
}

fn hello(reader: &MoneyReader) -> String {
    let name = line(&reader.name);
    if name.is_empty() { "Hello,".to_owned() } else { format!("Hello {name},") }
}

/// The facts that are known.
fn told<'a, const N: usize>(facts: [(&'a str, &'a String); N]) -> Vec<(&'a str, &'a str)> {
    facts.into_iter().filter(|(_, value)| !value.is_empty()).map(|(what, value)| (what, value.as_str())).collect()
}

#[cfg(test)]
mod tests {
    use tandem_domain::{
        billing::{invoice::InvoiceNumber, payment::PaymentState},
        ids::{CustomerId, PaymentId, PaymentSystemId},
        locale::{Currency, Locale, TimeZone},
        money::Money,
    };
    use uuid::Uuid;

    use super::*;

    /// 2026-11-24T15:05:00Z.
    const NOW: Timestamp = Timestamp(1_795_532_700_000);

    fn payment() -> Payment {
        Payment {
            id: PaymentId(Uuid::from_u128(9)),
            customer: CustomerId(Uuid::from_u128(1)),
            invoice: None,
            amount: Money::new(12_000, Currency::Eur),
            refunded: 0,
            state: PaymentState::RequiresPaymentMethod,
            off_session: true,
            save_method: false,
            system: PaymentSystemId(Uuid::from_u128(2)),
            method: None,
            reference: None,
            failure: None,
            attempts: 1,
            payer: None,
            created: NOW,
            resumed: None,
            observed: None,
            paid_at: Some(NOW),
            refunds_from: Timestamp(0),
        }
    }

    fn reader(name: &str) -> MoneyReader {
        MoneyReader {
            customer: CustomerId(Uuid::from_u128(1)),
            account: None,
            name: name.into(),
            email: "billing@abc.example".into(),
            customer_name: "ABC".into(),
            locale: Locale::EnGb,
            time_zone: TimeZone::default(),
        }
    }

    fn letters() -> PaymentLetters {
        PaymentLetters { public_url: "https://tandem.example/".into() }
    }

    #[test]
    fn who_has_to_verify_is_told_so_with_a_link_to_that_very_payment() {
        let payment = payment();
        let failed = Failed { payment: &payment, invoice: "INV-000007", card: "Visa •••• 3155" };
        let letter =
            letters().auto_payment_failed(DisabledReason::AuthenticationRequired, Some(failed), NOW, &reader("ABC"));
        assert_eq!(letter.subject, "Your payment of €120.00 needs verification");
        let link = "https://tandem.example/self-care/payments/00000000-0000-0000-0000-000000000009/resume";
        assert_eq!(
            letter.text,
            format!(
                "Hello ABC,\n\nYour automatic payment of €120.00 failed because it needs an additional verification step: \
                 your bank wants you to confirm it. Nothing was charged, and automatic payment is turned off.\n\n\
                 Amount: €120.00\nInvoice: INV-000007\nCard: Visa •••• 3155\nWhen: 24 Nov 2026, 16:05 CET\n\n\
                 Continue the payment, after signing in, and follow your bank’s instructions. Afterwards you can turn \
                 automatic payment on again:\n{link}\n"
            )
        );
        assert!(letter.html.contains(link) && letter.html.contains("Continue the payment"));
    }

    #[test]
    fn without_a_card_there_is_no_payment_to_go_on_with() {
        let letter = letters().auto_payment_failed(DisabledReason::NoMethod, None, NOW, &reader(""));
        assert!(
            letter.text.starts_with("Hello,\n") && letter.text.contains("/self-care/payments\n"),
            "{}",
            letter.text
        );
        assert!(!letter.text.contains("Amount"));
    }

    #[test]
    fn a_receipt_says_what_was_paid_and_what_is_left() {
        let receipt = |balance| Receipt {
            payment: payment(),
            invoice_number: Some(InvoiceNumber(7)),
            card: "Visa •••• 4242".into(),
            balance: Money::new(balance, Currency::Eur),
            reader: reader("Mary Smith"),
        };
        let letter = letters().receipt(&receipt(0));
        assert_eq!(letter.subject, "Receipt: €120.00 for invoice INV-000007");
        assert!(letter.text.contains("Paid with: Visa •••• 4242\n") && letter.text.contains("Nothing is owed"));
        assert!(letters().receipt(&receipt(-500)).text.contains("€5.00 to your credit"));
        assert!(letters().receipt(&receipt(2_50)).text.contains("€2.50 owed"));
    }

    #[test]
    fn a_name_is_shown_and_never_obeyed() {
        let payment = payment();
        let failed = Failed { payment: &payment, invoice: "", card: "<b>\r\nBcc: all@example.org" };
        let name = "<script>\u{202e}";
        let letter = letters().auto_payment_failed(DisabledReason::Declined, Some(failed), NOW, &reader(name));
        assert!(!letter.html.contains("<script>") && !letter.html.contains("<b>"), "{}", letter.html);
        assert!(!letter.text.contains("\nBcc:"), "{}", letter.text);
    }
}
