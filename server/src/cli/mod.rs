//! The command line. Help is where an operator learns the program, so every command shows what it is for by example.

mod admin;
mod check_config;
mod demo;
mod ledger;
mod migrate;
mod options;
mod serve;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::ConfigErrors;

const EXAMPLES: &str = "\
Examples:
  tandem demo                                  try everything, with the company ABC and its people
  tandem check-config --reference > tandem.toml
                                               begin a configuration: every key with its default
  tandem admin create ada                      the first administrator; asks for the password
  tandem serve                                 serve, configured by ./tandem.toml and TANDEM_… variables";

/// Hosted telephone exchange with billing: one server, one web application.
#[derive(Debug, Parser)]
#[command(name = "tandem", version, after_help = EXAMPLES, arg_required_else_help = true)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serves until SIGTERM or SIGINT
    Serve(serve::Serve),
    /// Serves with demonstration data: the company ABC, its huntgroups and its people
    Demo(demo::Demo),
    /// Brings the database to this version's layout and ends (`serve` does it too)
    Migrate(migrate::Migrate),
    /// Administrators: the provider's staff
    Admin(admin::Admin),
    /// The books: whether they are right
    Ledger(ledger::Ledger),
    /// Checks the configuration, or prints the reference of all keys
    CheckConfig(check_config::CheckConfig),
}

/// Why a command did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The configuration is refused.
    #[error("the configuration is not good\n{0}")]
    Config(#[from] ConfigErrors),
    /// The server could not start or go on.
    #[error(transparent)]
    Run(#[from] crate::run::RunError),
    /// An administrator could not be made or changed.
    #[error(transparent)]
    Admin(#[from] admin::AdminError),
    /// The books are not right, or cannot be read.
    #[error(transparent)]
    Ledger(#[from] ledger::LedgerError),
}

/// Reads the command line, does it, and says in the exit code how it went: 0 done, 1 failed, 2 not understood.
pub fn main() -> ExitCode {
    let done = match CommandLine::parse().command {
        Command::Serve(command) => command.run(),
        Command::Demo(command) => command.run(),
        Command::Migrate(command) => command.run(),
        Command::Admin(command) => command.run(),
        Command::Ledger(command) => command.run(),
        Command::CheckConfig(command) => command.run(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("tandem: {failure}");
            match failure {
                Failure::Config(_) => ExitCode::from(2),
                Failure::Run(_) | Failure::Admin(_) | Failure::Ledger(_) => ExitCode::FAILURE,
            }
        }
    }
}
