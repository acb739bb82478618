//! How much the browser has to load, and what it may be.

use std::path::Path;

use crate::{
    browser_code,
    error::{AtPath, Error, Result},
};

/// DESIGN, "Web": WebAssembly of the whole application at first load, in bytes with Brotli. Not reached yet; `make bench`
/// tells how far it is.
pub const WASM_TARGET: u64 = 300 * 1024;

/// What it must not grow beyond on the way there. Lower it whenever the WebAssembly has become smaller.
pub const WASM_LIMIT: u64 = 568 * 1024;

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

/// Prints the sizes of a release site and fails above the limit.
pub fn report(site: &Path) -> Result<()> {
    println!("{:<16} {:>10} {:>10} {:>10}", "bytes", "raw", "gzip", "brotli");
    for name in [browser_code::WASM, browser_code::SCRIPT, "tandem.css"] {
        let Size { raw, gzip, brotli } = of(site, name)?;
        println!("{name:<16} {raw:>10} {gzip:>10} {brotli:>10}");
    }
    let wasm = of(site, browser_code::WASM)?.brotli;
    let kib = wasm.div_ceil(1024);
    println!("WebAssembly with Brotli: {kib} KiB; limit {}, target {}", WASM_LIMIT / 1024, WASM_TARGET / 1024);
    if wasm > WASM_LIMIT { Err(Error::TooLarge { actual: wasm, limit: WASM_LIMIT }) } else { Ok(()) }
}
