//! A customer never reads or writes another's records, whatever ids are mixed in.

use tandem_domain::{
    access::{Scope, Tenant, Who},
    calls::Xdr,
    dialing::{CustomerDialing, DialingMode},
    ids::{AccountId, HuntgroupId, Version},
    list::Query,
    settings::{Setting, Value},
    status::Status,
};
use tandem_store::{
    Store,
    accounts::AccountFilters,
    audit::AuditFilters,
    customers::{CustomerFilters, CustomerSort},
    exchange::Destination,
    registrations::RegistrationFilters,
    xdrs::XdrFilters,
};

use crate::{
    registrations::binding,
    world::{START, World, account, give_sign_in, huntgroup, member, not_found, refusal, sign_in},
    xdrs::incoming,
};

on_both!(
    another_customers_records_are_not_found,
    another_customers_records_are_not_written,
    another_customers_account_is_no_member,
    a_persons_account_and_customer_belong_together,
    another_customers_calls_phones_and_numbers_are_not_seen,
    lists_show_no_row_of_another_customer,
);

/// A customer with one of everything.
struct Company {
    tenant: Tenant,
    account: AccountId,
    group: HuntgroupId,
}

impl Company {
    async fn new(world: &World, name: &str) -> Self {
        let tenant = world.customer(name).await;
        let who = Who::Customer(tenant.customer());
        let login = name.to_lowercase();
        give_sign_in(&world.store, who, &login, &world.change()).await.unwrap();
        // Both have the same numbers and names, so that only the customer tells them apart.
        let john = account(tenant, "John", "744");
        let login = sign_in(&format!("john.{login}"));
        let account = world.store.accounts().create(tenant, &john, Some(&login), &world.change()).await.unwrap();
        world.store.accounts().set_sip_password(tenant, account, None, name, &world.change()).await.unwrap();
        let group = world.huntgroup(tenant, "Support", "7700", &[account]).await;
        let on = Some(Value::Switch(true));
        for (account, setting) in [(None, Setting::CallSupervision), (Some(account), Setting::RecordManually)] {
            world.store.settings(tenant).set(account, setting, on, None, &world.change()).await.unwrap();
        }
        Self { tenant, account, group }
    }

    /// All that is stored of the customer, as text.
    async fn picture(&self, store: &Store) -> String {
        let Self { tenant, account, group } = *self;
        let (accounts, groups, settings) = (store.accounts(), store.huntgroups(tenant), store.settings(tenant));
        let whos = [Who::Customer(tenant.customer()), Who::Account { account, customer: tenant.customer() }];
        format!(
            "{:?}",
            (
                (store.customers().get(tenant).await.unwrap(), store.customers().overview(tenant).await.unwrap()),
                (accounts.get(tenant, account).await.unwrap(), accounts.overview(tenant, account).await.unwrap()),
                (groups.all().await.unwrap(), groups.members(group).await.unwrap()),
                (settings.effective().await.unwrap(), settings.effective_for(account).await.unwrap()),
                store.dialing(tenant).get().await.unwrap(),
                store.customers().status_history(tenant).await.unwrap(),
                accounts.status_history(tenant, account).await.unwrap(),
                (store.sign_ins().of(whos[0]).await.unwrap(), store.sign_ins().of(whos[1]).await.unwrap()),
                store.audit().export(Scope::of(tenant), &AuditFilters::default(), None).await.unwrap(),
            )
        )
    }
}

async fn another_customers_records_are_not_found(world: World) {
    let (abc, panda) = (Company::new(&world, "ABC").await, Company::new(&world, "Panda").await);
    let store = &world.store;
    for (own, other) in [(&abc, &panda), (&panda, &abc)] {
        not_found(store.accounts().get(own.tenant, other.account).await);
        not_found(store.accounts().find(Scope::of(own.tenant), other.account).await);
        not_found(store.accounts().overview(own.tenant, other.account).await);
        assert_eq!(store.accounts().status_history(own.tenant, other.account).await.unwrap(), []);
        not_found(store.huntgroups(own.tenant).get(other.group).await);
        not_found(store.huntgroups(own.tenant).members(other.group).await);
        assert_eq!(store.huntgroups(own.tenant).of_account(other.account).await.unwrap(), []);
        assert_eq!(store.huntgroups(own.tenant).all().await.unwrap()[0].id, own.group);
        not_found(store.settings(own.tenant).effective_for(other.account).await);
        not_found(store.dialing(own.tenant).effective_for(other.account).await);
        for record in [other.account.to_string(), other.group.to_string(), other.tenant.customer().to_string()] {
            let filters = AuditFilters { record: Some(record), ..AuditFilters::default() };
            assert_eq!(store.audit().list(Scope::of(own.tenant), &filters, None).await.unwrap().rows, []);
        }
    }
}

async fn another_customers_records_are_not_written(world: World) {
    let (abc, panda) = (Company::new(&world, "ABC").await, Company::new(&world, "Panda").await);
    let store = &world.store;
    for (own, other) in [(&abc, &panda), (&panda, &abc)] {
        let pictures = [own.picture(store).await, other.picture(store).await];
        let (mine, theirs) = (account(own.tenant, "Eve", "998"), account(other.tenant, "Eve", "998"));
        let change = world.by("eve");
        // Their record, as ours and as theirs; our record as theirs; a new one as theirs.
        let (accounts, first) = (store.accounts(), Version::FIRST);
        not_found(accounts.update(own.tenant, other.account, first, &mine, &change).await);
        not_found(accounts.update(own.tenant, other.account, first, &theirs, &change).await);
        not_found(accounts.update(own.tenant, own.account, first, &theirs, &change).await);
        not_found(accounts.create(own.tenant, &theirs, Some(&sign_in("eve")), &change).await);
        for status in Status::OF_ACCOUNT {
            not_found(accounts.set_status(own.tenant, other.account, status, None, "Eve", &change).await);
        }
        not_found(accounts.set_sip_password(own.tenant, other.account, None, "eve", &change).await);
        not_found(accounts.remove_sip_password(own.tenant, other.account, None, &change).await);
        let groups = store.huntgroups(own.tenant);
        not_found(groups.update(other.group, first, &huntgroup("Eve", "9999", &[]), &change).await);
        not_found(groups.set_members(other.group, first, &[member(own.account)], &change).await);
        not_found(groups.set_members(other.group, first, &[], &change).await);
        not_found(groups.delete(other.group, None, &change).await);
        for setting in Setting::RECORDING {
            for value in [None, Some(Value::Switch(false))] {
                let settings = store.settings(own.tenant);
                not_found(settings.set(Some(other.account), setting, value, None, &change).await);
            }
        }
        assert_eq!([own.picture(store).await, other.picture(store).await], pictures);
    }
}

async fn another_customers_account_is_no_member(world: World) {
    let (abc, panda) = (Company::new(&world, "ABC").await, Company::new(&world, "Panda").await);
    for (own, other) in [(&abc, &panda), (&panda, &abc)] {
        let pictures = [own.picture(&world.store).await, other.picture(&world.store).await];
        let groups = world.store.huntgroups(own.tenant);
        for mixed in [vec![other.account], vec![own.account, other.account], vec![other.account, own.account]] {
            let members: Vec<_> = mixed.iter().copied().map(member).collect();
            refusal(groups.set_members(own.group, Version::FIRST, &members, &world.by("eve")).await, "members");
            refusal(groups.create(&huntgroup("Mixed", "7799", &mixed), &world.by("eve")).await, "members");
        }
        assert_eq!([own.picture(&world.store).await, other.picture(&world.store).await], pictures);
    }
}

async fn a_persons_account_and_customer_belong_together(world: World) {
    let (abc, panda) = (Company::new(&world, "ABC").await, Company::new(&world, "Panda").await);
    let sign_ins = world.store.sign_ins();
    for (own, other) in [(&abc, &panda), (&panda, &abc)] {
        let pictures = [own.picture(&world.store).await, other.picture(&world.store).await];
        let mixed = Who::Account { account: other.account, customer: own.tenant.customer() };
        assert_eq!(sign_ins.of(mixed).await.unwrap(), None);
        assert_eq!(sign_ins.principal(mixed).await.unwrap(), None);
        not_found(give_sign_in(&world.store, mixed, "eve", &world.by("eve")).await);
        let new = "eve".parse().unwrap();
        not_found(
            sign_ins.save(mixed, tandem_store::sign_ins::NONE_YET, &new, Some("hash"), None, &world.by("eve")).await,
        );
        not_found(sign_ins.set_password(mixed, None, "hash", None, &world.by("eve")).await);
        not_found(sign_ins.remove(mixed, None, &world.by("eve")).await);
        assert_eq!([own.picture(&world.store).await, other.picture(&world.store).await], pictures);
    }
}

async fn another_customers_calls_phones_and_numbers_are_not_seen(world: World) {
    let (abc, panda) = (Company::new(&world, "ABC").await, Company::new(&world, "Panda").await);
    let store = &world.store;
    let (xdrs, registrations, numbers) = (store.xdrs(), store.registrations(), store.public_numbers());
    let mut calls = Vec::new();
    for (company, sip_user, public) in [(&abc, "abc744", "+3225550744"), (&panda, "panda744", "+3225550801")] {
        let call = incoming(&world, company.tenant, Some(company.account), 0);
        xdrs.append(std::slice::from_ref(&call)).await.unwrap();
        calls.push(call);
        // Both phones are behind the same address.
        registrations.save(&[binding(company.tenant, company.account, sip_user, "192.0.2.7")]).await.unwrap();
        let rings = "744".parse().unwrap();
        numbers.create(company.tenant, &public.parse().unwrap(), &rings, &world.change()).await.unwrap();
    }
    // Two customers who call each other have a record each of one call.
    let both = Xdr { call: calls[0].call, ..incoming(&world, panda.tenant, Some(panda.account), 1) };
    xdrs.append(std::slice::from_ref(&both)).await.unwrap();
    for (own, other, [mine, theirs]) in [(&abc, &panda, [&calls[0], &calls[1]]), (&panda, &abc, [&calls[1], &calls[0]])]
    {
        let scope = Scope::of(own.tenant);
        not_found(xdrs.one(scope, None, theirs.id).await);
        not_found(xdrs.one(scope, Some(other.account), theirs.id).await);
        not_found(xdrs.one(scope, Some(other.account), mine.id).await);
        let of_call = xdrs.of_call(scope, calls[0].call).await.unwrap();
        assert!(of_call.len() == 1 && of_call[0].customer == own.tenant.customer());
        for search in ["", "mary", "702", "support", "+49"] {
            let query = Query { search: search.into(), ..Query::default() };
            let list = xdrs.list(scope, &query, &XdrFilters::default()).await.unwrap();
            assert!(!list.rows.is_empty() && list.rows.iter().all(|row| row.xdr.customer == own.tenant.customer()));
            for filters in [
                XdrFilters { customer: Some(other.tenant.customer()), ..XdrFilters::default() },
                XdrFilters { account: Some(other.account), ..XdrFilters::default() },
            ] {
                assert_eq!(xdrs.list(scope, &query, &filters).await.unwrap().count, 0, "{search}");
            }
        }
        assert_eq!(registrations.count(scope, START).await.unwrap(), 1);
        for search in ["", "192.0.2.7", "baresip", "abc", "panda"] {
            let query = Query { search: search.into(), ..Query::default() };
            let list = registrations.list(scope, &query, &RegistrationFilters::default(), START).await.unwrap();
            assert!(list.rows.iter().all(|row| row.registration.account == own.account) && list.count <= 1);
            for filters in [
                RegistrationFilters { customer: Some(other.tenant.customer()), account: None },
                RegistrationFilters { customer: None, account: Some(other.account) },
            ] {
                assert_eq!(registrations.list(scope, &query, &filters, START).await.unwrap().count, 0, "{search}");
            }
        }
        let list = numbers.list(scope, &Query::default()).await.unwrap();
        assert!(list.count == 1 && list.rows[0].customer == own.tenant.customer());
        let theirs = numbers.list(Scope::of(other.tenant), &Query::default()).await.unwrap().rows.remove(0).number;
        not_found(numbers.delete(own.tenant, &theirs, &world.by("eve")).await);
        // The same extension rings the own account.
        let rings = store.exchange().extension(own.tenant, &"744".parse().unwrap()).await.unwrap();
        assert!(matches!(rings, Some(Destination::Account(line)) if line.account == own.account));
    }
}

async fn lists_show_no_row_of_another_customer(world: World) {
    let (abc, panda) = (Company::new(&world, "ABC").await, Company::new(&world, "Panda").await);
    let store = &world.store;
    for (own, other) in [(&abc, &panda), (&panda, &abc)] {
        let (scope, theirs) = (Scope::of(own.tenant), other.tenant.customer());
        for search in ["", "john", "744", "support", "a", "p"] {
            let query = Query { search: search.into(), ..Query::default() };
            let accounts = store.accounts().list(scope, &query, &Default::default()).await.unwrap();
            assert!(accounts.rows.iter().all(|row| row.id == own.account) && accounts.count <= 1, "{search}");
            let asked = AccountFilters { customer: Some(theirs), ..AccountFilters::default() };
            assert_eq!(store.accounts().list(scope, &query, &asked).await.unwrap().count, 0, "{search}");
            let customers: Query<CustomerSort> = Query { search: search.into(), ..Query::default() };
            let customers = store.customers().list(scope, &customers, &CustomerFilters::default()).await.unwrap();
            assert!(customers.rows.iter().all(|row| row.id == own.tenant.customer()) && customers.count <= 1);
            let choices = store.customers().choices(scope, search, 10).await.unwrap();
            assert!(choices.iter().all(|(id, _)| *id == own.tenant.customer()));
            let choices = store.accounts().choices(own.tenant, search, 10).await.unwrap();
            assert!(choices.iter().all(|choice| choice.id == own.account));
            let groups = Query { search: search.into(), ..Query::default() };
            let groups = store.huntgroups(own.tenant).list(&groups).await.unwrap();
            assert!(groups.rows.iter().all(|row| row.id == own.group) && groups.count <= 1);
            let lines = AuditFilters { search: search.into(), ..AuditFilters::default() };
            let lines = store.audit().list(scope, &lines, None).await.unwrap();
            assert!(lines.rows.iter().all(|row| row.customer == Some(own.tenant.customer())));
            let asked = AuditFilters { customer: Some(theirs), search: search.into(), ..AuditFilters::default() };
            assert_eq!(store.audit().list(scope, &asked, None).await.unwrap().count, 0);
            assert_eq!(store.audit().export(scope, &asked, None).await.unwrap(), []);
        }
        assert_eq!(store.counts().customers(scope).await.unwrap().open, 1);
        assert_eq!(store.counts().accounts(scope).await.unwrap().open, 1);
        assert_eq!(store.counts().huntgroups(scope).await.unwrap(), 1);
        // Their codes are theirs, too.
        let chosen =
            CustomerDialing { assigned: None, mode: DialingMode::Custom, custom: crate::dialing::codes("*21") };
        let version = store.dialing(own.tenant).get().await.unwrap().version;
        let before = store.dialing(other.tenant).get().await.unwrap();
        store.dialing(own.tenant).update(version, &chosen, &world.change()).await.unwrap();
        assert_eq!(store.dialing(other.tenant).get().await.unwrap(), before);
    }
}
