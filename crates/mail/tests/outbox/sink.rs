//! The mail server, in a process of its own: see `sink.py`.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use serde_json::Value;
use tempfile::TempDir;

/// How the server wants to be talked to.
#[derive(Default)]
pub struct Manners {
    /// TLS, with a certificate of its own making; `Some(true)`: from the first octet.
    pub tls: Option<bool>,
    /// `NAME:PASSWORD`.
    pub user: Option<&'static str>,
}

pub struct Sink {
    folder: TempDir,
    manners: Manners,
    process: Child,
    pub port: u16,
}

/// The Python that has aiosmtpd.
fn python() -> &'static str {
    let has_it = |python: &&&str| {
        let found = Command::new(python).args(["-c", "import aiosmtpd.smtp"]).stderr(Stdio::null()).status();
        found.is_ok_and(|status| status.success())
    };
    ["/usr/bin/python3", "python3"]
        .iter()
        .find(has_it)
        .expect("these tests need a mail server: install Debian's package python3-aiosmtpd")
}

impl Sink {
    pub fn start(manners: Manners) -> Self {
        let folder = tempfile::tempdir().unwrap();
        if manners.tls.is_some() {
            let own = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
            fs::write(folder.path().join("cert.pem"), own.cert.pem()).unwrap();
            fs::write(folder.path().join("key.pem"), own.signing_key.serialize_pem()).unwrap();
        }
        let (process, port) = run(folder.path(), 0, &manners);
        Self { folder, manners, process, port }
    }

    pub fn certificate(&self) -> PathBuf {
        self.folder.path().join("cert.pem")
    }

    /// Its next misdeeds.
    pub fn order(&self, orders: &[&str]) {
        fs::write(self.folder.path().join("orders"), orders.join("\n")).unwrap();
    }

    /// SIGKILL.
    pub fn kill(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }

    /// Comes back at the same port, also after it killed itself.
    pub fn restart(&mut self) {
        self.kill();
        (self.process, _) = run(self.folder.path(), self.port, &self.manners);
    }

    /// Whether it has died.
    pub fn is_dead(&mut self) -> bool {
        self.process.try_wait().unwrap().is_some()
    }

    /// What it took, in order.
    pub fn taken(&self) -> Vec<Value> {
        let mut names: Vec<PathBuf> =
            fs::read_dir(self.folder.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
        names.retain(|name| name.extension().is_some_and(|ending| ending == "json"));
        names.sort();
        names.iter().map(|name| serde_json::from_slice(&fs::read(name).unwrap()).unwrap()).collect()
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.kill();
    }
}

fn run(folder: &Path, port: u16, manners: &Manners) -> (Child, u16) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sink.py");
    let mut command = Command::new(python());
    command.arg(script).arg(folder).arg(port.to_string());
    if let Some(wrapped) = manners.tls {
        command.arg("--cert").arg(folder.join("cert.pem")).arg("--key").arg(folder.join("key.pem"));
        command.args(wrapped.then_some("--wrapped"));
    }
    if let Some(user) = manners.user {
        command.args(["--user", user]);
    }
    let mut process = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let port = line.trim().strip_prefix("ready ").expect("the mail server did not start").parse().unwrap();
    (process, port)
}

/// A header of a message that was taken.
pub fn header<'a>(message: &'a Value, name: &str) -> &'a str {
    let headers = message["headers"].as_array().unwrap();
    let mut found = headers.iter().filter(|header| header[0].as_str().unwrap().eq_ignore_ascii_case(name));
    let value = found.next().unwrap_or_else(|| panic!("no {name} in {headers:?}"))[1].as_str().unwrap();
    assert!(found.next().is_none(), "two of {name}");
    value
}

/// The types of all parts, in order.
pub fn types(message: &Value) -> Vec<&str> {
    message["parts"].as_array().unwrap().iter().map(|part| part["type"].as_str().unwrap()).collect()
}
