//! `reveal`: showing a kept copy again.

use apikey::exit::Exit;

use super::world::World;

#[test]
fn the_kept_copy_is_the_secret_and_showing_it_is_recorded_under_seal() {
    let world = World::new();
    let secret = world.create(&["ci"]);
    assert_eq!(world.run(&["reveal", "ci", "-q"]).done().stdout, format!("{secret}\n"));
    assert_eq!(world.run(&["reveal", "ci", "--json"]).done().json()["secret"], secret);
    let events = world.events();
    assert_eq!(events[2].event.action.code(), "secret_revealed");
    assert!(events[2].seal.is_some());
    assert!(events[2].event.changes.iter().all(|change| change.after.as_deref() != Some(&secret)));
    assert_eq!(events.len(), 4);
}

#[test]
fn off_a_terminal_it_says_where_the_secret_could_go_and_records_nothing() {
    let world = World::new();
    let secret = world.create(&["ci"]);
    let ran = world.run(&["reveal", "ci"]).ended(Exit::Usage);
    assert!(ran.stdout.is_empty() && ran.stderr.contains("--quiet"));
    assert_eq!(world.actions().len(), 2);
    let world = world.at_terminal();
    let ran = world.run(&["reveal", "ci"]).done();
    assert_eq!(ran.stdout, format!("{secret}\n"));
    assert!(ran.stderr.contains("the log says"), "{}", ran.stderr);
}

#[test]
fn into_a_file_it_goes_only_if_the_file_is_new() {
    let world = World::new();
    let secret = world.create(&["ci"]);
    let path = world.home().join("s");
    let text = path.to_str().unwrap();
    let ran = world.run(&["reveal", "ci", "--secret-out", text]).done();
    assert!(!ran.stdout.contains(&secret) && !ran.stderr.contains(&secret));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), format!("{secret}\n"));
    world.run(&["reveal", "ci", "--secret-out", text]).ended(Exit::Conflict);
    assert_eq!(world.actions().len(), 3);
}

#[test]
fn one_of_several_secrets_is_chosen_by_its_id() {
    let world = World::new();
    let old = world.create(&["ci"]);
    let new = world.run(&["rotate", "ci", "-q"]).done().stdout;
    assert_eq!(world.run(&["reveal", "ci", "-q"]).done().stdout, new);
    let public = &old[..old.rfind('_').unwrap()];
    let id = public.rsplit('_').next().unwrap();
    for name in [id, public, &format!("{public}…")] {
        assert_eq!(world.run(&["reveal", "ci", "--secret", name, "-q"]).done().stdout.trim_end(), old);
    }
    world.run(&["reveal", "ci", "--secret", "000000000000", "-q"]).ended(Exit::NotFound);
    world.run(&["reveal", "ci", "--secret", "x", "-q"]).ended(Exit::Usage);
}

#[test]
fn what_is_dead_or_not_kept_is_refused_and_nothing_is_shown() {
    let world = World::new();
    world.create(&["bare", "--no-keep"]);
    let ran = world.run(&["reveal", "bare", "-q"]).ended(Exit::Conflict);
    assert!(ran.stderr.contains("apikey rotate"), "{}", ran.stderr);
    world.create(&["short", "--expires", "1d"]);
    world.create(&["gone"]);
    world.run(&["revoke", "gone", "--yes"]).done();
    world.pass("1d");
    for name in ["short", "gone"] {
        let ran = world.run(&["reveal", name, "-q"]).ended(Exit::Conflict);
        assert!(ran.stdout.is_empty());
    }
    assert!(!world.actions().contains(&"secret_revealed"));
}

#[test]
fn a_copy_that_was_altered_or_exchanged_is_not_shown() {
    let world = World::new();
    world.create(&["a"]);
    world.create(&["b"]);
    world.create(&["web", "--kind", "pk", "--scope", "a:read", "--allow-app", "x.y"]);
    let other = World::new().create(&["web", "--kind", "pk", "--scope", "a:read", "--allow-app", "x.y"]);
    world.tamper("UPDATE secret SET kept = (SELECT kept FROM secret ORDER BY key_place LIMIT 1) WHERE kept_algorithm <> 'none'");
    world.tamper(&format!(
        "UPDATE secret SET kept = CAST('{other}' AS BLOB) WHERE key_place = (SELECT max(key_place) FROM secret)"
    ));
    for name in ["b", "web"] {
        let ran = world.run(&["reveal", name, "-q"]).ended(Exit::Conflict);
        assert!(ran.stdout.is_empty() && ran.stderr.contains("altered"), "{name}: {}", ran.stderr);
    }
    world.close_vault();
    world.run(&["reveal", "a", "-q"]).ended(Exit::Vault);
    assert!(!world.actions().contains(&"secret_revealed"));
}
