//! Text from elsewhere, made safe to show: no character of it can move a cursor, hide, or reorder its neighbours.
//!
//! Every human output passes what it did not write itself through [`escape`] (one line) or [`escape_block`]
//! (several lines). What is escaped is visible and can be told from what was typed: `\x1b`, `\u{202e}`.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Escapes every character that a terminal would act on instead of showing, newlines and tabs included.
///
/// Escaped are the controls C0, DEL and C1, the bidirectional marks and overrides (UAX 9; the "Trojan Source"
/// characters), zero-width and other default-ignorable characters, tag characters, variation selectors beyond
/// the emoji ones, line and paragraph separators, and noncharacters. A backslash is left as it is: this is for
/// reading, not for parsing back.
#[must_use]
pub fn escape(text: &str) -> Cow<'_, str> {
    escape_unless(text, |_| false)
}

/// As [`escape`], but a newline and a tab stay what they are, and CR LF becomes a newline.
#[must_use]
pub fn escape_block(text: &str) -> Cow<'_, str> {
    if text.contains("\r\n") {
        let unix = text.replace("\r\n", "\n");
        return Cow::Owned(escape_unless(&unix, is_block_space).into_owned());
    }
    escape_unless(text, is_block_space)
}

/// A word of a command line as a shell reads it: for commands that are advised and run as they stand.
#[must_use]
pub fn shell_word(text: &str) -> Cow<'_, str> {
    shell_words::quote(text)
}

fn is_block_space(letter: char) -> bool {
    matches!(letter, '\n' | '\t')
}

fn escape_unless(text: &str, stays: impl Fn(char) -> bool) -> Cow<'_, str> {
    let is_bad = |letter: char| is_treacherous(letter) && !stays(letter);
    let Some(first) = text.find(is_bad) else {
        return Cow::Borrowed(text);
    };
    let mut out = String::with_capacity(text.len() + 16);
    out.push_str(&text[..first]);
    for letter in text[first..].chars() {
        if is_bad(letter) {
            push_escaped(&mut out, letter);
        } else {
            out.push(letter);
        }
    }
    Cow::Owned(out)
}

fn push_escaped(out: &mut String, letter: char) {
    let code = u32::from(letter);
    let written = if code < 0x100 { write!(out, "\\x{code:02x}") } else { write!(out, "\\u{{{code:x}}}") };
    written.expect("writing into a String cannot fail");
}

/// Whether a terminal would act on `letter`, or show nothing for it, rather than draw it.
#[must_use]
pub fn is_treacherous(letter: char) -> bool {
    letter.is_control() || is_bidirectional(letter) || is_invisible(letter)
}

fn is_bidirectional(letter: char) -> bool {
    matches!(letter, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn is_invisible(letter: char) -> bool {
    matches!(letter,
        '\u{00ad}' | '\u{034f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200d}'
        | '\u{2028}' | '\u{2029}'
        | '\u{2060}'..='\u{2065}' | '\u{206a}'..='\u{206f}'
        | '\u{2800}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}'
        | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}')
        || u32::from(letter) & 0xfffe == 0xfffe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn harmless_text_is_returned_as_it_is() {
        for text in ["", "ci", "naïve café 東京", "👍🏽", "back\\slash", "❤\u{fe0f}"] {
            assert!(matches!(escape(text), Cow::Borrowed(same) if same == text), "{text}");
        }
    }

    #[test]
    fn a_terminal_sequence_cannot_survive() {
        assert_eq!(escape("a\x1b]52;c;AAAA\x07b"), "a\\x1b]52;c;AAAA\\x07b");
        assert_eq!(escape("\u{9b}31m\u{7f}"), "\\x9b31m\\x7f");
        assert_eq!(escape("two\nlines\r\tand"), "two\\x0alines\\x0d\\x09and");
    }

    #[test]
    fn bidirectional_invisible_and_tag_characters_become_visible() {
        for code in
            [0x061c, 0x200b, 0x200d, 0x200e, 0x202a, 0x202e, 0x2028, 0x2060, 0x2066, 0x2069, 0xfeff, 0xe0041]
        {
            let letter = char::from_u32(code).unwrap();
            assert_eq!(escape(&format!("a{letter}b")), format!("a\\u{{{code:x}}}b"));
        }
    }

    #[test]
    fn a_block_keeps_its_lines_and_nothing_else() {
        assert_eq!(escape_block("a\r\nb\tc\rd\x1b[2J"), "a\nb\tc\\x0dd\\x1b[2J");
        assert!(matches!(escape_block("a\nb"), Cow::Borrowed(_)));
    }

    proptest::proptest! {
        #[test]
        fn nothing_escaped_is_treacherous_and_escaping_twice_changes_nothing(text in ".*") {
            let once = escape(&text);
            assert!(!once.chars().any(is_treacherous));
            assert_eq!(escape(&once), once);
        }
    }
}
