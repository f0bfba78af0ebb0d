//! Each setting of `serve.toml` by what it changes: one that is read and then forgotten changes nothing.

use std::io::Write as _;
use std::net::TcpStream;

use crate::machine::Machine;
use crate::serving::{Serving, ask_again, rest, say, status, wait_until_asked_for_more, write_config};

/// The secret of a key that may ask about others.
fn asker(machine: &Machine) -> String {
    machine.run(&["create", "-q", "asker", "--scope", "apikey:verify"]).ended(0).line()
}

#[test]
fn a_secret_is_read_from_the_fields_that_are_named_and_from_no_other() {
    let machine = Machine::with_registry();
    let secret = asker(&machine);
    for (config, read, unread) in [
        ("", &["X-API-Key", "x-api-key"][..], &["x-token", "x-other"][..]),
        ("key_headers = ['X-Token', 'x-other']", &["x-token", "X-Other"], &["x-api-key"]),
        ("key_headers = []", &[], &["x-api-key"]),
    ] {
        let serving = Serving::configured(&machine, config, &[]);
        // A program that may ask, and asks nothing.
        for (line, accepted) in [("GET /verify", 200), ("GET /v1/self", 200), ("POST /v1/verify", 400)] {
            let code = |name: &str| status(&serving.ask(line, &[&format!("{name}: {secret}")]));
            assert!(read.iter().all(|name| code(name) == accepted), "{config} {line}");
            assert!(unread.iter().all(|name| code(name) == 401), "{config} {line}");
        }
        assert_eq!(serving.verdict(&secret), 200, "{config}");
    }
}

#[test]
fn a_key_of_another_environment_than_the_one_that_is_served_is_refused() {
    let machine = Machine::with_registry();
    let [live, test] =
        ["live", "test"].map(|env| machine.run(&["create", "-q", env, "--env", env]).ended(0).line());
    for (config, codes) in [("", (200, 200)), ("env = 'live'", (200, 403)), ("env = 'test'", (403, 200))] {
        let serving = Serving::configured(&machine, config, &[]);
        for line in ["GET /verify", "GET /v1/self"] {
            let code = |secret: &str| {
                let answer = serving.ask(line, &[&format!("authorization: Bearer {secret}")]);
                assert_eq!(
                    answer.contains("\"code\":\"wrong_environment\""),
                    status(&answer) == 403,
                    "{answer}"
                );
                status(&answer)
            };
            assert_eq!((code(&live), code(&test)), codes, "{config} {line}");
        }
    }
}

#[test]
fn strangers_may_ask_as_often_at_once_as_their_burst_says() {
    let machine = Machine::with_registry();
    // One comes back in a quarter of an hour.
    for (burst, most) in [("", 4), ("burst = 2", 2), ("burst = 9", 9)] {
        let serving = Serving::configured(&machine, &format!("[strangers]\nrate = '4/1h'\n{burst}"), &[]);
        let codes: Vec<u16> = (0..=most).map(|_| serving.verdict("x")).collect();
        assert_eq!(codes, [vec![401; most], vec![429]].concat(), "{burst}");
    }
}

#[test]
fn a_head_may_be_as_large_as_the_configuration_says() {
    let machine = Machine::with_registry();
    for most in [8192, 20_000, 65_536] {
        let serving = Serving::configured(&machine, &format!("[connections]\nhead_bytes = {most}\n"), &[]);
        for (length, code) in [(most - 100, 200), (most + 100, 431)] {
            let begin = "GET /healthz HTTP/1.1\r\nhost: api\r\nconnection: close\r\nx-filler: ";
            let filler = "x".repeat(length - begin.len() - 4);
            let answer = say(&mut serving.connect(), format!("{begin}{filler}\r\n\r\n").as_bytes());
            assert_eq!(status(&answer), code, "{length} of {most}: {answer}");
        }
    }
}

/// A connection that the server waits for by one of its settings, and what it says next.
type Waiting = (&'static str, TcpStream, String);

/// One of each kind, each of which has begun.
fn waiting(serving: &Serving, asker: &str) -> [Waiting; 4] {
    let all = "GET /healthz HTTP/1.1\r\nhost: api\r\nconnection: close\r\n\r\n";
    let mut idle = serving.connect();
    assert_eq!(status(&ask_again(&mut idle, "GET /healthz", &[])), 200);
    let question = format!("{{\"secret\":\"{asker}\"}}");
    let fields = format!("authorization: Bearer {asker}\r\ncontent-length: {}\r\n", question.len());
    let head = format!(
        "POST /v1/verify HTTP/1.1\r\nhost: api\r\nconnection: close\r\nexpect: 100-continue\r\n{fields}\r\n"
    );
    let mut asking = serving.connect();
    asking.write_all(head.as_bytes()).unwrap();
    wait_until_asked_for_more(&mut asking);
    let (begin, end) = all.split_at(30);
    let mut slow = serving.connect();
    slow.write_all(begin.as_bytes()).unwrap();
    let silent = serving.connect();
    [
        ("head_seconds", silent, all.to_owned()),
        ("head_seconds", slow, end.to_owned()),
        ("request_seconds", asking, question),
        ("idle_seconds", idle, all.to_owned()),
    ]
}

/// Where the setting is high the same wait, begun earlier, goes on: what ended the other is no default.
#[test]
fn each_kind_of_waiting_ends_by_the_setting_of_its_own() {
    let machine = Machine::with_registry();
    let asker = asker(&machine);
    let high = "[connections]\nhead_seconds = 300\nrequest_seconds = 300\nidle_seconds = 300\n";
    let patient = Serving::configured(&machine, high, &[]);
    for hasty in ["head_seconds", "request_seconds", "idle_seconds"] {
        let before = waiting(&patient, &asker);
        let config = high.replace(&format!("{hasty} = 300"), &format!("{hasty} = 1"));
        let serving = Serving::configured(&machine, &config, &[]);
        // These begin first, so that one that went by the same setting would be over first.
        let others = waiting(&serving, &asker).into_iter().filter(|(setting, ..)| *setting != hasty);
        let others: Vec<Waiting> = others.collect();
        let over = waiting(&serving, &asker).into_iter().filter(|(setting, ..)| *setting == hasty);
        for (_, mut stream, _) in over {
            assert_eq!(rest(&mut stream), "", "{hasty}");
        }
        for (setting, mut stream, next) in others.into_iter().chain(before) {
            assert_eq!(status(&say(&mut stream, next.as_bytes())), 200, "{hasty}: {setting}");
        }
    }
}

#[test]
fn the_settings_that_are_printed_with_a_proxys_configuration_are_right() {
    let machine = Machine::new();
    for proxy in ["nginx", "traefik", "caddy", "envoy", "haproxy"] {
        let printed = machine.run(&["serve", "--print-config", proxy]).ended(0).stdout;
        let (_, behind) = printed.split_once("serve.toml:\n#\n").unwrap();
        let settings: Vec<&str> = behind.lines().map_while(|line| line.strip_prefix("#   ")).collect();
        for setting in ["trusted_proxies = ", "original = ", "[[route]]", "path = ", "scopes = "] {
            assert!(settings.iter().any(|line| line.starts_with(setting)), "{proxy}: {settings:?}");
        }
        write_config(&machine, &settings.join("\n"));
        let found = machine.run(&["serve", "--check", "--config", "serve.toml", "--json"]).ended(0).json();
        assert_eq!(found["valid"], true, "{proxy}");
    }
}
