//! Who sees and changes which field, and whose data.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use tandem_domain::{
    access::{AccessRole, Audience, Field, Level, Principal, Scope, Tenant, Who},
    ids::{AccountId, AdministratorId, CustomerId},
    locale::{Locale, TimeZone},
};
use uuid::Uuid;

fn role(audience: Audience, base: Level, entries: &[(&str, Level)]) -> AccessRole {
    let entries = entries.iter().map(|(path, level)| ((*path).to_owned(), *level)).collect();
    AccessRole { name: "Role".into(), audience, base, entries }
}

fn built_in(name: &str) -> AccessRole {
    AccessRole::built_in().into_iter().find(|role| role.name == name).expect("a built-in role")
}

fn principal(who: Who, role: AccessRole) -> Principal {
    let (sign_in, name) = ("john".into(), "John".into());
    let (locale, time_zone) = (Locale::default(), TimeZone::default());
    Principal { who, sign_in, name, role, locale, time_zone, manages: false }
}

const fn customer(id: u128) -> CustomerId {
    CustomerId(Uuid::from_u128(id))
}

const fn administrator() -> Who {
    Who::Administrator(AdministratorId(Uuid::from_u128(1)))
}

const fn account_of(customer: CustomerId) -> Who {
    Who::Account { account: AccountId(Uuid::from_u128(744)), customer }
}

mod the_tree {
    use super::*;

    #[test]
    fn every_field_has_a_path_of_its_own() {
        let paths: BTreeSet<&str> = Field::ALL.iter().map(|field| field.info().path).collect();
        assert_eq!(paths.len(), Field::ALL.len());
    }

    #[test]
    fn every_path_is_entity_panel_field_in_small_letters() {
        for field in Field::ALL {
            let parts: Vec<&str> = field.info().path.split('/').collect();
            assert_eq!(parts.len(), 3, "{field:?}");
            assert!(
                parts
                    .iter()
                    .all(|part| { !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase() || c == '_') })
            );
        }
    }

    #[test]
    fn the_way_to_a_field_leads_through_its_entity_and_panel() {
        let way: Vec<&str> = Field::RecordAccountOnly.nodes().collect();
        assert_eq!(way, ["account", "account/recording", "account/recording/account_only"]);
    }

    #[test]
    fn one_path_has_one_name_in_the_interface() {
        let mut entities = BTreeMap::new();
        let mut panels = BTreeMap::new();
        for field in Field::ALL {
            let info = field.info();
            let way: Vec<&str> = field.nodes().collect();
            assert_eq!(*entities.entry(way[0]).or_insert(info.entity), info.entity);
            assert_eq!(*panels.entry(way[1]).or_insert(info.panel), info.panel);
            assert!(!info.label.is_empty());
        }
    }

    #[test]
    fn every_field_exists_for_somebody_and_always_for_the_providers_staff() {
        for field in Field::ALL {
            let audiences = field.info().audiences;
            assert!(audiences.contains(&Audience::Administrator), "{field:?}");
            assert_eq!(audiences.iter().collect::<BTreeSet<_>>().len(), audiences.len(), "{field:?}");
        }
    }

    #[test]
    fn names_in_forms_and_in_the_store_lead_back() {
        for level in Level::ALL {
            assert_eq!(Level::from_key(level.key()), Some(level));
        }
        for audience in Audience::ALL {
            assert_eq!(Audience::from_key(audience.key()), Some(audience));
        }
        assert_eq!(Level::from_key("Modify"), None, "labels are no keys");
        assert_eq!(Audience::from_key("root"), None);
    }
}

mod levels {
    use super::*;

    #[test]
    fn the_deepest_entry_wins() {
        let role = role(
            Audience::Administrator,
            Level::Forbidden,
            &[
                ("account", Level::View),
                ("account/recording", Level::Forbidden),
                ("account/recording/account_only", Level::Modify),
            ],
        );
        assert_eq!(role.level(Field::RecordAccountOnly), Level::Modify, "the field's own entry");
        assert_eq!(role.level(Field::RecordByEmail), Level::Forbidden, "the panel's entry");
        assert_eq!(role.level(Field::AccountProfile), Level::View, "the entity's entry");
        assert_eq!(role.level(Field::CustomerName), Level::Forbidden, "the base level");
    }

    #[test]
    fn an_entry_reaches_no_field_whose_path_only_begins_alike() {
        let role = role(Audience::Administrator, Level::View, &[("account/dialing/dialing", Level::Modify)]);
        assert_eq!(role.level(Field::AccountDialingRule), Level::View);
    }

    #[test]
    fn what_does_not_exist_for_an_audience_stays_forbidden_whatever_its_role_says() {
        let role = role(Audience::Account, Level::Modify, &[("configuration/roles/settings", Level::Modify)]);
        assert_eq!(role.level(Field::Roles), Level::Forbidden);
        assert_eq!(role.level(Field::AccountRole), Level::Forbidden, "nobody gives himself another role");
        assert_eq!(role.level(Field::AccountProfile), Level::Modify);
    }

    #[test]
    fn a_role_made_for_other_people_gives_nothing() {
        let stray = principal(account_of(customer(1)), built_in("Administrator"));
        for field in Field::ALL {
            assert_eq!(stray.level(*field), Level::Forbidden);
            assert!(!stray.sees(*field) && !stray.modifies(*field));
        }
    }

    #[test]
    fn to_view_is_to_see_and_not_to_modify() {
        let viewer = principal(administrator(), built_in("Read-only administrator"));
        assert!(viewer.sees(Field::CallSupervision));
        assert!(!viewer.modifies(Field::CallSupervision));
    }
}

mod the_built_in_roles {
    use super::*;

    #[test]
    fn have_names_of_their_own_and_pass_the_rules_for_typed_roles() {
        let roles = AccessRole::built_in();
        assert_eq!(roles.iter().map(|role| &role.name).collect::<BTreeSet<_>>().len(), roles.len());
        for role in roles {
            let entries = role.entries.iter().map(|(path, level)| (path.clone(), level.key().to_owned()));
            let typed = AccessRole::parse(&role.name, role.audience.key(), role.base.key(), entries);
            assert_eq!(typed, Ok(role));
        }
    }

    #[test]
    fn an_administrator_modifies_everything_and_a_read_only_one_sees_everything() {
        for field in Field::ALL {
            assert_eq!(built_in("Administrator").level(*field), Level::Modify, "{field:?}");
            assert_eq!(built_in("Read-only administrator").level(*field), Level::View, "{field:?}");
        }
    }

    #[test]
    fn recording_privacy_is_shown_to_nobody_but_the_providers_staff() {
        assert_eq!(built_in("Account").level(Field::RecordAccountOnly), Level::Forbidden);
        assert_eq!(built_in("Customer").level(Field::RecordAccountOnly), Level::Forbidden);
    }

    #[test]
    fn a_user_turns_the_recordings_by_email_on_and_off() {
        assert_eq!(built_in("Account").level(Field::RecordByEmail), Level::Modify);
    }

    #[test]
    fn a_user_sees_what_is_recorded_and_the_service_codes_but_does_not_decide() {
        for field in [Field::RecordAutomatically, Field::RecordManually, Field::RecordAnnouncement, Field::ServiceCodes]
        {
            assert_eq!(built_in("Account").level(field), Level::View, "{field:?}");
        }
    }

    #[test]
    fn a_customer_marks_supervision_in_its_huntgroups_but_does_not_turn_the_service_on() {
        let role = built_in("Customer");
        assert_eq!(role.level(Field::HuntgroupSupervision), Level::Modify);
        assert_eq!(role.level(Field::CustomRule), Level::Modify);
        assert_eq!(role.level(Field::CallSupervision), Level::View);
        assert_eq!(role.level(Field::DialingRulesOption), Level::Forbidden);
    }

    #[test]
    fn who_sees_calls_sees_no_more_than_is_theirs() {
        let (customer, account) = (built_in("Customer"), built_in("Account"));
        assert_eq!(
            [customer.level(Field::LiveCalls), account.level(Field::LiveCalls)],
            [Level::Modify, Level::Forbidden]
        );
        assert!(customer.level(Field::CallHistory) >= Level::View && account.level(Field::CallHistory) == Level::View);
        assert_eq!(customer.level(Field::PublicNumbers), Level::View, "numbers are the provider’s to give");
        for field in [Field::EndCall, Field::SipLadder] {
            assert_eq!([customer.level(field), account.level(field)], [Level::Forbidden; 2], "{field:?}");
        }
    }

    #[test]
    fn a_role_with_permission_for_the_privacy_field_gives_it_to_that_account_alone() {
        let mut with_privacy = built_in("Account");
        with_privacy.entries.insert(Field::RecordAccountOnly.info().path.into(), Level::Modify);
        let john = principal(account_of(customer(1)), with_privacy);
        let olivia = principal(account_of(customer(1)), built_in("Account"));
        assert!(john.modifies(Field::RecordAccountOnly));
        assert!(!olivia.sees(Field::RecordAccountOnly));
    }
}

mod a_typed_role {
    use super::*;

    fn typed(entries: &[(&str, &str)]) -> Result<AccessRole, tandem_domain::error::FieldErrors> {
        let entries = entries.iter().map(|(path, level)| ((*path).to_owned(), (*level).to_owned()));
        AccessRole::parse(" Private recordings ", "account", "view", entries)
    }

    #[test]
    fn keeps_its_entries_and_leaves_out_those_that_inherit() {
        let role = typed(&[("account/recording/account_only", "modify"), ("account/general", "")]).unwrap();
        assert_eq!(role.name, "Private recordings");
        assert_eq!(role.entries, BTreeMap::from([("account/recording/account_only".into(), Level::Modify)]));
        assert_eq!(role.level(Field::RecordAccountOnly), Level::Modify);
    }

    #[test]
    fn may_speak_of_an_entity_or_a_panel() {
        assert!(typed(&[("account", "forbidden"), ("account/recording", "view")]).is_ok());
    }

    #[test]
    fn with_a_permission_that_does_not_exist_is_refused_whole() {
        for (path, level) in [
            ("account/recording/everything", "modify"),
            ("account/", "modify"),
            ("acc", "modify"),
            ("", "modify"),
            ("account/recording/account_only", "own"),
            ("account/recording/account_only", "Modify"),
        ] {
            let errors = typed(&[("account", "view"), (path, level)]).unwrap_err();
            let words = "This role names a permission that does not exist; reload the page.";
            assert_eq!(errors.get("entries"), Some(words), "{path} {level}");
        }
    }

    #[test]
    fn without_anything_is_told_all_that_is_missing() {
        let errors = AccessRole::parse(" ", "", "", []).unwrap_err();
        assert_eq!(errors.get("name"), Some("Enter a name."));
        assert_eq!(errors.get("audience"), Some("Choose whom the role is for."));
        assert_eq!(errors.get("base"), Some("Choose a level."));
    }
}

mod whose_data {
    use super::*;

    #[test]
    fn the_providers_staff_may_work_on_any_customers_and_list_all() {
        let staff = principal(administrator(), built_in("Administrator"));
        assert_eq!(staff.tenant(customer(7)).map(Tenant::customer), Some(customer(7)));
        assert_eq!(staff.scope(), Some(Scope::for_system()));
        assert_eq!(staff.own_customer(), None);
        assert_eq!(staff.own_tenant(), None);
        assert_eq!(staff.home(), "/admin");
    }

    #[test]
    fn a_list_of_one_tenant_shows_that_tenants_rows() {
        assert_eq!(Scope::of(Tenant::for_system(customer(7))).customer(), Some(customer(7)));
        assert_eq!(Scope::for_system().customer(), None);
    }

    proptest! {
        #[test]
        fn a_customer_works_on_its_own_data_and_on_nobody_elses(own in any::<u128>(), other in any::<u128>()) {
            let abc = principal(Who::Customer(customer(own)), built_in("Customer"));
            prop_assert_eq!(abc.tenant(customer(own)).map(Tenant::customer), Some(customer(own)));
            prop_assert_eq!(abc.tenant(customer(other)).is_some(), own == other);
            prop_assert_eq!(abc.own_tenant(), abc.tenant(customer(own)));
            prop_assert_eq!(abc.scope().and_then(Scope::customer), Some(customer(own)));
            prop_assert_eq!(abc.home(), "/self-care");
        }

        #[test]
        fn an_account_works_on_no_tenants_data_and_lists_nothing(own in any::<u128>(), other in any::<u128>()) {
            let john = principal(account_of(customer(own)), built_in("Account"));
            prop_assert_eq!(john.tenant(customer(own)), None);
            prop_assert_eq!(john.tenant(customer(other)), None);
            prop_assert_eq!(john.scope(), None);
            prop_assert_eq!(john.own_tenant().map(Tenant::customer), Some(customer(own)), "only to find its own record");
        }
    }
}

fn any_role() -> impl Strategy<Value = AccessRole> {
    let nodes: BTreeSet<&'static str> = Field::ALL.iter().flat_map(|field| field.nodes()).collect();
    let node = prop::sample::select(nodes.into_iter().collect::<Vec<_>>());
    let entries =
        prop::collection::btree_map(node.prop_map(str::to_owned), prop::sample::select(&Level::ALL[..]), 0..12);
    ("[A-Z][a-z ]{0,20}[a-z]", prop::sample::select(&Audience::ALL[..]), prop::sample::select(&Level::ALL[..]), entries)
        .prop_map(|(name, audience, base, entries)| AccessRole { name, audience, base, entries })
}

proptest! {
    #[test]
    fn a_level_is_the_base_or_that_of_a_node_on_the_way(role in any_role()) {
        for field in Field::ALL.iter().filter(|field| field.info().audiences.contains(&role.audience)) {
            let deepest = field.nodes().filter_map(|node| role.entries.get(node)).next_back();
            prop_assert_eq!(role.level(*field), *deepest.unwrap_or(&role.base));
        }
    }

    #[test]
    fn a_role_survives_the_store_and_the_form(role in any_role()) {
        let json = serde_json::to_string(&role).unwrap();
        prop_assert_eq!(&serde_json::from_str::<AccessRole>(&json).unwrap(), &role);
        let entries = role.entries.iter().map(|(path, level)| (path.clone(), level.key().to_owned()));
        prop_assert_eq!(AccessRole::parse(&role.name, role.audience.key(), role.base.key(), entries), Ok(role.clone()));
    }

    #[test]
    fn the_browsers_copy_of_a_person_says_the_same(role in any_role(), own in any::<u128>()) {
        for who in [administrator(), Who::Customer(customer(own)), account_of(customer(own))] {
            let person = principal(who, role.clone());
            let json = serde_json::to_string(&person).unwrap();
            prop_assert_eq!(serde_json::from_str::<Principal>(&json).unwrap(), person);
        }
    }
}
