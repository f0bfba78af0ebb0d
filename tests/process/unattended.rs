//! Nobody is there: what would ask fails at once and says what would have answered.

use crate::machine::{APIKEY, Machine, finish};

#[test]
fn what_would_ask_is_a_usage_error_that_names_the_flag() {
    let machine = Machine::with_registry();
    let secret = machine.create("a");
    let cases: [(&[&str], &str); 13] = [
        (&["create"], "create NAME"),
        (&["create", "b"], "--secret-out"),
        (&["rotate", "a"], "--secret-out"),
        (&["rotate", "--due"], "--secret-dir"),
        (&["reveal", "a"], "--secret-out"),
        (&["revoke", "a"], "--yes"),
        (&["revoke", "--owner", "default"], "--yes"),
        (&["forget", "a"], "--yes"),
        (&["owner", "suspend", "default"], "--yes"),
        (&["project", "suspend", "default"], "--yes"),
        (&["purge"], "--older-than"),
        (&["edit", "a"], "--name"),
        (&["test-call", "a"], "--url"),
    ];
    for (arguments, flag) in cases {
        let ran = machine.run(arguments).ended(2);
        assert_eq!(ran.stdout, "", "{arguments:?}");
        assert!(ran.stderr.contains(flag), "{arguments:?}: {}", ran.stderr);
    }
    assert_eq!(machine.names(), ["a"]);
    assert_eq!(machine.verdict(&secret), "accepted");
}

#[test]
fn no_command_waits_for_an_input_that_is_empty() {
    let machine = Machine::with_registry();
    machine.create("a");
    let cases: [(i32, &[&str]); 6] = [
        (7, &["verify"]),
        (0, &["verify", "--batch"]),
        (2, &["lookup"]),
        (2, &["test-call", "--stdin-secret"]),
        (7, &["verify", "--no-input"]),
        (0, &["doctor", "--problems"]),
    ];
    for (code, arguments) in cases {
        machine.run(arguments).ended(code);
    }
    let empty = Machine::new();
    for arguments in [
        &["init", "--vault", "file"][..],
        &["init", "--vault", "file", "--passphrase-file", "-"],
        &["init", "--vault", "file", "--passphrase-file", "/dev/null"],
    ] {
        let ran = finish(&mut empty.bare(APIKEY, arguments)).ended(4);
        assert!(ran.stderr.contains("--passphrase-file"), "{}", ran.stderr);
        assert!(!empty.registry().exists());
    }
}
