//! The engine alone, as a process, with a manager who joins a call, whispers by a digit and leaves.

use std::{collections::HashMap, process::Command};

#[test]
fn a_manager_who_joins_hears_the_call_and_after_the_digit_the_agent_alone_hears_the_manager() {
    let program = env!("CARGO_BIN_EXE_tandem-load");
    let output = Command::new(program).args(["switch", "--calls", "1", "--times", "1"]).output().unwrap();
    let told: HashMap<String, f64> = serde_json::from_slice(&output.stdout).unwrap();
    let counts = ["joins", "digits", "unheard", "misheard"].map(|name| told[name]);
    assert_eq!(counts, [1.0, 1.0, 0.0, 0.0], "{}", String::from_utf8_lossy(&output.stderr));
}
