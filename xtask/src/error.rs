//! What can go wrong in a build step, in words that say what to do about it.

use std::path::{Path, PathBuf};

pub type Result<T> = std::result::Result<T, Error>;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{program} is missing: {remedy}")]
    MissingProgram { program: String, remedy: &'static str },

    #[error("cannot start {program}: {source}")]
    CannotStart { program: String, source: std::io::Error },

    #[error("this step failed ({status}): {command}")]
    CommandFailed { command: String, status: std::process::ExitStatus },

    #[error("{}: {source}", path.display())]
    File { path: PathBuf, source: std::io::Error },

    #[error("wasm-bindgen could not write the JavaScript bindings: {0}")]
    Bindings(String),

    #[error("cannot read or write the WebAssembly: {0}")]
    Module(String),

    #[error("cannot take unused functions out of the WebAssembly: {0}")]
    Unused(String),

    #[error("the WebAssembly is {actual} bytes with Brotli, its limit is {limit}: find what grew before you raise it")]
    TooLarge { actual: u64, limit: u64 },

    #[error("{0} figures could not be measured; the tables say why")]
    Unmeasured(usize),
}

/// Names the file in an input or output error.
pub trait AtPath<T> {
    fn at(self, path: &Path) -> Result<T>;
}

impl<T> AtPath<T> for std::io::Result<T> {
    fn at(self, path: &Path) -> Result<T> {
        self.map_err(|source| Error::File { path: path.to_owned(), source })
    }
}
