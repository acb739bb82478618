//! `tandem migrate`

use clap::Args;

use super::{
    Failure,
    options::{DataOptions, UsualFile},
};
use crate::run;

const EXAMPLES: &str = "\
Examples:
  tandem migrate
  TANDEM_DATABASE_URL=postgres://tandem:…@db/tandem tandem migrate

With several servers on one PostgreSQL: stop those of the old version (they are not ready any more once the layout
is new), run it once, start those of the new.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Migrate {
    #[command(flatten)]
    options: DataOptions,
}

impl Migrate {
    pub fn run(self) -> Result<(), Failure> {
        let config = self.options.load(UsualFile::Read)?;
        run::migrate(&config)?;
        run::tell(&format!("{} has the layout of this version.\n", config.database_url()));
        Ok(())
    }
}
