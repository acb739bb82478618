//! Running other programs, and saying what is being done.

use std::process::{Child, Command, Output, Stdio};

use crate::{
    error::{Error, Result},
    workspace,
};

/// One line of progress.
pub fn say(what: &str) {
    eprintln!("==> {what}");
}

/// Runs to the end; anything but success is an error.
pub fn run(command: &mut Command, remedy: &'static str) -> Result<()> {
    Running::start(command, remedy)?.finish()
}

/// A program that works while we do something else.
pub struct Running {
    child: Child,
    command: String,
}

impl Running {
    pub fn start(command: &mut Command, remedy: &'static str) -> Result<Self> {
        command.current_dir(workspace::root());
        let program = command.get_program().to_string_lossy().into_owned();
        let words = std::iter::once(command.get_program()).chain(command.get_args());
        let text = words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ");
        match command.spawn() {
            Ok(child) => Ok(Self { child, command: text }),
            Err(source) if source.kind() == std::io::ErrorKind::NotFound => {
                Err(Error::MissingProgram { program, remedy })
            }
            Err(source) => Err(Error::CannotStart { program, source }),
        }
    }

    pub fn finish(mut self) -> Result<()> {
        let status =
            self.child.wait().map_err(|source| Error::CannotStart { program: self.command.clone(), source })?;
        if status.success() { Ok(()) } else { Err(Error::CommandFailed { command: self.command, status }) }
    }
}

const REMEDY: &str = "install Rust with rustup";

/// A cargo that does the same as one typed by hand.
///
/// `cargo run` tells us about *our* package in variables that some build scripts watch (ring's does): passed on, they
/// would rebuild half of the world whenever a build comes from here instead of from the shell.
pub struct Cargo(Command);

impl Cargo {
    pub fn new(subcommand: &str) -> Self {
        let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        for (name, _) in std::env::vars_os() {
            let told_by_cargo = name.to_str().is_some_and(|name| {
                name.starts_with("CARGO_PKG_")
                    || name.starts_with("CARGO_MANIFEST_")
                    || ["CARGO_CRATE_NAME", "CARGO_BIN_NAME", "CARGO_PRIMARY_PACKAGE"].contains(&name)
            });
            if told_by_cargo {
                command.env_remove(name);
            }
        }
        command.arg(subcommand);
        Self(command)
    }

    pub fn args<const N: usize>(mut self, arguments: [&str; N]) -> Self {
        self.0.args(arguments);
        self
    }

    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.0.env(name, value);
        self
    }

    pub fn run(mut self) -> Result<()> {
        run(&mut self.0, REMEDY)
    }

    /// Runs to the end, however that is, and gives what it said.
    pub fn output(mut self) -> std::io::Result<Output> {
        self.0.current_dir(workspace::root()).env("CARGO_TERM_COLOR", "never").stdin(Stdio::null()).output()
    }
}
