//! Dialing rules: the provider's, a customer's own, and which codes are in effect on a phone.

use tandem_domain::{
    account::Account,
    dialing::{CodeField, CustomerDialing, DialingMode, DialingRule, EffectiveRule, PbxCodes, RuleSource},
    ids::{DialingRuleId, Version},
    list::Query,
    settings::{Setting, Value},
};
use tandem_store::{StoreError, dialing_rules, users::Users};
use uuid::Uuid;

use crate::world::{World, account, at_once, in_use, not_found, refusal};

on_both!(
    a_rule_lives_and_its_life_is_told,
    a_rule_that_somebody_has_stays,
    no_customer_is_left_without_its_rule,
    the_built_in_rule_can_be_changed_and_stays_changed,
    the_nearest_rule_is_in_effect,
    a_custom_rule_waits_for_its_option_and_is_kept_meanwhile,
    a_choice_of_codes_is_told,
);

/// The default codes with another start of recording.
pub fn codes(start: &str) -> PbxCodes {
    let code = |field: CodeField| if field == CodeField::RecordStart { start } else { field.default_code() }.to_owned();
    PbxCodes::parse(code).unwrap()
}

fn rule(name: &str, start: &str) -> DialingRule {
    DialingRule { name: name.into(), codes: codes(start) }
}

async fn a_rule_lives_and_its_life_is_told(world: World) {
    let rules = world.store.dialing_rules();
    let id = rules.create(&rule("Office", "*46"), &world.change()).await.unwrap();
    assert_eq!(rules.get(id).await.unwrap().value, rule("Office", "*46"));
    refusal(rules.create(&rule("OFFICE", "*46"), &world.change()).await, "name");
    let lines = world.lines().await;
    assert_eq!(lines, 1 + CodeField::ALL.len());
    let version = rules.update(id, Version::FIRST, &rule("Office 2", "*47"), &world.change()).await.unwrap();
    let page = rules.list(&Query { search: "*47".into(), ..Query::default() }).await.unwrap();
    assert_eq!((page.count, &page.rows[0].rule, page.rows[0].built_in), (1, &rule("Office 2", "*47"), false));
    let choices = rules.choices().await.unwrap();
    assert_eq!(choices, [(dialing_rules::DEFAULT, "Default PBX codes".into()), (id, "Office 2".to_owned())]);
    let line = |field: &str, old: &str, new: &str| ["Office 2", "changed", field, old, new].map(str::to_owned);
    assert_eq!(world.told_since(lines).await, [line("name", "Office", "Office 2"), line("record_start", "*46", "*47")]);
    rules.delete(id, None, &world.change()).await.unwrap();
    not_found(rules.get(id).await);
    not_found(rules.update(id, version, &rule("Office", "*46"), &world.change()).await);
    let told = world.told_since(lines + 2).await;
    assert!(told.len() == 9 && told.iter().all(|line| line[1] == "deleted" && line[4].is_empty()), "{told:?}");
    for round in 0..5 {
        let both = at_once((0..2).map(|_| {
            let (store, change) = (world.store.clone(), world.change());
            async move { store.dialing_rules().create(&rule(&format!("Wanted {round}"), "*46"), &change).await }
        }));
        let (got, missed): (Vec<_>, Vec<_>) = both.await.into_iter().partition(Result::is_ok);
        assert_eq!((got.len(), missed.len()), (1, 1));
        missed.into_iter().for_each(|miss| drop(refusal(miss, "name")));
        let id = *got[0].as_ref().unwrap();
        let both = at_once((0..2).map(|_| {
            let (store, change) = (world.store.clone(), world.change());
            async move { store.dialing_rules().delete(id, None, &change).await }
        }));
        let (gone, missed): (Vec<_>, Vec<_>) = both.await.into_iter().partition(Result::is_ok);
        assert_eq!((gone.len(), missed.len()), (1, 1));
        missed.into_iter().for_each(not_found);
    }
}

async fn a_rule_that_somebody_has_stays(world: World) {
    let rules = world.store.dialing_rules();
    let abc = world.customer("ABC").await;
    let of_customer = rules.create(&rule("Of the customer", "*46"), &world.change()).await.unwrap();
    let of_account = rules.create(&rule("Of the account", "*47"), &world.change()).await.unwrap();
    let chosen = CustomerDialing { assigned: Some(of_customer), mode: DialingMode::Default, custom: codes("*48") };
    world.store.dialing(abc).update(Version::FIRST, &chosen, &world.change()).await.unwrap();
    let john = Account { dialing_rule: Some(of_account), ..account(abc, "John", "744") };
    let john = world.store.accounts().create(abc, &john, None, &world.change()).await.unwrap();
    let users = Users::of_dialing_rule(&world.store, of_customer).await.unwrap();
    assert_eq!((users.count, users.named[0].name.as_str()), (1, "ABC"));
    let users = Users::of_dialing_rule(&world.store, of_account).await.unwrap();
    assert_eq!((users.count, users.named[0].name.as_str()), (1, "John, 744 (ABC)"));
    let page = rules.list(&Query::default()).await.unwrap();
    let used: Vec<_> = page.rows.iter().map(|row| (row.customers, row.accounts)).collect();
    assert_eq!(used, [(0, 0), (0, 1), (1, 0)]);
    for id in [of_customer, of_account] {
        let words = in_use(rules.delete(id, None, &world.change()).await);
        assert_eq!(words, "Customers or accounts have this rule. Give them another first.");
    }
    in_use(rules.delete(dialing_rules::DEFAULT, None, &world.change()).await);
    let chosen = CustomerDialing { assigned: None, ..chosen };
    world.store.dialing(abc).update(Version(2), &chosen, &world.change()).await.unwrap();
    rules.delete(of_customer, None, &world.change()).await.unwrap();
    world
        .store
        .accounts()
        .update(abc, john, Version::FIRST, &account(abc, "John", "744"), &world.change())
        .await
        .unwrap();
    rules.delete(of_account, None, &world.change()).await.unwrap();
}

async fn no_customer_is_left_without_its_rule(world: World) {
    let abc = world.customer("ABC").await;
    for round in 0..8 {
        let brief = rule(&format!("Brief {round}"), "*46");
        let id = world.store.dialing_rules().create(&brief, &world.change()).await.unwrap();
        let found = world.store.dialing(abc).get().await.unwrap();
        let chosen = CustomerDialing { assigned: Some(id), ..found.value };
        let (store, change) = (world.store.clone(), world.change());
        let choose = tokio::spawn(async move { store.dialing(abc).update(found.version, &chosen, &change).await });
        let (store, change) = (world.store.clone(), world.change());
        let delete = tokio::spawn(async move { store.dialing_rules().delete(id, None, &change).await });
        match (choose.await.unwrap(), delete.await.unwrap()) {
            (Ok(_), Err(StoreError::InUse(_))) => {}
            (refused @ Err(_), Ok(())) => drop(refusal(refused, "dialing_rule")),
            other => panic!("{other:?}"),
        }
    }
    let nothing = CustomerDialing {
        assigned: Some(DialingRuleId(Uuid::nil())),
        mode: DialingMode::Default,
        custom: PbxCodes::default(),
    };
    let version = world.store.dialing(abc).get().await.unwrap().version;
    refusal(world.store.dialing(abc).update(version, &nothing, &world.change()).await, "dialing_rule");
}

async fn the_built_in_rule_can_be_changed_and_stays_changed(world: World) {
    let abc = world.customer("ABC").await;
    let new = rule("House codes", "*46");
    world.store.dialing_rules().update(dialing_rules::DEFAULT, Version::FIRST, &new, &world.change()).await.unwrap();
    world.store.migrate().await.unwrap();
    let effective = world.store.dialing(abc).effective().await.unwrap();
    assert_eq!(effective, EffectiveRule { codes: codes("*46"), source: RuleSource::BuiltIn("House codes".into()) });
}

async fn the_nearest_rule_is_in_effect(world: World) {
    let abc = world.customer("ABC").await;
    let dialing = world.store.dialing(abc);
    let rules = world.store.dialing_rules();
    let near = rules.create(&rule("Near", "*46"), &world.change()).await.unwrap();
    let nearest = rules.create(&rule("Nearest", "*47"), &world.change()).await.unwrap();
    let john = world.account(abc, "John", "744").await;
    let mary = Account { dialing_rule: Some(nearest), ..account(abc, "Mary", "702") };
    let mary = world.store.accounts().create(abc, &mary, None, &world.change()).await.unwrap();
    let built_in =
        EffectiveRule { codes: PbxCodes::default(), source: RuleSource::BuiltIn("Default PBX codes".into()) };
    assert_eq!(dialing.effective_for(john).await.unwrap(), built_in);
    let chosen = CustomerDialing { assigned: Some(near), ..dialing.get().await.unwrap().value };
    dialing.update(Version::FIRST, &chosen, &world.change()).await.unwrap();
    let assigned = EffectiveRule { codes: codes("*46"), source: RuleSource::Assigned("Near".into()) };
    assert_eq!(dialing.effective().await.unwrap(), assigned);
    assert_eq!(dialing.effective_for(john).await.unwrap(), assigned);
    let own = EffectiveRule { codes: codes("*47"), source: RuleSource::Account("Nearest".into()) };
    assert_eq!(dialing.effective_for(mary).await.unwrap(), own);
    // Whoever has the rule dials its new codes at once.
    rules.update(near, Version::FIRST, &rule("Near", "*49"), &world.change()).await.unwrap();
    assert_eq!(dialing.effective_for(john).await.unwrap().codes, codes("*49"));
}

async fn a_custom_rule_waits_for_its_option_and_is_kept_meanwhile(world: World) {
    let abc = world.customer("ABC").await;
    let dialing = world.store.dialing(abc);
    let found = dialing.get().await.unwrap();
    let untouched = CustomerDialing { assigned: None, mode: DialingMode::Default, custom: PbxCodes::default() };
    assert_eq!((found.version, &found.value), (Version::FIRST, &untouched));
    let custom = CustomerDialing { mode: DialingMode::Custom, custom: codes("*21"), ..untouched };
    dialing.update(found.version, &custom, &world.change()).await.unwrap();
    assert!(matches!(dialing.effective().await.unwrap().source, RuleSource::BuiltIn(_)), "the option is off");
    let option = async |on: Option<Value>| {
        let settings = world.store.settings(abc);
        settings.set(None, Setting::DialingRulesOption, on, None, &world.change()).await.unwrap();
    };
    option(Some(Value::Switch(true))).await;
    let effective = EffectiveRule { codes: codes("*21"), source: RuleSource::Custom };
    assert_eq!(dialing.effective().await.unwrap(), effective);
    option(Some(Value::Switch(false))).await;
    assert_eq!(dialing.effective().await.unwrap().codes, PbxCodes::default());
    option(Some(Value::Switch(true))).await;
    let default = CustomerDialing { mode: DialingMode::Default, ..custom.clone() };
    let version = dialing.update(Version(2), &default, &world.change()).await.unwrap();
    assert_eq!(dialing.effective().await.unwrap().codes, PbxCodes::default());
    let kept = dialing.get().await.unwrap();
    assert_eq!((kept.version, kept.value.custom), (version, codes("*21")));
}

async fn a_choice_of_codes_is_told(world: World) {
    let abc = world.customer("ABC").await;
    let id = world.store.dialing_rules().create(&rule("Office", "*46"), &world.change()).await.unwrap();
    let lines = world.lines().await;
    let chosen = CustomerDialing { assigned: Some(id), mode: DialingMode::Custom, custom: codes("*21") };
    let version = world.store.dialing(abc).update(Version::FIRST, &chosen, &world.by("abc")).await.unwrap();
    let line = |field: &str, old: &str, new: &str| ["ABC", "changed", field, old, new].map(str::to_owned);
    let expected = [
        line("dialing_rule", "", "Office"),
        line("dialing_mode", "default", "custom"),
        line("record_start", "*44", "*21"),
    ];
    assert_eq!(world.told_since(lines).await, expected);
    assert_eq!(world.store.dialing(abc).update(version, &chosen, &world.by("abc")).await.unwrap(), version);
    assert_eq!(world.lines().await, lines + 3, "nothing changed, nothing told");
}
