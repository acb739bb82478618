//! Texts that the network brought, made fit to be kept: of bounded length, and without what a database or a terminal stumbles
//! over (PostgreSQL refuses a text with a zero character, and one refused row would be the end of its whole batch).

/// Characters of a number, a name or another short text that are kept.
pub(crate) const SHORT: usize = 200;

/// A text of one line: no control characters, at most `max` characters.
pub(crate) fn line(text: &str, max: usize) -> String {
    text.chars().filter(|c| !c.is_control()).take(max).collect()
}

/// A text of several lines: at most `max` bytes, zero characters shown as U+FFFD.
pub(crate) fn lines(text: &str, max: usize) -> String {
    let text = text.replace('\0', "\u{fffd}");
    let end = text.floor_char_boundary(max);
    text[..end].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_short_and_obeyed_by_no_terminal() {
        assert_eq!(line("John\u{1b}[2J\0 744\r\n", SHORT), "John[2J 744");
        assert_eq!(line("ééé", 2), "éé");
    }

    #[test]
    fn lines_end_between_characters() {
        assert_eq!(lines("INVITE\r\n\r\n\0", 100), "INVITE\r\n\r\n\u{fffd}");
        assert_eq!(lines("ééé", 3), "é");
        assert_eq!(lines("éé", 4), "éé");
    }
}
