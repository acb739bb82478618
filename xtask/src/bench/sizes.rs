//! What the browser has to load.

use super::{
    report::{Section, Verdict, kibibytes},
    wasm_crates,
};
use crate::{
    browser_code,
    site::Kind,
    size::{self, WASM_LIMIT},
};

/// So many crates are named when the WebAssembly is too large.
const CRATES: usize = 12;

pub fn measure() -> Section {
    let columns = ["", "raw", "gzip", "Brotli", "target"];
    let mut section = Section::with_columns("Files that the browser loads, release build", &columns);
    for program in browser_code::programs() {
        if row(&mut section, &browser_code::wasm(&program), Some(WASM_LIMIT)) == Verdict::Missed {
            section.note(format!("Code of {program} before wasm-opt, by crate: {}", crates(&program)));
        }
        row(&mut section, &browser_code::script(&program), None);
    }
    row(&mut section, "tandem.css", None);
    section
}

/// Adds a file's sizes; `target`: what it may be with Brotli, in bytes.
fn row(section: &mut Section, name: &str, target: Option<u64>) -> Verdict {
    let size = match size::of(&Kind::Release.folder(), name) {
        Ok(size) => size,
        Err(error) => {
            section.unmeasured(name, super::Unmeasured(error.to_string()));
            return Verdict::Free;
        }
    };
    let verdict = target.map_or(Verdict::Free, |target| Verdict::of(size.brotli <= target));
    let target = target.map(|target| format!("Brotli ≤ {} KiB", target / 1024)).unwrap_or_default();
    let cells = [name.to_owned(), kibibytes(size.raw), kibibytes(size.gzip), kibibytes(size.brotli), target];
    section.row(cells.to_vec(), verdict.clone());
    verdict
}

/// The crates with the most code in a program.
fn crates(program: &str) -> String {
    let file = browser_code::compiled(program, Kind::Release);
    let shares = std::fs::read(file).ok().and_then(|wasm| wasm_crates::shares(&wasm)).unwrap_or_default();
    let all: u64 = shares.iter().map(|(_, size)| size).sum();
    let shares = shares.iter().take(CRATES);
    let text = shares.map(|(name, size)| format!("{name} {} ({} %)", kibibytes(*size), size * 100 / all.max(1)));
    text.collect::<Vec<_>>().join(", ")
}
