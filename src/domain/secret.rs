//! The string a client presents: its format, its parts, how it is made and how it is read.
//!
//! `<brand>_<kind>_<env>_<id>_<body><check>`; the check is CRC-32/ISO-HDLC of everything before it and
//! catches typing errors only. Reading is exact: no trimming, no case folding, from the right.

mod brand;

use std::fmt;

use rand::CryptoRng;
use zeroize::Zeroizing;

use super::base62;
use brand::has_brand_shape;

pub use brand::{Brand, BrandError};

const ID_LENGTH: usize = 12;
const BODY_LENGTH: usize = 43;
const CHECK_LENGTH: usize = 6;
/// `_kk_eeee_iiiiiiiiiiii_` and the tail: everything but the brand.
const LENGTH_WITHOUT_BRAND: usize = 1 + 2 + 1 + 4 + 1 + ID_LENGTH + 1 + BODY_LENGTH + CHECK_LENGTH;

/// The longest secret there is: a twelve-letter brand and the 71 fixed characters.
pub const LONGEST: usize = 12 + LENGTH_WITHOUT_BRAND;

/// What a key is made of and where its secret may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// `sk`: private, for servers.
    Private,
    /// `pk`: public by nature, for browsers and apps; bound to origins or apps.
    Publishable,
    /// `cs`: a consumer secret, half of a pair whose other half is the consumer key.
    Pair,
}

impl Kind {
    /// All kinds, in the order they are documented.
    pub const ALL: [Self; 3] = [Self::Private, Self::Publishable, Self::Pair];

    /// The two letters in the secret, which are also the word in JSON and SQL.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Private => "sk",
            Self::Publishable => "pk",
            Self::Pair => "cs",
        }
    }

    /// The kind with this two-letter code.
    #[must_use]
    pub fn from_code(code: impl AsRef<[u8]>) -> Option<Self> {
        match code.as_ref() {
            b"sk" => Some(Self::Private),
            b"pk" => Some(Self::Publishable),
            b"cs" => Some(Self::Pair),
            _ => None,
        }
    }
}

/// The environment a key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Env {
    /// Real data.
    Live,
    /// Play data.
    Test,
}

impl Env {
    /// The word in the secret, in JSON and in SQL.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Test => "test",
        }
    }

    /// The environment with this name.
    #[must_use]
    pub fn from_code(code: impl AsRef<[u8]>) -> Option<Self> {
        match code.as_ref() {
            b"live" => Some(Self::Live),
            b"test" => Some(Self::Test),
            _ => None,
        }
    }
}

/// The public id of a secret: 12 base62 characters that find its row.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SecretId([u8; ID_LENGTH]);

impl SecretId {
    /// Draws a new id; the registry retries on collision.
    pub fn generate(rng: &mut dyn CryptoRng) -> Self {
        let mut text = String::with_capacity(ID_LENGTH);
        base62::push_random(&mut text, ID_LENGTH, rng);
        Self::parse(&text).expect("twelve base62 characters were just drawn")
    }

    /// Reads exactly 12 base62 characters.
    #[must_use]
    pub fn parse(text: impl AsRef<[u8]>) -> Option<Self> {
        let bytes: [u8; ID_LENGTH] = text.as_ref().try_into().ok()?;
        base62::is_base62(&bytes).then_some(Self(bytes))
    }

    /// Reads an id as it is shown: bare, or at the end of a public part, which may have an ellipsis behind it.
    #[must_use]
    pub fn from_shown(text: &str) -> Option<Self> {
        let text = text.strip_suffix('…').unwrap_or(text);
        Self::parse(text.rsplit('_').next().unwrap_or(text))
    }

    /// Its characters.
    pub(crate) fn bytes(&self) -> [u8; ID_LENGTH] {
        self.0
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("an id is ASCII by construction")
    }
}

impl fmt::Display for SecretId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.as_str())
    }
}

impl fmt::Debug for SecretId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "SecretId({})", self.as_str())
    }
}

/// Why a presented text is not a secret. Neither form carries the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MalformedSecret {
    /// Length, separators, kind, environment or alphabet are wrong.
    #[error("this is not the shape of a secret")]
    Shape,
    /// The shape is right and the last six characters do not match the rest: most likely a typing error.
    #[error("the check characters do not match: a character was mistyped or lost")]
    Check,
}

/// The parts of a secret that are public, read from its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parts<'a> {
    /// The registry's brand, of brand shape.
    pub brand: &'a str,
    /// What the key is.
    pub kind: Kind,
    /// Where it is valid.
    pub env: Env,
    /// Which row it is.
    pub id: SecretId,
    /// Whether the last six characters are the CRC-32 of the rest.
    pub check_holds: bool,
}

/// Reads the public parts of `text`, which must have the exact shape of a secret; reports the check apart.
///
/// # Errors
/// [`MalformedSecret::Shape`] when any character is not what its place demands.
pub fn read_parts(text: &[u8]) -> Result<Parts<'_>, MalformedSecret> {
    shape_of(text).ok_or(MalformedSecret::Shape)
}

fn shape_of(text: &[u8]) -> Option<Parts<'_>> {
    let (brand, rest) = text.split_at_checked(text.len().checked_sub(LENGTH_WITHOUT_BRAND)?)?;
    let (kind, rest) = rest.strip_prefix(b"_")?.split_at_checked(2)?;
    let (env, rest) = rest.strip_prefix(b"_")?.split_at_checked(4)?;
    let (id, rest) = rest.strip_prefix(b"_")?.split_at_checked(ID_LENGTH)?;
    let tail = rest.strip_prefix(b"_")?;
    let brand = std::str::from_utf8(brand).ok().filter(|brand| has_brand_shape(brand))?;
    if !base62::is_base62(tail) {
        return None;
    }
    Some(Parts {
        brand,
        kind: Kind::from_code(kind)?,
        env: Env::from_code(env)?,
        id: SecretId::parse(id)?,
        check_holds: has_check(text),
    })
}

/// What stands where a secret has its id: a hint, of text that nobody has looked at.
pub(crate) fn place_of_id(text: &[u8]) -> Option<[u8; ID_LENGTH]> {
    let end = text.len().checked_sub(1 + BODY_LENGTH + CHECK_LENGTH)?;
    text[..end].last_chunk().copied()
}

/// The last six characters against the CRC-32 of those before them: public bytes, compared as they are.
fn has_check(text: &[u8]) -> bool {
    text.split_last_chunk::<CHECK_LENGTH>()
        .is_some_and(|(before, check)| base62::digits(crc32fast::hash(before)) == *check)
}

/// A secret in full: it hides itself from `Debug`, zeroes itself, and gives its text only through [`Secret::expose`].
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Makes a new secret with 256 bits from `rng` behind the given public parts.
    pub fn generate(brand: &Brand, kind: Kind, env: Env, id: SecretId, rng: &mut dyn CryptoRng) -> Self {
        let mut text = String::with_capacity(LONGEST);
        text.push_str(&public_part(brand, kind, env, id));
        text.push('_');
        base62::push_random(&mut text, BODY_LENGTH, rng);
        let check = crc32fast::hash(text.as_bytes());
        base62::push_u32(&mut text, check);
        Self(Zeroizing::new(text))
    }

    /// Reads a secret in full, its check included.
    ///
    /// # Errors
    /// [`MalformedSecret`], which never carries the text.
    pub fn parse(text: &str) -> Result<Self, MalformedSecret> {
        if !read_parts(text.as_bytes())?.check_holds {
            return Err(MalformedSecret::Check);
        }
        Ok(Self(Zeroizing::new(text.to_owned())))
    }

    /// The whole text. Every caller hands it to a person, a sealed copy, a digest or a request, and to nothing else.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The parts that are public.
    #[must_use]
    pub fn parts(&self) -> Parts<'_> {
        shape_of(self.0.as_bytes()).expect("a secret was read or made in its exact shape")
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Secret(hidden)")
    }
}

/// The part of a secret that may be shown: `<brand>_<kind>_<env>_<id>`.
#[must_use]
pub fn public_part(brand: &Brand, kind: Kind, env: Env, id: SecretId) -> String {
    format!("{}_{}_{}_{}", brand.as_str(), kind.code(), env.code(), id.as_str())
}

/// What is left of a secret in a message: its public part when it has one, and never anything of its body.
#[must_use]
pub fn redacted(text: &str) -> Option<String> {
    let parts = read_parts(text.as_bytes()).ok()?;
    Some(format!("{}_{}_{}_{}…", parts.brand, parts.kind.code(), parts.env.code(), parts.id))
}

/// Whether `text` contains something of the shape of a secret, whatever surrounds it and whether its check holds.
///
/// This is how a secret is kept out of names, notes and error messages.
#[must_use]
pub fn contains_secret(text: &str) -> bool {
    text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').any(|word| {
        word.len() >= LENGTH_WITHOUT_BRAND + 2
            && word.bytes().enumerate().any(|(at, byte)| {
                byte == b'_'
                    && (2..=12).any(|brand| {
                        at >= brand
                            && word
                                .as_bytes()
                                .get(at - brand..at + LENGTH_WITHOUT_BRAND)
                                .is_some_and(|candidate| read_parts(candidate).is_ok())
                    })
            })
    })
}

#[cfg(test)]
mod tests;
