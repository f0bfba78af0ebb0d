//! What is written is read back, field by field.

use super::*;
use crate::domain::digest::Digest;
use crate::domain::key::{Allowed, Kept, KeySecret, LastUse, Revocation, RevokeReason};
use crate::domain::lifetime::Lifetime;
use crate::domain::scope::Scopes;
use crate::domain::seal::Seal;
use crate::domain::secret::{Env, Kind};
use crate::domain::time::Span;

for_every_backend! {
    a_key_is_found_by_its_id_and_by_each_of_its_secrets,
    what_is_not_there_is_not_found,
    every_field_of_a_key_is_read_back,
    every_field_of_a_secret_is_read_back,
    the_identity_is_read_back,
}

fn a_key_is_found_by_its_id_and_by_each_of_its_secrets(registry: &mut dyn Ledger) {
    let mut key = samples::key("ci");
    key.add_secret(samples::secret());
    insert(registry, &[samples::key("other"), key.clone()]).unwrap();
    for secret in &key.secrets {
        let found = registry.find_secret(secret.id).unwrap().unwrap();
        assert_eq!(picture(&found.key), picture(&key));
        assert_eq!((found.owner, found.project), default_parties().into());
    }
    assert_eq!(picture(&stored(registry, key.id)), picture(&key));
}

fn what_is_not_there_is_not_found(registry: &mut dyn Ledger) {
    insert(registry, &[samples::key("ci")]).unwrap();
    let other = samples::key("ci");
    assert!(registry.find_key(other.id).unwrap().is_none());
    assert!(registry.find_secret(other.secrets[0].id).unwrap().is_none());
    assert!(registry.target(other.id).unwrap().is_none());
    assert!(registry.request("r").unwrap().is_none());
    assert!(registry.party(PartyKind::Owner, &"nobody".parse().unwrap()).unwrap().is_none());
}

fn full() -> Key {
    Key {
        kind: Kind::Publishable,
        env: Env::Test,
        scopes: Scopes::new(["orders:read".parse().unwrap(), "users:*".parse().unwrap()]).unwrap(),
        networks: Allowed::from_named(["10.0.0.0/8".parse().unwrap(), "2001:db8::/32".parse().unwrap()]),
        origins: Allowed::from_named([
            "https://shop.example".parse().unwrap(),
            "https://*.a.example".parse().unwrap(),
        ]),
        lifetime: Lifetime::Until(at(5000)),
        not_before: Some(at(10)),
        rotate_every: Some(Span::days(30)),
        tags: ["b".parse().unwrap(), "a team".parse().unwrap()].into(),
        note: Some("first line, 'quoted'; \"twice\" ü".parse().unwrap()),
        disabled_at: Some(at(20)),
        seal: Seal::Sealed([9; 32]),
        ..samples::key("Büro 1")
    }
}

fn every_field_of_a_key_is_read_back(registry: &mut dyn Ledger) {
    let revoked = Some(Revocation { at: at(30), reason: RevokeReason::Leaked });
    let variants = [
        full(),
        Key { lifetime: Lifetime::Never, seal: Seal::Withdrawn([8; 32]), ..samples::key("never") },
        Key { lifetime: Lifetime::Span(Span::days(1)), seal: Seal::Missing, ..samples::key("span") },
        Key { revoked, ..samples::key("revoked") },
    ];
    insert(registry, &variants).unwrap();
    for key in &variants {
        assert_eq!(picture(&stored(registry, key.id)), picture(key));
    }
    let mut plain = stored(registry, variants[2].id);
    plain = Key { id: plain.id, created_at: plain.created_at, secrets: plain.secrets, ..full() };
    plain.name = "replaced".parse().unwrap();
    replace(registry, std::slice::from_ref(&plain)).unwrap();
    plain.revision = 2;
    assert_eq!(picture(&stored(registry, plain.id)), picture(&plain));
}

fn secrets() -> Vec<KeySecret> {
    let plain = samples::secret;
    let all = [
        KeySecret {
            digest: Digest::from_bytes([1; 32]),
            expires_at: None,
            seal: Seal::Sealed([2; 32]),
            ..plain()
        },
        KeySecret {
            retires_at: Some(at(60)),
            retires_at_before: Some(at(61)),
            kept: Kept::Sealed(vec![0, 255, 1]),
            ..plain()
        },
        KeySecret { pending_grace: Some(Span::ZERO), seal: Seal::Withdrawn([3; 32]), ..plain() },
        KeySecret { pending_grace: Some(Span::days(2)), kept: Kept::Clear("apik_pk".into()), ..plain() },
        KeySecret { revoked_at: Some(at(5)), created_at: at(-9), ..plain() },
    ];
    (0..).zip(all).map(|(number, secret)| KeySecret { number, ..secret }).collect()
}

fn every_field_of_a_secret_is_read_back(registry: &mut dyn Ledger) {
    let mut key = Key { secrets: secrets(), ..samples::key("ci") };
    insert(registry, std::slice::from_ref(&key)).unwrap();
    for (place, ip) in
        [(0, Some("2001:db8::1".parse().unwrap())), (1, None), (2, Some("192.0.2.1".parse().unwrap()))]
    {
        use_secret(registry, key.secrets[place].id, at(7), ip);
        key.secrets[place].last_use = Some(LastUse { at: at(7), ip });
    }
    assert_eq!(picture(&stored(registry, key.id)), picture(&key));
    // The same variants as changes of secrets that are there.
    for (old, new) in key.secrets.iter_mut().zip(secrets().into_iter().rev()) {
        *old = KeySecret {
            id: old.id,
            number: old.number,
            digest: old.digest,
            created_at: old.created_at,
            last_use: old.last_use,
            ..new
        };
    }
    replace(registry, std::slice::from_ref(&key)).unwrap();
    key.revision = 2;
    assert_eq!(picture(&stored(registry, key.id)), picture(&key));
}

fn the_identity_is_read_back(registry: &mut dyn Ledger) {
    assert_eq!(registry.identity().unwrap(), identity());
    assert_eq!(registry.integrity().unwrap(), Vec::<String>::new());
}
