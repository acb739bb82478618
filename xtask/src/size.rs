//! How much the browser has to load, and the budget for it.

use std::path::Path;

use crate::{
    browser_code,
    error::{AtPath, Error, Result},
};

/// DESIGN, "Web": WebAssembly of the whole application at first load, in bytes with Brotli.
const WASM_BUDGET: u64 = 300 * 1024;

/// Prints the sizes of a release site and fails above the budget.
pub fn report(site: &Path) -> Result<()> {
    let folder = site.join("pkg");
    println!("{:<16} {:>10} {:>10} {:>10}", "bytes", "raw", "gzip", "brotli");
    let mut wasm = 0;
    for name in [browser_code::WASM, browser_code::SCRIPT, "tandem.css"] {
        let size = |suffix: &str| {
            let path = folder.join(format!("{name}{suffix}"));
            path.metadata().map(|facts| facts.len()).at(&path)
        };
        let brotli = size(".br")?;
        println!("{name:<16} {:>10} {:>10} {brotli:>10}", size("")?, size(".gz")?);
        if name == browser_code::WASM {
            wasm = brotli;
        }
    }
    println!("WebAssembly with Brotli: {} of {} KiB", wasm.div_ceil(1024), WASM_BUDGET / 1024);
    if wasm > WASM_BUDGET { Err(Error::TooLarge { actual: wasm, budget: WASM_BUDGET }) } else { Ok(()) }
}
