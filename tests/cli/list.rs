//! `list`: filters, tables and alarms.

use apikey::exit::Exit;

use super::world::World;

fn names(world: &World, arguments: &[&str]) -> Vec<String> {
    let line: Vec<&str> = ["list", "--json"].iter().chain(arguments).copied().collect();
    let keys = world.run(&line).done().json();
    keys.as_array().unwrap().iter().map(|key| key["name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn without_a_registry_there_is_nothing_to_list_and_none_is_made() {
    let world = World::new();
    let ran = world.run(&["list"]).ended(Exit::Registry);
    assert!(ran.stderr.contains("apikey init"), "{}", ran.stderr);
    assert!(!world.folder().exists());
}

#[test]
fn every_filter_keeps_what_it_says() {
    let world = World::new();
    world.create(&["old", "--scope", "orders:read", "--expires", "10d", "--tag", "ci", "--every", "5d"]);
    world.pass("6d");
    world.create(&["new", "--access", "full", "--owner", "acme", "--project", "shop", "--env", "test"]);
    world.create(&["web", "--kind", "pk", "--scope", "a:read", "--allow-app", "x.y"]);
    world.create(&["pair", "--kind", "pair", "--expires", "never"]);
    assert_eq!(names(&world, &[]), ["pair", "web", "new", "old"]);
    for (arguments, expected) in [
        (["--owner", "acme"], &["new"][..]),
        (["--project", "shop"], &["new"]),
        (["--kind", "pair"], &["pair"]),
        (["--kind", "cs"], &["pair"]),
        (["--kind", "pk"], &["web"]),
        (["--env", "test"], &["new"]),
        (["--scope", "orders:read"], &["new", "old"]),
        (["--tag", "ci"], &["old"]),
        (["--name", "web"], &["web"]),
        (["--expiring", "4d"], &["old"]),
        (["--expiring", "3d"], &[]),
        (["--unused", "5d"], &["old"]),
        (["--limit", "2"], &["pair", "web"]),
        (["--status", "active,expired"], &["pair", "web", "new", "old"]),
        (["--status", "revoked"], &[]),
    ] {
        assert_eq!(names(&world, &arguments), expected, "{arguments:?}");
    }
    assert_eq!(names(&world, &["--due"]), ["old"]);
}

#[test]
fn revoked_keys_are_listed_only_when_asked_for_and_expired_ones_always() {
    let world = World::new();
    world.create(&["gone"]);
    world.create(&["over", "--expires", "1d"]);
    world.run(&["revoke", "gone", "--yes"]).done();
    world.pass("1d");
    assert_eq!(names(&world, &[]), ["over"]);
    assert_eq!(names(&world, &["--all"]), ["over", "gone"]);
    assert_eq!(names(&world, &["--status", "revoked"]), ["gone"]);
}

#[test]
fn fail_if_any_tells_by_its_exit_code() {
    let world = World::new();
    world.create(&["ci", "--expires", "10d"]);
    assert_eq!(world.run(&["list", "--expiring", "9d", "--fail-if-any"]).exit, Exit::Done);
    let ran = world.run(&["list", "--expiring", "10d", "--fail-if-any"]).ended(Exit::SaidNo);
    assert!(ran.stdout.contains("ci"));
}

#[test]
fn of_more_than_a_thousand_keys_each_is_a_line_with_its_id_and_the_last_its_use_whole() {
    let mut world = World::new().with_variable("NO_COLOR", "1");
    let secret = world.create(&["seldom"]);
    world.verdict(&secret, &[]);
    world.pass("59m");
    world.run(&["create", "ci", "--count", "1000", "-q"]).done();
    let tsv = world.run(&["list", "--format", "tsv"]).done().stdout;
    let ids: Vec<&str> = tsv.lines().skip(1).map(|line| line.split('\t').next().unwrap()).collect();
    assert_eq!(ids.len(), 1_001);
    for (width, is_terminal) in [(80, true), (100, true), (80, false)] {
        world = world.with_width(width);
        world = if is_terminal { world } else { world.with_output_in_a_pipe() };
        let table = world.run(&["list", "--format", "table"]).done().stdout;
        assert!(table.lines().all(|line| line.chars().count() <= usize::from(width)), "{width}");
        let keys: Vec<&str> = table.lines().filter(|line| !line.starts_with("NAME ")).collect();
        assert_eq!(keys.len(), ids.len(), "{width}");
        assert!(keys.iter().zip(&ids).all(|(line, id)| line.contains(&format!(" {id} "))), "{width}");
        assert!(keys[1_000].contains(" in 89 days  59 minutes ago"), "{width}: {}", keys[1_000]);
        assert_eq!(table.matches("NAME ").count(), 2, "the columns moved once");
    }
}

#[test]
fn listing_needs_no_vault_and_an_empty_table_says_what_to_do() {
    let world = World::new().at_terminal();
    world.run(&["init"]).done();
    world.close_vault();
    let ran = world.run(&["list"]).done();
    assert!(ran.stderr.contains("apikey create"), "{}", ran.stderr);
    assert_eq!(world.run(&["list", "--json"]).done().stdout, "[]\n");
}

#[test]
fn filters_that_cannot_be_read_are_usage_errors_with_a_hint() {
    let world = World::new();
    world.run(&["init"]).done();
    for arguments in [["--expiring", "14"], ["--unused", "3mo"], ["--scope", "orders"], ["--status", "dead"]]
    {
        let line: Vec<&str> = ["list"].iter().chain(&arguments).copied().collect();
        let ran = world.run(&line).ended(Exit::Usage);
        assert!(ran.stdout.is_empty() && !ran.stderr.is_empty());
    }
}

#[test]
fn a_mistyped_owner_or_project_is_said_and_not_taken_for_one_without_keys() {
    let world = World::new();
    world.create(&["a", "--owner", "acme", "--project", "shop"]);
    for (flag, said) in
        [("--owner", "there is no owner `acmee`"), ("--project", "there is no project `shpo`")]
    {
        let wrong = if flag == "--owner" { "acmee" } else { "shpo" };
        let ran = world.run(&["list", flag, wrong]).done();
        assert!(ran.stderr.starts_with(said) && ran.stderr.contains("did you mean"), "{}", ran.stderr);
        assert_eq!(world.run(&["list", flag, wrong, "--json"]).done().stderr, "");
        // An alarm that could never go off.
        let alarm = ["list", flag, wrong, "--fail-if-any", "--expiring", "9d", "--json"];
        assert!(world.run(&alarm).ended(Exit::NotFound).stderr.contains(said));
    }
    let ran = world.run(&["list", "--owner", "acme", "--tag", "none"]).done();
    assert_eq!(ran.stderr, "");
}
