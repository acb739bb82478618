//! Statements that wait for company: SQLite understands several as one text, and runs them at one word.
//!
//! Each keeps its own `$1`, so the arguments of the whole text are numbered anew. (Of several statements in one text sqlx binds
//! to each those that it names.)

use super::{Sql, sql};

/// Arguments up to which statements join what waits: SQLite finds the n-th of a statement by looking at all before it.
const ARGS_MAX: usize = 400;

/// What waits, in order.
#[derive(Debug, Default)]
pub(crate) struct Later(Option<Sql>);

impl Later {
    /// Puts a statement at the end.
    pub(super) fn add(&mut self, next: Sql) {
        self.0 = Some(self.before(next));
    }

    /// All that waited, if anything did.
    pub(super) fn take(&mut self) -> Option<Sql> {
        self.0.take()
    }

    /// Whether a statement can join what waits.
    pub(super) fn has_room_for(&self, next: &Sql) -> bool {
        self.0.as_ref().is_none_or(|waits| waits.args.len() + next.args.len() <= ARGS_MAX)
    }

    /// A statement with all that waited before it: what the whole answers is what the statement does, for the others answer
    /// nothing.
    pub(super) fn before(&mut self, next: Sql) -> Sql {
        let Some(mut all) = self.0.take() else { return next };
        let text = renumbered(&next.text, all.args.len());
        all.text.to_mut().push_str("; ");
        all.text.to_mut().push_str(&text);
        all.args.extend(next.args);
        Sql { kept: all.kept && next.kept, ..sql(all.text).bind_all(all.args) }
    }
}

/// A text whose `$1` is `$(1 + by)`. None of ours has a `$` that means anything else.
fn renumbered(text: &str, by: usize) -> String {
    let mut parts = text.split('$');
    let mut renumbered = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let digits = part.len() - part.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, rest) = part.split_at(digits);
        renumbered.push('$');
        match number.parse::<usize>() {
            Ok(number) => renumbered.push_str(&(number + by).to_string()),
            Err(_) => renumbered.push_str(number),
        }
        renumbered.push_str(rest);
    }
    renumbered
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waited_comes_first_and_each_has_its_own_arguments() {
        let mut later = Later::default();
        later.add(sql("UPDATE a SET x = $2 WHERE id = $1").bind("one").bind(2));
        later.add(sql("DELETE FROM b"));
        let all = later.before(sql("SELECT $1, $1, $10").bind_all((1..=10).map(Into::into)));
        assert_eq!(all.text, "UPDATE a SET x = $2 WHERE id = $1; DELETE FROM b; SELECT $3, $3, $12");
        assert_eq!((all.args.len(), all.kept, later.take().is_none()), (12, true, true));
        later.add(sql("DELETE FROM c WHERE id = $1").bind(1).once());
        assert!(!later.before(sql("SELECT 1")).kept, "a text that hardly comes again makes none that does");
        assert_eq!(later.before(sql("SELECT 1")).text, "SELECT 1");
    }
}
