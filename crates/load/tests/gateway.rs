//! The engine with browsers, as a process, beside the relay that only encrypts.

use std::{collections::HashMap, process::Command};

#[test]
fn browsers_and_phones_hear_each_other_through_the_gateway_and_through_the_bare_relay() {
    let program = env!("CARGO_BIN_EXE_tandem-load");
    let arguments = ["browsers", "--calls", "3", "--mixed", "2", "--seconds", "2"];
    let output = Command::new(program).args(arguments).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let told: Vec<HashMap<String, f64>> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let all = |name: &str| told.iter().map(|told| told[name]).collect::<Vec<_>>();
    assert_eq!(all("sent"), [600.0, 600.0, 600.0, 600.0], "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!((all("misheard"), all("doubled")), (vec![0.0; 4], vec![0.0; 4]));
    assert!(told.iter().all(|told| told["delay_p50_us"] > 0.0), "{text}");
    assert!(told[3]["mixed_p50_us"] > 0.0 && told[3]["made_up"] < told[3]["mixed"], "{text}");
}
