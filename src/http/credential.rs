//! The key as `test-call` presents it: ours, or any foreign one read from stdin.

use std::fmt;

use zeroize::Zeroizing;

use crate::domain::secret::Secret;

/// The longest credential, in bytes: what servers accept in one header.
pub const LONGEST: usize = 8192;

/// Why a text cannot be presented as a key. It never carries the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CredentialError {
    /// There is nothing to present.
    #[error("the key is empty")]
    Empty,
    /// It would not fit a header.
    #[error("the key is longer than {LONGEST} bytes")]
    TooLong,
    /// A space, newline, control or non-ASCII character: it could split a header.
    #[error("the key has a character that is not visible ASCII at byte {0}")]
    Character(usize),
    /// HTTP Basic divides user and password at the first colon (RFC 7617 §2).
    #[error("a consumer key is visible ASCII without a colon")]
    Username,
}

/// 1 to 8192 visible ASCII bytes to present, and the user name for HTTP Basic if there is one.
///
/// Hides itself from `Debug` and zeroes itself; [`Credential::expose`] is the only way in.
#[derive(Clone)]
pub struct Credential {
    text: Zeroizing<String>,
    username: Option<String>,
}

impl Credential {
    /// Takes any text of visible ASCII; nothing is trimmed.
    ///
    /// # Errors
    /// [`CredentialError`], which never carries the text.
    pub fn from_text(text: &str) -> Result<Self, CredentialError> {
        if text.is_empty() {
            return Err(CredentialError::Empty);
        }
        if text.len() > LONGEST {
            return Err(CredentialError::TooLong);
        }
        if let Some(at) = text.bytes().position(|byte| !byte.is_ascii_graphic()) {
            return Err(CredentialError::Character(at));
        }
        Ok(Self { text: Zeroizing::new(text.to_owned()), username: None })
    }

    /// Presents this consumer key as the user of HTTP Basic, and the secret as its password.
    ///
    /// # Errors
    /// [`CredentialError::Username`] for anything that could not be a user there.
    pub fn with_username(mut self, username: &str) -> Result<Self, CredentialError> {
        let fits = (1..=LONGEST).contains(&username.len())
            && username.bytes().all(|byte| byte.is_ascii_graphic() && byte != b':');
        if !fits {
            return Err(CredentialError::Username);
        }
        self.username = Some(username.to_owned());
        Ok(self)
    }

    /// The text. Its callers put it in a request or look for it in an answer, and do nothing else with it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// `user:password` of HTTP Basic: the consumer key and the secret, or the secret alone as the user.
    #[must_use]
    pub fn basic_pair(&self) -> Zeroizing<String> {
        Zeroizing::new(match &self.username {
            Some(username) => format!("{username}:{}", &*self.text),
            None => format!("{}:", &*self.text),
        })
    }
}

impl From<&Secret> for Credential {
    fn from(secret: &Secret) -> Self {
        Self { text: Zeroizing::new(secret.expose().to_owned()), username: None }
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Credential(hidden)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_to_8192_visible_ascii_bytes_are_taken_and_nothing_is_trimmed() {
        assert!(Credential::from_text("x").is_ok());
        assert!(Credential::from_text(&"x".repeat(LONGEST)).is_ok());
        assert_eq!(
            Credential::from_text(&"x".repeat(LONGEST + 1)).map(|_| ()),
            Err(CredentialError::TooLong)
        );
        assert_eq!(Credential::from_text("").map(|_| ()), Err(CredentialError::Empty));
        for (text, at) in
            [("a\nb", 1), ("ab\r\n", 2), (" a", 0), ("a\0", 1), ("a\x7f", 1), ("naïve", 2), ("a\x1b", 1)]
        {
            assert_eq!(Credential::from_text(text).map(|_| ()), Err(CredentialError::Character(at)));
        }
    }

    #[test]
    fn a_consumer_key_is_the_user_and_without_one_the_secret_is() {
        let alone = Credential::from_text("s3cret").unwrap();
        assert_eq!(*alone.basic_pair(), "s3cret:");
        assert_eq!(*alone.clone().with_username("apik_ck").unwrap().basic_pair(), "apik_ck:s3cret");
        for username in ["", "a:b", "a b", "a\n"] {
            assert!(alone.clone().with_username(username).is_err(), "{username:?}");
        }
    }

    #[test]
    fn debug_does_not_show_it() {
        assert!(!format!("{:?}", Credential::from_text("s3cret").unwrap()).contains("s3cret"));
    }
}
