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
    phone::provide_phone,
    ui::{frame::Frame, guard::BackButton, toast::Toasts},
};

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
    provide_phone();
    provide_context(BackButton::before_the_router());
    view! {
        <Title formatter=whole_title />
        <Router>
            <Toasts>
                <Routes fallback=NoSuchPage>
                    <Route path=path!("/sign-in") view=SignInPage ssr=SsrMode::Async />
                    <AdminRoutes />
                    <SelfCareRoutes />
                    <ParentRoute path=path!("/profile") view=OwnArea ssr=SsrMode::Async>
                        <Route path=path!("") view=ProfilePage ssr=SsrMode::Async />
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
            <Route path=path!("") view=dashboard::DashboardPage ssr=SsrMode::Async />
            <Route path=path!("/customers") view=customers::CustomersPage ssr=SsrMode::Async />
            <Route path=path!("/customers/new") view=customers::NewCustomerPage ssr=SsrMode::Async />
            <Route path=path!("/customers/:id") view=customer::CustomerPage ssr=SsrMode::Async />
            <Route path=path!("/customers/:id/voice") view=customer::CustomerVoicePage ssr=SsrMode::Async />
            <Route path=path!("/customers/:id/accounts") view=customer::CustomerAccountsPage ssr=SsrMode::Async />
            <Route path=path!("/customers/:id/accounts/new") view=accounts::NewAccountPage ssr=SsrMode::Async />
            <Route path=path!("/customers/:id/huntgroups") view=customer::CustomerHuntgroupsPage ssr=SsrMode::Async />
            <Route path=path!("/customers/:id/numbers") view=customer::CustomerNumbersPage ssr=SsrMode::Async />
            <Route path=path!("/customers/:id/billing") view=customer::CustomerBillingPage ssr=SsrMode::Async />
            <Route path=path!("/customers/:id/invoices/new") view=customer::NewInvoicePage ssr=SsrMode::Async />
            <Route path=path!("/customers/:id/status") view=customer::CustomerStatusPage ssr=SsrMode::Async />
            <Route path=path!("/customers/:id/sign-in") view=customer::CustomerSignInPage ssr=SsrMode::Async />
            <Route path=path!("/customers/:id/history") view=customer::CustomerHistoryPage ssr=SsrMode::Async />
            <Route path=path!("/accounts") view=accounts::AccountsPage ssr=SsrMode::Async />
            <Route path=path!("/accounts/:id") view=account::AccountPage ssr=SsrMode::Async />
            <Route path=path!("/accounts/:id/services") view=account::AccountServicesPage ssr=SsrMode::Async />
            <Route path=path!("/accounts/:id/status") view=account::AccountStatusPage ssr=SsrMode::Async />
            <Route path=path!("/accounts/:id/sign-in") view=account::AccountSignInPage ssr=SsrMode::Async />
            <Route path=path!("/accounts/:id/history") view=account::AccountHistoryPage ssr=SsrMode::Async />
            <Route path=path!("/calls") view=exchange::LiveCallsPage ssr=SsrMode::Async />
            <Route path=path!("/calls/:id") view=exchange::CallPage ssr=SsrMode::Async />
            <Route path=path!("/registrations") view=exchange::RegistrationsPage ssr=SsrMode::Async />
            <Route path=path!("/xdrs") view=exchange::XdrsPage ssr=SsrMode::Async />
            <Route path=path!("/recordings") view=recordings::RecordingsPage ssr=SsrMode::Async />
            <Route path=path!("/recordings/delete") view=recordings::DeletePage ssr=SsrMode::Async />
            <Route path=path!("/recordings/:id") view=recordings::RecordingPage ssr=SsrMode::Async />
            <Route path=path!("/classes") view=classes::ClassesPage ssr=SsrMode::Async />
            <Route path=path!("/classes/new") view=classes::NewClassPage ssr=SsrMode::Async />
            <Route path=path!("/classes/:id") view=classes::ClassPage ssr=SsrMode::Async />
            <Route path=path!("/roles") view=roles::RolesPage ssr=SsrMode::Async />
            <Route path=path!("/roles/new") view=roles::NewRolePage ssr=SsrMode::Async />
            <Route path=path!("/roles/:id") view=roles::RolePage ssr=SsrMode::Async />
            <Route path=path!("/dialing-rules") view=dialing_rules::DialingRulesPage ssr=SsrMode::Async />
            <Route path=path!("/dialing-rules/new") view=dialing_rules::NewDialingRulePage ssr=SsrMode::Async />
            <Route path=path!("/dialing-rules/:id") view=dialing_rules::DialingRulePage ssr=SsrMode::Async />
            <Route path=path!("/administrators") view=administrators::AdministratorsPage ssr=SsrMode::Async />
            <Route path=path!("/administrators/new") view=administrators::NewAdministratorPage ssr=SsrMode::Async />
            <Route path=path!("/administrators/:id") view=administrators::AdministratorPage ssr=SsrMode::Async />
            <Route path=path!("/mail") view=mail::OutboxPage ssr=SsrMode::Async />
            <Route path=path!("/mail/:id") view=mail::MailPage ssr=SsrMode::Async />
            <Route path=path!("/audit") view=audit::AuditPage ssr=SsrMode::Async />
            <Route path=path!("/invoices") view=InvoicesPage ssr=SsrMode::Async />
            <Route path=path!("/invoices/:id") view=InvoicePage ssr=SsrMode::Async />
            <Route path=path!("/payments") view=PaymentsPage ssr=SsrMode::Async />
            <Route path=path!("/payments/:id") view=PaymentPage ssr=SsrMode::Async />
            <Route path=path!("/payment-systems") view=payment_systems::PaymentSystemsPage ssr=SsrMode::Async />
            <Route path=path!("/payment-systems/new") view=payment_systems::NewPaymentSystemPage ssr=SsrMode::Async />
            <Route path=path!("/payment-systems/:id") view=payment_systems::PaymentSystemPage ssr=SsrMode::Async />
            <Route path=path!("/transactions") view=TransactionsPage ssr=SsrMode::Async />
            <Route path=path!("/gallery") view=GalleryPage ssr=SsrMode::Async />
        </ParentRoute>
    }
    .into_inner()
}

/// The pages of self-care.
#[component(transparent)]
fn SelfCareRoutes() -> impl leptos_router::MatchNestedRoutes + Clone {
    view! {
        <ParentRoute path=path!("/self-care") view=SelfCareArea ssr=SsrMode::Async>
            <Route path=path!("") view=self_care::dashboard::DashboardPage ssr=SsrMode::Async />
            <Route path=path!("/company") view=self_care::company::CompanyPage ssr=SsrMode::Async />
            <Route path=path!("/extensions") view=self_care::extensions::ExtensionsPage ssr=SsrMode::Async />
            <Route path=path!("/extensions/new") view=self_care::extensions::NewExtensionPage ssr=SsrMode::Async />
            <Route path=path!("/extensions/:id") view=self_care::extensions::ExtensionPage ssr=SsrMode::Async />
            <Route path=path!("/extensions/:id/services") view=self_care::extensions::ExtensionServicesPage ssr=SsrMode::Async />
            <Route path=path!("/extensions/:id/status") view=self_care::extensions::ExtensionStatusPage ssr=SsrMode::Async />
            <Route path=path!("/extensions/:id/sign-in") view=self_care::extensions::ExtensionSignInPage ssr=SsrMode::Async />
            <Route path=path!("/huntgroups") view=self_care::huntgroups::HuntgroupsPage ssr=SsrMode::Async />
            <Route path=path!("/huntgroups/new") view=self_care::huntgroups::NewHuntgroupPage ssr=SsrMode::Async />
            <Route path=path!("/huntgroups/:id") view=self_care::huntgroups::HuntgroupPage ssr=SsrMode::Async />
            <Route path=path!("/dialing-rules") view=self_care::dialing_rules::DialingRulesPage ssr=SsrMode::Async />
            <Route path=path!("/numbers") view=self_care::calls::NumbersPage ssr=SsrMode::Async />
            <Route path=path!("/calls") view=self_care::calls::LiveCallsPage ssr=SsrMode::Async />
            <Route path=path!("/history") view=self_care::calls::HistoryPage ssr=SsrMode::Async />
            <Route path=path!("/history/:id") view=self_care::calls::CallPage ssr=SsrMode::Async />
            <Route path=path!("/recordings") view=recordings::RecordingsPage ssr=SsrMode::Async />
            <Route path=path!("/recordings/delete") view=recordings::DeletePage ssr=SsrMode::Async />
            <Route path=path!("/recordings/:id") view=recordings::RecordingPage ssr=SsrMode::Async />
            <Route path=path!("/mailbox") view=self_care::mailbox::MailboxPage ssr=SsrMode::Async />
            <Route path=path!("/mailbox/:id") view=self_care::mailbox::MailPage ssr=SsrMode::Async />
            <Route path=path!("/recording") view=self_care::recording::RecordingPage ssr=SsrMode::Async />
            <Route path=path!("/phone") view=self_care::phone::PhonePage ssr=SsrMode::Async />
            <Route path=path!("/codes") view=self_care::codes::CodesPage ssr=SsrMode::Async />
            <Route path=path!("/console") view=self_care::console::ConsolePage ssr=SsrMode::Async />
            <Route path=path!("/wallboard") view=self_care::wallboard::WallboardPage ssr=SsrMode::Async />
            <Route path=path!("/audit") view=self_care::audit::AuditPage ssr=SsrMode::Async />
            <Route path=path!("/billing") view=self_care::billing::home::BillingPage ssr=SsrMode::Async />
            <Route path=path!("/invoices") view=InvoicesPage ssr=SsrMode::Async />
            <Route path=path!("/invoices/:id") view=InvoicePage ssr=SsrMode::Async />
            <Route path=path!("/payments") view=PaymentsPage ssr=SsrMode::Async />
            <Route path=path!("/payments/pay") view=self_care::billing::pay::PayPage ssr=SsrMode::Async />
            <Route path=path!("/payments/return") view=self_care::billing::returned::ReturnPage ssr=SsrMode::Async />
            <Route path=path!("/payments/:id") view=PaymentPage ssr=SsrMode::Async />
            <Route path=path!("/payments/:id/resume") view=self_care::billing::pay::ResumePage ssr=SsrMode::Async />
            <Route path=path!("/cards") view=self_care::billing::cards::CardsPage ssr=SsrMode::Async />
            <Route path=path!("/cards/new") view=self_care::billing::cards::NewCardPage ssr=SsrMode::Async />
            <Route path=path!("/cards/return") view=self_care::billing::cards::CardReturnPage ssr=SsrMode::Async />
            <Route path=path!("/auto-payment") view=self_care::billing::auto_payment::AutoPaymentPage ssr=SsrMode::Async />
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
