//! What records with names have in common: how names sort, and what is said when one is taken or still needed.

use crate::StoreError;

/// What a name sorts by, and is unique by: upper and lower case are the same.
pub(crate) fn key(name: &str) -> String {
    name.trim().to_lowercase()
}

/// What an extension or another number sorts by: shorter ones first, so that 99 comes before 100.
pub(crate) fn number_key(number: &str) -> String {
    format!("{}{number}", number.len())
}

/// The error of a write, in words where it is that the name belongs to another record; `what` is the kind of record.
pub(crate) fn taken(error: StoreError, table: &str, what: &str, name: &str) -> StoreError {
    if error.is_taken(table, "name_key") {
        StoreError::taken("name", format!("Another {what} is called “{name}”; choose another name."))
    } else {
        error
    }
}

/// The error of a delete, in words where it is that other records refer to this one.
pub(crate) fn in_use(error: StoreError, words: &str) -> StoreError {
    match error {
        StoreError::Database(sqlx::Error::Database(cause)) if cause.is_foreign_key_violation() => {
            StoreError::InUse(words.to_owned())
        }
        other => other,
    }
}
