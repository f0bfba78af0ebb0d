//! Whatever is edited with another program, the edited file grants nothing that it did not grant before.

use rusqlite::Connection;

use super::*;
use crate::registry::PartyChange;

impl Scene {
    fn edit(&self, sql: &str) {
        let changed = Connection::open(&self.path).unwrap().execute(sql, []).unwrap();
        assert!(changed > 0, "{sql}");
    }

    fn commit(&mut self, key: Key) {
        self.registry.apply(&Change { replace: &[key], ..Change::default() }).unwrap();
    }
}

#[test]
fn a_row_that_was_edited_grants_nothing() {
    let edits = [
        "UPDATE key SET scopes = '*:*'",
        "UPDATE key SET scopes = 'orders:read orders:write'",
        "UPDATE key SET env = 'test'",
        "UPDATE key SET kind = 'pk'",
        "UPDATE key SET name = 'other'",
        "UPDATE key SET allow_ips = '10.0.0.0/8'",
        "UPDATE key SET allow_origins = 'https://evil.example'",
        "UPDATE key SET scopes = 'orders:read:'",
        "UPDATE key SET lifetime_seconds = 9223372036854775807",
        "UPDATE key SET lifetime_seconds = NULL",
        "UPDATE key SET rotate_every_seconds = 1",
        "UPDATE key SET created_at = created_at + 1",
        "UPDATE key SET seal = NULL",
        "UPDATE key SET seal = zeroblob(32)",
        "UPDATE key SET seal_algorithm = 'sha256-of-hmac-sha256'",
        "UPDATE key SET seal_algorithm = 'none'",
        "UPDATE key SET seal = (SELECT seal FROM secret)",
        "UPDATE key SET seal = (SELECT seal FROM party WHERE kind = 'owner')",
        "UPDATE secret SET expires_at = NULL",
        "UPDATE secret SET expires_at = expires_at + 1",
        "UPDATE secret SET retires_at = expires_at",
        "UPDATE secret SET retires_at_before = expires_at",
        "UPDATE secret SET pending_grace_seconds = 1",
        "UPDATE secret SET created_at = created_at - 1",
        "UPDATE secret SET seal = (SELECT seal FROM key)",
        "UPDATE party SET created_at = 0 WHERE kind = 'owner'",
        "UPDATE party SET seal = NULL WHERE kind = 'project'",
        "UPDATE party SET seal = (SELECT seal FROM party WHERE kind = 'owner') WHERE kind = 'project'",
    ];
    for edit in edits {
        let scene = scene(samples::key("ci"));
        assert_eq!(scene.plain_answer(0), "accepted");
        scene.edit(edit);
        assert_eq!(scene.plain_answer(0), "tampered", "{edit}");
    }
}

#[test]
fn a_row_beyond_understanding_hides_no_other() {
    let a_hundred_and_one: String = (0..101).fold(String::new(), |all, number| format!("{all} a:b{number}"));
    let edits = [
        format!("UPDATE key SET scopes = scopes || '{a_hundred_and_one}' WHERE name = 'ci'"),
        "UPDATE key SET owner = CAST(x'ff' AS TEXT) WHERE name = 'ci'".to_owned(),
        "UPDATE key SET tags = CAST(x'2cff' AS TEXT), created_at = 1 WHERE name = 'ci'".to_owned(),
        "UPDATE key SET name = CAST(x'ff' AS TEXT) WHERE name = 'ci'".to_owned(),
        "UPDATE key SET seal_algorithm = CAST(x'ff' AS TEXT) WHERE name = 'ci'".to_owned(),
        "UPDATE secret SET last_used_at = 1, last_used_ip = CAST(x'ff' AS TEXT), expires_at = 1 \
         WHERE key_place = (SELECT place FROM key WHERE name = 'ci')"
            .to_owned(),
    ];
    for edit in edits {
        let mut scene = scene(samples::key("ci"));
        let other = samples::key("other");
        scene.registry.apply(&Change { insert: &[other], ..Change::default() }).unwrap();
        // A party of that name is there, so that the row is one of the file's own.
        Connection::open(&scene.path)
            .unwrap()
            .execute_batch(
                "PRAGMA foreign_keys = OFF; INSERT INTO party (kind, name, skeleton, created_at) \
                 VALUES ('owner', CAST(x'ff' AS TEXT), 'x', 1)",
            )
            .unwrap();
        scene.edit(&edit);
        let mut names = 0;
        let mut visit = |_| {
            names += 1;
            std::ops::ControlFlow::Continue(())
        };
        scene.registry.list(&crate::registry::Filter::default(), at(0), &mut visit).unwrap();
        assert_eq!(names, 2, "{edit}");
        assert_ne!(scene.plain_answer(0), "accepted", "{edit}");
    }
}

#[test]
fn what_grants_nothing_can_be_edited_without_harm() {
    for edit in
        ["UPDATE key SET note = 'x'", "UPDATE key SET tags = 'a,b'", "UPDATE secret SET last_used_at = 1"]
    {
        let scene = scene(samples::key("ci"));
        scene.edit(edit);
        assert_eq!(scene.plain_answer(0), "accepted", "{edit}");
    }
}

#[test]
fn a_revocation_cannot_be_cleared_however_it_was_made() {
    for resealed in [false, true] {
        let mut scene = scene(samples::key("ci"));
        let mut key = scene.key.clone();
        key.revoke(RevokeReason::Leaked, at(0));
        if resealed {
            seal_new(&keys().row, &mut key);
        }
        scene.commit(key);
        assert_eq!(scene.plain_answer(0), "revoked");
        scene.edit("UPDATE key SET revoked_at = NULL, revoke_reason = NULL");
        assert_eq!(scene.plain_answer(0), "tampered");
        scene.edit("UPDATE key SET disabled_at = 1");
        assert_ne!(scene.plain_answer(0), "accepted");
        let before = scene.stored();
        let mut after = before.clone();
        after.enable().unwrap();
        assert!(reseal(&keys().row, &before, &mut after).is_err(), "nor can it be enabled");
    }
}

#[test]
fn one_revoked_secret_cannot_be_revived() {
    let mut scene = two_secrets();
    let mut key = scene.key.clone();
    key.revoke_secret(key.secrets[0].id, at(0)).unwrap();
    scene.commit(key);
    assert_eq!(scene.plain_answer(0), "revoked");
    scene.edit("UPDATE secret SET revoked_at = NULL WHERE revoked_at IS NOT NULL");
    assert_eq!((scene.plain_answer(0), scene.plain_answer(1)), ("tampered", "accepted"));
}

#[test]
fn a_disabled_key_cannot_be_switched_on_in_the_file() {
    let mut scene = scene(samples::key("ci"));
    let mut key = scene.key.clone();
    key.disable(at(0)).unwrap();
    scene.commit(key);
    assert_eq!(scene.plain_answer(0), "disabled");
    scene.edit("UPDATE key SET disabled_at = NULL");
    assert_eq!(scene.plain_answer(0), "tampered");
}

#[test]
fn a_suspension_cannot_be_cleared() {
    for (kind, word) in [(PartyKind::Owner, "owner_suspended"), (PartyKind::Project, "project_suspended")] {
        let mut scene = scene(samples::key("ci"));
        let before = scene.registry.party(kind, &"default".parse().unwrap()).unwrap().unwrap();
        let mut after = before.clone();
        after.suspend(at(0));
        let replace_parties = vec![PartyChange { before, after }];
        scene.registry.apply(&Change { replace_parties, ..Change::default() }).unwrap();
        assert_eq!(scene.plain_answer(0), word);
        scene.edit("UPDATE party SET suspended_at = NULL");
        assert_eq!(scene.plain_answer(0), "tampered");
    }
}

fn two_secrets() -> Scene {
    let mut key = samples::key("ci");
    key.add_secret(samples::secret());
    scene(key)
}

#[test]
fn swapped_digests_match_no_text() {
    let scene = two_secrets();
    for (place, other) in [(0, 1), (1, 0)] {
        let (digest, id) =
            (scene.key.secrets[other].digest.as_bytes().as_slice(), scene.key.secrets[place].id);
        let raw = Connection::open(&scene.path).unwrap();
        raw.execute("UPDATE secret SET digest = ?1 WHERE id = ?2", (digest, id.as_str())).unwrap();
    }
    assert_eq!((scene.plain_answer(0), scene.plain_answer(1)), ("not_found", "not_found"));
}

#[test]
fn a_seal_copied_from_another_row_proves_nothing() {
    let scene = two_secrets();
    let [to, from] = [0, 1].map(|place| scene.key.secrets[place].id);
    scene.edit(&format!(
        "UPDATE secret SET seal = (SELECT seal FROM secret WHERE id = '{from}') WHERE id = '{to}'"
    ));
    assert_eq!((scene.plain_answer(0), scene.plain_answer(1)), ("tampered", "accepted"));
}

#[test]
fn a_secret_moved_to_a_stronger_key_grants_nothing() {
    let mut scene = scene(samples::key("weak"));
    let mut strong = samples::key("strong");
    strong.scopes = crate::domain::scope::Scopes::new(["*:*".parse().unwrap()]).unwrap();
    let (secret, text) = digested(strong.secrets.remove(0), &strong, 7);
    strong.add_secret(secret);
    seal_new(&keys().row, &mut strong);
    scene.registry.apply(&Change { insert: std::slice::from_ref(&strong), ..Change::default() }).unwrap();
    let (weak, place) =
        (scene.key.secrets[0].id, format!("(SELECT place FROM key WHERE id = '{}')", strong.id));
    scene.edit(&format!("UPDATE secret SET number = 9, key_place = {place} WHERE id = '{weak}'"));
    assert_eq!(scene.plain_answer(0), "tampered");
    assert_eq!(scene.answer(&text, &Request::default(), at(1)), "accepted", "the strong key's own secret");
}

#[test]
fn a_sibling_that_was_edited_is_not_sealed_anew_by_a_first_use() {
    let mut key = samples::key("ci");
    key.add_secret(KeySecret { pending_grace: Some(Span::days(1)), ..samples::secret() });
    let mut scene = scene(key);
    let old = scene.key.secrets[0].id;
    scene.edit(&format!("UPDATE secret SET expires_at = NULL WHERE id = '{old}'"));
    scene.accept(1, at(5));
    assert_eq!(scene.plain_answer(0), "tampered");
    assert_eq!(scene.stored().revision, 1);
}
