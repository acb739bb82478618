//! `tandem check-config`

use clap::Args;

use super::{
    Failure,
    options::{ServeOptions, UsualFile},
};
use crate::config::reference;

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
            print!("{}", reference());
            return Ok(());
        }
        let config = self.options.load(UsualFile::Read)?;
        println!("The configuration is good.");
        println!("  web application  http://{}", config.http.listen);
        if let Some(url) = &config.http.public_url {
            println!("  reached as       {}", url.origin());
        }
        println!("  data             {}", config.data_dir.display());
        println!("  database         {}", config.database_url());
        Ok(())
    }
}
