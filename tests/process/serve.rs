//! `apikey serve` as a service: where it listens, how it is told, and how it ends.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use rustix::process::Signal;

use crate::machine::{APIKEY, LOOK_EVERY, LOOKS, Machine, finish};
use crate::serving::{Serving, ask, connect, rest, say, status, wait_until_asked_for_more, write_config};

#[test]
fn a_socket_file_has_its_mode_from_the_start_and_goes_with_the_server() {
    let machine = Machine::with_registry();
    let secret = machine.create("a");
    let bearer = format!("authorization: Bearer {secret}");
    let path = machine.home().join("gate.sock");
    for (arguments, mode) in [(&[][..], 0o600), (&["--socket-mode", "0660"], 0o660)] {
        let serving = Serving::start(&machine, &[&["--listen", "unix:gate.sock"], arguments].concat());
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, mode);
        assert_eq!(serving.verdict(&secret), 200);
        let mut stream = UnixStream::connect(&path).unwrap();
        assert_eq!(status(&ask(&mut stream, "GET /verify", &[&bearer])), 200);
        serving.end().0.ended(0);
        assert!(!path.exists());
    }
    machine.run(&["serve", "--listen", "unix:gate.sock", "--socket-mode", "0888"]).ended(2);
    let ran = machine.run(&["serve", "--socket-mode", "0660"]).ended(2);
    assert!(ran.stderr.contains("--listen unix:PATH"), "it would be the mode of nothing: {}", ran.stderr);
}

#[test]
fn a_socket_file_is_replaced_when_nobody_listens_there_and_only_then() {
    let machine = Machine::with_registry();
    let path = machine.home().join("gate.sock");
    let place = ["serve", "--listen", "unix:gate.sock"];
    drop(UnixListener::bind(&path).unwrap());
    let serving = Serving::spawn(machine.command(&place).stdin(Stdio::null()));
    let ran = machine.run(&place).ended(2);
    assert!(ran.stderr.contains("another process listens there"), "{}", ran.stderr);
    let mut stream = UnixStream::connect(&path).unwrap();
    assert_eq!(status(&ask(&mut stream, "GET /healthz", &[])), 200, "the first is still there");
    serving.end().0.ended(0);
    std::fs::write(&path, "not yours").unwrap();
    machine.run(&place).ended(2);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "not yours");
    let left: Vec<_> =
        std::fs::read_dir(machine.home()).unwrap().map(|file| file.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| name == "gate.sock" || name == ".local"), "{left:?}");
}

#[test]
fn an_address_that_is_taken_is_named_with_the_option_that_names_another() {
    let machine = Machine::with_registry();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for (options, hint) in [
        (vec!["--listen", &address], "--listen ADDRESS:PORT"),
        (vec!["--listen", "127.0.0.1:0", "--metrics", &address], "--metrics ADDRESS:PORT"),
    ] {
        let ran = machine.run(&[vec!["serve"], options].concat()).ended(2);
        assert!(ran.stderr.contains(&address) && ran.stderr.contains(hint), "{}", ran.stderr);
    }
}

#[test]
fn a_configuration_is_made_and_checked_where_nobody_is_at_home() {
    let machine = Machine::new();
    let serve =
        |options: &[&str]| finish(machine.bare(APIKEY, &[&["serve"], options].concat()).env_remove("HOME"));
    std::fs::write(machine.home().join("right.toml"), "scopes = ['orders:read']\n").unwrap();
    std::fs::write(machine.home().join("wrong.toml"), "scope = 'orders:read'\n").unwrap();
    let ran = serve(&["--check", "--config", "right.toml"]).ended(0);
    assert!(ran.stderr.contains("is right") && ran.stdout.is_empty(), "{}{}", ran.stdout, ran.stderr);
    let found = serve(&["--check", "--config", "right.toml", "--json"]).ended(0).json();
    assert_eq!(found, serde_json::json!({ "config": "right.toml", "valid": true, "warning": null }));
    let ran = serve(&["--check", "--config", "wrong.toml", "--json"]).ended(2);
    assert!(ran.stdout.is_empty(), "{}", ran.stdout);
    let ran = serve(&["--print-config", "caddy", "--listen", "127.0.0.1:8720"]).ended(0);
    assert!(ran.stdout.contains("127.0.0.1:8720"), "{}", ran.stdout);
    // What a printed configuration would not say.
    for options in [
        &["--config", "right.toml"][..],
        &["--socket-mode", "0660"],
        &["--metrics", "127.0.0.1:9000"],
        &["--log-requests", "none"],
        &["--log", "json"],
        &["--check"],
        &["--listen", "127.0.0.1:0"],
        &["--proxy-listen", "127.0.0.1:0"],
        &["--upstream", "[::1]:0"],
        &["--listen", "unix:gate.sock"],
    ] {
        let ran = serve(&[&["--print-config", "nginx"], options].concat()).ended(2);
        assert!(ran.stdout.is_empty() && ran.stderr.contains(options[0]), "{options:?}: {}", ran.stderr);
    }
}

#[test]
fn a_peer_at_a_socket_file_has_no_address_unless_its_word_counts() {
    let machine = Machine::with_registry();
    let secret = machine.run(&["create", "-q", "a", "--allow-ip", "192.0.2.0/24"]).ended(0).line();
    let fields = [format!("authorization: Bearer {secret}"), "x-forwarded-for: 192.0.2.7".to_owned()];
    let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
    for (config, code) in [("", 403), ("trusted_proxies = ['unix']", 200)] {
        let serving = Serving::configured(&machine, config, &["--listen", "unix:gate.sock"]);
        let mut stream = UnixStream::connect(machine.home().join("gate.sock")).unwrap();
        assert_eq!(status(&ask(&mut stream, "GET /verify", &fields)), code, "{config}");
        assert_eq!(status(&serving.ask("GET /verify", &fields)), 403, "the word of another");
    }
}

#[test]
fn sockets_of_systemd_are_served_each_by_its_name() {
    let machine = Machine::with_registry();
    let [requests, metrics] = [0; 2].map(|_| TcpListener::bind("127.0.0.1:0").unwrap());
    let addresses = [requests.local_addr().unwrap(), metrics.local_addr().unwrap()];
    let passed =
        "exec 3<&0 4>&1 </dev/null >/dev/null; export LISTEN_PID=$$ LISTEN_FDS=2 LISTEN_FDNAMES=web:metrics;";
    let mut command = machine.through_shell(passed, &["serve", "--listen", "systemd"], "");
    command.stdin(Stdio::from(OwnedFd::from(requests))).stdout(Stdio::from(OwnedFd::from(metrics)));
    let serving = Serving::spawn(&mut command);
    let asked =
        |place: usize, path: &str| status(&ask(&mut connect(addresses[place]), &format!("GET {path}"), &[]));
    assert_eq!((asked(0, "/verify"), asked(0, "/metrics")), (401, 404));
    assert_eq!((asked(1, "/verify"), asked(1, "/metrics")), (404, 200));
    serving.end().0.ended(0);
}

#[test]
fn what_systemd_passed_to_another_process_is_not_taken() {
    let machine = Machine::with_registry();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    for passed in ["exec 3<&0 </dev/null; export LISTEN_PID=1 LISTEN_FDS=1;", ""] {
        let mut command = machine.through_shell(passed, &["serve", "--listen", "systemd"], "");
        command.stdin(Stdio::from(OwnedFd::from(listener.try_clone().unwrap())));
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let ran = crate::machine::watched(command.spawn().unwrap()).ended(2);
        assert!(ran.stderr.contains("LISTEN_FDS"), "{}", ran.stderr);
    }
    let mut command = machine.through_shell(
        "exec 3</dev/null; export LISTEN_PID=$$ LISTEN_FDS=1;",
        &["serve", "--listen", "systemd"],
        "",
    );
    let ran = finish(&mut command).ended(2);
    assert!(ran.stderr.contains("socket 1 of systemd"), "{}", ran.stderr);
}

#[test]
fn the_service_manager_is_told_when_it_is_ready_reloads_and_ends() {
    let machine = Machine::with_registry();
    let path = machine.home().join("notify");
    let told = UnixDatagram::bind(&path).unwrap();
    told.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let next = || {
        let mut bytes = [0; 256];
        let length = told.recv(&mut bytes).unwrap();
        String::from_utf8_lossy(&bytes[..length]).into_owned()
    };
    let mut command = machine.command(&["serve", "--listen", "127.0.0.1:0"]);
    let serving = Serving::spawn(command.env("NOTIFY_SOCKET", &path).stdin(Stdio::null()));
    assert_eq!(next(), "READY=1\n");
    serving.signal(Signal::HUP);
    let reloading = next();
    assert!(reloading.starts_with("RELOADING=1\nMONOTONIC_USEC="), "{reloading}");
    assert_eq!(next(), "READY=1\n");
    serving.end().0.ended(0);
    assert_eq!(next(), "STOPPING=1\n");
}

#[test]
fn a_configuration_read_anew_holds_at_once_and_a_wrong_one_never() {
    let machine = Machine::with_registry();
    let secret = machine.run(&["create", "-q", "a", "--scope", "orders:read"]).ended(0).line();
    let serving = Serving::configured(&machine, "scopes = ['orders:read']", &["--metrics", "127.0.0.1:0"]);
    assert_eq!(serving.verdict(&secret), 200);
    write_config(&machine, "scopes = ['orders:write']\nnonsense = 1");
    serving.signal(Signal::HUP);
    serving.wait_for("error reload_failed");
    assert!(serving.said().contains("nonsense"), "{}", serving.said());
    assert_eq!(serving.verdict(&secret), 200, "the old one stays");
    std::fs::remove_file(machine.home().join("serve.toml")).unwrap();
    serving.signal(Signal::HUP);
    serving.wait_for("cannot be read");
    assert_eq!(serving.verdict(&secret), 200, "the old one stays");
    write_config(&machine, "scopes = ['orders:write']");
    serving.signal(Signal::HUP);
    serving.wait_for("info reloaded");
    assert_eq!(serving.verdict(&secret), 403);
    // Emptied, or cut off where it says what is asked of a request.
    for cut in ["", "# nothing", "key_headers = ['x-api-key']\nenv = 'live'"] {
        write_config(&machine, cut);
        let before = serving.said().matches("it has no `scopes` any more").count();
        serving.signal(Signal::HUP);
        serving.wait_until(|said| said.matches("it has no `scopes` any more").count() > before);
        assert_eq!(serving.verdict(&secret), 403, "{cut}");
    }
    // No writer ever comes: a request is answered all the same.
    std::fs::remove_file(machine.home().join("serve.toml")).unwrap();
    let fifo = machine.home().join("serve.toml");
    assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    serving.signal(Signal::HUP);
    serving.wait_for("no file that could be read again");
    assert_eq!(serving.verdict(&secret), 403);
    let metrics = ask(&mut connect(serving.address_of("metrics")), "GET /metrics", &[]);
    for line in ["reloads_total{result=\"ok\"} 1", "reloads_total{result=\"failed\"} 6"] {
        assert!(metrics.contains(line), "{metrics}");
    }
}

#[test]
fn told_to_end_it_finishes_what_is_under_way_and_closes_what_is_idle() {
    let machine = Machine::with_registry();
    let asker = machine.run(&["create", "-q", "asker", "--scope", "apikey:verify"]).ended(0).line();
    let serving = Serving::start(&machine, &[]);
    let mut new = serving.connect();
    let mut idle = serving.connect();
    idle.write_all(b"GET /healthz HTTP/1.1\r\nhost: api\r\n\r\n").unwrap();
    let mut first = [0; 12];
    idle.read_exact(&mut first).unwrap();
    let mut busy = serving.connect();
    let question = format!("{{\"secret\":\"{asker}\"}}");
    let (begin, end) = question.split_at(20);
    write!(
        busy,
        "POST /v1/verify HTTP/1.1\r\nhost: api\r\nauthorization: Bearer {asker}\r\ncontent-length: {}\r\n\
         expect: 100-continue\r\n\r\n",
        question.len()
    )
    .unwrap();
    wait_until_asked_for_more(&mut busy);
    busy.write_all(begin.as_bytes()).unwrap();
    serving.signal(Signal::TERM);
    serving.wait_for("stopping");
    assert_eq!(rest(&mut new), "", "a connection that asked nothing");
    assert!(rest(&mut idle).contains("content-length: 0"), "the rest of its answer, and no more");
    busy.write_all(end.as_bytes()).unwrap();
    let answer = rest(&mut busy);
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("\"accepted\":true"), "{answer}");
    let (ran, said) = serving.end();
    ran.ended(0);
    assert!(said.contains("info stopped cut_off=0"), "{said}");
}

#[test]
fn what_was_counted_up_to_the_end_is_written() {
    let machine = Machine::with_registry();
    let secret = machine.create("a");
    for round in 1..=3 {
        let serving = Serving::start(&machine, &[]);
        let _open = serving.connect();
        for _ in 0..10 {
            assert_eq!(serving.verdict(&secret), 200);
        }
        serving.end().0.ended(0);
        let usage = machine.run(&["usage", "a", "--by", "outcome", "--json"]).ended(0).json();
        let counted: u64 =
            usage.as_array().unwrap().iter().map(|row| row["requests"].as_u64().unwrap()).sum();
        assert_eq!(counted, round * 10, "{usage}");
    }
}

#[test]
fn a_second_signal_does_not_wait() {
    let machine = Machine::with_registry();
    let asker = machine.run(&["create", "-q", "asker", "--scope", "apikey:verify"]).ended(0).line();
    let serving = Serving::start(&machine, &[]);
    let mut busy = serving.connect();
    write!(
        busy,
        "POST /v1/verify HTTP/1.1\r\nhost: api\r\nauthorization: Bearer {asker}\r\ncontent-length: 9\r\n\
         expect: 100-continue\r\n\r\n"
    )
    .unwrap();
    wait_until_asked_for_more(&mut busy);
    serving.signal(Signal::TERM);
    serving.wait_for("stopping");
    let (ran, said) = serving.end();
    ran.ended(0);
    assert!(said.contains("info stopped cut_off=1"), "{said}");
}

#[test]
fn metrics_are_read_at_their_own_place_and_name_nobody() {
    let machine = Machine::with_registry();
    let secret = machine.create("telling-name");
    let asker = machine.run(&["create", "-q", "asker", "--scope", "apikey:verify"]).ended(0).line();
    let serving = Serving::start(&machine, &["--metrics", "127.0.0.1:0"]);
    let place = serving.address_of("metrics");
    assert_eq!((serving.verdict(&secret), serving.verdict("x")), (200, 401));
    assert_eq!(status(&serving.ask("GET /verify", &[])), 401);
    assert_eq!(status(&serving.ask("GET /metrics", &[])), 404, "not where requests come in");
    let large = format!(
        "POST /v1/verify HTTP/1.1\r\nhost: api\r\nauthorization: Bearer {asker}\r\nconnection: close\r\ncontent-length: 70000\r\n\r\n{}",
        "x".repeat(70_000)
    );
    assert_eq!(status(&say(&mut serving.connect(), large.as_bytes())), 413);
    let _open = serving.connect();
    let text = ask(&mut connect(place), "GET /metrics", &[]);
    for line in [
        "content-type: text/plain; version=0.0.4\r\n",
        "apikey_requests_total{code=\"accepted\"} 1\n",
        "apikey_requests_total{code=\"malformed\"} 1\n",
        "apikey_requests_total{code=\"missing\"} 1\n",
        "apikey_requests_total{code=\"bad_request\"} 1\n",
        "apikey_decision_seconds_count 3\n",
        "apikey_keys 2\n",
        "apikey_build_info{version=\"",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
    assert!(!text.contains("telling-name") && !text.contains("default"), "{text}");
    assert_eq!(status(&ask(&mut connect(place), "GET /verify", &[])), 404, "not where metrics are read");
}

/// Without these locks the next process to open the registry takes it for unused, and empties under the server what
/// they share: it crashed with SIGBUS, and could have damaged the registry.
#[cfg(target_os = "linux")]
#[test]
fn every_other_process_is_told_that_the_registry_is_in_use() {
    // The lock that says so on the WAL index, and the range that readers lock in the registry (sqlite.org/src, os_unix.c).
    const IN_USE: u64 = 128;
    const SHARED_FIRST: u64 = 0x4000_0002;
    let machine = Machine::with_registry();
    let secret = machine.create("a");
    let serving = Serving::start(&machine, &[]);
    let registry = machine.registry();
    let mut index = registry.clone().into_os_string();
    index.push("-shm");
    let index = std::path::PathBuf::from(index);
    for _ in 0..2 {
        assert!(serving.posix_locks(&index).contains(&IN_USE));
        assert!(serving.posix_locks(&registry).contains(&SHARED_FIRST));
        assert_eq!(serving.verdict(&secret), 200);
        machine.run(&["create", "--quiet", "b", "--project", "other"]).ended(0);
        machine.run(&["revoke", "other/b", "--yes"]).ended(0);
    }
}

#[test]
fn from_a_registry_that_is_gone_nothing_is_answered_any_more() {
    let machine = Machine::with_registry();
    let secret = machine.create("a");
    let serving = Serving::start(&machine, &[]);
    let ready = || status(&serving.ask("GET /readyz", &[]));
    assert_eq!((serving.verdict(&secret), ready()), (200, 200));
    let folder = machine.registry().parent().unwrap().to_owned();
    let away = folder.with_file_name("away");
    std::fs::rename(&folder, &away).unwrap();
    let is_seen = (0..LOOKS).any(|_| {
        thread::sleep(LOOK_EVERY);
        ready() == 503
    });
    assert!(is_seen && serving.verdict(&secret) == 503);
    std::fs::rename(&away, &folder).unwrap();
    assert_eq!((serving.verdict(&secret), ready()), (200, 200));
}
