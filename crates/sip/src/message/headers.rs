//! The headers of a message: their lines as they came, in order. What they mean is read in [`super::typed`].

use super::{
    name::Name,
    text::{self, one_line},
    via::Via,
};

/// One header line, unfolded.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Header {
    /// Its name.
    pub name: Name,
    /// Its value without white space around it; holds no line end.
    pub value: String,
}

/// The headers of a message, in their order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Headers(Vec<Header>);

impl Headers {
    /// None.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// None yet, with room for this many.
    pub(crate) fn with_capacity(count: usize) -> Self {
        Self(Vec::with_capacity(count))
    }

    /// The first value of this name.
    #[must_use]
    pub fn get(&self, name: &Name) -> Option<&str> {
        self.all(name).next()
    }

    /// All values of this name, one for each line.
    pub fn all<'a>(&'a self, name: &Name) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |header| header.name == *name).map(|header| header.value.as_str())
    }

    /// All elements of this name: lines split at the commas that stand outside quotes and brackets. Empty ones are left out.
    pub fn elements<'a>(&'a self, name: &Name) -> impl Iterator<Item = &'a str> {
        self.all(name).flat_map(|value| text::split(value, b',')).filter(|element| !element.is_empty())
    }

    /// Whether there is one of this name.
    #[must_use]
    pub fn has(&self, name: &Name) -> bool {
        self.get(name).is_some()
    }

    /// Adds a line at the end. Line ends in the value become spaces, white space around it is left out.
    pub fn push(&mut self, name: Name, value: impl Into<String>) {
        self.0.push(Header { name, value: one_line(value.into()) });
    }

    /// Adds a line before all others.
    pub fn push_front(&mut self, name: Name, value: impl Into<String>) {
        self.0.insert(0, Header { name, value: one_line(value.into()) });
    }

    /// Makes this the only line of its name, in the place of the first, else at the end.
    pub fn set(&mut self, name: Name, value: impl Into<String>) {
        let value = one_line(value.into());
        let Some(at) = self.0.iter().position(|header| header.name == name) else {
            return self.0.push(Header { name, value });
        };
        let mut index = 0;
        self.0.retain(|header| {
            let stays = index <= at || header.name != name;
            index += 1;
            stays
        });
        self.0[at].value = value;
    }

    /// Takes all lines of this name away.
    pub fn remove(&mut self, name: &Name) {
        self.0.retain(|header| header.name != *name);
    }

    /// Writes this in the place of the topmost `Via`; nothing happens if there is none.
    pub fn set_top_via(&mut self, via: &Via) {
        self.change_top_via(|rest| Some(rest.map_or_else(|| via.to_string(), |rest| format!("{via}, {rest}"))));
    }

    /// Takes the topmost `Via` away, as the receiver of a response does.
    pub fn remove_top_via(&mut self) {
        self.change_top_via(|rest| rest.map(str::to_owned));
    }

    /// Gives the first `Via` line a new value, made from what follows its first element; `None` takes the line away.
    fn change_top_via(&mut self, change: impl FnOnce(Option<&str>) -> Option<String>) {
        let Some(at) = self.0.iter().position(|header| header.name == Name::Via) else { return };
        let line = &self.0[at].value;
        match change(text::find(line, b',').map(|comma| text::trim(&line[comma + 1..]))) {
            Some(value) => self.0[at].value = one_line(value),
            None => drop(self.0.remove(at)),
        }
    }

    /// The lines.
    pub fn iter(&self) -> std::slice::Iter<'_, Header> {
        self.0.iter()
    }

    /// How many lines there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'a> IntoIterator for &'a Headers {
    type Item = &'a Header;
    type IntoIter = std::slice::Iter<'a, Header>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<V: Into<String>> FromIterator<(Name, V)> for Headers {
    fn from_iter<I: IntoIterator<Item = (Name, V)>>(lines: I) -> Self {
        let mut headers = Self::new();
        lines.into_iter().for_each(|(name, value)| headers.push(name, value));
        headers
    }
}
