//! Which columns of a table fit a terminal, and how wide each is.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// The space between two columns.
pub(super) const GAP: usize = 2;

/// A column of a table.
#[derive(Debug)]
pub struct Column {
    /// Its title.
    pub title: &'static str,
    /// 0 is never left out; of the others the highest is left out first.
    pub rank: u8,
    /// What may happen to its cells.
    pub room: Room,
}

/// How a column uses the room there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Room {
    /// Never shortened: ids, instants and numbers.
    Whole,
    /// Shortened with `…`, but not below this many places.
    AtLeast(usize),
    /// Goes on below itself, in lines of at least this many places: nothing of it is left out.
    Wrapped(usize),
}

/// The width of each column, `None` for those left out, within `width` places if the unshortened ones allow.
///
/// Columns come in by rank at their least width; then the room left goes to them in the same order.
pub(super) fn fit(columns: &[Column], natural: &[usize], width: usize) -> Vec<Option<usize>> {
    let mut order: Vec<usize> = (0..columns.len()).collect();
    order.sort_by_key(|place| columns[*place].rank);
    let mut widths = vec![None; columns.len()];
    let mut used = 0;
    for &place in &order {
        let least = least(&columns[place], natural[place]);
        let gap = if used == 0 { 0 } else { GAP };
        if columns[place].rank > 0 && used + gap + least > width {
            // Those behind it matter less: a gap in the order would be read as "there is none".
            break;
        }
        widths[place] = Some(least);
        used += gap + least;
    }
    for place in order {
        if let Some(given) = &mut widths[place] {
            let more = (natural[place] - *given).min(width.saturating_sub(used));
            *given += more;
            used += more;
        }
    }
    widths
}

/// Whether a column so wide shows less than it has to of cells that are `natural` wide.
pub(super) fn is_too_narrow(column: &Column, natural: usize, width: usize) -> bool {
    width < least(column, natural)
}

fn least(column: &Column, natural: usize) -> usize {
    match column.room {
        Room::Whole => natural,
        Room::AtLeast(least) | Room::Wrapped(least) => natural.min(least),
    }
}

/// The places that `text`, already escaped, takes on a terminal.
pub(super) fn places(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.width() }
}

/// The text within `most` places, ending in `…` if something was left out.
pub(super) fn shorten(text: &mut String, most: usize) {
    if places(text) <= most {
        return;
    }
    let mut used = 0;
    let end = text
        .char_indices()
        .find(|(_, letter)| {
            used += letter.width().unwrap_or(0);
            used + 1 > most
        })
        .map_or(text.len(), |(at, _)| at);
    text.truncate(end);
    // An emoji with its selector is wider than its characters one by one.
    while places(text) + 1 > most && text.pop().is_some() {}
    text.truncate(text.trim_end().len());
    if most > 0 {
        text.push('…');
    }
}

/// The text in lines of at most `most` places, broken at spaces, and within a word only where it has more than a line.
pub(super) fn wrap(text: &str, most: usize) -> Vec<String> {
    let most = most.max(2);
    let mut lines = vec![String::new()];
    let mut used = 0;
    for word in text.split(' ') {
        let takes = places(word);
        if used > 0 && used + 1 + takes <= most {
            push(&mut lines, " ");
            used += 1;
        } else if used > 0 {
            lines.push(String::new());
            used = 0;
        }
        if used + takes <= most {
            push(&mut lines, word);
            used += takes;
            continue;
        }
        for letter in word.chars() {
            let wide = letter.width().unwrap_or(0);
            if used + wide > most {
                lines.push(String::new());
                used = 0;
            }
            push(&mut lines, letter.encode_utf8(&mut [0; 4]));
            used += wide;
        }
    }
    lines
}

fn push(lines: &mut [String], text: &str) {
    if let Some(line) = lines.last_mut() {
        line.push_str(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_wrapped_at_spaces_and_nothing_of_it_is_lost() {
        assert_eq!(wrap("only you can read it", 12), ["only you can", "read it"]);
        assert_eq!(wrap("only you can read it", 11), ["only you", "can read it"]);
        assert_eq!(wrap("at /home/ada/registry.db", 9), ["at", "/home/ada", "/registry", ".db"]);
        assert_eq!(wrap("鍵鍵鍵 x", 5), ["鍵鍵", "鍵 x"]);
        assert_eq!(wrap("", 5), [""]);
        for most in 2..30 {
            let text = "the key default/支払い (key_aaaaaaaaaaaa), and a longer_word_than_that";
            let lines = wrap(text, most);
            assert!(lines.iter().all(|line| places(line) <= most), "{most}: {lines:?}");
            assert_eq!(lines.concat().replace(' ', ""), text.replace(' ', ""));
        }
    }

    fn shortened(text: &str, most: usize) -> String {
        let mut text = text.to_owned();
        shorten(&mut text, most);
        text
    }

    #[test]
    fn a_text_is_cut_by_the_places_it_takes() {
        assert_eq!(shortened("payments", 8), "payments");
        assert_eq!(shortened("payments", 7), "paymen…");
        assert_eq!(shortened("鍵鍵鍵", 6), "鍵鍵鍵");
        assert_eq!(shortened("鍵鍵鍵", 5), "鍵鍵…");
        assert_eq!(shortened("鍵鍵鍵", 4), "鍵…");
        assert_eq!(shortened("ci on main", 7), "ci on…");
        assert_eq!(shortened("payments", 1), "…");
    }

    #[test]
    fn a_shortened_text_never_takes_more_places_than_it_may() {
        for text in [
            "❤\u{fe0f}❤\u{fe0f}❤\u{fe0f}❤\u{fe0f}",
            "🔑🔑🔑🔑",
            "e\u{301}e\u{301}e\u{301}e\u{301}",
            "abcdefgh",
        ] {
            for most in 0..8 {
                let text = shortened(text, most);
                assert!(places(&text) <= most, "{text:?} takes more than {most}");
            }
        }
    }

    const COLUMNS: [Column; 4] = [
        Column { title: "NAME", rank: 0, room: Room::AtLeast(4) },
        Column { title: "ID", rank: 0, room: Room::Whole },
        Column { title: "OWNER", rank: 2, room: Room::AtLeast(4) },
        Column { title: "EXPIRES", rank: 1, room: Room::Whole },
    ];

    #[test]
    fn the_least_important_column_goes_first_and_an_id_is_never_cut() {
        let natural = [10, 16, 8, 10];
        assert_eq!(fit(&COLUMNS, &natural, 50), [Some(10), Some(16), Some(8), Some(10)]);
        assert_eq!(fit(&COLUMNS, &natural, 44), [Some(8), Some(16), Some(4), Some(10)]);
        assert_eq!(fit(&COLUMNS, &natural, 39), [Some(9), Some(16), None, Some(10)]);
        assert_eq!(fit(&COLUMNS, &natural, 30), [Some(10), Some(16), None, None]);
        assert_eq!(fit(&COLUMNS, &natural, 5), [Some(4), Some(16), None, None]);
    }
}
