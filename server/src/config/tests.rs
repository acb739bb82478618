//! Configuration as an operator meets it: what is accepted, which source wins, and how a mistake is explained.

use std::{path::PathBuf, time::Duration};

use super::{Config, DatabaseUrl, Flag, KEYS, Layers, Networks, PublicUrl, Setting, environment_name, reference};

fn file(text: &str) -> Layers {
    Layers { file: Some((PathBuf::from("tandem.toml"), text.to_owned())), ..Layers::default() }
}

fn environment(name: &str, value: &str) -> Layers {
    Layers { environment: vec![(name.to_owned(), value.to_owned())], ..Layers::default() }
}

fn refusal(layers: Layers) -> String {
    Config::load(layers).expect_err("this configuration should be refused").to_string()
}

#[test]
fn without_any_source_the_defaults_hold() {
    let config = Config::load(Layers::default()).unwrap();
    assert_eq!(config.http.listen.to_string(), "127.0.0.1:3000");
    assert_eq!(config.database_url().to_string(), "sqlite:data/tandem.sqlite");
    assert_eq!(config.session.idle, Duration::from_secs(7200));
    assert!(!config.behind_tls());
}

#[test]
fn a_flag_wins_over_the_environment_which_wins_over_the_file() {
    let mut layers = file("data_dir = \"from-file\"\n[http]\nlisten = \"127.0.0.1:1\"\n[log]\nlevel = \"warn\"\n");
    assert_eq!(Config::load(file("[http]\nlisten = \"127.0.0.1:1\"")).unwrap().http.listen.port(), 1);

    layers.environment = vec![("TANDEM_HTTP_LISTEN".into(), "127.0.0.1:2".into())];
    layers.environment.push(("TANDEM_DATA_DIR".into(), "from-environment".into()));
    layers.flags = vec![Flag { flag: "--http", key: "http.listen", value: "127.0.0.1:3".into() }];
    let config = Config::load(layers).unwrap();

    assert_eq!(config.http.listen.port(), 3);
    assert_eq!(config.data_dir, PathBuf::from("from-environment"));
    assert_eq!(config.log.level.0, tracing::Level::WARN);
}

#[test]
fn a_misspelt_key_is_refused_with_its_line_and_the_nearest_key() {
    assert_eq!(
        refusal(file("[http]\n\nlisen = \"127.0.0.1:3000\"\n")),
        "tandem.toml:3: unknown key \"http.lisen\"; did you mean http.listen?"
    );
    assert_eq!(
        refusal(environment("TANDEM_HTTP_PUBLIC_URI", "https://tandem.example")),
        "environment variable TANDEM_HTTP_PUBLIC_URI: unknown variable; did you mean TANDEM_HTTP_PUBLIC_URL?"
    );
}

#[test]
fn a_key_like_no_other_is_refused_with_all_keys() {
    let refusal = refusal(file("colour = \"blue\"\n"));
    assert!(
        refusal.starts_with("tandem.toml:1: unknown key \"colour\"; there are data_dir, http.listen,"),
        "{refusal}"
    );
}

#[test]
fn a_bad_value_is_refused_with_its_key_and_what_is_allowed() {
    assert_eq!(
        refusal(file("[log]\nformat = \"xml\"\n")),
        "tandem.toml:2: log.format = \"xml\": expected text or json"
    );
    assert_eq!(
        refusal(environment("TANDEM_LOG_LEVEL", "loud")),
        "environment variable TANDEM_LOG_LEVEL: log.level = \"loud\": expected error, warn, info, debug or trace"
    );
    let flag = Flag { flag: "--http", key: "http.listen", value: "here".into() };
    assert_eq!(
        refusal(Layers { flags: vec![flag], ..Layers::default() }),
        "option --http: http.listen = \"here\": expected an address and a port, such as 127.0.0.1:3000 or [::1]:3000"
    );
    assert_eq!(
        refusal(file("[http]\ntrusted_proxies = [[\"10.0.0.0/8\"]]\n")),
        "tandem.toml:2: http.trusted_proxies: expected an array of texts, none of them with a comma"
    );
    assert_eq!(refusal(file("http = 5\n")), "tandem.toml:1: unknown key \"http\"; did you mean http.site?");
}

#[test]
fn every_problem_is_told_at_once() {
    let refusal = refusal(file("[http]\nlisten = \"x\"\ncolour = 1\n[session]\nidle = \"soon\"\n"));
    assert_eq!(refusal.lines().count(), 3, "{refusal}");
}

#[test]
fn a_file_that_is_not_toml_is_refused_with_the_line() {
    let refusal = refusal(file("[http]\nlisten =\n"));
    assert!(refusal.starts_with("tandem.toml:2: "), "{refusal}");
}

#[test]
fn a_password_in_the_database_address_is_never_shown() {
    let refusal = refusal(environment("TANDEM_DATABASE_URL", "mysql://tandem:s3cret@db/tandem"));
    assert!(!refusal.contains("s3cret"), "{refusal}");
    let url = DatabaseUrl::read("postgres://tandem:s3@cret@db:5432/tandem?password=s3cret").unwrap();
    assert_eq!(format!("{url} {url:?}"), "postgres://…@db:5432/tandem DatabaseUrl(postgres://…@db:5432/tandem)");
}

#[test]
fn a_session_cannot_be_idle_longer_than_it_lives() {
    let refusal = refusal(file("[session]\nidle = \"2d\"\n"));
    assert!(refusal.starts_with("tandem.toml:2: session.idle: a session cannot be idle longer"), "{refusal}");
}

#[test]
fn a_session_does_not_end_while_somebody_reads() {
    let refusal = refusal(file("[session]\nidle = \"299s\"\n"));
    assert!(refusal.starts_with("tandem.toml:2: session.idle: ") && refusal.ends_with("at least 5m"), "{refusal}");
    assert!(Config::load(file("[session]\nidle = \"5m\"\n")).is_ok());
}

#[test]
fn variables_that_kubernetes_or_the_tests_set_are_no_settings() {
    for name in [
        "TANDEM_PORT_3000_TCP",
        "TANDEM_PORT_5060_UDP_ADDR",
        "TANDEM_SERVICE_HOST",
        "TANDEM_SERVICE_PORT",
        "TANDEM_SERVICE_PORT_HTTP",
        "TANDEM_TEST_POSTGRES_URL",
        "TANDEM_CONFIG",
        "PATH",
    ] {
        assert!(Config::load(environment(name, "x")).is_ok(), "{name}");
    }
    assert!(Config::load(environment("TANDEM_PORT", "tcp://10.0.0.1:3000")).is_ok());
}

#[test]
fn variables_that_only_look_like_those_of_kubernetes_or_the_tests_are_refused() {
    for name in [
        "TANDEM_PORT",
        "TANDEM_PORTS",
        "TANDEM_PORT_HTTP",
        "TANDEM_PORT_3000",
        "TANDEM_PORT_3000_TCP_URL",
        "TANDEM_SERVICE_NAME",
        "TANDEM_SERVICE_PORT_",
        "TANDEM_TEST_POSTGRES",
        "TANDEM_TEST_POSTGRES_URLS",
    ] {
        let refusal = refusal(environment(name, "3000"));
        assert!(refusal.starts_with(&format!("environment variable {name}: unknown variable")), "{refusal}");
    }
}

#[test]
fn an_item_with_a_comma_is_not_taken_for_two() {
    let list = "[http]\npublic_url = \"https://x.example\"\ntrusted_proxies = [\"10.0.0.1,10.0.0.2\"]\n";
    assert_eq!(
        refusal(file(list)),
        "tandem.toml:3: http.trusted_proxies: expected an array of texts, none of them with a comma"
    );
}

#[test]
fn a_public_url_is_an_origin_as_browsers_write_it() {
    let origin = |text: &str| PublicUrl::read(text).map(|url| url.origin().to_owned());
    assert_eq!(origin("https://Tandem.Example/"), Some("https://tandem.example".into()));
    assert_eq!(origin("https://tandem.example:443"), Some("https://tandem.example".into()));
    assert_eq!(origin("http://10.0.0.1:8080"), Some("http://10.0.0.1:8080".into()));
    let bad = [
        "tandem.example",
        "ftp://x",
        "https://x/pbx",
        "https://u@x",
        "https://x:port",
        "https://x:",
        "https://x?a",
        "",
    ];
    for text in bad {
        assert_eq!(origin(text), None, "{text}");
    }
}

#[test]
fn an_address_is_found_in_its_network() {
    let networks = Networks::read("10.0.0.0/8, ::1,192.168.1.7, fd00::/8").unwrap();
    for inside in ["10.255.0.1", "::1", "192.168.1.7", "::ffff:10.1.2.3", "fdab::1"] {
        assert!(networks.contains(inside.parse().unwrap()), "{inside}");
    }
    for outside in ["11.0.0.1", "::2", "192.168.1.8", "fe80::1"] {
        assert!(!networks.contains(outside.parse().unwrap()), "{outside}");
    }
    assert!(Networks::read("0.0.0.0/0").unwrap().contains("8.8.8.8".parse().unwrap()));
    for bad in ["10.0.0.0/33", "10.0.0", "::/129", "10.0.0.0/-1"] {
        assert_eq!(Networks::read(bad), None, "{bad}");
    }
}

#[test]
fn a_time_is_a_number_with_a_unit() {
    assert_eq!(Duration::read("15m"), Some(Duration::from_secs(900)));
    // What is said to be the most is the most.
    assert!(Duration::EXPECTED.ends_with("at most 36600d") && Duration::read("36600d").is_some());
    assert_eq!(Duration::read("36601d"), None);
    for bad in ["", "15", "m", "0s", "-1s", "1.5h", "15 m", "99999999999999999999d", "18446744073709551615d", "5é"] {
        assert_eq!(Duration::read(bad), None, "{bad}");
    }
}

#[test]
fn every_variable_name_belongs_to_one_key() {
    let mut names: Vec<String> = KEYS.iter().map(|key| environment_name(key.name)).collect();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), KEYS.len());
}

#[test]
fn the_reference_is_a_file_that_changes_nothing_and_with_its_hashes_away_sets_every_default() {
    let reference = reference();
    Config::load(file(&reference)).unwrap();

    let is_setting = |line: &&str| line.starts_with('#') && !line.starts_with("# ") && line.contains(" = ");
    let settings = reference.lines().filter(is_setting).count();
    assert_eq!(settings, KEYS.len(), "{reference}");
    let set: Vec<&str> = reference.lines().map(|line| if is_setting(&line) { &line[1..] } else { line }).collect();
    let config = Config::load(file(&set.join("\n"))).unwrap();
    assert_eq!(format!("{config:?}"), format!("{:?}", Config::load(Layers::default()).unwrap()));
}
