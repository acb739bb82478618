//! Registrations: kept over a restart, gone with the SIP password, renewed without end.

use tandem_domain::{
    access::{Scope, Tenant},
    account::Account,
    calls::Registration,
    ids::{AccountId, Timestamp, Version},
    list::Query,
    status::Status,
};
use tandem_store::registrations::{CONTACT_MAX, RegistrationFilters, RegistrationSort, StoredBinding};

use crate::world::{START, World, account};

on_both!(
    contacts_survive_a_restart,
    a_renewed_contact_is_one_contact,
    contacts_whose_time_is_over_are_not_seen_and_swept,
    contacts_go_with_the_sip_password,
    nobody_registers_without_a_sip_password,
    what_phones_say_of_themselves_is_kept_harmless,
    registrations_are_listed_and_found,
);

/// An account whose phones can register.
pub async fn phone(world: &World, tenant: Tenant, name: &str, extension: &str) -> AccountId {
    let id = world.account(tenant, name, extension).await;
    world.store.accounts().set_sip_password(tenant, id, None, "secret", &world.change()).await.unwrap();
    id
}

/// A contact of a phone, good for an hour.
pub fn binding(tenant: Tenant, account: AccountId, sip_user: &str, host: &str) -> StoredBinding {
    StoredBinding {
        registration: Registration {
            account,
            customer: tenant.customer(),
            sip_user: sip_user.into(),
            contact: format!("sip:{sip_user}@{host}:5062"),
            source: format!("UDP {host}:5060"),
            user_agent: "baresip v3.16.0".into(),
            since: START,
            expires: START.plus_seconds(3600),
        },
        instance: "<urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6>".into(),
        path: "<sip:edge.example;lr>".into(),
        q: 700,
        transport: "UDP".into(),
        source: format!("{host}:5060"),
        local: "198.51.100.1:5060".into(),
        call_id: format!("{sip_user}@{host}"),
        cseq: u32::MAX,
    }
}

async fn contacts_survive_a_restart(world: World) {
    let abc = world.customer("ABC").await;
    let (john, mary) = (phone(&world, abc, "John", "744").await, phone(&world, abc, "Mary", "702").await);
    let all = [
        binding(abc, john, "abc744", "192.0.2.7"),
        binding(abc, mary, "abc702", "192.0.2.8"),
        binding(abc, john, "abc744", "192.0.2.9"),
    ];
    let registrations = world.store.registrations();
    registrations.save(&[]).await.unwrap();
    registrations.save(&all).await.unwrap();
    let mut loaded = registrations.load(START).await.unwrap();
    loaded.sort_by_key(|binding| binding.source.clone());
    assert_eq!(loaded, all);
    registrations.remove(&[(john, all[0].registration.contact.clone())]).await.unwrap();
    assert_eq!(registrations.load(START).await.unwrap().len(), 2);
    // A contact is an account's: the same of another is another.
    registrations.remove(&[(mary, all[2].registration.contact.clone()), (mary, "\0".into())]).await.unwrap();
    assert_eq!(registrations.load(START).await.unwrap().len(), 2);
}

async fn a_renewed_contact_is_one_contact(world: World) {
    let abc = world.customer("ABC").await;
    let john = phone(&world, abc, "John", "744").await;
    let first = binding(abc, john, "abc744", "192.0.2.7");
    let mut renewed = first.clone();
    renewed.registration.expires = START.plus_seconds(7200);
    renewed.cseq = 2;
    renewed.source = "192.0.2.7:33000".into();
    renewed.registration.source = "UDP 192.0.2.7:33000".into();
    let registrations = world.store.registrations();
    registrations.save(std::slice::from_ref(&first)).await.unwrap();
    registrations.save(std::slice::from_ref(&renewed)).await.unwrap();
    assert_eq!(registrations.load(START).await.unwrap(), [renewed.clone()]);
    // In one heap, too, the last counts.
    registrations.save(&[renewed, first.clone()]).await.unwrap();
    assert_eq!(registrations.load(START).await.unwrap(), [first]);
}

async fn contacts_whose_time_is_over_are_not_seen_and_swept(world: World) {
    let abc = world.customer("ABC").await;
    let john = phone(&world, abc, "John", "744").await;
    let registrations = world.store.registrations();
    let mut long = binding(abc, john, "abc744", "192.0.2.8");
    long.registration.expires = START.plus_seconds(7200);
    registrations.save(&[binding(abc, john, "abc744", "192.0.2.7"), long]).await.unwrap();
    let count = async |now: Timestamp| {
        let listed = registrations.list(Scope::of(abc), &Query::default(), &Default::default(), now).await.unwrap();
        let counted = registrations.count(Scope::of(abc), now).await.unwrap();
        let loaded = registrations.load(now).await.unwrap().len();
        assert_eq!((i64::from(listed.count), listed.rows.len(), loaded), (counted, loaded, loaded));
        counted
    };
    assert_eq!(count(START.plus_seconds(3599)).await, 2);
    assert_eq!(count(START.plus_seconds(3600)).await, 1);
    assert_eq!(count(START).await, 2);
    world.store.sweep(START.plus_seconds(3600)).await.unwrap();
    assert_eq!(count(START).await, 1);
    world.store.sweep(START.plus_seconds(7200)).await.unwrap();
    assert_eq!(count(START).await, 0);
}

async fn contacts_go_with_the_sip_password(world: World) {
    let abc = world.customer("ABC").await;
    let accounts = world.store.accounts();
    let registrations = world.store.registrations();
    for (n, name) in ["removed", "closed", "moved"].into_iter().enumerate() {
        let extension = format!("70{n}");
        let id = phone(&world, abc, name, &extension).await;
        let other = phone(&world, abc, "Other", &format!("80{n}")).await;
        let stays = binding(abc, other, &format!("abc80{n}"), "192.0.2.8");
        registrations.save(&[binding(abc, id, &format!("abc{extension}"), "192.0.2.7"), stays.clone()]).await.unwrap();
        assert_eq!(registrations.count(Scope::of(abc), START).await.unwrap(), 2);
        match name {
            "removed" => accounts.remove_sip_password(abc, id, None, &world.change()).await.unwrap(),
            "closed" => {
                accounts.set_status(abc, id, Status::Closed, None, "", &world.change()).await.unwrap();
            }
            _ => {
                let moved = Account { extension: "799".parse().unwrap(), ..account(abc, name, &extension) };
                accounts.update(abc, id, Version::FIRST, &moved, &world.change()).await.unwrap();
            }
        }
        assert_eq!(registrations.load(START).await.unwrap(), std::slice::from_ref(&stays), "{name}");
        // What the exchange still remembers does not bring it back.
        registrations.save(&[binding(abc, id, &format!("abc{extension}"), "192.0.2.7")]).await.unwrap();
        assert_eq!(registrations.load(START).await.unwrap(), std::slice::from_ref(&stays), "{name}");
        registrations.remove(&[(other, stays.registration.contact)]).await.unwrap();
    }
}

async fn nobody_registers_without_a_sip_password(world: World) {
    let (abc, panda) = (world.customer("ABC").await, world.customer("Panda").await);
    let (john, silent) = (phone(&world, abc, "John", "744").await, world.account(abc, "Silent", "745").await);
    let all = [
        binding(abc, silent, "abc745", "192.0.2.7"),
        binding(panda, john, "abc744", "192.0.2.7"),
        binding(abc, john, "abc745", "192.0.2.7"),
        binding(abc, john, "abc744", "192.0.2.8"),
    ];
    world.store.registrations().save(&all).await.unwrap();
    assert_eq!(world.store.registrations().load(START).await.unwrap(), all[3..]);
}

async fn what_phones_say_of_themselves_is_kept_harmless(world: World) {
    let abc = world.customer("ABC").await;
    let john = phone(&world, abc, "John", "744").await;
    let mut odd = binding(abc, john, "abc744", "192.0.2.7");
    odd.registration.user_agent = format!("Evil\0\u{1b}[2J{}", "é".repeat(5000));
    odd.call_id = "\0".repeat(70_000);
    odd.q = u16::MAX;
    let mut long = binding(abc, john, "abc744", "192.0.2.8");
    long.registration.contact = format!("sip:abc744@192.0.2.8;x={}", "y".repeat(CONTACT_MAX));
    let mut zero = binding(abc, john, "abc744", "192.0.2.9");
    zero.registration.contact.push('\0');
    world.store.registrations().save(&[long, odd, zero]).await.unwrap();
    let [kept] = &world.store.registrations().load(START).await.unwrap()[..] else { panic!("one is kept") };
    assert!(kept.registration.user_agent.starts_with("Evil[2Jéé") && kept.registration.user_agent.len() < 500);
    assert_eq!((kept.call_id.as_str(), kept.q), ("", 1000));
}

async fn registrations_are_listed_and_found(world: World) {
    let (abc, panda) = (world.customer("ABC").await, world.customer("Panda").await);
    let john = phone(&world, abc, "John Doe", "744").await;
    let lin = phone(&world, panda, "Lin", "801").await;
    let mut desk = binding(panda, lin, "panda801", "192.0.2.9");
    desk.registration.user_agent = "Yealink T54W".into();
    let all = [binding(abc, john, "abc744", "192.0.2.8"), desk, binding(abc, john, "abc744", "192.0.2.7")];
    for binding in &all {
        world.store.registrations().save(std::slice::from_ref(binding)).await.unwrap();
    }
    let list = async |scope: Scope, search: &str, sort, filters: RegistrationFilters| {
        let query = Query { search: search.into(), sort, ..Query::default() };
        let page = world.store.registrations().list(scope, &query, &filters, START).await.unwrap();
        assert_eq!(page.count as usize, page.rows.len());
        page.rows
    };
    let sources = async |scope, search, sort, filters| -> Vec<String> {
        let rows = list(scope, search, sort, filters).await;
        rows.into_iter().map(|row| row.registration.source.replace("UDP 192.0.2.", "").replace(":5060", "")).collect()
    };
    let (everybody, by_user, none) = (Scope::for_system(), RegistrationSort::SipUser, RegistrationFilters::default());
    assert_eq!(sources(everybody, "", by_user, none).await, ["8", "7", "9"]);
    assert_eq!(sources(everybody, "", RegistrationSort::from_key("since"), none).await, ["8", "9", "7"]);
    for (search, found) in [
        ("abc", &["8", "7"][..]),
        ("yea", &["9"]),
        ("192.0.2.7", &["7"]),
        ("baresip 744", &[]),
        ("baresip abc744", &["8", "7"]),
    ] {
        assert_eq!(sources(everybody, search, by_user, none).await, found, "{search}");
    }
    assert_eq!(sources(Scope::of(panda), "", by_user, none).await, ["9"]);
    let of = |customer, account| RegistrationFilters { customer, account };
    assert_eq!(sources(everybody, "", by_user, of(Some(panda.customer()), None)).await, ["9"]);
    assert_eq!(sources(everybody, "", by_user, of(None, Some(john))).await, ["8", "7"]);
    assert_eq!(sources(Scope::of(panda), "", by_user, of(None, Some(john))).await, [""; 0]);
    let row = list(Scope::of(abc), "", by_user, none).await.remove(0);
    assert_eq!((row.customer_name.as_str(), row.name.as_str(), row.extension.as_str()), ("ABC", "John Doe", "744"));
    assert_eq!(row.registration, all[0].registration);
}
