//! The browser's program for the pages where the provider's staff sees what the exchange does and did.

fn main() {
    tandem_frontend::take_over(tandem_app::routes::ExchangeApp);
}
