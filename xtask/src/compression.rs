//! Compressed copies beside the files of a release site, made once here instead of at every request.

use std::{path::Path, process::Command};

use crate::{error::Result, shell};

/// Node's own zlib: no dependency, and native speed in a helper that is compiled without optimisation.
const COMPRESS: &str = r#"
const { readFileSync, writeFileSync } = require("node:fs");
const zlib = require("node:zlib");
for (const file of process.argv.slice(1)) {
  const data = readFileSync(file);
  const brotli = { params: {
    [zlib.constants.BROTLI_PARAM_QUALITY]: zlib.constants.BROTLI_MAX_QUALITY,
    [zlib.constants.BROTLI_PARAM_LGWIN]: 22,
    [zlib.constants.BROTLI_PARAM_SIZE_HINT]: data.length,
  } };
  writeFileSync(`${file}.br`, zlib.brotliCompressSync(data, brotli));
  writeFileSync(`${file}.gz`, zlib.gzipSync(data, { level: 9 }));
}
"#;

/// Kinds of files that get smaller; pictures and fonts are compressed already.
const WORTH_IT: [&str; 8] = ["wasm", "js", "css", "svg", "html", "json", "txt", "webmanifest"];

/// Writes `FILE.br` and `FILE.gz` beside every file below `folder` that is worth it.
pub fn compress_all(folder: &Path) -> Result<()> {
    shell::say("compressed copies");
    let files = crate::workspace::files_below(folder);
    let worth_it = files.iter().filter(|file| {
        file.extension().and_then(|extension| extension.to_str()).is_some_and(|extension| WORTH_IT.contains(&extension))
    });
    shell::run(Command::new("node").args(["--eval", COMPRESS]).args(worth_it), "install Node.js 20 or newer")
}
