//! Payment systems and their credentials.

use tandem_billing::{
    BillingError, Processors, Systems,
    credentials::TypedCredentials,
    processor::ProcessorError,
    stripe::StripeOptions,
    vault::{Vault, VaultError},
};
use tandem_domain::{
    billing::system::{PaymentSystem, Processor},
    ids::PaymentSystemId,
};
use tandem_store::{Change, payment_systems::Secret as Column};

use crate::world::{PUBLIC_KEY, World, typed};

const NEW_KEY: [u8; 32] = [9; 32];

fn with_vault(world: &World, vault: Vault) -> Systems {
    let now = world.now();
    let options = StripeOptions::at(world.sim.base().parse().unwrap());
    Systems::new(world.store.clone(), vault, options, std::sync::Arc::new(move || now)).unwrap()
}

fn hex(octet: u8) -> String {
    format!("{octet:02x}").repeat(32)
}

#[tokio::test]
async fn the_connection_test_tells_a_good_key_from_a_bad_one() {
    let world = World::new().await;
    assert!(!world.systems.test(world.system).await.unwrap().live);
    let system = world.store.payment_systems().get(world.system).await.unwrap().value;
    let wrong = TypedCredentials { secret_key: "sk_test_wrong".into(), ..TypedCredentials::default() };
    let credentials = world.systems.check(Some(world.system), &system, &wrong).await.unwrap();
    world.systems.keep(&world.change(), world.system, &credentials).await.unwrap();
    let refused = world.systems.test(world.system).await.unwrap_err();
    assert!(matches!(refused, BillingError::Processor(ProcessorError::Credentials { .. })), "{refused}");
    assert!(!format!("{refused:?}").contains("sk_test_wrong"));
}

#[tokio::test]
async fn what_lies_in_the_database_is_sealed_and_what_is_left_empty_stays() {
    let world = World::new().await;
    let sealed = world.store.payment_systems().secret(world.system, Column::Credentials).await.unwrap().unwrap();
    assert!(!String::from_utf8_lossy(&sealed).contains("sk_test"));
    let system = world.store.payment_systems().get(world.system).await.unwrap().value;
    let same = world.systems.check(Some(world.system), &system, &TypedCredentials::default()).await.unwrap();
    world.systems.keep(&world.change(), world.system, &same).await.unwrap();
    let kept = world.store.payment_systems().secret(world.system, Column::Credentials).await.unwrap().unwrap();
    assert_eq!(kept, sealed, "what did not change is not written");
    world.systems.test(world.system).await.unwrap();
}

#[tokio::test]
async fn a_key_is_changed_and_the_old_one_can_go() {
    let world = World::new().await;
    let both = Vault::parse(&format!("new:{} test:{}", hex(9), hex(7))).unwrap();
    let both = with_vault(&world, both);
    let change = Change::by_system(world.now());
    assert_eq!(both.seal_anew(&change).await.unwrap(), 2);
    assert_eq!(both.seal_anew(&change).await.unwrap(), 0);
    let new = with_vault(&world, Vault::with_key("new", &NEW_KEY));
    new.test(world.system).await.unwrap();
    let lost = world.systems.test(world.system).await.unwrap_err();
    assert!(matches!(lost, BillingError::Vault(VaultError::UnknownKey)), "{lost}");
    // Without the key, what is entered anew counts.
    let system = world.store.payment_systems().get(world.system).await.unwrap().value;
    let nothing = world.systems.check(Some(world.system), &system, &TypedCredentials::default()).await;
    assert!(matches!(nothing, Err(BillingError::Vault(VaultError::UnknownKey))));
    let anew = world.systems.check(Some(world.system), &system, &typed()).await.unwrap();
    world.systems.keep(&world.change(), world.system, &anew).await.unwrap();
    world.systems.test(world.system).await.unwrap();
}

#[tokio::test]
async fn credentials_of_one_system_do_not_open_for_another() {
    let world = World::new().await;
    let other = PaymentSystem::parse("Other", "stripe", true, ["USD"], true, PUBLIC_KEY).unwrap();
    let other = world.store.payment_systems().create(&world.change(), &other).await.unwrap();
    let sealed = world.store.payment_systems().secret(world.system, Column::Credentials).await.unwrap().unwrap();
    world.store.payment_systems().set_secret(&world.change(), other, Column::Credentials, &sealed).await.unwrap();
    let stolen = error_of(&world.systems, other).await;
    assert!(matches!(stolen, BillingError::Vault(VaultError::Damaged)), "{stolen}");
}

#[tokio::test]
async fn what_cannot_be_used_says_so() {
    let world = World::new().await;
    let bare = PaymentSystem::parse("Bare", "stripe", true, ["USD"], true, PUBLIC_KEY).unwrap();
    let bare = world.store.payment_systems().create(&world.change(), &bare).await.unwrap();
    assert!(matches!(error_of(&world.systems, bare).await, BillingError::NoCredentials(id) if id == bare));
    let later = PaymentSystem { processor: Processor::PlugNPay, ..system("Later") };
    let later = world.store.payment_systems().create(&world.change(), &later).await.unwrap();
    assert!(matches!(error_of(&world.systems, later).await, BillingError::NoProcessor(_)));
}

fn system(name: &str) -> PaymentSystem {
    PaymentSystem::parse(name, "stripe", true, ["GBP"], true, PUBLIC_KEY).unwrap()
}

async fn error_of(systems: &Systems, id: PaymentSystemId) -> BillingError {
    match systems.of(id).await {
        Ok(_) => panic!("there is a processor"),
        Err(error) => error,
    }
}
