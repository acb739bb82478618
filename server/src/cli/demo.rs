//! `tandem demo`

use clap::Args;

use super::{
    Failure,
    options::{ServeOptions, UsualFile},
};
use crate::run::{self, Purpose, RunError};

const EXAMPLES: &str = "\
Examples:
  tandem demo                                  begins anew each time
  tandem demo --data ./demo                    keeps what you change in the folder ./demo
  tandem demo --database postgres://localhost/tandem_demo
  tandem demo --no-callers                     no calls but your own
  tandem demo --http 0.0.0.0:8080              reachable from other machines; the passwords are public knowledge

A database that holds anything but demonstration data is refused.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Demo {
    #[command(flatten)]
    options: ServeOptions,
    /// Without the scripted people who call and answer
    #[arg(long)]
    no_callers: bool,
}

impl Demo {
    pub fn run(mut self) -> Result<(), Failure> {
        // Dropped, and with it deleted, when the server has ended.
        let mut passing = None;
        if self.options.data.data.is_none() && std::env::var_os("TANDEM_DATA_DIR").is_none() {
            let folder = tempfile::Builder::new().prefix("tandem-demo-").tempdir().map_err(RunError::DataFolder)?;
            self.options.data.data = Some(folder.path().to_string_lossy().into_owned());
            passing = Some(folder);
        }
        let config = self.options.load(UsualFile::Ignore)?;
        let done = run::serve(&config, Purpose::Demonstration { callers: !self.no_callers });
        drop(passing);
        Ok(done?)
    }
}
