//! Nobody gets above the own role: neither by giving a greater one, nor by signing in as somebody who has one.

use axum::http::StatusCode;
use tandem_app::server::Clock as _;
use tandem_domain::access::Who;
use tandem_server::clock::SystemClock;
use tandem_store::{Change, StoreError, sign_ins::Terms};

use crate::{
    demo_ids::DemoIds,
    walk::Fields,
    world::{Person, Template, World},
};

const PASSWORD: &str = "zebras have stripes";

#[tokio::test]
async fn whoever_manages_administrators_alone_does_not_become_one_who_may_do_everything() {
    let template = Template::new().await;
    let (world, demo) = (template.world().await, &template.demo);
    let own = give_rita(&world, demo, "configuration/administrators").await;
    let (full, admin) = (demo.id("access_role", "Administrator"), demo.id("administrator", "Administrator"));
    let rita = demo.id("administrator", "Rita Reader");
    let version = (demo.version("administrator", "Rita Reader").parse::<i64>().unwrap() + 1).to_string();
    let save = |id: &str, version: &str, sign_in: &str, role: &str| {
        fields(&[("id", id), ("version", version), ("name", "N"), ("email", ""), ("sign_in", sign_in), ("role", role)])
    };
    let admins_version = demo.version("administrator", "Administrator");
    let create = |role: &str| {
        fields(&[("name", "Ada"), ("email", ""), ("sign_in", "ada"), ("password", PASSWORD), ("role", role)])
    };
    refused(&world, Person::Reader, "administrator_save", save(&rita, &version, "reader", &full)).await;
    refused(&world, Person::Reader, "administrator_save", save(&admin, &admins_version, "other", &own)).await;
    let password = [("id", admin.as_str()), ("version", &demo.version("sign_in", "admin")), ("password", PASSWORD)];
    refused(&world, Person::Reader, "administrator_password", fields(&password)).await;
    let off = fields(&[("id", &admin), ("version", &admins_version), ("active", "off")]);
    refused(&world, Person::Reader, "administrator_active", off).await;
    refused(&world, Person::Reader, "administrator_create", create(&full)).await;
    // What is no more than the own role can be given, and one's own record can be saved.
    done(&world, Person::Reader, "administrator_create", create(&own)).await;
    done(&world, Person::Reader, "administrator_save", save(&rita, &version, "rita", &own)).await;
}

#[tokio::test]
async fn whoever_manages_roles_alone_makes_none_that_permits_more() {
    let template = Template::new().await;
    let (world, demo) = (template.world().await, &template.demo);
    let own = give_rita(&world, demo, "configuration/roles").await;
    let entry = ("entries[configuration/roles]", "modify");
    let save = |base: &str, name: &str| {
        fields(&[("id", &own), ("version", "1"), ("name", name), ("audience", "administrator"), ("base", base), entry])
    };
    let create = |audience: &str, base: &str| fields(&[("name", "New"), ("audience", audience), ("base", base), entry]);
    refused(&world, Person::Reader, "role_save", save("modify", "Own")).await;
    refused(&world, Person::Reader, "role_create", create("administrator", "modify")).await;
    refused(&world, Person::Reader, "role_create", create("customer", "modify")).await;
    done(&world, Person::Reader, "role_create", create("customer", "view")).await;
    done(&world, Person::Reader, "role_save", save("view", "Renamed")).await;
    // A role that is above the own one is neither narrowed nor deleted.
    let done_by_admin = done(&world, Person::Administrator, "role_create", full_role("Deputy")).await;
    let deputy = new_id(&done_by_admin, "/admin/roles/");
    let narrow = [("name", "Deputy"), ("audience", "administrator"), ("base", "view")];
    let narrow = fields(&[&[("id", deputy.as_str()), ("version", "1")], &narrow[..]].concat());
    refused(&world, Person::Reader, "role_save", narrow).await;
    refused(&world, Person::Reader, "role_delete", fields(&[("id", &deputy), ("version", "1")])).await;
    done(&world, Person::Administrator, "role_delete", fields(&[("id", &deputy), ("version", "1")])).await;
}

/// What a form offers can be saved.
#[tokio::test]
async fn only_roles_within_reach_are_offered_and_the_one_that_somebody_has() {
    let template = Template::new().await;
    let (world, demo) = (template.world().await, &template.demo);
    give_rita(&world, demo, "configuration/administrators").await;
    let admin = demo.id("administrator", "Administrator");
    let offered = done(&world, Person::Reader, "administrator_roles", Fields::new()).await;
    assert!(!offered.contains("\"Administrator\"") && offered.contains("\"Own\""), "{offered}");
    let offered = done(&world, Person::Administrator, "administrator_roles", Fields::new()).await;
    assert!(offered.contains("\"Administrator\"") && offered.contains("\"Own\""), "{offered}");
    // The select shows what the person has; the page says that it cannot be changed.
    let record = done(&world, Person::Reader, "administrator_read", fields(&[("id", &admin)])).await;
    assert!(record.contains("\"above\":true") && record.contains("\"Administrator\"]"), "{record}");
}

#[tokio::test]
async fn a_sign_in_above_ones_own_role_is_shown_as_one_that_cannot_be_changed() {
    let template = Template::new().await;
    let (world, demo) = (template.world().await, &template.demo);
    give_rita(&world, demo, "customer/sign_in").await;
    let abc = fields(&[("id", &demo.id("customer", "abc"))]);
    let read = |person| done(&world, person, "customer_sign_in_read", abc.clone());
    assert!(read(Person::Reader).await.contains("\"above\":true"));
    assert!(read(Person::Administrator).await.contains("\"above\":false"));
}

#[tokio::test]
async fn whoever_manages_sign_ins_alone_does_not_sign_in_as_a_customer() {
    let template = Template::new().await;
    let (world, demo) = (template.world().await, &template.demo);
    give_rita(&world, demo, "customer/sign_in").await;
    let (abc, usual) = (demo.id("customer", "abc"), demo.id("access_role", "Customer"));
    let looks = demo.id("access_role", "Spare for customers");
    let role = |was: &str, role: &str| fields(&[("customer", &abc), ("was", was), ("role", role)]);
    let version = demo.version("sign_in", "abc");
    let password = fields(&[("customer", &abc), ("version", &version), ("password", PASSWORD)]);
    refused(&world, Person::Reader, "sign_in_save", password.clone()).await;
    refused(&world, Person::Reader, "sign_in_remove", fields(&[("customer", &abc), ("version", &version)])).await;
    // Nor is the role narrowed first.
    refused(&world, Person::Reader, "customer_role_assign", role(&usual, &looks)).await;
    done(&world, Person::Administrator, "customer_role_assign", role(&usual, &looks)).await;
    refused(&world, Person::Reader, "customer_role_assign", role(&looks, &usual)).await;
    // Now that the customer may do no more than look, its sign-in is within reach.
    done(&world, Person::Reader, "sign_in_save", password).await;
}

/// PRODUCT §2, privacy: else the company would hear, by a new password, what the account keeps to itself.
#[tokio::test]
async fn a_company_does_not_sign_in_as_an_account_that_may_hide_its_recordings() {
    let template = Template::new().await;
    let (world, demo) = (template.world().await, &template.demo);
    let (john, abc) = (demo.id("account", "abc744"), demo.id("customer", "abc"));
    let version = demo.version("sign_in", "john");
    let set =
        |version: &str| fields(&[("customer", &abc), ("account", &john), ("version", version), ("password", PASSWORD)]);
    done(&world, Person::Abc, "sign_in_save", set(&version)).await;
    let password = set(&(version.parse::<i64>().unwrap() + 1).to_string());
    let entry = ("entries[account/recording/account_only]", "modify");
    let private = fields(&[("name", "Private"), ("audience", "account"), ("base", "view"), entry]);
    let role = new_id(&done(&world, Person::Administrator, "role_create", private).await, "/admin/roles/");
    let give = [("id", john.as_str()), ("version", &demo.version("account", "abc744")), ("role", &role)];
    done(&world, Person::Administrator, "account_save", fields(&give)).await;
    refused(&world, Person::Abc, "sign_in_save", password.clone()).await;
    done(&world, Person::Administrator, "sign_in_save", password).await;
}

/// PRODUCT §2, privacy: nor as one whose role does not show the option, when the provider has set it, or a recording was made
/// while it was on.
#[tokio::test]
async fn a_company_does_not_sign_in_as_an_account_that_has_private_recordings() {
    let template = Template::new().await;
    let (world, demo) = (template.world().await, &template.demo);
    let (olivia, abc) = (demo.id("account", "abc745"), demo.id("customer", "abc"));
    let of_olivia = fields(&[("customer", &abc), ("account", &olivia)]);
    let with = |more: &[(&'static str, &str)]| [of_olivia.clone(), fields(more)].concat();
    let password = with(&[("version", &demo.version("sign_in", "olivia")), ("password", PASSWORD)]);
    let only = |was, value| with(&[("setting", "record_account_only"), ("was", was), ("value", value)]);
    done(&world, Person::Administrator, "setting_save", only("inherited", "on")).await;
    private(&world, &olivia, &password).await;
    // What is sent to the account goes to no other address by the company's hand.
    let version = demo.version("account", "abc745");
    let mail = fields(&[("customer", &abc), ("id", &olivia), ("version", &version), ("email", "boss@abc.example")]);
    let answer = world.post(Person::Abc, "/api/account_save", &mail).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", answer.body);
    assert!(answer.body.contains("only this account hears are sent to its address"), "{}", answer.body);
    done(&world, Person::Administrator, "account_save", mail).await;
    done(&world, Person::Administrator, "setting_save", only("on", "off")).await;
    let (shown, _) = (done(&world, Person::Abc, "account_sign_in_read", fields(&[("id", &olivia)])).await, ());
    assert!(shown.contains(r#""private":"""#), "{shown}");
    world
        .run("UPDATE recording SET account_only = 1, account_id = (SELECT id FROM account WHERE first_name = 'Olivia')")
        .await;
    private(&world, &olivia, &password).await;
    // Taken away it can be: that lets nobody in.
    let version = fields(&[("version", &demo.version("sign_in", "olivia"))]);
    done(&world, Person::Administrator, "sign_in_save", password).await;
    let stale = world.post(Person::Abc, "/api/sign_in_remove", &[of_olivia.clone(), version].concat()).await;
    assert_eq!(stale.status, StatusCode::CONFLICT, "{}", stale.body);
    let next = (demo.version("sign_in", "olivia").parse::<i64>().unwrap() + 1).to_string();
    done(&world, Person::Abc, "sign_in_remove", with(&[("version", &next)])).await;
    let anew = with(&[("version", "0"), ("sign_in", "olivia2"), ("password", PASSWORD)]);
    private(&world, &olivia, &anew).await;
}

/// Nor as one that it adds while recordings are its accounts' own from the first day.
#[tokio::test]
async fn a_company_gives_no_first_password_to_an_account_whose_recordings_are_its_own() {
    let template = Template::new().await;
    let (world, abc) = (template.world().await, template.demo.id("customer", "abc"));
    let on = [("customer", &*abc), ("setting", "record_account_only"), ("was", "inherited"), ("value", "on")];
    done(&world, Person::Administrator, "setting_save", fields(&on)).await;
    let account = [("customer", &*abc), ("first_name", "Nina"), ("extension", "748")];
    let with = |more: &[(&'static str, &str)]| fields(&[account.as_slice(), more].concat());
    let sign_in = with(&[("sign_in", "nina"), ("password", PASSWORD)]);
    let answer = world.post(Person::Abc, "/api/account_create", &sign_in).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", answer.body);
    assert!(answer.body.contains("add the account without a sign-in"), "{}", answer.body);
    done(&world, Person::Abc, "account_create", with(&[])).await;
}

/// The company is told why it may not set the sign-in, and who may, on the page and when it tries.
async fn private(world: &World, account: &str, fields: &Fields) {
    let before = world.dump().await;
    let answer = world.post(Person::Abc, "/api/sign_in_save", fields).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", answer.body);
    let page = world.page(Person::Abc, &format!("/self-care/extensions/{account}/sign-in")).await.body;
    for told in [answer.body, page] {
        assert!(told.contains("only your provider can change this sign-in"), "{told}");
    }
    assert_eq!(before, world.dump().await);
}

/// A role that is given while the hash of the password is computed counts, too.
#[tokio::test]
async fn a_role_that_is_given_meanwhile_is_not_signed_in_with() {
    let template = Template::new().await;
    let (world, demo) = (template.world().await, &template.demo);
    let rita = demo.id("administrator", "Rita Reader");
    let (who, full) = (Who::Administrator(rita.parse().unwrap()), demo.id("access_role", "Administrator"));
    let change = Change { at: SystemClock.now(), actor: "x", by_staff: true, address: None };
    let terms = Terms { role: demo.id("access_role", "Read-only administrator").parse().unwrap(), not_private: false };
    let set = async || world.store.sign_ins().set_password(who, None, "hash", Some(&terms), &change).await;
    set().await.unwrap();
    world.run(&format!("UPDATE administrator SET role_id = '{full}' WHERE id = '{rita}'")).await;
    assert!(matches!(set().await, Err(StoreError::InUse(_))));
}

/// Gives Rita a role that shows everything and lets her change one thing; tells the role.
async fn give_rita(world: &World, demo: &DemoIds, path: &str) -> String {
    let entry = format!("entries[{path}]");
    let role = [("name", "Own"), ("audience", "administrator"), ("base", "view"), (leak(entry), "modify")];
    let role = new_id(&done(world, Person::Administrator, "role_create", fields(&role)).await, "/admin/roles/");
    let (rita, version) = (demo.id("administrator", "Rita Reader"), demo.version("administrator", "Rita Reader"));
    let save = [("id", rita.as_str()), ("version", &version), ("name", "Rita Reader"), ("email", "")];
    let save = fields(&[&save[..], &[("sign_in", "reader"), ("role", &role)]].concat());
    done(world, Person::Administrator, "administrator_save", save).await;
    role
}

fn full_role(name: &str) -> Fields {
    fields(&[("name", name), ("audience", "administrator"), ("base", "modify")])
}

/// A field's name that is put together; a test's few bytes need not be given back.
fn leak(name: String) -> &'static str {
    name.leak()
}

fn fields(typed: &[(&'static str, &str)]) -> Fields {
    typed.iter().map(|(name, value)| (*name, (*value).to_owned())).collect()
}

/// The id of what was just made, from where the answer leads.
fn new_id(answer: &str, place: &str) -> String {
    answer.split(place).nth(1).unwrap().split('"').next().unwrap().to_owned()
}

async fn done(world: &World, person: Person, endpoint: &str, fields: Fields) -> String {
    let answer = world.post(person, &format!("/api/{endpoint}"), &fields).await;
    assert_eq!(answer.status, StatusCode::OK, "{endpoint} {fields:?}: {}", answer.body);
    answer.body
}

/// Refused, with the reason, and told in the audit log; nothing is changed.
async fn refused(world: &World, person: Person, endpoint: &str, fields: Fields) {
    world.a_minute_later();
    let before = world.dump().await;
    let answer = world.post(person, &format!("/api/{endpoint}"), &fields).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN, "{endpoint} {fields:?}: {}", answer.body);
    assert!(answer.body.contains("permits more than your"), "{}", answer.body);
    assert_eq!(before, world.dump().await, "{endpoint}");
    assert!(world.audit().await.last().is_some_and(|line| line.contains(&format!("refused {endpoint}"))));
}
