//! Where a payment stands, whatever order the processor's answers come in.

use proptest::prelude::*;
use tandem_domain::{
    billing::{
        failure::{Failure, FailureKind},
        payment::{ABANDONED_SECONDS, IntentStatus, Mismatch, Payment, PaymentState, Snapshot, Step},
    },
    ids::{CustomerId, PaymentId, PaymentSystemId, Timestamp},
    locale::Currency,
    money::Money,
};
use uuid::Uuid;

const AMOUNT: i64 = 12_000;
const ID: PaymentId = PaymentId(Uuid::from_u128(1));
const START: Timestamp = Timestamp(1_767_225_600_000);

fn payment() -> Payment {
    Payment {
        id: ID,
        customer: CustomerId(Uuid::from_u128(2)),
        invoice: None,
        amount: Money::new(AMOUNT, Currency::Eur),
        refunded: 0,
        state: PaymentState::Created,
        off_session: false,
        save_method: false,
        system: PaymentSystemId(Uuid::from_u128(3)),
        method: None,
        reference: Some("pi_1".into()),
        failure: None,
        attempts: 0,
        payer: None,
        created: START,
        resumed: None,
        observed: None,
        paid_at: None,
        refunds_from: Timestamp::default(),
    }
}

fn said(second: i64, status: IntentStatus) -> Snapshot {
    Snapshot {
        asked: START.plus_seconds(second),
        reference: "pi_1".into(),
        status,
        amount: AMOUNT,
        amount_received: if status == IntentStatus::Succeeded { AMOUNT } else { 0 },
        amount_refunded: 0,
        currency: Currency::Eur,
        failure: None,
        method: None,
        metadata_payment: Some(ID),
    }
}

fn refunded(second: i64, amount_refunded: i64) -> Snapshot {
    Snapshot { amount_refunded, ..said(second, IntentStatus::Succeeded) }
}

/// The payment after a step, as the store keeps it.
fn after(payment: &Payment, snapshot: &Snapshot, step: &Step) -> Payment {
    Payment {
        state: step.to,
        refunded: payment.refunded + step.refund.map_or(0, |money| money.minor),
        failure: step.failure.clone(),
        observed: payment.observed.max(Some(snapshot.asked)),
        ..payment.clone()
    }
}

fn take(payment: &Payment, snapshot: &Snapshot) -> Payment {
    after(payment, snapshot, &payment.take(snapshot).expect("words about this payment"))
}

#[test]
fn mary_passes_the_bank_and_is_credited_once() {
    let waiting = take(&payment(), &said(1, IntentStatus::RequiresAction));
    assert_eq!(waiting.state, PaymentState::RequiresAction);
    let step = waiting.take(&said(2, IntentStatus::Succeeded)).unwrap();
    assert_eq!((step.to, step.credit, step.refund), (PaymentState::Succeeded, Some(payment().amount), None));
    let paid = after(&waiting, &said(2, IntentStatus::Succeeded), &step);
    let again = paid.take(&said(3, IntentStatus::Succeeded)).unwrap();
    assert_eq!((again.to, again.credit, again.refund), (PaymentState::Succeeded, None, None));
}

#[test]
fn a_late_answer_takes_nothing_back() {
    let paid = take(&payment(), &said(5, IntentStatus::Succeeded));
    for status in [IntentStatus::RequiresAction, IntentStatus::Canceled, IntentStatus::Processing] {
        for second in [1, 9] {
            let step = paid.take(&said(second, status)).unwrap();
            assert_eq!((step.to, step.credit), (PaymentState::Succeeded, None), "{status:?}");
        }
    }
    let waiting = take(&payment(), &said(5, IntentStatus::RequiresAction));
    let late = waiting.take(&said(4, IntentStatus::RequiresPaymentMethod)).unwrap();
    assert_eq!(late.to, PaymentState::RequiresAction);
}

#[test]
fn a_declined_card_can_be_replaced_and_its_failure_is_forgotten() {
    let failure = Failure::new(FailureKind::Declined, "card_declined", "Your card was declined.");
    let declined = Snapshot { failure: Some(failure.clone()), ..said(1, IntentStatus::RequiresPaymentMethod) };
    let declined = take(&payment(), &declined);
    assert_eq!((declined.state, declined.failure.as_ref()), (PaymentState::RequiresPaymentMethod, Some(&failure)));
    let untold = take(&declined, &said(2, IntentStatus::RequiresPaymentMethod));
    assert_eq!(untold.failure, Some(failure));
    let paid = take(&untold, &said(3, IntentStatus::Succeeded));
    assert_eq!((paid.state, paid.failure), (PaymentState::Succeeded, None));
}

#[test]
fn what_was_called_off_stays_so_unless_it_was_paid_all_the_same() {
    let cancelled = take(&payment(), &said(1, IntentStatus::Canceled));
    assert_eq!(cancelled.state, PaymentState::Cancelled);
    assert_eq!(cancelled.take(&said(2, IntentStatus::RequiresAction)).unwrap().to, PaymentState::Cancelled);
    for state in [PaymentState::Cancelled, PaymentState::Failed] {
        let gone = Payment { state, ..payment() };
        assert_eq!(gone.take(&said(2, IntentStatus::Succeeded)).unwrap().credit, Some(payment().amount));
    }
}

#[test]
fn refunds_only_grow() {
    let paid = take(&payment(), &said(1, IntentStatus::Succeeded));
    let some = take(&paid, &refunded(2, 5_000));
    assert_eq!((some.state, some.refunded), (PaymentState::PartlyRefunded, 5_000));
    let step = some.take(&refunded(3, 2_000)).unwrap();
    assert_eq!((step.to, step.refund), (PaymentState::PartlyRefunded, None), "an answer from before");
    let all = some.take(&refunded(4, AMOUNT)).unwrap();
    assert_eq!((all.to, all.refund.map(|money| money.minor)), (PaymentState::Refunded, Some(7_000)));
    // Paid and refunded before anybody asked.
    let late = payment().take(&refunded(9, AMOUNT)).unwrap();
    assert_eq!(
        (late.to, late.credit.is_some(), late.refund.map(|money| money.minor)),
        (PaymentState::Refunded, true, Some(AMOUNT))
    );
}

#[test]
fn a_refund_that_came_back_can_be_made_again() {
    let some = take(&take(&payment(), &said(1, IntentStatus::Succeeded)), &refunded(2, 5_000));
    assert_eq!((some.refundable(0), some.refundable(4_000), some.refundable(9_000)), (7_000, 3_000, 0));
    assert_eq!(some.without_refund(5_000), PaymentState::Succeeded);
    let back = Payment { refunded: 0, state: PaymentState::Succeeded, refunds_from: START.plus_seconds(5), ..some };
    assert_eq!(back.take(&refunded(3, 5_000)).unwrap().refund, None, "asked before it came back");
    assert_eq!(back.take(&refunded(6, 5_000)).unwrap().refund.map(|money| money.minor), Some(5_000));
    assert_eq!(payment().refundable(0), 0, "nothing was paid");
}

#[test]
fn words_about_another_payment_credit_nothing() {
    let other = PaymentId(Uuid::from_u128(99));
    let succeeded = || said(1, IntentStatus::Succeeded);
    let euros = |minor| Money::new(minor, Currency::Eur);
    let own = euros(AMOUNT);
    for (snapshot, expected) in [
        (
            Snapshot { reference: "pi_2".into(), ..succeeded() },
            Mismatch::Reference { told: "pi_2".into(), own: "pi_1".into() },
        ),
        (Snapshot { metadata_payment: Some(other), ..succeeded() }, Mismatch::Metadata(Some(other))),
        (Snapshot { amount: 1, ..succeeded() }, Mismatch::Amount { told: euros(1), own }),
        (
            Snapshot { currency: Currency::Usd, ..succeeded() },
            Mismatch::Amount { told: Money::new(AMOUNT, Currency::Usd), own },
        ),
        (Snapshot { amount_received: AMOUNT - 1, ..succeeded() }, Mismatch::Received { told: euros(AMOUNT - 1), own }),
        (refunded(1, AMOUNT + 1), Mismatch::Refunded { told: euros(AMOUNT + 1), own }),
        (refunded(1, -1), Mismatch::Refunded { told: euros(-1), own }),
    ] {
        assert_eq!(payment().take(&snapshot), Err(expected));
    }
    // Before its own reference is known, the processor must say whose it is.
    let unattached = Payment { reference: None, ..payment() };
    assert!(unattached.take(&succeeded()).is_ok());
    let unsaid = Snapshot { metadata_payment: None, ..succeeded() };
    assert_eq!(unattached.take(&unsaid), Err(Mismatch::Metadata(None)));
    assert!(payment().take(&unsaid).is_ok());
}

#[test]
fn only_what_a_customer_left_behind_is_given_up() {
    let late = START.plus_seconds(ABANDONED_SECONDS + 1);
    assert!(payment().is_abandoned(late) && !payment().is_abandoned(START.plus_seconds(60)));
    let automatic = Payment { off_session: true, ..payment() };
    assert!(!automatic.is_abandoned(late), "it waits to be resumed");
    let resumed = |at| Payment { resumed: Some(at), ..automatic.clone() };
    assert!(!resumed(late.plus_seconds(-60)).is_abandoned(late) && resumed(START).is_abandoned(late));
    assert!(!Payment { state: PaymentState::Processing, ..payment() }.is_abandoned(late), "the bank has it");
    assert!(!Payment { state: PaymentState::Succeeded, ..payment() }.is_abandoned(late));
}

/// One answer of a processor at which a payment goes its way: attempts that fail, perhaps success, then refunds.
fn story() -> impl Strategy<Value = Vec<Snapshot>> {
    let attempt = prop::sample::select(vec![
        IntentStatus::RequiresPaymentMethod,
        IntentStatus::RequiresConfirmation,
        IntentStatus::RequiresAction,
        IntentStatus::Processing,
    ]);
    let attempts = prop::collection::vec(attempt, 0..6);
    let refunds = prop::collection::vec(0..=AMOUNT, 0..4);
    (attempts, any::<bool>(), refunds).prop_map(|(attempts, succeeds, mut refunds)| {
        let mut statuses: Vec<(IntentStatus, i64)> = attempts.into_iter().map(|status| (status, 0)).collect();
        refunds.sort_unstable();
        if succeeds {
            statuses.push((IntentStatus::Succeeded, 0));
            statuses.extend(refunds.into_iter().map(|amount| (IntentStatus::Succeeded, amount)));
        } else {
            statuses.push((IntentStatus::Canceled, 0));
        }
        let tell = |(second, (status, amount_refunded))| Snapshot { amount_refunded, ..said(second, status) };
        (0..).zip(statuses).map(tell).collect()
    })
}

#[test]
fn less_given_back_than_is_known_is_a_refund_that_failed_unheard() {
    let known = Payment {
        state: PaymentState::PartlyRefunded,
        refunded: 2_000,
        observed: Some(START.plus_seconds(5)),
        ..payment()
    };
    assert!(known.has_lost_refund(&refunded(6, 1_500)));
    assert!(!known.has_lost_refund(&refunded(6, 2_000)));
    assert!(!known.has_lost_refund(&refunded(4, 0)), "it was asked before the refund");
    let again = Payment { refunds_from: START.plus_seconds(9), ..known };
    assert!(!again.has_lost_refund(&refunded(8, 0)), "it was asked before one failed");
}

proptest! {
    #[test]
    fn in_any_order_twice_or_not_at_all_it_is_credited_once_and_ends_where_the_processor_is(
        story in story(),
        heard in prop::collection::vec(any::<prop::sample::Index>(), 0..30),
    ) {
        let truth = story.last().unwrap();
        let mut payment = payment();
        let (mut credits, mut given_back) = (0, 0);
        // What is heard, in any order; at last a sweep asks how it is.
        let told = heard.iter().map(|index| index.get(&story)).chain([truth]);
        for snapshot in told {
            let step = payment.take(snapshot).unwrap();
            credits += i64::from(step.credit.is_some());
            given_back += step.refund.map_or(0, |money| money.minor);
            prop_assert!(!payment.state.is_paid() || step.to.is_paid(), "taken back");
            payment = after(&payment, snapshot, &step);
        }
        let is_paid = truth.status == IntentStatus::Succeeded;
        prop_assert_eq!(credits, i64::from(is_paid));
        prop_assert_eq!(given_back, if is_paid { truth.amount_refunded } else { 0 });
        prop_assert_eq!(payment.state.is_paid(), is_paid);
        prop_assert_eq!(payment.refunded, given_back);
        prop_assert!(is_paid || payment.state == PaymentState::Cancelled);
    }

    #[test]
    fn no_answer_makes_it_panic_or_credit_another_amount(
        status in prop::sample::select(vec![IntentStatus::Succeeded, IntentStatus::Canceled, IntentStatus::Processing]),
        numbers in any::<[i64; 4]>(), asked in any::<i64>(), state in prop::sample::select(PaymentState::ALL),
        refunded in 0..=AMOUNT,
    ) {
        let payment = Payment { state, refunded, ..payment() };
        let [amount, amount_received, amount_refunded, created] = numbers;
        let snapshot = Snapshot { asked: Timestamp(asked), amount, amount_received, amount_refunded, ..said(1, status) };
        if let Ok(step) = payment.take(&snapshot) {
            prop_assert!(step.credit.is_none_or(|credit| credit == payment.amount));
        }
        let _ = Payment { created: Timestamp(created), ..payment }.next_sweep_seconds(Timestamp(asked));
    }
}
