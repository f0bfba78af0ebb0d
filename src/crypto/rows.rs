//! Sealing rows and judging seals: which rows may grant, and which may be sealed again.

use subtle::ConstantTimeEq;

use super::keys::RowKey;
use crate::domain::canonical::{key_bytes, party_bytes, secret_bytes};
use crate::domain::decision::Matched;
use crate::domain::key::{Key, KeyId, KeySecret};
use crate::domain::party::Party;
use crate::domain::seal::{Seal, Taken};

/// A row is not as the program left it, so nothing may be granted on its word.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the recorded {what} was altered outside apikey")]
pub struct Tampered {
    /// Which row: `key`, `secret <id>`, `owner` or `project`.
    pub what: String,
}

/// Whether the seals of everything around a matching secret hold.
#[must_use]
pub fn is_intact(row: &RowKey, key: &Key, secret: &KeySecret, owner: &Party, project: &Party) -> bool {
    key_holds(row, key)
        && secret_holds(row, key.id, secret)
        && party_holds(row, owner)
        && party_holds(row, project)
}

/// As [`is_intact`], for a value that is being put together.
#[must_use]
pub fn judged<'a>(row: &RowKey, matched: Matched<'a>) -> Matched<'a> {
    Matched { intact: is_intact(row, matched.key, matched.secret, matched.owner, matched.project), ..matched }
}

/// Whether a key's own row is as it was left. A withdrawn seal holds only on a row that grants nothing.
#[must_use]
pub fn key_holds(row: &RowKey, key: &Key) -> bool {
    holds(row, key.seal, &key_bytes(key), key.revoked.is_some() || key.disabled_at.is_some())
}

/// Whether a secret's row is as it was left.
#[must_use]
pub fn secret_holds(row: &RowKey, key: KeyId, secret: &KeySecret) -> bool {
    holds(row, secret.seal, &secret_bytes(key, secret), secret.revoked_at.is_some())
}

/// Whether an owner's or project's row is as it was left.
#[must_use]
pub fn party_holds(row: &RowKey, party: &Party) -> bool {
    holds(row, party.seal, &party_bytes(party), party.suspended_at.is_some())
}

fn holds(row: &RowKey, seal: Seal, canonical: &[u8], grants_nothing: bool) -> bool {
    match seal {
        Seal::Sealed(tag) => tag.ct_eq(&row.tag(canonical)).into(),
        Seal::Withdrawn(_) => grants_nothing,
        Seal::Missing => false,
    }
}

/// Seals a key that did not exist before, and its secrets.
pub fn seal_new(row: &RowKey, key: &mut Key) {
    key.seal = Seal::Sealed(row.tag(&key_bytes(key)));
    let id = key.id;
    for secret in &mut key.secrets {
        secret.seal = Seal::Sealed(row.tag(&secret_bytes(id, secret)));
    }
}

/// Seals an owner or a project that did not exist before.
pub fn seal_new_party(row: &RowKey, party: &mut Party) {
    party.seal = Seal::Sealed(row.tag(&party_bytes(party)));
}

/// Seals what changed from `before` to `after`, if `before` can be trusted.
///
/// # Errors
/// [`Tampered`] when a row that changed, or another secret that is not revoked, was not as the program left it; sealing it
/// would launder the alteration.
pub fn reseal(row: &RowKey, before: &Key, after: &mut Key) -> Result<(), Tampered> {
    if !trusted_key(row, before) {
        return Err(Tampered { what: "key".into() });
    }
    let canonical = key_bytes(after);
    if canonical != key_bytes(before) || !matches!(before.seal, Seal::Sealed(_)) {
        after.seal = Seal::Sealed(row.tag(&canonical));
    }
    let id = after.id;
    for secret in &mut after.secrets {
        let canonical = secret_bytes(id, secret);
        if let Some(old) = before.secrets.iter().find(|old| old.id == secret.id) {
            let is_same = canonical == secret_bytes(id, old);
            if !(is_same && old.revoked_at.is_some() || secret_holds(row, id, old)) {
                return Err(Tampered { what: format!("secret {}", old.id) });
            }
            if is_same {
                continue;
            }
        }
        secret.seal = Seal::Sealed(row.tag(&canonical));
    }
    Ok(())
}

/// Seals an owner or a project that is resumed, if it can be trusted.
///
/// # Errors
/// [`Tampered`] when it was not as the program left it.
pub fn reseal_party(row: &RowKey, before: &Party, after: &mut Party) -> Result<(), Tampered> {
    let live = Party { suspended_at: None, ..before.clone() };
    let trusted = match before.seal {
        Seal::Withdrawn(_) => was_sealed_as(row, before.seal, &party_bytes(&live), Taken::Suspended),
        _ => party_holds(row, before),
    };
    if !trusted {
        return Err(Tampered { what: before.kind.code().into() });
    }
    after.seal = Seal::Sealed(row.tag(&party_bytes(after)));
    Ok(())
}

/// A seal in force that holds; or a withdrawn one which proves that the row, but for the disabling, is what was sealed.
fn trusted_key(row: &RowKey, key: &Key) -> bool {
    match key.seal {
        Seal::Withdrawn(_) if key.revoked.is_none() => {
            let live = Key { disabled_at: None, ..key.clone() };
            was_sealed_as(row, key.seal, &key_bytes(&live), Taken::Disabled)
        }
        _ => key_holds(row, key),
    }
}

fn was_sealed_as(row: &RowKey, seal: Seal, canonical: &[u8], taken: Taken) -> bool {
    let (Seal::Withdrawn(found), Seal::Withdrawn(expected)) =
        (seal, Seal::Sealed(row.tag(canonical)).withdrawn(taken))
    else {
        return false;
    };
    found.ct_eq(&expected).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::MasterKey;
    use crate::domain::key::{Revocation, RevokeReason};
    use crate::domain::party::PartyKind;
    use crate::domain::samples;
    use crate::domain::scope::Scopes;
    use crate::domain::time::Instant;

    fn row() -> RowKey {
        RowKey::derive(&MasterKey::from_bytes([1; 32]))
    }

    fn sealed() -> Key {
        let mut key = samples::key("ci");
        seal_new(&row(), &mut key);
        key
    }

    fn now() -> Instant {
        Instant::from_seconds(samples::NOW + 5)
    }

    #[test]
    fn whatever_grants_cannot_be_edited() {
        let edits: [fn(&mut Key); 9] = [
            |key| key.scopes = Scopes::new(["*:*".parse().unwrap()]).unwrap(),
            |key| key.networks = crate::domain::key::Allowed::from_named(["10.0.0.0/8".parse().unwrap()]),
            |key| key.owner = "other".parse().unwrap(),
            |key| key.env = crate::domain::secret::Env::Test,
            |key| key.lifetime = crate::domain::lifetime::Lifetime::Never,
            |key| key.not_before = Some(now()),
            |key| key.disabled_at = Some(now()),
            |key| key.revoked = Some(Revocation { at: now(), reason: RevokeReason::Other }),
            |key| key.seal = Seal::Missing,
        ];
        assert!(key_holds(&row(), &sealed()));
        for edit in edits {
            let mut key = sealed();
            edit(&mut key);
            assert!(!key_holds(&row(), &key));
        }
    }

    #[test]
    fn a_secret_cannot_be_edited_nor_moved_to_another_key() {
        let key = sealed();
        assert!(secret_holds(&row(), key.id, &key.secrets[0]));
        assert!(!secret_holds(&row(), sealed().id, &key.secrets[0]));
        let longer = KeySecret { expires_at: None, ..key.secrets[0].clone() };
        assert!(!secret_holds(&row(), key.id, &longer));
    }

    #[test]
    fn a_revocation_without_the_vault_cannot_be_cleared() {
        let mut key = sealed();
        key.revoke(RevokeReason::Leaked, now());
        assert!(key_holds(&row(), &key), "revoked, and as the program left it");
        key.revoked = None;
        assert!(!key_holds(&row(), &key));
        key.disabled_at = Some(now());
        let mut enabled = Key { disabled_at: None, ..key.clone() };
        assert!(reseal(&row(), &key, &mut enabled).is_err(), "a revocation passed off as a disabling");
    }

    #[test]
    fn enabling_does_not_launder_what_was_widened_meanwhile() {
        let mut key = sealed();
        key.disable(now()).unwrap();
        let mut honest = key.clone();
        honest.enable().unwrap();
        reseal(&row(), &key, &mut honest).unwrap();
        assert!(key_holds(&row(), &honest));
        key.scopes = Scopes::new(["*:*".parse().unwrap()]).unwrap();
        let mut widened = key.clone();
        widened.enable().unwrap();
        assert_eq!(reseal(&row(), &key, &mut widened), Err(Tampered { what: "key".into() }));
    }

    #[test]
    fn suspending_needs_no_vault_and_resuming_proves_the_row() {
        let mut party = samples::party(PartyKind::Owner);
        seal_new_party(&row(), &mut party);
        assert!(party.suspend(now()) && party_holds(&row(), &party));
        let cleared = Party { suspended_at: None, ..party.clone() };
        assert!(!party_holds(&row(), &cleared));
        let mut resumed = party.clone();
        resumed.resume();
        reseal_party(&row(), &party, &mut resumed).unwrap();
        assert!(party_holds(&row(), &resumed));
    }
}
