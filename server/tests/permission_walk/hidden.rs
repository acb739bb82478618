//! What an access role hides is neither told nor set, on whichever way somebody asks for it; what it permits works.

use axum::http::StatusCode;
use tandem_domain::settings::Setting;

use crate::{
    demo_ids::DemoIds,
    table,
    walk::{Faults, Kind},
    world::{Person, Template, World},
};

/// Functions that tell somebody with no permission at all that there is nothing to tell, in place of a refusal: dashboards
/// and one's own pages show what they may.
const EMPTY: [&str; 7] = [
    "exchange_now_read",
    "profile_read",
    "dashboard_read",
    "company_read",
    "company_home_read",
    "account_home_read",
    "own_recording_read",
];

/// What people change about themselves, whatever their role says.
const OWN: [&str; 2] = ["password_change", "own_locale_save"];

#[tokio::test]
async fn a_role_that_forbids_everything_lets_nothing_be_read_or_changed() {
    let template = Template::new().await;
    let world = template.world().await;
    give_everybody(&world, &template.demo, "forbidden").await;
    let mut faults = Faults::default();
    for row in table::all() {
        for person in [Person::Reader, Person::Abc, Person::John] {
            // One's own password and how one reads dates are nobody's to forbid; the gallery shows no data, and a phone that stays
            // signed in is told nothing.
            if ["sign_in", "sign_out", "gallery_rows", "phone_stays"].contains(&row.endpoint)
                || OWN.contains(&row.endpoint)
            {
                continue;
            }
            let answer = world.post(person, &row.path(), &(row.fields)(&template.demo)).await;
            let refused = matches!(answer.status, StatusCode::FORBIDDEN | StatusCode::NOT_FOUND);
            let nothing_to_tell = answer.status.is_success() && EMPTY.contains(&row.endpoint);
            if !refused && !nothing_to_tell {
                faults.note(row, person, &format!("{}: {}", answer.status, answer.body));
            }
            // Which number and which huntgroups one has, every account may know of itself.
            if row.endpoint == "account_home_read" && person == Person::John {
                assert!(answer.body.ends_with(r#""recording":[],"codes":null}"#), "{}", answer.body);
                continue;
            }
            let told = without_ids(&answer.body);
            for word in ["office@abc", "john@abc", "744", "7700", "Support", "Olivia", "*90", "record_"] {
                if told.contains(word) {
                    faults.note(row, person, &format!("it tells of “{word}”: {}", answer.body));
                }
            }
        }
    }
    faults.none();
}

#[tokio::test]
async fn a_role_that_only_shows_lets_nothing_be_changed() {
    let template = Template::new().await;
    let world = template.world().await;
    give_everybody(&world, &template.demo, "view").await;
    let before = world.dump().await;
    let mut faults = Faults::default();
    for row in table::all().filter(|row| row.kind == Kind::Writes && !OWN.contains(&row.endpoint)) {
        for person in [Person::Reader, Person::Abc, Person::John] {
            let answer = world.post(person, &row.path(), &(row.fields)(&template.demo)).await;
            if !matches!(answer.status, StatusCode::FORBIDDEN | StatusCode::NOT_FOUND) {
                faults.note(row, person, &format!("{}: {}", answer.status, answer.body));
            }
        }
    }
    faults.none();
    assert_eq!(before, world.dump().await);
}

/// An answer without the ids in it: any digits may stand in one, by chance.
fn without_ids(answer: &str) -> String {
    answer.split('"').filter(|part| uuid::Uuid::try_parse(part).is_err()).collect::<Vec<_>>().join("\"")
}

/// Gives Rita, ABC and John a role each that has this level for everything.
async fn give_everybody(world: &World, demo: &DemoIds, base: &str) {
    let as_admin = async |function: &str, fields: Vec<(&str, String)>| {
        let answer = world.post(Person::Administrator, &format!("/api/{function}"), &fields).await;
        assert_eq!(answer.status, StatusCode::OK, "{function}: {}", answer.body);
        answer.body
    };
    let mut roles = Vec::new();
    for audience in ["administrator", "customer", "account"] {
        let name = format!("All {base} for {audience}");
        let fields = vec![("name", name), ("audience", audience.to_owned()), ("base", base.to_owned())];
        let done = as_admin("role_create", fields).await;
        let id = done.split("/admin/roles/").nth(1).unwrap().split('"').next().unwrap();
        roles.push(id.to_owned());
    }
    let [of_staff, of_customers, of_accounts] = roles.try_into().unwrap();
    let rita = vec![
        ("id", demo.id("administrator", "Rita Reader")),
        ("version", demo.version("administrator", "Rita Reader")),
        ("name", "Rita Reader".to_owned()),
        ("email", String::new()),
        ("sign_in", "reader".to_owned()),
        ("role", of_staff),
    ];
    as_admin("administrator_save", rita).await;
    let abc = vec![
        ("customer", demo.id("customer", "abc")),
        ("was", demo.id("access_role", "Customer")),
        ("role", of_customers),
    ];
    as_admin("customer_role_assign", abc).await;
    let john = vec![
        ("id", demo.id("account", "abc744")),
        ("version", demo.version("account", "abc744")),
        ("role", of_accounts),
    ];
    as_admin("account_save", john).await;
}

/// The one field that a role can hide from its people: not shown, not sent, not to be set.
#[tokio::test]
async fn a_setting_that_the_role_hides_is_neither_told_nor_set() {
    let template = Template::new().await;
    let world = template.world().await;
    let olivia = template.demo.id("account", "abc745");
    let page = world.page(Person::Olivia, "/self-care/recording").await;
    assert_eq!(page.status, StatusCode::OK);
    let own = Setting::RecordAccountOnly;
    for word in [own.own_label(), own.label(), own.key(), "RecordAccountOnly"] {
        assert!(!page.body.contains(word), "the page tells of “{word}”");
    }
    let refused = set_account_only(&world, &template.demo, Person::Olivia, &olivia).await;
    assert_eq!(refused, StatusCode::FORBIDDEN);
    let noted = world.audit().await;
    assert!(noted.last().is_some_and(|line| line.starts_with("olivia refused setting_save")), "{noted:?}");
    assert_eq!(set_account_only(&world, &template.demo, Person::Abc, &olivia).await, StatusCode::FORBIDDEN);
    assert_eq!(set_account_only(&world, &template.demo, Person::Administrator, &olivia).await, StatusCode::OK);
}

async fn set_account_only(world: &World, demo: &DemoIds, person: Person, account: &str) -> StatusCode {
    let fields = [
        ("customer", demo.id("customer", "abc")),
        ("account", account.to_owned()),
        ("setting", "record_account_only".to_owned()),
        ("was", "inherited".to_owned()),
        ("value", "on".to_owned()),
    ];
    world.post(person, "/api/setting_save", &fields).await.status
}

/// The log keeps that something was changed; the value is for those alone who see it on its page.
#[tokio::test]
async fn a_change_of_what_the_role_hides_is_told_without_its_value() {
    let template = Template::new().await;
    let world = template.world().await;
    let john = template.demo.id("account", "abc744");
    assert_eq!(set_account_only(&world, &template.demo, Person::Administrator, &john).await, StatusCode::OK);
    let reason = [
        ("customer", template.demo.id("customer", "abc")),
        ("was", "open".to_owned()),
        ("status", "suspended".to_owned()),
        ("reason", "Fraud suspected".to_owned()),
    ];
    assert_eq!(world.post(Person::Administrator, "/api/status_set", &reason).await.status, StatusCode::OK);
    let first_page = [("args[q]", String::new())];
    let told = [
        world.post(Person::Abc, "/api/company_home_read", &[]).await,
        world.post(Person::Abc, "/api/audit_list", &first_page).await,
        world.page(Person::Abc, "/self-care").await,
        world.page(Person::Abc, "/self-care/audit").await,
        world.page(Person::Abc, "/self-care/audit.csv").await,
    ];
    for (place, answer) in told.iter().enumerate() {
        assert_eq!(answer.status, StatusCode::OK);
        for word in ["record_account_only", "account only", "Fraud"] {
            assert!(!answer.body.contains(word), "answer {place} tells of “{word}”: {}", answer.body);
        }
    }
    // Nor does a search tell, in which the letters of the value could be tried one by one.
    let abc = template.demo.id("customer", "abc");
    let found = async |person, words: &str| {
        let q = form_urlencoded::byte_serialize(words.as_bytes()).collect::<String>();
        let fields = [("id", abc.clone()), ("args[q]", words.to_owned())];
        let account = [("id", john.clone()), ("args[q]", words.to_owned())];
        let home = if person == Person::Abc { "/self-care" } else { "/admin" };
        [
            world.post(person, "/api/audit_list", &fields[1..]).await.body,
            world.post(person, "/api/customer_history", &fields).await.body,
            world.post(person, "/api/account_history", &account).await.body,
            world.page(person, &format!("{home}/audit.csv?q={q}")).await.body,
        ]
        .map(|body| body.matches("changed").count())
    };
    for words in ["f", "fraud", "suspected fra", "record account only", "suspended"] {
        assert_eq!(found(Person::Abc, words).await, [0; 4], "{words}");
    }
    assert_eq!(found(Person::Administrator, "fraud").await, [1, 1, 0, 1]);
    assert_eq!(found(Person::Administrator, "account only").await, [1, 1, 1, 1]);
}

/// Nobody fills the log by asking for what they may not have.
#[tokio::test]
async fn a_refusal_that_is_asked_for_again_and_again_is_told_once_a_minute() {
    let template = Template::new().await;
    let world = template.world().await;
    for _ in 0..20 {
        assert_eq!(world.page(Person::John, "/admin/customers").await.status, StatusCode::FORBIDDEN);
        assert_eq!(world.post(Person::John, "/api/dashboard_read", &[]).await.status, StatusCode::FORBIDDEN);
    }
    for path in ["/admin/customers", "dashboard_read"] {
        let line = format!("john refused {path} ");
        let told = world.audit().await.iter().filter(|told| told.starts_with(&line)).count();
        // A minute may have ended meanwhile.
        assert!((1..=2).contains(&told), "{path} was told {told} times");
    }
}

/// Customers deal with the provider, not with the persons behind it.
#[tokio::test]
async fn a_customer_is_not_told_who_of_the_provider_did_something() {
    let template = Template::new().await;
    let world = template.world().await;
    let (abc, john) = (template.demo.id("customer", "abc"), template.demo.id("account", "abc744"));
    let block = [
        ("customer", abc.clone()),
        ("account", john.clone()),
        ("was", "open".to_owned()),
        ("status", "blocked".to_owned()),
        ("reason", "Lost phone".to_owned()),
    ];
    assert_eq!(world.post(Person::Administrator, "/api/status_set", &block).await.status, StatusCode::OK);
    let first_page = [("args[q]", String::new())];
    let told = async |person, home: &str, account: &str| {
        let late = world.post(person, "/api/status_set", &block).await;
        assert_eq!(late.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", late.body);
        [
            late.body,
            world.post(person, "/api/audit_list", &first_page).await.body,
            world.page(person, &format!("{home}/audit")).await.body,
            world.page(person, &format!("{home}/audit.csv")).await.body,
            world.page(person, &format!("{account}/{john}/status")).await.body,
        ]
    };
    // As a name stands in a sentence, in JSON, in a cell of a page and in a file.
    let names = |body: &str, name: &str| {
        [("“", " changed"), ("\"", "\""), (">", "<"), (",", ",")].iter().any(|(before, after)| {
            body.contains(&format!("{before}{name}{after}")) || body.contains(&format!("{name} changed the status"))
        })
    };
    for (place, body) in told(Person::Abc, "/self-care", "/self-care/extensions").await.iter().enumerate() {
        assert!(!names(body, "admin"), "answer {place} names who it was: {body}");
        assert!(names(body, "The provider"), "answer {place} does not say that it was the provider: {body}");
    }
    for (place, body) in told(Person::Administrator, "/admin", "/admin/accounts").await.iter().enumerate() {
        assert!(names(body, "admin") && !names(body, "The provider"), "answer {place}: {body}");
    }
    let by = async |who: &str| {
        let fields = [("args[filters][who]", who.to_owned())];
        world.post(Person::Abc, "/api/audit_list", &fields).await.body.contains("Lost phone")
    };
    assert!(by("the provider").await && !by("admin").await);
}

/// PRODUCT §2, privacy: with a role that has the permission, the option is shown and works.
#[tokio::test]
async fn a_role_with_the_permission_shows_the_option_and_lets_it_be_set() {
    let template = Template::new().await;
    let world = template.world().await;
    let john = template.demo.id("account", "abc744");
    let role = [
        ("name", "Private".to_owned()),
        ("audience", "account".to_owned()),
        ("base", "view".to_owned()),
        ("entries[account/recording/account_only]", "modify".to_owned()),
    ];
    let done = world.post(Person::Administrator, "/api/role_create", &role).await;
    let role = done.body.split("/admin/roles/").nth(1).unwrap().split('"').next().unwrap();
    let give =
        [("id", john.clone()), ("version", template.demo.version("account", "abc744")), ("role", role.to_owned())];
    assert_eq!(world.post(Person::Administrator, "/api/account_save", &give).await.status, StatusCode::OK);
    let page = world.page(Person::John, "/self-care/recording").await;
    assert!(page.body.contains(Setting::RecordAccountOnly.own_label()));
    assert_eq!(set_account_only(&world, &template.demo, Person::John, &john).await, StatusCode::OK);
    let olivia = template.demo.id("account", "abc745");
    assert_eq!(set_account_only(&world, &template.demo, Person::John, &olivia).await, StatusCode::NOT_FOUND);
}

/// Sessions are looked at with every request: what was taken away is gone at once.
#[tokio::test]
async fn whoever_is_blocked_or_loses_the_sign_in_is_signed_out_at_once() {
    let template = Template::new().await;
    let world = template.world().await;
    let of = |extension: &str, more: &[(&'static str, &str)]| {
        let account = template.demo.id("account", &format!("abc{extension}"));
        let owner = [("customer", template.demo.id("customer", "abc")), ("account", account)];
        owner.into_iter().chain(more.iter().map(|(name, value)| (*name, (*value).to_owned()))).collect::<Vec<_>>()
    };
    let block = of("744", &[("was", "open"), ("status", "blocked"), ("reason", "Lost phone")]);
    let version = template.demo.version("sign_in", "olivia");
    assert_eq!(world.post(Person::Abc, "/api/status_set", &block).await.status, StatusCode::OK);
    assert_eq!(
        world.post(Person::Abc, "/api/sign_in_remove", &of("745", &[("version", &version)])).await.status,
        StatusCode::OK
    );
    for person in [Person::John, Person::Olivia] {
        let answer = world.post(person, "/api/own_codes_read", &[]).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{person:?}: {}", answer.body);
        assert_eq!(world.page(person, "/self-care").await.header("location"), "/sign-in?next=%2Fself-care");
    }
}

/// What was taken away does not come back by itself either: not even to a browser that did not ask meanwhile.
#[tokio::test]
async fn whoever_is_let_in_again_has_to_sign_in_again() {
    let template = Template::new().await;
    let (world, demo) = (template.world().await, &template.demo);
    let as_admin = async |function: &str, fields: &[(&str, String)]| {
        let answer = world.post(Person::Administrator, &format!("/api/{function}"), fields).await;
        assert_eq!(answer.status, StatusCode::OK, "{function}: {}", answer.body);
    };
    let status = |account: Option<&str>, was: &str, status: &str| {
        let typed = [("was", was.to_owned()), ("status", status.to_owned()), ("reason", "Lost laptop".to_owned())];
        let account = account.map(|name| ("account", demo.id("account", name)));
        [("customer", demo.id("customer", "abc"))].into_iter().chain(account).chain(typed).collect::<Vec<_>>()
    };
    as_admin("status_set", &status(Some("abc744"), "open", "blocked")).await;
    as_admin("status_set", &status(Some("abc744"), "blocked", "open")).await;
    assert!(is_signed_out(&world, Person::John).await && !is_signed_out(&world, Person::Olivia).await);
    as_admin("status_set", &status(None, "open", "blocked")).await;
    as_admin("status_set", &status(None, "blocked", "open")).await;
    assert!(is_signed_out(&world, Person::Abc).await && is_signed_out(&world, Person::Olivia).await);
    for (step, active) in ["off", "on"].into_iter().enumerate() {
        let version = demo.version("administrator", "Rita Reader").parse::<usize>().unwrap() + step;
        let rita = [
            ("id", demo.id("administrator", "Rita Reader")),
            ("version", version.to_string()),
            ("active", active.to_owned()),
        ];
        as_admin("administrator_active", &rita).await;
    }
    assert!(is_signed_out(&world, Person::Reader).await && !is_signed_out(&world, Person::Panda).await);
}

async fn is_signed_out(world: &World, person: Person) -> bool {
    world.post(person, "/api/customer_list_classes", &[]).await.status == StatusCode::UNAUTHORIZED
}

/// Whoever saves second is told what the first changed: as far as the role shows it.
#[tokio::test]
async fn a_conflict_tells_nothing_that_the_role_hides() {
    let template = Template::new().await;
    let (world, demo) = (template.world().await, &template.demo);
    let version = demo.version("account", "abc744");
    let change = [
        ("id", demo.id("account", "abc744")),
        ("version", version.clone()),
        ("email", "from.above@abc.example".to_owned()),
        ("role", demo.id("access_role", "Spare")),
    ];
    let saved = world.post(Person::Administrator, "/api/account_save", &change).await;
    assert_eq!(saved.status, StatusCode::OK, "{}", saved.body);
    let own = [("version", version.clone()), ("last_name", "Late".to_owned())];
    // The new role lets John change nothing: the company saves in his place, and sees the profile but no roles.
    assert_eq!(world.post(Person::John, "/api/profile_save", &own).await.status, StatusCode::FORBIDDEN);
    let own = [own.as_slice(), &[("id", demo.id("account", "abc744"))]].concat();
    let told = world.post(Person::Abc, "/api/account_save", &own).await;
    assert_eq!(told.status, StatusCode::CONFLICT);
    assert!(told.body.contains("from.above@abc.example"), "{}", told.body);
    assert!(!told.body.contains("role") && !told.body.contains("Spare"), "{}", told.body);
}

/// PRODUCT §1: the mark *Never supervise* protects an extension, whoever manages the members.
#[tokio::test]
async fn whoever_may_not_mark_members_strips_no_mark_and_is_told_of_none() {
    let template = Template::new().await;
    let (world, demo) = (template.world().await, &template.demo);
    let group = [("customer", demo.id("customer", "abc")), ("id", demo.id("huntgroup", "abc7700"))];
    let of = |extension: &str, more: &[(&'static str, &str)]| {
        let account = ("account", demo.id("account", &format!("abc{extension}")));
        let more = more.iter().map(|(name, value)| (*name, (*value).to_owned()));
        group.clone().into_iter().chain([account]).chain(more).collect::<Vec<_>>()
    };
    let role = [
        ("name", "Members only".to_owned()),
        ("audience", "customer".to_owned()),
        ("base", "modify".to_owned()),
        ("entries[ip_centrex/huntgroups/supervision]", "forbidden".to_owned()),
    ];
    let done = world.post(Person::Administrator, "/api/role_create", &role).await;
    let role = done.body.split("/admin/roles/").nth(1).unwrap().split('"').next().unwrap();
    let assign = [
        ("customer", demo.id("customer", "abc")),
        ("was", demo.id("access_role", "Customer")),
        ("role", role.to_owned()),
    ];
    assert_eq!(world.post(Person::Administrator, "/api/customer_role_assign", &assign).await.status, StatusCode::OK);
    let mark = of("744", &[("never_supervise", "on")]);
    assert_eq!(world.post(Person::Administrator, "/api/huntgroup_member_mark", &mark).await.status, StatusCode::OK);
    let before = world.dump().await;
    let version = [("version", demo.version("huntgroup", "abc7700"))];
    for (function, fields) in
        [("huntgroup_member_remove", of("744", &[])), ("huntgroup_delete", [group.as_slice(), &version].concat())]
    {
        let answer = world.post(Person::Abc, &format!("/api/{function}"), &fields).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{function}: {}", answer.body);
    }
    let late = [group.as_slice(), &[("version", demo.version("huntgroup", "abc7700")), ("ring_seconds", "30".into())]];
    let told = world.post(Person::Abc, "/api/huntgroup_save", &late.concat()).await;
    assert_eq!(told.status, StatusCode::CONFLICT);
    assert!(told.body.contains(r#""changes":[]"#), "{}", told.body);
    assert_eq!(before, world.dump().await);
    // A member without the mark comes and goes as before.
    let other = of("745", &[]);
    assert_eq!(world.post(Person::Abc, "/api/huntgroup_member_remove", &other).await.status, StatusCode::OK);
}
