//! A bar of a chart: as long as a number is large.

/// What bars are drawn with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strokes {
    /// Block elements, in eighths of a place.
    Blocks,
    /// `#`, where the terminal shows no others.
    Ascii,
}

impl Strokes {
    /// By the locale, as C programs choose: `LC_ALL`, then `LC_CTYPE`, then `LANG`.
    #[must_use]
    pub fn of(lookup: &dyn Fn(&str) -> Option<String>) -> Self {
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(lookup).unwrap_or_default();
        let locale = locale.to_ascii_lowercase();
        if locale.contains("utf-8") || locale.contains("utf8") { Self::Blocks } else { Self::Ascii }
    }

    /// `number` out of `most` as a bar of at most `places`; what is not zero is never without a stroke.
    #[must_use]
    pub fn bar(self, number: u64, most: u64, places: u16) -> String {
        let parts = u128::from(places) * if self == Self::Blocks { 8 } else { 1 };
        let share = (u128::from(number.min(most)) * parts).div_ceil(u128::from(most.max(1)));
        let share = usize::try_from(share).unwrap_or(usize::MAX);
        match self {
            Self::Ascii => "#".repeat(share),
            Self::Blocks => {
                let rest = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"][share % 8];
                "█".repeat(share / 8) + rest
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_fills_the_places_and_one_is_still_seen() {
        assert_eq!(Strokes::Ascii.bar(10, 10, 4), "####");
        assert_eq!(Strokes::Ascii.bar(1, 1_000_000, 4), "#");
        assert_eq!(Strokes::Ascii.bar(0, 10, 4), "");
        assert_eq!(Strokes::Ascii.bar(0, 0, 4), "");
        assert_eq!(Strokes::Blocks.bar(u64::MAX, u64::MAX, 2), "██");
        assert_eq!(Strokes::Blocks.bar(5, 16, 2), "▋");
        assert_eq!(Strokes::Blocks.bar(9, 16, 2), "█▏");
    }

    #[test]
    fn only_a_locale_in_utf8_gets_blocks_and_the_first_that_is_set_decides() {
        let of = |set: &[(&str, &str)]| {
            let set: Vec<(String, String)> =
                set.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            let find =
                |name: &str| set.iter().find(|(other, _)| other == name).map(|(_, value)| value.clone());
            Strokes::of(&find)
        };
        assert_eq!(of(&[("LANG", "de_CH.UTF-8")]), Strokes::Blocks);
        assert_eq!(of(&[("LANG", "de_CH.UTF-8"), ("LC_ALL", "C")]), Strokes::Ascii);
        assert_eq!(of(&[("LC_CTYPE", "C.utf8"), ("LANG", "C")]), Strokes::Blocks);
        assert_eq!(of(&[]), Strokes::Ascii);
    }
}
