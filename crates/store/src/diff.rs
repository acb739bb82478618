//! What changed between two versions of a record.
//!
//! A record tells itself as a list of values by field name, in words that people can read: of a class its name, of a switch
//! "on". The difference of two such lists is what the audit log keeps, and what the second of two editors is shown.

use std::collections::BTreeMap;

use tandem_domain::audit::FieldChange;

/// A record's fields, in the order of its form: name and value.
pub(crate) type Values = Vec<(String, String)>;

/// Values from fixed names.
pub(crate) fn values<const N: usize>(fields: [(&str, String); N]) -> Values {
    fields.into_iter().map(|(field, value)| (field.to_owned(), value)).collect()
}

/// What became of the fields of `old` in `new`. A record that was made or deleted has no fields on one side.
pub(crate) fn changes(old: &Values, new: &Values) -> Vec<FieldChange> {
    let value = |values: &Values, field: &str| {
        values.iter().find(|(name, _)| name == field).map(|(_, value)| value.clone()).unwrap_or_default()
    };
    let gone = old.iter().filter(|(field, _)| !new.iter().any(|(name, _)| name == field));
    new.iter()
        .chain(gone)
        .map(|(field, _)| FieldChange { field: field.clone(), old: value(old, field), new: value(new, field) })
        .filter(|change| change.old != change.new)
        .collect()
}

/// Several changes, one after the other, as one: per field the first value and the last. What came back to where it was is
/// no change.
pub(crate) fn merge(changes: impl IntoIterator<Item = FieldChange>) -> Vec<FieldChange> {
    let mut merged: Vec<FieldChange> = Vec::new();
    let mut places = BTreeMap::new();
    for change in changes {
        let place = *places.entry(change.field.clone()).or_insert(merged.len());
        match merged.get_mut(place) {
            Some(first) => first.new = change.new,
            None => merged.push(change),
        }
    }
    merged.retain(|change| change.old != change.new);
    merged
}

/// "on" or "off".
pub(crate) fn switch(on: bool) -> String {
    if on { "on" } else { "off" }.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(field: &str, old: &str, new: &str) -> FieldChange {
        FieldChange { field: field.into(), old: old.into(), new: new.into() }
    }

    #[test]
    fn only_fields_with_another_value_are_told() {
        let old = values([("name", "ABC".into()), ("email", "a@abc.example".into())]);
        let new = values([("name", "ABC".into()), ("email", String::new())]);
        assert_eq!(changes(&old, &new), [change("email", "a@abc.example", "")]);
        assert_eq!(changes(&old, &old), []);
    }

    #[test]
    fn a_new_record_is_told_as_its_fields_and_a_deleted_one_too() {
        let record = values([("name", "ABC".into()), ("email", String::new())]);
        assert_eq!(changes(&Values::new(), &record), [change("name", "", "ABC")]);
        assert_eq!(changes(&record, &Values::new()), [change("name", "ABC", "")]);
    }

    #[test]
    fn several_changes_of_a_field_become_one_and_a_change_taken_back_none() {
        let changes =
            [change("name", "A", "B"), change("email", "x", "y"), change("name", "B", "C"), change("email", "y", "x")];
        assert_eq!(merge(changes), [change("name", "A", "C")]);
    }
}
