//! The browser's program for the pages of an end user, with the phone.

fn main() {
    tandem_frontend::take_over(tandem_app::routes::PersonApp);
}
