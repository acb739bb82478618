//! What a huntgroup accepts, and whose calls a manager may supervise through it.

use std::collections::BTreeSet;

use proptest::prelude::*;
use tandem_domain::{
    huntgroup::{self, Huntgroup, MEMBERS_MAX, Member, RingStrategy, supervisable},
    ids::AccountId,
};
use uuid::Uuid;

const ADAM: AccountId = account(701);
const JOHN: AccountId = account(744);
const OLIVIA: AccountId = account(745);
const PETER: AccountId = account(746);

const fn account(id: u128) -> AccountId {
    AccountId(Uuid::from_u128(id))
}

const fn agent(account: AccountId) -> Member {
    Member { account, supervision_allowed: false, never_supervise: false }
}

const fn manager(account: AccountId) -> Member {
    Member { account, supervision_allowed: true, never_supervise: false }
}

const fn protected(account: AccountId) -> Member {
    Member { account, supervision_allowed: false, never_supervise: true }
}

fn group(members: impl IntoIterator<Item = Member>) -> Huntgroup {
    let group = Huntgroup::parse("Support", "7700", "order", "20").expect("a sound form");
    Huntgroup { members: members.into_iter().collect(), ..group }
}

fn supervised_by(manager: AccountId, group: &Huntgroup) -> Vec<AccountId> {
    group.supervisable_by(manager, &huntgroup::protected(std::slice::from_ref(group))).collect()
}

mod the_form {
    use super::*;

    #[test]
    fn makes_a_group_without_members() {
        let group = Huntgroup::parse(" Support ", " 7700 ", "least_used", " 20 ").unwrap();
        assert_eq!(group.name, "Support");
        assert_eq!(group.number.as_str(), "7700");
        assert_eq!(group.strategy, RingStrategy::LeastUsed);
        assert_eq!(group.ring_seconds, 20);
        assert!(group.members.is_empty());
    }

    #[test]
    fn tells_all_that_is_wrong_at_once_beside_its_field() {
        let errors = Huntgroup::parse("", "77-00", "", "forever").unwrap_err();
        assert_eq!(errors.get("name"), Some("Enter a name."));
        assert_eq!(errors.get("number"), Some("“-” cannot be dialled; use only the digits 0 to 9."));
        assert_eq!(errors.get("strategy"), Some("Choose a ring strategy."));
        assert_eq!(errors.get("ring_seconds"), Some("Enter a whole number from 5 to 120 seconds."));
    }

    #[test]
    fn takes_ring_times_from_5_to_120_seconds() {
        let ring = |seconds| Huntgroup::parse("Support", "7700", "order", seconds).is_ok();
        assert!(ring("5") && ring("120"));
        for outside in ["4", "121", "-5", "", "20.5", "99999999999999999999"] {
            assert!(!ring(outside), "{outside}");
        }
    }

    #[test]
    fn does_not_take_a_number_that_calls_for_help() {
        let errors = Huntgroup::parse("Support", "112", "order", "20").unwrap_err();
        assert_eq!(errors.get("number"), Some("112 calls the emergency services; choose another number."));
    }

    #[test]
    fn names_of_strategies_lead_back() {
        for strategy in RingStrategy::ALL {
            assert_eq!(RingStrategy::from_key(strategy.key()), Some(strategy));
            assert!(!strategy.label().is_empty() && strategy.help().ends_with('.'));
        }
        assert_eq!(RingStrategy::from_key("Order"), None);
    }
}

mod the_members {
    use super::*;

    #[test]
    fn are_listed_once_each() {
        assert!(Huntgroup::check_members(&[manager(ADAM), agent(JOHN)]).is_ok());
        let errors = Huntgroup::check_members(&[agent(JOHN), manager(ADAM), protected(JOHN)]).unwrap_err();
        let words = "An extension can be a member only once; remove the second entry.";
        assert_eq!(errors.get("members"), Some(words));
    }

    #[test]
    fn are_none_or_up_to_two_hundred() {
        let members = |count: usize| (0..count as u128).map(|id| agent(account(id))).collect::<Vec<_>>();
        assert!(Huntgroup::check_members(&[]).is_ok());
        assert!(Huntgroup::check_members(&members(MEMBERS_MAX)).is_ok());
        let errors = Huntgroup::check_members(&members(MEMBERS_MAX + 1)).unwrap_err();
        assert_eq!(errors.get("members"), Some("A huntgroup has at most 200 members."));
    }
}

mod supervision {
    use super::*;

    #[test]
    fn adam_may_supervise_john_and_olivia_in_support_but_not_himself() {
        let support = group([manager(ADAM), agent(JOHN), agent(OLIVIA)]);
        assert_eq!(supervised_by(ADAM, &support), [JOHN, OLIVIA]);
    }

    #[test]
    fn without_supervision_allowed_a_member_supervises_nobody() {
        let support = group([manager(ADAM), agent(JOHN), agent(OLIVIA)]);
        assert_eq!(supervised_by(JOHN, &support), []);
    }

    #[test]
    fn who_is_not_in_the_group_neither_supervises_nor_is_supervised() {
        let sales = group([manager(OLIVIA), agent(PETER)]);
        assert_eq!(supervised_by(ADAM, &sales), []);
        assert!(!supervised_by(OLIVIA, &sales).contains(&JOHN));
    }

    #[test]
    fn two_managers_may_supervise_each_other() {
        let support = group([manager(ADAM), manager(OLIVIA)]);
        assert_eq!(supervised_by(ADAM, &support), [OLIVIA]);
        assert_eq!(supervised_by(OLIVIA, &support), [ADAM]);
    }

    #[test]
    fn a_never_supervise_mark_protects_its_extension_in_every_group() {
        let support = group([manager(ADAM), agent(JOHN), protected(OLIVIA)]);
        let sales = group([manager(ADAM), agent(OLIVIA), agent(PETER)]);
        assert_eq!(supervised_by(ADAM, &support), [JOHN]);
        assert_eq!(supervisable(&[support, sales], ADAM), BTreeSet::from([JOHN, PETER]));
    }

    #[test]
    fn to_be_allowed_in_one_group_says_nothing_about_another() {
        let support = group([manager(ADAM), agent(JOHN)]);
        let sales = group([agent(ADAM), agent(PETER)]);
        assert_eq!(supervisable(&[support, sales], ADAM), BTreeSet::from([JOHN]));
        assert_eq!(supervisable(&[], ADAM), BTreeSet::new());
    }

    fn any_group() -> impl Strategy<Value = Huntgroup> {
        let member = (0..8_u128, any::<bool>(), any::<bool>());
        prop::collection::vec(member, 0..8).prop_map(|members| {
            let mut seen = BTreeSet::new();
            group(members.into_iter().filter(|(id, ..)| seen.insert(*id)).map(|(id, allowed, never)| Member {
                account: account(id),
                supervision_allowed: allowed,
                never_supervise: never,
            }))
        })
    }

    proptest! {
        #[test]
        fn who_may_be_supervised_shares_a_group_in_which_the_manager_is_allowed_and_is_protected_in_none(
            groups in prop::collection::vec(any_group(), 0..4),
        ) {
            for manager in (0..8).map(account) {
                let agents = supervisable(&groups, manager);
                for agent in (0..8).map(account) {
                    let memberships = |of: AccountId| groups.iter().flat_map(|g| &g.members).filter(move |m| m.account == of);
                    let share = groups.iter().any(|group| {
                        group.members.iter().any(|m| m.account == manager && m.supervision_allowed)
                            && group.members.iter().any(|m| m.account == agent)
                    });
                    let may = agent != manager && share && !memberships(agent).any(|m| m.never_supervise);
                    prop_assert_eq!(agents.contains(&agent), may, "manager {}, agent {}", manager, agent);
                }
            }
        }
    }
}
