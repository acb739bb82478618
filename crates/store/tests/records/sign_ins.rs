//! Sign-ins: names, passwords, who is let in, and how guessing is slowed down.

use tandem_domain::{
    access::{Audience, Field, Who},
    account::Account,
    administrator::Administrator,
    ids::Version,
    sign_in::{FORGET_SECONDS, FREE_ATTEMPTS_PER_NAME, FREE_ATTEMPTS_PER_NAME_AND_NETWORK, SignInName},
    status::Status,
};
use tandem_store::{
    attempts::{Attempt, Wait},
    password, roles,
};

use crate::world::{START, World, account, at_once, changed, give_sign_in, not_found, refusal, sign_in, stale};

on_both!(
    a_name_opens_one_door_for_all_kinds_of_people,
    names_are_compared_without_case_and_one_person_gets_each,
    of_two_who_give_a_sign_in_the_second_is_told_of_the_first,
    a_name_and_its_password_are_saved_together_or_not_at_all,
    who_saw_another_sign_in_changes_neither_name_nor_password,
    a_new_password_ends_the_sessions_of_the_old,
    who_is_blocked_closed_or_inactive_stays_outside,
    a_sign_in_is_taken_away_and_its_name_is_free,
    no_sign_in_is_left_to_an_account_that_closes,
    failures_slow_down_and_are_forgotten,
    whoever_guesses_keeps_nobody_else_from_signing_in,
    a_new_password_forgets_failures_wherever_they_came_from,
    many_guesses_at_once_are_counted_one_by_one,
    success_forgets_the_persons_failures_but_not_the_offices,
    passwords_are_hashed_each_in_its_own_way,
);

fn name(name: &str) -> SignInName {
    name.parse().unwrap()
}

async fn a_name_opens_one_door_for_all_kinds_of_people(world: World) {
    let sign_ins = world.store.sign_ins();
    let ada = world.administrator("Ada", roles::ADMINISTRATOR).await;
    let abc = world.customer("ABC").await;
    let john = world.account(abc, "John Doe", "744").await;
    let people = [
        (Who::Administrator(ada), "ada", "Ada", Audience::Administrator),
        (Who::Customer(abc.customer()), "abc", "ABC", Audience::Customer),
        (Who::Account { account: john, customer: abc.customer() }, "john", "John Doe", Audience::Account),
    ];
    let lines = world.lines().await;
    for (who, _, _, _) in &people[1..] {
        assert_eq!(sign_ins.of(*who).await.unwrap(), None);
        assert_eq!(sign_ins.principal(*who).await.unwrap(), None, "no sign-in, no way in");
    }
    for (who, login, _, _) in &people[1..] {
        give_sign_in(&world.store, *who, login, &world.change()).await.unwrap();
    }
    for (who, login, called, audience) in people {
        let found = sign_ins.find(&name(login)).await.unwrap().unwrap();
        assert_eq!((found.who, found.password_hash), (who, sign_in(login).password_hash));
        assert_eq!(sign_ins.of(who).await.unwrap().unwrap().name, name(login));
        let (principal, _) = sign_ins.principal(who).await.unwrap().unwrap();
        assert_eq!((principal.who, principal.sign_in.as_str(), principal.name.as_str()), (who, login, called));
        assert_eq!(principal.role.audience, audience);
        let sees = Field::ALL.iter().any(|field| principal.sees(*field));
        assert!(sees);
    }
    let line = |who: &str, new: &str| [who, "changed", "sign_in", "", new].map(str::to_owned);
    assert_eq!(world.told_since(lines).await, [line("ABC", "abc"), line("John Doe", "john")]);
    assert_eq!(sign_ins.find(&name("nobody")).await.unwrap(), None);
}

async fn names_are_compared_without_case_and_one_person_gets_each(world: World) {
    let sign_ins = world.store.sign_ins();
    let abc = world.customer("ABC").await;
    let mut people = Vec::new();
    for (person, extension) in [("John", "744"), ("Mary", "702")] {
        let account = world.account(abc, person, extension).await;
        people.push(Who::Account { account, customer: abc.customer() });
    }
    give_sign_in(&world.store, people[0], "john", &world.change()).await.unwrap();
    let lines = world.lines().await;
    let words = refusal(give_sign_in(&world.store, people[1], "JOHN", &world.change()).await, "sign_in");
    assert_eq!(words, "Somebody else signs in with this name; choose another.");
    give_sign_in(&world.store, people[1], "mary", &world.change()).await.unwrap();
    let rename = async |saw: &str, new: &str, change| {
        let version = sign_ins.of(people[1]).await.unwrap().filter(|found| found.name == name(saw)).unwrap().version;
        sign_ins.save(people[1], version, &name(new), None, None, &change).await
    };
    let words = refusal(rename("mary", "John", world.change()).await, "sign_in");
    assert_eq!(words, "Somebody else signs in with this name; choose another.");
    rename("mary", "mary.smith", world.by("mary")).await.unwrap();
    rename("mary.smith", "Mary.Smith", world.by("mary")).await.unwrap();
    let told = world.told_since(lines).await;
    assert_eq!(told.last().unwrap(), &["Mary", "changed", "sign_in", "mary", "mary.smith"].map(str::to_owned));
    assert_eq!(told.len(), 2);
    // Two who want a name at once.
    let both = at_once(people.iter().copied().map(|who| {
        let (store, change) = (world.store.clone(), world.change());
        async move {
            let version = store.sign_ins().version(who).await?;
            store.sign_ins().save(who, version, &name("wanted"), None, None, &change).await
        }
    }));
    let (got, missed): (Vec<_>, Vec<_>) = both.await.into_iter().partition(Result::is_ok);
    assert_eq!((got.len(), missed.len()), (1, 1));
    missed.into_iter().for_each(|miss| drop(refusal(miss, "sign_in")));
}

async fn of_two_who_give_a_sign_in_the_second_is_told_of_the_first(world: World) {
    let abc = world.customer("ABC").await;
    let who = Who::Customer(abc.customer());
    let both = at_once(["abc", "abc2"].map(|login| {
        let (store, change) = (world.store.clone(), world.change());
        async move { give_sign_in(&store, who, login, &change).await }
    }));
    let (got, missed): (Vec<_>, Vec<_>) = both.await.into_iter().partition(Result::is_ok);
    assert_eq!((got.len(), missed.len()), (1, 1));
    let name = world.store.sign_ins().of(who).await.unwrap().unwrap().name;
    for miss in missed {
        assert_eq!(stale(miss).changes, [changed("sign_in", "", name.as_str())]);
    }
}

async fn a_name_and_its_password_are_saved_together_or_not_at_all(world: World) {
    let sign_ins = world.store.sign_ins();
    let (abc, panda) = (world.customer("ABC").await, world.customer("Panda").await);
    let who = Who::Customer(abc.customer());
    give_sign_in(&world.store, Who::Customer(panda.customer()), "panda", &world.change()).await.unwrap();
    let save = async |new: &str, hash| {
        let version = sign_ins.version(who).await?;
        sign_ins.save(who, version, &name(new), hash, None, &world.change()).await
    };
    let lines = world.lines().await;
    assert_eq!(refusal(save("abc", None).await, "password"), "Choose a password.");
    save("abc", Some("a first hash")).await.unwrap();
    refusal(save("panda", Some("another hash")).await, "sign_in");
    let found = sign_ins.of(who).await.unwrap().unwrap();
    assert_eq!((found.name.as_str(), found.password_hash.as_str()), ("abc", "a first hash"));
    save("abc.office", Some("another hash")).await.unwrap();
    let found = sign_ins.of(who).await.unwrap().unwrap();
    assert_eq!((found.name.as_str(), found.password_hash.as_str()), ("abc.office", "another hash"));
    let line = |field: &str, old: &str, new: &str| ["ABC", "changed", field, old, new].map(str::to_owned);
    let expected =
        [line("sign_in", "", "abc"), line("sign_in", "abc", "abc.office"), line("password", "", "(changed)")];
    assert_eq!(world.told_since(lines).await, expected);
}

async fn who_saw_another_sign_in_changes_neither_name_nor_password(world: World) {
    let sign_ins = world.store.sign_ins();
    let abc = world.customer("ABC").await;
    let who = Who::Customer(abc.customer());
    give_sign_in(&world.store, who, "abc", &world.change()).await.unwrap();
    let by_mary = world.by("mary");
    let seen = sign_ins.version(who).await.unwrap();
    sign_ins.save(who, seen, &name("abc.office"), None, None, &by_mary).await.unwrap();
    let late = async |seen: Version| {
        let before = sign_ins.of(who).await.unwrap();
        let lines = world.lines().await;
        let by = world.by("peter");
        let told = stale(sign_ins.save(who, seen, &name("abc"), Some("another hash"), None, &by).await);
        assert_eq!(stale(sign_ins.set_password(who, Some(seen), "another hash", None, &by).await), told);
        assert_eq!(stale(sign_ins.remove(who, Some(seen), &by).await), told);
        assert_eq!((sign_ins.of(who).await.unwrap(), world.lines().await), (before, lines));
        told
    };
    for seen in [seen, tandem_store::sign_ins::NONE_YET] {
        let told = late(seen).await;
        assert_eq!((told.by.as_str(), told.at), ("mary", by_mary.at));
        assert_eq!(told.changes, [changed("sign_in", "abc", "abc.office")]);
    }
    // Of a password no more is told than that it is another.
    let seen = sign_ins.version(who).await.unwrap();
    sign_ins.set_password(who, Some(seen), "a second hash", None, &by_mary).await.unwrap();
    assert_eq!(late(seen).await.changes, [changed("password", "", "(changed)")]);
    // What was made anew is not what was seen.
    let seen = sign_ins.version(who).await.unwrap();
    sign_ins.remove(who, Some(seen), &by_mary).await.unwrap();
    give_sign_in(&world.store, who, "abc", &by_mary).await.unwrap();
    assert_eq!(late(seen).await.changes, [changed("sign_in", "", "abc")]);
}

async fn a_new_password_ends_the_sessions_of_the_old(world: World) {
    let sign_ins = world.store.sign_ins();
    let abc = world.customer("ABC").await;
    let who = Who::Customer(abc.customer());
    not_found(sign_ins.set_password(who, None, "hash", None, &world.change()).await);
    give_sign_in(&world.store, who, "abc", &world.change()).await.unwrap();
    let (_, stamp) = sign_ins.principal(who).await.unwrap().unwrap();
    let version = sign_ins.version(who).await.unwrap();
    sign_ins.save(who, version, &name("abc.office"), None, None, &world.change()).await.unwrap();
    let (_, renamed) = sign_ins.principal(who).await.unwrap().unwrap();
    assert_eq!(renamed, stamp, "another name is still the same person");
    let lines = world.lines().await;
    let change = world.by("abc");
    sign_ins.set_password(who, None, "another hash", None, &change).await.unwrap();
    let (_, changed) = sign_ins.principal(who).await.unwrap().unwrap();
    assert_ne!(changed, stamp, "sessions with the old stamp are over");
    let found = sign_ins.of(who).await.unwrap().unwrap();
    assert_eq!((found.password_hash.as_str(), found.password_changed_at), ("another hash", change.at));
    assert_eq!(world.told_since(lines).await, [["ABC", "changed", "password", "", "(changed)"].map(str::to_owned)]);
    assert!(!format!("{:?}", world.audit().await).contains("another hash"));
}

async fn who_is_blocked_closed_or_inactive_stays_outside(world: World) {
    let sign_ins = world.store.sign_ins();
    world.administrator("Root", roles::ADMINISTRATOR).await;
    let ada = world.administrator("Ada", roles::ADMINISTRATOR).await;
    let abc = world.customer("ABC").await;
    let john = world.account(abc, "John", "744").await;
    let (customer, account) = (Who::Customer(abc.customer()), Who::Account { account: john, customer: abc.customer() });
    give_sign_in(&world.store, customer, "abc", &world.change()).await.unwrap();
    give_sign_in(&world.store, account, "john", &world.change()).await.unwrap();
    let inside = async || {
        let mut inside = Vec::new();
        for who in [Who::Administrator(ada), customer, account] {
            inside.push(sign_ins.principal(who).await.unwrap().is_some());
        }
        inside
    };
    assert_eq!(inside().await, [true, true, true]);
    let away = Administrator { active: false, ..Administrator::new("Ada", "", roles::ADMINISTRATOR) };
    world.store.administrators().update(ada, Version::FIRST, &away, &world.change()).await.unwrap();
    let set = async |status| {
        world.store.customers().set_status(abc, status, None, "", &world.change()).await.unwrap();
    };
    set(Status::Suspended).await;
    assert_eq!(inside().await, [false, true, true], "who is suspended may look and pay");
    set(Status::Blocked).await;
    assert_eq!(inside().await, [false, false, false]);
    set(Status::Open).await;
    world.store.accounts().set_status(abc, john, Status::Blocked, None, "", &world.change()).await.unwrap();
    assert_eq!(inside().await, [false, true, false]);
    set(Status::Closed).await;
    assert_eq!(inside().await, [false, false, false]);
}

async fn a_sign_in_is_taken_away_and_its_name_is_free(world: World) {
    let sign_ins = world.store.sign_ins();
    let (abc, panda) = (world.customer("ABC").await, world.customer("Panda").await);
    let who = Who::Customer(abc.customer());
    give_sign_in(&world.store, who, "office", &world.change()).await.unwrap();
    let (lines, seen) = (world.lines().await, sign_ins.version(who).await.unwrap());
    let both = at_once((0..2).map(|_| {
        let (store, change) = (world.store.clone(), world.change());
        async move { store.sign_ins().remove(who, None, &change).await }
    }));
    for result in both.await {
        result.unwrap();
    }
    assert_eq!(world.told_since(lines).await, [["ABC", "changed", "sign_in", "office", ""].map(str::to_owned)]);
    assert_eq!(sign_ins.principal(who).await.unwrap(), None);
    let late = sign_ins.save(who, seen, &name("other"), None, None, &world.change()).await;
    assert_eq!(stale(late).changes, [changed("sign_in", "office", "")]);
    give_sign_in(&world.store, Who::Customer(panda.customer()), "office", &world.change()).await.unwrap();
}

async fn no_sign_in_is_left_to_an_account_that_closes(world: World) {
    let abc = world.customer("ABC").await;
    for round in 0..10 {
        let john = world.account(abc, "John", &format!("{}", 700 + round)).await;
        let who = Who::Account { account: john, customer: abc.customer() };
        let (store, change) = (world.store.clone(), world.change());
        let add = tokio::spawn(async move { give_sign_in(&store, who, "john", &change).await });
        let (store, change) = (world.store.clone(), world.change());
        let close =
            tokio::spawn(
                async move { store.accounts().set_status(abc, john, Status::Closed, None, "Left", &change).await },
            );
        let added = add.await.unwrap();
        close.await.unwrap().unwrap();
        if added.is_err() {
            refusal(added, "sign_in");
        }
        assert_eq!(world.store.sign_ins().of(who).await.unwrap(), None);
    }
}

/// Failures so far: of the name, of the name here, of the network.
async fn failures(world: &World, attempt: &Attempt) -> Vec<u32> {
    world.store.sign_ins().failures(attempt).await.unwrap()
}

fn from(name: &str, address: &str) -> Attempt {
    Attempt::to_sign_in(name, Some(address.parse().unwrap()))
}

async fn failures_slow_down_and_are_forgotten(world: World) {
    let sign_ins = world.store.sign_ins();
    let attempt = from("john", "192.0.2.7");
    let at = |seconds| START.plus_seconds(seconds);
    for free in 0..=FREE_ATTEMPTS_PER_NAME_AND_NETWORK {
        assert_eq!(sign_ins.attempt(&attempt, at(0)).await.unwrap(), None, "attempt {free}");
    }
    let wait = |seconds, is_first| Some(Wait { seconds, is_first });
    assert_eq!(sign_ins.attempt(&attempt, at(0)).await.unwrap(), wait(1, true));
    // However many come meanwhile, the first alone is told as such.
    for _ in 0..3 {
        assert_eq!(sign_ins.attempt(&attempt, at(0)).await.unwrap(), wait(1, false));
    }
    assert_eq!(failures(&world, &attempt).await, [6, 6, 6], "an attempt that must wait is not counted");
    assert_eq!(sign_ins.attempt(&attempt, at(1)).await.unwrap(), None);
    assert_eq!(sign_ins.attempt(&attempt, at(1)).await.unwrap(), wait(2, true));
    assert_eq!(sign_ins.attempt(&attempt, at(2)).await.unwrap(), wait(1, false));
    // Another name from the same address goes on freely.
    let mary = from("mary", "192.0.2.7");
    assert_eq!(sign_ins.attempt(&mary, at(1)).await.unwrap(), None);
    assert_eq!(failures(&world, &mary).await, [1, 1, 8]);
    assert_eq!(failures(&world, &from("nobody", "192.0.2.8")).await, [0, 0, 0]);
    // Old failures do not count, and a sweep takes them away.
    world.store.sweep(at(FORGET_SECONDS)).await.unwrap();
    assert_eq!(failures(&world, &attempt).await, [7, 7, 8]);
    world.store.sweep(at(FORGET_SECONDS + 3)).await.unwrap();
    assert_eq!(failures(&world, &attempt).await, [0, 0, 0]);
    // A hand-made request has any text for a name.
    let nasty = from("\0'\"%", "192.0.2.7");
    assert_eq!(sign_ins.attempt(&nasty, at(9000)).await.unwrap(), None);
    assert_eq!(failures(&world, &nasty).await, [1, 1, 1]);
}

async fn whoever_guesses_keeps_nobody_else_from_signing_in(world: World) {
    let sign_ins = world.store.sign_ins();
    let guesses = async |attempt: &Attempt, most: u32| {
        for n in 0..most {
            if sign_ins.attempt(attempt, START).await.unwrap().is_some() {
                return n;
            }
        }
        most
    };
    for name in ["john", "nobody-has-this-name"] {
        assert_eq!(guesses(&from(name, "192.0.2.7"), 50).await, 6, "{name} from one address");
        // The same subscriber's other addresses share the wait; the person at home does not.
        assert_eq!(guesses(&from(name, "2001:db8:1:2::7"), 50).await, 6);
        assert_eq!(guesses(&from(name, "2001:db8:1:2:ffff::8"), 50).await, 0);
        assert_eq!(guesses(&from(name, "198.51.100.1"), 1).await, 1);
        // A name cannot be made to count as another one from an address.
        assert_eq!(guesses(&from(&format!("{name} 198.51.100.2"), "203.0.113.1"), 50).await, 6);
        assert_eq!(guesses(&from(name, "198.51.100.2"), 1).await, 1);
        // Many machines together are slowed after all, whichever name they guess at.
        let mut together = 6 + 6 + 1 + 1;
        for machine in 0..100 {
            together += guesses(&from(name, &format!("10.0.0.{machine}")), 5).await;
        }
        assert_eq!(together, FREE_ATTEMPTS_PER_NAME + 1, "{name} from everywhere");
        world.store.sweep(START.plus_seconds(FORGET_SECONDS + 1)).await.unwrap();
    }
}

async fn a_new_password_forgets_failures_wherever_they_came_from(world: World) {
    let ada = world.administrator("Ada", roles::ADMINISTRATOR).await;
    let sign_ins = world.store.sign_ins();
    let places = [
        from("Ada", "192.0.2.7"),
        from("ada", "2001:db8::7"),
        Attempt::to_sign_in(" ada ", None),
        Attempt::to_change_password("ada"),
    ];
    let others = [from("ada2", "198.51.100.1"), from("ad", "198.51.100.2"), from("ada@x", "198.51.100.3")];
    for attempt in places.iter().chain(&others) {
        assert_eq!(sign_ins.attempt(attempt, START).await.unwrap(), None);
    }
    sign_ins.set_password(Who::Administrator(ada), None, "another hash", None, &world.change()).await.unwrap();
    // What a network guessed at other names stays.
    assert_eq!(failures(&world, &places[0]).await, [0, 0, 1]);
    assert_eq!(failures(&world, &places[1]).await, [0, 0, 1]);
    assert_eq!(failures(&world, &places[2]).await, [0, 0]);
    assert_eq!(failures(&world, &places[3]).await, [0]);
    for other in &others {
        assert_eq!(failures(&world, other).await, [1, 1, 1]);
    }
}

async fn many_guesses_at_once_are_counted_one_by_one(world: World) {
    let guesses = at_once((0..24).map(|_| {
        let store = world.store.clone();
        async move { store.sign_ins().attempt(&from("john", "192.0.2.7"), START).await.unwrap() }
    }));
    let let_through = guesses.await.into_iter().filter(Option::is_none).count();
    assert_eq!(let_through, 6, "five free ones, and the one after which one must wait");
    assert_eq!(failures(&world, &from("john", "192.0.2.7")).await, [6, 6, 6]);
}

async fn success_forgets_the_persons_failures_but_not_the_offices(world: World) {
    let sign_ins = world.store.sign_ins();
    let attempt = from("john", "192.0.2.7");
    for _ in 0..4 {
        assert_eq!(sign_ins.attempt(&attempt, START).await.unwrap(), None);
    }
    sign_ins.take_back(&attempt).await.unwrap();
    assert_eq!(failures(&world, &attempt).await, [3, 3, 3]);
    sign_ins.succeeded(&attempt).await.unwrap();
    assert_eq!(failures(&world, &attempt).await, [0, 0, 2]);
    sign_ins.succeeded(&from("nobody", "192.0.2.8")).await.unwrap();
}

async fn passwords_are_hashed_each_in_its_own_way(world: World) {
    let (one, two) = (password::hash("correct horse").unwrap(), password::hash("correct horse").unwrap());
    assert_ne!(one, two, "each has a salt of its own");
    assert!(password::verify("correct horse", &one) && password::verify("correct horse", &two));
    assert!(!password::verify("correct horsE", &one) && !password::verify("", &one));
    assert!(!password::verify("correct horse", "no hash at all") && !password::verify_dummy("correct horse"));
    assert!(one.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
    let abc = world.customer("ABC").await;
    let john = Account { email: String::new(), ..account(abc, "John", "744") };
    let login = tandem_store::sign_ins::NewSignIn { name: name("john"), password_hash: one.clone() };
    let made = world.store.accounts().create(abc, &john, Some(&login), &world.change()).await;
    made.unwrap();
    assert_eq!(world.store.sign_ins().find(&name("john")).await.unwrap().unwrap().password_hash, one);
}
