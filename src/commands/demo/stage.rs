//! The stage: apikey's own command line, run in this process on the throw-away registry.

use std::cell::RefCell;
use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::rc::Rc;

use crate::exit::Exit;
use crate::host::{Environment, Host, Terminal};
use crate::output::colour_wanted;
use crate::session::Session;

/// Where commands run, and which step of the demo it is.
pub(super) struct Stage {
    environment: Environment,
    terminal: Terminal,
    pub(super) step: (usize, &'static str),
}

/// What a command did.
pub(super) struct Ran {
    pub(super) exit: Exit,
    /// What a terminal would have shown: both streams, in the order in which they came.
    pub(super) screen: String,
}

#[derive(Clone, Default)]
struct Screen(Rc<RefCell<Vec<u8>>>);

impl io::Write for Screen {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Stage {
    /// Nothing of the user's own is in this environment; output looks as it would on their terminal.
    pub(super) fn new(folder: &Path, session: &Session<'_, '_>) -> Self {
        let own = session.host.environment;
        let in_colour =
            colour_wanted(session.host.terminal.stdout, &|name| own.text(name).map(str::to_owned));
        let colour = if in_colour { "CLICOLOR_FORCE" } else { "NO_COLOR" };
        let place = |name: &str, path: &Path| (OsString::from(name), path.as_os_str().to_owned());
        let environment = Environment::new([
            place("HOME", folder),
            place("XDG_DATA_HOME", folder),
            place("XDG_CONFIG_HOME", folder),
            place("APIKEY_REGISTRY", &folder.join("registry.db")),
            place("APIKEY_VAULT", Path::new("keyfile")),
            place(colour, Path::new("1")),
        ]);
        let width = session.host.terminal.width.saturating_sub(3).max(60);
        let terminal = Terminal { stdin: false, stdout: true, stdout_is_closed: false, stderr: false, width };
        Self { environment, terminal, step: (0, "") }
    }

    /// Runs one command line.
    pub(super) fn run(&self, words: &[&str], stdin: &str, session: &mut Session<'_, '_>) -> Ran {
        let screen = Screen::default();
        let (mut stdout, mut stderr) = (screen.clone(), screen.clone());
        let arguments = ["apikey"].iter().chain(words).map(OsString::from);
        let mut input = stdin.as_bytes();
        let mut host = Host {
            clock: session.host.clock,
            rng: &mut *session.host.rng,
            environment: &self.environment,
            stdin: &mut input,
            stdout: &mut stdout,
            stderr: &mut stderr,
            terminal: self.terminal,
            prompts: &mut *session.host.prompts,
            keyring: session.host.keyring,
            user: session.host.user.clone(),
            machine: session.host.machine.clone(),
        };
        let exit = crate::cli::run(arguments, &mut host);
        Ran { exit, screen: String::from_utf8_lossy(&screen.0.take()).into_owned() }
    }
}
