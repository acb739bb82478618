//! Objects of one kind in the order they were made, the oldest forgotten when there are too many.

use std::collections::{BTreeMap, HashMap};

use serde::{Serialize, Serializer};

/// A bounded table. Stripe forgets nothing; a stand-in that runs for days must.
#[derive(Debug)]
pub(crate) struct Table<T> {
    rows: BTreeMap<u64, (String, T)>,
    places: HashMap<String, u64>,
    next: u64,
    most: usize,
}

impl<T> Table<T> {
    pub(crate) fn new(most: usize) -> Self {
        Self { rows: BTreeMap::new(), places: HashMap::new(), next: 0, most: most.max(1) }
    }

    /// Adds an object, or puts it in the place of the one with its id.
    pub(crate) fn put(&mut self, id: &str, row: T) {
        if let Some(row_before) = self.get_mut(id) {
            *row_before = row;
            return;
        }
        if self.rows.len() >= self.most
            && let Some((_, (oldest, _))) = self.rows.pop_first()
        {
            self.places.remove(&oldest);
        }
        self.places.insert(id.to_owned(), self.next);
        self.rows.insert(self.next, (id.to_owned(), row));
        self.next += 1;
    }

    pub(crate) fn get(&self, id: &str) -> Option<&T> {
        self.rows.get(self.places.get(id)?).map(|(_, row)| row)
    }

    pub(crate) fn get_mut(&mut self, id: &str) -> Option<&mut T> {
        self.rows.get_mut(self.places.get(id)?).map(|(_, row)| row)
    }

    pub(crate) fn remove(&mut self, id: &str) -> Option<T> {
        let place = self.places.remove(id)?;
        self.rows.remove(&place).map(|(_, row)| row)
    }

    /// All, the oldest first.
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = (&str, &T)> {
        self.rows.values().map(|(id, row)| (&**id, row))
    }

    /// Adds rows of the file, the oldest first.
    pub(crate) fn fill(&mut self, rows: impl IntoIterator<Item = (String, T)>) {
        for (id, row) in rows {
            self.put(&id, row);
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }
}

/// As an array of ids and rows.
impl<T: Serialize> Serialize for Table<T> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(self.iter())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_goes_first() {
        let mut table = Table::new(2);
        for id in ["a", "b", "c"] {
            table.put(id, id.to_uppercase());
        }
        table.put("b", "again".to_owned());
        assert_eq!((table.get("a"), table.get("b").map(|row| &**row), table.len()), (None, Some("again"), 2));
        assert_eq!(table.iter().map(|(id, _)| id).collect::<Vec<_>>(), ["b", "c"]);
        assert_eq!(table.remove("c"), Some("C".to_owned()));
    }
}
