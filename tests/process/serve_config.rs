//! What `apikey serve` says of a configuration and a command line before anything is opened.

use rustix::process::Signal;

use crate::machine::Machine;
use crate::serving::{Serving, write_config};

const HIDDEN: &str = "original = 'nginx'\n[[route]]\npath = '/a/**'\nscopes = ['a:read']\n\
    [[route]]\npath = '/a/b'\nscopes = ['a:admin']\n";

#[test]
fn a_route_that_would_never_be_asked_is_refused_by_check_start_and_reload() {
    let machine = Machine::with_registry();
    let says = "route 2, `/a/b`: no request reaches it, since route 1, `/a/**`, fits all that it fits: \
        write it above that one";
    write_config(&machine, HIDDEN);
    for check in [&["--check"][..], &[]] {
        let ran = machine.run(&[&["serve", "--config", "serve.toml"], check].concat()).ended(2);
        assert!(ran.stderr.contains(says), "{}", ran.stderr);
    }
    let serving = Serving::configured(&machine, &HIDDEN.replace("/a/**", "/b/**"), &[]);
    write_config(&machine, HIDDEN);
    serving.signal(Signal::HUP);
    serving.wait_for("error reload_failed");
    assert!(serving.said().contains("route 2, `/a/b`: no request reaches it"), "{}", serving.said());
}

#[test]
fn what_is_printed_and_shown_is_a_right_configuration() {
    let machine = Machine::new();
    let check = |config: &str| {
        write_config(&machine, config);
        machine.run(&["serve", "--config", "serve.toml", "--check"]).ended(0);
    };
    for proxy in ["nginx", "traefik", "caddy", "envoy", "haproxy"] {
        let printed = machine.run(&["serve", "--print-config", proxy]).ended(0).stdout;
        let comment = printed.lines().map_while(|line| line.strip_prefix('#')).map(str::trim_start);
        let settings: Vec<&str> = comment
            .skip_while(|line| !line.starts_with("trusted_proxies"))
            .take_while(|line| !line.is_empty())
            .collect();
        assert!(settings.len() >= 5, "{proxy}: {settings:?}");
        check(&settings.join("\n"));
    }
    let readme = include_str!("../../README.md");
    let blocks: Vec<&str> =
        readme.split("```toml\n").skip(1).map(|block| block.split("```").next().unwrap()).collect();
    let is_whole = |block: &&&str| !block.contains("scope_header");
    assert_eq!((blocks.len(), blocks.iter().filter(is_whole).count()), (3, 2));
    for block in blocks {
        let proxy = if block.contains("trusted_proxies") { "" } else { "trusted_proxies = ['::1']\n" };
        check(&format!("{proxy}{block}"));
    }
}

#[test]
fn a_file_that_asks_for_nothing_is_warned_of_unless_it_says_so() {
    let machine = Machine::with_registry();
    let warns = "nothing in it says what a request needs, so that any valid key passes everything; \
        `scopes = [\"orders:read\"]` asks for something";
    for (config, is_warned) in [("", true), ("env = 'live'", true), ("scopes = []", false)] {
        let serving = Serving::configured(&machine, config, &[]);
        let check = |options: &[&str]| {
            machine.run(&[&["serve", "--config", "serve.toml", "--check"], options].concat()).ended(0)
        };
        let said = check(&[]).stderr;
        assert!(said.starts_with("the configuration is right\n"), "{said}");
        assert_eq!(said.contains(&format!("\nwarning: {warns}")), is_warned, "{config}: {said}");
        let found = check(&["--json"]).json();
        let warning = found["warning"].as_str();
        assert_eq!(warning.is_some_and(|warning| warning.starts_with(warns)), is_warned, "{found}");
        // What the log says is there before any answer.
        serving.ask("GET /healthz", &[]);
        serving.signal(Signal::HUP);
        serving.wait_for("info reloaded");
        let said = serving.end().1;
        assert_eq!(
            said.matches(" warn nothing_needed config=serve.toml warning=").count(),
            usize::from(is_warned)
        );
    }
    let said = Serving::start(&machine, &[]).end().1;
    assert!(!said.contains(" warn "), "without a file it is what the manual says: {said}");
}

#[test]
fn a_check_refuses_of_the_whole_command_line_what_a_start_would() {
    let machine = Machine::with_registry();
    write_config(&machine, "scopes = []");
    std::fs::write(machine.home().join("file"), "not yours").unwrap();
    let long = format!("unix:{}/s", "d".repeat(120));
    std::fs::create_dir(machine.home().join("d".repeat(120))).unwrap();
    for (options, says) in [
        (&["--socket-mode", "0660"][..], "name it with `--listen unix:PATH`"),
        (&["--listen", "unix:away/s"], "cannot listen on unix:away/s: No such file or directory"),
        (&["--listen", "unix:file/s"], "cannot listen on unix:file/s: "),
        (&["--listen", "unix:file"], "a file that is no socket is there"),
        (&["--listen", &long], "/s: path must be shorter than SUN_LEN"),
        (
            &["--listen", "127.0.0.1:9", "--listen", "127.0.0.1:9"],
            "127.0.0.1:9 is a place of `--listen` already",
        ),
        (&["--metrics", "127.0.0.1:8719"], "127.0.0.1:8719 is a place of `--listen` already"),
        (&["--metrics", "[::1]:9", "--metrics", "[::1]:9"], "[::1]:9 is a place of `--metrics` already"),
        (&["--listen", "unix:s", "--listen", "unix:s"], "unix:s is a place of `--listen` already"),
        (&["--log", "off", "--log-requests", "all"], "leave out `--log-requests all`"),
        (&["--listen", "nowhere"], "neither ADDRESS:PORT nor"),
        (&["--log", "xml"], "xml"),
    ] {
        for check in [&["--check"][..], &[]] {
            let line = [&["serve", "--config", "serve.toml"], options, check].concat();
            let ran = machine.run(&line).ended(2);
            assert!(ran.stderr.contains(says), "{line:?}: {}", ran.stderr);
        }
    }
    assert_eq!(std::fs::read_to_string(machine.home().join("file")).unwrap(), "not yours");
    assert!(!machine.home().join("s").exists());
}

#[test]
fn a_check_opens_nothing_and_passes_beside_the_server_that_runs() {
    let machine = Machine::with_registry();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let options = ["--listen", "unix:s", "--socket-mode", "0660", "--log", "json"];
    let serving = Serving::configured(&machine, "scopes = []", &["--listen", "unix:s"]);
    for more in [
        &["--log-requests", "all"][..],
        &["--listen", "systemd"],
        &["--listen", &address, "--metrics", "127.0.0.1:0", "--metrics", "127.0.0.1:0"],
        &["--log", "off"],
        &["--log", "off", "--log-requests", "none"],
    ] {
        let options = if more[0] == "--log" { &options[..4] } else { &options[..] };
        let line = [&["serve", "--config", "serve.toml"], options, more, &["--check"]].concat();
        machine.run(&line).ended(0);
    }
    assert!(machine.home().join("s").exists());
    serving.end().0.ended(0);
    assert!(!machine.home().join("s").exists(), "still its own");
}
