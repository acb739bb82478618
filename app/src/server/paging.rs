//! Pages of what is not in the database: cut as the store cuts its own.

use tandem_domain::list::{COUNT_CAP, Cursor, PAGE_ROWS, Page};

/// The page that the cursor names of rows that are in their order; `id` names a row. Where the row of the cursor is gone, the
/// page is the first: what is not in the database goes quickly.
pub(crate) fn page_of<T>(mut rows: Vec<T>, cursor: Option<&Cursor>, id: impl Fn(&T) -> String) -> Page<T> {
    let size = PAGE_ROWS as usize;
    let count = u32::try_from(rows.len()).unwrap_or(u32::MAX).min(COUNT_CAP + 1);
    let place =
        cursor.and_then(|cursor| rows.iter().position(|row| id(row) == cursor.id).map(|at| (at, cursor.before)));
    let (begin, end) = match place {
        None => (0, size),
        Some((at, true)) => (at.saturating_sub(size), at),
        Some((at, false)) => (at + 1, at + 1 + size),
    };
    let has_more = rows.len() > end;
    rows.truncate(end);
    rows.drain(..begin.min(rows.len()));
    let to = |row: Option<&T>, before| row.map(|row| Cursor { before, key: String::new(), id: id(row) });
    Page {
        next: to(rows.last().filter(|_| has_more), false),
        previous: to(rows.first().filter(|_| begin > 0), true),
        rows,
        count,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(rows: u32, cursor: Option<(u32, bool)>) -> Page<u32> {
        let cursor = cursor.map(|(id, before)| Cursor { before, key: String::new(), id: id.to_string() });
        page_of((0..rows).collect(), cursor.as_ref(), u32::to_string)
    }

    #[test]
    fn pages_follow_each_other_and_lead_back() {
        let first = page(120, None);
        assert_eq!((first.rows.len(), first.rows[0], first.count), (50, 0, 120));
        assert!(first.previous.is_none());
        let last_id = first.next.unwrap().id.parse().unwrap();
        let second = page(120, Some((last_id, false)));
        assert_eq!((second.rows[0], second.rows.len()), (50, 50));
        let third = page(120, Some((99, false)));
        assert_eq!((third.rows.len(), third.next.is_none()), (20, true));
        assert_eq!(page(120, Some((100, true))).rows, second.rows);
    }

    #[test]
    fn a_page_after_a_row_that_is_gone_is_the_first() {
        assert_eq!(page(60, Some((1000, false))).rows[0], 0);
        assert_eq!(page(0, None).rows.len(), 0);
    }
}
