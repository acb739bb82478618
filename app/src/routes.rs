//! Every page's address, and the frames around the pages.
//!
//! All pages are rendered whole on the server ([`SsrMode::Async`]), so that each works before or without WebAssembly.
//! The frames are parent routes: they stay while pages change below them.

use leptos::prelude::*;
use leptos_meta::{Title, provide_meta_context};
use leptos_router::{
    MatchNestedRoutes, SsrMode,
    components::{Outlet, ParentRoute, ParentRouteProps, Route, Router, Routes, RoutesProps},
    path,
};
use tandem_domain::access::Audience;

use crate::{
    context::{me_or_nobody, provide_page_context},
    error::AppError,
    pages::{
        admin::{
            account, accounts, administrators, audit, classes, customer, customers, dashboard, dialing_rules, exchange,
            mail, payment_systems, roles,
        },
        errors::{NoSuchPage, error_page},
        gallery::GalleryPage,
        profile::ProfilePage,
        recordings, self_care,
        sign_in::SignInPage,
    },
    parts::billing::{
        invoice::InvoicePage, invoices::InvoicesPage, payment::PaymentPage, payments::PaymentsPage,
        transactions::TransactionsPage,
    },
    phone::{dock::dock, provide_phone},
    programs::Program,
    ui::{frame::Frame, guard::BackButton, toast::Toasts},
};

/// The page's title, with the application's. On the server it becomes a part of the page as it stands here, names that
/// people chose included, so what would end the element is written as an entity; in the browser it is set as text.
fn whole_title(title: String) -> String {
    let whole = if title.is_empty() { "Tandem".to_owned() } else { format!("{title} · Tandem") };
    if cfg!(feature = "ssr") { whole.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;") } else { whole }
}

/// A page as the table of routes has it: all are of one type, so that a route's code is there once and not once for every page.
macro_rules! page {
    ($page:path) => {{
        let page: fn() -> AnyView = || $page().into_any();
        page
    }};
}

/// The whole application, as the server renders it.
#[component]
pub fn App() -> impl IntoView {
    application((sign_in_routes(), admin_routes(), gallery_routes(), self_care_routes(), profile_routes(own_frame)))
}

/// What the browser has of the application on the page where one signs in ([`Program::SignIn`]).
#[component]
pub fn SignInApp() -> impl IntoView {
    provide_context(Program::SignIn);
    application(sign_in_routes())
}

/// What the browser of the provider's staff has of it for customers and their money ([`Program::Administrator`]).
#[component]
pub fn AdministratorApp() -> impl IntoView {
    provide_context(Program::Administrator);
    application(administrator_routes())
}

/// What it has for what the exchange does and did ([`Program::Exchange`]).
#[component]
pub fn ExchangeApp() -> impl IntoView {
    provide_context(Program::Exchange);
    application(exchange_routes())
}

/// What it has where it sets up what is for all ([`Program::Configuration`]).
#[component]
pub fn ConfigurationApp() -> impl IntoView {
    provide_context(Program::Configuration);
    application(configuration_routes())
}

/// What it has on the page that shows the design system ([`Program::Gallery`]).
#[component]
pub fn GalleryApp() -> impl IntoView {
    provide_context(Program::Gallery);
    application(gallery_routes())
}

/// What the browser of a company's administrators has of it ([`Program::Company`]).
#[component]
pub fn CompanyApp() -> impl IntoView {
    provide_context(Program::Company);
    application(company_routes())
}

/// What the browser of an end user has of it ([`Program::Person`]).
#[component]
pub fn PersonApp() -> impl IntoView {
    provide_context(Program::Person);
    application(person_routes())
}

/// What the browser of either has of it for calls ([`Program::Calls`]).
#[component]
pub fn CallsApp() -> impl IntoView {
    provide_context(Program::Calls);
    application(calls_routes())
}

/// What it has where one pays ([`Program::Billing`]).
#[component]
pub fn BillingApp() -> impl IntoView {
    provide_context(Program::Billing);
    application(billing_routes())
}

/// What is around all pages.
fn application(routes: impl MatchNestedRoutes + Clone + Send + 'static) -> impl IntoView {
    provide_meta_context();
    provide_page_context();
    provide_phone();
    provide_context(BackButton::before_the_router());
    view! {
        <Title formatter=whole_title />
        <Router>
            <Toasts>{all_routes(routes)}</Toasts>
        </Router>
    }
}

fn all_routes(routes: impl MatchNestedRoutes + Clone + Send + 'static) -> impl IntoView {
    Routes(RoutesProps::builder().fallback(NoSuchPage).children(ToChildren::to_children(move || routes)).build())
}

/// Where one signs in.
fn sign_in_routes() -> impl MatchNestedRoutes + Clone {
    view! { <Route path=path!("/sign-in") view=page!(SignInPage) ssr=SsrMode::Async /> }.into_inner()
}

/// The pages that everybody has, in the frame of whoever is signed in.
fn profile_routes(frame: fn() -> AnyView) -> impl MatchNestedRoutes + Clone {
    view! {
        <ParentRoute path=path!("/profile") view=frame ssr=SsrMode::Async>
            <Route path=path!("") view=page!(ProfilePage) ssr=SsrMode::Async />
        </ParentRoute>
    }
    .into_inner()
}

/// Those of [`Program::Administrator`].
fn administrator_routes() -> impl MatchNestedRoutes + Clone {
    (below_admin(admin_pages()), profile_routes(frame))
}

/// Those of [`Program::Exchange`].
fn exchange_routes() -> impl MatchNestedRoutes + Clone {
    below_admin(admin_exchange_pages())
}

/// Those of [`Program::Configuration`].
fn configuration_routes() -> impl MatchNestedRoutes + Clone {
    below_admin(admin_configuration_pages())
}

/// The provider's pages, of all.
fn admin_routes() -> impl MatchNestedRoutes + Clone {
    below_admin((admin_pages(), admin_exchange_pages(), admin_configuration_pages()))
}

fn below_admin<Pages>(pages: Pages) -> impl MatchNestedRoutes + Clone
where
    Pages: MatchNestedRoutes + Clone + Send + 'static,
{
    let route =
        ParentRouteProps::builder().path(path!("/admin")).view(admin_area as fn() -> AnyView).ssr(SsrMode::Async);
    ParentRoute(route.children(ToChildren::to_children(move || pages)).build())
}

/// The pages about customers and their money ([`Program::Administrator`]).
fn admin_pages() -> impl MatchNestedRoutes + Clone {
    view! {
        <Route path=path!("") view=page!(dashboard::DashboardPage) ssr=SsrMode::Async />
        <Route path=path!("/customers") view=page!(customers::CustomersPage) ssr=SsrMode::Async />
        <Route path=path!("/customers/new") view=page!(customers::NewCustomerPage) ssr=SsrMode::Async />
        <Route path=path!("/customers/:id") view=page!(customer::CustomerPage) ssr=SsrMode::Async />
        <Route path=path!("/customers/:id/voice") view=page!(customer::CustomerVoicePage) ssr=SsrMode::Async />
        <Route path=path!("/customers/:id/accounts") view=page!(customer::CustomerAccountsPage) ssr=SsrMode::Async />
        <Route path=path!("/customers/:id/accounts/new") view=page!(accounts::NewAccountPage) ssr=SsrMode::Async />
        <Route path=path!("/customers/:id/huntgroups") view=page!(customer::CustomerHuntgroupsPage) ssr=SsrMode::Async />
        <Route path=path!("/customers/:id/numbers") view=page!(customer::CustomerNumbersPage) ssr=SsrMode::Async />
        <Route path=path!("/customers/:id/billing") view=page!(customer::CustomerBillingPage) ssr=SsrMode::Async />
        <Route path=path!("/customers/:id/invoices/new") view=page!(customer::NewInvoicePage) ssr=SsrMode::Async />
        <Route path=path!("/customers/:id/status") view=page!(customer::CustomerStatusPage) ssr=SsrMode::Async />
        <Route path=path!("/customers/:id/sign-in") view=page!(customer::CustomerSignInPage) ssr=SsrMode::Async />
        <Route path=path!("/customers/:id/history") view=page!(customer::CustomerHistoryPage) ssr=SsrMode::Async />
        <Route path=path!("/accounts") view=page!(accounts::AccountsPage) ssr=SsrMode::Async />
        <Route path=path!("/accounts/:id") view=page!(account::AccountPage) ssr=SsrMode::Async />
        <Route path=path!("/accounts/:id/services") view=page!(account::AccountServicesPage) ssr=SsrMode::Async />
        <Route path=path!("/accounts/:id/status") view=page!(account::AccountStatusPage) ssr=SsrMode::Async />
        <Route path=path!("/accounts/:id/sign-in") view=page!(account::AccountSignInPage) ssr=SsrMode::Async />
        <Route path=path!("/accounts/:id/history") view=page!(account::AccountHistoryPage) ssr=SsrMode::Async />
        <Route path=path!("/invoices") view=page!(InvoicesPage) ssr=SsrMode::Async />
        <Route path=path!("/invoices/:id") view=page!(InvoicePage) ssr=SsrMode::Async />
        <Route path=path!("/payments") view=page!(PaymentsPage) ssr=SsrMode::Async />
        <Route path=path!("/payments/:id") view=page!(PaymentPage) ssr=SsrMode::Async />
        <Route path=path!("/payment-systems") view=page!(payment_systems::PaymentSystemsPage) ssr=SsrMode::Async />
        <Route path=path!("/payment-systems/new") view=page!(payment_systems::NewPaymentSystemPage) ssr=SsrMode::Async />
        <Route path=path!("/payment-systems/:id") view=page!(payment_systems::PaymentSystemPage) ssr=SsrMode::Async />
        <Route path=path!("/transactions") view=page!(TransactionsPage) ssr=SsrMode::Async />
    }
    .into_inner()
}

/// Those where it sees what the exchange does and did ([`Program::Exchange`]).
fn admin_exchange_pages() -> impl MatchNestedRoutes + Clone {
    view! {
        <Route path=path!("/calls") view=page!(exchange::LiveCallsPage) ssr=SsrMode::Async />
        <Route path=path!("/calls/:id") view=page!(exchange::CallPage) ssr=SsrMode::Async />
        <Route path=path!("/registrations") view=page!(exchange::RegistrationsPage) ssr=SsrMode::Async />
        <Route path=path!("/xdrs") view=page!(exchange::XdrsPage) ssr=SsrMode::Async />
        <Route path=path!("/recordings") view=page!(recordings::RecordingsPage) ssr=SsrMode::Async />
        <Route path=path!("/recordings/delete") view=page!(recordings::DeletePage) ssr=SsrMode::Async />
        <Route path=path!("/recordings/:id") view=page!(recordings::RecordingPage) ssr=SsrMode::Async />
        <Route path=path!("/mail") view=page!(mail::OutboxPage) ssr=SsrMode::Async />
        <Route path=path!("/mail/:id") view=page!(mail::MailPage) ssr=SsrMode::Async />
        <Route path=path!("/audit") view=page!(audit::AuditPage) ssr=SsrMode::Async />
    }
    .into_inner()
}

/// Those where it sets up what is for all ([`Program::Configuration`]).
fn admin_configuration_pages() -> impl MatchNestedRoutes + Clone {
    view! {
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
    }
    .into_inner()
}

/// The page that shows the design system.
fn gallery_routes() -> impl MatchNestedRoutes + Clone {
    view! {
        <ParentRoute path=path!("/admin/gallery") view=admin_area ssr=SsrMode::Async>
            <Route path=path!("") view=page!(GalleryPage) ssr=SsrMode::Async />
        </ParentRoute>
    }
    .into_inner()
}

/// Self-care, of all.
fn self_care_routes() -> impl MatchNestedRoutes + Clone {
    below_self_care(
        self_care_area,
        (
            own_pages(page!(self_care::dashboard::DashboardPage)),
            person_pages(),
            company_pages(),
            calls_pages(),
            billing_pages(),
        ),
    )
}

/// Those of [`Program::Company`].
fn company_routes() -> impl MatchNestedRoutes + Clone {
    let pages = (own_pages(page!(self_care::dashboard::company)), company_pages());
    (below_self_care(company_area, pages), profile_routes(frame))
}

/// Those of [`Program::Person`].
fn person_routes() -> impl MatchNestedRoutes + Clone {
    let pages = (own_pages(page!(self_care::dashboard::person)), person_pages());
    (below_self_care(person_area, pages), profile_routes(frame_with_phone))
}

/// Those of [`Program::Calls`].
fn calls_routes() -> impl MatchNestedRoutes + Clone {
    below_self_care(person_area, calls_pages())
}

/// Those of [`Program::Billing`].
fn billing_routes() -> impl MatchNestedRoutes + Clone {
    below_self_care(person_area, billing_pages())
}

fn below_self_care<Pages>(area: fn() -> AnyView, pages: Pages) -> impl MatchNestedRoutes + Clone
where
    Pages: MatchNestedRoutes + Clone + Send + 'static,
{
    let route = ParentRouteProps::builder().path(path!("/self-care")).view(area).ssr(SsrMode::Async);
    ParentRoute(route.children(ToChildren::to_children(move || pages)).build())
}

/// The pages of self-care that companies and end users have, each in their own program.
fn own_pages(dashboard: fn() -> AnyView) -> impl MatchNestedRoutes + Clone {
    view! {
        <Route path=path!("") view=dashboard ssr=SsrMode::Async />
        <Route path=path!("/history") view=page!(self_care::calls::HistoryPage) ssr=SsrMode::Async />
        <Route path=path!("/history/:id") view=page!(self_care::calls::CallPage) ssr=SsrMode::Async />
        <Route path=path!("/mailbox") view=page!(self_care::mailbox::MailboxPage) ssr=SsrMode::Async />
        <Route path=path!("/mailbox/:id") view=page!(self_care::mailbox::MailPage) ssr=SsrMode::Async />
    }
    .into_inner()
}

/// Those about calls ([`Program::Calls`]).
fn calls_pages() -> impl MatchNestedRoutes + Clone {
    view! {
        <Route path=path!("/recordings") view=page!(recordings::RecordingsPage) ssr=SsrMode::Async />
        <Route path=path!("/recordings/delete") view=page!(recordings::DeletePage) ssr=SsrMode::Async />
        <Route path=path!("/recordings/:id") view=page!(recordings::RecordingPage) ssr=SsrMode::Async />
        <Route path=path!("/console") view=page!(self_care::console::ConsolePage) ssr=SsrMode::Async />
        <Route path=path!("/wallboard") view=page!(self_care::wallboard::WallboardPage) ssr=SsrMode::Async />
    }
    .into_inner()
}

/// Those about money ([`Program::Billing`]).
fn billing_pages() -> impl MatchNestedRoutes + Clone {
    view! {
        <Route path=path!("/billing") view=page!(self_care::billing::home::BillingPage) ssr=SsrMode::Async />
        <Route path=path!("/invoices") view=page!(InvoicesPage) ssr=SsrMode::Async />
        <Route path=path!("/invoices/:id") view=page!(InvoicePage) ssr=SsrMode::Async />
        <Route path=path!("/payments") view=page!(PaymentsPage) ssr=SsrMode::Async />
        <Route path=path!("/payments/pay") view=page!(self_care::billing::pay::PayPage) ssr=SsrMode::Async />
        <Route path=path!("/payments/return") view=page!(self_care::billing::returned::ReturnPage) ssr=SsrMode::Async />
        <Route path=path!("/payments/:id") view=page!(PaymentPage) ssr=SsrMode::Async />
        <Route path=path!("/payments/:id/resume") view=page!(self_care::billing::pay::ResumePage) ssr=SsrMode::Async />
        <Route path=path!("/cards") view=page!(self_care::billing::cards::CardsPage) ssr=SsrMode::Async />
        <Route path=path!("/cards/new") view=page!(self_care::billing::cards::NewCardPage) ssr=SsrMode::Async />
        <Route path=path!("/cards/return") view=page!(self_care::billing::cards::CardReturnPage) ssr=SsrMode::Async />
        <Route path=path!("/auto-payment") view=page!(self_care::billing::auto_payment::AutoPaymentPage) ssr=SsrMode::Async />
    }
    .into_inner()
}

/// Those that end users have alone ([`Program::Person`]).
fn person_pages() -> impl MatchNestedRoutes + Clone {
    view! {
        <Route path=path!("/recording") view=page!(self_care::recording::RecordingPage) ssr=SsrMode::Async />
        <Route path=path!("/phone") view=page!(self_care::phone::PhonePage) ssr=SsrMode::Async />
        <Route path=path!("/codes") view=page!(self_care::codes::CodesPage) ssr=SsrMode::Async />
    }
    .into_inner()
}

/// Those that companies have alone ([`Program::Company`]).
fn company_pages() -> impl MatchNestedRoutes + Clone {
    view! {
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
        <Route path=path!("/audit") view=page!(self_care::audit::AuditPage) ssr=SsrMode::Async />
    }
    .into_inner()
}

/// The provider's pages; whoever else finds the way here is told so, in their own frame.
fn admin_area() -> AnyView {
    match whose() {
        Some(Audience::Administrator) | None => frame(),
        Some(Audience::Customer | Audience::Account) => {
            let refusal = AppError::Forbidden("the provider’s pages".into());
            view! { <Frame>{error_page(&refusal)}</Frame> }.into_any()
        }
    }
}

/// The pages of customers and accounts.
fn self_care_area() -> AnyView {
    self_care(own_frame)
}

/// As [`self_care_area`], in the browser of a company.
fn company_area() -> AnyView {
    self_care(frame)
}

/// As [`self_care_area`], in a browser that has the phone.
fn person_area() -> AnyView {
    self_care(frame_with_phone)
}

fn self_care(frame: fn() -> AnyView) -> AnyView {
    match whose() {
        Some(Audience::Customer | Audience::Account) | None => frame(),
        Some(Audience::Administrator) => {
            let refusal = AppError::Forbidden("self-care is for customers and their people".into());
            view! { <Frame>{error_page(&refusal)}</Frame> }.into_any()
        }
    }
}

fn frame() -> AnyView {
    view! { <Frame><Outlet /></Frame> }.into_any()
}

fn frame_with_phone() -> AnyView {
    view! { <Frame dock=dock><Outlet /></Frame> }.into_any()
}

/// On the server: the one that the page's program has.
fn own_frame() -> AnyView {
    match use_context() {
        Some(Program::Person | Program::Calls | Program::Billing) => frame_with_phone(),
        Some(
            Program::SignIn
            | Program::Administrator
            | Program::Exchange
            | Program::Configuration
            | Program::Gallery
            | Program::Company,
        )
        | None => frame(),
    }
}

/// Which kind of person is signed in.
fn whose() -> Option<Audience> {
    me_or_nobody().map(|me| me.audience())
}

#[cfg(all(test, feature = "ssr"))]
mod tests;
