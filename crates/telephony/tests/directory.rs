//! What the directory answers from the records, on both databases: who may call, and who is called.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops here")]

use tandem_domain::{
    calls::{Direction, Party, ReleaseCause},
    ids::{AccountId, Timestamp},
    supervision::Mode,
};
use tandem_store::{Change, Options, Store, demo};
use tandem_telephony::{
    call::outcome::Refusal,
    directory::{
        Answer, Question, Route, RouteAction,
        store::{Outside, answer},
    },
};
use tandem_test_database::on_postgresql;

/// 2026-01-01T00:00:00Z.
const NOW: Timestamp = Timestamp(1_767_225_600_000);

/// The demonstration's records.
struct World {
    store: Store,
    john: AccountId,
    adam: AccountId,
}

impl World {
    async fn open(url: &str) -> Self {
        let store = Store::connect(url, &Options::default()).await.unwrap();
        store.migrate().await.unwrap();
        demo::fill(&store, NOW).await.unwrap();
        let account = async |user| store.exchange().phone(user).await.unwrap().unwrap().line.account;
        let (john, adam) = (account("abc744").await, account("abc701").await);
        Self { store, john, adam }
    }

    async fn route(&self, question: Question) -> Route {
        match answer(&self.store, Outside::Trunk, NOW, question).await {
            Answer::Route(route) => *route,
            other => panic!("no route: {other:?}"),
        }
    }

    async fn dialled(&self, number: &str) -> Route {
        self.route(Question::Dialled { account: self.john, number: number.into() }).await
    }

    /// ABC may owe so much, in cents.
    async fn set_limit(&self, limit: Option<i64>) {
        let found = self.store.exchange().caller(self.john).await.unwrap().unwrap();
        self.store.ledger().set_credit_limit(&Change::by_system(NOW), found.line.tenant(), limit).await.unwrap();
    }
}

async fn tell_on_sqlite<F: Future<Output = ()>>(story: fn(World) -> F) {
    story(World::open("sqlite::memory:").await).await;
}

async fn tell_on_postgres<F: Future<Output = ()>>(story: fn(World) -> F) {
    on_postgresql(async |url| story(World::open(&url).await).await).await;
}

macro_rules! on_both {
    ($($story:ident),+ $(,)?) => {$(
        mod $story {
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_sqlite() {
                super::tell_on_sqlite(super::$story).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_postgres() {
                super::tell_on_postgres(super::$story).await;
            }
        }
    )+};
}

on_both!(without_funds_only_help_is_called, without_funds_everybody_is_called_as_before);

async fn without_funds_only_help_is_called(world: World) {
    world.set_limit(Some(0)).await;
    // What needs no money is refused too, as for all who have no service.
    for number in ["+442071838750", "702", "7700", "*43", "*90744"] {
        let route = world.dialled(number).await;
        assert_eq!(route.action, RouteAction::Refuse(Refusal::NO_FUNDS), "{number}");
        assert!(route.customer.is_some(), "an xDR is kept");
    }
    assert_eq!((Refusal::NO_FUNDS.cause, Refusal::NO_FUNDS.status), (ReleaseCause::NoFunds, 402));
    let joins = Question::Supervise { manager: world.adam, agent: world.john, mode: Mode::Spy };
    assert_eq!(world.route(joins).await.action, RouteAction::Refuse(Refusal::NO_FUNDS));
    // Nor is a call of somebody else's taken over.
    let takes_over = Question::PickUp { account: world.john };
    assert_eq!(world.route(takes_over.clone()).await.action, RouteAction::Refuse(Refusal::NO_FUNDS));
    for number in ["112", "911"] {
        let route = world.dialled(number).await;
        assert_eq!(route.direction, Direction::Outgoing, "{number}");
        assert!(matches!(route.action, RouteAction::Ring(_)), "{number}: {route:?}");
    }
    // As soon as it may owe more than it does.
    world.set_limit(Some(1_000_000)).await;
    assert!(matches!(world.dialled("+442071838750").await.action, RouteAction::Ring(_)));
    world.set_limit(None).await;
    assert!(matches!(world.dialled("702").await.action, RouteAction::Ring(_)));
    assert_eq!(world.route(takes_over).await.action, RouteAction::PickUp);
}

async fn without_funds_everybody_is_called_as_before(world: World) {
    let called = async |number: &str| {
        let caller = Party { number: "+442071838750".into(), ..Party::default() };
        world.route(Question::FromTrunk { number: number.into(), caller }).await
    };
    let before = (called("+3225550744").await, called("+3225550700").await);
    assert!(matches!(before.0.action, RouteAction::Ring(_)));
    assert!(matches!(&before.1.action, RouteAction::Group { members, .. } if !members.is_empty()));
    world.set_limit(Some(0)).await;
    assert_eq!((called("+3225550744").await, called("+3225550700").await), before);
}
