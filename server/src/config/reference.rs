//! The reference of all keys, itself a configuration file: every line that sets something is commented out.

use std::fmt::Write as _;

use super::settings::{KEYS, Key, SECTIONS, environment_name};

/// A TOML file that says what every key does and holds its default.
pub fn reference() -> String {
    let mut text = String::from(
        "# The configuration of Tandem. Every key is here with its default; take the \"#\" away to set one.\n\
         # Each can also be set by the variable named beside it; a command-line option wins over both.\n",
    );
    for key in KEYS.iter().filter(|key| !key.name.contains('.')) {
        describe(&mut text, key, key.name);
    }
    for (section, docs) in SECTIONS {
        text.push('\n');
        for line in *docs {
            comment(&mut text, line);
        }
        let _ = writeln!(text, "[{section}]");
        for key in KEYS {
            if let Some((before, name)) = key.name.split_once('.')
                && before == *section
            {
                describe(&mut text, key, name);
            }
        }
    }
    text
}

fn describe(text: &mut String, key: &Key, name: &str) {
    text.push('\n');
    for line in key.docs {
        comment(text, line);
    }
    let quoted = |word: &str| format!("\"{word}\"");
    let words = key.default.split(',').map(str::trim).filter(|word| !word.is_empty());
    let value = if key.is_list {
        format!("[{}]", words.map(quoted).collect::<Vec<_>>().join(", "))
    } else {
        quoted(key.default)
    };
    comment(text, &format!(" Variable: {}", environment_name(key.name)));
    let _ = writeln!(text, "#{name} = {value}");
}

/// A line of documentation begins with the space after `///`.
fn comment(text: &mut String, line: &str) {
    let _ = writeln!(text, "#{}", line.trim_end());
}
