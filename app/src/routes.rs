//! Every page's address, and the frames around the pages.
//!
//! All pages are rendered whole on the server ([`SsrMode::Async`]), so that each works before or without WebAssembly.
//! The frames are parent routes: they stay while pages change below them.

use leptos::prelude::*;
use leptos_meta::{Title, provide_meta_context};
use leptos_router::{
    SsrMode,
    components::{Outlet, ParentRoute, Route, Router, Routes},
    path,
};
use tandem_domain::access::Audience;

use crate::{
    context::{me_or_nobody, provide_page_context},
    error::AppError,
    pages::{
        admin::{
            account, accounts, administrators, audit, classes, customer, customers, dashboard, dialing_rules, exchange,
            roles,
        },
        errors::{NoSuchPage, error_page},
        gallery::GalleryPage,
        profile::ProfilePage,
        self_care,
        sign_in::SignInPage,
    },
    ui::{frame::Frame, guard::BackButton, toast::Toasts},
};

/// What a route shows. One type for all pages, since the router’s code is compiled once for each type of route, and a route has
/// the type of what it shows.
type Page = fn() -> AnyView;

macro_rules! page {
    ($component:path) => {
        (|| $component().into_any()) as Page
    };
}

/// The page's title, with the application's. On the server it becomes a part of the page as it stands here, names that
/// people chose included, so what would end the element is written as an entity; in the browser it is set as text.
fn whole_title(title: String) -> String {
    let whole = if title.is_empty() { "Tandem".to_owned() } else { format!("{title} · Tandem") };
    if cfg!(feature = "ssr") { whole.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;") } else { whole }
}

/// The application.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    provide_page_context();
    provide_context(BackButton::before_the_router());
    view! {
        <Title formatter=whole_title />
        <Router>
            <Toasts>
                <Routes fallback=NoSuchPage>
                    <Route path=path!("/sign-in") view=page!(SignInPage) ssr=SsrMode::Async />
                    <AdminRoutes />
                    <SelfCareRoutes />
                    <ParentRoute path=path!("/profile") view=OwnArea ssr=SsrMode::Async>
                        <Route path=path!("") view=page!(ProfilePage) ssr=SsrMode::Async />
                    </ParentRoute>
                </Routes>
            </Toasts>
        </Router>
    }
}

/// The pages of the provider's staff.
#[component(transparent)]
fn AdminRoutes() -> impl leptos_router::MatchNestedRoutes + Clone {
    view! {
        <ParentRoute path=path!("/admin") view=AdminArea ssr=SsrMode::Async>
            <Route path=path!("") view=page!(dashboard::DashboardPage) ssr=SsrMode::Async />
            <Route path=path!("/customers") view=page!(customers::CustomersPage) ssr=SsrMode::Async />
            <Route path=path!("/customers/new") view=page!(customers::NewCustomerPage) ssr=SsrMode::Async />
            <Route path=path!("/customers/:id") view=page!(customer::CustomerPage) ssr=SsrMode::Async />
            <Route path=path!("/customers/:id/voice") view=page!(customer::CustomerVoicePage) ssr=SsrMode::Async />
            <Route path=path!("/customers/:id/accounts") view=page!(customer::CustomerAccountsPage) ssr=SsrMode::Async />
            <Route path=path!("/customers/:id/accounts/new") view=page!(accounts::NewAccountPage) ssr=SsrMode::Async />
            <Route path=path!("/customers/:id/huntgroups") view=page!(customer::CustomerHuntgroupsPage) ssr=SsrMode::Async />
            <Route path=path!("/customers/:id/numbers") view=page!(customer::CustomerNumbersPage) ssr=SsrMode::Async />
            <Route path=path!("/customers/:id/status") view=page!(customer::CustomerStatusPage) ssr=SsrMode::Async />
            <Route path=path!("/customers/:id/sign-in") view=page!(customer::CustomerSignInPage) ssr=SsrMode::Async />
            <Route path=path!("/customers/:id/history") view=page!(customer::CustomerHistoryPage) ssr=SsrMode::Async />
            <Route path=path!("/accounts") view=page!(accounts::AccountsPage) ssr=SsrMode::Async />
            <Route path=path!("/accounts/:id") view=page!(account::AccountPage) ssr=SsrMode::Async />
            <Route path=path!("/accounts/:id/services") view=page!(account::AccountServicesPage) ssr=SsrMode::Async />
            <Route path=path!("/accounts/:id/status") view=page!(account::AccountStatusPage) ssr=SsrMode::Async />
            <Route path=path!("/accounts/:id/sign-in") view=page!(account::AccountSignInPage) ssr=SsrMode::Async />
            <Route path=path!("/accounts/:id/history") view=page!(account::AccountHistoryPage) ssr=SsrMode::Async />
            <Route path=path!("/calls") view=page!(exchange::LiveCallsPage) ssr=SsrMode::Async />
            <Route path=path!("/calls/:id") view=page!(exchange::CallPage) ssr=SsrMode::Async />
            <Route path=path!("/registrations") view=page!(exchange::RegistrationsPage) ssr=SsrMode::Async />
            <Route path=path!("/xdrs") view=page!(exchange::XdrsPage) ssr=SsrMode::Async />
            <Route path=path!("/classes") view=page!(classes::ClassesPage) ssr=SsrMode::Async />
            <Route path=path!("/classes/new") view=page!(classes::NewClassPage) ssr=SsrMode::Async />
            <Route path=path!("/classes/:id") view=page!(classes::ClassPage) ssr=SsrMode::Async />
            <Route path=path!("/roles") view=page!(roles::RolesPage) ssr=SsrMode::Async />
            <Route path=path!("/roles/new") view=page!(roles::NewRolePage) ssr=SsrMode::Async />
            <Route path=path!("/roles/:id") view=page!(roles::RolePage) ssr=SsrMode::Async />
            <Route path=path!("/dialing-rules") view=page!(dialing_rules::DialingRulesPage) ssr=SsrMode::Async />
            <Route path=path!("/dialing-rules/new") view=page!(dialing_rules::NewDialingRulePage) ssr=SsrMode::Async />
            <Route path=path!("/dialing-rules/:id") view=page!(dialing_rules::DialingRulePage) ssr=SsrMode::Async />
            <Route path=path!("/administrators") view=page!(administrators::AdministratorsPage) ssr=SsrMode::Async />
            <Route path=path!("/administrators/new") view=page!(administrators::NewAdministratorPage) ssr=SsrMode::Async />
            <Route path=path!("/administrators/:id") view=page!(administrators::AdministratorPage) ssr=SsrMode::Async />
            <Route path=path!("/audit") view=page!(audit::AuditPage) ssr=SsrMode::Async />
            <Route path=path!("/gallery") view=page!(GalleryPage) ssr=SsrMode::Async />
        </ParentRoute>
    }
    .into_inner()
}

/// The pages of self-care.
#[component(transparent)]
fn SelfCareRoutes() -> impl leptos_router::MatchNestedRoutes + Clone {
    view! {
        <ParentRoute path=path!("/self-care") view=SelfCareArea ssr=SsrMode::Async>
            <Route path=path!("") view=page!(self_care::dashboard::DashboardPage) ssr=SsrMode::Async />
            <Route path=path!("/company") view=page!(self_care::company::CompanyPage) ssr=SsrMode::Async />
            <Route path=path!("/extensions") view=page!(self_care::extensions::ExtensionsPage) ssr=SsrMode::Async />
            <Route path=path!("/extensions/new") view=page!(self_care::extensions::NewExtensionPage) ssr=SsrMode::Async />
            <Route path=path!("/extensions/:id") view=page!(self_care::extensions::ExtensionPage) ssr=SsrMode::Async />
            <Route path=path!("/extensions/:id/services") view=page!(self_care::extensions::ExtensionServicesPage) ssr=SsrMode::Async />
            <Route path=path!("/extensions/:id/status") view=page!(self_care::extensions::ExtensionStatusPage) ssr=SsrMode::Async />
            <Route path=path!("/extensions/:id/sign-in") view=page!(self_care::extensions::ExtensionSignInPage) ssr=SsrMode::Async />
            <Route path=path!("/huntgroups") view=page!(self_care::huntgroups::HuntgroupsPage) ssr=SsrMode::Async />
            <Route path=path!("/huntgroups/new") view=page!(self_care::huntgroups::NewHuntgroupPage) ssr=SsrMode::Async />
            <Route path=path!("/huntgroups/:id") view=page!(self_care::huntgroups::HuntgroupPage) ssr=SsrMode::Async />
            <Route path=path!("/dialing-rules") view=page!(self_care::dialing_rules::DialingRulesPage) ssr=SsrMode::Async />
            <Route path=path!("/numbers") view=page!(self_care::calls::NumbersPage) ssr=SsrMode::Async />
            <Route path=path!("/calls") view=page!(self_care::calls::LiveCallsPage) ssr=SsrMode::Async />
            <Route path=path!("/history") view=page!(self_care::calls::HistoryPage) ssr=SsrMode::Async />
            <Route path=path!("/history/:id") view=page!(self_care::calls::CallPage) ssr=SsrMode::Async />
            <Route path=path!("/recording") view=page!(self_care::recording::RecordingPage) ssr=SsrMode::Async />
            <Route path=path!("/codes") view=page!(self_care::codes::CodesPage) ssr=SsrMode::Async />
            <Route path=path!("/audit") view=page!(self_care::audit::AuditPage) ssr=SsrMode::Async />
        </ParentRoute>
    }
    .into_inner()
}

/// The provider's pages; whoever else finds the way here is told so, in their own frame.
#[component]
fn AdminArea() -> impl IntoView {
    match whose() {
        Some(Audience::Administrator) | None => view! { <Frame><Outlet /></Frame> }.into_any(),
        Some(Audience::Customer | Audience::Account) => {
            let refusal = AppError::Forbidden("the provider’s pages".into());
            view! { <Frame>{error_page(&refusal)}</Frame> }.into_any()
        }
    }
}

/// The pages of customers and accounts.
#[component]
fn SelfCareArea() -> impl IntoView {
    match whose() {
        Some(Audience::Customer | Audience::Account) | None => view! { <Frame><Outlet /></Frame> }.into_any(),
        Some(Audience::Administrator) => {
            let refusal = AppError::Forbidden("self-care is for customers and their people".into());
            view! { <Frame>{error_page(&refusal)}</Frame> }.into_any()
        }
    }
}

/// Pages that everybody has, in the frame of whoever is signed in.
#[component]
fn OwnArea() -> impl IntoView {
    view! { <Frame><Outlet /></Frame> }
}

/// Which kind of person is signed in.
fn whose() -> Option<Audience> {
    me_or_nobody().map(|me| me.audience())
}
