//! `rotate`: what a person is told.

use apikey::exit::Exit;

use super::world::World;

#[test]
fn each_stage_of_a_rotation_is_told_on_lines_of_its_own() {
    let world = World::new();
    world.create(&["ci"]);
    world.run(&["rotate", "ci", "-q"]).done();
    for stage in [&["--extend", "1d"][..], &["--cancel", "--yes"], &["--finish", "--yes"]] {
        if stage == ["--finish", "--yes"] {
            world.run(&["rotate", "ci", "-q"]).done();
        }
        let line = [&["rotate", "ci", "--format", "table"], stage].concat();
        let said = world.run(&line).done().stderr;
        assert!(!said.contains("\\x0a"), "{said}");
        let label = if stage[0] == "--cancel" { "  now  " } else { "  new  " };
        assert!(said.lines().count() > 1 && said.lines().last().unwrap().starts_with(label), "{said}");
    }
}

#[test]
fn what_ends_a_secret_at_once_is_asked_for_or_needs_yes() {
    let world = World::new();
    let old = world.create(&["ci"]);
    world.run(&["rotate", "ci", "-q"]).done();
    for how in [["--finish"].as_slice(), &["--cancel"], &["--force", "-q"]] {
        let ran = world.run(&[&["rotate", "ci"], how].concat()).ended(Exit::Usage);
        assert!(ran.stderr.contains("--yes"), "{}", ran.stderr);
        assert_eq!(world.verdict(&old, &[]), "accepted");
    }
    world.run(&["rotate", "ci", "--cancel", "--dry-run"]).done();
    world.run(&["rotate", "ci", "--cancel", "--yes"]).done();
    world.run(&["rotate", "ci", "--cancel", "--yes"]).ended(Exit::Conflict);
    world.run(&["rotate", "ci", "--grace", "0", "-q"]).ended(Exit::Usage);
    world.run(&["rotate", "ci", "--grace", "0", "--on-first-use", "-q"]).done();
    let world = world.at_terminal();
    world.will_answer("no");
    world.run(&["rotate", "ci", "--finish"]).ended(Exit::Declined);
    assert_eq!(world.asked(), ["End the old secret of `default/ci` now?"]);
    assert!(world.key("ci").secrets[0].is_live(world.now()));
}

#[test]
fn a_cancelled_rotation_gives_back_the_end_that_an_earlier_one_had_given() {
    let world = World::new();
    let old = world.create(&["ci"]);
    let second = world.run(&["rotate", "ci", "--grace", "1h", "-q"]).done().stdout;
    let id = second.split('_').nth(3).unwrap();
    world.run(&["revoke", "ci", "--secret", id, "--yes"]).done();
    world.run(&["rotate", "ci", "-q"]).done();
    world.run(&["rotate", "ci", "--cancel", "--yes"]).done();
    world.pass("1h");
    assert_eq!(world.verdict(&old, &[]), "retired");
}

#[test]
fn a_flag_of_rotate_due_is_refused_for_one_key() {
    let world = World::new();
    world.create(&["ci"]);
    let folder = world.home().join("new").display().to_string();
    world.run(&["rotate", "ci", "--secret-dir", &folder, "-q"]).ended(Exit::Usage);
    assert_eq!(world.key("ci").secrets.len(), 1);
}

#[test]
fn a_name_that_was_edited_in_the_file_reaches_no_terminal() {
    let world = World::new();
    world.create(&["ci"]);
    world.tamper("UPDATE key SET name = 'a' || char(27) || ']0;x' || char(7)");
    let listed = world.run(&["list", "--json"]).done().json();
    let id = listed[0]["id"].as_str().unwrap();
    let world = world.at_terminal();
    world.will_answer("no");
    let said = world.run(&["rotate", id, "--status"]).done().stderr;
    world.run(&["revoke", id]).ended(Exit::Declined);
    assert!(!said.contains('\u{1b}') && said.contains("\\x1b"), "{said}");
    assert!(!world.asked()[0].contains('\u{1b}'), "{:?}", world.asked());
}

#[test]
fn what_cannot_be_rotated_is_said_before_where_the_secret_would_go() {
    let world = World::new();
    world.create(&["ci"]);
    world.run(&["rotate", "ci", "-q"]).done();
    let said = world.run(&["rotate", "ci"]).ended(Exit::Conflict).stderr;
    assert!(said.contains("under way"), "{said}");
    world.run(&["revoke", "ci", "--yes"]).done();
    assert!(world.run(&["rotate", "ci"]).ended(Exit::Conflict).stderr.contains("revoked"));
}

#[test]
fn a_key_that_is_not_there_is_said_before_anything_else() {
    let world = World::new();
    world.create(&["ci"]);
    for arguments in [&["rotate", "cj"][..], &["rotate", "cj", "--request-id", "r1", "--yes"]] {
        world.run(arguments).ended(Exit::NotFound);
    }
}

#[test]
fn a_grace_that_cannot_be_longer_is_so_already() {
    let world = World::new();
    world.create(&["ci", "--expires", "2d"]);
    world.run(&["rotate", "ci", "--grace", "1h", "-q"]).done();
    assert_eq!(world.run(&["rotate", "ci", "--extend", "1y", "--json"]).done().json()["changed"], true);
    assert_eq!(world.run(&["rotate", "ci", "--extend", "1y", "--json"]).done().json()["changed"], false);
    let extended = world.run(&["log", "--action", "rotation_extended", "--json"]).done().json();
    assert_eq!(extended.as_array().unwrap().len(), 1);
}

#[test]
fn the_status_of_a_rotation_that_is_over_is_none() {
    let world = World::new();
    world.create(&["ci"]);
    let rotation =
        |world: &World| world.run(&["rotate", "ci", "--status", "--json"]).done().json()["rotation"].clone();
    assert!(rotation(&world).is_null());
    world.run(&["rotate", "ci", "--grace", "1h", "-q"]).done();
    assert!(rotation(&world)["old_secret_id"].is_string());
    world.run(&["rotate", "ci", "--finish", "--yes"]).done();
    assert!(rotation(&world).is_null());
}

#[test]
fn a_secret_that_a_server_wrote_down_with_much_else_is_not_taken_back() {
    use apikey::domain::usage::{Counted, Used};
    use apikey::registry::ledger::Ledger as _;
    let world = World::new();
    world.create(&["ci"]);
    world.run(&["rotate", "ci", "--grace", "1h", "-q"]).done();
    let key = world.key("ci");
    let one = |number: u32| Counted {
        key: key.id,
        place: None,
        decision: apikey::Decision::Accepted,
        scopes: format!("a:s{number}").into(),
        requests: 1,
        last: Some(Used { secret: key.secrets[1].id, at: world.now(), ip: None }),
    };
    let counted: Vec<Counted> = (0..200).map(one).collect();
    world.registry().add_usage(&counted, world.now()).unwrap();
    assert!(world.key("ci").secrets[1].last_use.is_none(), "it is not to be seen yet");
    world.run(&["rotate", "ci", "--cancel", "--yes"]).ended(Exit::Conflict);
    assert!(world.key("ci").secrets[1].revoked_at.is_none());
}

#[test]
fn a_request_that_is_repeated_after_another_rotation_says_that_its_secret_was_replaced() {
    let world = World::new().at_terminal();
    world.create(&["ci"]);
    let line = ["rotate", "ci", "--grace", "30d", "--request-id", "A"];
    let first = world.run(&[&line[..], &["--json"]].concat()).done().json()["secret"].clone();
    world.run(&["rotate", "ci", "--force", "--yes", "-q"]).done();
    let again = world.run(&[&line[..], &["--json"]].concat()).done().json();
    assert_eq!((&again["secret"], again.get("rotation")), (&first, None));
    let file = world.home().join("s");
    let ran = world.run(&[&line[..], &["--secret-out", file.to_str().unwrap()]].concat()).done();
    let id = &first.as_str().unwrap()[13..25];
    assert!(ran.stderr.contains(&format!("made {id}…, accepted until 2026-11-30")), "{}", ran.stderr);
    assert!(ran.stderr.contains("requested secret") && !ran.stderr.contains("new"), "{}", ran.stderr);
}

#[test]
fn cancelling_says_what_else_the_rotation_changed() {
    let world = World::new().at_terminal();
    world.create(&["ci", "--expires", "30d"]);
    world.run(&["rotate", "ci", "-q", "--expires", "never", "--every", "1d"]).done();
    let said = world.run(&["rotate", "ci", "--cancel", "--yes"]).done().stderr;
    assert!(
        said.contains("stays  lifetime never (before that rotation 30d); another end: `apikey expire`"),
        "{said}"
    );
    assert!(said.contains("stays  rotate_every 1d (before that rotation -)"), "{said}");
    world.create(&["b"]);
    world.run(&["rotate", "b", "-q"]).done();
    assert!(!world.run(&["rotate", "b", "--cancel", "--yes"]).done().stderr.contains("stays"));
}

#[test]
fn a_copy_of_what_is_over_is_not_called_kept() {
    let world = World::new();
    world.create(&["ci"]);
    world.run(&["rotate", "ci", "-q", "--grace", "1m"]).done();
    world.pass("2m");
    for line in
        [&["show", "ci", "--json"][..], &["edit", "ci", "--note", "n", "--json"], &["show", "ci", "--json"]]
    {
        let secrets = world.run(line).done().json()["secrets"].clone();
        assert_eq!((&secrets[0]["kept"], &secrets[1]["kept"]), (&false.into(), &true.into()), "{line:?}");
    }
}
