//! The books as an operator checks them.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use sqlx::{Connection as _, Executor as _};

use crate::tandem::{Serving, run, text};

const CHECK: [&str; 4] = ["ledger", "check", "--data", "kept"];

/// Somebody writes into the kept data past the program.
fn tamper(folder: &Path, statement: &str) {
    let url = format!("sqlite:{}", folder.join("kept/tandem.sqlite").display());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut connection = sqlx::SqliteConnection::connect(&url).await.unwrap();
        connection.execute(statement).await.unwrap();
    });
}

#[test]
fn books_that_are_right_are_said_to_be_and_what_is_wrong_is_told_line_by_line() {
    let here = tempfile::tempdir().unwrap();
    assert!(run(here.path(), &["migrate", "--data", "kept"]).status.success());
    let right = run(here.path(), &CHECK);
    assert_eq!(right.status.code(), Some(0), "{}", text(&right.stderr));
    assert_eq!(text(&right.stdout), "The books are right: 0 transactions, 0 payments, 0 invoices.\n");

    // Money from nowhere.
    let insert =
        "INSERT INTO ledger_account (id, kind, currency, balance, postings) VALUES ('tax:EUR', 'tax', 'EUR', 5, 0)";
    tamper(here.path(), insert);
    let wrong = run(here.path(), &CHECK);
    assert_eq!(wrong.status.code(), Some(1));
    let lines = text(&wrong.stdout);
    assert_eq!(
        lines.lines().collect::<Vec<_>>(),
        [
            "The balance of an account is not the sum of its postings: tax:EUR (5)",
            "The balances of a currency do not sum to zero: EUR (5)",
        ]
    );
    assert!(text(&wrong.stderr).contains("the books are not right: 2 problems"), "{}", text(&wrong.stderr));

    // A server says so, too.
    let serving = Serving::start(here.path(), &["serve", "--http", "127.0.0.1:0", "--data", "kept"]);
    let until = Instant::now() + Duration::from_secs(60);
    while !serving.get("/metrics").1.contains("\ntandem_ledger_problems 2\n") {
        assert!(Instant::now() < until, "{}", serving.get("/metrics").1);
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_check_changes_no_layout() {
    let here = tempfile::tempdir().unwrap();
    std::fs::create_dir(here.path().join("kept")).unwrap();
    let refused = run(here.path(), &CHECK);
    assert_eq!(refused.status.code(), Some(1));
    assert!(text(&refused.stderr).contains("another version's layout"), "{}", text(&refused.stderr));
}
