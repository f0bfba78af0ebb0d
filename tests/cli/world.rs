//! A machine for one test: a home of its own, a clock that stands, and whoever answers questions.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::ffi::OsString;
use std::io;
use std::ops::ControlFlow;
use std::path::PathBuf;

use apikey::domain::key::Key;
use apikey::domain::time::{Instant, Span};
use apikey::exit::Exit;
use apikey::host::{Clock, Environment, Host, Keyring, Prompts, Terminal};
use apikey::registry::sqlite::SqliteRegistry;
use apikey::registry::{EventFilter, Filter, RecordedEvent, Registry};
use apikey::vault::Vault;
use apikey::vault::memory::{Fault, Memory};
use rand::SeedableRng;
use rand::rngs::StdRng;

/// Where every world's clock stands at first.
pub(crate) const START: &str = "2026-11-23T12:00:00Z";

/// A machine with an empty home, a key file as its vault and no keyring. Off a terminal until told otherwise.
pub(crate) struct World {
    home: tempfile::TempDir,
    now: Cell<Instant>,
    rng: RefCell<StdRng>,
    environment: Vec<(OsString, OsString)>,
    terminal: Terminal,
    answers: RefCell<VecDeque<String>>,
    asked: RefCell<Vec<String>>,
}

/// How one command line ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) exit: Exit,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    /// The same, after it was checked that it exited 0.
    #[track_caller]
    pub(crate) fn done(self) -> Self {
        self.ended(Exit::Done)
    }

    /// The same, after its exit code was checked.
    #[track_caller]
    pub(crate) fn ended(self, exit: Exit) -> Self {
        assert_eq!(self.exit, exit, "stdout: {}\nstderr: {}", self.stdout, self.stderr);
        self
    }

    /// Standard output as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }
}

impl World {
    /// Nothing there yet.
    pub(crate) fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let environment =
            vec![("HOME".into(), home.path().into()), ("APIKEY_VAULT".into(), "keyfile".into())];
        Self {
            home,
            now: Cell::new(Instant::parse(START).unwrap()),
            rng: RefCell::new(StdRng::seed_from_u64(1)),
            environment,
            terminal: Terminal {
                stdin: false,
                stdout: false,
                stdout_is_closed: false,
                stderr: false,
                width: 120,
            },
            answers: RefCell::default(),
            asked: RefCell::default(),
        }
    }

    /// The same with a person at a terminal.
    pub(crate) fn at_terminal(self) -> Self {
        Self {
            terminal: Terminal {
                stdin: true,
                stdout: true,
                stdout_is_closed: false,
                stderr: true,
                width: 120,
            },
            ..self
        }
    }

    /// The same with standard input from a pipe.
    pub(crate) fn behind_a_pipe(mut self) -> Self {
        self.terminal.stdin = false;
        self
    }

    /// The same with standard output to a pipe.
    pub(crate) fn with_output_in_a_pipe(mut self) -> Self {
        self.terminal.stdout = false;
        self
    }

    /// The same with a terminal of so many places.
    pub(crate) fn with_width(mut self, width: u16) -> Self {
        self.terminal.width = width;
        self
    }

    /// The same with a variable set.
    pub(crate) fn with_variable(mut self, name: &str, value: &str) -> Self {
        self.environment.retain(|(other, _)| other != name);
        self.environment.push((name.into(), value.into()));
        self
    }

    /// The next question is answered so.
    pub(crate) fn will_answer(&self, answer: &str) {
        self.answers.borrow_mut().push_back(answer.to_owned());
    }

    /// The questions asked so far.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.borrow().clone()
    }

    /// The instant the clock stands at.
    pub(crate) fn now(&self) -> Instant {
        self.now.get()
    }

    /// Lets this much time pass.
    pub(crate) fn pass(&self, span: &str) {
        let span: Span = span.parse().unwrap();
        self.now.set(self.now.get().checked_add(span).unwrap());
    }

    /// Somebody sets the clock.
    pub(crate) fn turn_back(&self, to: Instant) {
        self.now.set(to);
    }

    /// Runs a command line with nothing on standard input.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        self.run_with_stdin(arguments, b"")
    }

    /// Runs a command line.
    pub(crate) fn run_with_stdin(&self, arguments: &[&str], stdin: &[u8]) -> Ran {
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        let exit = self.run_into(arguments, stdin, (&mut stdout, &mut stderr));
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Ran { exit, stdout: text(stdout), stderr: text(stderr) }
    }

    /// Runs a command line whose streams are given.
    pub(crate) fn run_into(
        &self,
        arguments: &[&str],
        mut stdin: &[u8],
        (stdout, stderr): (&mut dyn io::Write, &mut dyn io::Write),
    ) -> Exit {
        let environment = Environment::new(self.environment.clone());
        let mut host = Host {
            clock: &Stopped(self.now.get()),
            rng: &mut *self.rng.borrow_mut(),
            environment: &environment,
            stdin: &mut stdin,
            stdout,
            stderr,
            terminal: self.terminal,
            prompts: &mut Script(self),
            keyring: &NoKeyring,
            user: "ada".to_owned(),
            machine: "engine".to_owned(),
        };
        let line = std::iter::once("apikey").chain(arguments.iter().copied()).map(OsString::from);
        apikey::run(line, &mut host)
    }

    /// Issues a key and gives its secret; `arguments` are those of `create`.
    #[track_caller]
    pub(crate) fn create(&self, arguments: &[&str]) -> String {
        let line: Vec<&str> = ["create", "-q"].iter().chain(arguments).copied().collect();
        self.run(&line).done().stdout.trim_end().to_owned()
    }

    /// What `verify` says of a secret: `accepted` or the denial's code.
    pub(crate) fn verdict(&self, secret: &str, arguments: &[&str]) -> String {
        let line: Vec<&str> = ["verify", "--json"].iter().chain(arguments).copied().collect();
        self.run_with_stdin(&line, secret.as_bytes()).json()["code"].as_str().unwrap().to_owned()
    }

    /// The folder of the registry.
    pub(crate) fn folder(&self) -> PathBuf {
        self.home.path().join(".local/share/apikey")
    }

    /// The folder that everything happens in.
    pub(crate) fn home(&self) -> PathBuf {
        self.home.path().to_owned()
    }

    /// The vault no longer opens.
    pub(crate) fn close_vault(&self) {
        std::fs::rename(self.folder().join("master.key"), self.home().join("aside.key")).unwrap();
    }

    /// It opens again.
    pub(crate) fn open_vault(&self) {
        std::fs::rename(self.home().join("aside.key"), self.folder().join("master.key")).unwrap();
    }

    /// What is recorded.
    pub(crate) fn registry(&self) -> SqliteRegistry {
        SqliteRegistry::open(&self.folder().join("registry.db")).unwrap()
    }

    /// The newest key of this name as it is recorded.
    #[track_caller]
    pub(crate) fn key(&self, name: &str) -> Key {
        let filter = Filter { name: Some(name.parse().unwrap()), ..Filter::default() };
        let mut found = None;
        let registry = self.registry();
        registry
            .list(&filter, self.now(), &mut |listed| {
                found = Some(listed.key);
                ControlFlow::Break(())
            })
            .unwrap();
        found.unwrap_or_else(|| panic!("no key named {name}"))
    }

    /// How many keys there are.
    pub(crate) fn count(&self) -> usize {
        let mut count = 0;
        let registry = self.registry();
        registry
            .list(&Filter::default(), self.now(), &mut |_| {
                count += 1;
                ControlFlow::Continue(())
            })
            .unwrap();
        count
    }

    /// All that was recorded of changes, oldest first.
    pub(crate) fn events(&self) -> Vec<RecordedEvent> {
        let mut events = Vec::new();
        self.registry()
            .events(&EventFilter::default(), &mut |event| {
                events.push(event);
                ControlFlow::Continue(())
            })
            .unwrap();
        events
    }

    /// The words of all events, oldest first.
    pub(crate) fn actions(&self) -> Vec<&'static str> {
        self.events().iter().map(|recorded| recorded.event.action.code()).collect()
    }

    /// Alters the file behind the program's back.
    pub(crate) fn tamper(&self, sql: &str) {
        let connection = rusqlite::Connection::open(self.folder().join("registry.db")).unwrap();
        // Whoever holds the file can drop its triggers too, and put them back.
        let guards: Vec<(String, String)> = connection
            .prepare(
                "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' AND name LIKE 'event_is_never_%'",
            )
            .unwrap()
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
            .unwrap()
            .collect::<Result<_, _>>()
            .unwrap();
        for (name, _) in &guards {
            connection.execute_batch(&format!("DROP TRIGGER {name}")).unwrap();
        }
        connection.execute_batch(sql).unwrap();
        for (_, sql) in &guards {
            connection.execute_batch(sql).unwrap();
        }
    }
}

struct Stopped(Instant);

impl Clock for Stopped {
    fn now(&self) -> Instant {
        self.0
    }
}

struct NoKeyring;

impl Keyring for NoKeyring {
    fn vault(&self, _: &str, _: bool) -> Box<dyn Vault> {
        let mut vault = Memory::new();
        vault.fail(Some(Fault::Unavailable));
        Box::new(vault)
    }
}

/// Answers what was laid down beforehand; a question nobody expected fails the test.
struct Script<'w>(&'w World);

impl Script<'_> {
    fn answer(&mut self, question: &str) -> String {
        self.0.asked.borrow_mut().push(question.to_owned());
        let answer = self.0.answers.borrow_mut().pop_front();
        answer.unwrap_or_else(|| panic!("nobody expected to be asked: {question}"))
    }
}

impl Prompts for Script<'_> {
    fn line(&mut self, question: &str, default: Option<&str>) -> io::Result<String> {
        let answer = self.answer(question);
        Ok(if answer.is_empty() { default.unwrap_or_default().to_owned() } else { answer })
    }

    fn hidden(&mut self, question: &str) -> io::Result<String> {
        Ok(self.answer(question))
    }

    fn choice(&mut self, question: &str, options: &[&str], default: usize) -> io::Result<usize> {
        let answer = self.answer(question);
        Ok(options.iter().position(|option| *option == answer).unwrap_or(default))
    }

    fn confirm(&mut self, question: &str) -> io::Result<bool> {
        Ok(self.answer(question) == "yes")
    }
}
