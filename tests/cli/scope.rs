//! `scope`: scopes of keys, and the catalogue.

use apikey::exit::Exit;

use super::world::World;

fn held(world: &World) -> String {
    world.key("ci").scopes.joined()
}

#[test]
fn scopes_are_added_taken_away_and_replaced() {
    let world = World::new();
    let secret = world.create(&["ci", "--scope", "orders:read"]);
    world.run(&["scope", "add", "ci", "orders:write", "users:read"]).done();
    assert_eq!(held(&world), "orders:read orders:write users:read");
    assert_eq!(world.verdict(&secret, &["--scope", "orders:write"]), "accepted");
    world.run(&["scope", "remove", "ci", "orders:write"]).done();
    assert_eq!(world.verdict(&secret, &["--scope", "orders:write"]), "insufficient_scope");
    world.run(&["scope", "set", "ci", "a:b"]).done();
    assert_eq!(held(&world), "a:b");
    world.run(&["scope", "set", "ci", "--access", "read"]).done();
    assert_eq!(held(&world), "*:read");
    let answer = world.run(&["scope", "set", "ci", "--none", "--json"]).done().json();
    assert_eq!(answer["scopes"].as_array().unwrap().len(), 0);
    assert_eq!(answer["changed"], true);
    assert_eq!(world.verdict(&secret, &[]), "accepted");
}

#[test]
fn what_is_so_already_is_done_and_records_nothing() {
    let world = World::new();
    world.create(&["ci", "--scope", "orders:read"]);
    for line in [["add", "ci", "orders:read"], ["remove", "ci", "users:read"], ["set", "ci", "orders:read"]] {
        let line: Vec<&str> = ["scope"].iter().chain(&line).chain(&["--json"]).copied().collect();
        assert_eq!(world.run(&line).done().json()["changed"], false, "{line:?}");
    }
    let answer = world.run(&["scope", "add", "ci", "x:y", "--dry-run", "--json"]).done().json();
    assert_eq!((&answer["changed"], &answer["dry_run"]), (&true.into(), &true.into()));
    assert_eq!(answer["scopes"][1], "x:y");
    assert_eq!(held(&world), "orders:read");
    assert_eq!(world.actions().len(), 2);
}

#[test]
fn a_scope_that_a_wildcard_still_allows_is_not_said_to_be_gone() {
    let world = World::new();
    world.create(&["ci", "--scope", "orders:*,orders:read"]);
    let ran = world.run(&["scope", "remove", "ci", "orders:read"]).ended(Exit::Conflict);
    assert!(ran.stderr.contains("orders:*"), "{}", ran.stderr);
    assert_eq!(held(&world), "orders:* orders:read");
    world.run(&["scope", "remove", "ci", "orders:read,orders:*"]).done();
    assert_eq!(held(&world), "");
}

#[test]
fn a_publishable_key_gets_no_scope_that_writes() {
    let world = World::new();
    world.create(&["ci", "--kind", "pk", "--scope", "a:read", "--allow-app", "x.y"]);
    world.run(&["scope", "add", "ci", "a:write"]).ended(Exit::Usage);
    world.run(&["scope", "set", "ci", "--access", "full"]).ended(Exit::Usage);
    assert_eq!(held(&world), "a:read");
}

#[test]
fn a_key_that_is_over_gets_nothing() {
    let world = World::new();
    world.create(&["ci", "--expires", "1d"]);
    world.pass("1d");
    world.run(&["scope", "add", "ci", "a:b"]).ended(Exit::Conflict);
    world.run(&["revoke", "ci", "--yes"]).done();
    world.run(&["scope", "add", "ci", "a:b"]).ended(Exit::Conflict);
    assert_eq!(held(&world), "");
}

#[test]
fn giving_scopes_needs_the_vault_and_a_row_as_it_was_left() {
    let world = World::new();
    world.create(&["ci"]);
    world.close_vault();
    world.run(&["scope", "add", "ci", "a:b"]).ended(Exit::Vault);
    world.open_vault();
    world.tamper("UPDATE key SET scopes = 'a:write'");
    world.run(&["scope", "add", "ci", "a:b"]).ended(Exit::Conflict);
    assert_eq!(held(&world), "a:write");
}

#[test]
fn once_there_is_a_catalogue_only_its_scopes_are_given() {
    let world = World::new();
    world.create(&["ci"]);
    world.close_vault();
    world.run(&["scope", "define", "orders:read", "--description", "see orders"]).done();
    world.run(&["scope", "define", "orders:write"]).done();
    let again = world.run(&["scope", "define", "orders:read", "--json"]).done().json();
    assert_eq!((&again["changed"], &again["description"]), (&false.into(), &"see orders".into()));
    let defined = world.run(&["scope", "defined", "--json"]).done().json();
    assert_eq!(defined[0]["scope"], "orders:read");
    assert_eq!(defined.as_array().unwrap().len(), 2);
    world.open_vault();
    let ran = world.run(&["scope", "add", "ci", "orders:raed"]).ended(Exit::Usage);
    assert!(ran.stderr.contains("did you mean `orders:read`?"), "{}", ran.stderr);
    world.run(&["scope", "add", "ci", "orders:*"]).done();
    world.run(&["scope", "undefine", "orders:reed"]).ended(Exit::NotFound);
    world.run(&["scope", "undefine", "orders:read", "--dry-run"]).done();
    world.run(&["scope", "undefine", "orders:read"]).done();
    assert_eq!(world.run(&["scope", "defined", "--json"]).json().as_array().unwrap().len(), 1);
    world.run(&["scope", "define", "orders:*"]).ended(Exit::Usage);
    world.run(&["log", "--check"]).done();
}

#[test]
fn a_scope_that_cannot_be_given_is_refused_with_what_helps() {
    let world = World::new();
    world.run(&["init"]).done();
    world.run(&["scope", "define", "orders:read"]).done();
    let hint = |scopes: &str| world.run(&["create", "ci", "-q", "--scope", scopes]).ended(Exit::Usage).stderr;
    assert!(hint("orders:write").contains("did you mean `orders:read`"), "{}", hint("orders:write"));
    assert!(hint("bills:pay").contains("apikey scope define bills:pay"), "{}", hint("bills:pay"));
    let wildcard = hint("*:pay");
    assert!(wildcard.contains("once it covers one") && !wildcard.contains("scope define *"), "{wildcard}");
    let many: Vec<String> = (0..101).map(|number| format!("r{number}:read")).collect();
    let many = hint(&many.join(","));
    assert!(many.contains("at most 100 scopes") && many.contains("a wildcard such as orders:*"), "{many}");
}
