//! `help`, `--help` and `completions`.

use apikey::exit::{ALL, Exit};

use super::world::World;

#[test]
fn help_is_the_commands_own() {
    let world = World::new();
    assert!(world.run(&["help"]).done().stdout.contains("apikey demo"));
    assert!(world.run(&["help", "scope", "add"]).done().stdout.contains("Usage: apikey scope add"));
    let ran = world.run(&["help", "nothing"]).ended(Exit::Usage);
    assert!(ran.stdout.is_empty() && ran.stderr.contains("`nothing`"));
    assert!(ran.stderr.contains("see `apikey help`"), "{}", ran.stderr);
    let ran = world.run(&["help", "owner", "suspendd"]).ended(Exit::Usage);
    assert!(ran.stderr.contains("did you mean `suspend`?"), "{}", ran.stderr);
}

#[test]
fn every_exit_code_is_listed_with_its_meaning() {
    let text = World::new().run(&["help", "exit-codes"]).done().stdout;
    for (line, (exit, meaning)) in text.lines().zip(ALL) {
        assert_eq!(line.trim(), format!("{}  {meaning}", exit as u8));
    }
    assert_eq!(text.lines().count(), ALL.len());
}

#[test]
fn every_shell_has_both_scripts_and_needs_no_home() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let world = World::new().with_variable("HOME", "");
        let plain = world.run(&["completions", shell]).done().stdout;
        let dynamic = world.run(&["completions", shell, "--dynamic"]).done().stdout;
        assert!(plain.contains("test-call") && dynamic.contains("COMPLETE"), "{shell}");
    }
}

#[test]
fn a_mistyped_command_or_flag_is_answered_with_the_nearest_one() {
    let world = World::new();
    for (wrong, near) in
        [("creat", "'create'"), ("lst", "'list'"), ("revok", "'revoke'"), ("rotat", "'rotate'")]
    {
        let ran = world.run(&[wrong]).ended(Exit::Usage);
        let tip = ran.stderr.lines().find(|line| line.contains("tip:")).unwrap_or_default();
        assert!(tip.ends_with(near), "{}", ran.stderr);
    }
    let ran = world.run(&["create", "a", "--expire", "1d"]).ended(Exit::Usage);
    assert!(ran.stderr.contains("'--expires'"), "{}", ran.stderr);
}

#[test]
fn a_wrong_command_line_answers_in_json_however_json_was_asked_for() {
    let world = World::new();
    for json in [&["--json"][..], &["--format=jsonl"], &["--format", "json"]] {
        let line = [json, &["list", "--bogus"]].concat();
        let ran = world.run(&line).ended(Exit::Usage);
        let error: serde_json::Value = serde_json::from_str(&ran.stderr).unwrap();
        assert_eq!(error["error"]["exit_code"], 2, "{error}");
    }
}

#[test]
fn a_usage_line_has_the_arguments_in_the_order_in_which_they_are_read() {
    fn check(command: &clap::Command) {
        let usage = command.clone().render_usage().to_string();
        let names = command.get_positionals().map(|one| one.get_id().as_str().to_uppercase());
        let places: Vec<usize> = names.filter_map(|name| usage.find(&format!("<{name}"))).collect();
        assert!(places.is_sorted(), "{usage}");
        command.get_subcommands().for_each(check);
    }
    let mut root = apikey::cli::command();
    root.build();
    check(&root);
    let usage = World::new().run(&["expire", "--help"]).done().stdout;
    assert!(usage.contains("apikey expire [OPTIONS] <KEY> <WHEN>"), "{usage}");
}

/// A line that begins with a command is read by that command alone.
#[test]
fn a_command_says_of_itself_what_the_whole_command_line_says_of_it() {
    let world = World::new();
    for command in apikey::cli::command().get_subcommands() {
        for name in std::iter::once(command.get_name()).chain(command.get_visible_aliases()) {
            for flag in ["-h", "--help", "--no-such-flag"] {
                let ran = world.run(&[name, flag]);
                let whole = apikey::cli::command().try_get_matches_from(["apikey", name, flag]);
                let whole = whole.unwrap_err().render().to_string();
                assert_eq!(format!("{}{}", ran.stdout, ran.stderr), whole);
            }
        }
    }
}
