//! A program that never outlives its test: it ends with the value that started it, and with the test's process.

use std::{
    ffi::OsStr,
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::{PhoneError, installed};

/// Runs a program beside a watcher that reads our end of a pipe, and ends the program with all processes that it
/// started (its own child, by the id of its group) when the pipe closes: when we let go, or when the test's process
/// dies in any way, a kill by the test runner included.
const WATCH: &str = r#"exec 3<&0
setsid "$@" </dev/null 3<&- &
program=$!
( read -r _ <&3; kill -9 "-$program" || kill -9 "$program" ) 2>/dev/null &
watcher=$!
wait "$program"
code=$?
kill "$watcher" 2>/dev/null
kill -9 "-$program" 2>/dev/null
exit "$code"
"#;

/// A running program, ended on drop.
#[derive(Debug)]
pub struct Leash {
    name: String,
    shell: Child,
    output: PathBuf,
}

impl Leash {
    /// Starts `program` in `folder` with what it says going to `output`; `settings` are environment variables.
    ///
    /// # Errors
    ///
    /// When the program is missing or cannot be started.
    pub fn start<S: AsRef<OsStr>>(
        program: &str,
        arguments: impl IntoIterator<Item = S>,
        folder: &Path,
        output: &Path,
        settings: &[(&str, &str)],
    ) -> Result<Self, PhoneError> {
        let path = installed(program)?;
        let buffered = installed("stdbuf")?;
        installed("setsid")?;
        let failed = || PhoneError::io(format!("{program} cannot be started"));
        let said = File::create(output).map_err(failed())?;
        let complained = said.try_clone().map_err(failed())?;
        let shell = Command::new(installed("sh")?)
            // Lines reach the log when they are said, not when a buffer is full.
            .args(["-c", WATCH, "leash"])
            .arg(buffered)
            .args(["-oL", "-eL"])
            .arg(path)
            .args(arguments)
            .current_dir(folder)
            .envs(settings.iter().copied())
            .stdin(Stdio::piped())
            .stdout(said)
            .stderr(complained)
            .spawn()
            .map_err(failed())?;
        Ok(Self { name: program.into(), shell, output: output.into() })
    }

    /// The program's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How the program ended, if it has.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.shell.try_wait().ok().flatten()
    }

    /// Waits until the program has ended; none if it has not by then.
    pub fn wait(&mut self, timeout: Duration) -> Option<ExitStatus> {
        let deadline = Instant::now() + timeout;
        loop {
            if let Some(status) = self.ended() {
                return Some(status);
            }
            if Instant::now() >= deadline {
                return None;
            }
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// All that the program has said so far.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read(&self.output).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
    }

    /// Ends the program at once and waits until it has; nothing if it has ended.
    pub fn stop(&mut self) {
        drop(self.shell.stdin.take());
        // It cannot fail: this is our child, and its end is the end of the program, which was just killed.
        let _ = self.shell.wait();
    }
}

impl Drop for Leash {
    fn drop(&mut self) {
        self.stop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start(script: &str) -> (tempfile::TempDir, Leash) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let output = folder.path().join("log");
        let leash = Leash::start("sh", ["-c", script], folder.path(), &output, &[]).expect("a shell starts");
        (folder, leash)
    }

    #[test]
    fn a_program_that_ends_gives_its_code_and_what_it_said() {
        let (_folder, mut leash) = start("echo hello; exit 7");
        assert_eq!(leash.wait(crate::PATIENCE).and_then(|status| status.code()), Some(7));
        assert_eq!(leash.log(), "hello\n");
    }

    #[test]
    fn a_program_that_would_run_on_ends_with_its_value() {
        // With a process of its own, as servers have.
        let (folder, mut leash) = start("sleep 600 & echo $! > child; echo $$ > id; wait");
        let id = |name: &str| loop {
            match fs::read_to_string(folder.path().join(name)) {
                Ok(id) if id.ends_with('\n') => break Path::new("/proc").join(id.trim()),
                Ok(_) | Err(_) => thread::sleep(Duration::from_millis(5)),
            }
        };
        let (program, child) = (id("id"), id("child"));
        assert!(leash.ended().is_none() && child.exists());
        drop(leash);
        assert!(!program.exists());
        // Its parent gone, the system clears it away soon.
        let gone = |path: &Path| fs::read_to_string(path.join("stat")).map_or(true, |stat| stat.contains(") Z "));
        while !gone(&child) {
            thread::sleep(Duration::from_millis(5));
        }
    }
}
