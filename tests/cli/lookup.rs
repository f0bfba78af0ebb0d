//! `lookup`: which key a string is.

use apikey::exit::Exit;

use super::world::World;

#[test]
fn a_whole_secret_on_stdin_leads_to_its_key_and_is_compared() {
    let world = World::new();
    let secret = world.create(&["ci"]);
    let ran = world.run_with_stdin(&["lookup", "--json"], format!("{secret}\n").as_bytes()).done();
    let answer = ran.json();
    assert_eq!(answer["matched"], true);
    assert_eq!(answer["key"]["name"], "ci");
    assert_eq!(answer["matched_secret"]["status"], "active");
    assert!(!ran.stdout.contains(&secret) && !ran.stderr.contains(&secret));
}

#[test]
fn a_secret_that_only_shares_the_id_is_not_taken_for_it() {
    let world = World::new();
    let secret = world.create(&["ci"]);
    let last = if secret.ends_with('0') { "1" } else { "0" };
    let forged = format!("{}{last}", &secret[..secret.len() - 1]);
    let ran = world.run_with_stdin(&["lookup", "--json"], forged.as_bytes()).done();
    assert_eq!(ran.json()["matched"], false);
    let said = world.run_with_stdin(&["lookup"], forged.as_bytes()).done().stderr;
    assert!(said.contains("this is not its secret"), "{said}");
}

#[test]
fn with_the_vault_closed_the_id_is_found_and_nothing_is_compared() {
    let world = World::new();
    let secret = world.create(&["ci"]);
    world.close_vault();
    let ran = world.run_with_stdin(&["lookup", "--json"], secret.as_bytes()).done();
    assert_eq!(ran.json()["matched"], serde_json::Value::Null);
    assert!(ran.stderr.contains("not compared"), "{}", ran.stderr);
}

#[test]
fn every_public_part_leads_to_the_key_with_the_vault_closed() {
    let world = World::new();
    let secret = world.create(&["pair", "--kind", "pair"]);
    let consumer = world.run(&["show", "pair", "--json"]).json()["consumer_key"].as_str().unwrap().to_owned();
    world.close_vault();
    let public = &secret[..secret.rfind('_').unwrap()];
    let id = public.rsplit('_').next().unwrap();
    let key_id = world.key("pair").id.to_string();
    for part in [
        public,
        id,
        &format!("{public}…"),
        &format!("{}…", &public[..public.len() - 8]),
        &format!("{}...", &public[..public.len() - 8]),
        &format!("{}…", &id[..4]),
        &consumer,
        &key_id,
        "pair",
    ] {
        let answer = world.run(&["lookup", part, "--json"]).done().json();
        assert_eq!(answer["key"]["name"], "pair", "{part}");
        assert_eq!(answer["matched"], serde_json::Value::Null, "{part}");
    }
    let cut = &secret[..secret.len() - 20];
    assert_eq!(
        world.run_with_stdin(&["lookup", "--json"], cut.as_bytes()).done().json()["key"]["name"],
        "pair"
    );
}

#[test]
fn a_beginning_that_several_share_is_not_decided_for_anybody() {
    let world = World::new();
    world.create(&["a"]);
    world.create(&["b"]);
    world.tamper("UPDATE secret SET id = 'Same' || substr(id, 5)");
    let ran = world.run(&["lookup", "apik_sk_live_Same…"]).ended(Exit::NotFound);
    assert!(ran.stderr.contains("default/a") && ran.stderr.contains("default/b"), "{}", ran.stderr);
    world.run(&["lookup", "apik_sk_test_Same…"]).ended(Exit::NotFound);
    let id = world.key("a").secrets[0].id;
    assert_eq!(
        world.run(&["lookup", &format!("{}…", &id.as_str()[..6]), "--json"]).json()["key"]["name"],
        "a"
    );
    world.run(&["lookup", "Sa…"]).ended(Exit::NotFound);
}

#[test]
fn a_secret_given_as_an_argument_is_refused_without_an_echo() {
    let world = World::new();
    let secret = world.create(&["ci"]);
    for argument in [secret.clone(), format!("Bearer {secret}")] {
        let ran = world.run(&["lookup", &argument]).ended(Exit::Usage);
        assert!(!ran.stderr.contains(&secret) && ran.stdout.is_empty());
        assert!(ran.stderr.contains("standard input"));
    }
}

#[test]
fn what_is_unknown_is_exit_5_without_an_echo() {
    let world = World::new();
    let elsewhere = World::new();
    elsewhere.create(&["first"]);
    let foreign = elsewhere.create(&["second"]);
    world.create(&["ci"]);
    for text in [foreign.as_str(), "hunter2hunter2", "\u{fffd}", "zz…"] {
        let ran = world.run_with_stdin(&["lookup"], text.as_bytes()).ended(Exit::NotFound);
        assert!(ran.stdout.is_empty());
        assert!(!ran.stderr.contains(text), "{}", ran.stderr);
    }
    world.run(&["lookup", "nobody"]).ended(Exit::NotFound);
}

#[test]
fn nothing_at_all_is_a_wrong_command_line_and_not_an_unknown_key() {
    let world = World::new();
    world.create(&["ci"]);
    for nothing in [&b""[..], b"\n"] {
        let ran = world.run_with_stdin(&["lookup"], nothing).ended(Exit::Usage);
        assert!(ran.stderr.contains("standard input"), "{}", ran.stderr);
    }
}

#[test]
fn a_public_part_that_was_cut_short_is_found_by_what_is_left_of_it() {
    let world = World::new();
    let secret = world.create(&["ci"]);
    let begin = &secret[.."apik_sk_live_".len() + 4];
    assert!(world.run(&["lookup", begin]).done().stdout.contains("ci"));
    assert!(world.run_with_stdin(&["lookup"], begin.as_bytes()).done().stdout.contains("ci"));
    world.run(&["lookup", &begin[..begin.len() - 2]]).ended(Exit::NotFound);
    // What could be anything is taken for a name.
    let bare = &begin["apik_sk_live_".len()..];
    let said = world.run(&["lookup", bare]).ended(Exit::NotFound).stderr;
    assert!(said.contains("no key named"), "{said}");
}

#[test]
fn a_secret_given_where_it_does_not_belong_is_not_quoted() {
    let world = World::new();
    let secret = &*world.create(&["ci"]);
    let file = format!("{secret}/x");
    let lines: [&[&str]; 14] = [
        &["verify", "--secret-file", secret],
        &["verify", "--scope", secret],
        &["create", "two", "--scope", secret],
        &["create", "two", "--expires", secret],
        &["create", "two", "--allow-ip", secret],
        &["create", "two", "--rate", secret],
        &["create", "two", "--secret-out", &file],
        &["scope", "add", "ci", secret],
        &["restrict", "ci", "--allow-origin", secret],
        &["expire", "ci", secret],
        &["rotate", "ci", "--grace", secret],
        &["usage", "--since", secret],
        &["show", secret],
        &["list", "--registry", secret],
    ];
    for line in lines {
        for json in [&[][..], &["--json"]] {
            let ran = world.run(&[line, json].concat());
            assert_ne!(ran.exit, Exit::Done, "{line:?}");
            let said = format!("{}{}", ran.stdout, ran.stderr);
            assert!(!said.contains(&secret[26..69]) && !said.trim().is_empty(), "{line:?}: {said}");
        }
    }
    assert_eq!(world.count(), 1);
}

#[test]
fn a_name_that_is_the_public_id_of_anothers_secret_is_ambiguous() {
    let world = World::new();
    world.create(&["target"]);
    world.create(&["victim"]);
    let id = world.key("target").secrets[0].id.to_string();
    world.run(&["edit", "victim", "--name", &id]).done();
    let said = world.run(&["revoke", &id, "--yes"]).ended(Exit::NotFound).stderr;
    assert!(said.contains("default/target") && said.contains(&format!("default/{id}")), "{said}");
    assert!(world.key("target").revoked.is_none() && world.key(&id).revoked.is_none());
}
