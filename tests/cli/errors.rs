//! What is refused says what was wrong, with which value, and what to do about it.

use apikey::exit::Exit;

use super::world::World;

/// The error of a line, as scripts read it; nothing is on standard output.
#[track_caller]
fn refused(world: &World, line: &[&str], exit: Exit) -> (String, String) {
    let before = world.events().len();
    let ran = world.run(&[line, &["--json"]].concat()).ended(exit);
    assert_eq!((ran.stdout.as_str(), world.events().len()), ("", before), "{line:?}");
    let answer: serde_json::Value = serde_json::from_str(&ran.stderr).unwrap();
    let text = |field: &str| answer["error"][field].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned();
    (text("message"), text("hint"))
}

#[test]
fn every_refused_line_has_a_hint() {
    let world = World::new();
    world.create(&["ci"]);
    let nowhere = world.home().join("nodir/x");
    let nowhere = nowhere.to_str().unwrap();
    let with_url =
        |rest: &[&'static str]| [&["test-call", "ci", "--url", "https://a.example"], rest].concat();
    let usage = [
        vec!["create", "", "-q"],
        vec!["create", "a/b", "-q"],
        vec!["create", "b", "-q", "--owner", "a,b"],
        vec!["create", "b", "-q", "--tag", " x"],
        vec!["create", "b", "-q", "--note", "\u{7}"],
        vec!["create", "b", "-q", "--expires", "2020-01-01"],
        vec!["create", "b", "-q", "--expires", "8000y"],
        vec!["expire", "ci", "2020-01-01"],
        vec!["log", "--since", "1h", "--until", "2h"],
        vec!["log", "--since", "1h", "--until", "1h"],
        vec!["usage", "--since", "1d", "--until", "2d"],
        vec!["verify", "--batch", "--format", "tsv"],
        vec!["test-call", "ci", "--url", "no url"],
        with_url(&["--method", "G T"]),
        with_url(&["--header", "x"]),
        with_url(&["--expect", "many"]),
        with_url(&["--timeout", "long"]),
        with_url(&["--data", "@/nowhere"]),
        with_url(&["--ca-file", "/nowhere"]),
    ];
    for line in usage.iter().filter(|line| line[0] != "verify") {
        let (message, hint) = refused(&world, line, Exit::Usage);
        assert!(!message.is_empty() && !hint.is_empty(), "{line:?}");
    }
    refused(&world, &["create", "b", "--secret-out", nowhere], Exit::Internal);
    refused(&world, &["revoke", "ci", "--secret", "000000000000", "--yes"], Exit::NotFound);
    let ran = world.run(&["verify", "--batch", "--format", "tsv"]).ended(Exit::Usage);
    assert!(ran.stderr.contains("jsonl"), "{}", ran.stderr);
}

#[test]
fn a_negative_span_is_called_negative() {
    let world = World::new();
    world.create(&["ci"]);
    for (line, span) in [
        (&["rotate", "ci", "-q", "--grace", "-1d"][..], "-1d"),
        (&["expire", "ci", "-30d"], "-30d"),
        (&["create", "b", "-q", "--expires", "-1s"], "-1s"),
        (&["list", "--expiring", "-2w"], "-2w"),
    ] {
        let (message, hint) = refused(&world, line, Exit::Usage);
        assert!(message.starts_with(&format!("`{span}` is negative")), "{message}");
        assert!(hint.ends_with(&span[1..]), "{hint}");
    }
    // What is unknown for another reason is still said so.
    let (message, _) = refused(&world, &["list", "-Q"], Exit::Usage);
    assert!(message.contains("-Q"), "{message}");
}

#[test]
fn why_one_secret_was_revoked_is_in_the_log_if_it_was_told() {
    let world = World::new();
    world.create(&["ci"]);
    let new = world.run(&["rotate", "ci", "-q"]).done().stdout;
    let line = ["revoke", "ci", "--secret", &new[13..25], "--reason", "leaked", "--yes"];
    world.run(&line).done();
    let events = world.run(&["log", "--json"]).done().json();
    let reason = |event: &serde_json::Value| {
        let mut changes = event["changes"].as_array().unwrap().iter();
        changes.find(|change| change["field"] == "revoke_reason").map(|change| change["after"].clone())
    };
    let events = events.as_array().unwrap();
    let last = events.iter().find(|event| event["action"] == "secret_revoked").unwrap();
    assert_eq!(reason(last).unwrap(), "leaked");
    assert!(world.key("ci").revoked.is_none(), "the key itself is not revoked");
    world.run(&["log", "--check"]).done();
    world.run(&["rotate", "ci", "-q"]).done();
    let next = world.key("ci").secrets.last().unwrap().id.to_string();
    world.run(&["revoke", "ci", "--secret", &next, "--yes"]).done();
    let events = world.run(&["log", "--json"]).done().json();
    let untold = events.as_array().unwrap().iter().filter(|event| event["action"] == "secret_revoked");
    assert_eq!(untold.filter(|event| reason(event).is_none()).count(), 1);
}

#[test]
fn who_revokes_the_new_secret_alone_is_told_when_the_old_one_ends() {
    let world = World::new().at_terminal();
    world.create(&["ci"]);
    let new = world.run(&["rotate", "ci", "-q"]).done().stdout;
    let ran = world.run(&["revoke", "ci", "--secret", &new[13..25], "--yes"]).done();
    assert!(ran.stderr.contains("accepted until 2026-11-30T12:00:00Z"), "{}", ran.stderr);
    assert!(ran.stderr.contains("apikey rotate ci"), "{}", ran.stderr);
    // Of one that ends by itself nothing needs to be said.
    world.create(&["b"]);
    let new = world.run(&["rotate", "b", "-q", "--on-first-use"]).done().stdout;
    let ran = world.run(&["revoke", "b", "--secret", &new[13..25], "--yes"]).done();
    assert!(!ran.stderr.contains("accepted until"), "{}", ran.stderr);
}
