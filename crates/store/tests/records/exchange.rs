//! What the exchange is told before it sets up a call.

use tandem_domain::{
    access::{Scope, Tenant, Who},
    account::Account,
    customer::{Billing, Customer},
    dialing::{CustomerDialing, DialingMode, DialingRule},
    huntgroup::{Member, RingStrategy},
    ids::{AccountId, DialingRuleId, Version},
    list::Query,
    locale::TimeZone,
    settings::{Setting, Value},
    status::{Service, Status},
    supervision::{Mode, Notice, Refused, may_join},
};
use tandem_store::{
    accounts::AccountFilters,
    exchange::{Destination, Group, Line, RecordingCodes, RecordingTerms},
    ledger::NewAdjustment,
};
use uuid::Uuid;

use crate::{
    dialing::codes,
    public_numbers::{extension, number},
    recordings::set,
    registrations::phone,
    world::{World, account, customer, give_sign_in, huntgroup, member},
};

on_both!(
    a_phone_is_known_by_its_sip_user,
    a_caller_has_the_codes_in_effect,
    a_caller_shows_its_own_number_or_the_customers_first,
    a_caller_has_the_funds_of_its_customer,
    an_extension_rings_an_account_or_a_huntgroup,
    a_public_number_rings_what_it_is_given_to,
    the_standing_tells_whether_there_is_service,
    it_is_known_who_may_supervise_whom_and_what_is_played,
    it_is_known_how_calls_are_recorded,
);

async fn ringing(world: &World, tenant: Tenant, dialled: &str) -> Option<Destination> {
    world.store.exchange().extension(tenant, &extension(dialled)).await.unwrap()
}

async fn line(world: &World, tenant: Tenant, dialled: &str) -> Line {
    match ringing(world, tenant, dialled).await {
        Some(Destination::Account(line)) => line,
        other => panic!("no account: {other:?}"),
    }
}

async fn group(world: &World, tenant: Tenant, dialled: &str) -> Group {
    match ringing(world, tenant, dialled).await {
        Some(Destination::Huntgroup(group)) => group,
        other => panic!("no huntgroup: {other:?}"),
    }
}

async fn a_phone_is_known_by_its_sip_user(world: World) {
    let abc = world.customer("ABC").await;
    let john = phone(&world, abc, "John Doe", "744").await;
    let exchange = world.store.exchange();
    let found = exchange.phone("abc744").await.unwrap().unwrap();
    let credentials = world.store.accounts().sip_credentials("abc744").await.unwrap().unwrap();
    assert_eq!((&found.ha1_md5, &found.ha1_sha256), (&credentials.ha1_md5, &credentials.ha1_sha256));
    assert_eq!(found.sip_user, "abc744");
    let Line { account, customer, extension, name, sip_user, standing } = found.line.clone();
    assert_eq!((account, customer, found.line.tenant()), (john, abc.customer(), abc));
    assert_eq!((extension.as_str(), name.as_str(), sip_user.as_deref()), ("744", "John Doe", Some("abc744")));
    assert_eq!((standing.customer, standing.account, standing.expires_on), (Status::Open, Status::Open, None));
    assert!(!format!("{found:?}").contains(&found.ha1_md5), "digests stay out of logs");
    for nobody in ["", "abc745", "ABC744", "744", "abc744\0", "' OR 1=1 --"] {
        assert_eq!(exchange.phone(nobody).await.unwrap(), None, "{nobody}");
    }
    world.store.accounts().remove_sip_password(abc, john, None, &world.change()).await.unwrap();
    assert_eq!(exchange.phone("abc744").await.unwrap(), None);
    assert_eq!(line(&world, abc, "744").await.sip_user, None);
}

async fn a_caller_has_the_codes_in_effect(world: World) {
    let abc = world.customer("ABC").await;
    let john = world.account(abc, "John", "744").await;
    let rule = async |name: &str, prefix: &str| -> DialingRuleId {
        let rule = DialingRule { name: name.into(), codes: codes(prefix) };
        world.store.dialing_rules().create(&rule, &world.change()).await.unwrap()
    };
    let (assigned, own) = (rule("Assigned", "*31").await, rule("Own", "*41").await);
    for option in [None, Some(Value::Switch(true)), Some(Value::Switch(false))] {
        let settings = world.store.settings(abc);
        settings.set(None, Setting::DialingRulesOption, option, None, &world.change()).await.unwrap();
        for (mode, assigned) in [DialingMode::Default, DialingMode::Custom]
            .into_iter()
            .flat_map(|mode| [(mode, None), (mode, Some(assigned))])
        {
            let dialing = world.store.dialing(abc);
            let chosen = CustomerDialing { assigned, mode, custom: codes("*21") };
            let version = dialing.get().await.unwrap().version;
            dialing.update(version, &chosen, &world.change()).await.unwrap();
            for own in [None, Some(own)] {
                let stored = world.store.accounts().get(abc, john).await.unwrap();
                let with_rule = Account { dialing_rule: own, ..stored.value };
                world.store.accounts().update(abc, john, stored.version, &with_rule, &world.change()).await.unwrap();
                let caller = world.store.exchange().caller(john).await.unwrap().unwrap();
                let effective = dialing.effective_for(john).await.unwrap();
                assert_eq!(caller.codes, effective.codes, "{option:?} {chosen:?} {own:?}");
                assert_eq!((caller.customer_name.as_str(), caller.line.account), ("ABC", john));
            }
        }
    }
    assert_eq!(world.store.exchange().caller(AccountId(Uuid::nil())).await.unwrap(), None);
}

async fn a_caller_shows_its_own_number_or_the_customers_first(world: World) {
    let (abc, panda) = (world.customer("ABC").await, world.customer("Panda").await);
    let (john, mary) = (world.account(abc, "John", "744").await, world.account(abc, "Mary", "702").await);
    let lin = world.account(panda, "Lin", "801").await;
    world.huntgroup(abc, "Support", "7700", &[john]).await;
    let shown = async |account| {
        let caller = world.store.exchange().caller(account).await.unwrap().unwrap();
        caller.shown_number.map(|number| number.to_string()).unwrap_or_default()
    };
    assert_eq!(shown(john).await, "");
    // Neither the smallest nor the last, but the first.
    for (public, rings) in
        [("+3225550700", "7700"), ("+3225550744", "744"), ("+3225550600", "7700"), ("+3225550644", "744")]
    {
        world.store.public_numbers().create(abc, &number(public), &extension(rings), &world.change()).await.unwrap();
    }
    assert_eq!([shown(john).await, shown(mary).await, shown(lin).await], ["+3225550744", "+3225550700", ""]);
    world.store.public_numbers().delete(abc, &number("+3225550744"), &world.change()).await.unwrap();
    world.store.public_numbers().delete(abc, &number("+3225550700"), &world.change()).await.unwrap();
    assert_eq!([shown(john).await, shown(mary).await, shown(lin).await], ["+3225550644", "+3225550600", ""]);
}

async fn a_caller_has_the_funds_of_its_customer(world: World) {
    let prepaid = Customer { billing: Billing::Prepaid, ..customer("ABC") };
    let abc = Tenant::for_system(world.store.customers().create(&prepaid, None, &world.change()).await.unwrap());
    let panda = world.customer("Panda").await;
    let (john, lin) = (world.account(abc, "John", "744").await, world.account(panda, "Lin", "801").await);
    let credit = async |tenant: Tenant, token: &str, credit: i64| {
        let adjustment = NewAdjustment { token: token.into(), credit, reason: String::new(), invoice: None };
        world.store.ledger().adjust(&world.change(), tenant, &adjustment).await.unwrap();
    };
    let limit = async |tenant: Tenant, limit: Option<i64>| {
        world.store.ledger().set_credit_limit(&world.change(), tenant, limit).await.unwrap();
    };
    // Whoever asks is told the same: the exchange, the pages, the ledger.
    let funds = async |tenant: Tenant, account| {
        let funds = world.store.exchange().caller(account).await.unwrap().unwrap().funds;
        assert_eq!(funds, world.store.accounts().overview(tenant, account).await.unwrap().funds);
        assert_eq!(funds, world.store.customers().overview(tenant).await.unwrap().funds);
        assert_eq!(funds, world.store.ledger().balance(tenant).await.unwrap().funds);
        let (all, everyone) = (Query::default(), AccountFilters::default());
        let listed = world.store.accounts().list(Scope::of(tenant), &all, &everyone).await.unwrap();
        assert_eq!(listed.rows.iter().map(|row| row.funds).collect::<Vec<_>>(), [funds]);
        (funds.available, funds.exhausted)
    };
    assert_eq!(funds(abc, john).await, (Some(0), true), "prepaid, and nothing was paid");
    assert_eq!(funds(panda, lin).await, (None, false), "postpaid, without a limit");
    credit(abc, "paid", 1000).await;
    assert_eq!(funds(abc, john).await, (Some(1000), false));
    credit(abc, "used", -1000).await;
    assert_eq!(funds(abc, john).await, (Some(0), true));
    limit(abc, Some(1)).await;
    assert_eq!(funds(abc, john).await, (Some(1), false));

    limit(panda, Some(500)).await;
    assert_eq!(funds(panda, lin).await, (Some(500), false));
    credit(panda, "calls", -499).await;
    assert_eq!(funds(panda, lin).await, (Some(1), false));
    credit(panda, "a call", -1).await;
    assert_eq!(funds(panda, lin).await, (Some(0), true), "at its limit");
    limit(panda, None).await;
    assert_eq!(funds(panda, lin).await, (None, false));
}

async fn an_extension_rings_an_account_or_a_huntgroup(world: World) {
    let (abc, panda) = (world.customer("ABC").await, world.customer("Panda").await);
    let mut members = Vec::new();
    for (name, number) in [("Zora", "703"), ("Adam", "701"), ("Mary", "702"), ("Gone", "704")] {
        members.push(phone(&world, abc, name, number).await);
    }
    let mut support = huntgroup("Support", "7700", &[]);
    support.strategy = RingStrategy::LeastUsed;
    support.ring_seconds = 25;
    support.members = members.iter().copied().map(member).collect();
    let id = world.store.huntgroups(abc).create(&support, &world.change()).await.unwrap();
    world.huntgroup(abc, "Empty", "7710", &[]).await;
    assert_eq!(line(&world, abc, "701").await.name, "Adam");
    let found = group(&world, abc, "7700").await;
    assert_eq!((found.id, found.name.as_str(), found.number.as_str()), (id, "Support", "7700"));
    assert_eq!((found.strategy, found.ring_seconds), (RingStrategy::LeastUsed, 25));
    let names = |group: &Group| group.members.iter().map(|line| line.name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&found), ["Zora", "Adam", "Mary", "Gone"], "in their order");
    assert_eq!(found.members[0].sip_user.as_deref(), Some("abc703"));
    assert_eq!(group(&world, abc, "7710").await.members, []);
    let accounts = world.store.accounts();
    accounts.set_status(abc, members[2], Status::Blocked, None, "", &world.change()).await.unwrap();
    accounts.set_status(abc, members[3], Status::Closed, None, "", &world.change()).await.unwrap();
    let found = group(&world, abc, "7700").await;
    assert_eq!(names(&found), ["Zora", "Adam", "Mary"]);
    let service = |line: &Line| line.standing.service(|_| unreachable!("nobody's time ends"));
    assert_eq!(
        found.members.iter().map(service).collect::<Vec<_>>(),
        [Service::Available, Service::Available, Service::AccountBlocked]
    );
    for nobody in ["700", "704", "77"] {
        assert_eq!(ringing(&world, abc, nobody).await, None, "{nobody}");
    }
    for others in ["701", "7700"] {
        assert_eq!(ringing(&world, panda, others).await, None, "{others}");
    }
}

async fn a_public_number_rings_what_it_is_given_to(world: World) {
    let abc = world.customer("ABC").await;
    let john = world.account(abc, "John", "744").await;
    let support = world.huntgroup(abc, "Support", "7700", &[john]).await;
    for (public, rings) in [("+3225550700", "7700"), ("+3225550744", "744")] {
        world.store.public_numbers().create(abc, &number(public), &extension(rings), &world.change()).await.unwrap();
    }
    let dialled = async |public: &str| world.store.exchange().public_number(&number(public)).await.unwrap();
    for (public, rings) in [("+3225550700", "7700"), ("+3225550744", "744")] {
        let found = dialled(public).await.unwrap();
        assert_eq!((found.tenant, found.customer_name.as_str()), (abc, "ABC"));
        assert_eq!(found.destination, ringing(&world, abc, rings).await, "{public}");
    }
    assert_eq!(dialled("+3225550701").await, None);
    world.store.huntgroups(abc).delete(support, None, &world.change()).await.unwrap();
    world.store.accounts().set_status(abc, john, Status::Closed, None, "", &world.change()).await.unwrap();
    for public in ["+3225550700", "+3225550744"] {
        let found = dialled(public).await.unwrap();
        assert_eq!((found.tenant, found.destination), (abc, None), "{public}");
    }
}

async fn the_standing_tells_whether_there_is_service(world: World) {
    let kiritimati: TimeZone = "Pacific/Kiritimati".parse().unwrap();
    let company = Customer { time_zone: kiritimati.clone(), ..customer("ABC") };
    let id = world.store.customers().create(&company, None, &world.change()).await.unwrap();
    let abc = Tenant::for_system(id);
    let ends = Account { expires_on: Some("2026-01-31".into()), ..account(abc, "John", "744") };
    let john = world.store.accounts().create(abc, &ends, None, &world.change()).await.unwrap();
    let service = async |today: &'static str| {
        let standing = line(&world, abc, "744").await.standing;
        assert_eq!(standing, world.store.exchange().caller(john).await.unwrap().unwrap().line.standing);
        standing.service(|zone| {
            assert_eq!(*zone, kiritimati);
            today.into()
        })
    };
    assert_eq!(service("2026-01-31").await, Service::Available);
    assert_eq!(service("2026-02-01").await, Service::AccountExpired);
    world.store.customers().set_status(abc, Status::Suspended, None, "", &world.change()).await.unwrap();
    assert_eq!(service("2026-01-31").await, Service::CustomerSuspended);
    world.store.accounts().set_status(abc, john, Status::Blocked, None, "", &world.change()).await.unwrap();
    assert_eq!(service("2026-01-31").await, Service::AccountBlocked);
    assert_eq!(world.store.accounts().get(abc, john).await.unwrap().version, Version::FIRST);
}

async fn it_is_known_who_may_supervise_whom_and_what_is_played(world: World) {
    let (abc, panda) = (world.customer("ABC").await, world.customer("Panda").await);
    let mut people = Vec::new();
    for (name, extension) in [("Adam", "701"), ("John", "744"), ("Owner", "700"), ("Peter", "746")] {
        people.push(world.account(abc, name, extension).await);
    }
    let [adam, john, owner, peter] = people[..] else { panic!("four") };
    let lin = world.account(panda, "Lin", "801").await;
    give_sign_in(&world.store, Who::Account { account: adam, customer: abc.customer() }, "adam", &world.change())
        .await
        .unwrap();
    let support = world.huntgroup(abc, "Support", "7700", &[]).await;
    let members = [Member { supervision_allowed: true, ..member(adam) }, member(john), member(owner), member(peter)];
    world.store.huntgroups(abc).set_members(support, Version::FIRST, &members, &world.change()).await.unwrap();
    let board = world.huntgroup(abc, "Board", "7720", &[]).await;
    let members = [Member { never_supervise: true, ..member(owner) }];
    world.store.huntgroups(abc).set_members(board, Version::FIRST, &members, &world.change()).await.unwrap();

    let terms = async |manager, agent| world.store.exchange().supervising(abc, manager, agent).await.unwrap();
    let may = async |manager, agent| {
        let terms = terms(manager, agent).await;
        assert!(
            terms.groups.iter().flat_map(|group| &group.members).all(|one| [manager, agent].contains(&one.account))
        );
        may_join(terms.enabled, &terms.groups, manager, agent)
    };
    assert_eq!(may(adam, john).await, Err(Refused::NotEnabled));
    let set = async |setting, value| {
        world.store.settings(abc).set(None, setting, Some(value), None, &world.change()).await.unwrap();
    };
    set(Setting::CallSupervision, Value::Switch(true)).await;
    assert_eq!(may(adam, john).await, Ok(()));
    assert_eq!(may(adam, owner).await, Err(Refused::Protected), "by a mark in a group that the manager is not in");
    assert_eq!(may(john, adam).await, Err(Refused::NotAllowed));
    assert_eq!(may(adam, lin).await, Err(Refused::NotAllowed), "another tenant's");
    assert_eq!(terms(adam, john).await.sign_in.as_deref(), Some("adam"));
    assert_eq!(terms(john, peter).await.sign_in, None);

    assert_eq!(terms(adam, john).await.notices, [Notice::Silent; 3]);
    set(Setting::NoticeWhisper, Value::Notice(Notice::ToneToAgent)).await;
    set(Mode::BargeIn.notice(), Value::Notice(Notice::SpokenToBoth)).await;
    assert_eq!(terms(adam, john).await.notices, [Notice::Silent, Notice::ToneToAgent, Notice::SpokenToBoth]);
    // Another customer's settings and groups are its own.
    let elsewhere = world.store.exchange().supervising(panda, lin, john).await.unwrap();
    assert_eq!((elsewhere.enabled, elsewhere.notices, elsewhere.groups.len()), (false, [Notice::Silent; 3], 0));
}

async fn it_is_known_how_calls_are_recorded(world: World) {
    let (abc, panda) = (world.customer("ABC").await, world.customer("Panda").await);
    let (john, mary) = (world.account(abc, "John", "744").await, world.account(abc, "Mary", "702").await);
    let lin = world.account(panda, "Lin", "801").await;
    let nobody = AccountId(Uuid::nil());
    let nothing = |account| RecordingTerms {
        account,
        outgoing: false,
        incoming: false,
        redirected: false,
        manual: false,
        announce: false,
        account_only: false,
        codes: None,
    };
    let of = async |accounts: &[AccountId]| world.store.exchange().recording(accounts).await.unwrap();
    assert_eq!(of(&[]).await, []);
    assert_eq!(of(&[john, lin, nobody]).await, [john, lin, nobody].map(nothing));
    // Each setting by itself: of the customer for all its accounts, of the account against it.
    for setting in Setting::RECORDING {
        let expected = |account, on: bool| RecordingTerms {
            outgoing: on && setting == Setting::RecordOutgoing,
            incoming: on && setting == Setting::RecordIncoming,
            redirected: on && setting == Setting::RecordRedirected,
            manual: on && setting == Setting::RecordManually,
            announce: on && setting == Setting::RecordAnnouncement,
            account_only: on && setting == Setting::RecordAccountOnly,
            codes: (on && setting == Setting::RecordManually)
                .then(|| RecordingCodes { start: "*44".into(), stop: "*45".into() }),
            ..nothing(account)
        };
        set(&world, abc, None, setting, true).await;
        set(&world, abc, Some(mary), setting, false).await;
        set(&world, panda, None, setting, false).await;
        set(&world, panda, Some(lin), setting, true).await;
        let terms = [expected(lin, true), expected(john, true), expected(mary, false), nothing(nobody)];
        assert_eq!(of(&[lin, john, mary, nobody]).await, terms, "{setting:?}");
        set(&world, abc, None, setting, false).await;
        set(&world, panda, Some(lin), setting, false).await;
    }
    // The codes are those of the rule in effect.
    set(&world, abc, None, Setting::RecordManually, true).await;
    set(&world, abc, None, Setting::DialingRulesOption, true).await;
    let mut custom = codes("*21");
    (custom.record_start, custom.record_stop) = ("#7".parse().unwrap(), "#8".parse().unwrap());
    let chosen = CustomerDialing { assigned: None, mode: DialingMode::Custom, custom };
    let version = world.store.dialing(abc).get().await.unwrap().version;
    world.store.dialing(abc).update(version, &chosen, &world.change()).await.unwrap();
    let [terms] = of(&[john]).await.try_into().unwrap();
    assert_eq!(terms.codes, Some(RecordingCodes { start: "#7".into(), stop: "#8".into() }));
}
