//! Whether a stream gets colour, and which: decided once for each stream from its terminal and the environment.

use std::borrow::Cow;

/// What a piece of text says about the thing it stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tone {
    /// Nothing.
    #[default]
    Plain,
    /// All is well.
    Good,
    /// Look at it.
    Warning,
    /// It is over, or refused.
    Bad,
    /// Less important than its neighbours.
    Faint,
    /// More important than its neighbours.
    Strong,
}

/// Colours, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Palette {
    /// Text only.
    Plain,
    /// ANSI's own eight colours, which every terminal theme defines.
    Ansi,
}

impl Palette {
    /// The palette of a stream, by [`colour_wanted`].
    #[must_use]
    pub fn of(is_terminal: bool, lookup: &dyn Fn(&str) -> Option<String>) -> Self {
        if colour_wanted(is_terminal, lookup) { Self::Ansi } else { Self::Plain }
    }

    /// The text in the colour of its tone. The text must be escaped already.
    #[must_use]
    pub fn paint(self, tone: Tone, text: &str) -> Cow<'_, str> {
        let code = match (self, tone) {
            (Self::Plain, _) | (Self::Ansi, Tone::Plain) => return Cow::Borrowed(text),
            (Self::Ansi, Tone::Good) => "32",
            (Self::Ansi, Tone::Warning) => "33",
            (Self::Ansi, Tone::Bad) => "31",
            (Self::Ansi, Tone::Faint) => "2",
            (Self::Ansi, Tone::Strong) => "1",
        };
        Cow::Owned(format!("\u{1b}[{code}m{text}\u{1b}[0m"))
    }
}

/// Whether a stream gets colour; `lookup` is the environment.
///
/// In this order: `NO_COLOR` not empty forbids (no-color.org), `CLICOLOR_FORCE` other than `0` demands,
/// `CLICOLOR=0` and `TERM=dumb` forbid, and else a terminal gets colour (bixense.com/clicolors).
#[must_use]
pub fn colour_wanted(is_terminal: bool, lookup: &dyn Fn(&str) -> Option<String>) -> bool {
    let is = |name: &str, test: fn(&str) -> bool| lookup(name).is_some_and(|value| test(&value));
    if is("NO_COLOR", |value| !value.is_empty()) {
        return false;
    }
    if is("CLICOLOR_FORCE", |value| !value.is_empty() && value != "0") {
        return true;
    }
    is_terminal && !is("CLICOLOR", |value| value == "0") && !is("TERM", |value| value == "dumb")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(is_terminal: bool, environment: &[(&str, &str)]) -> bool {
        colour_wanted(is_terminal, &|name| {
            environment.iter().find(|(given, _)| *given == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn a_terminal_gets_colour_and_a_pipe_does_not() {
        assert!(wanted(true, &[]));
        assert!(wanted(true, &[("TERM", "xterm"), ("CLICOLOR", "1"), ("NO_COLOR", "")]));
        assert!(!wanted(false, &[]));
        assert!(!wanted(false, &[("CLICOLOR", "1"), ("CLICOLOR_FORCE", "0")]));
    }

    #[test]
    fn no_color_is_stronger_than_everything() {
        assert!(!wanted(true, &[("NO_COLOR", "1")]));
        assert!(!wanted(true, &[("NO_COLOR", "0"), ("CLICOLOR_FORCE", "1")]));
    }

    #[test]
    fn force_is_stronger_than_a_pipe_a_dumb_terminal_and_clicolor() {
        assert!(wanted(false, &[("CLICOLOR_FORCE", "1")]));
        assert!(wanted(true, &[("CLICOLOR_FORCE", "1"), ("CLICOLOR", "0"), ("TERM", "dumb")]));
    }

    #[test]
    fn clicolor_0_and_a_dumb_terminal_forbid() {
        assert!(!wanted(true, &[("CLICOLOR", "0")]));
        assert!(!wanted(true, &[("TERM", "dumb")]));
    }

    #[test]
    fn a_plain_palette_writes_no_escape_sequence() {
        assert_eq!(Palette::Plain.paint(Tone::Bad, "revoked"), "revoked");
        assert_eq!(Palette::Ansi.paint(Tone::Bad, "revoked"), "\u{1b}[31mrevoked\u{1b}[0m");
        assert_eq!(Palette::Ansi.paint(Tone::Plain, "x"), "x");
    }
}
