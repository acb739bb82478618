//! Payments: the ledger, automatic payments, webhooks. `crates/store/examples/measure_ledger.rs` and
//! `crates/billing/examples/measure_payments.rs` and `measure_webhooks.rs` measure them on empty databases of their own, at
//! the stand-in for Stripe; the last of them over HTTP, at the release server.

use std::process::{Command, Stdio};

use super::{
    Unmeasured,
    databases::{self, Engine},
    report::{Section, Verdict},
    server,
};
use crate::{shell::say, workspace};

/// Transactions of the ledger: as many postings as a customer's balance must be told of in time.
const TRANSACTIONS: &str = "100000";
/// Payments that are begun and credited without a processor.
const CREDITED: &str = "2000";
/// Automatic payments that are due.
const PAYMENTS: &str = "10000";

pub fn measure(engine: Engine) -> Result<Section, Unmeasured> {
    say(&format!("payments on {}", engine.name()));
    let mut section = Section::new(&format!("Payments on {}", engine.name()));
    let server = server::program().display().to_string();
    let programs: [(&str, &[&str]); 3] = [
        ("measure_ledger", &[TRANSACTIONS, CREDITED]),
        ("measure_payments", &[PAYMENTS]),
        ("measure_webhooks", &[&server]),
    ];
    for (program, sizes) in programs {
        let empty = databases::empty(engine, program)?;
        let mut command = Command::new(workspace::path("target/release/examples").join(program));
        command.arg(empty.url()).args(sizes).stdin(Stdio::null()).stderr(Stdio::piped());
        let output = command.output().map_err(|error| Unmeasured(format!("{program}: {error}")))?;
        if !output.status.success() {
            return Err(Unmeasured(String::from_utf8_lossy(&output.stderr).trim().to_owned()));
        }
        for Figure { name, value, target, verdict } in figures(&String::from_utf8_lossy(&output.stdout))? {
            section.figure(&name, value, &target, verdict);
        }
    }
    section
        .note("Automatic payments are made at the stand-in for Stripe, in the same process on the same cores.".into());
    Ok(section)
}

/// What is told of one figure.
struct Figure {
    name: String,
    value: String,
    target: String,
    verdict: Verdict,
}

/// Reads lines of a name, a value, a target and the verdict, with tabs between them.
fn figures(told: &str) -> Result<Vec<Figure>, Unmeasured> {
    let read = |line: &str| {
        let [name, value, target, verdict] = line.split('\t').collect::<Vec<_>>().try_into().ok()?;
        let verdict = match verdict {
            "met" => Verdict::Met,
            "missed" => Verdict::Missed,
            "free" => Verdict::Free,
            _ => return None,
        };
        Some(Figure { name: name.into(), value: value.into(), target: target.into(), verdict })
    };
    let figures: Option<Vec<Figure>> = told.lines().map(read).collect();
    figures.filter(|figures| !figures.is_empty()).ok_or_else(|| Unmeasured(format!("cannot read \"{}\"", told.trim())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_read_with_what_the_program_thinks_of_them() {
        let figures = figures("payments\t210/s\t≥ 200/s\tmet\ncheck\t1.2 s\t\tfree\n").unwrap();
        let read = |figure: &Figure| (figure.name.clone(), figure.value.clone(), figure.target.clone());
        assert_eq!(read(&figures[0]), ("payments".into(), "210/s".into(), "≥ 200/s".into()));
        assert!(matches!(figures[0].verdict, Verdict::Met));
        assert!(matches!(figures[1].verdict, Verdict::Free));
        assert!(super::figures("").is_err());
        assert!(super::figures("payments: 210/s").is_err());
    }
}
