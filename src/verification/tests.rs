//! Verification against a real file: what is accepted, what is denied first, and what an edited file can gain.

mod edits;

use std::path::PathBuf;

use rand::SeedableRng as _;
use rand::rngs::StdRng;

use super::*;
use crate::crypto::MasterKey;
use crate::crypto::rows::{seal_new, seal_new_party};
use crate::domain::decision::{CHECKS, Denial};
use crate::domain::key::{Allowed, Key, KeySecret, Revocation, RevokeReason};
use crate::domain::party::{Party, PartyKind};
use crate::domain::samples::{self, NOW};
use crate::domain::secret::{Brand, Env, Secret};
use crate::domain::time::Span;
use crate::registry::ledger::UsageFilter;
use crate::registry::sqlite::SqliteRegistry;
use crate::registry::{EventFilter, Identity};

fn keys() -> Subkeys {
    Subkeys::derive(&MasterKey::from_bytes([1; 32]))
}

fn at(offset: i64) -> Instant {
    Instant::from_seconds(NOW + offset)
}

/// A registry file with one sealed key, and the texts of its secrets.
struct Scene {
    _folder: tempfile::TempDir,
    path: PathBuf,
    registry: SqliteRegistry,
    key: Key,
    texts: Vec<String>,
}

fn digested(secret: KeySecret, key: &Key, seed: u64) -> (KeySecret, String) {
    let mut rng = StdRng::seed_from_u64(seed);
    let text =
        Secret::generate(&Brand::default(), key.kind, key.env, secret.id, &mut rng).expose().to_owned();
    (KeySecret { digest: keys().digest.digest(text.as_bytes()), ..secret }, text)
}

/// `key` sealed and recorded, each of its secrets with a text of its own.
fn scene_with(mut key: Key, mut parties: [Party; 2]) -> Scene {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("registry.db");
    let identity = Identity {
        id: "0000000000ID".into(),
        brand: Brand::default(),
        vault_kind: "keyfile".into(),
        check_value: [3; 32],
        created_at: at(0),
    };
    let secrets = std::mem::take(&mut key.secrets);
    let (secrets, texts) = (0..).zip(secrets).map(|(seed, secret)| digested(secret, &key, seed)).unzip();
    key.secrets = secrets;
    seal_new(&keys().row, &mut key);
    for party in &mut parties {
        seal_new_party(&keys().row, party);
    }
    let audit = keys().audit;
    let first = Change {
        insert: std::slice::from_ref(&key),
        new_parties: &parties,
        events: vec![Event::on_key(Action::KeyCreated, &Actor::default(), None, &key, at(0))],
        audit: Some(&audit),
        ..Change::default()
    };
    SqliteRegistry::create(&path, &identity, &first).unwrap();
    let registry = SqliteRegistry::open(&path).unwrap();
    Scene { _folder: folder, path, registry, key, texts }
}

fn parties() -> [Party; 2] {
    [PartyKind::Owner, PartyKind::Project].map(samples::party)
}

fn suspended() -> [Party; 2] {
    parties().map(|party| Party { suspended_at: Some(at(0)), ..party })
}

fn scene(key: Key) -> Scene {
    scene_with(key, parties())
}

impl Scene {
    fn answer(&self, text: &str, request: &Request, now: Instant) -> &'static str {
        verify(&self.registry, &keys(), Some(text.as_bytes()), request, now).unwrap().1.code()
    }

    fn plain_answer(&self, place: usize) -> &'static str {
        self.answer(&self.texts[place], &Request::default(), at(1))
    }

    fn accept(&mut self, place: usize, now: Instant) {
        let text = self.texts[place].clone();
        let request = Request::default();
        let (lookup, decision) =
            verify(&self.registry, &keys(), Some(text.as_bytes()), &request, now).unwrap();
        assert!(decision.is_accepted(), "{decision:?}");
        let Lookup::Match(matching) = lookup else { panic!("accepted without a match") };
        let charge = Charge { cost: 1, actor: &Actor::default(), clock: &|| now };
        settle(&mut self.registry, &keys(), (&matching, decision), (&request, charge), now).unwrap();
    }

    fn stored(&self) -> Key {
        self.registry.find_key(self.key.id).unwrap().unwrap().key
    }
}

/// `text` with the character at `place` from its end made another.
fn altered(text: &str, place: usize) -> String {
    let place = text.len() - place;
    let other = if text.as_bytes()[place] == b'a' { "b" } else { "a" };
    format!("{}{other}{}", &text[..place], &text[place + 1..])
}

#[test]
fn what_is_not_known_is_not_found_whatever_part_of_it_is_wrong() {
    let scene = scene(samples::key("ci"));
    let text = &scene.texts[0];
    assert_eq!(scene.plain_answer(0), "accepted");
    let unknown = digested(samples::secret(), &scene.key, 9).1;
    let body = altered(text, 20);
    let head = &body[..body.len() - 6];
    // A wrong body whose check is right: only the digest tells.
    let mut check = String::new();
    crate::domain::base62::push_u32(&mut check, crc32fast::hash(head.as_bytes()));
    for wrong in [unknown, altered(text, 1), body.clone(), format!("{head}{check}")] {
        assert_eq!(scene.answer(&wrong, &Request::default(), at(1)), "not_found", "{wrong}");
    }
}

#[test]
fn what_is_no_secret_is_malformed_and_nothing_is_missing() {
    let scene = scene(samples::key("ci"));
    for wrong in
        ["x", "apik_sk_live_short", &format!("{} ", scene.texts[0]), &scene.texts[0][1..].replace('_', "-")]
    {
        assert_eq!(scene.answer(wrong, &Request::default(), at(1)), "malformed", "{wrong}");
    }
    assert_eq!(scene.answer("", &Request::default(), at(1)), "missing");
    let nothing = verify(&scene.registry, &keys(), None, &Request::default(), at(1)).unwrap().1;
    assert_eq!(nothing.code(), "missing");
}

#[test]
fn a_secret_is_refused_from_the_second_it_expires() {
    let scene = scene(samples::key("ci"));
    let end = scene.key.secrets[0].expires_at.unwrap();
    let answer = |now| scene.answer(&scene.texts[0], &Request::default(), now);
    assert_eq!(answer(Instant::from_micros(end.micros() - 1)), "accepted");
    assert_eq!(answer(end), "expired");
    assert_eq!(answer(Instant::from_seconds(end.seconds() + 1)), "expired");
}

/// Starts with a key that fails every check, and mends one after the other.
#[test]
fn the_first_of_several_denials_is_the_one_that_checks_name_first() {
    let wrong =
        Request { scopes: vec!["users:write".parse().unwrap()], env: Some(Env::Test), ..Request::default() };
    let mut key = samples::key("ci");
    key.networks = Allowed::from_named(["10.0.0.0/8".parse().unwrap()]);
    key.origins = Allowed::from_named(["https://a.example".parse().unwrap()]);
    key.not_before = Some(at(1000));
    key.disabled_at = Some(at(0));
    key.revoked = Some(Revocation { at: at(0), reason: RevokeReason::Leaked });
    key.secrets[0].expires_at = Some(at(0));
    key.secrets[0].retires_at = Some(at(0));
    let [mut owner, mut project] = suspended();
    let mut request = wrong;
    let mut intact = false;
    for check in CHECKS {
        let matched =
            Matched { key: &key, secret: &key.secrets[0], owner: &owner, project: &project, intact };
        let decision = decide(Presented::Matched(matched), &request, at(1));
        assert_eq!(decision, Decision::Denied(check));
        match check {
            Denial::Tampered => intact = true,
            Denial::Revoked => key.revoked = None,
            Denial::Disabled => key.disabled_at = None,
            Denial::Retired => key.secrets[0].retires_at = None,
            Denial::Expired => key.secrets[0].expires_at = None,
            Denial::NotYetValid => key.not_before = None,
            Denial::OwnerSuspended => owner.suspended_at = None,
            Denial::ProjectSuspended => project.suspended_at = None,
            Denial::WrongEnvironment => request.env = None,
            Denial::IpNotAllowed => key.networks = Allowed::Any,
            Denial::OriginNotAllowed => key.origins = Allowed::Any,
            Denial::InsufficientScope => request.scopes.clear(),
            Denial::Missing
            | Denial::Malformed
            | Denial::NotFound
            | Denial::NoRoute
            | Denial::QuotaExceeded
            | Denial::RateLimited => panic!("not a check"),
        }
    }
    let matched = Matched { key: &key, secret: &key.secrets[0], owner: &owner, project: &project, intact };
    request.is_unrouted = true;
    assert_eq!(decide(Presented::Matched(matched), &request, at(1)), Decision::Denied(Denial::NoRoute));
    request.is_unrouted = false;
    assert_eq!(decide(Presented::Matched(matched), &request, at(1)), Decision::Accepted);
}

#[test]
fn a_stored_key_that_fails_several_checks_is_denied_for_the_first() {
    let mut key = samples::key("ci");
    key.disabled_at = Some(at(0));
    key.not_before = Some(at(1000));
    let scene = scene_with(key, suspended());
    assert_eq!(scene.plain_answer(0), "disabled");
}

#[test]
fn the_first_use_starts_the_grace_and_no_later_use_starts_it_again() {
    let mut key = samples::key("ci");
    let new = KeySecret { pending_grace: Some(Span::days(1)), ..samples::secret() };
    key.add_secret(new);
    let mut scene = scene(key);
    scene.accept(0, at(5));
    assert_eq!(scene.stored().secrets[0].retires_at, None, "the old secret starts nothing");
    for now in [10, 100, 5000] {
        scene.accept(1, at(now));
        let stored = scene.stored();
        assert_eq!(stored.secrets[0].retires_at, at(10).checked_add(Span::days(1)));
        assert_eq!((stored.secrets[1].pending_grace, stored.revision), (None, 2));
    }
    let mut started = 0;
    let mut visit = |recorded: crate::registry::RecordedEvent| {
        started += u32::from(recorded.event.action == Action::GraceStarted && recorded.seal.is_some());
        std::ops::ControlFlow::Continue(())
    };
    scene.registry.events(&EventFilter::default(), &mut visit).unwrap();
    assert_eq!(started, 1);
    let end = at(10).checked_add(Span::days(1)).unwrap();
    let old = |now| scene.answer(&scene.texts[0], &Request::default(), now);
    assert_eq!((old(Instant::from_seconds(end.seconds() - 1)), old(end)), ("accepted", "retired"));
    assert_eq!(scene.answer(&scene.texts[1], &Request::default(), end), "accepted");
}

#[test]
fn every_accepted_request_is_counted_and_its_time_kept() {
    let mut scene = scene(samples::key("ci"));
    for now in [1, 60, 61] {
        scene.accept(0, at(now));
        assert_eq!(scene.stored().last_use().unwrap().at, at(now));
    }
    let mut counted = Vec::new();
    let mut visit = |row: crate::domain::usage::UsageRow| {
        counted.push((row.outcome, row.requests));
        std::ops::ControlFlow::Continue(())
    };
    scene.registry.usage(&UsageFilter::default(), &mut visit).unwrap();
    assert_eq!(counted, [("accepted".to_owned(), 3)]);
}
