//! `run`: a program that finds a secret in its environment, and whose streams, signals and exit code are its own.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

use crate::machine::{Machine, Ran, finish, finish_with_stdin, watched};

/// A program that says what it was given: its arguments, and one variable.
const SAYS: &str = r#"printf '%s\n' "$API_KEY" "$@""#;

fn log(machine: &Machine) -> serde_json::Value {
    machine.run(&["log", "--action", "secret_used", "--json"]).ended(0).json()
}

#[test]
fn the_program_finds_the_secret_in_its_environment_and_the_log_says_which_program() {
    let machine = Machine::with_registry();
    let secret = machine.create("a");
    let ran = machine.run(&["run", "a", "--", "sh", "-c", SAYS, "sh", "private words"]).ended(0);
    assert_eq!((&*ran.stdout, &*ran.stderr), (&*format!("{secret}\nprivate words\n"), ""));
    let log = log(&machine);
    assert_eq!(log.as_array().unwrap().len(), 1, "{log}");
    let changes = log[0]["changes"].to_string();
    assert!(changes.contains(r#""sh""#) && changes.contains(&secret[13..25]), "{changes}");
    assert!(!changes.contains("private words") && !changes.contains(&secret), "{changes}");
    machine.run(&["log", "--check"]).ended(0);
}

#[test]
fn the_words_of_the_program_are_its_own_and_those_before_are_ours() {
    let machine = Machine::with_registry();
    let secret = machine.create("a");
    let says = ["sh", "-c", r#"printf '%s\n' "$SHOP" "$@""#, "sh", "--as", "X", "--json", "--help"];
    for before in [&["run", "a", "--as", "SHOP", "--"][..], &["run", "--as", "SHOP", "a"]] {
        let ran = machine.run(&[before, &says].concat()).ended(0);
        assert_eq!(ran.stdout, format!("{secret}\n--as\nX\n--json\n--help\n"), "{before:?}");
    }
    let other = machine.run(&["rotate", "-q", "a"]).ended(0).line();
    assert_eq!(machine.run(&["run", "a", "sh", "-c", SAYS]).ended(0).line(), other);
    let ran = machine.run(&["run", "a", "--secret", &secret[13..25], "--", "sh", "-c", SAYS]);
    assert_eq!(ran.ended(0).line(), secret);
}

#[test]
fn its_exit_code_its_signals_and_its_input_are_its_own() {
    let machine = Machine::with_registry();
    machine.create("a");
    for (line, code) in [("exit 0", 0), ("exit 42", 42), ("kill -TERM $$", 143), ("kill -PIPE $$", 141)] {
        machine.run(&["run", "a", "sh", "-c", line]).ended(code);
    }
    let mut cat = machine.command(&["run", "a", "cat"]);
    assert_eq!(finish_with_stdin(&mut cat, b"through").ended(0).stdout, "through");
    // It is the same process, so that whoever started it can end it.
    let mut child = machine.command(&["run", "a", "--", "sh", "-c", "echo $$; exec sleep 100"]);
    let mut child = child.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
    let mut number = [0; 1];
    std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut number).unwrap();
    child.kill().unwrap();
    let ran: Ran = watched(child);
    assert_eq!(ran.code, 137);
}

#[test]
fn what_opens_the_vault_is_not_for_the_program() {
    let machine = Machine::new();
    let passphrase = machine.home().join("passphrase");
    fs::write(&passphrase, "correct horse").unwrap();
    fs::set_permissions(&passphrase, PermissionsExt::from_mode(0o600)).unwrap();
    let with = |variable: &str, value: &str, arguments: &[&str]| {
        finish(machine.command(arguments).env("APIKEY_VAULT", "file").env(variable, value))
    };
    let words = ("APIKEY_PASSPHRASE", "correct horse");
    let secret = with(words.0, words.1, &["create", "-q", "a"]).ended(0).line();
    let command = format!("cat {}", passphrase.display());
    let file = passphrase.to_str().unwrap();
    for (variable, value) in
        [words, ("APIKEY_PASSPHRASE_COMMAND", &command), ("APIKEY_PASSPHRASE_FILE", file)]
    {
        let ran = with(variable, value, &["run", "a", "env"]).ended(0);
        assert!(ran.stdout.contains(&format!("API_KEY={secret}\n")), "{variable}: {}", ran.stdout);
        assert!(ran.stdout.contains("HOME=") && !ran.stdout.contains("PASSPHRASE"), "{}", ran.stdout);
    }
}

#[test]
fn where_nothing_is_kept_or_nothing_starts_there_is_an_error_and_no_program() {
    let machine = Machine::with_registry();
    machine.create("gone");
    machine.run(&["revoke", "gone", "--yes"]).ended(0);
    machine.run(&["create", "-q", "--no-keep", "bare"]).ended(0);
    let touch = ["sh", "-c", "touch started"];
    for (code, key) in [(6, "gone"), (6, "bare"), (5, "nobody")] {
        let ran = machine.run(&[&["run", key, "--"][..], &touch].concat()).ended(code);
        assert_eq!(ran.stdout, "");
    }
    assert!(!machine.home().join("started").exists());
    assert_eq!(log(&machine).as_array().unwrap().len(), 0);

    let secret = machine.create("a");
    let usage = [
        &["run", "a"][..],
        &["run", "a", "--as", "1", "true"],
        &["run", "a", "--as", "", "true"],
        &["run", "a", "--as", "A=B", "true"],
        &["run", "a", "--as", "APIKEY_REGISTRY", "true"],
        &["run", "a", "--as", "LD_PRELOAD", "true"],
        &["run", "a", "--as", "PATH", "true"],
        &["run", "a", "no-such-program"],
        &["run", "a", "."],
        &["run", "a", "--secret", &secret, "true"],
    ];
    for arguments in usage {
        let ran = machine.run(arguments).ended(2);
        assert_eq!(ran.stdout, "", "{arguments:?}");
        assert!(!ran.stderr.contains(&secret), "{arguments:?}: {}", ran.stderr);
    }
    // Neither in the log nor anywhere.
    let path = format!("/tmp/{secret}x");
    for words in [&[&*secret][..], &["true", &secret], &[&*path]] {
        let ran = machine.run(&[&["run", "a", "--"], words].concat()).ended(2);
        assert!(ran.stderr.contains("$API_KEY") && !ran.stderr.contains(&secret), "{}", ran.stderr);
    }
    let log = machine.run(&["log", "--json"]).ended(0).stdout;
    assert!(!log.contains(&secret), "{log}");
    let endless = "x".repeat(100_000);
    machine.run(&["run", "a", "--", &endless]).ended(2);
    assert!(machine.run(&["log", "--json"]).ended(0).stdout.len() < 10_000);
    let ran = machine.run(&["run", "a", "--as", "9", "--", "true", "--json"]).ended(2);
    assert!(!ran.stderr.starts_with('{'), "{}", ran.stderr);
    let ran = machine.run(&["--json", "run", "a", "no-such-program"]).ended(2);
    assert!(ran.error()["message"].as_str().unwrap().contains("`no-such-program`"));
    assert_eq!(machine.verdict(&secret), "accepted");
}

#[test]
fn a_publishable_key_is_given_too() {
    let machine = Machine::with_registry();
    let web = ["create", "-q", "web", "--kind", "pk", "--allow-origin", "https://shop.example"];
    let secret = machine.run(&web).ended(0).line();
    assert_eq!(machine.run(&["run", "web", "sh", "-c", SAYS]).ended(0).line(), secret);
}
