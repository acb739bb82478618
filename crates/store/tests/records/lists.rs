//! Lists: what a search finds, how rows are sorted, and that paging visits each row once.

use std::fmt::Debug;

use rand::{Rng, SeedableRng, rngs::StdRng};
use tandem_domain::{
    access::{AccessRole, Audience, Level, Scope},
    account::Account,
    administrator::Administrator,
    class::CustomerClass,
    dialing::{DialingRule, PbxCodes},
    list::{Cursor, PAGE_ROWS, Page, Query, search_words},
    status::Status,
};
use tandem_store::{
    accounts::{AccountFilters, AccountRow, AccountSort, HiddenOfAccount},
    audit::AuditFilters,
    customers::{CustomerFilters, CustomerRow, CustomerSort},
    demo,
    huntgroups::HuntgroupSort,
    roles,
};

use crate::world::{START, World, account, sign_in};

on_both!(
    accounts_are_sorted_filtered_and_paged,
    customers_are_sorted_filtered_and_paged,
    short_lists_are_sorted_and_paged_too,
    the_audit_log_is_paged,
    rows_that_come_while_paging_disturb_nothing,
    rows_that_go_while_paging_disturb_nothing,
    a_search_finds_what_begins_with_its_words,
    a_search_for_a_word_that_all_have_is_the_same_as_none,
    what_is_hidden_is_not_searched_on_any_page,
    a_cursor_from_nowhere_is_harmless,
);

const ROWS: usize = PAGE_ROWS as usize;

/// Walks to the end and back, then back and forth by chance: every page is the part of `all` where it should be.
async fn walk<T: Debug + PartialEq>(all: &[T], seed: u64, page: impl AsyncFn(Option<Cursor>) -> Page<T>) {
    let pages = all.len().div_ceil(ROWS).max(1);
    let check = |n: usize, page: &Page<T>| {
        let expected = &all[n * ROWS..((n + 1) * ROWS).min(all.len())];
        assert_eq!(page.rows, expected, "page {n} of {pages}");
        assert_eq!(page.count as usize, all.len());
        assert_eq!((page.previous.is_some(), page.next.is_some()), (n > 0, n + 1 < pages), "page {n} of {pages}");
    };
    let mut now = page(None).await;
    check(0, &now);
    let there = (1..pages).chain((0..pages.saturating_sub(1)).rev());
    let mut chance = StdRng::seed_from_u64(seed);
    let mut at = 0;
    let mut by_chance = Vec::new();
    for _ in 0..if pages > 1 { 2 * pages } else { 0 } {
        at = if at == 0 || (at + 1 < pages && chance.random()) { at + 1 } else { at - 1 };
        by_chance.push(at);
    }
    at = 0;
    for next in there.chain(by_chance) {
        let cursor = if next > at { now.next } else { now.previous };
        now = page(cursor).await;
        check(next, &now);
        at = next;
    }
}

fn sorted<T: Clone, K: Ord>(rows: &[T], descending: bool, key: impl Fn(&T) -> K) -> Vec<T> {
    let mut rows = rows.to_vec();
    rows.sort_by_key(&key);
    if descending {
        rows.reverse();
    }
    rows
}

async fn everything<T>(page: impl AsyncFn(Option<Cursor>) -> Page<T>) -> Vec<T> {
    let (mut all, mut cursor) = (Vec::new(), None);
    loop {
        let part = page(cursor).await;
        all.extend(part.rows);
        cursor = part.next;
        if cursor.is_none() {
            return all;
        }
    }
}

async fn accounts_are_sorted_filtered_and_paged(world: World) {
    demo::bulk(&world.store, 3, 390, 0, START).await.unwrap();
    let accounts = world.store.accounts();
    let list = async |query: Query<AccountSort>, filters: AccountFilters| {
        accounts.list(Scope::for_system(), &query, &filters).await.unwrap()
    };
    let all = everything(async |cursor| list(Query { cursor, ..Query::default() }, Default::default()).await).await;
    assert_eq!(all.len(), 390);
    let one = all[0].customer;
    let number = |row: &AccountRow| (row.extension.as_str().len(), row.extension.to_string(), row.id.to_string());
    let text = |text: &str, row: &AccountRow| (0, text.to_lowercase(), row.id.to_string());
    for (customer, status) in
        [(None, None), (Some(one), None), (None, Some(Status::Blocked)), (Some(one), Some(Status::Open))]
    {
        let filters = AccountFilters { customer, status, ..AccountFilters::default() };
        let rows: Vec<AccountRow> = all
            .iter()
            .filter(|row| {
                customer.is_none_or(|id| row.customer == id) && status.is_none_or(|status| row.status == status)
            })
            .cloned()
            .collect();
        for sort in ["extension", "name", "customer", "status"].map(AccountSort::from_key) {
            for descending in [false, true] {
                let expected = sorted(&rows, descending, |row| match sort {
                    AccountSort::Extension => number(row),
                    AccountSort::Customer if customer.is_some() => number(row),
                    AccountSort::Name => text(&row.name, row),
                    AccountSort::Customer => text(&row.customer_name, row),
                    AccountSort::Status => text(row.status.key(), row),
                });
                let page = async |cursor| list(Query { sort, descending, cursor, ..Query::default() }, filters).await;
                walk(&expected, 1, page).await;
            }
        }
    }
}

async fn customers_are_sorted_filtered_and_paged(world: World) {
    demo::bulk(&world.store, 130, 200, 0, START).await.unwrap();
    let customers = world.store.customers();
    let list = async |query: Query<CustomerSort>, filters: CustomerFilters| {
        customers.list(Scope::for_system(), &query, &filters).await.unwrap()
    };
    let all = everything(async |cursor| list(Query { cursor, ..Query::default() }, Default::default()).await).await;
    for (n, row) in all.iter().enumerate().filter(|(n, _)| n % 3 > 0) {
        let tenant = tandem_domain::access::Tenant::for_system(row.id);
        let wanted = if n % 3 == 1 { Status::Suspended } else { Status::Closed };
        if row.status != wanted {
            customers.set_status(tenant, wanted, None, "", &world.change()).await.unwrap();
        }
    }
    let all = everything(async |cursor| list(Query { cursor, ..Query::default() }, Default::default()).await).await;
    let class = customers.get(tandem_domain::access::Tenant::for_system(all[0].id)).await.unwrap().value.class;
    for (status, class) in
        [(None, None), (Some(Status::Suspended), None), (None, Some(class)), (Some(Status::Open), Some(class))]
    {
        let filters = CustomerFilters { status, class, ..CustomerFilters::default() };
        let rows: Vec<CustomerRow> =
            all.iter().filter(|row| status.is_none_or(|status| row.status == status)).cloned().collect();
        for sort in ["name", "status", "created"].map(CustomerSort::from_key) {
            for descending in [false, true] {
                let expected = sorted(&rows, descending, |row| match sort {
                    CustomerSort::Name => (row.name.to_lowercase(), row.id.to_string()),
                    CustomerSort::Status => (row.status.key().to_owned(), row.id.to_string()),
                    CustomerSort::Created => (String::new(), row.id.to_string()),
                });
                let page = async |cursor| list(Query { sort, descending, cursor, ..Query::default() }, filters).await;
                walk(&expected, 2, page).await;
            }
        }
    }
}

/// A name that sorts by more than its letters: cases, accents and several scripts, all different.
fn a_name(n: usize) -> String {
    let first = ["Zoë", "zebra", "Älter", "alter", "ÉTÉ", "Ωμέγα", "東京", "_", "100%", "O'Neil"][n % 10];
    format!("{first} {}", n / 10)
}

async fn short_lists_are_sorted_and_paged_too(world: World) {
    let store = &world.store;
    let abc = world.customer("ABC").await;
    for n in 0..110 {
        let name = a_name(n);
        let class = CustomerClass { name: name.clone(), ..CustomerClass::default() };
        store.classes().create(&class, &world.change()).await.unwrap();
        let role = AccessRole {
            name: name.clone(),
            audience: Audience::Account,
            base: Level::View,
            entries: Default::default(),
        };
        store.roles().create(&role, &world.change()).await.unwrap();
        let rule = DialingRule { name: name.clone(), codes: PbxCodes::default() };
        store.dialing_rules().create(&rule, &world.change()).await.unwrap();
        let number = if n % 2 == 0 { format!("{}", 20 + n / 2) } else { format!("{}", 7000 - n) };
        world.huntgroup(abc, &name, &number, &[]).await;
        // Ten namesakes each.
        let person = Administrator::new(a_name(n / 10), "", roles::ADMINISTRATOR);
        store.administrators().create(&person, &sign_in(&format!("person{n}")), &world.change()).await.unwrap();
    }
    let key = |name: &str, id: String| (name.to_lowercase(), id);
    for descending in [false, true] {
        let query = |cursor| Query { descending, cursor, ..Query::<()>::default() };
        let page = async |cursor| store.classes().list(&query(cursor)).await.unwrap();
        let all = sorted(&everything(page).await, descending, |row| key(&row.name, row.id.to_string()));
        assert_eq!(all.len(), 111);
        walk(&all, 3, page).await;
        let page = async |cursor| store.roles().list(&query(cursor), &Default::default()).await.unwrap();
        let all = sorted(&everything(page).await, descending, |row| key(&row.name, row.id.to_string()));
        assert_eq!(all.len(), 114);
        walk(&all, 4, page).await;
        let page = async |cursor| store.dialing_rules().list(&query(cursor)).await.unwrap();
        let all = sorted(&everything(page).await, descending, |row| key(&row.rule.name, row.id.to_string()));
        assert_eq!(all.len(), 111);
        walk(&all, 5, page).await;
        let page = async |cursor| store.administrators().list(&query(cursor)).await.unwrap();
        let all = sorted(&everything(page).await, descending, |row| key(&row.name, row.id.to_string()));
        assert_eq!(all.len(), 110);
        walk(&all, 6, page).await;
        for sort in ["name", "number"].map(HuntgroupSort::from_key) {
            let page = async |cursor| {
                let query = Query { sort, descending, cursor, ..Query::default() };
                store.huntgroups(abc).list(&query).await.unwrap()
            };
            let all = sorted(&everything(page).await, descending, |row| match sort {
                HuntgroupSort::Name => (0, key(&row.name, row.id.to_string())),
                HuntgroupSort::Number => (row.number.as_str().len(), key(row.number.as_str(), row.id.to_string())),
            });
            assert_eq!(all.len(), 110);
            walk(&all, 7, page).await;
        }
    }
}

async fn the_audit_log_is_paged(world: World) {
    demo::bulk(&world.store, 2, 20, 230, START).await.unwrap();
    let audit = world.store.audit();
    let all = audit.export(Scope::for_system(), &AuditFilters::default(), None).await.unwrap();
    assert_eq!(all.len(), 230);
    assert!(all.is_sorted_by(|a, b| a.id > b.id && a.at >= b.at));
    let filters = [
        AuditFilters::default(),
        AuditFilters { customer: all[0].customer, ..AuditFilters::default() },
        AuditFilters { from: Some(all[200].at), until: Some(all[20].at), ..AuditFilters::default() },
    ];
    for filters in filters {
        let rows = audit.export(Scope::for_system(), &filters, None).await.unwrap();
        let page =
            async |cursor: Option<Cursor>| audit.list(Scope::for_system(), &filters, cursor.as_ref()).await.unwrap();
        walk(&rows, 8, page).await;
    }
}

async fn class(world: &World, name: &str) -> tandem_domain::ids::ClassId {
    let class = CustomerClass { name: name.into(), ..CustomerClass::default() };
    world.store.classes().create(&class, &world.change()).await.unwrap()
}

async fn rows_that_come_while_paging_disturb_nothing(world: World) {
    for n in 0..130 {
        class(&world, &format!("M{n:03}")).await;
    }
    let list = async |cursor| world.store.classes().list(&Query { cursor, ..Query::default() }).await.unwrap();
    let (mut seen, mut cursor, mut round) = (Vec::new(), None, 0);
    let last = loop {
        let page = list(cursor).await;
        seen.extend(page.rows.iter().map(|row| row.name.clone()));
        // Before the page, in the middle of it, and after all.
        for name in [format!("A{round}"), format!("M{round}50x"), format!("Z{round}")] {
            class(&world, &name).await;
        }
        round += 1;
        match page.next {
            Some(_) => cursor = page.next,
            None => break page.previous,
        }
    };
    let old = |names: &[String]| names.iter().filter(|name| name.len() == 4 && name.starts_with('M')).count();
    assert_eq!(old(&seen), 130, "each that was there is seen once");
    seen.sort();
    assert!(seen.windows(2).all(|pair| pair[0] != pair[1]), "and none twice");
    // The same on the way back.
    let (mut seen, mut cursor) = (Vec::new(), last);
    while cursor.is_some() {
        let page = list(cursor).await;
        seen.extend(page.rows.into_iter().rev().map(|row| row.name));
        cursor = page.previous;
        class(&world, &format!("B{round}")).await;
        round += 1;
    }
    assert!(seen.is_sorted_by(|a, b| a.to_lowercase() > b.to_lowercase()));
    assert_eq!(seen.last().unwrap(), "A0", "up to the first");
}

async fn rows_that_go_while_paging_disturb_nothing(world: World) {
    let mut ids = Vec::new();
    for n in 0..160 {
        ids.push(class(&world, &format!("M{n:03}")).await);
    }
    let list = async |cursor| world.store.classes().list(&Query { cursor, ..Query::default() }).await.unwrap();
    let names =
        |page: &Page<tandem_store::classes::ClassRow>| page.rows.iter().map(|row| row.name.clone()).collect::<Vec<_>>();
    let first = list(None).await;
    // The rows around the cut go, the one that the cursor names among them.
    for id in &ids[45..55] {
        world.store.classes().delete(*id, None, &world.change()).await.unwrap();
    }
    let second = list(first.next).await;
    assert_eq!((names(&second)[0].as_str(), second.rows.len()), ("M055", ROWS));
    let back = list(second.previous.clone()).await;
    assert_eq!((names(&back)[0].as_str(), back.rows.len(), back.previous), ("M000", 45, None));
    // All before the page go: the way back leads to what is the beginning now.
    for id in &ids[..45] {
        world.store.classes().delete(*id, None, &world.change()).await.unwrap();
    }
    let back = list(second.previous.clone()).await;
    assert_eq!((names(&back)[0].as_str(), back.previous), ("M055", None));
    // All after it go: the next page is empty, and leads back to every row.
    for id in &ids[105..] {
        world.store.classes().delete(*id, None, &world.change()).await.unwrap();
    }
    let end = list(Some(Cursor { before: false, key: "zzz".into(), id: String::new() })).await;
    assert_eq!((end.rows.len(), end.next.clone()), (0, None));
    let back = list(end.previous).await;
    assert_eq!(names(&back).last().unwrap(), "Standard");
}

async fn a_search_finds_what_begins_with_its_words(world: World) {
    const FIRST: [&str; 12] = [
        "100%",
        "under_score",
        "O'Brien",
        "Łódź",
        "ΕΛΛΆΔΑ",
        "東京",
        "back\\slash",
        "semi;--",
        "Anna",
        "ANNABEL",
        "İnci",
        "a",
    ];
    const LAST: [&str; 5] = ["", "Smith", "Smithers-Jones", "de la Cruz", "\"Quote\""];
    let abc = world.customer("ABC").await;
    let mut texts = Vec::new();
    for (n, (first, last)) in FIRST.iter().flat_map(|first| LAST.map(|last| (*first, last))).enumerate() {
        let (email, extension) = (format!("{}@abc{}.example", n % 7, n % 3), format!("{}", 700 + n));
        let person = Account {
            first_name: first.into(),
            last_name: last.into(),
            email: email.clone(),
            ..account(abc, "", &extension)
        };
        world.store.accounts().create(abc, &person, None, &world.change()).await.unwrap();
        texts.push((extension.clone(), format!("{first} {last} {extension} {email}")));
    }
    let pieces = [
        "%",
        "_",
        "'",
        "\"",
        "\\",
        ";--",
        "*",
        "100",
        "under",
        "score",
        "o'bri",
        "łó",
        "ŁÓDŹ",
        "ελλ",
        "東",
        "京",
        "ann",
        "annab",
        "ANNA",
        "i",
        "smith",
        "smithers jones",
        "jones",
        "mith",
        "de cruz",
        "quote",
        "7",
        "70",
        "abc1",
        "example",
        "zzz",
        "'; DROP TABLE account; --",
        "\0",
        "\u{301}",
        "0@abc0",
        "a",
        "%a%",
        "a_c",
    ];
    let mut chance = StdRng::seed_from_u64(9);
    let mut searches: Vec<String> = pieces.map(str::to_owned).into();
    searches.extend((0..60).map(|_| {
        let one = pieces[chance.random_range(0..pieces.len())];
        format!("{one} {}", pieces[chance.random_range(0..pieces.len())])
    }));
    let limit = u32::try_from(texts.len()).unwrap();
    for search in searches {
        let wanted = search_words(&search);
        let mut expected: Vec<&str> = texts
            .iter()
            .filter(|(_, text)| {
                let words = search_words(text);
                wanted.iter().all(|wanted| words.iter().any(|word| word.starts_with(wanted.as_str())))
            })
            .map(|(extension, _)| extension.as_str())
            .collect();
        expected.sort_unstable();
        let found = world.store.accounts().choices(abc, &search, limit).await.unwrap();
        let found: Vec<&str> = found.iter().map(|choice| choice.extension.as_str()).collect();
        assert_eq!(found, expected, "{search:?}");
        let query = Query { search: search.clone(), ..Query::default() };
        let page = world.store.accounts().list(Scope::for_system(), &query, &Default::default()).await.unwrap();
        assert_eq!(page.count as usize, expected.len(), "{search:?}");
    }
    // What a record is no longer called does not find it any more.
    let john = world.account(abc, "Johannes", "650").await;
    let renamed = account(abc, "Jan", "650");
    world
        .store
        .accounts()
        .update(abc, john, tandem_domain::ids::Version::FIRST, &renamed, &world.change())
        .await
        .unwrap();
    assert_eq!(world.store.accounts().choices(abc, "johannes", 10).await.unwrap().len(), 0);
    assert_eq!(world.store.accounts().choices(abc, "jan", 10).await.unwrap().len(), 1);
}

async fn a_search_for_a_word_that_all_have_is_the_same_as_none(world: World) {
    // More than the word index calls rare, so that the other way of searching is taken.
    demo::bulk(&world.store, 2, 2600, 0, START).await.unwrap();
    let accounts = world.store.accounts();
    let list = async |search: &str, cursor: Option<Cursor>| {
        let query = Query { search: search.into(), sort: AccountSort::Name, cursor, ..Query::default() };
        accounts.list(Scope::for_system(), &query, &Default::default()).await.unwrap()
    };
    let all = list("", None).await;
    let domain = all.rows[0].email.rsplit('.').next().unwrap().to_owned();
    let found = list(&domain, None).await;
    assert_eq!((found.rows, found.count, found.next.clone()), (all.rows, all.count, all.next));
    let (second, also) = (list("", found.next.clone()).await, list(&domain, found.next).await);
    assert_eq!(second, also);
    // A frequent word together with a rare one.
    let row = &second.rows[0];
    let both = list(&format!("{domain} {} {}", row.extension, row.name), None).await;
    assert!(both.rows.contains(row) && both.count < 30, "{}", both.count);
    // And with a filter that leaves few.
    let filters = AccountFilters { status: Some(Status::Closed), ..AccountFilters::default() };
    let query = Query { search: domain, ..Query::default() };
    let closed = accounts.list(Scope::for_system(), &query, &filters).await.unwrap();
    assert_eq!(i64::from(closed.count), world.store.counts().accounts(Scope::for_system()).await.unwrap().closed);
}

async fn what_is_hidden_is_not_searched_on_any_page(world: World) {
    demo::bulk(&world.store, 2, 300, 0, START).await.unwrap();
    let accounts = world.store.accounts();
    let list = async |search: &str, hidden, cursor: Option<Cursor>| {
        let query = Query { search: search.into(), cursor, ..Query::default() };
        let filters = AccountFilters { hidden, ..AccountFilters::default() };
        accounts.list(Scope::for_system(), &query, &filters).await.unwrap()
    };
    let (all, hidden) = (HiddenOfAccount::default(), HiddenOfAccount { profile: true, extension: false });
    let someone = list("", all, None).await.rows.swap_remove(7);
    let (first, last) = someone.name.split_once(' ').unwrap();
    for word in [first, last, &someone.email] {
        assert_ne!(list(word, all, None).await.count, 0);
        assert_eq!(list(word, hidden, None).await.count, 0, "{word}");
        assert_eq!(list(&format!("{word} {}", someone.extension), hidden, None).await.count, 0);
    }
    // Page after page there is what has the words in what is shown, and back again.
    let digits = &someone.extension.as_str()[..1];
    let (mut every, mut cursor) = (Vec::new(), None);
    loop {
        let page = list("", all, cursor).await;
        every.extend(page.rows);
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    every.retain(|row| row.extension.as_str().starts_with(digits));
    assert!(every.len() > 2 * ROWS);
    walk(&every, 5, async |cursor| list(digits, hidden, cursor).await).await;
    let only_names = HiddenOfAccount { profile: false, extension: true };
    assert_eq!(list(someone.extension.as_str(), only_names, None).await.count, 0);
    assert_ne!(list(first, only_names, None).await.count, 0);
}

async fn a_cursor_from_nowhere_is_harmless(world: World) {
    let abc = world.customer("ABC").await;
    world.account(abc, "John", "744").await;
    for key in ["", "\0", "'; --", "\u{10ffff}", "zzz", "3744"] {
        for id in ["", "\0", "not an id", "' OR '1'='1"] {
            for before in [false, true] {
                let cursor = Some(Cursor { before, key: key.into(), id: id.into() });
                for sort in ["extension", "name", "customer", "status"].map(AccountSort::from_key) {
                    let query = Query { sort, cursor: cursor.clone(), ..Query::default() };
                    let page = world.store.accounts().list(Scope::of(abc), &query, &Default::default()).await.unwrap();
                    assert!(page.rows.len() <= 1 && page.count == 1);
                }
                let audit = world.store.audit();
                audit.list(Scope::of(abc), &AuditFilters::default(), cursor.as_ref()).await.unwrap();
            }
        }
    }
}
