//! What a program may be at when it dies; and how its customer and another program go on from there, as if nothing had been.

use tandem_billing::{Billing, BillingError};
use tandem_domain::{
    access::Tenant,
    billing::{
        auto_payment::{AutoPaymentState, DisabledReason},
        payment::{Payment, PaymentState},
    },
    ids::{PaymentId, PaymentMethodId, Timestamp, Version},
    mail::MailKind,
};
use tandem_processor_sim::{Fault, FaultKind};
use tandem_store::{Change, payments::PayFor};
use uuid::Uuid;

use crate::world::{ALWAYS_ASKS, DAY, GOOD, World};

/// Longer than any lease.
const LEASE: i64 = 301;

/// What is being done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// Mary pays with a card that she saved.
    PayWithSaved,
    /// As well, and her bank asks her.
    PayWithAsking,
    /// She calls a payment off.
    CallOff,
    /// She goes on with one that was begun while the processor did not answer.
    GoOn,
    /// Pending payments are asked about: one is paid and nobody came back, one was left behind.
    Sweep,
    /// An automatic payment is made that the bank wants to see her for.
    FailToCharge,
}

/// What it is done with.
#[derive(Debug, Clone, Copy)]
pub struct Begun {
    /// The payment. Of none where the program finds it by itself.
    pub payment: PaymentId,
    /// The card that she saved.
    pub card: PaymentMethodId,
    /// How often automatic payment had been changed.
    version: Version,
    /// How many letters had been written about failed ones.
    letters: u32,
    /// How many payments had been created at the processor.
    created: usize,
}

impl Begun {
    /// As another process is told of it.
    pub fn of(payment: PaymentId, card: PaymentMethodId) -> Self {
        Self { payment, card, version: Version(0), letters: 0, created: 0 }
    }

    async fn now(world: &World) -> Self {
        Self {
            payment: PaymentId(Uuid::nil()),
            card: world.store.payment_methods().default_of(world.abc).await.unwrap().unwrap().id,
            version: world.store.auto_payments().get(world.abc).await.unwrap().version,
            letters: world.mail_count(MailKind::AutoPaymentFailed).await,
            created: world.created(),
        }
    }
}

impl Operation {
    pub const ALL: [Self; 6] =
        [Self::PayWithSaved, Self::PayWithAsking, Self::CallOff, Self::GoOn, Self::Sweep, Self::FailToCharge];

    /// The world in which it is done, again and again.
    pub async fn world(self) -> World {
        let world = World::new().await;
        match self {
            Self::PayWithSaved | Self::CallOff | Self::GoOn | Self::Sweep => drop(world.saved_card(GOOD).await),
            Self::PayWithAsking | Self::FailToCharge => drop(world.saved_card(ALWAYS_ASKS).await),
        }
        // It takes the credit by which the card was saved.
        world.invoice(1_000).await;
        world
    }

    /// Until just before it.
    pub async fn prepare(self, world: &World) -> Begun {
        let begun = Begun::now(world).await;
        let payment = match self {
            Self::PayWithSaved | Self::PayWithAsking | Self::CallOff => {
                world.begin(world.invoice(12_000).await).await.payment.id
            }
            Self::GoOn => {
                let silent = Fault::next("/v1/payment_intents", FaultKind::DropBefore);
                world.control().fault(Fault { times: 3, ..silent });
                let request = world.request(PayFor::Invoice(world.invoice(12_000).await), false);
                let failed = world.billing.begin(&world.change(), world.abc, &request).await.unwrap_err();
                assert!(failed.is_temporary(), "{failed}");
                let PayFor::Invoice(invoice) = request.pay_for else { unreachable!() };
                let open = world.store.payments().open_of_invoice(world.abc, invoice).await.unwrap().unwrap();
                assert_eq!(open.reference, None);
                open.id
            }
            Self::Sweep => {
                let left_behind = world.request(PayFor::Balance(2_500), false);
                world.billing.begin(&world.change(), world.abc, &left_behind).await.unwrap();
                let paid = world.begin(world.invoice(12_000).await).await;
                world.give_card(paid.client_secret.unwrap().expose(), GOOD).await;
                world.later(DAY + 60);
                paid.payment.id
            }
            Self::FailToCharge => {
                world.automatic().await;
                world.invoice(12_000).await;
                PaymentId(Uuid::nil())
            }
        };
        // Automatic payment has just been turned on, perhaps.
        let version = world.store.auto_payments().get(world.abc).await.unwrap().version;
        Begun { payment, version, ..begun }
    }

    /// Does it. That it fails is as good as anything else.
    pub async fn perform(self, billing: &Billing, abc: Tenant, at: Timestamp, begun: Begun) {
        let change = Change { at, actor: "mary", by_staff: false, address: None };
        let (mary, id) = (&change, begun.payment);
        match self {
            Self::PayWithSaved | Self::PayWithAsking => {
                let _ = pay_with_saved(billing, mary, abc, begun).await;
            }
            Self::CallOff => drop(billing.cancel(mary, abc, id).await),
            Self::GoOn => drop(billing.resume(mary, abc, id).await),
            Self::Sweep => drop(billing.sweep().await),
            Self::FailToCharge => drop(billing.charge_due().await),
        }
    }

    /// Another program is started, and she looks again.
    pub async fn go_on(self, world: &World, begun: Begun) {
        world.later(LEASE);
        let (billing, id) = (world.another(), begun.payment);
        match self {
            Self::PayWithSaved => {
                if !look(world, &billing, id).await.state.is_paid() {
                    pay_with_saved(&billing, &world.change(), world.abc, begun).await.unwrap();
                }
                ends(world, &billing, id, PaymentState::Succeeded).await;
            }
            Self::PayWithAsking => {
                if look(world, &billing, id).await.state != PaymentState::RequiresAction {
                    pay_with_saved(&billing, &world.change(), world.abc, begun).await.unwrap();
                }
                passes_check(world, id).await;
                ends(world, &billing, id, PaymentState::Succeeded).await;
            }
            Self::CallOff => {
                billing.cancel(&world.change(), world.abc, id).await.unwrap();
                ends(world, &billing, id, PaymentState::Cancelled).await;
                // It stands in the way of no other.
                let invoice = world.payment(id).await.invoice.unwrap();
                let another = world.begin(invoice).await;
                assert_ne!(another.payment.id, id);
                world.give_card(another.client_secret.unwrap().expose(), GOOD).await;
                ends(world, &billing, another.payment.id, PaymentState::Succeeded).await;
            }
            Self::GoOn => {
                let paying = billing.resume(&world.change(), world.abc, id).await.unwrap();
                world.give_card(paying.client_secret.unwrap().expose(), GOOD).await;
                ends(world, &billing, id, PaymentState::Succeeded).await;
                assert_eq!(world.created(), begun.created + 1);
            }
            Self::Sweep => {
                // What was heard before counts, and what is a day old is asked about again after hours.
                world.later(DAY / 2);
                assert_eq!(billing.sweep().await.unwrap().failed, 0);
                assert_eq!(billing.sweep().await.unwrap().asked, 0);
                assert_eq!(world.payment(id).await.state, PaymentState::Succeeded);
                let open = world.control().events(Some("payment_intent.created")).into_iter().filter(|event| {
                    let intent = event["data"]["object"]["id"].as_str().and_then(|id| world.control().object(id));
                    intent.is_some_and(|intent| intent["status"] != "succeeded" && intent["status"] != "canceled")
                });
                assert_eq!(open.count(), 0, "what was left behind is called off there, too");
            }
            Self::FailToCharge => {
                billing.charge_due().await.unwrap();
                let auto = world.store.auto_payments().get(world.abc).await.unwrap();
                assert_eq!(auto.state, AutoPaymentState::Disabled(DisabledReason::AuthenticationRequired));
                assert_eq!(auto.version, begun.version.next(), "it is turned off once");
                assert_eq!(world.mail_count(MailKind::AutoPaymentFailed).await, begun.letters + 1);
                world.later(LEASE);
                assert_eq!(billing.charge_due().await.unwrap(), tandem_billing::Charged::default());
                // She follows the link of the mail.
                let failed = auto.failed_payment.unwrap();
                let paying = billing.resume(&world.change(), world.abc, failed).await.unwrap();
                world.give_card(paying.client_secret.unwrap().expose(), ALWAYS_ASKS).await;
                passes_check(world, failed).await;
                ends(world, &billing, failed, PaymentState::Succeeded).await;
                assert_eq!(world.created(), begun.created + 1);
                assert_eq!(world.store.auto_payments().get(world.abc).await.unwrap().version, auto.version);
                assert_eq!(world.mail_count(MailKind::AutoPaymentFailed).await, begun.letters + 1);
            }
        }
        assert_eq!(world.balance().await, 0);
    }
}

/// She pays with the card that she saved.
async fn pay_with_saved(
    billing: &Billing,
    change: &Change<'_>,
    abc: Tenant,
    Begun { payment: id, card, .. }: Begun,
) -> Result<(), BillingError> {
    billing.pay_with(change, abc, id, card).await.map(drop)
}

/// She looks how it stands.
async fn look(world: &World, billing: &Billing, id: PaymentId) -> Payment {
    let returned = billing.returned(world.abc, id).await.unwrap();
    assert!(returned.is_certain);
    returned.payment
}

/// She answers her bank.
async fn passes_check(world: &World, id: PaymentId) {
    let reference = world.payment(id).await.reference.unwrap();
    assert!(world.control().authenticate(&reference, true));
}

/// So it has ended, here and there, and was paid once or never.
async fn ends(world: &World, billing: &Billing, id: PaymentId, state: PaymentState) {
    let payment = look(world, billing, id).await;
    assert_eq!(payment.state, state);
    let there = world.control().object(payment.reference.as_deref().unwrap()).unwrap();
    let expected = if state.is_paid() { ("succeeded", 1) } else { ("canceled", 0) };
    let charges = world.control().tally(&id.to_string()).charges;
    assert_eq!((there["status"].as_str().unwrap(), charges), expected);
}
