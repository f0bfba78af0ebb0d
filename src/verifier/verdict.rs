//! What is asked of a verifier, and what it answers.

use crate::domain::decision::{Decision, Denial};
use crate::domain::key::KeyId;
use crate::domain::limit::Spending;
use crate::domain::scope::Scopes;
use crate::domain::secret::{Env, Kind, SecretId};
use crate::domain::time::Instant;

/// What a request presents. Its `Debug` does not say what.
#[derive(Clone, Copy, Default)]
pub struct Credential<'a> {
    /// The secret, as it came.
    pub secret: Option<&'a [u8]>,
    /// The consumer key it came with, as HTTP Basic has it: it must be this key's.
    pub consumer_key: Option<&'a str>,
}

impl std::fmt::Debug for Credential<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let hidden = |is_there| if is_there { "hidden" } else { "none" };
        let Self { secret, consumer_key } = self;
        write!(out, "Credential(secret {}, ", hidden(secret.is_some()))?;
        write!(out, "consumer key {})", hidden(consumer_key.is_some()))
    }
}

impl<'a> From<&'a str> for Credential<'a> {
    /// A secret alone.
    fn from(secret: &'a str) -> Self {
        Self { secret: Some(secret.as_bytes()), consumer_key: None }
    }
}

/// A key whose secret matched.
#[derive(Debug, Clone, Copy)]
pub struct Identified<'a> {
    /// The key.
    pub id: KeyId,
    /// Which of its secrets was presented.
    pub secret: SecretId,
    /// Its name.
    pub name: &'a str,
    /// Who it belongs to.
    pub owner: &'a str,
    /// What it is for.
    pub project: &'a str,
    /// Where it is valid.
    pub env: Env,
    /// What it is made of.
    pub kind: Kind,
    /// What it may do.
    pub scopes: &'a Scopes,
    /// The same, with spaces between.
    pub scopes_text: &'a str,
    /// When the presented secret ends.
    pub expires_at: Option<Instant>,
}

/// The answer to one request.
#[derive(Debug)]
pub struct Verdict<'a> {
    /// Whether to let it pass, and if not, why.
    pub decision: Decision,
    /// Whose secret it was; `None` before the match, which a stranger must not be told apart.
    pub key: Option<Identified<'a>>,
    /// What is left of its limits.
    pub spending: Spending,
    /// When it was decided, by the verifier's clock.
    pub at: Instant,
}

impl Verdict<'_> {
    /// The key if its secret was accepted, to keep beyond the answer; else why not.
    ///
    /// # Errors
    /// The [`Denial`].
    pub fn to_result(&self) -> Result<VerifiedKey, Denial> {
        match (self.decision, &self.key) {
            (Decision::Accepted, Some(key)) => Ok(VerifiedKey::of(key)),
            (Decision::Denied(denial), _) => Err(denial),
            // No verifier says so: whoever makes up a verdict without a key has accepted nobody.
            (Decision::Accepted, None) => Err(Denial::Missing),
        }
    }
}

/// A key whose secret was accepted: what a service may know of whoever asks. Only [`Verdict::to_result`] makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct VerifiedKey {
    /// The key; lasts through its rotations, and is never used again.
    pub id: KeyId,
    /// Which of its secrets was presented.
    pub secret_id: SecretId,
    /// Its name.
    pub name: String,
    /// Who it belongs to.
    pub owner: String,
    /// What it is for.
    pub project: String,
    /// Where it is valid.
    pub env: Env,
    /// What it is made of.
    pub kind: Kind,
    /// What it may do: [`Scopes::cover`] says whether that includes something.
    pub scopes: Scopes,
    /// When the presented secret ends.
    pub expires_at: Option<Instant>,
}

impl VerifiedKey {
    fn of(key: &Identified<'_>) -> Self {
        Self {
            id: key.id,
            secret_id: key.secret,
            name: key.name.to_owned(),
            owner: key.owner.to_owned(),
            project: key.project.to_owned(),
            env: key.env,
            kind: key.kind,
            scopes: key.scopes.clone(),
            expires_at: key.expires_at,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_acceptance_makes_a_key_that_lasts() {
        let scopes = Scopes::new(["orders:read".parse().unwrap()]).unwrap();
        let secret = SecretId::parse("0000000000ab").unwrap();
        let key = Identified {
            id: KeyId::from_bare("0000000000cd").unwrap(),
            secret,
            name: "one",
            owner: "acme",
            project: "shop",
            env: Env::Live,
            kind: Kind::Private,
            scopes: &scopes,
            scopes_text: "orders:read",
            expires_at: None,
        };
        let at = Instant::from_seconds(0);
        let ask = |decision, key| Verdict { decision, key, spending: Spending::default(), at }.to_result();
        let accepted = ask(Decision::Accepted, Some(key)).unwrap();
        assert_eq!((accepted.id, accepted.secret_id, &*accepted.owner), (key.id, secret, "acme"));
        assert_eq!(accepted.scopes, scopes);
        let denied = Decision::Denied(Denial::Revoked);
        assert_eq!(ask(denied, Some(key)), Err(Denial::Revoked), "matched is not accepted");
        assert_eq!(ask(Decision::Denied(Denial::NotFound), None), Err(Denial::NotFound));
        assert_eq!(ask(Decision::Accepted, None), Err(Denial::Missing));
    }
}
