//! `tandem admin`: the way in for the provider's staff when nobody can sign in yet, or any more.
//!
//! Passwords are typed, or come through a pipe; on a command line every user of the machine could read them.

use std::io::{BufRead as _, IsTerminal as _};

use clap::{Args, Subcommand, ValueEnum};
use tandem_app::server::Clock as _;
use tandem_domain::{
    access::Who,
    administrator::Administrator,
    error::FieldError,
    field,
    ids::RoleId,
    sign_in::{SignInName, check_password},
};
use tandem_store::{Change, Store, StoreError, password, roles, sign_ins::NewSignIn};

use super::{
    Failure,
    options::{DataOptions, UsualFile},
};
use crate::{clock::SystemClock, run};

/// Who the audit log says it was.
const ACTOR: &str = "command line";

const CREATE_EXAMPLES: &str = "\
Examples:
  tandem admin create ada                      asks for the password
  tandem admin create ada --name 'Ada Lovelace' --email ada@tandem.example
  pass show tandem/ada | tandem admin create ada
  tandem admin create auditor --role read-only";

const RESET_EXAMPLES: &str = "\
Examples:
  tandem admin reset-password ada              asks for the new password; ends all of ada's sessions
  pass show tandem/ada | tandem admin reset-password ada

It lets an administrator in again who was locked out, and works for administrators alone: customers and accounts get a
new password from an administrator.";

#[derive(Debug, Args)]
pub struct Admin {
    #[command(subcommand)]
    command: AdminCommand,
}

#[derive(Debug, Subcommand)]
enum AdminCommand {
    /// Makes an administrator; reads the password from the terminal or the standard input
    #[command(after_help = CREATE_EXAMPLES)]
    Create(Create),
    /// Gives an administrator a new password; reads it from the terminal or the standard input
    #[command(after_help = RESET_EXAMPLES)]
    ResetPassword(ResetPassword),
}

#[derive(Debug, Args)]
struct Create {
    /// Name to sign in with
    sign_in: String,
    /// The person's name [default: the sign-in name]
    #[arg(long)]
    name: Option<String>,
    /// The person's e-mail address
    #[arg(long, default_value = "")]
    email: String,
    /// What the administrator may do; other roles can be assigned in the web application
    #[arg(long, default_value = "full")]
    role: Role,
    #[command(flatten)]
    options: DataOptions,
}

#[derive(Debug, Args)]
struct ResetPassword {
    /// Name to sign in with
    sign_in: String,
    #[command(flatten)]
    options: DataOptions,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Role {
    /// Everything
    Full,
    /// See everything, change nothing
    ReadOnly,
}

impl Role {
    fn id(self) -> RoleId {
        match self {
            Self::Full => roles::ADMINISTRATOR,
            Self::ReadOnly => roles::READ_ONLY_ADMINISTRATOR,
        }
    }
}

/// Why it was not done.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// The sign-in name breaks a rule.
    #[error("the sign-in name: {0}")]
    Name(#[source] FieldError),
    /// The person's name breaks a rule.
    #[error("--name: {0}")]
    PersonName(#[source] FieldError),
    /// The e-mail address breaks a rule.
    #[error("--email: {0}")]
    Email(#[source] FieldError),
    /// The password breaks a rule.
    #[error("the password: {0}")]
    Password(#[source] FieldError),
    /// The two passwords differ.
    #[error("the two passwords differ; nothing was changed")]
    Different,
    /// No password came.
    #[error("no password could be read: {0}")]
    Unreadable(#[source] std::io::Error),
    /// There is no such administrator.
    #[error("there is no administrator who signs in as \"{0}\"")]
    Unknown(SignInName),
    /// Hashing failed.
    #[error("the password could not be hashed: {0}")]
    Hash(#[from] password::HashError),
    /// The database refused or failed.
    #[error("{0}")]
    Store(#[from] StoreError),
}

impl Admin {
    pub fn run(self) -> Result<(), Failure> {
        match self.command {
            AdminCommand::Create(command) => command.run(),
            AdminCommand::ResetPassword(command) => command.run(),
        }
    }
}

impl Create {
    fn run(self) -> Result<(), Failure> {
        let config = self.options.load(UsualFile::Read)?;
        let sign_in: SignInName = self.sign_in.parse().map_err(AdminError::Name)?;
        let name = field::name(self.name.as_deref().unwrap_or(sign_in.as_str())).map_err(AdminError::PersonName)?;
        let email = field::optional_email(&self.email).map_err(AdminError::Email)?;
        let administrator = Administrator::new(name, email, self.role.id());
        let password_hash = hash(&read_password()?)?;
        run::runtime()?.block_on(async {
            let store = run::open_store(&config).await?;
            let new = NewSignIn { name: sign_in.clone(), password_hash };
            store.administrators().create(&administrator, &new, &change()).await.map_err(AdminError::Store)?;
            store.close().await;
            run::tell(&format!("{sign_in} can sign in now.\n"));
            Ok(())
        })
    }
}

impl ResetPassword {
    fn run(self) -> Result<(), Failure> {
        let config = self.options.load(UsualFile::Read)?;
        let sign_in: SignInName = self.sign_in.parse().map_err(AdminError::Name)?;
        let hash = hash(&read_password()?)?;
        run::runtime()?.block_on(async {
            let store = run::open_store(&config).await?;
            reset(&store, &sign_in, &hash).await?;
            store.close().await;
            run::tell(&format!("{sign_in} has a new password; all earlier sessions have ended.\n"));
            Ok(())
        })
    }
}

/// Twice at a terminal, where nobody sees what is typed; one line of a pipe.
fn read_password() -> Result<String, AdminError> {
    let password = if std::io::stdin().is_terminal() {
        let ask = |prompt| rpassword::prompt_password(prompt).map_err(AdminError::Unreadable);
        let password = ask("Password: ")?;
        check_password(&password).map_err(AdminError::Password)?;
        if ask("Again: ")? != password {
            return Err(AdminError::Different);
        }
        password
    } else {
        let mut line = String::new();
        std::io::stdin().lock().read_line(&mut line).map_err(AdminError::Unreadable)?;
        line.trim_end_matches(['\r', '\n']).to_owned()
    };
    check_password(&password).map_err(AdminError::Password)?;
    Ok(password)
}

fn hash(password: &str) -> Result<String, AdminError> {
    Ok(password::hash(password)?)
}

/// By whoever may run programs on this machine.
fn change() -> Change<'static> {
    Change { at: SystemClock.now(), actor: ACTOR, by_staff: true, address: None }
}

async fn reset(store: &Store, sign_in: &SignInName, hash: &str) -> Result<(), AdminError> {
    let found = store.sign_ins().find(sign_in).await?;
    let who = found.map(|found| found.who).filter(|who| matches!(who, Who::Administrator(_)));
    let Some(who) = who else { return Err(AdminError::Unknown(sign_in.clone())) };
    // Whoever was locked out by too many attempts may try the new password at once.
    store.sign_ins().set_password(who, None, hash, None, &change()).await?;
    Ok(())
}
