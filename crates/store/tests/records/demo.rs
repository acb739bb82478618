//! The demonstration data is what DESIGN says.

use tandem_domain::{
    access::{Field, Scope, Tenant, Who},
    dialing::DialingMode,
    huntgroup::supervisable,
    list::{COUNT_CAP, Query},
    settings::Setting,
};
use tandem_store::{demo, invoices::InvoiceFilters, password};

use crate::world::{START, World};

on_both!(
    demonstration_data_is_the_contract,
    filling_twice_changes_nothing,
    many_records_can_be_made_to_measure_with,
    many_invoices_can_be_made_to_measure_with,
);

async fn demonstration_data_is_the_contract(world: World) {
    let store = &world.store;
    assert!(demo::fill(store, START).await.unwrap());
    for name in ["admin", "abc", "panda", "adam", "mary", "john", "olivia", "peter"] {
        let found = store.sign_ins().find(&name.parse().unwrap()).await.unwrap().unwrap();
        assert!(password::verify(demo::PASSWORD, &found.password_hash), "{name}");
        assert!(store.sign_ins().principal(found.who).await.unwrap().is_some(), "{name}");
    }
    let Who::Customer(abc) = store.sign_ins().find(&"abc".parse().unwrap()).await.unwrap().unwrap().who else {
        panic!("abc is a customer")
    };
    let abc = Tenant::for_system(abc);
    let customer = store.customers().get(abc).await.unwrap().value;
    let class = store.classes().get(customer.class).await.unwrap().value;
    assert_eq!((customer.name.as_str(), class.name.as_str(), class.notifications.len()), ("ABC", "Business", 1));
    let on = |setting: Setting| async move {
        let settings = store.settings(abc).effective().await.unwrap();
        settings.into_iter().find(|effective| effective.setting == setting).unwrap().value.is_on()
    };
    assert!(on(Setting::CallSupervision).await && on(Setting::DialingRulesOption).await);
    assert_eq!(store.dialing(abc).get().await.unwrap().value.mode, DialingMode::Default);

    let accounts = store.accounts().choices(abc, "", 100).await.unwrap();
    let named = |name: &str| accounts.iter().find(|account| account.name == name).unwrap();
    let numbers: Vec<String> = accounts.iter().map(|a| format!("{} {}", a.extension, a.name)).collect();
    assert_eq!(numbers, ["701 Adam", "702 Mary Smith", "744 John", "745 Olivia", "746 Peter"]);
    let john = store.settings(abc).effective_for(named("John").id).await.unwrap();
    for setting in [Setting::RecordManually, Setting::RecordByEmail] {
        assert!(john.iter().any(|effective| effective.setting == setting && effective.value.is_on()), "{setting:?}");
    }
    for name in ["John", "Adam", "Mary Smith"] {
        let account = store.accounts().get(abc, named(name).id).await.unwrap().value;
        assert!(!account.email.is_empty(), "{name} gets recordings by e-mail");
    }
    let [terms] = store.exchange().recording(&[named("John").id]).await.unwrap().try_into().unwrap();
    assert_eq!(terms.codes.map(|codes| [codes.start, codes.stop]), Some(["*44".into(), "*45".into()]));
    assert!(store.accounts().sip_credentials("abc744").await.unwrap().is_some());

    let groups: Vec<_> = store.huntgroups(abc).all().await.unwrap().into_iter().map(|group| group.value).collect();
    let numbers: Vec<String> = groups.iter().map(|group| format!("{} {}", group.name, group.number)).collect();
    assert_eq!(numbers, ["Sales 7710", "Support 7700"]);
    let agents = supervisable(&groups, named("Adam").id);
    assert_eq!(agents, [named("John").id, named("Olivia").id].into());

    let numbers = store.public_numbers().list(Scope::of(abc), &Query::default()).await.unwrap();
    let numbers: Vec<String> =
        numbers.rows.iter().map(|row| format!("{} {}", row.number, row.extension.as_ref().unwrap())).collect();
    assert_eq!(
        numbers,
        ["+3225550700 7700", "+3225550701 701", "+3225550702 702", "+3225550710 7710", "+3225550744 744"]
    );
    let peter = store.exchange().caller(named("Peter").id).await.unwrap().unwrap();
    assert_eq!(peter.shown_number.unwrap().as_str(), "+3225550700", "ABC's first");

    let mary = named("Mary Smith").id;
    let (mary, _) =
        store.sign_ins().principal(Who::Account { account: mary, customer: abc.customer() }).await.unwrap().unwrap();
    assert!(mary.modifies(Field::Payments) && mary.own_money_tenant() == Some(abc), "Mary pays ABC's invoices");
    let invoices =
        store.invoices().list(Scope::for_system(), &Query::default(), &InvoiceFilters::default()).await.unwrap();
    let told = invoices
        .rows
        .iter()
        .map(|row| format!("{} {} {} {}", row.number, row.customer_name, row.state.label(), row.total));
    assert_eq!(
        told.collect::<Vec<_>>(),
        [
            "INV-000004 ABC Open EUR 120.00",
            "INV-000003 Panda Open EUR 30.00",
            "INV-000002 ABC Open EUR 45.98",
            "INV-000001 ABC Paid EUR 96.80"
        ]
    );
    let open = store.invoices().open_of(abc, "2026-01-01").await.unwrap();
    assert_eq!((open.count, open.overdue, open.minor), (2, 1, 16_598));
    assert_eq!(store.ledger().balance(abc).await.unwrap().balance.minor, 16_598);
    let report = store.ledger().check().await.unwrap();
    assert!(report.is_clean() && report.invoices == 4, "{report:?}");

    let panda = Query { search: "80".into(), ..Query::default() };
    let found = store.accounts().list(Scope::for_system(), &panda, &Default::default()).await.unwrap();
    assert_eq!(found.rows.len(), 3, "Panda has the extensions 801 to 803");
    let Who::Administrator(admin) = store.sign_ins().find(&"admin".parse().unwrap()).await.unwrap().unwrap().who else {
        panic!("admin is an administrator")
    };
    let (admin, _) = store.sign_ins().principal(Who::Administrator(admin)).await.unwrap().unwrap();
    assert!(Field::ALL.iter().filter(|f| f.info().audiences.contains(&admin.audience())).all(|f| admin.modifies(*f)));
}

async fn filling_twice_changes_nothing(world: World) {
    assert!(demo::fill(&world.store, START).await.unwrap());
    let lines = world.audit().await.len();
    assert!(!demo::fill(&world.store, START).await.unwrap());
    assert_eq!(world.audit().await.len(), lines);
}

async fn many_records_can_be_made_to_measure_with(world: World) {
    demo::bulk(&world.store, 10, 1000, 2000, START).await.unwrap();
    let scope = Scope::for_system();
    let counts = world.store.counts().accounts(scope).await.unwrap();
    assert_eq!(counts.open + counts.blocked + counts.closed, 1000);
    assert!((30..=70).contains(&counts.blocked) && (8..=35).contains(&counts.closed), "{counts:?}");
    let customers = world.store.customers().list(scope, &Query::default(), &Default::default()).await.unwrap();
    assert_eq!(customers.rows.iter().map(|row| row.accounts).sum::<i64>(), 1000 - counts.closed);
    let accounts = world.store.accounts().list(scope, &Query::default(), &Default::default()).await.unwrap();
    assert_eq!((accounts.count, accounts.rows.len()), (1000, 50));
    let audit = world.store.audit().list(scope, &Default::default(), None).await.unwrap();
    assert_eq!((audit.count, audit.rows.len()), (COUNT_CAP + 1, 50));
}

async fn many_invoices_can_be_made_to_measure_with(world: World) {
    demo::fill(&world.store, START).await.unwrap();
    demo::bulk(&world.store, 10, 0, 0, START).await.unwrap();
    demo::bulk_money(&world.store, 2100, START).await.unwrap();
    let report = world.store.ledger().check().await.unwrap();
    assert!(report.is_clean() && report.invoices == 2104, "{report:?}");
    assert!((1800..=1980).contains(&report.payments), "{report:?}");
    let found = async |search: &str| {
        let query = Query { search: search.into(), ..Query::default() };
        let invoices = world.store.invoices().list(Scope::for_system(), &query, &Default::default()).await.unwrap();
        let payments = world.store.payments().list(Scope::for_system(), &query, &Default::default()).await.unwrap();
        (invoices.count, payments.count)
    };
    assert_eq!(found("").await, (COUNT_CAP + 1, COUNT_CAP + 1));
    let (invoices, payments) = found("inv-001234").await;
    assert!(invoices == 1 && payments <= 1, "{invoices} {payments}");
}
