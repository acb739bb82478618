//! How much the browser has to load, and what it may be.

use std::path::Path;

use crate::{
    browser_code,
    error::{AtPath, Error, Result},
};

/// DESIGN, "Web": WebAssembly at first load, in bytes with Brotli, of every program. None may be larger.
pub const WASM_LIMIT: u64 = 300 * 1024;

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

/// Prints the sizes of a release site and fails when a program is above the limit.
pub fn report(site: &Path) -> Result<()> {
    println!("{:<24} {:>10} {:>10} {:>10}", "bytes", "raw", "gzip", "brotli");
    let mut largest = 0;
    for program in browser_code::programs() {
        let wasm = of(site, &browser_code::wasm(&program))?;
        print(&browser_code::wasm(&program), wasm);
        print(&browser_code::script(&program), of(site, &browser_code::script(&program))?);
        largest = largest.max(wasm.brotli);
    }
    print("tandem.css", of(site, "tandem.css")?);
    let kib = largest.div_ceil(1024);
    println!("largest program with Brotli: {kib} KiB; limit {}", WASM_LIMIT / 1024);
    if largest > WASM_LIMIT { Err(Error::TooLarge { actual: largest, limit: WASM_LIMIT }) } else { Ok(()) }
}

fn print(name: &str, Size { raw, gzip, brotli }: Size) {
    println!("{name:<24} {raw:>10} {gzip:>10} {brotli:>10}");
}
