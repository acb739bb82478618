//! Which status may follow which, and whether there is service.

use tandem_domain::{
    billing::ledger::Funds,
    status::{Service, Status},
};

#[test]
fn a_status_changes_to_any_other_until_it_is_closed() {
    for from in Status::ALL {
        for to in Status::ALL {
            assert_eq!(from.may_become(to), from != to && from != Status::Closed, "{from:?} to {to:?}");
        }
    }
}

#[test]
fn a_block_of_the_provider_is_the_providers_to_change() {
    for (from, to) in Status::ALL.into_iter().flat_map(|from| Status::ALL.map(|to| (from, to))) {
        assert!(!from.account_may_become(to, true, false), "{from:?} to {to:?}");
        assert_eq!(from.account_may_become(to, true, true), from.may_become(to), "{from:?} to {to:?}");
        assert_eq!(from.account_may_become(to, false, false), from.may_become(to), "{from:?} to {to:?}");
        let lays_over = (from, to) == (Status::Blocked, Status::Blocked);
        assert_eq!(from.account_may_become(to, false, true), from.may_become(to) || lays_over, "{from:?} to {to:?}");
    }
}

#[test]
fn an_account_is_never_set_to_suspended() {
    assert!(!Status::OF_ACCOUNT.contains(&Status::Suspended));
}

#[test]
fn a_new_record_is_open() {
    assert_eq!(Status::default(), Status::Open);
}

#[test]
fn names_in_forms_and_in_the_store_lead_back() {
    for status in Status::ALL {
        assert_eq!(Status::from_key(status.key()), Some(status));
        assert_eq!(serde_json::to_value(status).unwrap(), status.key());
    }
    assert_eq!(Status::from_key("Open"), None);
}

#[test]
fn service_is_there_only_when_customer_and_account_are_open_and_nothing_expired() {
    for customer in Status::ALL {
        for account in Status::ALL {
            for expired in [false, true] {
                let available = (customer, account, expired) == (Status::Open, Status::Open, false);
                assert_eq!(Service::of(customer, account, expired) == Service::Available, available);
            }
        }
    }
}

#[test]
fn each_cause_alone_is_told_as_itself() {
    use Status::{Blocked, Closed, Open, Suspended};
    assert_eq!(Service::of(Open, Open, true), Service::AccountExpired);
    assert_eq!(Service::of(Suspended, Open, false), Service::CustomerSuspended);
    assert_eq!(Service::of(Open, Blocked, false), Service::AccountBlocked);
    assert_eq!(Service::of(Blocked, Open, false), Service::CustomerBlocked);
    assert_eq!(Service::of(Open, Closed, false), Service::AccountClosed);
    assert_eq!(Service::of(Closed, Open, false), Service::CustomerClosed);
    assert_eq!(
        Service::of(Open, Suspended, false),
        Service::AccountBlocked,
        "nobody sets this; it is still no service"
    );
}

#[test]
fn without_funds_nobody_calls_but_any_other_cause_is_told_before() {
    for (customer, account) in
        Status::ALL.into_iter().flat_map(|customer| Status::ALL.map(|account| (customer, account)))
    {
        for expired in [false, true] {
            let told = Service::of(customer, account, expired);
            assert_eq!(told.paid_from(Funds { available: None, exhausted: false }), told);
            let broke = told.paid_from(Funds { available: Some(0), exhausted: true });
            assert_eq!(broke, told.max(Service::NoFunds), "{customer:?}, {account:?}, expired: {expired}");
        }
    }
}

#[test]
fn of_several_causes_the_strongest_is_told() {
    for customer in Status::ALL {
        for account in Status::ALL {
            for expired in [false, true] {
                let told = Service::of(customer, account, expired);
                let alone = [
                    Service::of(customer, Status::Open, false),
                    Service::of(Status::Open, account, false),
                    Service::of(Status::Open, Status::Open, expired),
                ];
                assert_eq!(Some(told), alone.into_iter().max(), "{customer:?}, {account:?}, expired: {expired}");
            }
        }
    }
}
