//! Many threads and processes at once, and processes that are killed.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::os::unix::process::CommandExt as _;
use std::thread;
use std::time::Duration;

use super::files::{child, folder_of_child};
use super::*;
use crate::domain::event::{Action, Actor, Event, chain};
use crate::domain::key::Key;
use crate::registry::{EventFilter, Filter, Registry};

#[test]
fn changes_from_many_connections_are_never_lost_and_never_busy() {
    let (_folder, path) = created();
    let key = samples::key("counter");
    open(&path).apply(&Change { insert: std::slice::from_ref(&key), ..Change::default() }).unwrap();
    let count = |registry: &mut dyn Registry| loop {
        let mut key = registry.find_key(key.id).unwrap().unwrap().key;
        let so_far: u32 = key.note.as_ref().map_or(0, |note| note.as_str().parse().unwrap());
        key.note = Some((so_far + 1).to_string().parse().unwrap());
        match registry.apply(&Change { replace: &[key], ..Change::default() }) {
            Ok(()) => break,
            Err(RegistryError::Conflict(_)) => {}
            Err(other) => panic!("{other:?}"),
        }
    };
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let mut registry = SqliteRegistry::open(&path).unwrap();
                (0..50).for_each(|_| count(&mut registry));
            });
        }
    });
    let found = open(&path).find_key(key.id).unwrap().unwrap().key;
    assert_eq!((found.note.unwrap().as_str(), found.revision), ("400", 401));
}

#[test]
fn of_many_that_make_a_registry_exactly_one_succeeds() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deep/er/registry.db");
    let outcomes: Vec<_> = thread::scope(|scope| {
        let make = || {
            let _lock = SqliteRegistry::lock_for_creation(&path).unwrap();
            create(&path)
        };
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(make)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    let refused = |outcome: &&Result<(), _>| matches!(outcome, Err(RegistryError::AlreadyThere(_)));
    assert_eq!(outcomes.iter().filter(refused).count(), 7);
    assert_eq!(open(&path).identity().unwrap(), identity());
    assert!(open(&path).integrity().unwrap().is_empty());
    assert_eq!(std::fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "nothing unfinished is left");
}

#[test]
fn even_without_the_lock_nobody_overwrites_a_registry() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("registry.db");
    let outcomes: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(|| create(&path))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1, "{outcomes:?}");
    assert!(open(&path).integrity().unwrap().is_empty());
}

#[test]
fn a_reader_does_not_wait_for_a_writer() {
    let (_folder, path) = created();
    let registry = open(&path);
    let writer = rusqlite::Connection::open(&path).unwrap();
    writer.execute_batch("BEGIN IMMEDIATE; UPDATE key SET note = 'not yet'").unwrap();
    let mut notes = Vec::new();
    let mut visit = |listed: crate::registry::Listed| {
        notes.push(listed.key.note);
        ControlFlow::Continue(())
    };
    // Were it to wait, it would wait for five seconds and then be refused.
    registry.list(&Filter::default(), Instant::from_seconds(NOW), &mut visit).unwrap();
    assert_eq!(notes, [None]);
}

/// Writes pairs of keys until it is killed.
fn write_pairs(path: &Path) -> ! {
    let mut registry = SqliteRegistry::open(path).unwrap();
    loop {
        let mut keys = [samples::key("x"), samples::key("y")];
        let pair = keys[0].id.bare().to_owned();
        for (key, suffix) in keys.iter_mut().zip(["x", "y"]) {
            key.name = format!("{pair}.{suffix}").parse().unwrap();
            key.note = Some(pair.parse().unwrap());
        }
        let created =
            |key: &Key| Event::on_key(Action::KeyCreated, &Actor::default(), None, key, key.created_at);
        let events = keys.iter().map(created).collect();
        registry.apply(&Change { insert: &keys, events, ..Change::default() }).unwrap();
    }
}

fn check_pairs(path: &Path) -> usize {
    let registry = open(path);
    assert_eq!(registry.integrity().unwrap(), Vec::<String>::new());
    let mut pairs: HashMap<String, usize> = HashMap::new();
    let mut visit = |listed: crate::registry::Listed| {
        *pairs.entry(listed.key.note.unwrap().as_str().to_owned()).or_default() += 1;
        ControlFlow::Continue(())
    };
    registry.list(&Filter::default(), Instant::from_seconds(NOW), &mut visit).unwrap();
    assert!(pairs.values().all(|keys| *keys == 2), "half a change was kept");
    let (mut previous, mut events) = ([0; 32], 0);
    let mut visit = |recorded: crate::registry::RecordedEvent| {
        events += 1;
        previous = chain(&previous, &recorded.event);
        assert_eq!((recorded.number, recorded.hash), (events, previous));
        ControlFlow::Continue(())
    };
    registry.events(&EventFilter::default(), &mut visit).unwrap();
    assert_eq!(events, 2 * pairs.len() as u64);
    pairs.len()
}

#[test]
fn a_process_killed_at_any_moment_leaves_whole_changes_only() {
    if let Some(folder) = folder_of_child() {
        write_pairs(&folder.join("registry.db"));
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("registry.db");
    create(&path).unwrap();
    let test = "together::a_process_killed_at_any_moment_leaves_whole_changes_only";
    for round in 0..10 {
        let mut command = child(test, ":", folder.path());
        command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null()).process_group(0);
        let mut process = command.spawn().unwrap();
        thread::sleep(Duration::from_millis(60 + 23 * round));
        // SIGKILL: no destructor runs, no handler is asked.
        process.kill().unwrap();
        process.wait().unwrap();
        check_pairs(&path);
    }
    assert!(check_pairs(&path) > 0, "the child did write");
}

#[test]
fn a_reader_in_another_process_finds_the_index_in_use_and_leaves_it_as_it_is() {
    if let Some(folder) = folder_of_child() {
        let registry = open(&folder.join("registry.db"));
        assert_eq!(registry.integrity().unwrap(), Vec::<String>::new());
        return;
    }
    let (folder, path) = created();
    let watch = SqliteRegistry::open(&path).unwrap().watch().unwrap();
    open(&path).apply(&Change { insert: &[samples::key("later")], ..Change::default() }).unwrap();
    let before = watch.glance();
    let test = "together::a_reader_in_another_process_finds_the_index_in_use_and_leaves_it_as_it_is";
    let output = child(test, ":", folder.path()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    // A process that takes the index for one that nobody uses empties it and makes it anew.
    assert_eq!(watch.glance(), before);
}

/// To close any descriptor of the file would end them: the last of the others to leave would take the log away.
#[cfg(target_os = "linux")]
#[test]
fn a_registry_that_is_refused_keeps_the_locks_of_the_process() {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
    let (_folder, path) = created();
    let registry = open(&path);
    registry.identity().unwrap();
    let inode = std::fs::metadata(&path).unwrap().ino();
    let is_locked = || {
        let locks = std::fs::read_to_string("/proc/locks").unwrap();
        locks.lines().any(|lock| lock.contains("POSIX") && lock.contains(&format!(":{inode} ")))
    };
    assert!(is_locked());
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    assert!(SqliteRegistry::open(&path).is_err());
    assert!(is_locked());
}
