//! `edit`: name, note, tags and schedule.

use apikey::exit::Exit;

use super::world::World;

#[test]
fn note_and_tags_are_changed_with_the_vault_closed_and_keep_the_key_good() {
    let world = World::new();
    let secret = world.create(&["ci", "--tag", "old", "--note", "before"]);
    world.close_vault();
    world.run(&["edit", "ci", "--tag", "new,more", "--remove-tag", "old", "--note", "after"]).done();
    let key = world.key("ci");
    assert_eq!(key.tags.iter().map(ToString::to_string).collect::<Vec<_>>(), ["more", "new"]);
    assert_eq!(key.note.unwrap().as_str(), "after");
    world.run(&["edit", "ci", "--no-note"]).done();
    assert!(world.key("ci").note.is_none());
    world.run(&["edit", "ci", "--name", "cd"]).ended(Exit::Vault);
    world.open_vault();
    assert_eq!(world.verdict(&secret, &[]), "accepted");
    assert_eq!(world.actions()[2..], ["key_changed", "key_changed"]);
}

#[test]
fn a_name_and_a_schedule_are_changed_and_sealed() {
    let world = World::new();
    let secret = world.create(&["ci"]);
    world.run(&["edit", "ci", "--name", "build", "--every", "30d", "--note", "both"]).done();
    let key = world.key("build");
    assert_eq!(key.rotate_every.unwrap().to_string(), "30d");
    assert!(key.note.is_some());
    assert_eq!(world.verdict(&secret, &[]), "accepted");
    world.run(&["edit", "build", "--no-schedule"]).done();
    assert!(world.key("build").rotate_every.is_none());
    world.run(&["show", "ci"]).ended(Exit::NotFound);
}

#[test]
fn a_name_that_is_taken_or_looks_like_one_is_refused_in_a_dry_run_too() {
    let world = World::new();
    world.create(&["paypal"]);
    world.create(&["ci"]);
    for name in ["paypal", "PayPal", "p\u{0430}ypal"] {
        world.run(&["edit", "ci", "--name", name]).ended(Exit::Conflict);
        world.run(&["edit", "ci", "--name", name, "--dry-run"]).ended(Exit::Conflict);
    }
    world.run(&["edit", "ci", "--name", "CI"]).done();
    world.run(&["revoke", "paypal", "--yes"]).done();
    world.run(&["edit", "CI", "--name", "paypal"]).done();
}

#[test]
fn nothing_is_changed_by_what_cannot_be_or_is_so_already() {
    let world = World::new();
    let secret = world.create(&["ci", "--tag", "a"]);
    let note = format!("the secret is {secret}");
    for line in [
        ["--name", "key_000000000000"],
        ["--tag", "a/b"],
        ["--note", ""],
        ["--note", &note],
        ["--every", "3mo"],
    ] {
        let line: Vec<&str> = ["edit", "ci"].iter().chain(&line).copied().collect();
        let ran = world.run(&line).ended(Exit::Usage);
        assert!(!ran.stderr.contains(&secret));
    }
    world.run(&["edit", "ci"]).ended(Exit::Usage);
    assert_eq!(world.run(&["edit", "ci", "--tag", "a", "--json"]).done().json()["changed"], false);
    assert_eq!(world.run(&["edit", "ci", "--tag", "b", "--dry-run", "--json"]).done().json()["tags"][1], "b");
    assert_eq!(world.key("ci").tags.len(), 1);
    assert_eq!(world.actions().len(), 2);
}

#[test]
fn a_key_that_is_over_keeps_its_name_and_may_get_a_note() {
    let world = World::new();
    world.create(&["ci"]);
    world.run(&["revoke", "ci", "--yes"]).done();
    world.run(&["edit", "ci", "--name", "cd"]).ended(Exit::Conflict);
    world.run(&["edit", "ci", "--note", "leaked in a gist"]).done();
    assert_eq!(world.key("ci").note.unwrap().as_str(), "leaked in a gist");
}

#[test]
fn what_cannot_be_in_a_note_is_said_of_the_note() {
    let world = World::new();
    world.create(&["ci"]);
    for line in [&["edit", "ci", "--note", "a\nb"][..], &["create", "-q", "x", "--note", "a\nb"]] {
        let ran = world.run(line).ended(Exit::Usage);
        assert!(
            ran.stderr.starts_with("error: the note: the character U+000A cannot be used"),
            "{}",
            ran.stderr
        );
    }
}

#[test]
fn a_key_has_a_hundred_tags_and_no_more() {
    let world = World::new();
    let tags: Vec<String> = (0..101).map(|number| format!("--tag=t{number}")).collect();
    let tags: Vec<&str> = tags.iter().map(String::as_str).collect();
    let line = |command: &[&'static str], count: usize| [command, &tags[..count]].concat();
    world.run(&line(&["create", "ci", "-q"], 101)).ended(Exit::Usage);
    world.run(&line(&["create", "ci", "-q"], 100)).done();
    world.run(&["edit", "ci", "--tag", "t100"]).ended(Exit::Usage);
    world.run(&["edit", "ci", "--tag", "t100", "--remove-tag", "t0"]).done();
    assert_eq!(world.run(&["show", "ci", "--json"]).done().json()["tags"].as_array().unwrap().len(), 100);
}

#[test]
fn a_person_is_told_what_is_different_or_would_be() {
    let world = World::new();
    world.create(&["ci", "--tag", "old"]);
    let line = ["edit", "ci", "--name", "ly", "--note", "x", "--tag", "new", "--format", "table"];
    let dry = world.run(&[&line[..], &["--dry-run"]].concat()).done().stderr;
    let real = world.run(&line).done().stderr;
    assert_eq!(real, "`default/ly` is changed\n  name  ci → ly\n  tags  old → new old\n  note  - → x\n");
    assert_eq!(dry, real.replace(" is ", " would be "));
}
