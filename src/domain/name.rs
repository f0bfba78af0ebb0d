//! Names of keys, owners and projects, tags and notes: what may be written, and what looks too much alike.

use std::fmt;
use std::str::FromStr;

use unicode_normalization::UnicodeNormalization;

use super::look_alikes;
use super::secret::contains_secret;

/// The most characters a name may have.
pub const LONGEST_NAME: usize = 64;
/// The most bytes a note may have.
pub const LONGEST_NOTE: usize = 1_000;

/// Why a name, tag or note is refused. What is carried is bounded, and escaped where it is printed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing there.
    #[error("a name cannot be empty")]
    Empty,
    /// More than the stated number of characters.
    #[error("this is longer than {0} characters")]
    TooLong(usize),
    /// A control, formatting, bidirectional, zero-width or private character, by its code point.
    #[error("the character U+{0:04X} cannot be used: it would be invisible or change how text is shown")]
    Character(u32),
    /// Space at either end, or several in a row.
    #[error("a name cannot begin or end with a space, nor have two in a row")]
    Space,
    /// It would be read as an option.
    #[error("a name cannot begin with `-`: it would be read as an option")]
    Dash,
    /// `/` separates project and name in a selector; `,` separates values.
    #[error("a name cannot contain `{0}`, which separates things elsewhere")]
    Separator(char),
    /// It has the shape of an id, and would never be found by name.
    #[error("a name cannot have the shape of an id or of a secret's public part")]
    Id,
    /// It contains a secret.
    #[error("this contains a secret; secrets do not belong in names and notes")]
    Secret,
}

/// A name of a key, an owner or a project: 1–64 visible characters in NFC.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Name(String);

impl Name {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What is left when look-alike characters (UTS 39) and letter case are made one: two names with the same
    /// skeleton cannot be told apart by a person, so only one of them may live.
    #[must_use]
    pub fn skeleton(&self) -> String {
        look_alikes::skeleton(&self.0.to_lowercase())
    }

    /// Wraps a name that the registry holds; it was checked when it was written.
    #[must_use]
    pub fn from_stored(text: String) -> Self {
        Self(text)
    }
}

impl FromStr for Name {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        // Bounded before anything else looks at it: normalising 10 MB is work too.
        if text.len() > LONGEST_NAME * 4 {
            return Err(NameError::TooLong(LONGEST_NAME));
        }
        refuse_secret(text)?;
        let name: String = text.nfc().collect();
        if name.chars().count() > LONGEST_NAME {
            return Err(NameError::TooLong(LONGEST_NAME));
        }
        let first = name.chars().next().ok_or(NameError::Empty)?;
        if first == '-' {
            return Err(NameError::Dash);
        }
        if let Some(bad) = name.chars().find(|letter| !is_visible(*letter)) {
            return Err(NameError::Character(u32::from(bad)));
        }
        if let Some(bad) = name.chars().find(|letter| matches!(letter, '/' | ',')) {
            return Err(NameError::Separator(bad));
        }
        if name.starts_with(' ') || name.ends_with(' ') || name.contains("  ") {
            return Err(NameError::Space);
        }
        if has_id_shape(&name) {
            return Err(NameError::Id);
        }
        Ok(Self(name))
    }
}

impl fmt::Display for Name {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(&self.0)
    }
}

/// A word to find keys by: the rules of a name.
pub type Tag = Name;

/// Free text about a key: one line, up to 1000 bytes, visible characters, no secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note(String);

impl Note {
    /// The note as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Wraps a note that the registry holds.
    #[must_use]
    pub fn from_stored(text: String) -> Self {
        Self(text)
    }
}

impl FromStr for Note {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        if text.len() > LONGEST_NOTE {
            return Err(NameError::TooLong(LONGEST_NOTE));
        }
        refuse_secret(text)?;
        if text.is_empty() {
            return Err(NameError::Empty);
        }
        match text.chars().find(|letter| !is_visible(*letter)) {
            Some(bad) => Err(NameError::Character(u32::from(bad))),
            None => Ok(Self(text.to_owned())),
        }
    }
}

fn refuse_secret(text: &str) -> Result<(), NameError> {
    if contains_secret(text) { Err(NameError::Secret) } else { Ok(()) }
}

/// Visible on its own and harmless to its neighbours: no controls, no formatting, no exotic spaces, nothing private.
fn is_visible(letter: char) -> bool {
    if letter == ' ' {
        return true;
    }
    !(letter.is_control()
        || letter.is_whitespace()
        || matches!(u32::from(letter),
            0xAD | 0x34F | 0x61C | 0x115F | 0x1160 | 0x17B4 | 0x17B5 | 0x180B..=0x180F
            | 0x200B..=0x200F | 0x2028..=0x202E | 0x2060..=0x206F | 0x2800 | 0x3164
            | 0xE000..=0xF8FF | 0xFE00..=0xFE0F | 0xFEFF | 0xFFA0 | 0xFFF0..=0xFFFF
            | 0x1BCA0..=0x1BCA3 | 0x1D173..=0x1D17A | 0xE0000..=0x0010_FFFF))
}

fn has_id_shape(text: &str) -> bool {
    let tail = |prefix: &str| {
        text.strip_prefix(prefix).is_some_and(|tail| super::base62::is_base62(tail.as_bytes()))
    };
    (text.len() == 16 && tail("key_"))
        || text.rsplit_once('_').is_some_and(|(head, id)| {
            super::secret::SecretId::parse(id).is_some()
                && ["sk_live", "sk_test", "pk_live", "pk_test", "cs_live", "cs_test", "ck_live", "ck_test"]
                    .iter()
                    .any(|middle| head.ends_with(middle))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_would_deceive_or_confuse_are_refused() {
        for (text, why) in [
            ("", NameError::Empty),
            ("-rf", NameError::Dash),
            ("a\u{1b}]52;c;aGk=\u{7}", NameError::Character(0x1b)),
            ("a\u{202e}b", NameError::Character(0x202e)),
            ("a\u{200b}b", NameError::Character(0x200b)),
            ("a\nb", NameError::Character(0x0a)),
            ("a/b", NameError::Separator('/')),
            (" a", NameError::Space),
            ("a  b", NameError::Space),
            ("key_0123456789AB", NameError::Id),
            ("apik_sk_live_0123456789AB", NameError::Id),
        ] {
            assert_eq!(text.parse::<Name>(), Err(why), "{text:?}");
        }
        assert_eq!("x".repeat(10 << 20).parse::<Name>(), Err(NameError::TooLong(LONGEST_NAME)));
        assert!("x".repeat(64).parse::<Name>().is_ok());
        assert!("x".repeat(65).parse::<Name>().is_err());
    }

    #[test]
    fn a_secret_is_no_name_and_no_note() {
        let secret = "apik_sk_test_0000000000ID_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefg0q6KDb";
        assert_eq!(secret.parse::<Name>(), Err(NameError::Secret));
        assert_eq!(format!("see {secret}").parse::<Note>(), Err(NameError::Secret));
    }

    #[test]
    fn look_alikes_have_one_skeleton() {
        let skeleton = |text: &str| text.parse::<Name>().unwrap().skeleton();
        assert_eq!(skeleton("paypal"), skeleton("pаypal"), "cyrillic a");
        assert_eq!(skeleton("web1"), skeleton("webl"));
        assert_eq!(skeleton("CI"), skeleton("ci"));
        assert_ne!(skeleton("worker-1"), skeleton("worker-2"));
    }

    #[test]
    fn one_spelling_stands_for_each_name() {
        assert_eq!("e\u{301}".parse::<Name>(), "é".parse::<Name>());
    }
}
