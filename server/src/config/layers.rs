//! The sources of values, and how they are laid over each other.

use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
};

use toml::de::{DeTable, DeValue};

use super::{
    error::Problem,
    settings::{KEYS, Key, environment_name},
    value::Setting,
};

/// Where a value stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// Nowhere: it is the default.
    Default,
    /// In a file, at a line counted from 1.
    File {
        /// The file.
        path: PathBuf,
        /// The line.
        line: usize,
    },
    /// In a variable of the environment.
    Variable(String),
    /// On the command line.
    Flag(&'static str),
}

impl fmt::Display for Source {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Default => formatter.write_str("default"),
            Source::File { path, line } => write!(formatter, "{}:{line}", path.display()),
            Source::Variable(name) => write!(formatter, "environment variable {name}"),
            Source::Flag(flag) => write!(formatter, "option {flag}"),
        }
    }
}

/// A value given on the command line.
#[derive(Debug, Clone)]
pub struct Flag {
    /// As it is typed: `--http`.
    pub flag: &'static str,
    /// The key it sets.
    pub key: &'static str,
    /// The value.
    pub value: String,
}

/// All that a configuration is made of, read but not yet understood.
#[derive(Debug, Default)]
pub struct Layers {
    /// The file's path and text.
    pub file: Option<(PathBuf, String)>,
    /// Variables of the environment; those that are not Tandem's are ignored.
    pub environment: Vec<(String, String)>,
    /// The command line.
    pub flags: Vec<Flag>,
}

impl Layers {
    /// Lays environment over file and command line over both.
    pub(super) fn merge(self, problems: &mut Vec<Problem>) -> Values {
        let mut values = Values::default();
        if let Some((path, text)) = &self.file {
            values.add_file(path, text, problems);
        }
        for (name, value) in self.environment {
            values.add_variable(name, value, problems);
        }
        for Flag { flag, key, value } in self.flags {
            values.0.insert(key.to_owned(), (Source::Flag(flag), value));
        }
        values
    }
}

/// The value of each key that was given one, as text, and where it stands.
#[derive(Debug, Default)]
pub(super) struct Values(BTreeMap<String, (Source, String)>);

impl Values {
    /// Where the key's value stands.
    pub(super) fn source_of(&self, key: &str) -> Source {
        self.0.get(key).map_or(Source::Default, |(source, _)| source.clone())
    }

    /// The key's value, or its default; a bad one goes to `problems`.
    pub(super) fn read<T: Setting>(&self, key: &str, default: &str, problems: &mut Vec<Problem>) -> Option<T> {
        let (place, text) = match self.0.get(key) {
            Some((source, text)) => (source.clone(), text.as_str()),
            None => (Source::Default, default),
        };
        let value = T::read(text);
        if value.is_none() {
            problems.push(Problem::BadValue {
                place,
                key: key.to_owned(),
                value: (!T::IS_SECRET).then(|| text.to_owned()),
                expected: T::EXPECTED,
            });
        }
        value
    }

    fn add_file(&mut self, path: &Path, text: &str, problems: &mut Vec<Problem>) {
        let place = |offset: usize| Source::File { path: path.to_owned(), line: line_of(text, offset) };
        match DeTable::parse(text) {
            Ok(table) => self.add_table("", table.get_ref(), &place, problems),
            Err(error) => problems.push(Problem::NotToml {
                place: place(error.span().map_or(0, |span| span.start)),
                message: error.message().to_owned(),
            }),
        }
    }

    fn add_table(
        &mut self,
        section: &str,
        table: &DeTable<'_>,
        place: &dyn Fn(usize) -> Source,
        problems: &mut Vec<Problem>,
    ) {
        for (name, value) in table {
            let key =
                if section.is_empty() { name.get_ref().to_string() } else { format!("{section}.{}", name.get_ref()) };
            let place_of_key = place(name.span().start);
            let is_section =
                KEYS.iter().any(|known| known.name.split_once('.').is_some_and(|(before, _)| before == key));
            match (value.get_ref(), find(&key)) {
                (DeValue::Table(inner), None) if is_section => self.add_table(&key, inner, place, problems),
                (_, None) => problems.push(Problem::UnknownKey { place: place_of_key, key }),
                (value, Some(known)) => match text_of(value, known.is_list) {
                    Some(text) => {
                        self.0.insert(key, (place_of_key, text));
                    }
                    None => problems.push(Problem::BadValue {
                        place: place_of_key,
                        key,
                        value: None,
                        expected: if known.is_list {
                            "an array of texts, none of them with a comma"
                        } else {
                            "a text or a number, not a list or a table"
                        },
                    }),
                },
            }
        }
    }

    fn add_variable(&mut self, name: String, value: String, problems: &mut Vec<Problem>) {
        if !name.starts_with("TANDEM_") || is_for_others(&name, &value) {
            return;
        }
        match KEYS.iter().find(|key| environment_name(key.name) == name) {
            Some(key) => {
                self.0.insert(key.name.to_owned(), (Source::Variable(name), value));
            }
            None => problems.push(Problem::UnknownKey { place: Source::Variable(name.clone()), key: name }),
        }
    }
}

/// The tests' own variables that a program inherits which they start.
const OF_TESTS: &str = "TANDEM_TEST_POSTGRES_URL";

/// Variables that begin like ours and are no settings: the path of the file, the tests' own, and what Kubernetes puts into
/// every container beside a service that is named `tandem`. Only in their exact forms, for any other is misspelt.
fn is_for_others(name: &str, value: &str) -> bool {
    ["TANDEM_CONFIG", OF_TESTS].contains(&name) || is_of_kubernetes(name.trim_start_matches("TANDEM_"), value)
}

/// What Kubernetes says of a service, behind its name: `SERVICE_HOST`, `SERVICE_PORT` and `SERVICE_PORT_<NAME>`, and, as
/// Docker's links did, `PORT` with a URL, `PORT_<N>_TCP` and its `_PROTO`, `_PORT` and `_ADDR`.
fn is_of_kubernetes(name: &str, value: &str) -> bool {
    if matches!(name, "SERVICE_HOST" | "SERVICE_PORT") {
        return true;
    }
    if name == "PORT" {
        return ["tcp://", "udp://", "sctp://"].iter().any(|scheme| value.starts_with(scheme));
    }
    if let Some(port) = name.strip_prefix("SERVICE_PORT_") {
        return !port.is_empty();
    }
    let Some((number, rest)) = name.strip_prefix("PORT_").and_then(|port| port.split_once('_')) else { return false };
    let (protocol, part) = rest.split_once('_').map_or((rest, None), |(protocol, part)| (protocol, Some(part)));
    number.parse::<u16>().is_ok()
        && matches!(protocol, "TCP" | "UDP" | "SCTP")
        && part.is_none_or(|part| matches!(part, "PROTO" | "PORT" | "ADDR"))
}

fn find(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.name == name)
}

/// A scalar as text; a list's items joined by commas, which none of them may hold: it would be read as two.
fn text_of(value: &DeValue<'_>, is_list: bool) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Integer(number) => Some(number.to_string()),
        DeValue::Float(number) => Some(number.to_string()),
        DeValue::Boolean(truth) => Some(truth.to_string()),
        DeValue::Datetime(time) => Some(time.to_string()),
        DeValue::Array(items) if is_list => {
            let texts = items.iter().map(|item| text_of(item.get_ref(), false)).collect::<Option<Vec<_>>>()?;
            texts.iter().all(|text| !text.contains(',')).then(|| texts.join(","))
        }
        DeValue::Array(_) | DeValue::Table(_) => None,
    }
}

/// The line of a byte, counted from 1.
fn line_of(text: &str, offset: usize) -> usize {
    let before = text.as_bytes().get(..offset).unwrap_or(text.as_bytes());
    before.iter().filter(|byte| **byte == b'\n').count() + 1
}
