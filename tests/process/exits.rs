//! Exit codes end to end, and how an error looks to a script.

use std::net::TcpListener;

use crate::machine::{APIKEY, Machine, finish};

#[test]
fn each_published_code_is_reached_by_a_real_command() {
    let machine = Machine::new();
    let cases: [(i32, &[&str]); 12] = [
        (8, &["list"]),
        (0, &["create", "a", "--json"]),
        (0, &["list"]),
        (2, &["create", "b"]),
        (2, &["no-such-command"]),
        (2, &["revoke", "a"]),
        (4, &["rotate", "a", "--json", "--yes", "--master-key-file", "nowhere.key"]),
        (5, &["show", "b"]),
        (6, &["create", "a", "--json"]),
        (7, &["verify"]),
        (7, &["list", "--expiring", "1y", "--fail-if-any"]),
        (0, &["help", "exit-codes"]),
    ];
    for (code, arguments) in cases {
        machine.run(arguments).ended(code);
    }
    // Freed again at once, so that nobody listens there.
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    machine.run(&["test-call", "a", "--url", &format!("http://{address}/")]).ended(9);
    assert_eq!(machine.names(), ["a"]);
}

#[test]
fn help_lists_every_exit_code() {
    let listed = Machine::new().run(&["help", "exit-codes"]).ended(0).stdout;
    let codes: Vec<&str> = listed.lines().filter_map(|line| line.split_whitespace().next()).collect();
    for (code, meaning) in apikey::exit::ALL {
        assert!(codes.contains(&(code as u8).to_string().as_str()), "{code:?} in {listed}");
        assert!(listed.contains(meaning), "{meaning:?} in {listed}");
    }
}

#[test]
fn an_error_in_json_is_one_line_on_standard_error_and_nothing_on_standard_output() {
    let machine = Machine::new();
    assert_eq!(machine.run(&["list", "--json"]).ended(8).error()["code"], "registry_missing");
    machine.create("a");
    let cases: [(i32, &str, &[&str]); 7] = [
        (2, "usage", &["no-such-command", "--json"]),
        (2, "usage", &["revoke", "a", "--json"]),
        (4, "vault_missing", &["rotate", "a", "--json", "--yes", "--master-key-file", "nowhere.key"]),
        (5, "not_found", &["show", "b", "--json"]),
        (6, "name_taken", &["create", "a", "--json"]),
        (8, "registry_missing", &["list", "--json", "--registry", "nowhere.db"]),
        (8, "registry_unusable", &["list", "--json", "--registry", "/dev/null"]),
    ];
    for (code, word, arguments) in cases {
        assert_eq!(machine.run(arguments).ended(code).error()["code"], word, "{arguments:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn without_a_session_bus_create_names_two_commands_that_work() {
    let machine = Machine::new();
    // Named, or the bus of whoever runs the tests would be found by their user id.
    let no_bus = format!("unix:path={}", machine.home().join("no-bus").display());
    let mut command = machine.bare(APIKEY, &["create", "-q", "a"]);
    let ran = finish(command.env("DBUS_SESSION_BUS_ADDRESS", no_bus)).ended(4);
    assert_eq!(ran.stdout, "");
    assert!(!machine.registry().exists());
    let advised: Vec<&str> = ran.stderr.split('`').filter(|word| word.starts_with("apikey init")).collect();
    assert_eq!(advised.len(), 2, "{}", ran.stderr);
    for line in advised {
        let machine = Machine::new();
        let words: Vec<&str> = line.split(' ').skip(1).collect();
        passphrase_file(&machine);
        finish(&mut machine.bare(APIKEY, &words)).ended(0);
        assert!(machine.registry().exists());
    }
}

/// The file that the advice calls `PATH`.
#[cfg(target_os = "linux")]
fn passphrase_file(machine: &Machine) {
    use std::os::unix::fs::OpenOptionsExt;
    let mut options = std::fs::OpenOptions::new();
    let mut file =
        options.write(true).create_new(true).mode(0o600).open(machine.home().join("PATH")).unwrap();
    std::io::Write::write_all(&mut file, b"correct horse battery staple\n").unwrap();
}

#[test]
fn demo_needs_no_home() {
    let machine = Machine::new();
    let ran =
        finish(machine.bare(APIKEY, &["demo"]).env_remove("HOME").env("TMPDIR", machine.home())).ended(0);
    assert!(ran.stdout.contains("Begin your own"), "{}", ran.stdout);
    assert_eq!(std::fs::read_dir(machine.home()).unwrap().count(), 0);
}

#[test]
fn a_registry_that_is_named_needs_no_home_and_the_log_names_who_acted_even_then() {
    let machine = Machine::new();
    let place = machine.home().join("srv");
    let service = |arguments: &[&str]| {
        let mut command = machine.bare(APIKEY, arguments);
        for name in ["HOME", "USER", "LOGNAME", "USERNAME"] {
            command.env_remove(name);
        }
        finish(command.env("APIKEY_REGISTRY", place.join("registry.db")).env("APIKEY_VAULT", "keyfile"))
    };
    service(&["create", "a", "-q"]).ended(0);
    let log = service(&["log", "--json"]).ended(0).json();
    let uid = format!("uid {}", std::os::unix::fs::MetadataExt::uid(&std::fs::metadata(&place).unwrap()));
    assert_eq!(log[0]["actor"]["user"].as_str().unwrap(), uid, "{log}");
}

#[test]
fn a_proxy_that_is_no_text_is_not_gone_around() {
    let machine = Machine::with_registry();
    machine.create("a");
    let mut command = machine.command(&["test-call", "a", "--url", "https://api.example/", "--json"]);
    let odd = <std::ffi::OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(b"http://127.0.0.1:\xff");
    let ran = finish(command.env("HTTPS_PROXY", odd));
    let answer = ran.json();
    assert_eq!((&answer["verdict"], &answer["code"]), (&"no_verdict".into(), &"proxy_setting".into()));
    assert_ne!(ran.code, 0);
}
