//! What goes into a pipe without `--json`: all that was asked for, as tab-separated values.

use super::world::World;

fn rows(text: &str) -> Vec<Vec<&str>> {
    text.lines().map(|line| line.split('\t').collect()).collect()
}

#[test]
fn an_explained_decision_has_its_checks_below_an_empty_line() {
    let world = World::new();
    let secret = world.create(&["ci", "--scope", "orders:read"]);
    let line = ["verify", "--scope", "orders:write"];
    let brief = world.run_with_stdin(&line, secret.as_bytes());
    assert_eq!(rows(&brief.stdout).len(), 2);
    let explained = world.run_with_stdin(&[&line[..], &["--explain"]].concat(), secret.as_bytes());
    let (decision, checks) = explained.stdout.split_once("\n\n").unwrap();
    assert_eq!(format!("{decision}\n"), brief.stdout);
    let checks = rows(checks);
    assert_eq!(checks[0], ["check", "outcome", "compared"]);
    assert!(checks.contains(&vec!["insufficient_scope", "denied", "wanted orders:write / held orders:read"]));
    assert!(checks.iter().all(|row| row.len() == 3));
    assert_eq!((checks[1][0], checks[checks.len() - 1][0]), ("missing", "rate_limited"));
}

#[test]
fn where_a_rotation_stands_is_a_row_for_each_secret() {
    let world = World::new();
    let old = world.create(&["ci"]);
    let new = world.run(&["rotate", "ci", "-q"]).done().stdout;
    let ran = world.run(&["rotate", "ci", "--status"]).done();
    let rows = rows(&ran.stdout);
    assert_eq!(rows[0][..5], ["id", "public", "status", "created_at", "expires_at"]);
    assert_eq!((rows[1][1], rows[1][2], rows[1][4]), (&old[..25], "retiring", "2026-11-30T12:00:00Z"));
    assert_eq!((rows[2][1], rows[2][2], rows[2][4]), (&new[..25], "active", "2027-02-21T12:00:00Z"));
    assert_eq!(rows.len(), 3);
}

#[test]
fn one_key_that_was_named_is_an_object_and_several_are_an_array() {
    let world = World::new();
    for name in ["a", "b", "c"] {
        world.create(&[name]);
        world.run(&["revoke", name, "--yes"]).done();
    }
    assert_eq!(world.run(&["purge", "a", "--yes", "--json"]).done().json()["name"], "a");
    assert_eq!(
        world.run(&["purge", "b", "c", "--dry-run", "--json"]).done().json().as_array().unwrap().len(),
        2
    );
    let line = ["purge", "--older-than", "1d", "--yes", "--json"];
    assert_eq!(world.run(&line).done().json(), serde_json::json!([]));
}

#[test]
fn columns_of_a_dry_run_are_not_taken_for_what_was_done() {
    let world = World::new();
    world.create(&["ci", "--owner", "acme"]);
    for line in [
        &["revoke", "ci", "--yes"][..],
        &["disable", "ci"],
        &["edit", "ci", "--note", "x"],
        &["owner", "suspend", "acme", "--yes"],
    ] {
        let ran = world.run(&[line, &["--dry-run", "--format", "tsv"]].concat()).done();
        assert!(ran.stderr.contains("a dry run: this is what would be"), "{line:?}: {}", ran.stderr);
        let json = world.run(&[line, &["--dry-run", "--json"]].concat()).done();
        assert!(json.stdout.contains("\"dry_run\":true") && json.stderr.is_empty(), "{line:?}");
    }
    assert_eq!(world.run(&["show", "ci", "--json"]).done().json()["status"], "active");
}
