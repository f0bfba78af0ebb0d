//! Characters that look alike made one, as UTS 39 says (unicode.org/reports/tr39, "Confusable Detection").
//!
//! The same as `unicode_security::skeleton`, which the test proves of every character there is. That crate's table is
//! 6,000 slices, each of which the loader writes an address into whenever the program starts, and whatever it was
//! started for; this one is text, which costs nothing until it is asked.

use unicode_normalization::UnicodeNormalization as _;

/// What each character becomes, by code points in hexadecimal: `49 6C` makes an `l` of an `I`, `34F` and `FE00..FE0F`
/// alone leave nothing. Sorted by the first. To be written anew when the crate knows more: see the test.
const TABLE: &str = include_str!("look_alikes.txt");

/// What is left of `text` when all characters that look alike are one.
pub(super) fn skeleton(text: &str) -> String {
    let mut skeleton = String::with_capacity(text.len());
    for letter in text.nfd() {
        match line_of(letter) {
            None => skeleton.push(letter),
            Some(line) => skeleton.extend(line.split(' ').skip(1).filter_map(character)),
        }
    }
    skeleton.nfd().collect()
}

/// The line of the table for this character.
fn line_of(letter: char) -> Option<&'static str> {
    // The first byte of the last line that begins with this character or an earlier one.
    let (mut from, mut to) = (0, TABLE.len());
    while from < to {
        let middle = TABLE[from..usize::midpoint(from, to)].rfind('\n').map_or(from, |end| from + end + 1);
        let end = TABLE[middle..].find('\n').map_or(TABLE.len(), |length| middle + length);
        let line = &TABLE[middle..end];
        let range = line.split(' ').next().unwrap_or_default();
        let (first, last) = range.split_once("..").unwrap_or((range, range));
        let (first, last) = (character(first)?, character(last)?);
        if letter < first {
            to = middle;
        } else if letter > last {
            from = end + 1;
        } else {
            return Some(line);
        }
    }
    None
}

fn character(code: &str) -> Option<char> {
    u32::from_str_radix(code, 16).ok().and_then(char::from_u32)
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    /// The table as the crate has it.
    fn expected() -> String {
        let mut lines: Vec<(u32, u32, String)> = Vec::new();
        for letter in '\0'..=char::MAX {
            let text = letter.to_string();
            // Anything else is taken apart before it is looked up.
            let is_apart = text.nfd().eq([letter]);
            let becomes: String = unicode_security::skeleton(&text).collect();
            if !is_apart || becomes == text {
                continue;
            }
            let code = u32::from(letter);
            let becomes = becomes.chars().fold(String::new(), |mut all, one| {
                let _ = write!(all, " {:X}", u32::from(one));
                all
            });
            match lines.last_mut() {
                Some((_, last, before)) if *last + 1 == code && before.is_empty() && becomes.is_empty() => {
                    *last = code;
                }
                _ => lines.push((code, code, becomes)),
            }
        }
        lines.into_iter().fold(String::new(), |mut all, (first, last, becomes)| {
            let range = if first == last { format!("{first:X}") } else { format!("{first:X}..{last:X}") };
            let _ = writeln!(all, "{range}{becomes}");
            all
        })
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "whoever runs the test says whether it writes")]
    fn the_table_is_that_of_the_crate() {
        let expected = expected();
        if std::env::var_os("UPDATE_GENERATED").is_some() {
            let file = concat!(env!("CARGO_MANIFEST_DIR"), "/src/domain/look_alikes.txt");
            std::fs::write(file, &expected).unwrap();
        }
        assert!(TABLE == expected, "run UPDATE_GENERATED=1 cargo test --lib look_alikes, and build again");
    }

    #[test]
    fn every_character_beside_the_one_before_it_becomes_what_the_crate_says() {
        let mut before = 'a';
        // The planes with anything in them.
        for letter in ('\0'..='\u{323AF}').chain('\u{E0000}'..='\u{E0FFF}').chain([char::MAX]) {
            let text: String = [before, letter].iter().collect();
            let expected: String = unicode_security::skeleton(&text).collect();
            assert_eq!(skeleton(&text), expected, "{text:?}");
            before = letter;
        }
        assert_eq!(skeleton(""), "");
    }
}
