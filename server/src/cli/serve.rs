//! `tandem serve`

use clap::Args;

use super::{
    Failure,
    options::{ServeOptions, UsualFile},
};
use crate::run::{self, Purpose};

const EXAMPLES: &str = "\
Examples:
  tandem serve
  tandem serve --config /etc/tandem.toml
  TANDEM_DATABASE_URL=postgres://tandem:…@db/tandem tandem serve --http 0.0.0.0:3000

SIGTERM or SIGINT ends it: no new connection is accepted, requests under way finish (at most shutdown.grace), then it
exits. A second signal exits at once. /healthz says that it lives, /readyz that it can do its work.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Serve {
    #[command(flatten)]
    options: ServeOptions,
}

impl Serve {
    pub fn run(self) -> Result<(), Failure> {
        let config = self.options.load(UsualFile::Read)?;
        Ok(run::serve(&config, Purpose::Real)?)
    }
}
