//! "Did anything change?": a step's inputs reduced to a number, kept from the last time it succeeded.

use std::{
    collections::hash_map::DefaultHasher,
    hash::{Hash, Hasher},
    path::{Path, PathBuf},
};

use crate::{
    error::{AtPath, Result},
    workspace,
};

/// The state of a step's inputs, and the file that remembers the last successful state.
pub struct Stamp {
    file: PathBuf,
    state: String,
}

impl Stamp {
    /// `name` names the step; `inputs` are the files that its result depends on, judged by name, size and time of change.
    pub fn of(name: &str, inputs: &[PathBuf]) -> Self {
        let mut hasher = DefaultHasher::new();
        for input in inputs {
            hash_state(input, &mut hasher);
        }
        Self { file: workspace::path("target/xtask").join(name), state: format!("{:016x}", hasher.finish()) }
    }

    /// True when the step succeeded with these very inputs and its `output` is still there.
    pub fn is_current(&self, output: &Path) -> bool {
        output.exists() && std::fs::read_to_string(&self.file).is_ok_and(|last| last == self.state)
    }

    /// Remembers that the step succeeded.
    pub fn save(&self) -> Result<()> {
        if let Some(folder) = self.file.parent() {
            std::fs::create_dir_all(folder).at(folder)?;
        }
        std::fs::write(&self.file, &self.state).at(&self.file)
    }
}

/// An input of steps that this helper does itself: a new helper may do them differently.
pub fn this_helper() -> PathBuf {
    std::env::current_exe().unwrap_or_default()
}

fn hash_state(path: &Path, hasher: &mut DefaultHasher) {
    path.hash(hasher);
    if let Ok(facts) = path.metadata() {
        facts.len().hash(hasher);
        facts.modified().ok().hash(hasher);
    }
}
