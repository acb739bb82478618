//! The browser's program for the pages of the provider's staff about customers and their money.

fn main() {
    tandem_frontend::take_over(tandem_app::routes::AdministratorApp);
}
