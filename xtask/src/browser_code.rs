//! The browser's half of the application: `frontend` compiled to WebAssembly, and the JavaScript that loads it.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use walrus::Module;
use wasm_bindgen_cli_support::Bindgen;

use crate::{
    error::{AtPath, Error, Result},
    order,
    shell::{self, Cargo, say},
    site::Kind,
    stamp::{Stamp, this_helper},
    unused, workspace,
};

/// The names that `leptos::HydrationScripts` asks for, given the output name `tandem`.
pub const SCRIPT: &str = "tandem.js";
pub const WASM: &str = "tandem_bg.wasm";

/// Compiles, and gives the folder that holds the script, the WebAssembly and the snippets they import.
pub fn build(kind: Kind) -> Result<PathBuf> {
    let compiled = compile(kind)?;
    let folder = workspace::path("target/xtask").join(kind.name()).join("code");
    let stamp = Stamp::of(&format!("code-{}", kind.name()), &[compiled.clone(), this_helper()]);
    if stamp.is_current(&folder) {
        return Ok(folder);
    }
    if folder.exists() {
        std::fs::remove_dir_all(&folder).at(&folder)?;
    }
    bind(&compiled, &folder, kind)?;
    match kind {
        Kind::Development => {}
        Kind::Release => {
            prepare(&folder.join(WASM))?;
            optimise(&folder.join(WASM))?;
        }
    }
    stamp.save()?;
    Ok(folder)
}

fn compile(kind: Kind) -> Result<PathBuf> {
    let profile = kind.wasm_profile();
    say(&format!("browser code ({profile})"));
    Cargo::new("build")
        .args(["--package", "tandem-frontend", "--lib", "--target", "wasm32-unknown-unknown", "--profile", profile])
        .run()?;
    let folder = workspace::path("target/wasm32-unknown-unknown").join(kind.wasm_folder());
    Ok(folder.join("tandem_frontend.wasm"))
}

fn bind(compiled: &Path, folder: &Path, kind: Kind) -> Result<()> {
    say("JavaScript bindings");
    let mut bindgen = Bindgen::new();
    bindgen
        .web(true)
        .map_err(|error| Error::Bindings(format!("{error:#}")))?
        .input_path(compiled)
        .out_name("tandem")
        .remove_producers_section(true);
    match kind {
        Kind::Development => bindgen.keep_debug(true),
        // Names stay until the last step: functions are found and sorted by them.
        Kind::Release => &mut bindgen,
    };
    bindgen.generate(folder).map_err(|error| Error::Bindings(format!("{error:#}")))
}

/// What the optimiser cannot know by itself.
fn prepare(wasm: &Path) -> Result<()> {
    let fault = |error: anyhow::Error| Error::Module(format!("{error:#}"));
    let mut module = Module::from_file(wasm).map_err(fault)?;
    unused::empty(&mut module)?;
    order::name_by_likeness(&mut module);
    module.emit_wasm_file(wasm).map_err(fault)
}

/// What rustc's own WebAssembly may use, and no more: given leave, the optimiser writes what only some browsers can read.
const FEATURES: [&str; 7] = [
    "--enable-bulk-memory",
    "--enable-bulk-memory-opt",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
];

fn optimise(wasm: &Path) -> Result<()> {
    say("wasm-opt");
    let optimised = wasm.with_extension("optimised");
    let mut command = Command::new("node");
    command.args(["node_modules/binaryen/bin/wasm-opt", "-Oz"]);
    // By the names that `order` gave them.
    command.args(["--reorder-functions-by-name", "--strip-debug", "--strip-producers"]);
    command.args(FEATURES);
    command.arg(wasm).arg("--output").arg(&optimised);
    shell::run(&mut command, "install Node.js 20 or newer")?;
    std::fs::rename(&optimised, wasm).at(&optimised)
}
