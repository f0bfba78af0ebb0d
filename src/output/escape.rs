//! What would act on a terminal or deceive a reader is written out instead of being let through.

use std::borrow::Cow;
use std::fmt::Write as _;

/// The text with control characters as `\x1b` and invisible or direction-changing ones as `\u{202e}`.
///
/// A backslash stays as it is: this is for people. Variation selectors stay, since emoji need them.
#[must_use]
pub fn escape(text: &str) -> Cow<'_, str> {
    let Some(first) = text.find(is_escaped) else { return Cow::Borrowed(text) };
    let mut out = String::with_capacity(text.len() + 16);
    out.push_str(&text[..first]);
    for letter in text[first..].chars() {
        push_escaped(&mut out, letter);
    }
    Cow::Owned(out)
}

/// Appends one character as [`escape`] shows it.
pub(super) fn push_escaped(out: &mut String, letter: char) {
    if !is_escaped(letter) {
        out.push(letter);
    } else if letter.is_control() {
        write!(out, "\\x{:02x}", u32::from(letter)).expect("a string takes all that is written");
    } else {
        write!(out, "\\u{{{:x}}}", u32::from(letter)).expect("a string takes all that is written");
    }
}

/// C0, C1 and DEL; bidirectional marks; zero-width characters; line and paragraph separators; tag characters.
pub(super) fn is_escaped(letter: char) -> bool {
    letter.is_control()
        || matches!(
            letter,
            '\u{61c}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'
                | '\u{2066}'..='\u{2069}'
                | '\u{feff}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_acts_on_a_terminal_is_written_out() {
        for (text, shown) in [
            ("\u{1b}[2J", "\\x1b[2J"),
            ("a\tb\nc\u{7f}", "a\\x09b\\x0ac\\x7f"),
            ("\u{9b}31m", "\\x9b31m"),
            ("abc\u{202e}txt", "abc\\u{202e}txt"),
            ("\u{61c}\u{200e}\u{2066}\u{2069}", "\\u{61c}\\u{200e}\\u{2066}\\u{2069}"),
            ("a\u{200b}b\u{200d}c\u{feff}", "a\\u{200b}b\\u{200d}c\\u{feff}"),
            ("\u{2028}\u{2029}\u{2060}\u{e0041}", "\\u{2028}\\u{2029}\\u{2060}\\u{e0041}"),
        ] {
            assert_eq!(escape(text), shown);
        }
    }

    #[test]
    fn what_people_write_stays_as_it_is_and_is_not_copied() {
        for text in ["ci", "鍵 für Zoë", "❤\u{fe0f} 🔑", "back\\slash", ""] {
            assert!(matches!(escape(text), Cow::Borrowed(shown) if shown == text));
        }
    }
}
