//! The browser's half of the application: the programs of `frontend` compiled to WebAssembly, and the JavaScript that loads
//! them.

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

/// The program that is all others in one: for development, as it is built in a fraction of the time.
const WHOLE: &str = "whole";

/// The names of the programs of a release: each is a source in `frontend/src/bin`.
pub fn programs() -> Vec<String> {
    let sources = workspace::files_below(&workspace::path("frontend/src/bin"));
    let names = sources.iter().filter_map(|source| Some(source.file_stem()?.to_str()?.to_owned()));
    names.filter(|name| name != WHOLE).collect()
}

fn programs_for(kind: Kind) -> Vec<String> {
    match kind {
        Kind::Development => vec![WHOLE.to_owned()],
        Kind::Release => programs(),
    }
}

/// The script that loads a program.
pub fn script(program: &str) -> String {
    format!("{program}.js")
}

/// A program's WebAssembly.
pub fn wasm(program: &str) -> String {
    format!("{program}_bg.wasm")
}

/// A program as the compiler made it.
pub fn compiled(program: &str, kind: Kind) -> PathBuf {
    workspace::path("target/wasm32-unknown-unknown").join(kind.wasm_profile()).join(format!("{program}.wasm"))
}

/// Compiles, and gives the folders, one a program, that hold its script, its WebAssembly and the snippets they import.
pub fn build(kind: Kind) -> Result<Vec<PathBuf>> {
    let programs = programs_for(kind);
    compile(kind, &programs)?;
    std::thread::scope(|scope| {
        let all: Vec<_> = programs.iter().map(|program| scope.spawn(move || finish(program, kind))).collect();
        all.into_iter().map(|one| one.join().unwrap_or_else(|_| Err(Error::Bindings("they panicked".into())))).collect()
    })
}

fn compile(kind: Kind, programs: &[String]) -> Result<()> {
    let profile = kind.wasm_profile();
    say(&format!("browser code ({profile})"));
    let build = Cargo::new("build").args(["--package", "tandem-frontend"]);
    let build = build.args(["--target", "wasm32-unknown-unknown", "--profile", profile]);
    let build = programs.iter().fold(build, |build, program| build.args(["--bin", program]));
    match kind {
        Kind::Development => build.run(),
        Kind::Release => small(build).run(),
    }
}

/// Rust's standard library, compiled with the programs for size: as it is delivered, it is compiled for speed, and describes every
/// place where it can panic.
const OWN_STD: [&str; 2] = ["-Zbuild-std=std,panic_abort", "-Zbuild-std-features=optimize_for_size"];

/// How the compiler makes small programs.
///
/// - The first is that of `.cargo/config.toml`: what is said here is said instead.
/// - A panic ends the program at once: nobody reads the words in a release, where no hook prints them.
/// - Functions with the same code keep their own names, by which [`unused`] and [`order`] know them: the optimiser merges
///   them in the end.
const SMALL: [&str; 5] = [
    "--cfg=erase_components",
    "-Zunstable-options",
    "-Cpanic=immediate-abort",
    "-Zlocation-detail=none",
    "-Zmerge-functions=disabled",
];

/// These settings are not stable yet (cargo's documentation, "Unstable features"): without the variable, the stable compiler
/// refuses them.
fn small(build: Cargo) -> Cargo {
    build.args(OWN_STD).env("RUSTC_BOOTSTRAP", "1").env("CARGO_ENCODED_RUSTFLAGS", &SMALL.join("\x1f"))
}

fn finish(program: &str, kind: Kind) -> Result<PathBuf> {
    let compiled = compiled(program, kind);
    let folder = workspace::path("target/xtask").join(kind.name()).join("code").join(program);
    let stamp = Stamp::of(&format!("code-{}-{program}", kind.name()), &[compiled.clone(), this_helper()]);
    if stamp.is_current(&folder) {
        return Ok(folder);
    }
    if folder.exists() {
        std::fs::remove_dir_all(&folder).at(&folder)?;
    }
    bind(program, &compiled, &folder, kind)?;
    match kind {
        Kind::Development => {}
        Kind::Release => {
            let wasm = folder.join(wasm(program));
            prepare(&wasm)?;
            optimise(&wasm)?;
        }
    }
    stamp.save()?;
    Ok(folder)
}

fn bind(program: &str, compiled: &Path, folder: &Path, kind: Kind) -> Result<()> {
    say(&format!("JavaScript bindings of {program}"));
    let mut bindgen = Bindgen::new();
    bindgen
        .web(true)
        .map_err(|error| Error::Bindings(format!("{error:#}")))?
        .input_path(compiled)
        .out_name(program)
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

/// What the optimiser does. No data are in the first 1,024 bytes of the memory, for there the stack ends (rustc links with
/// `--stack-first`), and the memory begins with zeros. That nothing traps is not promised: a panic does.
const PASSES: [&str; 5] = ["--low-memory-unused", "--zero-filled-memory", "-Oz", "--dae-optimizing", "-Oz"];

fn optimise(wasm: &Path) -> Result<()> {
    say(&format!("wasm-opt {}", wasm.file_name().unwrap_or_default().display()));
    let optimised = wasm.with_extension("optimised");
    let mut command = Command::new("node");
    command.args(["node_modules/binaryen/bin/wasm-opt"]).args(PASSES);
    // By the names that `order` gave them.
    command.args(["--reorder-functions-by-name", "--strip-debug", "--strip-producers"]);
    command.args(FEATURES);
    command.arg(wasm).arg("--output").arg(&optimised);
    shell::run(&mut command, "install Node.js 20 or newer")?;
    std::fs::rename(&optimised, wasm).at(&optimised)
}
