//! The verifier against a real file that others change.

mod counted;
mod hands;
// With counters in memory, which there are on Linux only.
#[cfg(target_os = "linux")]
mod limits;

use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, Ordering};

use rand::SeedableRng as _;
use rand::rngs::StdRng;

use super::*;
use crate::crypto::rows::seal_new_party;
use crate::domain::decision::Decision;
use crate::domain::event::{Action, Event};
use crate::domain::key::{Allowed, Key, RevokeReason};
use crate::domain::lifetime::Lifetime;
use crate::domain::limit::Limits;
use crate::domain::party::PartyKind;
use crate::domain::samples::{self, NOW};
use crate::domain::scope::Scopes;
use crate::domain::secret::{Env, Kind};
use crate::domain::usage::UsageRow;
use crate::issuance::{Issued, Wish, draft};
use crate::registry::ledger::{Ledger as _, UsageFilter};
use crate::registry::sqlite::tests::{edit, restore, while_locked};
use crate::registry::{Change, Identity, PartyChange};

fn master() -> MasterKey {
    MasterKey::from_bytes([1; 32])
}

pub(crate) fn wish(name: &str, limits: Limits, kind: Kind) -> Wish {
    Wish {
        name: name.parse().unwrap(),
        kind,
        env: Env::Live,
        owner: "default".parse().unwrap(),
        project: "default".parse().unwrap(),
        scopes: Scopes::new(["orders:read".parse().unwrap()]).unwrap(),
        networks: Allowed::Any,
        origins: Allowed::Any,
        limits,
        lifetime: Lifetime::DEFAULT,
        not_before: None,
        rotate_every: None,
        tags: std::collections::BTreeSet::new(),
        note: None,
        keep: false,
    }
}

/// A registry with keys, a verifier on it, and a clock that both go by.
pub(crate) struct Scene {
    _folder: tempfile::TempDir,
    path: PathBuf,
    registry: SqliteRegistry,
    issued: Vec<Issued>,
    verifier: Verifier,
    clock: Arc<AtomicI64>,
}

pub(crate) fn scene(wishes: Vec<Wish>) -> Scene {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("registry.db");
    let identity = Identity {
        id: "0000000000ID".into(),
        brand: Brand::default(),
        vault_kind: "keyfile".into(),
        check_value: master().check_value(),
        created_at: Instant::from_seconds(NOW),
    };
    let keys = Subkeys::derive(&master());
    let mut parties = [PartyKind::Owner, PartyKind::Project].map(samples::party);
    for party in &mut parties {
        seal_new_party(&keys.row, party);
    }
    let mut rng = StdRng::seed_from_u64(7);
    let now = Instant::from_seconds(NOW);
    let issued: Vec<Issued> = wishes
        .into_iter()
        .map(|wish| draft(wish, &Brand::default(), &keys, &mut rng, now).unwrap())
        .collect();
    let rows: Vec<Key> = issued.iter().map(|one| one.key.clone()).collect();
    let made = |key: &Key| Event::on_key(Action::KeyCreated, &Actor::default(), None, key, now);
    let events = rows.iter().map(made).collect();
    let audit = Some(&keys.audit);
    let first = Change { insert: &rows, new_parties: &parties, events, audit, ..Change::default() };
    SqliteRegistry::create(&path, &identity, &first).unwrap();
    let clock = Arc::new(AtomicI64::new(NOW * 1_000_000));
    let hands = clock.clone();
    let now = Box::new(move || Instant::from_micros(hands.load(Ordering::SeqCst)));
    let verifier = Verifier::open(&path, &master(), now).unwrap();
    let registry = SqliteRegistry::open(&path).unwrap();
    Scene { _folder: folder, path, registry, issued, verifier, clock }
}

fn plain(names: &[&str]) -> Scene {
    scene(names.iter().map(|name| wish(name, Limits::default(), Kind::Private)).collect())
}

impl Scene {
    /// Another verifier of the same registry, by the same clock.
    pub(crate) fn second(&self) -> Verifier {
        let clock = self.clock.clone();
        let now = Box::new(move || Instant::from_micros(clock.load(Ordering::SeqCst)));
        Verifier::open(&self.path, &master(), now).unwrap()
    }

    /// Revokes a key as another process would.
    pub(crate) fn revoke(&mut self, place: usize) {
        self.change(place, |key| assert!(key.revoke(RevokeReason::Leaked, Instant::from_seconds(NOW))));
    }

    /// The registry's file.
    pub(crate) fn path(&self) -> &std::path::Path {
        &self.path
    }

    /// Puts a backup in the place of the registry, and changes what was there before.
    pub(crate) fn replace(&mut self) {
        let aside = self.path.with_extension("aside");
        self.revoke(0);
        std::fs::rename(&self.path, &aside).unwrap();
        std::fs::copy(&aside, &self.path).unwrap();
    }

    pub(crate) fn text(&self, place: usize) -> String {
        self.issued[place].secret.expose().to_owned()
    }

    pub(crate) fn key(&self, place: usize) -> &Key {
        &self.issued[place].key
    }

    fn ask(&self, text: &str, request: &Request) -> &'static str {
        let credential = Credential { secret: Some(text.as_bytes()), consumer_key: None };
        self.verifier.verify(credential, (request, 1), |verdict| verdict.decision.code()).unwrap()
    }

    pub(crate) fn newest_event(&self) -> crate::domain::event::Event {
        let mut newest = None;
        let mut visit = |recorded: crate::registry::RecordedEvent| {
            newest = Some(recorded.event);
            std::ops::ControlFlow::Continue(())
        };
        self.registry.events(&crate::registry::EventFilter::default(), &mut visit).unwrap();
        newest.unwrap()
    }

    fn answer(&self, place: usize) -> &'static str {
        self.ask(&self.text(place), &Request::default())
    }

    pub(crate) fn stored(&self, place: usize) -> Key {
        self.registry.find_key(self.issued[place].key.id).unwrap().unwrap().key
    }

    pub(crate) fn change(&mut self, place: usize, change: impl FnOnce(&mut Key)) {
        let before = self.stored(place);
        let mut after = before.clone();
        change(&mut after);
        if after.revoked.is_none() && after.disabled_at.is_none() {
            crate::crypto::rows::reseal(&Subkeys::derive(&master()).row, &before, &mut after).unwrap();
        }
        let now = Instant::from_seconds(NOW);
        let event = Event::on_key(Action::KeyChanged, &Actor::default(), Some(&before), &after, now);
        let audit = Subkeys::derive(&master()).audit;
        let change =
            Change { replace: &[after], events: vec![event], audit: Some(&audit), ..Change::default() };
        self.registry.apply(&change).unwrap();
    }

    fn pass(&self, span: &str) {
        let span: crate::domain::time::Span = span.parse().unwrap();
        self.clock.fetch_add(span.seconds() * 1_000_000, Ordering::SeqCst);
    }

    pub(crate) fn usage(&self) -> Vec<(String, String, u64)> {
        self.verifier.flush().unwrap();
        let mut rows = Vec::new();
        let mut visit = |row: UsageRow| {
            rows.push((row.outcome, row.scopes, row.requests));
            std::ops::ControlFlow::Continue(())
        };
        self.registry.usage(&UsageFilter::default(), &mut visit).unwrap();
        rows
    }
}

#[test]
fn a_revocation_holds_from_the_next_request_on() {
    let mut scene = plain(&["one", "two"]);
    for place in 0..2 {
        assert_eq!(scene.answer(place), "accepted");
    }
    scene.revoke(0);
    assert_eq!((scene.answer(0), scene.answer(1)), ("revoked", "accepted"));
}

#[test]
fn every_change_is_seen_by_the_next_request() {
    let mut scene = plain(&["one"]);
    let wanted = Request { scopes: vec!["orders:write".parse().unwrap()], ..Request::default() };
    let text = scene.text(0);
    assert_eq!(scene.ask(&text, &wanted), "insufficient_scope");
    scene.change(0, |key| key.scopes = Scopes::new(["orders:*".parse().unwrap()]).unwrap());
    assert_eq!(scene.ask(&text, &wanted), "accepted");
    scene.change(0, |key| assert!(key.disable(Instant::from_seconds(NOW)).unwrap()));
    assert_eq!(scene.ask(&text, &wanted), "disabled");
    let key = scene.stored(0);
    scene.registry.apply(&Change { remove: vec![(key.id, key.revision)], ..Change::default() }).unwrap();
    assert_eq!((scene.ask(&text, &wanted), scene.verifier.keys()), ("not_found", 0));
}

#[test]
fn a_key_that_is_issued_later_is_known_at_once() {
    let mut scene = plain(&["one"]);
    let keys = Subkeys::derive(&master());
    let mut rng = StdRng::seed_from_u64(8);
    let now = Instant::from_seconds(NOW);
    let later =
        draft(wish("later", Limits::default(), Kind::Private), &Brand::default(), &keys, &mut rng, now);
    let later = later.unwrap();
    let text = later.secret.expose().to_owned();
    assert_eq!(scene.ask(&text, &Request::default()), "not_found");
    scene.registry.apply(&Change { insert: &[later.key], ..Change::default() }).unwrap();
    assert_eq!(scene.ask(&text, &Request::default()), "accepted");
}

#[test]
fn what_was_edited_in_the_file_is_tampered_for_the_next_request() {
    let scene = plain(&["one"]);
    assert_eq!(scene.answer(0), "accepted");
    for sql in
        ["UPDATE key SET scopes = '*:*'", "UPDATE key SET rate_count = 1, rate_seconds = 1, rate_burst = 1"]
    {
        edit(&scene.path, sql);
        assert_eq!(scene.answer(0), "tampered", "{sql}");
    }
}

/// Each is a way to change what a secret may do that leaves no trace where it was.
#[test]
fn whatever_an_editor_does_to_a_row_the_next_request_knows_it() {
    let revoked = "REPLACE INTO secret (key_place, number, id, digest_algorithm, digest, created_at, revoked_at) \
                   SELECT key_place, number, id, digest_algorithm, digest, created_at, 1 FROM secret";
    for (sql, answer) in [
        (revoked, "tampered"),
        ("UPDATE key SET place = 50", "not_found"),
        ("UPDATE key SET place = 0", "not_found"),
        ("UPDATE key SET place = 9223372036854775807", "not_found"),
        ("UPDATE secret SET key_place = 50", "not_found"),
        ("DELETE FROM party WHERE kind = 'owner'", "tampered"),
        ("DELETE FROM secret", "not_found"),
        ("DELETE FROM key", "not_found"),
    ] {
        let scene = plain(&["one"]);
        assert_eq!(scene.answer(0), "accepted");
        edit(&scene.path, &format!("PRAGMA foreign_keys = OFF; {sql}"));
        assert_eq!(scene.answer(0), answer, "{sql}");
    }
}

#[test]
fn what_changed_is_never_taken_out_of_the_list_of_changes() {
    let mut scene = plain(&["one"]);
    assert_eq!(scene.answer(0), "accepted");
    let connection = rusqlite::Connection::open(&scene.path).unwrap();
    for sql in [
        "DELETE FROM touched",
        "UPDATE touched SET number = number + 1",
        "UPDATE touched SET key_place = 0",
        "INSERT INTO touched (number, key_place) VALUES (-5, 1)",
        "INSERT INTO touched (number, key_place) VALUES (0, 1)",
    ] {
        assert!(connection.execute(sql, []).is_err(), "{sql}");
    }
    // No number comes after the last there is: then nothing can be changed, rather than unseen.
    connection
        .execute("INSERT INTO touched (number, key_place) VALUES (9223372036854775807, 0)", [])
        .unwrap();
    assert_eq!(scene.answer(0), "accepted");
    let mut key = scene.stored(0);
    key.revoke(crate::domain::key::RevokeReason::Leaked, Instant::from_seconds(NOW));
    let change = Change { replace: std::slice::from_ref(&key), ..Change::default() };
    assert!(scene.registry.apply(&change).is_err());
}

/// An editor's changes are in no event, and there may be as many of them on both ways.
#[test]
fn a_history_without_events_that_went_another_way_is_read_anew_too() {
    let scene = plain(&["one"]);
    let backup = scene.path.with_file_name("backup.db");
    edit(&scene.path, &format!("VACUUM INTO '{}'", backup.display()));
    edit(&scene.path, "UPDATE key SET note = 'harmless'");
    assert_eq!(scene.answer(0), "accepted");
    restore(&scene.path, &backup);
    edit(&scene.path, "UPDATE key SET revoked_at = 1, revoke_reason = 'leaked'");
    assert_eq!(scene.answer(0), "tampered");
}

#[test]
fn an_owner_suspended_elsewhere_denies_all_its_keys_at_once() {
    let mut scene = plain(&["one", "two"]);
    assert_eq!(scene.answer(0), "accepted");
    let before = scene.registry.party(PartyKind::Owner, &"default".parse().unwrap()).unwrap().unwrap();
    let mut after = before.clone();
    assert!(after.suspend(Instant::from_seconds(NOW)));
    let replace_parties = vec![PartyChange { before, after }];
    scene.registry.apply(&Change { replace_parties, ..Change::default() }).unwrap();
    assert_eq!((scene.answer(0), scene.answer(1)), ("owner_suspended", "owner_suspended"));
}

#[test]
fn time_alone_ends_a_key() {
    let scene = plain(&["one"]);
    let end = scene.issued[0].key.expires_at().unwrap();
    scene.clock.store(end.micros() - 1, Ordering::SeqCst);
    assert_eq!(scene.answer(0), "accepted");
    scene.clock.store(end.micros(), Ordering::SeqCst);
    assert_eq!(scene.answer(0), "expired");
}

#[test]
fn requests_are_counted_by_outcome_and_scope_and_strangers_are_not() {
    let scene = plain(&["one"]);
    let read = Request { scopes: vec!["orders:read".parse().unwrap()], ..Request::default() };
    let write = Request { scopes: vec!["orders:write".parse().unwrap()], ..Request::default() };
    let text = scene.text(0);
    for request in [&read, &read, &write] {
        scene.ask(&text, request);
    }
    let mut wrong = text.clone();
    wrong.replace_range(30..31, if &text[30..31] == "a" { "b" } else { "a" });
    assert_eq!(scene.ask(&wrong, &read), "not_found");
    assert_eq!(scene.ask("nonsense", &read), "malformed");
    let row = |outcome: &str, scope: &str, requests| (outcome.to_owned(), scope.to_owned(), requests);
    assert_eq!(
        scene.usage(),
        [row("accepted", "orders:read", 2), row("insufficient_scope", "orders:write", 1)]
    );
    assert_eq!(scene.stored(0).last_use().unwrap().at, Instant::from_seconds(NOW));
    scene.ask(&text, &read);
    assert_eq!(scene.usage()[0], row("accepted", "orders:read", 3), "counted on, and once");
}

#[test]
fn a_consumer_secret_with_another_consumer_key_is_not_known() {
    let scene = scene(["a", "b"].map(|name| wish(name, Limits::default(), Kind::Pair)).into());
    let text = scene.text(0);
    let ask = |consumer_key: &str| {
        let credential = Credential { secret: Some(text.as_bytes()), consumer_key: Some(consumer_key) };
        scene
            .verifier
            .verify(credential, (&Request::default(), 1), |verdict| verdict.decision.code())
            .unwrap()
    };
    let consumer_key = |place: usize| format!("apik_ck_live_{}", scene.issued[place].key.id.bare());
    assert_eq!(ask(&consumer_key(0)), "accepted");
    assert_eq!(ask(&consumer_key(1)), "not_found");
    assert_eq!(ask(&consumer_key(0).replace("live", "test")), "not_found");
    assert_eq!(ask(&consumer_key(0).replace("apik", "else")), "not_found");
}

#[test]
fn a_write_lock_held_by_another_turns_no_good_key_bad() {
    let scene = plain(&["one"]);
    assert_eq!(scene.answer(0), "accepted");
    while_locked(&scene.path, || {
        assert_eq!(scene.answer(0), "accepted");
    });
    assert_eq!(scene.usage(), [("accepted".to_owned(), String::new(), 2)]);
}

#[test]
fn a_backup_restored_into_the_file_is_read_anew_and_a_revocation_after_it_holds() {
    for later in [0, 20] {
        let mut scene = plain(&["one"]);
        let backup = scene.path.with_file_name("backup.db");
        edit(&scene.path, &format!("VACUUM INTO '{}'", backup.display()));
        let wanted = Request { scopes: vec!["orders:write".parse().unwrap()], ..Request::default() };
        for scope in ["orders:*", "orders:write", "*:*", "orders:write"] {
            scene.change(0, |key| key.scopes = Scopes::new([scope.parse().unwrap()]).unwrap());
        }
        let text = scene.text(0);
        assert_eq!(scene.ask(&text, &wanted), "accepted");
        restore(&scene.path, &backup);
        assert_eq!(scene.ask(&text, &wanted), "insufficient_scope", "as it was then");
        // Its changes are numbered from where the backup was, and may have gone further than what was seen.
        restore(&scene.path, &backup);
        for turn in 0..later {
            let scope = if turn % 2 == 0 { "orders:*" } else { "orders:read" };
            scene.change(0, |key| key.scopes = Scopes::new([scope.parse().unwrap()]).unwrap());
        }
        scene.revoke(0);
        assert_eq!(scene.ask(&text, &Request::default()), "revoked", "after {later} changes");
    }
}

#[test]
fn what_others_see_of_a_history_that_went_another_way_is_read_anew_too() {
    let mut scene = plain(&["one", "two"]);
    let backup = scene.path.with_file_name("backup.db");
    edit(&scene.path, &format!("VACUUM INTO '{}'", backup.display()));
    let narrow = |key: &mut Key| key.scopes = Scopes::default();
    // The one was changed here, and as many changes are made to the other there.
    scene.change(0, narrow);
    scene.change(0, |key| key.scopes = Scopes::new(["*:*".parse().unwrap()]).unwrap());
    let wanted = Request { scopes: vec!["orders:write".parse().unwrap()], ..Request::default() };
    assert_eq!(scene.ask(&scene.text(0), &wanted), "accepted");
    restore(&scene.path, &backup);
    scene.change(1, narrow);
    scene.change(1, |key| key.scopes = Scopes::new(["*:*".parse().unwrap()]).unwrap());
    scene.change(1, narrow);
    assert_eq!(scene.ask(&scene.text(0), &wanted), "insufficient_scope");
}

#[test]
fn a_registry_that_is_gone_or_replaced_decides_nothing_until_it_is_back() {
    for name in ["registry.db", "registry.db-shm"] {
        let scene = plain(&["one"]);
        assert_eq!(scene.answer(0), "accepted");
        let (file, away) = (scene.path.with_file_name(name), scene.path.with_file_name("away"));
        std::fs::rename(&file, &away).unwrap();
        // As the writer looks every second.
        assert!(!scene.verifier.shared.is_in_place(), "{name}");
        let text = scene.text(0);
        let credential = Credential { secret: Some(text.as_bytes()), consumer_key: None };
        let asked = scene.verifier.verify(credential, (&Request::default(), 1), |verdict| verdict.decision);
        assert!(matches!(asked, Err(VerifierError::Replaced)), "{name}: {asked:?}");
        std::fs::rename(&away, &file).unwrap();
        assert_eq!(scene.answer(0), "accepted", "{name}");
    }
}

#[test]
fn keys_that_are_read_in_several_pieces_are_all_known() {
    let names: Vec<String> = (0..2_001).map(|number| format!("key-{number}")).collect();
    let scene = plain(&names.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(scene.verifier.keys(), 2_001);
    for place in 0..2_001 {
        assert_eq!(scene.answer(place), "accepted", "{place}");
    }
}

#[test]
fn a_row_moved_to_where_no_row_can_be_is_not_known_and_costs_no_memory() {
    let scene = plain(&["one", "two"]);
    assert_eq!(scene.answer(0), "accepted");
    for place in ["4611686018427387904", "67108864", "-1"] {
        let (id, found) = (scene.issued[0].key.id, "(SELECT place FROM key WHERE id = 'ID')");
        let sql = format!(
            "PRAGMA foreign_keys = OFF; UPDATE secret SET key_place = {place} WHERE key_place = {found}; \
             UPDATE key SET place = {place} WHERE id = 'ID'"
        );
        edit(&scene.path, &sql.replace("ID", &id.to_string()));
        assert_eq!((scene.answer(0), scene.answer(1)), ("not_found", "accepted"), "{place}");
        let other = scene.second();
        assert_eq!(other.keys(), 1, "{place}");
    }
}

#[test]
fn usage_that_cannot_be_written_stops_nobody_and_is_written_once_it_can_be() {
    let scene = plain(&["one"]);
    edit(&scene.path, "ALTER TABLE usage RENAME TO usage_elsewhere");
    for _ in 0..3 {
        for _ in 0..100 {
            assert_eq!(scene.answer(0), "accepted");
        }
        // It fails here or in the thread that writes.
        let _ = scene.verifier.flush();
    }
    edit(&scene.path, "ALTER TABLE usage_elsewhere RENAME TO usage");
    let counted = || scene.usage().iter().map(|(_, _, count)| count).sum::<u64>();
    let is_written = (0..500).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(10));
        counted() == 300
    });
    assert!(is_written, "{:?}", scene.usage());
}

#[test]
fn what_is_presented_is_not_shown_by_debug() {
    let credential = Credential { secret: Some(b"apik_sk_live_x"), consumer_key: Some("apik_ck_live_y") };
    let shown = format!("{credential:?} {:?}", Credential::default());
    assert_eq!(
        shown,
        "Credential(secret hidden, consumer key hidden) Credential(secret none, consumer key none)"
    );
}
