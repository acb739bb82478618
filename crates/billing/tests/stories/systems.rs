//! Payment systems and their credentials.

use std::time::Duration;

use tandem_billing::{
    BillingError, Processors, Systems,
    credentials::TypedCredentials,
    processor::ProcessorError,
    stripe::{StripeOptions, api_version},
    vault::{Vault, VaultError},
};
use tandem_domain::{
    billing::system::{PaymentSystem, Processor},
    ids::PaymentSystemId,
};
use tandem_processor_sim::{Fault, FaultKind, Options, Sim};
use tandem_store::{Change, StoreError, payment_systems::Secret as Column};
use tandem_till::PUBLIC_KEY;

use crate::world::{World, typed, vault};

const NEW_KEY: [u8; 32] = [9; 32];

fn with_vault(world: &World, vault: Vault) -> Systems {
    with_vault_at(world, vault, world.sim.base())
}

fn with_vault_at(world: &World, vault: Vault, stripe: &str) -> Systems {
    let now = world.now();
    let options = StripeOptions { pause: Duration::from_millis(1), ..StripeOptions::at(stripe.parse().unwrap()) };
    Systems::new(world.store.clone(), vault, options, std::sync::Arc::new(move || now)).unwrap()
}

fn hex(octet: u8) -> String {
    format!("{octet:02x}").repeat(32)
}

#[tokio::test]
async fn the_connection_test_tells_a_good_key_from_a_bad_one() {
    let world = World::new().await;
    assert!(!world.systems.test(&world.change(), world.system).await.unwrap().live);
    let system = world.store.payment_systems().get(world.system).await.unwrap().value;
    let wrong = TypedCredentials { secret_key: "sk_test_wrong".into(), ..TypedCredentials::default() };
    let credentials = world.systems.check(Some(world.system), &system, &wrong).await.unwrap();
    world.systems.keep(&world.change(), world.system, &credentials).await.unwrap();
    let refused = world.systems.test(&world.change(), world.system).await.unwrap_err();
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
    world.systems.test(&world.change(), world.system).await.unwrap();
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
    new.test(&world.change(), world.system).await.unwrap();
    let lost = world.systems.test(&world.change(), world.system).await.unwrap_err();
    assert!(matches!(lost, BillingError::Vault(VaultError::UnknownKey)), "{lost}");
    // Without the key, what is entered anew counts.
    let system = world.store.payment_systems().get(world.system).await.unwrap().value;
    let nothing = world.systems.check(Some(world.system), &system, &TypedCredentials::default()).await;
    assert!(matches!(nothing, Err(BillingError::Vault(VaultError::UnknownKey))));
    let anew = world.systems.check(Some(world.system), &system, &typed()).await.unwrap();
    world.systems.keep(&world.change(), world.system, &anew).await.unwrap();
    world.systems.test(&world.change(), world.system).await.unwrap();
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

/// Stripe as whoever has this key of this account sees it, and the payment systems there.
async fn seen_by(world: &World, secret_key: &str, account: &str) -> (Sim, Systems) {
    let options = Options {
        api_version: api_version(),
        secret_key: secret_key.into(),
        account: account.into(),
        ..Options::default()
    };
    let sim = Sim::start(options).await.unwrap();
    let systems = with_vault_at(world, vault(), sim.base());
    (sim, systems)
}

fn key(secret_key: &str) -> TypedCredentials {
    TypedCredentials { secret_key: secret_key.into(), ..TypedCredentials::default() }
}

/// What is said at the field of the secret key.
fn said_of_key(refused: BillingError) -> String {
    match refused {
        BillingError::Refused(fields) | BillingError::Store(StoreError::Refused(fields)) => {
            fields.get("secret_key").unwrap().to_owned()
        }
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn keys_of_another_account_are_refused_once_something_was_made_with_those_before() {
    const OTHER: &str = "acct_1OfSomebodyElse0";
    let world = World::new().await;
    let systems = world.store.payment_systems();
    let account = async || systems.account(world.system).await.unwrap().unwrap();
    let first = account().await;
    let system = systems.get(world.system).await.unwrap().value;
    let (_sim, elsewhere) = seen_by(&world, "sk_test_other", OTHER).await;
    let check =
        async |systems: &Systems, typed: &TypedCredentials| systems.check(Some(world.system), &system, typed).await;
    // While nothing was made, any will do.
    let other = check(&elsewhere, &key("sk_test_other")).await.unwrap();
    elsewhere.keep(&world.change(), world.system, &other).await.unwrap();
    assert_eq!(account().await, OTHER);
    let back = check(&world.systems, &typed()).await.unwrap();
    world.systems.keep(&world.change(), world.system, &back).await.unwrap();
    assert_eq!(account().await, first);
    world.begin(world.invoice(12_000).await).await;
    let words = said_of_key(check(&elsewhere, &key("sk_test_other")).await.unwrap_err());
    assert!(words.contains("another account") && words.contains("add a new payment system"), "{words}");
    // Nor those that were checked before the first payment was begun.
    let late = elsewhere.keep(&world.change(), world.system, &other).await.unwrap_err();
    assert_eq!(said_of_key(late), words);
    assert_eq!(account().await, first);
    world.systems.test(&world.change(), world.system).await.unwrap();
    // A new key of the same account is as good as the old one, and nothing else of the form needs to be asked.
    let (_sim, rolled) = seen_by(&world, "sk_test_rolled", &first).await;
    let same = check(&rolled, &key("sk_test_rolled")).await.unwrap();
    rolled.keep(&world.change(), world.system, &same).await.unwrap();
    rolled.test(&world.change(), world.system).await.unwrap();
    let webhook = TypedCredentials { webhook_secret: "whsec_2".into(), ..TypedCredentials::default() };
    check(&elsewhere, &webhook).await.unwrap();
    assert_eq!(account().await, first);
}

/// As it is where payments were made before accounts were noted.
#[tokio::test]
async fn a_key_that_does_not_know_what_was_made_is_refused_also_where_no_account_was_noted() {
    let world = World::new().await;
    let systems = world.store.payment_systems();
    let system = systems.get(world.system).await.unwrap().value;
    let (sim, elsewhere) = seen_by(&world, "sk_test_other", "acct_1OfSomebodyElse0").await;
    let silent = || Fault { times: 3, ..Fault::next("/v1/account", FaultKind::DropBefore) };
    let check =
        async |systems: &Systems, typed: &TypedCredentials| systems.check(Some(world.system), &system, typed).await;
    for (sim, systems, typed) in [(&sim, &elsewhere, key("sk_test_other")), (&world.sim, &world.systems, typed())] {
        sim.control().fault(silent());
        let unknown = check(systems, &typed).await.unwrap();
        systems.keep(&world.change(), world.system, &unknown).await.unwrap();
    }
    world.begin(world.invoice(12_000).await).await;
    assert_eq!(systems.account(world.system).await.unwrap(), None);
    let words = said_of_key(check(&elsewhere, &key("sk_test_other")).await.unwrap_err());
    assert!(words.contains("another account"), "{words}");
    world.systems.test(&world.change(), world.system).await.unwrap();
    assert_eq!(systems.account(world.system).await.unwrap().as_deref(), Some("acct_1TandemStandIn00"));
}

#[tokio::test]
async fn a_key_whose_account_is_not_told_is_only_saved_while_nothing_was_made() {
    let world = World::new().await;
    let systems = world.store.payment_systems();
    let system = systems.get(world.system).await.unwrap().value;
    let (sim, rolled) = seen_by(&world, "sk_test_rolled", "acct_1TandemStandIn00").await;
    let unreachable = || {
        sim.control().fault(Fault { times: 3, ..Fault::next("/v1/account", FaultKind::DropBefore) });
    };
    let check = async |secret_key: &str| rolled.check(Some(world.system), &system, &key(secret_key)).await;
    unreachable();
    let unknown = check("sk_test_rolled").await.unwrap();
    rolled.keep(&world.change(), world.system, &unknown).await.unwrap();
    assert_eq!(systems.account(world.system).await.unwrap(), None);
    // It is noted when it is tested.
    rolled.test(&world.change(), world.system).await.unwrap();
    assert_eq!(systems.account(world.system).await.unwrap().as_deref(), Some("acct_1TandemStandIn00"));
    let back = world.systems.check(Some(world.system), &system, &typed()).await.unwrap();
    world.systems.keep(&world.change(), world.system, &back).await.unwrap();
    world.begin(world.invoice(12_000).await).await;
    unreachable();
    let words = said_of_key(check("sk_test_rolled").await.unwrap_err());
    assert!(words.contains("try again in a minute"), "{words}");
    let words = said_of_key(check("sk_test_wrong").await.unwrap_err());
    assert!(words.contains("Copy it again"), "{words}");
    check("sk_test_rolled").await.unwrap();
}
