//! `tandem check-config`

use clap::Args;

use super::{
    Failure,
    options::{ServeOptions, UsualFile},
};
use crate::{config::reference, run::tell};

const EXAMPLES: &str = "\
Examples:
  tandem check-config
  tandem check-config --config /etc/tandem.toml
  tandem check-config --reference              every key: what it does, its variable, its default

A later source wins: default, file, TANDEM_… variable, option. Every mistake is named with file and line, variable or
option, the key, and what it accepts.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct CheckConfig {
    #[command(flatten)]
    options: ServeOptions,
    /// Print a configuration file with every key, its documentation and its default
    #[arg(long)]
    reference: bool,
}

impl CheckConfig {
    pub fn run(self) -> Result<(), Failure> {
        if self.reference {
            tell(&reference());
            return Ok(());
        }
        let config = self.options.load(UsualFile::Read)?;
        let reached = config.http.public_url.as_ref().map(|url| format!("  reached as       {}\n", url.origin()));
        tell(&format!(
            "The configuration is good.\n  web application  http://{}\n{}  data             {}\n  database         {}\n",
            config.http.listen,
            reached.unwrap_or_default(),
            config.data_dir.display(),
            config.database_url(),
        ));
        Ok(())
    }
}
