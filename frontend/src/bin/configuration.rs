//! The browser's program for the pages where the provider's staff sets up what is for all customers.

fn main() {
    tandem_frontend::take_over(tandem_app::routes::ConfigurationApp);
}
