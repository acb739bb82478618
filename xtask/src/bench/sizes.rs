//! What the browser has to load.

use super::{
    report::{Section, Verdict, kibibytes},
    wasm_crates,
};
use crate::{
    browser_code::{SCRIPT, WASM},
    site::Kind,
    size::{self, WASM_TARGET},
    workspace,
};

/// So many crates are named when the WebAssembly is too large.
const CRATES: usize = 12;

pub fn measure() -> Section {
    let columns = ["", "raw", "gzip", "Brotli", "target"];
    let mut section = Section::with_columns("Files that the browser loads, release build", &columns);
    for name in [WASM, SCRIPT, "tandem.css"] {
        let size = match size::of(&Kind::Release.folder(), name) {
            Ok(size) => size,
            Err(error) => {
                section.unmeasured(name, super::Unmeasured(error.to_string()));
                continue;
            }
        };
        let (target, verdict) = if name == WASM {
            (format!("Brotli ≤ {} KiB", WASM_TARGET / 1024), Verdict::of(size.brotli <= WASM_TARGET))
        } else {
            (String::new(), Verdict::Free)
        };
        if verdict == Verdict::Missed {
            section.note(format!("Code before wasm-opt, by crate: {}", crates()));
        }
        let cells = [name.to_owned(), kibibytes(size.raw), kibibytes(size.gzip), kibibytes(size.brotli), target];
        section.row(cells.to_vec(), verdict);
    }
    section
}

/// The crates with the most code in the WebAssembly.
fn crates() -> String {
    let file = workspace::path("target/wasm32-unknown-unknown")
        .join(Kind::Release.wasm_profile())
        .join("tandem_frontend.wasm");
    let shares = std::fs::read(file).ok().and_then(|wasm| wasm_crates::shares(&wasm)).unwrap_or_default();
    let all: u64 = shares.iter().map(|(_, size)| size).sum();
    let shares = shares.iter().take(CRATES);
    let text = shares.map(|(name, size)| format!("{name} {} ({} %)", kibibytes(*size), size * 100 / all.max(1)));
    text.collect::<Vec<_>>().join(", ")
}
