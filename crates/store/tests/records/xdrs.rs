//! The records of calls: appended once, read in pages, found by number and name, and each account's its own.

use tandem_domain::{
    access::{Scope, Tenant},
    calls::{Direction, EndedBy, Party, Quality, ReleaseCause, Xdr},
    ids::{AccountId, CallId, CustomerId, Timestamp, XdrId},
    list::{Cursor, PAGE_ROWS, Query},
};
use tandem_store::{demo, xdrs::XdrFilters};
use uuid::Uuid;

use crate::world::{START, World, not_found};

on_both!(
    a_record_is_read_as_it_was_written,
    what_is_appended_again_is_left_as_it_is,
    a_batch_is_appended_as_a_whole_or_not_at_all,
    calls_are_found_by_number_and_name,
    an_account_sees_the_calls_in_which_it_took_part,
    filters_find_what_they_say,
    many_calls_are_paged,
    odd_texts_and_numbers_are_kept_harmless,
    calls_that_went_on_at_a_sudden_end_are_on_record,
    the_calls_of_a_day_are_counted,
);

const EVERYBODY: Scope = Scope::for_system();

fn party(number: &str, name: &str, account: Option<AccountId>) -> Party {
    Party { number: number.into(), name: name.into(), account }
}

/// A call from outside to Mary, answered after five seconds and a minute long, `second` seconds after the start.
pub fn incoming(world: &World, tenant: Tenant, mary: Option<AccountId>, second: i64) -> Xdr {
    let started = START.plus_seconds(second);
    Xdr {
        id: world.store.xdrs().new_id(started),
        call: CallId(world.store.xdrs().new_id(started).0),
        customer: tenant.customer(),
        direction: Direction::Incoming,
        caller: party("+491701234567", "Zoë Client", None),
        callee: party("702", "Mary Smith", mary),
        dialled: "+3225550700".into(),
        huntgroup: "Support".into(),
        started,
        answered: Some(started.plus_seconds(5)),
        ended: started.plus_seconds(65),
        cause: ReleaseCause::Normal,
        status: 200,
        ended_by: EndedBy::Callee,
        caller_quality: Some(Quality { packets: 3000, lost: 2, jitter_ms: 0.75, mos: 4.38 }),
        callee_quality: None,
    }
}

/// A call of John to Mary that nobody answered.
fn internal(world: &World, tenant: Tenant, [john, mary]: [AccountId; 2], second: i64) -> Xdr {
    Xdr {
        direction: Direction::Internal,
        caller: party("744", "John", Some(john)),
        callee: party("702", "Mary Smith", Some(mary)),
        dialled: "702".into(),
        huntgroup: String::new(),
        answered: None,
        cause: ReleaseCause::NoAnswer,
        status: 480,
        ended_by: EndedBy::Exchange,
        caller_quality: None,
        ..incoming(world, tenant, None, second)
    }
}

async fn found(world: &World, scope: Scope, search: &str, filters: XdrFilters) -> Vec<XdrId> {
    let query = Query { search: search.into(), ..Query::default() };
    let page = world.store.xdrs().list(scope, &query, &filters).await.unwrap();
    assert_eq!(page.count as usize, page.rows.len());
    page.rows.into_iter().map(|row| row.xdr.id).collect()
}

async fn a_record_is_read_as_it_was_written(world: World) {
    let abc = world.customer("ABC").await;
    let (john, mary) = (world.account(abc, "John", "744").await, world.account(abc, "Mary Smith", "702").await);
    let all = [incoming(&world, abc, Some(mary), 0), internal(&world, abc, [john, mary], 1)];
    let xdrs = world.store.xdrs();
    xdrs.append(&[]).await.unwrap();
    xdrs.append(&all).await.unwrap();
    let page = xdrs.list(Scope::of(abc), &Query::default(), &XdrFilters::default()).await.unwrap();
    let rows: Vec<Xdr> = page.rows.iter().rev().map(|row| row.xdr.clone()).collect();
    assert_eq!((rows.as_slice(), page.rows[0].customer_name.as_str()), (&all[..], "ABC"));
    for xdr in &all {
        assert_eq!(&xdrs.one(Scope::of(abc), Some(mary), xdr.id).await.unwrap(), xdr);
        assert_eq!(xdrs.of_call(EVERYBODY, xdr.call).await.unwrap(), std::slice::from_ref(xdr));
    }
    assert_eq!(xdrs.one(EVERYBODY, Some(john), all[1].id).await.unwrap(), all[1]);
    not_found(xdrs.one(EVERYBODY, Some(john), all[0].id).await);
    not_found(xdrs.one(EVERYBODY, None, XdrId(Uuid::nil())).await);
}

async fn what_is_appended_again_is_left_as_it_is(world: World) {
    let abc = world.customer("ABC").await;
    let xdr = incoming(&world, abc, None, 0);
    let again = Xdr { status: 500, ..xdr.clone() };
    world.store.xdrs().append(&[xdr.clone(), xdr.clone()]).await.unwrap();
    world.store.xdrs().append(&[again, incoming(&world, abc, None, 1)]).await.unwrap();
    assert_eq!(world.store.xdrs().one(EVERYBODY, None, xdr.id).await.unwrap(), xdr);
    assert_eq!(found(&world, EVERYBODY, "mary", XdrFilters::default()).await.len(), 2);
}

async fn a_batch_is_appended_as_a_whole_or_not_at_all(world: World) {
    let abc = world.customer("ABC").await;
    let nobodys = Tenant::for_system(CustomerId(Uuid::from_u128(9)));
    let batch = [incoming(&world, abc, None, 0), incoming(&world, nobodys, None, 0)];
    world.store.xdrs().append(&batch).await.unwrap_err();
    assert_eq!(found(&world, EVERYBODY, "", XdrFilters::default()).await, []);
}

async fn calls_that_went_on_at_a_sudden_end_are_on_record(world: World) {
    let abc = world.customer("ABC").await;
    let (over, cut) = (incoming(&world, abc, None, 0), incoming(&world, abc, None, 1));
    let xdrs = world.store.xdrs();
    xdrs.open(&[over.clone(), cut.clone()]).await.unwrap();
    xdrs.append(std::slice::from_ref(&over)).await.unwrap();
    let last_seen = START.plus_seconds(500);
    xdrs.still_open(last_seen).await.unwrap();
    // The program ends without a word, and starts again, twice.
    assert_eq!(xdrs.close_open().await.unwrap(), 1);
    assert_eq!(xdrs.close_open().await.unwrap(), 0);
    let (first, second) = (Xdr { ended: last_seen, ..cut.clone() }, over);
    assert_eq!(xdrs.one(EVERYBODY, None, cut.id).await.unwrap(), first);
    assert_eq!(xdrs.one(EVERYBODY, None, second.id).await.unwrap(), second);
    assert_eq!(found(&world, EVERYBODY, "", XdrFilters::default()).await.len(), 2);
}

async fn calls_are_found_by_number_and_name(world: World) {
    let abc = world.customer("ABC").await;
    let (john, mary) = (world.account(abc, "John", "744").await, world.account(abc, "Mary Smith", "702").await);
    let (outside, inside) = (incoming(&world, abc, Some(mary), 0), internal(&world, abc, [john, mary], 1));
    let (outside, inside) = ((outside.id, outside), (inside.id, inside));
    world.store.xdrs().append(&[outside.1, inside.1]).await.unwrap();
    let both = [inside.0, outside.0];
    for (search, expected) in [
        ("", &both[..]),
        ("mary", &both),
        ("smi ma", &both),
        ("702", &both),
        ("zoë", &both[1..]),
        ("+49 170 123", &both[1..]),
        ("0049170", &both[1..]),
        ("+3225550700", &both[1..]),
        ("supp", &both[1..]),
        ("john", &both[..1]),
        ("744 702", &both[..1]),
        ("99", &[]),
        // Accounts are not found by what names them inside.
        (&john.0.simple().to_string()[..4], &[]),
        (&format!("@{}", mary.0.simple()), &[]),
    ] {
        assert_eq!(found(&world, Scope::of(abc), search, XdrFilters::default()).await, expected, "{search}");
    }
}

async fn an_account_sees_the_calls_in_which_it_took_part(world: World) {
    let abc = world.customer("ABC").await;
    let (john, mary) = (world.account(abc, "John", "744").await, world.account(abc, "Mary Smith", "702").await);
    let (outside, inside) = (incoming(&world, abc, Some(mary), 0), internal(&world, abc, [john, mary], 1));
    // Somebody may call the own number.
    let own = internal(&world, abc, [mary, mary], 2);
    world.store.xdrs().append(&[outside.clone(), inside.clone(), own.clone()]).await.unwrap();
    let of = |account| XdrFilters { account: Some(account), ..XdrFilters::default() };
    assert_eq!(found(&world, Scope::of(abc), "", of(john)).await, [inside.id]);
    assert_eq!(found(&world, Scope::of(abc), "", of(mary)).await, [own.id, inside.id, outside.id]);
    assert_eq!(found(&world, Scope::of(abc), "zoë", of(mary)).await, [outside.id]);
    assert_eq!(found(&world, Scope::of(abc), "zoë", of(john)).await, []);
    let answered = XdrFilters { answered: Some(true), ..of(mary) };
    assert_eq!(found(&world, EVERYBODY, "", answered).await, [outside.id]);
}

async fn filters_find_what_they_say(world: World) {
    let (abc, panda) = (world.customer("ABC").await, world.customer("Panda").await);
    let (john, mary) = (world.account(abc, "John", "744").await, world.account(abc, "Mary Smith", "702").await);
    let outside = incoming(&world, abc, Some(mary), 0);
    let inside = internal(&world, abc, [john, mary], 60);
    let other = incoming(&world, panda, None, 120);
    world.store.xdrs().append(&[other.clone(), inside.clone(), outside.clone()]).await.unwrap();
    let (outside, inside, other) = (outside.id, inside.id, other.id);
    let none = XdrFilters::default();
    let minute = |n: i64| Some(START.plus_seconds(60 * n));
    for (filters, expected) in [
        (none, &[other, inside, outside][..]),
        (XdrFilters { customer: Some(panda.customer()), ..none }, &[other]),
        (XdrFilters { direction: Some(Direction::Incoming), ..none }, &[other, outside]),
        (XdrFilters { direction: Some(Direction::Outgoing), ..none }, &[]),
        (XdrFilters { cause: Some(ReleaseCause::NoAnswer), ..none }, &[inside]),
        (XdrFilters { answered: Some(true), ..none }, &[other, outside]),
        (XdrFilters { answered: Some(false), ..none }, &[inside]),
        (XdrFilters { from: minute(1), ..none }, &[other, inside]),
        (XdrFilters { until: minute(1), ..none }, &[outside]),
        (XdrFilters { from: minute(1), until: minute(2), ..none }, &[inside]),
        (XdrFilters { direction: Some(Direction::Incoming), from: minute(1), ..none }, &[other]),
    ] {
        assert_eq!(found(&world, EVERYBODY, "", filters).await, expected, "{filters:?}");
        let own: Vec<_> = expected.iter().copied().filter(|id| *id != other).collect();
        assert_eq!(found(&world, Scope::of(abc), "", filters).await, own, "{filters:?}");
    }
}

async fn many_calls_are_paged(world: World) {
    demo::bulk_calls(&world.store, 100, START).await.unwrap();
    demo::bulk(&world.store, 3, 30, 0, START).await.unwrap();
    demo::bulk_calls(&world.store, 400, START).await.unwrap();
    let xdrs = world.store.xdrs();
    let page = async |cursor: Option<Cursor>, filters: XdrFilters| {
        xdrs.list(EVERYBODY, &Query { cursor, ..Query::default() }, &filters).await.unwrap()
    };
    let everything = async |filters: XdrFilters| {
        let (mut all, mut cursor, mut pages) = (Vec::new(), None, 0);
        loop {
            let part = page(cursor, filters).await;
            assert!(part.rows.len() <= PAGE_ROWS as usize);
            all.extend(part.rows.into_iter().map(|row| row.xdr));
            pages += 1;
            cursor = part.next;
            if cursor.is_none() {
                return (all, part.count as usize, pages);
            }
        }
    };
    let (all, count, pages) = everything(XdrFilters::default()).await;
    assert_eq!((all.len(), count, pages), (400, 400, 8));
    assert!(all.is_sorted_by_key(|xdr| std::cmp::Reverse(xdr.id)));
    assert!(all.is_sorted_by_key(|xdr| std::cmp::Reverse(xdr.started)));
    let somebody = all[0].caller.account.or(all[0].callee.account).unwrap();
    for filters in [
        XdrFilters { account: Some(somebody), ..XdrFilters::default() },
        XdrFilters { direction: Some(Direction::Incoming), ..XdrFilters::default() },
        XdrFilters { answered: Some(true), customer: Some(all[0].customer), ..XdrFilters::default() },
    ] {
        let expected: Vec<Xdr> = all
            .iter()
            .filter(|xdr| {
                filters.account.is_none_or(|id| [xdr.caller.account, xdr.callee.account].contains(&Some(id)))
                    && filters.direction.is_none_or(|direction| xdr.direction == direction)
                    && filters.answered.is_none_or(|answered| xdr.answered.is_some() == answered)
                    && filters.customer.is_none_or(|customer| xdr.customer == customer)
            })
            .cloned()
            .collect();
        let (rows, count, _) = everything(filters).await;
        assert_eq!((rows, count), (expected.clone(), expected.len()), "{filters:?}");
        assert!(!expected.is_empty() && expected.len() < 400);
    }
}

async fn odd_texts_and_numbers_are_kept_harmless(world: World) {
    let abc = world.customer("ABC").await;
    let mut odd = incoming(&world, abc, None, 0);
    odd.caller.name = format!("Eve\0\u{1b}[31m'; DROP TABLE xdr; -- % _ \\ {}", "é".repeat(10_000));
    odd.dialled = "1 ".repeat(10_000);
    odd.caller_quality = Some(Quality { packets: u64::MAX, lost: 0, jitter_ms: f64::NAN, mos: f64::INFINITY });
    odd.started = Timestamp(i64::MIN);
    odd.ended = Timestamp(i64::MAX);
    world.store.xdrs().append(std::slice::from_ref(&odd)).await.unwrap();
    let kept = world.store.xdrs().one(EVERYBODY, None, odd.id).await.unwrap();
    assert!(kept.caller.name.starts_with("Eve[31m'; DROP TABLE") && kept.caller.name.chars().count() == 200);
    let quality = Some(Quality { packets: u64::MAX, lost: 0, jitter_ms: 0.0, mos: 0.0 });
    assert_eq!((kept.caller_quality, kept.started, kept.ended), (quality, odd.started, odd.ended));
    assert_eq!(found(&world, EVERYBODY, "drop", XdrFilters::default()).await, [odd.id]);
}

async fn the_calls_of_a_day_are_counted(world: World) {
    let (abc, panda) = (world.customer("ABC").await, world.customer("Panda").await);
    let mary = world.account(abc, "Mary", "702").await;
    let of = |tenant, second: i64, talked: Option<i64>, account| {
        let xdr = incoming(&world, tenant, account, second);
        let answered = talked.and(xdr.answered);
        Xdr { answered, ended: xdr.started.plus_seconds(5 + talked.unwrap_or(20)), ..xdr }
    };
    let missed = of(abc, 130, None, None);
    let inside = Xdr { direction: Direction::Internal, huntgroup: String::new(), ..of(abc, 140, Some(9), Some(mary)) };
    let group = Xdr { direction: Direction::Internal, ..of(abc, 150, Some(10), Some(mary)) };
    let direct = Xdr { huntgroup: String::new(), ..of(abc, 160, Some(11), Some(mary)) };
    let yesterday = of(abc, 10, Some(500), Some(mary));
    let anothers = of(panda, 170, Some(60), None);
    let all = [of(abc, 110, Some(60), Some(mary)), of(abc, 120, Some(90), Some(mary)), missed, inside, group, direct];
    world.store.xdrs().append(&all).await.unwrap();
    world.store.xdrs().append(&[yesterday, anothers]).await.unwrap();
    let mut found = world.store.xdrs().ended_since(abc, START.plus_seconds(100)).await.unwrap();
    found.sort_by_key(|ended| (ended.huntgroup.clone(), ended.answered));
    let counted: Vec<_> = found
        .iter()
        .map(|ended| (ended.huntgroup.as_str(), ended.agent, ended.answered, ended.calls, ended.longest))
        .collect();
    assert_eq!(
        counted,
        [("", Some(mary), true, 1, 11), ("Support", None, false, 1, 0), ("Support", Some(mary), true, 3, 90)],
    );
}
