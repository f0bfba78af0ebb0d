//! Limits: what they let pass, what they refuse, and how they are changed.

use apikey::domain::time::Instant;
use apikey::exit::Exit;
use serde_json::Value;

use super::world::{Ran, World};

fn verify(world: &World, secret: &str, arguments: &[&str]) -> Ran {
    let line: Vec<&str> = ["verify", "--json"].iter().chain(arguments).copied().collect();
    world.run_with_stdin(&line, secret.as_bytes())
}

fn remaining(world: &World, secret: &str) -> Value {
    verify(world, secret, &["--no-consume"]).json()["remaining"].clone()
}

#[test]
fn a_rate_lets_its_burst_pass_and_refills_evenly() {
    let world = World::new();
    let secret = world.create(&["ci", "--rate", "60/1m", "--burst", "2"]);
    assert_eq!(verify(&world, &secret, &[]).done().json()["remaining"], 1);
    assert_eq!(verify(&world, &secret, &[]).done().json()["remaining"], 0);
    let answer = verify(&world, &secret, &[]).ended(Exit::SaidNo).json();
    assert_eq!(
        (&answer["code"], &answer["remaining"], &answer["retry_after_seconds"]),
        (&"rate_limited".into(), &0.into(), &1.into())
    );
    world.pass("1s");
    assert_eq!(world.verdict(&secret, &[]), "accepted");
    assert_eq!(world.verdict(&secret, &[]), "rate_limited");
}

#[test]
fn a_quota_is_exact_and_new_at_midnight_utc() {
    let world = World::new();
    let secret = world.create(&["ci", "--quota", "3/day"]);
    world.pass("11h");
    for left in [2, 1, 0] {
        assert_eq!(verify(&world, &secret, &[]).done().json()["remaining"], left);
    }
    world.pass("3599s");
    let answer = verify(&world, &secret, &[]).ended(Exit::SaidNo).json();
    assert_eq!((&answer["code"], &answer["retry_after_seconds"]), (&"quota_exceeded".into(), &1.into()));
    world.pass("1s");
    assert_eq!(verify(&world, &secret, &[]).done().json()["remaining"], 2);
}

#[test]
fn a_monthly_quota_is_new_on_the_first() {
    let world = World::new();
    let secret = world.create(&["ci", "--quota", "1/month"]);
    world.turn_back(Instant::parse("2026-11-30T23:59:59Z").unwrap());
    assert_eq!(world.verdict(&secret, &[]), "accepted");
    let answer = verify(&world, &secret, &[]).ended(Exit::SaidNo).json();
    assert_eq!(answer["retry_after_seconds"], 1);
    world.pass("1s");
    assert_eq!(world.verdict(&secret, &[]), "accepted");
    assert_eq!(world.verdict(&secret, &[]), "quota_exceeded");
}

#[test]
fn what_is_denied_for_another_reason_consumes_nothing() {
    let world = World::new();
    let secret =
        world.create(&["ci", "--quota", "5/day", "--scope", "orders:read", "--allow-ip", "10.0.0.0/8"]);
    let mut wrong = secret.clone();
    wrong.replace_range(40..41, if secret.as_bytes()[40] == b'a' { "b" } else { "a" });
    let good = ["--ip", "10.0.0.1"];
    assert_eq!(world.verdict(&wrong, &good), "not_found");
    assert_eq!(world.verdict(&secret, &["--ip", "192.0.2.1"]), "ip_not_allowed");
    assert_eq!(
        world.verdict(&secret, &["--ip", "10.0.0.1", "--scope", "orders:write"]),
        "insufficient_scope"
    );
    assert_eq!(verify(&world, &secret, &good).done().json()["remaining"], 4);
}

#[test]
fn asking_consumes_nothing_and_says_what_would_be() {
    let world = World::new();
    let secret = world.create(&["ci", "--quota", "2/day"]);
    for arguments in [["--no-consume"].as_slice(), &["--cost", "0"]] {
        assert_eq!(verify(&world, &secret, arguments).done().json()["remaining"], 2);
        assert!(world.key("ci").last_use().is_none());
    }
    verify(&world, &secret, &["--cost", "2"]).done();
    for arguments in [["--no-consume"].as_slice(), &["--cost", "0"]] {
        assert_eq!(world.verdict(&secret, arguments), "quota_exceeded");
    }
}

#[test]
fn a_cost_takes_as_much_or_nothing() {
    let world = World::new();
    let secret = world.create(&["ci", "--rate", "10/1m", "--quota", "100/day"]);
    assert_eq!(verify(&world, &secret, &["--cost", "7"]).done().json()["remaining"], 3);
    let answer = verify(&world, &secret, &["--cost", "4"]).ended(Exit::SaidNo).json();
    assert_eq!((&answer["code"], &answer["retry_after_seconds"]), (&"rate_limited".into(), &6.into()));
    assert_eq!(verify(&world, &secret, &["--cost", "3"]).done().json()["remaining"], 0);
    let never = verify(&world, &secret, &["--cost", "11"]).ended(Exit::SaidNo).json();
    assert_eq!(never["retry_after_seconds"], Value::Null, "no waiting lets more than a burst pass");
}

#[test]
fn limits_that_were_edited_in_the_file_grant_nothing() {
    for edit in [
        "UPDATE key SET quota_count = 1000000",
        "UPDATE key SET quota_count = NULL, quota_period = NULL",
        "UPDATE key SET rate_count = 1000",
        "UPDATE key SET rate_burst = 1000",
        "UPDATE key SET rate_count = NULL, rate_seconds = NULL, rate_burst = NULL",
    ] {
        let world = World::new();
        let secret = world.create(&["ci", "--rate", "10/1m", "--quota", "100/day"]);
        assert_eq!(world.verdict(&secret, &[]), "accepted");
        world.tamper(edit);
        assert_eq!(world.verdict(&secret, &[]), "tampered", "{edit}");
    }
}

#[test]
fn a_clock_set_back_neither_locks_out_nor_grants() {
    let world = World::new();
    let secret = world.create(&["ci", "--rate", "2/1m", "--quota", "5/day"]);
    let begin = world.now();
    world.pass("30d");
    for verdict in ["accepted", "accepted", "rate_limited"] {
        assert_eq!(world.verdict(&secret, &[]), verdict);
    }
    // Set right again, the arrival time lies thirty days ahead: it costs one burst, not thirty days.
    world.turn_back(begin);
    assert_eq!(world.verdict(&secret, &[]), "rate_limited");
    world.pass("30s");
    assert_eq!(world.verdict(&secret, &[]), "accepted");
    assert_eq!(world.verdict(&secret, &[]), "rate_limited");
}

#[test]
fn a_clock_that_goes_to_another_day_and_back_finds_the_count_it_left() {
    let world = World::new();
    let secret = world.create(&["ci", "--quota", "2/day"]);
    let begin = world.now();
    verify(&world, &secret, &["--cost", "2"]).done();
    world.pass("3d");
    assert_eq!(world.verdict(&secret, &[]), "accepted");
    world.turn_back(begin);
    assert_eq!(world.verdict(&secret, &[]), "quota_exceeded");
    world.pass("3d");
    assert_eq!(remaining(&world, &secret), 1);
}

#[test]
fn a_rotation_gives_no_fresh_limits() {
    let world = World::new();
    let old = world.create(&["ci", "--quota", "2/day"]);
    assert_eq!(world.verdict(&old, &[]), "accepted");
    let new = world.run(&["rotate", "ci", "-q"]).done().stdout.trim_end().to_owned();
    assert_eq!(world.verdict(&new, &[]), "accepted");
    assert_eq!(world.verdict(&old, &[]), "quota_exceeded");
}

#[test]
fn a_limit_is_set_raised_lowered_and_taken_away() {
    let world = World::new();
    let secret = world.create(&["ci"]);
    assert_eq!(world.run(&["limit", "ci", "--json"]).done().json(), serde_json::json!([]));
    let answer = world.run(&["limit", "ci", "--rate", "100/1m", "--burst", "2", "--json"]).done().json();
    assert_eq!(answer["rate"], serde_json::json!({"requests": 100, "per_seconds": 60, "burst": 2}));
    assert_eq!((&answer["changed"], &answer["quota"]), (&true.into(), &Value::Null));
    world.run(&["limit", "ci", "--quota", "10/day"]).done();
    assert_eq!(remaining(&world, &secret), 2);
    assert_eq!(verify(&world, &secret, &["--cost", "2"]).done().json()["remaining"], 0);
    world.run(&["limit", "ci", "--no-rate"]).done();
    assert_eq!(remaining(&world, &secret), 8);
    world.run(&["limit", "ci", "--quota", "2/day"]).done();
    assert_eq!(world.verdict(&secret, &[]), "quota_exceeded", "what was used stays used");
    let again = world.run(&["limit", "ci", "--quota", "2/day", "--json"]).done().json();
    assert_eq!(again["changed"], false);
    world.run(&["limit", "ci", "--none"]).done();
    assert_eq!(remaining(&world, &secret), Value::Null);
    let changes = &world.events()[2].event.changes;
    assert_eq!((changes[0].field.as_str(), changes[0].after.as_deref()), ("rate", Some("100/1m burst 2")));
    assert_eq!(world.actions().len(), 2 + 5);
    world.run(&["log", "--check"]).done();
}

/// The three whose limits are changed, with the name that each goes by in a message.
const SUBJECTS: [(&[&str], &str); 3] =
    [(&["ci"], "default/ci"), (&["--owner", "acme"], "acme"), (&["--project", "default"], "default")];

fn limit(world: &World, whose: &[&str], arguments: &[&str]) -> Ran {
    world.run(&[&["limit", "--json"], whose, arguments].concat())
}

#[test]
fn a_burst_that_was_set_stays_when_the_rate_changes_and_one_that_is_all_of_it_changes_with_it() {
    for (whose, _) in SUBJECTS {
        let world = World::new();
        world.create(&["ci", "--owner", "acme"]);
        let rate = |arguments: &[&str]| limit(&world, whose, arguments).done().json()["rate"].clone();
        assert_eq!(rate(&["--rate", "100/1m"])["burst"], 100);
        assert_eq!(rate(&["--rate", "150/1m"])["burst"], 150);
        assert_eq!(rate(&["--rate", "100/1m", "--burst", "20"])["burst"], 20);
        let after = serde_json::json!({"requests": 200, "per_seconds": 60, "burst": 20});
        assert_eq!(rate(&["--rate", "200/1m", "--dry-run"]), after);
        assert_eq!(rate(&["--rate", "200/1m"]), after);
        let change = world.events().pop().unwrap().event.changes.pop().unwrap();
        assert_eq!(
            (change.before.as_deref(), change.after.as_deref()),
            (Some("100/1m burst 20"), Some("200/1m burst 20"))
        );
        assert_eq!(rate(&["--quota", "5/day"]), after);
        assert_eq!(rate(&["--rate", "10/1m"])["burst"], 20, "more than a span's may be saved up");
        assert_eq!(rate(&["--rate", "200/1m", "--burst", "200"])["burst"], 200);
        assert_eq!(rate(&["--rate", "300/1m"])["burst"], 300);
        limit(&world, whose, &["--rate", "100/1m", "--burst", "20"]).done();
        limit(&world, whose, &["--no-rate"]).done();
        assert_eq!(rate(&["--rate", "200/1m"])["burst"], 200, "it went with its rate");
    }
}

#[test]
fn a_burst_alone_changes_that_of_the_rate_that_is_there() {
    for (whose, name) in SUBJECTS {
        let world = World::new();
        world.create(&["ci", "--owner", "acme"]);
        let events = world.actions().len();
        let ran = limit(&world, whose, &["--burst", "5", "--quota", "9/day"]).ended(Exit::Usage);
        assert!(ran.stderr.contains(&format!("`{name}` has no rate, and so no burst")), "{}", ran.stderr);
        assert!(ran.stderr.contains("--rate 100/1m --burst 20"), "{}", ran.stderr);
        assert_eq!(world.actions().len(), events);
        limit(&world, whose, &["--rate", "100/1m"]).done();
        let answer = limit(&world, whose, &["--burst", "5", "--dry-run"]).done().json();
        assert_eq!((&answer["changed"], &answer["rate"]["burst"]), (&true.into(), &5.into()));
        let answer = limit(&world, whose, &["--burst", "5"]).done().json();
        let after = serde_json::json!({"requests": 100, "per_seconds": 60, "burst": 5});
        assert_eq!((&answer["changed"], &answer["rate"]), (&true.into(), &after));
        assert_eq!(limit(&world, whose, &["--burst", "5"]).done().json()["changed"], false);
        for burst in ["0", "1000000000"] {
            let ran = limit(&world, whose, &["--burst", burst]).ended(Exit::Usage);
            assert!(ran.stderr.contains(&format!("`100/1m burst {burst}` is beyond")), "{}", ran.stderr);
        }
        assert_eq!(world.actions().len(), events + 2);
    }
}

#[test]
fn a_burst_that_cannot_stay_is_an_error_that_names_it_and_the_rate() {
    for (whose, name) in SUBJECTS {
        let world = World::new();
        world.create(&["ci", "--owner", "acme"]);
        limit(&world, whose, &["--rate", "2/1d", "--burst", "366"]).done();
        let events = world.actions().len();
        let ran = limit(&world, whose, &["--rate", "1/1d"]).ended(Exit::Usage);
        assert!(ran.stderr.contains("`1/1d burst 366` is beyond what can be measured"), "{}", ran.stderr);
        let hint = format!("the burst of 366 that `{name}` has stays");
        assert!(ran.stderr.contains(&hint) && ran.stderr.contains("`--burst`"), "{}", ran.stderr);
        assert_eq!(world.actions().len(), events);
        limit(&world, whose, &["--rate", "1/1d", "--burst", "365"]).done();
    }
}

#[test]
fn a_rate_that_changed_is_whole_again_when_it_would_have_been_or_sooner() {
    for (before, cost, after, left, whole_again) in [
        // A burst that takes as long to earn: the same share.
        (["100/1m", "100"], "50", ["200/1m", "200"], 100, 30),
        (["100/1m", "100"], "100", ["200/1m", "200"], 0, 60),
        // Of another, what is earned by then.
        (["100/1m", "100"], "100", ["100/1h", "100"], 98, 60),
        (["60/1m", "60"], "60", ["60/6s", "60"], 0, 6),
        (["100/1m", "20"], "10", ["200/1m", "20"], 0, 6),
        (["100/1m", "20"], "10", ["50/1m", "20"], 15, 6),
    ] {
        let world = World::new();
        let secret = world.create(&["ci", "--rate", before[0], "--burst", before[1]]);
        verify(&world, &secret, &["--cost", cost]).done();
        world.run(&["limit", "ci", "--rate", after[0], "--burst", after[1]]).done();
        let shown = &world.run(&["limit", "ci", "--json"]).done().json()[0];
        assert_eq!(
            (&shown["remaining"], &shown["resets_after_seconds"]),
            (&left.into(), &whole_again.into()),
            "{before:?} {after:?}"
        );
    }
    let help = World::new().run(&["limit", "--help"]).done().stdout;
    let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(help.contains("a rate is whole again when it would have been, or sooner"), "{help}");
    assert!(help.contains("what was used of a quota stays used"), "{help}");
}

#[test]
fn the_limits_that_bind_a_key_are_listed_with_what_is_left() {
    let world = World::new();
    let secret = world.create(&["ci", "--owner", "acme", "--project", "shop", "--rate", "10/1m"]);
    world.run(&["limit", "--owner", "acme", "--quota", "8/day"]).done();
    world.run(&["limit", "--project", "shop", "--rate", "5/1s"]).done();
    verify(&world, &secret, &["--cost", "2"]).done();
    let expected = "of\tname\tlimit\tvalue\tremaining\tused_percent\tresets_after_seconds\n\
                    key\tshop/ci\trate\t10/1m\t8\t20\t12\n\
                    owner\tacme\tquota\t8/day\t6\t25\t43200\n\
                    project\tshop\trate\t5/1s\t3\t40\t1\n";
    assert_eq!(world.run(&["limit", "ci"]).done().stdout, expected);
    let all = world.run(&["limit", "ci", "--json"]).done().json();
    assert_eq!(
        all[1],
        serde_json::json!({"of": "owner", "name": "acme", "limit": "quota", "rate": null,
            "quota": {"requests": 8, "per": "day"}, "remaining": 6, "used_percent": 25, "resets_after_seconds": 43200})
    );
    assert_eq!(world.run(&["limit", "--owner", "acme", "--json"]).done().json()[0], all[1]);
    assert_eq!(world.run(&["show", "ci", "--json"]).done().json()["limits"], all);
    assert_eq!(remaining(&world, &secret), 3);
    let table = world.with_variable("NO_COLOR", "1").at_terminal().run(&["limit", "ci"]).done().stdout;
    assert!(table.contains("owner    acme     8/day  6     25%   in 12 hours"), "{table}");
}

#[test]
fn limits_are_shown_where_keys_owners_and_projects_are() {
    let world = World::new();
    world.create(&["ci", "--owner", "acme", "--rate", "100/1m", "--burst", "20", "--quota", "5/month"]);
    world.run(&["limit", "--owner", "acme", "--quota", "9/day"]).done();
    let owners = world.run(&["owner", "list", "--json"]).done().json();
    assert_eq!((&owners[0]["quota"]["requests"], &owners[0]["rate"]), (&9.into(), &Value::Null));
    assert!(world.run(&["owner", "list"]).done().stdout.contains("\t9/day\n"));
    assert!(world.run(&["list"]).done().stdout.contains("\t100/1m burst 20\t5/month\t"));
    let world = world.with_variable("NO_COLOR", "1").at_terminal();
    let card = world.run(&["show", "ci"]).done().stdout;
    assert!(card.contains("rate           100/1m burst 20\nquota          5/month\n"), "{card}");
    assert!(card.contains("default/ci  100/1m burst 20  20    0%    now\n"), "{card}");
    assert!(world.run(&["owner", "list"]).done().stdout.contains("9/day"));
}

#[test]
fn keys_of_one_owner_share_its_limits_and_none_pays_what_another_limit_refuses() {
    for (flag, action) in [("--owner", "owner_limited"), ("--project", "project_limited")] {
        let world = World::new();
        let one = world.create(&["one", flag, "acme", "--quota", "3/day"]);
        let two = world.create(&["two", flag, "acme"]);
        world.run(&["limit", flag, "acme", "--quota", "5/day"]).done();
        assert_eq!(world.actions().last(), Some(&action));
        assert_eq!(verify(&world, &two, &["--cost", "3"]).done().json()["remaining"], 2);
        // The shared limit refuses: the key's own is not touched.
        assert_eq!(world.verdict(&one, &["--cost", "3"]), "quota_exceeded");
        let left = |whose: &[&str]| {
            let line: Vec<&str> = ["limit", "--json"].iter().chain(whose).copied().collect();
            world.run(&line).done().json()[0]["remaining"].clone()
        };
        assert_eq!((left(&["one"]), left(&[flag, "acme"])), (3.into(), 2.into()));
        assert_eq!(world.verdict(&one, &["--cost", "2"]), "accepted");
        assert_eq!((left(&["one"]), left(&[flag, "acme"])), (1.into(), 0.into()));
        world.run(&["limit", flag, "acme", "--none"]).done();
        assert_eq!(world.verdict(&one, &["--cost", "1"]), "accepted");
        // The key's own limit refuses: the shared one is not touched.
        world.run(&["limit", flag, "acme", "--quota", "50/day"]).done();
        assert_eq!(world.verdict(&one, &[]), "quota_exceeded");
        assert_eq!(left(&[flag, "acme"]), 45);
        world.run(&["log", "--check"]).done();
    }
}

#[test]
fn limits_of_an_owner_that_were_edited_in_the_file_are_neither_used_nor_laundered() {
    let world = World::new();
    let secret = world.create(&["ci", "--owner", "acme"]);
    world.run(&["limit", "--owner", "acme", "--quota", "5/day"]).done();
    assert_eq!(world.verdict(&secret, &[]), "accepted");
    world.tamper("UPDATE party SET quota_count = 500 WHERE name = 'acme'");
    assert_eq!(world.verdict(&secret, &[]), "tampered");
    world.run(&["limit", "--owner", "acme", "--rate", "1/1s"]).ended(Exit::Conflict);
    assert_eq!(world.verdict(&secret, &[]), "tampered");
}

#[test]
fn changing_a_limit_needs_the_vault_and_showing_it_does_not() {
    let world = World::new();
    world.create(&["ci", "--owner", "acme", "--quota", "5/day"]);
    world.close_vault();
    for whose in [["ci"].as_slice(), &["--owner", "acme"]] {
        let line: Vec<&str> = ["limit"].iter().chain(whose).copied().collect();
        world.run(&line).done();
        let line: Vec<&str> = line.iter().chain(&["--quota", "4/day"]).copied().collect();
        world.run(&line).ended(Exit::Vault);
    }
    assert_eq!(world.actions().len(), 2);
}

#[test]
fn a_dry_run_and_a_key_that_is_over_change_nothing() {
    let world = World::new();
    let secret = world.create(&["ci", "--owner", "acme"]);
    for whose in [["ci"].as_slice(), &["--owner", "acme"]] {
        let line: Vec<&str> =
            ["limit", "--quota", "1/day", "--dry-run", "--json"].iter().chain(whose).copied().collect();
        let answer = world.run(&line).done().json();
        assert_eq!((&answer["changed"], &answer["dry_run"]), (&true.into(), &true.into()));
        assert_eq!(answer["quota"]["requests"], 1);
    }
    assert_eq!(remaining(&world, &secret), Value::Null);
    world.run(&["revoke", "ci", "--yes"]).done();
    world.run(&["limit", "ci", "--quota", "1/day"]).ended(Exit::Conflict);
    assert_eq!(world.actions().len(), 3);
}

#[test]
fn what_is_no_limit_is_a_usage_error_that_says_how_it_is_written() {
    let world = World::new();
    world.create(&["ci"]);
    for (arguments, hint) in [
        (["--rate", "100"].as_slice(), "100/1m"),
        (&["--rate", "0/1m"], "from 1 request"),
        (&["--rate", "100/1M"], "100/1m"),
        (&["--quota", "5/week"], "10000/day"),
        (&["--rate", "5/1m", "--no-rate"], "cannot be used with"),
        (&["--none", "--quota", "5/day"], "cannot be used with"),
        (&["--none", "--burst", "5"], "cannot be used with"),
        (&["--no-rate", "--burst", "5"], "cannot be used with"),
        (&["--burst", "5"], "--rate"),
        (&["--dry-run"], "required"),
        (&["--owner", "default"], "cannot be used with"),
    ] {
        let line: Vec<&str> = ["limit", "ci"].iter().chain(arguments).copied().collect();
        let ran = world.run(&line).ended(Exit::Usage);
        assert!(ran.stderr.contains(hint), "{arguments:?}: {}", ran.stderr);
    }
    world.run(&["limit"]).ended(Exit::Usage);
    let ran = world.run(&["limit", "--owner", "defualt"]).ended(Exit::NotFound);
    assert!(ran.stderr.contains("did you mean `default`?"), "{}", ran.stderr);
}

#[test]
fn a_cost_that_no_limit_ever_lets_pass_is_told_from_one_that_waits() {
    let world = World::new();
    let secret = world.create(&["ci", "--rate", "10/1m", "--quota", "20/day"]);
    let said = |cost: &str| {
        let line = ["verify", "--cost", cost, "--json"];
        world.run_with_stdin(&line, secret.as_bytes()).ended(Exit::SaidNo).json()
    };
    for cost in ["25", "15"] {
        let view = said(cost);
        assert!(view["message"].as_str().unwrap().contains("costs more at once"), "{view}");
        assert!(view["hint"].as_str().unwrap().starts_with("ask for less"), "{view}");
    }
    assert_eq!(world.verdict(&secret, &["--cost", "10"]), "accepted");
    let view = said("1");
    assert_eq!(view["message"], "more requests than a rate lets pass; it may pass in 6s");
    world.pass("1m");
    assert_eq!(world.verdict(&secret, &["--cost", "10"]), "accepted");
    assert_eq!(said("1")["message"], "a quota is used up; it may pass in 719m");
}
