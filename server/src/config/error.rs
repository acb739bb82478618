//! What can be wrong with a configuration, said with where it stands and what would be right.

use std::{fmt, path::PathBuf};

use super::{
    layers::Source,
    settings::{KEYS, environment_name},
};

/// One thing that is wrong.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// The file could not be read.
    #[error("{}: {source}", path.display())]
    UnreadableFile {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not TOML.
    #[error("{place}: {message}")]
    NotToml {
        /// File and line.
        place: Source,
        /// What the parser says.
        message: String,
    },
    /// A key that does not exist.
    #[error("{place}: unknown {}{}", what_is_unknown(place, key), hint(place, key))]
    UnknownKey {
        /// Where it stands.
        place: Source,
        /// As it was written.
        key: String,
    },
    /// A value that its key does not accept.
    #[error("{place}: {key}{}: expected {expected}", shown(value.as_deref()))]
    BadValue {
        /// Where it stands.
        place: Source,
        /// The key.
        key: String,
        /// As it was written; nothing where it may be secret.
        value: Option<String>,
        /// What the key accepts.
        expected: &'static str,
    },
    /// Two values that do not go together.
    #[error("{place}: {key}: {says}")]
    Contradiction {
        /// Where the value of the key stands.
        place: Source,
        /// The key to change.
        key: &'static str,
        /// The rule.
        says: &'static str,
    },
}

fn shown(value: Option<&str>) -> String {
    value.map(|value| format!(" = \"{value}\"")).unwrap_or_default()
}

fn what_is_unknown(place: &Source, key: &str) -> String {
    match place {
        Source::Variable(_) => "variable".to_owned(),
        Source::File { .. } | Source::Flag(_) | Source::Default => format!("key \"{key}\""),
    }
}

/// The nearest key, or else all keys of the section, or else all.
fn hint(place: &Source, key: &str) -> String {
    let as_written_there = |key: &str| match place {
        Source::Variable(_) => environment_name(key),
        Source::File { .. } | Source::Flag(_) | Source::Default => key.to_owned(),
    };
    let written = match place {
        Source::Variable(name) => name.clone(),
        Source::File { .. } | Source::Flag(_) | Source::Default => key.to_owned(),
    };
    let nearest = KEYS
        .iter()
        .map(|known| as_written_there(known.name))
        .map(|known| (strsim::jaro_winkler(&known, &written), known))
        .filter(|(likeness, _)| *likeness > 0.88)
        .max_by(|one, other| one.0.total_cmp(&other.0));
    match nearest {
        Some((_, known)) => format!("; did you mean {known}?"),
        None => {
            let section = key.split_once('.').map(|(section, _)| format!("{section}."));
            let in_section = |name: &str| section.as_ref().is_some_and(|section| name.starts_with(section));
            let whole = !KEYS.iter().any(|known| in_section(known.name));
            let names = KEYS.iter().map(|known| known.name).filter(|name| whole || in_section(name));
            format!("; there are {}", names.map(as_written_there).collect::<Vec<_>>().join(", "))
        }
    }
}

/// Everything that is wrong, a line each.
#[derive(Debug)]
pub struct ConfigErrors(pub Vec<Problem>);

impl fmt::Display for ConfigErrors {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        formatter.write_str(&lines.join("\n"))
    }
}

impl std::error::Error for ConfigErrors {}
