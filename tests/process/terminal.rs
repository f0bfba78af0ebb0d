//! A person at a real terminal: questions, hidden answers, declining, and Ctrl-C.

use std::time::Duration;

use expectrl::process::unix::WaitStatus;
use expectrl::session::OsSession;
use expectrl::{Eof, Expect, Session};

use crate::machine::{APIKEY, Machine, finish};

const HIDE_CURSOR: &str = "\x1b[?25l";
const SHOW_CURSOR: &str = "\x1b[?25h";
const CTRL_C: &str = "\x03";
const PASSPHRASE: &str = "correct horse battery staple";

/// The binary on a terminal of its own, and all that was seen there.
struct Terminal {
    session: OsSession,
    seen: String,
}

impl Terminal {
    fn run(machine: &Machine, vault: &str, arguments: &[&str]) -> Self {
        // Not before Enter: until then this terminal is made to show what is typed, as terminals do.
        let mut command = machine.through_shell("read go;", arguments, "");
        command.env("TERM", "xterm-256color").env("APIKEY_VAULT", vault);
        let mut session = Session::spawn(command).unwrap();
        session.set_expect_timeout(Some(Duration::from_secs(120)));
        session.get_process_mut().set_echo(true, None).unwrap();
        session.send("\r").unwrap();
        Self { session, seen: String::new() }
    }

    /// Waits for a question whose answer is hidden, from the moment on when it is to be seen.
    #[track_caller]
    fn is_asked_for_hidden(&mut self, text: &str) -> &mut Self {
        self.sees(text);
        assert!(!self.session.get_process().get_echo().unwrap(), "the echo is on after {:?}", self.seen);
        self
    }

    /// Waits until this is on the screen.
    #[track_caller]
    fn sees(&mut self, text: &str) -> &mut Self {
        match self.session.expect(text) {
            Ok(found) => {
                for bytes in [found.before(), found.get(0).unwrap()] {
                    self.seen.push_str(&String::from_utf8_lossy(bytes));
                }
            }
            Err(error) => panic!("{text:?} was never shown ({error}) after {:?}", self.seen),
        }
        self
    }

    /// Types, and presses Enter.
    fn types(&mut self, text: &str) -> &mut Self {
        self.presses(&format!("{text}\r"))
    }

    fn presses(&mut self, keys: &str) -> &mut Self {
        self.session.send(keys).unwrap();
        self
    }

    /// Waits for the end, checks the exit code, and gives all that was seen.
    #[track_caller]
    fn ends(&mut self, code: i32) -> String {
        let rest = self.session.expect(Eof).unwrap();
        self.seen.push_str(&String::from_utf8_lossy(rest.as_bytes()));
        let status = self.session.get_process().wait().unwrap();
        assert!(matches!(status, WaitStatus::Exited(_, found) if found == code), "{status:?}: {}", self.seen);
        assert!(!self.seen.contains("panicked"), "{}", self.seen);
        self.seen.clone()
    }
}

/// Whether the cursor is to be seen at the end of all this.
fn shows_cursor(seen: &str) -> bool {
    seen.rfind(SHOW_CURSOR) >= seen.rfind(HIDE_CURSOR)
}

/// A registry whose master key is sealed with [`PASSPHRASE`].
fn sealed() -> Machine {
    let machine = Machine::new();
    let mut command = machine.bare(APIKEY, &["init", "--vault", "file"]);
    finish(command.env("APIKEY_PASSPHRASE", PASSPHRASE)).ended(0);
    machine
}

#[test]
fn create_without_arguments_asks_and_creates() {
    let machine = Machine::new();
    let mut terminal = Terminal::run(&machine, "keyfile", &["create"]);
    terminal.sees("Name of the key").types("not/a name").sees("Name of the key").types("ci");
    terminal.sees("Scopes").types("orders:read");
    terminal.sees("Environment").types("");
    terminal.sees("Expires").types("");
    let seen = terminal.ends(0);
    assert!(shows_cursor(&seen), "{seen:?}");
    let secret =
        seen.split_whitespace().find(|word| word.starts_with("apik_sk_live_") && word.len() == 75).unwrap();
    assert_eq!(machine.verdict(secret), "accepted");
    let key = machine.run(&["show", "ci", "--json"]).ended(0).json();
    assert_eq!(key["scopes"], serde_json::json!(["orders:read"]));
}

#[test]
fn a_passphrase_is_asked_for_twice_when_it_is_new_and_never_shown() {
    let machine = Machine::new();
    let mut terminal = Terminal::run(&machine, "file", &["init"]);
    terminal.is_asked_for_hidden("assphrase").types(PASSPHRASE);
    terminal.sees("\n").is_asked_for_hidden("assphrase").types(PASSPHRASE);
    let seen = terminal.ends(0);
    assert!(!seen.contains(PASSPHRASE) && !seen.contains("staple"), "{seen:?}");
    let mut terminal = Terminal::run(&machine, "file", &["create", "-q", "a"]);
    let seen = terminal.is_asked_for_hidden("assphrase").types(PASSPHRASE).ends(0);
    assert!(seen.contains("apik_sk_live_") && !seen.contains("staple"), "{seen:?}");
    assert!(shows_cursor(&seen), "{seen:?}");
}

#[test]
fn a_wrong_passphrase_says_so_and_creates_nothing() {
    let machine = sealed();
    let mut terminal = Terminal::run(&machine, "file", &["create", "-q", "a"]);
    let seen = terminal.is_asked_for_hidden("assphrase").types("incorrect horse").ends(4);
    assert!(seen.contains("the passphrase does not open"), "{seen:?}");
    assert!(!seen.contains("incorrect"), "{seen:?}");
    assert_eq!(machine_names(&machine), [""; 0]);
}

#[test]
fn a_secret_typed_for_verify_is_not_shown() {
    let machine = Machine::with_registry();
    let secret = machine.create("a");
    let seen =
        Terminal::run(&machine, "keyfile", &["verify"]).is_asked_for_hidden("Secret").types(&secret).ends(0);
    assert!(!seen.contains(&secret[26..]), "{seen:?}");
}

#[test]
fn who_declines_changes_nothing() {
    let machine = Machine::with_registry();
    let secret = machine.create("a");
    for answer in ["n", "\r"] {
        let seen = Terminal::run(&machine, "keyfile", &["revoke", "a"]).sees("[y/N]").presses(answer).ends(3);
        assert!(seen.contains("nothing was changed"), "{seen:?}");
        assert!(shows_cursor(&seen), "{seen:?}");
    }
    assert_eq!(machine.verdict(&secret), "accepted");
    Terminal::run(&machine, "keyfile", &["revoke", "a"]).sees("[y/N]").presses("y").ends(0);
    assert_eq!(machine.verdict(&secret), "revoked");
}

#[test]
fn ctrl_c_at_a_question_is_130_and_leaves_cursor_and_registry_alone() {
    let machine = Machine::new();
    // More than once each: the handler runs beside the question.
    for _ in 0..5 {
        let seen = Terminal::run(&machine, "keyfile", &["create"]).sees("Name").presses(CTRL_C).ends(130);
        assert!(shows_cursor(&seen), "{seen:?}");
        let mut at_a_choice = Terminal::run(&machine, "keyfile", &["create"]);
        at_a_choice.sees("Name").types("a").sees("Scopes").types("").sees("test");
        let seen = at_a_choice.presses(CTRL_C).ends(130);
        assert!(shows_cursor(&seen), "{seen:?}");
    }
    assert!(!machine.registry().exists());
    machine.create("a");
    for _ in 0..5 {
        let seen =
            Terminal::run(&machine, "keyfile", &["revoke", "a"]).sees("[y/N]").presses(CTRL_C).ends(130);
        assert!(shows_cursor(&seen), "{seen:?}");
    }
    assert_eq!(machine.run(&["list", "--status", "active", "--json"]).json().as_array().unwrap().len(), 1);
}

#[test]
fn ctrl_c_at_a_passphrase_is_130_and_creates_nothing() {
    let machine = sealed();
    for _ in 0..3 {
        let mut terminal = Terminal::run(&machine, "file", &["create", "-q", "a"]);
        let seen = terminal.is_asked_for_hidden("assphrase").presses("corr").presses(CTRL_C).ends(130);
        assert!(terminal.session.get_process().get_echo().unwrap(), "what is typed next would not be seen");
        assert!(shows_cursor(&seen) && !seen.contains("corr"), "{seen:?}");
    }
    assert_eq!(machine_names(&machine), [""; 0]);
}

#[test]
fn nobody_is_asked_in_ci_or_when_told_not_to() {
    let machine = Machine::with_registry();
    machine.create("a");
    let seen = Terminal::run(&machine, "keyfile", &["revoke", "a", "--no-input"]).ends(2);
    assert!(seen.contains("`--yes`"), "{seen:?}");
    let mut command = machine.command(&["create"]);
    command.env("CI", "1");
    let mut session = Session::spawn(command).unwrap();
    session.set_expect_timeout(Some(Duration::from_secs(120)));
    Terminal { session, seen: String::new() }.ends(2);
}

/// `list` needs no vault, so it does not ask either.
fn machine_names(machine: &Machine) -> Vec<String> {
    let ran = finish(&mut machine.bare(APIKEY, &["list", "--json"])).ended(0);
    ran.json().as_array().unwrap().iter().map(|key| key["name"].to_string()).collect()
}
