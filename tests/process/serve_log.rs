//! What `apikey serve` says on standard error: what operators need, and never a secret.

use crate::machine::{LOOK_EVERY, LOOKS, Machine, watched};
use crate::serving::{Serving, ask, connect, status};

const FORWARDED: &str = "trusted_proxies = ['127.0.0.1']\noriginal = 'nginx'\n\
    [[route]]\npath = '/**'\nscopes = []\n";

/// A secret with one letter of its body changed.
fn wrong(secret: &str) -> String {
    let last = if secret.as_bytes()[30] == b'a' { 'b' } else { 'a' };
    format!("{}{last}{}", &secret[..30], &secret[31..])
}

#[test]
fn a_denial_of_a_known_key_is_told_in_full_and_strangers_are_summed_up() {
    let machine = Machine::with_registry();
    let secret = machine.create("a");
    machine.run(&["disable", "a"]).ended(0);
    let serving = Serving::configured(&machine, FORWARDED, &["--log", "text"]);
    let bearer = format!("authorization: Bearer {secret}");
    let fields =
        ["x-original-method: POST", "x-original-uri: /orders/1?token=private", "x-forwarded-for: 192.0.2.7"];
    assert_eq!(status(&serving.ask("GET /verify", &[&[bearer.as_str()], &fields[..]].concat())), 401);
    serving.wait_for("info denied code=disabled");
    assert_ne!(
        status(&serving.ask("GET /verify", &[&bearer, "x-forwarded-uri: /a", "x-forwarded-for: ::1"])),
        200
    );
    serving.wait_for("path=\"(no readable X-Original-Method and X-Original-URI)\"");
    for _ in 0..5 {
        assert_eq!(serving.verdict(&wrong(&secret)), 401);
    }
    let (_, said) = serving.end();
    let line = said.lines().find(|line| line.contains(" denied ")).unwrap();
    assert!(line.contains(" key_id=key_") && line.contains(" secret_id="), "{line}");
    assert!(line.ends_with(" client=192.0.2.7 method=POST path=/orders/1"), "{line}");
    assert_eq!(said.matches(" denied ").count(), 2, "{said}");
    assert!(said.contains("info strangers missing=0 malformed=0 not_found=5 lines_left_out=0"), "{said}");
}

#[test]
fn who_ends_a_key_by_its_secret_is_told_and_counted_as_those_are_who_try() {
    let machine = Machine::with_registry();
    let secret = machine.create("a");
    let more = ["--metrics", "127.0.0.1:0"];
    let serving = Serving::configured(&machine, "scopes = ['a:b']\nself_revoke = true", &more);
    let revoke = |fields: &[&str]| status(&serving.ask("POST /v1/self/revoke", fields));
    assert_eq!(revoke(&[]), 401);
    assert_eq!(revoke(&[&format!("x-api-key: {}", wrong(&secret))]), 401);
    assert_eq!(revoke(&[&format!("x-api-key: {secret}")]), 200);
    serving.wait_for("warn revoked_by_holder key_id=key_");
    assert_eq!(revoke(&[&format!("x-api-key: {secret}")]), 200, "it is, and nothing changed");
    let metrics = ask(&mut connect(serving.address_of("metrics")), "GET /metrics", &[]);
    for code in ["missing", "not_found", "revoked_by_holder", "revoked"] {
        assert!(metrics.contains(&format!("apikey_requests_total{{code=\"{code}\"}} 1\n")), "{metrics}");
    }
    let (_, said) = serving.end();
    assert!(said.contains(" client=127.0.0.1 path=/v1/self/revoke\n"), "{said}");
    assert_eq!(said.matches("revoked_by_holder").count(), 1, "{said}");
    assert!(said.contains("strangers missing=1 malformed=0 not_found=1 "), "{said}");
}

#[test]
fn usage_that_cannot_be_written_is_told_while_it_lasts() {
    let machine = Machine::with_registry();
    let secret = machine.create("a");
    let serving = Serving::configured(&machine, "scopes = []", &["--metrics", "127.0.0.1:0"]);
    let seconds = || -> u64 {
        let metrics = ask(&mut connect(serving.address_of("metrics")), "GET /metrics", &[]);
        let line = metrics.lines().find(|line| line.starts_with("apikey_usage_unwritten_seconds "));
        line.unwrap().rsplit(' ').next().unwrap().parse().unwrap()
    };
    assert_eq!(seconds(), 0);
    let writer = rusqlite::Connection::open(machine.registry()).unwrap();
    writer.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert_eq!(serving.verdict(&secret), 200);
    serving.wait_for("warn usage_unwritten seconds=");
    assert!(seconds() > 0);
    writer.execute_batch("ROLLBACK").unwrap();
    let is_written = (0..LOOKS).any(|_| {
        std::thread::sleep(LOOK_EVERY);
        seconds() == 0
    });
    assert!(is_written);
    assert!(machine.run(&["usage", "a", "--json"]).ended(0).stdout.contains("\"requests\":1"));
}

#[test]
fn in_json_each_line_is_an_object_and_all_requests_have_one_if_asked() {
    let machine = Machine::with_registry();
    let secret = machine.create("a");
    let mut command =
        machine.command(&["serve", "--listen", "127.0.0.1:0", "--log", "json", "--log-requests", "all"]);
    let serving = Serving::spawn(command.stdin(std::process::Stdio::null()));
    let said = serving.said();
    let first: serde_json::Value = serde_json::from_str(said.lines().next().unwrap()).unwrap();
    let address = first["address"].as_str().unwrap().strip_prefix("http://").unwrap().parse().unwrap();
    for field in [format!("x-api-key: {secret}"), "x-api-key: wrong".to_owned()] {
        crate::serving::ask(&mut crate::serving::connect(address), "GET /verify?a=b", &[&field]);
    }
    let (ran, said) = serving.end();
    ran.ended(0);
    let lines: Vec<serde_json::Value> =
        said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let events: Vec<&str> = lines.iter().map(|line| line["event"].as_str().unwrap()).collect();
    assert_eq!(events, ["listening", "accepted", "denied", "stopping", "strangers", "stopped"]);
    assert_eq!((&lines[1]["code"], &lines[1]["path"]), (&"accepted".into(), &"/verify".into()));
    assert_eq!((&lines[2]["code"], &lines[2]["client"]), (&"malformed".into(), &"127.0.0.1".into()));
    assert!(lines.iter().all(|line| line["time"].is_string() && line["level"].is_string()));
}

/// As under a service manager whose journal hangs: the pipe is full long before the server is told to end.
#[test]
fn a_log_that_nobody_reads_costs_lines_and_neither_requests_nor_the_end() {
    let machine = Machine::with_registry();
    let secret = machine.create("a");
    let (unread, pipe) = std::io::pipe().unwrap();
    let mut command =
        machine.command(&["serve", "--listen", "unix:s", "--log", "json", "--log-requests", "all"]);
    let child = command.stdin(std::process::Stdio::null()).stderr(pipe).spawn().unwrap();
    drop(command);
    let socket = machine.home().join("s");
    let listens = || std::os::unix::net::UnixStream::connect(&socket);
    let mut looks = 0..LOOKS;
    while looks.next().is_some() && listens().is_err() {
        std::thread::sleep(LOOK_EVERY);
    }
    let ask = || {
        let mut stream = listens().unwrap();
        let field = format!("x-api-key: {secret}");
        status(&crate::serving::ask(&mut stream, "GET /verify", &[&field]))
    };
    // Each has a line of 150 bytes and more; a pipe holds 64 KiB.
    assert!((0..700).all(|_| ask() == 200));
    rustix::process::kill_process(rustix::process::Pid::from_child(&child), rustix::process::Signal::TERM)
        .unwrap();
    watched(child).ended(0);
    assert!(!socket.exists());
    // What was counted is written down all the same.
    let usage = machine.run(&["usage", "a", "--json"]).ended(0).stdout;
    assert!(usage.contains("\"requests\":700"), "{usage}");
    let said = std::io::read_to_string(unread).unwrap();
    assert!(said.len() >= 32 * 1024, "{}", said.len());
}

#[test]
fn no_secret_is_ever_said_wherever_it_was_put() {
    let machine = Machine::with_registry();
    let secret = machine.create("a");
    let revoked = machine.create("b");
    machine.run(&["revoke", "b", "--yes"]).ended(0);
    for form in ["text", "json"] {
        let mut command =
            machine.command(&["serve", "--listen", "unix:s", "--log", form, "--log-requests", "all"]);
        write_config(&machine);
        let serving =
            Serving::spawn(command.args(["--config", "serve.toml"]).stdin(std::process::Stdio::null()));
        for text in [&secret, &revoked, &wrong(&secret)] {
            for place in places(text) {
                let mut stream = std::os::unix::net::UnixStream::connect(machine.home().join("s")).unwrap();
                crate::serving::say(&mut stream, place.as_bytes());
            }
        }
        let (_, said) = serving.end();
        assert!(said.contains("revoked") && said.contains("accepted"), "{said}");
        for text in [&secret, &revoked, &wrong(&secret)] {
            let body = text.rsplit('_').next().unwrap();
            assert!(!said.contains(body) && !said.contains(&body[..12]), "{form}: {said}");
        }
    }
}

fn write_config(machine: &Machine) {
    crate::serving::write_config(machine, &FORWARDED.replace("127.0.0.1", "unix"));
}

/// Requests with this text wherever a client may put it.
fn places(text: &str) -> Vec<String> {
    let end = "host: api\r\nconnection: close\r\n\r\n";
    let body = format!("{{\"secret\":\"{text}\"}}");
    vec![
        format!("GET /verify HTTP/1.1\r\nauthorization: Bearer {text}\r\n{end}"),
        format!(
            "GET /verify HTTP/1.1\r\nx-api-key: {text}\r\nx-original-method: GET\r\nx-original-uri: /a\r\n{end}"
        ),
        format!(
            "GET /verify HTTP/1.1\r\nx-api-key: {text}\r\nx-original-method: GET\r\n\
             x-original-uri: /a/{text}/b?k={text}\r\nx-forwarded-for: {text}\r\n{end}"
        ),
        format!("GET /verify/%61{} HTTP/1.1\r\nx-api-key: {text}\r\n{end}", &text[1..]),
        format!("GET /verify/{text}?k={text} HTTP/1.1\r\nx-api-key: {text}\r\n{end}"),
        format!("{text} /verify HTTP/1.1\r\nx-api-key: {text}\r\n{end}"),
        format!(
            "POST /v1/verify HTTP/1.1\r\nauthorization: Bearer {text}\r\ncontent-length: {}\r\n{end}{body}",
            body.len()
        ),
        format!("GET /verify HTTP/1.1\r\n{text}: {text}\r\nx-api-key: {text}\r\n x\r\n{end}"),
        format!("{text}\r\n{end}"),
    ]
}
