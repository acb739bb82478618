//! The browser's program for the pages where companies and end users pay, with the phone.

fn main() {
    tandem_frontend::take_over(tandem_app::routes::BillingApp);
}
