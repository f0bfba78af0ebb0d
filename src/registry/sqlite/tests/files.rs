//! What is refused, and that refusing changes nothing.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::process::Command;

use super::*;
use crate::domain::event::{Action, Actor, Event};
use crate::registry::Filter;

fn refusal(path: &Path) -> (String, String) {
    match SqliteRegistry::open(path) {
        Err(RegistryError::Unusable { path: named, why, hint }) => {
            assert_eq!(named, path.display().to_string());
            (why, hint)
        }
        other => panic!("{other:?}"),
    }
}

fn private_file(bytes: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("registry.db");
    fs::write(&path, bytes).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    (folder, path)
}

#[test]
fn a_registry_that_is_not_there_is_not_made_by_opening_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("registry.db");
    assert!(matches!(SqliteRegistry::open(&path), Err(RegistryError::NotThere(_))));
    assert!(!path.exists());
}

#[test]
fn a_symlink_is_refused_wherever_it_leads() {
    let (folder, path) = created();
    let link = folder.path().join("link.db");
    symlink(&path, &link).unwrap();
    assert_eq!(refusal(&link).0, "it is a symbolic link");
    let dangling = folder.path().join("dangling.db");
    symlink(folder.path().join("nowhere"), &dangling).unwrap();
    assert_eq!(refusal(&dangling).0, "it is a symbolic link");
    assert!(matches!(create(&dangling), Err(RegistryError::AlreadyThere(_))));
    assert!(!folder.path().join("nowhere").exists());
}

#[test]
fn a_write_ahead_log_that_is_a_symlink_is_refused() {
    let (folder, path) = created();
    symlink(folder.path().join("elsewhere"), folder.path().join("registry.db-wal")).unwrap();
    assert!(refusal(&path).0.contains("-wal"));
    assert!(!folder.path().join("elsewhere").exists());
}

#[test]
fn a_file_that_others_can_read_is_refused_with_the_command_that_helps() {
    let (_folder, path) = created();
    for mode in [0o644, 0o640, 0o602] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        assert_eq!(refusal(&path).1, format!("chmod 600 '{}'", path.display()));
    }
}

#[test]
fn foreign_and_broken_files_are_refused_and_left_as_they_are() {
    let (_folder, path) = created();
    let whole = fs::read(&path).unwrap();
    let noise: Vec<u8> =
        (0..9000_u32).map(|place| (place.wrapping_mul(2_654_435_761)).to_be_bytes()[1]).collect();
    for bytes in [&b""[..], b"x", &noise, &whole[..50], &whole[..99]] {
        let (_folder, path) = private_file(bytes);
        refusal(&path);
        assert_eq!(fs::read(&path).unwrap(), bytes);
    }
}

#[test]
fn a_truncated_file_never_answers_as_if_it_were_whole() {
    let (_folder, path) = created();
    let whole = fs::read(&path).unwrap();
    for pages in [1, 2, whole.len() / 4096 - 1] {
        let (_folder, path) = private_file(&whole[..pages * 4096]);
        let outcome = SqliteRegistry::open(&path).and_then(|registry| {
            let registry: &dyn crate::registry::Registry = &registry;
            let found = registry.integrity()?;
            assert!(!found.is_empty(), "{pages} pages");
            Ok(())
        });
        assert!(matches!(outcome, Ok(()) | Err(RegistryError::Unusable { .. })), "{outcome:?}");
    }
}

#[test]
fn damage_met_while_reading_names_the_file() {
    let (_folder, path) = created();
    let raw = rusqlite::Connection::open(&path).unwrap();
    let sql = "SELECT rootpage FROM sqlite_schema WHERE rootpage > 0 AND tbl_name IN ('key', 'secret')";
    let pages: Vec<u32> =
        raw.prepare(sql).unwrap().query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    drop(raw);
    let mut bytes = fs::read(&path).unwrap();
    for page in pages.into_iter().map(|page| usize::try_from(page).unwrap()) {
        bytes[(page - 1) * 4096..page * 4096].fill(0xAA);
    }
    let (_folder, path) = private_file(&bytes);
    let registry = open(&path);
    for outcome in [
        registry.find_key(samples::key("ci").id).map(drop),
        registry.find_secret(samples::secret().id).map(drop),
        registry.list(&Filter::default(), Instant::from_seconds(NOW), &mut |_| {
            std::ops::ControlFlow::Continue(())
        }),
    ] {
        match outcome {
            Err(RegistryError::Unusable { path: named, .. }) => assert_eq!(named, path.display().to_string()),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_database_of_another_program_is_refused() {
    let (_folder, path) = private_file(b"");
    fs::remove_file(&path).unwrap();
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("CREATE TABLE t (a); PRAGMA user_version = 1;").unwrap();
    drop(other);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(refusal(&path).0, "it is a database of another program");
}

#[test]
fn a_newer_schema_is_refused_by_its_number() {
    let (_folder, path) = created();
    rusqlite::Connection::open(&path).unwrap().pragma_update(None, "user_version", 99).unwrap();
    assert!(matches!(SqliteRegistry::open(&path), Err(RegistryError::Newer { found: 99, known: 8 })));
}

#[test]
fn events_can_neither_be_changed_nor_removed() {
    let (_folder, path) = created();
    let event = Event::on(Action::ScopeDefined, &Actor::default(), "a:b", Instant::from_seconds(NOW));
    open(&path).apply(&Change { events: vec![event], ..Change::default() }).unwrap();
    let raw = rusqlite::Connection::open(&path).unwrap();
    for sql in ["UPDATE event SET subject = 'x'", "DELETE FROM event", "DELETE FROM event WHERE number = 1"] {
        assert!(raw.execute(sql, []).is_err(), "{sql}");
    }
}

const IN_CHILD: &str = "APIKEY_TEST_FOLDER";

/// Runs the test of this name once more, in a process that knows `folder`, through `sh`.
pub(super) fn child(test: &str, shell: &str, folder: &Path) -> Command {
    let name = format!("registry::sqlite::tests::{test}");
    let mut command = Command::new("sh");
    command.arg("-c").arg(format!("{shell}; exec \"$0\" \"$@\"")).arg(std::env::current_exe().unwrap());
    command.args(["--exact", &name, "--nocapture"]).env(IN_CHILD, folder);
    command
}

#[expect(clippy::disallowed_methods, reason = "tells the child process of a test from its parent")]
pub(super) fn folder_of_child() -> Option<PathBuf> {
    std::env::var_os(IN_CHILD).map(PathBuf::from)
}

#[test]
fn a_registry_is_private_from_creation_even_without_a_umask() {
    if let Some(folder) = folder_of_child() {
        let path = folder.join("new/registry.db");
        let _lock = SqliteRegistry::lock_for_creation(&path).unwrap();
        create(&path).unwrap();
        let mut registry = open(&path);
        registry.apply(&Change { insert: &[samples::key("ci")], ..Change::default() }).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&folder.join("new")), 0o700);
        let files: Vec<_> =
            fs::read_dir(folder.join("new")).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert_eq!(files.len(), 3, "the file, its log and its index: {files:?}");
        for file in &files {
            assert_eq!(mode(file), 0o600, "{file:?}");
        }
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let test = "files::a_registry_is_private_from_creation_even_without_a_umask";
    let output = child(test, "umask 000", folder.path()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(folder.path().join("new/registry.db").exists(), "the child did run");
}

#[test]
fn an_edited_row_hides_no_other_and_can_still_be_revoked() {
    use crate::domain::key::RevokeReason;
    for edit in [
        "scopes = 'x y:'",
        "allow_ips = '0.0.0.0/0'",
        "allow_origins = 'x'",
        "lifetime_seconds = 9223372036854775807",
        "rotate_every_seconds = 9223372036854775807",
        "revoked_at = 1, revoke_reason = 'x'",
    ] {
        let (_folder, path) = created();
        rusqlite::Connection::open(&path).unwrap().execute(&format!("UPDATE key SET {edit}"), []).unwrap();
        let mut registry = open(&path);
        registry.apply(&Change { insert: &[samples::key("other")], ..Change::default() }).unwrap();
        let mut listed = Vec::new();
        let mut visit = |found: crate::registry::Listed| {
            listed.push(found.key);
            std::ops::ControlFlow::Continue(())
        };
        registry.list(&Filter::default(), Instant::from_seconds(NOW), &mut visit).unwrap();
        let [_, mut edited] = <[_; 2]>::try_from(listed).unwrap();
        assert!(!edited.networks.named().iter().any(|network| network.contains([8, 8, 8, 8].into())));
        edited.revoke(RevokeReason::Leaked, Instant::from_seconds(NOW));
        registry.apply(&Change { replace: &[edited.clone()], ..Change::default() }).unwrap();
        let stored = registry.find_key(edited.id).unwrap().unwrap().key;
        assert!(stored.revoked.is_some() && stored.networks == edited.networks, "{edit}");
    }
}

#[test]
fn a_full_disk_changes_nothing_and_says_so() {
    use crate::registry::Registry as _;
    let (_folder, path) = created();
    let mut registry = SqliteRegistry::open(&path).unwrap();
    let pages: i64 = registry.connection.pragma_query_value(None, "page_count", |row| row.get(0)).unwrap();
    let limit = |registry: &SqliteRegistry, pages: i64| {
        registry.connection.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(())).unwrap();
    };
    limit(&registry, pages);
    let keys: Vec<_> = (0..100).map(|number| samples::key(&format!("key {number}"))).collect();
    let outcome = registry.apply(&Change { insert: &keys, ..Change::default() });
    assert!(matches!(outcome, Err(RegistryError::Storage(text)) if text.contains("disk is full")));
    assert!(registry.find_key(keys[0].id).unwrap().is_none());
    limit(&registry, 1_000_000);
    registry.apply(&Change { insert: &keys, ..Change::default() }).unwrap();
    assert!(registry.find_key(keys[99].id).unwrap().is_some() && registry.integrity().unwrap().is_empty());
}
