//! Which value of a service setting is in effect, and where it comes from.

use std::collections::BTreeSet;

use proptest::prelude::*;
use tandem_domain::{
    access::{AccessRole, Field, Level},
    settings::{Effective, Setting, Source, Value},
    supervision::Notice,
};

const ON: Value = Value::Switch(true);
const OFF: Value = Value::Switch(false);

/// The value in effect and its source.
fn effective(setting: Setting, customer: Option<Value>, account: Option<Value>) -> (Value, Source) {
    let effective = Effective::of(setting, customer, account);
    (effective.value, effective.source)
}

/// Everything that a setting can be set to.
fn values(setting: Setting) -> Vec<Value> {
    match setting.default_value() {
        Value::Switch(_) => vec![OFF, ON],
        Value::Notice(_) => Notice::ALL.into_iter().map(Value::Notice).collect(),
    }
}

#[test]
fn the_accounts_value_wins_over_the_customers_and_that_over_the_default() {
    let setting = Setting::RecordManually;
    assert_eq!(effective(setting, None, None), (OFF, Source::Default));
    assert_eq!(effective(setting, Some(ON), None), (ON, Source::Customer));
    assert_eq!(effective(setting, Some(OFF), None), (OFF, Source::Customer), "off is a value too");
    assert_eq!(effective(setting, None, Some(ON)), (ON, Source::Account));
    assert_eq!(effective(setting, Some(ON), Some(OFF)), (OFF, Source::Account));
    assert_eq!(
        effective(setting, Some(ON), Some(ON)),
        (ON, Source::Account),
        "an override stays one when values agree"
    );
}

#[test]
fn call_supervision_is_the_customers_and_no_account_turns_it_on_for_itself() {
    assert_eq!(effective(Setting::CallSupervision, None, Some(ON)), (OFF, Source::Default));
    assert_eq!(effective(Setting::CallSupervision, Some(OFF), Some(ON)), (OFF, Source::Customer));
    assert_eq!(Effective::of(Setting::CallSupervision, None, Some(ON)).account, None);
}

#[test]
fn accounts_inherit_the_settings_of_call_recording_and_no_others() {
    for setting in Setting::ALL {
        assert_eq!(setting.inheritable(), Setting::RECORDING.contains(&setting), "{setting:?}");
    }
}

#[test]
fn until_somebody_says_otherwise_everything_is_off_and_silent() {
    for setting in Setting::ALL {
        let default = setting.default_value();
        assert!(default == OFF || default == Value::Notice(Notice::Silent), "{setting:?}");
        assert!(!default.is_on());
    }
}

#[test]
fn every_setting_has_a_key_and_a_name_of_its_own_and_says_what_it_does() {
    let keys: BTreeSet<_> = Setting::ALL.into_iter().map(Setting::key).collect();
    let labels: BTreeSet<_> = Setting::ALL.into_iter().map(Setting::label).collect();
    assert_eq!((keys.len(), labels.len()), (Setting::ALL.len(), Setting::ALL.len()));
    for setting in Setting::ALL {
        assert_eq!(Setting::from_key(setting.key()), Some(setting));
        assert!(setting.help().ends_with('.'), "{setting:?}");
    }
    assert_eq!(Setting::from_key("Call supervision"), None, "labels are no keys");
}

#[test]
fn every_value_is_read_back_from_what_is_written() {
    for setting in Setting::ALL {
        for value in values(setting) {
            assert_eq!(setting.parse(value.key()), Ok(value), "{setting:?}");
        }
    }
}

#[test]
fn a_setting_refuses_the_values_of_another_kind() {
    let refusal = |setting: Setting, text| setting.parse(text).unwrap_err().0;
    for text in ["", "true", "On", " on", "silent", "1"] {
        assert_eq!(refusal(Setting::CallSupervision, text), "Choose on or off.");
    }
    for text in ["", "on", "off", "Silent", "tone"] {
        assert_eq!(refusal(Setting::NoticeSpy, text), "Choose one of the notices in the list.");
    }
}

#[test]
fn the_privacy_setting_stands_behind_the_privacy_permission() {
    assert_eq!(Setting::RecordAccountOnly.permission(), Field::RecordAccountOnly);
    let [administrator, ..] = AccessRole::built_in();
    for setting in Setting::ALL {
        assert_eq!(administrator.level(setting.permission()), Level::Modify, "somebody can change {setting:?}");
    }
}

proptest! {
    #[test]
    fn the_value_in_effect_is_one_that_somebody_set_or_the_default(
        setting in prop::sample::select(&Setting::ALL[..]),
        customer in any::<Option<prop::sample::Index>>(),
        account in any::<Option<prop::sample::Index>>(),
    ) {
        let values = values(setting);
        let (customer, account) = (customer.map(|i| *i.get(&values)), account.map(|i| *i.get(&values)));
        let effective = Effective::of(setting, customer, account);
        let expected = match effective.source {
            Source::Default => Some(setting.default_value()),
            Source::Customer => customer,
            Source::Account => account.filter(|_| setting.inheritable()),
        };
        prop_assert_eq!(Some(effective.value), expected);
        prop_assert_eq!(effective.customer, customer, "the stored value is shown as it is");
        let json = serde_json::to_string(&effective).unwrap();
        prop_assert_eq!(serde_json::from_str::<Effective>(&json).unwrap(), effective);
    }

    #[test]
    fn no_typed_value_is_too_strange_for_an_answer(setting in prop::sample::select(&Setting::ALL[..]), text in ".{0,20}") {
        if let Ok(value) = setting.parse(&text) {
            prop_assert_eq!(value.key(), text);
        }
    }
}
