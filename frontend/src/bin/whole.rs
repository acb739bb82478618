//! All of the browser's programs in one, for development: the page says which of them it is.

use leptos::prelude::document;
use tandem_app::{
    programs::Program,
    routes::{
        AdministratorApp, BillingApp, CallsApp, CompanyApp, ConfigurationApp, ExchangeApp, GalleryApp, PersonApp,
        SignInApp,
    },
};
use tandem_frontend::take_over;

fn main() {
    let root = document().document_element();
    let name = root.and_then(|root| root.get_attribute("data-program")).unwrap_or_default();
    match Program::named(&name) {
        Some(Program::SignIn) => take_over(SignInApp),
        Some(Program::Administrator) => take_over(AdministratorApp),
        Some(Program::Exchange) => take_over(ExchangeApp),
        Some(Program::Configuration) => take_over(ConfigurationApp),
        Some(Program::Gallery) => take_over(GalleryApp),
        Some(Program::Company) => take_over(CompanyApp),
        Some(Program::Person) => take_over(PersonApp),
        Some(Program::Calls) => take_over(CallsApp),
        Some(Program::Billing) => take_over(BillingApp),
        // The page stays as the server made it, and works.
        None => {}
    }
}
