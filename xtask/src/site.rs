//! The site: everything the browser loads, in one folder.
//!
//! ```text
//! target/site/               served as it is: favicon and the like, from public/
//!   pkg/PROGRAM.js           loads …
//!   pkg/PROGRAM_bg.wasm      … one of the browser's programs; in development, the whole of them
//!   pkg/snippets/            what the scripts import
//!   pkg/tandem.css           the style sheet
//!   pkg/version              changes whenever a file of pkg/ does
//! ```
//!
//! The server puts the version into the address (`/pkg/VERSION/PROGRAM.js`), so that browsers may keep these files for
//! ever and still load new ones at once. One version for the folder, not one per file: the script imports its snippets by
//! relative names, and the files are only right together.

use std::{
    collections::hash_map::DefaultHasher,
    hash::Hasher,
    path::{Path, PathBuf},
};

use crate::{
    browser_code, compression,
    error::{AtPath, Result},
    shell::say,
    stamp::{Stamp, this_helper},
    style_sheet::{self, StyleSheet},
    workspace,
};

/// For whom the site is.
#[derive(Clone, Copy)]
pub enum Kind {
    /// Quick to build.
    Development,
    /// Small to load.
    Release,
}

impl Kind {
    pub fn name(self) -> &'static str {
        match self {
            Kind::Development => "development",
            Kind::Release => "release",
        }
    }

    /// Where the finished site is.
    pub fn folder(self) -> PathBuf {
        match self {
            Kind::Development => workspace::path("target/site"),
            Kind::Release => workspace::path("target/site-release"),
        }
    }

    pub fn wasm_profile(self) -> &'static str {
        match self {
            Kind::Development => "wasm-dev",
            Kind::Release => "wasm-release",
        }
    }
}

/// Builds what changed and lays the folder out.
pub fn build(kind: Kind) -> Result<()> {
    let _alone = workspace::lock()?;
    style_sheet::install_npm_packages()?;
    let style_sheet = StyleSheet::start(kind)?;
    let code = browser_code::build(kind)?;
    let style_sheet = style_sheet.finish()?;
    assemble(kind, &code, &style_sheet)
}

fn assemble(kind: Kind, code: &[PathBuf], style_sheet: &Path) -> Result<()> {
    let public = workspace::path("public");
    let mut inputs: Vec<PathBuf> = code.iter().flat_map(|folder| workspace::files_below(folder)).collect();
    inputs.push(style_sheet.to_owned());
    inputs.extend(workspace::files_below(&public));
    inputs.push(this_helper());

    let folder = kind.folder();
    let stamp = Stamp::of(&format!("site-{}", kind.name()), &inputs);
    if stamp.is_current(&folder) {
        return Ok(());
    }
    say(&format!("site: {}", folder.strip_prefix(workspace::root()).unwrap_or(&folder).display()));

    // Built beside the old one and put in its place at the end: a running server never sees half of a site.
    let fresh = folder.with_extension("new");
    if fresh.exists() {
        std::fs::remove_dir_all(&fresh).at(&fresh)?;
    }
    copy_all(&public, &fresh)?;
    let pkg = fresh.join("pkg");
    for folder in code {
        copy_all(folder, &pkg)?;
    }
    copy(style_sheet, &pkg.join("tandem.css"))?;
    let version = version_of(&pkg)?;
    match kind {
        Kind::Development => {}
        Kind::Release => compression::compress_all(&fresh)?,
    }
    let version_file = pkg.join("version");
    std::fs::write(&version_file, version).at(&version_file)?;

    if folder.exists() {
        std::fs::remove_dir_all(&folder).at(&folder)?;
    }
    std::fs::rename(&fresh, &folder).at(&folder)?;
    stamp.save()
}

fn copy_all(from: &Path, to: &Path) -> Result<()> {
    for file in workspace::files_below(from) {
        if let Ok(name) = file.strip_prefix(from) {
            copy(&file, &to.join(name))?;
        }
    }
    Ok(())
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    if let Some(folder) = to.parent() {
        std::fs::create_dir_all(folder).at(folder)?;
    }
    std::fs::copy(from, to).map(|_| ()).at(from)
}

/// A short text that depends on every name and every byte below `folder`.
fn version_of(folder: &Path) -> Result<String> {
    let mut hasher = DefaultHasher::new();
    for file in workspace::files_below(folder) {
        hasher.write(file.strip_prefix(folder).unwrap_or(&file).as_os_str().as_encoded_bytes());
        hasher.write(&std::fs::read(&file).at(&file)?);
    }
    Ok(format!("{:016x}", hasher.finish()))
}
