//! `tandem-load` (`crates/load`): it makes calls and sound, is their other end, and tells what it measured.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    process::{Command, Stdio},
};

use super::Unmeasured;
use crate::workspace;

/// The program.
pub fn program() -> PathBuf {
    workspace::path("target/release/tandem-load")
}

/// What one run of the generator tells of one thing.
pub struct Told(BTreeMap<String, f64>);

impl Told {
    /// A figure by its name; not a number without one.
    pub fn get(&self, name: &str) -> f64 {
        self.0.get(name).copied().unwrap_or(f64::NAN)
    }
}

/// Runs the generator, which tells one thing.
pub fn run_one(arguments: &[&str]) -> Result<Told, Unmeasured> {
    run(arguments)?.pop().ok_or_else(|| Unmeasured(format!("tandem-load {} tells nothing", arguments.join(" "))))
}

/// Runs the generator, which tells a line for each thing it measured.
pub fn run(arguments: &[&str]) -> Result<Vec<Told>, Unmeasured> {
    let failed = |why: String| Unmeasured(format!("tandem-load {}: {why}", arguments.join(" ")));
    let mut command = Command::new(program());
    command.args(arguments).stdin(Stdio::null()).stderr(Stdio::piped());
    let output = command.output().map_err(|error| failed(error.to_string()))?;
    if !output.status.success() {
        return Err(failed(String::from_utf8_lossy(&output.stderr).trim().to_owned()));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let told = text.lines().map(|line| figures(line).map(Told)).collect::<Option<Vec<_>>>();
    told.ok_or_else(|| failed(format!("cannot read \"{}\"", text.trim())))
}

/// Reads a flat JSON object of numbers.
fn figures(json: &str) -> Option<BTreeMap<String, f64>> {
    let inside = json.trim().strip_prefix('{')?.strip_suffix('}')?;
    let figure = |pair: &str| {
        let (name, value) = pair.split_once(':')?;
        Some((name.trim().trim_matches('"').to_owned(), value.trim().parse().ok()?))
    };
    inside.split(',').map(figure).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_generator_is_read() {
        let read = figures("{\"sent\":10,\"cpu_us\":4.75}\n").unwrap();
        assert_eq!((read["sent"], read["cpu_us"]), (10.0, 4.75));
        assert!(figures("thread panicked").is_none());
    }
}
