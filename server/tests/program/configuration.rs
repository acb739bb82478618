//! Configuration that is refused, and configuration that is explained.

use crate::tandem::{run, tandem, text};

#[test]
fn a_mistake_ends_the_start_with_file_line_key_and_what_is_allowed() {
    let here = tempfile::tempdir().unwrap();
    std::fs::write(here.path().join("tandem.toml"), "[log]\nformat = \"xml\"\ncolor = true\n").unwrap();
    for command in ["serve", "check-config", "migrate"] {
        let refused = run(here.path(), &[command]);
        assert_eq!(refused.status.code(), Some(2), "{command}");
        let said = text(&refused.stderr);
        assert!(said.contains("tandem.toml:2: log.format = \"xml\": expected text or json"), "{said}");
        assert!(said.contains("tandem.toml:3: unknown key \"log.color\"; there are log.format, log.level"), "{said}");
    }
    assert!(!here.path().join("data").exists(), "a refused start must leave nothing behind");
}

#[test]
fn variables_and_options_are_checked_too() {
    let here = tempfile::tempdir().unwrap();
    let refused =
        tandem(&["serve", "--http", "here"]).current_dir(&here).env("TANDEM_LOG_LEVL", "info").output().unwrap();
    assert_eq!(refused.status.code(), Some(2));
    let said = text(&refused.stderr);
    assert!(said.contains("option --http: http.listen = \"here\""), "{said}");
    assert!(said.contains("TANDEM_LOG_LEVL: unknown variable; did you mean TANDEM_LOG_LEVEL?"), "{said}");
}

#[test]
fn a_named_file_must_exist() {
    let here = tempfile::tempdir().unwrap();
    let refused = run(here.path(), &["check-config", "--config", "none.toml"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(text(&refused.stderr).contains("none.toml: No such file"), "{}", text(&refused.stderr));
}

#[test]
fn the_reference_is_accepted_as_it_is_printed() {
    let here = tempfile::tempdir().unwrap();
    let reference = text(&run(here.path(), &["check-config", "--reference"]).stdout);
    std::fs::write(here.path().join("tandem.toml"), &reference).unwrap();
    let checked = run(here.path(), &["check-config"]);
    assert!(checked.status.success(), "{}", text(&checked.stderr));
    assert!(text(&checked.stdout).contains("The configuration is good."));
}

#[test]
fn a_demonstration_ignores_the_real_configuration_beside_it() {
    let here = tempfile::tempdir().unwrap();
    std::fs::write(here.path().join("tandem.toml"), "[database]\nurl = \"postgres://127.0.0.1:1/real\"\n").unwrap();
    let serving = crate::tandem::Serving::start(here.path(), &["demo", "--http", "127.0.0.1:0"]);
    assert_eq!(serving.get("/readyz").0, 200);
}

#[test]
fn the_readme_shows_the_configuration_as_it_is() {
    let here = tempfile::tempdir().unwrap();
    let reference = text(&run(here.path(), &["check-config", "--reference"]).stdout);
    let readme = include_str!("../../../README.md");
    let (_, rest) = readme.split_once("<!-- configuration reference: begin").unwrap();
    let (shown, _) = rest.split_once("<!-- configuration reference: end -->").unwrap();
    assert!(
        shown.contains(&format!("```toml\n{}\n```", reference.trim_end())),
        "put the output of `tandem check-config --reference` into README.md"
    );
}

#[test]
fn an_announcement_that_cannot_be_played_is_told_and_keeps_nobody_from_calling() {
    let here = tempfile::tempdir().unwrap();
    std::fs::write(here.path().join("tandem.toml"), "[sip]\nprompts = \"own\"\n").unwrap();
    std::fs::create_dir(here.path().join("own")).unwrap();
    std::fs::write(here.path().join("own/unknown_number.wav"), "this is no sound").unwrap();
    let serving = crate::tandem::Serving::start(here.path(), &["serve", "--http", "127.0.0.1:0"]);
    assert_eq!(serving.get("/readyz").0, 200);
    serving.signal("TERM");
    let (code, log) = serving.wait();
    assert_eq!(code, Some(0), "{log}");
    assert!(log.contains("own/unknown_number.wav cannot be played"), "{log}");
    assert!(log.contains("(sip.prompts)"), "{log}");
}
