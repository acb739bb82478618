//! A world with money in it: a payment system, and a processor whose word can be made up.

use tandem_domain::{
    access::Tenant,
    billing::{
        failure::{Failure, FailureKind},
        invoice::{InvoiceLine, NewInvoice},
        payment::{Cause, IntentStatus, MethodSnapshot, Payment, PaymentState, Snapshot, Step},
        system::PaymentSystem,
    },
    ids::{InvoiceId, PaymentId, PaymentMethodId, PaymentSystemId, Timestamp},
};
use tandem_store::{
    Letter, Store,
    ledger::LedgerReport,
    payments::{Begun, NewPayment, PayFor, Receipt, Taken},
};

use crate::world::{World, account, customer};

/// ABC with a payment system that takes euros.
pub struct Shop {
    pub tenant: Tenant,
    pub system: PaymentSystemId,
}

impl Shop {
    pub async fn new(world: &World) -> Self {
        let system = cards("Cards", &["EUR"]);
        let system = world.store.payment_systems().create(&world.change(), &system).await.unwrap();
        Self { tenant: company(world, "ABC").await, system }
    }

    pub async fn invoice(&self, world: &World, minor: i64) -> InvoiceId {
        let token = format!("t{}", rand::random::<u64>());
        world.store.invoices().issue(&world.change(), self.tenant, &token, &bill(minor)).await.unwrap()
    }

    /// A payment of an invoice, or of ten euros into the balance, that the customer makes.
    pub fn payment(&self, token: &str, invoice: Option<InvoiceId>) -> NewPayment {
        NewPayment {
            token: token.into(),
            pay_for: invoice.map_or(PayFor::Balance(1000), PayFor::Invoice),
            system: self.system,
            method: None,
            save_method: false,
            off_session: false,
            payer: None,
            charge: None,
        }
    }

    pub async fn begin(&self, world: &World, token: &str, invoice: Option<InvoiceId>) -> Begun {
        let new = self.payment(token, invoice);
        world.store.payments().begin(&world.change(), self.tenant, &new).await.unwrap()
    }

    /// An invoice that was paid by card just now.
    pub async fn paid(&self, world: &World, minor: i64) -> (InvoiceId, Payment) {
        let invoice = self.invoice(world, minor).await;
        let payment = self.begin(world, &invoice.to_string(), Some(invoice)).await.payment;
        let (payment, step) = take(world, &payment, IntentStatus::Succeeded).await;
        assert!(step.credit.is_some());
        (invoice, payment)
    }

    /// A card that was saved by a payment of ten euros in person.
    pub async fn proven_card(&self, world: &World) -> PaymentMethodId {
        let payment = self.begin(world, &format!("card{}", rand::random::<u64>()), None).await.payment;
        let said = Snapshot { method: Some(card("pm_1")), ..said(world, &payment, IntentStatus::Succeeded) };
        word(world, &payment, &said).await.payment().method.unwrap()
    }

    pub async fn balance(&self, world: &World) -> i64 {
        world.store.ledger().balance(self.tenant).await.unwrap().balance.minor
    }

    /// What is open of an invoice.
    pub async fn open(&self, world: &World, invoice: InvoiceId) -> i64 {
        world.store.invoices().one(self.tenant, invoice).await.unwrap().open().minor
    }
}

/// A customer with an e-mail address.
pub async fn company(world: &World, name: &str) -> Tenant {
    let mut customer = customer(name);
    customer.email = format!("office@{}.example", name.to_lowercase());
    Tenant::for_system(world.store.customers().create(&customer, None, &world.change()).await.unwrap())
}

pub fn cards(name: &str, currencies: &[&str]) -> PaymentSystem {
    PaymentSystem::parse(name, "stripe", true, currencies.iter().copied(), true, "pk_test_1").unwrap()
}

/// An invoice of so many cents without tax, due in two weeks.
pub fn bill(minor: i64) -> NewInvoice {
    NewInvoice {
        lines: vec![InvoiceLine::one("Calls", minor, 0)],
        issued_on: "2026-01-01".into(),
        due_on: "2026-01-15".into(),
        note: String::new(),
    }
}

pub fn card(reference: &str) -> MethodSnapshot {
    MethodSnapshot {
        reference: reference.into(),
        brand: "visa".into(),
        last4: "4242".into(),
        exp_month: Some(12),
        exp_year: Some(2030),
        saved: true,
    }
}

/// What the processor says of a payment now.
pub fn said(world: &World, payment: &Payment, status: IntentStatus) -> Snapshot {
    said_at(world.now(), payment, status)
}

pub fn said_at(asked: Timestamp, payment: &Payment, status: IntentStatus) -> Snapshot {
    Snapshot {
        asked,
        reference: format!("pi_{}", payment.id),
        status,
        amount: payment.amount.minor,
        amount_received: if status == IntentStatus::Succeeded { payment.amount.minor } else { 0 },
        amount_refunded: 0,
        currency: payment.amount.currency,
        failure: None,
        method: None,
        metadata_payment: Some(payment.id),
    }
}

pub fn declined(kind: FailureKind) -> Option<Failure> {
    Some(Failure::new(kind, kind.key(), "Your card was declined."))
}

/// Takes what the processor says.
pub async fn word(world: &World, payment: &Payment, said: &Snapshot) -> Taken {
    let payments = world.store.payments();
    payments.take(&world.by("system"), Cause::Webhook, payment.id, said, |told| Some(letter(told))).await.unwrap()
}

/// Takes this status, and gives the payment and the step.
pub async fn take(world: &World, payment: &Payment, status: IntentStatus) -> (Payment, Step) {
    match word(world, payment, &said(world, payment, status)).await {
        Taken::Step { payment, step } => (payment, step),
        Taken::Mismatch { mismatch, .. } => panic!("{mismatch}"),
    }
}

/// Takes that so much was given back.
pub async fn give_back(world: &World, payment: &Payment, refunded: i64) -> (Payment, Step) {
    let said = Snapshot { amount_refunded: refunded, ..said(world, payment, IntentStatus::Succeeded) };
    match word(world, payment, &said).await {
        Taken::Step { payment, step } => (payment, step),
        Taken::Mismatch { mismatch, .. } => panic!("{mismatch}"),
    }
}

pub fn letter(told: &Receipt) -> Letter {
    let subject = format!("Receipt for {} to {}", told.payment.amount, told.reader.name);
    Letter { text: subject.clone(), html: String::new(), subject }
}

pub async fn state(store: &Store, id: PaymentId) -> PaymentState {
    store.payments().get(id).await.unwrap().state
}

/// The books are right.
pub async fn clean(world: &World) -> LedgerReport {
    let report = world.store.ledger().check().await.unwrap();
    assert!(report.is_clean(), "{report:#?}");
    report
}

/// An account of the shop's customer with an address.
pub async fn payer(world: &World, shop: &Shop, name: &str, extension: &str) -> tandem_domain::ids::AccountId {
    let mut mary = account(shop.tenant, name, extension);
    mary.email = format!("{}@abc.example", name.to_lowercase());
    world.store.accounts().create(shop.tenant, &mary, None, &world.change()).await.unwrap()
}
