//! What the server makes of the components: that is also all that a browser without WebAssembly has.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use leptos::prelude::*;
use leptos_meta::provide_meta_context;
use leptos_router::{components::Router, location::RequestUrl};
use tandem_domain::{
    access::{AccessRole, Field, Level, Principal, Who},
    audit::FieldChange,
    error::FieldErrors,
    ids::Version,
};

use super::*;
use crate::{
    context::provide_page_context,
    error::{AppError, StaleEdit},
    listing::{Cell, Column, ListRow, Listing, Tone},
    post::{Done, Flash, FormFlash, Undo},
    server::{Me, PageFlash},
};

const TO: &str = "/api/save";

/// Somebody whose role is this built-in one, with a level of their own for one field.
fn somebody(role: usize, level: Option<(Field, Level)>) -> Principal {
    let id = "0190a000-0000-7000-8000-000000000001";
    let mut role: AccessRole = AccessRole::built_in()[role].clone();
    role.entries.extend(level.map(|(field, level)| (field.info().path.to_owned(), level)));
    let who = match role.audience {
        tandem_domain::access::Audience::Administrator => Who::Administrator(id.parse().unwrap()),
        tandem_domain::access::Audience::Customer => Who::Customer(id.parse().unwrap()),
        tandem_domain::access::Audience::Account => {
            Who::Account { account: id.parse().unwrap(), customer: id.parse().unwrap() }
        }
    };
    let (locale, time_zone) = Default::default();
    Principal { who, sign_in: "anna".into(), name: "Anna".into(), role, locale, time_zone, manages: false }
}

fn administrator() -> Principal {
    somebody(0, None)
}

/// The page that this person gets after the last post said this.
fn page(me: Principal, flash: Flash, content: fn() -> AnyView) -> String {
    let owner = Owner::new();
    owner.with(|| {
        let (mut parts, ()) = http::Request::builder().uri("/admin/customers").body(()).unwrap().into_parts();
        parts.extensions.insert(Me(Some(me)));
        parts.extensions.insert(PageFlash(flash));
        provide_context(parts);
        provide_context(RequestUrl::new("/admin/customers"));
        provide_meta_context();
        provide_page_context();
        crate::phone::provide_phone();
        view! { <Router><Toasts>{content()}</Toasts></Router> }.to_html()
    })
}

fn shown(me: Principal, content: fn() -> AnyView) -> String {
    page(me, Flash::default(), content)
}

fn refused(error: AppError, typed: &[(&str, &str)]) -> Flash {
    let typed = typed.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Flash { done: None, form: Some(FormFlash { to: TO.into(), typed, error }) }
}

/// The start tag that has this text in it.
fn tag<'a>(html: &'a str, with: &str) -> &'a str {
    let at = html.find(with).unwrap_or_else(|| panic!("{with} is not in {html}"));
    let start = html[..at].rfind('<').unwrap();
    &html[start..at + html[at..].find('>').unwrap()]
}

fn name_form() -> AnyView {
    view! {
        <EditForm to=TO version=Version(3)>
            <TextField name="name" label="Name" value="ABC" field=Field::CustomerName />
            <PasswordField name="password" label="Password" />
            <Checkbox name="notify" label="Notify" value=true />
        </EditForm>
    }
    .into_any()
}

#[test]
fn a_field_that_the_role_does_not_see_is_not_there() {
    let html = shown(somebody(0, Some((Field::CustomerName, Level::Forbidden))), name_form);
    assert!(!html.contains("save-name") && !html.contains("ABC"));
}

#[test]
fn a_field_that_may_only_be_viewed_is_disabled_and_says_so() {
    let html = shown(somebody(0, Some((Field::CustomerName, Level::View))), name_form);
    assert!(tag(&html, "name=\"name\"").contains(" disabled"));
    assert!(html.contains("View only"));
    assert!(!tag(&shown(administrator(), name_form), "name=\"name\"").contains(" disabled"));
}

#[test]
fn a_form_that_cannot_be_saved_has_locked_fields_and_no_save_bar() {
    fn locked() -> AnyView {
        view! {
            <EditForm to=TO version=Version(3) editable=false>
                <TextField name="name" label="Name" value="ABC" field=Field::CustomerName />
            </EditForm>
        }
        .into_any()
    }
    let html = shown(administrator(), locked);
    assert!(tag(&html, "name=\"name\"").contains("disabled"), "{html}");
    assert!(!html.contains("save-bar"), "{html}");
    assert!(!tag(&shown(administrator(), name_form), "name=\"name\"").contains("disabled"));
}

#[test]
fn after_a_refused_post_the_form_has_what_was_typed_and_the_errors_beside_the_fields() {
    let error = AppError::Invalid(FieldErrors::one("name", "Enter a name."));
    let html = page(administrator(), refused(error, &[("name", "  "), ("notify", "off")]), name_form);
    let input = tag(&html, "name=\"name\"");
    assert!(input.contains("value=\"  \"") && input.contains("aria-invalid=\"true\""));
    assert!(html.contains("href=\"#save-name\""), "the summary leads to the field");
    assert!(!tag(&html, "value=\"on\"").contains(" checked"));
}

#[test]
fn what_another_form_had_typed_does_not_appear_in_this_one() {
    let mut flash = refused(AppError::Invalid(FieldErrors::one("name", "Enter a name.")), &[("name", "typed")]);
    flash.form.as_mut().unwrap().to = "/api/another".into();
    assert!(tag(&page(administrator(), flash, name_form), "name=\"name\"").contains("value=\"ABC\""));
}

#[test]
fn forms_with_one_function_are_told_apart_by_their_hidden_fields() {
    fn two() -> AnyView {
        ["1", "2"]
            .map(|id| {
                view! {
                    <PostForm to=TO fields=vec![("id", id.to_owned())]>
                        <TextField name="name" label="Name" value="ABC" />
                    </PostForm>
                }
            })
            .collect_view()
            .into_any()
    }
    let error = AppError::Invalid(FieldErrors::one("name", "Enter a name."));
    let html = page(administrator(), refused(error, &[("id", "2"), ("name", "")]), two);
    assert!(tag(&html, "id=\"save-1-name\"").contains("value=\"ABC\""));
    assert!(tag(&html, "id=\"save-2-name\"").contains("aria-invalid"));
}

#[test]
fn a_password_is_never_filled_in() {
    let error = AppError::Invalid(FieldErrors::one("password", "Too short."));
    let html = page(administrator(), refused(error, &[("password", "hunter2")]), name_form);
    assert!(!html.contains("hunter2"));
}

#[test]
fn a_checkbox_says_off_when_it_is_not_ticked() {
    let html = shown(administrator(), name_form);
    let hidden = html.find("type=\"hidden\" name=\"notify\" value=\"off\"").unwrap();
    assert!(hidden < html.find("type=\"checkbox\"").unwrap(), "the last value counts");
}

#[test]
fn after_a_stale_edit_only_the_banner_can_save_over_the_others_work() {
    let change = FieldChange { field: "Name".into(), old: "ABC".into(), new: "ABC Ltd".into() };
    let stale = StaleEdit { version: Version(4), by: "Olivia".into(), at: "16:05".into(), changes: vec![change] };
    let html = page(administrator(), refused(AppError::Stale(stale), &[("name", "Mine")]), name_form);
    assert!(html.contains("Olivia") && html.contains("ABC Ltd") && html.contains("value=\"Mine\""));
    assert!(tag(&html, "type=\"hidden\" name=\"version\"").contains(" disabled"));
    assert!(tag(&html, "name=\"version\" value=\"4\"").starts_with("<button"));
    assert!(tag(&html, "save-bar").contains(" hidden"));
    let first = html.find("type=\"submit\"").unwrap();
    assert!(tag(&html[first - 20..], "type=\"submit\"").contains(" disabled"), "Enter must not save over it");
}

#[test]
fn what_was_done_is_said_and_can_be_undone_by_a_plain_form() {
    let undo = Undo { to: "/api/undo".into(), fields: vec![("on".into(), "off".into())] };
    let flash = Flash { done: Some(Done::say("Call supervision is on").undo(undo)), form: None };
    let html = page(administrator(), flash, || ().into_any());
    assert!(html.contains("Call supervision is on"));
    assert!(tag(&html, "action=\"/api/undo\"").contains("method=\"post\""));
}

#[test]
fn a_switch_posts_the_other_state() {
    fn switch() -> AnyView {
        view! { <InstantSwitch to=TO name="supervision" on=true label="Call supervision" field=Field::CallSupervision /> }
            .into_any()
    }
    let html = shown(administrator(), switch);
    let button = tag(&html, "role=\"switch\"");
    assert!(button.contains("value=\"off\"") && button.contains("aria-checked=\"true\""));
    assert!(tag(&shown(somebody(2, None), switch), "role=\"switch\"").contains(" disabled"), "customers only see it");
    assert!(!shown(somebody(3, None), switch).contains("supervision"), "accounts do not");
}

#[test]
fn the_navigation_has_the_pages_that_the_role_sees() {
    let frame = || view! { <Frame>"content"</Frame> }.into_any();
    let html = shown(administrator(), frame);
    assert!(tag(&html, "href=\"/admin/customers\"").contains("aria-current=\"page\""));
    assert!(html.contains("href=\"/admin/roles\""));
    let html = shown(somebody(0, Some((Field::Roles, Level::Forbidden))), frame);
    assert!(!html.contains("href=\"/admin/roles\""));
    let html = shown(somebody(3, None), || view! { <Frame>"content"</Frame> }.into_any());
    assert!(html.contains("href=\"/self-care/codes\"") && !html.contains("/self-care/huntgroups"));
}

#[test]
fn a_row_leads_where_it_says_and_shows_a_dash_for_nothing() {
    let html = shown(administrator(), || {
        let cells =
            vec![Cell::Text("ABC".into()), Cell::Figures(String::new()), Cell::Badge(Tone::Good, "Open".into())];
        let row = ListRow { href: Some("/admin/customers/1".into()), cells };
        let columns = vec![Column::sorted("Name", "name"), Column::plain("Prefix"), Column::plain("Status")];
        let listing = Listing { columns, rows: vec![row], count: 1, next: None, previous: None, hint: String::new() };
        view! { <DataTable listing=listing label="Customers" /> }.into_any()
    });
    assert_eq!(html.matches("href=\"/admin/customers/1\"").count(), 1);
    assert!(html.contains("data-label=\"Prefix\"") && html.contains("aria-label=\"none\""));
}
