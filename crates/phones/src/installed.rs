//! Is a program on this machine, and what to do if not.

use std::{env, path::PathBuf};

use crate::PhoneError;

/// The Debian packages of the programs that tests use.
const PACKAGES: [(&str, &str); 9] = [
    ("baresip", "baresip-core"),
    ("sipp", "sip-tester"),
    ("kamailio", "kamailio"),
    ("sox", "sox"),
    ("espeak-ng", "espeak-ng"),
    ("openssl", "openssl"),
    ("setsid", "util-linux"),
    ("stdbuf", "coreutils"),
    ("sh", "dash"),
];

/// The path of a program of this name in `PATH`.
///
/// # Errors
///
/// [`PhoneError::Missing`] with the command that installs it.
pub fn installed(program: &str) -> Result<PathBuf, PhoneError> {
    let found = env::var_os("PATH")
        .iter()
        .flat_map(|path| env::split_paths(path))
        // Kamailio is a server: its folder is not in every person's PATH.
        .chain([PathBuf::from("/usr/sbin")])
        .map(|folder| folder.join(program))
        .find(|path| path.is_file());
    found.ok_or_else(|| {
        let package = PACKAGES.iter().find(|(name, _)| *name == program).map_or(program, |(_, package)| package);
        let remedy = format!("on Debian run `apt-get update && apt-get install --yes {package}`");
        PhoneError::Missing { program: program.into(), remedy }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_is_there_has_a_path() {
        assert!(installed("sh").expect("every machine has a shell").ends_with("sh"));
    }

    #[test]
    fn a_missing_program_comes_with_its_remedy() {
        let error = installed("sipp-of-nowhere").expect_err("there is no such program").to_string();
        assert!(error.contains("apt-get install --yes sipp-of-nowhere"), "{error}");
    }
}
