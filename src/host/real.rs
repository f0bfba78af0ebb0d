//! The real machine: the only place where ambient clock, randomness, environment and streams are read.

use std::io::{self, IsTerminal, Write};
use std::time::{SystemTime, UNIX_EPOCH};

use rand::TryRng;
use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;

use super::prompts::TerminalPrompts;
use super::{Clock, Environment, Host, Keyring, Terminal};
use crate::domain::time::Instant;
use crate::vault::os_keyring::PATIENCE_UNATTENDED;
use crate::vault::{OsKeyring, Vault};

/// The system's clock.
#[derive(Debug)]
pub struct SystemClock;

/// This instant, by the system's clock.
#[must_use]
pub fn now() -> Instant {
    SystemClock.now()
}

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place where the clock is read")]
    fn now(&self) -> Instant {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Instant::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }
}

/// The platform's keyring.
#[derive(Debug)]
pub struct PlatformKeyring;

impl Keyring for PlatformKeyring {
    fn vault(&self, registry_id: &str, attended: bool) -> Box<dyn Vault> {
        let patience =
            if attended { crate::vault::os_keyring::PATIENCE_ATTENDED } else { PATIENCE_UNATTENDED };
        Box::new(OsKeyring::new(registry_id, patience, Box::new(say_waiting)))
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "said while a keyring call blocks the command that owns the streams"
)]
fn say_waiting() {
    // Nobody reads a message that cannot be written.
    let _ = writeln!(io::stderr(), "waiting for the keyring to be unlocked…");
}

/// Runs `work` with the real machine.
///
/// # Errors
/// When the operating system gives no randomness.
#[expect(clippy::disallowed_methods, reason = "the one place where streams and environment are read")]
pub fn with_host<T>(work: impl FnOnce(&mut Host<'_>) -> T) -> io::Result<T> {
    // A generator that answers once answers always; one that does not is an error here and not a panic later.
    SysRng
        .try_fill_bytes(&mut [0; 32])
        .map_err(|_| io::Error::other("the operating system gives no randomness"))?;
    let mut rng = UnwrapErr(SysRng);
    let environment = Environment::new(std::env::vars_os());
    // Standard error stays unlocked: the interrupt handler writes to it from its own thread. Standard input too: a
    // hidden question locks it to read the answer, and would wait for us for ever.
    let (mut stdin, stdout, mut stderr) = (io::stdin(), io::stdout(), io::stderr());
    let terminal = Terminal {
        stdin: stdin.is_terminal(),
        stdout: stdout.is_terminal(),
        stdout_is_closed: is_closed(&stdout),
        stderr: stderr.is_terminal(),
        width: width(&environment),
    };
    let user = ["USER", "LOGNAME", "USERNAME"].into_iter().find_map(|name| environment.text(name));
    let user = user.map_or_else(user_by_number, str::to_owned);
    let mut host = Host {
        clock: &SystemClock,
        rng: &mut rng,
        environment: &environment,
        stdin: &mut stdin,
        stdout: &mut io::BufWriter::with_capacity(64 * 1024, stdout.lock()),
        stderr: &mut stderr,
        terminal,
        prompts: &mut TerminalPrompts::default(),
        keyring: &PlatformKeyring,
        user,
        machine: gethostname::gethostname().to_string_lossy().into_owned(),
    };
    Ok(work(&mut host))
}

/// Who runs this where no variable says it, as under systemd and cron.
#[cfg(unix)]
fn user_by_number() -> String {
    format!("uid {}", rustix::process::getuid().as_raw())
}

#[cfg(not(unix))]
fn user_by_number() -> String {
    "unknown".to_owned()
}

/// Rust's runtime opens the null device, to read and write, in the place of a standard stream that was closed; who wants
/// to throw output away opens it to write.
#[cfg(unix)]
fn is_closed(stdout: &io::Stdout) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let (Ok(open), Ok(null)) = (rustix::fs::fstat(stdout), std::fs::metadata("/dev/null")) else {
        return false;
    };
    let is_for_both = rustix::fs::fcntl_getfl(stdout)
        .is_ok_and(|flags| flags & rustix::fs::OFlags::ACCMODE == rustix::fs::OFlags::RDWR);
    #[allow(clippy::useless_conversion, reason = "the width of a device number differs between platforms")]
    let is_null = (open.st_dev, open.st_ino) == (null.dev().try_into().unwrap_or_default(), null.ino());
    is_null && is_for_both
}

#[cfg(not(unix))]
fn is_closed(_: &io::Stdout) -> bool {
    false
}

/// What standard error takes at once when it takes more: POSIX's least for a pipe, `_POSIX_PIPE_BUF`.
pub const STDERR_TAKES: usize = 512;

/// Whether standard error takes [`STDERR_TAKES`] bytes without keeping the writer waiting; waits so long for it. A pipe
/// whose reader does not read, and a terminal that is stopped, do not.
#[must_use]
pub fn stderr_takes_more(within: std::time::Duration) -> bool {
    #[cfg(unix)]
    {
        use rustix::event::{PollFd, PollFlags, Timespec, poll};
        #[expect(clippy::disallowed_methods, reason = "the machine's own stream is asked about")]
        let stream = io::stderr();
        let within = Timespec::try_from(within).ok();
        // One that was closed takes everything, with an error; and so does one that cannot be asked.
        !matches!(poll(&mut [PollFd::new(&stream, PollFlags::OUT)], within.as_ref()), Ok(0))
    }
    #[cfg(not(unix))]
    {
        let _ = within;
        true
    }
}

/// Puts another program in the place of this one, with its streams; comes back only if that cannot be started. Where a
/// process cannot become another, this one waits for it and ends with its code.
#[must_use]
pub fn become_program(mut program: std::process::Command) -> io::Error {
    #[cfg(unix)]
    {
        std::os::unix::process::CommandExt::exec(&mut program)
    }
    #[cfg(not(unix))]
    match program.status() {
        #[expect(
            clippy::disallowed_methods,
            reason = "its code can be any, and whoever calls has put all in order"
        )]
        Ok(status) => std::process::exit(status.code().unwrap_or(1)),
        Err(error) => error,
    }
}

fn width(environment: &Environment) -> u16 {
    let told = environment.text("COLUMNS").and_then(|columns| columns.parse().ok());
    told.filter(|columns| *columns >= 20).unwrap_or_else(|| {
        match dialoguer::console::Term::stdout().size_checked() {
            Some((_, columns)) if columns >= 20 => columns,
            _ => 80,
        }
    })
}
