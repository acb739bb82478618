//! How much the browser has to load, and the budget for it.

use std::path::Path;

use crate::{
    browser_code,
    error::{AtPath, Error, Result},
};

/// DESIGN, "Web": WebAssembly of the whole application at first load, in bytes with Brotli.
pub const WASM_BUDGET: u64 = 300 * 1024;

/// A file's size, in bytes.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    pub raw: u64,
    pub gzip: u64,
    pub brotli: u64,
}

/// The size of a file in the `pkg/` of a release site.
pub fn of(site: &Path, name: &str) -> Result<Size> {
    let size = |suffix: &str| {
        let path = site.join("pkg").join(format!("{name}{suffix}"));
        path.metadata().map(|facts| facts.len()).at(&path)
    };
    Ok(Size { raw: size("")?, gzip: size(".gz")?, brotli: size(".br")? })
}

/// Prints the sizes of a release site and fails above the budget.
pub fn report(site: &Path) -> Result<()> {
    println!("{:<16} {:>10} {:>10} {:>10}", "bytes", "raw", "gzip", "brotli");
    for name in [browser_code::WASM, browser_code::SCRIPT, "tandem.css"] {
        let Size { raw, gzip, brotli } = of(site, name)?;
        println!("{name:<16} {raw:>10} {gzip:>10} {brotli:>10}");
    }
    let wasm = of(site, browser_code::WASM)?.brotli;
    println!("WebAssembly with Brotli: {} of {} KiB", wasm.div_ceil(1024), WASM_BUDGET / 1024);
    if wasm > WASM_BUDGET { Err(Error::TooLarge { actual: wasm, budget: WASM_BUDGET }) } else { Ok(()) }
}
