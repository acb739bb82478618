//! Start and end, wanted and unwanted.

use std::{
    net::TcpListener,
    time::{Duration, Instant},
};

use crate::tandem::{Serving, get, number_in, run, text};

#[test]
fn it_serves_and_ends_at_sigterm() {
    let here = tempfile::tempdir().unwrap();
    let serving = Serving::start(here.path(), &["serve", "--http", "127.0.0.1:0"]);
    assert_eq!(serving.get("/healthz").0, 200);
    assert_eq!(serving.get("/readyz").0, 200);
    assert_eq!(serving.get("/sign-in").0, 200);
    assert_eq!(serving.get("/no-such-page").0, 404);
    let (status, metrics) = serving.get("/metrics");
    assert_eq!(status, 200);
    assert!(metrics.contains("database_connections{"), "{metrics}");

    serving.signal("TERM");
    let (code, log) = serving.wait();
    assert_eq!(code, Some(0), "{log}");
    assert!(log.contains("ended"), "{log}");
}

#[test]
fn killed_at_any_moment_it_starts_again_on_the_same_data() {
    let here = tempfile::tempdir().unwrap();
    let arguments = ["demo", "--http", "127.0.0.1:0", "--data", "kept"];
    for _ in 0..2 {
        let serving = Serving::start(here.path(), &arguments);
        assert_eq!(serving.get("/readyz").0, 200);
        serving.signal("KILL");
        assert_eq!(serving.wait().0, None);
    }
    let serving = Serving::start(here.path(), &arguments);
    assert_eq!(serving.get("/readyz").0, 200);
}

#[test]
fn calls_that_were_answered_are_on_record_after_a_sudden_end() {
    let here = tempfile::tempdir().unwrap();
    let arguments = ["demo", "--http", "127.0.0.1:0", "--data", "kept"];
    let serving = Serving::start(here.path(), &arguments);
    let until = Instant::now() + Duration::from_secs(60);
    while number_in(here.path(), "SELECT COUNT(*) FROM open_call") == 0 {
        assert!(Instant::now() < until, "nobody of the demonstration has called");
        std::thread::sleep(Duration::from_millis(200));
    }
    serving.signal("KILL");
    serving.wait();
    let cut = number_in(here.path(), "SELECT COUNT(*) FROM open_call");
    assert!(cut > 0);
    let arguments = ["demo", "--http", "127.0.0.1:0", "--data", "kept", "--no-callers"];
    let serving = Serving::start(here.path(), &arguments);
    assert_eq!(serving.get("/readyz").0, 200);
    let recorded =
        "SELECT COUNT(*) FROM xdr WHERE cause = 'shutdown' AND answered_at IS NOT NULL AND ended_at >= answered_at";
    assert_eq!(number_in(here.path(), recorded), cut);
    assert_eq!(number_in(here.path(), "SELECT COUNT(*) FROM open_call"), 0);
}

#[test]
fn the_data_folder_is_nobody_elses() {
    use std::os::unix::fs::PermissionsExt as _;
    let here = tempfile::tempdir().unwrap();
    let migrated = run(here.path(), &["migrate", "--data", "private"]);
    assert!(migrated.status.success(), "{}", text(&migrated.stderr));
    let mode = here.path().join("private").metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
}

#[test]
fn a_demonstration_without_a_folder_leaves_nothing_behind() {
    let here = tempfile::tempdir().unwrap();
    let temporary = here.path().join("tmp");
    std::fs::create_dir(&temporary).unwrap();
    let mut command = crate::tandem::tandem(&["demo", "--http", "127.0.0.1:0"]);
    command.env("TMPDIR", &temporary);
    let serving = Serving::spawn(command.current_dir(&here));
    assert_eq!(std::fs::read_dir(&temporary).unwrap().count(), 1);
    serving.signal("INT");
    let (code, log) = serving.wait();
    assert_eq!(code, Some(0), "{log}");
    assert_eq!(std::fs::read_dir(&temporary).unwrap().count(), 0);
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let here = tempfile::tempdir().unwrap();
    let serving = Serving::start(here.path(), &["serve", "--http", "127.0.0.1:0"]);
    // A request whose head never ends keeps the graceful end waiting.
    let hanging = std::net::TcpStream::connect(serving.address).unwrap();
    std::io::Write::write_all(&mut &hanging, b"GET / HTTP/1.1\r\nhost: x\r\n").unwrap();
    std::thread::sleep(Duration::from_millis(200));
    serving.signal("TERM");
    std::thread::sleep(Duration::from_millis(200));
    serving.signal("TERM");
    assert_eq!(serving.wait().0, Some(1));
}

#[test]
fn an_address_in_use_is_named_with_its_option() {
    let here = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let refused = run(here.path(), &["serve", "--http", &address]);
    assert_eq!(refused.status.code(), Some(1));
    let said = text(&refused.stderr);
    assert!(said.contains(&format!("cannot listen on {address} (option --http or http.listen")), "{said}");
}

#[test]
fn measurements_can_have_an_address_of_their_own() {
    let here = tempfile::tempdir().unwrap();
    let own = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    std::fs::write(here.path().join("tandem.toml"), format!("[metrics]\nlisten = \"{own}\"\n")).unwrap();
    let serving = Serving::start(here.path(), &["serve", "--http", "127.0.0.1:0"]);
    assert_eq!(serving.get("/metrics").0, 404);
    assert_eq!(get(own, "/metrics").unwrap().0, 200);
    assert_eq!(get(own, "/readyz").unwrap().0, 200);
    assert_eq!(get(own, "/sign-in").unwrap().0, 404);
}

#[test]
fn logs_are_objects_when_asked_and_hold_no_queries() {
    let here = tempfile::tempdir().unwrap();
    std::fs::write(here.path().join("tandem.toml"), "[log]\nformat = \"json\"\n").unwrap();
    let serving = Serving::start(here.path(), &["serve", "--http", "127.0.0.1:0"]);
    serving.get("/sign-in?next=%2Fsecret");
    serving.signal("TERM");
    let (_, log) = serving.wait();
    let lines: Vec<serde_json::Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let request = lines.iter().find(|line| line["message"] == "answered").unwrap();
    assert_eq!(request["status"], 200);
    assert_eq!(request["span"]["method"], "GET");
    assert_eq!(request["span"]["path"], "/sign-in");
    assert!(request["span"]["id"].is_string(), "{request}");
    assert!(!log.contains("secret"), "{log}");
}
