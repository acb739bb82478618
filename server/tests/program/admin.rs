//! Administrators from the command line.

use crate::tandem::{run, run_with_input, text};

#[test]
fn an_administrator_is_made_with_a_password_from_a_pipe() {
    let here = tempfile::tempdir().unwrap();
    let made =
        run_with_input(here.path(), &["admin", "create", "Ada", "--email", "ada@tandem.example"], "correct horse\n");
    assert!(made.status.success(), "{}", text(&made.stderr));
    assert!(text(&made.stdout).contains("ada can sign in now"), "{}", text(&made.stdout));

    let again = run_with_input(here.path(), &["admin", "create", "ada"], "correct horse\n");
    assert_eq!(again.status.code(), Some(1));
    assert!(text(&again.stderr).contains("sign_in"), "{}", text(&again.stderr));
}

#[test]
fn what_breaks_a_rule_is_refused_in_the_rules_own_words() {
    let here = tempfile::tempdir().unwrap();
    let cases: [(&[&str], &str, &str); 5] = [
        (&["admin", "create", "ada"], "short\n", "the password: Use at least 10 characters"),
        (&["admin", "create", "ada"], "", "the password: Use at least 10 characters"),
        (&["admin", "create", "a b"], "correct horse\n", "the sign-in name: Use 2 to 64 characters"),
        (&["admin", "create", "ada", "--email", "ada"], "correct horse\n", "--email: "),
        (&["admin", "reset-password", "bob"], "correct horse\n", "there is no administrator who signs in as \"bob\""),
    ];
    for (arguments, input, expected) in cases {
        let refused = run_with_input(here.path(), arguments, input);
        assert_eq!(refused.status.code(), Some(1), "{arguments:?}");
        assert!(text(&refused.stderr).contains(expected), "{arguments:?}: {}", text(&refused.stderr));
    }
}

#[test]
fn a_password_is_reset() {
    let here = tempfile::tempdir().unwrap();
    assert!(run_with_input(here.path(), &["admin", "create", "ada"], "correct horse\n").status.success());
    let reset = run_with_input(here.path(), &["admin", "reset-password", "ada"], "battery staple\n");
    assert!(reset.status.success(), "{}", text(&reset.stderr));
}

#[test]
fn without_an_input_nothing_waits() {
    let here = tempfile::tempdir().unwrap();
    assert_eq!(run(here.path(), &["admin", "create", "ada"]).status.code(), Some(1));
}
