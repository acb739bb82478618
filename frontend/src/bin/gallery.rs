//! The browser's program for the page that shows the design system.

fn main() {
    tandem_frontend::take_over(tandem_app::routes::GalleryApp);
}
