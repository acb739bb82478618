//! The browser's program for where one signs in.

fn main() {
    tandem_frontend::take_over(tandem_app::routes::SignInApp);
}
