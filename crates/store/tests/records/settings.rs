//! Service settings: what is stored, what is in effect, and the way back to inheriting.

use tandem_domain::{
    ids::Version,
    settings::{Effective, Setting, Source, Value},
    supervision::Notice,
};

use crate::world::{World, at_once, changed, not_found, refusal, stale};

on_both!(
    a_value_is_inherited_overridden_and_inherited_again,
    what_only_a_customer_has_no_account_can_have,
    a_setting_takes_only_its_own_values,
    every_change_is_told_with_what_undoes_it,
    whoever_saw_another_value_is_told_so,
    of_many_who_turn_a_switch_each_turn_counts,
);

const ON: Option<Value> = Some(Value::Switch(true));
const OFF: Option<Value> = Some(Value::Switch(false));

async fn a_value_is_inherited_overridden_and_inherited_again(world: World) {
    let abc = world.customer("ABC").await;
    let john = world.account(abc, "John", "744").await;
    let settings = world.store.settings(abc);
    for setting in Setting::RECORDING {
        let set = async |account, value| settings.set(account, setting, value, None, &world.change()).await.unwrap();
        let of = async |account: Option<_>| {
            let all = match account {
                None => settings.effective().await.unwrap(),
                Some(account) => settings.effective_for(account).await.unwrap(),
            };
            assert_eq!(all.iter().map(|effective| effective.setting).collect::<Vec<_>>(), Setting::ALL);
            all.into_iter().find(|effective| effective.setting == setting).unwrap()
        };
        let expected = |customer: Option<Value>, account: Option<Value>, on: bool, source| Effective {
            setting,
            customer,
            account,
            value: Value::Switch(on),
            source,
        };
        assert_eq!(of(Some(john)).await, expected(None, None, false, Source::Default));
        set(None, ON).await;
        assert_eq!(of(None).await, expected(ON, None, true, Source::Customer));
        assert_eq!(of(Some(john)).await, expected(ON, None, true, Source::Customer));
        set(Some(john), OFF).await;
        assert_eq!(of(Some(john)).await, expected(ON, OFF, false, Source::Account));
        assert_eq!(of(None).await, expected(ON, None, true, Source::Customer));
        // The customer's value goes; the account's own stays.
        set(None, None).await;
        assert_eq!(of(Some(john)).await, expected(None, OFF, false, Source::Account));
        set(None, ON).await;
        assert_eq!(set(Some(john), None).await, OFF);
        assert_eq!(of(Some(john)).await, expected(ON, None, true, Source::Customer));
    }
}

async fn what_only_a_customer_has_no_account_can_have(world: World) {
    let abc = world.customer("ABC").await;
    let john = world.account(abc, "John", "744").await;
    let lines = world.lines().await;
    for setting in Setting::ALL.into_iter().filter(|setting| !setting.inheritable()) {
        let value = Some(setting.default_value());
        let refused = world.store.settings(abc).set(Some(john), setting, value, None, &world.change()).await;
        assert!(refusal(refused, setting.key()).contains("the same for all accounts"));
    }
    assert_eq!(world.lines().await, lines);
}

async fn a_setting_takes_only_its_own_values(world: World) {
    let abc = world.customer("ABC").await;
    let settings = world.store.settings(abc);
    let notice = Some(Value::Notice(Notice::ToneToBoth));
    refusal(settings.set(None, Setting::CallSupervision, notice, None, &world.change()).await, "call_supervision");
    refusal(settings.set(None, Setting::NoticeSpy, ON, None, &world.change()).await, "notice_spy");
    for value in Notice::ALL.map(Value::Notice) {
        settings.set(None, Setting::NoticeSpy, Some(value), None, &world.change()).await.unwrap();
        let effective = settings.effective().await.unwrap();
        assert!(effective.iter().any(|found| found.setting == Setting::NoticeSpy && found.value == value));
    }
    let nobody = tandem_domain::access::Tenant::for_system(tandem_domain::ids::CustomerId(uuid::Uuid::nil()));
    not_found(world.store.settings(nobody).effective().await);
    not_found(world.store.settings(nobody).set(None, Setting::CallSupervision, ON, None, &world.change()).await);
}

async fn every_change_is_told_with_what_undoes_it(world: World) {
    let abc = world.customer("ABC").await;
    let john = world.account(abc, "John Doe", "744").await;
    let settings = world.store.settings(abc);
    let lines = world.lines().await;
    let set = async |account, value| {
        settings.set(account, Setting::RecordManually, value, None, &world.by("abc")).await.unwrap()
    };
    assert_eq!(set(None, ON).await, None);
    assert_eq!(set(None, ON).await, ON, "set already: nothing to tell");
    assert_eq!(set(Some(john), OFF).await, None);
    assert_eq!(set(Some(john), None).await, OFF);
    assert_eq!(set(None, None).await, ON);
    let told: Vec<_> =
        world.audit().await.drain(lines..).map(|row| (row.actor, row.subject_name, row.change)).collect();
    let line = |name: &str, old, new| ("abc".to_owned(), name.to_owned(), changed("record_manually", old, new));
    let expected =
        [line("ABC", "", "on"), line("John Doe", "", "off"), line("John Doe", "off", ""), line("ABC", "on", "")];
    assert_eq!(told, expected);
    assert_eq!(world.store.customers().get(abc).await.unwrap().version, Version::FIRST);
}

async fn whoever_saw_another_value_is_told_so(world: World) {
    let abc = world.customer("ABC").await;
    let settings = world.store.settings(abc);
    let by_mary = world.by("mary");
    settings.set(None, Setting::RecordIncoming, ON, Some(None), &by_mary).await.unwrap();
    let late = settings.set(None, Setting::RecordIncoming, OFF, Some(None), &world.by("peter")).await;
    let late = stale(late);
    assert_eq!((late.by.as_str(), late.at), ("mary", by_mary.at));
    assert_eq!(late.changes, [changed("record_incoming", "", "on")]);
    settings.set(None, Setting::RecordIncoming, OFF, Some(ON), &world.by("peter")).await.unwrap();
}

async fn of_many_who_turn_a_switch_each_turn_counts(world: World) {
    const PEOPLE: usize = 6;
    const TURNS: usize = 4;
    let abc = world.customer("ABC").await;
    let john = world.account(abc, "John", "744").await;
    let lines = world.lines().await;
    // All in one moment, so that the log's order is that of the turns.
    let change = world.change();
    at_once((0..PEOPLE).map(|_| {
        let store = world.store.clone();
        async move {
            let settings = store.settings(abc);
            let mut turned = 0;
            while turned < TURNS {
                let all = settings.effective_for(john).await.unwrap();
                let saw = all.iter().find(|found| found.setting == Setting::RecordByEmail).unwrap().account;
                let new = if saw == ON { OFF } else { ON };
                match settings.set(Some(john), Setting::RecordByEmail, new, Some(saw), &change).await {
                    Ok(before) => {
                        assert_eq!(before, saw);
                        turned += 1;
                    }
                    missed => drop(stale(missed)),
                }
            }
        }
    }))
    .await;
    let told = world.told_since(lines).await;
    assert_eq!(told.len(), PEOPLE * TURNS);
    assert!(told.windows(2).all(|pair| pair[0][4] == pair[1][3]), "each turn begins where the one before ended");
}
