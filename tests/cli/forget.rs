//! `forget`: erasing kept copies.

use apikey::exit::Exit;

use super::world::World;

#[test]
fn copies_are_erased_with_the_vault_closed_and_the_secrets_stay_good() {
    let world = World::new();
    let old = world.create(&["ci"]);
    let new = world.run(&["rotate", "ci", "-q"]).done().stdout.trim_end().to_owned();
    world.close_vault();
    let answer = world.run(&["forget", "ci", "--yes", "--json"]).done().json();
    assert_eq!(answer["changed"], true);
    assert_eq!(answer["secrets"][0]["kept"], false);
    assert_eq!(answer["secrets"][1]["kept"], false);
    let again = world.run(&["forget", "ci", "--json"]).done().json();
    assert_eq!(again["changed"], false);
    world.open_vault();
    for secret in [&old, &new] {
        assert_eq!(world.verdict(secret, &["--no-consume"]), "accepted");
    }
    world.run(&["reveal", "ci", "-q"]).ended(Exit::Conflict);
    assert_eq!(world.actions()[3..], ["copy_forgotten"]);
}

#[test]
fn only_the_named_secret_is_forgotten() {
    let world = World::new();
    let old = world.create(&["ci"]);
    let new = world.run(&["rotate", "ci", "-q"]).done().stdout;
    let id = old.split('_').nth(3).unwrap();
    world.run(&["forget", "ci", "--secret", id, "--yes"]).done();
    assert_eq!(world.run(&["reveal", "ci", "-q"]).done().stdout, new);
    world.run(&["reveal", "ci", "--secret", id, "-q"]).ended(Exit::Conflict);
    world.run(&["forget", "ci", "--secret", "000000000000", "--yes"]).ended(Exit::NotFound);
}

#[test]
fn nothing_is_erased_by_a_dry_run_a_no_or_off_a_terminal_without_yes() {
    let world = World::new();
    let secret = world.create(&["ci"]);
    let answer = world.run(&["forget", "ci", "--dry-run", "--json"]).done().json();
    assert_eq!((&answer["changed"], &answer["dry_run"]), (&true.into(), &true.into()));
    world.run(&["forget", "ci"]).ended(Exit::Usage);
    let world = world.at_terminal();
    world.will_answer("no");
    world.run(&["forget", "ci"]).ended(Exit::Declined);
    assert_eq!(world.run(&["reveal", "ci", "-q"]).done().stdout.trim_end(), secret);
    assert!(!world.actions().contains(&"copy_forgotten"));
}

#[test]
fn a_publishable_text_is_public_and_stays() {
    let world = World::new();
    let text = world.create(&["web", "--kind", "pk", "--scope", "a:read", "--allow-app", "x.y"]);
    world.run(&["forget", "web", "--yes"]).ended(Exit::Conflict);
    assert_eq!(world.run(&["show", "web", "-q"]).done().stdout.trim_end(), text);
}
