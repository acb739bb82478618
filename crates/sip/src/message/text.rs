//! The smallest pieces of SIP's grammar (RFC 3261 §25.1): tokens, quoted strings, escapes, lists split at their top level.

use std::{borrow::Cow, fmt};

/// White space inside a header that is already unfolded.
const WSP: [char; 2] = [' ', '\t'];

/// The text without white space around it.
pub(crate) fn trim(text: &str) -> &str {
    text.trim_matches(WSP)
}

/// Whether a token may hold this byte (RFC 3261 §25.1, `token`).
pub(crate) const fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'!' | b'%' | b'*' | b'_' | b'+' | b'`' | b'\'' | b'~')
}

/// Whether the text is a token.
pub(crate) fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(is_token_byte)
}

/// RFC 3261 §25.1, `unreserved`.
pub(crate) const fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'!' | b'~' | b'*' | b'\'' | b'(' | b')')
}

/// A number of digits only; what is larger than `u64` becomes `u64::MAX`. `None`: no digits, or not only digits.
pub(crate) fn number(text: &str) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    text.bytes().try_fold(0_u64, |sum, byte| {
        byte.is_ascii_digit().then(|| sum.saturating_mul(10).saturating_add(u64::from(byte - b'0')))
    })
}

/// The pieces of a text between separators that stand outside quotes and angle brackets, without white space around them.
/// Empty pieces are kept; a text without any separator is one piece.
pub(crate) struct Split<'a> {
    rest: Option<&'a str>,
    separator: u8,
}

/// Splits at `separator`, an ASCII character.
pub(crate) fn split(text: &str, separator: u8) -> Split<'_> {
    Split { rest: Some(text), separator }
}

impl<'a> Iterator for Split<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let text = self.rest?;
        let (piece, rest) = match find(text, self.separator) {
            Some(at) => (&text[..at], Some(&text[at + 1..])),
            None => (text, None),
        };
        self.rest = rest;
        Some(trim(piece))
    }
}

/// Where `wanted`, an ASCII character, first stands outside quotes and angle brackets.
pub(crate) fn find(text: &str, wanted: u8) -> Option<usize> {
    let (mut quoted, mut bracketed, mut escaped) = (false, false, false);
    for (at, byte) in text.bytes().enumerate() {
        if escaped {
            escaped = false;
        } else if quoted {
            match byte {
                b'\\' => escaped = true,
                b'"' => quoted = false,
                _ => {}
            }
        } else if byte == wanted && !bracketed {
            return Some(at);
        } else {
            match byte {
                b'"' if !bracketed => quoted = true,
                b'<' => bracketed = true,
                b'>' => bracketed = false,
                _ => {}
            }
        }
    }
    None
}

/// Reads a quoted string at the beginning of the text: its content without escapes, and what follows the closing quote.
pub(crate) fn read_quoted(text: &str) -> Option<(Cow<'_, str>, &str)> {
    let inside = text.strip_prefix('"')?;
    let end = inside.find(['"', '\\'])?;
    if inside.as_bytes()[end] == b'"' {
        return Some((Cow::Borrowed(&inside[..end]), &inside[end + 1..]));
    }
    let mut content = String::from(&inside[..end]);
    let mut characters = inside[end..].char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((Cow::Owned(content), &inside[end + at + 1..])),
            '\\' => content.push(characters.next()?.1),
            other => content.push(other),
        }
    }
    None
}

/// Writes a quoted string; line ends become spaces, for nothing may begin a new header line.
pub(crate) fn write_quoted(f: &mut impl fmt::Write, text: &str) -> fmt::Result {
    f.write_char('"')?;
    for character in text.chars() {
        match character {
            '"' | '\\' => {
                f.write_char('\\')?;
                f.write_char(character)?;
            }
            '\r' | '\n' => f.write_char(' ')?,
            other => f.write_char(other)?,
        }
    }
    f.write_char('"')
}

/// The text with its `%41` read (RFC 3261 §25.1, `escaped`). What is not UTF-8 then becomes U+FFFD. `None`: a `%` without
/// two hexadecimal digits.
pub(crate) fn unescape(text: &str) -> Option<Cow<'_, str>> {
    if !text.contains('%') {
        return Some(Cow::Borrowed(text));
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let (high, low) = (char::from(rest.next()?).to_digit(16)?, char::from(rest.next()?).to_digit(16)?);
                u8::try_from(high * 16 + low).ok()?
            }
            other => other,
        });
    }
    Some(Cow::Owned(match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
    }))
}

/// Writes the text with every byte that is not allowed here as `%41`.
pub(crate) fn write_escaped(f: &mut impl fmt::Write, text: &str, allowed: fn(u8) -> bool) -> fmt::Result {
    for byte in text.bytes() {
        if allowed(byte) {
            f.write_char(char::from(byte))?;
        } else {
            write!(f, "%{byte:02X}")?;
        }
    }
    Ok(())
}

/// A text as a header holds it: no line end, each is a space; no white space around it.
pub(crate) fn one_line(text: String) -> String {
    let ends = text.bytes().any(|byte| matches!(byte, b'\r' | b'\n'));
    let text = if ends { text.replace(['\r', '\n'], " ") } else { text };
    let trimmed = trim(&text);
    if trimmed.len() == text.len() { text } else { trimmed.to_owned() }
}
