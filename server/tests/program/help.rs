//! Help that teaches.

use crate::tandem::{run, text};

#[test]
fn every_command_shows_by_example_what_it_is_for() {
    let here = tempfile::tempdir().unwrap();
    let commands: [&[&str]; 8] = [
        &["--help"],
        &["serve", "--help"],
        &["demo", "--help"],
        &["migrate", "--help"],
        &["admin", "create", "--help"],
        &["admin", "reset-password", "--help"],
        &["ledger", "check", "--help"],
        &["check-config", "--help"],
    ];
    for command in commands {
        let help = text(&run(here.path(), command).stdout);
        assert!(help.contains("Examples:\n  "), "{command:?}:\n{help}");
    }
}

#[test]
fn no_password_is_ever_an_argument() {
    let here = tempfile::tempdir().unwrap();
    for command in ["create", "reset-password"] {
        let help = text(&run(here.path(), &["admin", command, "--help"]).stdout);
        assert!(!help.contains("--password"), "{help}");
        let refused = run(here.path(), &["admin", command, "ada", "a-password-typed-here"]);
        assert_eq!(refused.status.code(), Some(2));
    }
}
