//! Where things are in the source tree.

use std::{
    fs::File,
    path::{Path, PathBuf},
};

use crate::error::{AtPath, Result};

/// The folder of the workspace's `Cargo.toml`.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new(".")).to_owned()
}

/// A path below the workspace's folder.
pub fn path(below: &str) -> PathBuf {
    root().join(below)
}

/// Waits until no other build helper works on this tree; the lock ends with the value.
pub fn lock() -> Result<File> {
    let path = path("target/xtask/lock");
    std::fs::create_dir_all(path.with_file_name("")).at(&path)?;
    let file = File::create(&path).at(&path)?;
    file.lock().at(&path)?;
    Ok(file)
}

/// Every file below `folder`, in a fixed order; none when the folder does not exist.
pub fn files_below(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut files = Vec::new();
    for path in entries.flatten().map(|entry| entry.path()) {
        if path.is_dir() {
            files.extend(files_below(&path));
        } else {
            files.push(path);
        }
    }
    files.sort();
    files
}
