//! Tab-separated values: a header line, then full values, one record a line, whatever they contain.
//!
//! Tab, newline, carriage return and backslash are `\t`, `\n`, `\r`, `\\`; other characters that act on a terminal
//! are `\x1b` or `\u{202e}`. What is absent is empty; items of a list have a comma between.

use std::fmt;
use std::io::Write as _;

use crate::domain::text::{escape, is_treacherous};

/// The line of one record, being written.
pub struct Line<'a> {
    text: &'a mut Vec<u8>,
    first: bool,
}

impl<'a> Line<'a> {
    pub(super) fn new(text: &'a mut Vec<u8>) -> Self {
        Self { text, first: true }
    }

    /// Adds a field of text from anywhere.
    pub(super) fn text(&mut self, value: Option<&str>) -> &mut Self {
        self.next_field();
        let Some(value) = value else { return self };
        if value.contains(|letter| letter == '\\' || is_treacherous(letter)) {
            self.text.extend_from_slice(escaped(value).as_bytes());
        } else {
            self.text.extend_from_slice(value.as_bytes());
        }
        self
    }

    /// Adds a field that prints without anything to escape: an id, an instant, a number.
    pub(super) fn plain(&mut self, value: Option<impl fmt::Display>) -> &mut Self {
        self.next_field();
        if let Some(value) = value {
            write!(self.text, "{value}").expect("a vector takes all that is written");
        }
        self
    }

    pub(super) fn end(self) {
        self.text.push(b'\n');
    }

    fn next_field(&mut self) {
        if !std::mem::take(&mut self.first) {
            self.text.push(b'\t');
        }
    }
}

/// Appends the header line.
pub(super) fn push_header(text: &mut Vec<u8>, fields: &[&str]) {
    text.extend_from_slice(fields.join("\t").as_bytes());
    text.push(b'\n');
}

fn escaped(value: &str) -> String {
    let mut out = String::with_capacity(value.len() + 16);
    for letter in value.chars() {
        match letter {
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\\' => out.push_str("\\\\"),
            _ => out.push_str(&escape(letter.encode_utf8(&mut [0; 4]))),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(values: &[Option<&str>]) -> String {
        let mut text = Vec::new();
        let mut line = Line::new(&mut text);
        for value in values {
            line.text(*value);
        }
        line.end();
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn no_value_adds_a_field_or_a_line() {
        assert_eq!(
            line(&[Some("a\tb"), Some("c\nd\re"), Some("f\\n"), Some("\u{1b}[2J\u{202e}\u{200b}")]),
            "a\\tb\tc\\nd\\re\tf\\\\n\t\\x1b[2J\\u{202e}\\u{200b}\n"
        );
    }

    #[test]
    fn what_is_absent_is_an_empty_field() {
        assert_eq!(line(&[None, Some("x"), None]), "\tx\t\n");
    }

    #[test]
    fn wide_characters_stay_as_they_are() {
        assert_eq!(line(&[Some("鍵 🔑 ❤\u{fe0f}")]), "鍵 🔑 ❤\u{fe0f}\n");
    }
}
