//! Invoices, the ledger's entries, automatic payment, payment systems.

use proptest::prelude::*;
use tandem_domain::{
    access::{AccessRole, Audience, Field, Level, Principal, Tenant, Who},
    billing::{
        auto_payment::{
            AutoPaymentState, AutoPaymentTerms, Charge, ChargeKind, ChargeState, Circumstances, DisabledReason, Next,
            OnInvoice, RetryPolicy, after_failure, may_turn_on,
        },
        failure::{CODE_MAX, Failure, FailureKind, MESSAGE_MAX},
        invoice::{InvoiceLine, InvoiceNumber, InvoiceStanding, InvoiceState, NewInvoice, TaxLine, standing, totals},
        ledger::{self, AccountKind, Entry, Funds, Posting, Unbalanced},
        system::{PaymentSystem, Processor},
    },
    customer::Billing,
    ids::{AccountId, AdministratorId, ChargeId, CustomerId, InvoiceId, PaymentId, PaymentSystemId, Timestamp},
    locale::{Currency, Locale, TimeZone},
    money::Money,
};
use uuid::Uuid;

const CUSTOMER: CustomerId = CustomerId(Uuid::from_u128(1));
const NOW: Timestamp = Timestamp(1_767_225_600_000);

mod an_invoice {
    use super::*;

    fn line(quantity: i64, unit_price: i64, tax_basis_points: u32) -> InvoiceLine {
        InvoiceLine { quantity, ..InvoiceLine::one("Calls", unit_price, tax_basis_points) }
    }

    #[test]
    fn comes_to_its_lines_and_the_tax_on_them() {
        let lines = [InvoiceLine::one("Subscription", 9_917, 2100)];
        let totals = totals(&lines).unwrap();
        assert_eq!((totals.net, totals.tax, totals.total), (9_917, 2_083, 12_000));
        assert_eq!(totals.rates, [TaxLine { basis_points: 2100, net: 9_917, tax: 2_083 }]);
    }

    #[test]
    fn rounds_halves_away_from_zero_per_line_and_per_rate() {
        // 1.5 × 0.01 is 0.015, so 0.02; a discount of as much is −0.02.
        assert_eq!([line(1500, 1, 0).net(), line(1500, -1, 0).net(), line(1499, 1, 0).net()], [2, -2, 1]);
        // Three lines of 0.33: the tax is on 0.99, not three times on 0.33.
        let totals = totals(&[line(1000, 33, 2100), line(1000, 33, 2100), line(1000, 33, 600)]).unwrap();
        let rates: Vec<_> = totals.rates.iter().map(|rate| (rate.basis_points, rate.net, rate.tax)).collect();
        assert_eq!(rates, [(600, 33, 2), (2100, 66, 14)]);
        assert_eq!((totals.net, totals.tax, totals.total), (99, 16, 115));
    }

    #[test]
    fn with_a_line_that_cannot_be_is_refused() {
        for (lines, words) in [
            (vec![], "An invoice has 1 to 200 lines."),
            (vec![line(0, 1, 0)], "Line 1: the quantity is from 0.001 to 1,000,000."),
            (vec![line(1000, 100, 0), line(1000, i64::MIN, 0)], "Line 2: the price is too large."),
            (vec![line(1000, 100, 10_001)], "Line 1: the tax is from 0 to 100 %."),
            (vec![InvoiceLine::one(" ", 100, 0)], "Line 1: Enter a name."),
            (vec![line(1_000_000_000, 999_999_999_999, 0)], "The total is too large for one invoice."),
            (
                vec![line(1000, 100, 0), line(1000, -100, 0)],
                "An invoice comes to more than nothing; give a credit as an adjustment.",
            ),
        ] {
            assert_eq!(totals(&lines).unwrap_err().get("lines"), Some(words));
        }
    }

    #[test]
    fn is_not_due_before_it_is_issued() {
        let new = |issued_on: &str, due_on: &str| {
            let (issued_on, due_on) = (issued_on.into(), due_on.into());
            NewInvoice { lines: vec![InvoiceLine::one("Calls", 100, 0)], issued_on, due_on, note: String::new() }
                .check()
        };
        assert_eq!(new("2026-01-01", "2026-01-15").unwrap().total, 100);
        assert_eq!(
            new("2026-01-02", "2026-01-01").unwrap_err().get("due_on"),
            Some("The due date is not before the day of issue.")
        );
        assert!(new("", "2026-01-01").unwrap_err().get("issued_on").is_some());
        assert!(new("2026-01-01", "tomorrow").unwrap_err().get("due_on").is_some());
    }

    #[test]
    fn is_overdue_when_its_day_is_over() {
        for (state, due_on, expected) in [
            (InvoiceState::Open, "2026-01-15", InvoiceStanding::Open),
            (InvoiceState::Open, "2026-01-14", InvoiceStanding::Overdue),
            (InvoiceState::Paid, "2026-01-14", InvoiceStanding::Paid),
            (InvoiceState::Void, "2026-01-14", InvoiceStanding::Void),
        ] {
            assert_eq!(standing(state, due_on, "2026-01-15"), expected);
        }
        assert_eq!(InvoiceNumber(123).to_string(), "INV-000123");
    }

    proptest! {
        #[test]
        fn never_panics_and_its_parts_add_up(
            lines in prop::collection::vec((any::<i64>(), any::<i64>(), any::<u32>()), 0..5),
            small in prop::collection::vec((1_i64..5000, -500_i64..5000, 0_u32..3000), 1..6),
        ) {
            let of = |parts: &[(i64, i64, u32)]| parts.iter().map(|part| line(part.0, part.1, part.2)).collect::<Vec<_>>();
            let _ = totals(&of(&lines));
            if let Ok(totals) = totals(&of(&small)) {
                prop_assert_eq!(totals.net + totals.tax, totals.total);
                prop_assert_eq!(totals.rates.iter().map(|rate| rate.net + rate.tax).sum::<i64>(), totals.total);
                prop_assert!(totals.total > 0);
            }
        }
    }
}

mod the_ledger {
    use super::*;

    const SYSTEM: PaymentSystemId = PaymentSystemId(Uuid::from_u128(2));
    const PAYMENT: PaymentId = PaymentId(Uuid::from_u128(3));

    #[test]
    fn tells_each_event_by_postings_that_sum_to_zero() {
        let invoice = InvoiceId(Uuid::from_u128(4));
        let euros = Money::new(12_000, Currency::Eur);
        let issued = Entry::invoice_issued(invoice, CUSTOMER, Currency::Eur, 9_917, 2_083);
        let voided = Entry::invoice_voided(invoice, CUSTOMER, Currency::Eur, 9_917, 2_083);
        let paid = Entry::payment(PAYMENT, CUSTOMER, SYSTEM, euros);
        let refunded = Entry::refund(PAYMENT, CUSTOMER, SYSTEM, euros, (12_000, Timestamp(0)));
        let credit = Entry::adjustment("a".into(), CUSTOMER, euros, AccountKind::Adjustments, "Goodwill");
        let amounts = [&issued, &voided, &paid, &refunded, &credit].map(|entry| (entry.check(), entry.amount()));
        assert_eq!(amounts, [12_000, -12_000, -12_000, 12_000, -12_000].map(|amount| (Ok(()), amount)));
        let without_tax = Entry::invoice_issued(invoice, CUSTOMER, Currency::Eur, 100, 0);
        assert_eq!((without_tax.check(), without_tax.postings.len()), (Ok(()), 2), "nothing is posted to tax");
        let calls = Entry::adjustment("b".into(), CUSTOMER, euros, AccountKind::Revenue, "Calls");
        let all = [&issued, &paid, &calls, &voided, &refunded, &credit].map(Entry::calls_for_top_up);
        assert_eq!(all, [true, false, true, false, false, false], "what is billed or used, and nothing else");
    }

    #[test]
    fn takes_no_entry_that_is_lopsided_or_no_entry() {
        let entry = |postings: &[(AccountKind, i64)]| {
            let posting = |&(account, amount): &(AccountKind, i64)| Posting { account, amount };
            let entry = Entry::payment(PAYMENT, CUSTOMER, SYSTEM, Money::new(1, Currency::Eur));
            Entry { key: "k".into(), postings: postings.iter().map(posting).collect(), ..entry }.check()
        };
        let (sum, shape) = (Err(Unbalanced::Sum("k".into())), Err(Unbalanced::Shape("k".into())));
        let owed = AccountKind::Receivable(CUSTOMER);
        assert_eq!(entry(&[(owed, 1), (AccountKind::Revenue, -2)]), sum);
        assert_eq!(entry(&[(owed, 1)]), shape);
        assert_eq!(entry(&[(owed, 1), (owed, -1)]), shape);
        assert_eq!(entry(&[(owed, 0), (AccountKind::Revenue, 0)]), shape);
        assert_eq!(entry(&[(owed, i64::MAX), (AccountKind::Revenue, -i64::MAX)]), shape);
        assert_eq!(entry(&[]), shape);
    }

    #[test]
    fn a_prepaid_customer_is_out_of_funds_without_a_balance_and_a_postpaid_one_at_its_limit() {
        let standing = ledger::standing;
        let funds = |available, exhausted| Funds { available, exhausted };
        assert_eq!(standing(-500, Billing::Prepaid, None), funds(Some(500), false));
        assert_eq!(standing(0, Billing::Prepaid, None), funds(Some(0), true));
        assert_eq!(standing(100, Billing::Prepaid, Some(300)), funds(Some(200), false));
        assert_eq!(standing(1_000_000, Billing::Postpaid, None), funds(None, false));
        assert_eq!(standing(9_999, Billing::Postpaid, Some(10_000)), funds(Some(1), false));
        assert_eq!(standing(10_000, Billing::Postpaid, Some(10_000)), funds(Some(0), true));
        assert_eq!(standing(10_001, Billing::Postpaid, Some(10_000)), funds(Some(0), true));
        assert_eq!(standing(i64::MIN, Billing::Prepaid, Some(i64::MAX)), funds(Some(i64::MAX), false));
    }
}

mod automatic_payment {
    use super::*;

    #[test]
    fn becomes_available_with_a_payment_made_in_person() {
        assert!(may_turn_on(true) && !may_turn_on(false));
    }

    #[test]
    fn is_turned_off_at_once_when_the_bank_wants_the_cardholder_and_else_after_the_retries() {
        let policy = RetryPolicy::default();
        let day = 24 * 60 * 60;
        let next = |kind, attempts| after_failure(kind, attempts, &policy, NOW);
        assert_eq!(next(FailureKind::AuthenticationRequired, 1), Next::Disable(DisabledReason::AuthenticationRequired));
        for kind in FailureKind::ALL.iter().copied().filter(|kind| *kind != FailureKind::AuthenticationRequired) {
            let told: Vec<Next> = (1..=4).map(|attempts| next(kind, attempts)).collect();
            let retries = [1, 3, 5].map(|days| Next::RetryAt(NOW.plus_seconds(days * day)));
            assert_eq!(told[..3], retries, "{kind:?}");
            assert_eq!(told[3], Next::Disable(DisabledReason::Declined), "{kind:?}");
        }
        assert_eq!(
            after_failure(FailureKind::Declined, 0, &RetryPolicy { delays_seconds: vec![] }, NOW),
            Next::Disable(DisabledReason::Declined)
        );
    }

    #[test]
    fn tops_up_when_the_balance_is_beyond_the_threshold() {
        let terms = AutoPaymentTerms::parse("never", "10.00", "50", Currency::Eur).unwrap();
        assert_eq!((terms.threshold, terms.top_up), (Some(1000), Some(5000)));
        assert_eq!(terms.top_up_at(-1000, Billing::Prepaid), None, "ten euros are left");
        assert_eq!(terms.top_up_at(-999, Billing::Prepaid), Some(5000));
        assert_eq!(terms.top_up_at(1000, Billing::Postpaid), None, "ten euros are owed");
        assert_eq!(terms.top_up_at(1001, Billing::Postpaid), Some(5000));
        assert!(terms.is_anything() && !AutoPaymentTerms::default().is_anything());
        assert_eq!(AutoPaymentTerms::default().top_up_at(i64::MIN, Billing::Prepaid), None);
    }

    #[test]
    fn charges_what_is_owed_and_wanted_when_the_card_is_charged() {
        let terms = AutoPaymentTerms { on_invoice: OnInvoice::Never, threshold: Some(500), top_up: Some(1000) };
        let charge = |kind| Charge {
            id: ChargeId(Uuid::from_u128(5)),
            customer: CUSTOMER,
            kind,
            invoice: None,
            amount: None,
            payment: None,
            attempt: 1,
            created: NOW,
        };
        let judged = |terms: Option<AutoPaymentTerms>, kind, balance| {
            let (billing, currency) = (Billing::Postpaid, Currency::Eur);
            charge(kind).judge(&Circumstances { terms, invoice: None, balance, billing, currency })
        };
        assert_eq!(judged(Some(terms), ChargeKind::Threshold, 501), Ok(Money::new(1000, Currency::Eur)));
        let over = Err(ChargeState::Cancelled);
        assert_eq!(judged(Some(terms), ChargeKind::Threshold, 500), over, "the balance is as it should be");
        assert_eq!(judged(Some(terms), ChargeKind::Issue, 501), over, "it is not wanted");
        assert_eq!(judged(None, ChargeKind::Threshold, 501), over, "it is off");
        let little = AutoPaymentTerms { top_up: Some(49), ..terms };
        assert_eq!(judged(Some(little), ChargeKind::Threshold, 501), over, "no payment can be of it");
    }

    #[test]
    fn has_a_threshold_and_an_amount_or_neither() {
        let parse = |threshold, top_up| AutoPaymentTerms::parse("on_issue", threshold, top_up, Currency::Eur);
        let wrong = |threshold, top_up, field: &str| parse(threshold, top_up).unwrap_err().get(field).is_some();
        assert_eq!(
            parse("", " ").unwrap(),
            AutoPaymentTerms { on_invoice: OnInvoice::OnIssue, ..AutoPaymentTerms::default() }
        );
        assert!(wrong("", "50", "threshold") && wrong("10", "", "top_up"));
        assert!(wrong("10", "0.10", "top_up"), "no payment is that small");
        assert!(AutoPaymentTerms::parse("often", "", "", Currency::Eur).unwrap_err().get("on_invoice").is_some());
    }

    #[test]
    fn keys_lead_back() {
        let reasons = DisabledReason::ALL.iter().copied().map(AutoPaymentState::Disabled);
        for state in [AutoPaymentState::Off, AutoPaymentState::On].into_iter().chain(reasons) {
            let (key, reason) = state.keys();
            assert_eq!(AutoPaymentState::from_keys(key, reason), Some(state));
        }
        assert_eq!(AutoPaymentState::from_keys("disabled", ""), None);
    }
}

#[test]
fn a_failure_from_outside_is_bounded() {
    let failure = Failure::new(FailureKind::Other, &"c\u{1b}".repeat(1000), &"é\n".repeat(10_000));
    assert_eq!((failure.code.chars().count(), failure.message.chars().count()), (CODE_MAX, MESSAGE_MAX));
    assert!(!failure.code.contains('\u{1b}') && !failure.message.contains('\n'));
    for kind in FailureKind::ALL {
        assert!(kind.advice().ends_with('.') && FailureKind::from_key(kind.key()) == Some(*kind));
    }
}

#[test]
fn a_payment_system_has_a_name_a_processor_and_currencies() {
    let system = PaymentSystem::parse(" Cards ", "stripe", true, ["JPY", "EUR", "EUR"], true, " pk_test_1 ").unwrap();
    assert_eq!(
        (system.name.as_str(), system.processor, system.public_key.as_str()),
        ("Cards", Processor::Stripe, "pk_test_1")
    );
    assert_eq!(system.currencies, [Currency::Eur, Currency::Jpy]);
    let errors = PaymentSystem::parse("", "paypal", false, ["DEM"], true, "sk_live_1").unwrap_err();
    for field in ["name", "processor", "currencies", "public_key"] {
        assert!(errors.get(field).is_some(), "{field}");
    }
}

mod who_may_work_with_money {
    use super::*;

    fn person(who: Who, role: AccessRole) -> Principal {
        let (sign_in, name) = ("mary".into(), "Mary".into());
        Principal {
            who,
            sign_in,
            name,
            role,
            manages: false,
            locale: Locale::default(),
            time_zone: TimeZone::default(),
        }
    }

    #[test]
    fn an_account_does_not_unless_its_role_says_so() {
        let [admin, _, customer, account] = AccessRole::built_in();
        let own = Who::Account { account: AccountId(Uuid::from_u128(7)), customer: CUSTOMER };
        let (john, mary) = (person(own, account), person(own, AccessRole::payer()));
        let other = CustomerId(Uuid::from_u128(9));
        for field in [Field::Invoices, Field::Payments, Field::PaymentMethods, Field::AutoPayment] {
            assert!(!john.sees(field) && mary.sees(field), "{field:?}");
        }
        for field in [Field::Ledger, Field::Adjustments, Field::Refunds, Field::PaymentSystems, Field::InvoiceIssuing] {
            assert!(!mary.sees(field), "{field:?}");
        }
        assert_eq!((john.money_tenant(CUSTOMER), john.money_scope(), john.own_money_tenant()), (None, None, None));
        assert_eq!(mary.money_tenant(CUSTOMER).map(Tenant::customer), Some(CUSTOMER));
        assert_eq!(mary.own_money_tenant(), mary.money_tenant(CUSTOMER));
        assert_eq!(mary.money_scope().and_then(|scope| scope.customer()), Some(CUSTOMER));
        assert_eq!((mary.money_tenant(other), mary.tenant(CUSTOMER)), (None, None));
        let abc = person(Who::Customer(CUSTOMER), customer);
        assert!(abc.money_tenant(CUSTOMER).is_some() && abc.money_tenant(other).is_none());
        assert!(!abc.modifies(Field::Invoices) && abc.modifies(Field::Payments));
        let staff = person(Who::Administrator(AdministratorId(Uuid::from_u128(8))), admin);
        assert!(
            staff.money_tenant(other).is_some() && staff.money_scope().is_some() && staff.own_money_tenant().is_none()
        );
    }

    #[test]
    fn a_payer_is_an_account_that_pays() {
        let (payer, [.., account]) = (AccessRole::payer(), AccessRole::built_in());
        assert_eq!((payer.audience, payer.base), (Audience::Account, Level::View));
        assert_eq!(payer.level(Field::Payments), Level::Modify);
        for field in Field::ALL.iter().filter(|field| !field.info().path.starts_with("billing/")) {
            assert_eq!(payer.level(*field), account.level(*field), "{field:?}");
        }
    }
}
