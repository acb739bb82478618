//! The files that browsers load.

use crate::world::{With as _, answer, ask, probes, server_with, site_folder};

#[tokio::test]
async fn files_under_their_version_are_kept_for_ever() {
    let folder = site_folder();
    let server = server_with("", &folder, &probes(Ok(())));
    let script = answer(&server, ask("/pkg/v1/self-care.js")).await;
    assert_eq!((script.status.as_u16(), script.text()), (200, "script"));
    assert_eq!(script.header("cache-control"), Some("public, max-age=31536000, immutable"));
    assert_eq!(script.header("content-type"), Some("text/javascript; charset=utf-8"));
    assert_eq!(answer(&server, ask("/pkg/v1/snippets/a/inline0.js")).await.text(), "snippet");
}

#[tokio::test]
async fn a_compressed_copy_is_sent_to_those_who_read_it() {
    let folder = site_folder();
    let server = server_with("", &folder, &probes(Ok(())));
    let script = answer(&server, ask("/pkg/v1/self-care.js").with("accept-encoding", "gzip, br")).await;
    assert_eq!(script.text(), "script, with Brotli");
    assert_eq!(script.header("content-encoding"), Some("br"));
    assert_eq!(script.header("vary"), Some("accept-encoding"));
}

#[tokio::test]
async fn another_versions_files_and_files_outside_are_not_found() {
    let folder = site_folder();
    let server = server_with("", &folder, &probes(Ok(())));
    for address in [
        "/pkg/v0/self-care.js",
        "/pkg/v1/none.js",
        "/pkg/v1/..%2Fversion",
        "/pkg/v1/%2e%2e/version",
        "/pkg/v1//etc/passwd",
    ] {
        let answer = answer(&server, ask(address)).await;
        assert_eq!(answer.status, 404, "{address}");
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{address}");
    }
}

#[tokio::test]
async fn files_without_a_version_are_asked_for_again_and_sent_only_when_changed() {
    let folder = site_folder();
    let server = server_with("", &folder, &probes(Ok(())));
    let icon = answer(&server, ask("/favicon.svg")).await;
    assert_eq!(icon.header("cache-control"), Some("public, max-age=3600"));
    assert_eq!(icon.header("content-type"), Some("image/svg+xml"));
    assert_eq!(answer(&server, ask("/icons/touch.png")).await.status, 200);

    let mut again = ask("/favicon.svg");
    again.headers_mut().insert("if-none-match", icon.headers["etag"].clone());
    let unchanged = answer(&server, again).await;
    assert_eq!((unchanged.status.as_u16(), unchanged.body.len()), (304, 0));
}

#[tokio::test]
async fn unknown_addresses_are_the_applications() {
    let folder = site_folder();
    let unknown = answer(&server_with("", &folder, &probes(Ok(()))), ask("/nowhere")).await;
    assert_eq!((unknown.status.as_u16(), unknown.text()), (404, "the application's own page for unknown addresses"));
}
