//! The browser's program for the pages about a company's and an end user's calls, with the phone.

fn main() {
    tandem_frontend::take_over(tandem_app::routes::CallsApp);
}
