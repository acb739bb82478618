//! The browser's program for the pages of a company's administrators.

fn main() {
    tandem_frontend::take_over(tandem_app::routes::CompanyApp);
}
