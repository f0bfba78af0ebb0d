//! `show`: the card of a key.

use apikey::exit::Exit;

use super::world::World;

#[test]
fn a_key_is_shown_with_the_vault_closed_and_without_its_secret() {
    let world = World::new();
    let secret = world.create(&["ci", "--scope", "orders:read", "--note", "for the build"]);
    world.close_vault();
    let ran = world.run(&["show", "ci", "--json"]).done();
    let key = ran.json();
    assert_eq!(key["name"], "ci");
    assert_eq!(key["status"], "active");
    assert_eq!(key["note"], "for the build");
    assert_eq!(key["secrets"][0]["public"].as_str().unwrap(), &secret[..secret.rfind('_').unwrap()]);
    assert!(!ran.stdout.contains(&secret));
    let card = World::at_terminal(world).run(&["show", "ci"]).done();
    assert!(card.stdout.contains("orders:read") && !card.stdout.contains(&secret));
}

#[test]
fn a_publishable_key_is_shown_in_full_while_it_lives() {
    let world = World::new().at_terminal();
    let text = world.create(&["web", "--kind", "pk", "--scope", "a:read", "--allow-app", "x.y"]);
    assert!(world.run(&["show", "web"]).done().stdout.contains(&text));
    assert_eq!(world.run(&["show", "web", "-q"]).done().stdout, format!("{text}\n"));
    world.run(&["revoke", "web", "--yes"]).done();
    assert!(!world.run(&["show", "web"]).done().stdout.contains(&text));
    world.run(&["show", "web", "-q"]).ended(Exit::Conflict);
}

#[test]
fn quiet_never_prints_a_private_secret() {
    let world = World::new();
    world.create(&["ci"]);
    let ran = world.run(&["show", "ci", "-q"]).ended(Exit::Conflict);
    assert!(ran.stdout.is_empty() && ran.stderr.contains("apikey reveal"));
}

#[test]
fn what_is_not_there_is_exit_5_with_a_suggestion() {
    let world = World::new();
    world.create(&["deploy"]);
    for wrong in ["deplyo", "Deploy", "DEPLOY"] {
        let ran = world.run(&["show", wrong]).ended(Exit::NotFound);
        assert!(ran.stderr.contains("did you mean `deploy`?"), "{}", ran.stderr);
    }
    let ran = world.run(&["show", "defualt/depoy"]).ended(Exit::NotFound);
    assert!(ran.stderr.contains("did you mean `default/deploy`?"), "{}", ran.stderr);
}

#[test]
fn of_a_key_that_was_rotated_often_a_person_sees_the_newest_and_a_script_all() {
    let world = World::new();
    world.create(&["ci"]);
    for _ in 0..11 {
        world.run(&["rotate", "ci", "--grace", "0", "-q", "--yes"]).done();
    }
    assert_eq!(world.run(&["show", "ci", "--json"]).done().json()["secrets"].as_array().unwrap().len(), 12);
    let card = World::at_terminal(world).run(&["show", "ci"]).done().stdout;
    assert_eq!((card.matches("retired").count(), card.matches("active").count()), (9, 2), "{card}");
    assert!(card.ends_with("and 2 older, which are over; `--json` has them all\n"), "{card}");
}

#[test]
fn a_key_older_than_a_thousand_others_is_suggested_and_found_by_project_and_name() {
    let world = World::new();
    world.create(&["zebra-crossing"]);
    world.run(&["create", "w", "--count", "1001", "-q"]).done();
    let said = world.run(&["show", "zebra-crossin"]).ended(Exit::NotFound).stderr;
    assert!(said.contains("did you mean `zebra-crossing`?"), "{said}");
    assert_eq!(
        world.run(&["show", "default/zebra-crossing", "--json"]).done().json()["name"],
        "zebra-crossing"
    );
}
