//! `rotate --due`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use apikey::exit::Exit;

use super::world::{Ran, World};

fn folder(world: &World) -> PathBuf {
    world.home().join("new secrets")
}

fn due(world: &World, more: &[&str]) -> Ran {
    let folder = folder(world);
    let line = ["rotate", "--due", "--secret-dir", folder.to_str().unwrap()];
    world.run(&[&line, more].concat())
}

/// File name and content of what is in the folder.
fn files(world: &World) -> BTreeMap<String, String> {
    let Ok(entries) = std::fs::read_dir(folder(world)) else { return BTreeMap::new() };
    entries
        .map(|entry| entry.unwrap())
        .map(|entry| {
            (entry.file_name().into_string().unwrap(), std::fs::read_to_string(entry.path()).unwrap())
        })
        .collect()
}

fn names(ran: &Ran) -> Vec<String> {
    let json = ran.json();
    json.as_array().unwrap().iter().map(|key| key["name"].as_str().unwrap().to_owned()).collect()
}

fn listed(world: &World) -> Vec<String> {
    names(&world.run(&["list", "--due", "--json"]).done())
}

/// Three keys of which the first two are due, and their secrets.
fn two_due() -> (World, [String; 3]) {
    let world = World::new();
    let secrets = ["one", "two", "slow"].map(|name| {
        let every = if name == "slow" { "90d" } else { "30d" };
        world.create(&[name, "--every", every, "--expires", "100d"])
    });
    world.create(&["unscheduled"]);
    world.pass("30d");
    (world, secrets)
}

#[test]
fn every_due_key_is_rotated_and_each_new_secret_is_in_a_private_file_of_its_own() {
    let (world, [one, two, slow]) = two_due();
    assert_eq!(listed(&world), ["two", "one"]);
    let ran = due(&world, &["--yes", "--json"]).done();
    assert_eq!(names(&ran), ["two", "one"]);
    let files = files(&world);
    assert_eq!(files.len(), 2);
    for key in ran.json().as_array().unwrap() {
        let new = key["secrets"].as_array().unwrap().last().unwrap()["id"].as_str().unwrap().to_owned();
        let secret = &files[&format!("{}.{new}", key["id"].as_str().unwrap())];
        assert_eq!(world.verdict(secret.strip_suffix('\n').unwrap(), &[]), "accepted");
        assert!(key.get("secret").is_none_or(serde_json::Value::is_null), "{key}");
        assert!(!ran.stdout.contains(secret.trim_end()) && !ran.stderr.contains(secret.trim_end()));
    }
    assert_eq!([&one, &two, &slow].map(|old| world.verdict(old, &[])), ["accepted"; 3], "the grace runs");
    assert_eq!(listed(&world), Vec::<String>::new());
    world.pass("7d");
    assert_eq!([&one, &two, &slow].map(|old| world.verdict(old, &[])), ["retired", "retired", "accepted"]);
    assert_eq!(world.actions().iter().filter(|action| **action == "key_rotated").count(), 2);
}

#[cfg(unix)]
#[test]
fn folder_and_files_are_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let (world, _) = two_due();
    due(&world, &["--yes"]).done();
    let mode = |path: PathBuf| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(folder(&world)), 0o700);
    for file in files(&world).keys() {
        assert_eq!(mode(folder(&world).join(file)), 0o600);
    }
}

#[test]
fn the_schedule_starts_again_with_the_new_secret() {
    let (world, _) = two_due();
    due(&world, &["--yes"]).done();
    world.pass("2591999s");
    assert_eq!(names(&due(&world, &["--yes", "--json"]).done()), Vec::<String>::new());
    world.pass("1s");
    assert_eq!(listed(&world), ["two", "one"]);
    assert_eq!(names(&due(&world, &["--yes", "--json"]).done()), ["two", "one"]);
    assert_eq!(files(&world).len(), 4);
}

#[test]
fn nothing_due_is_no_failure_asks_nobody_and_makes_no_folder() {
    let world = World::new();
    world.create(&["ci", "--every", "30d"]);
    world.close_vault();
    let ran = due(&world, &["--json"]).done();
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("[]\n", "no key is due\n"));
    assert!(!folder(&world).exists());
}

#[test]
fn a_dry_run_answers_as_the_rotation_would_and_changes_nothing() {
    let (world, _) = two_due();
    let before = world.actions();
    let dry = due(&world, &["--dry-run", "--json"]).done().json();
    assert!(!folder(&world).exists());
    assert_eq!(world.actions(), before);
    let real = due(&world, &["--yes", "--json"]).done().json();
    for (dry, real) in dry.as_array().unwrap().iter().zip(real.as_array().unwrap()) {
        let fields =
            |value: &serde_json::Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        assert_eq!(fields(dry), fields(real));
        assert_eq!((&dry["dry_run"], &real["dry_run"]), (&true.into(), &false.into()));
        assert_eq!(dry["rotation"]["old_accepted_until"], real["rotation"]["old_accepted_until"]);
    }
}

#[test]
fn off_a_terminal_it_needs_yes_and_at_one_a_no_changes_nothing() {
    let (world, _) = two_due();
    assert!(due(&world, &[]).ended(Exit::Usage).stderr.contains("--yes"));
    let world = world.at_terminal();
    world.will_answer("no");
    due(&world, &[]).ended(Exit::Declined);
    assert!(world.asked()[0].contains("Rotate 2 keys (default/"), "{:?}", world.asked());
    assert!(!folder(&world).exists() && !world.actions().contains(&"key_rotated"));
    world.run(&["rotate", "--due", "--yes"]).ended(Exit::Usage);
}

#[test]
fn a_file_that_exists_is_never_overwritten_and_its_key_keeps_its_secret() {
    // Two worlds draw the same, so the first one tells which files the second is about to make.
    let (first, _) = two_due();
    due(&first, &["--yes"]).done();
    let taken = first.key("one");
    let file = format!("{}.{}", taken.id, taken.secrets[1].id);
    assert!(files(&first).contains_key(&file));
    let (world, [one, ..]) = two_due();
    std::fs::create_dir(folder(&world)).unwrap();
    std::fs::write(folder(&world).join(&file), "precious").unwrap();
    let ran = due(&world, &["--yes", "--json"]).ended(Exit::Conflict);
    assert!(ran.stderr.contains("file_exists") && ran.stderr.contains("default/one"), "{}", ran.stderr);
    assert_eq!(ran.stderr.lines().count(), 1);
    assert_eq!(files(&world)[&file], "precious");
    assert_eq!(world.key("one").secrets.len(), 1);
    assert_eq!(world.verdict(&one, &[]), "accepted");
    assert_eq!(names(&ran), ["two"], "the other one is rotated all the same");
    assert_eq!(listed(&world), ["one"]);
    assert_eq!(names(&due(&world, &["--yes", "--json"]).done()), ["one"], "the next run makes up for it");
}

#[test]
fn a_folder_that_cannot_be_made_is_found_out_before_anything_is_rotated() {
    let (world, _) = two_due();
    std::fs::write(folder(&world), "in the way").unwrap();
    due(&world, &["--yes"]).ended(Exit::Internal);
    assert!(!world.actions().contains(&"key_rotated"));
    due(&world, &["--yes", "--grace", "soon"]).ended(Exit::Usage);
}

#[test]
fn a_key_that_was_altered_is_named_and_does_not_stop_the_others() {
    let (world, _) = two_due();
    world.tamper("UPDATE key SET scopes = '*:*' WHERE name = 'two'");
    for mode in ["--dry-run", "--yes"] {
        let ran = due(&world, &[mode, "--json"]).ended(Exit::Conflict);
        let error: serde_json::Value = serde_json::from_str(&ran.stderr).unwrap();
        assert_eq!(error["error"]["code"], "tampered");
        let message = error["error"]["message"].as_str().unwrap();
        assert!(message.starts_with("1 key not rotated: `default/two`: "), "{message}");
        assert_eq!(names(&ran), ["one"]);
    }
    assert_eq!(files(&world).len(), 1);
    assert_eq!(world.key("two").secrets.len(), 1);
}

#[test]
fn what_is_revoked_or_expired_is_not_due() {
    let (world, _) = two_due();
    world.run(&["revoke", "one", "--yes"]).done();
    world.run(&["expire", "two", "1s"]).done();
    world.pass("1s");
    assert_eq!(listed(&world), Vec::<String>::new());
    assert_eq!(names(&due(&world, &["--yes", "--json"]).done()), Vec::<String>::new());
}

#[test]
fn a_key_whose_rotation_is_under_way_waits_is_said_to_and_is_no_failure() {
    let (world, _) = two_due();
    world.run(&["rotate", "one", "-q", "--on-first-use"]).done();
    world.pass("30d");
    assert_eq!(listed(&world), ["two", "one"], "both are due");
    let ran = due(&world, &["--yes", "--json"]).done();
    assert_eq!(names(&ran), ["two"]);
    assert!(ran.stderr.contains("`default/one` is due and waits"), "{}", ran.stderr);
    assert_eq!(world.key("one").secrets.len(), 2);
    let forced = due(&world, &["--yes", "--json", "--force"]).done();
    assert_eq!(names(&forced), ["one"]);
}

#[test]
fn a_key_of_a_suspended_owner_is_rotated_and_said_to_be_suspended() {
    let world = World::new();
    world.create(&["ci", "--every", "30d", "--owner", "acme"]);
    world.run(&["owner", "suspend", "acme", "--yes"]).done();
    world.pass("30d");
    let json = due(&world, &["--yes", "--json"]).done().json();
    assert_eq!(json[0]["status"], "suspended");
}

#[test]
fn a_person_is_told_how_many_and_where_and_a_pipe_gets_one_line_a_key() {
    let (world, _) = two_due();
    let piped = due(&world, &["--dry-run"]).done();
    assert_eq!(piped.stdout.lines().count(), 3, "{}", piped.stdout);
    let world = world.at_terminal();
    let said = due(&world, &["--yes"]).done();
    assert!(said.stdout.is_empty(), "{}", said.stdout);
    assert!(said.stderr.contains("\n2 keys rotated; each new secret is in /"), "{}", said.stderr);
}

#[test]
fn where_the_secrets_go_is_asked_for_what_is_done_and_not_for_a_dry_run() {
    let world = World::new();
    world.create(&["ci", "--every", "1d"]);
    world.run(&["rotate", "--due", "--dry-run"]).done();
    let ran = world.run(&["rotate", "--due", "--yes"]).ended(Exit::Usage);
    assert!(ran.stderr.contains("--secret-dir DIR"), "{}", ran.stderr);
}

#[test]
fn a_folder_that_is_a_file_is_named_in_the_error() {
    let world = World::new();
    world.create(&["ci", "--every", "1d"]);
    world.pass("1d");
    let file = world.home().join("file");
    std::fs::write(&file, "").unwrap();
    let file = file.display().to_string();
    let said = world.run(&["rotate", "--due", "--secret-dir", &file, "--yes"]).ended(Exit::Internal).stderr;
    assert!(said.contains(&file), "{said}");
    let world = world.at_terminal();
    world.will_answer("no");
    let folder = world.home().join("new").display().to_string();
    world.run(&["rotate", "--due", "--secret-dir", &folder]).ended(Exit::Declined);
    assert_eq!(world.asked(), ["Rotate 1 key (default/ci)?"]);
    let told = world.run(&["rotate", "--due", "--secret-dir", &folder, "--yes"]).done().stderr;
    assert!(told.contains(&format!("  default/ci  {}.", world.key("ci").id)), "{told}");
}
