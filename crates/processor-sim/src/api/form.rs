//! What do the fields of a request say? `application/x-www-form-urlencoded` with nested names, as Stripe's API takes
//! it: `metadata[payment]=1`, `expand[]=customer`, `expand[0]=customer`.

/// Most fields of one request. Stripe names no limit; more than this is no request of ours.
const MOST_FIELDS: usize = 500;
/// Deepest nesting of a name.
const DEEPEST: usize = 8;

/// A field's value: a text, or fields of its own in the order they came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Node {
    /// What was written.
    Text(String),
    /// A hash or, with the names `0`, `1`, …, an array.
    Hash(Vec<(String, Node)>),
}

/// Why fields cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FormError {
    /// More than [`MOST_FIELDS`].
    #[error("Too many parameters: at most {MOST_FIELDS} are taken.")]
    TooMany,
    /// More than [`DEEPEST`] levels.
    #[error("The parameter is nested too deeply: {0}")]
    TooDeep(String),
    /// A name like `a[b`.
    #[error("Invalid parameter name: {0}")]
    Name(String),
    /// `a=1&a[b]=2`.
    #[error("Invalid hash: {0} is a text and a hash at once")]
    Mixed(String),
}

impl Default for Node {
    fn default() -> Self {
        Self::Hash(Vec::new())
    }
}

impl Node {
    /// Reads the fields of a body or query. A name that comes twice has its last value, as with Rack.
    pub(crate) fn read(text: &[u8]) -> Result<Self, FormError> {
        let mut root = Vec::new();
        for (count, (name, value)) in form_urlencoded::parse(text).enumerate() {
            if count >= MOST_FIELDS {
                return Err(FormError::TooMany);
            }
            put(&mut root, &path(&name)?, &name, value.into_owned())?;
        }
        Ok(Self::Hash(root))
    }

    /// Puts `later` beside these fields: a query beside a body.
    pub(crate) fn with(mut self, later: Self) -> Self {
        if let (Self::Hash(fields), Self::Hash(more)) = (&mut self, later) {
            for (name, value) in more {
                fields.retain(|(old, _)| *old != name);
                fields.push((name, value));
            }
        }
        self
    }

    /// Takes a field out.
    pub(crate) fn take(&mut self, name: &str) -> Option<Self> {
        let Self::Hash(fields) = self else { return None };
        let place = fields.iter().position(|(field, _)| field == name)?;
        Some(fields.remove(place).1)
    }

    /// The field of this name.
    pub(crate) fn get(&self, name: &str) -> Option<&Self> {
        self.fields().iter().find(|(field, _)| field == name).map(|(_, value)| value)
    }

    /// The field at the end of a way through hashes.
    pub(crate) fn at(&self, way: &[&str]) -> Option<&Self> {
        way.iter().try_fold(self, |node, name| node.get(name))
    }

    /// The text of a field, if it is one. An empty one is `Some("")`.
    pub(crate) fn text(&self, way: &[&str]) -> Option<&str> {
        match self.at(way)? {
            Self::Text(text) => Some(text),
            Self::Hash(_) => None,
        }
    }

    /// The text of a field that says something.
    pub(crate) fn said(&self, name: &str) -> Option<&str> {
        self.text(&[name]).filter(|text| !text.is_empty())
    }

    /// A number that [`super::params`] has found to be one.
    pub(crate) fn number(&self, way: &[&str]) -> Option<i64> {
        self.text(way)?.parse().ok()
    }

    /// Whether a boolean field is there and true.
    pub(crate) fn is_true(&self, way: &[&str]) -> bool {
        self.text(way) == Some("true")
    }

    /// The texts of an array.
    pub(crate) fn texts(&self, name: &str) -> Vec<&str> {
        let fields = self.get(name).map(Self::fields).unwrap_or_default();
        fields.iter().filter_map(|(_, value)| if let Self::Text(text) = value { Some(&**text) } else { None }).collect()
    }

    /// The fields of a hash; none of a text.
    pub(crate) fn fields(&self) -> &[(String, Self)] {
        match self {
            Self::Hash(fields) => fields,
            Self::Text(_) => &[],
        }
    }
}

/// `a[b][]` as `["a", "b", ""]`.
fn path(name: &str) -> Result<Vec<&str>, FormError> {
    let bad = || FormError::Name(name.chars().take(80).collect());
    let Some(open) = name.find('[') else { return Ok(vec![name]) };
    let (first, rest) = name.split_at(open);
    if first.is_empty() {
        return Err(bad());
    }
    let inner = rest.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).ok_or_else(bad)?;
    let path: Vec<&str> = std::iter::once(first).chain(inner.split("][")).collect();
    if path.len() > DEEPEST {
        return Err(FormError::TooDeep(name.chars().take(80).collect()));
    }
    if path.iter().any(|part| part.contains(['[', ']'])) {
        return Err(bad());
    }
    Ok(path)
}

fn put(fields: &mut Vec<(String, Node)>, path: &[&str], name: &str, value: String) -> Result<(), FormError> {
    let mixed = || FormError::Mixed(name.chars().take(80).collect());
    let Some((first, rest)) = path.split_first() else { return Ok(()) };
    // `x[]` is the next place of an array.
    let key = if first.is_empty() { fields.len().to_string() } else { (*first).to_owned() };
    let place = match fields.iter().position(|(field, _)| *field == key) {
        Some(place) => place,
        None => {
            let empty = if rest.is_empty() { Node::Text(String::new()) } else { Node::default() };
            fields.push((key, empty));
            fields.len() - 1
        }
    };
    match (&mut fields[place].1, rest.is_empty()) {
        (Node::Text(text), true) => {
            *text = value;
            Ok(())
        }
        (Node::Hash(inner), false) => put(inner, rest, name, value),
        (Node::Text(_), false) | (Node::Hash(_), true) => Err(mixed()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_are_nested_as_stripe_writes_them() {
        let node = Node::read(b"amount=1200&metadata[payment]=p+1&expand[]=customer&expand[]=latest_charge&a[0][b]=x")
            .unwrap();
        assert_eq!(node.number(&["amount"]), Some(1200));
        assert_eq!(node.text(&["metadata", "payment"]), Some("p 1"));
        assert_eq!(node.texts("expand"), ["customer", "latest_charge"]);
        assert_eq!(node.text(&["a", "0", "b"]), Some("x"));
        assert_eq!(node.text(&["metadata"]), None);
    }

    #[test]
    fn what_is_no_nesting_is_refused() {
        assert!(matches!(Node::read(b"a=1&a[b]=2"), Err(FormError::Mixed(_))));
        assert!(matches!(Node::read(b"a[b=2"), Err(FormError::Name(_))));
        assert!(matches!(Node::read(b"[b]=2"), Err(FormError::Name(_))));
        assert!(matches!(Node::read(b"a[b][c][d][e][f][g][h][i]=2"), Err(FormError::TooDeep(_))));
        assert_eq!(Node::read("a=1&".repeat(MOST_FIELDS + 1).as_bytes()), Err(FormError::TooMany));
    }

    proptest! {
        #[test]
        fn any_bytes_can_be_read(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = Node::read(&bytes);
        }
    }
}
