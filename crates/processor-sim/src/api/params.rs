//! Which parameters does a call take, and are these of their kind? A parameter that Stripe does not know is refused as
//! Stripe refuses it; one that Stripe knows and the stand-in does not act on is refused too, with words that say so,
//! since ignoring it would prove nothing.

use super::{error::ApiError, form::Node, takes};

/// Metadata: most keys, longest key, longest value in characters ("API reference", *Metadata*).
const METADATA: (usize, usize, usize) = (50, 40, 500);

/// What a parameter is.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    /// A text of at most so many characters.
    Text(usize),
    /// An integer.
    Integer,
    /// `true` or `false`.
    Boolean,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// `true`, `false` or one of these words.
    BooleanOr(&'static [&'static str]),
    /// Keys and values of the caller's own.
    Metadata,
    /// An array of texts.
    Texts,
    /// A hash with these parameters.
    Hash(&'static [Param]),
    /// An integer, or bounds `gt`, `gte`, `lt`, `lte`.
    Range,
    /// Known to Stripe, not simulated.
    NotSimulated,
}

/// One parameter.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Param {
    name: &'static str,
    kind: Kind,
    required: bool,
    /// Whether an empty text takes away what was set.
    emptyable: bool,
}

impl Param {
    pub(crate) const fn new(name: &'static str, kind: Kind) -> Self {
        Self { name, kind, required: false, emptyable: false }
    }

    pub(crate) const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    pub(crate) const fn emptyable(mut self) -> Self {
        self.emptyable = true;
        self
    }
}

/// Checks the parameters of a call: first that all are known, then that none is missing, then their kinds.
pub(crate) fn check(known: &[Param], given: &Node) -> Result<(), ApiError> {
    check_in("", known, given)
}

fn check_in(within: &str, known: &[Param], given: &Node) -> Result<(), ApiError> {
    let full = |name: &str| if within.is_empty() { name.to_owned() } else { format!("{within}[{name}]") };
    for (name, _) in given.fields() {
        match known.iter().find(|param| param.name == name) {
            None if takes::OTHER_KINDS.contains(&&**name) && known.iter().any(|param| param.name == "card") => {
                return Err(not_simulated(full(name)));
            }
            None => {
                return Err(unknown(&full(name)));
            }
            Some(Param { kind: Kind::NotSimulated, .. }) => return Err(not_simulated(full(name))),
            Some(_) => {}
        }
    }
    for param in known {
        let name = full(param.name);
        match given.get(param.name) {
            None if param.required => {
                return Err(ApiError::request(format!("Missing required param: {name}."))
                    .code("parameter_missing")
                    .param(name));
            }
            None => {}
            Some(Node::Text(text)) if text.is_empty() && param.emptyable => {}
            Some(Node::Text(text)) if text.is_empty() => return Err(empty(&name)),
            Some(value) => check_kind(&name, param.kind, value)?,
        }
    }
    Ok(())
}

/// The refusal of a parameter that Stripe does not know.
pub(crate) fn unknown(name: &str) -> ApiError {
    let name: String = name.chars().take(120).collect();
    ApiError::request(format!("Received unknown parameter: {name}")).code("parameter_unknown").param(name)
}

fn not_simulated(name: String) -> ApiError {
    let message = format!("Stripe knows the parameter {name}; Tandem's stand-in for Stripe does not simulate it.");
    ApiError::request(message).code("sim_not_simulated").param(name)
}

fn empty(name: &str) -> ApiError {
    ApiError::request(format!(
        "You passed an empty string for '{name}'. We assume empty values are an attempt to unset a parameter; however \
         '{name}' cannot be unset. You should remove '{name}' from your request or supply a non-empty value."
    ))
    .code("parameter_invalid_empty")
    .param(name)
}

fn check_kind(name: &str, kind: Kind, value: &Node) -> Result<(), ApiError> {
    let shown = |text: &str| text.chars().take(80).collect::<String>();
    let text = match value {
        Node::Text(text) => Some(&**text),
        Node::Hash(_) => None,
    };
    match (kind, text) {
        (Kind::Text(most), Some(text)) => {
            let long = text.chars().count();
            if long > most {
                return Err(ApiError::request(format!(
                    "Invalid string: {}…; must be at most {most} characters",
                    text.chars().take(12).collect::<String>()
                ))
                .code("parameter_invalid_string_too_long")
                .param(name));
            }
            Ok(())
        }
        (Kind::Text(_), None) => Err(ApiError::request("Invalid string").param(name)),
        (Kind::Integer, Some(text)) if text.len() <= 15 && text.parse::<i64>().is_ok() => Ok(()),
        (Kind::Integer, text) => {
            Err(ApiError::request(format!("Invalid integer: {}", shown(text.unwrap_or("a hash"))))
                .code("parameter_invalid_integer")
                .param(name))
        }
        (Kind::Boolean, Some("true" | "false")) => Ok(()),
        (Kind::Boolean, text) => {
            Err(ApiError::request(format!("Invalid boolean: {}", shown(text.unwrap_or("a hash")))).param(name))
        }
        (Kind::BooleanOr(_), Some("true" | "false")) => Ok(()),
        (Kind::Choice(words) | Kind::BooleanOr(words), text) => {
            if text.is_some_and(|text| words.contains(&text)) {
                return Ok(());
            }
            let last = name.rsplit('[').next().unwrap_or(name).trim_end_matches(']');
            Err(ApiError::request(format!("Invalid {last}: must be one of {}", words.join(", "))).param(name))
        }
        (Kind::Metadata, text) => check_metadata(name, value, text),
        (Kind::Texts, None) if value.fields().iter().all(|(_, value)| matches!(value, Node::Text(_))) => Ok(()),
        (Kind::Texts, _) => Err(ApiError::request("Invalid array").param(name)),
        (Kind::Hash(known), None) => check_in(name, known, value),
        (Kind::Hash(_), Some(_)) => Err(ApiError::request("Invalid object").param(name)),
        (Kind::Range, Some(_)) => check_kind(name, Kind::Integer, value),
        (Kind::Range, None) => check_in(name, &BOUNDS, value),
        // Refused before its kind is looked at.
        (Kind::NotSimulated, _) => Ok(()),
    }
}

const BOUNDS: [Param; 4] = [
    Param::new("gt", Kind::Integer),
    Param::new("gte", Kind::Integer),
    Param::new("lt", Kind::Integer),
    Param::new("lte", Kind::Integer),
];

fn check_metadata(name: &str, value: &Node, text: Option<&str>) -> Result<(), ApiError> {
    if text.is_some() {
        return Err(ApiError::request("Invalid object").param(name));
    }
    let (most, longest_key, longest_value) = METADATA;
    if value.fields().len() > most {
        return Err(ApiError::request(format!("Metadata can have at most {most} keys.")).param(name));
    }
    for (key, value) in value.fields() {
        let Node::Text(text) = value else {
            return Err(ApiError::request("Metadata values must be strings.").param(format!("{name}[{key}]")));
        };
        if key.chars().count() > longest_key {
            let key: String = key.chars().take(80).collect();
            return Err(ApiError::request(format!(
                "Metadata keys can be up to {longest_key} characters long. Key '{key}' is too long."
            ))
            .param(name));
        }
        if text.chars().count() > longest_value {
            return Err(ApiError::request(format!(
                "Metadata values must be shorter than {longest_value} characters, but you passed in a value that is {} \
                 characters long.",
                text.chars().count()
            ))
            .param(format!("{name}[{key}]")));
        }
    }
    Ok(())
}

/// Puts the metadata of a request into an object's: an empty value takes its key away, `metadata=` all of them.
pub(crate) fn merge_metadata(into: &mut std::collections::BTreeMap<String, String>, given: &Node) {
    match given.get("metadata") {
        None => {}
        Some(Node::Text(_)) => into.clear(),
        Some(Node::Hash(fields)) => {
            for (key, value) in fields {
                match value {
                    Node::Text(text) if text.is_empty() => {
                        into.remove(key);
                    }
                    Node::Text(text) => {
                        into.insert(key.clone(), text.clone());
                    }
                    Node::Hash(_) => {}
                }
            }
        }
    }
}
