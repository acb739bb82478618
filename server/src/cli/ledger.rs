//! `tandem ledger`: are the books right?

use clap::{Args, Subcommand};
use tandem_store::StoreError;

use super::{
    Failure,
    options::{DataOptions, UsualFile},
};
use crate::{database, run};

const CHECK_EXAMPLES: &str = "\
Examples:
  tandem ledger check
  TANDEM_DATABASE_URL=postgres://tandem:…@db/tandem tandem ledger check

It reads all there is and changes nothing; the server may go on meanwhile. It ends with 1 when something is wrong, after a
line for each problem. A server checks by itself, too: see the gauge tandem_ledger_problems.";

#[derive(Debug, Args)]
pub struct Ledger {
    #[command(subcommand)]
    command: LedgerCommand,
}

#[derive(Debug, Subcommand)]
enum LedgerCommand {
    /// Proves that every movement of money balances and is of what happened, or tells what is wrong
    #[command(after_help = CHECK_EXAMPLES)]
    Check(Check),
}

#[derive(Debug, Args)]
struct Check {
    #[command(flatten)]
    options: DataOptions,
}

/// Why the books are not, or cannot be said to be, right.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// Another version of Tandem wrote them. It is not for a check to change that.
    #[error("the database has another version's layout: use the program that serves it, or run tandem migrate first")]
    Layout,
    /// Something is wrong with them.
    #[error("the books are not right: {0} problems")]
    Wrong(usize),
    /// The database does not answer.
    #[error("{0}")]
    Store(#[from] StoreError),
}

impl Ledger {
    pub fn run(self) -> Result<(), Failure> {
        match self.command {
            LedgerCommand::Check(command) => command.run(),
        }
    }
}

impl Check {
    fn run(self) -> Result<(), Failure> {
        let config = self.options.load(UsualFile::Read)?;
        run::runtime()?.block_on(async {
            let store = database::open_as_it_is(&config.database_url()).await.map_err(run::RunError::from)?;
            if !store.is_current().await.map_err(LedgerError::from)? {
                return Err(LedgerError::Layout.into());
            }
            let report = store.ledger().check().await.map_err(LedgerError::from)?;
            store.close().await;
            for problem in &report.problems {
                run::tell(&format!("{problem}\n"));
            }
            if !report.is_clean() {
                return Err(LedgerError::Wrong(report.problems.len()).into());
            }
            run::tell(&format!(
                "The books are right: {} transactions, {} payments, {} invoices.\n",
                report.transactions, report.payments, report.invoices
            ));
            Ok(())
        })
    }
}
