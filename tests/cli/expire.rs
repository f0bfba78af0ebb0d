//! `expire`: another end.

use apikey::domain::time::Instant;
use apikey::exit::Exit;

use super::world::World;

fn end(world: &World) -> Option<String> {
    world.key("ci").expires_at().map(|end| end.to_string())
}

#[test]
fn a_key_ends_when_it_was_told_to_and_not_a_second_before() {
    let world = World::new();
    let secret = world.create(&["ci"]);
    let ran = world.run(&["expire", "ci", "2d", "--format", "table"]).done();
    assert!(ran.stderr.contains("2026-11-25T12:00:00Z"), "{}", ran.stderr);
    world.pass("172799s");
    assert_eq!(world.verdict(&secret, &[]), "accepted");
    world.pass("1s");
    assert_eq!(world.verdict(&secret, &[]), "expired");
}

#[test]
fn a_span_a_date_and_never_are_understood() {
    let world = World::new();
    world.create(&["ci"]);
    world.run(&["expire", "ci", "--at", "2027-01-31"]).done();
    assert_eq!(end(&world).as_deref(), Some("2027-01-31T00:00:00Z"));
    let again = world.run(&["expire", "ci", "2027-01-31", "--json"]).done().json();
    assert_eq!(again["changed"], false);
    world.run(&["expire", "ci", "never"]).done();
    assert_eq!(end(&world), None);
    world.run(&["expire", "ci", "1y", "--dry-run"]).done();
    assert_eq!(end(&world), None);
}

#[test]
fn ends_that_cannot_be_are_refused_with_a_hint() {
    let world = World::new();
    world.create(&["ci", "--not-before", "2026-12-01"]);
    let before = end(&world);
    for (text, hint) in [
        ("now", "apikey revoke"),
        ("90", "spans are"),
        ("0", ""),
        ("2026-11-23", ""),
        ("2026-11-23T12:00:00Z", ""),
        ("2026-12-01", "--expires"),
        ("9000y", ""),
    ] {
        let ran = world.run(&["expire", "ci", text]).ended(Exit::Usage);
        assert!(ran.stderr.contains(hint), "{text}: {}", ran.stderr);
    }
    world.run(&["expire", "ci"]).ended(Exit::Usage);
    assert_eq!(end(&world), before);
}

#[test]
fn nothing_that_is_over_is_revived() {
    let world = World::new();
    let secret = world.create(&["ci", "--expires", "1d"]);
    world.pass("1d");
    let ran = world.run(&["expire", "ci", "90d"]).ended(Exit::Conflict);
    assert!(ran.stderr.contains("apikey create"), "{}", ran.stderr);
    assert_eq!(world.verdict(&secret, &[]), "expired");
    world.create(&["gone"]);
    world.run(&["revoke", "gone", "--yes"]).done();
    world.run(&["expire", "gone", "90d"]).ended(Exit::Conflict);
}

#[test]
fn a_secret_in_its_grace_is_shortened_but_not_lengthened() {
    let world = World::new();
    let old = world.create(&["ci", "--expires", "30d"]);
    let new = world.run(&["rotate", "ci", "--grace", "7d", "-q"]).done().stdout.trim_end().to_owned();
    world.run(&["expire", "ci", "60d"]).done();
    world.pass("7d");
    assert_eq!(world.verdict(&old, &[]), "retired");
    assert_eq!(world.verdict(&new, &[]), "accepted");
    let key = world.key("ci");
    assert_eq!(key.secrets[0].expires_at, Some(Instant::parse("2026-12-23T12:00:00Z").unwrap()));
}

#[test]
fn another_end_needs_the_vault() {
    let world = World::new();
    world.create(&["ci"]);
    let before = end(&world);
    world.close_vault();
    world.run(&["expire", "ci", "never"]).ended(Exit::Vault);
    assert_eq!(end(&world), before);
}
